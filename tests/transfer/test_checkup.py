"""The check-up: each mistake is named, as people make it, and its repaired form is not."""

import random

import keras
import numpy as np
import pytest
import tensorflow as tf
from check_subjects import (
    backbone,
    compiled,
    data,
    frozen,
    pair,
    pictures,
    seem_trained,
    sides,
    with_head,
)
from PIL import Image

import tlhelpers as tl
from tlhelpers.networks import surgery

layers, applications = keras.layers, keras.applications
tf_mode = applications.mobilenet_v2.preprocess_input


def small(classes=3, activation="softmax", side=32):
    """A new network that scales pixels by itself."""
    return keras.Sequential(
        [
            keras.Input((side, side, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(4, 3),
            layers.GlobalAveragePooling2D(),
            layers.Dense(classes, activation),
        ]
    )


@pytest.fixture(scope="module")
def mobilenet():
    """A frozen backbone that wants -1 to 1, under a head."""
    return compiled(with_head(frozen(backbone("MobileNetV2", pooling="avg"))))


@pytest.fixture(scope="module")
def resnet():
    """One that wants blue first, less the mean colour of ImageNet."""
    return compiled(with_head(frozen(backbone("ResNet50", pooling="avg"))))


@pytest.fixture(scope="module")
def scaling():
    """One that rescales by itself."""
    return compiled(with_head(frozen(backbone("MobileNetV3Small", pooling="avg"))))


def names(model, **given):
    return tl.checkup(model, **(sides() | given)).names


# ------------------------------------------------------------------ pixels


@pytest.mark.parametrize(
    ("prepare", "wanted"),
    [
        (tf_mode, set()),
        (lambda x: x / 127.5 - 1, set()),
        (None, {"range"}),
        (lambda x: x / 255, {"range"}),
        (lambda x: tf_mode(tf_mode(x.astype("float32"))), {"prepared_twice"}),
        (lambda x: tf_mode(x[..., ::-1]), {"channel_order"}),
    ],
)
def test_pixels_into_a_network_that_wants_minus_one_to_one(mobilenet, prepare, wanted):
    assert names(mobilenet, preprocess=prepare) == wanted


def caffe(x):
    return applications.resnet50.preprocess_input(x)


@pytest.mark.parametrize(
    ("prepare", "wanted"),
    [
        (caffe, set()),
        (lambda x: caffe(x.astype("float32")), set()),
        (lambda x: x / 255, {"range"}),
        (lambda x: tf_mode(x), {"range"}),
        (lambda x: caffe(caffe(x.astype("float32"))), {"prepared_twice"}),
        (lambda x: caffe(x[..., ::-1]), {"channel_order"}),
        (lambda x: caffe(x)[..., ::-1], {"channel_order"}),
    ],
)
def test_pixels_into_a_network_that_wants_blue_first(resnet, prepare, wanted):
    assert names(resnet, preprocess=prepare) == wanted


def test_the_order_of_colours_is_seen_in_pixels_that_are_prepared_already(resnet):
    ready = {name: (caffe(x), y) for name, (x, y) in sides().items()}
    assert tl.checkup(resnet, **ready).names == set()
    turned = {name: (caffe(x)[..., ::-1], y) for name, (x, y) in sides().items()}
    assert tl.checkup(resnet, **turned).names == {"channel_order"}


@pytest.mark.parametrize(
    ("prepare", "wanted"),
    [
        (None, set()),
        (lambda x: x.astype("float32"), set()),
        (lambda x: x / 255, {"range"}),
        (tf_mode, {"prepared_twice"}),
        (caffe, {"prepared_twice"}),
    ],
)
def test_pixels_into_a_network_that_rescales(scaling, prepare, wanted):
    assert names(scaling, preprocess=prepare) == wanted


def test_two_layers_that_rescale():
    base = frozen(backbone("MobileNetV3Small", pooling="avg"))
    model = compiled(with_head(base, before=[layers.Rescaling(1 / 255)]))
    assert names(model) == {"prepared_twice"}


def test_a_division_in_the_data_is_seen_without_a_function(mobilenet):
    divided = {name: ((x / 255).astype("float32"), y) for name, (x, y) in sides().items()}
    assert tl.checkup(mobilenet, **divided).names == {"range"}
    whole = {name: data(*both) for name, both in divided.items()}
    assert tl.checkup(mobilenet, **whole).names == {"range"}


def test_only_the_test_is_not_prepared(mobilenet):
    both = sides()
    found = tl.checkup(mobilenet, (tf_mode(both["train"][0]), both["train"][1]), both["test"])
    assert found.names == {"range"}
    assert "test" in found.findings[0].seen


def test_an_unknown_network_without_rescaling():
    model = keras.Sequential(small().layers[1:])
    model.build((None, 32, 32, 3))
    assert names(compiled(model)) == {"range"}
    assert names(compiled(model), preprocess=lambda x: x / 255) == set()


def test_grey_pictures_as_one_colour_of_three(mobilenet):
    grey = pictures(60, colours=1, seed=1)
    empty = np.concatenate([grey, np.zeros_like(grey), np.zeros_like(grey)], axis=-1)
    labels = np.arange(60) % 3
    given = dict(train=(empty, labels), test=pair(30, seed=2), preprocess=tf_mode)
    assert tl.checkup(mobilenet, **given).names == {"grey"}


# ------------------------------------------------------------------ files


def photographs(folder, turned=()):
    """Write a few files as a phone does: some lie on their side, with a note to turn them."""
    files = []
    for number, image in enumerate(pictures(24, seed=1)):
        file = folder / "ab"[number % 2] / f"{number:02}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        note, picture = Image.Exif(), Image.fromarray(image)
        if number in turned:
            note[0x0112] = 6
            picture = picture.transpose(Image.Transpose.ROTATE_90)
        picture.save(file, exif=note, quality=95)
        files.append(file)
    return files


def test_photographs_that_lie_on_their_side(tmp_path):
    model = compiled(small())
    files = photographs(tmp_path, turned=(3, 4))
    labels, test = np.arange(24) % 2, pair(30, seed=2)
    by_keras = np.stack([np.asarray(keras.utils.load_img(file)) for file in files])
    shown = tl.image_files.load_images(files, 32, progress=False)
    given = dict(test=test, files=files)
    assert tl.checkup(model, (by_keras, labels), **given).names == {"exif"}
    assert tl.checkup(model, (shown, labels), **given).names == set()
    assert tl.checkup(model, (by_keras, labels), test).names == set()
    assert tl.checkup(model, read_folder(tmp_path), test).names == {"exif"}
    shuffled = keras.utils.image_dataset_from_directory(
        tmp_path, image_size=(32, 32), seed=3, verbose=False
    )
    assert tl.checkup(model, shuffled.cache(), test).names == {"exif"}


def test_a_folder_of_photographs_that_are_upright(tmp_path):
    photographs(tmp_path)
    found = tl.checkup(compiled(small()), read_folder(tmp_path), pair(30, seed=2))
    assert found.names == set()
    assert "exif" not in {item.name for item in found.not_seen}


def test_arrays_with_blue_first_are_compared_with_their_files(tmp_path, mobilenet):
    files = photographs(tmp_path)
    images, labels = tl.image_files.load_images(files, 32, progress=False), np.arange(24) % 2
    given = dict(test=pair(30, seed=2), files=files, preprocess=tf_mode)
    assert tl.checkup(mobilenet, (images, labels), **given).names == set()
    assert tl.checkup(mobilenet, (images[..., ::-1], labels), **given).names == {"channel_order"}
    with pytest.raises(ValueError, match="files"):
        tl.checkup(mobilenet, (images[1:], labels[1:]), **given)


# ------------------------------------------------------------------ training


@pytest.fixture
def trainable():
    """A pretrained network that learns as a whole, with a head that is trained."""
    base = seem_trained(pretrained_part())
    return base, with_head(base, before=[layers.Rescaling(1 / 127.5, -1)])


def pretrained_part():
    """As many networks begin: convolutions without a bias, and BatchNormalization."""
    base = keras.Sequential([keras.Input((32, 32, 3))])
    for width in (4, 8):
        base.add(layers.Conv2D(width, 3, strides=2, use_bias=False))
        base.add(layers.BatchNormalization())
        base.add(layers.ReLU())
    base.add(layers.GlobalAveragePooling2D())
    return base


def test_statistics_and_rate(trainable):
    base, model = trainable
    assert names(compiled(model, 1e-3)) == {"statistics", "rate"}
    assert names(compiled(model, 1e-5)) == {"statistics"}
    surgery.unfreeze(base)
    assert names(compiled(model, 1e-3)) == {"rate"}
    assert names(compiled(model, 1e-5)) == set()
    surgery.freeze(base)
    assert names(compiled(model, 1e-3)) == set()


def test_the_rate_of_other_optimizers(trainable):
    base, model = trainable
    surgery.unfreeze(base)
    schedule = keras.optimizers.schedules
    loss = "sparse_categorical_crossentropy"
    for optimizer, wanted in [
        (keras.optimizers.SGD(1e-2), set()),
        (keras.optimizers.SGD(0.5), {"rate"}),
        (keras.optimizers.Adam(schedule.CosineDecay(1e-4, 100)), set()),
        (
            keras.optimizers.Adam(
                schedule.CosineDecay(0.0, 100, warmup_target=1e-2, warmup_steps=10)
            ),
            {"rate"},
        ),
        (keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(1e-2)), {"rate"}),
        (keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(1e-2)), set()),
    ]:
        model.compile(optimizer, loss)
        assert names(model) == wanted, optimizer


