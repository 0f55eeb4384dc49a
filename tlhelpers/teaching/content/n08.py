"""Exercises and quizzes of notebook 08.  `definitions` says what the fields mean."""

from __future__ import annotations

from collections import Counter

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
from tlhelpers.teaching.exercises.kinds import recognise, slips, to_read
from tlhelpers.teaching.exercises.reading import array, call, number, rows

# ---------------------------------------------------------- 8.1 a function to complete


def check_nearest(answer: object, context: dict) -> Verdict:
    """Ask for neighbours among rows of very different lengths."""
    rng = np.random.default_rng(0)
    table = rng.normal(size=(30, 6)) * rng.uniform(0.2, 5, (30, 1))
    unit = table / np.linalg.norm(table, axis=1, keepdims=True)
    for row, count in ((3, 4), (17, 7)):
        found = array(call(answer, table.copy(), row, count, name="`nearest`"), "what it returns")
        cosines = unit @ unit[row]
        order = np.argsort(-cosines)
        wanted = order[order != row][:count]
        if found.shape == wanted.shape and found.dtype.kind == "f" and (np.abs(found) <= 1).all():
            return wrong("These are cosines. Wanted are the numbers of the rows that have them.")
        found = rows(found, "what `nearest` returns")
        if found.shape == wanted.shape and (found == wanted).all():
            continue
        by_product = np.argsort(-(table @ table[row]))
        apart = np.argsort(np.linalg.norm(table - table[row], axis=1))
        recognise(
            found.astype(float),
            {
                "The word itself is among its neighbours: nothing is nearer.": order[:count],
                "A long row wins here, whichever way it points. A cosine does not look at the "
                "length of either row.": [
                    by_product[by_product != row][:count],
                    by_product[:count],
                ],
                "Those are the nearest by distance. Two words may point the same way and be "
                "of different length.": [apart[1 : count + 1], apart[:count]],
                "Those are the farthest ones: argsort begins with the smallest.": [
                    order[::-1][:count],
                ],
            },
        )
        if found.shape != wanted.shape:
            return wrong(f"{count} rows were asked for, and {found.size} came.")
        return wrong("The rows are not the nearest by cosine. Are they in order, nearest first?")
    return right("This is all that `tl.word_neighbours.nearest` does, with words for rows.")


NEAREST_SOLUTION = '''
def nearest(rows, row, count):
    """Numbers of the `count` nearest rows by cosine, without `row`."""
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    order = np.argsort(-(unit @ unit[row]))
    return order[order != row][:count]
'''.strip()

NEAREST = Exercise(
    id="8.1",
    title="Neighbours by hand",
    stub='''
def nearest(rows, row, count):
    """Numbers of the `count` nearest rows by cosine, without `row`."""
    unit = ...
    return ...
'''.strip(),
    ask='tl.check("8.1", nearest)',
    hints=(
        "Make every row as long as 1 first: divide it by its length. Then the cosine of two "
        "rows is the sum of their products.",
        "`np.argsort` gives row numbers, the smallest value first. How does the largest come "
        "first? And who is always the nearest?",
    ),
    solution=NEAREST_SOLUTION,
    why="One product of a matrix and a row compares a word with 400,000 others, in a moment.",
    check=check_nearest,
    mistakes=slips(
        NEAREST_SOLUTION,
        ("order[order != row][:count]", "order[:count]", "The word itself is among"),
        ("/ np.linalg.norm(rows, axis=1, keepdims=True)", "* 1", "A long row wins"),
        ("-(unit @ unit[row])", "unit @ unit[row]", "the farthest ones"),
        (
            "-(unit @ unit[row])",
            "np.linalg.norm(rows - rows[row], axis=1)",
            "the nearest by distance",
        ),
        ("[:count]", "[: count + 1]", "rows were asked for"),
        ("order[order != row][:count]", "np.sort(unit @ unit[row])[-2::-1][:count]", "cosines"),
        ("    return ", "    ", "returns nothing"),
    ),
    also_right=(
        KnownAnswer(
            "def nearest(rows, row, count):\n"
            "    def cosine(a, b):\n"
            "        return a @ b / np.sqrt((a @ a) * (b @ b))\n"
            "    others = [i for i in range(len(rows)) if i != row]\n"
            "    return sorted(others, key=lambda i: -cosine(rows[i], rows[row]))[:count]",
            "with words for rows",
        ),
    ),
    setup="import numpy as np",
)

