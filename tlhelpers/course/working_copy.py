"""The learner's working copy of the notebooks: handed out, brought up to date, never overwritten.

Beside the notebooks lie the folders ``.course`` (every file as it was handed out, so
that a change of the learner can be told from one of the course) and ``kept`` (earlier
states of the learner's notebooks).
"""

from __future__ import annotations

import json
import os
import re
from datetime import date
from pathlib import Path

from tlhelpers.course.notebooks import CannotDo
from tlhelpers.fetching.whole_files import write_whole

HANDED_OUT = ".course"
KEPT = "kept"


def update_copy(course: Path, folder: Path) -> list[str]:
    """Hand out what is missing in a working copy, and take over what is new in the course.

    Parameters
    ----------
    course
        The folder of the course, with ``notebooks`` and ``docs``.
    folder
        The working copy; it is made if need be.

    Returns
    -------
    list of str
        A sentence for each thing that a learner should know.

    Raises
    ------
    CannotDo
        If the folder cannot be used.
    """
    _check_folder(course, folder)
    said = []
    try:
        for path in sorted((course / "notebooks").glob("[!.]*.ipynb")):
            try:
                new = _without_outputs(path)
            except ValueError as problem:
                said.append(f"{path} {problem}. Your copy of it stays as it is.")
                continue
            said += _update_notebook(new, folder, path.name)
        for path in sorted((course / "docs").glob("[!.]*")):
            if path.is_file():
                _update_page(_page(path), folder, f"docs/{path.name}")
    except OSError as problem:
        raise _unusable(folder, problem) from problem
    return said


def start_again(course: Path, folder: Path, name: str) -> str:
    """Hand out a notebook anew, and keep what the learner had.

    Parameters
    ----------
    course, folder
        As for `update_copy`.
    name
        Of the notebook's file.

    Returns
    -------
    str
        A sentence that says where the old one is.
    """
    _check_folder(course, folder)
    try:
        text = _text(_without_outputs(course / "notebooks" / name))
        kept = _keep(folder, name)
        _hand_out(text, folder, name)
    except ValueError as problem:
        raise CannotDo(f"{course / 'notebooks' / name} {problem}.") from problem
    except OSError as problem:
        raise _unusable(folder, problem) from problem
    return f"{name} starts again." + (f" What you had is {kept}." if kept else "")


def what_disturbs(folder: Path, name: str) -> list[str]:
    """Say why a learner's notebook cannot be opened, or cannot be saved, as far as can be seen.

    Parameters
    ----------
    folder
        The working copy.
    name
        Of the notebook's file.

    Returns
    -------
    list of str
        Sentences; none if all is well.
    """
    path, said = folder / name, []
    try:
        readable = isinstance(json.loads(path.read_bytes())["cells"], list)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        readable = False
    if not readable:
        said.append(
            f"Your {name} is no readable notebook any more. To start it again and keep this file: "
            f"tlhelpers lab {name[:2]} --fresh"
        )
    if not (os.access(path, os.W_OK) and os.access(folder, os.W_OK)):
        said.append(
            f"You may not write to {path}, so nothing that you do there is saved. Another "
            "folder for your copy: tlhelpers lab --folder DIR"
        )
    return said


def merge(base: dict, course: dict, mine: dict) -> tuple[dict, list[str]]:
    """Take into a learner's notebook what the course has changed since it was handed out.

    A cell that the learner did not touch becomes that of the course.  What they
    changed, added or moved stays where it is, and what they deleted stays away.

    Parameters
    ----------
    base, course, mine
        Notebooks as dictionaries: as handed out, as it is now, as the learner has it.

    Returns
    -------
    merged : dict
    clashes : list of str
        Ids of the cells that both have changed; the merged notebook has the learner's.
    """
    was = {cell["id"]: _content(cell) for cell in base["cells"]}
    now = {cell["id"]: cell for cell in course["cells"]}
    cells: list[dict] = []
    here: set[str] = set()
    clashes = []
    for cell in mine["cells"]:
        key, content = cell["id"], _content(cell)
        if key in here or content != was.get(key):  # the learner's own
            cells.append(cell)
            if key in now and key not in here and _content(now[key]) not in (content, was.get(key)):
                clashes.append(key)
        elif key in now:
            cells.append(cell if content == _content(now[key]) else now[key])
        here.add(key)
    before = None
    for key, cell in now.items():
        if key not in was and key not in here:
            place = 1 + max((i for i, one in enumerate(cells) if one["id"] == before), default=-1)
            while place < len(cells) and cells[place]["id"] not in now:
                place += 1  # behind what the learner has added there
            cells.insert(place, cell)
        if any(one["id"] == key for one in cells):
            before = key
    return mine | {"cells": cells}, clashes


def _content(cell: dict) -> tuple[str, str]:
    return cell["cell_type"], _source(cell)


def _source(cell: dict) -> str:
    source = cell["source"]  # a text, or a list of lines
    return source if isinstance(source, str) else "".join(source)


