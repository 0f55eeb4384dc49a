"""How fast features come: Keras and ONNX Runtime side by side."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator

import numpy as np

from benchmarks import tables
from tlhelpers.networks import features, surgery

COUNT = 192  # images
TURNS = 3  # how often each is measured


def measure_speed() -> tables.Rows:
    """Return the rows of the table of speed: MobileNetV2 at 224 pixels, random weights.

    Keras and ONNX Runtime take turns, so that both meet the same computer, and
    the quickest turn of each counts.  Features of 1,000 more images are written to the
    cache and read back.
    """
    import keras

    keras.utils.set_random_seed(0)
    network = keras.applications.MobileNetV2(
        include_top=False, weights=None, pooling="avg", input_shape=(224, 224, 3)
    )
    rng = np.random.default_rng(0)
    pictures = rng.uniform(-1, 1, (COUNT, 224, 224, 3)).astype(np.float32)
    # With the statistics of no data, the features would be nearly zero, and so would
    # any difference between two ways to compute them.
    surgery.quicken_batchnorm(network, momentum=0)
    network(pictures[:16], training=True)

    def by_keras() -> np.ndarray:
        return network.predict(pictures, batch_size=32, verbose=0)

    def by_compute() -> np.ndarray:
        return features.compute(network, pictures, cache=False, fast=True)

    def timed(function: Callable, *given: object) -> float:
        began = time.perf_counter()
        function(*given)
        return time.perf_counter() - began

    seconds: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder, _cache(folder):
        seconds["export"] = [
            timed(lambda: features.compute(network, pictures[:1], cache=False, fast=True))
        ]
        wanted, found = by_keras(), by_compute()  # and both are warm now
        apart = float(np.abs(wanted - found).max())
        for _ in range(TURNS):
            for name, way in (("Keras", by_keras), ("ONNX", by_compute)):
                seconds.setdefault(name, []).append(timed(way))
        many = rng.integers(0, 256, (1000, 224, 224, 3), dtype=np.uint8)
        seconds["first"] = [timed(features.compute, network, many)]
        seconds["again"] = [timed(features.compute, network, many) for _ in range(TURNS)]
    best = {name: min(times) for name, times in seconds.items()}
    return [
        ("Keras predict, batches of 32", f"{COUNT / best['Keras']:.0f} images/s"),
        ("features.compute, exported", f"{COUNT / best['ONNX']:.0f} images/s"),
        ("ratio", f"{best['Keras'] / best['ONNX']:.1f}"),
        (f"largest difference (of features up to {wanted.max():.2g})", f"{apart:.1g}"),
        ("export and comparison with Keras, once for each network", f"{best['export']:.1f} s"),
        ("1,000 images (8-bit), first call, exported before", f"{best['first']:.1f} s"),
        ("1,000 images (8-bit), second call, from the cache", f"{best['again']:.2f} s"),
    ]


@contextlib.contextmanager
def _cache(folder: str) -> Iterator[None]:
    """Use another cache folder for a while."""
    before = os.environ.get("TLHELPERS_CACHE")
    os.environ["TLHELPERS_CACHE"] = folder
    try:
        yield
    finally:
        os.environ.pop("TLHELPERS_CACHE")
        if before is not None:
            os.environ["TLHELPERS_CACHE"] = before


if __name__ == "__main__":
    sys.exit(tables.run("feature_speed", lambda seeds: measure_speed()))
