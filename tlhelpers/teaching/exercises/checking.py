"""Judge an answer, give a hint, show a solution: none of them ever raises an error.

An answer is whatever the learner wrote, so it may be of any type, raise from
any method, or never end.  Everything that touches it happens in `judge`.
"""

from __future__ import annotations

import dis
import signal
import threading
import types
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from tlhelpers.teaching import content, progress
from tlhelpers.teaching.exercises.definitions import (
    Exercise,
    UnknownItem,
    Verdict,
    find_item,
    wrong,
)
from tlhelpers.teaching.exercises.reading import NotThis
from tlhelpers.teaching.exercises.showing import show_markdown

_WORDS = {
    "right": "✔ {id} Right.",
    "wrong": "✘ {id} Not yet.",
    "unanswered": "… {id} Not answered yet.",
}


class NotRight(AssertionError):
    """An answer that gets no point."""


_hints_given: dict[str, int] = {}  # in this kernel


def check(exercise_id: str, answer: object = ..., **context: object) -> None:
    """Judge an answer to an exercise, and say why it is right or wrong.

    Parameters
    ----------
    exercise_id
        Such as ``"0.3"``.
    answer
        What the exercise asks for: a number, a letter, an array, a function.
        ``...`` means that you have not answered yet.
    context
        What else the check needs, such as the number that a run measured.

    Examples
    --------
    >>> check("0.2", ...)
    … 0.2 Not answered yet. Put your answer where the `...` is, and run the cell again. If you \
are stuck: `tl.hint("0.2")`.
    """
    exercise = _exercise(exercise_id)
    if exercise is None:
        return
    verdict = judge(exercise, answer, context)
    note = progress.remember_solved(exercise.id) if verdict.status == "right" else ""
    head = verdict.head or _WORDS[verdict.status]
    show_markdown(
        f"**{head.format(id=exercise.id)}** {verdict.text} {note}".strip(),
        id=exercise.id,
        status=verdict.status,
    )


def grade(exercise_id: str, answer: object = ..., **context: object) -> None:
    """Judge an answer as `check` does, silently, and raise an error unless it is right.

    This is what gives the points in a class; see `tlhelpers.course.class_edition`.

    Parameters
    ----------
    exercise_id, answer, context
        As for `check`.

    Raises
    ------
    NotRight
        If the answer is wrong or missing; the message is that of `check`.
    """
    exercise = find_item(exercise_id)
    assert isinstance(exercise, Exercise)
    verdict = judge(exercise, answer, context)
    if verdict.status != "right":
        raise NotRight(f"{_WORDS[verdict.status].format(id=exercise.id)} {verdict.text}")


def hint(exercise_id: str) -> None:
    """Give a hint; each call gives one more.

    Parameters
    ----------
    exercise_id
        Such as ``"0.3"``.

    Examples
    --------
    >>> hint("0.9")
    There is no '0.9'. Notebook 00 has: 0.1, 0.2, ...
    """
    exercise = _exercise(exercise_id)
    if exercise is None:
        return
    given = min(_hints_given.get(exercise.id, 0) + 1, len(exercise.hints))
    _hints_given[exercise.id] = given
    lines = [f"{n}. {text}" for n, text in enumerate(exercise.hints[:given], 1)]
    last = given == len(exercise.hints)
    more = f'That was the last one. `tl.solution("{exercise.id}")` shows a solution.'
    if not last:
        more = f'Run `tl.hint("{exercise.id}")` again for the next one.'
    show_markdown("\n".join([f"**Hints for {exercise.id}**\n", *lines, f"\n{more}"]))


def solution(exercise_id: str) -> None:
    """Show a solution and what to learn from it.  Others may be as good.

    Parameters
    ----------
    exercise_id
        Such as ``"0.3"``.
    """
    exercise = _exercise(exercise_id)
    if exercise is not None and not content.SOLUTIONS:
        show_markdown(f"The solution of {exercise.id} is with your teacher.")
    elif exercise is not None:
        code = f"```python\n{exercise.solution.strip()}\n```"
        show_markdown(
            f"**A solution of {exercise.id}: {exercise.title}**\n\n{code}\n\n{exercise.why}"
        )


def _exercise(exercise_id: str) -> Exercise | None:
    """Return the exercise, or say that there is none."""
    try:
        found = find_item(exercise_id)
        if isinstance(found, Exercise):
            return found
        show_markdown(f'{found.id} is a quiz: `tl.quiz("{found.id}")`.')
    except UnknownItem as problem:
        show_markdown(str(problem))
    except Exception:  # an id that cannot even be printed
        show_markdown("That is no id of an exercise. An id looks like '0.1'.")
    return None


