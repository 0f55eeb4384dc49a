"""Features: equal to Keras, computed once, safe on disk."""

import functools
import importlib
import os
import stat
import subprocess
import sys
import time

import keras
import numpy as np
import pytest

from tlhelpers.fetching import whole_files
from tlhelpers.labs import digits
from tlhelpers.labs.load import load_lab
from tlhelpers.networks import features, fingerprint, onnx_runtime, preprocessing, surgery


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TLHELPERS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    layers = [keras.Input((8, 8)), keras.layers.Flatten(), keras.layers.Dense(5, "relu")]
    return keras.Sequential(layers)


X = np.random.default_rng(0).normal(size=(10, 8, 8)).astype("float32")


def double(x):
    return 2 * x


def test_the_same_network_built_again_finds_its_features():
    def build():
        keras.utils.set_random_seed(1)
        inner = keras.Sequential([keras.Input((8, 8)), keras.layers.Flatten()])
        return keras.Sequential([inner, keras.layers.Dense(5)])

    one, two = build(), build()
    assert one.layers[0].name != two.layers[0].name
    assert features._key(one, X, None) == features._key(two, X, None)


def test_features_equal_the_network(cache, network):
    weights, bias = network.get_weights()
    by_hand = np.maximum(2 * X.reshape(10, -1) @ weights + bias, 0)
    for batch_size in (1, 3, 10, 64):
        got = features.compute(network, X, preprocess=double, batch_size=batch_size, cache=False)
        assert got.dtype == np.float32 and np.allclose(got, by_hand, atol=1e-5)
    assert not cache.exists()


def test_the_second_call_reads_the_disk(cache, network, monkeypatch):
    first = features.compute(network, X)
    monkeypatch.setattr(type(network), "predict_on_batch", None)  # would fail if called
    assert np.array_equal(features.compute(network, X), first)


def test_anything_that_changes_the_features_changes_the_key(network):
    other = keras.models.clone_model(network)
    other.set_weights([w + 1e-3 for w in network.get_weights()])
    keys = {
        features._key(network, X, None),
        features._key(other, X, None),
        features._key(network, X, digits.preprocess_digits),
        features._key(network, X, preprocessing.preprocess_for("ResNet50")),
        features._key(network, X, preprocessing.preprocess_for("MobileNet")),
        features._key(network, X, None, cache_key="a"),
        features._key(network, X, double, cache_key="a"),
        features._key(network, X, double, cache_key="b"),
        features._key(network, X, digits.preprocess_digits, cache_key="a"),
        features._key(network, X[::-1], None),
        features._key(network, X.astype("float64"), None),
    }
    assert len(keys) == 11
    for preprocess, name in ((None, None), (double, "a"), (digits.preprocess_digits, None)):
        first = features._key(network, X, preprocess, cache_key=name)
        assert features._key(network, X, preprocess, cache_key=name) == first


@pytest.mark.parametrize("damage", [b"", b"no array", "short", "object"])
def test_a_damaged_cache_file_is_made_again(cache, network, damage):
    first = features.compute(network, X)
    (path,) = cache.rglob("*.npy")
    if damage == "short":
        path.write_bytes(path.read_bytes()[:-10])
    elif damage == "object":  # would need unpickling, which is never done
        np.save(path, np.array([{"a": 1}]), allow_pickle=True)
    else:
        path.write_bytes(damage)
    assert np.array_equal(features.compute(network, X), first)
    assert np.load(path, allow_pickle=False).shape == (10, 5)


def test_an_unwritable_cache_costs_a_notice_and_nothing_else(
    tmp_path, network, monkeypatch, capsys
):
    blocker = tmp_path / "file"
    blocker.write_text("in the way")  # a file where the folder should be
    monkeypatch.setenv("TLHELPERS_CACHE", str(blocker))
    assert features.compute(network, X).shape == (10, 5)
    assert capsys.readouterr().err.count("features are not kept") == 1


