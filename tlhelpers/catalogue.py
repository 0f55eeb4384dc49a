"""Networks of Keras Applications: build one by name, prepare its images, cut its head off.

Each network wants images of its own size and pixels in its own range, and each
has a head of its own kind.  `ARCHITECTURES` knows them all.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tlhelpers.architectures import ARCHITECTURES as ARCHITECTURES  # by name
from tlhelpers.architectures import Architecture, named

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras


def network(name: str, weights: str | Path | None = None) -> keras.Model:
    """Build a whole network: images in, probabilities of the 1,000 ImageNet classes out.

    Nothing is downloaded: `fetch.get` hands out files of weights.

    Parameters
    ----------
    name
        A name in `ARCHITECTURES`.
    weights
        A file of ImageNet weights with the classification layer, as Keras
        publishes them (.h5, which holds numbers and no code).  Without one,
        the weights are random.

    Returns
    -------
    keras.Model
        From what `preprocess` returns to probabilities, shape (n, 1000).

    Raises
    ------
    FileNotFoundError
        If there is no such file of weights.
    ValueError
        If there is no such network, or the file does not belong to it.

    Examples
    --------
    >>> network("MobileNetV3Small").output_shape
    (None, 1000)
    """
    import warnings

    import keras

    architecture = named(name)
    build = getattr(keras.applications, name)
    shape = (architecture.size, architecture.size, 3)
    if weights is None:
        return build(weights=None, input_shape=shape)
    path = Path(weights).expanduser()
    _check_file(path, name)
    # Keras builds some networks otherwise for ImageNet weights than for a file
    # (EfficientNetB0 to B7 get one more layer), so we say "imagenet" and hand
    # it our file where it would download its own.
    tools = build.__globals__["file_utils"]
    get_file, tools.get_file = tools.get_file, lambda *_, **__: str(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about input shapes
            return build(weights="imagenet", input_shape=shape)
    except (ValueError, KeyError, OSError, TypeError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ValueError(_wrong_file(path, name, f"they do not fit it ({reason})")) from error
    finally:
        tools.get_file = get_file


def cut(name: str, model: keras.Model) -> keras.Model:
    """Return the backbone of a network: images in, one row of features for each out.

    What follows the last feature map is the head and comes off, be it one
    layer or several.  Then every channel is averaged over the picture.

    Parameters
    ----------
    name
        A name in `ARCHITECTURES`.
    model
        From `network` with the same name.  The backbone shares its layers.

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
    >>> cut("MobileNetV3Small", network("MobileNetV3Small")).output_shape
    (None, 576)
    """
    import keras

    architecture = named(name)
    if model.count_params() != architecture.parameters:
        raise ValueError(
            f"{model.name} is not a whole {name}, so its head is not where it should be. "
            f"Give the network as tl.catalogue.network({name!r}) builds it."
        )
    features = model.layers[-1 - architecture.head].output
    if len(features.shape) == 4:
        features = keras.layers.GlobalAveragePooling2D(name="features")(features)
    return keras.Model(model.inputs, features, name=f"{model.name}_backbone")


def preprocess(name: str) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function that prepares images for a network.

    Parameters
    ----------
    name
        A name in `ARCHITECTURES`.

    Returns
    -------
    callable
        Takes images (n, size, size, 3) in RGB, from 0 to 255, of any type, and
        returns float32 in the range of the network.  It leaves its argument as
        it is.  It refuses images of another size, range or number of colours
        with a `ValueError` (and what is no array of numbers with a
        `TypeError`) that names the call to make.

    Raises
    ------
    ValueError
        If there is no network of that name.

    Examples
    --------
    >>> white = np.full((1, 224, 224, 3), 255, np.uint8)
    >>> preprocess("MobileNetV2")(white).max()
    np.float32(1.0)
    """
    architecture = named(name)

    # A plain function that holds plain values: features.compute can tell it from
    # that of another network, also in the next session.
    def prepare(images: np.ndarray) -> np.ndarray:
        return _prepare(images, architecture)

    return prepare


def _prepare(images: np.ndarray, architecture: Architecture) -> np.ndarray:
    import keras

    images = _check_images(images, architecture)
    # Keras works in place on floats, so it gets a copy of its own.
    copy = np.array(images, np.float32)
    function = getattr(keras.applications, architecture.module).preprocess_input
    return np.ascontiguousarray(function(copy, data_format="channels_last"), np.float32)


# ----------------------------------------------------------------------------- checks


def _check_images(images: np.ndarray, architecture: Architecture) -> np.ndarray:
    """Return images as an array, if they are what the network's preprocessing takes."""
    side = architecture.size
    wanted = f"{architecture.name} wants images of shape (n, {side}, {side}, 3), 0 to 255"
    try:
        images = np.asarray(images)
    except ValueError:
        raise ValueError(
            f"{wanted}; got pictures of different sizes. "
            f"tl.pictures.load(files, {side}) brings files to one size."
        ) from None
    if images.dtype.kind not in "fiu":
        raise TypeError(f"{wanted}; got dtype {images.dtype}.")
    if images.shape[1:] != (side, side, 3) or images.ndim != 4:
        raise ValueError(f"{wanted}; got {images.shape}. {_shape_advice(images.shape, side)}")
    if not images.size:
        return images
    low, high = images.min(), images.max()
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ValueError(f"{wanted}; got values that are not finite (NaN or infinity).")
    advice = ""
    if images.dtype.kind == "f" and 0 <= low and 0 < high <= 1:
        advice = "They seem to lie between 0 and 1: give images * 255."
    elif -1 <= low < 0 and high <= 1:
        advice = (
            "They seem to lie between -1 and 1, as if they were prepared already. "
            "Give the pictures as they were before, or (images + 1) * 127.5."
        )
    elif low < 0:
        advice = "They seem to be prepared already: give the pictures as they were before."
    elif high > 255:
        advice = "They seem to have 16 bits: give images / 257."
    if advice:
        raise ValueError(f"{wanted}; got values from {low:g} to {high:g}. {advice}")
    return images


def _shape_advice(shape: tuple[int, ...], side: int) -> str:
    """Name the call that makes images of a wrong shape right, as far as can be told."""
    if len(shape) == 3 and shape[-1] == 3:
        return "For one image, give images[None]."
    if len(shape) in (2, 3):
        one = "[None]" if len(shape) == 2 else ""
        return f"They are grey: give np.repeat(images{one}[..., None], 3, axis=-1)."
    if len(shape) != 4:
        return f"tl.pictures.load(files, {side}) makes such an array from files."
    if shape[-1] == 1:
        return "They are grey: give np.repeat(images, 3, axis=-1)."
    if shape[-1] == 4:
        return "They have a fourth channel (transparency): give images[..., :3]."
    if shape[1] == 3:
        return "The colours come first: give np.moveaxis(images, 1, -1)."
    return (
        f"Bring them to size with keras.ops.image.resize(images, ({side}, {side})), "
        f"or load the files with tl.pictures.load(files, {side})."
    )


def _check_file(path: Path, name: str) -> None:
    """Refuse what is not a file of plain numbers before Keras opens it."""
    import h5py

    if not path.is_file():
        raise FileNotFoundError(
            f"There is no file of weights {path}. To get it: tlhelpers fetch {name}"
        )
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
