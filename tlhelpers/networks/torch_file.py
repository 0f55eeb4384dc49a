"""Read the numbers in a file of PyTorch's first format, without unpickling and without PyTorch.

Such a file is five pickles and then the numbers.  A pickle is a small program that can
call anything.  Here nothing is called: its steps are read one by one, those that only
put numbers and names together are followed, and any other ends the reading.
"""

from __future__ import annotations

import io
import math
import pickletools
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

MAGIC = 0x1950A86A20F9469CFC6C  # PyTorch's mark of this format
VERSION = 1001
#: The four names that a file of weights needs; any other could be code.
_KINDS: dict[str, np.dtype] = {
    "torch FloatStorage": np.dtype("<f4"),
    "torch LongStorage": np.dtype("<i8"),
}
_DICT, _TENSOR = "collections OrderedDict", "torch._utils _rebuild_tensor_v2"
#: Steps that put their own argument, or a constant, on the stack.
_ARGUMENT = {"BINUNICODE", "BININT", "BININT1", "BININT2", "LONG1"}
_CONSTANT = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}


class BadTorchFile(ValueError):
    """A file that is not what it should be; the message is the rest of a sentence about it."""


class _Name(str):
    """One of the four names, as the pickle has it; never looked up."""


class _Storage(NamedTuple):
    """A row of numbers further behind in the file."""

    kind: np.dtype
    key: str
    length: int


class _Tensor(NamedTuple):
    """Which numbers of a storage make an array: number i, j is at start + i * steps[0] + ..."""

    storage: _Storage
    start: int
    shape: tuple[int, ...]
    steps: tuple[int, ...]


