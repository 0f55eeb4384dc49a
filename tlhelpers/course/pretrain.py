"""Make the bundled network again: train it on printed characters.

It never looks at handwriting.  What is finished is kept in the cache folder
after every block of pictures, and the same call goes on from there after an
interruption.
"""

from __future__ import annotations

import json
import math
import platform
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tlhelpers.course.notebooks import CannotDo
from tlhelpers.data import glyphs
from tlhelpers.fetching import checksums
from tlhelpers.fetching.bundled import bundled_folder
from tlhelpers.fetching.whole_files import write_whole
from tlhelpers.labs import digits
from tlhelpers.networks import features
from tlhelpers.start import load_tensorflow

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras

PICTURES = 1_100_000  # how many pictures the network sees, each of them once
BLOCK = 10_000  # pictures between two progress reports (and safe points)
BATCH = 128
RATE = 2e-3  # highest learning rate
DIGIT_SHARE = 2  # a digit is drawn twice as often as a letter


def make_weights(
    out: Path | None = None, *, pictures: int | None = None, seed: int = 0, fresh: bool = False
) -> None:
    """Train the digits network, save its weights and their card, and print how good it is.

    Parameters
    ----------
    out
        Where the weights go, a name that ends with ``.weights.h5``; by default
        where the digits lab looks for them.  The card goes beside it.
    pictures
        How many pictures to train on, at least one block; by default `PICTURES`.
    seed, fresh
        As in `pretrain_network`.

    Raises
    ------
    CannotDo
        If `out` has another ending, or there are fewer pictures than one block.
    """
    out = out or bundled_folder() / digits.WEIGHTS
    if not out.name.endswith(".weights.h5"):
        raise CannotDo(f"--out must end with .weights.h5; got {out}.")
    pictures = PICTURES if pictures is None else pictures
    if pictures < BLOCK:
        raise CannotDo(f"--pictures must be at least {BLOCK} (one block); got {pictures}.")
    load_tensorflow()
    import keras

    out.parent.mkdir(parents=True, exist_ok=True)  # now, and not after half an hour
    print(f"Training on {pictures:,} printed characters, seed {seed}. Ctrl-C stops; the same")
    print("command goes on later. The bundled network took about half an hour on two cores.")
    began = time.perf_counter()
    folder = features.cache_folder() / "pretrain"
    model = pretrain_network(pictures, seed, folder, fresh=fresh)
    seconds = time.perf_counter() - began
    # A network that was never compiled: the file then holds no optimizer.
    plain = digits.build_digits_network(pretrained=False)
    plain.set_weights(model.get_weights())
    write_whole(out, plain.save_weights)
    card = {
        "architecture": "MobileNet(alpha=0.5)",
        "classes": list(glyphs.CLASSES),
        "input": [digits.INPUT_SIZE, digits.INPUT_SIZE, 3],
        "licence": "MIT",
        "parameters": model.count_params(),
        "pictures": pictures,
        "print_varied": accuracy_on_print(
            model, style="varied", fonts=glyphs.HELD_OUT_FONTS, seed=seed + 90_001
        ),
        "print_plain": accuracy_on_print(
            model, style="plain", fonts=glyphs.HELD_OUT_FONTS, seed=seed + 90_002
        ),
        "seconds": round(seconds),
        "seed": seed,
        "sha256": checksums.checksum_of(out),
        "versions": {"keras": keras.__version__, "python": platform.python_version()},
    }
    card_path = out.with_name(out.name.removesuffix(".weights.h5") + ".json")
    card_path.write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8", newline="\n")
    (folder / _safe_point(pictures // BLOCK, seed)).unlink()  # done: the next run is a new one
    print(f"Saved {out} and {card_path.name}, after {seconds / 60:.0f} minutes.")
    print(f"Fonts never seen in training: {card['print_plain']:.1%} of plainly printed")
    print(f"characters right, {card['print_varied']:.1%} of the varied ones.")


def pretrain_network(pictures: int, seed: int, folder: Path, *, fresh: bool = False) -> keras.Model:
    """Train the digits network on printed characters, or go on where it stopped.

    Parameters
    ----------
    pictures
        How many pictures to train on, at least one block of 10,000.
    seed
        Seed of the first weights and of all pictures.
    folder
        Where to keep what is finished.
    fresh
        Forget what is finished and start again.

    Returns
    -------
    keras.Model
        The trained classifier.

    Raises
    ------
    ValueError
        If there are fewer pictures than one block.
    """
    import keras
    from tqdm.auto import tqdm

    blocks = pictures // BLOCK
    if blocks < 1:
        raise ValueError(f"pictures must be at least {BLOCK} (one block); got {pictures}.")
    folder.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(seed)
    kept = folder / _safe_point(blocks, seed)
    if fresh:
        kept.unlink(missing_ok=True)
    model, first = load_safe_point(kept), 0
    if model is None:
        model = digits.build_digits_network(pretrained=False)
        model.compile(
            keras.optimizers.AdamW(RATE, weight_decay=1e-4),
            # Some pictures are hopeless; a smoothed target does not insist on them.
            loss=keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
            metrics=["accuracy"],
        )
    else:
        steps_per_block = math.ceil(BLOCK / BATCH)
        first = int(model.optimizer.iterations) // steps_per_block
        print(f"Going on after block {first} of {blocks} (kept in {kept}).")
    # One thread draws the next block while the network learns from this one.
    with ThreadPoolExecutor(1) as painter, tqdm(total=blocks, initial=first, unit="block") as bar:
        coming = painter.submit(draw_block, first, seed)
        for block in range(first, blocks):
            images, labels = coming.result()
            if block + 1 < blocks:
                coming = painter.submit(draw_block, block + 1, seed)
            model.optimizer.learning_rate = learning_rate(block, blocks)
            targets = keras.utils.to_categorical(labels, len(glyphs.CLASSES))
            result = model.fit(
                digits.preprocess_digits(images), targets, batch_size=BATCH, verbose=0
            )
            write_whole(kept, model.save)
            bar.set_postfix(accuracy=f"{result.history['accuracy'][0]:.3f}")
            bar.update()
    return model


def _safe_point(blocks: int, seed: int) -> str:
    """Return the name of the file that keeps an unfinished training."""
    return f"training-{seed}-{blocks}.keras"


def load_safe_point(kept: Path) -> keras.Model | None:
    """Return the model of an interrupted training, or None if there is none to go on with."""
    import keras

    if not kept.is_file():
        return None
    try:
        return keras.models.load_model(kept, safe_mode=True)
    except Exception as error:  # a damaged file means a new start, not a crash
        print(f"Starting again: {kept} cannot be read ({error}).")
        return None


def draw_block(number: int, seed: int, pictures: int = BLOCK) -> tuple[np.ndarray, np.ndarray]:
    """Draw one block of training pictures; the same numbers give the same block.

    Parameters
    ----------
    number
        Which block, from 0.
    seed
        The seed of the whole training.
    pictures
        How many pictures.

    Returns
    -------
    pictures : numpy.ndarray
        Shape (pictures, 8, 8), float32 from 0 to 1.
    labels : numpy.ndarray
        Shape (pictures,), positions in `glyphs.CLASSES`.

    Examples
    --------
    >>> pictures, labels = draw_block(0, seed=0, pictures=5)
    >>> pictures.shape, labels.shape
    ((5, 8, 8), (5,))
    """
    rng = np.random.default_rng([seed, number])
    chance = np.where([name.isdigit() for name in glyphs.CLASSES], DIGIT_SHARE, 1)
    labels = rng.choice(len(glyphs.CLASSES), size=pictures, p=chance / chance.sum())
    return glyphs.draw_characters(labels, seed=int(rng.integers(2**31))), labels


def learning_rate(block: int, blocks: int) -> float:
    """Return the learning rate of a block: a short rise, then half a cosine down to zero.

    Examples
    --------
    >>> learning_rate(0, 100) < learning_rate(5, 100) > learning_rate(99, 100)
    True
    """
    rise = max(1, blocks // 20)
    if block < rise:
        return RATE * (block + 1) / (rise + 1)
    return RATE * 0.5 * (1 + math.cos(math.pi * (block - rise) / max(1, blocks - rise)))


def accuracy_on_print(
    model: keras.Model, *, style: str, fonts: tuple[str, ...], seed: int, per_class: int = 50
) -> float:
    """Return the share of new printed characters that the network reads correctly.

    Parameters
    ----------
    model
        A classifier of the digits lab.
    style, fonts, seed
        As in `glyphs.draw_characters`.
    per_class
        How many pictures of each class.
    """
    labels = np.tile(np.arange(len(glyphs.CLASSES)), per_class)
    pictures = glyphs.draw_characters(labels, style=style, fonts=fonts, seed=seed)
    answers = model.predict(digits.preprocess_digits(pictures), batch_size=256, verbose=0)
    return float((answers.argmax(axis=1) == labels).mean())