def test_a_new_head_on_a_network_that_is_trained_with_it(trainable):
    base, model = trainable
    model.layers[-1].bias.assign(np.zeros(3))
    surgery.unfreeze(base)
    assert names(compiled(model, 1e-5)) == {"untrained_head"}
    surgery.freeze(base)
    assert names(compiled(model, 1e-5)) == set()


def test_after_a_fit_it_is_said_that_one_cannot_tell(trainable):
    _, model = trainable
    compiled(model, 1e-3).fit(*pair(16), epochs=1, verbose=0)
    found = tl.checkup(model, **sides())
    assert not {"rate", "statistics", "untrained_head"} & found.names
    assert {"rate", "statistics"} <= {item.name for item in found.not_seen}
    assert any("before fit" in item.why for item in found.not_seen)


@pytest.mark.parametrize("before_second_fit", [True, False])
def test_unfrozen_after_a_fit_without_compile(before_second_fit):
    base = frozen(small())
    base.layers[2].trainable = True
    model = compiled(base)
    base.trainable = True
    base.layers[1].trainable = False
    model.compile("adam", "sparse_categorical_crossentropy")
    assert names(model) == set()
    model.fit(*pair(16), epochs=1, verbose=0)
    assert names(model) == set()
    base.layers[1].trainable = True
    if not before_second_fit:
        model.fit(*pair(16), epochs=1, verbose=0)  # without a word
    assert names(model) == {"not_compiled"}
    model.compile("adam", "sparse_categorical_crossentropy")
    assert names(model) == set()


