"""Bring decoded pictures of any kind to RGB with 8 bits, and say what that drops."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tlhelpers.data.unusable import UnusableFile
from tlhelpers.data.wording import counted

if TYPE_CHECKING:  # for readers and type checkers only
    from PIL import Image

_PHOTOMETRIC, _EXTRA_BANDS, _BITS, _BANDS, _PLANES = 262, 338, 258, 277, 284  # tags of TIFF


class Stored(NamedTuple):
    """What a file says of its pixels, to be asked before they are decoded."""

    bits: int  #: of each number
    white_is_zero: bool
    more_bands: int  #: than are colours or transparency
    fourth: bool = False  #: whether one of them is taken for transparency by Pillow


def look_at_header(image: Image.Image) -> Stored:
    """Say how the pixels of an opened picture are stored.

    Parameters
    ----------
    image
        As from ``Image.open``, not loaded yet.

    Examples
    --------
    >>> from PIL import Image
    >>> look_at_header(Image.new("L", (8, 8)))
    Stored(bits=8, white_is_zero=False, more_bands=0, fourth=False)
    """
    tags = getattr(image, "tag_v2", None)
    if tags is not None:
        bits, extra = tags.get(_BITS, (8,)), tags.get(_EXTRA_BANDS, ())
        extra = extra if isinstance(extra, tuple) else (extra,)
        more = sum(kind == 0 for kind in extra)  # 0 says that nobody knows what it is
        fourth = not extra and tags.get(_PHOTOMETRIC) == 2 and tags.get(_BANDS) == 4
        return Stored(max(bits), tags.get(_PHOTOMETRIC) == 0, more + fourth, fourth)
    ways = [tile[3] for tile in getattr(image, "tile", ())]  # how to unpack the numbers
    if any(";16" in str(way) for way in ways):
        return Stored(16, False, 0)
    most = max([255, *(way[1] for way in ways if isinstance(way, tuple) and _is_ppm(way))])
    return Stored(math.ceil(math.log2(most + 1)), False, 0)


def has_planes(image: Image.Image) -> bool:
    """Say whether a TIFF keeps each colour in a plane of its own."""
    tags = getattr(image, "tag_v2", {})
    return tags.get(_PLANES) == 2 and tags.get(_BANDS, 1) > 1


def _is_ppm(way: tuple) -> bool:
    """Say whether this is how Pillow unpacks a PPM: the mode, and the largest number."""
    return len(way) == 2 and isinstance(way[0], str) and isinstance(way[1], int)


def to_rgb(image: Image.Image, stored: Stored, notes: list[str]) -> Image.Image:
    """Return a decoded picture in RGB with 8 bits, as it would look on white paper.

    Parameters
    ----------
    image
        The picture, loaded.
    stored
        What `look_at_header` said before.
    notes
        Gets a few words on all that is special or dropped.

    Raises
    ------
    UnusableFile
        If its numbers mean no brightness that is known; the text says which.
    """
    from PIL import Image

    if image.mode[0] in "IF":  # Pillow's own convert() would cut all values off at 255
        return _from_numbers(image, stored, notes)
    if stored.bits > 8:
        notes.append(f"{stored.bits} bits for each pixel, brought to 8")
        light = np.asarray(image)[..., :3].max() if image.mode in ("RGB", "RGBA") else 255
        if stored.bits > 12 and light <= 16:
            notes.append(_dark(stored.bits))
    if stored.more_bands:
        more = counted(stored.more_bands, "more band")
        notes.append(f"{more} than colours (infrared?), not used")
        image = image.convert("RGB") if stored.fourth else image
    if image.mode == "La":  # Pillow converts it to nothing else
        image = image.convert("LA")
    if image.has_transparency_data:
        notes.append("transparent, put on white")
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    if image.mode == "CMYK":
        notes.append("made for printing (CMYK), so its colours are not exact")
    return image if image.mode == "RGB" else image.convert("RGB")


def _from_numbers(image: Image.Image, stored: Stored, notes: list[str]) -> Image.Image:
    """Return a grey picture with more than 8 bits in RGB."""
    from PIL import Image

    values = np.asarray(image)
    if image.mode == "F" or values.max() > 65535:
        raise UnusableFile("32 bits for each pixel (save it with 8 bits)")
    if values.min() < 0:
        raise UnusableFile("numbers below 0 for pixels (save it with 8 bits)")
    bits = max(stored.bits, 16) if stored.bits != 12 else 12
    values = values.astype(np.int32)
    if stored.white_is_zero:  # Pillow turns only those of 8 bits
        values = 2 ** min(bits, 16) - 1 - values
    notes.append(f"{bits} bits for each pixel, brought to 8")
    if bits > 12 and values.max() < 4096:
        notes.append(_dark(bits))
    return Image.fromarray((values >> min(bits, 16) - 8).astype(np.uint8)).convert("RGB")


def _dark(bits: int) -> str:
    return f"dark, for it has {bits} bits for each pixel and uses at most 12"
