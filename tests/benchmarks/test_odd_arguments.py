"""Odd arguments are refused in words: the judge that says so, and a sample of its cases."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from benchmarks import odd_arguments, valid_calls
from benchmarks.odd_values import ANY, EQUAL, REFUSE, Odd, kind_of, odd_values

needs_alarm = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no alarm on Windows")


def test_every_public_function_has_a_valid_call_or_a_reason_for_none():
    """A new function joins in: write a valid call into `benchmarks.valid_calls`."""
    known = valid_calls.public_functions().keys()
    assert valid_calls.CALLS.keys() | valid_calls.LEFT_OUT.keys() == known
    assert not valid_calls.CALLS.keys() & valid_calls.LEFT_OUT.keys()


def tidy(values):
    if not isinstance(values, np.ndarray):
        raise TypeError("values must be an array of numbers; got another thing.")
    return values.mean(axis=0)


def short_of_words(values):
    raise ValueError("no")


def deep(values):
    return np.linalg.inv(np.zeros((2, 2)))


def endless(values):
    while True:
        pass


def waiting(values):
    time.sleep(5)


def careless(values):
    return 0.0


def spoiling(values):
    values += 1
    return 0.0


def blank(values):
    return {"mean": [np.nan]}


def particular(values):
    return float(values.flags.c_contiguous)


VALID = np.arange(6.0).reshape(2, 3)


@needs_alarm
@pytest.mark.parametrize(
    ("function", "value", "must", "verdict", "how"),
    [
        (tidy, VALID, EQUAL, "right", ""),
        (tidy, None, REFUSE, "right", ""),
        (short_of_words, None, REFUSE, "deep", "ValueError: no"),
        (deep, None, REFUSE, "deep", "Singular matrix"),
        (endless, None, ANY, "hang", "no end after 0.1 s"),
        (waiting, None, ANY, "hang", "no end after 0.1 s"),
        (careless, None, REFUSE, "wrong", "taken: 0.0"),
        (spoiling, VALID, EQUAL, "wrong", "values was changed"),
        (blank, VALID, ANY, "wrong", "NaN or infinity in the result"),
        (particular, np.asfortranarray(VALID), EQUAL, "wrong", "another result"),
    ],
)
def test_the_judge_knows_each_kind_of_fault(monkeypatch, function, value, must, verdict, how):
    name = f"tl.fake.{function.__name__}"
    monkeypatch.setattr(odd_arguments, "PATIENCE", 0.1)
    monkeypatch.setattr(odd_arguments, "PACKAGE", os.path.dirname(__file__))
    monkeypatch.setattr(valid_calls, "public_functions", lambda: {name: function})
    monkeypatch.setitem(valid_calls.CALLS, name, lambda: {"values": VALID.copy()})
    found = odd_arguments.judge(
        odd_arguments.Call(name, "values", Odd("odd", lambda: np.copy(value, "K"), must))
        if isinstance(value, np.ndarray)
        else odd_arguments.Call(name, "values", Odd("odd", lambda: value, must))
    )
    assert found.verdict == verdict and how in found.how


def test_the_values_fit_the_kind_of_the_argument():
    kinds = {True: "flag", 3: "whole", 0.5: "number", "a": "text", (1, 2): "sequence"}
    assert {valid: kind_of(valid) for valid in kinds} == kinds
    assert (
        kind_of(VALID) == "array" and kind_of({"a": 1}) == "mapping" and kind_of(len) == "function"
    )
    odd = {value.name: value for value in odd_values(np.array([0, 2, 1]), optional=False)}
    assert len(odd) > 50
    assert odd["None"].must == REFUSE and odd["as a column"].must == EQUAL
    assert odd["one-hot"].value().tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert "as float16" in odd and "as bool" not in odd  # the same numbers, or left out
    assert {value.name: value.must for value in odd_values(3, optional=True)}["None"] == ANY


def test_the_table_counts_by_module_and_judges_the_sum():
    call = odd_arguments.Call("tl.plots.bars", "shares", Odd("None", dict, REFUSE))
    right, bad = (odd_arguments.Found(call, verdict) for verdict in ("right", "deep"))
    words = "101 calls: 1 deep (1.0%), 0 hang, 0 wrong"
    assert odd_arguments.table([right] * 100 + [bad]) == [("tl.plots", words), ("all", words)]
    assert odd_arguments.is_good([right] * 100 + [bad])
    assert not odd_arguments.is_good([right] * 99 + [bad])
    assert not odd_arguments.is_good([right] * 1000 + [odd_arguments.Found(call, "wrong")])


@needs_alarm
@pytest.mark.slow
def test_odd_arguments_are_refused_in_words(root):
    """A sample of them; all: ``python -m benchmarks.odd_arguments``, in twenty minutes."""
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.odd_arguments", "--share", "0.012"],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-2000:]
