"""Folders in folders, odd names, paths as people paste them: used, or said what to give."""

import os
import random
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from trouble import CLASSES, make_fruit, reasons, scan, scene

from tlhelpers.data import given_splits, image_files, names, splits, structure
from tlhelpers.labs import own


def tree(root, *files):
    """Make a file for each path: a picture where the path ends in a number."""
    for file in files:
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix:
            path.write_text("id,label\n")
        else:
            scene(int(path.name)).save(path.with_suffix(".png"))
    return root


def both(prefix="", start=0):
    return [f"{prefix}{name}/{start + 2 * i + j}" for i, name in enumerate(CLASSES) for j in (0, 1)]


def cut(root, **kw):
    return own.scan_and_split(root, 32, progress=False, **kw)


def refusal(root, call=cut):
    with pytest.raises(ValueError) as error:
        call(root)
    return str(error.value)


# Which folder is meant


@pytest.mark.parametrize("more", [[], ["sample_submission.csv"], ["extra/13"], ["README.md"]])
def test_train_with_classes_and_test_without(tmp_path, more):
    root = tree(tmp_path / "kaggle", *both("train/"), "test/10", "test/11", *more)
    for call in (cut, scan):
        said = refusal(root, call)
        assert f"Was this meant: {root / 'train'}?" in said
        assert "The pictures in test are in no class folders, so they have no labels" in said
    assert cut(root / "train")[0].classes == CLASSES


def test_the_folder_that_is_named_works(tmp_path):
    """Whatever lies around and beside it: what the message names can be given."""
    for number, (files, meant) in enumerate([
        (both("fruit/"), "fruit"),
        ([*both("fruit/fruit/"), "README.md", "fruit/labels.csv"], "fruit/fruit"),
        ([*both("a/b/c/"), "docs/readme.txt", "__MACOSX/a/b/c/kiwi/20"], "a/b/c"),
        ([*both("data/train/"), "notes.txt", "annotations/xml/1.xml"], "data/train"),
        ([*both("Training Data/"), "loose/5"], "Training Data"),
    ]):  # fmt: skip
        root = tree(tmp_path / str(number), *files)
        assert f"Was this meant: {root / meant}?" in refusal(root)
        assert cut(root / meant)[0].counts == dict.fromkeys(CLASSES, 2)


def test_a_split_that_is_one_folder_too_deep_is_named(tmp_path):
    root = tree(tmp_path / "data", *both("data/train/"), *both("data/test/", 4))
    said = refusal(root)
    assert f"tl.Lab.from_folder takes {root / 'data'}, with its split" in said
    assert "Split: as given" in str(cut(root / "data")[0])
    root = tree(tmp_path / "other", *both("fruit/"), *both("test/", 4))
    assert "with its split" not in refusal(root)  # without a part to learn from


def test_a_part_that_is_called_just_so_comes_first(tmp_path):
    root = tree(tmp_path / "x", *both("train/"), *both("test/", 4), *both("Test images/", 8))
    report, parts = cut(root)
    assert [len(part.files) for part in parts] == [4, 4]
    assert reasons(report) == {"Test images": "beside the parts of the split"}


@pytest.mark.parametrize("train, test", [
    ("seg_train/seg_train/", "seg_test/seg_test/"), ("training_set/", "test-images/"),
    ("Train1/", "dev/"), ("TRAINING/train/", "Valid/"),
])  # fmt: skip
def test_parts_of_a_split_by_other_names_and_packed_twice(tmp_path, train, test):
    report, parts = cut(tree(tmp_path / "x", *both(train), *both(test, 4), "seg_pred/a/9"))
    assert report.classes == CLASSES and [len(part.files) for part in parts] == [4, 4]
    assert f"{test.split('/')[0]} to test with" in str(report)


def test_names_that_are_no_parts():
    for name in ("train station", "testudo", "valley", "devil", "bullet train", "contest", "tests"):
        assert names.part_of_split(name) is None


def test_a_test_part_with_one_folder_for_all(tmp_path):
    """What Keras wants for pictures without labels: test/unknown."""
    root = tree(tmp_path / "x", *both("train/"), "test/unknown/10", "test/unknown/11")
    said = refusal(root)
    assert "train has kiwi, lemon and test has unknown" in said
    assert f"give it alone: {root / 'train'}" in said


def test_classes_with_one_folder_inside_each(tmp_path):
    for number, inner in enumerate([("images", "images"), CLASSES, ("2020", "2021")]):
        files = [f"{name}/{inner[i]}/{2 * i + j}" for i, name in enumerate(CLASSES) for j in (0, 1)]
        report, _ = cut(tree(tmp_path / str(number), *files))
        assert report.counts == dict.fromkeys(CLASSES, 2)
        assert f"One folder deeper than usual: kiwi/{inner[0]}, lemon/{inner[1]}." in str(report)


def test_several_folders_in_each_are_asked_about(tmp_path):
    root = tree(tmp_path / "x", "cat/manx/0", "cat/siamese/1", "dog/poodle/2", "dog/pug/3")
    said = refusal(root)
    assert "If cat and dog are classes, move the pictures" in said and str(root / "cat") in said
    assert scan(root / "cat").classes == ("manx", "siamese")


