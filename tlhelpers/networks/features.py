"""Compute features once, keep them on disk, hand them back.

A frozen network gives the same features for the same images every time, so
there is no reason to wait for them twice.
"""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np

from tlhelpers.batches import (
    Batch,
    check_batched,
    count_batches,
    has_labels,
    is_dataset,
    read_batches,
)
from tlhelpers.data import picture_datasets
from tlhelpers.fetching.places import cache_folder
from tlhelpers.fetching.whole_files import write_whole
from tlhelpers.inputs import check_shape, read_array, read_count, read_function
from tlhelpers.networks import fingerprint, onnx_runtime
from tlhelpers.networks.surgery import read_one_input

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras
    import tensorflow as tf

FORMAT = 3  # of the files in the cache: raise it, and the old ones are made again

_told: set[str] = set()  # notices given in this session


@overload
def compute(
    backbone: keras.Model,
    images: np.ndarray,
    *,
    preprocess: Callable[[np.ndarray], np.ndarray] | None = ...,
    batch_size: int = ...,
    cache: bool = ...,
    cache_key: str | None = ...,
    fast: bool | None = ...,
    threads: int | None = ...,
) -> np.ndarray: ...
@overload
def compute(
    backbone: keras.Model,
    images: tf.data.Dataset,
    *,
    preprocess: Callable[[np.ndarray], np.ndarray] | None = ...,
    batch_size: int = ...,
    cache: bool = ...,
    cache_key: str | None = ...,
    fast: bool | None = ...,
    threads: int | None = ...,
) -> Any: ...
def compute(
    backbone: keras.Model,
    images: np.ndarray | tf.data.Dataset,
    *,
    preprocess: Callable[[np.ndarray], np.ndarray] | None = None,
    batch_size: int = 64,
    cache: bool = True,
    cache_key: str | None = None,
    fast: bool | None = None,
    threads: int | None = None,
) -> Any:
    """Run images through a frozen network and return one row of features for each.

    Large jobs are given to ONNX Runtime (`tlhelpers.networks.onnx_runtime`), if it is here,
    and small ones to Keras.  The two differ by less than 0.0001.

    Parameters
    ----------
    backbone
        A network with one input, whose output is one row of numbers for each image.
    images
        Shape (n, ...); what ``preprocess`` takes, or, without it, the network.
        An array that is still on disk (``numpy.memmap``, h5py) is read batch by batch.
        So is a ``tf.data.Dataset`` of batches, which may be larger than memory: of
        ``lab.train.dataset()``, or of ``keras.utils.image_dataset_from_directory``.
    preprocess
        Applied to one batch at a time, so that memory does not grow with n.
        It must do the same every time.
    batch_size
        How many images to handle at once, at least 1.  A dataset has its own batches.
    cache
        Keep the features on disk, and read them back when the same network,
        the same preprocessing and the same images come again.  The preprocessing
        of a lab, or of `networks.preprocess_for`, is known to be the same.  Any
        other function (of Keras, too) and a layer of your own may be changed
        unseen: their features are not kept, unless you give a ``cache_key``.
        Nor can one see what a dataset will give the next time.  Its features are kept
        with a ``cache_key`` only; except of ``lab.train.dataset()``, as long as its
        files stay as they are.
    cache_key
        A name for your preprocessing, such as ``"grey 1"``.  Change it whenever the
        preprocessing changes (or a layer of your own): else old features come back.
        For a dataset, it stands for the images and their order as well.
    fast
        True for ONNX Runtime, False for Keras; by default the size of the job
        decides (`onnx_runtime.is_worthwhile`).  If a dataset does not know how many
        images it has, Keras begins, and ONNX Runtime goes on once there have been enough.
    threads
        How many processor cores ONNX Runtime may use; by default, all.

    Returns
    -------
    numpy.ndarray
        Shape (n, features), float32.  For a dataset of pairs (images, labels): these
        features and their labels (n,), int64, from one pass.  (A dataset that shuffles
        gives another order in each pass: labels read in a second one do not belong.)

    Raises
    ------
    ValueError
        If the batch size or the cache key is wrong, the images are not what the
        network takes, the network does not give one row for each image, or a dataset
        cannot be read to its end.
    TypeError
        If the images are neither one array of numbers nor a dataset.

    Examples
    --------
    >>> import keras
    >>> network = keras.Sequential([keras.Input((8, 8)), keras.layers.Flatten()])
    >>> compute(network, np.zeros((3, 8, 8)), cache=False).shape
    (3, 64)
    """
    batch_size = read_count(batch_size, "batch_size")
    threads = None if threads is None else read_count(threads, "threads", most=1024)
    if preprocess is not None:
        read_function(preprocess, "preprocess")
    if cache_key is not None and not (isinstance(cache_key, str) and cache_key.strip()):
        raise ValueError(
            f"cache_key must be a text that is not empty; got {cache_key!r}. Give a name for the "
            "preprocessing, such as 'grey 1', or leave cache_key out."
        )
    _check_network(backbone)
    work = _Work(backbone, preprocess, fast, threads)
    if is_dataset(images):
        return _of_dataset(work, images, cache, cache_key)
    images = _read_images(images)
    if len(images):
        _prepare(images[:1], preprocess, backbone)  # a wrong shape is refused before all is read
    shape = (len(images), backbone.output_shape[1])
    path = _place(backbone, images, preprocess, batch_size, cache_key) if cache else None
    found = _read(path, shape) if path else None
    if found is not None:
        return found
    pieces = (images[first : first + batch_size] for first in range(0, len(images), batch_size))
    rows, _ = _compute(work, (Batch(piece, None) for piece in pieces), len(images))
    if path:
        _write(path, rows)
    return rows


