"""The slides: what is on them, what is said beside them, and that they ask nobody for anything."""

import base64
import doctest
import importlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from test_teaching_guide import cut_out, rows, words_of

from tlhelpers.course import execution, outputs

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[01]*.ipynb"))
GUIDE = ROOT / "docs" / "teaching"

for package in ("sphinx_revealjs", "mdit_py_plugins", "docutils", "jinja2", "a11y_pygments"):
    if importlib.util.find_spec(package) is None:
        pytest.skip("make slides puts what it needs into .venv", allow_module_level=True)

spec = importlib.util.spec_from_file_location("make_slides", ROOT / "docs/slides/make_slides.py")
make_slides = sys.modules["make_slides"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make_slides)

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


class Page(HTMLParser):
    """What a browser fetches, the links, and the pictures."""

    def __init__(self, text):
        super().__init__()
        self.fetched, self.links, self.images = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "a":
            self.links.append(given["href"])
        if tag == "img":
            self.images.append(given)
        for name in ("src", "srcset", "data", "poster"):
            if given.get(name):
                self.fetched.append(given[name])
        if tag == "link":
            self.fetched.append(given["href"])


@cache
def read(path):
    return execution.read_notebook(path)


@cache
def slides_of(path):
    return make_slides.read_deck(path)[1]


