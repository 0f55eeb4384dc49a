"""Exercises and quizzes of notebook 01.  `definitions` says what the fields mean."""

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
    array,
    call,
    number,
    one_of,
    record,
    rows,
    some_of,
    words,
)

# ------------------------------------------------------ 1.1 a function to complete


def check_prepare(answer: object, context: dict) -> Verdict:
    """Hand over scans with every grey value, and compare with the contract."""
    for n, seed in ((4, 0), (7, 1)):
        scans = np.random.default_rng(seed).integers(0, 256, (n, 48, 48)).astype(np.uint8)
        found = array(call(answer, scans.copy(), name="`prepare`"), "what `prepare` returns")
        shapes = {
            (n, 48, 48): "There are no colours yet. Where is the fourth axis?",
            (n, 48, 48, 1): "There is one colour. The contract says how many there should be.",
            (n, 3, 48, 48): "The colours are on the second axis. Our network wants them last.",
        }
        if found.shape != (n, 48, 48, 3):
            other = f"The shape is {found.shape}; the network wants ({n}, 48, 48, 3)."
            return wrong(shapes.get(found.shape, other))
        wanted = 1 - scans / 127.5
        if (np.abs(found - wanted[..., None]) < 0.02).all():
            continue
        one, doubled = found[..., 0], scans * np.uint8(2)  # which has no room above 255
        mistakes = {
            "Ink and paper are exchanged.": -wanted,
            "The range is 0 to 1. The contract has another one.": [scans / 255, 1 - scans / 255],
            "The range is still 0 to 255, as it came from the file.": [scans, 255.0 - scans],
            "Some values have wrapped around: an array of `uint8` has no room above 255, nor "
            "below 0. Which step comes too early?": [
                1 - doubled / 255,
                (255 - doubled) / 255,
                doubled / 255 - 1,
            ],
        }
        recognise(one, mistakes, atol=0.02)
        darkest, lightest = one[scans == 0].mean(), one[scans == 255].mean()
        return wrong(
            f"Ink becomes {darkest:.3g}, and paper {lightest:.3g}. Compare with the contract; "
            "then look at a value in the middle, too."
        )
    return right(
        "Size, colours, range, and ink and paper the right way round. Keras would have noticed "
        "the shape at most, and that only the first time."
    )


PREPARE_SOLUTION = '''
def prepare(scans):
    """Scans, uint8 (n, 48, 48), 0 (ink) to 255 (paper), for the network."""
    values = 1 - scans / 127.5
    return np.repeat(values[..., None], 3, axis=-1)
'''.strip()

PREPARE = Exercise(
    id="1.1",
    title="Keep the contract",
    stub='''
def prepare(scans):
    """Scans, uint8 (n, 48, 48), 0 (ink) to 255 (paper), for the network."""
    values = ...
    return ...
'''.strip(),
    ask='tl.check("1.1", prepare)',
    hints=(
        "Take the contract line by line: size, colours, range. The size is right already.",
        "You want a straight line through two points: 0 goes to one end of the range, 255 to "
        "the other. Which end is ink?",
        "Write it as 1 minus something. Then give the array a last axis, and repeat along it "
        "(`np.repeat`, or `np.stack`).",
    ),
    solution=PREPARE_SOLUTION,
    why="Dividing first makes decimal numbers of whole ones, so nothing wraps around. "
    "The minus turns light paper into the paper of our network.",
    check=check_prepare,
    mistakes=slips(
        PREPARE_SOLUTION,
        ("1 - scans / 127.5", "scans / 127.5 - 1", "are exchanged"),
        ("1 - scans / 127.5", "1 - scans / 255", "is 0 to 1"),
        ("1 - scans / 127.5", "255 - scans", "still 0 to 255"),
        ("1 - scans / 127.5", "1 - 2 * scans / 255", "wrapped"),
        ("[..., None], 3, axis=-1", ", 1, axis=0", "no colours"),
        (", 3, axis", ", 1, axis", "one colour"),
        ("[..., None], 3, axis=-1", "[:, None], 3, axis=1", "last"),
        ("127.5", "128 * 2", "Ink becomes"),
    ),
    also_right=(
        KnownAnswer(
            "def prepare(x):\n"
            "    x = (255 - x.astype('float32')) / 255 * 2 - 1\n"
            "    return np.stack([x, x, x], axis=3).tolist()",
            "the right way round",
        ),
        KnownAnswer(edited(PREPARE_SOLUTION, "127.5", "128"), "the right way round"),
    ),
    setup="import numpy as np",
)

