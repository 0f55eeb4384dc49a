"""Odd arguments for every public function: what is refused in words, and what is not.

Each call has one odd argument (`odd_values`) and is otherwise valid
(`valid_calls`).  It is *right* if the result is, or if it is refused by a
``raise`` of the package with a sentence.  Otherwise it is

- *deep*: an error from inside a library, or one that nobody put into words;
- *hang*: no end after `PATIENCE` seconds of work;
- *wrong*: a result without a word although the value makes no sense, or a result
  that holds NaN, or is another one than the same numbers give in another form,
  or an argument or a network that was changed.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import functools
import inspect
import io
import os
import random
import signal
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import tlhelpers
from benchmarks import odd_values, tables, valid_calls

PATIENCE = 5  # seconds of work that a call may take
MEMORY = 12 << 30  # bytes that all calls together may have
DEEP = 0.01  # the share of deep errors from which on the table is no good
PACKAGE = str(Path(tlhelpers.__file__).parent)


class TooLong(BaseException):
    """A call has not come to an end."""


class Call(NamedTuple):
    """One call with one odd argument."""

    function: str
    argument: str
    odd: odd_values.Odd

    def __str__(self) -> str:
        return f"{self.function}({self.argument} = {self.odd.name})"


class Found(NamedTuple):
    """What became of a call: ``"right"``, ``"deep"``, ``"hang"`` or ``"wrong"``, and how."""

    call: Call
    verdict: str
    how: str = ""


def all_calls(names: list[str] | None = None) -> list[Call]:
    """Return every call, or those of some functions."""
    functions = valid_calls.public_functions()
    calls = []
    for name in names or valid_calls.CALLS:
        known = inspect.signature(functions[name]).parameters
        for argument, valid in valid_calls.CALLS[name]().items():
            if argument == "self":
                continue
            optional = argument in known and known[argument].default is None
            optional = optional or argument in ("augment", "watch", "weights")
            if valid is None:
                valid = Path("weights.h5")
            much = (name, argument) in valid_calls.MUCH_WORK
            for odd in odd_values.odd_values(valid, optional=optional):
                if not (much and odd.name == "a large array"):
                    calls.append(Call(name, argument, odd))
    return calls


def judge(call: Call) -> Found:
    """Make a call, and say what became of it."""
    function = valid_calls.public_functions()[call.function]
    arguments = valid_calls.CALLS[call.function]()
    arguments[call.argument] = call.odd.value()
    before = {name: _contents(value) for name, value in arguments.items()}
    free = {(call.function, call.argument), ("*", call.argument)} & {*valid_calls.TAKES_ANYTHING}
    try:
        result = _outcome(function, arguments)
    except TooLong:
        return Found(call, "hang", f"no end after {PATIENCE} s of work")
    except Exception as error:
        deep = _why_deep(error)
        changed = "" if deep else _changed(arguments, before, set())
        return Found(call, "deep" if deep else "wrong" if changed else "right", deep or changed)
    except BaseException as error:  # not to be stopped by one
        return Found(call, "deep", repr(error)[:100])
    changed = _changed(arguments, before, valid_calls.CHANGES.get(call.function, set()))
    if free or changed:
        return Found(call, "wrong" if changed else "right", changed)
    if call.odd.must == odd_values.REFUSE:
        return Found(call, "wrong", f"taken: {_short(result)}")
    if bad := _not_finite(result):
        return Found(call, "wrong", f"{bad} in the result")
    if call.odd.name == odd_values.DATASET and call.argument in valid_calls.IN_ITS_ORDER:
        return Found(call, "right")
    if call.odd.must == odd_values.EQUAL and not _alike(result, usual_result(call.function)):
        return Found(call, "wrong", f"another result: {_short(result)}")
    return Found(call, "right")


@functools.cache
def usual_result(name: str) -> Any:
    """Return the result of the valid call."""
    function = valid_calls.public_functions()[name]
    return _outcome(function, valid_calls.CALLS[name]())


def _outcome(function: Callable, arguments: dict) -> Any:
    """Call a function, and return its result in plain numbers: networks, figures and all."""
    rest = {name: value for name, value in arguments.items() if name not in ("*", "self")}
    first = [arguments[name] for name in ("*", "self") if name in arguments]
    with _quiet(), _limit():
        found = _plain(function(*first, **rest))
        trained = [_plain(v) for v in arguments.values() if hasattr(v, "get_weights")]
        return (found, trained)


def _plain(value: Any) -> Any:
    if hasattr(value, "get_weights"):
        return [np.asarray(weight) for weight in value.get_weights()]
    if hasattr(value, "savefig"):
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        value.set_dpi(30)
        canvas = FigureCanvasAgg(value)
        canvas.draw()
        return np.array(canvas.buffer_rgba())
    if inspect.isgenerator(value):
        return [item.name for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if hasattr(value, "as_numpy_iterator"):
        return list(value.as_numpy_iterator())
    if hasattr(value, "numpy"):
        return value.numpy()
    return value


@contextlib.contextmanager
def _limit() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TooLong

    # By the processor's clock, so that a busy computer makes no difference; by that
    # on the wall for what waits.
    clocks = {signal.ITIMER_PROF: PATIENCE, signal.ITIMER_REAL: 10 * PATIENCE}
    before = {number: signal.signal(number, stop) for number in (signal.SIGPROF, signal.SIGALRM)}
    for clock, seconds in clocks.items():
        signal.setitimer(clock, seconds)
    try:
        yield
    finally:
        for clock in clocks:
            signal.setitimer(clock, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    import matplotlib.pyplot as plt

    out = io.StringIO()
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(out),
    ):
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            plt.close("all")


@functools.cache
def _raises(file: str) -> list[tuple[int, int]]:
    tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Raise)]
    return [(node.lineno, node.end_lineno or node.lineno) for node in nodes]


def _why_deep(error: BaseException) -> str:
    """Say where an error comes from if the package has not put it into words; otherwise ""."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    line, said = last.lineno or 0, str(error)
    ours = last.filename.startswith(PACKAGE) and any(
        a <= line <= b for a, b in _raises(last.filename)
    )
    if ours and len(said.split()) > 3:
        return ""
    place = f"{Path(last.filename).name}:{line}"
    return f"{place}: {type(error).__name__}: {said}"[:160].replace("\n", " ")


