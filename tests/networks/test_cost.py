"""Multiply-adds against published figures and TensorFlow's own profiler; times that mean a time."""

import time

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tlhelpers.networks import cost
from tlhelpers.networks.build import build_network
from tlhelpers.networks.table import ARCHITECTURES

#: Millions, as the papers (or, where they have none, torchvision's table) print them.
PUBLISHED = {
    "MobileNet": 569,  # Howard et al. 2017, table 4
    "MobileNetV2": 300,  # Sandler et al. 2018, table 4
    "MobileNetV3Large": 217,  # Keras, docstring
    "NASNetMobile": 564,  # Zoph et al. 2017, table 2
    "EfficientNetB0": 390,  # Tan and Le 2019, table 2
    "ResNet50": 3_800,  # He et al. 2015, table 1
    "VGG16": 15_470,  # torchvision
    "ConvNeXtTiny": 4_460,  # torchvision
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_networks_have_the_multiply_adds_that_are_published(name):
    found = cost.count_multiply_adds(build_network(name)) / 1e6
    assert found == pytest.approx(PUBLISHED[name], rel=0.02)
    keras.backend.clear_session()


def by_profiler(model):
    """Half the floating-point operations that TensorFlow counts in the graph."""
    from tensorflow.python.framework import convert_to_constants

    shape = (1, *model.input_shape[1:])
    graph = tf.function(lambda x: model(x, training=False)).get_concrete_function(
        tf.TensorSpec(shape)
    )
    frozen = convert_to_constants.convert_variables_to_constants_v2(graph).graph
    profiler = tf.compat.v1.profiler
    options = profiler.ProfileOptionBuilder(
        profiler.ProfileOptionBuilder.float_operation()
    ).with_empty_output()
    return profiler.profile(frozen, options=options.build()).total_float_ops / 2


LAYERS = {
    "stride": lambda: layers.Conv2D(6, 3, strides=2),
    "same": lambda: layers.Conv2D(6, 5, padding="same", use_bias=False),
    "dilated": lambda: layers.Conv2D(6, 3, dilation_rate=2),
    "depthwise": lambda: layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same"),
    "separable": lambda: layers.SeparableConv2D(6, 3),
    "dense on maps": lambda: layers.Dense(6),
}


@pytest.mark.parametrize("kind", LAYERS)
def test_a_layer_costs_what_the_profiler_of_tensorflow_says(kind):
    """But for the bias, at most one addition for each output."""
    model = keras.Sequential([keras.Input((18, 22, 8)), LAYERS[kind]()])
    found, outputs = cost.count_multiply_adds(model), np.prod(model.output_shape[1:])
    assert found <= by_profiler(model) <= found + outputs


def test_groups_and_transposed_convolutions_are_counted_by_hand():
    grouped = keras.Sequential([keras.Input((10, 10, 8)), layers.Conv2D(4, 3, groups=4)])
    assert cost.count_multiply_adds(grouped) == 64 * 9 * 2 * 4
    larger = keras.Sequential([keras.Input((5, 5, 3)), layers.Conv2DTranspose(2, 3, strides=2)])
    assert cost.count_multiply_adds(larger) == 25 * 9 * 3 * 2


def test_nested_and_shared_layers_are_counted_as_often_as_they_are_called():
    inside = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3, padding="same")])
    picture, shared = keras.Input((8, 8, 3)), layers.Dense(5)
    maps = inside(picture)
    outputs = layers.Add()([shared(maps), shared(layers.ReLU()(maps))])
    model = keras.Model(picture, outputs)
    assert cost.count_multiply_adds(model) == 64 * 27 * 4 + 2 * 64 * 4 * 5


def test_a_quarter_of_the_pixels_is_a_quarter_of_the_convolutions():
    def of(side):
        picture = keras.Input((side, side, 3))
        return cost.count_multiply_adds(
            keras.Model(picture, layers.Conv2D(8, 3, padding="same")(picture))
        )

    assert of(32) == 4 * of(16)


def test_what_cannot_be_counted_is_refused():
    any_size = keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(4, 3)])
    with pytest.raises(ValueError, match="size of the input, which is not fixed"):
        cost.count_multiply_adds(any_size)
    other = keras.Sequential([keras.Input((5, 8)), layers.EinsumDense("abc,cd->abd", (5, 4))])
    with pytest.raises(ValueError, match="of EinsumDense .* not known here"):
        cost.count_multiply_adds(other)
    with pytest.raises(TypeError, match="model must be a network of Keras; got 'VGG16'"):
        cost.count_multiply_adds("VGG16")


# ---------------------------------------------------------------------------------- time


class Slow:
    """Acts as a network: takes a while for each batch, and longer for the first."""

    input_shape = (None, 4, 4, 3)
    layers = ()

    def __init__(self, seconds):
        self.left, self.batches = list(seconds), []

    def get_weights(self):
        return []

    def predict_on_batch(self, batch):
        self.batches.append(batch.shape)
        time.sleep(self.left.pop(0) if self.left else 0.02)


def test_the_time_is_that_of_the_fastest_pass_and_the_first_does_not_count():
    slow = Slow([0.001, 0.4, 0.04, 0.2])
    found = cost.time_network(slow, pictures=4, seconds=0.6)
    assert 10 <= found < 25  # 0.04 s for four pictures
    assert slow.batches == [(4, 4, 4, 3)] * 4


def test_at_least_two_passes_are_measured():
    slow = Slow([0, 0.02, 0.02])
    cost.time_network(slow, seconds=0)
    assert len(slow.batches) == 3


def test_a_network_is_measured_and_its_memory_given_back():
    found = cost.measure_network("MobileNetV3Small", pictures=2, seconds=0)
    row = ARCHITECTURES["MobileNetV3Small"]
    assert found.name == row.name and found.parameters == row.parameters
    assert found.megabytes == pytest.approx(4 * row.parameters / 1e6, abs=0.05)
    assert found.multiply_adds == pytest.approx(57e6, rel=0.01)
    assert 0.5 < found.milliseconds < 5_000 and found.top1 == 0.681


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"pictures": 0}, "pictures must be a whole number"),
        ({"seconds": -1}, "seconds must be a number"),
        ({"name": "MobilNet"}, "Did you mean MobileNet"),
    ],
)
def test_odd_arguments_are_refused_before_a_network_is_built(given, says, monkeypatch):
    monkeypatch.setattr(cost, "build_network", None)
    with pytest.raises(ValueError, match=says):
        cost.measure_network(**({"name": "VGG16"} | given))
