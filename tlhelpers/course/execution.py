"""Run one notebook from top to bottom in a fresh kernel, and read and write notebooks."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tlhelpers.course.arguments import CELL_TIMEOUT
from tlhelpers.course.kept_outputs import new_client
from tlhelpers.fetching import places

if TYPE_CHECKING:  # both take a while to import, so functions import what they need
    from nbclient import NotebookClient
    from nbformat import NotebookNode

#: What a kernel prints through; its name, for only the kernel loads it.
STREAM = "tlhelpers.course.kernel_stream.PiecewiseStream"

#: Start-up files, other ways to draw or to warn, or a terminal's width would change the outputs.
LEFT_OUT = {
    *("PYTHONSTARTUP", "PYTHONWARNINGS", "PYTHONOPTIMIZE", "PYTHONIOENCODING", "PYTHONINSPECT"),
    *("MPLBACKEND", "MATPLOTLIBRC", "JUPYTER_PATH", "JUPYTER_CONFIG_PATH", "COLUMNS", "LINES"),
}

#: Called with the number of the cell, the number of cells, the seconds of finished cells.
OnCell = Callable[[int, int, list[float]], None]


def execute_notebook(
    path: str | Path,
    *,
    on_cell: OnCell | None = None,
    timeout: int = CELL_TIMEOUT,
    env: dict[str, str] | None = None,
    seed: int | None = None,
) -> tuple[NotebookNode, list[float], dict | None]:
    """Run a notebook in a fresh kernel of this Python; no file is changed.

    The kernel starts in the notebook's folder.  It reads no start-up files or
    Jupyter settings of the user, and it is gone when this function returns,
    whatever happens.

    Parameters
    ----------
    path
        The notebook.
    on_cell
        Called as ``on_cell(number, total, seconds)`` when a cell starts and
        about once a second while it runs.  Only code cells that run are
        counted, from 1, so the number is the one in Jupyter's square brackets.
    timeout
        The most seconds that one cell may take.
    env
        Further environment variables for the kernel.
    seed
        Run it with this seed instead of its own; see `set_seed`.

    Returns
    -------
    nb
        The notebook with its outputs, up to and including a cell that failed.
    seconds
        How long each cell took.
    error
        ``None``, or ``{"cell": number, "ename": ..., "evalue": ...}``; the
        cell is 0 if the kernel did not start.

    Raises
    ------
    ValueError
        If the file is not a notebook, or has no seed to set.
    """
    path = Path(path).resolve()
    nb = read_notebook(path)
    if seed is not None:
        set_seed(nb, seed)
    # A selector loop, because zmq cannot use the default loop of Windows.
    with (
        tempfile.TemporaryDirectory(
            prefix="tl-", dir=_short_temp_folder(), ignore_cleanup_errors=True
        ) as folder,
        asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as loop,
    ):
        seconds, error = loop.run(
            _execute(nb, path.parent, Path(folder), on_cell, timeout, env or {})
        )
    return nb, seconds, error


async def _execute(
    nb: NotebookNode,
    cwd: Path,
    folder: Path,
    on_cell: OnCell | None,
    timeout: int,
    env: dict[str, str],
) -> tuple[list[float], dict | None]:
    # Else the debugger, loaded here and in the kernel, may print a warning in both.
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    from jupyter_client import AsyncKernelManager
    from jupyter_client.kernelspec import KernelSpecManager

    cells = cells_that_run(nb)
    for cell in nb.cells:  # old outputs must not pass for new ones
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    manager = AsyncKernelManager(
        # With no folder to search, the kernel is this Python, and never another
        # one that somebody registered under the same name.
        kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),
        connection_file=str(folder / "k.json"),
        # Sockets in a private folder: no port to clash with or to be listened to.
        transport="tcp" if sys.platform == "win32" else "ipc",
    )
    client = new_client(
        nb,
        km=manager,
        timeout=timeout,
        startup_timeout=120,
        record_timing=False,
        extra_arguments=[f"--IPKernelApp.outstream_class={STREAM}"],
    )
    seconds: list[float] = []
    finished = False
    try:
        with open(folder / "kernel.log", "wb") as log:
            await client.async_start_new_kernel(
                cwd=str(cwd), env=_kernel_env(folder, env), stdout=log, stderr=log
            )
        try:
            await client.async_start_new_kernel_client()
        except RuntimeError as problem:
            said = (folder / "kernel.log").read_text(encoding="utf-8", errors="replace")
            reason = (said.strip() or str(problem)).splitlines()[-1].strip()
            return seconds, error_entry(0, "RuntimeError", f"the kernel did not start: {reason}")
        for number, index in enumerate(cells, 1):
            error = await _execute_cell(client, index, number, len(cells), on_cell, seconds)
            if error:
                return seconds, error
        finished = True
        return seconds, None
    finally:
        client.set_widgets_metadata()
        if client.kc is not None:
            client.kc.stop_channels()
        # A kernel that has finished may tidy up behind itself; any other is killed.
        await manager.shutdown_kernel(now=not finished)


async def _execute_cell(
    client: NotebookClient,
    index: int,
    number: int,
    total: int,
    on_cell: OnCell | None,
    seconds: list[float],
) -> dict | None:
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    async def tick() -> None:
        while on_cell:
            await asyncio.sleep(1)
            on_cell(number, total, seconds)

    if on_cell:
        on_cell(number, total, seconds)
    started = time.monotonic()
    ticker = asyncio.create_task(tick())
    try:
        await client.async_execute_cell(client.nb.cells[index], index, execution_count=number)
    except CellExecutionError as problem:
        return error_entry(number, problem.ename, problem.evalue)
    except CellTimeoutError:
        return error_entry(number, "TimeoutError", f"the cell ran longer than {client.timeout} s")
    except DeadKernelError:
        task = asyncio.current_task()
        if task and task.cancelling():  # Ctrl-C, which nbclient takes for a death
            raise asyncio.CancelledError from None
        return error_entry(
            number,
            "DeadKernelError",
            "the kernel died; the computer ran out of memory, or the cell ended Python itself",
        )
    finally:
        ticker.cancel()
        seconds.append(round(time.monotonic() - started, 3))
    return None


def error_entry(cell: int, ename: str, evalue: str) -> dict:
    """Describe where and why a notebook stopped."""
    evalue = re.sub(r"\x1b\[[0-9;]*m", "", evalue)  # Keras colours its messages
    return {"cell": cell, "ename": ename, "evalue": evalue}


def _short_temp_folder() -> str:
    """Return where temporary folders go; a socket's path has at most about 100 characters."""
    folder = tempfile.gettempdir()
    too_long = sys.platform != "win32" and len(os.fsencode(folder)) > 70
    return "/tmp" if too_long else folder


