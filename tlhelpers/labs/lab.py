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
from typing import TYPE_CHECKING

import numpy as np

from tlhelpers.data import folder_report, glyphs
from tlhelpers.data.picture_datasets import FileSplit
from tlhelpers.data.solar import SolarCells
from tlhelpers.data.splits import Split
from tlhelpers.inputs import read_names
from tlhelpers.labs import digits, own
from tlhelpers.networks import build, preprocessing, surgery, table

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras


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
    cells
        For solar cells: all of them, with their kinds and modules, to cut them in
        other ways; otherwise None.
    rows
        Which rows of ``cells`` are ``train`` and ``test``.
    """

    name: str
    source_classes: tuple[str, ...]
    target_classes: tuple[str, ...]
    train: Split | FileSplit
    test: Split | FileSplit
    network: Callable[..., keras.Model]
    preprocess: Callable[[np.ndarray], np.ndarray]
    draw_source: Callable[..., np.ndarray] | None = None
    weights: str = ""
    cut: Callable[[keras.Model], keras.Model] = surgery.cut_head
    report: folder_report.FolderReport | None = None
    cells: SolarCells | None = None
    rows: tuple[np.ndarray, np.ndarray] | None = None

    def __repr__(self) -> str:
        """Say in a line what there is, instead of every pixel."""
        return (
            f"Lab {self.name}: {len(self.train.labels):,} images to learn from, "
            f"{len(self.test.labels):,} to test on, classes {', '.join(self.target_classes)}; "
            f"weights: {self.weights}"
        )

    @classmethod
    def from_folder(
        cls,
        path: str | Path,
        architecture: str = "EfficientNetLite0",
        *,
        fractions: tuple[float, float] = (0.75, 0.25),
        seed: int = 0,
        alike: float = 0.98,
        most_per_class: int | None = None,
        in_memory: bool = True,
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
            A name in `table.ARCHITECTURES`; pictures come at its size,
            uint8.  ``"digits"`` is the bundled network: it wants single dark
            characters on light paper, brought to 8 × 8 from 0 to 1.
        fractions
            The shares to learn from and to test with; together 1.
        seed
            Which split.  The same seed gives the same one.
        alike
            How much two pictures must correlate to count as nearly the same
            (see `folders.scan_folder`); 0.93 also finds several shots of one scene.
        most_per_class
            Take at most this many of each class, chosen to differ, so that all
            fits into memory.
        weights
            A file of ImageNet weights; by default they are fetched when the
            network is built, which raises `fetch.FileNotHere` if they cannot be had.
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
            If the pictures do not fit into memory; ``most_per_class`` helps, or
            ``in_memory=False``.
        """
        network = own.plan_network(architecture, weights=weights, download=download)
        drawn = architecture == "digits"
        size = own.INK_SIZE if drawn else table.find_architecture(architecture).size
        report, parts = own.scan_and_split(
            path,
            size,
            fractions=fractions,
            seed=seed,
            alike=alike,
            most_per_class=most_per_class,
            in_memory=in_memory,
            progress=progress,
        )
        train, test = (
            own.load_part(part, size, drawn=drawn, in_memory=in_memory, progress=progress)
            for part in parts
        )
        return cls(
            name=report.folder.name,
            source_classes=network.classes,
            target_classes=report.classes,
            train=train,
            test=test,
            network=network.build,
            preprocess=digits.preprocess_digits
            if drawn
            else preprocessing.preprocess_for(architecture),
            draw_source=glyphs.draw_characters if drawn else None,
            weights=network.weights,
            cut=surgery.cut_head if drawn else partial(build.pooled_backbone, architecture),
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
            If the network has no outputs for them, as in the flowers lab: there,
            train a new head.

        Examples
        --------
        >>> from tlhelpers.labs.load import load_lab
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
        >>> from tlhelpers.labs.load import load_lab
        >>> load_lab("digits").class_numbers(["3", "A"])
        array([ 3, 10])
        """
        known = self.source_classes
        names = [names] if isinstance(names, str) and names in known else names
        names = read_names(names, least=0, most=10_000)
        unknown = [name for name in names if name not in known]
        if unknown:
            close = difflib.get_close_matches(unknown[0], known, n=5, cutoff=0.6)
            few = f"Its classes: {' '.join(known)}." if len(known) <= 100 else ""
            near = f"Close to {unknown[0]!r}: {', '.join(close)}." if close else ""
            raise ValueError(
                f"Unknown class {', '.join(map(repr, unknown))} in the {self.name} lab. "
                + (few or near or f"Its {len(known):,} classes are lab.source_classes.")
            )
        return np.array([known.index(name) for name in names], np.int64)
