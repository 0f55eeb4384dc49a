"""Sentences with ratings, of four domains: is an opinion good or bad, and how much so?

Movie reviews, product reviews, newspaper editorials and tweets; fifteen people or more
rated each sentence.  The archive has 2.3 MB and is fetched when it is first used.  The
sentences are their authors', so the course brings none of them.
"""

from __future__ import annotations

import html
import math
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tlhelpers.data.group_splits import split_groups
from tlhelpers.data.texts import leave_out_copies, read_texts, text_array
from tlhelpers.fetching import fetch
from tlhelpers.fetching.archives import BadArchive, unpack
from tlhelpers.fetching.registry import FILES
from tlhelpers.inputs import read_array, read_choice, read_labels

ARCHIVE = FILES["hutto_ICWSM_2014.tar.gz"]

#: Domain → the beginning of its file's name, how many sentences there are, and what they are of.
DOMAINS = {
    "movies": ("movieReviewSnippets", 10_605, "movie reviews"),
    "products": ("amazonReviewSnippets", 3_708, "product reviews"),
    "editorials": ("nytEditorialSnippets", 5_190, "editorials of a newspaper"),
    "tweets": ("tweets", 4_200, "tweets"),
}
MOST = 4.0  # the best rating; the worst is as far below zero

NOTICE = (
    "Sentences with ratings: C. J. Hutto and E. Gilbert (2014), VADER: a parsimonious rule-based "
    "model for sentiment analysis of social media text. The collection: MIT; the sentences are "
    "their authors'."
)


class RatedSentences(NamedTuple):
    """Sentences of one domain, in the order of their file.

    Attributes
    ----------
    texts
        Shape (n,), objects: the sentences.
    ratings
        Shape (n,): the mean rating, from -4 (very bad) to 4 (very good).
    labels
        1 where it is above 0, otherwise 0.
    reviews
        Which review or editorial each is of, from 0.  Of movies and tweets nothing is
        noted, so each is one of its own.
    """

    texts: np.ndarray
    ratings: np.ndarray
    labels: np.ndarray
    reviews: np.ndarray


def load_sentences(domain: str, *, download: bool = False) -> RatedSentences:
    """Load the sentences of one domain, and print whose they are.

    Parameters
    ----------
    domain
        ``"movies"``, ``"products"``, ``"editorials"`` or ``"tweets"``.  The movies are
        sorted, first those with good opinions: cut them by `split_reviews`.
    download
        As for `fetch.fetch_file`; so small a file is fetched without it, too.

    Returns
    -------
    RatedSentences
        10,605, 3,708, 5,190 or 4,200 of them.

    Raises
    ------
    fetch.FileNotHere
        If the archive is not here and cannot be had.
    ValueError
        If there is no such domain, or a mirror has another archive that does not hold it.

    Source: Hutto and Gilbert 2014, "VADER: a parsimonious rule-based model for sentiment
    analysis of social media text"; https://github.com/cjhutto/vaderSentiment

    Examples
    --------
    >>> movies = load_sentences("movies")  # doctest: +SKIP
    >>> movies.labels.mean().round(2)  # doctest: +SKIP
    0.49
    """
    start, _, _ = DOMAINS[read_choice(domain, "domain", DOMAINS)]
    was_here = fetch.find_here(ARCHIVE) is not None
    archive = fetch.fetch_file(ARCHIVE, download=download)
    if not was_here and not download:
        print(
            f"Fetched {fetch.describe_file(ARCHIVE)} without asking, because it is small. It stays "
            f"in {archive.parent}."
        )
    name = f"{start}_GroundTruth.txt"
    try:
        with tempfile.TemporaryDirectory(prefix="tlhelpers-") as folder:
            inside = unpack(archive, Path(folder) / "new", max_files=100, max_bytes=100_000_000)
            [path] = inside.rglob(name)
            lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (BadArchive, ValueError) as error:
        why = error if isinstance(error, BadArchive) else f"it holds no {name} in UTF-8"
        raise ValueError(f"{archive.name} is not the archive of sentences: {why}.") from None
    found = _read_lines(lines, f"{name} of {archive.name}")
    print(NOTICE)
    return found


def _read_lines(lines: list[str], name: str) -> RatedSentences:
    """Read lines of number, rating and sentence, with tabs between them."""
    numbers: list[str] = []
    texts: list[str] = []
    ratings: list[float] = []
    for place, line in enumerate(lines, 1):
        parts = line.split("\t")
        try:
            number, rating, text = parts[0], float(parts[1]), html.unescape(html.unescape(parts[2]))
            if len(parts) != 3 or not math.isfinite(rating) or abs(rating) > MOST:
                raise ValueError
            [text] = read_texts([text.strip()])
        except (ValueError, IndexError):
            raise ValueError(
                f"Line {place:,} of {name} is not as it should be: wanted are a number, a rating "
                f"from -{MOST:g} to {MOST:g} and a sentence, with tabs between them."
            ) from None
        numbers.append(number.partition("_")[0] if "_" in number else f"{place} alone")
        texts.append(text)
        ratings.append(rating)
    if not texts:
        raise ValueError(f"{name} is empty.")
    places = {number: place for place, number in enumerate(dict.fromkeys(numbers))}
    values = np.array(ratings)
    return RatedSentences(
        text_array(texts),
        values,
        (values > 0).astype(np.int64),
        np.array([places[number] for number in numbers]),
    )


def split_reviews(
    sentences: RatedSentences, *, share: float = 0.25, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Cut sentences in two, between reviews, with the same share of good opinions on both sides.

    The file of the movies is sorted by opinion: whoever learns from its beginning and
    tests on its end has other shares of the classes there, a label shift, and measures
    that.  Sentences of one review repeat its words.  And a sentence that is on both sides,
    such as "Highly recommended", is left out where one learns.

    Parameters
    ----------
    sentences
        From `load_sentences`, or made in the same way.
    share
        Of the reviews that are kept for the test.
    seed
        Which draw.  The same seed gives the same one.

    Returns
    -------
    train, test : numpy.ndarray
        Row numbers, in order.

    Raises
    ------
    ValueError
        If there are too few reviews, or texts, labels and reviews differ in length.

    Examples
    --------
    >>> texts = np.array(["Fine.", "Good!", "fine", "Bad.", "Poor.", "Dull."], object)
    >>> labels = np.array([1, 1, 1, 0, 0, 0])
    >>> train, test = split_reviews(RatedSentences(texts, labels - 0.5, labels, np.arange(6)))
    >>> len(train), len(test), labels[test].tolist()
    (3, 2, [1, 0])
    """
    if not isinstance(sentences, RatedSentences):
        raise TypeError(f"sentences must be RatedSentences; got {type(sentences).__name__}.")
    labels = read_labels(sentences.labels)
    reviews = read_labels(sentences.reviews, "reviews")
    texts = read_texts(sentences.texts, count=len(labels))
    if len(read_array(sentences.ratings, "ratings")) != len(labels):
        raise ValueError("There is one rating for each label; their numbers differ.")
    train, test = split_groups(reviews, labels, share=share, seed=seed, many="reviews")
    return leave_out_copies(texts, train, test), test
