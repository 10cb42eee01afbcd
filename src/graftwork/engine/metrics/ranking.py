"""Scores of rankings: average precision, area under the ROC curve, and those of anomalies."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from graftwork.documents.record import AnomalyScores, Interval
from graftwork.engine.metrics.bootstrap import bootstrap
from graftwork.engine.metrics.classes import wilson
from graftwork.errors import ShapeError

__all__ = ["Ranking", "pixel_auroc", "score_anomalies"]

Floats = NDArray[np.floating]
_BINS = 2000


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


def pixel_auroc(
    maps: Floats, is_odd: NDArray[np.bool_], counts: NDArray[np.bool_], *, seed: int = 0
) -> Interval:
    """Return the chance that an odd pixel scores above a normal one; bootstrap over images.

    Scores are brought into 2,000 equally filled bins, and pixels of one bin count as equal: the value is exact
    to about 1/2000.

    Args:
        maps: score of each pixel, (n, h, w).
        is_odd: (n, h, w).
        counts: whether a pixel counts, (n, h, w).
        seed: of the bootstrap.
    """
    edges = np.unique(np.quantile(maps, np.linspace(0, 1, _BINS + 1)))[1:-1]
    places = np.searchsorted(edges, maps, side="right")
    num = len(edges) + 1
    held = np.zeros((len(maps), 2, num))  # normal and odd pixels of each image in each bin
    for i, (bins, odd, known) in enumerate(zip(places, is_odd, counts, strict=True)):
        held[i, 0] = np.bincount(bins[known & ~odd], minlength=num)
        held[i, 1] = np.bincount(bins[known & odd], minlength=num)

    def measure(weights: NDArray[np.float64]) -> dict[str, float]:
        normal, odd = np.tensordot(weights, held, 1)
        pairs = normal.sum() * odd.sum()
        above = (odd * (np.cumsum(normal) - normal / 2)).sum()
        return {"auroc": float(above / pairs) if pairs else math.nan}

    return bootstrap(measure, len(maps), seed)["auroc"]


def score_anomalies(
    scores: Floats,
    is_odd: NDArray[np.generic],
    *,
    threshold: float | None = None,
    quantile: float | None = None,
    seed: int = 0,
) -> AnomalyScores:
    """Return how well scores tell odd images from normal ones.

    Args:
        scores: (n,) or (n, 1), n >= 1; high means odd.
        is_odd: (n,), 0 or 1. With one kind only, the scores are not numbers.
        threshold: score from which on an image counts as odd; None: there is none.
        quantile: of normal validation images that it was taken from.
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

    odd = np.asarray(is_odd).astype(bool)
    said = flat >= threshold if threshold is not None else None
    return AnomalyScores(
        num_images=len(flat),
        threshold=threshold,
        quantile=quantile if threshold is not None else None,
        recall=wilson(int((said & odd).sum()), int(odd.sum())) if said is not None and odd.any() else None,
        false_alarms=(
            wilson(int((said & ~odd).sum()), int((~odd).sum())) if said is not None and (~odd).any() else None
        ),
        num_odd=int(is_odd.sum()),
        odd_share=float(is_odd.mean()),
        **bootstrap(measure, len(flat), seed),
    )
