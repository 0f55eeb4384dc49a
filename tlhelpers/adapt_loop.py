"""The training loop that the adaptation methods share, and what it needs.

`train` draws a batch of source images and a batch of target images for each
step, and makes a *loss* small that may look at both.  See `tlhelpers.adapt`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np

from tlhelpers import backbones

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras

History = dict[str, list[float]]


class Settings(TypedDict, total=False):
    """What the training loop can be told; see `train` for the defaults."""

    steps: int
    batch_size: int
    learning_rate: float
    augment: Callable[[np.ndarray, np.random.Generator], np.ndarray] | None
    seed: int
    progress: bool


def train(
    model: keras.Model,
    loss: Callable,
    source_images: np.ndarray | None,
    source_labels: np.ndarray | None,
    target_images: np.ndarray | None,
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
        Shapes (n, ...) and (n,); or None for methods without source data.
    target_images
        Shape (m, ...); or None.
    more
        ``more(step, network, batch)`` returns what else belongs into the batch.
    helper
        Another network that ``loss`` uses and that is trained with it.
    trains
        Which layers of the network may change; by default those that may in ``model``.
    steps, batch_size, learning_rate, augment, seed, progress
        See the top of the module.  The learning rate (of Adam) falls to zero
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
        If shapes, labels or the batch size do not fit.
    FloatingPointError
        If the loss is no longer a finite number; the message says at which step.
    """
    import keras
    from tqdm.auto import tqdm

    check_input(model, source_images, source_labels, target_images, batch_size, steps)
    network = copy(model)
    for number, layer in enumerate(backbones.all_layers(network)):
        layer.trainable = layer.trainable and (trains is None or trains(layer))
        if hasattr(layer, "seed_generator"):  # dropout: the same seed, the same units
            layer.seed_generator.state.assign([seed, number])
    trainer = wrap(network, loss, helper)
    rate = keras.optimizers.schedules.CosineDecay(learning_rate, steps)
    # XLA would take longer to prepare than these short trainings take.
    trainer.compile(keras.optimizers.Adam(rate), jit_compile=False)
    batches = _batches(source_images, source_labels, target_images, batch_size, augment, seed)
    history: History = {}
    for step in tqdm(range(steps), desc="Adapting", leave=False, delay=1, disable=not progress):
        batch = next(batches)
        batch |= more(step, network, batch) if more else {}
        batch = {name: keras.ops.convert_to_tensor(value) for name, value in batch.items()}
        numbers = trainer.train_on_batch(batch, return_dict=True)
        for name, value in numbers.items():
            history.setdefault(name, []).append(float(value))
        if not np.isfinite(history["loss"][-1]):
            raise FloatingPointError(not_finite(history["loss"][-1], step, steps, learning_rate))
    restore(network, model)
    if target_images is not None and norms(network):
        take_statistics(network, target_images)
    return network, history


