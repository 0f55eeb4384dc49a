"""Checks around training: do network, images, labels and loss fit, and what has changed?

The mistakes that these checks notice make no noise in Keras: training runs,
the numbers look plausible, and something else was trained than you meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tlhelpers.batches import Batch, has_labels, is_dataset, read_batches
from tlhelpers.inputs import (
    ONE_OUTPUT,
    check_shape,
    read_array,
    read_images,
    read_labels,
    read_network,
)
from tlhelpers.networks import surgery
from tlhelpers.networks.pixel_range import check_pixels
from tlhelpers.networks.surgery import last_activation, read_one_input

if TYPE_CHECKING:  # for readers and type checkers only: Keras and TensorFlow take seconds to load
    import keras
    import tensorflow as tf


def check_training(
    model: keras.Model,
    images: np.ndarray | tf.data.Dataset,
    labels: np.ndarray | None = None,
) -> None:
    """Check, right before training, that a classifier, its images and its labels fit.

    Parameters
    ----------
    model
        A compiled classifier; its output has one column for each class.
    images
        What the network takes: shape (n, ...).  Or a ``tf.data.Dataset`` of batches of images
        and labels, such as `keras.utils.image_dataset_from_directory` gives; its first batch
        is looked at, no other.
    labels
        Class numbers, shape (n,), integers from 0 to the number of classes - 1; left out
        for a dataset, which gives its own.

    Raises
    ------
    ValueError
        If the model is not compiled, or layers were frozen or unfrozen since it was;
        if the images have another shape, number of colours or range of pixels than the
        network takes; if the labels do not match the network, the images or the loss.

    Examples
    --------
    >>> import keras
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "softmax")])
    >>> check_training(model, np.zeros((5, 4)), np.zeros(5, int))
    Traceback (most recent call last):
    ...
    ValueError: The model is not compiled. Call model.compile(...) before training.
    """
    if is_dataset(images):
        next(read_training_batches(model, images, labels))
    else:
        read_training(model, images, labels)


def read_training(model: keras.Model, images: Any, labels: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return images and labels as arrays, if a classifier can be trained on them."""
    _check_model(model)
    images, labels = _read_examples(model, images, labels)
    check_pixels(model, images)
    return images, labels


def read_training_batches(
    model: keras.Model, dataset: tf.data.Dataset, labels: Any = None
) -> Iterator[Batch]:
    """Go once through a dataset to train on, and check each batch as `read_training` does.

    The range of the pixels is that of the first batch.
    """
    _check_model(model)
    if labels is not None:
        raise ValueError(
            "images is a dataset, which gives its own labels: leave labels out, or give None."
        )
    if not has_labels(dataset):
        raise ValueError(
            "images must give pairs (images, labels) to learn from; it gives images alone. Write "
            "tf.data.Dataset.zip(images, labels)."
        )
    first = True
    for batch in read_batches(dataset):
        images, numbers = _read_examples(model, *batch)
        if first:
            check_pixels(model, images)
            first = False
        yield Batch(images, numbers)
    if first:
        raise ValueError("images is a dataset without a batch: there is nothing to learn from.")


def _check_model(model: keras.Model) -> None:
    if not read_network(model).compiled:
        raise ValueError("The model is not compiled. Call model.compile(...) before training.")
    # Keras remembers this at compile time, under a private name; where a Keras
    # does not have it, there is nothing to compare with.
    compiled = getattr(model, "_compiled_trainable_state", {})
    moved = [layer.name for layer, was in compiled.items() if layer.trainable != was]
    if moved:
        raise ValueError(
            f"{len(moved)} layers were frozen or unfrozen since model.compile(...), "
            f"such as {moved[0]}. Until you compile again, fit may go on as before the change, "
            "or stop."
        )
    if read_one_input(model).output_shape[-1] == 1:
        raise ValueError(ONE_OUTPUT.format(name=model.name))
    _check_loss(model)


def _read_examples(model: keras.Model, images: Any, labels: Any) -> tuple[np.ndarray, np.ndarray]:
    images = read_images(images, at_least=1)
    wanted = tuple(model.input_shape[1:])
    if wanted[-1:] == (3,) and images.shape[1:] in (wanted[:-1], (*wanted[:-1], 1)):
        last = "[..., None]" if images.ndim == 3 else ""
        raise ValueError(
            f"The network takes images of shape (n, {', '.join(map(str, wanted))}); got "
            f"{images.shape}. They seem to be grey: give np.repeat(images{last}, 3, axis=-1)."
        )
    check_shape(images, "images", wanted)
    return images, read_labels(labels, count=len(images), classes=model.output_shape[-1])


