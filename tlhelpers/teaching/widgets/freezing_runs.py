"""Train a network further to some depth, with some learning rate: what `explore_freezing` shows.

The same network and steps as in the notebook on fine-tuning: cut two blocks
before the end, a new head, the head first, then the last blocks of the network.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from tlhelpers.data import glyphs, splits
from tlhelpers.labs import load
from tlhelpers.networks import surgery
from tlhelpers.teaching.widgets.reader import LEARN
from tlhelpers.transfer import fine_tuning, metrics

BLOCKS = (0, 2, 5, 11)  # how many of the eleven blocks are trained; none is the head alone
LEARNING_RATES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
DRAWS = (0, 1)
PER_CLASS = 20
EPOCHS = 6
PRINTED = 10  # printed characters of each class


class Run(NamedTuple):
    """One training and its result.

    Attributes
    ----------
    blocks, learning_rate, draw
        How many blocks were trained, how large the steps were at the start, and which labels
        were drawn.
    handwriting, print
        Accuracies, from 0 to 1.
    """

    blocks: int
    learning_rate: float
    draw: int
    handwriting: float
    print: float


class Bench:
    """Holds the data and the network, and trains."""

    def __init__(self) -> None:
        import keras

        lab = load.load_lab("digits")
        self.images, self.labels = lab.preprocess(lab.train.images), lab.train.labels
        self.print_labels = np.tile(np.arange(len(lab.source_classes)), PRINTED)
        pictures = glyphs.draw_characters(
            self.print_labels, style="plain", fonts=glyphs.HELD_OUT_FONTS, seed=0
        )
        self.printed = lab.preprocess(pictures)
        self.network = lab.network()
        self.base = surgery.cut_head(self.network, "conv_pw_11_relu")
        head = keras.layers.Dense(len(lab.target_classes), activation="softmax", name="head")
        self.model = keras.Sequential([self.base, keras.layers.Flatten(), head])
        rows = self.base.predict(self.images, batch_size=256, verbose=0)
        self.rows = rows.reshape(len(rows), -1)
        self.pretrained = self.model.get_weights()
        self.blocks: int | None = None  # for which the model is compiled
        self.start: dict = {}

    def train(
        self,
        blocks: int,
        learning_rate: float,
        draw: int,
        progress: Callable[[float], None] = lambda share: None,
    ) -> Run:
        """Train once, from the pretrained weights, and measure.

        Parameters
        ----------
        blocks
            How many of the last blocks to train, from 0 (the head alone) to 11.
        learning_rate
            That of the first epoch.
        draw
            Which labels, and the order and the augmentation of the images.
        progress
            Called now and then with the share of the work that is done.
        """
        import keras

        if blocks != self.blocks:
            self.model.set_weights(self.pretrained)
            # A block has six layers; Flatten and the head come last.
            surgery.unfreeze(self.model, None if blocks == 11 else 2 + 6 * blocks)
            adam = keras.optimizers.Adam(learning_rate)
            self.model.compile(adam, "sparse_categorical_crossentropy")
            adam.build(self.model.trainable_variables)
            self.start = self.model.get_state_tree(value_format="numpy_array")
            self.blocks = blocks
        self.model.set_state_tree(self.start)
        chosen = splits.label_budget(self.labels[:LEARN], PER_CLASS, seed=draw)
        head = self.model.layers[-1]
        fine_tuning.train_head(head, self.rows[chosen], self.labels[chosen])
        progress(0.1)
        if blocks:
            fine_tuning.fine_tune(
                self.model,
                self.images[chosen],
                self.labels[chosen],
                learning_rate=learning_rate,
                epochs=EPOCHS,
                seed=draw,
                after_epoch=lambda number: progress(0.1 + 0.8 * number / EPOCHS),
            )
        others = splits.Split(self.images[LEARN:], self.labels[LEARN:])
        printed = splits.Split(self.printed, self.print_labels)
        written = metrics.accuracy(self.model, others)
        return Run(blocks, learning_rate, draw, written, metrics.accuracy(self.network, printed))
