"""The benchmark of speed: turns, and what a second Python finds."""

import os
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from benchmarks import feature_speed, tables


def test_ways_take_turns_and_the_quickest_turn_counts():
    order, rests = [], iter([0.03, 0, 0.001, 0, 0.02, 0])

    def way(name):
        def run():
            order.append(name)
            time.sleep(next(rests))

        return run

    best = feature_speed.quickest({"a": way("a"), "b": way("b")}, turns=3)
    assert order == ["a", "b"] * 3
    assert 0.001 <= best["a"] < 0.02 and best["b"] < best["a"]


def test_every_way_of_keras_sees_all_images_in_batches_of_its_size():
    images, sizes = np.arange(150.0)[:, None], []
    network = SimpleNamespace(
        predict=lambda x, batch_size, verbose: sizes.append(batch_size) or 2 * x,
        predict_on_batch=lambda x: sizes.append(len(x)) or 2 * x,
    )
    for way in feature_speed.keras_ways(network, images).values():
        assert np.array_equal(way(), 2 * images)
    assert sizes == [32, 64, 32, 32, 32, 32, 22, 64, 64, 22]


def test_an_empty_cache_is_for_a_while(monkeypatch, tmp_path):
    monkeypatch.setenv("TLHELPERS_CACHE", str(tmp_path))
    (tmp_path / "kept").touch()
    with tables.empty_cache():
        folder = Path(os.environ["TLHELPERS_CACHE"])
        assert folder != tmp_path and not list(folder.iterdir())
    assert os.environ["TLHELPERS_CACHE"] == str(tmp_path) and (tmp_path / "kept").exists()
    assert not folder.exists()
    monkeypatch.delenv("TLHELPERS_CACHE")
    with tables.empty_cache():
        pass
    assert "TLHELPERS_CACHE" not in os.environ
