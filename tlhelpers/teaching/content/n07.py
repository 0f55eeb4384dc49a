"""Exercises and quizzes of notebook 07.  `definitions` says what the fields mean."""

from __future__ import annotations

import numpy as np

from tlhelpers.networks.table import ARCHITECTURES
from tlhelpers.teaching.exercises.definitions import (
    Choice,
    Exercise,
    KnownAnswer,
    Quiz,
    Verdict,
    right,
    wrong,
)
from tlhelpers.teaching.exercises.kinds import judge_guess, recognise, slips
from tlhelpers.teaching.exercises.reading import NotThis, array, call, number, words

# ------------------------------------------------------- 7.1 a function to complete


def check_separable(answer: object, context: dict) -> Verdict:
    """Count for two layers of different sides, windows and channels."""
    for side, window, before, after in ((10, 3, 8, 20), (7, 5, 6, 4)):
        found = array(
            call(answer, side, window, before, after, name="`separable`"),
            "what `separable` returns",
        )
        places, depthwise, mixing = side * side, window * window * before, before * after
        wanted = places * (depthwise + mixing)
        if found.size == 1 and np.isclose(found.item(), wanted):
            continue
        recognise(
            found.reshape(-1)[0] if found.size == 1 else found,
            {
                "That is a usual convolution: every window sees all channels. Here the window "
                "sees one channel at a time.": places * depthwise * after,
                "These are the weights. Each of them is used at every place.": depthwise + mixing,
                "The window has a height AND a width.": places * (window * before + mixing),
                "That is the depthwise half alone. Then the channels are mixed.": (
                    places * depthwise
                ),
                "That is the mixing alone. Before it, a window slides over each channel.": (
                    places * mixing
                ),
                "The two steps come one after the other, so what they cost is added up and not "
                "multiplied.": places * depthwise * mixing,
                "A picture has a height AND a width: how many places are there?": (
                    side * (depthwise + mixing)
                ),
                "The window slides over the channels that go IN; the mixing makes new ones.": (
                    places * (window * window * after + mixing)
                ),
            },
            atol=0.5,
        )
        if found.size != 1:
            return wrong(f"One number is wanted; what comes has the shape {found.shape}.")
        return wrong(
            f"For maps of {side} × {side}, a window of {window} × {window} and {before} → {after} "
            f"channels it returns {found.item():,.0f}; it is less or more."
        )
    return right(
        "With many channels nearly all of it is the mixing: a window of 3 × 3 costs eight or "
        "nine times less than in a usual convolution."
    )


SEPARABLE_SOLUTION = '''
def separable(side, window, before, after):
    """Multiply-adds: depthwise window, then a 1 × 1 convolution."""
    depthwise = window * window * before
    mixing = before * after
    return side * side * (depthwise + mixing)
'''.strip()

SEPARABLE = Exercise(
    id="7.1",
    title="What a depthwise separable convolution costs",
    stub='''
def separable(side, window, before, after):
    """Multiply-adds: depthwise window, then a 1 × 1 convolution."""
    depthwise = ...
    mixing = ...
    return ...
'''.strip(),
    ask='tl.check("7.1", separable)',
    hints=(
        "Think of one place of the maps first. The window has `window * window` weights for each "
        "channel that goes in.",
        "A 1 × 1 convolution: each channel that comes out is a sum over all that go in.",
        "Both happen at each of the `side * side` places.",
    ),
    solution=SEPARABLE_SOLUTION,
    why="A usual convolution costs side² · window² · before · after. Divide one by the other, and "
    "nearly window² is left if there are many channels.",
    check=check_separable,
    mistakes=slips(
        SEPARABLE_SOLUTION,
        ("return side * side * (depthwise + mixing)", "return depthwise + mixing", "the weights"),
        ("(depthwise + mixing)", "depthwise * after", "a usual convolution"),
        ("window * window * before", "window * before", "window has a height"),
        ("(depthwise + mixing)", "depthwise", "depthwise half alone"),
        ("(depthwise + mixing)", "mixing", "the mixing alone"),
        ("depthwise + mixing", "depthwise * mixing", "and not multiplied"),
        ("side * side", "side", "A picture has a height"),
        ("window * window * before", "window * window * after", "that go IN"),
        ("side * side", "2 * side * side", "it is less or more"),
    ),
    also_right=(
        KnownAnswer(
            "def separable(s, w, i, o):\n    return sum(w * w + o for _ in range(s * s * i))",
            "nearly all of it is the mixing",
        ),
        KnownAnswer(
            "separable = lambda s, w, i, o: np.float64(s) ** 2 * i * (w**2 + o)",
            "nearly all of it is the mixing",
        ),
    ),
    setup="import numpy as np",
)

# ---------------------------------------------------------- 7.2 a number to predict


