"""H-score and TransRate: how much of what features vary in is a difference between classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.covariance import ledoit_wolf_shrinkage

from graftwork.insight.transferability.given import checked_classes, checked_features

__all__ = ["h_score", "shrunk_h_score", "transrate"]

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]

DISTORTION = 1e-4
"""The ε of TransRate, for features whose squares have the mean sum one."""


def h_score(features: Floats, labels: Ints) -> float:
    """Return the trace of cov(features)⁺ · cov(class mean of each image).

    Computed from left singular vectors: with U those of the centered features, it is the squared length of the
    class means of U, each counted as often as the class has images. Directions in which the features do not
    vary count nothing.

    Args:
        features: (n, d), of any rank.
        labels: class numbers (n,).

    Returns:
        From 0 to min(rank, classes − 1); higher is better. Not changed by any invertible linear map of the
        features. With n ≤ d + 1 it reaches its upper end whatever the features are, and says nothing.

    Raises:
        ShapeError, DataError: shapes that do not fit, one class only, or features that are not finite.

    Source: Bao et al. 2019, "An information-theoretic approach to transferability in task transfer learning",
    ICIP, definition 2.
    """
    places, counts = checked_classes(labels)
    left, _ = _decomposed(checked_features(features, len(labels)))
    return float(_between(left, places, counts).sum())


def shrunk_h_score(features: Floats, labels: Ints) -> float:
    """Return the H-score with Ledoit-Wolf shrinkage of the covariance.

    (1 − a) · trace(((1 − a)·C + a·m·I)⁻¹ · cov(class means)), with C the covariance of the features, m the mean
    of its diagonal and a the shrinkage that Ledoit and Wolf derive. Unlike the plain one it means something
    when there are fewer images than features.

    Args:
        features: (n, d).
        labels: class numbers (n,).

    Returns:
        From 0 to min(rank, classes − 1), never above the plain H-score. Not changed by rotating or scaling the
        features.

    Raises:
        ShapeError, DataError: as ``h_score``.

    Source: Ibrahim, Ponomareva & Mazumder 2021, "Newer is not always better: rethinking transferability
    metrics, their peculiarities, stability and performance", arXiv:2110.06893, section 3.2; Ledoit & Wolf
    2004, "A well-conditioned estimator for large-dimensional covariance matrices".
    """
    places, counts = checked_classes(labels)
    rows = checked_features(features, len(labels))
    left, singular = _decomposed(rows)
    if not len(singular):
        return 0.0
    n, d = rows.shape
    centered = rows - rows.mean(0)
    shrinkage = float(ledoit_wolf_shrinkage(centered / np.abs(centered).max(), assume_centered=True))
    variances = singular**2 / n
    target = variances.sum() / d
    kept = (1.0 - shrinkage) * variances / ((1.0 - shrinkage) * variances + shrinkage * target)
    return float((_between(left, places, counts) * kept).sum())


def transrate(features: Floats, labels: Ints, *, distortion: float = DISTORTION) -> float:
    """Return how many nats fewer it takes to code the features when the classes are known.

    R(Z) − Σ_c n_c/n · R(Z_c), with R(Z) = ½ log det(I + ZᵀZ/(n·ε)); Z are the features less their common mean,
    scaled so that an image's squared length is one on average. The scale is ours: without it, a base with
    larger numbers would win.

    Args:
        features: (n, d).
        labels: class numbers (n,).
        distortion: ε.

    Returns:
        Nats, 0 or more; higher is better. Not changed by rotating or scaling the features.

    Raises:
        ShapeError, DataError: as ``h_score``.

    Source: Huang et al. 2022, "Frustratingly easy transferability estimation", arXiv:2106.09362. Classes are
    weighed by their number of images, which keeps the result at 0 or more; the code printed in the paper counts
    them all alike, the same for classes of one size.
    """
    places, counts = checked_classes(labels)
    rows = checked_features(features, len(labels))
    largest = np.abs(rows).max() or 1.0
    centered = _without_mean(rows / largest)
    length = np.sqrt((centered**2).sum() / len(rows))
    scaled = centered / (length or 1.0)
    parts = sum(c * _rate(scaled[places == k], distortion) for k, c in enumerate(counts)) / len(rows)
    return float(max(0.0, _rate(scaled, distortion) - parts))


def _rate(rows: NDArray[np.float64], distortion: float) -> float:
    singular = np.linalg.svd(rows, compute_uv=False)
    return float(0.5 * np.log1p(singular**2 / (len(rows) * distortion)).sum())


def _without_mean(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return rows less their mean; what rounding leaves of a constant column is taken for zero."""
    centered = rows - rows.mean(0)
    noise = np.abs(rows).max(0) * len(rows) * np.finfo(np.float64).eps
    return np.where(np.abs(centered).max(0) <= noise, 0.0, centered)


def _decomposed(rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return left singular vectors (n, r) and singular values (r,) of centered features of rank r."""
    largest = np.abs(rows).max() or 1.0
    left, singular, _ = np.linalg.svd(_without_mean(rows / largest), full_matrices=False)
    kept = singular > singular[0] * max(rows.shape) * np.finfo(np.float64).eps
    return left[:, kept], singular[kept] * largest


def _between(
    left: NDArray[np.float64], places: NDArray[np.int64], counts: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the share of each direction's variance that lies between the classes, (r,)."""
    sums = np.eye(len(counts))[places].T @ left
    shares: NDArray[np.float64] = (sums**2 / counts[:, None]).sum(0)
    return shares
