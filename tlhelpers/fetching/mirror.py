"""Read a mirror: which folder or address it is, and which files it has."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from tlhelpers.fetching import internet, places
from tlhelpers.fetching.internet import SourceFailed
from tlhelpers.fetching.registry import File

MANIFEST = "mirror.json"  # says what a mirror has


def mirror_source() -> str:
    """Return the folder or address that ``TLHELPERS_MIRROR`` names; empty if none.

    A relative folder counts from the current folder, or else from the course's:
    notebooks run in a folder of their own, and not where the command was given.
    """
    mirror = places.setting("TLHELPERS_MIRROR")
    if not mirror or is_address(mirror):
        return mirror
    folder, course = Path(os.path.expanduser(mirror)), places.PACKAGE.parent
    return str(course / folder if not folder.exists() and (course / folder).is_dir() else folder)


def is_address(mirror: str) -> bool:
    """Say whether a mirror is an address and not a folder.

    Examples
    --------
    >>> is_address("http://192.0.2.7:8765"), is_address("shared/mirror")
    (True, False)
    """
    return mirror.lower().startswith(("http://", "https://"))


def read_manifest(mirror: str | Path, *, tries: int = internet.TRIES) -> dict[str, File]:
    """Read what a mirror has.

    Parameters
    ----------
    mirror
        A folder or an address.
    tries
        As for `internet.download_file`.

    Returns
    -------
    dict
        A `registry.File` with size and SHA-256 for each path.

    Raises
    ------
    SourceFailed
        If there is no manifest, or it is not as it should be.
    """
    mirror = str(mirror)
    if is_address(mirror):
        text = internet.read_remote_text(f"{mirror.rstrip('/')}/{MANIFEST}", tries=tries)
    else:
        try:
            text = (Path(mirror) / MANIFEST).read_text(encoding="utf-8")
        except FileNotFoundError:
            raise SourceFailed(
                "is no mirror: there is no mirror.json. Wanted is a folder made by "
                "'tlhelpers mirror build', or an address that begins with http://"
            ) from None
        except (OSError, UnicodeError) as error:
            raise SourceFailed(f"has a mirror.json that cannot be read ({error})") from error
    try:
        data = json.loads(text)
        if data["format"] != 1:
            raise ValueError(f"its format is {data['format']!r}; wanted 1")
        return {path: _entry(path, **values) for path, values in data["files"].items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise SourceFailed(f"has a wrong mirror.json ({type(error).__name__}: {error})") from error


def _entry(path: str, *, sha256: str, size: int, **_: object) -> File:
    if not re.fullmatch(r"(datasets|models)(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+", path):
        raise ValueError(f"the path {path!r} is not below datasets/ or models/")
    if not re.fullmatch(r"[0-9a-f]{64}", sha256) or type(size) is not int or size < 1:
        raise ValueError(f"{path} has no right size and SHA-256")
    return File(path, size=size, checksum=sha256)
