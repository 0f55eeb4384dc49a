"""Folders that come with ``train`` and ``test``: keep the split, and clean it of leaks."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from tlhelpers.data.folder_report import (
    FolderReport,
    LeftOutFile,
    SplitFiles,
    UsablePicture,
    stricter_alike,
)
from tlhelpers.data.folders import Listing, list_class_folders, open_folder, scan_files
from tlhelpers.data.names import PARTS, is_hidden_name, part_of_split
from tlhelpers.data.structure import inner_folder
from tlhelpers.data.wording import counted, printable_name


def find_given_split(path: str | Path) -> dict[str, Path]:
    """Return the folders of a split that somebody has made already, by their part.

    Parameters
    ----------
    path
        The folder to look into.

    Returns
    -------
    dict
        The folders by part, ``"test"``, ``"validation"`` and ``"train"`` in this
        order, as far as they are there; empty if there is no split, which needs
        ``train``, one of the others, and folders inside each.

    Raises
    ------
    OSError
        If there is no such folder, or it may not be read.
    ValueError
        If two folders in it could be the same part.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("Train/kiwi", "val/kiwi"):
    ...         Path(folder, name).mkdir(parents=True)
    ...     print(list(find_given_split(folder)))
    ['validation', 'train']
    """
    found: dict[str, Path] = {}
    # Those that are called just so come first; "test_images" beside "test" is something else.
    entries = sorted(open_folder(path).iterdir(), key=lambda entry: (not _is_plain(entry), entry))
    for folder in entries:
        part = part_of_split(folder.name)
        if part in found and not _is_plain(folder):
            continue
        if part and not folder.is_symlink() and folder.is_dir() and _has_folders(folder):
            if part in found:
                raise ValueError(
                    f"Both {found[part].name} and {folder.name} in {folder.parent} could be the "
                    f"{part} part. Keep one of them there."
                )
            found[part] = folder
    found = {part: found[part] for part in ("test", "validation", "train") if part in found}
    return found if "train" in found and len(found) > 1 else {}


def scan_given_split(
    path: str | Path, *, alike: float = 0.98, progress: bool = True
) -> tuple[FolderReport, list[SplitFiles]]:
    """Look at a folder that comes with a split, and clean the split of leaks.

    A picture to test with that is also (nearly) a picture to learn from makes
    results look better than they are.  It stays in the test part, and its like
    are left out of the training part.  (If they are the same picture in two
    classes, it is left out of both parts, as by `folders.scan_folder`.)  Validation pictures
    join the training part, where choices are made; without a test part, they
    are the test.

    Parameters
    ----------
    path
        The folder that holds ``train`` and ``test`` or ``validation`` (see `find_given_split`).
    alike, progress
        As for `folders.scan_folder`.

    Returns
    -------
    report : Report
        On both parts together; the pictures to test with come first.
    parts : list of Part
        What to learn from, and what to test with.

    Raises
    ------
    OSError
        If there is no such folder, or it may not be read.
    ValueError
        If it comes with no split, or with two folders for one part.
    """
    root, folders = open_folder(path), find_given_split(path)
    if not folders:
        raise ValueError(f"{root} comes with no split: there are no train and test folders in it.")
    found = scan_files(root, _list_parts(root, folders), alike=alike, progress=progress)
    test, *others = folders.values()  # the part to test with, and those to learn from
    report, leaked = _without_leaks(found, test)
    report = replace(report, remarks=_remarks(test, others, leaked, alike))
    kept = report.pictures
    parts = [_part([p for p in kept if (test in p.file.parents) == side]) for side in (False, True)]
    if len(report.classes) < 2:
        report = replace(report, hints=(*report.hints, *_why_no_classes(found, folders)))
    return report, parts


def _without_leaks(found: FolderReport, test: Path) -> tuple[FolderReport, int]:
    """Leave out what is to test with and to learn from, and classes of one part; count leaks."""
    root = found.folder

    def is_tested(item: UsablePicture | LeftOutFile) -> bool:
        return test in item.file.parents

    tested = {p.group: p.file for p in reversed(found.pictures) if is_tested(p)}
    leaks = {p for p in found.pictures if p.group in tested and not is_tested(p)}
    left_out = list(found.left_out)
    for picture in sorted(leaks, key=lambda picture: picture.file):
        name = printable_name(tested[picture.group].relative_to(root).as_posix())
        left_out.append(LeftOutFile(picture.file, f"nearly the same as {name}"))
    copy = f"the same picture as {test.name}/"
    leaked = len(leaks) + sum(
        item.why.startswith(copy) and not is_tested(item) for item in left_out
    )
    kept = [p for p in found.pictures if p not in leaks]
    both = sorted(
        {p.label for p in kept if is_tested(p)} & {p.label for p in kept if not is_tested(p)}
    )
    for picture in kept:
        if picture.label not in both:
            name = printable_name(found.classes[picture.label])
            left_out.append(
                LeftOutFile(picture.file, f"{name} is only in one part, so it is no class")
            )
    kept = [p._replace(label=both.index(p.label)) for p in kept if p.label in both]
    classes = tuple(found.classes[label] for label in both)
    return replace(found, classes=classes, pictures=tuple(kept), left_out=tuple(left_out)), leaked


def _why_no_classes(found: FolderReport, folders: dict[str, Path]) -> tuple[str, ...]:
    """Say why there are no two classes in both parts, and what to do."""
    test, train = next(iter(folders.values())), folders["train"]
    within = {
        folder: {found.classes[p.label] for p in found.pictures if folder in p.file.parents}
        for folder in (train, test)
    }
    if len(within[train] & within[test]) > 1:  # so it is likeness that took them away
        alike = stricter_alike(
            found, lambda stricter: len(_without_leaks(stricter, test)[0].classes) > 1
        )
        if alike is None:
            return ()
        return (f"If they are no copies, compare more strictly: alike={alike:g} is enough here.",)
    said = [
        f"{printable_name(folder.name)} has "
        + (", ".join(map(printable_name, sorted(names)[:5])) or "no usable pictures")
        for folder, names in within.items()
    ]
    return (
        f"Of classes, {' and '.join(said)}. If only {printable_name(train.name)} has labels, give "
        f"it alone: {inner_folder(train)}.",
    )


def _list_parts(root: Path, folders: dict[str, Path]) -> Listing:
    """List the files of all parts, and what else is beside them."""
    # The test part first: of copies, the first is kept.
    listings = [list_class_folders(inner_folder(folder)) for folder in folders.values()]
    beside = [entry for entry in sorted(root.iterdir()) if entry not in folders.values()]
    left_out = [
        LeftOutFile(entry, "beside the parts of the split")
        for entry in beside
        if not is_hidden_name(entry.name)
    ]
    ignored = len(beside) - len(left_out)
    return Listing(
        [row for listing in listings for row in listing.files],
        [item for listing in listings for item in listing.left_out] + left_out,
        sum(listing.ignored for listing in listings) + ignored,
        [folder for listing in listings for folder in listing.deeper],
    )


def _remarks(test: Path, others: list[Path], leaked: int, alike: float) -> tuple[str, ...]:
    """Say which folder was taken for what, and how many pictures were in both."""
    learn = " and ".join(printable_name(folder.name) for folder in others)
    tested = printable_name(test.name)
    remarks = [f"Split: as given, {learn} to learn from, {tested} to test with."]
    if leaked:
        remarks.append(
            f"Leak: {counted(leaked)} from {learn} left out, for {tested} has the same or nearly "
            f"the same (what counts as that says alike, here {alike})."
        )
    return tuple(remarks)


def _part(pictures: list[UsablePicture]) -> SplitFiles:
    rows = sorted((picture.label, picture.file) for picture in pictures)
    return SplitFiles(tuple(file for _, file in rows), np.array([label for label, _ in rows], int))


def _is_plain(folder: Path) -> bool:
    return folder.name.lower() in PARTS


def _has_folders(folder: Path) -> bool:
    try:
        with os.scandir(folder) as entries:
            return any(entry.is_dir() and not is_hidden_name(entry.name) for entry in entries)
    except OSError:
        return False
