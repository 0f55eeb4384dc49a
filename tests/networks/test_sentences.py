"""Sentences as rows of numbers: the same alone and in company, from every layer."""

import sys

import numpy as np
import pytest
from bert_files import SIZES, WORDS, by_hand, made_up_tensors, safetensors_bytes

from tlhelpers.networks import bert, bert_onnx, onnx_runtime, sentences
from tlhelpers.networks.wordpiece import WordPiece

WAYS = pytest.mark.parametrize("fast", [False, True])


@pytest.fixture(scope="module")
def tensors():
    return made_up_tensors(seed=1)


@pytest.fixture(autouse=True)
def _nothing_told(monkeypatch):
    """Notices are given once in each session: let each test be one."""
    monkeypatch.setattr(onnx_runtime, "_told", set())


@pytest.fixture(scope="module")
def network(tensors, tmp_path_factory):
    path = tmp_path_factory.mktemp("bert") / "small.safetensors"
    path.write_bytes(safetensors_bytes(tensors))
    made = bert.build_bert(**SIZES)
    bert.load_weights(made, path)
    return made


@pytest.fixture(scope="module")
def cutter():
    return WordPiece(WORDS, most=16)


def texts_of(count):
    rng = np.random.default_rng(3)
    return [
        " ".join(f"w{n}" for n in rng.integers(0, 36, rng.integers(0, 15))) for _ in range(count)
    ]


@WAYS
def test_a_row_is_the_mean_of_the_states(network, cutter, tensors, fast, capsys):
    texts = texts_of(20)
    found = sentences.sentence_vectors(network, cutter, texts, layer=range(4), fast=fast)
    assert capsys.readouterr().err == ""  # ONNX Runtime has done it
    assert found.shape == (20, 4, 12) and found.dtype == np.float32
    for row, numbers in zip(found, cutter.number_rows(texts), strict=True):
        states, _ = by_hand(tensors, SIZES, numbers)
        assert np.allclose(row, states.mean(axis=1), atol=1e-5)


@WAYS
def test_company_and_order_change_nothing(network, cutter, monkeypatch, fast):
    def vectors(texts, **settings):
        return sentences.sentence_vectors(network, cutter, texts, fast=fast, **settings)

    texts = texts_of(40)
    together = vectors(texts)
    assert together.shape == (40, 12)
    alone = np.concatenate([vectors([text]) for text in texts[:5]])
    assert np.allclose(together[:5], alone, atol=1e-5)
    assert np.allclose(together, vectors(texts[::-1])[::-1], atol=1e-5)
    assert np.array_equal(together, vectors(texts, threads=1))
    monkeypatch.setattr(sentences, "PIECE", 1)
    assert np.allclose(together, vectors(texts, threads=5), atol=1e-5)


def test_what_is_filled_up_does_not_count(network, cutter):
    tokens = cutter(["w1 w2", "w3"])
    wide = {name: np.pad(array, ((0, 0), (0, 9))) for name, array in tokens.items()}
    wide["ids"][wide["mask"] == 0] = 39  # whatever stands there
    model = sentences.sentence_network(network)
    assert np.allclose(model(tokens), model(wide), atol=1e-5)


def test_layers_are_counted_from_the_embeddings(network, cutter):
    texts = texts_of(6)
    rows = sentences.sentence_vectors(network, cutter, texts, layer=[0, 1, 2, 3])
    for layer in range(4):
        one = sentences.sentence_vectors(network, cutter, texts, layer=layer)
        assert np.allclose(one, rows[:, layer], atol=1e-6)
        model = sentences.sentence_network(network, layer)
        assert np.allclose(model(cutter(texts)), rows[:, layer], atol=1e-5)
        blocks = [part.name for part in model.layers if part.name.endswith(bert.LOOKS)]
        assert len(blocks) == layer  # blocks behind it are left out
    last = sentences.sentence_vectors(network, cutter, texts)
    assert np.allclose(last, rows[:, 3], atol=1e-6)
    twice = sentences.sentence_vectors(network, cutter, texts, layer=(3, 1, 3))
    assert np.allclose(twice, rows[:, [3, 1, 3]], atol=1e-6)
    for odd in (4, -1, [0, 4], "2"):
        with pytest.raises((ValueError, TypeError), match="layer must be a whole number from 0 to"):
            sentences.sentence_vectors(network, cutter, texts, layer=odd)


