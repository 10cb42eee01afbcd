"""Temperature scaling: one number, fitted on validation images, that makes probabilities honest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graftwork.documents.record import Interval
from graftwork.errors import ShapeError

__all__ = ["Temperature", "fit_temperature", "scaled"]

Array = NDArray[np.float64]

_LEAST = 1e-30
_LIMITS = (0.05, 20.0)
_CHI2 = 3.841458820694124  # 95 % point of chi² with one degree of freedom


@dataclass(frozen=True)
class Temperature:
    """A fitted temperature: above 1 the run was too sure, below 1 not sure enough."""

    value: float
    low: float
    high: float
    is_at_limit: bool
    """Whether the fit ran into the end of what is searched, as it does when nothing is told wrong."""

    @property
    def interval(self) -> Interval:
        """With its 95 % interval, from the likelihood."""
        return Interval(value=self.value, low=self.low, high=self.high)


def scaled(probabilities: Array, temperature: float, *, is_each_alone: bool = False) -> Array:
    """Return the probabilities that the logits divided by a temperature give, (n, k).

    Logits are known from probabilities up to a constant, which neither softmax nor sigmoid of a ratio sees.

    Args:
        probabilities: (n, k).
        temperature: > 0.
        is_each_alone: whether each column is a probability of its own (tags), not one of classes.

    Source: Guo et al. 2017, "On calibration of modern neural networks", arXiv:1706.04599, eq. 9.
    """
    logs = np.log(np.maximum(probabilities, _LEAST)) / temperature
    if is_each_alone:
        others = np.log(np.maximum(1.0 - probabilities, _LEAST)) / temperature
        alone: Array = 1.0 / (1.0 + np.exp(np.clip(others - logs, -700, 700)))
        return alone
    raised = np.exp(logs - logs.max(1, keepdims=True))
    shares: Array = raised / raised.sum(1, keepdims=True)
    return shares


def _loss(probabilities: Array, truth: NDArray[np.bool_], temperature: float, is_each_alone: bool) -> float:
    """Return the sum of −log of what is true; concave in 1 / temperature when negated."""
    found = scaled(probabilities, temperature, is_each_alone=is_each_alone)
    if is_each_alone:
        found = np.where(truth, found, 1.0 - found)
        return float(-np.log(np.maximum(found, _LEAST)).sum())
    return float(-np.log(np.maximum(found[truth], _LEAST)).sum())


def fit_temperature(
    probabilities: Array, truth: NDArray[np.bool_], *, is_each_alone: bool = False
) -> Temperature:
    """Return the temperature with the smallest negative log likelihood, with its likelihood interval.

    Args:
        probabilities: of validation images, never of those that it is judged by; (n, k), n >= 1.
        truth: (n, k), exactly one true in a row unless ``is_each_alone``.
        is_each_alone: as ``scaled`` says.

    Raises:
        ShapeError: arrays do not fit.

    Source: Guo et al. 2017, "On calibration of modern neural networks", arXiv:1706.04599, section 4.2;
    the interval is that of Wilks 1938.
    """
    from scipy.optimize import brentq, minimize_scalar

    if probabilities.ndim != 2 or probabilities.shape != truth.shape or not len(truth):
        raise ShapeError(
            f"A temperature wants probabilities (n, k), n >= 1, and their truth, got {probabilities.shape} "
            f"and {truth.shape}."
        )
    low, high = np.log(_LIMITS)

    def loss(log_temperature: float) -> float:
        return _loss(probabilities, truth, float(np.exp(log_temperature)), is_each_alone)

    best = float(minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-7}).x)
    least = loss(best)

    def above(log_temperature: float) -> float:
        return 2.0 * (loss(log_temperature) - least) - _CHI2

    ends = [low if above(low) <= 0 else brentq(above, low, best, xtol=1e-6)]
    ends += [high if above(high) <= 0 else brentq(above, best, high, xtol=1e-6)]
    value, first, last = (float(np.exp(x)) for x in (best, *ends))
    return Temperature(value, first, last, bool(min(best - low, high - best) < 1e-3))
