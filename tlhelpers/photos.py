"""What the photos lab is made of: ImageNet weights and a thousand photographs of flowers.

Everything comes through `tlhelpers.fetch`: from this computer, the classroom's
mirror, or the internet if you ask for it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tlhelpers import architectures, fetch, files, folders

PER_CLASS = 200  # photographs of each class that the lab uses
ALIKE = 0.93  # also finds several shots of one scene, which must not be on both sides
#: The file of MobileNetV2 that was made from Google's 8-bit release of the network.
EIGHT_BIT = "3150f16ee4e7456f79b0ce88a9bc6782d866c75472348a5a91e106d6f6cd8554"


class Sides(NamedTuple):
    """The photographs, cut into two: ``train`` and ``test`` are files with labels."""

    classes: tuple[str, ...]
    train: folders.Part
    test: folders.Part


def weights_file(architecture: str) -> files.File:
    """Say which file of ImageNet weights a network wants, its classification layer included.

    Keras is only asked (which takes seconds) for what the course does not name itself.

    Raises
    ------
    ValueError
        If there is no network of that name.

    Examples
    --------
    >>> weights_file("MobileNetV2").name
    'mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5'
    """
    architectures.named(architecture)
    own = [file for file in files.FILES.values() if file.word == architecture]
    return own[0] if own else files.keras_file(architecture)


def describe_weights(architecture: str, path: Path, file: files.File) -> str:
    """Return the label that goes with every result: which weights they are, by checksum.

    Parameters
    ----------
    architecture
        The network's name.
    path
        The file that is used.
    file
        What it should be.

    Returns
    -------
    str
        Such as ``"MobileNetV2 (ImageNet)"`` for the official file.
    """
    if file.checksum and files.checksum_of(path, file.checksum) == file.checksum:
        return f"{architecture} (ImageNet)"
    if files.checksum_of(path) == EIGHT_BIT:
        return f"{architecture} (8-bit release)"
    return f"{architecture} (from the mirror, not the official file)"


def imagenet_classes(path: Path) -> tuple[str, ...]:
    """Return the 1,000 class names of ImageNet, in the order of a network's outputs.

    Two names stand for two things each (a crane is a bird and a machine); the
    later one gets its number: ``"crane (517)"``.

    Parameters
    ----------
    path
        Keras' file ``imagenet_class_index.json``.

    Raises
    ------
    ValueError
        If the file holds something else.
    """
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
        names = [str(index[str(i)][1]).replace("_", " ") for i in range(len(index))]
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise ValueError(f"{path} is not the list of ImageNet's classes ({error!r}).") from error
    seen: set[str] = set()
    unique = []
    for i, name in enumerate(names):
        unique.append(f"{name} ({i})" if name in seen else name)
        seen.add(name)
    return tuple(unique)


def flowers(folder: Path) -> Sides:
    """Cut the first 200 photographs of each class into about 60 % to learn from and 40 %.

    "First" is in byte order of the file names.  Exact copies are left out, and
    pictures that look alike are on one side.

    Parameters
    ----------
    folder
        From `fetch.photos`.

    Returns
    -------
    Sides
        The same every time.
    """
    report = folders.scan(folder, alike=ALIKE, first=PER_CLASS)
    train, test = folders.split(report, (0.6, 0.4), seed=0)
    return Sides(report.classes, train, test)


def load(part: folders.Part, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Load one side: images (n, size, size, 3), uint8 in RGB, and their labels.

    Nothing is cut off.  Averaged over eight cuts into two sides, a linear
    classifier on MobileNetV2's features was then right for 87.2 % instead of
    86.3 % (100 labels of each class; weights of the 8-bit release).
    """
    return folders.load(part.files, size, whole=True), part.labels


def get(architecture: str, *, download: bool = False) -> tuple[Path, str, tuple[str, ...], Path]:
    """Get what the lab needs, or say that something is not here.

    Parameters
    ----------
    architecture
        A network of ``keras.applications``.
    download
        As for `fetch.get`.

    Returns
    -------
    tuple
        The file of weights, its label, the names of ImageNet's classes, and the
        folder of photographs.

    Raises
    ------
    fetch.NotHere
        If something cannot be had.
    ValueError
        If there is no network of that name.
    """
    architectures.named(architecture)
    # The largest first: if it is missing, nothing smaller is downloaded in vain.
    folder = fetch.photos(download=download)
    file = weights_file(architecture)
    path = fetch.get(file, download=download)
    index = fetch.get("imagenet_class_index.json", download=download)
    return path, describe_weights(architecture, path, file), imagenet_classes(index), folder
