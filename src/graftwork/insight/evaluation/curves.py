"""ROC and precision-recall curves of one score against the truth."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graftwork.documents.record import Interval
from graftwork.engine.metrics.bootstrap import bootstrap, interval_of
from graftwork.engine.metrics.ranking import Ranking
from graftwork.errors import ShapeError

__all__ = ["RankCurves", "class_f1", "known", "rank_curves"]

Floats = NDArray[np.floating]
Array = NDArray[np.float64]

_RESAMPLES = 2000
_MOST_POINTS = 200


@dataclass(frozen=True)
class RankCurves:
    """How well a score tells positives from negatives.

    ``false_positive`` and ``true_positive`` are the points of the ROC curve, ``recall`` and ``precision``
    those of the other one, each from the strictest threshold on. A measure is None, and ``reason`` says why,
    where it is not defined.
    """

    num_positive: int
    false_positive: Array
    true_positive: Array
    recall: Array
    precision: Array
    auroc: Interval | None
    average_precision: Interval | None
    reason: str | None


def rank_curves(
    scores: Floats, positive: NDArray[np.generic], *, seed: int = 0, most_points: int = _MOST_POINTS
) -> RankCurves:
    """Return the ROC and precision-recall curves with their areas and 95 % bootstrap intervals.

    Args:
        scores: (n,), high means positive; n >= 1.
        positive: (n,), 0 or 1.
        seed: of the bootstrap over images.
        most_points: points that a curve keeps, evenly along its way; the areas are of all points.

    Raises:
        ShapeError: arrays do not fit, or a score is not a number.

    Source: Fawcett 2006, "An introduction to ROC analysis", algorithm 1; average precision as
    Σ (rise of recall · precision), without interpolation.
    """
    if scores.ndim != 1 or scores.shape != positive.shape or not len(scores):
        raise ShapeError(
            f"Curves want scores (n,) and as many labels, got {scores.shape} and {positive.shape}."
        )
    if not np.isfinite(scores).all():
        raise ShapeError(f"{int((~np.isfinite(scores)).sum())} of {len(scores)} scores are not numbers.")
    ranking = Ranking(scores, positive)
    hits, seen = ranking.sums()
    num_positive = int(hits[-1])
    falls = seen - hits
    reason = _why_not(num_positive, len(scores))
    found = bootstrap(
        lambda w: {"auroc": ranking.auroc(w), "average_precision": ranking.average_precision(w)},
        len(scores),
        seed,
    )
    fpr, tpr = (np.append(0.0, x / max(x[-1], 1.0)) for x in (falls, hits))
    has_both = reason is None
    roc = _thinned(fpr, tpr, most_points) if has_both else (np.empty(0), np.empty(0))
    recall, precision = hits / max(num_positive, 1), hits / seen
    pr = _thinned(recall, precision, most_points) if num_positive else (np.empty(0), np.empty(0))
    return RankCurves(
        num_positive, *roc, *pr, known(found["auroc"]), known(found["average_precision"]), reason
    )


def _why_not(num_positive: int, num: int) -> str | None:
    if num_positive == 0:
        return "No image here belongs to it: there is nothing to find."
    if num_positive == num:
        return "All images here belong to it: there is nothing to tell it from."
    return None


def _thinned(x: Array, y: Array, most: int) -> tuple[Array, Array]:
    """Return at most ``most`` points, evenly along the length of the curve, its ends among them."""
    if len(x) <= most:
        return x, y
    way = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
    kept = np.unique(np.searchsorted(way, np.linspace(0.0, way[-1], most), side="left"))
    kept = np.unique(np.concatenate([[0], kept, [len(x) - 1]]))
    return x[kept], y[kept]


def known(value: Interval) -> Interval | None:
    """Return an interval, None where its value is not a number."""
    return value if math.isfinite(value.value) else None


def class_f1(confusion: NDArray[np.integer], *, seed: int = 0) -> tuple[Interval | None, ...]:
    """Return F1 of each class with its 95 % bootstrap interval; None for classes neither there nor said.

    Args:
        confusion: counts (k, k), row the label, column the predicted label; at least one.
        seed: of the draws: drawing the images again is drawing the cells from a multinomial.

    Source: van Rijsbergen 1979, "Information retrieval", chapter 7; Efron & Tibshirani 1993, "An introduction
    to the bootstrap", chapter 13.
    """
    total = int(confusion.sum())
    if total == 0:
        return (None,) * len(confusion)
    rng = np.random.default_rng(seed)
    draws = rng.multinomial(total, confusion.ravel() / total, size=_RESAMPLES).reshape(-1, *confusion.shape)
    of_all, of_draws = _f1(confusion), _f1(draws)
    pairs = zip(of_all, of_draws.T, strict=True)
    return tuple(known(interval_of(float(value), column)) for value, column in pairs)


def _f1(confusion: NDArray[np.integer]) -> Array:
    both = confusion.sum(-1) + confusion.sum(-2)
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    return np.where(both > 0, 2 * hits / np.maximum(both, 1), np.nan)
