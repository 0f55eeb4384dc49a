"""Exercises and quizzes of notebook 10.  `definitions` says what the fields mean."""

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
from tlhelpers.teaching.exercises.reading import array, call, number

# ------------------------------------------------------- 10.1 a number to predict


def check_bits(answer: object, context: dict) -> Verdict:
    """Ask for the logarithm of the number of tokens, to base 2."""
    bits = number(answer, "your number")
    if abs(bits - 10) < 1e-6:
        return right("Ten questions that halve what is left find one token among 1,024.")
    if abs(bits - np.log(1024)) < 0.01:
        return wrong("That is the natural logarithm, as Keras' loss has it. A bit halves: base 2.")
    mistakes: dict[float, str] = {
        1024: "That is how many tokens there are. How often can 1,024 be halved?",
        8: "That is for 256 bytes. Here are four times as many tokens.",
        512: "That is half of them: what one bit leaves over.",
    }
    if abs(bits - 1 / 1024) < 1e-4:
        return wrong("That is the probability of each token. How many halvings is it away from 1?")
    if abs(bits + 10) < 1e-6:
        return wrong("The logarithm of a probability is below 0. Surprise is minus that.")
    other = "more" if bits < 10 else "fewer"
    return wrong(mistakes.get(bits, f"There are {other}. Halve 1,024 until one is left."))


BITS = Exercise(
    id="10.1",
    title="Who knows nothing",
    stub="bits = ...  # for each token",
    ask='tl.check("10.1", bits)',
    hints=(
        "One bit says which half the token is in. Then half as many are left.",
        "`np.log2` counts the halvings.",
    ),
    solution="bits = -np.log2(1 / 1024)",
    why="All that a language model learns is how to be below this number.",
    check=check_bits,
    mistakes=(
        KnownAnswer("bits = 1024", "how many tokens there are"),
        KnownAnswer("bits = 1 / 1024", "the probability of each token"),
        KnownAnswer("bits = np.log(1024)", "the natural logarithm"),
        KnownAnswer("bits = 8", "for 256 bytes"),
        KnownAnswer("bits = 512", "what one bit leaves over"),
        KnownAnswer("bits = np.log2(1 / 1024)", "Surprise is minus that"),
        KnownAnswer("bits = 3", "There are more"),
    ),
    also_right=(
        KnownAnswer("bits = 10", "Ten questions"),
        KnownAnswer("bits = np.array([np.log2(1024)])", "Ten questions"),
    ),
    setup="import numpy as np",
)

# ----------------------------------------------------- 10.2 a function to complete


def check_bits_per_byte(answer: object, context: dict) -> Verdict:
    """Ask for the bits per byte of tokens of different sizes."""
    for seed in range(3):
        rng = np.random.default_rng(seed)
        shares, sizes = rng.uniform(0.01, 1, 12), rng.integers(1, 9, 12)
        found = number(
            call(answer, shares.copy(), sizes.copy(), name="`bits_per_byte`"),
            "what `bits_per_byte` returns",
        )
        bits = -np.log2(shares)
        if abs(found - bits.sum() / sizes.sum()) < 1e-6:
            continue
        recognise(
            np.array(found),
            {
                "That is for each token. Tokens are of different sizes; divide by the bytes of "
                "all.": bits.mean(),
                "That is all bits of the text. How many are they for each byte?": bits.sum(),
                "That is the mean of what each token needs for its own bytes: it counts a short "
                "token as much as a long one. Add up first, and divide at the end.": (
                    bits / sizes
                ).mean(),
                "It is below zero: a logarithm of a share is.": -bits.sum() / sizes.sum(),
                "That is with the natural logarithm: nats, and not bits.": (
                    bits.sum() * np.log(2) / sizes.sum()
                ),
                "That is the bits of the mean probability. A rare surprise would hardly count; add "
                "up the bits.": -np.log2(shares.mean()) * len(shares) / sizes.sum(),
                "That is upside down: bytes for each bit.": sizes.sum() / bits.sum(),
            },
        )
        return wrong(
            f"For probabilities {shares[:2].round(2).tolist()}… it gave {found:.3f}. Take two "
            "tokens of one byte each, both with probability 1/4: four bits in two bytes."
        )
    return right("So networks with other tokens, and even byte counters, stand on one scale.")


