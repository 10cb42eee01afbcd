"""Measures of what a network says of the places of one image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graftwork.engine.metrics.masks import IGNORED, mask_counts
from graftwork.errors import ShapeError

__all__ = ["class_overlaps", "peak_of", "wrong_pixels"]


def wrong_pixels(said: NDArray[np.integer], mask: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Return which pixels are said to be of another class, (h, w); those that do not count are not wrong.

    Args:
        said: class of each pixel, (h, w).
        mask: the label, (h, w); 255 does not count.

    Raises:
        ShapeError: shapes differ.
    """
    if said.shape != mask.shape:
        raise ShapeError(f"A mask {mask.shape} cannot be compared with one of shape {said.shape}.")
    wrong: NDArray[np.bool_] = (said != mask) & (mask != IGNORED)
    return wrong


def class_overlaps(
    said: NDArray[np.integer], mask: NDArray[np.integer], num_classes: int
) -> NDArray[np.float64]:
    """Return how each class was met: IoU, share of the label, share of what was said, (k, 3).

    The IoU of a class that is neither there nor said is not a number; so are shares when no pixel counts.

    Args:
        said, mask: as for ``wrong_pixels``.
        num_classes: k.

    Source: Jaccard 1912, "The distribution of the flora in the alpine zone", for the IoU.
    """
    right, there, told = mask_counts(said, mask, num_classes).T.astype(np.float64)
    either = there + told - right
    with np.errstate(invalid="ignore", divide="ignore"):
        found: NDArray[np.float64] = np.stack(
            [np.where(either > 0, right / either, np.nan), there / there.sum(), told / there.sum()], axis=1
        )
    return found


def peak_of(heat: NDArray[np.floating]) -> tuple[float, float]:
    """Return where values are largest: shares of width and height from the top left, of the pixel's middle.

    >>> peak_of(np.array([[0.0, 0.0], [0.0, 1.0]]))
    (0.75, 0.75)
    """
    row, column = np.unravel_index(int(heat.argmax()), heat.shape)
    return float((column + 0.5) / heat.shape[1]), float((row + 0.5) / heat.shape[0])
