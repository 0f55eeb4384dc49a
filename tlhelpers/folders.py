"""Folders of pictures: look at them and split them.

One folder for each class, with the pictures inside.  Real folders are messy, so
`scan` opens every file first and says what it found: what can be used, what is
left out, and why.  `split` and `load` then only meet files that work.
Folders that come with a split (``train``, ``test``) keep it: see `scan_given`.

Nothing here changes, moves or deletes a file.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tlhelpers.pictures import clean, each, find_alike, gather, many, same_pixels, thumbnail
from tlhelpers.pictures import load as load  # the third step, after scan and split

#: Files that file managers and archives leave behind, and nobody put there.
SYSTEM = ("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx", "@eadir")
#: What people call the folders of a split, and the part that each is.
PARTS = {"train": "train", "training": "train"}
PARTS |= dict.fromkeys(("val", "valid", "validation"), "validation")
PARTS |= {"test": "test", "testing": "test"}
TRIES = 50  # orders to deal in, before a split is refused


class Picture(NamedTuple):
    """One usable file: its class is ``report.classes[label]``.

    Pictures with the same ``group`` look alike; ``notes`` say what is special.
    """

    file: Path
    label: int
    width: int
    height: int
    group: int
    notes: tuple[str, ...]


class LeftOut(NamedTuple):
    """One file or folder that is not used, and the reason in plain words."""

    file: Path
    why: str


class Part(NamedTuple):
    """One side of a split: ``labels[i]`` belongs to ``files[i]``."""

    files: tuple[Path, ...]
    labels: np.ndarray


@dataclass(frozen=True, eq=False, repr=False)
class Report:
    """What `scan` found.  Print it: it is made to be read."""

    folder: Path  #: the one that was looked at
    classes: tuple[str, ...]  #: class folders with usable pictures, in alphabetical order
    pictures: tuple[Picture, ...]  #: the usable files, ordered by class and name
    left_out: tuple[LeftOut, ...]  #: files and folders that are not used, with reasons
    ignored: int  #: how many hidden and system files were passed over
    remarks: tuple[str, ...] = ()  #: what was done about it, a sentence each

    @property
    def counts(self) -> dict[str, int]:
        """How many usable pictures there are of each class."""
        labels = [picture.label for picture in self.pictures]
        counts = np.bincount(np.array(labels, int), minlength=len(self.classes))
        return dict(zip(self.classes, counts.tolist(), strict=True))

    @property
    def groups(self) -> list[list[Picture]]:
        """The pictures that look alike, two or more together."""
        return [
            [self.pictures[i] for i in rows]
            for rows in gather([p.group for p in self.pictures])
            if rows[1:]
        ]

    def __str__(self) -> str:
        counts, pictures = self.counts, self.pictures
        title = f"{many(len(pictures))} in {many(len(counts), 'class')}"
        lines = [f"{clean(self.folder.name)}: {title}"]
        lines += [f"{count:>9,}  {clean(name)}" for name, count in list(counts.items())[:20]]
        lines += [f"           and {len(counts) - 20:,} more"] * (len(counts) > 20)
        if pictures:
            wide, high = (sorted(picture[i] for picture in pictures) for i in (2, 3))
            wide, high = (f"{sizes[0]:,} to {sizes[-1]:,}" for sizes in (wide, high))
            lines.append(f"Sizes: {wide} pixels wide, {high} high.")
            most, least = (pick(counts, key=counts.get) for pick in (max, min))
            if counts[most] > 3 * counts[least]:
                times, share = counts[most] / counts[least], counts[most] / len(pictures)
                lines += [
                    f"Uneven: there are {times:.0f} times as many of {clean(most)} as of "
                    f"{clean(least)}.",
                    f"  Always answering {clean(most)} would be right for {share:.0%}.",
                ]
        if len(counts) == 1:
            lines.append("Only one class: put pictures of something else into a second folder.")
        like = [(f"like {self._name(group[0])}", p) for group in self.groups for p in group[1:]]
        lines += self._listed("Nearly the same (a split keeps them on one side):", like)
        notes = [(note, picture) for picture in pictures for note in picture.notes]
        lines += self._listed("Good to know:", notes)
        lines += self._listed("Left out:", [(item.why, item) for item in self.left_out])
        if self.ignored:
            lines.append(f"Ignored: {many(self.ignored, 'hidden or system file')}.")
        lines += self.remarks
        return "\n".join(lines)

    __repr__ = __str__  # a notebook shows this

    def _name(self, item: Picture | LeftOut) -> str:
        return clean(item.file.relative_to(self.folder).as_posix())

    def _listed(self, title: str, items: Sequence[tuple[str, Picture | LeftOut]]) -> list[str]:
        """Return a line for each text with the first files it is about, and never too many."""
        found: dict[str, list[str]] = {}
        for text, item in items:
            found.setdefault(text, []).append(self._name(item))
        lines = [title] * bool(found)
        for text, names in list(found.items())[:8]:
            more = f" and {len(names) - 3:,} more" * (len(names) > 3)
            lines.append(f"  {text}: {', '.join(names[:3])}{more}")
        return lines + [f"  and {len(found) - 8:,} more"] * (len(found) > 8)


def scan(
    path: str | Path, *, alike: float = 0.98, first: int | None = None, progress: bool = True
) -> Report:
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
        If there are no class folders in it; the message says what to do.

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
    >>> print(scan(folder))
    fruit: 1 picture in 1 class
            1  kiwi
    Sizes: 60 to 60 pixels wide, 40 to 40 high.
    Only one class: put pictures of something else into a second folder.
    Left out:
      an empty file (0 bytes): lemon/1.jpg
      no usable picture in it: lemon
    >>> scratch.cleanup()
    """
    if first is not None and first < 1:
        raise ValueError(f"first must be at least 1; got {first!r}.")
    root = _folder(path)
    files, left_out, ignored = _list(root)
    places = gather([name for name, _ in files])
    files = [files[i] for rows in places for i in rows[:first]]
    return _scan(root, files, left_out, ignored, alike, progress)


