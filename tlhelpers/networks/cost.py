"""What a network costs: parameters, megabytes, multiply-adds, and time on this computer."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tlhelpers.inputs import read_count, read_network, read_number
from tlhelpers.networks.build import build_network
from tlhelpers.networks.published import find_published
from tlhelpers.networks.table import find_architecture

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras

PICTURES = 8  # in a batch: enough for both cores, and little memory
SECONDS = 1.0  # of passes through a network, after the first one


class Cost(NamedTuple):
    """What a network costs.

    Attributes
    ----------
    name
        A name in `ARCHITECTURES`.
    parameters
        Number of weights, the head's included.
    megabytes
        The same as a file: 4 bytes for each weight, 1 MB = 1,000,000 bytes.
    multiply_adds
        For one picture of the usual size.
    milliseconds
        For one picture, in batches, on the computer that measured.
    """

    name: str
    parameters: int
    megabytes: float
    multiply_adds: int
    milliseconds: float

    @property
    def top1(self) -> float:
        """Published accuracy on ImageNet, from 0 to 1 (see `published`)."""
        return find_published(self.name).top1


# ------------------------------------------------------------------------------ counting


def count_multiply_adds(model: keras.Model) -> int:
    """Return how many numbers a network multiplies and adds up for one picture.

    Counted are convolutions (also depthwise, separable, grouped and transposed ones) and
    dense layers, wherever they are nested.  Biases, normalisation, activations and pooling
    are left out, as is usual: they are small beside these.  A multiplication and the
    addition that follows are one; some papers call them two *FLOPs*.

    Parameters
    ----------
    model
        A functional or sequential model for inputs of a fixed size.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If the size is not fixed, or a layer with a kernel is of another kind.

    Examples
    --------
    >>> import keras
    >>> layers = [keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3, padding="same")]
    >>> count_multiply_adds(keras.Sequential(layers))  # 64 places, 3 x 3 x 3 x 4 each
    6912
    """
    return sum(_of_layer(layer) for layer in _all_layers(read_network(model)))


def _all_layers(model: keras.Model) -> Iterator[keras.Layer]:
    import keras

    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _all_layers(layer)
        else:
            yield layer


def _of_layer(layer: keras.Layer) -> int:
    """Multiply-adds of a layer, as often as it is called: weights of a kernel times places."""
    from keras import layers

    if isinstance(layer, layers.Dense):
        return _weights(layer.kernel) * sum(_places(output[:-1]) for output in _shapes(layer))
    if isinstance(layer, (layers.SeparableConv1D, layers.SeparableConv2D)):
        weights = _weights(layer.depthwise_kernel) + _weights(layer.pointwise_kernel)
        return weights * sum(_places(_spatial(layer, output)) for output in _shapes(layer))
    if isinstance(layer, (layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose)):
        places = (_places(_spatial(layer, given)) for given in _shapes(layer, "input_tensors"))
        return _weights(layer.kernel) * sum(places)
    kinds = (layers.Conv1D, layers.Conv2D, layers.Conv3D)
    if isinstance(layer, (*kinds, layers.DepthwiseConv1D, layers.DepthwiseConv2D)):
        places = (_places(_spatial(layer, output)) for output in _shapes(layer))
        return _weights(layer.kernel) * sum(places)
    if any("kernel" in weight.name for weight in layer.weights):
        raise ValueError(
            f"The multiply-adds of {type(layer).__name__} ({layer.name}) are not known here; "
            "convolutions and Dense are. Count those of this layer by hand."
        )
    return 0


def _weights(kernel: keras.Variable) -> int:
    return math.prod(kernel.shape)


def _shapes(layer: keras.Layer, which: str = "output_tensors") -> list[tuple]:
    """Shapes that come out of a layer, or go into it, without the batch; one for each call."""
    return [getattr(node, which)[0].shape[1:] for node in layer._inbound_nodes]


def _spatial(layer: keras.Layer, shape: tuple) -> tuple:
    return shape[:-1] if layer.data_format == "channels_last" else shape[1:]


def _places(sides: tuple) -> int:
    if None in sides:
        raise ValueError(
            "The multiply-adds depend on the size of the input, which is not fixed. "
            "Build the network with input_shape=(height, width, 3)."
        )
    return math.prod(sides)


# ----------------------------------------------------------------------------- measuring


def time_network(
    model: keras.Model, *, pictures: int = PICTURES, seconds: float = SECONDS
) -> float:
    """Return how many milliseconds a network takes for one picture, on this computer.

    Noise goes through it in batches.  The first pass, in which TensorFlow prepares the
    computation, does not count; of the others the fastest does, for whatever else
    the computer does only makes a pass slower.

    Parameters
    ----------
    model
        With one input of a fixed size.  What its weights are makes no difference.
    pictures
        In a batch.
    seconds
        How long to go on; at least two passes are measured.

    Returns
    -------
    float
        Milliseconds.
    """
    pictures = read_count(pictures, "pictures", most=1024)
    seconds = read_number(seconds, "seconds", least=0, most=3600)
    shape = read_network(model).input_shape[1:]
    noise = np.random.default_rng(0).random((pictures, *shape), np.float32)
    model.predict_on_batch(noise)
    passes: list[float] = []
    while len(passes) < 2 or sum(passes) < seconds:
        begin = time.perf_counter()
        model.predict_on_batch(noise)
        passes.append(time.perf_counter() - begin)
    return 1000 * min(passes) / pictures


def measure_network(name: str, *, pictures: int = PICTURES, seconds: float = SECONDS) -> Cost:
    """Build a network with random weights, count and time it, and give its memory back.

    Parameters
    ----------
    name
        A name in `ARCHITECTURES`.
    pictures, seconds
        As for `time_network`.

    Raises
    ------
    ValueError
        If there is no network of that name.
    """
    import keras

    read_count(pictures, "pictures", most=1024)
    read_number(seconds, "seconds", least=0, most=3600)
    model = build_network(find_architecture(name).name)
    weights = model.count_params()
    try:
        multiply_adds = count_multiply_adds(model)
        milliseconds = time_network(model, pictures=pictures, seconds=seconds)
    finally:
        del model
        keras.backend.clear_session(free_memory=True)
    return Cost(name, weights, round(4 * weights / 1e6, 1), multiply_adds, round(milliseconds, 1))
