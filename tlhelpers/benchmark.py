"""``tlhelpers benchmark``: measure the figures that the README quotes.

Nothing is chosen here.  The network and every setting are fixed beforehand;
the second half of the handwriting is only read off.  ``--adaptation`` measures
`tlhelpers.adaptation` instead, ``--fine-tuning`` and ``--photos`` `tlhelpers.finetuning`.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from tlhelpers import (
    adaptation,
    backbones,
    fastpath,
    features,
    finetuning,
    glyphs,
    images,
    labs,
    pretrain,
    start,
)

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


def measure_speed(count: int = 192, turns: int = 3) -> list[tuple[str, str]]:
    """Return the rows of the table of speed: MobileNetV2 at 224 pixels, random weights.

    Keras and ONNX Runtime take turns, so that both meet the same computer, and
    the quickest turn of each counts.

    Parameters
    ----------
    count
        How many images; features of 1,000 more are written to the cache and read back.
    turns
        How often each is measured.
    """
    import keras

    keras.utils.set_random_seed(0)
    network = keras.applications.MobileNetV2(
        include_top=False, weights=None, pooling="avg", input_shape=(224, 224, 3)
    )
    rng = np.random.default_rng(0)
    pictures = rng.uniform(-1, 1, (count, 224, 224, 3)).astype(np.float32)
    # With the statistics of no data, the features would be nearly zero, and so would
    # any difference between two ways to compute them.
    backbones.quicken_batchnorm(network, momentum=0)
    network(pictures[:16], training=True)

    def by_keras() -> np.ndarray:
        return network.predict(pictures, batch_size=32, verbose=0)

    def by_compute() -> np.ndarray:
        return features.compute(network, pictures, cache=False, fast=True)

    def timed(function: Callable, *given: object) -> float:
        began = time.perf_counter()
        function(*given)
        return time.perf_counter() - began

    seconds: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder, _cache(folder):
        seconds["export"] = [
            timed(lambda: features.compute(network, pictures[:1], cache=False, fast=True))
        ]
        wanted, found = by_keras(), by_compute()  # and both are warm now
        apart = float(np.abs(wanted - found).max())
        for _ in range(turns):
            for name, way in (("Keras", by_keras), ("ONNX", by_compute)):
                seconds.setdefault(name, []).append(timed(way))
        many = rng.integers(0, 256, (1000, 224, 224, 3), dtype=np.uint8)
        seconds["first"] = [timed(features.compute, network, many)]
        seconds["again"] = [timed(features.compute, network, many) for _ in range(turns)]
    best = {name: min(times) for name, times in seconds.items()}
    return [
        ("Keras predict, batches of 32", f"{count / best['Keras']:.0f} images/s"),
        ("features.compute, exported", f"{count / best['ONNX']:.0f} images/s"),
        ("ratio", f"{best['Keras'] / best['ONNX']:.1f}"),
        (f"largest difference (of features up to {wanted.max():.2g})", f"{apart:.1g}"),
        ("export and comparison with Keras, once for each network", f"{best['export']:.1f} s"),
        ("1,000 images (8-bit), first call, exported before", f"{best['first']:.1f} s"),
        ("1,000 images (8-bit), second call, from the cache", f"{best['again']:.2f} s"),
    ]


@contextlib.contextmanager
def _cache(folder: str) -> Iterator[None]:
    """Use another cache folder for a while."""
    before = os.environ.get("TLHELPERS_CACHE")
    os.environ["TLHELPERS_CACHE"] = folder
    try:
        yield
    finally:
        os.environ.pop("TLHELPERS_CACHE")
        if before is not None:
            os.environ["TLHELPERS_CACHE"] = before


def main(args: argparse.Namespace) -> int:
    """Measure, print the table in Markdown, and write it to a file if asked."""
    start.load_tensorflow()
    seed = 0 if args.seed is None else args.seed
    if args.draws < 1:
        print(f"--draws must be at least 1; got {args.draws}.", file=sys.stderr)
        return 2
    began = time.perf_counter()
    if args.speed:
        table, what = measure_speed(), "--speed"
    elif args.adaptation:
        # Seed 0 was used to choose the settings, so the draws begin at 1.
        table = adaptation.measure(range(seed + 1, seed + 1 + args.draws))
        what = f"--adaptation --draws {args.draws} --seed {seed}"
    elif args.fine_tuning:
        seeds = range(seed, seed + args.draws)
        table = finetuning.measure(seeds) + finetuning.measure_small(seeds)
        what = f"--fine-tuning --draws {args.draws} --seed {seed}"
    elif args.photos:
        table, what = finetuning.measure_photos(), "--photos"
        if table is None:  # what is missing has been said
            return 1
    else:
        table, what = measure(args.draws, seed), f"--draws {args.draws} --seed {seed}"
    machine = f"{platform.system()} {platform.machine()}, {fastpath.cores()} cores"
    lines = [
        f"Measured with `tlhelpers benchmark {what}` on {machine}, "
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
