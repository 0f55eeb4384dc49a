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

import contextlib
import errno
import gzip
import io
import shutil
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from tlhelpers.fetching.archive_names import (
    BadArchive,
    harmless_ending,
    in_old_letters,
    safe_parts,
    zip_names,
)

GIB = 2**30
BLOCK = 2**16
_LONGEST_HEADER = 2**20  # bytes; an ordinary one has 512


class Unpacked(NamedTuple):
    """One file of an archive."""

    name: tuple[str, ...]  #: its folders and its own name, as the archive has them
    file: Path  #: where it is now


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
        with _named(archive):
            for name, size, stream in _members(archive, max_files, max_bytes, []):
                path = inside.joinpath(*safe_parts(name))
                try:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    if stream is None:
                        path.mkdir(exist_ok=True)
                    else:
                        _write(path, name, size, stream)
                except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
                    raise BadArchive(f"holds {name!r} twice") from error
        try:
            inside.rename(folder)
        except OSError:
            if not folder.is_dir():  # and if it is one, another process was quicker
                raise
    return folder


def unpack_files(
    archive: Path, folder: Path, *, max_files: int = 50_000, max_bytes: int = 2 * GIB
) -> tuple[list[Unpacked], list[str]]:
    """Unpack the files of an archive under numbers, so that no name in it can do harm.

    Parameters
    ----------
    archive, max_files, max_bytes
        As for `unpack`.
    folder
        Where the files go; it is made.

    Returns
    -------
    files : list of Unpacked
        All files.  Names that no system allows are among theirs, also two the same.
    notes : list of str
        What is odd about the names, a sentence each.

    Raises
    ------
    BadArchive
        If it is no archive, is cut short, is too large, or holds a path that
        leads out, a link or a device.
    OSError
        If the archive cannot be read, or the folder cannot be written.
    """
    folder.mkdir()
    files: list[Unpacked] = []
    notes: list[str] = []
    with _named(archive):
        for name, size, stream in _members(archive, max_files, max_bytes, notes):
            parts = tuple(part for part in name.split("/") if part not in ("", "."))
            if name.startswith("/") or ".." in parts:
                raise BadArchive(f"holds the path {name!r}, which does not stay in one folder")
            if stream is not None and parts:
                place = folder / f"{len(files)}{harmless_ending(parts[-1])}"
                _write(place, name, size, stream)
                files.append(Unpacked(parts, place))
    return files, notes


def is_archive(start: bytes) -> bool:
    """Say whether a file that begins like this (512 bytes) is taken for an archive.

    Examples
    --------
    >>> is_archive(b"PK\3\4"), is_archive(b"kiwi")
    (True, False)
    """
    return start.startswith((b"PK\3\4", b"PK\5\6", b"\x1f\x8b")) or start[257:262] == b"ustar"


@contextlib.contextmanager
def _named(archive: Path) -> Iterator[None]:
    """Say of which archive it is, and what to do."""
    try:
        yield
    except BadArchive as error:
        raise BadArchive(
            f"The archive {archive} {error}. Nothing was unpacked. {error.advice}"
        ) from error.__cause__


@contextlib.contextmanager
def _reading() -> Iterator[None]:
    """Turn what readers of archives raise into a refusal: bad numbers in it can lead anywhere."""
    try:
        yield
    except BadArchive:
        raise
    except (EOFError, zlib.error, gzip.BadGzipFile, tarfile.TarError) as error:
        raise BadArchive(f"is damaged or cut short ({_words(error)})") from error
    except OSError as error:
        if error.errno not in (None, errno.EINVAL):  # of the disk, and not of a wrong place in it
            raise
        words = "it points to a place outside itself" if error.errno else _words(error)
        raise BadArchive(f"is damaged or cut short ({words})") from error
    except (
        zipfile.BadZipFile,
        RuntimeError,
        ValueError,
        LookupError,
        struct.error,
        ArithmeticError,
    ) as error:
        raise BadArchive(f"cannot be unpacked ({_words(error)})") from error


def _words(error: BaseException) -> str:
    return str(error) or type(error).__name__


