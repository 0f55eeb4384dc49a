"""The exercises as a course of nbgrader, which hands out, collects and grades notebooks.

Each notebook becomes an assignment.  What a learner changes becomes a cell for an answer,
and below it stands the call of the check in a cell of its own, which nbgrader puts back as
it was before it grades.  Where an answer has free words, the cell is graded by a person.
nbgrader is not needed for writing the course; see `docs/teaching/nbgrader.md`.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tlhelpers.course.notebooks import CannotDo
from tlhelpers.fetching.whole_files import write_text_whole
from tlhelpers.teaching.exercises.definitions import Exercise, find_item

_ASKED = re.compile(r"""^tl\.check\(\s*["']([^"']+)["']""", re.MULTILINE)

#: What nbgrader runs below the check that the learner sees; it hands out the cell without it.
_HIDDEN = """
### BEGIN HIDDEN TESTS
from tlhelpers.teaching.exercises.checking import grade as _grade

{call}
### END HIDDEN TESTS"""

#: Cells hold stubs, so nothing has to be cut out of them when they are handed out.
_CONFIG = '''"""How nbgrader hands out and grades this course: nbgrader reads it in this folder."""

c = get_config()  # noqa: F821  (nbgrader gives it)
c.CourseDirectory.course_id = "{name}"
c.GenerateAssignment.preprocessors = [
    "nbgrader.preprocessors.LockCells",
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.CheckCellMetadata",
    "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.SaveCells",
    "nbgrader.preprocessors.ClearHiddenTests",
    "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.ExecutePreprocessor.timeout = {seconds}  # of a cell; a loop without end stops then
c.ExecutePreprocessor.interrupt_on_timeout = True  # and what follows is graded
'''


def build_class(
    notebooks: Sequence[Path], folder: Path, *, name: str = "transfer-learning", seconds: int = 180
) -> list[Path]:
    """Write a course of nbgrader: ``source/NOTEBOOK/NOTEBOOK.ipynb`` and its settings.

    Parameters
    ----------
    notebooks
        Notebooks of the course.
    folder
        Where the course goes: new, or empty.
    name
        Of the course, for nbgrader.
    seconds
        How long a cell may take when answers are graded.

    Returns
    -------
    list of Path
        The assignments that were written.

    Raises
    ------
    CannotDo
        If the folder holds something, or a notebook and its exercises do not fit.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CannotDo(
            f"{folder} is not empty. A class may have work in it, so nothing is written there: "
            "give a new folder."
        )
    written = []
    for path in notebooks:
        assignment = as_assignment(json.loads(path.read_text(encoding="utf-8")), path.stem)
        target = folder / "source" / path.stem / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        write_text_whole(target, json.dumps(assignment, indent=1, ensure_ascii=False) + "\n")
        written.append(target)
    write_text_whole(folder / "nbgrader_config.py", _CONFIG.format(name=name, seconds=seconds))
    return written


def as_assignment(notebook: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a notebook as nbgrader wants it, without outputs.

    Parameters
    ----------
    notebook
        As it is in its file; it is not changed.
    name
        Of the notebook, for what is said of mistakes.

    Raises
    ------
    CannotDo
        If a stub is not where its exercise says.
    """
    made = copy.deepcopy(notebook)
    cells: list[dict] = []
    for cell in made["cells"]:
        cells.append(cell)
        if cell["cell_type"] != "code":
            continue
        cell["outputs"], cell["execution_count"] = [], None
        for number in _ASKED.findall(_source(cell)):
            exercise = find_item(number)
            assert isinstance(exercise, Exercise)
            _split(cells, exercise, name)
    made["cells"] = cells
    return made


def _split(cells: list[dict], exercise: Exercise, name: str) -> None:
    """Take the call of a check out of the last cell, into a cell of its own, to be graded."""
    last = cells[-1]
    before, call, after = _source(last).partition(exercise.ask)
    holder = next((cell for cell in reversed(cells) if exercise.stub in _source(cell)), None)
    if not call or holder is None:
        raise CannotDo(
            f"Notebook {name} does not have exercise {exercise.id} as it is defined: the stub and "
            f"{exercise.ask!r} must stand in it as they are in tlhelpers/teaching/content."
        )
    place = exercise.id.replace(".", "-")
    _mark(holder, f"answer-{place}", solution=True, grade=exercise.by_hand, points=1)
    if before.strip():
        _write(last, before.strip())
    else:
        cells.pop()
    hidden = _HIDDEN.format(call=call.replace("tl.check(", "_grade(", 1))
    check: dict[str, Any] = {
        "cell_type": "code",
        "id": f"check-{place}",
        "metadata": {},
        "outputs": [],
    }
    check |= {"execution_count": None}
    _write(check, call + hidden)
    _mark(check, f"check-{place}", solution=False, grade=True, points=1)
    cells.append(check)
    if after.strip():
        more = copy.deepcopy(last) | {"id": f"{last['id']}-more", "metadata": {}}
        _write(more, after.strip())
        cells.append(more)


def _mark(cell: dict, name: str, *, solution: bool, grade: bool, points: int) -> None:
    """Say what a cell is to nbgrader."""
    marks = {"schema_version": 3, "grade_id": name, "solution": solution, "grade": grade}
    marks |= {"locked": not solution, "task": False}
    if grade:
        marks["points"] = points
    cell["metadata"]["nbgrader"] = marks


def _source(cell: dict) -> str:
    return "".join(cell["source"])


def _write(cell: dict, source: str) -> None:
    cell["source"] = source.splitlines(keepends=True)
