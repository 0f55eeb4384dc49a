"""Figures of answers: bars, confusion matrix, reliability, points in the plane, intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np

from tlhelpers.inputs import (
    check_shape,
    read_count,
    read_items,
    read_labels,
    read_mapping,
    read_names,
    read_number,
    read_rows,
    read_share,
)
from tlhelpers.plots.figure_style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    PINK,
    RED,
    SPARE,
    STRATEGIES,
    drawing,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_CLASSES = 200  # in a matrix that one can still look at


def bars(shares: Mapping[str, float], *, xlabel: str = "accuracy") -> Figure:
    """Draw shares as level bars, one below the other, each with its number.

    The first bar is blue; the others, which are compared to it, are vermilion.

    Parameters
    ----------
    shares
        Name of the bar → share, from 0 to 1.
    xlabel
        What the shares are.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> len(bars({"right": 0.9, "wrong": 0.1}).axes[0].patches)
    2
    """
    import matplotlib.pyplot as plt
    from matplotlib.ticker import PercentFormatter

    shares = {
        str(name): read_share(share, f"The share of {name!r}")
        for name, share in read_mapping(shares, "shares").items()
    }
    with drawing():
        height = 0.9 + 0.38 * len(shares)
        figure, axis = plt.subplots(figsize=(7, height), layout="constrained")
        colours = [BLUE] + [RED] * (len(shares) - 1)
        drawn = axis.barh(list(shares), list(shares.values()), color=colours, height=0.7)
        axis.bar_label(drawn, [f"{share:.1%}" for share in shares.values()], padding=4, fontsize=10)
        axis.set(xlim=(0, 1.1), xlabel=xlabel, xticks=np.linspace(0, 1, 6))
        axis.xaxis.set_major_formatter(PercentFormatter(1.0))
        axis.invert_yaxis()
        axis.grid(visible=False, axis="y")
    return figure


def confusion(labels: np.ndarray, answers: np.ndarray, names: Sequence[str]) -> Figure:
    """Draw a confusion matrix: a row for each true class, a column for each answer.

    Parameters
    ----------
    labels, answers
        Shape (n,), integers from 0: the truth, and what the network said.
    names
        The names of the classes.

    Returns
    -------
    matplotlib.figure.Figure
        Numbers are counts (empty where 0); the ground is the share of the row.

    Raises
    ------
    ValueError
        If labels and answers do not belong together, or a class has no name.

    Examples
    --------
    >>> confusion([0, 0, 1], [0, 1, 1], "ab").axes[0].get_ylabel()
    'what it is'
    """
    import matplotlib.pyplot as plt

    names = read_names(names, most=MOST_CLASSES)
    labels = read_labels(labels, classes=len(names))
    answers = read_labels(answers, "answers", count=len(labels), classes=len(names))
    if not len(labels):
        raise ValueError("labels is empty: there must be at least one.")
    counts = np.zeros((len(names), len(names)), int)
    np.add.at(counts, (labels, answers), 1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    with drawing():
        side = 1.6 + 0.36 * len(names)
        figure, axis = plt.subplots(figsize=(side, side), layout="constrained")
        axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for row, column in np.argwhere(counts):
            colour = "white" if shares[row, column] > 0.5 else "black"
            number = counts[row, column]
            axis.text(column, row, number, ha="center", va="center", color=colour, fontsize=9)
        axis.set(xlabel="what the network says", ylabel="what it is")
        axis.set_xticks(range(len(names)), names)
        axis.set_yticks(range(len(names)), names)
        axis.grid(False)
    return figure


def reliability(curves: Mapping[str, Sequence[tuple[int, float, float]]]) -> Figure:
    """Draw a reliability diagram: how often answers of each confidence are right.

    Parameters
    ----------
    curves
        Name of the curve → what `metrics.confidence_bins` gives: for each bin
        (number of answers, mean confidence, share that is right).

    Returns
    -------
    matplotlib.figure.Figure
        A point for each bin; the more answers, the larger.

    References
    ----------
    Niculescu-Mizil and Caruana 2005, "Predicting good probabilities with
    supervised learning".

    Examples
    --------
    >>> figure = reliability({"print": [(2, 0.9, 0.5)]})
    >>> figure.axes[0].get_ylabel()
    'share that is right'
    """
    import matplotlib.pyplot as plt
    from matplotlib.ticker import PercentFormatter

    tables = {
        name: [_bin(line, name) for line in read_items(table, f"The table of {name!r}")]
        for name, table in read_mapping(curves, "curves").items()
    }
    with drawing():
        figure, axis = plt.subplots(figsize=(5.2, 5.2), layout="constrained")
        axis.plot([0, 1], [0, 1], color=GREY, linestyle="--", label="as sure as it is right")
        looks = [(BLUE, "o"), (RED, "s"), (GREEN, "^"), (PINK, "v")]
        for (name, table), (colour, marker) in zip(tables.items(), cycle(looks), strict=False):
            counts, sure, right = zip(*table, strict=True)
            axis.plot(sure, right, color=colour, marker=marker, markersize=4, label=name)
            sizes = 15 + 400 * np.array(counts) / sum(counts)
            axis.scatter(sure, right, s=sizes, color=colour, marker=marker, alpha=0.4)
        axis.set(xlabel="confidence", ylabel="share that is right", aspect="equal")
        axis.xaxis.set_major_formatter(PercentFormatter(1.0))
        axis.yaxis.set_major_formatter(PercentFormatter(1.0))
        axis.legend(loc="upper left", fontsize=10)
    return figure


def _bin(line: Sequence[float], name: str) -> tuple[int, float, float]:
    """Return one line of a table of `metrics.confidence_bins`."""
    what = f"A bin of {name!r}"
    count, sure, right = read_items(line, what, at_least=3, at_most=3)
    count = read_count(count, f"{what}, its number of answers,")
    return (
        count,
        read_share(sure, f"{what}, its confidence,"),
        read_share(right, f"{what}, its share,"),
    )


def scatter(
    panels: Mapping[str, tuple[np.ndarray, np.ndarray]],
    *,
    names: Sequence[str] | None = None,
    columns: int = 2,
    size: float = 4.0,
) -> Figure:
    """Draw points of several classes in the plane, one panel for each way to place them.

    Every point is the name of its class, so that no colour has to be told from
    nine others.  There are nine colours; after these they come again, in bold letters.

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

    clouds = {
        title: _cloud(panel, title) for title, panel in read_mapping(panels, "panels").items()
    }
    if names is not None:
        most = max(labels.max() for _, labels in clouds.values())
        names = read_names(names, least=int(most) + 1, most=10_000)
    columns = read_count(columns, "columns", most=100)
    size = read_number(size, "size", above=0, most=100)
    colours = [colour for colour, _ in (*STRATEGIES.values(), *SPARE)]
    lines = -(-len(clouds) // columns)
    with drawing():
        figure, axes = plt.subplots(
            lines,
            columns,
            figsize=(columns * size, lines * size),
            squeeze=False,
            layout="constrained",
        )
        for axis in axes.flat[len(clouds) :]:
            axis.set_visible(False)
        for axis, (title, (points, labels)) in zip(axes.flat, clouds.items(), strict=False):
            # Text does not widen the axes, so invisible points do.
            axis.plot(*points.T, linestyle="none")
            for point, label in zip(points, labels, strict=True):
                word = str(label) if names is None else names[label]
                colour = colours[int(label) % len(colours)]
                weight = "bold" if label >= len(colours) else "normal"
                look = {"color": colour, "weight": weight, "fontsize": 8}
                axis.text(*point, word, ha="center", va="center", **look)
            axis.set(title=title, xticks=[], yticks=[])
            axis.grid(False)
    return figure


def _cloud(panel: tuple[np.ndarray, np.ndarray], title: str) -> tuple[np.ndarray, np.ndarray]:
    """Return points and labels of one panel of `scatter`."""
    points, labels = read_items(panel, f"Panel {title!r}", at_least=2, at_most=2)
    points = read_rows(points, f"The points of {title!r}")
    check_shape(points, f"The points of {title!r}", (2,))
    return points, read_labels(labels, f"The labels of {title!r}", count=len(points))


def intervals(
    bars: Mapping[str, tuple[float, float, float]],
    *,
    truth: float | None = None,
    xlabel: str = "",
    every: int = 1,
) -> Figure:
    """Draw accuracies, each with the interval in which the true one may lie.

    Parameters
    ----------
    bars
        Name below the bar → (measured, lower end, upper end), from 0 to 1.
    truth
        The true accuracy, if it is known: a dashed line.  Bars that miss it are
        vermilion, with a square in place of the round point.
    xlabel
        What the bars are.
    every
        Write only every so many names, the first one included.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If there is nothing to draw.

    Examples
    --------
    >>> figure = intervals({"10": (0.9, 0.6, 0.98)}, truth=0.5)
    >>> figure.axes[0].get_ylabel()
    'accuracy'
    """
    import matplotlib.pyplot as plt
    from matplotlib.ticker import PercentFormatter

    rows = [
        [
            read_share(end, f"A number of bar {name!r}")
            for end in read_items(bar, f"Bar {name!r}", at_least=3, at_most=3)
        ]
        for name, bar in read_mapping(bars, "bars").items()
    ]
    truth = None if truth is None else read_share(truth, "truth")
    every = read_count(every, "every")
    measured, low, high = np.array(rows).T
    at = np.arange(len(bars))
    missed = np.zeros(len(bars), bool) if truth is None else (truth < low) | (truth > high)
    with drawing():
        figure, axis = plt.subplots(figsize=(7, 3.4), layout="constrained")
        for some, colour, marker, name in (
            (~missed, BLUE, "o", "catches the truth"),
            (missed, RED, "s", "misses it"),
        ):
            if some.any():
                axis.vlines(at[some], low[some], high[some], color=colour, linewidth=2.5)
                axis.plot(at[some], measured[some], marker, color=colour, label=name)
        if truth is not None:
            axis.axhline(truth, color=BLACK, linestyle="--", linewidth=1, label="truth")
            figure.legend(loc="outside upper center", ncols=3, fontsize=10)
        axis.set_xticks(at[::every], list(bars)[::every])
        axis.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axis.set(xlabel=xlabel, ylabel="accuracy")
        axis.grid(visible=False, axis="x")
    return figure
