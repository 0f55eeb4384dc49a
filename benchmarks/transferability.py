"""Which network, cut where? What its ImageNet accuracy says, and four scores, against the truth.

A candidate is a network, cut behind one of seven layers.  Its truth is the balanced accuracy
of a logistic regression on all labels to learn from, on photographs or modules that took no
part, averaged over the splits.  Scores see 100 labelled rows or so of one split.
"""

from __future__ import annotations

import contextlib
import functools
import re
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from benchmarks import tables
from benchmarks.solar_cells import block_ends
from tlhelpers.data import group_splits, handwriting, solar, splits, textures
from tlhelpers.fetching import fetch
from tlhelpers.fetching.fetch import FileNotHere
from tlhelpers.labs import flowers, imagenet, load
from tlhelpers.networks import build, features, imagenet_weights, preprocessing
from tlhelpers.transfer import transferability

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras

SMALL = "MobileNet025"  # MobileNet with a quarter of the channels; it has no head here
#: Network → top-1 accuracy on ImageNet, in per cent, as published with the weights: for
#: MobileNets by Keras, for EfficientNet-Lite by its authors (in 32-bit floats).
TOP_1 = {
    SMALL: 50.6,
    "MobileNetV2": 71.3,
    "EfficientNetLite0": 75.1,
    "EfficientNetLite1": 76.7,
    "EfficientNetLite2": 77.6,
}
#: The same for networks that are only used where their weights have been fetched before
#: (``tlhelpers fetch ResNet50``).
MORE = {"DenseNet121": 75.0, "EfficientNetB0": 77.1, "InceptionV3": 77.9, "ResNet50": 74.9}
CUTS = 7  # of each network; the last one is the usual cut, before the head
LABELS = 100  # that scores see, of all classes together
FOLDS = 5  # of them, for the baseline
PENALTY = 0.01  # C of logistic regressions on standardised rows; fixed beforehand
KINDS = ("kendall", "spearman")


class Rows(NamedTuple):
    """What one network makes of all pictures of a task.

    Attributes
    ----------
    cuts
        Seven arrays (n, channels), from early to late.
    answers
        Probabilities of the 1,000 classes, (n, 1000); None for a network without a head.
    """

    cuts: list[np.ndarray]
    answers: np.ndarray | None


class Task(NamedTuple):
    """Pictures with labels, and how to cut them.

    Attributes
    ----------
    name
        For the table.
    labels
        Of all pictures.
    split
        From a seed to rows to learn from and rows to test on.
    rows
        From the name of a network to its rows; raises `FileNotHere`.
    networks
        The names of its networks.
    """

    name: str
    labels: np.ndarray
    split: Callable[[int], tuple[np.ndarray, np.ndarray]]
    rows: Callable[[str], Rows]
    networks: Sequence[str]


# ----------------------------------------------------------------------------- networks


def load_network(name: str) -> tuple[keras.Model, Callable[[np.ndarray], np.ndarray], int]:
    """Return a network with ImageNet weights, its preprocessing, and the side of its images.

    Any name of ``keras.applications`` will do whose weights are here: `tlhelpers fetch
    ResNet50` gets those.
    """
    import keras

    if name == SMALL:
        path = fetch.fetch_file("mobilenet_2_5_224_tf_no_top.h5")
        network = keras.applications.MobileNet(
            alpha=0.25, include_top=False, pooling="avg", weights=None, input_shape=(224, 224, 3)
        )
        network.load_weights(path)
        return network, preprocessing.preprocess_for("MobileNet"), 224
    path, _ = imagenet.fetch_weights(name)
    size = build.find_architecture(name).size
    return build.build_network(name, path), preprocessing.preprocess_for(name), size


def layers_to_cut(network: keras.Model, last: str) -> list[str]:
    """Return the names of the layers behind which a network is cut, evenly spread.

    Parameters
    ----------
    network
        Of blocks (EfficientNets, MobileNets, ResNets); the first two are never a cut.
    last
        The layer whose output, averaged, the head is given.
    """
    ends = list(block_ends(network).values())
    if len(ends) < CUTS:  # MobileNet and ResNet have other names
        pattern = r"conv_pw_\d+_relu|conv\d_block\d+_out|mixed\d+"
        ends = [layer.name for layer in network.layers if re.fullmatch(pattern, layer.name)]
        ends = [name for name in ends if name != last]
    places = np.rint(np.linspace(2, len(ends) - 2, CUTS - 1)).astype(int)
    return [*(ends[place] for place in places), last]


