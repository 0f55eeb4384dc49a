"""Adaptation by the network's own answers: self-training, consistency."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from tlhelpers.batches import is_dataset
from tlhelpers.inputs import (
    read_count,
    read_function,
    read_images,
    read_items,
    read_number,
    read_probabilities,
)
from tlhelpers.networks.surgery import copy_network
from tlhelpers.transfer.adaptation.checks import History
from tlhelpers.transfer.adaptation.loop import Settings, train
from tlhelpers.transfer.adaptation.losses import alignment_ratio, cross_entropy
from tlhelpers.transfer.adaptation.streams import read_target, stream
from tlhelpers.transfer.augmentation import augmented, random_warp
from tlhelpers.transfer.metrics import probabilities

if TYPE_CHECKING:  # for readers and type checkers only: Keras and TensorFlow take seconds to load
    import keras
    import tensorflow as tf


def self_training(
    model: keras.Model,
    source_images: np.ndarray | tf.data.Dataset,
    source_labels: np.ndarray | None,
    target_images: np.ndarray | tf.data.Dataset,
    *,
    weight: float = 1.0,
    rounds: int = 5,
    shares: tuple[float, float] = (0.2, 0.8),
    **settings: Unpack[Settings],
) -> tuple[keras.Model, History]:
    """Class-balanced self-training: learn from one's own surest answers.

    In each round the network labels the target, and keeps for each class that
    it predicts the same share of its surest images, so that easy classes do
    not crowd out hard ones.  The share grows from round to round.

    Of a dataset, answers are kept, not images: a first pass in each round says how sure is
    sure enough for each class; then a copy of the network, as it was at that time, labels
    the images as they come, in whatever order.

    Parameters
    ----------
    model, source_images, source_labels, target_images, settings
        See `train`.
    weight
        How much the images with own labels count.  With 0 it is source-only training, and
        then `adabn`.
    rounds
        How often to label anew, at least 1.
    shares
        Share of each class that is kept in the first and in the last round.

    Returns
    -------
    adapted : keras.Model
    history : dict
        ``"loss"``, ``"source loss"``, ``"own loss"``.

    References
    ----------
    Zou et al. 2018, "Unsupervised domain adaptation for semantic segmentation
    via class-balanced self-training".
    """
    read_number(weight, "weight", least=0)
    read_count(rounds, "rounds")
    for share in read_items(shares, "shares", at_least=2, at_most=2):
        read_number(share, "A share", above=0, most=1)
    if not is_dataset(target_images):
        target_images = read_images(target_images, "target_images")
    steps, size = settings.get("steps", 300), settings.get("batch_size", 64)
    augment = settings.get("augment")
    rng = np.random.default_rng([settings.get("seed", 0), 2])
    own: Iterator[tuple[np.ndarray, np.ndarray]] = iter(())

    def more(step: int, network: keras.Model, batch: dict) -> dict:
        nonlocal own
        number = step * rounds // steps
        if step == 0 or number > (step - 1) * rounds // steps:
            share = float(np.linspace(*shares, rounds)[number])
            own = (
                _surest_of_dataset(network, target_images, share, size)
                if is_dataset(target_images)
                else _surest_of_array(network, target_images, share, size, rng)
            )
        images, labels = next(own)
        images = images if augment is None else augmented(augment, images, rng)
        return {"own": images, "own labels": labels}

    def loss(look: Callable, batch: dict) -> tuple[Any, dict]:
        task = cross_entropy(batch["labels"], look(batch["source"])[1])
        own = cross_entropy(batch["own labels"], look(batch["own"])[1])
        return task + weight * own, {"source loss": task, "own loss": own}

    return train(model, loss, source_images, source_labels, target_images, more=more, **settings)


def _surest_of_array(
    network: keras.Model, images: np.ndarray, share: float, size: int, rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield batches of the surest images, drawn at random, with the network's own labels."""
    rows, labels = surest_rows(probabilities(network, images), share)
    while True:
        chosen = rng.integers(len(rows), size=size)
        yield images[rows[chosen]], labels[chosen]


