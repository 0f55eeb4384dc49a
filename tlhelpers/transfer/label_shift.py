"""How often is each class in a target that nobody has labelled? And answers that know it.

Under *label shift* classes come more or less often than in the source, and the pictures of
each class stay as they were.  Then the answers of a network, which never were labels, tell
the shares of the classes.  Where the pictures of a class have changed as well, the shares are
estimates of an estimate: a warning, and no measurement.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tlhelpers.inputs import (
    check_shape,
    read_array,
    read_count,
    read_labels,
    read_number,
    read_probabilities,
)


def estimate_shares_em(
    probabilities: np.ndarray,
    source_shares: np.ndarray,
    *,
    steps: int = 10_000,
    tolerance: float = 1e-9,
) -> np.ndarray:
    """Estimate the share of each class in a target without labels, by EM.

    Two steps in turn: correct the answers by the shares believed in so far (`reweight`), and
    take the mean of the corrected answers as the new shares.  The network's probabilities
    should mean what they say (be calibrated): one that is too sure is believed too much.

    Parameters
    ----------
    probabilities
        A network's answers to target images, shape (n, classes).
    source_shares
        The share of each class in what it learned from, shape (classes,): from 0 to 1, 1 in
        sum.  A class with 0 stays at 0.
    steps
        At most so many rounds.
    tolerance
        Stop when no share moves by more than this.

    Returns
    -------
    numpy.ndarray
        Shape (classes,), from 0 to 1, 1 in sum.

    References
    ----------
    Saerens, Latinne and Decaestecker 2002, "Adjusting the outputs of a classifier to new a
    priori probabilities: a simple procedure".

    Examples
    --------
    Two of three answers are 0, and one in four answers is wrong.  If 5/6 are 0, then
    5/6 * 3/4 + 1/6 * 1/4 = 2/3 of the answers are:

    >>> answers = np.array([[0.75, 0.25], [0.75, 0.25], [0.25, 0.75]])
    >>> estimate_shares_em(answers, [0.5, 0.5]).round(3)
    array([0.833, 0.167])
    """
    answers = read_probabilities(probabilities, "probabilities")
    source = _read_shares(source_shares, "source_shares", answers.shape[1])
    steps = read_count(steps, "steps")
    tolerance = read_number(tolerance, "tolerance", least=0)
    if not (answers @ (source > 0) > 0).all():
        raise ValueError(
            "probabilities has rows that are 0 wherever source_shares is above 0. A network "
            "cannot be sure of a class that it has never learned."
        )
    shares = source
    for _ in range(steps):
        before, shares = shares, _corrected(answers, source, shares).mean(axis=0)
        if np.abs(shares - before).max() <= tolerance:
            break
    return shares


def estimate_shares_bbse(
    source_answers: np.ndarray, source_labels: np.ndarray, target_answers: np.ndarray
) -> np.ndarray:
    """Estimate the share of each class in a target without labels, from whom it is mistaken for.

    On labelled source images one counts how often each class gets each answer.  The shares are
    those with which these counts explain, as well as can be (least squares, none below 0), how
    often each answer is given to the target.  The network need not be calibrated, nor good.

    Parameters
    ----------
    source_answers
        Probabilities for source images that it has *not* learned from, shape (n, classes).
    source_labels
        Their classes, shape (n,): each class at least once.
    target_answers
        Probabilities for target images, shape (m, classes).

    Returns
    -------
    numpy.ndarray
        Shape (classes,), from 0 to 1, 1 in sum.

    References
    ----------
    Lipton, Wang and Smola 2018, "Detecting and correcting for label shift with black box
    predictors".

    Examples
    --------
    A network that takes every fourth 0 for a 1, and no 1 for a 0:

    >>> sure = np.eye(2)
    >>> kept = sure[[0, 0, 0, 1, 1, 1]]
    >>> target = sure[[0, 0, 0, 1]]  # 3/4 of the answers are 0: so all are
    >>> estimate_shares_bbse(kept, [0, 0, 0, 0, 1, 1], target)
    array([1., 0.])
    """
    from scipy.optimize import nnls

    source = read_probabilities(source_answers, "source_answers")
    classes = source.shape[1]
    labels = read_labels(source_labels, "source_labels", count=len(source), classes=classes)
    target = read_probabilities(target_answers, "target_answers")
    check_shape(target, "target_answers", (classes,))
    counts = np.bincount(labels, minlength=classes)
    if not counts.all():
        raise ValueError(
            f"source_labels has no image of class {int(counts.argmin())}: nobody can say what it "
            "is mistaken for. Give images of every class."
        )
    answered = np.zeros((classes, classes))  # row: the answer; column: the class
    np.add.at(answered, (source.argmax(axis=1), labels), 1)
    given = np.bincount(target.argmax(axis=1), minlength=classes) / len(target)
    shares, _ = nnls(answered / counts, given)
    if not shares.sum() > 0:
        raise ValueError("No answer that the target gets was ever given to a source image.")
    return np.asarray(shares / shares.sum())


def reweight(
    probabilities: np.ndarray, source_shares: np.ndarray, target_shares: np.ndarray
) -> np.ndarray:
    """Correct a network's answers for classes that come more or less often than it learned.

    Each probability is multiplied by how much more often its class comes (Bayes' rule), and
    each row is made 1 in sum again.

    Parameters
    ----------
    probabilities
        Answers, shape (n, classes).
    source_shares
        The share of each class in what the network learned from, shape (classes,).
    target_shares
        The share of each class in the target, known or estimated.

    Returns
    -------
    numpy.ndarray
        Shape (n, classes).

    References
    ----------
    Saerens, Latinne and Decaestecker 2002, as for `estimate_shares_em`.

    Examples
    --------
    >>> reweight([[0.5, 0.5]], [0.5, 0.5], [0.9, 0.1])
    array([[0.9, 0.1]])
    """
    answers = read_probabilities(probabilities, "probabilities")
    source = _read_shares(source_shares, "source_shares", answers.shape[1])
    target = _read_shares(target_shares, "target_shares", answers.shape[1])
    if not (answers @ ((source > 0) & (target > 0)) > 0).all():
        raise ValueError(
            "By these shares some images can be of no class at all: each class that a network "
            "gives them has a share of 0."
        )
    return _corrected(answers, source, target)


def _corrected(answers: np.ndarray, source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return answers by Bayes' rule; a class that the source lacks stays at 0."""
    ratio = np.divide(target, source, out=np.zeros_like(target), where=source > 0)
    weighted = answers * ratio
    return np.asarray(weighted / weighted.sum(axis=1, keepdims=True))


def _read_shares(shares: Any, name: str, classes: int) -> np.ndarray:
    """Return the shares of all classes, 1 in sum, or say what does not fit."""
    array = read_array(shares, name)
    if array.shape != (classes,):
        raise ValueError(
            f"{name} must hold a share for each of {classes} classes; got shape {array.shape}."
        )
    array = array.astype(np.float64)
    if not (array.min(initial=0) >= 0 and abs(array.sum() - 1) <= 1e-2):  # so written, NaN fails
        raise ValueError(
            f"{name} must be shares, none below 0 and 1 in sum; got {array.min():g} to "
            f"{array.max():g}, sum {array.sum():g}. From counts: counts / counts.sum()."
        )
    return np.asarray(array / array.sum())
