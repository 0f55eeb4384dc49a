"""Accuracy, calibration and intervals, against cases worked out by hand."""

import math
import time
from statistics import NormalDist

import keras
import numpy as np
import pytest

from tlhelpers.data import splits
from tlhelpers.transfer import metrics


def test_a_case_worked_out_by_hand():
    # Bin 0.5 to 0.6: one answer at 0.6, right: off by 0.4.
    # Bin 0.8 to 0.9: three answers at 0.81, 0.85, 0.89, mean 0.85, two right: off by 0.18333.
    # Weights 1/4 and 3/4: 0.1 + 0.1375 = 0.2375.
    error = metrics.expected_calibration_error([0.6, 0.81, 0.85, 0.89], [1, 1, 0, 1])
    assert error == pytest.approx(0.2375)


def test_errors_of_both_signs_do_not_cancel():
    # 0.75 and wrong half of the time, 0.25 and right half of the time.
    error = metrics.expected_calibration_error([0.75, 0.75, 0.25, 0.25], [1, 0, 1, 0])
    assert error == pytest.approx(0.25)


def test_perfect_and_worst():
    assert metrics.expected_calibration_error([1.0, 1.0], [True, True]) == 0
    assert metrics.expected_calibration_error([1.0, 1.0], [False, False]) == 1
    assert metrics.expected_calibration_error([0.75] * 4, [1, 1, 1, 0]) == pytest.approx(0)


def test_an_edge_belongs_to_the_bin_below_and_zero_to_the_first():
    confidence = np.arange(11) / 10
    table = metrics.confidence_bins(confidence, np.ones(11, bool))
    assert [count for count, _, _ in table] == [2] + [1] * 9


def test_one_bin_compares_the_two_means():
    generator = np.random.default_rng(0)
    confidence, correct = generator.random(200), generator.random(200) < 0.4
    error = metrics.expected_calibration_error(confidence, correct, bins=1)
    assert error == pytest.approx(abs(confidence.mean() - correct.mean()))


def test_agrees_with_a_plain_loop():
    generator = np.random.default_rng(1)
    confidence = generator.random(500)
    correct = generator.random(500) < confidence**2
    total = 0.0
    for low in range(15):
        inside = [i for i, c in enumerate(confidence) if low / 15 < c <= (low + 1) / 15]
        if inside:
            gap = sum(confidence[i] for i in inside) - sum(bool(correct[i]) for i in inside)
            total += abs(gap) / 500
    found = metrics.expected_calibration_error(confidence, correct, bins=15)
    assert found == pytest.approx(total)


def test_the_means_are_those_of_scikit_learn():
    from sklearn.calibration import calibration_curve

    generator = np.random.default_rng(2)
    confidence = np.concatenate([generator.random(200), np.arange(11) / 10])  # the edges, too
    correct = generator.random(211) < confidence
    accuracies, means = calibration_curve(correct, confidence, n_bins=10)
    table = np.array(metrics.confidence_bins(confidence, correct))
    np.testing.assert_allclose(table[:, 1:], np.stack([means, accuracies], axis=1))


def test_softmax_of_float32_may_be_a_hair_above_one():
    assert metrics.expected_calibration_error(np.float32([1.0000001]), [True]) < 1e-6


@pytest.mark.parametrize(
    ("confidence", "correct", "word"),
    [
        ([], [], "two rows"),
        ([0.5, 0.5], [True], "two rows"),
        (np.ones((2, 3)) / 3, np.ones((2, 3)), "argmax"),
        ([1.5], [True], "softmax"),
        ([-0.5], [True], "softmax"),
        ([np.nan], [True], "between 0 and 1"),
        ([0.5], [7], "True or False"),
    ],
)
def test_bad_input_is_named(confidence, correct, word):
    with pytest.raises(ValueError, match=word):
        metrics.expected_calibration_error(confidence, correct)


@pytest.mark.parametrize("bins", [0, -1, 1.5, float("nan"), 10**30])
def test_bins_are_counted(bins):
    with pytest.raises(ValueError, match="bins must be a whole number from 1"):
        metrics.confidence_bins([0.5], [True], bins=bins)


def test_a_million_bins_are_no_work():
    began = time.process_time()
    assert metrics.confidence_bins([0.5, 0.5], [True, False], bins=10**6) == [(2, 0.5, 0.5)]
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize("right, total", [(9, 10), (0, 7), (10, 10), (450, 500), (1, 3)])
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.99])
def test_the_interval_is_that_of_wilson_1927(right, total, confidence):
    share, z = right / total, NormalDist().inv_cdf((1 + confidence) / 2)
    middle = share + z**2 / (2 * total)
    half = z * math.sqrt(share * (1 - share) / total + z**2 / (4 * total**2))
    wanted = [end / (1 + z**2 / total) for end in (middle - half, middle + half)]
    found = metrics.accuracy_interval(right, total, confidence=confidence)
    assert found == pytest.approx(wanted, abs=1e-12)


def test_the_interval_catches_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    rights = rng.binomial(40, 0.9, 2000)
    caught = [
        low <= 0.9 <= high for low, high in map(metrics.accuracy_interval, rights, [40] * 2000)
    ]
    assert 0.92 < np.mean(caught) < 0.98


@pytest.mark.parametrize(
    "right, total, says",
    [
        (11, 10, "from 0 to 10; got 11"),
        (0, 0, "total must be a whole number from 1"),
        (0.9, 10, "round("),
        (1.5, 10, "right must be a whole number"),
        (float("nan"), 10, "right must be a number"),
    ],
)
def test_counts_that_cannot_be_are_refused(right, total, says):
    with pytest.raises(ValueError) as error:
        metrics.accuracy_interval(right, total)
    assert says in str(error.value)


