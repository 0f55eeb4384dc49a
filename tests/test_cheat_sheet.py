"""The cheat sheet: its code runs, and its table says what Keras does."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tlhelpers as tl
from tlhelpers.data import word_vectors
from tlhelpers.fetching import registry
from tlhelpers.networks import bert

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "cheat_sheet.md").read_text("utf-8")

#: What would be downloaded or takes long, and what stands in its place here.
QUICK = {
    'weights="imagenet"': "weights=None",
    "EPOCHS = 20": "EPOCHS = 1",
    "mobilenet_v2 as family": "mobilenet as family",
    "MobileNetV2(": "MobileNet(",
    "steps=200": "steps=2",
}
#: Black and white.
PIXELS = np.float32([[[[0, 0, 0], [255, 255, 255]]]])


def code_below(title):
    """The code below a heading, quick enough for a test."""
    part = re.split("^## ", TEXT[TEXT.index(f"\n## {title}\n") + 4 :], flags=re.MULTILINE)[0]
    (code,) = re.findall(r"^```python\n(.*?)^```", part, re.DOTALL | re.MULTILINE)
    for slow, fast in QUICK.items():
        code = code.replace(slow, fast)
    return code


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the pictures that the sheet reads."""
    tl.load_tensorflow()
    rng = np.random.default_rng(0)
    for part, count in (("learn", 6), ("valid", 3)):
        for name, shade in (("cup", 40), ("daisy", 200)):
            place = tmp_path / "photos" / part / name
            place.mkdir(parents=True)
            for number in range(count):
                pixels = rng.normal(shade, 20, (60, 80, 3)).clip(0, 255).astype("uint8")
                Image.fromarray(pixels).save(place / f"{number}.jpg")
    Image.fromarray(pixels).save(tmp_path / "cat.jpg")
    monkeypatch.chdir(tmp_path)
    # Keras would download the names of the classes.
    names = {str(number): [f"n{number:08}", f"class {number}"] for number in range(1000)}
    monkeypatch.setattr("keras.src.applications.imagenet_utils.CLASS_INDEX", names)
    return tmp_path


def test_what_is_made_quick_is_on_the_sheet():
    assert [slow for slow in QUICK if slow not in TEXT] == []


@pytest.mark.slow
def test_the_code_for_pictures_runs(folder, capsys):
    names = {}
    exec(code_below("Predict"), names)
    assert capsys.readouterr().out.count("class ") == 3
    assert names["p"].shape == (1, 1000)

    exec(code_below("Frozen features"), names)
    assert names["x"].shape == (12, 1024) and names["y"].tolist() == [0] * 6 + [1] * 6
    # Random weights hardly let anything through; with these statistics they do.
    base, keras = names["base"], names["keras"]
    norms = [x for x in base.layers if isinstance(x, keras.layers.BatchNormalization)]
    for norm in norms:
        norm.momentum = 0
    base(np.random.default_rng(0).uniform(-1, 1, (4, 224, 224, 3)), training=True)
    before = [weights.copy() for weights in base.get_weights()]

    exec(code_below("Fine-tune in two phases"), names)
    trained = [x for x in base.layers if x.trainable and x.weights]
    assert trained and not set(trained) & set(norms)
    assert set(trained) <= set(base.layers[-30:])
    # What is trained has changed, and nothing else: also not the statistics.
    untouched = [layer for layer in base.layers if layer not in trained]
    fixed = {id(weights) for layer in untouched for weights in layer.weights}
    for old, weights in zip(before, base.weights, strict=True):
        same = np.array_equal(old, weights.numpy())
        assert same == (id(weights) in fixed), weights.path
    again = keras.models.load_model("mine.keras")
    assert again.predict(np.zeros((1, 224, 224, 3)), verbose=0).shape == (1, 2)


@pytest.mark.slow
def test_the_code_for_adapting_runs(capsys):
    tl.load_tensorflow()
    exec(code_below("Adapt without labels of the target"), {})
    said = [float(line) for line in capsys.readouterr().out.split()]
    assert len(said) == 3 and all(0 < value < 2.4 for value in said)


FOR_TEXTS = [registry.FILES[name] for name in (bert.WEIGHTS, word_vectors.VECTORS)]


@pytest.mark.slow
@pytest.mark.skipif(
    any(file.installed() is None for file in FOR_TEXTS), reason="no GloVe or no MiniLM here"
)
def test_the_code_for_texts_runs(capsys):
    import keras
    from sklearn.linear_model import LogisticRegression

    tl.load_tensorflow()
    given = {"keras": keras, "np": np, "tl": tl, "LogisticRegression": LogisticRegression}
    exec(code_below("Texts"), given)
    assert given["x"].shape == (18, 384) and given["head"].score(given["x"], given["y"]) == 1
    assert sum(int(np.prod(w.shape)) for w in given["model"].trainable_weights) < 100_000
    bits = float(capsys.readouterr().out.split()[-1])
    assert 0.5 < bits < 8


