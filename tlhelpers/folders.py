"""Folders of pictures: look at them and split them.

One folder for each class, with the pictures inside.  Real folders are messy, so
`scan` opens every file first and says what it found: what can be used, what is
left out, and why.  `split` and `load` then only meet files that work.

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
    if not 0 < alike <= 1:
        raise ValueError(f"alike must be above 0 and at most 1; got {alike!r}.")
    if first is not None and first < 1:
        raise ValueError(f"first must be at least 1; got {first!r}.")
    root = _folder(path)
    files, left_out, ignored = _list(root)
    places = gather([name for name, _ in files])
    files = [files[i] for rows in places for i in rows[:first]]
    seen = each(thumbnail, [file for _, file in files], "Looking", progress)
    good = []
    for (name, file), result in zip(files, seen, strict=True):
        if isinstance(result, str):
            left_out.append(LeftOut(file, result))
        else:
            good.append((name, file, *result))
    if not good:
        _check_structure(root)
    usable = {name for name, *_ in good}
    emptied = dict.fromkeys(name for name, _ in files if name not in usable)
    left_out += [LeftOut(root / name, "no usable picture in it") for name in emptied]
    thumbnails = np.array([row[-1] for row in good], np.uint8).reshape(-1, 16, 16, 3)
    group = find_alike(thumbnails, alike).tolist()
    copies = _copies(good, group, progress)
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
    part = np.full(len(report.pictures), -1)
    for label, count in enumerate(report.counts.values()):
        # A group across classes is dealt out with the class of its first picture.
        groups = [g for g in together if report.pictures[g[0]].label == label]
        groups = [groups[i] for i in rng.permutation(len(groups))]
        wanted = count * np.array(fractions, float)
        given = np.zeros(len(fractions))
        for n, group in enumerate(sorted(groups, key=len, reverse=True)):
            short = wanted - given
            if len(groups) - n <= (given == 0).sum():  # no part goes without
                short[given > 0] = -np.inf
            part[group] = short.argmax()
            given[short.argmax()] += len(group)
    labels = np.array([picture.label for picture in report.pictures])
    for label, name in enumerate(report.classes):
        if len(set(part[labels == label])) < len(fractions):
            have = report.counts[name]
            different = len({p.group for p in report.pictures if p.label == label})
            raise ValueError(
                f"Class {name!r} cannot be in all {len(fractions)} parts: it has {many(have)}, "
                f"and those that look alike stay together, which leaves {different} to deal out. "
                "Add pictures that differ, ask for fewer parts, or move the class elsewhere."
            )
    return [
        Part(tuple(report.pictures[i].file for i in rows), labels[rows])
        for rows in (np.flatnonzero(part == p) for p in range(len(fractions)))
    ]


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
                if _hidden(entry.name):
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


def _hidden(name: str) -> bool:
    return name.startswith(".") or name.lower() in SYSTEM


def _check_structure(root: Path) -> None:
    """Raise if it is the folders that are wrong, when no file in them could be used."""
    for here, folders, files in os.walk(root):
        # The training pictures first, if there are several such folders.
        folders[:] = [name for name in folders if not _hidden(name)]
        folders.sort(key=lambda name: ("train" not in name.lower(), name))
        files = [name for name in files if not _hidden(name)]
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


def _copies(good: list[tuple], group: list[int], progress: bool) -> dict[int, str]:
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
            name = clean(f"{classes[0]}/{good[first][1].name}")
            copies |= dict.fromkeys(others, f"the same picture as {name}")
    return copies
