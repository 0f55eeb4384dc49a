"""Features: equal to Keras, computed once, safe on disk."""

import os
import stat
import subprocess
import sys

import numpy as np
import pytest

keras = pytest.importorskip("keras")
from tlhelpers import features  # noqa: E402


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


def times(factor):
    return lambda x: [factor * row for row in x]


def test_the_same_network_built_again_finds_its_features():
    def build():
        keras.utils.set_random_seed(1)
        inner = keras.Sequential([keras.Input((8, 8)), keras.layers.Flatten()])
        return keras.Sequential([inner, keras.layers.Dense(5)])

    one, two = build(), build()
    assert one.layers[0].name != two.layers[0].name
    assert features._key(one, X, times(2)) == features._key(two, X, times(2))


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
        features._key(network, X, double),
        features._key(network, X, lambda x: 3 * x),
        features._key(network, X, lambda x: 4 * x),
        features._key(network, X, lambda x: np.sin(x)),
        features._key(network, X, lambda x: np.cos(x)),
        *(features._key(network, X, lambda x, factor=factor: factor * x) for factor in (5, 6)),
        *(features._key(network, X, times(factor)) for factor in (5, 6)),
        features._key(network, X[::-1], None),
        features._key(network, X.astype("float64"), None),
    }
    assert len(keys) == 13
    assert features._key(network, X, double) == features._key(network, X, double)


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
    with pytest.raises(ValueError, match="at least 1; got 0"):
        features.compute(network, X, batch_size=0)
    flat = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(2, 3)])
    with pytest.raises(ValueError, match="GlobalAveragePooling2D"):
        features.compute(flat, X[..., None])


def test_two_processes_at_once(tmp_path):
    code = (
        "import numpy as np\nfrom pathlib import Path\nfrom tlhelpers import features\n"
        "for i in range(200):\n"
        f"    features._write(Path({str(tmp_path)!r}) / 'x.npy', np.full((50, 50), 1, 'float32'))\n"
        f"    assert features._read(Path({str(tmp_path)!r}) / 'x.npy', (50, 50)) is not None\n"
    )
    both = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    assert [process.wait(timeout=60) for process in both] == [0, 0]
    assert [p.name for p in tmp_path.iterdir()] == ["x.npy"]
