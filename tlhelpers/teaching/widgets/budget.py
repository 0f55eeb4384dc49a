"""``tl.explore_budget()``: which networks fit into a budget of time and megabytes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tlhelpers import plots
from tlhelpers.networks.cost import Cost
from tlhelpers.networks.cost_table import pareto_front, read_costs, within_budget
from tlhelpers.teaching.widgets import results
from tlhelpers.teaching.widgets.showing import (
    STYLE,
    WIDE,
    ShownPicture,
    Turns,
    Words,
    live,
    small_print,
)

if TYPE_CHECKING:  # for readers and type checkers only: they take a while to import
    import ipywidgets
    from matplotlib.figure import Figure

#: What a budget may be; the last is none.
MILLISECONDS = (5, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500, 1000, 2000, math.inf)
MEGABYTES = (10, 15, 20, 25, 30, 50, 75, 100, 150, 200, 300, 500, 1000, math.inf)
MOST_NAMED = 3
MOST_WRITTEN = 10  # names in the picture: more would be a crowd


def shipped_costs() -> dict[str, Cost]:
    """Return the costs of the networks of the table, as one computer with two cores had them.

    Examples
    --------
    >>> shipped_costs()["MobileNetV2"].multiply_adds
    300774272
    """
    rows = results.read_table("networks")
    return {
        row["network"]: Cost(
            row["network"],
            int(row["parameters"]),
            float(row["megabytes"]),
            int(row["multiply_adds"]),
            float(row["milliseconds"]),
        )
        for row in rows
    }


def budget_in_words(
    costs: Mapping[str, Cost], milliseconds: float | None = None, megabytes: float | None = None
) -> str:
    """Say which networks remain within a budget: how many, and the best of them.

    Parameters
    ----------
    costs, milliseconds, megabytes
        As for `cost_table.within_budget`.

    Returns
    -------
    str
        Two sentences or three.

    Examples
    --------
    >>> costs = {"VGG16": Cost("VGG16", 138357544, 553.4, 15470264320, 170.0)}
    >>> print(budget_in_words(costs, megabytes=500))
    At most 500 MB: 0 of 1 networks remain. The smallest has 553.4 MB, the fastest takes 170.0 ms.
    """
    remain = within_budget(costs, milliseconds, megabytes)
    parts = []
    if milliseconds is not None:
        parts.append(f"{milliseconds:g} ms a picture")
    if megabytes is not None:
        parts.append(f"{megabytes:g} MB")
    bound = "At most " + " and ".join(parts) if parts else "Without a budget"
    said = f"{bound}: {len(remain)} of {len(costs)} networks remain. "
    if not remain:
        smallest = min(cost.megabytes for cost in costs.values())
        fastest = min(cost.milliseconds for cost in costs.values())
        return said + f"The smallest has {smallest:.1f} MB, the fastest takes {fastest:.1f} ms."
    named = [
        f"{name} ({costs[name].top1:.1%}, {costs[name].milliseconds:.1f} ms, "
        f"{costs[name].megabytes:.1f} MB)"
        for name in remain[:MOST_NAMED]
    ]
    said += f"The most accurate on ImageNet is {named[0]}."
    return said + (f" Then: {'; '.join(named[1:])}." if named[1:] else "")


def budget_figure(
    costs: Mapping[str, Cost], milliseconds: float | None = None, megabytes: float | None = None
) -> Figure:
    """Draw all networks, those outside the budget hollow, and the front of those inside.

    Parameters
    ----------
    costs, milliseconds, megabytes
        As for `cost_table.within_budget`; at least one network.
    """
    costs = read_costs(costs, at_least=1)
    remain = within_budget(costs, milliseconds, megabytes)
    front = pareto_front({name: costs[name] for name in remain})
    first = [*dict.fromkeys([*front[::-1], *remain])]  # the best of them first
    return plots.trade_off(
        {name: (cost.milliseconds, cost.top1, cost.megabytes) for name, cost in costs.items()},
        front=front,
        grey=[name for name in costs if name not in remain],
        names=first[:MOST_WRITTEN],
        limit=milliseconds,
    )


def explore_budget(costs: Mapping[str, Cost] | None = None) -> ipywidgets.VBox:
    """Show which networks remain within a budget: turn the milliseconds and the megabytes.

    Parameters
    ----------
    costs
        Name → `Cost`, as `cost_table.measure_networks` returns it; by default those of
        all networks, measured on a computer with two cores.

    Returns
    -------
    ipywidgets.VBox
        Its ``milliseconds`` and ``megabytes`` are the fields.

    Raises
    ------
    TypeError, ValueError
        If costs are no such dictionary, or empty.
    """
    import ipywidgets as widgets

    shipped = costs is None
    known = shipped_costs() if costs is None else read_costs(costs, at_least=1)
    picture, words = ShownPicture(), Words()
    turns = Turns(words)

    def slider(
        options: tuple[float, ...], value: float, name: str, tooltip: str
    ) -> widgets.SelectionSlider:
        return widgets.SelectionSlider(
            options=[("any" if each == math.inf else f"{each:g}", each) for each in options],
            value=value,
            description=name,
            tooltip=f"{tooltip}; arrow keys change it",
            continuous_update=False,
            layout=WIDE,
            style=STYLE,
        )

    milliseconds = slider(MILLISECONDS, 50, "ms a picture", "The most that one picture may take")
    megabytes = slider(MEGABYTES, 50, "MB of weights", "The most that the file may have")

    @turns.take
    def show(_: object) -> None:
        budget = [
            None if field.value == math.inf else field.value for field in (milliseconds, megabytes)
        ]
        said = budget_in_words(known, *budget)
        picture.show(
            budget_figure(known, *budget),
            f"Accuracy on ImageNet against milliseconds a picture, a dot for each network. {said}",
        )
        words.say(said)

    for field in (milliseconds, megabytes):
        field.observe(show, "value")
    show(None)
    source = f"Measured on one computer, not on yours. Made with: {results.command_for('networks')}"
    note = small_print(
        (source if shipped else "Measured on this computer, now.")
        + " The area of a dot is the size of the weights; the line joins those that none beats."
    )
    return live(
        [milliseconds, megabytes, words.widget, picture.widget, note],
        picture,
        words=words,
        milliseconds=milliseconds,
        megabytes=megabytes,
    )
