"""Training further: what is refused, what changed, and what is learned."""

import keras
import numpy as np
import pytest

from tlhelpers.networks import pixel_range, surgery, table
from tlhelpers.transfer import augmentation, fine_tuning, metrics


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
    fine_tuning.check_training(classifier(), *task())


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda x, y: (x, y + 1), "between 0 and 2; got 1 to 3.*write labels - 1"),
        (lambda x, y: (x, y - 1), "between 0 and 2; got -1 to 1"),
        (lambda x, y: (x[:-1], y), "labels must have 59 numbers.*got 60"),
        (lambda x, y: (x, np.eye(3)[y]), r"argmax\(axis=1\)"),
        (lambda x, y: (x, y.astype(float)), r"labels.astype\(int\)"),
        (lambda x, y: (x[:, :5], y), r"\(n, 6, 6, 1\); got \(60, 5, 6, 1\)"),
        (lambda x, y: (x[..., 0], y), r"got \(60, 6, 6\)"),
        (lambda x, y: (x[:0], y[:0]), "at least 1 rows; got 0"),
        (lambda x, y: (x * np.nan, y), "not finite.* 60 of 60"),
        (lambda x, y: (x, y[:, None]), r"labels.ravel\(\)"),
    ],
)
def test_what_does_not_fit_is_refused(spoil, message):
    with pytest.raises(ValueError, match=message):
        fine_tuning.check_training(classifier(), *spoil(*task()))


def test_training_without_compiling_is_refused():
    model = keras.Sequential([keras.Input((6, 6, 1)), keras.layers.Flatten()])
    with pytest.raises(ValueError, match="not compiled"):
        fine_tuning.check_training(model, *task())


def test_unfreezing_without_compiling_again_is_noticed():
    model = classifier()
    surgery.freeze(model.get_layer("conv"))
    with pytest.raises(ValueError, match="1 layers were .*such as conv.*compile again"):
        fine_tuning.fine_tune(model, *task(), augment=None)
    model.compile("adam", "sparse_categorical_crossentropy")
    fine_tuning.check_training(model, *task())


def test_keras_ignores_unfreezing_without_compiling_again():
    """The mistake is real on the installed Keras: nothing that was frozen is trained."""
    model = classifier()
    surgery.freeze(model.get_layer("conv"))
    model.compile("adam", "sparse_categorical_crossentropy")
    images, labels = task()
    model.fit(images, labels, verbose=0)
    before = model.get_weights()
    model.get_layer("conv").trainable = True
    model.fit(images, labels, verbose=0)
    assert "conv" not in [layer.name for layer in fine_tuning.changed_layers(model, before)]


def test_an_untrained_head_is_noticed_and_a_trained_one_is_not():
    model = classifier()
    with pytest.raises(ValueError, match="'head' looks untrained"):
        fine_tuning.check_head(model)
    fine_tuning.fine_tune(model, *task(), epochs=1, augment=None)
    fine_tuning.check_head(model)


def test_changed_layers_names_exactly_the_layers_that_changed():
    model = classifier()
    before = model.get_weights()
    assert fine_tuning.changed_layers(model, before) == []
    model.get_layer("norm").moving_mean.assign(np.ones(4))
    assert [layer.name for layer in fine_tuning.changed_layers(model, before)] == ["norm"]
    with pytest.raises(ValueError, match="another network"):
        fine_tuning.changed_layers(classifier(classes=4), before)


def test_train_head_gives_the_answers_of_logistic_regression():
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    for classes in (2, 3):
        labels = np.arange(90) % classes
        rows = rng.normal(size=(90, 5)) + labels[:, None] * np.array([1, -1, 0, 2, 0])
        head = keras.layers.Dense(classes, "softmax")
        head.build((None, 5))
        fine_tuning.train_head(head, rows, labels)
        wanted = LogisticRegression(max_iter=1000).fit(rows, labels).predict_proba(rows)
        assert np.allclose(np.asarray(head(rows)), wanted, atol=1e-5)


def test_train_head_refuses_missing_and_surplus_classes():
    head = keras.layers.Dense(3)
    head.build((None, 2))
    for labels, words in (
        ([0, 1, 1, 0], "3 classes.*no example of class 2"),
        ([0, 1, 2, 3], "between 0 and 2; got 0 to 3"),
    ):
        with pytest.raises(ValueError, match=words):
            fine_tuning.train_head(head, np.zeros((4, 2)), np.array(labels))


