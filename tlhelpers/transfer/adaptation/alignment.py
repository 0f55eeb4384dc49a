"""Adaptation by alignment: the features of both domains become alike (CORAL, MMD, DANN)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from tlhelpers.inputs import read_count, read_number, read_seed
from tlhelpers.networks.surgery import read_one_input
from tlhelpers.transfer.adaptation.checks import History, need_images
from tlhelpers.transfer.adaptation.loop import Settings, train
from tlhelpers.transfer.adaptation.losses import (
    coral_distance,
    cross_entropy,
    mmd_distance,
    reverse_gradient,
)

if TYPE_CHECKING:  # for readers and type checkers only: Keras and TensorFlow take seconds to load
    import keras
    import tensorflow as tf


def deep_coral(
    model: keras.Model,
    source_images: np.ndarray | tf.data.Dataset,
    source_labels: np.ndarray | None,
    target_images: np.ndarray | tf.data.Dataset,
    *,
    weight: float = 100.0,
    **settings: Unpack[Settings],
) -> tuple[keras.Model, History]:
    """DeepCORAL: make the features of both domains vary together in the same way.

    Parameters
    ----------
    model, source_images, source_labels, target_images, settings
        See `train`.
    weight
        How much the distance of the covariances counts.  With 0 nothing is aligned; that
        is source-only training *and then* `adabn`, as `train` says.

    Returns
    -------
    adapted : keras.Model
    history : dict
        ``"loss"``, ``"source loss"``, ``"distance"``.

    References
    ----------
    Sun and Saenko 2016, "Deep CORAL: correlation alignment for deep domain adaptation".
    """
    need_images(source_images=source_images, target_images=target_images)
    read_number(weight, "weight", least=0)

    def loss(look: Callable, batch: dict) -> tuple[Any, dict]:
        features, answers = look(batch["source"])
        target_features, _ = look(batch["target"])
        task = cross_entropy(batch["labels"], answers)
        distance = coral_distance(features, target_features)
        return task + weight * distance, {"source loss": task, "distance": distance}

    return train(model, loss, source_images, source_labels, target_images, **settings)


def deep_mmd(
    model: keras.Model,
    source_images: np.ndarray | tf.data.Dataset,
    source_labels: np.ndarray | None,
    target_images: np.ndarray | tf.data.Dataset,
    *,
    weight: float = 1.0,
    **settings: Unpack[Settings],
) -> tuple[keras.Model, History]:
    """MMD: make the clouds of features of both domains lie in the same place.

    Of the last features alone; the method of the paper aligns several layers, each with
    weights of its kernels.

    Parameters
    ----------
    model, source_images, source_labels, target_images, settings
        See `train`.
    weight
        How much the maximum mean discrepancy counts; 0 as for `deep_coral`.

    Returns
    -------
    adapted : keras.Model
    history : dict
        ``"loss"``, ``"source loss"``, ``"distance"``.

    References
    ----------
    Long et al. 2015, "Learning transferable features with deep adaptation networks".
    """
    need_images(source_images=source_images, target_images=target_images)
    read_number(weight, "weight", least=0)

    def loss(look: Callable, batch: dict) -> tuple[Any, dict]:
        features, answers = look(batch["source"])
        target_features, _ = look(batch["target"])
        task = cross_entropy(batch["labels"], answers)
        distance = mmd_distance(features, target_features)
        return task + weight * distance, {"source loss": task, "distance": distance}

    return train(model, loss, source_images, source_labels, target_images, **settings)


def dann(
    model: keras.Model,
    source_images: np.ndarray | tf.data.Dataset,
    source_labels: np.ndarray | None,
    target_images: np.ndarray | tf.data.Dataset,
    *,
    weight: float = 1.0,
    hidden: int = 64,
    **settings: Unpack[Settings],
) -> tuple[keras.Model, History]:
    """DANN: a second head guesses the domain, and the features learn to mislead it.

    Parameters
    ----------
    model, source_images, source_labels, target_images, settings
        See `train`.
    weight
        The reversed gradient grows from 0 to this; 0 as for `deep_coral`.  Much hangs on
        it: try several, from 0.01.
    hidden
        Units of the domain guesser.

    Returns
    -------
    adapted : keras.Model
    history : dict
        ``"loss"``, ``"source loss"``, and the one to watch: ``"domain accuracy"``.
        One half means that this guesser cannot tell the domains apart; less, that it
        lags behind the features.  Neither says how good the answers are.

    References
    ----------
    Ganin et al. 2016, "Domain-adversarial training of neural networks".
    """
    import keras
    from keras import ops

    need_images(source_images=source_images, target_images=target_images)
    read_number(weight, "weight", least=0)
    read_count(hidden, "hidden")
    steps = settings.get("steps", 300)
    guesser = _domain_guesser(model, hidden, settings.get("seed", 0))

    def more(step: int, network: keras.Model, batch: dict) -> dict:
        return {
            "amount": np.array([weight * (2 / (1 + np.exp(-10 * step / steps)) - 1)], "float32")
        }

    def loss(look: Callable, batch: dict) -> tuple[Any, dict]:
        features, answers = look(batch["source"])
        target_features, _ = look(batch["target"])
        task = cross_entropy(batch["labels"], answers)
        both = reverse_gradient(ops.concatenate([features, target_features]), batch["amount"])
        guesses = guesser(both)
        domains = ops.concatenate([0 * features[:, :1], 0 * target_features[:, :1] + 1])
        domains = ops.stop_gradient(domains)
        domain_loss = ops.mean(keras.losses.binary_crossentropy(domains, guesses))
        right = ops.mean(ops.cast(ops.equal(guesses > 0.5, domains > 0.5), "float32"))
        return task + domain_loss, {"source loss": task, "domain accuracy": right}

    return train(
        model,
        loss,
        source_images,
        source_labels,
        target_images,
        more=more,
        helper=guesser,
        **settings,
    )


def _domain_guesser(model: keras.Model, hidden: int, seed: int) -> keras.Model:
    """Return a small network from features to the chance that they are of the target."""
    import keras

    first = 1000 * read_seed(seed)
    start = [keras.initializers.GlorotUniform(seed=first + i) for i in range(2)]
    features = read_one_input(model, head=True).layers[-1].kernel.shape[0]
    return keras.Sequential(
        [
            keras.Input((features,)),
            keras.layers.Dense(hidden, "relu", kernel_initializer=start[0], dtype="float32"),
            keras.layers.Dense(1, "sigmoid", kernel_initializer=start[1], dtype="float32"),
        ]
    )
