"""Run every method on the backend of Keras that KERAS_BACKEND names, on tiny data.

Prints one line for each method: its name, and "ok" or what went wrong.
"""

import keras
import numpy as np

from tlhelpers.networks import features, surgery
from tlhelpers.transfer import adaptation, augmentation, fine_tuning, metrics, validators

IMAGES, LABELS = np.random.default_rng(0).random((16, 6, 6, 2), "float32"), np.arange(16) % 2
TARGET = IMAGES + 1
SETTINGS = {"steps": 2, "batch_size": 8}


def network(activation="softmax"):
    """A backbone under a head, always with the same weights, whatever the backend."""
    layers = keras.layers
    inner = [layers.Conv2D(3, 3), layers.BatchNormalization(), layers.ReLU(), layers.Dropout(0.1)]
    backbone = keras.Sequential([keras.Input((6, 6, 2)), *inner, layers.GlobalAveragePooling2D()])
    model = keras.Sequential([backbone, layers.Dense(2, activation)])
    rng = np.random.default_rng(0)
    model.set_weights([rng.uniform(0.1, 1, weight.shape) for weight in model.get_weights()])
    return model


def fine_tuned():
    model = network()
    before = model.get_weights()
    surgery.unfreeze(model)
    model.compile("adam", "sparse_categorical_crossentropy")
    fine_tuning.fine_tune(model, IMAGES, LABELS, epochs=1, batch_size=8)
    assert [type(x).__name__ for x in fine_tuning.changed_layers(model, before)]
    fine_tuning.check_head(model)
    return model


def head_trained():
    model = network()
    fine_tuning.train_head(model.layers[-1], rows_of(), LABELS)
    return surgery.keep_classes(model, [1, 0])


def rows_of(**options):
    return features.compute(surgery.cut_head(network()), IMAGES, cache=False, **options)


def method(name, *domains, **settings):
    return lambda: getattr(adaptation, name)(network(), *domains, **settings)[0]


SOURCE = (IMAGES, LABELS)
WARP = augmentation.random_warp
METHODS = {
    "adabn": method("adabn", TARGET),
    "source_only": method("source_only", *SOURCE, **SETTINGS),
    "deep_coral": method("deep_coral", *SOURCE, TARGET, **SETTINGS),
    "deep_mmd": lambda: adaptation.deep_mmd(network(None), *SOURCE, TARGET, **SETTINGS)[0],
    "dann": method("dann", *SOURCE, TARGET, **SETTINGS),
    "self_training": method("self_training", *SOURCE, TARGET, augment=WARP, **SETTINGS),
    "consistency": method("consistency", *SOURCE, TARGET, threshold=0, **SETTINGS),
    "shot": method("shot", TARGET, **SETTINGS),
    "tent": method("tent", TARGET, batch_size=8),
    "fine_tune": fine_tuned,
    "train_head, keep_classes": head_trained,
}


def check(name, run):
    model = run()
    before = metrics.probabilities(network(), TARGET)
    answers = metrics.probabilities(model, TARGET)
    assert answers.shape == (16, 2) and np.allclose(answers.sum(axis=1), 1, atol=1e-4)
    assert np.abs(answers - before).max() > 1e-6, "nothing changed"
    if name == "adabn":  # no chance in it: by hand, the same on every backend
        weights = network().get_weights()
        norm = surgery.batchnorm_layers(model)[0]
        windows = np.lib.stride_tricks.sliding_window_view(TARGET, (3, 3), axis=(1, 2))
        arriving = np.einsum("nxyckl,klcf->nxyf", windows, weights[0]) + weights[1]
        *_, mean, variance = norm.get_weights()
        assert np.allclose(mean, arriving.mean(axis=(0, 1, 2)), rtol=1e-4)
        assert np.allclose(variance, arriving.var(axis=(0, 1, 2)), rtol=1e-3)


def check_features():
    assert np.allclose(rows_of(), rows_of(fast=True), atol=1e-4)
    assert np.allclose(rows_of(), rows_of(batch_size=3), atol=1e-5)


def check_validators():
    found = validators.validate(network(), TARGET, *SOURCE, augment=WARP)
    assert all(np.isfinite(value) for value in found.values())


def main():
    if keras.backend.backend() == "tensorflow":  # the other tests compile; it takes a minute
        import tensorflow as tf

        tf.config.run_functions_eagerly(True)
    checks = {name: lambda n=name, run=run: check(n, run) for name, run in METHODS.items()}
    checks |= {"features": check_features, "validators": check_validators}
    for name, one in checks.items():
        try:
            one()
            print(f"{name}: ok", flush=True)
        except Exception as error:
            print(f"{name}: {type(error).__name__}: {error}", flush=True)


if __name__ == "__main__":
    main()
