"""The validation numbers that are watched while training, by the kind of task."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graftwork.documents.record import ScoreKind
from graftwork.engine.metrics.classes import balanced_accuracy, confusion_matrix, log_losses
from graftwork.engine.metrics.masks import IGNORED, mask_counts, mean_iou
from graftwork.engine.metrics.numbers import number_errors
from graftwork.engine.metrics.ranking import Ranking
from graftwork.engine.metrics.tags import mean_average_precision

__all__ = ["LOW_IS_GOOD", "main_metric", "watched"]

LOW_IS_GOOD = frozenset({"loss", "mae", "rmse"})
"""Watched numbers of which the lower is the better."""

Array = NDArray[np.generic]
_MAIN: dict[ScoreKind, str] = {
    "category": "accuracy",
    "number": "r2",
    "tags": "map",
    "mask": "iou",
    "anomaly": "auroc",
}


def main_metric(kind: ScoreKind) -> str:
    """Return the watched number that picks the best checkpoint when nobody chose one; high is good.

    >>> main_metric("number")
    'r2'
    """
    return _MAIN[kind]


def watched(kind: ScoreKind, predictions: NDArray[np.floating], labels: Array) -> dict[str, float]:
    """Return the watched numbers of validation predictions by name; ``loss`` is among them but for anomalies.

    Args:
        kind: of the task.
        predictions: probabilities (n, k), with masks (n, k, h, w); numbers (n, m); anomaly scores (n, 1).
        labels: (n,) classes; (n, m) numbers; (n, k) tags; (n, h, w) masks; (n,) whether an image is odd.

    The loss is the mean of −log of the label's probability; for numbers the mean squared error.
    """
    if kind == "number":
        mae, rmse, r2 = number_errors(predictions, labels.astype(np.float64))
        squared = float((rmse**2).mean())
        return {"loss": squared, "mae": float(mae.mean()), "rmse": float(rmse.mean()), "r2": float(r2.mean())}
    if kind == "tags":
        chosen = np.where(labels.astype(np.float64) > 0.5, predictions, 1.0 - predictions)
        loss = -np.log(np.maximum(chosen, 1e-12)).mean()
        return {"loss": float(loss), "map": mean_average_precision(predictions, labels.astype(np.float64))}
    if kind == "mask":
        return _watched_masks(predictions, labels.astype(np.int64))
    if kind == "anomaly":
        ranking = Ranking(predictions.reshape(-1), labels)
        return {"auroc": ranking.auroc(), "average_precision": ranking.average_precision()}
    known = labels.astype(np.int64)
    predicted = predictions.argmax(1)
    confusion = confusion_matrix(known, predicted, predictions.shape[1])
    return {
        "loss": float(log_losses(predictions, known).mean()),
        "accuracy": float((predicted == known).mean()),
        "balanced_accuracy": float(balanced_accuracy(confusion)),
    }


def _watched_masks(probabilities: NDArray[np.floating], masks: NDArray[np.int64]) -> dict[str, float]:
    counts = mask_counts(probabilities.argmax(1), masks, probabilities.shape[1])
    counted = masks != IGNORED
    chosen = np.take_along_axis(probabilities, np.where(counted, masks, 0)[:, None], axis=1)[:, 0]
    losses = -np.log(np.maximum(chosen[counted], 1e-12))
    total = max(int(counts[:, 1].sum()), 1)
    return {
        "loss": float(losses.sum() / total),
        "iou": mean_iou(counts),
        "accuracy": float(counts[:, 0].sum() / total),
    }
