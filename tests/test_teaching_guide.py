"""The guide for teachers: what it names is there, and its minutes add up."""

import html
import importlib
import json
import re
from functools import cache
from pathlib import Path

import pytest
from test_docs import unknown

from tlhelpers.course.command_line import COMMANDS

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "docs" / "teaching"
NOTEBOOKS = {path.name[:2]: path for path in sorted((ROOT / "notebooks").glob("[01]*.ipynb"))}
PAGES = {path.stem[-2:]: path for path in sorted(GUIDE.glob("notebook_*.md"))}
TEXTS = sorted([*GUIDE.glob("*.md"), ROOT / "docs" / "for_teachers.md"])


def text_of(path):
    return path.read_text(encoding="utf-8")


def cut_out(text, title):
    """What stands below a heading, and above the next one of its level."""
    text = text[re.search(rf"^## {title}.*$", text, re.MULTILINE).end() :]
    return re.split(r"^## ", text, flags=re.MULTILINE)[0]


@cache
def cells_of(number):
    return json.loads(text_of(NOTEBOOKS[number]))["cells"]


@cache
def words_of(number):
    """All that a notebook says and prints."""
    found = ["".join(cell["source"]) for cell in cells_of(number)]
    for cell in cells_of(number):
        for output in cell.get("outputs", []):
            for part in (output.get("text", ""), *output.get("data", {}).values()):
                found.append("".join(part) if isinstance(part, list) else str(part))
    return "\n".join(found)


@cache
def headings_of(number):
    texts = ["".join(c["source"]) for c in cells_of(number) if c["cell_type"] == "markdown"]
    return re.findall(r"^##+ (.+)$", "\n".join(texts), re.MULTILINE)


@cache
def content_of(number):
    return importlib.import_module(f"tlhelpers.teaching.content.n{number}")


