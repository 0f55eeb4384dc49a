"""Folders of pictures: look at them, split them, load them.

One folder for each class, with the pictures inside.  Real folders are messy, so
`scan` opens every file first and says what it found: what can be used, what is
left out, and why.  `split` and `load` then only meet files that work.

Nothing here changes, moves or deletes a file.
"""

from __future__ import annotations

import functools
import hashlib
import math
import os
import re
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:  # for readers and type checkers only
    from PIL import Image

#: What is read.  Formats that start other programs (EPS) are not on the list.
#: HEIF is there for those who installed a reader of it themselves.
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "AVIF", "JPEG2000", "PPM", "HEIF")
MOST_PIXELS = 50_000_000  # to decode at once; a small file can unpack to far more than memory
PAIRS = 4_000_000  # to compare at once, so that memory does not grow with their number
LEAST_SIDE = 8  # pixels; the handwritten digits have just that
#: How to set upright what was taken with the camera held sideways (EXIF tag 274).
TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # to numbers of PIL.Image.Transpose
#: Files that file managers and archives leave behind, and nobody put there.
SYSTEM = ("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx", "@eadir")
#: How files begin (regular expressions) that are taken for pictures, and what they are.
KINDS = {
    rb"\Z": "an empty file (0 bytes)",
    rb".{4}ftyp.{0,28}(hei|hev|mif1|msf1)": "HEIC, as phones save it (convert it to JPEG)",
    rb".{4}ftyp.{0,28}avi[fs]": "AVIF, damaged or unknown here (convert it to JPEG)",
    rb".{4}ftyp": "a film, not a picture",
    rb"%PDF": "a PDF document",
    rb"PK\x03\x04": "a ZIP archive or an office document",
    rb"8BPS": "a Photoshop document (save it as JPEG or PNG)",
    rb"%!PS": "a PostScript drawing (save it as PNG)",
    rb".*<svg": "an SVG drawing (save it as PNG)",
    rb".*<html": "a web page, not a picture",
}
DAMAGED = "damaged or cut short (copy or download it again)"
TOO_LARGE = f"over {MOST_PIXELS // 10**6} million pixels (make it smaller)"


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
    """What `scan` found.  Print it: it is made to be read.

    Attributes
    ----------
    folder
        The folder that was looked at.
    classes
        The names of the class folders with usable pictures, in alphabetical order.
    pictures
        The usable files, ordered by class and name.
    left_out
        Files and folders that are not used, each with a reason.
    ignored
        How many hidden and system files were passed over.
    """

    folder: Path
    classes: tuple[str, ...]
    pictures: tuple[Picture, ...]
    left_out: tuple[LeftOut, ...]
    ignored: int

    @property
    def counts(self) -> dict[str, int]:
        """How many usable pictures there are of each class."""
        labels = [picture.label for picture in self.pictures]
        counts = np.bincount(np.array(labels, int), minlength=len(self.classes))
        return dict(zip(self.classes, counts.tolist(), strict=True))

    @property
    def groups(self) -> list[list[Picture]]:
        """The pictures that look alike, two or more together."""
        found: dict[int, list[Picture]] = {}
        for picture in self.pictures:
            found.setdefault(picture.group, []).append(picture)
        return [group for group in found.values() if len(group) > 1]

    def __str__(self) -> str:
        counts, pictures = self.counts, self.pictures
        title = f"{_many(len(pictures))} in {_many(len(counts), 'class')}"
        lines = [f"{_clean(self.folder.name)}: {title}"]
        lines += [f"{count:>9,}  {_clean(name)}" for name, count in list(counts.items())[:20]]
        lines += [f"           and {len(counts) - 20:,} more"] * (len(counts) > 20)
        if pictures:
            wide, high = (sorted(picture[i] for picture in pictures) for i in (2, 3))
            wide, high = (f"{sizes[0]:,} to {sizes[-1]:,}" for sizes in (wide, high))
            lines.append(f"Sizes: {wide} pixels wide, {high} high.")
            most, least = (pick(counts, key=counts.get) for pick in (max, min))
            if counts[most] > 3 * counts[least]:
                times, share = counts[most] / counts[least], counts[most] / len(pictures)
                lines += [
                    f"Uneven: there are {times:.0f} times as many of {_clean(most)} as of "
                    f"{_clean(least)}.",
                    f"  Always answering {_clean(most)} would be right for {share:.0%}.",
                ]
        if len(counts) == 1:
            lines.append("Only one class: put pictures of something else into a second folder.")
        like = [(f"like {self._name(group[0])}", p) for group in self.groups for p in group[1:]]
        lines += self._listed("Nearly the same (a split keeps them on one side):", like)
        notes = [(note, picture) for picture in pictures for note in picture.notes]
        lines += self._listed("Good to know:", notes)
        lines += self._listed("Left out:", [(item.why, item) for item in self.left_out])
        if self.ignored:
            lines.append(f"Ignored: {_many(self.ignored, 'hidden or system file')}.")
        return "\n".join(lines)

    __repr__ = __str__  # a notebook shows this

    def _name(self, item: Picture | LeftOut) -> str:
        return _clean(item.file.relative_to(self.folder).as_posix())

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


