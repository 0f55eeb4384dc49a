"""Exercises and quizzes of notebook 09.  `definitions` says what the fields mean."""

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
from tlhelpers.teaching.exercises.kinds import recognise, slips
from tlhelpers.teaching.exercises.reading import array, call, number, rows

# ------------------------------------------------------- 9.1 a function to complete

KNOWN = frozenset(
    "film un unknow know able a ##a ##s ##know ##known ##n ##able ##ab ##le ##ing ##in ##g".split()
)
#: A word, its pieces, and what to say if they are others.
WORDS_TO_CUT = (
    ("film", ["film"], "A word that the vocabulary has stays whole."),
    ("films", ["film", "##s"], ""),
    ("unknown", ["unknow", "##n"], ""),
    ("unable", ["un", "##able"], ""),
    ("unknowing", ["unknow", "##ing"], ""),
    ("a", ["a"], "A word of one letter has one piece, too."),
    ("filmz", ["[UNK]"], ""),
    ("zoo", ["[UNK]"], ""),
)


def check_cut(answer: object, context: dict) -> Verdict:
    """Cut words of which some are whole, some have pieces, and some cannot be spelt."""
    for word, wanted, otherwise in WORDS_TO_CUT:
        found = call(answer, word, set(KNOWN), name="`cut`")
        if isinstance(found, str):
            return wrong(f"For {word!r} it returns a text. A list of pieces is wanted.")
        if not isinstance(found, list | tuple):
            return wrong(f"For {word!r} it returns a {type(found).__name__}, and no list.")
        pieces = [str(piece) for piece in found]
        if pieces == wanted:
            continue
        return wrong(_what_is_wrong(word, pieces, wanted, otherwise))
    return right(
        "So a vocabulary of 30,522 pieces can spell nearly every word of English, and many of "
        "other languages, if in many small pieces."
    )


def _what_is_wrong(word: str, pieces: list[str], wanted: list[str], otherwise: str) -> str:
    said = f"{word!r} became {' '.join(pieces)[:80] or 'nothing'}. "
    bare = [piece.removeprefix("##") for piece in pieces]
    if wanted == ["[UNK]"]:
        if pieces[-1:] == ["[UNK]"]:
            return said + "If a rest cannot be spelt, the whole word is [UNK], without its pieces."
        return said + "Where no piece fits, the word cannot be spelt: what stands for it then?"
    if pieces == ["[UNK]"]:
        return said + (otherwise or "It can be spelt. Did you look for ## within the word only?")
    if bare == [piece.removeprefix("##") for piece in wanted]:
        return said + "These are the right places. What does a piece within a word begin with?"
    if bare[:1] and len(bare[0]) < len(wanted[0]):
        return said + "There is a longer beginning that the vocabulary has."
    return said + (otherwise or "Compare with the rule: the longest piece, again and again.")


CUT_SOLUTION = '''
def cut(word, known):
    """Pieces of a word: the longest beginning that is known, and so on."""
    pieces, start = [], 0
    while start < len(word):
        for end in range(len(word), start, -1):
            piece = ("##" if start else "") + word[start:end]
            if piece in known:
                break
        else:
            return ["[UNK]"]
        pieces.append(piece)
        start = end
    return pieces
'''.strip()

