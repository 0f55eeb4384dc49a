"""Read an answer in every correct form: list, tuple, NumPy, tensor, number, letter, function.

Each function here returns what a check can work with, or raises `NotThis` with
a sentence for the learner.  None of them trusts the answer.
"""

from __future__ import annotations

import reprlib
import traceback
from collections.abc import Callable, Mapping

import numpy as np

MOST_NUMBERS = 10_000_000  # more than any exercise asks for, and quick to look through


class NotThis(Exception):
    """The answer is not of the form that was asked for; the message says what was."""


def short(value: object) -> str:
    """Return a value as a short piece of code for a sentence, whatever it is.

    Examples
    --------
    >>> short([1, 2]), short("a" * 100)
    ('`[1, 2]`', "`'aaaaaaaaaaaa...aaaaaaaaaaaaa'`")
    """
    try:
        text = reprlib.repr(value)
    except Exception:
        text = f"a {type(value).__name__}"
    return "`" + " ".join(text.replace("`", "'").split())[:80] + "`"


def array(answer: object, what: str = "the answer") -> np.ndarray:
    """Return real numbers as a NumPy array.

    Parameters
    ----------
    answer
        A number, list, tuple, NumPy array or tensor.
    what
        How a sentence begins that speaks about it.

    Raises
    ------
    NotThis
        If it does not hold real numbers, or far too many.

    Examples
    --------
    >>> array((1, 2.5))
    array([1. , 2.5])
    """
    if isinstance(answer, str | bytes):
        raise NotThis(f"{what} is text, {short(answer)}. Write numbers, without quotes.")
    if callable(answer) and not hasattr(answer, "__array__"):
        raise NotThis(f"{what} is a function. Numbers are wanted: did you forget to call it?")
    # Before NumPy touches it: it would try to write out range(10**12).
    if isinstance(answer, list | tuple | range) and len(answer) > MOST_NUMBERS:
        raise NotThis(f"{what} holds far more numbers than were asked for.")
    try:
        found = np.asarray(answer)
    except Exception:
        raise NotThis(
            f"{what} cannot be read as an array of numbers. Are all rows equally long?"
        ) from None
    if isinstance(answer, np.ma.MaskedArray) and np.ma.is_masked(answer):
        raise NotThis(f"{what} holds masked numbers, which are none.")
    if found.size > MOST_NUMBERS:
        raise NotThis(f"{what} holds far more numbers than were asked for.")
    if found.dtype.kind not in "fiub" and str(found.dtype) != "bfloat16":
        raise NotThis(f"{what} should hold numbers; it is a {type(answer).__name__}.")
    return found.astype(float) if found.dtype.kind in "fV" else found


def number(answer: object, what: str = "the answer") -> float:
    """Return a single number: a Python number, a NumPy scalar, an array or tensor of one item.

    Examples
    --------
    >>> number(np.array([0.5]))
    0.5
    """
    found = array(answer, what)
    if found.size != 1:
        raise NotThis(f"{what} should be one number; it holds {found.size}.")
    if found.dtype.kind == "b":
        raise NotThis(f"{what} is {bool(found.item())}. Write a number.")
    value = float(found.item())
    if not np.isfinite(value):
        raise NotThis(f"{what} is {value}, which is no number to work with.")
    return value


def rows(answer: object, what: str = "the answer") -> np.ndarray:
    """Return row numbers: one row of whole numbers.

    Examples
    --------
    >>> rows([3, 1.0])
    array([3, 1])
    """
    found = array(answer, what)
    if found.ndim != 1:
        raise NotThis(f"{what} should be one row of numbers; its shape is {found.shape}.")
    if found.dtype.kind == "b":
        raise NotThis(
            f"{what} is a mask of True and False. Row numbers are wanted (np.flatnonzero)."
        )
    if not np.isfinite(found).all() or (found != np.round(found)).any():
        raise NotThis(f"{what} should hold whole numbers only.")
    return found.astype(np.int64)


