"""Domain adaptation: use target images that nobody has labelled.

Every method here takes a classifier (images in, one score for each class out),
leaves it untouched, and returns a new one together with a history: a
dictionary of lists, one number for each training step.  No function has a
parameter for target labels, so none can use them.

Most methods are a *loss*: what should be small.  They share one training loop
(`train`), which draws a batch of source images and a batch of target images
for each step.  Its settings can be given to any of these methods:

``steps``, ``batch_size``, ``learning_rate``
    How long, how many images of each domain in a step, how fast at the start.
``augment``
    ``augment(images, rng)`` changes the images of a batch, such as `warp`.
``seed``
    The same seed draws the same batches.
``progress``
    Show a bar with the time left.

At the end are the *validators*: numbers that say, without target labels, how
good an adapted classifier may be.  Higher is better for each of them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

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


# ---------------------------------------------------------------------------
# The training loop that the methods share
# ---------------------------------------------------------------------------


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

    _check(model, source_images, source_labels, target_images, batch_size, steps)
    network = copy(model)
    for number, layer in enumerate(backbones.all_layers(network)):
        layer.trainable = layer.trainable and (trains is None or trains(layer))
        if hasattr(layer, "seed_generator"):  # dropout: the same seed, the same units
            layer.seed_generator.state.assign([seed, number])
    trainer = _trainer(network, loss, helper)
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
            raise FloatingPointError(_not_finite(history["loss"][-1], step, steps, learning_rate))
    _restore(network, model)
    if target_images is not None and _norms(network):
        _take_statistics(network, target_images)
    return network, history


def _trainer(network: keras.Model, loss: Callable, helper: keras.Model | None) -> keras.Model:
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
    _restore(twin, model)
    return twin


def _restore(network: keras.Model, model: keras.Model) -> None:
    """Let the same layers be trainable as in the model that the network was copied from."""
    layers = zip(backbones.all_layers(network), backbones.all_layers(model), strict=True)
    for new, old in layers:
        new.trainable = old.trainable


def _not_finite(loss: float, step: int, steps: int, learning_rate: float) -> str:
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


def _check(
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
    >>> print(code_of(reverse_gradient))
    def reverse_gradient(x: Any, amount: Any) -> Any:
        from keras import ops
    <BLANKLINE>
        return ops.stop_gradient(x * (1 + amount)) - amount * x
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


# ---------------------------------------------------------------------------
# Pieces of losses
# ---------------------------------------------------------------------------


def cross_entropy(labels: Any, answers: Any) -> Any:
    """Return the mean of -log(probability of the right class), as in ordinary training."""
    import keras

    return keras.ops.mean(keras.losses.sparse_categorical_crossentropy(labels, answers))


def mean_entropy(answers: Any) -> Any:
    """Return how unsure each answer is, on average: the mean of -sum p log p.

    Examples
    --------
    >>> round(float(mean_entropy(np.array([[0.5, 0.5], [1.0, 0.0]]))), 4)
    0.3466
    """
    from keras import ops

    answers = ops.clip(ops.convert_to_tensor(answers), 1e-7, 1.0)
    return ops.mean(-ops.sum(answers * ops.log(answers), axis=-1))


def coral_distance(a: Any, b: Any) -> Any:
    """Return how far the covariances of two batches of features lie apart.

    The squared differences of all entries, divided by 4 d² for d features.
    It is zero when the features of both domains vary in the same way.

    Parameters
    ----------
    a, b
        Shapes (n, d) and (m, d), at least two rows each.

    References
    ----------
    Sun and Saenko 2016, "Deep CORAL: correlation alignment for deep domain adaptation".

    Examples
    --------
    >>> a = np.array([[0.0, 0.0], [2.0, 0.0]])
    >>> float(coral_distance(a, a)), float(coral_distance(a, 0 * a))  # 2² / (4 · 2²)
    (0.0, 0.25)
    """
    from keras import ops

    def covariance(x: Any) -> Any:
        x = ops.convert_to_tensor(x)
        x = x - ops.mean(x, axis=0, keepdims=True)
        return ops.matmul(ops.transpose(x), x) / (x.shape[0] - 1)

    return ops.sum(ops.square(covariance(a) - covariance(b))) / (4 * a.shape[1] ** 2)


def mmd_distance(a: Any, b: Any, widths: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0, 4.0)) -> Any:
    """Return the squared maximum mean discrepancy of two batches of features.

    Points are compared by kernels exp(-distance² / (width · mean distance²)).
    The result is the mean similarity inside ``a``, plus that inside ``b``,
    minus twice that between them: zero when both are spread out alike.

    Parameters
    ----------
    a, b
        Shapes (n, d) and (m, d).
    widths
        Kernel widths, relative to the mean squared distance of all points.

    References
    ----------
    Gretton et al. 2012, "A kernel two-sample test"; Long et al. 2015, "Learning
    transferable features with deep adaptation networks".

    Examples
    --------
    >>> a = np.array([[0.0], [1.0]])
    >>> float(mmd_distance(a, a)), float(mmd_distance(a, a + 5)) > 0.5
    (0.0, True)
    """
    from keras import ops

    a, b = ops.convert_to_tensor(a), ops.convert_to_tensor(b)
    both = ops.concatenate([a, b], axis=0)
    norms = ops.sum(ops.square(both), axis=1, keepdims=True)
    squares = ops.maximum(
        norms + ops.transpose(norms) - 2 * ops.matmul(both, ops.transpose(both)), 0
    )
    # The width follows the batch, but nothing is learned by changing the ruler.
    typical = ops.stop_gradient(ops.mean(squares)) + 1e-12
    kernel = sum(ops.exp(-squares / (width * typical)) for width in widths) / len(widths)
    n = a.shape[0]
    inside = ops.mean(kernel[:n, :n]) + ops.mean(kernel[n:, n:])
    return inside - 2 * ops.mean(kernel[:n, n:])


def reverse_gradient(x: Any, amount: Any) -> Any:
    """Return x unchanged, but turn its gradient round: multiply it by -amount.

    What comes after it tries to tell the domains apart; what lies before it
    is pushed the other way.

    References
    ----------
    Ganin et al. 2016, "Domain-adversarial training of neural networks".
    """
    from keras import ops

    return ops.stop_gradient(x * (1 + amount)) - amount * x


def alignment_ratio(source_answers: Any, target_answers: Any) -> Any:
    """Return, for each class, how often the source has it relative to the target.

    Multiplying target answers by it (and making them add up to one again)
    gives classes that the network forgets in the target their share back.

    Parameters
    ----------
    source_answers, target_answers
        Probabilities, shapes (n, classes) and (m, classes).

    References
    ----------
    Berthelot et al. 2022, "AdaMatch: a unified approach to semi-supervised
    learning and domain adaptation".

    Examples
    --------
    >>> ratio = alignment_ratio(np.array([[0.5, 0.5]]), np.array([[0.8, 0.2]]))
    >>> [round(float(r), 3) for r in ratio]
    [0.625, 2.5]
    """
    from keras import ops

    source = ops.mean(ops.convert_to_tensor(source_answers), axis=0)
    target = ops.mean(ops.convert_to_tensor(target_answers), axis=0)
    return source / ops.maximum(target, 1e-6)


# ---------------------------------------------------------------------------
# Methods
# ---------------------------------------------------------------------------


def source_only(
    model: keras.Model,
    source_images: np.ndarray,
    source_labels: np.ndarray,
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

    def loss(look: Callable, batch: dict) -> tuple[Any, dict]:
        _, answers = look(batch["source"])
        return cross_entropy(batch["labels"], answers), {}

    return train(model, loss, source_images, source_labels, None, **settings)


def adabn(
    model: keras.Model, target_images: np.ndarray, *, batch_size: int = 256
) -> tuple[keras.Model, History]:
    """Replace the statistics of BatchNormalization by those of the target. No training.

    Parameters
    ----------
    model
        A network with BatchNormalization layers.
    target_images
        Shape (m, ...), at least two images; the more the better.
    batch_size
        How many images to handle at once.

    Returns
    -------
    adapted : keras.Model
    history : dict
        ``"shift"``: for each BatchNormalization layer, how far the means moved,
        in standard deviations of the source (mean over channels).

    Raises
    ------
    ValueError
        If there is no BatchNormalization in the network.

    References
    ----------
    Li et al. 2017, "Revisiting batch normalization for practical domain adaptation".
    """
    from keras import ops

    if not _norms(model):
        raise ValueError(
            f"{model.name} has no BatchNormalization layer of its own, so AdaBN can change "
            "nothing. (Networks inside the network do not count: build the head on their output.)"
        )
    _check(model, None, None, target_images, 2, 1)
    network = copy(model)
    _take_statistics(network, target_images, batch_size)
    shift = []
    for new, old in zip(_norms(network), _norms(model), strict=True):
        moved = ops.abs(new.moving_mean - old.moving_mean)
        shift.append(float(ops.mean(moved / ops.sqrt(old.moving_variance + old.epsilon))))
    return network, {"shift": shift}


def _norms(model: keras.Model) -> list[keras.Layer]:
    import keras

    return [x for x in model.layers if isinstance(x, keras.layers.BatchNormalization)]


def _take_statistics(network: keras.Model, images: np.ndarray, batch_size: int = 256) -> None:
    """Give each BatchNormalization the moments of what arrives there, first layer first."""
    import keras

    for layer in _norms(network):
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


def deep_coral(
    model: keras.Model,
    source_images: np.ndarray,
    source_labels: np.ndarray,
    target_images: np.ndarray,
    *,
    weight: float = 100.0,
    **settings: Unpack[Settings],
) -> tuple[keras.Model, History]:
    """DeepCORAL: make the features of both domains vary together in the same way.

    Parameters
    ----------
    model, source_images, source_labels, target_images, settings
        See `train`.
    weight
        How much the distance of the covariances counts; 0 is source-only training.

    Returns
    -------
    adapted : keras.Model
    history : dict
        ``"loss"``, ``"source loss"``, ``"distance"``.

    References
    ----------
    Sun and Saenko 2016, "Deep CORAL: correlation alignment for deep domain adaptation".
    """

    def loss(look: Callable, batch: dict) -> tuple[Any, dict]:
        features, answers = look(batch["source"])
        target_features, _ = look(batch["target"])
        task = cross_entropy(batch["labels"], answers)
        distance = coral_distance(features, target_features)
        return task + weight * distance, {"source loss": task, "distance": distance}

    return train(model, loss, source_images, source_labels, target_images, **settings)


def deep_mmd(
    model: keras.Model,
    source_images: np.ndarray,
    source_labels: np.ndarray,
    target_images: np.ndarray,
    *,
    weight: float = 1.0,
    **settings: Unpack[Settings],
) -> tuple[keras.Model, History]:
    """MMD: make the clouds of features of both domains lie in the same place.

    Parameters
    ----------
    model, source_images, source_labels, target_images, settings
        See `train`.
    weight
        How much the maximum mean discrepancy counts; 0 is source-only training.

    Returns
    -------
    adapted : keras.Model
    history : dict
        ``"loss"``, ``"source loss"``, ``"distance"``.

    References
    ----------
    Long et al. 2015, "Learning transferable features with deep adaptation networks".
    """

    def loss(look: Callable, batch: dict) -> tuple[Any, dict]:
        features, answers = look(batch["source"])
        target_features, _ = look(batch["target"])
        task = cross_entropy(batch["labels"], answers)
        distance = mmd_distance(features, target_features)
        return task + weight * distance, {"source loss": task, "distance": distance}

    return train(model, loss, source_images, source_labels, target_images, **settings)


def dann(
    model: keras.Model,
    source_images: np.ndarray,
    source_labels: np.ndarray,
    target_images: np.ndarray,
    *,
    weight: float = 1.0,
    hidden: int = 64,
    **settings: Unpack[Settings],
) -> tuple[keras.Model, History]:
    """DANN: a second head guesses the domain, and the features learn to mislead it.

    Parameters
    ----------
    model, source_images, source_labels, target_images, settings
        See `train`.
    weight
        The reversed gradient grows from 0 to this; 0 is source-only training.
    hidden
        Units of the domain guesser.

    Returns
    -------
    adapted : keras.Model
    history : dict
        ``"loss"``, ``"source loss"``, and the one to watch: ``"domain accuracy"``.
        One half means that the domains cannot be told apart.

    References
    ----------
    Ganin et al. 2016, "Domain-adversarial training of neural networks".
    """
    import keras
    from keras import ops

    steps = settings.get("steps", 300)
    guesser = _domain_guesser(model, hidden, settings.get("seed", 0))

    def more(step: int, network: keras.Model, batch: dict) -> dict:
        return {
            "amount": np.array([weight * (2 / (1 + np.exp(-10 * step / steps)) - 1)], "float32")
        }

    def loss(look: Callable, batch: dict) -> tuple[Any, dict]:
        features, answers = look(batch["source"])
        target_features, _ = look(batch["target"])
        task = cross_entropy(batch["labels"], answers)
        both = reverse_gradient(ops.concatenate([features, target_features]), batch["amount"])
        guesses = guesser(both)
        domains = ops.concatenate([0 * features[:, :1], 0 * target_features[:, :1] + 1])
        domains = ops.stop_gradient(domains)
        domain_loss = ops.mean(keras.losses.binary_crossentropy(domains, guesses))
        right = ops.mean(ops.cast(ops.equal(guesses > 0.5, domains > 0.5), "float32"))
        return task + domain_loss, {"source loss": task, "domain accuracy": right}

    return train(
        model,
        loss,
        source_images,
        source_labels,
        target_images,
        more=more,
        helper=guesser,
        **settings,
    )


def _domain_guesser(model: keras.Model, hidden: int, seed: int) -> keras.Model:
    """Return a small network from features to the chance that they are of the target."""
    import keras

    start = [keras.initializers.GlorotUniform(seed=1000 * seed + i) for i in range(2)]
    return keras.Sequential(
        [
            keras.Input((model.layers[-1].input.shape[-1],)),
            keras.layers.Dense(hidden, "relu", kernel_initializer=start[0]),
            keras.layers.Dense(1, "sigmoid", kernel_initializer=start[1]),
        ]
    )


def self_training(
    model: keras.Model,
    source_images: np.ndarray,
    source_labels: np.ndarray,
    target_images: np.ndarray,
    *,
    weight: float = 1.0,
    rounds: int = 5,
    shares: tuple[float, float] = (0.2, 0.8),
    **settings: Unpack[Settings],
) -> tuple[keras.Model, History]:
    """Class-balanced self-training: learn from one's own surest answers.

    In each round the network labels the target, and keeps for each class that
    it predicts the same share of its surest images, so that easy classes do
    not crowd out hard ones.  The share grows from round to round.

    Parameters
    ----------
    model, source_images, source_labels, target_images, settings
        See `train`.
    weight
        How much the images with own labels count; 0 is source-only training.
    rounds
        How often to label anew, at least 1.
    shares
        Share of each class that is kept in the first and in the last round.

    Returns
    -------
    adapted : keras.Model
    history : dict
        ``"loss"``, ``"source loss"``, ``"own loss"``.

    References
    ----------
    Zou et al. 2018, "Unsupervised domain adaptation for semantic segmentation
    via class-balanced self-training".
    """
    steps, size = settings.get("steps", 300), settings.get("batch_size", 64)
    augment = settings.get("augment")
    rng = np.random.default_rng([settings.get("seed", 0), 2])
    kept: dict[str, np.ndarray] = {}

    def more(step: int, network: keras.Model, batch: dict) -> dict:
        number = step * rounds // steps
        if step == 0 or number > (step - 1) * rounds // steps:
            share = np.linspace(*shares, rounds)[number]
            kept["rows"], kept["labels"] = surest(probabilities(network, target_images), share)
        chosen = rng.integers(len(kept["rows"]), size=size)
        images = np.asarray(target_images[kept["rows"][chosen]], np.float32)
        images = images if augment is None else augment(images, rng)
        return {"own": images, "own labels": kept["labels"][chosen]}

    def loss(look: Callable, batch: dict) -> tuple[Any, dict]:
        task = cross_entropy(batch["labels"], look(batch["source"])[1])
        own = cross_entropy(batch["own labels"], look(batch["own"])[1])
        return task + weight * own, {"source loss": task, "own loss": own}

    return train(model, loss, source_images, source_labels, target_images, more=more, **settings)


def surest(answers: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows with the surest answers of each predicted class, and these classes.

    Parameters
    ----------
    answers
        Probabilities, shape (n, classes).
    share
        Which share of each predicted class to keep, above 0 to 1; at least one row.

    Examples
    --------
    >>> surest(np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]]), share=0.5)
    (array([0, 2]), array([0, 1]))
    """
    classes, confidence = answers.argmax(axis=1), answers.max(axis=1)
    rows = []
    for label in np.unique(classes):
        members = np.flatnonzero(classes == label)
        best = members[np.argsort(-confidence[members], kind="stable")]
        rows.append(best[: max(1, round(share * len(members)))])
    rows = np.concatenate(rows)
    return rows, classes[rows]


