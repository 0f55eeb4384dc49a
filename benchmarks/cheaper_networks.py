"""More accuracy, or less cost, from the same networks, over several draws.

Size of the input and the cut on solar cells and flowers; ensembles, averaged weights,
distillation and 8-bit numbers on digits.  Nothing is chosen on test rows: mixing shares and
greedy soups are chosen on writers (`VALID`) who are neither learned from nor tested on.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from benchmarks import solar_cells, tables
from tlhelpers.data import glyphs, solar, splits
from tlhelpers.fetching.fetch import FileNotHere
from tlhelpers.labs import imagenet, load
from tlhelpers.networks import build, features, surgery
from tlhelpers.transfer import augmentation, fine_tuning

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras

    from tlhelpers.labs.lab import Lab

Weights = list[np.ndarray]

SIDES = (96, 128, 160, 224)  # pixels of each side
NETWORK, CUT = "EfficientNetLite0", "block5b_add"  # the end of its tenth block
PENALTY = 0.001  # C of the heads on solar cells, fixed beforehand

LEARN, VALID = slice(0, 386), slice(386, 898)  # cut between writers
OF_VALID = 7  # digits at the start of the test that the last writer of VALID wrote
LABELS = 20  # of each digit
RATES = (3e-4, 1e-3, 2e-3)  # of the three trainings of a draw
SHARES = (0, 0.25, 0.5, 0.75, 1)
TUNE: dict[str, Any] = {"epochs": 6, "batch_size": 20}
VARIANTS, TEMPERATURES = 20, (1, 4)  # of distillation: of each picture; both are reported
STUDENT: dict[str, Any] = {"batch_size": 64, "epochs": 3}
CALIBRATION = 64  # pictures that say which ranges the maps have


# ------------------------------------------------------------------ size of the input, and the cut


def measure_sizes(seeds: range) -> tables.Rows:
    """Return the rows of input size and cut: solar cells, and flowers, if they are here.

    Parameters
    ----------
    seeds
        Each cuts the cells in two between modules, and draws the labels of the flowers.
    """
    rows: tables.Rows = []
    for measure in (_sizes_of_cells, _sizes_of_flowers):
        try:
            rows += measure(seeds)
        except FileNotHere as missing:
            print(f"Left out: {missing}", file=sys.stderr)
    return rows


def _sizes_of_cells(seeds: range) -> tables.Rows:
    weights, _ = imagenet.fetch_weights(NETWORK)
    cells = solar.load_solar_cells(max(SIDES))
    found: dict[str, list[float]] = {}
    for side in SIDES:
        joined, columns = two_cuts(build.build_network(NETWORK, weights, size=side))
        grey = cells.images[..., None]
        rows = features.compute(joined, grey, preprocess=shrink_to(side), cache=False)
        for way, part in columns.items():
            for seed in seeds:
                a, b = solar.split_modules(cells.modules, cells.kinds, seed=seed)
                score = solar_cells.score(rows[:, part], cells.labels, a, b, PENALTY)
                found.setdefault(f"{side} pixels, {way}", []).append(score.auc)
    return [(f"solar cells, AUC: {name}", spread(aucs, "{:.3f}")) for name, aucs in found.items()]


def _sizes_of_flowers(seeds: range) -> tables.Rows:
    from sklearn.linear_model import LogisticRegression

    lab = load.load_lab("flowers", architecture=NETWORK)
    weights, _ = imagenet.fetch_weights(NETWORK)
    labels = lab.train.labels
    found: dict[str, list[float]] = {}
    for side in SIDES:
        joined, columns = two_cuts(build.build_network(NETWORK, weights, size=side))
        learn, test = (
            features.compute(joined, half.images, preprocess=shrink_to(side), cache=False)
            for half in (lab.train, lab.test)
        )
        for way, part in columns.items():
            for seed in seeds:
                rows = splits.label_budget(labels, LABELS, seed=seed)
                head = LogisticRegression(max_iter=1000).fit(learn[rows][:, part], labels[rows])
                share = float(head.score(test[:, part], lab.test.labels))
                found.setdefault(f"{side} pixels, {way}", []).append(share)
    return [(f"flowers, {LABELS} labels of each: {name}", spread(found[name])) for name in found]


def two_cuts(network: keras.Model) -> tuple[keras.Model, dict[str, slice]]:
    """Return a network with the means of block 10 and of the end in one row, and their columns."""
    import keras

    middle = keras.layers.GlobalAveragePooling2D()(network.get_layer(CUT).output)
    end = network.get_layer("avg_pool").output
    edge = int(middle.shape[-1])
    joined = keras.Model(network.input, keras.layers.Concatenate()([middle, end]))
    return joined, {"cut after block 10": slice(0, edge), "the end": slice(edge, None)}


def shrink_to(side: int) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function that makes pictures ready for EfficientNet-Lite of this size.

    They are of shape (n, height, width, 1), grey, or (n, height, width, 3), from 0 to 255.
    """

    def prepare(pictures: np.ndarray) -> np.ndarray:
        import keras

        small = keras.ops.image.resize(pictures.astype(np.float32), (side, side), antialias=True)
        scaled = (keras.ops.convert_to_numpy(small) - 127) / 128
        return np.broadcast_to(scaled, (*scaled.shape[:3], 3))

    return prepare