def letter(answer: object, allowed: str, what: str = "the answer") -> str:
    """Return one of the letters of a multiple choice, as a capital.

    Examples
    --------
    >>> letter(" b) ", "ABC")
    'B'
    """
    choices = f"{', '.join(allowed[:-1])} or {allowed[-1]}"
    if isinstance(answer, list | tuple) and len(answer) == 1:
        answer = answer[0]
    if not isinstance(answer, str):
        raise NotThis(f"{what} should be a letter in quotes: {choices}. It is {short(answer)}.")
    found = answer[:100].strip().rstrip(".)").lstrip("(").strip().upper()
    if len(found) != 1 or found not in allowed:
        raise NotThis(f"{what} should be one letter: {choices}. It is {short(answer)}.")
    return found


def words(answer: object, what: str = "the answer", at_least: int = 0) -> str:
    """Return a text without blanks around it, of at least so many words.

    Examples
    --------
    >>> words(" in one sentence ", "this", at_least=3)
    'in one sentence'
    """
    if not isinstance(answer, str):
        raise NotThis(f"{what} should be words in quotes; it is {short(answer)}.")
    found = answer[:10_000].strip()
    if len(found.split()) < at_least:
        raise NotThis(f"{what} should be a sentence, of {at_least} words at least.")
    return found


def some_of(answer: object, allowed: tuple[str, ...], what: str = "the answer") -> list[str]:
    """Return which of some words were chosen: one word, or a list of them.

    Examples
    --------
    >>> some_of("train ", ("train", "test")), some_of(["b", "b"], ("a", "b"))
    (['train'], ['b'])
    """
    given = list(answer) if isinstance(answer, list | tuple | set) else [answer]
    known = ", ".join(f'"{one}"' for one in allowed)
    found: list[str] = []
    for one in given:
        word = one.strip() if isinstance(one, str) else one
        if not isinstance(word, str) or word not in allowed:
            raise NotThis(f"{what} has {short(word)}. What it may have: {known}.")
        found.append(word)
    if not found:
        raise NotThis(f"{what} is empty. What it may have: {known}.")
    return list(dict.fromkeys(found))


def one_of(answer: object, allowed: tuple[str, ...], what: str = "the answer") -> str:
    """Return the one of some words that was chosen.

    Examples
    --------
    >>> one_of(" train", ("train", "test"))
    'train'
    """
    found = some_of(answer, allowed, what)
    if len(found) > 1:
        raise NotThis(f"{what} should be one of these, and has {len(found)}: {', '.join(found)}.")
    return found[0]


def record(answer: object, keys: tuple[str, ...], what: str = "the answer") -> dict:
    """Return a dict that has all these keys."""
    if not isinstance(answer, Mapping):
        raise NotThis(f"{what} should be a dict, with the keys {', '.join(keys)}.")
    missing = [key for key in keys if key not in answer]
    if missing:
        raise NotThis(f"{what} lacks {', '.join(missing)}.")
    return dict(answer)


def call(
    function: object, *arguments: object, name: str = "your function", returns: bool = True
) -> object:
    """Call the learner's function; if it fails, say how and where.

    Parameters
    ----------
    function
        What should be a function.
    arguments
        What to call it with.
    name
        How to speak of it.
    returns
        Whether it should return something.

    Raises
    ------
    NotThis
        If it is no function, raises anything, or returns nothing though it should.

    Examples
    --------
    >>> call(len, [1, 2])
    2
    """
    if not callable(function):
        raise NotThis(
            f"Hand over {name} itself, without brackets behind its name. "
            f"What came is a {type(function).__name__}."
        )
    try:
        result = function(*arguments)
    except (Exception, SystemExit) as problem:
        raise NotThis(f"{name} stopped with {_reason(problem, function)}") from None
    if result is None and returns:
        raise NotThis(f"{name} returns nothing. Does it end with `return`?")
    return result


def _reason(problem: BaseException, function: Callable) -> str:
    """Return the error and the learner's own line that raised it."""
    try:
        said = " ".join(str(problem).split())[:200]
    except Exception:
        said = ""
    text = f"`{type(problem).__name__}`" + (f": {said}" if said else "")
    code = getattr(function, "__code__", None)
    frames = traceback.extract_tb(problem.__traceback__)
    lines = [frame.lineno for frame in frames if code and frame.filename == code.co_filename]
    text = text.rstrip(".")
    return f"{text} (line {lines[-1]} of its cell)." if lines else f"{text}."
