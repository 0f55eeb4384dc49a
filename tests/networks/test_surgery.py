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


# Layers in layers ------------------------------------------------------------------------


class Scaled(keras.layers.Layer):
    """A layer with a weight of its own and two layers in an attribute."""

    def __init__(self, **options):
        super().__init__(**options)
        self.parts = {"a": keras.layers.Dense(3), "b": [keras.layers.BatchNormalization()]}

    def build(self, shape):
        self.factor = self.add_weight(shape=(shape[-1],), name="factor")
        self.parts["a"].build(shape)
        self.parts["b"][0].build((None, 3))

    def call(self, x):
        return self.parts["b"][0](self.parts["a"](x * self.factor))


def backbone():
    """A network without a head: a convolution, a norm, a mean."""
    layers = [keras.layers.Conv2D(4, 3), keras.layers.BatchNormalization()]
    layers += [keras.layers.GlobalAveragePooling2D()]
    return keras.Sequential([keras.Input((8, 8, 3)), *layers])


def film():
    """Pictures in a row, each through the same backbone."""
    layers = keras.layers
    rows = layers.TimeDistributed(keras.Sequential([backbone(), layers.Dropout(0.1)]))
    end = [layers.Bidirectional(layers.LSTM(4)), layers.Dense(2, "softmax")]
    return keras.Sequential([keras.Input((5, 8, 8, 3)), rows, *end])


def own_layers():
    """A layer of one's own that holds layers, and a function as a layer."""
    layers = [Scaled(), keras.layers.Lambda(lambda x: 2 * x), keras.layers.Dense(2)]
    return keras.Sequential([keras.Input((4,)), *layers])


def kinds(model):
    return [type(layer).__name__ for layer in surgery.all_layers(model)]


INNER = ["Conv2D", "BatchNormalization", "GlobalAveragePooling2D"]
MODELS = {film: (8, 5, 8, 8, 3), own_layers: (8, 4)}


def test_all_layers_are_found_wherever_they_are():
    assert kinds(film()) == [*INNER, "Dropout", "LSTMCell", "LSTMCell", "Dense"]
    assert kinds(own_layers()) == ["Scaled", "Dense", "BatchNormalization", "Lambda", "Dense"]
    twice, start = keras.layers.Dense(3), keras.Input((4,))
    shared = keras.Model(start, keras.layers.Add()([twice(start), twice(2 * start)]))
    assert kinds(shared).count("Dense") == 1
    inner = backbone()
    both = keras.Sequential([keras.Input((5, 8, 8, 3)), keras.layers.TimeDistributed(inner)])
    assert [x for x in surgery.all_layers(both) if x in inner.layers] == inner.layers


@pytest.mark.parametrize("build", MODELS)
def test_unfreeze_and_quicken_reach_every_norm(build):
    model = build()
    surgery.freeze(model)
    surgery.unfreeze(model)
    norms = surgery.batchnorm_layers(model)
    frozen = {id(weight) for norm in norms for weight in norm.weights}
    assert {id(w) for w in model.trainable_weights} == {
        id(w) for w in model.weights if id(w) not in frozen
    }
    surgery.quicken_batchnorm(model, 0.5)
    assert [norm.momentum for norm in norms] == [0.5]
    surgery.unfreeze(model, last=1)
    assert [w.path.split("/")[-2] for w in model.trainable_weights] == [model.layers[-1].name] * 2


def test_what_a_frozen_layer_holds_is_trained_without_its_own_weights():
    model = own_layers()
    surgery.train_only(model, lambda layer: isinstance(layer, keras.layers.BatchNormalization))
    assert [w.name for w in model.trainable_weights] == ["gamma", "beta"]
    surgery.unfreeze(model)
    assert "factor" in [w.name for w in model.trainable_weights]


@pytest.mark.parametrize("build", MODELS)
def test_a_copy_of_layers_in_layers(build):
    model = build()
    surgery.unfreeze(model, last=1)
    twin = surgery.copy_network(model)
    x = np.random.default_rng(0).random(MODELS[build], "float32")
    assert np.array_equal(surgery.run_network(twin, x), surgery.run_network(model, x))
    assert len(twin.trainable_weights) == 2
    before = model.get_weights()
    twin.set_weights([weight + 1 for weight in before])
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_the_backbone_of_a_network_in_a_network():
    inner = backbone()
    model = keras.Sequential([inner, keras.layers.Dense(3, "softmax")])
    x = np.random.default_rng(0).random((2, 8, 8, 3), "float32")
    for cut in (surgery.cut_head(model), surgery.cut_head(model, inner.name)):
        assert np.array_equal(surgery.run_network(cut, x), surgery.run_network(inner, x))
    # Also where the head stands in another network, too.
    other = keras.Sequential([keras.Input((4,)), model.layers[-1]])
    assert surgery.cut_head(model).output_shape == (None, 4) and other.output_shape == (None, 3)
    assert surgery.keep_classes(model, [2, 0]).output_shape == (None, 2)


def test_networks_that_cannot_be_cut_or_copied_say_why():
    layers = keras.layers
    with pytest.raises(ValueError, match=r"no fixed input. Begin it with keras.Input\(shape\)"):
        surgery.cut_head(keras.Sequential([layers.Dense(3), layers.Dense(2)]))
    with pytest.raises(ValueError, match="one layer"):
        surgery.cut_head(keras.Sequential([keras.Input((4,)), layers.Dense(3)]))
    one, two = keras.Input((3,)), keras.Input((3,))
    pair = keras.Model([one, two], layers.Dense(2)(layers.Add()([one, two])))
    for cut in (surgery.cut_head, surgery.copy_network):
        with pytest.raises(ValueError, match="2 inputs and 1 outputs; wanted one of each"):
            cut(pair)
        with pytest.raises(TypeError, match="must be a network of Keras; got None"):
            cut(None)

    class Nameless(layers.Layer):
        def __init__(self, size):
            super().__init__()

        def call(self, x):
            return x

    with pytest.raises(ValueError, match="cannot copy.*get_config"):
        surgery.copy_network(keras.Sequential([keras.Input((4,)), Nameless(3), layers.Dense(2)]))


@pytest.mark.parametrize("columns", [[], [7], [-1], [1, 1], [1.5], ["a"], None, [1]])
def test_classes_that_cannot_be_kept(columns):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "softmax")])
    with pytest.raises((ValueError, TypeError), match="columns must"):
        surgery.keep_classes(model, columns)


@pytest.mark.parametrize("momentum", [-1, 1.5, np.nan, "a"])
def test_a_momentum_that_makes_no_sense(momentum):
    with pytest.raises((ValueError, TypeError), match="momentum must be a number from 0 to 1"):
        surgery.quicken_batchnorm(backbone(), momentum)