CUT = Exercise(
    id="9.1",
    title="Cut a word",
    stub='''
def cut(word, known):
    """Pieces of a word: the longest beginning that is known, and so on."""
    return ...
'''.strip(),
    ask='tl.check("9.1", cut)',
    hints=(
        "Try the whole word; if it is not known, leave out its last letter, and so on. Then do "
        "the same with the rest.",
        "Two loops: the outer one goes on while something is left, the inner one tries an end, "
        "from the last letter backwards.",
        "Only the first piece is without ##. And if not even one letter is known, the whole "
        'word is ["[UNK]"].',
    ),
    solution=CUT_SOLUTION,
    why="This is WordPiece. It is greedy: it does not look for the cut that makes most sense.",
    check=check_cut,
    mistakes=slips(
        CUT_SOLUTION,
        ("range(len(word), start, -1)", "range(start + 1, len(word) + 1)", "a longer beginning"),
        ('("##" if start else "") + ', '"" + ', "within the word only"),
        ('return ["[UNK]"]', "return pieces", "Where no piece fits"),
        ('return ["[UNK]"]', 'return [*pieces, "[UNK]"]', "without its pieces"),
        ("range(len(word), start", "range(len(word) - 1, start", "stays whole"),
        (
            "pieces.append(piece)",
            'pieces.append(piece.removeprefix("##"))',
            "right places",
        ),
        ("    return pieces\n"[:-1], '    return " ".join(pieces)', "it returns a text"),
    ),
    also_right=(
        KnownAnswer(
            "def cut(word, known, mark=''):\n"
            "    for end in range(len(word), 0, -1):\n"
            "        if mark + word[:end] in known:\n"
            "            rest = cut(word[end:], known, '##') if word[end:] else []\n"
            "            return ['[UNK]'] if '[UNK]' in rest else [mark + word[:end], *rest]\n"
            "    return ['[UNK]']",
            "30,522",
        ),
    ),
)

# ----------------------------------------------------------------- 9.2 a bug to find


def check_mean(answer: object, context: dict) -> Verdict:
    """Take means of texts of different lengths, filled up with states that mean nothing."""
    for seed, lengths in enumerate(((5, 2, 3), (1, 7))):
        rng = np.random.default_rng(seed)
        states = rng.normal(1, 1, (len(lengths), max(lengths), 4))
        mask = (np.arange(max(lengths)) < np.array(lengths)[:, None]).astype(np.int32)
        found = call(answer, states.copy(), mask.copy(), name="`mean_of_tokens`")
        found = array(found, "what `mean_of_tokens` returns")
        wanted = np.stack([x[:n].mean(axis=0) for x, n in zip(states, lengths, strict=True)])
        if found.shape == wanted.shape and np.allclose(found, wanted, atol=1e-4):
            continue
        held = states * mask[..., None]
        recognise(
            found,
            {
                "The filled places still count: the second text gets another row, only because "
                "the first one is longer.": states.mean(axis=1),
                "What was filled up is 0 in the sum now, but you divide by the length of the "
                "longest text.": held.mean(axis=1),
                "That is the sum. A long text would have larger numbers than a short one.": (
                    held.sum(axis=1)
                ),
                "You divide by the number of tokens of all texts together. Each text has its "
                "own.": held.sum(axis=1) / mask.sum(),
                "That is the state of the first token alone. It is used, too, but the mean is "
                "asked for.": states[:, 0],
            },
        )
        if found.shape != wanted.shape:
            return wrong(
                f"From {states.shape} and {mask.shape} to {found.shape}; wanted is one row for "
                f"each text, {wanted.shape}."
            )
        return wrong("The shape is right, but the numbers are not the mean over the true tokens.")
    return right("Now company changes nothing: a text has the same row in every batch.")


MEAN_SOLUTION = '''
def mean_of_tokens(states, mask):
    """From (n, length, width) and (n, length) to (n, width)."""
    held = states * mask[:, :, None]
    return held.sum(axis=1) / mask.sum(axis=1)[:, None]
'''.strip()

