"""Exercises and quizzes of notebook 03.  `definitions` says what the fields mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
from tlhelpers.teaching.exercises.kinds import judge_guess, slips, to_read
from tlhelpers.teaching.exercises.reading import NotThis, call, number, short

if TYPE_CHECKING:  # it takes seconds to load; the notebook has loaded it
    import keras

# ------------------------------------------------------- 3.1 a number to predict


def check_guess(answer: object, context: dict) -> Verdict:
    """Compare a guess of the untrained head's accuracy with what was measured."""
    return judge_guess(
        answer,
        context,
        low="Even who guesses blindly among ten digits is right now and then.",
        high="The features are good, but nobody has told the new head what they mean.",
    )


GUESS = Exercise(
    id="3.1",
    title="A new head on good features",
    stub="guess = ...  # in per cent",
    ask='tl.check("3.1", guess, measured=untrained)',
    hints=(
        "The features hold what is needed. Who reads them, though?",
        "There is no wrong guess. Write the first number that comes to your mind.",
    ),
    solution="guess = 25",
    why="Any number between 0 and 100 is a guess. A random head gives random answers, however "
    "good the features are, and they look like any others.",
    check=check_guess,
    mistakes=(
        KnownAnswer("guess = 0.5", "looks like a fraction"),
        KnownAnswer("guess = 225", "More than 100"),
        KnownAnswer("guess = -10", "Less than nothing"),
        KnownAnswer("guess = 'few'", "without quotes"),
    ),
    also_right=(
        KnownAnswer("guess = 90", "nobody has told the new head"),
        KnownAnswer("guess = np.array([10])", "to the point"),
        KnownAnswer("guess = 1", "guesses blindly"),
        KnownAnswer("guess = np.float32(13)", "close"),
    ),
    setup="import numpy as np\nuntrained = 0.1",
)

# ----------------------------------------------------------------- 3.2 a bug to find


def _small(images: np.ndarray | None = None, labels: np.ndarray | None = None) -> keras.Model:
    """Return a small network with BatchNormalization; with images: frozen, and its head fitted."""
    import keras

    kind = {"kernel_initializer": "zeros"}  # takes no random number from the notebook
    layers = [
        keras.layers.Dense(8, "relu", name="first", **kind),
        keras.layers.BatchNormalization(name="norm"),
        keras.layers.Dense(8, "relu", name="second", **kind),
        keras.layers.BatchNormalization(name="norm_2"),
        keras.layers.Dense(3, "softmax", name="head", **kind),
    ]
    model = keras.Sequential([keras.Input((6,)), *layers])
    rng = np.random.default_rng(0)
    for layer in layers[::2]:
        kernel, bias = layer.get_weights()
        layer.set_weights([rng.normal(size=kernel.shape), bias])
    if images is not None:
        for layer in layers[:-1]:
            layer.trainable = False
        model.compile(keras.optimizers.Adam(1e-2), "sparse_categorical_crossentropy")
        model.fit(images, labels, shuffle=False, verbose=0)
    return model


