"""The benchmark of fine-tuning on sentences: cuts, heads, and that each way trains what it says."""

import numpy as np
import pytest
from bert_files import SIZES, WORDS

from benchmarks import text_fine_tuning
from tlhelpers.data.rated_sentences import RatedSentences
from tlhelpers.data.texts import text_array
from tlhelpers.fetching import fetch
from tlhelpers.networks import bert
from tlhelpers.networks.wordpiece import WordPiece


def made_up(count=400):
    rng = np.random.default_rng(0)
    labels = rng.permutation(count) % 2
    words = [f"w{n} w{10 + n % 20} {n}" for n in range(count)]
    return RatedSentences(text_array(words), labels - 0.5, labels, np.arange(count) // 2)


def test_choice_training_and_test_share_no_review():
    films = made_up()
    for seed in range(3):
        parts = text_fine_tuning.cut(films, 20, seed)
        reviews = [{*films.reviews[rows].tolist()} for rows in parts]
        assert not (reviews[0] & reviews[1] or reviews[0] & reviews[2] or reviews[1] & reviews[2])
        assert np.bincount(films.labels[parts.train]).tolist() == [20, 20]
        assert len(parts.choice) > 80 and len(parts.test) > 60


def test_the_layer_that_tells_the_classes_apart_is_chosen():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, 200)
    x = rng.normal(size=(200, 4, 5))
    x[100:, 3, 0] += 9 * labels[100:]  # outside of what is for choosing
    x[:100, 2, 0] += 3 * labels[:100]
    assert text_fine_tuning.choose_layer(x, labels, np.arange(100), seed=0) == 2


def test_a_head_answers_as_the_classifier_and_silent_features_do_not_count():
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(2)
    x = rng.normal(3, [1, 0.1, 5], (300, 3))
    y = (x[:, 0] > 3).astype(int)
    weights, bias = text_fine_tuning.head_of(x, y, silent=1e-6)
    scaled = StandardScaler().fit_transform(x)
    wanted = LogisticRegression(C=0.01).fit(scaled, y).decision_function(scaled)
    assert np.allclose(x @ weights[:, 0] + bias, wanted, atol=1e-4)
    quiet = np.concatenate([x, rng.normal(0, 2e-9, (300, 1))], axis=1)
    assert text_fine_tuning.head_of(quiet, y, silent=1e-6)[0][3] == 0
    assert abs(text_fine_tuning.head_of(quiet, y, silent=0)[0][3]) > 1e4


@pytest.fixture
def small(monkeypatch):
    """A small network in the place of MiniLM; its models are remembered."""
    import keras

    made = []

    def load():
        keras.utils.set_random_seed(3)
        made.append(bert.build_bert(**SIZES))
        return made[-1]

    monkeypatch.setattr(text_fine_tuning.bert, "load_minilm", load)
    monkeypatch.setattr(
        text_fine_tuning.bert, "load_tokenizer", lambda most: WordPiece(WORDS, most=16)
    )
    return made, load


@pytest.mark.parametrize(
    ("way", "moves"),
    [
        ("all blocks", {0, 1, 2}),
        ("last two blocks", {1, 2}),
        ("LoRA, rank 8", {0, 1, 2}),
    ],
)
def test_each_way_trains_what_it_says(small, way, moves, monkeypatch):
    made, load = small
    monkeypatch.setattr(
        text_fine_tuning.bert,
        "train_blocks",
        lambda model, last, _real=bert.train_blocks: _real(model, min(last, 3)),
    )
    films = made_up(64)
    films = RatedSentences(text_array([f"w{1 + label} w3" for label in films.labels]), *films[1:])
    head = np.zeros((12, 1), np.float32), np.zeros(1, np.float32)
    pair = films.texts, films.labels
    right, seconds = text_fine_tuning.fine_tune(way, head, pair, pair, seed=0)
    before, after = load(), made[0]
    changed = {
        int(layer.name.split(".")[2])
        for layer in after.layers
        if layer.name.startswith(bert.BLOCK)
        and layer.weights
        and not np.array_equal(
            np.asarray(before.get_layer(layer.name).weights[-1]), np.asarray(layer.weights[-1])
        )
    }
    if not way.startswith("LoRA"):
        assert changed == moves
    kernels = [f"{bert.BLOCK}0.attention.self.{part}" for part in ("query", "key")]
    same = [
        np.allclose(before.get_layer(name).kernel, after.get_layer(name).kernel) for name in kernels
    ]
    assert same == {"all": [False, False], "las": [True, True], "LoR": [False, True]}[way[:3]]
    assert 0 <= right <= 1 and seconds > 0


def test_without_the_sentences_it_says_what_is_missing(monkeypatch, capsys, small):
    def missing(*_):
        raise fetch.FileNotHere("The sentences are not here.")

    monkeypatch.setattr(text_fine_tuning.bert, "load_tokenizer", lambda: None)
    monkeypatch.setattr(text_fine_tuning.rated_sentences, "load_sentences", missing)
    assert text_fine_tuning.measure(range(1)) is None
    assert capsys.readouterr().err == "The sentences are not here.\n"