# ---------------------------------------------------------- 8.2 a function to complete


def check_rank(answer: object, context: dict) -> Verdict:
    """Ask for the place of an answer, with some better ones left out."""
    for seed, (place, out_above, out_below) in enumerate(((9, 3, 0), (4, 2, 2), (12, 0, 3))):
        rng = np.random.default_rng(seed)
        cosines = rng.permutation(np.linspace(-0.9, 0.95, 25))
        order = np.argsort(-cosines)
        target = int(order[place])
        left_out = [int(row) for row in order[1 : 1 + out_above]]
        left_out += [int(row) for row in order[20 : 20 + out_below]]
        given = cosines.copy()
        found = number(call(answer, given, target, left_out, name="`rank`"), "what `rank` returns")
        wanted = place + 1 - out_above
        if found == wanted:
            continue
        if found == wanted - 1:
            return wrong("The best answer has place 1, and not 0.")
        if found == wanted + 1:
            return wrong("One too many is counted. Is the right answer better than itself?")
        if out_above and found == place + 1:
            return wrong("Those that are left out still stand before it.")
        if found == place + 1 - out_above - out_below:
            return wrong(
                "You take off all that are left out. Only those count that stand before it."
            )
        if found in (25 - place, 25 - place - out_above, 25 - place - out_below):
            return wrong("You count those that are worse. Place 1 is the largest cosine.")
        return wrong(
            f"Of 25 answers, {place} are better than the right one and {out_above} of these are "
            f"left out; your function says {found:g}."
        )
    return right("Place 1 with the question's words left out may be place 2 or 4 with them.")


RANK_SOLUTION = '''
def rank(cosines, answer, left_out):
    """The place of row `answer`, from 1, when some rows are left out."""
    better = cosines > cosines[answer]
    better[left_out] = False
    return 1 + better.sum()
'''.strip()

RANK = Exercise(
    id="8.2",
    title="The place of the right answer",
    stub='''
def rank(cosines, answer, left_out):
    """The place of row `answer`, from 1, when some rows are left out."""
    better = ...
    return ...
'''.strip(),
    ask='tl.check("8.2", rank)',
    hints=(
        "`cosines` has one number for each word, `answer` is the row of the right word, and "
        "`left_out` is a list of rows. Which words stand before the right one?",
        "A comparison gives True and False for each word. The sum of such an array counts the "
        "True ones. Make those that are left out False before.",
    ),
    solution=RANK_SOLUTION,
    why="Right or wrong is a coarse measure. The place says whether an answer just missed.",
    check=check_rank,
    mistakes=slips(
        RANK_SOLUTION,
        ("1 + better", "better", "place 1, and not 0"),
        ("cosines > cosines", "cosines >= cosines", "better than itself"),
        ("    better[left_out] = False\n", "", "still stand before it"),
        ("cosines > cosines", "cosines < cosines", "count those that are worse"),
        (
            "    better[left_out] = False\n    return 1 + better.sum()",
            "    return 1 + better.sum() - len(left_out)",
            "take off all",
        ),
        ("1 + better.sum()", "better", "should be one number"),
    ),
    also_right=(
        KnownAnswer(
            "def rank(cosines, answer, left_out):\n"
            "    order = [i for i in np.argsort(-cosines) if i not in left_out]\n"
            "    return order.index(answer) + 1",
            "with the question's words left out",
        ),
    ),
    setup="import numpy as np",
)

