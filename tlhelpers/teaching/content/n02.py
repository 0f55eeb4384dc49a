"""Exercises and quizzes of notebook 02.  `definitions` says what the fields mean."""

from __future__ import annotations

from collections.abc import Iterator

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
from tlhelpers.teaching.exercises.reading import NotThis, array, call, number, one_of

# ------------------------------------------------------- 2.1 a number to predict


def check_weights(answer: object, context: dict) -> Verdict:
    """Count the weights of a head for ten classes on 512 features."""
    weights = number(answer, "your number")
    if weights == 513 * 10:
        return right("One for each pair of feature and class, and one more for each class.")
    mistakes: dict[float, str] = {
        512 * 10: "Nearly. Compare the old head with 39 times 512: what are the others for?",
        513 * 39: "That is the old head, as it was printed. The new one has fewer classes.",
        512: "That is enough for one class.",
        512 + 10: "You added. But every class weighs every feature.",
        829_536: "That is the backbone. It stays as it is; only the head is new.",
        829_536 + 513 * 10: "That is the whole network. How many of them are in the new head?",
    }
    other = "more" if weights < 513 * 10 else "fewer"
    return wrong(mistakes.get(weights, f"There are {other}. Begin with the old head."))


WEIGHTS = Exercise(
    id="2.1",
    title="How large is a new head?",
    stub="weights = ...  # of a head for ten digits",
    ask='tl.check("2.1", weights)',
    hints=(
        "The old head has 39 outputs, and the cell above printed how many weights it has. "
        "How many is that for each output?",
        "Each class has one weight for each feature, and one number that is added at the end, "
        "the *bias*.",
    ),
    solution="weights = 10 * (512 + 1)",
    why="So little is to be learned from the labels: that is why a few of them are enough. "
    "Section 8 counts the same.",
    check=check_weights,
    mistakes=(
        KnownAnswer("weights = 10 * 512", "Nearly"),
        KnownAnswer("weights = 20_007", "the old head, as it was printed"),
        KnownAnswer("weights = 512 + 10", "You added"),
        KnownAnswer("weights = 512", "enough for one class"),
        KnownAnswer("weights = 829_536", "the backbone"),
        KnownAnswer("weights = 829_536 + 5130", "the whole network"),
        KnownAnswer("weights = 100", "There are more"),
        KnownAnswer("weights = '5130'", "without quotes"),
    ),
    also_right=(
        KnownAnswer("weights = 5130.0", "for each pair"),
        KnownAnswer("weights = np.array([20_007 / 39 * 10])", "for each pair"),
    ),
    setup="import numpy as np",
)

# ----------------------------------------------------------------- 2.2 a bug to find