def _scan(
    root: Path,
    files: list[tuple[str, Path]],
    left_out: list[LeftOut],
    ignored: int,
    alike: float,
    progress: bool,
) -> Report:
    """Look at listed files (class, file); of copies, the first in the list is kept."""
    if not 0 < alike <= 1:
        raise ValueError(f"alike must be above 0 and at most 1; got {alike!r}.")
    left_out = list(left_out)
    seen = each(thumbnail, [file for _, file in files], "Looking", progress)
    good = []
    for (name, file), result in zip(files, seen, strict=True):
        if isinstance(result, str):
            left_out.append(LeftOut(file, result))
        else:
            good.append((name, file, *result))
    if not good and all(file.parent.parent == root for _, file in files):
        _check_structure(root)
    usable = {row[1].parent for row in good}
    emptied = dict.fromkeys(file.parent for _, file in files if file.parent not in usable)
    left_out += [LeftOut(folder, "no usable picture in it") for folder in emptied]
    thumbnails = np.array([row[-1] for row in good], np.uint8).reshape(-1, 16, 16, 3)
    group = find_alike(thumbnails, alike).tolist()
    copies = _copies(root, good, group, progress)
    left_out += [LeftOut(good[i][1], why) for i, why in copies.items()]
    keep = [i for i in range(len(good)) if i not in copies]
    classes = tuple(sorted({good[i][0] for i in keep}))
    pictures = tuple(
        Picture(file, classes.index(name), *size, group[i], notes)
        for i in keep
        for name, file, size, notes, _ in [good[i]]
    )
    return Report(root, classes, pictures, tuple(left_out), ignored)


