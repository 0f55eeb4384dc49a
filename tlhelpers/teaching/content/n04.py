"""Exercises and quizzes of notebook 04.  `definitions` says what the fields mean."""

from __future__ import annotations

import numpy as np

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
    words,
)

# ------------------------------------------------------- 4.1 a number to predict


def check_guess(answer: object, context: dict) -> Verdict:
    """Compare a guess of the source-only accuracy with what was measured."""
    return judge_guess(
        answer,
        context,
        low="Plain print is a poor teacher, but not as poor as that.",
        high="Who has only ever seen print set by a machine has never seen a slanted digit.",
    )


GUESS = Exercise(
    id="4.1",
    title="How much is lost on the way?",
    stub="guess = ...  # in per cent",
    ask='tl.check("4.1", guess, measured=source_only)',
    hints=(
        "One digit in ten is right by chance, and nearly all of new print will be.",
        "There is no wrong guess. Write the first number that comes to your mind.",
    ),
    solution="guess = 80",
    why="Any number between 0 and 100 is a guess. The difference to what it reads of print is "
    "the gap that this notebook is about.",
    check=check_guess,
    mistakes=(
        KnownAnswer("guess = 0.6", "looks like a fraction"),
        KnownAnswer("guess = 898", "More than 100"),
        KnownAnswer("guess = -3", "Less than nothing"),
        KnownAnswer("guess = 'half'", "without quotes"),
    ),
    also_right=(
        KnownAnswer("guess = 95", "set by a machine"),
        KnownAnswer("guess = [10]", "a poor teacher"),
        KnownAnswer("guess = np.float32(64)", "close"),
    ),
    setup="import numpy as np\nsource_only = 0.62",
)

# ----------------------------------------------------------------- 4.2 a bug to find


def check_told_apart(answer: object, context: dict) -> Verdict:
    """Ask about two halves of one domain, and about two domains; 60 rows of 100 features each."""
    rng = np.random.default_rng(0)
    some, others, far = rng.normal(size=(3, 60, 100))
    far[:, :5] += 2

    def share(a: np.ndarray, b: np.ndarray) -> float:
        found = call(answer, a.copy(), b.copy(), name="`told_apart`")
        return number(found, "what `told_apart` returns")

    same, different = share(some, others), share(some, far)
    for found in (same, different):
        if not 0 <= found <= 1:
            return wrong(f"It returns {found:.3g}. A share from 0 to 1 is wanted.")
    if different < 0.3:
        return wrong("That is the share of wrong answers: for two clear domains it is low.")
    if different < 0.8:
        return wrong(
            f"Two domains that differ clearly are told apart in {different:.0%} of the cases only. "
            "Does the classifier know which row is of which domain?"
        )
    if same > 0.95:
        return wrong(
            f"For two halves of the SAME domain it answers {same:.0%}. There are more features "
            "than rows, so a line can be found between any two heaps. Is the test held out?"
        )
    if same > 0.62:
        return wrong(
            f"For two halves of the same domain it answers {same:.0%}. Some of the rows in the "
            "test have been learned from."
        )
    return right(
        f"Two halves of one domain: {same:.0%}, as by guessing. Two domains: {different:.0%}. "
        "A gap is measured on rows that the classifier has not seen."
    )


APART_SOLUTION = '''
def told_apart(a, b):
    """Share of rows that a linear classifier puts into their domain."""
    rows = np.concatenate([a, b])
    domain = np.repeat([0, 1], [len(a), len(b)])
    judge = LogisticRegression(max_iter=1000)
    return cross_val_score(judge, rows, domain, cv=5).mean()
'''.strip()

