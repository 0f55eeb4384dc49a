"""The style that all figures of the course share, and how one is shown."""

from __future__ import annotations

import base64
import contextlib
import functools
import html
import io
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tlhelpers.inputs import read_text
from tlhelpers.plots.letters import FONT, find_letters

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: The colours of Okabe and Ito 2008; the yellow is lost on white, so OLIVE is theirs, darkened.
BLACK, GREY, BLUE, SKY, GREEN = "#000000", "#555555", "#0072B2", "#56B4E9", "#009E73"
ORANGE, RED, PINK, YELLOW, OLIVE = "#E69F00", "#D55E00", "#CC79A7", "#F0E442", "#9A8F00"

#: Colour and marker of each curve that appears in more than one notebook.
STRATEGIES: dict[str, tuple[str, str]] = {
    "raw pixels": (GREY, "s"),
    "from scratch": (ORANGE, "^"),
    "frozen features": (BLUE, "o"),
    "fine-tuning": (GREEN, "D"),
    "adapted, no labels": (PINK, "v"),
    "no labels": (RED, "*"),
}
#: For other curves.
SPARE = (SKY, "X"), (BLACK, "P"), (OLIVE, "h")
#: Any: Matplotlib's types want each key to be one of a list of names.
_STYLE: dict[Any, Any] = {
    "figure.facecolor": "white",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.prop_cycle": f"cycler(color={[BLUE, ORANGE, GREEN, RED, PINK, SKY, BLACK]})",
    "grid.color": "#dddddd",
    "font.family": FONT,
    "font.size": 11,
    "legend.frameon": False,
    "svg.hashsalt": "tlhelpers",
}


def show(figure: Figure, alt: str, caption: str | None = None) -> None:
    """Show a figure in the notebook, with a caption.

    Parameters
    ----------
    figure
        A Matplotlib figure.
    alt
        What is to be seen in it, in a sentence or two, for those who do not see it.
    caption
        What to learn from it, with its number: ``"Figure 2.1. Features lead …"``.
        By default the alternative text is the caption, too; a screen reader then
        passes the caption over, so as to read it once.

    Raises
    ------
    TypeError, ValueError
        If it is no figure, or the text is empty.
    """
    import matplotlib.pyplot as plt
    from IPython.display import display

    if not hasattr(figure, "savefig"):
        raise TypeError(f"figure must be a figure of Matplotlib; got {type(figure).__name__}.")
    if not read_text(alt, "alt").strip():
        raise ValueError("alt must say in a sentence what the figure shows; got an empty text.")
    if caption is not None and not read_text(caption, "caption").strip():
        raise ValueError("caption must say what to learn from the figure; got an empty text.")
    png = io.BytesIO()
    with style():
        finish(figure)
        # No software version inside the file: the same picture gives the same bytes.
        figure.savefig(png, format="png", dpi=110, bbox_inches="tight", metadata={"Software": None})
    plt.close(figure)
    data, metadata = picture_output(png.getvalue(), alt)
    display(data, metadata=metadata, raw=True)
    words, passed_over = (caption, "") if caption else (f"Figure: {alt}", ' aria-hidden="true"')
    below = {
        "text/html": f"<p{passed_over}><em>{html.escape(words)}</em></p>",
        "text/markdown": f"*{words}*",
        "text/plain": words,
    }
    display(below, raw=True)


def picture_output(png: bytes, alt: str) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Return a picture as an output of a notebook, with its alternative text.

    JupyterLab and ``jupyter nbconvert --to html`` drop the alternative text of an
    ``image/png``, so there is HTML beside it, which they prefer.  What reads no
    HTML, such as an export to PDF, takes the picture itself.

    Parameters
    ----------
    png
        A PNG file.
    alt
        What is to be seen in it, in a sentence or two.

    Returns
    -------
    data
        Kind of output → content.
    metadata
        The alternative text once more, where programs look for it.

    Examples
    --------
    >>> data, _ = picture_output(b"PNG", 'Two "islands" of points.')
    >>> data["text/html"][:46]
    '<img alt="Two &quot;islands&quot; of points." '
    """
    encoded = base64.b64encode(png).decode()
    picture = (
        f'<img alt="{html.escape(alt)}" style="max-width: 100%" '
        f'src="data:image/png;base64,{encoded}">'
    )
    data = {"text/html": picture, "image/png": encoded, "text/plain": "<Figure>"}
    return data, {"image/png": {"alt": alt}}


@contextlib.contextmanager
def style() -> Iterator[None]:
    """Draw figures of your own in the style of the course: ``with style(): ...``.

    It begins with Matplotlib's defaults, so that figures look the same whatever
    ``matplotlibrc`` or ``plt.style.use`` say; these hold again afterwards.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> with style():
    ...     figure, axis = plt.subplots()
    >>> axis.spines["top"].get_visible()
    False
    """
    import matplotlib.pyplot as plt

    _insist_on_a_backend()
    before = set(plt.get_fignums())
    with plt.style.context(["default", _STYLE]):
        yield
        for number in sorted(set(plt.get_fignums()) - before):
            finish(plt.figure(number))


@contextlib.contextmanager
def drawing() -> Iterator[None]:
    """Draw a figure that is handed over: a notebook shows it when it is asked to, and not twice.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> with drawing():
    ...     figure, axis = plt.subplots()
    >>> plt.fignum_exists(figure.number)
    False
    """
    import matplotlib.pyplot as plt

    before = set(plt.get_fignums())
    try:
        with style():
            yield
    finally:
        for number in set(plt.get_fignums()) - before:
            plt.close(number)


def finish(figure: Figure) -> None:
    """Let a figure keep the style in which it was made, and find fonts for all its letters.

    Parameters
    ----------
    figure
        Changed in place, inside of `style`.
    """
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            # Ticks are only made when they are asked for, in the style of that moment.
            axis.get_ticklabels(which="both")
    find_letters(figure)


@functools.cache
def _insist_on_a_backend() -> None:
    """Let Matplotlib draw into memory if the learner's own way to draw does not work here."""
    import matplotlib.pyplot as plt

    if plt.get_fignums():
        return
    try:
        plt.close(plt.figure())
    except Exception as error:  # no window system, a module that is missing
        _tell_backend(error)
        plt.switch_backend("agg")


def _tell_backend(error: Exception) -> None:
    print(
        f"Note: Matplotlib cannot draw as MPLBACKEND or matplotlibrc say ({error}); "
        "figures are drawn in memory.",
        file=sys.stderr,
    )


if "MPLBACKEND" in os.environ and "matplotlib" not in sys.modules:
    try:
        import matplotlib  # noqa: F401
    except ValueError as error:  # it refuses a name that it does not know
        _tell_backend(error)
        del os.environ["MPLBACKEND"]
        for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
            del sys.modules[name]  # half of it: it is loaded afresh
