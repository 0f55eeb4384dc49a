"""Every classification network of Keras Applications: its table, its images, its head."""

import ast
import json
import pickle
import re
import subprocess
import sys
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from benchmarks import keras_networks
from tlhelpers.networks import build, fingerprint, preprocessing, surgery, table

NAMES = sorted(name for name in dir(keras.applications) if name[0].isupper())
LITE = [f"EfficientNetLite{number}" for number in range(3)]  # Keras does not have them
SMALL = 30_000_000  # parameters: the first of a kind also sees a picture if it is below


def smallest_of_each_kind():
    """The names: those of a kind differ in their sizes only."""
    rows = sorted(table.ARCHITECTURES.values(), key=lambda row: -row.parameters)
    return sorted({row.module: row.name for row in rows}.values())


@pytest.fixture
def empty_weights(monkeypatch):
    """Let big networks be built quickly: no weight has a value until somebody looks at it.

    What is random elsewhere is zero then.
    """
    from keras.src.initializers import random_initializers

    def zeros(self, shape, dtype=None):
        return keras.ops.zeros(shape, dtype)

    for kind in vars(random_initializers).values():
        if isinstance(kind, type) and "__call__" in vars(kind):
            monkeypatch.setattr(kind, "__call__", zeros)
    with keras.StatelessScope(initialize_variables=False):
        yield
    keras.backend.clear_session()


@pytest.fixture(scope="module")
def network_of():
    """Return the network of a name with random weights, built once; no test changes it."""
    built = {}

    def find(name):
        if name not in built:
            keras.utils.set_random_seed(0)
            built[name] = build.build_network(name)
        return built[name]

    return find


def pictures(name, n=2):
    side = table.ARCHITECTURES[name].size
    return np.random.default_rng(0).integers(0, 256, (n, side, side, 3), dtype=np.uint8)


def test_the_table_has_all_networks_of_keras():
    assert set(table.ARCHITECTURES) == {*NAMES, *LITE}
    assert list(table.ARCHITECTURES) == sorted(table.ARCHITECTURES)
    assert len(NAMES) >= 38


@pytest.mark.parametrize("name", [*NAMES, *LITE])
def test_a_network_is_as_the_table_says_and_loses_its_head(name, empty_weights):
    row = table.ARCHITECTURES[name]
    whole = build.build_network(name)
    assert whole.input_shape == (None, row.size, row.size, 3)
    assert whole.output_shape == (None, 1000)
    assert whole.count_params() == row.parameters
    backbone = build.pooled_backbone(name, whole)
    assert backbone.output_shape == (None, row.features)
    # What comes off is exactly what turns the features into 1,000 answers.
    kept = {id(layer) for layer in backbone.layers}
    off = [layer for layer in whole.layers if id(layer) not in kept]
    assert off == whole.layers[len(whole.layers) - row.head :]
    assert any(w.shape[-1:] == (1000,) for layer in off for w in layer.weights)
    assert not any(w.shape[-1:] == (1000,) for w in backbone.weights)
    if name in smallest_of_each_kind() and row.parameters < SMALL:
        out = backbone(np.zeros((1, row.size, row.size, 3), np.float32))
        assert out.shape == (1, row.features)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["MobileNet", "MobileNetV3Small", "NASNetMobile", "VGG16"])
def test_the_table_can_be_measured_again(name, empty_weights):
    """Compares with the network that Keras itself builds without a head."""
    assert keras_networks.measure_architecture(name) == table.ARCHITECTURES[name]


@pytest.mark.parametrize("name", ["MobileNet", "MobileNetV2", "EfficientNetB0"])
def test_the_backbone_equals_the_one_that_keras_builds(name, network_of):
    keras_build = getattr(keras.applications, name)
    side = table.ARCHITECTURES[name].size
    bare = keras_build(weights=None, include_top=False, pooling="avg", input_shape=(side, side, 3))
    backbone = build.pooled_backbone(name, network_of(name))
    bare.set_weights(backbone.get_weights())
    x = preprocessing.preprocess_for(name)(pictures(name))
    assert np.allclose(backbone(x), bare(x), atol=1e-5)
    assert np.ptp(bare(x)) > 0