def _contents(value: Any) -> Any:
    """Return what can be compared later, to see whether a call has changed its argument."""
    if isinstance(value, np.ndarray):
        return value.copy() if value.nbytes < 1e7 and not value.dtype.hasobject else None
    if hasattr(value, "get_weights"):
        return [np.array(weight) for weight in value.get_weights()]
    if isinstance(value, dict):
        return {name: _contents(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_contents(item) for item in value]
    return None


def _changed(arguments: dict, before: dict, allowed: set[str]) -> str:
    for name, value in arguments.items():
        if name not in allowed and not _alike(_contents(value), before[name], 0):
            return f"{name} was changed"
    return ""


def _not_finite(value: Any) -> str:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return next((bad for item in value if (bad := _not_finite(item))), "")
    if isinstance(value, (float, np.floating, np.ndarray)):
        array = np.asarray(value)
        if array.dtype.kind in "fc" and not np.isfinite(array).all():
            return "NaN or infinity"
    return ""


def _alike(a: Any, b: Any, tolerance: float = 1e-3) -> bool:
    if isinstance(a, dict) and isinstance(b, dict):
        return list(a) == list(b) and _alike(list(a.values()), list(b.values()), tolerance)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(_alike(x, y, tolerance) for x, y in zip(a, b, strict=True))
    numbers = (bool, int, float, np.ndarray, np.generic)
    if isinstance(a, numbers) and isinstance(b, numbers):
        a, b = np.asarray(a), np.asarray(b)
        if a.shape != b.shape or a.dtype.kind not in "biufc" or b.dtype.kind not in "biufc":
            return a.shape == b.shape and bool((a == b).all())
        return bool(np.allclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True))
    return type(a) is type(b)


