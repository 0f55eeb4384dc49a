"""What was found in a folder of pictures: the usable files, what is left out, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tlhelpers.data.image_files import map_in_threads
from tlhelpers.data.near_copies import Thumbnail, find_alike, make_thumbnail, positions_by_key
from tlhelpers.data.wording import counted, printable_name


class UsablePicture(NamedTuple):
    """One usable file: its class is ``report.classes[label]``.

    Pictures with the same ``group`` look alike; ``notes`` say what is special.
    """

    file: Path
    label: int
    width: int
    height: int
    group: int
    notes: tuple[str, ...]


class LeftOutFile(NamedTuple):
    """One file or folder that is not used, and the reason in plain words."""

    file: Path
    why: str


class SplitFiles(NamedTuple):
    """One side of a split: ``labels[i]`` belongs to ``files[i]``."""

    files: tuple[Path, ...]
    labels: np.ndarray


@dataclass(frozen=True, eq=False, repr=False)
class FolderReport:
    """What `scan_folder` found.  Print it: it is made to be read."""

    folder: Path  #: the one that was looked at
    classes: tuple[str, ...]  #: class folders with usable pictures, in alphabetical order
    pictures: tuple[UsablePicture, ...]  #: the usable files, ordered by class and name
    left_out: tuple[LeftOutFile, ...]  #: files and folders that are not used, with reasons
    ignored: int  #: how many hidden and system files were passed over
    remarks: tuple[str, ...] = ()  #: what was done about it, a sentence each
    hints: tuple[str, ...] = ()  #: what may be wrong with the folders, a sentence or two each

    @property
    def counts(self) -> dict[str, int]:
        """How many usable pictures there are of each class."""
        labels = [picture.label for picture in self.pictures]
        counts = np.bincount(np.array(labels, int), minlength=len(self.classes))
        return dict(zip(self.classes, counts.tolist(), strict=True))

    @property
    def groups(self) -> list[list[UsablePicture]]:
        """The pictures that look alike, two or more together."""
        return [
            [self.pictures[i] for i in rows]
            for rows in positions_by_key([p.group for p in self.pictures])
            if rows[1:]
        ]

    def __str__(self) -> str:
        counts, pictures = self.counts, self.pictures
        title = f"{counted(len(pictures))} in {counted(len(counts), 'class')}"
        lines = [f"{printable_name(self.folder.name)}: {title}"]
        lines += [
            f"{count:>9,}  {printable_name(name)}" for name, count in list(counts.items())[:20]
        ]
        lines += [f"           and {len(counts) - 20:,} more"] * (len(counts) > 20)
        if pictures:
            widths, heights = [p.width for p in pictures], [p.height for p in pictures]
            wide, high = (f"{min(sides):,} to {max(sides):,}" for sides in (widths, heights))
            lines.append(f"Sizes: {wide} pixels wide, {high} high.")
            most, least = (pick(counts, key=counts.__getitem__) for pick in (max, min))
            if counts[most] > 3 * counts[least]:
                times, share = counts[most] / counts[least], counts[most] / len(pictures)
                lines += [
                    f"Uneven: there are {times:.0f} times as many of {printable_name(most)} as of "
                    f"{printable_name(least)}.",
                    f"  Always answering {printable_name(most)} would be right for {share:.0%}.",
                ]
        if len(counts) == 1:
            lines.append("Only one class: put pictures of something else into a second folder.")
        like = [(f"like {self._name(group[0])}", p) for group in self.groups for p in group[1:]]
        lines += self._listed("Nearly the same (a split keeps them on one side):", like)
        notes = [(note, picture) for picture in pictures for note in picture.notes]
        lines += self._listed("Good to know:", notes)
        lines += self._listed("Left out:", [(item.why, item) for item in self.left_out])
        if self.ignored:
            lines.append(f"Ignored: {counted(self.ignored, 'hidden or system file')}.")
        lines += [*self.hints, *self.remarks]
        return "\n".join(lines)

    __repr__ = __str__  # a notebook shows this

    def _name(self, item: UsablePicture | LeftOutFile) -> str:
        return printable_name(item.file.relative_to(self.folder).as_posix())

    def _listed(
        self, title: str, items: Sequence[tuple[str, UsablePicture | LeftOutFile]]
    ) -> list[str]:
        """Return a line for each text with the first files it is about, and never too many."""
        found: dict[str, list[str]] = {}
        for text, item in items:
            found.setdefault(text, []).append(self._name(item))
        lines = [title] * bool(found)
        for text, names in list(found.items())[:8]:
            more = f" and {len(names) - 3:,} more" * (len(names) > 3)
            lines.append(f"  {text}: {', '.join(names[:3])}{more}")
        return lines + [f"  and {len(found) - 8:,} more"] * (len(found) > 8)


def stricter_alike(report: FolderReport, works: Callable[[FolderReport], bool]) -> float | None:
    """Return the least ``alike`` that is strict enough for something, tried on the pictures.

    Parameters
    ----------
    report
        A report in which too many pictures count as nearly the same.
    works
        Asked with the report as it would be with another ``alike``.

    Returns
    -------
    float or None
        None if not even 1 is enough, or if the pictures cannot be read any more.
    """
    files = [picture.file for picture in report.pictures]
    seen = map_in_threads(make_thumbnail, files, "Comparing", False)
    if not all(isinstance(one, Thumbnail) for one in seen):
        return None
    thumbnails = np.array([one.pixels for one in seen], np.uint8)

    def works_with(alike: float) -> bool:
        groups = find_alike(thumbnails, alike).tolist()
        pairs = zip(report.pictures, groups, strict=True)
        return works(replace(report, pictures=tuple(p._replace(group=g) for p, g in pairs)))

    if not works_with(1):  # the strictest: only equal thumbnails are alike
        return None
    return next(alike for alike in (0.99, 0.995, 0.998, 0.999, 0.9999, 1) if works_with(alike))
