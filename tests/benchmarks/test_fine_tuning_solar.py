"""The benchmark of fine-tuning on solar cells: what is trained, and what is counted."""

import numpy as np
import pytest
from solar_package import hide_package

from benchmarks import fine_tuning_solar, tables
from tlhelpers.data import cell_files
from tlhelpers.labs import imagenet
from tlhelpers.networks import surgery


def small_network():
    keras = pytest.importorskip("keras")
    keras.utils.set_random_seed(0)
    layers = [
        keras.Input((8, 8, 3)),
        keras.layers.Conv2D(4, 3, name="below"),
        keras.layers.BatchNormalization(name="norm_below"),
        keras.layers.Conv2D(4, 3, name="above"),
        keras.layers.BatchNormalization(name="norm"),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(5, activation="softmax"),
    ]
    return keras.Sequential(layers)


def trained(first, norms):
    """Train on made-up maps or images; return the names of the layers that changed."""
    network = small_network()
    before = {layer.name: layer.get_weights() for layer in network.layers}
    features, model = fine_tuning_solar.classifier(network, first)
    assert model.output_shape == (None, 2)
    rng = np.random.default_rng(0)
    images = rng.normal(size=(64, *model.input_shape[1:])).astype("float32")
    labels = np.arange(64) % 2
    images[labels == 1] += 1
    took = fine_tuning_solar.train((features, model), images, labels, 1e-3, norms, seed=0)
    assert took > 0
    defect = model.predict(images, verbose=0)[:, 1]
    assert fine_tuning_solar.score_answers(defect, labels, limit=0.5).auc > 0.9
    return {
        layer.name
        for layer in network.layers[:-1]
        if not all(map(np.array_equal, before[layer.name], layer.get_weights()))
    }


def test_only_what_lies_above_the_maps_is_trained():
    assert trained("norm_below", norms=False) == {"above"}
    assert trained("norm_below", norms=True) == {"above", "norm"}


def test_the_whole_network_is_trained_from_images():
    assert trained(None, norms=False) == {"below", "above"}


def test_scores_count_each_class_alike():
    labels = np.array([0] * 8 + [1] * 2)
    found = fine_tuning_solar.score_answers(np.array([0.1] * 8 + [0.4, 0.9]), labels, limit=0.5)
    assert found == (0.9, 0.75, 1.0)
    assert fine_tuning_solar.score_answers(np.full(10, 0.2), labels, limit=0.5).balanced == 0.5


def test_maps_are_those_of_the_layer():
    network = small_network()
    images = np.random.default_rng(0).normal(size=(3, 8, 8, 3)).astype("float32")
    maps = fine_tuning_solar.run(network, "norm_below", images)
    assert maps.shape == (3, 6, 6, 4)
    assert len(surgery.batchnorm_layers(network)) == 2
    _, above = fine_tuning_solar.classifier(network, "norm_below")
    _, whole = fine_tuning_solar.classifier(network, None)
    whole.layers[-1].set_weights(above.layers[-1].get_weights())
    np.testing.assert_allclose(above(maps), whole(images), atol=1e-5)


def test_without_the_photographs_it_says_so_and_stops(monkeypatch, capsys):
    monkeypatch.setattr(imagenet, "fetch_weights", lambda name: ("w", name))
    hide_package(monkeypatch, cell_files.PACKAGE)
    measure = fine_tuning_solar.measure_solar
    assert tables.run("fine_tuning_solar", measure, draws=1, argv=[]) == 1
    said = capsys.readouterr().out
    assert "solar cells" in said and "|" not in said