# ----------------------------------------------------------------- 8.3 a bug to find


def check_cut(answer: object, context: dict) -> Verdict:
    """Cut words of made-up families, several times."""
    tests = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        families = rng.permutation(np.repeat(np.arange(60), rng.integers(1, 6, 60)))
        words = [f"word{i}" for i in range(len(families))]
        found = call(
            answer, words, families.copy(), np.random.default_rng(seed), name="`cut_words`"
        )
        if not isinstance(found, tuple | list) or len(found) != 2:
            return wrong("Return two things: the rows to learn from, and the rows to test with.")
        train, test = (rows(part, "each part that `cut_words` returns") for part in found)
        if sorted([*train, *test]) != list(range(len(words))):
            both = len({*train} & {*test})
            return wrong(
                f"{both} words are on both sides."
                if both
                else "Each word should be in one of the two parts; some are in none."
            )
        shared = {*families[train]} & {*families[test]}
        if shared:
            return wrong(
                f"{len(shared)} of 60 families have words on both sides: with goodness to learn "
                "from, goodly is known by its letters. What should be dealt out at random?"
            )
        share = len({*families[test]}) / 60
        if share > 0.5:
            return wrong("The larger part comes second. One learns from three quarters.")
        if not 0.1 < share < 0.45:
            return wrong(f"{share:.0%} of the families are in the test; a quarter is asked for.")
        tests.append(frozenset(families[test]))
    if len({*tests}) == 1:
        return wrong("Every draw tests the same families. Nothing is random any more.")
    return right("What is dealt out is the family, and its words follow it.")


CUT_SOLUTION = '''
def cut_words(words, families, rng):
    """Rows to learn from, and rows to test with (a quarter)."""
    order = rng.permutation(np.unique(families))
    chosen = np.isin(families, order[: len(order) // 4])
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)
'''.strip()

CUT = Exercise(
    id="8.3",
    title="A cut through families",
    stub='''
def cut_words(words, families, rng):
    """Rows to learn from, and rows to test with (a quarter)."""
    order = rng.permutation(len(words))
    n = len(words) // 4
    return order[n:], order[:n]
'''.strip(),
    ask='tl.check("8.3", cut_words)',
    hints=(
        "`families` has a number for each word. Shuffle the families, and not the words.",
        "`np.unique` lists the families, each once. `np.isin` says which words are of the "
        "chosen ones.",
    ),
    solution=CUT_SOLUTION,
    why="The same rule as for writers and modules: cut between whatever repeats itself. "
    "`tl.sentiment_words.split_families` also keeps the shares of the classes.",
    check=check_cut,
    mistakes=(
        KnownAnswer(
            "def cut_words(words, families, rng):\n"
            "    order = rng.permutation(len(words))\n"
            "    n = len(words) // 2\n"
            "    return order[n:], order[:n]",
            "known by its letters",
        ),
        *slips(
            CUT_SOLUTION,
            (
                "np.flatnonzero(~chosen), np.flatnonzero(chosen)",
                "np.flatnonzero(chosen), np.flatnonzero(~chosen)",
                "The larger part comes second",
            ),
            ("rng.permutation(np.unique(families))", "np.unique(families)", "the same families"),
            ("np.flatnonzero(~chosen)", "np.arange(len(words))", "words are on both sides"),
            ("np.flatnonzero(~chosen)", "np.flatnonzero(~chosen)[1:]", "some are in none"),
            ("len(order) // 4", "len(order) // 20", "a quarter is asked for"),
            ("np.flatnonzero(~chosen), ", "", "Return two things"),
            ("np.flatnonzero(~chosen), np", "~chosen, np", "a mask of True and False"),
        ),
    ),
    also_right=(
        KnownAnswer(
            "from sklearn.model_selection import GroupShuffleSplit\n"
            "def cut_words(words, families, rng):\n"
            "    seed = int(rng.integers(1000))\n"
            "    cut = GroupShuffleSplit(1, test_size=0.25, random_state=seed)\n"
            "    return next(cut.split(words, groups=families))",
            "its words follow it",
        ),
    ),
    setup="import numpy as np",
)

