"""Families of words: good, goodness, goodly, ungood are one.

Whoever learns that "goodness" is good knows "goodly" by its letters.  So words of one
family belong on one side of a split.  Families are found by stripping endings and
beginnings and by the four letters that then come first, and rather too large than too
small: that two families are taken for one does no harm to a test, and that one is taken
for two does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tlhelpers.data.texts import read_texts
from tlhelpers.inputs import read_text

LEAST = 3  # letters that stay of a word
SAME = 4  # letters that a family has in common, so that forgive and forgave are one

_ENDINGS = """
    s es ed ing er or ar est ly y ty ity iness ness ful less ous ious eous ive ative itive
    iving ived ion
    ation ition sion al ial ical ic ism ist able ible ability ibility ment ance ence ancy ency ant
    ent ate ize ise ify tify tiful teous ageous en hood ship some ish like worthy ure age aging aged
    th dom ery ry e i ee eer ster man men boy boys girl body woman women wise ward wards proof heart
    hearted minded looking tempered natured ory ary
"""
_BEGINNINGS = """
    un in im ir il dis mis non anti de re over under out self well ill be en em fore counter pre
    super hyper ab ob com con pro
"""
ENDINGS = sorted(set(_ENDINGS.split()), key=len, reverse=True)
BEGINNINGS = sorted(set(_BEGINNINGS.split()), key=len, reverse=True)


def stem(word: str) -> str:
    """Return what is left of a word without its endings, three letters at least.

    Examples
    --------
    >>> [stem(word) for word in ("goodness", "goodly", "happiest", "happily", "forbidding")]
    ['good', 'good', 'hap', 'hap', 'forbid']
    """
    word = read_text(word, "word").lower().replace("'", "").replace("-", "")
    while True:
        for ending in ENDINGS:
            if word.endswith(ending) and len(word) - len(ending) >= LEAST:
                word = word[: -len(ending)]
                break
        else:
            break
    while len(word) > LEAST and word[-1] == word[-2]:
        word = word[:-1]
    return word


def find_families(words: Any) -> np.ndarray:
    """Return which family each word is of.

    Parameters
    ----------
    words
        A list of n words of English.

    Returns
    -------
    numpy.ndarray
        Shape (n,): numbers from 0, in the order of the first word of each family.

    Examples
    --------
    >>> find_families(["good", "bad", "goodness", "goodly", "badly", "unhappy", "happier"])
    array([0, 1, 0, 0, 1, 2, 2])
    """
    words = read_texts(words, "words", at_least=0)
    stems = [stem(word) for word in words]
    known = set(stems)
    roots = [_root(one, known)[:SAME] for one in stems]
    numbers = {root: place for place, root in enumerate(dict.fromkeys(roots))}
    return np.array([numbers[root] for root in roots], np.int64)


def _root(word: str, known: set[str]) -> str:
    """Take beginnings off, as long as another word has what is left."""
    for beginning in BEGINNINGS:
        rest = word[len(beginning) :]
        if word.startswith(beginning) and len(rest) >= LEAST and rest in known:
            return _root(rest, known)
    return word
