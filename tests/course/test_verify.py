"""Verify: every claim, with every seed, and nothing that fails goes unsaid."""

import nbformat
import numpy as np
import pytest

from tlhelpers.course import command_line, execution, verify

CLAIM = "import tlhelpers as tl\ntl.claim({}, f'{{SEED}} is right')"


def notebook(path, *cells, seed_cell="SEED = 0  # every draw comes from it"):
    nb = nbformat.v4.new_notebook()
    nb.cells = [nbformat.v4.new_code_cell(seed_cell, metadata={"tags": ["parameters"]}, id="p")]
    nb.cells += [nbformat.v4.new_code_cell(cell, id=f"c{i}") for i, cell in enumerate(cells)]
    nbformat.write(nb, path)
    return path


@pytest.mark.slow
def test_each_seed_is_run_and_each_claim_judged(tmp_path, capsys):
    path = notebook(
        tmp_path / "07_x.ipynb",
        CLAIM.format("SEED >= 0"),
        CLAIM.format("SEED != 1"),
        "assert SEED != 2",
        CLAIM.format("True"),
    )
    before = path.read_bytes()
    table, good = verify.verify_notebooks([path], range(3))
    assert not good
    assert "| 07_x | 0 is right | 3 of 3 |" in table
    assert table.count("| 07_x | 0 is right | 2 of 3 |") == 2
    assert "- 07_x, seed 1: 1 is right" in table
    assert "- 07_x, seed 2: stopped in cell 4: AssertionError" in table
    assert "- 07_x, seed 2: not reached: 0 is right" in table
    assert path.read_bytes() == before


def test_all_is_well_only_if_all_is_well():
    held = {("a", 0): ("yes", True)}
    assert verify.compare_claims("n", {0: held, 1: held}) == ([("n", "yes", "2 of 2")], [])


def test_a_notebook_without_a_seed_is_a_failure_that_is_said(tmp_path):
    path = notebook(tmp_path / "x.ipynb", "1", seed_cell="seed = 0")
    table, good = verify.verify_notebooks([path], [0])
    assert not good and "says SEED = 0" in table


@pytest.mark.parametrize("text", ["SEED = 0", "# why\nSEED = 12  # and how"])
def test_only_the_number_is_changed(tmp_path, text):
    nb = execution.read_notebook(notebook(tmp_path / "x.ipynb", seed_cell=text))
    execution.set_seed(nb, 345)
    assert nb.cells[0].source == text.replace("12", "345").replace("= 0", "= 345")


def test_a_false_claim_still_stops_everyone_else(monkeypatch):
    from tlhelpers.teaching import claims

    monkeypatch.delenv(claims.GO_ON, raising=False)
    with pytest.raises(AssertionError):
        claims.claim(False, "no")
    with pytest.raises(TypeError, match="true or false as a whole"):
        claims.claim(np.array([True, False]), "some")


def test_the_command(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(verify, "verify_notebooks", lambda paths, seeds, **_: ("| t |", len(seeds)))
    assert (
        command_line.main(["verify", "00", "--seeds", "2", "--output", str(tmp_path / "t.md")]) == 0
    )
    assert (tmp_path / "t.md").read_text() == "| t |\n"
    with pytest.raises(SystemExit):
        command_line.main(["verify", "--seeds", "0"])
    assert "at least 1" in capsys.readouterr().err
