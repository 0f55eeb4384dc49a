"""Augmentation: change images at random, and keep what they show.

`random_affine` changes them a little, for training; `random_warp` changes
them a lot, for adaptation; `random_erase` hides a patch, to judge by: no method
here trains with it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tlhelpers.inputs import read_function, read_images, read_number, read_seed, read_share


def augmented(augment: Callable, images: np.ndarray, chance: Any) -> np.ndarray:
    """Return what a learner's function makes of images (a copy), if it is as many and alike."""
    found = read_function(augment, "augment")(images.copy(), chance)
    found = read_images(found, "what augment returns", shape=images.shape[1:])
    if len(found) != len(images):
        raise ValueError(f"augment must return {len(images)} images; got {len(found)}.")
    return found


def random_affine(
    images: np.ndarray,
    seed: int,
    *,
    shift: float = 0.06,
    turn: float = 5.0,
    stretch: float = 0.06,
    slant: float = 0.08,
    paper: float = -1.0,
) -> np.ndarray:
    """Move, turn, stretch and slant every image a little, each by its own chance.

    One resampling does all four, so that the images are blurred only once.

    Parameters
    ----------
    images
        Shape (n, height, width, colours).
    seed
        The same seed gives the same changes.
    shift
        Up to this share of the width and height, in any direction.
    turn
        Standard deviation of the angle, in degrees.
    stretch
        Standard deviation of the logarithm of the size, for each axis.
    slant
        Standard deviation of the shear: sideways for each step down.
    paper
        What comes in from outside the image.

    Returns
    -------
    numpy.ndarray
        The same shape, float32.

    Examples
    --------
    >>> images = np.random.default_rng(0).uniform(-1, 1, (2, 8, 8, 1)).astype("float32")
    >>> same = random_affine(images, 0, shift=0, turn=0, stretch=0, slant=0)
    >>> bool(np.allclose(same, images, atol=1e-5))
    True
    """
    import keras

    images = read_images(images, shape=(None, None, None))
    for name, number in (("turn", turn), ("stretch", stretch), ("slant", slant)):
        read_number(number, name, least=0, most=360)
    shift, paper = read_number(shift, "shift", least=0, most=1), read_number(paper, "paper")
    rng = np.random.default_rng(read_seed(seed))
    n, height, width = images.shape[:3]
    angle = np.radians(rng.normal(0, turn, n))
    wide, tall = np.exp(rng.normal(0, stretch, (2, n)))
    slanted = rng.normal(0, slant, n)
    # For every pixel of the new image: where in the old one does it come from?
    a, b = np.cos(angle) * wide, -np.sin(angle) * tall + slanted
    c, d = np.sin(angle) * wide, np.cos(angle) * tall
    x, y = (width - 1) / 2, (height - 1) / 2
    right, down = rng.uniform(-shift, shift, (2, n)) * [[width], [height]]
    zero = np.zeros(n)
    rows = [a, b, x - a * x - b * y + right, c, d, y - c * x - d * y + down, zero, zero]
    moved = keras.ops.image.affine_transform(
        images, np.stack(rows, axis=1).astype("float32"), fill_mode="constant", fill_value=paper
    )
    return np.array(keras.ops.convert_to_numpy(moved))  # a copy that may be written to