# ---------------------------------------------------------- 8.4 a function to complete


def check_pairs(answer: object, context: dict) -> Verdict:
    """Ask for the pairs of sentences in which no word, and some word, comes twice."""
    sentences = ("an axis of the array", "the sum of the rows of the array")
    for sentence in sentences:
        for window in (2, 3, 1):
            words = sentence.split()
            found = call(answer, list(words), window, name="`pairs_of`")
            if not isinstance(found, list | tuple | set):
                return wrong(f"Return a list of pairs; what came is a {type(found).__name__}.")
            try:
                given = Counter((str(one), str(other)) for one, other in list(found)[:10_000])
            except (TypeError, ValueError):
                return wrong("Each item of the list should be a pair: a word and its neighbour.")
            size = range(len(words))
            wanted = Counter(
                (words[i], words[j]) for i in size for j in size if 0 < abs(i - j) <= window
            )
            if given == wanted:
                continue
            alone = Counter((word, word) for word in words)
            if given == wanted + alone:
                return wrong("Each word is paired with itself, too. That teaches nothing.")
            one_side = {
                side: Counter(
                    (words[i], words[j]) for i in size for j in size if 0 < side * (j - i) <= window
                )
                for side in (1, -1)
            }
            if given in one_side.values():
                return wrong("You look to one side only. Neighbours stand before AND after a word.")
            soon = [
                Counter((words[i], words[j]) for i in size for j in size if low <= j - i < window)
                - alone
                for low in (-window, 1 - window)
            ]
            if given in soon:
                return wrong(
                    "The window ends one place too soon: remember that `range` stops early."
                )
            if not isinstance(found, set) and len(found) > sum(wanted.values()):
                return wrong(
                    "There are too many pairs. Does a word at the beginning get neighbours from "
                    "the end? In Python, place -1 is the last one."
                )
            if set(given) == set(wanted):
                return wrong("A pair that comes twice should be there twice: it counts double.")
            return wrong(
                f"For {sentence!r} and a window of {window}, {sum(wanted.values())} pairs are "
                f"wanted; yours are {sum(given.values())}."
            )
    return right("Nobody has labelled anything: the text itself says what belongs together.")


PAIRS_SOLUTION = '''
def pairs_of(words, window):
    """All pairs (word, neighbour), at most `window` places apart."""
    found = []
    for place, word in enumerate(words):
        for other in range(place - window, place + window + 1):
            if other != place and 0 <= other < len(words):
                found.append((word, words[other]))
    return found
'''.strip()

PAIRS = Exercise(
    id="8.4",
    title="Who stands beside whom?",
    stub='''
def pairs_of(words, window):
    """All pairs (word, neighbour), at most `window` places apart."""
    found = []
    for place, word in enumerate(words):
        ...
    return found
'''.strip(),
    ask='tl.check("8.4", pairs_of)',
    hints=(
        "For the word at `place`, go through the places from `place - window` to `place + window`.",
        "Two kinds of places must be passed over: the word's own, and those before the "
        "beginning or after the end.",
    ),
    solution=PAIRS_SOLUTION,
    why="Prediction as a pretext: labels that cost nothing. BERT and GPT go on from there.",
    check=check_pairs,
    mistakes=slips(
        PAIRS_SOLUTION,
        ("other != place and ", "", "paired with itself"),
        ("range(place - window,", "range(place + 1,", "to one side only"),
        ("0 <= other < len(words)", "other < len(words)", "place -1 is the last"),
        ("window + 1)", "window)", "one place too soon"),
        ("return found", "return sorted(set(found))", "should be there twice"),
        ("(word, words[other])", "words[other]", "should be a pair"),
        ("return found", "return len(found)", "a list of pairs"),
    ),
    also_right=(
        KnownAnswer(
            "def pairs_of(words, window):\n"
            "    found = []\n"
            "    for gap in range(1, window + 1):\n"
            "        for one, other in zip(words, words[gap:]):\n"
            "            found += [(one, other), (other, one)]\n"
            "    return found",
            "the text itself says",
        ),
    ),
    setup="import numpy as np",
)

