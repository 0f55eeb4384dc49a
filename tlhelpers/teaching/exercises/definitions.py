"""What an exercise and a quiz are made of, and how to find one by its id."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable
from dataclasses import dataclass

from tlhelpers.teaching import content


class UnknownItem(LookupError):
    """There is no exercise, quiz or notebook of that name; the message says which there are."""


@dataclass(frozen=True)
class Verdict:
    """What a check found: ``"right"``, ``"wrong"`` or ``"unanswered"``, and why.

    ``head`` takes the place of the usual first words, such as *Right*.
    """

    status: str
    text: str
    head: str = ""


def right(text: str) -> Verdict:
    """Accept an answer, and say why it is right."""
    return Verdict("right", text)


def noted(text: str, head: str) -> Verdict:
    """Count an answer as done without calling it right: for a guess."""
    return Verdict("right", text, head)


def wrong(text: str) -> Verdict:
    """Refuse an answer, and name the mistake without giving the answer away."""
    return Verdict("wrong", text)


@dataclass(frozen=True)
class KnownAnswer:
    """An answer that is expected: Python that takes the stub's place, and words it must get."""

    code: str
    says: str


def edited(code: str, old: str, new: str) -> str:
    """Return code with one place changed; to write a mistake down as what differs.

    Raises
    ------
    ValueError
        If the place is not there exactly once.

    Examples
    --------
    >>> edited("return a + b", "+", "-")
    'return a - b'
    """
    if code.count(old) != 1:
        raise ValueError(
            f"{old!r} should be in the code once; it is there {code.count(old)} times."
        )
    return code.replace(old, new)


@dataclass(frozen=True)
class Exercise:
    """One exercise.  Everything but `check` is text, so that it can be read like a page.

    Attributes
    ----------
    id
        Number of the notebook, a dot, number of the exercise: ``"0.3"``.
    title
        A few words.
    stub
        What stands in the notebook, to be changed by the learner.  ``...``
        stands for what is missing; or it is code with a bug in it.
    ask
        How the notebook calls the check: ``tl.check("0.3", answer)``, with
        anything else that the check needs to know by name (``measured=...``).
    hints
        Two or three steps.  None of them is the solution.
    solution
        Python that takes the place of the stub.
    why
        What to learn from the solution, in a sentence or two.
    check
        ``check(answer, context)`` returns `right` or `wrong`.  ``context`` is a
        dict of what else ``ask`` hands over.  It may raise anything.
    mistakes
        At least three wrong answers, each with words that only it gets.
    also_right
        Correct answers of other forms, each with words that it gets.
    setup
        Python that makes what earlier cells of the notebook have made; for tests.
    seconds
        How long the check takes at most.  More than 1 is said beforehand.
    by_hand
        The answer has words of one's own, which a person reads, too, in a class.
    """

    id: str
    title: str
    stub: str
    ask: str
    hints: tuple[str, ...]
    solution: str
    why: str
    check: Callable[[object, dict], Verdict]
    mistakes: tuple[KnownAnswer, ...]
    also_right: tuple[KnownAnswer, ...] = ()
    setup: str = ""
    seconds: float = 1
    by_hand: bool = False


@dataclass(frozen=True)
class Choice:
    """One choice of a quiz, and what to say to whoever takes it."""

    text: str
    why: str
    right: bool = False


@dataclass(frozen=True)
class Quiz:
    """A question with choices, of which exactly one is right.

    Its id is the number of the notebook, a dot and a letter: ``"0.a"``.  Choices
    are plain text, because buttons show no Markdown.
    """

    id: str
    question: str
    choices: tuple[Choice, ...]


def notebooks() -> list[str]:
    """Return the numbers of the notebooks that have exercises.

    Examples
    --------
    >>> notebooks()[0]
    '00'
    """
    names = [module.name for module in pkgutil.iter_modules(content.__path__)]
    return sorted(name[1:] for name in names if re.fullmatch(r"n\d\d", name))


def load_items(notebook: str | int) -> tuple[tuple[Exercise, ...], tuple[Quiz, ...]]:
    """Return the exercises and quizzes of a notebook.

    Parameters
    ----------
    notebook
        Its number, such as ``"00"`` or ``0``.

    Raises
    ------
    UnknownItem
        If no notebook of that number has exercises.

    Examples
    --------
    >>> [exercise.id for exercise in load_items("00")[0]]
    ['0.1', '0.2', '0.3', '0.4', '0.5']
    """
    number = str(notebook).strip()
    number = number.zfill(2) if number.isdecimal() else number
    if number not in notebooks():
        known = ", ".join(notebooks())
        raise UnknownItem(f"No notebook {number[:40]!r} has exercises. These have: {known}.")
    module = importlib.import_module(f"{content.__name__}.n{number}")
    return module.EXERCISES, module.QUIZZES


def find_item(item_id: str | float) -> Exercise | Quiz:
    """Return the exercise or quiz of this id.

    Raises
    ------
    UnknownItem
        If there is none; the message lists those of the notebook.

    Examples
    --------
    >>> find_item("0.2").title
    'Choose among some classes only'
    """
    name = str(item_id).strip().lower()
    number, _, _ = name.partition(".")
    if not number.isdecimal():
        raise UnknownItem(
            f"{name[:40]!r} is no id of an exercise. An id looks like '0.1' or '0.a'."
        )
    items = [item for group in load_items(number) for item in group]
    for item in items:
        if item.id == name:
            return item
    known = ", ".join(item.id for item in items)
    raise UnknownItem(f"There is no {name[:40]!r}. Notebook {number.zfill(2)} has: {known}.")
