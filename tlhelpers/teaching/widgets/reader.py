"""Reads digits in several ways, and learns from examples: what is behind `draw`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from tlhelpers import start
from tlhelpers.data import splits
from tlhelpers.inputs import read_array, read_images
from tlhelpers.labs import load
from tlhelpers.networks import features, surgery
from tlhelpers.transfer import adaptation, fine_tuning

if TYPE_CHECKING:  # for readers and type checkers only: they take seconds to load
    import keras
    from sklearn.linear_model import LogisticRegression

OWN_WEIGHT = 3.0  # an example of yours counts as much as this many of others'
EPOCHS = 4  # of fine-tuning, once the head is trained
LEARN = 646  # rows of lab.train to learn from: five writers; the others judge


def fit_logistic_regression(
    rows: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None
) -> LogisticRegression:
    """Train logistic regression on one processor core, see `start.small_sums_on_one_core`.

    Parameters
    ----------
    rows, labels, weights
        Shapes (n, d), (n,) and, if some rows are to count more, (n,).
    """
    from sklearn.linear_model import LogisticRegression

    start.small_sums_on_one_core()
    return LogisticRegression(max_iter=1000).fit(rows, labels, weights)


class Reader:
    """Reads digits in several ways, and learns from examples.

    Parameters
    ----------
    per_class
        How many labelled digits of each class it is given, from the first 646
        of ``lab.train``.
    seed
        Which ones.

    Attributes
    ----------
    examples
        What was added: (picture, digit) for each.
    strategies
        The ways in which it can read by now.
    """

    def __init__(self, per_class: int = 20, seed: int = 0) -> None:
        import keras

        self.lab = load.load_lab("digits")
        self.columns = self.lab.columns()
        self.network = self.lab.network()
        self.body = surgery.cut_head(self.network)
        # Both at once, as they share all but the last step.
        self.both = keras.Model(self.network.input, [self.body.output, self.network.output])
        pictures, labels = self.lab.train
        self.given = splits.label_budget(labels[:LEARN], per_class, seed=seed)
        self.pictures, self.labels = pictures, labels
        self.rows = features.compute(self.body, pictures, preprocess=self.lab.preprocess)
        self.frozen = fit_logistic_regression(self.rows[self.given], labels[self.given])
        self.raw = fit_logistic_regression(_flat(pictures[self.given]), labels[self.given])
        self.own: LogisticRegression | None = None
        self.examples: list[tuple[np.ndarray, int]] = []
        self.learned = 0  # how many of them it has learned from
        self.trained: dict[str, keras.Model] = {}
        self.seed = seed

    @property
    def strategies(self) -> tuple[str, ...]:
        """The ways in which it can read by now."""
        more = ("+ your examples",) if self.own is not None else ()
        return ("raw pixels", "no labels", *self.trained, "frozen features", *more)

    def read(self, picture: np.ndarray) -> dict[str, np.ndarray]:
        """Return the probabilities of the ten digits, by each strategy.

        Parameters
        ----------
        picture
            Shape (8, 8), from 0 to 1.

        Returns
        -------
        dict
            Strategy → shape (10,), which add up to 1.
        """
        rows, answers = self._look(np.asarray(picture)[None])
        found = {"raw pixels": self.raw.predict_proba(_flat(np.asarray(picture)[None]))[0]}
        kept = answers[0, self.columns].astype(float)
        found["no labels"] = kept / kept.sum()
        for name, network in self.trained.items():
            ready = self.lab.preprocess(np.asarray(picture)[None])
            found[name] = np.asarray(network.predict_on_batch(ready))[0].astype(float)
        found["frozen features"] = self.frozen.predict_proba(rows)[0]
        if self.own is not None:
            found["+ your examples"] = self.own.predict_proba(rows)[0]
        return found

    def _look(self, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rows, answers = self.both.predict_on_batch(self.lab.preprocess(pictures))
        return np.asarray(rows), np.asarray(answers)

    def add(self, picture: np.ndarray, digit: int) -> None:
        """Add an example of your own.

        Parameters
        ----------
        picture
            Shape (8, 8), from 0 to 1.
        digit
            What it is, from 0 to 9.

        Raises
        ------
        ValueError
            If it is no digit, or no picture of this size.
        """
        picture = read_images(
            read_array(picture, "picture")[None], "picture", shape=(8, 8), low=0, high=1
        )[0]
        if not isinstance(digit, (int, np.integer)) or not 0 <= digit <= 9:
            raise ValueError(f"digit must be a whole number from 0 to 9; got {digit!r}.")
        self.examples.append((picture, int(digit)))

    def take_back(self) -> int:
        """Take back the example that was added last, and what was learned from it.

        Returns
        -------
        int
            Which digit it was.

        Raises
        ------
        ValueError
            If there is no example.
        """
        if not self.examples:
            raise ValueError("There is no example to take back.")
        _, digit = self.examples.pop()
        if self.learned > len(self.examples):
            self.own, self.learned = None, 0
            if self.examples:
                self.retrain()
        return digit

    def retrain(self) -> tuple[float, float]:
        """Train the head on your examples together with the given ones.

        Returns
        -------
        tuple of float
            The accuracy on 252 digits of other people (the end of ``lab.train``)
            without your examples, and with them.

        Raises
        ------
        ValueError
            If there is no example yet.
        """
        if not self.examples:
            raise ValueError("There is no example yet: draw a digit, say which it is, add it.")
        mine, digits = zip(*self.examples, strict=True)
        rows, _ = self._look(np.stack(mine))
        together = np.concatenate([self.rows[self.given], rows])
        labels = np.concatenate([self.labels[self.given], digits])
        weights = np.repeat([1.0, OWN_WEIGHT], [len(self.given), len(rows)])
        own = self.own = fit_logistic_regression(together, labels, weights)
        self.learned = len(self.examples)
        others, truth = self.rows[LEARN:], self.labels[LEARN:]
        return self.frozen.score(others, truth), own.score(others, truth)

    def forget(self) -> None:
        """Forget your examples."""
        self.examples, self.own, self.learned = [], None, 0

    def train_further(self, progress: Callable[[float], None] = lambda share: None) -> None:
        """Make two more readers: adapted without labels (AdaBN), and fine-tuned.

        They do not learn from your examples: ``Reader.trained`` keeps them as they are.
        It takes about fifteen seconds.

        Parameters
        ----------
        progress
            Called now and then with the share of the work that is done.
        """
        import keras

        ready = self.lab.preprocess(self.pictures[:LEARN])
        ten = surgery.keep_classes(self.network, self.columns)
        adapted, _ = adaptation.adabn(ten, ready)
        progress(0.2)
        tuned = surgery.keep_classes(self.network, self.columns)
        fine_tuning.train_head(tuned.layers[-1], self.rows[self.given], self.labels[self.given])
        surgery.unfreeze(tuned)
        tuned.compile(keras.optimizers.Adam(5e-4), "sparse_categorical_crossentropy")
        fine_tuning.fine_tune(
            tuned,
            ready[self.given],
            self.labels[self.given],
            learning_rate=5e-4,
            epochs=EPOCHS,
            seed=self.seed,
            after_epoch=lambda number: progress(0.2 + 0.8 * number / EPOCHS),
        )
        self.trained = {"adapted, no labels": adapted, "fine-tuning": tuned}


def _flat(pictures: np.ndarray) -> np.ndarray:
    return pictures.reshape(len(pictures), -1)
