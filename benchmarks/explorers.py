"""Make the results again that the widgets show: ``python -m benchmarks.explorers NAME``.

NAME is ``labels`` (half a minute), ``freezing`` or ``adaptation`` (two to four
minutes on two processor cores each), or ``networks`` (ten minutes, on a quiet computer).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from benchmarks import explorer_adaptation
from tlhelpers.networks import cost_table
from tlhelpers.teaching.widgets import freezing_runs, label_runs, results
from tlhelpers.teaching.widgets.reader import LEARN

ABOUT_LABELS = (
    f"Logistic regression on labels drawn from the first {LEARN} digits of lab.train; accuracy on "
    "the 252 others, by other writers; each draw is another choice of labels."
)

ABOUT_FREEZING = (
    f"MobileNet of the digits lab, cut at conv_pw_11, trained for "
    f"{freezing_runs.EPOCHS} epochs on {freezing_runs.PER_CLASS} labels per class of "
    f"the first {LEARN} digits of lab.train; handwriting: accuracy on the "
    "252 others; print: accuracy of the whole network with its old head, fonts never seen."
)


ABOUT_NETWORKS = (
    "What each network of the table costs: the fastest of several passes of 8 pictures, with "
    "random weights, in Keras 3.15.1 and TensorFlow 2.21.0, on two cores of an Intel Xeon that "
    "other programs used as well."
)


def labels() -> Path:
    """Measure what labels bring, and write it down."""
    rows = [
        {"strategy": name, "labels per class": budget, "draw": draw, "accuracy": f"{share:.4f}"}
        for name, budget, draw, share in label_results()
    ]
    return results.write_table("labels", rows, ABOUT_LABELS)


def freezing() -> Path:
    """Train with every depth and learning rate, and write the results down."""
    rows = []
    for run in freezing_results():
        print(run, flush=True)
        shares = {"handwriting": f"{run.handwriting:.4f}", "print": f"{run.print:.4f}"}
        rows.append(run._asdict() | {"learning_rate": f"{run.learning_rate:g}"} | shares)
    return results.write_table("freezing", rows, ABOUT_FREEZING)


def adaptation() -> Path:
    """Adapt with every method and weight, and write down what the features look like."""
    tree = explorer_adaptation.adaptation_results()
    return results.write_tree("adaptation", tree, explorer_adaptation.ABOUT)


def networks() -> Path:
    """Measure what each network costs on this computer, and write it down."""
    costs = cost_table.measure_networks(seconds=4, again=True)
    rows = [{"network": name, **cost._asdict()} for name, cost in costs.items()]
    for row in rows:
        del row["name"]
    return results.write_table("networks", rows, ABOUT_NETWORKS)


def label_results() -> Iterator[tuple[str, int, int, float]]:
    """Yield strategy, labels per class, draw and accuracy."""
    inputs = label_runs.Inputs()
    truth = inputs.labels[LEARN:]
    for strategy in inputs.rows:
        for budget in label_runs.BUDGETS:
            for draw in label_runs.DRAWS:
                share = np.mean(inputs.answers(strategy, budget, draw) == truth)
                yield strategy, budget, draw, float(share)


def freezing_results() -> Iterator[freezing_runs.Run]:
    """Yield all runs that `explore_freezing` shows."""
    bench = freezing_runs.Bench()
    for blocks in freezing_runs.BLOCKS:
        for draw in freezing_runs.DRAWS:
            rates = freezing_runs.LEARNING_RATES
            for learning_rate in rates if blocks else rates[:1]:
                yield bench.train(blocks, learning_rate, draw)


MAKERS: dict[str, Callable[[], Path]] = {
    "labels": labels,
    "freezing": freezing,
    "adaptation": adaptation,
    "networks": networks,
}


def main(words: list[str]) -> int:
    """Make what is asked for; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.explorers",
        description="Make the results again that the widgets show.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=" or ".join(MAKERS))
    names = parser.parse_args(words).names
    unknown = [name for name in names if name not in MAKERS]
    if unknown or not names:
        print(f"Name what to make: {', '.join(MAKERS)}; got {unknown or 'nothing'}.")
        return 2
    from tlhelpers import start

    start.load_tensorflow()
    for name in names:
        print("Written:", MAKERS[name]())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