MEAN = Exercise(
    id="9.2",
    title="The mean of a short text",
    stub='''
def mean_of_tokens(states, mask):
    """From (n, length, width) and (n, length) to (n, width)."""
    return states.mean(axis=1)
'''.strip(),
    ask='tl.check("9.2", mean_of_tokens)',
    hints=(
        "In a batch of a long and a short text, what stands in the last places of the short one?",
        "`mask` is 1 where a token is and 0 where the text was filled up. `mask[:, :, None]` has "
        "the shape (n, length, 1), which goes with that of the states.",
        "Add up what the mask lets through, and divide by how many tokens each text has.",
    ),
    solution=MEAN_SOLUTION,
    why="`GlobalAveragePooling1D` of Keras does the same if it is given the mask.",
    check=check_mean,
    mistakes=(
        KnownAnswer(
            "def mean_of_tokens(states, mask):\n    return np.mean(states, axis=1)",
            "The filled places still count",
        ),
        *slips(
            MEAN_SOLUTION,
            ("held.sum(axis=1) / mask.sum(axis=1)[:, None]", "held.mean(axis=1)", "the longest"),
            (" / mask.sum(axis=1)[:, None]", "", "That is the sum"),
            ("mask.sum(axis=1)[:, None]", "mask.sum()", "of all texts together"),
            ("held.sum(axis=1) / mask.sum(axis=1)[:, None]", "states[:, 0]", "first token alone"),
            ("held.sum(axis=1) /", "held.sum(axis=2) /", "wanted is one row for each text"),
            ("held.sum(axis=1) /", "held.max(axis=1) /", "not the mean over the true tokens"),
        ),
    ),
    also_right=(
        KnownAnswer(
            "def mean_of_tokens(states, mask):\n"
            "    return [x[m == 1].mean(axis=0) for x, m in zip(states, mask)]",
            "company changes nothing",
        ),
        KnownAnswer(
            "import keras\n"
            "def mean_of_tokens(states, mask):\n"
            "    pool = keras.layers.GlobalAveragePooling1D()\n"
            "    return pool(states, mask=keras.ops.cast(mask, 'bool'))",
            "company changes nothing",
        ),
    ),
    setup="import keras",
)

# ------------------------------------------------------- 9.3 a function to complete


def check_closest(answer: object, context: dict) -> Verdict:
    """Search among rows of very different lengths."""
    for seed in range(3):
        rng = np.random.default_rng(seed)
        table = rng.normal(0, 1, (60, 5)) * rng.lognormal(0, 1.5, (60, 1))
        query = rng.normal(0, 1, 5) * 3
        product = table @ query
        cosine = product / np.linalg.norm(table, axis=1)
        wanted = np.argsort(-cosine)[:4]
        found = call(answer, query.copy(), table.copy(), 4, name="`closest`")
        found = array(found, "what `closest` returns")
        if found.shape == (60,):
            return wrong("All rows came back. Only the k best ones are wanted.")
        if found.shape == (4,) and np.array_equal(np.asarray(found, float), wanted):
            continue
        best = np.sort(cosine)[::-1][:4]
        recognise(
            found,
            {
                "These are the rows that are least alike. Which way round does argsort sort?": (
                    np.argsort(cosine)[:4]
                ),
                "Long rows win, whatever they mean. Their lengths have to go.": (
                    np.argsort(-product)[:4]
                ),
                "These are the smallest distances. A row twice as long means the same, and is "
                "far away. Take the angle.": np.argsort(np.linalg.norm(table - query, axis=1))[:4],
                "The right rows, but the best one should come first.": wanted[::-1],
                "These are the cosines. Wanted are the numbers of the rows.": [
                    best,
                    best / np.linalg.norm(query),
                ],
            },
        )
        if found.shape != (4,):
            return wrong(f"With k = 4, it returns shape {found.shape}. Wanted are 4 row numbers.")
        rows(found, "what `closest` returns")
        return wrong("Four rows, but not the four with the largest cosine.")
    return right("That is a search engine without a single label.")


CLOSEST_SOLUTION = '''
def closest(query, table, k):
    """Numbers of the k rows of largest cosine, the best one first."""
    lengths = np.linalg.norm(table, axis=1) * np.linalg.norm(query)
    cosine = table @ query / lengths
    return np.argsort(-cosine)[:k]
'''.strip()

