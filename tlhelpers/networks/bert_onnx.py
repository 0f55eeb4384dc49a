"""Run a BERT in ONNX Runtime: the same numbers, on each core its own texts.

No exporter knows this network, so its graph is written here, from steps that ONNX Runtime
has whole (attention, sum and LayerNormalization, bias and GELU).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tlhelpers.networks import onnx_runtime
from tlhelpers.networks.bert import BLOCK, EPSILON
from tlhelpers.networks.surgery import no_gradients

if TYPE_CHECKING:  # for readers and type checkers only: they take a while to load
    import keras
    import onnx

#: Tokens x parameters from which on it pays: it takes a second to make ready.  This is
#: about 180 sentences for MiniLM.
WORTHWHILE = 1e11
OPSET, FORMAT = 20, 9  # which ONNX Runtime knows since 1.17
_WHOLE = {"Attention", "BiasGelu", "SkipLayerNormalization"}  # steps of its own
_OWN = "com.microsoft"
_PARTS = ("query", "key", "value")

Run = Callable[[dict[str, np.ndarray]], np.ndarray]


def load_fast(network: keras.Model, layers: Sequence[int], sample: dict) -> Run | None:
    """Return a function from tokens to the means of some layers' states, as Keras gives them.

    Parameters
    ----------
    network
        A BERT, with its weights of now.
    layers
        Numbers of layers of states.
    sample
        Tokens of some texts, on which both ways have to agree.

    Returns
    -------
    callable or None
        Several threads may call it.  Its result has the shape (n, layers, width).  None,
        after one line of notice in each session, if ONNX Runtime is absent or gives
        other answers.
    """
    try:
        import onnxruntime

        graph = write_graph(network, layers)
    except ImportError as error:
        onnx_runtime.tell_once(f"ONNX Runtime cannot be loaded ({onnx_runtime.in_short(error)})")
        return None
    session = onnx_runtime.open_session(onnxruntime, graph.SerializeToString())
    if session is None:
        onnx_runtime.tell_once("ONNX Runtime does not take the network")
        return None

    def run(tokens: dict[str, np.ndarray]) -> np.ndarray:
        return np.stack(session.run(None, tokens), axis=1)

    try:
        difference = np.abs(run(sample) - _by_keras(network, layers, sample)).max()
    except Exception as error:  # its errors have no common ancestor
        onnx_runtime.tell_once(f"ONNX Runtime fails ({onnx_runtime.in_short(error)})")
        return None
    if not difference <= onnx_runtime.CLOSE:
        onnx_runtime.tell_once(f"ONNX Runtime differs from Keras by {difference:.2g}")
        return None
    return run


def _by_keras(network: keras.Model, layers: Sequence[int], tokens: dict) -> np.ndarray:
    import keras

    with no_gradients():
        states = [keras.ops.convert_to_numpy(part) for part in network(tokens, training=False)]
    mask = tokens["mask"][..., None].astype(np.float32)
    return np.stack([(states[n] * mask).sum(1) / mask.sum(1) for n in layers], axis=1)


# --------------------------------------------------------------------------- the graph


class _Graph:
    """Steps and numbers of a graph, as they are added."""

    def __init__(self, network: keras.Model) -> None:
        self.network = network
        self.steps: list[onnx.NodeProto] = []
        self.numbers: list[onnx.TensorProto] = []

    def put(self, array: np.ndarray) -> str:
        """Add numbers, and return their name."""
        from onnx import numpy_helper

        name = f"numbers_{len(self.numbers)}"
        self.numbers.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def add(self, step: str, *inputs: str, **settings: Any) -> str:
        """Add a step, and return the name of its result."""
        from onnx import helper

        name = f"result_{len(self.steps)}"
        domain = _OWN if step in _WHOLE else ""
        self.steps.append(helper.make_node(step, inputs, [name], domain=domain, **settings))
        return name

    def weights(self, name: str) -> list[np.ndarray]:
        """Return the two weights of a layer; with LoRA, what it adds to them as well."""
        import keras

        layer = self.network.get_layer(name)
        pair = (layer.kernel, layer.bias) if hasattr(layer, "kernel") else (layer.gamma, layer.beta)
        return [keras.ops.convert_to_numpy(weight) for weight in pair]

    def table(self, name: str) -> np.ndarray:
        """Return the rows of an embedding."""
        import keras

        return keras.ops.convert_to_numpy(self.network.get_layer(f"embeddings.{name}").embeddings)

    def sum_and_norm(self, old: str, new: str, name: str) -> str:
        """Add two states and the bias of a dense layer, and normalise: the end of each half."""
        kernel, bias = self.weights(f"{name}.dense")
        product = self.add("MatMul", new, self.put(kernel))
        gain, shift = map(self.put, self.weights(f"{name}.LayerNorm"))
        inputs = (product, old, gain, shift, self.put(bias))
        return self.add("SkipLayerNormalization", *inputs, epsilon=EPSILON)


def write_graph(network: keras.Model, layers: Sequence[int]) -> onnx.ModelProto:
    """Write a BERT as a graph of ONNX.

    Parameters
    ----------
    network
        A BERT, with its weights of now.
    layers
        Numbers of layers of states; blocks behind the last one are left out.

    Returns
    -------
    onnx.ModelProto
        From ``ids`` and ``mask``, (n, length), int32, to the mean of the states of each of
        these layers, (n, width), float32.
    """
    from onnx import TensorProto, helper

    graph = _Graph(network)
    add, put = graph.add, graph.put
    places = graph.table("position_embeddings") + graph.table("token_type_embeddings")[0]
    words = add("Gather", put(graph.table("word_embeddings")), "ids")
    length = add("Shape", "ids", start=1, end=2)
    summed = add("Add", words, add("Slice", put(places), put(np.array([0])), length))
    gain, shift = map(put, graph.weights("embeddings.LayerNorm"))
    x = add("LayerNormalization", summed, gain, shift, epsilon=EPSILON)
    states = [x]
    heads = network.get_layer(f"{BLOCK}0.attention.self.probabilities").output.shape[1]
    for number in range(max(layers)):
        name = f"{BLOCK}{number}"
        parts = [graph.weights(f"{name}.attention.self.{part}") for part in _PARTS]
        kernels, biases = (put(np.concatenate(both, axis=-1)) for both in zip(*parts, strict=True))
        looked = add("Attention", x, kernels, biases, "mask", num_heads=heads)
        x = graph.sum_and_norm(x, looked, f"{name}.attention.output")
        kernel, bias = map(put, graph.weights(f"{name}.intermediate.dense"))
        inner = add("BiasGelu", add("MatMul", x, kernel), bias)
        x = graph.sum_and_norm(x, inner, f"{name}.output")
        states.append(x)
    mask = add("Cast", "mask", to=TensorProto.FLOAT)
    mask, first = add("Unsqueeze", mask, put(np.array([2]))), put(np.array([1]))
    count = add("ReduceSum", mask, first, keepdims=0)
    sums = [add("ReduceSum", add("Mul", states[n], mask), first, keepdims=0) for n in layers]
    means = [add("Div", total, count) for total in sums]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT32, ["n", "length"])
        for name in ("ids", "mask")
    ]
    shape = ["n", places.shape[1]]
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in means]
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(_OWN, 1)]
    whole = helper.make_graph(graph.steps, "bert", inputs, outputs, graph.numbers)
    return helper.make_model(whole, opset_imports=opsets, ir_version=FORMAT)
