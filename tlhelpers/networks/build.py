"""Build a network by its name, with its weights; get its backbone."""

from __future__ import annotations

import warnings
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tlhelpers.data.names import as_path
from tlhelpers.inputs import read_count, read_network
from tlhelpers.networks import efficientnet_lite
from tlhelpers.networks.preprocessing import smallest_side
from tlhelpers.networks.table import find_architecture

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras

#: Of ImageNet's red, green and blue, from 0 to 1; the same that Keras has.
DEVIATION = (0.229, 0.224, 0.225)


def build_network(
    name: str, weights: str | Path | None = None, *, size: int | None = None
) -> keras.Model:
    """Build a whole network: images in, probabilities of the 1,000 ImageNet classes out.

    Nothing is downloaded: `fetch.fetch_file` hands out files of weights.

    Parameters
    ----------
    name
        A name in `ARCHITECTURES`.
    weights
        A file of ImageNet weights with the classification layer, as Keras
        publishes them (.h5, which holds numbers and no code).  For EfficientNet-Lite,
        the file of its package does as well (.pth, of which only the numbers are read).
        Without one, the weights are random.
    size
        Height and width of the images; by default those in the table, with which the
        weights were learned, and which give the best accuracy.  Any weights do for any
        size that Keras allows (`preprocessing.smallest_side`), but those of VGG: its head
        is made for one size.

    Returns
    -------
    keras.Model
        From what `preprocess_for` prepares to probabilities, shape (n, 1000).

    Raises
    ------
    FileNotFoundError
        If there is no such file of weights.
    ValueError
        If there is no such network, or the file does not belong to it.

    Examples
    --------
    >>> build_network("MobileNetV3Small").output_shape
    (None, 1000)
    """
    import keras

    architecture = find_architecture(name)
    path = None if weights is None else as_path(weights)
    if path is not None:
        _check_file(path, name)
    small = smallest_side(name)
    size = architecture.size if size is None else read_count(size, "size", least=small, most=4096)
    if size != architecture.size and architecture.module.startswith("vgg"):
        raise ValueError(f"The head of {name} is made for images of {architecture.size} pixels.")
    lite = architecture.module == efficientnet_lite.MODULE
    if lite:
        network = efficientnet_lite.build_lite(name, size)
    else:
        network = getattr(keras.applications, name)(weights=None, input_shape=(size, size, 3))
    if path is None:
        return network
    if lite and path.suffix == ".pth":
        efficientnet_lite.load_weights(network, name, path)
        return network
    if architecture.module == "efficientnet":
        network = _rescale_as_for_imagenet(network)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # hundreds come before an error
            network.load_weights(path)
    except (ValueError, KeyError, OSError, TypeError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ValueError(_wrong_file(path, name, f"they do not fit it ({reason})")) from error
    if not all(np.isfinite(weight).all() for weight in network.get_weights()):
        raise ValueError(_wrong_file(path, name, "some of its numbers are NaN or infinite"))
    return network


def _rescale_as_for_imagenet(network: keras.Model) -> keras.Model:
    """Return an EfficientNet as Keras builds it when it downloads the ImageNet weights itself.

    They were trained on colours that were divided once more by the root of their
    deviation.  Keras has a layer for that, and leaves it out for weights from a file.
    """
    import keras

    def call(layer: keras.Layer, *inputs: object, **options: object) -> object:
        output = layer(*inputs, **options)
        if isinstance(layer, keras.layers.Normalization):
            output = keras.layers.Rescaling([1 / sqrt(part) for part in DEVIATION])(output)
        return output

    return keras.models.clone_model(network, call_function=call)


def pooled_backbone(name: str, model: keras.Model) -> keras.Model:
    """Return the backbone of a network: images in, one row of features for each out.

    What follows the last feature map is the head and comes off, be it one
    layer or several.  Then every channel is averaged over the picture.

    Parameters
    ----------
    name
        A name in `ARCHITECTURES`.
    model
        From `build_network` with the same name.  The backbone shares its layers.

    Returns
    -------
    keras.Model
        Its output has shape (n, features).

    Raises
    ------
    ValueError
        If the model is not a whole network of that name.

    Examples
    --------
    >>> pooled_backbone("MobileNetV3Small", build_network("MobileNetV3Small")).output_shape
    (None, 576)
    """
    import keras

    architecture = find_architecture(name)
    if read_network(model).count_params() != architecture.parameters:
        raise ValueError(
            f"{model.name} is not a whole {name}, so its head is not where it should be. "
            f"Give the network as tl.networks.build_network({name!r}) builds it."
        )
    features = model.layers[-1 - architecture.head].output
    if len(features.shape) == 4:
        features = keras.layers.GlobalAveragePooling2D(name="features")(features)
    return keras.Model(model.inputs, features, name=f"{model.name}_backbone")


# ----------------------------------------------------------------------------- checks


def _check_file(path: Path, name: str) -> None:
    """Refuse what is not a file of plain numbers before Keras opens it."""
    import h5py

    if not path.is_file():
        raise FileNotFoundError(
            f"There is no file of weights {path}. To get it: tlhelpers fetch {name}"
        )
    if path.suffix == ".pth" and find_architecture(name).module == efficientnet_lite.MODULE:
        try:
            efficientnet_lite.check_file(name, path)
        except ValueError as error:
            raise ValueError(_wrong_file(path, name, str(error))) from error
        return  # its reader follows no code
    if path.suffix != ".h5":
        raise ValueError(
            f"{path.name} is not a file of weights that ends in .h5; no other kind is loaded, as "
            f"others can contain code. To get the right one: tlhelpers fetch {name}"
        )
    if not h5py.is_hdf5(path):
        raise ValueError(_wrong_file(path, name, "the file is damaged or of another kind"))


def _wrong_file(path: Path, name: str, reason: str) -> str:
    return (
        f"{path.name} does not hold the weights of {name} with its classification layer: "
        f"{reason}. Give the file that belongs to it (tlhelpers fetch {name}), "
        "or the name of the network that the file belongs to."
    )
