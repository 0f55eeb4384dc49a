"""The tasks and settings that notebooks 04 and 05 and `benchmarks.adaptation_methods` share.

The protocol:

- The target is cut in three, between writers: 646 unlabelled digits of five writers to
  adapt on, 259 of two more to choose a method by, and 892 of the others for the test.
- A small network learns from printed digits.  Varied print is drawn without what the
  handwriting's labels suggested (``habits`` of `glyphs.draw_characters`).  Every method
  starts from that network, with the settings of `METHODS`, the same for all seeds,
  sources and tasks.
- *Picked* is the candidate with the highest validator
  (`validators.steady_information`) on the 259.  The network as it is, is a candidate
  too.  *Oracle* is the best on the test, which nobody could have known.

The settings were chosen with seed 0, with the *labels* of the first half, and with a look at
seed 1: in real life nobody has them.  One was not: of 0.01, 0.03 and 0.1, the weight of DANN
is the one that `validators.steady_information` prefers, which needs no label (seeds 0 and 1 of
`python -m benchmarks.adaptation_parts`).
The test is the same for all seeds, so a second look at it is no longer a first one.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tlhelpers.data import handwriting, splits
from tlhelpers.inputs import read_choice, read_network, read_seed
from tlhelpers.transfer import adaptation, augmentation
from tlhelpers.transfer.recipes import draw_printed_digits, enlarge_digits

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras

SOURCE = 12_000  # printed digits that the small network learns from
CUTS = (646, 905)  # where the handwriting is cut: the first rows of a writer

#: Name → a function of `adaptation`, and the settings that differ from `SETTINGS`.
METHODS: dict[str, tuple[str, dict]] = {
    "AdaBN": ("adabn", {}),
    "source only, warped": ("source_only", {"augment": augmentation.random_warp}),
    "DeepCORAL": ("deep_coral", {"weight": 100.0}),
    "MMD": ("deep_mmd", {"weight": 1.0}),
    "DANN": ("dann", {"weight": 0.01}),
    "self-training": ("self_training", {"augment": augmentation.random_warp}),
    "consistency": ("consistency", {}),
    "SHOT-IM": ("shot", {}),
    "TENT": ("tent", {}),
}
SETTINGS: adaptation.Settings = {"steps": 200, "batch_size": 64, "learning_rate": 1e-3}

PICKER = "steady information"  # the validator that picks

TASKS = ("plain print → handwriting", "varied print → handwriting", "plain print → plain print")


class Task(NamedTuple):
    """A source with labels, and a target cut in three.

    Attributes
    ----------
    source
        What the network learns from.
    source_kept
        More of the same, kept aside for `validators.source_accuracy`.
    adapt_on, choose_on
        Images of the target without labels: to adapt on, and to choose a method by.
    test
        The rest of the target, with labels.
    """

    source: splits.Split
    source_kept: splits.Split
    adapt_on: np.ndarray
    choose_on: np.ndarray
    test: splits.Split


def load_task(name: str, seed: int) -> Task:
    """Return source and target of one of the `TASKS`.

    Parameters
    ----------
    name
        Source → target.
    seed
        Of the printed pictures.

    Raises
    ------
    ValueError
        If there is no such task.
    """
    style = read_choice(name, "task", TASKS).split()[0]
    seed = read_seed(seed)
    draw = functools.partial(draw_printed_digits, habits=False)
    source = draw(SOURCE, style, 10_000 + seed)
    kept = draw(500, style, 20_000 + seed)
    choose, end = CUTS
    if name.endswith("handwriting"):
        images, labels = handwriting.load_handwriting()
        images = enlarge_digits(images)
        first, test = images[:end], splits.Split(images[end:], labels[end:])
    else:  # no shift: more of the same
        first = draw(end, style, 30_000 + seed).images
        test = draw(899, style, 40_000)
    return Task(source, kept, first[:choose], first[choose:], test)


def run_method(
    name: str, model: keras.Model, task: Task, seed: int, *, progress: bool = False
) -> tuple[keras.Model, adaptation.History]:
    """Adapt a network with one of `METHODS`.

    Parameters
    ----------
    name
        A key of `METHODS`.
    model
        The network to start from.
    task
        From `load_task`; its test is not looked at.
    seed
        Of the batches.
    progress
        Show a bar with the time left.

    Returns
    -------
    adapted : keras.Model
    history : dict
        See the method.
    """
    function, settings = METHODS[read_choice(name, "method", METHODS)]
    model, task, seed = read_network(model), _read_task(task), read_seed(seed)
    method = getattr(adaptation, function)
    if function == "adabn":
        return method(model, task.adapt_on)
    if function == "tent":
        return method(model, task.adapt_on, progress=progress)
    settings = SETTINGS | {"seed": seed, "progress": progress} | settings
    if function == "shot":
        return method(model, task.adapt_on, **settings)
    if function == "source_only":
        return method(model, *task.source, **settings)
    return method(model, *task.source, task.adapt_on, **settings)


def _read_task(task: Task) -> Task:
    if not isinstance(task, Task):
        raise TypeError(
            f"task must come from tl.tasks.load_task(name, seed); got {type(task).__name__}."
        )
    return task


def feature_baselines(model: keras.Model, task: Task) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Train logistic regression on features: as they are, with CORAL, and weighted.

    Parameters
    ----------
    model
        The network that gives the features; its head is not used.
    task
        From `load_task`.

    Returns
    -------
    dict
        Name → probabilities for ``choose_on`` and for the test.
    """
    from sklearn.linear_model import LogisticRegression

    from tlhelpers.networks import surgery

    task, body = _read_task(task), surgery.cut_head(read_network(model))

    def rows(pictures: np.ndarray) -> np.ndarray:
        return np.asarray(body.predict(pictures, batch_size=256, verbose=0))

    source, target = rows(task.source.images[:2000]), rows(task.adapt_on)
    labels = task.source.labels[:2000]
    later = rows(task.choose_on), rows(task.test.images)
    kinds = {
        "features": (source, None),
        "features, CORAL": (adaptation.feature_coral(source, target), None),
        "features, importance weights": (source, adaptation.importance_weights(source, target)),
    }
    answers = {}
    for name, (features, weights) in kinds.items():
        classifier = LogisticRegression(max_iter=1000).fit(features, labels, weights)
        answers[name] = tuple(classifier.predict_proba(x) for x in later)
    return answers