def wrap(network: keras.Model, loss: Callable, helper: keras.Model | None) -> keras.Model:
    """Wrap a network and a loss, so that Keras does the gradient steps on any backend."""
    import keras

    both = _with_features(network)

    class Trainer(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.both, self.helper = both, helper

        def call(self, batch: dict, training: bool | None = None) -> dict:
            def look(images: Any) -> tuple[Any, Any]:
                return self.both(images, training=training)

            total, watched = loss(look, batch)
            return {"loss": total, **watched}

        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return y_pred["loss"]

        def compute_metrics(self, x, y, y_pred, sample_weight=None):
            return y_pred

    return Trainer()


def _with_features(model: keras.Model) -> keras.Model:
    """Return the same network with two outputs: features and probabilities."""
    import keras

    head = model.layers[-1]
    answers = keras.layers.Softmax()(head.output) if _gives_logits(model) else head.output
    return keras.Model(model.inputs[0], [head.input, answers])


def _gives_logits(model: keras.Model) -> bool:
    return model.layers[-1].get_config().get("activation") == "linear"


def copy(model: keras.Model) -> keras.Model:
    """Return a new network with the same layers and the same weights.

    Examples
    --------
    >>> import keras
    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    >>> twin = copy(model)
    >>> twin is model, bool((twin.get_weights()[0] == model.get_weights()[0]).all())
    (False, True)
    """
    import keras

    twin = keras.models.clone_model(model)
    twin.set_weights(model.get_weights())
    restore(twin, model)
    return twin


def restore(network: keras.Model, model: keras.Model) -> None:
    """Let the same layers be trainable as in the model that the network was copied from."""
    layers = zip(backbones.all_layers(network), backbones.all_layers(model), strict=True)
    for new, old in layers:
        new.trainable = old.trainable


def not_finite(loss: float, step: int, steps: int, learning_rate: float) -> str:
    """Say at which step the loss stopped being a number, and what to try."""
    return (
        f"The loss became {loss} at step {step + 1} of {steps}. Try a learning_rate below "
        f"{learning_rate:g} or a smaller weight, and look for NaN among the images: "
        "np.isnan(images).any()."
    )


def _draw(n: int, batch_size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield row numbers for ever; each row comes once before any comes again."""
    while True:
        order = rng.permutation(n)
        yield from (order[i : i + batch_size] for i in range(0, n - batch_size + 1, batch_size))


def _batches(
    source_images: np.ndarray | None,
    source_labels: np.ndarray | None,
    target_images: np.ndarray | None,
    batch_size: int,
    augment: Callable | None,
    seed: int,
) -> Iterator[dict[str, np.ndarray]]:
    """Yield batches for ever, each domain with random numbers of its own.

    So a method sees the same source batches whatever it does with the target.
    """

    def pick(images: np.ndarray, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        chosen = np.asarray(images[rows], np.float32)
        return chosen if augment is None else augment(chosen, rng)

    source_rng, target_rng = (np.random.default_rng([seed, domain]) for domain in (0, 1))
    if source_images is not None:
        source_rows = _draw(len(source_images), batch_size, source_rng)
    if target_images is not None:
        target_rows = _draw(len(target_images), batch_size, target_rng)
    while True:
        batch = {}
        if source_images is not None:
            rows = next(source_rows)
            batch["source"] = pick(source_images, rows, source_rng)
            batch["labels"] = np.asarray(source_labels)[rows]
        if target_images is not None:
            batch["target"] = pick(target_images, next(target_rows), target_rng)
        yield batch


def check_input(
    model: keras.Model,
    source_images: np.ndarray | None,
    source_labels: np.ndarray | None,
    target_images: np.ndarray | None,
    batch_size: int,
    steps: int,
) -> None:
    """Say what is wrong with the input, before anything is trained."""
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
            "need with adapt.keep_classes()."
        )


def code_of(function: Callable) -> str:
    """Return the code of a method without its docstring, to be shown in a notebook.

    Examples
    --------
    >>> print(code_of(probabilities).splitlines()[0])
    def probabilities(model: keras.Model, images: np.ndarray, batch_size: int = 256) -> np.ndarray:
    """
    source = inspect.getsource(function).rstrip()
    before, _, after = source.split('"""', 2)
    return before.rstrip() + "\n" + after.lstrip("\n")


def keep_classes(model: keras.Model, columns: np.ndarray) -> keras.Model:
    """Return a copy of a classifier that answers with some of its classes only.

    Parameters
    ----------
    model
        A classifier whose last layer is ``Dense``.
    columns
        Which outputs to keep, in this order.

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

    twin = copy(model)
    config = twin.layers[-1].get_config() | {"units": len(columns)}
    head = keras.layers.Dense.from_config(config)
    answers = head(twin.layers[-1].input)
    fewer = keras.Model(twin.inputs[0], answers, name=f"{model.name}_fewer")
    head.set_weights([weight[..., columns] for weight in twin.layers[-1].get_weights()])
    return fewer


def warp(images: np.ndarray, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
    """Turn, slant, stretch, shift and bend each image a little, and change its ink.

    Parameters
    ----------
    images
        Shape (n, height, width, channels); what lies outside counts as 0.
    rng
        A NumPy random generator.
    strength
        0 changes nothing; 1 is much for a digit, but leaves it readable.

    Returns
    -------
    numpy.ndarray
        The same shape, float32.

    References
    ----------
    Simard et al. 2003, "Best practices for convolutional neural networks
    applied to visual document analysis".

    Examples
    --------
    >>> images = np.random.default_rng(0).random((2, 8, 8, 1), np.float32)
    >>> bool(np.allclose(warp(images, np.random.default_rng(0), strength=0), images))
    True
    """
    import keras

    n, height, width = images.shape[:3]

    def draw(low: float, high: float) -> np.ndarray:
        return (strength * rng.uniform(low, high, (n, 1, 1))).astype(np.float32)

    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    angle, slant, bow = draw(-0.2, 0.2), draw(-0.3, 0.3), draw(-0.2, 0.2)
    wide, tall = np.exp(draw(-0.25, 0.25)), np.exp(draw(-0.15, 0.15))
    bend = strength * 0.1 * rng.normal(size=(n, 4, 4, 2)).astype(np.float32)
    bend = np.asarray(keras.ops.image.resize(bend, (height, width), interpolation="bicubic"))
    from_x = (np.cos(angle) * x + np.sin(angle) * y + slant * y) * wide + bow * (1 - y * y)
    from_y = (np.cos(angle) * y - np.sin(angle) * x) * tall
    from_x, from_y = (
        from_x + bend[..., 0] + draw(-0.15, 0.15),
        from_y + bend[..., 1] + draw(-0.1, 0.1),
    )
    moved = _sample(images, (from_x + 1) / 2 * (width - 1), (from_y + 1) / 2 * (height - 1))
    gain = np.exp(draw(-0.4, 0.4))[..., None]
    noise = strength * 0.05 * rng.normal(size=moved.shape)
    return (moved * gain + noise).astype(np.float32)


def _sample(images: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Read images between their pixels (bilinear); outside is 0."""
    n, height, width, channels = images.shape
    page = np.pad(images, ((0, 0), (1, 2), (1, 2), (0, 0))).reshape(-1, channels)
    x, y = np.clip(x, -1, width) + 1, np.clip(y, -1, height) + 1
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    dx, dy = (x - left)[..., None], (y - top)[..., None]
    first = (np.arange(n)[:, None, None] * (height + 3) + top) * (width + 3) + left
    above = page[first] * (1 - dx) + page[first + 1] * dx
    first = first + width + 3
    return above * (1 - dy) + (page[first] * (1 - dx) + page[first + 1] * dx) * dy


def probabilities(model: keras.Model, images: np.ndarray, batch_size: int = 256) -> np.ndarray:
    """Return the class probabilities of each image, also where the network gives logits."""
    answers = np.concatenate(
        [
            np.asarray(model(images[start : start + batch_size], training=False))
            for start in range(0, len(images), batch_size)
        ]
    )
    if not _gives_logits(model):
        return answers
    powers = np.exp(answers - answers.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def norms(model: keras.Model) -> list[keras.Layer]:
    """Return the BatchNormalization layers of a network, those of networks inside it excluded."""
    import keras

    return [x for x in model.layers if isinstance(x, keras.layers.BatchNormalization)]


def take_statistics(network: keras.Model, images: np.ndarray, batch_size: int = 256) -> None:
    """Give each BatchNormalization the moments of what arrives there, first layer first."""
    import keras

    for layer in norms(network):
        arriving = keras.Model(network.inputs[0], layer.input)
        count, total, squares = 0, 0.0, 0.0
        for start in range(0, len(images), batch_size):
            values = np.asarray(arriving(images[start : start + batch_size], training=False))
            values = np.moveaxis(values, layer.axis, -1).reshape(-1, values.shape[layer.axis])
            values = values.astype(np.float64)
            count += len(values)
            total, squares = total + values.sum(axis=0), squares + np.square(values).sum(axis=0)
        layer.moving_mean.assign(total / count)
        layer.moving_variance.assign(np.maximum(squares / count - np.square(total / count), 0))