@pytest.mark.skipif(os.name == "nt" or os.getuid() == 0, reason="the owner may write anyway")
def test_a_read_only_cache_folder(cache, network):
    cache.mkdir()
    cache.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        assert features.compute(network, X).shape == (10, 5)
    finally:
        cache.chmod(stat.S_IRWXU)


def test_no_temporary_files_stay(cache, network, monkeypatch):
    monkeypatch.setattr(np, "save", lambda *a, **k: (_ for _ in ()).throw(OSError("disk full")))
    features.compute(network, X)
    assert [p for p in cache.rglob("*") if p.is_file()] == []


def test_errors_say_what_is_wanted(network):
    with pytest.raises(ValueError, match="batch_size must be a whole number.*got 0"):
        features.compute(network, X, batch_size=0)
    for wrong in ("", "  ", 3, b"a"):
        with pytest.raises(ValueError, match="a text that is not empty; got.*leave cache_key out"):
            features.compute(network, X, cache_key=wrong)
    flat = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(2, 3)])
    with pytest.raises(ValueError, match="GlobalAveragePooling2D"):
        features.compute(flat, X[..., None])


def test_two_processes_at_once(tmp_path):
    code = (
        "import numpy as np\nfrom pathlib import Path\nfrom tlhelpers.networks import features\n"
        "for i in range(200):\n"
        f"    features._write(Path({str(tmp_path)!r}) / 'x.npy', np.full((50, 50), 1, 'float32'))\n"
        f"    assert features._read(Path({str(tmp_path)!r}) / 'x.npy', (50, 50)) is not None\n"
    )
    both = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    assert [process.wait(timeout=60) for process in both] == [0, 0]
    assert [p.name for p in tmp_path.iterdir()] == ["x.npy"]


def changes_in_place(x):
    x *= 2
    x -= 1
    return x


@pytest.mark.parametrize("fast", [False, True])
def test_what_is_given_stays_as_it_is_whatever_preprocess_does(cache, convolutions, fast):
    images = np.random.default_rng(0).random((3, 16, 16, 3), "float32")
    before = images.copy()
    options = {"preprocess": changes_in_place, "cache": False, "fast": fast}
    first, second = (features.compute(convolutions, images, **options) for _ in range(2))
    assert np.array_equal(images, before) and np.array_equal(first, second)


def test_a_wrong_shape_is_refused_before_anything_is_read(cache, convolutions):
    class OnDisk:
        dtype, shape = np.dtype("float32"), (10**6, 64, 64, 3)

        def __len__(self):
            return self.shape[0]

        def __getitem__(self, rows):
            assert rows.stop <= 1, "all of it was read"
            return np.zeros((1, *self.shape[1:]), "float32")

    with pytest.raises(ValueError, match=r"\(n, 16, 16, 3\); got \(1, 64, 64, 3\)"):
        features.compute(convolutions, OnDisk())


def test_features_that_are_no_numbers_are_neither_given_nor_kept(cache, network):
    images = X.copy()
    images[3, 0, 0] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        features.compute(network, images)
    broken = keras.Sequential([keras.Input((8, 8)), keras.layers.Flatten(), keras.layers.Dense(2)])
    broken.set_weights([np.full((64, 2), np.nan), np.zeros(2)])
    with pytest.raises(ValueError, match="sequential.* not finite.*weights"):
        features.compute(broken, X)
    assert not list(cache.rglob("*.npy"))
    path = cache / "old.npy"
    features._write(path, np.full((2, 2), np.nan, "float32"))
    assert features._read(path, (2, 2)) is None


# --- the fast path -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def convolutions():
    keras.utils.set_random_seed(0)
    layers = [
        keras.Input((16, 16, 3)),
        keras.layers.Conv2D(8, 3, activation="relu6"),
        keras.layers.BatchNormalization(),
        keras.layers.DepthwiseConv2D(3),
        keras.layers.GlobalAveragePooling2D(),
    ]
    return keras.Sequential(layers)


@pytest.fixture(autouse=True)
def no_notice_yet(monkeypatch):
    monkeypatch.setattr(onnx_runtime, "_told", set())
    monkeypatch.setattr(features, "_told", set())


