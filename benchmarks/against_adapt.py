"""DeepCORAL and DANN of this course beside those of the ADAPT library (0.4.5).

Same features, data, first weights, batch size, steps and seeds, in one run.  ADAPT is
no dependency: give this file an environment of its own, with the course and

    pip install --no-deps adapt==0.4.5 tf_keras scikeras cvxopt

    python benchmarks/against_adapt.py

Both sides learn a layer of 64 units and a head on top of the 128 features of
the small network, trained on plain print.  ADAPT takes one-hot labels.
"""

import os
import statistics
import time

os.environ["TF_USE_LEGACY_KERAS"] = "1"  # ADAPT was written for Keras 2
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
import tensorflow as tf
from adapt.feature_based import DANN, DeepCORAL

from tlhelpers.networks import surgery
from tlhelpers.transfer import adaptation, metrics, recipes, tasks

SEEDS = range(1, 6)
EPOCHS, BATCH, LEARNING_RATE, HIDDEN, UNITS = 2, 64, 1e-3, 64, 64
#: The course's own weight of DeepCORAL is 100, the default of ADAPT is 1; DANN has 0.1 in both.
WEIGHTED = (("DeepCORAL", 100.0), ("DeepCORAL", 1.0), ("DANN", 0.1))


def ours(seed: int, width: int) -> keras.Model:
    start = [keras.initializers.GlorotUniform(seed=10 * seed + i) for i in range(2)]
    layers = [keras.Input((width,))]
    layers += [keras.layers.Dense(UNITS, "relu", kernel_initializer=start[0])]
    layers += [keras.layers.Dense(10, "softmax", kernel_initializer=start[1])]
    return keras.Sequential(layers)


def theirs(model: keras.Model, width: int) -> tuple:
    """Return encoder and task in Keras 2, with the weights of our model."""
    old = tf.keras
    encoder = old.Sequential([old.Input((width,)), old.layers.Dense(UNITS, "relu")])
    task = old.Sequential([old.Input((UNITS,)), old.layers.Dense(10, "softmax")])
    encoder.set_weights(model.layers[0].get_weights())
    task.set_weights(model.layers[1].get_weights())
    return encoder, task


def guesser() -> tf.keras.Model:
    old = tf.keras
    return old.Sequential(
        [old.Input((UNITS,)), old.layers.Dense(HIDDEN, "relu"), old.layers.Dense(1, "sigmoid")]
    )


def main() -> None:
    scores: dict[str, list[tuple[float, float]]] = {}

    def note(name: str, began: float, answers: np.ndarray, labels: np.ndarray) -> None:
        right = float((answers.argmax(axis=1) == labels).mean())
        scores.setdefault(name, []).append((right, time.perf_counter() - began))

    for seed in SEEDS:
        task = tasks.load_task(tasks.TASKS[0], seed)
        body = surgery.cut_head(recipes.train_small_network(task.source, seed))
        # Divided by one number, so that the mean feature is about 1 on both sides.
        xs, xt, test = (
            body.predict(x, verbose=0)
            for x in (task.source.images, task.adapt_on, task.test.images)
        )
        xs, xt, test = (x / xs.mean() for x in (xs, xt, test))
        ys, labels, width = task.source.labels, task.test.labels, xs.shape[1]
        settings: adaptation.Settings = {
            "steps": EPOCHS * -(-len(xs) // BATCH),
            "batch_size": BATCH,
            "learning_rate": LEARNING_RATE,
            "seed": seed,
        }
        for name, weight in WEIGHTED:
            method = {"DeepCORAL": adaptation.deep_coral, "DANN": adaptation.dann}[name]
            model = ours(seed, width)
            began = time.perf_counter()
            adapted, _ = method(model, xs, ys, xt, weight=weight, **settings)
            note(
                f"{name}, weight {weight:g}, here",
                began,
                metrics.probabilities(adapted, test),
                labels,
            )
            encoder, head = theirs(model, width)
            extra = {"discriminator": guesser()} if name == "DANN" else {}
            began = time.perf_counter()
            rival = {"DeepCORAL": DeepCORAL, "DANN": DANN}[name](
                encoder, head, Xt=xt, lambda_=weight, verbose=0, random_state=seed,
                loss="categorical_crossentropy",
                optimizer=tf.keras.optimizers.Adam(LEARNING_RATE), **extra,
            )  # fmt: skip
            rival.fit(xs, np.eye(10, dtype="float32")[ys], epochs=EPOCHS, batch_size=BATCH)
            note(f"{name}, weight {weight:g}, ADAPT", began, rival.predict(test, verbose=0), labels)
        model = ours(seed, width)
        began = time.perf_counter()
        plain, _ = adaptation.source_only(model, xs, ys, **settings)
        note("source only", began, metrics.probabilities(plain, test), labels)
    print("| what | accuracy (lowest to highest) | seconds, median |\n|---|---|---|")
    for name, rows in scores.items():
        right, seconds = zip(*rows, strict=True)
        spread = f"{np.mean(right):.1%} ({min(right):.1%} to {max(right):.1%})"
        print(f"| {name} | {spread} | {statistics.median(seconds):.1f} |")


if __name__ == "__main__":
    main()
