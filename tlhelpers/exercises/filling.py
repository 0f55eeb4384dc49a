"""Fill the solutions into a notebook, and read off how its exercises were judged: for tests."""

from __future__ import annotations

import copy
import re
import textwrap
from typing import TYPE_CHECKING

from tlhelpers.exercises.definitions import Exercise, find
from tlhelpers.exercises.showing import CHECK_TYPE

if TYPE_CHECKING:  # it takes a while to import, and only its name is needed
    from nbformat import NotebookNode

_ASKED = re.compile(r"""^\s*tl\.check\(\s*["']([^"']+)["']""", re.MULTILINE)


def asked(notebook: NotebookNode) -> list[str]:
    """Return the ids of the exercises that a notebook checks, in order."""
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return [found for source in code for found in _ASKED.findall(source)]


def with_solutions(notebook: NotebookNode) -> NotebookNode:
    """Return a copy of a notebook in which every exercise is solved.

    The stub of an exercise is looked for in the cell that calls ``tl.check``,
    and then in the cells before it, from the nearest on.

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
    solved = copy.deepcopy(notebook)
    code = [cell for cell in solved.cells if cell.cell_type == "code"]
    for position, cell in enumerate(code):
        for exercise_id in _ASKED.findall(cell.source):
            exercise = find(exercise_id)
            if exercise.ask not in cell.source:
                raise ValueError(f"Cell {cell.id} should call the check like this: {exercise.ask}")
            if not any(_fill(before, exercise) for before in reversed(code[: position + 1])):
                raise ValueError(
                    f"The stub of exercise {exercise_id} is not in cell {cell.id} nor before it. "
                    f"It should read:\n{exercise.stub}"
                )
    return solved


def _fill(cell: NotebookNode, exercise: Exercise) -> bool:
    """Replace a stub in a cell, also below an ``if``; tell whether it was there."""
    for indent in ("", "    "):
        stub = textwrap.indent(exercise.stub, indent)
        found = re.search(rf"^{re.escape(stub)}$", cell.source, re.MULTILINE)
        if found:
            solution = textwrap.indent(exercise.solution, indent)
            cell.source = cell.source[: found.start()] + solution + cell.source[found.end() :]
            return True
    return False


def statuses(notebook: NotebookNode) -> dict[str, str]:
    """Return how the exercises of an executed notebook were judged: id → status."""
    found = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            facts = output.get("data", {}).get(CHECK_TYPE)
            if facts:
                found[facts["id"]] = facts["status"]
    return found
