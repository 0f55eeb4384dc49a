"""The handwritten digits that ship inside scikit-learn."""

from __future__ import annotations

import numpy as np

from tlhelpers.data.splits import Split, contiguous_split

#: The row in which each form begins, and the end.  *Found* in the labels: every form asks for
#: the same digits in the same order, about 130 of them, and the next one begins anew.
FORMS = (0, 130, 256, 386, 516, 646, 776, 905, 1029, 1157, 1287, 1415, 1545, 1667, 1797)


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


def writers() -> np.ndarray:
    """Return of which form, and so of which writer, each of the 1,797 digits is.

    Digits of one writer are alike, so cut between forms, and count forms where you say how
    sure an accuracy is (`metrics.group_interval`).  There are fourteen forms; the data's
    authors give thirteen writers, so one of them may have filled in two.

    Returns
    -------
    numpy.ndarray
        Shape (1797,), integers from 0 to 13, in order.

    Examples
    --------
    >>> forms = writers()
    >>> forms[[0, 129, 130, 1796]]
    array([ 0,  0,  1, 13])
    """
    return np.repeat(np.arange(len(FORMS) - 1), np.diff(FORMS))