class _Network:
    """Makes features of small images, counts how often it is asked, and remembers nothing."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, layer: str, images: np.ndarray) -> np.ndarray:
        self.calls += 1
        flat = np.asarray(images, float).reshape(len(images), -1)
        return np.cumsum(flat, axis=1)[:, ::7] * {"block 3": 1, "block 5": 2}[layer]


def check_once(answer: object, context: dict) -> Verdict:
    """Ask for features of equal and of different images: is the right thing computed, and once?"""
    images = np.random.default_rng(0).integers(0, 17, (40, 8, 8)).astype(float)
    network, fresh = _Network(), _Network()
    kept: dict = {}
    middle = images.copy()
    middle[20, 3, 3] += 1
    asked = (
        ("block 3", images, "The very first answer is not what `compute` gives."),
        ("block 3", images.copy(), "It answers with something else for images seen before."),
        (
            "block 3",
            17 - images,
            "Other images, of as many digits, get the features of the first ones. What does the "
            "key know about the images?",
        ),
        (
            "block 3",
            images[::-1],
            "The same images in another order get their features in the old order.",
        ),
        (
            "block 3",
            middle,
            "One pixel was changed, and it answers with the old features. (A large array is "
            "printed in part only: if you made text of it, that is why.)",
        ),
        ("block 5", images, "Another layer was asked for, and the features are of the first one."),
    )
    for position, (layer, given, says) in enumerate(asked):
        found = call(answer, network, layer, given, kept, name="`features_once`")
        found, wanted = array(found, "what `features_once` returns"), fresh(layer, given)
        if found.shape != wanted.shape or not np.allclose(found, wanted):
            return wrong(says)
        if position == 1 and network.calls > 1:
            call(answer, network, "block 3", images, kept, name="`features_once`")
            if network.calls > 2:
                return wrong("It computes every time: nothing is kept, or it is not found again.")
            return wrong(
                "It computes anew for a copy of the same images. What counts is what they show, "
                "and not where in the memory they lie."
            )
    return right(
        "The key is made of all that the features depend on, and of nothing else. Old features "
        "of other images are a mistake that no error message reports."
    )


ONCE_SOLUTION = '''
def features_once(compute, layer, images, kept):
    """Features at a layer; `kept` remembers what was computed."""
    key = layer, images.tobytes()
    if key not in kept:
        kept[key] = compute(layer, images)
    return kept[key]
'''.strip()

ONCE = Exercise(
    id="2.2",
    title="Kept too well",
    stub='''
def features_once(compute, layer, images, kept):
    """Features at a layer; `kept` remembers what was computed."""
    key = layer, images.shape
    if key not in kept:
        kept[key] = compute(layer, images)
    return kept[key]
'''.strip(),
    ask='tl.check("2.2", features_once)',
    hints=(
        "Call it for `lab.train.images[:100]` and then for `lab.train.images[100:200]`. "
        "Which features will the second call return?",
        "The key must differ whenever the features would. Two arrays may have the same shape "
        "and hold different pictures.",
        "An array cannot be a key itself, but its bytes can: look up `ndarray.tobytes`.",
    ),
    solution=ONCE_SOLUTION,
    why="The same bytes are the same images, wherever they are. `tl.features.compute` adds the "
    "weights and the preprocessing to its key, and takes a short *hash* of all three.",
    check=check_once,
    mistakes=slips(
        ONCE_SOLUTION,
        ("images.tobytes()", "len(images)", "Other images, of as many"),
        ("images.tobytes()", "images.sum()", "in another order"),
        ("images.tobytes()", "str(images)", "One pixel was changed"),
        ("layer, images.to", "images.to", "Another layer was asked for"),
        ("images.tobytes()", "id(images)", "where in the memory"),
        ("    if key", "    kept = {}\n    if key", "It computes every time"),
        ("images.tobytes()", "images", "unhashable"),
        ("    return ", "    ", "returns nothing"),
    ),
    also_right=(
        KnownAnswer(
            "import hashlib\n"
            "def features_once(f, where, x, memory):\n"
            "    name = where + hashlib.sha256(np.ascontiguousarray(x)).hexdigest()\n"
            "    memory[name] = memory[name] if name in memory else f(where, x)\n"
            "    return memory[name]",
            "a mistake that no error message reports",
        ),
        KnownAnswer(
            "def features_once(f, where, x, memory):\n"
            "    for at, old, found in memory.setdefault('all', []):\n"
            "        if at == where and np.array_equal(old, x):\n"
            "            return found\n"
            "    memory['all'].append((where, x.copy(), f(where, x)))\n"
            "    return memory['all'][-1][2]",
            "a mistake that no error message reports",
        ),
    ),
    setup="import numpy as np",
)

# ----------------------------------------------------- 2.3 a function to complete


def check_pool(answer: object, context: dict) -> Verdict:
    """Pool maps whose four sides all differ."""
    for seed, shape in enumerate(((5, 3, 4, 6), (2, 7, 3, 8))):
        maps = np.random.default_rng(seed).random(shape)
        found = array(call(answer, maps.copy(), name="`pool`"), "what `pool` returns")
        wanted = maps.mean(axis=(1, 2))
        if found.shape == wanted.shape and np.allclose(found, wanted, atol=1e-4):
            continue
        places = maps.reshape(shape[0], -1, shape[3])
        recognise(
            found,
            {
                "That is the largest value at any place. It is a kind of pooling, too, but the "
                "mean is asked for.": places.max(axis=1),
                "That is the sum over all places: a larger map would give larger features.": (
                    places.sum(axis=1)
                ),
                "That is the mean over the channels. They say WHAT was seen, and are to be kept; "
                "the places are not.": maps.mean(axis=3),
                "That is one number for each image: the channels are gone, too.": (
                    maps.mean(axis=(1, 2, 3))
                ),
                "The images are averaged, too. Each one keeps its own row.": [
                    maps.mean(axis=(0, 1, 2)),
                    maps.mean(axis=0),
                ],
                "One direction is left. A place has a row and a column.": [
                    maps.mean(axis=1),
                    maps.mean(axis=2),
                ],
                "That is the whole map in one row. Nothing is averaged.": maps.reshape(
                    len(maps), -1
                ),
                "The shape is right, and the numbers are mixed: `reshape` moves nothing, it only "
                "counts the numbers off anew, and the channels come last in them. Reshape to "
                "(images, places, channels), or leave the maps as they are.": maps.reshape(
                    shape[0], shape[3], -1
                ).mean(axis=2),
            },
        )
        if found.shape == wanted.shape:
            return wrong(
                f"From {shape} to {wanted.shape}: the shape is right, but the numbers are not the "
                "mean over all places. Compare one of them with the mean of `maps[0, :, :, 0]`."
            )
        return wrong(
            f"From {shape} to {found.shape}; one number for each image and channel is wanted, "
            f"{wanted.shape}: the mean over all its places."
        )
    return right("What was seen is kept, and where it was is forgotten.")


POOL_SOLUTION = '''
def pool(maps):
    """From (n, high, wide, channels) to (n, channels): the means."""
    return maps.mean(axis=(1, 2))
'''.strip()

POOL = Exercise(
    id="2.3",
    title="Pooling by hand",
    stub='''
def pool(maps):
    """From (n, high, wide, channels) to (n, channels): the means."""
    return ...
'''.strip(),
    ask='tl.check("2.3", pool)',
    hints=(
        "Which of the four axes should be gone afterwards? They count from 0.",
        "`mean` takes several axes at once, in round brackets.",
    ),
    solution=POOL_SOLUTION,
    why="`GlobalAveragePooling2D` does nothing else. It makes features of any map, however large.",
    check=check_pool,
    mistakes=slips(
        POOL_SOLUTION,
        ("mean(axis=(1, 2))", "max(axis=(1, 2))", "largest value"),
        ("mean(axis=(1, 2))", "sum(axis=(1, 2))", "the sum over all places"),
        ("axis=(1, 2)", "axis=-1", "mean over the channels"),
        ("axis=(1, 2)", "axis=(1, 2, 3)", "the channels are gone"),
        ("axis=(1, 2)", "axis=(0, 1, 2)", "The images are averaged"),
        ("axis=(1, 2)", "axis=1", "One direction is left"),
        ("mean(axis=(1, 2))", "reshape(len(maps), -1)", "Nothing is averaged"),
        ("axis=(1, 2)", "axis=(2, 3)", "one number for each image and channel"),
        (
            "maps.mean(axis=(1, 2))",
            "maps.reshape(len(maps), maps.shape[3], -1).mean(-1)",
            "only counts the numbers off anew",
        ),
        ("mean(axis=(1, 2))", "std(axis=(1, 2))", "the numbers are not the mean"),
    ),
    also_right=(
        KnownAnswer(
            "def pool(maps):\n    n, high, wide, k = maps.shape\n"
            "    return [[m[:, :, c].sum() / high / wide for c in range(k)] for m in maps]",
            "where it was is forgotten",
        ),
        KnownAnswer(
            "import keras\ndef pool(x):\n    return keras.layers.GlobalAveragePooling2D()(x)",
            "where it was is forgotten",
        ),
    ),
    setup="import keras",
)

# ---------------------------------------------------------- 2.4 a figure to read

READ = to_read(
    "2.4",
    "How early may we cut?",
    "earliest",
    "C",
    {
        "A": "There the curve is far below the dashed line: worse than no network at all.",
        "B": "There five labels buy no more than they buy with raw pixels. So the network has "
        "brought nothing yet.",
        "C": "From there on the curve is nearly level. The blocks behind it need not be computed.",
        "D": "Its accuracy is fine, but the question was how EARLY we may cut. Walk along the "
        "curve to the left, for as long as it stays level.",
    },
    hints=(
        "Take the curve for five labels of each digit, and start at its highest point.",
        "Walk to the left. Which is the last block before the curve drops?",
    ),
    why="A level stretch is a gift: the cheapest point on it is as good as the best one. Between "
    "its points, the luck of the draws decides.",
)

# ----------------------------------------------------------------- 2.5 a bug to find


def check_standardise(answer: object, context: dict) -> Verdict:
    """Hand over rows of two domains; some features are always 0, in training or everywhere."""
    rng = np.random.default_rng(0)
    train, test = rng.gamma(2, 3, (200, 6)), 4 + rng.gamma(2, 5, (60, 6))
    train[:, 2] = train[:, 4] = test[:, 4] = 0

    def parts(train_rows: np.ndarray, test_rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = call(answer, train_rows.copy(), test_rows.copy(), name="`standardise`")
        if not isinstance(found, tuple | list) or len(found) != 2:
            raise NotThis("Return two things: the training rows, and the test rows.")
        new_train, new_test = (array(part, "what `standardise` returns") for part in found)
        if new_train.shape != train_rows.shape or new_test.shape != test_rows.shape:
            raise NotThis(
                f"The shapes should stay {train_rows.shape} and {test_rows.shape}; they are "
                f"{new_train.shape} and {new_test.shape}."
            )
        return new_train, new_test

    varying = [0, 1, 3, 5]
    (learned, seen), (alone, one) = parts(train, test), parts(train, test[:1])
    if not np.allclose(learned[:, varying], alone[:, varying], atol=1e-3):
        return wrong(
            "The training rows come out differently when other test rows are handed over. So the "
            "test has a say in what is learned."
        )
    if not np.allclose(seen[:1, varying], one[:, varying], atol=1e-3, equal_nan=True):
        return wrong(
            "What becomes of a test row depends on the other test rows. A single image, alone, "
            "must get the same answer as in a crowd."
        )
    if np.allclose(seen, test):
        return wrong("The test rows stay as they came; the classifier expects the same treatment.")
    mean, spread = train[:, varying].mean(axis=0), train[:, varying].std(axis=0)
    for rows, found in ((train, learned), (test, seen)):
        if not np.allclose(found[:, varying], (rows[:, varying] - mean) / spread, atol=0.05):
            return wrong(
                "Not every feature gets mean 0 and spread 1 on the training rows. Has each "
                "feature its own mean and its own spread?"
            )
    if not (np.isfinite(learned).all() and np.isfinite(seen).all()):
        return wrong(
            "The leak is closed. But some results are no numbers: features that are 0 for every "
            "training image have no spread, and you divide by it."
        )
    if np.abs(seen).max() > 1e4:
        return wrong(
            f"A feature that never varied in training becomes {np.abs(seen).max():,.0f} in the "
            "test, for it was divided by next to nothing. What would be a harmless divisor?"
        )
    return right(
        "Mean and spread are learned, like weights, so they come from the training rows alone. "
        "Features that are never excited by a few images are common: mind their spread."
    )


STANDARD_SOLUTION = '''
def standardise(train_rows, test_rows):
    """Both sets of rows, each feature brought to mean 0 and spread 1."""
    mean, spread = train_rows.mean(axis=0), train_rows.std(axis=0)
    spread = np.where(spread > 0, spread, 1)
    return (train_rows - mean) / spread, (test_rows - mean) / spread
'''.strip()

STANDARD = Exercise(
    id="2.5",
    title="A leak in three lines",
    stub='''
def standardise(train_rows, test_rows):
    """Both sets of rows, each feature brought to mean 0 and spread 1."""
    both = np.concatenate([train_rows, test_rows])
    mean, spread = both.mean(axis=0), both.std(axis=0)
    return (train_rows - mean) / spread, (test_rows - mean) / spread
'''.strip(),
    ask='tl.check("2.5", standardise)',
    hints=(
        "Which rows may have a say in what the classifier is given? Think of the day when the "
        "test images do not exist yet.",
        "The other mistake shows with few labels: call it with two rows that are equal in one "
        "column.",
        "For a spread of 0, any ordinary divisor will do: the difference above it is 0, too.",
    ),
    solution=STANDARD_SOLUTION,
    why="scikit-learn's `StandardScaler` does the same: `fit` on the training rows, `transform` "
    "on both, and a spread of 0 counts as 1. In a `Pipeline`, it cannot be done wrongly.",
    check=check_standardise,
    mistakes=slips(
        STANDARD_SOLUTION,
        (
            "mean, spread = train_rows.mean(axis=0), train_rows.std(axis=0)",
            "both = np.concatenate([train_rows, test_rows])\n"
            "    mean, spread = both.mean(axis=0), both.std(axis=0)",
            "has a say in what is learned",
        ),
        (
            "(test_rows - mean) / spread",
            "(test_rows - test_rows.mean(axis=0)) / (test_rows.std(axis=0) + 1e-3)",
            "in a crowd",
        ),
        (", (test_rows - mean) / spread", ", test_rows", "expects the same treatment"),
        (
            "train_rows.mean(axis=0), train_rows.std(axis=0)",
            "train_rows.mean(), train_rows.std()",
            "Has each feature its own",
        ),
        ("    spread = np.where(spread > 0, spread, 1)\n", "", "The leak is closed"),
        ("np.where(spread > 0, spread, 1)", "spread + 1e-9", "harmless divisor"),
        (", (test_rows - mean) / spread", "", "Return two things"),
        ("(test_rows - mean) / spread", "(test_rows - mean) @ spread", "The shapes should stay"),
    ),
    also_right=(
        KnownAnswer(
            "from sklearn.preprocessing import StandardScaler\n"
            "def standardise(a, b):\n"
            "    scaler = StandardScaler().fit(a)\n"
            "    return [scaler.transform(a), scaler.transform(b)]",
            "learned, like weights",
        ),
        KnownAnswer(
            "def standardise(a, b):\n"
            "    m, s = a.mean(0), np.maximum(a.std(0, ddof=1), 0.1)\n"
            "    return ((a - m) / s).tolist(), ((b - m) / s).tolist()",
            "learned, like weights",
        ),
    ),
    setup="import numpy as np",
)

# ------------------------------------------------------ 2.6 an experiment to design


class _World:
    """Made-up accuracies of two cuts: luck of the draw, which both share, and luck of the run."""

    def __init__(self, number: int, luck: float, lead: float) -> None:
        self.number, self.luck, self.lead = number, luck, lead
        self.truth = "same" if lead == 0 else "AB"[lead > 0]
        self.used: dict[str, set] = {"A": set(), "B": set()}

    def __call__(self, cut: str, seed: int) -> float:
        if cut not in ("A", "B"):
            raise ValueError(f'the cuts are called "A" and "B", not {cut!r}')
        self.used[cut].add(int(seed))
        draw, a, b = np.random.default_rng((self.number, int(seed))).normal(size=3)
        points = self.luck * a if cut == "A" else self.luck * b + self.lead
        return (70 + 4 * draw + points) / 100


def check_compare(answer: object, context: dict) -> Verdict:
    """Let the function decide in 120 made-up worlds of which the truth is known."""
    calm = [_World(number, 0.5, (0, 1.5, -1.5)[number % 3]) for number in range(60)]
    wild = [_World(number, 3.0, (0, 8.0, -8.0)[number % 3]) for number in range(60, 120)]
    said = {}
    for world in calm + wild:
        found = call(answer, world, list(range(10)), name="`compare`")
        said[world] = one_of(found, ("A", "B", "same"), "what `compare` returns")
        fewest = min(map(len, world.used.values()))
        if fewest < 3:
            return wrong(
                f"You look at {fewest} of 10 draws. With so few you cannot tell a difference "
                "from luck."
            )
        if world.used["A"] != world.used["B"]:
            return wrong(
                "The two cuts get different draws of labels. Then the luck of the draw is "
                "different, too. Give both of them the same seeds."
            )
    clear = [world for world in said if world.truth != "same"]
    hits = np.mean([said[world] == world.truth for world in clear])
    alarms = [
        np.mean([said[world] != "same" for world in some if world.truth == "same"])
        for some in (calm, wild)
    ]
    if np.mean([{said[world], world.truth} == {"A", "B"} for world in clear]) > 0.5:
        return wrong("Where one cut is better, it names the worse one.")
    if hits == 0:
        return wrong("It never finds a difference, not even where one is eight points better.")
    if min(alarms) > 0.9:
        return wrong(
            "It always finds a winner, even where both are equally good. Some difference there "
            "always is: when is it more than luck?"
        )
    if alarms[1] > 0.25 >= alarms[0]:
        return wrong(
            "Where single runs differ much, your margin is too narrow. How large it must be "
            "should follow from how far the ten differences scatter."
        )
    if max(alarms) > 0.25:
        return wrong(
            f"Where both cuts are equally good, it names a winner in {max(alarms):.0%} of the "
            "cases. That is too eager."
        )
    if hits < 0.9:
        return wrong(
            f"It misses {1 - hits:.0%} of the true differences. A lucky draw is lucky for both "
            "cuts: look at the difference within each draw, and not at two heaps."
        )
    return right(
        f"In {len(said)} made-up cases of which the truth is known, it names the better cut in "
        f"{hits:.0%} of those that have one, and a winner in {np.mean(alarms):.0%} of the others."
    )


COMPARE_SOLUTION = '''
def compare(accuracy, seeds):
    """Answer "A", "B" or "same": is one better by more than luck?"""
    gains = np.array([accuracy("B", seed) - accuracy("A", seed) for seed in seeds])
    luck = gains.std(ddof=1) / np.sqrt(len(gains))  # of the mean of so many draws
    if abs(gains.mean()) < 2.5 * luck:
        return "same"
    return "B" if gains.mean() > 0 else "A"
'''.strip()

COMPARE = Exercise(
    id="2.6",
    title="Is it better, or was it lucky?",
    stub='''
def compare(accuracy, seeds):
    """Answer "A", "B" or "same": is one better by more than luck?"""
    gains = ...
    luck = ...
    return ...
'''.strip(),
    ask='tl.check("2.6", compare)',
    hints=(
        "A draw that is lucky for one cut is lucky for the other, too. So compare them draw by "
        "draw: ten differences.",
        "Their mean is your best guess. How far off may it be? The mean of n numbers scatters "
        "by their standard deviation, divided by the root of n.",
        'Answer "same" if the mean is nearer to 0 than two or three times that.',
    ),
    solution=COMPARE_SOLUTION,
    why="This is a *paired* comparison. A t-test or a sign test on the differences is as good. "
    "All of them assume that you ask once: who compares twenty cuts will find a lucky one.",
    check=check_compare,
    mistakes=slips(
        COMPARE_SOLUTION,
        ("for seed in seeds", "for seed in seeds[:2]", "You look at"),
        ('accuracy("A", seed)', 'accuracy("A", seed + 10)', "different draws"),
        ("2.5 * luck", "0", "always finds"),
        ("2.5 * luck", "99 * luck", "It never finds"),
        ("2.5 * luck", "0.01", "your margin is too narrow"),
        ("2.5 * luck", "0.8 * luck", "That is too eager"),
        ('"B" if gains.mean() > 0', '"B" if gains.mean() < 0', "the worse one"),
        (
            "    luck = gains.std(ddof=1)",
            '    luck = 1.4 * np.std([accuracy("A", seed) for seed in seeds])',
            "It misses",
        ),
        ('"same"\n', '"equal"\n', "What it may have"),
    ),
    also_right=(
        KnownAnswer(
            "from scipy.stats import ttest_rel\n"
            "def compare(run, seeds):\n"
            "    a, b = ([run(cut, seed) for seed in seeds] for cut in 'AB')\n"
            "    test = ttest_rel(a, b)\n"
            "    return 'same' if test.pvalue > 0.05 else 'AB'[int(test.statistic < 0)]",
            "of which the truth is known",
        ),
        KnownAnswer(
            "def compare(run, seeds):\n"
            "    wins = sum(run('A', seed) > run('B', seed) for seed in seeds)\n"
            "    return 'A' if wins >= 9 else 'B' if wins <= 1 else 'same'",
            "of which the truth is known",
        ),
    ),
    setup="import numpy as np",
)

# ----------------------------------------------------------------- 2.7 a bug to find


class _Shuffled:
    """A dataset: batches of pictures and labels, in another order each time it is gone through."""

    def __init__(self, count: int) -> None:
        self.count, self.passes = count, 0
        self.pictures = np.random.default_rng(count).random((count, 4, 4))
        self.labels = np.arange(count) % 3

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        self.passes += 1
        order = np.random.default_rng(self.passes).permutation(self.count)
        for first in range(0, self.count, 8):
            rows = order[first : first + 8]
            yield self.pictures[rows], self.labels[rows]


def check_pass(answer: object, context: dict) -> Verdict:
    """Hand over a dataset that shuffles, and see whose label each row of features has."""
    data = _Shuffled(44)
    seen = 0

    def network(pictures: np.ndarray) -> np.ndarray:
        nonlocal seen
        seen += len(pictures)
        return np.asarray(pictures, float).reshape(len(pictures), -1)[:, ::3]

    found = call(answer, network, data, name="`features_and_labels`")
    if not isinstance(found, tuple | list) or len(found) != 2:
        return wrong("Return two things: the features, and the labels.")
    rows, labels = (array(part, "what `features_and_labels` returns") for part in found)
    wanted = network(data.pictures)
    if rows.ndim == 1 and labels.ndim == 2:
        return wrong("The features come first, and then the labels.")
    if rows.shape != wanted.shape or labels.shape != data.labels.shape:
        return wrong(
            f"The dataset has {data.count} pictures; you return features of shape {rows.shape} and "
            f"labels of shape {labels.shape}. Wanted: {wanted.shape} and {data.labels.shape}."
        )
    apart = np.abs(rows[:, None] - wanted[None]).max(axis=2)
    if apart.min(axis=1).max() > 1e-6:
        return wrong("Some rows are not what the network gives for a picture.")
    whose = apart.argmin(axis=1)
    if len(set(whose.tolist())) < data.count:
        return wrong("Some pictures are there twice, and others are missing.")
    if (data.labels[whose] != labels).any():
        right_ones = np.mean(data.labels[whose] == labels)
        return wrong(
            f"Only {right_ones:.0%} of the rows have the label of their picture. The dataset gives "
            f"another order in each pass, and you went through it "
            f"{'once, and sorted' if data.passes == 1 else f'{data.passes} times'}."
        )
    if seen > 2 * data.count:
        return wrong("The labels are right, but the network saw pictures more than once.")
    return right(
        "Features and labels come from the same pass, so they belong together in any order. The "
        "mistake raises no error: only a result that is no better than guessing gives it away."
    )


PASS_SOLUTION = '''
def features_and_labels(network, pictures):
    """All features and all labels of a dataset, in the same order."""
    pairs = [(network(x), y) for x, y in pictures]
    features = np.concatenate([rows for rows, _ in pairs])
    labels = np.concatenate([truth for _, truth in pairs])
    return features, labels
'''.strip()

PASS = Exercise(
    id="2.7",
    title="Whose label is it?",
    stub='''
def features_and_labels(network, pictures):
    """All features and all labels of a dataset, in the same order."""
    features = np.concatenate([network(x) for x, _ in pictures])
    labels = np.concatenate([y for _, y in pictures])
    return features, labels
'''.strip(),
    ask='tl.check("2.7", features_and_labels)',
    hints=(
        "How often does this code go through the dataset? What did section 1 say about the order?",
        "Go through it once, and keep two things of each batch.",
    ),
    solution=PASS_SOLUTION,
    why="`shuffle=False` helps as well, where you make the dataset yourself. This function is safe "
    "with any dataset.",
    check=check_pass,
    mistakes=(
        KnownAnswer(
            "def features_and_labels(network, pictures):\n"
            "    labels = np.concatenate([y for _, y in pictures])\n"
            "    return np.concatenate([network(x) for x, _ in pictures]), labels",
            "2 times",
        ),
        *slips(
            PASS_SOLUTION,
            ("return features, labels", "return labels, features", "The features come first"),
            ("return features, labels", "return features", "Return two things"),
            (
                "return features, labels",
                "return features, np.sort(labels)",
                "once, and sorted",
            ),
            ("in pairs])\n    return", "in pairs[:1]])\n    return", "The dataset has 44"),
            ("(network(x), y)", "(network(2 * x), y)", "not what the network gives"),
            (
                "(network(x), y)",
                "(network(x), y, network(x))[:2]",
                "more than once",
            ),
        ),
    ),
    also_right=(
        KnownAnswer(
            "def features_and_labels(network, pictures):\n"
            "    batches = list(pictures)\n"
            "    x = np.concatenate([x for x, _ in batches])\n"
            "    return network(x), np.concatenate([y for _, y in batches])",
            "belong together in any order",
        ),
        KnownAnswer(
            "def features_and_labels(network, pictures):\n"
            "    features, labels = [], []\n"
            "    for x, y in pictures:\n"
            "        features.extend(network(x))\n"
            "        labels.extend(y)\n"
            "    return np.array(features), labels",
            "belong together in any order",
        ),
    ),
    setup="import numpy as np",
)

EXERCISES = (WEIGHTS, ONCE, POOL, READ, STANDARD, COMPARE, PASS)

# ------------------------------------------------------------------------- quizzes

QUIZZES = (
    Quiz(
        "2.a",
        "You have kept the features of 10,000 images. When do you have to compute them anew?",
        (
            Choice(
                "When somebody has labelled 500 more of these images.",
                "Features do not depend on labels. Only the small classifier is trained again.",
            ),
            Choice(
                "When I give the classifier another C.",
                "That is a setting of the classifier, which comes after the features.",
            ),
            Choice(
                "When I change the range of the pixels before the network.",
                "Other input, other features. The same goes for other weights, another layer, "
                "and of course other images.",
                right=True,
            ),
            Choice(
                "Whenever I start Python again, to be sure.",
                "A frozen network gives the same features tomorrow. That is what makes it cheap.",
            ),
        ),
    ),
    Quiz(
        "2.b",
        "A t-SNE picture of your features shows ten neat islands, one far away. What follows?",
        (
            Choice(
                "The features are good: the classes are apart.",
                "You saw islands for raw pixels, too, though a classifier did far less with them.",
            ),
            Choice(
                "The far island is the class that is easiest to tell from the others.",
                "t-SNE keeps neighbours. How far apart two islands come to lie says little about "
                "the feature space.",
            ),
            Choice(
                "Neighbours belong together; strays in another's island are worth a look.",
                "Neighbours are what t-SNE cares for. For how good the features are, measure an "
                "accuracy.",
                right=True,
            ),
        ),
    ),
    Quiz(
        "2.c",
        "You would like to augment every image afresh in each of 20 epochs. What now?",
        (
            Choice(
                "The kept features can be augmented: add a little noise to them.",
                "That is another thing: noise on features is no shifted or turned picture.",
            ),
            Choice(
                "The backbone must see every augmented image: about 20 times the computing.",
                "That is the price. For frozen features it bought next to nothing in section 7, "
                "so measure before you pay.",
                right=True,
            ),
            Choice(
                "Augment each image once, compute its features, and use them 20 times.",
                "Then they are not fresh: the same picture 20 times is just another fixed image.",
            ),
            Choice(
                "Nothing changes: frozen features are the same, however an image is augmented.",
                "Frozen means that the weights stay. Another picture gets other features, if not "
                "very different ones.",
            ),
        ),
    ),
    Quiz(
        "2.d",
        "A colleague has 15 labelled pictures of each class, of a kind that ImageNet does not "
        "show. A frozen ImageNet network finds 66% of the defects and of the good parts. What now?",
        (
            Choice(
                "Be content: guessing gives 50%, so the transfer has worked.",
                "For solar cells, shrunken pixels did as well at this budget, without any network.",
            ),
            Choice(
                "Try raw pixels on the same splits before giving the network credit.",
                "Far from what a network has learned, the plain rival may be as good. Without it "
                "one cannot tell what the network brings.",
                right=True,
            ),
            Choice(
                "Give up the network: far from ImageNet it is of no use.",
                "With a hundred labels it was ahead, and its middle layers were better than its "
                "end. More labels or another cut may change the answer.",
            ),
            Choice(
                "Draw other labels until the network does better.",
                "Then luck is what is measured. Several draws are for their mean and spread.",
            ),
        ),
    ),
)