def rows(text):
    """The rows of all tables, without heads and rules, as lists of words."""
    found = []
    for table in re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE):
        found += [
            [cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()[2:]
        ]
    return found


def test_every_notebook_has_a_page_that_the_guide_links_to():
    assert list(PAGES) == list(NOTEBOOKS)
    for number, page in PAGES.items():
        assert f"[{number}]({page.name})" in text_of(GUIDE / "README.md"), page.name


@pytest.mark.parametrize("number", PAGES)
def test_a_page_says_of_its_notebook_what_that_says_of_itself(number):
    page, content = text_of(PAGES[number]), content_of(number)
    assert f"](../../notebooks/{NOTEBOOKS[number].name})" in page
    time = re.search(
        r"\*\*Time:\*\* about (\d+ minutes of reading); about (.+ of computing)\.", words_of(number)
    )
    counts = f"{len(content.EXERCISES)} exercises, {len(content.QUIZZES)} quizzes"
    assert f"{time[1]}, {time[2]} · {counts}" in page
    letters = [
        f"{quiz.id} {'ABCD'[[choice.right for choice in quiz.choices].index(True)]}"
        for quiz in content.QUIZZES
    ]
    assert f"**Key to the quizzes:** {' · '.join(letters)}\n" in page
    for title in ("Aims", "When time is short", "Usual misunderstandings"):
        assert cut_out(page, title).strip()
    questions = r"^\d\. .+ \*Listen for:\* .+"
    assert len(re.findall(questions, cut_out(page, "To discuss"), re.MULTILINE)) == 3
    for part in (r"\*\*Q\d \(\d marks\)\.\*\*", r"\*Answer\.\*", r"\*Marks\.\*"):
        assert len(re.findall(part, cut_out(page, "In an examination"))) == 3, part


@pytest.mark.parametrize("number", PAGES)
def test_the_sections_of_a_plan_exist_in_order_and_its_minutes_add_up(number):
    page = text_of(PAGES[number])
    total = int(re.search(r"^## Plan: (\d+) minutes$", page, re.MULTILINE)[1])
    plan = rows(cut_out(page, "Plan: "))
    assert sum(int(minutes) for minutes, _, _ in plan) == total <= 85
    places = [headings_of(number).index(section.strip("*")) for _, section, _ in plan]
    assert places == sorted(set(places))


@pytest.mark.parametrize("number", PAGES)
def test_cells_and_sentences_and_numbers_of_a_page_are_those_of_the_notebook(number):
    page, words = text_of(PAGES[number]), words_of(number)
    ids = {cell["id"] for cell in cells_of(number)}
    assert set(re.findall(r"`#([\w-]+)`", page)) <= ids
    for sentence in re.findall(r"✔ \*(.+?)\*", page):
        assert sentence in words, sentence
    wrong = cut_out(page, "Usual misunderstandings")
    assert len(re.findall(r"^- \*\*“.+?”\*\*", wrong, re.MULTILINE)) >= 3
    for said in re.findall(r"\d+\.\d+", wrong):
        assert re.search(rf"(?<!\d){re.escape(said)}", words), said


def named(text, number):
    """The sections that a text names for a notebook: "00, sections 2 to 6, 8 and 11"."""
    found = set()
    part = r"\d+(?: to \d+)?"
    for listed in re.findall(
        rf"\b{number}, (?:end of )?sections? ((?:{part}(?:, | and )?)+)", text
    ):
        for one in re.findall(part, listed):
            ends = [int(end) for end in one.split(" to ")]
            found |= set(range(ends[0], ends[-1] + 1))
    return found


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_sections_and_exercises_that_a_text_names_exist(path):
    text = text_of(path)
    for number in NOTEBOOKS:
        has = {int(title.split(".")[0]) for title in headings_of(number) if title[0].isdigit()}
        assert named(text, number) <= has, number
    items = {item.id for n in NOTEBOOKS for item in content_of(n).EXERCISES + content_of(n).QUIZZES}
    for listed in re.findall(
        r"(?:[Ee]xercise|[Qq]uiz)(?:s|es|zes)? ((?:\d+\.\w+(?:, | and | to )?)+)", text
    ):
        assert set(re.findall(r"\d+\.\w+", listed)) <= items, listed


def test_a_section_that_does_not_exist_is_noticed():
    assert named("01, sections 2 to 4 and 9; 02, section 7", "01") == {2, 3, 4, 9}
    assert named("01, sections 2 to 4 and 9; 02, section 7", "02") == {7}


def clock(minutes):
    return f"{minutes // 60}:{minutes % 60:02}"


def test_the_minutes_of_every_timetable_add_up():
    text = text_of(GUIDE / "timetables.md")
    totals = re.findall(r"^## (.+): (\d+) minutes$", text, re.MULTILINE)
    assert [int(total) for _, total in totals] == [90, 90, 240, 420, 480, 840]
    for title, total in totals:
        now = 0
        for begins, minutes, what in rows(cut_out(text, title)):
            assert begins == clock(now), (title, what)
            now += int(minutes)
        assert now == int(total), title
    weeks = rows(cut_out(text, "Twelve weeks"))
    assert [row[:2] for row in weeks] == [[str(week), "90"] for week in range(1, 13)]
    taught = {number for row in weeks for number in re.findall(r"\b(\d\d), section", row[2])}
    assert taught >= set(NOTEBOOKS) - {"07", "11"}


def test_a_lesson_has_the_minutes_that_the_plans_of_its_sections_want():
    """Where a row teaches sections of a notebook: sections without a plan want none."""
    wants = {}
    for number, page in PAGES.items():
        for minutes, section, _ in rows(cut_out(text_of(page), "Plan: ")):
            place = re.match(r"\*\*(\d+)\.", section)
            if place:  # the rooms of a museum have none
                wants[number, int(place[1])] = int(minutes)
    short = []
    for row in rows(text_of(GUIDE / "timetables.md")):
        minutes, what = row[1:3]
        taught = [(n, place) for n in PAGES for place in named(what, n)]
        wanted = sum(wants.get(one, 0) for one in taught)
        if what[:2].isdigit() and wanted > int(minutes):
            short.append((what, wanted))
    assert short == []


def test_ten_questions_have_twenty_marks_and_all_questions_named_exist():
    text = text_of(GUIDE / "examinations.md")
    ten = cut_out(text, "Ten questions")
    asked, answered = ten.split("*Answers,* one mark for each half:")
    assert re.findall(r"^(\d+)\. ", asked, re.MULTILINE) == [str(n) for n in range(1, 11)]
    answers = re.split(r"\*\*\d+\.\*\*", answered)[1:]
    marks = ["one mark for" in answer or answer.count(";") == 1 for answer in answers]
    assert marks == [True] * 10
    for number, questions in re.findall(r"(\d\d): ((?:\d(?:, | and )?)+)", text):
        has = set(re.findall(r"\*\*Q(\d) ", text_of(PAGES[number])))
        assert set(re.findall(r"\d", questions)) <= has, number


def test_points_that_the_guide_names_are_those_that_nbgrader_gives():
    graded = cut_out(text_of(GUIDE / "nbgrader.md"), "What is graded")
    points = {number: int(points) for number, points in re.findall(r"(\d\d): (\d+)", graded)}
    assert points == {
        number: sum(1 + exercise.by_hand for exercise in content_of(number).EXERCISES)
        for number in NOTEBOOKS
    }
    assert f"In all {sum(points.values())}." in graded


def test_notebooks_as_html_keep_their_alternative_texts_in_the_way_that_the_guide_says():
    from nbconvert import HTMLExporter

    commands = re.findall(r"nbconvert --to html .*ipynb", "\n".join(map(text_of, TEXTS)))
    templates = {re.search(r"--template (\w+)", command)[1] for command in commands}
    assert len(commands) >= 2 and len(templates) == 1
    texts = [
        output["metadata"]["image/png"]["alt"]
        for cell in cells_of("10")
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    assert texts
    page, _ = HTMLExporter(template_name=templates.pop()).from_filename(str(NOTEBOOKS["10"]))
    found = re.findall(r"<img[^>]*? alt=\"([^\"]*)\"", page)
    assert [html.unescape(text) for text in found] == texts


def anchor(title):
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    text = text_of(path)
    assert unknown(text) == []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if link.startswith("http"):
            continue
        file, _, place = link.partition("#")
        target = path.parent / file if file else path
        assert target.is_file(), link
        titles = re.findall(r"^#+ (.+)$", text_of(target), re.MULTILINE) if place else []
        assert not place or place in map(anchor, titles), link


def test_commands_that_the_guide_names_exist():
    text = "\n".join(map(text_of, TEXTS))
    commands = {command.__name__.rpartition(".")[2].rstrip("_") for command in COMMANDS}
    assert set(re.findall(r"(?:`|^)tlhelpers ([a-z]+)", text, re.MULTILINE)) <= commands
    targets = re.findall(r"^([a-z-]+):.*##", text_of(ROOT / "Makefile"), re.MULTILINE)
    assert set(re.findall(r"`make ([a-z-]+)", text)) <= set(targets)