class _Work(NamedTuple):
    """What is done with every batch."""

    backbone: keras.Model
    preprocess: Callable | None
    fast: bool | None
    threads: int | None


def _of_dataset(
    work: _Work, dataset: tf.data.Dataset, cache: bool, cache_key: str | None
) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
    """Return the features of a dataset, and its labels if it has any."""
    labelled = has_labels(dataset)
    check_batched(dataset, len(work.backbone.input_shape) - 1)

    def place() -> Path | None:
        return _place_of_dataset(work, dataset, cache_key) if cache else None

    path, width = place(), work.backbone.output_shape[1]
    found = _read_pair(path, width, labelled) if path else None
    if found is None:
        found = _compute(work, read_batches(dataset), None, count_batches(dataset))
        if path and path == place():  # and no file has changed meanwhile
            _write_pair(path, *found)
    rows, labels = found
    return (rows, labels) if labelled else rows


def _compute(
    work: _Work, pieces: Iterable[Batch], count: int | None, batches: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the features of all pieces, and their labels (or none), in one pass.

    ``count`` is the number of images or, if only the number of ``batches`` is known,
    None: all but the last batch are then taken to be as long as the first.
    """
    from tqdm.auto import tqdm

    backbone, fast = work.backbone, work.fast
    done, run, labels = 0, None, [np.zeros(0, np.int64)]
    rows = np.empty((count or 0, backbone.output_shape[1]), np.float32)
    # A bar with the time left, for what takes longer than two seconds.
    with tqdm(total=count, desc="features", unit="image", delay=2, leave=False) as bar:
        for batch, known_labels in _prepare_ahead(pieces, work):
            if count is None and batches is not None:
                bar.total = count = batches * len(batch)
            if fast is None or (fast is False and work.fast is None and count is None):
                # Of an unknown number, as many as have come: a long job changes over.
                known = done + len(batch) if count is None else count
                fast = onnx_runtime.is_worthwhile(backbone, known, batch.shape[1:])
                run = None if fast else run
            if run is None:
                if fast:
                    key = _network_key(backbone)
                    run = onnx_runtime.load_fast(backbone, key, batch[:2], work.threads)
                run = run or backbone.predict_on_batch
            end = done + len(batch)
            if end > len(rows):  # in place: the result is never there twice
                most = max(end, count or end * 5 // 4)
                rows.resize((most, rows.shape[1]), refcheck=False)
            rows[done:end] = run(batch)
            if known_labels is not None:
                labels.append(known_labels)
            done = end
            bar.update(len(batch))
    rows.resize((done, rows.shape[1]), refcheck=False)
    if not np.isfinite(rows).all():
        raise ValueError(
            f"The features that {backbone.name} gives are not finite (NaN or infinity). Look at "
            "its weights: [w.path for w in backbone.weights if not np.isfinite(w).all()]."
        )
    return rows, np.concatenate(labels)


def _prepare_ahead(
    pieces: Iterable[Batch], work: _Work
) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """Prepare each batch while the network works on the one before it."""

    def prepare(piece: Batch) -> tuple[np.ndarray, np.ndarray | None]:
        return _prepare(piece.images, work.preprocess, work.backbone), piece.labels

    with ThreadPoolExecutor(1) as thread:
        coming = None
        for piece in pieces:
            if not len(piece.images):
                continue
            last, coming = coming, thread.submit(prepare, piece)
            if last is not None:
                yield last.result()
        if coming is not None:
            yield coming.result()


def _prepare(batch: np.ndarray, preprocess: Callable | None, backbone: keras.Model) -> np.ndarray:
    """Return one batch as the network wants it: a copy, which may be worked on in place."""
    ready = np.array(batch)
    if preprocess is not None:
        ready = read_array(preprocess(ready), "what preprocess returns")
    ready = np.ascontiguousarray(ready, np.float32)
    after = "" if preprocess is None else " after preprocess"
    try:
        check_shape(ready, "images", tuple(backbone.input_shape[1:]))
    except ValueError as error:
        raise ValueError(
            f"{backbone.name}: {error}".replace("; got", f"{after}; got")
            + " Resize the images, or name the preprocess function that belongs to this network."
        ) from None
    if len(ready) != len(batch):
        raise ValueError(
            f"preprocess must give one image for each; it gave {len(ready)} for {len(batch)}."
        )
    if not np.isfinite(ready).all():
        raise ValueError("The images have values that are not finite (NaN or infinity).")
    return ready


def _check_network(backbone: keras.Model) -> None:
    if len(read_one_input(backbone).output_shape) != 2:
        raise ValueError(
            f"The network gives {backbone.output_shape} for each batch; wanted (batch, features). "
            "End it with pooling, for example keras.layers.GlobalAveragePooling2D()."
        )


def _read_images(images: Any) -> Any:
    if isinstance(images, picture_datasets.FileSplit):
        raise TypeError("images must be an array or a dataset. Write lab.train.dataset().")
    # An array on disk stays there: only its batches are read.
    if not (isinstance(getattr(images, "dtype", None), np.dtype) and hasattr(images, "shape")):
        images = read_array(images, "images")
    if images.dtype.kind not in "biuf" or not images.shape:
        images = read_array(np.asarray(images), "images")  # which says what is wrong with them
        raise ValueError(f"images must have the shape (n, ...); got {images.shape}.")
    return images


def _place_of_dataset(work: _Work, dataset: tf.data.Dataset, cache_key: str | None) -> Path | None:
    """Return where the features of a dataset are kept, or None if one cannot know its images."""
    vouched = cache_key is not None
    files = picture_datasets.origin(dataset)
    try:
        if files is None and not vouched:
            raise fingerprint.UnknownCode(
                "one cannot see whether a dataset gives the same images each time"
            )
        key = fingerprint.digest(
            FORMAT,
            fingerprint.of_function(work.preprocess, vouched=vouched),
            fingerprint.of_network(work.backbone, vouched=vouched),
            cache_key,
            files.fingerprint() if files else "a dataset",
            count_batches(dataset),
            dataset.element_spec,
        )
    except fingerprint.UnknownCode as unknown:
        _tell(unknown, cache_key)
        return None
    return cache_folder() / "features" / f"{key}.npz"


def _place(
    backbone: keras.Model,
    images: np.ndarray,
    preprocess: Callable | None,
    batch_size: int,
    cache_key: str | None,
) -> Path | None:
    """Return where the features are kept, or None if their origin cannot be told for sure."""
    try:
        key = _key(backbone, images, preprocess, batch_size, cache_key)
    except fingerprint.UnknownCode as unknown:
        _tell(unknown, cache_key)
        return None
    return cache_folder() / "features" / f"{key}.npy"


def _tell(unknown: fingerprint.UnknownCode, cache_key: str | None) -> None:
    """Say once a session why features are not kept, and what helps."""
    if str(unknown) in _told:
        return
    _told.add(str(unknown))
    advice = 'To keep them, add cache_key="a name", with another name whenever it changes.'
    if cache_key is not None:
        advice = "To keep them, give each layer of your own a get_config."
    print(f"Note: these features are not kept on disk: {unknown}. {advice}", file=sys.stderr)


def _key(
    backbone: keras.Model,
    images: np.ndarray,
    preprocess: Callable | None,
    batch_size: int = 64,
    cache_key: str | None = None,
) -> str:
    """Return a name that changes whenever the features would."""
    vouched = cache_key is not None
    return fingerprint.digest(
        FORMAT,
        fingerprint.of_function(preprocess, vouched=vouched),
        fingerprint.of_network(backbone, vouched=vouched),
        cache_key,
        fingerprint.of_array(images, batch_size),
    )


def _network_key(backbone: keras.Model) -> str | None:
    try:
        return fingerprint.of_network(backbone)
    except fingerprint.UnknownCode:
        return None


def _read(path: Path, shape: tuple[int, int]) -> np.ndarray | None:
    """Return cached features, or None if there are none or the file is damaged."""
    try:
        found = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    if not isinstance(found, np.ndarray):  # a zip archive of arrays
        return None
    right = found.shape == shape and found.dtype == np.float32
    return found if right and np.isfinite(found).all() else None


def _write(path: Path, rows: np.ndarray) -> None:
    """Keep features on disk; a full or read-only disk costs time later, nothing else."""
    try:
        write_whole(path, lambda place: np.save(place, rows, allow_pickle=False))
    except OSError as error:
        _tell_unkept(path, error)


def _read_pair(path: Path, width: int, labelled: bool) -> tuple[np.ndarray, np.ndarray] | None:
    """Return cached features of a dataset and their labels, or None."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
            rows, labels = found["features"], found["labels"]
    except (OSError, ValueError, EOFError, KeyError, TypeError, AttributeError, zipfile.BadZipFile):
        return None
    right = rows.ndim == 2 and rows.shape[1] == width and rows.dtype == np.float32
    right = right and labels.shape == (len(rows) if labelled else 0,)
    return (rows, labels) if right and np.isfinite(rows).all() else None


def _write_pair(path: Path, rows: np.ndarray, labels: np.ndarray) -> None:
    """Keep the features of a dataset with their labels, which belong to the same pass."""

    def save(place: Path) -> None:
        with place.open("wb") as file:  # NumPy would add an ending to a name
            np.savez(file, features=rows, labels=labels)

    try:
        write_whole(path, save)
    except OSError as error:
        _tell_unkept(path, error)


def _tell_unkept(path: Path, error: OSError) -> None:
    print(
        f"Note: features are not kept in {path.parent} ({error.strerror or error}); they are "
        "computed again each time. To keep them, set TLHELPERS_CACHE to a folder of yours.",
        file=sys.stderr,
    )