@pytest.mark.parametrize("name", [*NAMES, *LITE])
def test_preprocessing_reaches_the_ends_of_the_stated_range(name):
    row = table.ARCHITECTURES[name]
    prepare = preprocessing.preprocess_for(name)
    images = np.zeros((2, row.size, row.size, 3), np.uint8)
    images[1] = 255
    out = prepare(images)
    assert out.dtype == np.float32 and out.shape == images.shape
    assert (round(float(out.min()), 3), round(float(out.max()), 3)) == (row.low, row.high)


def test_ranges_by_hand():
    """Three habits of training: -1 to 1, ImageNet's mean and deviation, and the mean in BGR."""
    pixel = {}
    for name in ("MobileNetV2", "DenseNet121", "VGG16", "EfficientNetB0"):
        images = np.tile(np.array([10, 100, 200], np.uint8), (1, 224, 224, 1))
        pixel[name] = preprocessing.preprocess_for(name)(images)[0, 0, 0]
    assert np.allclose(pixel["MobileNetV2"], np.array([10, 100, 200]) / 127.5 - 1)
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    by_hand = (np.array([10, 100, 200]) / 255 - mean) / deviation
    assert np.allclose(pixel["DenseNet121"], by_hand, atol=1e-5)
    assert np.allclose(pixel["VGG16"], [200 - 103.939, 100 - 116.779, 10 - 123.68], atol=1e-4)
    assert np.array_equal(pixel["EfficientNetB0"], [10, 100, 200])


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("name", ["MobileNetV2", "VGG16", "DenseNet121", "ConvNeXtTiny"])
def test_preprocessing_leaves_its_argument_alone(name, dtype):
    images = pictures(name).astype(dtype)
    before = images.copy()
    out = preprocessing.preprocess_for(name)(images)
    assert np.array_equal(images, before)
    assert not np.shares_memory(out, images)


GOOD = np.full((2, 224, 224, 3), 100.0, np.float32)
GOOD[:, :112] = 30


@pytest.mark.parametrize(
    ("images", "error", "words"),
    [
        (GOOD / 255, ValueError, "images * 255"),
        (GOOD / 127.5 - 1, ValueError, "(images + 1) * 127.5"),
        (GOOD - 120, ValueError, "as they were before"),
        (GOOD.astype(np.uint16) * 257, ValueError, "images / 257"),
        (GOOD * np.nan, ValueError, "not finite"),
        (GOOD[..., 0], ValueError, "np.repeat(images[..., None], 3, axis=-1)"),
        (GOOD[..., :1], ValueError, "np.repeat(images, 3, axis=-1)"),
        (GOOD[0], ValueError, "images[None]"),
        (GOOD[0, ..., 0], ValueError, "np.repeat(images[None][..., None], 3, axis=-1)"),
        (GOOD[..., [0, 1, 2, 2]], ValueError, "images[..., :3]"),
        (np.moveaxis(GOOD, -1, 1), ValueError, "np.moveaxis(images, 1, -1)"),
        (GOOD[:, ::8, ::8], ValueError, "keras.ops.image.resize(images, (224, 224))"),
        (iter([GOOD]), TypeError, "It gives batches"),
        ([GOOD[0], GOOD[0, ::2]], ValueError, "tl.image_files.load_images(files, 224)"),
        (GOOD > 50, TypeError, "dtype bool"),
        (np.array(["cat.jpg"]), TypeError, "such as ['cat.jpg']"),
    ],
)
def test_wrong_images_are_refused_with_the_right_call(images, error, words):
    with pytest.raises(error, match=re.escape(words)) as caught:
        preprocessing.preprocess_for("MobileNetV2")(images)
    assert "MobileNetV2 wants images of shape (n, 224, 224, 3), 0 to 255" in str(caught.value)


