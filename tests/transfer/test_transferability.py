"""Scores of transferability, against closed forms, brute force and definitions."""

import numpy as np
import pytest
from scipy import integrate, stats

from tlhelpers.transfer.transferability import (
    h_score,
    leep,
    log_me,
    nearest_mean,
    rank_correlation,
)


def gaussians(distance: float, n: int = 2000, d: int = 4, classes: int = 2, seed: int = 0):
    """Return rows of classes whose means lie so far apart along the first axis."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    rows = rng.normal(size=(n, d))
    rows[:, 0] += distance * labels
    return rows, labels


# --- H-score -------------------------------------------------------------------------------------


def by_definition(rows: np.ndarray, labels: np.ndarray) -> float:
    """tr(cov(f)^-1 cov(E[f | y])), as Bao et al. write it."""
    means = np.stack([rows[labels == label].mean(axis=0) for label in labels])
    return float(np.trace(np.linalg.pinv(np.cov(rows.T)) @ np.cov(means.T)))


@pytest.mark.parametrize("distance", [0.0, 1.0, 4.0])
def test_the_h_score_of_two_normal_classes_is_the_share_of_spread_between_them(distance):
    rows, labels = gaussians(distance, n=40_000)
    between = (distance / 2) ** 2  # unit variance within
    assert h_score(rows, labels, shrinkage=0) == pytest.approx(between / (1 + between), abs=0.01)


def test_the_h_score_is_that_of_the_definition():
    rows, labels = gaussians(2.0, n=90, classes=3)
    assert h_score(rows, labels, shrinkage=0) == pytest.approx(by_definition(rows, labels))
    assert 0 < h_score(rows, labels, shrinkage=0) < 2


def test_the_h_score_shrunk_is_that_of_the_definition_with_such_a_covariance():
    from sklearn.covariance import ledoit_wolf

    for n, d in ((60, 5), (30, 80)):
        rows, labels = gaussians(2.0, n=n, d=d, classes=3)
        covariance, alpha = ledoit_wolf(rows)
        means = np.stack([rows[labels == label].mean(axis=0) for label in labels])
        between = np.cov(means.T, bias=True)
        wanted = np.trace(np.linalg.solve(covariance, (1 - alpha) * between))
        assert h_score(rows, labels) == pytest.approx(wanted, rel=1e-6)
        assert h_score(rows, labels, shrinkage=alpha) == pytest.approx(wanted, rel=1e-6)


def test_the_h_score_stays_under_any_invertible_mixing_and_the_shrunk_one_under_turning():
    rows, labels = gaussians(1.0, n=80, d=6)
    rng = np.random.default_rng(1)
    mixed = rows @ rng.normal(size=(6, 6)) + 7
    assert h_score(mixed, labels, shrinkage=0) == pytest.approx(h_score(rows, labels, shrinkage=0))
    assert h_score(mixed, labels) != pytest.approx(h_score(rows, labels), rel=1e-3)
    turned = 1e3 * rows @ stats.ortho_group.rvs(6, random_state=2) - 5
    assert h_score(turned, labels) == pytest.approx(h_score(rows, labels))


def test_with_few_rows_the_plain_h_score_is_refused_and_the_shrunk_one_tells_tables_apart():
    rows, labels = gaussians(0.0, n=20, d=50)
    with pytest.raises(ValueError, match="20 rows of 50 features.*no inverse.*Leave shrinkage out"):
        h_score(rows, labels, shrinkage=0)
    useful = rows.copy()
    useful[:, :10] += 2.0 * labels[:, None]
    assert h_score(useful, labels) > h_score(rows, labels) + 0.1


def test_columns_that_never_change_cost_nothing():
    rows, labels = gaussians(1.0, n=60)
    wider = np.column_stack([rows, np.full(60, 3.0)])
    plain = h_score(rows, labels, shrinkage=0)
    assert h_score(wider, labels, shrinkage=0) == pytest.approx(plain)
    assert h_score(np.ones((6, 2)), [0, 1, 0, 1, 0, 1]) == 0.0
    assert h_score(np.zeros((6, 2)), [0, 1, 0, 1, 0, 1], shrinkage=0.5) == 0.0


@pytest.mark.parametrize("shrinkage", [-0.1, 1, 1.5, "auto"])
def test_shrinkage_is_from_0_to_below_1(shrinkage):
    with pytest.raises((ValueError, TypeError), match="shrinkage must be"):
        h_score(*gaussians(1.0, n=20), shrinkage=shrinkage)


# --- LogME ---------------------------------------------------------------------------------------


def log_evidence(rows: np.ndarray, wanted: np.ndarray, alpha: float, beta: float) -> float:
    """log p(y | F, alpha, beta): y is normal with covariance I / beta + F F' / alpha."""
    covariance = np.eye(len(rows)) / beta + rows @ rows.T / alpha
    return float(stats.multivariate_normal.logpdf(wanted, np.zeros(len(rows)), covariance))


