"""BERT, a network that reads sentences, in layers of Keras; and MiniLM-L6, a small one, trained.

Tokens go through embeddings and then through blocks.  In each block every token looks at
every other one (self-attention), and is changed by a small network of its own.  What a
token is between two blocks is its *state*: a row of numbers (MiniLM: 384).  The mean of a
text's states says what it is about.

Layers have the names of BERT, so that ``network.get_layer("encoder.layer.0.output.dense")``
is what papers and other programs call so.  A saved network needs nothing of this package.

A trap: three of MiniLM's 384 numbers say nothing behind its last block, because the last
LayerNormalization multiplies them by next to nothing.  Over 758 sentences about films,
numbers 127 and 223 are 0 but for 1e-32, and number 319 is -1e-7, with a standard deviation of
2e-9; that of the others is 0.09 to 0.22.  (Before the last block, no number is like this.)
Whoever standardises features divides by these.  In a head that is copied from such a
classifier, their weights are 8 million to 8e30, where all others are below 1, and the first
steps of fine-tuning throw its answers anywhere.  Set the three to 0 in such a head.

Source: Devlin et al. 2019, https://arxiv.org/abs/1810.04805 (BERT); Wang et al. 2020,
https://arxiv.org/abs/2002.10957 (MiniLM); Reimers and Gurevych 2019,
https://arxiv.org/abs/1908.10084 (sentences); the weights are those of
https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2, Apache-2.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tlhelpers.data.names import as_path
from tlhelpers.fetching import fetch
from tlhelpers.inputs import read_count, read_network, read_share
from tlhelpers.networks import lora, safetensors_file
from tlhelpers.networks.wordpiece import WordPiece, read_vocabulary

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras

WEIGHTS, VOCABULARY = "all-MiniLM-L6-v2.safetensors", "all-MiniLM-L6-v2-vocab.txt"
EPSILON = 1e-12  # of LayerNormalization
BLOCK, LOOKS = "encoder.layer.", ".attention.self.probabilities"


# ------------------------------------------------------------------------- MiniLM


def load_tokenizer(most: int = 256) -> WordPiece:
    """Return what cuts text into MiniLM's tokens.

    Parameters
    ----------
    most
        The most tokens of a text; what comes later is left out.

    Raises
    ------
    fetch.FileNotHere
        If the vocabulary is not on this computer; the message says how to get it.

    Examples
    --------
    >>> load_tokenizer().cut("Transfer learning works.")  # doctest: +SKIP
    ['[CLS]', 'transfer', 'learning', 'works', '.', '[SEP]']
    """
    return WordPiece(read_vocabulary(fetch.fetch_file(VOCABULARY)), most)


def load_minilm(*, dropout: float = 0.1, download: bool = False) -> keras.Model:
    """Return MiniLM-L6 with its published weights: 22.6 million, 6 blocks, 384 wide.

    Parameters
    ----------
    dropout
        As for `build_bert`.
    download
        Whether its 91 MB may come from the internet, if no package has brought them.

    Returns
    -------
    keras.Model
        As `build_bert` describes it.

    Raises
    ------
    fetch.FileNotHere
        If the weights are not on this computer; the message says how to get them.

    Examples
    --------
    >>> network = load_minilm()  # doctest: +SKIP
    >>> states = network(load_tokenizer()(["A text."]))  # doctest: +SKIP
    >>> len(states), states[6].shape  # doctest: +SKIP
    (7, TensorShape([1, 5, 384]))
    """
    path = fetch.fetch_file(WEIGHTS, download=download)
    network = build_bert(dropout=dropout)
    load_weights(network, path)
    return network


# -------------------------------------------------------------------- the network


def build_bert(
    *,
    vocabulary: int = 30_522,
    width: int = 384,
    blocks: int = 6,
    heads: int = 12,
    inside: int = 1536,
    longest: int = 512,
    dropout: float = 0.1,
) -> keras.Model:
    """Build a BERT with random weights; by default of the size of MiniLM-L6.

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
    longest
        Tokens of the longest text.
    dropout
        The share of numbers that are set to 0 while training, against overfitting.

    Returns
    -------
    keras.Model
        From what `WordPiece` gives (``"ids"`` and ``"mask"``, shape (n, length)) to a list
        of states, each of shape (n, length, width): those of the embeddings (layer 0), and
        those behind each block (layer 1, 2, …).  States where the mask is 0 mean nothing.

    Examples
    --------
    >>> small = build_bert(vocabulary=50, width=8, blocks=2, heads=2, inside=16)
    >>> [layer.name for layer in small.layers if "layer.1.output" in layer.name]
    ['encoder.layer.1.output.dense', 'encoder.layer.1.output.LayerNorm']
    """
    import keras

    vocabulary = read_count(vocabulary, "vocabulary", least=2)
    width, blocks = read_count(width, "width", most=8192), read_count(blocks, "blocks", most=100)
    heads, inside = read_count(heads, "heads", most=256), read_count(inside, "inside", most=65536)
    longest, dropout = read_count(longest, "longest", most=65536), read_share(dropout, "dropout")
    if width % heads:
        raise ValueError(f"width must be a multiple of heads ({heads}); got {width}.")
    if dropout == 1:
        raise ValueError("dropout must be less than 1: otherwise nothing is left.")
    layers, ops = keras.layers, keras.ops

    def norm(name: str) -> keras.Layer:
        return layers.LayerNormalization(epsilon=EPSILON, name=f"{name}.LayerNorm")

    ids = keras.Input((None,), dtype="int32", name="ids")
    mask = keras.Input((None,), dtype="int32", name="mask")
    places = ops.cumsum(ops.ones_like(ids), axis=1) - 1  # 0, 1, 2, …
    parts = (  # two kinds of text, for pairs of texts; here all is of the first
        layers.Embedding(vocabulary, width, name="embeddings.word_embeddings")(ids),
        layers.Embedding(longest, width, name="embeddings.position_embeddings")(places),
        layers.Embedding(2, width, name="embeddings.token_type_embeddings")(ops.zeros_like(ids)),
    )
    x = norm("embeddings")(layers.Add()(parts))
    x = layers.Dropout(dropout)(x)
    states = [x]
    # The same for each head and each token: what was filled up is looked at by none.
    seen = ops.expand_dims(ops.cast(mask, "bool"), (1, 2))
    for number in range(blocks):
        name = f"{BLOCK}{number}"
        query, key, value = (
            layers.Reshape((-1, heads, width // heads))(
                layers.Dense(width, name=f"{name}.attention.self.{part}")(x)
            )
            for part in ("query", "key", "value")
        )
        query, value = layers.Permute((2, 1, 3))(query), layers.Permute((2, 1, 3))(value)
        scores = ops.matmul(query * (width // heads) ** -0.5, layers.Permute((2, 3, 1))(key))
        looks = layers.Softmax(name=f"{name}{LOOKS}")(scores, mask=seen)
        looked = layers.Permute((2, 1, 3))(ops.matmul(layers.Dropout(dropout)(looks), value))
        looked = layers.Reshape((-1, width))(looked)
        looked = layers.Dense(width, name=f"{name}.attention.output.dense")(looked)
        looked = layers.Dropout(dropout)(looked)
        x = norm(f"{name}.attention.output")(layers.Add()([x, looked]))
        y = layers.Dense(inside, "gelu", name=f"{name}.intermediate.dense")(x)
        y = layers.Dense(width, name=f"{name}.output.dense")(y)
        x = norm(f"{name}.output")(layers.Add()([x, layers.Dropout(dropout)(y)]))
        states.append(x)
    return keras.Model({"ids": ids, "mask": mask}, states, name="bert")


def load_weights(network: keras.Model, path: str | Path) -> None:
    """Put the weights of a safetensors file into a BERT.

    What Keras saved itself, it loads itself: ``network.load_weights("my.weights.h5")``.

    Parameters
    ----------
    network
        From `build_bert`; changed in place, if the file fits.
    path
        A file of numbers, under BERT's names.  It can hold no code.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is damaged, of another format, or of another network; the message says
        what is wrong.
    """
    network, path = read_bert(network), as_path(path)
    try:
        tensors = safetensors_file.read_tensors(path)
        new = [
            [_tensor(tensors, name, weight) for name, weight in _weights_of(layer)]
            for layer in network.layers
        ]
    except (safetensors_file.BadSafetensors, _DoesNotFit) as error:
        raise ValueError(
            f"{path.name} {error}. Wanted is a safetensors file with the weights of this network "
            f"({len(network.outputs) - 1} blocks, {network.outputs[0].shape[-1]} wide)."
        ) from error
    for layer, arrays in zip(network.layers, new, strict=True):
        for (_, weight), array in zip(_weights_of(layer), arrays, strict=True):
            weight.assign(array)


class _DoesNotFit(Exception):
    """A file of another network; the message is the rest of a sentence about it."""


def _tensor(tensors: dict[str, np.ndarray], name: str, weight: Any) -> np.ndarray:
    """Return an array of the file as Keras has it: a dense layer's is (in, out)."""
    if name not in tensors:
        raise _DoesNotFit(f"has no {name}")
    array = tensors[name]
    turned = array.T if "embeddings." not in name else array
    if turned.shape != tuple(weight.shape):
        raise _DoesNotFit(f"has a {name} of shape {array.shape}, which does not fit")
    if not np.isfinite(array).all():
        raise _DoesNotFit(f"has numbers in {name} that are NaN or infinite")
    return turned