APART = Exercise(
    id="4.2",
    title="A gap where there is none",
    stub='''
def told_apart(a, b):
    """Share of rows that a linear classifier puts into their domain."""
    rows = np.concatenate([a, b])
    domain = np.repeat([0, 1], [len(a), len(b)])
    judge = LogisticRegression(max_iter=1000)
    return judge.fit(rows, domain).score(rows, domain)
'''.strip(),
    ask='tl.check("4.2", told_apart)',
    hints=(
        "Call it with two parts of the same print: `printed[:60]` and `printed[60:120]`. "
        "What should come out?",
        "On which rows does it learn, and on which does it score?",
        "Keep some rows of each domain for the score, or let scikit-learn do it several times "
        "over: cross-validation.",
    ),
    solution=APART_SOLUTION,
    why="With as many features as rows, a classifier can learn any labels by heart, those of "
    "domains, too. `validators.proxy_distance` cross-validates for the same reason.",
    check=check_told_apart,
    mistakes=(
        *slips(
            APART_SOLUTION,
            (
                "cross_val_score(judge, rows, domain, cv=5).mean()",
                "LogisticRegression(C=100, max_iter=1000).fit(rows, domain).score(rows, domain)",
                "Is the test held out",
            ),
            (
                "cross_val_score(judge, rows, domain, cv=5).mean()",
                "LogisticRegression().fit(rows[::2], domain[::2]).score(rows, domain)",
                "have been learned from",
            ),
            ("return cross", "return 1 - cross", "the share of wrong answers"),
            ("return cross", "return 4 * cross", "A share from 0 to 1"),
            (".mean()", "", "it holds 5"),
            ("[0, 1], [len(a), len(b)]", "[0, 1] * 60, 1", "which row is of which"),
        ),
        KnownAnswer(
            "def told_apart(a, b):\n"
            "    rows, domain = np.concatenate([a, b]), np.repeat([0, 1], [len(a), len(b)])\n"
            "    return LogisticRegression().fit(rows[:60], domain[:60]).score(rows, domain)",
            "stopped with",
        ),
    ),
    also_right=(
        KnownAnswer(
            "from sklearn.model_selection import train_test_split\n"
            "def told_apart(p, q):\n"
            "    x, y = np.vstack([p, q]), [0] * len(p) + [1] * len(q)\n"
            "    x1, x2, y1, y2 = train_test_split(x, y, random_state=1, stratify=y)\n"
            "    return LogisticRegression(C=0.1).fit(x1, y1).score(x2, y2)",
            "as by guessing",
        ),
    ),
    setup="import numpy as np\nfrom sklearn.linear_model import LogisticRegression\n"
    "from sklearn.model_selection import cross_val_score",
)

# ----------------------------------------------------------------- 4.3 a bug to find


def check_surest(answer: object, context: dict) -> Verdict:
    """Ask for a share of made-up answers in which one class is easy and another is hard."""
    for share, sizes in ((0.5, (40, 20, 10)), (0.2, (20, 50, 30))):
        rng = np.random.default_rng(len(sizes))
        predicted = rng.permutation(np.repeat([0, 1, 2], sizes))
        top = np.array([0.9, 0.7, 0.5])[predicted] + rng.uniform(0, 0.09, len(predicted))
        answers = np.tile((1 - top)[:, None] / 2, (1, 3))
        answers[np.arange(len(top)), predicted] = top
        found = rows(call(answer, answers.copy(), share, name="`surest_rows`"), "the rows")
        if len(found) and not 0 <= found.min() <= found.max() < len(top):
            return wrong(f"Some of the rows are not among the {len(top)}. They count from 0.")
        if len(np.unique(found)) < len(found):
            return wrong("Some rows are chosen twice.")
        kept = np.bincount(predicted[found], minlength=3)
        wanted: set[int] = set()
        least: set[int] = set()
        for label in range(3):
            members = np.flatnonzero(predicted == label)
            count = round(share * len(members))
            members = members[np.argsort(top[members])]
            wanted, least = wanted | set(members[-count:]), least | set(members[:count])
        counts = np.array(sizes) * share
        if set(found) == wanted:
            continue
        if set(found) == set(np.argsort(top)[-int(counts.sum()) :]):
            return wrong(
                f"Of the three predicted classes it keeps {kept[0]}, {kept[1]} and {kept[2]} "
                "rows: the easy class crowds out the others. Each should give its share."
            )
        if set(found) == least:
            return wrong("Those are the LEAST sure answers of each class.")
        if len(set(kept)) == 1:
            return wrong(
                "It keeps as many rows of each class. The same SHARE of each is wanted: a class "
                "that is predicted more often gives more rows."
            )
        if (np.abs(kept - counts) <= 1).all():
            return wrong("The numbers are right, but these are not the surest of each class.")
        return wrong(
            f"Of {sizes[0]}, {sizes[1]} and {sizes[2]} rows, a share of {share} is wanted; it "
            f"keeps {kept[0]}, {kept[1]} and {kept[2]}."
        )
    return right(
        "Each predicted class gives its share, and of each the surest. Hard digits stay in the "
        "lesson, which is what easy ones would prevent."
    )