def check_second_phase(answer: object, context: dict) -> Verdict:
    """Hand over a small frozen network, and look at which of its weights have changed."""
    images = np.random.default_rng(1).normal(2, 3, (64, 6)).astype("float32")
    labels = images.argmax(axis=1) % 3
    model, learning_rate = _small(images, labels) if callable(answer) else None, 1e-4
    before = {layer.name: layer.get_weights() for layer in model.layers} if model else {}
    call(answer, model, images, labels, learning_rate, name="`second_phase`", returns=False)
    assert model is not None  # else there was nothing to call, and `call` has said so
    moved = {
        layer.name
        for layer in model.layers
        if not all(map(np.array_equal, before[layer.name], layer.get_weights()))
    }
    if not moved:
        return wrong("No weight of the model has changed, not even in its head. Where is `fit`?")
    if moved & {"norm", "norm_2"}:
        return wrong(
            "The statistics of BatchNormalization have changed. These layers were to stay as they "
            "are, and so must stay frozen; `tl.surgery.unfreeze` leaves them out."
        )
    if not model.get_layer("first").trainable:
        return wrong("The layers below the head are still frozen.")
    if "first" not in moved:
        return wrong(
            "The layers below the head are unfrozen, and still have not changed: `fit` used the "
            "step that Keras built at an earlier one. What makes it build anew, and when?"
        )
    used = number(model.optimizer.learning_rate, "the learning rate")
    if used > 1.01 * learning_rate:
        return wrong(
            f"All layers were trained, but at a learning rate of {used:g} instead of "
            f"{learning_rate:g}. A new optimizer begins with its own."
        )
    # What was trainable at compile time; a Keras without this private name is not asked.
    compiled = getattr(model, "_compiled_trainable_state", {})
    if any(layer.trainable != was for layer, was in compiled.items()):
        return right(
            "It trains, gently, and BatchNormalization is left in peace. But you compiled before "
            "you unfroze, which goes well only while nothing is fitted in between: turn them round."
        )
    return right(
        "Unfrozen, compiled, trained, in this order, gently, and BatchNormalization left in peace."
    )


PHASE_SOLUTION = '''
def second_phase(model, images, labels, learning_rate):
    """Unfreeze all but BatchNormalization, and train for one epoch."""
    tl.surgery.unfreeze(model)
    model.compile(keras.optimizers.Adam(learning_rate), "sparse_categorical_crossentropy")
    model.fit(images, labels, verbose=0)
'''.strip()

PHASE = Exercise(
    id="3.2",
    title="It trains, but what?",
    stub='''
def second_phase(model, images, labels, learning_rate):
    """Unfreeze all but BatchNormalization, and train for one epoch."""
    tl.surgery.unfreeze(model)
    model.optimizer.learning_rate = learning_rate
    model.fit(images, labels, verbose=0)
'''.strip(),
    ask='tl.check("3.2", second_phase)',
    hints=(
        "Compare the weights of a layer before and after. Which layers has this function trained?",
        "The model was compiled and fitted before, while most of it was frozen. "
        "`fit` uses the step that Keras built then.",
        "Compile once more, after unfreezing. A new optimizer takes the learning rate as its "
        "argument.",
    ),
    solution=PHASE_SOLUTION,
    why="After `compile`, the next `fit` builds a new step, for what is trainable then. It also "
    "brings a new optimizer, so the learning rate belongs there.",
    check=check_second_phase,
    mistakes=(
        *slips(
            PHASE_SOLUTION,
            ("keras.optimizers.Adam(learning_rate)", '"adam"', "begins with its own"),
            (
                "tl.surgery.unfreeze(model)",
                "for layer in model.layers:\n        layer.trainable = True",
                "The statistics of",
            ),
            ("    tl.surgery.unfreeze(model)\n", "", "are still frozen"),
            ("    model.fit(images, labels, verbose=0)", "", "not even in its head"),
            ("model.fit(images, labels, ", "model.fit(images, ", "stopped with"),
        ),
        KnownAnswer(
            edited(
                PHASE_SOLUTION,
                "    model.compile",
                "    model.fit(images, labels, verbose=0)\n    return\n    model.compile",
            ),
            "What makes it build anew",
        ),
    ),
    also_right=(
        KnownAnswer(
            "def second_phase(network, x, y, step):\n"
            "    for layer in network.layers:\n"
            "        layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)\n"
            "    network.compile(keras.optimizers.SGD(step, momentum=0.9), network.loss)\n"
            "    network.train_on_batch(x, y)\n"
            "    return network",
            "in this order",
        ),
        KnownAnswer(
            "def second_phase(network, x, y, step):\n"
            "    network.compile(keras.optimizers.Adam(step), network.loss)\n"
            "    tl.surgery.unfreeze(network)\n"
            "    network.fit(x, y, verbose=0)",
            "turn them round",
        ),
    ),
    setup="import keras\nimport tlhelpers as tl",
    seconds=5,
)

