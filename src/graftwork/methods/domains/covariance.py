"""Correlation alignment: source features get the target's covariance; and the loss that asks for it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from graftwork.errors import ShapeError
from graftwork.methods.instances.weights import Features, checked_pair

__all__ = ["coral", "coral_loss"]


def coral(source: Features, target: Features, *, ridge: float = 1.0) -> NDArray[np.float64]:
    """Return source features (n, d) whitened and coloured anew with the target's covariance, around the target's mean.

    With C + ``ridge``·I of each domain. The paper's features are centred before; here the mean moves too, which
    is the same for features that are.

    Args:
        source: (n, d).
        target: (m, d).
        ridge: added to the diagonals; 1 in the paper, for features of unit variance. Towards 0, the covariances
            of the result and of the target become equal where the source's has full rank.

    Raises:
        ShapeError, DataError: as ``checked_pair`` says.

    Source: Sun, Feng & Saenko 2016, "Return of frustratingly easy domain adaptation", arXiv:1511.05547.
    """
    one, other = checked_pair(source, target)
    centred = one - one.mean(0)
    white = centred @ _power(_covariance(one) + ridge * np.eye(one.shape[1]), -0.5)
    colored: NDArray[np.float64] = white @ _power(_covariance(other) + ridge * np.eye(one.shape[1]), 0.5)
    return np.asarray(colored + other.mean(0))


def _covariance(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = rows - rows.mean(0)
    found: NDArray[np.float64] = centred.T @ centred / max(len(rows) - 1, 1)
    return found


def _power(matrix: NDArray[np.float64], exponent: float) -> NDArray[np.float64]:
    """Return a power of a symmetric matrix; directions without variance stay without."""
    values, vectors = np.linalg.eigh(matrix)
    usable = values > 1e-12 * max(float(values.max()), 1e-300)
    powers = np.where(usable, np.abs(np.where(usable, values, 1.0)) ** exponent, 0.0)
    found: NDArray[np.float64] = (vectors * powers) @ vectors.T
    return found


def coral_loss(source: Tensor, target: Tensor) -> Tensor:
    """Return ‖C_s − C_t‖²_F / (4·d²) of two batches of features (n, d) and (m, d), a scalar.

    The covariances divide by n − 1 as the paper's do. Other programs add the distance of the means: not the paper's.

    Raises:
        ShapeError: another shape, or fewer than two rows of a domain.

    Source: Sun & Saenko 2016, "Deep CORAL: correlation alignment for deep domain adaptation", arXiv:1607.01719.
    """
    if source.ndim != 2 or target.ndim != 2 or source.shape[1] != target.shape[1]:
        raise ShapeError(
            f"Two batches of one width are wanted, got {tuple(source.shape)} and {tuple(target.shape)}."
        )
    if min(len(source), len(target)) < 2:
        raise ShapeError("A covariance wants two images of each domain or more.", hint="Use a larger batch.")
    difference = _batch_covariance(source) - _batch_covariance(target)
    return difference.square().sum() / (4.0 * source.shape[1] ** 2)


def _batch_covariance(rows: Tensor) -> Tensor:
    centred = rows.float() - rows.float().mean(0)
    return centred.T @ centred / (len(rows) - 1)