def test_fine_tune_learns_and_repeats_with_its_seed():
    images, labels = task()
    results = []
    for _ in range(2):
        model = classifier()
        fine_tuning.fine_tune(
            model,
            images,
            labels,
            learning_rate=0.01,
            epochs=10,
            batch_size=20,
            augment=None,
            seed=3,
        )
        results.append(model.predict(images, verbose=0))
    assert np.mean(results[0].argmax(axis=1) == labels) > 0.9
    assert np.allclose(results[0], results[1], atol=1e-4)


def test_the_learning_rate_falls_along_a_cosine_and_epochs_see_new_augmentations():
    images, labels = task()
    seen, rates, model = [], [], classifier()

    def augment(pictures, seed):
        seen.append(seed)
        return pictures

    def after_epoch(epoch):
        rates.append(float(model.optimizer.learning_rate))

    fine_tuning.fine_tune(
        model, images, labels, learning_rate=0.4, epochs=4, augment=augment, after_epoch=after_epoch
    )
    # 0.4 times 1, (1 + cos 45°) / 2, 1/2 and (1 - cos 45°) / 2.
    assert np.allclose(rates, [0.4, 0.341421, 0.2, 0.058579], atol=1e-5)
    assert len(set(seen)) == 4


def test_random_affine_moves_pictures_by_whole_pixels_as_numpy_does():
    images = np.random.default_rng(0).uniform(-1, 1, (20, 10, 10, 1)).astype("float32")
    moved = augmentation.random_affine(images, 5, shift=0.2, turn=0, stretch=0, slant=0)
    # Far from the border, moving keeps the mean of a constant picture and fills with paper.
    white = np.ones((20, 10, 10, 1), "float32")
    flat = augmentation.random_affine(white, 5, shift=0.2, turn=0, stretch=0, slant=0)
    assert np.allclose(flat[:, 4:6, 4:6], 1) and flat.min() >= -1 - 1e-6
    assert (flat.min(axis=(1, 2, 3)) < 0.99).mean() > 0.9
    assert not np.allclose(moved, images)


def test_random_affine_turns_in_the_direction_it_says():
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
        turned = augmentation.random_affine(image, 0, shift=0, turn=90, stretch=0, slant=0)
    finally:
        np.random.default_rng = original
    inner = (slice(None), slice(1, -1), slice(1, -1))
    quarter = [np.rot90(image, k, axes=(1, 2)) for k in (1, 3)]
    assert any(np.allclose(turned[inner], q[inner], atol=1e-4) for q in quarter)


def test_random_affine_repeats_with_its_seed():
    images = np.random.default_rng(0).uniform(-1, 1, (4, 8, 8, 3)).astype("float32")
    first, again, other = (augmentation.random_affine(images, seed) for seed in (1, 1, 2))
    assert first.shape == images.shape and first.dtype == np.float32 and first.flags.writeable
    assert np.array_equal(first, again) and not np.allclose(first, other)


def test_mixing_in_takes_as_many_of_the_source_in_every_epoch():
    images, labels = task(30)
    source = np.full((200, 6, 6, 1), 7, "float32"), np.zeros(200, int)
    source[0][:, 0, 0, 0] = np.arange(200)  # told apart by their first pixel
    epochs = []

    def augment(pictures, seed):
        epochs.append(pictures)
        return pictures

    fine_tuning.fine_tune(
        classifier(), images, labels, epochs=3, batch_size=12, augment=augment, mix=source, seed=1
    )
    kinds = [(pictures[:, 1, 1, 0] == 7).sum() for pictures in epochs]
    # 30 and 30, in five batches of 12.
    assert kinds == [30, 30, 30] and [len(pictures) for pictures in epochs] == [60, 60, 60]
    drawn = [{int(p[0, 0, 0]) for p in pictures if p[1, 1, 0] == 7} for pictures in epochs]
    assert len(drawn[0] | drawn[1] | drawn[2]) > 50  # others each time


def test_what_is_mixed_in_is_checked_too():
    with pytest.raises(ValueError, match="between 0 and 2; got 0 to 5"):
        fine_tuning.fine_tune(classifier(), *task(), mix=(task(6)[0], np.arange(6)))


def test_blend_weights_goes_part_of_the_way():
    before, after = [np.array([0.0, 4.0]), np.array(1.0)], [np.array([2.0, 0.0]), np.array(3.0)]
    for share, wanted in ((0, before), (1, after), (0.25, [[0.5, 3.0], 1.5])):
        found = fine_tuning.blend_weights(before, after, share)
        assert all(np.allclose(a, b) for a, b in zip(found, wanted, strict=True))
    with pytest.raises(ValueError, match="two different networks"):
        fine_tuning.blend_weights(before, after[:1])


