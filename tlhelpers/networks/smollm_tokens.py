"""SmolLM2's tokens: pairs of bytes that were joined, so that no script is unknown to it.

A text is a row of bytes.  Those that often stood side by side in the training were joined,
the most frequent pair first, then the next; a token is what has been joined.  The same joins
are made in a new text, within words.

Source: Sennrich et al. 2016, https://arxiv.org/abs/1508.07909; Radford et al. 2019
(GPT-2), from where the letters that stand for bytes come, and where words are cut.
"""

from __future__ import annotations

import heapq
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tlhelpers.data.texts import MOST
from tlhelpers.data.wording import counted
from tlhelpers.inputs import read_items, read_labels, read_text

#: Blanks, as Unicode has them (Python also counts four control characters).
_BLANK = "\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
#: Endings such as 's, words with the blank before them, other signs, blanks.
_WORD = re.compile(
    rf"'(?:s|t|re|ve|m|ll|d)| ?[^\W_]+| ?(?:[^\w{_BLANK}]|_)+"
    rf"|[{_BLANK}]+(?![^{_BLANK}])|[{_BLANK}]+"
)
_KEPT = 50_000  # words whose tokens are remembered


def byte_letters() -> str:
    """Return the letters that stand for the bytes 0 to 255 in a vocabulary, each printable.

    Examples
    --------
    >>> letters = byte_letters()
    >>> letters[ord("A")], letters[ord(" ")], len(set(letters))
    ('A', 'Ġ', 256)
    """
    themselves = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    return "".join(chr(byte if byte in themselves else next(others)) for byte in range(256))


LETTERS = byte_letters()
_BYTES = {letter: byte for byte, letter in enumerate(LETTERS)}


