"""``tl.explore_freezing()``: how deep, how fast, and what is forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tlhelpers import plots
from tlhelpers.plots.figure_style import BLUE, GREY, RED, SKY, YELLOW
from tlhelpers.teaching.widgets import results
from tlhelpers.teaching.widgets.freezing_runs import (
    BLOCKS,
    DRAWS,
    LEARNING_RATES,
    PER_CLASS,
    Bench,
    Run,
)
from tlhelpers.teaching.widgets.sheet import button
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

#: Colour and marker of each depth, from light to dark.
_LOOKS = {0: (GREY, "s"), 2: (SKY, "o"), 5: (BLUE, "D"), 11: (RED, "v")}


def read_runs() -> list[Run]:
    """Return the runs that were made beforehand.

    Examples
    --------
    >>> runs = read_runs()
    >>> runs[0].blocks, 0 < runs[0].print <= 1
    (0, True)
    """
    return [
        Run(
            int(row["blocks"]),
            float(row["learning_rate"]),
            int(row["draw"]),
            float(row["handwriting"]),
            float(row["print"]),
        )
        for row in results.read_table("freezing")
    ]


def runs_of_point(runs: list[Run], blocks: int, learning_rate: float) -> list[Run]:
    """Return the runs of one point; with the head alone, every learning rate is the same."""
    rates = (learning_rate,) if blocks else LEARNING_RATES
    return [run for run in runs if run.blocks == blocks and run.learning_rate in rates]


def describe_runs(runs: list[Run], runs_before: list[Run]) -> str:
    """Say what came out, and what was forgotten.

    Parameters
    ----------
    runs
        Those of one point.
    runs_before
        Those of the head alone: the network has not changed.

    Examples
    --------
    >>> describe_runs([Run(2, 0.01, 0, 0.5, 0.25)], [Run(0, 0.01, 0, 0.75, 0.5)])
    'handwriting 50.0%, print 25.0%. Against the head alone: handwriting -25.0 points, print -25.0.'
    """
    now, before = (
        np.mean([(run.handwriting, run.print) for run in some], axis=0)
        for some in (runs, runs_before)
    )
    gain = 100 * (now - before)
    return (
        f"handwriting {now[0]:.1%}, print {now[1]:.1%}. Against the head alone: "
        f"handwriting {gain[0]:+.1f} points, print {gain[1]:+.1f}."
    )


def freezing_figure(runs: list[Run], blocks: int, learning_rate: float, own: list[Run]) -> Figure:
    """Draw accuracy on handwriting and on print against the learning rate, a curve for each depth.

    Parameters
    ----------
    runs
        As from `read_runs`.
    blocks, learning_rate
        The point with a ring; its depth has a thick line.
    own
        Runs that the learner made: stars.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    places = range(len(LEARNING_RATES))  # evenly spaced
    with plots.style():
        figure = Figure(figsize=(9.2, 3.7))
        for left, key, title in (
            (0.085, "handwriting", "handwriting of other writers"),
            (0.585, "print", "print, the source: what is left"),
        ):
            axis = figure.add_axes((left, 0.15, 0.405, 0.62))
            for depth in BLOCKS:
                colour, marker = _LOOKS[depth]
                shares = [
                    [getattr(r, key) for r in runs_of_point(runs, depth, x)] for x in LEARNING_RATES
                ]
                mean = [np.mean(share) for share in shares]
                chosen = depth == blocks
                name = f"{depth} blocks" if depth else "head alone"
                axis.plot(
                    places,
                    mean,
                    color=colour,
                    marker=marker,
                    linestyle="-" if depth else ":",
                    linewidth=3 if chosen else 1.2,
                    label=name,
                )
                if chosen:
                    low, high = [min(s) for s in shares], [max(s) for s in shares]
                    axis.fill_between(places, low, high, color=colour, alpha=0.2, linewidth=0)
                    at = LEARNING_RATES.index(learning_rate)
                    axis.plot([at], [mean[at]], "o", ms=14, mfc="none", mec="black", mew=2)
            for run in own:
                axis.plot(
                    [LEARNING_RATES.index(run.learning_rate)],
                    [getattr(run, key)],
                    "*",
                    ms=13,
                    mfc=YELLOW,
                    mec="black",
                )
            axis.set_xticks(places, [f"{x:g}" for x in LEARNING_RATES])
            axis.yaxis.set_major_formatter(PercentFormatter(1.0))
            axis.set(ylim=(0, 1.03), xlabel="learning rate", ylabel="accuracy")
            axis.set_title(title, fontsize=11)
            handles, names = axis.get_legend_handles_labels()
        figure.legend(handles, names, loc="upper center", ncols=4, fontsize=10)
    return figure


