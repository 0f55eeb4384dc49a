"""Accuracy against cost: every name that is written can be read, and belongs to its point."""

import itertools

import numpy as np
import pytest

from tlhelpers import plots


def random_points(seed, count=14):
    rng = np.random.default_rng(seed)
    return {
        f"Network{number}{'Long' * (number % 3)}": (
            float(10 ** rng.uniform(0.5, 3)),
            float(rng.uniform(0.68, 0.87)),
            float(10 ** rng.uniform(1, 2.8)),
        )
        for number in range(count)
    }


def words(figure):
    return [text for text in figure.axes[0].texts if text.get_text()]


@pytest.mark.parametrize("seed", range(6))
def test_no_name_covers_another_one_or_leaves_the_axes(seed):
    points = random_points(seed)
    figure = plots.trade_off(points)
    figure.draw_without_rendering()
    renderer = figure._get_renderer()
    boxes = {text.get_text(): text.get_window_extent(renderer) for text in words(figure)}
    assert set(boxes) == set(points), "there is room for fourteen"
    for one, other in itertools.combinations(boxes.values(), 2):
        assert not one.overlaps(other)
    inside = figure.axes[0].get_window_extent(renderer)
    legend = figure.axes[0].get_legend().get_window_extent(renderer)
    for box in boxes.values():
        assert inside.x0 <= box.x0 and box.x1 <= inside.x1
        assert inside.y0 <= box.y0 and box.y1 <= inside.y1 and not box.overlaps(legend)


def test_a_name_that_finds_no_room_is_left_out():
    points = {f"The same place number {n}": (20, 0.7, 20) for n in range(90)}
    figure = plots.trade_off(points)
    assert 5 < len(words(figure)) < 90


def test_the_line_joins_the_front_and_the_dots_have_the_area_of_the_megabytes():
    points = {"a": (10, 0.7, 10), "b": (20, 0.8, 100), "c": (90, 0.75, 400)}
    figure = plots.trade_off(points, front=["a", "b"], grey=["c"], names=["b"], limit=50)
    axis = figure.axes[0]
    line, limit = axis.get_lines()
    assert line.get_xydata().tolist() == [[10, 0.7], [20, 0.8]]
    assert set(limit.get_xdata()) == {50}
    dots = axis.collections[:3]
    areas = [dot.get_sizes()[0] for dot in dots]
    assert areas[1] - areas[0] == pytest.approx(1.5 * 90)
    assert not len(dots[2].get_facecolor()) and dots[0].get_facecolor()[0][3] > 0.5
    assert [text.get_text() for text in words(figure)] == ["b"]
    assert "milliseconds" in axis.get_xlabel() and axis.get_ylabel()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"points": {}}, "points is empty"),
        ({"points": {"a": (0, 0.7, 1)}}, "cost of a must be a number, above 0"),
        ({"points": {"a": (1, 70, 1)}}, "accuracy of a must be .* Divide by 100"),
        ({"points": {"a": (1, 0.7)}}, "must have 3 items"),
        ({"front": ["z"]}, "front has 'z', which is not among the points"),
        ({"names": ["z"]}, "names has 'z'"),
        ({"limit": 0}, "limit must be a number, above 0"),
    ],
)
def test_what_cannot_be_drawn_is_refused(given, says):
    with pytest.raises(ValueError, match=says):
        plots.trade_off(**({"points": {"a": (1, 0.7, 1)}} | given))


def test_far_names_have_a_line_to_their_point():
    crowd = {f"In a crowd {n}": (20 + n / 100, 0.75, 5) for n in range(12)}
    figure = plots.trade_off(crowd | {"low": (1, 0.6, 1), "high": (900, 0.9, 1)})
    lines = [text for text in figure.axes[0].texts if not text.get_text()]
    assert len(words(figure)) > 8 and lines
    assert all(line.arrow_patch is not None for line in lines)
