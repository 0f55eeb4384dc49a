"""Exercises and quizzes of notebook 05.  `definitions` says what the fields mean."""

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
    array,
    call,
    number,
    one_of,
    record,
    short,
    some_of,
    words,
)

# -------------------------------------------------------- 5.1 three parts, four uses

PARTS = ("adapt on", "choose by", "test")


def check_uses(answer: object, context: dict) -> Verdict:
    """Is each part of the target used for what it is there for?"""
    keys = ("train", "choose a method", "stop training", "report")
    uses = record(answer, keys, "`uses`")
    uses = {key: one_of(uses[key], PARTS, f'"{key}"') for key in keys}
    says = {
        ("train", "choose by"): "You train on what you choose by. A network can be at home there "
        "and nowhere else, and you would choose it for that.",
        ("train", "test"): "Then the test images are no longer new: the number that you report "
        "holds for these images only.",
        ("choose a method", "adapt on"): "All methods have trained on those images, and some have "
        "made themselves very sure of them. Judge on others.",
        ("choose a method", "test"): "Choosing by test labels is what this notebook warns of: the "
        "number is too good, and in real life there are no labels.",
        ("stop training", "adapt on"): "What is trained on looks better with each step. When to "
        "stop shows elsewhere.",
        ("stop training", "test"): "To stop at the step that is best on the test is a choice, too.",
        ("report", "adapt on"): "There are no labels for what you adapt on. What would you count?",
        ("report", "choose by"): "You report on what you chose by, and it has no labels.",
    }
    for key, part in uses.items():
        if (key, part) in says:
            return wrong(says[key, part])
    return right(
        "Two of the four are choices, and a step to stop at is a choice like any other. The last "
        "part is for the report alone."
    )


USES_SOLUTION = """
uses = {
    "train": "adapt on",
    "choose a method": "choose by",
    "stop training": "choose by",
    "report": "test",
}
""".strip()

USES = Exercise(
    id="5.1",
    title="Which part for what?",
    stub="""
uses = {
    "train": ...,
    "choose a method": ...,
    "stop training": ...,
    "report": ...,
}
""".strip(),
    ask='tl.check("5.1", uses)',
    hints=(
        "The table above has three of the four. Which part may be looked at while something is "
        "still open?",
        "To stop early is to choose one of many networks: those after each step.",
    ),
    solution=USES_SOLUTION,
    why="Whatever is open until the end may not be settled by the part that is for the end.",
    check=check_uses,
    mistakes=slips(
        USES_SOLUTION,
        ('"train": "adapt on"', '"train": "choose by"', "at home there"),
        ('"train": "adapt on"', '"train": "test"', "no longer new"),
        ('"choose a method": "choose by"', '"choose a method": "adapt on"', "Judge on others"),
        ('"choose a method": "choose by"', '"choose a method": "test"', "warns of"),
        ('"stop training": "choose by"', '"stop training": "adapt on"', "with each step"),
        ('"stop training": "choose by"', '"stop training": "test"', "is a choice, too"),
        ('"report": "test"', '"report": "choose by"', "it has no labels"),
        ('"report": "test"', '"report": "print"', "What it may have"),
    ),
    also_right=(
        KnownAnswer(
            'uses = {"report": ["test"], "train": " adapt on", "stop training": "choose by", '
            '"choose a method": "choose by"}',
            "for the report alone",
        ),
    ),
)

# ----------------------------------------------------- 5.2 a function to complete


