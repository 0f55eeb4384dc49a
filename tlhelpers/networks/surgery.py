"""Networks: cut, freeze and unfreeze, and mind their BatchNormalization.

Words used everywhere in the course: the *backbone* is the part of a network
that turns an image into features (a row of numbers); the *head* is the last
layer, which turns features into class probabilities.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from tlhelpers.inputs import (
    read_count,
    read_function,
    read_labels,
    read_network,
    read_number,
    read_text,
)

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras

#: Numbers that the largest layer of a network may put out at once, if nobody says how many images.
AT_ONCE = 2**24


def walk(model: keras.Model) -> Iterator[keras.Layer]:
    """Yield every layer at any depth once, each before those that it holds.

    Layers are held by networks, by wrappers such as ``TimeDistributed``, by ``LSTM`` and
    its kin (a cell), and by layers that keep others in an attribute.
    """
    seen: set[int] = set()

    def go(layer: keras.Layer) -> Iterator[keras.Layer]:
        for inner in _held(layer):
            if id(inner) not in seen:
                seen.add(id(inner))
                yield inner
                yield from go(inner)

    return go(read_network(model))


def all_layers(model: keras.Model) -> Iterator[keras.Layer]:
    """Yield the layers of a network in order, those inside other layers included.

    What only holds layers (a network, a wrapper) is not yielded, but what it holds;
    a layer that is used twice comes once.

    Parameters
    ----------
    model
        A network, which may contain networks, such as a backbone under a new head.
    """
    return (layer for layer in walk(model) if not _held(layer) or _own_weights(layer))


def _held(layer: keras.Layer) -> list[keras.Layer]:
    import keras

    return list(layer.layers if isinstance(layer, keras.Model) else layer._layers)


def _own_weights(layer: keras.Layer) -> list[Any]:
    """Return the weights of a layer without those of the layers that it holds."""
    others = {id(weight) for inner in _held(layer) for weight in inner.weights}
    return [weight for weight in layer.weights if id(weight) not in others]


def batchnorm_layers(model: keras.Model) -> list[keras.Layer]:
    """Return the BatchNormalization layers of a network, wherever they are."""
    import keras

    return [x for x in all_layers(model) if isinstance(x, keras.layers.BatchNormalization)]


def read_one_input(model: Any, *, head: bool = False) -> Any:
    """Return a network that takes one batch of images and gives one answer for each.

    Raises
    ------
    TypeError
        If it is no network.
    ValueError
        If it has no input yet, or several; with ``head``, see `inputs.read_network`.
    """
    model = read_network(model, head=head)
    try:
        inputs, outputs = len(model.inputs), len(model.outputs)
    except (AttributeError, TypeError, ValueError):
        raise ValueError(
            f"{model.name} has no fixed input. Begin it with keras.Input(shape), and build it by "
            "keras.Sequential or keras.Model(inputs, outputs)."
        ) from None
    if inputs != 1 or outputs != 1:
        raise ValueError(
            f"{model.name} has {inputs} inputs and {outputs} outputs; wanted one of each. "
            "Make a network from one of them with keras.Model(input, output)."
        )
    return model


def run_network(model: keras.Model, images: Any) -> np.ndarray:
    """Return what a network answers to one batch, on any backend of Keras."""
    import keras

    with no_gradients():
        return keras.ops.convert_to_numpy(model(images, training=False))


def largest_output(model: keras.Model) -> int:
    """Return how many numbers the largest layer puts out for one image.

    Examples
    --------
    >>> import keras
    >>> largest_output(keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(50, 1)]))
    3200
    """
    sizes = [1]
    for layer in all_layers(model):
        with suppress(AttributeError, ValueError):  # one that is used twice has two outputs
            sizes.append(int(np.prod([side or 1 for side in layer.output.shape[1:]])))
    return max(sizes)


def images_at_once(model: keras.Model) -> int:
    """Return how many images a network may be asked about at once: 1 to 256.

    A call of a Keras network holds what each layer gives until its end: of 256
    photographs, more than most computers have.

    Examples
    --------
    >>> import keras
    >>> images_at_once(keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(50, 1)]))
    256
    """
    return max(1, min(256, AT_ONCE // largest_output(model)))


def no_gradients() -> Any:
    """Return a context in which PyTorch keeps nothing for gradients (the others never do)."""
    import keras

    if keras.backend.backend() != "torch":
        return nullcontext()
    import torch

    return torch.no_grad()


def quicken_batchnorm(model: keras.Model, momentum: float = 0.9) -> None:
    """Let the moving statistics of BatchNormalization follow training more quickly.

    Keras gives them a momentum of 0.99 or 0.999: they remember hundreds or
    thousands of steps.  A network trained from scratch for fewer steps is then
    judged with statistics of the past, and looks far worse than it is.

    Parameters
    ----------
    model
        Changed in place.
    momentum
        From 0 (only the last batch counts) to 1 (they never move).
    """
    momentum = read_number(momentum, "momentum", least=0, most=1)
    for layer in batchnorm_layers(read_network(model)):
        layer.momentum = momentum


def cut_head(model: keras.Model, layer: str | None = None) -> keras.Model:
    """Return the backbone: the same network without its last layer.

    Parameters
    ----------
    model
        A classifier.  The backbone shares its layers, nothing is copied.
    layer
        Cut behind this layer instead of behind the last but one.

    Returns
    -------
    keras.Model
        From the same input to features.

    Raises
    ------
    ValueError
        If there is no layer of that name, or nothing but the head.

    Examples
    --------
    >>> import keras
    >>> layers = [keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(2)]
    >>> cut_head(keras.Sequential(layers)).output_shape
    (None, 3)
    """
    import keras

    names = [part.name for part in read_one_input(model).layers]
    if layer is not None and read_text(layer, "layer") not in names:
        raise ValueError(f"{model.name} has no layer {layer!r}. Its layers: {', '.join(names)}.")
    if layer is None and len(names) < 2:
        raise ValueError(f"{model.name} has one layer: nothing is left when its head is cut off.")
    node = _node_of(model, model.layers[-1] if layer is None else model.get_layer(layer))
    end = node.input_tensors[0] if layer is None else node.outputs[0]
    return keras.Model(model.inputs, end, name=f"{model.name}_backbone")


def input_of(model: keras.Model, layer: keras.Layer) -> Any:
    """Return what comes to a layer of a network, as a tensor to build another network with.

    Parameters
    ----------
    model
        A network.
    layer
        One of ``model.layers``, with one input.

    Examples
    --------
    >>> import keras
    >>> layers = [keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(2)]
    >>> model = keras.Sequential(layers)
    >>> input_of(model, model.layers[-1]).shape
    (None, 3)
    """
    return _node_of(model, layer).input_tensors[0]


def _node_of(model: keras.Model, layer: keras.Layer) -> Any:
    """Return where a layer stands in a network: its inputs and outputs there.

    ``layer.output`` may be another: that of a network inside it, or of another network
    with the same layer.
    """
    seen: set[int] = set()
    todo = list(model.outputs)
    while todo:
        history = todo.pop()._keras_history
        node = history.operation._inbound_nodes[history.node_index]
        if history.operation is layer:
            return node
        if id(node) not in seen:
            seen.add(id(node))
            todo += node.input_tensors
    raise ValueError(f"The layer {layer.name} does not lead to the output of {model.name}.")


def freeze(model: keras.Model) -> None:
    """Keep every weight of a network as it is during training (compile afterwards).

    Parameters
    ----------
    model
        Changed in place.
    """
    if not hasattr(model, "trainable"):
        read_network(model)  # which says what was given; a single layer does as well
    model.trainable = False


def unfreeze(model: keras.Model, last: int | None = None) -> None:
    """Let training change a network again, but not its BatchNormalization layers.

    BatchNormalization keeps moving statistics of the images it has seen, and
    each training step changes them.  Here these layers stay frozen, so that a
    network changes only in what was meant to be trained.  (On Keras 3, calling
    the network with ``training=False`` does *not* keep them fixed once they are
    trainable.)  Compile the model afterwards: until then, fit may go on as
    before, or stop.

    Parameters
    ----------
    model
        Changed in place.
    last
        Unfreeze only this many layers at the end; by default all of them.

    Raises
    ------
    ValueError
        If ``last`` is negative or larger than the number of layers.
    """
    layers = list(all_layers(model))
    total = len(layers)
    if last is None:
        last = total
    last = read_count(last, f"last (of {total} layers)", least=0, most=total)
    norms = {id(layer) for layer in batchnorm_layers(model)}
    chosen = {id(layer) for layer in layers[total - last :]} - norms
    train_only(model, lambda layer: id(layer) in chosen)


def train_only(model: keras.Model, chosen: Callable[[keras.Layer], bool]) -> None:
    """Let training change some layers only, out of all at any depth."""
    layers = list(all_layers(model))
    read_function(chosen, "chosen")
    model.trainable = False  # Keras looks into a network only if this changes
    model.trainable = True  # what is frozen would hide trainable layers inside it
    for layer in layers:
        if _held(layer):  # its weights alone: a frozen layer would freeze what it holds
            for weight in _own_weights(layer):
                weight.trainable = weight.trainable and chosen(layer)
        else:
            layer.trainable = chosen(layer)


def last_activation(model: keras.Model) -> str | None:
    """Return the name of a network's last activation, at the end of a network in it, too."""
    last = read_network(model).layers[-1]
    while getattr(last, "layers", None):
        last = last.layers[-1]
    if type(last).__name__ == "Softmax":
        return "softmax"
    name = last.get_config().get("activation")
    return name if isinstance(name, str) else None