def best_on_a_grid(rows: np.ndarray, labels: np.ndarray) -> float:
    grid = np.exp(np.linspace(-6, 8, 57))
    best = [
        max(log_evidence(rows, (labels == label) * 1.0, a, b) for a in grid for b in grid)
        for label in np.unique(labels)
    ]
    return float(np.mean(best) / len(rows))


@pytest.mark.parametrize(("n", "d"), [(24, 3), (10, 14)])
def test_logme_is_the_largest_evidence_of_all_variances(n, d):
    rows, labels = gaussians(1.5, n=n, d=d)
    on_grid = best_on_a_grid(rows, labels)
    assert on_grid - 1e-9 <= log_me(rows, labels) == pytest.approx(on_grid, abs=0.004)


def test_the_evidence_is_the_average_over_the_weights():
    """One feature, so that the integral over its weight can be done by numbers."""
    rows, labels = gaussians(2.0, n=8, d=1)
    wanted, alpha, beta = (labels == 1) * 1.0, 0.7, 3.0

    def density(weight):
        likelihood = stats.norm.pdf(wanted, rows[:, 0] * weight, beta**-0.5).prod()
        return likelihood * stats.norm.pdf(weight, 0, alpha**-0.5)

    found = integrate.quad(density, -20, 20)[0]
    assert np.log(found) == pytest.approx(log_evidence(rows, wanted, alpha, beta))


def test_logme_without_any_use_is_the_evidence_of_noise_alone():
    labels = np.arange(40) % 2
    for rows in (np.zeros((40, 3)), np.tile([[1.0], [-1.0], [-1.0], [1.0]], (10, 1))):
        noise = -0.5 * (np.log(2 * np.pi * 0.5) + 1)  # y'y / n is a half
        assert log_me(rows, labels) == pytest.approx(noise, abs=1e-6)


def test_logme_stays_when_features_are_turned_or_scaled_alike():
    rows, labels = gaussians(1.0, n=50, d=5, classes=3)
    turned = 1e-3 * rows @ stats.ortho_group.rvs(5, random_state=0)
    assert log_me(turned, labels) == pytest.approx(log_me(rows, labels), abs=1e-6)


def test_logme_gives_no_credit_for_more_columns_of_noise():
    rows, labels = gaussians(2.0, n=60)
    rng = np.random.default_rng(0)
    padded = np.column_stack([rows, rng.normal(size=(60, 100))])
    assert log_me(padded, labels) < log_me(rows, labels) - 0.02
    assert log_me(rows, labels) > log_me(*gaussians(0.0, n=60)) + 0.05


def test_logme_of_labels_that_are_a_sum_of_the_features_is_finite_and_high():
    labels = np.arange(30) % 3
    assert 1 < log_me(np.eye(3)[labels], labels) < 100


# --- LEEP ----------------------------------------------------------------------------------------


