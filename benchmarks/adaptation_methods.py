"""What adaptation is worth, over several seeds; the protocol is in `tlhelpers.transfer.tasks`.

Seeds 0 and 1 were looked at when the settings were chosen, so the draws begin at 2.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import tables
from tlhelpers.transfer import augmentation, metrics, validators
from tlhelpers.transfer.recipes import train_small_network
from tlhelpers.transfer.tasks import (
    METHODS,
    PICKER,
    TASKS,
    feature_baselines,
    load_task,
    run_method,
)

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras


def run_all_methods(name: str, seed: int) -> list[dict]:
    """Run every method once on a task, and judge it with and without labels.

    Returns
    -------
    list of dict
        For each candidate: ``method``, ``seconds``, ``test`` (accuracy), and the
        validators.
    """
    task = load_task(name, seed)
    model = train_small_network(task.source, seed)
    found = []

    def note(method: str, seconds: float, network: keras.Model) -> None:
        test = metrics.accuracy(network, task.test)
        judged = validators.validate(
            network, task.choose_on, *task.source_kept, augment=augmentation.random_erase
        )
        found.append({"method": method, "seconds": seconds, "test": test, **judged})

    note("source only", 0.0, model)
    for method in METHODS:
        began = time.perf_counter()
        network, _ = run_method(method, model, task, seed)
        note(method, time.perf_counter() - began, network)
    for method, (chosen, tested) in feature_baselines(model, task).items():
        judged = {
            "certainty": validators.certainty(chosen),
            "information": validators.information(chosen),
            "density": validators.neighbourhood_density(chosen),
        }
        test = float(np.mean(tested.argmax(axis=1) == task.test.labels))
        found.append({"method": method, "seconds": 0.0, "test": test, **judged})
    return found


def summarise(runs: list[list[dict]]) -> tables.Rows:
    """Return the rows of the table for one task: name and figure.

    Parameters
    ----------
    runs
        What `one_run` gave, one for each seed.
    """
    from scipy.stats import spearmanr

    def describe(values: list[float]) -> str:
        low, high = min(values), max(values)
        return f"{np.mean(values):.1%} ({low:.1%} to {high:.1%})"

    rows = []
    for position, first in enumerate(runs[0]):
        mine = [run[position] for run in runs]
        seconds = max(row["seconds"] for row in mine)
        note = f", {seconds:.0f} s at most" if seconds else ""
        rows.append((first["method"], describe([row["test"] for row in mine]) + note))
    # Logistic regression on features has no answers to warped pictures: never picked.
    picked = [max(run, key=lambda row: row.get(PICKER, -np.inf)) for run in runs]
    oracle = [max(row["test"] for row in run) for run in runs]
    gains = [row["test"] - run[0]["test"] for row, run in zip(picked, runs, strict=True)]
    names = ", ".join(sorted({row["method"] for row in picked}))
    rows.append((f"**picked** without labels ({names})", describe([r["test"] for r in picked])))
    points = f"{100 * np.mean(gains):+.1f} points ({100 * min(gains):+.1f} at least)"
    rows.append(("picked over source only", points))
    rows.append(("**oracle**: best on the test", describe(oracle)))
    for validator in (PICKER, "source accuracy", "certainty", "information", "density"):
        ranks = []
        for run in runs:
            known = [row for row in run if validator in row]
            if len(known) > 2:
                values, tests = ([row[key] for row in known] for key in (validator, "test"))
                ranks.append(float(spearmanr(values, tests).statistic))
        if not ranks:
            continue
        rows.append((f"rank correlation of {validator} with the test", f"{np.nanmean(ranks):+.2f}"))
    return rows


def measure_adaptation(seeds: range) -> tables.Rows:
    """Run all tasks with all seeds and return the table.

    Parameters
    ----------
    seeds
        Each draws its own print, first weights and batches.
    """
    from tqdm.auto import tqdm

    table = []
    for name in TASKS:
        runs = [run_all_methods(name, seed) for seed in tqdm(seeds, desc=name, leave=False)]
        table += [(f"{name}: {what}", figure) for what, figure in summarise(runs)]
    return table


if __name__ == "__main__":
    sys.exit(tables.run("adaptation_methods", measure_adaptation, draws=5, first=2))
