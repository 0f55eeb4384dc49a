"""Run notebooks with several seeds, and see which of their claims always hold.

One run shows that a sentence was true once.  A claim is worth believing when
it holds for other random draws, too.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tlhelpers.course.arguments import CELL_TIMEOUT
from tlhelpers.course.execution import error_entry, execute_notebook
from tlhelpers.course.runner import claims_of, describe_error, end_progress, show_progress
from tlhelpers.teaching.claims import GO_ON

if TYPE_CHECKING:  # it takes a while to import, and only its name is needed
    from nbformat import NotebookNode

#: A claim, by the cell that makes it and its place among the claims of that cell.
Place = tuple[str, int]


def verify_notebooks(
    paths: Iterable[str | Path], seeds: Sequence[int], *, timeout: int = CELL_TIMEOUT
) -> tuple[str, bool]:
    """Run each notebook once for each seed, and make a table of its claims.

    Parameters
    ----------
    paths
        The notebooks.
    seeds
        What the notebooks' ``SEED`` is set to, one after the other.
    timeout
        The most seconds that one cell may take.

    Returns
    -------
    table
        In Markdown: a row for each claim, with how often it held; below, what
        failed.
    good
        Whether every claim held with every seed, and every run came to its end.
    """
    started = time.monotonic()
    rows, failures = [], []
    for path in map(Path, paths):
        runs: dict[int, dict[Place, tuple[str, bool]]] = {}
        for seed in seeds:
            on_cell = show_progress(f"{path.stem} seed {seed}")
            try:
                nb, _, error = execute_notebook(
                    path, on_cell=on_cell, timeout=timeout, env={GO_ON: "1"}, seed=seed
                )
            except Exception as problem:  # whatever is wrong with one, the others are run
                nb, error = None, error_entry(0, type(problem).__name__, str(problem))
            runs[seed] = claims_by_place(nb) if nb else {}
            if error:
                failures.append(f"{path.stem}, seed {seed}: stopped {describe_error(error)}")
            end_progress(f"{path.stem} seed {seed}  {'failed' if error else 'done'}")
        more_rows, more_failures = compare_claims(path.stem, runs)
        rows += more_rows
        failures += more_failures
    return _table(rows, failures, seeds, time.monotonic() - started), not failures


def claims_by_place(nb: NotebookNode) -> dict[Place, tuple[str, bool]]:
    """Return the claims of an executed notebook: place → sentence and whether it is true."""
    found = {}
    for cell in nb.cells:
        for number, claim in enumerate(claims_of(cell)):
            found[cell.id, number] = claim["sentence"], not claim.get("false")
    return found


def compare_claims(
    name: str, runs: dict[int, dict[Place, tuple[str, bool]]]
) -> tuple[list[tuple[str, str, str]], list[str]]:
    """Compare the claims of one notebook over its seeds.

    Parameters
    ----------
    name
        What to call the notebook.
    runs
        Seed → what `claims_by_place` returned.

    Returns
    -------
    rows
        For each claim: name of the notebook, its sentence with the first seed,
        and how often it held, such as ``"4 of 5"``.
    failures
        A line for each claim that was false or was not made.

    Examples
    --------
    >>> rows, failures = compare_claims("02", {0: {("a", 0): ("3 > 2", True)}, 1: {}})
    >>> rows
    [('02', '3 > 2', '1 of 2')]
    >>> failures
    ['02, seed 1: not reached: 3 > 2']
    """
    rows, failures = [], []
    places = dict.fromkeys(place for claims in runs.values() for place in claims)
    for place in places:
        sentence = next(claims[place][0] for claims in runs.values() if place in claims)
        held = 0
        for seed, claims in runs.items():
            said, true = claims.get(place, (f"not reached: {sentence}", False))
            held += true
            if not true:
                failures.append(f"{name}, seed {seed}: {said}")
        rows.append((name, sentence, f"{held} of {len(runs)}"))
    return rows, failures


def _table(
    rows: list[tuple[str, str, str]], failures: list[str], seeds: Sequence[int], seconds: float
) -> str:
    lines = [
        f"Checked with `tlhelpers verify --seeds {len(seeds)}` on {platform.system()} "
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"in {seconds / 60:.0f} min. Numbers are those of seed {seeds[0]}.",
        "",
        "| notebook | claim | held |",
        "|---|---|---|",
    ]
    lines += [f"| {name} | {claim.replace('|', '/')} | {held} |" for name, claim, held in rows]
    lines += ["", "What did not hold:" if failures else "Every claim held with every seed."]
    return "\n".join(lines + [f"- {line}" for line in failures])
