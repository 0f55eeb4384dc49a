"""LoRA in any network with dense layers: which layers learn a little, and which stay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tlhelpers.inputs import read_count

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras


def parts_of(model: keras.Model) -> Iterator[keras.Layer]:
    """Yield the layers of a model, and of models in it."""
    import keras

    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from parts_of(layer)
        else:
            yield layer


def enable(
    model: keras.Model, asking: Sequence[keras.Layer], frozen: Sequence[keras.Layer], rank: int
) -> None:
    """Freeze layers, and add to the kernels of some of them what may be learnt.

    Parameters
    ----------
    model
        The whole; what is not named below learns.
    asking
        Dense layers that get two narrow matrices each.
    frozen
        Layers that learn nothing; those in ``asking`` may be among them.
    rank
        The narrow side of the two matrices.

    Raises
    ------
    ValueError
        If one of them has LoRA already.

    Source: Hu et al. 2021, https://arxiv.org/abs/2106.09685
    """
    rank = read_count(rank, "rank", most=1024)
    if any(layer.lora_enabled for layer in asking):
        raise ValueError(f"{model.name} has LoRA already. Take a network without it.")
    model.trainable = True  # what is frozen would hide trainable layers inside it
    for layer in frozen:
        layer.trainable = False
    for layer in asking:
        layer.trainable = True
        layer.enable_lora(rank)  # which freezes its kernel
