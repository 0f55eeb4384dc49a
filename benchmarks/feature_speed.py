"""How fast features come: Keras at its best and ONNX Runtime side by side, with real weights.

All networks see the same photographs, those of `imagenet_photos`.  What an export costs, and
what the file that is kept of it saves, is measured in Pythons of their own.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import imagenet_photos, tables
from tlhelpers import start
from tlhelpers.fetching import fetch
from tlhelpers.labs import imagenet
from tlhelpers.networks import build, features, fingerprint

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras

NETWORKS = imagenet_photos.NETWORKS  # those whose weights are here
COUNT = 192  # images
BATCHES = (32, 64)  # of Keras
TURNS = 3  # how often each is measured
MANY = 1000  # images, for the features that are kept

Way = Callable[[], np.ndarray]


def measure_speed() -> tables.Rows | None:
    """Return the rows of the table, or None if no network is here.

    All ways take turns, so that they meet the same computer, and the quickest turn of
    each counts.  What ONNX Runtime gains is over the quickest way of Keras.
    """
    rows: tables.Rows = []
    for name in NETWORKS:
        try:
            known = imagenet.load_pretrained(name)
        except fetch.FileNotHere as missing:
            print(f"{name} is left out: {missing}", file=sys.stderr)
            continue
        rows += _speed(name, known)
        rows += _starts(name, known.weights)
        if name == NETWORKS[0]:
            rows += _kept(name, known)
    return rows or None


def keras_ways(network: keras.Model, images: np.ndarray) -> dict[str, Way]:
    """Return the ways in which Keras computes features of images that are in memory."""

    def whole(size: int) -> Way:
        return lambda: network.predict(images, batch_size=size, verbose=0)

    def by_batch(size: int) -> Way:
        firsts = range(0, len(images), size)
        return lambda: np.concatenate(
            [network.predict_on_batch(images[first : first + size]) for first in firsts]
        )

    return {f"predict, batches of {size}": whole(size) for size in BATCHES} | {
        f"predict_on_batch, batches of {size}": by_batch(size) for size in BATCHES
    }


def quickest(ways: dict[str, Way], turns: int = TURNS) -> dict[str, float]:
    """Let all ways take turns; return the seconds of the quickest turn of each."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(turns):
        for name, way in ways.items():
            times[name].append(_seconds(way))
    return {name: min(seconds) for name, seconds in times.items()}


def _speed(name: str, known: imagenet.Pretrained) -> tables.Rows:
    network = build.pooled_backbone(name, known.network)
    images = known.preprocess(_photographs(known.size, COUNT))
    ways = keras_ways(network, images)
    with tables.empty_cache():
        ways["onnx"] = lambda: features.compute(network, images, cache=False, fast=True)
        answers = {way: run() for way, run in ways.items()}  # and all are warm now
        best = quickest(ways)
    wanted, found = next(iter(answers.values())), answers["onnx"]
    onnx = best.pop("onnx")
    return [
        *((f"{known.weights}: Keras {way}", _rate(seconds)) for way, seconds in best.items()),
        (f"{known.weights}: features.compute, exported", _rate(onnx)),
        (f"{known.weights}: over the quickest of Keras", f"{min(best.values()) / onnx:.1f} times"),
        (
            f"{known.weights}: largest difference (of features up to {wanted.max():.2g})",
            f"{np.abs(wanted - found).max():.1g}",
        ),
    ]


def _starts(name: str, weights: str) -> tables.Rows:
    first, second = start_twice(name)
    rows = [
        (
            f"{weights}: {what}",
            f"network {laps['network']:.1f} s, fingerprint {laps['fingerprint']:.2f} s, features "
            f"of {COUNT} images {laps['features']:.1f} s, {laps['kept']} kept",
        )
        for what, laps in (("first Python, with the export", first), ("second Python", second))
    ]
    same = "the same" if first["digest"] == second["digest"] else "NOT the same"
    return [*rows, (f"{weights}: features in both, bit for bit", same)]


def start_twice(name: str) -> list[dict]:
    """Compute features in two new Pythons, one after the other; see `print_start`."""
    code = f"from benchmarks import feature_speed; feature_speed.print_start({name!r})"
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(2):
            said = subprocess.check_output(
                [sys.executable, "-c", code], env={**os.environ, "TLHELPERS_CACHE": folder}
            )
            found.append(json.loads(said.splitlines()[-1]))
    return found


def print_start(name: str) -> None:
    """Print, as JSON, what features cost a new Python, after the import of TensorFlow.

    Parameters
    ----------
    name
        Of the network.
    """
    from tlhelpers.fetching.places import cache_folder

    start.load_tensorflow()
    laps: dict[str, object] = {}
    began = time.perf_counter()
    known = imagenet.load_pretrained(name)
    network = build.pooled_backbone(name, known.network)
    laps["network"] = time.perf_counter() - began
    laps["fingerprint"] = _seconds(lambda: fingerprint.of_network(network))
    images = known.preprocess(_photographs(known.size, COUNT))
    began = time.perf_counter()
    found = features.compute(network, images, cache=False, fast=True)
    laps["features"] = time.perf_counter() - began
    files = len(list(cache_folder().rglob("*.onnx")))
    laps["kept"] = "1 file" if files == 1 else f"{files} files"
    laps["digest"] = hashlib.sha256(found.tobytes()).hexdigest()
    print(json.dumps(laps))


def _kept(name: str, known: imagenet.Pretrained) -> tables.Rows:
    network = build.pooled_backbone(name, known.network)
    shape = (MANY, known.size, known.size, 3)
    many = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)

    def compute() -> np.ndarray:
        return features.compute(network, many, preprocess=known.preprocess)

    with tables.empty_cache():
        features.compute(network, many[:1].astype(np.float32), cache=False, fast=True)  # exports
        first, again = _seconds(compute), min(_seconds(compute) for _ in range(TURNS))
    return [
        (f"{known.weights}: {MANY:,} images (8-bit), exported before", f"{first:.1f} s"),
        (f"{known.weights}: the same again, from the cache", f"{again:.2f} s"),
    ]


def _photographs(size: int, count: int) -> np.ndarray:
    """Return photographs (count, size, size, 3), uint8: five, again and again."""
    some = [imagenet_photos.middle_of(name, size) for name in imagenet_photos.PHOTOGRAPHS]
    return np.stack(some)[np.arange(count) % len(some)]


def _seconds(way: Callable[[], object]) -> float:
    began = time.perf_counter()
    way()
    return time.perf_counter() - began


def _rate(seconds: float) -> str:
    return f"{COUNT / seconds:.0f} images/s"


if __name__ == "__main__":
    sys.exit(tables.run("feature_speed", lambda seeds: measure_speed()))