def check_information(answer: object, context: dict) -> Verdict:
    """Try answers without zeros first, and then some that are quite sure."""
    rng = np.random.default_rng(0)
    soft = rng.dirichlet(np.array([0.5, 1, 2, 3]), size=7)
    sure = np.eye(3)[[0, 0, 1, 2, 2]]

    def entropy(p: np.ndarray) -> np.ndarray:
        return -np.sum(p * np.log(np.maximum(p, 1e-300)), axis=-1)

    for answers in (soft, sure):
        found = array(call(answer, answers.copy(), name="`information`"), "what comes back")
        unsure, variety = entropy(answers).mean(), entropy(answers.mean(axis=0))
        if found.size != 1:
            return wrong(f"One number for all answers is wanted; these are {found.size}.")
        value = number(found, "information") if np.isfinite(found).all() else np.nan
        if abs(value - (variety - unsure)) < 1e-3:
            continue
        if np.isnan(value):
            return wrong(
                "For answers that are quite sure, the result is no number: the logarithm of 0. "
                "A probability of 0 should add nothing."
            )
        recognise(
            np.array(value),
            {
                "The sign is wrong: sure answers, spread over all classes, should score high.": (
                    unsure - variety
                ),
                "It rewards sure answers only. A network that answers everything with the same "
                "class would win.": -unsure,
                "It rewards variety only. Answers that are pure guessing would win.": variety,
                "Logarithms of another base than e were taken.": [
                    (variety - unsure) / np.log(2),
                    (variety - unsure) / np.log(10),
                ],
                "The entropies of the single answers are added up. Their mean is wanted.": (
                    variety - unsure * len(answers)
                ),
                "The mean answer is the mean over the images: one number for each class.": (
                    entropy(answers.mean(axis=1)) - unsure
                ),
            },
            atol=1e-3,
        )
        return wrong(
            f"For {len(answers)} answers with {answers.shape[1]} classes it is {value:.3g}, and "
            "should not be. Try it by hand with two answers."
        )
    return right(
        "High only if single answers are sure and all classes are in use. It assumes that all "
        "classes SHOULD be in use: section 5 comes back to that."
    )


INFO_SOLUTION = '''
def information(answers):
    """Are single answers (n, classes) sure, and all classes in use?"""
    logs = np.log(np.maximum(answers, 1e-12))
    mean = answers.mean(axis=0)
    unsure = -np.mean(np.sum(answers * logs, axis=1))
    variety = -np.sum(mean * np.log(np.maximum(mean, 1e-12)))
    return variety - unsure
'''.strip()

INFO = Exercise(
    id="5.2",
    title="A validator by hand",
    stub='''
def information(answers):
    """Are single answers (n, classes) sure, and all classes in use?"""
    mean = answers.mean(axis=0)
    unsure = ...  # the mean entropy of the single answers
    variety = ...  # the entropy of the mean answer
    return ...
'''.strip(),
    ask='tl.check("5.2", information)',
    hints=(
        "The entropy of an answer is minus the sum, over its classes, of p times log p.",
        "Which of the two should be large, and which small? The number should be larger for "
        "better networks.",
        "`np.log(0)` is minus infinity, and times 0 it is no number. `np.maximum(p, 1e-12)` keeps "
        "away from it.",
    ),
    solution=INFO_SOLUTION,
    why="Two entropies, one wanted large and one small. Each alone can be fooled: by a network "
    "that always says the same, and by one that says everything at once.",
    check=check_information,
    mistakes=slips(
        INFO_SOLUTION,
        ("variety - unsure", "unsure - variety", "The sign is wrong"),
        ("variety - unsure", "-unsure", "It rewards sure answers only"),
        ("variety - unsure", "variety", "It rewards variety only"),
        ("np.maximum(answers, 1e-12)", "answers", "no number"),
        ("variety - unsure", "(variety - unsure) / np.log(2)", "another base"),
        ("-np.mean(np.sum(answers * logs, axis=1))", "-np.sum(answers * logs)", "are added up"),
        ("answers.mean(axis=0)", "answers.mean(axis=1)", "over the images"),
        (
            "-np.mean(np.sum(answers * logs, axis=1))",
            "-np.sum(answers * logs, axis=1)",
            "One number",
        ),
        ("variety - unsure", "variety + unsure", "with two answers"),
    ),
    also_right=(
        KnownAnswer(
            "from scipy.stats import entropy\n"
            "def information(p):\n"
            "    return entropy(p.mean(axis=0)) - entropy(p, axis=1).mean()",
            "all classes are in use",
        ),
        KnownAnswer(
            "from tlhelpers import validators\n"
            "def information(p):\n    return validators.information(p)",
            "all classes are in use",
        ),
    ),
    setup="import numpy as np",
)

# ---------------------------------------------------------- 5.3 a figure to read

READ = to_read(
    "5.3",
    "An upright line",
    "upright",
    "D",
    {
        "A": "A validator that agreed with the test would have its points on a line that RISES to "
        "the right.",
        "B": "If it was against the test, the points would fall to the right. Yours do neither.",
        "C": "Look upwards: the networks differ widely in what they reach on the test.",
        "D": "All stand above the same value, and are of very different heights. So it cannot "
        "tell the ruined ones from the good ones.",
    },
    hints=(
        "What is the same for all points of this panel, and what is different?",
        "Suppose you know only where a point lies from left to right. Do you know its height?",
    ),
    why="A number that is the same for all candidates chooses none. Source accuracy is there to "
    "throw out a network that has forgotten everything; more it cannot do.",
)

