"""Many networks: measured once, kept for this computer, and chosen for a budget."""

import json

import pytest

from tlhelpers.course import command_line
from tlhelpers.networks import cost_table
from tlhelpers.networks.cost import Cost
from tlhelpers.networks.published import find_published
from tlhelpers.networks.table import ARCHITECTURES


def made_up(name, milliseconds=10.0):
    parameters = ARCHITECTURES[name].parameters
    return Cost(name, parameters, round(4 * parameters / 1e6, 1), 10**9, milliseconds)


@pytest.fixture
def measured(cache, monkeypatch):
    """Measure without a network; return what was measured, in order."""
    done = []

    def measure(name, **how):
        done.append(name)
        return made_up(name)

    monkeypatch.setattr(cost_table, "measure_network", measure)
    return done


def test_what_was_measured_is_not_measured_again(measured):
    names = ["DenseNet201", "MobileNetV2", "DenseNet201"]
    first = cost_table.measure_networks(names)
    assert measured == ["MobileNetV2", "DenseNet201"]  # small ones first
    assert list(first) == ["DenseNet201", "MobileNetV2"]
    assert cost_table.measure_networks(["MobileNetV2", "VGG16"])["VGG16"] == made_up("VGG16")
    assert measured == ["MobileNetV2", "DenseNet201", "VGG16"]
    cost_table.measure_networks(["VGG16"], again=True)
    assert measured[3:] == ["VGG16"]
    assert set(cost_table.read_kept(cost_table.kept_file())) == {
        "MobileNetV2",
        "DenseNet201",
        "VGG16",
    }


def test_other_batches_are_other_times(measured):
    cost_table.measure_networks(["VGG16"])
    cost_table.measure_networks(["VGG16"], pictures=1)
    assert measured == ["VGG16", "VGG16"]
    assert len(json.loads(cost_table.kept_file().read_text())) == 2


def test_stopped_it_keeps_what_it_has_and_goes_on_there(measured, monkeypatch, capsys):
    measure = cost_table.measure_network

    def stopped(name, **how):
        if name == "VGG16":
            raise KeyboardInterrupt
        return measure(name, **how)

    monkeypatch.setattr(cost_table, "measure_network", stopped)
    names = ["VGG16", "MobileNet", "ResNet50"]
    assert list(cost_table.measure_networks(names)) == ["MobileNet", "ResNet50"]
    assert "2 of 3 measured, and kept" in capsys.readouterr().err
    monkeypatch.setattr(cost_table, "measure_network", measure)
    assert list(cost_table.measure_networks(names)) == names
    assert measured == ["MobileNet", "ResNet50", "VGG16"]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"x": 1}', json.dumps({"HERE": [["VGG16", 1]]})]
)
def test_a_damaged_file_is_measured_anew(measured, text):
    file = cost_table.kept_file()
    file.parent.mkdir(parents=True)
    file.write_text(text.replace("HERE", cost_table.this_computer()))
    assert cost_table.measure_networks(["VGG16"]) == {"VGG16": made_up("VGG16")}
    assert measured == ["VGG16"]
    assert list(cost_table.read_kept(file)) == ["VGG16"]


def test_a_folder_that_cannot_be_written_stops_nothing(measured, cache):
    cache.parent.mkdir(exist_ok=True)
    cache.write_text("a file, and no folder")
    assert list(cost_table.measure_networks(["VGG16"])) == ["VGG16"]


def test_the_front_has_those_that_no_other_beats():
    costs = {
        "MobileNetV2": made_up("MobileNetV2", 20),  # 71.3
        "EfficientNetB0": made_up("EfficientNetB0", 25),  # 77.1
        "VGG16": made_up("VGG16", 22),  # 71.3: slower than the first, and no better
        "ResNet50": made_up("ResNet50", 25),  # 74.9: as fast as the second, and worse
        "EfficientNetV2S": made_up("EfficientNetV2S", 100),  # 83.9
        "VGG19": made_up("VGG19", 20),  # 71.3: the same twice
    }
    front = cost_table.pareto_front(costs)
    assert front == ["MobileNetV2", "VGG19", "EfficientNetB0", "EfficientNetV2S"]
    # From the definition: who is beaten by somebody?
    for name, row in costs.items():
        beaten = any(
            (other.milliseconds <= row.milliseconds and other.top1 >= row.top1)
            and (other.milliseconds, other.top1) != (row.milliseconds, row.top1)
            for other in costs.values()
        )
        assert beaten == (name not in front)
    assert cost_table.pareto_front({}) == []