def random_warp(
    images: np.ndarray,
    rng: np.random.Generator,
    strength: float = 1.0,
    *,
    paper: float = 0.0,
    ink: float = 1.0,
) -> np.ndarray:
    """Turn, slant, stretch, shift and bend each image a little, and change its ink.

    Parameters
    ----------
    images
        Shape (n, height, width, channels).
    rng
        A NumPy random generator.
    strength
        0 changes nothing; 1 is much for a digit, but leaves it readable.
    paper, ink
        The values of the background, which also comes in from outside, and of what is drawn
        on it.  Noise and ink change in proportion to their difference: for pictures from
        -1 to 1 on white paper, ``paper=1, ink=-1``.

    Returns
    -------
    numpy.ndarray
        The same shape, float32.

    References
    ----------
    Simard et al. 2003, "Best practices for convolutional neural networks
    applied to visual document analysis".

    Examples
    --------
    >>> images = np.random.default_rng(0).random((2, 8, 8, 1), np.float32)
    >>> bool(np.allclose(random_warp(images, np.random.default_rng(0), strength=0), images))
    True
    """
    import keras

    images = read_images(images, shape=(None, None, None))
    strength = read_number(strength, "strength", least=0, most=10)
    paper, ink = read_number(paper, "paper"), read_number(ink, "ink")
    span = ink - paper
    if images.size and np.abs(images - paper).max() > 12 * abs(span):
        raise ValueError(
            f"images go from {images.min():g} to {images.max():g}, and random_warp is told that "
            f"paper is {paper:g} and ink {ink:g}. Say what they are: random_warp(..., paper=0, "
            "ink=255)."
        )
    _read_generator(rng)
    n, height, width = images.shape[:3]

    def draw(low: float, high: float) -> np.ndarray:
        return (strength * rng.uniform(low, high, (n, 1, 1))).astype(np.float32)

    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    angle, slant, bow = draw(-0.2, 0.2), draw(-0.3, 0.3), draw(-0.2, 0.2)
    wide, tall = np.exp(draw(-0.25, 0.25)), np.exp(draw(-0.15, 0.15))
    bend = strength * 0.1 * rng.normal(size=(n, 4, 4, 2)).astype(np.float32)
    bend = keras.ops.convert_to_numpy(
        keras.ops.image.resize(bend, (height, width), interpolation="bicubic")
    )
    from_x = (np.cos(angle) * x + np.sin(angle) * y + slant * y) * wide + bow * (1 - y * y)
    from_y = (np.cos(angle) * y - np.sin(angle) * x) * tall
    from_x, from_y = (
        from_x + bend[..., 0] + draw(-0.15, 0.15),
        from_y + bend[..., 1] + draw(-0.1, 0.1),
    )
    x, y = (from_x + 1) / 2 * (width - 1), (from_y + 1) / 2 * (height - 1)
    moved = _sample(images - paper, x, y)
    gain = np.exp(draw(-0.4, 0.4))[..., None]
    noise = strength * 0.05 * abs(span) * rng.normal(size=moved.shape)
    return (moved * gain + noise + paper).astype(np.float32)


def random_erase(
    images: np.ndarray, rng: np.random.Generator, side: float = 0.25, *, paper: float = 0.0
) -> np.ndarray:
    """Hide a patch of each image, at a random place.

    Parameters
    ----------
    images
        Shape (n, height, width, channels).
    rng
        A NumPy random generator.
    side
        Height and width of the patch, as a share of the image's.
    paper
        What is seen in its place: the value of the background.

    Returns
    -------
    numpy.ndarray
        The same shape, float32.

    References
    ----------
    DeVries and Taylor 2017, "Improved regularization of convolutional neural networks with
    cutout"; Zhong et al. 2020, "Random erasing data augmentation".

    Examples
    --------
    >>> images = np.ones((2, 8, 8, 1))
    >>> random_erase(images, np.random.default_rng(0)).sum(axis=(1, 2, 3))  # 2 x 2 of 64 are gone
    array([60., 60.], dtype=float32)
    """
    images = np.array(read_images(images, shape=(None, None, None)), np.float32)
    side, paper = read_share(side, "side"), read_number(paper, "paper")
    _read_generator(rng)
    n, height, width = images.shape[:3]
    high, wide = round(side * height), round(side * width)
    tops = rng.integers(0, height - high + 1, n)
    lefts = rng.integers(0, width - wide + 1, n)
    for image, top, left in zip(images, tops, lefts, strict=True):
        image[top : top + high, left : left + wide] = paper
    return images


def _read_generator(rng: Any) -> None:
    if not hasattr(rng, "uniform"):
        raise TypeError("rng must be a generator, such as np.random.default_rng(0).")


def _sample(images: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Read images between their pixels (bilinear); outside is 0."""
    n, height, width, channels = images.shape
    page = np.pad(images, ((0, 0), (1, 2), (1, 2), (0, 0))).reshape(-1, channels)
    x, y = np.clip(x, -1, width) + 1, np.clip(y, -1, height) + 1
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    dx, dy = (x - left)[..., None], (y - top)[..., None]
    first = (np.arange(n)[:, None, None] * (height + 3) + top) * (width + 3) + left
    above = page[first] * (1 - dx) + page[first + 1] * dx
    first = first + width + 3
    return above * (1 - dy) + (page[first] * (1 - dx) + page[first + 1] * dx) * dy
