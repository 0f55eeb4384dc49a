"""Networks that know the 1,000 classes of ImageNet: their weights, names, and answers."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tlhelpers.fetching import fetch, mirror, places, registry
from tlhelpers.networks import (
    build,
    efficientnet_lite,
    imagenet_weights,
    preprocessing,
    table,
)

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras


CLASSES = "imagenet_class_index.json"
PACKAGED = "imagenet1k_label_to_names.json"  # the same, in a package


class Pretrained(NamedTuple):
    """A network with all that one must know to use it.

    Attributes
    ----------
    network
        From what ``preprocess`` returns to probabilities, shape (n, 1000).
    preprocess
        Takes images (n, size, size, 3) in RGB, from 0 to 255.
    size
        Pixels on each side of the images.
    classes
        The 1,000 names, in the order of the network's outputs.
    weights
        Which weights these are; a label to be printed with every result.
    """

    network: keras.Model
    preprocess: Callable[[np.ndarray], np.ndarray]
    size: int
    classes: tuple[str, ...]
    weights: str


def fetch_weights(name: str, *, download: bool = False) -> tuple[Path, str]:
    """Get a network's file of ImageNet weights, and the label that says which they are.

    Parameters
    ----------
    name
        A name in `table.ARCHITECTURES`.
    download
        As for `fetch.fetch_file`: without it, at most 20 MB come from the internet.

    Raises
    ------
    fetch.FileNotHere
        If the weights cannot be had.
    ValueError
        If there is no network of that name.
    """
    file = imagenet_weights.weights_file(name)
    path = fetch.fetch_file(file, download=download)
    return path, imagenet_weights.describe_weights(name, path, file)


def fetch_classes(*, download: bool = False) -> tuple[str, ...]:
    """Get the names of ImageNet's classes; ``download`` is as for `fetch_weights`."""
    here = [fetch.find_here(registry.FILES[name]) for name in (PACKAGED, CLASSES)]
    path = here[0] or here[1]
    if path is None and mirror.mirror_source():
        with contextlib.suppress(fetch.FileNotHere):  # a mirror may have either
            path = fetch.fetch_file(PACKAGED)
    return imagenet_weights.imagenet_classes(path or fetch.fetch_file(CLASSES, download=download))


def missing_part(name: str) -> tuple[str, str]:
    """Say what of a network is not here, weights or names of classes, and the command to get it.

    Examples
    --------
    >>> missing_part("ResNet50")
    ('ResNet50', 'tlhelpers fetch ResNet50')
    """
    if not may_be_here(name):
        return name, f"tlhelpers fetch {name}"
    file = imagenet_weights.weights_file(name)
    if fetch.find_here(file):
        return "the list of ImageNet's classes", fetch.how_to_get(registry.FILES[PACKAGED])
    return name, fetch.how_to_get(file)


def load_pretrained(name: str) -> Pretrained:
    """Load a network with its ImageNet weights, ready to be asked.

    Parameters
    ----------
    name
        A name in `table.ARCHITECTURES`.

    Raises
    ------
    fetch.FileNotHere
        If the weights cannot be had.
    ValueError
        If there is no network of that name.
    """
    path, label = fetch_weights(name)
    classes = fetch_classes()  # before the long work
    _bring_names_for_keras(name)
    return Pretrained(
        network=build.build_network(name, path),
        preprocess=preprocessing.preprocess_for(name),
        size=table.find_architecture(name).size,
        classes=classes,
        weights=label,
    )


def _bring_names_for_keras(name: str) -> None:
    """Let ``decode_predictions`` of Keras find its list of names, if a mirror has it."""
    if table.find_architecture(name).module != efficientnet_lite.MODULE and mirror.mirror_source():
        with contextlib.suppress(fetch.FileNotHere):
            fetch.fetch_file(CLASSES)


def may_be_here(name: str, *, internet: bool = True) -> bool:
    """Say in a moment whether it is worth looking for a network's weights.

    Keras would take seconds to name the file.  Without ``internet``, what the course itself
    names must be on this computer or in a mirror.
    """
    if mirror.mirror_source():
        return True
    own = [file for file in registry.FILES.values() if file.word == name]
    if own:
        return internet or fetch.find_here(own[0]) is not None
    models = (places.keras_home() / "models").glob("*.h5")
    return any(name.lower() in re.sub("[_-]", "", file.name).lower() for file in models)
