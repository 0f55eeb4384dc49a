"""From strokes on a sheet to a picture like those of the digits lab."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tlhelpers.inputs import read_array, read_count, read_items
from tlhelpers.labs import own

#: Width of the pen, as a share of the longer side of what is drawn.
PEN = 0.14
MOST_STROKES, MOST_POINTS = 100, 2_000

Strokes = Sequence[Sequence[Sequence[float]]]


class BadDrawing(ValueError):
    """What is on a sheet cannot be used, and the message says why in a plain sentence."""


def to_sheet(strokes: Strokes, side: int = 96) -> np.ndarray:
    """Draw strokes as a picture: black on white, as large as the sheet allows.

    What is drawn is brought to one size first, so that it does not matter how
    large somebody writes; then a pen of one width goes over it.

    Parameters
    ----------
    strokes
        A list of strokes, each a list of (x, y) from 0 to 1, from the upper left.
    side
        Pixels of a side of the picture.

    Returns
    -------
    numpy.ndarray
        Shape (side, side), uint8: 0 is ink, 255 is paper.

    Raises
    ------
    BadDrawing
        If nothing is drawn, or too much.
    ValueError
        If these are no strokes.

    Examples
    --------
    >>> to_sheet([[(0.5, 0.1), (0.5, 0.9)]])[48, [0, 48]]
    array([255,   0], dtype=uint8)
    """
    from PIL import Image, ImageDraw

    lines, side = _check(strokes), read_count(side, "side", least=8, most=4096)
    points = np.concatenate(lines)
    low, high = points.min(axis=0), points.max(axis=0)
    # A dot stays a dot: nothing is made larger than ten times.
    scale = 1 / max(float((high - low).max()), 0.1)
    large = 4 * side  # four times too large, then averaged: that makes smooth edges
    pen = PEN * large
    inner = large - 2 * pen
    sheet = Image.new("L", (large, large), 255)
    brush = ImageDraw.Draw(sheet)
    for line in lines:
        there = [tuple(p) for p in ((line - (low + high) / 2) * scale + 0.5) * inner + pen]
        if len(there) > 1:
            brush.line(there, fill=0, width=round(pen))
        for x, y in there:  # round joints and ends
            brush.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), fill=0)
    return np.asarray(sheet.resize((side, side), Image.Resampling.BOX))


def to_picture(strokes: Strokes) -> np.ndarray:
    """Turn strokes into an 8 × 8 picture like those of the digits lab.

    Parameters
    ----------
    strokes
        As for `to_sheet`.

    Returns
    -------
    numpy.ndarray
        Shape (8, 8), float32 from 0 (paper) to 1 (ink).

    Raises
    ------
    BadDrawing
        If nothing is drawn, or too much.
    ValueError
        If these are no strokes.

    Examples
    --------
    >>> to_picture([[(0.5, 0.1), (0.5, 0.9)]])[4].round()
    array([0., 0., 0., 1., 1., 0., 0., 0.], dtype=float32)
    """
    return own.to_ink(np.repeat(to_sheet(strokes)[None, ..., None], 3, axis=-1))[0]


def _check(strokes: Strokes) -> list[np.ndarray]:
    """Return the strokes as arrays, or say what is wrong with them."""
    wanted = "Wanted: a list of strokes, each a list of (x, y) from 0 to 1."
    try:
        strokes = read_items(strokes, "strokes", at_least=0)
        lines = [read_array(stroke, "A stroke") for stroke in strokes[: MOST_STROKES + 1]]
        lines = [line for line in lines if line.size]
    except (TypeError, ValueError):
        raise ValueError(f"These are no strokes. {wanted}") from None
    if not lines:
        raise BadDrawing("Nothing is drawn yet: draw on the sheet first.")
    if len(lines) > MOST_STROKES or sum(line.size for line in lines) > 2 * MOST_POINTS:
        raise BadDrawing(f"That is too much for a digit: {len(strokes)} strokes. Clear the sheet.")
    for line in lines:
        fits = line.ndim == 2 and line.shape[1] == 2 and np.isfinite(line).all()
        if not fits or line.min() < 0 or line.max() > 1:
            raise ValueError(f"These are no strokes. {wanted}")
    return [line.astype(float) for line in lines]