CLOSEST = Exercise(
    id="9.3",
    title="Search by meaning",
    stub='''
def closest(query, table, k):
    """Numbers of the k rows of largest cosine, the best one first."""
    return ...
'''.strip(),
    ask='tl.check("9.3", closest)',
    hints=(
        "The cosine of two rows is the sum of their products, divided by both of their lengths.",
        "`table @ query` gives all the sums of products at once; `np.linalg.norm(table, axis=1)` "
        "all the lengths.",
        "`np.argsort` sorts from the smallest number on.",
    ),
    solution=CLOSEST_SOLUTION,
    why="The length of the query does not matter for the order; it is there so that 1 is the most.",
    check=check_closest,
    mistakes=slips(
        CLOSEST_SOLUTION,
        ("argsort(-cosine)", "argsort(cosine)", "least alike"),
        ("table @ query / lengths", "table @ query", "Long rows win"),
        (
            "table @ query / lengths",
            "-np.linalg.norm(table - query, axis=1)",
            "smallest distances",
        ),
        ("[:k]", "", "All rows came back"),
        ("[:k]", "[:k][::-1]", "should come first"),
        ("np.argsort(-cosine)[:k]", "np.sort(cosine)[::-1][:k]", "These are the cosines"),
        ("[:k]", "[:2]", "Wanted are 4 row numbers"),
        ("[:k]", "[k : 2 * k]", "Four rows, but not"),
    ),
    also_right=(
        KnownAnswer(
            "from sklearn.neighbors import NearestNeighbors\n"
            "def closest(query, table, k):\n"
            "    near = NearestNeighbors(n_neighbors=k, metric='cosine').fit(table)\n"
            "    return near.kneighbors(query[None], return_distance=False)[0]",
            "search engine",
        ),
    ),
)

# ------------------------------------------------------- 9.4 a function to complete


def check_head(answer: object, context: dict) -> Verdict:
    """Copy a head, on features of which two say nothing."""
    rng = np.random.default_rng(0)
    loud = rng.normal(2, [0.5, 3, 0.1, 1, 2], (50, 5))
    mean = np.concatenate([loud.mean(axis=0), [0.3, -1e-7]])
    spread = np.concatenate([loud.std(axis=0), [1e-32, 2e-9]])
    weights, bias = np.array([0.5, -1, 0.8, 0.3, -0.6, 0.9, -0.7]), 0.4
    given = (mean.copy(), spread.copy(), weights.copy(), bias)
    with np.errstate(all="ignore"):
        found = call(answer, *given, name="`copied`")
    if not isinstance(found, tuple | list) or len(found) != 2:
        return wrong("Return two things: the weights, and the bias.")
    new = array(found[0], "the first thing that `copied` returns")
    shift = number(found[1], "the second thing that `copied` returns")
    if new.shape != (7,):
        return wrong(
            f"There are 7 features; you return weights of shape {new.shape}. One that says "
            "nothing keeps its place."
        )
    if not np.isfinite(new).all() or np.abs(new[5:]).max() > 1e3:
        return wrong(
            f"The largest weight is {np.abs(new).max():.0e}. Where the spread is next to nothing, "
            "the division explodes. What should such a feature weigh?"
        )
    silent = "Spreads of a billionth and less are silent; the others have to keep their weight."
    if (new[:5] == 0).any() or (new[5:] != 0).any():
        return wrong(f"{np.sum(new == 0)} weights are 0. {silent}")
    wanted = weights[:5] / spread[:5]
    if np.allclose(new[:5], weights[:5] * spread[:5]):
        return wrong("You multiply by the spread. Standardising divides by it.")
    if not np.allclose(new[:5], wanted, rtol=1e-4):
        return wrong("The weights do not fit. What does standardising do to each feature?")
    if np.isclose(shift, bias):
        return wrong("The weights fit. But standardising also takes the mean off.")
    if np.isclose(shift, bias + new[:5] @ mean[:5], rtol=1e-4):
        return wrong("The weights fit. The mean is taken OFF: which sign does that give?")
    if not np.isclose(shift, bias - new[:5] @ mean[:5], rtol=1e-4):
        return wrong("The weights fit, and the bias does not. Write both formulas down.")
    return right("The same answers as before, from features as they are; and nothing explodes.")


