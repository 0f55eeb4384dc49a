"""How good predictions are: accuracy and its interval, confidence and its calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tlhelpers.batches import drop_labels, is_dataset, read_batches
from tlhelpers.data import splits
from tlhelpers.inputs import (
    read_array,
    read_count,
    read_images,
    read_items,
    read_labels,
    read_number,
    read_text,
)
from tlhelpers.networks.surgery import (
    gives_logits,
    images_at_once,
    read_one_input,
    run_network,
)

if TYPE_CHECKING:  # for readers and type checkers only: Keras and TensorFlow take seconds to load
    import keras
    import tensorflow as tf


def confidence_bins(
    confidence: np.ndarray, correct: np.ndarray, bins: int = 10
) -> list[tuple[int, float, float]]:
    """Sort answers by confidence into bins of equal width, and compare with what came true.

    Parameters
    ----------
    confidence
        Shape (n,), from 0 to 1: the probability that the network gave its own answer.
    correct
        Shape (n,), True or False (or 1 and 0): whether that answer was right.
    bins
        How many bins between 0 and 1.  A confidence on an edge belongs to the
        bin below it.

    Returns
    -------
    list of (count, mean confidence, accuracy)
        One for each bin that is not empty, from unsure to sure.

    Raises
    ------
    ValueError
        If the two do not belong together, are empty, or are no shares.

    Examples
    --------
    >>> confidence_bins([0.25, 0.75, 0.75], [False, True, False], bins=2)
    [(1, 0.25, 0.0), (2, 0.75, 0.5)]
    """
    bins = read_count(bins, "bins")
    confidence = read_array(confidence, "confidence")
    correct = read_array(correct, "correct")
    if confidence.ndim != 1 or confidence.shape != correct.shape or not len(confidence):
        raise ValueError(
            "confidence and correct must be two rows of the same length, one pair for each answer; "
            f"got shapes {confidence.shape} and {correct.shape}. "
            "From probabilities: confidence = probabilities.max(axis=1), "
            "correct = probabilities.argmax(axis=1) == labels."
        )
    if not (confidence.min() >= 0 and confidence.max() <= 1 + 1e-6):  # so written, NaN fails too
        raise ValueError(
            "confidence must lie between 0 and 1; "
            f"got {confidence.min():g} to {confidence.max():g}. Give softmax outputs."
        )
    if not np.isin(correct, (0, 1)).all():
        raise ValueError("correct must hold True or False; compare answers with labels first.")
    confidence = confidence.astype(np.float64)
    # round: 0.3 * 10 is a little more than 3, and must not fall into the next bin.
    number = np.clip(np.ceil(np.round(confidence * bins, 9)) - 1, 0, bins - 1)
    return [
        (int(inside.sum()), float(confidence[inside].mean()), float(correct[inside].mean()))
        for inside in (number == b for b in np.unique(number))
    ]


def expected_calibration_error(
    confidence: np.ndarray, correct: np.ndarray, bins: int = 10
) -> float:
    """Return how far confidence is from accuracy, on average over the answers.

    Answers are sorted by confidence into bins of equal width.  In each bin,
    mean confidence and accuracy are compared; the differences, without their
    sign, are averaged with the number of answers as weights.

    Parameters
    ----------
    confidence, correct, bins
        As for `confidence_bins`.

    Returns
    -------
    float
        From 0 (as sure as it should be) to 1.

    References
    ----------
    Naeini, Cooper and Hauskrecht 2015, "Obtaining well calibrated
    probabilities using Bayesian binning"; Guo et al. 2017, "On calibration of
    modern neural networks".

    Examples
    --------
    Four answers at 0.9, three of them right:

    >>> round(expected_calibration_error([0.9] * 4, [True, True, True, False]), 2)
    0.15
    """
    table = confidence_bins(confidence, correct, bins)
    total = sum(count for count, _, _ in table)
    return sum(count / total * abs(sure - right) for count, sure, right in table)


def accuracy_interval(right: int, total: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Return between which two values the true accuracy lies, when so many of so few were right.

    An accuracy on a test set is an estimate: another test set of the same size
    would give another one.  This interval (Wilson's) is made so that it catches the
    true accuracy in about 95 of 100 such test sets.  It takes for granted that
    the test pictures are independent of each other and of those to learn from.

    Parameters
    ----------
    right
        How many of the test pictures were answered rightly.
    total
        How many test pictures there are, at least 1.
    confidence
        How often such an interval is to catch the true value, between 0 and 1.

    Returns
    -------
    low, high
        From 0 to 1.

    Raises
    ------
    ValueError
        If these are no such counts, or confidence is not between 0 and 1.

    References
    ----------
    Wilson 1927, "Probable inference, the law of succession, and statistical
    inference"; Brown, Cai and DasGupta 2001, "Interval estimation for a
    binomial proportion", which recommends it for small samples.

    Examples
    --------
    >>> [round(end, 2) for end in accuracy_interval(9, 10)]
    [0.6, 0.98]
    >>> [round(end, 2) for end in accuracy_interval(900, 1000)]
    [0.88, 0.92]
    """
    from scipy.stats import binomtest

    _check_confidence(confidence)
    total = read_count(total, "total", most=10**9)
    if 0 < read_number(right, "right") < 1:
        raise ValueError(
            f"right is a count; got {right!r}. If you have an accuracy, give "
            "round(accuracy * total)."
        )
    right = read_count(right, "right", least=0, most=total)
    interval = binomtest(right, total).proportion_ci(float(confidence), method="wilson")
    return float(interval.low), float(interval.high)


