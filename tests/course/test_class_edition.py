"""The exercises as a course of nbgrader: what is handed out, and what gets which points."""

import csv
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import filling
import nbformat
import pytest

from tlhelpers.course import class_edition, command_line
from tlhelpers.course.notebooks import CannotDo
from tlhelpers.teaching.exercises.definitions import find_item

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
NAME = "00_start_here"
needs_nbgrader = pytest.mark.skipif(
    importlib.util.find_spec("nbgrader") is None, reason="nbgrader is an extra"
)


def read(path):
    return json.loads(path.read_text("utf-8"))


def source(cell):
    return "".join(cell["source"])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_exercise_has_an_answer_and_a_check_of_its_own(path):
    made = class_edition.as_assignment(read(path), path.stem)
    nbformat.validate(nbformat.from_dict(made))
    marked = {}
    for cell in made["cells"]:
        assert not cell.get("outputs")
        if "nbgrader" in cell["metadata"]:
            marked[cell["metadata"]["nbgrader"]["grade_id"]] = cell
    asked = filling.asked(nbformat.read(path, as_version=4))
    assert len(marked) == 2 * len(asked)
    for number in asked:
        exercise, place = find_item(number), number.replace(".", "-")
        answer, check = marked[f"answer-{place}"], marked[f"check-{place}"]
        assert exercise.stub in source(answer) and exercise.ask not in source(answer)
        assert source(check).startswith(exercise.ask)
        assert check["metadata"]["nbgrader"]["locked"]
        assert answer["metadata"]["nbgrader"]["grade"] is exercise.by_hand
        assert made["cells"].index(answer) < made["cells"].index(check)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_nothing_of_a_notebook_is_lost(path):
    def code(notebook):
        cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        shown = [source(cell).partition("\n### BEGIN HIDDEN TESTS")[0] for cell in cells]
        return "\n".join(line for text in shown for line in text.splitlines() if line.strip())

    assert code(class_edition.as_assignment(read(path), path.stem)) == code(read(path))


def test_a_notebook_that_does_not_fit_its_exercises_is_refused():
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "source": ['tl.check("0.2", other)']}
    with pytest.raises(CannotDo, match=r"exercise 0\.2 as it is defined"):
        class_edition.as_assignment({"cells": [cell]}, "mine")


def test_a_folder_with_work_in_it_is_left_alone(tmp_path):
    (tmp_path / "work").write_text("mine")
    with pytest.raises(CannotDo, match="give a new folder"):
        class_edition.build_class(NOTEBOOKS[:1], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["work"]


def test_the_command_says_what_to_type_next(tmp_path, capsys):
    assert command_line.main(["class", "build", str(tmp_path / "class"), "00"]) == 0
    assert f"nbgrader autograde {NAME}" in capsys.readouterr().out
    assert (tmp_path / "class" / "source" / NAME / f"{NAME}.ipynb").is_file()
    compile((tmp_path / "class" / "nbgrader_config.py").read_text(), "config", "exec")


#: Of notebook 00: what its exercises without a lab need.
KEPT = ("import tlhelpers", "def accuracy_among", "def exam_rows", "plan = {")


def small_course(folder):
    """Make a course of two exercises with a check, and one that a person reads, too."""
    notebook = read(Path(NOTEBOOKS[0]))
    first = {"cell_type": "code", "id": "first", "metadata": {}, "outputs": []}
    first |= {"execution_count": None, "source": ["import numpy as np\n", "import tlhelpers as tl"]}
    wanted = [cell for cell in notebook["cells"] if source(cell).startswith(KEPT[1:])]
    notebook["cells"] = [first, *wanted]
    path = folder / f"{NAME}.ipynb"
    path.write_text(json.dumps(notebook))
    class_edition.build_class([path], folder / "class", seconds=20)
    return folder / "class"


def hand_in(course, student, change):
    """Hand in what was released, after ``change(source of a cell)`` of each cell."""
    notebook = read(course / "release" / NAME / f"{NAME}.ipynb")
    for cell in notebook["cells"]:
        cell["source"] = change(source(cell)).splitlines(keepends=True)
    target = course / "submitted" / student / NAME
    target.mkdir(parents=True)
    (target / f"{NAME}.ipynb").write_text(json.dumps(notebook))


def solved(text):
    for number in ("0.2", "0.3", "0.5"):
        text = text.replace(find_item(number).stub, find_item(number).solution)
    return text


def half_right(text):
    return text.replace(find_item("0.2").stub, find_item("0.2").solution)


def tampered(text):
    if text.startswith("tl.check"):
        return "print('all right')"
    return text.replace("import tlhelpers as tl", "import tlhelpers as tl\ntl.check = print")


def endless(text):
    if text.startswith("def accuracy_among"):
        return "while True:\n    pass"
    return solved(text)


@needs_nbgrader
@pytest.mark.slow
def test_nbgrader_grades_five_students_as_a_person_would(tmp_path):
    course = small_course(tmp_path)
    env = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    env |= {name: str(tmp_path / name) for name in ("TLHELPERS_DATA", "JUPYTER_DATA_DIR")}

    def nbgrader(*words):
        done = subprocess.run(
            [sys.executable, "-m", "nbgrader", *words],
            cwd=course,
            env=env,
            capture_output=True,
            text=True,
            timeout=400,
        )
        assert done.returncode == 0, done.stderr[-3000:]

    nbgrader("generate_assignment", NAME)
    released = (course / "release" / NAME / f"{NAME}.ipynb").read_text("utf-8")
    assert "HIDDEN" not in released and "NotImplementedError" not in released
    students = {
        "right": solved,
        "wrong": half_right,
        "empty": lambda text: text,
        "tampered": tampered,
        "endless": endless,
    }
    for student, change in students.items():
        hand_in(course, student, change)
    nbgrader("autograde", NAME)
    nbgrader("generate_feedback", NAME)
    nbgrader("export")
    with open(course / "grades.csv", encoding="utf-8") as file:
        points = {row["student_id"]: float(row["raw_score"]) for row in csv.DictReader(file)}
    # Two functions and a plan have a check of one point each; the point for the plan's words
    # waits for a person.
    assert points == {"right": 3, "wrong": 1, "empty": 0, "tampered": 0, "endless": 2}
    feedback = course / "feedback" / "empty" / NAME / f"{NAME}.html"
    assert "Not answered yet" in feedback.read_text("utf-8")
    shutil.rmtree(course)
