"""Batches of a dataset for adaptation: of one size, checked as they come, pass after pass."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from tlhelpers.batches import Batch, check_batched, drop_labels, go_through, has_labels
from tlhelpers.inputs import check_shape, read_images, read_labels

if TYPE_CHECKING:  # for readers and type checkers only: Keras and TensorFlow take seconds to load
    import keras
    import tensorflow as tf


def stream(
    dataset: tf.data.Dataset,
    model: keras.Model,
    name: str,
    size: int | None = None,
    *,
    endless: bool = False,
) -> Iterator[Batch]:
    """Yield the batches of a dataset for a network, each checked when it comes.

    Parameters
    ----------
    dataset
        Images, or pairs of images and class numbers.
    model
        The classifier that takes them.
    name
        What to call the images in a message.
    size
        Images in a batch, whatever the dataset's batches are; by default, those.
    endless
        Begin again when the dataset is over, in the middle of a batch, too.  Else the last
        batch may be smaller.

    Raises
    ------
    ValueError
        If images have another shape than the network takes, or are not finite, or a
        label is no class of it.
    """
    has_labels(dataset, name)
    shape, classes = tuple(model.input_shape[1:]), model.output_shape[-1]
    check_batched(dataset, len(shape), name)
    if endless:
        dataset = dataset.repeat()
    if size is not None:
        dataset = dataset.rebatch(size)
    for images, labels in go_through(dataset, name):
        check_shape(images, name, shape)
        images = read_images(images, name)
        if labels is not None:
            of = f"the labels that {name} gives"
            labels = read_labels(labels, of, count=len(images), classes=classes)
        yield Batch(images, labels)


def read_source(dataset: tf.data.Dataset, labels: Any) -> tf.data.Dataset:
    """Return a dataset of pairs for the source, if it has labels and no others are given."""
    if labels is not None:
        raise ValueError(
            "source_images is a dataset, which gives its own labels: give source_labels=None."
        )
    if not has_labels(dataset, "source_images"):
        raise ValueError(
            "source_images must give pairs (images, labels) to learn from; it gives images alone. "
            "Write tf.data.Dataset.zip(images, labels)."
        )
    return dataset


def read_target(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Return a dataset of the target's images alone: labels are not looked at."""
    return drop_labels(dataset, "target_images")


def check_first(dataset: tf.data.Dataset, model: keras.Model, name: str, size: int) -> None:
    """Look at a first batch, before anything is done: is it full, and what the network takes?"""
    count = len(next(stream(dataset, model, name, size), Batch(np.empty(0), None)).images)
    if count < size:
        raise ValueError(few_images(name, count, size))


def few_images(name: str, count: int, size: int) -> str:
    """Say that there are fewer images than a batch wants."""
    return (
        f"{name} has {count} images, fewer than one batch of {size}. "
        f"Give more images, or batch_size={max(2, count)} or less."
    )


def with_spread(batches: Iterator[Batch]) -> Iterator[np.ndarray]:
    """Yield the images of batches; one image alone, which has no spread, joins those before."""
    held: np.ndarray | None = None
    for images, _ in batches:
        if held is not None and len(images) == 1:
            images, held = np.concatenate([held, images]), None
        if held is not None:
            yield held
        held = images
    if held is not None:
        yield held