def check_share(answer: object, context: dict) -> Verdict:
    """Compare a guess of the time with what came out."""
    guess = number(answer, "your guess")
    if guess == 1:
        raise NotThis("1 looks like a fraction. Per cents were asked for, from 0 to 100.")
    return judge_guess(
        answer,
        context,
        low="Its multiplications are few, but they wait for the memory: each number that is "
        "fetched is used a few times only.",
        high="It is closer to its share of the multiplications than that.",
    )


SHARE = Exercise(
    id="7.2",
    title="Two per cent of the work",
    stub="share_guess = ...  # in per cent",
    ask='tl.check("7.2", share_guess, measured=share_of_time)',
    hints=(
        "If time were multiply-adds and nothing else, the answer would be their quotient.",
        "What else takes time? Numbers have to be fetched from memory, and put back.",
    ),
    solution="share_guess = 8",
    why="Any possible number is a guess. Time is not multiply-adds: measure it where it will run.",
    check=check_share,
    mistakes=(
        KnownAnswer("share_guess = 0.02", "looks like a fraction"),
        KnownAnswer("share_guess = 300", "More than 100"),
        KnownAnswer("share_guess = -2", "Less than nothing"),
        KnownAnswer("share_guess = '8 %'", "without quotes"),
    ),
    also_right=(
        KnownAnswer("share_guess = 8", "to the point"),
        KnownAnswer("share_guess = 40", "closer to its share"),
        KnownAnswer("share_guess = np.array([2.0])", "wait for the memory"),
        KnownAnswer("share_guess = 11", "A close guess"),
    ),
    setup="import numpy as np\nshare_of_time = 0.08",
)

# ------------------------------------------------------------------- 7.3 a bug to find


def check_choose(answer: object, context: dict) -> Verdict:
    """Hand over made-up scores, in which valid and test disagree about the best."""
    for seed in range(4):
        rng = np.random.default_rng(seed)
        names = [f"network {letter}" for letter in "ABCDE"]
        valid = rng.permutation([0.90, 0.84, 0.80, 0.77, 0.70])
        test = rng.permutation([0.91, 0.85, 0.79, 0.75, 0.72])
        if valid.argmax() == test.argmax():
            test = np.roll(test, 1)
        given = (list(names), valid.copy(), test.copy())
        found = call(answer, *given, name="`choose`")
        if not isinstance(found, tuple | list) or len(found) != 2:
            return wrong("Return two things: the name of the network, and what is reported of it.")
        name, reported = words(found[0], "the name"), number(found[1], "what is reported")
        if name not in names:
            return wrong(f"The first thing that comes back is no name of a network: {name!r}.")
        best = int(valid.argmax())
        if name == names[int(test.argmax())]:
            return wrong(
                "The network is still chosen by the test, which should be opened once, for one "
                "network. Which numbers were there to choose on?"
            )
        if name != names[best]:
            return wrong(f"{name} is not the best one on the validation rows.")
        if np.isclose(reported, valid[best]):
            return wrong(
                "The right network. But what is reported are the rows on which it won, and a "
                "winner is always lucky there."
            )
        if np.isclose(reported, test.max()):
            return wrong("The right network; but the number belongs to another one.")
        if not np.isclose(reported, test[best]):
            return wrong("The right network; what is reported is not its number on the test.")
    return right(
        "Chosen on validation rows, reported on test rows: the number is a little lower, and "
        "it is what a new picture will see."
    )


CHOOSE_SOLUTION = '''
def choose(names, valid, test):
    """The best network, and what is reported of it."""
    best = np.argmax(valid)
    return names[best], test[best]
'''.strip()

CHOOSE = Exercise(
    id="7.3",
    title="Which one, and how good is it?",
    stub='''
def choose(names, valid, test):
    """The best network, and what is reported of it."""
    best = np.argmax(test)
    return names[best], test[best]
'''.strip(),
    ask='tl.check("7.3", choose)',
    hints=(
        "Ten networks of equal worth were tried. What would their best number on the test be, "
        "compared with the next thousand pictures?",
        "A test may be opened once, for one network. Something else has to do the choosing.",
    ),
    solution=CHOOSE_SOLUTION,
    why="The more networks are tried, the luckier the winner. Whoever chooses on the test reports "
    "this luck as if it were skill.",
    check=check_choose,
    mistakes=(
        *slips(
            CHOOSE_SOLUTION,
            ("test[best]", "valid[best]", "a winner is always lucky"),
            ("test[best]", "max(test)", "belongs to another one"),
            ("names[best], test[best]", "names[best]", "Return two things"),
            ("names[best], ", "best, ", "should be words in quotes"),
            ("np.argmax(valid)", "np.argmin(valid)", "not the best one on the validation"),
            ("test[best]", "test[best] / 2", "not its number on the test"),
        ),
        KnownAnswer(
            "def choose(names, valid, test):\n"
            "    best = np.argmax(np.array(test) + 1e-9)\n"
            "    return names[best], test[best]",
            "still chosen by the test",
        ),
    ),
    also_right=(
        KnownAnswer(
            "def choose(names, valid, test):\n"
            "    rows = sorted(zip(valid, names, test), reverse=True)\n"
            "    return list(rows[0][1:])",
            "Chosen on validation rows",
        ),
    ),
    setup="import numpy as np",
)