def judge(exercise: Exercise, answer: object, context: dict) -> Verdict:
    """Return what the check of an exercise says about an answer, whatever the answer is.

    Parameters
    ----------
    exercise
        What was asked.
    answer, context
        What came.

    Returns
    -------
    Verdict
        Nothing is raised but ``KeyboardInterrupt``: who stops a cell means it.
    """
    limit = max(5.0, 5 * exercise.seconds)
    try:
        with time_limit(limit), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the learner's numbers, not our lines
            if has_gap(answer):
                return _unanswered(exercise)
            if exercise.seconds > 1:
                show_markdown(f"This check takes about {exercise.seconds:.0f} seconds.")
            verdict = exercise.check(answer, context)
            if verdict.status == "wrong" and is_stub(answer, exercise):
                return _unanswered(exercise)
            return verdict
    except NotThis as problem:
        if is_stub(answer, exercise):
            return _unanswered(exercise)
        return wrong(_sentence(str(problem)))
    except TooLong:
        return wrong(
            f"Your answer was still at work after {limit:.0f} seconds, so it was stopped. "
            "Is there a loop that never ends?"
        )
    except KeyboardInterrupt:
        raise
    except BaseException as problem:  # SystemExit, too: an answer must not end the kernel
        return wrong(
            "This is not a kind of answer that the check can work with "
            f"(`{type(problem).__name__}`). Look at the form that the exercise asks for."
        )


def _unanswered(exercise: Exercise) -> Verdict:
    what = "Change the code" if "..." not in exercise.stub else "Put your answer where the `...` is"
    return Verdict(
        "unanswered",
        f'{what}, and run the cell again. If you are stuck: `tl.hint("{exercise.id}")`.',
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def has_gap(answer: object, depth: int = 3) -> bool:
    """Tell whether ``...`` (or nothing) stands where an answer should be.

    Examples
    --------
    >>> has_gap(...), has_gap({"draws": ...}), has_gap([1, 2])
    (True, True, False)
    """
    if answer is None or answer is ...:
        return True
    if type(answer) is dict:
        answer = list(answer.values())
    if depth and (type(answer) is list or type(answer) is tuple) and len(answer) < 1000:
        return any(has_gap(item, depth - 1) for item in answer if item is not None)
    return False


def is_stub(answer: object, exercise: Exercise) -> bool:
    """Tell whether a function is as it stood in the notebook, or still has a gap.

    A gap is ``name = ...``, ``return ...``, or no body at all.  (``x[..., 0]``
    is none.)  Called for answers that are not right only.
    """
    code = getattr(answer, "__code__", None) if type(answer) is types.FunctionType else None
    if code is None:
        return False
    steps = [s for s in dis.get_instructions(code) if s.opname not in ("RESUME", "NOP", "CACHE")]
    if all(step.opname.startswith(("LOAD_CONST", "RETURN")) for step in steps):
        return all(step.argval in (None, ...) for step in steps if step.opname != "RETURN_VALUE")
    for step, following in zip(steps, steps[1:], strict=False):
        if step.argval is ... and following.opname.startswith(("STORE", "RETURN")):
            return True
    shipped = compile(exercise.stub, "stub", "exec").co_consts
    return any(
        isinstance(item, types.CodeType)
        and (item.co_code, item.co_names) == (code.co_code, code.co_names)
        and _plain(item.co_consts) == _plain(code.co_consts)
        for item in shipped
    )


def _plain(constants: tuple) -> list[str]:
    return [repr(item) for item in constants if not isinstance(item, types.CodeType)]


class TooLong(BaseException):
    """The time is up.  Not an ``Exception``, so that few answers catch it by accident."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Stop what runs inside after some seconds.

    This is an alarm of the operating system, which interrupts Python between
    two steps.  It cannot stop one long step of compiled code, nor code that
    catches every exception for ever; and Windows has no such alarm, nor have
    threads.  There the learner stops the cell (menu *Kernel*, *Interrupt*).
    """
    if (
        not hasattr(signal, "setitimer")
        or threading.current_thread() is not threading.main_thread()
    ):
        yield
        return

    def stop(*_: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, stop)
    # Again every second: the first one may be caught by the answer itself.
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