SUREST_SOLUTION = '''
def surest_rows(answers, share):
    """Of each predicted class, this share of its rows: the surest."""
    classes, confidence = answers.argmax(axis=1), answers.max(axis=1)
    rows = []
    for label in np.unique(classes):
        members = np.flatnonzero(classes == label)
        members = members[np.argsort(-confidence[members])]
        rows.extend(members[: round(share * len(members))])
    return rows
'''.strip()

SUREST = Exercise(
    id="4.3",
    title="The easy ones crowd out the others",
    stub='''
def surest_rows(answers, share):
    """Of each predicted class, this share of its rows: the surest."""
    confidence = answers.max(axis=1)
    count = round(share * len(answers))
    return np.argsort(-confidence)[:count]
'''.strip(),
    ask='tl.check("4.3", surest_rows)',
    hints=(
        "Which classes are among the chosen rows, and how often, if the network is sure of ones "
        "and never sure of nines?",
        "Take the predicted classes one after the other: its rows, sorted, the first part of them.",
        "`np.flatnonzero(classes == label)` are the rows of a class. Sort them by confidence, and "
        "cut the list at the share.",
    ),
    solution=SUREST_SOLUTION,
    why="One threshold for all classes keeps what the network can do already. With a share of "
    "each class, it also learns where it is weak.",
    check=check_surest,
    mistakes=(
        *slips(
            SUREST_SOLUTION,
            ("-confidence[members]", "confidence[members]", "LEAST sure"),
            ("round(share * len(members))", "5", "as many rows of each class"),
            ("        members = members[np.argsort(-confidence[members])]\n", "", "not the surest"),
            ("    return rows", "    return rows + rows[:1]", "chosen twice"),
            ("    return rows", "    return classes == 0", "a mask of True"),
            ("    return rows", "    return [row + 999 for row in rows]", "not among the"),
            ("round(share", "round((1 - share / 4)", "rows, a share of"),
        ),
        KnownAnswer(
            "def surest_rows(answers, share):\n"
            "    order = answers.max(axis=1).argsort()\n"
            "    return order[len(order) - int(share * len(order)):]",
            "the easy class crowds out",
        ),
    ),
    also_right=(
        KnownAnswer(
            "from tlhelpers import adaptation\n"
            "def surest_rows(answers, share):\n"
            "    return adaptation.surest_rows(answers, share)[0]",
            "Each predicted class gives its share",
        ),
        KnownAnswer(
            "def surest_rows(answers, share):\n"
            "    best, top = answers.argmax(1), answers.max(1)\n"
            "    level = [np.quantile(top[best == k], 1 - share) for k in range(3)]\n"
            "    return np.flatnonzero(top >= np.array(level)[best])",
            "Each predicted class gives its share",
        ),
    ),
    setup="import numpy as np",
)

# ----------------------------------------------------- 4.4 a function to complete


