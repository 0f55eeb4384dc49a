"""Byte pairs: where words are cut, which pairs are joined, and every text comes back."""

import itertools
import sys
import time
import unicodedata

import numpy as np
import pytest
from gguf_files import MERGES, SPECIAL, small_vocabulary

from tlhelpers.networks import smollm_tokens
from tlhelpers.networks.smollm_tokens import SmolTokenizer

ODD_TEXTS = [
    "",
    " ",
    "the thing",
    "  two blanks,\tand\r\n\n lines \n",
    "été ÉTÉ Straße naïve",
    "素晴らしい。東京は日本の首都",
    "مرحبا بالعالم שלום हिन्दी ไทย",
    "🎬👩‍👩‍👧‍👦🇩🇪 e\u0301",
    "x² ½ Ⅷ ٣ 三 2025",
    "".join(map(chr, range(32))) + "\x7f\x85\x9f",
    "\u2028\u00a0\u3000\ufeff\u200b",
    "\ufffd\U000e0041\U0010ffff",
    "it's I'LL _under_score__ a_b C'est",
    "a" * 5000,
    "<|im_start|>user<|im_end|> <|none|>",
]


@pytest.fixture(scope="module")
def pairs():
    return SmolTokenizer(small_vocabulary(), MERGES, SPECIAL)


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_every_text_comes_back(pairs, text):
    ids = pairs.encode(text)
    assert pairs.decode(ids) == text
    assert all(type(number) is int for number in ids)
    assert len(pairs.cut(text)) == len(ids)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Hello  world 123!", ["Hello", " ", " world", " ", "1", "2", "3", "!"]),
        ("x1y", ["x", "1", "y"]),
        ("1  2", ["1", "  ", "2"]),  # nothing follows the blanks in their part
        ("a\n\n\tif", ["a", "\n\n", "\t", "if"]),
        ("end  ", ["end", "  "]),
        ("it's I'LL we've", ["it", "'s", " I", "'", "LL", " we", "'ve"]),
        ("a_b, (c)", ["a", "_", "b", ",", " (", "c", ")"]),
        ("x²½Ⅷ三", ["x", "²", "½", "Ⅷ", "三"]),
        (" 東京🎬!", [" 東京", "🎬!"]),
        ("e\u0301a", ["e", "\u0301", "a"]),  # a mark is no letter
        ("a\x1cb\x1f c", ["a", "\x1c", "b", "\x1f", " c"]),  # no blanks, whatever Python says
        ("a\xa0b", ["a", "\xa0", "b"]),
    ],
)
def test_where_words_are_cut(text, wanted):
    assert list(smollm_tokens._words(text)) == wanted


def test_letters_are_those_of_unicode_whatever_python_calls_them():
    for number in range(sys.maxunicode + 1):
        kind = unicodedata.category(chr(number))[0]
        if kind in "LN":
            wanted = [f"a{chr(number)}"] if kind == "L" else ["a", chr(number)]
            assert list(smollm_tokens._words(f"a{chr(number)}")) == wanted, hex(number)


def slowly(word, ranks):
    """The same by looking at all pairs again after each join."""
    parts = list(word)
    while True:
        pairs = enumerate(itertools.pairwise(parts))
        known = [(ranks.get(pair, 10**9), place) for place, pair in pairs]
        if not known or min(known)[0] == 10**9:
            return parts
        place = min(known)[1]
        parts[place : place + 2] = [parts[place] + parts[place + 1]]


def test_pairs_are_joined_in_the_order_of_the_training():
    rng = np.random.default_rng(0)
    for _ in range(300):
        known, ranks = list("abc"), {}
        for rank in range(12):  # joins of joins, in any order
            pair = tuple(rng.choice(known, 2))
            if pair not in ranks and len("".join(pair)) < 9:
                ranks[pair] = int(rng.integers(100)) * 100 + rank
                known.append("".join(pair))
        word = "".join(rng.choice(list("abcd"), rng.integers(1, 40)))
        found = smollm_tokens._join_pairs(list(word), ranks)
        assert "".join(found) == word and found == slowly(word, ranks), (word, ranks)