# ----------------------------------------------------------------- 1.2 a bug to find


def _mask(found: object, n: int) -> np.ndarray:
    """Return a mask of n rows; zeros and ones are fine, too, and so are row numbers."""
    found = array(found, "what `sure_rows` returns")
    if found.shape == (n,) and np.isin(found, (0, 1)).all():
        return found.astype(bool)
    if found.dtype.kind != "b":
        numbers = rows(found, "what `sure_rows` returns")
        if len(numbers) and not 0 <= numbers.min() <= numbers.max() < n:
            raise NotThis(f"There are {n} rows, numbered from 0; some of yours are not among them.")
        return np.isin(np.arange(n), numbers)
    if found.shape != (n,):
        raise NotThis(f"One answer for each of the {n} rows is wanted; the shape is {found.shape}.")
    return found


def check_sure(answer: object, context: dict) -> Verdict:
    """Try it on made-up rows at levels at which the mistakes differ."""
    for seed, (columns, level) in enumerate((([7, 2, 9], 0.45), ([11, 4, 3, 8], 0.4))):
        rng = np.random.default_rng(seed)
        probabilities = rng.dirichlet(np.full(12, 0.4), size=80)
        some = probabilities[:, columns]
        try:
            found = call(answer, probabilities.copy(), np.array(columns), level, name="`sure_rows`")
        except NotThis as problem:
            if "broadcast" not in str(problem):
                raise
            return wrong(
                "The sums do not fit below their rows. A sum along `axis=1` has one axis less "
                "than what was summed: keep it, with length 1."
            )
        found = _mask(found, len(some))
        share = some / some.sum(axis=1, keepdims=True)
        wanted = share.max(axis=1) >= level
        if (found == wanted).all():
            continue
        flat = np.exp(some) / np.exp(some).sum(axis=1, keepdims=True)
        mistakes = {
            "It compares what the network said when everything was possible. The rows of the "
            "columns that are left do not add up to 1.": some.max(axis=1) >= level,
            "It let the network choose among all its classes.": probabilities.max(axis=1) >= level,
            "It applied softmax to what had been through softmax already. That flattens all "
            "rows.": flat.max(axis=1) >= level,
            "It found the rows that are NOT sure.": ~wanted,
            "It calls no row sure. By which sum does it divide?": np.zeros(80),
            "It calls every row sure. By what does it divide?": np.ones(80),
        }
        recognise(found.astype(float), mistakes)
        return wrong(
            f"{(found != wanted).sum()} of {len(some)} rows are judged otherwise than they should "
            "be. Take one row, and work it out by hand."
        )
    return right(
        "Each row adds up to 1 again before it is compared. The best answer is the same with and "
        "without that; how sure it is, is not."
    )


SURE_SOLUTION = '''
def sure_rows(probabilities, columns, at_least):
    """True where the best answer, of `columns` alone, is sure enough."""
    some = probabilities[:, columns]
    some = some / some.sum(axis=1, keepdims=True)
    return some.max(axis=1) >= at_least
'''.strip()

SURE = Exercise(
    id="1.2",
    title="Not as sure as it should be",
    stub='''
def sure_rows(probabilities, columns, at_least):
    """True where the best answer, of `columns` alone, is sure enough."""
    some = probabilities[:, columns]
    some = some / probabilities.sum(axis=1, keepdims=True)
    return some.max(axis=1) >= at_least
'''.strip(),
    ask='tl.check("1.2", sure_rows)',
    hints=(
        "Print `some.sum(axis=1)` at the end, for a few rows of `written`. What should it be?",
        "The second line divides. By which number? What is the sum of a whole row of "
        "probabilities?",
    ),
    solution=SURE_SOLUTION,
    why="Whole rows add up to 1 already, so dividing by their sum did nothing. What is left "
    "after the choice of columns has another sum.",
    check=check_sure,
    mistakes=slips(
        SURE_SOLUTION,
        ("    some = some / some.sum(axis=1, keepdims=True)\n", "", "do not add up to 1"),
        ("[:, columns]", "", "among all its classes"),
        (
            "some = probabilities[:, columns]",
            "some = np.exp(probabilities[:, columns])",
            "what had been through softmax already",
        ),
        (", keepdims=True", "", "do not fit below their rows"),
        (">=", "<", "NOT sure"),
        ("sum(axis=1, keepdims=True)", "sum()", "no row sure"),
        (".sum(axis=1", ".max(axis=1", "every row sure"),
        ("some.max(axis=1)", "some", "One answer for each"),
    ),
    also_right=(
        KnownAnswer(
            "def sure_rows(p, keep, level):\n"
            "    good = [max(r[keep]) / sum(r[keep]) >= level for r in p]\n"
            "    return np.flatnonzero(good)",
            "adds up to 1 again",
        ),
        KnownAnswer(
            "def sure_rows(p, keep, level):\n"
            "    some = np.log(p[:, keep] + 1e-12)\n"
            "    some = np.exp(some) / np.exp(some).sum(1)[:, None]\n"
            "    return (some.max(1) >= level).astype(int).tolist()",
            "adds up to 1 again",
        ),
    ),
    setup="import numpy as np",
)

