"""Compute features once, keep them on disk, hand them back.

A frozen network gives the same features for the same images every time, so
there is no reason to wait for them twice.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING

import numpy as np

from tlhelpers import backbones
from tlhelpers.files import cache_folder

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras


def compute(
    backbone: keras.Model,
    images: np.ndarray,
    *,
    preprocess: Callable[[np.ndarray], np.ndarray] | None = None,
    batch_size: int = 256,
    cache: bool = True,
) -> np.ndarray:
    """Run images through a frozen network and return one row of features for each.

    Parameters
    ----------
    backbone
        A network whose output is one row of numbers for each image.
    images
        Shape (n, ...); what ``preprocess`` takes, or, without it, the network.
    preprocess
        Applied to one batch at a time, so that memory does not grow with n.
        It must do the same every time.
    batch_size
        How many images to handle at once, at least 1.
    cache
        Keep the features on disk, and read them back when the same network,
        the same preprocessing and the same images come again.

    Returns
    -------
    numpy.ndarray
        Shape (n, features), float32.

    Raises
    ------
    ValueError
        If the batch size is wrong, or the network does not give one row for each image.

    Examples
    --------
    >>> import keras
    >>> network = keras.Sequential([keras.Input((8, 8)), keras.layers.Flatten()])
    >>> compute(network, np.zeros((3, 8, 8)), cache=False).shape
    (3, 64)
    """
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1; got {batch_size}.")
    if len(backbone.output_shape) != 2:
        raise ValueError(
            f"The network gives {backbone.output_shape} for each batch; wanted (batch, features). "
            "End it with pooling, for example keras.layers.GlobalAveragePooling2D()."
        )
    images = np.asarray(images)
    path = cache_folder() / "features" / f"{_key(backbone, images, preprocess)}.npy"
    found = _read(path, len(images), backbone.output_shape[1]) if cache else None
    if found is not None:
        return found
    rows = np.empty((len(images), backbone.output_shape[1]), np.float32)
    for start in range(0, len(images), batch_size):
        batch = images[start : start + batch_size]
        batch = batch if preprocess is None else preprocess(batch)
        rows[start : start + batch_size] = backbone.predict_on_batch(batch)
    if cache:
        _write(path, rows)
    return rows


def _key(backbone: keras.Model, images: np.ndarray, preprocess: Callable | None) -> str:
    """Return a name that changes whenever the features would."""
    digest = hashlib.sha256()
    for layer in backbones.all_layers(backbone):
        # Keras numbers its names anew in every session; they change no feature.
        settings = {key: value for key, value in layer.get_config().items() if key != "name"}
        digest.update(type(layer).__name__.encode())
        digest.update(json.dumps(settings, sort_keys=True, default=str).encode())
    for weight in backbone.get_weights():
        digest.update(np.ascontiguousarray(weight).data)
    digest.update(f"{images.shape} {images.dtype} {_describe(preprocess)}".encode())
    digest.update(np.ascontiguousarray(images).data)
    return digest.hexdigest()


def _describe(function: Callable | None) -> str:
    """Name a function together with what it does, so that an edited one counts as new."""
    if function is None:
        return "none"
    name = f"{getattr(function, '__module__', '?')}.{getattr(function, '__qualname__', function)}"
    code = getattr(function, "__code__", None)
    if code is None:
        return f"{name} {function!r}"
    held = [cell.cell_contents for cell in function.__closure__ or ()]
    return f"{name} {_describe_code(code)} {held!r} {function.__defaults__!r}"


def _describe_code(code: CodeType) -> str:
    """Write out what a piece of code does, functions inside it included."""
    constants = [_describe_code(c) if isinstance(c, CodeType) else repr(c) for c in code.co_consts]
    return f"{code.co_code.hex()} {code.co_names} {constants}"


def _read(path: Path, rows: int, columns: int) -> np.ndarray | None:
    """Return cached features, or None if there are none or the file is damaged."""
    try:
        found = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return found if found.shape == (rows, columns) and found.dtype == np.float32 else None


def _write(path: Path, rows: np.ndarray) -> None:
    """Keep features on disk; a full or read-only disk costs time later, nothing else."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # A temporary name first: whoever finds the final name finds a whole file.
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                np.save(file, rows, allow_pickle=False)
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        print(f"Note: features are not kept in {path.parent} ({error}).", file=sys.stderr)
