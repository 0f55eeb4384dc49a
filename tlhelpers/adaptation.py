"""``tlhelpers benchmark --adaptation``: what adaptation is worth, over several seeds.

The protocol, fixed before anything was measured on the second half:

- The target is cut in three, between writers as well as can be: 600 unlabelled
  digits to adapt on, 298 unlabelled ones to choose a method by, and the second
  half (899) to test once.
- A small network reads printed digits.  Every method starts from it, with the
  settings of `METHODS`, the same for all seeds, sources and tasks.
- *Picked* is the candidate with the highest validator
  (`adapt.steady_information`) on the 298.  The network as it is, is a candidate
  too.  *Oracle* is the best on the test, which nobody could have known.

The settings were chosen on the first half with seed 0, whose labels were used
for that; the seeds reported start at 1.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tlhelpers import adapt, glyphs, images, labs

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras

SIDE = 16  # pixels on each side of what the small network sees
SOURCE = 12_000  # printed digits to train on
EPOCHS = 4

#: Name → function and settings.  ``source`` says whether it needs source images.
METHODS: dict[str, tuple[str, dict]] = {
    "AdaBN": ("adabn", {}),
    "source only, warped": ("source_only", {"augment": adapt.warp}),
    "DeepCORAL": ("deep_coral", {"weight": 100.0}),
    "MMD": ("deep_mmd", {"weight": 1.0}),
    "DANN": ("dann", {"weight": 0.1}),
    "self-training": ("self_training", {"augment": adapt.warp}),
    "consistency": ("consistency", {}),
    "SHOT-IM": ("shot", {}),
    "TENT": ("tent", {}),
}
SETTINGS = {"steps": 200, "batch_size": 64, "learning_rate": 1e-3}

PICKER = "steady information"  # the validator that picks

TASKS = ("plain print → handwriting", "varied print → handwriting", "plain print → plain print")


class Task(NamedTuple):
    """Source with labels, and a target cut in three; only the test has labels."""

    source: labs.Split
    source_kept: labs.Split
    adapt_on: np.ndarray
    choose_on: np.ndarray
    test: labs.Split


def enlarge(pictures: np.ndarray) -> np.ndarray:
    """Turn 8 x 8 pictures into what the small network sees.

    Parameters
    ----------
    pictures
        Shape (n, 8, 8), values from 0 (paper) to 1 (ink).

    Returns
    -------
    numpy.ndarray
        Shape (n, 16, 16, 1), float32.

    Examples
    --------
    >>> enlarge(np.zeros((2, 8, 8))).shape
    (2, 16, 16, 1)
    """
    import keras

    pictures = images.check_images(pictures, (glyphs.SIZE, glyphs.SIZE), name="pictures")
    return np.asarray(keras.ops.image.resize(pictures[..., None], (SIDE, SIDE)))


def small_network(seed: int = 0) -> keras.Model:
    """Build a small network for digits: five convolutions with BatchNormalization.

    Parameters
    ----------
    seed
        Of its random weights.

    Returns
    -------
    keras.Model
        From images (n, 16, 16, 1) to ten probabilities.

    Examples
    --------
    >>> small_network().count_params()
    141098
    """
    import keras
    from keras import layers

    network = keras.Sequential([keras.Input((SIDE, SIDE, 1))], name="small_network")
    for number, (width, stride) in enumerate([(32, 1), (32, 2), (64, 1), (64, 2), (128, 1)]):
        start = keras.initializers.GlorotUniform(seed=100 * seed + number)
        settings = {"padding": "same", "use_bias": False, "kernel_initializer": start}
        network.add(layers.Conv2D(width, 3, strides=stride, **settings))
        network.add(layers.BatchNormalization(momentum=0.9))
        network.add(layers.ReLU())
    network.add(layers.GlobalAveragePooling2D())
    start = keras.initializers.GlorotUniform(seed=100 * seed + 99)
    network.add(layers.Dense(10, "softmax", kernel_initializer=start))
    return network


def draw_digits(n: int, style: str, seed: int) -> labs.Split:
    """Draw printed digits, in random order, ready for the small network.

    Examples
    --------
    >>> draw_digits(20, "plain", seed=0).images.shape
    (20, 16, 16, 1)
    """
    labels = np.random.default_rng(seed).permutation(np.arange(n) % 10)
    return labs.Split(enlarge(glyphs.render(labels, style=style, seed=seed)), labels)


def train_reader(source: labs.Split, seed: int = 0, epochs: int = EPOCHS) -> keras.Model:
    """Train the small network on labelled pictures.

    Parameters
    ----------
    source
        Images and labels, such as those of `draw_digits`.
    seed
        Of the first weights and of the order of the pictures.
    epochs
        How often it sees each picture.
    """
    steps = epochs * len(source.labels) // 64
    settings = {"steps": steps, "batch_size": 64, "learning_rate": 2e-3, "seed": seed}
    network, _ = adapt.source_only(small_network(seed), *source, **settings)
    return network


def load_task(name: str, seed: int) -> Task:
    """Return source and target of a task; see `TASKS`.

    Parameters
    ----------
    name
        One of `TASKS`.
    seed
        Of the printed pictures.
    """
    if name not in TASKS:
        raise ValueError(f"Unknown task {name!r}. Choose from: {', '.join(TASKS)}.")
    style = name.split()[0]
    source = draw_digits(SOURCE, style, 10_000 + seed)
    kept = draw_digits(500, style, 20_000 + seed)
    if name.endswith("handwriting"):
        lab = labs.load_lab("digits")
        first, test = enlarge(lab.train.images), lab.test
        test = labs.Split(enlarge(test.images), test.labels)
    else:  # no shift: more of the same
        first, test = draw_digits(898, style, 30_000 + seed).images, draw_digits(899, style, 40_000)
    return Task(source, kept, first[:600], first[600:], test)


def run_method(
    name: str, model: keras.Model, task: Task, seed: int
) -> tuple[keras.Model, adapt.History]:
    """Adapt with one of `METHODS`.

    Parameters
    ----------
    name
        A key of `METHODS`.
    model
        The network to start from.
    task, seed
        See `load_task`.
    """
    function, settings = METHODS[name]
    method = getattr(adapt, function)
    if function in ("adabn", "tent"):
        return method(model, task.adapt_on, **settings)
    settings = SETTINGS | {"seed": seed} | settings
    if function == "shot":
        return method(model, task.adapt_on, **settings)
    if function == "source_only":
        return method(model, *task.source, **settings)
    return method(model, *task.source, task.adapt_on, **settings)


def shallow(model: keras.Model, task: Task) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Train logistic regression on features: as they are, with CORAL, and weighted.

    Returns
    -------
    dict
        Name → probabilities for ``choose_on`` and for the test.
    """
    from sklearn.linear_model import LogisticRegression

    from tlhelpers import backbones

    body = backbones.cut_head(model)

    def rows(pictures: np.ndarray) -> np.ndarray:
        return np.asarray(body.predict(pictures, batch_size=256, verbose=0))

    source, target = rows(task.source.images[:2000]), rows(task.adapt_on)
    labels = task.source.labels[:2000]
    later = rows(task.choose_on), rows(task.test.images)
    kinds = {
        "features": (source, None),
        "features, CORAL": (adapt.feature_coral(source, target), None),
        "features, importance weights": (source, adapt.importance_weights(source, target)),
    }
    answers = {}
    for name, (features, weights) in kinds.items():
        classifier = LogisticRegression(max_iter=1000).fit(features, labels, weights)
        answers[name] = tuple(classifier.predict_proba(x) for x in later)
    return answers


