"""The benchmark of domain adaptation: its protocol, on a small scale."""

import keras
import numpy as np
import pytest

from benchmarks import adaptation_methods
from tlhelpers.labs import load
from tlhelpers.transfer import adaptation, recipes, tasks


@pytest.fixture
def small(monkeypatch):
    """Make everything short; numbers mean nothing then, the protocol is the same."""
    monkeypatch.setattr(tasks, "SOURCE", 640)
    monkeypatch.setattr(recipes, "EPOCHS", 1)
    monkeypatch.setattr(tasks, "SETTINGS", {"steps": 2, "batch_size": 16})


def test_the_target_is_cut_in_three_and_the_test_is_the_second_half(small):
    task = tasks.load_task("plain print → handwriting", seed=1)
    lab = load.load_lab("digits")
    whole = np.concatenate([task.adapt_on, task.choose_on])
    assert (len(task.adapt_on), len(task.choose_on), len(task.test.labels)) == (600, 298, 899)
    assert np.array_equal(whole, recipes.enlarge_digits(lab.train.images))
    assert np.array_equal(task.test.labels, lab.test.labels)
    assert np.array_equal(task.test.images, recipes.enlarge_digits(lab.test.images))


def test_the_unshifted_task_is_more_of_the_same_but_not_the_same_pictures(small):
    task = tasks.load_task("plain print → plain print", seed=1)
    assert abs(task.source.images.mean() - task.test.images.mean()) < 0.01
    parts = [task.source.images, task.source_kept.images, task.adapt_on, task.test.images]
    assert len({part[:50].tobytes() for part in parts}) == len(parts)
    with pytest.raises(ValueError, match="Unknown task 'print'.*Choose from"):
        tasks.load_task("print", seed=1)


def test_the_small_network_depends_on_its_seed_only():
    keras.utils.set_random_seed(5)
    first = recipes.small_network(3).get_weights()
    keras.utils.set_random_seed(6)
    second, other = (recipes.small_network(seed).get_weights() for seed in (3, 4))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_the_reader_shows_a_bar_only_where_asked(small, capsys):
    source = recipes.draw_printed_digits(64, "plain", seed=0)
    recipes.train_small_network(source)
    assert "Training" not in capsys.readouterr().err
    with pytest.MonkeyPatch.context() as patch:
        seen = []
        patch.setattr(
            adaptation,
            "source_only",
            lambda model, *a, **k: seen.append(k["progress"]) or (model, {}),
        )
        recipes.train_small_network(source, progress=True)
    assert seen == [True]


@pytest.mark.parametrize("name", ["AdaBN", "DANN", "SHOT-IM"])
def test_a_method_runs_by_its_name(small, name):
    task = tasks.load_task("plain print → handwriting", seed=1)
    model = recipes.small_network(1)
    adapted, _ = tasks.run_method(name, model, task, seed=1)
    assert adapted.output_shape == model.output_shape
    assert set(tasks.METHODS[name][1]) <= {"weight", "augment"}


def test_shallow_baselines_answer_for_both_parts(small):
    task = tasks.load_task("plain print → handwriting", seed=1)
    answers = tasks.feature_baselines(recipes.small_network(1), task)
    assert set(answers) == {"features", "features, CORAL", "features, importance weights"}
    for chosen, tested in answers.values():
        assert chosen.shape == (298, 10) and tested.shape == (899, 10)


def run(*rows):
    names = ("method", "seconds", "test", "certainty", "steady information", "density")
    return [dict(zip(names, row, strict=True)) for row in rows]


def test_picked_is_the_best_by_the_validator_and_oracle_the_best_on_the_test():
    a, b = ("A", 2, 0.7, -0.1, 2.0, 3.1), ("B", 1, 0.8, -0.5, 1.5, 3.2)
    runs = [run(("source only", 0, 0.5, -1, 1.0, 3.0), a, b)]
    a, b = ("A", 3, 0.6, -0.1, 2.0, 3.1), ("B", 1, 0.4, -0.5, 1.5, 3.2)
    runs += [run(("source only", 0, 0.5, -1, 2.1, 3.0), a, b)]
    rows = dict(adaptation_methods.summarise(runs))
    assert rows["A"] == "65.0% (60.0% to 70.0%), 3 s at most"
    # The first run picks A (0.7); the second keeps the network as it is (0.5).
    assert rows["**picked** without labels (A, source only)"] == "60.0% (50.0% to 70.0%)"
    assert rows["picked over source only"] == "+10.0 points (+0.0 at least)"
    assert rows["**oracle**: best on the test"] == "70.0% (60.0% to 80.0%)"
    # Ranks of the test: 1 2 3 and 2 3 1; of the density: 1 2 3 in both.
    assert rows["rank correlation of density with the test"] == "+0.25"


def test_no_candidate_was_adapted_on_pictures_that_choose_or_test(small, monkeypatch):
    seen = []
    monkeypatch.setattr(
        adaptation, "adabn", lambda model, images: seen.append(images) or (model, {})
    )
    task = tasks.load_task("plain print → handwriting", seed=1)
    tasks.run_method("AdaBN", recipes.small_network(1), task, seed=1)
    assert len(seen) == 1 and seen[0] is task.adapt_on
