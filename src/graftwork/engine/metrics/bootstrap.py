"""Intervals for any score that can be computed from weighted images."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from graftwork.documents.record import Interval
from graftwork.engine.metrics.classes import percentiles

__all__ = ["NUM_RESAMPLES", "bootstrap", "image_weights", "interval_of", "mean_interval"]

NUM_RESAMPLES = 500

Measure = Callable[[NDArray[np.float64]], Mapping[str, float]]


def image_weights(num: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """Yield how often each of ``num`` images is drawn when as many are drawn again, (n,)."""
    rng = np.random.default_rng(seed)
    for _ in range(NUM_RESAMPLES):
        yield np.bincount(rng.integers(num, size=num), minlength=num).astype(np.float64)


def bootstrap(measure: Measure, num: int, seed: int) -> dict[str, Interval]:
    """Return the scores of all images with their percentile bootstrap intervals.

    Args:
        measure: scores by name, from the weight of each image (n,); all ones is the data as it is.
            Draws for which a score is not a number are left out of its interval.
        num: n.
        seed: of the draws.

    Source: Efron & Tibshirani 1993, "An introduction to the bootstrap", chapter 13.
    """
    found = measure(np.ones(num))
    draws = [measure(w) for w in image_weights(num, seed)]
    return {name: interval_of(value, np.array([d[name] for d in draws])) for name, value in found.items()}


def mean_interval(values: NDArray[np.floating], seed: int = 0) -> Interval:
    """Return the mean over images with its 95 % bootstrap interval; values (n,), n >= 1."""
    found = bootstrap(lambda w: {"mean": float(w @ values / w.sum())}, len(values), seed)
    return found["mean"]


def interval_of(value: float, draws: NDArray[np.floating]) -> Interval:
    """Return a value with the middle 95 % of its draws (b,); draws that are no numbers are left out.

    Without any such draw both ends are not numbers.
    """
    usable = draws[np.isfinite(draws)]
    if not math.isfinite(value) or not len(usable):
        return Interval(value=value if math.isfinite(value) else math.nan, low=math.nan, high=math.nan)
    return percentiles(value, usable)