BPB_SOLUTION = '''
def bits_per_byte(shares, sizes):
    """Bits for each byte; sizes: bytes of each token."""
    return -np.log2(shares).sum() / sizes.sum()
'''.strip()

BPB = Exercise(
    id="10.2",
    title="Bits per byte",
    stub='''
def bits_per_byte(shares, sizes):
    """Bits for each byte; sizes: bytes of each token."""
    return ...
'''.strip(),
    ask='tl.check("10.2", bits_per_byte)',
    hints=(
        "How many bits does one token need, if the network gave it the probability `share`?",
        "How many bits are there in all, and how many bytes?",
    ),
    solution=BPB_SOLUTION,
    why="A network with larger tokens needs more bits for each of them, and fewer tokens. Per "
    "byte, nobody gains by cutting otherwise.",
    check=check_bits_per_byte,
    mistakes=slips(
        BPB_SOLUTION,
        (".sum() / sizes.sum()", ".mean()", "That is for each token"),
        (" / sizes.sum()", "", "all bits of the text"),
        ("-np.log2(shares).sum() / sizes.sum()", "(-np.log2(shares) / sizes).mean()", "own bytes"),
        ("-np", "np", "below zero"),
        ("log2", "log", "nats"),
        (
            "-np.log2(shares).sum() /",
            "-np.log2(shares.mean()) * len(shares) /",
            "bits of the mean probability",
        ),
        ("    return ", "    ", "returns nothing"),
    ),
    also_right=(
        KnownAnswer(
            "import math\ndef bits_per_byte(p, n):\n"
            "    return sum(math.log2(1 / x) for x in p) / sum(n)",
            "on one scale",
        ),
    ),
    setup="import numpy as np",
)

# ----------------------------------------------------- 10.3 a function to complete


def check_mask(answer: object, context: dict) -> Verdict:
    """Ask for who may look at whom among n tokens."""
    for n in (4, 1, 7):
        found = array(call(answer, n, name="`may_look`"), "what `may_look` returns")
        wanted = np.tri(n)
        if found.shape != wanted.shape:
            return wrong(
                f"For {n} tokens, its shape is {found.shape}. A row for each token that looks, "
                f"and a column for each that is looked at: {wanted.shape}."
            )
        if np.array_equal(found, wanted):
            continue
        recognise(
            found,
            {
                "Everyone may look at everyone. That is BERT; a GPT would read the answer off the "
                "next token.": np.ones((n, n)),
                "Nobody may look at itself. But a token knows itself: what it must not know is "
                "what comes after it.": np.tri(n, k=-1),
                "That is turned round: each looks at itself and at what comes later.": np.tri(n).T,
                "Each sees itself and nothing else: then there is no context.": np.eye(n),
                "One token too many may be seen: the next one, which is the answer.": np.tri(
                    n, k=1
                ),
            },
        )
        return wrong(f"For {n} tokens, some cells differ from what a GPT allows.")
    return right("The lower triangle: that is all the difference between a GPT's looks and BERT's.")


MASK_SOLUTION = '''
def may_look(n):
    """(n, n): may the token of a row look at that of a column?"""
    places = np.arange(n)
    return places[:, None] >= places
'''.strip()