def split(
    report: Report, fractions: Sequence[float] = (0.75, 0.25), *, seed: int = 0
) -> list[Part]:
    """Cut the pictures of a report into parts, every class in the same proportions.

    Pictures that look alike stay together, so that no part holds a copy of what
    is in another.

    Parameters
    ----------
    report
        From `scan`.
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
    >>> rows = [Picture(Path(f"{i}.png"), i // 4, 60, 40, i, ()) for i in range(8)]
    >>> train, test = split(Report(Path("fruit"), ("kiwi", "lemon"), tuple(rows), (), 0))
    >>> train.labels, test.labels
    (array([0, 0, 0, 1, 1, 1]), array([0, 1]))
    """
    if len(fractions) < 2 or min(fractions) <= 0 or not math.isclose(sum(fractions), 1):
        raise ValueError(f"fractions must be above 0 and 1 together; got {tuple(fractions)}.")
    if len(report.classes) < 2:
        raise ValueError(
            f"There is nothing to tell apart: {report.folder} has usable pictures in "
            f"{many(len(report.classes), 'class')}; wanted are at least two classes. "
            "print(report) shows what was left out and why."
        )
    rng = np.random.default_rng(seed)
    together = gather([picture.group for picture in report.pictures])
    labels = np.array([picture.label for picture in report.pictures])
    different = np.zeros(len(report.classes), int)
    for rows in together:
        different[np.unique(labels[rows])] += 1
    for _ in range(TRIES if different.min() >= len(fractions) else 0):
        part = _deal(together, labels, np.array(fractions, float), rng)
        if all(len(set(part[labels == c])) == len(fractions) for c in range(len(different))):
            break
    else:
        raise ValueError(_cannot_split(report, together, different, len(fractions)))
    return [
        Part(tuple(report.pictures[i].file for i in rows), labels[rows])
        for rows in (np.flatnonzero(part == p) for p in range(len(fractions)))
    ]


