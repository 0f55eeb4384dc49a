"""ImageNet networks for single pictures: what is here is loaded, what is not is said."""

from types import SimpleNamespace

import pytest

from tlhelpers.fetching import fetch
from tlhelpers.labs import imagenet
from tlhelpers.teaching import photo_sections


def test_what_is_missing_is_said_in_one_line_without_a_path(capsys, monkeypatch):
    def load(name):
        if name == "ResNet50":
            raise fetch.FileNotHere("/some/folder has no such file")
        return SimpleNamespace(weights=f"{name} (ImageNet)", size=224)

    monkeypatch.setattr(imagenet, "load_pretrained", load)
    monkeypatch.setenv("TLHELPERS_MIRROR", "/some/mirror")
    assert list(photo_sections.load_imagenet("MobileNetV2", "ResNet50")) == ["MobileNetV2"]
    ready, missing = capsys.readouterr().out.splitlines()
    assert ready.startswith("MobileNetV2 (ImageNet): ready")
    assert "tlhelpers fetch ResNet50" in missing and "/some" not in missing


def test_nothing_here_gives_an_empty_answer_and_goes_on(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("TLHELPERS_OFFLINE", "1")
    monkeypatch.setattr(
        imagenet.registry, "keras_weights_file", lambda *_: pytest.fail("asked Keras")
    )
    assert photo_sections.load_imagenet("MobileNetV2", "ResNet50") == {}
    said = capsys.readouterr().out
    assert "left out" in said and "tlhelpers fetch MobileNetV2" in said and said.count("\n") == 1


def test_weights_that_keras_already_has_are_noticed(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    assert not imagenet.may_be_here("ResNet50")
    for name, file in (
        ("ResNet50", "resnet50_weights_tf_dim_ordering_tf_kernels.h5"),
        ("MobileNetV3Small", "weights_mobilenet_v3_small_224_1.0_float.h5"),
    ):
        (tmp_path / "models" / file).touch()
        assert imagenet.may_be_here(name)


def test_a_second_network_is_not_downloaded_unasked(capsys, monkeypatch, cache):
    """In a room of thirty, a second opinion would cost 15 MB each."""
    asked = []

    def load(name):
        asked.append(name)
        return SimpleNamespace(weights=f"{name} (ImageNet)", size=224)

    monkeypatch.setattr(imagenet, "load_pretrained", load)
    assert list(photo_sections.load_imagenet("EfficientNetLite0", "MobileNetV2")) == asked
    assert asked == ["EfficientNetLite0"]
    assert "To get it: tlhelpers fetch MobileNetV2" in capsys.readouterr().out
    place = cache.parent / "keras" / "models"
    place.mkdir(parents=True)
    monkeypatch.setattr(fetch, "find_here", lambda file: place)  # it was fetched before
    assert len(photo_sections.load_imagenet("EfficientNetLite0", "MobileNetV2")) == 2


def test_a_misspelt_name_is_refused_before_anything_is_loaded(monkeypatch):
    monkeypatch.setattr(imagenet, "load_pretrained", lambda name: pytest.fail("loaded too early"))
    with pytest.raises(ValueError, match="MobileNetV2"):
        photo_sections.load_imagenet("ResNet50", "MobilNetV2")
    with pytest.raises(ValueError, match="name of a network"):
        photo_sections.load_imagenet()


@pytest.mark.parametrize(
    ("name", "source", "wanted"),
    [
        ("MobileNetV2", "/some/mirror", ["imagenet_class_index.json"]),
        ("MobileNetV2", "", []),  # nothing is downloaded unasked
        ("EfficientNetLite0", "/some/mirror", []),  # Keras does not know it
    ],
)
def test_keras_gets_its_list_of_names_from_a_mirror(monkeypatch, name, source, wanted):
    """Else its `decode_predictions` would download the list."""
    asked = []

    def fetch_file(file, **_):
        asked.append(file)
        raise fetch.FileNotHere("the mirror may lack it")

    monkeypatch.setenv("TLHELPERS_MIRROR", source)
    monkeypatch.setattr(imagenet, "fetch_weights", lambda _: ("a file", "a label"))
    monkeypatch.setattr(imagenet, "fetch_classes", lambda: ("tench",))
    monkeypatch.setattr(imagenet.build, "build_network", lambda *_: "a network")
    monkeypatch.setattr(fetch, "fetch_file", fetch_file)
    assert imagenet.load_pretrained(name).network == "a network"
    assert asked == wanted
