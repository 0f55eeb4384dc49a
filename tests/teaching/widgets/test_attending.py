"""The explorer of attention: what it says is what the network does, for any text."""

import numpy as np
import pytest
from bert_files import SIZES, WORDS, by_hand, made_up_tensors, safetensors_bytes

import tlhelpers as tl
from tlhelpers.networks import bert
from tlhelpers.networks.sentences import Attention
from tlhelpers.networks.wordpiece import WordPiece
from tlhelpers.teaching.widgets import attending, manners

TEXT = "w1 w2 w3"


@pytest.fixture(scope="module")
def tensors():
    return made_up_tensors(seed=2)


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


@pytest.fixture
def box(network, cutter):
    return tl.explore_attention(network, cutter, TEXT)


def test_what_is_said_is_what_the_network_does(box, tensors, cutter):
    [numbers] = cutter.number_rows([TEXT])
    tokens, (_, looks) = cutter.cut(TEXT), by_hand(tensors, SIZES, numbers)
    for block, head, place in ((3, 1, 1), (1, 2, 0), (2, 3, 4)):
        box.block.value, box.head.value, box.token.value = block, head, place
        row = looks[block - 1, head - 1, place]
        best = int(row.argmax())
        wanted = f"block {block}, head {head}, {tokens[place]} looks most at {tokens[best]} "
        assert f"{wanted}{row[best]:.0%}" in box.words.text
        assert box.words.text in box.picture.alt


def test_the_picture_has_the_weights_of_the_head_and_the_row_of_the_token():
    rng = np.random.default_rng(0)
    weights = rng.random((2, 3, 4, 4))
    figure = attending.attention_figure(Attention(["[CLS]", "a", "b", "[SEP]"], weights), 2, 3, 1)
    wall, bars = figure.axes
    assert np.array_equal(wall.images[0].get_array(), weights[1, 2])
    assert [bar.get_width() for bar in bars.patches] == weights[1, 2, 1].tolist()
    assert [label.get_text() for label in wall.get_yticklabels()] == ["[CLS]", "a", "b", "[SEP]"]
    [frame] = wall.patches
    assert frame.get_y() == 0.5 and frame.get_height() == 1


def test_another_sentence_has_tokens_of_its_own(box):
    before = box.picture.png
    box.token.value = 4
    box.text.value = "w7 w8"
    assert [name for name, _ in box.token.options] == ["0: [CLS]", "1: w7", "2: w8", "3: [SEP]"]
    assert box.token.value == 1 and "w7 looks most at" in box.words.text
    assert box.picture.png != before


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "The sentence is empty: type one"),
        (" \n", "The sentence is empty: type one"),
        ("w1\x07", "The sentence has a control character"),
        ("w1 \udc80", "wrong encoding"),
        ("w1 " * 3_400_000, "10,200,000 characters; at most 1,000 are taken"),
        ("w1 " * 400, "1,200 characters; at most 1,000 are taken"),
    ],
)
def test_what_cannot_be_used_is_said_and_the_old_picture_stays(box, text, says):
    before = box.picture.png
    box.text.value = text
    assert box.words.text.startswith("That did not work: ") and says in box.words.text
    assert box.picture.png == before
    box.text.value = "w5"
    assert "w5 looks most at" in box.words.text


@pytest.mark.parametrize("text", ["日本語 テスト", "😀 🎬", "שלום עולם", "Ελλάδα"])
def test_other_scripts_are_shown_as_tokens(network, cutter, text, recwarn):
    box = tl.explore_attention(network, cutter, text)
    assert "the vocabulary has no piece for it" in box.words.text and box.picture.png[1:4] == b"PNG"
    assert not recwarn.list


def test_a_long_sentence_is_cut_and_it_is_said(network):
    box = tl.explore_attention(network, WordPiece(WORDS, most=16), "w1 " * 50)
    assert len(box.token.options) == 16  # this network takes no more
    long = Attention(["a"] * attending.MOST_TOKENS, np.full((1, 1, 30, 30), 1 / 30))
    assert "the first 30 tokens" in attending.describe(long, 1, 1, 0)


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        ({"text": ["w1"]}, TypeError, "text must be"),
        ({"text": 3}, TypeError, "text must be"),
        ({"text": b"w1"}, TypeError, "text must be"),
        ({"tokenizer": WordPiece(WORDS[:-1], most=16)}, ValueError, "another model"),
        ({"tokenizer": "words"}, TypeError, "tokenizer must be a WordPiece"),
    ],
)
def test_what_is_handed_over_is_read(network, cutter, given, error, says):
    with pytest.raises(error, match=says):
        tl.explore_attention(**{"network": network, "tokenizer": cutter, "text": TEXT} | given)


@pytest.mark.parametrize(
    ("place", "says"), [((0, 1, 0), "block"), ((1, 4, 0), "head"), ((1, 1, 5), "token")]
)
def test_there_are_only_so_many_heads(network, cutter, place, says):
    with pytest.raises(ValueError, match=says):
        attending.looked_at(attending.look(network, cutter, TEXT), *place)


def test_fields_have_names_and_manners_and_a_picture_stands_in(box):
    for field in (box.text, box.block, box.head, box.token):
        assert field.description and len(field.tooltip) > 20
    assert not box.text.continuous_update  # a sentence is read when it is finished
    assert manners.BOX in box._dom_classes
    data, metadata = box._repr_mimebundle_()
    assert "looks most at" in data["text/plain"] and data["image/png"].startswith("iVBOR")
    assert len(metadata["image/png"]["alt"]) > 60