def _update_notebook(new: dict, folder: Path, name: str) -> list[str]:
    """Bring one notebook up to date, and say what a learner should know."""
    text, mine = _text(new), folder / name
    handed_out = folder / HANDED_OUT / name
    if not mine.exists() and not handed_out.exists():
        _hand_out(text, folder, name)
        return []
    if not mine.exists():  # the learner has moved or deleted it
        _hand_out(text, folder, name)
        return [f"{name} was not there any more. It is handed out anew."]
    if handed_out.exists() and handed_out.read_bytes() == text:
        return []
    try:
        base, theirs = _read(handed_out), _read(mine)
    except ValueError:
        if mine.read_bytes() == text:
            write_whole(handed_out, lambda place: place.write_bytes(text))
            return []
        return [_put_beside(text, folder, name) + " It could not be joined with yours."]
    merged, clashes = merge(base, new, theirs)
    said = []
    if merged["cells"] != theirs["cells"]:
        kept = _keep(folder, name, move=False)
        write_whole(mine, lambda place: place.write_bytes(_text(merged)))
        said.append(f"{name}: taken over what is new in the course. Before: {kept}.")
    if clashes:
        cells = "one cell" if len(clashes) == 1 else f"{len(clashes)} cells"
        said.append(_put_beside(text, folder, name) + f" Yours stays as it is in {cells}.")
    write_whole(handed_out, lambda place: place.write_bytes(text))
    return said


def _put_beside(text: bytes, folder: Path, name: str) -> str:
    beside = name.removesuffix(".ipynb") + ".new.ipynb"
    _keep(folder, beside)
    write_whole(folder / beside, lambda place: place.write_bytes(text))
    write_whole(folder / HANDED_OUT / name, lambda place: place.write_bytes(text))
    return f"{name}: the course has a newer version; it lies beside yours as {beside}."


def _hand_out(text: bytes, folder: Path, name: str) -> None:
    # The record comes last: without it, a file of the learner's is never replaced.
    write_whole(folder / name, lambda place: place.write_bytes(text))
    write_whole(folder / HANDED_OUT / name, lambda place: place.write_bytes(text))


def _update_page(text: bytes, folder: Path, name: str) -> None:
    """Hand out a page of docs, unless the learner has changed theirs."""
    page, handed_out = folder / name, folder / HANDED_OUT / name
    if page.exists():
        if not handed_out.exists() or page.read_bytes() != handed_out.read_bytes():
            return
        if page.read_bytes() == text:
            return
    _hand_out(text, folder, name)


def _keep(folder: Path, name: str, *, move: bool = True) -> str | None:
    """Move or copy a file of the learner's to the kept ones; return its new name, if it was."""
    path = folder / name
    if not path.exists():
        return None
    stem, ending = os.path.splitext(name)
    number, kept = 1, folder / KEPT / f"{stem} {date.today().isoformat()}{ending}"
    while kept.exists():
        number += 1
        kept = kept.with_name(f"{stem} {date.today().isoformat()} ({number}){ending}")
    kept.parent.mkdir(exist_ok=True)
    if move:
        os.replace(path, kept)
    else:
        content = path.read_bytes()
        write_whole(kept, lambda place: place.write_bytes(content))
    return f"{KEPT}/{kept.name}"


def _without_outputs(path: Path) -> dict:
    """Return a notebook as it is handed out: nothing has run, nothing gives a guess away.

    Its pages lie in ``docs`` beside it, and not one folder up.
    """
    notebook = _read(path)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
        elif cell["cell_type"] == "markdown":
            source = _source(cell).replace("](../docs/", "](docs/")
            cell["source"] = source.splitlines(keepends=True)
    return notebook


def _page(path: Path) -> bytes:
    """Return a page of docs as it is handed out: links to what is not handed out are text."""
    content = path.read_bytes()
    if path.suffix != ".md":
        return content
    return re.sub(rb"\[([^\]]*)\]\((?:\.\./(?!docs/)|\w+/)[^)]*\)", rb"\1", content)


def _read(path: Path) -> dict:
    """Return a notebook as a dictionary; ValueError if it is none that can be merged."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            if not (isinstance(cell["id"], str) and isinstance(_source(cell), str)):
                raise TypeError
            cell["cell_type"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise ValueError("is no readable notebook with ids for its cells") from None
    return notebook


def _text(notebook: dict) -> bytes:
    return (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode()


def _check_folder(course: Path, folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise CannotDo(f"{folder} is a file; wanted is a folder for your copy of the notebooks.")
    if folder.resolve().is_relative_to((course / "notebooks").resolve()):
        raise CannotDo(
            f"{folder} is where the course's own notebooks are. Name another folder for your "
            "copy, or leave --folder out."
        )


def _unusable(folder: Path, problem: OSError) -> CannotDo:
    reason = problem.strerror or type(problem).__name__
    where = f" ({problem.filename})" if problem.filename else ""
    return CannotDo(
        f"Your copy of the notebooks cannot be made or brought up to date in {folder}: "
        f"{reason}{where}. Name another folder: tlhelpers lab --folder DIR"
    )
