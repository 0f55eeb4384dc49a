"""Thirty digits, drawn as with a mouse: they stand in where nobody draws."""

from __future__ import annotations

import numpy as np

Strokes = list[list[list[float]]]

#: Three of each digit.  A stroke is points "x,y" on a sheet of 100 × 100; ";" lifts the pen.
POINTS: dict[str, tuple[str, ...]] = {
    "0": (
        "52,12 34,20 27,45 30,72 46,88 64,80 73,55 68,26 52,12",
        "60,15 40,15 28,38 27,62 38,84 58,86 72,64 71,36 56,13",
        "45,10 33,34 34,66 48,90 62,70 64,38 48,10",
    ),
    "1": (
        "36,30 52,12 52,88",
        "55,10 50,50 46,90",
        "32,36 55,10 55,88;38,88 72,88",
    ),
    "2": (
        "30,30 38,14 58,12 68,28 58,50 38,70 26,87 48,84 74,87",
        "28,26 46,11 66,20 66,40 46,62 28,85 30,86 72,86",
        "32,22 52,12 66,24 58,46 34,76 30,88 42,80 56,88 72,82",
    ),
    "3": (
        "30,18 50,11 66,22 60,40 44,47 64,54 70,72 54,88 30,82",
        "28,14 66,14 46,42 64,50 68,70 52,88 28,80",
        "34,20 54,10 64,26 46,46 66,60 60,82 40,90 28,76",
    ),
    "4": (
        "56,10 40,36 26,62 76,62;62,36 62,90",
        "34,12 30,50 70,50;66,12 64,90",
        "60,88 60,12 24,66 78,66",
    ),
    "5": (
        "68,13 36,13 33,45 54,41 70,56 66,78 46,88 28,80",
        "36,14 32,46 52,44 68,60 58,84 30,86;36,14 70,12",
        "70,15 40,12 36,40 58,42 66,62 54,86 30,84",
    ),
    "6": (
        "62,12 42,26 30,54 34,80 52,88 68,76 62,58 44,56 32,68",
        "56,10 36,40 30,68 42,88 62,84 68,66 52,56 34,66",
        "68,18 48,16 33,42 32,72 48,88 66,78 64,60 48,54 34,64",
    ),
    "7": (
        "28,14 72,14 56,48 44,88",
        "26,16 70,12 54,50 42,90;38,50 66,48",
        "30,24 30,14 70,16 50,54 46,88",
    ),
    "8": (
        "64,24 50,12 36,24 44,42 62,58 66,76 50,88 34,78 38,60 56,44 64,24",
        "50,48 36,34 40,16 58,14 64,30 50,48 34,64 38,84 58,88 68,72 50,48",
        "68,18 46,12 36,28 52,46 66,64 58,86 38,84 36,66 54,46 68,18",
    ),
    "9": (
        "66,32 50,46 34,36 36,18 54,11 66,24 66,50 60,88",
        "64,20 44,14 32,30 44,46 62,38 66,18 64,60 52,88 34,84",
        "66,26 52,12 36,22 38,42 56,44 66,26 62,60 48,90",
    ),
}


def recorded_drawings() -> list[tuple[int, Strokes]]:
    """Return thirty drawings: the digits 0 to 9, then again, then once more.

    Returns
    -------
    list of (int, strokes)
        The digit, and its strokes as a `Pad` has them: a list of strokes, each
        a list of [x, y] from 0 to 1, from the upper left.

    Examples
    --------
    >>> drawings = recorded_drawings()
    >>> [digit for digit, _ in drawings[:12]]
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]
    >>> drawings[4][1][0][0], len(drawings[4][1])  # a four: where it begins, two strokes
    ([0.56, 0.1], 2)
    """
    return [
        (int(digit), [_curve(stroke) for stroke in variants[number].split(";")])
        for number in range(3)
        for digit, variants in POINTS.items()
    ]


def _curve(stroke: str) -> list[list[float]]:
    """Return points on a smooth curve through those written down, as a hand moves."""
    from scipy.interpolate import PchipInterpolator

    points = np.array([point.split(",") for point in stroke.split()], float) / 100
    # By the way gone; this kind of curve never overshoots.
    way = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    along = np.linspace(0, way[-1], round(way[-1] / 0.02) + 2)
    return PchipInterpolator(way, points)(along).round(3).tolist()
