"""Compute features once, keep them on disk, hand them back.

A frozen network gives the same features for the same images every time, so
there is no reason to wait for them twice.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tlhelpers.fetching.places import cache_folder
from tlhelpers.fetching.whole_files import write_whole
from tlhelpers.networks import fingerprint, onnx_runtime

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
    for name, number in (("batch_size", batch_size), ("threads", threads)):
        if number is not None and (int(number) != number or number < 1):
            raise ValueError(f"{name} must be a whole number, at least 1; got {number}.")
    if cache_key is not None and not (isinstance(cache_key, str) and cache_key.strip()):
        raise ValueError(
            f"cache_key must be a text that is not empty; got {cache_key!r}. Give a name for the "
            "preprocessing, such as 'grey 1', or leave cache_key out."
        )
    _check_network(backbone)
    images = _check_images(images)
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
    return rows


def _prepare(batch: np.ndarray, preprocess: Callable | None, backbone: keras.Model) -> np.ndarray:
    """Return one batch as the network wants it."""
    batch = np.asarray(batch)
    ready = batch if preprocess is None else preprocess(batch)
    ready = np.ascontiguousarray(ready, np.float32)
    wanted = backbone.input_shape
    fits = ready.ndim == len(wanted) and all(
        want in (None, got) for want, got in zip(wanted[1:], ready.shape[1:], strict=True)
    )
    if not fits or len(ready) != len(batch):
        after = "" if preprocess is None else " after preprocess"
        raise ValueError(
            f"{backbone.name} wants images of the shape {wanted[1:]}, one for each given; got "
            f"{ready.shape} for {len(batch)} images{after}. Resize the images, or name the "
            "preprocess function that belongs to this network."
        )
    return ready


def _check_network(backbone: keras.Model) -> None:
    try:
        inputs, outputs = len(backbone.inputs), len(backbone.outputs)
    except (AttributeError, TypeError, ValueError):
        raise ValueError(
            "The network has no fixed input yet. Begin it with keras.Input(shape)."
        ) from None
    if inputs != 1 or outputs != 1:
        raise ValueError(
            f"{backbone.name} has {inputs} inputs and {outputs} outputs; wanted one of each. "
            "Make a network from one of them with keras.Model(input, output)."
        )
    if len(backbone.output_shape) != 2:
        raise ValueError(
            f"The network gives {backbone.output_shape} for each batch; wanted (batch, features). "
            "End it with pooling, for example keras.layers.GlobalAveragePooling2D()."
        )


def _check_images(images: np.ndarray) -> np.ndarray:
    # An array on disk stays there: only its batches are read.
    if not (isinstance(getattr(images, "dtype", None), np.dtype) and hasattr(images, "shape")):
        try:
            images = np.asarray(images)
        except ValueError:
            images = np.empty(1, object)  # of different sizes
    if images.dtype.kind not in "biuf" or not images.shape:
        raise TypeError(
            f"The images are an array of {images.dtype}, shape {images.shape}; wanted one array of "
            "numbers, (n, height, width, colours). Give all images the same size and kind."
        )
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
    return found if found.shape == shape and found.dtype == np.float32 else None


def _write(path: Path, rows: np.ndarray) -> None:
    """Keep features on disk; a full or read-only disk costs time later, nothing else."""
    try:
        write_whole(path, lambda place: np.save(place, rows, allow_pickle=False))
    except OSError as error:
        print(f"Note: features are not kept in {path.parent} ({error}).", file=sys.stderr)
