"""Exercises and quizzes of notebook 06.  `definitions` says what the fields mean."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from tlhelpers.teaching.exercises.definitions import (
    Choice,
    Exercise,
    KnownAnswer,
    Quiz,
    Verdict,
    right,
    wrong,
)
from tlhelpers.teaching.exercises.kinds import judge_guess, recognise, slips, to_read
from tlhelpers.teaching.exercises.reading import (
    NotThis,
    array,
    call,
    number,
    one_of,
    record,
    rows,
    some_of,
    words,
)
from tlhelpers.transfer.metrics import accuracy_interval

# ----------------------------------------------------- 6.1 a function to complete


def check_fair_share(answer: object, context: dict) -> Verdict:
    """Hand over answers on uneven classes, each with another share of right ones."""
    for seed, counts in enumerate(((30, 5, 8), (4, 40, 9, 6))):
        rng = np.random.default_rng(seed)
        labels = rng.permutation(np.repeat(np.arange(len(counts)) + 1, counts))
        lucky = rng.random(len(labels)) < 1 / (labels + 0.5)
        answers = np.where(lucky, labels, rng.integers(1, len(counts) + 1, len(labels)))
        given = call(answer, labels.copy(), answers.copy(), name="`fair_share`")
        found = array(given, "what `fair_share` returns")
        classes, hits = np.unique(labels), labels == answers
        shares = np.array([hits[labels == c].mean() for c in classes])
        if found.size == 1 and np.isclose(found.item(), shares.mean(), atol=1e-4):
            continue
        said = np.array([hits[answers == c].mean() for c in classes])
        recognise(
            found.reshape(-1)[0] if found.size == 1 else found,
            {
                "That is the share of all pictures: the large class decides it alone.": (
                    hits.mean()
                ),
                "It sorts by what the network SAYS. Which pictures belong to a class does not "
                "depend on the answers.": said.mean(),
                "That is one share for each class. They are yet to be averaged.": [shares, said],
                "The shares are added up. With more classes it would be more than 1.": (
                    shares.sum()
                ),
                "That is in per cent. A share from 0 to 1 is wanted.": 100 * shares.mean(),
                "That is the share of wrong answers.": 1 - shares.mean(),
                "That is the worst class alone. It is worth a look, but the mean is asked for.": (
                    shares.min()
                ),
                "It averages shares of ALL pictures: each class should be divided by its own "
                "number of pictures.": [
                    np.mean([(hits & (labels == c)).mean() for c in classes]),
                    hits.mean() / len(classes),
                ],
            },
        )
        if found.size != 1:
            return wrong(f"One number is wanted; what comes has the shape {found.shape}.")
        return wrong(
            f"For classes of {', '.join(map(str, counts))} pictures it returns "
            f"{found.item():.3g}, and their shares are {', '.join(f'{s:.2f}' for s in shares)}."
        )
    return right(
        "Each class counts the same, however few pictures it has. Whoever always answers with "
        "the most common class gets one divided by the number of classes."
    )


SHARE_SOLUTION = '''
def fair_share(labels, answers):
    """Share of right answers in each class, averaged over classes."""
    shares = [np.mean(answers[labels == c] == c) for c in np.unique(labels)]
    return np.mean(shares)
'''.strip()

SHARE = Exercise(
    id="6.1",
    title="Each class counts the same",
    stub='''
def fair_share(labels, answers):
    """Share of right answers in each class, averaged over classes."""
    shares = ...
    return ...
'''.strip(),
    ask='tl.check("6.1", fair_share)',
    hints=(
        "`np.unique(labels)` has every class once. Begin with one of them: which answers were "
        "given to its pictures?",
        "`answers[labels == c]` are those. How many of them are equal to `c`?",
        "The mean of a row of True and False is a share. Collect one for each class.",
    ),
    solution=SHARE_SOLUTION,
    why="scikit-learn calls it `balanced_accuracy_score`. Report it beside the usual accuracy "
    "when the classes are uneven.",
    check=check_fair_share,
    mistakes=(
        KnownAnswer(
            "def fair_share(labels, answers):\n    return np.mean(labels == answers)",
            "the large class decides",
        ),
        *slips(
            SHARE_SOLUTION,
            ("answers[labels == c] == c", "labels[answers == c] == c", "what the network SAYS"),
            ("    return np.mean(shares)", "    return shares", "yet to be averaged"),
            ("return np.mean", "return sum", "are added up"),
            ("return np.mean(", "return 100 * np.mean(", "in per cent"),
            ("c] == c", "c] != c", "the share of wrong"),
            ("return np.mean", "return min", "the worst class alone"),
            ("answers[labels == c] == c", "(answers == c) & (labels == c)", "shares of ALL"),
            ("np.unique(labels)", "np.unique(labels)[1:]", "it returns"),
        ),
    ),
    also_right=(
        KnownAnswer(
            "from sklearn.metrics import balanced_accuracy_score as fair_share",
            "Each class counts the same",
        ),
        KnownAnswer(
            "def fair_share(truth, said):\n"
            "    table = {}\n"
            "    for t, s in zip(truth, said):\n"
            "        table.setdefault(int(t), []).append(int(t == s))\n"
            "    return sum(sum(x) / len(x) for x in table.values()) / len(table)",
            "Each class counts the same",
        ),
    ),
    setup="import numpy as np",
)

# ------------------------------------------------------- 6.2 a number to predict


def check_low(answer: object, context: dict) -> Verdict:
    """Compare a guess of the lower end with what the recipe gives."""
    if number(answer, "your guess") == 1:
        raise NotThis("1 looks like a fraction. Per cents were asked for, from 0 to 100.")
    if 90 <= number(answer, "your guess") <= 100:
        raise NotThis(
            "nine of ten were seen to be right, so the LOWER end lies below that. "
            "How far below is the question"
        )
    return judge_guess(
        answer,
        context,
        low="Ten pictures say more than that, but not much more.",
        high="Ten pictures say less than one thinks: one more mistake would have been easy.",
        least=10,
    )


LOW = Exercise(
    id="6.2",
    title="Nine of ten",
    stub="guess_low = ...  # in per cent",
    ask='tl.check("6.2", guess_low, measured=measured)',
    hints=(
        "Think of a classifier that is right for four of five new pictures. Would it be strange "
        "if it got nine of the next ten?",
        "And one that is right for half of them? Your guess lies where it begins to be strange.",
    ),
    solution="guess_low = 70",
    why="Any possible number is a guess. The recipe of the next cell says which true accuracies "
    "go well with nine of ten.",
    check=check_low,
    mistakes=(
        KnownAnswer("guess_low = 0.7", "looks like a fraction"),
        KnownAnswer("guess_low = 900", "More than 100"),
        KnownAnswer("guess_low = -7", "Less than nothing"),
        KnownAnswer("guess_low = 95", "the LOWER end lies below"),
        KnownAnswer("guess_low = 2", "too small"),
        KnownAnswer("guess_low = '60 %'", "without quotes"),
    ),
    also_right=(
        KnownAnswer("guess_low = 85", "one more mistake"),
        KnownAnswer("guess_low = 30", "but not much more"),
        KnownAnswer("guess_low = [60]", "to the point"),
        KnownAnswer("guess_low = np.float32(62)", "A close guess"),
    ),
    setup="import tlhelpers as tl\nmeasured = tl.metrics.accuracy_interval(9, 10)[0]",
)

# ---------------------------------------------------------- 6.3 a figure to read

READ = to_read(
    "6.3",
    "Which one is better?",
    "better",
    "B",
    {
        "A": "Four more of a hundred: look how long the bar at a hundred pictures is. Would you "
        "be surprised if two new hundreds turned it round?",
        "B": "Both true accuracies may lie anywhere in bars that share most of their length. It "
        "takes more pictures, or the same hundred for both, so that luck is the same for both.",
        "C": "Nothing speaks for that one: it got fewer right. The question is whether the other "
        "way round is shown.",
        "D": "That two cannot be told apart does not make them equal. Equal is a claim, too, and "
        "it would need very short bars.",
    },
    hints=(
        "Find the bar at a hundred test pictures. How far does it go to each side of its point?",
        "Now think of a second bar of this length, four points higher. Do the two overlap?",
    ),
    why="An overlap of bars is a rough sign only, but a good warning. On the SAME test pictures "
    "one can compare picture by picture, and sees smaller differences.",
)

# ------------------------------------------------------- 6.4 a number to find out


def _wide(total: int) -> float:
    low, high = accuracy_interval(round(0.9 * total), total)
    return high - low


def check_pictures(answer: object, context: dict) -> Verdict:
    """Look how wide the interval is with so many test pictures."""
    pictures = number(answer, "your number")
    if pictures != round(pictures):
        return wrong("A number of pictures is a whole number.")
    if pictures < 1:
        return wrong("Without test pictures nothing can be promised.")
    if pictures > 1_000_000:
        return wrong(
            "Nobody has so many. Try out `tl.metrics.accuracy_interval` with smaller numbers."
        )
    pictures = int(pictures)
    points = 100 * _wide(pictures)
    if points > 20:
        return wrong(f"The interval would be {points:.0f} points wide, far from ten. More.")
    if pictures <= 50:
        return wrong("You took ten points to EACH side. From end to end it is twice that.")
    if points > 10.05:  # 10.04 is ten to whoever rounds
        return wrong(f"Not quite: it would still be {points:.1f} points wide.")
    if pictures > 150:
        return wrong(
            f"That is enough, and more than it takes: the interval would be {points:.1f} points "
            "wide. Labels cost time; find the smallest number."
        )
    return right(
        f"{pictures} test pictures, for a promise that is vague by ten points. To halve the "
        "interval takes about four times as many."
    )


PICTURES = Exercise(
    id="6.4",
    title="How many test pictures for a promise?",
    stub="pictures = ...  # the smallest multiple of ten",
    ask='tl.check("6.4", pictures)',
    hints=(
        "`low, high = tl.metrics.accuracy_interval(90, 100)` is the interval for ninety of a "
        "hundred. How wide is it?",
        "Let a loop try `total` in `range(10, 1000, 10)`, with `round(0.9 * total)` of them right.",
        "Print `total` and `high - low` in each turn, and read where the width falls to 0.1.",
    ),
    solution="""
