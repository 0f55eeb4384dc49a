"""Folders that come with ``train`` and ``test``: keep the split, and clean it of leaks."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from tlhelpers.data.folders import LeftOut, Part, Report, _folder, _list, _scan, is_hidden_name
from tlhelpers.data.wording import counted, printable_name

#: What people call the folders of a split, and the part that each is.
PARTS = {"train": "train", "training": "train"}
PARTS |= dict.fromkeys(("val", "valid", "validation"), "validation")
PARTS |= {"test": "test", "testing": "test"}


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
    for folder in sorted(_folder(path).iterdir()):
        part = PARTS.get(folder.name.lower())
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
) -> tuple[Report, list[Part]]:
    """Look at a folder that comes with a split, and clean the split of leaks.

    A picture to test with that is also (nearly) a picture to learn from makes
    results look better than they are.  It stays in the test part, and its like
    are left out of the training part.  (If they are the same picture in two
    classes, it is left out of both parts, as by `scan_folder`.)  Validation pictures
    join the training part, where choices are made; without a test part, they
    are the test.

    Parameters
    ----------
    path
        The folder that holds ``train`` and ``test`` or ``validation`` (see `find_given_split`).
    alike, progress
        As for `scan_folder`.

    Returns
    -------
    report : Report
        On both parts together; the pictures to test with come first.
    parts : list of Part
        What to learn from, and what to test with.

    Raises
    ------
    OSError, ValueError
        As for `scan_folder` and `splits.stratified_split`.
    """
    root, folders = _folder(path), find_given_split(path)
    if not folders:
        raise ValueError(f"{root} comes with no split: there are no train and test folders in it.")
    test = next(iter(folders.values()))
    files: list[tuple[str, Path]] = []
    left_out = []
    ignored = 0
    for folder in folders.values():  # the test part first: of copies, the first is kept
        more = _list(folder)
        files += more[0]
        left_out += more[1]
        ignored += more[2]
    for entry in sorted(root.iterdir()):
        if is_hidden_name(entry.name):
            ignored += 1
        elif entry not in folders.values():
            left_out.append(LeftOut(entry, "beside the parts of the split"))
    report = _scan(root, files, left_out, ignored, alike, progress)
    pictures, classes = report.pictures, report.classes
    left_out = list(report.left_out)
    tested = {p.group: p.file for p in reversed(pictures) if test in p.file.parents}
    leaks = {p for p in pictures if p.group in tested and test not in p.file.parents}
    for picture in sorted(leaks, key=lambda picture: picture.file):
        name = printable_name(tested[picture.group].relative_to(root).as_posix())
        left_out.append(LeftOut(picture.file, f"nearly the same as {name}"))
    same = sum(
        item.why.startswith(f"the same picture as {test.name}/") and test not in item.file.parents
        for item in left_out
    )
    kept = [p for p in pictures if p not in leaks]
    sides = [{p.label for p in kept if (test in p.file.parents) == side} for side in (False, True)]
    both = sorted(sides[0] & sides[1])
    for picture in kept:
        if picture.label not in both:
            why = f"{printable_name(classes[picture.label])} is only in one part, so it is no class"
            left_out.append(LeftOut(picture.file, why))
    kept = [p._replace(label=both.index(p.label)) for p in kept if p.label in both]
    classes = tuple(classes[label] for label in both)
    learn = " and ".join(
        printable_name(folder.name) for folder in folders.values() if folder != test
    )
    remarks = [f"Split: as given, {learn} to learn from, {printable_name(test.name)} to test with."]
    if leaks or same:
        remarks.append(
            f"Leak: {counted(len(leaks) + same)} from {learn} left out, for "
            f"{printable_name(test.name)} has the same or nearly the same."
        )
    report = Report(root, classes, tuple(kept), tuple(left_out), report.ignored, tuple(remarks))
    parts = []
    for side in (False, True):
        rows = sorted((p.label, p.file) for p in kept if (test in p.file.parents) == side)
        labels = np.array([label for label, _ in rows], int)
        parts.append(Part(tuple(file for _, file in rows), labels))
    return report, parts


def _has_folders(folder: Path) -> bool:
    try:
        with os.scandir(folder) as entries:
            return any(entry.is_dir() and not is_hidden_name(entry.name) for entry in entries)
    except OSError:
        return False
