"""What exercises of a kind have in common: a guess, a figure to read, a mistake told by its result.

The files in ``tlhelpers/teaching/content/`` are made of these.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tlhelpers.teaching.exercises.definitions import (
    Exercise,
    KnownAnswer,
    Verdict,
    edited,
    noted,
    right,
    wrong,
)
from tlhelpers.teaching.exercises.reading import NotThis, letter, number


def slips(solution: str, *changes: tuple[str, str, str]) -> tuple[KnownAnswer, ...]:
    """Return wrong answers that differ from a solution in one place each.

    Parameters
    ----------
    solution
        Python.
    changes
        What stands in the solution (once), what stands in the wrong answer, and words
        that only this mistake gets.

    Examples
    --------
    >>> slips("c = a + b", ("+", "-", "the wrong sign"))
    (KnownAnswer(code='c = a - b', says='the wrong sign'),)
    """
    return tuple(KnownAnswer(edited(solution, old, new), says) for old, new, says in changes)


def recognise(found: np.ndarray, mistakes: Mapping[str, object], atol: float = 1e-4) -> None:
    """Refuse what a known mistake would have given.

    Parameters
    ----------
    found
        What the learner's code returned.
    mistakes
        What to say → the result of this mistake, or a list of such results.
    atol
        How close is the same.

    Raises
    ------
    NotThis
        With what is to be said, if a result is the one that was found.

    Examples
    --------
    >>> recognise(np.array([3.0]), {"That is the sum.": np.array([4.0])})
    """
    for says, results in mistakes.items():
        for result in results if isinstance(results, list) else [results]:
            result = np.asarray(result, float)
            if result.shape == found.shape and np.allclose(found, result, rtol=0, atol=atol):
                raise NotThis(says)


def judge_guess(answer: object, context: dict, *, low: str, high: str, least: float = 0) -> Verdict:
    """Judge a guess in per cent: every honest one counts as done, and hears how far off it was.

    Only one within five points is called right.

    Parameters
    ----------
    answer, context
        As a check gets them.  ``context["measured"]`` is the share that came out, 0 to 1.
    low, high
        What to say of a guess that was clearly too low, or too high.
    least
        What is below this cannot be, in per cent.
    """
    guess = number(answer, "your guess")
    if "measured" not in context:
        raise NotThis("run the check after the measurement, with `measured=...` as it stood there")
    measured = 100 * number(context["measured"], "measured")
    if 0 < guess < 1:
        return wrong(f"{guess:g} looks like a fraction. Per cents were asked for, from 0 to 100.")
    if guess > 100:
        return wrong("More than 100 per cent cannot be right. Did you count? Then divide.")
    if guess < 0:
        return wrong("Less than nothing cannot be right. Per cents go from 0 to 100.")
    if guess < least:
        return wrong(f"{guess:g} per cent cannot be: it is too small. How small is possible?")
    gap = guess - measured
    if abs(gap) < 0.5:
        return right("Your guess was right to the point.")
    points = f"{abs(gap):.0f} point{'' if round(abs(gap)) == 1 else 's'}"
    side = f"{points} too {'high' if gap > 0 else 'low'}"
    if abs(gap) <= 5:
        return right(f"A close guess: it was {measured:.0f} per cent, you were {side}.")
    return noted(
        f"It was {measured:.0f} per cent, you were {side}. {high if gap > 0 else low}",
        "➜ {id} Your guess is noted.",
    )


def to_read(
    exercise_id: str,
    title: str,
    name: str,
    answer: str,
    says: Mapping[str, str],
    *,
    hints: tuple[str, ...],
    why: str,
) -> Exercise:
    """Return an exercise in which a figure is read, and a letter chosen.

    Parameters
    ----------
    exercise_id, title, hints, why
        As in `Exercise`.
    name
        Of the variable that takes the letter.
    answer
        The right letter.
    says
        What to say to each letter.
    """
    allowed = "".join(says)

    def check(chosen: object, context: dict) -> Verdict:
        found = letter(chosen, allowed)
        return (right if found == answer else wrong)(says[found])

    quoted = [f'"{one}"' for one in allowed]
    refused = [KnownAnswer(f'{name} = "{one}"', says[one]) for one in allowed if one != answer]
    return Exercise(
        id=exercise_id,
        title=title,
        stub=f"{name} = ...  # {', '.join(quoted[:-1])} or {quoted[-1]}",
        ask=f'tl.check("{exercise_id}", {name})',
        hints=hints,
        solution=f'{name} = "{answer}"',
        why=why,
        check=check,
        mistakes=(*refused, KnownAnswer(f"{name} = 10", "should be a letter in quotes")),
        also_right=(
            KnownAnswer(f'{name} = " {answer.lower()}) "', says[answer]),
            KnownAnswer(f'{name} = ["{answer}"]', says[answer]),
        ),
    )