def test_odd_texts_have_rows_too(network, cutter):
    texts = ["", " ", "🙂", "中文", "\0\a\u200b", "w1 " * 1000, "x" * 10_000_000]
    found = sentences.sentence_vectors(network, cutter, texts)
    assert np.isfinite(found).all() and np.allclose(found[0], found[1])
    assert sentences.sentence_vectors(network, cutter, []).shape == (0, 12)
    with pytest.raises(TypeError, match=r"texts must be a list of texts; got one text"):
        sentences.sentence_vectors(network, cutter, "w1")


def test_pieces_are_of_like_length_and_hold_every_text_once(monkeypatch):
    monkeypatch.setattr(sentences, "PIECE", 20)
    lengths = [3, 3, 4, 5, 9, 10, 11, 25]
    pieces = sentences._pieces([*range(8)], lengths)
    assert pieces == [[0, 1, 2, 3], [4, 5], [6], [7]]


def test_who_looks_at_whom(network, cutter, tensors):
    text = "w1 w2 w3 w1"
    tokens, looks = sentences.attention_of(network, cutter, text)
    assert tokens == ["[CLS]", "w1", "w2", "w3", "w1", "[SEP]"]
    assert looks.shape == (3, 3, 6, 6) and np.allclose(looks.sum(-1), 1, atol=1e-6)
    _, wanted = by_hand(tensors, SIZES, cutter.number_rows([text])[0])
    assert np.allclose(looks, wanted, atol=1e-5) and np.ptp(wanted) > 0.3
    assert sentences.attention_of(network, cutter, "").weights.shape == (3, 3, 2, 2)
    with pytest.raises(TypeError, match=r"text must be a text; got \['w1'\]"):
        sentences.attention_of(network, cutter, ["w1"])


# -------------------------------------------------------------------------- training


def collected(dataset):
    return [(tokens["ids"].numpy(), tokens["mask"].numpy(), y.numpy()) for tokens, y in dataset]


def test_a_dataset_has_every_text_once_with_its_label(cutter):
    texts = [" ".join(["w1"] * (n % 9) + [f"w{n % 36}"]) for n in range(70)]
    labels = np.arange(70)
    data = sentences.dataset_of_texts(cutter, texts, labels, batch_size=8, seed=1)
    assert len(data) == 9
    first, second = collected(data), collected(data)
    rows = cutter.number_rows(texts)
    for batches in (first, second):
        assert sorted(np.concatenate([y for *_, y in batches])) == [*range(70)]
        for ids, mask, y in batches:
            assert [row[kept == 1].tolist() for row, kept in zip(ids, mask, strict=True)] == [
                rows[n] for n in y
            ]
    filled = np.mean(np.concatenate([mask.ravel() == 0 for _, mask, _ in first]))
    assert filled < 0.1 < np.mean(cutter(texts)["mask"] == 0)  # of like length
    orders = [np.concatenate([y for *_, y in batches]).tolist() for batches in (first, second)]
    assert orders[0] != orders[1] and len(first) == len(second) == 9
    sizes = [ids.shape[1] for ids, *_ in first]
    assert sizes != sorted(sizes)  # short ones and long ones by chance
    same = sentences.dataset_of_texts(cutter, texts, labels, batch_size=8, seed=1)
    assert np.concatenate([y for *_, y in collected(same)]).tolist() == orders[0]
    other = sentences.dataset_of_texts(cutter, texts, labels, batch_size=8, seed=2)
    assert np.concatenate([y for *_, y in collected(other)]).tolist() != orders[0]


