"""What training the network itself buys on solar cells, beside heads on its frozen features."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import tables
from benchmarks.solar_cells import CUT, Scores, block_ends, choose, in_words, score, score_answers
from tlhelpers.data import solar
from tlhelpers.fetching.fetch import FileNotHere
from tlhelpers.labs import imagenet
from tlhelpers.labs import solar as solar_lab
from tlhelpers.networks import build, features, preprocessing, surgery
from tlhelpers.transfer import fine_tuning

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras

NETWORK = "EfficientNetLite0"
SIDE = 96  # pixels of each side: a whole network is trained several times
EPOCHS, BATCH = 4, 32
#: What is trained, at which rate, and whether BatchNormalization is trained, too.
ABOVE: dict[str, tuple[float, bool]] = {
    f"above block {CUT}, 0.0001": (1e-4, False),
    f"above block {CUT}, 0.0001, BatchNormalization too": (1e-4, True),
    f"above block {CUT}, 0.001": (1e-3, False),
}


def classifier(network: keras.Model, first: str | None) -> tuple[keras.Model, keras.Model]:
    """Put a new head for two classes on a network, or on its part behind a layer.

    Parameters
    ----------
    network
        A whole one; its layers are shared, so what is trained is trained in it.
    first
        The layer whose output the classifier takes; None: it takes images.

    Returns
    -------
    features, model
        Up to the head, and with it.
    """
    import keras

    start = network.inputs[0] if first is None else network.get_layer(first).output
    pooled = network.layers[-1].input
    head = keras.layers.Dense(2, activation="softmax", name="new_head")
    return keras.Model(start, pooled), keras.Model(start, head(pooled))


def train(
    parts: tuple[keras.Model, keras.Model],
    images: np.ndarray,
    labels: np.ndarray,
    rate: float,
    norms: bool,
    seed: int,
) -> float:
    """Train the head by logistic regression, then all of the model; return its seconds.

    Both classes weigh the same.
    """
    import keras

    began = time.process_time()
    base, model = parts
    surgery.unfreeze(model)
    if norms:
        surgery.train_only(model, lambda layer: True)
    rows = base.predict(images, verbose=0)
    fine_tuning.train_head(model.layers[-1], rows, labels)
    keras.utils.set_random_seed(seed)
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    weights = dict(enumerate(len(labels) / 2 / np.bincount(labels)))
    model.fit(images, labels, batch_size=BATCH, epochs=EPOCHS, class_weight=weights, verbose=0)
    return time.process_time() - began


def measure_solar(seeds: range) -> tables.Rows | None:
    """Return the table for several splits between modules, or None without the photographs.

    Nothing is chosen on the modules to test with: rates and epochs are fixed, and the C
    of the logistic regressions is chosen on the modules to learn from.
    """
    from tqdm.auto import tqdm

    try:
        weights, label = imagenet.fetch_weights(NETWORK)
        cells = solar.load_solar_cells(SIDE)
    except FileNotHere as missing:
        print(missing)
        return None
    network = build.build_network(NETWORK, weights, size=SIDE)
    pretrained = network.get_weights()
    first, labels = block_ends(network)[CUT], cells.labels
    images = preprocessing.preprocess_for(NETWORK)(solar_lab.grey_to_rgb(cells.images))
    maps = run(network, first, images)
    rows = {
        "head on the last features": run(network, "avg_pool", images),
        f"cut after block {CUT}": maps.mean(axis=(1, 2)),
    }
    found: dict[str, list[Scores]] = {}
    seconds: dict[str, list[float]] = {}
    for seed in tqdm(seeds, desc="Splits"):
        learn, test = solar.split_modules(cells.modules, cells.kinds, seed=seed)
        for name, frozen in rows.items():
            _, penalty = choose([frozen], labels, learn, cells.modules)
            found.setdefault(name, []).append(score(frozen, labels, learn, test, penalty))
        runs: dict[str, tuple[Any, str | None, float, bool]] = {
            name: (maps, first, *how) for name, how in ABOVE.items()
        }
        runs["all layers, 0.0001"] = (images, None, 1e-4, False)
        for name, (inputs, start, rate, norms) in runs.items():
            network.set_weights(pretrained)
            parts = classifier(network, start)
            spent = train(parts, inputs[learn], labels[learn], rate, norms, seed)
            defect = parts[1].predict(inputs[test], verbose=0)[:, 1]
            found.setdefault(name, []).append(score_answers(defect, labels[test], limit=0.5))
            seconds.setdefault(name, []).append(spent)
            print(seed, name, found[name][-1], f"{spent:.0f} s", file=sys.stderr, flush=True)
    return [
        ("photographs", f"{len(labels):,} of {SIDE} × {SIDE} pixels"),
        ("weights", label),
        *((name, in_words(scores) + took(seconds.get(name, []))) for name, scores in found.items()),
    ]


def run(network: keras.Model, layer: str, images: np.ndarray) -> np.ndarray:
    """Return what a layer of a network gives for images that are prepared already."""
    import keras

    end = network.get_layer(layer).output
    flat = keras.Model(network.inputs[0], keras.layers.Flatten()(end))
    return features.compute(flat, images, cache=False).reshape(len(images), *end.shape[1:])


def took(seconds: list[float]) -> str:
    """Return how long the trainings took, as the end of a row."""
    return f"; {np.mean(seconds):.0f} s of a processor" if seconds else ""


if __name__ == "__main__":
    sys.exit(tables.run("fine_tuning_solar", measure_solar, draws=5))
