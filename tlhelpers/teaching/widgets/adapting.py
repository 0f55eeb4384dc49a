"""``tl.explore_adaptation()``: what adaptation does to the features, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tlhelpers import plots
from tlhelpers.plots.figure_style import BLUE, GREEN, GREY, RED
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

_PRINT, _HAND = (BLUE, "o"), (RED, "^")


def read_adaptation() -> dict:
    """Return the runs that were made beforehand, by `benchmarks.explorer_adaptation`.

    Examples
    --------
    >>> tree = read_adaptation()
    >>> tree["runs"][0]["method"], tree["runs"][0]["steps"][0]
    ('source only', 0)
    """
    return results.read_tree("adaptation")


def describe_adaptation(run: dict, at: int) -> str:
    """Say how good a run is at a step, and whether the domains can be told apart.

    Parameters
    ----------
    run
        One of the runs.
    at
        Which of its steps, from 0.

    Examples
    --------
    >>> run = {"accuracy": [0.5, 0.75], "told apart": [1.0, 0.875]}
    >>> describe_adaptation(run, 1)
    '75.0% of the handwriting is read (+25.0 points); the domains are told apart with 88% accuracy.'
    """
    now, told = run["accuracy"][at], run["told apart"][at]
    return (
        f"{now:.1%} of the handwriting is read ({100 * (now - run['accuracy'][0]):+.1f} points); "
        f"the domains are told apart with {100 * told + 1e-6:.0f}% accuracy."
    )


def adaptation_figure(tree: dict, run: dict, at: int) -> Figure:
    """Draw the features of both domains in the plane, and the accuracy by step.

    Parameters
    ----------
    tree
        As from `read_adaptation`.
    run
        One of its runs.
    at
        Which of its steps, from 0.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    points = np.array(run["points"][at])
    printed, written = np.split(points, 2)
    truth, said = tree["labels"], run["answers"][at]
    # The same window for all steps, so that one sees what moves.
    wide, high = 1.08 * np.abs(run["points"]).max(axis=(0, 1))
    with plots.style():
        figure = Figure(figsize=(9.2, 3.7))
        both, hand, curve = (
            figure.add_axes(place)
            for place in (
                (0.01, 0.14, 0.33, 0.74),
                (0.35, 0.14, 0.33, 0.74),
                (0.77, 0.14, 0.21, 0.74),
            )
        )
        for some, (colour, marker), name in (
            (printed, _PRINT, "print"),
            (written, _HAND, "handwriting"),
        ):
            both.scatter(
                some[:, 0], some[:, 1], s=18, c=colour, marker=marker, alpha=0.65, label=name, lw=0
            )
        both.set_title("both domains", fontsize=11)
        both.legend(loc="upper center", bbox_to_anchor=(0.5, -0.01), ncols=2, fontsize=10)
        right = np.array(list(truth)) == np.array(list(said))
        for digit in "0123456789":
            for mask, colour, size in ((right, BLUE, 30), (~right, RED, 75)):
                some = written[mask & (np.array(list(truth)) == digit)]
                hand.scatter(some[:, 0], some[:, 1], s=size, c=colour, marker=f"${digit}$", lw=0)
        hand.set_title("handwriting", fontsize=11)
        hand.set_xlabel("large, orange: misread", fontsize=10)
        for axis in (both, hand):
            axis.set(xticks=[], yticks=[], xlim=(-wide, wide), ylim=(-high, high))
            axis.grid(False)
        curve.plot(run["steps"], run["accuracy"], "o-", color=GREEN, label="accuracy")
        curve.plot(run["steps"], run["told apart"], "s--", color=GREY, label="told apart")
        here = [run["steps"][at]], [run["accuracy"][at]]
        curve.plot(*here, "o", ms=14, mfc="none", mec="black", mew=2)
        curve.set(xlabel="training step", ylim=(0, 1.05), xticks=run["steps"])
        curve.yaxis.set_major_formatter(PercentFormatter(1.0))
        curve.set_title("on handwriting", fontsize=11)
        curve.legend(loc="lower center", fontsize=9)
    return figure


def explore_adaptation() -> ipywidgets.VBox:
    """Show the features of print and handwriting while a network adapts.

    Choose a method, how much it counts, and the step.  The runs were made
    beforehand (`results`).

    Returns
    -------
    ipywidgets.VBox
        Its ``method``, ``weight`` and ``step`` are the fields.
    """
    import ipywidgets as widgets

    tree = read_adaptation()
    by_method: dict[str, dict[float, dict]] = {}
    for run in tree["runs"]:
        by_method.setdefault(run["method"], {})[run["weight"]] = run
    picture, words = ShownPicture(), Words()
    turns = Turns(words)
    same = {"layout": WIDE, "style": STYLE}
    first = "consistency"
    method = widgets.Dropdown(
        options=list(by_method),
        value=first,
        description="Method",
        tooltip="How the network is adapted",
        **same,
    )
    weight = widgets.SelectionSlider(
        options=[(f"{w:g}", w) for w in by_method[first]],
        value=1,
        description="Weight",
        tooltip="How much the method's own part of the loss counts; arrow keys change it",
        **same,
    )
    last = by_method[first][1]["steps"][-1]
    step = widgets.SelectionSlider(
        options=by_method[first][1]["steps"],
        value=last,
        description="Training step",
        tooltip="When to look; arrow keys change it",
        **same,
    )

    @turns.take
    def show(_: object) -> None:
        run = by_method[method.value][weight.value]
        at = run["steps"].index(step.value)
        depth = f", weight {weight.value:g}" if len(by_method[method.value]) > 1 else ""
        note = f"{method.value}{depth}, step {step.value}: {describe_adaptation(run, at)}"
        alt = "Features of print and handwriting in the plane, and accuracy by step."
        picture.show(adaptation_figure(tree, run, at), f"{alt} {note}")
        words.say(note)

    @turns.take
    def other_method(_: object) -> None:
        weights = list(by_method[method.value])
        old = weight.value
        weight.options = [(f"{w:g}" if len(weights) > 1 else "none", w) for w in weights]
        weight.value = old if old in weights else weights[-1]
        weight.disabled = len(weights) < 2
        steps = by_method[method.value][weight.value]["steps"]
        now = step.value
        step.options = steps
        step.value = now if now in steps else steps[-1]
        show(None)

    method.observe(other_method, "value")
    for field in (weight, step):
        field.observe(show, "value")
    show(None)
    source = small_print(f"Made with: {results.command_for('adaptation')}")
    return live(
        [method, weight, step, words.widget, picture.widget, source],
        picture,
        words=words,
        method=method,
        weight=weight,
        step=step,
    )
