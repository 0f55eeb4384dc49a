"""Write a file whole or not at all: the one way in which the course keeps what it makes."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # takes a while to import
    from filelock import BaseFileLock

#: What speaks against writing in a folder at all.  Anything else that a lock
#: says means that this disk has no locks, as some home folders on a network.
_NO_WRITING = ("EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "ENOENT", "ENOTDIR")
NO_WRITING = {getattr(errno, name) for name in _NO_WRITING if hasattr(errno, name)}


def lock_if_possible(lock: BaseFileLock, timeout: float) -> None:
    """Take a lock, or go on without where the disk has none: files are written whole anyway.

    Parameters
    ----------
    lock
        May be released afterwards in either case.
    timeout
        Seconds to wait for another process that has it.

    Raises
    ------
    filelock.Timeout
        If another process keeps it.
    OSError
        If nothing can be written there.
    """
    try:
        lock.acquire(timeout=timeout, poll_interval=0.1)
    except TimeoutError:
        raise
    except NotImplementedError:
        return
    except OSError as error:
        if error.errno in NO_WRITING:
            raise


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write under a temporary name, then move into place.

    Whoever finds the final name finds a whole file, also if another process
    writes it at the same moment, or if this one is interrupted.

    Parameters
    ----------
    path
        The file; its folder is made if need be, and what was there is replaced.
    write
        Called with the temporary name, in the same folder and with the same ending.

    Raises
    ------
    OSError
        If it cannot be written; then nothing is left behind.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "new" / "note.txt"
    ...     write_whole(path, lambda place: place.write_text("done"))
    ...     path.read_text(), len(list(path.parent.iterdir()))
    ('done', 1)
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # The ending stays, for Keras and NumPy look at it.  In a folder of its own,
    # for a file from mkstemp could be read by its owner only.
    with tempfile.TemporaryDirectory(
        dir=path.parent, prefix=".part-", ignore_cleanup_errors=True
    ) as folder:
        temporary = Path(folder) / path.name
        write(temporary)
        os.replace(temporary, path)


def write_text_whole(path: Path, text: str) -> None:
    """Write a text file whole or not at all: UTF-8, with the same line ends on any system.

    Parameters
    ----------
    path, text
        The file, as for `write_whole`, and what it shall hold.

    Raises
    ------
    OSError
        As by `write_whole`.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_text_whole(Path(folder, "note.txt"), "größer")
    ...     Path(folder, "note.txt").read_text(encoding="utf-8")
    'größer'
    """
    write_whole(path, lambda place: place.write_text(text, encoding="utf-8", newline="\n"))