def test_leep_on_a_tiny_table_by_hand():
    answers = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.3, 0.7]])
    labels = np.array([0, 0, 1, 1])
    # P(new 0 | old): 1.5 of 2.0 and 0.5 of 2.0
    right = [0.9 * 0.75 + 0.1 * 0.25, 0.6 * 0.75 + 0.4 * 0.25]
    right += [0.2 * 0.25 + 0.8 * 0.75, 0.3 * 0.25 + 0.7 * 0.75]
    assert leep(answers, labels) == pytest.approx(np.mean(np.log(right)))


def test_leep_by_the_definition_with_loops():
    rng = np.random.default_rng(0)
    answers, labels = rng.dirichlet(np.ones(5), 30), np.arange(30) % 3
    total = 0.0
    for row, label in zip(answers, labels, strict=True):
        share = 0.0
        for old in range(5):
            joint = sum(answers[i, old] for i in range(30) if labels[i] == label) / 30
            share += row[old] * joint / (answers[:, old].sum() / 30)
        total += np.log(share)
    assert leep(answers, labels) == pytest.approx(total / 30)


def test_leep_knows_the_best_and_the_worst():
    labels = np.array([0, 1, 2] * 4)
    assert leep(np.eye(3)[labels], labels) == 0.0
    assert leep(np.full((12, 7), 1 / 7), labels) == pytest.approx(np.log(1 / 3))
    never = np.column_stack([np.eye(3)[labels], np.zeros(12)])  # an old class nobody gets
    assert leep(never, labels) == 0.0


def test_leep_wants_probabilities():
    with pytest.raises(ValueError, match="probabilities must be probabilities.*softmax"):
        leep(np.array([[3.0, -1], [2, 0], [1, 1], [0, 5]]), [0, 0, 1, 1])


# --- nearest mean --------------------------------------------------------------------------------


def test_the_nearest_mean_leaves_each_row_out():
    rng = np.random.default_rng(0)
    rows, labels = rng.normal(size=(40, 200)), np.repeat([0, 1], 20)
    # With itself in the mean, nearly every row of so many columns is nearest to its own class.
    means = np.stack([rows[labels == label].mean(axis=0) for label in (0, 1)])
    away = ((rows[:, None] - means) ** 2).sum(axis=2)
    assert np.mean(away.argmin(axis=1) == labels) > 0.95
    assert nearest_mean(rows, labels) < 0.7


def test_the_nearest_mean_with_loops():
    rows, labels = gaussians(1.5, n=30, classes=3)
    right = []
    for i in range(30):
        rest = np.arange(30) != i
        means = [rows[rest & (labels == label)].mean(axis=0) for label in range(3)]
        right.append(np.argmin([np.linalg.norm(rows[i] - mean) for mean in means]) == labels[i])
    assert nearest_mean(rows, labels) == pytest.approx(np.mean(right))  # ten rows of each class


def test_the_nearest_mean_counts_classes_alike():
    rows = np.array([[0.0], [0.1], [0.2], [0.3], [0.15], [9.0], [0.1]])
    # Both of the second class are nearest to the first once they are left out.
    assert nearest_mean(rows, [0, 0, 0, 0, 0, 1, 1]) <= 0.5


def test_groups_are_left_out_whole():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(10), 6)
    labels = groups % 2
    rows = rng.normal(size=(10, 50))[groups] + 0.1 * rng.normal(size=(60, 50))
    assert nearest_mean(rows, labels) > 0.9  # its own group is near
    assert nearest_mean(rows, labels, groups=groups) < 0.8
    alone = np.arange(60)
    assert nearest_mean(rows, labels, groups=alone) == nearest_mean(rows, labels)
    with pytest.raises(ValueError, match="All rows of class 0 are in group 0"):
        nearest_mean(rows, labels, groups=labels)


# --- what all scores refuse ----------------------------------------------------------------------

TABLES = [h_score, log_me, nearest_mean]


