"""Odd values for an argument, made from a valid one: what people give by mistake, and worse."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

ANY, REFUSE, EQUAL = "any", "refuse", "equal"
DATASET = "as a dataset of batches"  # the name of such a value


class Odd(NamedTuple):
    """One odd value.

    Attributes
    ----------
    name
        What it is, in a word or two.
    value
        A function that makes it.
    must
        What has to become of it: refused with a sentence (``REFUSE``), refused or
        taken with the result of the valid value (``EQUAL``), or either (``ANY``).
    """

    name: str
    value: Callable[[], Any]
    must: str


def _tensor() -> Any:
    import tensorflow as tf

    return tf.constant([[1.0, 2.0], [3.0, 4.0]])


def _dataset() -> Any:
    import tensorflow as tf

    return tf.data.Dataset.from_tensor_slices(np.zeros((4, 2), np.float32)).batch(2)


def _symbol() -> Any:
    import keras

    return keras.Input((8, 8, 3))


#: Name → the value; those made by a function are new each time.
FIXED: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "True": lambda: True,
    "a text": lambda: "abc",
    "an empty text": lambda: "",
    "bytes": lambda: b"abc",
    "NaN": lambda: math.nan,
    "infinity": lambda: math.inf,
    "-infinity": lambda: -math.inf,
    "0": lambda: 0,
    "-1": lambda: -1,
    "1.5": lambda: 1.5,
    "10**30": lambda: 10**30,
    "a complex number": lambda: 1j,
    "...": lambda: ...,
    "[]": lambda: [],
    "[1, 2]": lambda: [1, 2],
    "a nested list": lambda: [[1, 2], [3, 4]],
    "a ragged list": lambda: [[1], [2, 3]],
    "a list of texts": lambda: ["a", "b"],
    "a list of None": lambda: [None, None],
    "a tuple": lambda: (1, 2),
    "an empty dict": lambda: {},
    "a dict": lambda: {"a": 1},
    "a set": lambda: {1, 2},
    "a generator": lambda: (i for i in range(3)),
    "a lambda": lambda: lambda *args, **settings: None,
    "an object": object,
    "a class": lambda: int,
    "a path to nowhere": lambda: Path("nowhere") / "at" / "all",
    "an empty array": lambda: np.zeros((0,)),
    "an array": lambda: np.zeros((2, 2)),
    "an array of objects": lambda: np.array([None, "a"], object),
    "an array of texts": lambda: np.array(["a", "b"]),
    "an array of complex numbers": lambda: np.zeros((2, 2), complex),
    "an array of dates": lambda: np.zeros((2,), "datetime64[D]"),
    "a large array": lambda: np.broadcast_to(np.float32(0.5), (20_000, 64, 64, 3)),
    "a tensor": _tensor,
    "a dataset": _dataset,
    "a symbol of Keras": _symbol,
}

#: What has no truth value, so that no flag can be read from it, in any program.
_NO_TRUTH = {"an empty array", "an array", "a large array", "a tensor", "a symbol of Keras"}
_NO_TRUTH |= {f"an array of {what}" for what in ("objects", "texts", "complex numbers", "dates")}
_NUMBERS = {"0", "-1", "1.5", "10**30", "True"}
_ROWS = {"[]", "[1, 2]", "a nested list", "a tuple", "an empty array", "an array", "a tensor"}
#: Kind of the argument → the names in `FIXED` that it may perhaps take.
_MAY_FIT = {
    "flag": set(FIXED),
    "thing": set(),
    "whole": {"0", "True"},
    "number": _NUMBERS,
    "text": {"a text", "an empty text", "a path to nowhere"},
    "path": {"a text", "an empty text", "a path to nowhere"},
    "function": {"a lambda"},
    "network": set(),
    "mapping": {"an empty dict", "a dict"},
    "array": _ROWS | {"a large array"},
    "sequence": _ROWS
    | {n for n in FIXED if n.startswith("a") and n not in ("a lambda", "a class")},
}


def kind_of(valid: Any) -> str:
    """Say what sort of argument it is, from a valid value."""
    kinds: list[tuple[str, Any]] = [
        ("flag", bool),
        ("whole", (int, np.integer)),
        ("number", float),
        ("text", str),
        ("path", Path),
        ("array", np.ndarray),
        ("mapping", Mapping),
    ]
    for kind, types in kinds:
        if isinstance(valid, types):
            return kind
    if type(valid) in (list, tuple):
        return "sequence"
    if hasattr(valid, "layers") or hasattr(valid, "units"):
        return "network"
    return "function" if callable(valid) else "thing"


def odd_values(valid: Any, *, optional: bool) -> Iterator[Odd]:
    """Yield the odd values for one argument.

    Parameters
    ----------
    valid
        What it takes.
    optional
        Whether it also takes None.
    """
    kind = kind_of(valid)
    for name, make in FIXED.items():
        if (kind == "function" and name == "a class") or (kind == "flag" and name in _NO_TRUTH):
            continue  # a function that fails by itself
        fits = name in _MAY_FIT[kind] or (name == "None" and optional)
        yield Odd(name, make, ANY if fits else REFUSE)
    if kind == "array":
        yield from _arrays_like(valid)
    elif kind == "mapping" and valid:
        yield from _changed_inside(valid, next(iter(valid)))
    elif kind == "sequence" and valid:
        yield from _changed_inside(valid, 0)


def _arrays_like(valid: np.ndarray) -> Iterator[Odd]:
    """Yield arrays that are the valid one in another form, or nearly it."""
    yield Odd("as a list", valid.tolist, EQUAL)
    yield Odd("as a list of arrays", lambda: list(valid), EQUAL)
    yield Odd("as a tuple", lambda: tuple(valid), EQUAL)
    yield Odd("in Fortran's order", lambda: np.asfortranarray(valid), EQUAL)
    yield Odd("not contiguous", lambda: np.repeat(valid, 2, axis=0)[::2], EQUAL)
    yield Odd("read-only", lambda: _read_only(valid), EQUAL)
    yield Odd("as a tensor", lambda: _tensor_of(valid), EQUAL)
    yield Odd(DATASET, lambda: _dataset_of(valid), EQUAL)
    yield Odd("as objects", lambda: valid.astype(object), EQUAL)
    for dtype in ("float64", "float32", "float16", "int64", "uint8", "bool", ">f4"):
        with np.errstate(invalid="ignore"):
            cast = valid.astype(dtype)
        if cast.dtype != valid.dtype and np.array_equal(cast.astype(float), valid.astype(float)):
            yield Odd(f"as {dtype}", lambda cast=cast: cast.copy(), EQUAL)
    for number in (np.nan, np.inf):
        spoilt = valid.astype(float)
        spoilt[(0,) * valid.ndim] = number
        yield Odd(f"with {number} in it", lambda spoilt=spoilt: spoilt.copy(), REFUSE)
    yield Odd("as texts", lambda: valid.astype(str), REFUSE)
    yield Odd("as complex numbers", lambda: valid.astype(complex), REFUSE)
    yield Odd("no rows of it", lambda: valid[:0], ANY)
    yield Odd("one row of it", lambda: valid[:1], ANY)
    yield Odd("a row more", lambda: np.concatenate([valid, valid[:1]]), ANY)
    yield Odd("in one more dimension", lambda: valid[None], ANY)
    yield Odd("only its first row", lambda: valid[0], ANY)
    yield Odd("upside down", lambda: np.ascontiguousarray(valid.T), ANY)
    yield Odd("as a column", lambda: valid[:, None], EQUAL if valid.ndim == 1 else ANY)
    if valid.ndim == 1 and valid.dtype.kind in "iu":
        yield Odd("one-hot", lambda: np.eye(valid.max() + 1)[valid], EQUAL)
        yield Odd("with halves", lambda: valid + 0.5, REFUSE)
        yield Odd("below 0", lambda: valid - 1 - valid.min(), ANY)
    elif valid.dtype.kind == "f":
        yield Odd("times 255", lambda: valid * 255, ANY)


def _changed_inside(valid: Any, key: Any) -> Iterator[Odd]:
    """Yield containers in which one item is odd."""
    kind = kind_of(valid[key])
    strict = kind not in ("flag", "text", "path", "thing")

    def with_item(make: Callable[[], Any]) -> Any:
        items = dict(valid) if isinstance(valid, Mapping) else list(valid)
        items[key] = make()
        return items if isinstance(valid, (list, Mapping)) else tuple(items)

    for name, make in FIXED.items():
        must = REFUSE if strict and name not in _MAY_FIT[kind] else ANY
        yield Odd(f"{name} inside", lambda make=make: with_item(make), must)
    if kind == "array":
        for odd in _arrays_like(valid[key]):
            yield Odd(f"{odd.name}, inside", lambda odd=odd: with_item(odd.value), odd.must)


def _read_only(valid: np.ndarray) -> np.ndarray:
    copy = valid.copy()
    copy.setflags(write=False)
    return copy


def _tensor_of(valid: np.ndarray) -> Any:
    import tensorflow as tf

    return tf.constant(valid)


def _dataset_of(valid: np.ndarray) -> Any:
    import tensorflow as tf

    return tf.data.Dataset.from_tensor_slices(valid).batch(4)
