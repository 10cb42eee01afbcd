"""What all weights of source images promise: not negative, of mean one, and how many images they leave in effect."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graftwork.errors import DataError, ShapeError

__all__ = ["Features", "Weights", "checked_pair", "effective_number", "normalized"]

Features = NDArray[np.floating]
Weights = NDArray[np.float64]


def checked_pair(source: Features, target: Features) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return both feature matrices as float64.

    Args:
        source: (n, d).
        target: (m, d).

    Raises:
        ShapeError: not two matrices of as many columns, or one without rows.
        DataError: a value is not finite.
    """
    if source.ndim != 2 or target.ndim != 2 or source.shape[1] != target.shape[1]:
        raise ShapeError(
            f"Source and target features of one width are wanted, (n, d) and (m, d), got {source.shape} and "
            f"{target.shape}.",
            hint="Take both from the same wire of the same network.",
        )
    if not len(source) or not len(target):
        raise ShapeError(
            f"Both domains need images, got {len(source)} of the source and {len(target)} of the target."
        )
    one, other = np.asarray(source, dtype=np.float64), np.asarray(target, dtype=np.float64)
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        raise DataError("Some features are not finite.", hint="Look at the base's output for these images.")
    return one, other


def normalized(raw: NDArray[np.floating]) -> Weights:
    """Return weights (n,) clipped at zero and scaled to mean one; ones when nothing is left of them."""
    weights = np.clip(np.asarray(raw, dtype=np.float64), 0.0, None)
    mean = weights.mean()
    return weights / mean if mean > 0 else np.ones_like(weights)


def effective_number(weights: NDArray[np.floating]) -> float:
    """Return how many equally weighted images would vary as little: (Σw)² / Σw², between 1 and n.

    Source: Kish 1965, "Survey sampling".
    """
    total = float(np.square(weights).sum())
    return float(weights.sum()) ** 2 / total if total > 0 else 0.0
