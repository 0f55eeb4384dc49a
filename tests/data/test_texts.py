"""Texts as callers give them: what is taken, and what gets a sentence."""

import numpy as np
import pytest

from tlhelpers.data import texts


@pytest.mark.parametrize(
    "text", ["A fine film.", "素晴らしい映画", "😀👍🏽", "שלום עולם", "two\nlines\tand a tab", "x"]
)
def test_texts_of_any_script_are_taken_as_they_are(text):
    assert texts.read_texts([text, "b"]) == [text, "b"]
    assert texts.read_texts(np.array([text])) == [text]
    assert texts.read_texts((text,)) == [text]


@pytest.mark.parametrize(
    ("given", "kind", "why"),
    [
        ("one text", TypeError, r"must be a list of texts; got one. For one text, write \[text\]"),
        (b"one text", TypeError, "must be a list of texts"),
        ([b"caf\xe9"], TypeError, r"texts\[0\] is bytes.*decode"),
        (["a", 3], TypeError, r"texts\[1\] must be a text; got int"),
        (["a", ["b"]], TypeError, r"texts\[1\] must be a text; got list"),
        (["a", None], TypeError, r"texts\[1\] must be a text; got NoneType"),
        (["a", ""], ValueError, r"texts\[1\] is empty: leave it out, and its label"),
        ([" \n "], ValueError, r"texts\[0\] is empty"),
        (["x" * 10_000_000], ValueError, "has 10,000,000 characters; at most 100,000.*pieces"),
        (["a\x00b"], ValueError, r"control character \('\\x00' at 1\)"),
        (["beep\x07"], ValueError, "control character"),
        (["caf\udce9"], ValueError, "half a character .at 3.*wrong encoding.*utf-8"),
        ([], ValueError, "must have at least 1 text; got 0"),
        (np.array([["a", "b"]]), ValueError, r"one row of texts; got shape \(1, 2\)"),
        (7, TypeError, "must be a list"),
        ({"a": 1}, TypeError, "must be a list"),
    ],
)
def test_what_is_no_text_gets_a_sentence(given, kind, why):
    with pytest.raises(kind, match=why) as said:
        texts.read_texts(given)
    assert len(str(said.value)) < 300 and "\n" not in str(said.value)


def test_there_is_one_text_for_each_label():
    with pytest.raises(ValueError, match="must have 3 texts, one for each label; got 2"):
        texts.read_texts(["a", "b"], count=3)
    assert texts.read_texts(["", "b"], count=2, empty=True) == ["", "b"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file_is_read_in_its_encoding(tmp_path, encoding):
    (tmp_path / "a.txt").write_bytes("Größe 😀".encode(encoding))
    assert texts.read_text_file(tmp_path / "a.txt") == "Größe 😀"


def test_another_encoding_and_a_large_file_get_a_sentence(tmp_path):
    (tmp_path / "a.txt").write_bytes("Größe".encode("cp1252"))
    with pytest.raises(ValueError, match="a.txt is not in UTF-8: byte 2 is 0xf6.*cp1252"):
        texts.read_text_file(tmp_path / "a.txt")
    (tmp_path / "b.txt").write_bytes(b"\xff\xfea")
    with pytest.raises(ValueError, match="begins as UTF-16"):
        texts.read_text_file(tmp_path / "b.txt")
    with pytest.raises(ValueError, match="b.txt has 3 bytes; at most 2"):
        texts.read_text_file(tmp_path / "b.txt", most=2)
    with pytest.raises(FileNotFoundError, match="There is no file"):
        texts.read_text_file(tmp_path / "c.txt")
    with pytest.raises(TypeError, match="path of one file"):
        texts.read_text_file(3)


def test_words_are_cut_as_gloves_were():
    assert texts.split_words("They'll say it’s well-made; I DON'T.") == [
        *("they", "'ll", "say", "it", "'s", "well", "-", "made", ";", "i", "do", "n't", ".")
    ]
    accent = texts.split_words("CAFE\u0301, O'Brien's 3.5 don't_you")
    assert accent == ["café", ",", "o'brien", "'s", "3", ".", "5", "do", "n't", "_", "you"]
    assert texts.split_words("映画 😀👍🏽") == ["映画", "😀", "👍", "🏽"]
    assert texts.split_words(" \n") == []


def test_what_is_tested_is_left_out_of_the_training():
    rows = ["Well  made.", "Bad", "well made", ":-)", ":-(", "WELL MADE!"]
    assert texts.leave_out_copies(rows, [0, 1, 3], [2, 4]).tolist() == [1, 3]
    assert texts.leave_out_copies(rows, [1], []).tolist() == [1]
    with pytest.raises(ValueError, match="rows of the 6 texts"):
        texts.leave_out_copies(rows, [6], [0])
