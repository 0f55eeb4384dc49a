"""Exercises and quizzes of notebook 11.  `definitions` says what the fields mean."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tlhelpers.teaching.exercises.definitions import (
    Choice,
    Exercise,
    KnownAnswer,
    Quiz,
    Verdict,
    edited,
    right,
    wrong,
)
from tlhelpers.teaching.exercises.kinds import judge_guess, slips, to_read
from tlhelpers.teaching.exercises.reading import NotThis, call, number, short, some_of

#: Names of the mistakes that a learner may choose from, in the order of the notebook.
EXHIBITS = (
    "range prepared_twice grey channel_order exif flatten logits untrained_head rate "
    "not_compiled statistics training_true validator_augmentation take_skip shuffled_answers "
    "cached_augmentation test_as_validation copies groups class_order classes_in_source "
    "imbalance one_seed scaled_on_all augmented_test batch_average tuned_on_target"
).split()

# ------------------------------------- 11.1 a project with two mistakes: what goes in


class _Network:
    """A made-up network: keeps what it is given, and returns features that depend on it."""

    def __init__(self) -> None:
        self.given: list[np.ndarray] = []

    def __call__(self, images: object) -> np.ndarray:
        found = np.asarray(images, np.float64)
        if found.ndim != 4 or found.shape[1:] != (8, 8, 3):
            raise ValueError(f"the network takes (n, 8, 8, 3), and got {found.shape}")
        self.given.append(found.copy())
        grey = found.mean(axis=-1)
        return np.stack([grey.mean((1, 2)), grey[:, :4].mean((1, 2)), grey[..., :4].mean((1, 2))]).T


def _made_up_pictures() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return pictures, labels and writers; the second half of the writers writes differently."""
    rng = np.random.default_rng(0)
    labels, writers = np.tile(np.arange(2), 60), np.repeat(np.arange(6), 20)
    pictures = rng.uniform(0, 255, (120, 8, 8))
    pictures[:, :, 0], pictures[:, 0, 0], pictures[:, 0, 1] = 128, 0, 255
    ink = np.where(writers < 3, labels, rng.integers(0, 2, 120))
    pictures[:, 1:4] = np.where(ink[:, None, None] == 1, 200, 40)
    return pictures, labels, writers


def check_preparation(answer: object, context: dict) -> Verdict:
    """Hand over made-up pictures and a network that remembers what it was given."""
    pictures, labels, writers = _made_up_pictures()
    network, mine = _Network(), pictures.copy()
    found = call(answer, mine, labels, writers, network, name="`project`")
    score = number(found, "the accuracy")
    if not np.array_equal(mine, pictures):
        return wrong("The pictures that came in are others now. Work on a copy of them.")
    if not network.given:
        return wrong("The network was never asked for features.")
    given = np.concatenate(network.given)
    low, high = given.min(), given.max()
    alike = np.allclose(given[..., :1], given, atol=1e-5)
    in_range = abs(low + 1) < 0.01 and abs(high - 1) < 0.01
    if not alike and not in_range:
        return wrong(
            "Both mistakes are still there. Look at one picture as the network gets it: its three "
            "colours, and its least and greatest number."
        )
    if not alike:
        return wrong("The range is right now. But what does each of the three colours hold?")
    if not in_range:
        return wrong(
            f"The colours are right now. But the network gets numbers from {low:.3g} to "
            f"{high:.3g}, and was trained on others."
        )
    wanted = _score_between_writers(_Network()(_pixels(pictures)), labels, writers)
    if abs(score - wanted) > 0.02:
        return wrong(
            f"Pixels are right, and the accuracy is {score:.3g} instead of {wanted:.3g}. The rest "
            "of the project was in order: leave the cut between writers, and the head, as it was."
        )
    return right("Three times the same grey, from -1 to 1, and nothing else was changed.")


def _pixels(pictures: np.ndarray) -> np.ndarray:
    return np.repeat(pictures[..., None] / 127.5 - 1, 3, axis=-1)