# ----------------------------------------------------- 3.3 a function to complete

# Shares right after each epoch, patience, and the epoch to go back to.
STOPS = (
    ((0.5, 0.6, 0.55, 0.54, 0.7, 0.65, 0.6, 0.55, 0.9), 2, 2),
    ((0.5, 0.6, 0.55, 0.54, 0.7, 0.65, 0.6, 0.55, 0.9), 3, 5),
    ((0.4, 0.8, 0.8, 0.8, 0.7, 0.6, 0.9), 2, 2),
    ((0.9, 0.8, 0.7, 0.6), 3, 1),
    ((0.3, 0.2, 0.5, 0.4), 5, 3),
)


def _run(shares: tuple, patience: int, ties: bool = False) -> tuple[int, int]:
    """Return the epoch to go back to, and the one at which training stops."""
    best = epoch = 0
    for epoch, share in enumerate(shares):
        if share > shares[best] or (ties and share == shares[best]):
            best = epoch
        elif epoch - best >= patience:
            break
    return best + 1, epoch + 1


def _stopped(shares: tuple, patience: int) -> dict[str, int]:
    """Return what each known mistake would give."""
    best, last = _run(shares, patience)
    return {
        "That counts from 0; the first epoch has the number 1.": best - 1,
        "That is the epoch at which training stopped. Which one was the best by then?": last,
        "That is the best of ALL epochs. But training stops early, and does not see the rest.": (
            int(np.argmax(shares)) + 1
        ),
        "It is too patient, by an epoch.": _run(shares, patience + 1)[0],
        "It stops too soon, by an epoch.": _run(shares, patience - 1)[0],
        "An epoch that is as good as the best one is no NEW best: the waiting goes on.": (
            _run(shares, patience, ties=True)[0]
        ),
    }


def check_best_epoch(answer: object, context: dict) -> Verdict:
    """Try it on curves on which each mistake gives another epoch."""
    found, wanted = [], [best for _, _, best in STOPS]
    for shares, patience, _ in STOPS:
        one = call(answer, list(shares), patience, name="`best_epoch`")
        found.append(number(one, "what `best_epoch` returns"))
    if found == wanted:
        return right(
            "The best epoch so far is kept, and waiting has an end. Whatever you stop by must not "
            "be the test: it has helped to choose."
        )
    results = [_stopped(shares, patience) for shares, patience, _ in STOPS]
    for says in results[0]:  # a mistake explains all answers, or it is not the one
        if found == [result[says] for result in results]:
            return wrong(says)
    place = next(n for n in range(len(STOPS)) if found[n] != wanted[n])
    shares, patience, _ = STOPS[place]
    return wrong(
        f"For {list(shares)} and a patience of {patience} it answers {found[place]:g}. Go through "
        "the numbers with a finger."
    )


STOP_SOLUTION = '''
def best_epoch(shares, patience):
    """The best epoch (from 1), waiting `patience` epochs for a better."""
    best = 0
    for epoch, share in enumerate(shares):
        if share > shares[best]:
            best = epoch
        elif epoch - best >= patience:
            break
    return best + 1
'''.strip()

