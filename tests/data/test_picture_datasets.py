"""Pictures on disk as a dataset: the same pixels as the arrays, whatever happens to the files."""

import gc
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from trouble import make_fruit, scene

from tlhelpers import batches
from tlhelpers.data import image_files, picture_datasets
from tlhelpers.data.picture_datasets import FileSplit
from tlhelpers.data.splits import Split


@pytest.fixture
def fruit(tmp_path):
    return sorted(make_fruit(tmp_path / "fruit").glob("*/*.png"))


def all_of(dataset):
    """The images and the labels of one pass, joined."""
    found = list(dataset.as_numpy_iterator())
    return np.concatenate([images for images, _ in found]), np.concatenate([y for _, y in found])


SIDEWAYS = Image.Exif()
SIDEWAYS[0x0112] = 6
KINDS = {
    "sideways.jpg": lambda path: scene(1, (90, 60)).save(path, exif=SIDEWAYS),
    "print.jpg": lambda path: scene(2, (90, 60)).convert("CMYK").save(path),
    "through.png": lambda path: scene(3, (90, 60)).convert("LA").save(path),
    "sixteen.png": lambda path: Image.fromarray(np.full((50, 60), 30_000, np.uint16)).save(path),
    "film.gif": lambda path: scene(4).save(path, save_all=True, append_images=[scene(5)]),
    "a.webp": lambda path: scene(6, (60, 90)).save(path),
    "a.tif": lambda path: scene(7, (60, 90)).save(path),
    "large.jpg": lambda path: scene(8, (900, 700)).save(path),
}


@pytest.mark.parametrize("whole", [False, True])
def test_every_kind_of_file_gives_the_pixels_of_the_arrays(tmp_path, whole):
    for name, save in KINDS.items():
        save(tmp_path / name)
    files = sorted(tmp_path.iterdir())
    split = FileSplit(files, np.arange(len(files)), 48, whole=whole)
    images, labels = all_of(split.dataset(3))
    wanted = image_files.load_images(files, 48, whole=whole)
    np.testing.assert_array_equal(images, wanted)
    assert images.dtype == np.uint8 and labels.tolist() == list(range(len(files)))
    np.testing.assert_array_equal(split.load([2, 0]), wanted[[2, 0]])
    np.testing.assert_array_equal(split.load(split.labels > 5), wanted[6:])


def test_keras_sees_the_shapes_and_the_number_of_batches(fruit):
    dataset = FileSplit(fruit, [0] * 4 + [1] * 4, 16).dataset(3)
    images, labels = dataset.element_spec
    assert tuple(images.shape) == (None, 16, 16, 3) and tuple(labels.shape) == (None,)
    assert batches.count_batches(dataset) == 3 and batches.has_labels(dataset)


@pytest.mark.parametrize("on_disk", [True, False])
def test_a_shuffled_pass_has_each_picture_once_with_its_label(fruit, on_disk):
    known = image_files.load_images(fruit, 8)
    split = FileSplit(fruit, np.arange(8), 8) if on_disk else Split(known, np.arange(8))
    dataset, orders = split.dataset(3, shuffle=True, seed=1), []
    for _ in range(3):
        images, labels = all_of(dataset)
        np.testing.assert_array_equal(images, known[labels])
        assert sorted(labels) == list(range(8))
        orders.append(labels.tolist())
    assert orders[0] != orders[1] != orders[2]
    again = split.dataset(3, shuffle=True, seed=1)
    assert [all_of(again)[1].tolist() for _ in range(3)] == orders
    assert all_of(split.dataset(3, shuffle=True, seed=2))[1].tolist() != orders[0]


def test_what_the_network_wants_first_is_done_to_every_batch(fruit):
    pixels = image_files.load_images(fruit, 8)
    for split in (FileSplit(fruit, np.arange(8), 8), Split(pixels, np.arange(8))):
        dataset = split.dataset(3, preprocess=lambda x: x[:, ::2, :, :1] / 255)
        assert tuple(dataset.element_spec[0].shape) == (None, 4, 8, 1)
        np.testing.assert_allclose(all_of(dataset)[0], pixels[:, ::2, :, :1] / 255)


def test_an_array_is_not_there_twice():
    """A dataset of slices would hold a copy."""
    images = np.zeros((200, 100, 100, 3), np.uint8)
    dataset = Split(images, np.zeros(200, int)).dataset(10)
    first = next(iter(dataset))[0]
    images[:] = 1
    assert int(np.max(first)) == 0 and all_of(dataset)[0].min() == 1


def gone(path):
    path.unlink()


def garbage(path):
    path.write_bytes(b"hello, this is no picture\n")


def cut(path):
    path.write_bytes(path.read_bytes()[:200])


