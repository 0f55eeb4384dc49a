"""Fields to upload pictures of your own with.

What they do is a plain function here, too, so that it works (and is tested)
without a browser.
"""

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
from typing import TYPE_CHECKING

from tlhelpers.data import folders, near_copies
from tlhelpers.data.names import as_path, nearly_equal
from tlhelpers.data.wording import counted, printable_name
from tlhelpers.fetching.archive_names import BadArchive, harmless_ending
from tlhelpers.fetching.archives import is_archive
from tlhelpers.fetching.places import learner_folder
from tlhelpers.teaching.widgets.manners import teach
from tlhelpers.teaching.widgets.packed import Picture, pictures_in

if TYPE_CHECKING:  # for readers and type checkers only
    import ipywidgets

MOST_BYTES = 2 * 2**30  # in the folder of uploads, all classes together
HOW = "Name the class, choose files, press Save.\nOn the keyboard: Tab, and the space bar."
#: Jupyter drops a message that is larger, and the widget hears nothing of it.
AT_ONCE = (
    "At once, about 10 MB arrive; much more only if you started with 'tlhelpers lab'. If nothing "
    "happens, choose fewer files, or give a folder to tl.Lab.from_folder."
)
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
        and its ``content`` (bytes).  Archives (ZIP, tar, tar.gz) must hold a folder
        for each class; pictures beside these get ``class_name``.
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
            lines += said
            for shown, label, place in found:
                try:
                    why = _keep(root, place, label, shown)
                except OSError as error:
                    why = _why(error)
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
    return lines if saved else [*lines, "No picture was saved."]


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
    name, content, free = str(item["name"]), memoryview(item["content"]), sys.maxsize
    if content.nbytes > room:
        raise OSError(
            f"too large for the room that is left: {max(room, 0) / 1e6:,.1f} of the "
            f"{MOST_BYTES / 1e6:,.0f} MB for uploads (delete old ones, or give a folder to "
            "tl.Lab.from_folder)"
        )
    with contextlib.suppress(OSError):  # not every disk says how much is free
        free = shutil.disk_usage(scratch).free
    if free < 2 * content.nbytes:
        raise OSError("too large for the room on this disk")
    place = scratch / f"{number}{harmless_ending(name)}"
    place.write_bytes(content)
    if not is_archive(bytes(content[:512])):
        return [Picture(name, class_name, place)], []
    packed = scratch / f"{number}-unpacked"
    return pictures_in(place, packed, class_name, room, printable_name(name))


def _keep(root: Path, file: Path, class_name: str, name: str) -> Path | str:
    """Move a file into the folder of its class; return where it is now, or why it is not."""
    seen = near_copies.make_thumbnail(file)
    if isinstance(seen, str):
        return seen
    if not class_name.strip():
        return "say first what class it is"
    folder = root / safe_name(class_name, otherwise="class")
    if folder.is_symlink():  # somebody put it there, and it may lead nowhere
        return f"the folder {printable_name(folder.name)} is a link to another place"
    if folder.exists() and not folder.is_dir():
        return f"{printable_name(folder.name)} is a file already, so it cannot be a folder"
    folder.mkdir(exist_ok=True)
    if folder.resolve() != folder:  # Windows has links that do not call themselves links
        return f"the folder {printable_name(folder.name)} is a link to another place"
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


def upload(folder: str | Path | None = None) -> ipywidgets.VBox:
    """Show fields to upload pictures with, class by class.

    Say what is to be seen, choose files (pictures, or a ZIP archive with one
    folder for each class), and press *Save*.  About 10 MB arrive at once,
    and more where Jupyter was started by ``tlhelpers lab``.  Then go on with
    ``tl.Lab.from_folder(box.folder)``, if ``box`` is what this returned.
    Without a mouse: Tab goes on, and the space bar presses a button (JupyterLab
    keeps Enter for its cells).

    Parameters
    ----------
    folder
        Where the class folders are; by default the learner's own
        (`uploads_folder`).  It stays when the notebook is closed.

    Returns
    -------
    ipywidgets.VBox
        Its ``folder`` is where the pictures go; its children are the field for
        the class, the one for files, the button, and what happened.

    Examples
    --------
    >>> box = upload("my pictures")
    >>> [child.description for child in box.children[:4]]
    ['Class', 'Choose files', 'Save', 'What happened']
    """
    import ipywidgets

    place = as_path(folder) if folder is not None else uploads_folder()
    wide = ipywidgets.Layout(width="30em")
    style = {"description_width": "8em"}
    class_name = ipywidgets.Text(
        description="Class",
        placeholder="what is to be seen, such as kiwi",
        tooltip="The class of the pictures: what is to be seen in them",
        layout=wide,
        style=style,
    )
    chosen = ipywidgets.FileUpload(
        description="Choose files",
        tooltip="Choose pictures, or a ZIP archive with one folder for each class",
        accept="image/*,.zip,.tar,.tgz,.gz",
        multiple=True,
        layout=wide,
    )
    button = ipywidgets.Button(
        description="Save", tooltip="Save the chosen files under this class", layout=wide
    )
    happened = ipywidgets.Textarea(
        value=f"{HOW}\n{AT_ONCE}",
        description="What happened",
        tooltip="What happened to the files",
        rows=6,
        layout=ipywidgets.Layout(width="60em", max_width="98%"),
        style=style,
    )

    def save(_: object) -> None:
        if not chosen.value:
            happened.value = "No files are chosen yet."
            return
        happened.value = "Saving..."
        try:
            lines = save_uploads(chosen.value, class_name.value, place)
        except OSError as error:  # a traceback in a callback is seen by nobody
            lines = [f"Not saved: {error.strerror or error} ({place})"]
        chosen.value = ()  # they need not stay in memory
        happened.value = "\n".join(lines)

    button.on_click(save)
    box = teach(ipywidgets.VBox([class_name, chosen, button, happened]))
    box.folder = place
    return box
