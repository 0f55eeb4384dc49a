"""Checks of classes and of how answers are judged."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from tlhelpers.data.wording import counted
from tlhelpers.fetching import fetch, registry
from tlhelpers.networks.imagenet_weights import imagenet_classes
from tlhelpers.transfer.checkup.report import Finding, NotSeen
from tlhelpers.transfer.checkup.subject import CannotSee, Part, Subject
from tlhelpers.transfer.checkup.training import looks_trained

MAJORITY = 0.9  # the share of one class from which on accuracy says little
_LISTS = ("imagenet1k_label_to_names.json", "imagenet_class_index.json")


def look_at_names(subject: Subject) -> Iterator[Finding | NotSeen]:
    """Find two lists of the same classes in different orders."""
    lists = _lists(subject)
    for one, first in lists.items():
        for two, second in lists.items():
            if first == second or one >= two:
                continue
            at = next(
                (i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b),
                min(len(first), len(second)),
            )
            if set(first) & set(second):
                yield Finding(
                    "class_order",
                    f"class {at} is {_at(first, at)} by {one}, and {_at(second, at)} by {two}",
                    "Keep one list of names: dataset.class_names of train, or "
                    "image_dataset_from_directory(..., class_names=[...]) for every side.",
                )
                return
    yield from _by_answers(subject)
    if not lists:
        yield NotSeen("class_order", "the names of the classes. class_names=[...] helps.")
    for where, names in lists.items():
        numbers = [int(name) if re.fullmatch(r"\d+", name) else None for name in names]
        if None not in numbers and numbers != sorted(numbers, key=lambda n: n or 0):
            yield NotSeen(
                "class_order",
                f"{where} is sorted as text, {', '.join(names[:4])}, …: class 1 is not "
                f"{names[1]!r}'s number. That is right if every list you use has this order.",
            )
            return


def _at(names: list[str], place: int) -> str:
    return repr(names[place]) if place < len(names) else "missing"


def _lists(subject: Subject) -> dict[str, list[str]]:
    """Return every list of class names that there is, and where it is from."""
    lists = {}
    for part in subject.parts:
        names = part.said_by_steps("class_names")
        if names:
            lists[f"the folder of {part.name}"] = names
    given = subject.class_names or ()
    for names, where in zip(given, ("class_names", "class_names of test"), strict=False):
        lists[where] = names
    return lists


def _by_answers(subject: Subject) -> Iterator[Finding]:
    """Find classes in another order by the answers: right on one side, exchanged on the other."""
    from scipy.optimize import linear_sum_assignment

    outputs = subject.model.output_shape[-1]
    if not isinstance(outputs, int) or outputs < 2:
        return
    head = [layer for layer in subject.layers if layer.weights][-1]
    if not looks_trained(head):
        return
    tables = {}
    for part in (subject.train, subject.test):
        if part is None or part.labels is None:
            return
        answers, labels = subject.asked(part)
        if len(labels) < 3 * outputs or labels.max() >= outputs or labels.min() < 0:
            return
        tables[part.name] = table = np.zeros((outputs, outputs), int)
        np.add.at(table, (labels, answers.argmax(axis=-1)), 1)
    right = {name: np.trace(table) / table.sum() for name, table in tables.items()}
    worse = min(right, key=lambda name: right[name])
    table = tables[worse]
    rows, columns = linear_sum_assignment(-table)
    best = table[rows, columns].sum() / table.sum()
    if max(right.values()) > 0.6 and best > 0.6 and best - right[worse] > 0.25:
        off = np.flatnonzero(columns != rows)
        often = off[table[off, columns[off]].argmax()]
        yield Finding(
            "class_order",
            f"{right[worse]:.0%} of {table.sum()} answers to {worse} are right, and {best:.0%} "
            f"would be if classes had other numbers (those of class {often} are called "
            f"{columns[often]}); on the other side, {max(right.values()):.0%} are right",
            "Compare the order of the classes in labels, folders and class_names.",
        )


def look_at_source(subject: Subject) -> Iterator[Finding | NotSeen]:
    """Find classes that the pretrained network has learnt already."""
    lists = _lists(subject)
    if not lists:
        raise CannotSee("the names of the classes. class_names=[...] helps.")
    known, whose = subject.source_classes, "source_classes"
    if known is None:
        known, whose = _imagenet(subject), "ImageNet"
    plain = {_plain(name) for name in known}
    names = next(iter(lists.values()))
    both = [name for name in names if _plain(name) in plain]
    if both:
        yield Finding(
            "classes_in_source",
            f"{counted(len(both), 'class')} of {len(names)} "
            f"{'is' if len(both) == 1 else 'are'} among those of {whose}: {', '.join(both[:5])}",
            "Say so beside the result: with classes that the network has never seen, it would be "
            "lower.",
        )


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", " ", re.sub(r" \(\d+\)$", "", str(name))).strip().lower()


def _imagenet(subject: Subject) -> tuple[str, ...]:
    """Return ImageNet's classes, if the network may know them and their list is here."""
    scales = any(type(layer).__name__ == "Normalization" for layer in subject.layers)
    if not (subject.family or scales or len(subject.layers) > 80):
        raise CannotSee("on which classes the network was trained. source_classes=[...] helps.")
    if not any(looks_trained(layer) for layer in subject.layers):
        raise CannotSee("the network's weights are random: it knows no classes.")
    for name in _LISTS:
        path = fetch.find_here(registry.FILES[name])
        if path is not None:
            return imagenet_classes(path)
    raise CannotSee("the list of ImageNet's classes is not here. source_classes=[...] helps.")