def test_parts_without_class_folders_are_no_answer(tmp_path):
    root = tree(tmp_path / "yolo", "images/train/0", "images/val/1", "labels/train/0.txt")
    said = refusal(root)
    assert "There are no class folders" in said and "images/train and images/val" in said
    report, _ = cut(tree(tmp_path / "x", "train/0", "train/1", "test/2", "test/3"))
    assert "taken for a class: test, train" in str(report)


def test_a_table_of_labels_is_said_not_to_be_read(tmp_path):
    for number, files in enumerate([["0", "1"], ["images/0", "images/1"]]):
        root = tree(tmp_path / str(number), *files, "labels.csv")
        assert "labels.csv is a table, which is not read (the class of a pic" in refusal(root)
    assert reasons(scan(root)) == {"labels.csv": structure.NO_TABLE}


def test_a_large_tree_is_not_walked_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(structure, "MOST", 3)
    tree(tmp_path / "x", *(f"{i}/a/b/0" for i in range(20)))
    looked = []
    real = structure._visible
    monkeypatch.setattr(structure, "_visible", lambda f: looked.append(f) or real(f))
    structure.check_structure(tmp_path / "x")
    assert len(looked) < 30


@pytest.mark.parametrize("seed", range(3))
def test_of_any_folders_the_one_that_is_named_is_the_right_one(tmp_path, seed):
    """Random trees: an answer or a sentence, and a named folder names no other one."""
    draw, named = random.Random(seed), 0
    outer = ["train", "test", "data", "seg_train", "fruit", "kiwi", "docs", "Test"]
    for number in range(25):
        files = set()
        for _ in range(draw.randrange(1, 4)):
            above = [draw.choice(outer) for _ in range(draw.randrange(3))]
            for name in draw.sample(["kiwi", "lemon", "plum", "images", "train"], 2):
                inner = ["x"] * (draw.random() < 0.2)
                files |= {"/".join([*above, name, *inner, str(draw.randrange(40))]) for _ in "ab"}
        root = tree(tmp_path / str(number), *sorted(files))
        for _ in range(2):
            try:
                cut(root)
            except ValueError as error:
                found = re.search(r"Was this meant: (.*?)\?", str(error))
                if found:
                    named += 1
                    assert root.parent == tmp_path, f"{sorted(files)}: {error}"
                    root = Path(found[1])
    assert named > 2


def test_a_folder_that_cannot_be_read_for_another_reason(tmp_path, monkeypatch):
    root, real = make_fruit(tmp_path / "fruit"), os.scandir
    (root / "plum").mkdir()

    def broken(path):
        if Path(path).name == "plum":
            raise OSError(5, "Input/output error")
        return real(path)

    monkeypatch.setattr(os, "scandir", broken)
    assert reasons(scan(root)) == {"plum": "cannot be looked into (Input/output error)"}


# Names of classes


@pytest.mark.skipif(os.name != "posix", reason="these are one name elsewhere")
def test_classes_whose_names_are_nearly_equal_are_said_and_not_merged(tmp_path):
    twins = ["Cat", "cat", "cat ", "e\u0301t\u00e9", "\u00e9te\u0301", "ice_cream", "ice cream"]
    root = tree(tmp_path / "x", *(f"{name}/{i}" for i, name in enumerate([*twins, "dog", "dog2"])))
    report = scan(root)
    assert len(report.classes) == 9
    text = str(report)
    assert "nearly equal: 'Cat', 'cat', 'cat '. If so" in text and text.count("nearly equal") == 3
    assert "'ice cream', 'ice_cream'" in text and "dog2" not in text.split("Perhaps", 1)[1]
    assert "'Cat', 'cat', 'cat '" in refusal(root)  # where a class is too small to be cut


@pytest.mark.skipif(os.name != "posix", reason="these are one name elsewhere")
def test_classes_that_differ_in_case_between_parts(tmp_path):
    root = tree(tmp_path / "x", "train/Cat/0", "train/Dog/1", "test/cat/2", "test/dog/3")
    assert "nearly equal: 'Cat', 'cat'" in refusal(root)


# Paths


def test_paths_as_people_paste_them(tmp_path, monkeypatch):
    root = make_fruit(tmp_path / "my fruit")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    given = [f'"{root}"', f"'{root}' ", f"“{root}”", f' "{root}"\n', root.as_uri(), "~/my fruit",
             '"~/my fruit"']  # fmt: skip
    for path in given:
        assert scan(path).classes == CLASSES, path
        assert list(given_splits.find_given_split(path)) == []
    files = [f'"{root / "kiwi" / "0.png"}"', "~/my fruit/kiwi/1.png", root / "kiwi" / "2.png"]
    assert image_files.load_images(files, 8, progress=False).shape == (3, 8, 8, 3)


