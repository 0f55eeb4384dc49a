"""A classifier from few labels, in several ways: what `explore_labels` shows."""

from __future__ import annotations

import numpy as np

from tlhelpers.data import splits
from tlhelpers.labs import load
from tlhelpers.networks import features, surgery
from tlhelpers.teaching.widgets.reader import LEARN, fit_logistic_regression

BUDGETS = (1, 2, 5, 10, 20, 50)
DRAWS = tuple(range(10))
EARLIER = "conv_pw_11_relu"  # chosen in the notebook on feature extraction


class Inputs:
    """What the classifier gets to see in each strategy; computed once, then kept on disk.

    Attributes
    ----------
    rows
        Strategy → one row of numbers for each image of ``lab.train``.
    labels, pictures
        Those of ``lab.train``.
    no_labels
        Accuracy of the network as it is on the images to judge on.
    """

    def __init__(self) -> None:
        import keras

        lab = load.load_lab("digits")
        self.pictures, self.labels = lab.train
        network = lab.network()
        cut = network.get_layer(EARLIER).output
        earlier = keras.Model(network.input, keras.layers.GlobalAveragePooling2D()(cut))

        def compute(model: keras.Model) -> np.ndarray:
            return features.compute(model, self.pictures, preprocess=lab.preprocess)

        self.rows = {
            "raw pixels": self.pictures.reshape(len(self.pictures), -1),
            "frozen features": compute(surgery.cut_head(network)),
            "frozen, layer chosen": compute(earlier),
        }
        # The head is one matrix: no need to run the network again.
        kernel, bias = (np.asarray(x)[..., lab.columns()] for x in network.layers[-1].weights)
        scores = self.rows["frozen features"][LEARN:] @ kernel + bias
        self.no_labels = float(np.mean(scores.argmax(axis=1) == self.labels[LEARN:]))

    def answers(self, strategy: str, per_class: int, draw: int) -> np.ndarray:
        """Train on a few labels, and answer for the images to judge on.

        Parameters
        ----------
        strategy
            A key of ``rows``.
        per_class
            Labels of each class, from 1 to 50.
        draw
            Which labels: another number is another choice.

        Returns
        -------
        numpy.ndarray
            Shape (252,): the digits that it says.
        """
        rows = self.rows[strategy]
        chosen = splits.label_budget(self.labels[:LEARN], per_class, seed=draw)
        return fit_logistic_regression(rows[chosen], self.labels[chosen]).predict(rows[LEARN:])
