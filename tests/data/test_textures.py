"""Patches of surfaces: no picture on both sides, and no brightness that gives one away."""

import numpy as np
import pytest

from tlhelpers.data import textures
from tlhelpers.data.textures import SURFACES, _even_out, load_textures


@pytest.fixture
def places(monkeypatch):
    """Let each pixel of a surface say where it is, and keep the patches as they are."""
    rows, columns = np.mgrid[0 : textures.SIDE, 0 : textures.SIDE]
    cut = []

    def keep(piece):
        cut.append(piece)
        return _even_out(piece)

    monkeypatch.setattr(textures, "_surface", lambda name: rows * 1000.0 + columns)
    monkeypatch.setattr(textures, "_even_out", keep)
    return cut


@pytest.mark.parametrize("learn_from", ["left", "right", "top", "bottom"])
def test_a_strip_as_wide_as_a_patch_lies_between_the_two_sides(places, learn_from):
    found = load_textures(30, size=16, patch=32, learn_from=learn_from)
    pieces = np.stack(places).reshape(len(SURFACES), 2, -1).astype(int)  # surface, side
    along = pieces % 1000 if learn_from in ("left", "right") else pieces // 1000
    across = pieces // 1000 if learn_from in ("left", "right") else pieces % 1000
    first, second = (along[:, side] for side in (0, 1))
    if learn_from in ("right", "bottom"):
        first, second = second, first
    gap = second.min() - first.max() - 1
    assert gap >= 32 and first.min() >= 0 and second.max() < textures.SIDE
    assert gap < 60  # and the sides are not much smaller than they could be
    assert across.min() < 20 and across.max() > textures.SIDE - 20
    assert len(found.train.images) == len(found.test.images) == 30 * len(SURFACES)


def test_patches_have_one_brightness_and_one_contrast():
    found = load_textures(5, size=64)
    for part in (found.train, found.test):
        assert part.images.shape == (35, 64, 64, 3) and part.images.dtype == np.uint8
        assert (part.images[..., 0] == part.images[..., 2]).all()
        means = part.images[..., 0].mean(axis=(1, 2))
        assert abs(means - textures.GREY).max() < 12  # what is cut off at 0 and 255 moves it
        assert part.labels.tolist() == np.repeat(np.arange(7), 5).tolist()
    assert len(found.classes) == 7


def test_a_patch_of_one_grey_stays_one():
    assert (_even_out(np.full((4, 4), 3.0)) == textures.GREY).all()
    even = _even_out(np.random.default_rng(0).normal(size=(64, 64)) * 0.001)
    assert even.std() == pytest.approx(textures.SPREAD, abs=1)


def test_the_seed_decides_the_places():
    one, same, other = (load_textures(2, size=16, seed=seed).train.images for seed in (1, 1, 2))
    assert (one == same).all() and (one != other).any()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"learn_from": "middle"}, "Unknown side to learn from 'middle'. Choose from: left"),
        ({"patch": 400}, "patch must be a whole number from 8 to 170"),
        ({"per_class": 0}, "per_class must be"),
        ({"size": 0}, "size must be"),
        ({"seed": -1}, "seed must be"),
    ],
)
def test_what_cannot_be_cut_is_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        load_textures(**arguments)
