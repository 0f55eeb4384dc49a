"""Good manners of fields: their keys stay with them, they have names, and news is read out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import anywidget

if TYPE_CHECKING:  # for readers and type checkers only: they take a while to import
    import ipywidgets

#: Class of a box that has manners, of a line whose changes are read out, and of a slider
#: whose value is chosen and not typed.
BOX, READ_OUT, CHOICE = "tl-box", "tl-read-out", "tl-choice"
#: What notebooks call a widget among the forms of an output.
VIEW = "application/vnd.jupyter.widget-view+json"


class Manners(anywidget.AnyWidget):
    """An invisible part of a box that mends what its fields lack in a browser.

    - Keys belong to the field that has the focus.  Without it JupyterLab takes
      them for commands: typing "dd" in a dropdown deletes the cell.
    - Arrow keys move through the choices of a question.
    - Sliders have a name, and say their value in words, and whether they are out of use.
    - Nobody types beside a slider that chooses among given values: it would be read by nobody.
    - A button that was out of use while it worked gets the focus back.
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
    import ipywidgets

    box.add_class(BOX)
    for field in _inside(box):
        if isinstance(field, ipywidgets.SelectionSlider):
            field.add_class(CHOICE)
    box.children = (*box.children, Manners(layout={"display": "none"}))
    return box


def view(box: ipywidgets.Box) -> tuple[dict, dict]:
    """Return what shows a box in a notebook, and what Google Colab needs to know beside it.

    A box can say so itself as of ipywidgets 8; Colab has ipywidgets 7.

    Parameters
    ----------
    box
        With good manners (`teach`).

    Returns
    -------
    tuple
        The data and the metadata of an output.

    Examples
    --------
    >>> import ipywidgets
    >>> data, metadata = view(teach(ipywidgets.VBox([])))
    >>> list(data)
    ['application/vnd.jupyter.widget-view+json']
    """
    [manners] = [child for child in box.children if isinstance(child, Manners)]
    # Where Colab finds what draws such widgets.
    _, metadata = manners._repr_mimebundle_() or ({}, {})
    return {VIEW: {"version_major": 2, "version_minor": 0, "model_id": box.model_id}}, metadata


def _inside(widget: ipywidgets.Widget) -> Iterator[ipywidgets.Widget]:
    for child in getattr(widget, "children", ()):
        yield child
        yield from _inside(child)
