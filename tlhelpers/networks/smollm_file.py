"""A GGUF file of SmolLM2's kind becomes a network and its tokenizer, or is refused."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tlhelpers.data.names import as_path
from tlhelpers.inputs import read_count, read_number
from tlhelpers.networks.decoder import EMBEDDING, QUERY, build_decoder, load_weights
from tlhelpers.networks.gguf_file import BadGguf, Gguf, read_gguf
from tlhelpers.networks.smollm_tokens import SmolTokenizer

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras


def load_file(path: str | Path) -> tuple[keras.Model, SmolTokenizer]:
    """Return the network and the tokenizer in a GGUF file of SmolLM2's kind.

    Parameters
    ----------
    path
        The file, with numbers of the kinds in `gguf_file.KINDS`.  It can hold no code.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is damaged, of another format, or of another kind of network.
    """
    path = as_path(path)
    try:
        file = read_gguf(path)
        sizes = _sizes(file)
        tokenizer = _tokenizer(file, sizes["vocabulary"])
    except BadGguf as error:
        raise ValueError(f"{path.name} {error}. Wanted is a GGUF file of SmolLM2.") from error
    network = build_decoder(**sizes)
    load_weights(network, file, path.name)
    return network, tokenizer


def _sizes(file: Gguf) -> dict[str, Any]:
    """Return what `build_decoder` wants to know, as far as the file has numbers for it."""
    said, tensors = file.entries, file.tensors
    if said.get("general.architecture") != "llama":
        raise BadGguf("is not of Llama's kind")
    shapes = {name: tensor.shape for name, tensor in tensors.items()}
    try:
        (vocabulary, width), (inside, _) = (
            shapes[f"{name}.weight"] for name in (EMBEDDING, "blk.0.ffn_gate")
        )
        heads, base, epsilon = (
            said[f"llama.{name}"]
            for name in (
                "attention.head_count",
                "rope.freq_base",
                "attention.layer_norm_rms_epsilon",
            )
        )
        key_heads = said.get("llama.attention.head_count_kv", heads)
        sizes = {
            "vocabulary": read_count(vocabulary, "vocabulary", least=2),
            "width": read_count(width, "width"),
            "blocks": sum(name.endswith(f"{QUERY}.weight") for name in shapes),
            "heads": read_count(heads, "heads"),
            "key_heads": read_count(key_heads, "key_heads", most=heads),
            "inside": read_count(inside, "inside"),
            "base": read_number(base, "base", above=1),
            "epsilon": read_number(epsilon, "epsilon", above=0),
        }
    except (KeyError, TypeError, ValueError) as error:
        raise BadGguf("does not say how large its network is") from error
    wide = width // heads
    if said.get("llama.rope.dimension_count", wide) != wide or width % heads or heads % key_heads:
        raise BadGguf("has heads that are not shared out evenly")
    block = width * (2 * width + 2 * key_heads * wide + 3 * inside + 2)
    needed = vocabulary * width + sizes["blocks"] * block + width
    if needed != sum(int(np.prod(shape, dtype=object)) for shape in shapes.values()):
        raise BadGguf("has more or fewer weights than a network of its sizes")
    return sizes


def _tokenizer(file: Gguf, count: int) -> SmolTokenizer:
    """Return the tokenizer that a file describes."""
    said = {
        name: file.entries.get(f"tokenizer.ggml.{name}")
        for name in ("model", "pre", "tokens", "merges", "token_type")
    }
    if (said["model"], said["pre"]) != ("gpt2", "smollm"):
        raise BadGguf("has a tokenizer of another kind")
    tokens, kinds = said["tokens"], said["token_type"]
    if not isinstance(tokens, list) or not isinstance(said["merges"], list):
        raise BadGguf("has no list of tokens, or of joins")
    if len(tokens) != count or not isinstance(kinds, np.ndarray) or len(kinds) != count:
        raise BadGguf(f"has {len(tokens):,} tokens, and {count:,} embeddings")
    special = [token for token, kind in zip(tokens, kinds, strict=True) if kind != 1]
    try:
        return SmolTokenizer(tokens, said["merges"], special)
    except ValueError as error:
        raise BadGguf(f"has tokens that make no sense ({str(error).rstrip('.')})") from error
