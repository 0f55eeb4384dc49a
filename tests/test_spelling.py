"""The command that looks for slips of spelling finds them, and only them."""

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
pytest.importorskip("codespell_lib", reason="make spelling puts codespell into .venv")


@pytest.fixture
def spelling(tmp_path, monkeypatch):
    """The command, for a folder with one notebook and one page."""
    spec = importlib.util.spec_from_file_location("spelling", ROOT / ".ci" / "spelling.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "notebooks").mkdir()
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copy(ROOT / "notebooks" / "00_start_here.ipynb", tmp_path / "notebooks")
    (tmp_path / "page.md").write_text("A page about colours and behaviour.\n")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    return module


def edit(folder, kind, words):
    path = folder / "notebooks" / "00_start_here.ipynb"
    notebook = json.loads(path.read_text("utf-8"))
    cell = next(cell for cell in notebook["cells"] if cell["cell_type"] == kind)
    cell["source"] = [*cell["source"], "\n", words]
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", "utf-8")


def test_a_notebook_and_a_page_without_a_slip_pass(spelling, capfd):
    assert spelling.main() == 0
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize("kind", ["markdown", "code"])
def test_a_misspelt_word_in_a_notebook_is_found(spelling, tmp_path, capfd, kind):
    edit(tmp_path, kind, "# The acuracy of teh network\n")
    assert spelling.main() == 1
    said = capfd.readouterr().out
    assert "acuracy ==> accuracy" in said and "teh ==> the" in said
    assert "00_start_here.ipynb" in said


@pytest.mark.parametrize("kind", ["markdown", "code"])
def test_an_american_word_in_a_notebook_is_found(spelling, tmp_path, capfd, kind):
    edit(tmp_path, kind, "# Its behavior at the center of the picture\n")
    assert spelling.main() == 1
    said = capfd.readouterr().out
    assert "behavior (in Britain: behaviour)" in said and "center (in Britain: centre)" in said


@pytest.mark.parametrize(
    "text",
    [
        "Set `color`, ``center`` and\n```python\nplot(color=1)  # the color\n```",
        "Ioffe and Szegedy 2015, [Batch normalization](https://arxiv.org/abs/1502.03167)",
        'Source: Okabe and Ito 2008, "Color universal design"; *Neural behavior* (2016)',
        "A license file, an optimizer, a program, BatchNormalization, color=1, f.color",
    ],
)
def test_code_and_titles_of_papers_keep_their_spelling(spelling, text):
    assert spelling.american_words(text, spelling.british_words()) == []


def test_a_picture_in_a_notebook_is_not_read(spelling, tmp_path):
    path = tmp_path / "notebooks" / "00_start_here.ipynb"
    text = path.read_text("utf-8")
    assert '"image/png": "' in text
    path.write_text(text.replace('"image/png": "', '"image/png": "teh/acuracy/'), "utf-8")
    assert spelling.main() == 0


@pytest.mark.slow
def test_nothing_in_the_project_is_misspelt():
    command = [sys.executable, str(ROOT / ".ci" / "spelling.py")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
