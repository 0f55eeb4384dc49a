"""Small pictures in a row, each with a word below: what was chosen, added or saved."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tlhelpers.data.image_files import decode_image
from tlhelpers.data.unusable import UnusableFile

SIDE = 48  # pixels on the screen
MOST = 24  # in a row that says how many more there are


class Thumbnail(NamedTuple):
    """One small picture.

    Attributes
    ----------
    png
        A PNG file, or empty where there is no picture to show.
    caption
        What stands below it.
    instead
        What stands in where there is no picture.
    """

    png: bytes
    caption: str
    instead: str = "no picture"


def of_ink(picture: np.ndarray) -> bytes:
    """Return a picture of ink on paper as a small PNG file.

    Parameters
    ----------
    picture
        Shape (height, width), from 0 (paper) to 1 (ink).
    """
    from PIL import Image

    grey = np.uint8(np.round(255 * (1 - np.clip(picture, 0, 1))))
    return _png(Image.fromarray(grey).resize((SIDE, SIDE), Image.Resampling.NEAREST))


def of_file(path: Path) -> bytes:
    """Return a small PNG file of a picture, or nothing if the file is no picture."""
    from PIL import Image

    try:
        image, _, _ = decode_image(path, SIDE)
    except UnusableFile:
        return b""
    image.thumbnail((SIDE, SIDE), Image.Resampling.BILINEAR)
    return _png(image)


def _png(image: object) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")  # type: ignore[attr-defined]
    return file.getvalue()


def row(thumbnails: Sequence[Thumbnail], heading: str, more: int = 0) -> str:
    """Return a row of small pictures as HTML, in the colours of the theme.

    Parameters
    ----------
    thumbnails
        From left to right.
    heading
        What they are, in a line above: plain text.
    more
        How many there are beside these.

    Examples
    --------
    >>> "<b>" in row([Thumbnail(b"", "<b>.png")], "Chosen: 1 file")
    False
    """
    items = "".join(
        f'<li style="width: {SIDE + 24}px; text-align: center; overflow-wrap: anywhere">'
        f"{_picture(each)}<div>{html.escape(each.caption)}</div></li>"
        for each in thumbnails
    )
    if more:
        items += f"<li>and {more:,} more</li>"
    return (
        '<div style="line-height: 1.3; color: var(--jp-content-font-color1, inherit)">'
        f'<div>{html.escape(heading)}</div><ul aria-label="{html.escape(heading)}" style="'
        "list-style: none; margin: 4px 0; padding: 0; display: flex; flex-wrap: wrap; gap: 6px; "
        f'font-size: small">{items}</ul></div>'
    )


def _picture(thumbnail: Thumbnail) -> str:
    size = f"height: {SIDE}px; border: 1px solid #767676; margin: auto"
    if not thumbnail.png:
        middle = "display: flex; align-items: center; justify-content: center"
        return (
            f'<div style="{size}; width: {SIDE}px; {middle}">{html.escape(thumbnail.instead)}</div>'
        )
    data = base64.b64encode(thumbnail.png).decode()
    # The caption says in words what it is.
    return (
        f'<img alt="" src="data:image/png;base64,{data}" '
        f'style="{size}; display: block; max-width: 100%; object-fit: contain; background: white">'
    )