def width(total):
    low, high = tl.metrics.accuracy_interval(round(0.9 * total), total)
    return high - low

pictures = min(total for total in range(10, 1000, 10) if width(total) <= 0.1)
""".strip(),
    why="The width shrinks with the square root of the number: half as wide, four times as many.",
    check=check_pictures,
    mistakes=(
        KnownAnswer("pictures = 10", "far from ten"),
        KnownAnswer("pictures = 40", "to EACH side"),
        KnownAnswer("pictures = 120", "Not quite"),
        KnownAnswer("pictures = 560", "more than it takes"),
        KnownAnswer("pictures = 0", "nothing can be promised"),
        KnownAnswer("pictures = 12.5", "a whole number"),
        KnownAnswer("pictures = 10**9", "Nobody has so many"),
    ),
    also_right=(
        KnownAnswer("pictures = 142", "about four times"),
        KnownAnswer("pictures = np.array([150.0])", "about four times"),
    ),
    setup="import tlhelpers as tl",
)

# ----------------------------------------------------------------- 6.5 a bug to find


def check_two_sides(answer: object, context: dict) -> Verdict:
    """Hand over tiles of made-up photographs, and look on which side each of them lies."""
    sides = []
    for seed, n in ((0, 12), (1, 8), (2, 8), (3, 8)):
        rng = np.random.default_rng(seed)
        names = np.array([f"photo {i:02}" for i in range(n)])
        sources = rng.permutation(np.repeat(names, rng.integers(4, 12, n)))
        found = call(answer, sources.copy(), seed, name="`two_sides`")
        if not isinstance(found, tuple | list) or len(found) != 2:
            return wrong("Return two things: the rows to learn from, and the rows to test with.")
        train = rows(found[0], "the rows to learn from")
        test = rows(found[1], "the rows to test with")
        if not len(train) or not len(test):
            return wrong("One of the two sides is empty.")
        both = np.concatenate([train, test])
        if both.min() < 0 or both.max() >= len(sources):
            return wrong(f"Some row numbers are not among the {len(sources)} rows, from 0.")
        if len(np.unique(both)) < len(both):
            return wrong("A row is there twice: each tile belongs to one side, once.")
        shared = np.intersect1d(sources[train], sources[test])
        if len(shared) == n:
            return wrong(
                "Every single photograph has tiles on both sides. What is dealt out here, tiles "
                "or photographs?"
            )
        if len(shared):
            return wrong(
                f"{len(shared)} of {n} photographs still have tiles on both sides, such as "
                f"{shared[0]}. A photograph is on one side as a whole."
            )
        if len(both) < len(sources):
            return wrong(f"{len(sources) - len(both)} of {len(sources)} tiles are on no side.")
        learnt, tested = len(np.unique(sources[train])), len(np.unique(sources[test]))
        if tested > learnt:
            return wrong("The two sides come in the wrong order: to learn from first.")
        if tested != n // 4:
            return wrong(f"{tested} of {n} photographs are in the test; a quarter was asked for.")
        if n == 8:
            sides.append(tuple(np.unique(sources[test])))
    if len(set(sides)) == 1:
        return wrong("Whatever the seed, the same photographs are tested. Let the seed choose.")
    return right(
        "Photographs are dealt out, and their tiles follow. The accuracy falls, and now it says "
        "something about photographs that nobody has seen."
    )


SIDES_SOLUTION = '''
def two_sides(sources, seed):
    """Rows to learn from; rows of a quarter of the photographs."""
    photographs = np.random.default_rng(seed).permutation(np.unique(sources))
    tested = np.isin(sources, photographs[: len(photographs) // 4])
    return np.flatnonzero(~tested), np.flatnonzero(tested)
'''.strip()

SIDES = Exercise(
    id="6.5",
    title="A leak to close",
    stub='''
def two_sides(sources, seed):
    """Rows to learn from; rows of a quarter of the photographs."""
    order = np.random.default_rng(seed).permutation(len(sources))
    cut = len(sources) // 4
    return order[cut:], order[:cut]
'''.strip(),
    ask='tl.check("6.5", two_sides)',
    hints=(
        "`sources` says for each tile which photograph it is from. Call it with "
        '`np.array(["a", "a", "b", "b", "c", "c", "d", "d"])`: which letters are on which side?',
        "Shuffle the photographs, and not the tiles. `np.unique(sources)` has each one once.",
        "`np.isin(sources, some)` is True for the tiles of some photographs.",
    ),
    solution=SIDES_SOLUTION,
    why="scikit-learn has this as `GroupShuffleSplit`. The group is what your promise is about: "
    "new photographs, new people, new days.",
    check=check_two_sides,
    mistakes=(
        KnownAnswer(
            "def two_sides(sources, seed):\n"
            "    order = np.random.default_rng(seed).permutation(len(sources))\n"
            "    return order[len(sources) // 3 :], order[: len(sources) // 3]",
            "Every single photograph",
        ),
        KnownAnswer(
            "def two_sides(sources, seed):\n"
            "    order = np.argsort(sources, kind='stable')\n"
            "    cut = len(order) * 3 // 4 + 1\n"
            "    return order[:cut], order[cut:]",
            "A photograph is on one side as a whole",
        ),
        *slips(
            SIDES_SOLUTION,
            (
                "np.flatnonzero(~tested), np.flatnonzero(tested)",
                "np.flatnonzero(tested), np.flatnonzero(~tested)",
                "wrong order",
            ),
            (
                "np.random.default_rng(seed).permutation(np.unique(sources))",
                "np.unique(sources)",
                "Whatever the seed",
            ),
            ("// 4", "// 3", "a quarter was asked for"),
            ("// 4", "// 40", "is empty"),
            (
                "np.flatnonzero(~tested), np.flatnonzero(tested)",
                "~tested, tested",
                "a mask of True and False",
            ),
            ("np.flatnonzero(~tested), ", "np.flatnonzero(~tested)[1:], ", "are on no side"),
            ("np.flatnonzero(~tested), ", "", "Return two things"),
        ),
    ),
    also_right=(
        KnownAnswer(
            "from sklearn.model_selection import GroupShuffleSplit\n"
            "def two_sides(sources, seed):\n"
            "    quarter = len(set(sources)) // 4\n"
            "    cut = GroupShuffleSplit(1, test_size=quarter, random_state=seed)\n"
            "    return next(cut.split(sources, groups=sources))",
            "their tiles follow",
        ),
        KnownAnswer(
            "import random\n"
            "def two_sides(sources, seed):\n"
            "    names = sorted(set(sources.tolist()))\n"
            "    random.Random(seed).shuffle(names)\n"
            "    some = names[: len(names) // 4]\n"
            "    train = [i for i, name in enumerate(sources) if name not in some]\n"
            "    return train, [i for i, name in enumerate(sources) if name in some]",
            "their tiles follow",
        ),
    ),
    setup="import numpy as np",
)

# ------------------------------------------------------------- 6.6 a plan to make

RIVALS = ("most common class", "raw pixels", "a person")


def check_plan(answer: object, context: dict) -> Verdict:
    """Look whether the plan can keep its promise about new mugs."""
    plan = record(
        answer, ("split_by", "tested_mugs", "count", "rivals", "choose_on", "warns"), "your plan"
    )
    split = one_of(plan["split_by"], ("photograph", "mug", "class"), "`split_by`")
    if split == "photograph":
        return wrong(
            "Ten photographs show the same mug. Dealt out one by one, nearly every mug would be "
            "on both sides, and the test would ask about old acquaintances."
        )
    if split == "class":
        return wrong("Then one side would hold all the cracked ones. Nothing could be learned.")
    mugs = number(plan["tested_mugs"], "`tested_mugs`")
    if mugs != round(mugs) or not 0 < mugs < 40:
        return wrong("`tested_mugs` is a whole number; there are 40, and both sides want some.")
    if mugs < 8:
        return wrong("So few make a very wide interval: compare with the seven writers.")
    if mugs > 28:
        return wrong("Too few are left to learn from. There are 40 in all, of two classes.")
    if one_of(plan["count"], ("photographs", "mugs"), "`count`") == "photographs":
        return wrong(
            "The interval takes for granted that its pictures are independent. Those of one mug "
            "are mostly right together, or wrong together: relatives, as the digits of one writer. "
            "How many independent answers are there?"
        )
    if not {"most common class", "raw pixels"} & set(some_of(plan["rivals"], RIVALS, "`rivals`")):
        return wrong("Among the rivals should be one that is simple, and costs nothing to beat.")
    if one_of(plan["choose_on"], ("train", "test"), "`choose_on`") == "test":
        return wrong("Whoever chooses on the test has used it up. It can promise nothing then.")
    if len(words(plan["warns"], "`warns`").split()) < 5:
        return wrong("Warn in a whole sentence: of which mugs, cameras or light is nothing known?")
    return right(
        f"An honest plan. With {mugs:.0f} mugs the interval will be wide, and you will say so; "
        "the next forty mugs will make it shorter."
    )


PLAN_SOLUTION = """
plan = {
    "split_by": "mug",
    "tested_mugs": 14,
    "count": "mugs",
    "rivals": ["most common class", "raw pixels"],
    "choose_on": "train",
    "warns": "Nothing is known about mugs of another colour, or in other light.",
}
""".strip()

PLAN = Exercise(
    id="6.6",
    by_hand=True,
    title="A promise to a client",
    stub="""
