"""Pictures as a ``tf.data.Dataset``: read while they are used, and never all in memory.

What comes out is what `image_files.load_images` gives, pixel for pixel, whatever
the format of the files.  (``keras.utils.image_dataset_from_directory`` is the
tool for a clean folder: it does not turn pictures that were taken sideways.)
"""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from tlhelpers import start
from tlhelpers.batches import AHEAD, UnreadablePicture, is_dataset
from tlhelpers.data.image_files import UnusableFile, load_images, load_square
from tlhelpers.data.names import as_path
from tlhelpers.inputs import read_array, read_count, read_function, read_labels, read_seed

if TYPE_CHECKING:  # for readers and type checkers only: TensorFlow takes seconds to load
    import tensorflow as tf

ON_DISK = (
    "These pictures stay on disk (in_memory=False): lab.train.dataset() gives them batch by "
    "batch, lab.train.load([0, 1, 2]) a few of them as an array, and lab.train.labels is there."
)
Preprocess = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class FileSplit:
    """One side of a split whose pictures stay on disk: ``lab.train.dataset()``.

    Attributes
    ----------
    files
        The pictures, as `folders.scan_folder` found them usable.
    labels
        Shape (n,), integers: ``labels[i]`` belongs to ``files[i]``.
    size
        Height and width that the pictures get, in pixels.
    whole
        As for `image_files.load_images`.
    convert
        What is made of every batch of pictures after that; by default nothing.

    Examples
    --------
    >>> len(FileSplit(["kiwi.png", "lemon.png"], [0, 1], 224))
    2
    """

    files: Sequence[Path]
    labels: np.ndarray
    size: int
    whole: bool = False
    convert: Preprocess | None = None

    def __post_init__(self) -> None:
        """Read what was given."""
        if isinstance(self.files, str | os.PathLike):
            raise TypeError(f"files must be a list of files; got {str(self.files)!r}.")
        files = tuple(as_path(file) for file in self.files)
        labels = read_labels(self.labels, count=len(files))
        if self.convert is not None:
            read_function(self.convert, "convert")
        object.__setattr__(self, "files", files)
        object.__setattr__(self, "labels", labels)
        object.__setattr__(self, "size", read_count(self.size, "size", most=10_000))

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        """Say in a line what there is, instead of every name."""
        return f"{len(self):,} pictures on disk, read at {self.size} × {self.size} pixels"

    @property
    def images(self) -> np.ndarray:
        """There are none: they stay on disk."""
        raise AttributeError(ON_DISK)

    def __iter__(self) -> Iterator[np.ndarray]:
        """Refuse ``images, labels = lab.train``, for there are no images yet."""
        raise TypeError(ON_DISK)

    def load(self, rows: Sequence[int] | np.ndarray) -> np.ndarray:
        """Load a few of the pictures into an array.

        Parameters
        ----------
        rows
            Which, such as ``tl.splits.label_budget(lab.train.labels, 10)``.

        Returns
        -------
        numpy.ndarray
            Shape (rows, size, size, 3), uint8 from 0 to 255.

        Raises
        ------
        ValueError
            If there is no such row, or a file cannot be read any more.
        """
        chosen = read_array(rows, "rows")
        if chosen.dtype == bool and chosen.shape == self.labels.shape:
            chosen = np.flatnonzero(chosen)
        elif chosen.dtype == bool:
            raise ValueError(f"rows must be row numbers, or {len(self):,} times True or False.")
        chosen = read_labels(chosen, "rows")
        if len(chosen) and chosen.max() >= len(self):
            raise ValueError(f"rows must be under {len(self):,}; got {chosen.max()}.")
        files = [self.files[row] for row in chosen]
        images = load_images(files, self.size, whole=self.whole)
        return images if self.convert is None else self.convert(images)

    def dataset(
        self,
        batch_size: int = 32,
        *,
        shuffle: bool = False,
        seed: int = 0,
        preprocess: Preprocess | None = None,
    ) -> tf.data.Dataset:
        """Return pairs of images and labels, batch by batch, as Keras takes them.

        The files are read in several threads while the network works.  A file that has
        gone or changed for the worse stops it with an error that names the file.

        Parameters
        ----------
        batch_size
            How many pictures come at once.
        shuffle
            Give them in another order in each pass; for training.
        seed
            Which orders.
        preprocess
            What the network wants to be done first, such as ``lab.preprocess``.  It gets
            NumPy arrays.  Leave it out for `features.compute`, which has it itself.

        Returns
        -------
        tf.data.Dataset
            Images (batch, size, size, 3), uint8 from 0 to 255, or what ``preprocess``
            makes of them; labels (batch,), int64.
        """
        # What matters of Pillow's warnings is in the report on the folder.
        warnings.filterwarnings("ignore", module=r"PIL\.")

        def read(row: np.ndarray) -> np.ndarray:
            try:
                return load_square(self.files[int(row)], self.size, whole=self.whole)
            except UnusableFile as error:
                raise UnreadablePicture(f"{self.files[int(row)]}: {error}. {CHANGED}") from None

        shape = (self.size, self.size, 3)
        steps = [step for step in (self.convert, preprocess) if step is not None]
        dataset = _pairs(read, shape, np.uint8, self.labels, batch_size, shuffle, seed, steps)
        if not shuffle and not steps:
            _made[dataset] = self
        return dataset

    def fingerprint(self) -> str:
        """Return a name that changes when a file does, or how they are read."""
        from PIL import __version__

        found = hashlib.sha256(f"1 {__version__} {self.size} {self.whole}".encode())
        for file, label in zip(self.files, self.labels.tolist(), strict=True):
            try:
                state = os.stat(file)
            except OSError:
                found.update(f"{label} {str(file)!r} is gone".encode())
                continue
            times = state.st_size, state.st_mtime_ns, state.st_ctime_ns
            found.update(f"{label} {os.path.abspath(file)!r} {times}".encode())
        return found.hexdigest()


