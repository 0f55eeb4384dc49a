"""A GPT: no token sees a later one, bits are bits, and what it writes can be repeated."""

import keras
import numpy as np
import pytest

from tlhelpers.networks import gpt
from tlhelpers.networks.byte_pairs import END, BytePairs

SIZES = {"vocabulary": 260, "width": 16, "blocks": 2, "heads": 2, "inside": 32, "context": 24}
TOKENIZER = BytePairs([(32, 97), (116, 104), (257, 101), (32, 258)])


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    network = gpt.build_gpt(**SIZES)
    rng = np.random.default_rng(0)  # as if it had learnt: its answers differ much
    network.set_weights([w + rng.normal(0, 0.3, w.shape) for w in network.get_weights()])
    return network


def test_a_later_token_changes_nothing_before(model):
    tokens = np.random.default_rng(1).integers(1, 260, (1, 20))
    before = model.predict_on_batch(tokens)
    for place in (1, 7, 19):
        other = tokens.copy()
        other[0, place] = (other[0, place] + 50) % 260
        after = model.predict_on_batch(other)
        assert np.allclose(after[0, :place], before[0, :place], atol=1e-5)
        assert np.abs(after[0, place] - before[0, place]).max() > 1e-2


def test_an_earlier_token_and_its_place_count(model):
    tokens = np.arange(1, 11)[None]
    before = model.predict_on_batch(tokens)[0, -1]
    other = tokens.copy()
    other[0, 0] = 99
    assert np.abs(model.predict_on_batch(other)[0, -1] - before).max() > 1e-3
    turned = tokens.copy()
    turned[0, [2, 5]] = turned[0, [5, 2]]
    assert np.abs(model.predict_on_batch(turned)[0, -1] - before).max() > 1e-3


def test_who_knows_nothing_needs_log2_of_the_number_of_tokens():
    network = gpt.build_gpt(**SIZES)
    network.get_layer("tokens").set_weights([np.zeros((260, 16), np.float32)])
    for length in (1, 5, 24, 25, 100, 131):
        bits = gpt.bits_of_tokens(network, np.arange(length) % 260)
        assert np.allclose(bits, np.log2(260), atol=1e-4) and len(bits) == length
    assert gpt.bits_per_byte(network, np.arange(100), 250) == pytest.approx(
        100 * np.log2(260) / 250
    )


def test_bits_are_those_of_the_probability_of_each_token(model):
    """Against one question for each token, with all that stands before it."""
    tokens = np.random.default_rng(2).integers(1, 260, 24)
    past = [END]
    for token, bits in zip(tokens, gpt.bits_of_tokens(model, tokens), strict=True):
        logits = np.asarray(model.predict_on_batch(np.array([past]))[0, -1], np.float64)
        share = np.exp(logits - logits.max())
        assert bits == pytest.approx(-np.log2(share[token] / share.sum()), abs=1e-3)
        past.append(int(token))


def test_a_long_text_is_read_with_half_a_context_before_each_token(model):
    tokens = np.random.default_rng(3).integers(1, 260, 70)
    bits = gpt.bits_of_tokens(model, tokens, batch_size=2)
    assert np.allclose(bits, gpt.bits_of_tokens(model, tokens, batch_size=50), atol=1e-4)
    row = np.concatenate([[END], tokens])
    # The second piece begins at token 12 and gives the bits of what the first did not reach.
    piece = model.predict_on_batch(row[None, 12:36])[0]
    share = np.exp(piece - piece.max(axis=-1, keepdims=True))
    share /= share.sum(axis=-1, keepdims=True)
    wanted = -np.log2(share[np.arange(24), row[13:37]])
    assert np.allclose(bits[24:36], wanted[12:], atol=1e-3)


