"""Drawings that stand in where nobody draws: two hands, ten digits each.

Each digit is a line of strokes; ``|`` lifts the pen.  Points are ``x,y`` on a
sheet of 100 by 100, from the upper left.
"""

from __future__ import annotations

Strokes = list[list[list[float]]]

#: Upright and round.
_FIRST = """\
50,8 32,14 22,32 20,52 24,72 36,88 50,92 64,88 76,72 80,52 78,32 68,14 50,8
38,26 54,10 54,92
24,28 32,12 50,7 68,13 75,28 70,44 54,60 36,76 23,91 78,91
26,16 42,8 60,9 72,20 70,36 56,46 42,48 58,50 73,60 76,76 64,90 46,94 28,88 21,78
52,8 36,34 20,60 82,60|62,34 62,94
74,9 34,9 29,46 44,39 62,42 74,56 74,74 62,89 44,93 28,87 21,78
66,9 46,20 31,42 25,64 30,84 46,93 64,89 73,74 67,59 51,53 36,59 27,72
22,11 78,11 62,38 48,66 42,93
68,20 52,8 35,14 32,30 46,44 64,56 74,72 66,88 50,94 34,88 27,73 36,57 54,44 66,34 68,20
70,34 62,14 44,9 29,20 28,38 40,50 58,47 70,34 70,60 66,80 56,93
"""
#: Slanted and hasty: an open four, a seven with a bar.
_SECOND = """\
58,9 38,16 26,38 24,62 32,84 44,90 60,82 72,60 75,36 70,16 58,9
60,9 52,50 46,92
30,30 38,14 56,9 72,18 72,36 60,54 42,72 22,88 36,84 54,90 78,86
30,10 74,10 50,40 66,46 75,62 70,80 54,92 36,92 22,82
38,8 30,34 24,56 50,58 78,54|66,26 60,60 56,94
38,10 34,44 52,42 68,52 72,70 62,86 44,93 24,88|38,10 76,8
56,8 40,28 30,54 30,78 42,92 58,90 68,76 62,62 48,60 32,70
24,14 50,10 78,12 66,36 54,60 44,94|38,52 74,50
70,16 54,9 40,18 42,34 58,46 68,62 62,82 48,92 34,84 34,66 48,48 66,32 70,16
68,20 52,10 36,20 34,38 48,46 62,38 68,20 64,50 58,72 52,94
"""


def recorded_drawings() -> list[tuple[int, Strokes]]:
    """Return twenty drawings: the digits 0 to 9 by one hand, then by another.

    Returns
    -------
    list of (int, strokes)
        The digit, and its strokes as a `Pad` has them.

    Examples
    --------
    >>> digit, strokes = recorded_drawings()[1]
    >>> digit, strokes[0][0]
    (1, [0.38, 0.26])
    """
    return [
        (digit, [_points(stroke) for stroke in line.split("|")])
        for hand in (_FIRST, _SECOND)
        for digit, line in enumerate(hand.splitlines())
    ]


def _points(stroke: str) -> list[list[float]]:
    return [[int(number) / 100 for number in point.split(",")] for point in stroke.split()]