# ----------------------------------------------------------------- 5.4 a bug to find


def check_choose(answer: object, context: dict) -> Verdict:
    """Hand over a validator and a test that keep a diary; one network has broken down."""
    values = ({"as it is": 0.4, "a": 0.9, "b": 0.7, "c": 1.3}, {"x": np.nan, "y": 1.1, "z": 0.2})
    tests = ({"as it is": 0.6, "a": 0.8, "b": 0.85, "c": 0.75}, {"x": 0.1, "y": 0.7, "z": 0.65})
    for judged, truth in zip(values, tests, strict=True):
        opened: list[str] = []

        def test(name: str, truth: dict = truth, opened: list = opened) -> float:
            opened.append(name)
            return truth[name]

        found = call(answer, list(judged), judged.__getitem__, test, name="`choose_and_report`")
        if not isinstance(found, tuple | list) or len(found) != 2:
            return wrong("Return two things: the name of the network, and the accuracy to report.")
        name, value = found
        if not isinstance(name, str) or name not in judged:
            return wrong(f"The first thing should be one of the names; it is {short(name)}.")
        reported = number(value, "the accuracy to report")
        picked = max(judged, key=lambda one: np.nan_to_num(judged[one], nan=-1))
        if name == max(truth, key=truth.__getitem__) and name != picked:
            return wrong("That is the oracle: it was found with the labels of the test.")
        if name != picked:
            if np.isnan(list(judged.values())).any():
                return wrong(
                    "It picks a network that has broken down: its value is nan, which is neither "
                    "larger nor smaller than any number, so `max` may keep it."
                )
            return wrong("It does not pick the network that the validator likes best.")
        if len(set(opened)) > 1:
            return wrong(
                "It picks fairly, but has opened the test for all of them. Once is enough."
            )
        if not np.isclose(reported, truth[picked]):
            return wrong(
                "What it reports is not the accuracy on the test. A validator's value is no "
                "accuracy: it is good for comparing, and for nothing else."
            )
    return right("Chosen without labels, and then the test, once, for the chosen one alone.")


CHOOSE_SOLUTION = '''
def choose_and_report(names, validator, test):
    """Choose without labels; return a name and its test accuracy."""
    scores = {name: validator(name) for name in names}
    best = max(names, key=lambda name: np.nan_to_num(scores[name], nan=-np.inf))
    return best, test(best)
'''.strip()

CHOOSE = Exercise(
    id="5.4",
    title="The oracle in disguise",
    stub='''
def choose_and_report(names, validator, test):
    """Choose without labels; return a name and its test accuracy."""
    scores = {name: test(name) for name in names}
    best = max(names, key=lambda name: scores[name])
    return best, scores[best]
'''.strip(),
    ask='tl.check("5.4", choose_and_report)',
    hints=(
        "How often, and for which networks, does it call `test`? How often should it?",
        "The second trouble shows when a validator returns `nan`. What is `max([np.nan, 1.0])`?",
        "`np.nan_to_num(x, nan=...)` puts another number in place of nan.",
    ),
    solution=CHOOSE_SOLUTION,
    why="The test is called once, after the choice. And a network without a value is the last "
    "one to be taken.",
    check=check_choose,
    mistakes=(
        *slips(
            CHOOSE_SOLUTION,
            ("validator(name)", "test(name)", "That is the oracle"),
            ("max(names", "min(names", "likes best"),
            ("np.nan_to_num(scores[name], nan=-np.inf)", "scores[name]", "broken down"),
            ("test(best)", "scores[best]", "is no accuracy"),
            ("test(best)", "max(test(name) for name in names)", "opened the test for all"),
            ("return best, test", "return test", "Return two things"),
            ("return best,", "return names.index(best),", "one of the names"),
        ),
    ),
    also_right=(
        KnownAnswer(
            "def choose_and_report(some, judge, held_out):\n"
            "    values = np.array([judge(one) for one in some])\n"
            "    best = some[int(np.nanargmax(values))]\n"
            "    return [best, np.float32(held_out(best))]",
            "Chosen without labels",
        ),
        KnownAnswer(
            edited(
                CHOOSE_SOLUTION,
                "np.nan_to_num(scores[name], nan=-np.inf)",
                "(scores[name] == scores[name], scores[name])",
            ),
            "Chosen without labels",
        ),
    ),
    setup="import numpy as np",
)

