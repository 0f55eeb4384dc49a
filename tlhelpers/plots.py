"""Every figure of the course, in one style.

The colours are those of Okabe and Ito 2008, "Color universal design", which
people with any kind of colour vision can tell apart; each curve also has its
own marker.  Figures keep a white ground, so that they read the same in light
and dark themes.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Colour and marker of each curve that appears in more than one notebook.
STRATEGIES: dict[str, tuple[str, str]] = {
    "raw pixels": ("#555555", "s"),
    "from scratch": ("#E69F00", "^"),
    "frozen features": ("#0072B2", "o"),
    "fine-tuning": ("#009E73", "D"),
    "adapted, no labels": ("#CC79A7", "v"),
    "no labels": ("#D55E00", "*"),
}
_SPARE = ("#56B4E9", "X"), ("#000000", "P"), ("#F0E442", "h")
_STYLE = {
    "figure.facecolor": "white",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "font.size": 11,
    "legend.frameon": False,
    "svg.hashsalt": "tlhelpers",
}


def style() -> AbstractContextManager:
    """Draw with plain Matplotlib in the style of the course: ``with style(): ...``.

    Examples
    --------
    >>> import matplotlib
    >>> with style():
    ...     matplotlib.rcParams["axes.grid"]
    True
    """
    import matplotlib.pyplot as plt

    return plt.rc_context(_STYLE)


def show(figure: Figure, alt: str) -> None:
    """Show a figure in the notebook, with a caption for everyone.

    The words go into the picture's alternative text, and below it as its
    caption, because JupyterLab does not pass the alternative text on.

    Parameters
    ----------
    figure
        A Matplotlib figure.
    alt
        What the figure shows and what to read from it, in a sentence or two.

    Raises
    ------
    ValueError
        If the text is empty.
    """
    import matplotlib.pyplot as plt
    from IPython.display import display

    if not alt.strip():
        raise ValueError("alt must say in a sentence what the figure shows; got an empty text.")
    png = io.BytesIO()
    # No software version inside the file: the same picture gives the same bytes.
    figure.savefig(png, format="png", dpi=110, bbox_inches="tight", metadata={"Software": None})
    plt.close(figure)
    data = {"image/png": png.getvalue(), "text/plain": "<Figure>"}
    display(data, metadata={"image/png": {"alt": alt}}, raw=True)
    caption = {"text/markdown": f"*Figure: {alt}*", "text/plain": f"Figure: {alt}"}
    display(caption, raw=True)


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


def label_budget(
    curves: Mapping[str, Mapping[int, Sequence[float]]],
    *,
    no_labels: float | None = None,
    title: str = "",
    ticks: Mapping[int, str] | None = None,
    ylabel: str = "accuracy on unseen writers",
) -> Figure:
    """Draw the figure of the course: accuracy against labels spent.

    Parameters
    ----------
    curves
        Name of the strategy → labels per class → accuracies (0 to 1), one for
        each draw.  The line is their mean, the band their lowest and highest.
    no_labels
        Accuracy (0 to 1) of the pretrained network as it is; a level line.
    title
        Printed above the figure.
    ticks
        Words for budgets that want one instead of a number, such as ``{90: "all"}``.
    ylabel
        What the accuracy was measured on.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> figure = label_budget({"raw pixels": {1: [0.5, 0.6], 5: [0.8, 0.8]}})
    >>> figure.axes[0].get_xlabel()
    'labels per class'
    """
    import matplotlib.pyplot as plt
    from matplotlib.ticker import NullLocator, PercentFormatter

    spare = iter(_SPARE)
    budgets = sorted({budget for curve in curves.values() for budget in curve})
    with style():
        figure, axis = plt.subplots(figsize=(7, 4.2), layout="constrained")
        for name, curve in curves.items():
            colour, marker = STRATEGIES.get(name) or next(spare, ("#000000", "."))
            x = sorted(curve)
            draws = [np.asarray(curve[budget], float) for budget in x]
            axis.plot(x, [d.mean() for d in draws], color=colour, marker=marker, label=name)
            low, high = [d.min() for d in draws], [d.max() for d in draws]
            axis.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
        if no_labels is not None:
            colour, _ = STRATEGIES["no labels"]
            axis.axhline(no_labels, color=colour, linestyle="--", label="no labels at all")
        axis.set_xscale("log")
        axis.set_xticks(budgets, [(ticks or {}).get(b, str(b)) for b in budgets])
        axis.xaxis.set_minor_locator(NullLocator())
        axis.yaxis.set_major_formatter(PercentFormatter(1.0))
        axis.set(xlabel="labels per class", ylabel=ylabel, title=title)
        figure.legend(loc="outside upper center", ncols=4, fontsize=10)
    return figure


def scatter(
    panels: Mapping[str, tuple[np.ndarray, np.ndarray]],
    *,
    names: Sequence[str] | None = None,
    columns: int = 2,
    size: float = 4.0,
) -> Figure:
    """Draw points of several classes in the plane, one panel for each way to place them.

    Every point is the name of its class, so that no colour has to be told from
    nine others.  The colours repeat, and only help the eye.

    Parameters
    ----------
    panels
        Title of the panel → points, shape (n, 2), and their labels, shape (n,), whole numbers.
    names
        What to write for label 0, 1, ...; by default the number.
    columns
        How many panels side by side, at least 1.
    size
        Width and height of one panel in inches.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If there is nothing to draw, or points and labels do not match.

    Examples
    --------
    >>> points, labels = np.array([[0.0, 1.0], [2.0, 3.0]]), np.array([0, 1])
    >>> [text.get_text() for text in scatter({"two": (points, labels)}).axes[0].texts]
    ['0', '1']
    """
    import matplotlib.pyplot as plt

    if not panels:
        raise ValueError("scatter() needs at least one panel.")
    colours = [colour for colour, _ in (*STRATEGIES.values(), *_SPARE[:2])]  # not the pale one
    lines = -(-len(panels) // columns)
    with style():
        figure, axes = plt.subplots(
            lines,
            columns,
            figsize=(columns * size, lines * size),
            squeeze=False,
            layout="constrained",
        )
        for axis in axes.flat[len(panels) :]:
            axis.set_visible(False)
        for axis, (title, (points, labels)) in zip(axes.flat, panels.items(), strict=False):
            points, labels = np.asarray(points, float), np.asarray(labels)
            if points.shape != (len(labels), 2):
                raise ValueError(
                    f"{title!r}: {len(labels)} labels want points of shape "
                    f"({len(labels)}, 2); got {points.shape}."
                )
            # Text does not widen the axes, so invisible points do.
            axis.plot(*points.T, linestyle="none")
            for point, label in zip(points, labels, strict=True):
                word = str(label) if names is None else names[label]
                colour = colours[int(label) % len(colours)]
                axis.text(*point, word, color=colour, fontsize=8, ha="center", va="center")
            axis.set(title=title, xticks=[], yticks=[])
            axis.grid(False)
    return figure