# ---------------------------------------------------------- 1.3 a figure to read

READ = to_read(
    "1.3",
    "Above the diagonal",
    "reading",
    "B",
    {
        "A": "So many would be wrong if the network was calibrated: then the marker would "
        "lie on the diagonal. Does it?",
        "B": "Go up from 0.9 to the large blue marker, and then to the left: nearly all are "
        "right. The network is too modest about print.",
        "C": "You read a small marker, or another curve. Take the large blue one at the right end.",
        "D": "The height of a marker is the share of right answers, so you can tell. "
        "It is not about one picture, but about many of that confidence.",
    },
    hints=(
        "Find the large blue marker (print) at the right end. Where is it on the horizontal axis, "
        "and how high is it?",
        "The height is the share that is right. How many of a hundred are left over?",
    ),
    why="Confidence says one in ten; the count says one in a hundred or so. A number that a "
    "network gives about itself must be compared with a count before it is used.",
)

# ----------------------------------------------------------------- 1.4 a bug to find


def _softmax(scores: np.ndarray, axis: int = 1) -> np.ndarray:
    """Return what adds up to 1 along an axis."""
    powers = np.exp(scores)
    return powers / powers.sum(axis=axis, keepdims=True)


def check_temperature(answer: object, context: dict) -> Verdict:
    """Try it above and below 1, where the mistakes differ."""
    for seed, t in ((0, 2.0), (1, 0.5), (2, 3.0)):
        given = np.random.default_rng(seed).dirichlet(np.full(5, 0.7), size=12)
        given = (given + 1e-3) / (given + 1e-3).sum(axis=1, keepdims=True)  # no zeros
        found = call(answer, given.copy(), t, name="`with_temperature`")
        found = array(found, "what `with_temperature` returns")
        if found.shape != given.shape:
            return wrong(f"From {given.shape} to {found.shape}: the shape should stay as it is.")
        scores = np.log(given)
        if np.allclose(found, _softmax(scores / t), rtol=0, atol=1e-4):
            continue
        mistakes = {
            "It still does the opposite: above 1, the answers become surer.": _softmax(scores * t),
            "It returns what it was given. What is divided after `exp` is multiplied again when "
            "the row is made to add up to 1.": given,
            "The rows do not add up to 1.": np.exp(scores / t),
            "The columns add up to 1, and not the rows.": _softmax(scores / t, axis=0),
            "It takes the probabilities for scores. That flattens every row, at any temperature.": [
                _softmax(given / t),
                _softmax(given),
            ],
            "The temperature is taken away from the scores. All scores of a row sink alike, and "
            "the row stays as it was.": _softmax(scores - t),
        }
        recognise(found, mistakes)
        return wrong(
            f"At t = {t:g} the largest probability of the first row becomes {found[0].max():.3f}; "
            f"{given[0].max():.3f} should become {_softmax(scores / t)[0].max():.3f}."
        )
    return right(
        "Divided before `exp`: above 1 every row becomes flatter, below 1 steeper, and the order "
        "in it stays. It is the same as the power 1/t."
    )


TEMPERATURE_SOLUTION = '''
def with_temperature(probabilities, t):
    """Probabilities at temperature t: less sure above 1, surer below."""
    scores = np.log(probabilities) / t
    rows = np.exp(scores)
    return rows / rows.sum(axis=1, keepdims=True)
'''.strip()

