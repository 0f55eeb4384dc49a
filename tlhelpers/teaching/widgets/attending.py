"""``tl.explore_attention()``: who looks at whom in a sentence of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tlhelpers import plots
from tlhelpers.data.texts import read_texts
from tlhelpers.data.wording import counted
from tlhelpers.inputs import read_count, read_text
from tlhelpers.networks.sentences import Attention, attention_of
from tlhelpers.networks.wordpiece import WordPiece
from tlhelpers.plots.figure_style import BLUE, RED
from tlhelpers.teaching.widgets.showing import (
    STYLE,
    WIDE,
    ShownPicture,
    Turns,
    Words,
    live,
    small_print,
)

if TYPE_CHECKING:  # for readers and type checkers only: they take a while to import
    import ipywidgets
    import keras
    from matplotlib.figure import Figure

MOST_LETTERS = 1000
MOST_TOKENS = 30  # more are not to be read in a picture
TEXT = "The river rose over its bank, and the bank lent them money."
ENDS = "[CLS]", "[SEP]"
HOW = (
    "Type a sentence and press Enter. A row of the picture is the token that looks, a column the "
    "one that is looked at; the bars show the row of the chosen token."
)


def look(network: keras.Model, tokenizer: WordPiece, text: str) -> Attention:
    """Return who looks at whom in a sentence that somebody typed.

    Parameters
    ----------
    network, tokenizer
        As for `sentences.attention_of`.
    text
        A sentence; of a long one, the first 30 tokens.

    Raises
    ------
    TypeError, ValueError
        If it is no text, is empty or very long, or has control characters.
    """
    text = read_text(text, "text")
    if not text.strip():
        raise ValueError("The sentence is empty: type one, and press Enter.")
    if len(text) > MOST_LETTERS:
        raise ValueError(
            f"The sentence has {len(text):,} characters; at most {MOST_LETTERS:,} are taken here."
        )
    try:
        read_texts([text], "The sentence")
    except ValueError as error:  # of several texts, it would say which one
        raise ValueError(str(error).replace("The sentence[0]", "The sentence")) from None
    if isinstance(tokenizer, WordPiece):  # otherwise attention_of says what it is
        most = min(tokenizer.most, MOST_TOKENS)
        tokenizer = WordPiece(tokenizer.vocabulary, most)
    return attention_of(network, tokenizer, text)


def looked_at(found: Attention, block: int, head: int, token: int) -> list[tuple[str, float]]:
    """Return what a token looks at, and how much, the most first.

    Parameters
    ----------
    found
        From `look`.
    block, head
        Numbers from 1.
    token
        Its place in the text, from 0.

    Examples
    --------
    >>> found = Attention(["[CLS]", "day", "[SEP]"], np.array([[np.eye(3)[[1, 2, 0]]]]))
    >>> looked_at(found, block=1, head=1, token=1)[0]
    ('[SEP]', 1.0)
    """
    blocks, heads, tokens, _ = found.weights.shape
    block = read_count(block, "block", most=blocks)
    head = read_count(head, "head", most=heads)
    token = read_count(token, "token", least=0, most=tokens - 1)
    row = found.weights[block - 1, head - 1, token]
    return [(found.tokens[i], float(row[i])) for i in np.argsort(-row, kind="stable")]


def attention_figure(found: Attention, block: int, head: int, token: int) -> Figure:
    """Draw who looks at whom in one head, and beside it what one token looks at.

    Parameters
    ----------
    found, block, head, token
        As for `looked_at`.
    """
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle
    from matplotlib.ticker import PercentFormatter

    looked_at(found, block, head, token)  # whether there is such a head
    count, weights = len(found.tokens), found.weights[block - 1, head - 1]
    places = np.arange(count)
    small = 10 if count <= 18 else 8
    with plots.style():
        figure = Figure(figsize=(9.2, 4.6), layout="constrained")
        wall, bars = figure.subplots(1, 2, width_ratios=(3, 2), sharey=True)
        wall.imshow(weights, cmap="viridis", vmin=0, vmax=1, aspect="auto")
        wall.add_patch(Rectangle((-0.5, token - 0.5), count, 1, fill=False, lw=2, ec=RED))
        wall.set_xticks(places, found.tokens, rotation=90, fontsize=small)
        wall.set_yticks(places, found.tokens, fontsize=small)
        wall.set(xlabel="is looked at", ylabel="looks")
        wall.set_title(f"block {block}, head {head}", fontsize=11)
        bars.barh(places, weights[token], color=BLUE)
        bars.tick_params(labelleft=True, labelsize=small)
        bars.xaxis.set_major_formatter(PercentFormatter(1.0))
        bars.set(xlabel="share of its attention", xlim=(0, 1))
        bars.set_title(f"what {found.tokens[token]} looks at", fontsize=11)
        wall.grid(False)
        bars.grid(False, axis="y")
    return figure


def describe(found: Attention, block: int, head: int, token: int) -> str:
    """Say in a sentence or two what a token looks at, and what is odd about the tokens."""
    best = [f"{name} {share:.0%}" for name, share in looked_at(found, block, head, token)[:3]]
    said = f"In block {block}, head {head}, {found.tokens[token]} looks most at {', '.join(best)}."
    if lost := found.tokens.count("[UNK]"):
        said += f" {counted(lost, 'token')} [UNK]: the vocabulary has no piece for it."
    if len(found.tokens) == MOST_TOKENS:
        said += f" Of a long sentence, the first {MOST_TOKENS} tokens are shown."
    return said


def explore_attention(
    network: keras.Model, tokenizer: WordPiece, text: str = TEXT
) -> ipywidgets.VBox:
    """Show who looks at whom in a sentence that can be typed, head by head.

    Parameters
    ----------
    network
        A BERT, such as `bert.load_minilm` returns.
    tokenizer
        With the vocabulary of this network.
    text
        The sentence that is shown first.

    Returns
    -------
    ipywidgets.VBox
        Its ``text``, ``block``, ``head`` and ``token`` are the fields.  Where widgets do
        not run, the picture of the first sentence stands in.

    Raises
    ------
    TypeError, ValueError
        If the first sentence cannot be used, or the vocabulary is that of another model.
    """
    import ipywidgets as widgets

    seen = {"now": look(network, tokenizer, text)}
    blocks, heads = seen["now"].weights.shape[:2]
    picture, words = ShownPicture(), Words()
    turns = Turns(words)
    same: dict[str, Any] = {"layout": WIDE, "style": STYLE}
    field = widgets.Text(
        value=text,
        continuous_update=False,
        description="Sentence",
        tooltip="A sentence of your own; press Enter when it is finished",
        **same,
    )
    block = widgets.IntSlider(
        value=max(1, 2 * blocks // 3),
        min=1,
        max=blocks,
        description="Block",
        tooltip="Which block: the first is next to the words; arrow keys go one on",
        **same,
    )
    head = widgets.IntSlider(
        value=min(2, heads),
        min=1,
        max=heads,
        description="Head",
        tooltip="Which of the ways to look in this block; arrow keys go one on",
        **same,
    )
    token = widgets.Dropdown(
        options=_choices(seen["now"].tokens),
        value=_first_word(seen["now"].tokens),
        description="Token that looks",
        tooltip="Whose row is drawn as bars",
        **same,
    )

    def show() -> None:
        found, place = seen["now"], token.value or 0
        said = describe(found, block.value, head.value, place)
        figure = attention_figure(found, block.value, head.value, place)
        picture.show(
            figure,
            f"A heat map of {len(found.tokens)} tokens by {len(found.tokens)}, who looks at whom, "
            f"and bars for one token. {said}",
        )
        words.say(said)

    @turns.take
    def other_text(_: object) -> None:
        seen["now"] = look(network, tokenizer, field.value)
        token.options = _choices(seen["now"].tokens)  # which also takes the first of them
        token.value = _first_word(seen["now"].tokens)
        show()

    @turns.take
    def other_view(_: object) -> None:
        show()

    field.observe(other_text, "value")
    for knob in (block, head, token):
        knob.observe(other_view, "value")
    show()
    return live(
        [small_print(HOW), field, block, head, token, words.widget, picture.widget],
        picture,
        words=words,
        text=field,
        block=block,
        head=head,
        token=token,
    )


def _choices(tokens: list[str]) -> list[tuple[str, int]]:
    return [(f"{place}: {token}", place) for place, token in enumerate(tokens)]


def _first_word(tokens: list[str]) -> int:
    """Return the place of the first token that is no end, or of the first one."""
    return next((place for place, token in enumerate(tokens) if token not in ENDS), 0)
