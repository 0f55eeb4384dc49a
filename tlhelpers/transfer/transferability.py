"""Guess how well features will transfer, before anything is trained on them.

Each score looks at labelled rows of the target only, takes far less time than fine-tuning,
and is higher where a head should do better.  None of them is always right: `rank_correlation`
says how well a score put candidates in order, and how little a few candidates can say.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tlhelpers.inputs import (
    read_array,
    read_choice,
    read_count,
    read_items,
    read_labels,
    read_number,
    read_probabilities,
    read_rows,
    read_seed,
)

KINDS = ("kendall", "spearman")
#: What a score needs to look at a table: two classes with two rows each.
CLASSES, EACH = 2, 2
#: How far the ratio of prior and noise may go from the largest singular value, squared.
_RATIOS = (-10.0, 6.0)  # powers of ten
_RHOS = (-0.9999, 0.9999)  # correlations that an interval may end at
_AT_ONCE = 2_000_000  # pairs of candidates in memory


def h_score(features: Any, labels: Any, *, shrinkage: float | None = None) -> float:
    """Return the H-score: how much of the features' spread lies between the classes.

    The trace of the inverse covariance of the features times the covariance of their class
    means.  It is the best that a linear regression on the features can do at telling the
    classes, and it does not change when the features are mixed by an invertible matrix.

    With as many features as rows, or more, the covariance has no inverse, and every table
    would get the same score.  So the covariance is shrunk towards equal spread in all
    directions, as Ibrahim et al. propose; only turning the features and scaling all of them
    alike then leaves the score as it is.

    Parameters
    ----------
    features
        Shape (n, d).
    labels
        Shape (n,): their classes; at least two, with two rows each.
    shrinkage
        From 0 (the covariance as it is: Bao et al.) to below 1; by default as much as
        Ledoit and Wolf advise for these rows.

    Returns
    -------
    float
        From 0 to the number of classes less 1.

    Raises
    ------
    ValueError
        If ``shrinkage=0`` and there are not more rows than features, or if features and
        labels do not fit.

    References
    ----------
    Bao et al. 2019, "An information-theoretic approach to transferability in task transfer
    learning"; Ibrahim et al. 2021, "Newer is not always better: rethinking transferability
    metrics, their peculiarities, stability and performance",
    https://arxiv.org/abs/2110.06893; Ledoit and Wolf 2004, "A well-conditioned estimator
    for large-dimensional covariance matrices".

    Examples
    --------
    The first number says the class, the second one nothing:

    >>> rows = np.array([[0, 0], [0, 1], [1, 0], [1, 1], [0, 0], [1, 1]])
    >>> round(h_score(rows, [0, 0, 1, 1, 0, 1], shrinkage=0), 3)
    1.0
    """
    from sklearn.covariance import ledoit_wolf_shrinkage

    features, labels = _read_table(features, labels)
    centred = features - features.mean(axis=0)
    scale = float(np.abs(centred).max())
    if scale == 0:
        return 0.0  # every row is the same: nothing tells the classes
    centred /= scale
    if shrinkage is None:
        shrinkage = float(ledoit_wolf_shrinkage(centred, assume_centered=True))
    else:
        shrinkage = read_number(shrinkage, "shrinkage", least=0, most=1)
        if shrinkage == 1:
            raise ValueError("shrinkage must be below 1: with 1, nothing of the spread is left.")
        if shrinkage == 0 and len(features) <= features.shape[1]:
            raise ValueError(
                f"With {len(features)} rows of {features.shape[1]} features the covariance has no "
                "inverse, and every table would get the same score. Leave shrinkage out, or give "
                "more rows."
            )
    # In the directions in which the rows spread; all others add nothing.
    _, lengths, axes = np.linalg.svd(centred, full_matrices=False)
    kept = lengths > lengths[0] * max(centred.shape) * np.finfo(np.float64).eps
    spread = lengths[kept] ** 2 / len(centred)
    _, numbers, counts = np.unique(labels, return_inverse=True, return_counts=True)
    sums = np.zeros((len(counts), int(kept.sum())))
    np.add.at(sums, numbers, centred @ axes[kept].T)
    between = np.sum(sums**2 / counts[:, None], axis=0) / len(centred)
    equal = spread.sum() / centred.shape[1]  # the mean of all variances
    return float(np.sum((1 - shrinkage) * between / ((1 - shrinkage) * spread + shrinkage * equal)))


def log_me(features: Any, labels: Any) -> float:
    """Return LogME: how probable the labels are under a Bayesian linear model of the features.

    For each class, its labels (1 or 0) are a weighted sum of the features and noise; weights
    and noise are normal.  The evidence averages over all weights, so a table that could
    explain anything gets no credit for it.  Both variances are those of the largest evidence.
    (The authors find it by repeating two updates; here, by searching along the ratio of the
    two variances, since the best noise for a ratio is known.)

    Parameters
    ----------
    features
        Shape (n, d).  A constant column lets the model have an intercept.
    labels
        Shape (n,): their classes; at least two, with two rows each.

    Returns
    -------
    float
        Logarithm of the evidence for one label, averaged over rows and classes.  It may be
        above 0, as densities may be above 1.

    Raises
    ------
    ValueError
        If features and labels do not fit.

    References
    ----------
    You et al. 2021, "LogME: practical assessment of pre-trained models for transfer
    learning", https://arxiv.org/abs/2102.11005; MacKay 1992, "Bayesian interpolation".

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> labels = np.arange(60) % 3
    >>> useful = np.eye(3)[labels] + rng.normal(0, 0.3, (60, 3))
    >>> log_me(useful, labels) > log_me(rng.normal(size=(60, 3)), labels)
    True
    """
    features, labels = _read_table(features, labels)
    largest = float(np.abs(features).max())
    directions, lengths, _ = np.linalg.svd(features / (largest or 1.0), full_matrices=False)
    kept = lengths > lengths[0] * max(features.shape) * np.finfo(np.float64).eps
    squares = lengths[kept] ** 2
    evidence = []
    for number in np.unique(labels):
        wanted = (labels == number).astype(np.float64)
        along = (directions[:, kept].T @ wanted) ** 2
        outside = max(float(wanted @ wanted - along.sum()), 0.0)
        evidence.append(_largest_evidence(squares, along, outside, len(wanted)))
    return float(np.mean(evidence) / len(labels))


def _largest_evidence(squares: np.ndarray, along: np.ndarray, outside: float, count: int) -> float:
    """Return the largest logarithm of the evidence of one class.

    Parameters
    ----------
    squares
        Squared singular values of the features.
    along
        Squared parts of the labels along their directions.
    outside
        Squared part of the labels in no direction.
    count
        How many rows there are.
    """
    from scipy.optimize import minimize_scalar

    top = float(squares.max()) if len(squares) else 1.0

    def evidence(power: Any) -> Any:
        """Return the evidence where variance of noise / of weights is 10**power * top."""
        ratio = np.atleast_1d(10.0 ** np.asarray(power) * top)[:, None]
        misfit = np.sum(along * ratio / (ratio + squares), axis=1) + outside
        misfit = np.maximum(misfit, np.finfo(np.float64).tiny)
        shrunk = np.sum(np.log(ratio / (ratio + squares)), axis=1)
        return (shrunk - count * (np.log(2 * np.pi * misfit / count) + 1)) / 2

    grid = np.linspace(*_RATIOS, 97)  # there may be more than one hill
    found = evidence(grid)
    best = int(found.argmax())
    ends = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    near = minimize_scalar(lambda power: -evidence(power)[0], bounds=ends, method="bounded")
    return float(max(found[best], -near.fun))


def leep(probabilities: Any, labels: Any) -> float:
    """Return LEEP: how well a network's old answers say what the new classes are.

    For each old class, the share of each new class among the pictures that get it is counted.
    Through these shares the old answers become answers about the new classes.  LEEP is the
    mean logarithm of the probability of the right one.

    Parameters
    ----------
    probabilities
        Shape (n, old classes): answers of the whole network to the target's pictures.
    labels
        Shape (n,): their new classes; at least two, with two rows each.

    Returns
    -------
    float
        At most 0.

    Raises
    ------
    ValueError
        If these are no probabilities, or the labels do not fit.

    References
    ----------
    Nguyen et al. 2020, "LEEP: a new measure to evaluate transferability of learned
    representations", https://arxiv.org/abs/2002.12462

    Examples
    --------
    Old answers that always differ for the two new classes, and such that never do:

    >>> answers = np.array([[1.0, 0], [1, 0], [0, 1], [0, 1]])
    >>> leep(answers, [0, 0, 1, 1])
    0.0
    >>> round(leep(np.full((4, 2), 0.5), [0, 0, 1, 1]), 4)  # log(1 / 2)
    -0.6931
    """
    answers = np.clip(read_probabilities(probabilities, "probabilities"), 0, None)
    labels = _read_classes(labels, len(answers))
    _, numbers = np.unique(labels, return_inverse=True)
    joint = np.zeros((numbers.max() + 1, answers.shape[1]))
    np.add.at(joint, numbers, answers)
    total = joint.sum(axis=0)
    shares = np.divide(joint, total, out=np.zeros_like(joint), where=total > 0)
    right = np.sum(answers * shares[numbers], axis=1)
    return float(np.mean(np.log(right)))


def nearest_mean(features: Any, labels: Any, *, groups: Any = None) -> float:
    """Return how often a row lies nearest to the mean of its own class, itself left out.

    Parameters
    ----------
    features
        Shape (n, d).
    labels
        Shape (n,): their classes; at least two, with two rows each.
    groups
        Shape (n,): writers, modules or whatever repeats itself, as whole numbers.  Then all
        rows of its group are left out of the means that a row is compared with.

    Returns
    -------
    float
        From 0 to 1: balanced accuracy, the mean of the shares that are right in each class.

    Raises
    ------
    ValueError
        If the three do not fit, or all rows of a class are in one group.

    References
    ----------
    Mensink et al. 2013, "Distance-based image classification: generalizing to new classes
    at near-zero cost"; Snell, Swersky and Zemel 2017, "Prototypical networks for few-shot
    learning", https://arxiv.org/abs/1703.05175

    Examples
    --------
    >>> nearest_mean(np.array([[0.0], [1], [9], [10]]), [0, 0, 1, 1])
    1.0
    """
    features, labels = _read_table(features, labels)
    names, numbers, counts = np.unique(labels, return_inverse=True, return_counts=True)
    if groups is None:
        groups = np.arange(len(labels))
    groups = read_labels(groups, "groups", count=len(labels))
    sums = np.zeros((len(names), features.shape[1]))
    np.add.at(sums, numbers, features)
    right = np.empty(len(labels), bool)
    for group in np.unique(groups):
        inside = groups == group
        own = np.bincount(numbers[inside], minlength=len(names))
        if (own == counts).any():
            name = names[(own == counts).argmax()]
            raise ValueError(
                f"All rows of class {name} are in group {group}: without that group, the class "
                "has no mean. Give rows of more groups."
            )
        without = sums.copy()
        np.subtract.at(without, numbers[inside], features[inside])
        means = without / (counts - own)[:, None]
        away = ((features[inside, None] - means) ** 2).sum(axis=2)
        right[inside] = away.argmin(axis=1) == numbers[inside]
    return float(np.mean([right[numbers == number].mean() for number in range(len(names))]))


# ----------------------------------------------------------------------------- ranks


class RankCorrelation(NamedTuple):
    """How well one order agrees with another.

    Attributes
    ----------
    value
        From -1 (the other way round) over 0 to 1 (the same order).
    low, high
        Between which values it may lie for candidates of this kind.
    p
        How probable an agreement (or a disagreement) so strong is by luck alone.
    """

    value: float
    low: float
    high: float
    p: float


def rank_correlation(
    scores: Any,
    accuracies: Any,
    *,
    groups: Any = None,
    kind: str = "kendall",
    confidence: float = 0.95,
    draws: int = 1000,
    seed: int = 0,
) -> RankCorrelation:
    """Compare two orders of the same candidates, and say how little a few of them can tell.

    A bootstrap of a few candidates is no help: drawn again from candidates in perfect order,
    all are in perfect order, and the interval has no width.  So the interval holds those
    true correlations under which a value as high as the measured one, and one as low, both
    are drawn often enough.  For drawing, the ranks are those of two normal numbers with that
    correlation.

    Parameters
    ----------
    scores, accuracies
        Shape (n,): of each candidate; three at least.
    groups
        Shape (n,), whole numbers: only candidates of one group are compared (tasks, of which
        one is harder than another; networks, to compare the cuts of each).  The value is the
        mean of the groups' values, and the interval is Student's t over the groups, two at
        least.  It takes for granted that they are independent.
    kind
        ``"kendall"`` (tau-b: the share of pairs in the same order, less that of pairs in the
        other one) or ``"spearman"`` (the correlation of the ranks).
    confidence
        How often such an interval is to hold the true value.
    draws
        How many draws the interval and ``p`` are made of.
    seed
        Which draws.

    Returns
    -------
    RankCorrelation
        The value, the ends of its interval, and ``p``, of two sides.

    Raises
    ------
    ValueError
        If there are fewer than three candidates (in a group), or all have one score or one
        accuracy: these have no order.

    References
    ----------
    Kendall 1938, "A new measure of rank correlation"; Spearman 1904, "The proof and
    measurement of association between two things".

    Examples
    --------
    Five candidates in perfect order still leave much open:

    >>> found = rank_correlation([1, 2, 3, 4, 5], [0.5, 0.6, 0.7, 0.8, 0.9])
    >>> found.value, found.low < 0.5
    (1.0, True)
    """
    confidence = read_number(confidence, "confidence", least=0, most=1)
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1; got {confidence}.")
    kind, draws = read_choice(kind, "kind", KINDS), read_count(draws, "draws", least=100)
    rng = np.random.default_rng(read_seed(seed))
    scores = _read_numbers(scores, "scores")
    accuracies = _read_numbers(accuracies, "accuracies")
    if len(scores) != len(accuracies):
        raise ValueError(
            "There is one score and one accuracy for each candidate; got "
            f"{len(scores)} scores and {len(accuracies)} accuracies."
        )
    if groups is None:
        groups, one = np.zeros(len(scores), int), True
    else:
        groups, one = read_labels(groups, "groups", count=len(scores)), False
    parts = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    pairs = [(_ranks(scores[part]), _ranks(accuracies[part])) for part in parts]
    for part, (first, second) in zip(parts, pairs, strict=True):
        where = "" if one else f" in group {groups[part[0]]}"
        if len(part) < 3:
            raise ValueError(f"An order takes three candidates; got {len(part)}{where}.")
        for ranks, what in ((first, "score"), (second, "accuracy")):
            if np.ptp(ranks) == 0:
                raise ValueError(f"All candidates{where} have one {what}: they have no order.")
    each = np.array([_agreement(a[None], b[None], kind)[0] for a, b in pairs])
    value = float(each.mean())
    shuffled = np.mean(
        [_agreement(rng.permuted(np.tile(a, (draws, 1)), axis=1), b[None], kind) for a, b in pairs],
        axis=0,
    )
    extreme = np.abs(shuffled) >= abs(value) - 1e-9
    p = float((1 + extreme.sum()) / (1 + draws))  # the measured order is one of them
    if one:
        low, high = _interval(value, len(scores), kind, confidence, draws, rng)
    else:
        low, high = _interval_of_groups(each, confidence)
    return RankCorrelation(value, low, high, p)


def _interval(
    value: float, count: int, kind: str, confidence: float, draws: int, rng: np.random.Generator
) -> tuple[float, float]:
    """Return between which true correlations the value is not a rare one."""
    from scipy.optimize import brentq

    first, noise = rng.standard_normal((2, draws, count))
    ranks = _ranks(first)
    rare = (1 - confidence) / 2

    def drawn(rho: float) -> np.ndarray:
        return _agreement(ranks, _ranks(rho * first + np.sqrt(1 - rho**2) * noise), kind)

    def too_often(rho: float, sign: int) -> float:
        return float(np.mean(sign * drawn(rho) >= sign * value - 1e-9)) - rare

    ends = []
    for sign, (far, near) in ((1, _RHOS), (-1, _RHOS[::-1])):
        if too_often(far, sign) >= 0:
            ends.append(float(np.sign(far)))  # no correlation is too far away
        elif too_often(near, sign) <= 0:
            ends.append(near)  # the order is (nearly) perfect, and there are many
        else:
            ends.append(brentq(too_often, *_RHOS, args=(sign,), xtol=1e-3))
    # What these correlations of normal numbers are as correlations of ranks.
    rho = np.array(ends)
    true = 2 / np.pi * np.arcsin(rho) if kind == "kendall" else 6 / np.pi * np.arcsin(rho / 2)
    return float(min(true[0], value)), float(max(true[1], value))


def _interval_of_groups(each: np.ndarray, confidence: float) -> tuple[float, float]:
    """Return Student's t interval of the mean over groups, cut at -1 and 1."""
    from scipy.stats import t

    if len(each) < 2:
        raise ValueError(
            "groups has 1 group: how groups differ takes two at least. Leave groups out to "
            "compare all candidates with each other."
        )
    half = float(t.ppf((1 + confidence) / 2, len(each) - 1)) * each.std(ddof=1) / len(each) ** 0.5
    return max(-1.0, float(each.mean() - half)), min(1.0, float(each.mean() + half))


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return the rank of each value in its row; equal ones share theirs."""
    from scipy.stats import rankdata

    return rankdata(values, axis=-1)


def _agreement(first: np.ndarray, second: np.ndarray, kind: str) -> np.ndarray:
    """Return the correlation of the ranks in each row, shape (rows,)."""
    if kind == "spearman":
        return _cosine(*(ranks - ranks.mean(axis=1, keepdims=True) for ranks in (first, second)))
    one, other = np.triu_indices(first.shape[1], 1)  # all pairs of candidates
    rows = max(1, _AT_ONCE // len(one))
    found = []
    for start in range(0, max(len(first), len(second)), rows):
        some = slice(start, start + rows)
        signs = [
            np.sign(ranks[:, one] - ranks[:, other])
            for ranks in (table if len(table) == 1 else table[some] for table in (first, second))
        ]
        found.append(_cosine(*signs))
    return np.concatenate(found)


def _cosine(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the cosine of the angle between two rows, for each pair of rows."""
    lengths = np.sqrt((first**2).sum(axis=1) * (second**2).sum(axis=1))
    return (first * second).sum(axis=1) / lengths


# ----------------------------------------------------------------------------- what comes in


def _read_table(features: Any, labels: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return features as float64 and their labels, or say what does not fit."""
    features = read_rows(features, "features").astype(np.float64)
    return features, _read_classes(labels, len(features))


def _read_classes(labels: Any, count: int) -> np.ndarray:
    """Return labels of two classes or more, with two rows or more each."""
    labels = read_labels(labels, count=count)
    names, counts = np.unique(labels, return_counts=True)
    if len(names) < CLASSES:
        raise ValueError(
            f"labels must have at least {CLASSES} classes; got {len(names)}"
            f"{f' (all are {names[0]})' if len(names) else ''}."
        )
    if counts.min() < EACH:
        raise ValueError(
            f"Each class must have at least {EACH} rows; class {names[counts.argmin()]} has "
            f"{counts.min()}. Label more, or leave the class out."
        )
    return labels


def _read_numbers(values: Any, name: str) -> np.ndarray:
    """Return one finite number for each candidate, shape (n,)."""
    items = read_items(values, name, at_least=0)
    numbers = [read_number(item, f"each of {name}") for item in items]
    return read_array(np.array(numbers, np.float64), name)
