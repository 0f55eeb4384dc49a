"""Drawings of blocks: every layer is in them, as wide as it is, and what goes around it."""

import pytest

from tlhelpers import plots
from tlhelpers.plots.blocks import FAMOUS, KINDS, Block, Layer


def words(axis):
    return [text.get_text() for text in axis.texts if text.get_text()]


def test_the_famous_blocks_are_drawn_in_the_order_in_which_they_came():
    figure = plots.block_diagrams()
    axes = figure.axes[: len(FAMOUS)]
    titles = [axis.get_title() for axis in axes]
    years = [int(title.rpartition(" ")[2]) for title in titles]
    assert years == sorted(years) and len(years) == 7
    for axis, block in zip(axes, FAMOUS, strict=True):
        layers = [layer for column in block.columns for layer in column]
        assert len(axis.patches) >= len(layers)
        shown = words(axis)
        for layer in layers:
            assert layer.word in shown
        assert ("+" in shown) == (block.joint == "add")
        assert shown.count("‖") == {"join": 1, "join all": 3}.get(block.joint, 0)
    key = " ".join(words(figure.axes[-1]))
    assert "depthwise" in key and "added" in key and "joined" in key


def test_boxes_are_as_wide_as_their_layers_and_have_the_colour_of_their_kind():
    from matplotlib.colors import to_hex

    layers = (Layer("a", "pooling", 1.0), Layer("b", "depthwise", 0.5))
    axis = plots.block_diagrams([Block("one", (layers,))], columns=1).axes[0]
    boxes = [patch for patch in axis.patches if hasattr(patch, "get_boxstyle")]
    boxes = [box for box in boxes if hasattr(box, "get_width")]
    assert boxes[0].get_width() == pytest.approx(2 * boxes[1].get_width())
    assert [to_hex(box.get_edgecolor()).upper() for box in boxes] == [
        KINDS["pooling"].upper(),
        KINDS["depthwise"].upper(),
    ]


def test_no_word_is_wider_than_its_box():
    figure = plots.block_diagrams()
    figure.draw_without_rendering()
    renderer = figure._get_renderer()
    for axis, block in zip(figure.axes, FAMOUS, strict=False):
        boxes = [patch for patch in axis.patches if hasattr(patch, "get_width")]
        layers = [layer for column in block.columns for layer in column]
        assert len(boxes) == len(layers)
        named = [text for text in axis.texts if text.get_text() in {lay.word for lay in layers}]
        for box, text in zip(boxes, named, strict=True):
            assert text.get_window_extent(renderer).width < box.get_window_extent(renderer).width


@pytest.mark.parametrize(
    ("blocks", "says"),
    [
        ([], "blocks must have from 1 to 40 items"),
        (["VGG"], "blocks must hold Block; got str"),
        ([Block("x", ((Layer("y"),),), "glue")], "Unknown joint 'glue'"),
        ([Block("x", ((Layer("y", "magic"),),))], "Unknown kind 'magic'"),
        ([Block("x", ((Layer("y", width=2),),))], "width must be a number"),
        ([Block("x", ())], "columns must have from 1 to 8 items"),
    ],
)
def test_what_cannot_be_drawn_is_refused(blocks, says):
    with pytest.raises((TypeError, ValueError), match=says):
        plots.block_diagrams(blocks)
