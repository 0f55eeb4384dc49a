"""A decoder, a network that says which token comes next, in layers of Keras: Llama's kind.

Tokens go through an embedding and then through blocks.  In each block every token looks at
itself and at those before it, never at those behind it, and is then changed by a small
network of its own.  What has become of it, compared with each token's embedding, says
how likely that token comes next.

What is unlike BERT, and unlike GPT-2: where a token stands is not added to it, but turns its
queries and keys by an angle, so that only distances count (rotary positions); several heads
of queries share one head of keys and values (grouped queries); the small network has a gate
(SwiGLU); means are not taken out (RMSNorm); there is no bias.

Layers have the names of GGUF files, such as ``blk.0.attn_q``.  A saved network needs nothing of
this package.

Source: Touvron et al. 2023, https://arxiv.org/abs/2302.13971 (Llama); Su et al. 2021,
https://arxiv.org/abs/2104.09864 (rotary positions); Ainslie et al. 2023,
https://arxiv.org/abs/2305.13245 (grouped queries); Shazeer 2020,
https://arxiv.org/abs/2002.05202 (SwiGLU); Zhang and Sennrich 2019,
https://arxiv.org/abs/1910.07467 (RMSNorm).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tlhelpers.data.names import as_path
from tlhelpers.inputs import read_count, read_network, read_number
from tlhelpers.networks import lora
from tlhelpers.networks.gguf_file import BadGguf, Gguf, read_gguf

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras

BLOCK, QUERY, EMBEDDING, NORM = "blk.", ".attn_q", "token_embd", "output_norm"


def build_decoder(
    *,
    vocabulary: int = 49_152,
    width: int = 576,
    blocks: int = 30,
    heads: int = 9,
    key_heads: int = 3,
    inside: int = 1536,
    base: float = 100_000.0,
    epsilon: float = 1e-5,
) -> keras.Model:
    """Build a decoder with random weights; by default of the size of SmolLM2-135M.

    Parameters
    ----------
    vocabulary
        How many tokens there are.
    width
        Numbers in a token's state.
    blocks
        How many blocks there are.
    heads
        How many ways to look each block has; ``width`` is shared out among them.
    key_heads
        How many heads of keys and values they share: a part of ``heads``.
    inside
        Width of the small network in each block.
    base
        Of the angles: the larger, the slower the slowest pair of numbers turns.
    epsilon
        Of RMSNorm.

    Returns
    -------
    keras.Model
        From the numbers of tokens, shape (n, length), to shape (n, length, vocabulary): at
        each place, how likely each token comes next (logits: `keras.ops.softmax` makes shares
        of them).  Texts of different lengths are filled up at their ends, with anything.

    Examples
    --------
    >>> sizes = dict(vocabulary=50, width=8, blocks=2, heads=2, key_heads=1, inside=16)
    >>> build_decoder(**sizes).output_shape
    (None, None, 50)
    """
    import keras

    vocabulary = read_count(vocabulary, "vocabulary", least=2, most=1_000_000)
    width, blocks = read_count(width, "width", most=8192), read_count(blocks, "blocks", most=100)
    heads, inside = read_count(heads, "heads", most=256), read_count(inside, "inside", most=65536)
    key_heads = read_count(key_heads, "key_heads", most=heads)
    base, epsilon = read_number(base, "base", above=1), read_number(epsilon, "epsilon", above=0)
    if width % (2 * heads):
        raise ValueError(f"width must be a multiple of 2 · heads ({2 * heads}); got {width}.")
    if heads % key_heads:
        raise ValueError(f"heads must be a multiple of key_heads ({key_heads}); got {heads}.")
    wide = width // heads
    layers: dict[str, keras.Layer] = {}

    def add(kind: Callable[..., keras.Layer], *arguments: Any, name: str, **more: Any) -> None:
        layers[name] = kind(*arguments, name=name, **more)

    def add_dense(units: int, name: str, activation: str | None = None) -> None:
        add(keras.layers.Dense, units, activation, use_bias=False, name=name)

    def add_norm(name: str) -> None:
        add(keras.layers.RMSNormalization, epsilon=epsilon, name=name)

    add(keras.layers.ReversibleEmbedding, vocabulary, width, name=EMBEDDING)
    speeds = [base ** (-2 * pair / wide) for pair in range(wide // 2)]  # of angles, a token
    add(keras.layers.Rescaling, speeds, dtype="float32", name="angles")
    for number in range(blocks):
        name = f"{BLOCK}{number}"
        add_norm(f"{name}.attn_norm")
        add_dense(width, f"{name}.attn_q")
        add_dense(key_heads * wide, f"{name}.attn_k")
        add_dense(key_heads * wide, f"{name}.attn_v")
        add_dense(width, f"{name}.attn_output")
        add_norm(f"{name}.ffn_norm")
        add_dense(inside, f"{name}.ffn_gate", "silu")
        add_dense(inside, f"{name}.ffn_up")
        add_dense(width, f"{name}.ffn_down")
    shared = (key_heads, heads // key_heads, wide)
    add(keras.layers.Reshape, (-1, *shared), name="queries")
    add(keras.layers.Reshape, (-1, key_heads, 1, wide), name="keys")
    add_norm(NORM)

    ids = keras.Input((None,), dtype="int32", name="ids")
    return keras.Model(ids, _answers(layers, blocks, ids), name="decoder")


def _answers(layer: dict[str, keras.Layer], blocks: int, ids: Any) -> Any:
    """Let tokens through all layers."""
    import keras

    layers, ops = keras.layers, keras.ops
    places = ops.cumsum(ops.ones_like(ids), axis=1) - 1  # 0, 1, 2, …
    seen = ops.expand_dims(places, 2) >= ops.expand_dims(places, 1)  # itself and those before
    seen = ops.expand_dims(seen, (1, 2))  # the same for each head
    angles = layer["angles"](ops.expand_dims(ops.cast(places, "float32"), 2))
    cos, sin = (ops.expand_dims(part(angles), (2, 3)) for part in (ops.cos, ops.sin))

    def turn(x: Any) -> Any:
        """Turn each pair of neighbouring numbers by its angle."""
        one, other = x[..., 0::2], x[..., 1::2]
        turned = ops.stack([one * cos - other * sin, one * sin + other * cos], axis=-1)
        return layers.Reshape((-1, *x.shape[2:]))(turned)

    x = layer[EMBEDDING](ids)
    for number in range(blocks):
        name = f"{BLOCK}{number}"
        y = layer[f"{name}.attn_norm"](x)
        query = turn(layer["queries"](layer[f"{name}.attn_q"](y)))
        key = turn(layer["keys"](layer[f"{name}.attn_k"](y)))[:, :, :, 0]
        value = layer["keys"](layer[f"{name}.attn_v"](y))[:, :, :, 0]
        # n texts, q and k tokens, h heads of keys with g queries each, d numbers
        scores = ops.einsum("nqhgd,nkhd->nhgqk", query * query.shape[-1] ** -0.5, key)
        looks = layers.Softmax()(scores, mask=seen)
        looked = ops.einsum("nhgqk,nkhd->nqhgd", looks, value)
        looked = layers.Reshape((-1, x.shape[-1]))(looked)
        x = layers.Add()([x, layer[f"{name}.attn_output"](looked)])
        y = layer[f"{name}.ffn_norm"](x)
        gated = layers.Multiply()([layer[f"{name}.ffn_gate"](y), layer[f"{name}.ffn_up"](y)])
        x = layers.Add(name=name)([x, layer[f"{name}.ffn_down"](gated)])
    return layer[EMBEDDING](layer[NORM](x), reverse=True)


# ------------------------------------------------------------------------- weights


def load_weights(network: keras.Model, file: str | Path | Gguf, name: str = "") -> None:
    """Put the weights of a GGUF file into a decoder.

    Parameters
    ----------
    network
        From `build_decoder`; changed in place, if the file fits.
    file
        The file, or what `gguf_file.read_gguf` read of it.  It can hold no code.
    name
        What to call it in a message; by default its name.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is damaged, of another format, or of another network; the message says
        what is wrong.
    """
    network = read_decoder(network)
    name = name or ("The file" if isinstance(file, Gguf) else as_path(file).name)
    try:
        tensors = (file if isinstance(file, Gguf) else read_gguf(as_path(file))).tensors
        for layer, weight in _weights_of(network):
            if (tensor := tensors.get(f"{layer.name}.weight")) is None:
                raise BadGguf(f"has no {layer.name}.weight")
            if _turned(layer, tensor.shape) != tuple(weight.shape):
                raise BadGguf(f"has a {tensor.name} of shape {tensor.shape}, which does not fit")
        named = {f"{layer.name}.weight" for layer, _ in _weights_of(network)}
        if more := sorted(tensors.keys() - named):
            raise BadGguf(f"has a {more[0]}, which this network has not")
        for tensor in tensors.values():  # before anything is changed
            tensor.check()
    except BadGguf as error:
        raise ValueError(
            f"{name} {error}. Wanted is a GGUF file with the weights of this network "
            f"({count_blocks(network)} blocks, {network.get_layer(EMBEDDING).output_dim} wide)."
        ) from error
    for layer, weight in _weights_of(network):
        numbers = tensors[f"{layer.name}.weight"].numbers()
        weight.assign(numbers.T if _turned(layer, (0, 1)) == (1, 0) else numbers)


def _weights_of(network: keras.Model) -> Iterator[tuple[keras.Layer, Any]]:
    """Yield each layer that has a weight, and its weight."""
    import keras

    for layer in network.layers:
        if isinstance(layer, keras.layers.Embedding):
            yield layer, layer.embeddings
        elif isinstance(layer, keras.layers.RMSNormalization):
            yield layer, layer.scale
        elif isinstance(layer, keras.layers.Dense):
            yield layer, layer._kernel


def _turned(layer: keras.Layer, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return a shape in the file as Keras has it: of a dense layer (in, out)."""
    import keras

    return shape[::-1] if isinstance(layer, keras.layers.Dense) else shape