STOP = Exercise(
    id="3.3",
    title="When to stop, and where to go back to",
    stub='''
def best_epoch(shares, patience):
    """The best epoch (from 1), waiting `patience` epochs for a better."""
    best = 0
    for epoch, share in enumerate(shares):
        if share > shares[best]:
            best = ...
        elif ...:
            break
    return ...
'''.strip(),
    ask='tl.check("3.3", best_epoch)',
    hints=(
        "`best` is the position of the best epoch so far. When a better one comes, what is it?",
        "How many epochs have gone by since the best one? Compare that with `patience`.",
        "Positions count from 0, and epochs from 1.",
    ),
    solution=STOP_SOLUTION,
    why="Keras has this as `EarlyStopping(patience=..., restore_best_weights=True)`. Without the "
    "second setting you keep the last epoch, and not the best one.",
    check=check_best_epoch,
    mistakes=slips(
        STOP_SOLUTION,
        ("return best + 1", "return best", "counts from 0"),
        ("return best + 1", "return epoch + 1", "at which training stopped"),
        (
            "        elif epoch - best >= patience:\n            break\n",
            "",
            "the best of ALL epochs",
        ),
        (">= patience", "> patience", "too patient"),
        (">= patience", "> patience - 2", "too soon"),
        ("share > shares", "share >= shares", "no NEW best"),
        ("best = epoch", "best = share", "stopped with"),
    ),
    also_right=(
        KnownAnswer(
            "def best_epoch(s, wait):\n"
            "    for e in range(len(s)):\n"
            "        if max(s[: e + 1]) == max(s[: max(1, e + 1 - wait)]) and e >= wait:\n"
            "            return s.index(max(s[: e + 1])) + 1\n"
            "    return np.argmax(s) + 1",
            "waiting has an end",
        ),
    ),
    setup="import numpy as np",
)

# ----------------------------------------------------------------- 3.4 a bug to find


def check_unfreeze_last(answer: object, context: dict) -> Verdict:
    """Ask for several depths, of frozen and of trainable models."""
    names = ("first", "norm", "second", "norm_2", "head")
    for frozen, n in ((True, 2), (True, 4), (False, 3), (True, 5), (True, 0), (False, 0)):
        model = _small() if callable(answer) else None
        if model and frozen:
            model.trainable = False
        call(answer, model, n, name="`unfreeze_last`", returns=False)
        assert model is not None  # else there was nothing to call, and `call` has said so
        can = {id(weight) for weight in model.trainable_weights}
        trained = [x.name for x in model.layers if any(id(w) in can for w in x.weights)]
        wanted = [name for name in names[len(names) - n :] if "norm" not in name]
        if trained == wanted:
            continue
        if n == 0:
            return wrong(
                f"With n = 0 nothing may be trained; yours trains {', '.join(trained)}. "
                "What does Python take `layers[:-0]` for?"
            )
        if any("norm" in name for name in trained):
            return wrong(
                f"Of the last {n} layers it also unfreezes BatchNormalization, so that each "
                "batch changes its statistics."
            )
        if not trained:
            return wrong(
                "Nothing can be trained. A frozen model stays frozen, whatever its layers say, "
                "until it is unfrozen itself."
            )
        if trained == [name for name in names[: len(names) - n] if "norm" not in name]:
            return wrong("It is the wrong way round: the first layers are trained.")
        if set(trained) > set(wanted):
            return wrong(
                f"With n = {n} it trains {', '.join(trained)}. Some of these lie further below; "
                "were they trainable before?"
            )
        return wrong(f"With n = {n}, {len(wanted)} layers should be trained, and not {trained}.")
    return right(
        "Only the last layers, none of them BatchNormalization, and nothing at all for n = 0."
    )


LAST_SOLUTION = '''
def unfreeze_last(model, n):
    """Train the last n layers only, and no BatchNormalization."""
    model.trainable = True
    first = len(model.layers) - n
    for position, layer in enumerate(model.layers):
        norm = isinstance(layer, keras.layers.BatchNormalization)
        layer.trainable = position >= first and not norm
'''.strip()

