"""Read a GGUF file: words and numbers about a network, and its weights, as a rule rounded.

The format holds no code, so there is nothing to run.  First come entries (a name, a kind, a
value), then a list of arrays (name, shape, kind, place), then their bytes.  Weights stand in
blocks of 32, each with a scale of its own: 4 or 8 bits a weight, and 16 or 32 for the scale.
The file is mapped: an array takes memory when its `Tensor.numbers` are asked for.

Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (the format),
https://github.com/ggml-org/llama.cpp (what is in a block).
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

VERSIONS = (2, 3)
#: More than any network has; a file that says so is damaged, or made to do harm.
MOST_ENTRIES, MOST_TENSORS, MOST_ITEMS, LONGEST_NAME = 10_000, 100_000, 10_000_000, 65_535
MOST_SIDES = 4
BLOCK = 32  # weights that share a scale

#: Kinds of one number in an entry.
_NUMBERS = {
    number: np.dtype(kind)
    for number, kind in {
        0: "u1",
        1: "i1",
        2: "<u2",
        3: "<i2",
        4: "<u4",
        5: "<i4",
        6: "<f4",
        7: "?",
        10: "<u8",
        11: "<i8",
        12: "<f8",
    }.items()
}
_TEXT, _LIST = 8, 9

_HALF = ("scale", "<f2")
_NIBBLES = ("bits", "u1", BLOCK // 2)
#: Kinds of arrays that are read: their number in the file, and what a block holds.
KINDS: dict[int, tuple[str, np.dtype]] = {
    0: ("F32", np.dtype("<f4")),
    1: ("F16", np.dtype("<f2")),
    2: ("Q4_0", np.dtype([_HALF, _NIBBLES])),
    3: ("Q4_1", np.dtype([_HALF, ("least", "<f2"), _NIBBLES])),
    8: ("Q8_0", np.dtype([_HALF, ("bits", "i1", BLOCK)])),
}


class BadGguf(ValueError):
    """A file that is not what it should be; the message is the rest of a sentence about it."""


class Tensor(NamedTuple):
    """An array in a GGUF file.

    Attributes
    ----------
    name
        As the file has it.
    kind
        One of ``"F32"``, ``"F16"``, ``"Q4_0"``, ``"Q4_1"`` and ``"Q8_0"``.
    shape
        As NumPy counts, the longest step first: the file has it the other way round.  Of a
        dense layer (out, in).
    stored
        Its blocks, in the mapped file.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    stored: np.ndarray

    def numbers(self) -> np.ndarray:
        """Return its numbers, in float32.

        Raises
        ------
        BadGguf
            If some are NaN or infinite.

        Examples
        --------
        >>> block = np.array([(0.5, [0x98] * 16)], KINDS[2][1])
        >>> Tensor("w", "Q4_0", (32,), block).numbers()[[0, 15, 16, 31]]
        array([0. , 0. , 0.5, 0.5], dtype=float32)
        """
        self.check()
        found = self.stored
        if found.dtype.names:
            scale = found["scale"].astype(np.float32)[:, None]
            bits = found["bits"]
            if self.kind != "Q8_0":  # the first 16 of a block are in the low halves
                bits = np.concatenate([bits & 15, bits >> 4], axis=1)
            rows = bits.astype(np.float32)
            rows -= 8 if self.kind == "Q4_0" else 0
            rows *= scale
            if self.kind == "Q4_1":
                rows += found["least"].astype(np.float32)[:, None]
            found = rows
        return np.array(found, np.float32).reshape(self.shape)

    def check(self) -> None:
        """Raise `BadGguf` if some of its numbers are NaN or infinite, which takes little time."""
        fields = set(self.stored.dtype.names or ()) - {"bits"}  # whole numbers times half ones
        for part in [self.stored[field] for field in fields] or [self.stored]:
            if not np.isfinite(part).all():
                raise BadGguf(f"has numbers in {self.name} that are NaN or infinite")


class Gguf(NamedTuple):
    """What a GGUF file holds.

    Attributes
    ----------
    entries
        Name → number, text, array of numbers or list of texts.
    tensors
        Name → `Tensor`.
    """

    entries: dict[str, Any]
    tensors: dict[str, Tensor]


