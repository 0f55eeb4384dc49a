"""Work out the table of `tlhelpers.networks.table` from the installed Keras (two minutes)."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from tlhelpers.networks.table import Architecture

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras


def measure_architecture(name: str) -> Architecture:
    """Work out a row of the table from the installed Keras.

    The network is built with its head and without.  What both begin with is
    the backbone, and what is left of the first is the head.

    Parameters
    ----------
    name
        A function of ``keras.applications``.
    """
    import keras
    import numpy as np

    build = getattr(keras.applications, name)
    options: dict[str, Any] = {"weights": None}
    whole = build(**options)
    if None in whole.input_shape[1:]:  # takes pictures of any size; ImageNet's is 224
        options["input_shape"] = (224, 224, 3)
        whole = build(**options)
    layers, parameters, size = _outline(whole), whole.count_params(), whole.input_shape[1]
    del whole
    bare = build(weights=None, include_top=False, pooling="avg", input_shape=(size, size, 3))
    common = [a == b for a, b in zip(layers, _outline(bare), strict=False)]
    head = len(layers) - (common.index(False) if False in common else len(common))
    features = bare.output_shape[-1]
    del bare
    keras.backend.clear_session()
    module = build.__module__.rpartition(".")[2]
    preprocess = sys.modules[build.__module__].preprocess_input
    ends = np.repeat(np.array([0, 255], "float32").reshape(2, 1, 1, 1), 3, axis=3)
    seen = preprocess(ends)
    low, high = round(float(seen.min()), 3), round(float(seen.max()), 3)
    return Architecture(name, size, module, low, high, features, head, parameters)


def _outline(network: keras.Model) -> list[tuple[str, tuple]]:
    """Return the kind and the output shape of each layer; names differ from build to build."""
    outputs = [(type(layer).__name__, layer.output) for layer in network.layers]
    return [(kind, out[0].shape if isinstance(out, list) else out.shape) for kind, out in outputs]


def main() -> None:
    """Print rows of Python, one for each network."""
    argparse.ArgumentParser(
        prog="python -m benchmarks.keras_networks", description=__doc__
    ).parse_args()
    import keras

    for name in sorted(dir(keras.applications)):
        if name[0].isupper():
            print(f"    Architecture{tuple(measure_architecture(name))},", flush=True)


if __name__ == "__main__":
    main()