def check_align(answer: object, context: dict) -> Verdict:
    """Align made-up answers that favour some classes, for equal and for unequal source shares."""
    for seed, source in enumerate(([0.1, 0.2, 0.7], [0.25] * 4)):
        k = len(source)
        answers = np.random.default_rng(seed).dirichlet(1 + np.arange(k), size=12)
        shares, now = np.array(source), answers.mean(axis=0)
        found = array(call(answer, answers.copy(), shares.copy(), name="`align`"), "the result")
        ratio = answers * shares / now
        wanted = ratio / ratio.sum(axis=1, keepdims=True)
        if found.shape == wanted.shape and np.allclose(found, wanted, atol=1e-4):
            continue
        inverse = answers * now / shares
        recognise(
            found,
            {
                "Each row should add up to 1 again, as probabilities do.": ratio,
                "The favourites win even more. Which of the two shares belongs below?": [
                    inverse,
                    inverse / inverse.sum(axis=1, keepdims=True),
                ],
                "It multiplies by the shares of the source, and forgets how often each class is "
                "answered NOW.": [
                    answers * shares,
                    answers * shares / (answers * shares).sum(axis=1, keepdims=True),
                ],
                "It adds up the wrong way: each ROW is the answer to an image, and should add up "
                "to 1.": ratio / ratio.sum(axis=0, keepdims=True),
                "The answers are what they were.": answers,
                "That is the factor for each class. The answers are to be multiplied by it.": (
                    shares / now
                ),
            },
        )
        return wrong(
            f"For {len(answers)} answers with {k} classes it returns something else, of the shape "
            f"{found.shape}. Work out one row by hand."
        )
    return right(
        "Favourites lose, forgotten classes win, and each row is a probability again. It assumes "
        "that the target has each class as often as the source: remember that."
    )


ALIGN_SOLUTION = '''
def align(answers, source_shares):
    """Answers (n, classes), moved so that no class is favoured."""
    now = answers.mean(axis=0)
    moved = answers * source_shares / now
    return moved / moved.sum(axis=1, keepdims=True)
'''.strip()

ALIGN = Exercise(
    id="4.4",
    title="Give the forgotten classes their share",
    stub='''
def align(answers, source_shares):
    """Answers (n, classes), moved so that no class is favoured."""
    now = ...
    moved = ...
    return ...
'''.strip(),
    ask='tl.check("4.4", align)',
    hints=(
        "`now` is how often each class is answered: one number for each class, the mean of its "
        "column.",
        "The text above says by what each class is multiplied, and by what divided.",
        "After that, a row does not add up to 1 any more. Divide each row by its own sum "
        "(`keepdims=True` keeps the shape).",
    ),
    solution=ALIGN_SOLUTION,
    why="Nothing here needs a label: the shares of the source are known, those of the answers are "
    "counted.",
    check=check_align,
    mistakes=slips(
        ALIGN_SOLUTION,
        ("return moved / moved.sum(axis=1, keepdims=True)", "return moved", "add up to 1 again"),
        ("* source_shares / now", "/ source_shares * now", "The favourites win"),
        ("source_shares / now", "source_shares", "answered NOW"),
        ("axis=1, keepdims", "axis=0, keepdims", "each ROW is"),
        ("return moved / moved.sum(axis=1, keepdims=True)", "return answers", "what they were"),
        (
            "return moved / moved.sum(axis=1, keepdims=True)",
            "return source_shares / now",
            "the factor for each class",
        ),
        ("answers.mean(axis=0)", "answers.mean(axis=1)", "stopped with"),
        ("answers.mean(axis=0)", "answers.max(axis=0)", "by hand"),
    ),
    also_right=(
        KnownAnswer(
            "from keras import ops\n"
            "def align(p, s):\n"
            "    p = ops.convert_to_tensor(p) * (s / ops.mean(p, axis=0))\n"
            "    return p / ops.sum(p, axis=1)[:, None]",
            "Favourites lose",
        ),
    ),
    setup="import numpy as np\nimport keras",
)

# ---------------------------------------------------------- 4.5 a figure to read

READ = to_read(
    "4.5",
    "What has happened to the other classes?",
    "classes",
    "B",
    {
        "A": "Then the mean answer would be spread over all of them, and its entropy would stay "
        "where it is in your figure.",
        "B": "For k classes in equal use the entropy of the mean is log k, so count back: e to "
        "the power of 0.7. The other classes have been given up.",
        "C": "0.7 is no share of the ten. It is an entropy: look at what it is for ten classes, "
        "and what it would be for one.",
        "D": "It can be told. Each single answer names one class, and the entropy of the mean "
        "says over how many classes these names are spread.",
    },
    hints=(
        "If all answers name the same class, the mean answer is sure, too, and its entropy is 0. "
        "If ten classes are in equal use, it is log 10.",
        "Which number has the (natural) logarithm 0.7?",
    ),
    why="Sure answers and few classes in use: that is a *collapse*, and both curves can be had "
    "without a label. The second half of SHOT's loss is there to prevent it.",
)

