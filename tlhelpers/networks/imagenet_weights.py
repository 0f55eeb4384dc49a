"""Files of ImageNet weights: which one a network wants, and what it is."""

from __future__ import annotations

import json
from pathlib import Path

from tlhelpers.fetching import checksums, registry
from tlhelpers.networks import table

#: The file of MobileNetV2 that was made from Google's 8-bit release of the network.
EIGHT_BIT = "3150f16ee4e7456f79b0ce88a9bc6782d866c75472348a5a91e106d6f6cd8554"


def weights_file(architecture: str) -> registry.File:
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
    table.find_architecture(architecture)
    own = [file for file in registry.FILES.values() if file.word == architecture]
    return own[0] if own else registry.keras_weights_file(architecture)


def describe_weights(architecture: str, path: Path, file: registry.File) -> str:
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
    if file.checksum and checksums.checksum_of(path, file.checksum) == file.checksum:
        return f"{architecture} (ImageNet)"
    if checksums.checksum_of(path) == EIGHT_BIT:
        return f"{architecture} (8-bit release)"
    return f"{architecture} (from the mirror, not the official file)"


def imagenet_classes(path: Path) -> tuple[str, ...]:
    """Return the 1,000 class names of ImageNet, in the order of a network's outputs.

    Two names stand for two things each (a crane is a bird and a machine); the
    later one gets its number: ``"crane (517)"``.

    Parameters
    ----------
    path
        Keras' file ``imagenet_class_index.json``, or that of the package imagenet-classes
        (``imagenet1k_label_to_names.json``), whose first names are the same.

    Raises
    ------
    ValueError
        If the file holds something else.
    """
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
        rows = [index[str(i)] for i in range(len(index))]
        names = [  # ["n02124075", "Egyptian_cat"], or "tabby, tabby cat"
            row.partition(",")[0] if isinstance(row, str) else str(row[1]).replace("_", " ")
            for row in rows
        ]
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise ValueError(f"{path} is not the list of ImageNet's classes ({error!r}).") from error
    seen: set[str] = set()
    unique = []
    for i, name in enumerate(names):
        unique.append(f"{name} ({i})" if name in seen else name)
        seen.add(name)
    return tuple(unique)
