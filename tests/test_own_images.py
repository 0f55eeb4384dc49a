"""Own images: a learner's folder becomes a lab, and uploads cannot do harm."""

import datetime
import io
import os
import shutil
import zipfile

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits
from test_folders import report_of
from trouble import CLASSES, make_fruit, reasons, scene

import tlhelpers as tl
from tlhelpers import fetch, folders, pictures, widgets

SMALL = "MobileNetV3Small"
WHEN = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)


@pytest.fixture
def fruit(tmp_path):
    return make_fruit(tmp_path / "fruit")


def lab_of(path, architecture=SMALL, **kw):
    return tl.Lab.from_folder(path, architecture, progress=False, **kw)


def png(seed):
    buffer = io.BytesIO()
    scene(seed).save(buffer, "PNG")
    return buffer.getvalue()


def item(name, content):
    return {"name": name, "content": memoryview(content)}


def tree(root):
    return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())


# A folder becomes a lab


def test_a_messy_folder_from_end_to_end(fruit, capsys):
    (fruit / "kiwi" / "empty.jpg").write_bytes(b"")
    (fruit / "kiwi" / ".DS_Store").write_bytes(b"\0")
    (fruit / "plum").mkdir()
    shutil.copy(fruit / "lemon" / "0.png", fruit / "lemon" / "copy.png")
    lab = tl.Lab.from_folder(fruit, SMALL)
    printed = capsys.readouterr().out
    assert str(lab.report) in printed and "an empty file" in printed
    assert "6 pictures to learn from (train), 2 to test with (test)." in printed
    assert lab.target_classes == CLASSES and len(reasons(lab.report)) == 3
    assert lab.train.images.shape == (6, 224, 224, 3) and lab.train.images.dtype == np.uint8
    assert lab.train.labels.tolist() == [0, 0, 0, 1, 1, 1] and lab.test.labels.tolist() == [0, 1]
    backbone = lab.backbone(pretrained=False)
    features = tl.features.compute(
        backbone, lab.test.images, preprocess=lab.preprocess, cache=False
    )
    assert features.shape == (2, 576) and np.isfinite(features).all()


def test_without_weights_the_folder_is_looked_at_and_only_the_network_is_missing(fruit):
    lab = lab_of(fruit, "MobileNetV2")
    assert len(lab.train.labels) == 6 and lab.weights == "MobileNetV2 (weights not here yet)"
    for build in (lab.network, lab.backbone):
        with pytest.raises(fetch.NotHere):
            build()


def given(tmp_path, *names):
    for name in names:
        make_fruit(tmp_path / name)
        for place in (tmp_path / name).rglob("*.png"):
            label = CLASSES.index(place.parent.name)
            number = 1000 * names.index(name) + 10 * label + int(place.stem)
            scene(number).save(place)
    return tmp_path


def test_a_given_split_is_kept_and_cleaned_of_leaks(tmp_path):
    root = given(tmp_path / "data", "train", "test", "val")
    shutil.copy(root / "test" / "kiwi" / "0.png", root / "train" / "kiwi" / "same.png")
    with Image.open(root / "test" / "lemon" / "1.png") as image:
        image.save(root / "train" / "lemon" / "near.jpg", quality=80)
    lab = lab_of(root)
    assert np.bincount(lab.test.labels).tolist() == [4, 4]
    assert np.bincount(lab.train.labels).tolist() == [8, 8]  # train and val
    why = reasons(lab.report)
    assert why == {
        "train/kiwi/same.png": "the same picture as test/kiwi/0.png",
        "train/lemon/near.jpg": "nearly the same as test/lemon/1.png",
    }
    assert "Leak: 2 pictures from val" in str(lab.report).replace("validation", "val")
    expected = pictures.load([root / "test" / "kiwi" / "0.png"], 224, progress=False)[0]
    assert (lab.test.images[0] == expected).all()


def test_validation_is_the_test_where_there_is_no_other(tmp_path):
    lab = lab_of(given(tmp_path / "data", "Training", "valid"))
    assert len(lab.test.labels) == 8 and "valid to test with" in str(lab.report)


def test_a_class_in_one_part_only_is_left_out(tmp_path):
    root = given(tmp_path / "data", "train", "test")
    (root / "test" / "plum").mkdir()
    scene(77).save(root / "test" / "plum" / "0.png")
    lab = lab_of(root)
    assert lab.target_classes == CLASSES
    assert "only in one part" in reasons(lab.report)["test/plum/0.png"]


def test_classes_called_train_and_test_are_classes(tmp_path):
    root = make_fruit(tmp_path / "data")
    (root / "kiwi").rename(root / "train")
    (root / "lemon").rename(root / "test")
    assert lab_of(root).target_classes == ("test", "train")


def test_single_class_and_empty_folder_are_refused_after_the_report(fruit, tmp_path, capsys):
    shutil.rmtree(fruit / "lemon")
    with pytest.raises(ValueError, match="wanted are at least two"):
        tl.Lab.from_folder(fruit, SMALL)
    assert "Only one class" in capsys.readouterr().out
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="no class folders"):
        lab_of(tmp_path / "empty")


def test_too_many_for_memory_says_how_to_take_fewer(fruit, monkeypatch):
    import psutil

    class Little:
        available = 224 * 224 * 3 * 7

    monkeypatch.setattr(psutil, "virtual_memory", lambda: Little)
    with pytest.raises(MemoryError, match="8 pictures.*most_per_class=2"):
        lab_of(fruit)
    lab = lab_of(fruit, most_per_class=2)
    assert np.bincount(lab.train.labels).tolist() == np.bincount(lab.test.labels).tolist() == [1, 1]
    assert "4 pictures not used" in str(lab.report)


