"""The benchmark of solar cells: what it learns from, and what it looks at."""

import numpy as np
import pytest
from solar_package import hide_package

from benchmarks import solar_cells, tables
from tlhelpers.data import cell_files
from tlhelpers.labs import imagenet


def data(n=240, seed=0):
    """Labels, a column that tells them, one that tells them within a module only, and modules."""
    rng = np.random.default_rng(seed)
    labels, modules = rng.integers(0, 2, n), np.repeat(np.arange(n // 20), 20)
    good = labels + rng.normal(0, 0.5, n)
    poor = rng.normal(0, 1, n)
    return labels, good[:, None], poor[:, None], modules


def test_scores_are_of_the_rows_to_test_on():
    labels, good, poor, _ = data()
    train, test = np.arange(120), np.arange(120, 240)
    found = solar_cells.score(good, labels, train, test, 1)
    assert found.accuracy > 0.75 and found.balanced > 0.75 and found.auc > 0.85
    assert abs(solar_cells.score(poor, labels, train, test, 1).auc - 0.5) < 0.15
    wrong = solar_cells.score(
        good, np.where(np.arange(240) < 120, labels, 1 - labels), train, test, 1
    )
    assert wrong.auc < 0.15  # it looks at the labels of the test, and learns from the others


def test_a_cut_is_chosen_without_a_look_at_the_test():
    labels, good, poor, modules = data()
    train = np.arange(160)
    which, _ = solar_cells.choose([poor, good], labels, train, modules)
    assert which == 1
    tells_the_test = poor.copy()
    tells_the_test[160:] = 100 * labels[160:, None]
    assert solar_cells.choose([tells_the_test, good], labels, train, modules)[0] == 1


def test_the_larger_class_is_that_of_the_rows_to_learn_from():
    labels = np.array([0, 0, 0, 1, 1, 1, 1])
    found = solar_cells.majority(labels, np.arange(4), np.arange(4, 7))
    assert found == (0, 0.5, 0.5)


def test_every_block_of_a_network_is_found_and_pooled():
    keras = pytest.importorskip("keras")
    network = keras.applications.MobileNetV2(weights=None, input_shape=(64, 64, 3), classes=1000)
    ends = solar_cells.block_ends(network)
    assert ends[10] == "block_10_project_BN" and ends[14] == "block_14_add" and len(ends) == 16
    joined, columns = solar_cells.pooled_blocks(network)
    rows = joined.predict_on_batch(np.random.default_rng(0).normal(size=(2, 64, 64, 3)))
    part = keras.Model(network.input, network.get_layer("block_14_add").output)
    maps = part.predict_on_batch(np.random.default_rng(0).normal(size=(2, 64, 64, 3)))
    np.testing.assert_allclose(rows[:, columns[14]], maps.mean(axis=(1, 2)), atol=1e-5)
    assert columns[0].stop - columns[0].start == 1280 and rows.shape[1] == columns[0].stop


def test_without_the_photographs_it_says_so_and_stops(monkeypatch, capsys):
    monkeypatch.setattr(imagenet, "fetch_weights", lambda name, download: ("w", name))
    hide_package(monkeypatch, cell_files.PACKAGE)
    measure = lambda seeds: solar_cells.measure_cells(seeds, "MobileNetV2")  # noqa: E731
    assert tables.run("solar_cells", measure, draws=1, argv=[]) == 1
    said = capsys.readouterr().out
    assert "solar cells" in said and "|" not in said
