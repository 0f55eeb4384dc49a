"""Sound set-ups, in which the check-up must find nothing: a false alarm costs trust."""

import functools
from collections.abc import Callable

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

import tlhelpers as tl
from tlhelpers.fetching import fetch
from tlhelpers.networks import surgery

layers, applications = keras.layers, keras.applications
SOUND: dict[str, Callable[..., dict]] = {}


def sound(function: Callable[..., dict]) -> Callable[..., dict]:
    SOUND[function.__name__] = function
    return function


# ------------------------------------------------------------------ the digits lab


@functools.cache
def _digits() -> tuple:
    """The lab, the features of what is to learn from, and the weights of a trained head."""
    lab = tl.load_lab("digits")
    base = lab.backbone()
    rows = base.predict(lab.preprocess(lab.train.images), batch_size=256, verbose=0)
    head = layers.Dense(10, "softmax", name="head")
    head.build(rows.shape)
    tl.fine_tuning.train_head(head, rows, lab.train.labels)
    return lab, rows, head.get_weights()


def _digits_model() -> tuple:
    lab, _, weights = _digits()
    base = lab.backbone()
    model = keras.Sequential([base, layers.Dense(10, "softmax", name="head")])
    model.layers[-1].set_weights(weights)
    return lab, base, model


@sound
def digits_head_on_frozen_network() -> dict:
    lab, base, model = _digits_model()
    surgery.freeze(base)
    names = ([str(n) for n in range(10)], [str(n) for n in range(10)])
    return dict(
        model=compiled(model),
        train=lab.train,
        test=lab.test,
        preprocess=lab.preprocess,
        class_names=names,
    )


@sound
def digits_fine_tuned() -> dict:
    lab, base, model = _digits_model()
    surgery.unfreeze(base)
    compiled(model, 1e-4)
    learn = lab.preprocess(lab.train.images[:64]), lab.train.labels[:64]
    model.fit(*learn, epochs=1, verbose=0)
    test = lab.preprocess(lab.test.images[:300]), lab.test.labels[:300]
    answers = model.predict(test[0], batch_size=256, verbose=0)
    train = lab.preprocess(lab.train.images), lab.train.labels
    writers = [1] * len(train[1]), [2] * len(test[1])
    return dict(model=model, train=train, test=test, answers=answers, groups=writers)


@sound
def digits_as_datasets_with_augmentation() -> dict:
    lab, base, model = _digits_model()
    surgery.freeze(base)
    images = lab.preprocess(lab.train.images)
    turn = layers.RandomRotation(0.02)
    train = data(images[:700], lab.train.labels[:700]).cache().shuffle(50)
    train = train.map(lambda x, y: (turn(x, training=True), y)).prefetch(1)
    validation = data(images[700:], lab.train.labels[700:])
    test = data(lab.preprocess(lab.test.images), lab.test.labels).cache()
    return dict(model=compiled(model), train=train, test=test, validation=validation)


@sound
def characters_of_39_classes() -> dict:
    lab = tl.load_lab("digits")
    labels = np.arange(390) % 39
    drawn = [lab.draw_source(labels, seed=seed) for seed in (0, 1)]
    model = lab.network()
    surgery.train_only(model, lambda layer: layer is model.layers[-1])
    return dict(
        model=compiled(model),
        train=(drawn[0], labels),
        test=(drawn[1], labels),
        preprocess=lab.preprocess,
    )


@sound
def rows_of_features() -> dict:
    lab, rows, _ = _digits()
    head = keras.Sequential([keras.Input((512,)), layers.Dense(10, "softmax")])
    labels = lab.train.labels
    return dict(
        model=compiled(head), train=(rows[:600], labels[:600]), test=(rows[600:], labels[600:])
    )


# ------------------------------------------- networks of Keras Applications, by their ranges


def _application(name: str, module: str | None, side: int = 32, **more) -> dict:
    base = frozen(backbone(name, side, pooling="avg"))
    prepare = getattr(applications, module).preprocess_input if module else None
    return dict(model=compiled(with_head(base)), preprocess=prepare, **sides(side=side), **more)


@sound
def mobilenet_v2() -> dict:
    return _application("MobileNetV2", "mobilenet_v2", class_names=["whole", "cracked", "dirty"])


