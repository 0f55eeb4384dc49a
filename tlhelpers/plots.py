"""Every figure of the course, in one style.

The colours are those of Okabe and Ito 2008, "Color universal design", which
people with any kind of colour vision can tell apart; each curve also has its
own marker.  Figures keep a white ground, so that they read the same in light
and dark themes.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Colour and marker of each curve that appears in more than one notebook.
STRATEGIES: dict[str, tuple[str, str]] = {
    "raw pixels": ("#555555", "s"),
    "from scratch": ("#E69F00", "^"),
    "frozen features": ("#0072B2", "o"),
    "fine-tuning": ("#009E73", "D"),
    "adapted, no labels": ("#CC79A7", "v"),
    "no labels": ("#D55E00", "*"),
}
#: The last is their yellow, darkened: the yellow itself is lost on white.
_SPARE = ("#56B4E9", "X"), ("#000000", "P"), ("#9A8F00", "h")
_STYLE = {
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


def image_grid(
    rows: Mapping[str, np.ndarray], *, titles: Sequence[str] | None = None, size: float = 0.75
) -> Figure:
    """Draw rows of small grey pictures, each row with its name on the left.

    Parameters
    ----------
    rows
        Name of the row → images, shape (n, height, width), values from 0 (paper) to 1 (ink).
    titles
        A short text above each picture of the first row.
    size
        Width of one picture in inches.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If there is nothing to draw.

    Examples
    --------
    >>> figure = image_grid({"empty": np.zeros((4, 8, 8))})
    >>> len(figure.axes)
    4
    """
    import matplotlib.pyplot as plt

    columns = max((len(images) for images in rows.values()), default=0)
    if columns == 0:
        raise ValueError("image_grid() needs at least one picture.")
    with style():
        figure, axes = plt.subplots(
            len(rows),
            columns,
            figsize=(columns * size, len(rows) * size * 1.1),
            squeeze=False,
            layout="constrained",
        )
        for line, (name, images) in zip(axes, rows.items(), strict=True):
            for position, axis in enumerate(line):
                axis.set(xticks=[], yticks=[])
                axis.spines[:].set_visible(False)
                axis.grid(False)
                if position < len(images):
                    axis.imshow(images[position], cmap="gray_r", vmin=0, vmax=1)
            line[0].set_ylabel(name, rotation=0, ha="right", va="center")
        for axis, title in zip(axes[0], titles or (), strict=False):
            axis.set_title(title, fontsize=10)
    return figure


def label_budget(
    curves: Mapping[str, Mapping[int, Sequence[float]]],
    *,
    no_labels: float | None = None,
    title: str = "",
    ticks: Mapping[int, str] | None = None,
    ylabel: str = "accuracy on unseen writers",
) -> Figure:
    """Draw the figure of the course: accuracy against labels spent.

    Parameters
    ----------
    curves
        Name of the strategy → labels per class → accuracies (0 to 1), one for
        each draw.  The line is their mean, the band their lowest and highest.
    no_labels
        Accuracy (0 to 1) of the pretrained network as it is; a level line.
    title
        Printed above the figure.
    ticks
        Words for budgets that want one instead of a number, such as ``{90: "all"}``.
    ylabel
        What the accuracy was measured on.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> figure = label_budget({"raw pixels": {1: [0.5, 0.6], 5: [0.8, 0.8]}})
    >>> figure.axes[0].get_xlabel()
    'labels per class'
    """
    import matplotlib.pyplot as plt
    from matplotlib.ticker import NullLocator, PercentFormatter

    spare = iter(_SPARE)
    budgets = sorted({budget for curve in curves.values() for budget in curve})
    with style():
        figure, axis = plt.subplots(figsize=(7, 4.2), layout="constrained")
        for name, curve in curves.items():
            colour, marker = STRATEGIES.get(name) or next(spare, ("#000000", "."))
            x = sorted(curve)
            draws = [np.asarray(curve[budget], float) for budget in x]
            axis.plot(x, [d.mean() for d in draws], color=colour, marker=marker, label=name)
            low, high = [d.min() for d in draws], [d.max() for d in draws]
            axis.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
        if no_labels is not None:
            colour, _ = STRATEGIES["no labels"]
            axis.axhline(no_labels, color=colour, linestyle="--", label="no labels at all")
        axis.set_xscale("log")
        axis.set_xticks(budgets, [(ticks or {}).get(b, str(b)) for b in budgets])
        axis.xaxis.set_minor_locator(NullLocator())
        axis.yaxis.set_major_formatter(PercentFormatter(1.0))
        axis.set(xlabel="labels per class", ylabel=ylabel, title=title)
        figure.legend(loc="outside upper center", ncols=4, fontsize=10)
    return figure


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


def bars(
    shares: Mapping[str, float], *, xlabel: str = "accuracy", first: str = "#0072B2"
) -> Figure:
    """Draw shares as level bars, one below the other, each with its number.

    Parameters
    ----------
    shares
        Name of the bar → share, from 0 to 1.
    xlabel
        What the shares are.
    first
        Colour of the first bar, to which the others, in vermilion, are compared.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> len(bars({"right": 0.9, "wrong": 0.1}).axes[0].patches)
    2
    """
    import matplotlib.pyplot as plt
    from matplotlib.ticker import PercentFormatter

    with style():
        height = 0.9 + 0.38 * len(shares)
        figure, axis = plt.subplots(figsize=(7, height), layout="constrained")
        colours = [first] + ["#D55E00"] * (len(shares) - 1)
        drawn = axis.barh(list(shares), list(shares.values()), color=colours, height=0.7)
        axis.bar_label(drawn, [f"{share:.1%}" for share in shares.values()], padding=4, fontsize=10)
        axis.set(xlim=(0, 1.1), xlabel=xlabel, xticks=np.linspace(0, 1, 6))
        axis.xaxis.set_major_formatter(PercentFormatter(1.0))
        axis.invert_yaxis()
        axis.grid(visible=False, axis="y")
    return figure


def confusion(labels: np.ndarray, answers: np.ndarray, names: Sequence[str]) -> Figure:
    """Draw a confusion matrix: a row for each true class, a column for each answer.

    Parameters
    ----------
    labels, answers
        Shape (n,), integers from 0: the truth, and what the network said.
    names
        The names of the classes.

    Returns
    -------
    matplotlib.figure.Figure
        Numbers are counts (empty where 0); the ground is the share of the row.

    Raises
    ------
    ValueError
        If labels and answers do not belong together, or a class has no name.

    Examples
    --------
    >>> confusion([0, 0, 1], [0, 1, 1], "ab").axes[0].get_ylabel()
    'what it is'
    """
    import matplotlib.pyplot as plt

    labels, answers = np.asarray(labels), np.asarray(answers)
    if labels.shape != answers.shape or labels.ndim != 1 or not len(labels):
        raise ValueError(
            "labels and answers must be two rows of the same length; "
            f"got shapes {labels.shape} and {answers.shape}."
        )
    both = np.concatenate([labels, answers])
    if both.min() < 0 or both.max() >= len(names):
        raise ValueError(
            f"There are {len(names)} names, for classes 0 to {len(names) - 1}; "
            f"got classes from {both.min()} to {both.max()}."
        )
    counts = np.zeros((len(names), len(names)), int)
    np.add.at(counts, (labels, answers), 1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    with style():
        side = 1.6 + 0.36 * len(names)
        figure, axis = plt.subplots(figsize=(side, side), layout="constrained")
        axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for row, column in np.argwhere(counts):
            colour = "white" if shares[row, column] > 0.5 else "black"
            number = counts[row, column]
            axis.text(column, row, number, ha="center", va="center", color=colour, fontsize=9)
        axis.set(xlabel="what the network says", ylabel="what it is")
        axis.set_xticks(range(len(names)), names)
        axis.set_yticks(range(len(names)), names)
        axis.grid(False)
    return figure


def reliability(curves: Mapping[str, Sequence[tuple[int, float, float]]]) -> Figure:
    """Draw a reliability diagram: how often answers of each confidence are right.

    Parameters
    ----------
    curves
        Name of the curve → what `metrics.confidence_bins` gives: for each bin
        (number of answers, mean confidence, share that is right).

    Returns
    -------
    matplotlib.figure.Figure
        A point for each bin; the more answers, the larger.

    References
    ----------
    Niculescu-Mizil and Caruana 2005, "Predicting good probabilities with
    supervised learning".

    Examples
    --------
    >>> figure = reliability({"print": [(2, 0.9, 0.5)]})
    >>> figure.axes[0].get_ylabel()
    'share that is right'
    """
    import matplotlib.pyplot as plt
    from matplotlib.ticker import PercentFormatter

    with style():
        figure, axis = plt.subplots(figsize=(5.2, 5.2), layout="constrained")
        axis.plot([0, 1], [0, 1], color="#555555", linestyle="--", label="as sure as it is right")
        looks = [("#0072B2", "o"), ("#D55E00", "s"), ("#009E73", "^"), ("#CC79A7", "v")]
        for (name, table), (colour, marker) in zip(curves.items(), looks, strict=False):
            counts, sure, right = zip(*table, strict=True)
            axis.plot(sure, right, color=colour, marker=marker, markersize=4, label=name)
            sizes = 15 + 400 * np.array(counts) / sum(counts)
            axis.scatter(sure, right, s=sizes, color=colour, marker=marker, alpha=0.4)
        axis.set(xlabel="confidence", ylabel="share that is right", aspect="equal")
        axis.xaxis.set_major_formatter(PercentFormatter(1.0))
        axis.yaxis.set_major_formatter(PercentFormatter(1.0))
        axis.legend(loc="upper left", fontsize=10)
    return figure


def heat_maps(
    images: Sequence[np.ndarray],
    maps: Sequence[np.ndarray],
    *,
    titles: Sequence[str] = (),
    size: float = 1.3,
) -> Figure:
    """Draw pictures in one row, and below each the same one under a heat map.

    Parameters
    ----------
    images
        Each (height, width), from 0 (paper) to 1 (ink), or (height, width, 3), from 0 to 1.
    maps
        For each picture a map of any size, 0 or more; its largest value becomes the brightest.
    titles
        A short text above each picture.
    size
        Width of one picture in inches.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> figure = heat_maps([np.zeros((8, 8))], [np.eye(6)])
    >>> len(figure.axes)
    2
    """
    import matplotlib.pyplot as plt

    with style():
        figure, axes = plt.subplots(
            2,
            len(images),
            figsize=(len(images) * size, 2.25 * size),
            squeeze=False,
            layout="constrained",
        )
        for column, (image, heat) in enumerate(zip(images, maps, strict=True)):
            frame = (0, image.shape[1], image.shape[0], 0)  # so that a map of any size covers it
            for axis in axes[:, column]:
                axis.imshow(image, cmap="gray_r", vmin=0, vmax=1, extent=frame)
                axis.set(xticks=[], yticks=[])
                axis.grid(False)
                axis.spines[:].set_visible(False)
            top = max(float(np.max(heat)), 1e-12)
            axes[1, column].imshow(
                np.asarray(heat) / top,
                cmap="inferno",
                vmin=0,
                vmax=1,
                alpha=0.55,
                extent=frame,
                interpolation="bilinear",
            )
            if column < len(titles):
                axes[0, column].set_title(titles[column], fontsize=10)
    return figure


def top_answers(
    images: Sequence[np.ndarray], answers: Sequence[Sequence[tuple[str, float]]]
) -> Figure:
    """Draw pictures, and beside each its best answers with their probabilities.

    Parameters
    ----------
    images
        Each (height, width, 3), from 0 to 1.
    answers
        For each picture (class name, probability), the best first.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> figure = top_answers([np.zeros((8, 8, 3))], [[("cat", 0.9), ("dog", 0.1)]])
    >>> [text.get_text() for text in figure.axes[1].get_yticklabels()]
    ['cat', 'dog']
    """
    import matplotlib.pyplot as plt
    from matplotlib.ticker import PercentFormatter

    lines = -(-len(images) // 2)
    with style():
        figure, axes = plt.subplots(
            lines,
            4,
            figsize=(9.5, 1.75 * lines),
            squeeze=False,
            layout="constrained",
            width_ratios=[1, 1.25, 1, 1.25],
        )
        cells = axes.reshape(-1, 2)
        for (left, right), image, best in zip(cells, images, answers, strict=False):
            left.imshow(image)
            names, shares = zip(*best, strict=True)
            right.barh(range(len(best)), shares, color="#0072B2", height=0.7)
            right.set_yticks(range(len(best)), names, fontsize=9)
            right.set(xlim=(0, 1), xticks=[0, 0.5, 1])
            right.tick_params(axis="x", labelsize=8)
            right.xaxis.set_major_formatter(PercentFormatter(1.0))
            right.invert_yaxis()
            right.grid(visible=False, axis="y")
        for left, _ in cells:
            left.axis("off")
        for _, right in cells[len(images) :]:
            right.axis("off")
        for _, right in cells[-2:]:
            right.set_xlabel("probability", fontsize=9)
    return figure


def scatter(
    panels: Mapping[str, tuple[np.ndarray, np.ndarray]],
    *,
    names: Sequence[str] | None = None,
    columns: int = 2,
    size: float = 4.0,
) -> Figure:
    """Draw points of several classes in the plane, one panel for each way to place them.

    Every point is the name of its class, so that no colour has to be told from
    nine others.  The colours repeat, and only help the eye.

    Parameters
    ----------
    panels
        Title of the panel → points, shape (n, 2), and their labels, shape (n,), whole numbers.
    names
        What to write for label 0, 1, ...; by default the number.
    columns
        How many panels side by side, at least 1.
    size
        Width and height of one panel in inches.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If there is nothing to draw, or points and labels do not match.

    Examples
    --------
    >>> points, labels = np.array([[0.0, 1.0], [2.0, 3.0]]), np.array([0, 1])
    >>> [text.get_text() for text in scatter({"two": (points, labels)}).axes[0].texts]
    ['0', '1']
    """
    import matplotlib.pyplot as plt

    if not panels:
        raise ValueError("scatter() needs at least one panel.")
    colours = [colour for colour, _ in (*STRATEGIES.values(), *_SPARE[:2])]  # not the pale one
    lines = -(-len(panels) // columns)
    with style():
        figure, axes = plt.subplots(
            lines,
            columns,
            figsize=(columns * size, lines * size),
            squeeze=False,
            layout="constrained",
        )
        for axis in axes.flat[len(panels) :]:
            axis.set_visible(False)
        for axis, (title, (points, labels)) in zip(axes.flat, panels.items(), strict=False):
            points, labels = np.asarray(points, float), np.asarray(labels)
            if points.shape != (len(labels), 2):
                raise ValueError(
                    f"{title!r}: {len(labels)} labels want points of shape "
                    f"({len(labels)}, 2); got {points.shape}."
                )
            # Text does not widen the axes, so invisible points do.
            axis.plot(*points.T, linestyle="none")
            for point, label in zip(points, labels, strict=True):
                word = str(label) if names is None else names[label]
                colour = colours[int(label) % len(colours)]
                axis.text(*point, word, color=colour, fontsize=8, ha="center", va="center")
            axis.set(title=title, xticks=[], yticks=[])
            axis.grid(False)
    return figure