@cache
def notes_of(path):
    return GUIDE / "slides" / f"notebook_{path.name[:2]}.md"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("slides")
    assert make_slides.main([str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def pages(folder):
    return {path.name: path.read_text("utf-8") for path in folder.iterdir()}


def test_every_notebook_has_a_deck_that_the_first_page_leads_to(pages):
    names = {f"{path.stem}.html" for path in NOTEBOOKS}
    assert set(pages) == names | {"index.html"}
    assert {link.partition("?")[0] for link in Page(pages["index.html"]).links} == names


def test_nothing_is_fetched_and_every_link_leads_somewhere(pages):
    for name, text in pages.items():
        page = Page(text)
        assert all(address.startswith("data:image/png;base64,") for address in page.fetched), name
        styles = "".join(re.findall(r"<style>.*?</style>", text, re.DOTALL))
        assert not re.search(r"@import|url\(\s*['\"]?(?!data:)", styles), name
        for link in page.links:
            file = link.partition("?")[0].partition("#")[0]
            assert re.match(r"https?://", link) or file in pages, (name, link)


@each_notebook
def test_pictures_are_those_of_the_notebook_with_their_words(path, pages):
    """So a picture of data that is not ours would be one in a notebook, which others look for."""
    theirs = {}
    for cell in read(path).cells:
        for output in cell.get("outputs", ()):
            if "image/png" in output.get("data", ()):
                words = output["metadata"]["image/png"]["alt"]
                theirs[base64.b64decode(output["data"]["image/png"])] = words
    shown = Page(pages[f"{path.stem}.html"]).images
    assert shown
    for image in shown:
        assert image["alt"] == theirs[base64.b64decode(image["src"].partition(",")[2])]


@each_notebook
def test_a_deck_is_a_lesson_and_has_room(path):
    slides = slides_of(path)
    assert 12 <= len(slides) <= 29
    for slide in slides:
        assert re.search(r"<h[12]\b", slide.html), f"{slide.id} has no heading"
        assert len(slide.blocks) > 1 or "<h1" in slide.html, f"{slide.id} has nothing but a heading"
        smallest = list(make_slides.SIZES)[-1]
        assert slide.height(smallest) < 1.15 * make_slides.HEIGHT, (  # it is estimated with care
            f"{slide.id} has too much for a slide: give a cell of it the Slide Type skip, or slide"
        )
    words = " ".join(slide.html for slide in slides)
    for wanted in ("Guess first:", 'claim">', "Quiz ", '<pre class="code"', "<img"):
        assert wanted in words, wanted


@each_notebook
def test_a_guess_comes_before_its_result(path):
    """What is printed, drawn or claimed after a guess waits for a key."""
    for slide in slides_of(path):
        asked = False
        for block in slide.blocks:
            shown = re.search(r'class="([^"]*)"', block)[1].split() if "class=" in block else []
            if asked and {"printed", "figure", "claim"} & set(shown):
                assert "fragment" in shown, f"{slide.id} shows what is still to be guessed"
            asked |= "guess" in shown and "fragment" not in shown


@each_notebook
def test_a_new_cell_is_not_put_on_a_slide_by_mistake(path):
    """A cell without a Slide Type goes with the cell above it, as Jupyter has it."""
    shown = False
    for cell in read(path).cells:
        kind = make_slides.slide_type(cell)
        assert kind or shown, f"{cell.id} has no Slide Type: give it one, such as skip"
        shown = kind != "skip"


@each_notebook
def test_every_slide_has_notes_and_their_minutes_are_those_of_the_plan(path):
    text = notes_of(path).read_text("utf-8")
    slides = slides_of(path)  # refuses notes that do not fit
    assert all(len(slide.notes) > 30 for slide in slides)
    total = sum(slide.minutes for slide in slides)
    assert f" · {len(slides)} slides, {total} minutes\n" in text
    page = (GUIDE / f"notebook_{path.name[:2]}.md").read_text("utf-8")
    plan = {place.strip("*"): int(minutes) for minutes, place, _ in rows(cut_out(page, "Plan: "))}
    taken = dict.fromkeys(plan, 0)
    section = next(iter(plan))
    for slide in slides:  # the title comes before the first section, the summary after the last
        section = next((name for name in slide.headings[::-1] if name in plan), section)
        taken[section] += slide.minutes
    assert taken == plan


@each_notebook
def test_numbers_and_answers_in_notes_are_those_of_the_notebook(path):
    text, words = notes_of(path).read_text("utf-8"), words_of(path.name[:2])
    for number in re.findall(r"(?<![\d.])(\d+\.\d+|\d+(?= %))", text):
        if number not in ITEMS:
            found = re.search(rf"(?<![\d.]){re.escape(number)}(?!\.?\d)", words)
            assert found, f"{number} is not in the notebook"
    content = importlib.import_module(f"tlhelpers.teaching.content.n{path.name[:2]}")
    asked = 0
    for slide in slides_of(path):
        for quiz in content.QUIZZES:
            if f"<strong>Quiz {quiz.id}</strong>" in slide.html:
                asked += 1
                right = "ABCD"[[choice.right for choice in quiz.choices].index(True)]
                assert f"<strong>Answer: {right}.</strong>" in slide.notes, quiz.id
    assert asked, "no quiz to vote on"


ITEMS = {
    item.id
    for path in NOTEBOOKS
    for content in [importlib.import_module(f"tlhelpers.teaching.content.n{path.name[:2]}")]
    for item in content.EXERCISES
}


@each_notebook
def test_a_text_on_a_slide_is_whole(path):
    for slide in slides_of(path):
        text = unescape(re.sub(r"<math.*?</math>|<pre.*?</pre>", "", slide.html, flags=re.DOTALL))
        assert not re.search(r"\*\*|\$\$|\\\w|`|\]\(", text), (slide.id, text)


def test_formulas_are_drawn_without_a_script(pages):
    text = pages["04_domain_adaptation.html"]
    assert text.count("<math") > 3 and "\\lambda" not in text


def test_slide_types_stay_when_outputs_are_made():
    cell = nbformat.v4.new_code_cell("1", metadata={"slideshow": {"slide_type": "fragment"}})
    notebook = nbformat.v4.new_notebook(cells=[cell])
    outputs._tidy(notebook)
    assert make_slides.slide_type(notebook.cells[0]) == "fragment"


def cell(kind, source="A text.", **more):
    metadata = {"slideshow": {"slide_type": kind}} if kind else {}
    make = nbformat.v4.new_code_cell if more else nbformat.v4.new_markdown_cell
    name = re.search(r"\w+", source)[0].lower()
    return make(source, metadata=metadata, id=name, **more)


def test_slide_types_mean_what_jupyter_means_by_them():
    cells = [cell("skip", "Zero."), cell("slide", "## One\n\ntext"), cell("", "Two.")]
    cells += [cell("fragment", "Three."), cell("-", "Four."), cell("subslide", "Five.")]
    cells += [cell("notes", "Six.")]
    first, second = make_slides.read_slides(nbformat.v4.new_notebook(cells=cells))
    assert (first.id, second.id) == ("one", "five")
    words = re.sub(r"<[^>]+>|\s", "", first.html)
    assert words == "OnetextTwo.Three.Four." and "Six" not in second.html
    assert first.html.count("fragment ") == 1


def test_what_does_not_fit_together_is_said(tmp_path):
    with pytest.raises(ValueError, match="has the Slide Type 'silde'. Wanted is one of slide"):
        make_slides.slide_type(cell("silde"))
    page = tmp_path / "notebook_00.md"
    for heading in (
        "title, 3 minutes",
        "`title`",
        "`title`, 3 minutes\n\nA\n\n## `title`, 1 minute",
    ):
        page.write_text(f"# Notes\n\n## {heading}\n\nText.\n", "utf-8")
        with pytest.raises(ValueError, match="Wanted is the id of a slide's first cell"):
            make_slides.read_notes(page)
    page.write_text("# Notes\n\n## `title`, 3 minutes\n\nText.\n", "utf-8")
    with pytest.raises(ValueError, match="and their notes differ: .*'summary'"):
        make_slides.read_deck(NOTEBOOKS[0], tmp_path)


def test_long_code_shows_only_what_it_printed():
    printed = nbformat.v4.new_output("stream", name="stdout", text="printed\n")
    code = [cell("slide", f"a = {n}\n" * n, outputs=[printed]) for n in (13, 14)]
    short, long = ("".join(make_slides.code_blocks(one)) for one in code)
    assert "printed" in short and 'class="code"' in short
    assert "printed" in long and 'class="code"' not in long


def test_examples_in_its_docstrings_hold():
    assert doctest.testmod(make_slides).failed == 0


@pytest.mark.slow
def test_nothing_leaves_a_slide_in_a_browser(folder):
    """Also the speaker's window and paper; playwright and Chromium are no part of the course."""
    python = os.environ.get("TLHELPERS_BROWSER_PYTHON", sys.executable)
    if subprocess.run([python, "-c", "import playwright"], capture_output=True).returncode:
        pytest.skip("playwright is not here: see 'Try the widgets in a browser', CONTRIBUTING.md")
    if not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))):
        pytest.skip("there is no chromium here: see 'Try the widgets in a browser'")
    command = [python, str(ROOT / "tests" / "slides_in_browser.py"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-3000:]}"
    assert "All slides are well." in done.stdout
