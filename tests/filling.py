"""Fill the solutions into a notebook, and read off how its exercises were judged: for tests."""

from __future__ import annotations

import copy
import re
import textwrap
from typing import TYPE_CHECKING

from tlhelpers.teaching.exercises.definitions import Exercise, find_item
from tlhelpers.teaching.exercises.showing import CHECK_TYPE

if TYPE_CHECKING:  # it takes a while to import, and only its name is needed
    from nbformat import NotebookNode

_ASKED = re.compile(r"""^\s*tl\.check\(\s*["']([^"']+)["']""", re.MULTILINE)


def asked(notebook: NotebookNode) -> list[str]:
    """Return the ids of the exercises that a notebook checks, in order."""
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return [found for source in code for found in _ASKED.findall(source)]


def with_solutions_below(notebook: NotebookNode) -> NotebookNode:
    """Return a copy of a notebook in which each exercise is asked twice: as it is, then solved.

    Below the cell that calls ``tl.check``, a new cell holds the cell with the
    stub, solved, and the call again.  The stub is looked for in the cell of the
    call, and then in the cells before it, from the nearest on.  So one run of
    the notebook shows both what an unsolved and what a solved exercise does.

    Parameters
    ----------
    notebook
        A notebook; it is not changed.

    Raises
    ------
    ValueError
        If the notebook and the definition do not have the same stub, or not
        the same call of the check.
    """
    longer = copy.deepcopy(notebook)
    longer.cells = []
    before: list[NotebookNode] = []
    for cell in notebook.cells:
        longer.cells.append(copy.deepcopy(cell))
        if cell.cell_type != "code":
            continue
        before.append(cell)
        for exercise_id in _ASKED.findall(cell.source):
            exercise = find_item(exercise_id)
            if exercise.ask not in cell.source:
                raise ValueError(f"Cell {cell.id} should call the check like this: {exercise.ask}")
            solved = copy.deepcopy(cell)
            solved.id = f"{cell.id}-solved"
            for stub_cell in reversed(before):
                source = _filled(stub_cell.source, exercise)
                if source:
                    break
            else:
                raise ValueError(
                    f"The stub of exercise {exercise_id} is not in cell {cell.id} nor before it. "
                    f"It should read:\n{exercise.stub}"
                )
            solved.source = source if stub_cell is cell else f"{source}\n{cell.source}"
            longer.cells.append(solved)
    return longer


def _filled(source: str, exercise: Exercise) -> str | None:
    """Return the source with the stub replaced, also below an ``if``; None if it has no stub."""
    for indent in ("", "    "):
        stub = textwrap.indent(exercise.stub, indent)
        found = re.search(rf"^{re.escape(stub)}$", source, re.MULTILINE)
        if found:
            solution = textwrap.indent(exercise.solution, indent)
            return source[: found.start()] + solution + source[found.end() :]
    return None


def statuses(notebook: NotebookNode) -> dict[str, list[str]]:
    """Return how the exercises of an executed notebook were judged: id → status, in order."""
    found: dict[str, list[str]] = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            facts = output.get("data", {}).get(CHECK_TYPE)
            if facts:
                found.setdefault(facts["id"], []).append(facts["status"])
    return found
