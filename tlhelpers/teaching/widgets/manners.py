"""Good manners of fields: their keys stay with them, they have names, and news is read out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import anywidget

if TYPE_CHECKING:  # for readers and type checkers only: they take a while to import
    import ipywidgets

#: Class of a box that has manners, and of a line whose changes are read out.
BOX, READ_OUT = "tl-box", "tl-read-out"


class Manners(anywidget.AnyWidget):
    """An invisible part of a box that mends what its fields lack in a browser.

    - Keys belong to the field that has the focus.  Without it JupyterLab takes
      them for commands: typing "dd" in a dropdown deletes the cell.
    - Arrow keys move through the choices of a question.
    - Sliders have a name, and say their value in words.
    - A line of the class `READ_OUT` is read out by screen readers when it changes.
    """

    _esm = Path(__file__).with_name("manners.js").read_text(encoding="utf-8")
    _css = Path(__file__).with_name("manners.css").read_text(encoding="utf-8")


def teach(box: ipywidgets.Box) -> ipywidgets.Box:
    """Give a box of fields good manners, and return it.

    Parameters
    ----------
    box
        Changed in place: it gets one more child, which is not seen.

    Examples
    --------
    >>> import ipywidgets
    >>> len(teach(ipywidgets.VBox([ipywidgets.IntSlider()])).children)
    2
    """
    box.add_class(BOX)
    box.children = (*box.children, Manners(layout={"display": "none"}))
    return box
