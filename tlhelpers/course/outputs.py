"""Write the outputs of a notebook into it, the same bytes every time."""

from __future__ import annotations

import base64
from itertools import groupby, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from tlhelpers.course.arguments import CELL_TIMEOUT
from tlhelpers.course.execution import (
    OnCell,
    cells_that_run,
    execute_notebook,
    notebook_text,
    read_notebook,
)
from tlhelpers.fetching.whole_files import write_text_whole

if TYPE_CHECKING:  # it takes a while to import, and only its name is needed
    from nbformat import NotebookNode

#: A cell with this tag has its picture saved in docs/ too, for the README.
FIGURE_TAG = "save-figure"
#: The source of a cell with this tag is folded away: its output is what is to be seen.
HIDDEN_TAG = "hide-input"

_WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
_WIDGET_STATE = "application/vnd.jupyter.widget-state+json"


def make_outputs(
    path: str | Path,
    *,
    write: bool = True,
    on_cell: OnCell | None = None,
    timeout: int = CELL_TIMEOUT,
) -> tuple[list[int], dict | None]:
    """Run a notebook and write its outputs into it, the same bytes every time.

    Times, widgets, settings of the editor, and HTML beside a picture or Markdown
    are left out.  The file is only touched if every cell succeeded.

    Parameters
    ----------
    path
        The notebook.
    write
        False to compare only.
    on_cell, timeout
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
    new, _, error = execute_notebook(path, on_cell=on_cell, timeout=timeout)
    if error:
        return [], error
    _tidy(new)
    if write:
        docs = path.resolve().parent.parent / "docs"
        for name, picture in tagged_figures(new).items():
            docs.mkdir(exist_ok=True)
            (docs / f"{name}.png").write_bytes(picture)
        write_text_whole(path, notebook_text(new))  # last: a failure above leaves it as it was
    return different_cells(old, new), None


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

    pairs = zip_longest(cells_that_run(a), cells_that_run(b))
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
        for key in set(cell.metadata) - {"tags", "editable", "alt", "slideshow"}:
            del cell.metadata[key]
        if HIDDEN_TAG in cell.metadata.get("tags", []):  # JupyterLab goes by another sign
            cell.metadata["jupyter"] = {"source_hidden": True}
        if cell.cell_type == "code":
            shown = (_without_widget(output, widgets) for output in cell.outputs)
            cell.outputs = _merge_streams([_for_pages(output) for output in shown if output])


def _without_widget(output: NotebookNode, widgets: dict) -> NotebookNode | None:
    """Drop a progress bar; keep of any other widget what does not need its kernel."""
    view = output.get("data", {}).pop(_WIDGET_VIEW, None)
    if view is None:
        return output
    view = view if isinstance(view, dict) else {}
    state = widgets.get(view.get("model_id"), {}).get("state", {})
    children = [child.removeprefix("IPY_MODEL_") for child in state.get("children", [])]
    names = [
        widgets.get(model, {}).get("model_name") for model in [view.get("model_id"), *children]
    ]
    is_progress = "FloatProgressModel" in names or "IntProgressModel" in names
    return None if is_progress or not output["data"] else output


def _for_pages(output: NotebookNode) -> NotebookNode:
    """Drop HTML that repeats a picture or a caption, and doubles the size of the file.

    Pages that host code may take a picture out of HTML, for safety, but show the
    picture itself.
    """
    data = output.get("data", {})
    if "image/png" in data or "text/markdown" in data:
        data.pop("text/html", None)
    return output


def _merge_streams(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Join texts that follow each other, stdout before stderr.

    How a text is cut into pieces, and how the pieces of the two streams are
    mixed, depends on the speed of the computer.  (``coalesce_streams`` of
    nbclient is not for us: it moves what is printed below a figure above it.)
    """
    from nbformat.v4 import new_output

    merged: list[NotebookNode] = []
    for is_stream, pieces in groupby(outputs, lambda output: output.output_type == "stream"):
        if not is_stream:
            merged += pieces
            continue
        texts = {"stdout": "", "stderr": ""}
        for piece in pieces:
            texts[piece.name] += piece.text
        merged += [
            new_output("stream", name=name, text=texts[name]) for name in texts if texts[name]
        ]
    return merged


def tagged_figures(nb: NotebookNode) -> dict[str, bytes]:
    """Return the pictures of the cells with the tag `FIGURE_TAG`, by the id of their cell.

    Parameters
    ----------
    nb
        A notebook with outputs.

    Returns
    -------
    dict
        Id of the cell → PNG file.
    """
    return {
        cell.id: base64.b64decode(output["data"]["image/png"])
        for cell in nb.cells
        if FIGURE_TAG in cell.metadata.get("tags", [])
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    }
