"""Labs: everything that one experiment needs, in one place.

A *lab* bundles a pretrained network, its preprocessing, a *source domain*
(what the network was trained on) and a *target domain* (what we want to know
about).  What it hands out are plain NumPy arrays and Keras models: take them
and go on with Keras alone whenever you like.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tlhelpers import (
    architectures,
    backbones,
    catalogue,
    digits,
    fetch,
    folders,
    glyphs,
    own,
    pictures,
)
from tlhelpers import images as image_tools
from tlhelpers import photos as photo_files
from tlhelpers.claims import say_photos

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras


class Split(NamedTuple):
    """Images and their labels: ``images, labels = lab.train``."""

    images: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class Lab:
    """A pretrained network, its source and its target.

    Attributes
    ----------
    name
        The name to load it by.
    source_classes
        What the pretrained network can answer, in the order of its outputs.
    target_classes
        What there is in the target domain; label ``i`` means ``target_classes[i]``.
    train, test
        The target domain, cut between writers (or scenes) as well as can be.
        Learn and choose on ``train``.  Open ``test`` once, at the end.
    network
        ``network(pretrained=True)`` builds the whole classifier.
    preprocess
        Turns images of the lab into what the network wants to see.
    draw_source
        ``draw_source(labels, seed=0, ...)`` makes source images of these classes.
        None where the source cannot be drawn: ImageNet is too large to bring along.
    weights
        Which weights ``network()`` has, to be printed with every result of theirs.
    cut
        How the head comes off the network.
    report
        For own pictures: what was found in the folder (print it); otherwise None.
    """

    name: str
    source_classes: tuple[str, ...]
    target_classes: tuple[str, ...]
    train: Split
    test: Split
    network: Callable[..., keras.Model]
    preprocess: Callable[[np.ndarray], np.ndarray]
    draw_source: Callable[..., np.ndarray] | None = None
    weights: str = ""
    cut: Callable[[keras.Model], keras.Model] = backbones.cut_head
    report: folders.Report | None = None

    @classmethod
    def from_folder(
        cls,
        path: str | Path,
        architecture: str = "MobileNetV2",
        *,
        fractions: tuple[float, float] = (0.75, 0.25),
        seed: int = 0,
        alike: float = 0.98,
        most_per_class: int | None = None,
        weights: str | Path | None = None,
        download: bool = False,
        progress: bool = True,
    ) -> Lab:
        """Make a lab from a folder of your own pictures.

        What cannot be used is reported and left out, and the rest is used.
        Pictures that are nearly the same are never on both sides.

        Parameters
        ----------
        path
            It holds one folder for each class.  If it holds ``train`` and
            ``test`` (or ``validation``) folders with these inside, they are the
            split; what is in both is left out of what to learn from.
        architecture
            A network of ``keras.applications``; pictures come at its size,
            uint8.  ``"digits"`` is the bundled network: it wants single dark
            characters on light paper, brought to 8 × 8 from 0 to 1.
        fractions
            The shares to learn from and to test with; together 1.
        seed
            Which split.  The same seed gives the same one.
        alike
            How much two pictures must correlate to count as nearly the same
            (see `folders.scan`); 0.93 also finds several shots of one scene.
        most_per_class
            Take at most this many of each class, chosen to differ, so that all
            fits into memory.
        weights
            A file of ImageNet weights; by default they are fetched when the
            network is built, which raises `fetch.NotHere` if they cannot be had.
        download
            Whether more than 20 MB of weights may come from the internet.
        progress
            Print the report, and show bars.  It is in ``lab.report`` anyway.

        Raises
        ------
        OSError
            If there is no such folder, or it may not be read.
        ValueError
            If there are no two classes with pictures for both sides, or no such
            network; the message says what to do.
        MemoryError
            If the pictures do not fit into memory; ``most_per_class`` helps.
        """
        network = own.network(architecture, weights=weights, download=download)
        drawn = architecture == "digits"
        size = own.INK_SIZE if drawn else architectures.named(architecture).size
        report, parts = own.collect(
            path,
            size,
            fractions=fractions,
            seed=seed,
            alike=alike,
            most_per_class=most_per_class,
            progress=progress,
        )
        loaded = [pictures.load(part.files, size, progress=progress) for part in parts]
        loaded = [own.to_ink(images) for images in loaded] if drawn else loaded
        return cls(
            name=report.folder.name,
            source_classes=network.classes,
            target_classes=report.classes,
            train=Split(loaded[0], parts[0].labels),
            test=Split(loaded[1], parts[1].labels),
            network=network.build,
            preprocess=digits.preprocess if drawn else catalogue.preprocess(architecture),
            draw_source=glyphs.render if drawn else None,
            weights=network.weights,
            cut=backbones.cut_head if drawn else partial(catalogue.cut, architecture),
            report=report,
        )

    def backbone(self, pretrained: bool = True) -> keras.Model:
        """Build the network without its head: images in, features out.

        Parameters
        ----------
        pretrained
            With False, the weights are random.
        """
        return self.cut(self.network(pretrained))

    def columns(self) -> np.ndarray:
        """Return which outputs of the network belong to the target classes.

        Raises
        ------
        ValueError
            If the network has no outputs for them, as in the photos lab: there,
            train a new head.

        Examples
        --------
        >>> load_lab("digits").columns()
        array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
        """
        missing = [name for name in self.target_classes if name not in self.source_classes]
        if missing:
            raise ValueError(
                f"The network of the {self.name} lab has no output for {', '.join(missing)}: it "
                "was trained on other classes. Train a new head on lab.backbone(), or ask for "
                "classes that it knows with lab.class_numbers([...])."
            )
        return self.class_numbers(self.target_classes)

    def class_numbers(self, names: tuple[str, ...] | list[str] | str) -> np.ndarray:
        """Return the positions of class names among the source classes.

        Parameters
        ----------
        names
            Names from ``source_classes``.

        Raises
        ------
        ValueError
            If a name is not a source class; the message lists the valid ones.

        Examples
        --------
        >>> load_lab("digits").class_numbers(["3", "A"])
        array([ 3, 10])
        """
        known = self.source_classes
        names = [names] if isinstance(names, str) and names in known else names
        unknown = [name for name in names if name not in known]
        if unknown:
            close = difflib.get_close_matches(str(unknown[0]), known, n=5, cutoff=0.6)
            few = f"Its classes: {' '.join(known)}." if len(known) <= 100 else ""
            near = f"Close to {unknown[0]!r}: {', '.join(close)}." if close else ""
            raise ValueError(
                f"Unknown class {', '.join(map(repr, unknown))} in the {self.name} lab. "
                + (few or near or f"Its {len(known):,} classes are lab.source_classes.")
            )
        return np.array([self.source_classes.index(name) for name in names])


LABS: tuple[str, ...] = ("digits", "photos")


def load_lab(
    name: str = "digits", *, architecture: str = "MobileNetV2", download: bool = False
) -> Lab:
    """Load a lab by its name.

    Parameters
    ----------
    name
        ``"digits"``: from printed characters to real handwriting.  It needs no
        network connection.
        ``"photos"``: from ImageNet to a thousand photographs of flowers.
    architecture
        For ``"photos"``: a network of ``keras.applications``
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
    fetch.NotHere
        If photographs or weights are neither here nor in a mirror, and may not
        be downloaded or cannot.

    Examples
    --------
    >>> lab = load_lab("digits")
    >>> len(lab.train.images), len(lab.test.images)
    (898, 899)
    """
    if name not in LABS:
        raise ValueError(f"Unknown lab {name!r}. Choose from: {', '.join(LABS)}.")
    return _digits() if name == "digits" else _photos(architecture, download)


def load_photos(
    architecture: str = "MobileNetV2", *, download: bool = False, announce: bool = True
) -> Lab | None:
    """Load the photos lab if it can be had; otherwise say in one line what is missing.

    Made for sections of notebooks that are skipped where there are no
    photographs: ``photos = load_photos()`` and then ``if photos: ...``.

    Parameters
    ----------
    architecture, download
        As for `load_lab`.
    announce
        Print what was loaded, too.

    Returns
    -------
    Lab or None
        None if something is not here.
    """
    try:
        lab = load_lab("photos", architecture=architecture, download=download)
    except fetch.NotHere as missing:
        say_photos("skipped", f"This section on photographs is left out: {missing}")
        return None
    text = (
        f"{len(lab.train.labels)} photographs to learn from, {len(lab.test.labels)} to test on; "
        f"weights: {lab.weights}."
    )
    say_photos("run", text if announce else "")
    return lab


def _digits() -> Lab:
    characters, labels = digits.handwriting()
    first, second = image_tools.contiguous_split(len(labels), 2)
    return Lab(
        name="digits",
        source_classes=glyphs.CLASSES,
        target_classes=tuple("0123456789"),
        train=Split(characters[first], labels[first]),
        test=Split(characters[second], labels[second]),
        network=digits.network,
        preprocess=digits.preprocess,
        draw_source=glyphs.render,
        weights="digits network (bundled)",
    )


def _photos(architecture: str, download: bool) -> Lab:
    weights, label, classes, folder = photo_files.get(architecture, download=download)
    size = architectures.named(architecture).size
    flowers = photo_files.flowers(folder)

    def network(pretrained: bool = True) -> keras.Model:
        return catalogue.network(architecture, weights if pretrained else None)

    return Lab(
        name="photos",
        source_classes=classes,
        target_classes=flowers.classes,
        train=Split(*photo_files.load(flowers.train, size)),
        test=Split(*photo_files.load(flowers.test, size)),
        network=network,
        preprocess=catalogue.preprocess(architecture),
        weights=label,
        cut=partial(catalogue.cut, architecture),
    )
