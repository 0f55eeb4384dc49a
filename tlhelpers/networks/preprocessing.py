"""Prepare images for a network of Keras Applications, and refuse what it does not take."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tlhelpers.inputs import read_array
from tlhelpers.networks import efficientnet_lite, fingerprint
from tlhelpers.networks.table import Architecture, find_architecture


def preprocess_for(name: str) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function that prepares images for a network.

    The weights were learned with images of the size in the table.  Where accuracy is at
    stake, give that size; for a quick trial, a smaller one will do.

    Parameters
    ----------
    name
        A name in `ARCHITECTURES`.

    Returns
    -------
    callable
        Takes images (n, height, width, 3) in RGB, from 0 to 255, of any type, and
        returns float32 in the range of the network.  It leaves its argument as
        it is.  It refuses images of another range or number of colours, or
        smaller than Keras allows (`smallest_side`), with a `ValueError` (and what is no
        array of numbers with a `TypeError`) that names the call to make.

    Raises
    ------
    ValueError
        If there is no network of that name.

    Examples
    --------
    >>> white = np.full((1, 224, 224, 3), 255, np.uint8)
    >>> preprocess_for("MobileNetV2")(white).max()
    np.float32(1.0)
    """
    architecture = find_architecture(name)

    # By this name, features.compute can tell it from that of another network, also in
    # the next session.
    @fingerprint.stays_the_same(f"preprocess_for({name!r})")
    def prepare(images: np.ndarray) -> np.ndarray:
        return _prepare(images, architecture)

    return prepare


def smallest_side(name: str) -> int:
    """Return the least height and width of images that Keras lets a network have.

    Networks of another size than in the table come from ``build_network(name, size=...)``.

    Examples
    --------
    >>> smallest_side("MobileNetV2"), smallest_side("InceptionV3")
    (32, 75)
    """
    odd = {"inception_v3": 75, "inception_resnet_v2": 75, "xception": 71}
    return odd.get(find_architecture(name).module, 32)


def _prepare(images: np.ndarray, architecture: Architecture) -> np.ndarray:
    import keras

    images = _check_images(images, architecture)
    # Keras works in place on floats, so it gets a copy of its own.
    copy = np.array(images, np.float32)
    if architecture.module == efficientnet_lite.MODULE:
        return efficientnet_lite.prepare(copy)
    function = getattr(keras.applications, architecture.module).preprocess_input
    return np.ascontiguousarray(function(copy, data_format="channels_last"), np.float32)


def _check_images(images: np.ndarray, architecture: Architecture) -> np.ndarray:
    """Return images as an array, if they are what the network's preprocessing takes."""
    side = architecture.size
    wanted = f"{architecture.name} wants images of shape (n, {side}, {side}, 3), 0 to 255"
    try:
        images = read_array(images, "images")
    except (TypeError, ValueError) as error:
        advice = f"tl.image_files.load_images(files, {side}) makes one array of files."
        raise type(error)(f"{wanted}. {error} {advice}") from None
    if images.dtype.kind not in "fiu":
        raise TypeError(f"{wanted}; got dtype {images.dtype}.")
    small = smallest_side(architecture.name)
    if images.ndim != 4 or images.shape[3] != 3 or min(images.shape[1:3]) < small:
        raise ValueError(
            f"{wanted} (or of another size, at least {small}); got {images.shape}. "
            f"{_shape_advice(images.shape, side)}"
        )
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
        return f"tl.image_files.load_images(files, {side}) makes such an array from files."
    if shape[-1] == 1:
        return "They are grey: give np.repeat(images, 3, axis=-1)."
    if shape[-1] == 4:
        return "They have a fourth channel (transparency): give images[..., :3]."
    if shape[1] == 3:
        return "The colours come first: give np.moveaxis(images, 1, -1)."
    return (
        f"Bring them to size with keras.ops.image.resize(images, ({side}, {side})), "
        f"or load the files with tl.image_files.load_images(files, {side})."
    )