TEMPERATURE = Exercise(
    id="1.4",
    title="Too hot or too cold",
    stub='''
def with_temperature(probabilities, t):
    """Probabilities at temperature t: less sure above 1, surer below."""
    scores = np.log(probabilities) * t
    rows = np.exp(scores)
    return rows / rows.sum(axis=1, keepdims=True)
'''.strip(),
    ask='tl.check("1.4", with_temperature)',
    hints=(
        "Try it on one row: `with_temperature(np.array([[0.7, 0.2, 0.1]]), 2)`. Is the first "
        "number larger or smaller than before?",
        "A row is flat where its scores lie close together. What brings scores together, if t is "
        "2: to double them, or to halve them?",
    ),
    solution=TEMPERATURE_SOLUTION,
    why="Scores divided by 2 lie half as far apart, so the row is flatter. Where it happens "
    "matters, too: after `exp` a factor would cancel out.",
    check=check_temperature,
    mistakes=slips(
        TEMPERATURE_SOLUTION,
        ("np.log(probabilities) / t", "np.log(probabilities) * 1.0 * t", "still does the opposite"),
        ("np.log(probabilities) / t", "np.log(probabilities)", "what it was given"),
        (" / rows.sum(axis=1, keepdims=True)", "", "do not add up"),
        ("axis=1", "axis=0", "columns add up"),
        ("np.log(probabilities) / t", "probabilities / t", "probabilities for scores"),
        ("    return rows / rows.sum(axis=1, keepdims=True)", "    return rows[0]", "the shape"),
    ),
    also_right=(
        KnownAnswer(
            "def with_temperature(p, t):\n"
            "    p = np.asarray(p) ** (1 / t)\n"
            "    return [row / sum(row) for row in p]",
            "order in it stays",
        ),
        KnownAnswer(
            edited(TEMPERATURE_SOLUTION, "/ t", "/ t + 5"),
            "order in it stays",
        ),
    ),
    setup="import numpy as np",
)

# ------------------------------------------------------- 1.5 a number to predict


def check_guess(answer: object, context: dict) -> Verdict:
    """Compare a guess of a confidence with what was measured."""
    if number(answer, "your guess") == 1:
        raise NotThis("1 looks like a fraction. Per cents were asked for, from 0 to 100.")
    return judge_guess(
        answer,
        context,
        low="It is natural to expect doubt. But softmax only compares the classes of the list "
        "with each other, and C fits best by far.",
        high="So there was a little doubt, after all.",
        least=100 / 39,  # the largest of 39 numbers that add up to 100
    )


GUESS = Exercise(
    id="1.5",
    title="How sure of a stranger?",
    stub="guess_for_g = ...  # in per cent",
    ask='tl.check("1.5", guess_for_g, measured=np.median(stranger.max(axis=1)))',
    hints=(
        "The confidence is the largest of 39 probabilities, which add up to 1. "
        "Which letter of the list looks like a G? How much doubt will there be?",
        "There is no wrong guess above 3 per cent. Write the first number that comes to your mind.",
    ),
    solution="guess_for_g = 40",
    why="Any possible number is a guess. Nothing in the network says 'none of these'.",
    check=check_guess,
    mistakes=(
        KnownAnswer("guess_for_g = 0.4", "0.4 looks like"),
        KnownAnswer("guess_for_g = 1", "1 looks like"),
        KnownAnswer("guess_for_g = 400", "More than 100"),
        KnownAnswer("guess_for_g = -1", "Less than nothing"),
        KnownAnswer("guess_for_g = 2", "How small is possible?"),
        KnownAnswer("guess_for_g = '40'", "without quotes"),
    ),
    also_right=(
        KnownAnswer("guess_for_g = 3", "natural to expect doubt"),
        KnownAnswer("guess_for_g = np.array([100])", "a little doubt"),
        KnownAnswer("guess_for_g = np.float32(84)", "close"),
    ),
    setup="import numpy as np\nstranger = np.full((3, 39), 0.85)",
)

# ------------------------------------------------------ 1.6 an experiment to design

PICTURES = ("print", "train", "test")
MEASURES = ("accuracy of the kept", "share kept", "calibration error", "accuracy of all")
#: A sentence about a result has one of these; of what else it says, a person must judge.
COUNTED = (
    *("accura", "kept", "keep", "share", "calibration", "error", "mistake", "wrong", "right"),
    *("correct", "fewer", "less than", "more than", "%", "per cent", "percent", "threshold"),
)