def test_a_dataset_without_shuffling_is_in_the_order_of_the_list(cutter):
    texts = texts_of(11)
    data = sentences.dataset_of_texts(cutter, texts, [1] * 5 + [0] * 6, batch_size=4, shuffle=False)
    batches = collected(data)
    assert [y.tolist() for *_, y in batches] == [[1, 1, 1, 1], [1, 0, 0, 0], [0, 0, 0]]
    assert batches[0][0].tolist() == cutter(texts[:4])["ids"].tolist()
    with pytest.raises(ValueError, match="labels must have 11 numbers, one for each text; got 3"):
        sentences.dataset_of_texts(cutter, texts, [0, 1, 2])
    with pytest.raises(TypeError, match="got one text"):
        sentences.dataset_of_texts(cutter, "w1", [0])


def test_keras_trains_on_such_a_dataset(cutter, network):
    import keras

    vectors = sentences.sentence_network(keras.models.clone_model(network))
    model = keras.Model(vectors.input, keras.layers.Dense(2, "softmax")(vectors.output))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    texts = texts_of(24)
    labels = np.array(["w7" in text for text in texts]).astype(int)
    data = sentences.dataset_of_texts(cutter, texts, labels, batch_size=5)
    history = model.fit(data, epochs=2, verbose=0).history
    assert len(history["loss"]) == 2 and np.isfinite(history["loss"]).all()


# ---------------------------------------------------------------------- ONNX Runtime


def test_the_size_of_the_job_decides(network, cutter, monkeypatch):
    asked = []
    monkeypatch.setattr(bert_onnx, "load_fast", lambda *_: asked.append(1))
    sentences.sentence_vectors(network, cutter, ["w1"])
    assert not asked
    monkeypatch.setattr(bert_onnx, "WORTHWHILE", 3 * network.count_params())
    sentences.sentence_vectors(network, cutter, ["w1"])
    assert asked
    sentences.sentence_vectors(network, cutter, ["w1"], fast=False)
    assert len(asked) == 1


def test_it_takes_the_weights_of_now_and_what_lora_adds(network, cutter, capsys):
    import keras

    other = keras.models.clone_model(network)
    other.set_weights(network.get_weights())
    texts = texts_of(5)
    before = sentences.sentence_vectors(other, cutter, texts, fast=True)
    bert.add_lora(other, rank=2)
    layer = other.get_layer("encoder.layer.1.attention.self.value")
    layer.lora_kernel_b.assign(np.ones((2, 12)))
    after = sentences.sentence_vectors(other, cutter, texts, fast=True)
    assert np.abs(after - before).max() > 0.01
    assert capsys.readouterr().err == ""  # Keras had nothing to put right
    slow = sentences.sentence_vectors(other, cutter, texts, fast=False)
    assert np.allclose(after, slow, atol=1e-5)


@pytest.mark.parametrize("trouble", ["absent", "refuses", "differs", "fails"])
def test_without_it_keras_does_the_work_and_says_so_once(
    network, cutter, monkeypatch, capsys, trouble
):
    texts = texts_of(5)
    wanted = sentences.sentence_vectors(network, cutter, texts, fast=False)
    if trouble == "absent":
        monkeypatch.setitem(sys.modules, "onnxruntime", None)
    elif trouble == "refuses":
        monkeypatch.setattr(onnx_runtime, "open_session", lambda *_: None)
    else:
        write = bert_onnx.write_graph

        def spoilt(*given):
            graph = write(*given)
            [step] = [step for step in graph.graph.node if step.op_type == "Gather"]
            step.input[1] = "mask" if trouble == "differs" else "ids"
            if trouble == "fails":
                graph.graph.initializer[0].dims[0] = 1  # a table that has no such row
                graph.graph.initializer[0].raw_data = bytes(48)
            return graph

        monkeypatch.setattr(bert_onnx, "write_graph", spoilt)
    for _ in range(2):
        found = sentences.sentence_vectors(network, cutter, texts, fast=True)
        assert np.allclose(found, wanted, atol=1e-5)
    said = capsys.readouterr().err
    words = {"absent": "cannot be loaded", "refuses": "does not take", "differs": "differs from"}
    assert said.count("Note: ") == 1 and words.get(trouble, "") in said
