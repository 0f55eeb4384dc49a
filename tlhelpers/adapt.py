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

The loop itself is in `tlhelpers.adapt_loop`, the *validators* (how good may a
network be, judged without labels?) in `tlhelpers.validators`.  All their names
can be used from here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from tlhelpers import backbones
from tlhelpers.adapt_loop import (  # noqa: F401  (some names are only passed on)
    History,
    Settings,
    check_input,
    code_of,
    copy,
    keep_classes,
    norms,
    not_finite,
    probabilities,
    restore,
    take_statistics,
    train,
    warp,
    wrap,
)
from tlhelpers.validators import (  # noqa: F401
    certainty,
    information,
    neighbourhood_density,
    proxy_distance,
    source_accuracy,
    steady_information,
    validate,
)

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras


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

    if not norms(model):
        raise ValueError(
            f"{model.name} has no BatchNormalization layer of its own, so AdaBN can change "
            "nothing. (Networks inside the network do not count: build the head on their output.)"
        )
    check_input(model, None, None, target_images, 2, 1)
    network = copy(model)
    take_statistics(network, target_images, batch_size)
    shift = []
    for new, old in zip(norms(network), norms(model), strict=True):
        moved = ops.abs(new.moving_mean - old.moving_mean)
        shift.append(float(ops.mean(moved / ops.sqrt(old.moving_variance + old.epsilon))))
    return network, {"shift": shift}


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

    if not norms(model):
        raise ValueError(
            f"{model.name} has no BatchNormalization layer of its own; TENT trains nothing else."
        )
    check_input(model, None, None, target_images, batch_size, 1)
    network = copy(model)
    for layer in backbones.all_layers(network):
        layer.trainable = isinstance(layer, keras.layers.BatchNormalization)

    def loss(look: Callable, batch: dict) -> tuple[Any, dict]:
        _, answers = look(batch["target"])
        return mean_entropy(answers), {"answers": keras.ops.argmax(answers, axis=1)}

    trainer = wrap(network, loss, None)
    trainer.compile(keras.optimizers.Adam(learning_rate), jit_compile=False)
    history: History = {"loss": [], "answers": []}
    starts = range(0, len(target_images) - 1, batch_size)  # a last batch of one has no spread
    for start in tqdm(starts, desc="Adapting", leave=False, delay=1, disable=not progress):
        batch = np.asarray(target_images[start : start + batch_size], np.float32)
        batch = {"target": keras.ops.convert_to_tensor(batch)}
        numbers = trainer.train_on_batch(batch, return_dict=True)
        if not np.isfinite(numbers["loss"]):
            raise FloatingPointError(
                not_finite(numbers["loss"], start // batch_size, len(starts), learning_rate)
            )
        history["loss"].append(float(numbers["loss"]))
        history["answers"].extend(numbers["answers"].tolist())
    restore(network, model)
    take_statistics(network, target_images)
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
