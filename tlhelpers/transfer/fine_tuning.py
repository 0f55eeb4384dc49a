"""Train a network further: a head first, then the network itself.

What is checked before is in `tlhelpers.transfer.training_checks`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from tlhelpers.batches import Batch, is_dataset
from tlhelpers.inputs import (
    ONE_OUTPUT,
    read_count,
    read_function,
    read_labels,
    read_number,
    read_rows,
    read_seed,
)
from tlhelpers.transfer.augmentation import augmented, random_affine
from tlhelpers.transfer.training_checks import (
    changed_layers,
    check_head,
    check_training,
    read_training,
    read_training_batches,
    read_weights,
)

if TYPE_CHECKING:  # for readers and type checkers only: Keras and TensorFlow take seconds to load
    import keras
    import tensorflow as tf

__all__ = [
    "blend_weights",
    "changed_layers",
    "check_head",
    "check_training",
    "fine_tune",
    "train_head",
]


def train_head(head: keras.layers.Dense, features: np.ndarray, labels: np.ndarray) -> None:
    """Train a new head on frozen features: logistic regression, put into a ``Dense`` layer.

    Parameters
    ----------
    head
        A built ``Dense`` layer with one output for each class; changed in place.
    features
        What the frozen network gives to the head, shape (n, d).
    labels
        Shape (n,), each of the classes 0 to k - 1 at least once.

    Raises
    ------
    ValueError
        If a class has no example.

    Examples
    --------
    >>> import keras
    >>> head = keras.layers.Dense(3)
    >>> head.build((None, 2))
    >>> train_head(head, np.array([[0, 1], [1, 0], [-1, -1]]), np.array([0, 1, 2]))
    >>> np.asarray(head.kernel).shape
    (2, 3)
    """
    from sklearn.linear_model import LogisticRegression

    if not hasattr(head, "units"):
        raise TypeError(f"head must be a layer Dense; got {type(head).__name__}.")
    if head.units == 1:
        raise ValueError(ONE_OUTPUT.format(name=head.name))
    features = read_rows(features, "features")
    if not head.built or head.kernel.shape[0] != features.shape[1]:
        raise ValueError(f"head is not built for {features.shape[1]} features.")
    labels = read_labels(labels, count=len(features), classes=head.units)
    missing = np.setdiff1d(np.arange(head.units), labels)
    if len(missing):
        raise ValueError(
            f"The head has {head.units} classes; there is no example of class "
            f"{', '.join(map(str, missing))}."
        )
    classifier = LogisticRegression(max_iter=1000, fit_intercept=head.use_bias)
    classifier.fit(features, labels)
    kernel, bias = classifier.coef_.T, classifier.intercept_
    if head.units == 2:  # scikit-learn keeps one column for two classes
        kernel, bias = np.hstack([-kernel / 2, kernel / 2]), np.hstack([-bias / 2, bias / 2])
    head.set_weights([kernel, bias] if head.use_bias else [kernel])


def fine_tune(
    model: keras.Model,
    images: np.ndarray | tf.data.Dataset,
    labels: np.ndarray | None = None,
    *,
    learning_rate: float = 3e-4,
    epochs: int = 8,
    batch_size: int | None = None,
    augment: Callable[[np.ndarray, int], np.ndarray] | None = random_affine,
    mix: tuple[np.ndarray, np.ndarray] | None = None,
    seed: int = 0,
    after_epoch: Callable[[int], None] | None = None,
) -> None:
    """Train a compiled network: new augmentations in every epoch, a falling learning rate.

    Of arrays, an epoch leaves out the few images that do not fill a batch, other ones each
    time.  Of a dataset, it is one pass: the batches and their order are the dataset's, and
    no more of it is held in memory than the batch of a step.

    Parameters
    ----------
    model
        A compiled classifier, changed in place.
    images
        What the network takes, shape (n, ...).  Or a ``tf.data.Dataset`` of batches of images
        and labels, such as `keras.utils.image_dataset_from_directory` gives.  It must not be
        in the order of the classes: let it shuffle.
    labels
        Class numbers, shape (n,); left out for a dataset, which gives its own.
    learning_rate
        That of the first epoch; it falls along half a cosine towards zero.
    epochs
        How often every image is seen, at least 1.
    batch_size
        Images in a step, by default 32; left out for a dataset, which has its own.
    augment
        Augments: images and a seed in, images out.  None trains on the images as they are.
        It is called once an epoch; of a dataset, once for each batch, with other seeds.
    mix
        Images and labels of the source, so that it is not forgotten: into every epoch go as
        many of them, drawn at random, as there are others.  With a dataset, each batch gets
        as many as it has, and becomes twice as large.  Always arrays.
    seed
        Decides the order of the images (not of a dataset), their augmentation, and what is
        drawn from ``mix``.
    after_epoch
        Called with the number of each epoch, from 1, when it is over.

    Raises
    ------
    ValueError
        If something does not fit; see `check_training`.  A dataset is checked as it passes:
        a wrong label in a later batch stops a training that has begun.
    FloatingPointError
        If the loss is no longer a finite number.

    References
    ----------
    Loshchilov and Hutter 2017, "SGDR: Stochastic gradient descent with warm restarts"
    (the cosine, here without restarts).

    Examples
    --------
    >>> import keras
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "softmax")])
    >>> model.compile("adam", "sparse_categorical_crossentropy")
    >>> fine_tune(model, np.zeros((6, 4)), np.array([0, 1, 2] * 2), epochs=1, augment=None)
    """
    read_number(learning_rate, "learning_rate", above=0, most=1000)
    epochs = read_count(epochs, "epochs")
    size = 32 if batch_size is None else read_count(batch_size, "batch_size")
    for name, function in {"augment": augment, "after_epoch": after_epoch}.items():
        if function is not None:
            read_function(function, name)
    rng = np.random.default_rng(read_seed(seed))
    learn: Callable[[], float]
    if is_dataset(images):
        if batch_size is not None:
            raise ValueError(
                "images is a dataset, which has its own batches: leave batch_size out, and write "
                f"images.rebatch({size}) for another size."
            )
        batches = partial(read_training_batches, model, images, labels)
        learn = partial(_pass_over, model, batches, _read_mix(model, mix), augment, rng)
    else:
        pair = read_training(model, images, labels)
        learn = _epochs_of_arrays(model, pair, _read_mix(model, mix), size, augment, rng)
    for epoch in range(epochs):
        model.optimizer.learning_rate = learning_rate * (1 + math.cos(math.pi * epoch / epochs)) / 2
        loss = learn()
        if not np.isfinite(loss):
            raise FloatingPointError(
                f"The loss became {loss} in epoch {epoch + 1} of {epochs}, and the weights with "
                f"it. Load them anew, and try a learning_rate below {learning_rate:g}."
            )
        if after_epoch is not None:
            after_epoch(epoch + 1)


Pair = tuple[np.ndarray, np.ndarray]


def _read_mix(model: keras.Model, mix: Any) -> Pair | None:
    if mix is None:
        return None
    if is_dataset(mix):
        raise TypeError(
            "mix must be a pair of arrays, images and labels, to draw from; got a dataset. Take "
            "some of it: mix=next(mix.rebatch(1000).as_numpy_iterator())."
        )
    if not isinstance(mix, (tuple, list)) or len(mix) != 2:
        raise TypeError("mix must be a pair: images and labels.")
    return read_training(model, *mix)


def _epochs_of_arrays(
    model: keras.Model,
    pair: Pair,
    mix: Pair | None,
    size: int,
    augment: Callable | None,
    rng: np.random.Generator,
) -> Callable[[], float]:
    """Return a function that trains on arrays once, in a random order, and returns the loss."""
    n = len(pair[1])
    both = (pair,) if mix is None else (pair, mix)
    images, labels = (
        parts[0] if mix is None else np.concatenate(parts) for parts in zip(*both, strict=True)
    )

    def learn() -> float:
        order = np.arange(n)
        if mix is not None:
            order = np.concatenate([order, rng.integers(n, len(labels), n)])
        step = min(size, len(order))
        # Full batches only: what is over has its turn in another epoch.
        order = rng.permutation(order)[: len(order) // step * step]
        shown = images[order]
        if augment is not None:
            shown = augmented(augment, shown, int(rng.integers(2**31)))
        fit = model.fit(shown, labels[order], batch_size=step, shuffle=False, verbose=0)
        return fit.history["loss"][-1]

    return learn


def _pass_over(
    model: keras.Model,
    batches: Callable[[], Iterator[Batch]],
    mix: Pair | None,
    augment: Callable | None,
    rng: np.random.Generator,
) -> float:
    """Train on a dataset once, batch by batch, and return the last loss.

    ``fit`` would hold more than one batch, and hide what is wrong with one.
    """
    for images, labels in batches():
        if mix is not None:
            rows = rng.integers(len(mix[1]), size=len(images))
            images = np.concatenate([images, mix[0][rows]])
            labels = np.concatenate([labels, mix[1][rows]])
        if augment is not None:
            images = augmented(augment, images, int(rng.integers(2**31)))
        loss = model.train_on_batch(images, labels, return_dict=True)["loss"]
        if not np.isfinite(loss):
            break
    model.optimizer.finalize_variable_values(model.trainable_weights)  # as fit does
    return float(loss)


def blend_weights(
    before: Sequence[np.ndarray], after: Sequence[np.ndarray], share: float = 0.5
) -> list[np.ndarray]:
    """Average two sets of weights of the same network: part of the way from one to the other.

    Parameters
    ----------
    before, after
        From ``model.get_weights()``, earlier and later.
    share
        0 gives the one, 1 the other.

    Returns
    -------
    list of numpy.ndarray
        For ``model.set_weights``.

    Raises
    ------
    ValueError
        If they are weights of different networks.

    References
    ----------
    Wortsman et al. 2022, "Robust fine-tuning of zero-shot models".

    Examples
    --------
    >>> blend_weights([np.zeros(2)], [np.ones(2)], 0.25)
    [array([0.25, 0.25])]
    """
    read_number(share, "share")
    before, after = read_weights(before, "before"), read_weights(after, "after")
    if [np.shape(old) for old in before] != [np.shape(new) for new in after]:
        raise ValueError("These are weights of two different networks: their shapes differ.")
    return [(1 - share) * old + share * new for old, new in zip(before, after, strict=True)]
