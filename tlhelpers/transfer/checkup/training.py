"""Checks of a network and of how it is compiled: what will training do to it?"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from tlhelpers.networks import surgery
from tlhelpers.transfer.checkup.report import Finding, NotSeen
from tlhelpers.transfer.checkup.subject import CannotSee, Subject

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras

FAST = 5e-4  # a learning rate above this is that of a new head (for SGD: a hundred times as much)
WEIGHTS_PER_IMAGE = 100  # of a Dense behind Flatten, from which on it is worth a word

COMPILE_FIRST = "the model is not compiled: call this after model.compile(...), before fit."
AFTER_FIT = (
    "this model has been trained since it was compiled, and nobody can see whether its weights "
    "came from elsewhere. Call this after compile, before fit."
)


def look_at_statistics(subject: Subject) -> Iterator[Finding | NotSeen]:
    """Find BatchNormalization layers of a pretrained network that training would change."""
    pretrained = _pretrained(subject)
    moving = [
        layer
        for layer in pretrained
        if type(layer).__name__ == "BatchNormalization" and layer.trainable
    ]
    if moving:
        yield Finding(
            "statistics",
            f"{len(moving)} BatchNormalization layers of the pretrained part are trainable, such "
            f"as {moving[0].name}: training replaces their mean and spread by those of your "
            "pictures (base(x, training=False) does not prevent that in Keras 3)",
            "Set layer.trainable = False for each of them before compile "
            "(tl.surgery.unfreeze does), or compare both on validation.",
        )


def look_at_rate(subject: Subject) -> Iterator[Finding | NotSeen]:
    """Find a learning rate for new layers in front of pretrained ones."""
    layers = _learning(subject.model, _pretrained(subject))
    optimizer = _optimizer(subject.model)
    rate = _highest_rate(optimizer)
    limit = FAST * (100 if type(optimizer).__name__ == "SGD" else 1)
    if layers and rate > limit:
        yield Finding(
            "rate",
            f"{type(optimizer).__name__} has a learning rate of {rate:.3g}, and {len(layers)} "
            f"pretrained layers are trainable, such as {layers[0].name}",
            "Train the new head first with the rest frozen; then unfreeze and compile again with "
            "a rate of 1e-5 to 1e-4.",
        )


def look_at_head(subject: Subject) -> Iterator[Finding | NotSeen]:
    """Find a new head that would be trained together with the pretrained layers."""
    head = _head(subject)
    layers = _learning(subject.model, _pretrained(subject))
    if not layers:
        return
    if getattr(head, "bias", None) is None:
        raise CannotSee(f"the last layer, {head.name}, has no bias that would tell a new one.")
    if not np.any(_numbers(head.bias)):
        yield Finding(
            "untrained_head",
            f"the biases of {head.name} are all 0, as in a new layer, and {len(layers)} pretrained "
            f"layers are trainable, such as {layers[0].name}: its first steps will pull at them",
            "Freeze the pretrained part, train the head, then unfreeze and compile again.",
        )


def look_at_compile(subject: Subject) -> Iterator[Finding | NotSeen]:
    """Find layers that were frozen or unfrozen after a first fit, without compile."""
    model = _compiled(subject)
    optimizer = _optimizer(model)
    if not optimizer.built:
        return  # the first fit takes what is trainable then
    known = {id(weight) for weight in optimizer._trainable_variables}  # no public name for it
    now = {id(weight): weight for weight in model.trainable_variables}
    new, gone = len(now.keys() - known), len(known - now.keys())
    if new or gone:
        what = " and ".join(
            f"{count} arrays of weights were {word}"
            for count, word in ((new, "unfrozen"), (gone, "frozen"))
            if count
        )
        yield Finding(
            "not_compiled",
            f"since the first fit, {what}, and the optimizer does not know: fit goes on as before, "
            "or stops with 'Unknown variable'",
            "Call model.compile(...) after every change of trainable.",
        )


def look_at_mode(subject: Subject) -> Iterator[Finding | NotSeen]:
    """Find layers that are built to behave as in training, whenever nobody says otherwise."""
    if not subject.is_functional:
        raise CannotSee("the network is written as a class: its calls cannot be followed.")
    for network in _networks(subject.model):
        for layer in network.layers:
            for node in getattr(layer, "_inbound_nodes", []):
                given = node.arguments.kwargs.get("training")
                if given is True and not _augments(layer):
                    yield Finding(
                        "training_true",
                        f"{layer.name} was called with training=True when {network.name} was "
                        "built: model(images) uses the statistics of the batch, or drops units "
                        "at random (model.predict does not)",
                        "Leave training=True out. Keras sets it in fit, and nowhere else.",
                    )
                    return
    yield NotSeen("training_true", "how you call the model. answers=... compares.")


def _augments(layer: keras.Layer) -> bool:
    """Say whether a layer has training=True by itself, as those of augmentation have."""
    wanted = inspect.signature(layer.call).parameters.get("training")
    return wanted is not None and wanted.default is True


def look_at_flatten(subject: Subject) -> Iterator[Finding | NotSeen]:
    """Find a Dense that looks at every place of a feature map, with few images to learn from."""
    _compiled(subject)
    images = subject.train.count if subject.train else None
    if images is None:
        raise CannotSee("how many images there are to learn from is not known.")
    for network in _networks(subject.model):
        layers = [x for x in network.layers if type(x).__name__ != "Dropout"]
        for flat, dense in zip(layers, layers[1:], strict=False):
            if type(flat).__name__ != "Flatten" or type(dense).__name__ != "Dense":
                continue
            shape = surgery.input_of(network, flat).shape
            places = int(np.prod(shape[1:-1]))
            weights = int(np.prod(dense.kernel.shape))
            if not (dense.trainable and len(shape) == 4 and places > 1 and dense.name != "fc1"):
                continue
            if weights > WEIGHTS_PER_IMAGE * images:
                yield Finding(
                    "flatten",
                    f"{flat.name} gives {shape[1]} × {shape[2]} places of {shape[3]} channels to "
                    f"{dense.name}: {weights:,} weights to learn from {images:,} images",
                    "Take keras.layers.GlobalAveragePooling2D() in its place: "
                    f"{weights // places:,} weights.",
                )
                return


def look_at_logits(subject: Subject) -> Iterator[Finding | NotSeen]:
    """Find a loss that takes probabilities for logits, or the other way round."""
    model = _compiled(subject)
    loss = model.loss[0] if isinstance(model.loss, (list, tuple)) and model.loss else model.loss
    name = loss if isinstance(loss, str) else type(loss).__name__
    name = getattr(loss, "__name__", name).replace("_", "").lower()
    if "crossentropy" not in name:
        raise CannotSee(f"the loss is {name}, for which there are no logits.")
    config = loss.get_config() if hasattr(loss, "get_config") else {}
    from_logits = bool(config.get("from_logits"))
    gives = _gives(subject)
    if gives is None:
        raise CannotSee("whether the network gives logits or probabilities is not clear.")
    if (gives == "logits") == from_logits:
        return
    yield Finding(
        "logits",
        f"the network gives {gives}, and the loss is told from_logits={from_logits}",
        f"Compile with from_logits={not from_logits}, as in "
        "keras.losses.SparseCategoricalCrossentropy"
        f"(from_logits={not from_logits}), or change the last activation.",
    )


def _gives(subject: Subject) -> str | None:
    """Say whether answers are logits or probabilities: by the last layer, or by looking."""
    end = surgery.last_activation(subject.model)
    if end in ("softmax", "sigmoid"):
        return "probabilities"
    if not subject.parts:
        return "logits" if end == "linear" else None
    answers = subject.answers_to(subject.prepared(subject.parts[0]))
    if answers.min() < -0.01 or answers.max() > 1.01:
        return "logits"
    sums = answers.sum(axis=-1)
    if answers.shape[-1] > 1 and np.abs(sums - 1).max() < 0.02:
        return "probabilities"
    return "logits" if end == "linear" else None


def _compiled(subject: Subject) -> keras.Model:
    if not getattr(subject.model, "compiled", False) or subject.model.optimizer is None:
        raise CannotSee(COMPILE_FIRST)
    return subject.model


def _optimizer(model: keras.Model) -> Any:
    """Return the optimizer that has the learning rate (that of mixed precision has another)."""
    return getattr(model.optimizer, "inner_optimizer", model.optimizer)


def _highest_rate(optimizer: Any) -> float:
    """Return the learning rate, of a schedule the highest one on its way."""
    schedule = optimizer._learning_rate
    if callable(schedule):
        return max(float(schedule(step)) for step in (0, 10, 100, 1_000, 10_000))
    return float(_numbers(optimizer.learning_rate))


def _networks(model: keras.Model) -> list[keras.Model]:
    """Return a network and those inside it."""
    import keras

    return [model, *(x for x in surgery.walk(model) if isinstance(x, keras.Model))]


def _head(subject: Subject) -> keras.Layer:
    return [layer for layer in subject.layers if layer.weights][-1]


def _pretrained(subject: Subject) -> list[keras.Layer]:
    """Return the layers before the head whose weights came from elsewhere.

    A new layer has biases and a moving mean of exactly zero.  Where a layer has others, it was
    trained; and elsewhere, if this model has not been trained since it was compiled, or if a
    part is frozen.
    """
    model = _compiled(subject)
    head = _head(subject)
    body = [layer for layer in subject.layers if layer.weights and layer is not head]
    trained = [layer for layer in body if looks_trained(layer)]
    if not trained:
        return []
    frozen = any(not layer.trainable for layer in trained)
    if int(_numbers(_optimizer(model).iterations)) and not frozen:
        raise CannotSee(AFTER_FIT)
    known = {id(layer) for layer in trained}
    last = max(i for i, layer in enumerate(body) if id(layer) in known)
    return [
        layer
        for i, layer in enumerate(body)
        if id(layer) in known or (i < last and not _tells(layer))
    ]


def _learning(model: keras.Model, layers: list[keras.Layer]) -> list[keras.Layer]:
    """Return the layers that training would change (not those inside a network that is frozen)."""
    weights = {id(weight) for weight in model.trainable_variables}
    return [x for x in layers if any(id(weight) in weights for weight in x.trainable_weights)]


def looks_trained(layer: keras.Layer) -> bool:
    """Say whether a layer's biases or statistics are others than those of a new one."""
    if type(layer).__name__ == "BatchNormalization":
        return bool(np.any(_numbers(layer.moving_mean)))
    return any(np.any(_numbers(bias)) for bias in _biases(layer))


def _tells(layer: keras.Layer) -> bool:
    """Say whether `looks_trained` can know: not without a bias."""
    return type(layer).__name__ == "BatchNormalization" or bool(_biases(layer))


def _biases(layer: keras.Layer) -> list[Any]:
    found = [getattr(layer, name, None) for name in ("bias", "beta")]
    return [bias for bias in found if hasattr(bias, "shape")]


def _numbers(values: Any) -> np.ndarray:
    import keras

    return keras.ops.convert_to_numpy(values)
