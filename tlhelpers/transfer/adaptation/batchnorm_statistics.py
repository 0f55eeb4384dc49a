"""Adaptation by statistics: BatchNormalization gets those of the target (AdaBN)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from tlhelpers.batches import is_dataset
from tlhelpers.inputs import read_count
from tlhelpers.networks.surgery import (
    AT_ONCE,
    batchnorm_layers,
    copy_network,
    largest_output,
    run_network,
    walk,
)
from tlhelpers.transfer.adaptation.checks import History, read_norm_input
from tlhelpers.transfer.adaptation.streams import stream, with_spread

if TYPE_CHECKING:  # for readers and type checkers only: Keras and TensorFlow take seconds to load
    import keras
    import tensorflow as tf

#: Images that are always handled at once: with fewer, deeper layers see too little of them.
LEAST_AT_ONCE = 64


def take_target_statistics(
    network: keras.Model,
    images: np.ndarray | tf.data.Dataset,
    batch_size: int | None = None,
) -> None:
    """Give each BatchNormalization the moments of what arrives there, all in one pass.

    In the pass each batch is normalised by its own moments, as in training, and the
    moments of all batches are joined: their mean, and the variance around it.  With one
    batch, deeper layers see exactly what they will see later; with several, about that.

    Parameters
    ----------
    network
        Changed in place; nothing but the statistics.
    images
        Shape (m, ...); or a dataset of images, of which one pass is made.
    batch_size
        How many to handle at once; by default at least 64, and all if they are small.
    """
    from keras import ops

    largest = largest_output(network)
    batch_size = batch_size or max(LEAST_AT_ONCE, AT_ONCE // largest)
    batches: Iterable[np.ndarray]
    if is_dataset(images):
        batches = with_spread(stream(images, network, "target_images", batch_size))
    else:
        # Batches of nearly one size, and none of one image, which has no spread.
        count = min(-(-len(images) // batch_size), len(images) // 2)
        batches = np.array_split(images, count)
    layers = batchnorm_layers(network)
    moments: dict[int, list[tuple]] = {number: [] for number in range(len(layers))}
    arrived: list[tuple] = []  # in one batch: number of the layer, count, mean, variance
    with ExitStack() as stack:
        for number, layer in enumerate(layers):
            stack.enter_context(_calls(layer, _taking_moments(layer, number, arrived)))
        for layer in walk(network):
            if type(layer).__name__ == "TimeDistributed":
                stack.enter_context(_calls(layer, _all_times_at_once(layer)))
        run = _runner(network, arrived, large=batch_size * largest > AT_ONCE)
        for batch in batches:
            for number, *found in run(np.array(batch)):
                moments[int(number)].append(tuple(map(ops.convert_to_numpy, found)))
    for number, layer in enumerate(layers):
        if not moments[number]:  # it is not on the way from the input to the output
            continue
        counts, means, variances = (
            np.array(x, np.float64) for x in zip(*moments[number], strict=True)
        )
        shares = counts[:, None] / counts.sum()
        mean = (shares * means).sum(axis=0)
        layer.moving_mean.assign(mean)
        layer.moving_variance.assign((shares * (variances + np.square(means - mean))).sum(axis=0))


@contextmanager
def _calls(layer: keras.Layer, function: Callable) -> Iterator[None]:
    """Let a layer do something else for a while."""
    layer.call = function
    try:
        yield
    finally:
        del layer.call


def _taking_moments(layer: keras.Layer, number: int, arrived: list[tuple]) -> Callable:
    from keras import ops

    usual = layer.call

    def call(inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        axes = [axis for axis in range(inputs.ndim) if axis != layer.axis % inputs.ndim]
        mean, variance = ops.moments(ops.cast(inputs, "float32"), axes)
        count = int(np.prod([inputs.shape[axis] for axis in axes]))
        arrived.append((number, count, mean, variance))
        layer.moving_mean.assign(mean)
        layer.moving_variance.assign(variance)
        return usual(inputs, training=False, mask=mask)

    return call


def _runner(network: keras.Model, arrived: list[tuple], large: bool) -> Callable:
    """Return a function that runs the network on one batch and returns what arrived.

    A call of a Keras network holds what each layer gives until its end.  For a ``large``
    batch, TensorFlow is therefore shown the way once: it drops what nobody needs any more.
    """
    import keras

    def run(images: np.ndarray) -> list[tuple]:
        arrived.clear()
        run_network(network, images)
        return arrived

    if not large or keras.backend.backend() != "tensorflow":
        return run
    import tensorflow as tf

    @tf.function
    def traced(images: tf.Tensor) -> list[tuple]:
        arrived.clear()
        network(images, training=False)
        return list(arrived)

    return traced


def _all_times_at_once(wrapper: keras.Layer) -> Callable:
    """Do what ``TimeDistributed`` does, so that its layer sees all times of a batch together."""
    from keras import ops

    def call(inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        flat = wrapper.layer(ops.reshape(inputs, (-1, *inputs.shape[2:])))
        return ops.reshape(flat, (-1, inputs.shape[1], *flat.shape[1:]))

    return call


def adabn(
    model: keras.Model,
    target_images: np.ndarray | tf.data.Dataset,
    *,
    batch_size: int | None = None,
) -> tuple[keras.Model, History]:
    """Replace the statistics of BatchNormalization by those of the target. No training.

    Parameters
    ----------
    model
        A network with BatchNormalization layers, at any depth.
    target_images
        Shape (m, ...), at least two images; the more the better.  Or a dataset, of which
        one pass is made.
    batch_size
        How many images to handle at once, at least 2: the larger, the more exact; by
        default at least 64, and all if they are small.  See `take_target_statistics`.

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

    least = 2 if batch_size is None else read_count(batch_size, "batch_size", least=2)
    target_images = read_norm_input(model, target_images, least, "AdaBN")
    network = copy_network(model)
    take_target_statistics(network, target_images, batch_size)
    shift = []
    for new, old in zip(batchnorm_layers(network), batchnorm_layers(model), strict=True):
        moved = ops.abs(new.moving_mean - old.moving_mean)
        shift.append(float(ops.mean(moved / ops.sqrt(old.moving_variance + old.epsilon))))
    return network, {"shift": shift}
