"""Figures of pictures: in rows, under heat maps, beside the answers to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tlhelpers.plots.figure_style import BLUE, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def image_grid(
    rows: Mapping[str, np.ndarray], *, titles: Sequence[str] | None = None, size: float = 0.75
) -> Figure:
    """Draw rows of small grey pictures, each row with its name on the left.

    Parameters
    ----------
    rows
        Name of the row → images, shape (n, height, width), values from 0 (paper) to 1 (ink).
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
        If there is nothing to draw.

    Examples
    --------
    >>> figure = image_grid({"empty": np.zeros((4, 8, 8))})
    >>> len(figure.axes)
    4
    """
    import matplotlib.pyplot as plt

    columns = max((len(images) for images in rows.values()), default=0)
    if columns == 0:
        raise ValueError("image_grid() needs at least one picture.")
    with style():
        figure, axes = plt.subplots(
            len(rows),
            columns,
            figsize=(columns * size, len(rows) * size * 1.1),
            squeeze=False,
            layout="constrained",
        )
        for line, (name, images) in zip(axes, rows.items(), strict=True):
            for position, axis in enumerate(line):
                axis.set(xticks=[], yticks=[])
                axis.spines[:].set_visible(False)
                axis.grid(False)
                if position < len(images):
                    axis.imshow(images[position], cmap="gray_r", vmin=0, vmax=1)
            line[0].set_ylabel(name, rotation=0, ha="right", va="center")
        for axis, title in zip(axes[0], titles or (), strict=False):
            axis.set_title(title, fontsize=10)
    return figure


def heat_maps(
    images: Sequence[np.ndarray],
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

    with style():
        figure, axes = plt.subplots(
            2,
            len(images),
            figsize=(len(images) * size, 2.25 * size),
            squeeze=False,
            layout="constrained",
        )
        for column, (image, heat) in enumerate(zip(images, maps, strict=True)):
            frame = (0, image.shape[1], image.shape[0], 0)  # so that a map of any size covers it
            for axis in axes[:, column]:
                axis.imshow(image, cmap="gray_r", vmin=0, vmax=1, extent=frame)
                axis.set(xticks=[], yticks=[])
                axis.grid(False)
                axis.spines[:].set_visible(False)
            top = max(float(np.max(heat)), 1e-12)
            axes[1, column].imshow(
                np.asarray(heat) / top,
                cmap="inferno",
                vmin=0,
                vmax=1,
                alpha=0.55,
                extent=frame,
                interpolation="bilinear",
            )
            if column < len(titles):
                axes[0, column].set_title(titles[column], fontsize=10)
    return figure


def top_answers(
    images: Sequence[np.ndarray], answers: Sequence[Sequence[tuple[str, float]]]
) -> Figure:
    """Draw pictures, and beside each its best answers with their probabilities.

    Parameters
    ----------
    images
        Each (height, width, 3), from 0 to 1.
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

    lines = -(-len(images) // 2)
    with style():
        figure, axes = plt.subplots(
            lines,
            4,
            figsize=(9.5, 1.75 * lines),
            squeeze=False,
            layout="constrained",
            width_ratios=[1, 1.25, 1, 1.25],
        )
        cells = axes.reshape(-1, 2)
        for (left, right), image, best in zip(cells, images, answers, strict=False):
            left.imshow(image)
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
        for _, right in cells[len(images) :]:
            right.axis("off")
        for _, right in cells[-2:]:
            right.set_xlabel("probability", fontsize=9)
    return figure
