"""The notebooks: they run without a network, and what is committed is fit to read."""

import ast
import os
import re
from pathlib import Path

import filling
import nbformat
import pytest

import tlhelpers as tl
from tlhelpers.course import execution, outputs, runner
from tlhelpers.data import cell_files, sentiment_words, word_vectors
from tlhelpers.fetching import registry
from tlhelpers.fetching.installed import installed_file
from tlhelpers.fetching.whole_files import write_text_whole
from tlhelpers.labs import imagenet
from tlhelpers.networks import bert
from tlhelpers.teaching.claims import CLAIM_TYPE

MIRROR = Path(__file__).resolve().parents[3] / "shared" / "mirror"
NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))

#: Those that have been rewritten for readers: what is seen is what is taught.
SECOND_EDITION: tuple[str, ...] = (
    "00_start_here.ipynb",
    "01_prediction.ipynb",
    "02_feature_extraction.ipynb",
    "03_fine_tuning.ipynb",
    "04_domain_adaptation.ipynb",
    "05_choosing_without_labels.ipynb",
    "06_your_own_images.ipynb",
    "07_choosing_a_network.ipynb",
    "08_word_vectors.ipynb",
    "09_bert.ipynb",
    "10_gpt.ipynb",
    "11_museum_of_mistakes.ipynb",
)

#: Is there a network that knows ImageNet, and are its answers' names, as the set-up brings them?
LITE = all(
    registry.find_file(name).installed() for name in ("EfficientNetLite0", imagenet.PACKAGED)
)
#: Are the photographs of solar cells here?
SOLAR = installed_file(cell_files.PACKAGE, f"{cell_files.FOLDER}/labels.csv") is not None
#: What cells about texts ask for in their first condition, and whether it is here.
GLOVE = all(
    registry.find_file(name).installed() for name in (word_vectors.VECTORS, sentiment_words.LIST)
)
TEXTS = {
    r"\bif (rated and )?minilm\b": registry.find_file(bert.WEIGHTS).installed(),
    r"\bif (rated|moved|by_list|reviews)\b": MIRROR.is_dir(),
    r"\bif (by_list|glove|ready|reviews)\b": GLOVE,
}
NO_PACKAGES = """
from tlhelpers.data import cell_files
from tlhelpers.fetching import registry

registry.File.installed = lambda self: None
cell_files.installed_file, cell_files.is_installed = lambda *_: None, lambda: False
"""

pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def code_cells(path):
    return [cell for cell in execution.read_notebook(path).cells if cell.cell_type == "code"]


def code_cell(source):
    return nbformat.v4.new_code_cell(source)


def about_photos(cell):
    return re.search(r"\bphotos\b|\bif solar:|\bsolar = ", cell.source) is not None


def lacks_texts(cell):
    """Whether a cell about texts needs a data package or an archive that is not here."""
    return any(re.search(words, cell.source) and not here for words, here in TEXTS.items())


def can_run(cell, notebook):
    """Whether what a cell about photographs needs is here: a data package, a mirror, or both."""
    if re.search(r"\bif solar:|\bsolar = ", cell.source):
        return LITE and SOLAR
    if any("tl.load_imagenet(" in other.source for other in notebook.cells):
        if not LITE or "flowers" not in cell.source:
            return LITE
    return MIRROR.is_dir()


@pytest.mark.slow
@pytest.mark.whole
def test_runs_from_top_to_bottom_without_a_network(path, tmp_path):
    """With every exercise first as it is, then solved.

    Photo sections run for real where the classroom mirror is beside the checkout, and what
    needs no more than a data package where that is installed.  How long a notebook takes is
    no question for a test: the same work took one processor twice the seconds of another.
    `make run` prints them.
    """
    committed = execution.read_notebook(path)
    filled = filling.with_solutions_below(committed)
    write_text_whole(tmp_path / path.name, execution.notebook_text(filled))
    env = {"TLHELPERS_MIRROR": str(MIRROR)} if MIRROR.is_dir() else {}
    report = runner.run_notebooks([tmp_path / path.name], tmp_path / "build", env=env)
    (entry,) = report["notebooks"]
    assert entry["error"] is None
    assert entry["claims"], "a notebook without a claim states no result"
    done = execution.read_notebook(tmp_path / "build" / "notebooks" / path.name)
    judged = dict.fromkeys(filling.asked(committed), ["unanswered", "right"])
    assert filling.statuses(done) == judged
    committed.cells = [
        cell
        for cell in committed.cells
        if not lacks_texts(cell) and (not about_photos(cell) or can_run(cell, committed))
    ]
    assert len(entry["claims"]) == len(runner.checked_claims(committed))
    if env:
        assert entry["photos"]["skipped"] == 0
    else:
        brought = [
            cell
            for cell in code_cells(path)
            if re.search(r"tl\.load_imagenet\(|lab=\"solar\"", cell.source)
        ]
        assert entry["photos"]["run"] == len(brought)


