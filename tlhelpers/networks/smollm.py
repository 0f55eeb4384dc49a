"""SmolLM2-135M, a small GPT that has read two trillion tokens: load it, let it write, ask it.

It is a decoder of Llama's kind (`tlhelpers.networks.decoder`) with 134.5 million weights, 30
blocks, 576 wide, trained to go on with text and then to answer questions (*Instruct*).  It
comes in a package of 93 MB that only those install who want it, its weights rounded to 4 bits
in blocks of 32, each with a scale (GGUF, Q4_1; the embeddings to 8 bits).  Nothing of
the package is run.  In Keras it takes 0.54 GB of memory, and as much again while it writes, at
about 0.05 seconds of one processor core a token.

What to expect: about one bit a byte of plain English (0.96 and 1.03 for two paragraphs that were
written for this; 1.3 to 1.5 for a README with its links), sentences that hang together, and
facts that often do not: Paris for France, but no right answer to a question for Italy's capital.

Source: Allal et al. 2025, https://arxiv.org/abs/2502.02737 (SmolLM2); the weights are those of
https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct, Apache-2.0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tlhelpers.data.texts import read_texts
from tlhelpers.fetching import fetch
from tlhelpers.inputs import (
    read_choice,
    read_count,
    read_items,
    read_number,
    read_seed,
    read_text,
)
from tlhelpers.networks.decoder import (
    EMBEDDING,
    count_blocks,
    read_decoder,
)
from tlhelpers.networks.decoder_steps import PIECE, Steps
from tlhelpers.networks.smollm_file import load_file
from tlhelpers.networks.smollm_tokens import SmolTokenizer

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras

FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
MOST_TOKENS = 8192  # of one text: SmolLM2 was trained on no longer ones
#: The first is what stands between two texts; writing ends at either.
ENDS = ("<|endoftext|>", "<|im_end|>")
SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"  # as in training


# ------------------------------------------------------------------------- loading


def load_smollm(*, download: bool = False) -> tuple[keras.Model, SmolTokenizer]:
    """Return SmolLM2-135M-Instruct with its published weights, and what cuts text for it.

    Parameters
    ----------
    download
        As for `fetch.fetch_file`; it comes from a package or a mirror.

    Returns
    -------
    network : keras.Model
        As `decoder.build_decoder` describes it.
    tokenizer : SmolTokenizer
        With its 49,152 tokens.

    Raises
    ------
    fetch.FileNotHere
        If it is not on this computer; the message says how to get it.

    Examples
    --------
    >>> network, tokenizer = load_smollm()  # doctest: +SKIP
    >>> generate(network, tokenizer, "The capital of France is", tokens=2,
    ...          temperature=0)  # doctest: +SKIP
    ' Paris.'
    """
    return load_file(fetch.fetch_file(FILE, download=download))


# ------------------------------------------------------------------------- writing


def generate(
    network: keras.Model,
    tokenizer: SmolTokenizer,
    prompt: str,
    *,
    tokens: int = 60,
    temperature: float = 0.7,
    seed: int = 0,
) -> str:
    """Let a decoder go on with a text.

    Parameters
    ----------
    network
        A decoder, as it is now, fine-tuned or not.
    tokenizer
        Its own.
    prompt
        What it goes on with; an empty one lets it begin.
    tokens
        The most tokens that are written; it may end before.
    temperature
        0 takes the most likely token each time; 1 draws as the network says; in between,
        likely ones are drawn more often than it says.
    seed
        Which draws.  The same seed writes the same text.

    Returns
    -------
    str
        What was written, without the prompt.

    Raises
    ------
    ValueError
        If the prompt is too long, or the tokenizer is that of another network.

    Source: Radford et al. 2019 (GPT-2)

    Examples
    --------
    >>> from tlhelpers.networks.decoder import build_decoder
    >>> from tlhelpers.networks.smollm_tokens import LETTERS
    >>> sizes = dict(vocabulary=256, width=8, blocks=2, heads=2, key_heads=1, inside=16)
    >>> written = generate(build_decoder(**sizes), SmolTokenizer([*LETTERS], []), "A", tokens=3)
    >>> len(written.encode()) > 0
    True
    """
    count = read_count(tokens, "tokens", most=MOST_TOKENS)
    temperature = read_number(temperature, "temperature", least=0, most=100)
    rng = np.random.default_rng(read_seed(seed))
    ids = _read_prompt(network, tokenizer, prompt, room=count)
    ends = {tokenizer.numbers[end] for end in ENDS if end in tokenizer.numbers}
    steps, written = Steps(network), []
    for _ in range(count):
        logits = steps.answer(steps.read(ids)[0][-1:])[0]
        number = int(rng.choice(len(logits), p=_shares(logits, temperature)))
        if number in ends:
            break
        written.append(number)
        ids = [number]
    return tokenizer.decode(written)


class NextToken(NamedTuple):
    """A token that may come next.

    Attributes
    ----------
    text
        The token.
    share
        How likely it is, from 0 to 1.
    """

    text: str
    share: float


def next_tokens(
    network: keras.Model,
    tokenizer: SmolTokenizer,
    prompt: str,
    *,
    count: int = 10,
    temperature: float = 1.0,
) -> list[NextToken]:
    """Return the most likely next tokens of a text, the most likely one first.

    Parameters
    ----------
    network, tokenizer, prompt
        As for `generate`.
    count
        How many.
    temperature
        As for `generate`: below 1 makes likely ones likelier.

    Examples
    --------
    >>> from tlhelpers.networks.decoder import build_decoder
    >>> from tlhelpers.networks.smollm_tokens import LETTERS
    >>> sizes = dict(vocabulary=256, width=8, blocks=2, heads=2, key_heads=1, inside=16)
    >>> found = next_tokens(build_decoder(**sizes), SmolTokenizer([*LETTERS], []), "A", count=256)
    >>> len(found), round(sum(token.share for token in found), 3)
    (256, 1.0)
    """
    ids = _read_prompt(network, tokenizer, prompt)
    count = read_count(count, "count", most=len(tokenizer))
    temperature = read_number(temperature, "temperature", least=0, most=100)
    steps = Steps(network)
    shares = _shares(steps.answer(steps.read(ids)[0][-1:])[0], temperature)
    best = np.argsort(-shares, kind="stable")[:count]
    return [NextToken(tokenizer.decode([number]), float(shares[number])) for number in best]


def chat_prompt(question: str, system: str = SYSTEM) -> str:
    """Return a question as SmolLM2-Instruct was trained to see it; `generate` then answers.

    Parameters
    ----------
    question
        What is asked.
    system
        What it is told about itself; by default what it was trained with.

    Examples
    --------
    >>> print(chat_prompt("Why?", system="Be brief."))
    <|im_start|>system
    Be brief.<|im_end|>
    <|im_start|>user
    Why?<|im_end|>
    <|im_start|>assistant
    <BLANKLINE>
    """
    said = {"system": read_text(system, "system"), "user": read_text(question, "question")}
    turns = "".join(f"<|im_start|>{who}\n{text}<|im_end|>\n" for who, text in said.items())
    return f"{turns}<|im_start|>assistant\n"


def _shares(logits: np.ndarray, temperature: float) -> np.ndarray:
    """Return how likely each token is; at temperature 0 the first of the most likely has all."""
    logits = logits.astype(np.float64) - logits.max()
    if temperature == 0:
        return (np.arange(len(logits)) == logits.argmax()).astype(np.float64)
    powers = np.exp(np.maximum(logits / max(temperature, 1e-9), -1e4))
    return powers / powers.sum()


def _read_prompt(network: Any, tokenizer: Any, prompt: str, *, room: int = 0) -> list[int]:
    """Return the tokens of a prompt; an empty one begins a text."""
    check_tokenizer(network, tokenizer)
    ids = tokenizer.encode(read_text(prompt, "prompt")) or [_begin(tokenizer)]
    if len(ids) + room > MOST_TOKENS:
        raise ValueError(
            f"The prompt has {len(ids):,} tokens; with {room:,} to be written, at most "
            f"{MOST_TOKENS - room:,} are taken. Cut it."
        )
    return ids


def _begin(tokenizer: SmolTokenizer) -> int:
    """Return the token that stands before a text."""
    return tokenizer.numbers.get(ENDS[0], 0)


def check_tokenizer(network: keras.Model, tokenizer: Any) -> None:
    """Refuse a tokenizer that numbers its tokens for another network."""
    known = read_decoder(network).get_layer(EMBEDDING).input_dim
    if not isinstance(tokenizer, SmolTokenizer):
        raise TypeError(
            f"tokenizer must be a SmolTokenizer; got {type(tokenizer).__name__}. "
            "tl.smollm.load_smollm() gives that of SmolLM2 with its network."
        )
    if len(tokenizer) != known:
        raise ValueError(
            f"The tokenizer has {len(tokenizer):,} tokens, the network {known:,}: it is that of "
            "another network. tl.smollm.load_smollm() gives both."
        )


# ----------------------------------------------------------------------- measuring


def bits_per_byte(network: keras.Model, tokenizer: SmolTokenizer, text: str) -> float:
    """Return how many bits a decoder needs for a byte of a text: the fewer, the better it knows it.

    Each token costs the logarithm of how likely the network held it to be, given all before
    it.  Unlike perplexity, this can be compared between networks with other tokens.

    Parameters
    ----------
    network, tokenizer
        A decoder and its tokenizer.
    text
        Of up to 8,192 tokens, some 30,000 letters of English.

    Raises
    ------
    ValueError
        If the text is empty or too long.

    Source: Gao et al. 2020, https://arxiv.org/abs/2101.00027, section 3

    Examples
    --------
    >>> from tlhelpers.networks.decoder import build_decoder
    >>> from tlhelpers.networks.smollm_tokens import LETTERS
    >>> sizes = dict(vocabulary=256, width=8, blocks=2, heads=2, key_heads=1, inside=16)
    >>> untrained = build_decoder(**sizes)
    >>> 7.5 < bits_per_byte(untrained, SmolTokenizer([*LETTERS], []), "Any text.") < 8.5
    True
    """
    if not read_text(text, "text"):
        raise ValueError("text is empty: there is nothing to be measured.")
    said = _read_prompt(network, tokenizer, text, room=1)  # it checks the tokenizer, too
    ids = [_begin(tokenizer), *said]
    steps, nats = Steps(network), 0.0
    for first in range(0, len(ids) - 1, PIECE):
        piece = ids[first : first + PIECE + 1]
        logits = steps.answer(steps.read(piece[:-1])[0]).astype(np.float64)
        rows = np.arange(len(logits))
        logits -= logits.max(axis=1, keepdims=True)
        nats += np.sum(np.log(np.exp(logits).sum(axis=1)) - logits[rows, piece[1:]])
    return float(nats / np.log(2) / len(text.encode()))


def text_vectors(
    network: keras.Model,
    tokenizer: SmolTokenizer,
    texts: Sequence[str],
    *,
    layer: int | Sequence[int] | None = None,
    pool: str = "mean",
) -> np.ndarray:
    """Return one row of numbers for each text, from the states of its tokens: features.

    Before each text goes the token that stands between texts, and its state is left out: behind
    most blocks, that of the first token is ten to a hundred times as long as the others.

    Parameters
    ----------
    network, tokenizer
        A decoder, as it is now, and its tokenizer.
    texts
        A list of n texts.
    layer
        Which states: 0 for the embeddings, 1 for those behind the first block, and so on; by
        default the last.  A list of layers, such as ``range(31)``, takes no longer than its
        last one.
    pool
        ``"mean"`` of the states of all tokens, or the ``"last"`` one, which has seen all.

    Returns
    -------
    numpy.ndarray
        Shape (n, width), float32; for a list of layers (n, layers, width).

    Raises
    ------
    TypeError, ValueError
        If texts are no list of texts, or one is empty or too long.

    Examples
    --------
    >>> from tlhelpers.networks.decoder import build_decoder
    >>> from tlhelpers.networks.smollm_tokens import LETTERS
    >>> sizes = dict(vocabulary=256, width=8, blocks=2, heads=2, key_heads=1, inside=16)
    >>> text_vectors(build_decoder(**sizes), SmolTokenizer([*LETTERS], []), ["One", "Two"]).shape
    (2, 8)
    """
    from tqdm.auto import tqdm

    check_tokenizer(network, tokenizer)
    last = count_blocks(network)
    if many := isinstance(layer, range | list | tuple | np.ndarray):
        asked = read_items(list(layer), "layer")
    else:
        asked = [last if layer is None else layer]
    layers = [read_count(number, "layer", least=0, most=last) for number in asked]
    mean = read_choice(pool, "pool", ["mean", "last"]) == "mean"
    read = read_texts(texts, at_least=0)
    rows = [_read_prompt(network, tokenizer, text, room=1) for text in read]
    width = network.get_layer(EMBEDDING).output_dim
    found = np.empty((len(rows), len(layers), width), np.float32)
    steps = Steps(network)
    for number, ids in enumerate(tqdm(rows, desc="texts", delay=2, leave=False)):
        steps.forget()
        states = [state[1:] for state in steps.read([_begin(tokenizer), *ids], layers)]
        found[number] = [state.mean(axis=0) if mean else state[-1] for state in states]
    return found if many else found[:, 0]
