"""What is printed: no line is cut, and a screen reader finds words for every picture."""

import ctypes
import doctest
import importlib.util
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CLAIM = "application/vnd.tlhelpers.claim+json"

pdfium = pytest.importorskip("pypdfium2", reason="make paper puts it into .venv")
pytest.importorskip("pypandoc", reason="make paper puts it into .venv")
pytest.importorskip("typst", reason="make paper puts it into .venv")


@pytest.fixture(scope="module")
def make():
    spec = importlib.util.spec_from_file_location("paper_make", ROOT / "docs/paper/make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def printed(make, tmp_path_factory):
    """What opens the PDF of a notebook, made once."""
    folder, opened = tmp_path_factory.mktemp("paper"), {}

    def of(path):
        if path not in opened:
            make.make_notebook(path, folder / f"{path.stem}.pdf")
            opened[path] = pdfium.PdfDocument(folder / f"{path.stem}.pdf")
        return opened[path]

    return of


@pytest.fixture(scope="module", params=["a4", "us-letter"])
def sheet(request, make, tmp_path_factory):
    file = tmp_path_factory.mktemp("sheet") / "sheet.pdf"
    make.make_sheet(make.SHEET, file, request.param)
    return pdfium.PdfDocument(file)


def squeeze(text):
    """A text without what a line break changes."""
    return re.sub("[\\s\u200b\u00ad\ufffe\u2010-]+", "", text)


def text_of(pdf):
    return squeeze("".join(page.get_textpage().get_text_range() for page in pdf))


def outside(pdf, margin):
    """Words and pictures that stand nearer to an edge than a margin, in points."""
    found = []
    for number, page in enumerate(pdf, start=1):
        width, height = page.get_size()
        text = page.get_textpage()
        boxes = [text.get_rect(i) for i in range(text.count_rects())]
        boxes += [part.get_bounds() for part in page.get_objects(filter=[3])]  # pictures
        for left, bottom, right, top in boxes:
            inside = left >= margin and right <= width - margin
            if not (inside and bottom >= 15 and top <= height - 15):
                words = text.get_text_bounded(left, bottom, right, top)
                found.append((number, round(left), round(right), words))
    return found


def alternative_texts(pdf):
    """The alternative texts in the structure of a PDF, as a screen reader gets them."""
    raw, found = pdfium.raw, []

    def visit(element):
        size = raw.FPDF_StructElement_GetAltText(element, None, 0)
        if size:
            buffer = ctypes.create_string_buffer(size)
            raw.FPDF_StructElement_GetAltText(element, buffer, size)
            found.append(buffer.raw.decode("utf-16-le").rstrip("\0"))
        for i in range(raw.FPDF_StructElement_CountChildren(element)):
            child = raw.FPDF_StructElement_GetChildAtIndex(element, i)
            if child:
                visit(child)

    for page in pdf:
        tree = raw.FPDF_StructTree_GetForPage(page.raw)
        for i in range(raw.FPDF_StructTree_CountChildren(tree)):
            visit(raw.FPDF_StructTree_GetChildAtIndex(tree, i))
        raw.FPDF_StructTree_Close(tree)
    return found


def cells_of(path):
    return json.loads(path.read_text("utf-8"))["cells"]


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_line_of_a_notebook_is_printed_and_none_is_cut(notebook, make, printed):
    pdf = printed(notebook)
    text, wanted = text_of(pdf), []
    for cell in cells_of(notebook):
        if cell["cell_type"] == "code" and "hide-input" not in cell["metadata"].get("tags", ()):
            wanted += "".join(cell["source"]).splitlines()
        for output in cell.get("outputs", ()):
            wanted += "".join(output.get("text", "")).splitlines()
            if CLAIM in output.get("data", {}):
                wanted.append(output["data"][CLAIM]["sentence"])
    missing = [line for line in wanted if squeeze(make.printable(line)) not in text]
    assert not missing and len(wanted) > 100
    assert outside(pdf, margin=50) == []


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_figures_and_formulas_keep_their_words(notebook, printed):
    wanted = []
    for cell in cells_of(notebook):
        if cell["cell_type"] == "markdown":
            source = re.sub(r"`[^`]*`", "", "".join(cell["source"]))
            wanted += [tex.strip() for tex in re.findall(r"\$\$(.+?)\$\$", source, re.DOTALL)]
        for output in cell.get("outputs", ()):
            if "image/png" in output.get("data", {}):
                wanted.append(output["metadata"]["image/png"]["alt"])
    found = {squeeze(words) for words in alternative_texts(printed(notebook))}
    assert [words for words in wanted if squeeze(words) not in found] == []


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_exercises_with_a_gap_have_space_and_no_answers(notebook, printed):
    content = importlib.import_module(f"tlhelpers.teaching.content.n{notebook.name[:2]}")
    wanted = [e.id for e in content.EXERCISES if "..." in e.stub.replace("[...,", "")]
    text = text_of(printed(notebook))
    assert re.findall(r"Youranswerto(\d+\.\d+):", text) == wanted and wanted
    assert squeeze("Not answered yet") not in text and squeeze("Nothing solved yet") not in text


@pytest.mark.slow
def test_links_to_notebooks_say_their_titles(printed):
    text = text_of(printed(NOTEBOOKS[3]))
    assert squeeze("notebook 02 (Feature extraction)") in text
    assert "(arxiv.org/abs/1411.1792)" in text and ".ipynb" not in text


@pytest.mark.slow
def test_the_foot_names_the_notebook_and_the_page(printed):
    pdf = printed(NOTEBOOKS[0])
    foot = pdf[1].get_textpage().get_text_range()
    assert "00 Start here" in foot and f"page 2 of {len(pdf)}" in foot


def a_notebook(folder, *outputs, source="print(1)"):
    """A notebook with a title and one cell."""
    title = {"cell_type": "markdown", "id": "title", "metadata": {}, "source": "# Short: words"}
    code = {"cell_type": "code", "id": "code", "metadata": {}, "source": source}
    code |= {"outputs": list(outputs), "execution_count": None}
    notebook = {"cells": [title, code], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    file = folder / "99_short.ipynb"
    file.write_text(json.dumps(notebook), "utf-8")
    return file


@pytest.mark.parametrize(
    "line",
    ["word " * 60, "x" * 400, "y" * 108, 'say "\\n" # [a](b) *c* $d$ @e <f> `g` ```', "映画 😀"],
    ids=["words", "one word", "just fits", "marks", "no letters"],
)
def test_no_line_is_too_long_or_too_odd(line, make, tmp_path):
    said = {"output_type": "stream", "name": "stdout", "text": f"before\n{line}\nafter\n"}
    file = a_notebook(tmp_path, said, source=f"# {line}")
    make.make_notebook(file, tmp_path / "odd.pdf")
    pdf = pdfium.PdfDocument(tmp_path / "odd.pdf")
    text = text_of(pdf)
    assert text.count(squeeze(make.printable(line))) == 2 and "before" in text and "after" in text
    assert outside(pdf, margin=50) == []


def test_the_examples_in_docstrings_are_true(make):
    assert doctest.testmod(make) == (0, 3)


def test_the_same_notebook_is_the_same_file(make, tmp_path):
    file = a_notebook(tmp_path)
    for name in ("one.pdf", "two.pdf"):
        make.make_notebook(file, tmp_path / name)
    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "two.pdf").read_bytes()


def test_a_picture_without_words_is_refused(make, tmp_path):
    png = "iVBORw0KGgo="
    shown = {"output_type": "display_data", "metadata": {}, "data": {"image/png": png}}
    file = a_notebook(tmp_path, shown)
    with pytest.raises(SystemExit, match="99_short.ipynb, cell code"):
        make.make_notebook(file, tmp_path / "never.pdf")


def test_the_cheat_sheet_is_one_page_and_all_of_it(make, sheet):
    assert len(sheet) == 1
    text = text_of(sheet)
    source = make.SHEET.read_text("utf-8")
    code = "".join(re.findall(r"^```python\n(.*?)^```", source, re.DOTALL | re.MULTILINE))
    titles = re.findall("^#+ (.+)$", source, re.MULTILINE)
    cells = [
        cell
        for row in re.findall(r"^\| (.+) \|$", source, re.MULTILINE)
        for cell in row.split(" | ")
    ]
    wanted = (
        code.splitlines()
        + titles
        + [re.sub(r"\*\*|`|\[(?=\[)|\](?=\])", "", cell) for cell in cells]
    )
    assert [words for words in wanted if squeeze(words) not in text] == []
    assert outside(sheet, margin=20) == []
    sizes = {size for size in letters(sheet[0])}
    assert min(sizes) > 5.9


def letters(page):
    """The sizes of the letters on a page, in points."""
    text = page.get_textpage()
    sizes = (pdfium.raw.FPDFText_GetFontSize(text.raw, i) for i in range(text.count_chars()))
    return {round(size, 2) for size in sizes if size > 1}