def check_plan(answer: object, context: dict) -> Verdict:
    """Is the threshold chosen and judged on different handwriting, and by both of its sides?"""
    plan = record(answer, ("choose_on", "report_on", "measure", "fails_if"), "your plan")
    places = {key: one_of(plan[key], PICTURES, f"`{key}`") for key in ("choose_on", "report_on")}
    measures = some_of(plan["measure"], MEASURES, "`measure`")
    if places["choose_on"] == places["report_on"]:
        return wrong(
            "You choose and report on the same pictures. A threshold fits those best on which it "
            "was chosen, so the report would be too good."
        )
    if places["choose_on"] == "test":
        return wrong("You choose on the test. Whoever reports on it afterwards has seen it.")
    if places["choose_on"] == "print":
        return wrong(
            "On print the network is hardly ever wrong. "
            "What would you learn about the threshold for the pictures that will come?"
        )
    if places["report_on"] == "print":
        return wrong("You promise something about handwriting, and report on something else.")
    if "accuracy of the kept" not in measures:
        return wrong(
            "You do not measure what the promise is about: the answers that nobody looks at."
        )
    if "share kept" not in measures:
        return wrong(
            "A threshold at which a single answer is left, a right one, would be perfect by your "
            "measures. What does it cost?"
        )
    sentence = words(plan["fails_if"], "`fails_if`").lower()
    if len(sentence.split()) < 5:
        return wrong(
            "Say in a sentence which result would show that the plan does not work. "
            "With none, every result is a success."
        )
    if not any(word in sentence for word in COUNTED):
        return wrong(
            "Your sentence names nothing that was counted. Which number of yours, if it is too "
            "low or too high, shows that the plan does not work?"
        )
    return right(
        "Chosen on one half, reported on the other, with gain and price side by side. Whether "
        "your sentence is a good one, nobody has checked: ask a person. "
        "What it cannot promise: pictures of no class at all. None of them was in the count."
    )


PLAN_SOLUTION = """
plan = {
    "choose_on": "train",
    "report_on": "test",
    "measure": ["accuracy of the kept", "share kept"],
    "fails_if": "Fewer than half of the answers can be kept at 99% accuracy.",
}
""".strip()

PLAN = Exercise(
    id="1.6",
    by_hand=True,
    title="Who reads the rest?",
    stub="""
plan = {
    "choose_on": ...,  # "print", "train" or "test": for the threshold
    "report_on": ...,  # one of the same: where you count how well it does
    "measure": [...],  # what you count there
    "fails_if": ...,  # the result that shows that it fails, a sentence
}
""".strip(),
    ask='tl.check("1.6", plan)',
    hints=(
        "Which pictures look like those that will come? Which must not be seen before the end?",
        "A threshold has two sides: how good the answers are that are kept, and how many of them "
        "there are. With one of them alone, you can always win.",
        "For the last entry: from which result on would you rather let a person read everything?",
    ),
    solution=PLAN_SOLUTION,
    why="The threshold is one more thing that is chosen, so it needs labels of its own, apart "
    "from those of the report. Other sentences are as good.",
    check=check_plan,
    mistakes=(
        KnownAnswer(
            edited(
                edited(PLAN_SOLUTION, '"choose_on": "train"', '"choose_on": "test"'),
                '"report_on": "test"',
                '"report_on": "train"',
            ),
            "has seen it",
        ),
        *slips(
            PLAN_SOLUTION,
            ('"train"', '"test"', "on the same pictures"),
            ('"train"', '"print"', "hardly ever wrong"),
            ('"test"', '"print"', "report on something else"),
            ('"accuracy of the kept", ', "", "nobody looks at"),
            (', "share kept"', "", "a single answer is left"),
            (
                "Fewer than half of the answers can be kept at 99% accuracy.",
                "it fails",
                "every result is a success",
            ),
            (
                "Fewer than half of the answers can be kept at 99% accuracy.",
                "If the sun rises in the west",
                "nothing that was counted",
            ),
            ('"share kept"', '"beauty"', "What it may have"),
        ),
    ),
    also_right=(
        KnownAnswer(
            'plan = dict(choose_on=" train ", report_on="test", measure=("share kept", '
            '"calibration error", "accuracy of the kept"), '
            'fails_if="the kept ones are no better than all")',
            "What it cannot promise",
        ),
    ),
)

# ------------------------------------------------------ 1.7 a function to complete


