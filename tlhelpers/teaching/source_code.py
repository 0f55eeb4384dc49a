"""Show the code of a function in a notebook."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from tlhelpers.inputs import read_function


def code_of(function: Callable) -> str:
    """Return the code of a function without its docstring, to be shown in a notebook.

    Examples
    --------
    >>> from tlhelpers.data.wording import printable_name
    >>> print(code_of(printable_name).splitlines()[0])
    def printable_name(name: str) -> str:
    """
    try:
        source = inspect.getsource(read_function(function, "function")).rstrip()
    except (TypeError, OSError) as problem:
        raise TypeError(f"There is no code in Python to show: {problem}") from None
    if source.count('"""') < 2:
        return source
    before, _, after = source.split('"""', 2)
    return before.rstrip() + "\n" + after.lstrip("\n")
