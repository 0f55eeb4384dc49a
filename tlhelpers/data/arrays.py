"""Check an array of images."""

from __future__ import annotations

import numpy as np


def check_images(images: np.ndarray, shape: tuple[int, ...], *, name: str = "images") -> np.ndarray:
    """Check an array of images and return it as float32.

    Parameters
    ----------
    images
        Shape (n, *shape), numbers from 0 to 1.
    shape
        The shape that one image must have, such as ``(8, 8)``.
    name
        What to call the array in a message.

    Returns
    -------
    numpy.ndarray
        The same images as float32.

    Raises
    ------
    TypeError
        If the array does not hold real numbers.
    ValueError
        If the shape is wrong, or values are missing or outside 0 to 1.

    Examples
    --------
    >>> check_images(np.zeros((5, 8, 8)), (8, 8)).dtype
    dtype('float32')
    """
    images = np.asarray(images)
    wanted = "(n, " + ", ".join(map(str, shape)) + ")"
    if images.dtype.kind not in "fiu":
        raise TypeError(f"{name} must hold real numbers from 0 to 1; got dtype {images.dtype}.")
    if images.shape[1:] != tuple(shape) or images.ndim != len(shape) + 1:
        hint = f" For one image, write {name}[None]." if images.shape == tuple(shape) else ""
        raise ValueError(f"{name} must have shape {wanted}; got {images.shape}.{hint}")
    images = images.astype(np.float32)
    if not np.isfinite(images).all():
        raise ValueError(f"{name} has values that are not finite (NaN or infinity).")
    if len(images) and (images.min() < 0 or images.max() > 1):
        hint = {True: " Divide by 16.", False: " Divide by 255."}[images.max() <= 16]
        hint = hint if images.min() >= 0 and images.max() > 1 else ""
        raise ValueError(
            f"{name} must lie between 0 and 1; got {images.min():g} to {images.max():g}.{hint}"
        )
    return images
