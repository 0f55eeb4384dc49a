"""A sheet to draw on, with its buttons: what the widgets that look at a drawing share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tlhelpers.teaching.widgets.recorded import recorded_drawings
from tlhelpers.teaching.widgets.showing import Turns, small_print

if TYPE_CHECKING:  # for readers and type checkers only: it takes a while to import
    import ipywidgets

FIRST = 13  # the recorded drawing that a sheet begins with: a three


def button(text: str, tooltip: str) -> ipywidgets.Button:
    """Return a button of the usual width."""
    import ipywidgets

    return ipywidgets.Button(description=text, tooltip=tooltip, layout={"width": "12em"})


class Sheet:
    """A `Pad` with two buttons: a clean sheet, and the next recorded drawing.

    Parameters
    ----------
    turns
        The turns of the widget that it belongs to.

    Attributes
    ----------
    pad, clear, another
        To be put among the fields.
    how
        A line of text that says how to draw.
    """

    def __init__(self, turns: Turns) -> None:
        from tlhelpers.teaching.widgets.pad import HOW, Pad

        self.drawings, self.number = recorded_drawings(), FIRST
        self.pad = Pad(strokes=self.drawings[FIRST][1])
        self.how = small_print(HOW)
        self.clear = button("Clear", "Take a new sheet")
        self.another = button(
            "Recorded drawing", "Put the next of thirty recorded drawings on the sheet"
        )

        @turns.take
        def on_clear(_: object) -> None:
            self.pad.strokes = []

        @turns.take
        def on_another(_: object) -> None:
            self.number = (self.number + 1) % len(self.drawings)
            self.pad.strokes = self.drawings[self.number][1]

        self.clear.on_click(on_clear)
        self.another.on_click(on_another)

    @property
    def digit(self) -> int | None:
        """Return which digit the recorded drawing on the sheet is; None for your own."""
        digit, strokes = self.drawings[self.number]
        return digit if self.pad.strokes == strokes else None
