"""Checks of a split: has the test been seen before?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tlhelpers.transfer.checkup.report import Finding, NotSeen
from tlhelpers.transfer.checkup.subject import CannotSee, Part, Subject, pixel_names, steps_of

SIDE = 16  # pixels of the thumbnails that are compared
CROWD = 10  # the neighbour that says how close pictures are that only resemble each other
CLOSE = 0.35  # of its distance: a copy is nearer
MOST_NUMBERS = 2**24  # of which mean and spread are calculated
DRAWN_TWICE = 0.05  # the share of a test in train from which on a copy here and there is no reason


def look_at_same(subject: Subject) -> Iterator[Finding | NotSeen]:
    """Find the same pictures on two sides of a split."""
    train, test, validation = subject.train, subject.test, subject.validation
    if validation is not None and test is not None:
        same = _same(validation, test)
        if same > 0.5 * min(len(test.images), len(validation.images)):
            yield Finding(
                "test_as_validation",
                f"{same} of the {len(test.images)} pictures of test that were looked at are in "
                "validation: what is chosen on it (epoch, rate, layer) is chosen on the test",
                "Cut a validation off train; open the test once, at the end.",
            )
    elif validation is None:
        yield NotSeen(
            "test_as_validation",
            "on what you chose epoch, rate or network. validation=... compares it with the test.",
        )
    if train is None:
        raise CannotSee("train was not handed over.")
    for other in (test, validation):
        if other is None:
            continue
        if _reshuffled_cut(train, other):
            yield Finding(
                "take_skip",
                f"train and {other.name} are cut by take() and skip() from one shuffle() that "
                "draws anew in every pass: pictures wander from one to the other",
                "Cut first and shuffle then, or shuffle(..., reshuffle_each_iteration=False).",
            )
            return
        same = _same(other, train)
        if same > DRAWN_TWICE * len(other.images):
            yield Finding(
                "take_skip",
                f"{same} of the {len(other.images)} pictures of {other.name} that were looked at "
                "are in train, pixel by pixel",
                "Cut by row numbers once: np.intersect1d(rows_of_train, rows_of_test) must be "
                "empty.",
            )
            return


def _same(part: Part, other: Part) -> int:
    """Count the images of one side that are on another."""
    if part.images.shape[1:] != other.images.shape[1:]:
        return 0
    if part.images.dtype == other.images.dtype:
        there = set(other.pixel_names)
        return sum(name in there for name in part.pixel_names)
    kind = np.result_type(part.images, other.images)
    there = set(pixel_names(other.images.astype(kind)))
    return sum(name in there for name in pixel_names(part.images.astype(kind)))


def _reshuffled_cut(train: Part, other: Part) -> bool:
    kinds = ("_TakeDataset", "_SkipDataset")
    cut = [[step for step in part.steps if type(step).__name__ in kinds] for part in (train, other)]
    for one in cut[0]:
        for two in cut[1]:
            sources = {id(step): step for step in steps_of(one)}
            shared = [sources[id(step)] for step in steps_of(two) if id(step) in sources]
            kept = any(type(step).__name__ == "CacheDataset" for step in shared)
            if not kept and any(
                type(step).__name__ == "_ShuffleDataset"
                and step._reshuffle_each_iteration is not False
                for step in shared
            ):
                return True
    return False


def look_at_copies(subject: Subject) -> Iterator[Finding | NotSeen]:
    """Find pictures of the test that are nearly the same as one of train.

    A set may be full of pictures that look alike (digits, solar cells).  So a copy is not what
    is near, but what is far nearer than a crowd of others: nearer than `CLOSE` times the
    distance of the tenth neighbour.
    """
    train = subject.train
    if train is None or subject.test is None:
        raise CannotSee("train and test are needed.")
    if train.images.ndim not in (3, 4) or train.images.shape[1:] != subject.test.images.shape[1:]:
        raise CannotSee("train and test are no pictures of the same size.")
    if len(train.images) < 2 * CROWD:
        raise CannotSee(f"there are only {len(train.images)} pictures in train.")
    if any(item.name == "take_skip" for item in look_at_same(subject)):
        raise CannotSee("the very same pictures are on both sides: put that right first.")
    scale = float(train.images.min()), float(train.images.max())
    here = _vectors(train.images, scale)
    for part in (subject.test, subject.validation):
        if part is None:
            continue
        near = _nearness(_vectors(part.images, scale), here)
        found = np.flatnonzero(near < CLOSE)
        if len(found) > max(1, 0.02 * len(part.images)):
            first = part.rows[found[0]]
            yield Finding(
                "copies",
                f"{len(found)} of the {len(part.images)} pictures of {part.name} that were looked "
                f"at are nearly the same as one of train, such as number {first}",
                "Keep pictures of one scene on one side: cut between scenes, or use "
                "tl.folders.scan_folder and tl.splits.stratified_split.",
            )
            return


def _vectors(images: np.ndarray, scale: tuple[float, float]) -> np.ndarray:
    """Return thumbnails as rows of length 1, without their brightness: shape (n, SIDE**2)."""
    rows = np.stack([_shrunk(image).ravel() for image in images])
    rows -= rows.mean(axis=1, keepdims=True)
    noise = (scale[1] - scale[0]) / 255
    size = np.sqrt((rows**2).sum(axis=1) + rows.shape[1] * noise**2)
    return rows / np.maximum(size, 1e-12)[:, None]


def _shrunk(image: np.ndarray) -> np.ndarray:
    """Return the grey of SIDE × SIDE fields, or of a smaller picture as it is."""
    image = image.astype(np.float32)
    image = image.mean(axis=-1) if image.ndim == 3 else image
    for axis in (0, 1):
        length = image.shape[axis]
        if length > SIDE:
            edges = np.linspace(0, length, SIDE + 1).astype(int)
            sums = np.add.reduceat(image, edges[:-1], axis=axis)
            image = sums / np.diff(edges).reshape((-1, 1) if axis == 0 else (1, -1))
    return image


def _nearness(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the distance of the nearest other, in that of the tenth nearest."""
    found = []
    for start in range(0, len(rows), 500):
        likeness = rows[start : start + 500] @ others.T
        best = np.partition(likeness, len(others) - CROWD, axis=1)[:, -CROWD:]
        first, tenth = best.max(axis=1), best.min(axis=1)
        away = np.sqrt(np.maximum(2 - 2 * np.stack([first, tenth]), 1e-12))
        found.append(away[0] / away[1])
    return np.concatenate(found)


