"""Shares of classes without labels: against problems with a known answer."""

import numpy as np
import pytest

from tlhelpers.transfer import label_shift

SOURCE = np.array([0.5, 0.3, 0.2])
TARGET = np.array([0.1, 0.2, 0.7])


def draw(rng, shares, n):
    """Draw labels, and one number for each: a bell round 0, 2 or 4."""
    labels = rng.choice(3, n, p=shares)
    return labels, rng.normal(2 * labels, 1)


def answers_of(points, shares):
    """Answer as one that knows the bells and the shares: the true posterior."""
    weights = shares * np.exp(-((points[:, None] - 2 * np.arange(3)) ** 2) / 2)
    return weights / weights.sum(axis=1, keepdims=True)


@pytest.fixture(scope="module")
def bells():
    """Answers to a source, its labels, answers to a target (by one trained on the source)."""
    rng = np.random.default_rng(0)
    labels, points = draw(rng, SOURCE, 40_000)
    hidden, seen = draw(rng, TARGET, 40_000)
    return answers_of(points, SOURCE), labels, answers_of(seen, SOURCE), hidden, seen


def test_both_find_the_shares_that_the_target_was_drawn_with(bells):
    kept, labels, asked, _, _ = bells
    by_em = label_shift.estimate_shares_em(asked, SOURCE)
    by_bbse = label_shift.estimate_shares_bbse(kept, labels, asked)
    counted = np.bincount(asked.argmax(axis=1), minlength=3) / len(asked)
    assert np.abs(by_em - TARGET).max() < 0.01
    assert np.abs(by_bbse - TARGET).max() < 0.015
    assert np.abs(counted - TARGET).max() > 0.03  # counting answers alone is not enough


def test_corrected_answers_are_those_of_one_who_knew_the_shares(bells):
    _, _, asked, hidden, seen = bells
    corrected = label_shift.reweight(asked, SOURCE, TARGET)
    assert np.allclose(corrected, answers_of(seen, TARGET))
    right, before = (np.mean(a.argmax(axis=1) == hidden) for a in (corrected, asked))
    assert right > before + 0.02


def test_without_a_shift_nothing_changes(bells):
    kept, labels, _, _, _ = bells
    assert np.abs(label_shift.estimate_shares_em(kept, SOURCE) - SOURCE).max() < 0.01
    assert np.allclose(label_shift.reweight(kept, SOURCE, SOURCE), kept)
    own = np.bincount(labels, minlength=3) / len(labels)
    assert np.allclose(label_shift.estimate_shares_bbse(kept, labels, kept), own)


def test_em_ends_where_the_likelihood_is_largest():
    rng = np.random.default_rng(1)
    answers = rng.dirichlet([1, 1], 50)
    found = label_shift.estimate_shares_em(answers, [0.3, 0.7])
    grid = np.linspace(0.001, 0.999, 999)
    each = answers[:, :1] * grid / 0.3 + answers[:, 1:] * (1 - grid) / 0.7
    assert found[0] == pytest.approx(grid[np.log(each).sum(axis=0).argmax()], abs=2e-3)


def test_bbse_by_hand_a_class_that_gets_every_second_answer_of_another():
    sure = np.eye(2)
    kept = sure[[0, 1, 1, 1]]  # of the 0s, half are called 1
    target = sure[[0, 1, 1, 1, 1, 1, 1, 1]]  # 1/8 are called 0: so 1/4 are
    found = label_shift.estimate_shares_bbse(kept, [0, 0, 1, 1], target)
    assert found == pytest.approx([0.25, 0.75])


def test_no_share_is_below_zero():
    kept = np.eye(2)[[0, 1, 1, 1]]
    target = np.eye(2)[[0, 0, 0]]  # more 0s than any shares explain
    assert label_shift.estimate_shares_bbse(kept, [0, 0, 1, 1], target) == pytest.approx([1, 0])


def test_a_class_that_the_source_lacks_stays_away():
    answers = np.array([[0.5, 0.3, 0.2], [0.2, 0.3, 0.5]])
    shares = label_shift.estimate_shares_em(answers, [0.5, 0, 0.5])
    assert shares == pytest.approx([0.5, 0, 0.5])
    assert label_shift.reweight(answers, [0.5, 0, 0.5], [0.5, 0.25, 0.25])[:, 1].tolist() == [0, 0]


def test_the_number_of_steps_and_the_tolerance_end_it():
    answers = np.array([[0.75, 0.25], [0.75, 0.25], [0.25, 0.75]])
    once = label_shift.estimate_shares_em(answers, [0.5, 0.5], steps=1)
    assert once == pytest.approx([7 / 12, 5 / 12])  # the mean of the answers
    loose = label_shift.estimate_shares_em(answers, [0.5, 0.5], tolerance=1)
    assert loose == pytest.approx(once)


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ([5, 5], r"counts / counts.sum\(\)"),
        ([1.5, -0.5], "none below 0"),
        ([np.nan, 0.5], "must be shares"),
        ([1.0], "each of 2 classes; got shape"),
        ([[0.5, 0.5]], "each of 2 classes; got shape"),
    ],
)
def test_what_are_no_shares_is_refused(shares, words):
    answers = np.array([[0.5, 0.5]])
    with pytest.raises(ValueError, match=f"source_shares.*{words}"):
        label_shift.estimate_shares_em(answers, shares)
    with pytest.raises(ValueError, match=f"target_shares.*{words}"):
        label_shift.reweight(answers, [0.5, 0.5], shares)


def test_answers_that_no_share_explains_are_named():
    sure = np.eye(2)
    with pytest.raises(ValueError, match="never learned"):
        label_shift.estimate_shares_em(sure, [1, 0])
    with pytest.raises(ValueError, match="no class at all"):
        label_shift.reweight(sure, [0.5, 0.5], [1, 0])
    with pytest.raises(ValueError, match="no image of class 1"):
        label_shift.estimate_shares_bbse(sure, [0, 0], sure)
    with pytest.raises(ValueError, match="never? given|was ever given"):
        label_shift.estimate_shares_bbse(np.eye(3)[[0, 0, 1]], [0, 1, 2], np.eye(3)[[2]])
    with pytest.raises(ValueError, match=r"\(n, 2\); got \(1, 3\)"):
        label_shift.estimate_shares_bbse(sure, [0, 1], np.array([[0.2, 0.3, 0.5]]))
