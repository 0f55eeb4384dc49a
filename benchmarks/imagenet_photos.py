"""What ImageNet networks say to photographs that everybody has, and how fast their features come.

The photographs come with scikit-image and scikit-learn; the weights with packages
(``tlhelpers fetch`` says which are here).  Pictures are prepared as for the published
figures: the shorter side to 8/7 of the network's size, and the square in the middle.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np

from benchmarks import tables
from tlhelpers.fetching import fetch
from tlhelpers.labs import imagenet
from tlhelpers.networks import build, features

NETWORKS = ("EfficientNetLite0", "EfficientNetLite1", "EfficientNetLite2", "MobileNetV2")
PHOTOGRAPHS = ("coffee", "chelsea", "rocket", "china.jpg", "flower.jpg")
COUNT = 192  # images whose features are timed
TURNS = 3  # how often


def ask_and_time() -> tables.Rows | None:
    """Return the rows of the table: three answers to each photograph, then images a second."""
    rows: tables.Rows = []
    for name in NETWORKS:
        try:
            lite = imagenet.load_pretrained(name)
        except fetch.FileNotHere as missing:
            print(f"{name} is left out: {missing}", file=sys.stderr)
            continue
        for photograph in PHOTOGRAPHS:
            ready = lite.preprocess(middle_of(photograph, lite.size)[None])
            answers = np.asarray(lite.network(ready))[0]
            best = answers.argsort()[::-1][:3]
            said = ", ".join(f"{lite.classes[i]} {answers[i]:.2f}" for i in best)
            rows.append((f"{lite.weights}: {photograph}", said))
        rows += _speed(name, lite)
    return rows or None


def middle_of(photograph: str, size: int) -> np.ndarray:
    """Return the square in the middle of a photograph, shape (size, size, 3), uint8.

    Parameters
    ----------
    photograph
        A function of ``skimage.data``, or a file name that scikit-learn has.
    size
        Pixels.
    """
    import skimage.data
    from PIL import Image
    from sklearn.datasets import load_sample_image

    theirs = photograph.endswith(".jpg")
    pixels = load_sample_image(photograph) if theirs else getattr(skimage.data, photograph)()
    image = Image.fromarray(pixels)
    scale = round(size * 8 / 7) / min(image.size)
    image = image.resize([round(side * scale) for side in image.size], Image.Resampling.BICUBIC)
    left, top = ((side - size) // 2 for side in image.size)
    return np.asarray(image.crop((left, top, left + size, top + size)))


def _speed(name: str, lite: imagenet.Pretrained) -> tables.Rows:
    """Time Keras and ONNX Runtime in turn, so that both meet the same computer."""
    backbone = build.pooled_backbone(name, lite.network)
    photographs = np.stack([middle_of(photograph, lite.size) for photograph in PHOTOGRAPHS])
    images = lite.preprocess(photographs[np.arange(COUNT) % len(photographs)])

    def by_keras() -> np.ndarray:
        return backbone.predict(images, batch_size=32, verbose=0)

    def by_onnx() -> np.ndarray:
        return features.compute(backbone, images, cache=False, fast=True)

    def timed(way: Callable[[], np.ndarray]) -> float:
        began = time.perf_counter()
        way()
        return time.perf_counter() - began

    apart = float(np.abs(by_keras() - by_onnx()).max())  # and both are warm now
    turns = [(timed(by_keras), timed(by_onnx)) for _ in range(TURNS)]
    keras, onnx = (min(times) for times in zip(*turns, strict=True))
    return [
        (f"{lite.weights}: Keras predict, batches of 32", f"{COUNT / keras:.0f} images/s"),
        (f"{lite.weights}: ONNX Runtime", f"{COUNT / onnx:.0f} images/s, {keras / onnx:.1f} times"),
        (f"{lite.weights}: largest difference of a feature", f"{apart:.1g}"),
    ]


if __name__ == "__main__":
    sys.exit(tables.run("imagenet_photos", lambda seeds: ask_and_time()))
