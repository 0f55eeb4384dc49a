"""What is looked at: a network, and the sides of a split, read as far as is needed.

Nothing here changes a network: it is asked within ``keras.StatelessScope``, in
which what it would write to its variables is thrown away.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from tlhelpers.batches import go_through, is_dataset
from tlhelpers.data.picture_datasets import FileSplit
from tlhelpers.inputs import read_array
from tlhelpers.networks import surgery
from tlhelpers.networks.pixel_range import known_family

if TYPE_CHECKING:  # for readers and type checkers only: Keras and TensorFlow take seconds to load
    import keras
    import tensorflow as tf

MOST_IMAGES = 2_000  # of a dataset, or of an array whose rows are larger than this allows
MOST_BYTES = 2**28
ASKED = 128  # images of each side that the network itself is shown, at most,
PLACES = 2_000_000  # and their pixels: of photographs, some dozens
FEW = 64  # images whose pixels are looked at on their way into it


class CannotSee(Exception):
    """Something cannot be looked at; the message says why, or what to hand over."""


@dataclass(frozen=True, eq=False)
class Part:
    """One side of a split.

    Attributes
    ----------
    name
        ``"train"``, ``"test"`` or ``"validation"``.
    images
        Those that were read, as they were given.
    labels
        Their class numbers, or None.
    given_labels
        Theirs as they were given, such as one-hot rows.
    all_labels
        Those of all images that are known: more than ``labels`` for a long array.
    rows
        Which rows of an array were read.
    count
        How many images there are, or None if a dataset does not say.
    steps
        Of a dataset: itself and the datasets that it was made of, the last first.
    again
        Of a test that is a dataset: its images in a second pass.
    """

    name: str
    images: np.ndarray
    labels: np.ndarray | None
    given_labels: np.ndarray | None
    all_labels: np.ndarray | None
    rows: np.ndarray
    count: int | None
    steps: tuple[Any, ...] = ()
    again: np.ndarray | None = None

    @property
    def is_dataset(self) -> bool:
        """Say whether it came batch by batch."""
        return bool(self.steps)

    @property
    def whole(self) -> bool:
        """Say whether every image was read."""
        return self.count == len(self.images)

    @cached_property
    def pixel_names(self) -> list[bytes]:
        """Return a short name for the content of each image, the same for the same pixels."""
        return pixel_names(self.images)

    def said_by_steps(self, name: str) -> list[str] | None:
        """Return what Keras wrote beside a dataset of a folder, such as ``class_names``."""
        for step in self.steps:
            if getattr(step, name, None):
                return [str(item) for item in getattr(step, name)]
        return None


def pixel_names(images: np.ndarray) -> list[bytes]:
    """Return a short name for each image, the same for the same pixels."""
    return [
        hashlib.blake2b(np.ascontiguousarray(image).data.cast("B"), digest_size=16).digest()
        for image in images
    ]


def read_part(part: Any, name: str, *, twice: bool = False) -> Part | None:
    """Read one side of a split, as much of it as `MOST_IMAGES` and `MOST_BYTES` allow.

    Raises
    ------
    TypeError, ValueError
        If it is neither a pair of arrays nor a dataset of batches, or is empty.
    """
    if part is None:
        return None
    if is_dataset(part):
        return _read_dataset(part, name, twice)
    if isinstance(part, FileSplit):
        rows = _evenly(len(part), MOST_BYTES // (part.size**2 * 3))
        part = part.load(rows), np.asarray(part.labels)[rows]
    if not isinstance(part, (tuple, list)) or len(part) != 2:
        raise TypeError(
            f"{name} must be a pair (images, labels) of arrays, or a tf.data.Dataset of batches; "
            f"got {type(part).__name__}."
        )
    images = read_array(part[0], f"the images of {name}")
    if images.ndim < 2 or not len(images):
        raise ValueError(
            f"The images of {name} must have the shape (n, ...), with at least one; "
            f"got {images.shape}."
        )
    _check_finite(images, name)
    labels = None if part[1] is None else read_array(part[1], f"the labels of {name}")
    if labels is not None and (not labels.ndim or len(labels) != len(images)):
        raise ValueError(
            f"{name} has {len(images)} images and labels of shape {labels.shape}; wanted is one "
            "label for each."
        )
    rows = _evenly(len(images), max(1, MOST_BYTES // max(1, images[:1].nbytes)))
    given = None if labels is None else labels[rows]
    return Part(
        name,
        images if len(rows) == len(images) else images[rows],
        class_numbers(given),
        given,
        class_numbers(labels),
        rows,
        len(images),
    )


def _check_finite(images: np.ndarray, name: str) -> None:
    if images.size and not (np.isfinite(images.min()) and np.isfinite(images.max())):
        raise ValueError(
            f"The images of {name} have values that are not finite (NaN or infinity). Leave those "
            "pictures out, or find out what made them."
        )


def class_numbers(labels: np.ndarray | None) -> np.ndarray | None:
    """Return class numbers for labels of any usual form: numbers, a column, one-hot rows.

    None if they are something else, such as several tags for each image.
    """
    if labels is None or labels.dtype.kind not in "biuf":
        return None
    if labels.ndim == 2 and labels.shape[1] > 1:
        one_each = np.allclose(labels.sum(axis=1), 1) and labels.min() >= 0
        return labels.argmax(axis=1) if one_each else None
    flat = labels.reshape(len(labels), -1)
    if flat.shape[1] != 1 or not np.equal(np.mod(flat, 1), 0).all():
        return None
    return flat[:, 0].astype(np.int64)


def _evenly(count: int, most: int) -> np.ndarray:
    """Return at most so many rows, from the first to the last."""
    return np.unique(np.linspace(0, count - 1, min(count, max(1, most))).astype(np.int64))


def _read_dataset(dataset: tf.data.Dataset, name: str, twice: bool) -> Part:
    spec = dataset.element_spec
    parts = spec if isinstance(spec, tuple) else (spec,)
    if not all(hasattr(one, "dtype") and hasattr(one, "shape") for one in parts[:2]):
        raise TypeError(f"{name} must give pairs (images, labels); it gives {spec!r:.120}.")
    if parts[0].shape.rank in (0, 1) or (len(parts) > 1 and parts[1].shape.rank == 0):
        raise ValueError(
            f"{name} gives one image at a time; wanted are batches. Write {name}.batch(32)."
        )
    images, labels, over = _one_pass(dataset, name)
    if not len(images):
        raise ValueError(f"{name} is a dataset without an image.")
    _check_finite(images, name)
    numbers = class_numbers(labels)
    again = _one_pass(dataset, name)[0] if twice else None
    count = len(images) if over else None
    rows = np.arange(len(images))
    return Part(name, images, numbers, labels, numbers, rows, count, steps_of(dataset), again)


def read_images(dataset: tf.data.Dataset) -> np.ndarray:
    """Return the images of one more pass over a dataset that was read before."""
    return _one_pass(dataset, "train")[0]


def _one_pass(dataset: tf.data.Dataset, name: str) -> tuple[np.ndarray, np.ndarray | None, bool]:
    """Read a dataset up to the bounds; the third result says whether that was all of it."""
    images: list[np.ndarray] = []
    labels: list[np.ndarray] = []
    count = size = 0
    over = True
    for batch, *rest in go_through(dataset, name):
        images.append(batch)
        if rest and rest[0] is not None:
            labels.append(rest[0])
        count, size = count + len(batch), size + batch.nbytes
        if count >= MOST_IMAGES or size >= MOST_BYTES:
            over = False
            break
    shapes = {batch.shape[1:] for batch in images}
    if len(shapes) > 1:
        raise ValueError(
            f"{name} gives images of different shapes, such as {' and '.join(map(str, shapes))}."
        )
    if not images:
        return np.zeros((0, 1)), None, True
    return np.concatenate(images), np.concatenate(labels) if labels else None, over


def steps_of(dataset: Any) -> tuple[Any, ...]:
    """Return a dataset and what it was made of: map, shuffle, cache and so on."""
    found: list[Any] = []
    todo = [dataset]
    while todo:
        step = todo.pop(0)
        if not any(step is other for other in found):
            found.append(step)
            todo += step._inputs()  # TensorFlow has no public name for it
    return tuple(found)


@dataclass(eq=False)
class Subject:
    """Everything that checks may look at; see `tlhelpers.transfer.checkup.checkup`."""

    model: keras.Model
    train: Part | None
    test: Part | None
    validation: Part | None
    preprocess: Callable[[np.ndarray], Any] | None
    groups: tuple[np.ndarray, ...] | None = None
    class_names: tuple[list[str], ...] | None = None
    source_classes: Sequence[str] | None = None
    files: Sequence[Any] | None = None
    answers: np.ndarray | None = None
    kept: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def parts(self) -> list[Part]:
        """The sides that there are."""
        return [part for part in (self.train, self.validation, self.test) if part is not None]

    @cached_property
    def layers(self) -> list[keras.Layer]:
        """All layers at any depth, in order."""
        return list(surgery.all_layers(self.model))

    @cached_property
    def family(self) -> str | None:
        """The module of the table that the network is of, if its layers tell."""
        return known_family(self.layers)

    @cached_property
    def is_functional(self) -> bool:
        """Say whether one can follow an image through the network, layer by layer."""
        try:
            surgery.read_one_input(self.model)
        except ValueError:
            return False
        return True

    def prepared(self, part: Part, most: int = FEW) -> np.ndarray:
        """Return some images of a side as they come to the network."""
        rows = _evenly(len(part.images), most)
        key = f"{part.name} {len(rows)}"
        if key not in self.kept:
            self.kept[key] = self.prepare(part.images[rows], part.name)
        return self.kept[key]

    def prepare(self, images: np.ndarray, name: str) -> np.ndarray:
        """Call the caller's function on a copy (Keras' own work in place)."""
        images = np.array(images)
        if self.preprocess is None:
            return images
        try:
            return read_array(self.preprocess(images), f"what preprocess makes of {name}")
        except Exception as error:
            said = str(error).strip().splitlines() or [type(error).__name__]
            raise ValueError(
                f"preprocess cannot be called on the images of {name} "
                f"{images.shape}: {said[0][:300]}"
            ) from error

    def answers_to(self, images: np.ndarray) -> np.ndarray:
        """Return what the network answers to images that are prepared."""
        import keras

        size = surgery.images_at_once(self.model)
        batches = [images[i : i + size] for i in range(0, len(images), size)]
        with keras.StatelessScope(), surgery.no_gradients():
            found = [
                keras.ops.convert_to_numpy(self.model(batch, training=False)) for batch in batches
            ]
        return np.concatenate(found).astype(np.float32)

    def asked(self, part: Part) -> tuple[np.ndarray, np.ndarray]:
        """Return the network's answers to some images of a side, and their class numbers."""
        if part.labels is None:
            raise CannotSee(f"{part.name} has no class numbers to compare answers with.")
        key = f"{part.name} answers"
        if key not in self.kept:
            self.kept[key] = self.answers_to(self.prepared(part, self._most_asked))
        return self.kept[key], part.labels[self.asked_rows(part)]

    def asked_rows(self, part: Part) -> np.ndarray:
        """Return which of the images that were read `asked` shows to the network."""
        return _evenly(len(part.images), self._most_asked)

    @cached_property
    def _most_asked(self) -> int:
        shape = self.prepared(self.parts[0]).shape
        return max(32, min(ASKED, PLACES // int(np.prod(shape[1:3]))))


def first_inside(model: keras.Model, images: np.ndarray) -> np.ndarray | None:
    """Return images as they come to the first layer that has weights, or None if it scales them.

    Whatever stands before (rescaling, calculations with pixels, augmentation, which rests) is
    gone through, into networks inside the network, too.
    """
    import keras

    for layer in model.layers:
        inner = list(surgery.walk(layer)) if isinstance(layer, keras.Model) else [layer]
        kinds = {type(one).__name__ for one in inner}
        if not any(one.weights for one in inner if not _only_scales(one)):
            continue
        images = _up_to(model, layer, images)
        if isinstance(layer, keras.Model):
            return first_inside(layer, images)
        return None if "BatchNormalization" in kinds else images
    return None


def _only_scales(layer: keras.Layer) -> bool:
    """Say whether a layer's weights are no more than a scale, or the state of a random draw."""
    kind = type(layer).__name__
    return kind in ("Normalization", "Rescaling") or kind.startswith(("Random", "Dropout"))


def _up_to(model: keras.Model, layer: keras.Layer, images: np.ndarray) -> np.ndarray:
    import keras

    end = surgery.input_of(model, layer)
    if end is model.inputs[0]:
        return images
    front = keras.Model(model.inputs[0], end, name="front")
    with keras.StatelessScope(), surgery.no_gradients():
        return keras.ops.convert_to_numpy(front(images, training=False))