def look_at_shares(subject: Subject) -> Iterator[Finding | NotSeen]:
    """Find one class that nearly every picture is of."""
    seen = False
    for part in (subject.test, subject.validation, subject.train):
        if part is None or part.all_labels is None or len(part.all_labels) < 20:
            continue
        seen = True
        classes, counts = np.unique(part.all_labels, return_counts=True)
        share = counts.max() / counts.sum()
        if share >= MAJORITY and len(classes) > 1:
            yield Finding(
                "imbalance",
                f"{share:.0%} of the {counts.sum():,} labels of {part.name} are class "
                f"{classes[counts.argmax()]}: always answering that has this accuracy",
                "Report balanced accuracy or AUC beside it "
                "(sklearn.metrics.balanced_accuracy_score, roc_auc_score).",
            )
            return
    if not seen:
        raise CannotSee("there are fewer than 20 class numbers to count.")


def look_at_labels(subject: Subject) -> Iterator[Finding | NotSeen]:
    """Find labels that the network has no output for, or of a form that the loss does not take."""
    outputs = subject.model.output_shape[-1]
    loss = subject.model.loss if getattr(subject.model, "compiled", False) else None
    name = loss if isinstance(loss, str) else type(loss).__name__
    sparse = name.replace("_", "").lower().startswith("sparse")
    for part in subject.parts:
        if part.given_labels is None or part.labels is None:
            continue
        rows = part.given_labels.ndim == 2 and part.given_labels.shape[1] > 1
        if rows and sparse:
            yield Finding(
                "labels",
                f"the labels of {part.name} are rows (one-hot), and the loss {name} wants numbers",
                "Give labels.argmax(axis=1), or take CategoricalCrossentropy.",
            )
            return
        numbers = part.all_labels if part.all_labels is not None else part.labels
        low, high = int(numbers.min()), int(numbers.max())
        if not rows and outputs > 1 and (low < 0 or high >= outputs):
            yield Finding(
                "labels",
                f"the labels of {part.name} go from {low} to {high}, and the network has "
                f"{outputs} outputs, 0 to {outputs - 1}",
                "If they count from 1, give labels - 1."
                if low == 1
                else "Give the network one output for each class.",
            )
            return


def look_at_metrics(subject: Subject) -> Iterator[Finding | NotSeen]:
    """Find a metric that is a plain function: Keras takes its mean over batches."""
    unseen = NotSeen(
        "batch_average",
        "whether you averaged a metric over batches. Collect all answers, and calculate it once.",
    )
    model = subject.model
    for metric in _metrics(model) if getattr(model, "compiled", False) else []:
        function = getattr(metric, "_fn", None)
        home = str(getattr(function, "__module__", "keras"))
        if function is None or home.split(".")[0] == "keras":
            continue
        labelled = [part for part in subject.parts if part.given_labels is not None]
        if labelled and _one_number(subject, labelled[-1], function):
            yield Finding(
                "batch_average",
                f"the metric {metric.name} is a function that gives one number for a batch: fit "
                "and evaluate report the mean over batches, which is another number",
                "Collect all answers with predict and calculate it once, or write a "
                "keras.metrics.Metric that keeps counts.",
            )
            return
    yield unseen


def _metrics(model: Any) -> list[Any]:
    found, todo = [], list(model.metrics)
    while todo:
        metric = todo.pop()
        found.append(metric)
        todo += getattr(metric, "metrics", [])
    return found


def _one_number(subject: Subject, part: Part, function: Any) -> bool:
    import keras

    rows = subject.asked_rows(part)[:8]
    labels = part.given_labels
    assert labels is not None
    answers = subject.answers_to(subject.prepare(part.images[rows], part.name))
    try:
        result = function(keras.ops.convert_to_tensor(labels[rows]), answers)
        return len(getattr(result, "shape", ())) == 0
    except Exception:  # the learner's function may fail in any way
        return False


def look_at_answers(subject: Subject) -> Iterator[Finding | NotSeen]:
    """Compare answers that were judged with those that the network gives."""
    test = subject.test
    if subject.answers is None or test is None:
        return
    if test.is_dataset and not test.whole:
        raise CannotSee("test was not read to its end, so answers=... cannot be compared.")
    given = subject.answers
    own, _ = subject.asked(test)
    rows = test.rows[subject.asked_rows(test)]
    if own.shape[-1] == 1:
        mine, picked = own[:, 0] > 0.5, given.reshape(len(given), -1)[:, 0] > 0.5
    else:
        mine = own.argmax(axis=-1)
        picked = given if given.ndim == 1 else given.argmax(axis=-1)
    agree = float((picked[rows] == mine).mean())
    if agree > 0.9:
        return
    elsewhere = given.ndim == 2 and _found_elsewhere(own, given)
    if elsewhere:
        yield Finding(
            "shuffled_answers",
            f"{agree:.0%} of the answers are those of the network to the same row of test; its "
            "answers are there, in other rows",
            "Collect answers and labels in one pass over the same data.",
        )
    else:
        yield Finding(
            "training_true",
            f"{agree:.0%} of the answers are those that the network gives to test with "
            "training=False",
            "Ask with model.predict(images), or model(images, training=False); and prepare the "
            "test as train.",
        )


def _found_elsewhere(own: np.ndarray, given: np.ndarray) -> bool:
    if own.shape[1:] != given.shape[1:]:
        return False
    nearest = [np.abs(given - row).max(axis=1).min() for row in own]
    return bool(np.mean(np.array(nearest) < 1e-3) > 0.9)
