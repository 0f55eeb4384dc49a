"""Tell whether a network, a function or an array is the same as last time.

What is kept on disk is found again by a name made of everything that it
depends on.  A name that changes too often costs time.  A name that stays the
same when the result would not is worse: it gives wrong results.  Code of
neither Keras nor this package may be edited unseen, so it is `UnknownCode`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from types import FunctionType
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakKeyDictionary

import numpy as np

from tlhelpers import __version__

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras

F = TypeVar("F", bound=Callable)

# Beside the functions and not on them: functools.wraps would copy an attribute to a
# wrapper, which does something else.
_names: WeakKeyDictionary[Callable, str] = WeakKeyDictionary()


class UnknownCode(Exception):
    """Something of which nobody can say what it will do; the message says why."""


def stays_the_same(name: str) -> Callable[[F], F]:
    """Mark a function of this package, which does the same in all of one version."""

    def mark(function: F) -> F:
        _names[function] = name
        return function

    return mark


def digest(*parts: object) -> str:
    """Return a short name for some texts and numbers.

    Examples
    --------
    >>> digest("a", 1) == digest("a", 1), digest("a", 1) == digest("a1")
    (True, False)
    """
    return hashlib.sha256(json.dumps([str(part) for part in parts]).encode()).hexdigest()


def of_array(array: np.ndarray, rows: int = 64) -> str:
    """Return a name for the shape, the kind and the content of an array, be it on disk."""
    # Of the quick hashes, SHA-256 is the quickest on processors of the last ten years.
    content = hashlib.sha256(f"{array.shape} {array.dtype}".encode())
    if not array.shape:  # a single number
        array = np.asarray(array)[None]
    for first in range(0, len(array), rows):
        content.update(np.ascontiguousarray(array[first : first + rows]).data.cast("B"))
    return content.hexdigest()


def of_function(function: Callable | None, *, vouched: bool = False) -> str:
    """Return a name for None, or a marked function; any other has to be vouched for."""
    if function is None:
        return "none"
    if isinstance(function, FunctionType) and function in _names:
        return f"{__version__} {_names[function]}"
    if not vouched:
        raise UnknownCode(f"one cannot see whether {_called(function)} stays the same")
    return f"own {_called(function)}"


def of_network(network: keras.Model, *, vouched: bool = False) -> str:
    """Return a name for what a network is made of: layers, connections and weights.

    The names of its layers, which Keras counts anew in every session, do not matter.
    Code that is not of Keras has to be vouched for; and Keras must be able to describe it.
    """
    import keras

    layers = network._flatten_layers()  # at any depth, the network itself first
    # A step such as keras.ops.sin is an operation, but no layer.
    parts = [part for layer in layers for part in (layer, *getattr(layer, "operations", ()))]
    foreign = [_called(code) for part in parts for code in _foreign_code(part)]
    if foreign and not vouched:
        raise UnknownCode(f"one cannot see whether {foreign[0]} in the network stays the same")
    try:
        text = json.dumps(network.get_config(), sort_keys=True)
    except Exception as error:  # a learner's own get_config may fail in any way
        reason = f"Keras cannot describe the network {network.name} ({type(error).__name__})"
        raise UnknownCode(reason) from error
    for number, name in enumerate(dict.fromkeys(part.name for part in parts)):
        quoted = json.dumps(name)  # replaced only where it is a name: "relu" can be both
        text = text.replace(f'"name": {quoted}', f'"name": {number}')
        text = text.replace(f"[{quoted}, ", f"[{number}, ")  # a connection
    weights = [of_array(np.asarray(weight)) for weight in network.get_weights()]
    return digest(keras.__version__, text, *weights)


def _foreign_code(part: keras.Operation) -> list[object]:
    """List what is not of Keras: the class of a layer, and functions that it was given."""
    code = (type(part), *filter(callable, vars(part).values()))
    return [x for x in code if str(getattr(x, "__module__", "")).split(".")[0] != "keras"]


def _called(code: object) -> str:
    return getattr(code, "__qualname__", type(code).__qualname__)
