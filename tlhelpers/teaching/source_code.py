"""Show the code of a function in a notebook."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator

from tlhelpers.inputs import read_function
from tlhelpers.teaching.publishing import publish

WIDTH = 76  # of a first line and of a last call, before they are broken


def show_code(*functions: Callable) -> None:
    """Show the lines of functions that say how they work, with the colours of the page.

    Left out are the docstring, types, imports, and what only checks arguments.  The
    whole of it is what `code_of` returns, and stands in the package.

    Parameters
    ----------
    functions
        At least one function that is written in Python.

    Raises
    ------
    TypeError
        If there is no function, or its code is not Python.

    Examples
    --------
    >>> from tlhelpers.data.wording import printable_name
    >>> show_code(printable_name)  # doctest: +ELLIPSIS
    # tlhelpers.data.wording, without types and checks
    def printable_name(name):
    ...
    """
    if not functions:
        raise TypeError("show_code wants at least one function, and got none.")
    parts, before = [], ""
    for one in functions:
        part, place = _essence(_source(one)), getattr(one, "__module__", "here")
        parts.append(part if place == before else f"# {place}, without types and checks\n{part}")
        before = place
    code = "\n\n\n".join(parts)
    publish({"text/plain": code, "text/markdown": f"```python\n{code}\n```"})


def code_of(function: Callable) -> str:
    """Return the code of a function without its docstring, to be shown in a notebook.

    Examples
    --------
    >>> from tlhelpers.data.wording import printable_name
    >>> print(code_of(printable_name).splitlines()[0])
    def printable_name(name: str) -> str:
    """
    source = _source(function)
    if source.count('"""') < 2:
        return source
    before, _, after = source.split('"""', 2)
    return before.rstrip() + "\n" + after.lstrip("\n")


def _source(function: Callable) -> str:
    try:
        return inspect.getsource(read_function(function, "function")).rstrip()
    except (TypeError, OSError) as problem:
        raise TypeError(f"There is no code in Python to show: {problem}") from None


def _essence(source: str) -> str:
    """Return the code of a function with only what says how it works."""
    source = textwrap.dedent(source)
    try:
        (function,) = ast.parse(source).body
    except (SyntaxError, ValueError):  # a lambda in the middle of something
        return source
    if not isinstance(function, ast.FunctionDef):
        return source
    lines: list[str | None] = list(source.splitlines())
    parameters = {one.arg for one in ast.walk(function.args) if isinstance(one, ast.arg)}
    kept = [one for one in function.body if not _is_aside(one, parameters)] or function.body
    kept = [one for one in kept if not _is_idle(one, kept)] or kept
    for one in set(function.body) - set(kept):
        lines[one.lineno - 1 : one.end_lineno] = [None] * _height(one)
    last = kept[-1]
    if isinstance(last, ast.Return) and isinstance(last.value, ast.Call) and _height(last) > 3:
        inside = " ".join(str(line).strip() for line in lines[last.lineno : last.end_lineno])
        margin = " " * last.col_offset
        lines[last.lineno : last.end_lineno] = [
            *_wrapped(inside.removesuffix(")").rstrip(", "), margin + "    "),
            f"{margin})",
        ]
    for inner in ast.walk(function):
        if isinstance(inner, ast.FunctionDef) and inner.body[0].lineno > inner.lineno:
            first = inner.lineno - 1
            lines[first] = _first_line(inner)
            for number in range(first + 1, inner.body[0].lineno - 1):
                if not (lines[number] or "").lstrip().startswith("#"):
                    lines[number] = None
    return "\n".join(_without_gaps([line for line in lines if line is not None]))


def _height(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _wrapped(given: str, margin: str) -> list[str]:
    """Return what stands between the brackets of a call, in lines; a tuple stays whole."""
    whole = re.sub(r", (?=[^()]*\))", ",\0", given)
    lines = textwrap.wrap(
        whole, WIDTH, initial_indent=margin, subsequent_indent=margin, break_long_words=False
    )
    return [line.replace("\0", " ") for line in lines]


def _is_idle(node: ast.stmt, kept: list[ast.stmt]) -> bool:
    """Tell whether a statement reads an argument into a name that nothing else uses."""
    if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
        return False
    others = [inner for one in kept if one is not node for inner in ast.walk(one)]
    used = {inner.id for inner in others if isinstance(inner, ast.Name)}
    reads = any(isinstance(one, ast.expr) and _reads(one) for one in ast.walk(node.value))
    return reads and node.targets[0].id not in used


def _is_aside(node: ast.stmt, parameters: set[str]) -> bool:
    """Tell whether a statement is a docstring, an import, or checks arguments and no more."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return True
    if isinstance(node, ast.If):
        return isinstance(node.body[-1], ast.Raise) and not node.orelse
    if isinstance(node, ast.For):
        return all(_is_aside(one, parameters) for one in node.body)
    if isinstance(node, ast.Assign):
        names = [one.id for one in node.targets if isinstance(one, ast.Name)]
        return _reads(node.value) and len(names) == len(node.targets) and parameters >= set(names)
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) or _reads(node.value)
    return False


def _reads(node: ast.expr) -> bool:
    called = node.func if isinstance(node, ast.Call) else None
    return isinstance(called, ast.Name) and called.id.lstrip("_").startswith(("read_", "need_"))


def _first_line(function: ast.FunctionDef) -> str:
    """Return ``def name(a, b=1):`` without types, in three lines if it is long."""
    plain = ast.parse(ast.unparse(function)).body[0]
    assert isinstance(plain, ast.FunctionDef)
    for one in ast.walk(plain.args):
        if isinstance(one, ast.arg):
            one.annotation = None
    margin, given = " " * function.col_offset, ast.unparse(plain.args)
    line = f"{margin}def {function.name}({given}):"
    if len(line) <= WIDTH:
        return line
    middle = "\n".join(_wrapped(given, margin + "    "))
    return f"{margin}def {function.name}(\n{middle}\n{margin}):"


def _without_gaps(lines: list[str]) -> Iterator[str]:
    """Yield the lines without an empty one at the beginning of the body or after another."""
    before = ""
    for line in lines:
        if line.strip() or not (before == "" or before.endswith(":")):
            yield line
        before = line.strip()