@pytest.mark.parametrize(
    "images",
    [
        GOOD,
        np.zeros((1, 224, 224, 3)),
        np.ones((1, 224, 224, 3), np.uint8),
        GOOD[:0],
        GOOD[:, ::4, ::2],
        list(GOOD),
    ],
    ids=["usual", "black", "nearly black", "none", "of another size", "a list"],
)
def test_right_images_are_not_refused(images):
    assert len(preprocessing.preprocess_for("MobileNetV2")(images)) == len(images)


@pytest.mark.parametrize(
    ("images", "call"),
    [
        (GOOD / 255, lambda images: images * 255),
        (GOOD / 127.5 - 1, lambda images: (images + 1) * 127.5),
        (GOOD[..., 0], lambda images: np.repeat(images[..., None], 3, axis=-1)),
        (GOOD[:, ::8, ::8], lambda images: keras.ops.image.resize(images, (224, 224))),
    ],
)
def test_the_call_that_is_named_helps(images, call):
    wanted = preprocessing.preprocess_for("MobileNetV2")(GOOD)
    out = preprocessing.preprocess_for("MobileNetV2")(np.asarray(call(images)))
    assert np.allclose(out, wanted, atol=0.6 if images.shape[1] == 28 else 1e-4)


def test_the_feature_cache_tells_networks_apart_and_knows_them_again():
    code = (
        "from tlhelpers.networks import fingerprint, preprocessing; "
        "print(fingerprint.of_function(preprocessing.preprocess_for('ResNet50')))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    here = {
        name: fingerprint.of_function(preprocessing.preprocess_for(name))
        for name in [*NAMES, *LITE]
    }
    assert run.stdout.strip() == here["ResNet50"]
    assert len(set(here.values())) == len(NAMES) + len(LITE)
    assert not any(re.search(r"0x[0-9a-f]{6}", text) for text in here.values())


def test_unknown_names_come_with_close_ones():
    with pytest.raises(ValueError, match="no network 'mobilnetv2'.*MobileNetV2"):
        build.build_network("mobilnetv2")
    with pytest.raises(ValueError, match="no network 'qqq'.*tlhelpers architectures"):
        preprocessing.preprocess_for("qqq")


def test_only_a_whole_network_can_be_cut(network_of):
    other = network_of("MobileNetV3Small")
    with pytest.raises(ValueError, match="is not a whole MobileNetV2"):
        build.pooled_backbone("MobileNetV2", other)
    with pytest.raises(ValueError, match="is not a whole MobileNetV3Small"):
        build.pooled_backbone("MobileNetV3Small", build.pooled_backbone("MobileNetV3Small", other))


# ------------------------------------------------------------------- files of weights


