"""Small networks and pictures for the tests of the check-up: sound ones, and parts for mistakes."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

layers = keras.layers


def pictures(n: int, side: int = 32, seed: int = 0, colours: int = 3) -> np.ndarray:
    """Smooth pictures of many colours, from black to white: uint8, all different."""
    rng = np.random.default_rng(seed)
    small = rng.uniform(0, 255, (n, 5, 5, colours)).astype(np.float32)
    small[:, 0, 0], small[:, 4, 4] = 0, 255
    large = keras.ops.image.resize(small, (side, side), interpolation="nearest")
    return np.round(np.asarray(large)).astype(np.uint8)


def pair(n: int = 60, side: int = 32, classes: int = 3, seed: int = 0):
    """Pictures and labels."""
    return pictures(n, side, seed), np.arange(n) % classes


def sides(n: int = 60, side: int = 32, classes: int = 3) -> dict:
    """A train and a test."""
    return {"train": pair(n, side, classes, 1), "test": pair(n // 2, side, classes, 2)}


def seem_trained(model: keras.Model) -> keras.Model:
    """Give biases and statistics other values than those of new layers."""
    rng = np.random.default_rng(0)
    for weight in model.weights:
        if any(part in weight.path for part in ("bias", "beta", "moving_mean")):
            weight.assign(rng.normal(0, 0.01, weight.shape))
    return model


def with_head(
    base: keras.Model,
    classes: int = 3,
    *,
    before: list | None = None,
    activation: str | None = "softmax",
    new: bool = False,
) -> keras.Model:
    """Put a head on a backbone, which is nested, as Keras' guides do it."""
    inputs = x = keras.Input(base.input_shape[1:])
    for layer in before or []:
        x = layer(x)
    x = base(x)
    if len(x.shape) == 4:
        x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, layers.Dense(classes, activation, name="head")(x))
    if not new:
        model.layers[-1].bias.assign(np.linspace(-0.1, 0.1, classes))
    return model


def backbone(name: str, side: int = 32, **settings) -> keras.Model:
    """A network of Keras Applications without its head, that seems to be pretrained."""
    build = getattr(keras.applications, name)
    shape = (side, side, 3)
    return seem_trained(build(weights=None, include_top=False, input_shape=shape, **settings))


def frozen(base: keras.Model) -> keras.Model:
    base.trainable = False
    return base


def compiled(model: keras.Model, rate: float = 1e-3, loss="sparse_categorical_crossentropy"):
    # Eagerly: for the few steps that are taken here, to trace them would take longer.
    model.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"], run_eagerly=True)
    return model


def data(images, labels, batch: int = 16) -> tf.data.Dataset:
    return tf.data.Dataset.from_tensor_slices((images, labels)).batch(batch)
