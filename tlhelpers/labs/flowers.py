"""What the flowers lab is made of: ImageNet weights and a thousand photographs of flowers.

Everything comes through `tlhelpers.fetching.fetch`: from this computer, the classroom's
mirror, or the internet if you ask for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from tlhelpers.data import folder_report, folders, image_files, splits
from tlhelpers.fetching import fetch
from tlhelpers.labs import imagenet
from tlhelpers.networks import table

PER_CLASS = 200  # photographs of each class that the lab uses
ALIKE = 0.93  # also finds several shots of one scene, which must not be on both sides


class FlowerSplit(NamedTuple):
    """The photographs, cut in two.

    Attributes
    ----------
    classes
        The names of the flowers; label ``i`` means ``classes[i]``.
    train, test
        Files and their labels.
    """

    classes: tuple[str, ...]
    train: folder_report.SplitFiles
    test: folder_report.SplitFiles


def split_flowers(folder: Path) -> FlowerSplit:
    """Cut the first 200 photographs of each class into about 60 % to learn from and 40 %.

    "First" is in byte order of the file names.  Exact copies are left out, and
    pictures that look alike are on one side.

    Parameters
    ----------
    folder
        From `fetch.fetch_flower_photos`.

    Returns
    -------
    Sides
        The same every time.
    """
    report = folders.scan_folder(folder, alike=ALIKE, first=PER_CLASS)
    train, test = splits.stratified_split(report, (0.6, 0.4), seed=0)
    return FlowerSplit(report.classes, train, test)


def load_photographs(part: folder_report.SplitFiles, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Load one side: images (n, size, size, 3), uint8 in RGB, and their labels.

    Photographs are pressed into the square, and nothing is cut off.  Averaged over
    eight cuts into two sides, a linear classifier on MobileNetV2's features then had
    an accuracy of 87.2 % instead of 86.3 % (100 labels of each class; weights of the
    8-bit release).
    """
    return image_files.load_images(part.files, size, whole=True), part.labels


def fetch_parts(
    architecture: str, *, download: bool = False
) -> tuple[Path, str, tuple[str, ...], Path]:
    """Get what the lab needs, or say that something is not here.

    Parameters
    ----------
    architecture
        A name in `table.ARCHITECTURES`.
    download
        As for `fetch.fetch_file`.

    Returns
    -------
    tuple
        The file of weights, its label, the names of ImageNet's classes, and the
        folder of photographs.

    Raises
    ------
    fetch.FileNotHere
        If something cannot be had.
    ValueError
        If there is no network of that name.
    """
    table.find_architecture(architecture)
    # The largest first: if it is missing, nothing smaller is downloaded in vain.
    folder = fetch.fetch_flower_photos(download=download)
    path, label = imagenet.fetch_weights(architecture, download=download)
    return path, label, imagenet.fetch_classes(download=download), folder