def _kernel_env(folder: Path, extra: dict[str, str]) -> dict[str, str]:
    env = {name: value for name, value in os.environ.items() if name not in LEFT_OUT}
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        env[name] = str(folder / name.lower())
    # What this learner has solved or uploaded is nobody else's to read in the outputs.
    env["TLHELPERS_DATA"] = str(folder / "data")
    env["PYTHONPATH"] = python_path()
    env["PYTHONHASHSEED"] = "0"
    env["TF_CPP_MIN_LOG_LEVEL"] = "3"
    return env | extra


def python_path() -> str:
    """Return a ``PYTHONPATH`` with which a new process finds this same package.

    An installed package is found anyway.  A checkout that is not installed is
    put in front of what ``PYTHONPATH`` already holds.
    """
    home = places.checkout_folder()
    paths = [str(home)] if home else []
    return os.pathsep.join(paths + [p for p in [os.environ.get("PYTHONPATH")] if p])


def cells_that_run(nb: NotebookNode) -> list[int]:
    """Return the positions of the cells that nbclient runs."""
    return [
        index
        for index, cell in enumerate(nb.cells)
        if cell.cell_type == "code"
        and cell.source.strip()
        and "skip-execution" not in cell.metadata.get("tags", [])
    ]


def set_seed(nb: NotebookNode, seed: int) -> None:
    """Let a notebook draw everything that it draws at random from another seed.

    Parameters
    ----------
    nb
        Its cell with the tag ``parameters`` says ``SEED = 0``.  Changed in place.
    seed
        At least 0.

    Raises
    ------
    ValueError
        If there is no such cell.
    """
    for cell in nb.cells:
        if "parameters" in cell.metadata.get("tags", []):
            cell.source, found = re.subn(
                r"^SEED = \d+", f"SEED = {seed}", cell.source, flags=re.MULTILINE
            )
            if found == 1:
                return
    raise ValueError("The notebook has no cell with the tag 'parameters' that says SEED = 0.")


def read_notebook(path: str | Path) -> NotebookNode:
    """Read a notebook, and give an id to every cell that has none.

    What is missing and can only be empty is put in: metadata, a source, outputs.

    Raises
    ------
    OSError
        If there is no such file, or it cannot be read.
    ValueError
        If the file is not a notebook of version 4.
    """
    import nbformat

    path = Path(path)
    content = path.read_bytes()
    try:
        data = json.loads(content.decode("utf-8"))
        if data["nbformat"] != 4:
            raise ValueError(f"its format is {data['nbformat']}")
        data["metadata"] = _dict(data.get("metadata"))
        for cell in data["cells"]:
            _fill_in(cell)
        # The ids come from the position: nbformat would make up new ones each time.
        used = {cell.get("id") for cell in data["cells"]}
        for index, cell in enumerate(data["cells"]):
            name = f"cell-{index}"
            while "id" not in cell and name in used:
                name += "x"
            used.add(cell.setdefault("id", name))
        data["nbformat_minor"] = max(5, data.get("nbformat_minor", 0))
        return nbformat.reads(json.dumps(data), as_version=4)
    except Exception as problem:  # a file can be damaged in any way it likes
        raise ValueError(
            f"{path} is no readable notebook ({type(problem).__name__}: {problem}). Wanted is a "
            "Jupyter notebook of format 4. Restore the file, or save it again in JupyterLab."
        ) from problem


def _dict(found: object) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}


def _fill_in(cell: dict[str, Any]) -> None:
    cell["metadata"] = _dict(cell.get("metadata"))
    if not isinstance(cell["metadata"].get("tags", []), list):
        del cell["metadata"]["tags"]
    if cell.get("source") is None:
        cell["source"] = ""
    if not isinstance(cell.get("id", ""), str):
        del cell["id"]
    if cell["cell_type"] == "code":
        cell["outputs"] = cell.get("outputs") or []
        cell.setdefault("execution_count", None)


def notebook_text(nb: NotebookNode) -> str:
    """Return the text of a notebook's file."""
    import nbformat

    return nbformat.writes(nb).rstrip("\n") + "\n"
