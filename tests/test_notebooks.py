"""The notebooks: they run without a network, and what is committed is fit to read."""

import os
import re
from pathlib import Path

import pytest

from tlhelpers import kernels, outputs, runner
from tlhelpers.claims import CLAIM_TYPE

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))
pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def code_cells(path):
    return [cell for cell in kernels.read_notebook(path).cells if cell.cell_type == "code"]


@pytest.mark.slow
def test_runs_from_top_to_bottom_without_a_network(path, tmp_path):
    report = runner.run_notebooks([path], tmp_path)
    (entry,) = report["notebooks"]
    assert entry["error"] is None
    assert entry["claims"], "a notebook without a claim states no result"
    assert len(entry["claims"]) == len(runner.claims_of(kernels.read_notebook(path)))
    assert entry["seconds"] < 180 and max(entry["cell_seconds"]) < 60


def test_outputs_are_committed_in_order_and_without_errors(path):
    cells = code_cells(path)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    shown = [output for cell in cells for output in cell.outputs]
    assert shown
    for output in shown:
        assert output.output_type != "error"
        assert output.get("name") != "stderr", output.get("text")


def test_every_cell_is_short_and_has_an_id_that_says_what_it_is(path):
    notebook = kernels.read_notebook(path)
    for cell in notebook.cells:
        assert cell.source.strip()
        assert re.fullmatch(r"[a-z][a-z0-9-]*", cell.id), cell.id
        if cell.cell_type == "code":
            assert cell.source.count("\n") < 25, f"{cell.id} is too long"


def test_every_figure_has_words(path):
    for cell in code_cells(path):
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                alt = output.metadata.get("image/png", {}).get("alt", "")
                assert len(alt) > 40, f"the figure of {cell.id} lacks alternative text"


def test_no_sentence_quotes_a_percentage_that_no_cell_prints(path):
    notebook = kernels.read_notebook(path)
    printed = " ".join(
        str(output.get("text", "")) + str(output.get("data", {}).get("text/plain", ""))
        for cell in code_cells(path)
        for output in cell.outputs
    )
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            text = re.sub(r"\*\*Guess first:\*\*.*", "", cell.source)
            for number in re.findall(r"(\d+(?:\.\d+)?)\s?%", text):
                assert re.search(rf"(?<![\d.]){re.escape(number)}(\.\d+)?\s?%", printed), (
                    f"{cell.id} says {number} %, and no cell prints it"
                )


def test_committed_text_holds_no_path_of_a_machine(path):
    text = path.read_text(encoding="utf-8")
    assert str(Path.home()) + os.sep not in text
    assert "Warning" not in text and "Traceback" not in text


def test_committed_claims_are_still_made_by_the_code(path):
    for cell in code_cells(path):
        makes = cell.source.count("tl.claim(")
        made = sum(CLAIM_TYPE in output.get("data", {}) for output in cell.outputs)
        assert makes == made, f"{cell.id} was edited after its outputs were made"


def test_pictures_of_the_readme_are_those_of_the_notebook(path, root):
    for name, picture in outputs.tagged_figures(kernels.read_notebook(path)).items():
        assert (root / "docs" / f"{name}.png").read_bytes() == picture
