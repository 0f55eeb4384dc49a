"""Counts and file names as words, for reports and error messages."""

from __future__ import annotations


def counted(count: int, what: str = "picture") -> str:
    """Return a count with its word.

    Parameters
    ----------
    count
        How many.
    what
        The word for one of them.

    Examples
    --------
    >>> counted(1, "class"), counted(2000, "class"), counted(3)
    ('1 class', '2,000 classes', '3 pictures')
    """
    ending = "" if count == 1 else "es" if what.endswith("s") else "s"
    return f"{count:,} {what}{ending}"


def printable_name(name: str) -> str:
    r"""Return a file name that can be printed anywhere, and not too much of it.

    Examples
    --------
    >>> printable_name("two\nlines.png")
    'two?lines.png'
    """
    name = "".join(letter if letter.isprintable() else "?" for letter in name)
    return name if len(name) <= 60 else f"{name[:30]}…{name[-29:]}"
