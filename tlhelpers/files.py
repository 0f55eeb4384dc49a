"""What the course can fetch, where it lies on this computer, and whether it is whole."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tlhelpers.download import Trouble

PATIENCE = 600.0  # seconds to wait for another process that gets nowhere


@dataclass(frozen=True)
class File:
    """A file that can be fetched.

    Attributes
    ----------
    path
        Where it is in a mirror: ``datasets/...`` or ``models/...``.
    address
        Where it is on the internet; empty if nobody knows.
    size
        Bytes; 0 if nobody states it.
    checksum
        The SHA-256 (64 digits), or the MD5 (32 digits) or nothing, where Keras
        states no better one.
    word
        What ``tlhelpers fetch`` calls it; by default its name.
    """

    path: str
    address: str = ""
    size: int = 0
    checksum: str = ""
    word: str = ""

    @property
    def name(self) -> str:
        """Its name without folders."""
        return self.path.rpartition("/")[2]

    def place(self) -> Path:
        """Where it is kept on this computer; weights are where Keras looks for them."""
        home = keras_home() if self.path.startswith("models/") else cache_folder()
        return home / self.path


_KERAS = "https://storage.googleapis.com/tensorflow/keras-applications"

#: What the course names, by file name.
FILES = {
    file.name: file
    for file in (
        File(
            "datasets/flower_photos.tgz",
            "http://download.tensorflow.org/example_images/flower_photos.tgz",
            228_813_984,
            "4c54ace7911aaffe13a365c34f650e71dd5bf1be0a58b464e5a7183e3e595d9c",
            "photos",
        ),
        File(
            "models/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5",
            f"{_KERAS}/mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5",
            14_536_120,
            "3e195a2857356cfc092cbbb460beb2a5bce279015d7792598b8d3d9e451902e3",
            "MobileNetV2",
        ),
        File(
            "models/mobilenet_2_5_224_tf_no_top.h5",
            f"{_KERAS}/mobilenet/mobilenet_2_5_224_tf_no_top.h5",
            2_108_140,
            "dbdb03ee2a22fd895301636cd328b234bb3a9952358f436d82f46b81e0d5b0bf",
        ),
        File(
            "models/imagenet_class_index.json",
            "https://storage.googleapis.com/download.tensorflow.org/data/imagenet_class_index.json",
            35_363,
            "a1e7a966a1f601d39e4b43e119b3e7dd4a2ad3ea08cf69847cbaf021013767bc",
        ),
    )
}


# -------------------------------------------------------------------------- folders


def cache_folder() -> Path:
    """Return the folder where the course keeps what it can make or get again.

    It is the operating system's cache folder, or ``TLHELPERS_CACHE`` if that
    environment variable is set.  Delete it whenever you like.
    """
    import platformdirs

    chosen = os.environ.get("TLHELPERS_CACHE")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("tlhelpers", False))


def learner_folder() -> Path:
    """Return the folder for what is the learner's own, such as uploaded pictures.

    It is the operating system's folder for data, or ``TLHELPERS_DATA`` if that
    environment variable is set.  Unlike the cache, the course never empties it.
    """
    import platformdirs

    chosen = os.environ.get("TLHELPERS_DATA")
    return Path(chosen) if chosen else Path(platformdirs.user_data_dir("tlhelpers", False))


def keras_home() -> Path:
    """Return Keras' own folder, whose ``models`` holds weights, without loading Keras."""
    home = os.environ.get("KERAS_HOME")
    if home is None:
        user = os.path.expanduser("~")
        home = os.path.join(user if os.access(user, os.W_OK) else "/tmp", ".keras")
    return Path(home).expanduser()


