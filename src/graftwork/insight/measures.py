"""The score that stands for all, as a function of how much each image counts: what resampling needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from graftwork.documents.record import Interval
from graftwork.engine.metrics.bootstrap import bootstrap
from graftwork.engine.metrics.numbers import number_errors
from graftwork.engine.metrics.ranking import Ranking
from graftwork.errors import ShapeError

__all__ = ["Kind", "Measure", "main_measure", "paired_difference"]

Kind = Literal["category", "tags", "number", "anomaly"]
Measure = Callable[[NDArray[np.float64]], float]
"""The score under the weight of each image, (n,); all ones is the data as it is."""


def main_measure(kind: Kind, said: NDArray[np.floating], truth: NDArray[np.generic]) -> Measure:
    """Return the main score of a split as a function of the images' weights.

    Accuracy of classes, mean average precision of tags, mean R² of numbers, area under the ROC curve of
    anomalies; the same numbers as the record's.

    Args:
        kind: of the labels.
        said: probabilities (n, k), numbers (n, m), or scores (n, 1) of anomalies.
        truth: class numbers (n,), tags (n, k), numbers (n, m), or 1 where an image is odd, (n,).

    Raises:
        ShapeError: not as many rows of one as of the other, or none.
    """
    if len(said) != len(truth) or not len(said):
        raise ShapeError(f"As many predictions as labels are wanted, got {len(said)} and {len(truth)}.")
    if kind == "category":
        hits = (said.argmax(1) == truth).astype(np.float64)
        return lambda w: float((w * hits).sum() / w.sum())
    if kind == "number":
        return lambda w: float(number_errors(said, np.asarray(truth, dtype=np.float64), w)[2].mean())
    if kind == "anomaly":
        ranking = Ranking(said.reshape(-1), truth)
        return ranking.auroc
    rankings = [Ranking(p, t) for p, t in zip(said.T, (np.asarray(truth) > 0.5).T, strict=True)]

    def mean_average_precision(weights: NDArray[np.float64]) -> float:
        found = np.array([r.average_precision(weights) for r in rankings])
        usable = found[np.isfinite(found)]
        return float(usable.mean()) if len(usable) else float("nan")

    return mean_average_precision


def paired_difference(one: Measure, other: Measure, num: int, *, seed: int = 0) -> Interval:
    """Return how much more one scores than another on the same images, with its 95 % interval.

    The images are drawn again for both at once, so what makes an image hard for both cancels: the interval
    is narrower than two intervals laid side by side would suggest.

    Args:
        one, other: scores of the same ``num`` images in the same order.
        num: of images, n.
        seed: of the draws.

    Source: Efron & Tibshirani 1993, "An introduction to the bootstrap", chapter 13; paired as in chapter 8.
    """
    return bootstrap(lambda w: {"difference": one(w) - other(w)}, num, seed)["difference"]
