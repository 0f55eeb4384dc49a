"""Checks of pixels: are they what the network was trained on?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from tlhelpers.networks import efficientnet_lite
from tlhelpers.networks.table import ARCHITECTURES
from tlhelpers.transfer.checkup.report import Finding, NotSeen
from tlhelpers.transfer.checkup.subject import CannotSee, Part, Subject, first_inside

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras

AS_IT_WANTS = (
    "Give pixels from 0 to 255 to the preprocess_input of the network's own module "
    "(tl.networks.preprocess_for(name) has it by name), once, and nothing else."
)


def look_at_range(subject: Subject) -> Iterator[Finding | NotSeen]:
    """Find pixels of another range than the network wants, and those that are scaled twice."""
    _want_pictures(subject)
    rescaling = _rescaling(subject)
    if len(rescaling) > 1:
        yield Finding(
            "prepared_twice",
            f"the network rescales pixels in two of its layers, {rescaling[0].name} and "
            f"{rescaling[1].name}",
            "Leave one of them out.",
        )
        return
    for part in subject.parts:
        images = subject.prepared(part)
        arriving = first_inside(subject.model, images)
        if rescaling:
            found = _into_rescaling(part, images, rescaling[0])
        elif arriving is None:
            found = None  # BatchNormalization comes first: it scales anything
        elif subject.family:
            found = _into_known(part, arriving, subject.family)
        else:
            found = _into_unknown(part, arriving)
        if found:
            yield found
            return
    if not rescaling and not subject.family:
        why = "the range that this network was trained on: its layers do not tell"
        yield NotSeen("range", f"{why}. A high accuracy on train is the best sign.")


def _want_pictures(subject: Subject) -> None:
    """Go on only with a network that can be followed, and that takes coloured pictures."""
    if not subject.is_functional:
        raise CannotSee("the network is written as a class: its layers cannot be followed.")
    if len(subject.model.input_shape) != 4 or subject.model.input_shape[-1] != 3:
        raise CannotSee("the network takes no pictures in colour.")


def _rescaling(subject: Subject) -> list[keras.Layer]:
    """Return the layers that take pixels from 0 to 255 and make them small."""
    import keras

    found = []
    for layer in subject.layers:
        if isinstance(layer, keras.layers.Rescaling):
            small = np.max(np.abs(layer.scale)) < 0.1
        elif isinstance(layer, keras.layers.Normalization):
            small = np.max(np.asarray(layer.mean if layer.built else 0)) > 1
        else:
            small = False
        found += [layer] if small else []
    return found


def _into_rescaling(part: Part, images: np.ndarray, layer: keras.Layer) -> Finding | None:
    low, high = float(images.min()), float(images.max())
    if high <= 1 and 0 <= low < high:
        return Finding(
            "range",
            f"{part.name} comes with pixels from {low:.3g} to {high:.3g}, and the layer "
            f"{layer.name} of the network rescales pixels from 0 to 255",
            "Leave out the division by 255: give the pixels as they were.",
        )
    if low < -0.5:
        return Finding(
            "prepared_twice",
            f"{part.name} comes with pixels from {low:.3g} to {high:.3g}, as a preprocess_input "
            f"leaves them, and the layer {layer.name} of the network rescales them once more",
            "Give the pixels as they were, from 0 to 255, or leave out that layer.",
        )
    return None


def _into_unknown(part: Part, arriving: np.ndarray) -> Finding | None:
    low, high = float(arriving.min()), float(arriving.max())
    if high <= 160:  # the widest range of Keras Applications is -124 to 152
        return None
    return Finding(
        "range",
        f"pixels of {part.name} come to the first weights as they are, from {low:.3g} to "
        f"{high:.3g}",
        "Give the network what it was trained on; for a new one, begin it with "
        "keras.layers.Rescaling(1 / 255).",
    )


def bounds(family: str) -> np.ndarray:
    """Return what black and white become for a family: shape (2, 3)."""
    import keras

    module = "vgg16" if family == "vgg19" else family
    black_and_white = np.array([[[[0.0] * 3]], [[[255.0] * 3]]], np.float32)
    if module == efficientnet_lite.MODULE:
        return efficientnet_lite.prepare(black_and_white)[:, 0, 0]
    prepare = getattr(keras.applications, module).preprocess_input
    return np.asarray(prepare(black_and_white, data_format="channels_last"))[:, 0, 0]


def _into_known(part: Part, arriving: np.ndarray, family: str) -> Finding | None:
    """Compare what arrives with what the preprocessing of that family gives."""
    low, high = float(arriving.min()), float(arriving.max())
    black, white = bounds(family)
    # Back to pixels from 0 to 255, if they were prepared as they should be.
    pixels = (arriving - black) / (white - black) * 255
    least, most = float(pixels.min()), float(pixels.max())
    kin = next(row.name for row in ARCHITECTURES.values() if row.module == family)
    seen = (
        f"what comes from {part.name} to the first weights of this network ({kin} or its kin) "
        f"goes from {low:.3g} to {high:.3g}; it wants {black.min():.3g} to {white.max():.3g}"
    )
    twice = least >= 1.2 * black.min() and most <= 1.2 * white.max()
    if twice and least < -0.05:
        return Finding("prepared_twice", f"{seen}: as if it were prepared twice", AS_IT_WANTS)
    wide = white.max() > 100
    narrow = low < high <= 1 and low >= (-1 if wide else 0)
    if narrow and (wide or low < 1 / 255) or least < -50 or most > 300 or most - least < 3:
        return Finding("range", seen, AS_IT_WANTS)
    return None


def look_at_colours(subject: Subject) -> Iterator[Finding | NotSeen]:
    """Find red and blue exchanged, by colours that are sent through, and by what arrives."""
    _want_pictures(subject)
    if not subject.family:
        raise CannotSee("which network it is, and so the order of its colours, is not known.")
    if any(isinstance(item, Finding) for item in look_at_range(subject)):
        raise CannotSee("put the range of the pixels right first.")
    black, white = bounds(subject.family)
    for part in subject.parts:
        order = _order(subject, part)
        wanted = [2, 1, 0] if _is_caffe(black) else [0, 1, 2]
        if order == wanted[::-1]:
            yield Finding(
                "channel_order",
                f"a red picture in place of {part.name}'s comes to the first weights as a blue "
                "one: what stands before them exchanges the colours"
                if order == [2, 1, 0]
                else f"red stays red on its way from {part.name} to the first weights, and this "
                "network was trained with blue first",
                "If the pictures are RGB, as Keras, Pillow and scikit-image read them, give them "
                "to the network's own preprocess_input and exchange nothing yourself.",
            )
            return
        arriving = first_inside(subject.model, subject.prepared(part))
        if arriving is None or not _is_caffe(black):
            continue
        inside = [_fits(arriving, black[::step], white[::step]) for step in (1, -1)]
        if inside == [False, True]:
            yield Finding(
                "channel_order",
                f"the darkest red, green and blue of {part.name} arrive as "
                f"{np.round(arriving.min(axis=(0, 1, 2)), 1).tolist()}, which only fits colours in "
                "the other order",
                AS_IT_WANTS,
            )
            return
    if subject.files is None and not any(part.is_dataset for part in subject.parts):
        yield NotSeen(
            "channel_order",
            "whether the arrays are RGB or BGR (as OpenCV reads files) cannot be told from "
            "numbers alone. files=[...] compares them with their files.",
        )


def _is_caffe(black: np.ndarray) -> bool:
    return bool(black[0] > black[2]) and bool(black.min() < -100)


def _fits(arriving: np.ndarray, black: np.ndarray, white: np.ndarray) -> bool:
    low, high = arriving.min(axis=(0, 1, 2)), arriving.max(axis=(0, 1, 2))
    return bool((low >= black - 0.5).all() and (high <= white + 0.5).all())


def _order(subject: Subject, part: Part) -> list[int] | None:
    """Return as which channel red, green and blue arrive, if that can be tried."""
    images = part.images
    if images.ndim != 4 or images.shape[-1] != 3 or images.min() < 0:
        return None  # they are prepared already
    full = 255 if images.dtype == np.uint8 or images.max() > 1.5 else 1
    colours = np.zeros((4, *images.shape[1:]), images.dtype)
    for channel in range(3):
        colours[channel, ..., channel] = full
    try:
        arriving = first_inside(subject.model, subject.prepare(colours, part.name))
    except ValueError:
        return None  # the function wants real pictures
    if arriving is None or arriving.shape[-1] != 3:
        return None
    means = arriving.reshape(4, -1, 3).mean(axis=1)
    order = np.argmax(means[:3] - means[3], axis=1).tolist()
    return order if sorted(order) == [0, 1, 2] else None


def look_at_grey(subject: Subject) -> Iterator[Finding | NotSeen]:
    """Find pictures of which one or two colours are empty."""
    for part in subject.parts:
        for images in (subject.prepared(part), part.images[:: max(1, len(part.images) // 64)]):
            if images.ndim != 4 or images.shape[-1] != 3:
                continue
            flat = images.reshape(-1, 3).astype(np.float64)
            empty = np.ptp(flat, axis=0) == 0
            if empty.any() and not empty.all():
                yield Finding(
                    "grey",
                    f"of the three colours of {part.name}, {int(empty.sum())} "
                    f"{'is' if empty.sum() == 1 else 'are'} the same number everywhere",
                    "Grey pictures need the same grey three times: "
                    "np.repeat(grey[..., None], 3, axis=-1).",
                )
                return