def keras_file(architecture: str, *, top: bool = True) -> File:
    """Say which file of ImageNet weights a network of Keras Applications wants.

    Keras itself is asked, which takes some seconds; nothing is downloaded.

    Parameters
    ----------
    architecture
        A function of ``keras.applications``, such as ``"ResNet50"``.
    top
        With the classification layer or without.

    Raises
    ------
    ValueError
        If Keras has no such network, or no file of weights for it.
    """
    import warnings

    import keras

    build = getattr(keras.applications, architecture, None)
    if not callable(build):
        names = [name for name in dir(keras.applications) if name[0].isupper()]
        raise ValueError(
            f"keras.applications has no network {architecture!r}. It has: {', '.join(names)}."
        )
    asked: list[File] = []

    def remember(name: str, origin: str, *_: object, file_hash: str = "", **__: object) -> None:
        word = architecture if top else f"{architecture} --no-top"
        asked.append(File(f"models/{name}", origin, 0, file_hash or "", word))
        raise InterruptedError  # Keras has said what we wanted to know

    tools = build.__globals__["file_utils"]
    get_file, tools.get_file = tools.get_file, remember
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about input shapes
            build(weights="imagenet", include_top=top)
    except InterruptedError:
        return FILES.get(asked[0].name, asked[0])
    finally:
        tools.get_file = get_file
        keras.backend.clear_session()
    raise ValueError(f"Keras has no ImageNet weights for {architecture}.")


# ----------------------------------------------------------------------------- checks


def checksum_of(path: Path, like: str = "0" * 64) -> str:
    """Return the checksum of a file, of the same kind as another checksum.

    Parameters
    ----------
    path
        A readable file.
    like
        64 digits for SHA-256, 32 for MD5; of nothing, it is nothing.
    """
    if not like:
        return ""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256" if len(like) == 64 else "md5").hexdigest()


def note(place: Path) -> Path:
    """Return the hidden file that says which checksum a mirror stated for a file."""
    return place.with_name(f".{place.name}.sha256")


def is_good(place: Path, checksum: str, *, noted: bool = True) -> bool:
    """Say whether a file is there and whole.

    Parameters
    ----------
    place
        Where it should be.
    checksum
        What it should have; empty if nobody knows, and then it is opened instead.
    noted
        Accept also what the `note` beside it says: it came from a mirror.
    """
    try:
        if checksum and checksum_of(place, checksum) == checksum:
            return True
        if noted and note(place).is_file():
            return checksum_of(place) == note(place).read_text().strip()
        return not checksum and is_readable(place, place.name)
    except OSError:
        return False


def is_readable(path: Path, name: str) -> bool:
    """Say whether a file whose checksum nobody states is whole, as far as can be seen."""
    if path.stat().st_size == 0:
        return False
    if name.endswith(".h5"):
        import h5py

        try:
            h5py.File(path, "r").close()  # sees a file that was cut short
        except OSError:
            return False
    return True


# ------------------------------------------------------------------------------ locks


@contextmanager
def locked(place: Path) -> Iterator[None]:
    """Let one process at a time work on a file; the lock of a dead process does not count.

    Parameters
    ----------
    place
        The file; the lock is a hidden one beside it.

    Raises
    ------
    Trouble
        If another process holds the lock for minutes and gets nowhere.
    """
    import filelock

    lock = filelock.FileLock(place.with_name(f".{place.name}.lock"))
    seen, since, told = None, time.monotonic(), False
    while True:
        try:
            lock.acquire(timeout=2, poll_interval=0.1)
            break
        except filelock.Timeout:
            if not told:
                print(f"Another process is fetching {place.name}; waiting.", file=sys.stderr)
            told, now = True, [(p.name, _mtime(p)) for p in place.parent.glob(".*.part")]
            if now != seen:
                seen, since = now, time.monotonic()
            elif time.monotonic() - since > PATIENCE:
                raise Trouble(
                    f"another process is fetching {place.name} and has got nowhere for "
                    f"{PATIENCE / 60:.0f} minutes; end it (restart the other notebooks)"
                ) from None
    try:
        yield
    finally:
        lock.release()


def _mtime(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0
