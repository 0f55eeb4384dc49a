"""The training loop that the adaptation methods share, and what it needs.

`train` draws a batch of source images and a batch of target images for each
step, and makes a *loss* small that may look at both.  See `tlhelpers.transfer.adaptation`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import numpy as np

from tlhelpers.batches import Batch, is_dataset
from tlhelpers.inputs import read_count, read_function, read_network, read_number, read_seed
from tlhelpers.networks.surgery import (
    all_layers,
    batchnorm_layers,
    copy_network,
    gives_logits,
    restore_trainable,
    train_only,
    walk,
)
from tlhelpers.transfer.adaptation.batchnorm_statistics import take_target_statistics
from tlhelpers.transfer.adaptation.checks import (
    History,
    need_images,
    not_finite,
    read_input,
    tell_absent,
)
from tlhelpers.transfer.adaptation.losses import cross_entropy
from tlhelpers.transfer.adaptation.streams import stream
from tlhelpers.transfer.augmentation import augmented

if TYPE_CHECKING:  # for readers and type checkers only: Keras and TensorFlow take seconds to load
    import keras
    import tensorflow as tf


class Settings(TypedDict, total=False):
    """What the training loop can be told; see `train` for the defaults."""

    steps: int
    batch_size: int
    learning_rate: float
    augment: Callable[[np.ndarray, np.random.Generator], np.ndarray] | None
    seed: int
    progress: bool
    watch: Callable[[int, keras.Model], None] | None


def train(
    model: keras.Model,
    loss: Callable,
    source_images: np.ndarray | tf.data.Dataset | None,
    source_labels: np.ndarray | None,
    target_images: np.ndarray | tf.data.Dataset | None,
    *,
    more: Callable[[int, keras.Model, dict], dict] | None = None,
    helper: keras.Model | None = None,
    trains: Callable[[keras.Layer], bool] | None = None,
    steps: int = 300,
    batch_size: int = 64,
    learning_rate: float = 1e-3,
    augment: Callable[[np.ndarray, np.random.Generator], np.ndarray] | None = None,
    seed: int = 0,
    progress: bool = False,
    watch: Callable[[int, keras.Model], None] | None = None,
) -> tuple[keras.Model, History]:
    """Train a copy of a classifier with a loss that may look at both domains.

    Parameters
    ----------
    model
        A classifier whose last layer is ``Dense``, with or without softmax.
    loss
        ``loss(look, batch)`` returns the number to make small, and a dictionary
        of numbers to watch.  ``batch`` has ``"source"``, ``"labels"`` and
        ``"target"``, as far as they were given.  ``look(images)`` runs the
        network and returns features and probabilities.
    source_images, source_labels
        Shapes (n, ...) and (n,); or a dataset of pairs and None; or None for methods without
        source data.
    target_images
        Shape (m, ...); or a dataset, whose labels, if it has any, are not looked at; or None.
    more
        ``more(step, network, batch)`` returns what else belongs into the batch.
    helper
        Another network that ``loss`` uses and that is trained with it.
    trains
        Which layers of the network may change; by default those that may in ``model``.
    steps, batch_size, learning_rate, augment, seed, progress, watch
        See `tlhelpers.transfer.adaptation`.  The learning rate (of Adam) falls to zero
        along half a cosine.

    Returns
    -------
    adapted : keras.Model
        A new network.  Where target images were given, its BatchNormalization
        has their statistics (`adabn`).
    history : dict
        Name → one number for each step.

    Raises
    ------
    ValueError
        If shapes, labels or the batch size do not fit.  What a dataset gives is checked when it
        comes; of classes that did not come there is a warning at the end.
    FloatingPointError
        If the loss is no longer a finite number; the message says at which step.
    """
    import keras
    from tqdm.auto import tqdm

    source_images, source_labels, target_images = read_input(
        model, source_images, source_labels, target_images, batch_size
    )
    read_count(steps, "steps")
    read_number(learning_rate, "learning_rate", above=0, most=1000)
    read_seed(seed)
    read_function(loss, "loss")
    functions = {"more": more, "trains": trains, "augment": augment, "watch": watch}
    for name, function in functions.items():
        if function is not None:
            read_function(function, name)
    if helper is not None:
        read_network(helper, "helper")
    network = copy_network(model)
    if trains is not None:
        may = {id(layer) for layer in all_layers(network) if layer.trainable and trains(layer)}
        train_only(network, lambda layer: id(layer) in may)
    seed_random_layers(network, seed)
    schedule = keras.optimizers.schedules.CosineDecay(learning_rate, steps)
    trainer = make_trainer(network, loss, helper, schedule)
    domains = source_images, source_labels, target_images
    batches = _batches(network, *domains, batch_size, augment, seed)
    history: History = {}
    came: set[int] = set()
    for step in tqdm(range(steps), desc="Training", leave=False, delay=1, disable=not progress):
        batch = next(batches)
        came.update(batch.get("labels", ()))
        batch |= more(step, network, batch) if more is not None else {}
        numbers = step_on(trainer, batch)
        for name, value in numbers.items():
            history.setdefault(name, []).append(float(value))
        if not np.isfinite(history["loss"][-1]):
            raise FloatingPointError(not_finite(history["loss"][-1], step, steps, learning_rate))
        if watch is not None:
            watch(step + 1, network)
    restore_trainable(network, model)
    if is_dataset(source_images):
        tell_absent(model.output_shape[-1], came, steps)
    if target_images is not None and batchnorm_layers(network):
        take_target_statistics(network, target_images)
    return network, history


def make_trainer(
    network: keras.Model, loss: Callable, helper: keras.Model | None, learning_rate: Any
) -> keras.Model:
    """Wrap a network and a loss, so that Keras does the gradient steps on any backend."""
    import keras

    both = _with_features(network)

    class Trainer(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.both, self.helper = both, helper

        def call(self, batch: dict, training: bool | None = None) -> dict:
            def look(images: Any) -> tuple[Any, Any]:
                # The logarithms of a loss want more digits than a network of float16 has.
                return tuple(
                    keras.ops.cast(x, "float32") for x in self.both(images, training=training)
                )

            total, watched = loss(look, batch)
            return {"loss": total, **watched}

        def compute_loss(
            self,
            x: Any = None,
            y: Any = None,
            y_pred: Any = None,
            sample_weight: Any = None,
            training: bool = True,
        ) -> Any:
            return y_pred["loss"]

        def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
            return y_pred

    trainer = Trainer()
    # XLA would take longer to prepare than these short trainings take.
    trainer.compile(keras.optimizers.Adam(learning_rate), jit_compile=False)
    if helper is None or helper.built:
        # Else TensorFlow prepares the first step twice: once without what Adam remembers.
        trainer.optimizer.build(trainer.trainable_variables)
    return trainer


def step_on(trainer: keras.Model, batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Take one step of gradient descent, and return the numbers that the loss watches."""
    import keras

    tensors = {name: keras.ops.convert_to_tensor(value) for name, value in batch.items()}
    numbers = trainer.train_on_batch(tensors, return_dict=True)
    return {name: keras.ops.convert_to_numpy(value) for name, value in numbers.items()}


