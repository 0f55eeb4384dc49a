"""A BERT of small size: weights under BERT's names, its file, and the network in plain NumPy."""

from __future__ import annotations

import json
import struct
from math import erf

import numpy as np

SIZES = {"vocabulary": 40, "width": 12, "blocks": 3, "heads": 3, "inside": 20, "longest": 16}
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *(f"w{number}" for number in range(36))]


def made_up_tensors(sizes: dict = SIZES, seed: int = 0) -> dict[str, np.ndarray]:
    """Random weights, as a file has them: those of dense layers are (out, in)."""
    rng, width, inside = np.random.default_rng(seed), sizes["width"], sizes["inside"]
    tensors: dict[str, np.ndarray] = {}

    def add(name: str, *shape: int, scale: float = 0.3, mean: float = 0) -> None:
        tensors[name] = rng.normal(mean, scale, shape).astype(np.float32)

    def dense(name: str, wide: int, out: int) -> None:
        add(f"{name}.weight", out, wide)
        add(f"{name}.bias", out)

    def norm(name: str) -> None:
        add(f"{name}.LayerNorm.weight", width, mean=1)
        add(f"{name}.LayerNorm.bias", width)

    add("embeddings.word_embeddings.weight", sizes["vocabulary"], width, scale=1)
    add("embeddings.position_embeddings.weight", sizes["longest"], width, scale=1)
    add("embeddings.token_type_embeddings.weight", 2, width, scale=1)
    norm("embeddings")
    for number in range(sizes["blocks"]):
        at = f"encoder.layer.{number}"
        for part in ("query", "key", "value"):
            dense(f"{at}.attention.self.{part}", width, width)
        dense(f"{at}.attention.output.dense", width, width)
        norm(f"{at}.attention.output")
        dense(f"{at}.intermediate.dense", width, inside)
        dense(f"{at}.output.dense", inside, width)
        norm(f"{at}.output")
    dense("pooler.dense", width, width)  # is in the file, and not used
    return tensors


def safetensors_bytes(tensors: dict[str, np.ndarray]) -> bytes:
    """A safetensors file that holds them."""
    entries, numbers = {"__metadata__": {"format": "pt"}}, b""
    for name, array in tensors.items():
        place = [len(numbers), len(numbers) + array.nbytes]
        entries[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": place}
        numbers += array.tobytes()
    text = json.dumps(entries).encode()
    return struct.pack("<Q", len(text)) + text + numbers


def by_hand(tensors: dict, sizes: dict, numbers: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """States (blocks + 1, n, width) and looks (blocks, heads, n, n) of one text, in NumPy."""

    def dense(name: str, x: np.ndarray) -> np.ndarray:
        return x @ tensors[f"{name}.weight"].T + tensors[f"{name}.bias"]

    def norm(name: str, x: np.ndarray) -> np.ndarray:
        middle = x - x.mean(-1, keepdims=True)
        straight = middle / np.sqrt((middle**2).mean(-1, keepdims=True) + 1e-12)
        gain, shift = (tensors[f"{name}.LayerNorm.{part}"] for part in ("weight", "bias"))
        return straight * gain + shift

    gelu = np.vectorize(lambda x: x * 0.5 * (1 + erf(x / 2**0.5)))
    x = tensors["embeddings.word_embeddings.weight"][numbers].astype(np.float64)
    x = x + tensors["embeddings.position_embeddings.weight"][: len(numbers)]
    x = norm("embeddings", x + tensors["embeddings.token_type_embeddings.weight"][0])
    states, looks, size = [x], [], sizes["width"] // sizes["heads"]
    for number in range(sizes["blocks"]):
        at, heads = f"encoder.layer.{number}", []
        q, k, v = (dense(f"{at}.attention.self.{part}", x) for part in ("query", "key", "value"))
        for head in range(sizes["heads"]):
            own = slice(head * size, (head + 1) * size)
            scores = np.exp(q[:, own] @ k[:, own].T / size**0.5)
            looks.append(scores / scores.sum(1, keepdims=True))
            heads.append(looks[-1] @ v[:, own])
        looked = dense(f"{at}.attention.output.dense", np.concatenate(heads, 1))
        x = norm(f"{at}.attention.output", x + looked)
        y = dense(f"{at}.output.dense", gelu(dense(f"{at}.intermediate.dense", x)))
        x = norm(f"{at}.output", x + y)
        states.append(x)
    shape = (sizes["blocks"], sizes["heads"], len(numbers), len(numbers))
    return np.stack(states), np.reshape(looks, shape)
