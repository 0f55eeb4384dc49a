"""Patches of surfaces: brick, grass, gravel and others, out of scikit-image's photographs.

Each class is *one* photograph, so the question is which of these surfaces a patch shows,
and not what any brick looks like.  Patches to learn from and to test on are cut from two
sides of each photograph, with a strip between them that is used for neither.  Brightness
and contrast, which would give a photograph away, are made the same in all patches.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tlhelpers.data.splits import Split
from tlhelpers.inputs import read_choice, read_count, read_seed

#: Name of the class → name of the photograph in ``skimage.data``.
SURFACES = {
    "brick": "brick",
    "grass": "grass",
    "gravel": "gravel",
    "moon": "moon",
    "tissue": "immunohistochemistry",
    "stars": "hubble_deep_field",
    "retina": "retina",
}
SIDE = 512  # pixels of each photograph that are used, from its middle
GREY, SPREAD = 128, 40  # mean and standard deviation of every patch
#: Where the patches to learn from lie → which axis, and whether they lie at its end.
PARTS = {"left": (1, False), "right": (1, True), "top": (0, False), "bottom": (0, True)}


class Textures(NamedTuple):
    """Patches of surfaces.

    Attributes
    ----------
    classes
        The names of the surfaces; label ``i`` means ``classes[i]``.
    train, test
        Images (n, size, size, 3), uint8, grey in three equal colours, and their labels, class
        by class.  The arrays cannot be written to: copy first.
    """

    classes: tuple[str, ...]
    train: Split
    test: Split


def load_textures(
    per_class: int = 40,
    *,
    size: int = 224,
    learn_from: str = "left",
    patch: int = 48,
    seed: int = 0,
) -> Textures:
    """Cut patches at random places out of two sides of each photograph.

    Parameters
    ----------
    per_class
        How many patches of each surface on each side.
    size
        Height and width to bring them to, in pixels.
    learn_from
        The side of the photographs to learn from: ``"left"``, ``"right"``, ``"top"`` or
        ``"bottom"``.  The test has the other one; between them lies a strip as wide as a
        patch.  Patches of one side may overlap.
    patch
        Height and width to cut out, in pixels of the photograph.
    seed
        Which places.

    Returns
    -------
    Textures
        Patches to learn from and to test on.

    Raises
    ------
    ValueError
        If there is no such side, or a patch does not fit.

    Source: photographs of ``skimage.data``, whose documentation says whose each is.

    Examples
    --------
    >>> textures = load_textures(2, size=64)
    >>> textures.train.images.shape, textures.classes[:3]
    ((14, 64, 64, 3), ('brick', 'grass', 'gravel'))
    """
    from PIL import Image

    per_class, size = read_count(per_class, "per_class"), read_count(size, "size", most=2048)
    patch = read_count(patch, "patch", least=8, most=SIDE // 3)
    axis, at_end = PARTS[read_choice(learn_from, "side to learn from", PARTS)]
    rng = np.random.default_rng(read_seed(seed))
    half = (SIDE - patch) // 2  # of the axis, for each side
    found: tuple[list[np.ndarray], list[np.ndarray]] = [], []
    for name in SURFACES.values():
        grey = _surface(name)
        for images, end in zip(found, (at_end, not at_end), strict=True):
            corners = rng.integers(0, SIDE - patch + 1, (per_class, 2))
            corners[:, axis] = rng.integers(0, half - patch + 1, per_class)
            corners[:, axis] += (SIDE - half) * end
            for top, left in corners:
                piece = grey[top : top + patch, left : left + patch]
                picture = Image.fromarray(_even_out(piece))
                picture = picture.resize((size, size), Image.Resampling.BICUBIC)
                images.append(np.asarray(picture))
    labels = np.repeat(np.arange(len(SURFACES)), per_class)
    train, test = (
        Split(np.broadcast_to(np.stack(images)[..., None], (len(labels), size, size, 3)), labels)
        for images in found
    )
    return Textures(tuple(SURFACES), train, test)


def _even_out(grey: np.ndarray) -> np.ndarray:
    """Return a grey picture with the mean and the spread that all patches have.

    Parameters
    ----------
    grey
        Shape (height, width), any numbers.

    Returns
    -------
    numpy.ndarray
        The same shape, uint8.  What would leave 0 to 255 is cut off there.

    Examples
    --------
    >>> _even_out(np.array([[0.0, 1.0]]))
    array([[ 88, 168]], dtype=uint8)
    """
    grey = grey - grey.mean()
    spread = grey.std()
    return np.clip(np.rint(GREY + SPREAD * grey / (spread or 1)), 0, 255).astype(np.uint8)


def _surface(name: str) -> np.ndarray:
    """Return the middle of a photograph as grey, shape (512, 512), float64."""
    import skimage.color
    import skimage.data

    pixels = getattr(skimage.data, name)()
    grey = skimage.color.rgb2gray(pixels) if pixels.ndim == 3 else pixels.astype(np.float64)
    top, left = ((side - SIDE) // 2 for side in grey.shape)
    return grey[top : top + SIDE, left : left + SIDE]
