"""What all the widgets share: a picture with words, and callbacks that fail in sight."""

from __future__ import annotations

import base64
import functools
import html
import io
import traceback
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tlhelpers.plots import figure_style
from tlhelpers.plots.figure_style import picture_output
from tlhelpers.teaching.widgets.drawing import BadDrawing
from tlhelpers.teaching.widgets.manners import READ_OUT, teach, view

if TYPE_CHECKING:  # for readers and type checkers only: they take a while to import
    import ipywidgets
    from matplotlib.figure import Figure

WIDE = {"width": "34em", "max_width": "100%"}
STYLE = {"description_width": "9em"}


def to_png(figure: Figure) -> bytes:
    """Return a figure as a PNG file, the same bytes for the same figure.

    Parameters
    ----------
    figure
        Made with ``matplotlib.figure.Figure``, so that nothing remembers it.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> to_png(Figure(figsize=(1, 1)))[1:4]
    b'PNG'
    """
    file = io.BytesIO()
    with figure_style.style():
        figure_style.finish(figure)
        figure.savefig(file, format="png", dpi=90, metadata={"Software": None})
    return file.getvalue()


class ShownPicture:
    """A picture in a widget, with the words that say what is to be seen in it.

    Attributes
    ----------
    widget
        To be put among the fields.
    png, alt
        What it shows now.
    """

    def __init__(self) -> None:
        import ipywidgets

        self.widget = ipywidgets.HTML()
        self.png, self.alt = b"", ""

    def show(self, figure: Figure, alt: str) -> None:
        """Show a figure.

        Parameters
        ----------
        figure
            As for `to_png`.
        alt
            What to read from it, in a sentence or two.
        """
        self.png, self.alt = to_png(figure), alt
        data = base64.b64encode(self.png).decode()
        # On white in every theme, like all figures of the course.
        self.widget.value = (
            f'<img src="data:image/png;base64,{data}" alt="{html.escape(alt)}" '
            'style="max-width: 100%; background: white">'
        )


class Words:
    """A line of words below the fields: read out when it changes, in the colours of the theme."""

    def __init__(self) -> None:
        import ipywidgets

        self.widget = ipywidgets.HTML()
        self.widget.add_class(READ_OUT)
        self.text = ""

    def say(self, text: str, details: str = "") -> None:
        """Show a text, and below it, if asked for, details that unfold.

        Parameters
        ----------
        text, details
            Plain text, in one or several lines.
        """
        self.text = text
        more = f"<details><summary>Details</summary><pre>{html.escape(details)}</pre></details>"
        self.widget.value = (
            '<div style="line-height: 1.4; white-space: pre-line; '
            f'color: var(--jp-content-font-color1, inherit)">{html.escape(text)}'
            f"{more if details else ''}</div>"
        )


def small_print(text: str) -> ipywidgets.HTML:
    """Return a line or two in small print, such as how to use a field or where numbers come from.

    Parameters
    ----------
    text
        Plain text.
    """
    import ipywidgets

    return ipywidgets.HTML(
        f'<div style="font-size: small; line-height: 1.4">{html.escape(text)}</div>',
        layout={"max_width": "50em"},
    )


class Turns:
    """Lets one callback run at a time, and shows what went wrong in one.

    The kernel takes messages one after the other, and fields send only their
    latest value while it is busy.  What is left is a callback that changes a
    field and so calls another: that one is remembered, and runs afterwards, once.

    Parameters
    ----------
    words
        Where to say that something went wrong.

    Examples
    --------
    >>> turns, order = Turns(Words()), []
    >>> @turns.take
    ... def second():
    ...     order.append("second")
    >>> @turns.take
    ... def first():
    ...     second()  # twice: only the last one counts
    ...     second()
    ...     order.append("first")
    >>> first()
    >>> order
    ['first', 'second']
    """

    def __init__(self, words: Words) -> None:
        self.words, self.busy = words, False
        self.waiting: dict[str, tuple] = {}

    def take(self, callback: Callable) -> Callable:
        """Return the same callback, which waits for its turn and raises nothing."""

        @functools.wraps(callback)
        def in_turn(*given: object) -> None:
            if self.busy:
                self.waiting[callback.__qualname__] = (callback, given)
                return
            self.busy = True
            try:
                self._run(callback, given)
                while self.waiting:
                    self._run(*self.waiting.pop(next(iter(self.waiting))))
            finally:
                self.busy = False

        return in_turn

    def _run(self, callback: Callable, given: tuple) -> None:
        try:
            callback(*given)
        except BadDrawing as problem:  # nothing is broken: there is something to do first
            self.words.say(str(problem))
        except Exception as problem:  # a traceback in a callback is seen by nobody
            said = str(problem).strip() or type(problem).__name__
            self.words.say(f"That did not work: {said}", traceback.format_exc())


def live(
    children: Sequence[ipywidgets.Widget],
    picture: ShownPicture,
    stand_in: ShownPicture | None = None,
    **tools: object,
) -> ipywidgets.VBox:
    """Put fields and a picture into one box, with the picture as what is seen without widgets.

    Parameters
    ----------
    children
        From top to bottom.
    picture
        What stands in, as it is when the box is shown.
    stand_in
        What stands in instead, for a picture that has nothing to show at first.
    tools
        Become attributes of the box, so that it can be driven from code.

    Returns
    -------
    ipywidgets.VBox
    """
    import ipywidgets

    seen = stand_in or picture

    class Live(ipywidgets.VBox):
        _ipython_display_ = None  # that of ipywidgets 7, as on Colab, shows no stand-in

        def _repr_mimebundle_(self, **options: object) -> tuple[dict, dict]:
            data, metadata = view(self)
            # On Colab (it has metadata) a picture beside the widget might be taken instead of it.
            if seen.png and not metadata:
                shown, about = picture_output(seen.png, seen.alt)
                data, metadata = data | shown, about
            return data | {"text/plain": seen.alt}, metadata

    box = Live(list(children))
    box.picture = picture
    for name, tool in tools.items():
        setattr(box, name, tool)
    return teach(box)
