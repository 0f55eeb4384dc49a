r"""Sentences out of docstrings, with the names in them masked.

"Which library is this sentence of?" is no question of language while the answer stands in
it: ``np.linalg.solve`` says where it comes from.  So prose is taken out of docstrings,
code and tables are left out, and names become `MASK`.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from tlhelpers.data.docstrings import Docstrings
from tlhelpers.data.texts import read_texts, text_array
from tlhelpers.inputs import read_count, read_text

MASK = "NAME"

#: What libraries are called in code and in prose.
ALIASES = {
    "numpy": ("np", "ndarray"),
    "sklearn": ("scikit-learn", "scikit"),
    "skimage": ("scikit-image", "scikit"),
    "matplotlib": ("mpl", "plt", "pyplot"),
    "tensorflow": ("tf",),
    "keras": ("tf", "tensorflow"),
    "pandas": ("pd",),
    "networkx": ("nx",),
}

_CODE = re.compile(r":[\w:]+:`[^`]*`|``.+?``|`[^`\n]+`_?")
_DOTTED = re.compile(r"\b[A-Za-z_]\w+(?:\.[A-Za-z_]\w+)+(?:\(\))?")
_IDENTIFIER = re.compile(
    r"\b(?:\w+_\w*|_\w+|[a-z]+[A-Z]\w*|[A-Z][a-z]+[A-Z]\w*)(?:\(\))?|\b\w+\(\)"
)
_ADDRESS = re.compile(r"\b\w+://\S+|\bdoi:\S+", re.IGNORECASE)
_MATH = re.compile(r"\.\. math::|\\[a-z]+\{")
_LINE = re.compile(r"([=\-~^*#\"'+`])\1{2,}\s*$")
_ITEM = re.compile(r"\s*(?:[-*•]|\d+[.)]|\[\w+\]_?|\.\. )\s*")
_STOP = re.compile(r"(?<=[a-z0-9)\]'\"][.!?])\s+(?=[A-Z\"'(])")


def prose(text: str) -> list[str]:
    """Return the sentences of a docstring: no code, no headings, no lists of parameters.

    Parameters
    ----------
    text
        A docstring.

    Returns
    -------
    list of str
        Sentences that end with a stop, each in one line.

    Examples
    --------
    >>> prose('''Add two numbers. They may
    ... be large.
    ...
    ... Parameters
    ... ----------
    ... a : int
    ...     The first one.
    ...
    ... >>> add(1, 2)
    ... 3
    ... ''')
    ['Add two numbers.', 'They may be large.', 'The first one.']
    """
    sentences: list[str] = []
    for paragraph in re.split(r"\n\s*\n", read_text(text, "text").expandtabs()):
        lines = [line for line in paragraph.split("\n") if line.strip()]
        if any(line.lstrip().startswith((">>>", "...", "|", "+--", ">>")) for line in lines):
            continue  # code with what it prints, or a table
        if _MATH.search(paragraph):
            continue
        for piece in _pieces(lines):
            sentences += [one for one in _STOP.split(piece) if one[-1:] in (".", "!", "?")]
    return sentences


def _pieces(lines: list[str]) -> list[str]:
    """Join the lines of a paragraph; a heading, an item or a deeper line begins anew."""
    pieces: list[list[str]] = [[]]
    depth = -1
    for place, line in enumerate(lines):
        below = lines[place + 1] if place + 1 < len(lines) else ""
        indent = len(line) - len(line.lstrip())
        if _LINE.fullmatch(line.strip()) or _LINE.fullmatch(below.strip()):
            pieces.append([])
            depth = -1
            continue
        item = _ITEM.match(line)
        if (item and item.group().strip()) or indent != depth:
            pieces.append([])
        depth = indent
        pieces[-1].append(line[item.end() :].strip() if item else line.strip())
    return [" ".join(piece) for piece in pieces if piece]


def mask_names(text: str, names: Any = ()) -> str:
    """Replace code, addresses, what looks like a name of code, and given names by `MASK`.

    Parameters
    ----------
    text
        A sentence.
    names
        Words to mask, too; capitals do not count.

    Examples
    --------
    >>> mask_names("As `solve` in NumPy: np.linalg.solve of an n_by_n matrix.", ["numpy"])
    'As NAME in NAME: NAME of an NAME matrix.'
    """
    text = read_text(text, "text")
    for pattern in (_ADDRESS, _CODE, _DOTTED, _IDENTIFIER):
        text = pattern.sub(MASK, text)
    names = read_texts(
        [names] if isinstance(names, str) else names, "names", at_least=0, most=200, empty=True
    )
    known = sorted({name for name in names if name.strip()}, key=len, reverse=True)
    if known:
        pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, known))})s?\b", re.IGNORECASE)
        text = pattern.sub(MASK, text)
    return text


def telling_names(sources: Any) -> list[str]:
    """Return the words that say which of these libraries a sentence is of.

    Examples
    --------
    >>> telling_names(["numpy.linalg", "scipy"])
    ['linalg', 'ndarray', 'np', 'numpy', 'scipy']
    """
    parts = {part for name in read_texts(sources, "sources", most=200) for part in name.split(".")}
    parts |= {alias for part in parts for alias in ALIASES.get(part, ())}
    return sorted(part for part in parts if len(part) > 1)


def take_sentences(
    found: Docstrings, *, least_words: int = 8, most_each: int = 3, masked: bool = True
) -> Docstrings:
    """Take sentences out of docstrings: each once, with names masked.

    Parameters
    ----------
    found
        From `docstrings.load_docstrings`.
    least_words
        Words that a sentence has at least.
    most_each
        Sentences of one docstring, at most.
    masked
        Mask names.  Without it, a word such as "numpy" gives the answer away.

    Returns
    -------
    Docstrings
        A row for each sentence.

    Raises
    ------
    ValueError
        If nothing is left.

    Examples
    --------
    >>> from tlhelpers.data.docstrings import load_docstrings
    >>> taken = take_sentences(load_docstrings(["json", "email"]))
    >>> len(taken.texts) == len(taken.labels) > 50
    True
    """
    if not isinstance(found, Docstrings):
        raise TypeError(f"found must be Docstrings; got {type(found).__name__}.")
    least, most = read_count(least_words, "least_words"), read_count(most_each, "most_each")
    telling = telling_names(found.sources) if masked else []
    texts: list[str] = []
    rows: list[int] = []
    seen: set[str] = set()
    for row, text in enumerate(found.texts):
        own = [name for name in found.names[row].split(".")[-1:] if len(name) > 2]
        count = 0
        for sentence in prose(text):
            if count == most:
                break
            if masked:
                sentence = mask_names(sentence, [*telling, *own])
            if len(sentence.split()) >= least and sentence not in seen:
                seen.add(sentence)
                texts.append(sentence)
                rows.append(row)
                count += 1
    if not texts:
        raise ValueError(f"No sentence has {least} words or more.")
    taken = np.array(rows)
    return Docstrings(
        text_array(texts),
        found.names[taken],
        found.labels[taken],
        found.files[taken],
        found.sources,
    )
