"""What the digits lab is made of: its network, the bundled weights, the preprocessing.

Its source is printed characters (`tlhelpers.data.glyphs`), its target real
handwriting (`tlhelpers.data.handwriting`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tlhelpers.data import glyphs
from tlhelpers.fetching import bundled
from tlhelpers.fetching.bundled import bundled_folder
from tlhelpers.inputs import read_images
from tlhelpers.networks import fingerprint, surgery

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras

INPUT_SIZE = 48  # pixels on each side of what the network sees
CARD = "digits_backbone.json"
WEIGHTS = "digits_backbone.weights.h5"
LABEL = "digits network (bundled)"  # which weights these are, as a lab says it

_AGAIN = "tlhelpers pretrain"  # what makes the network again


def read_card() -> dict:
    """Return what is known about the bundled network: its card, as a dictionary.

    Raises
    ------
    FileNotFoundError
        If the card is missing, with the command that restores it.

    Examples
    --------
    >>> read_card()["architecture"]
    'MobileNet(alpha=0.5)'
    """
    return bundled.read_card(bundled_folder() / CARD, _AGAIN)


def check_weights() -> Path:
    """Check that the bundled weights are complete, and return their path.

    Raises
    ------
    FileNotFoundError
        If the file is missing.
    ValueError
        If its checksum is not the one on the card (damaged or exchanged).

    Examples
    --------
    >>> check_weights().name
    'digits_backbone.weights.h5'
    """
    folder = bundled_folder()
    return bundled.check_weights(folder / WEIGHTS, folder / CARD, _AGAIN)


def build_digits_network(pretrained: bool = True) -> keras.Model:
    """Build the network of the digits lab: a small MobileNet that reads characters.

    It is ``keras.applications.MobileNet`` with half its usual width and an
    input of 48 x 48 pixels, and a head of 39 classes (`glyphs.CLASSES`).

    Parameters
    ----------
    pretrained
        Load the bundled weights.  With False the weights are random, which is
        what *training from scratch* starts from, and BatchNormalization is made
        to follow quickly (`surgery.quicken_batchnorm`).

    Returns
    -------
    keras.Model
        From images (n, 48, 48, 3), values -1 to 1, to probabilities (n, 39).

    References
    ----------
    Howard et al. 2017, "MobileNets: Efficient convolutional neural networks
    for mobile vision applications".

    Examples
    --------
    >>> build_digits_network(pretrained=False).output_shape
    (None, 39)
    """
    import keras

    body = keras.applications.MobileNet(
        alpha=0.5,
        include_top=False,
        weights=None,
        pooling="avg",
        input_shape=(INPUT_SIZE, INPUT_SIZE, 3),
    )
    head = keras.layers.Dense(len(glyphs.CLASSES), activation="softmax", name="head")
    model = keras.Model(body.input, head(body.output), name="digits_network")
    if pretrained:
        model.load_weights(check_weights())
    else:
        surgery.quicken_batchnorm(model)
    return model


@fingerprint.stays_the_same("preprocess_digits")  # so its features can be kept
def preprocess_digits(pictures: np.ndarray) -> np.ndarray:
    """Turn 8 x 8 pictures into what the digits network was trained on.

    Parameters
    ----------
    pictures
        Shape (n, 8, 8), values from 0 (paper) to 1 (ink).

    Returns
    -------
    numpy.ndarray
        Shape (n, 48, 48, 3), float32, values from -1 (paper) to 1 (ink).

    Raises
    ------
    TypeError, ValueError
        If the pictures have another kind, shape or range.

    Examples
    --------
    >>> preprocess_digits(np.zeros((2, 8, 8))).shape
    (2, 48, 48, 3)
    """
    import keras

    pictures = read_images(pictures, "pictures", shape=(glyphs.SIZE, glyphs.SIZE), low=0, high=1)
    large = keras.ops.image.resize(
        pictures[..., None], (INPUT_SIZE, INPUT_SIZE), interpolation="bilinear"
    )
    # Keras Applications networks want three colours, and MobileNet wants -1 to 1.
    return np.repeat(keras.ops.convert_to_numpy(large) * 2 - 1, 3, axis=-1)
