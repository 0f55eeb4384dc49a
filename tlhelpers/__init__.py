"""Helpers of the transfer-learning course.

Every name below is loaded when it is first used, so that ``import tlhelpers``
takes a few milliseconds and TensorFlow is only loaded by what needs it.
"""

from __future__ import annotations

import importlib
import os

# Else ONNX Runtime would report to its makers as soon as it is imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__version__ = "0.2.0"

#: Functions and classes: ``tl.load_lab`` is ``tlhelpers.labs.load.load_lab``.
_NAMES = {
    "Lab": "labs.lab",
    "check": "teaching.exercises",
    "checkup": "transfer.checkup",
    "claim": "teaching.claims",
    "code_of": "teaching.source_code",
    "draw": "teaching.widgets",
    "explore_adaptation": "teaching.widgets",
    "explore_analogies": "teaching.widgets",
    "explore_attention": "teaching.widgets",
    "explore_budget": "teaching.widgets",
    "explore_freezing": "teaching.widgets",
    "explore_labels": "teaching.widgets",
    "explore_next_token": "teaching.widgets",
    "hint": "teaching.exercises",
    "load_gpt": "networks.gpt_file",
    "load_imagenet": "teaching.photo_sections",
    "load_lab": "labs.load",
    "load_photos": "teaching.photo_sections",
    "load_tensorflow": "start",
    "look_inside": "teaching.widgets",
    "progress": "teaching.exercises",
    "quiz": "teaching.quizzes",
    "show_code": "teaching.source_code",
    "solution": "teaching.exercises",
}
#: Modules: ``tl.splits`` is ``tlhelpers.data.splits``.
_MODULES = {
    "adaptation": "transfer.adaptation",
    "analogies": "data.analogies",
    "augmentation": "transfer.augmentation",
    "bert": "networks.bert",
    "byte_pairs": "networks.byte_pairs",
    "cost": "networks.cost",
    "cost_table": "networks.cost_table",
    "decoder": "networks.decoder",
    "docstring_sentences": "data.docstring_sentences",
    "docstrings": "data.docstrings",
    "features": "networks.features",
    "fine_tuning": "transfer.fine_tuning",
    "folders": "data.folders",
    "glyphs": "data.glyphs",
    "gpt": "networks.gpt",
    "group_splits": "data.group_splits",
    "image_files": "data.image_files",
    "label_shift": "transfer.label_shift",
    "metrics": "transfer.metrics",
    "networks": "networks",
    "own": "labs.own",
    "picture_datasets": "data.picture_datasets",
    "plots": "plots",
    "rated_sentences": "data.rated_sentences",
    "recipes": "transfer.recipes",
    "sentences": "networks.sentences",
    "sentiment_words": "data.sentiment_words",
    "smollm": "networks.smollm",
    "smollm_tokens": "networks.smollm_tokens",
    "solar": "data.solar",
    "splits": "data.splits",
    "surgery": "networks.surgery",
    "tasks": "transfer.tasks",
    "texts": "data.texts",
    "textures": "data.textures",
    "transferability": "transfer.transferability",
    "validators": "transfer.validators",
    "widgets": "teaching.widgets",
    "word_families": "data.word_families",
    "word_neighbours": "data.word_neighbours",
    "word_vectors": "data.word_vectors",
    "wordpiece": "networks.wordpiece",
}

__all__ = ["__version__", *_NAMES, *_MODULES]


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return importlib.import_module(f"tlhelpers.{_MODULES[name]}")
    if name in _NAMES:
        return getattr(importlib.import_module(f"tlhelpers.{_NAMES[name]}"), name)
    raise AttributeError(f"tlhelpers has no {name!r}. It has: {', '.join(__all__)}.")


def __dir__() -> list[str]:
    return sorted(__all__)