def test_unfreezing_between_compile_and_the_first_fit_does_no_harm():
    model = small()
    model.layers[1].trainable = False
    compiled(model)
    model.layers[1].trainable = True
    assert names(model) == set()


def test_a_network_built_with_training_true():
    base = small().layers
    for training, wanted in ((True, {"training_true"}), (None, set()), (False, set())):
        inputs = keras.Input((32, 32, 3))
        x = base[1](base[0](inputs))
        x = layers.BatchNormalization()(x, training=training)
        model = keras.Model(inputs, base[3](base[2](x)))
        assert names(compiled(model)) == wanted
    outer = keras.Sequential([keras.Input((32, 32, 3)), layers.RandomFlip(), model])
    assert names(compiled(outer)) == set()


def test_answers_that_are_not_those_of_the_network():
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((32, 32, 3)), layers.Rescaling(1 / 255), layers.Flatten()]
        + [layers.Dropout(0.9), layers.Dense(3, "softmax")]
    )
    compiled(model)
    test = pair(120, seed=2)
    sound = model.predict(test[0], verbose=0)
    noisy = np.asarray(model(test[0], training=True))
    given = dict(train=pair(120, seed=1), test=test)
    ok = {"flatten"}  # it has few images, and that is another matter
    model.layers[-1].trainable = False
    compiled(model)
    ok = set()
    assert tl.checkup(model, **given, answers=sound).names == ok
    assert tl.checkup(model, **given, answers=sound.argmax(axis=1)).names == ok
    assert tl.checkup(model, **given, answers=noisy).names == {"training_true"}
    mixed = sound[np.random.default_rng(0).permutation(120)]
    assert tl.checkup(model, **given, answers=mixed).names == {"shuffled_answers"}