LAST = Exercise(
    id="3.4",
    title="The last layers, and what must not be among them",
    stub='''
def unfreeze_last(model, n):
    """Train the last n layers only, and no BatchNormalization."""
    model.trainable = True
    for layer in model.layers[:-n]:
        layer.trainable = False
'''.strip(),
    ask='tl.check("3.4", unfreeze_last)',
    hints=(
        "Build a small model, call it with n = 2 and then with n = 0, and print which of its "
        "layers are trainable.",
        "`model.layers[:-0]` is an empty list. Count from the front instead: at which position "
        "do the last n begin?",
        "`isinstance(layer, keras.layers.BatchNormalization)` tells which layers to leave out.",
    ),
    solution=LAST_SOLUTION,
    why="`tl.surgery.unfreeze(model, n)` does the same. Compile afterwards, as always.",
    check=check_unfreeze_last,
    mistakes=slips(
        LAST_SOLUTION,
        (" and not norm", "", "also unfreezes BatchNormalization"),
        (
            "    for position, layer in enumerate(model.layers):\n"
            "        norm = isinstance(layer, keras.layers.BatchNormalization)\n"
            "        layer.trainable = position >= first and not norm",
            "    for layer in model.layers[:-n]:\n        layer.trainable = False\n"
            "    for layer in model.layers:\n"
            "        if isinstance(layer, keras.layers.BatchNormalization):\n"
            "            layer.trainable = False",
            "With n = 0",
        ),
        ("    model.trainable = True\n", "", "Nothing can be trained"),
        (">= first", "< first", "the wrong way round"),
        ("position >= first and not norm", "not norm", "were they trainable before"),
        (">= first", "> first", "should be trained, and not"),
    ),
    also_right=(
        KnownAnswer(
            "def unfreeze_last(network, n):\n    tl.surgery.unfreeze(network, n)",
            "nothing at all for n = 0",
        ),
        KnownAnswer(
            "def unfreeze_last(network, n):\n"
            "    network.trainable = True\n"
            "    keep = network.layers[::-1][:n]\n"
            "    for x in network.layers:\n"
            "        x.trainable = x in keep and 'norm' not in x.name\n"
            "    return network",
            "nothing at all for n = 0",
        ),
    ),
    setup="import keras\nimport tlhelpers as tl",
)

# ---------------------------------------------------------- 3.5 a figure to read

READ = to_read(
    "3.5",
    "Two ways to be wrong",
    "reason",
    "C",
    {
        "A": "If the right end was too slow, steps ten times smaller would be slower still. Look "
        "at how the green curve goes from right to left.",
        "B": "If the smallest steps had destroyed the network, the green curve would be low at "
        "the left end, too. Is it?",
        "C": "The green curve tells them apart: with a trained head, the smallest steps are "
        "harmless, and the largest ruin even that.",
        "D": "Look at the green curve at both ends: where is the network still as good as before?",
    },
    hints=(
        "The two curves differ in one thing only: whether the head was trained first.",
        "Go to the left end, then to the right end. Where does the head make the difference, and "
        "where does it not help?",
    ),
    why="One low number can have two causes. A second run that differs in one thing tells which.",
)

# ------------------------------------------------------ 3.6 an experiment to design

RATES = (1e-5, 1e-4, 1e-3, 3e-3)


class _Training:
    """Made-up accuracies of four learning rates, and a diary of who asked for what."""

    def __init__(self, best: int) -> None:
        gaps = np.abs(np.arange(4) - best)
        valid = 0.95 - 0.03 * gaps
        test = np.roll(valid, 1) - 0.06  # harder writers, and another best one
        learn = np.array([0.9, 0.94, 0.98, 1.0])
        if best == 3:
            learn = learn[::-1]
        self.mean = {"learn": learn, "valid": valid, "test": test}
        self.best = best
        self.asked: list[tuple[int, int, str]] = []

    def __call__(self, learning_rate: float, seed: int, on: str) -> float:
        if on not in self.mean:
            raise ValueError(f'there are "learn", "valid" and "test", and no {on!r}')
        place = RATES.index(learning_rate)
        self.asked.append((place, seed, on))
        luck = np.random.default_rng((place, int(seed), len(on))).uniform(-0.02, 0.02)
        return float(self.mean[on][place] + luck)

    def _runs(self, place: int, on: str, seeds: list[int]) -> list[float]:
        return [self(RATES[place], seed, on) for seed in seeds]


