"""The site: made without a warning, and read without asking anybody for anything."""

import importlib.util
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

#: What a browser fetches without being asked.
FETCHED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("myst_nb") is None or importlib.util.find_spec("furo") is None,
        reason="make site puts Sphinx into .venv",
    ),
]


class Page(HTMLParser):
    """The parts of a page that a test asks about."""

    def __init__(self, path):
        super().__init__()
        self.fetched, self.ids, self.links, self.images = [], set(), [], []
        self.text = path.read_text("utf-8")
        self.feed(self.text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if given.get("id"):
            self.ids.add(given["id"])
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        if tag == "img":
            self.images.append(given)
        if tag in FETCHED and given.get(FETCHED[tag]) and given.get("rel") != "canonical":
            self.fetched.append(given[FETCHED[tag]])


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Make the site; a warning of Sphinx is an error."""
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-E"]
    command += ["-c", "docs/site", "-d", str(out / "trees"), ".", str(out / "html")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return out / "html"


@pytest.fixture(scope="module")
def pages(site):
    return {path: Page(path) for path in site.rglob("*.html")}


def test_has_a_page_for_every_notebook(site):
    assert all((site / "notebooks" / f"{path.stem}.html").is_file() for path in NOTEBOOKS)


def test_is_read_without_a_request_to_elsewhere(pages, site):
    for path, page in pages.items():
        outside = [address for address in page.fetched if re.match(r"(\w+:)?//", address)]
        assert not outside, (path, outside)
    for style in site.rglob("*.css"):
        assert not re.search(r"(url\(|@import )['\"]?(https?:)?//", style.read_text("utf-8")), style


def test_every_link_within_it_leads_somewhere(pages):
    for path, page in pages.items():
        for link in page.links:
            if re.match(r"\w+:|//", link):
                continue
            file, _, part = link.partition("#")
            target = (path.parent / file).resolve() if file else path
            assert target.exists(), (path, link)
            if part and target in pages and path.name != "search.html":
                assert part in pages[target].ids, (path, link)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_figures_keep_their_alternative_texts(notebook, pages, site):
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    wanted = [
        output["metadata"]["image/png"]["alt"]
        for output in outputs
        if "image/png" in output.get("data", ())
    ]
    images = pages[site / "notebooks" / f"{notebook.stem}.html"].images
    shown = [image.get("alt") for image in images if "_images" in image.get("src", "")]
    assert shown == wanted


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_exercises_are_folded(notebook, pages, site):
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    exercises = sum("tl.check(" in "".join(cell["source"]) for cell in cells)
    text = pages[site / "notebooks" / f"{notebook.stem}.html"].text
    assert text.count("Show the exercise") == exercises


def test_formulas_are_drawn_without_a_script(pages, site):
    page = pages[site / "notebooks" / "04_domain_adaptation.html"]
    assert page.text.count("<math") > 10 and "\\lambda" not in page.text


def test_the_keyboard_reaches_what_scrolls(pages):
    for path, page in pages.items():
        parts = re.findall(r"<div [^>]*(?:table|math)-wrapper[^>]*>|<pre[^>]*>", page.text)
        missing = [part for part in parts if 'tabindex="0"' not in part]
        assert not missing, (path, missing[:3])


def test_public_names_are_in_the_reference(pages, site):
    import tlhelpers

    text = "".join(pages[path].text for path in (site / "docs/site/reference").glob("*.html"))
    missing = [name for name in tlhelpers.__all__[1:] if f"tl.{name}" not in text]
    assert not missing
