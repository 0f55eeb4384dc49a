"""The ten questions of docs/placement.md: one right answer each, and what they state is so."""

import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tlhelpers.fetching import registry

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "placement.md").read_text("utf-8")
QUESTIONS = re.split(r"^## (?=\d+\. )", PAGE.split("\n## Where you begin\n")[0], flags=re.M)[1:]
NOTEBOOKS = {path.name[:2]: path for path in (ROOT / "notebooks").glob("*.ipynb")}


def choices(question):
    return re.findall(r"^- \*\*([A-D])\.\*\* \S", question, re.M)


def right(question):
    """The letters that the folded answers of a question begin with."""
    return re.findall(r"<details>\n<summary>.+</summary>\n\n\*\*([A-Z])\.\*\* ", question)


def headings(number):
    cells = json.loads(NOTEBOOKS[number].read_text("utf-8"))["cells"]
    texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    return re.findall(r"^##+ (.+)$", "\n".join(texts), re.M)


def test_there_are_ten_questions_in_order():
    numbers = [int(question.partition(".")[0]) for question in QUESTIONS]
    assert numbers == list(range(1, 11))


@pytest.mark.parametrize("number", range(1, 11))
def test_a_question_has_one_right_answer_of_four_folded_and_names_its_notebook(number):
    question = QUESTIONS[number - 1]
    assert choices(question) == list("ABCD")
    (letter,) = right(question)
    assert letter in choices(question)
    assert f"<summary>Answer to question {number}</summary>" in question
    assert question.count("<details>") == question.count("</details>") == 1
    answer = question[question.index("<details>") :]
    assert re.search(r"\]\(\.\./notebooks/\d\d_\w+\.ipynb\)", answer)
    assert letter not in "".join(re.findall(r"\((\w) is", answer))  # these explain wrong ones


def test_the_right_letters_are_these_and_spread():
    letters = [letter for question in QUESTIONS for letter in right(question)]
    assert "".join(letters) == "BDACDABCDA"  # who means to change one changes it here, too
    counts = Counter(letters)
    assert set(counts) == set("ABCD") and max(counts.values()) <= 3
    assert all(a != b for a, b in zip(letters, letters[1:], strict=False))


def test_notebooks_sections_and_rooms_that_it_names_exist():
    links = re.findall(r"\]\(\.\./notebooks/(\d\d)(_\w+\.ipynb)\)", PAGE)
    assert len(links) > 10
    for number, rest in links:
        assert NOTEBOOKS[number].name == number + rest
    named = re.findall(r"(\d\d)\]?\([^)]*\), sections? (\d+)(?: to (\d+))?", PAGE)
    named += [(b, a, "") for a, b in re.findall(r"section (\d+) of \[(\d\d)\]", PAGE)]
    assert len(named) > 8
    for number, first, last in named:
        found = {heading.partition(".")[0] for heading in headings(number)}
        assert {first, last or first} <= found, (number, first, last)
    for room in re.findall(r"\b(?:room|rooms|and) ([AB]\d+)\b", PAGE):
        assert any(heading.startswith(f"{room} ") for heading in headings("11")), room


def test_the_table_has_a_row_for_every_question():
    table = PAGE[PAGE.index("## Where you begin") : PAGE.index("## With a class")]
    wrong = re.findall(r"^\| (\d+(?: or \d+)?|none) \|", table, re.M)
    numbers = [int(n) for cell in wrong[:-1] for n in cell.split(" or ")]
    assert numbers == list(range(1, 11)) and wrong[-1] == "none"


# --- what the answers state is so ----------------------------------------------------------------


def test_numpy_does_what_questions_1_and_2_say():
    images = np.arange(6400.0).reshape(100, 8, 8)
    assert images.mean(axis=0).shape == (8, 8) and images.mean(axis=(1, 2)).shape == (100,)
    labels = np.arange(100) % 10
    answers = np.eye(10)[np.where(labels < 3, labels, 0)]
    assert (answers.argmax(axis=1) == labels).mean() == 0.3


def test_keras_says_nothing_of_pixels_of_the_wrong_range(recwarn, capfd):
    import keras

    model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(2, 3)])
    assert model.predict(np.full((1, 8, 8, 3), 255.0), verbose=0).shape == (1, 6, 6, 2)
    assert not recwarn.list and not capfd.readouterr().out


def test_moving_means_change_though_the_base_is_asked_with_training_false():
    import keras

    keras.utils.set_random_seed(0)
    norm = keras.layers.BatchNormalization()
    inputs = keras.Input((4,))
    base = keras.Model(inputs, norm(keras.layers.Dense(3)(inputs)))
    base.trainable = False
    outside = keras.Input((4,))
    model = keras.Model(outside, keras.layers.Dense(2)(base(outside, training=False)))
    rows = np.random.default_rng(0).normal(3, 1, (32, 4)).astype("float32")
    changed = []
    for base_trains, norm_trains in ((False, False), (True, True), (True, False)):
        base.trainable = base_trains
        norm.trainable = norm_trains
        model.compile("sgd", "mse")
        before = keras.ops.convert_to_numpy(norm.moving_mean).copy()
        model.fit(rows, rows[:, :2], verbose=0)
        changed.append(bool((keras.ops.convert_to_numpy(norm.moving_mean) != before).any()))
    assert changed == [False, True, False]


VOCABULARY = [file for name, file in registry.FILES.items() if "vocab" in name]


@pytest.mark.skipif(
    not VOCABULARY or VOCABULARY[0].installed() is None, reason="no vocabulary of MiniLM here"
)
def test_a_word_that_is_not_in_the_list_is_cut_as_question_10_says():
    import tlhelpers as tl

    pieces = tl.bert.load_tokenizer().cut("unputdownable")[1:-1]
    assert pieces == re.findall(r"`([#\w]+)`", QUESTIONS[9])[: len(pieces)]
    assert len(pieces) == 4 and "unputdownable" not in pieces
