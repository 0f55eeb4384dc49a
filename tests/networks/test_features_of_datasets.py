"""Features of datasets: what arrays give, with the labels of the same pass."""

import os
import tracemalloc

import keras
import numpy as np
import pytest
import tensorflow as tf
from trouble import CLASSES, make_fruit, scene

from tlhelpers.data import image_files
from tlhelpers.data.picture_datasets import FileSplit
from tlhelpers.networks import features, onnx_runtime, preprocessing

PREPARE = preprocessing.preprocess_for("MobileNet")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TLHELPERS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [keras.Input((32, 32, 3)), keras.layers.AveragePooling2D(8), keras.layers.Flatten()]
    )


@pytest.fixture(scope="module")
def fruit(tmp_path_factory):
    return make_fruit(tmp_path_factory.mktemp("data") / "fruit")


@pytest.fixture
def files(tmp_path):
    return sorted(make_fruit(tmp_path / "own").glob("*/*.png"))


@pytest.fixture
def no_network(network, monkeypatch):
    """Features that are not on disk cannot be had."""

    def forbid():
        monkeypatch.setattr(type(network), "predict_on_batch", None)

    return forbid


def slices(*arrays):
    return tf.data.Dataset.from_tensor_slices(arrays if len(arrays) > 1 else arrays[0])


IMAGES = np.random.default_rng(0).integers(0, 256, (10, 32, 32, 3), dtype=np.uint8)
LABELS = np.arange(10)


def test_labels_belong_to_the_features_although_keras_shuffles_anew_in_each_pass(fruit, network):
    """The trap: ``labels = [y for _, y in dataset]`` is another pass, in another order."""
    size = {"image_size": (32, 32), "crop_to_aspect_ratio": True, "verbose": False}
    ordered = keras.utils.image_dataset_from_directory(fruit, shuffle=False, **size)
    wanted, classes = features.compute(network, ordered, cache=False)
    assert classes.tolist() == [0] * 4 + [1] * 4
    shuffled = keras.utils.image_dataset_from_directory(fruit, batch_size=2, seed=1, **size)
    second_passes = []
    for _ in range(4):
        rows, labels = features.compute(network, shuffled, cache=False)
        for row, label in zip(rows, labels, strict=True):
            near = np.abs(wanted - row).max(axis=1).argmin()
            np.testing.assert_allclose(row, wanted[near], atol=0.01)
            assert label == classes[near]
        second_passes.append([int(y) for _, batch in shuffled for y in batch] == labels.tolist())
    assert not all(second_passes)  # or there would be no trap


@pytest.mark.parametrize("batch_size", [1, 3, 10, 64])
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_a_dataset_gives_the_features_of_its_array(network, batch_size, kind):
    wanted = features.compute(network, IMAGES, preprocess=PREPARE, cache=False)
    pairs = slices(IMAGES.astype(kind), LABELS).batch(batch_size)
    rows, labels = features.compute(network, pairs, preprocess=PREPARE, cache=False)
    np.testing.assert_allclose(rows, wanted, atol=1e-5)
    assert rows.dtype == np.float32 and labels.tolist() == LABELS.tolist()
    alone = features.compute(
        network, slices(IMAGES.astype(kind)).batch(batch_size), preprocess=PREPARE, cache=False
    )
    np.testing.assert_array_equal(alone, rows)


def test_batches_of_uneven_length_and_of_unknown_number(network):
    wanted = features.compute(network, IMAGES, cache=False)
    uneven = slices(IMAGES[:2]).batch(2).concatenate(slices(IMAGES[2:]).batch(7))
    np.testing.assert_allclose(features.compute(network, uneven, cache=False), wanted, atol=1e-4)
    unknown = slices(IMAGES, LABELS).filter(lambda image, label: label != 4).batch(3)
    rows, labels = features.compute(network, unknown, cache=False)
    np.testing.assert_allclose(rows, np.delete(wanted, 4, axis=0), atol=1e-4)
    assert labels.tolist() == [0, 1, 2, 3, 5, 6, 7, 8, 9]


def test_no_images_give_no_rows(network):
    rows, labels = features.compute(network, slices(IMAGES, LABELS).take(0).batch(3), cache=False)
    assert rows.shape == (0, network.output_shape[1]) and labels.shape == (0,)


@pytest.mark.parametrize("known", [True, False])
def test_onnx_is_chosen_by_the_number_of_images(network, monkeypatch, known):
    """If it is unknown, Keras begins, and there is a change when there were enough."""
    asked, fast = [], []

    def load_fast(backbone, key, sample, threads):
        def run(batch):
            fast.append(len(batch))
            return backbone.predict_on_batch(batch)

        return run

    def is_worthwhile(backbone, images, shape):
        asked.append(images)
        return images >= 6

    monkeypatch.setattr(onnx_runtime, "load_fast", load_fast)
    monkeypatch.setattr(onnx_runtime, "is_worthwhile", is_worthwhile)
    dataset = slices(IMAGES).batch(3)
    if not known:
        dataset = dataset.filter(lambda images: True)
    rows = features.compute(network, dataset, cache=False)
    assert (asked, fast) == (([12], [3, 3, 3, 1]) if known else ([3, 6], [3, 3, 1]))
    np.testing.assert_allclose(
        rows, features.compute(network, IMAGES, cache=False, fast=False), atol=1e-4
    )
    del asked[:], fast[:]
    features.compute(network, dataset, cache=False, fast=False)
    features.compute(network, dataset, cache=False, fast=True)
    assert asked == [] and fast == [3, 3, 3, 1]


