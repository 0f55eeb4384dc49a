"""Find pictures that are the same, or nearly the same."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tlhelpers.data.image_files import UnusableFile, decode_image, map_in_threads

PAIRS = 4_000_000  # to compare at once, so that memory does not grow with their number


def make_thumbnail(path: Path) -> tuple[tuple[int, int], tuple[str, ...], np.ndarray] | str:
    """Return size, notes and thumbnail of a picture, or why it cannot be used."""
    from PIL import Image

    try:
        image, size, notes = decode_image(path, 64)
    except UnusableFile as error:
        return str(error)
    return size, tuple(notes), np.asarray(image.resize((16, 16), Image.Resampling.BILINEAR))


def find_same_pixels(
    files: Sequence[Path], suspects: Sequence[Sequence[int]], progress: bool
) -> list[list[int]]:
    """Return the places of files with the same pixels, two or more together.

    Compared are those of ``suspects``: places of files that look alike.
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

    Two pictures are alike if the correlation of their thumbnails is at least
    ``alike``, and so are those that are connected through others.  (The usual
    difference hash takes all drawings on a plain background for one another:
    where nothing changes, all its bits agree.)
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
    vectors = thumbnails.reshape(n, 256, 3).astype(np.float32)
    vectors -= vectors.mean(axis=1, keepdims=True)
    vectors = vectors.reshape(n, 768)
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
    """Return the places of each key, in the order in which keys are first met."""
    found: dict = {}
    for i, key in enumerate(keys):
        found.setdefault(key, []).append(i)
    return list(found.values())
