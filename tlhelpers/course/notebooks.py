"""Find the course and its notebooks, or say why a command cannot be carried out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from tlhelpers.fetching import places

FIRST_NOTEBOOK = "00_start_here"


class CannotDo(Exception):
    """A command that cannot be carried out as it was given."""


def find_root(start: Path | None = None) -> Path | None:
    """Return the folder of the course, or ``None`` if there is none here.

    Parameters
    ----------
    start
        Where to look first, then in the folders above it; by default the
        current folder.  Last comes the folder that this package lies in.
    """
    try:
        start = (start or Path.cwd()).resolve()
    except FileNotFoundError:  # the current folder has been deleted
        start = places.PACKAGE.parent
    for folder in (start, *start.parents, places.PACKAGE.parent):
        project = folder / "pyproject.toml"
        # os.path, for above there may be folders that this user may not look into.
        if os.path.isfile(project) and os.path.isdir(folder / "notebooks"):
            if 'name = "tlhelpers"' in project.read_text(encoding="utf-8", errors="replace"):
                return folder
    return None


def root_or_stop() -> Path:
    """Return the folder of the course, or raise `CannotDo`."""
    root = find_root()
    if root is None:
        raise CannotDo(
            "There are no course notebooks in the current folder or in one above it. "
            "They are not part of the installed package: get a checkout of the course "
            "(git clone), change into its folder, and give the command again."
        )
    return root


def choose_notebooks(folder: Path, names: Sequence[str] = ()) -> list[Path]:
    """Return the notebooks in a folder that have these names, or all of them, in order.

    Parameters
    ----------
    folder
        Where the notebooks are.
    names
        Numbers (``00`` or ``0``) or names (with or without ``.ipynb``).

    Raises
    ------
    CannotDo
        If a name is unknown, or there are no notebooks at all.
    """
    notebooks = sorted(folder.glob("*.ipynb"))
    if not notebooks:
        raise CannotDo(f"There are no notebooks in {folder}. Is the checkout complete?")
    chosen = set()
    for name in names:
        found = [path for path in notebooks if _is_called(path, name)]
        if not found:
            valid = "\n".join(f"  {path.stem}" for path in notebooks)
            raise CannotDo(f"There is no notebook {name!r}. Give a number or a name of:\n{valid}")
        chosen.update(found)
    return [path for path in notebooks if path in chosen] if names else notebooks


def _is_called(path: Path, name: str) -> bool:
    number = path.stem.partition("_")[0]
    if name.isdecimal() and number.isdecimal():
        return int(name) == int(number)
    return Path(name).name.removesuffix(".ipynb") == path.stem