def _weights_of(layer: keras.Layer) -> Iterator[tuple[str, Any]]:
    """Yield the weights of a layer, each with its name in a file."""
    import keras

    name = layer.name
    if isinstance(layer, keras.layers.Embedding):
        yield f"{name}.weight", layer.embeddings
    elif isinstance(layer, keras.layers.LayerNormalization):
        yield f"{name}.weight", layer.gamma
        yield f"{name}.bias", layer.beta
    elif isinstance(layer, keras.layers.Dense):
        yield f"{name}.weight", layer._kernel
        yield f"{name}.bias", layer.bias


def read_bert(network: Any) -> Any:
    """Return a BERT as it is, or say what was given in its place."""
    inputs = getattr(read_network(network, "network"), "input", None)
    outputs = getattr(network, "output", None)
    blocks = sum(layer.name.endswith(LOOKS) for layer in network.layers)
    if not isinstance(inputs, dict) or inputs.keys() != {"ids", "mask"} or not blocks:
        raise ValueError(
            f"{network.name} is no BERT. Wanted is what tl.bert.load_minilm() or "
            "tl.bert.build_bert() gives, with the inputs ids and mask."
        )
    if not isinstance(outputs, list) or len(outputs) != blocks + 1:
        raise ValueError(
            f"{network.name} does not give the states of all its layers: it has a head or was "
            "cut. Give the network that it was made from."
        )
    return network