@pytest.mark.parametrize("score", [*TABLES, leep])
def test_labels_that_say_nothing_are_refused(score):
    rows = np.full((4, 2), 0.5)
    with pytest.raises(ValueError, match="at least 2 classes; got 1"):
        score(rows, [3, 3, 3, 3])
    with pytest.raises(ValueError, match="at least 2 rows; class 1 has 1"):
        score(rows, [0, 0, 0, 1])
    with pytest.raises(ValueError, match="labels must have 4 numbers"):
        score(rows, [0, 0, 1, 1, 1])


@pytest.mark.parametrize("score", TABLES)
def test_features_must_be_rows_of_finite_numbers(score):
    rows = np.ones((4, 2))
    rows[1, 1] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        score(rows, [0, 0, 1, 1])
    with pytest.raises(ValueError, match=r"shape \(n, d\)"):
        score(np.ones(4), [0, 0, 1, 1])


@pytest.mark.parametrize("score", TABLES)
def test_names_of_classes_and_their_order_do_not_matter(score):
    rows, labels = gaussians(1.5, n=60, classes=3)
    mixed = np.random.default_rng(0).permutation(60)
    other = np.array([7, 2, 40])[labels]
    assert score(rows[mixed], other[mixed]) == pytest.approx(score(rows, labels))


@pytest.mark.parametrize("score", TABLES)
def test_classes_that_lie_further_apart_score_higher(score):
    found = [score(*gaussians(distance, n=100)) for distance in (0.0, 1.0, 2.0, 4.0)]
    assert found == sorted(found) and found[-1] > found[0] + 0.2


@pytest.mark.parametrize("score", TABLES)
def test_few_rows_of_many_features_in_whole_numbers_or_floats(score):
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 255, (4, 300)).astype(np.uint8)
    found = score(rows, [0, 0, 1, 1])
    assert np.isfinite(found) and isinstance(found, float)
    assert found == pytest.approx(score(rows.astype(np.float32), [0, 0, 1, 1]))


@pytest.mark.parametrize("score", TABLES)
def test_all_is_reckoned_with_sixteen_digits(score):
    rows, labels = gaussians(1.0, n=60)
    far = (rows + 3e4).astype(np.float32)  # where these have steps of 0.002
    assert score(far, labels) == pytest.approx(score(far.astype(np.float64), labels), rel=1e-12)


# --- rank correlation ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["kendall", "spearman"])
def test_the_value_is_that_of_scipy(kind):
    rng = np.random.default_rng(0)
    measure = {"kendall": stats.kendalltau, "spearman": stats.spearmanr}[kind]
    for _ in range(5):
        a, b = rng.integers(0, 6, (2, 12)) + 0.0  # with ties
        found = rank_correlation(a, b, kind=kind)
        assert found.value == pytest.approx(measure(a, b).statistic)
        assert found.low <= found.value <= found.high


def test_p_is_that_of_all_orders():
    a, b = [1, 2, 3, 4, 5, 6], [2, 1, 3, 4, 6, 5]
    exact = stats.kendalltau(a, b, method="exact").pvalue
    assert rank_correlation(a, b, draws=5000).p == pytest.approx(exact, abs=0.01)
    # Three candidates in perfect order: one order of six, and its reverse.
    assert rank_correlation([1, 2, 3], [4, 5, 6]).p == pytest.approx(1 / 3, abs=0.04)


def test_a_few_candidates_in_perfect_order_prove_little():
    widths = []
    for count in (3, 5, 10, 40):
        found = rank_correlation(np.arange(count), list(range(count)))
        assert found.value == found.high == 1.0
        widths.append(found.low)
    assert widths == sorted(widths) and widths[0] < -0.5 and widths[-1] > 0.8


@pytest.mark.parametrize("kind", ["kendall", "spearman"])
def test_the_interval_holds_the_true_value_as_often_as_it_says(kind):
    rng = np.random.default_rng(0)
    rho, held = 0.7, []
    true = {"kendall": 2 / np.pi * np.arcsin(rho), "spearman": 6 / np.pi * np.arcsin(rho / 2)}
    for seed in range(60):
        a = rng.normal(size=8)
        b = rho * a + np.sqrt(1 - rho**2) * rng.normal(size=8)
        found = rank_correlation(a, b, kind=kind, confidence=0.8, draws=300, seed=seed)
        held.append(found.low <= true[kind] <= found.high)
    assert 0.68 < np.mean(held) <= 0.97  # 0.8 in the long run, or more: ranks come in steps


