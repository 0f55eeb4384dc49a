"""What each part of an adaptation is worth: warping, AdaBN, alignment, DANN's weight, the drawing.

The tasks and settings are those of `tlhelpers.transfer.tasks`.  Methods that see the target
end with its statistics (AdaBN), so an alignment of weight 0 is *AdaBN after more training*,
and not source-only training: here every part is there with and without the others.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import tables
from tlhelpers.transfer import adaptation, augmentation, metrics, recipes, tasks, validators

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras

PLAIN, VARIED, _ = tasks.TASKS
WEIGHTS = (0.01, 0.03, 0.1)  # of DANN
LAST = 50  # steps at the end, to say how often DANN's guesser is right

Parts = dict[str, float]


def parts_of_alignment(model: keras.Model, task: tasks.Task, seed: int) -> Parts:
    """Return the test accuracy with warping, AdaBN and DeepCORAL, together and apart.

    Parameters
    ----------
    model
        Trained on the source; it is the first row.
    task
        From `tasks.load_task`.
    seed
        Of the batches, the same for all rows.
    """
    settings: adaptation.Settings = {**tasks.SETTINGS, "seed": seed}
    found: Parts = {}

    def note(name: str, network: keras.Model) -> None:
        found[name] = metrics.accuracy(network, task.test)

    note("source only", model)
    note("AdaBN", adaptation.adabn(model, task.adapt_on)[0])
    for warped in (False, True):
        augment = augmentation.random_warp if warped else None
        more: adaptation.Settings = {**settings, "augment": augment}
        words = "200 more steps on warped print" if warped else "200 more steps on print"
        longer, _ = adaptation.source_only(model, *task.source, **more)
        note(words, longer)
        note(f"{words}, AdaBN", adaptation.adabn(longer, task.adapt_on)[0])
        del longer
        aligned, _ = adaptation.deep_coral(model, *task.source, task.adapt_on, **more)
        note(f"{words}, AdaBN, DeepCORAL", aligned)
        del aligned
    note("consistency", tasks.run_method("consistency", model, task, seed)[0])
    return found


def weights_of_dann(model: keras.Model, task: tasks.Task, seed: int) -> dict[float, Parts]:
    """Return for each weight of DANN: test, how often the guesser is right, and the validator.

    Parameters
    ----------
    model, task, seed
        As for `parts_of_alignment`.
    """
    settings: adaptation.Settings = {**tasks.SETTINGS, "seed": seed}
    found = {}
    for weight in WEIGHTS:
        network, history = adaptation.dann(
            model, *task.source, task.adapt_on, weight=weight, **settings
        )
        steady = validators.steady_information(
            network, task.choose_on, augment=augmentation.random_warp
        )
        found[weight] = {
            "test": metrics.accuracy(network, task.test),
            "right": float(np.mean(history["domain accuracy"][-LAST:])),
            "steady": steady,
        }
    return found


def worth_of_habits(seed: int) -> Parts:
    """Return the test accuracy after varied print, without and with the habits of classes.

    Parameters
    ----------
    seed
        Of the print, the first weights and the batches.
    """
    task = tasks.load_task(VARIED, seed)
    fitted = recipes.draw_printed_digits(tasks.SOURCE, "varied", 10_000 + seed)
    return {
        name: metrics.accuracy(recipes.train_small_network(source, seed), task.test)
        for name, source in (("without habits", task.source), ("with habits", fitted))
    }


def describe(values: list[float]) -> str:
    """Return mean, lowest and highest share."""
    return f"{np.mean(values):.1%} ({min(values):.1%} to {max(values):.1%})"


def picked_weights(runs: list[dict[float, Parts]]) -> list[float]:
    """Return for each seed the weight with the highest validator.

    Examples
    --------
    >>> picked_weights([{0.1: {"steady": 1.0, "test": 0.9}, 0.3: {"steady": 1.5, "test": 0.8}}])
    [0.3]
    """
    return [max(run, key=lambda weight: run[weight]["steady"]) for run in runs]


def measure_parts(seeds: range) -> tables.Rows:
    """Return the rows of the table.

    Parameters
    ----------
    seeds
        Each draws its own print, first weights and batches.
    """
    from tqdm.auto import tqdm

    parts, weights, drawn = [], [], []
    for seed in tqdm(seeds, leave=False):
        task = tasks.load_task(PLAIN, seed)
        model = recipes.train_small_network(task.source, seed)
        weights.append(weights_of_dann(model, task, seed))
        print(seed, weights[-1], flush=True, file=sys.stderr)
        parts.append(parts_of_alignment(model, task, seed))
        print(seed, parts[-1], flush=True, file=sys.stderr)
        drawn.append(worth_of_habits(seed))
        print(seed, drawn[-1], flush=True, file=sys.stderr)
    rows = [(f"{PLAIN}: {name}", describe([run[name] for run in parts])) for name in parts[0]]
    for weight in WEIGHTS:
        mine = [run[weight] for run in weights]
        right, steady = (np.mean([run[key] for run in mine]) for key in ("right", "steady"))
        rows.append(
            (
                f"{PLAIN}: DANN, weight {weight}",
                f"{describe([run['test'] for run in mine])}; guesser right {right:.0%}, "
                f"steady information {steady:.2f}",
            )
        )
    picked = picked_weights(weights)
    tests = [run[weight]["test"] for run, weight in zip(weights, picked, strict=True)]
    names = ", ".join(map(str, picked))
    rows.append((f"{PLAIN}: DANN, weight picked without labels ({names})", describe(tests)))
    for name in drawn[0]:
        rows.append((f"{VARIED}: {name}", describe([run[name] for run in drawn])))
    return rows


if __name__ == "__main__":
    sys.exit(tables.run("adaptation_parts", measure_parts, draws=5))