class _Source:
    """A file in an archive, to be copied from."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream

    def read(self, size: int = -1, /) -> bytes:
        """Read so many bytes; damage is a refusal."""
        with _reading():
            return self.stream.read(size)


def _write(path: Path, name: str, size: int, stream: IO[bytes]) -> None:
    with open(path, "xb") as file:
        shutil.copyfileobj(_Source(stream), file, BLOCK)  # never brings more than the size
        if file.tell() != size:
            raise BadArchive(f"is cut short inside {name!r}")


#: Name, size in bytes, and what to read it from (None: a folder).
Member = tuple[str, int, IO[bytes] | None]


def _members(archive: Path, max_files: int, max_bytes: int, notes: list[str]) -> Iterator[Member]:
    """Read an archive member by member; ``notes`` gets what is odd about its names."""
    total = number = 0
    with open(archive, "rb") as file:
        members = _all_members(file, max_bytes, notes)
        while True:
            with _reading():
                member = next(members, None)
            if member is None:
                return
            number, total = number + 1, total + member[1]
            if number > max_files:
                raise BadArchive(
                    f"holds more than {max_files:,} files, which is the limit (max_files)",
                    "Unpack it yourself, or take fewer files.",
                )
            if total > max_bytes:
                raise _too_large(max_bytes)
            yield member


def _too_large(max_bytes: int) -> BadArchive:
    return BadArchive(
        f"unpacks to more than {max_bytes / GIB:.2g} GiB, which is the limit (max_bytes)",
        "Unpack it yourself, or take fewer files.",
    )


def _all_members(file: io.BufferedReader, max_bytes: int, notes: list[str]) -> Iterator[Member]:
    start = file.read(512)
    file.seek(0)
    if start.startswith(b"\x1f\x8b"):
        with gzip.open(file) as plain:
            yield from _tar_members(_Bounded(plain, max_bytes), notes)
    elif start[257:262] == b"ustar":
        yield from _tar_members(_Bounded(file, max_bytes), notes)
    elif start.startswith(b"PK"):
        yield from _zip_members(file, notes)
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
            raise _too_large(self.max_bytes)
        return super().read(size)


def _tar_members(plain: _Bounded, notes: list[str]) -> Iterator[Member]:
    with tarfile.open(fileobj=plain, mode="r:") as tar:
        while member := tar.next():
            # Or a million tiny files would fill the memory.  The types do not list it.
            tar.members.clear()  # type: ignore[attr-defined]
            if not (member.isreg() or member.isdir()) or member.issparse():
                raise BadArchive(f"holds {member.name!r}, which is no plain file or folder")
            name = member.name
            if not name.isprintable():  # bytes that are no UTF-8 come as letters that are none
                raw = name.encode("utf-8", "surrogateescape")
                name = in_old_letters([raw], "latin-1", notes)[0]
            size = 0 if member.isdir() else member.size
            yield name.replace("\\", "/"), size, tar.extractfile(member)
        # A tar that is damaged or cut between two files just seems to end there.
        plain.seek(tar.offset)
        if plain.read(512) != bytes(512):
            raise BadArchive("is damaged or cut short: it does not end as a tar does")
        while plain.read(BLOCK):
            pass  # on to the end, where gzip keeps its checksum


def _zip_members(file: IO[bytes], notes: list[str]) -> Iterator[Member]:
    with zipfile.ZipFile(file) as bag:
        infos = bag.infolist()
        for info, name in zip(infos, zip_names(infos, notes), strict=True):
            kind = info.external_attr >> 28  # of a Unix file: 4 is a folder, 8 a plain file
            if kind not in (0, 4, 8):
                raise BadArchive(f"holds {name!r}, which is no plain file or folder")
            if info.flag_bits & 1:
                raise BadArchive(
                    "is locked with a password", "Unpack it yourself, and pack it again without."
                )
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise BadArchive(
                    "uses a compression that the course does not read",
                    "Unpack it yourself, and pack it again as an ordinary ZIP.",
                )
            if name.endswith("/"):
                yield name, 0, None
            else:
                with bag.open(info) as stream:
                    yield name, info.file_size, stream