# ---------------------------------------------------------- 8.5 a figure to read

READ = to_read(
    "8.5",
    "What are vectors worth in labels?",
    "worth",
    "C",
    {
        "A": "With five labels the word counts are far below. A level line to the right from the "
        "vectors' point meets their curve later.",
        "B": "At twenty labels the word counts have not yet come up to it.",
        "C": "So vectors that were learned without a label are worth some fifty labels per class "
        "here, and the work of giving them.",
        "D": "At a hundred labels the word counts are already past it.",
    },
    hints=(
        "Find the vectors trained here at five labels per class. How high is that point?",
        "Go to the right at this height until you meet the curve of the word counts. Between "
        "which budgets is that?",
    ),
    why="A level line across the figure turns accuracy into labels, and labels into money.",
)

# ----------------------------------------------------------------- 8.6 a bug to find


def check_means(answer: object, context: dict) -> Verdict:
    """Ask for the means of texts of different lengths, one of them without a known word."""
    rng = np.random.default_rng(0)
    table = rng.normal(size=(9, 4))
    ids = np.array([[3, 5, 8, 0, 0], [2, 0, 0, 0, 0], [7, 7, 1, 4, 6], [0, 0, 0, 0, 0]])
    with np.errstate(all="ignore"):
        found = array(call(answer, ids.copy(), table.copy(), name="`means`"), "what it returns")
    wanted = np.array(
        [table[row[row > 0]].mean(axis=0) if row.any() else 0 * row[:4] for row in ids]
    )
    if found.shape != wanted.shape:
        return wrong(
            f"One row for each text is wanted, of shape {wanted.shape}; yours is of {found.shape}."
        )
    if np.allclose(found, wanted, atol=1e-5):
        return right("Short and long texts are now judged by their words, and not by their length.")
    if np.allclose(found[:3], wanted[:3], atol=1e-5):
        return wrong("Right for texts with words. A text without a known word should get zeros.")
    whole = table * (np.arange(9) > 0)[:, None]
    recognise(
        found[:3],
        {
            "The rows that fill up a short text still count: row 0 is no word.": (
                table[ids].mean(axis=1)[:3]
            ),
            "That is the sum: a text of many words gets a longer row.": whole[ids].sum(axis=1)[:3],
            "Row 0 is out of the sum, but you still divide by all five places.": (
                whole[ids].mean(axis=1)[:3]
            ),
        },
    )
    return wrong("The rows are not the means over the places whose id is above 0.")


MEANS_SOLUTION = '''
def means(ids, rows):
    """The mean of the rows of each text; id 0 fills up short texts."""
    real = (ids > 0)[:, :, None]
    return (rows[ids] * real).sum(axis=1) / np.maximum(real.sum(axis=1), 1)
'''.strip()

