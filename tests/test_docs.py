"""The texts around the code: what they name is there."""

import json
import re
from pathlib import Path
from types import ModuleType

import pytest
from trouble import make_fruit

import tlhelpers as tl
from tlhelpers.fetching import registry

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/*.md", "data/*.md", "benchmarks/*.md")
    for path in ROOT.glob(pattern)
    if path.name != "CHANGELOG.md"  # it also tells the names of the past
)
SOURCES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("tlhelpers/**/*.py", "notebooks/*.ipynb")
    for path in ROOT.glob(pattern)
)


def text_of(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    if not name.endswith(".ipynb"):
        return text
    return "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])


def unknown(text):
    """The names such as ``tl.splits.label_budget`` in a text that do not exist."""
    missing = []
    for name in sorted(set(re.findall(r"\btl(?:\.[A-Za-z_]\w*)+", text))):
        thing = tl
        for part in name.split(".")[1:]:
            if not isinstance(thing, ModuleType | type):
                break  # what a function returns is not looked into
            if not hasattr(thing, part):
                missing.append(name)
                break
            thing = getattr(thing, part)
    return missing


@pytest.mark.parametrize("name", PAGES + SOURCES)
def test_every_name_of_the_package_in_a_text_exists(name):
    assert unknown(text_of(name)) == []


def test_a_name_that_is_gone_is_noticed():
    assert unknown("`tl.backbones.cut_head` and tl.surgery.cut_head, tl.Lab.from_folders") == [
        "tl.Lab.from_folders",
        "tl.backbones.cut_head",
    ]


@pytest.mark.parametrize("name", PAGES)
def test_files_and_modules_that_a_page_names_exist(name):
    text = text_of(name)
    paths = re.findall(r"`((?:tlhelpers|tests|benchmarks|docs|data|notebooks)/[\w./-]+)`", text)
    commands = re.findall(r"python -m (benchmarks\.\w+)", text)
    paths += [f"{command.replace('.', '/')}.py" for command in commands if "NAME" not in command]
    links = re.findall(r"\]\((?!http|#|mailto)([^)#\s]+)", text)
    here = (ROOT / name).parent
    missing = [path for path in paths if "NAME" not in path and not (ROOT / path).exists()]
    missing += [link for link in links if not (here / link).exists()]
    assert missing == []


def test_the_table_of_notebooks_says_what_they_say_of_their_time():
    rows = re.findall(
        r"^\| \[(\d\d) [^]]*\]\((notebooks/[^)]+)\) \|.*\| ([^|]+) \| ([^|]+) \|$",
        text_of("README.md"),
        re.MULTILINE,
    )
    assert [row[1] for row in rows] == [name for name in SOURCES if name.endswith(".ipynb")]
    units = {"minutes": "min", "seconds": "s"}
    total = 0
    for number, name, reading, computing in rows:
        said = re.search(
            r"\*\*Time:\*\* about (\S+) minutes of reading; about (\S+) (\w+) of computing\.",
            text_of(name),
        )
        assert said, f"notebook {number} does not say how long it takes"
        assert (reading, computing) == (f"{said[1]} min", f"{said[2]} {units[said[3]]}"), name
        total += int(said[1])
    assert f"{round(total / 60)} hours of reading" in text_of("README.md")


def test_the_first_page_is_short():
    assert len(text_of("README.md").split()) < 900


def test_the_map_has_every_room_and_module():
    page = text_of("CONTRIBUTING.md")
    plan = page[page.index("## A map of the package") :]
    plan = plan[: plan.index("\n## ", 5)]
    for path in sorted((ROOT / "tlhelpers").rglob("*.py")):
        place = path.relative_to(ROOT / "tlhelpers")
        if place.name == "__init__.py":
            name = place.parent.name
        elif place.parts[-2:-1] in (("content",), ("widgets",), ("exercises",), ("commands",)):
            continue  # the map names the folder
        else:
            name = place.stem
        assert re.search(rf"\b{re.escape(name)}\b", plan), f"the map does not name {place}"


@pytest.mark.slow
def test_the_code_for_pictures_larger_than_memory_runs(tmp_path, monkeypatch, capsys):
    make_fruit(tmp_path / "my_pictures")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TLHELPERS_CACHE", str(tmp_path / "cache"))
    page = text_of("docs/photographs.md")
    page = page[page.index("## Larger than memory") :]
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names = {}
    exec(code, names)
    assert names["features"].shape == (6, 1280) and names["labels"].tolist() == [0, 0, 0, 1, 1, 1]
    assert re.search(r"\d+% right\n$", capsys.readouterr().out)


def section(name, title):
    """The part of a page below a heading, and above the next one."""
    text = text_of(name)
    return re.split(r"^## ", text[text.index(f"\n## {title}\n") + 4 :], flags=re.MULTILINE)[0]


def run_code(name, title, printed):
    """Run the code below a heading: its names, and what it printed."""
    (code,) = re.findall(r"```python\n(.*?)```", section(name, title), re.DOTALL)
    names = {}
    exec(code, names)
    return names, printed.readouterr().out


WEIGHTS = registry.FILES["efficientnet-lite0-57934424.pth"]
with_lite = pytest.mark.skipif(WEIGHTS.installed() is None, reason="no EfficientNet-Lite0 here")


@pytest.mark.slow
@with_lite
def test_the_map_of_a_class_finds_the_space_shuttle(cache, capsys):
    names, _ = run_code("docs/elsewhere.md", "Object detection", capsys)
    boxes = {"space shuttle": (0, 240, 360, 470), "flagpole": (0, 400, 0, 120)}  # by eye
    for name, (top, bottom, left, right) in boxes.items():
        row, column = names["found"][name]
        assert top <= row < bottom and left <= column < right, (name, row, column)


@pytest.mark.slow
@with_lite
def test_features_of_photographs_tell_sounds_apart(cache, capsys):
    names, printed = run_code("docs/elsewhere.md", "Other sounds", capsys)
    means = {name: sum(values) / 10 for name, values in names["right"].items()}
    assert means["features"] > 0.65 and means["features"] > means["pixels"] + 0.2
    page = section("docs/elsewhere.md", "Other sounds")
    for name, mean in means.items():
        said = re.search(rf"^{name}: (\d+)% \(\d+% to \d+%\)$", page, re.MULTILINE)
        assert abs(int(said[1]) / 100 - mean) < 0.03, (name, mean, said[0])


def test_a_sentence_is_spoken(capsys):
    pytest.importorskip("hibari")
    names, _ = run_code("docs/elsewhere.md", "Text to speech", capsys)
    assert 2 < len(names["wave"]) / 24_000 < 6 and 0.05 < abs(names["wave"]).max() <= 1


def test_the_table_of_tasks_leads_to_the_sections():
    page = text_of("docs/elsewhere.md")
    linked = re.findall(r"^\| \[[^]]+\]\(#([\w-]+)\) \|", page, re.MULTILINE)
    titles = re.findall(r"^## (.+)$", page, re.MULTILINE)
    assert linked == [title.lower().replace(" ", "-") for title in titles] and len(titles) > 9
    for title in titles:  # each names a paper
        assert re.search(r"\d{4}\]\(https://", section("docs/elsewhere.md", title)), title


def test_the_glossary_is_in_order_and_each_word_is_used_where_it_says():
    rows = re.findall(
        r"^\| \*\*(.+?)\*\* \((\d\d)\) \| .+ \|$", text_of("docs/glossary.md"), re.MULTILINE
    )
    words = [word.casefold() for word, _ in rows]
    assert words == sorted(set(words)) and len(words) > 60
    notebooks = [name for name in SOURCES if name.endswith(".ipynb")]
    texts = {Path(name).name[:2]: text_of(name).casefold() for name in notebooks}
    for word, number in rows:
        term = re.escape(word.split(",")[0].casefold())
        assert re.search(rf"\b{term}", texts[number]), (word, number)
