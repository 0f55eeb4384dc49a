"""The style that all figures of the course share, and how one is shown."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

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
    "grid.color": "#dddddd",
    "font.size": 11,
    "legend.frameon": False,
    "svg.hashsalt": "tlhelpers",
}


def show(figure: Figure, alt: str) -> None:
    """Show a figure in the notebook, with a caption for everyone.

    The words go into the picture's alternative text, and below it as its
    caption, because JupyterLab does not pass the alternative text on.

    Parameters
    ----------
    figure
        A Matplotlib figure.
    alt
        What the figure shows and what to read from it, in a sentence or two.

    Raises
    ------
    ValueError
        If the text is empty.
    """
    import matplotlib.pyplot as plt
    from IPython.display import display

    if not alt.strip():
        raise ValueError("alt must say in a sentence what the figure shows; got an empty text.")
    png = io.BytesIO()
    # No software version inside the file: the same picture gives the same bytes.
    figure.savefig(png, format="png", dpi=110, bbox_inches="tight", metadata={"Software": None})
    plt.close(figure)
    data = {"image/png": png.getvalue(), "text/plain": "<Figure>"}
    display(data, metadata={"image/png": {"alt": alt}}, raw=True)
    caption = {"text/markdown": f"*Figure: {alt}*", "text/plain": f"Figure: {alt}"}
    display(caption, raw=True)


@contextlib.contextmanager
def style() -> Iterator[None]:
    """Draw figures of your own in the style of the course: ``with style(): ...``.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> with style():
    ...     figure, axis = plt.subplots()
    >>> axis.spines["top"].get_visible()
    False
    """
    import matplotlib.pyplot as plt

    with plt.rc_context(_STYLE):
        yield
