"""The strategies that the bench knows, each a plain function of a lab, and how answers are scored.

A strategy is called as ``strategy(lab, network, budget, seed, **settings)``.  It learns from
``lab.train``, answers ``lab.test``, and returns scores.  ``budget`` is how many labels of each
class it may look at, None for all.  Nothing here is chosen on the test.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from tlhelpers.data import handwriting, splits
from tlhelpers.labs.lab import Lab

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras

Scores = dict[str, Any]
Strategy = Callable[..., Mapping[str, Any] | float]
F = TypeVar("F", bound=Callable)

MOST_PIXELS = 16  # of each side, for raw pixels
EPOCHS_FROM_SCRATCH = 60


def without_labels(strategy: F) -> F:
    """Mark a strategy that spends no label: the bench runs it once for a seed, with budget 0."""
    strategy.without_labels = True  # type: ignore[attr-defined]
    return strategy


# --------------------------------------------------------------------------- what stays


_cores: int | None = None  # how many cores a network may use; None: all
_kept: OrderedDict[tuple[str, int], tuple[object, Any]] = OrderedDict()
MOST_KEPT = 12  # things; two networks of a lab have six each at most


def keep(what: str, owner: object, make: Callable[[], Any]) -> Any:
    """Return what ``make`` gave the first time for this owner, in this process.

    Parameters
    ----------
    what
        A name, such as ``"features"``.
    owner
        What it belongs to, such as a lab.

    Examples
    --------
    >>> owner = object()
    >>> keep("number", owner, lambda: 1), keep("number", owner, lambda: 2)
    (1, 1)
    """
    key = what, id(owner)
    if key not in _kept:
        _kept[key] = owner, make()  # the owner too, so that no other gets its number
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    _kept.move_to_end(key)
    return _kept[key][1]


@contextlib.contextmanager
def on_cores(count: int | None) -> Iterator[None]:
    """Let ONNX Runtime use so many cores for a while; None: all."""
    global _cores
    before, _cores = _cores, count
    try:
        yield
    finally:
        _cores = before


# --------------------------------------------------------------------------- scores


def score(lab: Lab, answers: np.ndarray) -> Scores:
    """Score answers to the test: the shares that are right, and those of each group.

    Parameters
    ----------
    lab
        Its ``test`` was asked.
    answers
        Class numbers, shape (n,); or probabilities, shape (n, k), from which the area
        under the ROC curve comes as well if there are two classes.

    Returns
    -------
    dict
        ``accuracy``, ``balanced_accuracy`` and perhaps ``auc``, from 0 to 1; ``tested``,
        how many; and ``groups``, None where the lab knows none: what they are (``of``), and
        for each how many answers were right, of how many (``right``).

    Raises
    ------
    ValueError
        If there is not one answer for each picture, or a number is not finite.
    """
    from sklearn.metrics import balanced_accuracy_score, roc_auc_score

    labels, answers = np.asarray(lab.test.labels), np.asarray(answers)
    if answers.ndim not in (1, 2) or len(answers) != len(labels):
        raise ValueError(
            f"A strategy must answer each of the {len(labels)} pictures of lab.test with a class "
            f"number or a row of probabilities; got the shape {answers.shape}."
        )
    if not np.isfinite(answers).all():
        raise ValueError("Some answers are not finite (NaN or infinity).")
    chosen = answers.argmax(axis=1) if answers.ndim == 2 else answers
    right = chosen == labels
    found: Scores = {
        "accuracy": float(right.mean()),
        "balanced_accuracy": float(balanced_accuracy_score(labels, chosen)),
    }
    if answers.ndim == 2 and answers.shape[1] == 2 and len(np.unique(labels)) == 2:
        found["auc"] = float(roc_auc_score(labels, answers[:, 1]))
    return {**found, "tested": len(labels), "groups": _by_group(lab, right)}


def _by_group(lab: Lab, right: np.ndarray) -> dict[str, Any] | None:
    known = groups_of_test(lab)
    if known is None:
        return None
    of, groups = known
    numbers = np.unique(groups)
    counts = [(right[groups == n].sum(), (groups == n).sum()) for n in numbers]
    return {
        "of": of,
        "right": {str(n): [int(r), int(t)] for n, (r, t) in zip(numbers, counts, strict=True)},
    }


def groups_of_test(lab: Lab) -> tuple[str, np.ndarray] | None:
    """Return what pictures of the test stand or fall together by, and the group of each.

    Returns
    -------
    tuple or None
        ``"writers"`` for handwriting, ``"modules"`` for solar cells, and group numbers,
        shape (n,).  None where the lab knows none.
    """
    if lab.cells is not None and lab.rows is not None:
        return "modules", lab.cells.modules[lab.rows[1]]
    if lab.name == "digits":
        labels, writers = handwriting.load_handwriting()[1], handwriting.writers()
        n = len(lab.test.labels)
        for part in (slice(-n, None), slice(n)):  # the second half, or the first
            if np.array_equal(labels[part], lab.test.labels):
                return "writers", writers[part]
    return None


# --------------------------------------------------------------------------- strategies


def draw(lab: Lab, budget: int | None, seed: int) -> np.ndarray:
    """Return the rows of ``lab.train`` that a budget pays for: some of each class, or all."""
    labels = np.asarray(lab.train.labels)
    if budget is None:
        return np.arange(len(labels))
    return splits.label_budget(labels, budget, seed=seed)


@without_labels
def prediction(lab: Lab, network: str, budget: int, seed: int) -> Scores:
    """Ask the pretrained network as it is."""
    model = keep("network", lab.network, lab.network)
    return score(lab, _answers(lab, model)[:, lab.columns()])


@without_labels
def adabn(lab: Lab, network: str, budget: int, seed: int) -> Scores:
    """Ask it with the target's statistics in BatchNormalization: images of train, no label."""
    from tlhelpers.transfer import adaptation

    model = keep("network", lab.network, lab.network)
    adapted, _ = adaptation.adabn(model, lab.preprocess(np.asarray(lab.train.images)))
    return score(lab, _answers(lab, adapted)[:, lab.columns()])


