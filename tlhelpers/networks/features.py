"""Compute features once, keep them on disk, hand them back.

A frozen network gives the same features for the same images every time, so
there is no reason to wait for them twice.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tlhelpers.fetching.places import cache_folder
from tlhelpers.fetching.whole_files import write_whole
from tlhelpers.inputs import check_shape, read_array, read_count, read_function
from tlhelpers.networks import fingerprint, onnx_runtime
from tlhelpers.networks.surgery import read_one_input

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras

FORMAT = 3  # of the files in the cache: raise it, and the old ones are made again

_told: set[str] = set()  # notices given in this session


def compute(
    backbone: keras.Model,
    images: np.ndarray,
    *,
    preprocess: Callable[[np.ndarray], np.ndarray] | None = None,
    batch_size: int = 64,
    cache: bool = True,
    cache_key: str | None = None,
    fast: bool | None = None,
    threads: int | None = None,
) -> np.ndarray:
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
    preprocess
        Applied to one batch at a time, so that memory does not grow with n.
        It must do the same every time.
    batch_size
        How many images to handle at once, at least 1.
    cache
        Keep the features on disk, and read them back when the same network,
        the same preprocessing and the same images come again.  The preprocessing
        of a lab, or of `networks.preprocess_for`, is known to be the same.  Any
        other function (of Keras, too) and a layer of your own may be changed
        unseen: their features are not kept, unless you give a ``cache_key``.
    cache_key
        A name for your preprocessing, such as ``"grey 1"``.  Change it whenever the
        preprocessing changes (or a layer of your own): else old features come back.
    fast
        True for ONNX Runtime, False for Keras; by default the size of the job
        decides (`onnx_runtime.is_worthwhile`).
    threads
        How many processor cores ONNX Runtime may use; by default, all.

    Returns
    -------
    numpy.ndarray
        Shape (n, features), float32.

    Raises
    ------
    ValueError
        If the batch size or the cache key is wrong, the images are not what the
        network takes, or the network does not give one row for each image.
    TypeError
        If the images are not one array of numbers.

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
    images = _read_images(images)
    if len(images):
        _prepare(images[:1], preprocess, backbone)  # a wrong shape is refused before all is read
    shape = (len(images), backbone.output_shape[1])
    path = _place(backbone, images, preprocess, batch_size, cache_key) if cache else None
    found = _read(path, shape) if path else None
    if found is not None:
        return found
    rows = _compute(backbone, images, preprocess, batch_size, fast, threads)
    if path:
        _write(path, rows)
    return rows


def _compute(
    backbone: keras.Model,
    images: np.ndarray,
    preprocess: Callable | None,
    batch_size: int,
    fast: bool | None,
    threads: int | None,
) -> np.ndarray:
    from tqdm.auto import tqdm

    rows = np.empty((len(images), backbone.output_shape[1]), np.float32)
    run = None
    # A bar with the time left, for what takes longer than two seconds.
    with tqdm(total=len(images), desc="features", unit="image", delay=2, leave=False) as bar:
        for first in range(0, len(images), batch_size):
            batch = _prepare(images[first : first + batch_size], preprocess, backbone)
            if run is None:
                if fast is None:
                    fast = onnx_runtime.is_worthwhile(backbone, len(images), batch.shape[1:])
                if fast:
                    run = onnx_runtime.load_fast(
                        backbone, _network_key(backbone), batch[:2], threads
                    )
                run = run or backbone.predict_on_batch
            rows[first : first + batch_size] = run(batch)
            bar.update(len(batch))
    if not np.isfinite(rows).all():
        raise ValueError(
            f"The features that {backbone.name} gives are not finite (NaN or infinity). Look at "
            "its weights: [w.path for w in backbone.weights if not np.isfinite(w).all()]."
        )
    return rows


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
    # An array on disk stays there: only its batches are read.
    if not (isinstance(getattr(images, "dtype", None), np.dtype) and hasattr(images, "shape")):
        images = read_array(images, "images")
    if images.dtype.kind not in "biuf" or not images.shape:
        images = read_array(np.asarray(images), "images")  # which says what is wrong with them
        raise ValueError(f"images must have the shape (n, ...); got {images.shape}.")
    return images


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
        print(f"Note: features are not kept in {path.parent} ({error}).", file=sys.stderr)
