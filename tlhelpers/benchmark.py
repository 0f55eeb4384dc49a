"""``tlhelpers benchmark``: measure the figures that the README quotes.

Nothing is chosen here.  The network and every setting are fixed beforehand;
the second half of the handwriting is only read off.  With ``--adaptation`` it
measures `tlhelpers.adaptation` instead.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tlhelpers import adaptation, features, glyphs, images, labs, pretrain, start

BUDGETS = (1, 2, 5, 10, 20, 50)


def label_curve(
    train: labs.Split, test: labs.Split, rows: Callable, draws: int, seed: int
) -> dict[int, list[float]]:
    """Score logistic regression for each label budget, several draws each.

    Parameters
    ----------
    train, test
        Draw labels from the one, score on the other.
    rows
        Turns images into rows of numbers: features or pixels.
    draws
        How many draws for each budget.
    seed
        Seed of the first draw; the next draw uses the next number.

    Returns
    -------
    dict
        Labels per class → accuracies (0 to 1), one for each draw.
    """
    from sklearn.linear_model import LogisticRegression

    x_train, x_test = rows(train.images), rows(test.images)
    curve: dict[int, list[float]] = {}
    for budget in BUDGETS:
        for draw in range(draws):
            chosen = images.label_budget(train.labels, budget, seed=seed + draw)
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


def measure(draws: int, seed: int) -> list[tuple[str, str]]:
    """Return the rows of the table: what was measured, and the figure.

    Parameters
    ----------
    draws
        Draws of labels for each budget.
    seed
        Seed of the labels drawn and of the printed characters.
    """
    lab = labs.load_lab("digits")
    network, backbone = lab.network(), lab.backbone()
    table = []
    for style in ("plain", "varied"):
        for name, fonts in (
            ("fonts never seen", glyphs.HELD_OUT_FONTS),
            ("fonts of the training", glyphs.TRAINING_FONTS),
        ):
            share = pretrain.print_accuracy(
                network, style=style, fonts=fonts, seed=seed + 70_000, per_class=100
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

    for train, test, order in ((lab.train, lab.test, "1→2"), (lab.test, lab.train, "2→1")):
        frozen = label_curve(train, test, to_features, draws, seed)
        raw = label_curve(train, test, to_pixels, draws, seed)
        for budget in BUDGETS:
            f, r = np.array(frozen[budget]), np.array(raw[budget])
            what = f"halves {order}, {budget} per class: frozen features / raw pixels"
            spread = f"(lowest {f.min():.1%} / {r.min():.1%})"
            table.append((what, f"{f.mean():.1%} / {r.mean():.1%} {spread}"))
    table.append(("import tlhelpers", f"{import_seconds() * 1000:.0f} ms"))
    return table


def main(args: argparse.Namespace) -> int:
    """Measure, print the table in Markdown, and write it to a file if asked."""
    start.load_tensorflow()
    seed = 0 if args.seed is None else args.seed
    if args.draws < 1:
        print(f"--draws must be at least 1; got {args.draws}.", file=sys.stderr)
        return 2
    began = time.perf_counter()
    if args.adaptation:
        # Seed 0 was used to choose the settings, so the draws begin at 1.
        table = adaptation.measure(range(seed + 1, seed + 1 + args.draws))
    else:
        table = measure(args.draws, seed)
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    words = f"benchmark{' --adaptation' if args.adaptation else ''} --draws {args.draws}"
    lines = [
        f"Measured with `tlhelpers {words} --seed {seed}` on {machine}, "
        f"Python {platform.python_version()}, in {time.perf_counter() - began:.0f} s.",
        "",
        "| what | figure |",
        "|---|---|",
        *(f"| {what} | {figure} |" for what, figure in table),
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    if args.output:
        Path(args.output).write_text(text, encoding="utf-8", newline="\n")
    return 0
