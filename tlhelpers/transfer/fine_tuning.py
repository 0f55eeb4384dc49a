"""Train a network further: a head first, then the network itself, with checks on the way.

The mistakes that these checks notice make no noise in Keras: training runs,
the numbers look plausible, and something else was trained than you meant.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tlhelpers.networks import surgery
from tlhelpers.transfer.augmentation import random_affine

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras


def check_training(model: keras.Model, images: np.ndarray, labels: np.ndarray) -> None:
    """Check, right before training, that a classifier, its images and its labels fit.

    Parameters
    ----------
    model
        A compiled classifier; its output has one column for each class.
    images
        What the network takes: shape (n, ...).
    labels
        Class numbers, shape (n,), integers from 0 to the number of classes - 1.

    Raises
    ------
    ValueError
        If the model is not compiled, or layers were frozen or unfrozen since it was;
        if the images have another shape, number of colours or range of pixels than the
        network takes; if the labels do not match the network or the images.

    Examples
    --------
    >>> import keras
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "softmax")])
    >>> check_training(model, np.zeros((5, 4)), np.zeros(5, int))
    Traceback (most recent call last):
    ...
    ValueError: The model is not compiled. Call model.compile(...) before training.
    """
    if not model.compiled:
        raise ValueError("The model is not compiled. Call model.compile(...) before training.")
    # Keras remembers this at compile time, under a private name; where a Keras
    # does not have it, there is nothing to compare with.
    compiled = getattr(model, "_compiled_trainable_state", {})
    moved = [layer.name for layer, was in compiled.items() if layer.trainable != was]
    if moved:
        raise ValueError(
            f"{len(moved)} layers were frozen or unfrozen since model.compile(...), "
            f"such as {moved[0]}. The change has no effect yet: compile again."
        )
    images, labels = np.asarray(images), np.asarray(labels)
    wanted = model.input_shape[1:]
    fits = len(wanted) + 1 == images.ndim and all(
        side in (None, given) for side, given in zip(wanted, images.shape[1:], strict=True)
    )
    if not fits:
        advice = "Did you leave out preprocess?"
        if wanted[-1:] == (3,) and images.shape[1:] in (wanted[:-1], (*wanted[:-1], 1)):
            last = "[..., None]" if images.ndim == 3 else ""
            advice = f"They seem to be grey: give np.repeat(images{last}, 3, axis=-1)."
        raise ValueError(
            f"The network takes images of shape (n, {', '.join(map(str, wanted))}); got "
            f"{images.shape}. {advice}"
        )
    _check_range(model, images)
    classes = model.output_shape[-1]
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        hint = " Use labels.argmax(axis=1)." if labels.shape[1:] == (classes,) else ""
        raise ValueError(
            f"labels must be one row of class numbers (integers); got shape {labels.shape}, "
            f"{labels.dtype}.{hint}"
        )
    if len(images) != len(labels):
        raise ValueError(f"There are {len(images)} images and {len(labels)} labels; want as many.")
    if len(labels) == 0:
        raise ValueError("There are no images to train on.")
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(
            f"The network has {classes} classes, numbered 0 to {classes - 1}; "
            f"the labels go from {labels.min()} to {labels.max()}."
        )


def _check_range(model: keras.Model, images: np.ndarray) -> None:
    """Refuse pixels that cannot be in the range of a network for colour pictures."""
    import keras

    if model.input_shape[-1:] != (3,) or not images.size:
        return
    low, high = float(np.min(images)), float(np.max(images))
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ValueError("The images have values that are not finite (NaN or infinity).")
    rescales = any(
        isinstance(layer, keras.layers.Rescaling)
        and np.max(layer.scale) < 0.1
        or isinstance(layer, keras.layers.Normalization)
        and layer.input_mean is not None
        and np.max(layer.input_mean) > 1
        for layer in surgery.all_layers(model)
    )
    if rescales and 0 < high <= 1:
        raise ValueError(
            f"The network rescales pixels by itself and wants 0 to 255; got {low:g} to {high:g}. "
            "Give the images as they were, or as tl.networks.preprocess_for(name) returns "
            "them."
        )
    # The widest range of Keras Applications is 0 to 255 less the mean colour: -124 to 152.
    if not rescales and high > 160:
        raise ValueError(
            f"The images seem to be unprepared: the values go from {low:g} to {high:g}. Call "
            "lab.preprocess(images), or tl.networks.preprocess_for(name)(images) "
            "with the name of the network."
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
    head = model.layers[-1]
    bias = getattr(head, "bias", None)
    if bias is not None and not np.any(np.asarray(bias)):
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
    if [np.shape(old) for old in before] != [tuple(now.shape) for now in model.weights]:
        raise ValueError(
            f"These are {len(before)} weights of another network than {model.name}, which has "
            f"{len(model.weights)}. Call model.get_weights() on the same network before."
        )
    moved = {
        id(now)
        for old, now in zip(before, model.weights, strict=True)
        if not np.array_equal(old, np.asarray(now), equal_nan=True)
    }
    layers = surgery.all_layers(model)
    return [layer for layer in layers if any(id(weight) in moved for weight in layer.weights)]


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

    missing = np.setdiff1d(np.arange(head.units), labels)
    if len(missing) or np.max(labels) >= head.units:
        raise ValueError(
            f"The head has {head.units} classes; the labels want all of 0 to {head.units - 1} "
            f"and nothing else; missing: {', '.join(map(str, missing)) or 'none'}."
        )
    classifier = LogisticRegression(max_iter=1000).fit(features, labels)
    kernel, bias = classifier.coef_.T, classifier.intercept_
    if head.units == 2:  # scikit-learn keeps one column for two classes
        kernel, bias = np.hstack([-kernel / 2, kernel / 2]), np.hstack([-bias / 2, bias / 2])
    head.set_weights([kernel, bias])


def fine_tune(
    model: keras.Model,
    images: np.ndarray,
    labels: np.ndarray,
    *,
    learning_rate: float = 3e-4,
    epochs: int = 8,
    batch_size: int = 32,
    augment: Callable[[np.ndarray, int], np.ndarray] | None = random_affine,
    mix: tuple[np.ndarray, np.ndarray] | None = None,
    seed: int = 0,
    after_epoch: Callable[[int], None] | None = None,
) -> None:
    """Train a compiled network: new augmentations in every epoch, a falling learning rate.

    An epoch leaves out the few images that do not fill a batch, other ones each time.

    Parameters
    ----------
    model
        A compiled classifier, changed in place.
    images, labels
        What the network takes, and class numbers.
    learning_rate
        That of the first epoch; it falls along half a cosine towards zero.
    epochs
        How often every image is seen, at least 1.
    batch_size
        Images in a step.
    augment
        Augments: images and a seed in, images out.  None trains on the images as they are.
    mix
        Images and labels of the source, so that it is not forgotten: into every epoch go as
        many of them, drawn at random, as there are others.
    seed
        Decides the order of the images, their augmentation, and what is drawn from ``mix``.
    after_epoch
        Called with the number of each epoch, from 1, when it is over.

    Raises
    ------
    ValueError
        If something does not fit; see `check_training`.

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
    check_training(model, images, labels)
    rng, n = np.random.default_rng(seed), len(labels)
    if mix is not None:
        check_training(model, *mix)
        images, labels = np.concatenate([images, mix[0]]), np.concatenate([labels, mix[1]])
    for epoch in range(epochs):
        model.optimizer.learning_rate = learning_rate * (1 + math.cos(math.pi * epoch / epochs)) / 2
        order = np.arange(n)
        if mix is not None:
            order = np.concatenate([order, rng.integers(n, len(labels), n)])
        size = min(batch_size, len(order))
        # Full batches only: what is over has its turn in another epoch.
        order = rng.permutation(order)[: len(order) // size * size]
        shown = images[order]
        if augment is not None:
            shown = augment(shown, int(rng.integers(2**31)))
        model.fit(shown, labels[order], batch_size=size, shuffle=False, verbose=0)
        if after_epoch is not None:
            after_epoch(epoch + 1)


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
    if [np.shape(old) for old in before] != [np.shape(new) for new in after]:
        raise ValueError("These are weights of two different networks: their shapes differ.")
    return [(1 - share) * old + share * new for old, new in zip(before, after, strict=True)]