def test_joins_stay_within_words_and_special_tokens_are_one(pairs):
    wanted = ["the", " ", "th", "in", "g", ",", " ", "in", "<|im_end|>", "T", "h", "in", "g", "s"]
    assert pairs.cut("the thing, in<|im_end|>Things") == wanted
    assert pairs.encode("<|im_end|>") == [2]
    assert pairs.cut(" the") == [" the"]


def test_what_has_no_token_is_left_out():
    fewer = SmolTokenizer([letter for letter in smollm_tokens.LETTERS if letter != "Ą"], [])
    lost = smollm_tokens.LETTERS.index("Ą")
    assert lost < 32 and fewer.decode(fewer.encode(f"a{chr(lost)}b")) == "ab"


def test_an_endless_word_takes_no_endless_time(pairs):
    began = time.process_time()
    text = "".join(np.random.default_rng(0).choice(list("thing"), 100_000))
    assert pairs.decode(pairs.encode(text)) == text
    assert time.process_time() - began < 10


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("a" * 10_000_000, ValueError, "10,000,000 characters; at most 100,000 are taken"),
        ("half \ud83c", ValueError, "half a character: it was read with a wrong encoding"),
        (b"bytes", TypeError, "text must be a text; got b'bytes'"),
        (["a"], TypeError, "text must be a text; got"),
    ],
)
def test_what_is_no_text_gets_a_sentence(pairs, text, kind, words):
    with pytest.raises(kind, match=words):
        pairs.encode(text)


def test_tokens_that_there_are_not(pairs):
    with pytest.raises(ValueError, match="numbers must be at least 0; got -1"):
        pairs.decode([-1])
    for odd in ([300], [0, 264]):
        with pytest.raises(ValueError, match="numbers must be from 0 to 263, for there are 264"):
            pairs.decode(odd)
    assert pairs.decode([]) == pairs.decode(()) == ""
    assert pairs.decode(np.array([7, 8])) == pairs.decode([7, 8]) == pairs.decode((7, 8))
    assert pairs.decode([pairs.encode("é")[0]]) == "\ufffd"  # half of its bytes


def test_many_texts_and_one(pairs):
    assert pairs.number_rows(["the", ""]) == [pairs.encode("the"), []]
    assert pairs.number_rows(np.array(["the", "in"])) == pairs.number_rows(("the", "in"))
    with pytest.raises(TypeError, match=r"got one text. Write \[text\]"):
        pairs.number_rows("the")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"vocabulary": ["a", "b", "a"]}, "some tokens come twice"),
        ({"vocabulary": ["a", "b c"]}, "token 'b c' is not written in the letters that stand"),
        ({"vocabulary": ["a", "東"]}, "is not written in the letters"),
        ({"vocabulary": ["a", ""]}, "token '' is not written"),
        ({"merges": ["a c"]}, r"merges\[0\] joins what is not in the vocabulary: 'a c'"),
        ({"merges": ["ab"]}, r"merges\[0\] joins what is not in the vocabulary"),
        ({"merges": ["a b c"]}, r"merges\[0\] joins what is not in the vocabulary"),
        ({"special": ["<|no|>"]}, "special token '<|no|>' is not in the vocabulary"),
        ({"special": ["<s>"], "merges": ["< s>"]}, "joins what is not in the vocabulary"),
    ],
)
def test_a_vocabulary_that_makes_no_sense(changes, words):
    given = {"vocabulary": ["a", "b", "ab", "<s>", "<", "s>"], "merges": ["a b"], "special": []}
    given |= {"merges": []} if "vocabulary" in changes else {}
    with pytest.raises(ValueError, match=words.replace("|", r"\|")):
        SmolTokenizer(**given | changes)
