"""Exercises and quizzes of notebook 01.  `definitions` says what the fields mean."""

from __future__ import annotations

import numpy as np

from tlhelpers.exercises.definitions import (
    Choice,
    Exercise,
    Known,
    Quiz,
    Verdict,
    edited,
    right,
    wrong,
)
from tlhelpers.exercises.reading import (
    NotThis,
    array,
    call,
    letter,
    number,
    record,
    rows,
    short,
    words,
)

# ------------------------------------------------------ 1.1 a function to complete


def check_prepare(answer: object, context: dict) -> Verdict:
    """Hand over scans with every grey value, and compare with the contract."""
    for n, seed in ((4, 0), (7, 1)):
        scans = np.random.default_rng(seed).integers(0, 256, (n, 48, 48)).astype(np.uint8)
        found = array(call(answer, scans.copy(), name="`prepare`"), "what `prepare` returns")
        if found.shape == (n, 48, 48):
            return wrong("There are no colours yet. Where is the fourth axis?")
        if found.shape == (n, 48, 48, 1):
            return wrong("There is one colour. The contract says how many there should be.")
        if found.shape == (n, 3, 48, 48):
            return wrong("The colours are on the second axis. Our network wants them last.")
        if found.shape != (n, 48, 48, 3):
            return wrong(f"The shape is {found.shape}; the network wants ({n}, 48, 48, 3).")
        wanted = 1 - scans / 127.5
        if (np.abs(found - wanted[..., None]) < 0.02).all():
            continue
        one = found[..., 0]
        mistakes = {
            "Ink and paper are exchanged.": (-wanted,),
            "The range is 0 to 1. The contract has another one.": (
                scans / 255,
                1 - scans / 255,
            ),
            "The range is still 0 to 255, as it came from the file.": (scans, 255.0 - scans),
            "Some values have wrapped around: an array of `uint8` has no room above 255, nor "
            "below 0. Which step comes too early?": (
                1 - (scans * np.uint8(2)) / 255,
                (255 - scans * np.uint8(2)) / 255,
                (scans * np.uint8(2)) / 255 - 1,
            ),
        }
        for says, results in mistakes.items():
            if any((np.abs(one - result) < 0.02).all() for result in results):
                return wrong(says)
        darkest, lightest = one[scans == 0].mean(), one[scans == 255].mean()
        return wrong(
            f"Ink becomes {darkest:.3g}, and paper {lightest:.3g}. Compare with the contract; "
            "then look at a value in the middle, too."
        )
    return right(
        "Size, colours, range, and ink and paper the right way round. "
        "Keras would have noticed none of these but the shape."
    )


PREPARE_SOLUTION = '''
def prepare(scans):
    """Scans, uint8 (n, 48, 48) from 0 (ink) to 255 (paper), as our network wants them."""
    values = 1 - scans / 127.5
    return np.repeat(values[..., None], 3, axis=-1)
'''.strip()

PREPARE = Exercise(
    id="1.1",
    title="Keep the contract",
    stub='''
def prepare(scans):
    """Scans, uint8 (n, 48, 48) from 0 (ink) to 255 (paper), as our network wants them."""
    values = ...
    return ...
'''.strip(),
    ask='tl.check("1.1", prepare)',
    hints=(
        "Take the table of section 2 line by line. The size is right already.",
        "You want a straight line through two points: 0 goes to one end of the range, 255 to "
        "the other. Which end is ink?",
        "Write it as 1 minus something. Then give the array a last axis, and repeat along it "
        "(`np.repeat`, or `np.stack`).",
    ),
    solution=PREPARE_SOLUTION,
    why="Dividing first makes decimal numbers of whole ones, so nothing wraps around. "
    "The minus turns light paper into the paper of our network.",
    check=check_prepare,
    mistakes=(
        Known(edited(PREPARE_SOLUTION, "1 - scans / 127.5", "scans / 127.5 - 1"), "are exchanged"),
        Known(edited(PREPARE_SOLUTION, "1 - scans / 127.5", "1 - scans / 255"), "is 0 to 1"),
        Known(edited(PREPARE_SOLUTION, "1 - scans / 127.5", "255 - scans"), "still 0 to 255"),
        Known(edited(PREPARE_SOLUTION, "1 - scans / 127.5", "1 - 2 * scans / 255"), "wrapped"),
        Known(edited(PREPARE_SOLUTION, "[..., None], 3, axis=-1", ", 1, axis=0"), "no colours"),
        Known(edited(PREPARE_SOLUTION, ", 3, axis", ", 1, axis"), "one colour"),
        Known(edited(PREPARE_SOLUTION, "[..., None], 3, axis=-1", "[:, None], 3, axis=1"), "last"),
        Known(edited(PREPARE_SOLUTION, "127.5", "128 * 2"), "Ink becomes"),
    ),
    also_right=(
        Known(
            "def prepare(x):\n"
            "    x = (255 - x.astype('float32')) / 255 * 2 - 1\n"
            "    return np.stack([x, x, x], axis=3).tolist()",
            "the right way round",
        ),
        Known(edited(PREPARE_SOLUTION, "127.5", "128"), "the right way round"),
    ),
    setup="import numpy as np",
)

