"""WordPiece: the tokens that BERT was trained on, whatever the text."""

import hashlib
import json
import random
import time

import numpy as np
import pytest

from tlhelpers.fetching import registry
from tlhelpers.networks.wordpiece import SPECIAL, WordPiece, fill_up, read_vocabulary

WORDS = [*SPECIAL, "transfer", "##s", "##able", "un", "##aff", "a", "!", "'", "e", "中", "😀"]


@pytest.fixture
def small():
    return WordPiece(WORDS)


def inner(cutter, text):
    first, *tokens, last = cutter.cut(text)
    assert (first, last) == ("[CLS]", "[SEP]")
    return tokens


# ----------------------------------------------------------------------------- tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("transfer", ["transfer"]),
        ("TRANSFERS a", ["transfer", "##s", "a"]),
        ("unaffable", ["un", "##aff", "##able"]),
        ("unaffa", ["[UNK]"]),  # a rest that cannot be spelt: the whole word is unknown
        ("a!a", ["a", "!", "a"]),
        ("é É e\u0301", ["e", "e", "e"]),
        ("中a中", ["中", "a", "中"]),
        ("a\u0000\u200b\ufeff\ufffd!", ["a", "!"]),
        ("tra\u00adnsfer", ["transfer"]),
        ("a\u00a0\u3000\t\r\na", ["a", "a"]),
        ("😀 🙈", ["😀", "[UNK]"]),
        ("a" * 101, ["[UNK]"]),
        ("[SEP]", ["[UNK]", "[UNK]", "[UNK]"]),  # text is text, and no command
        ("", []),
        (" \n\u200b", []),
    ],
)
def test_text_is_cut(small, text, tokens):
    assert inner(small, text) == tokens


def test_a_long_text_is_cut_off_and_its_end_is_never_looked_at():
    few = WordPiece(WORDS, most=5)
    assert few.cut("a a a") == ["[CLS]", "a", "a", "a", "[SEP]"]
    assert few.cut("a a a a") == ["[CLS]", "a", "a", "a", "[SEP]"]
    assert few.cut("a a unaffable") == ["[CLS]", "a", "a", "un", "[SEP]"]
    for text in ("a " * 5_000_000, "a" * 10_000_000, "中" * 3_000_000, "\u200b" * 3_000_000):
        began = time.process_time()
        tokens = WordPiece(WORDS).cut(text)
        assert time.process_time() - began < 1 and len(tokens) <= 256


def test_tokens_are_numbered_and_filled_up(small):
    tokens = small(["a!", "", "transfers a"])
    assert tokens["ids"].tolist() == [[2, 9, 10, 3, 0], [2, 3, 0, 0, 0], [2, 4, 5, 9, 3]]
    assert tokens["mask"].tolist() == [[1, 1, 1, 1, 0], [1, 1, 0, 0, 0], [1, 1, 1, 1, 1]]
    assert tokens["ids"].dtype == tokens["mask"].dtype == np.int32
    assert small([])["ids"].shape == (0, 0) and fill_up([])["mask"].shape == (0, 0)
    table = np.array(["a!", ""])  # a column of a table
    assert small(table)["ids"].tolist() == small(["a!", ""])["ids"].tolist()


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ("one text", r"texts must be a list of texts; got one text. Write \[text\]."),
        (["a", ["b"]], r"texts\[1\] must be a text; got \['b'\]"),
        (["a", b"b"], r"texts\[1\] must be a text; got b'b'"),
        (["a", None], r"texts\[1\] must be a text; got None"),
        ([3], r"texts\[0\] must be a text; got 3"),
        ({"a": 1}, "texts must be a list; got"),
        (7, "texts must be a list; got 7"),
    ],
)
def test_what_is_no_list_of_texts_is_refused(small, texts, words):
    with pytest.raises(TypeError, match=words):
        small(texts)


def test_a_list_where_one_text_is_wanted_is_refused(small):
    with pytest.raises(TypeError, match=r"text must be a text; got \['a'\]"):
        small.cut(["a"])


# ------------------------------------------------------------------------- vocabulary


def test_a_file_of_tokens_is_read(tmp_path):
    path = tmp_path / "vocab.txt"
    path.write_text("\n".join(WORDS) + "\n", encoding="utf-8", newline="\n")
    assert read_vocabulary(path) == tuple(WORDS)
    path.write_bytes("é".encode("latin-1"))
    with pytest.raises(ValueError, match=r"vocab.txt is not text in UTF-8"):
        read_vocabulary(path)
    with pytest.raises(FileNotFoundError, match="There is no file .*none.txt. Wanted is"):
        read_vocabulary(tmp_path / "none.txt")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["<s>", "<pad>", "</s>", "Ġthe"], r"no vocabulary of BERT: it has no \[PAD\], \[UNK\]"),
        ([*SPECIAL, "a", "a"], "some words come twice"),
        (["a", *SPECIAL], r"first token of the vocabulary must be \[PAD\]"),
        ([], "vocabulary must have"),
    ],
)
def test_a_vocabulary_of_another_model_is_refused(words, said):
    with pytest.raises(ValueError, match=said):
        WordPiece(words)


# --------------------------------------------------------------------- the published one


@pytest.fixture(scope="module")
def published():
    path = registry.FILES["all-MiniLM-L6-v2-vocab.txt"].installed()
    if path is None:
        pytest.skip("its package is not installed")
    return path


def test_the_published_example_is_cut_as_published(published):
    """The example of Google's own documentation of BERT, and numbers that everybody knows."""
    cutter = WordPiece(read_vocabulary(published))
    assert len(cutter) == 30522
    assert inner(cutter, "unaffable") == ["una", "##ffa", "##ble"]
    text = "John Johanson's house"
    assert inner(cutter, text) == ["john", "johan", "##son", "'", "s", "house"]
    assert cutter(["hello world"])["ids"].tolist() == [[101, 7592, 2088, 102]]


@pytest.fixture(scope="module")
def mixed():
    """Texts of many scripts and signs, the same each time."""
    rng, texts = random.Random(0), []
    pools = ["abcXYZ 012", "é à ü ß İ ı ﬁ", "中文 かな カナ한국어", "🙂👍🏽👩‍👧🇩🇪"]
    pools += ["!?.,'\"()[]$^`~|—…«»¿§", "\0\a\u200b\u200d\ufeff\u0085\u2028"]
    pools += ["\u00a0\u3000\v\f\t\n\ufffd", "\u0301\u0489 шИ שלום हिन्दी"]
    for _ in range(3000):
        texts.append("".join(rng.choice(rng.choice(pools)) for _ in range(rng.randint(0, 60))))
    return [*texts, "x" * 100, "x" * 101, "a " * 600]


def digest(rows):
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16]


#: Of the tokens that the package tokenizers 0.23 finds in them.
THEIRS = "638c5a47c055a72c"


def test_tokens_are_those_that_the_library_of_the_format_found(published, mixed):
    assert digest(WordPiece(read_vocabulary(published)).number_rows(mixed)) == THEIRS


def test_tokens_are_those_that_it_finds_now(published, mixed):
    library = pytest.importorskip("tokenizers")
    theirs = library.BertWordPieceTokenizer(str(published), lowercase=True)
    theirs.enable_truncation(256)
    rows = [theirs.encode(text).ids for text in mixed]
    assert digest(rows) == THEIRS
    assert rows == WordPiece(read_vocabulary(published)).number_rows(mixed)
