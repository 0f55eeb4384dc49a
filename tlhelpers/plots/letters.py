"""Fonts for the letters of a figure: names may be written in any script."""

from __future__ import annotations

import contextlib
import functools
import sys
import unicodedata
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: The font of the course's figures; it comes with Matplotlib.
FONT = "DejaVu Sans"


def find_letters(figure: Figure) -> None:
    """Give the texts of a figure further fonts where `FONT` lacks their letters.

    Letters that no font of this computer has are named in a note, once.

    Parameters
    ----------
    figure
        Its texts are changed in place.
    """
    from matplotlib.text import Text

    texts = [(text, _letters(text.get_text())) for text in figure.findobj(Text)]
    letters = frozenset().union(*(found for _, found in texts))
    fonts, lost = _fonts_with(letters) if letters else ((), frozenset())
    for text, found in texts:
        if fonts and found:
            text.set_fontfamily([FONT, *fonts])
    if lost:
        _tell(lost)


def _letters(text: str) -> frozenset[str]:
    """Return the letters of a text that `FONT` lacks; spaces and invisible marks need none."""
    return frozenset(
        letter
        for letter in text
        if not letter.isascii()
        and unicodedata.category(letter)[0] not in "CZ"
        and not "\ufe00" <= letter <= "\ufe0f"
        and ord(letter) not in _own_letters()
    )


@functools.cache
def _own_letters() -> frozenset[int]:
    from matplotlib import font_manager

    return _letters_of(font_manager.findfont(FONT))


def _letters_of(path: str) -> frozenset[int]:
    from matplotlib.ft2font import FT2Font

    try:
        return frozenset(FT2Font(path).get_charmap())
    except (OSError, RuntimeError):  # gone, or of a kind that Matplotlib cannot draw
        return frozenset()


@functools.cache
def _fonts_with(letters: frozenset[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return the names of installed fonts that have the letters, and the letters none has."""
    fonts: list[str] = []
    lost = {ord(letter) for letter in letters}
    for name, path in _installed():
        if lost & (has := _letters_of(path)):
            fonts.append(name)
            lost -= has
        if not lost:
            break
    return tuple(fonts), frozenset(map(chr, lost))


def _installed() -> Iterator[tuple[str, str]]:
    """Yield the upright fonts of this computer, also those that Matplotlib has not seen yet."""
    from matplotlib import font_manager

    manager = font_manager.fontManager
    for path in set(font_manager.findSystemFonts()) - {font.fname for font in manager.ttflist}:
        with contextlib.suppress(OSError, RuntimeError):
            manager.addfont(path)
    for font in sorted(manager.ttflist, key=lambda font: (font.name, font.fname)):
        # "Last Resort" has a box for every letter there is.
        if font.style == "normal" and font.weight == 400 and "Last" not in font.name:
            yield font.name, font.fname


@functools.cache
def _tell(lost: frozenset[str]) -> None:
    print(
        f"Note: no font on this computer has the letters {' '.join(sorted(lost)[:12])}, so the "
        "figures show boxes. Install a font that has them, such as Noto Sans.",
        file=sys.stderr,
    )
    # Matplotlib would say so for each of them, each time.
    warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from", UserWarning)