def test_flatten_in_place_of_pooling():
    base = frozen(backbone("MobileNetV2", 96))
    inputs = keras.Input((96, 96, 3))
    for between, wanted in ((layers.Flatten(), {"flatten"}), (layers.GlobalMaxPooling2D(), set())):
        x = between(base(layers.Rescaling(1 / 127.5, -1)(inputs)))
        model = compiled(keras.Model(inputs, layers.Dense(3, "softmax")(layers.Dropout(0.2)(x))))
        found = tl.checkup(model, **sides(side=96))
        assert found.names == wanted
    assert (
        "34,560"
        in tl.checkup(
            compiled(keras.Sequential([base, layers.Flatten(), layers.Dense(3, "softmax")])),
            **sides(side=96),
            preprocess=tf_mode,
        )
        .findings[0]
        .seen
    )


@pytest.mark.parametrize("activation", ["softmax", None])
@pytest.mark.parametrize("from_logits", [True, False])
def test_logits_and_their_loss(activation, from_logits):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits)
    wanted = set() if from_logits == (activation is None) else {"logits"}
    assert names(compiled(small(activation=activation), loss=loss)) == wanted


def test_logits_with_the_usual_name_of_the_loss():
    assert names(compiled(small(activation=None))) == {"logits"}
    binary = small(1, None)
    assert names(compiled(binary, loss="binary_crossentropy"), **sides(classes=2)) == {"logits"}


def test_probabilities_by_an_operation_at_the_end():
    model = small(activation=None)
    inputs = keras.Input((32, 32, 3))
    loss = keras.losses.SparseCategoricalCrossentropy
    by_operation = keras.Model(inputs, keras.ops.softmax(model(inputs)))
    assert names(compiled(by_operation)) == set()
    assert names(compiled(by_operation, loss=loss(from_logits=True))) == {"logits"}


# ------------------------------------------------------------------ pipelines


def flipped(x, y):
    return tf.image.random_flip_left_right(tf.image.random_brightness(x, 0.2)), y


FLIP = layers.RandomFlip()


def turned(x, y):
    return FLIP(x, training=True), y


@pytest.mark.parametrize("augment", [flipped, turned])
def test_augmentation_that_is_cached(augment):
    train, test = sides().values()
    model = compiled(small())
    frozen_draw = data(*train).map(augment).cache().shuffle(4).prefetch(1)
    assert tl.checkup(model, frozen_draw, test).names == {"cached_augmentation"}
    assert tl.checkup(model, frozen_draw.repeat(), test).names == {"cached_augmentation"}
    new_draws = data(*train).cache().shuffle(4).map(augment).prefetch(1)
    assert tl.checkup(model, new_draws, test).names == set()


