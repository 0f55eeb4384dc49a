"""Own images: a learner's folder becomes a lab, and uploads cannot do harm."""

import functools
import io
import json
import os
import shutil
import zipfile

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits
from trouble import CLASSES, choose, item, make_fruit, png, reasons, report_of, scene, tree

import tlhelpers as tl
from tlhelpers.data import folders, given_splits, image_files, splits, unusable
from tlhelpers.fetching import fetch, registry
from tlhelpers.fetching.whole_files import write_text_whole
from tlhelpers.labs import own
from tlhelpers.teaching.widgets import uploads

SMALL = "MobileNetV3Small"


@pytest.fixture(scope="module", autouse=True)
def keras_is_asked_once():
    """Which file of weights a network wants: Keras builds the network to say it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "keras_weights_file", functools.cache(registry.keras_weights_file))
        yield


@pytest.fixture
def fruit(tmp_path):
    return make_fruit(tmp_path / "fruit")


def lab_of(path, architecture=SMALL, **kw):
    return tl.Lab.from_folder(path, architecture, progress=False, **kw)


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


def test_without_weights_the_folder_is_looked_at_and_only_the_network_is_missing(
    fruit, tmp_path, monkeypatch
):
    monkeypatch.setenv("TLHELPERS_CACHE", str(tmp_path / "cache"))  # other tests fill theirs
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    lab = lab_of(fruit, "MobileNetV2")
    assert len(lab.train.labels) == 6 and lab.weights == "MobileNetV2 (weights not here yet)"
    for build in (lab.network, lab.backbone):
        with pytest.raises(fetch.FileNotHere):
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
    assert "Split: as given, val and train to learn from, test to test with." in str(lab.report)
    assert "Leak: 2 pictures from val and train left out, for test has" in str(lab.report)
    expected = image_files.load_images([root / "test" / "kiwi" / "0.png"], 224, progress=False)[0]
    assert (lab.test.images[0] == expected).all()


def test_copies_within_one_part_are_no_leak(tmp_path):
    root = given(tmp_path / "data", "train", "test")
    shutil.copy(root / "test" / "kiwi" / "0.png", root / "test" / "kiwi" / "again.png")
    shutil.copy(root / "train" / "kiwi" / "0.png", root / "train" / "kiwi" / "again.png")
    with Image.open(root / "test" / "lemon" / "0.png") as image:
        for folder in ("test", "train"):
            image.save(root / folder / "lemon" / "near.jpg", quality=80 + len(folder))
    report, parts = given_splits.scan_given_split(root, progress=False)
    assert [len(part.files) for part in parts] == [8, 9] and "Leak: 1 picture " in str(report)
    # Two of the test part are like it; the first is named.
    assert reasons(report)["train/lemon/near.jpg"] == "nearly the same as test/lemon/0.png"


def test_labels_stay_right_when_a_class_is_left_out(tmp_path):
    root = given(tmp_path / "data", "train", "test")
    (root / "train" / "apple").mkdir()  # comes before the others in the alphabet
    scene(78).save(root / "train" / "apple" / "0.png")
    (root / "notes.txt").write_text("mine")
    (root / ".DS_Store").write_bytes(b"x")
    (root / "test" / "kiwi" / "Thumbs.db").write_bytes(b"x")
    report, parts = given_splits.scan_given_split(root, progress=False)
    assert report.classes == CLASSES and report.counts == {"kiwi": 8, "lemon": 8}
    for part in parts:
        assert [file.parent.name for file in part.files] == [CLASSES[i] for i in part.labels]
    assert reasons(report) == {
        "train/apple/0.png": "apple is only in one part, so it is no class",
        "notes.txt": "beside the parts of the split",
    }
    assert report.ignored == 2


def test_what_is_and_what_is_no_given_split(tmp_path):
    def look(*names):
        root = tmp_path / "-".join(names).replace("/", "+")
        for name in names:
            (root / name).mkdir(parents=True)
        return {part: folder.name for part, folder in given_splits.find_given_split(root).items()}

    assert look("TRAIN/a", "Val/a", "testing/a") == {
        "test": "testing", "validation": "Val", "train": "TRAIN"
    }  # fmt: skip
    assert look("val/a", "test/a") == {} and look("train/a", "test") == {}
    with pytest.raises(ValueError, match="Both val and valid .* the validation part"):
        look("train/a", "val/a", "valid/a")


@pytest.mark.skipif(os.name != "posix", reason="POSIX only")
def test_a_link_is_no_part_of_a_split(tmp_path):
    make_fruit(tmp_path / "elsewhere")
    (tmp_path / "data" / "train" / "kiwi").mkdir(parents=True)
    (tmp_path / "data" / "test").symlink_to(tmp_path / "elsewhere")
    assert given_splits.find_given_split(tmp_path / "data") == {}


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
    with pytest.raises(MemoryError, match="8 pictures.*most_per_class=2.*in_memory=False"):
        lab_of(fruit)
    lab = lab_of(fruit, most_per_class=2)
    assert np.bincount(lab.train.labels).tolist() == np.bincount(lab.test.labels).tolist() == [1, 1]
    assert "4 pictures not used" in str(lab.report)


def test_pictures_that_stay_on_disk_are_the_same_in_all_else(fruit, monkeypatch, capsys):
    (fruit / "kiwi" / "empty.jpg").write_bytes(b"")
    shutil.copy(fruit / "lemon" / "0.png", fruit / "lemon" / "copy.png")
    loaded = lab_of(fruit)
    monkeypatch.setattr("psutil.virtual_memory", lambda: type("m", (), {"available": 10**6}))
    lab = tl.Lab.from_folder(fruit, SMALL, in_memory=False)
    assert "an empty file" in capsys.readouterr().out
    assert str(lab.report) == str(loaded.report) and lab.target_classes == CLASSES
    for part, there in ((lab.train, loaded.train), (lab.test, loaded.test)):
        pairs = [*part.dataset(4).as_numpy_iterator()]
        np.testing.assert_array_equal(np.concatenate([images for images, _ in pairs]), there[0])
        assert [label for _, some in pairs for label in some] == there.labels.tolist()
        assert part.labels.tolist() == there.labels.tolist() and len(part) == len(there.labels)
    assert "6 images to learn from" in repr(lab)


def test_drawn_characters_on_disk_become_ink(tmp_path):
    for name in ("0", "1"):
        (tmp_path / name).mkdir()
        for i in range(4):
            page = np.full((60, 60), 255, np.uint8)
            page[5 + i : 50, 20 : 30 + 5 * int(name) + i] = 0
            Image.fromarray(page).save(tmp_path / name / f"{i}.png")
    loaded = lab_of(tmp_path, "digits", alike=1)
    lab = lab_of(tmp_path, "digits", alike=1, in_memory=False)
    [(images, _)] = lab.train.dataset(8).as_numpy_iterator()
    np.testing.assert_array_equal(images, loaded.train.images)
    np.testing.assert_array_equal(lab.train.load([1]), loaded.train.images[[1]])


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda path: path.unlink(), "No such file"),
        (lambda path: path.write_bytes(b"hello, no picture"), "text, not a picture"),
        (lambda path: path.write_bytes(path.read_bytes()[:200]), "damaged or cut short"),
    ],
)
def test_a_folder_that_changes_while_it_is_read(fruit, monkeypatch, spoil, why):
    look, bad = own.scan_and_split, fruit / "kiwi" / "1.png"

    def look_and_spoil(*args, **options):
        found = look(*args, **options)
        spoil(bad)
        png_of_another = fruit / "kiwi" / "00.png"
        png_of_another.write_bytes(png(77))  # what is added changes nothing
        return found

    monkeypatch.setattr(own, "scan_and_split", look_and_spoil)
    with pytest.raises(ValueError, match="make the lab again") as error:
        lab_of(fruit)
    said = str(error.value)
    assert str(bad) in said and why in said and "\n" not in said


def test_most_per_class_holds_for_a_given_split_too(tmp_path):
    lab = lab_of(given(tmp_path / "data", "train", "test"), most_per_class=3)
    each = [np.bincount(part.labels).tolist() for part in (lab.train, lab.test)]
    assert each == [[1, 1], [2, 2]]  # half of them are test pictures, so 1.5 of 3
    assert "10 pictures not used, to have at most 3 of a class" in str(lab.report)


@pytest.mark.parametrize("many_in", ["train", "test"])
def test_at_least_one_of_each_class_stays_on_each_side(tmp_path, many_in):
    """One picture against nine: a share that rounds to none of two, or to both."""
    root = given(tmp_path / "data", "train", "test")
    few = {"train": "test", "test": "train"}[many_in]
    for label, name in enumerate(CLASSES):
        for i in (1, 2, 3):
            (root / few / name / f"{i}.png").unlink()
        for i in range(5):
            scene(500 + 10 * label + i).save(root / many_in / name / f"x{i}.png")
    parts = own.scan_and_split(root, 32, most_per_class=2, progress=False)[1]
    assert [np.bincount(part.labels).tolist() for part in parts] == [[1, 1], [1, 1]]


def test_a_given_split_of_one_class_is_refused(tmp_path):
    root = given(tmp_path / "data", "train", "test")
    shutil.rmtree(root / "test" / "lemon")
    with pytest.raises(ValueError, match="nothing to tell apart: .* has 1 class with usable"):
        own.scan_and_split(root, 32, progress=False)


@pytest.mark.parametrize("names", [(), ("train", "test")])
def test_the_few_that_are_taken_differ(tmp_path, names):
    """Three copies saved again of one kiwi: with two taken, it is there once."""
    root = given(tmp_path / "data", *names) if names else make_fruit(tmp_path / "data")
    learn = root / "train" if names else root
    for i in (2, 3):
        (learn / "kiwi" / f"{i}.png").unlink()
    with Image.open(learn / "kiwi" / "0.png") as image:
        for quality in (50, 60, 70):
            image.save(learn / "kiwi" / f"0 {quality}.jpg", quality=quality)
    report, _ = own.scan_and_split(root, 32, progress=False)
    assert sorted(map(len, report.groups)) == [4]
    for seed in range(8):
        kept = own.scan_and_split(
            root, 32, most_per_class=4 if names else 2, seed=seed, progress=False
        )[1]
        files = [f for part in kept for f in part.files if f.parent == learn / "kiwi"]
        assert len(files) == 2 and sum(f.name == "1.png" for f in files) == 1


def test_which_few_are_taken_is_decided_by_the_seed(tmp_path):
    root = given(tmp_path / "data", "train", "test")

    def taken(seed):
        parts = own.scan_and_split(root, 32, most_per_class=2, seed=seed, progress=False)[1]
        return [file for part in parts for file in part.files]

    draws = [taken(seed) for seed in range(6)]
    assert draws[0] == taken(0) and any(draw != draws[0] for draw in draws)


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"most_per_class": 1}, "whole number from 2 .*; got 1"),
        ({"fractions": (0.5, 0.3, 0.2)}, "must be two"),
    ],
)
def test_wrong_wishes_are_refused_at_once(tmp_path, wrong, words):
    with pytest.raises(ValueError, match=words):
        own.scan_and_split(tmp_path / "not looked for", 32, progress=False, **wrong)


def test_the_parts_count_together_for_the_memory(fruit, monkeypatch):
    import psutil

    class Little:  # room for the six to learn from, and for seven; there are eight
        available = 10 * 10 * 3 * 7

    monkeypatch.setattr(psutil, "virtual_memory", lambda: Little)
    with pytest.raises(MemoryError, match="8 pictures of 10 × 10"):
        own.scan_and_split(fruit, 10, progress=False)
    Little.available = 10 * 10 * 3 * 8
    own.scan_and_split(fruit, 10, progress=False)
    assert own._that_fit(10, 2) == 2 and own._that_fit(5, 2) == 8  # half of the room, two classes


# Drawn characters


def drawn(*strokes, paper=255, ink=0):
    """A picture of 48 × 48 pixels with dark rectangles (top, bottom, left, right)."""
    image = np.full((48, 48, 3), paper, np.uint8)
    for top, bottom, left, right in strokes:
        image[top:bottom, left:right] = ink
    return image


def test_ink_is_cut_out_and_averaged_by_hand():
    """16 × 16 pixels of ink anywhere become 8 × 8, two pixels each way into one."""
    corner = [(20, 36, 10, 12), (34, 36, 10, 26)]  # an L, 16 high and 16 wide
    half = [(20, 21, 10, 26), (20, 36, 10, 11)]  # one pixel thick: half of a cell
    bar = [(8, 24, 30, 34)]  # 16 high and 4 wide: comes into the middle
    lying = [(30, 34, 8, 24)]
    images = np.stack([drawn(*strokes) for strokes in (corner, half, bar, lying)])
    images[3, 5:10, 5:10] = 178  # a smudge, three tenths black, does not count as ink to cut at
    result = own.to_ink(images)
    want = np.zeros((4, 8, 8), np.float32)
    want[0, :, 0] = want[0, 7, :] = 1
    want[1, 0, :] = want[1, :, 0] = 0.5
    want[1, 0, 0] = 0.75
    want[2, :, 3:5] = want[3, 3:5, :] = 1
    assert result.dtype == np.float32 and np.abs(result - want).max() < 1e-6


def test_grey_paper_and_pale_ink_come_out_the_same():
    strokes = [(20, 36, 10, 12), (34, 36, 10, 26)]
    images = [drawn(*strokes), drawn(*strokes, paper=180, ink=60), drawn(*strokes, ink=200)]
    images[1][3, 3] = 240  # one bright grain does not make the paper darker
    black, grey, pale = own.to_ink(np.stack(images))
    assert np.abs(black - grey).max() < 1e-6 and np.abs(black - pale).max() < 1e-6


def test_empty_paper_has_no_ink_and_grain_is_no_ink():
    plain = drawn(paper=200)
    plain[::2] -= 30
    grainy = drawn((8, 40, 8, 12), (8, 40, 36, 40))
    grainy[:, 16:32:2] = 250  # 2 % of black: not to be seen between the strokes
    empty, strokes = own.to_ink(np.stack([plain, grainy]))
    assert (empty == 0).all()
    assert (strokes[:, [0, 7]] == 1).all() and (strokes[:, 1:7] == 0).all()


def test_drawn_digits_reach_the_bundled_network(tmp_path):
    """Rows 400 to 500 of the half to learn on; nothing in `to_ink` was chosen on these."""
    digits = load_digits()
    for i in range(400, 500):
        folder = tmp_path / str(digits.target[i])
        folder.mkdir(exist_ok=True)
        paper = np.pad(255 - digits.images[i] * 15, 2, constant_values=255).astype(np.uint8)
        Image.fromarray(paper).resize((120, 120), Image.Resampling.BICUBIC).save(
            folder / f"{i}.png"
        )
    lab = lab_of(tmp_path, "digits", alike=1)
    images = np.concatenate([lab.train.images, lab.test.images])
    labels = np.concatenate([lab.train.labels, lab.test.labels])
    assert len(labels) == 100
    assert images.shape == (len(labels), 8, 8) and images.min() >= 0 and images.max() <= 1
    answers = lab.network().predict(lab.preprocess(images), verbose=0)[:, lab.columns()]
    # 91 % of rows 300 to 898 are read, give or take 3 for a hundred of them: this is 3 times that.
    assert (answers.argmax(axis=1) == labels).mean() > 0.82


@pytest.mark.parametrize("architecture", ["digits", "EfficientNetB0"])
def test_new_files_are_prepared_as_those_of_the_lab(architecture, fruit):
    lab = lab_of(fruit, architecture)
    files = splits.stratified_split(lab.report, (0.75, 0.25))[0].files
    ready = own.prepare_files(list(files), architecture)
    wanted = np.asarray(lab.preprocess(lab.train.images))
    assert ready.shape == wanted.shape and ready.dtype == np.float32
    assert np.array_equal(ready, wanted)


def test_one_file_and_a_bad_file_are_named(tmp_path):
    (tmp_path / "new.jpg").write_bytes(b"")
    with pytest.raises(ValueError, match=r"new\.jpg: an empty file"):
        own.prepare_files([tmp_path / "new.jpg"], "digits")
    with pytest.raises(TypeError, match="list of files"):
        own.prepare_files(str(tmp_path / "new.jpg"), "digits")


@pytest.mark.slow
def test_the_notebook_takes_a_folder_of_ones_own(root, tmp_path):
    """Its switch, with two classes (the head is another one then) and a mess around them."""
    from tlhelpers.course import execution
    from tlhelpers.teaching.widgets import keep_drawings, recorded_drawings

    folder = tmp_path / "my drawings"
    for digit, strokes in recorded_drawings():
        if digit in (3, 5):
            keep_drawings.save_drawing(strokes, {3: "drei", 5: "fünf"}[digit], folder)
    (folder / "drei" / "broken.png").write_bytes(b"")
    (folder / "leer").mkdir()
    notebook = execution.read_notebook(root / "notebooks" / "06_your_own_images.ipynb")
    named = {cell.id: cell for cell in notebook.cells if cell.cell_type == "code"}
    named["switch"].source = f'FOLDER = {str(folder)!r}\nNETWORK = "digits"'
    wanted = "setup seed tools more-tools switch drawings lab look learn test wilson parts whole "
    wanted += "save program load load-claim facts card"
    notebook.cells = [named[name] for name in wanted.split()]
    write_text_whole(tmp_path / "mine.ipynb", execution.notebook_text(notebook))
    env = {"TLHELPERS_DATA": str(tmp_path / "learner")}
    done, _, error = execution.execute_notebook(tmp_path / "mine.ipynb", env=env)
    assert error is None
    home = tmp_path / "learner" / "classifiers" / "my drawings"
    assert (home / "model.keras").stat().st_size > 2**20
    assert json.loads((home / "classes.json").read_text(encoding="utf-8")) == ["drei", "fünf"]
    with zipfile.ZipFile(home / "model.keras") as archive:
        assert json.loads(archive.read("classes.json")) == ["drei", "fünf"]
    card = (home / "card.md").read_text(encoding="utf-8")
    for part in (
        "| fünf | 3 |",
        "2 files were left out",
        "of 2 |",
        "4 to learn\nfrom, 2 to test",
    ):
        assert part in card
    shown = {cell.id: str(cell.outputs) for cell in done.cells}
    assert "gives the same answer to all 2 test pictures" in shown["load-claim"]
    assert "an empty file" in shown["lab"] and "of fünf -> fünf" in shown["program"]


# With real weights


CROPS = {"cat": "chelsea", "coffee": "coffee", "rocket": "rocket"}


def crops(name):
    """Pieces of one picture: 16 from its left two thirds to learn from, 8 from the rest."""
    import skimage.data

    image = Image.fromarray(getattr(skimage.data, name)())
    wide, high = image.size
    cut, side = wide * 2 // 3, min(image.size) // 3
    rng = np.random.default_rng(len(name))
    for part, left, right, count in (("train", 0, cut, 16), ("test", cut, wide, 8)):
        side = min(side, right - left)
        for i in range(count):
            x, y = rng.integers(left, right - side + 1), rng.integers(high - side + 1)
            yield part, i, image.crop((x, y, x + side, y + side))


def test_a_messy_folder_of_photographs_with_real_weights(shared, tmp_path, monkeypatch):
    from sklearn.linear_model import LogisticRegression

    monkeypatch.setenv("TLHELPERS_MIRROR", str(shared))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    root = tmp_path / "things"
    for label, name in CROPS.items():
        for part, i, piece in crops(name):
            (root / part / label).mkdir(parents=True, exist_ok=True)
            piece.save(root / part / label / (f"{i}.jpg" if i % 2 else f"{i}.png"))
    train, test = root / "train", root / "test"
    (train / "cat" / "empty.png").write_bytes(b"")
    half = (train / "cat" / "1.jpg").read_bytes()
    (train / "cat" / "half.jpg").write_bytes(half[: len(half) // 2])
    (train / "coffee" / "page.jpg").write_text("<html>Not found</html>")
    shutil.copy(test / "rocket" / "0.png", train / "rocket" / "leak.png")
    with Image.open(test / "cat" / "0.png") as image:
        image.save(train / "cat" / "leak.jpg", quality=70)
    shutil.copy(train / "cat" / "3.jpg", train / "coffee" / "cat.jpg")
    with Image.open(train / "coffee" / "2.png") as image:
        upright = np.asarray(image.resize((224, 224), Image.Resampling.BILINEAR), int)
        turned = image.transpose(Image.Transpose.ROTATE_90)
    (train / "coffee" / "2.png").unlink()
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned clockwise by 90 degrees
    turned.save(train / "coffee" / "2.jpg", quality=95, exif=exif)

    lab = lab_of(root, "MobileNetV2", alike=0.995)
    why = reasons(lab.report)
    trouble = {
        "train/cat/empty.png": "an empty file (0 bytes)",
        "train/cat/half.jpg": unusable.DAMAGED,
        "train/coffee/page.jpg": "a web page, not a picture",
        "train/rocket/leak.png": "the same picture as test/rocket/0.png",
        "train/cat/leak.jpg": "nearly the same as test/cat/0.png",
        "train/cat/3.jpg": "the same picture is in cat and coffee (keep it where it belongs)",
        "train/coffee/cat.jpg": "the same picture is in cat and coffee (keep it where it belongs)",
    }
    assert {name: why.get(name) for name in trouble} == trouble
    assert all(reason.startswith("nearly the same as test/") for name, reason in why.items()
               if name not in trouble)  # fmt: skip
    text = str(lab.report)
    assert "taken sideways, set upright: train/coffee/2.jpg" in text
    assert "Split: as given, train to learn from, test to test with." in text
    assert lab.target_classes == ("cat", "coffee", "rocket") and "Leak: " in text
    files = [p.file for p in lab.report.pictures if p.file.is_relative_to(train)]
    sideways = sorted(f for f in files).index(train / "coffee" / "2.jpg")
    assert np.abs(lab.train.images[sideways] - upright).mean() < 4

    assert lab.weights.startswith("MobileNetV2 (") and "not here" not in lab.weights
    backbone = lab.backbone()
    train_x, test_x = (
        tl.features.compute(backbone, part.images, preprocess=lab.preprocess, cache=False)
        for part in (lab.train, lab.test)
    )
    head = LogisticRegression(max_iter=2000).fit(train_x, lab.train.labels)
    assert len(test_x) == 24 and head.score(test_x, lab.test.labels) > 0.9


# Splits with look-alikes across classes


def test_look_alikes_across_classes_do_not_starve_a_class():
    # Class 1 has a group with class 0 and one picture of its own: both parts can have both.
    report = report_of((2, 2), [0, 1, 0, 2])
    for seed in range(20):
        for part in splits.stratified_split(report, (0.5, 0.5), seed=seed):
            assert sorted(part.labels) == [0, 1]


def test_proportions_hold_when_groups_go_across_classes():
    """Sixty of each class, a third in pairs across them: within one picture of 3 to 1."""
    groups = [*range(60), *range(20), *range(100, 140)]
    for seed in range(5):
        train, test = splits.stratified_split(report_of((60, 60), groups), seed=seed)
        assert np.abs(np.bincount(train.labels) - 45).max() <= 1
        assert np.abs(np.bincount(test.labels) - 15).max() <= 1


def test_the_first_order_that_is_dealt_is_nearly_always_right(monkeypatch):
    """Small shares and few groups: the rule that no part goes without a class does the work."""
    monkeypatch.setattr(splits, "TRIES", 1)
    for counts, groups in [
        ((3, 3), [0, 1, 2, 0, 3, 4]),
        ((4, 4, 4), [0, 1, 2, 3, 0, 4, 5, 6, 1, 4, 7, 8]),
        ((9, 2), [0] * 8 + [1, 2, 3]),
    ]:
        for seed in range(20):
            parts = splits.stratified_split(report_of(counts, groups), (0.9, 0.1), seed=seed)
            assert all(set(part.labels) == set(range(len(counts))) for part in parts)


def test_a_circle_of_look_alikes_is_explained():
    report = report_of((2, 2, 2), [0, 1, 0, 2, 1, 2])  # no two sides can have all three classes
    with pytest.raises(ValueError, match=r"also across classes, such as .* \(3 such groups\)"):
        splits.stratified_split(report)


# Uploads


@pytest.mark.parametrize(
    "name",
    ["../../x.png", "..\\..\\x.png", "/etc/x.png", "C:\\x.png", "con.png", "NUL", ".x.png", "..",
     "", "a\0b.png", "x.png. ", "é" * 300 + ".png", "\ud800.png", "a\nb.png", "COM¹.png"],
)  # fmt: skip
def test_hostile_names_stay_inside_and_are_found_again(tmp_path, name):
    root = tmp_path / "uploads"
    lines = uploads.save_uploads([item(name, png(1))], name or "kiwi", root)
    assert "Saved 1 picture" in lines[-1]
    [place] = tree(root)
    label, file = place.split("/")
    for part in (label, file):
        assert not uploads._DEVICE.fullmatch(part) and not part.startswith(".")
        assert len(part.encode()) <= 130 and part == part.rstrip(". ") and part.isprintable()
    assert tree(tmp_path) == [f"uploads/{place}"]
    assert len(tl.folders.scan_folder(root, progress=False).pictures) == 1


@pytest.mark.parametrize(
    "name, want",
    [("kiwi.jpg", "kiwi.jpg"), ("a/b\\c:d*e?f\"g<h>i|j.png", "a_b_c_d_e_f_g_h_i_j.png"),
     ("  x .png", "x.png"), ("x. . ", "x"), ("__x.png", "x.png"), ("._ .x.png", "x.png"),
     ("e\u0301.png", "\xe9.png"), ("a\u202egnp.exe", "a_gnp.exe"), ("...", "picture"),
     ("b" * 300 + ".jpeg", "b" * 115 + ".jpeg"), ("c" * 119 + " d.png", "c" * 116 + ".png"),
     ("\xe9" * 100, "\xe9" * 60), ("d" * 119 + " e", "d" * 119),
     ("x." + "y" * 200, "x." + "y" * 118), ("PRN", "_PRN"), ("nul .tar.gz", "_nul .tar.gz"),
     ("Lpt9.TXT", "_Lpt9.TXT"), ("console.png", "console.png"), ("com.png", "com.png"),
     ("Thumbs.db", "_Thumbs.db"), ("DESKTOP.INI", "_DESKTOP.INI")],
)  # fmt: skip
def test_what_becomes_of_a_name(name, want):
    got = uploads.safe_name(name)
    assert got == want and uploads.safe_name(got) in (got, got.lstrip("_"), f"_{got}")


def test_nothing_is_overwritten_and_copies_are_said(tmp_path):
    value = [item("a.png", png(1)), item("a.png", png(2)), item("a.png", png(1))]
    lines = uploads.save_uploads(value, "kiwi", tmp_path)
    assert lines == ["a.png: it is in kiwi already; not saved", "Saved 2 pictures of kiwi."]
    assert tree(tmp_path) == ["kiwi/a (2).png", "kiwi/a.png"]
    assert (tmp_path / "kiwi" / "a.png").read_bytes() == png(1)


def bag(**files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_an_archive_has_a_folder_for_each_class(tmp_path):
    files = {"set/kiwi/a.png": png(1), "set/lemon/b.png": png(2), "__MACOSX/kiwi/a.png": b"x"}
    lines = uploads.save_uploads([item("set.zip", bag(**files))], "", tmp_path)
    assert lines == ["Saved 1 picture of kiwi.", "Saved 1 picture of lemon."]
    assert tree(tmp_path) == ["kiwi/a.png", "lemon/b.png"]


@pytest.mark.parametrize("name", ["../x.png", "/x/y.png", "a/../../x.png"])
def test_bad_archives_leave_nothing(tmp_path, name):
    root = tmp_path / "uploads"
    lines = uploads.save_uploads([item("b.zip", bag(**{name: png(1)}))], "kiwi", root)
    assert "Nothing of it was saved." in lines[0] and lines[-1] == "No picture was saved."
    assert tree(tmp_path) == []


def test_limits_no_class_and_no_picture(tmp_path, monkeypatch):
    assert "say first" in uploads.save_uploads([item("a.png", png(1))], " ", tmp_path)[0]
    assert "text, not" in uploads.save_uploads([item("a.png", b"hello")], "kiwi", tmp_path)[0]
    monkeypatch.setattr(uploads, "MOST_BYTES", 10)
    assert "too large" in uploads.save_uploads([item("a.png", png(1))], "kiwi", tmp_path)[0]
    assert tree(tmp_path) == []


def test_the_room_is_for_all_uploads_together(tmp_path, monkeypatch):
    one, two = png(1), png(2)
    monkeypatch.setattr(uploads, "MOST_BYTES", len(one) + len(two) - 1)
    value = [item("1.png", one), item("2.png", two)]
    lines = uploads.save_uploads(value, "kiwi", tmp_path)
    assert lines[0].startswith("2.png: too large for the room that is left: 0.0 of the 0 MB for up")
    assert lines[1:] == ["Saved 1 picture of kiwi."]
    assert "too large" in uploads.save_uploads(value[1:], "kiwi", tmp_path)[0]  # the next time
    packed = bag(**{"lemon/a.png": b"\0" * 10**5})  # small, but not when unpacked
    assert "Nothing of it was saved" in uploads.save_uploads([item("b", packed)], "", tmp_path)[0]
    assert tree(tmp_path) == ["kiwi/1.png"]


def test_many_bad_files_make_few_lines(tmp_path):
    value = [item(f"{i}.png", b"text") for i in range(30)]
    lines = uploads.save_uploads(value, "kiwi", tmp_path)
    assert len(lines) == 22 and lines[20] == "... and 10 more that were not saved"


@pytest.mark.skipif(os.name != "posix", reason="POSIX only")
def test_a_link_in_the_place_of_a_class_is_not_followed(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "kiwi").symlink_to(tmp_path / "out")
    lines = uploads.save_uploads([item("a.png", png(1))], "kiwi", tmp_path / "in")
    assert "is a link" in lines[0] and tree(tmp_path) == []
    (tmp_path / "in" / "lemon").symlink_to(tmp_path / "nowhere")
    (tmp_path / "in" / "plum").write_text("a file")
    for name, words in {"lemon": "is a link", "plum": "is a file already"}.items():
        lines = uploads.save_uploads([item("a.png", png(1))], name, tmp_path / "in")
        assert words in lines[0] and lines[1:] == ["No picture was saved."]
    assert tree(tmp_path) == ["in/plum"] and not (tmp_path / "nowhere").exists()


def test_the_widget_feeds_a_lab(tmp_path):
    box = tl.widgets.upload(tmp_path)
    box.buttons["Save"].click()
    assert box.words.text == "No files are chosen yet."
    for label, name in enumerate(CLASSES):
        choose(box, *((f"{i}.png", png(10 * label + i)) for i in range(4)))
        box.class_name.value = name
        box.buttons["Save"].click()
        assert box.words.text == f"Saved 4 pictures of {name}." and not box.picker.files
    assert len(folders.scan_folder(box.folder, progress=False).pictures) == 8


def test_the_widget_says_when_nothing_can_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    box = tl.widgets.upload(tmp_path / "file")
    choose(box, ("a.png", png(1)))
    box.class_name.value = "kiwi"
    box.buttons["Save"].click()
    assert box.words.text.startswith("Not saved: ") and str(tmp_path) in box.words.text
    assert len(box.picker.files) == 1
    full = shutil.disk_usage(tmp_path)._replace(free=len(png(1)))  # there may be a copy for a while
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
    value = [item("a.png", png(1))]
    assert "too large" in uploads.save_uploads(value, "kiwi", tmp_path / "new")[0]


def test_own_uploads_lie_in_the_learners_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("TLHELPERS_DATA", str(tmp_path))
    assert tl.widgets.upload().folder == tmp_path / "uploads"