def read_tensors(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays in a file that PyTorch saved in its first format (before 2020).

    Parameters
    ----------
    path
        A ``.pth`` file whose contents are one dictionary of tensors (a ``state_dict``).

    Returns
    -------
    dict
        Name → array, float32 or int64, in PyTorch's order of axes.

    Raises
    ------
    BadTorchFile
        If it is cut short or damaged, of another format, or holds anything but tensors.
    OSError
        If it cannot be read.

    Source: the format is that of ``torch.save(..., _use_new_zipfile_serialization=False)``.

    Examples
    --------
    >>> read_tensors(Path(__file__))
    Traceback (most recent call last):
    tlhelpers.networks.torch_file.BadTorchFile: is not a file of PyTorch's first format
    """
    file = io.BytesIO(path.read_bytes())  # whatever it says of its length, no more is read
    try:
        marks = _read_pickle(file), _read_pickle(file)
    except _DAMAGE as error:
        raise BadTorchFile("is not a file of PyTorch's first format") from error
    if marks != (MAGIC, VERSION):
        raise BadTorchFile("is not a file of PyTorch's first format")
    try:
        if _read_pickle(file)["little_endian"] is not True:
            raise BadTorchFile("has its bytes in an order that is not read here")
        tensors, keys = _read_pickle(file), _read_pickle(file)
        numbers = _read_storages(file, tensors, keys)
        return {name: _array(tensor, numbers) for name, tensor in tensors.items()}
    except BadTorchFile:
        raise
    except _DAMAGE as error:
        raise BadTorchFile("is damaged or cut short") from error


#: What a pickle that makes no sense leads to.
_DAMAGE = (ValueError, LookupError, TypeError, AttributeError, OverflowError)


# ----------------------------------------------------------------------------- pickles


def _read_pickle(file: io.BytesIO) -> Any:
    """Follow one pickle and return what it makes: numbers, texts, tuples, lists, dictionaries."""
    stack: list[Any] = []
    memo: dict[int, Any] = {}
    argument: Any
    for step, argument, _ in pickletools.genops(file):
        code = step.name
        if code in _ARGUMENT:
            stack.append(argument)
        elif code in _CONSTANT:
            stack.append(_CONSTANT[code])
        elif code in ("EMPTY_DICT", "EMPTY_LIST"):
            stack.append({} if code == "EMPTY_DICT" else [])
        elif code == "MARK":
            stack.append(_MARK)
        elif code in ("BINPUT", "LONG_BINPUT"):
            memo[argument] = stack[-1]
        elif code in ("BINGET", "LONG_BINGET"):
            stack.append(memo[argument])
        elif code in ("TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"):
            stack.append(tuple(_take(stack, int(code[5:]) if code[5:] else None)))
        elif code in ("SETITEM", "SETITEMS"):
            items = _take(stack, 2 if code == "SETITEM" else None)
            names = [_as(str, name) for name in items[::2]]
            _as(dict, stack[-1]).update(zip(names, items[1::2], strict=True))
        elif code in ("APPEND", "APPENDS"):
            items = _take(stack, 1 if code == "APPEND" else None)
            _as(list, stack[-1]).extend(items)
        elif code == "GLOBAL":
            stack.append(_known(argument))
        elif code == "BINPERSID":
            stack.append(_storage(stack.pop()))
        elif code == "REDUCE":
            name, arguments = _take(stack, 2)
            stack.append(_made(name, arguments))
        elif code == "BUILD":  # what a dictionary has beside its items is not needed
            stack.pop()
        elif code == "STOP":
            return stack.pop()
        elif code != "PROTO":
            raise BadTorchFile(f"wants more than to hold numbers (it has the step {code})")
    raise BadTorchFile("is damaged or cut short")


_MARK = object()


def _take(stack: list[Any], count: int | None) -> list[Any]:
    """Take the last entries off the stack: so many, or all behind the last mark."""
    if count is None:
        items = []
        while (item := stack.pop()) is not _MARK:
            items.append(item)
        return items[::-1]
    if len(stack) < count:
        raise BadTorchFile("is damaged or cut short")
    items = stack[-count:]
    del stack[-count:]
    return items


def _as(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise TypeError
    return value


def _known(name: str) -> _Name:
    if name not in (*_KINDS, _DICT, _TENSOR):
        raise BadTorchFile(f"wants to call {name.replace(' ', '.')!r}, which is refused")
    return _Name(name)


def _storage(values: Any) -> _Storage:
    _, kind, key, _, count, *_ = values
    numbers: np.dtype = _KINDS[_as(_Name, kind)]
    return _Storage(numbers, _as(str, key), _as(int, count))


def _made(name: Any, arguments: Any) -> Any:
    """Return what a call would make: of the two that are known, and no other."""
    if type(name) is _Name and name == _DICT and arguments == ():
        return {}
    if type(name) is _Name and name == _TENSOR:
        return _Tensor(*arguments[:4])
    raise BadTorchFile("wants to call something, which is refused")


# ----------------------------------------------------------------------------- numbers


def _read_storages(file: io.BytesIO, tensors: Any, keys: Any) -> dict[str, np.ndarray]:
    """Read the numbers behind the pickles: for each key their count, and they themselves."""
    storages = {}
    for tensor in _as(dict, tensors).values():
        storage = _as(_Storage, _as(_Tensor, tensor).storage)
        storages[storage.key] = storage
    numbers = {}
    for key in _as(list, keys):
        storage = storages[_as(str, key)]
        count = int(np.frombuffer(file.read(8), "<i8", 1)[0])
        if count != storage.length or count < 0:
            raise BadTorchFile("is damaged or cut short")
        numbers[key] = np.frombuffer(file.read(count * storage.kind.itemsize), storage.kind, count)
    if file.read(1):
        raise BadTorchFile("has more in it than it should")
    return numbers


def _array(tensor: _Tensor, numbers: dict[str, np.ndarray]) -> np.ndarray:
    """Pick an array's numbers, step by step: they seldom lie in the order of its axes."""
    row = numbers[tensor.storage.key]
    start, shape, steps = tensor.start, _as(tuple, tensor.shape), _as(tuple, tensor.steps)
    ends = [(size - 1) * step for size, step in zip(shape, steps, strict=True)]
    fits = start + sum(ends) < len(row) and math.prod(shape) <= len(row)
    if not fits or any(type(number) is not int or number < 0 for number in (start, *shape, *steps)):
        raise BadTorchFile("is damaged: an array points out of its numbers")
    picked = np.lib.stride_tricks.as_strided(
        row[start:], shape, [step * row.itemsize for step in steps], writeable=False
    )
    return np.ascontiguousarray(picked)
