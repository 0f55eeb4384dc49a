"""Mistakes of data and of judging: does each pair differ in the mistake, and in nothing else?"""

import numpy as np
import pytest

from benchmarks import museum
from tlhelpers.data import handwriting


@pytest.fixture(scope="module")
def digits():
    pictures, labels = handwriting.load_handwriting()
    return pictures.reshape(len(pictures), -1), labels


def test_a_project_and_the_world_share_nothing_and_are_all():
    mine, world = museum.draw_project(3, 200, 1797)
    assert len(mine) == 200
    assert sorted(np.append(mine, world)) == list(range(1797))
    assert not np.array_equal(mine, museum.draw_project(4, 200, 1797)[0])


def test_copies_flatter(digits):
    believed, true = museum.copies(*digits, seed=7)
    assert believed > 0.97 and 0.7 < true < 0.95


def test_one_shot_of_each_picture_flatters_little(digits):
    pairs = [museum.copies(*digits, seed=seed, count=1) for seed in range(10)]
    believed, true = np.mean(pairs, axis=0)
    assert abs(believed - true) < 0.06


def test_weights_help_the_rare_class(digits):
    accuracy, balanced, weighted = museum.rare_class(*digits, rare=9, seed=7)
    assert accuracy > 0.9 > balanced
    assert weighted > balanced


def test_a_rare_class_is_judged_on_rows_that_were_not_learned_from(digits):
    _, labels = digits
    noise = np.random.default_rng(0).normal(size=(len(labels), 600))  # learned by heart
    accuracy, balanced, _ = museum.rare_class(noise, labels, 9, seed=7)
    assert accuracy > 0.9 and balanced < 0.6


def test_noise_cannot_be_foretold_unless_features_were_chosen_with_the_test():
    leaky, clean = np.mean([museum.chosen_together(seed) for seed in range(5)], axis=0)
    assert leaky > 0.75 and 0.35 < clean < 0.65


def test_the_oracle_is_never_behind_what_was_picked():
    rng = np.random.default_rng(0)
    numbers = np.arange(200) % 10
    centres = 3 * rng.normal(size=(10, 12))
    source, target = (centres[numbers] + rng.normal(size=(200, 12)) for _ in range(2))
    oracle, picked = museum.tuned_on_target(source, numbers, target + 1, numbers)
    assert picked <= oracle <= 1 and picked > 0.5


def test_in_words_gives_the_mean_of_both_and_the_range_of_the_damage():
    found = museum.in_words([(0.9, 0.8), (0.8, 0.75)])
    assert found == "85.0 / 77.5 %, damage +7.5 points (+5.0 to +10.0)"
    assert museum.in_words([(0.5, 0.6)]).endswith("damage -10.0 points (-10.0 to -10.0)")
