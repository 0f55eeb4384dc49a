"""A decoder in layers of Keras and in NumPy: both as it is by hand; files, parts, LoRA."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from gguf_files import SIZES, by_hand, entries, gguf_bytes, made_up_arrays

from tlhelpers.networks import decoder, gguf_file
from tlhelpers.networks.decoder_steps import Steps

ROWS = [[5, 200, 7, 7, 31, 90, 4], [60, 2, 0]]


@pytest.fixture(scope="module")
def made():
    """A file, and the weights in it."""
    return gguf_bytes(entries(), made_up_arrays())


@pytest.fixture(scope="module")
def path(made, tmp_path_factory):
    path = tmp_path_factory.mktemp("decoder") / "small.gguf"
    path.write_bytes(made[0])
    return path


@pytest.fixture
def network(path):
    network = decoder.build_decoder(**SIZES)
    decoder.load_weights(network, path)
    return network


def weights(model):
    return {weight.path: np.asarray(weight.value) for weight in model.weights}


def changed(model, before):
    now = weights(model)
    return {path for path in before if not np.array_equal(before[path], now[path])}


def next_ones(model, row=ROWS[0], epochs=3, rate=0.01):
    """Train it to say what comes next."""
    keras.utils.set_random_seed(0)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate), loss, run_eagerly=True)
    ids, after = np.array([row[:-1]]), np.array([row[1:]])
    return model.fit(ids, after, epochs=epochs, verbose=0).history["loss"]


# ---------------------------------------------------------------------- the network


def test_it_is_the_network_of_the_papers(network, made):
    """Angles, heads that share keys, gates, norms and the order of all: every layer."""
    padded = np.array([ROWS[0], ROWS[1] + [9, 9, 9, 9]])
    logits = np.asarray(network(padded))
    for row, answers in zip(ROWS, logits, strict=True):
        states, wanted = by_hand(made[1], row)
        assert np.ptp(wanted) > 5
        assert np.allclose(answers[: len(row)], wanted, atol=2e-3)
        for layer, one in enumerate(states):
            found = decoder.state_network(network, layer)(np.array([row]))[0]
            assert np.allclose(found, one, atol=2e-3), layer
    assert np.array_equal(
        decoder.state_network(network)(padded), decoder.state_network(network, 2)(padded)
    )


def test_step_by_step_it_is_the_same(network, made, monkeypatch):
    states, wanted = by_hand(made[1], ROWS[0])
    steps = Steps(network)
    one_by_one = [steps.answer(steps.read([token])[0])[0] for token in ROWS[0]]
    assert np.allclose(one_by_one, wanted, atol=2e-3)
    monkeypatch.setattr("tlhelpers.networks.decoder_steps.PIECE", 3)
    steps.forget()
    found = steps.read(ROWS[0], [2, 0])
    assert np.allclose(found[0], states[2], atol=2e-3) and np.allclose(found[1], states[0])
    assert steps.read(ROWS[1], [1])[0].shape == (3, 32)
    steps.forget()
    assert np.allclose(steps.read(ROWS[0])[0], states[-1], atol=2e-3)


def test_no_token_sees_those_behind_it(network):
    one = np.asarray(network(np.array([[5, 6, 7, 8]])))
    other = np.asarray(network(np.array([[5, 6, 9, 1]])))
    assert np.allclose(one[:, :2], other[:, :2], atol=1e-5)
    assert not np.allclose(one[:, 2:], other[:, 2:], atol=0.1)


def test_smollm_has_as_many_weights_as_is_published():
    layers = 30 * (2 * 576**2 + 2 * 576 * 192 + 3 * 576 * 1536 + 2 * 576)
    assert 49_152 * 576 + layers + 576 == 134_515_008
    sizes = SIZES | {"blocks": 1}
    count = decoder.build_decoder(**sizes).count_params()
    assert count == 264 * 32 + (2 * 32**2 + 2 * 32 * 16 + 3 * 32 * 64 + 2 * 32) + 32


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        ({"width": 30}, r"width must be a multiple of 2 · heads \(8\); got 30"),
        ({"key_heads": 3}, r"heads must be a multiple of key_heads \(3\); got 4"),
        ({"key_heads": 5}, "key_heads must be a whole number from 1 to 4"),
        ({"blocks": 0}, "blocks must be a whole number from 1"),
        ({"width": 10**9}, "width must be a whole number"),
        ({"base": 1}, "base must be a number, above 1"),
        ({"epsilon": float("nan")}, "epsilon must be a number"),
    ],
)
def test_sizes_that_make_no_sense_are_refused(odd, words):
    with pytest.raises(ValueError, match=words):
        decoder.build_decoder(**SIZES | odd)


def test_what_is_no_decoder_is_refused(network):
    other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)], name="other")
    for given in (other, decoder.state_network(network, 1)):
        for use in (decoder.state_network, decoder.read_decoder, Steps):
            with pytest.raises(ValueError, match=f"{given.name} is no decoder with all its layers"):
                use(given)
    with pytest.raises(TypeError, match="network must be a network of Keras"):
        decoder.read_decoder("decoder")
    with pytest.raises(ValueError, match="layer must be a whole number from 0 to 2; got 3"):
        decoder.state_network(network, 3)


# ------------------------------------------------------------------ files of weights


def test_another_file_is_refused_in_one_sentence_and_nothing_changes(tmp_path):
    network = decoder.build_decoder(**SIZES)
    before = weights(network)
    arrays = made_up_arrays()
    whole, _ = gguf_bytes(entries(), arrays)
    up = "blk.1.ffn_up.weight"
    fewer = {name: array for name, array in arrays.items() if name != up}
    more = arrays | {"output.weight": arrays["token_embd.weight"]}
    nan = ("F32", np.full(32, np.nan))
    damaged = {
        "is cut short": whole[:-1],
        "is not a GGUF file": b"\x80\x02}q\x00." + whole,  # begins as a pickle does
        f"has no {up}": gguf_bytes([], fewer)[0],
        "has a output.weight, which this network has not": gguf_bytes([], more)[0],
        f"has a {up} of shape (64, 64), which does not fit": gguf_bytes(
            [], arrays | {up: ("F16", np.ones((64, 64)))}
        )[0],
        f"has a {up} of shape (32, 64), which does not fit": gguf_bytes(
            [], arrays | {up: ("F16", np.ones((32, 64)))}
        )[0],
        "has numbers in output_norm.weight that are NaN or infinite": gguf_bytes(
            [], arrays | {"output_norm.weight": nan}
        )[0],
    }
    path = tmp_path / "given.gguf"
    for words, content in damaged.items():
        path.write_bytes(content)
        with pytest.raises(ValueError) as caught:
            decoder.load_weights(network, path)
        said = str(caught.value)
        assert said.startswith("given.gguf ") and words in said and "\n" not in said
        assert "(2 blocks, 32 wide)" in said
        assert not changed(network, before)
    with pytest.raises(FileNotFoundError):
        decoder.load_weights(network, tmp_path / "none.gguf")
    path.write_bytes(whole)
    decoder.load_weights(network, gguf_file.read_gguf(path))
    assert len(changed(network, before)) == len(before)


# ------------------------------------------------------------------ training and LoRA


def test_it_learns_what_comes_next(network):
    loss = next_ones(network, epochs=20)
    assert loss[-1] < 0.2 * loss[0]
    assert Steps(network).read([1])[0].shape == (1, 32)


def test_lora_begins_as_nothing_and_trains_little(network):
    before, answers = weights(network), np.asarray(network(np.array([ROWS[0]])))
    decoder.add_lora(network, rank=2)
    assert np.array_equal(network(np.array([ROWS[0]])), answers)
    loss = next_ones(network, epochs=8)
    assert loss[-1] < 0.9 * loss[0]
    now = np.asarray(network(np.array([ROWS[0]])))
    assert not np.allclose(now, answers, atol=0.01) and not changed(network, before)
    steps = Steps(network)
    assert np.allclose(steps.answer(steps.read(ROWS[0])[0]), now, atol=2e-3)  # knows of it
    learnt = {weight.path for weight in network.trainable_weights}
    assert learnt == {
        f"blk.{block}.attn_{part}/lora_kernel_{side}"
        for block in range(2)
        for part in "qv"
        for side in "ab"
    }
    with pytest.raises(ValueError, match="has LoRA already"):
        decoder.add_lora(network)


def test_lora_in_a_classifier_lets_its_head_learn(network):
    states = decoder.state_network(network, layer=1)
    mean = keras.layers.GlobalAveragePooling1D()(states.output)
    model = keras.Model(states.input, keras.layers.Dense(2, "softmax", name="head")(mean))
    decoder.add_lora(model, rank=1)
    learnt = {weight.path.partition("/")[0] for weight in model.trainable_weights}
    assert learnt == {"head", "blk.0.attn_q", "blk.0.attn_v"}  # the block behind it is gone
    other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)], name="other")
    with pytest.raises(ValueError, match=r"There is no decoder in other: no layer is named blk.0"):
        decoder.add_lora(other)


def test_a_saved_network_needs_no_tlhelpers_and_comes_back_whole(network, tmp_path):
    decoder.add_lora(network, rank=2)
    next_ones(network)
    wanted = np.asarray(network(np.array([ROWS[0]])))
    network.save(tmp_path / "own.keras")
    code = (
        "import sys, keras, numpy as np; model = keras.saving.load_model('own.keras'); "
        f"np.save('y.npy', model(np.array([{ROWS[0]}]))); print('tlhelpers' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert run.stdout.strip() == "False", run.stderr
    assert np.allclose(np.load(tmp_path / "y.npy"), wanted, atol=1e-4)
    steps = Steps(keras.saving.load_model(tmp_path / "own.keras"))
    assert np.allclose(steps.answer(steps.read(ROWS[0])[0]), wanted, atol=2e-3)
