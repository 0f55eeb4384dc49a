"""What training the network itself buys, on the digits, beside classifiers on its features.

The settings were chosen on the first half of the handwriting; docs/benchmarks.md
says where the second half had been seen before.
"""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import tables
from tlhelpers.data import glyphs, splits
from tlhelpers.labs import load
from tlhelpers.labs.lab import Lab
from tlhelpers.networks import surgery
from tlhelpers.transfer import adaptation, augmentation, fine_tuning, metrics, recipes, tasks

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras

LAYER = "conv_pw_11_relu"  # the cut
PRINTS = 600  # printed digits of each kind that are mixed in
#: The recipes that start from the pretrained network: what `fine_tune` is told.
TUNED: dict[str, dict[str, Any]] = {
    "short, as in notebook 03": {"learning_rate": 5e-4, "epochs": 8, "batch_size": 64},
    "long, with print mixed in": {"learning_rate": 2e-3, "epochs": 25},
}
SCRATCH: dict[str, Any] = {"learning_rate": 2e-3, "epochs": 60}
PICTURES = 30_000  # printed digits that the small network learns first
#: The small network, all of it, BatchNormalization too.
SMALL: dict[str, Any] = {"learning_rate": 1e-3, "epochs": 30}


def classifier(lab: Lab, pretrained: bool = True) -> tuple[keras.Model, keras.Model, dict]:
    """Build backbone and classifier, compiled and ready to be trained.

    Parameters
    ----------
    lab
        The digits lab.
    pretrained
        Start from the pretrained network, with its BatchNormalization frozen.

    Returns
    -------
    tuple
        The backbone, ending in one row of features; the classifier; and its state, to
        start from again with ``set_state_tree``.
    """
    import keras

    cut = surgery.cut_head(lab.network(pretrained), LAYER)
    base = keras.Sequential([cut, keras.layers.Flatten()])
    head = keras.layers.Dense(len(lab.target_classes), activation="softmax", name="head")
    model = keras.Sequential([base, head])
    if pretrained:
        surgery.unfreeze(model)
    model.compile(keras.optimizers.Adam(), "sparse_categorical_crossentropy")
    model.optimizer.build(model.trainable_variables)
    return base, model, model.get_state_tree(value_format="numpy_array")


def measure_fine_tuning(seeds: range) -> tables.Rows:
    """Return the table of fine-tuning and its rivals: both directions, all labels of a half.

    Parameters
    ----------
    seeds
        Each draws its own order, augmentation and prints.
    """
    from tqdm.auto import tqdm

    lab = load.load_lab("digits")
    halves = [
        splits.Split(lab.preprocess(half.images), half.labels) for half in (lab.train, lab.test)
    ]
    pixels = [half.images.reshape(len(half.images), -1) for half in (lab.train, lab.test)]
    base, model, ready = classifier(lab)
    base_rows = [base.predict(half.images, batch_size=256, verbose=0) for half in halves]
    _, scratch, blank = classifier(lab, pretrained=False)
    table = []
    for learn, test, order in ((0, 1, "1→2"), (1, 0, "2→1")):
        labels = halves[learn].labels
        found: dict[str, list[float]] = {}
        seconds: dict[str, list[float]] = {}
        for seed in tqdm(seeds, desc=f"halves {order}", leave=False):
            for name, settings in TUNED.items():
                began = time.perf_counter()
                model.set_state_tree(ready)
                fine_tuning.train_head(model.layers[-1], base_rows[learn], labels)
                before = model.get_weights()
                mix = draw_prints(lab, seed) if "mixed" in name else None
                fine_tuning.fine_tune(model, *halves[learn], mix=mix, seed=seed, **settings)
                model.set_weights(fine_tuning.blend_weights(before, model.get_weights()))
                name = f"fine-tuned, {name}"
                seconds.setdefault(name, []).append(time.perf_counter() - began)
                found.setdefault(name, []).append(metrics.accuracy(model, halves[test]))
            began = time.perf_counter()
            scratch.set_state_tree(blank)
            fine_tuning.fine_tune(scratch, *halves[learn], seed=seed, **SCRATCH)
            seconds.setdefault("from scratch, long", []).append(time.perf_counter() - began)
            found.setdefault("from scratch, long", []).append(
                metrics.accuracy(scratch, halves[test])
            )
        for name, shares in found.items():
            table.append((f"halves {order}: {name}", mean_and_range(shares, max(seconds[name]))))
        for kind, rows in (("raw pixels", pixels), ("frozen features", base_rows)):
            rivals = score_rivals(rows[learn], labels, rows[test], halves[test].labels)
            for name, share in rivals.items():
                table.append((f"halves {order}: {kind}, {name}", f"{share:.1%}"))
    return table