def test_augmentation_that_a_seed_makes_the_same_in_each_epoch():
    train, test = sides().values()
    model = compiled(small())
    keras.utils.set_random_seed(0)
    assert tl.checkup(model, data(*train).map(flipped), test).names == {"cached_augmentation"}
    assert tl.checkup(model, data(*train).map(turned), test).names == set()


@pytest.mark.parametrize("augment", [flipped, turned])
def test_a_test_that_is_augmented(augment):
    train, test = sides().values()
    model = compiled(small())
    assert tl.checkup(model, train, data(*test).map(augment)).names == {"augmented_test"}
    assert tl.checkup(model, train, data(*test).map(augment).cache()).names == {"augmented_test"}
    same = data(*test).map(lambda x, y: (FLIP(x, training=False), y))
    assert tl.checkup(model, train, same).names == set()


def test_a_test_from_a_generator_that_augments():
    train, (images, labels) = sides().values()
    rng = np.random.default_rng(0)

    def batches():
        yield images + rng.integers(0, 3, images.shape).astype(np.uint8), labels

    spec = tf.TensorSpec((None, 32, 32, 3), tf.uint8), tf.TensorSpec((None,), tf.int64)
    changing = tf.data.Dataset.from_generator(batches, output_signature=spec)
    found = tl.checkup(compiled(small()), train, changing)
    assert found.names == {"augmented_test"}, found.not_seen


def test_a_test_that_is_shuffled():
    train, test = sides().values()
    model = compiled(small())
    assert tl.checkup(model, train, data(*test).shuffle(8)).names == {"shuffled_answers"}
    once = data(*test).shuffle(8, seed=1, reshuffle_each_iteration=False)
    assert tl.checkup(model, train, once).names == set()
    assert tl.checkup(model, train, data(*test).shuffle(8).cache()).names == set()


# ------------------------------------------------------------------ sides of a split


def test_cut_by_take_and_skip_after_a_shuffle():
    train, test = sides().values()
    whole = tf.data.Dataset.from_tensor_slices(train).shuffle(60)
    rest, validation = whole.skip(20).batch(16), whole.take(20).batch(16)
    found = tl.checkup(compiled(small()), rest, test, validation=validation)
    assert found.names == {"take_skip", "shuffled_answers"}
    others = rest.map(lambda x, y: (255 - x, y))
    found = tl.checkup(compiled(small()), others, test, validation=validation)
    assert "take_skip" in found.names  # which the pixels no longer tell
    whole = tf.data.Dataset.from_tensor_slices(train)
    rest, validation = whole.skip(20).shuffle(60).batch(16), whole.take(20).batch(16)
    assert tl.checkup(compiled(small()), rest, test, validation=validation).names == set()


def test_the_same_pictures_on_two_sides():
    (images, labels), test = sides().values()
    model = compiled(small())
    mixed = np.concatenate([images[:10], test[0][:20]]), np.arange(30) % 3
    found = tl.checkup(model, (images, labels), mixed)
    assert found.names == {"take_skip"}
    assert "10 of the 30" in found.findings[0].seen


def test_the_test_as_validation():
    train, test = sides().values()
    model = compiled(small())
    assert tl.checkup(model, train, test, validation=test).names == {"test_as_validation"}
    as_data = data(*test)
    assert tl.checkup(model, train, test, validation=as_data).names == {"test_as_validation"}
    assert tl.checkup(model, train, test, validation=pair(30, seed=3)).names == set()


