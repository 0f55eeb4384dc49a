"""What becomes of uploaded pictures: saved under their class, or named with the reason why not."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
import tempfile
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tlhelpers.data import folders, near_copies
from tlhelpers.data.names import as_path, nearly_equal
from tlhelpers.data.wording import counted, printable_name
from tlhelpers.fetching.archive_names import BadArchive, harmless_ending
from tlhelpers.fetching.archives import is_archive
from tlhelpers.fetching.places import learner_folder
from tlhelpers.teaching.widgets.packed import Picture, pictures_in

MOST_BYTES = 2 * 2**30  # in the folder of uploads, all classes together
#: Names that Windows gives to devices, whatever ending they have.
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[\d¹²³]|lpt[\d¹²³]) *(\..*)?", re.I)


def uploads_folder() -> Path:
    """Return where uploaded pictures are kept, one folder for each class."""
    return learner_folder() / "uploads"


def safe_name(name: str, *, otherwise: str = "picture") -> str:
    """Return a name for a file or folder that is harmless on every system.

    Parameters
    ----------
    name
        Anything, such as the name of an uploaded file.
    otherwise
        What to call it if nothing of the name can stay.

    Returns
    -------
    str
        Without folders, at most 120 bytes, and not hidden; its ending is kept.

    Examples
    --------
    >>> safe_name("../../etc/passwd"), safe_name("con.png"), safe_name("a:b?.png")
    ('etc_passwd', '_con.png', 'a_b_.png')
    """
    name = unicodedata.normalize("NFC", str(name))
    name = "".join(letter if letter.isprintable() else "_" for letter in name)
    name = re.sub(r'[<>:"/\\|?*]', "_", name)
    # A dot in front hides a file, and Windows drops dots and spaces at the end.
    name = name.lstrip("._ ").rstrip(". ")
    stem, ending = os.path.splitext(name)
    ending = ending if len(ending.encode()) <= 16 else ""
    stem = name.removesuffix(ending)
    stem = stem.encode()[: 120 - len(ending.encode())].decode("utf-8", "ignore").rstrip(". ")
    name = f"{stem or otherwise}{ending}"
    # What `folders.scan_folder` passes over must not be the name of a picture, either.
    return f"_{name}" if _DEVICE.fullmatch(name) or folders.is_hidden_name(name) else name


def save_uploads(
    value: Sequence[dict], class_name: str, folder: str | Path | None = None
) -> list[str]:
    """Save uploaded pictures into the folder of their class, and say what happened.

    Nothing is written outside the folder, and nothing in it is overwritten.
    Files that are no pictures are not kept.

    Parameters
    ----------
    value
        What ``ipywidgets.FileUpload`` has as its value: for each file a ``name``
        and its ``content`` (bytes, or a path).  Archives (ZIP, tar, tar.gz) must
        hold a folder for each class; pictures beside these get ``class_name``.
    class_name
        What is to be seen in the pictures.
    folder
        Where the class folders are; by default `uploads_folder`.

    Returns
    -------
    list of str
        A line on each file that was not saved, and one on those that were.

    Raises
    ------
    OSError
        If the folder cannot be made or written.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_uploads([{"name": "a.png", "content": b"no picture"}], "kiwi", folder)
    ['a.png: text, not a picture; not saved', 'No picture was saved.']
    """
    return save_files(value, class_name, folder).lines


class Outcome(NamedTuple):
    """What became of uploaded files.

    Attributes
    ----------
    lines
        As `save_uploads` returns them.
    saved
        Class → how many pictures.
    again
        Which files, from 0, may be saved another time: when there is room, when
        they have a class.  The others are saved, or will never be.
    """

    lines: list[str]
    saved: dict[str, int]
    again: list[int]


def save_files(value: Sequence[dict], class_name: str, folder: str | Path | None = None) -> Outcome:
    """Do what `save_uploads` does, and say also which files to keep for another time.

    Parameters
    ----------
    value, class_name, folder
        As for `save_uploads`.
    """
    class_name = "" if class_name is None else str(class_name)
    if not isinstance(value, Sequence) or not all(isinstance(item, Mapping) for item in value):
        raise TypeError(
            "value must be the value of an ipywidgets.FileUpload, for each file its name and "
            f"content; got {type(value).__name__}."
        )
    root = as_path(folder) if folder is not None else uploads_folder()
    root.mkdir(parents=True, exist_ok=True)
    root = root.resolve()
    saved: dict[str, int] = {}
    lines: list[str] = []
    again: dict[int, None] = {}
    renamed: dict[str, str] = {}
    used = sum(_size(file) for file in root.rglob("*"))
    # A hidden folder on the same disk: what is in it can be moved into place.
    with tempfile.TemporaryDirectory(
        dir=root, prefix=".upload-", ignore_cleanup_errors=True
    ) as scratch:
        for number, item in enumerate(value):
            name = printable_name(str(item["name"]))
            try:
                room = MOST_BYTES - used
                found, said = _pictures_of(item, class_name, Path(scratch), number, room)
            except BadArchive as error:
                said = [f"{error} Nothing of it was saved."]
                found = []
            except OSError as error:
                said, found = [f"{name}: {_why(error)}; not saved"], []
                again[number] = None
            lines += said
            for shown, label, place in found:
                try:
                    why = _keep(root, place, label, shown)
                except OSError as error:
                    why = _why(error)
                    again[number] = None
                if isinstance(why, str):
                    lines.append(f"{printable_name(shown)}: {why}; not saved")
                else:
                    used += _size(why)
                    saved[why.parent.name] = saved.get(why.parent.name, 0) + 1
                    if label.strip() != why.parent.name:
                        renamed[label] = why.parent.name
    if len(lines) > 20:
        lines = [*lines[:20], f"... and {len(lines) - 20:,} more that were not saved"]
    lines += [f"The class {old!r} is called {new!r} here." for old, new in renamed.items()]
    lines += _twins(root, saved)
    lines += [f"Saved {counted(count)} of {label}." for label, count in saved.items()]
    if not saved:
        lines.append("No picture was saved.")
    return Outcome(lines, saved, list(again))


def _size(file: Path) -> int:
    try:
        return file.stat().st_size if file.is_file() else 0
    except OSError:  # it is gone, or in a folder that may not be read
        return 0


def _why(error: OSError) -> str:
    """Say why something could not be written, in the words of the system."""
    return f"it could not be written ({error.strerror})" if error.errno else str(error)


def _twins(root: Path, saved: Iterable[str]) -> list[str]:
    """Say which classes may be one, if something was saved in one of them."""
    classes = [place.name for place in root.iterdir() if place.is_dir()]
    return [
        f"Perhaps one class, for the names are nearly equal: {', '.join(map(repr, together))}."
        for together in nearly_equal(sorted(classes))
        if set(together) & set(saved)
    ]


def _pictures_of(
    item: dict, class_name: str, scratch: Path, number: int, room: int
) -> tuple[list[Picture], list[str]]:
    """Write an uploaded file to the disk, unpack it if need be, and say what is in it."""
    name, content, free = str(item["name"]), item["content"], sys.maxsize
    content = content if isinstance(content, Path) else memoryview(content)
    size = content.stat().st_size if isinstance(content, Path) else content.nbytes
    if size > room:
        raise OSError(
            f"too large for the room that is left: {max(room, 0) / 1e6:,.1f} of the "
            f"{MOST_BYTES / 1e6:,.0f} MB for uploads (delete old ones, or give a folder to "
            "tl.Lab.from_folder)"
        )
    with contextlib.suppress(OSError):  # not every disk says how much is free
        free = shutil.disk_usage(scratch).free
    if free < 2 * size:
        raise OSError("too large for the room on this disk")
    place = scratch / f"{number}{harmless_ending(name)}"
    if isinstance(content, Path):
        shutil.copyfile(content, place)
    else:
        place.write_bytes(content)
    with place.open("rb") as file:
        if not is_archive(file.read(512)):
            return [Picture(name, class_name, place)], []
    packed = scratch / f"{number}-unpacked"
    return pictures_in(place, packed, class_name, room, printable_name(name))


def _keep(root: Path, file: Path, class_name: str, name: str) -> Path | str:
    """Move a file into the folder of its class; return where it is now, or why it never will.

    Why it is not for the time being is an `OSError`.
    """
    seen = near_copies.make_thumbnail(file)
    if isinstance(seen, str):
        return seen
    if not class_name.strip():
        raise OSError("say first what class it is")
    folder = root / safe_name(class_name, otherwise="class")
    if folder.is_symlink():  # somebody put it there, and it may lead nowhere
        raise OSError(f"the folder {printable_name(folder.name)} is a link to another place")
    if folder.exists() and not folder.is_dir():
        raise OSError(f"{printable_name(folder.name)} is a file already, so it cannot be a folder")
    folder.mkdir(exist_ok=True)
    if folder.resolve() != folder:  # Windows has links that do not call themselves links
        raise OSError(f"the folder {printable_name(folder.name)} is a link to another place")
    wanted = Path(safe_name(re.split(r"[/\\]", name)[-1]))
    content = file.read_bytes()
    for number in range(1, 10_000):
        place = folder / (
            wanted.name if number == 1 else f"{wanted.stem} ({number}){wanted.suffix}"
        )
        try:
            place.open("xb").close()  # the name is ours now, also if another notebook wants it
        except FileExistsError:
            if place.is_file() and place.read_bytes() == content:
                return f"it is in {printable_name(folder.name)} already"
            continue
        try:
            os.replace(file, place)
        except BaseException:
            place.unlink(missing_ok=True)
            raise
        return place
    return "there are too many files of that name"