def check_search(answer: object, context: dict) -> Verdict:
    """Let the function search four made-up trainings, and read the diary."""
    seeds = list(range(8))
    for best in range(4):
        training = _Training(best)
        found = call(answer, training, list(RATES), seeds, name="`search`")
        asked = list(training.asked)
        if not isinstance(found, tuple | list) or len(found) != 2:
            return wrong("Return two things: the chosen learning rate, and the accuracy to report.")
        learning_rate = number(found[0], "the chosen learning rate")
        reported = number(found[1], "the reported accuracy")
        if learning_rate not in RATES:
            raise NotThis(
                f"the chosen learning rate is {short(learning_rate)}, which is none of the "
                "learning rates"
            )
        chosen = RATES.index(learning_rate)
        looks = {on: [(p, s) for p, s, where in asked if where == on] for on in training.mean}
        if looks["test"] and not looks["valid"] and not looks["learn"]:
            return wrong("You choose on the test. Whatever you report about it is too good.")
        if not looks["valid"]:
            return wrong(
                "You choose by digits that the network has learned from. It may know them by "
                "heart: the largest learning rate that does not explode wins."
            )
        if min(len({s for p, s in looks["valid"] if p == place}) for place in range(4)) < 3:
            return wrong("You compare single runs, or next to it. Average over several seeds.")
        if {p for p, _ in looks["test"]} - {chosen}:
            return wrong(
                "You open the test for learning rates that you do not choose. Nobody needs to "
                "know, and who knows is tempted."
            )
        if chosen != best:
            return wrong("It does not choose the learning rate that is best on average on `valid`.")
        valid, test = (training._runs(chosen, on, seeds) for on in ("valid", "test"))
        if abs(reported - np.mean(test)) < 0.008:
            continue
        if abs(reported - np.mean(valid)) < 0.02:
            return wrong(
                "You report the accuracy by which you chose. The best of several numbers is "
                "lucky, too; and other writers may be harder to read."
            )
        if np.isclose(reported, max(test)):
            return wrong("You report the luckiest run. What may a user expect of a new one?")
        return wrong(f"The report is {reported:.3g}, which is not the mean accuracy on the test.")
    return right(
        "Chosen on one part, over several seeds; then the test, once, for the chosen learning "
        "rate only. The report is lower than what you chose by, and that is as it should be."
    )


SEARCH_SOLUTION = '''
def search(accuracy, learning_rates, seeds):
    """Return the learning rate you choose, and the accuracy to expect."""
    by_rate = {r: np.mean([accuracy(r, seed, "valid") for seed in seeds]) for r in learning_rates}
    best = max(by_rate, key=by_rate.get)
    return best, np.mean([accuracy(best, seed, "test") for seed in seeds])
'''.strip()

SEARCH = Exercise(
    id="3.6",
    title="An honest search",
    stub='''
def search(accuracy, learning_rates, seeds):
    """Return the learning rate you choose, and the accuracy to expect."""
    by_rate = ...
    best = ...
    return best, ...
'''.strip(),
    ask='tl.check("3.6", search)',
    hints=(
        "Three parts, three uses: one to learn from, one to choose by, one to report on.",
        "For each learning rate, average over all seeds where you choose. `max(some_dict, "
        "key=some_dict.get)` gives the key of the largest value.",
        "Open the last part when everything is decided, and for the winner alone.",
    ),
    solution=SEARCH_SOLUTION,
    why="Each look at a number that helps to choose spends a bit of it. So the number that you "
    "report must not have helped.",
    check=check_search,
    mistakes=(
        KnownAnswer(edited(SEARCH_SOLUTION, '"valid"', '"test"'), "You choose on the test"),
        *slips(
            SEARCH_SOLUTION,
            ('"valid"', '"learn"', "by heart"),
            ('"valid") for seed in seeds', '"valid") for seed in seeds[:1]', "single runs"),
            (
                "best = max(",
                "tests = [accuracy(r, 0, 'test') for r in learning_rates]\n    best = max(",
                "for learning rates that you do not choose",
            ),
            ("max(by_rate", "min(by_rate", "does not choose the learning rate"),
            ('accuracy(best, seed, "test")', 'accuracy(best, seed, "valid")', "by which you chose"),
            ("best, np.mean(", "best, np.max(", "the luckiest run"),
            ("return best, ", "return ", "Return two things"),
            ("return best, ", "return 0.5, ", "none of the learning rates"),
        ),
    ),
    also_right=(
        KnownAnswer(
            "def search(run, learning_rates, seeds):\n"
            "    table = [[run(r, s, 'valid') for s in seeds[:4]] for r in learning_rates]\n"
            "    good = learning_rates[int(np.median(table, axis=1).argmax())]\n"
            "    return [good, sum(run(good, s, 'test') for s in seeds) / len(seeds)]",
            "as it should be",
        ),
    ),
    setup="import numpy as np",
)