def seed_random_layers(network: keras.Model, seed: int) -> None:
    """Let dropout and the like draw the same each time."""
    import keras

    for number, layer in enumerate(walk(network)):
        for value in list(vars(layer).values()):
            if isinstance(value, keras.random.SeedGenerator):
                value.state.assign([seed, number])


def _with_features(model: keras.Model) -> keras.Model:
    """Return the same network with two outputs: features and probabilities."""
    import keras

    head = model.layers[-1]
    answers = keras.layers.Softmax()(head.output) if gives_logits(model) else head.output
    return keras.Model(model.inputs[0], [head.input, answers])


def _draw(
    images: Any,
    labels: np.ndarray | None,
    size: int,
    rng: np.random.Generator,
    model: keras.Model,
    name: str,
) -> Iterator[Batch]:
    """Yield batches for ever; each image comes once before any comes again.

    Those of an array are drawn at random; those of a dataset come in its order.
    """
    if is_dataset(images):
        yield from stream(images, model, name, size, endless=True)
        return
    while True:
        order = rng.permutation(len(images))
        for i in range(0, len(order) - size + 1, size):
            rows = order[i : i + size]
            yield Batch(images[rows], None if labels is None else labels[rows])


def _batches(
    model: keras.Model,
    source_images: Any,
    source_labels: np.ndarray | None,
    target_images: Any,
    batch_size: int,
    augment: Callable | None,
    seed: int,
) -> Iterator[dict[str, np.ndarray]]:
    """Yield batches for ever, each domain with random numbers of its own.

    So a method sees the same source batches whatever it does with the target.
    """
    domains = {}
    for number, (name, images, labels) in enumerate(
        [("source", source_images, source_labels), ("target", target_images, None)]
    ):
        if images is not None:
            rng = np.random.default_rng([seed, number])
            drawn = _draw(images, labels, batch_size, rng, model, f"{name}_images")
            domains[name] = drawn, rng
    while True:
        batch = {}
        for name, (drawn, rng) in domains.items():
            images, labels = next(drawn)
            batch[name] = images if augment is None else augmented(augment, images, rng)
            if labels is not None:
                batch["labels"] = labels
        yield batch


def source_only(
    model: keras.Model,
    source_images: np.ndarray | tf.data.Dataset,
    source_labels: np.ndarray | None = None,
    **settings: Unpack[Settings],
) -> tuple[keras.Model, History]:
    """Train on with source images only: the rival that every method must beat.

    Parameters
    ----------
    model, source_images, source_labels, settings
        See `train`.

    Returns
    -------
    adapted : keras.Model
    history : dict
        ``"loss"``.
    """
    need_images(source_images=source_images)

    def loss(look: Callable, batch: dict) -> tuple[Any, dict]:
        _, answers = look(batch["source"])
        return cross_entropy(batch["labels"], answers), {}

    return train(model, loss, source_images, source_labels, None, **settings)