def rows_of_contracts():
    part = TEXT[TEXT.index("| `keras.applications` |") :].split("\n\n")[0]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in part.splitlines()[2:]]


#: The module of a network in keras.applications.
MODULES = {
    "MobileNet": "mobilenet", "MobileNetV2": "mobilenet_v2", "ResNet50V2": "resnet_v2",
    "NASNetMobile": "nasnet", "InceptionV3": "inception_v3",
    "InceptionResNetV2": "inception_resnet_v2", "Xception": "xception", "VGG16": "vgg16",
    "VGG19": "vgg19", "ResNet50": "resnet", "DenseNet121": "densenet",
    "EfficientNetB0": "efficientnet", "EfficientNetV2B0": "efficientnet_v2",
    "ConvNeXtTiny": "convnext", "MobileNetV3Small": "mobilenet_v3",
    "MobileNetV3Large": "mobilenet_v3",
}  # fmt: skip


def test_the_table_of_contracts_says_what_keras_does():
    import keras

    seen = []
    for networks, _, said in rows_of_contracts():
        for name in networks.split(", "):
            seen.append(name)
            prepare = getattr(keras.applications, MODULES[name]).preprocess_input
            made = np.asarray(prepare(PIXELS.copy()))
            red, _, blue = np.asarray(prepare(np.float32([[[[255, 0, 0]]]])))[0, 0, 0]
            low, high = read_range(said)
            near = 0.5 if high > 10 else 0.05  # what the sheet rounds to
            assert (low, high) == pytest.approx((made.min(), made.max()), abs=near), name
            assert (red < blue) == ("blue first" in said), name
    assert sorted(seen) == sorted(MODULES)


def read_range(said):
    found = re.search(r"([−\d.]+) to ([−\d.]+)", said)
    return tuple(float(number.replace("−", "-")) for number in found.groups())


@pytest.mark.slow
def test_the_table_of_contracts_says_how_many_pixels_and_what_is_inside():
    import keras

    kinds = (keras.layers.Rescaling, keras.layers.Normalization)
    for networks, side, said in rows_of_contracts():
        for name in networks.split(", "):
            if name not in ("MobileNetV2", "InceptionV3", "ResNet50", "EfficientNetB0"):
                continue  # one of a kind; the others take minutes
            network = getattr(keras.applications, name)(weights=None)
            assert network.input_shape[1] == int(side), name
            inside = any(isinstance(layer, kinds) for layer in network.layers)
            assert inside == ("done inside" in said), name


def numbers_said():
    """What the sheet says before the number of a notebook: the notebook, and the numbers."""
    for line in re.sub(r"^```.*?^```", "", TEXT, flags=re.DOTALL | re.MULTILINE).splitlines():
        start = 0
        for source in re.finditer(r"\[\[(\d\d)\]\]", line):
            words = re.split(r"\||\. ", line[start : source.start()])[-1]
            start = source.end()
            found = re.findall(r"(?<![\d.])(?:\d+(?:\.\d+)?(?=%)|\d*\.\d+|(?<=[+−])\d+)", words)
            yield source[1], words.strip(), found


def printed_by(number):
    """All numbers in the outputs of a notebook."""
    (file,) = (ROOT / "notebooks").glob(f"{number}_*.ipynb")
    outputs = [
        o for cell in json.loads(file.read_text("utf-8"))["cells"] for o in cell.get("outputs", ())
    ]
    texts = [o.get("text") or o.get("data", {}).get("text/plain", "") for o in outputs]
    return {float(n) for n in re.findall(r"\d+\.\d+|\d+", " ".join(map("".join, texts)))}


def test_numbers_are_those_that_the_notebooks_print():
    said = list(numbers_said())
    assert sum(len(numbers) for _, _, numbers in said) > 40
    wrong = []
    for notebook, words, numbers in said:
        printed = printed_by(notebook)
        for number in numbers:
            digits = len(number.partition(".")[2])
            if not any(abs(float(number) - n) <= 0.5 * 10**-digits + 1e-9 for n in printed):
                wrong.append((notebook, number, words))
    assert wrong == []


def test_the_label_budget_is_that_of_the_benchmarks():
    budgets = re.findall(r"(\d+): (\d+)% \((\d+)%\)", TEXT)
    assert [labels for labels, _, _ in budgets] == ["1", "5", "20", "50"]
    page = (ROOT / "docs" / "benchmarks.md").read_text("utf-8")
    for labels, *said in budgets:
        row = re.search(
            rf"halves 1→2, {labels} per class.*\| ([\d.]+)% / ([\d.]+)% \(lowest ([\d.]+)", page
        )
        assert said == [f"{float(row[1]):.0f}", f"{float(row[2]):.0f}"], labels
        if labels == "1":
            assert f"the worst of ten gave {row[3]}%" in TEXT