@sound
def resnet50_with_blue_first() -> dict:
    return _application("ResNet50", "resnet50")


@sound
def vgg16_pooled() -> dict:
    return _application("VGG16", "vgg16")


@sound
def densenet() -> dict:
    return _application("DenseNet121", "densenet")


@sound
def resnet50_v2() -> dict:
    return _application("ResNet50V2", "resnet_v2")


@sound
def mobilenet_v3_scales_by_itself() -> dict:
    return _application("MobileNetV3Small", None)


@sound
def mobilenet_v3_with_its_empty_preprocessing() -> dict:
    return _application("MobileNetV3Small", "mobilenet_v3")


@sound
def efficientnet_scales_by_itself() -> dict:
    return _application("EfficientNetB0", None)


@sound
def efficientnet_v2() -> dict:
    return _application("EfficientNetV2B0", None)


@sound
def xception_with_bright_and_dark_pictures() -> dict:
    return _application("Xception", "xception", 71)


@sound
def usual_recipe() -> dict:
    model = tl.recipes.usual_recipe(backbone("MobileNetV2", pooling="avg"), 3)
    return dict(model=compiled(model), **sides())


@sound
def preprocessing_inside_as_operations() -> dict:
    base = frozen(backbone("ResNet50", pooling="avg"))
    inputs = keras.Input((32, 32, 3))
    x = base(applications.resnet50.preprocess_input(inputs), training=False)
    model = keras.Model(inputs, layers.Dense(3, "softmax")(layers.Dropout(0.2)(x)))
    return dict(model=compiled(model), **sides())


@sound
def fine_tuned_in_two_phases() -> dict:
    base = backbone("MobileNet", alpha=0.25, pooling="avg")
    model = with_head(base, before=[layers.Rescaling(1 / 127.5, -1)], new=True)
    train = pair(40, seed=1)
    base.trainable = False
    compiled(model).fit(*train, epochs=1, verbose=0)
    surgery.unfreeze(base, last=40)
    compiled(model, 1e-4).fit(*train, epochs=1, verbose=0)
    return dict(model=model, train=train, test=pair(30, seed=2), validation=pair(30, seed=3))


@sound
def efficientnet_lite() -> dict:
    whole = tl.networks.build_network("EfficientNetLite0", size=32)
    base = seem_trained(keras.Model(whole.input, whole.get_layer("avg_pool").output))
    surgery.unfreeze(base, last=40)
    model = with_head(base, before=[layers.Rescaling(1 / 128, -127 / 128)])
    return dict(model=compiled(model, 1e-4), **sides())


@sound
def whole_vgg16_for_prediction() -> dict:
    whole = seem_trained(applications.VGG16(weights=None, classes=3, input_shape=(48, 48, 3)))
    prepare = applications.vgg16.preprocess_input
    return dict(model=compiled(frozen(whole)), preprocess=prepare, **sides(side=48))


# ------------------------------------------------------------------ other forms


