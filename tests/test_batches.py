"""Datasets of TensorFlow as arguments."""

import numpy as np
import pytest

from tlhelpers import batches

IMAGES, LABELS = np.arange(5 * 4 * 4, dtype=np.float32).reshape(5, 4, 4), [0, 1, 2, 1, 0]


@pytest.fixture(scope="module")
def slices():
    import tensorflow as tf

    return tf.data.Dataset.from_tensor_slices


def test_a_pass_gives_images_with_their_labels_even_if_it_shuffles(slices):
    shuffled = slices((IMAGES, LABELS)).shuffle(5, seed=1).batch(2)
    assert batches.is_dataset(shuffled) and batches.has_labels(shuffled)
    assert batches.count_batches(shuffled) == 3
    for _ in range(3):
        for images, labels in batches.read_batches(shuffled):
            rows = images[:, 0, 0].astype(int) // 16
            assert [LABELS[row] for row in rows] == labels.tolist()


def test_images_alone_have_no_labels(slices):
    dataset = slices(IMAGES).batch(4)
    assert not batches.has_labels(dataset)
    assert [batch.labels for batch in batches.read_batches(dataset)] == [None, None]
    joined = np.concatenate([batch.images for batch in batches.read_batches(dataset)])
    np.testing.assert_array_equal(joined, IMAGES)


def test_labels_that_are_dropped_are_not_looked_at(slices):
    for labels in ([np.nan] * 5, ["a"] * 5, np.full((5, 3), -1)):
        dataset = batches.drop_labels(slices((IMAGES, labels)).batch(2))
        joined = np.concatenate([batch.images for batch in batches.read_batches(dataset)])
        np.testing.assert_array_equal(joined, IMAGES)
    with pytest.raises(ValueError, match="pictures never ends"):
        batches.drop_labels(slices((IMAGES, LABELS)).batch(2).repeat(), "pictures")


@pytest.mark.parametrize("value", [IMAGES, [IMAGES], None, "dataset", iter([IMAGES])])
def test_other_things_are_no_datasets(value):
    assert not batches.is_dataset(value)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda s: s((IMAGES, LABELS)), ValueError, r"Write images\.batch\(32\)"),
        (lambda s: s((IMAGES, np.eye(5))).batch(2), ValueError, 'label_mode="int"'),
        (lambda s: s((IMAGES, LABELS)).batch(2).repeat(), ValueError, "never ends"),
        (lambda s: s({"a": IMAGES}).batch(2), TypeError, "pairs"),
        (lambda s: s((IMAGES, LABELS, LABELS)).batch(2), TypeError, "pairs"),
        (lambda s: s(np.arange(5)).batch(2), ValueError, "must give images"),
        (lambda s: s((IMAGES, [0, 1, -1, 0, 0])).batch(5), ValueError, "at least 0"),
        (lambda s: s((IMAGES, [0, 0.5, 1, 0, 0])).batch(5), ValueError, "whole numbers"),
    ],
)
def test_what_is_no_dataset_of_images_is_refused(slices, make, error, words):
    with pytest.raises(error, match=words):
        list(batches.read_batches(make(slices)))