@pytest.mark.skipif(os.name != "posix", reason="such names are allowed")
def test_a_folder_that_is_really_called_so_is_taken_as_it_is(tmp_path, monkeypatch):
    make_fruit(tmp_path / "'fruit'")
    monkeypatch.chdir(tmp_path)
    assert names.as_path("'fruit'").name == "'fruit'" and scan("'fruit'").classes == CLASSES


@pytest.mark.parametrize("path", [None, 3, ["a.png", "b.png"], b"fruit", {"a": 1}])
def test_what_is_no_path(path):
    with pytest.raises(TypeError, match="path of one file or folder, as text; got"):
        scan(path)


@pytest.mark.parametrize("path", ["", "  \0", "a\0b"])
def test_what_cannot_be_a_path(path):
    with pytest.raises(ValueError, match="Wanted is the path of a file or folder"):
        scan(path)


def test_a_user_who_is_not_there():
    with pytest.raises(FileNotFoundError, match="There is no folder"):
        scan("~nobody-of-this-name/x")


# How alike is too alike


def xrays(root, count=6):
    """Pictures of one build, with other noise in each: thumbnails correlate above 0.98."""
    rng = np.random.default_rng(0)

    def smooth(shape, most):
        small = Image.fromarray(rng.integers(0, most, shape, dtype=np.uint8))
        return np.asarray(small.resize((64, 64), Image.Resampling.BICUBIC)).astype(float)

    build = smooth((5, 4), 255)
    for name in ("normal", "ill"):
        (root / name).mkdir(parents=True)
        for i in range(count):
            picture = build + smooth((6, 6), 40)
            Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).save(
                root / name / f"{i}.png"
            )
    return root


def named(said):
    return float(said.split("alike=")[1].split(" is enough here")[0])


def test_the_refusal_names_how_strict_is_enough_and_it_is(tmp_path):
    root = xrays(tmp_path / "x")
    enough = named(refusal(root))
    assert 0.98 < enough <= 1 and cut(root, alike=enough)[0].counts == {"ill": 6, "normal": 6}
    report = scan(root)
    with pytest.raises(ValueError) as error:
        splits.stratified_split(report, (0.5, 0.25, 0.25))
    assert named(str(error.value)) >= enough


def test_where_no_strictness_helps_none_is_named(tmp_path):
    root = make_fruit(tmp_path / "x")
    for i in (1, 2, 3):  # equal but for one pixel, which no thumbnail shows
        image = scene(0)
        red, green, blue = image.getpixel((i, 0))
        image.putpixel((i, 0), (red ^ 1, green, blue))
        image.save(root / "kiwi" / f"{i}.png")
    said = refusal(root)
    assert "leaves 1 to deal out" in said and "alike=" not in said


def test_a_given_split_of_look_alikes_names_how_strict_is_enough(tmp_path):
    root = xrays(tmp_path / "x" / "train").parent
    for name in ("normal", "ill"):
        (root / "test" / name).mkdir(parents=True)
        for i in (0, 1):
            shutil.move(root / "train" / name / f"{i}.png", root / "test" / name)
    enough = named(refusal(root))
    report, parts = cut(root, alike=enough)
    assert report.classes == ("ill", "normal") and min(len(part.files) for part in parts) > 1
    assert "alike" in "".join(cut(make_two(tmp_path / "y"))[0].remarks)


def make_two(root):
    """A split with one leak, so that something is said about it."""
    make_fruit(root / "train")
    make_fruit(root / "test")
    for i, path in enumerate(sorted((root / "train").rglob("*.png"))):
        if i:
            scene(100 + i).save(path)
    return root


# Arguments that make no sense


ODD = [None, "x", "224", float("nan"), float("inf"), [], {}, np.zeros(3), object()]


@pytest.mark.parametrize(
    "call",
    [
        lambda root, odd: image_files.load_images([root / "kiwi" / "0.png"], odd, progress=False),
        lambda root, odd: scan(root, alike=odd),
        lambda root, odd: scan(root, first=0 if odd is None else odd),
        lambda root, odd: cut(root, fractions=odd),
        lambda root, odd: cut(root, seed=odd),
        lambda root, odd: cut(root, most_per_class=1 if odd is None else odd),
        lambda root, odd: own.prepare_files([root / "kiwi" / "0.png"], odd),
        lambda root, odd: own.plan_network(odd),
        lambda root, odd: own.to_ink(odd),
    ],
    ids=["size", "alike", "first", "fractions", "seed", "most", "architecture", "name", "ink"],
)
def test_odd_arguments_are_refused_with_a_sentence(tmp_path, call):
    root = make_fruit(tmp_path / "fruit")
    for odd in ODD:
        with pytest.raises((TypeError, ValueError)) as error:
            call(root, odd)
        said = str(error.value)
        assert said.endswith(".") and re.search("got|no network|There is", said), said


def test_no_list_of_files():
    for odd in (None, 3, object()):
        with pytest.raises(TypeError, match="files must be a list of files; got"):
            image_files.load_images(odd, 8)


def test_a_server_in_an_address_of_a_file_is_kept():
    assert names.as_path("file://school/share/my%20pictures").as_posix() == (
        "//school/share/my pictures"
    )
    assert names.as_path("file://localhost/share").as_posix() == "/share"