def _surest_of_dataset(
    network: keras.Model, dataset: tf.data.Dataset, share: float, size: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the same images as `_surest_of_array`, in the order in which a dataset gives them."""
    network, dataset = copy_network(network), read_target(dataset)  # it goes on learning
    answers = probabilities(network, dataset)
    rows, labels = surest_rows(answers, share)
    least = np.full(answers.shape[1], np.inf)
    np.minimum.at(least, labels, answers[rows].max(axis=1) - 1e-5)  # in another batch, so alike
    kept: list[tuple[np.ndarray, np.ndarray]] = []
    passed = 0
    for images, _ in stream(dataset, network, "target_images", endless=True):
        answers_now = probabilities(network, images)
        labels = answers_now.argmax(axis=1)
        sure = answers_now.max(axis=1) >= least[labels]
        passed = 0 if sure.any() else passed + len(images)
        if passed > 2 * len(answers):
            raise ValueError(
                "target_images gives other images in every pass, and the network is sure of none. "
                "Give a dataset that does not change them, and augment=... to this method."
            )
        kept.append((images[sure], labels[sure]))
        while sum(len(part) for _, part in kept) >= size:
            images, labels = (np.concatenate(parts) for parts in zip(*kept, strict=True))
            kept = [(images[size:], labels[size:])]
            yield images[:size], labels[:size]


def surest_rows(answers: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows with the surest answers of each predicted class, and these classes.

    Parameters
    ----------
    answers
        Probabilities, shape (n, classes).
    share
        Which share of each predicted class to keep, above 0 to 1; at least one row.

    Examples
    --------
    >>> surest_rows(np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]]), share=0.5)
    (array([0, 2]), array([0, 1]))
    """
    answers = read_probabilities(answers)
    read_number(share, "share", above=0, most=1)
    classes, confidence = answers.argmax(axis=1), answers.max(axis=1)
    best = []
    for label in np.unique(classes):
        members = np.flatnonzero(classes == label)
        surest_first = members[np.argsort(-confidence[members], kind="stable")]
        best.append(surest_first[: max(1, round(share * len(members)))])
    rows = np.concatenate(best)
    return rows, classes[rows]


def consistency(
    model: keras.Model,
    source_images: np.ndarray | tf.data.Dataset,
    source_labels: np.ndarray | None,
    target_images: np.ndarray | tf.data.Dataset,
    *,
    strong: Callable[[np.ndarray, np.random.Generator], np.ndarray] = random_warp,
    threshold: float = 0.9,
    align: bool = True,
    weight: float = 1.0,
    **settings: Unpack[Settings],
) -> tuple[keras.Model, History]:
    """Consistency with distribution alignment: answer the same when the image is warped.

    The answer to a target image becomes the label of a strongly changed copy
    of it, where the network is sure enough.  Before that, the answers are
    moved towards the classes' shares in the source.

    It has FixMatch's fixed threshold and AdaMatch's distribution alignment.  It lacks what
    else makes AdaMatch: a threshold relative to the source's confidence, and logits
    interpolated at random between two ways of normalising a batch.

    Parameters
    ----------
    model, source_images, source_labels, target_images, settings
        See `train`.
    strong
        Makes the strongly changed copy.
    threshold
        How sure an answer must be, from 0 to 1.
    align
        Whether to move the answers towards the shares of the source.  Turn it
        off where the shares of the target are known to be different.
    weight
        How much the target counts.  With 0 it is source-only training, and then `adabn`.

    Returns
    -------
    adapted : keras.Model
    history : dict
        ``"loss"``, ``"source loss"``, ``"target loss"``, ``"sure"`` (share of the
        target that is used), ``"alignment"`` (largest distance of the ratio from 1).

    References
    ----------
    Sohn et al. 2020, "FixMatch: simplifying semi-supervised learning with consistency
    and confidence"; Berthelot et al. 2022, "AdaMatch: a unified approach to
    semi-supervised learning and domain adaptation".
    """
    import keras
    from keras import ops

    read_number(weight, "weight", least=0)
    read_number(threshold, "threshold", least=0, most=1)
    read_function(strong, "strong")
    rng = np.random.default_rng([settings.get("seed", 0), 2])

    def more(step: int, network: keras.Model, batch: dict) -> dict:
        return {"strong": augmented(strong, batch["target"], rng)}

    def loss(look: Callable, batch: dict) -> tuple[Any, dict]:
        _, answers = look(batch["source"])
        task = cross_entropy(batch["labels"], answers)
        _, seen = look(batch["target"])
        ratio = alignment_ratio(answers, seen)
        if align:
            seen = seen * ratio
            seen = seen / ops.sum(seen, axis=1, keepdims=True)
        sure = ops.cast(ops.max(seen, axis=1) > threshold, "float32")
        own = ops.argmax(seen, axis=1)  # a label: no gradient flows through it
        _, warped = look(batch["strong"])
        target = ops.mean(sure * keras.losses.sparse_categorical_crossentropy(own, warped))
        watched = {"source loss": task, "target loss": target, "sure": ops.mean(sure)}
        watched["alignment"] = ops.max(ops.abs(ratio - 1))
        return task + weight * target, watched

    return train(model, loss, source_images, source_labels, target_images, more=more, **settings)
