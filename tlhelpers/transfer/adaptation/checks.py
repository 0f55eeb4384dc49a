"""What the methods of adaptation refuse, and in which words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

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


def check_input(
    model: keras.Model,
    source_images: np.ndarray | None,
    source_labels: np.ndarray | None,
    target_images: np.ndarray | None,
    batch_size: int,
    steps: int,
) -> None:
    """Refuse a network, images or labels that do not fit, before anything is trained."""
    import keras

    head = model.layers[-1]
    activation = head.get_config().get("activation") if hasattr(head, "get_config") else None
    if not isinstance(head, keras.layers.Dense) or activation not in ("softmax", "linear"):
        raise ValueError(
            f"The last layer of {model.name} is {type(head).__name__} ({activation}). Wanted: "
            "keras.layers.Dense with one output for each class, with softmax or no activation."
        )
    if steps < 1:
        raise ValueError(f"steps must be at least 1; got {steps}.")
    if batch_size < 2:
        raise ValueError(
            f"batch_size must be at least 2 (one image has no spread); got {batch_size}."
        )
    wanted = tuple(model.input_shape[1:])
    for name, images in (("source_images", source_images), ("target_images", target_images)):
        if images is None:
            continue
        found = np.shape(images)[1:]
        fits = len(found) == len(wanted) and all(
            w in (None, f) for w, f in zip(wanted, found, strict=True)
        )
        if not fits:
            raise ValueError(
                f"{name} has images of shape {found}; {model.name} wants {wanted}. Give both "
                "domains the same preprocessing."
            )
        if len(images) < batch_size:
            raise ValueError(
                f"{name} has {len(images)} images, fewer than one batch of {batch_size}. "
                f"Give more images, or batch_size={max(2, len(images))} or less."
            )
    if source_images is None:
        return
    labels, classes = np.asarray(source_labels), model.output_shape[-1]
    if labels.shape != (len(source_images),) or labels.dtype.kind not in "iu":
        raise ValueError(
            f"source_labels must be {len(source_images)} whole numbers, one for each source image; "
            f"got shape {labels.shape}, {labels.dtype}."
        )
    absent = sorted(set(range(classes)) - set(labels.tolist()))
    if len(labels) and not 0 <= labels.min() <= labels.max() < classes:
        raise ValueError(
            f"source_labels must lie between 0 and {classes - 1}; "
            f"got {labels.min()} to {labels.max()}."
        )
    if absent:
        raise ValueError(
            f"source_labels has no image of class {', '.join(map(str, absent))}, so the network "
            "would unlearn it. Add source images of every class, or keep only the outputs you "
            "need with tl.surgery.keep_classes()."
        )
