"""The course for students, without solutions in reach: a folder to hand out.

The solutions, the known mistakes and other right answers are taken out of the exercises'
files; checks and hints stay.  A check that compares with a result of its own can be read,
as every check in Python can: this keeps solutions out of sight, and is no lock.
"""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

from tlhelpers.course.notebooks import CannotDo
from tlhelpers.fetching.whole_files import write_text_whole
from tlhelpers.teaching.exercises.definitions import Exercise, find_item

#: What is left out: what tests, measures or teaches the teacher, and what was made here.
LEFT_OUT = {
    "tests",
    "benchmarks",
    "build",
    "dist",
    "my_course",
    "__pycache__",
    "node_modules",
}
#: What an exercise has beside these is for whoever knows the answer.
_EMPTY: dict[str, ast.expr] = {
    "solution": ast.Constant(""),
    "why": ast.Constant(""),
    "mistakes": ast.Tuple([], ast.Load()),
    "also_right": ast.Tuple([], ast.Load()),
}


def build_students(course: Path, folder: Path) -> int:
    """Copy the course without solutions, tests and the teacher's guide.

    Parameters
    ----------
    course
        The folder of the course.
    folder
        Where the copy goes: new, or empty, and not inside the course.

    Returns
    -------
    int
        How many exercises lost their solutions.

    Raises
    ------
    CannotDo
        If the folder holds something, or lies in the course.
    """
    course, folder = course.resolve(), folder.resolve()
    if folder.is_relative_to(course):
        raise CannotDo(f"{folder} lies inside the course. Give a folder elsewhere.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CannotDo(f"{folder} is not empty. Give a new folder.")
    guide = course / "docs" / "teaching"

    def leave_out(inside: str, names: list[str]) -> set[str]:
        place = Path(inside)
        return {
            name
            for name in names
            if name in LEFT_OUT
            or name.startswith(".")
            or name.endswith(".egg-info")
            or place / name == guide
        }

    shutil.copytree(course, folder, ignore=leave_out, dirs_exist_ok=True)
    content = folder / "tlhelpers" / "teaching" / "content"
    switch = (content / "__init__.py").read_text(encoding="utf-8")
    write_text_whole(
        content / "__init__.py", switch.replace("SOLUTIONS = True", "SOLUTIONS = False")
    )
    count = 0
    for path in sorted(content.glob("n*.py")):
        text, found = without_solutions(path.read_text(encoding="utf-8"))
        write_text_whole(path, text)
        count += found
    return count


def without_solutions(source: str) -> tuple[str, int]:
    """Return the source of a file of exercises without what gives them away.

    Parameters
    ----------
    source
        Of a module in ``tlhelpers/teaching/content``.

    Returns
    -------
    source : str
        Without comments, too.
    count : int
        How many exercises there are.
    """
    tree = ast.parse(source)
    count = 0
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Exercise":
            count += 1
            given = {keyword.arg or "": keyword for keyword in node.keywords}
            exercise = find_item(ast.literal_eval(given["id"].value))
            assert isinstance(exercise, Exercise)
            given["stub"].value = ast.Constant(
                exercise.stub
            )  # it may be written as a solution, changed
            for name, nothing in _EMPTY.items():
                if name in given:
                    given[name].value = nothing
    while _drop_unused(tree):
        pass
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n", count


def _drop_unused(tree: ast.Module) -> bool:
    """Drop values and functions that nothing refers to any more; say whether there were any."""
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and _is_read(node)}
    kept = [node for node in tree.body if not _names(node) or _names(node) & used]
    dropped = len(kept) < len(tree.body)
    tree.body = kept
    return dropped


def _is_read(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Load)


def _names(node: ast.stmt) -> set[str]:
    """Return the names that a statement of a module makes, if it may be dropped."""
    if isinstance(node, ast.FunctionDef):
        return {node.name}
    if isinstance(node, ast.Assign):
        names = {target.id for target in node.targets if isinstance(target, ast.Name)}
        return names if names.isdisjoint({"EXERCISES", "QUIZZES"}) else set()
    return set()
