"""The tasks of adaptation and the small network: the protocol, on a small scale."""

import keras
import numpy as np
import pytest

from tlhelpers.labs import load
from tlhelpers.transfer import adaptation, fine_tuning, recipes, tasks


@pytest.fixture
def small(monkeypatch):
    """Make everything short; numbers mean nothing then, the protocol is the same."""
    monkeypatch.setattr(tasks, "SOURCE", 640)
    monkeypatch.setattr(recipes, "EPOCHS", 1)
    monkeypatch.setattr(tasks, "SETTINGS", {"steps": 2, "batch_size": 16})


def test_the_target_is_cut_in_three_where_a_writer_begins(small):
    task = tasks.load_task("plain print → handwriting", seed=1)
    lab = load.load_lab("digits")
    assert (len(task.adapt_on), len(task.choose_on), len(task.test.labels)) == (646, 259, 892)
    whole = np.concatenate([task.adapt_on, task.choose_on, task.test.images])
    images = np.concatenate([lab.train.images, lab.test.images])
    assert np.array_equal(whole, recipes.enlarge_digits(images))
    assert np.array_equal(task.test.labels, lab.test.labels[-892:])
    labels = np.concatenate([lab.train.labels, lab.test.labels])
    for cut in (0, *tasks.CUTS):  # each writer begins with 0 to 9, twice; one wrote an 8 for a 0
        written = labels[cut : cut + 20] == np.arange(20) % 10
        assert written[1:].all()


def test_varied_print_of_a_task_has_no_habit_of_a_class(small):
    task = tasks.load_task("varied print → handwriting", seed=1)
    without = recipes.draw_printed_digits(640, "varied", 10_001, habits=False)
    fitted = recipes.draw_printed_digits(640, "varied", 10_001)
    assert np.array_equal(task.source.images, without.images)
    differ = (fitted.images != without.images).any(axis=(1, 2, 3))
    assert set(fitted.labels[differ]) == {1, 7}


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


def test_training_the_small_network_shows_a_bar_only_where_asked(small, capsys):
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


def test_feature_baselines_answer_for_both_parts(small):
    task = tasks.load_task("plain print → handwriting", seed=1)
    answers = tasks.feature_baselines(recipes.small_network(1), task)
    assert set(answers) == {"features", "features, CORAL", "features, importance weights"}
    for chosen, tested in answers.values():
        assert chosen.shape == (259, 10) and tested.shape == (892, 10)


def test_no_candidate_was_adapted_on_pictures_that_choose_or_test(small, monkeypatch):
    seen = []
    monkeypatch.setattr(
        adaptation, "adabn", lambda model, images: seen.append(images) or (model, {})
    )
    task = tasks.load_task("plain print → handwriting", seed=1)
    tasks.run_method("AdaBN", recipes.small_network(1), task, seed=1)
    assert len(seen) == 1 and seen[0] is task.adapt_on


def test_the_usual_recipe_trains_its_head_alone():
    lab = load.load_lab("digits")
    pictures = np.random.default_rng(0).integers(0, 256, (8, 48, 48, 3), dtype=np.uint8)
    model = recipes.usual_recipe(lab.backbone(), len(lab.target_classes))
    model.compile("adam", "sparse_categorical_crossentropy")
    before = model.get_weights()
    model.fit(pictures, np.arange(8), verbose=0)
    moved = fine_tuning.changed_layers(model, before)
    seeds = [layer for layer in moved if "random" in layer.name or "dropout" in layer.name]
    assert [layer for layer in moved if layer not in seeds] == [model.layers[-1]]


@pytest.mark.parametrize("seed", [1.5, -1, None, 10**30])
def test_seeds_are_whole_numbers(seed):
    for call in (
        lambda: recipes.small_network(seed),
        lambda: recipes.draw_printed_digits(10, "plain", seed),
        lambda: tasks.load_task("plain print → handwriting", seed),
    ):
        with pytest.raises((TypeError, ValueError), match="seed must be a whole number"):
            call()


def test_the_usual_recipe_freezes_nothing_when_it_refuses():
    backbone = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten()])
    for classes in (1, 2.5, "two", None):
        with pytest.raises((TypeError, ValueError), match="classes must be a whole number from 2"):
            recipes.usual_recipe(backbone, classes)
    assert backbone.trainable
    with pytest.raises(TypeError, match="backbone must be a network of Keras; got 'MobileNetV2'"):
        recipes.usual_recipe("MobileNetV2", 3)


def test_what_is_no_task_or_method_is_refused():
    with pytest.raises(ValueError, match="Unknown method 'magic'. Choose from: AdaBN"):
        tasks.run_method("magic", None, None, 0)
    with pytest.raises(TypeError, match="task must come from tl.tasks.load_task"):
        tasks.run_method("AdaBN", recipes.small_network(), (1, 2), 0)
    with pytest.raises(TypeError, match="model must be a network of Keras; got None"):
        tasks.run_method("AdaBN", None, None, 0)
    with pytest.raises(TypeError, match="task must come from tl.tasks.load_task"):
        tasks.feature_baselines(None, None)
