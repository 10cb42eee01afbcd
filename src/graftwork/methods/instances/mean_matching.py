"""Kernel mean matching: weights under which the source's mean in a kernel's space is nearest to the target's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graftwork.errors import UsageError
from graftwork.methods.instances.kernels import gaussian_kernel, median_width
from graftwork.methods.instances.weights import Features, Weights, checked_pair, normalized

__all__ = ["kmm_objective", "kmm_weights"]

_STEPS = 5000
_TOLERANCE = 1e-9


def kmm_weights(
    source: Features,
    target: Features,
    *,
    bound: float = 20.0,
    slack: float | None = None,
    width: float | None = None,
) -> Weights:
    """Return the weights that minimize ½βᵀKβ − κᵀβ with 0 ≤ β ≤ ``bound`` and |mean(β) − 1| ≤ ``slack``.

    Solved by projected gradients with momentum (FISTA with restart); the projection on a box and a slab is exact.

    Args:
        source: features (n, d).
        target: features (m, d).
        bound: largest weight, B in the paper.
        slack: ε in the paper; (√n − 1)/√n if not given, as the paper proposes.
        width: of the Gaussian kernel; the median distance over both domains if not given.

    Returns:
        (n,), not negative, scaled to mean 1.

    Raises:
        UsageError: a bound below one, which no mean of one fits under.
        ShapeError, DataError: as ``checked_pair`` says.

    Source: Huang et al. 2006, "Correcting sample selection bias by unlabeled data", NeurIPS; Beck & Teboulle
    2009 for the solver.
    """
    if bound < 1.0:
        raise UsageError(f"The largest weight must be 1 or more, got {bound:g}.", hint="Take 20 or so.")
    one, other = checked_pair(source, target)
    width = median_width(np.concatenate([one, other])) if width is None else width
    kernel = gaussian_kernel(one, one, width)
    pull = gaussian_kernel(one, other, width).sum(1) * len(one) / len(other)
    root = np.sqrt(len(one))
    slack = (root - 1) / root if slack is None else slack
    return normalized(_solve(kernel, pull, bound, slack))


def kmm_objective(source: Features, target: Features, weights: Weights, width: float) -> float:
    """Return ½βᵀKβ − κᵀβ of weights β (n,): what ``kmm_weights`` makes small."""
    one, other = checked_pair(source, target)
    pull = gaussian_kernel(one, other, width).sum(1) * len(one) / len(other)
    return float(0.5 * weights @ gaussian_kernel(one, one, width) @ weights - pull @ weights)


def _solve(kernel: NDArray[np.float64], pull: NDArray[np.float64], bound: float, slack: float) -> Weights:
    num = len(pull)
    low, high = num * max(0.0, 1.0 - slack), num * (1.0 + slack)
    step = 1.0 / max(_largest_eigenvalue(kernel), 1e-12)
    here = ahead = np.ones(num)
    momentum = 1.0
    for _ in range(_STEPS):
        new = _project(ahead - step * (kernel @ ahead - pull), bound, low, high)
        if (ahead - new) @ (new - here) > 0:  # the momentum points uphill: start it again
            momentum, ahead = 1.0, here
            continue
        grown = (1 + np.sqrt(1 + 4 * momentum * momentum)) / 2
        ahead = new + (momentum - 1) / grown * (new - here)
        if np.abs(new - here).max() < _TOLERANCE * bound:
            return new
        here, momentum = new, grown
    return here


def _largest_eigenvalue(kernel: NDArray[np.float64]) -> float:
    """Return a bound from above: the largest sum of a row of a matrix without negative values."""
    return float(kernel.sum(1).max())


def _project(point: NDArray[np.float64], bound: float, low: float, high: float) -> NDArray[np.float64]:
    """Return the nearest point with all values in [0, bound] and a sum in [low, high]."""
    inside = np.clip(point, 0.0, bound)
    total = inside.sum()
    if low <= total <= high:
        return inside
    wanted = low if total < low else high
    left, right = float(-point.max() - bound), float(bound - point.min())  # sums of 0 and of n·bound
    for _ in range(100):
        middle = (left + right) / 2
        if np.clip(point + middle, 0.0, bound).sum() < wanted:
            left = middle
        else:
            right = middle
    return np.clip(point + right, 0.0, bound)