def colour_network(*first):
    model = keras.Sequential(
        [keras.Input((4, 4, 3)), *first, keras.layers.Flatten(), keras.layers.Dense(2, "softmax")]
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


@pytest.mark.parametrize(
    ("layer", "low", "high", "message"),
    [
        (None, 0, 255, "unprepared.*lab.preprocess"),
        (None, -124, 152, None),  # the widest range in Keras Applications
        (None, -1, 1, None),
        (None, 0, 1, None),
        (None, 0, np.nan, "not finite"),
        (keras.layers.Rescaling(1 / 255), 0, 1, "rescales pixels by itself.*as they were"),
        (keras.layers.Rescaling(1 / 255), 0, 255, None),
        (keras.layers.Rescaling(1 / 127.5, offset=-1), -1, 1, "rescales pixels by itself"),
        (keras.layers.Rescaling(2, offset=-1), 0, 1, None),  # wants 0 to 1, and gets it
        (keras.layers.Normalization(mean=[120.0] * 3, variance=[9.0] * 3), 0, 1, "by itself"),
        (keras.layers.Normalization(mean=[0.5] * 3, variance=[0.1] * 3), 0, 1, None),
    ],
)
def test_pixels_of_another_range_than_the_network_wants_are_refused(layer, low, high, message):
    images = np.linspace(low, high, 96).reshape(2, 4, 4, 3)
    model = colour_network(*([layer] if layer else []))
    if message is None:
        fine_tuning.check_training(model, images, np.array([0, 1]))
    else:
        with pytest.raises(ValueError, match=message):
            fine_tuning.check_training(model, images, np.array([0, 1]))


@pytest.mark.parametrize(
    "first",
    [
        keras.layers.BatchNormalization(),
        keras.layers.Lambda(lambda x: x / 255),
        lambda x: x / 255,
        keras.applications.mobilenet_v2.preprocess_input,
    ],
)
def test_a_network_that_prepares_pixels_by_itself_takes_them_as_they_are(first):
    inputs = keras.Input((32, 32, 3))
    body = keras.applications.MobileNetV2(
        weights=None, input_shape=(32, 32, 3), include_top=False, alpha=0.35, pooling="avg"
    )
    model = keras.Model(inputs, keras.layers.Dense(2, "softmax")(body(first(inputs))))
    model.compile("sgd", "sparse_categorical_crossentropy")
    images, labels = np.linspace(0, 255, 6144).reshape(2, 32, 32, 3), np.array([0, 1])
    fine_tuning.check_training(model, images, labels)


def test_a_model_compiled_without_a_loss_is_told_so():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, "softmax")])
    model.compile("sgd")
    with pytest.raises(ValueError, match="compiled without a loss"):
        fine_tuning.check_training(model, np.eye(4), np.array([0, 1, 0, 1]))


@pytest.mark.parametrize("loss", ["kl_divergence", "huber", ["mse"], "categorical_hinge"])
def test_losses_that_want_other_labels_are_refused(loss):
    model = colour_network()
    model.compile("sgd", loss)
    with pytest.raises(ValueError, match="class numbers want 'sparse_categorical_crossentropy'"):
        fine_tuning.check_training(model, np.zeros((2, 4, 4, 3)), np.array([0, 1]))


def test_logits_are_found_at_the_end_of_a_network_in_a_network():
    head = keras.Sequential([keras.Input((48,)), keras.layers.Dense(2)])
    flat = [keras.Input((4, 4, 3)), keras.layers.Flatten()]
    model = keras.Sequential([*flat, head])
    model.compile("sgd", "sparse_categorical_crossentropy")
    images, labels = np.ones((2, 4, 4, 3)), np.array([0, 1])
    with pytest.raises(ValueError, match="gives logits"):
        fine_tuning.check_training(model, images, labels)
    assert metrics.probabilities(model, images).sum(axis=1) == pytest.approx(1)
    softmax = keras.Sequential([*flat, keras.layers.Dense(2), keras.layers.Softmax()])
    softmax.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    with pytest.raises(ValueError, match="gives probabilities"):
        fine_tuning.check_training(softmax, images, labels)


