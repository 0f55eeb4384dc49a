"""What is saved in class folders so far: totals, some of the pictures, and where they lie."""

from __future__ import annotations

import functools
import html
from pathlib import Path

from tlhelpers.data.names import is_hidden_name
from tlhelpers.data.wording import counted, printable_name
from tlhelpers.teaching.widgets.thumbnails import Thumbnail, of_file, row

MOST_CLASSES, MOST_PICTURES = 20, 8  # that are shown; all are counted


def saved_files(root: Path) -> dict[str, list[Path]]:
    """Return the files in each class folder, the newest first, without empty classes.

    Parameters
    ----------
    root
        Where the class folders are.

    Raises
    ------
    OSError
        If a folder may not be read.

    Examples
    --------
    >>> saved_files(Path("no such folder"))
    {}
    """
    found = {}
    for folder in sorted(root.iterdir()) if root.is_dir() else []:
        if folder.is_dir() and not is_hidden_name(folder.name):
            files = [x for x in folder.iterdir() if x.is_file() and not is_hidden_name(x.name)]
            files.sort(key=lambda file: (-file.stat().st_mtime_ns, file.name))
            if files:
                found[folder.name] = files
    return found


def shelves(root: Path) -> str:
    """Return what is saved so far as HTML: a row of small pictures for each class.

    Parameters
    ----------
    root
        Where the class folders are.

    Examples
    --------
    >>> "Nothing is saved yet" in shelves(Path("no such folder"))
    True
    """
    where = f"<code>{html.escape(str(root.absolute()))}</code>"
    try:
        found = saved_files(root)
    except OSError as error:
        return _line(f"{where} cannot be read: {html.escape(error.strerror or str(error))}.")
    if not found:
        return _line(f"Nothing is saved yet. It will lie in {where}.")
    total = sum(map(len, found.values()))
    head = f"Saved so far: {counted(total)} in {counted(len(found), 'class')}, in {where}."
    rows = [
        row(
            [
                Thumbnail(_small(x, x.stat().st_mtime_ns), printable_name(x.name))
                for x in files[:MOST_PICTURES]
            ],
            f"{printable_name(name)}: {counted(len(files))}",
            max(len(files) - MOST_PICTURES, 0),
        )
        for name, files in list(found.items())[:MOST_CLASSES]
    ]
    if len(found) > MOST_CLASSES:
        rows.append(_line(f"and {counted(len(found) - MOST_CLASSES, 'more class')}"))
    return _line(head) + "".join(rows)


@functools.lru_cache(512)
def _small(file: Path, changed: int) -> bytes:
    """Return the thumbnail of a file; ``changed`` tells a new one of this name from the old."""
    return of_file(file)


def _line(text: str) -> str:
    return (
        '<div style="line-height: 1.4; overflow-wrap: anywhere; '
        f'color: var(--jp-content-font-color1, inherit)">{text}</div>'
    )