def look_at_groups(subject: Subject) -> Iterator[Finding | NotSeen]:
    """Find writers, scenes or modules that are on both sides."""
    if subject.groups is None:
        raise CannotSee(
            "who wrote, took or made each picture. groups=(of_train, of_test) tells whether "
            "anyone is on both sides."
        )
    train, test = subject.groups
    both = np.intersect1d(train, test)
    if len(both):
        share = float(np.isin(test, both).mean())
        yield Finding(
            "groups",
            f"{len(both)} groups are on both sides, such as {both[0]}: {share:.0%} of the test "
            "is from a group that train has",
            "Cut between groups: sklearn.model_selection.GroupShuffleSplit, or "
            "tl.group_splits.split_groups.",
        )


def look_at_scale(subject: Subject) -> Iterator[Finding | NotSeen]:
    """Find arrays that are standardised over train and test together."""
    unseen = NotSeen(
        "scaled_on_all",
        "on which rows a scaler, a vocabulary or a selection of features was fitted. Fit it on "
        "train alone.",
    )
    parts = subject.parts
    if len(parts) < 2 or any(part.is_dataset or not part.whole for part in parts):
        yield unseen
        return
    rows = [part.images.reshape(len(part.images), -1) for part in parts]
    size = sum(one.size for one in rows)
    if len({one.shape[1] for one in rows}) > 1 or rows[0].dtype.kind != "f" or size > MOST_NUMBERS:
        yield unseen
        return
    every = np.concatenate(rows).astype(np.float64)
    if _is_standard(every) and not _is_standard(rows[0].astype(np.float64)):
        yield Finding(
            "scaled_on_all",
            f"over {' and '.join(part.name for part in parts)} together, every column has the "
            "mean 0 and the spread 1, and over train alone it has not",
            "Fit the scaler on train, and only use it on the test.",
        )
    else:
        yield unseen


def _is_standard(rows: np.ndarray) -> bool:
    """Say whether every column has mean 0 and spread 1 (or never changes), or all together."""
    mean, spread = rows.mean(axis=0), rows.std(axis=0)
    moves = spread > 0
    columns = (np.abs(mean[moves]) < 1e-4).all() and (np.abs(spread[moves] - 1) < 1e-3).all()
    whole = abs(rows.mean()) < 1e-5 and abs(rows.std() - 1) < 1e-4
    return bool(moves.any() and (columns or whole))