def test_weights_from_a_file_need_no_download(tmp_path, network_of):
    first = network_of("MobileNetV3Small")
    first.save_weights(tmp_path / "kept.weights.h5")
    second = build.build_network("MobileNetV3Small", tmp_path / "kept.weights.h5")
    pairs = zip(first.get_weights(), second.get_weights(), strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("name, size", [("MobileNetV2", 64), ("MobileNetV3Small", 97)])
def test_another_size_has_the_same_weights(tmp_path, network_of, name, size):
    network_of(name).save_weights(path := tmp_path / "x.weights.h5")
    backbone = build.pooled_backbone(name, build.build_network(name, path, size=size))
    native = build.pooled_backbone(name, network_of(name))
    for ours, theirs in zip(backbone.get_weights(), native.get_weights(), strict=True):
        assert np.array_equal(ours, theirs)
    images = preprocessing.preprocess_for(name)(np.zeros((1, size, size, 3), np.uint8))
    assert surgery.run_network(backbone, images).shape == (1, native.output_shape[1])


def test_sizes_that_keras_does_not_allow():
    for name in ("MobileNetV2", "InceptionV3", "Xception"):
        small = preprocessing.smallest_side(name)
        with pytest.raises(ValueError, match="at least"):  # Keras says so too
            getattr(keras.applications, name)(weights=None, input_shape=(small - 1, small - 1, 3))
        with pytest.raises(ValueError, match=f"size must be a whole number from {small}"):
            build.build_network(name, size=small - 1)
        with pytest.raises(ValueError, match=f"at least {small}"):
            preprocessing.preprocess_for(name)(np.zeros((1, small - 1, 300, 3), np.uint8))
    with pytest.raises(ValueError, match="head of VGG16 is made for images of 224"):
        build.build_network("VGG16", size=96)


def test_weights_that_are_no_numbers_are_refused(tmp_path, network_of):
    network = build.build_network("MobileNetV3Small")
    weights = network.get_weights()
    weights[-1][0] = np.nan
    network.set_weights(weights)
    network.save_weights(tmp_path / "nan.weights.h5")
    with pytest.raises(ValueError, match="NaN or infinite"):
        build.build_network("MobileNetV3Small", tmp_path / "nan.weights.h5")


def test_weights_of_another_network_are_refused(tmp_path, recwarn, network_of):
    path = tmp_path / "other.weights.h5"
    network_of("MobileNetV3Small").save_weights(path)
    recwarn.clear()
    with pytest.raises(ValueError) as caught:
        build.build_network("MobileNetV2", path)
    assert not [str(x.message) for x in recwarn if "Skipping" in str(x.message)]
    words = str(caught.value)
    assert "other.weights.h5 does not hold the weights of MobileNetV2" in words
    assert "tlhelpers fetch MobileNetV2" in words and "\n" not in words


@pytest.fixture
def ready_file(monkeypatch):
    """Lets Keras find a file where it would download ImageNet weights."""
    from keras.src.utils import file_utils

    return lambda path: monkeypatch.setattr(file_utils, "get_file", lambda *_, **__: str(path))


QUICK = ("EfficientNetB0", "MobileNet", "MobileNetV2")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in QUICK else pytest.mark.slow)
        for name in smallest_of_each_kind()
        if name in NAMES
    ],
)
def test_with_weights_it_is_the_network_that_keras_builds_for_imagenet(
    name, empty_weights, ready_file, tmp_path, monkeypatch
):
    """For ImageNet weights, Keras adds a layer to some networks that it forgets for a file."""
    loaded = []
    monkeypatch.setattr(keras.Model, "load_weights", lambda self, path, **_: loaded.append(path))
    path = tmp_path / "weights.h5"
    h5py.File(path, "w").close()
    ready_file(path)
    given = build.build_network(name, path)
    wanted = getattr(keras.applications, name)(
        weights="imagenet", input_shape=given.input_shape[1:]
    )
    assert [str(file) for file in loaded] == [str(path)] * 2
    assert [type(x) for x in given.layers] == [type(x) for x in wanted.layers]
    assert given.count_params() == wanted.count_params()
    # Settings and connections, too; of weights, which are zero here, the shapes are enough.
    monkeypatch.setattr(fingerprint, "of_array", lambda array: str(array.shape))
    assert fingerprint.of_network(given) == fingerprint.of_network(wanted)


def test_efficientnet_gives_what_keras_gives(tmp_path, ready_file):
    from keras.src.legacy.saving import legacy_h5_format

    def changed(weight):  # no weight is 0 or 1, and the colours have a mean
        shape, kind = weight.shape, weight.dtype.name
        return rng.uniform(0.5, 1.5, shape).astype(kind) if len(shape) < 2 else weight

    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    bare = build.build_network("EfficientNetB0")
    for layer in bare.layers:
        layer.set_weights([changed(weight) for weight in layer.get_weights()])
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()  # else it goes on with what it had
    published, own = tmp_path / "b0.h5", tmp_path / "b0.weights.h5"
    with h5py.File(published, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, bare)
    bare.save_weights(own)
    ready_file(published)
    networks = [
        keras.applications.EfficientNetB0(weights="imagenet"),
        build.build_network("EfficientNetB0", published),
        build.build_network("EfficientNetB0", own),
        bare,
    ]
    x = pictures("EfficientNetB0").astype(np.float32)
    wanted, *given, without = [build.pooled_backbone("EfficientNetB0", m)(x) for m in networks]
    assert all(np.array_equal(features, wanted) for features in given)
    assert not np.allclose(without, wanted, rtol=0.01)  # the layer matters
    assert np.array_equal(networks[0](x), networks[1](x))


