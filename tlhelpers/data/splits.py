"""Splits and label budgets: who learns from what, and what is kept for the test.

Arrays of images and labels are cut by rows, and the report on a folder of
pictures by files.  Nothing here knows about networks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tlhelpers.data.folder_report import FolderReport, SplitFiles, stricter_alike
from tlhelpers.data.near_copies import positions_by_key
from tlhelpers.data.picture_datasets import dataset_of_arrays
from tlhelpers.data.wording import counted, printable_name
from tlhelpers.inputs import read_count, read_items, read_labels, read_number, read_seed

if TYPE_CHECKING:  # for readers and type checkers only: TensorFlow takes seconds to load
    import tensorflow as tf


def contiguous_split(n: int, parts: int = 2) -> list[slice]:
    """Cut n rows into neighbouring parts of (nearly) equal size, without shuffling.

    The rows of scikit-learn's digits come in the order of their writers.  A
    shuffled split puts the same hands on both sides, and the test then asks
    for less than it seems to.

    Parameters
    ----------
    n
        Number of rows, at least ``parts``.
    parts
        Number of parts, at least 2.

    Returns
    -------
    list of slice
        One slice of rows for each part, in order.

    Raises
    ------
    ValueError
        If there are fewer rows than parts.

    Examples
    --------
    >>> contiguous_split(5, 2)
    [slice(0, 2, None), slice(2, 5, None)]
    """
    parts = read_count(parts, "parts", least=2)
    n = read_count(n, "n, the rows for these parts,", least=parts, most=10**9)
    edges = [n * i // parts for i in range(parts + 1)]
    return [slice(a, b) for a, b in zip(edges, edges[1:], strict=False)]


def label_budget(labels: np.ndarray, per_class: int, *, seed: int = 0) -> np.ndarray:
    """Draw the rows that a small label budget would pay for.

    Parameters
    ----------
    labels
        Shape (n,), integers.
    per_class
        How many labelled examples of every class, at least 1.
    seed
        Which draw.  The same seed gives the same rows, and a larger budget with
        the same seed contains the smaller one.

    Returns
    -------
    numpy.ndarray
        Row numbers, ``per_class`` for each class, ordered by class.

    Raises
    ------
    ValueError
        If a class has fewer examples than the budget asks for.

    Examples
    --------
    >>> labels = np.array([0, 1, 0, 1, 0, 1])
    >>> rows = label_budget(labels, 2, seed=0)
    >>> labels[rows]
    array([0, 0, 1, 1])
    """
    labels, per_class = read_labels(labels), read_count(per_class, "per_class")
    classes, counts = np.unique(labels, return_counts=True)
    if len(classes) == 0:
        raise ValueError("There are no labels to draw from.")
    if counts.min() < per_class:
        poor = classes[counts.argmin()]
        raise ValueError(
            f"A budget of {per_class} for each class is more labels than there are: "
            f"class {poor} has {counts.min()}. Ask for at most {counts.min()}."
        )
    rng = np.random.default_rng(read_seed(seed))
    # One random order for each class, and then its beginning: nested budgets.
    orders = [rng.permutation(np.flatnonzero(labels == c)) for c in classes]
    return np.concatenate([order[:per_class] for order in orders])


TRIES = 50  # orders to deal in, before a split is refused


def stratified_split(
    report: FolderReport, fractions: Sequence[float] = (0.75, 0.25), *, seed: int = 0
) -> list[SplitFiles]:
    """Cut the pictures of a report into parts, every class in the same proportions.

    Pictures that look alike stay together, so that no part holds a copy of what
    is in another.

    Parameters
    ----------
    report
        From `folders.scan_folder`.
    fractions
        The share of each part, such as ``(0.6, 0.2, 0.2)``; together 1.
    seed
        Which draw.  The same seed gives the same parts.

    Returns
    -------
    list of Part
        One for each fraction, its files ordered by class and name.

    Raises
    ------
    ValueError
        If a class has too few different pictures; the message says what to do.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tlhelpers.data.folder_report import UsablePicture
    >>> rows = [UsablePicture(Path(f"{i}.png"), i // 4, 60, 40, i, ()) for i in range(8)]
    >>> report = FolderReport(Path("fruit"), ("kiwi", "lemon"), tuple(rows), (), 0)
    >>> train, test = stratified_split(report)
    >>> train.labels, test.labels
    (array([0, 0, 0, 1, 1, 1]), array([0, 1]))
    """
    shares = [read_number(share, "A fraction") for share in read_items(fractions, "fractions")]
    if len(shares) < 2 or min(shares) <= 0 or not math.isclose(sum(shares), 1):
        raise ValueError(f"fractions must be above 0 and 1 together; got {tuple(shares)}.")
    if not isinstance(report, FolderReport):
        kind = type(report).__name__
        raise TypeError(f"report must come from tl.folders.scan_folder(folder); got {kind}.")
    if len(report.classes) < 2:
        raise ValueError(
            f"There is nothing to tell apart: {report.folder} has usable pictures in "
            f"{counted(len(report.classes), 'class')}; wanted are at least two classes. "
            "What was left out, and why, says print(tl.folders.scan_folder(folder))."
        )
    seed = read_seed(seed)
    part = _deal_out(report, np.array(shares), seed)
    if part is None:
        raise ValueError(_cannot_split(report, np.array(shares), seed))
    labels = np.array([picture.label for picture in report.pictures])
    return [
        SplitFiles(tuple(report.pictures[i].file for i in rows), labels[rows])
        for rows in (np.flatnonzero(part == p) for p in range(len(shares)))
    ]


def _together(report: FolderReport) -> tuple[list[list[int]], np.ndarray, np.ndarray]:
    """Return the groups that look alike, all labels, and how many groups each class has."""
    together = positions_by_key([picture.group for picture in report.pictures])
    labels = np.array([picture.label for picture in report.pictures])
    different = np.zeros(len(report.classes), int)
    for rows in together:
        different[np.unique(labels[rows])] += 1
    return together, labels, different


def _deal_out(report: FolderReport, fractions: np.ndarray, seed: int) -> np.ndarray | None:
    """Return the part of each picture, every class in all of them; None if that cannot be."""
    together, labels, different = _together(report)
    rng = np.random.default_rng(seed)
    for _ in range(TRIES if different.min() >= len(fractions) else 0):
        part = _deal(together, labels, fractions, rng)
        if all(len(set(part[labels == c])) == len(fractions) for c in range(len(different))):
            return part
    return None


def _deal(
    together: list[list[int]], labels: np.ndarray, fractions: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Deal groups of pictures out to parts, and return the part of each picture.

    scikit-learn's ``StratifiedGroupKFold`` makes parts of one size.  Joined to
    parts of other sizes, its folds miss a share by more than one picture, or
    leave a part without a class that has few pictures.
    """
    wanted = np.outer(fractions, np.bincount(labels))  # pictures: part × class
    given = np.zeros(wanted.shape)
    own = [np.unique(labels[rows], return_counts=True) for rows in together]
    left = np.zeros(wanted.shape[1], int)  # groups to come, of each class
    for classes, _ in own:
        left[classes] += 1
    part = np.full(len(labels), -1)
    # The difficult ones first: groups across classes, then large ones.
    order = sorted(
        rng.permutation(len(together)), key=lambda i: (len(own[i][0]) == 1, -len(together[i]))
    )
    for i in order:
        classes, counts = own[i]
        short = (wanted[:, classes] - given[:, classes]) @ counts
        empty = given[:, classes] == 0
        last = left[classes] <= empty.sum(axis=0)  # no part goes without a class
        needs = (empty & last).sum(axis=1)
        short[needs < needs.max()] = -np.inf
        to = short.argmax()
        part[together[i]] = to
        given[to, classes] += counts
        left[classes] -= 1
    return part


def _cannot_split(report: FolderReport, fractions: np.ndarray, seed: int) -> str:
    """Say which class cannot be in all parts, why, and what to do."""
    # How many of each class can be dealt out, those that look alike counting as one.
    together, _, different = _together(report)
    parts = len(fractions)
    label = int(different.argmin())
    name, have = report.classes[label], report.counts[report.classes[label]]
    if different[label] < parts:
        why = f"it has {counted(have)}"
        if have > different[label]:
            why += (
                ", and those that look alike stay together, which leaves "
                f"{different[label]} to deal out"
            )
        fewer = " ask for fewer parts," if parts > 2 else ""
        strictly = _more_strictly(report, fractions, seed) if have > different[label] else ""
        return (
            f"Class {name!r} cannot be in all {parts} parts: {why}. "
            f"Add pictures that differ,{fewer} or move the class elsewhere."
            + f" If they are no copies, {strictly}."
            * bool(strictly)
        )
    across = [
        [report.pictures[i] for i in rows]
        for rows in together
        if len({report.pictures[i].label for i in rows}) > 1
    ]
    first = across[0]
    other = next(picture for picture in first if picture.label != first[0].label)
    pair = [f"{report.classes[p.label]}/{p.file.name}" for p in (first[0], other)]
    names = " and ".join(map(printable_name, pair))
    strictly = _more_strictly(report, fractions, seed)
    return (
        f"The classes cannot all be in all {parts} parts: pictures that look alike stay together, "
        f"also across classes, such as {names} ({counted(len(across), 'such group')}). Are they in "
        f"the right folders? Move or remove them{', or ask for fewer parts' * (parts > 2)}."
        + f" If they are no copies, {strictly}."
        * bool(strictly)
    )


def _more_strictly(report: FolderReport, fractions: np.ndarray, seed: int) -> str:
    """Say with which ``alike`` the split works; "" if with none."""
    found = stricter_alike(
        report, lambda stricter: _deal_out(stricter, fractions, seed) is not None
    )
    return f"compare more strictly: alike={found:g} is enough here" if found else ""


class Split(NamedTuple):
    """Images and their labels: ``images, labels = lab.train``."""

    images: np.ndarray
    labels: np.ndarray

    def dataset(
        self,
        batch_size: int = 32,
        *,
        shuffle: bool = False,
        seed: int = 0,
        preprocess: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> tf.data.Dataset:
        """Return pairs of images and labels, batch by batch, as Keras takes them.

        For pictures on disk, `picture_datasets.FileSplit` does the same.

        Parameters
        ----------
        batch_size
            How many images come at once.
        shuffle
            Give them in another order in each pass; for training.
        seed
            Which orders.
        preprocess
            What the network wants to be done first, such as ``lab.preprocess``.

        Returns
        -------
        tf.data.Dataset
            Images (batch, ...), and labels (batch,), int64.

        Examples
        --------
        >>> pairs = Split(np.zeros((5, 8, 8)), np.array([0, 1, 2, 1, 0])).dataset(3)
        >>> [labels.numpy().tolist() for images, labels in pairs]
        [[0, 1, 2], [1, 0]]
        """
        return dataset_of_arrays(
            self.images,
            self.labels,
            batch_size,
            shuffle=shuffle,
            seed=seed,
            preprocess=preprocess,
        )
