"""Make the bundled GPT again: train it on docstrings of installed packages.

It never reads those of the libraries in `UNSEEN`, which notebook 10 asks it about, nor one
file in twenty of the others.  What is finished is kept in the cache folder after every
block of steps, and the same call goes on from there after an interruption.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tlhelpers.course.notebooks import CannotDo
from tlhelpers.course.pretrain import load_safe_point
from tlhelpers.data.docstrings import Docstrings, load_docstrings
from tlhelpers.fetching import checksums
from tlhelpers.fetching.bundled import bundled_folder
from tlhelpers.fetching.whole_files import write_whole
from tlhelpers.networks import features, gpt, gpt_file
from tlhelpers.networks.byte_pairs import BytePairs, learn_pairs
from tlhelpers.start import load_tensorflow

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras

#: What it learns from, and the distribution that each is part of: packages of the course's
#: own pins, under licences that let everything be done with their texts (BSD, MIT, Apache…).
LIBRARIES = {
    "scipy": "scipy",
    "sklearn": "scikit-learn",
    "numpy": "numpy",
    "keras": "keras",
    "matplotlib": "matplotlib",
    "tensorflow.python.ops": "tensorflow",
    "narwhals": "narwhals",
    "fontTools": "fonttools",
    "IPython": "ipython",
    "mypy": "mypy",
    "onnxruntime": "onnxruntime",
    "tornado": "tornado",
    "imageio": "imageio",
    "prompt_toolkit": "prompt-toolkit",
    "pygments": "pygments",
    "setuptools": "setuptools",
    "optree": "optree",
    "PIL": "pillow",
    "rich": "rich",
    "tifffile": "tifffile",
    "babel": "babel",
    "pyparsing": "pyparsing",
    "click": "click",
    "jinja2": "jinja2",
    "joblib": "joblib",
    "bs4": "beautifulsoup4",
    "packaging": "packaging",
}
#: What it never reads.  The first is for choices, the second for the notebook's figures.
UNSEEN = ("networkx", "skimage")
KEPT_BACK = 20  # one file in so many is kept for the test
ASKED = 6  # and one text in so many of these is asked about, which takes a minute

BLOCKS = 60  # blocks of training
STEPS = 100  # between two progress reports (and safe points)
BATCH = 8
RATE = 2.5e-3  # highest learning rate


class Corpus(NamedTuple):
    """What is learnt from.

    Attributes
    ----------
    tokenizer
        Learnt from the training texts.
    train
        Shape (n,): the tokens of all training texts, one text behind the other.
    kept
        The same of some texts in the files that are kept back.
    kept_bytes
        How many bytes these are.
    """

    tokenizer: BytePairs
    train: np.ndarray
    kept: np.ndarray
    kept_bytes: int


def make_gpt(
    out: Path | None = None, *, blocks: int | None = None, seed: int = 0, fresh: bool = False
) -> None:
    """Train the GPT, save its weights and their card, and print how good it is.

    Parameters
    ----------
    out
        Where the weights go, a name that ends with ``.npz``; by default where
        `gpt_file.load_gpt` looks for them.  The card goes beside it.
    blocks
        How many blocks of steps to train; by default `BLOCKS`.  A stopped training can go
        on with another number.
    seed, fresh
        As in `pretrain_network`.

    Raises
    ------
    CannotDo
        If `out` has another ending, or there are no blocks.
    """
    out = out or bundled_folder() / gpt_file.WEIGHTS
    if out.suffix != ".npz":
        raise CannotDo(f"--out must end with .npz for the GPT; got {out}.")
    blocks = BLOCKS if blocks is None else blocks
    if blocks < 1:
        raise CannotDo(f"--blocks must be at least 1; got {blocks}.")
    load_tensorflow()
    import keras

    out.parent.mkdir(parents=True, exist_ok=True)  # now, and not after half an hour
    began, busy = time.perf_counter(), time.process_time()
    print(f"Training on {blocks} blocks of docstrings, seed {seed}. Ctrl-C stops; the same")
    print("command goes on later. The bundled GPT took about half an hour of one core.")
    corpus = read_corpus()
    folder = features.cache_folder() / "pretrain"
    model, seen = pretrain_network(corpus, blocks, seed, folder, fresh=fresh)
    bits = gpt.bits_per_byte(model, corpus.kept, corpus.kept_bytes)
    arrays = gpt_file.quantise(model, corpus.tokenizer)
    write_whole(out, lambda path: gpt_file.save_arrays(path, arrays))
    rounded, _ = gpt_file.read_gpt(out)
    card = {
        "architecture": gpt_file.sizes_of(model),
        "licence": "MIT",
        "parameters": model.count_params(),
        "packages": {
            name: {"version": importlib.metadata.version(package), "licence": _licence(package)}
            for name, package in LIBRARIES.items()
        },
        "never_read": list(UNSEEN),
        "training_tokens": seen,
        "training_text_tokens": len(corpus.train),
        "bits_per_byte_kept_files": round(bits, 4),
        "bits_per_byte_kept_files_int8": round(
            gpt.bits_per_byte(rounded, corpus.kept, corpus.kept_bytes), 4
        ),
        "seconds_of_the_last_run": round(time.perf_counter() - began),
        "processor_seconds_of_the_last_run": round(time.process_time() - busy),
        "seed": seed,
        "sha256": checksums.checksum_of(out),
        "versions": {"keras": keras.__version__, "python": platform.python_version()},
    }
    card_path = out.with_suffix(".json")
    card_path.write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8", newline="\n")
    (folder / _safe_point(corpus, seed)).unlink()  # done: the next run is a new one
    minutes = (time.perf_counter() - began) / 60
    print(f"Saved {out} and {card_path.name}, after {minutes:.0f} minutes.")
    print(f"Files never seen in training: {bits:.3f} bits per byte.")


def _licence(package: str) -> str:
    """Return what a package says of its licence, in a line."""
    about = importlib.metadata.metadata(package)
    if "License-Expression" in about:
        return about["License-Expression"]
    kinds = [
        line.rsplit("::", 1)[-1].strip()
        for line in about.get_all("Classifier") or []
        if line.startswith("License ::")
    ]
    return ", ".join(kinds) or "see the package"


def kept_back(found: Docstrings) -> np.ndarray:
    """Say which texts of one library stand in files that the GPT never read.

    Parameters
    ----------
    found
        Of one library, from `load_docstrings`.

    Returns
    -------
    numpy.ndarray
        Shape (n,), true or false.

    Examples
    --------
    >>> found = load_docstrings("email")
    >>> 0 < float(kept_back(found).mean()) < 0.5
    True
    """
    return found.files % KEPT_BACK == KEPT_BACK // 2


def read_corpus(libraries: tuple[str, ...] = tuple(LIBRARIES), size: int | None = None) -> Corpus:
    """Read the docstrings to learn from, and learn how to cut them into tokens.

    Parameters
    ----------
    libraries
        Packages as `load_docstrings` takes them.
    size
        How many kinds of tokens; by default `gpt.VOCABULARY`.
    """
    from tqdm.auto import tqdm

    seen = {text for name in UNSEEN for text in load_docstrings([name]).texts}
    train: list[str] = []
    kept: list[str] = []
    for name in tqdm(libraries, desc="reading", unit="library"):
        found = load_docstrings([name])
        for text, back in zip(found.texts, kept_back(found), strict=True):
            if text not in seen:
                seen.add(text)
                (kept if back else train).append(text)
    kept = kept[::ASKED]
    tokenizer = learn_pairs(train[::4], size or gpt.VOCABULARY)
    return Corpus(
        tokenizer,
        tokenizer.encode_all(train),
        tokenizer.encode_all(kept),
        sum(len(text.encode()) + 1 for text in kept),
    )


def pretrain_network(
    corpus: Corpus,
    blocks: int,
    seed: int,
    folder: Path,
    *,
    fresh: bool = False,
    sizes: Mapping[str, int] | None = None,
) -> tuple[keras.Model, int]:
    """Train a GPT on docstrings, or go on where it stopped.

    Parameters
    ----------
    corpus
        From `read_corpus`.
    blocks
        How many blocks of `STEPS` steps.
    seed
        Seed of the first weights and of what is read when.
    folder
        Where to keep what is finished.
    fresh
        Forget what is finished and start again.
    sizes
        Of the network, as for `gpt.build_gpt`, if they are not to be its own.

    Returns
    -------
    model : keras.Model
        The trained GPT.
    seen : int
        How many tokens it was trained on, each as often as it came.
    """
    import keras
    from tqdm.auto import tqdm

    folder.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(seed)
    kept = folder / _safe_point(corpus, seed)
    if fresh:
        kept.unlink(missing_ok=True)
    model, first = load_safe_point(kept), 0
    if model is None:
        model = gpt.build_gpt(vocabulary=len(corpus.tokenizer), **(sizes or {}))
        model.compile(
            keras.optimizers.AdamW(RATE, weight_decay=0.1, beta_2=0.95, global_clipnorm=1.0),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            jit_compile="auto",  # with TF_DETERMINISTIC_OPS=0 it is a little faster
        )
    else:
        first = int(model.optimizer.iterations) // STEPS
        print(f"Going on after block {first} of {blocks} (kept in {kept}).")
    context = model.get_layer("places").input_dim
    with tqdm(total=blocks, initial=min(first, blocks), unit="block") as bar:
        for block in range(first, blocks):
            rows = draw_block(corpus.train, block, seed, context)
            model.optimizer.learning_rate = learning_rate(block, blocks)
            result = model.fit(rows[:, :-1], rows[:, 1:], batch_size=BATCH, verbose=0)
            write_whole(kept, model.save)
            bar.set_postfix(bits_per_token=f"{result.history['loss'][0] / np.log(2):.3f}")
            bar.update()
    return model, max(first, blocks) * STEPS * BATCH * context


def _safe_point(corpus: Corpus, seed: int) -> str:
    """Return the name of the file that keeps an unfinished training on these texts."""
    texts = hashlib.sha256(corpus.train.astype("<i4").tobytes()).hexdigest()[:12]
    return f"gpt-{seed}-{texts}.keras"


def draw_block(tokens: np.ndarray, number: int, seed: int, context: int) -> np.ndarray:
    """Draw what is read in one block: pieces of the texts, from places drawn at random.

    Parameters
    ----------
    tokens
        Shape (n,): the training texts.
    number, seed
        Which block of which training; the same numbers give the same pieces.
    context
        How many tokens of each piece are read.

    Returns
    -------
    numpy.ndarray
        Shape (steps × batch, context + 1): the last is what comes next.

    Examples
    --------
    >>> draw_block(np.arange(5000), 0, 0, context=16).shape
    (800, 17)
    """
    rng = np.random.default_rng([seed, number])
    starts = rng.integers(len(tokens) - context, size=STEPS * BATCH)
    return tokens[starts[:, None] + np.arange(context + 1)]


def learning_rate(block: int, blocks: int) -> float:
    """Return the learning rate of a block: up, level, and in the last third down to nearly zero.

    While it is level, the number of blocks can still be changed.

    Examples
    --------
    >>> learning_rate(0, 100) < learning_rate(50, 100) > learning_rate(99, 100)
    True
    """
    rise, fall = 3, max(1, blocks // 3)
    up = min(1.0, (block + 1) / (rise + 1))
    down = min(1.0, (blocks - block) / (fall + 1))
    return RATE * up * down
