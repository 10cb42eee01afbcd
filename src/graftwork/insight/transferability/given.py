"""What measures of transferability take, checked."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graftwork.errors import DataError, ShapeError

__all__ = ["checked_classes", "checked_features"]

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]


def checked_features(features: Floats, num_labels: int) -> NDArray[np.float64]:
    """Return features (n, d) in float64, as they are.

    Raises:
        ShapeError: not (n, d), nothing in it, or another number of rows than of labels.
        DataError: a value is not finite.
    """
    if features.ndim != 2 or not features.size or len(features) != num_labels:
        raise ShapeError(
            f"Features (n, d) with a row for each of {num_labels} labels are wanted, got {features.shape}."
        )
    rows = features.astype(np.float64)
    if not np.isfinite(rows).all():
        raise DataError(
            "The features hold values that are not finite.",
            hint="Look at what the base gives for these images: graftwork preview.",
        )
    return rows


def checked_classes(labels: Ints) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the number of each label among the classes that occur, and how often each of these does.

    Numbers that no image has do not count as classes.

    Args:
        labels: class numbers (n,), in any range.

    Raises:
        DataError: fewer than two classes.
    """
    classes, places, counts = np.unique(labels, return_inverse=True, return_counts=True)
    if len(classes) < 2:
        raise DataError(
            f"Transferability is about telling classes apart, and the labels are of {len(classes)} class"
            f"{'es' if not len(classes) else ''}.",
            hint="Add images of another class.",
        )
    return places.reshape(-1).astype(np.int64), counts.astype(np.int64)