HEAD_SOLUTION = '''
def copied(mean, spread, weights, bias):
    """Weights and bias for features that are not standardised."""
    silent = spread < 1e-6
    new = np.where(silent, 0, weights / np.where(silent, 1, spread))
    return new, bias - new @ mean
'''.strip()

HEAD = Exercise(
    id="9.4",
    title="Copy a head",
    stub='''
def copied(mean, spread, weights, bias):
    """Weights and bias for features that are not standardised."""
    silent = spread < 1e-6
    new = ...
    return ...
'''.strip(),
    ask='tl.check("9.4", copied)',
    hints=(
        "The classifier computes `(x - mean) / spread @ weights + bias`. Multiply that out: what "
        "stands before x, and what is left?",
        "Where `silent` is True, the weight should be 0: `np.where(silent, 0, ...)`.",
        "The mean is the same for all texts. So what it contributes belongs to the bias.",
    ),
    solution=HEAD_SOLUTION,
    why="A layer can do what two steps did: so a head starts where logistic regression ended.",
    check=check_head,
    mistakes=slips(
        HEAD_SOLUTION,
        (
            "np.where(silent, 0, weights / np.where(silent, 1, spread))",
            "weights / spread",
            "the division explodes",
        ),
        ("bias - new @ mean", "bias", "also takes the mean off"),
        ("bias - new @ mean", "bias + new @ mean", "which sign"),
        ("weights / np.where", "weights * np.where", "You multiply"),
        ("silent = spread < 1e-6", "silent = spread < 0.2", "3 weights are 0"),
        ("return new, bias", "return new[~silent], bias", "keeps its place"),
        ("return new, bias - new @ mean", "return new", "Return two things"),
        ("bias - new @ mean", "bias - weights @ mean", "Write both formulas"),
    ),
    also_right=(
        KnownAnswer(
            "def copied(mean, spread, weights, bias):\n"
            "    new = [w / s if s > 1e-8 else 0.0 for w, s in zip(weights, spread)]\n"
            "    return new, bias - sum(w * m for w, m in zip(new, mean))",
            "nothing explodes",
        ),
    ),
)

# ------------------------------------------------------- 9.5 a number to predict


def check_lora(answer: object, context: dict) -> Verdict:
    """Count the numbers of LoRA's narrow matrices."""
    count = number(answer, "your number")
    if count == 12 * 2 * 384 * 8:
        return right("12 kernels, and two matrices of 384 times 8 for each.")
    mistakes: dict[float, str] = {
        12 * 384 * 8: "Half of it. Did you count both kernels of a block, and both matrices?",
        2 * 384 * 8: "That is one kernel. How many of them get LoRA?",
        18 * 2 * 384 * 8: "You counted the key, too. Only query and value get LoRA here.",
        12 * 384 * 384: "That is the kernels themselves, which stay as they are.",
        12 * 8 * 8: "A narrow matrix is narrow on one side only.",
    }
    other = "more" if count < 12 * 2 * 384 * 8 else "fewer"
    return wrong(mistakes.get(count, f"There are {other}. Begin with one kernel."))