def test_temperature_sharpens_and_flattens(model):
    tokens = np.arange(1, 9)
    cold, warm, hot = (gpt.next_token(model, tokens, t) for t in (0.1, 1.0, 10.0))
    assert cold.max() > warm.max() > hot.max()
    for share in (cold, warm, hot):
        assert share.sum() == pytest.approx(1) and share.shape == (260,)
        assert share.argmax() == warm.argmax()
    assert gpt.next_token(model, tokens, 100.0).max() < 2 / 260


def test_the_same_seed_writes_the_same(model):
    one, two = (gpt.generate(model, TOKENIZER, "the", length=30, seed=5) for _ in range(2))
    other = gpt.generate(model, TOKENIZER, "the", length=30, seed=6)
    assert one == two != other
    assert gpt.generate(model, TOKENIZER, length=5, seed=1) != ""


def test_near_zero_the_likeliest_token_comes_every_time(model):
    texts = {
        gpt.generate(model, TOKENIZER, "the", length=10, temperature=0.001, seed=s)
        for s in range(4)
    }
    assert len(texts) == 1
    row = [END, *TOKENIZER.encode("the").tolist()]
    first = int(gpt.next_token(model, row).argmax())
    assert texts.pop().startswith(TOKENIZER.decode([first])) or first == END


def test_a_text_longer_than_the_context_is_gone_on_with(model):
    long = "the a " * 50
    assert gpt.generate(model, TOKENIZER, long, length=3, seed=0) is not None
    share = gpt.next_token(model, TOKENIZER.encode(long))
    assert np.allclose(share, gpt.next_token(model, TOKENIZER.encode(long)[-24:]))


@pytest.mark.parametrize(
    "temperature", [0, -1, float("nan"), float("inf"), "hot", None, 1000, [1, 2]]
)
def test_what_is_no_temperature_gets_a_sentence(model, temperature):
    for ask in (
        lambda: gpt.next_token(model, [1, 2], temperature),
        lambda: gpt.generate(model, TOKENIZER, "a", temperature=temperature),
        lambda: gpt.soften([1.0, 2.0], temperature),
    ):
        with pytest.raises((TypeError, ValueError), match="temperature must be a number, above 0"):
            ask()


@pytest.mark.parametrize("text", [["a"], b"a", 3, None, "a\x00", "a" * 2_000_000])
def test_generate_wants_a_text(model, text):
    with pytest.raises((TypeError, ValueError), match="text"):
        gpt.generate(model, TOKENIZER, text)


@pytest.mark.parametrize("tokens", [[], [260], [-1], [[1]], [0.5], "ab", None])
def test_odd_tokens_get_a_sentence(model, tokens):
    with pytest.raises((TypeError, ValueError), match="tokens"):
        gpt.bits_of_tokens(model, tokens)


def test_other_networks_and_tokenizers_are_refused(model):
    other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    with pytest.raises(ValueError, match="is no GPT"):
        gpt.next_token(other, [1])
    with pytest.raises(ValueError, match="another network"):
        gpt.generate(model, BytePairs([]), "a")
    with pytest.raises(TypeError, match="must be BytePairs"):
        gpt.generate(model, "tokens", "a")
    with pytest.raises(ValueError, match="multiple of heads"):
        gpt.build_gpt(width=10, heads=3)


def test_it_can_be_trained_and_saved_by_keras_alone(tmp_path):
    keras.utils.set_random_seed(1)
    network = gpt.build_gpt(**SIZES, dropout=0.1)
    network.compile(
        keras.optimizers.AdamW(1e-2), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    rows = np.tile(np.arange(1, 7), 40)[None].repeat(8, 0)[:, :25]
    losses = network.fit(rows[:, :-1], rows[:, 1:], epochs=40, verbose=0).history["loss"]
    assert losses[-1] < 0.5 < 4 < losses[0]
    network.save(tmp_path / "my.keras")
    again = keras.models.load_model(tmp_path / "my.keras")
    assert np.allclose(
        again.predict_on_batch(rows[:1, :9]), network.predict_on_batch(rows[:1, :9]), atol=1e-5
    )