@pytest.mark.slow
@pytest.mark.whole
def test_texts_that_are_not_here_are_left_out_in_a_line(path, tmp_path):
    """Without the data packages and without a mirror, the rest runs, and its claims hold."""
    notebook = execution.read_notebook(path)
    reads_texts = any("FileNotHere" in cell.source for cell in notebook.cells)
    if not reads_texts or any(about_photos(cell) for cell in code_cells(path)):
        pytest.skip("it reads no texts that may be missing")
    notebook.cells.insert(0, code_cell(NO_PACKAGES))
    write_text_whole(tmp_path / path.name, execution.notebook_text(notebook))
    env = {name: str(tmp_path / name) for name in ("TLHELPERS_CACHE", "KERAS_HOME")}
    done, _, error = execution.execute_notebook(tmp_path / path.name, env=env)
    assert error is None, error
    said = [output.get("text", "") for cell in done.cells for output in cell.get("outputs", [])]
    lines = [line for text in said for line in text.splitlines()]
    missing = [line for line in lines if "To get it" in line or "is not on this computer" in line]
    assert missing and all("computer" in line and "To get it" in line for line in missing)
    always = [
        cell
        for cell in code_cells(path)
        if not any(re.search(words, cell.source) for words in TEXTS)
    ]
    committed = execution.read_notebook(path)
    committed.cells = always
    assert len(runner.checked_claims(done)) == len(runner.checked_claims(committed))


@pytest.fixture(scope="module")
def without_photos(tmp_path_factory):
    """Run what is about photographs in every notebook, in one kernel, where there are none.

    Returns the cells of each notebook that are about them, and the processor's seconds.
    """
    cells, places = [code_cell(NO_PACKAGES)], {}
    for path in NOTEBOOKS:
        code = code_cells(path)
        wanted = [cell for cell in code if about_photos(cell)]
        for cell in code:
            needed = cell.source.startswith(("import ", "from ", "SEED ="))
            if needed and cell.id != "leave-the-course" and cell not in wanted:
                cells.append(cell)
        clock = "import time\nprint(time.process_time())"
        cells += [code_cell(clock), *wanted, code_cell(clock)]
        places[path] = slice(len(cells) - len(wanted) - 1, len(cells) - 1)
        cells.append(code_cell("%reset -f"))  # the next one starts without the names of this
    for number, cell in enumerate(cells):
        cell.id = f"{number}-{cell.id}"
    together = execution.read_notebook(NOTEBOOKS[0])
    together.cells = cells
    folder = tmp_path_factory.mktemp("without-photos")
    write_text_whole(folder / "all.ipynb", execution.notebook_text(together))
    env = {name: str(folder / name) for name in ("TLHELPERS_CACHE", "KERAS_HOME")}
    done, _, error = execution.execute_notebook(folder / "all.ipynb", env=env)
    assert error is None, (error, done.cells[error["cell"] - 1].source)

    def clock_at(place):
        return float(done.cells[place].outputs[0].text)

    return {
        path: (done.cells[place], clock_at(place.stop) - clock_at(place.start - 1))
        for path, place in places.items()
    }


def test_photo_sections_are_skipped_in_a_line_and_in_a_moment(path, without_photos):
    """What is about photographs, on its own, where there are none."""
    cells, seconds = without_photos[path]
    assert seconds < 5  # usual: 0.2; 1.2 where scikit-image is loaded; with photographs 20 or more
    if cells:
        done = execution.read_notebook(path)
        done.cells = cells
        found = runner.count_photo_sections(done)
        assert found["skipped"] >= 1 and not found["run"]
    for cell in cells:
        text = "".join(output.get("text", "") for output in cell.outputs)
        assert text.count("\n") <= 1, f"{cell.id} says more than one line:\n{text}"
        assert "To get " in text or not text