def test_a_confidence_in_per_cent_is_refused():
    with pytest.raises(ValueError, match="between 0 and 1; got 95"):
        metrics.accuracy_interval(9, 10, confidence=95)


def test_accuracy_is_the_share_that_is_right():
    half = splits.Split(np.eye(4, dtype="float32"), np.array([0, 1, 2, 0]))
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, use_bias=False)])
    model.set_weights([np.eye(4)])
    assert metrics.accuracy(model, half) == 0.75


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.array([[0], [1], [2], [0]]), "ravel"),
        (np.array([0, 1]), "must have 4 numbers"),
        (np.array([0.0, 1.0, 2.0, 0.0]), "astype"),
        (np.array(["0", "1", "2", "0"]), "np.unique"),
    ],
)
def test_the_accuracy_of_labels_in_another_form_is_refused(labels, words):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, use_bias=False)])
    with pytest.raises((TypeError, ValueError), match=words):
        metrics.accuracy(model, (np.eye(4), labels))


def test_probabilities_take_lists_and_refuse_what_the_network_does_not_take():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "softmax")])
    rows = np.eye(4, dtype="float32")
    found = metrics.probabilities(model, rows.tolist(), batch_size=3)
    assert np.allclose(found, metrics.probabilities(model, rows))
    for images, words in (
        (rows[:, :3], r"\(n, 4\)"),
        (rows[:0], "at least 1"),
        (rows * np.nan, "NaN"),
    ):
        with pytest.raises(ValueError, match=words):
            metrics.probabilities(model, images)


def test_a_network_without_an_input_is_told_to_begin_with_one():
    unbuilt = keras.Sequential([keras.layers.Dense(3, "softmax")])
    for ask in (metrics.probabilities, lambda model, rows: metrics.accuracy(model, (rows, [0]))):
        with pytest.raises(ValueError, match=r"no fixed input. Begin it with keras.Input"):
            ask(unbuilt, np.ones((1, 4)))
        with pytest.raises(TypeError, match="network of Keras; got 'MobileNetV2'"):
            ask("MobileNetV2", np.ones((1, 4)))


def test_the_interval_of_groups_is_that_of_student_by_hand():
    right = np.repeat([1, 0, 1, 0, 1, 0], [9, 1, 14, 6, 24, 6])  # 90 of 10, 70 of 20, 80 of 30 %
    groups = np.repeat([7, 3, 5], [10, 20, 30])
    half = 4.302653 * 0.1 / math.sqrt(3)  # the table's t for two degrees of freedom
    low, high = metrics.group_interval(right, groups)
    assert low == pytest.approx(0.8 - half, abs=1e-5) and high == 1
    low, high = metrics.group_interval(right, groups, confidence=0.5)
    assert (low, high) == pytest.approx((0.8 - 0.81650 * 0.1 / 3**0.5, 0.84714), abs=1e-5)


def test_the_interval_of_groups_catches_a_new_mean_where_that_of_answers_does_not():
    rng = np.random.default_rng(1)
    groups, trials = np.repeat(np.arange(7), 100), 600
    by_groups = by_answers = 0
    for _ in range(trials):
        right = rng.random(700) < np.repeat(rng.normal(0.8, 0.06, 7), 100)
        low, high = metrics.group_interval(right, groups)
        by_groups += low <= 0.8 <= high
        low, high = metrics.accuracy_interval(int(right.sum()), 700)
        by_answers += low <= 0.8 <= high
    assert 0.92 < by_groups / trials < 0.98
    assert by_answers / trials < 0.85


@pytest.mark.parametrize(
    ("right", "groups", "words"),
    [
        ([1, 0, 1], [2, 2, 2], "1 group: how groups differ takes two"),
        ([], [], "0 group"),
        ([1, 0, 1], [0, 1], "same length"),
        ([0.9, 0.8], [0, 1], "True or False"),
        ([1, 0, 1], [0, 1, np.nan], "groups must be one row of whole numbers"),
        ([1, 0], ["Ada", "Bo"], "np.unique"),
    ],
)
def test_groups_that_say_nothing_are_refused(right, groups, words):
    with pytest.raises((TypeError, ValueError), match=words):
        metrics.group_interval(right, groups)
    with pytest.raises(ValueError, match="between 0 and 1; got 95"):
        metrics.group_interval([1, 0], [0, 1], confidence=95)


@pytest.mark.parametrize("ask", ["probabilities", "accuracy", "a dataset"])
def test_a_network_with_large_layers_is_asked_about_few_images_at_once(ask, monkeypatch):
    import keras
    import tensorflow as tf

    from tlhelpers.networks import surgery

    sizes = []

    class Counting(keras.layers.Layer):
        def call(self, images):
            if images.shape[0] is not None:  # not while it is built
                sizes.append(images.shape[0])
            return images

    layers = keras.layers
    network = [keras.Input((4, 4, 1)), Counting(), layers.Flatten(), layers.Dense(3, "softmax")]
    model = keras.Sequential(network)
    model.compile(run_eagerly=True)
    images, labels = np.zeros((10, 4, 4, 1), "float32"), np.zeros(10, int)
    monkeypatch.setattr(surgery, "AT_ONCE", 16 * 4)
    sizes.clear()
    if ask == "probabilities":
        assert len(metrics.probabilities(model, images)) == 10
    elif ask == "accuracy":
        metrics.accuracy(model, (images, labels))
    else:
        batches = tf.data.Dataset.from_tensor_slices(images).batch(8)
        assert len(metrics.probabilities(model, batches)) == 10
    assert sizes == [4, 4, 2]
