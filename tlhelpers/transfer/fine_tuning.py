"""Train a network further: a head first, then the network itself, with checks on the way.

The mistakes that these checks notice make no noise in Keras: training runs,
the numbers look plausible, and something else was trained than you meant.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tlhelpers.inputs import (
    ONE_OUTPUT,
    check_shape,
    read_array,
    read_count,
    read_function,
    read_images,
    read_labels,
    read_network,
    read_number,
    read_rows,
    read_seed,
)
from tlhelpers.networks import surgery
from tlhelpers.networks.pixel_range import check_pixels
from tlhelpers.networks.surgery import last_activation, read_one_input
from tlhelpers.transfer.augmentation import augmented, random_affine

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
    _read_training(model, images, labels)


def _read_training(model: keras.Model, images: Any, labels: Any) -> tuple[np.ndarray, np.ndarray]:
    if not read_network(model).compiled:
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
    classes = read_one_input(model).output_shape[-1]
    if classes == 1:
        raise ValueError(ONE_OUTPUT.format(name=model.name))
    _check_loss(model)
    images = read_images(images, at_least=1)
    wanted = tuple(model.input_shape[1:])
    if wanted[-1:] == (3,) and images.shape[1:] in (wanted[:-1], (*wanted[:-1], 1)):
        last = "[..., None]" if images.ndim == 3 else ""
        raise ValueError(
            f"The network takes images of shape (n, {', '.join(map(str, wanted))}); got "
            f"{images.shape}. They seem to be grey: give np.repeat(images{last}, 3, axis=-1)."
        )
    check_shape(images, "images", wanted)
    check_pixels(model, images)
    return images, read_labels(labels, count=len(images), classes=classes)


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
    model, before = read_network(model), _read_weights(before, "before")
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
    epochs, batch_size = read_count(epochs, "epochs"), read_count(batch_size, "batch_size")
    if after_epoch is not None:
        read_function(after_epoch, "after_epoch")
    images, labels = _read_training(model, images, labels)
    rng, n = np.random.default_rng(read_seed(seed)), len(labels)
    if mix is not None:
        if not isinstance(mix, (tuple, list)) or len(mix) != 2:
            raise TypeError("mix must be a pair: images and labels.")
        more = _read_training(model, *mix)
        images, labels = (np.concatenate(pair) for pair in zip((images, labels), more, strict=True))
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
            shown = augmented(augment, shown, int(rng.integers(2**31)))
        fit = model.fit(shown, labels[order], batch_size=size, shuffle=False, verbose=0)
        loss = fit.history["loss"][-1]
        if not np.isfinite(loss):
            raise FloatingPointError(
                f"The loss became {loss} in epoch {epoch + 1} of {epochs}, and the weights with "
                f"it. Load them anew, and try a learning_rate below {learning_rate:g}."
            )
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
    read_number(share, "share")
    before, after = _read_weights(before, "before"), _read_weights(after, "after")
    if [np.shape(old) for old in before] != [np.shape(new) for new in after]:
        raise ValueError("These are weights of two different networks: their shapes differ.")
    return [(1 - share) * old + share * new for old, new in zip(before, after, strict=True)]


def _read_weights(weights: Any, name: str) -> list[np.ndarray]:
    if not isinstance(weights, (list, tuple)):
        raise TypeError(
            f"{name} must be what model.get_weights() gives; got {type(weights).__name__}."
        )
    return [read_array(weight, name) for weight in weights]
