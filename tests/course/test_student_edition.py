"""The edition for students: everything works, and no solution is in reach."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tlhelpers.course import command_line, student_edition
from tlhelpers.course.notebooks import CannotDo
from tlhelpers.teaching.exercises.definitions import load_items, notebooks

ROOT = Path(__file__).parents[2]

#: Judges the solutions that it is given, in the edition, and prints what the checks say.
JUDGE = """
import json, sys
import tlhelpers as tl
from tlhelpers.teaching.exercises.checking import judge
from tlhelpers.teaching.exercises.definitions import find_item

print(tl.__file__, file=sys.stderr)
said = {}
for number, (code, name) in json.load(sys.stdin).items():
    made = {}
    exec(code, made)
    said[number] = [judge(find_item(number), made.get(name), {}).status]
    said[number].append(judge(find_item(number), ..., {}).status)
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def edition(tmp_path_factory):
    folder = tmp_path_factory.mktemp("edition") / "course"
    student_edition.build_students(ROOT, folder)
    return folder


def exercises():
    return [exercise for number in notebooks() for exercise in load_items(number)[0]]


def test_no_solution_is_in_any_file(edition):
    texts = {
        path: path.read_text("utf-8", errors="ignore")
        for path in edition.rglob("*")
        if path.suffix in (".py", ".md", ".ipynb", ".txt")
    }
    long = [
        line.strip()
        for exercise in exercises()
        for line in exercise.solution.splitlines()
        if len(line.strip()) > 45 and line.strip() not in exercise.stub
        if not line.strip().startswith(("from ", "import "))
    ]
    assert len(long) > 20
    seen = {
        line: path.name
        for line in long
        for path, text in texts.items()
        if path.parent.name == "content" and (line in text or json.dumps(line)[1:-1] in text)
    }
    assert not seen


def test_stubs_hints_and_quizzes_stay(edition):
    kept = edition / "tlhelpers" / "teaching" / "content"
    kept_back = 0
    for path in sorted(kept.glob("n*.py")):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        whole = importlib.import_module(f"tlhelpers.teaching.content.{path.stem}")
        for here, there in zip(module.EXERCISES, whole.EXERCISES, strict=True):
            assert (here.id, here.stub, here.ask) == (there.id, there.stub, there.ask)
            assert here.hints == there.hints
            if here.solution != there.solution:  # else its check has the letter, and must
                kept_back += 1
                assert (here.solution, here.why, here.mistakes, here.also_right) == ("", "", (), ())
            else:
                assert here.solution.startswith("answer = ") or len(here.solution) < 20
        assert module.QUIZZES == whole.QUIZZES
    assert kept_back > 40


def test_checks_judge_as_before(edition, tmp_path):
    functions = {
        exercise.id: (f"{exercise.setup}\n{exercise.solution}", name)
        for exercise in exercises()
        if exercise.solution.startswith("def ") and exercise.ask.count(",") == 1
        for name in [exercise.solution.removeprefix("def ").partition("(")[0]]
        if exercise.seconds == 1 and "keras" not in exercise.setup
    }
    assert len(functions) > 10
    said = []
    for course in (edition, ROOT):
        env = os.environ | {"PYTHONPATH": str(course), "TLHELPERS_DATA": str(tmp_path)}
        done = subprocess.run(
            [sys.executable, "-c", JUDGE],
            input=json.dumps(functions),
            capture_output=True,
            text=True,
            cwd=course,
            env=env,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        assert str(course) in done.stderr
        said.append(json.loads(done.stdout.splitlines()[-1]))
    assert said[0] == said[1]
    assert sum(judged == ["right", "unanswered"] for judged in said[0].values()) > 25


def test_the_rest_of_the_course_is_there(edition):
    assert not (edition / "tests").exists() and not (edition / ".git").exists()
    assert not (edition / "docs" / "teaching").exists()
    assert {path.name for path in (edition / "notebooks").glob("*.ipynb")} == {
        path.name for path in (ROOT / "notebooks").glob("*.ipynb")
    }
    assert (edition / "bootstrap.py").read_bytes() == (ROOT / "bootstrap.py").read_bytes()


def test_who_asks_for_a_solution_is_told_where_it_is(edition, tmp_path):
    env = os.environ | {"PYTHONPATH": str(edition), "TLHELPERS_DATA": str(tmp_path)}
    command = [sys.executable, "-c", "import tlhelpers as tl; tl.solution('0.2')"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=edition, env=env, timeout=60)
    assert done.stdout.strip() == "The solution of 0.2 is with your teacher."


def test_a_folder_in_use_or_in_the_course_is_refused(tmp_path, capsys):
    (tmp_path / "work").write_text("mine")
    assert command_line.main(["class", "students", str(tmp_path)]) == 2
    assert "Give a new folder" in capsys.readouterr().err
    with pytest.raises(CannotDo, match="inside the course"):
        student_edition.build_students(ROOT, ROOT / "students")
    assert command_line.main(["class", "students", str(tmp_path / "new"), "00"]) == 2
