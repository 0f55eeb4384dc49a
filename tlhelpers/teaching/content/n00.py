"""Exercises and quizzes of notebook 00.  `definitions` says what the fields mean."""

from __future__ import annotations

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
from tlhelpers.teaching.exercises.kinds import judge_guess, recognise, slips, to_read
from tlhelpers.teaching.exercises.reading import (
    NotThis,
    call,
    number,
    one_of,
    record,
    rows,
    short,
    some_of,
    words,
)

# ------------------------------------------------------- 0.1 a number to predict


def check_guess(answer: object, context: dict) -> Verdict:
    """Compare a guess with what was measured; every honest guess counts as done."""
    near_chance = number(answer, "your guess") <= 15
    low = "More of the skill carries over than you thought."
    if near_chance:
        low = (
            "You guessed about what chance gives; but reading print is most of what reading "
            "handwriting takes."
        )
    high = "Handwriting is not quite print, after all."
    return judge_guess(answer, context, low=low, high=high)


GUESS = Exercise(
    id="0.1",
    title="How many digits without a label?",
    stub="guess = ...  # in per cent",
    ask='tl.check("0.1", guess, measured=no_labels)',
    hints=(
        "Chance gives one in ten. The network read nearly all printed characters. "
        "Your guess lies between the two.",
        "There is no wrong guess. Write the first number that comes to your mind.",
    ),
    solution="guess = 70",
    why="Any number between 0 and 100 is a guess. What counts is how far off it was, and why.",
    check=check_guess,
    mistakes=(
        KnownAnswer("guess = 0.7", "looks like a fraction"),
        KnownAnswer("guess = 640", "Did you count?"),
        KnownAnswer("guess = -5", "Less than nothing"),
        KnownAnswer("guess = '70 %'", "without quotes"),
    ),
    also_right=(
        KnownAnswer("guess = 10", "about what chance gives"),
        KnownAnswer("guess = np.float32(99.9)", "too high"),
        KnownAnswer("guess = [92]", "right to the point"),
        KnownAnswer("guess = np.array(90)", "close"),
    ),
    setup="no_labels = 0.919",
)

# ----------------------------------------------------- 0.2 a function to complete


