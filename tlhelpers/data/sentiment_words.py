"""Words with sentiment: 7,200 words of English, and how good or bad ten people find each.

They come in the package ``vaderSentiment``, which the set-up installs; its list is read as
data, and none of its code runs.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

from tlhelpers.data.group_splits import split_groups
from tlhelpers.data.texts import text_array
from tlhelpers.data.word_families import find_families
from tlhelpers.fetching import fetch
from tlhelpers.inputs import read_labels, read_number

LIST = "vader_lexicon.txt"
MOST = 4  # the best valence; the worst is as far below zero
_WORD = re.compile(r"[a-z]+(?:['-][a-z]+)*")


class SentimentWords(NamedTuple):
    """Words with their valence, in the order of their list, which is the alphabet's.

    Attributes
    ----------
    words
        Shape (n,), objects: words in small letters, each once.
    valence
        Shape (n,): the mean of ten ratings, from -4 (very bad) to 4 (very good).
    labels
        1 where it is above 0, otherwise 0.
    families
        Which family each word is of, from 0: see `word_families.find_families`.
    """

    words: np.ndarray
    valence: np.ndarray
    labels: np.ndarray
    families: np.ndarray


def load_sentiment_words(*, clear: float = 0.0, download: bool = False) -> SentimentWords:
    """Load words with sentiment; emoticons and phrases are left out.

    Parameters
    ----------
    clear
        Only words whose valence is at least so far from 0, such as 1 for clear cases.
    download
        As for `fetch.fetch_file`.

    Returns
    -------
    SentimentWords
        7,217 words, if ``clear`` leaves none out.

    Raises
    ------
    fetch.FileNotHere
        If the package is not installed, and no mirror has its list.
    ValueError
        If the list is not as it should be.

    Source: Hutto and Gilbert 2014, "VADER: a parsimonious rule-based model for sentiment
    analysis of social media text" (MIT).  The tweets of `rated_sentences` are of the same
    project: no fair test for what knows this list.

    Examples
    --------
    >>> words = load_sentiment_words()  # doctest: +SKIP
    >>> words.words[:2].tolist(), words.valence[:2].tolist()  # doctest: +SKIP
    (['aas', 'aayf'], [2.5, 2.7])
    """
    clear = read_number(clear, "clear", least=0, most=MOST)
    path = fetch.fetch_file(LIST, download=download)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise ValueError(f"{path.name} is no list of words: it is not in UTF-8.") from None
    found: dict[str, list[float]] = {}
    for place, line in enumerate(filter(None, lines), 1):
        word, mean = _read_line(line, f"Line {place:,} of {path.name}")
        if _WORD.fullmatch(word):
            found.setdefault(word, []).append(mean)
    means = {word: float(np.mean(given)) for word, given in found.items()}  # a few come twice
    kept = [word for word in means if abs(means[word]) >= clear]
    if not kept:
        raise ValueError(f"{path.name} has no word with a valence of {clear:g} or more.")
    valence = np.array([means[word] for word in kept])
    return SentimentWords(
        text_array(kept), valence, (valence > 0).astype(np.int64), find_families(kept)
    )


def _read_line(line: str, name: str) -> tuple[str, float]:
    """Read a word and its mean rating; a deviation and the single ratings come after."""
    word, _, rest = line.partition("\t")
    try:
        return word, read_number(float(rest.partition("\t")[0]), "valence", least=-MOST, most=MOST)
    except ValueError:
        raise ValueError(
            f"{name} is not as it should be: wanted are a word and its valence, from -{MOST:g} to "
            f"{MOST:g}, with a tab between them."
        ) from None


def split_families(
    words: SentimentWords, *, share: float = 0.25, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Cut words in two, between families: none has words on both sides.

    With "goodness" to learn from, "goodly" is known by its letters.  Dealt out at random,
    words are no test of what a word means.

    Parameters
    ----------
    words
        From `load_sentiment_words`.
    share
        Of the families that are kept for the test.
    seed
        Which draw.  The same seed gives the same one.

    Returns
    -------
    train, test : numpy.ndarray
        Row numbers, in order.

    Raises
    ------
    ValueError
        If there are too few families, or labels and families differ in length.

    Examples
    --------
    >>> labels, families = np.array([1, 1, 1, 0, 0, 0]), np.array([0, 0, 1, 2, 2, 3])
    >>> words = SentimentWords(np.array(list("abcdef"), object), labels - 0.5, labels, families)
    >>> train, test = split_families(words, share=0.5)
    >>> len({*families[train]}), len({*families[test]})
    (2, 2)
    """
    if not isinstance(words, SentimentWords):
        raise TypeError(f"words must be SentimentWords; got {type(words).__name__}.")
    labels, families = read_labels(words.labels), read_labels(words.families, "families")
    if len(words.words) != len(labels):
        raise ValueError(
            f"There is one label for each word; got {len(words.words):,} words and "
            f"{len(labels):,} labels."
        )
    return split_groups(families, labels, share=share, seed=seed, many="families")
