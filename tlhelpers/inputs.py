"""Read what a caller gave: images, labels, probabilities, rows of numbers, single numbers.

Every public function reads its arguments here, so that one mistake gets one
sentence everywhere.  A reader takes what people have (arrays, lists, tensors
of any framework) and returns NumPy; what it cannot read it refuses: with a
`TypeError` if the kind is wrong, with a `ValueError` if the values are.
"""

from __future__ import annotations

import math
import numbers
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

MANY = 1_000_000  # the most epochs, copies, bins, … that anybody can mean


def read_array(values: Any, name: str) -> np.ndarray:
    """Return real numbers as a NumPy array; what is an array stays itself, without a copy.

    Parameters
    ----------
    values
        An array, a list, a tensor of TensorFlow, PyTorch or JAX, or a table of pandas.
    name
        What to call them in a message.

    Examples
    --------
    >>> read_array([[1, 2], [3, 4]], "features").shape
    (2, 2)
    """
    if hasattr(values, "detach"):  # PyTorch
        values = values.detach().cpu()
    plain = (list, tuple, range, str, bytes, numbers.Number)
    if not isinstance(values, plain) and not hasattr(values, "__array__"):
        raise TypeError(f"{name} must be an array of numbers; got {_kind(values)}.{_way(values)}")
    try:
        array = np.asarray(values)
    except Exception as error:
        ragged = "inhomogeneous" in str(error) or "could not broadcast" in str(error)
        why = " whose items differ in shape. Give all the same size" if ragged else f" ({error})"
        if ragged and isinstance(values, tuple) and len(values) == 2:
            why = " of two. If these are images and labels, give one of them"
        raise (ValueError if ragged else TypeError)(
            f"{name} must be one array of numbers; got {_kind(values)}{why}."
        ) from None
    first = array.flat[0] if array.size and array.dtype == object else None
    if array.dtype.kind in "US" or isinstance(first, (str, os.PathLike)):
        raise TypeError(
            f"{name} must hold numbers; got text, such as {array.ravel()[:1].tolist()}. "
            "Files become an array by tl.image_files.load_images(files, side); names of classes "
            "become numbers by np.unique(names, return_inverse=True)[1]."
        )
    if array.dtype.kind not in "biuf" and array.dtype.name != "bfloat16":
        raise TypeError(f"{name} must hold real numbers; got dtype {array.dtype}.")
    return array


def read_images(
    images: Any,
    name: str = "images",
    *,
    shape: tuple[int | None, ...] | None = None,
    low: float | None = None,
    high: float | None = None,
    at_least: int = 0,
) -> np.ndarray:
    """Return images as a float32 array, if they have the shape and range that is wanted.

    Parameters
    ----------
    images
        Shape (n, ...).
    name
        What to call them in a message.
    shape
        The shape of one image, such as ``(8, 8)``; None stands for any number, and
        for any shape.
    low, high
        The range of their values.
    at_least
        How many images there must be.

    Examples
    --------
    >>> read_images(np.zeros((5, 8, 8)), shape=(8, 8), low=0, high=1).dtype
    dtype('float32')
    """
    array = read_array(images, name)
    if shape is not None:
        check_shape(array, name, shape)
    elif array.ndim < 2:
        raise ValueError(f"{name} must have the shape (n, ...); got {array.shape}.")
    _check_count(array, name, at_least)
    array = array.astype(np.float32, copy=False)
    _check_finite(array, name)
    if array.size and low is not None and high is not None:
        lowest, highest = float(array.min()), float(array.max())
        if lowest < low or highest > high:
            hint = ""
            if (low, high) == (0, 1) and lowest >= 0:
                hint = " Divide by 16." if highest <= 16 else " Divide by 255."
            raise ValueError(
                f"{name} must lie between {low:g} and {high:g}; got {lowest:g} to "
                f"{highest:g}.{hint}"
            )
    return array


