"""Calibration, against cases worked out by hand."""

import numpy as np
import pytest

from tlhelpers import metrics


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
    with pytest.raises(ValueError, match="at least 1"):
        metrics.confidence_bins([0.5], [True], bins=0)
