"""What notebooks and benchmarks train: the small network of digits, and the usual recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tlhelpers.data import glyphs, splits
from tlhelpers.inputs import (
    read_count,
    read_images,
    read_items,
    read_labels,
    read_network,
    read_seed,
)
from tlhelpers.networks import surgery
from tlhelpers.transfer import adaptation

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras


SIDE = 16  # pixels on each side of what the small network sees
EPOCHS = 4  # how often it sees every printed digit


def enlarge_digits(pictures: np.ndarray) -> np.ndarray:
    """Turn 8 x 8 pictures into what the small network sees.

    Parameters
    ----------
    pictures
        Shape (n, 8, 8), values from 0 (paper) to 1 (ink).

    Returns
    -------
    numpy.ndarray
        Shape (n, 16, 16, 1), float32.

    Examples
    --------
    >>> enlarge_digits(np.zeros((2, 8, 8))).shape
    (2, 16, 16, 1)
    """
    import keras

    pictures = read_images(pictures, "pictures", shape=(glyphs.SIZE, glyphs.SIZE), low=0, high=1)
    large = keras.ops.image.resize(pictures[..., None], (SIDE, SIDE))
    return keras.ops.convert_to_numpy(large)


def small_network(seed: int = 0) -> keras.Model:
    """Build a small network for digits: five convolutions with BatchNormalization.

    Parameters
    ----------
    seed
        Of its random weights.

    Returns
    -------
    keras.Model
        From images (n, 16, 16, 1) to ten probabilities.

    Examples
    --------
    >>> small_network().count_params()
    141098
    """
    import keras
    from keras import layers

    seed = read_seed(seed)
    network = keras.Sequential([keras.Input((SIDE, SIDE, 1))], name="small_network")
    for number, (width, stride) in enumerate([(32, 1), (32, 2), (64, 1), (64, 2), (128, 1)]):
        start = keras.initializers.GlorotUniform(seed=100 * seed + number)
        settings = {"padding": "same", "use_bias": False, "kernel_initializer": start}
        network.add(layers.Conv2D(width, 3, strides=stride, **settings))
        network.add(layers.BatchNormalization(momentum=0.9))
        network.add(layers.ReLU())
    network.add(layers.GlobalAveragePooling2D())
    start = keras.initializers.GlorotUniform(seed=100 * seed + 99)
    network.add(layers.Dense(10, "softmax", kernel_initializer=start))
    return network


def draw_printed_digits(n: int, style: str, seed: int, *, habits: bool = True) -> splits.Split:
    """Draw printed digits, in random order, ready for the small network.

    Parameters
    ----------
    n
        How many, as many of each digit as can be.
    style
        ``"plain"`` or ``"varied"``, as for `glyphs.draw_characters`.
    seed
        Of the order, and of how each one is drawn.
    habits
        As for `glyphs.draw_characters`: without them, nothing of varied print was drawn
        for the sake of a class of the handwriting.

    Examples
    --------
    >>> draw_printed_digits(20, "plain", seed=0).images.shape
    (20, 16, 16, 1)
    """
    rng = np.random.default_rng(read_seed(seed))
    labels = rng.permutation(np.arange(read_count(n, "n")) % 10)
    pictures = glyphs.draw_characters(labels, style=style, habits=habits, seed=seed)
    return splits.Split(enlarge_digits(pictures), labels)


def train_small_network(
    source: splits.Split, seed: int = 0, *, progress: bool = False
) -> keras.Model:
    """Train the small network on labelled pictures, each seen `EPOCHS` times.

    Parameters
    ----------
    source
        Images and labels, such as those of `draw_printed_digits`.
    seed
        Of the first weights and of the order of the pictures.
    progress
        Show a bar with the time left.
    """
    images, labels = read_items(source, "source", at_least=2, at_most=2)
    labels = read_labels(labels)
    network, _ = adaptation.source_only(
        small_network(seed),
        images,
        labels,
        steps=max(1, EPOCHS * len(labels) // 64),
        batch_size=64,
        learning_rate=2e-3,
        seed=seed,
        progress=progress,
    )
    return network


def usual_recipe(backbone: keras.Model, classes: int) -> keras.Model:
    """Build what many guides build: augmentation, preprocessing, frozen network, new head.

    Parameters
    ----------
    backbone
        A network that wants pixels from -1 to 1 and gives one row of features, such as
        MobileNetV2 without its head.  It is frozen in place.
    classes
        How many there are.

    Returns
    -------
    keras.Model
        From images with pixels from 0 to 255 to probabilities; not compiled.
    """
    import keras

    classes = read_count(classes, "classes", least=2)
    surgery.freeze(read_network(backbone, "backbone"))
    return keras.Sequential(
        [
            keras.Input(backbone.input_shape[1:]),
            keras.layers.RandomFlip("horizontal", seed=0),
            keras.layers.RandomRotation(0.1, seed=1),
            keras.layers.Rescaling(1 / 127.5, offset=-1),
            backbone,
            keras.layers.Dropout(0.2, seed=2),
            keras.layers.Dense(classes, activation="softmax"),
        ]
    )
