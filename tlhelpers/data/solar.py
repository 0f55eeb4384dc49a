"""Photographs of solar cells, defect or not: 2,624 of them, from 44 modules.

A camera for infrared light took them while a current ran through the modules
(electroluminescence): what is broken stays dark.  Nothing of this kind is on
ImageNet.  They come in the package ``elpv-dataset``, which the set-up installs;
its files are read as data, and none of its code runs.

The pictures are not the course's: CC BY-NC-SA 4.0, see `NOTICE`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tlhelpers.data import cell_files
from tlhelpers.data.group_splits import split_groups
from tlhelpers.inputs import read_count, read_labels

COUNT, SIDE = 2624, 300  # pictures, and the pixels of each side
KINDS, NOTICE = cell_files.KINDS, cell_files.NOTICE

#: How many cells each module has, in the order of the files.  *Inferred*: its
#: authors give 44 modules, but not which cell is of which.  Cells of one module
#: follow each other; where mono becomes poly, and where brightness and lines
#: change at once, mostly after multiples of 60, a new one begins.
MODULE_SIZES = (
    (60, *[60] * 5, *[60] * 3, *[60] * 6)
    + (*[60] * 6, 54, *[60] * 5)
    + (60, 60, 50, *[60] * 6)
    + (72, *[60] * 3, 48, *[60] * 3)
)


class SolarCells(NamedTuple):
    """Photographs of solar cells, in the order of their files.

    Attributes
    ----------
    images
        Shape (n, side, side), uint8: grey from 0 (dark) to 255.
    labels
        0: works, 1: has a defect (``probability`` above 0.5).
    probability
        Of a defect, as experts judged it: 0, 1/3, 2/3 or 1.
    kinds
        0 for a cell cut from one crystal (mono), 1 for many (poly): see `KINDS`.
    modules
        Which module a cell is of, from 0 to 43.  Inferred: see `MODULE_SIZES`.
    """

    images: np.ndarray
    labels: np.ndarray
    probability: np.ndarray
    kinds: np.ndarray
    modules: np.ndarray


def load_solar_cells(size: int = SIDE, *, progress: bool = True) -> SolarCells:
    """Load the photographs of solar cells, and print whose they are.

    Every file is checked by its SHA-256 first.

    Parameters
    ----------
    size
        Height and width to bring them to, in pixels; 300 as they are.
    progress
        Show a bar with the time left if it takes longer than a second.

    Returns
    -------
    SolarCells
        2,624 pictures and what is known of them.

    Raises
    ------
    fetch.FileNotHere
        If the package is not installed.
    ValueError
        If it is another version, or a file is missing or damaged; the message
        says which and how to repair it.

    Source: Buerhop-Lutz et al. 2018, "A benchmark for visual identification of
    defective solar cells in electroluminescence imagery"; Deitsch et al. 2019,
    "Automatic classification of defective photovoltaic module cells in
    electroluminescence images"; https://github.com/zae-bayern/elpv-dataset

    Examples
    --------
    >>> cells = load_solar_cells(64)  # doctest: +SKIP
    >>> cells.images.shape  # doctest: +SKIP
    (2624, 64, 64)
    """
    size = read_count(size, "size", most=2048)
    names, probability, kinds = cell_files.read_labels_file()
    images = cell_files.load_pictures(names, size, progress=progress)
    print(NOTICE)
    return SolarCells(
        images,
        (probability > 0.5).astype(np.int64),
        probability,
        kinds,
        np.repeat(np.arange(len(MODULE_SIZES)), MODULE_SIZES),
    )


def split_modules(
    modules: np.ndarray, kinds: np.ndarray, *, share: float = 0.25, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Cut the cells between modules: no module has cells on both sides.

    Cells of one module look alike and often fail alike: when they are dealt out
    at random, the test is easier than a new module will be.  Defects differ from
    module to module, so look at several seeds.

    Parameters
    ----------
    modules, kinds
        Of each cell, as in `SolarCells`.
    share
        Of the modules of each kind that are kept for the test; one of each at
        least, and never all.
    seed
        Which draw.  The same seed gives the same one.

    Returns
    -------
    train, test : numpy.ndarray
        Row numbers, in order.

    Raises
    ------
    ValueError
        If a kind has fewer than two modules, a module has cells of two kinds, or
        the two differ in length.

    Examples
    --------
    >>> modules = np.arange(16) // 2
    >>> train, test = split_modules(modules, modules // 4)
    >>> modules[test]
    array([2, 2, 7, 7])
    """
    modules = read_labels(modules, "modules")
    kinds = read_labels(kinds, "kinds", count=len(modules))
    for module in np.unique(modules):
        if (count := len(np.unique(kinds[modules == module]))) > 1:
            raise ValueError(
                f"A module has cells of one kind; module {module} has cells of {count} kinds."
            )
    return split_groups(modules, kinds, share=share, seed=seed, many="modules")
