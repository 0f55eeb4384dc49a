"""Pictures in files: open one safely, say why one cannot be used, load many.

Real files are messy.  `decode_image` makes of each what can be learned from,
upright and in RGB, or raises `UnusableFile` with the reason in plain words.
`load_images` does so with many and returns one array.  Copies are found in
`near_copies`.

Nothing here changes, moves or deletes a file.
"""

from __future__ import annotations

import functools
import io
import math
import os
import struct
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tlhelpers.data.names import as_path
from tlhelpers.data.pixels import has_planes, look_at_header, to_rgb
from tlhelpers.data.unusable import (
    CAMERA_RAW,
    MOST_PIXELS,
    RAW_ENDINGS,
    TOO_LARGE,
    UnusableFile,
    why_unusable,
)
from tlhelpers.data.wording import counted, printable_name
from tlhelpers.inputs import read_count

if TYPE_CHECKING:  # for readers and type checkers only
    from PIL import Image

#: What is read.  Formats that start other programs (EPS) are not on the list.
#: HEIF is there for those who installed a reader of it themselves.
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "AVIF", "JPEG2000", "PPM", "HEIF")
LEAST_SIDE = 8  # pixels; the handwritten digits have just that
#: How to set upright what was taken with the camera held sideways (EXIF tag 274).
TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # to numbers of PIL.Image.Transpose


def load_images(
    files: Sequence[str | Path], size: int, *, whole: bool = False, progress: bool = True
) -> np.ndarray:
    """Load pictures into one array, each as a square.

    The largest square in the middle is kept, as Keras does with
    ``image_dataset_from_directory(..., crop_to_aspect_ratio=True)``, and then
    resized.  (Unlike Keras, every pixel counts when a picture is made smaller.)
    Pictures are set upright, what is transparent becomes white, and of an
    animation the first picture is taken.

    Parameters
    ----------
    files
        Files that `folders.scan_folder` found usable, such as ``train.files``.
    size
        Height and width to bring them to, in pixels.
    whole
        Keep everything that is on a picture, and squeeze it into the square, as
        ``keras.utils.load_img(..., target_size=...)`` does.
    progress
        Show a bar with the time left if it takes longer than a second.

    Returns
    -------
    numpy.ndarray
        Shape (files, size, size, 3), uint8 from 0 to 255.

    Raises
    ------
    TypeError
        If ``files`` is one file and no list.
    ValueError
        If a file cannot be used (the message says which and why), or the size
        is no whole number above 0.
    MemoryError
        If the array would not fit into what memory is free.

    Examples
    --------
    >>> load_images([], 224).shape
    (0, 224, 224, 3)
    """
    if isinstance(files, str | Path):
        raise TypeError(f"files must be a list of files; got {str(files)!r}. Write [{files!r}].")
    try:
        files = list(files)
    except Exception:  # a symbol of Keras has its own
        raise TypeError(f"files must be a list of files; got {type(files).__name__}.") from None
    places, size = [as_path(file) for file in files], read_count(size, "size")
    check_memory(len(places), size, "Load a part at a time and keep its features.")
    images = np.empty((len(places), size, size, 3), np.uint8)

    def one(i: int) -> str | None:
        try:
            images[i] = load_square(places[i], size, whole=whole)
        except UnusableFile as error:
            return str(error)
        return None

    reasons = map_in_threads(one, range(len(places)), "Loading", progress)
    bad = [(file, why) for file, why in zip(places, reasons, strict=True) if why]
    if bad:
        raise ValueError(
            f"{counted(len(bad), 'file')} cannot be used, such as {bad[0][0]}: {bad[0][1]}. "
            "folders.scan_folder finds the files that can."
        )
    return images


