"""``tl.explore_labels()``: what labels buy, for one strategy and one draw after another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tlhelpers import plots
from tlhelpers.data.wording import counted
from tlhelpers.plots.figure_style import SKY
from tlhelpers.teaching.widgets import results
from tlhelpers.teaching.widgets.label_runs import BUDGETS, DRAWS, Inputs
from tlhelpers.teaching.widgets.reader import LEARN
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

MOST = 12  # mistakes to show

Curves = dict[str, dict[int, list[float]]]


def read_curves() -> Curves:
    """Return the accuracies that were measured: strategy → labels per class → one for each draw.

    Examples
    --------
    >>> curves = read_curves()
    >>> len(curves["raw pixels"][5])
    10
    """
    curves: Curves = {}
    for row in results.read_table("labels"):
        curve = curves.setdefault(row["strategy"], {})
        curve.setdefault(int(row["labels per class"]), []).append(float(row["accuracy"]))
    return curves


def labels_figure(
    curves: Curves,
    strategy: str,
    per_class: int,
    accuracy: float,
    mistakes: list[tuple[np.ndarray, int, int]],
    no_labels: float,
) -> Figure:
    """Draw the curves with one point marked, and the mistakes at this point.

    Parameters
    ----------
    curves
        As from `read_curves`.
    strategy, per_class, accuracy
        The point.
    mistakes
        For each: the picture, shape (8, 8), what it is, and what was said.
    no_labels
        Accuracy of the network as it is: a level line.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    looks = plots.STRATEGIES | {"frozen, layer chosen": (SKY, "X")}
    places = range(len(BUDGETS))  # evenly spaced
    with plots.style():
        figure = Figure(figsize=(9.2, 3.7))
        axis = figure.add_axes((0.09, 0.15, 0.49, 0.72))
        for name, curve in curves.items():
            colour, marker = looks[name]
            chosen = name == strategy
            axis.plot(
                places,
                [np.mean(curve[budget]) for budget in BUDGETS],
                color=colour,
                marker=marker,
                linewidth=3 if chosen else 1.2,
                label=name,
            )
            if chosen:
                low, high = [min(curve[b]) for b in BUDGETS], [max(curve[b]) for b in BUDGETS]
                axis.fill_between(places, low, high, color=colour, alpha=0.18, linewidth=0)
        axis.axhline(
            no_labels, color=looks["no labels"][0], linestyle="--", linewidth=1.2, label="no labels"
        )
        axis.plot(
            [BUDGETS.index(per_class)], [accuracy], "o", ms=13, mfc="none", mec="black", mew=2
        )
        axis.set_xticks(places, [str(budget) for budget in BUDGETS])
        axis.yaxis.set_major_formatter(PercentFormatter(1.0))
        axis.set(xlabel="labels per class", ylabel="accuracy, other writers", ylim=(0.5, 1))
        axis.legend(loc="lower right", fontsize=9)
        axis.set_title(f"this draw: {accuracy:.1%}", fontsize=11)
        few = f"the first {MOST} of " if len(mistakes) > MOST else ""
        wall = figure.add_axes((0.61, 0.02, 0.38, 0.86))
        wall.set_title(f"{few}{counted(len(mistakes), 'mistake')}", fontsize=11)
        page = np.zeros((36, 42), np.float32)  # one picture of all is quicker than twelve
        for number, (small, truth, said) in enumerate(mistakes[:MOST]):
            x, y = 1 + 11 * (number % 4), 12 * (number // 4)
            page[y + 3 : y + 11, x : x + 8] = small
            wall.text(x + 3.5, y + 2.2, f"{truth} → {said}", fontsize=9, ha="center", va="bottom")
        wall.imshow(page, cmap="gray_r", vmin=0, vmax=1)
        wall.set(xticks=[], yticks=[])
        wall.spines[:].set_visible(False)
        wall.grid(False)
    return figure


def explore_labels(inputs: Inputs | None = None) -> ipywidgets.VBox:
    """Show what labels buy: choose a strategy, how many labels, and which.

    The curves were measured beforehand (`results`); the point is trained at once.
    The exam is the end of ``lab.train``, other writers; the test stays closed.

    Parameters
    ----------
    inputs
        By default new ones.

    Returns
    -------
    ipywidgets.VBox
        Its ``strategy``, ``per_class`` and ``draw`` are the fields.
    """
    import ipywidgets as widgets

    inputs, curves = inputs or Inputs(), read_curves()
    picture, words = ShownPicture(), Words()
    turns = Turns(words)
    same = {"layout": WIDE, "style": STYLE}
    strategy = widgets.Dropdown(
        options=list(curves),
        value="frozen features",
        description="Strategy",
        tooltip="What logistic regression gets to see of an image",
        **same,
    )
    per_class = widgets.SelectionSlider(
        options=BUDGETS,
        value=5,
        description="Labels per class",
        tooltip="How many labelled digits of each class; arrow keys change it",
        **same,
    )
    draw = widgets.IntSlider(
        value=0,
        max=DRAWS[-1],
        description="Draw",
        tooltip="Which labels: another number is another choice of the same size",
        **same,
    )
    truth, pictures = inputs.labels[LEARN:], inputs.pictures[LEARN:]

    @turns.take
    def show(_: object) -> None:
        said = inputs.answers(strategy.value, per_class.value, draw.value)
        wrong = np.flatnonzero(said != truth)
        share = 1 - len(wrong) / len(truth)
        mistakes = [(pictures[i], int(truth[i]), int(said[i])) for i in wrong]
        others = curves[strategy.value][per_class.value]
        note = (
            f"{strategy.value}, {counted(per_class.value, 'label')} per class, draw {draw.value}: "
            f"{share:.1%} right, {len(wrong)} of {len(truth)} wrong. "
            f"Ten draws: {np.mean(others):.1%} on average, from {min(others):.1%} "
            f"to {max(others):.1%}. No labels: {inputs.no_labels:.1%}."
        )
        figure = labels_figure(
            curves, strategy.value, per_class.value, share, mistakes, inputs.no_labels
        )
        picture.show(figure, f"Accuracy against labels per class, and mistakes. {note}")
        words.say(note)

    for field in (strategy, per_class, draw):
        field.observe(show, "value")
    show(None)
    source = small_print(f"Curves made with: {results.command_for('labels')}")
    return live(
        [strategy, per_class, draw, words.widget, picture.widget, source],
        picture,
        words=words,
        inputs=inputs,
        strategy=strategy,
        per_class=per_class,
        draw=draw,
    )
