"""Networks that know the 1,000 classes of ImageNet, ready to be asked about single pictures."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tlhelpers import architectures, catalogue, fetch, files, photos
from tlhelpers.claims import say_photos

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras


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


def load(name: str, *, download: bool = False) -> Pretrained:
    """Load a network of Keras Applications with its ImageNet weights.

    Parameters
    ----------
    name
        A name in `architectures.ARCHITECTURES`.
    download
        As for `fetch.get`: without it, at most 20 MB come from the internet.

    Raises
    ------
    fetch.NotHere
        If the weights cannot be had.
    ValueError
        If there is no network of that name.
    """
    file = photos.weights_file(name)
    path = fetch.get(file, download=download)
    return Pretrained(
        network=catalogue.network(name, path),
        preprocess=catalogue.preprocess(name),
        size=architectures.named(name).size,
        classes=photos.imagenet_classes(fetch.get("imagenet_class_index.json")),
        weights=photos.describe_weights(name, path, file),
    )


def load_imagenet(*names: str) -> dict[str, Pretrained]:
    """Load those of these networks whose weights are here, and say which are not.

    Made for sections of notebooks: ``networks = load_imagenet("MobileNetV2",
    "ResNet50")`` and then ``if networks: ...``.  It does not download more
    than 20 MB.

    Parameters
    ----------
    names
        Names in `architectures.ARCHITECTURES`.

    Returns
    -------
    dict
        Name → `Pretrained`, in the order asked for; empty if none is here.

    Raises
    ------
    ValueError
        If a name is unknown, or none is given.
    """
    if not names:
        raise ValueError('Give the name of a network, such as load_imagenet("MobileNetV2").')
    for name in names:
        architectures.named(name)  # a misspelt name is noticed before the long work
    found, lines = {}, []
    for name in names:
        try:
            if not _may_be_here(name):
                raise fetch.NotHere
            found[name] = load(name)
            lines.append(f"{found[name].weights}: ready, {found[name].size} x {found[name].size}.")
        except fetch.NotHere:
            lines.append(f"{name} is not on this computer. To get it: tlhelpers fetch {name}")
    if not found:
        text = "This section on photographs is left out: no weights here. To get them: "
        lines = [f"{text}tlhelpers fetch {names[0]}"]
    say_photos("run" if found else "skipped", "\n".join(lines))
    return found


def _may_be_here(name: str) -> bool:
    """Say in a moment whether it is worth asking Keras (which takes seconds) for a file's name."""
    if fetch.mirror_source() or any(file.word == name for file in files.FILES.values()):
        return True
    models = (files.keras_home() / "models").glob("*.h5")
    return any(name.lower() in re.sub("[_-]", "", file.name).lower() for file in models)