def load_square(path: str | Path, size: int, *, whole: bool = False) -> np.ndarray:
    """Load one picture as `load_images` does.

    Parameters
    ----------
    path
        A file.
    size, whole
        As for `load_images`.

    Returns
    -------
    numpy.ndarray
        Shape (size, size, 3), uint8 from 0 to 255.

    Raises
    ------
    UnusableFile
        If it cannot be used, with the reason.
    """
    from PIL import Image

    size = read_count(size, "size")
    image, _, _ = decode_image(as_path(path), size)
    side = min(image.size)
    left, top = ((length - side) // 2 for length in image.size)
    box = None if whole else (left, top, left + side, top + side)
    return np.asarray(image.resize((size, size), Image.Resampling.BILINEAR, box))


def check_memory(count: int, size: int, advice: str) -> None:
    """Refuse to load so many pictures that they would not fit into memory.

    Parameters
    ----------
    count
        How many pictures.
    size
        Height and width of each in pixels, three bytes a pixel.
    advice
        The last sentence of the message: what to do instead.

    Raises
    ------
    MemoryError
        If less memory is free than they take.
    """
    import psutil

    count, size = read_count(count, "count", least=0, most=10**9), read_count(size, "size")
    need, free = count * size * size * 3, psutil.virtual_memory().available
    if need > free:
        raise MemoryError(
            f"{count:,} pictures of {size} × {size} pixels take {need / 1e9:.1f} GB, and "
            f"{free / 1e9:.1f} GB of memory are free. {advice}"
        )


def decode_image(
    path: Path, side: int | None = None
) -> tuple[Image.Image, tuple[int, int], list[str]]:
    """Decode a file, whatever its format, as it would look on white paper.

    Parameters
    ----------
    path
        The file.
    side
        A JPEG may come smaller, but its shorter side not below this many
        pixels: it decodes faster.  By default it comes in full size.

    Returns
    -------
    image : PIL.Image.Image
        The picture, upright and in RGB.
    size : tuple of int
        Width and height of the whole picture.
    notes : list of str
        What is special about the file.

    Raises
    ------
    UnusableFile
        If it cannot be used, with the reason.
    """
    path = as_path(path)
    side = None if side is None else read_count(side, "side")
    try:
        try:
            return _decode(path, path, side)
        except ValueError:  # so does Pillow refuse a PNG with a long text or a large profile
            bare = _without_texts(path)
            if not bare:
                raise
            return _decode(io.BytesIO(bare), path, side)
    except UnusableFile:
        raise
    except Exception as error:  # damaged files make Pillow raise almost anything
        raise UnusableFile(why_unusable(path, error)) from error


def _decode(
    source: Path | io.BytesIO, path: Path, side: int | None
) -> tuple[Image.Image, tuple[int, int], list[str]]:
    from PIL import Image

    notes: list[str] = []
    with Image.open(source, formats=_formats()) as opened:
        _choose_frame(opened, path, notes)
        size = opened.size
        if min(size) < LEAST_SIDE:
            raise UnusableFile(f"smaller than {LEAST_SIDE} × {LEAST_SIDE} pixels")
        if side:
            scale = min(1, side / min(size))
            opened.draft(None, (math.ceil(size[0] * scale), math.ceil(size[1] * scale)))
        if opened.width * opened.height > MOST_PIXELS:
            raise UnusableFile(TOO_LARGE)
        if max(size) > 4 * min(size):
            notes.append("very long (loading keeps the middle, under a quarter)")
        usual = Image.registered_extensions().get(path.suffix.lower())
        if opened.format not in (usual, "MPO"):
            ending = printable_name(path.suffix) or "without ending"
            notes.append(f"named {ending} but {opened.format}, which works")
        stored = look_at_header(opened)
        if stored.bits > 8 and has_planes(opened):
            raise UnusableFile(
                "a TIFF with 16 bits and a plane for each colour, which Pillow cannot read "
                "(save it with 8 bits, or with the colours of a pixel together)"
            )
        opened.load()
        turn = _turn(opened)
        image = to_rgb(opened, stored, notes)
    if turn:
        image = image.transpose(Image.Transpose(TURNS[turn]))
        notes.append("taken sideways, set upright")
        size = size[::-1] if turn > 4 else size
    return image, size, notes


def _without_texts(path: Path) -> bytes:
    """Return a PNG without its texts and its colour profile; b"" if it is none."""
    data = path.read_bytes()
    kept, place = [data[:8]], 8
    while data.startswith(b"\x89PNG") and place + 8 <= len(data):
        length, kind = struct.unpack(">I4s", data[place : place + 8])
        if kind not in (b"tEXt", b"zTXt", b"iTXt", b"iCCP"):
            kept.append(data[place : place + 12 + length])
        place += 12 + length
    return b"".join(kept) if len(kept) > 1 else b""


def _choose_frame(image: Image.Image, path: Path, notes: list[str]) -> None:
    """Go to the picture that is meant, if there are several in one file."""
    tags = getattr(image, "tag_v2", {})
    preview = int(tags.get(254, 0)) & 1  # says that it is a small one of another picture
    # A raw file: it is called so, has a DNG's version, or has more pictures behind the preview.
    if tags and (path.suffix.lower() in RAW_ENDINGS or 50706 in tags or preview and 330 in tags):
        raise UnusableFile(CAMERA_RAW)
    if getattr(image, "is_animated", False) and image.format != "MPO":
        if tags and _largest_page(image):
            notes.append("several pictures in one file, the largest is used")
            return
        notes.append("several pictures in one file, the first is used")
    if preview:
        notes.append("says that it is only a small preview of another picture")


def _largest_page(image: Image.Image) -> bool:
    """Go to a page of a TIFF that is twice as wide and high as the first, if there is one."""
    first, best, number = image.size, image.size, 0
    for page in range(1, min(image.n_frames, 32)):  # type: ignore[attr-defined]
        try:
            image.seek(page)
        except Exception:  # a page that Pillow cannot read is not the one to use
            continue
        if min(image.width / first[0], image.height / first[1]) >= 2 and image.width > best[0]:
            best, number = image.size, page
    image.seek(number)
    return number > 0


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


def map_in_threads(function: Callable, items: Sequence, doing: str, progress: bool) -> list:
    """Return function(item) for each item, in order, worked out in a few threads.

    Threads do here, as Pillow lets others run while it decodes and resizes.

    Parameters
    ----------
    function, items
        What is done, and with what.
    doing
        The word in front of the bar, such as ``"Loading"``.
    progress
        Show a bar with the time left if it takes longer than a second.
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
