"""How many labels photographs need: flowers, near to ImageNet, and solar cells, far from it.

Nothing is chosen on the photographs to test on.  For flowers, every setting is fixed
beforehand: logistic regression as notebook 02 has it.  For solar cells, the C of
the logistic regression is chosen by cross-validation inside the labels that were drawn;
with one label per class, where that cannot be done, it is 1.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence

import numpy as np

from benchmarks import bench, bench_results, solar_cells, tables
from benchmarks.bench_strategies import MOST_PIXELS
from tlhelpers import start
from tlhelpers.data import solar, splits
from tlhelpers.labs import load
from tlhelpers.networks import features
from tlhelpers.teaching import photo_sections

NETWORK = "EfficientNetLite0"
BUDGETS = (1, 5, 20, 100)  # labels per class
FLOWER_DRAWS = 5  # for each budget
CELL_DRAWS = 3  # of labels, in each split between modules
FOLDS = 5  # of the labels drawn, to choose C in


def measure_budgets(seeds: range) -> tables.Rows | None:
    """Return the rows of both tables; what is not on this computer is left out.

    Parameters
    ----------
    seeds
        A split between modules for each; flowers have five draws of labels.
    """
    rows = [*_flower_rows(), *_cell_rows(seeds)]
    return rows or None


# --------------------------------------------------------------------------- flowers


def _flower_rows() -> tables.Rows:
    photos = photo_sections.load_photos(NETWORK)
    if photos is None:
        return []
    rows = [
        (
            "flowers",
            f"{len(photos.train.labels)} photographs to learn from, {len(photos.test.labels)} to "
            f"test on, {len(photos.target_classes)} classes; weights: {photos.weights}",
        )
    ]
    found = bench.run(
        {
            "lab": lambda network, seed: photos,
            "strategies": ["frozen features", "raw pixels"],
            "labels": BUDGETS,
            "seeds": FLOWER_DRAWS,
        },
        threads=None,
    )
    curves = bench_results.curves(found)
    names = {
        "frozen features": "features",
        "raw pixels": f"pixels ({MOST_PIXELS} × {MOST_PIXELS} × 3)",
    }
    for budget in BUDGETS:
        for name, called in names.items():
            rows.append((f"flowers, {budget} per class: {called}", _percent(curves[name][budget])))
    for what, laps in time_twice().items():
        accuracy = laps.pop("accuracy")
        parts = ", ".join(f"{part} {seconds:.1f}" for part, seconds in laps.items())
        figure = f"{sum(laps.values()):.1f} s ({parts}), {accuracy:.1%}"
        rows.append((f"flowers, files to a tested classifier, {what}", figure))
    return rows


def time_twice() -> dict[str, dict[str, float]]:
    """Time the way from files to a tested classifier in two new Pythons, one after the other.

    Returns
    -------
    dict
        Which of the two → seconds of each part, and then the ``accuracy``.
    """
    code = "from benchmarks import photo_budgets; photo_budgets.print_laps()"
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for what in ("empty cache", "unpacked and exported before"):
            said = subprocess.check_output(
                [sys.executable, "-c", code], env={**os.environ, "TLHELPERS_CACHE": folder}
            )
            found[what] = json.loads(said.splitlines()[-1])
    return found


def print_laps() -> None:
    """Print, as JSON, the seconds from files to a tested classifier, and its accuracy.

    All counts but the import of TensorFlow and Keras: that of scikit-learn, the archive, the
    photographs, the network, its export, features, and the classifier.
    Features are not read from the disk.
    """
    start.load_tensorflow()
    laps: dict[str, float] = {}
    began = time.perf_counter()

    def lap(part: str) -> None:
        nonlocal began
        now = time.perf_counter()
        laps[part], began = now - began, now

    photos = load.load_lab("flowers", architecture=NETWORK)
    lap("files")
    network = photos.backbone()
    lap("network")
    halves = [
        features.compute(network, half.images, preprocess=photos.preprocess, cache=False)
        for half in (photos.train, photos.test)
    ]
    lap("features")
    from sklearn.linear_model import LogisticRegression

    head = LogisticRegression(max_iter=1000).fit(halves[0], photos.train.labels)
    accuracy = float(head.score(halves[1], photos.test.labels))
    lap("classifier")
    print(json.dumps({**laps, "accuracy": accuracy}))


# --------------------------------------------------------------------------- solar cells


def choose_penalty(rows: np.ndarray, labels: np.ndarray) -> float:
    """Return the C with the best log-likelihood in a cross-validation of these rows; else 1.

    Parameters
    ----------
    rows, labels
        The labels drawn, and nothing else.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if np.bincount(labels).min() < FOLDS:
        return 1.0
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    search = GridSearchCV(
        model,
        {"logisticregression__C": solar_cells.PENALTIES},
        scoring="neg_log_loss",
        cv=StratifiedKFold(FOLDS, shuffle=True, random_state=0),
        refit=False,
    )
    return float(search.fit(rows, labels).best_params_["logisticregression__C"])