def consistency(
    model: keras.Model,
    source_images: np.ndarray,
    source_labels: np.ndarray,
    target_images: np.ndarray,
    *,
    strong: Callable[[np.ndarray, np.random.Generator], np.ndarray] = warp,
    threshold: float = 0.9,
    align: bool = True,
    weight: float = 1.0,
    **settings: Unpack[Settings],
) -> tuple[keras.Model, History]:
    """Consistency with distribution alignment: answer the same when the image is warped.

    The answer to a target image becomes the label of a strongly changed copy
    of it, where the network is sure enough.  Before that, the answers are
    moved towards the classes' shares in the source.

    Parameters
    ----------
    model, source_images, source_labels, target_images, settings
        See `train`.
    strong
        Makes the strongly changed copy.
    threshold
        How sure an answer must be, from 0 to 1.
    align
        Whether to move the answers towards the shares of the source.  Turn it
        off where the shares of the target are known to be different.
    weight
        How much the target counts; 0 is source-only training.

    Returns
    -------
    adapted : keras.Model
    history : dict
        ``"loss"``, ``"source loss"``, ``"target loss"``, ``"sure"`` (share of the
        target that is used), ``"alignment"`` (largest distance of the ratio from 1).

    References
    ----------
    Sohn et al. 2020, "FixMatch: simplifying semi-supervised learning with consistency
    and confidence"; Berthelot et al. 2022, "AdaMatch: a unified approach to
    semi-supervised learning and domain adaptation".
    """
    import keras
    from keras import ops

    rng = np.random.default_rng([settings.get("seed", 0), 2])

    def more(step: int, network: keras.Model, batch: dict) -> dict:
        return {"strong": strong(batch["target"], rng)}

    def loss(look: Callable, batch: dict) -> tuple[Any, dict]:
        _, answers = look(batch["source"])
        task = cross_entropy(batch["labels"], answers)
        _, seen = look(batch["target"])
        ratio = alignment_ratio(answers, seen)
        if align:
            seen = seen * ratio
            seen = seen / ops.sum(seen, axis=1, keepdims=True)
        sure = ops.cast(ops.max(seen, axis=1) > threshold, "float32")
        own = ops.argmax(seen, axis=1)  # a label: no gradient flows through it
        _, warped = look(batch["strong"])
        target = ops.mean(sure * keras.losses.sparse_categorical_crossentropy(own, warped))
        watched = {"source loss": task, "target loss": target, "sure": ops.mean(sure)}
        watched["alignment"] = ops.max(ops.abs(ratio - 1))
        return task + weight * target, watched

    return train(model, loss, source_images, source_labels, target_images, more=more, **settings)


