"""Sentences as rows of numbers, by BERT: many of them quickly, and who looks at whom in one."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tlhelpers import start
from tlhelpers.inputs import read_count, read_items, read_labels, read_seed, read_text
from tlhelpers.networks import bert_onnx
from tlhelpers.networks.bert import BLOCK, LOOKS, check_vocabulary, read_bert
from tlhelpers.networks.onnx_runtime import count_cores
from tlhelpers.networks.surgery import run_network
from tlhelpers.networks.wordpiece import WordPiece, fill_up

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras
    import tensorflow as tf

PIECE = 512  # tokens handed on at once
COMPILED = 5_000  # tokens from which on Keras had better compile the network first


def sentence_network(network: keras.Model, layer: int | None = None) -> keras.Model:
    """Return the network that gives one row of numbers for each text: the mean of its states.

    Parameters
    ----------
    network
        A BERT, from `bert.load_minilm`; the new network shares its layers.
    layer
        Which states: 0 for the embeddings, 1 for those behind the first block, and so on;
        by default the last.  Blocks behind it are left out.

    Returns
    -------
    keras.Model
        From tokens to shape (n, width).  For a classifier, put a head of Keras on it:
        ``keras.Model(vectors.input, keras.layers.Dense(2, "softmax")(vectors.output))``.

    Examples
    --------
    >>> from tlhelpers.networks.bert import build_bert
    >>> small = build_bert(vocabulary=50, width=8, blocks=2, heads=2, inside=16)
    >>> sentence_network(small, layer=1).output_shape
    (None, 8)
    """
    import keras

    number = _read_layer(read_bert(network), layer)
    mask = keras.ops.cast(network.input["mask"], "bool")
    pool = keras.layers.GlobalAveragePooling1D(name=f"mean_{number}")
    mean = pool(network.outputs[number], mask=mask)
    return keras.Model(network.input, mean, name=f"{network.name}_sentence")


def sentence_vectors(
    network: keras.Model,
    tokenizer: WordPiece,
    texts: Sequence[str],
    *,
    layer: int | Sequence[int] | None = None,
    fast: bool | None = None,
    threads: int | None = None,
) -> np.ndarray:
    """Return one row of numbers for each text: the mean of its tokens' states.

    Texts of like length go through the network together, so that little is filled up.
    Large jobs are given to ONNX Runtime, if it is here, and small ones to Keras; the two
    differ by less than 0.0001.

    Parameters
    ----------
    network
        A BERT, as it is now, fine-tuned or not.
    tokenizer
        With the vocabulary of this network.
    texts
        A list of n texts.
    layer
        Which states: 0 for the embeddings, 1 for those behind the first block, and so on;
        by default the last.  A list of layers, such as ``range(7)``, takes no longer
        than its last one.
    fast
        True for ONNX Runtime, False for Keras; by default the size of the job decides.
    threads
        How many processor cores ONNX Runtime may use; by default, all.

    Returns
    -------
    numpy.ndarray
        Shape (n, width), float32; for a list of layers (n, layers, width).

    Raises
    ------
    TypeError, ValueError
        If texts are no list of texts, or the vocabulary is that of another model.

    Source: Reimers and Gurevych 2019, https://arxiv.org/abs/1908.10084

    Examples
    --------
    >>> from tlhelpers.networks.bert import build_bert
    >>> words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "good", "day"]
    >>> small = build_bert(vocabulary=6, width=8, blocks=2, heads=2, inside=16)
    >>> sentence_vectors(small, WordPiece(words), ["Good day", "A day"]).shape
    (2, 8)
    """
    from tqdm.auto import tqdm

    check_vocabulary(network, tokenizer)
    threads = None if threads is None else read_count(threads, "threads", most=1024)
    if many := isinstance(layer, range | list | tuple | np.ndarray):
        chosen = [_read_layer(network, number) for number in read_items(list(layer), "layer")]
    else:
        chosen = [_read_layer(network, layer)]
    rows = tokenizer.number_rows(texts)
    lengths = [len(row) for row in rows]
    pieces = _pieces(sorted(range(len(rows)), key=lengths.__getitem__), lengths)
    found = np.empty((len(rows), len(chosen), network.outputs[0].shape[-1]), np.float32)
    if not rows:
        return found if many else found[:, 0]
    if fast is None:
        fast = sum(lengths) * network.count_params() >= bert_onnx.WORTHWHILE
    layers = sorted({*chosen})  # one may come twice
    places = [layers.index(number) for number in chosen]
    sample = fill_up([rows[number] for number in pieces[0][:2]])
    quick = bert_onnx.load_fast(network, layers, sample) if fast else None
    run = quick or _run_of_keras(network, layers, sum(lengths))
    workers = (threads or count_cores()) if quick else 1  # Keras shares out each step itself

    def answer(piece: list[int]) -> tuple[list[int], np.ndarray]:
        return piece, run(fill_up([rows[number] for number in piece]))

    # A bar with the time left, for what takes longer than two seconds.
    with (
        tqdm(total=len(rows), desc="sentences", delay=2, leave=False) as bar,
        ThreadPoolExecutor(workers) as pool,
    ):
        for piece, means in pool.map(answer, pieces[::-1]):  # the longest first
            found[piece] = means[:, places]
            bar.update(len(piece))
    return found if many else found[:, 0]


def _run_of_keras(network: keras.Model, layers: list[int], tokens: int) -> bert_onnx.Run:
    """Return a function from tokens to the means of some layers' states."""
    import keras

    means = [sentence_network(network, number).output for number in layers]
    model = keras.Model(network.input, keras.ops.stack(means, axis=1))
    if tokens < COMPILED:
        return lambda batch: run_network(model, batch)
    return model.predict_on_batch


