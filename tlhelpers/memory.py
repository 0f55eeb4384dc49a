"""Give memory back to the computer when a cell has left some behind.

Networks, and what an export of one leaves, refer to themselves in circles: Python
drops them only when it looks for such circles, which it seldom does by itself.  And on
Linux, what is free between things still in use stays with the process until somebody asks.
"""

from __future__ import annotations

import builtins
import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

GROWN = 50 * 2**20  # bytes more than after the last time: then looking pays its half second

_after_last = 0  # bytes


def give_back() -> None:
    """Drop what nobody can reach any more, and let the computer have its memory.

    Examples
    --------
    >>> give_back()
    """
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it
        if trim is not None:
            trim(0)


@contextmanager
def collect_often() -> Iterator[None]:
    """Drop circles while they are made: for work that leaves copy after copy of a network.

    Python looks through everything that there is, and therefore seldom.  What was here
    before is set aside, so that looking through the rest costs next to nothing.

    Examples
    --------
    >>> with collect_often():
    ...     circle = []
    ...     circle.append(circle)
    """
    before, set_aside = gc.get_threshold(), gc.get_freeze_count()
    gc.collect()
    gc.freeze()
    gc.collect()  # which notes how little there is to look through now
    gc.set_threshold(700, 5, 1)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        if not set_aside:  # else somebody wants some of it to stay there
            gc.unfreeze()
        give_back()


def give_back_after_cells() -> None:
    """In a notebook, call `give_back` after each cell by which the kernel has grown much.

    Elsewhere, nothing happens.

    Examples
    --------
    >>> give_back_after_cells()
    """
    shell = getattr(builtins, "get_ipython", lambda: None)()
    if shell is not None and _after_cell not in shell.events.callbacks["post_run_cell"]:
        shell.events.register("post_run_cell", _after_cell)


def _after_cell(*_: object) -> None:
    global _after_last
    used = used_memory()
    if used > _after_last + GROWN:
        give_back()
        used = _after_last = used_memory()
    _after_last = min(_after_last, used)  # less than then: growth counts from here


def used_memory() -> int:
    """Return how many bytes of memory this process has.

    Examples
    --------
    >>> used_memory() > 0
    True
    """
    import psutil

    return psutil.Process().memory_info().rss
