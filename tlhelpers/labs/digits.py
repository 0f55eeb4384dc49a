"""What the digits lab is made of: its network, the bundled weights, the preprocessing.

Its source is printed characters (`tlhelpers.data.glyphs`), its target real
handwriting (`tlhelpers.data.handwriting`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tlhelpers.data import glyphs
from tlhelpers.fetching import checksums
from tlhelpers.fetching.places import bundled_folder
from tlhelpers.inputs import read_images
from tlhelpers.networks import fingerprint, surgery

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras

INPUT_SIZE = 48  # pixels on each side of what the network sees
CARD = "digits_backbone.json"
WEIGHTS = "digits_backbone.weights.h5"
LABEL = "digits network (bundled)"  # which weights these are, as a lab says it

_RESTORE = (
    "To restore it, run 'git checkout -- data' in the course folder, "
    "or train the network again with 'tlhelpers pretrain'."
)


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
    path = bundled_folder() / CARD
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FileNotFoundError(
            f"{path} is missing or cannot be read ({error}). {_RESTORE}"
        ) from error


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
    path = bundled_folder() / WEIGHTS
    if not path.is_file():
        raise FileNotFoundError(f"The weights file {path} is missing. {_RESTORE}")
    wanted, found = read_card()["sha256"], checksums.checksum_of(path)
    if wanted != found:
        raise ValueError(
            f"The weights file {path} is damaged or not the one of this course.\n"
            f"  SHA-256 wanted: {wanted}\n  SHA-256 found:  {found}\n{_RESTORE}"
        )
    return path


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