def draw_prints(lab: Lab, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw printed digits for `fine_tuning.fine_tune` to mix in: prepared images and labels."""
    labels = np.tile(np.arange(len(lab.target_classes)), PRINTS)
    return lab.preprocess(glyphs.draw_characters(labels, seed=seed)), labels


def score_rivals(
    rows: np.ndarray, labels: np.ndarray, test_rows: np.ndarray, test_labels: np.ndarray
) -> dict[str, float]:
    """Return the accuracy of classifiers of scikit-learn that learn from rows of numbers."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import SVC

    rivals = {"logistic regression": LogisticRegression(max_iter=1000), "RBF SVM": SVC(C=10)}
    return {
        name: float(rival.fit(rows, labels).score(test_rows, test_labels))
        for name, rival in rivals.items()
    }


def mean_and_range(shares: Sequence[float], seconds: float) -> str:
    """Say mean, lowest and highest, and how long the slowest took."""
    low, high = min(shares), max(shares)
    return f"{np.mean(shares):.1%} ({low:.1%} to {high:.1%}), {seconds:.0f} s at most"


def measure_small(seeds: range) -> tables.Rows:
    """Return the table of a network that fits small pictures: both directions, all labels.

    It is `recipes.small_network`, pretrained on varied print.  Its
    BatchNormalization layers are trained, too.

    Parameters
    ----------
    seeds
        Each draws its own print, first weights, order and augmentation.
    """
    from sklearn.linear_model import LogisticRegression
    from tqdm.auto import tqdm

    lab = load.load_lab("digits")
    halves = [
        splits.Split(recipes.enlarge_digits(half.images), half.labels)
        for half in (lab.train, lab.test)
    ]
    found: dict[str, list[tuple[float, float]]] = {}  # shares that are right, and seconds
    ways = {  # how to start, and the recipe
        "fine-tuned, short": ("print", SMALL),
        "fine-tuned, as from scratch": ("print", SCRATCH),
        "adapted first, then fine-tuned": ("adapted", SMALL),
        "from scratch, long": ("scratch", SCRATCH),
    }
    for seed in tqdm(seeds, desc="small network", leave=False):
        source = recipes.draw_printed_digits(PICTURES, "varied", seed=10_000 + seed)
        network = recipes.train_small_network(source, seed)
        before = network.get_weights()
        base = surgery.cut_head(network)
        rows = [base.predict(half.images, batch_size=256, verbose=0) for half in halves]
        for learn, test, order in ((0, 1, "1→2"), (1, 0, "2→1")):
            known, unknown = halves[learn], halves[test]
            network.set_weights(before)
            logistic = LogisticRegression(max_iter=1000).fit(rows[learn], known.labels)
            frozen = float(logistic.score(rows[test], unknown.labels))
            results = {  # what costs no training of the network counts as 0 seconds
                "print only, no labels": (metrics.accuracy(network, unknown), 0.0),
                "frozen features, logistic regression": (frozen, 0.0),
            }
            for way, (start, settings) in ways.items():
                began = time.perf_counter()
                network.set_weights(before)
                model = network
                if start == "adapted":
                    shot: adaptation.Settings = {**tasks.SETTINGS, "seed": seed}
                    model, _ = adaptation.shot(network, known.images, **shot)
                elif start == "scratch":
                    model = recipes.small_network(seed)
                train_whole(model, known, seed, **settings)
                results[way] = metrics.accuracy(model, unknown), time.perf_counter() - began
            for way, result in results.items():
                found.setdefault(f"halves {order}: small network, {way}", []).append(result)
    table = []
    for name, runs in found.items():
        shares, seconds = zip(*runs, strict=True)
        table.append((name, mean_and_range(shares, max(seconds))))
    return table


def train_whole(
    model: keras.Model, half: splits.Split, seed: int, *, learning_rate: float, epochs: int
) -> None:
    """Train all of a small network, BatchNormalization too, on augmented digits."""
    import keras

    model.trainable = True
    model.compile(keras.optimizers.Adam(), "sparse_categorical_crossentropy")
    fine_tuning.fine_tune(
        model,
        *half,
        learning_rate=learning_rate,
        epochs=epochs,
        augment=functools.partial(augmentation.random_affine, paper=0.0),  # paper is 0, ink 1
        seed=seed,
    )


if __name__ == "__main__":
    sys.exit(
        tables.run(
            "fine_tuning_recipes",
            lambda seeds: measure_fine_tuning(seeds) + measure_small(seeds),
            draws=5,
        )
    )