#: What takes something else than class numbers, and often says nothing.
_OTHER_LOSSES = {
    *("categoricalcrossentropy", "categoricalfocalcrossentropy", "categoricalhinge"),
    *("binarycrossentropy", "binaryfocalcrossentropy", "hinge", "squaredhinge"),
    *("kldivergence", "poisson", "huber", "logcosh", "cosinesimilarity", "dice", "tversky"),
    *("meansquarederror", "mse", "meanabsoluteerror", "mae", "mape", "msle"),
    *("meanabsolutepercentageerror", "meansquaredlogarithmicerror"),
}


def _check_loss(model: keras.Model) -> None:
    """Refuse a loss that wants other labels than class numbers, or other answers than it gets."""
    loss = model.loss
    if isinstance(loss, (list, tuple)) and len(loss) == 1:
        loss = loss[0]
    name = loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__)
    plain = name.replace("_", "").lower()
    if loss is None or plain in _OTHER_LOSSES:
        raise ValueError(
            f"The model is compiled {f'with the loss {name}' if loss else 'without a loss'}; "
            "class numbers want "
            "'sparse_categorical_crossentropy'. Compile it with that."
        )
    if plain != "sparsecategoricalcrossentropy":
        return
    config = loss.get_config() if hasattr(loss, "get_config") else {}
    end = last_activation(model)
    if (end == "linear" and not config.get("from_logits")) or (
        end == "softmax" and config.get("from_logits")
    ):
        gives, wants = ("logits", True) if end == "linear" else ("probabilities", False)
        raise ValueError(
            f"The network gives {gives}, and the loss wants the other. Compile it with "
            f"keras.losses.SparseCategoricalCrossentropy(from_logits={wants})."
        )


def check_head(model: keras.Model) -> None:
    """Refuse a classifier whose head has never been trained.

    A new ``Dense`` head starts with random weights and a bias of exactly zero.
    Its answers look like any others, and are guesses.

    Parameters
    ----------
    model
        A classifier whose last layer is its head.

    Raises
    ------
    ValueError
        If every bias of the last layer is exactly zero.

    Examples
    --------
    >>> import keras
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="head")])
    >>> check_head(model)
    Traceback (most recent call last):
    ...
    ValueError: The layer 'head' looks untrained: its biases are all 0. ...
    """
    import keras

    head = read_network(model, head=True).layers[-1]
    if head.bias is not None and not np.any(keras.ops.convert_to_numpy(head.bias)):
        raise ValueError(
            f"The layer {head.name!r} looks untrained: its biases are all 0. "
            "Train it first, or load its weights."
        )


def changed_layers(model: keras.Model, before: Sequence[np.ndarray]) -> list[keras.Layer]:
    """Return the layers whose weights or statistics are no longer what they were.

    Parameters
    ----------
    model
        The network now.
    before
        What ``model.get_weights()`` gave earlier.

    Returns
    -------
    list of keras.Layer
        In the order of the network, those of networks inside it included.

    Raises
    ------
    ValueError
        If the weights are those of another network.

    Examples
    --------
    >>> import keras
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    >>> before = model.get_weights()
    >>> model.layers[0].set_weights([before[0], before[1] + 1])
    >>> len(changed_layers(model, before))
    1
    """
    model, before = read_network(model), read_weights(before, "before")
    if [np.shape(old) for old in before] != [tuple(now.shape) for now in model.weights]:
        raise ValueError(
            f"These are {len(before)} weights of another network than {model.name}, which has "
            f"{len(model.weights)}. Call model.get_weights() on the same network before."
        )
    moved = {
        id(weight)
        for old, now, weight in zip(before, model.get_weights(), model.weights, strict=True)
        if not np.array_equal(old, now, equal_nan=True)
    }
    layers = surgery.all_layers(model)
    return [layer for layer in layers if any(id(weight) in moved for weight in layer.weights)]


def read_weights(weights: Any, name: str) -> list[np.ndarray]:
    """Return what ``model.get_weights()`` gave, or say what was given in its place."""
    if not isinstance(weights, (list, tuple)):
        raise TypeError(
            f"{name} must be what model.get_weights() gives; got {type(weights).__name__}."
        )
    return [read_array(weight, name) for weight in weights]
