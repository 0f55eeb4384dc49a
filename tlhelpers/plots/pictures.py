"""Figures of pictures: in rows, under heat maps, beside the answers to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tlhelpers.batches import drop_labels, is_dataset, read_batches
from tlhelpers.inputs import (
    read_array,
    read_images,
    read_items,
    read_mapping,
    read_names,
    read_number,
    read_rows,
    read_share,
)
from tlhelpers.plots.figure_style import BLUE, drawing

if TYPE_CHECKING:
    import tensorflow as tf
    from matplotlib.figure import Figure

MOST_PICTURES = 500  # in a row
OF_DATASET = 8  # pictures in a row, if nothing says how many


def image_grid(
    rows: Mapping[str, np.ndarray | tf.data.Dataset],
    *,
    titles: Sequence[str] | None = None,
    size: float = 0.75,
) -> Figure:
    """Draw rows of small grey pictures, each row with its name on the left.

    Parameters
    ----------
    rows
        Name of the row → images, shape (n, height, width), values from 0 (paper) to 1 (ink),
        or (n, height, width, 3).  What lies a little outside, as after augmentation, is cut off.
        Or a dataset of batches of images, as Keras makes them of a folder, also from 0 (black)
        to 255: its first ones are drawn, as many as other rows or titles have, else 8.
    titles
        A short text above each picture of the first row.
    size
        Width of one picture in inches.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If there is nothing to draw, or it is no picture with values from 0 to 1.

    Examples
    --------
    >>> figure = image_grid({"empty": np.zeros((4, 8, 8))})
    >>> len(figure.axes)
    4
    """
    import matplotlib.pyplot as plt

    rows = read_mapping(rows, "rows")
    words = [] if titles is None else read_names(titles, "titles", least=0, most=MOST_PICTURES)
    found = {
        name: _pictures(images, f"Row {name!r}")
        for name, images in rows.items()
        if not is_dataset(images)
    }
    columns = max(map(len, found.values()), default=0)
    wanted = max(columns, len(words)) or OF_DATASET
    found = {
        name: found[name] if name in found else _first(images, wanted, f"Row {name!r}")
        for name, images in rows.items()
    }
    columns = max(map(len, found.values()))
    if not columns:
        raise ValueError("rows has no pictures: there must be at least one.")
    size = read_number(size, "size", above=0, most=100)
    with drawing():
        figure, axes = plt.subplots(
            len(found),
            columns,
            figsize=(columns * size, len(found) * size * 1.1),
            squeeze=False,
            layout="constrained",
        )
        for line, (name, images) in zip(axes, found.items(), strict=True):
            for position, axis in enumerate(line):
                axis.set(xticks=[], yticks=[])
                axis.spines[:].set_visible(False)
                axis.grid(False)
                if position < len(images):
                    axis.imshow(images[position], cmap="gray_r", vmin=0, vmax=1)
            line[0].set_ylabel(name, rotation=0, ha="right", va="center")
        for axis, title in zip(axes[0], words, strict=False):
            axis.set_title(title, fontsize=10)
    return figure


def _pictures(images: np.ndarray, name: str) -> np.ndarray:
    """Return pictures with values from 0 to 1: grey, shape (n, height, width), or in colour."""
    array = read_array(images, name)
    if array.ndim and len(array) > MOST_PICTURES:
        raise ValueError(f"{name} must have at most {MOST_PICTURES} pictures; got {len(array)}.")
    pictures = read_images(array, name)
    if 0 in pictures.shape[1:] or not (
        pictures.ndim == 3 or (pictures.ndim == 4 and pictures.shape[-1] in (1, 3))
    ):
        raise ValueError(
            f"{name} must have the shape (n, height, width), or (n, height, width, 3); "
            f"got {pictures.shape}."
        )
    low, high = (pictures.min(), pictures.max()) if pictures.size else (0, 0)
    if low < -0.5 or high > (1 if array.dtype.kind in "iu" else 2):
        divide = " Divide by 16." if 0 <= low and high <= 16 else " Divide by 255." * int(low >= 0)
        raise ValueError(f"{name} must lie between 0 and 1; got {low:g} to {high:g}.{divide}")
    return np.clip(pictures, 0, 1)


def _first(dataset: tf.data.Dataset, count: int, name: str) -> np.ndarray:
    """Return the first pictures of a dataset, from 0 (paper) to 1 (ink) or in colour."""
    images = drop_labels(dataset.take(count), name)
    sides = images.element_spec.shape
    if sides.rank == 3 and sides[-1] in (1, 3):
        raise ValueError(f"{name} gives one image at a time; wanted are batches: .batch(32).")
    found: list[np.ndarray] = []
    for batch in read_batches(images, name):
        found.extend(batch.images[: count - len(found)])
        if len(found) == count:
            break
    if not found:
        raise ValueError(f"{name} is a dataset without a picture.")
    pictures = np.stack(found)
    if 16 < pictures.max() <= 255 and pictures.min() >= 0:
        pictures = pictures / 255
        if pictures.ndim == 3 or pictures.shape[-1] == 1:
            pictures = 1 - pictures  # light becomes ink
    return _pictures(pictures, name)


def _shown(images: Sequence[np.ndarray] | tf.data.Dataset, count: int) -> list[np.ndarray]:
    """Return pictures one by one; of a dataset, the first ones, as many as are wanted."""
    if is_dataset(images):
        return list(_first(images, count, "images"))
    return [
        _picture(image, f"images[{i}]")
        for i, image in enumerate(read_items(images, "images", at_most=MOST_PICTURES))
    ]


def _picture(image: np.ndarray, name: str) -> np.ndarray:
    """Return one picture with values from 0 to 1."""
    return _pictures(read_array(image, name)[None], name)[0]


def heat_maps(
    images: Sequence[np.ndarray] | tf.data.Dataset,
    maps: Sequence[np.ndarray],
    *,
    titles: Sequence[str] = (),
    size: float = 1.3,
) -> Figure:
    """Draw pictures in one row, and below each the same one under a heat map.

    Parameters
    ----------
    images
        Each (height, width), from 0 (paper) to 1 (ink), or (height, width, 3), from 0 to 1.
        Or a dataset, as for `image_grid`: one picture for each map.
    maps
        For each picture a map of any size, 0 or more; its largest value becomes the brightest.
    titles
        A short text above each picture.
    size
        Width of one picture in inches.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> figure = heat_maps([np.zeros((8, 8))], [np.eye(6)])
    >>> len(figure.axes)
    2
    """
    import matplotlib.pyplot as plt

    hot = read_items(maps, "maps", at_most=MOST_PICTURES)
    shown = _shown(images, len(hot))
    read_items(hot, "maps", at_least=len(shown), at_most=len(shown))
    hot = [read_rows(heat, f"maps[{i}]") for i, heat in enumerate(hot)]
    words = read_names(titles, "titles", least=0, most=MOST_PICTURES)
    size = read_number(size, "size", above=0, most=100)
    with drawing():
        figure, axes = plt.subplots(
            2,
            len(shown),
            figsize=(len(shown) * size, 2.25 * size),
            squeeze=False,
            layout="constrained",
        )
        for column, (image, heat) in enumerate(zip(shown, hot, strict=True)):
            frame = (0, image.shape[1], image.shape[0], 0)  # so that a map of any size covers it
            for axis in axes[:, column]:
                axis.imshow(image, cmap="gray_r", vmin=0, vmax=1, extent=frame)
                axis.set(xticks=[], yticks=[])
                axis.grid(False)
                axis.spines[:].set_visible(False)
            top = max(float(np.max(heat)), 1e-12)
            axes[1, column].imshow(
                heat / top,
                cmap="inferno",
                vmin=0,
                vmax=1,
                alpha=0.55,
                extent=frame,
                interpolation="bilinear",
            )
            if column < len(words):
                axes[0, column].set_title(words[column], fontsize=10)
    return figure


def top_answers(
    images: Sequence[np.ndarray] | tf.data.Dataset,
    answers: Sequence[Sequence[tuple[str, float]]],
) -> Figure:
    """Draw pictures, and beside each its best answers with their probabilities.

    Parameters
    ----------
    images
        Each (height, width, 3), from 0 to 1.  Or a dataset, as for `image_grid`: one picture
        for each of the answers.
    answers
        For each picture (class name, probability), the best first.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> figure = top_answers([np.zeros((8, 8, 3))], [[("cat", 0.9), ("dog", 0.1)]])
    >>> [text.get_text() for text in figure.axes[1].get_yticklabels()]
    ['cat', 'dog']
    """
    import matplotlib.pyplot as plt
    from matplotlib.ticker import PercentFormatter

    given = read_items(answers, "answers", at_most=MOST_PICTURES)
    shown = _shown(images, len(given))
    count = len(shown)
    best_of = [
        [_answer(answer, i) for answer in read_items(some, f"answers[{i}]", at_most=MOST_PICTURES)]
        for i, some in enumerate(read_items(given, "answers", at_least=count, at_most=count))
    ]
    lines = -(-count // 2)
    with drawing():
        figure, axes = plt.subplots(
            lines,
            4,
            figsize=(9.5, 1.75 * lines),
            squeeze=False,
            layout="constrained",
            width_ratios=[1, 1.25, 1, 1.25],
        )
        cells = axes.reshape(-1, 2)
        for (left, right), image, best in zip(cells, shown, best_of, strict=False):
            left.imshow(image, cmap="gray_r", vmin=0, vmax=1)
            names, shares = zip(*best, strict=True)
            right.barh(range(len(best)), shares, color=BLUE, height=0.7)
            right.set_yticks(range(len(best)), names, fontsize=9)
            right.set(xlim=(0, 1), xticks=[0, 0.5, 1])
            right.tick_params(axis="x", labelsize=8)
            right.xaxis.set_major_formatter(PercentFormatter(1.0))
            right.invert_yaxis()
            right.grid(visible=False, axis="y")
        for left, _ in cells:
            left.axis("off")
        for _, right in cells[count:]:
            right.axis("off")
        for _, right in cells[-2:]:
            right.set_xlabel("probability", fontsize=9)
    return figure


def _answer(answer: tuple[str, float], number: int) -> tuple[str, float]:
    """Return one answer to a picture: name and probability."""
    name, share = read_items(answer, f"An answer in answers[{number}]", at_least=2, at_most=2)
    return str(name), read_share(share, f"A probability in answers[{number}]")