LORA = Exercise(
    id="9.5",
    title="How little is LoRA?",
    stub="lora = ...  # numbers in all narrow matrices, rank 8",
    ask='tl.check("9.5", lora)',
    hints=(
        "A kernel is 384 times 384. In its place comes the kernel plus a product of two matrices: "
        "384 times 8, and 8 times 384.",
        "There are six blocks, and in each the query and the value get such a product.",
    ),
    solution="lora = 6 * 2 * 2 * 384 * 8",
    why="That is a third of a per cent of the network: a small file for each task, and one "
    "network for all of them.",
    check=check_lora,
    mistakes=(
        KnownAnswer("lora = 12 * 384 * 8", "Half of it"),
        KnownAnswer("lora = 6 * 2 * 384 * 8 + 0.0 + 1", "Begin with one kernel"),
        KnownAnswer("lora = 2 * 384 * 8", "That is one kernel"),
        KnownAnswer("lora = 18 * 2 * 384 * 8", "You counted the key"),
        KnownAnswer("lora = 12 * 384 * 384", "the kernels themselves"),
        KnownAnswer("lora = 12 * 8 * 8", "on one side only"),
    ),
    also_right=(
        KnownAnswer("lora = 73728.0", "12 kernels"),
        KnownAnswer("lora = np.array([73_728])", "12 kernels"),
    ),
    setup="import numpy as np",
)

# ------------------------------------------------------- 9.6 a function to complete


def check_surest(answer: object, context: dict) -> Verdict:
    """Choose among probabilities most of which speak for one class."""
    for seed in range(3):
        rng = np.random.default_rng(seed)
        good = rng.permutation(np.concatenate([rng.beta(9, 1, 72), rng.beta(1, 40, 8)]))
        order = np.argsort(good)
        found = call(answer, good.copy(), 6, name="`surest`")
        if not isinstance(found, tuple | list) or len(found) != 2:
            return wrong("Return two things: row numbers, and a class for each.")
        chosen = rows(found[0], "the first thing that `surest` returns")
        classes = rows(found[1], "the second thing that `surest` returns")
        if len(chosen) != len(classes):
            return wrong(f"{len(chosen)} rows and {len(classes)} classes: each row has one class.")
        if len(chosen) != 12:
            return wrong(f"With n = 6 there should be 12 rows, 6 of each class; got {len(chosen)}.")
        if len({*chosen.tolist()}) < 12 or chosen.min() < 0 or chosen.max() >= 80:
            return wrong("Each row may come once, and there are rows from 0 on only.")
        taken, distance = set(chosen.tolist()), np.abs(good - 0.5)
        if taken != {*order[:6].tolist(), *order[-6:].tolist()}:
            known = {
                "All 12 are of the class 1. A classifier would learn to say 1.": order[-12:],
                "These are the answers that it is LEAST sure of.": np.argsort(distance)[:12],
                "The 12 surest of all, so mostly of one class. Take as many of each.": (
                    np.argsort(-distance)[:12]
                ),
            }
            says = [text for text, some in known.items() if taken == set(some.tolist())]
            return wrong([*says, "Some row was taken though another one is surer."][0])
        low = np.isin(chosen, order[:6])
        if (classes[low] == 1).all() and (classes[~low] == 0).all():
            return wrong("The classes are the wrong way round: a high probability means 1.")
        if not np.array_equal(classes, (~low).astype(int)):
            return wrong("The rows are right, but some have the class of others.")
    return right(
        "As many of each class, so that the shares stay even. That is an assumption about the "
        "target, and the target's labels were not needed for it."
    )


SUREST_SOLUTION = '''
def surest(good, n):
    """The n lowest and n highest probabilities: rows, and their classes."""
    order = np.argsort(good)
    rows = np.concatenate([order[:n], order[-n:]])
    return rows, np.repeat([0, 1], n)
'''.strip()

