"""What a caller may give, and which sentence answers what cannot be read."""

import math
from pathlib import Path

import numpy as np
import pytest

from tlhelpers import inputs


class Batches:
    """What gives batches and is no array: a dataset, a loader, a generator."""

    def __iter__(self):
        yield np.zeros((2, 8, 8))


class TorchLike:
    """A tensor that wants a gradient: NumPy may not look at it before it is detached."""

    def __init__(self, detached=False):
        self.detached = detached

    def detach(self):
        return TorchLike(True)

    def cpu(self):
        return self

    def __array__(self, dtype=None, copy=None):
        if not self.detached:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad.")
        return np.ones((2, 3))


def refused(error, words, read, *args, **options):
    with pytest.raises(error, match=words) as caught:
        read(*args, **options)
    assert caught.traceback[-1].path.name == "inputs.py"  # not from inside a library


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.uint8, int, bool])
def test_images_become_float32_whatever_numbers_they_hold(dtype):
    found = inputs.read_images(np.ones((2, 8, 8), dtype), shape=(8, 8), low=0, high=1)
    assert found.dtype == np.float32
    assert (found == 1).all()


def test_what_is_float32_is_not_copied():
    images = np.zeros((2, 8, 8), np.float32)
    assert inputs.read_images(images) is images


def test_lists_and_tensors_are_read():
    assert inputs.read_images([np.zeros((8, 8))] * 3).shape == (3, 8, 8)
    assert inputs.read_rows(TorchLike(), "features").tolist() == [[1, 1, 1], [1, 1, 1]]
    assert inputs.read_labels([True, False]).tolist() == [1, 0]
    assert inputs.read_labels([]).dtype == np.int64


@pytest.mark.parametrize(
    ("images", "error", "words"),
    [
        (np.zeros((8, 8)), ValueError, r"images\[None\]"),
        (np.zeros((2, 8, 9)), ValueError, r"must have the shape \(n, 8, 8\); got \(2, 8, 9\)"),
        (np.zeros((2, 8, 8, 1)), ValueError, "must have the shape"),
        (np.full((2, 8, 8), 16.0), ValueError, "Divide by 16"),
        (np.full((2, 8, 8), 255), ValueError, "Divide by 255"),
        (np.full((2, 8, 8), -1.0), ValueError, "between 0 and 1; got -1 to -1.$"),
        (np.stack([np.zeros((8, 8)), np.full((8, 8), np.nan)]), ValueError, "in 1 of 2 rows"),
        (np.full((2, 8, 8), np.inf), ValueError, "not finite"),
        (np.full((2, 8, 8), "x"), TypeError, "text, such as"),
        (["cat.png"], TypeError, "load_images"),
        (np.full((2, 8, 8), 1j), TypeError, "complex"),
        (None, TypeError, "got None"),
        ([None], TypeError, "object"),
        ([np.zeros((8, 8)), np.zeros((8, 9))], ValueError, "differ in shape"),
        (Batches(), TypeError, "gives batches"),
        ({"a": 1}, TypeError, "got dict.$"),
    ],
)
def test_images_that_cannot_be_used_are_refused_with_advice(images, error, words):
    refused(error, words, inputs.read_images, images, shape=(8, 8), low=0, high=1)


@pytest.mark.parametrize(
    ("labels", "error", "words"),
    [
        (np.zeros((3, 1), int), ValueError, r"ravel\(\)"),
        (np.eye(3), ValueError, r"argmax\(axis=1\)"),
        ([0.0, 1.0], ValueError, r"astype\(int\)"),
        ([0.5, 1.0], ValueError, "float64.$"),
        (["cat", "dog"], TypeError, "np.unique"),
        ([0, 1, 3], ValueError, "between 0 and 2; got 0 to 3"),
        ([-1, 0, 1], ValueError, "got -1 to 1"),
        ([0, 1], ValueError, "3 numbers, one for each image; got 2"),
        (7, ValueError, r"shape \(\)"),
    ],
)
def test_labels_that_cannot_be_used_are_refused_with_advice(labels, error, words):
    refused(error, words, inputs.read_labels, labels, count=3, classes=3)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([[2.0, -1.0]], "softmax"),
        ([[0.5, 0.4]], "softmax"),
        ([0.5, 0.5], r"shape \(n, d\)"),
        ([[np.nan, 1]], "not finite"),
        (np.zeros((0, 3)), "at least 1"),
        (np.zeros((2, 0)), r"shape \(n, d\); got \(2, 0\)"),
    ],
)
def test_what_is_no_probability_is_refused(answers, words):
    refused(ValueError, words, inputs.read_probabilities, answers)


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -math.inf, -1, 0, 1.5, 10**400, pytest.param(10**5000, id="huge")]
)
def test_counts_are_whole_and_have_an_end(value):
    refused(ValueError, "epochs must be a whole number from 1", inputs.read_count, value, "epochs")


