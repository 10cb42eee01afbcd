"""Scores of masks, from three counts per image and class: no mask has to be kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from graftwork.documents.record import MaskClassScore, MaskScores
from graftwork.engine.metrics.bootstrap import bootstrap
from graftwork.errors import ShapeError

__all__ = ["mask_counts", "mean_iou", "score_masks"]

Ints = NDArray[np.integer]
IGNORED = 255


def mask_counts(predicted: Ints, mask: Ints, num_classes: int) -> NDArray[np.int64]:
    """Return pixels that are right, that are of each class, and that were said to be, (k, 3).

    Args:
        predicted: class of each pixel, any shape.
        mask: the same shape; pixels of value 255 do not count.
        num_classes: k.

    Raises:
        ShapeError: shapes differ.
    """
    if predicted.shape != mask.shape:
        raise ShapeError(f"A mask {mask.shape} cannot be compared with one of shape {predicted.shape}.")
    counts = mask != IGNORED
    truth, said = mask[counts], predicted[counts]
    right = truth[truth == said]
    return np.stack([np.bincount(x, minlength=num_classes) for x in (right, truth, said)], axis=1)


def mean_iou(counts: NDArray[np.generic]) -> float:
    """Return the mean intersection over union over classes there or said, from counts (k, 3)."""
    return _mean(_overlaps(counts)[0])


def score_masks(
    counts: Ints, classes: Sequence[str], *, majority_class: int = 0, seed: int = 0
) -> MaskScores:
    """Return all scores of a split.

    Args:
        counts: (n, k, 3), n >= 1, from ``mask_counts`` for each image.
        classes: k names.
        majority_class: commonest class of the training pixels, for the control.
        seed: of the bootstrap.

    Raises:
        ShapeError: counts do not fit.
    """
    if counts.ndim != 3 or counts.shape[1:] != (len(classes), 3) or len(counts) == 0:
        raise ShapeError(f"Scores of masks want counts (n, {len(classes)}, 3), n >= 1, got {counts.shape}.")
    flat = counts.reshape(len(counts), -1).astype(np.float64)

    def measure(weights: NDArray[np.float64]) -> dict[str, float]:
        total = (weights @ flat).reshape(-1, 3)
        iou, dice = _overlaps(total)
        num_pixels = total[:, 1].sum()
        accuracy = total[:, 0].sum() / num_pixels if num_pixels else np.nan
        return {"mean_iou": _mean(iou), "mean_dice": _mean(dice), "pixel_accuracy": float(accuracy)}

    total = counts.sum(0)
    iou, dice = _overlaps(total)
    return MaskScores(
        num_images=len(counts),
        **bootstrap(measure, len(counts), seed),
        majority_accuracy=float(total[majority_class, 1] / max(int(total[:, 1].sum()), 1)),
        classes=tuple(
            MaskClassScore(name=name, num_pixels=int(total[i, 1]), iou=_known(iou[i]), dice=_known(dice[i]))
            for i, name in enumerate(classes)
        ),
    )


def _overlaps(counts: NDArray[np.generic]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return intersection over union, and Dice, of each class; not a number for absent ones."""
    hits, there, said = counts.astype(np.float64).T
    occurs = there + said > 0
    both = np.where(occurs, there + said, 1.0)
    iou = np.where(occurs, hits / np.where(occurs, both - hits, 1.0), np.nan)
    return iou, np.where(occurs, 2 * hits / both, np.nan)


def _mean(values: NDArray[np.float64]) -> float:
    usable = values[~np.isnan(values)]
    return float(usable.mean()) if len(usable) else float("nan")


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