# ------------------------------------------------------------------------------- digits, all ways


class Digits(NamedTuple):
    """Prepared images and labels of each part, and printed characters of fonts never seen."""

    learn: splits.Split
    valid: splits.Split
    test: splits.Split
    printed: splits.Split


def load_digits(lab: Lab) -> Digits:
    """Return the handwriting of the lab in three parts between writers, and print."""
    first, second = lab.train, lab.test
    characters = np.tile(np.arange(len(lab.target_classes)), 50)
    printed = glyphs.draw_characters(characters, style="plain", fonts=glyphs.HELD_OUT_FONTS, seed=0)
    pairs = (
        (first.images[LEARN], first.labels[LEARN]),
        (first.images[VALID], first.labels[VALID]),
        (second.images[OF_VALID:], second.labels[OF_VALID:]),
        (printed, characters),
    )
    return Digits(*(splits.Split(lab.preprocess(images), labels) for images, labels in pairs))


class Reader:
    """The reader of print with ten outputs, and what it says with any weights.

    Parameters
    ----------
    network
        A classifier; changed in place.
    norms
        Train BatchNormalization layers, too.
    """

    def __init__(self, network: keras.Model, norms: bool = False) -> None:
        import keras

        self.network, self.zero = network, network.get_weights()
        if norms:
            surgery.train_only(network, lambda layer: True)
        else:
            surgery.unfreeze(network)
        network.compile(keras.optimizers.Adam(), "sparse_categorical_crossentropy")
        network.optimizer.build(network.trainable_variables)
        self.fresh = network.get_state_tree(value_format="numpy_array")

    def tune(self, known: splits.Split, rate: float, seed: int) -> Weights:
        """Return the weights after a fine-tuning from the start."""
        self.network.set_state_tree(self.fresh)
        fine_tuning.fine_tune(self.network, *known, learning_rate=rate, seed=seed, **TUNE)
        return self.network.get_weights()

    def ask(self, weights: Weights, images: np.ndarray) -> np.ndarray:
        """Return probabilities, shape (n, 10)."""
        self.network.set_weights(weights)
        return self.network.predict(images, batch_size=256, verbose=0)

    def score(self, weights: Weights, part: splits.Split) -> float:
        """Return the share of right answers."""
        return right(self.ask(weights, part.images), part.labels)

    def take_statistics(self, weights: Weights, images: np.ndarray) -> Weights:
        """Return the weights with BatchNormalization's statistics taken anew from images."""
        self.network.set_weights(weights)
        norms = surgery.batchnorm_layers(self.network)
        usual = [(norm.momentum, norm.trainable) for norm in norms]
        for norm in norms:
            norm.momentum, norm.trainable = 0.0, True
        self.network(images, training=True)
        for norm, (momentum, trainable) in zip(norms, usual, strict=True):
            norm.momentum, norm.trainable = momentum, trainable
        return self.network.get_weights()