def shot(
    model: keras.Model,
    target_images: np.ndarray,
    *,
    weight: float = 1.0,
    **settings: Unpack[Settings],
) -> tuple[keras.Model, History]:
    """SHOT-IM: adapt without the source. Be sure of each answer, and use all classes.

    The head stays as it is.  The features move until the entropy of each answer
    is small and the entropy of the mean answer is large.

    Parameters
    ----------
    model, target_images, settings
        See `train`.  No source data is needed.
    weight
        How much the use of all classes counts.

    Returns
    -------
    adapted : keras.Model
    history : dict
        ``"loss"``, ``"unsure"`` (mean entropy), ``"variety"`` (entropy of the mean).

    References
    ----------
    Liang et al. 2020, "Do we really need to access the source data? Source
    hypothesis transfer for unsupervised domain adaptation".
    """
    from keras import ops

    def loss(look: Callable, batch: dict) -> tuple[Any, dict]:
        _, answers = look(batch["target"])
        unsure = mean_entropy(answers)
        variety = mean_entropy(ops.mean(answers, axis=0, keepdims=True))
        return unsure - weight * variety, {"unsure": unsure, "variety": variety}

    head = model.layers[-1].name
    return train(
        model, loss, None, None, target_images, trains=lambda x: x.name != head, **settings
    )


