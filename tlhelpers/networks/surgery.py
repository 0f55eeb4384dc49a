"""Networks: cut, freeze and unfreeze, and mind their BatchNormalization.

Words used everywhere in the course: the *backbone* is the part of a network
that turns an image into features (a row of numbers); the *head* is the last
layer, which turns features into class probabilities.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras


def all_layers(model: keras.Model) -> Iterator[keras.Layer]:
    """Yield the layers of a network in order, those of networks inside it included.

    Parameters
    ----------
    model
        A network, which may contain networks, such as a backbone under a new head.
    """
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from all_layers(layer)
        else:
            yield layer


def quicken_batchnorm(model: keras.Model, momentum: float = 0.9) -> None:
    """Let the moving statistics of BatchNormalization follow training more quickly.

    Keras gives them a momentum of 0.99 or 0.999: they remember hundreds or
    thousands of steps.  A network trained from scratch for fewer steps is then
    judged with statistics of the past, and looks far worse than it is.

    Parameters
    ----------
    model
        Changed in place.
    momentum
        From 0 (only the last batch counts) to below 1 (slow).
    """
    import keras

    for layer in all_layers(model):
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = momentum


def cut_head(model: keras.Model, layer: str | None = None) -> keras.Model:
    """Return the backbone: the same network without its last layer.

    Parameters
    ----------
    model
        A classifier.  The backbone shares its layers, nothing is copied.
    layer
        Cut behind this layer instead of behind the last but one.

    Returns
    -------
    keras.Model
        From the same input to features.

    Raises
    ------
    ValueError
        If there is no layer of that name.

    Examples
    --------
    >>> import keras
    >>> layers = [keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(2)]
    >>> cut_head(keras.Sequential(layers)).output_shape
    (None, 3)
    """
    import keras

    names = [part.name for part in model.layers]
    if layer is not None and layer not in names:
        raise ValueError(f"{model.name} has no layer {layer!r}. Its layers: {', '.join(names)}.")
    end = model.layers[-2] if layer is None else model.get_layer(layer)
    return keras.Model(model.inputs, end.output, name=f"{model.name}_backbone")


def freeze(model: keras.Model) -> None:
    """Keep every weight of a network as it is during training (compile afterwards).

    Parameters
    ----------
    model
        Changed in place.
    """
    model.trainable = False


def unfreeze(model: keras.Model, last: int | None = None) -> None:
    """Let training change a network again, but not its BatchNormalization layers.

    BatchNormalization keeps moving statistics of the images it has seen.  A few
    new images would spoil them, so these layers stay frozen.  (On Keras 3,
    calling the network with ``training=False`` does *not* keep them fixed once
    they are trainable.)  Compile the model afterwards, or nothing changes.

    Parameters
    ----------
    model
        Changed in place.
    last
        Unfreeze only this many layers at the end; by default all of them.

    Raises
    ------
    ValueError
        If ``last`` is negative or larger than the number of layers.
    """
    import keras

    layers = list(all_layers(model))
    total = len(layers)
    last = total if last is None else last
    if not 0 <= last <= total:
        raise ValueError(f"{model.name} has {total} layers; cannot unfreeze the last {last}.")
    model.trainable = True  # a frozen network would hide trainable layers inside it
    for position, layer in enumerate(layers):
        is_norm = isinstance(layer, keras.layers.BatchNormalization)
        layer.trainable = position >= total - last and not is_norm


def gives_logits(model: keras.Model) -> bool:
    """Say whether a classifier ends in logits, to which softmax has not been applied."""
    return model.layers[-1].get_config().get("activation") == "linear"


def copy_network(model: keras.Model) -> keras.Model:
    """Return a new network with the same layers and the same weights.

    Examples
    --------
    >>> import keras
    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    >>> twin = copy_network(model)
    >>> twin is model, bool((twin.get_weights()[0] == model.get_weights()[0]).all())
    (False, True)
    """
    import keras

    twin = keras.models.clone_model(model)
    twin.set_weights(model.get_weights())
    for layer in all_layers(twin):
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()  # it calculates with copies of its weights
    restore_trainable(twin, model)
    return twin


def restore_trainable(network: keras.Model, model: keras.Model) -> None:
    """Let the same layers be trainable as in the model that the network was copied from."""
    layers = zip(all_layers(network), all_layers(model), strict=True)
    for new, old in layers:
        new.trainable = old.trainable


def keep_classes(model: keras.Model, columns: np.ndarray) -> keras.Model:
    """Return a copy of a classifier that answers with some of its classes only.

    Parameters
    ----------
    model
        A classifier whose last layer is ``Dense``.
    columns
        Which outputs to keep, in this order.

    Returns
    -------
    keras.Model
        With softmax, its probabilities add up to one again.

    Examples
    --------
    >>> import keras
    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(5, "softmax")])
    >>> keep_classes(model, [0, 3]).output_shape
    (None, 2)
    """
    import keras

    twin = copy_network(model)
    config = twin.layers[-1].get_config() | {"units": len(columns)}
    head = keras.layers.Dense.from_config(config)
    answers = head(twin.layers[-1].input)
    fewer = keras.Model(twin.inputs[0], answers, name=f"{model.name}_fewer")
    head.set_weights([weight[..., columns] for weight in twin.layers[-1].get_weights()])
    return fewer
