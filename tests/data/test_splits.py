"""Splits, label budgets and input checks, against hand-made cases."""

import numpy as np
import pytest

from tlhelpers.data import splits


def test_contiguous_parts_cover_everything_once_and_in_order():
    for n in (2, 7, 1797):
        for parts in (2, 3, 5):
            if n < parts:
                continue
            rows = [np.arange(n)[part] for part in splits.contiguous_split(n, parts)]
            assert np.array_equal(np.concatenate(rows), np.arange(n))
            assert max(map(len, rows)) - min(map(len, rows)) <= 1


@pytest.mark.parametrize(
    ("n", "parts"), [(1, 2), (0, 2), (5, 1), (5, 0), (float("nan"), 2), (10, 10**8)]
)
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
        ([0, 0, 1], 2, "class 1 has 1. Ask for at most 1"),
        ([0, 1], 0, "from 1"),
        ([0, 1], 1.5, "whole number"),
        ([[0, 1]], 1, "one row"),
        ([0.0, 1.0], 1, "whole numbers"),
        (np.zeros(0, int), 1, "no labels"),
    ],
)
def test_impossible_budgets_are_refused(labels, per_class, words):
    with pytest.raises(ValueError, match=words):
        splits.label_budget(np.array(labels), per_class)


def test_names_and_odd_seeds_are_refused():
    with pytest.raises(TypeError, match="np.unique"):
        splits.label_budget(["a", "b"], 1)
    for seed in (-1, 1.5, 10**30):
        with pytest.raises(ValueError, match="seed must be a whole number from 0"):
            splits.label_budget([0, 1], 1, seed=seed)


@pytest.mark.parametrize("fractions", ["half", (0.5, None), 0.5, (1.0,), (0.5, 0.6), (1.5, -0.5)])
def test_fractions_are_shares_of_one(fractions):
    with pytest.raises((TypeError, ValueError), match="fraction"):
        splits.stratified_split(None, fractions)


def test_a_split_wants_a_report():
    with pytest.raises(TypeError, match="report must come from tl.folders.scan_folder.*got str"):
        splits.stratified_split("pictures")