def check_vocabulary(network: keras.Model, tokenizer: Any) -> None:
    """Refuse a tokenizer that numbers its tokens for another network, or cuts too late."""
    read_bert(network)
    if not isinstance(tokenizer, WordPiece):
        raise TypeError(
            f"tokenizer must be a WordPiece; got {type(tokenizer).__name__}. "
            "tl.bert.load_tokenizer() gives that of MiniLM."
        )
    known = network.get_layer("embeddings.word_embeddings").input_dim
    longest = network.get_layer("embeddings.position_embeddings").input_dim
    if len(tokenizer) != known:
        raise ValueError(
            f"The vocabulary has {len(tokenizer):,} tokens, the network {known:,}: it is that of "
            "another model. tl.bert.load_tokenizer() gives that of MiniLM."
        )
    if tokenizer.most > longest:
        raise ValueError(
            f"The tokenizer gives up to {tokenizer.most} tokens, and the network takes {longest}. "
            f"Write WordPiece(vocabulary, most={longest})."
        )


# --------------------------------------------------------------------- training


def train_blocks(model: keras.Model, last: int | None = None) -> None:
    """Let training change the last blocks of a BERT, and whatever is no part of it: the head.

    Compile the model afterwards.

    Parameters
    ----------
    model
        A BERT, or a classifier made from one; changed in place.
    last
        How many blocks at the end; 0 freezes all of BERT.  By default all, and the
        embeddings as well.

    Raises
    ------
    ValueError
        If there is no BERT in it, or not so many blocks.
    """
    parts = list(lora.parts_of(read_network(model)))
    blocks = _count_blocks(model, parts)
    first = 0 if last is None else blocks - read_count(last, "last", least=0, most=blocks)
    model.trainable = True  # what is frozen would hide trainable layers inside it
    for layer in parts:
        if layer.name.startswith("embeddings."):
            layer.trainable = last is None
        elif layer.name.startswith(BLOCK):
            layer.trainable = _number(layer) >= first


def add_lora(model: keras.Model, rank: int = 8) -> None:
    """Freeze a BERT, and let training add a little to how its tokens look (LoRA).

    To the kernels of query and value in each block comes a product of two narrow
    matrices, which begins as 0.  They are trained, with the biases of these layers and the
    head, and the kernels stay as they are.  Keras does it (``layer.enable_lora``); when it
    saves a model, it adds the product to the kernel.  Compile the model afterwards, and
    leave ``model.trainable`` as it is: set to True, it lets the kernels train, too.

    Parameters
    ----------
    model
        A BERT, or a classifier made from one; changed in place.
    rank
        The narrow side of the two matrices.

    Raises
    ------
    ValueError
        If there is no BERT in it, or it has LoRA already.

    Source: Hu et al. 2021, https://arxiv.org/abs/2106.09685
    """
    parts = list(lora.parts_of(read_network(model)))
    _count_blocks(model, parts)
    asking = [layer for layer in parts if layer.name.endswith((".self.query", ".self.value"))]
    frozen = [layer for layer in parts if layer.name.startswith(("embeddings.", BLOCK))]
    lora.enable(model, asking, frozen, rank)


def _number(layer: keras.Layer) -> int:
    return int(layer.name.removeprefix(BLOCK).partition(".")[0])


def _count_blocks(model: keras.Model, parts: list[keras.Layer]) -> int:
    numbers = {_number(layer) for layer in parts if layer.name.startswith(BLOCK)}
    if not numbers:
        raise ValueError(f"There is no BERT in {model.name}: no layer is named {BLOCK}0….")
    return len(numbers)
