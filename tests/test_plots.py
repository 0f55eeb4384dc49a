"""Figures: words for everyone, the right numbers, the same bytes each time."""

import numpy as np
import pytest

from tlhelpers import plots

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
    plots.show(plots.label_budget(CURVES), alt="Three curves.")
    ((data,), options), ((caption,), _) = calls
    assert caption["text/markdown"] == "*Figure: Three curves.*"
    assert options["metadata"]["image/png"]["alt"] == "Three curves."
    assert plt.get_fignums() == []


def test_the_same_figure_gives_the_same_bytes(monkeypatch):
    calls = displayed(monkeypatch)
    for _ in range(2):
        plots.show(plots.label_budget(CURVES), alt="Three curves.")
    assert calls[0][0][0]["image/png"] == calls[2][0][0]["image/png"]


def test_a_figure_without_words_is_refused():
    with pytest.raises(ValueError, match="alt"):
        plots.show(plots.label_budget(CURVES), alt="  ")


def test_label_budget_draws_means_and_ranges():
    axis = plots.label_budget(CURVES, no_labels=0.75).axes[0]
    lines = {line.get_label(): line.get_ydata() for line in axis.get_lines()}
    assert np.allclose(lines["raw pixels"], [0.55, 0.8])
    assert np.allclose(lines["frozen features"], [0.8, 0.95])
    assert np.allclose(lines["no labels at all"], 0.75)
    colours = [line.get_color() for line in axis.get_lines()]
    assert len(set(colours)) == len(colours)
    band = axis.collections[1].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == (0.7, 1.0)
    assert axis.get_xlabel() == "labels per class"


def test_label_budget_takes_words_for_a_budget_and_for_the_accuracy():
    axis = plots.label_budget(CURVES, ticks={5: "all"}, ylabel="accuracy on photographs").axes[0]
    assert list(axis.get_xticks()) == [1, 5]
    assert [tick.get_text() for tick in axis.get_xticklabels()] == ["1", "all"]
    assert axis.get_ylabel() == "accuracy on photographs"
    plain = plots.label_budget(CURVES).axes[0]
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


def test_scatter_refuses_what_it_cannot_draw():
    with pytest.raises(ValueError, match="at least one panel"):
        plots.scatter({})
    with pytest.raises(ValueError, match=r"\(3, 2\); got \(3, 3\)"):
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
    with pytest.raises(ValueError, match="at least one picture"):
        plots.image_grid({})
