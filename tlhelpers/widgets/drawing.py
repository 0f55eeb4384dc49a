"""Draw a digit: what the network says, and how it learns your hand.

``draw()`` shows the sheet.  What happens behind it: `to_picture` makes of the
strokes what the digits lab has, and a `Reader` reads it in several ways and
learns from examples.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tlhelpers import adapt, backbones, features, images, labs, own, plots, training
from tlhelpers.widgets.recorded import recorded_drawings
from tlhelpers.widgets.showing import Picture, Turns, Words, live

if TYPE_CHECKING:  # for readers and type checkers only: they take a while to import
    import ipywidgets
    import keras
    from matplotlib.figure import Figure

#: Width of the pen, as a share of the longer side of what is drawn.
PEN = 0.14
OWN_WEIGHT = 3.0  # an example of yours counts as much as this many of others'
MOST_STROKES, MOST_POINTS = 100, 2_000
EPOCHS = 4  # of fine-tuning, once the head is trained

Strokes = Sequence[Sequence[Sequence[float]]]


def to_sheet(strokes: Strokes, side: int = 96) -> np.ndarray:
    """Draw strokes as a picture: black on white, as large as the sheet allows.

    What is drawn is brought to one size first, so that it does not matter how
    large somebody writes; then a pen of one width goes over it.

    Parameters
    ----------
    strokes
        A list of strokes, each a list of (x, y) from 0 to 1, from the upper left.
    side
        Pixels of a side of the picture.

    Returns
    -------
    numpy.ndarray
        Shape (side, side), uint8: 0 is ink, 255 is paper.

    Raises
    ------
    ValueError
        If nothing is drawn, or these are no strokes.

    Examples
    --------
    >>> to_sheet([[(0.5, 0.1), (0.5, 0.9)]])[48, [0, 48]]
    array([255,   0], dtype=uint8)
    """
    from PIL import Image, ImageDraw

    lines = _check(strokes)
    points = np.concatenate(lines)
    low, high = points.min(axis=0), points.max(axis=0)
    # A dot stays a dot: nothing is made larger than ten times.
    scale = 1 / max(float((high - low).max()), 0.1)
    large = 4 * side  # four times too large, then averaged: that makes smooth edges
    pen = PEN * large
    inner = large - 2 * pen
    sheet = Image.new("L", (large, large), 255)
    brush = ImageDraw.Draw(sheet)
    for line in lines:
        there = [tuple(p) for p in ((line - (low + high) / 2) * scale + 0.5) * inner + pen]
        if len(there) > 1:
            brush.line(there, fill=0, width=round(pen))
        for x, y in there:  # round joints and ends
            brush.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), fill=0)
    return np.asarray(sheet.resize((side, side), Image.Resampling.BOX))


def to_picture(strokes: Strokes) -> np.ndarray:
    """Turn strokes into an 8 × 8 picture like those of the digits lab.

    Parameters
    ----------
    strokes
        As for `to_sheet`.

    Returns
    -------
    numpy.ndarray
        Shape (8, 8), float32 from 0 (paper) to 1 (ink).

    Raises
    ------
    ValueError
        If nothing is drawn, or these are no strokes.

    Examples
    --------
    >>> to_picture([[(0.5, 0.1), (0.5, 0.9)]])[4].round()
    array([0., 0., 0., 1., 1., 0., 0., 0.], dtype=float32)
    """
    return own.to_ink(np.repeat(to_sheet(strokes)[None, ..., None], 3, axis=-1))[0]


def _check(strokes: Strokes) -> list[np.ndarray]:
    """Return the strokes as arrays, or say what is wrong with them."""
    wanted = "Wanted: a list of strokes, each a list of (x, y) from 0 to 1."
    try:
        lines = [np.asarray(stroke, float) for stroke in strokes if len(stroke)]
    except (TypeError, ValueError):
        raise ValueError(f"These are no strokes. {wanted}") from None
    if not lines:
        raise ValueError("Nothing is drawn yet.")
    total = sum(line.size for line in lines)
    if len(lines) > MOST_STROKES or total > 2 * MOST_POINTS:
        raise ValueError(f"That is too much for a digit: {len(lines)} strokes. Clear the sheet.")
    for line in lines:
        fits = line.ndim == 2 and line.shape[1] == 2 and np.isfinite(line).all()
        if not fits or line.min() < 0 or line.max() > 1:
            raise ValueError(f"These are no strokes. {wanted}")
    return lines


def fit(rows: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None):
    """Train logistic regression on one processor core.

    So few numbers are not worth sharing between cores, and where others use
    them too, waiting for each other takes ten times as long as the sums.

    Parameters
    ----------
    rows, labels, weights
        Shapes (n, d), (n,) and, if some rows are to count more, (n,).
    """
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        return LogisticRegression(max_iter=1000).fit(rows, labels, weights)


class Reader:
    """Reads digits in several ways, and learns from examples.

    Parameters
    ----------
    per_class
        How many labelled digits of each class it is given, from the first 600
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

        self.lab = labs.load_lab("digits")
        self.columns = self.lab.columns()
        self.network = self.lab.network()
        self.body = backbones.cut_head(self.network)
        # Both at once, as they share all but the last step.
        self.both = keras.Model(self.network.input, [self.body.output, self.network.output])
        pictures, labels = self.lab.train
        self.given = images.label_budget(labels[:600], per_class, seed=seed)
        self.pictures, self.labels = pictures, labels
        self.rows = features.compute(self.body, pictures, preprocess=self.lab.preprocess)
        self.frozen = fit(self.rows[self.given], labels[self.given])
        self.raw = fit(_flat(pictures[self.given]), labels[self.given])
        self.own = None
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
        picture = images.check_images(np.asarray(picture)[None], (8, 8), name="picture")[0]
        if not isinstance(digit, (int, np.integer)) or not 0 <= digit <= 9:
            raise ValueError(f"digit must be a whole number from 0 to 9; got {digit!r}.")
        self.examples.append((picture, int(digit)))

    def retrain(self) -> tuple[float, float]:
        """Train the head on your examples together with the given ones.

        Returns
        -------
        tuple of float
            The accuracy on 298 digits of other people (the end of ``lab.train``)
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
        self.own = fit(together, labels, weights)
        self.learned = len(self.examples)
        others, truth = self.rows[600:], self.labels[600:]
        return self.frozen.score(others, truth), self.own.score(others, truth)

    def forget(self) -> None:
        """Forget your examples."""
        self.examples, self.own, self.learned = [], None, 0

    def train_further(self) -> None:
        """Make two more readers: adapted without labels (AdaBN), and fine-tuned.

        They do not learn from your examples: ``Reader.trained`` keeps them as they are.
        It takes about ten seconds.
        """
        import keras

        ready = self.lab.preprocess(self.pictures[:600])
        ten = adapt.keep_classes(self.network, self.columns)
        self.trained["adapted, no labels"] = adapt.adabn(ten, ready)
        tuned = adapt.keep_classes(self.network, self.columns)
        training.head_first(tuned.layers[-1], self.rows[self.given], self.labels[self.given])
        backbones.unfreeze(tuned)
        tuned.compile(keras.optimizers.Adam(5e-4), "sparse_categorical_crossentropy")
        training.fine_tune(
            tuned,
            ready[self.given],
            self.labels[self.given],
            rate=5e-4,
            epochs=EPOCHS,
            seed=self.seed,
        )
        self.trained["fine-tuning"] = tuned


def _flat(pictures: np.ndarray) -> np.ndarray:
    return pictures.reshape(len(pictures), -1)


def answers_figure(picture: np.ndarray, answers: dict[str, np.ndarray]) -> Figure:
    """Draw what the network gets to see, and the probability of each digit by each strategy.

    Parameters
    ----------
    picture
        Shape (8, 8), from 0 to 1.
    answers
        Strategy → ten probabilities.
    """
    from matplotlib.figure import Figure

    with plots.style():
        figure = Figure(figsize=(8.2, 1.0 + 0.32 * max(len(answers), 4)))
        left = figure.add_axes((0.01, 0.1, 0.22, 0.72))
        left.imshow(picture, cmap="gray_r", vmin=0, vmax=1)
        left.set(xticks=[], yticks=[])
        left.set_title("what it sees", fontsize=10)
        left.grid(False)
        axis = figure.add_axes((0.41, 0.1, 0.58, 0.72))
        table = np.stack(list(answers.values()))
        axis.imshow(table, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        for row, column in np.argwhere(table >= 0.005):
            share = table[row, column]
            best = column == table[row].argmax()
            axis.text(
                column,
                row,
                f"{share:.0%}",
                ha="center",
                va="center",
                fontsize=9,
                fontweight="bold" if best else "normal",
                color="white" if share > 0.5 else "black",
            )
        axis.set_xticks(range(10), [str(digit) for digit in range(10)])
        axis.set_yticks(range(len(answers)), list(answers))
        axis.xaxis.tick_top()
        axis.tick_params(length=0)
        axis.grid(False)
    return figure


def in_words(answers: dict[str, np.ndarray]) -> str:
    """Say in words what each strategy answers.

    Examples
    --------
    >>> in_words({"no labels": np.eye(10)[3]})
    'no labels: 3 (100%)'
    """
    said = (
        f"{name}: {share.argmax()} ({math.floor(100 * share.max() + 0.5)}%)"
        for name, share in answers.items()
    )
    return "; ".join(said)


def draw(reader: Reader | None = None) -> ipywidgets.VBox:
    """Show a sheet to draw a digit on, and what the network says to it.

    Draw with the mouse, a finger, or the keyboard.  Add drawings as examples,
    retrain, and see whether it reads your hand better.

    Parameters
    ----------
    reader
        By default a new one: the network as it is, and logistic regression on
        twenty labelled digits of each class.

    Returns
    -------
    ipywidgets.VBox
        Its ``reader`` is the `Reader`, its ``pad`` the sheet.  Where widgets do
        not run, a recorded drawing stands in.
    """
    import ipywidgets as widgets

    from tlhelpers.widgets.pad import HOW, Pad

    reader = reader or Reader()
    drawings = recorded_drawings()
    picture, words = Picture(), Words()
    turns = Turns(words)
    pad = Pad(strokes=drawings[13][1])
    digit = widgets.Dropdown(
        options=list(range(10)),
        value=3,
        description="This is a",
        tooltip="Which digit the drawing is meant to be",
        layout={"width": "12em"},
        style={"description_width": "5em"},
    )

    def button(text: str, tooltip: str) -> widgets.Button:
        return widgets.Button(description=text, tooltip=tooltip, layout={"width": "12em"})

    clear = button("Clear", "Take a new sheet")
    another = button("Recorded drawing", "Put the next of thirty recorded drawings on the sheet")
    add = button("Add as example", "Add the drawing to the training examples, as this digit")
    retrain = button("Retrain", "Train on your examples and the given ones: about a second")
    forget = button("Forget mine", "Forget all your examples")
    further = button("Fine-tune, adapt", "Train two more readers: ten to thirty seconds")
    bar = widgets.IntProgress(max=2, layout={"width": "12em", "visibility": "hidden"})
    last = {"number": 13}

    def look(note: str = "") -> None:
        if not pad.strokes:
            seen = np.zeros((8, 8), np.float32)
            nothing = {name: np.zeros(10) for name in reader.strategies}
            picture.show(answers_figure(seen, nothing), "An empty sheet.")
            words.say(note or "The sheet is empty: draw a digit on it.")
            return
        seen = to_picture(pad.strokes)
        answers = reader.read(seen)
        said = in_words(answers)
        alt = f"A drawn digit as 8 × 8 pixels, and what each strategy takes it for. {said}."
        picture.show(answers_figure(seen, answers), alt)
        words.say(f"{note} {said}.".strip())

    @turns.take
    def drawn(_: object) -> None:
        look()

    @turns.take
    def on_clear(_: object) -> None:
        pad.strokes = []

    @turns.take
    def on_another(_: object) -> None:
        last["number"] = (last["number"] + 1) % len(drawings)
        digit.value, pad.strokes = drawings[last["number"]]

    @turns.take
    def on_add(_: object) -> None:
        reader.add(to_picture(pad.strokes), digit.value)
        count = len(reader.examples)
        words.say(
            f"Added as a {digit.value}: {count} example{'s' * (count > 1)} of yours. "
            "Draw another, or press Retrain."
        )

    @turns.take
    def on_retrain(_: object) -> None:
        if reader.examples and reader.learned == len(reader.examples):
            words.say("It has learned from all your examples already: add another first.")
            return
        before, after = reader.retrain()
        look(
            f"Retrained on {reader.learned} of yours. On 298 digits of other people: "
            f"{before:.1%} before, {after:.1%} now."
        )

    @turns.take
    def on_forget(_: object) -> None:
        reader.forget()
        look("Your examples are forgotten.")

    @turns.take
    def on_further(_: object) -> None:
        if reader.trained:
            words.say("Both are trained already: see the table.")
            return
        further.disabled, bar.value, bar.layout.visibility = True, 1, "visible"
        words.say("Training: ten to thirty seconds.")
        try:
            reader.train_further()
        finally:
            further.disabled, bar.layout.visibility = False, "hidden"
        look("Trained: adapted with 600 digits without labels, and fine-tuned on the given ones.")

    pad.observe(drawn, "strokes")
    pairs = [
        (clear, on_clear),
        (another, on_another),
        (add, on_add),
        (retrain, on_retrain),
        (forget, on_forget),
        (further, on_further),
    ]
    for which, what in pairs:
        which.on_click(what)
    look()
    rows = [[digit, add], [retrain, forget], [clear, another], [further, bar]]
    side = widgets.VBox([widgets.HBox(row) for row in rows])
    upper = widgets.HBox([pad, side], layout={"flex_flow": "row wrap"})
    how = widgets.HTML(f"<small>{HOW}</small>", layout={"max_width": "50em"})
    tools = {"reader": reader, "pad": pad, "picture": picture, "words": words}
    return live(
        [upper, words.widget, picture.widget, how],
        picture,
        **tools,
        digit=digit,
        buttons={which.description: which for which, _ in pairs},
    )