def seven_cuts(network: keras.Model, last: str) -> tuple[keras.Model, list[int]]:
    """Return a network that gives the pooled maps of all cuts in one row, and their widths."""
    import keras

    maps = [network.get_layer(name).output for name in layers_to_cut(network, last)]
    pooled = [keras.layers.GlobalAveragePooling2D()(each) for each in maps]
    if network.output_shape[-1] == 1000:
        pooled.append(network.output)  # for LEEP
    joined = keras.Model(network.input, keras.layers.Concatenate()(pooled))
    return joined, [int(part.shape[-1]) for part in pooled]


def last_map(network: keras.Model) -> str:
    """Return the name of the last layer that gives a map, which the head averages."""
    maps = [layer.name for layer in network.layers if len(layer.output.shape) == 4]
    with_head = [name for name in maps if not re.search("reshape|preds|dropout|pool", name)]
    return with_head[-1]


def compute_rows(name: str, images: Callable[[int], np.ndarray]) -> Rows:
    """Return what a network makes of pictures, which are asked for in its size."""
    network, prepare, size = load_network(name)
    joined, widths = seven_cuts(network, last_map(network))
    everything = features.compute(joined, images(size), preprocess=prepare)
    parts = np.split(everything, np.cumsum(widths)[:-1], axis=1)
    return Rows(parts[:CUTS], parts[CUTS] if len(parts) > CUTS else None)


def known_networks() -> tuple[str, ...]:
    """Return the names of the networks to compare, from the least accurate on ImageNet on."""
    more = [name for name in MORE if fetch.find_here(imagenet_weights.weights_file(name))]
    return tuple(sorted([*TOP_1, *more], key=lambda name: (TOP_1 | MORE)[name]))


# ----------------------------------------------------------------------------- tasks


def solar_task() -> Task:
    """Return the solar cells, cut between modules."""
    _, labels, _, kinds, modules = solar.load_solar_cells(64)

    @functools.cache
    def rows(name: str) -> Rows:
        def images(size: int) -> np.ndarray:
            grey = solar.load_solar_cells(size).images
            return np.broadcast_to(grey[..., None], (*grey.shape, 3))

        return compute_rows(name, images)

    def split(seed: int) -> tuple[np.ndarray, np.ndarray]:
        return solar.split_modules(modules, kinds, seed=seed)

    return Task("solar cells", labels, split, rows, known_networks())


def flower_task() -> Task:
    """Return the flowers; their two sides are fixed, and draws of labels differ."""
    sides = flowers.split_flowers(fetch.fetch_flower_photos())[1:]
    labels = np.concatenate([side.labels for side in sides])
    learn, test = np.split(np.arange(len(labels)), [len(sides[0].labels)])

    @functools.cache
    def rows(name: str) -> Rows:
        def images(size: int) -> np.ndarray:
            return np.concatenate([flowers.load_photographs(side, size)[0] for side in sides])

        return compute_rows(name, images)

    return Task("flowers", labels, lambda seed: (learn, test), rows, known_networks())


def texture_task() -> Task:
    """Return patches of surfaces; each seed learns from another side of the photographs."""
    each, patch = 40, 32
    count = len(textures.SURFACES) * each  # of one side
    labels = np.tile(np.repeat(np.arange(len(textures.SURFACES)), each), 2 * 2)

    @functools.cache
    def rows(name: str) -> Rows:
        def images(size: int) -> np.ndarray:
            ways = [
                textures.load_textures(each, size=size, patch=patch, learn_from=side)
                for side in ("left", "top")
            ]
            return np.concatenate([half.images for way in ways for half in (way.train, way.test)])

        return compute_rows(name, images)

    def split(seed: int) -> tuple[np.ndarray, np.ndarray]:
        way, turned = seed // 2 % 2, seed % 2
        sides = [np.arange(count) + count * (2 * way + half) for half in (0, 1)]
        return (sides[1], sides[0]) if turned else (sides[0], sides[1])

    return Task("textures", labels, split, rows, known_networks())