@pytest.mark.parametrize("change", ["noise", "brighter", "compressed"])
def test_near_copies(change, tmp_path):
    (images, labels), (others, more) = sides(n=100, side=64).values()
    copies = images[:10].copy()
    if change == "noise":
        rng = np.random.default_rng(0)
        copies = np.clip(copies + rng.normal(0, 5, copies.shape), 0, 255).astype(np.uint8)
    elif change == "brighter":
        copies = np.clip(copies * 0.8 + 40, 0, 255).astype(np.uint8)
    else:
        for number, image in enumerate(copies):
            Image.fromarray(image).save(tmp_path / "copy.jpg", quality=60)
            copies[number] = np.asarray(Image.open(tmp_path / "copy.jpg"))
    test = np.concatenate([copies, others]), np.arange(60) % 3
    model = compiled(small(side=64))
    found = tl.checkup(model, (images, labels), test)
    assert found.names == {"copies"}
    assert "10 of the 60" in found.findings[0].seen
    assert tl.checkup(model, (images, labels), (others, more)).names == set()


def test_near_copies_are_not_what_merely_looks_alike():
    rng = np.random.default_rng(0)
    one = pictures(1, 64)[0].astype(float)
    alike = np.clip(one * 0.7 + rng.normal(0, 20, (150, 64, 64, 3)), 0, 255).astype(np.uint8)
    labels = np.arange(150) % 3
    found = tl.checkup(
        compiled(small(side=64)), (alike[:100], labels[:100]), (alike[100:], labels[100:])
    )
    assert found.names == set()


def test_groups_on_both_sides():
    model = compiled(small())
    apart = (["a", "b"] * 30, ["c"] * 30)
    assert names(model, groups=apart) == set()
    assert names(model, groups=(["a", "b"] * 30, ["b"] * 30)) == {"groups"}


def test_scaled_over_train_and_test_together():
    rng = np.random.default_rng(0)
    rows = rng.normal(3, 2, (90, 6)).astype("float32")
    rows[60:] += 1
    model = keras.Sequential([keras.Input((6,)), layers.Dense(3, "softmax")])
    labels = np.arange(90) % 3
    for fitted, wanted in ((rows, {"scaled_on_all"}), (rows[:60], set())):
        ready = (rows - fitted.mean(axis=0)) / fitted.std(axis=0)
        found = tl.checkup(compiled(model), (ready[:60], labels[:60]), (ready[60:], labels[60:]))
        assert found.names == wanted
    each = [part - part.mean(axis=0) for part in (rows[:60], rows[60:])]
    each = [(part / part.std(axis=0), np.arange(len(part)) % 3) for part in each]
    assert tl.checkup(compiled(model), *each).names == set()


# ------------------------------------------------------------------ classes and judging


def test_class_names_in_another_order():
    model = compiled(small(12), loss="sparse_categorical_crossentropy")
    numbers = [str(n) for n in range(1, 13)]
    both = sides(classes=12)
    assert tl.checkup(model, **both, class_names=numbers).names == set()
    assert tl.checkup(model, **both, class_names=(numbers, numbers)).names == set()
    assert tl.checkup(model, **both, class_names=(numbers, sorted(numbers))).names == {
        "class_order"
    }


def folder(place, images, classes):
    for number, image in enumerate(images):
        file = place / classes[number % len(classes)] / f"{number:03}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(file)
    return place


def read_folder(place, **settings):
    return keras.utils.image_dataset_from_directory(
        place, image_size=(32, 32), shuffle=False, verbose=False, **settings
    )


def test_class_names_against_those_of_a_folder(tmp_path):
    train = read_folder(folder(tmp_path / "train", pictures(36, seed=1), "cab"))
    other = read_folder(folder(tmp_path / "test", pictures(20, seed=2), "ca"))
    test = read_folder(folder(tmp_path / "again", pictures(20, seed=3), "cab"))
    model = compiled(small())
    assert tl.checkup(model, train.cache(), test.prefetch(1)).names == set()
    assert tl.checkup(model, train.cache(), test, class_names="abc").names == set()
    assert tl.checkup(model, train.cache(), test, class_names="cab").names == {"class_order"}
    assert tl.checkup(model, train, other).names == {"class_order"}