def gives_logits(model: keras.Model) -> bool:
    """Say whether a classifier ends in logits, to which softmax has not been applied."""
    return last_activation(model) == "linear"


def copy_network(model: keras.Model) -> keras.Model:
    """Return a new network with the same layers and the same weights.

    Raises
    ------
    ValueError
        If Keras cannot copy it.

    Examples
    --------
    >>> import keras
    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    >>> twin = copy_network(model)
    >>> twin is model, bool((twin.get_weights()[0] == model.get_weights()[0]).all())
    (False, True)
    """
    import keras

    def copy(layer: keras.Layer) -> keras.Layer:
        config = layer.get_config()
        if isinstance(layer, keras.layers.Lambda):  # from a config, Keras takes no code
            config["function"] = layer.function
            return keras.layers.Lambda(**config)
        return type(layer).from_config(config)

    own = {type(layer).__name__: type(layer) for layer in walk(read_one_input(model))}
    try:
        with keras.saving.custom_object_scope(own):
            twin = keras.models.clone_model(model, clone_function=copy, recursive=True)
        twin.set_weights(model.get_weights())
    except Exception as error:  # a layer of one's own may fail in any way
        raise ValueError(
            f"Keras cannot copy {model.name} ({_first_line(error)}). Build it by "
            "keras.Sequential or keras.Model(inputs, outputs), and give each layer of your own "
            "a get_config."
        ) from error
    for layer in walk(twin):
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()  # it calculates with copies of its weights
    restore_trainable(twin, model)
    return twin


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def restore_trainable(network: keras.Model, model: keras.Model) -> None:
    """Let the same layers be trainable as in the model that the network was copied from."""
    read_network(network).trainable = read_network(model).trainable
    for new, old in zip(walk(network), walk(model), strict=True):
        new.trainable = old.trainable
    for weight, other in zip(network.weights, model.weights, strict=True):
        weight.trainable = other.trainable  # see `train_only`


def keep_classes(model: keras.Model, columns: np.ndarray) -> keras.Model:
    """Return a copy of a classifier that answers with some of its classes only.

    Parameters
    ----------
    model
        A classifier whose last layer is ``Dense``.
    columns
        The numbers of the outputs to keep, in this order: two or more.

    Returns
    -------
    keras.Model
        With softmax, its probabilities add up to one again.

    Examples
    --------
    >>> import keras
    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(5, "softmax")])
    >>> keep_classes(model, [0, 3]).output_shape
    (None, 2)
    """
    import keras

    read_network(model, head=True)
    columns = read_labels(columns, "columns", classes=model.layers[-1].units)
    if len(columns) < 2 or len(set(columns.tolist())) != len(columns):
        raise ValueError(
            f"columns must name two or more outputs, each once; got {columns.tolist()}."
        )
    twin = copy_network(model)
    config = twin.layers[-1].get_config() | {"units": len(columns)}
    head = keras.layers.Dense.from_config(config)
    answers = head(twin.layers[-1].input)
    fewer = keras.Model(twin.inputs[0], answers, name=f"{model.name}_fewer")
    head.set_weights([weight[..., columns] for weight in twin.layers[-1].get_weights()])
    return fewer
