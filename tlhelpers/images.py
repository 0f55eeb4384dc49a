"""Splits, label budgets and checks for arrays of images.

Data sets in this course are plain NumPy arrays: ``images`` and ``labels``.
Nothing here knows about networks.
"""

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


def contiguous_split(n: int, parts: int = 2) -> list[slice]:
    """Cut n rows into neighbouring parts of (nearly) equal size, without shuffling.

    The rows of scikit-learn's digits come in the order of their writers.  A
    shuffled split puts the same hands on both sides, and the test then asks
    for less than it seems to.

    Parameters
    ----------
    n
        Number of rows, at least ``parts``.
    parts
        Number of parts, at least 2.

    Returns
    -------
    list of slice
        One slice of rows for each part, in order.

    Raises
    ------
    ValueError
        If there are fewer rows than parts.

    Examples
    --------
    >>> contiguous_split(5, 2)
    [slice(0, 2, None), slice(2, 5, None)]
    """
    if parts < 2 or n < parts:
        raise ValueError(
            f"Cannot cut {n} rows into {parts} parts; want at least 2 parts, a row each."
        )
    edges = [n * i // parts for i in range(parts + 1)]
    return [slice(a, b) for a, b in zip(edges, edges[1:], strict=False)]


def label_budget(labels: np.ndarray, per_class: int, *, seed: int = 0) -> np.ndarray:
    """Draw the rows that a small label budget would pay for.

    Parameters
    ----------
    labels
        Shape (n,), integers.
    per_class
        How many labelled examples of every class, at least 1.
    seed
        Which draw.  The same seed gives the same rows, and a larger budget with
        the same seed contains the smaller one.

    Returns
    -------
    numpy.ndarray
        Row numbers, ``per_class`` for each class, ordered by class.

    Raises
    ------
    ValueError
        If a class has fewer examples than the budget asks for.

    Examples
    --------
    >>> labels = np.array([0, 1, 0, 1, 0, 1])
    >>> rows = label_budget(labels, 2, seed=0)
    >>> labels[rows]
    array([0, 0, 1, 1])
    """
    labels = np.asarray(labels)
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise ValueError(
            f"labels must be one row of whole numbers; got shape {labels.shape}, {labels.dtype}."
        )
    if per_class != int(per_class) or per_class < 1:
        raise ValueError(f"per_class must be a whole number of at least 1; got {per_class!r}.")
    classes, counts = np.unique(labels, return_counts=True)
    if len(classes) == 0:
        raise ValueError("There are no labels to draw from.")
    if counts.min() < per_class:
        poor = classes[counts.argmin()]
        raise ValueError(
            f"A budget of {per_class} labels per class is more than there is: "
            f"class {poor} has {counts.min()} examples. Ask for at most {counts.min()}."
        )
    rng = np.random.default_rng(seed)
    # One random order for each class, and then its beginning: nested budgets.
    orders = [rng.permutation(np.flatnonzero(labels == c)) for c in classes]
    return np.concatenate([order[: int(per_class)] for order in orders])
