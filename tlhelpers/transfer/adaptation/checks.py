"""What the methods of adaptation refuse, and in which words."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from tlhelpers.batches import is_dataset
from tlhelpers.inputs import read_count, read_images, read_labels, read_network
from tlhelpers.networks.surgery import batchnorm_layers, read_one_input
from tlhelpers.transfer.adaptation.streams import (
    check_first,
    few_images,
    read_source,
    read_target,
)

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras

#: What a method returns beside the network: name → one number for each step (or layer, or image).
History = dict[str, list[float]]


def not_finite(loss: float, step: int, steps: int | None, learning_rate: float) -> str:
    """Say at which step the loss stopped being a number, and what to try."""
    of = f" of {steps}" if steps else ""
    return (
        f"The loss became {loss} at step {step + 1}{of}. Try a learning_rate below "
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
    """Return images and labels, if they fit a network that the methods can adapt.

    A dataset stays one: that of the source gives pairs, that of the target images alone.
    """
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
        if is_dataset(images):
            source = name == "source_images"
            images = read_source(images, source_labels) if source else read_target(images)
            check_first(images, model, name, batch_size)
        elif images is not None:
            images = read_images(images, name, shape=shape)
            if len(images) < batch_size:
                raise ValueError(few_images(name, len(images), batch_size))
        found.append(images)
    if source_images is None and source_labels is not None:
        raise ValueError("source_labels belong to source_images; give both, or neither.")
    if source_images is None or is_dataset(source_images):
        return found[0], None, found[1]
    classes = head.units
    labels = read_labels(source_labels, "source_labels", count=len(found[0]), classes=classes)
    if absent := sorted(set(range(classes)) - set(labels.tolist())):
        raise ValueError(
            f"source_labels has no image of class {', '.join(map(str, absent))}, so the network "
            f"would unlearn it. {_ALL_CLASSES}"
        )
    return found[0], labels, found[1]


_ALL_CLASSES = (
    "Add source images of every class, or keep only the outputs you need with "
    "tl.surgery.keep_classes()."
)


def tell_absent(classes: int, came: set[int], steps: int) -> None:
    """Warn of classes of which a dataset gave no image: one cannot ask it before."""
    if absent := sorted(set(range(classes)) - came):
        warnings.warn(
            f"In {steps} steps, source_images gave no image of class "
            f"{', '.join(map(str, absent))}, so the network unlearns it. Let the dataset shuffle. "
            f"{_ALL_CLASSES}",
            stacklevel=4,
        )


def need_images(**images: Any) -> None:
    """Refuse to go on without the images that a method needs."""
    for name, given in images.items():
        if given is None:
            raise TypeError(
                f"{name} must be an array or a dataset of images for this method; got None."
            )


def read_norm_input(model: keras.Model, images: Any, batch_size: int, method: str) -> Any:
    """Return target images for a method that changes BatchNormalization and nothing else."""
    if not batchnorm_layers(read_network(model)):
        raise ValueError(
            f"{model.name} has no BatchNormalization layer; {method} changes nothing else."
        )
    return read_input(model, None, None, images, batch_size)[2]