class SmolTokenizer:
    """Cuts text into tokens, and puts text together from them.

    Parameters
    ----------
    vocabulary
        The tokens, by their numbers, with a letter for each byte (`byte_letters`).
    merges
        Which two tokens are joined, the most frequent first, with a blank between them.
    special
        Tokens that stand for themselves, such as ``<|endoftext|>``: they are found in a
        text before it is cut.

    Examples
    --------
    >>> pairs = SmolTokenizer(["<|end|>", "t", "h", "e", "Ġ", "th", "the", "Ġthe"],
    ...                   ["t h", "th e", "Ġ the"], ["<|end|>"])
    >>> pairs.encode("the the<|end|>"), pairs.decode([7, 7])
    ([6, 7, 0], ' the the')
    """

    def __init__(
        self, vocabulary: Sequence[str], merges: Sequence[str], special: Sequence[str] = ()
    ) -> None:
        words = read_items(vocabulary, "vocabulary", at_most=1_000_000)
        self.numbers: dict[str, int] = {}
        for number, word in enumerate(words):
            self.numbers[read_text(word, f"vocabulary[{number}]")] = number
        self.vocabulary = tuple(words)
        self.special = tuple(read_items(special, "special", at_least=0, at_most=10_000))
        if len(self.numbers) != len(words):
            raise ValueError("This is no vocabulary of byte pairs: some tokens come twice.")
        for word in self.special:
            if not read_text(word, "special") or word not in self.numbers:
                raise ValueError(f"The special token {word!r} is not in the vocabulary.")
        ordinary = self.numbers.keys() - {*self.special}
        if odd := [word for word in ordinary if not word or {*word} - _BYTES.keys()]:
            raise ValueError(
                f"The token {odd[0][:40]!r} is not written in the letters that stand for bytes: "
                "this is a vocabulary of another kind."
            )
        self.ranks: dict[tuple[str, str], int] = {}
        for rank, line in enumerate(read_items(merges, "merges", at_least=0, at_most=1_000_000)):
            one, _, other = read_text(line, f"merges[{rank}]").partition(" ")
            if not {one, other, one + other} <= ordinary:
                raise ValueError(
                    f"merges[{rank}] joins what is not in the vocabulary: {line!r:.80}"
                )
            self.ranks.setdefault((one, other), rank)
        marks = sorted(map(re.escape, self.special), key=len, reverse=True)
        self._special = re.compile(f"({'|'.join(marks)})") if marks else None
        self._known: dict[str, list[str]] = {}

    def __len__(self) -> int:
        return len(self.vocabulary)

    def encode(self, text: str) -> list[int]:
        """Return the numbers of a text's tokens.

        Parameters
        ----------
        text
            Any text, also an empty one, of at most 100,000 characters.  Nothing is changed
            in it.  A special token that is written in it counts as one.  A byte that has no
            token is left out: in SmolLM2 that concerns six control characters, and
            numbers of Unicode that no character has.

        Raises
        ------
        ValueError
            If it is longer, or holds half a character.
        """
        return [self.numbers[token] for token in self._tokens(text)]

    def cut(self, text: str) -> list[str]:
        """Return the tokens of a text as text; part of a character is shown as ``�``.

        Parameters
        ----------
        text
            As for `encode`.

        Examples
        --------
        >>> pairs = SmolTokenizer([*LETTERS, "ab"], ["a b"])
        >>> pairs.cut("abba é")
        ['ab', 'b', 'a', ' ', '�', '�']
        """
        return [self._bytes(token).decode(errors="replace") for token in self._tokens(text)]

    def decode(self, numbers: Any) -> str:
        """Return the text of tokens; where they end amid a character stands ``�``.

        Parameters
        ----------
        numbers
            A row of numbers of tokens, or none.

        Raises
        ------
        ValueError
            If there is no token of a number.
        """
        if isinstance(numbers, (list, tuple)) and not numbers:
            return ""
        row = read_labels(numbers, "numbers")
        if row.size and not 0 <= row.min() <= row.max() < len(self):
            raise ValueError(
                f"numbers must be from 0 to {len(self) - 1:,}, for there are {len(self):,} tokens; "
                f"got {row.min()} to {row.max()}."
            )
        raw = b"".join(self._bytes(self.vocabulary[number]) for number in row)
        return raw.decode(errors="replace")

    def number_rows(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the numbers of the tokens of each text: rows of different lengths."""
        if isinstance(texts, str):
            raise TypeError("texts must be a list of texts; got one text. Write [text].")
        if isinstance(texts, np.ndarray) and texts.dtype.kind in "UO":  # a column of a table
            texts = texts.tolist()
        return [self.encode(text) for text in read_items(texts, "texts", at_least=0)]

    def _bytes(self, token: str) -> bytes:
        if token in self.special:
            return token.encode()
        return bytes(_BYTES[letter] for letter in token)

    def _tokens(self, text: str) -> Iterator[str]:
        if len(read_text(text, "text")) > MOST:
            raise ValueError(
                f"text has {counted(len(text), 'character')}; at most {MOST:,} are taken. Cut it "
                "into pieces."
            )
        for part in self._special.split(text) if self._special else [text]:
            if part in self.special:
                yield part
            else:
                for word in _words(part):
                    yield from self._joined(word)

    def _joined(self, word: str) -> list[str]:
        """Return the tokens of a word."""
        if word in self._known:
            return self._known[word]
        try:
            raw = word.encode()
        except UnicodeEncodeError:
            raise ValueError(
                "text has half a character: it was read with a wrong encoding. Read it again "
                "with encoding='utf-8', or with the one that it has."
            ) from None
        tokens = _join_pairs([LETTERS[byte] for byte in raw], self.ranks)
        tokens = [token for token in tokens if token in self.numbers]
        if len(word) < 50:
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[word] = tokens
        return tokens


def _join_pairs(parts: list[str], ranks: dict[tuple[str, str], int]) -> list[str]:
    """Join neighbours, the pair of the lowest rank first, until none is left that has one."""
    parts, end = [*parts], len(parts)
    after, before = [*range(1, end + 1)], [*range(-1, end - 1)]
    queue: list[tuple[int, int]] = []  # ranks, and where the pair begins

    def rank_at(place: int) -> int | None:
        there = 0 <= place < end and after[place] < end
        return ranks.get((parts[place], parts[after[place]])) if there else None

    def offer(place: int) -> None:
        if (rank := rank_at(place)) is not None:
            heapq.heappush(queue, (rank, place))

    for place in range(end):
        offer(place)
    while queue:
        rank, place = heapq.heappop(queue)
        if rank_at(place) != rank:  # one of the two has been joined to another one
            continue
        gone = after[place]
        parts[place] += parts[gone]
        parts[gone] = ""
        after[place] = after[gone]
        if after[gone] < end:
            before[after[gone]] = place
        offer(before[place])
        offer(place)
    return [part for part in parts if part]


def _words(text: str) -> Iterator[str]:
    """Yield words with the blanks before them, each digit alone, and runs of other signs."""
    start = 0
    for end, sign in enumerate(text):
        if sign.isnumeric() and unicodedata.category(sign)[0] == "N":
            yield from _WORD.findall(text[start:end])
            yield sign
            start = end + 1
    yield from _WORD.findall(text[start:])
