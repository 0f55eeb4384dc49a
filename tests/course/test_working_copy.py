"""A learner's copy: made without outputs, brought up to date, never overwritten."""

import copy
import json
import re

import pytest

from tlhelpers.course import working_copy
from tlhelpers.course.notebooks import CannotDo


def cell(key, source, kind="code"):
    made = {"cell_type": kind, "id": key, "metadata": {}, "source": source.splitlines(True)}
    if kind == "code":
        made |= {"execution_count": 3, "outputs": [{"output_type": "stream", "text": "spoiler"}]}
    return made


def notebook(*cells):
    return {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def sources(path):
    return ["".join(part["source"]) for part in read(path)["cells"]]


NAME = "00_start.ipynb"


@pytest.fixture
def course(tmp_path):
    made = notebook(cell("t", "# Title", "markdown"), cell("a", "a = 1"), cell("b", "b = 2"))
    write(tmp_path / "course" / "notebooks" / NAME, made)
    (tmp_path / "course" / "docs").mkdir()
    (tmp_path / "course" / "docs" / "page.md").write_text("one")
    return tmp_path / "course"


@pytest.fixture
def mine(course):
    folder = course / "my_course"
    assert working_copy.update_copy(course, folder) == []
    return folder


def edit(path, change):
    content = read(path)
    change(content["cells"])
    write(path, content)


def files(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_copy_has_no_outputs_and_the_course_keeps_its_own(course, mine):
    handed_out = read(mine / NAME)
    assert sources(mine / NAME) == ["# Title", "a = 1", "b = 2"]
    for part in handed_out["cells"][1:]:
        assert (part["outputs"], part["execution_count"]) == ([], None)
    assert "spoiler" in (course / "notebooks" / NAME).read_text()
    assert (mine / "docs" / "page.md").read_text() == "one"


def links(text):
    return [one for one in re.findall(r"\]\(([^)#\s]+)", text) if ":" not in one]


def test_links_of_notebooks_and_pages_lead_somewhere_here_and_in_a_copy(root, tmp_path):
    working_copy.update_copy(root, tmp_path)
    names = sorted(path.name for path in (root / "notebooks").glob("*.ipynb"))
    for folder in (root / "notebooks", tmp_path):
        for number, name in enumerate(names):
            cells = [c for c in read(folder / name)["cells"] if c["cell_type"] == "markdown"]
            found = [links("".join(part["source"])) for part in cells]
            for link in sum(found, []):
                assert (folder / link).is_file(), f"{name} in {folder} links to {link}"
            neighbours = {*names[max(0, number - 1) : number], *names[number + 1 : number + 2]}
            assert neighbours <= set(found[0]) and neighbours <= set(found[-1])
            named = re.findall(r"docs/\w+\.md", "".join("".join(c["source"]) for c in cells))
            assert set(named) <= {link.removeprefix("../") for link in sum(found, [])}
    for page in (tmp_path / "docs").glob("*.md"):
        for link in links(page.read_text(encoding="utf-8")):
            assert (page.parent / link).is_file(), f"{page.name} links to {link}"


def test_a_page_that_a_copy_lacks_is_named_and_not_linked(course, tmp_path):
    text = "See [the *data*](../data/README.md#a), [more](more.md), [site](https://a.example/../x)"
    text += " and [a guide](teaching/README.md)."
    (course / "docs" / "page.md").write_text(text)
    (course / "docs" / "x.png").write_bytes(b"[a](../b)")
    working_copy.update_copy(course, tmp_path / "mine")
    docs = tmp_path / "mine" / "docs"
    assert (docs / "page.md").read_text() == (
        "See the *data*, [more](more.md), [site](https://a.example/../x) and a guide."
    )
    assert (docs / "x.png").read_bytes() == b"[a](../b)"


def test_nothing_new_changes_nothing(course, mine):
    edit(mine / NAME, lambda cells: cells[1].update(source="a = 100"))
    before = files(mine)
    assert working_copy.update_copy(course, mine) == []
    assert files(mine) == before


def test_other_outputs_in_the_course_are_no_news(course, mine):
    edit(course / "notebooks" / NAME, lambda cells: cells[1].update(outputs=[]))
    before = files(mine)
    assert working_copy.update_copy(course, mine) == []
    assert files(mine) == before


def test_what_is_new_comes_into_cells_that_the_learner_left_alone(course, mine):
    ran = {"execution_count": 9, "outputs": [{"output_type": "stream", "text": "mine"}]}
    edit(mine / NAME, lambda cells: [cells[1].update(ran), cells[2].update(source="b = my_guess")])
    edit(mine / NAME, lambda cells: cells.insert(2, cell("own", "print(a)")))
    old = (mine / NAME).read_bytes()
    edit(course / "notebooks" / NAME, lambda cells: cells[0].update(source="# Better title"))
    edit(course / "notebooks" / NAME, lambda cells: cells.insert(1, cell("new", "c = 3")))
    (said,) = working_copy.update_copy(course, mine)
    wanted = ["# Better title", "c = 3", "a = 1", "print(a)", "b = my_guess"]
    assert sources(mine / NAME) == wanted
    assert read(mine / NAME)["cells"][2]["outputs"] == ran["outputs"]  # it need not run again
    (kept,) = (mine / "kept").iterdir()
    assert kept.read_bytes() == old
    assert kept.name in said
    assert working_copy.update_copy(course, mine) == []


def test_a_cell_above_everything_stays_and_a_second_change_comes_in_like_the_first(course, mine):
    edit(mine / NAME, lambda cells: cells.insert(0, cell("own", "my notes")))
    for text in ("a = 2", "a = 3"):
        edit(course / "notebooks" / NAME, lambda cells, text=text: cells[1].update(source=text))
        (said,) = working_copy.update_copy(course, mine)
        assert "taken over" in said
        assert sources(mine / NAME) == ["my notes", "# Title", text, "b = 2"]


def test_where_both_changed_a_cell_the_new_notebook_lies_beside(course, mine):
    edit(mine / NAME, lambda cells: cells[1].update(source="a = my_guess"))
    edit(course / "notebooks" / NAME, lambda cells: cells[1].update(source="a = 1  # better"))
    before = (mine / NAME).read_bytes()
    (said,) = working_copy.update_copy(course, mine)
    assert (mine / NAME).read_bytes() == before
    assert "00_start.new.ipynb" in said
    assert "one cell" in said
    assert sources(mine / "00_start.new.ipynb")[1] == "a = 1  # better"
    assert working_copy.update_copy(course, mine) == []
    # A still newer one, while the learner has worked in the one beside.
    edit(mine / "00_start.new.ipynb", lambda cells: cells[2].update(source="b = my work"))
    edit(course / "notebooks" / NAME, lambda cells: cells[1].update(source="a = 1  # best"))
    working_copy.update_copy(course, mine)
    assert "b = my work" in sources(next((mine / "kept").glob("00_start.new*")))


def test_what_the_learner_deleted_stays_away_and_what_the_course_dropped_goes(course, mine):
    edit(mine / NAME, lambda cells: cells.pop(1))
    edit(course / "notebooks" / NAME, lambda cells: [cells.pop(2), cells.append(cell("n", "n"))])
    working_copy.update_copy(course, mine)
    assert sources(mine / NAME) == ["# Title", "n"]


def test_a_changed_cell_stays_where_the_course_dropped_it(course, mine):
    edit(mine / NAME, lambda cells: cells[1].update(source="a = my_guess"))
    edit(course / "notebooks" / NAME, lambda cells: cells.pop(1))
    working_copy.update_copy(course, mine)
    assert sources(mine / NAME) == ["# Title", "a = my_guess", "b = 2"]


def test_what_the_learner_moved_stays_where_it_is(course, mine):
    edit(mine / NAME, lambda cells: cells.insert(0, cells.pop(2)))
    edit(course / "notebooks" / NAME, lambda cells: cells[1].update(source="a = 2"))
    edit(course / "notebooks" / NAME, lambda cells: cells.append(cell("new", "c = 3")))
    working_copy.update_copy(course, mine)
    assert sources(mine / NAME) == ["b = 2", "c = 3", "# Title", "a = 2"]


@pytest.mark.parametrize("content", ["<<<<<<< HEAD", "{}"])
def test_a_broken_notebook_of_the_course_holds_up_no_other(course, mine, content):
    (course / "notebooks" / "01_more.ipynb").write_text(content)
    (course / "notebooks" / "._00_start.ipynb").write_text("what macOS keeps")
    (course / "docs" / ".ipynb_checkpoints").mkdir()
    (course / "docs" / "folder").mkdir()
    edit(course / "notebooks" / NAME, lambda cells: cells[1].update(source="a = 2"))
    said = working_copy.update_copy(course, mine)
    assert [("taken over" in line, "01_more" in line) for line in said] == [
        (True, False),
        (False, True),
    ]
    assert sources(mine / NAME)[1] == "a = 2"
    before = files(mine)
    (course / "notebooks" / NAME).write_text(content)
    with pytest.raises(CannotDo, match="00_start.ipynb is no readable notebook"):
        working_copy.start_again(course, mine, NAME)
    assert files(mine) == before


def test_cells_with_one_id_are_all_kept(course, mine):
    edit(mine / NAME, lambda cells: cells.insert(2, cell("a", "twice")))
    edit(course / "notebooks" / NAME, lambda cells: cells[0].update(source="# New"))
    working_copy.update_copy(course, mine)
    assert sources(mine / NAME) == ["# New", "a = 1", "twice", "b = 2"]


@pytest.mark.parametrize("content", ["", "{}", '{"cells": [{"source": "no id"}]}', "[" * 9999])
def test_what_cannot_be_read_is_left_as_it_is(course, mine, content):
    (mine / NAME).write_text(content)
    assert working_copy.update_copy(course, mine) == []  # nothing is new, so nothing is said
    edit(course / "notebooks" / NAME, lambda cells: cells[1].update(source="a = 2"))
    (said,) = working_copy.update_copy(course, mine)
    assert (mine / NAME).read_text() == content
    assert "beside" in said
    assert sources(mine / "00_start.new.ipynb")[1] == "a = 2"


def test_a_file_that_was_not_handed_out_is_never_replaced(course, tmp_path):
    folder = tmp_path / "other"
    write(folder / NAME, notebook(cell("x", "mine")))
    before = (folder / NAME).read_bytes()
    working_copy.update_copy(course, folder)
    assert (folder / NAME).read_bytes() == before
    assert (folder / "00_start.new.ipynb").exists()


def test_a_hand_out_that_was_cut_short_is_finished(course, mine):
    (mine / working_copy.HANDED_OUT / NAME).unlink()  # ended between the file and its record
    before = files(mine)
    assert working_copy.update_copy(course, mine) == []
    assert (mine / working_copy.HANDED_OUT / NAME).exists()
    assert (mine / NAME).read_bytes() == before[mine / NAME]


def test_a_notebook_that_went_away_is_handed_out_anew(course, mine):
    (mine / NAME).unlink()
    (said,) = working_copy.update_copy(course, mine)
    assert "anew" in said
    assert sources(mine / NAME)[1] == "a = 1"


def test_pages_follow_the_course_unless_the_learner_wrote_in_them(course, mine):
    (course / "docs" / "page.md").write_text("two")
    working_copy.update_copy(course, mine)
    assert (mine / "docs" / "page.md").read_text() == "two"
    (mine / "docs" / "page.md").write_text("my notes")
    (course / "docs" / "page.md").write_text("three")
    working_copy.update_copy(course, mine)
    assert (mine / "docs" / "page.md").read_text() == "my notes"


def test_starting_again_keeps_what_was_there_each_time(course, mine):
    for number in range(3):
        write(mine / NAME, notebook(cell("a", f"work {number}")))
        said = working_copy.start_again(course, mine, NAME)
        assert sources(mine / NAME) == ["# Title", "a = 1", "b = 2"]
    kept = sorted("".join(sources(path)) for path in (mine / "kept").iterdir())
    assert kept == ["work 0", "work 1", "work 2"]
    assert "kept/" in said


def test_the_courses_own_notebooks_are_no_working_copy(course, tmp_path):
    before = files(course)
    for folder in (course / "notebooks", course / "notebooks" / "mine"):
        with pytest.raises(CannotDo, match="own notebooks"):
            working_copy.update_copy(course, folder)
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotDo, match="is a file"):
        working_copy.update_copy(course, tmp_path / "file")
    with pytest.raises(CannotDo, match="--folder"):
        working_copy.update_copy(course, tmp_path / "file" / "deeper")
    assert files(course) == before


def test_merging_does_not_change_what_it_is_given():
    given = [notebook(cell("a", text)) for text in ("1", "2", "1")]
    before = copy.deepcopy(given)
    merged, clashes = working_copy.merge(*given)
    assert given == before
    assert "".join(merged["cells"][0]["source"]) == "2"
    assert clashes == []
