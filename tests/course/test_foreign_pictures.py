"""No stored figure shows a photograph of a data set that is not ours: flowers, solar cells."""

import re
from pathlib import Path

import nbformat
import pytest

from tlhelpers.course import execution

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))

#: Arrays of such photographs, as a notebook gets at them: flowers.train.images, cells.images.
THEIRS = re.compile(r"\b(flowers|photos|solar|cells)\b(\.\w+)*\.images\b|load_solar_cells\(")


def showing_theirs(notebook: nbformat.NotebookNode) -> list[str]:
    """The cells that have a picture as output, and that get at photographs that are not ours."""
    return [
        cell.id
        for cell in notebook.cells
        if cell.cell_type == "code"
        and THEIRS.search(cell.source)
        and any(
            kind.startswith("image/") for output in cell.outputs for kind in output.get("data", {})
        )
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_stored_figure_shows_a_photograph_that_is_not_ours(path):
    assert showing_theirs(execution.read_notebook(path)) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("tl.plots.show(solar.train.images[:8])", True),
        ("plt.imshow(lab.cells.images[0])", True),
        ("plt.imshow(photos.test.images[3])", True),
        ("cells = tl.solar.load_solar_cells()", True),
        ("plt.plot(solar.train.labels)", False),
        ("plt.imshow(lab.train.images[0])", False),
    ],
)
def test_such_a_cell_is_found_by_what_it_shows(source, found):
    cell = nbformat.v4.new_code_cell(source, id="c")
    notebook = nbformat.v4.new_notebook(cells=[cell])
    assert showing_theirs(notebook) == []  # without a picture it shows none
    cell.outputs = [nbformat.v4.new_output("display_data", data={"image/png": "eA=="})]
    assert showing_theirs(notebook) == ["c"] * found
