"""Figures: words for everyone, the right numbers, the same bytes each time."""

import base64
import subprocess
import sys
import warnings
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from tlhelpers import plots
from tlhelpers.plots import letters

CURVES = {
    "raw pixels": {1: [0.5, 0.6], 5: [0.8, 0.8]},
    "frozen features": {1: [0.7, 0.9], 5: [0.9, 1.0]},
    "something new": {5: [0.4]},
}


def displayed(monkeypatch):
    calls = []
    import IPython.display

    monkeypatch.setattr(IPython.display, "display", lambda *a, **k: calls.append((a, k)))
    return calls


def test_show_carries_the_words_and_closes_the_figure(monkeypatch):
    import matplotlib.pyplot as plt

    calls = displayed(monkeypatch)
    plots.show(plots.label_curves(CURVES), alt="Three curves.")
    ((data,), options), ((caption,), _) = calls
    assert caption["text/markdown"] == "*Figure: Three curves.*"
    assert options["metadata"]["image/png"]["alt"] == "Three curves."
    assert plt.get_fignums() == []


def test_a_caption_of_its_own_is_read_beside_the_words(monkeypatch):
    calls = displayed(monkeypatch)
    plots.show(plots.label_curves(CURVES), alt="Three curves.", caption="Figure 1.2. A < B.")
    (_, options), ((caption,), _) = calls
    assert options["metadata"]["image/png"]["alt"] == "Three curves."
    assert caption["text/html"] == "<p><em>Figure 1.2. A &lt; B.</em></p>"
    assert caption["text/markdown"] == "*Figure 1.2. A < B.*"
    with pytest.raises(ValueError, match="caption"):
        plots.show(plots.label_curves(CURVES), alt="Three curves.", caption=" ")


