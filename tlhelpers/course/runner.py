"""Run notebooks one after the other, show how far they are, and report on them."""

from __future__ import annotations

import json
import platform
import shutil
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tlhelpers.course.arguments import CELL_TIMEOUT
from tlhelpers.course.execution import (
    OnCell,
    error_entry,
    execute_notebook,
    notebook_text,
)
from tlhelpers.fetching.whole_files import write_text_whole
from tlhelpers.teaching.claims import CLAIM_TYPE
from tlhelpers.teaching.photo_sections import PHOTOS_TYPE

if TYPE_CHECKING:  # it takes a while to import, and only its name is needed
    from nbformat import NotebookNode


def run_notebooks(
    paths: Iterable[str | Path],
    build_dir: str | Path,
    *,
    timeout: int = CELL_TIMEOUT,
    env: dict[str, str] | None = None,
) -> dict:
    """Run notebooks one after the other and keep what they made.

    Executed copies go to ``notebooks/`` in the build folder, and a report to
    ``report.json``, both after each notebook.  A notebook that fails does not
    stop the others.  Ctrl-C does, and keeps what was finished.

    Parameters
    ----------
    paths
        The notebooks, in the order in which to run them.
    build_dir
        Where copies and report go; it is made if needed.
    timeout, env
        As in `execute_notebook`.

    Returns
    -------
    dict
        The report.  Its ``"status"`` is ``"ok"``, ``"failed"`` or
        ``"interrupted"``; its ``"notebooks"`` have one entry for each notebook
        that was run to its end or to its error.
    """
    build_dir = Path(build_dir)
    expected = _seconds_of_last_run(build_dir / "report.json")
    started = time.monotonic()
    entries: list[dict] = []
    report = {
        "format": 1,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": 0.0,
        "status": "interrupted",  # true until the last notebook is done
        "notebooks": entries,
    }

    def save() -> None:
        report["seconds"] = round(time.monotonic() - started, 3)
        text = json.dumps(report, indent=1, ensure_ascii=False) + "\n"
        write_text_whole(build_dir / "report.json", text)

    save()  # a folder that cannot be written to shows before the work, not after
    try:
        for path in map(Path, paths):
            on_cell = show_progress(path.stem, expected.get(path.stem))
            entry = _run_notebook(path, build_dir / "notebooks", on_cell, timeout, env)
            entries.append(entry)
            save()
            end_progress(
                f"{path.stem}  {entry['status']}  {entry['cells']} cells"
                f"  {_duration(entry['seconds'])}"
            )
        failed = any(entry["error"] for entry in entries)
        report["status"] = "failed" if failed else "ok"
    except KeyboardInterrupt:
        end_progress("")
    save()
    if report["status"] != "interrupted":
        print(f"\n{_table(report)}")
    for entry in entries:
        if entry["error"]:
            print(f"\n{entry['name']} stopped {describe_error(entry['error'])}")
    return report


def _run_notebook(
    path: Path, copies: Path, on_cell: OnCell, timeout: int, env: dict[str, str] | None
) -> dict:
    started = time.monotonic()
    nb: NotebookNode | None = None
    seconds: list[float] = []
    text = ""
    try:
        nb, seconds, error = execute_notebook(path, on_cell=on_cell, timeout=timeout, env=env)
        text = notebook_text(nb)
    except Exception as problem:  # whatever is wrong with one, the others are run
        error = error_entry(0, type(problem).__name__, str(problem))
    if text:
        write_text_whole(copies / path.name, text)
    return {
        "name": path.stem,
        "file": f"{copies.name}/{path.name}" if text else None,
        "status": "failed" if error else "ok",
        "seconds": round(time.monotonic() - started, 3),
        "cells": len(seconds),
        "cell_seconds": seconds,
        "claims": checked_claims(nb) if nb else [],
        "photos": count_photo_sections(nb) if nb else {"run": 0, "skipped": 0},
        "error": error,
    }


def checked_claims(nb: NotebookNode) -> list[str]:
    """Return the sentences that the cells of an executed notebook have checked."""
    return [claim["sentence"] for cell in nb.cells for claim in claims_of(cell)]