# ------------------------------------------------------------- 1.2 a sheet in disorder


def _answers(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the list behind some outputs, the outputs, and the classes of the pictures."""
    rng = np.random.default_rng(seed)
    order = (np.array([3, 0, 4, 1, 5, 2]), np.array([1, 2, 4, 0, 3]))[seed]
    n = len(order)
    known = rng.permutation(np.repeat(np.arange(n), 15))
    outputs = np.argsort(order)[known]
    for output in range(n):  # a fifth of each is wrong, the first one among them
        seen = np.flatnonzero(outputs == output)
        known[seen[:3]] = (order[output] + 1 + np.arange(3)) % n
    return order, outputs, known


def check_recover(answer: object, context: dict) -> Verdict:
    """Shuffle a class list, and ask for it back; some of the answers are wrong."""
    for seed in (0, 1):
        order, outputs, known = _answers(seed)
        n = len(order)
        found = call(answer, outputs.copy(), known.copy(), name="`recover_list`")
        found = rows(found, "what `recover_list` returns")
        if len(found) != n:
            return wrong(
                f"The list has {len(found)} entries; here the network has {n} outputs, "
                "and each needs one."
            )
        if (found == order).all():
            continue
        behind = [known[outputs == output] for output in range(n)]
        mistakes = {
            "That is the other way round: for each class, the output that stands for it. "
            "Whoever reads the network has an output, and wants the class.": np.argsort(order),
            "That trusts a single picture for each output, and the network may be wrong about "
            "it. Let all pictures vote.": np.array([group[0] for group in behind]),
            "That is the list in its natural order, as if nothing was shuffled.": np.arange(n),
            "That is an average of class numbers. Between class 2 and class 4 lies not class 3: "
            "numbers of classes are names.": np.round([group.mean() for group in behind]),
            "That is the rarest class for each output.": np.array(
                [np.bincount(group).argmin() for group in behind]
            ),
        }
        for says, result in mistakes.items():
            if (found == result).all():
                return wrong(says)
        return wrong(
            f"{(found != order).sum()} of {n} outputs stand for another class. "
            "Look at one output: which classes do the pictures have for which it wins?"
        )
    return right(
        "A few pictures whose answer you know give a lost list back. "
        "That is also how you notice that a list is wrong."
    )


RECOVER_SOLUTION = '''
def recover_list(outputs, known):
    """The class behind each output 0, 1, 2, ...; `known` has the true class of each picture."""
    found = []
    for output in range(outputs.max() + 1):
        classes = known[outputs == output]
        found.append(np.bincount(classes).argmax())
    return found
'''.strip()

RECOVER = Exercise(
    id="1.2",
    title="The lost class list",
    stub='''
def recover_list(outputs, known):
    """The class behind each output 0, 1, 2, ...; `known` has the true class of each picture."""
    found = []
    for output in range(outputs.max() + 1):
        classes = ...
        found.append(...)
    return found
'''.strip(),
    ask='tl.check("1.2", recover_list)',
    hints=(
        "Take one output. Which pictures are those for which it was the answer? What are they?",
        "`outputs == output` is True for these pictures, and can be used as an index.",
        "The network makes mistakes, so these pictures are not all of one class. "
        "`np.bincount` counts how often each occurs.",
    ),
    solution=RECOVER_SOLUTION,
    why="The majority of the pictures for which an output wins says what it stands for. With a "
    "good network, three or four pictures of each class would do.",
    check=check_recover,
    mistakes=(
        Known(
            edited(RECOVER_SOLUTION, "known[outputs == output]", "outputs[known == output]"),
            "the other way round",
        ),
        Known(
            edited(RECOVER_SOLUTION, "np.bincount(classes).argmax()", "classes[0]"),
            "a single picture",
        ),
        Known(
            edited(RECOVER_SOLUTION, "np.bincount(classes).argmax()", "round(classes.mean())"),
            "an average of class numbers",
        ),
        Known(
            edited(RECOVER_SOLUTION, "np.bincount(classes).argmax()", "output"),
            "its natural order",
        ),
        Known(edited(RECOVER_SOLUTION, "argmax", "argmin"), "the rarest class"),
        Known(edited(RECOVER_SOLUTION, "return found", "return found[:2]"), "has 2 entries"),
        Known(edited(RECOVER_SOLUTION, "return found", "found"), "returns nothing"),
    ),
    also_right=(
        Known(
            "from collections import Counter\n"
            "def recover_list(o, k):\n"
            "    return tuple(Counter(k[o == i].tolist()).most_common(1)[0][0]\n"
            "                 for i in sorted(set(o.tolist())))",
            "a lost list back",
        ),
        Known(
            "def recover_list(o, k):\n"
            "    table = np.zeros((o.max() + 1, k.max() + 1))\n"
            "    np.add.at(table, (o, k), 1)\n"
            "    return table.argmax(axis=1).astype('float32')",
            "a lost list back",
        ),
    ),
    setup="import numpy as np",
)

# ----------------------------------------------------------------- 1.3 a bug to find


def _mask(found: object, n: int) -> np.ndarray:
    """Return a mask of n rows; row numbers are fine, too."""
    found = array(found, "what `sure_rows` returns")
    if found.dtype.kind != "b":
        numbers = rows(found, "what `sure_rows` returns")
        if len(numbers) and not 0 <= numbers.min() <= numbers.max() < n:
            raise NotThis(f"There are {n} rows, numbered from 0; some of yours are not among them.")
        return np.isin(np.arange(n), numbers)
    if found.shape != (n,):
        raise NotThis(
            f"There should be one answer for each of the {n} rows; the shape is {found.shape}."
        )
    return found


def check_sure(answer: object, context: dict) -> Verdict:
    """Try it on made-up rows at levels at which the mistakes differ."""
    for seed, (columns, level) in enumerate((([7, 2, 9], 0.5), ([11, 4, 3, 8], 0.45))):
        rng = np.random.default_rng(seed)
        probabilities = rng.dirichlet(np.full(12, 0.4), size=80)
        some = probabilities[:, columns]
        found = call(answer, probabilities.copy(), np.array(columns), level, name="`sure_rows`")
        found = _mask(found, len(some))
        share = some / some.sum(axis=1, keepdims=True)
        wanted = share.max(axis=1) >= level
        if (found == wanted).all():
            continue
        again = np.exp(some) / np.exp(some).sum(axis=1, keepdims=True)
        twice = np.exp(share) / np.exp(share).sum(axis=1, keepdims=True)
        mistakes = {
            "It compares what the network said when everything was possible. The rows of the "
            "columns that are left do not add up to 1.": some.max(axis=1) >= level,
            "It let the network choose among all its classes.": (
                probabilities.max(axis=1) >= level
            ),
            "It applied softmax to what had been through softmax already. That flattens all "
            "rows.": (again.max(axis=1) >= level),
            "It applied softmax, though the shares were right before. That flattens all rows, "
            "once more.": (twice.max(axis=1) >= level),
            "It found the rows that are NOT sure.": ~wanted,
            "It calls no row sure. By which sum does it divide?": np.zeros(80, bool),
            "It calls every row sure. By what does it divide?": np.ones(80, bool),
        }
        for says, result in mistakes.items():
            if (found == result).all():
                return wrong(says)
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
    """True where the best answer, when only `columns` are possible, is sure enough."""
    some = probabilities[:, columns]
    some = some / some.sum(axis=1, keepdims=True)
    return some.max(axis=1) >= at_least
'''.strip()

SURE = Exercise(
    id="1.3",
    title="Not as sure as it should be",
    stub='''
def sure_rows(probabilities, columns, at_least):
    """True where the best answer, when only `columns` are possible, is sure enough."""
    some = probabilities[:, columns]
    some = some / probabilities.sum(axis=1, keepdims=True)
    return some.max(axis=1) >= at_least
'''.strip(),
    ask='tl.check("1.3", sure_rows)',
    hints=(
        "Print `some.sum(axis=1)` at the end, for a few rows of `written`. What should it be?",
        "The second line divides. By which number? What is the sum of a whole row of "
        "probabilities?",
    ),
    solution=SURE_SOLUTION,
    why="Whole rows add up to 1 already, so dividing by their sum did nothing. What is left "
    "after the choice of columns has another sum.",
    check=check_sure,
    mistakes=(
        Known(
            "def sure_rows(probabilities, columns, at_least):\n"
            "    return probabilities[:, columns].max(axis=1) >= at_least",
            "do not add up to 1",
        ),
        Known(
            "def sure_rows(probabilities, columns, at_least):\n"
            "    return probabilities.max(axis=1) >= at_least",
            "among all its classes",
        ),
        Known(
            "def sure_rows(probabilities, columns, at_least):\n"
            "    some = np.exp(probabilities[:, columns])\n"
            "    some = some / some.sum(axis=1, keepdims=True)\n"
            "    return some.max(axis=1) >= at_least",
            "what had been through softmax already",
        ),
        Known(edited(SURE_SOLUTION, ">=", "<"), "NOT sure"),
        Known(edited(SURE_SOLUTION, "sum(axis=1, keepdims=True)", "sum()"), "no row sure"),
        Known(edited(SURE_SOLUTION, ".sum(axis=1", ".max(axis=1"), "every row sure"),
        Known(edited(SURE_SOLUTION, "some.max(axis=1)", "some"), "one answer for each"),
    ),
    also_right=(
        Known(
            "def sure_rows(p, keep, level):\n"
            "    good = [max(r[keep]) / sum(r[keep]) >= level for r in p]\n"
            "    return np.flatnonzero(good)",
            "adds up to 1 again",
        ),
        Known(
            "def sure_rows(p, keep, level):\n"
            "    some = np.log(p[:, keep] + 1e-12)\n"
            "    some = np.exp(some) / np.exp(some).sum(1)[:, None]\n"
            "    return list(some.max(1) >= level)",
            "adds up to 1 again",
        ),
    ),
    setup="import numpy as np",
)

# ---------------------------------------------------------- 1.4 a figure to read


def check_reading(answer: object, context: dict) -> Verdict:
    """Is a large marker above the diagonal read as what it means?"""
    chosen = letter(answer, "ABCD")
    if chosen == "B":
        return right(
            "Go up from 0.9 to the large blue marker, and then to the left: nearly all are right. "
            "The network is too modest about print."
        )
    return wrong(
        {
            "A": "So many would be wrong if the network was calibrated: then the marker would "
            "lie on the diagonal. Does it?",
            "C": "You read a small marker, or another curve. Take the large blue one at the "
            "right end.",
            "D": "The height of a marker is the share of right answers, so you can tell. "
            "It is not about one picture, but about many of that confidence.",
        }[chosen]
    )


READ = Exercise(
    id="1.4",
    title="Above the diagonal",
    stub='reading = ...  # "A", "B", "C" or "D"',
    ask='tl.check("1.4", reading)',
    hints=(
        "Find the large blue marker (print) at the right end. Where is it on the horizontal axis, "
        "and how high is it?",
        "The height is the share that is right. How many of a hundred are left over?",
    ),
    solution='reading = "B"',
    why="Confidence says one in ten; the count says one in a hundred or so. A number that a "
    "network gives about itself must be compared with a count before it is used.",
    check=check_reading,
    mistakes=(
        Known('reading = "A"', "if the network was calibrated"),
        Known('reading = "C"', "a small marker"),
        Known('reading = "D"', "so you can tell"),
        Known("reading = 1", "should be a letter in quotes"),
    ),
    also_right=(Known('reading = "b."', "too modest"), Known('reading = ("B",)', "too modest")),
)

# ------------------------------------------------------- 1.5 a number to predict


def check_guess(answer: object, context: dict) -> Verdict:
    """Compare a guess of a confidence with what was measured."""
    guess = number(answer, "your guess")
    if "measured" not in context:
        raise NotThis("run the check after the measurement, with `measured=...` as it stood there")
    measured = 100 * number(context["measured"], "measured")
    if guess < 0:
        return wrong("A probability is not negative. Per cents go from 0 to 100.")
    if guess > 100:
        return wrong("More than 100 per cent cannot be: the 39 probabilities add up to that.")
    if 100 / 39 / 100 < guess <= 1:
        return wrong(f"{guess:g} looks like a fraction. Per cents were asked for, from 0 to 100.")
    if guess < 100 / 39:
        return wrong(
            "The LARGEST of 39 numbers that add up to 100 cannot be so small. "
            "How small can it be, if all are equal?"
        )
    gap = guess - measured
    if abs(gap) <= 5:
        return right("A close guess: the network is about as sure of a G as you thought.")
    side = f"{abs(gap):.0f} points too {'high' if gap > 0 else 'low'}"
    if gap < 0:
        return right(
            f"Your guess is noted: {side}. It is natural to expect doubt. But softmax only "
            "compares the classes of the list with each other, and C fits best by far."
        )
    return right(f"Your guess is noted: {side}. So there was a little doubt, after all.")


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
        Known("guess_for_g = 0.4", "looks like a fraction"),
        Known("guess_for_g = 400", "add up to that"),
        Known("guess_for_g = -1", "not negative"),
        Known("guess_for_g = 2", "cannot be so small"),
        Known("guess_for_g = '40'", "without quotes"),
    ),
    also_right=(
        Known("guess_for_g = 3", "too low"),
        Known("guess_for_g = np.array([100])", "too high"),
        Known("guess_for_g = np.float32(84)", "close"),
    ),
    setup="import numpy as np\nstranger = np.full((3, 39), 0.85)",
)

# ------------------------------------------------------ 1.6 an experiment to design

PICTURES = ("print", "train", "test")
MEASURES = ("accuracy of the kept", "share kept", "calibration error", "accuracy of all")


def check_plan(answer: object, context: dict) -> Verdict:
    """Is the threshold chosen and judged on different handwriting, and by both of its sides?"""
    plan = record(answer, ("choose_on", "report_on", "measure", "fails_if"), "your plan")
    places = {key: words(plan[key], f"`{key}`") for key in ("choose_on", "report_on")}
    for key, place in places.items():
        if place not in PICTURES:
            raise NotThis(f'`{key}` is {short(place)}. It should be "print", "train" or "test".')
    measures = plan["measure"]
    measures = [measures] if isinstance(measures, str) else measures
    if not isinstance(measures, list | tuple | set) or not measures:
        raise NotThis("`measure` should be a list of one measure or more.")
    for measure in measures:
        if not isinstance(measure, str) or measure not in MEASURES:
            known = ", ".join(f'"{name}"' for name in MEASURES)
            raise NotThis(f"`measure` has {short(measure)}. There are {known}.")
    if places["choose_on"] == places["report_on"]:
        return wrong(
            "You choose and report on the same pictures. A threshold fits those best on which it "
            "was chosen, so the report would be too good."
        )
    if places["choose_on"] == "test":
        return wrong("You choose on the exam. Whoever reports on it afterwards has seen it.")
    if places["choose_on"] == "print":
        return wrong(
            "On print the network is hardly ever wrong, at any confidence. "
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
    if len(words(plan["fails_if"], "`fails_if`").split()) < 5:
        return wrong(
            "Say in a sentence which result would show that the plan does not work. "
            "With none, every result is a success."
        )
    return right(
        "Chosen on one half, reported on writers of the other, with gain and price side by side. "
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
    title="Who reads the rest?",
    stub="""
plan = {
    "choose_on": ...,  # "print", "train" or "test": where you choose the threshold
    "report_on": ...,  # one of the same three: where you count how well it does
    "measure": [...],  # what you count there
    "fails_if": ...,  # the result that would show that it does not work, in a sentence
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
        Known(edited(PLAN_SOLUTION, '"train"', '"test"'), "on the same pictures"),
        Known(
            edited(
                edited(PLAN_SOLUTION, '"report_on": "test"', '"report_on": "train"'),
                '"choose_on": "train"',
                '"choose_on": "test"',
            ),
            "has seen it",
        ),
        Known(edited(PLAN_SOLUTION, '"train"', '"print"'), "hardly ever wrong"),
        Known(edited(PLAN_SOLUTION, '"test"', '"print"'), "report on something else"),
        Known(edited(PLAN_SOLUTION, '"accuracy of the kept", ', ""), "nobody looks at"),
        Known(edited(PLAN_SOLUTION, ', "share kept"', ""), "a single answer is left"),
        Known(
            edited(
                PLAN_SOLUTION,
                "Fewer than half of the answers can be kept at 99% accuracy.",
                "it fails",
            ),
            "every result is a success",
        ),
        Known(edited(PLAN_SOLUTION, '"share kept"', '"beauty"'), "There are"),
    ),
    also_right=(
        Known(
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
            "It looks at the mean that is farthest away.": np.where(
                distances.max(axis=1) > limit, -1, distances.argmax(axis=1)
            ),
            "A stranger is one for whom even the NEAREST mean is too far. Yours is one for whom "
            "any mean is.": np.where((distances > limit).any(axis=1), -1, best),
            "It returns distances. Classes are wanted.": least,
        }
        for says, result in mistakes.items():
            if np.allclose(found, result):
                return wrong(says)
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
    """The class whose mean is nearest to each row, or -1 if even that is beyond `limit`."""
    distances = np.linalg.norm(rows[:, None] - means, axis=2)
    nearest = distances.argmin(axis=1)
    return np.where(distances.min(axis=1) > limit, -1, nearest)
'''.strip()

STRANGER = Exercise(
    id="1.7",
    title="None of these",
    stub='''
def mean_or_stranger(means, rows, limit):
    """The class whose mean is nearest to each row, or -1 if even that is beyond `limit`."""
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
    mistakes=(
        Known(
            edited(
                STRANGER_SOLUTION,
                "np.where(distances.min(axis=1) > limit, -1, nearest)",
                "nearest",
            ),
            "knows no strangers",
        ),
        Known(
            edited(
                STRANGER_SOLUTION,
                "np.linalg.norm(rows[:, None] - means, axis=2)",
                "((rows[:, None] - means) ** 2).sum(axis=2)",
            ),
            "SQUARE",
        ),
        Known(edited(STRANGER_SOLUTION, "> limit", "<= limit"), "wrong way round"),
        Known(
            edited(edited(STRANGER_SOLUTION, "argmin", "argmax"), ".min(", ".max("), "is farthest"
        ),
        Known(
            edited(
                STRANGER_SOLUTION, "distances.min(axis=1) > limit", "(distances > limit).any(1)"
            ),
            "any mean is",
        ),
        Known(edited(STRANGER_SOLUTION, "axis=2", "axis=1"), "Which axis"),
    ),
    also_right=(
        Known(
            "def mean_or_stranger(m, r, far):\n"
            "    said = []\n"
            "    for row in r:\n"
            "        d = [sum((row - x) ** 2) for x in m]\n"
            "        said.append(d.index(min(d)) if min(d) <= far ** 2 else -1)\n"
            "    return said",
            "none of these",
        ),
        Known(
            edited(STRANGER_SOLUTION, "> limit, -1, nearest", ">= limit, -1, nearest * 1.0"),
            "none of these",
        ),
    ),
    setup="import numpy as np",
)

EXERCISES = (PREPARE, RECOVER, SURE, READ, GUESS, PLAN, STRANGER)

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
                "These three break without a word. A handful of pictures whose answer you know "
                "shows it in a minute.",
                right=True,
            ),
            Choice(
                "Whether another network is better.",
                "It may get the same wrong input, and be as bad. First see whether this one is "
                "used as its documentation says.",
            ),
            Choice(
                "The number of pixels.",
                "A wrong size is the one mistake that Keras notices, and there was no message.",
            ),
        ),
    ),
    Quiz(
        "1.b",
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
                "A little more than that: in section 8, sure answers were right far more often "
                "than unsure ones.",
            ),
        ),
    ),
    Quiz(
        "1.c",
        "A heat map is bright on the loop of a 6, just where you would look. What follows?",
        (
            Choice(
                "The network has understood what a 6 is.",
                "A map says which places speak for the answer in one calculation, and nothing "
                "about understanding.",
            ),
            Choice(
                "A guess that is to be tested: cover the loop and see what happens.",
                "It looks right because you expected it. A test can fail, as one of ours did.",
                right=True,
            ),
            Choice(
                "The answer must be right.",
                "There is a map for wrong answers, too, and it may look as good: think of the 9 "
                "that was taken for a 3.",
            ),
        ),
    ),
)