def check_stranger(answer: object, context: dict) -> Verdict:
    """Place rows near to and far from made-up means, at limits below and above 1."""
    for seed, (classes, limit) in enumerate(((5, 0.5), (3, 2.0))):
        rng = np.random.default_rng(seed)
        means = 4 * rng.normal(size=(classes, 4))
        nearest = np.arange(24) % classes
        steps = rng.normal(size=(24, 4))
        steps /= np.linalg.norm(steps, axis=1, keepdims=True)
        given = means[nearest] + steps * limit * rng.choice([0.4, 0.85, 1.2, 1.8], (24, 1))
        found = call(answer, means.copy(), given.copy(), limit, name="`mean_or_stranger`")
        found = array(found, "what `mean_or_stranger` returns")
        if found.shape != (24,):
            return wrong(
                f"There are {len(given)} rows, so {len(given)} answers; "
                f"the shape of yours is {found.shape}. Which axis is that of the classes?"
            )
        distances = np.linalg.norm(given[:, None] - means, axis=2)
        least, best = distances.min(axis=1), distances.argmin(axis=1)
        wanted = np.where(least > limit, -1, best)
        if np.array_equal(found, wanted):
            continue
        mistakes = {
            "It knows no strangers: every row gets a class, however far away it is.": best,
            "It compares the SQUARE of the distance with the limit.": (
                np.where(least**2 > limit, -1, best)
            ),
            "It is the wrong way round: near ones are called strangers.": (
                np.where(least > limit, best, -1)
            ),
            "Everybody is a stranger to it. A stranger is one for whom even the NEAREST mean is "
            "too far; and a length is that of the last axis.": np.where(
                (distances > limit).any(axis=1), -1, best
            ),
            "It returns distances. Classes are wanted.": np.where(least > limit, -1, least),
        }
        recognise(found, mistakes)
        return wrong(
            f"{(found != wanted).sum()} of {len(given)} rows get another answer than they should. "
            "Try it with two means on a line, at 0 and at 10, and a row at 4."
        )
    return right(
        "Unlike softmax, a distance can say: none of these. How large the limit should be is one "
        "more thing to choose, on pictures that are not the test."
    )


STRANGER_SOLUTION = '''
def mean_or_stranger(means, rows, limit):
    """The class of the nearest mean, or -1 if it is beyond `limit`."""
    distances = np.linalg.norm(rows[:, None] - means, axis=2)
    nearest = distances.argmin(axis=1)
    return np.where(distances.min(axis=1) > limit, -1, nearest)
'''.strip()

STRANGER = Exercise(
    id="1.7",
    title="None of these",
    stub='''
def mean_or_stranger(means, rows, limit):
    """The class of the nearest mean, or -1 if it is beyond `limit`."""
    distances = ...
    nearest = ...
    return ...
'''.strip(),
    ask='tl.check("1.7", mean_or_stranger)',
    hints=(
        "`nearest_mean` above has the first two steps. But its distances are squared, and nobody "
        "minded, since only the smallest was asked for.",
        "`rows[:, None] - means` has the shape (rows, classes, numbers). The length of the last "
        "axis is the distance: `np.linalg.norm`, or the root of the sum of squares.",
        "`np.where(condition, -1, nearest)` takes -1 where the condition is true.",
    ),
    solution=STRANGER_SOLUTION,
    why="The nearest mean is always some mean. Only its distance tells whether it is near.",
    check=check_stranger,
    mistakes=slips(
        STRANGER_SOLUTION,
        ("np.where(distances.min(axis=1) > limit, -1, nearest)", "nearest", "knows no strangers"),
        (
            "np.linalg.norm(rows[:, None] - means, axis=2)",
            "((rows[:, None] - means) ** 2).sum(axis=2)",
            "SQUARE",
        ),
        ("> limit", "<= limit", "wrong way round"),
        ("distances.min(axis=1) > limit", "(distances > limit).any(1)", "Everybody is"),
        ("nearest)", "distances.min(axis=1))", "returns distances"),
        ("axis=2", "axis=0", "Which axis"),
    ),
    also_right=(
        KnownAnswer(
            "def mean_or_stranger(m, r, far):\n"
            "    said = []\n"
            "    for row in r:\n"
            "        d = [sum((row - x) ** 2) for x in m]\n"
            "        said.append(d.index(min(d)) if min(d) <= far ** 2 else -1)\n"
            "    return said",
            "none of these",
        ),
        KnownAnswer(
            edited(STRANGER_SOLUTION, "> limit, -1, nearest", ">= limit, -1, nearest * 1.0"),
            "none of these",
        ),
    ),
    setup="import numpy as np",
)

