"""Solar cells of one kind teach, those of the other are asked: mono to poly, and back.

For each seed, modules of both kinds are cut in two (`solar.split_modules`).  The head learns
from labelled cells of the source kind, in its modules to learn from.  Methods may look at
cells of the target kind without labels, in *its* modules to learn from.  All are tested on the
same cells: the target kind, in modules that nothing looked at before.  The C of the logistic
regression is chosen on the modules that it learns from.
"""

from __future__ import annotations

import sys
from typing import NamedTuple

import numpy as np

from benchmarks import solar_cells, tables
from tlhelpers.data import solar
from tlhelpers.labs import solar as solar_lab
from tlhelpers.networks import features
from tlhelpers.transfer.adaptation import batchnorm_statistics

NETWORK = "EfficientNetLite0"
LOOKED_AT = 512  # cells of a kind, for the statistics of BatchNormalization
BATCH = 64  # at once

SOURCE_ONLY = "source only"
OWN = "the target's own mean and spread of the features"
ADABN = "AdaBN in all layers"
BOTH = "AdaBN, then the target's own mean and spread"
WITHIN = "trained on the target"


class Task(NamedTuple):
    """Row numbers: what the head learns from, what it may look at, and what it is tested on."""

    source: np.ndarray
    unlabelled: np.ndarray
    test: np.ndarray


def cut_task(modules: np.ndarray, kinds: np.ndarray, source: int, seed: int) -> Task:
    """Cut the cells for one direction; no module is in two of the three parts.

    Parameters
    ----------
    modules, kinds
        Of each cell.
    source
        The kind that teaches: 0 (mono) or 1 (poly).
    seed
        Which split.
    """
    train, test = solar.split_modules(modules, kinds, seed=seed)
    of_source = kinds == source
    return Task(train[of_source[train]], train[~of_source[train]], test[~of_source[test]])


def score_across(
    source_rows: np.ndarray,
    source_labels: np.ndarray,
    test_rows: np.ndarray,
    test_labels: np.ndarray,
    penalty: float,
    own: np.ndarray | None = None,
) -> solar_cells.Scores:
    """Learn from standardised rows of the source, and test on the target.

    Parameters
    ----------
    source_rows, source_labels
        What the head learns from.
    test_rows, test_labels
        What it is tested on.
    penalty
        C of the logistic regression.
    own
        Rows of the target without labels, to standardise the target by; by default it is
        standardised as the source is.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(source_rows)
    head = LogisticRegression(C=penalty, max_iter=2000)
    head.fit(scaler.transform(source_rows), source_labels)
    of_target = scaler if own is None else StandardScaler().fit(own)
    answers = head.decision_function(of_target.transform(test_rows))
    return solar_cells.score_answers(answers, test_labels)


def compare(
    plain: np.ndarray, adapted: np.ndarray, labels: np.ndarray, modules: np.ndarray, task: Task
) -> dict[str, solar_cells.Scores]:
    """Return the scores of all ways on one task.

    Parameters
    ----------
    plain
        Features of all cells, by the network as it is.
    adapted
        The same, after AdaBN: each kind by a network with the statistics of that kind.
    labels, modules
        Of all cells.
    task
        Which rows do what.
    """
    found = {}
    test = task.test
    for rows, as_it_is, with_own in ((plain, SOURCE_ONLY, OWN), (adapted, ADABN, BOTH)):
        _, penalty = solar_cells.choose([rows], labels, task.source, modules)
        learn, asked = (rows[task.source], labels[task.source]), (rows[test], labels[test])
        found[as_it_is] = score_across(*learn, *asked, penalty)
        found[with_own] = score_across(*learn, *asked, penalty, own=rows[task.unlabelled])
    _, penalty = solar_cells.choose([plain], labels, task.unlabelled, modules)
    found[WITHIN] = solar_cells.score(plain, labels, task.unlabelled, test, penalty)
    return found


def adapted_blocks(cells: solar_cells.Cells, train: np.ndarray, seed: int) -> dict[int, np.ndarray]:
    """Return the blocks of all cells, each kind by a network with its own statistics.

    The statistics are those of 512 cells of that kind in the modules to learn from.

    Parameters
    ----------
    cells
        All of them.
    train
        Rows of the modules to learn from, of both kinds.
    seed
        Of the 512.
    """
    assert cells.lab.cells is not None
    kinds = cells.lab.cells.kinds
    images = solar_lab.grey_to_rgb(cells.lab.cells.images)
    network = cells.lab.network()
    blocks = {number: np.empty_like(rows) for number, rows in cells.blocks.items()}
    rng = np.random.default_rng(seed)
    for kind in np.unique(kinds):
        there = train[kinds[train] == kind]
        seen = rng.permutation(there)[:LOOKED_AT]
        prepared = cells.lab.preprocess(np.array(images[seen]))
        own, _ = batchnorm_statistics.adabn(network, prepared, batch_size=min(BATCH, len(seen)))
        pooled, columns = solar_cells.pooled_blocks(own, tuple(cells.blocks))
        of_kind = np.flatnonzero(kinds == kind)
        with tables.empty_cache():  # nobody asks for this network's export again
            rows = features.compute(
                pooled, images[of_kind], preprocess=cells.lab.preprocess, cache=False
            )
        for number, part in columns.items():
            blocks[number][of_kind] = rows[:, part]
    return blocks


def measure_domains(seeds: range) -> tables.Rows | None:
    """Return the rows of the table, or None without the photographs.

    Parameters
    ----------
    seeds
        A split between modules for each.
    """
    cells = solar_cells.load_cells(NETWORK, only=(solar_cells.CUT,))
    if cells is None:
        return None
    assert cells.lab.cells is not None
    _, labels, _, kinds, modules = cells.lab.cells
    names = solar.KINDS
    found: dict[str, list[solar_cells.Scores]] = {}
    shares: dict[str, list[float]] = {}
    for seed in seeds:
        train, _ = solar.split_modules(modules, kinds, seed=seed)
        adapted = adapted_blocks(cells, train, seed)
        for source in (0, 1):
            task = cut_task(modules, kinds, source, seed)
            way = f"{names[source]} → {names[1 - source]}"
            shares.setdefault(way, []).append(float(labels[task.test].mean()))
            for cut, name in ((0, "last features"), (solar_cells.CUT, f"block {solar_cells.CUT}")):
                scores = compare(cells.blocks[cut], adapted[cut], labels, modules, task)
                for method, score in scores.items():
                    found.setdefault(f"{way}, {name}: {method}", []).append(score)
    return [
        ("weights", cells.lab.weights),
        *(
            (f"{way}: defects in the cells to test on", f"{min(of_way):.0%} to {max(of_way):.0%}")
            for way, of_way in shares.items()
        ),
        *((name, solar_cells.in_words(scores)) for name, scores in found.items()),
    ]


if __name__ == "__main__":
    sys.exit(tables.run("solar_domains", measure_domains, draws=5))
