"""Pictures in an uploaded archive: which class each of them has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from tlhelpers.data.names import PICTURES, is_cloud_name, is_hidden_name, part_of_split
from tlhelpers.data.structure import class_roots
from tlhelpers.data.unusable import IN_CLOUD
from tlhelpers.data.wording import counted, printable_name
from tlhelpers.fetching.archives import BadArchive, Unpacked, unpack_files

MOST_FILES = 20_000  # in one archive


class Picture(NamedTuple):
    """One file to be saved."""

    shown: str  #: how it is called in what is said
    label: str  #: the class
    file: Path  #: where it is now


def pictures_in(
    archive: Path, target: Path, class_name: str, max_bytes: int, shown: str
) -> tuple[list[Picture], list[str]]:
    """Unpack an archive, and say which class each file in it has.

    Parameters
    ----------
    archive
        Holds one folder for each class, perhaps in other folders.
    target
        Where to unpack; a new folder.
    class_name
        The class of pictures that lie in no class folder.
    max_bytes
        How large it may be unpacked.
    shown
        How the archive is called in what is said.

    Returns
    -------
    pictures : list of Picture
        In the order of their names.
    lines : list of str
        What is not taken, and what is odd.

    Raises
    ------
    BadArchive
        If it cannot be unpacked, or its folders are not those of classes.
    OSError
        If it cannot be read, or the target cannot be written.
    """
    try:
        files, lines = unpack_files(archive, target, max_files=MOST_FILES, max_bytes=max_bytes)
    except BadArchive as error:
        raise BadArchive(str(error).replace(str(archive), shown)) from error
    seen = [file for file in files if not any(map(_is_passed_over, file.name))]
    root, filled = _class_root(shown, [file for file in seen if not _in_cloud(file)])
    # A class may be called "train", beside others; alone it is a part of a split.
    inside = [file.name for file in seen if file.name[: len(root)] == root]
    tops = {name[len(root)] for name in inside if len(name) > len(root) + 1}
    pictures, outside = [], dict.fromkeys((IN_CLOUD, _BESIDE, _INSIDE), 0)
    for file in sorted(seen):
        folder = file.name[:-1]
        inner = folder[len(root) :]
        if _in_cloud(file):
            outside[IN_CLOUD] += 1
        elif folder != root[: len(folder)] and folder[: len(root)] != root:
            outside[_BESIDE] += 1
        elif len(inner) > 1 and ((*root, inner[0]) in filled or len(inner) > 2):
            outside[_INSIDE] += 1
        else:
            named = inner and (len(tops) > 1 or not part_of_split(inner[0]))
            label = inner[0] if named else class_name
            called = "/".join(part.replace("\\", "_") for part in file.name)
            pictures.append(Picture(called, label, file.file))
    lines += [f"{counted(n, 'file')} {why}; not saved" for why, n in outside.items() if n]
    return pictures, [f"{shown}: {line}" for line in lines]


_BESIDE, _INSIDE = "beside the class folders", "in a folder in a class folder"


def _is_passed_over(name: str) -> bool:
    return is_hidden_name(name) and not is_cloud_name(name)


def _in_cloud(file: Unpacked) -> bool:
    return is_cloud_name(file.name[-1])


def _class_root(
    shown: str, files: Sequence[Unpacked]
) -> tuple[tuple[str, ...], set[tuple[str, ...]]]:
    """Return the folder that holds the class folders, and all folders with pictures."""
    pictures = [file for file in files if PurePosixPath(file.name[-1]).suffix.lower() in PICTURES]
    filled = {file.name[:-1] for file in pictures or files}
    above = {part_of_split(name) for place in filled for name in place[:-1]} - {None}
    names = {part_of_split(place[-1]) for place in filled if place} - {None}
    if len(above or names) > 1:
        raise BadArchive(
            f"The archive {shown} comes with a split (train, test), which would be lost. "
            "Unpack it on this computer and give that folder to tl.Lab.from_folder."
        )
    roots = class_roots(filled - {()})
    if len(roots) > 1:
        such = " and ".join(printable_name("/".join(place)) for place in roots[:2])
        raise BadArchive(
            f"The archive {shown} holds folders of folders, such as {such}. "
            "Pack one folder for each class, with the pictures inside."
        )
    return (roots[0] if roots else ()), filled
