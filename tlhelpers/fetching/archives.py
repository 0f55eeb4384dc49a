"""Unpack an archive that may be damaged or malicious, whole or not at all.

An archive says for each file where it wants to go and what it is.  Nothing of
that is believed: only plain files and folders, below one folder, in bounded
number and size.
"""

from __future__ import annotations

import gzip
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

#: Names that Windows gives to devices, whatever ending they have.
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


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
    """
    archive, folder = Path(archive), Path(folder)
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.", suffix=".part"))
    inside = temporary / "new"  # mkdtemp's own folder can be opened by its owner only
    try:
        inside.mkdir()
        try:
            _unpack_all(archive, inside, max_files, max_bytes)
        except (EOFError, zlib.error, gzip.BadGzipFile, tarfile.TarError) as error:
            raise _bad(archive, f"is damaged or cut short ({_words(error)})") from error
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, UnicodeError) as error:
            raise _bad(archive, f"cannot be unpacked ({_words(error)})") from error
        try:
            inside.rename(folder)
        except OSError:
            if not folder.is_dir():  # and if it is one, another process was quicker
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def _unpack_all(archive: Path, target: Path, max_files: int, max_bytes: int) -> None:
    size = 0
    for number, (name, stated, stream) in enumerate(_members(archive, target, max_bytes), 1):
        parts = _check_name(archive, name)
        size += stated
        if number > max_files:
            raise _bad(archive, f"holds more than {max_files:,} files")
        if size > max_bytes:
            raise _bad(archive, f"unpacks to more than {max_bytes / GIB:.2g} GiB")
        path = target.joinpath(*parts)
        try:
            (path if stream is None else path.parent).mkdir(parents=True, exist_ok=True)
            if stream is not None:
                with open(path, "xb") as file:
                    if _copy(stream, file, stated) != stated:
                        raise _bad(archive, f"is cut short inside {name!r}")
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            raise _bad(archive, f"holds {name!r} twice") from error


def _copy(stream: IO[bytes], file: IO[bytes], most: int) -> int:
    done = 0
    while block := stream.read(min(BLOCK, most - done)) if done < most else b"":
        file.write(block)
        done += len(block)
    return done


def _check_name(archive: Path, name: str) -> list[str]:
    """Return the parts of a path below the target, or refuse it."""
    # What is harmless here may lead out on Windows, and the other way round.
    if name.startswith("/") or re.search(r"[\\:\x00-\x1f]", name):
        raise _bad(archive, f"holds the path {name!r}, which does not stay in one folder")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    for part in parts:
        if len(os.fsencode(part)) > 255:
            raise _bad(archive, f"holds a name of more than 255 bytes ({part[:20]!r}...)")
        if part == ".." or part != part.rstrip(". ") or _DEVICE.fullmatch(part):
            raise _bad(archive, f"holds the path {name!r}, which does not stay in one folder")
    return parts


# -------------------------------------------------------------------------- formats

#: Name, size in bytes, and what to read it from (None: a folder).
Member = tuple[str, int, IO[bytes] | None]


def _members(archive: Path, target: Path, max_bytes: int) -> Iterator[Member]:
    with open(archive, "rb") as file:
        start = file.read(512)
        file.seek(0)
        if start.startswith(b"\x1f\x8b"):
            with gzip.open(file) as plain:
                yield from _tar_members(archive, plain, target, max_bytes)
        elif start[257:262] == b"ustar":
            yield from _tar_members(archive, file, target, max_bytes)
        elif start.startswith(b"PK"):
            yield from _zip_members(archive, file)
        elif not start:
            raise _bad(archive, "is empty (zero bytes)")
        else:
            raise _bad(archive, "is no tar.gz, tar or zip archive")


def _tar_members(archive: Path, plain: IO[bytes], target: Path, max_bytes: int) -> Iterator[Member]:
    bounded = _Bounded(archive, plain, max_bytes)
    with tarfile.open(fileobj=bounded, mode="r:") as tar:
        while member := tar.next():
            tar.members.clear()  # or a million tiny files would fill the memory
            if not (member.isreg() or member.isdir()) or member.issparse():
                raise _bad(archive, f"holds {member.name!r}, which is no plain file or folder")
            _check_name(archive, member.name)
            tarfile.data_filter(member, str(target))  # Python's own fence, as a second one
            stream = None if member.isdir() else tar.extractfile(member)
            yield member.name, 0 if member.isdir() else member.size, stream
        # A tar that is damaged or cut between two files just seems to end there.
        bounded.seek(tar.offset)
        if bounded.read(512) != bytes(512):
            raise _bad(archive, "is damaged or cut short: it does not end as a tar does")
        while bounded.read(BLOCK):
            pass  # on to the end, where gzip keeps its checksum


class _Bounded:
    """A file to read from that ends in a refusal where the limit is."""

    def __init__(self, archive: Path, file: IO[bytes], max_bytes: int) -> None:
        self.archive, self.file, self.max_bytes = archive, file, max_bytes
        # Room for headers and padding, which take up to a kilobyte for each file.
        self.limit = max_bytes + max_bytes // 4 + 64 * 2**20
        self.tell = file.tell

    def read(self, size: int) -> bytes:
        """Read at most a megabyte."""
        # Headers are read in one go, as long as they say that they are.
        if size > _LONGEST_HEADER:
            raise _bad(self.archive, f"holds a header of {size} bytes")
        self._check(self.file.tell() + size)
        return self.file.read(size)

    def seek(self, position: int) -> int:
        """Go to a position, if it is below the limit."""
        self._check(position)
        return self.file.seek(position)

    def _check(self, position: int) -> None:
        if position > self.limit:
            raise _bad(self.archive, f"unpacks to more than {self.max_bytes / GIB:.2g} GiB")


def _zip_members(archive: Path, file: IO[bytes]) -> Iterator[Member]:
    with zipfile.ZipFile(file) as bag:
        for info in bag.infolist():
            kind = info.external_attr >> 28  # of a Unix file: 4 is a folder, 8 a plain file
            if kind not in (0, 4, 8):
                raise _bad(archive, f"holds {info.filename!r}, which is no plain file or folder")
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise _bad(archive, "uses a compression that the course does not read")
            # orig_filename: zipfile itself changes backslashes and cuts at a zero.
            _check_name(archive, info.orig_filename)
            if info.is_dir():
                yield info.filename, 0, None
            else:
                with bag.open(info) as stream:
                    yield info.filename, info.file_size, stream


def _bad(archive: Path, what: str) -> BadArchive:
    return BadArchive(
        f"The archive {os.fspath(archive)} {what}. Nothing was unpacked. "
        "Delete it and get it again, or get it from another place."
    )


def _words(error: BaseException) -> str:
    return str(error) or type(error).__name__