def test_drawn_digits_reach_the_bundled_network(tmp_path):
    digits = load_digits()
    for i in range(100):
        folder = tmp_path / str(digits.target[i])
        folder.mkdir(exist_ok=True)
        paper = np.pad(255 - digits.images[i] * 15, 2, constant_values=255).astype(np.uint8)
        Image.fromarray(paper).resize((120, 120), Image.Resampling.BICUBIC).save(
            folder / f"{i}.png"
        )
    lab = lab_of(tmp_path, "digits", alike=1)
    images = np.concatenate([lab.train.images, lab.test.images])
    labels = np.concatenate([lab.train.labels, lab.test.labels])
    assert images.shape == (len(labels), 8, 8) and images.min() >= 0 and images.max() <= 1
    answers = lab.network().predict(lab.preprocess(images), verbose=0)[:, lab.columns()]
    assert (answers.argmax(axis=1) == labels).mean() > 0.75


# Splits with look-alikes across classes


def test_look_alikes_across_classes_do_not_starve_a_class():
    # Class 1 has a group with class 0 and one picture of its own: both parts can have both.
    report = report_of((2, 2), [0, 1, 0, 2])
    for seed in range(20):
        for part in folders.split(report, (0.5, 0.5), seed=seed):
            assert sorted(part.labels) == [0, 1]


def test_a_circle_of_look_alikes_is_explained():
    report = report_of((2, 2, 2), [0, 1, 0, 2, 1, 2])  # no two sides can have all three classes
    with pytest.raises(ValueError, match=r"also across classes, such as .* \(3 such groups\)"):
        folders.split(report)


# Uploads


@pytest.mark.parametrize(
    "name",
    ["../../x.png", "..\\..\\x.png", "/etc/x.png", "C:\\x.png", "con.png", "NUL", ".x.png", "..",
     "", "a\0b.png", "x.png. ", "é" * 300 + ".png", "\ud800.png", "a\nb.png", "COM¹.png"],
)  # fmt: skip
def test_hostile_names_stay_inside_and_are_found_again(tmp_path, name):
    root = tmp_path / "uploads"
    lines = widgets.save_uploads([item(name, png(1))], name or "kiwi", root)
    assert "Saved 1 picture" in lines[-1]
    [place] = tree(root)
    label, file = place.split("/")
    for part in (label, file):
        assert not widgets._DEVICE.fullmatch(part) and not part.startswith(".")
        assert len(part.encode()) <= 130 and part == part.rstrip(". ") and part.isprintable()
    assert tree(tmp_path) == [f"uploads/{place}"]
    assert len(tl.folders.scan(root, progress=False).pictures) == 1


def test_nothing_is_overwritten_and_copies_are_said(tmp_path):
    value = [item("a.png", png(1)), item("a.png", png(2)), item("a.png", png(1))]
    lines = widgets.save_uploads(value, "kiwi", tmp_path)
    assert lines == ["a.png: it is in kiwi already; not saved", "Saved 2 pictures of kiwi."]
    assert tree(tmp_path) == ["kiwi/a (2).png", "kiwi/a.png"]
    assert (tmp_path / "kiwi" / "a.png").read_bytes() == png(1)


def bag(**files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_an_archive_has_a_folder_for_each_class(tmp_path):
    files = {"set/kiwi/a.png": png(1), "set/lemon/b.png": png(2), "__MACOSX/kiwi/a.png": b"x"}
    lines = widgets.save_uploads([item("set.zip", bag(**files))], "", tmp_path)
    assert lines == ["Saved 1 picture of kiwi.", "Saved 1 picture of lemon."]
    assert tree(tmp_path) == ["kiwi/a.png", "lemon/b.png"]


@pytest.mark.parametrize("name", ["../x.png", "/x/y.png", "train/kiwi/a.png"])
def test_bad_archives_leave_nothing(tmp_path, name):
    root = tmp_path / "uploads"
    lines = widgets.save_uploads([item("b.zip", bag(**{name: png(1)}))], "kiwi", root)
    assert "Nothing of it was saved." in lines[0] and lines[-1] == "No picture was saved."
    assert tree(tmp_path) == []


def test_limits_no_class_and_no_picture(tmp_path, monkeypatch):
    assert "say first" in widgets.save_uploads([item("a.png", png(1))], " ", tmp_path)[0]
    assert "text, not" in widgets.save_uploads([item("a.png", b"hello")], "kiwi", tmp_path)[0]
    monkeypatch.setattr(widgets, "MOST_BYTES", 10)
    assert "too large" in widgets.save_uploads([item("a.png", png(1))], "kiwi", tmp_path)[0]
    assert tree(tmp_path) == []


@pytest.mark.skipif(os.name != "posix", reason="POSIX only")
def test_a_link_in_the_place_of_a_class_is_not_followed(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "kiwi").symlink_to(tmp_path / "out")
    lines = widgets.save_uploads([item("a.png", png(1))], "kiwi", tmp_path / "in")
    assert "is a link" in lines[0] and tree(tmp_path) == []


def test_the_widget_feeds_a_lab(tmp_path):
    box = widgets.upload(tmp_path)
    class_name, chosen, button, happened = box.children
    button.click()
    assert happened.value == "No files are chosen yet."
    for label, name in enumerate(CLASSES):
        class_name.value = name
        chosen.value = tuple(
            {**item(f"{i}.png", png(10 * label + i)), "type": "", "size": 1, "last_modified": WHEN}
            for i in range(4)
        )
        button.click()
        assert happened.value == f"Saved 4 pictures of {name}." and chosen.value == ()
    assert len(lab_of(box.folder).train.labels) == 6
    assert all(child.description and child.tooltip for child in box.children)


def test_own_uploads_lie_in_the_learners_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("TLHELPERS_DATA", str(tmp_path))
    assert widgets.upload().folder == tmp_path / "uploads"
