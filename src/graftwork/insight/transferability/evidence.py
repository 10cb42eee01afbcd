"""LogME: how likely the labels are under a linear model on given features, all its weights averaged over."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from graftwork.errors import ShapeError
from graftwork.insight.transferability.given import checked_classes, checked_features

__all__ = ["evidences", "logme", "logme_of_numbers", "logme_of_tags"]

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]

_MAX_STEPS = 1000
_TOLERANCE = 1e-8
_FARTHEST = 1e12
"""How far the ratio of the two precisions may go from the features' own scale."""


def logme(features: Floats, labels: Ints) -> float:
    """Return the logarithm of the maximum evidence of class labels given features, per image.

    Each class against the rest is a target of zeros and ones; the mean over the classes that occur.

    Args:
        features: (n, d), from a base that was not trained on these labels.
        labels: class numbers (n,).

    Returns:
        Natural logarithm of a density, per image: higher is better. It compares bases on the same labels and
        nothing else; there is no value from which on a base is good. Not changed by rotating or scaling the
        features.

    Raises:
        ShapeError: not as many rows as labels.
        DataError: one class only, or features that are not finite.

    Source: You, Liu, Wang & Long 2021, "LogME: practical assessment of pre-trained models for transfer
    learning", arXiv:2102.11005, eq. 2 and algorithm 1.
    """
    places, counts = checked_classes(labels)
    return float(evidences(features, np.eye(len(counts))[places]).mean())


def logme_of_tags(features: Floats, tags: Floats) -> float:
    """Return LogME of tags: each tag that some images have and others do not is a target of zeros and ones.

    Args:
        features: (n, d).
        tags: (n, k), 0 or 1.

    Raises:
        ShapeError: no tag that tells images apart.

    Source: as ``logme``.
    """
    return float(evidences(features, _varying(tags.astype(np.float64))).mean())


def logme_of_numbers(features: Floats, numbers: Floats) -> float:
    """Return LogME of numbers; the mean over the columns that vary.

    Each column is brought to mean 0 and variance 1 first, so that no column outweighs another and the unit
    that a number is given in does not matter.

    Args:
        features: (n, d).
        numbers: (n, m).

    Raises:
        ShapeError: no column varies.

    Source: as ``logme``; regression is treated in section 4.3.
    """
    columns = _varying(numbers.astype(np.float64))
    return float(evidences(features, (columns - columns.mean(0)) / columns.std(0)).mean())


def _varying(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    if columns.ndim != 2 or not columns.size or not (varies := np.ptp(columns, axis=0) > 0).any():
        raise ShapeError(f"Labels (n, m) of which a column varies are wanted, got {columns.shape}.")
    return columns[:, varies]


def evidences(features: Floats, targets: Floats) -> NDArray[np.float64]:
    """Return the logarithm of the maximum evidence of each target, per image, (m,).

    The model is y = F·w + noise with w ~ N(0, 1/α) and noise ~ N(0, 1/β), without an intercept. Evidence is the
    density of y with w averaged out; α and β are those that make it largest, found by MacKay's fixed-point
    iteration, here for the ratio α/β: given that, the best β is known in closed form.

    Where y lies in the space of the features without any rest, the evidence has no upper end; the rest then counts
    as 1e-12 of y's square. Features that are all zero explain nothing, and y is noise.

    Args:
        features: (n, d), of any rank.
        targets: (n, m).

    Source: You et al. 2021, arXiv:2102.11005, algorithm 1; by a singular value decomposition as in You et al.
    2022, "Ranking and tuning pre-trained models", arXiv:2110.10545.
    """
    rows, y = checked_features(features, len(targets)), targets.astype(np.float64)
    largest = np.abs(rows).max()
    left, singular, _ = np.linalg.svd(rows / (largest or 1.0), full_matrices=False)
    kept = singular > singular[0] * max(rows.shape) * np.finfo(np.float64).eps
    powers, along = singular[kept] ** 2, (left[:, kept].T @ y) ** 2  # (r,), (r, m)
    total = (y**2).sum(0)
    rest = np.maximum(total - along.sum(0), total / _FARTHEST)
    if not len(powers):
        return _evidence(np.ones(1), np.zeros((1, y.shape[1])), rest, np.ones(y.shape[1]), len(y))
    return _evidence(powers, along, rest, _best_ratios(powers, along, rest, len(y)), len(y))


def _best_ratios(
    powers: NDArray[np.float64], along: NDArray[np.float64], rest: NDArray[np.float64], n: int
) -> NDArray[np.float64]:
    """Return α/β of each target.

    Args:
        powers: squares of the singular values, (r,).
        along: squares of the targets' parts along the left singular vectors, (r, m).
        rest: squares of what lies outside of them, (m,).
        n: images.
    """
    low, high = powers.max() / _FARTHEST, powers.max() * _FARTHEST
    ratio = np.full(along.shape[1], powers.mean())
    for _ in range(_MAX_STEPS):
        shrunk = powers[:, None] / (ratio + powers[:, None])
        gamma = shrunk.sum(0)  # how many directions the data decide
        weights = (shrunk**2 * along / powers[:, None]).sum(0)  # squared length of the mean of w
        residual = ((1.0 - shrunk) ** 2 * along).sum(0) + rest
        with np.errstate(divide="ignore", over="ignore"):
            new = np.clip(gamma * residual / (weights * np.maximum(n - gamma, 1e-12)), low, high)
        is_settled = np.abs(np.log(new / ratio)).max() < _TOLERANCE
        ratio = new
        if is_settled:
            break
    return ratio


def _evidence(
    powers: NDArray[np.float64],
    along: NDArray[np.float64],
    rest: NDArray[np.float64],
    ratio: NDArray[np.float64],
    n: int,
) -> NDArray[np.float64]:
    """Return the log density per image of y ~ N(0, (I + F·Fᵀ/ratio)/β) at the β that makes it largest."""
    quadratic = (along * (ratio / (ratio + powers[:, None]))).sum(0) + rest
    log_determinant = np.log1p(powers[:, None] / ratio).sum(0) if along.any() else 0.0
    with np.errstate(divide="ignore"):
        log_beta = np.log(n / quadratic)
    found: NDArray[np.float64] = 0.5 * (log_beta - log_determinant / n - 1.0 - math.log(2.0 * math.pi))
    return found
