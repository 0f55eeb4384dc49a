"""Training further: what is refused, what changed, and what is learned."""

import numpy as np
import pytest

keras = pytest.importorskip("keras")
from tlhelpers import backbones, training  # noqa: E402


def classifier(classes=3, seed=0):
    """A small compiled network with one BatchNormalization layer."""
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            keras.layers.Conv2D(4, 3, name="conv"),
            keras.layers.BatchNormalization(name="norm"),
            keras.layers.Flatten(),
            keras.layers.Dense(classes, "softmax", name="head"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    return model


def task(n=60, seed=0):
    """Pictures whose class says which of three columns is bright."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    images = rng.normal(0, 0.3, (n, 6, 6, 1)).astype("float32")
    images[np.arange(n), :, labels * 2] += 1
    return images, labels


def test_what_fits_is_not_refused():
    training.check(classifier(), *task())


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda x, y: (x, y + 1), "numbered 0 to 2; the labels go from 1 to 3"),
        (lambda x, y: (x, y - 1), "the labels go from -1 to 1"),
        (lambda x, y: (x[:-1], y), "59 images and 60 labels"),
        (lambda x, y: (x, np.eye(3)[y]), r"argmax\(axis=1\)"),
        (lambda x, y: (x, y.astype(float)), "class numbers"),
        (lambda x, y: (x[:, :5], y), r"\(n, 6, 6, 1\); got \(60, 5, 6, 1\)"),
        (lambda x, y: (x[..., 0], y), r"got \(60, 6, 6\)"),
        (lambda x, y: (x[:0], y[:0]), "no images"),
    ],
)
def test_what_does_not_fit_is_refused(spoil, message):
    with pytest.raises(ValueError, match=message):
        training.check(classifier(), *spoil(*task()))


def test_training_without_compiling_is_refused():
    model = keras.Sequential([keras.Input((6, 6, 1)), keras.layers.Flatten()])
    with pytest.raises(ValueError, match="not compiled"):
        training.check(model, *task())


def test_unfreezing_without_compiling_again_is_noticed():
    model = classifier()
    backbones.freeze(model.get_layer("conv"))
    with pytest.raises(ValueError, match="1 layers were .*such as conv.*compile again"):
        training.fine_tune(model, *task(), augment=None)
    model.compile("adam", "sparse_categorical_crossentropy")
    training.check(model, *task())


def test_keras_ignores_unfreezing_without_compiling_again():
    """The mistake is real on the installed Keras: nothing that was frozen is trained."""
    model = classifier()
    backbones.freeze(model.get_layer("conv"))
    model.compile("adam", "sparse_categorical_crossentropy")
    images, labels = task()
    model.fit(images, labels, verbose=0)
    before = model.get_weights()
    model.get_layer("conv").trainable = True
    model.fit(images, labels, verbose=0)
    assert "conv" not in [layer.name for layer in training.changed(model, before)]


def test_an_untrained_head_is_noticed_and_a_trained_one_is_not():
    model = classifier()
    with pytest.raises(ValueError, match="'head' looks untrained"):
        training.check_head(model)
    training.fine_tune(model, *task(), epochs=1, augment=None)
    training.check_head(model)


def test_changed_names_exactly_the_layers_that_changed():
    model = classifier()
    before = model.get_weights()
    assert training.changed(model, before) == []
    model.get_layer("norm").moving_mean.assign(np.ones(4))
    assert [layer.name for layer in training.changed(model, before)] == ["norm"]
    with pytest.raises(ValueError, match="another network"):
        training.changed(classifier(classes=4), before)


def test_head_first_gives_the_answers_of_logistic_regression():
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    for classes in (2, 3):
        labels = np.arange(90) % classes
        rows = rng.normal(size=(90, 5)) + labels[:, None] * np.array([1, -1, 0, 2, 0])
        head = keras.layers.Dense(classes, "softmax")
        head.build((None, 5))
        training.head_first(head, rows, labels)
        wanted = LogisticRegression(max_iter=1000).fit(rows, labels).predict_proba(rows)
        assert np.allclose(np.asarray(head(rows)), wanted, atol=1e-5)


def test_head_first_refuses_missing_and_surplus_classes():
    head = keras.layers.Dense(3)
    head.build((None, 2))
    for labels in ([0, 1, 1, 0], [0, 1, 2, 3]):
        with pytest.raises(ValueError, match="3 classes"):
            training.head_first(head, np.zeros((4, 2)), np.array(labels))


def test_fine_tune_learns_and_repeats_with_its_seed():
    images, labels = task()
    results = []
    for _ in range(2):
        model = classifier()
        training.fine_tune(
            model, images, labels, rate=0.01, epochs=10, batch_size=20, augment=None, seed=3
        )
        results.append(model.predict(images, verbose=0))
    assert np.mean(results[0].argmax(axis=1) == labels) > 0.9
    assert np.allclose(results[0], results[1], atol=1e-4)


def test_the_rate_falls_along_a_cosine_and_epochs_see_new_variants():
    images, labels = task()
    seen, rates, model = [], [], classifier()

    def variants(pictures, seed):
        seen.append(seed)
        return pictures

    def after_epoch(epoch):
        rates.append(float(model.optimizer.learning_rate))

    training.fine_tune(
        model, images, labels, rate=0.4, epochs=4, augment=variants, after_epoch=after_epoch
    )
    # 0.4 times 1, (1 + cos 45°) / 2, 1/2 and (1 - cos 45°) / 2.
    assert np.allclose(rates, [0.4, 0.341421, 0.2, 0.058579], atol=1e-5)
    assert len(set(seen)) == 4


def test_augment_moves_pictures_by_whole_pixels_as_numpy_does():
    images = np.random.default_rng(0).uniform(-1, 1, (20, 10, 10, 1)).astype("float32")
    moved = training.augment(images, 5, shift=0.2, turn=0, stretch=0, slant=0)
    # Far from the border, moving keeps the mean of a constant picture and fills with paper.
    flat = training.augment(np.ones((20, 10, 10, 1), "float32"), 5, shift=0.2, turn=0, stretch=0,
                            slant=0)  # fmt: skip
    assert np.allclose(flat[:, 4:6, 4:6], 1) and flat.min() >= -1 - 1e-6
    assert (flat.min(axis=(1, 2, 3)) < 0.99).mean() > 0.9
    assert not np.allclose(moved, images)


def test_augment_turns_in_the_direction_it_says():
    """A quarter turn of a square picture is np.rot90, whatever the resampling."""

    class Fixed:
        def normal(self, mean, spread, n):
            return np.full(n, mean + spread, float) if np.isscalar(n) else np.zeros(n)

        def uniform(self, low, high, size):
            return np.zeros(size)

    image = np.random.default_rng(1).uniform(-1, 1, (1, 9, 9, 1)).astype("float32")
    original = np.random.default_rng
    np.random.default_rng = lambda seed: Fixed()
    try:
        turned = training.augment(image, 0, shift=0, turn=90, stretch=0, slant=0)
    finally:
        np.random.default_rng = original
    inner = (slice(None), slice(1, -1), slice(1, -1))
    quarter = [np.rot90(image, k, axes=(1, 2)) for k in (1, 3)]
    assert any(np.allclose(turned[inner], q[inner], atol=1e-4) for q in quarter)


def test_augment_repeats_with_its_seed():
    images = np.random.default_rng(0).uniform(-1, 1, (4, 8, 8, 3)).astype("float32")
    first, again, other = (training.augment(images, seed) for seed in (1, 1, 2))
    assert first.shape == images.shape and first.dtype == np.float32 and first.flags.writeable
    assert np.array_equal(first, again) and not np.allclose(first, other)
