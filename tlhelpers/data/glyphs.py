"""Printed characters, drawn as a low-resolution scanner would see them.

The source domain of the digits lab.  Every character is drawn from the fonts
that ship inside Matplotlib, so nothing is downloaded and every label is free.
The road of one picture::

    font outline  ->  warp (slant, stretch, bend)  ->  ink (thick or thin pen)
                  ->  scan at 8 x 8 pixels  ->  noise

``style="plain"`` draws the characters nearly as a printer would.
``style="varied"`` draws each one differently.  Training on varied pictures is
called *domain randomisation* (Tobin et al. 2017, "Domain randomization for
transferring deep neural networks from simulation to the real world"): when
the training pictures vary more than the real ones, the real ones look like
one more variation.

Bending the picture with a smooth random field follows Simard et al. 2003,
"Best practices for convolutional neural networks applied to visual document
analysis".
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tlhelpers.inputs import read_choice, read_items, read_labels, read_seed, read_text

#: The classes of the source domain: ten digits and 29 letters.  Letters that
#: one cannot tell from a digit at 8 x 8 pixels (O and 0, I and 1, S and 5, Z
#: and 2, G and 6, g and 9 ...), and lower-case letters that look like their
#: capital (c and C), are left out.
CLASSES: tuple[str, ...] = tuple("0123456789" + "ABCDEFHJKLMNPRTUVWXY" + "adefhmnrt")


def _those_here(fonts: tuple[str, ...], folder: Path) -> tuple[str, ...]:
    return tuple(font for font in fonts if (folder / f"{font}.ttf").is_file())


def _font_folder() -> Path:
    """Return where Matplotlib keeps its fonts, without importing it."""
    found = importlib.util.find_spec("matplotlib")
    if found is None or found.origin is None:
        raise ImportError("The course draws its digits with the fonts in Matplotlib: install it.")
    return Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"


#: The fonts inside Matplotlib that draw all of these characters.  Not every
#: font does, even when it says so: LastResortHE draws each character as the
#: same box, and cmsy10 and cmex10 put mathematical signs where digits belong.
#: Before Matplotlib 3.11 there is one less: cmti10.
FONTS: tuple[str, ...] = _those_here((
    "DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSans-BoldOblique",
    "DejaVuSansMono", "DejaVuSansMono-Bold", "DejaVuSansMono-Oblique",
    "DejaVuSansMono-BoldOblique",
    "DejaVuSerif", "DejaVuSerif-Bold", "DejaVuSerif-Italic", "DejaVuSerif-BoldItalic",
    "STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic", "STIXGeneralBolIta",
    "cmr10", "cmb10", "cmss10", "cmti10", "cmtt10",
), _font_folder())  # fmt: skip

#: Fonts that training never sees, though it sees others of their families.
#: They say how well a network reads print.
HELD_OUT_FONTS: tuple[str, ...] = ("DejaVuSerif", "STIXGeneralBol", "cmr10", "DejaVuSans-Oblique")
TRAINING_FONTS: tuple[str, ...] = tuple(f for f in FONTS if f not in HELD_OUT_FONTS)

STYLES: tuple[str, ...] = ("plain", "varied")

SIZE = 8  # pixels of a finished picture, as in scikit-learn's digits
_CANVAS = 64  # pixels of the drawing that is warped
_BOX = 44  # pixels of the character's height inside that drawing
_PAPER = 32  # pixels of the page that the scanner averages in 4 x 4 blocks


def font_path(font: str) -> Path:
    """Return the file of a font that ships inside Matplotlib.

    Parameters
    ----------
    font
        A name from `FONTS`, such as ``"DejaVuSans"``.

    Raises
    ------
    ValueError
        If Matplotlib has no such font.

    Examples
    --------
    >>> font_path("DejaVuSans").name
    'DejaVuSans.ttf'
    """
    font = read_text(font, "font")
    path = _font_folder() / f"{font}.ttf"
    if not path.is_file():
        raise ValueError(f"Matplotlib has no font {font!r}. Choose from: {', '.join(FONTS)}.")
    return path


def draw_character(font: str, char: str) -> np.ndarray:
    """Draw one character and centre it.

    Parameters
    ----------
    font
        A name from `FONTS`.
    char
        One character.

    Returns
    -------
    numpy.ndarray
        Shape (64, 64), bool; True where there is ink.  Every character is 44
        pixels high, because the handwritten digits are scaled to one height too.

    Raises
    ------
    ValueError
        If the font does not have the character.

    Examples
    --------
    >>> draw_character("DejaVuSans", "7").shape
    (64, 64)
    """
    if len(read_text(char, "char")) != 1:
        raise ValueError(f"draw_character() draws one character at a time; got {char!r}.")
    return _drawn(read_text(font, "font"), char)


@functools.lru_cache(maxsize=4096)
def _drawn(font: str, char: str) -> np.ndarray:
    from PIL import Image, ImageDraw, ImageFont

    path = font_path(font)
    if ord(char) not in _character_map(font):
        raise ValueError(f"The font {font!r} has no character {char!r}.")
    big = ImageFont.truetype(str(path), 160)
    left, top, right, bottom = map(int, big.getbbox(char))
    picture = Image.new("L", (max(1, right - left), max(1, bottom - top)), 0)
    ImageDraw.Draw(picture).text((-left, -top), char, fill=255, font=big)
    width = max(1, min(_CANVAS - 8, round(picture.width * _BOX / picture.height)))
    small = picture.resize((width, _BOX), Image.Resampling.BOX)
    canvas = Image.new("L", (_CANVAS, _CANVAS), 0)
    canvas.paste(small, ((_CANVAS - width) // 2, (_CANVAS - _BOX) // 2))
    ink = np.asarray(canvas) > 127
    ink.setflags(write=False)
    return ink


@functools.lru_cache(maxsize=64)
def _character_map(font: str) -> frozenset[int]:
    """Return the code points that a font says it can draw."""
    from fontTools.ttLib import TTFont

    with TTFont(font_path(font)) as file:
        return frozenset(file.getBestCmap() or {})


@functools.lru_cache(maxsize=4096)
def _distances(font: str, char: str) -> np.ndarray:
    """Return two maps of one character, shape (64, 64, 2), in canvas pixels.

    The first map is the distance to the outline (negative inside the ink), so
    that ``map < t`` is the printed character made fatter by ``t``.  The second
    is the distance to the middle line of each stroke, so that ``map < r`` is
    the same character written with a round pen of radius ``r``.
    """
    from scipy.ndimage import distance_transform_edt
    from skimage.morphology import skeletonize

    ink = _drawn(font, char)
    printed = distance_transform_edt(~ink) - distance_transform_edt(ink)
    written = distance_transform_edt(~skeletonize(ink.copy()))
    return np.stack([printed, written], axis=-1).astype(np.float32)


def draw_characters(
    labels: np.ndarray,
    *,
    style: str = "varied",
    fonts: tuple[str, ...] = TRAINING_FONTS,
    habits: bool = True,
    seed: int = 0,
) -> np.ndarray:
    """Draw one picture for each label, each with its own font and warp.

    Parameters
    ----------
    labels
        Shape (n,), integers from 0 to 38: positions in `CLASSES`.
    style
        ``"plain"`` (as printed, slightly moved) or ``"varied"`` (bent,
        stretched, drawn with pens of many widths, scanned badly).
    fonts
        Names from `FONTS`; each picture uses one of them at random.
    habits
        Whether varied ones and sevens have what the handwriting of the digits lab has, and no
        font: a 1 without a foot, with a long up-stroke or bold, a 7 with a bar.  They were
        found with its *labels* (first half).  Without them, all else is drawn the same.
    seed
        The same seed draws the same pictures.

    Returns
    -------
    numpy.ndarray
        Shape (n, 8, 8), float32 from 0 (paper) to 1 (ink), in steps of 1/16.

    Raises
    ------
    ValueError
        For an unknown style, an unknown font or a label outside the classes.

    Examples
    --------
    >>> pictures = draw_characters(np.array([0, 1, 2]), style="plain", seed=0)
    >>> pictures.shape, float(pictures.min()), float(pictures.max()) <= 1
    ((3, 8, 8), 0.0, True)
    """
    labels = read_labels(labels, classes=len(CLASSES))
    style = read_choice(style, "style", STYLES)
    names = tuple(read_text(font, "A font") for font in read_items(fonts, "fonts"))
    rng = np.random.default_rng(read_seed(seed))
    atlas = _atlas(names)
    picked = rng.integers(len(names), size=len(labels)) * len(CLASSES) + labels
    # In blocks, so that memory does not grow with the number of pictures.
    starts = range(0, len(labels), 512)
    blocks = [_draw(atlas, picked[i : i + 512], style, habits, rng) for i in starts]
    return np.concatenate(blocks) if blocks else np.zeros((0, SIZE, SIZE), np.float32)


@functools.lru_cache(maxsize=4)
def _atlas(fonts: tuple[str, ...]) -> np.ndarray:
    """Return the distance maps of all characters, shape (fonts x classes, 64, 64, 2)."""
    return np.stack([_distances(font, char) for font in fonts for char in CLASSES])


def _draw(
    atlas: np.ndarray, picked: np.ndarray, style: str, habits: bool, rng: np.random.Generator
) -> np.ndarray:
    """Warp, ink and scan one block of characters."""
    n, varied = len(picked), style == "varied"

    def uniform(low: float, high: float) -> np.ndarray:
        return rng.uniform(low, high, size=(n, 1, 1)).astype(np.float32)

    def smooth(strength: float, knots: int) -> np.ndarray:
        """Return a random field that changes slowly over the page."""
        field = rng.normal(size=(n, knots, knots)).astype(np.float32)
        spread = _stretch(knots, _PAPER)
        return strength * (spread @ field @ spread.T)

    # 1. Warp.  For each pixel of the page: which point of the drawing lands here?
    axis = (np.arange(_PAPER, dtype=np.float32) + 0.5) / _PAPER * 2 - 1
    x, y = axis[None, None, :], axis[None, :, None]
    if varied:
        angle, slant = uniform(-0.2, 0.2), uniform(-0.35, 0.35)
        width, height = uniform(0.55, 1.1), uniform(0.85, 1.12)
        right, down = uniform(-0.15, 0.1), uniform(-0.09, 0.09)
        x, y = x + smooth(0.08, 4), y + smooth(0.08, 4)
        # Hands do not keep the proportions of print: one half of a character
        # may be taller or narrower than the other, and its back may be bowed.
        x, y = x + uniform(-0.25, 0.25) * (1 - y * y), y + uniform(-0.35, 0.35) * (1 - y * y)
        x = x * (1 + uniform(-0.35, 0.35) * y)
    else:
        angle, slant = uniform(-0.05, 0.05), uniform(-0.05, 0.05)
        width, height = uniform(0.95, 1.05), uniform(0.95, 1.05)
        right, down = uniform(-0.06, 0.06), uniform(-0.06, 0.06)
    x, y = x - right, y - down
    turned_x = np.cos(angle) * x + np.sin(angle) * y
    turned_y = np.cos(angle) * y - np.sin(angle) * x
    reach = _BOX / _CANVAS  # the character then fills the page from top to bottom
    from_x = (turned_x + slant * turned_y) / width * reach
    from_y = turned_y / height * reach
    maps = _sample(atlas, picked, from_x, from_y)

    # 2. Ink.  Printed: the outline, fatter or thinner.  Written: a round pen
    # follows the middle of each stroke, after the warp, so that a squeezed
    # character keeps the full width of its strokes.
    ink = 0.5 - maps[..., 0] + (uniform(-0.8, 1.5) if varied else 0.0)
    if varied:
        line = maps[..., 1] < 1.2
        labels = picked % len(CLASSES)
        if not habits:  # a class that has none; the random numbers are drawn all the same
            labels = np.full_like(labels, CLASSES.index("0"))
        line = _write_by_hand(line, from_x / reach, from_y / reach, labels, uniform)
        pen = uniform(1.2, 3.1) * np.exp(smooth(0.15, 3))
        # A scanner that brings all characters to one size makes a narrow one bold.
        is_one = (labels == CLASSES.index("1"))[:, None, None]
        pen = np.where(is_one, pen * uniform(1.0, 1.7), pen)
        ink = np.where(uniform(0, 1) < 0.85, pen + 0.5 - _distance(line), ink)
    ink = np.clip(ink, 0, 1)

    # 3. Scan.  Each 4 x 4 block becomes one pixel with 17 levels.
    scan = ink.reshape(n, SIZE, 4, SIZE, 4).mean(axis=(2, 4))
    if varied:
        scan = scan * uniform(0.85, 1.35)
        scan = scan + rng.normal(size=scan.shape) * uniform(0, 0.06) * (scan > 0)
    return (np.round(np.clip(scan, 0, 1) * 16) / 16).astype(np.float32)


def _write_by_hand(
    line: np.ndarray, x: np.ndarray, y: np.ndarray, labels: np.ndarray, uniform: Callable
) -> np.ndarray:
    """Leave strokes out and add some, as writers do.

    ``x`` and ``y`` are positions inside the character, from -1 to 1.
    """
    # Habits that no font here shows: a 1 without a foot and with a long
    # up-stroke, a 7 with a bar across.
    is_one, is_seven = (labels[:, None, None] == CLASSES.index(digit) for digit in "17")
    line = line & ~(is_one & (y > 0.78) & (uniform(0, 1) < 0.6))
    top, end = uniform(-0.95, -0.7), uniform(-0.5, 0.2)
    across = x + uniform(0.3, 0.7) * (y - top)
    stroke = (np.abs(across) < 0.06) & (y > top) & (y < end)
    line |= is_one & stroke & (uniform(0, 1) < 0.5)
    bar = (np.abs(y - uniform(-0.15, 0.3)) < 0.05) & (np.abs(x - uniform(-0.2, 0.2)) < 0.35)
    line |= is_seven & bar & (uniform(0, 1) < 0.4)
    # Any character: one gap, one stroke that does not belong there.
    gap_x, gap_y = (x - uniform(-0.7, 0.7)) / uniform(0.15, 0.5), (y - uniform(-1, 1)) / 0.25
    line &= ~((gap_x**2 + gap_y**2 < 1) & (uniform(0, 1) < 0.2))
    tilt, length = uniform(-np.pi / 2, np.pi / 2), uniform(0.15, 0.5)
    dx, dy = x - uniform(-0.7, 0.7), y - uniform(-1, 1)
    along, across = np.cos(tilt) * dx + np.sin(tilt) * dy, np.cos(tilt) * dy - np.sin(tilt) * dx
    line |= (np.abs(along) < length) & (np.abs(across) < 0.05) & (uniform(0, 1) < 0.15)
    return line


def _distance(line: np.ndarray) -> np.ndarray:
    """Return each pixel's distance to the nearest True pixel of its own page."""
    from scipy.ndimage import distance_transform_edt

    return np.stack([distance_transform_edt(~page) for page in line]).astype(np.float32)


