"""Uploads: whatever is in an archive or wrong with the disk, what is good is saved."""

import errno
import io
import os
import random
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest
from trouble import item, png, tree

from tlhelpers.data import unusable
from tlhelpers.teaching.widgets import packed, uploads

CLASSES = ("kiwi", "lemon")


def bag(*names):
    """A ZIP with a picture under each name (other files where it ends otherwise)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number, name in enumerate(names):
            archive.writestr(zipfile.ZipInfo(name), png(number) if ".png" in name else b"x,y")
    return buffer.getvalue()


def save(tmp_path, content, label="", name="set.zip"):
    return uploads.save_uploads([item(name, content)], label, tmp_path / "up")


def both(prefix="", inner=""):
    return [f"{prefix}{name}/{inner}{i}{i}.png" for i, name in enumerate(CLASSES)]


@pytest.mark.parametrize("names", [
    both(), both("set/"), both("a/b/set/"), both("train/"), both("test/"), both("set/train/"),
    both(inner="images/"), [f"{name}/{name}/{name}.png" for name in CLASSES],
    [*both("set/"), "set/README.md", "labels.csv", "__MACOSX/set/kiwi/._0.png"],
    [f"set\\{name}\\{name}.png" for name in CLASSES], [*both("train/"), "test/5.png"],
])  # fmt: skip
def test_the_classes_of_an_archive_are_found(tmp_path, names):
    lines = save(tmp_path, bag(*names))
    assert lines[-2:] == [f"Saved 1 picture of {name}." for name in CLASSES]
    assert [place.split("/")[0] for place in tree(tmp_path / "up")] == list(CLASSES)
    if any(name.startswith("test/5") for name in names):
        assert "set.zip: 1 file beside the class folders; not saved" in lines


@pytest.mark.parametrize("names, words", [
    (both("train/") + both("test/"), "comes with a split"),
    (["train/0.png", "test/1.png"], "comes with a split"),
    (["cat/manx/0.png", "cat/pug/1.png", "dog/a/2.png", "dog/b/3.png"], "folders of folders, such"),
])  # fmt: skip
def test_what_is_not_clear_is_not_saved(tmp_path, names, words):
    lines = save(tmp_path, bag(*names), "kiwi")
    assert words in lines[0] and "set.zip" in lines[0] and "Nothing of it was saved" in lines[0]
    assert tree(tmp_path) == []


def test_pictures_in_no_class_folder_get_the_class_that_was_named(tmp_path):
    assert save(tmp_path, bag("0.png", "1.png"), "kiwi") == ["Saved 2 pictures of kiwi."]
    names = ["train/3.png", "train/4.png"]  # train is no class
    assert "say first what class it is" in save(tmp_path, bag(*names))[0]
    lines = save(tmp_path, bag("set/9.png", *both("set/")), "plum")
    assert lines == [f"Saved 1 picture of {name}." for name in ("plum", *CLASSES)]


def test_what_is_passed_over_is_said(tmp_path):
    names = [*both(), "kiwi/.IMG_7.JPG.icloud", "kiwi/more/8.png", ".DS_Store"]
    lines = save(tmp_path, bag(*names))
    assert lines[:2] == [
        f"set.zip: 1 file {unusable.IN_CLOUD}; not saved",
        "set.zip: 1 file in a folder in a class folder; not saved",
    ]
    assert len(tree(tmp_path)) == 2


ODD = ["10:30/a:b.png", "con/nul.png", "cat /1.png", "cat/2.png", "Cat/3.png", "St./4.png",
       "new\nline/5.png", "k" * 300 + "/6.png", "e\u0301/7.png", "\xe9/8.png"]  # fmt: skip


def test_odd_names_are_saved_under_harmless_ones_and_said(tmp_path):
    names = [*ODD, "cat/2.png"]
    with pytest.warns(UserWarning, match="Duplicate name"):
        lines = save(tmp_path, bag(*names))
    assert len(tree(tmp_path / "up")) == len(names)  # none is lost, not even the second of a name
    for old, new in (("10:30", "10_30"), ("con", "_con"), ("cat ", "cat"), ("St.", "St")):
        wanted = f"The class {old!r} is called {new!r} here."
        assert (wanted in lines) == (old != "cat ")
    text = "\n".join(lines)
    assert "nearly equal: 'Cat', 'cat'" in text and "Saved 3 pictures of cat." in text
    assert "Saved 2 pictures of é." in text  # the same letters, stored in two ways


def test_guessed_letters_are_said(tmp_path):
    data = bag("catcat/0.png", "dogdog/1.png")
    data = data.replace(b"catcat", "猫猫猫".encode("gbk"))
    data = data.replace(b"dogdog", "狗狗狗".encode("gbk"))
    lines = save(tmp_path, data, name="pets.zip")
    assert lines[0].startswith("pets.zip: It does not say with which letters")
    assert len(tree(tmp_path / "up")) == 2


def test_a_tar_is_unpacked_too(tmp_path):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=tarfile.GNU_FORMAT,
                      encoding="latin-1") as new:  # fmt: skip
        for number, name in enumerate(("café", "thé")):
            info = tarfile.TarInfo(f"{name}/{number}.png")
            info.size = len(png(number))
            new.addfile(info, io.BytesIO(png(number)))
    lines = save(tmp_path, buffer.getvalue(), name="set.tgz")
    assert "may be wrong" in lines[0] and lines[1:] == [
        "Saved 1 picture of café.", "Saved 1 picture of thé."
    ]  # fmt: skip


def test_a_raw_file_in_an_upload_is_known_by_its_name(tmp_path):
    raw = b"\1\2\3\4" * 40
    lines = uploads.save_uploads([item("DSC.NEF", raw)], "kiwi", tmp_path / "up")
    assert lines[0] == f"DSC.NEF: {unusable.CAMERA_RAW}; not saved"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("kiwi/DSC.NEF", raw)
    assert unusable.CAMERA_RAW in save(tmp_path, buffer.getvalue())[0]


@pytest.mark.parametrize("value", [None, 3, "a.png", b"x", ["a.png"], {"a.png": b"x"}])
def test_what_no_field_for_files_gives(tmp_path, value):
    with pytest.raises(TypeError, match="value must be the value of an ipywidgets.FileUpload"):
        uploads.save_uploads(value, "kiwi", tmp_path)


# Damage, and the disk


def test_a_bad_archive_costs_nothing_but_itself(tmp_path):
    """Many damaged ones, each between two good pictures."""
    draw, whole = random.Random(1), bag(*both("set/"), "set/größe/2.png")
    for number in range(60):
        data = bytearray(whole)
        at = len(data) - 1 - draw.randrange(300) if number % 2 else draw.randrange(len(data))
        data[at : at + 4] = draw.choice([b"\xff" * 4, bytes(4), draw.randbytes(3)])
        value = [item("a.png", png(7)), item("b.zip", bytes(data)), item("c.png", png(8))]
        root = tmp_path / str(number)
        lines = uploads.save_uploads(value, "plum", root)
        assert "Saved 2 pictures of plum." in lines
        assert {"plum/a.png", "plum/c.png"} <= set(tree(root))
        assert not [p for p in root.iterdir() if p.name.startswith(".upload")]


def full(*names):
    """A disk on which the nth file cannot be written."""
    real = Path.write_bytes

    def write(path, data):
        if path.name in names:
            real(path, bytes(data)[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(path, data)

    return write


def test_a_full_disk_is_a_line_and_leaves_nothing_half_written(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "write_bytes", full("1.png"))
    value = [item(f"{n}.png", png(n)) for n in range(3)]
    lines = uploads.save_uploads(value, "kiwi", tmp_path / "up")
    assert lines == ["1.png: it could not be written (No space left on device); not saved",
                     "Saved 2 pictures of kiwi."]  # fmt: skip
    assert tree(tmp_path) == ["up/kiwi/0.png", "up/kiwi/2.png"]


def test_a_disk_that_fills_up_while_unpacking(tmp_path, monkeypatch):
    def fail(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", fail)
    value = [item("set.zip", bag(*both())), item("c.png", png(8))]
    lines = uploads.save_uploads(value, "plum", tmp_path / "up")
    assert lines == ["set.zip: it could not be written (No space left on device); not saved",
                     "Saved 1 picture of plum."]  # fmt: skip
    assert tree(tmp_path) == ["up/plum/c.png"]


def test_a_file_that_cannot_be_moved_leaves_no_empty_one(tmp_path, monkeypatch):
    real = os.replace

    def move(source, target):
        if Path(target).name == "0.png":
            raise OSError(errno.EIO, "Input/output error")
        real(source, target)

    monkeypatch.setattr(os, "replace", move)
    value = [item(f"{n}.png", png(n)) for n in range(2)]
    lines = uploads.save_uploads(value, "kiwi", tmp_path / "up")
    assert "0.png: it could not be written (Input/output error); not saved" in lines
    assert tree(tmp_path) == ["up/kiwi/1.png"]


def test_a_disk_that_does_not_say_how_much_is_free(tmp_path, monkeypatch):
    def unknown(path):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(shutil, "disk_usage", unknown)
    lines = uploads.save_uploads([item("0.png", png(0))], "kiwi", tmp_path / "up")
    assert lines == ["Saved 1 picture of kiwi."]


def test_a_class_folder_that_may_not_be_written(tmp_path, monkeypatch):
    real = Path.open

    def closed(path, *args, **kw):
        if path.parent.name == "kiwi":
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, *args, **kw)

    monkeypatch.setattr(Path, "open", closed)
    lines = save(tmp_path, bag(*both()))
    assert "kiwi/00.png: it could not be written (Permission denied); not saved" in lines
    assert tree(tmp_path / "up") == ["lemon/11.png"]


def test_too_many_files_and_too_many_bytes_name_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(packed, "MOST_FILES", 1)
    assert "more than 1 files, which is the limit" in save(tmp_path, bag(*both()))[0]
    monkeypatch.setattr(uploads, "MOST_BYTES", 10)
    said = save(tmp_path, png(1), "kiwi", "a.png")[0]
    assert "too large for the room that is left" in said and "tl.Lab.from_folder" in said


@pytest.mark.parametrize("name", ["train", "dev", "test"])
def test_beside_other_classes_a_class_may_be_called_like_a_part(tmp_path, name):
    lines = save(tmp_path, bag("car/1.png", "bus/2.png", f"{name}/3.png"), "kiwi")
    assert f"Saved 1 picture of {name}." in lines
    assert {path.split("/")[0] for path in tree(tmp_path / "up")} == {"car", "bus", name}


def test_a_file_on_the_disk_is_copied_and_stays(tmp_path):
    (tmp_path / "a.png").write_bytes(png(1))
    value = [item("a.png", png(2)), {"name": "b.png", "content": tmp_path / "a.png"}]
    assert uploads.save_uploads(value, "kiwi", tmp_path / "up") == ["Saved 2 pictures of kiwi."]
    assert (tmp_path / "up/kiwi/b.png").read_bytes() == (tmp_path / "a.png").read_bytes() == png(1)


def test_what_can_be_saved_another_time_is_said_apart_from_what_cannot(tmp_path):
    value = [item("a.txt", b"text"), item("a.png", png(1)), item("set.zip", bag(*both()))]
    assert uploads.save_files(value, "", tmp_path).again == [1]
    assert uploads.save_files(value, "plum", tmp_path).again == []
    assert tree(tmp_path) == ["kiwi/00.png", "lemon/11.png", "plum/a.png"]
