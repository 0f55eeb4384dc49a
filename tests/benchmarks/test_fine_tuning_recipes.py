"""The benchmark of fine-tuning: its protocol, on a small scale."""

import numpy as np
import pytest

from benchmarks import fine_tuning_recipes, flower_photos, tables
from tlhelpers.data import splits
from tlhelpers.labs import load
from tlhelpers.teaching import photo_sections
from tlhelpers.transfer import adaptation, fine_tuning, metrics, recipes


@pytest.fixture
def small(monkeypatch):
    """The digits lab with twenty digits on each side, told apart by their corner."""
    from dataclasses import replace

    lab = load.load_lab("digits")
    halves = []
    for half, corner in ((lab.train, 0.25), (lab.test, 0.75)):
        rows = np.concatenate([np.flatnonzero(half.labels == k)[:2] for k in range(10)])
        images = half.images[rows].copy()
        images[:, 0, 0] = corner
        halves.append(splits.Split(images, half.labels[rows]))
    lab = replace(lab, train=halves[0], test=halves[1])
    monkeypatch.setattr(load, "load_lab", lambda name: lab)
    monkeypatch.setattr(fine_tuning_recipes, "PRINTS", 3)
    return lab


def test_each_direction_learns_on_one_half_and_is_scored_on_the_other(small, monkeypatch):
    corners, mixed = [], []

    def learn(model, images, labels, *, mix=None, **settings):
        corners.append(set(np.round(images[:, 0, 0, 0], 3)))
        mixed.append(mix is not None)

    def score(model, half):
        corners.append(set(np.round(half.images[:, 0, 0, 0], 3)))
        return 0.5

    monkeypatch.setattr(fine_tuning, "fine_tune", learn)
    monkeypatch.setattr(metrics, "accuracy", score)
    table = fine_tuning_recipes.measure_fine_tuning(range(2))
    one, other = {-0.5}, {0.5}  # 0.25 and 0.75, as the network sees them
    runs = 2 * 3  # seeds and recipes
    assert corners == [one, other] * runs + [other, one] * runs
    assert mixed == [False, True, False] * 4  # training from scratch gets handwriting alone
    names = [name for name, _ in table]
    for order in ("1→2", "2→1"):
        for rival in ("from scratch, long", "raw pixels, RBF SVM", "frozen features, logistic"):
            assert sum(f"halves {order}: {rival}" in name for name in names) == 1
    assert table[0][1].startswith("50.0% (50.0% to 50.0%)")


def test_the_small_network_learns_on_one_half_and_is_scored_on_the_other(small, monkeypatch):
    corners, starts, weights = [], [], []

    def learn(model, images, labels, **settings):
        corners.append(float(images[0, 0, 0, 0]))
        starts.append(model.get_weights()[0])
        assert all(layer.trainable for layer in model.layers)
        model.set_weights([0 * weight for weight in model.get_weights()])

    def score(model, half):
        corners.append(float(half.images[0, 0, 0, 0]))
        weights.append(model.get_weights()[0])
        return 0.5

    monkeypatch.setattr(fine_tuning_recipes, "PICTURES", 64)
    monkeypatch.setattr(recipes, "EPOCHS", 1)

    def shot(model, images, **settings):
        corners.append(float(images[0, 0, 0, 0]))
        return model, {}

    monkeypatch.setattr(adaptation, "shot", shot)
    monkeypatch.setattr(fine_tuning, "fine_tune", learn)
    monkeypatch.setattr(metrics, "accuracy", score)
    table = fine_tuning_recipes.measure_small(range(1))
    # Scored: print only.  Then learned and scored: fine-tuned, short and long; adapted
    # first (which also looks at the images to learn from); from scratch.
    a, b = 0.25, 0.75
    assert corners == [b, a, b, a, b, a, a, b, a, b] + [a, b, a, b, a, b, b, a, b, a]
    for turn in (0, 1, 2, 4, 5, 6):  # each starts from the same reader of print
        np.testing.assert_array_equal(starts[turn], weights[0])
    new = recipes.small_network(0).get_weights()[0]
    for turn in (3, 7):  # but not what learns from scratch
        np.testing.assert_array_equal(starts[turn], new)
    names = [name for name, _ in table]
    assert len(set(names)) == 12 and "halves 2→1: small network, from scratch, long" in names


def test_without_photographs_the_benchmark_says_so_and_stops(monkeypatch, capsys):
    monkeypatch.setattr(photo_sections, "load_photos", lambda: None)
    assert tables.run("flower_photos", lambda seeds: flower_photos.measure_photos(), argv=[]) == 1
    assert "|" not in capsys.readouterr().out
