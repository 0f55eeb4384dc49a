"""Blocks of networks as small drawings: which layers, how wide, and what goes around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from tlhelpers.inputs import read_choice, read_count, read_items, read_number, read_text
from tlhelpers.plots.figure_style import BLACK, BLUE, GREEN, GREY, ORANGE, PINK, drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Kind of layer → its colour; the word in the box says it as well.
KINDS: dict[str, str] = {
    "convolution": BLUE,
    "depthwise": ORANGE,
    "1 × 1": GREEN,
    "pooling": GREY,
    "other": PINK,
}
#: What may be done with the input of a block behind its layers.
JOINTS = ("none", "add", "join", "join all")


class Layer(NamedTuple):
    """A layer in a drawing.

    Attributes
    ----------
    word
        Short: it stands in the box.
    kind
        One of `KINDS`.
    width
        How many channels come out, as a share of the widest in the drawing.
    """

    word: str
    kind: str = "convolution"
    width: float = 0.6


class Block(NamedTuple):
    """A block of layers.

    Attributes
    ----------
    title
        In one line or two.
    columns
        Layers one below the other; several columns work side by side.
    joint
        ``"add"``: the input is added to the output (a residual connection); ``"join"``:
        the outputs of the columns are joined; ``"join all"``: each layer sees the outputs
        of all before it.
    """

    title: str
    columns: tuple[tuple[Layer, ...], ...]
    joint: str = "none"


_CONVOLUTION = Layer("3 × 3")
_END = 0.07  # where the ways through a block meet
#: Seven ideas in the order in which they came.
FAMOUS: tuple[Block, ...] = (
    Block("a stack\nVGG, 2014", ((_CONVOLUTION, _CONVOLUTION, Layer("pool", "pooling")),)),
    Block(
        "Inception module\nGoogLeNet, 2014",
        (
            (Layer("1 × 1", "1 × 1"),),
            (Layer("1 × 1", "1 × 1"), Layer("3 × 3")),
            (Layer("1 × 1", "1 × 1"), Layer("5 × 5")),
            (Layer("pool", "pooling"), Layer("1 × 1", "1 × 1")),
        ),
        "join",
    ),
    Block(
        "residual block\nResNet, 2015",
        ((Layer("1 × 1", "1 × 1", 0.4), Layer("3 × 3", width=0.4), Layer("1 × 1", "1 × 1", 0.8)),),
        "add",
    ),
    Block(
        "dense block\nDenseNet, 2016",
        ((Layer("3 × 3", width=0.4), Layer("3 × 3", width=0.4), Layer("3 × 3", width=0.4)),),
        "join all",
    ),
    Block(
        "depthwise separable\nXception, 2016",
        ((Layer("3 × 3 depthwise", "depthwise", 0.7), Layer("1 × 1", "1 × 1", 0.7)),),
    ),
    Block(
        "inverted residual\nMobileNetV2, 2018",
        (
            (
                Layer("1 × 1", "1 × 1", 1.0),
                Layer("3 × 3 depthwise", "depthwise", 1.0),
                Layer("1 × 1", "1 × 1", 0.35),
            ),
        ),
        "add",
    ),
    Block(
        "ConvNeXt block\nConvNeXt, 2022",
        (
            (
                Layer("7 × 7 depthwise", "depthwise", 0.65),
                Layer("layer norm", "other", 0.65),
                Layer("1 × 1", "1 × 1", 1.0),
                Layer("1 × 1", "1 × 1", 0.65),
            ),
        ),
        "add",
    ),
)


def block_diagrams(blocks: Sequence[Block] = FAMOUS, *, columns: int = 4) -> Figure:
    """Draw blocks side by side; data flow from top to bottom.

    The width of a box says how many channels come out of the layer.  A ⊕ adds what
    goes around the layers, a ‖ joins channels.

    Parameters
    ----------
    blocks
        By default seven famous ones, from VGG to ConvNeXt.
    columns
        Drawings in a row.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If there is nothing to draw, or a kind or a joint is not known.

    Examples
    --------
    >>> figure = block_diagrams([Block("one", ((Layer("3 × 3"),),))])
    >>> figure.axes[0].get_title()
    'one'
    """
    import matplotlib.pyplot as plt

    blocks = [_read(block) for block in read_items(blocks, "blocks", at_most=40)]
    columns = read_count(columns, "columns", most=20)
    lines = -(-len(blocks) // columns)
    with drawing():
        figure, axes = plt.subplots(
            lines,
            columns,
            figsize=(2.45 * columns, 3.0 * lines),
            squeeze=False,
            layout="constrained",
        )
        for axis in axes.flat[len(blocks) :]:
            axis.set_axis_off()
        for axis, block in zip(axes.flat, blocks, strict=False):
            _draw(axis, block)
        if len(blocks) < axes.size:
            _key(axes.flat[-1])
    return figure


def _read(block: Block) -> Block:
    if not isinstance(block, Block):
        raise TypeError(f"blocks must hold Block; got {type(block).__name__}.")
    read_text(block.title, "title")
    read_choice(block.joint, "joint", JOINTS)
    for column in read_items(block.columns, "columns", at_most=8):
        for layer in read_items(column, "a column", at_most=8):
            read_choice(layer.kind, "kind", KINDS)
            read_number(layer.width, "width", above=0, most=1)
    return block


def _draw(axis: Axes, block: Block) -> None:
    axis.set(xlim=(-0.62, 0.62), ylim=(-0.09, 1.09))
    axis.set_axis_off()
    axis.set_title(block.title, fontsize=9.5)
    deepest = max(len(column) for column in block.columns)
    places = [0.9 - 0.74 * (row + 0.5) / deepest for row in range(deepest)]
    side_by_side = len(block.columns)
    for number, column in enumerate(block.columns):
        x = 0.0 if side_by_side == 1 else -0.47 + 0.94 * number / (side_by_side - 1)
        # A short column begins where the others do, and its arrow is longer.
        widest = 0.95 if side_by_side == 1 else 0.27
        ends = [(x, places[row]) for row in range(len(column))]
        _flow(axis, [(0.0, 1.04), *ends, (0.0, _END if block.joint != "none" else -0.06)])
        for layer, (_, y) in zip(column, ends, strict=True):
            width = layer.width * widest if side_by_side == 1 else widest
            _box(axis, x, y, width, layer, 7 if side_by_side > 1 or len(layer.word) > 9 else 8.5)
    if block.joint != "none":
        _flow(axis, [(0.0, _END), (0.0, -0.06)])
    if block.joint == "add":
        _around(axis, 1.0, _END, max(layer.width for layer in block.columns[0]))
        _joint(axis, "+", _END)
    elif block.joint == "join":
        _joint(axis, "‖", _END)
    elif block.joint == "join all":
        # What a layer sees goes around it, and its own output is joined to that.
        between = [(y + below) / 2 for y, below in zip(places, places[1:], strict=False)]
        for begin, end in zip([1.0, *between], [*between, _END], strict=True):
            _around(axis, begin, end, 0.5)
            _joint(axis, "‖", end)


def _flow(axis: Axes, ends: list[tuple[float, float]]) -> None:
    for begin, end in zip(ends, ends[1:], strict=False):
        axis.annotate("", end, begin, arrowprops={"arrowstyle": "-|>", "color": BLACK, "lw": 0.9})


def _box(axis: Axes, x: float, y: float, width: float, layer: Layer, size: float) -> None:
    from matplotlib.patches import FancyBboxPatch

    height, colour = 0.105, KINDS[layer.kind]
    axis.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - height / 2),
            width,
            height,
            boxstyle="round,pad=0,rounding_size=0.02",
            facecolor="white",
            edgecolor=colour,
            linewidth=2,
            zorder=3,
        )
    )
    axis.text(x, y, layer.word, ha="center", va="center", fontsize=size, zorder=4)


def _around(axis: Axes, begin: float, end: float, width: float) -> None:
    """Draw what goes around the layers, on the right."""
    x = 0.95 * width / 2 + 0.08
    axis.plot([0, x, x], [begin, begin, end], color=GREY, linewidth=1.2, zorder=1)
    arrow = {"arrowstyle": "-|>", "color": GREY, "lw": 1.2, "shrinkB": 4}
    axis.annotate("", (0, end), (x + 0.004, end), arrowprops=arrow)


def _joint(axis: Axes, word: str, y: float) -> None:
    look = {"boxstyle": "circle,pad=0.12", "facecolor": "white", "edgecolor": BLACK}
    axis.text(0, y, word, ha="center", va="center", fontsize=8, bbox=look, zorder=5)


def _key(axis: Axes) -> None:
    """Say in the empty place what the signs mean."""
    axis.set(xlim=(0, 1), ylim=(0, 1))
    axis.set_axis_off()
    meanings = {
        "convolution": "convolution: every channel\nwith every channel",
        "depthwise": "depthwise: each channel\nalone",
        "1 × 1": "1 × 1: channels mixed,\nplace by place",
        "pooling": "pooling",
        "other": "normalisation",
    }
    for row, (kind, words) in enumerate(meanings.items()):
        y = 0.93 - 0.165 * row
        axis.plot([0.02, 0.12], [y, y], color=KINDS[kind], linewidth=3, solid_capstyle="butt")
        axis.text(0.17, y, words, va="center", fontsize=8)
    axis.text(0.02, 0.08, "+  added    ‖  joined    wide box: many channels", fontsize=8)
