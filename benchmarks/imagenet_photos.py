"""What ImageNet networks say to photographs that everybody has.

The photographs come with scikit-image and scikit-learn; the weights with packages
(``tlhelpers fetch`` says which are here).  Pictures are prepared as for the published
figures: the shorter side to 8/7 of the network's size, and the square in the middle.
"""

from __future__ import annotations

import sys

import numpy as np

from benchmarks import tables
from tlhelpers.fetching import fetch
from tlhelpers.labs import imagenet

NETWORKS = ("EfficientNetLite0", "EfficientNetLite1", "EfficientNetLite2", "MobileNetV2")
PHOTOGRAPHS = ("coffee", "chelsea", "rocket", "china.jpg", "flower.jpg")


def ask_networks() -> tables.Rows | None:
    """Return the rows of the table: three answers to each photograph."""
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


if __name__ == "__main__":
    sys.exit(tables.run("imagenet_photos", lambda seeds: ask_networks()))
