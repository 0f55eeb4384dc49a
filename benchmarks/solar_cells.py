"""Photographs of solar cells: how well defects are found in modules that were never seen."""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from benchmarks import tables
from tlhelpers.data import solar
from tlhelpers.fetching.fetch import FileNotHere
from tlhelpers.labs import load
from tlhelpers.labs import solar as solar_lab
from tlhelpers.labs.lab import Lab
from tlhelpers.networks import features

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras

PENALTIES = (0.0001, 0.001, 0.01, 0.1, 1)  # C of the logistic regression
FOLDS = 3  # of the modules to learn from, to choose a cut and a C on
PIXELS = 28  # of each side, for raw pixels
CUT = 10  # after which block, for the row of one fixed cut


class Scores(NamedTuple):
    """Accuracy, balanced accuracy (mean over the two classes) and area under the ROC curve."""

    accuracy: float
    balanced: float
    auc: float


def block_ends(network: keras.Model) -> dict[int, str]:
    """Return the last layer of each block: number of the block → name of the layer.

    Blocks are those of MobileNetV2 and of the EfficientNets: ``block_10_add``,
    ``block5b_project_bn``.  They are counted from 1.
    """
    found: dict[str, str] = {}
    for layer in network.layers:
        name = re.match(r"(block_?\d+[a-z]?)_.*", layer.name)
        if name and re.search(r"_(add|project_bn)$", layer.name, re.I):
            found[name.group(1)] = layer.name
    return dict(enumerate(found.values(), 1))


def pooled_blocks(
    network: keras.Model, only: Sequence[int] | None = None
) -> tuple[keras.Model, dict[int, slice]]:
    """Return a network that gives the means of every block, and the columns of each.

    Block 0 stands for the last features, before the head.

    Parameters
    ----------
    network
        Whole, with its head of one layer.
    only
        Numbers of the blocks that are wanted beside block 0; by default, all.
    """
    import keras

    ends = block_ends(network)
    if only is not None:
        ends = {number: name for number, name in ends.items() if number in only}
    pool = keras.layers.GlobalAveragePooling2D
    parts = {number: pool()(network.get_layer(name).output) for number, name in ends.items()}
    parts[0] = network.layers[-1].input  # of the head: pooled already
    widths = [int(part.shape[-1]) for part in parts.values()]
    edges = np.cumsum([0, *widths])
    columns = {
        number: slice(int(a), int(b)) for number, a, b in zip(parts, edges, edges[1:], strict=False)
    }
    joined = keras.layers.Concatenate()(list(parts.values()))
    return keras.Model(network.input, joined), columns


def score(
    rows: np.ndarray, labels: np.ndarray, train: np.ndarray, test: np.ndarray, penalty: float
) -> Scores:
    """Learn a logistic regression on standardised rows, and test it on others."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(C=penalty, max_iter=2000))
    model.fit(rows[train], labels[train])
    return score_answers(model.decision_function(rows[test]), labels[test])


def score_answers(answers: np.ndarray, labels: np.ndarray, limit: float = 0) -> Scores:
    """Score answers of any size; those above the limit say that there is a defect."""
    from sklearn.metrics import balanced_accuracy_score, roc_auc_score

    right = answers > limit
    return Scores(
        float(np.mean(right == labels)),
        float(balanced_accuracy_score(labels, right)),
        float(roc_auc_score(labels, answers)),
    )


def choose(
    candidates: Sequence[np.ndarray], labels: np.ndarray, train: np.ndarray, groups: np.ndarray
) -> tuple[int, float]:
    """Return which candidate and which C do best, looking at the rows to learn from only.

    Parameters
    ----------
    candidates
        Rows of features: one array for each cut.
    labels, groups
        Of all rows; rows of one group (module) stay together.
    train
        The rows to learn from.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    cuts = [(train[a], train[b]) for a, b in folds.split(train, labels[train], groups[train])]
    tries = {
        (i, penalty): np.mean([score(rows, labels, a, b, penalty).auc for a, b in cuts])
        for i, rows in enumerate(candidates)
        for penalty in PENALTIES
    }
    return max(tries, key=lambda key: tries[key])


def majority(labels: np.ndarray, train: np.ndarray, test: np.ndarray) -> Scores:
    """Answer what most cells to learn from are."""
    usual = int(np.mean(labels[train]) > 0.5)
    return Scores(float(np.mean(labels[test] == usual)), 0.5, 0.5)


