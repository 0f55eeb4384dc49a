"""Photographs of flowers: features computed once, against the usual recipe of many guides."""

from __future__ import annotations

import sys
import time

import numpy as np

from benchmarks import tables
from tlhelpers.data import splits
from tlhelpers.labs import load
from tlhelpers.networks import features
from tlhelpers.teaching import photo_sections
from tlhelpers.transfer import metrics
from tlhelpers.transfer.recipes import usual_recipe

LEARNING_RATES = (1e-4, 1e-3)  # of the usual recipe; the first is the usual one
EPOCHS = 10  # of the usual recipe


def measure_photos() -> tables.Rows | None:
    """Return the table of two ways with the flower photographs, or None without them.

    One way computes features once and trains a logistic regression.  The other is the
    usual recipe: the frozen network inside the model, augmentation layers before it,
    a new head, Adam.  Both learn from the same photographs and are tested on the same.
    """
    import keras
    from sklearn.linear_model import LogisticRegression

    if photo_sections.load_photos() is None:  # also brings everything into the cache
        return None
    began = time.perf_counter()
    photos = load.load_lab("flowers")
    read = time.perf_counter() - began
    network = photos.backbone()
    rows = [
        features.compute(network, half.images, preprocess=photos.preprocess, cache=False)
        for half in (photos.train, photos.test)
    ]
    logistic = LogisticRegression(max_iter=1000).fit(rows[0], photos.train.labels)
    once = float(logistic.score(rows[1], photos.test.labels))
    quick = time.perf_counter() - began
    few = []
    for seed in range(10):
        chosen = splits.label_budget(photos.train.labels, 100, seed=seed)
        logistic.fit(rows[0][chosen], photos.train.labels[chosen])
        few.append(float(logistic.score(rows[1], photos.test.labels)))
    count = f"{len(rows[0])} photographs to learn from, {len(rows[1])} to test on"
    table = [
        ("weights", photos.weights),
        (
            "features once + logistic regression, from files to accuracy",
            f"{quick:.1f} s, {once:.1%}",
        ),
        ("the same with 100 labels per class, ten draws", f"{np.mean(few):.1%}"),
    ]
    for learning_rate in LEARNING_RATES:
        keras.utils.set_random_seed(0)
        began = time.perf_counter()
        model = usual_recipe(photos.backbone(), len(photos.target_classes))
        model.compile(keras.optimizers.Adam(learning_rate), "sparse_categorical_crossentropy")
        model.fit(photos.train.images, photos.train.labels, epochs=EPOCHS, verbose=0)
        share = metrics.accuracy(model, photos.test)
        seconds = time.perf_counter() - began + read
        ratio = f"{seconds / quick:.0f} times as long"
        table.append(
            (
                f"usual recipe, Adam at {learning_rate:g}, {EPOCHS} epochs",
                f"{seconds:.0f} s, {share:.1%}, {ratio}",
            )
        )
    return [("photographs", count), *table]


if __name__ == "__main__":
    sys.exit(tables.run("flower_photos", lambda seeds: measure_photos()))
