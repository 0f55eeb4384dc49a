"""Run notebooks from top to bottom, each in a fresh kernel, and report on them.

``run_notebooks`` runs several and keeps the executed copies and a report in a
build folder.  ``make_outputs`` runs one and writes its outputs into the notebook
itself, the same bytes every time.  Both stand on ``execute_notebook``.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from tlhelpers.claims import CLAIM_TYPE

if TYPE_CHECKING:  # both take a while to import, so functions import what they need
    from nbclient import NotebookClient
    from nbformat import NotebookNode

#: The kind of output in which a photo section says {"status": "run"} or "skipped".
PHOTOS_TYPE = "application/vnd.tlhelpers.photos+json"

_WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
_WIDGET_STATE = "application/vnd.jupyter.widget-state+json"

#: Called with the number of the cell, the number of cells, the seconds of finished cells.
OnCell = Callable[[int, int, list[float]], None]

# ---------------------------------------------------------------- one notebook


def execute_notebook(
    path: str | Path,
    *,
    on_cell: OnCell | None = None,
    timeout: int = 600,
    env: dict[str, str] | None = None,
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
        If the file is not a notebook.
    """
    path = Path(path).resolve()
    nb = read_notebook(path)
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
    from nbclient import NotebookClient

    cells = _cells_that_run(nb)
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
    client = NotebookClient(
        nb, km=manager, timeout=timeout, startup_timeout=120, record_timing=False
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
            return seconds, _error(0, "RuntimeError", f"the kernel did not start: {reason}")
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
        return _error(number, problem.ename, problem.evalue)
    except CellTimeoutError:
        return _error(number, "TimeoutError", f"the cell ran longer than {client.timeout} s")
    except DeadKernelError:
        if asyncio.current_task().cancelling():  # Ctrl-C, which nbclient takes for a death
            raise asyncio.CancelledError from None
        return _error(
            number,
            "DeadKernelError",
            "the kernel died; the computer ran out of memory, or the cell ended Python itself",
        )
    finally:
        ticker.cancel()
        seconds.append(round(time.monotonic() - started, 3))
    return None


def _error(cell: int, ename: str, evalue: str) -> dict:
    evalue = re.sub(r"\x1b\[[0-9;]*m", "", evalue)  # Keras colours its messages
    return {"cell": cell, "ename": ename, "evalue": evalue}


def _short_temp_folder() -> str:
    """Return where temporary folders go; a socket's path has at most about 100 characters."""
    folder = tempfile.gettempdir()
    too_long = sys.platform != "win32" and len(os.fsencode(folder)) > 70
    return "/tmp" if too_long else folder


def _kernel_env(folder: Path, extra: dict[str, str]) -> dict[str, str]:
    # A start-up file, another figure backend or a terminal's width would change the outputs.
    left_out = {"PYTHONSTARTUP", "MPLBACKEND", "COLUMNS", "LINES"}
    env = {name: value for name, value in os.environ.items() if name not in left_out}
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        env[name] = str(folder / name.lower())
    env["PYTHONPATH"] = python_path()
    env["PYTHONHASHSEED"] = "0"
    env["TF_CPP_MIN_LOG_LEVEL"] = "3"
    env["TF_DETERMINISTIC_OPS"] = "1"
    return env | extra


def python_path() -> str:
    """Return a ``PYTHONPATH`` with which a new process finds this same package.

    An installed package is found anyway.  A checkout that is not installed is
    put in front of what ``PYTHONPATH`` already holds.
    """
    home = Path(__file__).resolve().parents[1]
    paths = [str(home)] if (home / "pyproject.toml").exists() else []
    return os.pathsep.join(paths + [p for p in [os.environ.get("PYTHONPATH")] if p])


def _cells_that_run(nb: NotebookNode) -> list[int]:
    """Return the positions of the cells that nbclient runs."""
    return [
        index
        for index, cell in enumerate(nb.cells)
        if cell.cell_type == "code"
        and cell.source.strip()
        and "skip-execution" not in cell.metadata.get("tags", [])
    ]


# ------------------------------------------------------------- several notebooks


def run_notebooks(
    paths: Iterable[str | Path],
    build_dir: str | Path,
    *,
    timeout: int = 600,
    env: dict[str, str] | None = None,
) -> dict:
    """Run notebooks one after the other and keep what they made.

    Executed copies go to ``notebooks/`` in the build folder, and a report to
    ``report.json``, both after each notebook.  A notebook that fails does not
    stop the others.  Ctrl-C does, and keeps what was finished.

    Parameters
    ----------
    paths
        The notebooks, in the order in which to run them.
    build_dir
        Where copies and report go; it is made if needed.
    timeout, env
        As in `execute_notebook`.

    Returns
    -------
    dict
        The report.  Its ``"status"`` is ``"ok"``, ``"failed"`` or
        ``"interrupted"``; its ``"notebooks"`` have one entry for each notebook
        that was run to its end or to its error.
    """
    build_dir = Path(build_dir)
    expected = _seconds_of_last_run(build_dir / "report.json")
    started = time.monotonic()
    report = {
        "format": 1,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": 0.0,
        "status": "interrupted",  # true until the last notebook is done
        "notebooks": [],
    }

    def save() -> None:
        report["seconds"] = round(time.monotonic() - started, 3)
        text = json.dumps(report, indent=1, ensure_ascii=False) + "\n"
        _write(build_dir / "report.json", text)

    try:
        for path in map(Path, paths):
            on_cell = progress(path.stem, expected.get(path.stem))
            entry = _run_notebook(path, build_dir / "notebooks", on_cell, timeout, env)
            report["notebooks"].append(entry)
            save()
            progress_end(
                f"{path.stem}  {entry['status']}  {entry['cells']} cells"
                f"  {_duration(entry['seconds'])}"
            )
        failed = any(entry["error"] for entry in report["notebooks"])
        report["status"] = "failed" if failed else "ok"
    except KeyboardInterrupt:
        progress_end("")
    save()
    if report["status"] != "interrupted":
        print(f"\n{_table(report)}")
    for entry in report["notebooks"]:
        if entry["error"]:
            print(f"\n{entry['name']} stopped {describe_error(entry['error'])}")
    return report


def _run_notebook(
    path: Path, copies: Path, on_cell: OnCell, timeout: int, env: dict[str, str] | None
) -> dict:
    started = time.monotonic()
    try:
        nb, seconds, error = execute_notebook(path, on_cell=on_cell, timeout=timeout, env=env)
    except (OSError, ValueError) as problem:  # the file cannot be read
        nb, seconds, error = None, [], _error(0, type(problem).__name__, str(problem))
    else:
        _write(copies / path.name, _text_of(nb))
    return {
        "name": path.stem,
        "file": f"{copies.name}/{path.name}" if nb else None,
        "status": "failed" if error else "ok",
        "seconds": round(time.monotonic() - started, 3),
        "cells": len(seconds),
        "cell_seconds": seconds,
        "claims": claims_of(nb) if nb else [],
        "photos": photos_of(nb) if nb else {"run": 0, "skipped": 0},
        "error": error,
    }


def claims_of(nb: NotebookNode) -> list[str]:
    """Return the sentences that the cells of an executed notebook have checked."""
    return [data["sentence"] for data in _outputs_of_type(nb, CLAIM_TYPE)]


def photos_of(nb: NotebookNode) -> dict[str, int]:
    """Return how many photo sections of an executed notebook ran and were skipped."""
    found = [data["status"] for data in _outputs_of_type(nb, PHOTOS_TYPE)]
    return {status: found.count(status) for status in ("run", "skipped")}


def _outputs_of_type(nb: NotebookNode, mime_type: str) -> Iterator[dict]:
    for cell in nb.cells:
        for output in cell.get("outputs", []):
            if mime_type in output.get("data", {}):
                yield output["data"][mime_type]


def _seconds_of_last_run(report: Path) -> dict[str, list[float]]:
    """Return the seconds of each cell by notebook; empty without a readable report."""
    try:
        entries = json.loads(report.read_text(encoding="utf-8"))["notebooks"]
        return {entry["name"]: entry["cell_seconds"] for entry in entries}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


# ------------------------------------------------------------ what the person sees


def progress(name: str, expected: Sequence[float] | None = None) -> OnCell:
    """Return an `OnCell` that shows on one line how far a notebook is.

    In a terminal the line is rewritten in place.  Anywhere else, such as in a
    log, a single line says that the notebook has started.

    Parameters
    ----------
    name
        What to call the notebook.
    expected
        The seconds that each cell took the last time.
    """
    if not sys.stdout.isatty():
        print(f"{name}  started", flush=True)
        return lambda number, total, seconds: None
    started = time.monotonic()
    cell_started: dict[int, float] = {}

    def on_cell(number: int, total: int, seconds: list[float]) -> None:
        now = time.monotonic()
        in_cell = now - cell_started.setdefault(number, now)
        left = seconds_left(number, total, seconds, expected)
        text = f"{name}  cell {number} of {total}  {_duration(now - started)}"
        if left is not None:
            text += f"  about {_duration(max(left - in_cell, 1))} left"
        width = shutil.get_terminal_size().columns - 1  # a wrapped line cannot be rewritten
        print("\r" + text[:width].ljust(width), end="", flush=True)

    return on_cell


def progress_end(text: str) -> None:
    """Put a last text in the place of the line of `progress`."""
    if sys.stdout.isatty():
        print("\r" + " " * (shutil.get_terminal_size().columns - 1), end="\r")
    if text:
        print(text, flush=True)


def seconds_left(
    number: int, total: int, seconds: Sequence[float], expected: Sequence[float] | None
) -> float | None:
    """Estimate the time from the start of a cell to the end of its notebook.

    Parameters
    ----------
    number
        The cell that starts now, from 1.
    total
        How many cells there are.
    seconds
        What the cells before it took.
    expected
        What each cell took the last time; used if it has `total` items.

    Returns
    -------
    float or None
        Seconds, or ``None`` if there is nothing to go by yet.
    """
    if expected and len(expected) == total:
        return sum(expected[number - 1 :])
    if seconds:
        return sum(seconds) / len(seconds) * (total - number + 1)
    return None


def describe_error(error: dict) -> str:
    """Return one line such as ``in cell 7: ValueError: no such layer``."""
    where = f"in cell {error['cell']}" if error["cell"] else "before its first cell"
    return f"{where}: {error['ename']}: {error['evalue']}".rstrip(": \n").splitlines()[0]


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def _table(report: dict) -> str:
    rows = [("notebook", "seconds", "cells", "claims checked", "photo sections")]
    for entry in report["notebooks"]:
        photos = [f"{count} {status}" for status, count in entry["photos"].items() if count]
        name = entry["name"] + (" (failed)" if entry["error"] else "")
        numbers = f"{entry['seconds']:.0f}", str(entry["cells"]), str(len(entry["claims"]))
        rows.append((name, *numbers, ", ".join(photos) or "-"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            text.rjust(width) if 0 < place < 4 else text.ljust(width)
            for place, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


# ---------------------------------------------------------------- committed outputs


def make_outputs(
    path: str | Path,
    *,
    write: bool = True,
    on_cell: OnCell | None = None,
    timeout: int = 600,
    env: dict[str, str] | None = None,
) -> tuple[list[int], dict | None]:
    """Run a notebook and write its outputs into it, the same bytes every time.

    Times, widgets and settings of the editor are left out.  The file is only
    touched if every cell succeeded.

    Parameters
    ----------
    path
        The notebook.
    write
        False to compare only.
    on_cell, timeout, env
        As in `execute_notebook`.

    Returns
    -------
    different
        The cells whose outputs are not those that the file held before.
    error
        As in `execute_notebook`.
    """
    path = Path(path)
    old = read_notebook(path)
    new, _, error = execute_notebook(path, on_cell=on_cell, timeout=timeout, env=env)
    if error:
        return [], error
    _tidy(new)
    if write:
        _write(path, _text_of(new))
    return different_cells(old, new), None


def same_outputs(a: NotebookNode, b: NotebookNode) -> bool:
    """Tell whether two notebooks show the same; see `different_cells`."""
    return not different_cells(a, b)


def different_cells(a: NotebookNode, b: NotebookNode) -> list[int]:
    """Return the numbers of the cells whose code or outputs differ in two notebooks.

    The outputs of a cell with the tag ``timing`` may differ: it prints times.
    """

    def shown(nb: NotebookNode, index: int | None) -> tuple | None:
        if index is None:
            return None
        cell = nb.cells[index]
        timing = "timing" in cell.metadata.get("tags", [])
        return cell.source, timing, [] if timing else cell.outputs

    pairs = zip_longest(_cells_that_run(a), _cells_that_run(b))
    return [number for number, (i, j) in enumerate(pairs, 1) if shown(a, i) != shown(b, j)]


def _tidy(nb: NotebookNode) -> None:
    """Leave in an executed notebook only what is the same in every run."""
    widgets = nb.metadata.get("widgets", {}).get(_WIDGET_STATE, {}).get("state", {})
    nb.metadata.clear()
    nb.metadata["kernelspec"] = {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    }
    nb.metadata["language_info"] = {"name": "python"}
    for cell in nb.cells:
        for key in set(cell.metadata) - {"tags", "editable", "alt"}:
            del cell.metadata[key]
        if cell.cell_type == "code":
            shown = (_without_widget(output, widgets) for output in cell.outputs)
            cell.outputs = _merge_streams([output for output in shown if output])


def _without_widget(output: dict, widgets: dict) -> dict | None:
    """Drop a progress bar; keep of any other widget what does not need its kernel."""
    view = output.get("data", {}).pop(_WIDGET_VIEW, None)
    if view is None:
        return output
    state = widgets.get(view["model_id"], {}).get("state", {})
    children = [child.removeprefix("IPY_MODEL_") for child in state.get("children", [])]
    names = [widgets.get(model, {}).get("model_name") for model in [view["model_id"], *children]]
    is_progress = "FloatProgressModel" in names or "IntProgressModel" in names
    return None if is_progress or not output["data"] else output


def _merge_streams(outputs: list[dict]) -> list[dict]:
    """Join texts that follow each other, stdout before stderr.

    How a text is cut into pieces, and how the pieces of the two streams are
    mixed, depends on the speed of the computer.
    """
    merged = []
    for is_stream, group in groupby(outputs, lambda output: output.output_type == "stream"):
        group = list(group)
        if not is_stream:
            merged += group
            continue
        for name in ("stdout", "stderr"):
            parts = [output for output in group if output.name == name]
            if parts:
                parts[0].text = "".join(part.text for part in parts)
                merged.append(parts[0])
    return merged


# ------------------------------------------------------------------------- files


def read_notebook(path: str | Path) -> NotebookNode:
    """Read a notebook, and give an id to every cell that has none.

    Raises
    ------
    ValueError
        If the file is not a notebook of version 4.
    """
    import nbformat

    path = Path(path)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["nbformat"] != 4:
            raise ValueError(f"its format is {data['nbformat']}")
        # The ids come from the position: nbformat would make up new ones each time.
        used = {cell.get("id") for cell in data["cells"]}
        for index, cell in enumerate(data["cells"]):
            name = f"cell-{index}"
            while "id" not in cell and name in used:
                name += "x"
            used.add(cell.setdefault("id", name))
        data["nbformat_minor"] = max(5, data.get("nbformat_minor", 0))
        return nbformat.reads(json.dumps(data), as_version=4)
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise ValueError(
            f"{path} is no readable notebook ({type(problem).__name__}: {problem}). Wanted is a "
            "Jupyter notebook of format 4. Restore the file, or save it again in JupyterLab."
        ) from problem


def _text_of(nb: NotebookNode) -> str:
    import nbformat

    return nbformat.writes(nb).rstrip("\n") + "\n"


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all: under another name first, then moved into place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8", newline="\n")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