def check_shape(array: np.ndarray, name: str, shape: tuple[int | None, ...]) -> None:
    """Refuse an array whose rows have another shape. None stands for any number."""
    if _fits(array.shape[1:], shape) and array.ndim:
        return
    hint = f" For one image, write {name}[None]." if _fits(array.shape, shape) else ""
    if not hint and _fits((*array.shape[1:], 1), shape):
        hint = f" For a channel of grey, write {name}[..., None]."
    elif not hint and _fits((*array.shape[1:], 3), shape):
        hint = f" They are grey: write np.repeat({name}[..., None], 3, axis=-1)."
    elif not hint and _fits(array.shape[1:-1], shape) and array.shape[-1] in (1, 3, 4):
        colour = "[..., 0]" if array.shape[-1] == 1 else "[..., :3].mean(axis=-1)"
        hint = f" For one grey at each place instead of channels, write {name}{colour}."
    wanted = ", ".join("any" if side is None else str(side) for side in ("n", *shape))
    raise ValueError(f"{name} must have the shape ({wanted}); got {array.shape}.{hint}")


def read_rows(values: Any, name: str, *, at_least: int = 1) -> np.ndarray:
    """Return rows of numbers, such as features: shape (n, d), finite.

    Examples
    --------
    >>> read_rows([[1, 2], [3, 4], [5, 6]], "features").shape
    (3, 2)
    """
    array = read_array(values, name)
    if array.ndim != 2 or not array.shape[1]:
        hint = " For one number each, write values[:, None]." if array.ndim == 1 else ""
        raise ValueError(f"{name} must have the shape (n, d); got {array.shape}.{hint}")
    _check_count(array, name, at_least)
    _check_finite(array, name)
    return array


def read_labels(
    labels: Any, name: str = "labels", *, count: int | None = None, classes: int | None = None
) -> np.ndarray:
    """Return class numbers: shape (n,), whole, from 0.

    Parameters
    ----------
    labels
        One class number for each image.
    name
        What to call them in a message.
    count
        How many there must be, if that is known.
    classes
        How many classes there are, if that is known.

    Examples
    --------
    >>> read_labels([0, 2, 1], classes=3)
    array([0, 2, 1])
    """
    array = read_array(labels, name)
    if array.ndim != 1 or array.dtype.kind not in "biu":
        hint = ""
        if array.ndim == 2 and array.shape[1] == 1:
            hint = f" Write {name}.ravel()."
        elif array.ndim == 2 and array.shape[1] > 1 and set(np.unique(array)) <= {0, 1}:
            hint = f" Write {name}.argmax(axis=1)."
        elif array.ndim == 1 and array.size and np.equal(np.mod(array, 1), 0).all():
            hint = f" Write {name}.astype(int)."
        if not array.size and array.ndim == 1:
            array = array.astype(np.int64)  # an empty list
        else:
            raise ValueError(
                f"{name} must be one row of whole numbers; got shape {array.shape}, "
                f"{array.dtype}.{hint}"
            )
    if count is not None and len(array) != count:
        raise ValueError(f"{name} must have {count} numbers, one for each image; got {len(array)}.")
    array = array.astype(np.int64, copy=False)
    most = math.inf if classes is None else classes - 1
    if len(array) and not 0 <= array.min() <= array.max() <= most:
        wanted = "be at least 0" if classes is None else f"lie between 0 and {most}"
        hint = f" If they count from 1, write {name} - 1." if array.min() == 1 else ""
        raise ValueError(f"{name} must {wanted}; got {array.min()} to {array.max()}.{hint}")
    return array


