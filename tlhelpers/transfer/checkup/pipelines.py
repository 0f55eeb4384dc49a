"""Checks of tf.data pipelines: what do they give in another pass, and in which order?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tlhelpers.transfer.checkup.report import Finding, NotSeen
from tlhelpers.transfer.checkup.subject import (
    CannotSee,
    Part,
    Subject,
    pixel_names,
    read_images,
    steps_of,
)

#: Operations of TensorFlow that draw at random.
_DRAWS = re.compile("Random|TruncatedNormal|Multinomial|SampleDistorted")
ARRAYS = "an array is the same each time; how it was made cannot be seen."


def look_at_cache(subject: Subject) -> Iterator[Finding | NotSeen]:
    """Find random changes of pictures that cache() keeps for all epochs."""
    train = subject.train
    if train is None or not train.is_dataset:
        raise CannotSee(ARRAYS)
    for step in train.steps:
        if _kind(step) == "Cache" and (random := _random_steps(steps_of(step)[1:])):
            yield Finding(
                "cached_augmentation",
                f"train draws at random ({random[0]}) in a map() that stands before cache(): "
                "every epoch sees the first draw again",
                "Put cache() before the augmentation: data.cache().shuffle(...).batch(...)"
                ".map(augment).",
            )
            return
    random = _random_steps(train.steps)
    if random and (train.whole or not _shuffles(train)):
        if sorted(train.pixel_names) == sorted(pixel_names(read_images(train.steps[0]))):
            yield Finding(
                "cached_augmentation",
                f"train draws at random ({random[0]}), and gives the same pixels in two passes: "
                "with a seed, as keras.utils.set_random_seed sets it, tf.image.random_... draws "
                "the same in every epoch",
                "Augment with layers, such as keras.layers.RandomFlip()(images, training=True).",
            )


def look_at_test_pixels(subject: Subject) -> Iterator[Finding | NotSeen]:
    """Find a test that is augmented: other pixels in each pass, or drawn once and kept."""
    for part in (subject.test, subject.validation):
        if part is None:
            continue
        if not part.is_dataset:
            yield NotSeen("augmented_test", ARRAYS)
            continue
        random = _random_steps(part.steps)
        # Read whole, two passes have the same pictures, in whatever order.
        changed = part.again is not None and part.whole and _changed(part)
        if part.again is not None and not part.whole and not _shuffles(part):
            changed = _changed(part)
        if changed or random:
            seen = [f"draws at random ({name}) in a map()" for name in random[:1]]
            seen += ["gives other pixels in each pass"] * bool(changed)
            yield Finding(
                "augmented_test",
                f"{part.name} {' and '.join(seen)}",
                "Augment what is learnt from, and nothing else.",
            )
            return


def look_at_order(subject: Subject) -> Iterator[Finding | NotSeen]:
    """Find a test that comes in another order in each pass."""
    for part in (subject.test, subject.validation):
        if part is None or not part.is_dataset:
            continue
        other = part.again is not None and part.whole and _reordered(part)
        if other or _shuffles(part):
            yield Finding(
                "shuffled_answers",
                f"{part.name} comes in another order in each pass: model.predict({part.name}) and "
                "labels from a second pass do not belong together (model.evaluate is right)",
                f"Do not shuffle {part.name} (shuffle=False), or collect answers and labels in "
                "one pass.",
            )
            return
    if subject.answers is None and subject.test and not subject.test.is_dataset:
        yield NotSeen(
            "shuffled_answers",
            "what you compared with the labels. answers=model.predict(...) compares it with the "
            "network's own.",
        )


def _kind(step: Any) -> str:
    """Return what a step of a pipeline does: ``"Map"``, ``"Cache"``, ``"Shuffle"``, …"""
    return type(step).__name__.strip("_").replace("Dataset", "").replace("Parallel", "")


def _random_steps(steps: Any) -> list[str]:
    """Return the random operations in the functions of some steps."""
    found: list[str] = []
    for step in steps:
        for value in vars(step).values():
            function: Any = getattr(value, "function", None)
            if not hasattr(function, "graph"):
                continue
            graph = function.graph.as_graph_def()
            nodes = [*graph.node, *(n for f in graph.library.function for n in f.node_def)]
            found += sorted({node.op for node in nodes if _DRAWS.search(node.op)})
    return [name for name in found if "KeyCounter" not in name]


def _shuffles(part: Part) -> bool:
    """Say whether a dataset shuffles anew in each pass, and nothing keeps the first order."""
    cached = [steps_of(step)[1:] for step in part.steps if _kind(step) == "Cache"]
    kept = {id(one) for steps in cached for one in steps}
    return any(
        _kind(step) == "Shuffle"
        and getattr(step, "_reshuffle_each_iteration", True) is not False
        and id(step) not in kept
        for step in part.steps
    )


def _changed(part: Part) -> bool:
    assert part.again is not None
    return sorted(part.pixel_names) != sorted(pixel_names(part.again))


def _reordered(part: Part) -> bool:
    assert part.again is not None
    return not _changed(part) and part.pixel_names != pixel_names(part.again)
