"""Further reading: each entry says all it should, and names a paper as the project does."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "reading.md").read_text("utf-8")
ENTRIES = re.findall(r"^- (.+)$", PAGE, re.M)
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

FORM = re.compile(
    r"(?P<who>\w[^\[\]\d]*?)(?: (?P<year>(?:19|20)\d\d))?, "
    r"\[(?P<title>[^\]]+)\]\((?P<address>https://[^)\s]+)\)"
    r"(?:, \w+ edition(?: in draft)?)?[.\s] ?"
    r"(?P<why>.+[.;:!?]) "
    r"(?:Before notebook|Notebooks?) (?P<notebooks>(?:\[\d\d\]\(\.\./notebooks/\w+\.ipynb\)"
    r"(?:, | and )?)+)\."
)
PAPER = r"https://(?:arxiv\.org/abs|doi\.org|aclanthology\.org)/\S+"


def plain(title):
    return re.sub(r"\W+", " ", title).strip().casefold()


def other_texts():
    """All other texts of the project: pages, notebooks' sources and docstrings."""
    for path in NOTEBOOKS:
        cells = json.loads(path.read_text("utf-8"))["cells"]
        yield "\n".join("".join(cell["source"]) for cell in cells)
    for folder, kind in (("docs", "*.md"), ("tlhelpers", "*.py"), ("benchmarks", "*.py")):
        for path in (ROOT / folder).rglob(kind):
            if path.name != "reading.md":
                yield path.read_text("utf-8")


OTHERS = "\n".join(other_texts())
LINKED = re.findall(rf"\[([^\]]+)\]\(({PAPER})\)", OTHERS)


def test_there_are_25_to_40_and_none_twice():
    assert 25 <= len(ENTRIES) <= 40
    addresses = [FORM.fullmatch(entry)["address"] for entry in ENTRIES]
    assert len(set(addresses)) == len(addresses)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry[:30])
def test_an_entry_says_who_when_what_where_and_for_which_notebook(entry):
    found = FORM.fullmatch(entry)
    assert found, entry
    assert found["year"] or not re.match(PAPER, found["address"]), "a paper has a year"
    for number, name in re.findall(r"\[(\d\d)\]\(\.\./notebooks/(\w+\.ipynb)\)", entry):
        assert name.startswith(number) and (ROOT / "notebooks" / name).is_file()


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry[:30])
def test_a_paper_has_the_number_that_it_has_elsewhere(entry):
    found = FORM.fullmatch(entry)
    title, address = plain(found["title"]), found["address"]
    arxiv = re.fullmatch(r"https://arxiv\.org/abs/(\d{4})\.\d{4,5}", address)
    if arxiv:  # a paper is on arXiv in the year of its number, and printed within three
        assert 0 <= int(found["year"]) - 2000 - int(arxiv[1][:2]) <= 3
    for other, where in LINKED:
        other = plain(other)
        same = title.startswith(other) or other.startswith(title)
        if len(other.split()) > 3 and same:
            assert where == address, f"{other}: {where}"
        if where == address and not re.search(r"\d{4}|doi|arxiv", other):
            assert same, f"{address}: {other}"
        if where == address and re.search(r" others (19|20)\d\d$", other):
            assert other.split()[0] == plain(found["who"]).split()[0], other