def raw_pixels(
    lab: Lab, network: str, budget: int | None, seed: int, *, penalty: float = 1.0
) -> Scores:
    """Learn a logistic regression on the pixels: what every network has to beat."""
    parts = keep("pixels", lab, lambda: [shrink(part.images) for part in (lab.train, lab.test)])
    return _logistic_regression(lab, parts, budget, seed, penalty)


def frozen_features(
    lab: Lab, network: str, budget: int | None, seed: int, *, penalty: float = 1.0
) -> Scores:
    """Learn a logistic regression on what the frozen network gives.

    ``penalty`` is scikit-learn's C; the smaller, the simpler the classifier.
    """
    return _logistic_regression(lab, feature_rows(lab), budget, seed, penalty)


def fine_tuning(
    lab: Lab,
    network: str,
    budget: int | None,
    seed: int,
    *,
    learning_rate: float = 3e-4,
    epochs: int = 8,
    batch_size: int = 32,
) -> Scores:
    """Train a head on the frozen network, then both, with frozen BatchNormalization."""
    settings = {"learning_rate": learning_rate, "epochs": epochs, "batch_size": batch_size}
    return _train(lab, budget, seed, True, settings)


def from_scratch(
    lab: Lab,
    network: str,
    budget: int | None,
    seed: int,
    *,
    learning_rate: float = 2e-3,
    epochs: int = EPOCHS_FROM_SCRATCH,
    batch_size: int = 32,
) -> Scores:
    """Train the same network from random weights."""
    settings = {"learning_rate": learning_rate, "epochs": epochs, "batch_size": batch_size}
    return _train(lab, budget, seed, False, settings)


STRATEGIES: dict[str, Strategy] = {
    "prediction": prediction,
    "AdaBN": adabn,
    "raw pixels": raw_pixels,
    "frozen features": frozen_features,
    "fine-tuning": fine_tuning,
    "from scratch": from_scratch,
}


