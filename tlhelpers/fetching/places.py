"""Where things lie on this computer: package, checkout, cache, weights, the learner's own."""

from __future__ import annotations

import os
from pathlib import Path

#: The folder of this package.
PACKAGE = Path(__file__).resolve().parents[1]


def checkout_folder() -> Path | None:
    """Return the folder of the checkout that this package lies in; None if it is installed."""
    folder = PACKAGE.parent
    return folder if (folder / "pyproject.toml").is_file() else None


def cache_folder() -> Path:
    """Return the folder where the course keeps what it can make or get again.

    It is the operating system's cache folder, or ``TLHELPERS_CACHE`` if that
    environment variable is set.  Delete it whenever you like.
    """
    import platformdirs

    chosen = os.environ.get("TLHELPERS_CACHE")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("tlhelpers", False))


def learner_folder() -> Path:
    """Return the folder for what is the learner's own, such as uploaded pictures.

    It is the operating system's folder for data, or ``TLHELPERS_DATA`` if that
    environment variable is set.  Unlike the cache, the course never empties it.
    """
    import platformdirs

    chosen = os.environ.get("TLHELPERS_DATA")
    return Path(chosen) if chosen else Path(platformdirs.user_data_dir("tlhelpers", False))


def keras_home() -> Path:
    """Return Keras' own folder, whose ``models`` holds weights, without loading Keras."""
    home = os.environ.get("KERAS_HOME")
    if home is None:
        user = os.path.expanduser("~")
        home = os.path.join(user if os.access(user, os.W_OK) else "/tmp", ".keras")
    return Path(home).expanduser()
