"""Make the results again that the widgets show: ``python -m tlhelpers.widgets.remake NAME``.

NAME is ``labels`` (half a minute), ``freezing`` or ``adaptation`` (two to four
minutes on two processor cores each).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from tlhelpers.widgets import adaptation_runs, freezing_runs, label_runs, results


def labels() -> Path:
    """Measure what labels bring, and write it down."""
    rows = [
        {"strategy": name, "labels per class": budget, "draw": draw, "accuracy": f"{share:.4f}"}
        for name, budget, draw, share in label_runs.all_runs()
    ]
    return results.write_table("labels", rows, label_runs.ABOUT)


def freezing() -> Path:
    """Train with every depth and rate, and write the results down."""
    rows = []
    for run in freezing_runs.all_runs():
        print(run, flush=True)
        shares = {"handwriting": f"{run.handwriting:.4f}", "print": f"{run.print:.4f}"}
        rows.append(run._asdict() | {"rate": f"{run.rate:g}"} | shares)
    return results.write_table("freezing", rows, freezing_runs.ABOUT)


def adaptation() -> Path:
    """Adapt with every method and weight, and write down what the features look like."""
    tree = adaptation_runs.all_runs(lambda text: print(text, flush=True))
    return results.write_tree("adaptation", tree, adaptation_runs.ABOUT)


MAKERS: dict[str, Callable[[], Path]] = {
    "labels": labels,
    "freezing": freezing,
    "adaptation": adaptation,
}


def main(names: list[str]) -> int:
    """Make what is asked for; return the exit status."""
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