def explore_freezing(bench: Bench | None = None) -> ipywidgets.VBox:
    """Show what training deeper and faster brings, and what the network forgets.

    The results were computed beforehand (`results`); a button really trains one.

    Parameters
    ----------
    bench
        What trains; by default it is made when the button is pressed.

    Returns
    -------
    ipywidgets.VBox
        Its ``blocks`` and ``learning_rate`` are the fields, ``button`` the button, ``own``
        the runs that were made with it.
    """
    import ipywidgets as widgets

    runs = read_runs()
    own: list[Run] = []
    picture, words = ShownPicture(), Words()
    turns = Turns(words)
    benches = [bench] if bench else []
    same = {"layout": WIDE, "style": STYLE}
    blocks = widgets.SelectionSlider(
        options=[("the head alone", 0), *((f"the last {n} blocks", n) for n in BLOCKS[1:-1])]
        + [(f"all {BLOCKS[-1]} blocks", BLOCKS[-1])],
        value=5,
        description="Train",
        tooltip="How many blocks of the network are trained; arrow keys change it",
        **same,
    )
    learning_rate = widgets.SelectionSlider(
        options=[(f"{x:g}", x) for x in LEARNING_RATES],
        value=1e-3,
        description="Learning rate",
        tooltip="How large the steps are at the start; arrow keys change it",
        **same,
    )
    train = button("Train this one", "Train with this depth and learning rate on new labels")
    bar = widgets.FloatProgress(max=1, layout={"width": "12em", "visibility": "hidden"})

    def look(note: str = "") -> None:
        chosen = runs_of_point(runs, blocks.value, learning_rate.value)
        depth = blocks.options[blocks.index][0]
        said = (
            f"{note}{PER_CLASS} labels per class, {depth}, learning rate "
            f"{learning_rate.value:g}, mean of "
            f"{len(chosen)} draws: "
            f"{describe_runs(chosen, runs_of_point(runs, 0, learning_rate.value))}"
        )
        figure = freezing_figure(runs, blocks.value, learning_rate.value, own)
        alt = "Accuracy on handwriting and on print against the learning rate, by depth."
        picture.show(figure, f"{alt} {said}")
        words.say(said)

    @turns.take
    def show(_: object) -> None:
        look()

    @turns.take
    def on_train(_: object) -> None:
        train.disabled, bar.value, bar.layout.visibility = True, 0, "visible"
        words.say("Training: about ten seconds, and twenty the first time.")
        try:
            if not benches:
                benches.append(Bench())
            draw = len(DRAWS) + len(own)
            run = benches[0].train(
                blocks.value, learning_rate.value, draw, lambda share: setattr(bar, "value", share)
            )
            own.append(run)
        finally:
            train.disabled, bar.layout.visibility = False, "hidden"
        look(
            f"Your run, draw {draw} (a star): "
            f"{describe_runs([run], runs_of_point(runs, 0, run.learning_rate))} "
        )

    for field in (blocks, learning_rate):
        field.observe(show, "value")
    train.on_click(on_train)
    look()
    source = small_print(f"Curves made with: {results.command_for('freezing')}")
    below = widgets.HBox([train, bar])
    return live(
        [blocks, learning_rate, below, words.widget, picture.widget, source],
        picture,
        words=words,
        blocks=blocks,
        learning_rate=learning_rate,
        button=train,
        own=own,
    )
