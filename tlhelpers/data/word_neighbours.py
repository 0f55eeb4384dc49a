"""Neighbours of a word, and analogies: what directions between vectors of words say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tlhelpers.data.texts import read_texts
from tlhelpers.data.word_vectors import WordVectors, check_vectors, read_words
from tlhelpers.inputs import read_array, read_count, read_items, read_rows

AT_ONCE = 50_000_000  # cosines that are computed at a time: they take 200 MB


def cosine(vectors: WordVectors, one: str, other: str) -> float:
    """Return how much two words point the same way: 1 the same, 0 nothing in common.

    Raises
    ------
    UnknownWord
        If one of them has no vector.

    Examples
    --------
    >>> from tlhelpers.data.word_vectors import make_word_vectors
    >>> cosine(make_word_vectors(["cat", "dog"], [[2, 0], [3, 3]]), "cat", "dog")
    0.7071...
    """
    rows = read_words(vectors, [one, other])
    a, b = vectors.vectors[rows].astype(np.float64)
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    return float(a @ b / lengths) if lengths else 0.0


def nearest(
    vectors: WordVectors,
    what: str | np.ndarray,
    count: int = 10,
    *,
    leave_out: Sequence[str] = (),
    among: int | None = None,
) -> list[tuple[str, float]]:
    """Return the words whose vectors point most nearly the same way.

    Parameters
    ----------
    vectors
        From `load_glove` or `make_word_vectors`.
    what
        A word, which is left out itself, or a vector of d numbers.
    count
        How many neighbours, at most.
    leave_out
        More words that shall not be answers.
    among
        Only the first so many words, which are the most frequent ones in GloVe.

    Returns
    -------
    list of (str, float)
        Words with their cosine, the nearest first.

    Raises
    ------
    UnknownWord
        If a word has no vector.

    Examples
    --------
    >>> from tlhelpers.data.word_vectors import make_word_vectors
    >>> animals = make_word_vectors(["cat", "dog", "oak"], [[4, 1], [3, 1], [0, 5]])
    >>> [word for word, _ in nearest(animals, "cat", 2)]
    ['dog', 'oak']
    """
    leave_out = read_texts(leave_out, "leave_out", at_least=0)
    out = list(read_words(vectors, leave_out, "leave_out")) if leave_out else []
    if isinstance(what, str):
        [row] = read_words(vectors, what)
        out, vector = [*out, row], vectors.vectors[row]
    else:
        vector = _read_vector(vectors, what)
    return _best(vectors, vector, count, out, among)


def analogy(
    vectors: WordVectors,
    a: str,
    b: str,
    c: str,
    count: int = 5,
    *,
    question_words: bool = False,
    among: int | None = None,
) -> list[tuple[str, float]]:
    """Answer "``a`` is to ``b`` as ``c`` is to ...", by the direction b - a + c.

    Parameters
    ----------
    vectors
        From `load_glove` or `make_word_vectors`.
    a, b, c
        The words of the question, such as man, king, woman.
    count
        How many answers, at most.
    question_words
        May ``a``, ``b`` and ``c`` be answers?  They are left out as a rule, and without
        that rule the answer is most often ``b`` or ``c`` itself.
    among
        As for `nearest`.

    Returns
    -------
    list of (str, float)
        Words with their cosine to that direction, the best first.

    Source: Mikolov, Yih and Zweig 2013, "Linguistic regularities in continuous space word
    representations"; Levy and Goldberg 2014, "Linguistic regularities in sparse and
    explicit word representations"

    Examples
    --------
    >>> from tlhelpers.data.word_vectors import make_word_vectors
    >>> words = make_word_vectors(
    ...     ["man", "woman", "king", "queen"], [[1, 0, 0.2], [1, 1, 0.2], [1, 0, 2], [1, 1, 2]]
    ... )
    >>> analogy(words, "man", "king", "woman", 1)[0][0]
    'queen'
    """
    rows = read_words(vectors, [a, b, c], "the three words of the question")
    one, two, three = _unit(vectors, rows)
    return _best(vectors, two - one + three, count, [] if question_words else list(rows), among)


def _unit(vectors: WordVectors, rows: np.ndarray) -> np.ndarray:
    return vectors.vectors[rows] / np.maximum(vectors.lengths[rows], 1e-12)[:, None]


def _read_vector(vectors: WordVectors, what: Any) -> np.ndarray:
    check_vectors(vectors)
    vector, size = read_array(what, "what"), vectors.vectors.shape[1]
    if vector.shape not in ((size,), (1, size)):
        raise ValueError(
            f"what must be a word or a vector of {size} numbers; got shape {vector.shape}."
        )
    return read_rows(vector.reshape(1, -1), "what")[0].astype(np.float32)


def _best(
    vectors: WordVectors, vector: np.ndarray, count: int, out: list, among: int | None
) -> list[tuple[str, float]]:
    count = read_count(count, "count", most=len(vectors))
    most = len(vectors) if among is None else read_count(among, "among", most=len(vectors))
    scale = np.maximum(vectors.lengths[:most], 1e-12) * max(float(np.linalg.norm(vector)), 1e-12)
    found = (vectors.vectors[:most] @ vector) / scale
    found[[row for row in out if row < most]] = -np.inf
    best = np.argsort(-found, kind="stable")[:count] if most < 1000 else _top(found, count)
    return [(vectors.words[i], float(found[i])) for i in best if found[i] > -np.inf]


def _top(found: np.ndarray, count: int) -> np.ndarray:
    best = np.argpartition(-found, min(count, len(found) - 1))[:count]
    return best[np.argsort(-found[best], kind="stable")]


def answer_analogies(
    vectors: WordVectors,
    questions: Any,
    *,
    question_words: bool = False,
    among: int | None = None,
) -> list[str]:
    """Answer many analogies, each by its best word.

    Parameters
    ----------
    vectors
        From `load_glove` or `make_word_vectors`.
    questions
        n rows of three words each, as in `analogy`.
    question_words, among
        As for `analogy`; with few words, such as ``among=30_000``, it is ten times as fast.

    Returns
    -------
    list of str
        The answer to each question.

    Raises
    ------
    UnknownWord
        If a word has no vector.

    Examples
    --------
    >>> from tlhelpers.data.word_vectors import make_word_vectors
    >>> words = make_word_vectors(["he", "she", "son", "girl"], [[1, 0], [0, 1], [3, 1], [1, 3]])
    >>> answer_analogies(words, [("he", "she", "son"), ("she", "he", "girl")])
    ['girl', 'son']
    """
    asked = [
        read_items(row, "a question", at_least=3, at_most=3)
        for row in read_items(questions, "questions")
    ]
    rows = read_words(vectors, [word for row in asked for word in row], "questions").reshape(-1, 3)
    most = len(vectors) if among is None else read_count(among, "among", most=len(vectors))
    words = vectors.vectors[:most]
    lengths = np.maximum(vectors.lengths[:most], 1e-12)
    answers: list[str] = []
    step = max(AT_ONCE // most, 1)
    for start in range(0, len(rows), step):
        some = rows[start : start + step]
        one, two, three = (_unit(vectors, column) for column in some.T)
        found = (two - one + three) @ words.T / lengths
        if not question_words:
            own, column = np.nonzero(some < most)
            found[own, some[own, column]] = -np.inf
        answers += [vectors.words[row] for row in found.argmax(axis=1)]
    return answers