def _deal(
    together: list[list[int]], labels: np.ndarray, fractions: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Deal groups of pictures out to parts, and return the part of each picture."""
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


def _cannot_split(
    report: Report, together: list[list[int]], different: np.ndarray, parts: int
) -> str:
    """Say which class cannot be in all parts, why, and what to do."""
    label = int(different.argmin())
    name, have = report.classes[label], report.counts[report.classes[label]]
    if different[label] < parts:
        return (
            f"Class {name!r} cannot be in all {parts} parts: it has {many(have)}, "
            f"and those that look alike stay together, which leaves {different[label]} to deal "
            "out. Add pictures that differ, ask for fewer parts, or move the class elsewhere."
        )
    across = [
        [report.pictures[i] for i in rows]
        for rows in together
        if len({report.pictures[i].label for i in rows}) > 1
    ]
    first = across[0]
    other = next(picture for picture in first if picture.label != first[0].label)
    pair = [f"{report.classes[p.label]}/{p.file.name}" for p in (first[0], other)]
    names = " and ".join(map(clean, pair))
    return (
        f"The classes cannot all be in all {parts} parts: pictures that look alike stay together, "
        f"also across classes, such as {names} ({many(len(across), 'such group')}). Are they in "
        "the right folders? Move or remove them, ask for fewer parts, or compare more strictly, "
        "with alike=0.995."
    )


def given(path: str | Path) -> dict[str, Path]:
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
    ...     print(list(given(folder)))
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


def scan_given(
    path: str | Path, *, alike: float = 0.98, progress: bool = True
) -> tuple[Report, list[Part]]:
    """Look at a folder that comes with a split, and clean the split of leaks.

    A picture to test with that is also (nearly) a picture to learn from makes
    results look better than they are.  It stays in the test part, and its like
    are left out of the training part.  (If they are the same picture in two
    classes, it is left out of both parts, as by `scan`.)  Validation pictures
    join the training part, where choices are made; without a test part, they
    are the test.

    Parameters
    ----------
    path
        The folder that holds ``train`` and ``test`` or ``validation`` (see `given`).
    alike, progress
        As for `scan`.

    Returns
    -------
    report : Report
        On both parts together; the pictures to test with come first.
    parts : list of Part
        What to learn from, and what to test with.

    Raises
    ------
    OSError, ValueError
        As for `scan` and `split`.
    """
    root, folders = _folder(path), given(path)
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
        if is_hidden(entry.name):
            ignored += 1
        elif entry not in folders.values():
            left_out.append(LeftOut(entry, "beside the parts of the split"))
    report = _scan(root, files, left_out, ignored, alike, progress)
    pictures, classes = report.pictures, report.classes
    left_out = list(report.left_out)
    tested = {p.group: p.file for p in reversed(pictures) if test in p.file.parents}
    leaks = {p for p in pictures if p.group in tested and test not in p.file.parents}
    for picture in sorted(leaks, key=lambda picture: picture.file):
        name = clean(tested[picture.group].relative_to(root).as_posix())
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
            why = f"{clean(classes[picture.label])} is only in one part, so it is no class"
            left_out.append(LeftOut(picture.file, why))
    kept = [p._replace(label=both.index(p.label)) for p in kept if p.label in both]
    classes = tuple(classes[label] for label in both)
    learn = " and ".join(clean(folder.name) for folder in folders.values() if folder != test)
    remarks = [f"Split: as given, {learn} to learn from, {clean(test.name)} to test with."]
    if leaks or same:
        remarks.append(
            f"Leak: {many(len(leaks) + same)} from {learn} left out, for {clean(test.name)} has "
            "the same or nearly the same."
        )
    report = Report(root, classes, tuple(kept), tuple(left_out), report.ignored, tuple(remarks))
    parts = []
    for side in (False, True):
        rows = sorted((p.label, p.file) for p in kept if (test in p.file.parents) == side)
        labels = np.array([label for label, _ in rows], int)
        parts.append(Part(tuple(file for _, file in rows), labels))
    return report, parts


def _folder(path: str | Path) -> Path:
    """Return the real place of a folder that can be read, or raise what helps."""
    root = Path(os.path.realpath(Path(path).expanduser()))
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


def _list(root: Path) -> tuple[list[tuple[str, Path]], list[LeftOut], int]:
    """List the files in class folders (class, file), what is left out, and count the hidden."""
    left_out: list[LeftOut] = []
    ignored = 0

    def look(folder: Path) -> tuple[list[Path], list[Path]]:
        nonlocal ignored
        files, folders = [], []
        with os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                place = folder / entry.name
                if is_hidden(entry.name):
                    ignored += 1
                # Windows has links to folders that do not call themselves links.
                elif entry.is_symlink() or entry.is_dir() and os.path.realpath(place) != str(place):
                    left_out.append(LeftOut(place, "a link, not followed (copy what it points to)"))
                elif entry.is_dir():
                    folders.append(place)
                elif entry.is_file():
                    files.append(place)
                else:  # opening a pipe would wait for ever
                    left_out.append(LeftOut(place, "a pipe, socket or device, not a file"))
        return files, folders

    loose, folders = look(root)
    found: list[tuple[str, Path]] = []
    for folder in folders:
        try:
            files, inner = look(folder)
        except OSError:
            left_out.append(LeftOut(folder, "no permission to look inside"))
            continue
        found += [(folder.name, file) for file in files]
        if files or inner:
            why = "a folder in a class folder, not looked at"
            left_out += [LeftOut(place, why) for place in inner]
        else:
            left_out.append(LeftOut(folder, "an empty class folder"))
    return found, left_out + [LeftOut(file, "beside the class folders") for file in loose], ignored


def _has_folders(folder: Path) -> bool:
    try:
        with os.scandir(folder) as entries:
            return any(entry.is_dir() and not is_hidden(entry.name) for entry in entries)
    except OSError:
        return False


def is_hidden(name: str) -> bool:
    """Say whether a name is one of a hidden or system file."""
    return name.startswith(".") or name.lower() in SYSTEM


def _check_structure(root: Path) -> None:
    """Raise if it is the folders that are wrong, when no file in them could be used."""
    for here, folders, files in os.walk(root):
        # The training pictures first, if there are several such folders.
        folders[:] = [name for name in folders if not is_hidden(name)]
        folders.sort(key=lambda name: ("train" not in name.lower(), name))
        files = [name for name in files if not is_hidden(name)]
        if Path(here) == root and not folders:
            raise ValueError(
                f"There are no class folders in {root}, but {many(len(files), 'file')}. Make one "
                "folder in it for each class and move the pictures there. If all that is one "
                f"class, give the folder above: {root.parent}."
            )
        if files and root in Path(here).parent.parents:
            raise ValueError(
                f"{root} holds folders of folders. Was this meant: {Path(here).parent}?"
            )


def _copies(root: Path, good: list[tuple], group: list[int], progress: bool) -> dict[int, str]:
    """Find pictures with the same pixels, and say of each that is too much why."""
    alike = gather([(group[i], row[2]) for i, row in enumerate(good)])
    same = same_pixels([row[1] for row in good], alike, progress)
    copies = {}
    for first, *others in same:
        classes = sorted({good[i][0] for i in (first, *others)})
        if len(classes) > 1:
            names = " and ".join(map(clean, classes))
            why = f"the same picture is in {names} (keep it where it belongs)"
            copies |= dict.fromkeys((first, *others), why)
        else:
            name = clean(good[first][1].relative_to(root).as_posix())
            copies |= dict.fromkeys(others, f"the same picture as {name}")
    return copies
