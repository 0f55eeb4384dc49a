"""The figures of docs/for_experimenters.md: print, handwriting without labels, label budgets.

Nothing is chosen here.  The network and every setting are fixed beforehand;
the second half of the handwriting is only read off.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import numpy as np

from benchmarks import tables
from tlhelpers.course import pretrain
from tlhelpers.data import glyphs, splits
from tlhelpers.labs import load
from tlhelpers.networks import features

BUDGETS = (1, 2, 5, 10, 20, 50)


def label_curve(
    train: splits.Split, test: splits.Split, rows: Callable, seeds: range
) -> dict[int, list[float]]:
    """Score logistic regression for each label budget, several draws each.

    Parameters
    ----------
    train, test
        Draw labels from the one, score on the other.
    rows
        Turns images into rows of numbers: features or pixels.
    seeds
        One draw for each.

    Returns
    -------
    dict
        Labels per class → accuracies (0 to 1), one for each draw.
    """
    from sklearn.linear_model import LogisticRegression

    x_train, x_test = rows(train.images), rows(test.images)
    curve: dict[int, list[float]] = {}
    for budget in BUDGETS:
        for seed in seeds:
            chosen = splits.label_budget(train.labels, budget, seed=seed)
            classifier = LogisticRegression(max_iter=1000)
            classifier.fit(x_train[chosen], train.labels[chosen])
            score = classifier.score(x_test, test.labels)
            curve.setdefault(budget, []).append(float(score))
    return curve


def import_seconds() -> float:
    """Return how long ``import tlhelpers`` takes: the quickest of five new Pythons."""
    code = "import time; t = time.perf_counter(); import tlhelpers; print(time.perf_counter() - t)"
    runs = [subprocess.check_output([sys.executable, "-c", code]) for _ in range(5)]
    return min(float(run) for run in runs)


def measure_label_budgets(seeds: range) -> tables.Rows:
    """Return the rows of the table: what was measured, and the figure.

    Parameters
    ----------
    seeds
        Of the labels drawn, a draw of each budget for each; the first is that of
        the printed characters, too.
    """
    lab = load.load_lab("digits")
    network, backbone = lab.network(), lab.backbone()
    table = []
    for style in ("plain", "varied"):
        for name, fonts in (
            ("fonts never seen", glyphs.HELD_OUT_FONTS),
            ("fonts of the training", glyphs.TRAINING_FONTS),
        ):
            share = pretrain.accuracy_on_print(
                network, style=style, fonts=fonts, seed=seeds[0] + 70_000, per_class=100
            )
            table.append((f"printed characters, {style}, {name}", f"{share:.1%}"))
    halves = {"first half": lab.train, "second half": lab.test}
    right = []
    for name, half in halves.items():
        answers = network.predict(lab.preprocess(half.images), batch_size=256, verbose=0)
        right.append(answers[:, lab.columns()].argmax(axis=1) == half.labels)
        note = " (not used for any choice)" if name == "second half" else ""
        table.append((f"handwriting, no label, {name}{note}", f"{right[-1].mean():.1%}"))
    table.append(("handwriting, no label, all 1,797", f"{np.concatenate(right).mean():.1%}"))

    def to_features(pictures: np.ndarray) -> np.ndarray:
        return features.compute(backbone, pictures, preprocess=lab.preprocess, cache=False)

    def to_pixels(pictures: np.ndarray) -> np.ndarray:
        return pictures.reshape(len(pictures), -1)

    assert isinstance(lab.train, splits.Split) and isinstance(lab.test, splits.Split)
    for train, test, order in ((lab.train, lab.test, "1→2"), (lab.test, lab.train, "2→1")):
        frozen = label_curve(train, test, to_features, seeds)
        raw = label_curve(train, test, to_pixels, seeds)
        for budget in BUDGETS:
            f, r = np.array(frozen[budget]), np.array(raw[budget])
            what = f"halves {order}, {budget} per class: frozen features / raw pixels"
            spread = f"(lowest {f.min():.1%} / {r.min():.1%})"
            table.append((what, f"{f.mean():.1%} / {r.mean():.1%} {spread}"))
    table.append(("import tlhelpers", f"{import_seconds() * 1000:.0f} ms"))
    return table


if __name__ == "__main__":
    sys.exit(tables.run("label_budgets", measure_label_budgets, draws=10))
