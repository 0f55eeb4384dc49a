"""Drawings become files, class by class: driven as a browser would, without one."""

import numpy as np
import pytest
from PIL import Image

import tlhelpers as tl
from tlhelpers.teaching.widgets import keep_drawings

LINE = [[[0.5, 0.1], [0.5, 0.9]]]


def tree(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def put(box, strokes, name):
    box.pad.strokes = strokes
    box.name.value = name
    box.buttons["Save"].click()


def test_drawings_are_saved_under_their_class_and_nothing_is_overwritten(tmp_path):
    box = tl.widgets.draw_pictures(tmp_path / "mine")
    assert box.pad.strokes == [] and box.name.value == ""
    put(box, LINE, "3")
    assert box.words.text == "Saved as 3/1.png. So far: 1 of 3." and box.pad.strokes == []
    assert box.name.value == "" and box.name.options == ("3",)
    for name in ("1", " 1 ", "../seven"):
        put(box, LINE, name)
    assert box.words.text.endswith("So far: 2 of 1, 1 of 3, 1 of seven.")
    assert tree(tmp_path) == ["mine/1/1.png", "mine/1/2.png", "mine/3/1.png", "mine/seven/1.png"]
    with Image.open(tmp_path / "mine/1/1.png") as image:
        pixels = np.asarray(image)
    assert pixels.shape == (96, 96) and pixels[48, 48] == 0 and pixels[48, 0] == 255


def test_nothing_is_saved_under_a_class_that_nobody_chose(tmp_path):
    box = tl.widgets.draw_pictures(tmp_path)
    box.buttons["Recorded drawing"].click()
    assert box.name.value == "" and box.picture.alt.startswith("A sheet with a drawing")
    box.name.value = "3"
    box.buttons["Clear"].click()
    assert box.name.value == ""
    box.pad.strokes = LINE
    box.buttons["Save"].click()
    assert box.words.text.startswith("What does it show?") and tree(tmp_path) == []
    assert box.pad.strokes == LINE


def test_what_is_saved_is_shown_and_the_last_can_be_undone(tmp_path):
    box = tl.widgets.draw_pictures(tmp_path)
    assert "Nothing is saved yet" in box.shelf.value and str(tmp_path) in box.shelf.value
    put(box, LINE, "1")
    put(box, LINE, "7")
    assert "2 pictures in 2 classes" in box.shelf.value and box.shelf.value.count("<img") == 2
    box.buttons["Undo the last"].click()
    assert tree(tmp_path) == ["1/1.png"] and not (tmp_path / "7").exists()
    assert box.pad.strokes == LINE  # to say what it is once more
    assert "7/1.png is deleted" in box.words.text and "1 picture in 1 class," in box.shelf.value
    for _ in range(2):
        box.buttons["Undo the last"].click()
    assert tree(tmp_path) == [] and box.words.text.startswith("There is nothing to undo")


def test_an_undo_that_fails_can_be_tried_again(tmp_path, monkeypatch):
    box = tl.widgets.draw_pictures(tmp_path)
    put(box, LINE, "3")

    def refuse(path, missing_ok=False):
        raise PermissionError(13, "is in use", str(path))

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.unlink", refuse)
        box.buttons["Undo the last"].click()
        assert "Not deleted: is in use" in box.words.text and tree(tmp_path) == ["3/1.png"]
    box.buttons["Undo the last"].click()
    assert "3/1.png is deleted" in box.words.text and tree(tmp_path) == []


def test_what_others_saved_is_not_undone(tmp_path):
    put(tl.widgets.draw_pictures(tmp_path), LINE, "1")
    box = tl.widgets.draw_pictures(tmp_path)
    box.buttons["Undo the last"].click()
    assert tree(tmp_path) == ["1/1.png"]


def test_what_another_saved_under_the_same_name_is_not_undone(tmp_path):
    box = tl.widgets.draw_pictures(tmp_path)
    put(box, LINE, "1")
    (tmp_path / "1" / "1.png").unlink()
    put(tl.widgets.draw_pictures(tmp_path), [*LINE, [[0.1, 0.5], [0.9, 0.5]]], "1")
    box.buttons["Undo the last"].click()
    assert tree(tmp_path) == ["1/1.png"] and "another drawing now" in box.words.text
    box.buttons["Undo the last"].click()
    assert box.words.text.startswith("There is nothing to undo")


@pytest.mark.parametrize(
    "strokes, name, says",
    [
        ([], "3", "Nothing is drawn yet"),
        (LINE, " ", "What does it show?"),
        (LINE * 101, "1", "That is too much"),
    ],
)
def test_what_cannot_be_saved_is_said_and_leaves_nothing(strokes, name, says, tmp_path):
    box = tl.widgets.draw_pictures(tmp_path)
    put(box, strokes, name)
    assert box.words.text.startswith(says) and tree(tmp_path) == []
    assert "Traceback" not in box.words.widget.value


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    box = tl.widgets.draw_pictures(tmp_path / "file")
    put(box, LINE, "1")
    assert box.words.text.startswith("Not saved: ") and "Traceback" not in box.words.widget.value
    assert box.pad.strokes == LINE


def test_the_default_place_is_the_learners_own_and_can_be_read_as_a_lab(tmp_path, monkeypatch):
    monkeypatch.setenv("TLHELPERS_DATA", str(tmp_path))
    for digit, strokes in tl.widgets.recorded_drawings():
        if digit in (1, 4):
            keep_drawings.save_drawing(strokes, str(digit))
    assert tl.widgets.drawings_folder() == tmp_path / "drawings"
    lab = tl.Lab.from_folder(tl.widgets.drawings_folder(), "digits", progress=False)
    assert lab.target_classes == ("1", "4") and lab.train.images.shape == (4, 8, 8)


def test_a_folder_is_a_path_and_a_class_a_text():
    for folder in (3, ["a"], b"a"):
        with pytest.raises(TypeError, match="Wanted is the path of"):
            tl.widgets.draw_pictures(folder)
    with pytest.raises(TypeError, match="class_name must be a text; got 3"):
        keep_drawings.save_drawing(LINE, 3, "nowhere")
