"""Unpack an archive that may be damaged or malicious, whole or not at all.

An archive says for each file where it wants to go and what it is.  Nothing of
that is believed: only plain files and folders, below one folder, in bounded
number and size.

Python's own `tarfile.data_filter` is not enough for that, and not used: it
lets links pass that stay inside, cuts the ``/`` off an absolute path instead of
refusing it, and knows neither limits nor zip archives nor the names that are
dangerous on Windows.  What it would refuse is refused here.
"""

from __future__ import annotations

import gzip
import io
import os
import re
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

GIB = 2**30
BLOCK = 2**16
_LONGEST_HEADER = 2**20  # bytes; an ordinary one has 512

#: Parts of a path that lead out of a folder, or do so on another system: ``..``,
#: a drive, a name that Windows cuts short, a name of one of its devices.
_HARMFUL = re.compile(
    r"[\\:\x00-\x1f]|[. ]\Z|\A(con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³])(\.|\Z)", re.IGNORECASE
)


class BadArchive(ValueError):
    """An archive that is damaged, or holds what it must not hold."""


def unpack(
    archive: Path, folder: Path, *, max_files: int = 50_000, max_bytes: int = 2 * GIB
) -> Path:
    """Unpack a tar, tar.gz or zip archive into a new folder.

    Nothing is written outside the folder, and the folder appears when all of
    it is there.  If the folder exists already (another process was quicker),
    it stays as it is.

    Parameters
    ----------
    archive
        The archive.  Its beginning says what it is, and not its name.
    folder
        Where its contents go.
    max_files
        How many files and folders it may hold.
    max_bytes
        How large it may be unpacked.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    BadArchive
        If it is no archive, is cut short, is too large, or holds a path that
        leads out, a link, a device or two files of one name.
    OSError
        If the archive cannot be read, or the folder cannot be written.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as scratch:
    ...     archive = Path(scratch, "fruit.zip")
    ...     with zipfile.ZipFile(archive, "w") as new:
    ...         new.writestr("kiwi/1.txt", "green")
    ...     [path.name for path in unpack(archive, Path(scratch, "fruit")).iterdir()]
    ['kiwi']
    """
    archive, folder = Path(archive), Path(folder)
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        dir=folder.parent, prefix=f".{folder.name}.", suffix=".part", ignore_cleanup_errors=True
    ) as temporary:
        inside = Path(temporary) / "new"  # the other one can be opened by its owner only
        inside.mkdir()
        try:
            _unpack_all(archive, inside, max_files, max_bytes)
        except BadArchive as error:
            raise _with_advice(archive, str(error)) from error.__cause__
        except (EOFError, zlib.error, gzip.BadGzipFile, tarfile.TarError) as error:
            raise _with_advice(archive, f"is damaged or cut short ({_words(error)})") from error
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, UnicodeError) as error:
            raise _with_advice(archive, f"cannot be unpacked ({_words(error)})") from error
        try:
            inside.rename(folder)
        except OSError:
            if not folder.is_dir():  # and if it is one, another process was quicker
                raise
    return folder


def _with_advice(archive: Path, what: str) -> BadArchive:
    return BadArchive(
        f"The archive {archive} {what}. Nothing was unpacked. "
        "Delete it and get it again, or get it from another place."
    )


def _words(error: BaseException) -> str:
    return str(error) or type(error).__name__


def _unpack_all(archive: Path, target: Path, max_files: int, max_bytes: int) -> None:
    total = 0
    for number, (name, size, stream) in enumerate(_members(archive, max_bytes), 1):
        path = target.joinpath(*_safe_parts(name))
        total += size
        if number > max_files:
            raise BadArchive(f"holds more than {max_files:,} files")
        if total > max_bytes:
            raise BadArchive(f"unpacks to more than {max_bytes / GIB:.2g} GiB")
        try:
            if stream is None:
                path.mkdir(parents=True, exist_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(path, "xb") as file:
                shutil.copyfileobj(stream, file, BLOCK)  # never brings more than the size
                if file.tell() != size:
                    raise BadArchive(f"is cut short inside {name!r}")
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            raise BadArchive(f"holds {name!r} twice") from error


def _safe_parts(name: str) -> list[str]:
    """Return the parts of a path that stays below a folder on any system, or refuse it."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or any(map(_HARMFUL.search, parts)):
        raise BadArchive(f"holds the path {name!r}, which does not stay in one folder")
    for part in parts:
        if len(os.fsencode(part)) > 255:
            raise BadArchive(f"holds a name of more than 255 bytes ({part[:20]!r}...)")
    return parts


#: Name, size in bytes, and what to read it from (None: a folder).
Member = tuple[str, int, IO[bytes] | None]


def _members(archive: Path, max_bytes: int) -> Iterator[Member]:
    with open(archive, "rb") as file:
        start = file.read(512)
        file.seek(0)
        if start.startswith(b"\x1f\x8b"):
            with gzip.open(file) as plain:
                yield from _tar_members(_Bounded(plain, max_bytes))
        elif start[257:262] == b"ustar":
            yield from _tar_members(_Bounded(file, max_bytes))
        elif start.startswith(b"PK"):
            yield from _zip_members(file)
        elif not start:
            raise BadArchive("is empty (zero bytes)")
        else:
            raise BadArchive("is no tar.gz, tar or zip archive")


class _Bounded(io.BufferedReader):
    """A tar to read from that ends in a refusal where the limit is."""

    def __init__(self, file: io.BufferedIOBase, max_bytes: int) -> None:
        super().__init__(file)
        self.max_bytes = max_bytes
        # Room for headers and padding, which take up to a kilobyte for each file.
        self.limit = max_bytes + max_bytes // 4 + 64 * 2**20

    def read(self, size: int | None = -1, /) -> bytes:
        """Read at most a megabyte."""
        # Headers are read in one go, as long as they say that they are.
        if size is None or not 0 <= size <= _LONGEST_HEADER:
            raise BadArchive(f"holds a header of {size} bytes")
        if self.tell() + size > self.limit:
            raise BadArchive(f"unpacks to more than {self.max_bytes / GIB:.2g} GiB")
        return super().read(size)


def _tar_members(plain: _Bounded) -> Iterator[Member]:
    with tarfile.open(fileobj=plain, mode="r:") as tar:
        while member := tar.next():
            # Or a million tiny files would fill the memory.  The types do not list it.
            tar.members.clear()  # type: ignore[attr-defined]
            if not (member.isreg() or member.isdir()) or member.issparse():
                raise BadArchive(f"holds {member.name!r}, which is no plain file or folder")
            yield member.name, 0 if member.isdir() else member.size, tar.extractfile(member)
        # A tar that is damaged or cut between two files just seems to end there.
        plain.seek(tar.offset)
        if plain.read(512) != bytes(512):
            raise BadArchive("is damaged or cut short: it does not end as a tar does")
        while plain.read(BLOCK):
            pass  # on to the end, where gzip keeps its checksum


def _zip_members(file: IO[bytes]) -> Iterator[Member]:
    with zipfile.ZipFile(file) as bag:
        for info in bag.infolist():
            kind = info.external_attr >> 28  # of a Unix file: 4 is a folder, 8 a plain file
            if kind not in (0, 4, 8):
                raise BadArchive(f"holds {info.filename!r}, which is no plain file or folder")
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise BadArchive("uses a compression that the course does not read")
            # orig_filename: zipfile itself changes backslashes and cuts at a zero.
            if info.is_dir():
                yield info.orig_filename, 0, None
            else:
                with bag.open(info) as stream:
                    yield info.orig_filename, info.file_size, stream
