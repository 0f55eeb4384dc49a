"""The benchmark of label budgets of photographs: what is learned from, and what is counted."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from benchmarks import photo_budgets, solar_cells, tables
from benchmarks.solar_cells import Scores


def data(n=400, noise=0.5, seed=0):
    """Two classes, and two columns of which the first tells them apart."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, n)
    rows = rng.normal(0, 1, (n, 2))
    rows[:, 0] = labels + rng.normal(0, noise, n)
    return rows, labels


def test_c_is_chosen_where_there_are_labels_for_it():
    rows, labels = data(60)
    assert photo_budgets.choose_penalty(rows[labels.argsort()[[0, -1]]], np.array([0, 1])) == 1
    chance = np.random.default_rng(1).normal(size=(60, 30))
    assert photo_budgets.choose_penalty(chance, labels) <= 0.1
    clear = np.stack([labels, labels], axis=1) + 0.01 * rows
    assert photo_budgets.choose_penalty(clear, labels) == max(solar_cells.PENALTIES)


@pytest.mark.parametrize("budget", [1, 20])
def test_labels_are_drawn_from_the_modules_to_learn_from(budget):
    rows, labels = data(noise=0.1)
    rows[:, 1] = rows[:, 0]
    train, test = np.arange(150), np.arange(150, 300)
    rows[300:] = np.nan  # whoever looks there fails
    labels[150:] = 1 - labels[150:]
    found = photo_budgets.budget_scores(rows, labels, train, test, budget)
    assert found.auc < 0.35 and found.accuracy < 0.5  # right, had the labels not been turned round


def test_a_cut_is_counted_where_it_is_above_each_of_the_two():
    auc = {"last": (0.5, 0.9), "cut": (0.8, 0.8), "pixels": (0.7, 0.8), "light": (0.4, 0.7)}
    scores = {name: [Scores(0, 0, value) for value in values] for name, values in auc.items()}
    assert photo_budgets.ahead(scores) == "last 1 / 2, cut 1 / 2 of 2"


def test_the_second_python_finds_what_the_first_left(monkeypatch):
    seen = []

    def run(command, env):
        folder = Path(env["TLHELPERS_CACHE"])
        seen.append([path.name for path in folder.iterdir()])
        (folder / "left").touch()
        print_laps = {"files": len(seen), "accuracy": 0.5}
        return b"something else\n" + json.dumps(print_laps).encode() + b"\n"

    monkeypatch.setattr(subprocess, "check_output", run)
    assert [laps["files"] for laps in photo_budgets.time_twice().values()] == [1, 2]
    assert seen == [[], ["left"]]
    photo_budgets.time_twice()
    assert seen[2:] == [[], ["left"]]  # and not what an earlier run left


def test_without_photographs_there_is_no_table(monkeypatch, capsys):
    monkeypatch.setattr(photo_budgets.photo_sections, "load_photos", lambda name: None)
    monkeypatch.setattr(solar_cells, "load_cells", lambda name, only: None)
    run = tables.run("photo_budgets", photo_budgets.measure_budgets, draws=1, argv=[])
    assert run == 1 and "|" not in capsys.readouterr().out
