"""The figures of docs/for_experimenters.md: print, handwriting without labels, label budgets.

Nothing is chosen here.  The network and every setting are fixed beforehand;
the second half of the handwriting is only read off.
"""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import numpy as np

from benchmarks import bench, bench_results, tables
from tlhelpers.course import pretrain
from tlhelpers.data import glyphs
from tlhelpers.labs import load

BUDGETS = (1, 2, 5, 10, 20, 50)


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
    network = lab.network()
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

    turned = dataclasses.replace(lab, train=lab.test, test=lab.train)
    for cut, order in ((lab, "1→2"), (turned, "2→1")):
        curves = bench_results.curves(
            bench.run(
                {
                    "lab": lambda network, seed, cut=cut: cut,
                    "strategies": ["frozen features", "raw pixels"],
                    "labels": BUDGETS,
                    "seeds": seeds,
                },
                threads=None,
            )
        )
        for budget in BUDGETS:
            f, r = (np.array(curves[name][budget]) for name in ("frozen features", "raw pixels"))
            what = f"halves {order}, {budget} per class: frozen features / raw pixels"
            spread = f"(lowest {f.min():.1%} / {r.min():.1%})"
            table.append((what, f"{f.mean():.1%} / {r.mean():.1%} {spread}"))
    table.append(("import tlhelpers", f"{import_seconds() * 1000:.0f} ms"))
    return table


if __name__ == "__main__":
    sys.exit(tables.run("label_budgets", measure_label_budgets, draws=10))
