"""Get the files that the course does not bring along: photographs and weights.

Each file is looked for on this computer, then in the classroom's mirror
(``TLHELPERS_MIRROR``, a folder or an address), then on the internet.  It is
checked before it is used, and nothing large is downloaded unless asked for.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from tlhelpers import download as web
from tlhelpers.archives import BadArchive, unpack
from tlhelpers.download import Trouble, megabytes
from tlhelpers.files import (
    FILES,
    File,
    cache_folder,
    checksum_of,
    is_good,
    is_readable,
    keras_file,
    locked,
    note,
)

UNASKED = 20_000_000  # bytes: the most that is downloaded without being asked for


class NotHere(Exception):
    """A file that is not on this computer and was not or could not be fetched.

    Where nobody asked for a download, the message is one line, fit for being
    printed in a notebook that then goes on.  Otherwise it says what was
    wanted, from where, what happened, and the ways out.
    """


def named(wanted: str | File) -> File:
    """Return the `File` that a name or a word stands for.

    Raises
    ------
    ValueError
        If the course has no file of that name.

    Examples
    --------
    >>> named("photos").name
    'flower_photos.tgz'
    """
    if isinstance(wanted, File):
        return wanted
    for file in FILES.values():
        if wanted in (file.name, file.word):
            return file
    names = ", ".join(file.word or file.name for file in FILES.values())
    raise ValueError(f"The course has no file {wanted!r}. It has: {names}.")


def offline() -> bool:
    """Say whether ``TLHELPERS_OFFLINE`` forbids the use of the network."""
    return os.environ.get("TLHELPERS_OFFLINE", "").strip().lower() not in ("", "0", "no", "false")


# --------------------------------------------------------------------------- getting


def get(wanted: str | File, *, download: bool = False) -> Path:
    """Return a file of the course, fetching it if it is not here yet.

    Parameters
    ----------
    wanted
        A name in `FILES`, the word that ``tlhelpers fetch`` has for it, or a `File`.
    download
        Yes, also if it is large.  Without it, at most 20 MB are downloaded
        from the internet; a mirror may always be used.

    Returns
    -------
    pathlib.Path
        The file, complete and checked.  It belongs to the cache: do not change it.

    Raises
    ------
    NotHere
        If it cannot be had.
    ValueError
        If the course has no file of that name.
    """
    file = named(wanted)
    place = file.place()
    if is_good(place, file.checksum):
        return place
    tried: list[tuple[str, str]] = []
    if place.is_file():
        tried.append((str(place), "is damaged or another file; its checksum is wrong"))
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with locked(place):
            if is_good(place, file.checksum):  # another process was quicker
                return place
            for source in (_from_mirror, _from_internet):
                try:
                    if source(file, place, download):
                        return place
                except Trouble as trouble:
                    tried.append((_name_source(source, file), str(trouble)))
    except Trouble as trouble:
        tried.append((str(place.parent), str(trouble)))
    except OSError as error:
        tried.append((str(place.parent), _disk_trouble(error)))
    raise NotHere(_explain(file, place, tried) if download else _one_line(file, tried)) from None


def keras_weights(file_name: str, *, download: bool = False) -> Path:
    """Return a file of weights that Keras would download, and put it where Keras looks.

    Give the path to Keras (``keras.applications.MobileNetV2(weights=path)``),
    and it downloads nothing in any case.

    Parameters
    ----------
    file_name
        As Keras calls it.  If it is not in `FILES`, only this computer and the
        mirror can have it: use ``get(keras_file(...))`` for the internet.
    download
        As for `get`.

    Raises
    ------
    NotHere
        If it cannot be had.
    """
    return get(FILES.get(file_name) or File(f"models/{file_name}"), download=download)


def photos(*, download: bool = False) -> Path:
    """Return the folder of the flower photographs: one folder for each class.

    Parameters
    ----------
    download
        As for `get`; the archive has 229 MB.

    Raises
    ------
    NotHere
        If they cannot be had.
    """
    folder = cache_folder() / "datasets" / "flower_photos"
    count = folder.with_name(".flower_photos.count")
    try:
        if count.read_text() == str(_count_files(folder)):
            return folder
    except OSError:
        pass
    archive = get("photos", download=download)
    try:
        with locked(folder):
            if count.is_file() and count.read_text() == str(_count_files(folder)):
                return folder
            # Pictures are missing, or a process was killed: start afresh.
            for old in (folder, *folder.parent.glob(".flower_photos.*.part")):
                shutil.rmtree(old, ignore_errors=True)
            with tempfile.TemporaryDirectory(
                dir=folder.parent, prefix=".flower_photos.", suffix=".part"
            ) as temporary:
                unpacked = unpack(archive, Path(temporary) / "new", max_files=10_000)
                inner = unpacked / "flower_photos"
                number = _count_files(inner)
                if number < 1:
                    raise BadArchive(f"The archive {archive} holds no folder flower_photos.")
                count.unlink(missing_ok=True)
                inner.rename(folder)
            count.write_text(str(number))
    except (OSError, Trouble, BadArchive) as error:
        words = _disk_trouble(error) if isinstance(error, OSError) else str(error)
        raise NotHere(f"The photographs cannot be unpacked into {folder}: {words}") from error
    return folder


# ----------------------------------------------------------------------- two sources


def _from_mirror(file: File, place: Path, download: bool) -> bool:
    mirror = mirror_source()
    if not mirror:
        return False
    if is_address(mirror) and offline():
        raise Trouble("not asked, because TLHELPERS_OFFLINE is set")
    tries = web.TRIES if download else 2
    entry = read_manifest(mirror, tries=tries).get(file.path)
    if entry is None:
        raise Trouble(f"has no {file.path}")

    def bring(part: Path) -> bool:
        if is_address(mirror):
            address = f"{mirror.rstrip('/')}/{file.path}"
            return web.download(address, part, size=entry.size, tries=tries)
        return _copy(Path(mirror) / file.path, part, entry.size)

    if entry.checksum != file.checksum:
        # Later, without the mirror, this says that the file is as it should be.
        note(place).write_text(entry.checksum + "\n")
    if not is_good(place, entry.checksum, noted=False):
        _arrive(place, entry, bring)
    return True


def _from_internet(file: File, place: Path, download: bool) -> bool:
    if not file.address or (not download and not 0 < file.size <= UNASKED):
        return False
    if offline():
        raise Trouble("not asked, because TLHELPERS_OFFLINE is set")
    tries = web.TRIES if download else 1
    _arrive(place, file, lambda part: web.download(file.address, part, size=file.size, tries=tries))
    note(place).unlink(missing_ok=True)
    return True


def _arrive(place: Path, file: File, bring: Callable[[Path], bool]) -> None:
    """Let a file arrive under a temporary name, check it, and move it into place."""
    # The checksum in the name: what is there belongs to this file and no other.
    part = place.with_name(f".{place.name}.{file.checksum[:12] or 'unknown'}.part")
    if not file.checksum:
        part.unlink(missing_ok=True)
    have = part.stat().st_size if part.is_file() else 0
    if shutil.disk_usage(place.parent).free < file.size - have:
        raise OSError(errno.ENOSPC, "No space")
    for last in (False, True):
        try:
            in_one_piece = bring(part)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                part.unlink(missing_ok=True)  # a full disk is bad enough
            raise
        found = checksum_of(part, file.checksum)
        if found == file.checksum and (file.checksum or is_readable(part, place.name)):
            os.replace(part, place)
            return
        part.unlink()
        if in_one_piece or last:
            raise Trouble(
                f"sent a file with a wrong checksum ({found[:12]}..., wanted "
                f"{file.checksum[:12]}...): damaged on the way, or another file"
                if file.checksum
                else "sent a file that cannot be read"
            )


def _copy(source: Path, part: Path, size: int) -> bool:
    try:
        if source.stat().st_size != size:
            raise Trouble(f"has {source.stat().st_size} bytes of {source.name} instead of {size}")
        shutil.copyfile(source, part)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS) or error.filename == str(part):
            raise  # it is this computer's disk
        raise Trouble(f"cannot be read ({error.strerror}: {source})") from error
    return True


# ---------------------------------------------------------------------------- mirrors


def mirror_source() -> str:
    """Return the folder or address that ``TLHELPERS_MIRROR`` names; empty if none.

    A relative folder counts from the current folder, or else from the course's:
    notebooks run in a folder of their own, and not where the command was given.
    """
    mirror = os.environ.get("TLHELPERS_MIRROR", "").strip()
    if not mirror or is_address(mirror):
        return mirror
    folder, course = Path(mirror).expanduser(), Path(__file__).resolve().parents[1]
    return str(course / folder if not folder.exists() and (course / folder).is_dir() else folder)


def is_address(mirror: str) -> bool:
    """Say whether a mirror is an address and not a folder."""
    return mirror.lower().startswith(("http://", "https://"))


def read_manifest(mirror: str | Path, *, tries: int = web.TRIES) -> dict[str, File]:
    """Read what a mirror has: a `File` with size and SHA-256 for each path.

    Parameters
    ----------
    mirror
        A folder or an address.
    tries
        As for `download.download`.

    Raises
    ------
    Trouble
        If there is no manifest, or it is not as it should be.
    """
    mirror = str(mirror)
    if is_address(mirror):
        text = web.read_text(f"{mirror.rstrip('/')}/mirror.json", tries=tries)
    else:
        try:
            text = (Path(mirror) / "mirror.json").read_text(encoding="utf-8")
        except FileNotFoundError:
            raise Trouble(
                "is no mirror: there is no mirror.json. Wanted is a folder made by "
                "'tlhelpers mirror build', or an address that begins with http://"
            ) from None
        except (OSError, UnicodeError) as error:
            raise Trouble(f"has a mirror.json that cannot be read ({error})") from error
    try:
        data = json.loads(text)
        if data["format"] != 1:
            raise ValueError(f"its format is {data['format']!r}; wanted 1")
        return {path: _entry(path, **values) for path, values in data["files"].items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Trouble(f"has a wrong mirror.json ({type(error).__name__}: {error})") from error


def _entry(path: str, *, sha256: str, size: int, **_: object) -> File:
    if not re.fullmatch(r"(datasets|models)(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+", path):
        raise ValueError(f"the path {path!r} is not below datasets/ or models/")
    if not re.fullmatch(r"[0-9a-f]{64}", sha256) or type(size) is not int or size < 1:
        raise ValueError(f"{path} has no right size and SHA-256")
    return File(path, size=size, checksum=sha256)


def _count_files(folder: Path) -> int:
    return sum(len(files) for _, _, files in os.walk(folder))


# -------------------------------------------------------------------------- sentences


def _what(file: File) -> str:
    return f"{file.name} ({megabytes(file.size)})" if file.size else file.name


def _name_source(source: Callable, file: File) -> str:
    return f"mirror {mirror_source()}" if source is _from_mirror else file.address


def _one_line(file: File, tried: list[tuple[str, str]]) -> str:
    short = [(urlsplit(source).hostname or source, happened) for source, happened in tried]
    why = "".join(f"; {source} {happened}" for source, happened in short)
    text = (
        f"{_what(file)} is not on this computer{why}. "
        f"To get it, give the command: tlhelpers fetch {file.word or file.name}"
    )
    return " ".join(text.split())


def _explain(file: File, place: Path, tried: list[tuple[str, str]]) -> str:
    if not any(source == file.address for source, _ in tried) and not file.address:
        tried = [*tried, ("internet", "not asked: the course knows no address of this file")]
    return "\n".join(
        [
            f"{_what(file)} could not be fetched.",
            *(f"  tried: {source}\n         {happened}" for source, happened in tried),
            "Three ways out:",
            f"  1. Try again: tlhelpers fetch {file.word or file.name}"
            "  (it goes on where it stopped)",
            "  2. Use a mirror: set TLHELPERS_MIRROR to its folder or address, and try again",
            f"  3. Get the file in another way, and put it here: {place}",
            f"     It is checked: {_sum_in_words(file)}",
        ]
    )


def _sum_in_words(file: File) -> str:
    kind = {64: "SHA-256", 32: "MD5"}.get(len(file.checksum))
    return f"{kind} {file.checksum}" if kind else "it must be complete"


def _disk_trouble(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full; free some space, or set TLHELPERS_CACHE to another disk"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return (
            "cannot be written to; set TLHELPERS_CACHE (for weights: KERAS_HOME) to a folder of "
            "yours"
        )
    return f"cannot be used ({error.strerror or error})"


# ---------------------------------------------------------------------- command line


def main(args: argparse.Namespace) -> int:
    """``tlhelpers fetch``: get what is named, or say what there is.

    Parameters
    ----------
    args
        ``what``: words such as ``photos`` or ``MobileNetV2``, or none;
        ``no_top``: weights without the classification layer.
    """
    if not args.what:
        for file in FILES.values():
            state = "here" if is_good(file.place(), file.checksum) else "not here"
            print(f"  {state:<9}{file.word or file.name}  {_what(file)}")
        return 0
    for word in args.what:
        try:
            if word == "photos":
                path = photos(download=True)
            elif not args.no_top and any(word in (f.name, f.word) for f in FILES.values()):
                path = get(word, download=True)
            else:
                path = get(keras_file(word, top=not args.no_top), download=True)
        except (NotHere, ValueError) as problem:
            print(problem, file=sys.stderr)
            return 1
        print(f"{word} is here: {path}")
    return 0