PICTURES = np.random.default_rng(1).uniform(-1, 1, (11, 16, 16, 3)).astype("float32")


def exported(cache):
    return list(cache.rglob("*.onnx"))


def test_onnx_gives_what_keras_gives(cache, convolutions):
    keras_says = features.compute(convolutions, PICTURES, fast=False, cache=False)
    for batch_size, threads in ((1, 1), (4, 2), (64, None)):
        got = features.compute(
            convolutions, PICTURES, fast=True, cache=False, batch_size=batch_size, threads=threads
        )
        assert got.dtype == np.float32 and np.abs(got - keras_says).max() < 1e-4
    assert not np.array_equal(keras_says, np.zeros_like(keras_says))


def test_onnx_runs_and_not_keras(cache, convolutions, monkeypatch):
    first = features.compute(convolutions, PICTURES, fast=True, cache=False)
    # From here on Keras fails, and so does an export.
    monkeypatch.setattr(type(convolutions), "predict_on_batch", None)
    monkeypatch.setattr(type(convolutions), "export", None)
    again = features.compute(convolutions, PICTURES, fast=True, cache=False)
    assert np.array_equal(again, first) and len(exported(cache)) == 1


@pytest.mark.parametrize("damage", ["cut", "longer", "flipped", "seal", "empty", "version"])
def test_a_damaged_or_older_export_is_made_again(cache, convolutions, monkeypatch, damage):
    first = features.compute(convolutions, PICTURES, fast=True, cache=False)
    (path,) = exported(cache)
    whole = path.read_bytes()
    if damage == "version":
        monkeypatch.setattr(onnx_runtime, "FORMAT", onnx_runtime.FORMAT + 1)
    else:
        middle = len(whole) // 2
        flipped = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
        broken = {"cut": whole[:middle], "longer": whole + b"0", "flipped": flipped, "empty": b""}
        broken["seal"] = whole[:-1] + bytes([whole[-1] ^ 1])
        path.write_bytes(broken[damage])
    calls = []
    export = onnx_runtime._export
    monkeypatch.setattr(onnx_runtime, "_export", lambda n: calls.append(n) or export(n))
    assert np.array_equal(features.compute(convolutions, PICTURES, fast=True, cache=False), first)
    assert len(calls) == 1
    assert len(exported(cache)) == (2 if damage == "version" else 1)


def test_other_weights_get_an_export_of_their_own_whatever_lies_in_its_place(cache, convolutions):
    features.compute(convolutions, PICTURES, fast=True, cache=False)
    (path,) = exported(cache)
    first = path.read_bytes()
    other = keras.models.clone_model(convolutions)
    other.set_weights([w + 0.1 for w in convolutions.get_weights()])
    wanted = features.compute(other, PICTURES, fast=False, cache=False)
    got = features.compute(other, PICTURES, fast=True, cache=False)
    assert np.abs(got - wanted).max() < 1e-4
    (place,) = set(exported(cache)) - {path}
    place.write_bytes(first)  # whole, but of the same layers with other weights
    got = features.compute(other, PICTURES, fast=True, cache=False)
    assert np.abs(got - wanted).max() < 1e-4
    assert np.abs(wanted - features.compute(convolutions, PICTURES, cache=False)).max() > 1e-3
    assert place.read_bytes() != first and path.read_bytes() == first


def test_features_of_another_version_are_made_again(cache, network, monkeypatch):
    features.compute(network, X)
    (path,) = cache.rglob("*.npy")
    np.save(path, np.full((10, 5), 7, np.float32))  # what an older version thought right
    assert (features.compute(network, X) == 7).all()
    monkeypatch.setattr(features, "FORMAT", features.FORMAT + 1)
    assert not (features.compute(network, X) == 7).any()


