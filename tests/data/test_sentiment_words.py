"""Words with sentiment, and their families: none on both sides of a cut."""

import dataclasses
import hashlib

import numpy as np
import pytest

import tlhelpers as tl
from tlhelpers.data import sentiment_words
from tlhelpers.data.sentiment_words import load_sentiment_words, split_families
from tlhelpers.data.word_families import find_families
from tlhelpers.fetching import fetch, registry

LIST = registry.FILES[sentiment_words.LIST]
real = pytest.mark.skipif(LIST.installed() is None, reason="no vaderSentiment here")


@pytest.fixture
def listed(tmp_path, monkeypatch):
    """Call it with lines, and the course takes them for the list in the package."""

    def known(content):
        path = tmp_path / "list.txt"
        path.write_bytes(content)
        checksum = hashlib.sha256(content).hexdigest()
        file = dataclasses.replace(LIST, checksum=checksum)
        monkeypatch.setitem(registry.FILES, LIST.name, file)
        monkeypatch.setattr(registry.File, "installed", lambda self: path)

    return known


def test_words_are_read_and_emoticons_and_phrases_are_not(listed):
    listed(
        b":-)\t1.3\t1\t[1]\nbad\t-2.5\t0\t[]\ncan't stand\t-2\t0\t[]\ngood\t1.9\t0\t[]\n"
        b"goodness\t2\t0\t[]\nwell-being\t0.5\t0\t[]\n4col\t-1\t0\t[]\nok\t1\t0\t[]\nok\t2\t0\t[]\n"
    )
    found = load_sentiment_words()
    assert found.words.tolist() == ["bad", "good", "goodness", "well-being", "ok"]
    assert found.valence.tolist() == [-2.5, 1.9, 2, 0.5, 1.5]
    assert found.labels.tolist() == [0, 1, 1, 1, 1] and found.families.tolist() == [0, 1, 1, 2, 3]
    assert load_sentiment_words(clear=1.9).words.tolist() == ["bad", "good", "goodness"]


@pytest.mark.parametrize("line", [b"good", b"good\tvery\tx", b"good\t4.5\tx", b"good\tnan\tx"])
def test_another_line_gets_a_sentence(listed, line):
    listed(b"bad\t-2.5\t0\t[]\n" + line)
    with pytest.raises(ValueError, match="^Line 2 of list.txt is not as it should be: wanted are"):
        load_sentiment_words()


def test_another_list_gets_a_sentence(listed):
    listed("caf\xe9\t1\n".encode("cp1252"))
    with pytest.raises(ValueError, match="list.txt is no list of words: it is not in UTF-8"):
        load_sentiment_words()
    listed(b":-)\t1.3\n")
    with pytest.raises(ValueError, match="has no word with a valence of 0 or more"):
        load_sentiment_words()
    with pytest.raises(ValueError, match="clear must be a number from 0 to 4; got 5"):
        load_sentiment_words(clear=5)


def test_without_the_package_one_line_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setattr(registry.File, "installed", lambda self: None)
    monkeypatch.setenv("TLHELPERS_CACHE", str(tmp_path))
    with pytest.raises(fetch.FileNotHere, match="pip install --no-deps vaderSentiment==3.3.2"):
        load_sentiment_words()


@real
def test_the_real_list_is_read_and_its_code_is_not(monkeypatch):
    import sys

    found = load_sentiment_words()
    assert len(found.words) == 7_217 and len({*found.words}) == 7_217
    of = dict(zip(found.words, found.valence, strict=True))
    assert (of["good"], of["great"], of["horrible"]) == (1.9, 3.1, -2.5)  # as the authors print
    assert "vaderSentiment" not in sys.modules


# ------------------------------------------------------------------------------ families


@pytest.mark.parametrize(
    "family",
    [
        "good goodness goodly goods",
        "happy unhappy happier happiest happily happiness unhappiness",
        "forbid forbids forbidden forbidding forbiddingly forbidder",
        "hate hated hates hateful hater haters hating",
        "abuse abuser abusive abusively abused",
        "honest dishonest honesty dishonesty honestly",
        "defeat defeated defeatist defeatism undefeated",
        "beauty beautiful beautifully beautify",
        "charm charming charmless charmer charmingly",
        "courage courageous encourage discouraging courageously",
        "terror terrorist terrorize terrorism",
        "forgive forgave forgiveness unforgiving",
    ],
)
def test_a_family_is_found(family):
    words = family.split()
    assert len({*find_families(words)}) == 1
    among = find_families([*words, "table", "xylophone"])
    assert len({*among}) == 3


def test_words_that_have_nothing_in_common_are_apart():
    words = "good bad love hate war peace win lose kill save sad joy".split()
    assert find_families(words).tolist() == list(range(12))
    # A beginning only comes off where another word has the rest.
    assert find_families(["disaster", "under", "undone", "table"]).tolist() == [0, 1, 2, 3]
    assert find_families(["disturb", "turban"]).tolist() == [0, 1]
    assert find_families(["undisplay", "display", "play"]).tolist() == [0, 0, 0]
    assert find_families(["undone", "done", "displease", "please"]).tolist() == [0, 0, 1, 1]
    assert find_families([]).tolist() == []


def test_families_are_the_same_in_any_order():
    words = "unkind kindness kind good goodly sadly sad sadness unhappy happier".split()
    first = find_families(words)
    order = np.random.default_rng(0).permutation(len(words))
    other = find_families([words[i] for i in order])
    pairs = first[order][:, None] == first[order][None]
    assert np.array_equal(pairs, other[:, None] == other[None])


def made_up():
    letters = np.random.default_rng(3).choice(list("bcfghjklmopqvwxz"), (60, 5))
    stems = ["".join(row) for row in letters]
    words = [word + ending for word in stems for ending in ("", "ness", "ly")]
    valence = np.repeat(np.where(np.arange(60) % 2, 1.5, -1.5), 3)
    families = find_families(words)
    return sentiment_words.SentimentWords(
        tl.texts.text_array(words), valence, (valence > 0).astype(int), families
    )


def test_no_family_is_on_both_sides():
    words = made_up()
    assert words.families.max() == 59
    for seed in range(3):
        train, test = split_families(words, seed=seed)
        assert not {word[:5] for word in words.words[train]} & {w[:5] for w in words.words[test]}
        assert words.labels[test].mean() == pytest.approx(0.5, abs=0.03)
        assert len(train) + len(test) == 180


def test_letters_know_a_family_and_nothing_else():
    """With families on both sides, letters alone answer; apart, they guess."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    words = made_up()

    def score(train, test):
        letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5))
        model = make_pipeline(letters, LogisticRegression(C=10))
        model.fit(words.words[train], words.labels[train])
        return model.score(words.words[test], words.labels[test])

    draws = range(5)
    apart = np.mean([score(*split_families(words, seed=seed)) for seed in draws])
    alone = words._replace(families=np.arange(180))
    mixed = np.mean([score(*split_families(alone, seed=seed)) for seed in draws])
    assert mixed > 0.85 and apart < 0.7


def test_what_cannot_be_cut_gets_a_sentence():
    words = made_up()
    with pytest.raises(ValueError, match="got 180 words and 179 labels"):
        split_families(words._replace(labels=words.labels[1:]))
    with pytest.raises(ValueError, match="got 179 families and 180 labels"):
        split_families(words._replace(families=words.families[1:]))
    with pytest.raises(ValueError, match="too few families"):
        split_families(words._replace(families=words.labels))
    with pytest.raises(TypeError, match="must be SentimentWords; got list"):
        split_families(["good"])
