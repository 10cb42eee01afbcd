"""Learning curves: scores at growing numbers of labels, what they say of labels saved, and how they go on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from graftwork.documents.record import Interval
from graftwork.engine.metrics.bootstrap import image_weights, interval_of
from graftwork.errors import ShapeError
from graftwork.insight.measures import Measure

__all__ = [
    "PowerLaw",
    "Resampled",
    "crossing_interval",
    "fit_power_law",
    "forecast",
    "labels_needed",
    "resample",
]

Floats = NDArray[np.float64]

_TAIL = 0.025
_LEAST_SIZES = 4  # a law of three numbers through three points fits anything
_EXPONENTS = (0.02, 3.0)
_MAX_FITS = 200


@dataclass(frozen=True)
class Resampled:
    """Mean scores of several curves at their sizes, as measured and under many draws of seeds and images.

    Args:
        scores: (curves, sizes); not a number where nothing was measured.
        draws: (draws, curves, sizes).
    """

    scores: NDArray[np.float64]
    draws: NDArray[np.float64]


def resample(measures: Sequence[Sequence[Sequence[Measure | None]]], num: int, *, seed: int = 0) -> Resampled:
    """Draw images and seeds again, for all points of all curves at once.

    All points share the drawn images, and all curves the drawn seeds, so that differences between points have
    the spread that they deserve. With one seed only images are drawn.

    Args:
        measures: by curve, size and seed; None where nothing was measured. All are of the same images.
        num: of images, n.
        seed: of the draws.

    Raises:
        ShapeError: not the same number of sizes and seeds everywhere.

    Source: Efron & Tibshirani 1993, "An introduction to the bootstrap", chapter 8.
    """
    shapes = {(len(curve), len(point)) for curve in measures for point in curve}
    if len(shapes) != 1:
        raise ShapeError(f"Each curve wants the same sizes and seeds, got {sorted(shapes)}.")
    num_seeds = shapes.pop()[1]
    rng = np.random.default_rng([seed, 1])
    draws = []
    for weights in image_weights(num, seed):
        drawn = np.bincount(rng.integers(num_seeds, size=num_seeds), minlength=num_seeds)
        draws.append(_means(measures, weights, drawn.astype(np.float64)))
    return Resampled(_means(measures, np.ones(num), np.ones(num_seeds)), np.stack(draws))


def _means(
    measures: Sequence[Sequence[Sequence[Measure | None]]], weights: Floats, seeds: Floats
) -> NDArray[np.float64]:
    """Return the mean over drawn seeds of each point, (curves, sizes)."""
    return np.array([[_mean(point, weights, seeds) for point in curve] for curve in measures])


def _mean(point: Sequence[Measure | None], weights: Floats, seeds: Floats) -> float:
    pairs = [(m(weights), w) for m, w in zip(point, seeds, strict=True) if m is not None and w > 0]
    usable = [(value, w) for value, w in pairs if math.isfinite(value)]
    whole = sum(w for _, w in usable)
    return sum(value * w for value, w in usable) / whole if whole else math.nan


def labels_needed(sizes: Floats, scores: Floats, target: float) -> float:
    """Return the number of labels with which a curve first reaches a score.

    Between two measured sizes the score is taken as linear in the logarithm of the number of labels.

    Args:
        sizes: numbers of labels, rising, (m,), above 0.
        scores: (m,); points that are not a number are passed over.
        target: the score to reach.

    Returns:
        The number of labels; the first size when the curve starts at or above the target, so that fewer may
        do; infinity when it never gets there; not a number without points or without a target.

    >>> labels_needed(np.array([10.0, 100.0]), np.array([0.5, 0.7]), 0.6).__round__(2)
    31.62
    """
    known = np.isfinite(scores)
    n, s = sizes[known].astype(np.float64), scores[known]
    if not len(s) or not math.isfinite(target):
        return math.nan
    reached = np.flatnonzero(s >= target)
    if not len(reached):
        return math.inf
    i = int(reached[0])
    if i == 0 or s[i] == target:
        return float(n[i])
    step = (target - s[i - 1]) / (s[i] - s[i - 1])
    return float(n[i - 1] * (n[i] / n[i - 1]) ** step)


def crossing_interval(
    sizes: Floats, scores: Floats, draws: Floats, target: float, targets: Floats
) -> Interval:
    """Return the labels with which a curve reaches a score, with a 95 % interval; infinity means never.

    Args:
        sizes: (m,).
        scores: (m,), as measured.
        draws: (b, m), the same under draws.
        target: the score, as measured.
        targets: (b,), the same under the same draws.

    Source: the percentile interval of Efron & Tibshirani 1993, chapter 13.
    """
    value = labels_needed(sizes, scores, target)
    found = np.array([labels_needed(sizes, row, goal) for row, goal in zip(draws, targets, strict=True)])
    found = found[~np.isnan(found)]
    if math.isnan(value) or not len(found):
        return Interval(value=value, low=math.nan, high=math.nan)
    # Steps from draw to draw, as between a number and infinity there is nothing to interpolate.
    low = float(np.quantile(found, _TAIL, method="lower"))
    high = float(np.quantile(found, 1 - _TAIL, method="higher"))
    return Interval(value=value, low=min(low, value), high=max(high, value))


@dataclass(frozen=True)
class PowerLaw:
    """score(n) = top − scale · n^(−exponent)."""

    top: float
    scale: float
    exponent: float

    def at(self, num_labels: float) -> float:
        """Return the score at a number of labels."""
        return float(self.top - self.scale * num_labels**-self.exponent)


def fit_power_law(sizes: Floats, scores: Floats, *, best: float = 1.0) -> PowerLaw | None:
    """Return the inverse power law through a learning curve with the least squared error.

    Args:
        sizes: numbers of labels, (m,), above 0.
        scores: (m,); points that are not a number are passed over.
        best: the score that no curve can pass.

    Returns:
        None with fewer than four points, as a law of three numbers through three says nothing.

    Source: Cortes et al. 1994, "Learning curves: asymptotic values and rate of convergence"; Hestness et al.
    2017, arXiv:1712.00409, for the form on modern networks.
    """
    known = np.isfinite(scores)
    n, s = sizes[known].astype(np.float64), scores[known].astype(np.float64)
    if len(n) < _LEAST_SIZES:
        return None
    grid = np.geomspace(*_EXPONENTS, 41)
    errors = [_law_of(n, s, c, best)[1] for c in grid]
    i = int(np.argmin(errors))
    around = (grid[max(0, i - 1)], grid[min(len(grid) - 1, i + 1)])
    fine = minimize_scalar(lambda c: _law_of(n, s, c, best)[1], bounds=around, method="bounded")
    exponent = float(fine.x) if fine.fun <= errors[i] else float(grid[i])
    return _law_of(n, s, exponent, best)[0]


def _law_of(n: Floats, s: Floats, exponent: float, best: float) -> tuple[PowerLaw, float]:
    """Return the law of an exponent and its squared error: a straight line in n^(−exponent), falling, below best."""
    x = n**-exponent
    x0, s0 = float(x.mean()), float(s.mean())
    spread = float(((x - x0) ** 2).sum())
    scale = max(0.0, -float(((x - x0) * (s - s0)).sum()) / spread) if spread > 0 else 0.0
    top = s0 + scale * x0
    if top > best:
        top, scale = best, max(0.0, float((x * (best - s)).sum() / (x * x).sum()))
    law = PowerLaw(top=top, scale=scale, exponent=float(exponent))
    return law, float(((s - top + scale * x) ** 2).sum())


def forecast(
    sizes: Floats, scores: Floats, draws: Floats, num_labels: float, *, best: float = 1.0
) -> tuple[PowerLaw, Interval] | None:
    """Return the fitted law and the score that it foretells at a number of labels, with a 95 % interval.

    The interval is that of laws fitted to draws of the points. It knows their noise, not whether the law
    goes on to hold.

    Args:
        sizes: (m,).
        scores: (m,), as measured.
        draws: (b, m), the same under draws.
        num_labels: where to.
        best: the score that no curve can pass.

    Returns:
        None with fewer than four points.

    Source: the law is that of ``fit_power_law``; Efron & Tibshirani 1993, chapter 13, for the interval.
    """
    law = fit_power_law(sizes, scores, best=best)
    if law is None:
        return None
    laws = [fit_power_law(sizes, row, best=best) for row in draws[:_MAX_FITS]]
    told = np.array([each.at(num_labels) for each in laws if each is not None])
    return law, interval_of(law.at(num_labels), told)
