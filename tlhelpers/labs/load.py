"""Load a lab by its name."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tlhelpers.data import glyphs, handwriting
from tlhelpers.data.splits import Split
from tlhelpers.inputs import read_choice
from tlhelpers.labs import digits, flowers
from tlhelpers.labs.lab import Lab
from tlhelpers.networks import build, preprocessing, table

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras


LABS: tuple[str, ...] = ("digits", "photos")


def load_lab(
    name: str = "digits", *, architecture: str = "EfficientNetLite0", download: bool = False
) -> Lab:
    """Load a lab by its name.

    Parameters
    ----------
    name
        ``"digits"``: from printed characters to real handwriting.  It needs no
        network connection.
        ``"photos"``: from ImageNet to a thousand photographs of flowers.
    architecture
        For ``"photos"``: a name in ``tl.networks.ARCHITECTURES``
        (``tlhelpers architectures`` lists them).
    download
        For ``"photos"``: whether more than 20 MB may come from the internet.

    Returns
    -------
    Lab
        Loading is quick: networks are only built when you ask for them.

    Raises
    ------
    ValueError
        If there is no lab, or no network, of that name.
    fetch.FileNotHere
        If photographs or weights are neither here nor in a mirror, and may not
        be downloaded or cannot.

    Examples
    --------
    >>> lab = load_lab("digits")
    >>> len(lab.train.images), len(lab.test.images)
    (898, 899)
    """
    name = read_choice(name, "lab", LABS)
    return _digits() if name == "digits" else _photos(architecture, download)


def _digits() -> Lab:
    train, test = handwriting.load_halves()
    return Lab(
        name="digits",
        source_classes=glyphs.CLASSES,
        target_classes=tuple("0123456789"),
        train=train,
        test=test,
        network=digits.build_digits_network,
        preprocess=digits.preprocess_digits,
        draw_source=glyphs.draw_characters,
        weights=digits.LABEL,
    )


def _photos(architecture: str, download: bool) -> Lab:
    weights, label, classes, folder = flowers.fetch_parts(architecture, download=download)
    size = table.find_architecture(architecture).size
    sides = flowers.split_flowers(folder)

    def network(pretrained: bool = True) -> keras.Model:
        return build.build_network(architecture, weights if pretrained else None)

    return Lab(
        name="photos",
        source_classes=classes,
        target_classes=sides.classes,
        train=Split(*flowers.load_photographs(sides.train, size)),
        test=Split(*flowers.load_photographs(sides.test, size)),
        network=network,
        preprocess=preprocessing.preprocess_for(architecture),
        weights=label,
        cut=partial(build.pooled_backbone, architecture),
    )
