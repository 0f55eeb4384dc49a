"""Judge an adapted network without target labels, and measure the gap between domains.

The validators say how good a classifier may be on the target.  Higher is
better for each of them, and none of them is always right.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from tlhelpers.batches import drop_labels, is_dataset, read_batches
from tlhelpers.inputs import (
    check_shape,
    read_count,
    read_function,
    read_labels,
    read_number,
    read_probabilities,
    read_rows,
    read_seed,
)
from tlhelpers.transfer.adaptation.streams import read_source
from tlhelpers.transfer.augmentation import augmented, random_erase
from tlhelpers.transfer.metrics import probabilities, probabilities_and_labels, read_for

if TYPE_CHECKING:  # for readers and type checkers only: Keras and TensorFlow take seconds to load
    import keras
    import tensorflow as tf

ROWS = 10  # of each domain, at least: two for each of five folds


def source_accuracy(answers: np.ndarray, labels: np.ndarray) -> float:
    """Validator: the accuracy on source images kept aside.

    Parameters
    ----------
    answers
        Probabilities for source images, shape (n, classes).
    labels
        Their classes, shape (n,).

    Examples
    --------
    >>> source_accuracy(np.array([[0.9, 0.1], [0.6, 0.4]]), np.array([0, 1]))
    0.5
    """
    answers = read_probabilities(answers)
    labels = read_labels(labels, count=len(answers), classes=answers.shape[1])
    return float(np.mean(answers.argmax(axis=1) == labels))


def certainty(answers: np.ndarray) -> float:
    """Validator: how sure the answers are; minus their mean entropy, so at most 0.

    Parameters
    ----------
    answers
        Probabilities for target images, shape (n, classes).

    Examples
    --------
    >>> round(certainty(np.array([[0.5, 0.5], [1.0, 0.0]])), 4)  # -(log 2 + 0) / 2
    -0.3466
    """
    p = read_probabilities(answers)
    logs = np.log(p, out=np.zeros_like(p), where=p > 0)  # 0 log 0 counts as 0
    return float(np.mean(np.sum(p * logs, axis=1)))


def information(answers: np.ndarray) -> float:
    """Validator: information maximisation; sure of each answer, and all classes in use.

    The entropy of the mean answer minus the mean entropy of the answers: from 0
    to log(classes).

    Parameters
    ----------
    answers
        Probabilities for target images, shape (n, classes).

    References
    ----------
    Gomes, Krause and Perona 2010, "Discriminative clustering by regularized information
    maximization"; Shi and Sha 2012, "Information-theoretical learning of discriminative
    clusters for unsupervised domain adaptation".

    Examples
    --------
    >>> round(information(np.array([[1.0, 0.0], [0.0, 1.0]])), 4)  # log 2 - 0
    0.6931
    >>> round(information(np.array([[1.0, 0.0], [1.0, 0.0]])), 4)  # sure, but one class only
    0.0
    """
    answers = read_probabilities(answers)
    return certainty(answers) - certainty(np.mean(answers, axis=0, keepdims=True))


def neighbourhood_density(answers: np.ndarray, *, temperature: float = 0.05) -> float:
    """Validator: soft neighbourhood density (SND); do answers form dense groups?

    Each image looks at all others; those with similar answers get a large share
    of its attention.  The entropy of these shares is large if it has many
    neighbours.  Note: it is also large when all images get the same answer.

    Parameters
    ----------
    answers
        Probabilities for target images, shape (n, classes), at least two.
    temperature
        Small values let an image see only its nearest neighbours.

    References
    ----------
    Saito et al. 2021, "Tune it the right way: unsupervised validation of domain
    adaptation via soft neighborhood density".

    Examples
    --------
    >>> two_pairs = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    >>> round(neighbourhood_density(two_pairs), 4)  # each sees one other
    0.0
    >>> round(neighbourhood_density(two_pairs[[0, 0, 0]]), 4)  # each sees two others: log 2
    0.6931
    """
    from scipy.special import softmax

    temperature = read_number(temperature, "temperature", above=0)
    rows = read_probabilities(answers)
    if len(rows) < 2:
        raise ValueError(f"SND compares images: give at least two; got {len(rows)}.")
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    similar = rows @ rows.T / temperature
    others = similar[~np.eye(len(rows), dtype=bool)].reshape(len(rows), -1)
    return -certainty(softmax(others, axis=1))


def steady_information(
    model: keras.Model,
    images: np.ndarray | tf.data.Dataset,
    *,
    augment: Callable[[np.ndarray, np.random.Generator], np.ndarray] = random_erase,
    copies: int = 6,
    seed: int = 0,
) -> float:
    """Validator: information of the answers to changed copies of each image.

    The answers to the copies of one image are averaged first.  So it is large
    only where answers are sure, use all classes *and* stay when the image is
    changed a little.  A method that makes plain information large is flattered less.

    A judge must not be what was trained for.  So ``augment`` must be of a kind that *no*
    candidate trained with: judged on warped copies, a method that trains on warped images
    may look better than it is.

    Parameters
    ----------
    model
        A classifier.
    images
        Target images, shape (n, ...); or a dataset of them, of which one pass is made.
    augment
        Makes the copies, as ``augment(images, rng)``.  By default `random_erase`: no method of
        `adaptation` trains with it, unless told to.
    copies
        How many of each image, at least 1.
    seed
        Of the copies.

    Examples
    --------
    >>> import keras
    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    >>> model.set_weights([50 * np.eye(2), np.zeros(2)])
    >>> points = np.eye(2, dtype="float32")
    >>> round(steady_information(model, points, augment=lambda x, rng: x), 4)  # log 2
    0.6931
    >>> turned = iter([1, -1])
    >>> model_answers_differ = lambda x, rng: x * next(turned)
    >>> round(steady_information(model, points, augment=model_answers_differ, copies=2), 4)
    0.0
    """
    rng = np.random.default_rng(read_seed(seed))
    augment, copies = read_function(augment, "augment"), read_count(copies, "copies")

    def answers(images: np.ndarray) -> np.ndarray:
        images = read_for(model, images)
        warped = (augmented(augment, images, rng) for _ in range(copies))
        return np.mean([probabilities(model, part) for part in warped], axis=0)

    if not is_dataset(images):
        return information(answers(images))
    found = [answers(batch.images) for batch in read_batches(drop_labels(images))]
    if not found:
        raise ValueError("images is a dataset without a batch.")
    return information(np.concatenate(found))


def validate(
    model: keras.Model,
    target_images: np.ndarray | tf.data.Dataset,
    source_images: np.ndarray | tf.data.Dataset,
    source_labels: np.ndarray | None = None,
    *,
    augment: Callable[[np.ndarray, np.random.Generator], np.ndarray] | None = None,
) -> dict[str, float]:
    """Judge an adapted classifier by all validators. Higher is better for each.

    Parameters
    ----------
    model
        A classifier.
    target_images
        Unlabelled target images that were not used to adapt it; or a dataset of them.
    source_images, source_labels
        Source images kept aside; or a dataset of pairs, and no labels beside it.
    augment
        Makes the copies for `steady_information`, such as `random_erase`: of a kind that no
        candidate trained with.  It shares nothing with the methods; what they share with
        *information* itself stays (SHOT-IM makes it large, and so does every method that
        sharpens answers).

    Returns
    -------
    dict
        ``"source accuracy"``, ``"certainty"``, ``"information"``, ``"density"``, and,
        if ``augment`` is given, ``"steady information"``.
    """
    labels: Any = source_labels
    if is_dataset(source_images):
        pairs = read_source(source_images, source_labels)
        source_answers, labels = probabilities_and_labels(model, pairs, "source_images")
    else:
        source_answers = probabilities(model, read_for(model, source_images, "source_images"))
    if not is_dataset(target_images):
        target_images = read_for(model, target_images, "target_images")
    answers = probabilities(model, target_images)
    steady = {}
    if augment is not None:
        steady["steady information"] = steady_information(model, target_images, augment=augment)
    return steady | {
        "source accuracy": source_accuracy(source_answers, labels),
        "certainty": certainty(answers),
        "information": information(answers),
        "density": neighbourhood_density(answers),
    }


def proxy_distance(
    source_features: np.ndarray, target_features: np.ndarray, *, seed: int = 0
) -> tuple[float, float]:
    """Measure the domain gap: how well can a linear classifier tell the domains apart?

    Parameters
    ----------
    source_features, target_features
        Shapes (n, d) and (m, d), at least ten rows each.
    seed
        Which rows of the larger domain are used (as many as of the smaller one),
        and how they are split in five.

    Returns
    -------
    accuracy : float
        Cross-validated, from about 0.5 (not at all) to 1.
    distance : float
        The proxy A-distance 2 (1 - 2 error), from about 0 to 2.

    References
    ----------
    Ben-David et al. 2007, "Analysis of representations for domain adaptation".

    Examples
    --------
    >>> features = np.arange(100.0)[:, None]
    >>> proxy_distance(features, features + 1000)
    (1.0, 2.0)
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    source = read_rows(source_features, "source_features", at_least=ROWS)
    target = read_rows(target_features, "target_features", at_least=ROWS)
    check_shape(target, "target_features", source.shape[1:])
    rng = np.random.default_rng(read_seed(seed))
    size = min(len(source), len(target))
    parts = [x[rng.permutation(len(x))[:size]] for x in (source, target)]
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    folds = StratifiedKFold(5, shuffle=True, random_state=int(seed))
    scores = cross_val_score(classifier, np.concatenate(parts), np.repeat([0, 1], size), cv=folds)
    accuracy = float(scores.mean())
    return accuracy, 2 * (1 - 2 * (1 - accuracy))