MEANS = Exercise(
    id="8.6",
    title="The words that are none",
    stub='''
def means(ids, rows):
    """The mean of the rows of each text; id 0 fills up short texts."""
    return rows[ids].mean(axis=1)
'''.strip(),
    ask='tl.check("8.6", means)',
    hints=(
        "A text of two words in a table of forty places has thirty-eight zeros. What does row 0 "
        "do to its mean?",
        "`ids > 0` is True where a word stands; give it a third axis. Multiply by it before the "
        "sum, and count with it after.",
        "What if a text has no word at all? Dividing by `np.maximum(..., 1)` is safe.",
    ),
    solution=MEANS_SOLUTION,
    why="`mask_zero=True` tells Keras the same: GlobalAveragePooling1D then passes these over.",
    check=check_means,
    mistakes=(
        *slips(
            MEANS_SOLUTION,
            ("np.maximum(real.sum(axis=1), 1)", "real.sum(axis=1)", "should get zeros"),
            (" / np.maximum(real.sum(axis=1), 1)", "", "That is the sum"),
            ("np.maximum(real.sum(axis=1), 1)", "ids.shape[1]", "by all five places"),
            ("(ids > 0)", "(ids >= 0)", "row 0 is no word"),
            ("    return ", "    ", "returns nothing"),
        ),
        KnownAnswer("def means(ids, rows):\n    return rows[ids]", "One row for each text"),
    ),
    also_right=(
        KnownAnswer(
            "def means(ids, rows):\n"
            "    size = rows.shape[1]\n"
            "    return [rows[i[i > 0]].mean(axis=0) if i.any() else [0] * size for i in ids]",
            "judged by their words",
        ),
    ),
    setup="import numpy as np",
)

# ---------------------------------------------------------- 8.7 a function to complete


def check_p(answer: object, context: dict) -> Verdict:
    """Hand over gaps of made-up splits, on both sides of 0 and some equal to the one seen."""
    for gap, shift in ((0.5, 0.1), (-0.5, 0.1), (1.25, -0.05)):
        others = np.round(np.random.default_rng(1).normal(shift, 0.6, 400), 2)
        others = np.append(others, [gap] * 7 + [-gap] * 5)
        found = number(call(answer, gap, others.copy(), name="`p_value`"), "what it returns")
        wanted = np.mean(np.abs(others) >= abs(gap))
        if np.isclose(found, wanted, atol=1e-6):
            continue
        if np.isclose(found, wanted * len(others)) or np.isclose(found, 100 * wanted):
            return wrong("Almost: a share is wanted, from 0 to 1.")
        if np.isclose(found, 1 - wanted):
            return wrong("That is the share of splits with a SMALLER gap.")
        if np.isclose(found, np.mean(np.abs(others) > abs(gap))):
            return wrong(
                "Those exactly as large count, too. The split that was seen is one of them."
            )
        if np.isclose(found, np.mean(others >= gap)) or np.isclose(found, np.mean(others <= gap)):
            return wrong(
                "You look at one direction only. Nobody said beforehand which way it would lean."
            )
        return wrong(f"For a gap of {gap:g}, {wanted:.3f} is wanted, and {found:.3f} came.")
    return right("If so large a gap is rare among random splits, luck is a poor explanation.")


P_SOLUTION = '''
def p_value(gap, others):
    """Share of random splits whose gap is as large, either way."""
    return np.mean(np.abs(others) >= abs(gap))
'''.strip()

P_VALUE = Exercise(
    id="8.7",
    title="How rare is that?",
    stub='''
def p_value(gap, others):
    """Share of random splits whose gap is as large, either way."""
    return ...
'''.strip(),
    ask='tl.check("8.7", p_value)',
    hints=(
        "`gap` is a number, and `others` has one number for each random split. Which of them "
        "are as far from 0 as `gap`, or farther?",
        "The mean of an array of True and False is the share of the True ones.",
    ),
    solution=P_SOLUTION,
    why="No table and no bell curve: the data are their own yardstick. The test says that the "
    "two lists differ in the vectors. Why they do, and whether the lists were well chosen, it "
    "does not say.",
    check=check_p,
    mistakes=slips(
        P_SOLUTION,
        ("np.abs(others) >= abs(gap)", "others >= gap", "one direction only"),
        (">=", ">", "Those exactly as large"),
        (">=", "<", "a SMALLER gap"),
        ("np.mean", "np.sum", "a share is wanted"),
        ("np.mean(np.abs(others) >= abs(gap))", "np.abs(others) >= abs(gap)", "it holds 412"),
        ("np.abs(others) >= abs(gap)", "np.abs(others - gap) >= abs(gap)", "is wanted, and"),
    ),
    also_right=(
        KnownAnswer(
            "def p_value(gap, others):\n"
            "    return sum(abs(other) >= abs(gap) for other in others) / len(others)",
            "luck is a poor explanation",
        ),
    ),
    setup="import numpy as np",
)