class Seen(HTMLParser):
    """The tags of a piece of HTML, with their attributes, and the text outside of tags."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("alt", ["Three curves.", """5 < 6 & "a" > 'b' <b>*x*</b> é 猫"""])
def test_a_browser_gets_the_words_of_a_picture_and_reads_them_once(monkeypatch, alt):
    calls = displayed(monkeypatch)
    plots.show(plots.label_curves(CURVES), alt=alt)
    ((data,), _), ((caption,), _) = calls
    picture = Seen(data["text/html"])
    ((tag, attributes),) = picture.tags
    assert tag == "img" and attributes["alt"] == alt and not picture.text
    assert attributes["src"] == "data:image/png;base64," + data["image/png"]
    assert base64.b64decode(data["image/png"], validate=True).startswith(b"\x89PNG")
    below = Seen(caption["text/html"])
    assert below.text == f"Figure: {alt}"
    assert below.tags[0] == ("p", {"aria-hidden": "true"})


def test_the_same_figure_gives_the_same_bytes(monkeypatch):
    calls = displayed(monkeypatch)
    for _ in range(2):
        plots.show(plots.label_curves(CURVES), alt="Three curves.")
    assert calls[0][0][0]["image/png"] == calls[2][0][0]["image/png"]


HOSTILE = {
    "text.usetex": True,
    "text.color": "white",
    "font.family": ["Comic Sans MS"],
    "axes.labelcolor": "white",
    "xtick.color": "white",
    "lines.linewidth": 9,
    "image.origin": "lower",
    "savefig.facecolor": "red",
    "savefig.transparent": True,
    "figure.dpi": 33,
    "xtick.labelsize": 30,
}


@pytest.mark.parametrize("look", ["dark_background", HOSTILE], ids=["dark", "hostile"])
def test_figures_look_the_same_whatever_the_learner_has_set(monkeypatch, look):
    import matplotlib.pyplot as plt

    from tlhelpers.teaching.widgets.showing import to_png

    def pictures():
        made = [plots.label_curves(CURVES), plots.confusion([0, 1], [0, 0], ["a", "b"])]
        calls = displayed(monkeypatch)
        kept = to_png(made[0])
        for figure in made:
            plots.show(figure, alt="Figure.")
        return [kept, *(call[0][0]["image/png"] for call in calls[::2])]

    usual = pictures()
    with plt.rc_context():
        plt.style.use(look)
        mine = dict(plt.rcParams)
        assert pictures() == usual
        assert dict(plt.rcParams) == mine


def test_lines_without_a_colour_get_one_that_the_colour_blind_can_tell():
    import matplotlib.pyplot as plt

    with plots.style():
        _, axis = plt.subplots()
    used = [axis.plot([0, 1])[0].get_color() for _ in range(6)]
    okabe_ito = {"#000000", "#0072B2", "#56B4E9", "#009E73", "#E69F00", "#D55E00", "#CC79A7"}
    assert len(set(used)) == 6 and set(used) <= okabe_ito


def test_ticks_have_the_colour_of_the_style_in_which_they_were_made():
    import matplotlib.pyplot as plt

    with plt.style.context("dark_background"):
        figure = plots.confusion([0, 1], [0, 0], ["a", "b"])
        labels = figure.axes[0].get_xticklabels() + figure.axes[0].get_yticklabels()
    assert {label.get_color() for label in labels} == {"black"}


@pytest.mark.parametrize("backend", ["nonsense", "module://no_such_module"])
def test_a_backend_that_does_not_work_is_named_once(backend):
    code = "from tlhelpers import plots\nfor _ in range(2):\n    plots.bars({'a': 0.5})\n"
    env = {"MPLBACKEND": backend, "PYTHONPATH": str(Path(plots.__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("Note: Matplotlib cannot draw as MPLBACKEND") == 1


# ----------------------------------------------------------------------------- letters


@pytest.fixture
def no_memory():
    """Fonts that were found, and notes that were said, are forgotten."""
    for memory in (letters._fonts_with, letters._tell):
        memory.cache_clear()
    yield
    for memory in (letters._fonts_with, letters._tell):
        memory.cache_clear()


def test_a_font_is_found_for_each_script(monkeypatch, no_memory):
    fonts = {"Hanzi": "猫", "Deva": "क", "Other": "x"}
    monkeypatch.setattr(letters, "_installed", lambda: [(name, name) for name in fonts])
    own = letters._own_letters()
    monkeypatch.setattr(letters, "_letters_of", lambda path: {ord(c) for c in fonts[path]} | own)
    axis = plots.confusion([0, 1, 2], [0, 1, 2], ["猫", "क", "Größe"]).axes[0]
    found = [label.get_fontfamily() for label in axis.get_xticklabels()]
    assert found == [[letters.FONT, "Hanzi", "Deva"]] * 2 + [[letters.FONT]]


def test_letters_that_no_font_has_are_named_once(monkeypatch, no_memory, capsys):
    monkeypatch.setattr(letters, "_installed", lambda: [])
    displayed(monkeypatch)
    with warnings.catch_warnings(record=True) as warned:
        for _ in range(2):
            plots.show(plots.confusion([0, 1], [0, 1], ["猫", "é ✔️ größer"]), alt="Two names.")
    said = capsys.readouterr().err
    assert said.count("Note: no font on this computer has the letters 猫,") == 1
    assert [str(one.message) for one in warned] == []


def test_fonts_that_are_installed_are_looked_through():
    from matplotlib import font_manager

    names = dict(letters._installed())
    assert letters.FONT in names and not any("Last" in name for name in names)
    assert ord("é") in letters._letters_of(font_manager.findfont(letters.FONT))
    assert letters._letters_of("/nowhere/at/all.ttf") == frozenset()


def test_a_figure_without_words_is_refused():
    with pytest.raises(ValueError, match="alt"):
        plots.show(plots.label_curves(CURVES), alt="  ")
    with pytest.raises(TypeError, match="alt must be a text; got 3"):
        plots.show(plots.label_curves(CURVES), alt=3)
    with pytest.raises(TypeError, match="figure must be a figure of Matplotlib; got str"):
        plots.show("figure", alt="A figure.")


def test_label_curves_draw_means_and_ranges():
    axis = plots.label_curves(CURVES, no_labels=0.75).axes[0]
    lines = {line.get_label(): line.get_ydata() for line in axis.get_lines()}
    assert np.allclose(lines["raw pixels"], [0.55, 0.8])
    assert np.allclose(lines["frozen features"], [0.8, 0.95])
    assert np.allclose(lines["no labels at all"], 0.75)
    colours = [line.get_color() for line in axis.get_lines()]
    assert len(set(colours)) == len(colours)
    band = axis.collections[1].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == (0.7, 1.0)
    assert axis.get_xlabel() == "labels per class"


def test_label_curves_take_words_for_a_budget_and_for_the_accuracy():
    axis = plots.label_curves(CURVES, ticks={5: "all"}, ylabel="accuracy on photographs").axes[0]
    assert list(axis.get_xticks()) == [1, 5]
    assert [tick.get_text() for tick in axis.get_xticklabels()] == ["1", "all"]
    assert axis.get_ylabel() == "accuracy on photographs"
    plain = plots.label_curves(CURVES).axes[0]
    assert [tick.get_text() for tick in plain.get_xticklabels()] == ["1", "5"]
    assert plain.get_ylabel() == "accuracy on unseen writers"


def test_scatter_writes_every_class_where_its_point_is():
    points = np.array([[0.0, 1.0], [2.0, -3.0], [4.0, 5.0]])
    figure = plots.scatter({"a": (points, [0, 1, 1]), "b": (points, [1, 0, 0])}, names=["x", "yy"])
    texts = [(text.get_text(), text.get_position()) for text in figure.axes[0].texts]
    assert texts == [("x", (0.0, 1.0)), ("yy", (2.0, -3.0)), ("yy", (4.0, 5.0))]
    first, other, same = (text.get_color() for text in figure.axes[0].texts)
    assert first != other == same
    for axis in figure.axes:
        (left, right), (low, high) = axis.get_xlim(), axis.get_ylim()
        assert left < 0 and right > 4 and low < -3 and high > 5
    odd = plots.scatter({name: (points, [0, 1, 2]) for name in "abc"})
    assert [axis.get_visible() for axis in odd.axes] == [True, True, True, False]


def test_scatter_gives_each_of_ten_classes_a_look_of_its_own():
    points = np.arange(20.0).reshape(10, 2)
    texts = plots.scatter({"ten": (points, np.arange(10))}).axes[0].texts
    looks = {(text.get_color(), text.get_weight()) for text in texts}
    assert len(looks) == len(texts) == 10


def test_scatter_refuses_what_it_cannot_draw():
    with pytest.raises(ValueError, match="panels is empty"):
        plots.scatter({})
    with pytest.raises(ValueError, match=r"\(n, 2\); got \(3, 3\)"):
        plots.scatter({"flat": (np.zeros((3, 3)), [0, 1, 2])})


def test_the_palette_is_okabe_and_itos_and_every_curve_has_its_own_marker():
    palette = {"#555555", "#E69F00", "#0072B2", "#009E73", "#CC79A7", "#D55E00"}
    assert {colour for colour, _ in plots.STRATEGIES.values()} == palette
    assert len({marker for _, marker in plots.STRATEGIES.values()}) == len(plots.STRATEGIES)


def test_image_grid_shows_ink_dark():
    picture = np.zeros((1, 8, 8))
    picture[0, 2, 3] = 1
    figure = plots.image_grid({"a": picture, "b": np.zeros((3, 8, 8))}, titles="xyz")
    assert len(figure.axes) == 6
    image = figure.axes[0].images[0]
    assert image.get_cmap()(image.norm(1.0))[:3] == (0.0, 0.0, 0.0)
    with pytest.raises(ValueError, match="rows is empty"):
        plots.image_grid({})


def test_confusion_has_the_truth_in_rows_and_the_answers_in_columns():
    axis = plots.confusion([0, 0, 0, 1], [0, 0, 1, 1], "ab").axes[0]
    written = {tuple(text.get_position()): text.get_text() for text in axis.texts}
    assert written == {(0, 0): "2", (1, 0): "1", (1, 1): "1"}  # x is the answer, y the truth
    assert np.allclose(axis.images[0].get_array(), [[2 / 3, 1 / 3], [0, 1]])


@pytest.mark.parametrize(
    ("labels", "answers", "word"),
    [
        ([0, 1], [0], "answers must have 2 numbers"),
        ([], [], "labels is empty"),
        ([0, 2], [0, 1], "labels must lie between 0 and 1"),
        ([0, 1], [0, 2], "answers must lie between 0 and 1"),
        (np.array([0.0, 1.0]), [0, 1], "astype"),
        (np.array([[0], [1]]), [0, 1], "ravel"),
    ],
)
def test_confusion_refuses_what_does_not_belong_together(labels, answers, word):
    with pytest.raises(ValueError, match=word):
        plots.confusion(labels, answers, "ab")


def test_reliability_has_a_point_for_each_bin():
    figure = plots.reliability({"print": [(1, 0.55, 0.0), (2, 0.96, 1.0)]})
    curve = {line.get_label(): line for line in figure.axes[0].get_lines()}["print"]
    assert np.allclose(curve.get_xdata(), [0.55, 0.96])
    assert np.allclose(curve.get_ydata(), [0, 1])


def test_a_heat_map_of_any_size_covers_its_picture():
    figure = plots.heat_maps([np.zeros((8, 8))], [np.array([[0.0, 5.0]])], titles=["x"])
    picture, heat = figure.axes[1].images
    assert list(picture.get_extent()) == list(heat.get_extent()) == [0, 8, 8, 0]
    assert np.allclose(heat.get_array(), [[0, 1]])
    plots.heat_maps([np.zeros((8, 8, 3))], [np.zeros((7, 7))])  # a cold map is no error


def test_bars_and_top_answers_begin_at_the_top():
    axis = plots.bars({"right": 0.9, "wrong": 0.25}).axes[0]
    assert axis.yaxis_inverted()
    assert [text.get_text() for text in axis.texts] == ["90.0%", "25.0%"]
    best = [("cat", 0.75), ("dog", 0.25)]
    axis = plots.top_answers([np.zeros((8, 8, 3))] * 3, [best] * 3).axes[1]
    assert axis.yaxis_inverted()
    assert [bar.get_width() for bar in axis.patches] == [0.75, 0.25]


def test_intervals_mark_what_misses_the_truth():
    bars = {"a": (0.9, 0.6, 0.98), "b": (0.5, 0.24, 0.76), "c": (1.0, 0.72, 1.0)}
    figure = plots.intervals(bars, truth=0.8, every=2)
    (axis,) = figure.axes
    (catch, miss), points = axis.collections, axis.lines
    assert [len(part.get_segments()) for part in (catch, miss)] == [2, 1]
    assert catch.get_segments()[0][:, 1].tolist() == [0.6, 0.98]
    assert points[1].get_xydata().tolist() == [[1, 0.5]]
    assert points[0].get_marker() != points[1].get_marker()
    assert [tick.get_text() for tick in axis.get_xticklabels()] == ["a", "c"]
    assert not plots.intervals(bars).axes[0].collections[1:]  # without a truth nothing misses it
    with pytest.raises(ValueError, match="bars is empty"):
        plots.intervals({})


def test_label_curves_name_each_level_beside_its_line():
    axis = plots.label_curves(CURVES, levels={"as it is": 0.62, "adapted": 0.91}).axes[0]
    assert [(text.get_text(), text.xy[1]) for text in axis.texts] == [
        ("as it is", 0.62),
        ("adapted", 0.91),
    ]
    heights = [line.get_ydata()[0] for line in axis.get_lines() if len(line.get_xdata()) == 2]
    assert {0.62, 0.91} <= set(heights)


def test_training_curves_are_means_of_so_many_steps_and_end_at_the_last():
    figure = plots.training_curves(
        {"one": {"a": [0, 2, 4, 6], "b": [1, 1, 1, 1]}, "two": {"a": [5]}}, smooth=2, level=0.5
    )
    first, second = figure.axes
    a, b, level = first.get_lines()
    assert a.get_ydata().tolist() == [1, 3, 5] and a.get_xdata().tolist() == [2, 3, 4]
    assert b.get_ydata().tolist() == [1, 1, 1] and level.get_ydata()[0] == 0.5
    assert second.get_lines()[0].get_ydata().tolist() == [5]  # fewer steps than the mean wants
    assert first.get_legend() and not second.get_legend()
    with pytest.raises(ValueError, match="panels is empty"):
        plots.training_curves({})


@pytest.mark.parametrize(
    ("pictures", "words"),
    [
        (np.full((2, 8, 8), 255, np.uint8), "between 0 and 1; got 255 to 255. Divide by 255."),
        (np.full((2, 8, 8), 200.0), "Divide by 255."),
        (np.full((2, 8, 8), 16.0), "Divide by 16."),
        (np.full((2, 8, 8), 2), "Divide by 16."),  # whole numbers: not from 0 to 1
        (np.full((2, 8, 8), -1.0), "between 0 and 1; got -1 to -1.$"),
        (np.full((2, 8, 8), np.nan), "NaN"),
        (np.zeros((2, 8)), r"\(n, height, width\)"),
    ],
)
def test_pictures_of_another_range_are_no_black_squares(pictures, words):
    with pytest.raises(ValueError, match=words):
        plots.image_grid({"a": pictures})
    with pytest.raises(ValueError, match=words):
        plots.heat_maps(pictures, np.zeros((2, 3, 3)))


def test_what_lies_a_little_outside_is_cut_off():
    image = plots.image_grid({"a": np.array([[[-0.2, 1.3]]])}).axes[0].images[0]
    assert image.get_array().tolist() == [[0, 1]]


@pytest.mark.parametrize(
    "shares", [{"a": 90.0}, {"a": "90%"}, {"a": None}, {"a": np.nan}, {}, None, [0.5]]
)
def test_bars_want_shares(shares):
    with pytest.raises((TypeError, ValueError), match="share"):
        plots.bars(shares)


@pytest.mark.parametrize(
    ("curves", "words"),
    [
        (None, "curves must be a dictionary; got None"),
        ({"a": None}, "The curve of 'a' must be a dictionary"),
        ({}, "curves is empty"),
        ({"a": {0: [0.5]}}, "labels per class, must be a whole number from 1"),
        ({"a": {1: [90.0]}}, "accuracy, must be a number from 0 to 1; got 90.0. Divide by 100."),
        ({"a": {1: []}}, "items; got 0"),
    ],
)
def test_label_curves_refuse_what_is_no_curve(curves, words):
    with pytest.raises((TypeError, ValueError), match=words):
        plots.label_curves(curves)


def test_a_curve_without_points_is_no_error():
    figure = plots.label_curves(CURVES | {"your pictures": {}})
    assert len(figure.axes[0].get_lines()) == len(CURVES) + 1


def test_no_curve_is_left_out_because_there_are_more_than_colours():
    many = {str(number): [1.0, 2.0] for number in range(9)}
    assert len(plots.training_curves({"a": many}, smooth=1).axes[0].get_lines()) == 9
    tables = {name: [(1, 0.5, 0.5)] for name in many}
    assert len(plots.reliability(tables).axes[0].get_lines()) == 10  # and the diagonal


def test_answers_belong_to_pictures():
    with pytest.raises(ValueError, match="answers must have 1 items; got 2"):
        plots.top_answers([np.zeros((8, 8, 3))], [[("cat", 1.0)]] * 2)
    with pytest.raises(ValueError, match="maps must have 1 items; got 2"):
        plots.heat_maps([np.zeros((8, 8))], [np.eye(3)] * 2)


def test_a_figure_is_shown_when_it_is_asked_to_and_not_twice():
    """A notebook shows every figure that is open at the end of a cell."""
    import matplotlib.pyplot as plt

    mine, _ = plt.subplots()
    figure = plots.image_grid({"empty": np.zeros((4, 8, 8))})
    assert plt.get_fignums() == [mine.number]
    assert figure.axes


# Datasets ----------------------------------------------------------------------------


def dataset(images, labels=None, size=5):
    import tensorflow as tf

    parts = images if labels is None else (images, labels)
    return tf.data.Dataset.from_tensor_slices(parts).batch(size)


def shown(figure):
    """The pictures of a figure, as they are drawn."""
    return [np.asarray(axis.images[0].get_array()) for axis in figure.axes if axis.images]


def test_the_first_pictures_of_a_dataset_are_drawn_as_those_of_an_array():
    colour = np.random.default_rng(0).integers(0, 256, (20, 6, 6, 3)).astype("float32")
    given = dataset(colour, np.eye(20))  # labels of any kind
    np.testing.assert_allclose(shown(plots.image_grid({"a": given})), colour[:8] / 255, atol=1e-6)
    rows = {"two": np.zeros((2, 6, 6)), "dataset": given}
    np.testing.assert_allclose(shown(plots.image_grid(rows))[2:], colour[:2] / 255, atol=1e-6)
    titled = plots.image_grid({"a": given.repeat()}, titles=list("abcdefghijk"))
    np.testing.assert_allclose(shown(titled), colour[:11] / 255, atol=1e-6)
    few = plots.image_grid({"a": dataset(colour[:3] / 255)})  # from 0 to 1 already
    np.testing.assert_allclose(shown(few), colour[:3] / 255, atol=1e-6)


def test_grey_pictures_of_a_dataset_are_light_on_black():
    grey = np.zeros((1, 4, 4, 1), np.uint8)
    grey[0, 0, 0] = 255
    (picture,) = shown(plots.image_grid({"a": dataset(grey)}))
    assert picture[0, 0] == 0 and (picture.ravel()[1:] == 1).all()  # 0 is drawn white
    (axis,) = plots.image_grid({"a": dataset(grey)}).axes
    assert axis.images[0].get_cmap().name == "gray_r"


def test_heat_maps_and_answers_take_as_many_of_a_dataset_as_there_are():
    colour = np.random.default_rng(0).integers(0, 256, (20, 6, 6, 3)).astype("float32")
    figure = plots.heat_maps(dataset(colour), [np.eye(3)] * 3)
    np.testing.assert_allclose(shown(figure)[:3], colour[:3] / 255, atol=1e-6)
    figure = plots.top_answers(dataset(colour), [[("cat", 0.9)]] * 2)
    np.testing.assert_allclose(shown(figure), colour[:2] / 255, atol=1e-6)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda x: dataset(x).unbatch(), r"one image at a time.*batch\(32\)"),
        (lambda x: dataset(x).take(0), "without a picture"),
        (lambda x: dataset(x - 1), "between 0 and 1; got -1"),
        (lambda x: dataset(x[:, :, 0, 0]), r"must have the shape \(n, height, width\)"),
    ],
)
def test_datasets_that_cannot_be_drawn_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        plots.image_grid({"a": make(np.zeros((3, 6, 6, 3), "float32"))})
