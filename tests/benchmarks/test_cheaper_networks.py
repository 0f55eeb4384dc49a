"""The benchmark of cheaper networks: its protocol, on a small scale."""

import numpy as np
import pytest

from benchmarks import cheaper_networks
from tlhelpers.data import solar, splits
from tlhelpers.fetching.fetch import FileNotHere
from tlhelpers.labs import imagenet, load
from tlhelpers.networks import build

VALID, TEST, PRINT = 1.0, 2.0, 3.0  # the value of all pixels of a part


def one_hot(labels):
    return np.eye(10)[np.asarray(labels, int)]


class Book:
    """Stands for `Reader`: weights are one number, and a function says how many are right."""

    def __init__(self, shares, zero=0.0):
        self.shares, self.zero, self.asked = shares, [np.array(zero)], []

    def ask(self, weights, images):
        part = float(images[0].flat[0])
        self.asked.append(part)
        share = self.shares(float(weights[0]), part)
        wrong = np.arange(len(images)) >= round(share * len(images))
        return one_hot(wrong)  # class 0 is right

    def score(self, weights, part):
        return cheaper_networks.right(self.ask(weights, part.images), part.labels)


@pytest.fixture
def parts():
    def part(value):
        return splits.Split(np.full((100, 2, 2), value), np.zeros(100, int))

    return cheaper_networks.Digits(part(0), part(VALID), part(TEST), part(PRINT))


def test_what_is_chosen_is_chosen_on_valid_though_the_test_says_the_opposite(parts):
    # On valid the smallest number is best, on the test the largest one.
    book = Book(lambda number, part: number if part == TEST else 1 - number, zero=0.4)
    found = {}
    tuned = [[np.array(number)] for number in (0.5, 0.1, 0.9)]
    served = cheaper_networks.score_averages(book, tuned, parts, found.__setitem__)
    assert found["best of three on valid"] == pytest.approx(0.1)
    assert found["greedy soup"] == pytest.approx(0.1)  # and nothing else gets into it
    assert float(served[0]) == pytest.approx(0.1)  # and it is what teaches, and is rounded
    assert found["uniform soup"] == pytest.approx(0.5)
    assert found["WiSE-FT at 0.002: that share"] == 0  # 0.9 is worse on valid than 0.4
    assert found["WiSE-FT at 0.001: that share"] == 1  # 0.1 is better
    assert found["fine-tuned at 0.0003"] == pytest.approx(0.5)
    assert found["before any training: handwriting"] == pytest.approx(0.4)


def test_an_ensemble_averages_probabilities(parts):
    book = Book(lambda number, part: number)
    found = {}
    tuned = [[np.array(number)] for number in (0.2, 0.6, 0.6)]
    cheaper_networks.score_averages(book, tuned, parts, found.__setitem__)
    assert found["ensemble of three"] == pytest.approx(0.6)  # two of three are right there


def test_of_shares_that_taste_alike_the_smallest_is_chosen():
    before, after = [np.array(0.0)], [np.array(1.0)]
    share, mixed = cheaper_networks.choose_share(before, after, lambda weights: 1.0)
    assert share == 0 and mixed[0] == 0
    share, mixed = cheaper_networks.choose_share(before, after, lambda weights: weights[0] >= 0.4)
    assert share == 0.5 and mixed[0] == pytest.approx(0.5)


def test_a_spoilt_network_stays_out_of_the_greedy_soup():
    networks = [[np.array(number)] for number in (1.0, 3.0, 80.0)]
    inside = cheaper_networks.greedy_soup(networks, lambda weights: -abs(float(weights[0]) - 2.1))
    assert sorted(float(weights[0]) for weights in inside) == [1.0, 3.0]


@pytest.fixture(scope="module")
def small_network():
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((48, 48, 3)),
            layers.Conv2D(8, 3, strides=4, use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(10, "softmax"),
        ]
    )


def test_statistics_are_taken_anew_and_nothing_else_changes(small_network):
    images = np.random.default_rng(0).normal(size=(12, 48, 48, 3)).astype(np.float32)
    reader = cheaper_networks.Reader(small_network)
    norm = small_network.layers[1]
    assert not norm.trainable and norm.momentum == 0.99
    taken = reader.take_statistics(reader.zero, images)
    maps = np.asarray(small_network.layers[0](images))
    np.testing.assert_allclose(taken[3], maps.mean(axis=(0, 1, 2)), atol=1e-4)
    np.testing.assert_allclose(taken[4], maps.var(axis=(0, 1, 2)), atol=1e-4)
    for number in (0, 1, 2, 5, 6):
        np.testing.assert_array_equal(taken[number], reader.zero[number])
    assert not norm.trainable and norm.momentum == 0.99


