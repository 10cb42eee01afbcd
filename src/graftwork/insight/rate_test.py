"""What the losses of a learning-rate range test suggest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["RateReading", "read_rates", "smooth"]

_WIDTH = 0.03
"""Standard deviation of the smoothing, as a share of the updates."""
_LEAST_WIDTH = 2.0
_SURE = 5.0
"""Standard errors by which the loss must change to count: the lowest of a hundred noisy values lies three below."""
_LEAST_SHARE = 0.2
"""Of the updates that the noise is taken from."""


@dataclass(frozen=True)
class RateReading:
    """What a course of losses over rising rates says.

    Args:
        smoothed: losses, averaged over neighbouring updates.
        noise: standard deviation of the losses around that, up to the lowest.
        lowest_at: rate of the lowest smoothed loss.
        steepest: rate where it falls fastest before that; None if it does not fall beyond the noise.
        rises_from: first rate after the lowest from which it stays above where it began, beyond the noise; None if it
            never does.
        suggested: the rate to take; None if the course does not tell.
    """

    smoothed: NDArray[np.float64]
    noise: float
    lowest_at: float
    steepest: float | None
    rises_from: float | None
    suggested: float | None


def smooth(losses: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """Return the mean of all losses, each weighted by a normal density of its distance in updates.

    Args:
        losses: (n,).
        width: standard deviation, in updates.
    """
    at = np.arange(len(losses), dtype=np.float64)
    weights = np.exp(-0.5 * ((at[:, None] - at[None, :]) / width) ** 2)
    mean: NDArray[np.float64] = weights @ losses / weights.sum(axis=1)
    return mean


def read_rates(
    rates: NDArray[np.float64], losses: NDArray[np.float64], *, planned_updates: int | None = None
) -> RateReading:
    """Return what losses at rising rates suggest.

    Where the loss rises again, the suggestion is a tenth of the rate at which it is lowest: there the course is already
    near its end. Where it never does, that end was not seen, and the suggestion is the rate of steepest fall.

    Args:
        rates: (n,), a geometric series.
        losses: (n,), finite, of the update at each rate, before it.
        planned_updates: length of the whole series, when the losses end early; sets the smoothing.

    Raises:
        ValueError: fewer than five losses.
    """
    if len(losses) < 5:
        raise ValueError("five losses are the least that a course can be read from")
    width = max(_LEAST_WIDTH, _WIDTH * (planned_updates or len(losses)))
    smoothed = smooth(losses, width)
    lowest = int(np.argmin(smoothed))
    residuals = (losses - smoothed)[: max(lowest + 1, 5, int(_LEAST_SHARE * len(losses)))]
    noise = float(np.sqrt(np.mean(residuals**2)))
    # A smoothed value averages about width · 2√π losses that are independent of each other.
    change = _SURE * noise * np.sqrt(2.0 / (2.0 * np.sqrt(np.pi) * width))
    start = float(smoothed[0])
    above = smoothed > start + change
    above[: lowest + 1] = False
    last_below = int(np.flatnonzero(~above)[-1])
    rises_from = float(rates[last_below + 1]) if last_below + 1 < len(rates) else None
    if start - float(smoothed[lowest]) <= change:
        return RateReading(smoothed, noise, float(rates[lowest]), None, rises_from, None)
    lowest_at = float(rates[lowest])
    slopes = np.gradient(smoothed[: lowest + 1], np.log(rates[: lowest + 1]))
    steepest = float(rates[int(np.argmin(slopes))])
    has_end = rises_from is not None or smoothed[-1] > smoothed[lowest] + change
    return RateReading(
        smoothed, noise, lowest_at, steepest, rises_from, lowest_at / 10.0 if has_end else steepest
    )
