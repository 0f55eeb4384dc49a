"""A button to choose files with: they come from the browser in parts, however large they are."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import anywidget
import traitlets

from tlhelpers.data.wording import printable_name
from tlhelpers.fetching.archive_names import harmless_ending

MOST_WAITING = 2 * 2**30  # bytes of files that were chosen and are not saved yet


class ChosenFile(NamedTuple):
    """A file that was chosen in the browser.

    Attributes
    ----------
    name
        How it is called there: anything.
    path
        Where it lies now, in a temporary folder under a harmless name.
    """

    name: str
    path: Path


class FilePicker(anywidget.AnyWidget):
    """A button to choose files with.

    Attributes
    ----------
    files
        What was chosen and has come whole.
    refused
        A line on each file of the last choice that did not come.
    on_chosen
        Called when all files of a choice have come.
    """

    _esm = Path(__file__).with_name("file_picker.js").read_text(encoding="utf-8")
    description = traitlets.Unicode("Choose files").tag(sync=True)
    tooltip = traitlets.Unicode("").tag(sync=True)
    accept = traitlets.Unicode("").tag(sync=True)

    def __init__(self, **fields: object) -> None:
        super().__init__(**fields)
        self._folder: Path | None = None  # as soon as there is something to put into it
        self._number = 0
        self._coming: dict[str, Path] = {}  # files of which parts have come
        self._new: list[str] = []  # lines on the files of this choice
        self.files: list[ChosenFile] = []
        self.refused: list[str] = []
        self.on_chosen: Callable[[], None] = lambda: None
        self.on_msg(self._hear)

    @property
    def waiting(self) -> int:
        """How many bytes the chosen files have."""
        return sum(file.path.stat().st_size for file in self.files)

    def keep(self, files: Sequence[ChosenFile] = ()) -> None:
        """Forget the chosen files, but for some of them."""
        for file in self.files:
            if file not in files:
                file.path.unlink(missing_ok=True)
        self.files = list(files)

    def _hear(self, _: object, message: dict, buffers: Sequence[memoryview]) -> None:
        """Take what the browser sends, and answer it: without an answer it would wait for ever."""
        goes = False
        try:
            goes = self._take(message, buffers)
        finally:
            self.send({"id": message["id"], "goes": goes})

    def _take(self, message: dict, buffers: Sequence[memoryview]) -> bool:
        """Take what the browser sends, and say whether it can go on with the file."""
        if message["what"] == "part":
            try:
                return self._take_part(message, buffers[0])
            except BaseException:  # such as an interrupted kernel
                self._drop(message["id"])
                self._new.append(f"{printable_name(message['name'])}: interrupted; not chosen")
                raise
        if message["what"] == "unreadable":
            self._drop(message["id"])
            why = f"the browser cannot read it ({message['why']})"
            self._new.append(f"{printable_name(message['name'])}: {why}; not chosen")
        else:
            self.refused, self._new = self._new, []
            self.on_chosen()
        return True

    def _take_part(self, message: dict, part: memoryview) -> bool:
        """Write the next part of a file, and say whether the others can come."""
        name, key = str(message["name"]), message["id"]
        try:
            if message["at"] == 0:
                if self.waiting + message["size"] > MOST_WAITING:
                    most = f"{MOST_WAITING / 1e6:,.0f} MB"
                    raise OSError(f"with it, more than {most} would wait: save some first")
                if self._folder is None:
                    self._folder = Path(tempfile.mkdtemp(prefix="tl-chosen-"))
                    weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
                self._number += 1
                self._coming[key] = self._folder / f"{self._number}{harmless_ending(name)}"
            with self._coming[key].open("ab") as file:
                file.write(part)
        except OSError as error:
            self._drop(key)
            self._new.append(f"{printable_name(name)}: {error.strerror or error}; not chosen")
            return False
        if message["at"] + part.nbytes >= message["size"]:
            self.files.append(ChosenFile(name, self._coming.pop(key)))
        return True

    def _drop(self, key: str) -> None:
        place = self._coming.pop(key, None)
        if place is not None:
            place.unlink(missing_ok=True)
