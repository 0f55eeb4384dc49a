"""``tl.look_inside()``: what the layers of the network make of a drawing, and where it looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tlhelpers import plots
from tlhelpers.inputs import read_array, read_images
from tlhelpers.labs import load
from tlhelpers.networks import features
from tlhelpers.plots.figure_style import RED
from tlhelpers.teaching.widgets.drawing import to_picture
from tlhelpers.teaching.widgets.sheet import COLUMN, EMPTY, WRAPPING, Sheet, button
from tlhelpers.teaching.widgets.showing import STYLE, WIDE, ShownPicture, Turns, Words, live

if TYPE_CHECKING:  # for readers and type checkers only: they take a while to import
    import ipywidgets
    from matplotlib.figure import Figure

#: Layers to look into, from the first to the last.
LAYERS = ("conv1", "conv_pw_1", "conv_pw_3", "conv_pw_5", "conv_pw_11", "conv_pw_13")
FAVOURITES = 10  # how many digits to show that excite a channel most


class View(NamedTuple):
    """What there is to see of one drawing.

    Attributes
    ----------
    picture
        What was looked at, shape (8, 8).
    maps
        Layer → what its channels answer, shape (height, width, channels), 0 or more.
    heat
        Layer → Grad-CAM: which places speak for the answer, shape (height, width), 0 or more.
    answer, probability
        The digit that the network takes it for, among the ten, and how sure it is.
    """

    picture: np.ndarray
    maps: dict[str, np.ndarray]
    heat: dict[str, np.ndarray]
    answer: int
    probability: float


class Inside:
    """Looks into the network of the digits lab.

    Examples
    --------
    >>> view = Inside().look(np.eye(8))
    >>> view.maps["conv_pw_5"].shape, view.heat["conv_pw_5"].shape
    ((6, 6, 128), (6, 6))
    """

    def __init__(self) -> None:
        import keras

        self.lab = load.load_lab("digits")
        self.columns = self.lab.columns()
        network = self.lab.network()
        layers = [network.get_layer(f"{name}_relu").output for name in LAYERS]
        self.watched = keras.Model(network.input, [*layers, network.output])
        # Of each channel only its largest value anywhere: one row for each digit.
        most = keras.layers.Concatenate()([keras.layers.GlobalMaxPooling2D()(x) for x in layers])
        self.peaks = features.compute(
            keras.Model(network.input, most, name="peaks"),
            self.lab.train.images,
            preprocess=self.lab.preprocess,
        )
        self.channels = {name: x.shape[-1] for name, x in zip(LAYERS, layers, strict=True)}

    def look(self, picture: np.ndarray) -> View:
        """Run a picture through the network, and back from its answer.

        Parameters
        ----------
        picture
            Shape (8, 8), from 0 (paper) to 1 (ink).

        References
        ----------
        Selvaraju et al. 2017, "Grad-CAM: visual explanations from deep networks via
        gradient-based localization"; here from the logarithm of the probability.
        """
        import tensorflow as tf

        picture = read_images(
            read_array(picture, "picture")[None], "picture", shape=(8, 8), low=0, high=1
        )[0]
        with tf.GradientTape() as tape:  # remembers each step, so that it can be gone backwards
            *maps, answers = self.watched(self.lab.preprocess(picture[None]), training=False)
            among = tf.gather(answers[0], self.columns)
            answer = int(np.argmax(among))
            score = tf.math.log(among[answer] / tf.reduce_sum(among))
        slopes = tape.gradient(score, maps)
        heat = {}
        for name, values, slope in zip(LAYERS, maps, slopes, strict=True):
            weights = tf.reduce_mean(slope, axis=(1, 2), keepdims=True)
            heat[name] = np.maximum(np.sum(weights * values, axis=-1)[0], 0)
        found = {name: np.asarray(values)[0] for name, values in zip(LAYERS, maps, strict=True)}
        return View(picture, found, heat, answer, float(np.exp(score)))

    def favourites(self, layer: str, channel: int) -> np.ndarray:
        """Return which digits of ``lab.train`` excite a channel most, the most exciting first.

        Parameters
        ----------
        layer
            One of `LAYERS`.
        channel
            From 0.

        Returns
        -------
        numpy.ndarray
            Row numbers, shape (10,).
        """
        before = sum(self.channels[name] for name in LAYERS[: LAYERS.index(layer)])
        return np.argsort(-self.peaks[:, before + channel], kind="stable")[:FAVOURITES]


def mosaic(maps: np.ndarray) -> tuple[np.ndarray, int]:
    """Put the maps of all channels side by side, line by line.

    Parameters
    ----------
    maps
        Shape (height, width, channels).

    Returns
    -------
    wall : numpy.ndarray
        All in one picture; NaN between them and where there is none.
    columns : int
        How many are in a line.

    Examples
    --------
    >>> wall, columns = mosaic(np.zeros((3, 3, 7)))
    >>> wall.shape, columns
    ((8, 16), 4)
    """
    height, width, channels = maps.shape
    columns = 2 ** int(np.ceil(np.log2(channels) / 2 + 0.25))
    lines = -(-channels // columns)
    wall = np.full((lines, height + 1, columns, width + 1), np.nan, np.float32)
    for channel in range(channels):
        wall[channel // columns, :height, channel % columns, :width] = maps[..., channel]
    return wall.reshape(lines * (height + 1), columns * (width + 1)), columns


def inside_figure(view: View | None, layer: str, channel: int, liked: np.ndarray) -> Figure:
    """Draw a drawing, where the network looks, one channel, and all channels of the layer.

    Parameters
    ----------
    view
        What `Inside.look` gave; None for an empty sheet, of which there is less to see.
    layer, channel
        Which channel; it has a frame among the others.
    liked
        Pictures that excite this channel most, shape (n, 8, 8), shown below.
    """
    from matplotlib.figure import Figure

    with plots.style():
        figure = Figure(figsize=(9.2, 3.5))
        if view is not None:
            _draw_view(figure, view, layer, channel)
        else:
            figure.text(0.5, 0.6, "The sheet is empty.", fontsize=10, ha="center")
        which = "it" if view is not None else f"channel {channel}"
        figure.text(0.01, 0.12, f"these digits excite\n{which} most:", fontsize=10, va="center")
        row = figure.add_axes((0.17, 0.03, 0.82, 0.2))
        strip = np.concatenate([np.pad(picture, ((0, 0), (0, 2))) for picture in liked], axis=1)
        row.imshow(strip, cmap="gray_r", vmin=0, vmax=1)
        for axis in figure.axes:
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
            axis.grid(False)
    return figure


def _draw_view(figure: Figure, view: View, layer: str, channel: int) -> None:
    """Draw what there is to see of a drawing, in the upper part of a figure."""
    from matplotlib.patches import Rectangle

    maps = view.maps[layer]
    high, wide = maps.shape[:2]
    places = [(0.01, 0.2), (0.225, 0.2), (0.44, 0.2), (0.66, 0.33)]
    left, heat, one, every = (figure.add_axes((x, 0.3, w, 0.58)) for x, w in places)
    left.imshow(view.picture, cmap="gray_r", vmin=0, vmax=1)
    left.set_title("what it sees", fontsize=10)
    heat.imshow(view.picture, cmap="gray_r", vmin=0, vmax=1, extent=(0, 1, 0, 1))
    hot = view.heat[layer] / max(view.heat[layer].max(), 1e-9)
    heat.imshow(hot, cmap="inferno", vmin=0, vmax=1, alpha=0.65, extent=(0, 1, 0, 1))
    heat.set_title(f"Grad-CAM: speaks for {view.answer}", fontsize=10)
    top = max(float(maps.max()), 1e-9)
    one.imshow(maps[..., channel], cmap="viridis", vmin=0, vmax=top)
    one.set_title(f"channel {channel}, {high} × {wide} cells", fontsize=10)
    wall, columns = mosaic(maps)
    every.imshow(wall, cmap="viridis", vmin=0, vmax=top, aspect="auto")
    corner = (channel % columns * (wide + 1) - 1, channel // columns * (high + 1) - 1)
    every.add_patch(Rectangle(corner, wide + 1, high + 1, fill=False, lw=2, ec=RED))
    every.set_title(f"all {maps.shape[-1]} channels of {layer}", fontsize=10)


def look_inside(inside: Inside | None = None) -> ipywidgets.VBox:
    """Show a sheet to draw on, and what a layer and a channel of the network make of it.

    Parameters
    ----------
    inside
        By default a new one.

    Returns
    -------
    ipywidgets.VBox
        Its ``pad`` is the sheet, ``layer`` and ``channel`` the fields.  Where
        widgets do not run, a recorded drawing stands in.
    """
    import ipywidgets as widgets

    inside = inside or Inside()
    picture, words = ShownPicture(), Words()
    turns = Turns(words)
    sheet = Sheet(turns)
    seen: dict[str, View] = {}
    layer = widgets.Dropdown(
        options=LAYERS,
        value="conv_pw_5",
        description="Layer",
        tooltip="Which layer to look into: the first knows strokes, the last whole characters",
        layout=WIDE,
        style=STYLE,
    )
    channel = widgets.IntSlider(
        value=0,
        max=inside.channels["conv_pw_5"] - 1,
        description="Channel",
        tooltip="Which channel of the layer; arrow keys go one on",
        layout=WIDE,
        style=STYLE,
    )
    strongest = button(
        "Strongest channel", "Go to the channel that answers most to this drawing", main=True
    )

    def show() -> None:
        view = seen.get("now")
        liked = inside.favourites(layer.value, channel.value)
        labels = " ".join(str(label) for label in inside.lab.train.labels[liked])
        figure = inside_figure(view, layer.value, channel.value, inside.lab.train.images[liked])
        if view is None:
            said = f"The digits that excite channel {channel.value} of {layer.value} most: {labels}"
            picture.show(figure, f"An empty sheet, and ten handwritten digits. {said}.")
            words.say(f"{EMPTY} {said}.")
            return
        value = view.maps[layer.value][..., channel.value].max()
        said = (
            f"The network takes it for {view.answer} ({view.probability:.0%} among the digits). "
            f"Channel {channel.value} of {layer.value} answers with at most {value:.1f} "
            f"of {view.maps[layer.value].max():.1f}; the digits that excite it most are {labels}."
        )
        picture.show(
            figure,
            "A drawn digit, its Grad-CAM heat map, the map of one channel, the maps of all "
            f"channels of the layer, and ten digits that excite this channel most. {said}",
        )
        words.say(said)

    @turns.take
    def drawn(_: object) -> None:
        seen.clear()
        if sheet.pad.strokes:
            seen["now"] = inside.look(to_picture(sheet.pad.strokes))
        show()

    @turns.take
    def other_layer(_: object) -> None:
        channel.max = inside.channels[layer.value] - 1  # which also moves a value beyond it
        show()

    @turns.take
    def other_channel(_: object) -> None:
        show()

    @turns.take
    def on_strongest(_: object) -> None:
        if not seen:
            words.say(EMPTY)
            return
        peaks = seen["now"].maps[layer.value].max(axis=(0, 1))
        channel.value = int(peaks.argmax())

    sheet.pad.observe(drawn, "strokes")
    layer.observe(other_layer, "value")
    channel.observe(other_channel, "value")
    strongest.on_click(on_strongest)
    sheet.show_recorded()  # there would be little to see without
    on_strongest(None)
    rows = [[sheet.clear, sheet.another], [layer], [channel], [strongest]]
    side = widgets.VBox([widgets.HBox(row, layout=WRAPPING) for row in rows], layout=COLUMN)
    upper = widgets.HBox([sheet.pad, side], layout=WRAPPING)
    buttons = (sheet.clear, sheet.another, strongest)
    return live(
        [sheet.how, upper, words.widget, picture.widget],
        picture,
        words=words,
        inside=inside,
        pad=sheet.pad,
        layer=layer,
        channel=channel,
        buttons={each.description: each for each in buttons},
    )
