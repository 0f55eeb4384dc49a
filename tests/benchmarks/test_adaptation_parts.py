"""The benchmark of the parts of an adaptation: which rows there are, and what is picked."""

import pytest

from benchmarks import adaptation_parts
from tlhelpers.transfer import adaptation, recipes, tasks


@pytest.fixture
def small(monkeypatch):
    """Make everything short; numbers mean nothing then."""
    monkeypatch.setattr(tasks, "SOURCE", 320)
    monkeypatch.setattr(recipes, "EPOCHS", 1)
    monkeypatch.setattr(tasks, "SETTINGS", {"steps": 2, "batch_size": 16})


def test_the_weight_is_picked_by_the_validator_and_not_by_the_test():
    runs = [
        {0.01: {"steady": 1.2, "test": 0.5}, 0.1: {"steady": 1.1, "test": 0.9}},
        {0.01: {"steady": 1.0, "test": 0.5}, 0.1: {"steady": 1.3, "test": 0.4}},
    ]
    assert adaptation_parts.picked_weights(runs) == [0.01, 0.1]


def test_each_part_is_there_with_and_without_the_others(small, monkeypatch):
    task = tasks.load_task(adaptation_parts.PLAIN, seed=0)
    seen = []

    def note(name, trained):
        real = getattr(adaptation, name)

        def method(model, *args, **settings):
            seen.append((name, settings.get("augment") is not None))
            return (model, {}) if trained else real(model, *args, **settings)

        monkeypatch.setattr(adaptation, name, method)

    for name in ("source_only", "deep_coral", "consistency"):
        note(name, trained=True)
    note("adabn", trained=False)
    found = adaptation_parts.parts_of_alignment(recipes.small_network(0), task, seed=0)
    assert seen == [
        ("adabn", False),
        ("source_only", False),
        ("adabn", False),
        ("deep_coral", False),
        ("source_only", True),
        ("adabn", False),
        ("deep_coral", True),
        ("consistency", False),
    ]
    assert len(found) == 9 and found["source only"] == found["200 more steps on print"]
    assert found["AdaBN"] == found["200 more steps on warped print, AdaBN"]
