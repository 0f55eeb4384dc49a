"""Cutting, freezing and unfreezing, on the installed Keras."""

import keras
import numpy as np
import pytest

from tlhelpers.networks import surgery


def small_network(seed=0):
    """A network with two BatchNormalization layers, untrained."""
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(4, 3),
            keras.layers.BatchNormalization(),
            keras.layers.ReLU(),
            keras.layers.Conv2D(4, 3),
            keras.layers.BatchNormalization(),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(3, "softmax", name="head"),
        ]
    )


def statistics(model):
    """Moving means and variances of all BatchNormalization layers."""
    norms = [x for x in model.layers if isinstance(x, keras.layers.BatchNormalization)]
    return [w.numpy() for x in norms for w in (x.moving_mean, x.moving_variance)]


def fit_a_little(model):
    model.compile("sgd", "sparse_categorical_crossentropy")
    rng = np.random.default_rng(0)
    model.fit(rng.normal(3, 2, (64, 8, 8, 1)), rng.integers(0, 3, 64), verbose=0)


def test_the_backbone_is_the_network_without_its_head():
    model = small_network()
    backbone = surgery.cut_head(model)
    x = np.random.default_rng(0).normal(size=(5, 8, 8, 1)).astype("float32")
    weights, bias = model.get_layer("head").get_weights()
    logits = backbone.predict(x, verbose=0) @ weights + bias
    by_hand = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert np.allclose(by_hand, model.predict(x, verbose=0), atol=1e-6)


def test_cut_behind_a_named_layer():
    model = small_network()
    name = model.layers[0].name
    assert surgery.cut_head(model, name).output_shape == (None, 6, 6, 4)
    with pytest.raises(ValueError, match=f"no layer 'block7'.*{name}"):
        surgery.cut_head(model, "block7")


def test_freeze_keeps_every_weight():
    model = small_network()
    surgery.freeze(model)
    before = model.get_weights()
    fit_a_little(model)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_unfreeze_trains_the_network_but_no_batchnorm():
    model = small_network()
    before, norms = model.get_weights(), statistics(model)
    surgery.unfreeze(model)
    fit_a_little(model)
    assert all(np.array_equal(a, b) for a, b in zip(norms, statistics(model), strict=True))
    assert not np.array_equal(before[0], model.get_weights()[0])


def test_unfreeze_reaches_a_network_inside_a_network():
    inner = surgery.cut_head(small_network())
    model = keras.Sequential([inner, keras.layers.Dense(3, "softmax")])
    norms = statistics(inner)
    surgery.unfreeze(model)
    fit_a_little(model)
    assert all(np.array_equal(a, b) for a, b in zip(norms, statistics(inner), strict=True))


def test_cutting_copies_nothing():
    model = small_network()
    assert surgery.cut_head(model).layers[-1] is model.layers[-2]


def test_plain_trainable_true_would_change_batchnorm():
    """The mistake that unfreeze() prevents is real on the installed Keras."""
    model = small_network()
    norms = statistics(model)
    model.trainable = True
    fit_a_little(model)
    assert not all(np.array_equal(a, b) for a, b in zip(norms, statistics(model), strict=True))


def test_unfreeze_only_the_last_layers():
    model = small_network()
    surgery.freeze(model)
    surgery.unfreeze(model, last=1)
    assert [w.path.split("/")[-2] for w in model.trainable_weights] == ["head", "head"]
    for last in (-1, 99):
        with pytest.raises(ValueError, match="7 layers"):
            surgery.unfreeze(model, last=last)


def test_quicken_batchnorm():
    model = small_network()
    surgery.quicken_batchnorm(model, 0.5)
    norms = [x for x in model.layers if isinstance(x, keras.layers.BatchNormalization)]
    assert [x.momentum for x in norms] == [0.5, 0.5]


def test_a_copy_gives_the_same_answers():
    """Normalization, as in EfficientNet, calculates with copies of its weights."""
    learned = keras.layers.Normalization()
    learned.adapt(np.array([[1.0, 5.0], [3.0, 9.0]]))
    given = keras.layers.Normalization(mean=[1.0, 2.0], variance=[3.0, 4.0])
    inner = keras.Sequential([keras.Input((2,)), learned])
    model = keras.Sequential([keras.Input((2,)), inner, given, keras.layers.Dense(3)])
    x = np.array([[2.0, 3.0], [4.0, 4.0]], np.float32)
    assert np.array_equal(surgery.copy_network(model)(x), model(x))