plan = {
    "split_by": ...,  # "photograph", "mug" or "class": never cut through
    "tested_mugs": ...,  # how many of the 40 you keep for the test
    "count": ...,  # "photographs" or "mugs": what the interval counts
    "rivals": [...],  # of "most common class", "raw pixels", "a person"
    "choose_on": ...,  # "train" or "test": where you look as you decide
    "warns": ...,  # what the model card warns of, in a sentence
}
""".strip(),
    ask='tl.check("6.6", plan)',
    hints=(
        "The promise is about a mug that was never photographed. So the test needs such mugs.",
        "How many independent answers does the test give, if ten photographs of a mug nearly "
        "always get the same one?",
        "A warning names what is not in the data: other mugs, another camera, other light.",
    ),
    solution=PLAN_SOLUTION,
    why="What is promised decides what is dealt out, and what is counted. Take one number for "
    "each mug, the share of its ten photographs that were answered rightly, and the interval of "
    "their mean, as over the writers. Between 8 and 28 mugs for the test there is no best number: "
    "more make the interval shorter, and the classifier worse.",
    check=check_plan,
    mistakes=slips(
        PLAN_SOLUTION,
        ('"split_by": "mug"', '"split_by": "photograph"', "old acquaintances"),
        ('"split_by": "mug"', '"split_by": "class"', "all the cracked ones"),
        ("14", "4", "a very wide interval"),
        ("14", "36", "Too few are left"),
        ("14", "140", "there are 40"),
        ('"count": "mugs"', '"count": "photographs"', "independent answers"),
        ('["most common class", "raw pixels"]', '["a person"]', "costs nothing to beat"),
        ('"train"', '"test"', "has used it up"),
        (
            "Nothing is known about mugs of another colour, or in other light.",
            "none",
            "in a whole sentence",
        ),
    ),
    also_right=(
        KnownAnswer(
            'plan = {"split_by": "mug ", "tested_mugs": np.int64(20), "count": "mugs", '
            '"rivals": "raw pixels", "choose_on": ["train"], '
            '"warns": "It has never seen a mug that is dirty."}',
            "An honest plan",
        ),
    ),
    setup="import numpy as np",
)

# ----------------------------------------------------------------- 6.7 a bug to find

NAMES = ("bark", "leaf", "moss", "root", "stone")


class _PixelsInNamesOut:
    """Stands for a saved model: it answers by brightness, from 0 to 255, and notes its input."""

    def __init__(self) -> None:
        self.got: list[np.ndarray] = []

    def predict(self, pixels: object, *args: object, **options: object) -> np.ndarray:
        """Return one row of five probabilities for each picture of a batch."""
        batch = np.asarray(pixels, float)
        self.got.append(batch)
        if batch.ndim != 4 or batch.shape[-1] != 3:
            raise NotThis(
                f"the model wants a batch: shape (pictures, height, width, 3); it got {batch.shape}"
            )
        places = (batch.mean(axis=(1, 2, 3)) // 51).astype(int).clip(0, len(NAMES) - 1)
        return np.eye(len(NAMES), dtype=np.float32)[places] * 0.6 + 0.08

    __call__ = predict


def check_name(answer: object, context: dict) -> Verdict:
    """Hand over pictures of one brightness each, and a model that tells them apart by it."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        for place in (4, 1, 3, 0, 2):
            file = Path(folder) / f"{place}.png"
            Image.new("RGB", (40, 30), (51 * place + 25,) * 3).save(file)
            model = _PixelsInNamesOut()
            found = call(answer, model, list(NAMES), str(file), name="`name_of`")
            if not model.got:
                return wrong("The model was not asked: `model.predict(...)` gives its answers.")
            highest = model.got[-1].max()
            if highest <= 1:
                return wrong(
                    f"What goes into the model ends at {highest:.2g}. It has a layer that rescales "
                    "already, so each picture is rescaled twice and looks nearly black to it."
                )
            if isinstance(found, int | np.integer):
                return wrong("That is the number of a class; its name was asked for.")
            if not isinstance(found, str):
                return wrong("One name is wanted, as text.")
            if found != NAMES[place]:
                return wrong(
                    f"A picture that the model takes for {NAMES[place]} is called {found[:20]}."
                )
    return right(
        "Pixels go in as they are in the file. That is what preprocessing inside the model is for: "
        "whoever uses it has nothing to remember."
    )