# ------------------------------------------------- 5.5 a function to complete


def check_round(answer: object, context: dict) -> Verdict:
    """Try one round of EM on answers that are made up."""
    rng = np.random.default_rng(0)
    answers = rng.dirichlet(np.array([0.5, 1, 2]), size=8)
    source, shares = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.2, 0.6])
    weighted = answers * shares / source
    wanted = (weighted / weighted.sum(axis=1, keepdims=True)).mean(axis=0)
    found = array(
        call(answer, answers.copy(), source.copy(), shares.copy(), name="`next_shares`"),
        "what comes back",
    )
    if found.shape == wanted.shape and np.allclose(found, wanted, atol=1e-4):
        return right(
            "Correct the answers by what is believed, and believe the mean of the corrected "
            "answers: in turn, until nothing moves."
        )

    def mean_of(rows: np.ndarray) -> np.ndarray:
        return (rows / rows.sum(axis=1, keepdims=True)).mean(axis=0)

    recognise(
        found,
        {
            "The rows are no longer 1 in sum. An image with small numbers would count for less "
            "than another one.": [weighted.mean(axis=0), weighted.mean(axis=0) / weighted.mean()],
            "The shares of the source are forgotten: the network has them in its answers, so they "
            "must be divided out.": mean_of(answers * shares),
            "The ratio is upside down. A class that comes MORE often than in the source should "
            "get more.": mean_of(answers * source / shares),
            "These are the means of the answers as they were. Nothing has been corrected.": (
                answers.mean(axis=0)
            ),
            "These are sums over the images. Shares are means.": wanted * len(answers),
        },
    )
    if found.shape == answers.shape:
        return wrong("These are corrected answers, a row for each image. Their mean is wanted.")
    return wrong(
        f"For {len(answers)} answers with 3 classes it returns something else, of the shape "
        f"{found.shape}. Work one row out by hand."
    )


ROUND_SOLUTION = '''
def next_shares(answers, source_shares, shares):
    """One round of EM: from the shares believed in to better ones."""
    weighted = answers * shares / source_shares
    corrected = weighted / weighted.sum(axis=1, keepdims=True)
    return corrected.mean(axis=0)
'''.strip()

ROUND = Exercise(
    id="5.5",
    title="A round of EM",
    stub='''
def next_shares(answers, source_shares, shares):
    """One round of EM: from the shares believed in to better ones."""
    weighted = ...  # by how much more often each class comes
    corrected = ...  # each row 1 in sum again
    return ...
'''.strip(),
    ask='tl.check("5.5", next_shares)',
    hints=(
        "Say that sevens are half as frequent here as they were in the source. By what should "
        "each probability of a seven be multiplied?",
        "`answers` has the shape (n, classes), and the shares (classes,): NumPy multiplies each "
        "row by them.",
        "`x.sum(axis=1, keepdims=True)` can divide the rows of x.",
    ),
    solution=ROUND_SOLUTION,
    why="Bayes' rule for each image, then a count of the corrected answers. Repeated, it ends at "
    "the shares under which what the network saw is likeliest.",
    check=check_round,
    mistakes=slips(
        ROUND_SOLUTION,
        ("weighted / weighted.sum(axis=1, keepdims=True)", "weighted", "no longer 1 in sum"),
        (" / source_shares", "", "are forgotten"),
        ("shares / source_shares", "source_shares / shares", "upside down"),
        ("answers * shares / source_shares", "answers", "Nothing has been corrected"),
        ("corrected.mean(axis=0)", "corrected.sum(axis=0)", "These are sums"),
        ("corrected.mean(axis=0)", "corrected", "Their mean is wanted"),
        ("corrected.mean(axis=0)", "corrected.mean(axis=1)", "Work one row out"),
    ),
    also_right=(
        KnownAnswer(
            "def next_shares(p, old, now):\n"
            "    rows = [[a * n / o for a, n, o in zip(row, now, old)] for row in p]\n"
            "    return [sum(r[k] / sum(r) for r in rows) / len(rows) for k in range(len(now))]",
            "until nothing moves",
        ),
        KnownAnswer(
            "from tlhelpers import label_shift\n"
            "def next_shares(p, old, now):\n"
            "    return label_shift.reweight(p, old, now).mean(axis=0)",
            "until nothing moves",
        ),
    ),
    setup="import numpy as np",
)