def scan(path: str | Path, *, alike: float = 0.98, progress: bool = True) -> Report:
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
    root = _folder(path)
    files, left_out, ignored = _list(root)
    seen = _each(_look, [file for _, file in files], "Looking", progress)
    left_out += [
        LeftOut(file, why) for (_, file), why in zip(files, seen, strict=True) if type(why) is str
    ]
    good = [(*f, *s) for f, s in zip(files, seen, strict=True) if type(s) is not str]
    if not good:
        _check_structure(root)
    usable = {row[0] for row in good}
    emptied = dict.fromkeys(name for name, _ in files if name not in usable)
    left_out += [LeftOut(root / name, "no usable picture in it") for name in emptied]
    thumbnails = np.array([row[-1] for row in good], np.uint8).reshape(-1, 16, 16, 3)
    group = _group(thumbnails, alike)
    copies = _copies(good, group, progress)
    left_out += [LeftOut(good[i][1], why) for i, why in copies.items()]
    keep = [i for i in range(len(good)) if i not in copies]
    classes = tuple(sorted({good[i][0] for i in keep}))
    pictures = tuple(
        Picture(file, classes.index(name), *size, int(group[i]), notes)
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
            f"{_many(len(report.classes), 'class')}; wanted are at least two classes. "
            "print(report) shows what was left out and why."
        )
    rng = np.random.default_rng(seed)
    together: dict[int, list[int]] = {}
    for i, picture in enumerate(report.pictures):
        together.setdefault(picture.group, []).append(i)
    part = np.full(len(report.pictures), -1)
    for label, count in enumerate(report.counts.values()):
        # A group across classes is dealt out with the class of its first picture.
        groups = [g for g in together.values() if report.pictures[g[0]].label == label]
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
                f"Class {name!r} cannot be in all {len(fractions)} parts: it has {_many(have)}, "
                f"and those that look alike stay together, which leaves {different} to deal out. "
                "Add pictures that differ, ask for fewer parts, or move the class elsewhere."
            )
    return [
        Part(tuple(report.pictures[i].file for i in rows), labels[rows])
        for rows in (np.flatnonzero(part == p) for p in range(len(fractions)))
    ]


