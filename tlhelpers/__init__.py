"""Helpers of the transfer-learning course.

Every name below is loaded when it is first used, so that ``import tlhelpers``
takes a few milliseconds and TensorFlow is only loaded by what needs it.
"""

from __future__ import annotations

import importlib

__version__ = "0.1.0"

#: Where each public name lives.  ``tl.load_lab`` is ``tlhelpers.labs.load_lab``.
_HOME = {
    "Lab": "labs",
    "load_imagenet": "imagenet",
    "load_lab": "labs",
    "load_photos": "labs",
    "claim": "claims",
    "load_tensorflow": "start",
    "check": "exercises",
    "hint": "exercises",
    "progress": "exercises",
    "quiz": "exercises",
    "solution": "exercises",
    "draw": "widgets",
    "explore_adaptation": "widgets",
    "explore_freezing": "widgets",
    "explore_labels": "widgets",
    "look_inside": "widgets",
}
_MODULES = (
    "adapt",
    "adapt_loop",
    "adaptation",
    "architectures",
    "backbones",
    "catalogue",
    "claims",
    "course",
    "digits",
    "exercises",
    "fastpath",
    "fetch",
    "features",
    "finetuning",
    "folders",
    "glyphs",
    "identity",
    "imagenet",
    "images",
    "labs",
    "metrics",
    "mirror",
    "own",
    "photos",
    "pictures",
    "plots",
    "progress_file",
    "safe",
    "start",
    "training",
    "validators",
    "widgets",
)

__all__ = ["__version__", *_HOME, *_MODULES]


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return importlib.import_module(f"tlhelpers.{name}")
    if name in _HOME:
        return getattr(importlib.import_module(f"tlhelpers.{_HOME[name]}"), name)
    raise AttributeError(f"tlhelpers has no {name!r}. It has: {', '.join(__all__)}.")


def __dir__() -> list[str]:
    return sorted(__all__)
