"""Get the files that the course does not bring along: photographs and weights.

Each file is looked for in an installed package, then in the cache, then in the
classroom's mirror (``TLHELPERS_MIRROR``, a folder or an address), then on the
internet.  It is checked before it is used, and nothing large is downloaded unless
asked for.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from tlhelpers.fetching import internet
from tlhelpers.fetching.archives import BadArchive, unpack
from tlhelpers.fetching.checksums import checksum_note, checksum_of, is_readable, is_whole, locked
from tlhelpers.fetching.installed import install_command
from tlhelpers.fetching.internet import SourceFailed, size_in_words
from tlhelpers.fetching.mirror import is_address, mirror_source, read_manifest
from tlhelpers.fetching.places import cache_folder, setting
from tlhelpers.fetching.registry import File, find_file
from tlhelpers.fetching.whole_files import write_text_whole

UNASKED = 20_000_000  # bytes: the most that is downloaded without being asked for


class FileNotHere(Exception):
    """A file that is not on this computer and was not or could not be fetched.

    Where nobody asked for a download, the message is one line, fit for being
    printed in a notebook that then goes on.  Otherwise it says what was
    wanted, from where, what happened, and the ways out.
    """


def is_offline() -> bool:
    """Say whether ``TLHELPERS_OFFLINE`` forbids the use of the network."""
    return setting("TLHELPERS_OFFLINE").lower() not in ("", "0", "no", "false", "off")


# --------------------------------------------------------------------------- getting


def fetch_file(wanted: str | File, *, download: bool = False) -> Path:
    """Return a file of the course, fetching it if it is not here yet.

    Parameters
    ----------
    wanted
        A name in `registry.FILES`, the word that ``tlhelpers fetch`` has for it,
        or a `registry.File`.
    download
        Yes, also if it is large.  Without it, at most 20 MB are downloaded
        from the internet; a mirror may always be used.

    Returns
    -------
    pathlib.Path
        The file, complete and checked.  It belongs to a package or to the cache: do not
        change it.

    Raises
    ------
    FileNotHere
        If it cannot be had.
    ValueError
        If the course has no file of that name.
    """
    file = find_file(wanted)
    here = find_here(file)
    if here is not None:
        return here
    tried: list[tuple[str, str]] = []
    if file.installed() is not None:
        tried.append((f"package {file.package}", "has a damaged file; its checksum is wrong"))
    place = file.place()
    if place.is_file():
        tried.append((str(place), "is damaged or another file; its checksum is wrong"))
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with locked(place):
            if is_whole(place, file.checksum):  # another process was quicker
                return place
            for source in (_from_mirror, _from_internet):
                try:
                    if source(file, place, download):
                        return place
                except SourceFailed as failure:
                    tried.append((_name_source(source, file), str(failure)))
    except SourceFailed as failure:
        tried.append((str(place.parent), str(failure)))
    except OSError as error:
        tried.append((str(place.parent), _disk_trouble(error)))
    raise FileNotHere(
        _explain(file, place, tried) if download else _one_line(file, tried)
    ) from None


def find_here(file: File) -> Path | None:
    """Return a file that is on this computer and whole: in an installed package, or kept."""
    brought = file.installed()
    if brought is not None and is_whole(brought, file.checksum, noted=False):
        return brought
    return file.place() if is_whole(file.place(), file.checksum) else None


def fetch_flower_photos(*, download: bool = False) -> Path:
    """Return the folder of the flower photographs: one folder for each class.

    Parameters
    ----------
    download
        As for `fetch_file`; the archive has 229 MB.

    Returns
    -------
    pathlib.Path
        The folder, with all files that the archive had.

    Raises
    ------
    FileNotHere
        If they cannot be had.
    """
    folder = cache_folder() / "datasets" / "flower_photos"
    if _is_unpacked(folder):
        return folder
    archive = fetch_file("photos", download=download)
    try:
        with locked(folder):
            if _is_unpacked(folder):  # another process was quicker
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
                _count_note(folder).unlink(missing_ok=True)
                inner.rename(folder)
            write_text_whole(_count_note(folder), str(number))
    except (OSError, SourceFailed, BadArchive) as error:
        words = _disk_trouble(error) if isinstance(error, OSError) else str(error)
        raise FileNotHere(f"The photographs cannot be unpacked into {folder}: {words}") from error
    return folder


def _count_note(folder: Path) -> Path:
    """Return the hidden file that says how many files were unpacked into a folder."""
    return folder.with_name(f".{folder.name}.count")


def _is_unpacked(folder: Path) -> bool:
    try:
        return _count_note(folder).read_text(encoding="utf-8") == str(_count_files(folder))
    except OSError:
        return False


def _count_files(folder: Path) -> int:
    return sum(len(files) for _, _, files in os.walk(folder))


# ----------------------------------------------------------------------- two sources


def _from_mirror(file: File, place: Path, download: bool) -> bool:
    mirror = mirror_source()
    if not mirror:
        return False
    if is_address(mirror) and is_offline():
        raise SourceFailed("not asked, because TLHELPERS_OFFLINE is set")
    tries = internet.TRIES if download else 2
    entry = read_manifest(mirror, tries=tries).get(file.path)
    if entry is None:
        raise SourceFailed(f"has no {file.path}")
    if file.package and entry.checksum != file.checksum:
        raise SourceFailed(f"has another {file.path} than the course knows (its SHA-256 differs)")

    def bring(part: Path) -> bool:
        if is_address(mirror):
            address = f"{mirror.rstrip('/')}/{file.path}"
            return internet.download_file(address, part, size=entry.size, tries=tries)
        return _copy_from_folder(Path(mirror) / file.path, part, entry.size)

    if entry.checksum != file.checksum:
        # Later, without the mirror, this says that the file is as it should be.
        write_text_whole(checksum_note(place), entry.checksum + "\n")
    if not is_whole(place, entry.checksum, noted=False):
        _arrive(place, entry, bring)
    return True


def _from_internet(file: File, place: Path, download: bool) -> bool:
    if not file.address or (not download and not 0 < file.size <= UNASKED):
        return False
    if is_offline():
        raise SourceFailed("not asked, because TLHELPERS_OFFLINE is set")
    tries = internet.TRIES if download else 1
    _arrive(
        place,
        file,
        lambda part: internet.download_file(file.address, part, size=file.size, tries=tries),
    )
    checksum_note(place).unlink(missing_ok=True)
    return True


def _arrive(place: Path, file: File, bring: Callable[[Path], bool]) -> None:
    """Let a file arrive under a temporary name, check it, and move it into place.

    Unlike with `write_whole`, what has arrived stays there after a failure, and
    the next try goes on behind it.
    """
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
            raise SourceFailed(
                f"sent a file with a wrong checksum ({found[:12]}..., wanted "
                f"{file.checksum[:12]}...): damaged on the way, or another file"
                if file.checksum
                else "sent a file that cannot be read"
            )


def _copy_from_folder(source: Path, part: Path, size: int) -> bool:
    """Copy a file of a mirror that is a folder, and say whose disk it is that fails."""
    try:
        if source.stat().st_size != size:
            raise SourceFailed(
                f"has {source.stat().st_size} bytes of {source.name} instead of {size}"
            )
        shutil.copyfile(source, part)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS) or error.filename == str(part):
            raise  # it is this computer's disk
        raise SourceFailed(f"cannot be read ({error.strerror}: {source})") from error
    return True


# -------------------------------------------------------------------------- sentences


def describe_file(file: File) -> str:
    """Return the name of a file, and its size where that is known.

    Examples
    --------
    >>> describe_file(find_file("photos"))
    'flower_photos.tgz (228.8 MB)'
    """
    return f"{file.name} ({size_in_words(file.size)})" if file.size else file.name


def _name_source(source: Callable, file: File) -> str:
    return f"mirror {mirror_source()}" if source is _from_mirror else file.address


def _one_line(file: File, tried: list[tuple[str, str]]) -> str:
    short = [(urlsplit(source).hostname or source, happened) for source, happened in tried]
    why = "".join(f"; {source} {happened}" for source, happened in short)
    text = (
        f"{describe_file(file)} is not on this computer{why}. "
        f"To get it, give the command: {how_to_get(file)}"
    )
    return " ".join(text.split())


def how_to_get(file: File) -> str:
    """Return the command that gets a file: what a package brings is not fetched one by one.

    Examples
    --------
    >>> how_to_get(find_file("MobileNetV2"))
    'tlhelpers fetch MobileNetV2'
    """
    if file.package:
        damaged = file.installed() is not None  # there, and yet somebody has to ask
        return install_command(file.package, again=damaged)
    return f"tlhelpers fetch {file.word or file.name}"


def _explain(file: File, place: Path, tried: list[tuple[str, str]]) -> str:
    if not any(source == file.address for source, _ in tried) and not file.address:
        tried = [*tried, ("internet", "not asked: the course knows no address of this file")]
    return "\n".join(
        [
            f"{describe_file(file)} could not be fetched.",
            *(f"  tried: {source}\n         {happened}" for source, happened in tried),
            "Three ways out:",
            f"  1. Install the package that brings it: {how_to_get(file)}"
            if file.package
            else f"  1. Try again: {how_to_get(file)}  (it goes on where it stopped)",
            "  2. Use a mirror: set TLHELPERS_MIRROR to its folder or address, and try again",
            f"  3. Get the file in another way, and put it here: {place}",
            f"     It is checked: {_checksum_in_words(file)}",
        ]
    )


def _checksum_in_words(file: File) -> str:
    kind = {64: "SHA-256", 32: "MD5"}.get(len(file.checksum))
    return f"{kind} {file.checksum}" if kind else "it must be complete"


_ANOTHER_FOLDER = "set TLHELPERS_CACHE (for weights: KERAS_HOME) to a folder of yours"


def _disk_trouble(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full; free some space, or set TLHELPERS_CACHE to another disk"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"cannot be written to; {_ANOTHER_FOLDER}"
    return f"cannot be used ({error.strerror or error}); {_ANOTHER_FOLDER}"
