"""The solar lab: with a small package of its form, and with the real one where it is."""

import numpy as np
import pytest
from solar_package import hide_package, know_package, make_package

import tlhelpers as tl
from tlhelpers.data import cell_files, solar
from tlhelpers.fetching import fetch
from tlhelpers.labs import imagenet, load


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """No mirror, no network; weights that nobody reads."""
    monkeypatch.setenv("TLHELPERS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("TLHELPERS_MIRROR", raising=False)
    monkeypatch.setenv("TLHELPERS_OFFLINE", "1")
    path = tmp_path / "some.weights.h5"
    monkeypatch.setattr(imagenet, "fetch_weights", lambda name, download: (path, f"{name} (some)"))


@pytest.fixture
def lab(weights, tmp_path, monkeypatch):
    know_package(monkeypatch, make_package(tmp_path / "packages"))
    return tl.load_lab("solar", architecture="MobileNetV2")


def test_grey_cells_come_as_the_network_wants_them(lab):
    assert lab.train.images.shape[1:] == lab.test.images.shape[1:] == (224, 224, 3)
    assert lab.train.images.dtype == np.uint8
    assert (lab.train.images[..., 0] == lab.train.images[..., 2]).all()
    ready = lab.preprocess(lab.test.images)
    assert ready.dtype == np.float32 and -1 <= ready.min() < ready.max() <= 1
    assert lab.target_classes == ("works", "defect") and lab.weights == "MobileNetV2 (some)"
    assert lab.network(pretrained=False).output_shape == (None, 1000)
    with pytest.raises(ValueError, match="no output for works, defect"):
        lab.columns()


def test_train_and_test_are_rows_of_all_cells_and_of_other_modules(lab):
    for part, rows in zip((lab.train, lab.test), lab.rows, strict=True):
        assert (part.images[..., 0] == lab.cells.images[rows]).all()
        assert part.labels.tolist() == lab.cells.labels[rows].tolist()
    assert len(lab.train.labels) + len(lab.test.labels) == 24
    train, test = (set(lab.cells.modules[rows]) for rows in lab.rows)
    assert train | test == set(range(6)) and not train & test
    assert set(lab.cells.kinds[lab.rows[1]]) == {0, 1}


def test_another_seed_is_another_split(lab):
    splits = [tl.load_lab("solar", architecture="MobileNetV2", seed=seed).rows for seed in range(4)]
    assert len({tuple(test) for _, test in splits}) > 1
    assert splits[0][1].tolist() == lab.rows[1].tolist()


def test_the_licence_is_printed(lab, capsys):
    tl.load_lab("solar", architecture="MobileNetV2")
    assert solar.NOTICE in capsys.readouterr().out


def test_without_the_photographs_the_lab_says_how_to_get_them(weights, monkeypatch):
    hide_package(monkeypatch, cell_files.PACKAGE)
    with pytest.raises(fetch.FileNotHere, match="solar cells.*pip install --no-deps elpv"):
        tl.load_lab("solar", architecture="MobileNetV2")
    assert len(tl.load_lab("digits").test.labels) == 899  # everything else works


def test_its_network_is_a_small_one_that_a_package_brings(weights, monkeypatch):
    asked = []
    monkeypatch.setattr(load, "_solar", lambda architecture, *_: asked.append(architecture))
    tl.load_lab("solar")
    assert asked == ["EfficientNetLite0"]


def test_the_old_name_of_the_flowers_works_with_a_note(monkeypatch, capsys):
    monkeypatch.setattr(load, "_flowers", lambda architecture, download: architecture)
    assert tl.load_lab("photos") == "EfficientNetLite0" == tl.load_lab("flowers")
    assert capsys.readouterr().out == (
        'The "photos" lab is now called "flowers"; both names load it.\n'
    )


def test_a_section_on_solar_cells_runs_or_is_left_out_in_a_line(lab, monkeypatch, capsys):
    found = tl.load_photos("MobileNetV2", lab="solar")
    said = capsys.readouterr().out.splitlines()
    assert found.name == "solar"
    assert said[1] == "16 photographs to learn from, 8 to test on; weights: MobileNetV2 (some)."
    hide_package(monkeypatch, cell_files.PACKAGE)
    assert tl.load_photos("MobileNetV2", lab="solar") is None
    said = capsys.readouterr().out
    assert said.count("\n") == 1 and "pip install --no-deps elpv" in said
    with pytest.raises(ValueError, match="Choose from: flowers, solar"):
        tl.load_photos(lab="digits")


@pytest.mark.parametrize(
    "seed", [-1, 1.5, 2**32, float("nan"), "3", None, True, [1], np.random.default_rng(0)]
)
def test_a_seed_that_is_none_is_refused_before_anything_is_loaded(weights, monkeypatch, seed):
    monkeypatch.setattr(load, "_solar", lambda *_: pytest.fail("loaded too early"))
    with pytest.raises((TypeError, ValueError), match="seed must be a whole number from 0"):
        tl.load_lab("solar", seed=seed)


def test_a_seed_of_numpy_is_a_seed(lab):
    again = tl.load_lab("solar", architecture="MobileNetV2", seed=np.int64(0))
    assert again.rows[1].tolist() == lab.rows[1].tolist()