def tent(
    model: keras.Model,
    target_images: np.ndarray,
    *,
    batch_size: int = 64,
    learning_rate: float = 1e-3,
    progress: bool = False,
) -> tuple[keras.Model, History]:
    """TENT: adapt while answering. One step on the entropy of each batch that arrives.

    Only the scales and shifts of BatchNormalization change, and each batch is
    normalised by its own statistics.  Small batches make this noise.

    Parameters
    ----------
    model
        A network with BatchNormalization layers.
    target_images
        Shape (m, ...), in the order in which they arrive.
    batch_size
        How many images arrive together, at least 2.
    learning_rate
        Of Adam; it stays the same.
    progress
        Show a bar with the time left.

    Returns
    -------
    adapted : keras.Model
    history : dict
        ``"loss"`` (mean entropy of each batch) and ``"answers"``: the classes
        answered on the way, one for each image, before the step on its batch.

    Raises
    ------
    ValueError
        If there is no BatchNormalization in the network.

    References
    ----------
    Wang et al. 2021, "Tent: fully test-time adaptation by entropy minimization".
    """
    import keras
    from tqdm.auto import tqdm

    if not _norms(model):
        raise ValueError(
            f"{model.name} has no BatchNormalization layer of its own; TENT trains nothing else."
        )
    _check(model, None, None, target_images, batch_size, 1)
    network = copy(model)
    for layer in backbones.all_layers(network):
        layer.trainable = isinstance(layer, keras.layers.BatchNormalization)

    def loss(look: Callable, batch: dict) -> tuple[Any, dict]:
        _, answers = look(batch["target"])
        return mean_entropy(answers), {"answers": keras.ops.argmax(answers, axis=1)}

    trainer = _trainer(network, loss, None)
    trainer.compile(keras.optimizers.Adam(learning_rate), jit_compile=False)
    history: History = {"loss": [], "answers": []}
    starts = range(0, len(target_images) - 1, batch_size)  # a last batch of one has no spread
    for start in tqdm(starts, desc="Adapting", leave=False, delay=1, disable=not progress):
        batch = np.asarray(target_images[start : start + batch_size], np.float32)
        batch = {"target": keras.ops.convert_to_tensor(batch)}
        numbers = trainer.train_on_batch(batch, return_dict=True)
        if not np.isfinite(numbers["loss"]):
            raise FloatingPointError(
                _not_finite(numbers["loss"], start // batch_size, len(starts), learning_rate)
            )
        history["loss"].append(float(numbers["loss"]))
        history["answers"].extend(numbers["answers"].tolist())
    _restore(network, model)
    _take_statistics(network, target_images)
    return network, history


# ---------------------------------------------------------------------------
# Two baselines that need no deep learning: they work on features
# ---------------------------------------------------------------------------


def feature_coral(
    source_features: np.ndarray, target_features: np.ndarray, *, ridge: float = 1e-3
) -> np.ndarray:
    """Give source features the mean and the covariance of the target features.

    Train any classifier on the result, and use it on the target.

    Parameters
    ----------
    source_features, target_features
        Shapes (n, d) and (m, d).
    ridge
        Added to all variances, as a share of the mean variance: keeps directions
        in which nothing varies from being blown up.

    Returns
    -------
    numpy.ndarray
        Shape (n, d): the source features, first whitened and then coloured.

    References
    ----------
    Sun et al. 2016, "Return of frustratingly easy domain adaptation".

    Examples
    --------
    >>> source = np.array([[-1.0], [1.0]])
    >>> feature_coral(source, 5 + 3 * source, ridge=0.0).ravel()
    array([2., 8.])
    """
    source, target = (np.asarray(x, np.float64) for x in (source_features, target_features))
    if source.ndim != 2 or target.ndim != 2 or source.shape[1] != target.shape[1]:
        raise ValueError(
            "Both domains must have rows of the same features; got shapes "
            f"{source.shape} and {target.shape}."
        )

    def power(x: np.ndarray, exponent: float) -> np.ndarray:
        covariance = np.atleast_2d(np.cov(x, rowvar=False))
        covariance += ridge * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
        values, vectors = np.linalg.eigh(covariance)
        return (vectors * np.maximum(values, 1e-12) ** exponent) @ vectors.T

    return (source - source.mean(axis=0)) @ power(source, -0.5) @ power(target, 0.5) + target.mean(
        axis=0
    )


def importance_weights(
    source_features: np.ndarray, target_features: np.ndarray, *, largest: float = 20.0
) -> np.ndarray:
    """Weigh source examples by how much they look like the target.

    A domain classifier gives each example its chance to be from the target; the
    odds are the weight.  Hand them to ``fit(..., sample_weight=...)``.

    Parameters
    ----------
    source_features, target_features
        Shapes (n, d) and (m, d).
    largest
        No weight is larger than this, before they are made to have mean 1.

    Returns
    -------
    numpy.ndarray
        Shape (n,), positive, mean 1.

    References
    ----------
    Shimodaira 2000, "Improving predictive inference under covariate shift by
    weighting the log-likelihood function".

    Examples
    --------
    >>> source, target = np.array([[0.0], [1.0]] * 20), np.array([[1.0]] * 20)
    >>> weights = importance_weights(source, target)
    >>> bool(weights[1] > weights[0]), round(float(weights.mean()), 6)
    (True, 1.0)
    """
    from sklearn.linear_model import LogisticRegression

    x = np.concatenate([source_features, target_features])
    domain = np.repeat([0, 1], [len(source_features), len(target_features)])
    chance = LogisticRegression(max_iter=1000).fit(x, domain).predict_proba(x[domain == 0])[:, 1]
    odds = chance / np.maximum(1 - chance, 1e-9) * len(source_features) / len(target_features)
    weights = np.minimum(odds, largest)
    return weights / weights.mean()


def proxy_distance(
    source_features: np.ndarray, target_features: np.ndarray, *, seed: int = 0
) -> tuple[float, float]:
    """Measure the domain gap: how well can a linear classifier tell the domains apart?

    Parameters
    ----------
    source_features, target_features
        Shapes (n, d) and (m, d), at least ten rows each.
    seed
        Which rows of the larger domain are used (as many as of the smaller one),
        and how they are split in five.

    Returns
    -------
    accuracy : float
        Cross-validated, from about 0.5 (not at all) to 1.
    distance : float
        The proxy A-distance 2 (1 - 2 error), from about 0 to 2.

    References
    ----------
    Ben-David et al. 2007, "Analysis of representations for domain adaptation".

    Examples
    --------
    >>> features = np.arange(100.0)[:, None]
    >>> proxy_distance(features, features + 1000)
    (1.0, 2.0)
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(seed)
    size = min(len(source_features), len(target_features))
    parts = [x[rng.permutation(len(x))[:size]] for x in (source_features, target_features)]
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    scores = cross_val_score(classifier, np.concatenate(parts), np.repeat([0, 1], size), cv=folds)
    accuracy = float(scores.mean())
    return accuracy, 2 * (1 - 2 * (1 - accuracy))


# ---------------------------------------------------------------------------
# Validators
# ---------------------------------------------------------------------------


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


def source_accuracy(answers: np.ndarray, labels: np.ndarray) -> float:
    """Validator: the share of right answers on source images kept aside.

    Parameters
    ----------
    answers
        Probabilities for source images, shape (n, classes).
    labels
        Shape (n,).

    Examples
    --------
    >>> source_accuracy(np.array([[0.9, 0.1], [0.6, 0.4]]), np.array([0, 1]))
    0.5
    """
    return float(np.mean(answers.argmax(axis=1) == labels))


def certainty(answers: np.ndarray) -> float:
    """Validator: how sure the answers are; minus their mean entropy, so at most 0.

    Parameters
    ----------
    answers
        Probabilities for target images, shape (n, classes).

    Examples
    --------
    >>> round(certainty(np.array([[0.5, 0.5], [1.0, 0.0]])), 4)  # -(log 2 + 0) / 2
    -0.3466
    """
    p = np.asarray(answers, np.float64)
    logs = np.log(p, out=np.zeros_like(p), where=p > 0)  # 0 log 0 counts as 0
    return float(np.mean(np.sum(p * logs, axis=1)))


def information(answers: np.ndarray) -> float:
    """Validator: information maximisation; sure of each answer, and all classes in use.

    The entropy of the mean answer minus the mean entropy of the answers: from 0
    to log(classes).

    Parameters
    ----------
    answers
        Probabilities for target images, shape (n, classes).

    References
    ----------
    Musgrave et al. 2022, "Three new validators and a large-scale benchmark
    ranking for unsupervised domain adaptation".

    Examples
    --------
    >>> round(information(np.array([[1.0, 0.0], [0.0, 1.0]])), 4)  # log 2 - 0
    0.6931
    >>> round(information(np.array([[1.0, 0.0], [1.0, 0.0]])), 4)  # sure, but one class only
    0.0
    """
    return certainty(answers) - certainty(np.mean(answers, axis=0, keepdims=True))


def neighbourhood_density(answers: np.ndarray, *, temperature: float = 0.05) -> float:
    """Validator: soft neighbourhood density (SND); do answers form dense groups?

    Each image looks at all others; those with similar answers get a large share
    of its attention.  The entropy of these shares is large if it has many
    neighbours.  Note: it is also large when all images get the same answer.

    Parameters
    ----------
    answers
        Probabilities for target images, shape (n, classes), at least two.
    temperature
        Small values let an image see only its nearest neighbours.

    References
    ----------
    Saito et al. 2021, "Tune it the right way: unsupervised validation of domain
    adaptation via soft neighborhood density".

    Examples
    --------
    >>> two_pairs = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    >>> round(neighbourhood_density(two_pairs), 4)  # each sees one other
    0.0
    >>> round(neighbourhood_density(two_pairs[[0, 0, 0]]), 4)  # each sees two others: log 2
    0.6931
    """
    if len(answers) < 2:
        raise ValueError(f"SND compares images: give at least two; got {len(answers)}.")
    rows = np.asarray(answers, np.float64)
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    similar = rows @ rows.T / temperature
    others = similar[~np.eye(len(rows), dtype=bool)].reshape(len(rows), -1)
    powers = np.exp(others - others.max(axis=1, keepdims=True))
    return -certainty(powers / powers.sum(axis=1, keepdims=True))


def steady_information(
    model: keras.Model,
    images: np.ndarray,
    *,
    augment: Callable[[np.ndarray, np.random.Generator], np.ndarray] = warp,
    copies: int = 6,
    seed: int = 0,
) -> float:
    """Validator: information of the answers to warped copies of each image.

    The answers to the copies of one image are averaged first.  So it is large
    only where answers are sure, use all classes *and* stay when the image is
    warped.  A method that makes plain information large is flattered less.

    Parameters
    ----------
    model
        A classifier.
    images
        Target images, shape (n, ...).
    augment
        Makes the copies.
    copies
        How many of each image, at least 1.
    seed
        Of the copies.

    Examples
    --------
    >>> import keras
    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    >>> model.set_weights([50 * np.eye(2), np.zeros(2)])
    >>> points = np.eye(2, dtype="float32")
    >>> round(steady_information(model, points, augment=lambda x, rng: x), 4)  # log 2
    0.6931
    >>> turned = iter([1, -1])
    >>> model_answers_differ = lambda x, rng: x * next(turned)
    >>> round(steady_information(model, points, augment=model_answers_differ, copies=2), 4)
    0.0
    """
    rng = np.random.default_rng(seed)
    images = np.asarray(images, np.float32)
    return information(
        np.mean([probabilities(model, augment(images, rng)) for _ in range(copies)], axis=0)
    )


def validate(
    model: keras.Model,
    target_images: np.ndarray,
    source_images: np.ndarray,
    source_labels: np.ndarray,
    *,
    augment: Callable[[np.ndarray, np.random.Generator], np.ndarray] | None = None,
) -> dict[str, float]:
    """Judge an adapted classifier by all validators. Higher is better for each.

    Parameters
    ----------
    model
        A classifier.
    target_images
        Unlabelled target images that were not used to adapt it.
    source_images, source_labels
        Source images kept aside.
    augment
        Makes warped copies for `steady_information`, such as `warp`.

    Returns
    -------
    dict
        ``"source accuracy"``, ``"certainty"``, ``"information"``, ``"density"``, and,
        if ``augment`` is given, ``"steady information"``.
    """
    answers = probabilities(model, target_images)
    steady = {}
    if augment is not None:
        steady["steady information"] = steady_information(model, target_images, augment=augment)
    return steady | {
        "source accuracy": source_accuracy(probabilities(model, source_images), source_labels),
        "certainty": certainty(answers),
        "information": information(answers),
        "density": neighbourhood_density(answers),
    }