def test_a_budget_has_two_sides_and_its_bounds_belong_to_it():
    names = ("MobileNetV2", "EfficientNetB0", "VGG16", "VGG19")
    times = (20, 25, 200, 250)
    costs = {name: made_up(name, ms) for name, ms in zip(names, times, strict=True)}
    assert cost_table.within_budget(costs) == ["EfficientNetB0", "MobileNetV2", "VGG16", "VGG19"]
    assert cost_table.within_budget(costs, 24.9) == ["MobileNetV2"]
    assert cost_table.within_budget(costs, 25)[0] == "EfficientNetB0"
    small = costs["MobileNetV2"].megabytes
    assert cost_table.within_budget(costs, megabytes=small) == ["MobileNetV2"]
    assert cost_table.within_budget(costs, 0) == []


def test_the_table_stands_beside_what_is_published():
    costs = {name: made_up(name, 8) for name in ("ConvNeXtBase", "MobileNet")}
    lines = cost_table.table_of(costs).splitlines()
    assert len(lines) == 4 and all(line.count("|") == 9 for line in lines)
    assert "| 85.4 % * |" in lines[2] and "| 125.0 |" in lines[2] and "*" not in lines[3]
    assert str(find_published("MobileNet").year) in lines[3]


@pytest.mark.parametrize(
    ("costs", "says"),
    [
        ({"VGG16": 3}, "what tl.cost_table.measure_networks returns"),
        ({"VGG16": made_up("VGG19")}, "VGG19 under the name 'VGG16'"),
        ({"VGG": made_up("VGG19")}, "no network 'VGG'"),
        ({"VGG16": made_up("VGG16", 0)}, "milliseconds of VGG16 must be a number, above 0"),
        ([1], "costs must be a dictionary"),
    ],
)
def test_odd_costs_are_refused(costs, says):
    with pytest.raises((TypeError, ValueError), match=says):
        cost_table.pareto_front(costs)
    with pytest.raises((TypeError, ValueError), match=says):
        cost_table.within_budget(costs)


def test_odd_names_are_refused_before_anything_is_measured(measured):
    with pytest.raises(ValueError, match="Did you mean VGG19, VGG16"):
        cost_table.measure_networks(["MobileNet", "VGG61"])
    with pytest.raises(TypeError, match="names must be a list"):
        cost_table.measure_networks("VGG16")
    assert not measured


# ------------------------------------------------------------------------ the command


def test_the_command_measures_and_keeps(measured, capsys, monkeypatch):
    monkeypatch.setattr("tlhelpers.start.load_tensorflow", lambda: None)
    assert command_line.main(["architectures", "--measure", "VGG16", "MobileNet"]) == 0
    shown = capsys.readouterr().out
    assert shown.index("| VGG16 | 2014 | 71.3 %") < shown.index("| MobileNet | 2017 |")
    assert cost_table.this_computer() in shown
    assert command_line.main(["architectures", "--measure", "VGG16"]) == 0
    assert measured == ["MobileNet", "VGG16"]
    assert command_line.main(["architectures", "--measure", "VGG16", "--again"]) == 0
    assert measured == ["MobileNet", "VGG16", "VGG16"]
    assert command_line.main(["architectures", "--measure"]) == 0
    assert len(set(measured)) == len(ARCHITECTURES) == 43


def test_the_command_says_what_is_wrong(measured, capsys):
    assert command_line.main(["architectures", "--measure", "VGG61"]) == 1
    assert "Did you mean VGG19, VGG16" in capsys.readouterr().err
    assert command_line.main(["architectures", "--again"]) == 2
    assert "goes with --measure" in capsys.readouterr().err
    assert not measured
