"""Adapt with several methods and weights, and watch the features: for `explore_adaptation`.

``python -m benchmarks.explorers adaptation`` runs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tlhelpers.data import handwriting
from tlhelpers.networks import surgery
from tlhelpers.transfer import adaptation, metrics, recipes, tasks, validators
from tlhelpers.transfer.adaptation.batchnorm_statistics import take_target_statistics

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras

STEPS = (0, 15, 40, 80, 120)
POINTS = 120  # of each domain in the picture
SCALE = 100  # the outermost point lies here, as a whole number

#: Method → function and the weights to try (0 where there is none).
METHODS: dict[str, tuple[str, tuple[float, ...]]] = {
    "source only": ("source_only", (0,)),
    "AdaBN": ("adabn", (0,)),
    "DeepCORAL": ("deep_coral", (10, 100, 1000)),
    "MMD": ("deep_mmd", (0.1, 1, 10)),
    "DANN": ("dann", (0.1, 1)),
    "consistency": ("consistency", (0.3, 1)),
    "SHOT-IM": ("shot", (0, 1)),
}

ABOUT = (
    "Small network, trained on plain print, adapted to handwriting without its labels, seed 0; "
    f"120 steps of 64 images; features of {POINTS} images of each domain, by PCA; accuracy on 259 "
    "digits (rows 646 to 904) that nobody adapted on; told apart: accuracy of a linear "
    "classifier between the domains."
)


class Watcher:
    """Remembers what a network makes of both domains at some steps.

    Before each look a copy of the network gets the BatchNormalization
    statistics of the target, as every method that sees the target does at its end.

    Parameters
    ----------
    model
        The network before it is adapted.
    task
        What it is adapted to.
    labels
        Labels of ``task.choose_on``, only to measure with.
    statistics
        Whether the method sees the target.
    """

    def __init__(
        self,
        model: keras.Model,
        task: tasks.Task,
        labels: np.ndarray,
        statistics: bool = True,
    ) -> None:
        self.task, self.labels, self.statistics = task, labels, statistics
        self.twin = surgery.copy_network(model)
        self.body = surgery.cut_head(self.twin)
        self.steps: list[int] = []
        self.features: list[np.ndarray] = []
        self.notes: list[dict] = []
        self.look(0, model, statistics=False)

    def __call__(self, step: int, network: keras.Model) -> None:
        if step in STEPS:
            self.look(step, network, self.statistics)

    def look(self, step: int, network: keras.Model, statistics: bool) -> None:
        """Note what the network makes of both domains."""
        self.twin.set_weights(network.get_weights())
        if statistics:
            take_target_statistics(self.twin, self.task.adapt_on)
        printed = self.body.predict(self.task.source_kept.images, verbose=0)
        written = self.body.predict(self.task.choose_on, verbose=0)
        answers = metrics.probabilities(self.twin, self.task.choose_on).argmax(axis=1)
        told, _ = validators.proxy_distance(printed, written, seed=0)
        self.steps.append(step)
        self.features.append(np.concatenate([printed[:POINTS], written[:POINTS]]))
        self.notes.append(
            {
                "accuracy": round(float(np.mean(answers == self.labels)), 4),
                "told apart": round(float(told), 4),
                "answers": "".join(map(str, answers[:POINTS])),
            }
        )

    def run(self) -> dict:
        """Return what was seen, with the features brought to the plane by one PCA for all steps."""
        points = features_to_plane(np.stack(self.features))
        notes = {key: [note[key] for note in self.notes] for key in self.notes[0]}
        return {"steps": self.steps, **notes, "points": points.tolist()}


def features_to_plane(features: np.ndarray) -> np.ndarray:
    """Bring features to the plane, with the same two directions at every step.

    Parameters
    ----------
    features
        Shape (steps, n, d).

    Returns
    -------
    numpy.ndarray
        Shape (steps, n, 2), whole numbers from -100 to 100: the two directions in
        which the features of all steps together vary most.

    Examples
    --------
    >>> flatten(np.array([[[0.0, 0.0], [4.0, 0.0]], [[0.0, 1.0], [4.0, 1.0]]]))[0].tolist()
    [[-100, -25], [100, -25]]
    """
    steps, n, width = features.shape
    rows = features.reshape(-1, width).astype(np.float64)
    rows -= rows.mean(axis=0)
    _, _, directions = np.linalg.svd(rows, full_matrices=False)
    first = directions[:2]
    # The sign of a direction is arbitrary: let its largest part be positive.
    largest = np.abs(first).argmax(axis=1)
    first = first * np.sign(first[np.arange(2), largest])[:, None]
    flat = rows @ first.T
    flat *= SCALE / np.abs(flat).max()
    return np.rint(flat).astype(int).reshape(steps, n, 2)


def adaptation_results() -> dict:
    """Adapt with every method and weight, and print how it goes."""
    task = tasks.load_task("plain print → handwriting", seed=0)
    labels = handwriting.load_handwriting()[1][slice(*tasks.CUTS)]
    network = recipes.train_small_network(task.source, seed=0)
    runs = []
    for method, (function, weights) in METHODS.items():
        for weight in weights:
            watcher = Watcher(network, task, labels, statistics=method != "source only")
            settings: adaptation.Settings = {**tasks.SETTINGS, "steps": STEPS[-1], "watch": watcher}
            match function:
                case "adabn":
                    adapted, _ = adaptation.adabn(network, task.adapt_on)
                    watcher.look(1, adapted, statistics=False)
                case "source_only":
                    adaptation.source_only(network, *task.source, **settings)
                case "shot":
                    adaptation.shot(network, task.adapt_on, weight=weight, **settings)
                case _:
                    train = getattr(adaptation, function)
                    train(network, *task.source, task.adapt_on, weight=weight, **settings)
            run = watcher.run()
            print(f"{method} {weight}: {run['accuracy']}, {run['told apart']}", flush=True)
            runs.append({"method": method, "weight": weight, **run})
    return {
        "print labels": "".join(map(str, task.source_kept.labels[:POINTS])),
        "labels": "".join(map(str, labels[:POINTS])),
        "runs": runs,
    }
