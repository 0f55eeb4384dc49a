"""Adaptation of features alone, for any classifier: CORAL, importance weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from tlhelpers.inputs import read_number, read_rows


def feature_coral(
    source_features: np.ndarray, target_features: np.ndarray, *, ridge: float = 1e-3
) -> np.ndarray:
    """Give source features the mean and the covariance of the target features.

    Train any classifier on the result, and use it on the target.

    Parameters
    ----------
    source_features, target_features
        Shapes (n, d) and (m, d), at least two rows each.
    ridge
        Added to all variances, as a share of the mean variance: keeps directions
        in which nothing varies from being blown up.

    Returns
    -------
    numpy.ndarray
        Shape (n, d): the source features, first whitened and then coloured.

    References
    ----------
    Sun et al. 2016, "Return of frustratingly easy domain adaptation".

    Examples
    --------
    >>> source = np.array([[-1.0], [1.0]])
    >>> feature_coral(source, 5 + 3 * source, ridge=0.0).ravel()
    array([2., 8.])
    """
    source, target = _read_domains(source_features, target_features, at_least=2)
    read_number(ridge, "ridge", least=0)

    def power(x: np.ndarray, exponent: float) -> np.ndarray:
        covariance = np.atleast_2d(np.cov(x, rowvar=False))
        covariance += ridge * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
        values, vectors = np.linalg.eigh(covariance)
        return (vectors * np.maximum(values, 1e-12) ** exponent) @ vectors.T

    return (source - source.mean(axis=0)) @ power(source, -0.5) @ power(target, 0.5) + target.mean(
        axis=0
    )


def importance_weights(
    source_features: np.ndarray, target_features: np.ndarray, *, largest: float = 20.0
) -> np.ndarray:
    """Weigh source examples by how much they look like the target.

    A domain classifier gives each example its chance to be from the target; the
    odds are the weight.  Hand them to ``fit(..., sample_weight=...)``.

    Parameters
    ----------
    source_features, target_features
        Shapes (n, d) and (m, d).
    largest
        No weight is larger than this, before they are made to have mean 1.

    Returns
    -------
    numpy.ndarray
        Shape (n,), positive, mean 1.

    References
    ----------
    Shimodaira 2000, "Improving predictive inference under covariate shift by
    weighting the log-likelihood function"; Bickel, Brückner and Scheffer 2007,
    "Discriminative learning for differing training and test distributions" (the odds of
    a classifier as weights).

    Examples
    --------
    >>> source, target = np.array([[0.0], [1.0]] * 20), np.array([[1.0]] * 20)
    >>> weights = importance_weights(source, target)
    >>> bool(weights[1] > weights[0]), round(float(weights.mean()), 6)
    (True, 1.0)
    """
    from sklearn.linear_model import LogisticRegression

    source, target = _read_domains(source_features, target_features, at_least=1)
    read_number(largest, "largest", above=0)
    x = np.concatenate([source, target])
    domain = np.repeat([0, 1], [len(source), len(target)])
    chance = LogisticRegression(max_iter=1000).fit(x, domain).predict_proba(source)[:, 1]
    odds = chance / np.maximum(1 - chance, 1e-9) * len(source) / len(target)
    weights = np.minimum(odds, largest)
    return weights / weights.mean()


def _read_domains(source: Any, target: Any, *, at_least: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of both domains, if they have the same features."""
    source = read_rows(source, "source_features", at_least=at_least).astype(np.float64)
    target = read_rows(target, "target_features", at_least=at_least).astype(np.float64)
    if source.shape[1] != target.shape[1]:
        raise ValueError(
            "Both domains must have rows of the same features; got shapes "
            f"{source.shape} and {target.shape}."
        )
    return source, target