def test_batchnorm_is_trained_only_if_asked_and_each_training_starts_anew(small_network):
    images = np.random.default_rng(0).normal(size=(20, 48, 48, 3)).astype(np.float32)
    known = splits.Split(images, np.arange(20) % 10)
    frozen = cheaper_networks.Reader(small_network)
    once = frozen.tune(known, 1e-3, seed=0)
    again = frozen.tune(known, 1e-3, seed=0)
    for one, other in zip(once, again, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    np.testing.assert_array_equal(once[3], frozen.zero[3])
    assert np.abs(once[0] - frozen.zero[0]).max() > 0
    trained = cheaper_networks.Reader(small_network, norms=True)
    moved = trained.tune(known, 1e-3, seed=0)
    assert np.abs(moved[3] - trained.zero[3]).max() > 0


def test_the_loss_of_distillation_is_least_for_the_teachers_own_answers():
    logits = np.array([[4.0, 0.0, -2.0], [0.0, 3.0, 1.0]], np.float32)
    for temperature in (1, 4):
        loss = cheaper_networks.distillation_loss(temperature)
        own = np.asarray(loss(logits, logits + 7))  # only differences of logits count
        other = np.asarray(loss(logits, logits * 0.8))
        assert (own < other).all()
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    cross = -(probabilities * np.log(probabilities)).sum(axis=1)
    own = np.asarray(cheaper_networks.distillation_loss(1)(np.log(probabilities), logits))
    np.testing.assert_allclose(own, cross, rtol=1e-4)


def test_all_students_get_the_same_start_pictures_and_steps(parts, monkeypatch):
    import keras

    seen = []

    def fit(self, images, targets, **settings):
        seen.append((self.get_weights(), images, np.shape(targets), settings))

    monkeypatch.setattr(keras.Sequential, "fit", fit)
    monkeypatch.setattr(cheaper_networks, "VARIANTS", 2)
    few = splits.Split(np.zeros((10, 48, 48, 3), np.float32), np.arange(10))
    parts = parts._replace(test=splits.Split(few.images, few.labels))
    found = {}
    book = Book(lambda number, part: 1.0)
    cheaper_networks.score_students(book, book.zero, few, parts, 0, found.__setitem__)
    assert len(found) == len(seen) == 3
    for start, images, _, settings in seen[1:]:
        for one, other in zip(start, seen[0][0], strict=True):
            np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(images, seen[0][1])
        assert settings == seen[0][3]
    assert [shape for _, _, shape, _ in seen] == [(20,), (20, 10), (20, 10)]
    assert book.asked == [pytest.approx(seen[0][1].flat[0])]  # the teacher, once, about these


def test_rounded_files_hold_8_bit_numbers_and_answer_alike(small_network, tmp_path):
    import onnxruntime

    images = np.random.default_rng(0).normal(size=(16, 48, 48, 3)).astype(np.float32)
    wanted = small_network.predict(images, verbose=0)
    files = cheaper_networks.round_network(small_network, images, str(tmp_path))
    assert list(files) == ["float32", "dynamic", "static"]
    for name, within in (("float32", 1e-5), ("static", 0.1)):
        session = onnxruntime.InferenceSession(files[name].read_bytes())
        answers = session.run(None, {session.get_inputs()[0].name: images})[0]
        assert np.abs(answers - wanted).max() < within
    import onnx

    kinds = {initial.data_type for initial in onnx.load(files["static"]).graph.initializer}
    assert onnx.TensorProto.INT8 in kinds


def test_both_cuts_come_out_of_one_pass():
    import keras

    network = build.build_network(cheaper_networks.NETWORK, size=32)
    joined, columns = cheaper_networks.two_cuts(network)
    images = np.random.default_rng(0).normal(size=(2, 32, 32, 3)).astype(np.float32)
    middle = keras.Model(network.input, network.get_layer(cheaper_networks.CUT).output)
    end = keras.Model(network.input, network.get_layer("avg_pool").output)
    rows = np.asarray(joined(images))
    means = np.asarray(middle(images)).mean(axis=(1, 2))
    np.testing.assert_allclose(rows[:, columns["cut after block 10"]], means, atol=1e-4)
    np.testing.assert_allclose(rows[:, columns["the end"]], np.asarray(end(images)), atol=1e-4)


def test_pictures_are_shrunk_and_scaled_and_grey_ones_get_three_colours():
    prepare = cheaper_networks.shrink_to(96)
    grey = prepare(np.full((2, 224, 224, 1), 255, np.uint8))
    assert grey.shape == (2, 96, 96, 3)
    np.testing.assert_allclose(grey, 1, atol=1e-4)  # (255 - 127) / 128
    red = np.zeros((1, 224, 224, 3), np.uint8)
    red[..., 0] = 191
    np.testing.assert_allclose(prepare(red)[0, 5, 5], [0.5, -127 / 128, -127 / 128], atol=1e-4)


def test_without_photographs_it_says_so(monkeypatch, capsys):
    def missing(what, **_):
        raise FileNotHere(f"no {what}")

    monkeypatch.setattr(imagenet, "fetch_weights", lambda name: (None, "weights"))
    monkeypatch.setattr(solar, "load_solar_cells", missing)
    monkeypatch.setattr(load, "load_lab", missing)
    assert cheaper_networks.measure_sizes(range(1)) == []
    said = capsys.readouterr().err
    assert "no 224" in said and "no flowers" in said