def test_features_of_a_dataset_are_kept_under_a_name_only(cache, network, no_network, capsys):
    pairs = slices(IMAGES, LABELS).shuffle(10, seed=1).batch(4)
    features._told.clear()
    features.compute(network, pairs, preprocess=PREPARE)
    said = capsys.readouterr().err
    assert "a dataset gives the same images" in said and 'cache_key="a name"' in said
    assert not list(cache.rglob("*.np?"))
    first = features.compute(network, pairs, preprocess=PREPARE, cache_key="noise 1")
    no_network()
    again = features.compute(network, pairs, preprocess=PREPARE, cache_key="noise 1")
    for old, new in zip(first, again, strict=True):
        np.testing.assert_array_equal(old, new)
    for other in (pairs.take(2), pairs.map(lambda images, labels: images)):
        with pytest.raises(TypeError):  # it computes, which is forbidden
            features.compute(network, other, preprocess=PREPARE, cache_key="noise 1")
    with pytest.raises(TypeError):
        features.compute(network, pairs, preprocess=PREPARE, cache_key="noise 2")


@pytest.mark.parametrize("damage", ["cut", "empty", "text"])
def test_a_damaged_file_is_made_again(cache, network, damage):
    pairs = slices(IMAGES, LABELS).batch(4)
    first = features.compute(network, pairs, cache_key="noise")
    (path,) = cache.rglob("*.npz")
    content = path.read_bytes()
    path.write_bytes({"cut": content[:-300], "empty": b"", "text": b"no"}[damage])
    again = features.compute(network, pairs, cache_key="noise")
    np.testing.assert_array_equal(again[0], first[0])
    np.testing.assert_array_equal(again[1], first[1])
    assert path.read_bytes() == content or len(path.read_bytes()) == len(content)


def test_features_of_files_are_kept_while_the_files_stay(cache, network, files, no_network):
    split = FileSplit(files, np.arange(8), 32)
    rows, labels = features.compute(network, split.dataset(3), preprocess=PREPARE)
    wanted = features.compute(
        network, image_files.load_images(files, 32), preprocess=PREPARE, cache=False
    )
    np.testing.assert_allclose(rows, wanted, atol=1e-5)
    no_network()
    again = FileSplit(files, np.arange(8), 32)
    found, same = features.compute(network, again.dataset(3), preprocess=PREPARE)
    np.testing.assert_array_equal(found, rows)
    assert same.tolist() == labels.tolist() == list(range(8))
    scene(70).save(files[5])
    with pytest.raises(TypeError):  # it computes
        features.compute(network, again.dataset(3), preprocess=PREPARE)


def test_a_file_that_changes_meanwhile_keeps_nothing(cache, network, files):
    split = FileSplit(files, np.arange(8), 32)
    begun = []

    def prepare(images):
        if not begun:
            scene(71).save(files[0])
            begun.append(True)
        return images

    features.compute(network, split.dataset(3), preprocess=prepare, cache_key="meanwhile")
    assert begun and not list(cache.rglob("*.npz"))
    files[6].write_bytes(b"")
    with pytest.raises(ValueError, match=r"2\.png: an empty file.*look at the folder again"):
        features.compute(network, split.dataset(3), preprocess=PREPARE)
    assert not list(cache.rglob("*.npz"))


def test_the_result_is_not_in_memory_twice(network):
    wide = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2000)])
    dataset = slices(np.ones((8000, 4), np.float32)).batch(100)
    for given in (dataset, dataset.filter(lambda images: True)):  # known and unknown number
        features.compute(wide, given.take(2), cache=False, fast=False)
        tracemalloc.start()
        rows = features.compute(wide, given, cache=False, fast=False)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert rows.shape == (8000, 2000) and most < 1.6 * rows.nbytes


def test_a_bar_shows_the_time_left_when_the_number_of_batches_is_known(network, monkeypatch):
    import tqdm.auto

    bars = []

    class Bar(tqdm.auto.tqdm):
        def __init__(self, *args, **options):
            super().__init__(*args, **options | {"disable": True})
            bars.append(self)

    monkeypatch.setattr(tqdm.auto, "tqdm", Bar)
    features.compute(network, slices(IMAGES).batch(4), cache=False)
    unknown = slices(IMAGES).batch(4).filter(lambda images: True)
    features.compute(network, unknown, cache=False)
    assert [bar.total for bar in bars] == [12, None]


def test_keras_errors_become_a_sentence(tmp_path, network):
    root = make_fruit(tmp_path / "fruit")
    (root / CLASSES[0] / "bad.png").write_text("no picture")
    dataset = keras.utils.image_dataset_from_directory(root, image_size=(32, 32), verbose=False)
    with pytest.raises(ValueError, match=r"a picture that cannot be read.*scan_folder") as error:
        features.compute(network, dataset, cache=False)
    assert "\n" not in str(error.value)
    os.remove(root / CLASSES[0] / "bad.png")
    with pytest.raises(ValueError, match=r"not there any more.*bad\.png") as error:
        features.compute(network, dataset, cache=False)
    assert "\n" not in str(error.value)


def test_what_does_not_fit_is_refused_in_words(network, files):
    with pytest.raises(ValueError, match=r"Write images\.batch\(32\)"):
        features.compute(network, slices(IMAGES))
    with pytest.raises(TypeError, match=r"Write lab\.train\.dataset\(\)"):
        features.compute(network, FileSplit(files, [0] * 8, 32))
    with pytest.raises(ValueError, match="must have the shape"):
        features.compute(network, slices(IMAGES[:, :16]).batch(2))