MASK = Exercise(
    id="10.3",
    title="No look ahead",
    stub='''
def may_look(n):
    """(n, n): may the token of a row look at that of a column?"""
    places = np.arange(n)
    return ...
'''.strip(),
    ask='tl.check("10.3", may_look)',
    hints=(
        "The first token may look at itself only, the last one at all of them.",
        "Compare places: `places[:, None]` is a column, and NumPy compares it with each place.",
    ),
    solution=MASK_SOLUTION,
    why="So one pass over a text answers as many questions as it has tokens, and no answer leaks.",
    check=check_mask,
    mistakes=slips(
        MASK_SOLUTION,
        ("places[:, None] >= places", "places[:, None] > places", "Nobody may look at itself"),
        ("places[:, None] >= places", "places[:, None] <= places", "turned round"),
        ("places[:, None] >= places", "places[:, None] >= places - 1", "One token too many"),
        ("places[:, None] >= places", "places[:, None] == places", "no context"),
        ("places[:, None] >= places", "np.ones((n, n))", "That is BERT"),
        ("places[:, None] >= places", "places >= 0", "its shape is"),
    ),
    also_right=(
        KnownAnswer("may_look = lambda n: np.tri(n, dtype=bool)", "The lower triangle"),
        KnownAnswer(
            "def may_look(n):\n    return [[j <= i for j in range(n)] for i in range(n)]",
            "The lower triangle",
        ),
    ),
    setup="import numpy as np",
)

# ------------------------------------------------------------- 10.4 a bug to find


def check_smooth(answer: object, context: dict) -> Verdict:
    """Ask for probabilities after contexts that were seen often, once and never."""
    rng = np.random.default_rng(0)
    for total_of in (0, 1, 3, 40):
        counts = np.bincount(rng.integers(0, 6, total_of), minlength=8)
        shorter = rng.dirichlet(np.ones(8))
        total, kinds = int(counts.sum()), int((counts > 0).sum())
        if not total:
            continue  # the notebook does not ask then
        found = np.array(
            [
                number(
                    call(answer, int(n), total, kinds, float(p), name="`smooth`"),
                    "what `smooth` returns",
                )
                for n, p in zip(counts, shorter, strict=True)
            ]
        )
        wanted = (counts + kinds * shorter) / (total + kinds)
        if np.allclose(found, wanted, atol=1e-6):
            continue
        recognise(
            found,
            {
                "The shorter context is forgotten: what was never seen gets the probability 0, and "
                "then its surprise has no end.": counts / total,
                "They add up to one, but the seen counts are lost.": shorter,
                "They add up to one, but each context trusts itself with the same weight, one, "
                "however many kinds of bytes it saw.": (counts + shorter) / (total + 1),
            },
        )
        if abs(found.sum() - 1) > 1e-6:
            return wrong(
                f"After a context that was seen {total} times, the probabilities of all bytes are "
                f"{found.sum():.2f} in sum. Who hands out more than 1 looks better than it is."
            )
        return wrong("They are 1 in sum now, and still not what the counts say.")
    return right(
        "Now they are 1 in sum, in every context. Check that of any model before its bits."
    )


SMOOTH_SOLUTION = '''
def smooth(count, total, kinds, shorter):
    """How likely is a byte here? Counts, and a shorter context."""
    return (count + kinds * shorter) / (total + kinds)
'''.strip()

SMOOTH = Exercise(
    id="10.4",
    title="Too good to be true",
    stub='''
def smooth(count, total, kinds, shorter):
    """How likely is a byte here? Counts, and a shorter context."""
    return (count + kinds * shorter) / total
'''.strip(),
    ask='tl.check("10.4", smooth)',
    hints=(
        "A context was seen 4 times, with 2 kinds of bytes behind it. Add up what it gives to all "
        "bytes: the counts are 4 in sum, the shorter context's probabilities are 1.",
        "What you hand out is divided by something. By how much must it be, so that the sum is 1?",
    ),
    solution=SMOOTH_SOLUTION,
    why="A baseline that hands out too much looks too good, and one that hands out too little "
    "looks too bad. In both cases the comparison is worth nothing.",
    check=check_smooth,
    mistakes=slips(
        SMOOTH_SOLUTION,
        ("(count + kinds * shorter) / (total + kinds)", "count / total", "forgotten"),
        ("(count + kinds * shorter) / (total + kinds)", "shorter", "counts are lost"),
        ("(count + kinds * shorter) / (total + kinds)", "count / total + shorter", "in sum"),
        (
            "(count + kinds * shorter) / (total + kinds)",
            "(count + shorter) / (total + 1)",
            "however many kinds",
        ),
        ("    return ", "    ", "returns nothing"),
    ),
    also_right=(
        KnownAnswer(
            "def smooth(n, total, kinds, shorter):\n"
            "    trust = total / (total + kinds)\n"
            "    return trust * n / total + (1 - trust) * shorter",
            "1 in sum",
        ),
    ),
    setup="import numpy as np",
)

