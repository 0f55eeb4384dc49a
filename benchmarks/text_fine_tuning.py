"""What fine-tuning MiniLM brings over its frozen features, on 500 sentences about films.

The archive of rated sentences has to be at hand, and the network.  Each seed has a cut and
labels of its own: a quarter of the sentences is for choosing the frozen layer, and of the rest
30 % are tested on.  No rate and no number of passes was chosen on any of them.

Notebook 09 shows one run of each way; single runs differ by several points.
"""

from __future__ import annotations

import sys
import time
from typing import NamedTuple

import numpy as np

from benchmarks import tables
from tlhelpers import start
from tlhelpers.data import group_splits, rated_sentences, splits, texts
from tlhelpers.fetching import fetch
from tlhelpers.networks import bert, sentences

DOMAIN, SENTENCES, PER_CLASS = "movies", 4000, 250
EPOCHS, BATCH, LONGEST = 3, 16, 64
#: Way → the learning rate that it begins with; it falls to 0.
RATES = {"all blocks": 5e-5, "last two blocks": 1e-4, "LoRA, rank 8": 1e-3}
#: The same as all blocks, from a head that divides by next to nothing.
AS_COPIED = "all blocks, silent weights kept"
SILENT = 1e-6  # a feature of less spread says nothing
COLLAPSED = 0.6  # balanced accuracy below which nothing was learned


class Cut(NamedTuple):
    """Row numbers of one seed."""

    choice: np.ndarray
    train: np.ndarray
    test: np.ndarray