def _short(result: Any) -> str:
    found = result[0]
    shape = f" {found.shape} {found.dtype}" if isinstance(found, np.ndarray) else ""
    try:
        return type(found).__name__ + shape if shape else repr(found)[:60].replace("\n", " ")
    except Exception as error:
        return f"a {type(found).__name__} that cannot be shown ({error!r})"


def prepare() -> None:
    """Let this process touch no cache of the user, no network, no window and not all memory."""
    place = tempfile.mkdtemp(prefix="odd-")
    os.chdir(place)
    for name in ("TLHELPERS_CACHE", "TLHELPERS_DATA", "KERAS_HOME"):
        os.environ[name] = f"{place}/{name}"
    os.environ |= {"TLHELPERS_OFFLINE": "1", "MPLBACKEND": "Agg"}
    os.environ.pop("TLHELPERS_MIRROR", None)
    with contextlib.suppress(ImportError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    tlhelpers.load_tensorflow()
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)  # one step is over before it is compiled


def measure(seed: int, share: float = 1.0, names: list[str] | None = None) -> list[Found]:
    """Make the calls, or a share of them drawn at random, and judge each."""
    calls = all_calls(names)
    if share < 1:
        calls = random.Random(seed).sample(calls, round(share * len(calls)))
    found = [_judge_valid(name) for name in dict.fromkeys(call.function for call in calls)]
    for call in calls:
        found.append(judge(call))
        if found[-1].verdict != "right":
            print(f"{found[-1].verdict:5} {call}: {found[-1].how}", flush=True)
    return found


def _judge_valid(name: str) -> Found:
    """Make the valid call: if that is refused, the odd ones say nothing."""
    call = Call(name, "all", odd_values.Odd("valid", dict, odd_values.ANY))
    try:
        bad = _not_finite(usual_result(name))
    except Exception as error:
        bad = repr(error)
    if bad:
        print(f"wrong {call}: {bad}", flush=True)
    return Found(call, "wrong" if bad else "right", bad)


def table(found: list[Found]) -> tables.Rows:
    """Return the counts of each module, and the sum."""
    counts: dict[str, Counter] = {}
    for item in found:
        parts = item.call.function.split(".")
        place = ".".join(parts[:2]) if len(parts) == 3 else "tl"
        for row in (place, "all"):
            counts.setdefault(row, Counter())[item.verdict] += 1
    return [
        (
            place,
            f"{count.total():,} calls: {count['deep']} deep ({count['deep'] / count.total():.1%}), "
            f"{count['hang']} hang, {count['wrong']} wrong",
        )
        for place, count in sorted(counts.items(), key=lambda row: (row[0] == "all", row[0]))
    ]


def is_good(found: list[Found]) -> bool:
    """Say whether nothing hangs, nothing is wrong, and next to nothing comes from deep inside."""
    counts = Counter(item.verdict for item in found)
    return not counts["hang"] and not counts["wrong"] and counts["deep"] < DEEP * len(found)


def main() -> int:
    """Print what is bad, and the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.odd_arguments")
    parser.add_argument("--share", type=float, default=1.0, help="of the calls, drawn at random")
    parser.add_argument("--seed", type=int, default=0, help="of that draw")
    parser.add_argument("names", nargs="*", help="parts of names, such as plots.bars")
    args = parser.parse_args()
    prepare()
    names = [n for n in valid_calls.CALLS if any(part in n for part in args.names)]
    found = measure(args.seed, args.share, names)
    print("| functions | figure |\n|---|---|")
    for place, figures in table(found):
        print(f"| {place} | {figures} |")
    return 0 if is_good(found) else 1


if __name__ == "__main__":
    sys.exit(main())