def test_mobilenet_from_the_mirror_gives_what_keras_gives(shared, ready_file):
    path = shared / "models" / "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5"
    given = build.build_network("MobileNetV2", path)
    ready_file(path)
    wanted = keras.applications.MobileNetV2(weights="imagenet")
    x = preprocessing.preprocess_for("MobileNetV2")(pictures("MobileNetV2"))
    assert np.array_equal(given(x), wanted(x)) and np.max(wanted(x)) > 0.01


def test_a_file_that_does_not_fit_or_is_not_there(tmp_path):
    h5py.File(tmp_path / "empty.h5", "w").close()
    with pytest.raises(ValueError, match="empty.h5 does not hold the weights of MobileNetV3Small"):
        build.build_network("MobileNetV3Small", tmp_path / "empty.h5")
    with pytest.raises(FileNotFoundError, match="tlhelpers fetch MobileNetV2"):
        build.build_network("MobileNetV2", tmp_path / "nowhere.h5")


def test_no_function_of_keras_is_swapped(tmp_path, monkeypatch):
    from keras.src.utils import file_utils

    before, during = file_utils.get_file, []
    monkeypatch.setattr(
        keras.Model, "load_weights", lambda *_, **__: during.append(file_utils.get_file)
    )
    h5py.File(tmp_path / "empty.h5", "w").close()
    build.build_network("MobileNetV3Small", tmp_path / "empty.h5")
    assert during == [before] and file_utils.get_file is before


class Trap:
    """Unpickled, it would leave a file behind."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_files_that_can_hold_code_are_refused(tmp_path):
    trap = tmp_path / "trapped"
    pickled = pickle.dumps(Trap(trap))
    for name in ("w.pkl", "w.npy", "w.h5"):
        (tmp_path / name).write_bytes(pickled)
    keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x)]).save(
        tmp_path / "w.keras"
    )
    for name in ("w.pkl", "w.npy", "w.h5", "w.keras"):
        with pytest.raises(ValueError, match=re.escape(name)):
            build.build_network("MobileNetV2", tmp_path / name)
    assert not trap.exists()


class Silent(ast.NodeTransformer):
    """Empties every text: what an exercise says about a call is not the call."""

    def visit_Constant(self, node):
        return ast.Constant("") if isinstance(node.value, str) else node


def test_no_module_loads_a_model_without_safe_mode(root):
    paths = sorted((root / "tlhelpers").rglob("*.py"))
    assert root / "tlhelpers" / "course" / "pretrain.py" in paths
    for path in paths:
        text = ast.unparse(Silent().visit(ast.parse(path.read_text(encoding="utf-8"))))
        assert not re.search(r"safe_mode\s*=\s*False|allow_pickle\s*=\s*True", text), path
        assert not re.search(r"enable_unsafe_deserialization|import (pickle|dill|joblib)\b", text)
        for call in re.findall(r"load_model\([^)]*\)", text):
            assert "safe_mode=True" in call, (path, call)


# ---------------------------------------------------------------------------- words


def test_the_page_in_the_documentation_is_what_the_command_prints(root, capsys):
    from tlhelpers.course.command_line import main

    assert main(["architectures"]) == 0
    assert capsys.readouterr().out in (root / "docs" / "architectures.md").read_text("utf-8")


def test_rows_are_plain_values():
    assert json.loads(json.dumps(table.ARCHITECTURES["VGG16"]))[0] == "VGG16"
