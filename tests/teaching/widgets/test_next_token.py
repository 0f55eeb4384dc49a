"""The explorer of the next token: what it says is what the network answers, for any text."""

import keras
import numpy as np
import pytest

import tlhelpers as tl
from tlhelpers.networks import gpt
from tlhelpers.networks.byte_pairs import END, BytePairs
from tlhelpers.teaching.widgets import manners, next_token

TOKENIZER = BytePairs([(32, 97), (116, 104)])


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    made = gpt.build_gpt(vocabulary=258, width=8, blocks=1, heads=2, inside=8, context=32)
    rng = np.random.default_rng(1)
    made.set_weights([w + rng.normal(0, 0.5, w.shape) for w in made.get_weights()])
    return made


@pytest.fixture
def box(network):
    return tl.explore_next_token(network, TOKENIZER)


def by_hand(network, text, temperature):
    """Softmax of the last logits, divided by the temperature."""
    row = [END, *TOKENIZER.encode(text).tolist()][-32:]
    logits = np.asarray(network.predict_on_batch(np.array([row]))[0, -1], float) / temperature
    shares = np.exp(logits - logits.max())
    return shares / shares.sum()


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
def test_the_likeliest_are_those_of_the_network(network, temperature):
    found = next_token.likeliest(network, TOKENIZER, "the a", temperature, 5)
    shares = by_hand(network, "the a", temperature)
    assert found.numbers == shares.argsort()[::-1][:5].tolist()
    assert np.allclose(found.shares, np.sort(shares)[::-1][:5], atol=1e-6)
    assert found.bits == pytest.approx(-(shares * np.log2(shares)).sum(), abs=1e-4)


def test_tokens_can_be_seen():
    assert next_token.shown_token(TOKENIZER, 256) == "·a"
    assert next_token.shown_token(TOKENIZER, 10) == "⏎"
    assert next_token.shown_token(TOKENIZER, 19) == "\\x13"
    assert next_token.shown_token(TOKENIZER, END) == next_token.ENDS


def test_the_figure_has_a_bar_for_each_token_the_likeliest_on_top(network):
    found = next_token.likeliest(network, TOKENIZER, "a $", 1.0, 6)
    axis = next_token.next_token_figure(found, 1.0).axes[0]
    assert [bar.get_width() for bar in axis.patches] == found.shares
    heights = [bar.get_y() for bar in axis.patches]
    assert heights == sorted(heights, reverse=True)


def test_what_is_said_follows_the_fields(box, network):
    for text, temperature in (("the", 0.5), ("x = 1", 2.0)):
        box.text.value, box.temperature.value = text, temperature
        best = by_hand(network, text, temperature).max()
        assert f"{best:.0%}" in box.words.text and f"temperature {temperature}" in box.words.text
        assert box.words.text in box.picture.alt and box.picture.png[1:4] == b"PNG"


def test_the_buttons_write(box, network):
    box.text.value = "the"
    best = int(by_hand(network, "the", 1.0).argmax())
    box.buttons["Take the likeliest"].click()
    assert box.text.value == "the" + TOKENIZER.decode([best]) or best == END
    before = box.text.value
    for _ in range(5):
        box.buttons["Draw a token"].click()
    assert box.text.value.startswith(before) and len(box.text.value) > len(before)
    box.buttons["Begin again"].click()
    assert box.text.value == next_token.BEGINNING


@pytest.mark.parametrize(
    "text, says",
    [("a\x00", "control character"), ("a" * 3000, "Make it shorter"), ("   ", "empty")],
)
def test_what_cannot_be_read_is_said_in_the_widget(box, text, says):
    box.text.value = text
    assert "did not work" in box.words.text and says in box.words.text
    box.text.value = "the"
    assert "likeliest are" in box.words.text  # and it goes on


@pytest.mark.parametrize("text", ["", "日本語 🎬", "מזל", "\n\n"[:0]])
def test_any_script_and_none_is_taken(box, text):
    box.text.value = text
    assert "likeliest are" in box.words.text


def test_fields_have_names_and_manners(box):
    for field in (box.text, box.temperature, *box.buttons.values()):
        assert field.description and len(field.tooltip) > 10
    assert manners.BOX in box._dom_classes
    assert isinstance(box.children[-1], manners.Manners)


def test_another_tokenizer_is_refused(network):
    with pytest.raises(ValueError, match="another network"):
        tl.explore_next_token(network, BytePairs([]))
