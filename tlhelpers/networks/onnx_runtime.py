"""Run a frozen network in ONNX Runtime, which is several times as fast as Keras.

ONNX is a file format for trained networks.  Keras writes it once for each
network; ONNX Runtime reads it and does nothing but predict, which is why it
can be quick: it merges layers, and lays out the numbers to suit the processor.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from tlhelpers import memory, start
from tlhelpers.fetching.places import cache_folder
from tlhelpers.fetching.whole_files import write_whole

if TYPE_CHECKING:  # for readers and type checkers only: both take a while to load
    import keras
    import onnxruntime

FORMAT = 2  # of the files in the cache: raise it, and the old ones are made again
#: Images x pixels x parameters from which on ONNX pays for its export (2 or 3 s).
#: This is about 180 images for MobileNetV2 at 224 pixels.
WORTHWHILE = 2e13
#: Numbers handed to one thread at once: about one image of 224 x 224 pixels.  With
#: more, what the layers pass on does not fit into the processor's own memory.
PIECE = 224 * 224 * 3
CLOSE = 1e-4  # largest difference from Keras, for features of ordinary size (1)

_told: set[str] = set()  # notices given in this session


def is_worthwhile(network: keras.Model, images: int, shape: tuple[int, ...]) -> bool:
    """Say whether a job is large enough for an export.

    The answer depends on the job alone: not on the clock, and not on what is in
    the cache.  The same notebook so takes the same way each time, and its
    numbers are the same to the last digit.

    Parameters
    ----------
    network
        The network.
    images
        How many images there are.
    shape
        Of one image, colours last.

    Examples
    --------
    >>> import keras
    >>> network = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()])
    >>> is_worthwhile(network, 1000, (8, 8, 1))
    False
    """
    pixels = int(np.prod(shape[:-1]))
    return images * pixels * network.count_params() >= WORTHWHILE


def load_fast(
    network: keras.Model, key: str | None, sample: np.ndarray, threads: int | None = None
) -> Callable[[np.ndarray], np.ndarray] | None:
    """Return a function that does what ``network.predict_on_batch`` does, but sooner.

    Parameters
    ----------
    network
        One input, one output, float32.
    key
        Names its architecture and its weights; the exported file is kept under it.
        With None it is not kept.
    sample
        Some input.  After an export, both ways have to agree on it.
    threads
        How many images to work on at once; by default, one for each core.

    Returns
    -------
    callable or None
        None, after one line of notice in each session, if ONNX Runtime or
        tf2onnx is absent, if the network cannot be exported, or if Keras works with
        another backend than TensorFlow.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        tell_once("ONNX Runtime takes networks of TensorFlow only")
        return None
    try:
        import onnxruntime
    except ImportError as error:
        tell_once(f"ONNX Runtime cannot be loaded ({in_short(error)})")
        return None
    name = f"{FORMAT} {network.input_shape} {key}"
    path = cache_folder() / "onnx" / f"{hashlib.sha256(name.encode()).hexdigest()}.onnx"
    session = open_session(onnxruntime, _unseal(path, name)) if key else None
    if session is None:
        try:
            exported = _export(network)
            session = open_session(onnxruntime, exported)
            if session is None:
                tell_once("ONNX Runtime does not take the exported network")
                return None
            _compare(network, session, sample)
        except ImportError as error:
            tell_once(f"tf2onnx cannot be loaded ({in_short(error)})")
            return None
        except Exception as error:  # an exporter may fail in any way it likes
            tell_once(f"{network.name} could not be exported ({in_short(error)})")
            return None
        try:
            if key:
                _keep(path, name, exported)
        except OSError as error:
            print(f"Note: the exported network is not kept ({error}).", file=sys.stderr)
    workers = count_cores() if threads is None else threads
    return lambda batch: _run(session, batch, workers)