@pytest.mark.parametrize("absent", ["onnxruntime", "tf2onnx"])
def test_without_onnx_keras_does_it_after_one_line(cache, convolutions, monkeypatch, capfd, absent):
    monkeypatch.setitem(sys.modules, absent, None)  # an import of it fails now
    capfd.readouterr()
    for _ in range(2):
        got = features.compute(convolutions, PICTURES, fast=True, cache=False)
    assert np.array_equal(got, features.compute(convolutions, PICTURES, fast=False, cache=False))
    said = capfd.readouterr()
    assert said.out == "" and said.err.count("\n") == 1 and "features come from Keras" in said.err


def test_a_failing_or_wrong_export_falls_back(cache, convolutions, monkeypatch, capfd):
    keras_says = features.compute(convolutions, PICTURES, fast=False, cache=False)
    other = keras.models.clone_model(convolutions)
    other.set_weights([w + 0.1 for w in convolutions.get_weights()])
    export = onnx_runtime._export
    monkeypatch.setattr(onnx_runtime, "_export", lambda n: export(other))
    assert np.array_equal(
        features.compute(convolutions, PICTURES, fast=True, cache=False), keras_says
    )
    assert "answers differ" in capfd.readouterr().err and exported(cache) == []

    def fail(n):
        raise RuntimeError("no such\nthing")

    monkeypatch.setattr(onnx_runtime, "_export", fail)
    assert np.array_equal(
        features.compute(convolutions, PICTURES, fast=True, cache=False), keras_says
    )
    said = capfd.readouterr().err
    assert "no such" in said and said.count("\n") == 1


def test_the_size_of_the_job_alone_decides(cache, convolutions, monkeypatch):
    parameters = convolutions.count_params()
    enough = int(np.ceil(onnx_runtime.WORTHWHILE / (16 * 16 * parameters)))
    assert onnx_runtime.is_worthwhile(convolutions, enough, (16, 16, 3))
    assert not onnx_runtime.is_worthwhile(convolutions, enough - 1, (16, 16, 3))
    features.compute(convolutions, PICTURES, fast=True, cache=False)  # exported by now
    monkeypatch.setattr(onnx_runtime, "load_fast", None)  # would fail if called
    features.compute(convolutions, PICTURES, cache=False)


def test_an_export_draws_no_random_number_and_says_nothing(cache, convolutions, capfd):
    def draws():
        return [np.random.rand(), float(keras.random.uniform(())), keras.layers.Flatten().name]

    keras.utils.set_random_seed(3)
    without = draws()[:2]
    keras.utils.set_random_seed(3)
    capfd.readouterr()
    features.compute(convolutions, PICTURES, fast=True, cache=False)
    assert capfd.readouterr() == ("", "")
    assert draws()[:2] == without and len(exported(cache)) == 1


def test_memory_follows_the_batch_and_not_the_data(cache, convolutions, tmp_path):
    import tracemalloc

    path = tmp_path / "images.dat"
    many = np.memmap(path, np.uint8, "w+", shape=(20_000, 16, 16, 3))  # 15 MB, as float32 61
    many[:] = 1
    asked = []

    class OnDisk:
        dtype, shape = many.dtype, many.shape

        def __len__(self):
            return len(many)

        def __getitem__(self, rows):
            part = many[rows]
            asked.append(len(part))
            return part

    def prepare(batch):
        return batch / np.float32(127.5) - 1

    for fast in (False, True):
        features.compute(convolutions, PICTURES, fast=fast, cache=False)  # what is needed once
        for images in (many, OnDisk()):
            tracemalloc.start()
            features.compute(
                convolutions, images, preprocess=prepare, batch_size=100, fast=fast, cache=False
            )
            features.fingerprint.of_array(images, 100)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert peak < 6e6, peak
    assert max(asked) == 100


def test_an_interruption_leaves_nothing(cache, convolutions):
    def stop(batch):
        raise KeyboardInterrupt

    def write(place):
        place.write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        features.compute(convolutions, PICTURES, preprocess=stop, cache_key="stop")
    with pytest.raises(KeyboardInterrupt):
        whole_files.write_whole(cache / "x" / "file.txt", write)
    assert [p for p in cache.rglob("*") if p.is_file() or p.name.startswith(".part")] == []


