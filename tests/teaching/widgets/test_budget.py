"""The budget explorer: what it says is what fits, and every field has a name."""

import math

import pytest

from benchmarks import explorers
from tlhelpers.networks import cost_table
from tlhelpers.networks.cost import Cost
from tlhelpers.networks.table import ARCHITECTURES
from tlhelpers.teaching.widgets import budget, explore_budget, manners, results


def made_up(**milliseconds):
    return {
        name: Cost(name, row.parameters, round(4 * row.parameters / 1e6, 1), 10**9, ms)
        for name, ms in milliseconds.items()
        if (row := ARCHITECTURES[name])
    }


COSTS = made_up(MobileNetV2=20.0, EfficientNetB0=25.0, ResNet50=60.0, VGG16=170.0)


def test_the_shipped_costs_are_those_of_the_table():
    costs = budget.shipped_costs()
    assert list(costs) == [name for name in ARCHITECTURES if name in costs] and len(costs) > 30
    for name, cost in costs.items():
        assert cost.parameters == ARCHITECTURES[name].parameters
        assert cost.megabytes == pytest.approx(4 * cost.parameters / 1e6, abs=0.05)
        assert 1 < cost.milliseconds < 20_000 and 5e7 < cost.multiply_adds < 1e11
    assert costs["MobileNetV2"].multiply_adds == 300_774_272
    # On one computer, more of the same kind takes longer.
    for small, large in (("MobileNetV2", "ResNet50"), ("EfficientNetB0", "EfficientNetB4")):
        assert costs[small].milliseconds < costs[large].milliseconds


def test_the_words_are_those_of_the_costs():
    said = budget.budget_in_words(COSTS, 100, 50)
    assert said.startswith("At most 100 ms a picture and 50 MB: 2 of 4 networks remain.")
    assert "The most accurate on ImageNet is EfficientNetB0 (77.1%, 25.0 ms, 21.3 MB)." in said
    assert said.endswith("Then: MobileNetV2 (71.3%, 20.0 ms, 14.2 MB).")
    assert budget.budget_in_words(COSTS).startswith("Without a budget: 4 of 4")
    nothing = budget.budget_in_words(COSTS, 10)
    assert "0 of 4" in nothing and "the fastest takes 20.0 ms" in nothing


def test_the_figure_greys_what_does_not_fit():
    axis = budget.budget_figure(COSTS, 100, 50).axes[0]
    hollow = [not len(dot.get_facecolor()) for dot in axis.collections[:4]]
    assert hollow == [False, False, True, True]
    front, limit = axis.get_lines()
    assert front.get_xydata().tolist() == [[20, 0.713], [25, 0.771]]
    assert set(limit.get_xdata()) == {100}
    assert {text.get_text() for text in axis.texts} == {"MobileNetV2", "EfficientNetB0"}
    assert budget.budget_figure(COSTS, 1, 1).axes[0].texts[:] == []


def test_fields_have_names_and_news_is_read_out():
    box = explore_budget(COSTS)
    for field in (box.milliseconds, box.megabytes):
        assert field.description and "arrow keys" in field.tooltip
        assert manners.CHOICE in field._dom_classes and field.options[-1][0] == "any"
    assert manners.BOX in box._dom_classes and manners.READ_OUT in box.words.widget._dom_classes


def test_a_turn_of_a_field_changes_words_and_picture():
    box = explore_budget(COSTS)
    first = box.picture.png
    assert "2 of 4" in box.words.text and box.words.text in box.picture.alt
    box.milliseconds.value = 20
    assert "1 of 4" in box.words.text and box.picture.png != first
    box.milliseconds.value, box.megabytes.value = math.inf, math.inf
    assert box.words.text.startswith("Without a budget: 4 of 4")
    box.megabytes.value = 10
    assert "0 of 4" in box.words.text and "did not work" not in box.words.text


def test_without_measuring_all_networks_are_shown():
    box = explore_budget()
    assert f"of {len(budget.shipped_costs())} networks" in box.words.text
    assert results.command_for("networks") in str(box.children[-2].value)
    assert "now" in str(explore_budget(COSTS).children[-2].value)


@pytest.mark.parametrize("costs", [{}, [1], {"VGG16": 3}, {"VGG": COSTS["VGG16"]}])
def test_what_are_no_costs_is_refused(costs):
    with pytest.raises((TypeError, ValueError), match="costs|network"):
        explore_budget(costs)


def test_the_table_can_be_made_again(tmp_path, monkeypatch):
    asked = []

    def measure(**how):
        asked.append(how)
        return COSTS

    monkeypatch.setattr(cost_table, "measure_networks", measure)
    monkeypatch.setattr(
        results, "write_table", lambda name, rows, about: (name, rows, about.count("\n"))
    )
    name, rows, breaks = explorers.networks()
    assert name == "networks" and len(rows) == 4 and not breaks and asked[0]["again"]
    assert list(rows[0]) == list(results.read_table("networks")[0])
