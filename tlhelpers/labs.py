"""Labs: everything that one experiment needs, in one place.

A *lab* bundles a pretrained network, its preprocessing, a *source domain*
(what the network was trained on) and a *target domain* (what we want to know
about).  What it hands out are plain NumPy arrays and Keras models: take them
and go on with Keras alone whenever you like.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tlhelpers import backbones, digits, glyphs
from tlhelpers import images as image_tools

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
    """

    name: str
    source_classes: tuple[str, ...]
    target_classes: tuple[str, ...]
    train: Split
    test: Split
    network: Callable[..., keras.Model]
    preprocess: Callable[[np.ndarray], np.ndarray]
    draw_source: Callable[..., np.ndarray]

    def backbone(self, pretrained: bool = True) -> keras.Model:
        """Build the network without its head: images in, features out.

        Parameters
        ----------
        pretrained
            With False, the weights are random.
        """
        return backbones.cut_head(self.network(pretrained))

    def columns(self) -> np.ndarray:
        """Return which outputs of the network belong to the target classes.

        Examples
        --------
        >>> load_lab("digits").columns()
        array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
        """
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
        unknown = [name for name in names if name not in self.source_classes]
        if unknown:
            raise ValueError(
                f"Unknown class {', '.join(map(repr, unknown))} in the {self.name} lab. "
                f"Its classes: {' '.join(self.source_classes)}."
            )
        return np.array([self.source_classes.index(name) for name in names])


LABS: tuple[str, ...] = ("digits",)


def load_lab(name: str = "digits") -> Lab:
    """Load a lab by its name.

    Parameters
    ----------
    name
        ``"digits"``: from printed characters to real handwriting.  It needs no
        network connection.

    Returns
    -------
    Lab
        Loading is quick: networks are only built when you ask for them.

    Raises
    ------
    ValueError
        If there is no lab of that name.

    Examples
    --------
    >>> lab = load_lab("digits")
    >>> len(lab.train.images), len(lab.test.images)
    (898, 899)
    """
    if name not in LABS:
        raise ValueError(f"Unknown lab {name!r}. Choose from: {', '.join(LABS)}.")
    pictures, labels = digits.handwriting()
    first, second = image_tools.contiguous_split(len(labels), 2)
    return Lab(
        name="digits",
        source_classes=glyphs.CLASSES,
        target_classes=tuple("0123456789"),
        train=Split(pictures[first], labels[first]),
        test=Split(pictures[second], labels[second]),
        network=digits.network,
        preprocess=digits.preprocess,
        draw_source=glyphs.render,
    )
