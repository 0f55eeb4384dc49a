"""Cuts between groups: nothing that belongs together on both sides, classes in equal shares."""

import numpy as np
import pytest

import tlhelpers as tl

split = tl.group_splits.split_groups


def test_no_group_is_on_both_sides_and_no_row_is_lost():
    chance = np.random.default_rng(0)
    groups, labels = chance.integers(0, 90, 500), chance.integers(0, 3, 500)
    for share in (0, 0.2, 0.5, 1):
        train, test = split(groups, labels, share=share)
        assert not {*groups[train]} & {*groups[test]} and len(train) and len(test)
        assert sorted([*train, *test]) == list(range(500))
        assert np.all(np.diff(train) > 0) and np.all(np.diff(test) > 0)


def test_classes_have_the_same_share_of_groups_on_both_sides():
    groups = np.repeat(np.arange(100), 3)
    labels = np.repeat(np.arange(100) < 20, 3).astype(int)
    labels[::3] = 0  # a group counts as of the class that most of its rows have
    for seed in range(5):
        _, test = split(groups, labels, share=0.25, seed=seed)
        assert np.sum(np.unique(groups[test]) < 20) == 5 and len(np.unique(groups[test])) == 25


def test_the_seed_says_which_draw():
    groups, labels = np.arange(40), np.arange(40) % 2
    draws = {tuple(split(groups, labels, seed=seed)[1]) for seed in (1, 1, 2, 3)}
    assert len(draws) == 3


def test_a_class_that_is_nowhere_the_most_goes_with_its_groups():
    train, test = split([0, 0, 0, 1, 1, 1], [0, 0, 1, 0, 0, 1], share=0.5)
    assert len(train) == len(test) == 3


def test_what_cannot_be_cut_gets_a_sentence():
    with pytest.raises(ValueError, match="too few families to cut: 1 of kind 7; wanted are two"):
        split([0, 1, 2], [0, 0, 7], many="families")
    with pytest.raises(ValueError, match="got 3 groups and 2 labels"):
        split([0, 1, 2], [0, 0])
    with pytest.raises(ValueError, match="There are no groups to cut"):
        split([], [])
    with pytest.raises(ValueError, match="share must be a number from 0 to 1; got 25.*Divide"):
        split([0, 1], [0, 0], share=25)
