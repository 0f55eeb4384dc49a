r"""Read texts that a caller gave, or say what is wrong with them; cut them into words.

Texts of every script are taken, emoji too.  What is refused has no meaning to a network:
bytes that nobody decoded, control characters, an empty text, a book in the place of a
sentence.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np

from tlhelpers.data.names import as_path
from tlhelpers.data.wording import counted, printable_name
from tlhelpers.inputs import read_count, read_items, read_labels, read_text

MOST = 100_000  # characters of one text: some twenty pages

#: A word with its apostrophes, a number, or any other sign alone (an emoji, a stop).
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[^\w\s]|_+")
#: Where English words are cut as GloVe and the Penn Treebank cut them: do n't, it 's.
_TAIL = re.compile(r"(?<=[a-z])(n't|'(?:s|m|d|re|ve|ll))$", re.IGNORECASE)


def read_texts(
    texts: Any,
    name: str = "texts",
    *,
    at_least: int = 1,
    count: int | None = None,
    most: int = MOST,
    empty: bool = False,
) -> list[str]:
    """Return texts as a list, or say which one cannot be used and why.

    Parameters
    ----------
    texts
        A list, a tuple or an array of texts.
    name
        What to call them in a message.
    at_least
        How many there must be.
    count
        How many there must be exactly, such as one for each label.
    most
        Characters of one text.
    empty
        Take texts without a single sign, too.

    Returns
    -------
    list of str
        The texts as they are.

    Raises
    ------
    TypeError
        If it is one text and no list, or an item is no text, such as bytes.
    ValueError
        If a text is empty, too long, or has control characters or halves of
        characters (from a wrong encoding); or there are too few.

    Examples
    --------
    >>> read_texts(["A fine film.", "素晴らしい 🎬"])
    ['A fine film.', '素晴らしい 🎬']
    """
    if isinstance(texts, (str, bytes)):
        raise TypeError(f"{name} must be a list of texts; got one. For one text, write [text].")
    if isinstance(texts, np.ndarray) and texts.ndim != 1:
        raise ValueError(f"{name} must be one row of texts; got shape {texts.shape}.")
    items = list(texts) if hasattr(texts, "tolist") else read_items(texts, name, at_least=0)
    if len(items) < at_least:
        raise ValueError(
            f"{name} must have at least {counted(at_least, 'text')}; got {len(items)}."
        )
    if count is not None and len(items) != count:
        raise ValueError(f"{name} must have {count} texts, one for each label; got {len(items)}.")
    return [_read_one(text, f"{name}[{i}]", most, empty) for i, text in enumerate(items)]


def _read_one(text: Any, name: str, most: int, empty: bool) -> str:
    if isinstance(text, bytes):
        raise TypeError(
            f"{name} is bytes and no text yet: decode it, as a rule by {name}.decode('utf-8')."
        )
    if not isinstance(text, str):
        raise TypeError(f"{name} must be a text; got {type(text).__name__}.")
    if len(text) > most:
        raise ValueError(
            f"{name} has {len(text):,} characters; at most {most:,} are taken. Cut it into "
            "pieces, such as sentences, and give a list of them."
        )
    if not empty and not text.strip():
        raise ValueError(f"{name} is empty: leave it out, and its label.")
    if not text.isprintable():
        _check_signs(text, name)
    return str(text)


def _check_signs(text: str, name: str) -> None:
    """Refuse signs that nobody can have meant."""
    for place, sign in enumerate(text):
        kind = unicodedata.category(sign)
        if kind == "Cs":
            raise ValueError(
                f"{name} has half a character (at {place}): it was read with a wrong encoding. "
                "Read the file again with encoding='utf-8', or with the one that it has."
            )
        if kind == "Cc" and not sign.isspace():
            raise ValueError(
                f"{name} has a control character ({sign!a} at {place}), which is no text. To leave "
                "such out: ''.join(c for c in text if c.isprintable() or c.isspace())."
            )


def text_array(texts: Any) -> np.ndarray:
    """Return texts as an array of objects, so that rows can be taken out of it by their numbers.

    Raises
    ------
    TypeError, ValueError
        As for `read_texts`.

    Examples
    --------
    >>> text_array(["one", "two", "three"])[[0, 2]].tolist()
    ['one', 'three']
    """
    read = read_texts(texts, at_least=0, empty=True)
    array = np.empty(len(read), object)
    array[:] = read
    return array


def read_text_file(path: str | Path, *, most: int = 10_000_000) -> str:
    """Read a file of text in UTF-8, or say which encoding it has instead.

    Parameters
    ----------
    path
        The file.
    most
        Bytes that are taken.

    Raises
    ------
    OSError
        If there is no such file, or it may not be read.
    ValueError
        If it is larger, or not in UTF-8.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "a.txt").write_text("Größe", encoding="utf-8-sig")
    ...     read_text_file(Path(folder, "a.txt"))
    'Größe'
    """
    path, most = as_path(path), read_count(most, "most", most=10**9)
    name = printable_name(path.name)
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}.")
    if (size := path.stat().st_size) > most:
        raise ValueError(f"{name} has {size:,} bytes; at most {most:,} are read.")
    data = path.read_bytes()
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError as error:
            raise ValueError(f"{name} begins as UTF-16, and goes on otherwise.") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{name} is not in UTF-8: byte {error.start:,} is {data[error.start]:#x}. If it comes "
            "from an old Windows program, open(path, encoding='cp1252').read() may read it."
        ) from None


def split_words(text: str) -> list[str]:
    """Cut a text into words and signs, in small letters, as GloVe's were cut.

    Parameters
    ----------
    text
        In any script; where words are not apart, as in Japanese, a run of letters is one.

    Returns
    -------
    list of str
        Words, numbers, and every other sign alone.

    Examples
    --------
    >>> split_words("It isn't Bob's film, is it? 🎬")
    ['it', 'is', "n't", 'bob', "'s", 'film', ',', 'is', 'it', '?', '🎬']
    """
    words: list[str] = []
    text = read_text(text, "text")
    text = unicodedata.normalize("NFC", text).replace("’", "'")
    for word in _WORD.findall(text.lower()):
        head, tail, _ = (*_TAIL.split(word), "", "")[:3]
        words += [part for part in (head, tail) if part]
    return words


def leave_out_copies(texts: Any, train: Any, test: Any) -> np.ndarray:
    """Return the rows to learn from without those whose text is in the test, too.

    Parameters
    ----------
    texts
        All n texts.
    train, test
        Row numbers.

    Returns
    -------
    numpy.ndarray
        What is left of ``train``.  Capitals, stops and blanks make no other text.

    Examples
    --------
    >>> leave_out_copies(["Well made.", "Bad.", "well made"], [0, 1], [2])
    array([1])
    """
    texts = read_texts(texts, empty=True)
    train, test = read_labels(train, "train"), read_labels(test, "test")
    if max(train.max(initial=-1), test.max(initial=-1)) >= len(texts):
        raise ValueError(f"train and test must be rows of the {counted(len(texts), 'text')}.")
    tested = {_bare(texts[row]) for row in test}
    return np.array([row for row in train if _bare(texts[row]) not in tested], np.int64)


def _bare(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text.casefold()).strip() or text.strip()