def right(answers: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of right answers, of probabilities (n, classes)."""
    return float(np.mean(answers.argmax(axis=1) == labels))


def average(networks: Iterable[Weights]) -> Weights:
    """Return the mean of the weights of several networks of the same shape.

    Examples
    --------
    >>> average([[np.zeros(2)], [np.ones(2)]])
    [array([0.5, 0.5])]
    """
    return [np.mean(same, axis=0) for same in zip(*networks, strict=True)]


def greedy_soup(networks: Sequence[Weights], taste: Callable[[Weights], float]) -> list[Weights]:
    """Return the networks of a greedy soup: the best, and each that does not make it worse.

    Parameters
    ----------
    networks
        Weights of fine-tunings from the same start.
    taste
        How good weights are, on rows that are neither learned from nor tested on.

    References
    ----------
    Wortsman et al. 2022, "Model soups: averaging weights of multiple fine-tuned models
    improves accuracy without increasing inference time".

    Examples
    --------
    >>> networks = [[np.array(value)] for value in (5.0, 1.0, 3.0)]
    >>> greedy_soup(networks, lambda weights: -abs(float(weights[0]) - 2))
    [[array(1.)], [array(3.)]]
    """
    first, *others = sorted(networks, key=taste, reverse=True)
    inside = [first]
    for network in others:
        if taste(average([*inside, network])) >= taste(average(inside)):
            inside.append(network)
    return inside


def choose_share(
    before: Weights, after: Weights, taste: Callable[[Weights], float]
) -> tuple[float, Weights]:
    """Return the share of the weights after fine-tuning that tastes best, and the mixture.

    Of equally good ones, the smallest share, which has forgotten least.
    """
    mixtures = [(x, fine_tuning.blend_weights(before, after, x)) for x in SHARES]
    return max(mixtures, key=lambda mixture: (taste(mixture[1]), -mixture[0]))


def measure_digits(seeds: range) -> tables.Rows:
    """Return the rows of ensembles, averaged weights, distillation and 8-bit numbers.

    Parameters
    ----------
    seeds
        Each draws its own labels, the order of each training, and a student.
    """
    from tqdm.auto import tqdm

    lab = load.load_lab("digits")
    parts = load_digits(lab)
    columns = np.arange(len(lab.target_classes))
    frozen, trained = (
        Reader(surgery.keep_classes(lab.network(), columns), norms) for norms in (False, True)
    )
    found: dict[str, list[float]] = {}

    def add(name: str, share: float) -> None:
        found.setdefault(name, []).append(share)

    for seed in tqdm(seeds, desc="Draws", leave=False):
        rows = splits.label_budget(parts.learn.labels, LABELS, seed=seed)
        few = splits.Split(parts.learn.images[rows], parts.learn.labels[rows])
        tuned = [frozen.tune(few, rate, 3 * seed + i) for i, rate in enumerate(RATES)]
        served = score_averages(frozen, tuned, parts, add)
        score_norms(trained, few, parts, seed, add)
        score_students(frozen, served, few, parts, seed, add)
        score_rounding(frozen, served, few, parts, add)
    return [(f"digits, {name}", spread(shares)) for name, shares in found.items()]


Add = Callable[[str, float], None]


def score_averages(reader: Reader, tuned: Sequence[Weights], parts: Digits, add: Add) -> Weights:
    """Add the rows of single networks, ensemble, soups and WiSE-FT; return the greedy soup."""

    def taste(weights: Weights) -> float:
        return reader.score(weights, parts.valid)

    answers = [reader.ask(weights, parts.test.images) for weights in tuned]
    tastes = [taste(weights) for weights in tuned]
    add("before any training: handwriting", reader.score(reader.zero, parts.test))
    add("before any training: print", reader.score(reader.zero, parts.printed))
    for rate, answer in zip(RATES, answers, strict=True):
        add(f"fine-tuned at {rate:g}", right(answer, parts.test.labels))
    add("best of three on valid", right(answers[int(np.argmax(tastes))], parts.test.labels))
    add("ensemble of three", right(np.mean(answers, axis=0), parts.test.labels))
    soup = average(tuned)
    add("uniform soup", reader.score(soup, parts.test))
    add("uniform soup: print", reader.score(soup, parts.printed))
    served = average(greedy_soup(tuned, taste))
    add("greedy soup", reader.score(served, parts.test))
    for rate, weights in zip(RATES, tuned, strict=True):
        share, mixed = choose_share(reader.zero, weights, taste)
        add(
            f"WiSE-FT at {rate:g}, share chosen on valid: handwriting",
            reader.score(mixed, parts.test),
        )
        add(
            f"WiSE-FT at {rate:g}, share chosen on valid: print", reader.score(mixed, parts.printed)
        )
        add(f"WiSE-FT at {rate:g}: that share", share)
        add(f"fine-tuned at {rate:g}: print", reader.score(weights, parts.printed))
    return served


def score_norms(reader: Reader, few: splits.Split, parts: Digits, seed: int, add: Add) -> None:
    """Add the rows of a soup of networks whose BatchNormalization was trained, too."""
    rate = RATES[1]
    networks = [reader.tune(few, rate, 3 * seed + i) for i in range(3)]
    answers = [reader.ask(weights, parts.test.images) for weights in networks]
    anew = [reader.take_statistics(weights, few.images) for weights in networks]
    soup = average(networks)
    named = "BatchNormalization trained"
    add(f"{named}: one network", float(np.mean([right(x, parts.test.labels) for x in answers])))
    add(
        f"{named}: one network, statistics taken anew",
        float(np.mean([reader.score(weights, parts.test) for weights in anew])),
    )
    add(f"{named}: ensemble of three", right(np.mean(answers, axis=0), parts.test.labels))
    add(f"{named}: soup, statistics averaged", reader.score(soup, parts.test))
    soup = reader.take_statistics(soup, few.images)
    add(f"{named}: soup, statistics taken anew", reader.score(soup, parts.test))


# ------------------------------------------------------------------------------------ distillation


def build_student(seed: int) -> keras.Model:
    """Return a small network of three convolutions, from images (n, 48, 48, 3) to ten logits."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(seed)
    conv: dict[str, Any] = {"kernel_size": 3, "padding": "same", "activation": "relu"}
    return keras.Sequential(
        [
            keras.Input((48, 48, 3)),
            layers.AveragePooling2D(3),
            layers.Conv2D(16, **conv),
            layers.Conv2D(32, strides=2, **conv),
            layers.Conv2D(32, strides=2, **conv),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )


def distillation_loss(temperature: float) -> Callable[[Any, Any], Any]:
    """Return the loss of a student: to answer like the teacher at this temperature.

    Both are given as logits, or as logarithms of probabilities.

    References
    ----------
    Hinton, Vinyals and Dean 2015, "Distilling the knowledge in a neural network".
    """
    import keras

    def loss(teacher: Any, student: Any) -> Any:
        soft = keras.ops.softmax(teacher / temperature)
        answers = keras.ops.softmax(student / temperature)
        return temperature**2 * keras.losses.categorical_crossentropy(soft, answers)

    return loss


def score_students(
    reader: Reader, teacher: Weights, few: splits.Split, parts: Digits, seed: int, add: Add
) -> None:
    """Add the rows of a small network alone and taught: the same start, pictures and steps."""
    import keras

    shown = np.concatenate(
        [augmentation.random_affine(few.images, VARIANTS * seed + i) for i in range(VARIANTS)]
    )
    logs = np.log(reader.ask(teacher, shown) + 1e-7)
    labels = np.tile(few.labels, VARIANTS)
    alone = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    lessons: dict[str, tuple[Any, np.ndarray]] = {"alone": (alone, labels)}
    for temperature in TEMPERATURES:
        lessons[f"taught at T = {temperature}"] = distillation_loss(temperature), logs
    for name, (loss, targets) in lessons.items():
        student = build_student(seed)
        student.compile(keras.optimizers.Adam(2e-3), loss)
        student.fit(shown, targets, verbose=0, **STUDENT)
        answers = student.predict(parts.test.images, batch_size=256, verbose=0)
        add(
            f"student of {student.count_params():,} parameters {name}",
            right(answers, parts.test.labels),
        )


# ----------------------------------------------------------------------------------- 8-bit numbers


def score_rounding(
    reader: Reader, weights: Weights, few: splits.Split, parts: Digits, add: Add
) -> None:
    """Add the accuracy of the network in ONNX Runtime with numbers of 32 and of 8 bits."""
    import onnxruntime

    reader.network.set_weights(weights)
    with tempfile.TemporaryDirectory() as folder:
        for name, file in round_network(reader.network, few.images[:CALIBRATION], folder).items():
            session = onnxruntime.InferenceSession(file.read_bytes())
            answers = session.run(None, {session.get_inputs()[0].name: parts.test.images})[0]
            megabytes = file.stat().st_size / 1e6
            add(f"ONNX Runtime, {name}, {megabytes:.1f} MB", right(answers, parts.test.labels))


def round_network(network: keras.Model, images: np.ndarray, folder: str) -> dict[str, Path]:
    """Write a network for ONNX Runtime: with 32 bits, and rounded to 8 in two ways.

    Parameters
    ----------
    network
        With fixed weights.
    images
        Prepared, to see the ranges of the maps.
    folder
        Where the files go.
    """
    import keras
    from onnxruntime import InferenceSession, quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    files = {name: Path(folder) / f"{name}.onnx" for name in ("float32", "dynamic", "static")}
    raw = Path(folder) / "raw.onnx"
    shape = keras.InputSpec(shape=network.input_shape, dtype="float32")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network.export(str(raw), format="onnx", verbose=False, input_signature=[shape])
    quant_pre_process(raw, files["float32"], skip_symbolic_shape=True)
    entry = InferenceSession(raw.read_bytes()).get_inputs()[0].name

    class Pictures(quantization.CalibrationDataReader):
        def __init__(self) -> None:
            self.left = iter(np.array_split(images, 4))

        def get_next(self) -> dict[str, np.ndarray] | None:
            batch = next(self.left, None)
            return None if batch is None else {entry: batch}

    quantization.quantize_dynamic(files["float32"], files["dynamic"])
    quantization.quantize_static(files["float32"], files["static"], Pictures(), per_channel=True)
    return files


def spread(values: Sequence[float], form: str = "{:.1%}") -> str:
    """Say mean, lowest and highest.

    Examples
    --------
    >>> spread([0.5, 0.75])
    '62.5% (50.0% to 75.0%)'
    """
    mean, low, high = (form.format(x) for x in (np.mean(values), min(values), max(values)))
    return f"{mean} ({low} to {high})"


if __name__ == "__main__":
    sys.exit(
        tables.run(
            "cheaper_networks",
            lambda seeds: measure_digits(seeds) + measure_sizes(seeds),
            draws=5,
        )
    )