@pytest.mark.parametrize(
    ("shape", "call"), [((2, 4, 4), "[..., None]"), ((2, 4, 4, 1), "images, 3")]
)
def test_grey_images_for_a_colour_network_come_with_the_call_that_helps(shape, call):
    images = np.zeros(shape)
    with pytest.raises(ValueError, match="grey") as caught:
        fine_tuning.check_training(colour_network(), images, np.array([0, 1]))
    assert call in str(caught.value)
    advice = str(caught.value).split("give ")[1].rstrip(".")
    fine_tuning.check_training(
        colour_network(), eval(advice, {"np": np, "images": images}), np.array([0, 1])
    )


def test_fine_tuning_leaves_every_batchnorm_layer_as_it_was():
    """The right way (each layer frozen) changes none; `training=False` does not keep them."""
    images, labels = task()
    for right in (True, False):
        inner = classifier()
        body = keras.Model(inner.inputs, inner.layers[-2].output)
        body.trainable = True
        inputs = keras.Input((6, 6, 1))
        outputs = keras.layers.Dense(3, "softmax")(body(inputs, training=False))
        model = keras.Model(inputs, outputs)
        if right:
            surgery.unfreeze(model)
        model.compile("adam", "sparse_categorical_crossentropy")
        before = model.get_weights()
        fine_tuning.fine_tune(model, images, labels, epochs=1, augment=None)
        names = [layer.name for layer in fine_tuning.changed_layers(model, before)]
        assert "conv" in names
        assert ("norm" in names) is not right


# What the loss, the network and the pixels say -----------------------------------------


@pytest.mark.parametrize(
    "head, loss, words",
    [
        ("softmax", "categorical_crossentropy", "sparse_categorical_crossentropy"),
        ("softmax", keras.losses.CategoricalCrossentropy(), "sparse_categorical_crossentropy"),
        ("softmax", keras.losses.mean_squared_error, "sparse_categorical_crossentropy"),
        ("softmax", None, "sparse_categorical_crossentropy"),
        (None, "sparse_categorical_crossentropy", r"gives logits.*from_logits=True\)"),
        (None, keras.losses.SparseCategoricalCrossentropy(), r"from_logits=True\)"),
        ("softmax", keras.losses.SparseCategoricalCrossentropy(True), r"from_logits=False\)"),
        (None, keras.losses.SparseCategoricalCrossentropy(True), None),
        ("softmax", keras.losses.SparseCategoricalCrossentropy(), None),
        ("softmax", lambda wanted, found: found, None),  # one's own: nobody can say
    ],
)
def test_a_loss_that_does_not_belong_to_labels_and_head(head, loss, words):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, head)])
    model.compile("sgd", loss)
    if words is None:
        fine_tuning.check_training(model, np.eye(4), np.array([0, 1, 2, 0]))
    else:
        with pytest.raises(ValueError, match=words):
            fine_tuning.check_training(model, np.eye(4), np.array([0, 1, 2, 0]))


def test_one_output_is_refused_with_the_way_out():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, "sigmoid", name="one")])
    model.compile("adam", "binary_crossentropy")
    head, labels = model.layers[-1], np.array([0, 1, 0, 1])
    for call in (
        lambda: fine_tuning.check_training(model, np.eye(4), labels),
        lambda: fine_tuning.train_head(head, np.eye(4), labels),
        lambda: fine_tuning.check_head(model),
    ):
        with pytest.raises(ValueError, match=r'one output.*Dense\(2, "softmax"\)'):
            call()


def first_layers(*names):
    """A stand-in for a network of Keras Applications: what it is known by are these names."""
    layers = [keras.layers.Conv2D(3, 1, name="first")]
    layers += [keras.layers.Activation("linear", name=name) for name in names]
    inner = keras.Sequential([keras.Input((4, 4, 3)), *layers])
    return keras.Sequential([keras.Input((4, 4, 3)), inner])


KNOWN = {
    "MobileNet": ["conv1_relu", "conv_dw_1"],
    "MobileNetV2": ["Conv1_relu", "expanded_conv_depthwise"],
    "ResNet50": ["conv1_conv", "conv1_bn", "conv2_block1_add"],
    "DenseNet121": ["conv1_conv", "conv1_bn", "conv2_block1_concat"],
    "VGG16": ["block1_conv2", "block1_pool"],
}