SUREST = Exercise(
    id="9.6",
    title="Whom to believe",
    stub='''
def surest(good, n):
    """The n lowest and n highest probabilities: rows, and their classes."""
    return ...
'''.strip(),
    ask='tl.check("9.6", surest)',
    hints=(
        "`np.argsort` gives the rows from the lowest to the highest probability of 1.",
        "The first n of them are most surely 0, the last n most surely 1.",
    ),
    solution=SUREST_SOLUTION,
    why="Self-training goes wrong where a classifier is sure and mistaken. Few rows, evenly from "
    "both classes, keep that small.",
    check=check_surest,
    mistakes=slips(
        SUREST_SOLUTION,
        ("order[:n], order[-n:]", "order[-2 * n :]", "All 12 are of the class 1"),
        (
            "    rows = np.concatenate([order[:n], order[-n:]])\n",
            "    rows = np.argsort(-np.abs(good - 0.5))[: 2 * n]\n",
            "mostly of one class",
        ),
        (
            "    rows = np.concatenate([order[:n], order[-n:]])\n",
            "    rows = np.argsort(np.abs(good - 0.5))[: 2 * n]\n",
            "LEAST sure",
        ),
        ("[0, 1]", "[1, 0]", "wrong way round"),
        ("order[:n], order[-n:]", "order[:n]", "6 rows and 12 classes"),
        ("return rows, np.repeat([0, 1], n)", "return rows", "Return two things"),
        ("np.repeat([0, 1], n)", "np.tile([0, 1], n)", "the class of others"),
        (
            "    return rows, np.repeat([0, 1], n)",
            "    rows = rows[1:-1]\n    return rows, np.repeat([0, 1], n - 1)",
            "there should be 12 rows",
        ),
        ("order[:n], order[-n:]", "order[1 : n + 1], order[-n:]", "another one is surer"),
    ),
    also_right=(
        KnownAnswer(
            "def surest(good, n):\n"
            "    low = np.argsort(good)[:n]\n"
            "    high = np.argsort(-good)[:n]\n"
            "    return [*high, *low], [1] * n + [0] * n",
            "As many of each class",
        ),
    ),
)

EXERCISES = (CUT, MEAN, CLOSEST, HEAD, LORA, SUREST)

# ------------------------------------------------------------------------- quizzes

QUIZZES = (
    Quiz(
        "9.a",
        "You look up the vector of the word *spring* in a table of word vectors such as GloVe's. "
        "Which meaning does it have?",
        (
            Choice(
                "That of the season, because it is the more frequent one.",
                "The more frequent meaning weighs more in it, but the others are mixed in.",
            ),
            Choice(
                "A mixture of all of them: the table has one row for each word.",
                "Only a network that reads the rest of the sentence can tell them apart.",
                right=True,
            ),
            Choice(
                "That of the sentence that it stands in.",
                "A table does not see the sentence. That is what the blocks of BERT are for.",
            ),
        ),
    ),
    Quiz(
        "9.b",
        "A list of words with sentiment, made by the people who also rated your test tweets, "
        "does best on these tweets and much worse elsewhere. What do you report?",
        (
            Choice(
                "The list beats the network on tweets.",
                "The list and the ratings come from one project: a test that one of the rivals "
                "has helped to make is none.",
            ),
            Choice(
                "All domains, with the tweets marked as no fair test for the list.",
                "Nothing is hidden, and nobody is misled.",
                right=True,
            ),
            Choice(
                "Only the tweets, because the list was made for them.",
                "That is choosing the test by its result.",
            ),
            Choice(
                "Nothing of the list: it has no place beside a network.",
                "Where it was not made with the test, it is a strong rival that needs no label.",
            ),
        ),
    ),
    Quiz(
        "9.c",
        "You have 20 labelled sentences of each class, and an afternoon. What first?",
        (
            Choice(
                "Fine-tune all layers: it can only get better.",
                "With so few labels the frozen features are hard to beat, and single runs differ "
                "much.",
            ),
            Choice(
                "Logistic regression on frozen features, beside n-grams, over several draws.",
                "That takes minutes, says what labels buy, and shows whether more of them would "
                "help.",
                right=True,
            ),
            Choice(
                "Choose the layer that does best on the test sentences.",
                "Then the test is used up. A layer is chosen on a part of its own.",
            ),
        ),
    ),
)