def read_gguf(path: Path) -> Gguf:
    """Return what a GGUF file holds; of its arrays only where they are.

    Parameters
    ----------
    path
        The file, of version 2 or 3.  It stays open as long as its arrays are in use.

    Returns
    -------
    Gguf
        Entries and tensors.

    Raises
    ------
    BadGguf
        If it is cut short, damaged, of another format or version, or holds arrays of a kind
        that is not in `KINDS`.
    OSError
        If it cannot be read.

    Examples
    --------
    >>> read_gguf(Path(__file__))
    Traceback (most recent call last):
    tlhelpers.networks.gguf_file.BadGguf: is not a GGUF file
    """
    path = Path(path)
    if path.stat().st_size < 24:
        raise BadGguf("is not a GGUF file")
    reader = _Reader(np.memmap(path, np.uint8, "r"))
    if reader.take(4) != b"GGUF":
        raise BadGguf("is not a GGUF file")
    version = reader.number("<u4")
    if version not in VERSIONS:
        raise BadGguf(f"is GGUF of version {version}; read are 2 and 3")
    tensors, entries = reader.number("<u8"), reader.number("<u8")
    if tensors > MOST_TENSORS or entries > MOST_ENTRIES:
        raise BadGguf(f"names {tensors:,} arrays and {entries:,} entries, which makes no sense")
    known: dict[str, Any] = {}
    for _ in range(entries):
        name = reader.new_name(known)
        known[name] = reader.value(name, reader.number("<u4"))
    listed: dict[str, tuple] = {}
    for _ in range(tensors):
        name = reader.new_name(listed)
        sides = reader.number("<u4")
        if not 1 <= sides <= MOST_SIDES:
            raise BadGguf(f"has an array {name} with {sides:,} sides; read are 1 to {MOST_SIDES}")
        shape = tuple(reader.number("<u8") for _ in range(sides))
        listed[name] = shape, reader.number("<u4"), reader.number("<u8")
    return Gguf(known, _tensors(reader, listed, known.get("general.alignment", 32)))


def _tensors(reader: _Reader, listed: dict[str, tuple], step: Any) -> dict[str, Tensor]:
    """Return the arrays of the list: their bytes begin at the next multiple of a step."""
    if type(step) is not int or not 1 <= step <= 2**20 or step & (step - 1):
        raise BadGguf("has a general.alignment that makes no sense")
    start = -(-reader.place // step) * step
    found = {}
    for name, (sides, number, offset) in listed.items():
        if number not in KINDS:
            kinds = ", ".join(kind for kind, _ in KINDS.values())
            raise BadGguf(f"has numbers of kind {number} in {name}; read are: {kinds}")
        kind, block = KINDS[number]
        count = math.prod(sides)  # Python's own whole numbers: none is too large
        if block.names and sides[0] % BLOCK:
            raise BadGguf(f"has {name} in rows of {sides[0]:,}, which are no blocks of {BLOCK}")
        blocks = count // BLOCK if block.names else count
        first = start + offset
        if first + blocks * block.itemsize > len(reader.data):
            raise BadGguf(f"is cut short: {name} is not all there")
        if offset % step:
            raise BadGguf(f"has {name} at an odd place")
        stored = reader.data[first : first + blocks * block.itemsize].view(block)
        found[name] = Tensor(name, kind, sides[::-1], stored)
    if sum(tensor.stored.nbytes for tensor in found.values()) > len(reader.data) - start:
        raise BadGguf("has arrays that lie upon each other")
    return found


class _Reader:
    """Goes through a mapped file; nothing larger than what is there is ever asked for."""

    def __init__(self, data: np.ndarray) -> None:
        self.data, self.place = data, 0

    def take(self, count: int) -> bytes:
        """Return the next bytes."""
        if count > len(self.data) - self.place:
            raise BadGguf("is cut short")
        self.place += count
        return self.data[self.place - count : self.place].tobytes()

    def number(self, kind: str | np.dtype) -> Any:
        """Return one number, as Python has it."""
        kind = np.dtype(kind)
        return np.frombuffer(self.take(kind.itemsize), kind)[0].item()

    def text(self) -> str:
        """Return one text: how long it is, and its bytes."""
        raw = self.take(self.number("<u8"))
        try:
            return raw.decode()
        except UnicodeDecodeError:
            raise BadGguf(f"has a text that is not in UTF-8: {raw[:20]!r}") from None

    def new_name(self, known: dict) -> str:
        """Return a name that is not among those known."""
        name = self.text()
        if len(name) > LONGEST_NAME or not name.isprintable() or name in known:
            what = "twice" if name in known else "that is no name"
            raise BadGguf(f"has a name {what}: {name[:40]!r}")
        return name

    def value(self, name: str, kind: int) -> Any:
        """Return the value of an entry."""
        if kind == _TEXT:
            return self.text()
        if kind in _NUMBERS:
            return self.number(_NUMBERS[kind])
        if kind != _LIST:
            raise BadGguf(f"has an entry {name} of kind {kind}, which there is not")
        kind, count = self.number("<u4"), self.number("<u8")
        if count > MOST_ITEMS:
            raise BadGguf(f"has {count:,} items in {name}; read are up to {MOST_ITEMS:,}")
        if kind == _TEXT:
            return [self.text() for _ in range(count)]
        if kind not in _NUMBERS:
            raise BadGguf(f"has a list {name} of items of kind {kind}, which are not read")
        return np.frombuffer(self.take(count * _NUMBERS[kind].itemsize), _NUMBERS[kind])
