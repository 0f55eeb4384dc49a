"""A sheet to draw on, with its buttons: what the widgets that look at a drawing share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tlhelpers.teaching.widgets.recorded import Strokes, recorded_drawings
from tlhelpers.teaching.widgets.showing import Turns, small_print

if TYPE_CHECKING:  # for readers and type checkers only: it takes a while to import
    import ipywidgets

FIRST = 13  # the recorded drawing that comes first: a three
#: How fields stand beside each other: they wrap, and their focus ring is not cut off.
WRAPPING = {"flex_flow": "row wrap", "overflow": "visible"}
COLUMN = {"max_width": "100%", "overflow": "visible"}
EMPTY = "The sheet is empty: draw a digit on it, or press Recorded drawing."


def button(text: str, tooltip: str, *, main: bool = False) -> ipywidgets.Button:
    """Return a button of the usual width; the main one of a widget stands out."""
    import ipywidgets

    style = "primary" if main else ""
    return ipywidgets.Button(
        description=text, tooltip=tooltip, button_style=style, layout={"width": "12em"}
    )


def first_drawing() -> Strokes:
    """Return the recorded three that stands in where nobody draws."""
    return recorded_drawings()[FIRST][1]


def is_another(change: Mapping) -> bool:
    """Say whether a drawing was replaced, and not only begun or gone on with.

    Parameters
    ----------
    change
        What a callback of ``pad.observe`` is given.

    Examples
    --------
    >>> one = [[[0.1, 0.1], [0.2, 0.2]]]
    >>> longer, other = [[*one[0], [0.3, 0.3]]], [[[0.5, 0.5]]]
    >>> [is_another({"old": one, "new": new}) for new in (longer, other, [])]
    [False, True, True]
    """
    old, new = (strokes[0][:1] if strokes else [] for strokes in (change["old"], change["new"]))
    return bool(old) and old != new


class Sheet:
    """A `Pad`, empty at first, with two buttons: a clean sheet, and a recorded drawing.

    On a drawing that is done, such as a recorded one, nobody goes on drawing:
    the next stroke takes a new sheet.

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

        self.drawings, self.number = recorded_drawings(), FIRST - 1
        self.pad = Pad()
        self.how = small_print(HOW)
        self.clear = button("Clear", "Take a new sheet")
        self.another = button(
            "Recorded drawing", "Put a recorded drawing on the sheet: each time another of thirty"
        )

        @turns.take
        def on_clear(_: object) -> None:
            self.empty()

        @turns.take
        def on_another(_: object) -> None:
            self.show_recorded()

        self.clear.on_click(on_clear)
        self.another.on_click(on_another)

    def empty(self) -> None:
        """Take a new sheet."""
        with self.pad.hold_sync():
            self.pad.strokes, self.pad.done = [], False

    def show_recorded(self) -> None:
        """Put the next recorded drawing on the sheet."""
        self.number = (self.number + 1) % len(self.drawings)
        with self.pad.hold_sync():
            self.pad.strokes, self.pad.done = self.drawings[self.number][1], True