def count_cores() -> int:
    """Return how many processor cores this process may use.

    Examples
    --------
    >>> count_cores() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):  # Linux: fewer than the computer has, perhaps
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _run(session: onnxruntime.InferenceSession, batch: np.ndarray, workers: int) -> np.ndarray:
    """Cut a batch into pieces, hand each to a thread, and join the answers in order."""
    name = session.get_inputs()[0].name
    size = max(1, PIECE // max(1, int(np.prod(batch.shape[1:]))))
    pieces = [batch[first : first + size] for first in range(0, len(batch), size)]

    def answer(piece: np.ndarray) -> np.ndarray:
        return session.run(None, {name: piece})[0]

    # Whole images side by side: quicker than to share out the work on each one,
    # and the result does not depend on the number of threads.
    with ThreadPoolExecutor(workers) as pool:
        return np.concatenate(list(pool.map(answer, pieces)))


def open_session(
    onnxruntime: ModuleType, exported: bytes | None
) -> onnxruntime.InferenceSession | None:
    """Make a network ready to run, or return None if the file is none."""
    if exported is None:
        return None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4  # nothing but what ends the program
    try:
        return onnxruntime.InferenceSession(exported, options, providers=["CPUExecutionProvider"])
    except Exception:  # its errors have no common ancestor
        return None


def _export(network: keras.Model) -> bytes:
    """Return the network in ONNX format, for batches of any size."""
    import keras

    # Stated, because Keras only knows the shape of a network that was called before.
    shape = keras.InputSpec(shape=network.input_shape, dtype="float32")
    # An export leaves copies of the network in circles: those of EfficientNetLite0
    # would be half a gigabyte at its end.
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        _quiet(),
        memory.collect_often(),
    ):
        import tf2onnx  # noqa: F401 - here, so that its absence has a clear error

        path = Path(folder) / "network.onnx"
        network.export(str(path), format="onnx", verbose=False, input_signature=[shape])
        return path.read_bytes()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what an export says off the screen: it speaks of its own inner life."""
    loggers = [logging.getLogger(name) for name in ("tf2onnx", "tensorflow", "absl")]
    before = [logger.level for logger in loggers]
    with (
        start.no_messages(show_on_error=False),
        redirect_stdout(StringIO()),
        redirect_stderr(StringIO()),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)
        try:
            yield
        finally:
            for logger, level in zip(loggers, before, strict=True):
                logger.setLevel(level)


def _compare(
    network: keras.Model, session: onnxruntime.InferenceSession, sample: np.ndarray
) -> None:
    """Raise an error if the exported network gives other answers than Keras."""
    wanted = np.asarray(network.predict_on_batch(sample))
    found = _run(session, sample, 1)
    difference = np.abs(found - wanted).max() if found.shape == wanted.shape else np.inf
    if not difference <= CLOSE * max(1, np.abs(wanted).max()):
        raise ValueError(f"its answers differ from those of Keras by {difference:.2g}")


def _keep(path: Path, name: str, exported: bytes) -> None:
    sealed = exported + _seal(name, exported)
    write_whole(path, lambda place: place.write_bytes(sealed))


def _unseal(path: Path, name: str) -> bytes | None:
    """Return what is in a file that ends with its seal; None if it is damaged or another's."""
    try:
        sealed = path.read_bytes()
    except OSError:
        return None
    body, seal = sealed[:-32], sealed[-32:]
    return body if _seal(name, body) == seal else None


def _seal(name: str, body: bytes) -> bytes:
    """Return a checksum of a network and of what it is for: a file of another name is none."""
    return hashlib.sha256(hashlib.sha256(name.encode()).digest() + body).digest()


def tell_once(reason: str) -> None:
    """Give a notice why Keras does the work, once in each session."""
    if reason not in _told:
        _told.add(reason)
        print(f"Note: {reason}; features come from Keras, which takes longer.", file=sys.stderr)


def in_short(error: BaseException) -> str:
    """Return the first line of what an error says."""
    text = str(error).strip().splitlines()
    return (text[0] if text else type(error).__name__)[:100]
