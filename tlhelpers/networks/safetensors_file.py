"""Read the numbers in a safetensors file: a list of arrays, and their bytes behind it.

The format holds no code, so there is nothing to run: eight bytes say how long the list
is, the list (JSON) says of each array its kind, its shape and which bytes are its own.
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

import numpy as np

#: Kinds of numbers that are read; BF16 has none in NumPy.
KINDS: dict[str, np.dtype] = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "U8": np.dtype("u1"),
}
LONGEST_LIST = 100_000_000  # bytes; the format allows no more


class BadSafetensors(ValueError):
    """A file that is not what it should be; the message is the rest of a sentence about it."""


def read_tensors(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays in a safetensors file.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    dict
        Name → array, as the file has it (of PyTorch: the weights of a dense layer are
        (out, in)).  Arrays cannot be written to: copy first.

    Raises
    ------
    BadSafetensors
        If it is cut short, damaged, of another format, or holds a kind of numbers that
        is not in `KINDS`.
    OSError
        If it cannot be read.

    Source: https://github.com/huggingface/safetensors#format

    Examples
    --------
    >>> read_tensors(Path(__file__))
    Traceback (most recent call last):
    tlhelpers.networks.safetensors_file.BadSafetensors: is not a safetensors file
    """
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        length = int.from_bytes(file.read(8), "little")  # whatever it says, no more is read
        if size < 8 or not 2 <= length <= min(size - 8, LONGEST_LIST):
            raise BadSafetensors("is not a safetensors file")
        try:
            entries = json.loads(file.read(length))
        except (ValueError, RecursionError) as error:
            raise BadSafetensors("is not a safetensors file") from error
        numbers = file.read()
    if type(entries) is not dict:
        raise BadSafetensors("is not a safetensors file")
    entries.pop("__metadata__", None)
    try:
        arrays = {name: _array(entry, numbers) for name, entry in entries.items()}
        used = sum(array.nbytes for array in arrays.values())
    except (TypeError, KeyError, OverflowError, ValueError) as error:
        if isinstance(error, BadSafetensors):
            raise
        raise BadSafetensors("has a list of arrays that makes no sense") from error
    if used != len(numbers):
        raise BadSafetensors(f"has {len(numbers):,} bytes of numbers; its list names {used:,}")
    return arrays


def _array(entry: dict, numbers: bytes) -> np.ndarray:
    """Return the array of one line of the list."""
    kind, shape, (first, last) = entry["dtype"], entry["shape"], entry["data_offsets"]
    if kind not in KINDS:
        raise BadSafetensors(f"has numbers of the kind {kind!r:.20}; read are: {', '.join(KINDS)}")
    if any(type(number) is not int or number < 0 for number in (*shape, first, last)):
        raise TypeError
    if last > len(numbers):
        raise BadSafetensors("is cut short")
    count = math.prod(shape)
    if last - first != count * KINDS[kind].itemsize:
        raise ValueError
    return np.frombuffer(numbers, KINDS[kind], count, first).reshape(shape)
