"""Read a ``tf.data.Dataset`` that a caller gave: images that come batch by batch.

A folder that is larger than memory cannot be one array.  Keras has datasets
for it (``keras.utils.image_dataset_from_directory``): they read as they go.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tlhelpers.inputs import read_labels

if TYPE_CHECKING:  # for readers and type checkers only: TensorFlow takes seconds to load
    import tensorflow as tf


AHEAD = 2  # batches that are read while the network works on another one


class UnreadablePicture(ValueError):
    """A picture that a dataset of the course could not read; the text is a whole sentence."""


class Batch(NamedTuple):
    """Some images of a dataset and, if it has any, their labels."""

    images: np.ndarray
    labels: np.ndarray | None


def is_dataset(value: Any) -> bool:
    """Say whether something is a ``tf.data.Dataset``, without loading TensorFlow for it.

    Examples
    --------
    >>> is_dataset(np.zeros((2, 8, 8)))
    False
    """
    tensorflow = sys.modules.get("tensorflow")  # who has a dataset has loaded it
    return tensorflow is not None and isinstance(value, tensorflow.data.Dataset)


def has_labels(dataset: tf.data.Dataset, name: str = "images") -> bool:
    """Check that a dataset gives batches of images, and say whether it gives labels, too.

    Parameters
    ----------
    dataset
        It gives batches of images (n, ...), or pairs of them and class numbers (n,).
    name
        What to call it in a message.

    Raises
    ------
    TypeError, ValueError
        If it gives something else, or never ends.
    """
    spec = dataset.element_spec
    parts = spec if isinstance(spec, tuple) else (spec,)
    if len(parts) > 2 or not all(hasattr(part, "dtype") for part in parts):
        raise TypeError(
            f"{name} must be a dataset of images, or of pairs (images, labels); "
            f"it gives {spec!r:.120}."
        )
    images, labels = parts[0], (parts[1] if len(parts) == 2 else None)
    if labels is not None and labels.shape.rank == 0:
        raise ValueError(
            f"{name} gives one image at a time; wanted are batches. Write {name}.batch(32)."
        )
    if images.shape.rank is not None and images.shape.rank < 2:
        raise ValueError(f"{name} must give images; it gives the shape {tuple(images.shape)}.")
    if labels is not None and labels.shape.rank not in (None, 1):
        raise ValueError(
            f"{name} must give class numbers, shape (n,); it gives labels of the shape "
            f"{tuple(labels.shape)}. With keras.utils.image_dataset_from_directory, write "
            'label_mode="int".'
        )
    if int(dataset.cardinality()) == -1:  # tf.data.INFINITE_CARDINALITY
        raise ValueError(f"{name} never ends; leave repeat() out, or write {name}.take(100).")
    return labels is not None


def drop_labels(dataset: tf.data.Dataset, name: str = "images") -> tf.data.Dataset:
    """Return a dataset of the images alone; what else it gives is not looked at.

    Parameters
    ----------
    dataset
        It gives batches of images, or tuples that begin with them.
    name
        What to call it in a message.

    Raises
    ------
    TypeError, ValueError
        If it gives something else, or never ends.

    Examples
    --------
    >>> import tensorflow as tf
    >>> pairs = tf.data.Dataset.from_tensor_slices((np.zeros((5, 8, 8)), np.full(5, np.nan)))
    >>> [batch.shape for batch in drop_labels(pairs.batch(3)).as_numpy_iterator()]
    [(3, 8, 8), (2, 8, 8)]
    """
    if isinstance(dataset.element_spec, tuple) and dataset.element_spec:
        dataset = dataset.map(lambda images, *_: images)
    has_labels(dataset, name)
    return dataset


def read_batches(dataset: tf.data.Dataset, name: str = "images") -> Iterator[Batch]:
    """Go through a dataset once, and give its batches as arrays.

    Images and labels come from the same pass: a dataset that shuffles gives
    another order in every one, so two passes do not belong together.  The next
    batches are read while the caller works on one.

    Parameters
    ----------
    dataset, name
        As for `has_labels`.

    Raises
    ------
    TypeError, ValueError
        As in `has_labels`; if the labels are no class numbers; and as `plain_errors` does.

    Examples
    --------
    >>> import tensorflow as tf
    >>> pairs = tf.data.Dataset.from_tensor_slices((np.zeros((5, 8, 8)), [0, 1, 2, 1, 0]))
    >>> [batch.labels.tolist() for batch in read_batches(pairs.batch(3))]
    [[0, 1, 2], [1, 0]]
    """
    labelled = has_labels(dataset, name)
    for images, labels in go_through(dataset.prefetch(AHEAD), name):
        if labelled:
            labels = read_labels(labels, f"the labels that {name} gives", count=len(images))
        yield Batch(images, labels)


def go_through(dataset: tf.data.Dataset, name: str = "images") -> Iterator[tuple[Any, Any]]:
    """Give what a dataset gives as arrays, unread: images, and labels or None.

    Parameters
    ----------
    dataset, name
        As for `has_labels`, which has seen the dataset, or what it was made of.

    Raises
    ------
    ValueError
        As `plain_errors` does.
    """
    with plain_errors(name):
        elements = dataset.as_numpy_iterator()
    while True:
        with plain_errors(name):
            element = next(elements, None)
        if element is None:
            return
        yield element if isinstance(element, tuple) else (element, None)


@contextmanager
def plain_errors(name: str = "images") -> Iterator[None]:
    """Say in a sentence what TensorFlow says in forty lines when a dataset cannot be read.

    Around ``next(iterator)``, or around ``model.fit(dataset)``.

    Parameters
    ----------
    name
        What to call the dataset in a message.

    Raises
    ------
    UnreadablePicture
        If a picture of a dataset of the course (`tlhelpers.data.picture_datasets`) has gone or
        changed; the message names it.
    ValueError
        If TensorFlow cannot read something else.
    """
    errors = sys.modules["tensorflow"].errors
    try:
        yield
    except (errors.ResourceExhaustedError, errors.CancelledError):
        raise
    except errors.OpError as error:
        raise _in_a_sentence(error, name) from None


def _in_a_sentence(error: tf.errors.OpError, name: str) -> ValueError:
    said = re.sub(r"^(\s*{{.*?}})*\s*", "", error.message)
    said = said.split("\nTraceback (most recent call last)")[0].split("\n\t [[{{")[0]
    said = re.sub(r"\s*\[Op:\w+\] name:.*", "", said, flags=re.DOTALL).strip()
    own = f"{UnreadablePicture.__name__}: "
    if said.startswith(own):
        return UnreadablePicture(said.removeprefix(own))
    if "node decode_" in error.message or "Decode" in error.message:
        return ValueError(
            f"{name} has a picture that cannot be read ({said.rstrip('.')}), and TensorFlow does "
            "not say which. tl.folders.scan_folder(folder) names it: move it elsewhere, and make "
            "the dataset again."
        )
    if isinstance(error, sys.modules["tensorflow"].errors.NotFoundError):
        return ValueError(
            f"{name} has a file that is not there any more ({said.rstrip('.')}). Put it back, or "
            "make the dataset again."
        )
    return ValueError(f"{name} cannot be read: {said.rstrip('.')}.")


def check_batched(dataset: tf.data.Dataset, axes: int, name: str = "images") -> None:
    """Refuse a dataset that gives one image at a time, where it says how many axes an image has.

    Parameters
    ----------
    dataset, name
        As for `has_labels`.
    axes
        Of one image, as the network takes it.
    """
    spec = dataset.element_spec
    if (spec[0] if isinstance(spec, tuple) else spec).shape.rank == axes:
        raise ValueError(
            f"{name} gives one image at a time; wanted are batches. Write {name}.batch(32)."
        )


def count_batches(dataset: tf.data.Dataset) -> int | None:
    """Return how many batches there are, or None if a dataset does not know."""
    count = int(dataset.cardinality())
    return count if count >= 0 else None