@pytest.mark.parametrize(
    "name, low, high, scale, right",
    [
        *[(name, 0, 1, None, False) for name in KNOWN],
        *[(name, -120, 150, None, name in ("ResNet50", "VGG16")) for name in KNOWN],
        ("MobileNetV2", -1, 1, None, True),
        ("ResNet50", -1, 1, None, False),
        ("DenseNet121", -2.1, 2.6, None, True),
        ("MobileNetV2", 0, 255, (1 / 255, 0), False),  # the layer makes 0 to 1 of them
        ("MobileNetV2", 0, 255, (1 / 127.5, -1), True),
        ("MobileNetV2", 0, 0, None, True),  # black, or nothing can be said
    ],
)
def test_a_known_network_gets_pixels_of_its_range(name, low, high, scale, right):
    images = np.linspace(low, high, 96, dtype="float32").reshape(2, 4, 4, 3)
    scaler = [keras.layers.Rescaling(scale[0], offset=scale[1])] if scale else []
    model = colour_network(*scaler, first_layers(*KNOWN[name]))
    if right:
        return fine_tuning.check_training(model, images, np.array([0, 1]))
    with pytest.raises(ValueError, match="want values from .*preprocess"):
        fine_tuning.check_training(model, images, np.array([0, 1]))


def test_bright_pictures_are_a_warning_only():
    images = np.linspace(0.2, 0.9, 96, dtype="float32").reshape(2, 4, 4, 3)
    model = colour_network(first_layers(*KNOWN["MobileNetV2"]))
    with pytest.warns(UserWarning, match="MobileNetV2 and its kin want values from -1 to 1"):
        fine_tuning.check_training(model, images, np.array([0, 1]))


def test_pixels_that_are_rescaled_twice_are_noticed():
    scalers = [keras.layers.Rescaling(1 / 255, name=name) for name in ("mine", "theirs")]
    images = np.linspace(0, 255, 96, dtype="float32").reshape(2, 4, 4, 3)
    with pytest.raises(ValueError, match="twice, in its layers mine and theirs"):
        fine_tuning.check_training(colour_network(*scalers), images, np.array([0, 1]))


def test_the_networks_of_keras_are_known_by_their_layers():
    found = {}
    for row in table.ARCHITECTURES.values():
        if row.name in SMALL:
            whole = getattr(keras.applications, row.name)(
                weights=None, include_top=False, input_shape=(75, 75, 3)
            )
            names = {layer.name for layer in surgery.all_layers(whole)}
            found[row.name] = [m for m, some in pixel_range._KNOWN_BY.items() if some <= names]
    assert found == SMALL


SMALL = {
    "DenseNet121": ["densenet"],
    "EfficientNetB0": ["efficientnet_lite", "efficientnet"],  # two: not compared
    "InceptionResNetV2": ["inception_resnet_v2"],
    "InceptionV3": ["inception_v3"],
    "MobileNet": ["mobilenet"],
    "MobileNetV2": ["mobilenet_v2"],
    "MobileNetV3Small": [],
    "NASNetMobile": ["nasnet"],
    "ResNet50": ["resnet"],
    "ResNet50V2": ["resnet_v2"],
    "VGG16": ["vgg16"],
    "Xception": ["xception"],
}


# Arguments ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [
        {"learning_rate": np.nan},
        {"learning_rate": np.inf},
        {"learning_rate": 0},
        {"epochs": 0},
        {"epochs": -1},
        {"epochs": 10**30},
        {"batch_size": 0},
        {"seed": -1},
        {"seed": 1.5},
        {"augment": 3},
        {"mix": 3},
    ],
)
def test_settings_that_make_no_sense_change_nothing(settings):
    model = classifier()
    before = model.get_weights()
    with pytest.raises((ValueError, TypeError), match=f"{[*settings][0]} must be"):
        fine_tuning.fine_tune(model, *task(), **({"epochs": 1} | settings))
    assert not fine_tuning.changed_layers(model, before)


def test_lists_and_tensors_are_trained_on(uncompiled):
    images, labels = task(6)
    for given in (list(images), keras.ops.convert_to_tensor(images)):
        model = classifier()
        before = model.get_weights()
        with uncompiled():
            fine_tuning.fine_tune(model, given, labels.tolist(), epochs=1, augment=None)
        assert fine_tuning.changed_layers(model, before)


def test_an_augment_that_works_in_place_leaves_the_pictures_alone(uncompiled):
    images, labels = task(6)
    before = images.copy()

    def darker(shown, seed):
        shown *= 0.5
        return shown

    with uncompiled():
        fine_tuning.fine_tune(classifier(), images, labels, epochs=1, augment=darker)
    assert np.array_equal(images, before)
    for wrong in (lambda x, seed: x[:2], lambda x, seed: x * np.nan, lambda x, seed: None):
        with pytest.raises((ValueError, TypeError), match="augment"):
            fine_tuning.fine_tune(classifier(), images, labels, epochs=1, augment=wrong)


