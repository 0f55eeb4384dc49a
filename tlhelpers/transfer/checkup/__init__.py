"""Look for the usual mistakes in a network, its data and how it is trained.

They make no noise: training runs, and the numbers look plausible.  Notebook 11
shows each; the names are those of its exhibits.  Every check is a function that is
given a `Subject` and yields what it found; `CHECKS` lists them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tlhelpers.data.wording import counted
from tlhelpers.inputs import (
    check_shape,
    read_array,
    read_function,
    read_items,
    read_labels,
    read_names,
    read_network,
    read_rows,
)
from tlhelpers.networks.surgery import read_one_input
from tlhelpers.transfer.checkup import classes, from_files, pipelines, pixels, sides, training
from tlhelpers.transfer.checkup.report import Checkup, Finding, NotSeen
from tlhelpers.transfer.checkup.subject import CannotSee, Part, Subject, read_part

if TYPE_CHECKING:  # for readers and type checkers only: Keras and TensorFlow take seconds to load
    import keras
    import tensorflow as tf

__all__ = ["CHECKS", "Checkup", "Finding", "NotSeen", "checkup"]

#: Every check, and the names of what it may find.
CHECKS: dict[Callable, tuple[str, ...]] = {
    pixels.look_at_range: ("range", "prepared_twice"),
    pixels.look_at_colours: ("channel_order",),
    pixels.look_at_grey: ("grey",),
    from_files.look_at_files: ("exif",),
    training.look_at_statistics: ("statistics",),
    training.look_at_mode: ("training_true",),
    training.look_at_compile: ("not_compiled",),
    training.look_at_rate: ("rate",),
    training.look_at_head: ("untrained_head",),
    training.look_at_flatten: ("flatten",),
    training.look_at_logits: ("logits",),
    pipelines.look_at_cache: ("cached_augmentation",),
    pipelines.look_at_test_pixels: ("augmented_test",),
    pipelines.look_at_order: ("shuffled_answers",),
    sides.look_at_same: ("take_skip", "test_as_validation"),
    sides.look_at_copies: ("copies",),
    sides.look_at_groups: ("groups",),
    sides.look_at_scale: ("scaled_on_all",),
    classes.look_at_names: ("class_order",),
    classes.look_at_source: ("classes_in_source",),
    classes.look_at_shares: ("imbalance",),
    classes.look_at_labels: ("labels",),
    classes.look_at_metrics: ("batch_average",),
    classes.look_at_answers: ("shuffled_answers", "training_true"),
}

#: What nobody can see from outside.
NEVER = (
    NotSeen("one_seed", "how often you tried. Repeat with three seeds or more."),
    NotSeen("tuned_on_target", "on which labels settings were chosen: those of test must not be."),
    NotSeen("validator_augmentation", "what judged your networks, and with which augmentation."),
)


def checkup(
    model: keras.Model,
    train: Sequence[Any] | tf.data.Dataset | None = None,
    test: Sequence[Any] | tf.data.Dataset | None = None,
    *,
    preprocess: Callable[[np.ndarray], Any] | None = None,
    validation: Sequence[Any] | tf.data.Dataset | None = None,
    groups: Sequence[Any] | None = None,
    class_names: Sequence[Any] | None = None,
    source_classes: Sequence[str] | None = None,
    files: Sequence[Any] | None = None,
    answers: np.ndarray | None = None,
) -> Checkup:
    """Look for the usual mistakes in a network, its data and how it is trained.

    Call it after ``model.compile(...)`` and before ``model.fit(...)``: weights that are not those
    of a new layer then count as pretrained, and once a network has been trained, nobody can see
    where its weights came from.  Nothing is changed in the network.
    Of a large set, some of the images are looked at; the result says how many.

    Parameters
    ----------
    model
        A network of Keras, with one input and one output.
    train, test, validation
        Each a pair of arrays ``(images, labels)``, such as ``lab.train``, or a
        ``tf.data.Dataset`` of batches, of which at most 2,000 images are read (the test twice;
        as with any pass, a dataset that shuffles goes on to its next order).
    preprocess
        What you call on images before the network, such as
        ``keras.applications.mobilenet_v2.preprocess_input``.  It is given copies.
    groups
        A pair ``(of_train, of_test)``: who wrote, took or made each image.
    class_names
        The names in the order of the labels; or a pair of such lists, of train and of test.
        Datasets of ``keras.utils.image_dataset_from_directory`` bring their own.
    source_classes
        What the network was pretrained to tell apart; by default the classes of ImageNet, if it
        is a network of Keras Applications.
    files
        The picture files that train was read from, in its order.
    answers
        What you judged: the answers to test, in its order, as class numbers or rows.

    Returns
    -------
    Checkup
        ``.names`` is the set of what was found, ``.findings`` says where and what to do,
        ``.not_seen`` what could not be looked at.  In a notebook it shows itself.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another kind, or the images do not fit the network.

    Examples
    --------
    >>> import keras
    >>> layers = [keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(2)]
    >>> model = keras.Sequential(layers)
    >>> model.compile("adam", "sparse_categorical_crossentropy")  # which wants probabilities
    >>> images = np.random.default_rng(0).random((40, 8, 8, 3))
    >>> found = checkup(model, (images[:30], np.arange(30) % 2), (images[30:], np.arange(10) % 2))
    >>> sorted(found.names)
    ['logits']
    """
    subject = _read(model, train, test, validation, preprocess)
    subject.groups = _read_groups(groups, subject)
    subject.class_names = _read_class_names(class_names)
    if source_classes is not None:
        subject.source_classes = read_names(source_classes, "source_classes", most=10_000)
    if files is not None:
        subject.files = _read_files(files, subject.train)
    if answers is not None:
        subject.answers = _read_answers(answers, subject)
    findings: dict[str, Finding] = {}
    unseen: dict[str, NotSeen] = {}
    for check, names in CHECKS.items():
        try:
            for item in check(subject):
                kept: dict = findings if isinstance(item, Finding) else unseen
                kept.setdefault(item.name, item)
        except CannotSee as reason:
            for name in names:
                unseen.setdefault(name, NotSeen(name, str(reason)))
        except Exception as error:  # a network or a pipeline of one's own may fail in any way
            said = (str(error).strip().splitlines() or [type(error).__name__])[0][:150]
            for name in names:
                unseen.setdefault(name, NotSeen(name, f"it could not be looked at ({said})."))
    rest = [item for item in (*unseen.values(), *NEVER) if item.name not in findings]
    return Checkup(tuple(findings.values()), tuple(rest), _looked_at(subject.parts))


def _read(model: Any, train: Any, test: Any, validation: Any, preprocess: Any) -> Subject:
    model = read_network(model)
    if not model.built:
        raise ValueError(
            f"{model.name} has no weights yet. Begin it with keras.Input(shape), or call it once."
        )
    if preprocess is not None:
        read_function(preprocess, "preprocess")
    subject = Subject(
        model,
        read_part(train, "train"),
        read_part(test, "test", twice=True),
        read_part(validation, "validation"),
        preprocess,
    )
    if subject.is_functional:
        wanted = tuple(read_one_input(model).input_shape[1:])
        for part in subject.parts:
            check_shape(subject.prepared(part), _after(part, preprocess), wanted)
    return subject


def _after(part: Part, preprocess: Any) -> str:
    if preprocess is None:
        return f"the images of {part.name} (without preprocess=...)"
    return f"what preprocess makes of {part.name}"


def _read_groups(groups: Any, subject: Subject) -> tuple[np.ndarray, ...] | None:
    if groups is None:
        return None
    if not isinstance(groups, (tuple, list)) or len(groups) != 2:
        raise TypeError("groups must be a pair: those of train, and those of test.")
    try:
        found = tuple(np.asarray(side) for side in groups)
    except Exception as error:
        raise TypeError("groups must hold one name or number for each image.") from error
    for side, part in zip(found, (subject.train, subject.test), strict=True):
        if side.ndim != 1 or (part is not None and part.count not in (None, len(side))):
            name = part.name if part else "a side"
            raise ValueError(
                f"groups must have one entry for each image of {name}; got {side.shape}."
            )
    return found


def _read_answers(answers: Any, subject: Subject) -> np.ndarray:
    count = subject.test.count if subject.test else None
    if subject.test is None:
        raise ValueError("answers are those to test: hand over test=..., too.")
    found = read_array(answers, "answers")
    if found.ndim == 2:
        found = read_rows(found, "answers")
    elif subject.model.output_shape[-1] != 1:
        found = read_labels(found, "answers")
    if found.ndim not in (1, 2) or (count is not None and len(found) != count):
        raise ValueError(
            f"answers must have one row, or one class number, for each image of test; "
            f"got {found.shape}."
        )
    return found


def _read_files(paths: Any, train: Part | None) -> list[Any]:
    found = read_items(paths, "files")
    if train is None or train.count != len(found):
        raise ValueError(f"files must have one file for each image of train; got {len(found)}.")
    return found


def _read_class_names(names: Any) -> tuple[list[str], ...] | None:
    if names is None:
        return None
    two = isinstance(names, (tuple, list)) and len(names) == 2
    if two and not any(isinstance(side, str) for side in names):
        return tuple(read_names(side, "class_names", most=10_000) for side in names)
    return (read_names(names, "class_names", most=10_000),)


def _looked_at(parts: list[Part]) -> str:
    texts = []
    for part in parts:
        of = "" if part.whole else f" of {part.count:,}" if part.count else " (there are more)"
        texts.append(f"{counted(len(part.images), 'image')}{of} of {part.name}")
    return f"Looked at: {', '.join(texts) or 'the network alone'}."