def _small(classes: int = 3, activation: str | None = "softmax", side: int = 32) -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((side, side, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(8, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(classes, activation),
        ]
    )


@sound
def from_scratch_before_training() -> dict:
    return dict(model=compiled(_small()), **sides())


@sound
def from_scratch_after_training() -> dict:
    model = compiled(_small())
    model.fit(*pair(40, seed=1), epochs=1, verbose=0)
    return dict(model=model, **sides())


@sound
def logits_with_their_loss() -> dict:
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return dict(model=compiled(_small(activation=None), loss=loss), **sides())


@sound
def softmax_as_a_layer() -> dict:
    small = _small(activation=None)
    return dict(model=compiled(keras.Sequential([small, layers.Softmax()])), **sides())


@sound
def one_hot_labels() -> dict:
    both = {name: (images, np.eye(3)[labels]) for name, (images, labels) in sides().items()}
    return dict(model=compiled(_small(), loss="categorical_crossentropy"), **both)


@sound
def one_output_with_sigmoid() -> dict:
    both = sides(classes=2)
    both["train"] = both["train"][0], both["train"][1].astype("float32")[:, None]
    return dict(model=compiled(_small(1, "sigmoid"), loss="binary_crossentropy"), **both)


@sound
def mixed_precision() -> dict:
    keras.config.set_dtype_policy("mixed_float16")
    try:
        small = _small()
        model = keras.Sequential([*small.layers[:-1], layers.Dense(3, "softmax", dtype="float32")])
        compiled(model)
        model.fit(*pair(40, seed=1), epochs=1, verbose=0)
    finally:
        keras.config.set_dtype_policy("float32")
    return dict(model=model, **sides())


@sound
def grey_photographs() -> dict:
    grey = [np.repeat(pictures(60, seed=seed, colours=1), 3, axis=-1) for seed in (1, 2)]
    labels = np.arange(60) % 3
    base = frozen(backbone("MobileNetV2", pooling="avg"))
    return dict(
        model=compiled(with_head(base)),
        train=(grey[0], labels),
        test=(grey[1], labels),
        preprocess=applications.mobilenet_v2.preprocess_input,
    )


@sound
def one_class_in_eight() -> dict:
    labels = (np.arange(64) % 8 == 0).astype(int)
    return dict(
        model=compiled(_small(2)),
        train=(pictures(64, seed=1), labels),
        test=(pictures(64, seed=2), labels),
    )


@sound
def cut_of_a_shuffle_that_stays() -> dict:
    images, labels = pair(90)
    whole = tf.data.Dataset.from_tensor_slices((images, labels))
    whole = whole.shuffle(90, seed=0, reshuffle_each_iteration=False)
    train = whole.skip(30).cache().shuffle(60).batch(16).repeat()
    return dict(model=compiled(_small()), train=train, test=whole.take(30).batch(16))


@sound
def folders_named_by_numbers(tmp_path) -> dict:
    from PIL import Image

    for part, seed in (("train", 1), ("test", 2)):
        for number, image in enumerate(pictures(36, seed=seed)):
            place = tmp_path / part / str(number % 12 + 1)
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(place / f"{number:02}.png")
    train, test = (
        keras.utils.image_dataset_from_directory(
            tmp_path / part, image_size=(32, 32), shuffle=part == "train", verbose=False
        )
        for part in ("train", "test")
    )
    flip = layers.RandomFlip()
    train = train.cache().map(lambda x, y: (flip(x, training=True), y))
    return dict(model=compiled(_small(12)), train=train, test=test, class_names=test.class_names)


@sound
def patches_of_photographs() -> dict:
    from sklearn.datasets import load_sample_images

    both = [
        image[:416, :640].reshape(13, 32, 20, 32, 3).swapaxes(1, 2).reshape(-1, 32, 32, 3)
        for image in load_sample_images().images
    ]
    labels = np.arange(260) % 3
    base = frozen(backbone("ResNet50", pooling="avg"))
    return dict(
        model=compiled(with_head(base)),
        train=(both[0], labels),
        test=(both[1], labels),
        preprocess=applications.resnet50.preprocess_input,
    )


@sound
def solar_cells_cut_between_modules() -> dict:
    try:
        cells = tl.solar.load_solar_cells(32, progress=False)
    except fetch.FileNotHere:
        pytest.skip("the solar cells are not here")
    train, test = tl.solar.split_modules(cells.modules, cells.kinds)
    whole = tl.networks.build_network("EfficientNetLite0", size=32)
    base = frozen(seem_trained(keras.Model(whole.input, whole.get_layer("avg_pool").output)))
    images = np.repeat(cells.images[..., None], 3, axis=-1)
    return dict(
        model=compiled(with_head(base, 2, before=[layers.Rescaling(1 / 128, -127 / 128)])),
        train=(images[train], cells.labels[train]),
        test=(images[test], cells.labels[test]),
        groups=(cells.modules[train], cells.modules[test]),
        class_names=["works", "defect"],
    )


@pytest.mark.parametrize("name", SOUND)
def test_nothing_is_found_in_a_sound_set_up(name, request):
    make = SOUND[name]
    more = {"tmp_path": request.getfixturevalue("tmp_path")} if "folders" in name else {}
    keras.utils.set_random_seed(0)
    given = make(**more)
    found = tl.checkup(**given)
    assert found.names == set(), str(found)
    odd = [item for item in found.not_seen if "could not be looked at (" in item.why]
    assert not odd, odd