def digit_task() -> Task:
    """Return the handwriting with the course's own network, cut between writers."""
    lab = load.load_lab("digits")
    images = np.concatenate([lab.train.images, lab.test.images])
    labels = np.concatenate([lab.train.labels, lab.test.labels])
    writers = handwriting.writers()

    @functools.cache
    def rows(name: str) -> Rows:
        network = lab.network()
        exits = [f"conv_pw_{block}_relu" for block in (1, 3, 5, 7, 9, 11, 13)]
        import keras

        pooled = [
            keras.layers.GlobalAveragePooling2D()(network.get_layer(exit).output) for exit in exits
        ]
        joined = keras.Model(network.input, keras.layers.Concatenate()([*pooled, network.output]))
        everything = features.compute(joined, images, preprocess=lab.preprocess)
        parts = np.split(everything, np.cumsum([part.shape[-1] for part in pooled]), axis=1)
        return Rows(parts[:CUTS], parts[CUTS])

    def split(seed: int) -> tuple[np.ndarray, np.ndarray]:
        return group_splits.split_groups(writers, np.zeros(len(writers), int), seed=seed)

    return Task("digits", labels, split, rows, ("digits network",))


# ----------------------------------------------------------------------------- measuring


def head() -> Any:
    """Return the logistic regression that is the truth and the baseline."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    balanced = LogisticRegression(C=PENALTY, max_iter=1000, class_weight="balanced")
    return make_pipeline(StandardScaler(), balanced)


def cross_validated(rows: np.ndarray, labels: np.ndarray) -> float:
    """Return the balanced accuracy of the head in cross-validation: the baseline of all scores."""
    from sklearn.model_selection import StratifiedKFold, cross_val_score

    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    return float(
        cross_val_score(head(), rows, labels, cv=folds, scoring="balanced_accuracy").mean()
    )


SCORES: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "a head, cross-validated (the baseline)": cross_validated,
    "H-score, shrunk": transferability.h_score,
    "LogME": transferability.log_me,
    "nearest class mean": transferability.nearest_mean,
}
LEEP = "LEEP"


class Measured(NamedTuple):
    """One task: candidates in rows, splits in columns.

    Attributes
    ----------
    networks
        Shape (candidates,): the name of each one's network.
    whole
        Shape (candidates,): True where the cut is the usual one.
    truth
        Shape (candidates, splits): balanced accuracy on rows to test on.
    scores
        Name of a score → shape (candidates, splits); LEEP is NaN but for whole networks.
    seconds
        Name of a score → seconds of the processor for one candidate.
    """

    networks: np.ndarray
    whole: np.ndarray
    truth: np.ndarray
    scores: dict[str, np.ndarray]
    seconds: dict[str, float]


def measure_task(task: Task, seeds: Sequence[int]) -> Measured:
    """Measure all candidates of a task on several splits."""
    from sklearn.metrics import balanced_accuracy_score

    names: list[tuple[str, bool]] = []
    truth: list[list[float]] = []
    scores: dict[str, list[list[float]]] = {name: [] for name in (*SCORES, LEEP)}
    spent: dict[str, list[float]] = {name: [] for name in (*SCORES, LEEP)}

    def timed(name: str, *args: np.ndarray) -> float:
        began = time.process_time()
        found = (transferability.leep if name == LEEP else SCORES[name])(*args)
        spent[name].append(time.process_time() - began)
        return found

    for network in task.networks:
        try:
            rows = task.rows(network)
        except FileNotHere as missing:
            print(missing)
            continue
        for place, cut in enumerate(rows.cuts):
            names.append((network, place == len(rows.cuts) - 1))
            truth.append([])
            for values in scores.values():
                values.append([])
            for seed in seeds:
                learn, test = task.split(seed)
                classes = len(np.unique(task.labels))
                few = splits.label_budget(task.labels[learn], LABELS // classes, seed=seed)
                few = learn[few]
                fitted = head().fit(cut[learn], task.labels[learn])
                right = balanced_accuracy_score(task.labels[test], fitted.predict(cut[test]))
                truth[-1].append(right)
                for name in SCORES:
                    scores[name][-1].append(timed(name, cut[few], task.labels[few]))
                old = rows.answers if names[-1][1] else None
                known = np.nan if old is None else timed(LEEP, old[few], task.labels[few])
                scores[LEEP][-1].append(known)
    return Measured(
        np.array([name for name, _ in names]),
        np.array([whole for _, whole in names]),
        np.array(truth),
        {name: np.array(values) for name, values in scores.items()},
        {name: float(np.mean(values)) for name, values in spent.items() if values},
    )


# ----------------------------------------------------------------------------- the table

TASKS = (digit_task, texture_task, flower_task, solar_task)


def rows_of(task: str, measured: Measured) -> tables.Rows:
    """Return the rows of one task: the truth, and how well each score put candidates in order."""
    count = measured.truth.shape[1]
    table = [
        (
            f"{task}, {name}",
            ", ".join(f"{value:.1%}" for value in measured.truth.mean(axis=1)[own])
            + f" (last: {low:.1%} to {high:.1%} over {count} splits)",
        )
        for name in dict.fromkeys(measured.networks)
        for own in [np.flatnonzero(measured.networks == name)]
        for low, high in [(measured.truth[own[-1]].min(), measured.truth[own[-1]].max())]
    ]
    numbers = np.unique(measured.networks, return_inverse=True)[1]
    whole = measured.whole
    if whole.sum() >= 3:
        top_1 = np.array([(TOP_1 | MORE)[name] for name in measured.networks[whole]])
        each = np.repeat(top_1[:, None], count, axis=1)
        words = in_words(each, measured.truth[whole])
        table.append((f"{task}, whole networks: ImageNet accuracy", words))
    for name, scores in measured.scores.items():
        if whole.sum() >= 3:
            known = whole & np.isfinite(scores).all(axis=1)
            if known.sum() >= 3:
                words = in_words(scores[known], measured.truth[known])
                table.append((f"{task}, whole networks: {name}", words))
        if name == LEEP:
            continue
        if whole.sum() >= 2:
            words = in_words(scores, measured.truth)
            table.append((f"{task}, networks and cuts: {name}", words))
            words = in_words(scores, measured.truth, numbers)
            table.append((f"{task}, cuts of each network: {name}", words))
        else:
            words = in_words(scores, measured.truth)
            table.append((f"{task}, cuts: {name}", words))
    milliseconds = [f"{name} {1000 * spent:.0f}" for name, spent in measured.seconds.items()]
    table.append((f"{task}, ms of a processor for one candidate", ", ".join(milliseconds)))
    return table


def in_words(scores: np.ndarray, truth: np.ndarray, groups: np.ndarray | None = None) -> str:
    """Return the correlation of ranks: the mean over splits, their range, the mean interval.

    A score of one split is compared with the truth of all splits: what one wants to know is
    which candidate is best, not which was lucky in that split.
    """
    true = truth.mean(axis=1)
    found = [
        transferability.rank_correlation(each, true, groups=groups, draws=500)
        for each in scores.T
        if np.ptp(each) > 0
    ]
    values = [one.value for one in found]
    low, high = np.mean([(one.low, one.high) for one in found], axis=0)
    count = f"{len(true)} candidates"
    if groups is not None:
        count = f"{len(np.unique(groups))} networks"
    return (
        f"τ {np.mean(values):.2f} ({min(values):.2f} to {max(values):.2f} over splits; "
        f"interval for {count}: {low:.2f} to {high:.2f})"
    )


def labels_of_weights() -> str:
    """Return which weights are used, of those that are here."""
    labels = [f"{SMALL} (ImageNet)"]
    for name in known_networks():
        with contextlib.suppress(FileNotHere):
            labels += [imagenet.fetch_weights(name)[1]] if name != SMALL else []
    return ", ".join(labels)


def measure_all(seeds: range) -> tables.Rows | None:
    """Return the rows of all tasks; what is not on this computer is left out."""
    table: tables.Rows = [("weights", labels_of_weights())]
    for make in TASKS:
        try:
            task = make()
        except FileNotHere as missing:
            print(missing)
            continue
        table += rows_of(task.name, measure_task(task, seeds))
    return table if len(table) > 1 else None


if __name__ == "__main__":
    sys.exit(tables.run("transferability", measure_all, draws=5))
