"""Find a file inside an installed package of data or weights, importing nothing of it."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def installed_file(package: str, path: str) -> Path | None:
    """Return a file that an installed package brought along, or None if it is not here.

    No code of the package runs: only the list of what is installed is read.

    Parameters
    ----------
    package
        The name that ``pip install`` takes, such as ``"scikit-image"``.
    path
        The file as the package's list of files has it, with ``/`` between folders,
        such as ``"skimage/data/coffee.png"``.

    Returns
    -------
    pathlib.Path or None
        The file as it is; its checksum is for the caller to look at.

    Source: https://docs.python.org/3/library/importlib.metadata.html#distribution-files

    Examples
    --------
    >>> installed_file("numpy", "numpy/__init__.py").name
    '__init__.py'
    >>> installed_file("no-such-package", "a.txt") is None
    True
    """
    from importlib import metadata  # takes a while to import

    try:
        place = Path(str(metadata.distribution(package).locate_file(path)))
    except metadata.PackageNotFoundError:
        return None
    return place if place.is_file() else None


def install_command(pin: str, *, again: bool = False) -> str:
    """Return the command, given in the course folder, that installs a data package.

    Parameters
    ----------
    pin
        The package and its version.
    again
        It is there, and damaged or another version.

    Examples
    --------
    >>> install_command("some-data==1")[-37:]
    '-m pip install --no-deps some-data==1'
    """
    python = "python"
    if Path(sys.prefix).name == ".venv":  # which has not been activated, perhaps
        python = r".venv\Scripts\python" if os.name == "nt" else ".venv/bin/python"
    return f"{python} -m pip install --no-deps {'--force-reinstall ' * again}{pin}"
