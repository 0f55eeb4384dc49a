"""Figures of curves: accuracy against labels, numbers against training steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np

from tlhelpers.inputs import (
    read_count,
    read_items,
    read_mapping,
    read_number,
    read_rows,
    read_share,
)
from tlhelpers.plots.figure_style import BLACK, GREY, SPARE, STRATEGIES, drawing

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def label_curves(
    curves: Mapping[str, Mapping[int, Sequence[float]]],
    *,
    no_labels: float | None = None,
    levels: Mapping[str, float] | None = None,
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
    levels
        Name → accuracy of what cost no label, too: more level lines, each with
        its name on it, for they are too many for colours.
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
    >>> figure = label_curves({"raw pixels": {1: [0.5, 0.6], 5: [0.8, 0.8]}})
    >>> figure.axes[0].get_xlabel()
    'labels per class'
    """
    import matplotlib.pyplot as plt
    from matplotlib.ticker import NullLocator, PercentFormatter

    spare = iter(SPARE)
    lines = {name: _line(curve, name) for name, curve in read_mapping(curves, "curves").items()}
    budgets = sorted({budget for line in lines.values() for budget in line})
    no_labels = None if no_labels is None else read_share(no_labels, "no_labels")
    levels = {} if levels is None else read_mapping(levels, "levels")
    words = {} if ticks is None else read_mapping(ticks, "ticks")
    with drawing():
        figure, axis = plt.subplots(figsize=(7, 4.2), layout="constrained")
        for name, line in lines.items():
            colour, marker = STRATEGIES.get(name) or next(spare, (BLACK, "."))
            x = sorted(line)
            draws = [line[budget] for budget in x]
            axis.plot(x, [np.mean(d) for d in draws], color=colour, marker=marker, label=name)
            low, high = [min(d) for d in draws], [max(d) for d in draws]
            axis.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
        if no_labels is not None:
            colour, _ = STRATEGIES["no labels"]
            axis.axhline(no_labels, color=colour, linestyle="--", label="no labels at all")
        for name, level in levels.items():
            level = read_share(level, f"The level of {name!r}")
            colour, _ = STRATEGIES["adapted, no labels"]
            axis.axhline(level, color=colour, linestyle="--")
            axis.annotate(
                name,
                (1, level),
                xycoords=("axes fraction", "data"),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=9,
            )
        axis.set_xscale("log")
        axis.set_xticks(budgets, [str(words.get(b, b)) for b in budgets])
        axis.xaxis.set_minor_locator(NullLocator())
        axis.yaxis.set_major_formatter(PercentFormatter(1.0))
        axis.set(xlabel="labels per class", ylabel=ylabel, title=title)
        figure.legend(loc="outside upper center", ncols=4, fontsize=10)
    return figure


def _line(curve: Mapping[int, Sequence[float]], name: str) -> dict[int, list[float]]:
    """Return labels per class → accuracies of one curve of `label_curves`."""
    what = f"The curve of {name!r}"
    return {
        read_count(budget, f"{what}, its labels per class,"): [
            read_share(draw, f"{what}, its accuracy,") for draw in read_items(draws, what)
        ]
        for budget, draws in read_mapping(curve, what, at_least=0).items()
    }


def training_curves(
    panels: Mapping[str, Mapping[str, Sequence[float]]],
    *,
    smooth: int = 10,
    ylabel: str = "",
    level: float | None = None,
) -> Figure:
    """Draw what happened during trainings, one panel each: numbers against steps.

    Parameters
    ----------
    panels
        Title of the panel → name of the curve → one number for each step.
    smooth
        Draw the mean of so many steps, at least 1.
    ylabel
        What the numbers are.
    level
        Draw a dashed line there: what the curves should be compared with.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If there is nothing to draw.

    Examples
    --------
    >>> figure = training_curves({"a": {"loss": [3.0, 2.0, 1.0]}}, smooth=2)
    >>> figure.axes[0].get_lines()[0].get_ydata()
    array([2.5, 1.5])
    """
    import matplotlib.pyplot as plt

    drawn = {
        title: {
            name: read_rows([values], f"The curve of {name!r}")[0]
            for name, values in read_mapping(curves, f"Panel {title!r}").items()
        }
        for title, curves in read_mapping(panels, "panels").items()
    }
    smooth = read_count(smooth, "smooth")
    level = None if level is None else read_number(level, "level")
    with drawing():
        size = (0.6 + 3.7 * len(drawn), 2.8)
        figure, axes = plt.subplots(
            1, len(drawn), figsize=size, squeeze=False, layout="constrained"
        )
        colours = [colour for colour, _ in (STRATEGIES["frozen features"], STRATEGIES["no labels"])]
        colours += [colour for colour, _ in SPARE]
        for axis, (title, curves) in zip(axes[0], drawn.items(), strict=True):
            for (name, values), colour in zip(curves.items(), cycle(colours), strict=False):
                width = min(smooth, len(values))
                means = np.convolve(values, np.ones(width) / width, mode="valid")
                axis.plot(np.arange(width, len(values) + 1), means, color=colour, label=name)
            if level is not None:
                axis.axhline(level, color=GREY, linestyle="--")
            axis.set(title=title, xlabel="training step")
            if len(curves) > 1:
                axis.legend(fontsize=10)
        axes[0, 0].set_ylabel(ylabel)
    return figure
