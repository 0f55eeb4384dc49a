"""The fields for uploads, driven as a browser would drive them, without one."""

import os

import pytest
from trouble import choose, png, tree

import tlhelpers as tl
from tlhelpers.teaching.widgets import class_shelves, file_picker, manners, thumbnails


@pytest.fixture
def box(tmp_path):
    return tl.widgets.upload(tmp_path / "up")


def save(box, label):
    box.class_name.value = label
    box.buttons["Save"].click()


def test_files_come_in_parts_and_whole(box, tmp_path):
    content = png(1) * 3
    assert choose(box, ("a.png", content), ("none.png", b""), part=1000)[-1]
    assert [file.path.read_bytes() for file in box.picker.files] == [content, b""]
    assert "2 files" in box.words.text and tree(tmp_path) == []


def test_without_a_class_nothing_is_saved_and_the_files_stay(box, tmp_path):
    choose(box, ("a.png", png(1)), ("notes.txt", b"text"))
    choose(box, ("b.png", png(2)))
    save(box, " ")
    assert box.words.text.startswith("What is to be seen in them?") and "3 files" in box.words.text
    assert len(box.picker.files) == 3 and tree(tmp_path) == []
    save(box, "kiwi")
    assert box.words.text.split("\n") == [
        "notes.txt: text, not a picture; not saved",
        "Saved 2 pictures of kiwi.",
    ]
    assert tree(tmp_path) == ["up/kiwi/a.png", "up/kiwi/b.png"]
    assert not box.picker.files and box.class_name.value == ""
    assert box.class_name.options == ("kiwi",)


def test_what_may_be_saved_later_stays_chosen(box, tmp_path):
    choose(box, ("a.png", png(1)), ("b.txt", b"text"))
    (tmp_path / "up").mkdir()
    (tmp_path / "up" / "plum").write_text("a file")
    save(box, "plum")
    assert "is a file already" in box.words.text and "Save tries again" in box.words.text
    assert [file.name for file in box.picker.files] == ["a.png"] and box.class_name.value == "plum"
    save(box, "kiwi")
    assert box.words.text == "Saved 1 picture of kiwi." and not box.picker.files


def test_chosen_and_saved_pictures_are_shown_with_totals_and_place(box, tmp_path):
    assert box.chosen.value == "" and f"{tmp_path / 'up'}" in box.shelf.value
    choose(box, ("a<b>.png", png(1)), ("notes.txt", b"text"))
    assert box.chosen.value.count("<img") == 1 and "no picture" in box.chosen.value
    assert "a&lt;b&gt;.png" in box.chosen.value and "2 files" in box.chosen.value
    save(box, "kiwi")
    assert box.chosen.value == "" and box.shelf.value.count("<img") == 1
    assert "1 picture in 1 class" in box.shelf.value and "kiwi: 1 picture" in box.shelf.value


def test_chosen_files_can_be_removed(box):
    choose(box, ("a.png", png(1)))
    [file] = box.picker.files
    box.buttons["Remove chosen"].click()
    assert not box.picker.files and not file.path.exists() and box.chosen.value == ""
    save(box, "kiwi")
    assert box.words.text == "No files are chosen yet."


def test_too_much_at_once_is_refused_by_name(box, monkeypatch):
    monkeypatch.setattr(file_picker, "MOST_WAITING", 2000)
    answers = choose(box, ("large.png", bytes(2001)), ("small.png", bytes(1500)), part=1000)
    assert answers == [False, True, True, True]
    assert box.words.text.startswith("large.png: ") and "1 file" in box.words.text
    choose(box, ("third.png", bytes(501)))
    assert box.words.text.startswith("third.png: ") and "large" not in box.words.text


def test_a_file_that_the_browser_cannot_read_is_named(box):
    box.picker.send = lambda content: None
    part = {"what": "part", "id": "1", "name": "a.png", "size": 20, "at": 0}
    box.picker._hear(box.picker, part, [memoryview(bytes(10))])
    gone = {"what": "unreadable", "id": "1", "name": "a.png", "why": "NotReadableError"}
    box.picker._hear(box.picker, gone, [])
    box.picker._hear(box.picker, {"what": "end", "id": "end"}, [])
    assert "a.png: the browser cannot read it (NotReadableError)" in box.words.text
    assert not box.picker.files


