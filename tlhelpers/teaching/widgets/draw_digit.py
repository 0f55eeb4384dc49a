"""``tl.draw()``: draw a digit, see what the network says, and let it learn your hand."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tlhelpers import plots
from tlhelpers.data.wording import counted
from tlhelpers.teaching.widgets.drawing import Strokes, to_picture
from tlhelpers.teaching.widgets.reader import Reader
from tlhelpers.teaching.widgets.sheet import (
    COLUMN,
    EMPTY,
    WRAPPING,
    Sheet,
    button,
    first_drawing,
    is_another,
)
from tlhelpers.teaching.widgets.showing import ShownPicture, Turns, Words, live
from tlhelpers.teaching.widgets.thumbnails import MOST, Thumbnail, of_ink, row

if TYPE_CHECKING:  # for readers and type checkers only: they take a while to import
    import ipywidgets
    from matplotlib.figure import Figure


NOT_SAID = ""  # which digit it is; None would leave the field blank


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

    Draw with the mouse, a finger, or the keyboard.  Say which digit it is, add
    it as an example, retrain, and see whether it reads your hand better.

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
    picture, stand_in, words = ShownPicture(), ShownPicture(), Words()
    turns = Turns(words)
    sheet = Sheet(turns)
    pad = sheet.pad
    digit = widgets.Dropdown(
        options=[("choose", NOT_SAID), *((str(number), number) for number in range(10))],
        description="This is a",
        tooltip="Which digit the drawing is meant to be",
        layout={"width": "12em"},
        style={"description_width": "5em"},
    )
    add = button("Add as example", "Add the drawing to your examples, as this digit", main=True)
    undo = button("Undo the last", "Take back the example that was added last")
    forget = button("Forget mine", "Forget all your examples")
    retrain = button("Retrain", "Train on your examples and the given ones: about a second")
    further = button("Fine-tune, adapt", "Train two more readers: about fifteen seconds")
    bar = widgets.FloatProgress(max=1, layout={"width": "12em", "visibility": "hidden"})
    shelf = widgets.HTML()
    added: list[Strokes] = []  # the drawing that was added last, as long as it is an example

    def look(note: str = "") -> None:
        if pad.strokes:
            seen = to_picture(pad.strokes)
            said = show_answers(picture, seen, reader.read(seen))
            words.say(f"{note} {said}.".strip())
        else:
            show_answers(picture, None, {name: np.zeros(10) for name in reader.strategies})
            words.say(note or EMPTY)

    def show_examples() -> None:
        shelf.value = examples_row(reader.examples)

    @turns.take
    def drawn(change: Mapping) -> None:
        if is_another(change):  # which digit it is has not been said
            digit.value = NOT_SAID
        look()

    @turns.take
    def on_add(_: object) -> None:
        seen = to_picture(pad.strokes)
        if added == [pad.strokes]:
            words.say("This drawing is added already: draw another, or press Undo the last.")
        elif digit.value == NOT_SAID:
            words.say("Which digit is it? Choose it at This is a, then add it.")
        else:
            reader.add(seen, digit.value)
            added[:], pad.done = [pad.strokes], True
            count = counted(len(reader.examples), "example")
            words.say(f"Added as {digit.value}: {count} of yours. Draw another, or press Retrain.")
            digit.value = NOT_SAID
            show_examples()

    @turns.take
    def on_undo(_: object) -> None:
        if not reader.examples:
            words.say("There is nothing to take back: you have no examples.")
            return
        was = reader.take_back()
        added.clear()
        show_examples()
        look(f"The last example, a drawing of {was}, is taken back.")

    @turns.take
    def on_retrain(_: object) -> None:
        if not reader.examples:
            words.say("There is no example of yours yet: draw a digit, say which it is, add it.")
        elif reader.learned == len(reader.examples):
            words.say("It has learned from all your examples already: add another first.")
        else:
            before, after = reader.retrain()
            look(
                f"Retrained on {reader.learned} of yours. On 252 digits of other people: "
                f"{before:.1%} before, {after:.1%} now."
            )

    @turns.take
    def on_forget(_: object) -> None:
        reader.forget()
        added.clear()
        show_examples()
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
        look("Trained: adapted with 646 digits without labels, and fine-tuned on the given ones.")

    pad.observe(drawn, "strokes")
    for which, what in (
        (add, on_add),
        (undo, on_undo),
        (forget, on_forget),
        (retrain, on_retrain),
        (further, on_further),
    ):
        which.on_click(what)
    look()
    show_examples()
    recorded = to_picture(first_drawing())
    show_answers(stand_in, recorded, reader.read(recorded))
    rows = [[sheet.clear, sheet.another], [digit, add], [undo, forget], [retrain], [further, bar]]
    side = widgets.VBox([widgets.HBox(row, layout=WRAPPING) for row in rows], layout=COLUMN)
    upper = widgets.HBox([pad, side], layout=WRAPPING)
    buttons = (sheet.clear, sheet.another, add, undo, forget, retrain, further)
    return live(
        [sheet.how, upper, words.widget, picture.widget, shelf],
        picture,
        stand_in,
        words=words,
        reader=reader,
        pad=pad,
        digit=digit,
        shelf=shelf,
        buttons={each.description: each for each in buttons},
    )


def show_answers(
    shown: ShownPicture, picture: np.ndarray | None, answers: dict[str, np.ndarray]
) -> str:
    """Show what the network says to a drawing, or to an empty sheet, and return it in words.

    Parameters
    ----------
    shown
        Where to show it.
    picture
        Shape (8, 8), from 0 to 1; None for an empty sheet.
    answers
        Strategy → ten probabilities.
    """
    if picture is None:
        said = "An empty sheet: what each strategy takes a drawing for will stand here."
        shown.show(answers_figure(np.zeros((8, 8)), answers), said)
        return said
    said = describe_answers(answers)
    alt = f"A drawn digit as 8 × 8 pixels, and what each strategy takes it for. {said}."
    shown.show(answers_figure(picture, answers), alt)
    return said


def examples_row(examples: Sequence[tuple[np.ndarray, int]]) -> str:
    """Return the examples as a row of small pictures, the last one first; nothing if none.

    Parameters
    ----------
    examples
        (picture, digit) for each, as a `Reader` has them.

    Examples
    --------
    >>> row = examples_row([(np.eye(8), 1), (np.eye(8), 7)])
    >>> "Your examples, the last one first: 1 of 1, 1 of 7." in row, row.count("<img")
    (True, 2)
    """
    if not examples:
        return ""
    counts = sorted(Counter(digit for _, digit in examples).items())
    heading = ", ".join(f"{count} of {digit}" for digit, count in counts)
    last = examples[: -MOST - 1 : -1]
    return row(
        [Thumbnail(of_ink(picture), str(digit)) for picture, digit in last],
        f"Your examples, the last one first: {heading}.",
        len(examples) - len(last),
    )