CHANGED = (
    "The file was usable when the folder was looked at: put it back, or look at the folder again "
    "(tl.Lab.from_folder, tl.folders.scan_folder)."
)

# Beside the datasets and not on them: what is made of one (by map or take) is another.
_made: WeakKeyDictionary[tf.data.Dataset, FileSplit] = WeakKeyDictionary()


def origin(dataset: tf.data.Dataset) -> FileSplit | None:
    """Return the files of a dataset that gives them as they are, one after the other.

    None if it is another dataset, or one that shuffles or prepares its pictures.
    """
    if not is_dataset(dataset):
        kind = type(dataset).__name__
        raise TypeError(f"dataset must be a tf.data.Dataset; got {kind}.")
    return _made.get(dataset)


def dataset_of_arrays(
    images: np.ndarray,
    labels: np.ndarray,
    batch_size: int = 32,
    *,
    shuffle: bool = False,
    seed: int = 0,
    preprocess: Preprocess | None = None,
) -> tf.data.Dataset:
    """Return pairs of images and labels that are in memory, without a second copy of them.

    Parameters
    ----------
    images
        Shape (n, ...).
    labels
        Shape (n,), integers.
    batch_size, shuffle, seed, preprocess
        As for `FileSplit.dataset`.
    """
    images = read_array(images, "images")
    if images.ndim < 2:
        raise ValueError(f"images must have the shape (n, ...); got {images.shape}.")
    labels = read_labels(labels, count=len(images))
    steps = [] if preprocess is None else [preprocess]
    shape, kind = images.shape[1:], images.dtype
    return _pairs(
        lambda rows: images[rows], shape, kind, labels, batch_size, shuffle, seed, steps, whole=True
    )


def _pairs(
    read: Callable[[np.ndarray], np.ndarray],
    shape: tuple[int, ...],
    kind: np.typing.DTypeLike,
    labels: np.ndarray,
    batch_size: int,
    shuffle: bool,
    seed: int,
    steps: Sequence[Preprocess],
    *,
    whole: bool = False,
) -> tf.data.Dataset:
    """Return a dataset that reads rows one by one, or with ``whole`` a batch at once."""
    batch_size, seed = read_count(batch_size, "batch_size"), read_seed(seed)
    for step in steps:
        read_function(step, "preprocess")
    start.load_tensorflow()
    import tensorflow as tf

    numbers = tf.constant(labels, tf.int64)

    # Stateless: TensorFlow, set to calculate in the same order each time, would
    # otherwise run one after the other.
    def call(function: Callable, value: tf.Tensor, kind: tf.DType) -> tf.Tensor:
        return tf.numpy_function(function, [value], kind, stateful=False)

    def get(rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        images = call(read, rows, tf.as_dtype(kind))
        images.set_shape([*rows.shape, *shape])
        return images, tf.gather(numbers, rows)

    rows = tf.data.Dataset.range(len(labels))
    if shuffle and len(labels):
        rows = rows.shuffle(len(labels), seed=seed)
    if whole:
        dataset = rows.batch(batch_size).map(get)
    else:
        readers = min(8, os.cpu_count() or 1)
        dataset = rows.map(get, num_parallel_calls=readers).batch(batch_size)
    for step in steps:
        one = read_array(step(np.zeros((1, *shape), kind)), "what preprocess returns")
        shape, kind = one.shape[1:], one.dtype
        dataset = dataset.map(_prepared(call, step, shape, tf.as_dtype(kind)))
    return dataset.prefetch(AHEAD)


def _prepared(call: Callable, step: Preprocess, shape: tuple, kind: tf.DType) -> Callable:
    def prepare(images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        ready = call(lambda batch: np.asarray(step(batch), kind.as_numpy_dtype), images, kind)
        ready.set_shape([None, *shape])
        return ready, labels

    return prepare