# ----------------------------------------------------------- 10.5 a figure to read

READ = to_read(
    "10.5",
    "What the pretraining is worth",
    "worth",
    "D",
    {
        "A": "With nothing, the network from scratch needs as many bits as its tokens cost when "
        "all are equally likely. The curve of the pretrained one begins far below.",
        "B": "There the curve from scratch is still far above the place where the other one "
        "begins. Draw a level line from there to the right.",
        "C": "There it is lower, but look again: the other curve began lower still.",
        "D": "The curve from scratch never comes down to where the other one begins. So the "
        "pretraining is worth more than the most that was tried, and how much more the figure "
        "does not say.",
    },
    hints=(
        "Look where the pretrained curve begins, with no byte of the new library.",
        "Draw a level line from there to the right. Where does the curve from scratch cross it?",
    ),
    why="*More than what was tried* is an honest answer, too. A straight line through two points "
    "into the unknown would be a guess.",
)

# ----------------------------------------------------- 10.6 a function to complete


def check_soften(answer: object, context: dict) -> Verdict:
    """Ask for probabilities at a few temperatures, of small and of huge logits."""
    rng = np.random.default_rng(0)
    for temperature, scale in ((1.0, 1.0), (0.5, 1.0), (2.0, 3.0), (0.01, 30.0)):
        logits = scale * rng.normal(0, 1, 6)

        def soft(values: np.ndarray) -> np.ndarray:
            values = np.exp(values - values.max())
            return values / values.sum()

        found = array(
            call(answer, logits.copy(), temperature, name="`soften`"), "what `soften` returns"
        )
        wanted = soft(logits / temperature)
        if found.shape == wanted.shape and np.allclose(found, wanted, atol=1e-6):
            continue
        if found.shape == wanted.shape and not np.isfinite(found).all():
            return wrong(
                f"At temperature {temperature:g} it gives NaN: `exp` of a large number has no end. "
                "Take the largest from all of them first; that changes no probability."
            )
        recognise(
            found,
            {
                "You multiplied. Then a high temperature would sharpen.": soft(
                    logits * temperature
                ),
                "The temperature has no effect.": soft(logits),
                "Probabilities were divided, and then they are no longer 1 in sum: divide the "
                "logits, before `exp`.": soft(logits) / temperature,
                "They are not 1 in sum: divide by their sum.": [
                    np.exp(logits / temperature),
                    np.exp(logits / temperature - (logits / temperature).max()),
                ],
            },
        )
        return wrong(f"At temperature {temperature:g} the numbers are others.")
    return right("Below 1 the likely gains, above 1 the unlikely does; the order stays.")


SOFTEN_SOLUTION = '''
def soften(logits, temperature):
    """Probabilities from logits, at a temperature."""
    values = logits / temperature
    values = np.exp(values - values.max())
    return values / values.sum()
'''.strip()

SOFTEN = Exercise(
    id="10.6",
    title="Turn the temperature",
    stub='''
def soften(logits, temperature):
    """Probabilities from logits, at a temperature."""
    values = ...
    values = np.exp(values - values.max())
    return values / values.sum()
'''.strip(),
    ask='tl.check("10.6", soften)',
    hints=(
        "At temperature 1, nothing changes: it is softmax.",
        "A high temperature brings all logits closer together.",
    ),
    solution=SOFTEN_SOLUTION,
    why="`tl.gpt.soften` is the same. The largest is taken off so that `exp` stays within bounds.",
    check=check_soften,
    mistakes=slips(
        SOFTEN_SOLUTION,
        ("logits / temperature", "logits * temperature", "You multiplied"),
        ("logits / temperature", "logits", "no effect"),
        ("return values / values.sum()", "return values", "not 1 in sum"),
        (
            "    values = logits / temperature\n    values = np.exp(values - values.max())\n"
            "    return values / values.sum()",
            "    values = np.exp(logits - logits.max())\n"
            "    return values / values.sum() / temperature",
            "Probabilities were divided",
        ),
        ("values - values.max()", "values", "gives NaN"),
        ("    return ", "    ", "returns nothing"),
    ),
    also_right=(
        KnownAnswer(
            "from scipy.special import softmax\ndef soften(x, t):\n    return softmax(x / t)",
            "the order stays",
        ),
    ),
    setup="import numpy as np",
)