def load(files: Sequence[str | Path], size: int, *, progress: bool = True) -> np.ndarray:
    """Load pictures into one array, each as a square.

    The largest square in the middle is kept, as Keras does with
    ``image_dataset_from_directory(..., crop_to_aspect_ratio=True)``, and then
    resized.  (Unlike Keras, every pixel counts when a picture is made smaller.)
    Pictures are set upright, what is transparent becomes white, and of an
    animation the first picture is taken.

    Parameters
    ----------
    files
        Files that `scan` found usable, such as ``train.files``.
    size
        Height and width to bring them to, in pixels.
    progress
        Show a bar with the time left if it takes longer than a second.

    Returns
    -------
    numpy.ndarray
        Shape (files, size, size, 3), uint8 from 0 to 255.

    Raises
    ------
    ValueError
        If a file cannot be used; the message says which and why.
    MemoryError
        If the array would not fit into what memory is free.

    Examples
    --------
    >>> load([], 224).shape
    (0, 224, 224, 3)
    """
    import psutil
    from PIL import Image

    if isinstance(files, str | Path):
        raise TypeError(f"files must be a list of files; got {str(files)!r}. Write [{files!r}].")
    if size != int(size) or size < 1:
        raise ValueError(f"size must be a whole number of at least 1; got {size!r}.")
    files = [Path(file) for file in files]
    need, free = len(files) * size * size * 3, psutil.virtual_memory().available
    if need > free:
        raise MemoryError(
            f"{len(files):,} pictures of {size} × {size} pixels take {need / 1e9:.1f} GB, and "
            f"{free / 1e9:.1f} GB of memory are free. Load a part at a time and keep its features."
        )
    images = np.empty((len(files), size, size, 3), np.uint8)

    def one(i: int) -> str | None:
        try:
            image, _, _ = _picture(files[i], size)
        except _Unusable as error:
            return str(error)
        side = min(image.size)
        left, top = ((length - side) // 2 for length in image.size)
        box = (left, top, left + side, top + side)
        images[i] = image.resize((size, size), Image.Resampling.BILINEAR, box)
        return None

    bad = [
        (f, why)
        for f, why in zip(files, _each(one, range(len(files)), "Loading", progress), strict=True)
        if why
    ]
    if bad:
        raise ValueError(
            f"{_many(len(bad), 'file')} cannot be used, such as {bad[0][0]}: {bad[0][1]}. "
            "folders.scan finds the files that can."
        )
    return images


class _Unusable(Exception):
    """A file cannot be used; its text says why, in plain words."""


def _picture(path: Path, side: int | None = None) -> tuple[Image.Image, tuple[int, int], list[str]]:
    """Decode a file: the picture, upright and in RGB, its full size and what is special.

    With ``side``, a JPEG may come smaller, but not below that: it decodes faster.
    """
    from PIL import Image

    notes = []
    try:
        with Image.open(path, formats=_formats()) as image:
            size = image.size
            if min(size) < LEAST_SIDE:
                raise _Unusable(f"smaller than {LEAST_SIDE} × {LEAST_SIDE} pixels")
            if side:
                scale = min(1, side / min(size))
                image.draft(None, [math.ceil(length * scale) for length in size])
            if image.width * image.height > MOST_PIXELS:
                raise _Unusable(TOO_LARGE)
            if max(size) > 4 * min(size):
                notes.append("very long (loading keeps the middle, under a quarter)")
            usual = Image.registered_extensions().get(path.suffix.lower())
            if image.format not in (usual, "MPO"):
                ending = _clean(path.suffix) or "without ending"
                notes.append(f"named {ending} but {image.format}, which works")
            if getattr(image, "is_animated", False) and image.format != "MPO":
                notes.append("several pictures in one file, the first is used")
            image.load()
            turn = _turn(image)
            image = _rgb(image, notes)
    except _Unusable:
        raise
    except Exception as error:  # damaged files make Pillow raise almost anything
        raise _Unusable(_why(path, error)) from error
    if turn:
        image = image.transpose(TURNS[turn])
        notes.append("taken sideways, set upright")
        size = size[::-1] if turn > 4 else size
    return image, size, notes


@functools.cache
def _formats() -> list[str]:
    """Return those of our formats that this Pillow reads; it stumbles over others."""
    from PIL import Image

    Image.init()
    return [name for name in FORMATS if name in Image.OPEN]


def _turn(image: Image.Image) -> int | None:
    """Return the EXIF orientation of a picture that does not lie as it was seen."""
    try:
        turn = image.getexif().get(0x0112)
    except Exception:  # damaged EXIF data is no reason to lose a good picture
        return None
    return turn if turn in TURNS else None


def _rgb(image: Image.Image, notes: list[str]) -> Image.Image:
    """Return a decoded picture in RGB with 8 bits, as it would look on white paper."""
    from PIL import Image

    if image.mode[0] in "IF":  # Pillow's own convert() would cut all values off at 255
        values = np.asarray(image)
        if image.mode == "F" or values.min() < 0 or values.max() > 65535:
            raise _Unusable("32 bits for each pixel (save it with 8 bits)")
        notes.append("16 bits for each pixel, brought to 8")
        if values.max() < 4096:
            notes.append("dark, for it has 16 bits for each pixel and uses at most 12")
        return Image.fromarray((values >> 8).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        notes.append("transparent, put on white")
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    if image.mode == "CMYK":
        notes.append("made for printing (CMYK), so its colours are not exact")
    return image if image.mode == "RGB" else image.convert("RGB")


def _why(path: Path, error: Exception) -> str:
    """Say in plain words why a file cannot be used."""
    from PIL import Image, UnidentifiedImageError

    if isinstance(error, Image.DecompressionBombError):
        return TOO_LARGE
    if isinstance(error, MemoryError):
        return "too large for the memory that is free"
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except PermissionError:
        return "no permission to read it"
    except OSError as reason:
        return f"cannot be opened ({reason.strerror})"
    for beginning, what in KINDS.items():
        if re.match(beginning, head, re.DOTALL | re.IGNORECASE):
            return what
    if re.match(rb"\xff\xd8|\x89PNG|GIF8|RIFF|II\*\0|MM\0\*", head):
        return DAMAGED
    text = head.decode("utf-8", "ignore")  # the last letter may be cut in two
    if text and "".join(text.split()).isprintable() and len(text.encode()) > len(head) - 4:
        return "text, not a picture"
    if not isinstance(error, UnidentifiedImageError):
        return DAMAGED
    return "not a picture that can be read here (save it as JPEG or PNG)"


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
                f"There are no class folders in {root}, but {_many(len(files), 'file')}. Make one "
                "folder in it for each class and move the pictures there. If all that is one "
                f"class, give the folder above: {root.parent}."
            )
        if files and root in Path(here).parent.parents:
            raise ValueError(
                f"{root} holds folders of folders. Was this meant: {Path(here).parent}?"
            )


def _each(function: Callable, items: Sequence, doing: str, progress: bool) -> list:
    """Return function(item) for each item, in order, worked out in a few threads.

    Threads do here, as Pillow lets others run while it decodes and resizes.
    """
    from tqdm.auto import tqdm

    pool = ThreadPoolExecutor(min(8, os.cpu_count() or 1))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Pillow; what matters is said in the report
            bar = {"unit": "file", "leave": False, "delay": 1, "disable": not progress}
            return list(tqdm(pool.map(function, items), doing, len(items), **bar))
    finally:
        pool.shutdown(cancel_futures=True)  # stopped by the learner: do not go on to the end


def _look(path: Path) -> tuple[tuple[int, int], tuple[str, ...], np.ndarray] | str:
    """Return size, notes and thumbnail of a picture, or why it cannot be used."""
    from PIL import Image

    try:
        image, size, notes = _picture(path, 64)
    except _Unusable as error:
        return str(error)
    return size, tuple(notes), np.asarray(image.resize((16, 16), Image.Resampling.BILINEAR))


def _group(thumbnails: np.ndarray, alike: float) -> np.ndarray:
    """Return one number for each thumbnail, the same for those that look alike.

    Two pictures are alike if the correlation of their thumbnails is at least
    ``alike``, and so are those that are connected through others.  (The usual
    difference hash takes all drawings on a plain background for one another:
    where nothing changes, all its bits agree.)
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(thumbnails)
    if not n:
        return np.zeros(0, int)
    # Identical ones first: plain pictures have no correlation, and many of them
    # would make a long list of pairs.
    numbers: dict[bytes, int] = {}
    group = np.array([numbers.setdefault(t.tobytes(), len(numbers)) for t in thumbnails])
    vectors = thumbnails.reshape(n, 256, 3).astype(np.float32)
    vectors -= vectors.mean(axis=1, keepdims=True)
    vectors = vectors.reshape(n, 768)
    # One grey level of noise counts as noise, or nearly plain pictures would all be alike.
    vectors /= np.sqrt(np.einsum("ij,ij->i", vectors, vectors) + 768)[:, None]
    block = max(16, PAIRS // n)
    for start in range(0, n, block):
        near = vectors[start : start + block] @ vectors[start:].T >= alike
        rows, columns = np.nonzero(np.triu(near, 1))
        rows, columns = group[rows + start], group[columns + start]
        new = rows != columns
        if new.any():
            pairs = coo_array((np.ones(new.sum()), (rows[new], columns[new])), (n, n))
            group = connected_components(pairs, directed=False)[1][group]
    return group


def _copies(good: list[tuple], group: np.ndarray, progress: bool) -> dict[int, str]:
    """Find pictures with the same pixels, and say of each that is too much why."""

    def pixels(i: int) -> bytes | None:
        try:
            return hashlib.blake2b(_picture(good[i][1])[0].tobytes()).digest()
        except _Unusable:
            return None

    alike: dict[tuple, list[int]] = {}
    for i, (_, _, size, _, _) in enumerate(good):
        alike.setdefault((group[i], size), []).append(i)
    suspects = [i for rows in alike.values() if len(rows) > 1 for i in rows]
    same: dict[tuple, list[int]] = {}
    for i, digest in zip(suspects, _each(pixels, suspects, "Comparing", progress), strict=True):
        same.setdefault((digest or i, good[i][2]), []).append(i)
    copies = {}
    for first, *others in (rows for rows in same.values() if len(rows) > 1):
        classes = sorted({good[i][0] for i in (first, *others)})
        if len(classes) > 1:
            names = " and ".join(map(_clean, classes))
            why = f"the same picture is in {names} (keep it where it belongs)"
            copies |= dict.fromkeys((first, *others), why)
        else:
            name = _clean(f"{classes[0]}/{good[first][1].name}")
            copies |= dict.fromkeys(others, f"the same picture as {name}")
    return copies


def _many(count: int, what: str = "picture") -> str:
    """Return a count with its word: "1 class", "2,000 classes"."""
    ending = "" if count == 1 else "es" if what.endswith("s") else "s"
    return f"{count:,} {what}{ending}"


def _clean(name: str) -> str:
    """Return a file name that can be printed anywhere, and not too much of it."""
    name = "".join(letter if letter.isprintable() else "?" for letter in name)
    return name if len(name) <= 60 else f"{name[:30]}…{name[-29:]}"
