"""Mistakes of data and of judging, measured: what is reported, and what is true.

The exhibits of the second hall of notebook 11 that cost little, over ten seeds.  Each gives
pairs: the score with the mistake, and without it.  The true score of a head is the one on
digits that the project did not have.  Nothing is chosen by these scores.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import tables
from tlhelpers.data import glyphs, handwriting, solar, splits
from tlhelpers.data.group_splits import split_groups
from tlhelpers.fetching import fetch
from tlhelpers.labs import imagenet
from tlhelpers.labs.load import load_lab
from tlhelpers.networks import build, features
from tlhelpers.transfer import validators
from tlhelpers.transfer.adaptation.feature_space import feature_coral

if TYPE_CHECKING:
    from sklearn.base import ClassifierMixin

NETWORK = "EfficientNetLite0"
SIDE = 64  # pixels of a solar cell, as in the notebook
BORDER = handwriting.FORMS[7]  # between two writers

Pair = tuple[float, float]


def head(strength: float = 1.0) -> ClassifierMixin:
    """Return an untrained head."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=strength, max_iter=1000)


def draw_project(seed: int, count: int, total: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows of a small project, and those that it does not have.

    Examples
    --------
    >>> mine, world = draw_project(0, 3, 10)
    >>> len(mine), len(world), len(np.intersect1d(mine, world))
    (3, 7, 0)
    """
    order = np.random.default_rng(seed).permutation(total)
    return order[:count], order[count:]


def copies(rows: np.ndarray, labels: np.ndarray, seed: int, count: int = 5) -> Pair:
    """Cut at random when there are several noisy shots of each picture.

    Parameters
    ----------
    rows
        Shape (n, features): pixels from 0 to 1.
    labels
        Shape (n,).
    seed
        Of the project, of the noise and of the cut.
    count
        Shots of each picture.
    """
    from sklearn.model_selection import train_test_split

    mine, world = draw_project(seed, 80, len(labels))
    rng = np.random.default_rng(seed)
    light = rng.uniform(0.8, 1.0, (count, len(mine), 1))
    shots = rows[mine] * light + rng.normal(0, 0.05, (count, *rows[mine].shape))
    shots = np.clip(shots, 0, 1).reshape(-1, rows.shape[1])
    numbers = np.tile(labels[mine], count)
    learn, judge, learn_y, judge_y = train_test_split(
        shots, numbers, test_size=0.25, stratify=numbers, random_state=seed
    )
    trained = head().fit(learn, learn_y)
    return trained.score(judge, judge_y), trained.score(rows[world], labels[world])


def writers_on_both_sides(rows: np.ndarray, labels: np.ndarray, seed: int) -> Pair:
    """Cut digits at random, and between writers."""
    from sklearn.model_selection import train_test_split

    hands = handwriting.writers()
    by_chance = train_test_split(np.arange(len(labels)), test_size=0.25, random_state=seed)
    by_hand = split_groups(hands, np.zeros_like(hands), share=0.25, seed=seed)
    first, second = (
        head().fit(rows[learn], labels[learn]).score(rows[judge], labels[judge])
        for learn, judge in (by_chance, by_hand)
    )
    return first, second


def modules_on_both_sides(
    rows: np.ndarray, cells: solar.SolarCells, seed: int
) -> tuple[Pair, Pair]:
    """Cut solar cells at random, and between modules: pairs of accuracy and of AUC."""
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import train_test_split
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    everyone = np.arange(len(cells.labels))
    by_chance = train_test_split(everyone, test_size=0.25, random_state=seed)
    by_module = solar.split_modules(cells.modules, cells.kinds, seed=seed)
    right, auc = [], []
    for learn, judge in (by_chance, by_module):
        trained = make_pipeline(StandardScaler(), head(0.01))
        trained.fit(rows[learn], cells.labels[learn])
        chance = trained.predict_proba(rows[judge])
        right.append(float(np.mean(chance.argmax(axis=1) == cells.labels[judge])))
        auc.append(float(roc_auc_score(cells.labels[judge], chance[:, 1])))
    return (right[0], right[1]), (auc[0], auc[1])


def rare_class(
    rows: np.ndarray, labels: np.ndarray, rare: int, seed: int
) -> tuple[float, float, float]:
    """Make one class five in a hundred.

    Returns
    -------
    accuracy, balanced, weighted
        The accuracy of a head, its balanced accuracy, and that of a head with class weights.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import balanced_accuracy_score

    rng = np.random.default_rng(seed)
    few = rng.permutation(np.flatnonzero(labels == rare))
    rest = rng.permutation(np.flatnonzero(labels != rare))
    learn, judge = np.append(few[:15], rest[:285]), np.append(few[15:85], rest[285:1615])
    truth = labels == rare
    says = head().fit(rows[learn], truth[learn]).predict(rows[judge])
    weighted = LogisticRegression(max_iter=1000, class_weight="balanced")
    again = weighted.fit(rows[learn], truth[learn]).predict(rows[judge])
    return (
        float(np.mean(says == truth[judge])),
        float(balanced_accuracy_score(truth[judge], says)),
        float(balanced_accuracy_score(truth[judge], again)),
    )


def best_draw(
    rows: np.ndarray, labels: np.ndarray, seed: int, each: int = 2, draws: int = 10
) -> Pair:
    """Report the best of the first five draws of a few labels, or the mean of all."""
    scores = []
    for draw in range(draws):
        few = splits.label_budget(labels[:BORDER], each, seed=100 * seed + draw)
        trained = head().fit(rows[few], labels[few])
        scores.append(trained.score(rows[BORDER:], labels[BORDER:]))
    return max(scores[:5]), float(np.mean(scores))


def scaled_together(rows: np.ndarray, labels: np.ndarray, seed: int, cuts: int = 20) -> Pair:
    """Fit the scaler on all rows, or on those to learn from: means over cuts."""
    from sklearn.model_selection import train_test_split
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    mine, _ = draw_project(seed, 80, len(labels))
    own, numbers, scores = rows[mine], labels[mine], []
    together = StandardScaler().fit_transform(own)
    for cut in range(cuts):
        learn, judge = train_test_split(np.arange(len(mine)), random_state=cut)
        leaky = head().fit(together[learn], numbers[learn])
        clean = make_pipeline(StandardScaler(), head()).fit(own[learn], numbers[learn])
        scores.append(
            (
                leaky.score(together[judge], numbers[judge]),
                clean.score(own[judge], numbers[judge]),
            )
        )
    first, second = np.mean(scores, axis=0)
    return float(first), float(second)


def chosen_together(seed: int) -> Pair:
    """Choose features of noise with the labels of the test, or without."""
    from sklearn.feature_selection import SelectKBest
    from sklearn.pipeline import make_pipeline

    rng = np.random.default_rng(seed)
    noise, coin = rng.normal(size=(100, 2000)), rng.integers(0, 2, 100)
    chosen = SelectKBest(k=20).fit_transform(noise, coin)
    leaky = head().fit(chosen[:60], coin[:60]).score(chosen[60:], coin[60:])
    clean = make_pipeline(SelectKBest(k=20), head()).fit(noise[:60], coin[:60])
    return leaky, clean.score(noise[60:], coin[60:])


def tuned_on_target(
    source: np.ndarray, numbers: np.ndarray, target: np.ndarray, labels: np.ndarray
) -> Pair:
    """Choose one of 36 settings of CORAL by target labels, or by a validator without them."""
    found = []
    for ridge in (1e-4, 1e-3, 1e-2, 0.1, 1, 10):
        moved = feature_coral(source, target, ridge=ridge)
        for strength in (0.001, 0.01, 0.1, 1, 10, 100):
            shares = head(strength).fit(moved, numbers).predict_proba(target)
            right = float(np.mean(shares.argmax(axis=1) == labels))
            found.append((validators.information(shares), right))
    picked = max(found, key=lambda pair: pair[0])[1]
    return max(right for _, right in found), picked


def in_words(pairs: list[Pair]) -> str:
    """Return the means of both scores, and the mean and range of the damage in points.

    Examples
    --------
    >>> in_words([(0.9, 0.8), (0.8, 0.8)])
    '85.0 / 80.0 %, damage +5.0 points (0.0 to +10.0)'
    """
    broken, right = 100 * np.array(pairs).T
    gap = broken - right
    low, high = (f"{end:+.1f}".replace("+0.0", "0.0") for end in (gap.min(), gap.max()))
    return (
        f"{broken.mean():.1f} / {right.mean():.1f} %, damage {gap.mean():+.1f} points "
        f"({low} to {high})"
    )


def prepare_cells(cells: np.ndarray) -> np.ndarray:
    """Give grey cells (n, side, side), 0 to 255, the size, colours and range of the network."""
    import keras

    pictures = np.repeat(np.asarray(cells, np.float32)[..., None], 3, axis=-1)
    small = keras.ops.image.resize(pictures, (SIDE, SIDE), antialias=True)
    return (keras.ops.convert_to_numpy(small) - 127) / 128


def measure_solar(seeds: range) -> tables.Rows:
    """Return the rows on solar cells; none, with a line, if they are not here."""
    import keras

    try:
        cells = solar.load_solar_cells(224)
        weights, _ = imagenet.fetch_weights(NETWORK)
    except fetch.FileNotHere as missing:
        print(f"Without solar cells: {missing}", file=sys.stderr)
        return []
    network = build.build_network(NETWORK, weights, size=SIDE)
    network = keras.Model(network.input, network.get_layer("avg_pool").output)
    rows = features.compute(network, cells.images, preprocess=prepare_cells, cache=False)
    pairs = [modules_on_both_sides(rows, cells, seed) for seed in seeds]
    return [
        ("`groups`, solar cells, accuracy", in_words([right for right, _ in pairs])),
        ("`groups`, solar cells, AUC (in hundredths)", in_words([auc for _, auc in pairs])),
    ]


def measure(seeds: range) -> tables.Rows:
    """Return what is measured with the mistake / without it, for each exhibit."""
    lab = load_lab("digits")
    pictures, labels = handwriting.load_handwriting()
    flat = pictures.reshape(len(pictures), -1)
    backbone = lab.backbone()

    def features_of(images: np.ndarray) -> np.ndarray:
        return backbone.predict(lab.preprocess(images), batch_size=256, verbose=0)

    deep = features_of(pictures)
    each: dict[str, Callable[[int], Pair]] = {
        "`copies`": lambda seed: copies(flat, labels, seed),
        "`groups`, digits": lambda seed: writers_on_both_sides(flat, labels, seed),
        "`one_seed`, best of 5 draws / mean of 10": lambda seed: best_draw(deep, labels, seed),
        "`scaled_on_all`": lambda seed: scaled_together(deep, labels, seed),
        "its cousin: features chosen on all rows": chosen_together,
    }
    found = [(name, in_words([pair(seed) for seed in seeds])) for name, pair in each.items()]
    for rare in range(10):
        triples = [rare_class(deep, labels, rare, seed) for seed in seeds]
        text = in_words([(high, low) for high, low, _ in triples])
        better = 100 * np.mean([weighted for *_, weighted in triples])
        found.append(
            (
                f"`imbalance`, 5 % of {rare}: accuracy / balanced",
                f"{text}; with class weights {better:.1f} %",
            )
        )
    tuned = []
    for seed in seeds:
        numbers = np.random.default_rng(seed).permutation(np.arange(500) % 10)
        drawn = glyphs.draw_characters(numbers, style="plain", seed=seed)
        source = features_of(drawn)
        tuned.append(tuned_on_target(source, numbers, deep[BORDER:], labels[BORDER:]))
    found.append(("`tuned_on_target`, oracle / picked", in_words(tuned)))
    return found + measure_solar(seeds)


def main() -> int:
    """Measure and print."""
    return tables.run("museum", measure, draws=10)


if __name__ == "__main__":
    sys.exit(main())