def test_a_loss_that_is_no_number_stops_the_training(uncompiled):
    model = classifier()
    model.set_weights([w * np.nan for w in model.get_weights()])
    with uncompiled(), pytest.raises(FloatingPointError, match="nan in epoch 1 of 5"):
        fine_tuning.fine_tune(model, *task(6), epochs=5, augment=None)


def test_heads_and_features_that_do_not_fit():
    head = keras.layers.Dense(2)
    rows, labels = np.eye(4), np.array([0, 1, 0, 1])
    with pytest.raises(ValueError, match="not built for 4 features"):
        fine_tuning.train_head(head, rows, labels)
    head.build((None, 4))
    with pytest.raises(ValueError, match="features has values that are not finite"):
        fine_tuning.train_head(head, rows * np.nan, labels)
    with pytest.raises(TypeError, match="head must be a layer Dense; got Flatten"):
        fine_tuning.train_head(keras.layers.Flatten(), rows, labels)
    free = keras.layers.Dense(2, use_bias=False)
    free.build((None, 4))
    fine_tuning.train_head(free, rows, labels)
    assert (rows @ free.get_weights()[0]).argmax(axis=1).tolist() == labels.tolist()


def test_weights_that_cannot_be_blended_or_compared():
    with pytest.raises(ValueError, match="share must be a number"):
        fine_tuning.blend_weights([np.zeros(1)], [np.ones(1)], np.nan)
    for call in (
        lambda: fine_tuning.blend_weights(None, [np.ones(1)]),
        lambda: fine_tuning.changed_layers(classifier(), None),
    ):
        with pytest.raises(TypeError, match="what model.get_weights"):
            call()
    with pytest.raises(TypeError, match="network of Keras; got None"):
        fine_tuning.check_head(None)


# Augmentation ------------------------------------------------------------------------


def test_pictures_of_bytes_become_float32():
    found = augmentation.random_affine(np.full((2, 8, 8, 3), 100, np.uint8), 0, paper=255)
    assert found.dtype == np.float32 and 100 <= found.min() and found.max() <= 255
    with pytest.raises(ValueError, match="0 to 255.*paper is 0 and ink 1"):
        augmentation.random_warp(
            np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1), np.random.default_rng(0)
        )


@pytest.mark.parametrize("paper, ink", [(0, 255), (1, -1), (255, 0), (-1, 1)])
def test_warped_pictures_are_the_same_in_every_range(paper, ink):
    plain = np.random.default_rng(1).random((3, 8, 8, 1), "float32")
    wanted = augmentation.random_warp(plain, np.random.default_rng(0))
    given = paper + (ink - paper) * plain
    found = augmentation.random_warp(given, np.random.default_rng(0), paper=paper, ink=ink)
    noise = found - (paper + (ink - paper) * wanted)
    # Noise is as strong as the range; where the range is turned round, so it is.
    limit = 1e-5 if ink > paper else 0.6
    assert np.abs(noise).max() < limit * abs(ink - paper)
    quiet = augmentation.random_warp(given, np.random.default_rng(0), 0, paper=paper, ink=ink)
    assert np.allclose(quiet, given, atol=1e-3)
    empty = np.full((50, 8, 8, 1), paper, "float32")
    found = augmentation.random_warp(empty, np.random.default_rng(0), paper=paper, ink=ink)
    assert found.mean() == pytest.approx(paper, abs=0.005 * abs(ink - paper))
    assert found.std() == pytest.approx(0.05 * abs(ink - paper), rel=0.05)


@pytest.mark.parametrize(
    "change", [{"turn": np.nan}, {"shift": -1}, {"paper": np.inf}, {"seed": -1}, {"slant": "a"}]
)
def test_an_augmentation_that_makes_no_sense(change):
    images = np.zeros((1, 8, 8, 1), "float32")
    with pytest.raises((ValueError, TypeError), match=f"{[*change][0]} must be a"):
        augmentation.random_affine(images, **({"seed": 0} | change))
    with pytest.raises(ValueError, match=r"must have the shape \(n, any, any, any\)"):
        augmentation.random_affine(images[0], 0)
    with pytest.raises(ValueError, match="strength must be a number"):
        augmentation.random_warp(images, np.random.default_rng(0), np.nan)
    with pytest.raises(TypeError, match="rng must be a generator"):
        augmentation.random_warp(images, 3)
