"""Find pictures that are the same, or nearly the same."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tlhelpers.data.image_files import UnusableFile, decode_image, map_in_threads

PAIRS = 4_000_000  # to compare at once, so that memory does not grow with their number


class Thumbnail(NamedTuple):
    """What one look at a picture brings."""

    size: tuple[int, int]  #: width and height of the picture itself
    notes: tuple[str, ...]  #: what is special about it
    pixels: np.ndarray  #: shape (16, 16, 3), uint8


def make_thumbnail(path: Path) -> Thumbnail | str:
    """Return the thumbnail of a picture, or why it cannot be used."""
    from PIL import Image

    try:
        image, size, notes = decode_image(path, 64)
    except UnusableFile as error:
        return str(error)
    pixels = np.asarray(image.resize((16, 16), Image.Resampling.BILINEAR))
    return Thumbnail(size, tuple(notes), pixels)


def find_same_pixels(
    files: Sequence[Path], suspects: Sequence[Sequence[int]], progress: bool
) -> list[list[int]]:
    """Find files that hold the same pixels, whatever their names and formats.

    Parameters
    ----------
    files
        The pictures.
    suspects
        Lists of places in ``files`` that look alike; only these are compared.
    progress
        Show a bar with the time left if it takes longer than a second.

    Returns
    -------
    list of list of int
        The places of files with the same pixels, two or more together.
    """

    def digest(i: int) -> tuple:
        try:
            image, size, _ = decode_image(files[i])
        except UnusableFile:
            return (i,)
        return hashlib.blake2b(image.tobytes()).digest(), size

    places = [i for rows in suspects if len(rows) > 1 for i in rows]
    found = positions_by_key(map_in_threads(digest, places, "Comparing", progress))
    return [[places[n] for n in rows] for rows in found if len(rows) > 1]


def find_alike(thumbnails: np.ndarray, alike: float) -> np.ndarray:
    """Return one number for each thumbnail, the same for those that look alike.

    Two pictures are alike if their thumbnails correlate enough, and so are those
    that are connected through others.  (The usual difference hash takes all
    drawings on a plain background for one another: where nothing changes, all
    its bits agree.)

    Parameters
    ----------
    thumbnails
        Shape (n, 16, 16, 3), uint8, as `make_thumbnail` makes them.
    alike
        The least correlation that counts as alike, above 0 and at most 1.

    Returns
    -------
    numpy.ndarray
        Shape (n,), integers.

    Examples
    --------
    >>> pictures = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), dtype=np.uint8)
    >>> pictures[2] = pictures[0] // 2  # the same, only darker
    >>> first, second, third = find_alike(pictures, 0.98)
    >>> bool(first == third), bool(first == second)
    (True, False)
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(thumbnails)
    if not n:
        return np.zeros(0, int)
    # Identical ones first: plain pictures have no correlation, and many of them
    # would make a long list of pairs.
    numbers: dict[bytes, int] = {}
    group = np.array([numbers.setdefault(t.tobytes(), len(numbers)) for t in thumbnails])
    colours = thumbnails.reshape(n, 256, 3).astype(np.float32)
    colours -= colours.mean(axis=1, keepdims=True)
    vectors = colours.reshape(n, 768)
    # One grey level of noise counts as noise, or nearly plain pictures would all be alike.
    vectors /= np.sqrt(np.einsum("ij,ij->i", vectors, vectors) + 768)[:, None]
    block = max(16, PAIRS // n)
    for start in range(0, n, block):
        near = vectors[start : start + block] @ vectors[start:].T >= alike
        rows, columns = np.nonzero(np.triu(near, 1))
        rows, columns = group[rows + start], group[columns + start]
        new = rows != columns
        if new.any():
            pairs = coo_array((np.ones(new.sum()), (rows[new], columns[new])), (n, n))
            group = connected_components(pairs, directed=False)[1][group]
    return group


def positions_by_key(keys: Sequence) -> list[list[int]]:
    """Return the places of each key, in the order in which keys are first met.

    Examples
    --------
    >>> positions_by_key("abac")
    [[0, 2], [1], [3]]
    """
    found: dict = {}
    for i, key in enumerate(keys):
        found.setdefault(key, []).append(i)
    return list(found.values())
