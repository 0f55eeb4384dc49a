"""EfficientNet-Lite: EfficientNet without what small devices cannot do quickly.

From the networks of Keras Applications, the Lite release leaves out the attention to
channels (squeeze and excitation), takes ReLU6 for swish, and keeps the first and the last
stage as they are in B0 when it grows.  What is built here is made of Keras' own layers: a
saved network needs nothing of this package.

Source: Tan and Le 2019, https://arxiv.org/abs/1905.11946; the Lite release of 2020,
https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tlhelpers.fetching import registry
from tlhelpers.fetching.checksums import checksum_of
from tlhelpers.networks import torch_file

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras

MODULE = "efficientnet_lite"  # what the table calls this family
#: Which network of Keras each is made from.
_FROM = {
    "EfficientNetLite0": "EfficientNetB0",
    "EfficientNetLite1": "EfficientNetB1",
    "EfficientNetLite2": "EfficientNetB2",
}
_LEFT_OUT = ("_se_", "block1b_", "block7b_")  # the first and last stage have one block
_LAST_WIDTH = 1280  # channels of the last convolution, in all of them
EPSILON = 1e-3  # of BatchNormalization
#: What a BatchNormalization has, in the order of Keras.
_NORM = ("weight", "bias", "running_mean", "running_var")
#: Layers of Keras, and what the file calls them: outside the blocks, and inside each.
_OUTSIDE = {
    "stem_conv": "_conv_stem",
    "stem_bn": "_bn0",
    "top_conv": "_conv_head",
    "top_bn": "_bn1",
    "predictions": "_fc",
}
_INSIDE = {
    "expand_conv": "_expand_conv",
    "expand_bn": "_bn0",
    "dwconv": "_depthwise_conv",
    "bn": "_bn1",
    "project_conv": "_project_conv",
    "project_bn": "_bn2",
}


def build_lite(name: str, size: int) -> keras.Model:
    """Build an EfficientNet-Lite with random weights.

    Parameters
    ----------
    name
        ``"EfficientNetLite0"``, ``1`` or ``2``.
    size
        Height and width of the images.

    Returns
    -------
    keras.Model
        From images, prepared by `prepare`, to probabilities, shape (n, 1000).

    Examples
    --------
    >>> build_lite("EfficientNetLite0", 64).count_params()
    4694024
    """
    import keras

    whole = getattr(keras.applications, _FROM[name])(weights=None, input_shape=(size, size, 3))
    lite = keras.models.clone_model(whole, clone_function=_lite_layer, call_function=_call)
    return keras.Model(lite.inputs[0], lite.outputs[0], name=name.lower())


def _lite_layer(layer: keras.Layer) -> keras.Layer:
    """Return the layer that stands in a Lite network where this one stood."""
    import keras

    config = layer.get_config()
    if isinstance(layer, keras.layers.Activation) and config["activation"] != "softmax":
        config["activation"] = "relu6"
    if isinstance(layer, keras.layers.BatchNormalization):
        config["epsilon"] = EPSILON
    if layer.name == "top_conv":
        config["filters"] = _LAST_WIDTH
    return type(layer).from_config(config)


def _call(layer: keras.Layer, inputs: Any, *rest: Any, **options: Any) -> Any:
    """Put a layer behind another, or leave it out: then what comes in goes on."""
    import keras

    scales = isinstance(layer, keras.layers.Rescaling | keras.layers.Normalization)
    if scales or any(part in layer.name for part in _LEFT_OUT):
        return inputs[0] if isinstance(inputs, list) else inputs
    return layer(inputs, *rest, **options)


def prepare(images: np.ndarray) -> np.ndarray:
    """Return float images from 0 to 255 as the networks were trained on them: -0.992 to 1.

    Examples
    --------
    >>> prepare(np.array([0.0, 127.0, 255.0]))
    array([-0.9921875,  0.       ,  1.       ])
    """
    return (images - 127.0) / 128.0


# ----------------------------------------------------------------------------- weights


def load_weights(network: keras.Model, name: str, path: Path) -> None:
    """Put the published ImageNet weights into a network from `build_lite`; `check_file` first.

    Parameters
    ----------
    network
        Of that name, whole; changed in place.
    name
        As for `build_lite`.
    path
        The file of weights, in PyTorch's first format.
    """
    tensors = torch_file.read_tensors(path)
    layers = [layer for layer in network.layers if layer.weights]
    blocks = sorted({layer.name[:7] for layer in layers if layer.name.startswith("block")})
    for layer in layers:
        if layer.name in _OUTSIDE:
            there = _OUTSIDE[layer.name]
        else:  # block2a_bn; the file only counts the blocks
            there = f"_blocks.{blocks.index(layer.name[:7])}.{_INSIDE[layer.name[8:]]}"
        layer.set_weights(_weights_of(layer, there, tensors))


def check_file(name: str, path: Path) -> None:
    """Refuse any file but the published one: a wrong number would be seen in the answers only.

    Raises
    ------
    ValueError
        If it is another file or damaged; the message is the rest of a sentence about it.
    OSError
        If it cannot be read.
    """
    files = {file.word: file for file in registry.FILES.values() if file.word in _FROM}
    found = checksum_of(path)
    if found == files[name].checksum:
        return
    size, wanted = path.stat().st_size, files[name].size
    for other, file in files.items():
        if found == file.checksum:
            raise ValueError(f"it is the file of {other}")
    if size < wanted:
        raise ValueError(f"it is cut short ({size:,} bytes of {wanted:,})")
    raise ValueError("it is damaged or another file; its checksum is wrong")


def _weights_of(layer: keras.Layer, there: str, tensors: dict[str, np.ndarray]) -> list[np.ndarray]:
    """Return a layer's weights, with their axes in the order of Keras."""
    import keras

    if isinstance(layer, keras.layers.BatchNormalization):
        return [tensors[f"{there}.{part}"] for part in _NORM]
    kernel = tensors[f"{there}.weight"]
    if isinstance(layer, keras.layers.Dense):  # (out, in)
        return [kernel.T, tensors[f"{there}.bias"]]
    if isinstance(layer, keras.layers.DepthwiseConv2D):  # (channels, 1, height, width)
        return [kernel.transpose(2, 3, 0, 1)]
    return [kernel.transpose(2, 3, 1, 0)]  # (out, in, height, width)