def _sample(atlas: np.ndarray, picked: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Read the maps at fractional positions (-1 to 1), by bilinear interpolation."""
    column = np.clip((x + 1) / 2 * _CANVAS - 0.5, 0, _CANVAS - 1.001)
    row = np.clip((y + 1) / 2 * _CANVAS - 0.5, 0, _CANVAS - 1.001)
    column, row = np.broadcast_arrays(column, row)
    c, r = column.astype(np.int32), row.astype(np.int32)
    dc, dr = (column - c)[..., None], (row - r)[..., None]
    flat = atlas.reshape(-1, 2)
    start = (picked[:, None, None] * _CANVAS + r) * _CANVAS + c
    top = flat.take(start, axis=0) * (1 - dc) + flat.take(start + 1, axis=0) * dc
    below = (
        flat.take(start + _CANVAS, axis=0) * (1 - dc) + flat.take(start + _CANVAS + 1, axis=0) * dc
    )
    return top * (1 - dr) + below * dr


@functools.lru_cache(maxsize=8)
def _stretch(knots: int, size: int) -> np.ndarray:
    """Return the matrix that stretches ``knots`` values smoothly over ``size`` pixels."""
    from scipy.interpolate import CubicSpline

    places = np.linspace(0, 1, knots)
    matrix = CubicSpline(places, np.eye(knots), bc_type="natural")(np.linspace(0, 1, size))
    return matrix.astype(np.float32)