def _check_confidence(confidence: float) -> None:
    if not 0 < read_number(confidence, "confidence") < 1:
        raise ValueError(f"confidence must lie between 0 and 1; got {confidence!r}.")


def group_interval(
    right: np.ndarray, groups: np.ndarray, *, confidence: float = 0.95
) -> tuple[float, float]:
    """Return between which two values the accuracy on new groups lies, on average.

    Digits of one writer, photographs of one mug or cells of one module stand or fall together.
    A test of 900 digits by seven writers knows seven writers, not 900.  So each group counts as
    one number, its accuracy, and this is Student's t interval for the mean of such numbers.  It
    takes for granted that the groups were drawn by chance, and that their accuracies spread
    about as a bell does; with few groups it is rough.  It is cut at 0 and 1.

    Parameters
    ----------
    right
        Shape (n,), True or False (or 1 and 0): whether each answer was right.
    groups
        Shape (n,): which group each is of, as a whole number; at least two groups.
    confidence
        How often such an interval is to catch the true value, between 0 and 1.

    Returns
    -------
    low, high
        From 0 to 1.

    Raises
    ------
    ValueError
        If the two do not belong together, or there is one group only.

    References
    ----------
    Student 1908, "The probable error of a mean".

    Examples
    --------
    Three writers, ten digits of each: 90, 70 and 80 % are right.

    >>> right = np.repeat([1, 0, 1, 0, 1, 0], [9, 1, 7, 3, 8, 2])
    >>> [round(end, 2) for end in group_interval(right, np.repeat([0, 1, 2], 10))]
    [0.55, 1.0]
    """
    from scipy.stats import t

    _check_confidence(confidence)
    right, groups = read_array(right, "right"), read_array(groups, "groups")
    if right.ndim != 1 or right.shape != groups.shape:
        raise ValueError(
            "right and groups must be two rows of the same length, one pair for each answer; "
            f"got shapes {right.shape} and {groups.shape}."
        )
    if not np.isin(right, (0, 1)).all():
        raise ValueError("right must hold True or False; compare answers with labels first.")
    groups = read_labels(groups, "groups")
    each = [float(right[groups == group].mean()) for group in np.unique(groups)]
    if len(each) < 2:
        raise ValueError(
            f"groups has {len(each)} group: how groups differ takes two at least. Within one, "
            "accuracy_interval counts answers."
        )
    middle, spread = float(np.mean(each)), float(np.std(each, ddof=1))
    half = float(t.ppf((1 + float(confidence)) / 2, len(each) - 1)) * spread / len(each) ** 0.5
    return max(0.0, middle - half), min(1.0, middle + half)


def probabilities(
    model: keras.Model,
    images: np.ndarray | tf.data.Dataset,
    batch_size: int | None = None,
) -> np.ndarray:
    """Return the class probabilities of each image, also where the network gives logits.

    Parameters
    ----------
    model
        A classifier.
    images
        Shape (n, ...); or a dataset of batches of images: the answers come in the order of
        one pass, so let it not shuffle.  Labels, if it has any, are not looked at.
    batch_size
        How many images to handle at once; by default up to 256, fewer if they are large.
    """
    from scipy.special import softmax

    if is_dataset(images):
        return probabilities_and_labels(model, drop_labels(images))[0]
    images = read_for(model, images)
    size = images_at_once(model) if batch_size is None else read_count(batch_size, "batch_size")
    answers = np.concatenate(
        [run_network(model, images[start : start + size]) for start in range(0, len(images), size)]
    )
    return softmax(answers, axis=1) if gives_logits(model) else answers


def probabilities_and_labels(
    model: keras.Model, dataset: tf.data.Dataset, name: str = "images"
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the class probabilities of a dataset's images, and its labels, of the same pass."""
    name = read_text(name, "name")
    answers: list[np.ndarray] = []
    numbers: list[np.ndarray] = []
    for images, labels in read_batches(dataset, name):
        answers.append(probabilities(model, read_for(model, images, name)))
        if labels is not None:
            numbers.append(labels)
    if not answers:
        raise ValueError(f"{name} is a dataset without a batch.")
    return np.concatenate(answers), np.concatenate(numbers) if numbers else None


def read_for(model: keras.Model, images: Any, name: str = "images") -> np.ndarray:
    """Return images as a classifier takes them, at least one, or say what does not fit."""
    shape = read_one_input(model).input_shape[1:]
    return read_images(images, name, shape=shape, at_least=1)


def accuracy(model: keras.Model, part: splits.Split | tf.data.Dataset) -> float:
    """Return the accuracy of a classifier on images that are preprocessed already.

    Parameters
    ----------
    model
        A classifier.
    part
        Images and labels; or a dataset of such pairs, of which one pass is made.
    """
    if is_dataset(part):
        found, labels = probabilities_and_labels(model, part, "part")
        if labels is None:
            raise ValueError("part must give pairs (images, labels); it gives images alone.")
        labels = read_labels(labels, "the labels that part gives", classes=found.shape[1])
        return float(np.mean(found.argmax(axis=1) == labels))
    images, labels = read_items(part, "part", at_least=2, at_most=2)
    images = read_for(model, images)
    labels = read_labels(labels, count=len(images))
    answers = model.predict(images, batch_size=images_at_once(model), verbose=0).argmax(axis=1)
    return float(np.mean(answers == labels))