def test_outputs_are_committed_in_order_and_without_errors(path):
    cells = code_cells(path)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    shown = [output for cell in cells for output in cell.outputs]
    assert shown
    for output in shown:
        assert output.output_type != "error"
        assert output.get("name") != "stderr", output.get("text")


def test_every_cell_is_short_and_has_an_id_that_says_what_it_is(path):
    notebook = execution.read_notebook(path)
    for cell in notebook.cells:
        assert cell.source.strip()
        assert re.fullmatch(r"[a-z][a-z0-9-]*", cell.id), cell.id
        if cell.cell_type == "code":
            assert cell.source.count("\n") < 25, f"{cell.id} is too long"


def test_another_seed_can_be_set(path):
    execution.set_seed(execution.read_notebook(path), 3)


def test_the_last_section_leaves_the_course(path):
    """What is taken along uses Keras, NumPy and scikit-learn, and nothing of this package."""
    if path.name.startswith("00"):
        return
    cells = code_cells(path)
    ids = [cell.id for cell in cells]
    taken = [cell for cell in cells[ids.index("leave-the-course") :] if cell.id.startswith("leave")]
    taken = [cell for cell in taken if "hide-input" not in cell.metadata.get("tags", [])]
    for cell in taken:
        names = {node.id for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Name)}
        assert "tl" not in names and "tlhelpers" not in cell.source, cell.id
    assert "import keras" in taken[0].source and len(taken[0].source.splitlines()) <= 28


def test_what_is_seen_is_what_is_taught(path):
    """Code fits on a page of paper; claims, words for figures and set-up have cells of their own.

    Their source is hidden in JupyterLab, and left out of a page of the site.
    """
    if path.name not in SECOND_EDITION:
        pytest.skip("not yet rewritten")
    figures = 0
    for cell in code_cells(path):
        if re.search(r"tl\.(explore_|look_inside)", cell.source):  # its picture changes
            continue
        assert max(map(len, cell.source.split("\n"))) <= 76, cell.id
        hidden = cell.metadata.get("jupyter", {}).get("source_hidden", False)
        assert hidden == ("hide-input" in cell.metadata.get("tags", [])), cell.id
        aside = re.search(r"\btl\.claim\(|\balt=", cell.source)
        assert hidden or not aside, f"{cell.id} has a claim or words for a figure, and is shown"
        for caption in re.findall(r"Figure (\d+\.\d+)\. ", words_of(cell)):
            figures += 1
            assert caption == f"{int(path.name[:2])}.{figures}", cell.id
        # Widgets have no number: what they show depends on the hand.
        shown = [output.get("data", {}).get("text/plain") for output in cell.outputs]
        pictures = shown.count("<Figure>")
        assert pictures == len(re.findall(r"Figure \d+\.\d+\. ", words_of(cell))), cell.id


def words_of(cell):
    return "".join(output.get("data", {}).get("text/plain", "") for output in cell.outputs)


def test_every_figure_has_words(path):
    for cell in code_cells(path):
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                alt = output.metadata.get("image/png", {}).get("alt", "")
                assert len(alt) > 40, f"the figure of {cell.id} lacks alternative text"


def test_no_sentence_quotes_a_percentage_that_no_cell_prints(path):
    notebook = execution.read_notebook(path)
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


def test_listings_are_those_of_the_code(path, capsys):
    for cell in code_cells(path):
        assert "print(tl.code_of(" not in cell.source  # it would have no colours
        if "tl.show_code(" not in cell.source:
            continue
        exec(cell.source, {"tl": tl, "adaptation": tl.adaptation})
        (shown,) = cell.outputs
        assert shown.data["text/plain"] + "\n" == capsys.readouterr().out, cell.id
        assert shown.data["text/markdown"] == f"```python\n{shown.data['text/plain']}\n```"


def test_pictures_of_the_readme_are_those_of_the_notebook(path, root):
    for name, picture in outputs.tagged_figures(execution.read_notebook(path)).items():
        assert (root / "docs" / f"{name}.png").read_bytes() == picture
