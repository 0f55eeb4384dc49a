"""The benchmark of two kinds of solar cells: who may look at what."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from benchmarks import solar_cells, solar_domains
from benchmarks.solar_domains import ADABN, BOTH, OWN, SOURCE_ONLY, WITHIN
from tlhelpers.data.solar import SolarCells

MODULES = np.repeat(np.arange(24), 20)
KINDS = (MODULES >= 12).astype(int)


@pytest.mark.parametrize("source", [0, 1])
def test_no_module_is_in_two_parts_of_a_task(source):
    task = solar_domains.cut_task(MODULES, KINDS, source, seed=3)
    assert set(KINDS[task.source]) == {source}
    assert set(KINDS[task.unlabelled]) == set(KINDS[task.test]) == {1 - source}
    parts = [set(MODULES[rows]) for rows in task]
    assert not parts[0] & parts[1] and not parts[1] & parts[2] and len(parts[2]) == 3
    other = solar_domains.cut_task(MODULES, KINDS, source, seed=4)
    assert not np.array_equal(task.test, other.test)


def test_a_shift_of_the_target_is_taken_out_by_its_own_mean_and_spread():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 300)
    rows = (labels + rng.normal(0, 0.3, 300))[:, None]
    rows[100:] = 3 * rows[100:] + 20
    learn, asked = (rows[:100], labels[:100]), (rows[200:], labels[200:])
    as_it_is = solar_domains.score_across(*learn, *asked, 1)
    with_own = solar_domains.score_across(*learn, *asked, 1, own=rows[100:200])
    assert as_it_is.balanced == 0.5 and as_it_is.auc > 0.9
    assert with_own.balanced > 0.85


def test_each_way_learns_from_what_it_may():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, len(MODULES))
    clear = (labels + rng.normal(0, 0.2, len(labels)))[:, None]
    task = solar_domains.cut_task(MODULES, KINDS, 0, seed=0)
    plain = np.where(KINDS[:, None] == 0, clear, -clear)  # in the target it is the other way
    unused = np.setdiff1d(np.arange(len(labels)), np.concatenate(task))
    plain[unused], clear[unused] = np.nan, np.nan  # whoever looks there fails
    found = solar_domains.compare(plain, clear, labels, MODULES, task)
    assert set(found) == {SOURCE_ONLY, OWN, ADABN, BOTH, WITHIN}
    assert found[SOURCE_ONLY].auc < 0.1 and found[OWN].auc < 0.1
    assert found[ADABN].auc > 0.9 and found[BOTH].auc > 0.9 and found[WITHIN].auc > 0.9
    labels[task.test] = 1 - labels[task.test]
    turned = solar_domains.compare(plain, clear, labels, MODULES, task)
    for way, score in found.items():
        assert turned[way].auc == pytest.approx(1 - score.auc)


def test_each_kind_gets_its_own_statistics_from_modules_to_learn_from():
    keras.utils.set_random_seed(0)
    layers = [
        keras.Input((6, 6, 3)),
        keras.layers.Conv2D(4, 3, name="block_1_project"),
        keras.layers.BatchNormalization(name="block_1_project_BN", epsilon=1e-6),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(10, activation="softmax"),
    ]
    inputs = outputs = layers[0]
    for layer in layers[1:]:
        outputs = layer(outputs)
    network = keras.Model(inputs, outputs)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 40, (80, 6, 6), np.uint8)
    kinds, train = np.repeat([0, 1], 40), np.r_[0:30, 40:70]
    images[kinds == 1] *= 3
    images[np.r_[30:40, 70:80]] += 100  # those that nobody may look at are brighter
    lab = SimpleNamespace(
        cells=SolarCells(images, kinds, kinds, kinds, kinds),
        network=lambda: network,
        preprocess=lambda images: images.astype(np.float32) / 255,
    )
    blocks = {1: np.zeros((80, 4), np.float32), 0: np.zeros((80, 4), np.float32)}
    cells = solar_cells.Cells(lab, blocks, np.zeros(0), np.zeros(0))
    found = solar_domains.adapted_blocks(cells, train, seed=0)
    assert set(found) == {0, 1}
    for kind in (0, 1):
        rows = found[1][train[kinds[train] == kind]]
        np.testing.assert_allclose(rows.mean(axis=0), 0, atol=1e-3)
        assert np.abs(found[1][[35, 75]]).max(axis=1).min() > 1
    assert not blocks[1].any()


def test_the_table_has_both_directions_cuts_and_every_way(monkeypatch):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, len(MODULES))
    rows = (labels + rng.normal(0, 0.2, len(labels)))[:, None]
    noise = rng.normal(size=rows.shape)
    no_images = np.zeros((len(labels), 1, 1), np.uint8)
    lab = SimpleNamespace(
        cells=SolarCells(no_images, labels, labels, KINDS, MODULES), weights="their name"
    )
    cells = solar_cells.Cells(lab, {0: noise, 10: rows}, no_images, no_images)
    monkeypatch.setattr(solar_cells, "load_cells", lambda name, only: cells)
    monkeypatch.setattr(solar_domains, "adapted_blocks", lambda cells, train, seed: cells.blocks)
    table = dict(solar_domains.measure_domains(range(2)))
    assert len(table) == 1 + 2 + 2 * 2 * 5 and table["weights"] == "their name"
    for way in ("mono → poly", "poly → mono"):
        assert "AUC 1.00" in table[f"{way}, block 10: {WITHIN}"]
        assert "AUC 1.00" not in table[f"{way}, last features: {WITHIN}"]
    monkeypatch.setattr(solar_cells, "load_cells", lambda name, only: None)
    assert solar_domains.measure_domains(range(2)) is None
