"""What the solar lab is made of: an ImageNet network, and photographs that are far from ImageNet.

The photographs are those of `tlhelpers.data.solar`: grey, from real work.  The
question is whether a cell has a defect; its kind (one crystal or many) is the
domain.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tlhelpers.data import solar
from tlhelpers.data.splits import Split

CLASSES = ("works", "defect")


class SolarSplit(NamedTuple):
    """The photographs, cut in two between modules.

    Attributes
    ----------
    train, test
        Images (n, size, size, 3), uint8, and their labels.  The three colours
        are one grey in memory, so the arrays cannot be written to: copy first.
    cells
        All cells, with kinds and modules, in the order of the files.
    rows
        Which rows of ``cells`` train and test are.
    """

    train: Split
    test: Split
    cells: solar.SolarCells
    rows: tuple[np.ndarray, np.ndarray]


def load_split(size: int, seed: int = 0) -> SolarSplit:
    """Load the photographs and cut them between modules.

    Parameters
    ----------
    size
        Height and width of the images, in pixels.
    seed
        Which split; see `solar.split_modules`.

    Raises
    ------
    fetch.FileNotHere, ValueError
        As for `solar.load_solar_cells`.
    """
    cells = solar.load_solar_cells(size)
    rows = solar.split_modules(cells.modules, cells.kinds, seed=seed)
    train, test = (Split(grey_to_rgb(cells.images[part]), cells.labels[part]) for part in rows)
    return SolarSplit(train, test, cells, rows)


def grey_to_rgb(images: np.ndarray) -> np.ndarray:
    """Give grey pictures three colours, as ImageNet's networks want them, without a copy.

    Parameters
    ----------
    images
        Shape (n, height, width).

    Returns
    -------
    numpy.ndarray
        Shape (n, height, width, 3); it cannot be written to.

    Examples
    --------
    >>> grey_to_rgb(np.zeros((2, 8, 8), np.uint8)).shape
    (2, 8, 8, 3)
    """
    return np.broadcast_to(images[..., None], (*images.shape, 3))
