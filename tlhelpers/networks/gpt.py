"""A small GPT in layers of Keras: it reads a text and says which token comes next.

Tokens go through embeddings and then through blocks, as in BERT (`bert`), with one
difference: a token looks only at those before it (*causal* attention).  So each token's
state can be asked for the next token, and every text is full of answers to learn from.

The weights in the folder ``data`` were made by ``tlhelpers pretrain gpt`` from docstrings of
installed packages; ``data/README.md`` says which.  They are kept as whole numbers from -127
to 127, with one scale for each row: a quarter of the size.

Source: Radford et al. 2018 and 2019, "Improving language understanding by generative
pre-training", "Language models are unsupervised multitask learners"; Vaswani et al. 2017,
https://arxiv.org/abs/1706.03762; Press and Wolf 2017, https://arxiv.org/abs/1608.05859 (the
same numbers for tokens that come in and that come out).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tlhelpers.inputs import (
    read_array,
    read_count,
    read_network,
    read_number,
    read_seed,
    read_share,
    read_text,
)
from tlhelpers.networks.byte_pairs import END, BytePairs

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras

VOCABULARY, WIDTH, BLOCKS, HEADS, INSIDE, CONTEXT = 1024, 128, 5, 4, 512, 256


def build_gpt(
    *,
    vocabulary: int = VOCABULARY,
    width: int = WIDTH,
    blocks: int = BLOCKS,
    heads: int = HEADS,
    inside: int = INSIDE,
    context: int = CONTEXT,
    dropout: float = 0.0,
) -> keras.Model:
    """Build a GPT with random weights; by default of the size of the bundled one.

    Parameters
    ----------
    vocabulary
        How many tokens there are.
    width
        Numbers in a state.
    blocks
        How many blocks there are.
    heads
        How many ways to look each block has; ``width`` is shared out among them.
    inside
        Width of the small network in each block.
    context
        Tokens of the longest text.
    dropout
        The share of numbers that are set to 0 while training, against overfitting.

    Returns
    -------
    keras.Model
        From tokens, shape (n, length), to logits of the next one, shape
        (n, length, vocabulary).  The layer ``states`` is what a classifier takes.

    Examples
    --------
    >>> small = build_gpt(vocabulary=300, width=8, blocks=1, heads=2, inside=16, context=32)
    >>> small.output_shape, small.count_params()
    ((None, None, 300), 3272)
    """
    import keras

    vocabulary = read_count(vocabulary, "vocabulary", least=2)
    width, blocks = read_count(width, "width", most=8192), read_count(blocks, "blocks", most=100)
    heads, inside = read_count(heads, "heads", most=256), read_count(inside, "inside", most=65536)
    context, dropout = read_count(context, "context", most=65536), read_share(dropout, "dropout")
    if width % heads:
        raise ValueError(f"width must be a multiple of heads ({heads}); got {width}.")
    if dropout == 1:
        raise ValueError("dropout must be less than 1: otherwise nothing is left.")
    layers, ops = keras.layers, keras.ops
    small = keras.initializers.RandomNormal(stddev=0.02)

    ids = keras.Input((None,), dtype="int32", name="ids")
    places = ops.cumsum(ops.ones_like(ids), axis=1) - 1  # 0, 1, 2, …
    tokens = layers.ReversibleEmbedding(
        vocabulary, width, embeddings_initializer=small, name="tokens"
    )
    x = layers.Add()([tokens(ids), layers.Embedding(context, width, small, name="places")(places)])
    # Causal: a token at one place sees what stands at this place or before.
    seen = ops.expand_dims(places, 2) >= ops.expand_dims(places, 1)
    seen = ops.expand_dims(seen, 1)  # the same for each head
    for number in range(blocks):
        name = f"block.{number}"
        y = layers.LayerNormalization(epsilon=1e-5, name=f"{name}.before_looking")(x)
        query, key, value = (
            layers.Reshape((-1, heads, width // heads))(
                layers.Dense(width, name=f"{name}.{part}")(y)
            )
            for part in ("query", "key", "value")
        )
        query, value = layers.Permute((2, 1, 3))(query), layers.Permute((2, 1, 3))(value)
        scores = ops.matmul(query * (width // heads) ** -0.5, layers.Permute((2, 3, 1))(key))
        looks = layers.Softmax(name=f"{name}.looks")(scores, mask=seen)
        y = layers.Permute((2, 1, 3))(ops.matmul(looks, value))
        y = layers.Dense(width, name=f"{name}.looked")(layers.Reshape((-1, width))(y))
        x = layers.Add()([x, layers.Dropout(dropout)(y)])
        y = layers.LayerNormalization(epsilon=1e-5, name=f"{name}.before_thinking")(x)
        y = layers.Dense(inside, "gelu", name=f"{name}.inside")(y)
        y = layers.Dense(width, name=f"{name}.outside")(y)
        x = layers.Add()([x, layers.Dropout(dropout)(y)])
    x = layers.LayerNormalization(epsilon=1e-5, name="states")(x)
    return keras.Model(ids, tokens(x, reverse=True), name="gpt")


def read_gpt_model(model: Any) -> Any:
    """Return a GPT as it is, or say what was given in its place."""
    names = {layer.name for layer in read_network(model).layers}
    if not {"tokens", "places", "states", "block.0.looks"} <= names:
        raise ValueError(
            f"{model.name} is no GPT. Wanted is what tl.load_gpt() or tl.gpt.build_gpt() gives."
        )
    return model


def check_tokenizer(model: keras.Model, tokenizer: Any) -> None:
    """Refuse a tokenizer that numbers its tokens for another network."""
    read_gpt_model(model)
    if not isinstance(tokenizer, BytePairs):
        raise TypeError(
            f"tokenizer must be BytePairs; got {type(tokenizer).__name__}. "
            "tl.load_gpt() gives it with the network."
        )
    known = model.get_layer("tokens").input_dim
    if len(tokenizer) != known:
        raise ValueError(
            f"The tokenizer has {len(tokenizer):,} tokens, the network {known:,}: it is that of "
            "another network. tl.load_gpt() gives both."
        )


def _read_tokens(model: keras.Model, tokens: Any, least: int) -> np.ndarray:
    row = np.asarray(read_array(tokens, "tokens"))
    if row.ndim != 1 or row.dtype.kind not in "iu":
        raise ValueError(f"tokens must be one row of whole numbers; got shape {row.shape}.")
    if len(row) < least:
        raise ValueError(f"tokens must have at least {least}; got {len(row)}.")
    known = model.get_layer("tokens").input_dim
    if not 0 <= row.min() <= row.max() < known:
        raise ValueError(
            f"tokens must lie between 0 and {known - 1}; got {row.min()} to {row.max()}. "
            "Are they of another tokenizer?"
        )
    return row.astype(np.int32)


def bits_of_tokens(model: keras.Model, tokens: Any, *, batch_size: int = 16) -> np.ndarray:
    """Return how surprised a GPT is by each token of a text: minus log2 of its probability.

    A long text is read in pieces that overlap by half, so that each token but the first
    has at least half a context before it.

    Parameters
    ----------
    model
        From `build_gpt` or `gpt_file.load_gpt`.
    tokens
        Shape (n,): a text, or many, one behind the other.
    batch_size
        How many pieces are read at once.

    Returns
    -------
    numpy.ndarray
        Shape (n,), in bits.  The first token is asked for after the token that ends a text.

    Examples
    --------
    >>> small = build_gpt(vocabulary=300, width=8, blocks=1, heads=2, inside=16, context=32)
    >>> bits = bits_of_tokens(small, np.arange(100))
    >>> bits.shape, abs(float(bits.mean() - np.log2(300))) < 0.1
    ((100,), True)
    """
    model = read_gpt_model(model)
    row = _read_tokens(model, tokens, least=1)
    batch_size = read_count(batch_size, "batch_size", most=10_000)
    context = model.get_layer("places").input_dim
    row = np.concatenate([[END], row]).astype(np.int32)
    step = max(1, context // 2)
    length = min(context, len(row) - 1)
    starts = list(range(0, len(row) - 1 - length, step)) + [len(row) - 1 - length]
    pieces = np.stack([row[start : start + length + 1] for start in starts])
    bits = np.empty(len(row) - 1)
    done = 0
    for at in range(0, len(pieces), batch_size):
        some = pieces[at : at + batch_size]
        found = _bits(model.predict_on_batch(some[:, :-1]), some[:, 1:])
        for start, piece in zip(starts[at : at + batch_size], found, strict=True):
            bits[done : start + length] = piece[done - start :]
            done = start + length
    return bits


def _bits(logits: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    logits = np.asarray(logits, np.float32)
    logits -= logits.max(axis=-1, keepdims=True)
    total = np.log(np.exp(logits).sum(axis=-1))
    return (total - np.take_along_axis(logits, wanted[..., None], axis=-1)[..., 0]) / np.log(2)


def bits_per_byte(model: keras.Model, tokens: Any, size: int) -> float:
    """Return the bits that a GPT needs for a byte of a text; less is better.

    Parameters
    ----------
    model, tokens
        As for `bits_of_tokens`.
    size
        How many bytes the text has; tokens are of different sizes, bytes are not.

    References
    ----------
    Shannon 1951, "Prediction and entropy of printed English".
    """
    size = read_count(size, "size", most=10**9)
    return float(bits_of_tokens(model, tokens).sum() / size)


def next_token(model: keras.Model, tokens: Any, temperature: float = 1.0) -> np.ndarray:
    """Return the probability of each token as the next one of a text.

    Parameters
    ----------
    model
        From `build_gpt` or `gpt_file.load_gpt`.
    tokens
        Shape (n,): the text so far; what is longer than the context is cut at its front.
    temperature
        Above 0.  Logits are divided by it: below 1 the likely becomes likelier, above 1
        the unlikely does.

    Returns
    -------
    numpy.ndarray
        Shape (vocabulary,), 1 in sum.
    """
    model = read_gpt_model(model)
    row = _read_tokens(model, tokens, least=1)[-model.get_layer("places").input_dim :]
    temperature = read_temperature(temperature)
    logits = np.asarray(model.predict_on_batch(row[None])[0, -1], np.float64)
    return soften(logits, temperature)


def read_temperature(temperature: Any) -> float:
    """Return a temperature, or say why it is none."""
    try:
        return read_number(temperature, "temperature", above=0, most=100)
    except ValueError as error:
        raise ValueError(
            f"{error} Logits are divided by it. For the likeliest token every time, as a "
            "temperature near 0 gives it, write 0.01."
        ) from None


def soften(logits: Any, temperature: float = 1.0) -> np.ndarray:
    """Return probabilities from logits, divided by a temperature.

    Examples
    --------
    >>> soften([0.0, np.log(3)]).round(2).tolist()
    [0.25, 0.75]
    >>> soften([0.0, np.log(3)], temperature=0.5).round(2).tolist()
    [0.1, 0.9]
    """
    values = np.asarray(read_array(logits, "logits"), np.float64) / read_temperature(temperature)
    values = np.exp(values - values.max(axis=-1, keepdims=True))
    return values / values.sum(axis=-1, keepdims=True)


def generate(
    model: keras.Model,
    tokenizer: BytePairs,
    text: str = "",
    *,
    length: int = 60,
    temperature: float = 1.0,
    seed: int = 0,
) -> str:
    """Let a GPT go on with a text, one token after the other.

    Parameters
    ----------
    model, tokenizer
        From `gpt_file.load_gpt`.
    text
        The beginning; without one, a new docstring is begun.
    length
        The most tokens to add; the end of a docstring ends it sooner.
    temperature
        As for `next_token`.
    seed
        Of the draws.  The same seed gives the same text.

    Returns
    -------
    str
        What was added.
    """
    check_tokenizer(model, tokenizer)
    length, seed = read_count(length, "length", most=10_000), read_seed(seed)
    temperature = read_temperature(temperature)
    rng = np.random.default_rng(seed)
    context = model.get_layer("places").input_dim
    row = [END, *tokenizer.encode(text).tolist()] if read_text(text, "text") else [END]
    first = len(row)
    for _ in range(length):
        past = row[-context:]
        # Filled up behind to one length, which changes nothing before: the network is causal.
        filled = np.array([past + [END] * (context - len(past))], np.int32)
        logits = model.predict_on_batch(filled)[0, len(past) - 1]
        chosen = int(rng.choice(len(logits), p=soften(logits, temperature)))
        if chosen == END:
            break
        row.append(chosen)
    return tokenizer.decode(np.array(row[first:], np.int32))
