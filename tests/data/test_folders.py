"""Folders of pictures: nothing good is lost, and a split keeps copies on one side."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance
from trouble import CLASSES, found, load, make_fruit, reasons, report_of, scan, scene

from tlhelpers.data import folder_report, near_copies, splits

POSIX = pytest.mark.skipif(os.name != "posix", reason="POSIX only")


@pytest.fixture
def fruit(tmp_path):
    return make_fruit(tmp_path / "fruit")


# Names


LONG = "a" * 200 + ".png"
NAMES = [
    "Äpfel süß.png",
    "りんご.png",
    "🍋.png",
    "a b\tc.png" if os.name == "posix" else "a b.png",
    "[x] {y} 100%.png",
    LONG,
    "UPPER.PNG",
]


@pytest.mark.parametrize("name", NAMES)
def test_unusual_names_work_as_file_and_as_class(fruit, name):
    if os.name == "nt" and name == LONG:
        pytest.skip("the whole path would be too long for Windows")
    folder = fruit / name.removesuffix(".png")
    folder.mkdir()
    scene(70).save(folder / name, "PNG")
    report = scan(fruit)
    assert folder.name in report.classes and found(report, name).notes == ()
    assert (load([folder / name], 72)[0] == np.asarray(scene(70))[:, 12:84]).all()
    assert max(map(len, str(report).splitlines())) < 160


def test_a_decomposed_name_is_found_again(fruit):
    name = unicodedata.normalize("NFD", "Äpfel.png")
    scene(71).save(fruit / "kiwi" / name)
    report = scan(fruit)
    [file] = [p.file for p in report.pictures if "pfel" in p.file.name]
    assert load([file], 8).shape == (1, 8, 8, 3)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_that_no_screen_can_show(fruit):
    path = os.path.join(os.fsencode(fruit), b"kiwi", b"broken\xff\nname.png")
    shutil.copyfile(os.fsencode(fruit / "kiwi" / "0.png"), path)
    report = scan(fruit)
    assert len(report.left_out) == 1  # a copy
    assert "kiwi/broken??name.png" in str(report)
    str(report).encode("utf-8")


# Folders


def test_hidden_and_system_files_are_ignored_and_counted(fruit):
    for name in (".DS_Store", "Thumbs.db", "0.png#Zone.Identifier", "._0.png", ".hidden.png"):
        (fruit / "kiwi" / name).write_bytes(b"\0\1\2")
    for name in ("__MACOSX", "$RECYCLE.BIN", ".git"):
        (fruit / name).mkdir()
        scene(80).save(fruit / name / "x.png")
    report = scan(fruit)
    assert report.classes == CLASSES and report.left_out == ()
    assert report.ignored == 8 and "8 hidden or system files" in str(report)


def test_an_empty_class_folder(fruit):
    (fruit / "plum").mkdir()
    report = scan(fruit)
    assert report.classes == CLASSES and reasons(report) == {"plum": "an empty class folder"}


def test_a_class_without_a_usable_picture(fruit):
    (fruit / "plum").mkdir()
    (fruit / "plum" / "x.jpg").write_bytes(b"")
    report = scan(fruit)
    assert report.classes == CLASSES
    assert reasons(report)["plum"] == "no usable picture in it"


def test_a_single_class_is_said_and_cannot_be_split(fruit):
    shutil.rmtree(fruit / "lemon")
    report = scan(fruit)
    assert "Only one class" in str(report)
    with pytest.raises(ValueError, match="usable pictures in 1 class; wanted are at least two"):
        splits.stratified_split(report)


def test_classes_one_folder_too_deep(tmp_path, fruit):
    with pytest.raises(ValueError, match="folders of folders") as error:
        scan(tmp_path)
    assert str(fruit) in str(error.value)


def test_train_and_test_folders_point_to_train(tmp_path, fruit):
    root = tmp_path / "data"
    for name in ("a_test", "train"):
        shutil.copytree(fruit, root / name)
    (root / "train" / "README.txt").write_text("Read me.")
    (root / "a_test" / ".DS_Store").write_bytes(b"\0")
    with pytest.raises(ValueError, match="folders of folders") as error:
        scan(root)
    assert f"Was this meant: {root / 'train'}?" in str(error.value)


def test_a_folder_within_a_class_is_said(fruit):
    (fruit / "kiwi" / "more").mkdir()
    scene(81).save(fruit / "kiwi" / "more" / "x.png")
    report = scan(fruit)
    assert report.counts["kiwi"] == 4
    assert reasons(report) == {"kiwi/more": "a folder in a class folder, not looked at"}


def test_loose_pictures_without_class_folders(fruit):
    with pytest.raises(ValueError, match="no class folders in .*, but 4 files") as error:
        scan(fruit / "kiwi")
    assert f"give the folder above: {fruit}" in str(error.value)


def test_files_beside_the_class_folders(fruit):
    (fruit / "LICENSE.txt").write_text("CC BY")
    assert reasons(scan(fruit)) == {"LICENSE.txt": "beside the class folders"}


def test_an_empty_folder(tmp_path):
    (tmp_path / ".DS_Store").write_bytes(b"\0")
    with pytest.raises(ValueError, match="no class folders in .*, but 0 files"):
        scan(tmp_path)


def test_nothing_usable_at_all_is_a_report_and_not_an_error(tmp_path):
    (tmp_path / "kiwi").mkdir()
    (tmp_path / "kiwi" / "x.jpg").write_bytes(b"")
    report = scan(tmp_path)
    assert report.pictures == () and "0 pictures in 0 classes" in str(report)
    assert "an empty file (0 bytes): kiwi/x.jpg" in str(report)
    with pytest.raises(ValueError, match="0 classes"):
        splits.stratified_split(report)


def test_a_missing_folder_names_what_exists(fruit):
    with pytest.raises(FileNotFoundError) as error:
        scan(fruit / "kiwii" / "x")
    assert str(fruit / "kiwii" / "x") in str(error.value)
    assert f"{fruit} exists" in str(error.value)


@pytest.mark.parametrize("name, unpack", [("x.png", False), ("fruit.zip", True), ("f.tgz", True)])
def test_a_file_instead_of_a_folder(tmp_path, name, unpack):
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(NotADirectoryError, match="is a file; wanted is a folder") as error:
        scan(tmp_path / name)
    assert ("Unpack it first" in str(error.value)) == unpack


@pytest.fixture
def link():
    def make(place, target, folder=False):
        try:
            os.symlink(target, place, target_is_directory=folder)
        except OSError:
            pytest.skip("links are not allowed here")

    return make


def test_links_are_not_followed(tmp_path, fruit, link):
    scene(82).save(tmp_path / "outside.png")
    (tmp_path / "plum").mkdir()
    scene(83).save(tmp_path / "plum" / "x.png")
    link(fruit / "kiwi" / "out.png", tmp_path / "outside.png")
    link(fruit / "kiwi" / "nowhere.png", tmp_path / "nowhere.png")
    link(fruit / "plum", tmp_path / "plum", True)
    link(fruit / "circle", fruit, True)
    report = scan(fruit)
    assert report.classes == CLASSES and report.counts["kiwi"] == 4
    assert set(reasons(report)) == {"kiwi/out.png", "kiwi/nowhere.png", "plum", "circle"}
    assert {why.split(",")[0] for why in reasons(report).values()} == {"a link"}


def test_the_folder_itself_may_be_a_link(tmp_path, fruit, link):
    link(tmp_path / "shortcut", fruit, True)
    assert scan(tmp_path / "shortcut").counts == {"kiwi": 4, "lemon": 4}


@POSIX
def test_a_pipe_does_not_block(fruit):
    os.mkfifo(fruit / "kiwi" / "pipe.png")
    result = []
    thread = threading.Thread(target=lambda: result.append(scan(fruit)), daemon=True)
    thread.start()
    thread.join(30)
    assert result and reasons(result[0])["kiwi/pipe.png"].startswith("a pipe")


@pytest.fixture
def nobody(fruit):
    """The same folder where an ordinary user could get at it; root may read anything."""
    if os.name != "posix":
        pytest.skip("POSIX permissions")
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    scan(shutil.copytree(fruit, place / "fruit"))  # loads what is loaded when first used
    root = os.geteuid() == 0
    try:
        if root:
            os.seteuid(65534)
        yield place / "fruit", lambda path, mode: as_root(root, path, mode)
    finally:
        if root:
            os.seteuid(0)
        for path in [place, *place.rglob("*")]:
            path.chmod(0o755)
        shutil.rmtree(place)


def as_root(root, path, mode):
    if root:
        os.seteuid(0)
    path.chmod(mode)
    if root:
        os.seteuid(65534)


def test_no_permission_for_a_file_and_for_a_class(nobody):
    root, chmod = nobody
    chmod(root / "kiwi" / "0.png", 0)
    chmod(root / "lemon", 0)
    report = scan(root)
    assert report.counts == {"kiwi": 3}
    assert reasons(report) == {
        "kiwi/0.png": "no permission to read it",
        "lemon": "no permission to look inside",
    }


def test_no_permission_for_all_of_it(nobody):
    root, chmod = nobody
    chmod(root, 0)
    with pytest.raises(PermissionError, match="no permission to look into"):
        scan(root)


def test_no_permission_for_any_class_is_said(nobody):
    root, chmod = nobody
    for name in CLASSES:
        chmod(root / name, 0)
    assert set(reasons(scan(root)).values()) == {"no permission to look inside"}


# Copies


def test_copies_in_one_class_are_left_out_but_for_the_first(fruit):
    shutil.copy(fruit / "kiwi" / "0.png", fruit / "kiwi" / "x.png")
    shutil.copy(fruit / "kiwi" / "0.png", fruit / "kiwi" / "y.png")
    report = scan(fruit)
    assert report.counts == {"kiwi": 4, "lemon": 4}
    assert reasons(report) == {f"kiwi/{n}.png": "the same picture as kiwi/0.png" for n in "xy"}


def test_the_same_pixels_in_another_format_are_a_copy(fruit):
    scene(0).save(fruit / "kiwi" / "x.bmp")
    assert reasons(scan(fruit)) == {"kiwi/x.bmp": "the same picture as kiwi/0.png"}


def test_one_picture_in_two_classes_is_left_out_of_both(fruit):
    shutil.copy(fruit / "kiwi" / "0.png", fruit / "lemon" / "x.png")
    report = scan(fruit)
    assert report.counts == {"kiwi": 3, "lemon": 4}
    assert set(reasons(report)) == {"kiwi/0.png", "lemon/x.png"}
    assert "the same picture is in kiwi and lemon" in str(report)


def test_plain_pictures_of_one_colour(fruit):
    for name, colour in {"a": "red", "b": "red", "c": "blue", "d": (250, 2, 0)}.items():
        Image.new("RGB", (64, 64), colour).save(fruit / "kiwi" / f"{name}.png")
    report = scan(fruit)
    assert reasons(report) == {"kiwi/b.png": "the same picture as kiwi/a.png"}
    assert report.groups == []


def resaved(image, path):
    image.save(path, quality=30)


def shrunk(image, path):
    image.resize((image.width // 3, image.height // 3)).save(path)


def enlarged(image, path):
    image.resize((image.width * 3, image.height * 3)).save(path, quality=80)


def brighter(image, path):
    ImageEnhance.Brightness(ImageEnhance.Contrast(image).enhance(0.8)).enhance(1.1).save(path)


@pytest.mark.parametrize("change", [resaved, shrunk, enlarged, brighter])
def test_nearly_the_same_picture_stays_on_one_side(fruit, change):
    change(scene(0, (192, 144)), fruit / "kiwi" / "copy.jpg")
    scene(0, (192, 144)).save(fruit / "kiwi" / "0.png")
    report = scan(fruit)
    assert report.left_out == ()
    [group] = report.groups
    assert [p.file.name for p in group] == ["0.png", "copy.jpg"]
    assert "like kiwi/0.png: kiwi/copy.jpg" in str(report)
    for seed in range(20):
        for part in splits.stratified_split(report, (0.5, 0.5), seed=seed):
            names = {file.relative_to(report.folder).as_posix() for file in part.files}
            assert len(names & {"kiwi/0.png", "kiwi/copy.jpg"}) != 1


def test_a_chain_of_frames_is_one_group(tmp_path):
    """A film that pans: the first frame is not like the last, but each is like the next."""
    wide = scene(90, (900, 90))
    for i in range(60):
        (tmp_path / "film").mkdir(exist_ok=True)
        wide.crop((4 * i, 0, 4 * i + 300, 90)).save(tmp_path / "film" / f"{i:02}.png")
    [group] = scan(tmp_path).groups
    assert len(group) == 60
    ends = np.array(
        [np.asarray(wide.crop((x, 0, x + 300, 90)).resize((16, 16), 2)) for x in (0, 236)]
    )
    assert len(set(near_copies.find_alike(ends, 0.98))) == 2


def test_one_grey_level_is_not_a_likeness():
    """Two plain pictures with the same faint shadow: noise, and no picture seen twice."""
    thumbnails = np.full((2, 16, 16, 3), 100, np.uint8)
    thumbnails[1] = 200
    thumbnails[:, 8:] += 1
    assert len(set(near_copies.find_alike(thumbnails, 0.9))) == 2


@pytest.mark.parametrize("pairs", [1, 70_000, 4_000_000])
def test_groups_do_not_depend_on_the_blocks_they_are_found_in(pairs, monkeypatch):
    monkeypatch.setattr(near_copies, "PAIRS", pairs)
    rng = np.random.default_rng(0)
    thumbnails = rng.integers(0, 256, (700, 16, 16, 3), dtype=np.uint8)
    thumbnails[100:130] = 77  # plain: like each other, and not like themselves by correlation
    for i, j in [(3, 690), (690, 300), (255, 256), (10, 11)]:
        thumbnails[j] = np.clip(thumbnails[i].astype(int) + rng.integers(-3, 4), 0, 255)
    group = near_copies.find_alike(thumbnails, 0.98)
    assert group[3] == group[690] == group[300] and group[255] == group[256]
    assert group[10] == group[11] and len(set(group)) == 696 - 29


def test_different_pictures_are_not_alike(fruit):
    report = scan(fruit)
    assert report.groups == [] and len({p.group for p in report.pictures}) == 8


def test_drawings_on_white_are_not_all_alike(tmp_path):
    """Thin strokes on much white: the hard case, for most pixels are the same."""
    for i in range(40):
        (tmp_path / str(i % 2)).mkdir(exist_ok=True)
        image = Image.new("L", (200, 200), "white")
        points = np.random.default_rng(i).integers(20, 180, (4, 2))
        ImageDraw.Draw(image).line([tuple(map(int, p)) for p in points], "black", 8)
        image.save(tmp_path / str(i % 2) / f"{i}.png")
    assert scan(tmp_path).groups == []


def test_handwritten_digits_are_not_all_alike():
    """Real ones, of 8 × 8 pixels: the same digit again is not the same picture."""
    from sklearn.datasets import load_digits

    digits = (255 - load_digits().images * 255 / 16).astype(np.uint8)
    big = [Image.fromarray(p).resize((16, 16), Image.Resampling.BICUBIC) for p in digits]
    group = near_copies.find_alike(np.array([np.asarray(b.convert("RGB")) for b in big]), 0.98)
    together = np.bincount(group)
    assert together.max() < 60 and together[together > 1].sum() < 0.15 * len(digits)


def test_red_and_green_of_one_shape_are_not_alike(tmp_path):
    for name, colour in {"stop": "red", "go": "green"}.items():
        (tmp_path / name).mkdir()
        image = Image.new("RGB", (64, 64), "white")
        image.paste(colour, (16, 16, 48, 48))
        image.save(tmp_path / name / "light.png")
    assert scan(tmp_path).groups == []


# The report


def test_imbalance_is_said_in_words(fruit):
    for i in range(9):
        scene(100 + i).save(fruit / "kiwi" / f"x{i}.png")
    text = str(scan(fruit))
    assert "3 times as many of kiwi as of lemon" in text
    assert "right for 76%" in text  # 13 of 17


def test_balanced_classes_are_not_called_uneven(fruit):
    for i in range(8):  # 12 against 4 is still fine
        scene(100 + i).save(fruit / "kiwi" / f"x{i}.png")
    assert "Uneven" not in str(scan(fruit))


def test_counts_and_sizes(fruit):
    scene(110, (300, 20)).save(fruit / "lemon" / "x.png")
    text = str(scan(fruit))
    assert text.startswith("fruit: 9 pictures in 2 classes")
    assert "        4  kiwi" in text and "        5  lemon" in text
    assert "Sizes: 96 to 300 pixels wide, 20 to 72 high." in text


def test_the_report_stays_short(fruit):
    for i in range(300):
        (fruit / "kiwi" / f"empty{i}.jpg").write_bytes(b"")
        (fruit / f"class {i:03}").mkdir()
        scene(200 + i).save(fruit / f"class {i:03}" / "x.png")
        shutil.copy(fruit / f"class {i:03}" / "x.png", fruit / f"class {i:03}" / "y.png")
    report = scan(fruit)
    assert len(report.left_out) == 600 and len(str(report).splitlines()) < 40
    assert "and 297 more" in str(report) and repr(report) == str(report)


def test_nothing_in_the_folder_is_changed(fruit):
    (fruit / "kiwi" / "x.jpg").write_bytes(b"text")

    def state():
        return {
            str(p): (p.stat().st_mtime_ns, p.is_file() and hashlib.sha256(p.read_bytes()).digest())
            for p in sorted(fruit.rglob("*"))
        }

    before = state()
    report = scan(fruit)
    load(splits.stratified_split(report)[0].files, 32)
    assert state() == before


def test_damaged_bytes_never_raise(tmp_path):
    """Pictures of every kind with a few bytes changed or a piece missing."""
    rng = np.random.default_rng(0)
    (tmp_path / "x").mkdir()
    for i in range(210):
        kind = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM")[i % 7]
        path = tmp_path / "x" / f"{i:03}.{kind.lower()}"
        scene(i, (40, 30)).save(path, kind)
        data = bytearray(path.read_bytes())
        for _ in range(1 + i // 50):
            place = rng.integers(min(len(data), 10 ** (1 + i % 3)))
            data[place] = rng.integers(256)
        path.write_bytes(data[: rng.integers(len(data)) if i % 5 == 0 else None])
    report = scan(tmp_path)
    files = [item.file for item in report.left_out if item.file.is_file()]
    assert len(files) + len(report.pictures) == 210
    assert len(files) > 40 and len(report.pictures) > 40


@pytest.mark.parametrize("alike", [0, -1, 98])
def test_alike_is_a_share(fruit, alike):
    with pytest.raises(ValueError, match="alike must be a number, above 0 and at most 1"):
        scan(fruit, alike=alike)


# Splits


@pytest.mark.parametrize("fractions", [(0.75, 0.25), (0.6, 0.2, 0.2), (0.9, 0.1), (0.2, 0.8)])
@pytest.mark.parametrize("counts", [(100, 100), (97, 31, 10), (40, 1000)])
def test_every_class_is_cut_in_the_same_proportions(counts, fractions):
    report = report_of(counts)
    parts = splits.stratified_split(report, fractions, seed=1)
    for part, fraction in zip(parts, fractions, strict=True):
        got = np.bincount(part.labels, minlength=len(counts))
        assert np.abs(got - np.array(counts) * fraction).max() <= 1
    files = [file for part in parts for file in part.files]
    assert sorted(files) == sorted(p.file for p in report.pictures)  # each file once
    for part in parts:
        assert [int(file.parent.name) for file in part.files] == part.labels.tolist()


def test_a_seed_decides_the_split():
    report = report_of((50, 50))
    first, again, other = (
        splits.stratified_split(report, seed=seed)[1].files for seed in (1, 1, 2)
    )
    assert first == again and first != other


def test_every_part_has_every_class_even_when_there_are_few():
    for part in splits.stratified_split(report_of((3, 3)), (0.9, 0.05, 0.05)):
        assert sorted(part.labels) == [0, 1]


def test_few_large_groups_still_reach_every_part():
    groups = [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, *range(10, 20)]
    train, test = splits.stratified_split(report_of((10, 10), groups), (0.95, 0.05))
    assert list(np.bincount(train.labels)) == [8, 9] and list(np.bincount(test.labels)) == [2, 1]


def test_a_large_group_does_not_upset_the_proportions():
    groups = [0, 0, 0, 0, 0, 0, *range(1, 15)]
    for seed in range(20):
        train, test = splits.stratified_split(report_of((10, 10), groups), (0.7, 0.3), seed=seed)
        assert list(np.bincount(train.labels)) == [7, 7]


def test_groups_stay_together_across_classes():
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 40, 200)
    report = report_of((100, 100), groups)
    sides = {}
    for side, part in enumerate(splits.stratified_split(report, (0.5, 0.5))):
        for file in part.files:
            sides[file] = side
    for group in range(40):
        assert len({sides[p.file] for p in report.pictures if p.group == group}) <= 1


@pytest.mark.parametrize("groups", [None, [0, 0, 0, *range(1, 11)]])
def test_a_class_that_cannot_be_split_is_named(groups):
    report = report_of((1 if groups is None else 3, 10), groups)
    why = "it has 1 picture" if groups is None else "it has 3 pictures.* which leaves 1 to deal"
    with pytest.raises(ValueError, match=f"'class 0' cannot be in all 2 parts: {why}"):
        splits.stratified_split(report)


@pytest.mark.parametrize("fractions", [(1.0,), (0.5, 0.6), (1.2, -0.2), (0.5, 0.5, 0), ()])
def test_fractions_that_make_no_sense(fractions):
    with pytest.raises(ValueError, match="fractions must"):
        splits.stratified_split(report_of((9, 9)), fractions)


# All together


@pytest.mark.slow
def test_twenty_thousand_pictures(tmp_path):
    """Time and memory stay bounded; a quarter are empty, and a quarter are copies."""
    for name in CLASSES:
        (tmp_path / name).mkdir()
    for i in range(0, 20_000, 4):
        folder = tmp_path / CLASSES[i % 8 // 4]
        scene(i, (32, 24)).save(folder / f"{i}.jpg")
        scene(i + 1, (24, 32)).save(folder / f"{i}.png", compress_level=1)
        shutil.copy(folder / f"{i}.jpg", folder / f"{i} copy.jpg")
        (folder / f"{i} empty.jpg").write_bytes(b"")
    code = (
        "import re, sys, time; from pathlib import Path\n"
        "from tlhelpers.data import folders, image_files, splits\n"
        "start = time.process_time()\n"
        "report = folders.scan_folder(sys.argv[1], progress=False)\n"
        "files = splits.stratified_split(report)[0].files\n"
        "images = image_files.load_images(files, 32, progress=False)\n"
        "seconds = int(time.process_time() - start)\n"
        "status = Path('/proc/self/status').read_text() if sys.platform == 'linux' else 'HWM: 0'\n"
        "peak = int(re.search(r'HWM:\\s+(\\d+)', status)[1]) // 1024\n"
        "print(len(report.pictures), len(report.left_out), len(images), peak, seconds)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    pictures, left_out, loaded, megabytes, seconds = map(int, result.stdout.split())
    assert (pictures, left_out, loaded) == (10_000, 10_000, 7_500)
    assert megabytes < 500 and seconds < 120


def test_only_the_first_files_of_each_class(tmp_path):
    root = make_fruit(tmp_path / "fruit")
    report = scan(root, first=3)
    names = [(picture.label, picture.file.name) for picture in report.pictures]
    assert names == [(label, f"{i}.png") for label in (0, 1) for i in range(3)]
    assert report.left_out == ()
    with pytest.raises(ValueError, match="first must be a whole number from 1 .*; got 0"):
        scan(root, first=0)


def test_a_class_of_one_picture_is_told_what_can_be_done():
    rows = [
        folder_report.UsablePicture(Path(f"{i}.png"), int(i > 0), 60, 40, i, ()) for i in range(6)
    ]
    report = folder_report.FolderReport(Path("fruit"), ("kiwi", "lemon"), tuple(rows), (), 0)
    with pytest.raises(ValueError) as error:
        splits.stratified_split(report)
    assert str(error.value) == (
        "Class 'kiwi' cannot be in all 2 parts: it has 1 picture. "
        "Add pictures that differ, or move the class elsewhere."
    )
    with pytest.raises(ValueError, match="ask for fewer parts, or move"):
        splits.stratified_split(report, (0.5, 0.25, 0.25))