def cut(films: rated_sentences.RatedSentences, per_class: int, seed: int) -> Cut:
    """Cut rows in three: for choosing, to learn from, to test on; none has texts of another."""

    def halves(rows: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
        parts = group_splits.split_groups(
            films.reviews[rows], films.labels[rows], share=share, seed=seed
        )
        learn, held_out = (rows[part] for part in parts)
        return texts.leave_out_copies(films.texts, learn, held_out), held_out

    rest, choice = halves(np.arange(len(films.texts)), 0.25)
    learn, test = halves(rest, 0.3)
    few = splits.label_budget(films.labels[learn], per_class, seed=seed)
    return Cut(choice, learn[few], test)


def score(x: np.ndarray, y: np.ndarray, learn: np.ndarray, test: np.ndarray) -> float:
    """Return the balanced accuracy of logistic regression."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import balanced_accuracy_score

    model = LogisticRegression(max_iter=1000).fit(x[learn], y[learn])
    return float(balanced_accuracy_score(y[test], model.predict(x[test])))


def choose_layer(x: np.ndarray, y: np.ndarray, choice: np.ndarray, seed: int) -> int:
    """Return the layer that does best within the rows for choosing, in ten cuts."""
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(choice) for _ in range(10)]
    learn = 2 * len(choice) // 3
    means = [
        np.mean([score(x[:, layer], y, order[:learn], order[learn:]) for order in orders])
        for layer in range(x.shape[1])
    ]
    return int(np.argmax(means))


def head_of(x: np.ndarray, y: np.ndarray, silent: float) -> tuple[np.ndarray, np.ndarray]:
    """Return logistic regression on standardised features as weights for features as they are.

    Parameters
    ----------
    x, y
        Features (n, d) and classes 0 and 1.
    silent
        Features of less spread get the weight 0; with 0, none does.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    x = np.asarray(x, float)
    scaler = StandardScaler().fit(x)
    model = LogisticRegression(C=0.01).fit(scaler.transform(x), y)
    weights = np.where(x.std(axis=0) < silent, 0, model.coef_[0] / scaler.scale_)
    bias = model.intercept_[0] - weights @ scaler.mean_
    return weights.astype(np.float32)[:, None], np.array([bias], np.float32)


def fine_tune(
    way: str, head: tuple[np.ndarray, np.ndarray], learn: tuple, test: tuple, seed: int
) -> tuple[float, float]:
    """Return the balanced accuracy on the test, and the seconds of training.

    Parameters
    ----------
    way
        One of `RATES`, or `AS_COPIED`.
    head
        What the head begins with.
    learn, test
        Texts and their labels.
    """
    import keras
    from sklearn.metrics import balanced_accuracy_score

    keras.utils.set_random_seed(seed)
    tokenizer = bert.load_tokenizer(most=LONGEST)
    vectors = sentences.sentence_network(bert.load_minilm())
    dense = keras.layers.Dense(1, "sigmoid")
    model = keras.Model(vectors.input, dense(vectors.output))
    dense.set_weights(head)
    if way.startswith("LoRA"):
        bert.add_lora(model, rank=8)
    else:
        bert.train_blocks(model, 2 if "two" in way else 6)
    data = sentences.dataset_of_texts(tokenizer, *learn, batch_size=BATCH, seed=seed)
    rate = keras.optimizers.schedules.PolynomialDecay(
        RATES.get(way, RATES["all blocks"]), EPOCHS * len(data)
    )
    model.compile(keras.optimizers.Adam(rate), "binary_crossentropy", jit_compile=False)
    began = time.perf_counter()
    model.fit(data, epochs=EPOCHS, shuffle=False, verbose=0)
    seconds = time.perf_counter() - began
    held_out = sentences.dataset_of_texts(tokenizer, *test, batch_size=64, shuffle=False)
    good = model.predict(held_out, verbose=0)[:, 0] > 0.5
    return float(balanced_accuracy_score(test[1], good)), seconds


def measure(seeds: range) -> tables.Rows | None:
    """Return the rows of the table, or None if something is missing."""
    start.load_tensorflow()
    try:
        network, tokenizer = bert.load_minilm(), bert.load_tokenizer()
        films = rated_sentences.load_sentences(DOMAIN)
    except fetch.FileNotHere as missing:
        print(missing, file=sys.stderr)
        return None
    some = np.sort(np.random.default_rng(0).permutation(len(films.texts))[:SENTENCES])
    films = rated_sentences.RatedSentences(*(part[some] for part in films))
    x = sentences.sentence_vectors(network, tokenizer, films.texts.tolist(), layer=range(7))
    y = films.labels
    found: dict[str, list[float]] = {}
    took: dict[str, list[float]] = {}
    layers = []
    for seed in seeds:
        rows = cut(films, PER_CLASS, seed)
        layers.append(choose_layer(x, y, rows.choice, seed))
        for name, layer in (("frozen, last layer", 6), ("frozen, chosen layer", layers[-1])):
            right = score(x[:, layer], y, rows.train, rows.test)
            found.setdefault(name, []).append(right)
        learn, test = ((films.texts[part], y[part]) for part in (rows.train, rows.test))
        for way in (*RATES, AS_COPIED):
            head = head_of(x[rows.train, 6], learn[1], 0 if way == AS_COPIED else SILENT)
            right, seconds = fine_tune(way, head, learn, test, seed)
            found.setdefault(way, []).append(right)
            took.setdefault(way, []).append(seconds)
            print(f"seed {seed}, {way}: {right:.1%}, {seconds:.0f} s", file=sys.stderr)
    last, chosen = (np.array(found[f"frozen, {name} layer"]) for name in ("last", "chosen"))
    rows_of_table: tables.Rows = [
        ("sentences to learn from, and to test on", f"{2 * PER_CLASS}, {len(test[0]):,}"),
        ("layers chosen", ", ".join(map(str, layers))),
    ]
    for way, scores in found.items():
        text = f"{np.mean(scores):.1%} ({', '.join(f'{one:.1%}' for one in scores)})"
        if way in took:
            over = (100 * np.mean(np.array(scores) - other) for other in (last, chosen))
            text += "; over last layer {:+.1f}, chosen layer {:+.1f} points".format(*over)
            text += f"; {np.sum(np.array(scores) < COLLAPSED)} of {len(scores)} collapsed"
            text += f"; {np.mean(took[way]):.0f} s"
        rows_of_table.append((way, text))
    return rows_of_table


if __name__ == "__main__":
    sys.exit(tables.run("text_fine_tuning", measure, draws=3))
