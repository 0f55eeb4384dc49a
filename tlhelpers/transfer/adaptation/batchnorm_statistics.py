"""Adaptation by statistics: BatchNormalization gets those of the target (AdaBN)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tlhelpers.networks.surgery import copy_network
from tlhelpers.transfer.adaptation.checks import History, check_input

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras


def batchnorm_layers(model: keras.Model) -> list[keras.Layer]:
    """Return the BatchNormalization layers of a network, those of networks inside it excluded."""
    import keras

    return [x for x in model.layers if isinstance(x, keras.layers.BatchNormalization)]


def take_target_statistics(network: keras.Model, images: np.ndarray, batch_size: int = 256) -> None:
    """Give each BatchNormalization the moments of what arrives there, first layer first."""
    import keras

    for layer in batchnorm_layers(network):
        arriving = keras.Model(network.inputs[0], layer.input)
        count, total, squares = 0, 0.0, 0.0
        for start in range(0, len(images), batch_size):
            values = np.asarray(arriving(images[start : start + batch_size], training=False))
            values = np.moveaxis(values, layer.axis, -1).reshape(-1, values.shape[layer.axis])
            values = values.astype(np.float64)
            count += len(values)
            total, squares = total + values.sum(axis=0), squares + np.square(values).sum(axis=0)
        layer.moving_mean.assign(total / count)
        layer.moving_variance.assign(np.maximum(squares / count - np.square(total / count), 0))


def adabn(
    model: keras.Model, target_images: np.ndarray, *, batch_size: int = 256
) -> tuple[keras.Model, History]:
    """Replace the statistics of BatchNormalization by those of the target. No training.

    Parameters
    ----------
    model
        A network with BatchNormalization layers.
    target_images
        Shape (m, ...), at least two images; the more the better.
    batch_size
        How many images to handle at once.

    Returns
    -------
    adapted : keras.Model
    history : dict
        ``"shift"``: for each BatchNormalization layer, how far the means moved,
        in standard deviations of the source (mean over channels).

    Raises
    ------
    ValueError
        If there is no BatchNormalization in the network.

    References
    ----------
    Li et al. 2017, "Revisiting batch normalization for practical domain adaptation".
    """
    from keras import ops

    if not batchnorm_layers(model):
        raise ValueError(
            f"{model.name} has no BatchNormalization layer of its own, so AdaBN can change "
            "nothing. (Networks inside the network do not count: build the head on their output.)"
        )
    check_input(model, None, None, target_images, 2, 1)
    network = copy_network(model)
    take_target_statistics(network, target_images, batch_size)
    shift = []
    for new, old in zip(batchnorm_layers(network), batchnorm_layers(model), strict=True):
        moved = ops.abs(new.moving_mean - old.moving_mean)
        shift.append(float(ops.mean(moved / ops.sqrt(old.moving_variance + old.epsilon))))
    return network, {"shift": shift}