def test_two_processes_may_export_at_once(cache):
    code = (
        "import tlhelpers as tl, numpy as np\ntl.load_tensorflow()\nimport keras\n"
        "keras.utils.set_random_seed(0)\n"
        "n = keras.Sequential([keras.Input((9, 9, 3)), keras.layers.Conv2D(4, 3),"
        " keras.layers.GlobalAveragePooling2D()])\n"
        "x = np.ones((5, 9, 9, 3), 'float32')\n"
        "for i in range(3):\n"
        "    got = tl.features.compute(n, x + i, fast=True)\n"
        "    assert abs(got - n.predict(x + i, verbose=0)).max() < 1e-4\n"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.communicate(timeout=120)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert not any("Note" in text for text in said), said  # a bar may be there if this is slow
    assert len(exported(cache)) == 1 and len(list(cache.rglob("*.npy"))) == 3
    assert list(cache.rglob(".part*")) == []


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((2, 8, 8, 3)), r"\(n, 16, 16, 3\); got \(1, 8, 8, 3\)"),
        (np.zeros((2, 16, 16)), r"\(n, 16, 16, 3\); got \(1, 16, 16\)"),
        (np.zeros((16, 16, 3)), "Resize the images"),
        ([np.zeros((8, 8)), np.zeros((9, 9))], "the same size"),
        (np.array(["a"]), "got text"),
        (np.float32(3), r"shape \(n, ...\)"),
        (np.full((2, 16, 16, 3), np.nan), "not finite"),
        (None, "got None"),
    ],
)
def test_images_of_the_wrong_kind(cache, convolutions, images, message):
    for fast in (False, True):
        with pytest.raises((ValueError, TypeError), match=message):
            features.compute(convolutions, images, fast=fast)


def test_networks_and_numbers_that_do_not_do(cache, convolutions):
    left, right = keras.Input((4,)), keras.Input((4,))
    two = keras.Model([left, right], keras.layers.Add()([left, right]))
    with pytest.raises(ValueError, match="2 inputs and 1 outputs"):
        features.compute(two, X)
    with pytest.raises(ValueError, match="keras.Input"):
        features.compute(keras.Sequential([keras.layers.Dense(2)]), X)
    with pytest.raises(ValueError, match="threads must be"):
        features.compute(convolutions, PICTURES, threads=0)
    with pytest.raises(ValueError, match="batch_size must be"):
        features.compute(convolutions, PICTURES, batch_size=2.5)
    with pytest.raises(ValueError, match="it gave 1 for"):
        features.compute(convolutions, PICTURES, preprocess=lambda x: x[:1])
    assert features.compute(convolutions, PICTURES[:0]).shape == (0, 8)


@pytest.mark.slow
def test_mobilenet_at_224_is_the_same_and_read_back_quickly(cache):
    keras.utils.set_random_seed(0)
    network = keras.applications.MobileNetV2(
        include_top=False, weights=None, pooling="avg", input_shape=(224, 224, 3)
    )
    pictures = np.random.default_rng(0).uniform(-1, 1, (12, 224, 224, 3)).astype("float32")
    surgery.quicken_batchnorm(network, momentum=0)
    network(pictures, training=True)  # else the features are nearly zero, and so agree
    got = features.compute(network, pictures, fast=True)
    assert got.max() > 0.5
    assert np.abs(got - network.predict(pictures, verbose=0)).max() < 1e-4
    many = np.zeros((1000, 224, 224, 3), np.uint8)
    features._write(
        features._place(network, many, None, 64, None), np.ones((1000, 1280), np.float32)
    )
    began = time.process_time()  # of this process: others may be at work
    assert features.compute(network, many).sum() == 1_280_000
    assert time.process_time() - began < 1


# --- keys ----------------------------------------------------------------------------------------


class Twice:
    def __call__(self, x):
        return 2 * x


class Times(keras.layers.Layer):
    def __init__(self, factor, remark=None, **more):
        super().__init__(**more)
        self.factor = factor

    def call(self, x):
        return x * self.factor

    def compute_output_shape(self, shape):
        return shape