def one_run(name: str, seed: int) -> list[dict]:
    """Run every method once on a task, and judge it with and without labels.

    Returns
    -------
    list of dict
        For each candidate: ``method``, ``seconds``, ``test`` (accuracy), and the
        validators.
    """
    task = load_task(name, seed)
    model = train_reader(task.source, seed)
    found = []

    def note(method: str, seconds: float, network: keras.Model) -> None:
        test = adapt.source_accuracy(
            adapt.probabilities(network, task.test.images), task.test.labels
        )
        kept = task.source_kept
        judged = adapt.validate(network, task.choose_on, *kept, augment=adapt.warp)
        found.append({"method": method, "seconds": seconds, "test": test, **judged})

    note("source only", 0.0, model)
    for method in METHODS:
        began = time.perf_counter()
        network, _ = run_method(method, model, task, seed)
        note(method, time.perf_counter() - began, network)
    for method, (chosen, tested) in shallow(model, task).items():
        judged = {"certainty": adapt.certainty(chosen), "information": adapt.information(chosen)}
        judged["density"] = adapt.neighbourhood_density(chosen)
        test = adapt.source_accuracy(tested, task.test.labels)
        found.append({"method": method, "seconds": 0.0, "test": test, **judged})
    return found


def summarise(runs: list[list[dict]]) -> list[tuple[str, str]]:
    """Return the rows of the table for one task: name and figure.

    Parameters
    ----------
    runs
        What `one_run` gave, one for each seed.
    """
    from scipy.stats import spearmanr

    def describe(values: list[float]) -> str:
        low, high = min(values), max(values)
        return f"{np.mean(values):.1%} ({low:.1%} to {high:.1%})"

    rows = []
    for position, first in enumerate(runs[0]):
        mine = [run[position] for run in runs]
        seconds = max(row["seconds"] for row in mine)
        note = f", {seconds:.0f} s at most" if seconds else ""
        rows.append((first["method"], describe([row["test"] for row in mine]) + note))
    # Logistic regression on features has no answers to warped pictures: never picked.
    picked = [max(run, key=lambda row: row.get(PICKER, -np.inf)) for run in runs]
    oracle = [max(row["test"] for row in run) for run in runs]
    gains = [row["test"] - run[0]["test"] for row, run in zip(picked, runs, strict=True)]
    names = ", ".join(sorted({row["method"] for row in picked}))
    rows.append((f"**picked** without labels ({names})", describe([r["test"] for r in picked])))
    points = f"{100 * np.mean(gains):+.1f} points ({100 * min(gains):+.1f} at least)"
    rows.append(("picked over source only", points))
    rows.append(("**oracle**: best on the test", describe(oracle)))
    for validator in (PICKER, "source accuracy", "certainty", "information", "density"):
        ranks = []
        for run in runs:
            known = [row for row in run if validator in row]
            if len(known) > 2:
                values, tests = ([row[key] for row in known] for key in (validator, "test"))
                ranks.append(float(spearmanr(values, tests).statistic))
        if not ranks:
            continue
        rows.append((f"rank correlation of {validator} with the test", f"{np.nanmean(ranks):+.2f}"))
    return rows


def measure(seeds: range) -> list[tuple[str, str]]:
    """Run all tasks with all seeds and return the table.

    Parameters
    ----------
    seeds
        Each draws its own print, first weights and batches.
    """
    from tqdm.auto import tqdm

    table = []
    for name in TASKS:
        runs = [one_run(name, seed) for seed in tqdm(seeds, desc=name, leave=False)]
        table += [(f"{name}: {what}", figure) for what, figure in summarise(runs)]
    return table