def read_decoder(network: Any) -> Any:
    """Return a decoder as it is, or say what was given in its place."""
    names = {layer.name for layer in read_network(network, "network").layers}
    if not {EMBEDDING, NORM, "angles", "queries", f"{BLOCK}0{QUERY}"} <= names:
        raise ValueError(
            f"{network.name} is no decoder with all its layers. Wanted is the network that "
            "tl.smollm.load_smollm() gives, or tl.decoder.build_decoder()."
        )
    return network


def count_blocks(network: keras.Model) -> int:
    """Return how many blocks a decoder has."""
    return sum(layer.name.endswith(QUERY) for layer in read_decoder(network).layers)


# -------------------------------------------------------------------- parts and LoRA


def state_network(network: keras.Model, layer: int | None = None) -> keras.Model:
    """Return the network that gives the states behind one of a decoder's blocks.

    Parameters
    ----------
    network
        A decoder; the new network shares its layers.
    layer
        Which states: 0 for the embeddings, 1 for those behind the first block, and so on; by
        default the last.  Blocks behind it are left out.

    Returns
    -------
    keras.Model
        From tokens, shape (n, length), to shape (n, length, width).  The state of the last
        token has seen all of the text; those of the first have seen nothing of it.

    Examples
    --------
    >>> sizes = dict(vocabulary=50, width=8, blocks=2, heads=2, key_heads=1, inside=16)
    >>> state_network(build_decoder(**sizes), layer=1).output_shape
    (None, None, 8)
    """
    import keras

    network = read_decoder(network)
    last = count_blocks(network)
    number = last if layer is None else read_count(layer, "layer", least=0, most=last)
    if number:
        states = network.get_layer(f"{BLOCK}{number - 1}").output
    else:
        states = network.get_layer(EMBEDDING)(network.input)
    return keras.Model(network.input, states, name=f"{network.name}_states")


def add_lora(model: keras.Model, rank: int = 8) -> None:
    """Freeze a decoder, and let training add a little to how its tokens look (LoRA).

    As `tlhelpers.networks.bert.add_lora`: to the kernels of query and value in each block
    comes a product of two narrow matrices, which begins as 0.  Compile the model afterwards.

    Parameters
    ----------
    model
        A decoder, or a model made from one, such as a classifier; changed in place.  What
        is no part of the decoder still learns.
    rank
        The narrow side of the two matrices.

    Raises
    ------
    ValueError
        If there is no decoder in it, or it has LoRA already.

    Source: Hu et al. 2021, https://arxiv.org/abs/2106.09685
    """
    parts = list(lora.parts_of(read_network(model)))
    asking = [layer for layer in parts if layer.name.endswith((QUERY, ".attn_v"))]
    if not asking:
        raise ValueError(f"There is no decoder in {model.name}: no layer is named {BLOCK}0{QUERY}.")
    frozen = [layer for layer in parts if layer.name.startswith((BLOCK, EMBEDDING, NORM))]
    lora.enable(model, asking, frozen, rank)
