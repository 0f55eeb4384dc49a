"""What a lab of own pictures is made of: a folder that is looked at and cut, and a network.

The files are looked at by `tlhelpers.data.folders`; the network is one of the table
(`tlhelpers.networks.table`), or the bundled one that reads characters.
`Lab.from_folder` puts it together.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tlhelpers.data import (
    folder_report,
    folders,
    given_splits,
    glyphs,
    picture_datasets,
    splits,
)
from tlhelpers.data.image_files import check_memory, load_images
from tlhelpers.data.names import as_path
from tlhelpers.data.structure import NO_TABLE
from tlhelpers.data.wording import counted, printable_name
from tlhelpers.fetching import fetch, mirror, registry
from tlhelpers.inputs import check_shape, read_array, read_count, read_seed
from tlhelpers.labs import digits, imagenet
from tlhelpers.networks import imagenet_weights, preprocessing, table
from tlhelpers.networks.build import build_network

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras

INK_SIZE = 96  # pixels to load a drawn character at, before its 8 × 8 are made


class NetworkPlan(NamedTuple):
    """A network for own pictures, not built yet: what a `Lab` wants to know of it.

    Attributes
    ----------
    build
        ``build(pretrained=True)`` builds it, and fetches its weights if need be.
    classes
        What it can answer; () if the list of ImageNet's classes is not here.
    weights
        Which weights it has, as far as that can be said before they are fetched.
    """

    build: Callable[..., keras.Model]
    classes: tuple[str, ...]
    weights: str


def scan_and_split(
    path: str | Path,
    size: int,
    *,
    fractions: Sequence[float] = (0.75, 0.25),
    seed: int = 0,
    alike: float = 0.98,
    most_per_class: int | None = None,
    in_memory: bool = True,
    progress: bool = True,
) -> tuple[folder_report.FolderReport, list[folder_report.SplitFiles]]:
    """Look at a folder, print what is there, and cut what is good into two parts.

    Parameters
    ----------
    path
        A folder with one folder for each class, or with ``train`` and ``test``
        folders that hold those.
    size
        The side in pixels that the pictures will have, to see whether they fit
        into memory.
    fractions, seed, alike, most_per_class, in_memory, progress
        As for `Lab.from_folder`.

    Returns
    -------
    report : folder_report.Report
        On all that was found; its remarks say how it was cut.
    parts : list of folder_report.Part
        What to learn from, and what to test with.

    Raises
    ------
    OSError, ValueError, MemoryError
        As for `Lab.from_folder`.
    """
    if most_per_class is not None:
        most_per_class = read_count(most_per_class, "most_per_class", least=2)
    seed, size = read_seed(seed), read_count(size, "size")
    if not isinstance(fractions, Sequence) or isinstance(fractions, str) or len(fractions) != 2:
        raise ValueError(f"fractions must be two, to learn and to test; got {fractions!r}.")
    given = bool(given_splits.find_given_split(path))
    parts: list[folder_report.SplitFiles] = []
    if given:
        report, parts = given_splits.scan_given_split(path, alike=alike, progress=progress)
        if most_per_class is not None:
            share = len(parts[1].files) / max(1, len(report.pictures))
            tested = min(max(round(most_per_class * share), 1), most_per_class - 1)
            most = (most_per_class - tested, tested)
            parts = [
                _fewer_of_part(part, report.pictures, count, seed)
                for part, count in zip(parts, most, strict=True)
            ]
        small = len(report.classes) < 2
    else:
        report = folders.scan_folder(path, alike=alike, progress=progress)
        kept = report
        if most_per_class is not None:
            kept = dataclasses.replace(
                report, pictures=_fewer(report.pictures, most_per_class, seed)
            )
        try:
            parts = splits.stratified_split(kept, fractions, seed=seed)
        except ValueError as error:
            if progress:
                print(report)  # it says why there is so little
            raise ValueError(" ".join([str(error), *_hints(report)])) from None
        small = False
        remark = "Split: every class in the same proportions, what looks alike on one side."
        report = dataclasses.replace(report, remarks=(*report.remarks, remark))
    counts = [len(part.files) for part in parts]
    remarks = [f"{counted(counts[0])} to learn from (train), {counts[1]:,} to test with (test)."]
    if sum(counts) < len(report.pictures):
        remarks.append(
            f"{counted(len(report.pictures) - sum(counts))} not used, to have at most "
            f"{most_per_class:,} of a class."
        )
    report = dataclasses.replace(report, remarks=(*report.remarks, *remarks))
    if progress:
        print(report)
    if small:
        raise ValueError(
            f"There is nothing to tell apart: {report.folder} has "
            f"{counted(len(report.classes), 'class')} with usable pictures in both parts; wanted "
            "are at least two. print(report) shows what was left out and why, after "
            "report, _ = tlhelpers.data.given_splits.scan_given_split(path)."
            + "".join(f" {hint}" for hint in _hints(report))
        )
    if in_memory:
        check_memory(
            sum(counts),
            size,
            "Take fewer: give most_per_class, such as "
            f"most_per_class={_that_fit(size, len(report.classes))}. Or leave all of them on disk: "
            "in_memory=False.",
        )
    return report, parts


def load_part(
    part: folder_report.SplitFiles, size: int, *, drawn: bool, in_memory: bool, progress: bool
) -> splits.Split | picture_datasets.FileSplit:
    """Load one part that was just cut, or make ready to read it when it is used.

    Parameters
    ----------
    part
        From `scan_and_split`.
    size
        Height and width to bring the pictures to, in pixels.
    drawn
        Whether they show characters, to be made into what the digits lab has.
    in_memory, progress
        As for `Lab.from_folder`.

    Raises
    ------
    ValueError
        If a file has gone or changed for the worse since it was looked at.
    """
    if not in_memory:
        convert = to_ink if drawn else None
        return picture_datasets.FileSplit(part.files, part.labels, size, convert=convert)
    try:
        images = load_images(part.files, size, progress=progress)
    except ValueError as error:  # all of them were usable a moment ago
        raise ValueError(f"{error} The folder has changed meanwhile: make the lab again.") from None
    return splits.Split(to_ink(images) if drawn else images, part.labels)


def _hints(report: folder_report.FolderReport) -> list[str]:
    """Return what in a report may be the reason that classes are missing."""
    tables = [item for item in report.left_out if item.why == NO_TABLE]
    return [
        *[f"{printable_name(item.file.name)} is {item.why}." for item in tables[:1]],
        *report.hints,
    ]


def _that_fit(size: int, classes: int) -> int:
    """Return how many pictures of each class fit into half of the free memory."""
    import psutil

    return max(2, psutil.virtual_memory().available // 2 // (size * size * 3 * classes))


def _fewer(
    pictures: Sequence[folder_report.UsablePicture], most: int, seed: int
) -> tuple[folder_report.UsablePicture, ...]:
    """Return at most so many pictures of each class, different ones if possible, in order."""
    rng = np.random.default_rng(seed)
    seen: dict[tuple[int, int], int] = {}
    ranked: list[tuple[int, int, int]] = []
    for i in rng.permutation(len(pictures)):
        key = pictures[i].label, pictures[i].group
        seen[key] = seen.get(key, 0) + 1
        ranked.append((seen[key], len(ranked), int(i)))  # the second of its group comes later
    taken: dict[int, list[int]] = {}
    for _, _, i in sorted(ranked):
        rows = taken.setdefault(pictures[i].label, [])
        if len(rows) < most:
            rows.append(i)
    return tuple(pictures[i] for i in sorted(i for rows in taken.values() for i in rows))


def _fewer_of_part(
    part: folder_report.SplitFiles,
    pictures: Sequence[folder_report.UsablePicture],
    most: int,
    seed: int,
) -> folder_report.SplitFiles:
    """Return a part with at most so many files of each class; ``pictures`` has their groups."""
    inside = set(part.files)
    keep = {p.file for p in _fewer([p for p in pictures if p.file in inside], most, seed)}
    rows = [i for i, file in enumerate(part.files) if file in keep]
    return folder_report.SplitFiles(tuple(part.files[i] for i in rows), part.labels[rows])


def plan_network(
    architecture: str, *, weights: str | Path | None = None, download: bool = False
) -> NetworkPlan:
    """Say how to build a network, what it can answer, and which weights it has.

    Weights that are on this computer, may be in a mirror, or may be downloaded are
    looked at right away.  Others are fetched when the network is built.

    Parameters
    ----------
    architecture
        A name in `table.ARCHITECTURES`, or ``"digits"``.
    weights
        A file of ImageNet weights for it; by default what `fetch` has or gets.
    download
        Whether more than 20 MB may come from the internet.

    Raises
    ------
    FileNotFoundError
        If there is no such file of weights.
    ValueError
        If there is no such network, or weights are given for the digits network.
    """
    if _is_drawn(architecture):
        if weights is not None:
            raise ValueError("The digits network has its own weights; leave weights out.")
        return NetworkPlan(digits.build_digits_network, glyphs.CLASSES, digits.LABEL)
    table.find_architecture(architecture)
    weights = None if weights is None else as_path(weights)
    if weights is not None and not weights.is_file():
        raise FileNotFoundError(f"There is no file of weights {weights}.")

    def build(pretrained: bool = True) -> keras.Model:
        path = None
        if pretrained:
            path = weights or fetch.fetch_file(
                imagenet_weights.weights_file(architecture), download=download
            )
        return build_network(architecture, path)

    classes: tuple[str, ...] = ()
    names = registry.FILES[imagenet.PACKAGED], registry.FILES[imagenet.CLASSES]
    if any(_is_near(file, download) for file in names):
        with contextlib.suppress(fetch.FileNotHere):  # no reason to stop with classes of one's own
            classes = imagenet.fetch_classes()
    if weights is not None:
        return NetworkPlan(build, classes, f"{architecture} ({weights.name})")
    label = f"{architecture} (weights not here yet)"
    if _is_near(imagenet_weights.weights_file(architecture), download):
        # Said when the network is built; the pictures can be looked at without it.
        with contextlib.suppress(fetch.FileNotHere):
            _, label = imagenet.fetch_weights(architecture, download=download)
    return NetworkPlan(build, classes, label)


def _is_drawn(architecture: str) -> bool:
    """Say whether it is the network for drawn characters that is meant."""
    if not isinstance(architecture, str):
        kind = type(architecture).__name__
        raise TypeError(f"architecture must be a name, such as 'MobileNetV2'; got {kind}.")
    return architecture == "digits"


def _is_near(file: registry.File, download: bool) -> bool:
    """Say whether to get a file at once: it is here, may be in a mirror, or was asked for."""
    here = file.installed() is not None or file.place().is_file()
    return download or here or bool(mirror.mirror_source())


def prepare_files(
    paths: Sequence[str | Path], architecture: str = "EfficientNetLite0", *, progress: bool = True
) -> np.ndarray:
    """Read picture files and make of them what a network wants to see.

    The same steps as in `Lab.from_folder` and ``lab.preprocess``, for new
    pictures, and for a classifier that was saved and loaded again.

    Parameters
    ----------
    paths
        Picture files, as a list.
    architecture
        A name in `table.ARCHITECTURES`, or ``"digits"``; the one that the
        classifier was made from.
    progress
        Show a bar with the time left if it takes longer than a second.

    Returns
    -------
    numpy.ndarray
        Shape (files, size, size, 3), float32.

    Raises
    ------
    ValueError
        If a file cannot be used, or there is no such network; the message says why.
    TypeError
        If it is one file instead of a list.

    Examples
    --------
    >>> prepare_files([], "MobileNetV2").shape
    (0, 224, 224, 3)
    """
    drawn = _is_drawn(architecture)
    size = INK_SIZE if drawn else table.find_architecture(architecture).size
    images = load_images(paths, size, progress=progress)
    if drawn:
        return digits.preprocess_digits(to_ink(images))
    return np.asarray(preprocessing.preprocess_for(architecture)(images), np.float32)


def to_ink(images: np.ndarray) -> np.ndarray:
    """Turn pictures of one dark character on light paper into what the digits lab has.

    The paper's brightness is taken off, the ink is cut out with the square
    around it, and that is averaged to 8 × 8.  A photograph with a shadow, lines
    or a second character does not come out well: look at the result.

    Tried on 598 of the scanned digits (rows 300 to 897 of ``lab.train``), drawn
    large on a white page: the bundled network reads 91 % of them, and 92 % when
    it gets them as they are.  Photographs of real paper were not tried.

    Parameters
    ----------
    images
        Shape (n, height, width, 3), uint8.

    Returns
    -------
    numpy.ndarray
        Shape (n, 8, 8), float32 from 0 (paper) to 1 (ink).

    Raises
    ------
    TypeError, ValueError
        If they are no such images.

    Examples
    --------
    >>> white = np.full((1, 32, 32, 3), 255, np.uint8)
    >>> white[:, 4:28, 14:18] = 0  # an upright line
    >>> to_ink(white)[0].round(1)[4]
    array([0. , 0. , 0. , 0.7, 0.7, 0. , 0. , 0. ], dtype=float32)
    """
    from PIL import Image

    images = read_array(images, "images")
    check_shape(images, "images", (None, None, 3))
    if images.dtype != np.uint8:
        raise TypeError(f"images must be uint8, from 0 to 255; got {images.dtype}.")
    result = np.zeros((len(images), glyphs.SIZE, glyphs.SIZE), np.float32)
    for i, image in enumerate(images):
        grey = np.asarray(Image.fromarray(image).convert("L"), np.float32)
        paper, dark = np.percentile(grey, 90), grey.min()
        if paper - dark < 32:  # nothing is written there
            continue
        ink = np.clip((paper - grey) / (paper - dark), 0, 1)
        ink[ink < 0.05] = 0  # the grain of the paper
        rows, columns = (np.flatnonzero((ink > 0.5).any(axis=axis)) for axis in (1, 0))
        high, wide = rows[-1] + 1 - rows[0], columns[-1] + 1 - columns[0]
        side = max(high, wide)
        square = np.zeros((side, side), np.float32)
        top, left = (side - high) // 2, (side - wide) // 2
        square[top : top + high, left : left + wide] = ink[
            rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1
        ]
        small = Image.fromarray(square).resize((glyphs.SIZE, glyphs.SIZE), Image.Resampling.BOX)
        result[i] = np.clip(np.asarray(small), 0, 1)
    return result
