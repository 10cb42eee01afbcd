"""Scores of rankings: average precision, area under the ROC curve, and those of anomalies."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from graftwork.documents.record import AnomalyScores
from graftwork.engine.metrics.bootstrap import bootstrap
from graftwork.errors import ShapeError

__all__ = ["Ranking", "score_anomalies"]

Floats = NDArray[np.floating]


class Ranking:
    """Images in the order of a score, sorted once and measured under many weights. Equal scores are one place.

    Args:
        scores: (n,), high means positive.
        positive: (n,), 0 or 1.
    """

    def __init__(self, scores: Floats, positive: NDArray[np.generic]) -> None:
        self.order = np.argsort(-scores, kind="stable")
        self.positive = positive[self.order].astype(np.float64)
        ranked = scores[self.order]
        self.last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))  # of each run of equals

    def sums(self, weights: Floats | None = None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the weights of positives and of all images, summed down to the end of each place."""
        w = np.ones(len(self.order)) if weights is None else weights[self.order].astype(np.float64)
        return np.cumsum(w * self.positive)[self.last], np.cumsum(w)[self.last]

    def average_precision(self, weights: Floats | None = None) -> float:
        """Return Σ (recall's rise · precision) from the top down; not a number without positives."""
        hits, seen = self.sums(weights)
        if not len(hits) or hits[-1] == 0:
            return math.nan
        precision = hits / np.maximum(seen, 1e-300)
        return float((np.diff(hits, prepend=0.0) * precision).sum() / hits[-1])

    def auroc(self, weights: Floats | None = None) -> float:
        """Return the chance that a positive lies above a negative, ties half; else not a number.

        Source: Hanley & McNeil 1982, "The meaning and use of the area under a ROC curve".
        """
        hits, seen = self.sums(weights)
        if not len(hits):
            return math.nan
        falls = seen - hits
        if hits[-1] == 0 or falls[-1] == 0:
            return math.nan
        rise = np.diff(hits, prepend=0.0)
        below = falls[-1] - falls + np.diff(falls, prepend=0.0) / 2
        return float((rise * below).sum() / (hits[-1] * falls[-1]))


def score_anomalies(scores: Floats, is_odd: NDArray[np.generic], *, seed: int = 0) -> AnomalyScores:
    """Return how well scores tell odd images from normal ones.

    Args:
        scores: (n,) or (n, 1), n >= 1; high means odd.
        is_odd: (n,), 0 or 1. With one kind only, the scores are not numbers.
        seed: of the bootstrap.

    Raises:
        ShapeError: arrays do not fit.
    """
    flat = scores.reshape(-1)
    if flat.shape != is_odd.shape or len(flat) == 0:
        raise ShapeError(
            f"Scores of anomalies want as many scores as labels, at least 1; got {scores.shape} and "
            f"{is_odd.shape}."
        )
    ranking = Ranking(flat, is_odd)

    def measure(weights: NDArray[np.float64]) -> dict[str, float]:
        return {"auroc": ranking.auroc(weights), "average_precision": ranking.average_precision(weights)}

    return AnomalyScores(
        num_images=len(flat),
        num_odd=int(is_odd.sum()),
        odd_share=float(is_odd.mean()),
        **bootstrap(measure, len(flat), seed),
    )
