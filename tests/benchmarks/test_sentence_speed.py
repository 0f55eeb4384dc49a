"""The sentences whose speed is measured."""

import pytest

from benchmarks import sentence_speed
from tlhelpers.fetching import fetch


def test_there_are_enough_sentences_and_no_two_are_the_same():
    found = sentence_speed.docstring_sentences()
    assert len(found) == len({*found}) == sentence_speed.COUNT
    assert all(8 <= len(text.split()) <= 24 and "\n" not in text for text in found)


def test_without_the_network_it_says_what_is_missing(monkeypatch, capsys):
    def missing(**_):
        raise fetch.FileNotHere("MiniLM is not here.")

    monkeypatch.setattr(sentence_speed.bert, "load_minilm", missing)
    assert sentence_speed.measure_speed() is None
    assert capsys.readouterr().err == "MiniLM is not here.\n"


def test_both_ways_are_measured(monkeypatch):
    if fetch.find_here(fetch.find_file(sentence_speed.bert.WEIGHTS)) is None:
        pytest.skip("its package is not installed")
    some = sentence_speed.docstring_sentences(5)
    monkeypatch.setattr(sentence_speed, "docstring_sentences", lambda: some)
    rows = dict(sentence_speed.measure_speed())
    assert rows["sentences"].startswith("5, of ") and float(rows["largest difference"]) < 1e-4
    assert {"Keras", "ONNX Runtime"} <= rows.keys()
