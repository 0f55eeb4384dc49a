"""Datasets of TensorFlow in place of arrays: the same results, and memory that does not grow."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tlhelpers.batches import Batch
from tlhelpers.transfer import adaptation, fine_tuning, metrics, validators
from tlhelpers.transfer.adaptation import batchnorm_statistics, entropy, loop, streams

QUICK = {"steps": 6, "batch_size": 16}


def network(seed=0):
    """Four numbers in, three classes out, compiled; one BatchNormalization layer."""
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(8),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Dense(3, "softmax", name="head"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    return model


def blobs(n=96, shift=0.0, seed=0):
    """Three clouds of points, one for each class."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    points = 4 * np.eye(3, 4)[labels] + rng.normal(size=(n, 4)) + shift
    return points.astype("float32"), labels


SOURCE, LABELS = blobs()
TARGET, _ = blobs(shift=2.0, seed=1)


def pairs(images=SOURCE, labels=LABELS, size=10):
    return tf.data.Dataset.from_tensor_slices((images, labels)).batch(size)


def alone(images=TARGET, size=10):
    return tf.data.Dataset.from_tensor_slices(images).batch(size)


@pytest.fixture(autouse=True)
def short_training(uncompiled):
    """Not compiled, which takes longer than a few steps."""
    with uncompiled():
        yield


def same_weights(a, b, atol=1e-5):
    for one, other in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=atol)


class Counted:
    """A dataset out of a generator, which counts how far it is ahead of who takes it."""

    def __init__(self, images, labels=None, size=8):
        self.given = self.taken = self.ahead = self.passes = 0
        self.images, self.labels, self.size = images, labels, size

    def dataset(self):
        spec = tf.TensorSpec((None, *self.images.shape[1:]), tf.float32)
        if self.labels is not None:
            spec = spec, tf.TensorSpec((None,), tf.int64)
        return tf.data.Dataset.from_generator(self._batches, output_signature=spec)

    def _batches(self):
        self.passes += 1
        for first in range(0, len(self.images), self.size):
            rows = slice(first, first + self.size)
            self.given += len(self.images[rows])
            yield (
                self.images[rows]
                if self.labels is None
                else (
                    self.images[rows],
                    self.labels[rows],
                )
            )

    def take(self, count):
        self.ahead = max(self.ahead, self.given - self.taken)
        self.taken += count


# Fine-tuning -------------------------------------------------------------------------


def test_the_same_batches_give_the_same_weights_as_arrays_do():
    shown = []

    def record(images, seed):
        shown.append(images.copy())
        return images

    settings = {"epochs": 2, "learning_rate": 0.01}
    model = network()
    fine_tuning.fine_tune(model, SOURCE, LABELS, batch_size=32, augment=record, seed=4, **settings)
    label_of = {row.tobytes(): label for row, label in zip(SOURCE, LABELS, strict=True)}
    epochs = iter([(x, np.array([label_of[row.tobytes()] for row in x])) for x in shown])

    def next_epoch():
        images, labels = next(epochs)
        for first in range(0, 96, 32):
            yield images[first : first + 32], labels[first : first + 32]

    spec = tf.TensorSpec((None, 4), tf.float32), tf.TensorSpec((None,), tf.int64)
    dataset = tf.data.Dataset.from_generator(next_epoch, output_signature=spec)
    twin = network()
    fine_tuning.fine_tune(twin, dataset, augment=None, **settings)
    same_weights(model, twin)


def test_an_epoch_is_one_pass_with_a_rate_of_the_cosine_and_a_seed_for_each_batch():
    counted = Counted(SOURCE, LABELS, size=40)
    seeds, sizes, rates, model = [], [], [], network()

    def augment(images, seed):
        seeds.append(seed)
        sizes.append(len(images))
        return images

    fine_tuning.fine_tune(
        model,
        counted.dataset(),
        learning_rate=0.4,
        epochs=2,
        augment=augment,
        after_epoch=lambda epoch: rates.append(float(model.optimizer.learning_rate)),
    )
    assert counted.passes == 2 and sizes == [40, 40, 16] * 2
    assert np.allclose(rates, [0.4, 0.2]) and len(set(seeds)) == 6


def test_a_seed_repeats_what_a_dataset_gives():
    def jitter(images, seed):
        return images + np.random.default_rng(seed).normal(size=images.shape).astype("float32")

    def trained(seed):
        model = network()
        mix = SOURCE[:20], LABELS[:20]
        fine_tuning.fine_tune(model, pairs(size=48), epochs=1, augment=jitter, mix=mix, seed=seed)
        return model

    same_weights(trained(1), trained(1), atol=1e-6)
    with pytest.raises(AssertionError):
        same_weights(trained(1), trained(2), atol=1e-6)


