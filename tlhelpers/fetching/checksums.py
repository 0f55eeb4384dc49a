"""Say whether a file that was fetched is whole, and let one process at a time fetch it."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tlhelpers.fetching.internet import SourceFailed
from tlhelpers.fetching.whole_files import lock_if_possible

PATIENCE = 600.0  # seconds to wait for another process that gets nowhere


def checksum_of(path: Path, like: str = "0" * 64) -> str:
    """Return the checksum of a file, of the same kind as another checksum.

    Parameters
    ----------
    path
        A readable file.
    like
        64 digits for SHA-256, 32 for MD5; empty, and the answer is empty too.

    Returns
    -------
    str
        The checksum in hexadecimal digits.

    Raises
    ------
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     note = Path(folder, "note.txt")
    ...     _ = note.write_text("done")
    ...     len(checksum_of(note)), checksum_of(note, like="0" * 32)
    (64, '6b2ded51d81a4403d8a4bd25fa1e57ee')
    """
    if not like:
        return ""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256" if len(like) == 64 else "md5").hexdigest()


def checksum_note(place: Path) -> Path:
    """Return the hidden file that says which checksum a mirror stated for a file.

    Examples
    --------
    >>> checksum_note(Path("flower_photos.tgz")).name
    '.flower_photos.tgz.sha256'
    """
    return place.with_name(f".{place.name}.sha256")


def is_whole(place: Path, checksum: str, *, noted: bool = True) -> bool:
    """Say whether a file is there and whole.

    Parameters
    ----------
    place
        Where it should be.
    checksum
        What it should have; empty if nobody knows, and then it is opened instead.
    noted
        Accept also what the `checksum_note` beside it says: it came from a mirror.
    """
    try:
        if checksum and checksum_of(place, checksum) == checksum:
            return True
        if noted and checksum_note(place).is_file():
            return checksum_of(place) == checksum_note(place).read_text(encoding="utf-8").strip()
        return not checksum and is_readable(place, place.name)
    except OSError:
        return False


def is_readable(path: Path, name: str) -> bool:
    """Say whether a file whose checksum nobody states is whole, as far as can be seen.

    Parameters
    ----------
    path
        The file, perhaps under a temporary name.
    name
        Its proper name, whose ending says what it must open as.

    Raises
    ------
    OSError
        If there is no such file.
    """
    if path.stat().st_size == 0:
        return False
    if name.endswith(".h5"):
        import h5py

        try:
            h5py.File(path, "r").close()  # sees a file that was cut short
        except OSError:
            return False
    return True


# ------------------------------------------------------------------------------ locks


@contextmanager
def locked(place: Path) -> Iterator[None]:
    """Let one process at a time work on a file; the lock of a dead process does not count.

    Where the disk has no locks, nobody waits.

    Parameters
    ----------
    place
        The file; the lock is a hidden one beside it.

    Raises
    ------
    SourceFailed
        If another process holds the lock for minutes and gets nowhere.
    OSError
        If the folder cannot be written to.
    """
    import filelock

    lock = filelock.FileLock(place.with_name(f".{place.name}.lock"))
    seen, since, told = None, time.monotonic(), False
    while True:
        try:
            lock_if_possible(lock, timeout=2)
            break
        except filelock.Timeout:
            if not told:
                print(f"Another process is fetching {place.name}; waiting.", file=sys.stderr)
            told, now = True, [(p.name, _mtime(p)) for p in place.parent.glob(".*.part")]
            if now != seen:
                seen, since = now, time.monotonic()
            elif time.monotonic() - since > PATIENCE:
                raise SourceFailed(
                    f"another process is fetching {place.name} and has got nowhere for "
                    f"{PATIENCE / 60:.0f} minutes; end it (restart the other notebooks)"
                ) from None
    try:
        yield
    finally:
        lock.release()


def _mtime(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0