def claims_of(cell: NotebookNode) -> list[dict]:
    """Return the claims that a cell has made; what only looks like one is left out."""
    found = _outputs_of_type(cell, CLAIM_TYPE)
    return [claim for claim in found if isinstance(claim.get("sentence"), str)]


def count_photo_sections(nb: NotebookNode) -> dict[str, int]:
    """Return how many photo sections of an executed notebook ran and were skipped."""
    found = [
        data.get("status") for cell in nb.cells for data in _outputs_of_type(cell, PHOTOS_TYPE)
    ]
    return {status: found.count(status) for status in ("run", "skipped")}


def _outputs_of_type(cell: NotebookNode, mime_type: str) -> Iterator[dict]:
    for output in cell.get("outputs", []):
        data = output.get("data", {}).get(mime_type)
        if isinstance(data, dict):
            yield data


def _seconds_of_last_run(report: Path) -> dict[str, list[float]]:
    """Return the seconds of each cell by notebook; empty without a readable report."""
    try:
        entries = json.loads(report.read_text(encoding="utf-8"))["notebooks"]
        return {entry["name"]: entry["cell_seconds"] for entry in entries}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}


def show_progress(name: str, expected: Sequence[float] | None = None) -> OnCell:
    """Return an `OnCell` that shows on one line how far a notebook is.

    In a terminal the line is rewritten in place.  Anywhere else, such as in a
    log, a single line says that the notebook has started.

    Parameters
    ----------
    name
        What to call the notebook.
    expected
        The seconds that each cell took the last time.
    """
    if not _watched():
        print(f"{name}  started", flush=True)
        return lambda number, total, seconds: None
    started = time.monotonic()
    cell_started: dict[int, float] = {}

    def on_cell(number: int, total: int, seconds: list[float]) -> None:
        now = time.monotonic()
        in_cell = now - cell_started.setdefault(number, now)
        left = seconds_left(number, total, seconds, expected)
        text = f"{name}  cell {number} of {total}  {_duration(now - started)}"
        if left is not None:
            text += f"  about {_duration(max(left - in_cell, 1))} left"
        width = shutil.get_terminal_size().columns - 1  # a wrapped line cannot be rewritten
        print("\r" + text[:width].ljust(width), end="", flush=True)

    return on_cell


def _watched() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()


def end_progress(text: str) -> None:
    """Put a last text in the place of the line of `show_progress`."""
    if _watched():
        print("\r" + " " * (shutil.get_terminal_size().columns - 1), end="\r")
    if text:
        print(text, flush=True)


def seconds_left(
    number: int, total: int, seconds: Sequence[float], expected: Sequence[float] | None
) -> float | None:
    """Estimate the time from the start of a cell to the end of its notebook.

    Parameters
    ----------
    number
        The cell that starts now, from 1.
    total
        How many cells there are.
    seconds
        What the cells before it took.
    expected
        What each cell took the last time; used if it has `total` items.

    Returns
    -------
    float or None
        Seconds, or ``None`` if there is nothing to go by yet.
    """
    if expected and len(expected) == total:
        return sum(expected[number - 1 :])
    if seconds:
        return sum(seconds) / len(seconds) * (total - number + 1)
    return None


def describe_error(error: dict) -> str:
    """Return one line such as ``in cell 7: ValueError: no such layer``."""
    where = f"in cell {error['cell']}" if error["cell"] else "before its first cell"
    return f"{where}: {error['ename']}: {error['evalue']}".rstrip(": \n").splitlines()[0]


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def _table(report: dict) -> str:
    rows = [("notebook", "seconds", "cells", "claims checked", "photo sections")]
    for entry in report["notebooks"]:
        photos = [f"{count} {status}" for status, count in entry["photos"].items() if count]
        name = entry["name"] + (" (failed)" if entry["error"] else "")
        numbers = f"{entry['seconds']:.0f}", str(entry["cells"]), str(len(entry["claims"]))
        rows.append((name, *numbers, ", ".join(photos) or "-"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            text.rjust(width) if 0 < place < 4 else text.ljust(width)
            for place, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