# ------------------------------------------------------------ 10.7 a number to guess


def check_guess(answer: object, context: dict) -> Verdict:
    """Take a guess of an accuracy."""
    return judge_guess(
        answer,
        context,
        low="More than a coin it does know: some words of praise stand in docstrings, too.",
        high="It writes like a docstring, and what it writes sounds right. What it knows of "
        "sentences is another matter.",
    )


GUESS = Exercise(
    id="10.7",
    title="What it knows of sentences",
    stub="guess = ...  # in per cent",
    ask='tl.check("10.7", guess, measured=accuracy)',
    hints=(
        "Tossing a coin gives 50. What did this network read, and what will it be asked?",
        "There is no wrong guess. Write the first number that comes to your mind.",
    ),
    solution="guess = 57",
    why="Any number between 0 and 100 is a guess. That a network writes well does not say that "
    "its states are good features.",
    check=check_guess,
    mistakes=(
        KnownAnswer("guess = 0.6", "looks like a fraction"),
        KnownAnswer("guess = 600", "More than 100"),
        KnownAnswer("guess = -6", "Less than nothing"),
        KnownAnswer("guess = '60 per cent'", "without quotes"),
    ),
    also_right=(
        KnownAnswer("guess = 90", "another matter"),
        KnownAnswer("guess = np.array(10)", "words of praise"),
        KnownAnswer("guess = 57.2", "close"),
    ),
    setup="import numpy as np\naccuracy = 0.56",
)

EXERCISES = (BITS, BPB, MASK, SMOOTH, READ, SOFTEN, GUESS)

# ------------------------------------------------------------------------- quizzes

QUIZZES = (
    Quiz(
        "10.a",
        "Model A needs 6 bits for each of its tokens, model B 4 bits for each of its own. Which "
        "one knows the text better?",
        (
            Choice(
                "B: it is surprised less.",
                "By each token. But if its tokens are half as long, it needs twice as many.",
            ),
            Choice(
                "A: harder tokens are worth more.",
                "What counts is how many bits the whole text takes.",
            ),
            Choice(
                "It cannot be said, until I know how many bytes a token of each has.",
                "With 3 bytes for a token of A and 1 for one of B it would be A: 2 bits for a byte "
                "against 4.",
                right=True,
            ),
            Choice(
                "Neither: bits say nothing about knowing.",
                "They do: who gives high probability to what comes needs few of them.",
            ),
        ),
    ),
    Quiz(
        "10.b",
        "After 10 kB of your documents, the loss on these 10 kB has fallen to nearly nothing. What "
        "do you report?",
        (
            Choice(
                "That the network now knows our documents.",
                "It knows these ones by heart. Ask about others.",
            ),
            Choice(
                "The bits per byte of other files, which it was not trained on.",
                "And beside them those of the network before, and of counted bytes.",
                right=True,
            ),
            Choice(
                "The bits per byte at the epoch that is best on the other files.",
                "Then an epoch was chosen on them, and they are no longer new.",
            ),
            Choice(
                "The perplexity of the 10 kB, since it is easier to understand.",
                "It is the same number in another form, of what was learnt by heart.",
            ),
        ),
    ),
    Quiz(
        "10.c",
        "At a temperature near 0 the text goes round in circles. Why?",
        (
            Choice(
                "The network has learnt too little: a large one never does that.",
                "Large ones do it less, and they do it, too.",
            ),
            Choice(
                "After a repetition its next token is the likeliest, and no other is drawn.",
                "What was said makes itself likelier, and no chance leads out.",
                right=True,
            ),
            Choice(
                "The draws have always the same seed.",
                "Where nothing is left to chance, no seed makes a difference.",
            ),
        ),
    ),
)