def _pieces(order: list[int], lengths: list[int]) -> list[list[int]]:
    """Cut texts, in the order of their lengths, into pieces of about `PIECE` tokens."""
    pieces: list[list[int]] = []
    for number in order:
        if not pieces or (len(pieces[-1]) + 1) * lengths[number] > PIECE:
            pieces.append([])
        pieces[-1].append(number)
    return pieces


def _read_layer(network: keras.Model, layer: Any) -> int:
    """Return the number of a layer of states, from 0; None is the last."""
    last = len(network.outputs) - 1
    return last if layer is None else read_count(layer, "layer", least=0, most=last)


# ------------------------------------------------------------------------ training


def dataset_of_texts(
    tokenizer: WordPiece,
    texts: Sequence[str],
    labels: Any,
    *,
    batch_size: int = 16,
    shuffle: bool = True,
    seed: int = 0,
) -> tf.data.Dataset:
    """Return texts and their labels as a dataset for ``model.fit``.

    In each batch are texts of like length, so that little is filled up, and training
    takes about half as long.

    Parameters
    ----------
    tokenizer
        Of the network.
    texts
        A list of n texts.
    labels
        The class of each, shape (n,).
    batch_size
        Texts in a batch.
    shuffle
        In another order in each pass; otherwise in that of the list.
    seed
        Which orders.  The same seed gives the same ones.

    Returns
    -------
    tf.data.Dataset
        Batches of tokens, as a BERT takes them, and labels.

    Raises
    ------
    TypeError, ValueError
        If texts are no list of texts, or there is not one label for each.

    Examples
    --------
    >>> words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "good", "day"]
    >>> data = dataset_of_texts(WordPiece(words), ["Good", "Good day"], [0, 1], shuffle=False)
    >>> [labels.numpy().tolist() for tokens, labels in data]
    [[0, 1]]
    """
    start.load_tensorflow()
    import tensorflow as tf

    if not isinstance(tokenizer, WordPiece):
        raise TypeError(f"tokenizer must be a WordPiece; got {type(tokenizer).__name__}.")
    rows, classes = tokenizer.number_rows(texts), read_labels(labels)
    size, seed = read_count(batch_size, "batch_size"), read_seed(seed)
    if len(classes) != len(rows):
        raise ValueError(
            f"labels must have {len(rows)} numbers, one for each text; got {len(classes)}."
        )
    passes = itertools.count()

    def batches() -> Iterator[tuple[dict[str, np.ndarray], np.ndarray]]:
        order = np.arange(len(rows))
        if shuffle:
            rng = np.random.default_rng((seed, next(passes)))
            order = _of_like_length(rng.permutation(order), rows, size)
        parts = [order[first : first + size] for first in range(0, len(order), size)]
        for part in [parts[n] for n in rng.permutation(len(parts))] if shuffle else parts:
            yield fill_up([rows[number] for number in part]), classes[part]

    tokens = tf.TensorSpec((None, None), tf.int32)
    signature = ({"ids": tokens, "mask": tokens}, tf.TensorSpec((None,), tf.int64))
    dataset = tf.data.Dataset.from_generator(batches, output_signature=signature)
    return dataset.apply(tf.data.experimental.assert_cardinality(-(-len(rows) // size)))


def _of_like_length(order: np.ndarray, rows: list[list[int]], size: int) -> np.ndarray:
    """Sort by length within portions of 16 batches: the order of all stays one of chance."""
    portions = [order[first : first + 16 * size] for first in range(0, len(order), 16 * size)]
    lengths = np.array([len(row) for row in rows])
    portions = [part[np.argsort(lengths[part], kind="stable")] for part in portions]
    return np.concatenate(portions) if portions else order


# ----------------------------------------------------------------------- attention


class Attention(NamedTuple):
    """Who looks at whom.

    Attributes
    ----------
    tokens
        Those of the text.
    weights
        Shape (blocks, heads, tokens, tokens): how much each token (row) looks at each
        other one (column).  Every row is 1 in sum.
    """

    tokens: list[str]
    weights: np.ndarray


def attention_of(network: keras.Model, tokenizer: WordPiece, text: str) -> Attention:
    """Return how much each token of a text looks at each other one.

    Parameters
    ----------
    network
        A BERT.
    tokenizer
        With the vocabulary of this network.
    text
        One text.

    Source: Clark et al. 2019, https://arxiv.org/abs/1906.04341 (what heads look at)

    Examples
    --------
    >>> from tlhelpers.networks.bert import build_bert
    >>> words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "good", "day"]
    >>> small = build_bert(vocabulary=6, width=8, blocks=2, heads=2, inside=16)
    >>> attention_of(small, WordPiece(words), "Good day").weights.shape
    (2, 2, 4, 4)
    """
    import keras

    check_vocabulary(network, tokenizer)
    tokens = tokenizer.cut(read_text(text, "text"))
    blocks = range(len(network.outputs) - 1)
    looks = [network.get_layer(f"{BLOCK}{number}{LOOKS}").output for number in blocks]
    watched = keras.Model(network.input, keras.ops.stack(looks, axis=1))
    return Attention(tokens, run_network(watched, tokenizer([text]))[0])
