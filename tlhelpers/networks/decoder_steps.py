"""A decoder one token after the other, in NumPy, with what earlier tokens are looked at by.

Whoever writes asks for one token at a time.  For each, the network would read the whole text
again; but the keys and values of earlier tokens stay what they are, so they are kept.  NumPy
does it as fast as Keras, which would first work for ten seconds on a plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import expit, softmax

from tlhelpers.networks.decoder import BLOCK, EMBEDDING, NORM, QUERY, count_blocks, read_decoder

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras

PIECE = 256  # tokens read at once: more would take much memory


class Steps:
    """Reads tokens, in one go or one by one.

    Parameters
    ----------
    network
        A decoder, with its weights of now (and LoRA, if it has it): they are copied.

    Examples
    --------
    >>> from tlhelpers.networks.decoder import build_decoder
    >>> sizes = dict(vocabulary=50, width=8, blocks=2, heads=2, key_heads=1, inside=16)
    >>> steps = Steps(build_decoder(**sizes))
    >>> [steps.answer(steps.read([[1, 2, 3], [4]][n])[-1]).shape for n in (0, 1)]
    [(3, 50), (1, 50)]
    """

    def __init__(self, network: keras.Model) -> None:
        import keras

        network = read_decoder(network)
        copy = keras.ops.convert_to_numpy

        def kernel(name: str) -> np.ndarray:
            return copy(network.get_layer(name).kernel)

        def norm(name: str) -> tuple[np.ndarray, float]:
            layer = network.get_layer(name)
            return copy(layer.scale), layer.epsilon

        self.embeddings = copy(network.get_layer(EMBEDDING).embeddings)
        self.speeds = np.asarray(network.get_layer("angles").scale, np.float32)
        _, self.key_heads, self.share, self.wide = network.get_layer("queries").target_shape
        self.norm = norm(NORM)
        self.blocks: list[tuple[Any, ...]] = []
        for number in range(count_blocks(network)):
            name = f"{BLOCK}{number}"
            attention = [kernel(f"{name}.attn_{part}") for part in ("k", "v", "output")]
            inside = [kernel(f"{name}.ffn_{part}") for part in ("gate", "up", "down")]
            query = kernel(f"{name}{QUERY}")
            norms = norm(f"{name}.attn_norm"), norm(f"{name}.ffn_norm")
            self.blocks.append((query, *attention, *inside, *norms))
        self.forget()

    def forget(self) -> None:
        """Begin a new text."""
        empty = np.empty((self.key_heads, 0, self.wide), np.float32)
        self.kept = [(empty, empty) for _ in self.blocks]
        self.count = 0

    def read(self, ids: Any, layers: Sequence[int] | None = None) -> list[np.ndarray]:
        """Read on; return the states of these tokens.

        Parameters
        ----------
        ids
            The numbers of the next tokens, at least one.
        layers
            Which states: 0 for the embeddings, 1 for those behind the first block, and so on;
            by default the last.  Blocks behind them are left out: then begin a new text.

        Returns
        -------
        list of numpy.ndarray
            For each of these layers, shape (tokens, width).
        """
        layers = [len(self.blocks)] if layers is None else list(layers)
        pieces = [ids[first : first + PIECE] for first in range(0, len(ids), PIECE)]
        found = [self._read(np.asarray(piece), layers) for piece in pieces]
        return [np.concatenate(states) for states in zip(*found, strict=True)]

    def _read(self, ids: np.ndarray, layers: list[int]) -> list[np.ndarray]:
        places = np.arange(self.count, self.count + len(ids))
        hidden = np.arange(self.count + len(ids)) > places[:, None]  # those behind it
        hidden = np.concatenate([hidden] * self.share)
        angles = places.astype(np.float32)[:, None, None, None] * self.speeds
        cos, sin = np.cos(angles), np.sin(angles)

        def turn(x: np.ndarray) -> np.ndarray:
            one, other = x[..., 0::2], x[..., 1::2]
            turned = np.stack([one * cos - other * sin, one * sin + other * cos], axis=-1)
            return turned.reshape(x.shape)

        shape = (len(ids), self.key_heads, -1, self.wide)
        x = self.embeddings[ids]
        states = {0: x}
        for number, block in enumerate(self.blocks[: max(layers)]):
            asking, key, value, output, gate, up, down, first, second = block
            y = _norm(x, first)
            query = turn((y @ asking).reshape(shape)).transpose(1, 2, 0, 3)
            query = query.reshape(self.key_heads, -1, self.wide)  # all that ask one head of keys
            new = turn((y @ key).reshape(shape))[:, :, 0], (y @ value).reshape(shape)[:, :, 0]
            keys, values = (
                np.concatenate([old, now.transpose(1, 0, 2)], axis=1)
                for old, now in zip(self.kept[number], new, strict=True)
            )
            self.kept[number] = keys, values
            scores = query @ keys.transpose(0, 2, 1) * self.wide**-0.5
            scores[:, hidden] = -np.inf
            looked = softmax(scores, axis=-1) @ values
            looked = looked.reshape(self.key_heads, self.share, len(ids), self.wide)
            x = x + looked.transpose(2, 0, 1, 3).reshape(len(ids), -1) @ output
            y = _norm(x, second)
            gated = y @ gate
            x = x + (gated * expit(gated) * (y @ up)) @ down
            if number + 1 in layers:
                states[number + 1] = x
        self.count += len(ids)
        return [states[layer] for layer in layers]

    def answer(self, states: np.ndarray) -> np.ndarray:
        """Return from the last states how likely each token comes next (logits)."""
        return _norm(states, self.norm) @ self.embeddings.T


def _norm(x: np.ndarray, norm: tuple[np.ndarray, float]) -> np.ndarray:
    scale, epsilon = norm
    return x / np.sqrt(np.mean(x**2, axis=-1, keepdims=True) + epsilon) * scale