EXERCISES = (PREPARE, SURE, READ, TEMPERATURE, GUESS, PLAN, STRANGER)

# ------------------------------------------------------------------------- quizzes

QUIZZES = (
    Quiz(
        "1.a",
        "A famous network gives nonsense on your pictures. There is no error message. What do "
        "you look at first?",
        (
            Choice(
                "Whether it needs more training.",
                "Perhaps later. A network that is good elsewhere and useless here was most "
                "likely fed with something else than it was made for.",
            ),
            Choice(
                "The range, colours and class list that it expects, with pictures you know.",
                "These three always break without a word. A handful of pictures whose answer you "
                "know shows it in a minute.",
                right=True,
            ),
            Choice(
                "Whether another network is better.",
                "It may get the same wrong input, and be as bad. First see whether this one is "
                "used as its documentation says.",
            ),
            Choice(
                "The number of pixels.",
                "It may be that, too: Keras is sure to compare sizes only the first time, so a "
                "missing message is no proof. But a wrong size gives a message at least then. "
                "Range, colours and class list never do, so begin with them.",
            ),
        ),
    ),
    Quiz(
        "1.b",
        "You take EfficientNetB0 from keras.applications. A photograph is loaded with load_img "
        "and img_to_array: numbers from 0 to 255. What has to happen before predict?",
        (
            Choice(
                "Divide by 255.",
                "It rescales inside. Divided first, the picture is nearly black to it.",
            ),
            Choice(
                "Add the axis of the batch, and no more.",
                "Its preprocess_input does nothing, because the network begins with layers that "
                "rescale. To call it all the same does no harm, and is a good habit.",
                right=True,
            ),
            Choice(
                "Divide by 127.5 and subtract 1.",
                "That is the contract of MobileNetV2. Take the function of the same family.",
            ),
            Choice(
                "Turn the colours round, and subtract the mean.",
                "That is the contract of ResNet50, whose weights came from a program with blue "
                "first.",
            ),
        ),
    ),
    Quiz(
        "1.c",
        "A network is 97% sure that a picture shows a 3. What do you know?",
        (
            Choice(
                "97 of 100 such answers are right.",
                "Only if it is calibrated, on pictures like this one. You have to measure that.",
            ),
            Choice(
                "The picture shows a digit, at least.",
                "Not even that. A network must name a class of its list, and it was sure of "
                "letters that it does not know.",
            ),
            Choice(
                "It is surer of this one than of a picture with 60%; the rest is to be measured.",
                "The order is the useful part, and even that is a tendency. The level is what "
                "the network says about itself.",
                right=True,
            ),
            Choice(
                "Nothing at all.",
                "A little more than that: in section 7, sure answers were right far more often "
                "than unsure ones.",
            ),
        ),
    ),
    Quiz(
        "1.d",
        "A score that should find strangers has an AUROC of 0.5. What does that mean?",
        (
            Choice(
                "It finds half of the strangers.",
                "How many it finds hangs on the threshold. AUROC looks at all thresholds at once.",
            ),
            Choice(
                "A stranger gets the higher score as often as a known picture.",
                "So the score knows nothing of the difference. Tossing a coin does as well.",
                right=True,
            ),
            Choice(
                "The threshold should be 0.5.",
                "AUROC says how well two groups can be separated, and not where.",
            ),
            Choice(
                "The score is calibrated.",
                "Calibration compares confidence with the share of right answers. AUROC only "
                "looks at the order.",
            ),
        ),
    ),
    Quiz(
        "1.e",
        "A heat map is bright on the loop of a 6, just where you would look. What follows?",
        (
            Choice(
                "The network has understood what a 6 is.",
                "A map says which places speak for the answer in one calculation, and nothing "
                "about understanding.",
            ),
            Choice(
                "A guess that is to be tested: cover the loop and see what happens.",
                "It looks right because you expected it. Ours was only a little better than "
                "a blind choice of ink.",
                right=True,
            ),
            Choice(
                "The answer must be right.",
                "There is a map for wrong answers, too, and it may look as good: think of the "
                "dahlia that was taken for a daisy.",
            ),
        ),
    ),
)
