"""Byte pairs: how a GPT cuts text into tokens, without a word that it could not spell.

At first every byte is a token, so that any text in any script is a row of tokens.  Then the
pair of neighbours that is seen most often becomes a token of its own, again and again:
``t h`` → ``th``, ``th e`` → ``the``.  Such pairs lie within words and never across them.

Source: Gage 1994, "A new algorithm for data compression"; Sennrich et al. 2016,
https://arxiv.org/abs/1508.07909; Radford et al. 2019, "Language models are unsupervised
multitask learners" (bytes instead of letters).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from tlhelpers.data.texts import read_texts
from tlhelpers.inputs import read_array, read_count

END = 0  # the token between two texts: a byte that no text holds
MOST = 1_000_000  # characters of one text
#: Words with the space before them, up to three digits, signs, a line's end with its indent.
_PIECE = re.compile(rb"\n *| ?[A-Za-z]+| ?[0-9]{1,3}| ?[^\sA-Za-z0-9]{1,16}|\s")


class BytePairs:
    """Cuts text into tokens: single bytes, and pairs of tokens that were joined.

    Parameters
    ----------
    pairs
        Shape (n, 2): which two tokens the tokens 256, 257, … are made of.

    Attributes
    ----------
    tokens
        The bytes of each token, by its number.

    Examples
    --------
    >>> tokenizer = BytePairs([(ord("t"), ord("h")), (256, ord("e"))])
    >>> tokenizer.encode("the hat").tolist()
    [257, 32, 104, 97, 116]
    >>> tokenizer.decode([257, 32, 104, 97, 116])
    'the hat'
    """

    def __init__(self, pairs: Any) -> None:
        rows = np.asarray(read_array(pairs, "pairs"))
        rows = rows.reshape(-1, 2).astype(int) if not rows.size else rows
        if rows.ndim != 2 or rows.shape[1] != 2 or rows.dtype.kind not in "iu":
            raise ValueError(f"pairs must be rows of two whole numbers; got shape {rows.shape}.")
        self.tokens: list[bytes] = [bytes([number]) for number in range(256)]
        self.numbers: dict[tuple[int, int], int] = {}
        for one, other in rows.tolist():
            if not 0 <= min(one, other) <= max(one, other) < len(self.tokens):
                raise ValueError(
                    f"Pair {len(self.numbers)} is made of tokens that come later: "
                    f"{one} and {other}. These are not the pairs of a tokenizer."
                )
            self.numbers[one, other] = len(self.tokens)
            self.tokens.append(self.tokens[one] + self.tokens[other])
        if len(self.numbers) != len(rows):
            raise ValueError("Some pairs come twice. These are not the pairs of a tokenizer.")
        self._known: dict[bytes, list[int]] = {}

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def pairs(self) -> np.ndarray:
        """Shape (n, 2): as the tokenizer was made with."""
        return np.array(list(self.numbers), np.int32).reshape(-1, 2)

    def encode(self, text: str) -> np.ndarray:
        """Return the numbers of the tokens of a text.

        Parameters
        ----------
        text
            In any script; up to a million characters.

        Returns
        -------
        numpy.ndarray
            Shape (n,), int32.

        Raises
        ------
        TypeError, ValueError
            If it is no text, or an empty one, too long, or with control characters.
        """
        if isinstance(text, (list, tuple, np.ndarray)):
            raise TypeError(
                f"text must be one text; got a {type(text).__name__}. Write "
                "tokenizer.encode_all(texts) for many."
            )
        return self.encode_all([text], name="text", ends=False)

    def encode_all(
        self, texts: Sequence[str], *, name: str = "texts", ends: bool = True
    ) -> np.ndarray:
        """Return the tokens of many texts in one row, with `END` behind each.

        Parameters
        ----------
        texts
            A list of n texts.
        name
            What to call them in a message.
        ends
            Whether `END` stands behind each.

        Examples
        --------
        >>> BytePairs([]).encode_all(["Hi", "é"]).tolist()
        [72, 105, 0, 195, 169, 0]
        """
        numbers: list[int] = []
        for text in read_texts(texts, name, most=MOST):
            for piece in _PIECE.findall(text.encode()):
                known = self._known.get(piece)
                if known is None:
                    known = self._known[piece] = self._join(piece)
                numbers += known
            if ends:
                numbers.append(END)
        if len(self._known) > 200_000:  # a word is looked up and not cut anew; within bounds
            self._known.clear()
        return np.array(numbers, np.int32)

    def _join(self, piece: bytes) -> list[int]:
        """Cut one word: join the pair that was learnt first, again and again."""
        found = list(piece)
        while len(found) > 1:
            number, place = min(
                (self.numbers.get(pair, len(self)), place)
                for place, pair in enumerate(zip(found, found[1:], strict=False))
            )
            if number == len(self):
                break
            found[place : place + 2] = [number]
        return found

    def decode(self, numbers: Any) -> str:
        """Return the text of tokens; bytes that are no whole letter become ``�``.

        Parameters
        ----------
        numbers
            Shape (n,), whole numbers below ``len(tokenizer)``.
        """
        row = np.asarray(read_array(numbers, "numbers"))
        if row.ndim != 1 or (row.size and row.dtype.kind not in "iu"):
            raise ValueError(f"numbers must be one row of whole numbers; got shape {row.shape}.")
        if row.size and not 0 <= row.min() <= row.max() < len(self):
            raise ValueError(
                f"numbers must lie between 0 and {len(self) - 1}, for there are {len(self):,} "
                f"tokens; got {row.min()} to {row.max()}. Are they of another tokenizer?"
            )
        return b"".join(self.tokens[number] for number in row).decode(errors="replace")

    def show(self, numbers: Any) -> list[str]:
        """Return each token as text of its own, as tables show it.

        Examples
        --------
        >>> BytePairs([(32, 97)]).show([256, 10])
        [' a', '\\\\n']
        """
        return [self.decode([number]).replace("\n", "\\n") for number in read_array(numbers, "n")]


def learn_pairs(texts: Sequence[str], size: int = 1024) -> BytePairs:
    """Learn which neighbours to join: those that are seen most often in these texts.

    Parameters
    ----------
    texts
        A list of texts.
    size
        How many tokens there are in the end, at least 256.

    Returns
    -------
    BytePairs
        It may have fewer tokens, where no pair comes twice any more.

    Examples
    --------
    >>> learn_pairs(["the other weather, the other"], 258).tokens[256:]
    [b'he', b'the']
    """
    size = read_count(size, "size", least=256, most=65_536)
    words = Counter(
        piece for text in read_texts(texts, most=MOST) for piece in _PIECE.findall(text.encode())
    )
    rows = [list(word) for word in words]
    times = list(words.values())
    count: Counter[tuple[int, int]] = Counter()  # of each pair of neighbours
    where: defaultdict[tuple[int, int], set[int]] = defaultdict(set)  # in which words
    for number, row in enumerate(rows):
        for pair in zip(row, row[1:], strict=False):
            count[pair] += times[number]
            where[pair].add(number)
    pairs: list[tuple[int, int]] = []
    while len(pairs) < size - 256 and count:
        best = max(count, key=lambda pair: (count[pair], -pair[0], -pair[1]))
        if count[best] < 2:
            break
        new = 256 + len(pairs)
        pairs.append(best)
        for number in where.pop(best):
            row = rows[number]
            for pair in zip(row, row[1:], strict=False):
                count[pair] -= times[number]
            rows[number] = row = _replace(row, best, new)
            for pair in zip(row, row[1:], strict=False):
                count[pair] += times[number]
                where[pair].add(number)
        count.pop(best, None)
    return BytePairs(np.array(pairs, np.int32).reshape(-1, 2))


def _replace(row: list[int], pair: tuple[int, int], new: int) -> list[int]:
    """Return a row with a new token wherever the two of a pair stood side by side."""
    out: list[int] = []
    place = 0
    while place < len(row):
        if tuple(row[place : place + 2]) == pair:
            out.append(new)
            place += 2
        else:
            out.append(row[place])
            place += 1
    return out