# ------------------------------------------------------ 4.6 an experiment to design

PARTS: dict[str, tuple] = {
    "source": ("plain", "warped"),
    "target": ("seen", "not seen"),
    "steps": (200, 600),
}


def _run(value: object, what: str) -> dict[str, object]:
    """Return one of the two runs of a plan."""
    found = record(value, tuple(PARTS), what)
    for key in ("source", "target"):
        found[key] = one_of(found[key], PARTS[key], f'"{key}" of {what}')
    found["steps"] = number(found["steps"], f'"steps" of {what}')
    if found["steps"] not in PARTS["steps"]:
        raise NotThis(f'"steps" of {what} is {found["steps"]:g}. It may be 200 or 600.')
    return found


def check_plan(answer: object, context: dict) -> Verdict:
    """Do the two runs differ in what the question asks about, and in nothing else?"""
    plan = record(answer, ("with", "without", "seeds", "choose_by", "nothing_if"), "your plan")
    run, rival = _run(plan["with"], "`with`"), _run(plan["without"], "`without`")
    different = [key for key in PARTS if run[key] != rival[key]]
    if not different:
        return wrong("Both runs are the same. Whatever differs between them is luck.")
    if "target" not in different:
        return wrong(
            f"The runs differ in {' and '.join(different)}. The question was what it is worth to "
            "see target images."
        )
    if len(different) > 1:
        others = " and ".join(key for key in different if key != "target")
        return wrong(
            f"They also differ in {others}. If one run is better, you cannot say which of the "
            "differences did it."
        )
    if run["target"] == "not seen":
        return wrong('The run called "with" is the one that does not see the target.')
    if number(plan["seeds"], "`seeds`") < 3:
        return wrong("With fewer than three seeds you cannot tell a gain from luck.")
    if one_of(plan["choose_by"], ("adapt on", "choose by", "test"), "`choose_by`") == "test":
        return wrong(
            "Settings are chosen on the test. Then the number that you report is too good, for "
            "the run that had more settings to choose from above all."
        )
    if len(words(plan["nothing_if"], "`nothing_if`").split()) < 5:
        return wrong("Say in a sentence which result would show that the target was worth nothing.")
    return right(
        f"A fair rival: both runs train on {run['source']} print for {run['steps']:.0f} steps, and "
        "only one sees the target. Section 3 has the rival's function, the later ones the other's."
    )


PLAN_SOLUTION = """
plan = {
    "with": {"source": "warped", "target": "seen", "steps": 200},
    "without": {"source": "warped", "target": "not seen", "steps": 200},
    "seeds": 5,
    "choose_by": "choose by",
    "nothing_if": "The mean gain is smaller than the spread over the seeds.",
}
""".strip()

PLAN = Exercise(
    id="4.6",
    title="What is the target worth?",
    stub="""
plan = {
    # source "plain" or "warped", target "seen" or "not seen",
    # steps 200 or 600
    "with": {"source": ..., "target": ..., "steps": ...},
    "without": {"source": ..., "target": ..., "steps": ...},
    "seeds": ...,  # how many
    "choose_by": ...,  # "adapt on", "choose by" or "test": for settings
    "nothing_if": ...,  # what would show that it is worth nothing
}
""".strip(),
    ask='tl.check("4.6", plan)',
    hints=(
        "Which one thing does the question ask about? That one must differ, and no other.",
        "Two of the three parts of the handwriting are there before the end.",
        "For the last entry: how large must a gain be, compared with the luck of the seeds?",
    ),
    solution=PLAN_SOLUTION,
    why="Set against source-only as it was at the start, any method gets credit for its longer "
    "training and for the warping. Against this rival, only the target counts.",
    check=check_plan,
    mistakes=(
        *slips(
            PLAN_SOLUTION,
            ('"target": "seen"', '"target": "not seen"', "Both runs are the same"),
            (
                '{"source": "warped", "target": "not',
                '{"source": "plain", "target": "not',
                "They also differ in",
            ),
            (
                '{"source": "warped", "target": "not seen"',
                '{"source": "plain", "target": "seen"',
                "The question was",
            ),
            ('"seeds": 5', '"seeds": 1', "from luck"),
            ('"choose by"', '"test"', "chosen on the test"),
            (
                "The mean gain is smaller than the spread over the seeds.",
                "never",
                "the target was worth nothing",
            ),
            ('"target": "seen", "steps": 200', '"target": "seen", "steps": 100', "200 or 600"),
        ),
        KnownAnswer(
            PLAN_SOLUTION.replace('"with":', '"x":')
            .replace('"without":', '"with":')
            .replace('"x":', '"without":'),
            "The run called",
        ),
    ),
    also_right=(
        KnownAnswer(
            'plan = dict(zip(["with", "without"], [dict(source="plain ", target=t, steps=600.0) '
            'for t in ("seen", "not seen")]), seeds=np.int64(3), choose_by="adapt on", '
            'nothing_if="if both are equally good on average")',
            "A fair rival",
        ),
    ),
    setup="import numpy as np",
)

