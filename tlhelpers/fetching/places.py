"""Where things lie on this computer: package, checkout, cache, weights, the learner's own."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

#: The folder of this package.
PACKAGE = Path(__file__).resolve().parents[1]


def checkout_folder() -> Path | None:
    """Return the folder of the checkout that this package lies in; None if it is installed."""
    folder = PACKAGE.parent
    return folder if (folder / "pyproject.toml").is_file() else None


def setting(variable: str) -> str:
    """Return what an environment variable says, without the quotes that shells leave; "" if unset.

    Examples
    --------
    >>> setting("TLHELPERS_NO_SUCH_VARIABLE")
    ''
    """
    return os.environ.get(variable, "").strip(" \t\"'")


class NoFolder(OSError, RuntimeError):
    """There is no home folder to keep something in; the message says what to set."""


def cache_folder() -> Path:
    """Return the folder where the course keeps what it can make or get again.

    It is the operating system's cache folder, or ``TLHELPERS_CACHE`` if that
    environment variable is set.  Delete it whenever you like.  A user without a
    home gets one that is gone when Python ends.
    """
    import platformdirs

    try:
        return _folder("TLHELPERS_CACHE", platformdirs.user_cache_dir)
    except NoFolder as problem:
        return _until_python_ends(str(problem))


def learner_folder() -> Path:
    """Return the folder for what is the learner's own, such as uploaded pictures.

    It is the operating system's folder for data, or ``TLHELPERS_DATA`` if that
    environment variable is set.  Unlike the cache, the course never empties it.

    Raises
    ------
    NoFolder
        If the user has no home, and the variable is not set.
    """
    import platformdirs

    return _folder("TLHELPERS_DATA", platformdirs.user_data_dir)


def named_folder(name: str) -> Path:
    """Return the folder that somebody named: without quotes, and the same from everywhere.

    Parameters
    ----------
    name
        ``~`` is the home.  A relative name counts from the course's folder, not
        from the current one: each notebook may have another.

    Raises
    ------
    RuntimeError
        If the user has no home, and the name needs it.

    Examples
    --------
    >>> named_folder('"~/my cache"') == Path.home() / "my cache"
    True
    """
    folder = Path(name.strip(" \"'")).expanduser()
    return folder if folder.is_absolute() else (checkout_folder() or Path.home()) / folder


def _folder(variable: str, usual: Callable[..., str]) -> Path:
    chosen = setting(variable)
    try:
        return named_folder(chosen) if chosen else Path(usual("tlhelpers", False))
    except RuntimeError:
        raise NoFolder(
            f"This user has no home folder: set {variable} to the full path of a folder of yours"
        ) from None


@functools.cache
def _until_python_ends(problem: str) -> Path:
    folder = tempfile.mkdtemp(prefix="tlhelpers-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    print(f"Note: {problem}. Until then nothing is kept when Python ends.", file=sys.stderr)
    return Path(folder)


def keras_home() -> Path:
    """Return Keras' own folder, whose ``models`` holds weights, without loading Keras."""
    home = os.environ.get("KERAS_HOME")
    if home is None:
        user = os.path.expanduser("~")
        home = os.path.join(user if os.access(user, os.W_OK) else "/tmp", ".keras")
    return Path(home).expanduser()