@pytest.mark.parametrize("when", ["part", "end"])
def test_an_interrupted_kernel_answers_so_that_the_button_goes_on(box, monkeypatch, when):
    answers = []
    box.picker.send = answers.append

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(box.picker, "on_chosen", interrupted)
        patch.setattr("pathlib.Path.open", interrupted)
        message = {"what": when, "id": "1", "name": "a.png", "size": 20, "at": 0}
        with pytest.raises(KeyboardInterrupt):
            box.picker._hear(box.picker, message, [memoryview(bytes(10))])
    assert answers == [{"id": "1", "goes": False}]
    late = message | {"what": "part", "at": 10}
    with pytest.raises(KeyError):  # nothing of the file is kept
        box.picker._hear(box.picker, late, [memoryview(bytes(10))])
    assert answers[1:] == [{"id": "1", "goes": False}] and not box.picker.files
    choose(box, ("b.png", png(1)))
    assert ("a.png: interrupted; not chosen" in box.words.text) and len(box.picker.files) == 1


def test_the_fields_have_manners_names_and_words_for_where_they_do_not_run(box):
    assert isinstance(box.children[-1], manners.Manners)
    assert manners.READ_OUT in box.words.widget._dom_classes
    for field in (box.class_name, box.picker, *box.buttons.values()):
        assert field.description and len(field.tooltip) > 10
    data, _ = box._repr_mimebundle_()
    assert "run this cell" in data["text/plain"] and "image/png" not in data
    assert all(ending in box.picker.accept for ending in (".zip", ".tgz", "image/*"))


def test_a_path_may_stand_in_quotes(tmp_path):
    assert tl.widgets.upload(f'"{tmp_path}"').folder == tmp_path


def test_all_classes_are_counted_and_some_pictures_of_each_are_shown(tmp_path):
    for number in range(class_shelves.MOST_CLASSES + 1):
        (tmp_path / f"{number:03}").mkdir()
        (tmp_path / f"{number:03}" / "a.png").write_bytes(png(number))
    for number in range(class_shelves.MOST_PICTURES + 2):
        (tmp_path / "000" / f"{number}.png").write_bytes(png(number))
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "a.png").write_bytes(png(1))
    said = class_shelves.shelves(tmp_path)
    assert f"{class_shelves.MOST_CLASSES + class_shelves.MOST_PICTURES + 3} pictures in 21" in said
    assert said.count("<img") == class_shelves.MOST_CLASSES - 1 + class_shelves.MOST_PICTURES
    assert "and 3 more" in said and "and 1 more class" in said and "hidden" not in said


def test_a_name_that_turns_the_line_around_is_shown_without_that(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "a\u202egnp.png").write_bytes(png(1))
    assert "a?gnp.png" in class_shelves.shelves(tmp_path)


def test_a_changed_file_has_another_thumbnail(tmp_path):
    (tmp_path / "a").mkdir()
    file = tmp_path / "a" / "a.png"
    file.write_bytes(png(1))
    before = class_shelves.shelves(tmp_path)
    file.write_bytes(png(2))
    os.utime(file, (1, 1))  # for clocks that tick slowly
    assert class_shelves.shelves(tmp_path) != before
    assert class_shelves.shelves(tmp_path) == class_shelves.shelves(tmp_path)


def test_a_thumbnail_is_small_and_what_is_no_picture_has_none(tmp_path):
    import io

    from PIL import Image

    (tmp_path / "a.png").write_bytes(png(1))
    (tmp_path / "b.png").write_bytes(b"text")
    with Image.open(io.BytesIO(thumbnails.of_file(tmp_path / "a.png"))) as image:
        assert max(image.size) == thumbnails.SIDE and image.size[0] > image.size[1]
    assert thumbnails.of_file(tmp_path / "b.png") == b""
