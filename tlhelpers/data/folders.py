"""Folders of pictures: list them, look at every file, and report.

One folder for each class, with the pictures inside.  Real folders are messy, so
`scan_folder` opens every file first and says what it found: what can be used,
what is left out, and why.  `splits.stratified_split` and `image_files.load_images`
then only meet files that work.
Folders that come with a split (``train``, ``test``) keep it: see
`given_splits.scan_given_split`.

Nothing here changes, moves or deletes a file.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tlhelpers.data.folder_report import FolderReport, LeftOutFile, UsablePicture
from tlhelpers.data.image_files import map_in_threads
from tlhelpers.data.names import (
    TABLES,
    as_path,
    is_cloud_name,
    is_hidden_name,
    nearly_equal,
    part_of_split,
)
from tlhelpers.data.near_copies import (
    Thumbnail,
    find_alike,
    find_same_pixels,
    make_thumbnail,
    positions_by_key,
)
from tlhelpers.data.structure import NO_TABLE, check_structure
from tlhelpers.data.unusable import IN_CLOUD
from tlhelpers.data.wording import printable_name
from tlhelpers.inputs import read_count, read_number

INNER = "a folder in a class folder, not looked at"


class Listing(NamedTuple):
    """What is in class folders, before any file is opened."""

    files: list[tuple[str, Path]]  #: class and file
    left_out: list[LeftOutFile]  #: what is no file in a class folder
    ignored: int  #: how many hidden and system files were passed over
    deeper: list[Path] = []  #: folders that were taken for the class folder around them


def scan_folder(
    path: str | Path, *, alike: float = 0.98, first: int | None = None, progress: bool = True
) -> FolderReport:
    """Look at a folder that holds one folder of pictures for each class.

    Every file is opened once.  What cannot be used is left out with a reason;
    copies of one picture are left out but for the first.  A picture that is in
    two classes is left out of both, for one of them must be wrong.

    Parameters
    ----------
    path
        The folder that holds the class folders.
    alike
        How much two pictures must correlate to count as nearly the same, from
        0 to 1.  Compared are colour thumbnails of 16 × 16 pixels.  Copies that
        were saved again, resized or made brighter are found; mirrored, turned
        and cropped ones are not.  Among photographs, 0.93 also finds several
        shots of one scene; two drawings of a digit would then be alike, too.
    first
        Look only at this many files of each class, in the order of their names,
        and pass over the others.  By default at all of them.
    progress
        Show a bar with the time left if it takes longer than a second.

    Returns
    -------
    Report
        Print it.

    Raises
    ------
    OSError
        If there is no such folder, it is a file, or it may not be read.
    ValueError
        If there are no class folders in it (the message says what to do), or a
        number makes no sense.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> scratch = tempfile.TemporaryDirectory()
    >>> folder = Path(scratch.name, "fruit")
    >>> for name in ("kiwi", "lemon"):
    ...     (folder / name).mkdir(parents=True)
    >>> Image.new("RGB", (60, 40), "green").save(folder / "kiwi" / "1.png")
    >>> (folder / "lemon" / "1.jpg").write_bytes(b"")
    0
    >>> print(scan_folder(folder))
    fruit: 1 picture in 1 class
            1  kiwi
    Sizes: 60 to 60 pixels wide, 40 to 40 high.
    Only one class: put pictures of something else into a second folder.
    Left out:
      an empty file (0 bytes): lemon/1.jpg
      no usable picture in it: lemon
    >>> scratch.cleanup()
    """
    first = None if first is None else read_count(first, "first")
    read_number(alike, "alike", above=0, most=1)
    root = open_folder(path)
    listing = list_class_folders(root)
    places = positions_by_key([name for name, _ in listing.files])
    if len(places) < 2 or any(map(part_of_split, _not_looked_at(root, listing))):
        check_structure(root)
    files = [listing.files[i] for rows in places for i in rows[:first]]
    report = scan_files(root, listing._replace(files=files), alike=alike, progress=progress)
    if len(report.classes) < 2:
        check_structure(root)
    return report


def _not_looked_at(root: Path, listing: Listing) -> set[str]:
    """Return the names of class folders with folders, and without files of their own."""
    filled = {name for name, _ in listing.files}
    return {item.file.parent.name for item in listing.left_out if item.why == INNER} - filled


class _Usable(NamedTuple):
    name: str  # of the class
    file: Path
    seen: Thumbnail


def scan_files(
    root: Path, listing: Listing, *, alike: float = 0.98, progress: bool = True
) -> FolderReport:
    """Look at files that are listed already; of copies, the first in the list is kept.

    Parameters
    ----------
    root
        The folder that the report is about; all files are below it.
    listing
        From `list_class_folders`, perhaps from several folders together.
    alike, progress
        As for `scan_folder`.

    Returns
    -------
    Report
        As from `scan_folder`.

    Raises
    ------
    ValueError
        As by `scan_folder`.
    """
    read_number(alike, "alike", above=0, most=1)
    root = as_path(root)
    if not isinstance(listing, Listing):
        raise TypeError(f"listing must come from list_class_folders; got {type(listing).__name__}.")
    files, left_out = listing.files, list(listing.left_out)
    results = map_in_threads(make_thumbnail, [file for _, file in files], "Looking", progress)
    good: list[_Usable] = []
    for (name, file), seen in zip(files, results, strict=True):
        if isinstance(seen, str):
            left_out.append(LeftOutFile(file, seen))
        else:
            good.append(_Usable(name, file, seen))
    usable = {row.file.parent for row in good}
    emptied = dict.fromkeys(file.parent for _, file in files if file.parent not in usable)
    left_out += [LeftOutFile(folder, "no usable picture in it") for folder in emptied]
    thumbnails = np.array([row.seen.pixels for row in good], np.uint8).reshape(-1, 16, 16, 3)
    group = find_alike(thumbnails, alike).tolist()
    copies = _copies(root, good, group, progress)
    left_out += [LeftOutFile(good[i].file, why) for i, why in copies.items()]
    keep = [i for i in range(len(good)) if i not in copies]
    classes = tuple(sorted({good[i].name for i in keep}))
    pictures = []
    for i in keep:
        name, file, seen = good[i]
        width, height = seen.size
        pictures.append(
            UsablePicture(file, classes.index(name), width, height, group[i], seen.notes)
        )
    return FolderReport(
        root,
        classes,
        tuple(pictures),
        tuple(left_out),
        listing.ignored,
        hints=_hints(root, listing, classes),
    )


def _hints(root: Path, listing: Listing, classes: Sequence[str]) -> tuple[str, ...]:
    """Say what is odd about the names and the places of the class folders."""
    hints = [
        f"Perhaps one class, for the names are nearly equal: {', '.join(map(repr, names))}. "
        "If so, move the pictures into one folder."
        for names in nearly_equal(sorted({name for name, _ in listing.files}))
    ]
    parts = [printable_name(name) for name in classes if part_of_split(name)]
    if parts:
        hints.append(
            f"Called like a part of a split, but taken for a class: {', '.join(parts)}. If these "
            "are not classes, sort the pictures into one folder for each class."
        )
    if listing.deeper:
        places = [place.relative_to(root).as_posix() for place in listing.deeper]
        more = f" and {len(places) - 3:,} more" * (len(places) > 3)
        hints.append(
            f"One folder deeper than usual: {', '.join(map(printable_name, places[:3]))}{more}. "
            "The class is the outer one."
        )
    return tuple(hints)


def open_folder(path: str | Path) -> Path:
    """Return the real place of a folder that can be read, with links and ``~`` resolved.

    Parameters
    ----------
    path
        The folder that holds one folder for each class.

    Raises
    ------
    OSError
        If there is no such folder, it is a file, or it may not be read; the
        message says what to do.
    """
    root = Path(os.path.realpath(as_path(path)))
    try:
        os.scandir(root).close()
    except FileNotFoundError:
        near = next((place for place in root.parents if place.exists()), Path.cwd())
        raise FileNotFoundError(
            f"There is no folder {root}. Of this path, {near} exists: look there for the name."
        ) from None
    except NotADirectoryError:
        packed = root.suffix.lower() in (".zip", ".gz", ".tgz", ".tar", ".7z", ".rar")
        raise NotADirectoryError(
            f"{root} is a file; wanted is a folder that holds one folder for each class."
            + " Unpack it first." * packed
        ) from None
    except PermissionError:
        raise PermissionError(f"You have no permission to look into {root}.") from None
    return root


def list_class_folders(root: Path) -> Listing:
    """List the files in class folders; no file is opened, and no link is followed.

    Parameters
    ----------
    root
        The folder that holds the class folders, from `open_folder`.

    Raises
    ------
    OSError
        If ``root`` may not be read.
    """
    root = open_folder(root)
    left_out: list[LeftOutFile] = []
    ignored = 0

    def look(folder: Path) -> tuple[list[Path], list[Path]]:
        nonlocal ignored
        files, folders = [], []
        with os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                place = folder / entry.name
                if is_cloud_name(entry.name):
                    left_out.append(LeftOutFile(place, IN_CLOUD))
                elif is_hidden_name(entry.name):
                    ignored += 1
                # Windows has links to folders that do not call themselves links.
                elif entry.is_symlink() or entry.is_dir() and os.path.realpath(place) != str(place):
                    left_out.append(
                        LeftOutFile(place, "a link, not followed (copy what it points to)")
                    )
                elif entry.is_dir():
                    folders.append(place)
                elif entry.is_file():
                    files.append(place)
                else:  # opening a pipe would wait for ever
                    left_out.append(LeftOutFile(place, "a pipe, socket or device, not a file"))
        return files, folders

    loose, folders = look(root)
    found: list[tuple[str, Path]] = []
    deeper: list[Path] = []
    for folder in folders:
        try:
            files, inner = look(folder)
            if not files and len(inner) == 1 and not part_of_split(folder.name):
                files, more = look(inner[0])
                if files:
                    deeper += inner
                    inner = more
        except PermissionError:
            left_out.append(LeftOutFile(folder, "no permission to look inside"))
            continue
        except OSError as error:
            left_out.append(LeftOutFile(folder, f"cannot be looked into ({error.strerror})"))
            continue
        found += [(folder.name, file) for file in files]
        if files or inner:
            left_out += [LeftOutFile(place, INNER) for place in inner]
        else:
            left_out.append(LeftOutFile(folder, "an empty class folder"))
    for file in loose:
        why = NO_TABLE if file.name.lower().endswith(TABLES) else "beside the class folders"
        left_out.append(LeftOutFile(file, why))
    return Listing(found, left_out, ignored, deeper)


def _copies(
    root: Path, good: Sequence[_Usable], group: Sequence[int], progress: bool
) -> dict[int, str]:
    """Find pictures with the same pixels, and say of each that is too much why."""
    alike = positions_by_key([(group[i], row.seen.size) for i, row in enumerate(good)])
    same = find_same_pixels([row.file for row in good], alike, progress)
    copies: dict[int, str] = {}
    for first, *others in same:
        classes = sorted({good[i].name for i in (first, *others)})
        if len(classes) > 1:
            names = " and ".join(map(printable_name, classes))
            why = f"the same picture is in {names} (keep it where it belongs)"
            copies |= dict.fromkeys((first, *others), why)
        else:
            name = printable_name(good[first].file.relative_to(root).as_posix())
            copies |= dict.fromkeys(others, f"the same picture as {name}")
    return copies