def read_probabilities(answers: Any, name: str = "answers", *, at_least: int = 1) -> np.ndarray:
    """Return class probabilities: shape (n, classes), each row from 0 to 1 and 1 in sum.

    Examples
    --------
    >>> read_probabilities([[0.25, 0.75]])
    array([[0.25, 0.75]])
    """
    array = read_rows(answers, name, at_least=at_least).astype(np.float64)
    sums = array.sum(axis=1)
    if array.size and (array.min() < -1e-3 or np.abs(sums - 1).max() > 1e-2):
        raise ValueError(
            f"{name} must be probabilities, 1 in sum for each image; got values from "
            f"{array.min():g} to {array.max():g}, sums from {sums.min():g} to {sums.max():g}. "
            "If they are logits, give scipy.special.softmax(logits, axis=1)."
        )
    return array


def read_number(
    value: Any,
    name: str,
    *,
    least: float = -math.inf,
    most: float = math.inf,
    above: float | None = None,
) -> float:
    """Return a finite number between two bounds, which belong to it (``above`` does not)."""
    number = _scalar(value)
    right = number is not None and math.isfinite(number) and least <= number <= most
    if number is None or not right or (above is not None and number <= above):
        kind = TypeError if number is None else ValueError
        bounds = _bounds(least, most, above)
        raise kind(f"{name} must be a number{bounds}; got {_short(value)}.")
    return float(number)


def read_share(share: Any, name: str) -> float:
    """Return a share, such as an accuracy: a number from 0 to 1."""
    number = _scalar(share)
    if number is not None and 1 < number <= 100:
        raise ValueError(f"{name} must be a number from 0 to 1; got {number}. Divide by 100.")
    return read_number(share, name, least=0, most=1)


def read_count(value: Any, name: str, *, least: int = 1, most: int = MANY) -> int:
    """Return a whole number between two bounds, which belong to it."""
    number = _scalar(value)
    whole = number is not None and math.isfinite(number) and number == int(number)
    if number is None or not whole or not least <= number <= most:
        kind = TypeError if number is None else ValueError
        raise kind(f"{name} must be a whole number{_bounds(least, most)}; got {_short(value)}.")
    return int(number)


def read_seed(seed: Any, name: str = "seed") -> int:
    """Return the seed of a draw: a whole number from 0 to 2**32 - 1."""
    return read_count(seed, name, least=0, most=2**32 - 1)


def read_text(text: Any, name: str) -> str:
    """Return a text as it is, or say what was given in its place."""
    if not isinstance(text, str):
        raise TypeError(f"{name} must be a text; got {_short(text)}.")
    return text


def read_choice(choice: Any, name: str, choices: Iterable[str]) -> str:
    """Return one of some names, or list them."""
    known = list(choices)
    if not isinstance(choice, str) or choice not in known:
        kind = ValueError if isinstance(choice, str) else TypeError
        raise kind(f"Unknown {name} {_short(choice)}. Choose from: {', '.join(known)}.")
    return choice


def read_items(items: Any, name: str, *, at_least: int = 1, at_most: int = MANY) -> list[Any]:
    """Return what comes in a row (a list, a tuple, an array, a tensor) as a list."""
    if not isinstance(items, (list, tuple, np.ndarray)):
        if not hasattr(items, "__array__"):
            raise TypeError(f"{name} must be a list; got {_short(items)}.")
        items = read_array(items, name)
    found = list(np.atleast_1d(items) if isinstance(items, np.ndarray) else items)
    if not at_least <= len(found) <= at_most:
        wanted = f"{at_least}" if at_least == at_most else f"from {at_least} to {at_most:,}"
        raise ValueError(f"{name} must have {wanted} items; got {len(found)}.")
    return found


def read_names(names: Any, name: str = "names", *, least: int = 1, most: int = MANY) -> list[str]:
    """Return a list of names; a text is one name for each letter."""
    items = list(names) if isinstance(names, str) else names
    return [str(item) for item in read_items(items, name, at_least=least, at_most=most)]


def read_mapping(items: Any, name: str, *, at_least: int = 1) -> dict[Any, Any]:
    """Return names and what belongs to them as a dictionary."""
    if not isinstance(items, Mapping):
        raise TypeError(f"{name} must be a dictionary; got {_short(items)}.")
    if len(items) < at_least:
        raise ValueError(f"{name} is empty: there must be at least one item.")
    return dict(items)