# ----------------------------------------------------- 4.7 a function to complete


def check_own_standard(answer: object, context: dict) -> Verdict:
    """Standardise made-up rows by others of the same domain; one column never varies."""
    rng = np.random.default_rng(0)
    for shift, spread in ((0.0, 1.0), (5.0, 3.0)):
        own = shift + spread * rng.normal(size=(40, 4)) * [1, 2, 3, 0]
        asked = shift + spread * rng.normal(size=(7, 4)) * [1, 2, 3, 0] + [2, -2, 0, 0]
        found = array(call(answer, asked.copy(), own.copy(), name="`own_standard`"), "the result")
        mean, std = own.mean(axis=0), own.std(axis=0)
        safe = np.where(std > 0, std, 1)
        wanted = (asked - mean) / safe
        if found.shape == wanted.shape and np.allclose(found, wanted, atol=0.05):
            continue
        if found.shape == wanted.shape and not np.isfinite(found[:, 3]).all():
            return wrong(
                "One column never varies, so its spread is 0, and something is divided by it. "
                "Divide by 1 there."
            )
        itself = np.where(asked.std(axis=0) > 0, asked.std(axis=0), 1)
        recognise(
            found,
            {
                "It takes mean and spread from the rows that are asked about. With one row at a "
                "time, nothing would be left of it.": (asked - asked.mean(axis=0)) / itself,
                "That is divided by the variance. The spread is its square root.": (
                    (asked - mean) / np.where(std > 0, std**2, 1)
                ),
                "The mean is gone, and the spread is what it was.": asked - mean,
                "One mean and one spread for all columns? Each feature has its own.": (
                    (asked - own.mean()) / own.std()
                ),
            },
        )
        return wrong(
            f"For 7 rows with 4 columns it returns something else, of the shape {found.shape}. "
            "Work out one column by hand."
        )
    return right(
        "Two numbers for each feature, from unlabelled rows of the target: the simplest rival of "
        "every method in this notebook, and one to begin with."
    )


OWN_SOLUTION = '''
def own_standard(rows, own):
    """Rows of the target, standardised as its unlabelled rows `own` are."""
    mean, spread = own.mean(axis=0), own.std(axis=0)
    return (rows - mean) / np.where(spread > 0, spread, 1)
'''.strip()

OWN = Exercise(
    id="4.7",
    title="The simplest rival",
    stub='''
def own_standard(rows, own):
    """Rows of the target, standardised as its unlabelled rows `own` are."""
    mean = ...
    spread = ...
    return ...
'''.strip(),
    ask='tl.check("4.7", own_standard)',
    hints=(
        "Each feature is a column, and has a mean and a spread (standard deviation) of its own.",
        "Both come from `own`, and are used on `rows`.",
        "A feature that never varies has the spread 0: `np.where` can put a 1 there.",
    ),
    solution=OWN_SOLUTION,
    why="A head that learned from standardised rows of the source wants standardised rows. Whose "
    "mean and spread that means is a choice, and no label is needed for it.",
    check=check_own_standard,
    mistakes=slips(
        OWN_SOLUTION,
        ("np.where(spread > 0, spread, 1)", "spread", "spread is 0"),
        ("own.mean(axis=0), own.std(axis=0)", "rows.mean(axis=0), rows.std(axis=0)", "asked about"),
        ("own.std(axis=0)", "own.var(axis=0)", "the variance"),
        (" / np.where(spread > 0, spread, 1)", "", "what it was"),
        ("own.mean(axis=0), own.std(axis=0)", "own.mean(), own.std()", "for all columns"),
        ("own.mean(axis=0), own.std(axis=0)", "own.mean(axis=1), own.std(axis=1)", "stopped with"),
        ("own.mean(axis=0)", "own.max(axis=0)", "by hand"),
    ),
    also_right=(
        KnownAnswer(
            "from sklearn.preprocessing import StandardScaler\n"
            "def own_standard(rows, own):\n"
            "    return StandardScaler().fit(own).transform(rows)",
            "Two numbers for each feature",
        ),
        KnownAnswer(
            "def own_standard(x, u):\n    return (x - u.mean(0)) / (u.std(0) + 1e-6)",
            "Two numbers for each feature",
        ),
    ),
    setup="import numpy as np",
)

