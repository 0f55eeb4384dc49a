"""Splits, label budgets and input checks, against hand-made cases."""

import numpy as np
import pytest

from tlhelpers.data import arrays, splits


def test_contiguous_parts_cover_everything_once_and_in_order():
    for n in (2, 7, 1797):
        for parts in (2, 3, 5):
            if n < parts:
                continue
            rows = [np.arange(n)[part] for part in splits.contiguous_split(n, parts)]
            assert np.array_equal(np.concatenate(rows), np.arange(n))
            assert max(map(len, rows)) - min(map(len, rows)) <= 1


@pytest.mark.parametrize(("n", "parts"), [(1, 2), (0, 2), (5, 1), (5, 0)])
def test_impossible_splits_are_refused(n, parts):
    with pytest.raises(ValueError, match="parts"):
        splits.contiguous_split(n, parts)


def test_label_budget_is_balanced_nested_and_repeatable():
    labels = np.array([2, 0, 1] * 20 + [1] * 7)
    small, large = (splits.label_budget(labels, k, seed=3) for k in (2, 5))
    assert np.array_equal(labels[small], [0, 0, 1, 1, 2, 2])
    assert set(small) <= set(large) and len(set(large)) == 15
    assert np.array_equal(large, splits.label_budget(labels, 5, seed=3))
    assert not np.array_equal(large, splits.label_budget(labels, 5, seed=4))


@pytest.mark.parametrize(
    ("labels", "per_class", "words"),
    [
        ([0, 0, 1], 2, "class 1 has 1 examples. Ask for at most 1"),
        ([0, 1], 0, "at least 1"),
        ([0, 1], 1.5, "whole number"),
        ([[0, 1]], 1, "one row"),
        (["a", "b"], 1, "whole numbers"),
        (np.zeros(0, int), 1, "no labels"),
    ],
)
def test_impossible_budgets_are_refused(labels, per_class, words):
    with pytest.raises(ValueError, match=words):
        splits.label_budget(np.array(labels), per_class)


def test_good_images_pass_in_any_numeric_type():
    for dtype in (np.float64, np.float32, np.uint8, int):
        assert arrays.check_images(np.ones((2, 8, 8), dtype), (8, 8)).dtype == np.float32


@pytest.mark.parametrize(
    ("array", "error", "words"),
    [
        (np.zeros((8, 8)), ValueError, r"images\[None\]"),
        (np.zeros((2, 8, 9)), ValueError, r"wanted|must have shape \(n, 8, 8\); got \(2, 8, 9\)"),
        (np.zeros((2, 8, 8, 1)), ValueError, "must have shape"),
        (np.full((2, 8, 8), 16.0), ValueError, "Divide by 16"),
        (np.full((2, 8, 8), 255), ValueError, "Divide by 255"),
        (np.full((2, 8, 8), -1.0), ValueError, "between 0 and 1; got -1"),
        (np.full((2, 8, 8), np.nan), ValueError, "not finite"),
        (np.full((2, 8, 8), "x"), TypeError, "real numbers"),
        (np.full((2, 8, 8), True), TypeError, "dtype bool"),
        (np.full((2, 8, 8), 1j), TypeError, "complex"),
        (None, TypeError, "dtype object"),
    ],
)
def test_bad_images_are_refused_with_advice(array, error, words):
    with pytest.raises(error, match=words):
        arrays.check_images(array, (8, 8))
