"""``tl.explore_next_token()``: which token comes next, and what the temperature does to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tlhelpers import plots
from tlhelpers.inputs import read_count
from tlhelpers.networks import gpt, gpt_file
from tlhelpers.networks.byte_pairs import END
from tlhelpers.teaching.widgets.sheet import WRAPPING, button
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

    from tlhelpers.networks.byte_pairs import BytePairs

BEGINNING = "Parameters\n----------\nx :"
MOST_SHOWN = 12  # tokens
LONGEST = 2_000  # characters of a text in the field
ENDS = "(end of text)"


class NextToken(NamedTuple):
    """What may come next.

    Attributes
    ----------
    tokens
        The likeliest, as text; blanks are shown as ``·``, a new line as ``⏎``.
    numbers
        The same, as numbers of the tokenizer.
    shares
        Their probabilities, the highest first.
    bits
        How open the choice among all tokens is: 0 if it is certain (entropy).
    """

    tokens: list[str]
    numbers: list[int]
    shares: list[float]
    bits: float


def shown_token(tokenizer: BytePairs, number: int) -> str:
    """Return a token as it can be seen and read out."""
    if number == END:
        return ENDS
    text = tokenizer.decode([number]).replace("\n", "⏎").replace(" ", "·")
    return "".join(sign if sign.isprintable() else f"\\x{ord(sign):02x}" for sign in text)


def likeliest(
    model: keras.Model,
    tokenizer: BytePairs,
    text: str,
    temperature: float = 1.0,
    count: int = MOST_SHOWN,
) -> NextToken:
    """Return the likeliest next tokens of a text.

    Parameters
    ----------
    model, tokenizer
        From `gpt_file.load_gpt`.
    text
        What stands before; nothing is the beginning of a docstring.
    temperature
        As for `gpt.next_token`.
    count
        How many.

    Raises
    ------
    TypeError, ValueError
        As for `gpt.next_token` and `BytePairs.encode`, in a sentence.
    """
    gpt.check_tokenizer(model, tokenizer)
    count = read_count(count, "count", most=len(tokenizer))
    row = [END, *tokenizer.encode(text).tolist()] if text != "" else [END]
    shares = gpt.next_token(model, row, temperature)
    best = shares.argsort(kind="stable")[::-1][:count]
    bits = float(-(shares * np.log2(np.maximum(shares, 1e-300))).sum())
    return NextToken(
        [shown_token(tokenizer, int(number)) for number in best],
        best.tolist(),
        shares[best].tolist(),
        bits,
    )


def next_token_figure(found: NextToken, temperature: float) -> Figure:
    """Draw the likeliest tokens as bars."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    with plots.style():
        figure = Figure(figsize=(6.4, 0.6 + 0.3 * len(found.tokens)))
        axis = figure.add_axes((0.26, 0.16, 0.7, 0.74))
        places = np.arange(len(found.tokens))[::-1]
        axis.barh(places, found.shares, color=plots.STRATEGIES["frozen features"][0])
        axis.set_yticks(places, [token.replace("$", r"\$") for token in found.tokens])
        axis.set(xlim=(0, 1), xlabel=f"probability, at temperature {temperature:g}")
        axis.xaxis.set_major_formatter(PercentFormatter(1.0))
        axis.set_title(f"the choice: {found.bits:.1f} bits", fontsize=11)
    return figure


def explore_next_token(
    model: keras.Model | None = None, tokenizer: BytePairs | None = None
) -> ipywidgets.VBox:
    """Show which token comes next: write a text, turn the temperature, draw a token.

    Parameters
    ----------
    model, tokenizer
        By default the bundled GPT.

    Returns
    -------
    ipywidgets.VBox
        Its ``text`` and ``temperature`` are the fields; ``buttons`` draw a token, take
        the likeliest, or begin again.
    """
    import ipywidgets as widgets

    if model is None or tokenizer is None:
        model, tokenizer = gpt_file.load_gpt()
    gpt.check_tokenizer(model, tokenizer)
    rng = np.random.default_rng(0)
    picture, words = ShownPicture(), Words()
    turns = Turns(words)
    text = widgets.Textarea(
        value=BEGINNING,
        rows=5,
        description="Text so far",
        tooltip="What the GPT has read; write your own",
        continuous_update=False,
        layout=WIDE,
        style=STYLE,
    )
    temperature = widgets.FloatSlider(
        value=1.0,
        min=0.1,
        max=3.0,
        step=0.1,
        description="Temperature",
        tooltip="Below 1 the likely becomes likelier, above 1 the unlikely; arrow keys change it",
        layout=WIDE,
        style=STYLE,
    )
    draw = button("Draw a token", "Add a token, drawn with these probabilities", main=True)
    take = button("Take the likeliest", "Add the token at the top")
    again = button("Begin again", "Put the first text back")

    @turns.take
    def show(_: object) -> None:
        if len(text.value) > LONGEST:
            raise ValueError(f"the text has more than {LONGEST:,} characters. Make it shorter")
        found = likeliest(model, tokenizer, text.value, temperature.value)
        first = ", ".join(
            f"{token} {share:.0%}"
            for token, share in zip(found.tokens[:3], found.shares[:3], strict=True)
        )
        said = (
            f"At temperature {temperature.value:.1f}, the likeliest are: {first}. "
            f"The choice has {found.bits:.1f} bits. (· is a blank, ⏎ a new line.)"
        )
        figure = next_token_figure(found, round(temperature.value, 1))
        picture.show(figure, f"The likeliest next tokens as bars. {said}")
        words.say(said)

    def add(number: int) -> None:
        if number == END:
            words.say("The GPT would end the text here. Draw again, or write on.")
            return
        text.value += tokenizer.decode([number])

    @turns.take
    def on_draw(_: object) -> None:
        row = [END, *tokenizer.encode(text.value).tolist()] if text.value else [END]
        shares = gpt.next_token(model, row, temperature.value)
        add(int(rng.choice(len(shares), p=shares)))

    @turns.take
    def on_take(_: object) -> None:
        add(likeliest(model, tokenizer, text.value, temperature.value, 1).numbers[0])

    @turns.take
    def on_again(_: object) -> None:
        text.value = BEGINNING

    for field in (text, temperature):
        field.observe(show, "value")
    draw.on_click(on_draw)
    take.on_click(on_take)
    again.on_click(on_again)
    show(None)
    row = widgets.HBox([draw, take, again], layout=WRAPPING)
    note = small_print("The small GPT has read docstrings only; nothing is sent anywhere.")
    return live(
        [text, temperature, row, words.widget, picture.widget, note],
        picture,
        words=words,
        text=text,
        temperature=temperature,
        buttons={each.description: each for each in (draw, take, again)},
    )
