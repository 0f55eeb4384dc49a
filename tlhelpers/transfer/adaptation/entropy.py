"""Adaptation without the source: be sure of each answer (SHOT-IM, TENT)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from tlhelpers.batches import is_dataset
from tlhelpers.inputs import read_network, read_number
from tlhelpers.networks.surgery import copy_network, restore_trainable, train_only
from tlhelpers.transfer.adaptation.batchnorm_statistics import take_target_statistics
from tlhelpers.transfer.adaptation.checks import History, not_finite, read_norm_input
from tlhelpers.transfer.adaptation.loop import Settings, make_trainer, step_on, train
from tlhelpers.transfer.adaptation.losses import mean_entropy
from tlhelpers.transfer.adaptation.streams import stream

if TYPE_CHECKING:  # for readers and type checkers only: Keras and TensorFlow take seconds to load
    import keras
    import tensorflow as tf


def shot(
    model: keras.Model,
    target_images: np.ndarray | tf.data.Dataset,
    *,
    weight: float = 1.0,
    **settings: Unpack[Settings],
) -> tuple[keras.Model, History]:
    """SHOT-IM: adapt without the source. Be sure of each answer, and use all classes.

    The head stays as it is.  The features move until the entropy of each answer
    is small and the entropy of the mean answer is large.

    Parameters
    ----------
    model, target_images, settings
        See `train`.  No source data is needed.
    weight
        How much the use of all classes counts.

    Returns
    -------
    adapted : keras.Model
    history : dict
        ``"loss"``, ``"unsure"`` (mean entropy), ``"variety"`` (entropy of the mean).

    References
    ----------
    Liang et al. 2020, "Do we really need to access the source data? Source
    hypothesis transfer for unsupervised domain adaptation".
    """
    from keras import ops

    read_number(weight, "weight", least=0)

    def loss(look: Callable, batch: dict) -> tuple[Any, dict]:
        _, answers = look(batch["target"])
        unsure = mean_entropy(answers)
        variety = mean_entropy(ops.mean(answers, axis=0, keepdims=True))
        return unsure - weight * variety, {"unsure": unsure, "variety": variety}

    head = read_network(model, head=True).layers[-1].name
    return train(
        model, loss, None, None, target_images, trains=lambda x: x.name != head, **settings
    )


def tent(
    model: keras.Model,
    target_images: np.ndarray | tf.data.Dataset,
    *,
    batch_size: int = 64,
    learning_rate: float = 1e-3,
    progress: bool = False,
) -> tuple[keras.Model, History]:
    """TENT: adapt while answering. One step on the entropy of each batch that arrives.

    Only the scales and shifts of BatchNormalization change, and each batch is
    normalised by its own statistics.  Small batches make this noise.

    Parameters
    ----------
    model
        A network with BatchNormalization layers.
    target_images
        Shape (m, ...), in the order in which they arrive.  Or a dataset: a first pass
        adapts, a second one takes the statistics.
    batch_size
        How many images arrive together, at least 2.
    learning_rate
        Of Adam; it stays the same.
    progress
        Show a bar with the time left.

    Returns
    -------
    adapted : keras.Model
    history : dict
        ``"loss"`` (mean entropy of each batch) and ``"answers"``: the classes
        answered on the way, one for each image, before the step on its batch.

    Raises
    ------
    ValueError
        If there is no BatchNormalization in the network.

    References
    ----------
    Wang et al. 2021, "Tent: fully test-time adaptation by entropy minimization".
    """
    import keras
    from tqdm.auto import tqdm

    target_images = read_norm_input(model, target_images, batch_size, "TENT")
    read_number(learning_rate, "learning_rate", above=0, most=1000)
    network = copy_network(model)
    train_only(network, lambda layer: isinstance(layer, keras.layers.BatchNormalization))

    def loss(look: Callable, batch: dict) -> tuple[Any, dict]:
        _, answers = look(batch["target"])
        return mean_entropy(answers), {"answers": keras.ops.argmax(answers, axis=1)}

    trainer = make_trainer(network, loss, None, learning_rate)
    history: History = {"loss": [], "answers": []}
    batches: Iterable[np.ndarray]
    if is_dataset(target_images):
        steps = None
        batches = (x for x, _ in stream(target_images, network, "target_images", batch_size))
    else:
        starts = range(0, len(target_images) - 1, batch_size)
        steps = len(starts)
        batches = (target_images[start : start + batch_size] for start in starts)
    # A last batch of one image has no spread.
    batches = (np.array(images) for images in batches if len(images) > 1)
    bar = tqdm(batches, desc="Adapting", total=steps, leave=False, delay=1, disable=not progress)
    for step, images in enumerate(bar):
        numbers = step_on(trainer, {"target": images})
        loss_now = float(numbers["loss"])
        if not np.isfinite(loss_now):
            raise FloatingPointError(not_finite(loss_now, step, steps, learning_rate))
        history["loss"].append(loss_now)
        history["answers"].extend(numbers["answers"].tolist())
    restore_trainable(network, model)
    take_target_statistics(network, target_images)
    return network, history