NAME_SOLUTION = '''
def name_of(model, classes, file):
    """The class that the model gives to a picture file."""
    pixels = keras.utils.img_to_array(keras.utils.load_img(file))
    answers = model.predict(pixels[None], verbose=0)
    return classes[answers[0].argmax()]
'''.strip()

NAME = Exercise(
    id="6.7",
    title="Poor answers without an error",
    stub=NAME_SOLUTION.replace("pixels[None],", "pixels[None] / 255,"),
    ask='tl.check("6.7", name_of)',
    hints=(
        "Which numbers does the model want, and which does it get? Section 8 says what its first "
        "layers do.",
        "`print(pixels.min(), pixels.max())` before and after each step.",
        "One step is done twice: here, and inside the model.",
    ),
    solution=NAME_SOLUTION,
    why="Nothing in Keras notices a wrong range. A model that rescales inside wants pixels from 0 "
    "to 255; write that on its card.",
    check=check_name,
    mistakes=(
        *slips(
            NAME_SOLUTION,
            ("pixels[None],", "pixels[None] / 127.5 - 1,", "rescaled twice"),
            ("pixels[None],", "pixels,", "wants a batch"),
            ("classes[answers[0].argmax()]", "answers[0].argmax()", "its name was asked for"),
            ("argmax", "argmin", "is called"),
            ("classes[answers[0].argmax()]", "answers[0]", "as text"),
        ),
        KnownAnswer("def name_of(model, classes, file):\n    return classes[0]", "was not asked"),
    ),
    also_right=(
        KnownAnswer(
            "from PIL import Image\n"
            "def name_of(model, classes, file):\n"
            "    pixels = np.asarray(Image.open(file).convert('RGB'))\n"
            "    return classes[int(np.argmax(model(pixels[np.newaxis])))]",
            "Pixels go in",
        ),
    ),
    setup="import keras\nimport numpy as np",
)

