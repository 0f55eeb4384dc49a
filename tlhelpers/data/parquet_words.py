"""Read one column of texts from a Parquet file: words, in the order of their rows.

Libraries for Parquet weigh fifty times as much as the one file that the course reads.
This reads what such a file of words has (a column of byte arrays, pages of the first
version, plain or with a dictionary, Snappy or unpacked) and says what it cannot read.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np

MARK = b"PAR1"  # first and last
_TEXT, _PLAIN, _DICTIONARY = 6, 0, (2, 8)  # numbers of the format: a type, and encodings
_DATA_PAGE, _DICTIONARY_PAGE = 0, 2
MOST = 200_000_000  # words of a file, and bytes of a page when it is unpacked


class NotReadable(ValueError):
    """A Parquet file that is damaged, or of a form that is not read here."""


def read_words(path: str | Path) -> list[str]:
    """Read the only column of a Parquet file: texts, none of them missing.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    list of str
        One text for each row.

    Raises
    ------
    OSError
        If there is no such file, or it may not be read.
    NotReadable
        If it is damaged, or of another form: several columns, numbers, another
        compression than Snappy.

    Source: https://parquet.apache.org/docs/file-format/ and
    https://github.com/google/snappy/blob/main/format_description.txt
    """
    data = Path(path).read_bytes()
    try:
        return _read(data)
    except NotReadable as problem:
        raise NotReadable(f"{Path(path).name} cannot be read as words: {problem}.") from None
    except (IndexError, KeyError, TypeError, ValueError, struct.error, OverflowError) as error:
        why = f"damaged ({type(error).__name__})"
        raise NotReadable(f"{Path(path).name} cannot be read as words: it is {why}.") from None


def _read(data: bytes) -> list[str]:
    if data[:4] != MARK or data[-4:] != MARK or len(data) < 12:
        raise NotReadable("it is no Parquet file, or not all of it is here")
    size = struct.unpack("<I", data[-8:-4])[0]
    footer = _Thrift(data, len(data) - 8 - size).struct()
    columns, count, words = footer[2][1:], footer[3], []
    if len(columns) != 1 or columns[0].get(1) != _TEXT or columns[0][3] > 1:
        raise NotReadable("wanted is one column of texts, and nothing else")
    if not 0 <= count <= MOST:
        raise NotReadable("its number of rows is absurd")
    for group in footer[4]:
        words += _column(data, group[1][0][3], count, optional=columns[0][3] == 1)
    if len(words) != count:
        raise NotReadable(f"it has {len(words):,} of {count:,} rows")
    return words


def _column(data: bytes, about: dict[int, Any], most: int, optional: bool) -> list[str]:
    """Read a column: pages of words, or of numbers in a dictionary that comes first."""
    if about[4] not in (0, 1):
        raise NotReadable("it is packed, and not with Snappy")
    known: list[str] = []
    words: list[str] = []
    start = min(about.get(11, about[9]), about[9])
    while len(words) < about[5] <= most:
        header = _Thrift(data, start)
        page = header.struct()
        start = header.place + page[3]
        if start > len(data) or not 0 <= page[2] <= MOST or page[3] < 0:
            raise NotReadable("a page in it has an absurd size")
        if page[1] not in (_DATA_PAGE, _DICTIONARY_PAGE):
            raise NotReadable("its pages are of a newer version")
        content = data[header.place : start]
        if about[4]:
            content = _unpack_snappy(content, page[2])
        if page[1] == _DICTIONARY_PAGE:
            known = _plain(content, page[7][1])
        elif not 0 < page[5][1] <= about[5] - len(words):
            raise NotReadable("a page in it has too many words, or none")
        else:
            words += _data_page(content, page[5], known, optional)
    return words


def _data_page(
    content: bytes, about: dict[int, Any], known: list[str], optional: bool
) -> list[str]:
    count, start = about[1], 0
    if optional:
        start = 4 + struct.unpack("<I", content[:4])[0]
        if not _hybrid(content, 4, start, 1, count).all():  # 0: there is nothing in this row
            raise NotReadable("a row in it is empty")
    if about[2] == _PLAIN:
        return _plain(content[start:], count)
    if about[2] not in _DICTIONARY:
        raise NotReadable("its texts are neither plain nor in a dictionary")
    rows = _hybrid(content, start + 1, len(content), content[start], count)
    return [known[row] for row in rows.tolist()]


def _plain(content: bytes, count: int) -> list[str]:
    """Read texts that stand behind each other, each after its length."""
    words, place, length = [], 0, struct.Struct("<I").unpack_from
    for _ in range(count):
        end = place + 4 + length(content, place)[0]
        if end > len(content):
            raise NotReadable("a word in it is longer than its page")
        words.append(content[place + 4 : end].decode())
        place = end
    return words


def _hybrid(content: bytes, start: int, end: int, width: int, count: int) -> np.ndarray:
    """Read whole numbers of ``width`` bits: runs of one number, and eights of packed ones."""
    if not 0 < width <= 32:
        raise NotReadable(f"a page in it has numbers of {width} bits")
    found, have = [np.zeros(0, np.int64)], 0
    while have < count:
        head, start = _varint(content, start)
        if head & 1:  # so many times eight numbers
            size = (head >> 1) * width
            bits = np.frombuffer(content[start : min(start + size, end)], np.uint8)
            bits = np.unpackbits(bits, bitorder="little")
            bits = bits[: len(bits) // width * width].reshape(-1, width)
            run = bits @ (1 << np.arange(width, dtype=np.int64))
        else:
            size = (width + 7) // 8
            number = int.from_bytes(content[start : start + size], "little")
            run = np.full(min(head >> 1, count), number)
        if not len(run) or start >= end:
            raise NotReadable("a page in it ends too soon")
        start, have = start + size, have + len(run)
        found.append(run)
    return np.concatenate(found)[:count]


def _unpack_snappy(packed: bytes, size: int) -> bytes:
    """Undo Snappy: pieces as they are, and pieces that have been there before."""
    said, i = _varint(packed, 0)
    if said != size:
        raise NotReadable("a page in it has two sizes")
    out = bytearray()
    while i < len(packed) and len(out) <= size:
        tag = packed[i]
        i += 1
        kind, long = tag & 3, tag >> 2
        if kind == 0:
            if long >= 60:
                more = long - 59
                long = int.from_bytes(packed[i : i + more], "little")
                i += more
            out += packed[i : i + long + 1]
            i += long + 1
            continue
        if kind == 1:
            long, back = (long & 7) + 4, (tag >> 5) << 8 | packed[i]
            i += 1
        else:
            wide = 2 * (kind - 1)
            long, back = long + 1, int.from_bytes(packed[i : i + wide], "little")
            i += wide
        begin = len(out) - back
        if back == 0 or begin < 0:
            raise NotReadable("a page in it points outside of itself")
        if back >= long:
            out += out[begin : begin + long]
        else:  # it repeats what it is just writing
            piece = bytes(out[begin:])
            out += (piece * (long // back + 1))[:long]
    if len(out) != size:
        raise NotReadable("a page in it has another size than it says")
    return bytes(out)


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """Read a whole number, seven bits in each byte; return it and where the next begins."""
    number = shift = 0
    while True:
        byte = data[place]
        place += 1
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return number, place
        if shift > 63:
            raise NotReadable("a number in it has no end")


class _Thrift:
    """Read what Parquet says of itself: Thrift in its compact form, as numbers of fields."""

    def __init__(self, data: bytes, place: int) -> None:
        if not 0 <= place < len(data):
            raise NotReadable("it points outside of itself")
        self.data, self.place, self.deep = data, place, 0

    def number(self) -> int:
        """Read a whole number, of which the last bit is the sign."""
        value, self.place = _varint(self.data, self.place)
        return value >> 1 ^ -(value & 1)

    def struct(self) -> dict[int, Any]:
        """Read fields by their numbers, until the stop."""
        fields: dict[int, Any] = {}
        field, self.deep = 0, self.deep + 1
        if self.deep > 20:
            raise NotReadable("what it says of itself is nested too deeply")
        while head := self._byte():
            field = field + (head >> 4) if head >> 4 else self.number()
            fields[field] = self._value(head & 15)
        self.deep -= 1
        return fields

    def _byte(self) -> int:
        self.place += 1
        return self.data[self.place - 1]

    def _value(self, kind: int) -> Any:
        if kind in (1, 2):  # true, false
            return kind == 1
        if kind == 3:
            return self._byte()
        if kind in (4, 5, 6):
            return self.number()
        if kind == 7:
            self.place += 8
            return None
        if kind == 8:
            size, begin = _varint(self.data, self.place)
            self.place = begin + size
            return self.data[begin : self.place]
        if kind in (9, 10):
            head = self._byte()
            count = head >> 4
            if count == 15:
                count, self.place = _varint(self.data, self.place)
            if count > len(self.data):
                raise NotReadable("a list in it is longer than the file")
            return [self._value(head & 15) for _ in range(count)]
        if kind == 12:
            return self.struct()
        raise NotReadable(f"what it says of itself has a part of kind {kind}")