EXERCISES = (GUESS, PHASE, STOP, LAST, READ, SEARCH)

# ------------------------------------------------------------------------- quizzes

QUIZZES = (
    Quiz(
        "3.a",
        "Why is the new head trained first, while the network is frozen?",
        (
            Choice(
                "Because a frozen network trains faster.",
                "True, and pleasant, but not the reason: you could also train longer.",
            ),
            Choice(
                "So that the network is not changed to suit a head that knows nothing yet.",
                "A random head sends large, senseless corrections down the network. With a good "
                "head in place, small steps are enough.",
                right=True,
            ),
            Choice(
                "Because Keras cannot train both at once.",
                "It can, and section 6 does it: see how it goes at small learning rates.",
            ),
            Choice(
                "So that the head learns the old classes before the new ones.",
                "The new head has no output for the old classes. It learns the new ones alone.",
            ),
        ),
    ),
    Quiz(
        "3.b",
        "data.map(augment).cache().shuffle(1000).batch(32): what does the network see?",
        (
            Choice(
                "New variants in every epoch: augment draws at random.",
                "It draws, but only in the first epoch. After that the cache answers, and nothing "
                "is drawn any more.",
            ),
            Choice(
                "The same variant of each picture in every epoch, in another order.",
                "What comes before cache happens once. What comes behind it, here the order, "
                "happens in every epoch.",
                right=True,
            ),
            Choice(
                "The same batches in every epoch.",
                "Then shuffle would have to stand before cache, too. Here it stands behind it.",
            ),
        ),
    ),
    Quiz(
        "3.c",
        "base(x, training=False), all layers unfrozen, then fit. What of BatchNormalization?",
        (
            Choice(
                "Its statistics stay as they are: training=False says so.",
                "That is what many guides promise. You counted: on Keras 3 they change.",
            ),
            Choice(
                "Its statistics change: fit runs the layers inside in training mode.",
                "Only a layer that is itself frozen keeps them: freeze them one by one, if they "
                "are to stay.",
                right=True,
            ),
            Choice(
                "Keras refuses to train such a model.",
                "It trains without a word, so you only notice if you compare the statistics.",
            ),
        ),
    ),
    Quiz(
        "3.d",
        "Two labelled examples of each class are all that you have. What do you do?",
        (
            Choice(
                "Fine-tune all layers: the network needs every help.",
                "In section 7 that did harm: twenty pictures are learned by heart.",
            ),
            Choice(
                "Fine-tune, and stop at the epoch that is best on the test.",
                "Then the test has chosen, and there is nothing left to report on.",
            ),
            Choice(
                "Train the head alone, on frozen features.",
                "With two labels that was the best of all depths. With more labels, let the "
                "validation data say whether fine-tuning is worth it.",
                right=True,
            ),
            Choice(
                "Train a smaller network from scratch.",
                "With so few labels, training from scratch is far behind everything else: see the "
                "figure of notebook 02.",
            ),
        ),
    ),
)
