"""Words out of Parquet files, and what is said of a file that is damaged or of another kind."""

import re

import numpy as np
import pytest
from parquet_files import FILES, WORDS

from tlhelpers.data import parquet_words
from tlhelpers.data.parquet_words import NotReadable, read_words


def read(folder, content):
    (folder / "index.parquet").write_bytes(content)
    return read_words(folder / "index.parquet")


@pytest.mark.parametrize(
    "kind", ["dictionary_snappy", "plain_snappy", "plain_unpacked", "never_empty"]
)
def test_words_come_in_the_order_of_their_rows(tmp_path, kind):
    assert read(tmp_path, FILES[kind]) == WORDS


def test_many_pages_and_groups_of_rows(tmp_path):
    assert read(tmp_path, FILES["groups_and_pages"]) == [f"word{i % 100}" for i in range(250)]
    assert read(tmp_path, FILES["one_word_only"]) == 9 * ["so"]


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("gzip", "it is packed, and not with Snappy"),
        ("two_columns", "wanted is one column of texts"),
        ("numbers", "wanted is one column of texts"),
        ("lists", "wanted is one column of texts"),
        ("missing", "a row in it is empty"),
        ("newer_pages", "its pages are of a newer version"),
        ("other_encoding", "its texts are neither plain nor in a dictionary"),
        ("not_utf8", "it is damaged"),
    ],
)
def test_another_kind_of_file_gets_a_sentence(tmp_path, kind, why):
    with pytest.raises(NotReadable, match=f"^index.parquet cannot be read as words: {why}") as said:
        read(tmp_path, FILES[kind])
    assert "\n" not in str(said.value)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" * 3, b"the\nof\n" * 9])
def test_what_is_no_parquet_file_gets_a_sentence(tmp_path, content):
    with pytest.raises(NotReadable, match="index.parquet cannot be read as words: "):
        read(tmp_path, content)


@pytest.mark.parametrize("kind", ["dictionary_snappy", "plain_snappy", "groups_and_pages"])
def test_a_damaged_file_is_read_or_refused_and_takes_no_memory(tmp_path, kind):
    """Whatever bits fell over: words, or one sentence, and soon."""
    chance, refused = np.random.default_rng(0), 0
    for _ in range(100):
        content = bytearray(FILES[kind])
        for place in chance.integers(0, len(content), chance.integers(1, 4)):
            content[place] = chance.integers(0, 256)
        try:
            assert len(read(tmp_path, bytes(content))) < 10_000
        except NotReadable:
            refused += 1
    assert refused > 20
    for end in range(0, len(FILES[kind]), 7):
        with pytest.raises(NotReadable):
            read(tmp_path, FILES[kind][:end])


def test_absurd_sizes_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet_words, "MOST", 5)
    with pytest.raises(NotReadable, match="its number of rows is absurd"):
        read(tmp_path, FILES["plain_unpacked"])
    monkeypatch.setattr(parquet_words, "MOST", 20)  # enough for ten rows
    with pytest.raises(NotReadable, match="a page in it has an absurd size"):
        read(tmp_path, FILES["plain_unpacked"])
    with pytest.raises(NotReadable, match="longer than its page"):
        parquet_words._plain(b"\x03\0\0\0ab", 1)


def test_snappy_repeats_what_it_has_just_written():
    # by hand: 9 bytes; "ab" as it is; then 7 more from 2 back (kind 1: 4 to 11 bytes)
    packed = bytes([9, 1 << 2, *b"ab", (7 - 4) << 2 | 1, 2])
    assert parquet_words._unpack_snappy(packed, 9) == b"ababababa"
    # kind 2: two bytes for how far back, little end first
    packed = bytes([8, 3 << 2, *b"abcd", (4 - 1) << 2 | 2, 4, 0])
    assert parquet_words._unpack_snappy(packed, 8) == b"abcdabcd"
    # kind 3: four bytes for that; and a long piece, whose length is in the byte behind
    text = bytes(range(70))
    packed = bytes([75, 60 << 2, 69, *text, (5 - 1) << 2 | 3, 70, 0, 0, 0])
    assert parquet_words._unpack_snappy(packed, 75) == text + text[:5]
    with pytest.raises(NotReadable, match=re.escape("points outside of itself")):
        parquet_words._unpack_snappy(bytes([6, 0, *b"a", 5 << 2 | 1, 2]), 6)
