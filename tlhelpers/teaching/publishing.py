"""Publish an output of a cell: what people read, and beside it what programs read."""

from __future__ import annotations

import builtins
from typing import Any


def publish(data: dict[str, Any]) -> None:
    """Publish one output in several forms; outside a notebook, print its plain text.

    Parameters
    ----------
    data
        Kind of output → content.  One of the kinds is ``"text/plain"``; if that
        is empty, nothing is printed.

    Examples
    --------
    >>> publish({"text/plain": "Hello.", "text/markdown": "**Hello.**"})
    Hello.
    """
    shell = _shell()
    if shell is not None:
        shell.display_pub.publish(data=data)
    elif data["text/plain"]:
        print(data["text/plain"])


def in_notebook() -> bool:
    """Tell whether this runs in a cell of a notebook, or anywhere else in IPython.

    Examples
    --------
    >>> in_notebook()
    False
    """
    return _shell() is not None


def _shell() -> Any:
    """Return the running IPython, which adds a function to Python's own; or ``None``."""
    return getattr(builtins, "get_ipython", lambda: None)()