def budget_scores(
    rows: np.ndarray, labels: np.ndarray, train: np.ndarray, test: np.ndarray, budget: int
) -> solar_cells.Scores:
    """Return the mean scores over several draws of labels from the modules to learn from."""
    found = []
    for draw in range(CELL_DRAWS):
        drawn = train[splits.label_budget(labels[train], budget, seed=draw)]
        penalty = choose_penalty(rows[drawn], labels[drawn])
        found.append(solar_cells.score(rows, labels, drawn, test, penalty))
    return solar_cells.Scores(*map(float, np.mean(found, axis=0)))


def _cell_rows(seeds: range) -> tables.Rows:
    cells = solar_cells.load_cells(NETWORK, only=(solar_cells.CUT,))
    if cells is None:
        return []
    assert cells.lab.cells is not None
    _, labels, _, kinds, modules = cells.lab.cells
    cut, pixels, light = f"cut after block {solar_cells.CUT}", "pixels", "brightness"
    ways = {
        "last features": cells.blocks[0],
        cut: cells.blocks[solar_cells.CUT],
        f"{pixels} ({solar_cells.PIXELS} × {solar_cells.PIXELS})": cells.pixels,
        f"{light} (mean and spread)": cells.brightness,
    }
    found: dict[int | str, dict[str, list[solar_cells.Scores]]] = {}
    for seed in seeds:
        train, test = solar.split_modules(modules, kinds, seed=seed)
        for name, rows in ways.items():
            for budget in BUDGETS:
                here = budget_scores(rows, labels, train, test, budget)
                found.setdefault(budget, {}).setdefault(name, []).append(here)
            _, penalty = solar_cells.choose([rows], labels, train, modules)
            here = solar_cells.score(rows, labels, train, test, penalty)
            found.setdefault("all", {}).setdefault(name, []).append(here)
    table = [
        ("solar cells", f"{len(labels):,} photographs, {labels.mean():.0%} with a defect"),
        ("solar cells, weights", cells.lab.weights),
    ]
    for count, scores in found.items():
        what = f"solar cells, {count} per class" if count != "all" else "solar cells, all labels"
        table += [(f"{what}: {name}", solar_cells.in_words(s)) for name, s in scores.items()]
        table.append((f"{what}: splits with more AUC than pixels / brightness", ahead(scores)))
    return table


def ahead(scores: Mapping[str, Sequence[solar_cells.Scores]]) -> str:
    """Say in how many splits each of two cuts has more AUC than pixels, and than brightness.

    Parameters
    ----------
    scores
        Of four ways: two cuts, pixels, brightness; one for each split.
    """
    auc = {name: np.array([s.auc for s in of_way]) for name, of_way in scores.items()}
    *cuts, pixels, light = auc
    counts = [
        f"{cut} {np.sum(auc[cut] > auc[pixels])} / {np.sum(auc[cut] > auc[light])}" for cut in cuts
    ]
    return f"{', '.join(counts)} of {len(auc[light])}"


def _percent(shares: Sequence[float]) -> str:
    return f"{np.mean(shares):.1%} ({min(shares):.1%} to {max(shares):.1%})"


if __name__ == "__main__":
    sys.exit(tables.run("photo_budgets", measure_budgets, draws=8))
