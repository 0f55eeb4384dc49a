"""Tell whether a function, a network or an array is the same as last time.

What is kept on disk is found again by a name made of everything that it
depends on.  A name that changes too often costs time.  A name that stays the
same when the result would not is worse: it gives wrong results.  So whatever
is not understood here is `Unknown`, and nothing is kept.
"""

from __future__ import annotations

import dataclasses
import dis
import functools
import hashlib
import json
import re
import sys
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")  # in memory: another one in each session


class Unknown(Exception):
    """Something of which nobody can say what it will do; the message names it."""


def digest(*parts: object) -> str:
    """Return a short name for some texts and numbers.

    Examples
    --------
    >>> digest("a", 1) == digest("a", 1), digest("a", 1) == digest("a1")
    (True, False)
    """
    return hashlib.sha256(json.dumps([str(part) for part in parts]).encode()).hexdigest()


def of_array(array: np.ndarray, rows: int = 64) -> str:
    """Return a name for the shape, the kind and the content of an array.

    Parameters
    ----------
    array
        Anything that NumPy can take slices of, on disk too.
    rows
        How many rows to read at once.

    Examples
    --------
    >>> of_array(np.zeros(3)) == of_array(np.zeros(4))
    False
    """
    # Of the quick hashes, SHA-256 is the quickest on processors of the last ten years.
    content = hashlib.sha256(f"{array.shape} {array.dtype}".encode())
    if array.shape == ():
        content.update(np.asarray(array).tobytes())
    else:
        for first in range(0, len(array), rows):
            content.update(np.ascontiguousarray(array[first : first + rows]).data.cast("B"))
    return content.hexdigest()


def of_network(network: keras.Model) -> str:
    """Return a name for what a network is made of: layers, connections and weights.

    Parameters
    ----------
    network
        The network.  The names of its layers, which Keras counts anew in every
        session, do not matter.

    Raises
    ------
    Unknown
        If there is a layer that is not understood.
    """
    import keras

    try:
        text = json.dumps(network.get_config(), sort_keys=True, default=str)
        # Code that does not come with Keras is described too: it may be edited.
        own = [
            of_value(type(layer).call)
            for layer in network._flatten_layers()
            if type(layer).__module__.split(".")[0] != "keras"
        ]
    except Exception as error:
        raise Unknown(f"the network {network.name}") from error
    if _ADDRESS.search(text):
        raise Unknown(f"the network {network.name}")
    # Longest first, so that no name is replaced inside a longer one.
    names = list(dict.fromkeys(layer.name for layer in network._flatten_layers()))
    for number, name in enumerate(names):
        text = text.replace(json.dumps(name), f'"#{number}"')
    weights = [of_array(np.asarray(weight)) for weight in network.get_weights()]
    return digest(keras.__version__, text, *own, *weights)


def of_value(value: object) -> str:
    """Return a name for a function, with all that it uses, or for a plain value.

    Parameters
    ----------
    value
        A function (``functools.partial`` and methods too), a number, a text, an
        array, a network, a module, or a list, tuple, set or dictionary of those.

    Raises
    ------
    Unknown
        For anything else.

    Examples
    --------
    >>> of_value(lambda x: x + 1) == of_value(lambda x: x + 1)
    True
    >>> of_value(lambda x: x + 1) == of_value(lambda x: x + 2)
    False
    >>> of_value(functools.partial(np.add, 1)) == of_value(functools.partial(np.add, 2))
    False
    """
    return digest(_text(value, ()))


def _text(value: object, inside: tuple) -> str:
    """Describe a value; ``inside`` are the functions that are being described already."""
    kind = type(value).__name__

    def each(parts) -> list[str]:
        return [_text(part, inside) for part in parts]

    if value is None or value is ... or isinstance(value, (bool, int, float, complex, str, bytes)):
        return f"{kind} {value!r}"
    if isinstance(value, (np.generic, np.ndarray)):
        array = np.asarray(value)
        if array.dtype.hasobject:
            raise Unknown("an array of objects")
        return f"{kind} {of_array(array)}"
    if isinstance(value, (np.ufunc, np.dtype)):
        return f"{kind} {value!r}"
    if isinstance(value, (tuple, list, range, slice)):
        parts = [value.start, value.stop, value.step] if isinstance(value, slice) else value
        return f"{kind} {each(parts)}"
    if isinstance(value, (set, frozenset)):  # in no order that would stay the same
        return f"{kind} {sorted(each(value))}"
    if isinstance(value, dict):
        return f"{kind} {list(zip(each(value), each(value.values()), strict=True))}"
    if isinstance(value, ModuleType):
        package = sys.modules.get(value.__name__.partition(".")[0])
        return f"module {value.__name__} {getattr(package, '__version__', '')}"
    if isinstance(value, functools.partial):
        return f"partial {each([value.func, value.args, value.keywords])}"
    if isinstance(value, MethodType):
        return f"method {each([value.__func__, value.__self__])}"
    if isinstance(value, FunctionType):
        return _function(value, inside)
    if isinstance(value, BuiltinFunctionType) and isinstance(value.__self__, ModuleType):
        return f"built in {value.__module__}.{value.__qualname__}"
    if isinstance(value, type):
        if value.__module__.split(".")[0] in ("builtins", "numpy"):
            return f"class {value.__module__}.{value.__qualname__}"
    elif dataclasses.is_dataclass(value):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return f"{type(value).__module__}.{type(value).__qualname__} {each([fields])}"
    elif hasattr(value, "get_config") and hasattr(value, "get_weights"):  # of Keras
        return f"network {_layer(value)}"
    raise Unknown(f"the {kind} {_ADDRESS.sub('', str(value))[:60]}")


def _layer(layer: keras.Layer) -> str:
    if hasattr(layer, "layers"):
        return of_network(layer)
    if type(layer).__module__.split(".")[0] != "keras":
        raise Unknown(f"the layer {layer.name}")
    config = {key: value for key, value in layer.get_config().items() if key != "name"}
    text = json.dumps(config, sort_keys=True, default=str)
    if _ADDRESS.search(text):
        raise Unknown(f"the layer {layer.name}")
    return digest(type(layer).__name__, text, *map(of_array, layer.get_weights()))


def _function(function: FunctionType, inside: tuple) -> str:
    """Describe a function: its code, and every value that the code can reach."""
    package = (function.__module__ or "").partition(".")[0]
    name = f"{function.__module__}.{function.__qualname__}"
    if function in inside:  # it calls itself
        return f"function {name}"
    inside = (*inside, function)
    version = getattr(sys.modules.get(package), "__version__", "")
    if package in ("keras", "numpy", "tensorflow") and not function.__closure__:
        return f"function {name} {version}"  # does the same as long as the version does
    held = []
    for cell in function.__closure__ or ():
        try:
            held.append(_text(cell.cell_contents, inside))
        except ValueError:  # nothing in it yet
            held.append("empty")
    code, used = _code(function.__code__, inside)
    known = function.__globals__
    reached = [f"{key} {_text(known[key], inside)}" for key in sorted(used) if key in known]
    defaults = _text([function.__defaults__, function.__kwdefaults__], inside)
    return f"function {name} {version} {code} {held} {defaults} {reached}"


def _code(code: CodeType, inside: tuple) -> tuple[str, set[str]]:
    """Describe a piece of code, functions inside it included, and list the globals it uses."""
    used = {
        step.argval
        for step in dis.get_instructions(code)
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")
    }
    constants = []
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            text, more = _code(constant, inside)
            used |= more
        else:
            text = _text(constant, inside)
        constants.append(text)
    return f"{code.co_code.hex()} {code.co_names} {constants}", used