def _restricted(seed: int, columns: list[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return probabilities (60, 12), columns, and labels that count within the columns."""
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.ones(12), size=60)
    best = probabilities[:, columns].argmax(axis=1)
    labels = np.where(rng.random(60) < 0.6, best, rng.integers(0, len(columns), 60))
    return probabilities, np.array(columns), labels


def check_accuracy_among(answer: object, context: dict) -> Verdict:
    """Try the function on three made-up networks; the columns are never the first ones."""
    for seed, chosen in enumerate(([7, 2, 9], [11, 4, 3, 8], [5, 6])):
        probabilities, columns, labels = _restricted(seed, chosen)
        inputs = probabilities.copy(), columns.copy(), labels.copy()
        try:
            value = call(answer, *inputs, name="`accuracy_among`")
        except NotThis as problem:
            if "broadcast" not in str(problem):
                raise
            return wrong(
                f"There must be one answer for each row; here are {len(labels)} rows and "
                f"{len(columns)} columns, and two shapes that do not fit. Look at the axis."
            )
        value = number(value, "what `accuracy_among` returns")
        inside = probabilities[:, columns]
        hits = inside.argmax(axis=1) == labels
        if np.isclose(value, hits.mean(), atol=1e-4):
            continue
        mistakes = {
            "It let the network choose among all its classes. Which columns may it look at?": (
                columns.take(labels) == probabilities.argmax(axis=1)
            ).mean(),
            "It compared positions among all columns with labels that count "
            "within `columns` only.": (probabilities.argmax(axis=1) == labels).mean(),
            "It took the first columns. `columns` may be any, in any order.": (
                probabilities[:, : len(columns)].argmax(axis=1) == labels
            ).mean(),
            "That is the share of wrong answers.": 1 - hits.mean(),
            "That is in per cent. A share from 0 to 1 is wanted, as scikit-learn gives it.": (
                100 * hits.mean()
            ),
            "That is how many are right. Which share of all rows is it?": hits.sum(),
            "It chose the least probable class.": (inside.argmin(axis=1) == labels).mean(),
            "Not one answer agrees. Did it compare probabilities with labels?": 0.0,
        }
        recognise(np.array(value), mistakes)
        return wrong(
            f"For {len(labels)} rows and the columns {columns.tolist()} it returns {value:.3g}, "
            "which is not the share of right answers. Try it by hand with two rows."
        )
    return right(
        "It chooses among the given columns only, in whatever order they come. "
        "To know which answers are possible is worth something, and costs no label."
    )


AMONG_SOLUTION = '''
def accuracy_among(probabilities, columns, labels):
    """Share of rows whose best of `columns` is the right one."""
    answers = probabilities[:, columns].argmax(axis=1)
    return np.mean(answers == labels)
'''.strip()

AMONG = Exercise(
    id="0.2",
    title="Choose among some classes only",
    stub='''
def accuracy_among(probabilities, columns, labels):
    """Share of rows whose best of `columns` is the right one."""
    answers = ...
    return ...
'''.strip(),
    ask='tl.check("0.2", accuracy_among)',
    hints=(
        "Section 6 does it for ten columns. First keep only what the network may choose from.",
        "`probabilities[:, columns]` has one column for each possible answer. In which of them "
        "is the largest number of each row?",
        "`argmax` with `axis=1` says so. Then compare with the labels, and take the mean.",
    ),
    solution=AMONG_SOLUTION,
    why="After the columns are cut out, positions count from 0 within them, and so do the labels.",
    check=check_accuracy_among,
    mistakes=(
        KnownAnswer(
            "def accuracy_among(probabilities, columns, labels):\n"
            "    return np.mean(probabilities.argmax(axis=1) == columns[labels])",
            "among all its classes",
        ),
        *slips(
            AMONG_SOLUTION,
            ("[:, columns]", "", "compared positions"),
            ("[:, columns]", "[:, :len(columns)]", "took the first columns"),
            ("np.mean(", "100 * np.mean(", "in per cent"),
            ("np.mean(", "np.sum(", "how many are right"),
            ("answers == labels", "answers != labels", "wrong answers"),
            ("argmax(", "argmin(", "the least probable class"),
            ("argmax(", "max(", "Not one answer agrees"),
            ("axis=1", "axis=0", "one answer for each row"),
            ("    return ", "    ", "returns nothing"),
        ),
    ),
    also_right=(
        KnownAnswer(
            "def accuracy_among(p, keep, truth):\n"
            "    good = [row[list(keep)].argmax() == t for row, t in zip(p, truth)]\n"
            "    return sum(good) / len(good)",
            "whatever order",
        ),
        KnownAnswer(
            "import tensorflow as tf\n"
            "def accuracy_among(p, keep, truth):\n"
            "    best = tf.argmax(tf.gather(p, keep, axis=1), axis=1)\n"
            "    return tf.reduce_mean(tf.cast(best == truth, tf.float32))",
            "whatever order",
        ),
        KnownAnswer(edited(AMONG_SOLUTION, "[:, columns]", "[..., columns]"), "whatever order"),
    ),
    setup="import numpy as np",
)

# ----------------------------------------------------------------- 0.3 a bug to find


def check_exam_rows(answer: object, context: dict) -> Verdict:
    """Ask for rows of two made-up data sets, and look at what was handed out."""
    for n, per_class, seed in ((300, 3, 0), (410, 5, 1)):
        labels = np.arange(n) * 7 % 10
        found = call(answer, labels.copy(), per_class, seed, name="`exam_rows`")
        if not isinstance(found, tuple | list) or len(found) != 2:
            return wrong("Return two things: the rows to train on, and the rows to test on.")
        train = rows(found[0], "the rows to train on")
        test = rows(found[1], "the rows to test on")
        if not len(train) or not len(test):
            return wrong("One of the two parts is empty.")
        if min(train.min(), test.min()) < 0 or max(train.max(), test.max()) >= n:
            return wrong(f"Some row numbers are not among the {n} rows. They count from 0.")
        counts = np.bincount(labels[train], minlength=10)
        tested = np.bincount(labels[test], minlength=10)
        if (counts != per_class).any() and (tested == per_class).all():
            return wrong("The two parts come in the wrong order: training first.")
        both = np.intersect1d(train, test)
        if len(both):
            return wrong(
                f"Rows are in both parts, such as row {both[0]}: a test with questions "
                "whose answers were in the textbook. Which rows may `test` not hold?"
            )
        if not (train.max() < test.min() or test.max() < train.min()):
            return wrong(
                "No row is in both parts any more, but rows of the two lie side by side. "
                "The digits come in the order of their writers: the same hands are in both."
            )
        if (counts != per_class).any():
            return wrong(
                f"The training part has {counts.min()} to {counts.max()} rows of a class. "
                f"The budget is {per_class} of each."
            )
        if len(test) < n // 4:
            return wrong(f"The test has {len(test)} of {n} rows. So few say little.")
    return right(
        "No row is in both parts, and no writer either, but for one at the cut. "
        "The number that comes out is lower now, and it is true."
    )


BUG_SOLUTION = '''
def exam_rows(labels, per_class, seed):
    """Rows to train on, `per_class` of each, and rows to test on."""
    order = np.arange(len(labels))
    half = len(labels) // 2
    train, test = order[:half], order[half:]
    drawn = tl.splits.label_budget(labels[train], per_class, seed=seed)
    return train[drawn], test
'''.strip()

BUG = Exercise(
    id="0.3",
    title="Too good to be true",
    stub='''
def exam_rows(labels, per_class, seed):
    """Rows to train on, `per_class` of each, and rows to test on."""
    order = np.random.default_rng(seed).permutation(len(labels))
    half = len(labels) // 2
    train, test = order[:half], order
    drawn = tl.splits.label_budget(labels[train], per_class, seed=seed)
    return train[drawn], test
'''.strip(),
    ask='tl.check("0.3", exam_rows)',
    hints=(
        "Call it with `lab.train.labels`, and print both parts. Which rows are in both?",
        "There is a second thing. Rows of the same writer lie next to each other: "
        "what does a random order do to them?",
        "You need no random order for the cut: take the rows as they come.",
    ),
    solution=BUG_SOLUTION,
    why="Two leaks: the test held the training rows, and the shuffled cut put every hand on "
    "both sides. The draw of labels may be random; the cut between people may not.",
    check=check_exam_rows,
    mistakes=slips(
        BUG_SOLUTION,
        (
            "np.arange(len(labels))",
            "np.random.default_rng(seed).permutation(len(labels))",
            "the same hands",
        ),
        ("order[half:]", "order", "Rows are in both parts"),
        ("return train[drawn]", "return train", "The budget is"),
        ("train[drawn], test", "test, train[drawn]", "wrong order"),
        ("order[half:]", "order[half:half + 10]", "So few say little"),
        ("order[half:]", "order[len(labels):]", "is empty"),
        ("train[drawn], test", "train[drawn]", "Return two things"),
    ),
    also_right=(
        KnownAnswer(
            "def exam_rows(labels, per_class, seed):\n"
            "    cut = len(labels) // 2\n"
            "    drawn = tl.splits.label_budget(labels[cut:], per_class, seed=seed)\n"
            "    return [cut + int(row) for row in drawn], list(range(cut))",
            "it is true",
        ),
    ),
    setup="import numpy as np\nimport tlhelpers as tl",
)

# ---------------------------------------------------------- 0.4 a figure to read


READ = to_read(
    "0.4",
    "What is one label worth?",
    "answer",
    "C",
    {
        "A": "You compared the curves above the same point: that is the gap in accuracy. "
        "The question keeps the accuracy, so move sideways and not up.",
        "B": "Above two labels, the grey squares are still clearly lower than the first "
        "blue circle. Go on to the right.",
        "C": "A level line from the first blue circle meets the grey curve near ten. "
        "The network's past saves nine labels in ten here.",
        "D": "Look at the grey squares, and not at the orange triangles. At the right end "
        "they are higher than the first blue circle.",
    },
    hints=(
        "Find the blue circle above one label, and read its accuracy on the left.",
        "Now hold the accuracy and walk to the right, until you are on the grey squares. "
        "Read the number of labels below. The axis is logarithmic: its steps multiply.",
    ),
    why="Reading sideways gives the price of an accuracy in labels. Reading upwards gives "
    "the accuracy for a price. The first is what you pay for.",
)

# ------------------------------------------------------ 0.5 an experiment to design

PARTS = ("weights", "labels per class", "classifier", "draws of labels")


def check_plan(answer: object, context: dict) -> Verdict:
    """Look for what makes a comparison fair; what is compared is the learner's choice."""
    plan = record(
        answer, ("change", "keep", "draws", "choose_on", "rival", "surprise"), "your plan"
    )
    change = some_of(plan["change"], PARTS, "`change`")
    keep = some_of(plan["keep"], PARTS, "`keep`")
    if len(change) > 1:
        return wrong(
            f"You change {len(change)} things at once. If the number moves, which of them moved it?"
        )
    if set(change) & set(keep):
        return wrong(f"You change {short(change[0])} and keep it, too. It cannot be both.")
    left = [part for part in PARTS if part not in change and part not in keep]
    if left:
        return wrong(
            f"{len(left)} of the four parts are neither changed nor kept. "
            "What you do not hold still may move by itself."
        )
    if number(plan["draws"], "draws") < 3:
        return wrong(
            "With so few draws you cannot tell an effect from luck: look again at how far "
            "apart the best and the worst draw were in section 7."
        )
    if one_of(plan["choose_on"], ("train", "test"), "`choose_on`") != "train":
        return wrong(
            "`choose_on` is where you look while you still decide. "
            "Whoever decides on the test has seen the questions."
        )
    if len(words(plan["rival"], "`rival`").split()) < 2:
        return wrong(
            "A number alone says nothing. Name in a few words the simplest thing that "
            "the new result has to beat."
        )
    if len(words(plan["surprise"], "`surprise`").split()) < 5:
        return wrong(
            "Say in a sentence which result would show that your expectation is false. "
            "If none could, it is no experiment."
        )
    return right(
        f"A fair comparison: only {short(change[0])} differs, luck is averaged out, and you have "
        "said beforehand what would surprise you. Run it with the functions of sections 7 and 8."
    )


PLAN_SOLUTION = """
plan = {
    "change": ["weights"],
    "keep": ["labels per class", "classifier", "draws of labels"],
    "draws": 10,
    "choose_on": "train",
    "rival": "logistic regression on raw pixels",
    "surprise": "Features of a network with random weights are as good as those of ours.",
}
""".strip()

PLAN = Exercise(
    id="0.5",
    by_hand=True,
    title="Design an experiment",
    stub="""
plan = {
    "change": [...],  # what differs between the two runs
    "keep": [...],  # what is the same in both
    "draws": ...,  # how many draws of labels
    "choose_on": ...,  # "train" or "test": where you look first
    "rival": ...,  # the simplest thing to beat, in words
    "surprise": ...,  # the result that would prove you wrong, in a sentence
}
""".strip(),
    ask='tl.check("0.5", plan)',
    hints=(
        "Begin with one question: would the result be the same with *another* ...? "
        "What you put there is what you change.",
        "The parts that you do not change are those that you keep. Draws of labels are the "
        "same in both runs if the seeds are.",
        "For the last entry, finish this sentence: I would be surprised if ...",
    ),
    solution=PLAN_SOLUTION,
    why="If random weights did as well, it would be the form of the network that helps, and not "
    "its past. Many other plans are as good: what matters is that one thing differs.",
    check=check_plan,
    mistakes=(
        KnownAnswer(
            edited(
                edited(PLAN_SOLUTION, '["weights"]', '["weights", "classifier"]'),
                '"classifier", "draws',
                '"draws',
            ),
            "at once",
        ),
        *slips(
            PLAN_SOLUTION,
            ('["labels per class"', '["weights", "labels per class"', "It cannot be both"),
            ('"classifier", "draws of labels"', '"classifier"', "neither changed nor kept"),
            ('"draws": 10', '"draws": 1', "from luck"),
            ('"train"', '"test"', "has seen the questions"),
            ("logistic regression on raw pixels", "", "A number alone says nothing"),
            (
                "Features of a network with random weights are as good as those of ours.",
                "none",
                "it is no experiment",
            ),
            ('["weights"]', '"the luck"', "What it may have"),
        ),
    ),
    also_right=(
        KnownAnswer(
            'plan = {"change": "classifier", "keep": ("weights", "labels per class", '
            '"draws of labels"), "draws": np.int64(3), "choose_on": "train ", "rival": '
            '"nearest neighbour", "surprise": "The nearest neighbour wins with one label."}',
            "A fair comparison",
        ),
    ),
    setup="import numpy as np",
)

EXERCISES = (GUESS, AMONG, BUG, READ, PLAN)

# ------------------------------------------------------------------------- quizzes

QUIZZES = (
    Quiz(
        "0.a",
        "Which of these is transfer learning?",
        (
            Choice(
                "A network trained on many dog photographs is asked about new photographs of dogs.",
                "That is what it was trained for: same kind of image, same task. Nothing is "
                "carried over to something else.",
            ),
            Choice(
                "A network trained on product photographs helps to sort X-ray images.",
                "Another kind of image and another task, and the network's past is used all the "
                "same. How much it helps is to be measured.",
                right=True,
            ),
            Choice(
                "A new network is trained for longer on the same few images.",
                "More time is not more past. This is training from scratch.",
            ),
            Choice(
                "Weights are copied to another computer, to answer the same questions there.",
                "The weights travel, but the task stays. That is just using a network.",
            ),
        ),
    ),
    Quiz(
        "0.b",
        "Why is the data cut in the middle and not shuffled first?",
        (
            Choice(
                "Shuffling takes too long.",
                "Shuffling row numbers takes no time. The reason lies in who wrote the rows.",
            ),
            Choice(
                "So that training and test hold the same number of each digit.",
                "A cut in the middle does not promise that; a shuffled one comes as close.",
            ),
            Choice(
                "So that the test asks about people whose hand was never seen.",
                "Rows come in the order of their writers. A network that is to read strangers "
                "must be tested on strangers.",
                right=True,
            ),
        ),
    ),
    Quiz(
        "0.c",
        "You have 10,000 photographs of your own kind of parts, and labels for 40. What do you "
        "try first?",
        (
            Choice(
                "Train a network of your own on the 40.",
                "You saw training from scratch far below everything else with few labels, in the "
                "short time that it had.",
            ),
            Choice(
                "Logistic regression on frozen features, with raw pixels as its rival.",
                "Few labels, minutes of work, and you know whether the features are worth it. The "
                "unlabelled photographs may help later: that is domain adaptation.",
                right=True,
            ),
            Choice(
                "Pay for 9,960 more labels.",
                "Perhaps later. First see how far 40 take you, and what a few more buy.",
            ),
            Choice(
                "Train all weights of the largest network that there is.",
                "Millions of weights and 40 labels: it could learn them by heart. Fine-tuning "
                "needs more labels, and a reason.",
            ),
        ),
    ),
    Quiz(
        "0.d",
        "A network pretrained on ImageNet shall help with X-ray images, which are grey and far "
        "from its photographs. What do you expect?",
        (
            Choice(
                "Nothing: it has never seen an X-ray.",
                "It had never seen a solar cell either, nor the network of print a handwritten "
                "digit. Edges and textures are everywhere.",
            ),
            Choice(
                "It may help, by more or by less than on flowers; measure it beside raw pixels.",
                "The source is far, so the gain cannot be foreseen. It takes minutes to measure.",
                right=True,
            ),
            Choice(
                "As much as on flowers: features are features.",
                "Features are what the network needed for its own task. Another task may need "
                "what they leave out.",
            ),
        ),
    ),
)