@pytest.mark.parametrize(
    ("spoil", "why"),
    [(gone, "No such file"), (garbage, "text, not a picture"), (cut, "damaged or cut short")],
)
def test_a_file_that_changes_for_the_worse_is_named_in_a_few_words(fruit, spoil, why):
    dataset = FileSplit(fruit, np.zeros(8, int), 8).dataset(3)
    spoil(fruit[4])
    with pytest.raises(batches.UnreadablePicture) as error:
        list(batches.read_batches(dataset))
    said = str(error.value)
    assert str(fruit[4]) in said and why in said and "look at the folder again" in said
    assert "\n" not in said and "Traceback" not in said and len(said) < 350
    assert error.value.__suppress_context__


def test_files_that_come_later_change_nothing(fruit):
    split = FileSplit(fruit, np.zeros(8, int), 8)
    dataset, before = split.dataset(3), split.fingerprint()
    images, _ = all_of(dataset)
    scene(50).save(fruit[0].parent / "00.png")
    np.testing.assert_array_equal(all_of(dataset)[0], images)
    assert split.fingerprint() == before


def test_the_fingerprint_is_one_of_files_labels_and_reading(fruit):
    split = FileSplit(fruit, np.zeros(8, int), 8)
    found = {
        split.fingerprint(),
        FileSplit(fruit, np.zeros(8, int), 9).fingerprint(),
        FileSplit(fruit, np.zeros(8, int), 8, whole=True).fingerprint(),
        FileSplit(fruit, np.ones(8, int), 8).fingerprint(),
        FileSplit(fruit[::-1], np.zeros(8, int), 8).fingerprint(),
    }
    assert len(found) == 5
    assert FileSplit(fruit, np.zeros(8, int), 8).fingerprint() == split.fingerprint()
    state = fruit[3].stat()
    os.utime(fruit[3], ns=(state.st_atime_ns, state.st_mtime_ns + 10**9))  # another time
    found.add(split.fingerprint())
    scene(60, (70, 70)).save(fruit[3])  # another picture
    found.add(split.fingerprint())
    fruit[3].unlink()
    found.add(split.fingerprint())
    assert len(found) == 8


def test_only_an_unchanged_dataset_is_known_by_its_files(fruit):
    split = FileSplit(fruit, np.zeros(8, int), 8)
    plain = split.dataset(3)
    assert picture_datasets.origin(plain) is split
    for other in (
        split.dataset(3, shuffle=True),
        split.dataset(3, preprocess=lambda images: images),
        FileSplit(fruit, np.zeros(8, int), 8, convert=lambda images: images).dataset(3),
        plain.take(1),
        plain.map(lambda images, labels: (images, labels)),
    ):
        assert picture_datasets.origin(other) is None
    count = len(picture_datasets._made)
    del plain, other
    gc.collect()
    assert len(picture_datasets._made) < count


def test_wrong_wishes_are_refused_in_words(fruit):
    split = FileSplit(fruit, np.zeros(8, int), 8)
    for ask, error, words in (
        (lambda: FileSplit(str(fruit[0]), [0], 8), TypeError, "a list of files"),
        (lambda: FileSplit(fruit, [0, 1], 8), ValueError, "must have 8 numbers"),
        (lambda: FileSplit(fruit, [0] * 8, 0), ValueError, "size must be a whole number"),
        (lambda: split.dataset(0), ValueError, "batch_size must be a whole number"),
        (lambda: split.dataset(preprocess=3), TypeError, "preprocess must be a function"),
        (lambda: split.load([8]), ValueError, "rows must be under 8"),
        (lambda: split.load([-1]), ValueError, "rows must be at least 0"),
        (lambda: split.load([True]), ValueError, "8 times True or False"),
        (lambda: tuple(split), TypeError, r"lab\.train\.dataset\(\)"),
        (lambda: split.images, AttributeError, r"lab\.train\.load\("),
    ):
        with pytest.raises(error, match=words):
            ask()


def test_files_are_read_side_by_side_until_a_pass_is_left():
    """And Python can end: no thread of TensorFlow waits for one of Python's for ever.

    TensorFlow, told to calculate in one order, would let a stateful reader wait for itself.
    """
    code = (
        "import os, time\nimport numpy as np\nfrom tlhelpers.data import picture_datasets as p\n"
        "reads, now, together = [], [], []\n"
        "def slow(path, size, *, whole):\n"
        "    reads.append(path)\n    now.append(path)\n    together.append(len(now))\n"
        "    time.sleep(0.02)\n    now.pop()\n"
        "    return np.zeros((size, size, 3), np.uint8)\n"
        "p.load_square = slow\n"
        "for images, labels in p.FileSplit(['x.png'] * 5000, [0] * 5000, 8).dataset(4):\n"
        "    break\n"
        "time.sleep(0.5)\nseen = len(reads)\ntime.sleep(0.5)\n"
        "print('ended', len(reads) == seen < 500, max(together) > 1 or os.cpu_count() == 1)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert run.returncode == 0 and run.stdout == "ended True True\n", run.stdout + run.stderr[-500:]
