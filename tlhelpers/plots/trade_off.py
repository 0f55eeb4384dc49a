"""Accuracy against what it costs: points with names that do not cover each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tlhelpers.inputs import read_items, read_mapping, read_names, read_number, read_share
from tlhelpers.plots.figure_style import BLUE, GREY, ORANGE, drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.transforms import Bbox

#: Where the name of a point may stand: to the right, left, above, below, and farther away.
_PLACES = [
    (x, y, "left" if x > 0 else "right" if x < 0 else "center")
    for near in (1, 2, 3.5, 5.5, 8)
    for x, y in (
        (6 * near, 0),
        (-6 * near, 0),
        (5 * near, 6 * near),
        (5 * near, -6 * near),
        (-5 * near, 6 * near),
        (-5 * near, -6 * near),
        (0, 8 * near),
        (0, -8 * near),
    )
]


def trade_off(
    points: Mapping[str, tuple[float, float, float]],
    *,
    front: Sequence[str] = (),
    grey: Iterable[str] = (),
    names: Iterable[str] | None = None,
    limit: float | None = None,
    xlabel: str = "milliseconds a picture",
    ylabel: str = "accuracy on ImageNet",
) -> Figure:
    """Draw accuracy against a cost, the cost on a logarithmic axis.

    Parameters
    ----------
    points
        Name → cost (above 0), accuracy (0 to 1) and megabytes (the area of the dot).
    front
        Names that a line joins, in this order, in another colour: those that no other beats.
    grey
        Names of points that are drawn hollow and grey: out of question.
    names
        Whose names are written; by default all.  A name for which there is no room is
        left out, so that none covers another.
    limit
        Where a dashed line ends what may be spent.
    xlabel, ylabel
        With their units.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If there is nothing to draw, a cost is not above 0, or a name is not among the points.

    Examples
    --------
    >>> figure = trade_off({"small": (10, 0.7, 14), "large": (90, 0.8, 90)}, front=["small"])
    >>> figure.axes[0].get_xscale()
    'log'
    """
    import matplotlib.pyplot as plt
    from matplotlib.ticker import (
        FuncFormatter,
        LogLocator,
        MaxNLocator,
        NullFormatter,
        PercentFormatter,
    )

    spots = {str(name): _spot(spot, name) for name, spot in read_mapping(points, "points").items()}
    front, grey = _known(front, "front", spots), set(_known(grey, "grey", spots))
    written = list(spots) if names is None else _known(names, "names", spots)
    with drawing():
        figure, axis = plt.subplots(figsize=(8.4, 5.2), layout="constrained")
        if front:
            line = [spots[name][:2] for name in front]
            axis.plot(*zip(*line, strict=True), color=ORANGE, linewidth=1.5, zorder=2)
        for name, (cost, accuracy, megabytes) in spots.items():
            colour = ORANGE if name in front else BLUE
            look: dict[str, Any] = {"facecolor": colour, "edgecolor": "white", "alpha": 0.85}
            if name in grey:
                look = {"facecolor": "none", "edgecolor": GREY, "alpha": 0.6}
            axis.scatter([cost], [accuracy], s=_area(megabytes), zorder=3, **look)
        if limit is not None:
            limit = read_number(limit, "limit", above=0)
            axis.axvline(limit, color=GREY, linestyle="--", linewidth=1.2)
        axis.set(xscale="log", xlabel=xlabel, ylabel=ylabel)
        axis.margins(x=0.12, y=0.12)
        axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.yaxis.set_major_locator(MaxNLocator(9, steps=[1, 2, 5, 10]))
        axis.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        sizes = [
            axis.scatter([], [], s=_area(mb), color=GREY, alpha=0.6, label=f"{mb} MB")
            for mb in (10, 100, 500)
        ]
        axis.legend(handles=sizes, loc="lower right", fontsize=9, labelspacing=1.1, borderpad=1)
        figure.draw_without_rendering()  # places are known only then
        _write_names(axis, {name: spots[name] for name in written}, spots, front)
    return figure


def _spot(spot: Sequence[float], name: str) -> tuple[float, float, float]:
    cost, accuracy, megabytes = read_items(spot, f"points[{name!r}]", at_least=3, at_most=3)
    return (
        read_number(cost, f"cost of {name}", above=0),
        read_share(accuracy, f"accuracy of {name}"),
        read_number(megabytes, f"megabytes of {name}", least=0),
    )


def _known(names: Iterable[str], what: str, spots: Mapping[str, object]) -> list[str]:
    found = read_names(names, what, least=0, most=len(spots))
    for name in found:
        if name not in spots:
            raise ValueError(f"{what} has {name!r}, which is not among the points.")
    return found


def _area(megabytes: float) -> float:
    return 12 + 1.5 * megabytes


def _write_names(
    axis: Axes, written: Mapping[str, tuple], spots: Mapping[str, tuple], front: list[str]
) -> None:
    """Write each name beside its point, where it covers no name, no other point and no line."""
    import numpy as np
    from matplotlib.transforms import Bbox

    figure: Any = axis.figure
    renderer = figure._get_renderer()
    dot = figure.dpi / 72  # pixels in a point
    taken: list[Bbox] = []
    for cost, accuracy, megabytes in spots.values():
        x, y = axis.transData.transform((cost, accuracy))
        radius = dot * (_area(megabytes) ** 0.5) / 2 * 0.8
        taken.append(Bbox.from_extents(x - radius, y - radius, x + radius, y + radius))
    ends = [axis.transData.transform(spots[name][:2]) for name in front]
    for begin, end in zip(ends, ends[1:], strict=False):
        for x, y in np.linspace(begin, end, 40)[1:-1]:
            taken.append(Bbox.from_extents(x - 1, y - 1, x + 1, y + 1))
    legend = axis.get_legend()
    if legend is not None:
        taken.append(legend.get_window_extent(renderer))
    inside = axis.get_window_extent(renderer)
    # Those in a crowd first: they have the fewest places.
    order = sorted(written, key=lambda name: _room(spots[name], spots, axis))
    for name in order:
        cost, accuracy, megabytes = spots[name]
        radius = (_area(megabytes) ** 0.5) / 2
        for x, y, side in _PLACES:
            longer = 1 + (radius - 4) / max(abs(x), abs(y)) if radius > 4 else 1.0
            label = axis.annotate(
                name,
                (cost, accuracy),
                (x * longer, y * longer),
                textcoords="offset points",
                ha=side,
                va="center",
                fontsize=8.5,
                zorder=4,
            )
            box = label.get_window_extent(renderer)
            far = max(abs(x), abs(y)) > 15  # then a thin line says to whom it belongs
            here = axis.transData.transform((cost, accuracy))
            there = here + dot * longer * np.array([x, y])
            way: Iterable[Any] = np.linspace(here, there, 30) if far else []
            room = inside.x0 <= box.x0 and box.x1 <= inside.x1 and inside.y0 <= box.y0
            room = room and box.y1 <= inside.y1
            room = room and not any(box.overlaps(other) for other in taken)
            # The line passes no other point, nor through a name.
            others = [other for other in taken if not other.contains(*here)]
            if room and not any(other.contains(*step) for other in others for step in way):
                taken.append(box)
                if far:
                    look = {"arrowstyle": "-", "color": GREY, "linewidth": 0.6, "shrinkB": 2}
                    axis.annotate(
                        "",
                        (cost, accuracy),
                        (x * longer, y * longer),
                        textcoords="offset points",
                        arrowprops=look,
                        zorder=2,
                    )
                break
            label.remove()


def _room(spot: tuple, spots: Mapping[str, tuple], axis: Axes) -> float:
    """Distance to the nearest other point, in pixels."""
    here = axis.transData.transform(spot[:2])
    others = [axis.transData.transform(other[:2]) for other in spots.values() if other is not spot]
    return min((float(sum((here - other) ** 2)) for other in others), default=0.0)