EXERCISES = (GUESS, APART, SUREST, ALIGN, READ, PLAN, OWN)

# ------------------------------------------------------------------------- quizzes

QUIZZES = (
    Quiz(
        "4.a",
        "Your source is rendered on a computer, the target is real photographs. What first?",
        (
            Choice(
                "Adapt with the method that led in the latest paper.",
                "Perhaps later. Two methods may differ less than two sources do.",
            ),
            Choice(
                "Render it with more variety: light, colour, angle, background.",
                "It needs no label of the target and no method, and here it was worth nearly as "
                "much as the best one. If you choose what to vary by labelled photographs, say so: "
                "then labels of the target are in it.",
                right=True,
            ),
            Choice(
                "Render it as like the target as possible, down to the last detail.",
                "Whoever draws what the labels of the target show has used them, and should say "
                "so. It need not look like the target; it must vary so much that the target is "
                "one more variation.",
            ),
            Choice(
                "Give up: without labels of the target there is nothing to be done.",
                "There is a good deal to be done, as this notebook shows.",
            ),
        ),
    ),
    Quiz(
        "4.b",
        "DANN's domain guesser is right in 15% of its guesses. What does that tell you?",
        (
            Choice(
                "The domains cannot be told apart: the aim is reached.",
                "Then it would be right about half of the time, as by tossing a coin.",
            ),
            Choice(
                "The network is spoiled: it will read the target worse than before.",
                "That does not follow. With other seeds and weights, networks with such a guesser "
                "read the target far better than before, and others worse.",
            ),
            Choice(
                "The guesser lags behind the features. How well digits are read, it does not say.",
                "Reliably wrong is not the same as unable to tell: the features move, and the "
                "guesser knows where they were. The curve is about that game, not about digits.",
                right=True,
            ),
        ),
    ),
    Quiz(
        "4.c",
        "After adaptation a network is sure of 95% of the target images; before, of 60%. So?",
        (
            Choice(
                "It is right more often now.",
                "Perhaps. But a network can learn to be sure of its mistakes: it was trained on "
                "its own answers.",
            ),
            Choice(
                "It has collapsed: sure answers are always a bad sign.",
                "Consistency was surer in the end, and better. It takes a second look, such as at "
                "how many classes are in use.",
            ),
            Choice(
                "The method did what it was told. Whether the answers are right is open.",
                "To be sure was its aim. How good the network is has to be found out otherwise: "
                "notebook 05 is about that.",
                right=True,
            ),
        ),
    ),
    Quiz(
        "4.d",
        "Give DeepCORAL the weight 0: nothing is aligned, yet it reads more than source-only. Why?",
        (
            Choice(
                "It trains for 200 steps more, and the more print, the better.",
                "Look at the table of section 6: 200 more steps on print bring next to nothing.",
            ),
            Choice(
                "At its end, BatchNormalization gets the statistics of the target.",
                "Every method here that sees the target ends so. Give its rival the same, or you "
                "will thank the alignment for it.",
                right=True,
            ),
            Choice(
                "By luck: with another seed it would not.",
                "The benchmark has three seeds, and AdaBN after more print is ahead of source-only "
                "on average, too.",
            ),
        ),
    ),
)
