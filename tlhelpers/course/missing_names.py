"""Say below a NameError which earlier cells to run: an extension of the kernels of the lab.

After a restart, or in a notebook that was just opened, no cell has run.  A cell
from the middle then stops at the first name that an earlier one makes.  The
error stays as it is; below it comes a sentence.
"""

from __future__ import annotations

import dis
import json
import os
import warnings
from pathlib import Path
from types import TracebackType
from typing import Any

#: Of a notebook's path, for the kernel that Jupyter's server starts with it.
NOTEBOOK = "JPY_SESSION_NAME"


def load_ipython_extension(shell: Any) -> None:
    """Look at each error of a cell; IPython calls this when the extension is loaded.

    Parameters
    ----------
    shell
        The running IPython.
    """

    def after_cell(result: Any) -> None:
        try:
            error, info = result.error_in_exec, result.info
            if type(error) is not NameError or not _in_cells(error.__traceback__, shell.user_ns):
                return
            cells = _code_cells(Path(os.environ.get(NOTEBOOK, "")))
            said = advice(error.name, cells, info.cell_id, info.raw_cell)
        except Exception:  # an error of the learner's must never bring one of ours
            return
        if said:
            shell.display_pub.publish({"text/plain": said.replace("*", ""), "text/markdown": said})

    shell.events.register("post_run_cell", after_cell)


def advice(
    name: str | None, cells: list[tuple[str, str]], cell_id: str | None, source: str
) -> str | None:
    """Return what to do about a missing name, or None if no earlier cell makes it.

    A cell that is not among them is new, and was not saved yet: it may stand anywhere.

    Parameters
    ----------
    name
        The name that is not defined.
    cells
        Id and source of the notebook's code cells, in order.
    cell_id, source
        Of the cell that failed.

    Returns
    -------
    str or None
        A sentence in Markdown.

    Examples
    --------
    >>> cells = [("setup", "import tlhelpers as tl"), ("next", "tl.progress()")]
    >>> print(advice("tl", cells, "next", "tl.progress()").partition(":")[0])
    `tl` is made in an earlier cell of this notebook
    >>> advice("t1", cells, "next", "t1.progress()")
    """
    here = [number for number, cell in enumerate(cells) if cell[0] == cell_id]
    here = here or [number for number, cell in enumerate(cells) if cell[1] == source]
    others = cells[: here[0]] if here else cells
    if name is None or not any(name in names_made(text) for _, text in others):
        return None
    where, what = "an earlier", "run the cells above first"
    if not here:
        where, what = "another", "run it first, or all cells above this one"
    return (
        f"`{name}` is made in {where} cell of this notebook: {what} "
        "(menu *Run*, *Run All Above Selected Cell*)."
    )


def names_made(source: str) -> set[str]:
    """Return the names that a cell defines, assigns or imports for other cells to use.

    Parameters
    ----------
    source
        Of a code cell.

    Returns
    -------
    set of str
        Empty if it is not Python.

    Examples
    --------
    >>> sorted(names_made("import numpy as np\\nx = [i for i in range(3)]\\ndef f(a): b = a"))
    ['f', 'np', 'x']
    """
    # Lines for IPython are none of Python's.
    lines = [line for line in source.splitlines() if line.lstrip()[:1] not in ("%", "!", "?")]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that cell's own run has shown them
            code = compile("\n".join(lines), "cell", "exec")
    except (SyntaxError, ValueError):
        return set()
    # A table of symbols (symtable) has names inside a comprehension, too, from 3.12 on.
    stores = ("STORE_NAME", "STORE_GLOBAL")
    return {step.argval for step in dis.get_instructions(code) if step.opname in stores}


def _in_cells(traceback: TracebackType | None, names: dict) -> bool:
    """Tell whether the name was missing in the learner's code, and not deeper in a package."""
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback is not None and traceback.tb_frame.f_globals is names


def _code_cells(path: Path) -> list[tuple[str, str]]:
    """Return id and source of the code cells of a notebook, as it was last saved."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [
        (cell.get("id", ""), "".join(cell["source"]))
        for cell in cells
        if cell["cell_type"] == "code"
    ]