class Cells(NamedTuple):
    """All cells, and what a classifier may look at: one row for each cell.

    Attributes
    ----------
    lab
        The solar lab; its cells have kinds and modules.
    blocks
        Means of each block of the network; 0: the last features.  See `pooled_blocks`.
    pixels
        The pictures at 28 x 28 pixels.
    brightness
        Mean and spread of each picture.
    """

    lab: Lab
    blocks: dict[int, np.ndarray]
    pixels: np.ndarray
    brightness: np.ndarray


def load_cells(architecture: str, only: Sequence[int] | None = None) -> Cells | None:
    """Load all cells and their features, or say what is missing and return None.

    Parameters
    ----------
    architecture
        MobileNetV2 or an EfficientNet.
    only
        As for `pooled_blocks`.
    """
    try:
        lab = load.load_lab("solar", architecture=architecture)
    except FileNotHere as missing:
        print(missing)
        return None
    assert lab.cells is not None
    images = lab.cells.images
    network, columns = pooled_blocks(lab.network(), only)
    everything = features.compute(network, solar_lab.grey_to_rgb(images), preprocess=lab.preprocess)
    grey = images.reshape(len(images), -1).astype(np.float32)
    side = images.shape[1] // PIXELS
    small = images[:, : side * PIXELS, : side * PIXELS]
    small = small.reshape(-1, PIXELS, side, PIXELS, side).mean(axis=(2, 4))
    return Cells(
        lab,
        {number: everything[:, part] for number, part in columns.items()},
        small.reshape(len(small), -1),
        np.stack([grey.mean(1), grey.std(1)], axis=1),
    )


def measure_cells(seeds: range, architecture: str = "EfficientNetLite0") -> tables.Rows | None:
    """Return the table for several splits between modules, or None without the photographs.

    The cut and the C of the logistic regression are chosen on the modules to
    learn from, for each split anew.
    """
    cells = load_cells(architecture)
    if cells is None:
        return None
    lab, blocks = cells.lab, cells.blocks
    assert lab.cells is not None
    _, labels, _, kinds, modules = lab.cells
    ways: dict[str, list[np.ndarray]] = {
        "head on the last features": [blocks[0]],
        f"cut after block {CUT}": [blocks[CUT]] if CUT in blocks else [],
        "best cut, chosen on the modules to learn from": list(blocks.values()),
        f"raw pixels ({PIXELS} × {PIXELS})": [cells.pixels],
        "mean and spread of brightness": [cells.brightness],
    }

    def through(ways: dict[str, list[np.ndarray]], split: Callable, groups: np.ndarray) -> dict:
        found: dict[str, list[Scores]] = {name: [] for name in ways if ways[name]}
        for seed in seeds:
            train, test = split(seed)
            for name in found:
                which, penalty = choose(ways[name], labels, train, groups)
                found[name].append(score(ways[name][which], labels, train, test, penalty))
                if len(ways[name]) > 1:
                    taken.append(list(blocks)[which])
        return found

    taken: list[int] = []
    by_module = functools.partial(_by_module, modules, kinds)
    found = through(ways, by_module, modules)
    found["the larger class"] = [majority(labels, *by_module(seed)) for seed in seeds]
    at_random = functools.partial(_at_random, labels)
    name = "head on the last features, cells dealt out at random (flatters)"
    alone = {name: ways["head on the last features"]}
    found |= through(alone, at_random, np.arange(len(labels)))
    shares = [float(labels[by_module(seed)[1]].mean()) for seed in seeds]
    counts = ", ".join(f"{n} × {taken.count(n)}" for n in sorted(set(taken)))
    return [
        ("photographs", f"{len(labels):,}, {labels.mean():.0%} with a defect"),
        ("weights", lab.weights),
        ("defects in the test modules", f"{min(shares):.0%} to {max(shares):.0%}"),
        *((name, in_words(scores)) for name, scores in found.items()),
        ("cuts that were chosen (block × times; 0: last features)", counts),
    ]


def in_words(scores: Sequence[Scores]) -> str:
    """Return the means over the splits, and how far balanced accuracy goes up and down."""
    means = np.mean(scores, axis=0)
    low, high = (function(s.balanced for s in scores) for function in (min, max))
    return (
        f"accuracy {means[0]:.0%}, balanced {means[1]:.0%} ({low:.0%} to {high:.0%}), "
        f"AUC {means[2]:.2f}"
    )


def _by_module(modules: np.ndarray, kinds: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    return solar.split_modules(modules, kinds, seed=seed)


def _at_random(labels: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.model_selection import train_test_split

    rows = np.arange(len(labels))
    train, test = train_test_split(rows, test_size=0.25, stratify=labels, random_state=seed)
    return np.sort(train), np.sort(test)


if __name__ == "__main__":
    sys.exit(tables.run("solar_cells", measure_cells, draws=10))