def shrink(images: np.ndarray, side: int = MOST_PIXELS) -> np.ndarray:
    """Return pictures as rows of numbers, photographs at about 16 x 16 pixels and from 0 to 1.

    Parameters
    ----------
    images
        Shape (n, height, width) or (n, height, width, colours), of any range if floats.
    side
        About how many pixels of each side: means over squares, the last of which are whole.

    Returns
    -------
    numpy.ndarray
        Shape (n, numbers).

    Examples
    --------
    >>> shrink(np.full((1, 32, 48, 3), 255, np.uint8)).shape
    (1, 768)
    >>> shrink(np.zeros((2, 8, 8))).shape
    (2, 64)
    """
    images = np.asarray(images)
    n, height, width = images.shape[:3]
    down, across = max(1, height // side), max(1, width // side)
    if down * across > 1:
        images = images[:, : height // down * down, : width // across * across]
        images = images.reshape(n, height // down, down, width // across, across, -1)
        images = images.mean(axis=(2, 4)) / (255 if images.dtype == np.uint8 else 1)
    elif images.dtype == np.uint8:
        images = images / 255
    return images.reshape(n, -1)


def feature_rows(lab: Lab) -> list[np.ndarray]:
    """Return the features of train and of test, computed once in a process (and kept on disk)."""
    from tlhelpers.labs.solar import grey_to_rgb
    from tlhelpers.networks import features

    def compute(images: np.ndarray) -> np.ndarray:
        network = keep("backbone", lab.network, lab.backbone)
        rows = features.compute(network, images, preprocess=lab.preprocess, threads=_cores)
        assert isinstance(rows, np.ndarray)
        return rows

    if lab.cells is not None and lab.rows is not None:  # many cuts of the same pictures
        images = lab.cells.images
        rows = keep(f"features {id(lab.network)}", images, lambda: compute(grey_to_rgb(images)))
        return [rows[part] for part in lab.rows]
    return keep("features", lab, lambda: [compute(part.images) for part in (lab.train, lab.test)])


def _logistic_regression(
    lab: Lab, rows: Sequence[np.ndarray], budget: int | None, seed: int, penalty: float
) -> Scores:
    from sklearn.linear_model import LogisticRegression

    train, test = rows
    chosen = draw(lab, budget, seed)
    head = LogisticRegression(C=penalty, max_iter=1000)
    head.fit(train[chosen], np.asarray(lab.train.labels)[chosen])
    return score(lab, head.predict_proba(test))


def _train(
    lab: Lab, budget: int | None, seed: int, pretrained: bool, settings: dict[str, Any]
) -> Scores:
    import keras

    from tlhelpers.transfer import augmentation, fine_tuning

    keras.utils.set_random_seed(seed)
    what = "classifier" if pretrained else "random classifier"
    build = keep(what, lab.network, lambda: _classifier(lab, pretrained))
    base, model, state = build
    model.set_state_tree(state)
    if not pretrained:
        _draw_weights(model, seed)
    rows = draw(lab, budget, seed)
    images = lab.preprocess(np.asarray(lab.train.images)[rows])
    labels = np.asarray(lab.train.labels)[rows]
    if pretrained:
        fine_tuning.train_head(model.layers[-1], base.predict(images, verbose=0), labels)
    # What is drawn on paper may lean; a photograph would get black corners.
    augment = augmentation.random_affine if lab.draw_source else None
    fine_tuning.fine_tune(model, images, labels, augment=augment, seed=seed, **settings)
    return score(lab, _answers(lab, model))


def _classifier(lab: Lab, pretrained: bool) -> tuple[keras.Model, keras.Model, dict]:
    """Build a backbone, a classifier on it that is compiled, and its state to start from."""
    import keras

    from tlhelpers.networks import surgery

    base = lab.backbone(pretrained)
    head = keras.layers.Dense(len(lab.target_classes), activation="softmax", name="head")
    model = keras.Sequential([base, head])
    if pretrained:
        surgery.unfreeze(model)
    model.compile(keras.optimizers.Adam(), "sparse_categorical_crossentropy")
    model.optimizer.build(model.trainable_variables)
    return base, model, model.get_state_tree(value_format="numpy_array")


def _draw_weights(model: keras.Model, seed: int) -> None:
    """Draw the kernels anew: the network is built once in a process, whatever the seed."""
    import keras

    for number, weight in enumerate(model.weights):
        if "kernel" in weight.path:
            start = keras.initializers.GlorotUniform(seed=1000 * seed + number)
            weight.assign(start(weight.shape))


def _answers(lab: Lab, model: keras.Model) -> np.ndarray:
    from tlhelpers.transfer import metrics

    images = keep("test", lab, lambda: lab.preprocess(np.asarray(lab.test.images)))
    return metrics.probabilities(model, images)


# --------------------------------------------------------------------------- labs


LabPlan = str | Mapping[str, Any] | Callable[..., Lab]


def load(lab: LabPlan, network: str, seed: int, known_as: str = "") -> Lab:
    """Load a lab with one network, once in a process.

    Parameters
    ----------
    lab
        The name of a lab; a folder, as ``{"folder": "my_pictures"}``; or a function of
        ``(network, seed)`` that returns a `Lab`.
    network
        Its architecture; ``"digits"`` is the bundled network.
    seed
        Solar cells are cut between their modules anew for each; elsewhere the test stays.
    known_as
        By which a function is known again: in a worker, it is another object each time.
    """
    from tlhelpers.labs import load as labs

    if callable(lab):
        return _labs((known_as or id(lab), network, seed), lambda: lab(network, seed))
    if not isinstance(lab, str):
        folder = str(lab["folder"])
        return _labs((folder, network), lambda: Lab.from_folder(folder, network, progress=False))
    if network == "digits":
        return _labs((lab, network), lambda: labs.load_lab(lab))
    loaded = _labs((lab, network), lambda: labs.load_lab(lab, architecture=network))
    return _cut_again(loaded, seed) if loaded.cells is not None else loaded


_loaded: OrderedDict[tuple, Lab] = OrderedDict()


def _labs(key: tuple, make: Callable[[], Lab]) -> Lab:
    if key not in _loaded:
        _loaded[key] = make()
        while len(_loaded) > 4:
            _loaded.popitem(last=False)
    _loaded.move_to_end(key)
    return _loaded[key]


def _cut_again(lab: Lab, seed: int) -> Lab:
    """Return the solar lab with another cut between its modules, as ``load_lab`` makes it."""
    from tlhelpers.data import solar
    from tlhelpers.labs.solar import grey_to_rgb

    cells = lab.cells
    assert cells is not None

    def make() -> Lab:
        rows = solar.split_modules(cells.modules, cells.kinds, seed=seed)
        train, test = (
            splits.Split(grey_to_rgb(cells.images[part]), cells.labels[part]) for part in rows
        )
        return dataclasses.replace(lab, train=train, test=test, rows=rows)

    return _labs((lab.name, id(cells), seed), make)