EXERCISES = (NEAREST, RANK, CUT, PAIRS, READ, MEANS, P_VALUE)

# ------------------------------------------------------------------------- quizzes

QUIZZES = (
    Quiz(
        "8.a",
        "Why is cold among the nearest neighbours of hot, though it means the opposite?",
        (
            Choice(
                "GloVe has made a mistake there; more text would put it right.",
                "More text shows the same: both stand beside water, weather, day and very.",
            ),
            Choice(
                "Both stand in the same company, and company is all that was learned from.",
                "Whatever stands beside the one may stand beside the other. Which of them is "
                "meant, the neighbours in a text hardly say.",
                right=True,
            ),
            Choice(
                "A cosine cannot tell a direction from its opposite.",
                "It can: opposite directions have a cosine of -1. The two rows point the same way.",
            ),
            Choice(
                "Their vectors have nearly the same length.",
                "The cosine does not look at lengths at all.",
            ),
        ),
    ),
    Quiz(
        "8.b",
        "A paper says that its vectors answer 80% of analogies. What do you ask first?",
        (
            Choice(
                "How many numbers each vector has.",
                "More numbers often help, but they do not say what the 80% are worth.",
            ),
            Choice(
                "Whether the answers were sorted by cosine or by distance.",
                "For rows of equal length both give the same order. There is a larger question.",
            ),
            Choice(
                "Which kinds of questions, and how many are right by the third word alone.",
                "Capitals are easy and young animals hopeless, so the mixture makes the number. "
                "And without the plain rival nobody knows what the direction brings.",
                right=True,
            ),
            Choice(
                "Nothing: four of five is far above chance among 400,000 words.",
                "Chance is no rival here: the nearest neighbour of the third word is often right.",
            ),
        ),
    ),
    Quiz(
        "8.c",
        "You train the rows of an Embedding on the labels of 20 sentences. What happens to the "
        "rows of words that are in none of them?",
        (
            Choice(
                "They move along with their neighbours.",
                "Rows know nothing of each other: a row moves only if its word is in a batch.",
            ),
            Choice(
                "They stay where they are, while the head learns to read rows that have moved.",
                "So test sentences are a mixture of moved and unmoved rows. That is why few "
                "labels are not enough to train 50 numbers for each word.",
                right=True,
            ),
            Choice(
                "They become zeros.",
                "Without a gradient nothing changes; zeros would need one, or weight decay.",
            ),
            Choice(
                "They are trained by the next test.",
                "Testing changes no weights, whatever it is asked about.",
            ),
        ),
    ),
    Quiz(
        "8.d",
        "Your classifier of job applications reads GloVe vectors, frozen. The labels were given "
        "with care and without prejudice. What follows?",
        (
            Choice(
                "It is fair: it has learned from fair labels only.",
                "Its features lean before the first label. With few labels, the head takes over "
                "whatever separates them.",
            ),
            Choice(
                "It is fair, because frozen vectors do not change.",
                "That is why they keep what was in six billion words, for better and worse.",
            ),
            Choice(
                "Leave out the words he and she, and it is fair.",
                "Jobs, hobbies and first names lean, too: they say the same in other words.",
            ),
            Choice(
                "Test it: swap he and she, or first names, and see whether answers change.",
                "A bias that came in with the vectors shows in the answers, and there it can be "
                "measured before anybody is harmed.",
                right=True,
            ),
        ),
    ),
)