@pytest.mark.parametrize(("kind", "spread"), [("kendall", 0.437 / 36), ("spearman", 1.06 / 37)])
def test_with_many_candidates_the_interval_is_that_of_fieller(kind, spread):
    """Fieller, Hartley and Pearson 1957: atanh of the value is about normal."""
    rng = np.random.default_rng(3)
    a = rng.normal(size=40)
    found = rank_correlation(a, a + rng.normal(size=40), kind=kind)
    ends = np.tanh(np.arctanh(found.value) + np.array([-1, 1]) * 1.96 * spread**0.5)
    assert (found.low, found.high) == pytest.approx(tuple(ends), abs=0.05)
    assert 0.3 < found.value < 0.8


def test_the_interval_over_groups_is_that_of_student():
    orders = [[1, 2, 4, 3], [2, 1, 4, 3]] * 2 + [[1, 2, 4, 3]]  # tau 2/3 and 1/3
    found = rank_correlation([1, 2, 3, 4] * 5, sum(orders, []), groups=np.repeat(range(5), 4))
    each = np.array([2, 1, 2, 1, 2]) / 3
    wanted = stats.t.interval(0.95, 4, each.mean(), stats.sem(each))
    assert (found.low, found.high) == pytest.approx(wanted)


def test_candidates_of_different_groups_are_not_compared():
    scores = [1, 2, 3, 11, 12, 13, 21, 22, 23]
    accuracies = [0.9, 0.91, 0.92, 0.5, 0.51, 0.52, 0.1, 0.11, 0.12]  # harder from task to task
    groups = np.repeat([0, 1, 2], 3)
    assert rank_correlation(scores, accuracies).value < 0
    found = rank_correlation(scores, accuracies, groups=groups)
    assert found.value == 1.0 and found.p < 0.05
    unlike = rank_correlation(scores, [*accuracies[:6], 0.3, 0.2, 0.1], groups=groups)
    assert unlike.value == pytest.approx(1 / 3)
    half = stats.t.ppf(0.975, 2) * np.std([1, 1, -1], ddof=1) / 3**0.5
    assert unlike.low == pytest.approx(max(-1, 1 / 3 - half)) and unlike.high == 1.0


def test_the_same_seed_gives_the_same_interval():
    job = [1, 2, 3, 4, 5, 6], [1, 3, 2, 4, 6, 5]
    assert rank_correlation(*job, seed=3) == rank_correlation(*job, seed=3)


@pytest.mark.parametrize(
    ("scores", "accuracies", "more", "words"),
    [
        ([1, 2], [1, 2], {}, "An order takes three candidates; got 2"),
        ([1, 2, 3], [1, 2], {}, "3 scores and 2 accuracies"),
        ([1, 1, 1], [1, 2, 3], {}, "All candidates have one score"),
        ([1, 2, 3], [5, 5, 5], {}, "All candidates have one accuracy"),
        ([1, 2, np.nan], [1, 2, 3], {}, "each of scores must be a number"),
        ([1, 2, 3], [1, 2, 3], {"kind": "pearson"}, "Unknown kind 'pearson'"),
        ([1, 2, 3], [1, 2, 3], {"confidence": 1}, "confidence must lie between"),
        ([1, 2, 3], [1, 2, 3], {"groups": [0, 0, 0]}, "groups has 1 group"),
        ([1, 2, 3, 4], [1, 2, 3, 4], {"groups": [0, 0, 0, 1]}, "got 1 in group 1"),
    ],
)
def test_what_has_no_order_is_refused(scores, accuracies, more, words):
    with pytest.raises(ValueError, match=words):
        rank_correlation(scores, accuracies, **more)