EXERCISES = (SHARE, LOW, READ, PICTURES, SIDES, PLAN, NAME)

# ------------------------------------------------------------------------- quizzes

QUIZZES = (
    Quiz(
        "6.a",
        "The same picture lies in the folder of the cats and in that of the cups. What now?",
        (
            Choice(
                "Keep it in both: more pictures are better.",
                "One of the two labels is false. The classifier would be told two things about "
                "one picture.",
            ),
            Choice(
                "Leave it out of both until somebody has looked.",
                "A program cannot know which of the two is meant. It is reported, and one look "
                "settles it.",
                right=True,
            ),
            Choice(
                "Keep it where it was found first.",
                "The order of the folders knows nothing about what is in the picture.",
            ),
            Choice(
                "Give it to the test side: there it does no harm.",
                "A false answer in the test makes a right classifier look wrong, or the other way "
                "round.",
            ),
        ),
    ),
    Quiz(
        "6.b",
        "What does an interval of 95 % say about an accuracy?",
        (
            Choice(
                "95 of 100 pictures are answered rightly.",
                "That would be the accuracy itself. The interval says how well it is known.",
            ),
            Choice(
                "The recipe catches the true accuracy in about 95 of 100 test sets like this one.",
                "It speaks about the recipe. Whether this very interval is one of the five that "
                "miss, nobody knows.",
                right=True,
            ),
            Choice(
                "Pictures of another kind will be answered equally well.",
                "It speaks about pictures that come from where the test pictures came from, and "
                "not about others.",
            ),
        ),
    ),
    Quiz(
        "6.c",
        "A stranger sends you a classifier as a .keras file. What do you do?",
        (
            Choice(
                "Load it with safe_mode=False, so that it loads whatever is inside.",
                "That is permission to run code that a stranger wrote, on your computer.",
            ),
            Choice(
                "Load it as Keras does by default: safe mode keeps all code out.",
                "Safe mode refuses the plainest case and is no sandbox: files that ran code in "
                "spite of it were made again and again.",
            ),
            Choice(
                "Ask for safetensors or ONNX, and measure it on pictures of your own.",
                "There are numbers inside, and no Python to be run. And only your own labelled "
                "pictures tell what it is worth for you. If it must be the .keras file: in a "
                "sandbox.",
                right=True,
            ),
            Choice(
                "Ask for safetensors or ONNX, and believe its card.",
                "The format is well chosen. But a card is a claim: it may be about other pictures "
                "than yours, and it may be wrong.",
            ),
        ),
    ),
)