def test_into_each_batch_of_a_dataset_go_as_many_of_the_source():
    source = np.full((50, 4), 7, "float32"), np.zeros(50, int)
    seen = []

    def augment(images, seed):
        seen.append((len(images), int((images == 7).all(axis=1).sum())))
        return images

    fine_tuning.fine_tune(network(), pairs(size=40), epochs=1, augment=augment, mix=source)
    assert seen == [(80, 40), (80, 40), (32, 16)]


def test_no_more_of_a_dataset_is_held_than_a_few_batches():
    images, labels = blobs(8 * 24)
    counted = Counted(images, labels)

    def augment(images, seed):
        counted.take(len(images))
        return images

    fine_tuning.fine_tune(network(), counted.dataset(), epochs=1, augment=augment)
    assert counted.taken == len(images) and counted.ahead <= 96


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: (pairs(), LABELS), ValueError, "dataset, which gives its own labels"),
        (lambda: (alone(),), ValueError, r"pairs \(images, labels\).*images alone"),
        (lambda: (pairs().unbatch(),), ValueError, r"images\.batch\(32\)"),
        (lambda: (pairs().take(0),), ValueError, "without a batch"),
        (lambda: (pairs(SOURCE[:, :3]),), ValueError, r"\(n, 4\); got \(10, 3\)"),
        (lambda: (pairs(SOURCE * np.nan),), ValueError, "not finite"),
        (lambda: (pairs(labels=LABELS + 1),), ValueError, "between 0 and 2"),
        (lambda: (pairs(labels=np.eye(3)[LABELS]),), ValueError, 'label_mode="int"'),
        (lambda: (SOURCE,), TypeError, "labels must be an array of numbers; got None"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_trained(make, error, words):
    model = network()
    before = model.get_weights()
    for call in (
        lambda: fine_tuning.check_training(model, *make()),
        lambda: fine_tuning.fine_tune(model, *make(), augment=None),
    ):
        with pytest.raises(error, match=words):
            call()
    assert fine_tuning.changed_layers(model, before) == []


def test_a_dataset_that_fits_passes_and_a_wrong_label_further_on_stops_the_training():
    labels = LABELS.copy()
    labels[50] = 3
    fine_tuning.check_training(network(), pairs(labels=labels))  # it looks at the first batch
    with pytest.raises(ValueError, match="between 0 and 2; got 0 to 3"):
        fine_tuning.fine_tune(network(), pairs(labels=labels), augment=None)


def test_settings_that_a_dataset_makes_impossible_are_refused_with_the_way_out():
    with pytest.raises(ValueError, match=r"leave batch_size out.*images\.rebatch\(5\)"):
        fine_tuning.fine_tune(network(), pairs(), batch_size=5)
    mix = pairs()
    with pytest.raises(TypeError, match=r"mix=next\(mix\.rebatch\(1000\)\.as_numpy_iterator"):
        fine_tuning.fine_tune(network(), pairs(), mix=mix)
    some = next(mix.rebatch(1000).as_numpy_iterator())
    fine_tuning.fine_tune(network(), pairs(), epochs=1, augment=None, mix=some)


def test_a_loss_that_is_no_number_stops_the_training():
    model = network()
    model.set_weights([weight * np.nan for weight in model.get_weights()])
    with pytest.raises(FloatingPointError, match="nan in epoch 1 of 8"):
        fine_tuning.fine_tune(model, pairs(), augment=None)


def test_pixels_of_a_dataset_are_compared_with_what_the_network_wants():
    model = keras.Sequential(
        [
            keras.Input((4, 4, 3)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Flatten(),
            keras.layers.Dense(2, "softmax"),
        ]
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    bytes_ = np.linspace(0, 255, 192).reshape(4, 4, 4, 3).astype("uint8")
    fine_tuning.check_training(model, pairs(bytes_, [0, 1, 0, 1]))
    with pytest.raises(ValueError, match="rescales pixels by itself"):
        fine_tuning.check_training(model, pairs(bytes_ / 255, [0, 1, 0, 1]))


# Adaptation --------------------------------------------------------------------------


def plain(points, rng):
    return points + rng.normal(size=points.shape).astype("float32")


def adapt(name, source, target, model=None, **settings):
    model = model or network()
    method = getattr(adaptation, name)
    if name == "adabn":
        return method(model, target)
    if name == "tent":
        return method(model, target, batch_size=16)
    settings = QUICK | settings
    if name == "shot":
        return method(model, target, **settings)
    if name == "source_only":
        return method(model, *source, **settings)
    settings |= {"strong": plain} if name == "consistency" else {}
    return method(model, *source, target, **settings)


ALL = ["adabn", "tent", "source_only", "deep_coral", "deep_mmd", "dann", "consistency", "shot"]


@pytest.mark.parametrize("name", ALL)
def test_methods_do_the_same_with_the_batches_of_a_dataset(name):
    drawn = []

    def record(images, rng):
        drawn.append(images.copy())
        return images

    adapted, history = adapt(name, (SOURCE, LABELS), TARGET, augment=record)
    source, target, labels = SOURCE, TARGET, LABELS
    if drawn:  # one pass over each domain, in the order in which the arrays were drawn from
        rows = {row.tobytes(): label for row, label in zip(SOURCE, LABELS, strict=True)}
        all_of = [x for x in drawn if x[0].tobytes() in rows]
        others = [x for x in drawn if x[0].tobytes() not in rows]
        if all_of:
            source = np.concatenate(all_of)
            labels = np.array([rows[row.tobytes()] for row in source])
        target = np.concatenate(others) if others else target
        assert len(source) == len(target) == 96
    poisoned = tf.data.Dataset.from_tensor_slices((target, np.full(96, np.nan))).batch(7)
    twin, other = adapt(name, (pairs(source, labels), None), poisoned, augment=None)
    same_weights(adapted, twin, atol=1e-4)
    assert history.keys() == other.keys()
    for key in history:
        np.testing.assert_allclose(history[key], other[key], atol=1e-4)


def test_self_training_on_a_dataset_learns_from_the_surest_images_of_each_class():
    model = network()
    target, _ = blobs(60, seed=2)
    own = []

    def record(images, rng):
        own.append(images.copy())
        return images

    shuffled = tf.data.Dataset.from_tensor_slices((target, np.full(60, np.nan)))
    shuffled = shuffled.shuffle(60, seed=0).batch(7)
    settings = {"rounds": 1, "shares": (0.3, 0.3), "steps": 3, "augment": record}
    source = pairs().shuffle(10, seed=0)
    adapted, history = adapt("self_training", (source, None), shuffled, model, **settings)
    # Each step draws from the source, then from the target, then the surest.
    chosen = {row.tobytes() for batch in own[2::3] for row in batch}
    rows, _ = adaptation.surest_rows(metrics.probabilities(model, target), 0.3)
    assert chosen == {row.tobytes() for row in target[rows]}
    assert {len(batch) for batch in own} == {16} and len(history["own loss"]) == 3


def test_self_training_on_a_dataset_that_changes_its_images_is_refused():
    model = network()
    passes = []

    def other_each_time():
        passes.append(0)
        # In the first pass after the check far away, and the network is sure; then it is not.
        yield (100 if len(passes) == 3 else 0) * TARGET

    changing = tf.data.Dataset.from_generator(
        other_each_time, output_signature=tf.TensorSpec((None, 4), tf.float32)
    )
    with pytest.raises(ValueError, match="other images in every pass"):
        adapt("self_training", (SOURCE, LABELS), changing, model)


@pytest.mark.parametrize("name", ["adabn", "tent", "deep_coral", "self_training"])
def test_no_more_of_a_domain_is_held_than_a_few_batches(name, monkeypatch):
    monkeypatch.setattr(batchnorm_statistics, "AT_ONCE", 16 * 8)  # of the eight numbers of a layer
    monkeypatch.setattr(batchnorm_statistics, "LEAST_AT_ONCE", 16)
    counted = Counted(blobs(480, shift=2.0)[0])

    def counting(function):
        def run(model, batch):
            images = batch["target"] if isinstance(batch, dict) else batch
            assert len(images) <= 17
            counted.take(len(images))
            return function(model, batch)

        return run

    for module in (batchnorm_statistics, metrics):
        monkeypatch.setattr(module, "run_network", counting(module.run_network))
    for module in (loop, entropy):
        monkeypatch.setattr(module, "step_on", counting(module.step_on))
    adapt(name, (pairs(), None), counted.dataset(), steps=2)
    # TensorFlow reads a few batches ahead, of each pass that is begun: some 120 images here.
    assert counted.given >= 480 and 0 < counted.ahead <= 240


def test_what_is_over_after_a_pass_goes_into_the_next_batch():
    taken = []

    def loss(look, batch):
        taken.append(np.array(batch["target"])[:, 0])
        return adaptation.mean_entropy(look(batch["target"])[1]), {}

    points = np.arange(40, dtype="float32")[:, None] * np.ones((1, 4), "float32")
    adaptation.train(network(), loss, None, None, alone(points, size=7), steps=5, batch_size=16)
    assert np.concatenate(taken).tolist() == [*range(40), *range(40)]


def test_a_class_that_a_dataset_did_not_give_is_a_warning():
    some = LABELS != 2
    with pytest.warns(UserWarning, match="In 6 steps.*no image of class 2.*shuffle"):
        adapt("source_only", (pairs(SOURCE[some], LABELS[some]), None), None)


@pytest.mark.parametrize(
    ("source", "target", "words"),
    [
        (lambda: (pairs(), LABELS), alone, "give source_labels=None"),
        (lambda: (alone(SOURCE), None), alone, "source_images must give pairs"),
        (lambda: (pairs(labels=LABELS + 1), None), alone, "between 0 and 2; got 1 to 3"),
        (lambda: (pairs(SOURCE[:9], LABELS[:9]), None), alone, "source_images has 9 images"),
        (lambda: (pairs(), None), lambda: alone(TARGET[:5]), "5 images.*batch of 16.*batch_size=5"),
        (lambda: (pairs(), None), lambda: alone().repeat(), "never ends"),
        (lambda: (pairs(), None), lambda: alone(TARGET[:, :3]), r"\(n, 4\); got"),
        (lambda: (pairs(), None), lambda: alone(TARGET * np.nan), "not finite"),
    ],
)
def test_domains_that_do_not_fit_are_refused(source, target, words):
    with pytest.raises(ValueError, match=words):
        adapt("deep_coral", source(), target())


def test_single_images_in_place_of_batches_are_named():
    layers = [keras.Input((4, 2)), keras.layers.Flatten(), keras.layers.Dense(3)]
    pictures = alone(TARGET.reshape(-1, 4, 2))
    with pytest.raises(ValueError, match=r"one image at a time.*target_images\.batch\(32\)"):
        adapt("shot", None, pictures.unbatch(), keras.Sequential(layers))


def test_target_statistics_of_a_last_image_alone_join_the_batch_before():
    found = []
    for images in (TARGET[:33], alone(TARGET[:33], size=5)):
        model, _ = adaptation.adabn(network(), images, batch_size=33)
        found.append(model)
    same_weights(*found)
    parts = [Batch(TARGET[i : i + 16], None) for i in (0, 16, 95)]
    assert [len(images) for images in streams.with_spread(iter(parts))] == [16, 17]
    model, _ = adaptation.adabn(network(), alone(TARGET[:33], size=5), batch_size=16)
    dense, norm = model.layers[:2]
    arriving = TARGET[:33] @ dense.get_weights()[0] + dense.get_weights()[1]
    np.testing.assert_allclose(norm.moving_mean, arriving.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(norm.moving_variance, arriving.var(axis=0), atol=1e-4)


# Judging -----------------------------------------------------------------------------


def test_answers_accuracy_and_validators_are_those_of_the_arrays():
    model = network()
    wanted = metrics.probabilities(model, TARGET)
    poisoned = tf.data.Dataset.from_tensor_slices((TARGET, np.full(96, np.nan))).batch(7)
    np.testing.assert_allclose(metrics.probabilities(model, poisoned), wanted, atol=1e-6)
    right = np.mean(metrics.probabilities(model, SOURCE).argmax(axis=1) == LABELS)
    shuffled = pairs().shuffle(10)
    assert metrics.accuracy(model, shuffled) == pytest.approx(right)
    by_arrays = validators.validate(model, TARGET, SOURCE, LABELS, augment=lambda x, rng: 2 * x)
    found = validators.validate(model, poisoned, shuffled, augment=lambda x, rng: 2 * x)
    assert found == pytest.approx(by_arrays, abs=1e-5)
    with pytest.raises(ValueError, match=r"pairs \(images, labels\)"):
        metrics.accuracy(model, alone())
    with pytest.raises(ValueError, match="lie between 0 and 2; got 1 to 3"):
        metrics.accuracy(model, pairs(labels=LABELS + 1))
    with pytest.raises(ValueError, match="without a batch"):
        metrics.probabilities(model, alone().take(0))