def read_function(function: Any, name: str) -> Callable[..., Any]:
    """Return a function as it is, or say what was given in its place."""
    if not callable(function):
        raise TypeError(f"{name} must be a function; got {_short(function)}.")
    return function


def read_network(model: Any, name: str = "model", *, head: bool = False) -> Any:
    """Return a Keras network as it is, or say what was given in its place.

    ``head=True`` also wants its last layer to be a ``Dense`` with two or more outputs.
    """
    if not (hasattr(model, "layers") and hasattr(model, "get_weights")):
        raise TypeError(f"{name} must be a network of Keras; got {_short(model)}.")
    if head:
        last = model.layers[-1] if model.layers else None
        if last is None or type(last).__name__ != "Dense":
            raise ValueError(
                f"The last layer of {model.name} is {type(last).__name__}; wanted is "
                "keras.layers.Dense with one output for each class."
            )
        if last.units == 1:
            raise ValueError(ONE_OUTPUT.format(name=model.name))
    return model


#: The usual head for two classes, which the course does not use.
ONE_OUTPUT = (
    "{name} has one output. The course wants one output for each class: for two classes, "
    'Dense(2, "softmax") and labels 0 and 1, in place of Dense(1, "sigmoid").'
)


def _scalar(value: Any) -> float | int | None:
    """Return one real number as Python's own, or None if it is no such number."""
    if isinstance(value, (bool, np.bool_, str, bytes)) or value is None:
        return None
    if isinstance(value, numbers.Integral):
        return int(value) if abs(int(value)) < 10**300 else math.inf
    if isinstance(value, numbers.Real):
        return float(value)
    try:  # an array or a tensor of one number
        array = read_array(value, "value")
    except (TypeError, ValueError):
        return None
    return array.item() if array.ndim == 0 and array.dtype.kind in "iuf" else None


def _bounds(least: float, most: float, above: float | None = None) -> str:
    low = f"above {above:g}" if above is not None else f"at least {least:,}"
    if most == math.inf:
        return "" if least == -math.inf and above is None else f", {low}"
    if above is not None:
        return f", {low} and at most {most:,}"
    return f" from {least:,} to {most:,}"


def _check_count(array: np.ndarray, name: str, at_least: int) -> None:
    if len(array) < at_least:
        raise ValueError(f"{name} must have at least {at_least} rows; got {len(array)}.")


def _check_finite(array: np.ndarray, name: str) -> None:
    if array.size and not (np.isfinite(array.min()) and np.isfinite(array.max())):
        bad = int(np.sum(~np.isfinite(array).reshape(len(array), -1).all(axis=1)))
        raise ValueError(
            f"{name} has values that are not finite (NaN or infinity), in {bad} of "
            f"{len(array)} rows: look at np.flatnonzero(~np.isfinite({name}).reshape("
            f"len({name}), -1).all(axis=1))."
        )


def _fits(found: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(found) == len(wanted) and all(
        want in (None, got) for got, want in zip(found, wanted, strict=True)
    )


def _kind(value: Any) -> str:
    if value is None:
        return "None"
    return f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")


def _way(values: Any) -> str:
    """Name the way from batches (a dataset, a generator, a loader) to one array."""
    if isinstance(values, (dict, set)) or not hasattr(values, "__iter__"):
        return ""
    counted = hasattr(values, "__len__") and hasattr(values, "__getitem__")
    all_of_it = "(data[i] for i in range(len(data)))" if counted else "data"
    return (
        " It gives batches. Make arrays of them, in one pass: "
        f"images, labels = map(np.concatenate, zip(*{all_of_it}))."
    )


def _short(value: Any) -> str:
    try:
        text = repr(value)
    except Exception:  # of a number with thousands of digits, of a broken object
        return f"some {_kind(value)}"
    return text if len(text) <= 60 else f"{_kind(value)} {text[:40]}…"
