"""Adaptation of features alone, for any classifier: CORAL, importance weights."""

from __future__ import annotations

import numpy as np


def feature_coral(
    source_features: np.ndarray, target_features: np.ndarray, *, ridge: float = 1e-3
) -> np.ndarray:
    """Give source features the mean and the covariance of the target features.

    Train any classifier on the result, and use it on the target.

    Parameters
    ----------
    source_features, target_features
        Shapes (n, d) and (m, d).
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
    source, target = (np.asarray(x, np.float64) for x in (source_features, target_features))
    if source.ndim != 2 or target.ndim != 2 or source.shape[1] != target.shape[1]:
        raise ValueError(
            "Both domains must have rows of the same features; got shapes "
            f"{source.shape} and {target.shape}."
        )

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
    weighting the log-likelihood function".

    Examples
    --------
    >>> source, target = np.array([[0.0], [1.0]] * 20), np.array([[1.0]] * 20)
    >>> weights = importance_weights(source, target)
    >>> bool(weights[1] > weights[0]), round(float(weights.mean()), 6)
    (True, 1.0)
    """
    from sklearn.linear_model import LogisticRegression

    x = np.concatenate([source_features, target_features])
    domain = np.repeat([0, 1], [len(source_features), len(target_features)])
    chance = LogisticRegression(max_iter=1000).fit(x, domain).predict_proba(x[domain == 0])[:, 1]
    odds = chance / np.maximum(1 - chance, 1e-9) * len(source_features) / len(target_features)
    weights = np.minimum(odds, largest)
    return weights / weights.mean()
