"""The pieces of the losses: entropy, distances between clouds of features, reversed gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tlhelpers.inputs import (
    read_array,
    read_items,
    read_labels,
    read_number,
    read_probabilities,
    read_rows,
)


def _as_tensor(values: Any, read: Callable[..., Any], *args: Any) -> Any:
    """Let a tensor of a training through as it is; read what a caller gives."""
    from keras import ops

    return values if ops.is_tensor(values) else ops.convert_to_tensor(read(values, *args))


def _rows(values: Any, name: str) -> Any:
    from keras import ops

    return ops.cast(_as_tensor(values, read_rows, name), "float32")


def _answers(values: Any, name: str = "answers") -> Any:
    from keras import ops

    return ops.cast(_as_tensor(values, read_probabilities, name), "float32")


def cross_entropy(labels: Any, answers: Any) -> Any:
    """Return the mean of -log(probability of the right class), as in ordinary training."""
    import keras

    answers = _answers(answers)
    labels = _as_tensor(labels, lambda x: read_labels(x, classes=answers.shape[-1]))
    if labels.shape[0] != answers.shape[0]:
        raise ValueError(f"There are {labels.shape[0]} labels for {answers.shape[0]} answers.")
    return keras.ops.mean(keras.losses.sparse_categorical_crossentropy(labels, answers))


def mean_entropy(answers: Any) -> Any:
    """Return how unsure each answer is, on average: the mean of -sum p log p.

    Examples
    --------
    >>> import numpy as np
    >>> round(float(mean_entropy(np.array([[0.5, 0.5], [1.0, 0.0]]))), 4)
    0.3466
    """
    from keras import ops

    answers = ops.clip(_answers(answers), 1e-7, 1.0)
    return ops.mean(-ops.sum(answers * ops.log(answers), axis=-1))


def coral_distance(a: Any, b: Any) -> Any:
    """Return how far the covariances of two batches of features lie apart.

    The squared differences of all entries, divided by 4 d² for d features.
    It is zero when the features of both domains vary in the same way.

    Parameters
    ----------
    a, b
        Shapes (n, d) and (m, d), at least two rows each.

    References
    ----------
    Sun and Saenko 2016, "Deep CORAL: correlation alignment for deep domain adaptation".

    Examples
    --------
    >>> import numpy as np
    >>> a = np.array([[0.0, 0.0], [2.0, 0.0]])
    >>> float(coral_distance(a, a)), float(coral_distance(a, 0 * a))  # 2² / (4 · 2²)
    (0.0, 0.25)
    """
    from keras import ops

    a, b = _rows(a, "a"), _rows(b, "b")
    _check_columns(a, b)

    def covariance(x: Any) -> Any:
        x = x - ops.mean(x, axis=0, keepdims=True)
        return ops.matmul(ops.transpose(x), x) / (x.shape[0] - 1)

    return ops.sum(ops.square(covariance(a) - covariance(b))) / (4 * a.shape[1] ** 2)


def mmd_distance(a: Any, b: Any, widths: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0, 4.0)) -> Any:
    """Return the squared maximum mean discrepancy of two batches of features.

    Points are compared by kernels exp(-distance² / (width · mean distance²)).
    The result is the mean similarity inside ``a``, plus that inside ``b``,
    minus twice that between them: zero when both are spread out alike.

    Parameters
    ----------
    a, b
        Shapes (n, d) and (m, d).
    widths
        Kernel widths, relative to the mean squared distance of all points.

    References
    ----------
    Gretton et al. 2012, "A kernel two-sample test"; Long et al. 2015, "Learning
    transferable features with deep adaptation networks".

    Examples
    --------
    >>> import numpy as np
    >>> a = np.array([[0.0], [1.0]])
    >>> float(mmd_distance(a, a)), float(mmd_distance(a, a + 5)) > 0.5
    (0.0, True)
    """
    from keras import ops

    a, b = _rows(a, "a"), _rows(b, "b")
    _check_columns(a, b)
    scales = [read_number(width, "A width", above=0) for width in read_items(widths, "widths")]
    both = ops.concatenate([a, b], axis=0)
    norms = ops.sum(ops.square(both), axis=1, keepdims=True)
    squares = ops.maximum(
        norms + ops.transpose(norms) - 2 * ops.matmul(both, ops.transpose(both)), 0
    )
    # The width follows the batch, but nothing is learned by changing the ruler.
    typical = ops.stop_gradient(ops.mean(squares)) + 1e-12
    kernel = sum(ops.exp(-squares / (width * typical)) for width in scales) / len(scales)
    n = a.shape[0]
    inside = ops.mean(kernel[:n, :n]) + ops.mean(kernel[n:, n:])
    return inside - 2 * ops.mean(kernel[:n, n:])


def reverse_gradient(x: Any, amount: Any) -> Any:
    """Return x unchanged, but turn its gradient round: multiply it by -amount.

    What comes after it tries to tell the domains apart; what lies before it
    is pushed the other way.

    References
    ----------
    Ganin et al. 2016, "Domain-adversarial training of neural networks".
    """
    import keras
    from keras import ops

    x = _as_tensor(x, lambda values: read_array(values, "x").astype("float32"))
    amount = _as_tensor(amount, lambda value: np.float32(read_number(value, "amount")))
    amount = ops.cast(amount, keras.backend.standardize_dtype(x.dtype))
    return ops.stop_gradient(x * (1 + amount)) - amount * x


def _check_columns(a: Any, b: Any) -> None:
    if a.shape[1] != b.shape[1]:
        raise ValueError(
            f"a and b must have as many features; got {a.shape[1]} and {b.shape[1]} columns."
        )


def alignment_ratio(source_answers: Any, target_answers: Any) -> Any:
    """Return, for each class, how often the source has it relative to the target.

    Multiplying target answers by it (and making them add up to one again)
    gives classes that the network forgets in the target their share back.

    Parameters
    ----------
    source_answers, target_answers
        Probabilities, shapes (n, classes) and (m, classes).

    References
    ----------
    Berthelot et al. 2022, "AdaMatch: a unified approach to semi-supervised
    learning and domain adaptation".

    Examples
    --------
    >>> import numpy as np
    >>> ratio = alignment_ratio(np.array([[0.5, 0.5]]), np.array([[0.8, 0.2]]))
    >>> [round(float(r), 3) for r in ratio]
    [0.625, 2.5]
    """
    from keras import ops

    source = ops.mean(_answers(source_answers, "source_answers"), axis=0)
    target = ops.mean(_answers(target_answers, "target_answers"), axis=0)
    if source.shape != target.shape:
        raise ValueError(
            "source_answers and target_answers must have as many classes; got "
            f"{source.shape[0]} and {target.shape[0]}."
        )
    return source / ops.maximum(target, 1e-6)
