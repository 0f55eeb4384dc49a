"""What the methods of adaptation refuse, and in which words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tlhelpers.inputs import read_count, read_images, read_labels, read_network
from tlhelpers.networks.surgery import batchnorm_layers, read_one_input

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras

#: What a method returns beside the network: name → one number for each step (or layer, or image).
History = dict[str, list[float]]


def not_finite(loss: float, step: int, steps: int, learning_rate: float) -> str:
    """Say at which step the loss stopped being a number, and what to try."""
    return (
        f"The loss became {loss} at step {step + 1} of {steps}. Try a learning_rate below "
        f"{learning_rate:g} or a smaller weight, and look for NaN among the images: "
        "np.isnan(images).any()."
    )


def read_input(
    model: keras.Model,
    source_images: Any,
    source_labels: Any,
    target_images: Any,
    batch_size: int,
) -> tuple[Any, Any, Any]:
    """Return images and labels, if they fit a network that the methods can adapt."""
    head = read_one_input(model, head=True).layers[-1]
    activation = head.get_config()["activation"]
    if activation not in ("softmax", "linear"):
        raise ValueError(
            f"The head of {model.name} has the activation {activation}. Wanted: softmax or none."
        )
    read_count(batch_size, "batch_size", least=2)  # one image has no spread
    shape = tuple(model.input_shape[1:])
    found = []
    for name, images in (("source_images", source_images), ("target_images", target_images)):
        if images is not None:
            images = read_images(images, name, shape=shape)
            if len(images) < batch_size:
                raise ValueError(
                    f"{name} has {len(images)} images, fewer than one batch of {batch_size}. "
                    f"Give more images, or batch_size={max(2, len(images))} or less."
                )
        found.append(images)
    if source_images is None:
        return None, None, found[1]
    classes = head.units
    labels = read_labels(source_labels, "source_labels", count=len(found[0]), classes=classes)
    if absent := sorted(set(range(classes)) - set(labels.tolist())):
        raise ValueError(
            f"source_labels has no image of class {', '.join(map(str, absent))}, so the network "
            "would unlearn it. Add source images of every class, or keep only the outputs you "
            "need with tl.surgery.keep_classes()."
        )
    return found[0], labels, found[1]


def need_images(**images: Any) -> None:
    """Refuse to go on without the images that a method needs."""
    for name, given in images.items():
        if given is None:
            raise TypeError(f"{name} must be an array of images for this method; got None.")


def read_norm_input(model: keras.Model, images: Any, batch_size: int, method: str) -> np.ndarray:
    """Return target images for a method that changes BatchNormalization and nothing else."""
    if not batchnorm_layers(read_network(model)):
        raise ValueError(
            f"{model.name} has no BatchNormalization layer; {method} changes nothing else."
        )
    return read_input(model, None, None, images, batch_size)[2]