@pytest.mark.parametrize("value", ["3", None, True, [3], np.array([3]), object()])
def test_what_is_no_number_is_refused(value):
    refused(TypeError, "epochs must be a whole", inputs.read_count, value, "epochs")
    refused(TypeError, "turn must be a number", inputs.read_number, value, "turn")


def test_numbers_of_numpy_are_numbers():
    assert inputs.read_count(np.uint8(3), "epochs") == 3
    assert inputs.read_count(np.array(3), "epochs") == 3
    assert inputs.read_count(2.0, "epochs") == 2
    assert type(inputs.read_number(np.float32(0.5), "share", least=0, most=1)) is float
    assert inputs.read_seed(0) == 0


@pytest.mark.parametrize("value", [math.nan, math.inf, 0, -0.5, 2])
def test_numbers_have_bounds(value):
    words = "share must be a number, above 0 and at most 1; got"
    refused(ValueError, words, inputs.read_number, value, "share", above=0, most=1)


def test_per_cent_are_no_shares():
    assert inputs.read_share(1, "accuracy") == 1
    words = "accuracy must be a number from 0 to 1; got 90. Divide by 100."
    refused(ValueError, words, inputs.read_share, 90, "accuracy")
    refused(ValueError, "from 0 to 1; got -0.5", inputs.read_share, -0.5, "accuracy")
    refused(TypeError, "from 0 to 1; got '90%'", inputs.read_share, "90%", "accuracy")


def test_what_is_no_network_is_named():
    refused(TypeError, "network of Keras; got 'MobileNetV2'", inputs.read_network, "MobileNetV2")
    refused(TypeError, "augment must be a function; got 3", inputs.read_function, 3, "augment")


def test_texts_and_choices_are_read():
    assert inputs.read_text("cat", "name") == "cat"
    refused(TypeError, "name must be a text; got 3", inputs.read_text, 3, "name")
    assert inputs.read_choice("plain", "style", ("plain", "varied")) == "plain"
    words = "Unknown style 'bold'. Choose from: plain, varied"
    refused(ValueError, words, inputs.read_choice, "bold", "style", ("plain", "varied"))
    refused(TypeError, "Unknown style", inputs.read_choice, np.zeros(2), "style", ("plain",))


@pytest.mark.parametrize("items", [["a", "b"], ("a", "b"), np.array(["a", "b"])])
def test_items_come_as_a_list_whatever_holds_them(items):
    assert inputs.read_items(items, "names") == ["a", "b"]


@pytest.mark.parametrize("items", ["ab", None, {"a": 1}, {1, 2}, (x for x in "ab"), 7])
def test_what_has_no_items_in_a_row_is_refused(items):
    refused(TypeError, "names must be a list; got", inputs.read_items, items, "names")


def test_items_are_counted():
    refused(ValueError, "from 1 to 1,000,000 items; got 0", inputs.read_items, [], "names")
    refused(
        ValueError, "2 items; got 3", inputs.read_items, [1, 2, 3], "pair", at_least=2, at_most=2
    )


def test_a_dictionary_has_something_in_it():
    assert inputs.read_mapping({"a": 1}, "rows") == {"a": 1}
    refused(TypeError, "rows must be a dictionary; got 'a'", inputs.read_mapping, "a", "rows")
    refused(ValueError, "rows is empty", inputs.read_mapping, {}, "rows")


def test_files_labels_and_pairs_in_the_place_of_numbers_are_known():
    refused(TypeError, "load_images", inputs.read_array, [Path("a.png")], "images")
    names = np.array(["cat", "dog"], object)
    refused(TypeError, "np.unique", inputs.read_labels, names)
    pair = (np.zeros((4, 8, 8)), np.zeros(4))
    refused(ValueError, "If these are images and labels", inputs.read_images, pair)


def test_the_way_from_batches_to_arrays_works():
    class Flow:  # has no end, and a length
        def __len__(self):
            return 2

        def __getitem__(self, i):
            return np.full((3, 8), i), np.full(3, i)

        def __iter__(self):
            raise AssertionError("this would never end")

    for data in (Flow(), (item for item in [Flow()[0], Flow()[1]])):
        with pytest.raises(TypeError) as caught:
            inputs.read_array(data, "images")
        made = {"np": np, "data": data}
        exec(str(caught.value).split("pass: ")[1].rstrip("."), made)
        assert made["images"].shape == (6, 8) and made["labels"].tolist() == [0] * 3 + [1] * 3