# ------------------------------------------------------- 5.6 a number to predict


def check_guess(answer: object, context: dict) -> Verdict:
    """Compare a guess of TENT's accuracy in tiny batches with what was measured."""
    return judge_guess(
        answer,
        context,
        low="So bad it is not: features in the middle of the network bear a good deal.",
        high="The statistics of two images say more about these two digits than about handwriting.",
    )


GUESS = Exercise(
    id="5.6",
    title="Two at a time",
    stub="guess = ...  # in per cent",
    ask='tl.check("5.6", guess, measured=on_the_way[2])',
    hints=(
        "Section 3 has what the network reaches as it is: the line of source only. What do you "
        "expect of the mean of two images?",
        "There is no wrong guess. Write the first number that comes to your mind.",
    ),
    solution="guess = 60",
    why="Any number between 0 and 100 is a guess. Before anything is adapted to a batch, ask how "
    "much a batch knows.",
    check=check_guess,
    mistakes=(
        KnownAnswer("guess = 0.6", "looks like a fraction"),
        KnownAnswer("guess = 600", "More than 100"),
        KnownAnswer("guess = -6", "Less than nothing"),
        KnownAnswer("guess = '60 per cent'", "without quotes"),
    ),
    also_right=(
        KnownAnswer("guess = 80", "these two digits"),
        KnownAnswer("guess = np.array(10)", "bear a good deal"),
        KnownAnswer("guess = 52.5", "close"),
    ),
    setup="import numpy as np\non_the_way = {2: 0.5}",
)

# ------------------------------------------------------ 5.7 an experiment to design

NETWORKS = (
    *("source only", "AdaBN", "SHOT-IM", "consistency", "self-training"),
    *("gentle DANN", "strong DANN"),
)


def check_plan(answer: object, context: dict) -> Verdict:
    """Can the plan show both that a validator is of use, and that it is not?"""
    keys = ("candidates", "judge_on", "shifted", "compare_with", "targets", "useless_if")
    plan = record(answer, keys, "your plan")
    candidates = some_of(plan["candidates"], NETWORKS, "`candidates`")
    if "source only" not in candidates:
        return wrong("Doing nothing is no candidate. Then the validator can never warn of harm.")
    if len(candidates) < 3:
        return wrong("Between two candidates, a coin is right half of the time. Give more of them.")
    judge_on = one_of(plan["judge_on"], PARTS, "`judge_on`")
    if judge_on == "adapt on":
        return wrong("The methods have trained on these images. The judge should see others.")
    if judge_on == "test":
        return wrong(
            "The judge has seen the images of the test. Then you learn how well it judges these, "
            "and not new ones."
        )
    if one_of(plan["shifted"], ("yes", "no"), "`shifted`") == "no":
        return wrong(
            "In life the images to judge on come from where the others come from. If digits are "
            "rare in the target, they are rare there, too."
        )
    truths = ("accuracy on the test", "source accuracy", "loss of the method")
    if one_of(plan["compare_with"], truths, "`compare_with`") != truths[0]:
        return wrong("That can be had without labels as well: you would compare two opinions.")
    if number(plan["targets"], "`targets`") < 3:
        return wrong(
            "On one target or two, a validator may be right by luck. The notebook tells of a "
            "validator that was chosen after a look at one."
        )
    if len(words(plan["useless_if"], "`useless_if`").split()) < 5:
        return wrong("Say in a sentence which result would show that the validator is of no use.")
    return right(
        f"A fair trial: {len(candidates)} candidates with doing nothing among them, judged where "
        "nobody has trained, and compared with the truth on several targets."
    )


PLAN_SOLUTION = """
plan = {
    "candidates": ["source only", "AdaBN", "SHOT-IM", "consistency"],
    "judge_on": "choose by",
    "shifted": "yes",
    "compare_with": "accuracy on the test",
    "targets": 5,
    "useless_if": "It picks a network that is worse than source-only on most targets.",
}
""".strip()