class Thrice(keras.Model):
    def call(self, x, training=None):
        return super().call(x) * 3


def relu(x):
    return 2 * x


def kept(cache):
    return len(list(cache.rglob("*.npy")))


def test_an_edited_module_never_gives_old_features(cache, network, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    module = tmp_path / "myprep.py"
    module.write_text("def f(x):\n    return x\n")
    myprep = importlib.import_module("myprep")
    try:
        features.compute(network, X, preprocess=lambda x: myprep.f(x))
        module.write_text("def f(x):\n    return x * 1000\n")  # longer, so Python sees it
        importlib.reload(myprep)
        got = features.compute(network, X, preprocess=lambda x: myprep.f(x))
    finally:
        del sys.modules["myprep"]
    assert np.array_equal(got, features.compute(network, 1000 * X, cache=False))
    assert kept(cache) == 0


def test_what_belongs_to_the_course_is_kept(cache, capsys):
    lab = load_lab("digits")
    images = lab.train.images[:3]
    shapes = {lab.preprocess: (48, 48, 3), preprocessing.preprocess_for("MobileNet"): (224, 224, 3)}
    for number, (preprocess, shape) in enumerate(shapes.items()):
        flat = keras.Sequential([keras.Input(shape), keras.layers.GlobalAveragePooling2D()])
        given = images if preprocess is lab.preprocess else np.zeros((1, *shape), np.uint8)
        features.compute(flat, given, preprocess=preprocess)
        assert kept(cache) == number + 1
    assert capsys.readouterr().err == ""


def test_what_wraps_the_preprocessing_of_a_lab_is_the_learners_own(cache, capsys):
    lab = load_lab("digits")
    images = lab.train.images[:3]
    flat = keras.Sequential([keras.Input((48, 48, 3)), keras.layers.GlobalAveragePooling2D()])
    plain = features.compute(flat, images, preprocess=lab.preprocess)

    @functools.wraps(lab.preprocess)  # takes over its name, and all that is on it
    def pale(x):
        return lab.preprocess(x / 2)

    got = features.compute(flat, images, preprocess=pale)
    assert np.array_equal(got, features.compute(flat, images / 2, preprocess=lab.preprocess))
    assert not np.allclose(got, plain)
    assert kept(cache) == 2  # both of the lab's own
    note = capsys.readouterr().err
    assert "cache_key=" in note and "preprocess_digits" in note and "pathlib" not in note
    assert np.array_equal(features.compute(flat, images, preprocess=pale, cache_key="pale"), got)
    assert kept(cache) == 3


@pytest.mark.parametrize(
    "preprocess",
    [
        double,
        lambda x: 2 * x,
        Twice(),
        Twice().__call__,
        functools.partial(np.multiply, 2),
        keras.layers.Rescaling(2),
    ],
    ids=["function", "lambda", "object", "method", "partial", "layer"],
)
def test_own_preprocessing_is_kept_under_a_name_only(
    cache, network, capsys, monkeypatch, preprocess
):
    wanted = features.compute(network, 2 * X, cache=False)
    for _ in range(2):
        got = features.compute(network, X, preprocess=preprocess)
        assert np.allclose(got, wanted, atol=1e-6)
    assert not cache.exists()
    note = capsys.readouterr().err
    assert note.count("\n") == 1 and "not kept" in note and 'cache_key="' in note
    got = features.compute(network, X, preprocess=preprocess, cache_key="double")
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(type(network), "predict_on_batch", None)  # would fail if called
    again = features.compute(network, X, preprocess=preprocess, cache_key="double")
    assert np.array_equal(again, got) and np.allclose(got, wanted, atol=1e-6)


def test_another_cache_key_is_another_file(cache, network):
    for preprocess in (None, double):
        before = kept(cache)
        for name in ("one", "two", "one"):
            features.compute(network, X, preprocess=preprocess, cache_key=name)
        assert kept(cache) == before + 2


def test_without_a_cache_there_is_no_note(cache, network, capsys):
    features.compute(network, X, preprocess=double, cache=False)
    features.compute(network, X, preprocess=double, cache=False, cache_key="double")
    assert capsys.readouterr().err == "" and not cache.exists()


def test_preprocessing_of_keras_is_not_kept(cache, network, capsys):
    of_keras = keras.applications.mobilenet_v2.preprocess_input
    features.compute(network, X, preprocess=of_keras)
    assert not cache.exists() and "preprocess_input" in capsys.readouterr().err
    features.compute(network, X, preprocess=of_keras, cache_key="-1 to 1")
    assert kept(cache) == 1


def stack(*layers):
    return keras.Sequential([keras.Input((8, 8)), *layers, keras.layers.Flatten()])


OWN = {
    "Times": lambda: stack(Times(2)),
    "inner Times": lambda: stack(keras.Sequential([keras.Input((8, 8)), Times(2)])),
    "wrapped Times": lambda: stack(keras.layers.TimeDistributed(Times(2))),
    "relu": lambda: stack(keras.layers.Dense(2, activation=relu)),  # Keras has one, too
    "double": lambda: stack(keras.layers.Lambda(double)),
    "<lambda>": lambda: stack(keras.layers.Lambda(lambda x: x)),
    "Thrice": lambda: Thrice(start := keras.Input((8, 8)), keras.layers.Flatten()(start)),
}


@pytest.mark.parametrize("name", OWN)
def test_a_network_with_own_code_is_kept_under_a_name_only(cache, capsys, name):
    for _ in range(2):  # built again, too
        own = OWN[name]()
        features.compute(own, X)
    note = capsys.readouterr().err
    assert kept(cache) == 0 and note.count("\n") == 1
    assert f"{name.split()[-1]} in the network" in note and 'cache_key="' in note
    first = features.compute(own, X, cache_key="mine")
    assert kept(cache) == 1
    assert np.array_equal(features.compute(own, X, cache_key="mine"), first)
    assert kept(cache) == 1


def test_a_network_that_keras_cannot_describe_is_not_kept(cache, capsys):
    strange = Times(2, remark=object())
    own = keras.Sequential([keras.Input((8, 8)), strange, keras.layers.Flatten()])
    features.compute(own, X, cache_key="mine")
    assert kept(cache) == 0 and "get_config" in capsys.readouterr().err


def test_a_name_is_no_setting():
    """Named after what they do, two networks differ in nothing but that."""
    names = [
        fingerprint.of_network(
            keras.Sequential([keras.Input((4,)), keras.layers.Activation(kind, name=kind)])
        )
        for kind in ("relu", "tanh")
    ]
    assert names[0] != names[1]


def test_steps_between_layers_are_part_of_a_network():
    def build(step):
        start = keras.Input((4,))
        return fingerprint.of_network(keras.Model(start, step(start)))

    assert build(keras.ops.sin) == build(keras.ops.sin) != build(keras.ops.cos)


def test_wiring_is_part_of_a_network():
    def build(first):
        keras.utils.set_random_seed(0)
        start = keras.Input((4,))
        one = keras.layers.Dense(4)(start)
        two = keras.layers.Dense(4)(one)
        return keras.Model(start, keras.layers.Add()([two, start if first else one]))

    assert fingerprint.of_network(build(True)) == fingerprint.of_network(build(True))
    assert fingerprint.of_network(build(True)) != fingerprint.of_network(build(False))


def test_keys_are_the_same_in_every_process(capsys):
    code = (
        "import tlhelpers as tl\n"
        "from tlhelpers.labs import digits\nfrom tlhelpers.networks import fingerprint\n"
        "lab = tl.load_lab('digits')\n"
        "own = lambda x: x\n"
        "print([fingerprint.of_function(f, vouched=True) for f in (lab.preprocess, own, None)])\n"
        "print(fingerprint.of_network(digits.build_digits_network()))\n"
    )
    exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})
    here = capsys.readouterr().out
    other = "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"  # sets in another order
    run = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONHASHSEED": other},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout == here