def coloured(n, order, seed):
    """Pictures of three colours that anybody can tell apart."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    images = rng.integers(0, 60, (n, 32, 32, 3))
    images[np.arange(n), :, :, labels] += 190
    images[:, :2], images[:, -2:] = 0, 255
    return images.astype(np.uint8), np.asarray(order)[labels]


def test_classes_in_another_order_by_the_answers():
    model = small()
    kernel = np.zeros((3, 3, 3, 4))
    kernel[1, 1, range(3), range(3)] = 1
    model.layers[1].set_weights([kernel, np.zeros(4)])
    model.layers[-1].set_weights([np.eye(4, 3) * 50, np.full(3, 0.1)])
    model.trainable = False
    compiled(model)
    train, test = coloured(60, [0, 1, 2], 1), coloured(45, [0, 1, 2], 2)
    assert tl.checkup(model, train, test).names == set()
    for order in ([1, 2, 0], [0, 2, 1]):
        found = tl.checkup(model, train, coloured(45, order, 2))
        assert found.names == {"class_order"}


def test_classes_that_the_network_knows():
    model = compiled(small())
    given = dict(class_names=["daisy", "tulip", "rose"])
    assert names(model, **given) == set()
    assert names(model, **given, source_classes=["Daisy", "cat"]) == {"classes_in_source"}


def test_nearly_all_of_one_class():
    model = compiled(small(2))
    labels = np.zeros(60, int)
    for few, wanted in ((3, {"imbalance"}), (9, set())):
        labels[:few] = 1
        given = dict(train=pair(60, classes=2), test=(pictures(60, seed=2), labels))
        assert tl.checkup(model, **given).names == wanted


@pytest.mark.parametrize("one_hot", [False, True])
def test_labels_that_do_not_fit(one_hot):
    model = compiled(small())
    images, labels = pair()
    wrong = np.eye(3)[labels] if one_hot else labels + 1
    assert tl.checkup(model, (images, wrong), pair(30, seed=2)).names == {"labels"}


def test_a_metric_that_is_averaged_over_batches():
    def share_of_first(true, answers):
        return keras.ops.mean(keras.ops.cast(keras.ops.argmax(answers, axis=-1) == 0, "float32"))

    def each(true, answers):
        return keras.ops.cast(keras.ops.argmax(answers, axis=-1) == 0, "float32")

    model = small()
    for metric, wanted in ((share_of_first, {"batch_average"}), (each, set()), ("accuracy", set())):
        model.compile("adam", "sparse_categorical_crossentropy", metrics=[metric])
        model.fit(*pair(16), epochs=1, verbose=0)
        assert names(model) == wanted


# ------------------------------------------------------------------ what it leaves as it was


class Counts(layers.Layer):
    """A layer that counts how often it was called, also when it is asked."""

    def build(self, shape):
        self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False)

    def call(self, images):
        self.calls.assign_add(1.0)
        return images


def test_nothing_is_changed():
    base = seem_trained(pretrained_part())
    before = [Counts(), layers.RandomFlip(), layers.Rescaling(1 / 127.5, -1), layers.Dropout(0.1)]
    model = with_head(base, before=before)
    model = compiled(model, 1e-4)
    train, test = sides().values()
    model.fit(*train, epochs=1, verbose=0)

    def state():
        return (
            [np.array(w) for w in model.get_weights()],
            [np.array(v) for v in model.optimizer.variables],
            [layer.trainable for layer in surgery.walk(model)],
            [np.array(v) for v in model.variables],
            [np.array(m.result()) for m in model.metrics[:1]],
        )

    def draws():
        return (
            random.random(),
            np.random.random(),
            float(keras.random.uniform(())),
            float(tf.random.uniform(())),
        )

    earlier, images = state(), train[0].copy()
    keras.utils.set_random_seed(7)
    expected = draws()
    keras.utils.set_random_seed(7)
    tl.checkup(
        model,
        train,
        data(*test).map(flipped),
        preprocess=lambda x: x,
        answers=np.zeros(30, int),
        class_names="abc",
    )
    assert draws() == expected
    for one, other in zip(earlier, state(), strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(images, train[0])


def test_pictures_are_not_prepared_in_place(mobilenet):
    floats = {name: (x.astype("float32"), y) for name, (x, y) in sides().items()}
    before = floats["train"][0].copy()
    assert tl.checkup(mobilenet, **floats, preprocess=tf_mode).names == set()
    np.testing.assert_array_equal(floats["train"][0], before)


# ------------------------------------------------------------------ odd arguments


def test_what_is_no_network_or_no_data_is_refused():
    model, train = compiled(small()), pair()
    for wrong, kind, words in [
        ((None, train), TypeError, "network of Keras"),
        ((model, train[0]), TypeError, "pair"),
        ((model, (train[0], train[1][:5])), ValueError, "one label for each"),
        ((model, (train[0][:0], train[1][:0])), ValueError, "at least one"),
        ((model, (train[0][..., 0], train[1])), ValueError, "train"),
        ((model, train, "test"), TypeError, "test"),
        ((model, tf.data.Dataset.from_tensor_slices(train)), ValueError, "batch"),
        ((model, data(*train).take(0)), ValueError, "without an image"),
    ]:
        with pytest.raises(kind, match=words):
            tl.checkup(*wrong)
    with pytest.raises(ValueError, match="preprocess cannot be called"):
        tl.checkup(model, train, preprocess=lambda x: x.nonsense)
    with pytest.raises(TypeError, match="preprocess"):
        tl.checkup(model, train, preprocess="mobilenet")
    with pytest.raises(ValueError, match="groups"):
        tl.checkup(model, train, pair(30), groups=([1], [2] * 30))
    with pytest.raises(TypeError, match="groups"):
        tl.checkup(model, train, pair(30), groups=[1] * 60)
    with pytest.raises(ValueError, match="not finite"):
        tl.checkup(model, (np.full((4, 32, 32, 3), np.nan), np.arange(4)))
    with pytest.raises(ValueError, match="answers"):
        tl.checkup(model, train, pair(30), answers=np.zeros(29, int))
    with pytest.raises(ValueError, match="hand over test"):
        tl.checkup(model, train, answers=np.zeros(60, int))
    with pytest.raises(ValueError, match="no weights yet"):
        tl.checkup(keras.Sequential([layers.Dense(3)]), train)


def test_datasets_without_end_are_read_a_little():
    train, test = sides().values()
    found = tl.checkup(compiled(small()), data(*train).repeat(), data(*test).repeat())
    assert found.names == set()
    assert "there are more" in found.looked_at


def test_without_compile_without_labels_and_without_data():
    model = small()
    found = tl.checkup(model, pair())
    assert found.names == set()
    assert {"rate", "logits", "not_compiled", "copies"} <= {item.name for item in found.not_seen}
    images = tf.data.Dataset.from_tensor_slices(pictures(40)).batch(8)
    assert tl.checkup(compiled(small()), images, images).names == {"take_skip"}
    assert tl.checkup(compiled(small()), None).names == set()
    assert (
        tl.checkup(compiled(small()), (pictures(40), None), (pictures(9, seed=2), None)).names
        == set()
    )


def test_a_network_written_as_a_class():
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.inner = small()

        def call(self, images):
            return self.inner(images)

    model = Own()
    model(pictures(2))
    found = tl.checkup(compiled(model), **sides())
    assert found.names == set()
    whys = {item.name: item.why for item in found.not_seen}
    assert "class" in whys["range"] and "class" in whys["training_true"]


def test_it_shows_itself_as_text_and_as_a_table():
    model = compiled(small(activation=None))
    found = tl.checkup(model, **sides())
    text, html = str(found), found._repr_html_()
    assert "logits" in text and "To do" in text and "60 images of train" in text
    assert max(map(len, text.splitlines())) <= 100
    assert '<th scope="row"' in html and "<caption" in html and "<script" not in html
    assert "no proof" in str(tl.checkup(compiled(small()), **sides()))
