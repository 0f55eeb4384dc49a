"""Checks of images against the files that they were read from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tlhelpers.transfer.checkup.report import Finding, NotSeen
from tlhelpers.transfer.checkup.subject import CannotSee, Part, Subject

if TYPE_CHECKING:  # for readers and type checkers only
    from PIL import Image

MOST_FILES = 500  # whose notes are read
COMPARED = 16  # pictures that are compared with their file
ORIENTATION = 0x0112  # where a camera notes how to turn a picture; 1 is upright
SIDE = 16  # pixels of what is compared


def look_at_files(subject: Subject) -> Iterator[Finding | NotSeen]:
    """Find pictures that lie on their side, and arrays with red and blue exchanged."""
    looked = False
    for part in subject.parts:
        given = subject.files if part.name == "train" else None
        files = given or part.said_by_steps("file_paths")
        if not files:
            continue
        looked = True
        turned = [i for i, file in enumerate(files[:MOST_FILES]) if _orientation(file) > 1]
        if part.is_dataset:
            # Keras' reader of folders leaves file_paths behind, and does not read the notes.
            lying = turned
        else:
            lying = [i for i in turned[:COMPARED] if _lies(part, i, files[i])]
            yield from _colours(part, files)
        if lying:
            yield Finding(
                "exif",
                f"{len(lying)} of the first {min(len(files), MOST_FILES)} files of {part.name} "
                f"have a note to turn the picture, such as {_name(files[lying[0]])}, and it was "
                "read as it lies",
                "Read files with PIL.ImageOps.exif_transpose(PIL.Image.open(file)), or with "
                "tl.image_files.load_images(files, side).",
            )
            return
    if not looked:
        raise CannotSee("the files of the pictures. files=[...] helps.")


def _orientation(file: Any) -> int:
    from PIL import Image

    with Image.open(file) as image:
        return int(image.getexif().get(ORIENTATION, 1))


def _name(file: Any) -> str:
    return str(file).replace("\\", "/").rsplit("/", 1)[-1]


def _lies(part: Part, row: int, file: Any) -> bool:
    """Say whether an image looks like its file before it is turned, rather than after."""
    from PIL import Image, ImageOps

    here = _read(part, row)
    if here is None:
        return False
    with Image.open(file) as image:
        stored, shown = _small(image), _small(ImageOps.exif_transpose(image))
    return _alike(here, stored) > max(0.7, _alike(here, shown))


def _colours(part: Part, files: Sequence[Any]) -> Iterator[Finding]:
    """Compare images with their files, once with red first and once with blue first."""
    from PIL import Image, ImageOps

    if part.images.ndim != 4 or part.images.shape[-1] != 3 or part.images.min() < 0:
        return  # they are prepared already
    wins, tried = 0, 0
    for row in np.linspace(0, len(files) - 1, min(len(files), COMPARED)).astype(int).tolist():
        here = _read(part, row)
        if here is None:
            continue
        with Image.open(files[row]) as image:
            both = [_small(image), _small(ImageOps.exif_transpose(image))]
        straight, reversed_ = (
            max(_alike(here, file[..., ::step]) for file in both) for step in (1, -1)
        )
        if max(straight, reversed_) > 0.8 and abs(straight - reversed_) > 0.01:
            tried += 1
            wins += reversed_ > straight
    if tried and wins > 0.8 * tried:
        yield Finding(
            "channel_order",
            f"{wins} of {tried} pictures of {part.name} are like their files with red and blue "
            "exchanged",
            "After cv2.imread, write image[..., ::-1]; or read files with one library everywhere.",
        )


def _read(part: Part, row: int) -> np.ndarray | None:
    """Return the thumbnail of one image, if it was among those that were read."""
    from PIL import Image

    at = np.flatnonzero(part.rows == row)
    if not len(at) or part.images.ndim != 4 or part.images.shape[-1] != 3:
        return None
    image = part.images[at[0]].astype(np.float64)
    low, high = image.min(), image.max()
    bright = ((image - low) / max(high - low, 1e-12) * 255).astype(np.uint8)
    return _small(Image.fromarray(bright))


def _small(image: Image.Image) -> np.ndarray:
    from PIL import Image

    small = image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return np.asarray(small, np.float64)


def _alike(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])
