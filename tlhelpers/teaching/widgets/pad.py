"""The pad: a sheet of paper in the notebook, to draw on with mouse, finger or keyboard."""

from __future__ import annotations

from pathlib import Path

import anywidget
import traitlets

HOW = (
    "Draw with the mouse or a finger. By keyboard: arrow keys move the pen (Home, End, Page Up and "
    "Page Down move it aslant, Shift makes small steps), the space bar puts it down and lifts it, "
    "Backspace takes the last stroke back, Delete clears."
)


class Pad(anywidget.AnyWidget):
    """A sheet of paper.

    Attributes
    ----------
    strokes
        What is drawn: a list of strokes, each a list of [x, y], from 0 (left,
        top) to 1 (right, bottom).  Setting it draws it.
    done
        Whether the drawing is finished: the next stroke begins a new one.
    label
        What it is and how to use it, for screen readers and as a tooltip.

    Examples
    --------
    >>> Pad(strokes=[[[0.5, 0.1], [0.5, 0.9]]]).strokes[0][1]
    [0.5, 0.9]
    """

    _esm = Path(__file__).with_name("pad.js").read_text(encoding="utf-8")
    _css = Path(__file__).with_name("pad.css").read_text(encoding="utf-8")
    strokes: traitlets.List = traitlets.List().tag(sync=True)
    done = traitlets.Bool(False).tag(sync=True)
    label = traitlets.Unicode(f"A sheet to draw a digit on. {HOW}").tag(sync=True)
