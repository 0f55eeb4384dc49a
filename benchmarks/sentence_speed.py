"""How fast MiniLM-L6 turns sentences into rows of numbers: Keras and ONNX Runtime in turn.

The sentences are the first ones of docstrings of installed packages.  All that a caller waits
for is counted: tokens, and what makes the network ready.
"""

from __future__ import annotations

import importlib
import inspect
import sys
import time

import numpy as np

from benchmarks import tables
from tlhelpers.fetching import fetch
from tlhelpers.networks import bert, sentences

COUNT = 1000  # sentences
TURNS = 2  # the quickest of each counts
MODULES = (
    *("numpy", "scipy.stats", "scipy.special", "scipy.signal", "scipy.linalg", "scipy.optimize"),
    *("scipy.ndimage", "sklearn.metrics", "skimage.filters", "keras.ops", "keras.layers"),
)
LEAST, MOST = 8, 24  # words in a sentence


def docstring_sentences(count: int = COUNT) -> list[str]:
    """Return sentences from docstrings, no two of them the same."""
    found: dict[str, None] = {}
    for name in MODULES:
        module = importlib.import_module(name)
        for item in sorted(dir(module)):
            text = inspect.getdoc(getattr(module, item)) or ""
            for paragraph in text.split("\n\n"):
                words = paragraph.split(". ")[0].split()
                if LEAST <= len(words) <= MOST and words[0].isalpha() and ">>>" not in words:
                    found[" ".join(words)] = None
    return list(found)[:count]


def measure_speed() -> tables.Rows | None:
    """Return the rows of the table, or None if the network is not here."""
    try:
        network, tokenizer = bert.load_minilm(), bert.load_tokenizer()
    except fetch.FileNotHere as missing:
        print(missing, file=sys.stderr)
        return None
    texts = docstring_sentences()
    began = time.perf_counter()
    lengths = [len(row) for row in tokenizer.number_rows(texts)]
    cutting = time.perf_counter() - began
    rows: tables.Rows = [
        ("sentences", f"{len(texts):,}, of {np.mean(lengths):.1f} tokens on average"),
        ("tokens cut", f"{len(texts) / cutting:,.0f} sentences/s"),
    ]
    vectors, best = {}, dict.fromkeys(("Keras", "ONNX Runtime"), np.inf)
    for _ in range(TURNS):
        for way in best:
            began = time.perf_counter()
            vectors[way] = sentences.sentence_vectors(
                network, tokenizer, texts, fast=way != "Keras"
            )
            best[way] = min(best[way], time.perf_counter() - began)
    rows += [(way, f"{len(texts) / seconds:.0f} sentences/s") for way, seconds in best.items()]
    difference = np.abs(vectors["Keras"] - vectors["ONNX Runtime"]).max()
    return [*rows, ("largest difference", f"{difference:.1g}")]


if __name__ == "__main__":
    sys.exit(tables.run("sentence_speed", lambda seeds: measure_speed()))
