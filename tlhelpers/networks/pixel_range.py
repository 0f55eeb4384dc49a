"""Do pixels have the range that a network wants?  It does not say, and gives poor answers."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from tlhelpers.networks.surgery import all_layers
from tlhelpers.networks.table import ARCHITECTURES

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras

#: Layers by whose names a network of the table is known, be it cut or nested:
#: those that do not rescale pixels by themselves.
_KNOWN_BY = {
    "mobilenet": {"conv1_relu", "conv_dw_1"},
    "mobilenet_v2": {"Conv1_relu", "expanded_conv_depthwise"},
    "resnet": {"conv1_bn", "conv2_block1_add"},
    "resnet_v2": {"conv1_conv", "conv2_block1_preact_bn"},
    "efficientnet_lite": {"stem_conv", "block1a_dwconv"},
    # It has these layers, too, and rescales pixels by itself: two names, and none is known.
    "efficientnet": {"stem_conv", "block1a_dwconv", "block1a_se_reduce"},
    "densenet": {"conv1_bn", "conv2_block1_concat"},
    "vgg16": {"block1_conv2", "block1_pool"},
    "inception_v3": {"mixed0"},
    "inception_resnet_v2": {"mixed_5b"},
    "xception": {"block1_conv1_bn", "block2_sepconv1"},
    "nasnet": {"stem_conv1", "stem_bn1"},
}
_CALL = "Call lab.preprocess(images), or tl.networks.preprocess_for(name)(images)"


def check_pixels(model: keras.Model, images: np.ndarray) -> None:
    """Refuse pixels that cannot be in the range of a network for colour pictures.

    Where they only seem to be in another range, this is a warning.

    Raises
    ------
    ValueError
        If they are not, or the network rescales them twice.
    """
    import keras

    if len(model.input_shape) != 4 or model.input_shape[-1] != 3 or not images.size:
        return
    low, high = float(images.min()), float(images.max())
    layers = list(all_layers(model))
    scalers = [layer for layer in layers if isinstance(layer, keras.layers.Rescaling)]
    norms = [
        layer
        for layer in layers
        if isinstance(layer, keras.layers.Normalization)
        and layer.input_mean is not None
        and np.max(layer.input_mean) > 1
    ]
    rescaling = [layer for layer in scalers if np.max(layer.scale) < 0.1] + norms
    if len(rescaling) > 1:
        raise ValueError(
            f"The network rescales pixels twice, in its layers {rescaling[0].name} and "
            f"{rescaling[1].name}. Leave one of them out."
        )
    if rescaling and 0 < high <= 1:
        raise ValueError(
            f"The network rescales pixels by itself and wants 0 to 255; got {low:g} to {high:g}. "
            "Give the images as they were, or as tl.networks.preprocess_for(name) returns "
            "them."
        )
    if not _takes_pixels_as_they_are(model):
        return  # it may prepare them by itself, as with preprocess_input inside the model
    # The widest range of Keras Applications is 0 to 255 less the mean colour: -124 to 152.
    if not rescaling and high > 160:
        raise ValueError(
            f"The images seem to be unprepared: the values go from {low:g} to {high:g}. {_CALL} "
            "with the name of the network."
        )
    known = known_family(layers)
    if known and not norms:
        _check_known(known, low, high, scalers)


def known_family(layers: Iterable[keras.Layer]) -> str | None:
    """Return the module of the table that a network is of, if the names of its layers tell.

    Only families that do not rescale pixels by themselves are known.

    Parameters
    ----------
    layers
        All layers of the network, at any depth.

    Examples
    --------
    >>> import keras
    >>> known_family(keras.applications.MobileNet(weights=None).layers)
    'mobilenet'
    """
    names = {layer.name for layer in layers}
    known = [module for module, some in _KNOWN_BY.items() if some <= names]
    return known[0] if len(known) == 1 else None


def _takes_pixels_as_they_are(model: keras.Model) -> bool:
    """Say whether pixels come to the first weights unchanged, or through layers that are known."""
    import keras

    through = ("InputLayer", "Rescaling", "Normalization", "ZeroPadding2D", "Flatten", "Reshape")
    weighs = keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.Dense
    # Calculations between layers, such as x / 255, are operations and no layers.
    for step in getattr(model, "operations", None) or model.layers:
        if isinstance(step, keras.Model):
            return _takes_pixels_as_they_are(step)
        if type(step).__name__ not in (*through, "Dropout") and not _is_random(step):
            return isinstance(step, (*weighs, keras.layers.SeparableConv2D))
    return False


def _is_random(step: object) -> bool:
    return type(step).__name__.startswith("Random")


def _check_known(module: str, low: float, high: float, scalers: list[keras.Layer]) -> None:
    """Compare what arrives at a known network with what it wants."""
    network = next(row for row in ARCHITECTURES.values() if row.module == module)
    arriving = np.array([low, high])
    for layer in scalers:
        arriving = arriving * np.mean(layer.scale) + np.mean(layer.offset)
    low, high = arriving
    wide = network.high > 100
    other = low < 1.5 * network.low or high > 1.5 * network.high
    narrow = low < high and high <= 1 and low >= (-1 if wide else 0)
    if not other and not narrow:
        return
    way = f" from the layer {scalers[-1].name}; leave that out" if scalers else ""
    text = (
        f"{network.name} and its kin want values from {network.low:g} to {network.high:g}; they "
        f"get {low:g} to {high:g}{way}. {_CALL} with the name of the network, on pixels from "
        "0 to 255."
    )
    # Bright pictures may lie between 0 and 1 of -1 to 1; but none has exactly 0 for its darkest.
    if other or wide or low < 1 / 255:
        raise ValueError(text)
    warnings.warn(text, stacklevel=5)
