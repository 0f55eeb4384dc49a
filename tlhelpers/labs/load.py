"""Load a lab by its name."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tlhelpers.data import glyphs, handwriting
from tlhelpers.data.splits import Split
from tlhelpers.inputs import read_choice, read_seed
from tlhelpers.labs import digits, flowers, imagenet, own, solar
from tlhelpers.labs.lab import Lab
from tlhelpers.networks import build, preprocessing, table

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras


LABS: tuple[str, ...] = ("digits", "flowers", "solar")
RENAMED = {"photos": "flowers"}  # what a lab was called before


def load_lab(
    name: str = "digits",
    *,
    architecture: str = "EfficientNetLite0",
    download: bool = False,
    seed: int = 0,
) -> Lab:
    """Load a lab by its name.

    Parameters
    ----------
    name
        ``"digits"``: from printed characters to real handwriting.  It needs no
        network connection.
        ``"flowers"``: from ImageNet to a thousand photographs of flowers, which
        are near to it.
        ``"solar"``: from ImageNet to 2,624 photographs of solar cells, which are
        far from it: works, or has a defect.
    architecture
        For ``"flowers"`` and ``"solar"``: a name in ``tl.networks.ARCHITECTURES``
        (``tlhelpers architectures`` lists them).
    download
        For those two: whether more than 20 MB may come from the internet.
    seed
        For ``"solar"``: which split between modules.  Try several, and give
        balanced accuracy and AUC: the share of defects differs from one to the
        next.

    Returns
    -------
    Lab
        Loading is quick: networks are only built when you ask for them.

    Raises
    ------
    ValueError
        If there is no lab, or no network, of that name, or photographs of solar
        cells are damaged.
    fetch.FileNotHere
        If photographs or weights are neither here nor in a mirror, and may not
        be downloaded or cannot.

    Examples
    --------
    >>> lab = load_lab("digits")
    >>> len(lab.train.images), len(lab.test.images)
    (898, 899)
    """
    if isinstance(name, str) and name in RENAMED:
        print(f'The "{name}" lab is now called "{RENAMED[name]}"; both names load it.')
        name = RENAMED[name]
    name, seed = read_choice(name, "lab", LABS), read_seed(seed)
    if name == "digits":
        return _digits()
    if name == "flowers":
        return _flowers(architecture, download)
    return _solar(architecture, download, seed)


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


def _flowers(architecture: str, download: bool) -> Lab:
    weights, label, classes, folder = flowers.fetch_parts(architecture, download=download)
    size = table.find_architecture(architecture).size
    sides = flowers.split_flowers(folder)

    def network(pretrained: bool = True) -> keras.Model:
        return build.build_network(architecture, weights if pretrained else None)

    return Lab(
        name="flowers",
        source_classes=classes,
        target_classes=sides.classes,
        train=Split(*flowers.load_photographs(sides.train, size)),
        test=Split(*flowers.load_photographs(sides.test, size)),
        network=network,
        preprocess=preprocessing.preprocess_for(architecture),
        weights=label,
        cut=partial(build.pooled_backbone, architecture),
    )


def _solar(architecture: str, download: bool, seed: int) -> Lab:
    size = table.find_architecture(architecture).size
    weights, label = imagenet.fetch_weights(architecture, download=download)

    def network(pretrained: bool = True) -> keras.Model:
        return build.build_network(architecture, weights if pretrained else None)

    parts = solar.load_split(size, seed)
    return Lab(
        name="solar",
        # Their names are no use here: without them the lab loads all the same.
        source_classes=own.plan_network(architecture).classes,
        target_classes=solar.CLASSES,
        train=parts.train,
        test=parts.test,
        network=network,
        preprocess=preprocessing.preprocess_for(architecture),
        weights=label,
        cut=partial(build.pooled_backbone, architecture),
        cells=parts.cells,
        rows=parts.rows,
    )
