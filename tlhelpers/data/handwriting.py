"""The handwritten digits that ship inside scikit-learn."""

from __future__ import annotations

import numpy as np

from tlhelpers.data.splits import Split, contiguous_split


def load_handwriting() -> tuple[np.ndarray, np.ndarray]:
    """Return the target domain: 1,797 handwritten digits, in the order of their writers.

    Returns
    -------
    images : numpy.ndarray
        Shape (1797, 8, 8), float32 from 0 (paper) to 1 (ink), in steps of 1/16.
    labels : numpy.ndarray
        Shape (1797,), integers from 0 to 9.

    References
    ----------
    Alpaydin and Kaynak 1998, "Optical recognition of handwritten digits",
    UCI Machine Learning Repository; the part inside scikit-learn.

    Examples
    --------
    >>> images, labels = load_handwriting()
    >>> images.shape, labels[:5]
    ((1797, 8, 8), array([0, 1, 2, 3, 4]))
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    return (digits.images / 16).astype(np.float32), digits.target


def load_halves() -> tuple[Split, Split]:
    """Return the handwritten digits in two halves: to learn from, and to test with.

    They are cut once, in the order of their writers, so that no hand is on
    both sides, except perhaps the one at the cut.

    Returns
    -------
    first, second : Split
        What to learn from, and what to test with.

    Examples
    --------
    >>> [len(half.labels) for half in load_halves()]
    [898, 899]
    """
    images, labels = load_handwriting()
    first, second = contiguous_split(len(labels), 2)
    return Split(images[first], labels[first]), Split(images[second], labels[second])
