"""Drawings become files, class by class: driven as a browser would, without one."""

import numpy as np
import pytest
from PIL import Image

import tlhelpers as tl
from tlhelpers.teaching.widgets import keep_drawings

LINE = [[[0.5, 0.1], [0.5, 0.9]]]


def tree(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_drawings_are_saved_under_their_class_and_nothing_is_overwritten(tmp_path):
    box = tl.widgets.draw_pictures(tmp_path / "mine")
    assert box.name.value == "3"  # the recorded drawing that the sheet begins with
    box.buttons["Save"].click()
    assert box.words.text == "Saved as 3/1.png. So far: 1 of 3." and box.pad.strokes == []
    for name in ("1", " 1 ", "../seven"):
        box.pad.strokes = LINE
        box.name.value = name
        box.buttons["Save"].click()
    assert box.words.text.endswith("So far: 2 of 1, 1 of 3, 1 of seven.")
    assert tree(tmp_path) == ["mine/1/1.png", "mine/1/2.png", "mine/3/1.png", "mine/seven/1.png"]
    with Image.open(tmp_path / "mine/1/1.png") as image:
        pixels = np.asarray(image)
    assert pixels.shape == (96, 96) and pixels[48, 48] == 0 and pixels[48, 0] == 255


def test_a_recorded_drawing_brings_its_name(tmp_path):
    box = tl.widgets.draw_pictures(tmp_path)
    box.buttons["Recorded drawing"].click()
    assert box.name.value == "4" and "drawing of a 4" in box.picture.alt
    data, _ = box._repr_mimebundle_()
    assert data["text/plain"] == box.picture.alt and data["image/png"]


@pytest.mark.parametrize(
    "strokes, name, says", [([], "3", "Nothing is drawn"), (LINE, "  ", "what it is")]
)
def test_what_cannot_be_saved_is_said_and_leaves_nothing(strokes, name, says, tmp_path):
    box = tl.widgets.draw_pictures(tmp_path)
    box.pad.strokes = strokes
    box.name.value = name
    box.buttons["Save"].click()
    assert says in box.words.text and tree(tmp_path) == []


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