# --------------------------------------------------------------- 7.4 a choice to make

PHONE = 10  # megabytes, at one byte for each weight


def check_phone(answer: object, context: dict) -> Verdict:
    """Look up what the network has, and what else would fit."""
    from tlhelpers.networks.published import find_published

    name = words(answer, "the name")
    known = {row.lower(): row for row in ARCHITECTURES}
    if name.lower() not in known:
        return wrong("No network of the table has this name. `tl.networks.ARCHITECTURES` has all.")
    chosen = known[name.lower()]
    million = ARCHITECTURES[chosen].parameters / 1e6
    if million > PHONE:
        over = "just too much" if million < 1.1 * PHONE else "too much"
        return wrong(f"{chosen} has {million:.2f} million weights: {million:.1f} MB are {over}.")
    fits = [row for row in ARCHITECTURES.values() if row.parameters <= 1e6 * PHONE]
    best = max(fits, key=lambda row: find_published(row.name).top1)
    if chosen == best.name:
        return right(
            f"{million:.2f} million weights, one byte each. With four bytes each, no network of "
            "the table fits into so little."
        )
    better = sum(find_published(row.name).top1 > find_published(chosen).top1 for row in fits)
    return wrong(
        f"{chosen} fits, with {million:.1f} MB. But {better} of those that fit "
        f"{'is' if better == 1 else 'are'} more accurate."
    )


PHONE_EXERCISE = Exercise(
    id="7.4",
    title="Ten megabytes",
    stub="phone = ...  # a name, in quotes",
    ask='tl.check("7.4", phone)',
    hints=(
        "Rounded to 8 bits, a weight takes one byte. So how many weights may it have?",
        "`tl.networks.ARCHITECTURES` has the parameters of every network, and "
        "`find_published(name).top1` its accuracy.",
        "Leave out those with more than ten million parameters; of the others take the one with "
        "the highest top-1.",
    ),
    solution="""
from tlhelpers.networks.published import find_published

rows = tl.networks.ARCHITECTURES.values()
fits = [row.name for row in rows if row.parameters <= 10_000_000]
phone = max(fits, key=lambda name: find_published(name).top1)
""".strip(),
    why="Rounding to 8 bits may cost accuracy as well: measure it, as this section did.",
    check=check_phone,
    mistakes=(
        KnownAnswer('phone = "EfficientNetV2B2"', "are just too much"),
        KnownAnswer('phone = "ResNet50"', "25.6 MB are too much"),
        KnownAnswer('phone = "MobileNetV3Small"', "of those that fit are more accurate"),
        KnownAnswer('phone = "EfficientNetV2B1"', "1 of those that fit is more accurate"),
        KnownAnswer('phone = "ResNet18"', "No network of the table"),
        KnownAnswer("phone = 7", "words in quotes"),
    ),
    also_right=(
        KnownAnswer('phone = "EfficientNetB2"', "one byte each"),
        KnownAnswer('phone = " efficientnetb2 "', "one byte each"),
    ),
    setup="import tlhelpers as tl",
)

EXERCISES = (SEPARABLE, SHARE, CHOOSE, PHONE_EXERCISE)

QUIZZES = (
    Quiz(
        "7.a",
        "A colleague sends you best_model.pt, made with torch.save, and a model card. What may "
        "happen when a program unpickles it?",
        (
            Choice(
                "Nothing but that numbers are read: weights are data.",
                "In this format the numbers come with a pickle, and a pickle is a program.",
            ),
            Choice(
                "Whatever the file says, with your rights on this computer.",
                "A pickle may call any function. Ask for safetensors, HDF5 or ONNX; or let "
                "torch.load(..., weights_only=True) refuse what calls anything else.",
                right=True,
            ),
            Choice(
                "Nothing bad, because the card says where it comes from.",
                "A card is a text that anybody can write. It says what the model is for, and "
                "protects from nothing.",
            ),
            Choice(
                "It is slow, because pickles hold no arrays.",
                "They can hold arrays, and are quick. Speed is not what is wrong with them.",
            ),
        ),
    ),
    Quiz(
        "7.b",
        "Two networks of one kind were each trained from random weights, with different seeds. "
        "Which of these is a good idea?",
        (
            Choice(
                "Average their weights: the result costs no more than one of them.",
                "That works for networks that were fine-tuned from the SAME weights. These two "
                "have put the same features at different places, and their mean has none.",
            ),
            Choice(
                "Average their answers: more accurate, and twice as much work.",
                "An ensemble asks nothing of the weights. Its price is that every picture goes "
                "through both.",
                right=True,
            ),
            Choice(
                "Keep the one that is better on the test.",
                "Then the test has chosen, and its number is no longer that of a test.",
            ),
        ),
    ),
)
