"""``tl.draw()``: draw a digit, see what the network says, and let it learn your hand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from tlhelpers import plots
from tlhelpers.teaching.widgets.drawing import to_picture
from tlhelpers.teaching.widgets.reader import Reader
from tlhelpers.teaching.widgets.sheet import Sheet, button
from tlhelpers.teaching.widgets.showing import ShownPicture, Turns, Words, live

if TYPE_CHECKING:  # for readers and type checkers only: they take a while to import
    import ipywidgets
    from matplotlib.figure import Figure


def answers_figure(picture: np.ndarray, answers: dict[str, np.ndarray]) -> Figure:
    """Draw what the network gets to see, and the probability of each digit by each strategy.

    Parameters
    ----------
    picture
        Shape (8, 8), from 0 to 1.
    answers
        Strategy → ten probabilities.
    """
    from matplotlib.figure import Figure

    with plots.style():
        figure = Figure(figsize=(8.2, 1.0 + 0.32 * max(len(answers), 4)))
        left = figure.add_axes((0.01, 0.1, 0.22, 0.72))
        left.imshow(picture, cmap="gray_r", vmin=0, vmax=1)
        left.set(xticks=[], yticks=[])
        left.set_title("what it sees", fontsize=10)
        left.grid(False)
        axis = figure.add_axes((0.41, 0.1, 0.58, 0.72))
        table = np.stack(list(answers.values()))
        axis.imshow(table, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        for row, column in np.argwhere(table >= 0.005):
            share = table[row, column]
            best = column == table[row].argmax()
            axis.text(
                column,
                row,
                f"{share:.0%}",
                ha="center",
                va="center",
                fontsize=9,
                fontweight="bold" if best else "normal",
                color="white" if share > 0.5 else "black",
            )
        axis.set_xticks(range(10), [str(digit) for digit in range(10)])
        axis.set_yticks(range(len(answers)), list(answers))
        axis.xaxis.tick_top()
        axis.tick_params(length=0)
        axis.grid(False)
    return figure


def describe_answers(answers: dict[str, np.ndarray]) -> str:
    """Say in words what each strategy answers.

    Examples
    --------
    >>> describe_answers({"no labels": np.eye(10)[3]})
    'no labels: 3 (100%)'
    """
    said = (
        f"{name}: {share.argmax()} ({math.floor(100 * share.max() + 0.5)}%)"
        for name, share in answers.items()
    )
    return "; ".join(said)


def draw(reader: Reader | None = None) -> ipywidgets.VBox:
    """Show a sheet to draw a digit on, and what the network says to it.

    Draw with the mouse, a finger, or the keyboard.  Add drawings as examples,
    retrain, and see whether it reads your hand better.

    Parameters
    ----------
    reader
        By default a new one: the network as it is, and logistic regression on
        twenty labelled digits of each class.

    Returns
    -------
    ipywidgets.VBox
        Its ``reader`` is the `Reader`, its ``pad`` the sheet.  Where widgets do
        not run, a recorded drawing stands in.
    """
    import ipywidgets as widgets

    reader = reader or Reader()
    picture, words = ShownPicture(), Words()
    turns = Turns(words)
    sheet = Sheet(turns)
    pad = sheet.pad
    digit = widgets.Dropdown(
        options=list(range(10)),
        value=sheet.digit,
        description="This is a",
        tooltip="Which digit the drawing is meant to be",
        layout={"width": "12em"},
        style={"description_width": "5em"},
    )
    add = button("Add as example", "Add the drawing to the training examples, as this digit")
    retrain = button("Retrain", "Train on your examples and the given ones: about a second")
    forget = button("Forget mine", "Forget all your examples")
    further = button("Fine-tune, adapt", "Train two more readers: about fifteen seconds")
    bar = widgets.FloatProgress(max=1, layout={"width": "12em", "visibility": "hidden"})

    def look(note: str = "") -> None:
        if not pad.strokes:
            seen = np.zeros((8, 8), np.float32)
            nothing = {name: np.zeros(10) for name in reader.strategies}
            picture.show(answers_figure(seen, nothing), "An empty sheet.")
            words.say(note or "The sheet is empty: draw a digit on it.")
            return
        seen = to_picture(pad.strokes)
        answers = reader.read(seen)
        said = describe_answers(answers)
        alt = f"A drawn digit as 8 × 8 pixels, and what each strategy takes it for. {said}."
        picture.show(answers_figure(seen, answers), alt)
        words.say(f"{note} {said}.".strip())

    @turns.take
    def drawn(_: object) -> None:
        if sheet.digit is not None:
            digit.value = sheet.digit
        look()

    @turns.take
    def on_add(_: object) -> None:
        reader.add(to_picture(pad.strokes), digit.value)
        count = len(reader.examples)
        words.say(
            f"Added as a {digit.value}: {count} example{'s' * (count > 1)} of yours. "
            "Draw another, or press Retrain."
        )

    @turns.take
    def on_retrain(_: object) -> None:
        if reader.examples and reader.learned == len(reader.examples):
            words.say("It has learned from all your examples already: add another first.")
            return
        before, after = reader.retrain()
        look(
            f"Retrained on {reader.learned} of yours. On 298 digits of other people: "
            f"{before:.1%} before, {after:.1%} now."
        )

    @turns.take
    def on_forget(_: object) -> None:
        reader.forget()
        look("Your examples are forgotten.")

    @turns.take
    def on_further(_: object) -> None:
        if reader.trained:
            words.say("Both are trained already: see the table.")
            return
        further.disabled, bar.value, bar.layout.visibility = True, 0, "visible"
        words.say("Training: about fifteen seconds.")
        try:
            reader.train_further(lambda share: setattr(bar, "value", share))
        finally:
            further.disabled, bar.layout.visibility = False, "hidden"
        look("Trained: adapted with 600 digits without labels, and fine-tuned on the given ones.")

    pad.observe(drawn, "strokes")
    for which, what in (
        (add, on_add),
        (retrain, on_retrain),
        (forget, on_forget),
        (further, on_further),
    ):
        which.on_click(what)
    look()
    rows = [[digit, add], [retrain, forget], [sheet.clear, sheet.another], [further, bar]]
    side = widgets.VBox([widgets.HBox(row) for row in rows])
    upper = widgets.HBox([pad, side], layout={"flex_flow": "row wrap"})
    buttons = (add, retrain, forget, further, sheet.clear, sheet.another)
    return live(
        [upper, words.widget, picture.widget, sheet.how],
        picture,
        words=words,
        reader=reader,
        pad=pad,
        digit=digit,
        buttons={each.description: each for each in buttons},
    )