def _score_between_writers(rows: np.ndarray, labels: np.ndarray, writers: np.ndarray) -> float:
    from sklearn.linear_model import LogisticRegression

    names = np.unique(writers)
    known = np.isin(writers, names[: len(names) // 2])
    head = LogisticRegression(max_iter=1000).fit(rows[known], labels[known])
    return float(head.score(rows[~known], labels[~known]))


PREPARATION_STUB = '''
def project(pictures, labels, writers, network):
    """Learn from half of the writers; the accuracy on the others."""
    # Colour: the network wants three channels.
    colours = np.zeros((*pictures.shape, 3), "float32")
    colours[..., 0] = pictures

    # Range: small numbers are better for training.
    prepared = colours / 255

    # Features, computed once: the network is frozen.
    features = network(prepared)

    # Cut between writers, so that no hand is on both sides.
    names = np.unique(writers)
    known = np.isin(writers, names[: len(names) // 2])

    # A head for one side, and a report on the other.
    head = LogisticRegression(max_iter=1000)
    head.fit(features[known], labels[known])
    return head.score(features[~known], labels[~known])
'''.strip()

_COLOURS = """    colours = np.zeros((*pictures.shape, 3), "float32")
    colours[..., 0] = pictures"""
_SAME = "    colours = np.repeat(pictures[..., None], 3, axis=-1)"
_RANGE = "    prepared = colours / 255"
_MINUS = "    prepared = colours / 127.5 - 1"
PREPARATION_SOLUTION = edited(edited(PREPARATION_STUB, _COLOURS, _SAME), _RANGE, _MINUS)

PREPARATION = Exercise(
    id="11.1",
    title="A project with two mistakes: what goes in",
    stub=PREPARATION_STUB,
    ask='tl.check("11.1", project)',
    hints=(
        "Only what goes into the network is wrong; the cut, the head and the report are in order. "
        "Which exhibits of Hall A are about pixels?",
        "Call it with a network that prints `images.min()`, `images.max()` and "
        "`images[0, 0, 0]`. What should the three numbers of one place be?",
        "A grey picture in colour has the same grey in each channel. And the text above says "
        "which numbers the network was trained on: where must 0 and 255 go?",
    ),
    solution=PREPARATION_SOLUTION,
    why="These are `grey` and `range`. Neither raises an error, and the head learns something "
    "from the wrong pixels, too: only a comparison shows what is lost.",
    check=check_preparation,
    mistakes=(
        KnownAnswer(edited(PREPARATION_STUB, _COLOURS, _SAME), "The colours are right now"),
        KnownAnswer(edited(PREPARATION_STUB, _RANGE, _MINUS), "The range is right now"),
        KnownAnswer(
            edited(PREPARATION_STUB, _RANGE, "    prepared = colours / 127.5"),
            "Both mistakes are still there",
        ),
        KnownAnswer(
            edited(PREPARATION_SOLUTION, _MINUS, "    pictures -= 127.5\n" + _MINUS),
            "are others now",
        ),
        *slips(
            PREPARATION_SOLUTION,
            ("head.score(features[~known], labels[~known])", "1.0", "was in order"),
            ("network(prepared)", "prepared.reshape(len(labels), -1)", "never asked"),
        ),
    ),
    also_right=(
        KnownAnswer(
            "def project(x, y, who, network):\n"
            "    x = np.stack([x, x, x], axis=-1)\n"
            "    first = np.isin(who, np.unique(who)[: len(np.unique(who)) // 2])\n"
            "    a, b = network(2 * (x[first] / 255) - 1), network(2 * (x[~first] / 255) - 1)\n"
            "    return LogisticRegression(max_iter=1000).fit(a, y[first]).score(b, y[~first])",
            "Three times the same grey",
        ),
    ),
    setup="import numpy as np\nfrom sklearn.linear_model import LogisticRegression",
)

# -------------------------------------- 11.2 a project with two mistakes: how it is judged

STRENGTHS = (0.01, 0.1, 1.0, 10.0)


class _Bench:
    """Made-up trainings, and a diary: what was learned from, and what was asked about."""

    def __init__(self, best: int, count: int) -> None:
        self.best, self.count = best, count
        self.learned: list[tuple[int, frozenset[int]]] = []
        self.asked: list[tuple[int, frozenset[int]]] = []

    def train(self, rows: object, strength: float) -> Callable[[object], float]:
        """Note the rows and the strength that were learned with, and return what judges."""
        if strength not in STRENGTHS:
            raise ValueError(f"strength is one of {STRENGTHS}, and not {short(strength)}")
        place, learned = STRENGTHS.index(strength), self._rows(rows)
        self.learned.append((place, learned))

        def score(rows: object) -> float:
            asked = self._rows(rows)
            self.asked.append((place, asked))
            luck = np.random.default_rng([place, len(asked), min(asked), max(asked)])
            return float(0.9 - 0.05 * abs(place - self.best) + luck.uniform(-0.01, 0.01))

        return score

    def _rows(self, rows: object) -> frozenset[int]:
        found = np.asarray(rows)
        if found.dtype.kind == "b":
            found = np.flatnonzero(found)
        if found.ndim != 1 or found.dtype.kind not in "iu" or not len(found):
            raise ValueError("rows should be row numbers, or a mask of True and False")
        return frozenset(int(row) % self.count for row in found)


def check_judging(answer: object, context: dict) -> Verdict:
    """Let the project choose among made-up trainings, and read the diary."""
    writers = np.repeat(np.arange(12), 10)
    for best in range(4):
        bench = _Bench(best, len(writers))
        found = call(answer, writers, bench.train, list(STRENGTHS), best, name="`project`")
        if not isinstance(found, tuple | list) or len(found) != 2:
            return wrong("Return two things, as before: the chosen strength, and its accuracy.")
        strength, reported = number(found[0], "the strength"), number(found[1], "the accuracy")
        if strength not in STRENGTHS:
            raise NotThis(f"the chosen strength is {short(strength)}, which was not among those")
        if not bench.learned or not bench.asked:
            return wrong("Nothing was trained, or nothing was asked about.")
        said = _read_diary(bench, writers, STRENGTHS.index(strength), reported)
        if said:
            return wrong(said)
    return right(
        "Nobody's pictures are on two sides, one side chooses, and another one, opened once, "
        "reports."
    )


def _read_diary(bench: _Bench, writers: np.ndarray, chosen: int, reported: float) -> str:
    """Say what is wrong with how a project cut, chose and reported; nothing if all is well."""
    sides = {side for _, side in (*bench.learned, *bench.asked)}
    hands = {side: {int(writers[row]) for row in side} for side in sides}
    learned = frozenset().union(*(side for _, side in bench.learned))
    taught = {int(writers[row]) for row in learned}
    reports = [side for place, side in bench.asked if place == chosen]
    final = reports[-1]
    chose = {side for place, side in bench.asked if place != chosen}
    same = final in chose or not chose
    shared = bool(taught & hands[final]) or any(
        first != second and hands[first] & hands[second] for first in sides for second in sides
    )
    if final & learned:
        return "The report asks about pictures that the network knows: it has learned from them."
    if not chose:
        return "Only one strength was asked about. How did it choose?"
    if same and shared:
        return (
            "Both mistakes are still there. Whose pictures are on which side? And which side has "
            "chosen, which one reports?"
        )
    if shared:
        return (
            "One mistake is repaired. But a writer has pictures on two sides: who knows the hand "
            "knows half of the answer."
        )
    if same:
        return (
            "No hand is on two sides any more. But the number that is reported comes from the "
            "pictures by which the strength was chosen."
        )
    if len(chose) > 1:
        return "Each strength was asked about on other pictures: that compares nothing."
    if chosen != bench.best:
        return "It does not choose the strength that is best where it chooses."
    if abs(reported - bench.train(sorted(learned), STRENGTHS[chosen])(sorted(final))) > 1e-6:
        return "The report is not what the chosen network reached on the last side."
    return ""


JUDGING_STUB = '''
def project(writers, train, strengths, seed):
    """Choose a strength; return it, and the accuracy on new writers."""
    # Cut: a half to learn from, a quarter to choose by, and the test.
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(writers))
    half, most = len(order) // 2, 3 * len(order) // 4
    learn, valid, test = np.split(order, [half, most])

    # Try each strength, and keep the best.
    best, best_accuracy = None, -1
    for strength in strengths:
        score = train(learn, strength)
        accuracy = score(test)
        if accuracy > best_accuracy:
            best, best_accuracy = strength, accuracy

    # Report on pictures that were never learned from.
    score = train(learn, best)
    return best, score(test)
'''.strip()

_CUT = """    order = rng.permutation(len(writers))
    half, most = len(order) // 2, 3 * len(order) // 4
    learn, valid, test = np.split(order, [half, most])"""
_BY_WRITER = """    names = rng.permutation(np.unique(writers))
    half, most = len(names) // 2, 3 * len(names) // 4
    sides = np.split(names, [half, most])
    sides = [np.isin(writers, side) for side in sides]
    learn, valid, test = map(np.flatnonzero, sides)"""
JUDGING_SOLUTION = edited(
    edited(JUDGING_STUB, _CUT, _BY_WRITER), "accuracy = score(test)", "accuracy = score(valid)"
)

JUDGING = Exercise(
    id="11.2",
    title="A project with two mistakes: how it is judged",
    stub=JUDGING_STUB,
    ask='tl.check("11.2", project)',
    hints=(
        "Nothing is wrong with `train`. Which exhibits of Hall B are about what lies on which "
        "side, and about who chooses?",
        "`order` deals out pictures. What would have to be dealt out, so that nobody is on two "
        "sides? And `valid` is never used.",
        "Deal out the names in `np.unique(writers)`, and let `np.isin` find their rows. Then "
        "let the side that was cut off for choosing do it.",
    ),
    solution=JUDGING_SOLUTION,
    why="These are `groups` and `test_as_validation`. Both make the reported number too good, "
    "and nobody complains about a good number.",
    check=check_judging,
    mistakes=(
        KnownAnswer(edited(JUDGING_STUB, _CUT, _BY_WRITER), "No hand is on two sides any more"),
        KnownAnswer(
            edited(JUDGING_STUB, "accuracy = score(test)", "accuracy = score(valid)"),
            "One mistake is repaired",
        ),
        KnownAnswer(
            edited(JUDGING_STUB, "len(order) // 2,", "len(order) // 3,"),
            "Both mistakes are still there",
        ),
        *slips(
            JUDGING_SOLUTION,
            ("accuracy > best_accuracy", "accuracy < 2", "does not choose the strength"),
            ("return best, score(test)", "return best, 1 - score(test)", "not what the chosen"),
            ("return best, score(test)", "return best, score(learn)", "it has learned from"),
            ("return best, score(test)", "return score(test)", "Return two things"),
            ("in strengths:", "in strengths[:1]:", "Only one strength"),
        ),
    ),
    also_right=(
        KnownAnswer(
            "def project(writers, train, strengths, seed):\n"
            "    names = np.unique(writers)\n"
            "    np.random.default_rng(seed).shuffle(names)\n"
            "    a, b, c = (np.isin(writers, part) for part in np.array_split(names, 3))\n"
            "    scores = [train(a, s)(b) for s in strengths]\n"
            "    best = strengths[int(np.argmax(scores))]\n"
            "    return [best, train(a, best)(c)]",
            "opened once",
        ),
    ),
    setup="import numpy as np",
)

# ----------------------------------------- 11.3 a project with two mistakes: name them

NAMED = ("cached_augmentation", "not_compiled")


def check_named(answer: object, context: dict) -> Verdict:
    """Compare the names with those of the two mistakes in the project of the notebook."""
    found = set(some_of(answer, tuple(EXHIBITS), "`mistakes`"))
    hits = found & set(NAMED)
    if len(found) == 1:
        return wrong(
            f"One name came, and it is {'one of the two' if hits else 'neither of the two'}. "
            "Wanted are two."
        )
    if len(found) > 2:
        return wrong(f"{len(found)} names came. There are two mistakes: decide.")
    if len(hits) == 2:
        return right(
            "Each epoch sees the same few changed pictures, and phase two trains what phase one "
            "trained. Two lines of repair: move the one, add the other."
        )
    if hits:
        return wrong("One of these is in it, and the other one is not.")
    return wrong(
        "Neither of these is in it. Go through the project line by line: what does each line see "
        "of the lines before it?"
    )


NAME = Exercise(
    id="11.3",
    title="A project with two mistakes: name them",
    stub='mistakes = [..., ...]  # two names of exhibits, such as "exif"',
    ask='tl.check("11.3", mistakes)',
    hints=(
        "One mistake lies in the pipeline, the other one in the training.",
        "In the pipeline, ask of each line what happens once, and what happens in each epoch. In "
        "the training, ask what Keras knows when `fit` is called for the second time.",
    ),
    solution='mistakes = ["cached_augmentation", "not_compiled"]',
    why="`cache` stands behind the augmentation, and keeps its first result; and between "
    "unfreezing and the second `fit` there is no `compile`.",
    check=check_named,
    mistakes=(
        KnownAnswer('mistakes = {"cached_augmentation", "rate"}', "One of these is in it"),
        KnownAnswer('mistakes = {"range", "statistics"}', "Neither of these is in it"),
        KnownAnswer('mistakes = ["not_compiled"]', "it is one of the two"),
        KnownAnswer('mistakes = "logits"', "it is neither of the two"),
        KnownAnswer('mistakes = {"rate", "logits", "not_compiled"}', "3 names came"),
        KnownAnswer('mistakes = {"cache", "compile"}', "What it may have"),
    ),
    also_right=(
        KnownAnswer('mistakes = {"not_compiled ", "cached_augmentation"}', "Two lines of repair"),
        KnownAnswer('mistakes = ("cached_augmentation", "not_compiled")', "move the one"),
    ),
)

# -------------------------------------------------------------- 11.4 a number to guess


def check_guess(answer: object, context: dict) -> Verdict:
    """Compare a guess of how many exhibits a check-up names with the share that it named."""
    return judge_guess(
        answer,
        context,
        low="A program can look at pixels, layers, losses, pipelines and copies.",
        high="It sees one network and its data; it does not see what you did before, and why.",
    )


GUESS = Exercise(
    id="11.4",
    title="How much can a program see?",
    stub="guess = ...  # in per cent",
    ask='tl.check("11.4", guess, measured=share)',
    hints=(
        "Which exhibits leave a trace in the network, in its data, or in how they are joined?",
        "There is no wrong guess. Write the first number that comes to your mind.",
    ),
    solution="guess = 60",
    why="Any number between 0 and 100 is a guess. What leaves a trace can be found by a program; "
    "how often you tried, and what you chose by what, cannot.",
    check=check_guess,
    mistakes=(
        KnownAnswer("guess = 0.6", "looks like a fraction"),
        KnownAnswer("guess = 260", "More than 100"),
        KnownAnswer("guess = -60", "Less than nothing"),
        KnownAnswer("guess = 'most'", "without quotes"),
    ),
    also_right=(
        KnownAnswer("guess = 20", "A program can look at pixels"),
        KnownAnswer("guess = 99", "what you did before"),
        KnownAnswer("guess = np.array([70])", "to the point"),
    ),
    setup="import numpy as np\nshare = 0.7",
)

# ------------------------------------------------------------- 11.5 a figure to read

READ = to_read(
    "11.5",
    "Which one would you fear most?",
    "fear",
    "C",
    {
        "A": "It costs most, and just so it is noticed: a network that is right no more often "
        "than a guesser makes everybody look for the reason.",
        "B": "It costs nothing that could be measured here. Then there is little to fear.",
        "C": "A number that looks better than it is: nobody looks for a mistake, and it is found "
        "when the network is used.",
        "D": "Dots that lie apart say that luck is large. They say so openly, and more seeds help.",
    },
    hints=(
        "Think of who notices each kind, and when.",
        "With which of them would you publish your result, content?",
    ),
    why="Mistakes that lower a number are looked for. Mistakes that raise it are believed.",
)

EXERCISES = (PREPARATION, JUDGING, NAME, GUESS, READ)

# ------------------------------------------------------------------------- quizzes

QUIZZES = (
    Quiz(
        "11.a",
        "Training goes well, and the validation accuracy is that of a guesser. Where first?",
        (
            Choice(
                "Take a larger network.",
                "A larger one gets the same pixels, and is asked in the same way.",
            ),
            Choice(
                "Ask about some training pictures with the code that judges validation.",
                "If these are wrong, too, then asking differs from training: pixels, training "
                "mode, the order of labels. If they are right, look at the data.",
                right=True,
            ),
            Choice(
                "Train longer.",
                "It learns already. Something is different where it is asked.",
            ),
        ),
    ),
    Quiz(
        "11.b",
        "Your accuracy is far above what others report on the same data. What do you do?",
        (
            Choice(
                "Publish it before they find out how.",
                "Most often a number far above all others is a mistake of judging.",
            ),
            Choice(
                "Repeat it with three seeds: if they agree, it is true.",
                "A copy of the test in the training data is there with every seed.",
            ),
            Choice(
                "Look for what is on both sides of the cut, and for who has chosen.",
                "Copies, writers, augmentation before the cut, a test that chose: all of them "
                "raise the number, and with every seed.",
                right=True,
            ),
            Choice(
                "Lower the learning rate.",
                "That may change the number. It does not say whether it is true.",
            ),
        ),
    ),
)
