"""Byte pairs: any text becomes tokens and comes back; what is no text gets a sentence."""

import re

import numpy as np
import pytest

from tlhelpers.networks.byte_pairs import END, BytePairs, learn_pairs

SENTENCES = [
    "the other weather is the one that gathers there",
    "Parameters\n----------\nx : array_like\n    The other input.\n",
]
ODD = [
    "grün, élan, naïve",
    "日本語の文、漢字かな",
    "🎬👩‍👩‍👧 emoji",
    "  leading\t tabs \r\n and\n\n    indents   ",
    "x" * 5000,
    "a\u00a0b\u2028c\ufeff",
    "מזל טוב",
]


@pytest.fixture(scope="module")
def tokenizer():
    return learn_pairs(SENTENCES * 3, 290)


@pytest.mark.parametrize("text", SENTENCES + ODD)
def test_every_text_comes_back(tokenizer, text):
    tokens = tokenizer.encode(text)
    assert tokens.dtype == np.int32 and tokens.max() < len(tokenizer)
    assert tokenizer.decode(tokens) == text
    assert sum(len(tokenizer.tokens[token]) for token in tokens) == len(text.encode())


def test_the_most_frequent_neighbours_are_joined_first():
    # "ab" five times, then "abc" three times; "cd" comes twice, and is broken by "abc".
    found = learn_pairs(["ab", "ab", "abcd", "abcd", "abc"], 258)
    assert found.tokens[256:] == [b"ab", b"abc"]
    assert found.encode("abcd").tolist() == [257, ord("d")]


def test_the_earlier_pair_wins_wherever_it_stands():
    found = BytePairs([(ord("b"), ord("c")), (ord("a"), ord("b")), (257, ord("c"))])
    assert found.encode("abc").tolist() == [ord("a"), 256]
    assert found.encode("abbc").tolist() == [257, 256]


def test_nothing_is_joined_across_words(tokenizer):
    joined = tokenizer.tokens[256:]
    assert len(joined) > 20
    assert not [token for token in joined if re.search(rb"[^\n ][\n ]", token)]


def test_learning_twice_gives_the_same(tokenizer):
    assert np.array_equal(learn_pairs(SENTENCES * 3, 290).pairs, tokenizer.pairs)


def test_texts_end_with_a_token_of_their_own(tokenizer):
    one, two = tokenizer.encode("one"), tokenizer.encode("two")
    assert tokenizer.encode_all(["one", "two"]).tolist() == [*one, END, *two, END]


def test_learning_ends_where_nothing_comes_twice():
    assert len(learn_pairs(["abc"], 400)) == 256


@pytest.mark.parametrize(
    "text, kind, says",
    [
        ("", ValueError, "empty"),
        ("  \n", ValueError, "empty"),
        ("a" * 10_000_000, ValueError, "at most 1,000,000 are taken"),
        (["a", "b"], TypeError, "text must be one text; got a list"),
        (b"abc", TypeError, "decode it"),
        (None, TypeError, "must be a text"),
        (3.5, TypeError, "must be a text"),
        ("a\x00b", ValueError, "control character"),
        ("a\x1b[0m", ValueError, "control character"),
        ("half \ud83d", ValueError, "wrong encoding"),
    ],
)
def test_what_is_no_text_gets_a_sentence(tokenizer, text, kind, says):
    with pytest.raises(kind, match=says) as caught:
        tokenizer.encode(text)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("numbers", [[290], [-1], [[1, 2]], [1.5], "abc"])
def test_what_are_no_tokens_gets_a_sentence(tokenizer, numbers):
    with pytest.raises((TypeError, ValueError), match="numbers must"):
        tokenizer.decode(numbers)


@pytest.mark.parametrize(
    "pairs, says",
    [
        ([(1, 2), (1, 2)], "come twice"),
        ([(1, 300)], "come later"),
        ([(1, 256)], "come later"),
        ([(-1, 4)], "come later"),
        ([(1, 2, 3)], "rows of two"),
        ([(0.5, 1)], "rows of two"),
    ],
)
def test_what_are_no_pairs_is_refused(pairs, says):
    with pytest.raises(ValueError, match=says):
        BytePairs(pairs)


def test_half_a_letter_is_shown_as_lost(tokenizer):
    assert tokenizer.decode([0xC3]) == "\ufffd"
    assert tokenizer.decode([]) == ""
