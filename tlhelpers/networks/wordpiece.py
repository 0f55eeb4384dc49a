"""WordPiece: how BERT cuts text into tokens, words or pieces of words that it has a number for.

Source: Devlin et al. 2019, https://arxiv.org/abs/1810.04805; Wu et al. 2016,
https://arxiv.org/abs/1609.08144.  The package ``tokenizers`` does the same, and asks for a
client of a network service with a dozen packages of its own.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tlhelpers.data.names import as_path
from tlhelpers.inputs import read_count, read_items, read_text

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
LONGEST_WORD = 100  # letters; a longer word becomes [UNK]
#: What lies behind so many letters of a text is not looked at: thousands of tokens.
MOST_LETTERS = 50_000
MOST_TEXTS = 10_000_000
#: Ideographs of Chinese and its kin, which stand without spaces: each is a word.
_IDEOGRAPHS = "\u4e00-\u9fff\u3400-\u4dbf\U00020000-\U0002a6df\U0002a700-\U0002ceaf\uf900-\ufaff"
_IDEOGRAPH = re.compile(f"[{_IDEOGRAPHS}\U0002f800-\U0002fa1f]")
_CONTROL = ("Cc", "Cf", "Co", "Cs")  # categories of Unicode
_LOST = "\ufffd"  # what stands for letters that could not be read


class WordPiece:
    """Cuts text into the tokens of a vocabulary, without upper case and accents.

    Parameters
    ----------
    vocabulary
        The tokens, by their numbers.  One that goes on within a word begins with ``##``.
    most
        The most tokens of a text, with the two at its ends; what comes later is left out.
        MiniLM takes 256, and was trained on 128.

    Examples
    --------
    >>> words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "transfer", "##s", "!"]
    >>> WordPiece(words).cut("Transfers!")
    ['[CLS]', 'transfer', '##s', '!', '[SEP]']
    """

    def __init__(self, vocabulary: Sequence[str], most: int = 256) -> None:
        words = read_items(vocabulary, "vocabulary", at_most=1_000_000)
        self.most = read_count(most, "most", least=3, most=512)
        self.numbers: dict[str, int] = {}
        for number, word in enumerate(words):
            self.numbers[read_text(word, f"vocabulary[{number}]")] = number
        self.vocabulary = tuple(words)
        missing = [word for word in SPECIAL if word not in self.numbers]
        if missing or len(self.numbers) != len(words):
            raise ValueError(
                "This is no vocabulary of BERT: "
                + (f"it has no {', '.join(missing)}." if missing else "some words come twice.")
                + " Wanted is a file vocab.txt, with one token in each line."
            )
        if self.numbers["[PAD]"] != 0:
            raise ValueError("The first token of the vocabulary must be [PAD].")

    def __len__(self) -> int:
        return len(self.vocabulary)

    def cut(self, text: str) -> list[str]:
        """Return the tokens of a text, between ``[CLS]`` and ``[SEP]``.

        Control characters are left out.  What the vocabulary cannot spell, such as most
        emoji, becomes ``[UNK]``, a word at a time; ``[MASK]`` in a text is three tokens.

        Parameters
        ----------
        text
            Any text; an empty one has two tokens.

        Returns
        -------
        list of str
            At most ``most``.
        """
        tokens, room = ["[CLS]"], self.most - 2
        for word in _words(read_text(text, "text")[:MOST_LETTERS]):
            if len(tokens) > room:
                break
            tokens += self._pieces(word)
        return [*tokens[: room + 1], "[SEP]"]

    def _pieces(self, word: str) -> list[str]:
        """Cut a word: the longest beginning that is in the vocabulary, and so on."""
        pieces: list[str] = []
        start = 0
        while start < len(word) <= LONGEST_WORD:
            for end in range(len(word), start, -1):
                piece = ("##" if start else "") + word[start:end]
                if piece in self.numbers:
                    break
            else:
                return ["[UNK]"]
            pieces.append(piece)
            start = end
        return pieces or ["[UNK]"]

    def number_rows(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the numbers of the tokens of each text: rows of different lengths."""
        if isinstance(texts, str):
            raise TypeError("texts must be a list of texts; got one text. Write [text].")
        items = _text_items(texts)
        return [[self.numbers[token] for token in self.cut(text)] for text in items]

    def __call__(self, texts: Sequence[str]) -> dict[str, np.ndarray]:
        """Return the tokens of texts as BERT takes them.

        Parameters
        ----------
        texts
            A list of n texts.

        Returns
        -------
        dict
            ``"ids"``: the numbers of the tokens, shape (n, length), int32, filled up with
            0 to the longest text; ``"mask"``: 1 where a token is, 0 where it was filled.

        Examples
        --------
        >>> tokens = WordPiece([*SPECIAL, "good", "day"])(["Good day", "Day"])
        >>> tokens["ids"].tolist()
        [[2, 4, 5, 3], [2, 5, 3, 0]]
        >>> tokens["mask"].tolist()
        [[1, 1, 1, 1], [1, 1, 1, 0]]
        """
        return fill_up(self.number_rows(texts))


def fill_up(rows: Sequence[Sequence[int]]) -> dict[str, np.ndarray]:
    """Return rows of different lengths as two arrays: their numbers and where they are."""
    ids = np.zeros((len(rows), max(map(len, rows), default=0)), np.int32)
    mask = np.zeros_like(ids)
    for number, row in enumerate(rows):
        ids[number, : len(row)] = row
        mask[number, : len(row)] = 1
    return {"ids": ids, "mask": mask}


def read_vocabulary(path: str | Path) -> tuple[str, ...]:
    """Return the tokens in a file ``vocab.txt``, one in each line, by their numbers.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not text in UTF-8.
    """
    path = as_path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise FileNotFoundError(f"There is no file {path}. Wanted is a file vocab.txt.") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path.name} is not text in UTF-8. Wanted is a file vocab.txt.") from None
    return tuple(text.removesuffix("\n").split("\n"))


# ---------------------------------------------------------------------------- words


def _text_items(texts: Any) -> list[str]:
    if isinstance(texts, np.ndarray) and texts.dtype.kind in "UO":  # a column of a table
        texts = texts.tolist()
    items = read_items(texts, "texts", at_least=0, at_most=MOST_TEXTS)
    return [read_text(text, f"texts[{number}]") for number, text in enumerate(items)]


def _words(text: str) -> Iterator[str]:
    """Yield words, and each mark of punctuation on its own, in small letters."""
    text = "".join(filter(_is_kept, text))
    text = _IDEOGRAPH.sub(r" \g<0> ", text)
    text = unicodedata.normalize("NFD", text)
    text = "".join(letter for letter in text if unicodedata.category(letter) != "Mn").lower()
    for word in text.split():
        start = 0
        for end, letter in enumerate(word):
            if _is_mark(letter):
                if start < end:
                    yield word[start:end]
                yield letter
                start = end + 1
        if start < len(word):
            yield word[start:]


def _is_kept(letter: str) -> bool:
    """Say whether it is no control character, and not the sign of lost text."""
    return letter in "\t\n\r" or (unicodedata.category(letter) not in _CONTROL and letter != _LOST)


def _is_mark(letter: str) -> bool:
    """Say whether it stands alone: punctuation, and every ASCII character that is no letter."""
    if letter.isascii():
        return not letter.isalnum() and not letter.isspace()
    return unicodedata.category(letter)[0] == "P"