PLAN = Exercise(
    id="5.7",
    by_hand=True,
    title="A trial for a judge",
    stub="""
plan = {
    "candidates": [...],  # networks that it may pick
    "judge_on": ...,  # "adapt on", "choose by" or "test"
    "shifted": ...,  # "yes" or "no": are digits rare there, too?
    # "accuracy on the test", "source accuracy", "loss of the method"
    "compare_with": ...,
    "targets": ...,  # on how many targets you try it
    "useless_if": ...,  # a sentence: what would show that
}
""".strip(),
    ask='tl.check("5.7", plan)',
    hints=(
        "The judge can only warn if it may also say: leave it as it is.",
        "For the trial, and only for it, you need to know the truth.",
        "For the last entry: what would make you choose by tossing a coin instead?",
    ),
    solution=PLAN_SOLUTION,
    why="The trial uses labels, so that later, on a target without any, you know how far to trust "
    "the judge. It holds for targets like those of the trial.",
    check=check_plan,
    mistakes=slips(
        PLAN_SOLUTION,
        ('"source only", "AdaBN"', '"AdaBN"', "Doing nothing is no"),
        ('"source only", "AdaBN", "SHOT-IM", ', '"source only", ', "half of the time"),
        ('"judge_on": "choose by"', '"judge_on": "adapt on"', "should see others"),
        ('"judge_on": "choose by"', '"judge_on": "test"', "has seen the images of the test"),
        ('"yes"', '"no"', "they are rare there, too"),
        ('"accuracy on the test"', '"source accuracy"', "two opinions"),
        ('"targets": 5', '"targets": 1', "after a look at one"),
        ("It picks a network that is worse than source-only on most targets.", "?", "of no use"),
        ('"AdaBN"', '"Adam"', "What it may have"),
    ),
    also_right=(
        KnownAnswer(
            'plan = dict(candidates=("strong DANN", "source only", "AdaBN"), targets=3.0, '
            'judge_on="choose by", shifted="yes ", compare_with="accuracy on the test", '
            'useless_if="picks no better than a coin does")',
            "A fair trial",
        ),
    ),
)

EXERCISES = (USES, INFO, READ, CHOOSE, ROUND, GUESS, PLAN)

# ------------------------------------------------------------------------- quizzes

QUIZZES = (
    Quiz(
        "5.a",
        "A paper reports, for each method, the best of 20 settings, by accuracy on the target.",
        (
            Choice(
                "That is fair: all methods get 20 settings.",
                "All of them are too good, and those most whose results vary most: the best of 20 "
                "lucky numbers is luckier.",
            ),
            Choice(
                "That is the oracle. Without target labels nobody could choose like that.",
                "Ask what each method reaches with a setting that was chosen without labels, and "
                "report both numbers. This course is not clean here, either: its settings were "
                "tried with labels of the first writers, and it says so.",
                right=True,
            ),
            Choice(
                "That is fine, as target labels were used for reporting only.",
                "They were used to choose among 20. That is a use.",
            ),
        ),
    ),
    Quiz(
        "5.b",
        "Your target has few sevens, or your network has unlearned sevens. How can you know which?",
        (
            Choice(
                "By steady information: it is low if sevens are missing.",
                "It cannot know: it sees answers alone, and few of them are sevens in both cases.",
            ),
            Choice(
                "By the loss: it is higher if the network has unlearned something.",
                "A method's own loss is small when it has done what it was told, right or wrong.",
            ),
            Choice(
                "Estimate the share of sevens with the network from before (EM, BBSE); compare.",
                "If nothing but the shares has changed, that is an estimate without labels. "
                "Handwriting is no print, so here it is a warning, and a few labels settle it.",
                right=True,
            ),
            Choice(
                "By source accuracy: if print's sevens are read, they are not unlearned.",
                "Even the ruined network of this notebook still reads print.",
            ),
        ),
    ),
    Quiz(
        "5.c",
        "Adaptation is worth about five labels per class in your case. When do you use it?",
        (
            Choice(
                "Always: labels cost money, and it is free.",
                "It costs computing, choosing and the risk of harm. Fifty digits are labelled in "
                "a few minutes.",
            ),
            Choice(
                "When labels are dear, such as a doctor's hour for each; else I label a few.",
                "And a few labels are of use either way: for a test that tells whether adaptation "
                "has helped or harmed.",
                right=True,
            ),
            Choice(
                "Never: five labels per class are nothing.",
                "For digits, they are next to nothing. For rare diseases they may be more than "
                "there are.",
            ),
        ),
    ),
)
