"""Which of many folders is the one that holds one folder for each class."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from tlhelpers.data.names import PICTURES, TABLES, is_hidden_name, part_of_split
from tlhelpers.data.wording import counted

Place = tuple[str, ...]  #: a folder, as the names that lead to it from another one
DEEPEST, MOST = 6, 5_000  # how far below a folder is looked, and into how many
NO_TABLE = "a table, which is not read (the class of a picture is the folder that it lies in)"


def class_roots(places: Iterable[Place]) -> list[Place]:
    """Return the folders that most probably hold one folder for each class.

    Parameters
    ----------
    places
        All folders with pictures directly in them.

    Returns
    -------
    list of tuple of str
        One, if it is clear; several that are as good as each other; none, if
        there is no folder with pictures.

    Examples
    --------
    >>> class_roots([("data", "kiwi"), ("data", "lemon")])
    [('data',)]
    >>> class_roots([("cat", "siamese"), ("cat", "manx"), ("dog", "poodle"), ("dog", "pug")])
    [('cat',), ('dog',)]
    """
    filled = set(places)
    below: dict[Place, dict[str, list[Place]]] = {}
    for place in sorted(filled):
        for depth in range(len(place)):
            below.setdefault(place[:depth], {}).setdefault(place[depth], []).append(place)

    def is_class(root: Place, name: str) -> bool:
        inner = below[root][name]
        nested = len(inner) == 1 and len(inner[0]) == len(root) + 2
        return (*root, name) in filled or nested and not part_of_split(name)

    classes = {root: [name for name in below[root] if is_class(root, name)] for root in below}
    several = [root for root in below if len(classes[root]) > 1]
    train = [root for root in several if root and part_of_split(root[-1]) == "train"]
    one = [root for root in below if any((*root, name) in filled for name in classes[root])]
    found = train or several or one
    return sorted(root for root in found if len(root) == min(map(len, found)))


def check_structure(root: Path) -> None:
    """Raise if another folder than this one holds the class folders, and say which.

    Parameters
    ----------
    root
        The folder that somebody gave.

    Raises
    ------
    ValueError
        If so; the message says which folder to give, or what to do.
    """
    files, folders = _visible(root)
    if not folders:
        tables = sorted(name for name in files if name.lower().endswith(TABLES))
        raise ValueError(
            f"There are no class folders in {root}, but {counted(len(files), 'file')}. Make "
            "one folder in it for each class and move the pictures there. If all that is one "
            f"class, give the folder above: {root.parent}."
            + f" {tables[0] if tables else ''} is {NO_TABLE}."
            * bool(tables)
        )
    places = _picture_places(root)
    roots = class_roots(places)
    if not roots or () in roots:
        return
    if len(roots) > 1 and not any(part_of_split(place[-1]) for place in roots):
        outer, inner = " and ".join(place[-1] for place in roots[:2]), root.joinpath(*roots[0])
        raise ValueError(
            f"{root} holds folders of folders. If {outer} are classes, move the pictures from the "
            f"folders in them up. If the classes are the folders in one of them, give {inner}."
        )
    if all(part_of_split(place[-1]) for place in places if place[:-1] in roots):
        raise ValueError(
            f"There are no class folders in {root}: the pictures are in "
            f"{' and '.join(sorted('/'.join(place) for place in places)[:2])}. Make one folder "
            "for each class there and move them."
        )
    meant = max(roots, key=lambda place: part_of_split(place[-1]) == "train")
    advice = f"Was this meant: {root.joinpath(*meant)}?"
    above, depth = meant[:-1], len(meant)
    beside = [p for p in places if len(p) >= depth and p[: depth - 1] == above]
    beside = [p for p in beside if part_of_split(p[depth - 1]) and p[depth - 1] != meant[-1]]
    for name in sorted({place[-1] for place in beside if len(place) == depth}):
        advice += f" The pictures in {name} are in no class folders, so they have no labels."
    others = {part_of_split(place[depth - 1]) for place in beside if len(place) > depth}
    if part_of_split(meant[-1]) == "train" and others & {"test", "validation"}:
        advice += f" tl.Lab.from_folder takes {root.joinpath(*above)}, with its split."
    raise ValueError(f"{root} holds folders of folders. {advice}")


def inner_folder(folder: Path) -> Path:
    """Return the folder inside, as long as there is just one in it, and that holds folders.

    Parameters
    ----------
    folder
        A folder that may be packed into another one, as archives often are.
    """
    for _ in range(DEEPEST):
        files, folders = _visible(folder)
        if len(folders) != 1 or any(Path(name).suffix.lower() in PICTURES for name in files):
            break
        if not _visible(folder / folders[0])[1]:
            break
        folder = folder / folders[0]
    return folder


def _visible(folder: Path) -> tuple[list[str], list[str]]:
    """Return the names of files and of folders in a folder; links are no folders."""
    try:
        with os.scandir(folder) as entries:
            seen = [entry for entry in entries if not is_hidden_name(entry.name)]
            inner = [entry.name for entry in seen if entry.is_dir(follow_symlinks=False)]
            return [entry.name for entry in seen if entry.name not in inner], sorted(inner)
    except OSError:
        return [], []


def _picture_places(root: Path) -> list[Place]:
    """Return the folders below one that have files in them that are called like pictures."""
    found: list[Place] = []
    todo: list[Place] = [()]
    for place in todo:  # it grows
        files, folders = _visible(root.joinpath(*place))
        if place and any(os.path.splitext(name)[1].lower() in PICTURES for name in files):
            found.append(place)
        if len(place) < DEEPEST and len(todo) < MOST:
            todo += [(*place, name) for name in folders]
    return found
