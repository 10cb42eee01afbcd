"""Density ratios fitted as sums of Gaussians on target images: uLSIF, RuLSIF, KLIEP."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graftwork.methods.instances.kernels import gaussian_kernel, median_width
from graftwork.methods.instances.weights import Features, Weights, checked_pair, normalized

__all__ = ["RatioFit", "kliep_weights", "rulsif_objective", "rulsif_weights", "ulsif_weights"]

_CENTERS = 100
_WIDTHS = (0.25, 0.5, 0.7, 1.0, 1.4, 2.0, 4.0)
"""Widths that are tried, in medians of the distances."""
_PENALTIES = (1e-3, 1e-2, 1e-1, 1.0)
_FOLDS = 5


@dataclass(frozen=True)
class RatioFit:
    """Weights, and the choices that cross-validation made for them.

    Args:
        weights: (n,), not negative, mean 1.
        width: of the Gaussians.
        penalty: of their heights; 0 where the method has none.
    """

    weights: Weights
    width: float
    penalty: float


def ulsif_weights(source: Features, target: Features, *, seed: int = 0) -> RatioFit:
    """Return the density ratio target/source by unconstrained least squares: RuLSIF with α = 0.

    Source: Kanamori, Hido & Sugiyama 2009, "A least-squares approach to direct importance estimation", JMLR 10.
    """
    return rulsif_weights(source, target, alpha=0.0, seed=seed)


def rulsif_weights(source: Features, target: Features, *, alpha: float = 0.1, seed: int = 0) -> RatioFit:
    """Return the relative ratio p_t / (α·p_t + (1 − α)·p_s) at each source image by penalized least squares.

    The heights θ minimize ½θᵀHθ − hᵀθ + λ/2·‖θ‖², H = α·mean φφᵀ over the target + (1 − α)·mean over the
    source, h = mean φ over the target; negative values are cut off afterwards. Bounded by 1/α, so no image can
    take all weight. Width and penalty are chosen by five-fold cross-validation of ½θᵀHθ − hᵀθ.

    Args:
        source: features (n, d).
        target: features (m, d).
        alpha: share of the target in what is divided by, in [0, 1).
        seed: of centres and folds.

    Raises:
        ShapeError, DataError: as ``checked_pair`` says.

    Source: Yamada et al. 2013, "Relative density-ratio estimation for robust distribution comparison", Neural
    Computation 25.
    """
    one, other = checked_pair(source, target)
    centers, median = _centers(one, other, seed)
    folds = _fold_numbers(len(one), seed), _fold_numbers(len(other), seed + 1)
    best: tuple[float, float, float] | None = None
    for factor in _WIDTHS:
        near, far = (gaussian_kernel(rows, centers, factor * median) for rows in (one, other))
        for penalty in _PENALTIES:
            value = _held_out(near, far, folds, alpha, penalty)
            if best is None or value < best[0]:
                best = (value, factor * median, penalty)
    assert best is not None
    _, width, penalty = best
    near, far = gaussian_kernel(one, centers, width), gaussian_kernel(other, centers, width)
    return RatioFit(normalized(near @ _heights(near, far, alpha, penalty)), width, penalty)


def rulsif_objective(
    near: NDArray[np.float64], far: NDArray[np.float64], heights: NDArray[np.float64], alpha: float
) -> float:
    """Return ½θᵀHθ − hᵀθ of heights θ (k,) for kernels of source (n, k) and target (m, k) with the centres."""
    ratio_near, ratio_far = near @ heights, far @ heights
    square = alpha * float(np.mean(ratio_far**2)) + (1 - alpha) * float(np.mean(ratio_near**2))
    return 0.5 * square - float(np.mean(ratio_far))


def _heights(
    near: NDArray[np.float64], far: NDArray[np.float64], alpha: float, penalty: float
) -> NDArray[np.float64]:
    square = alpha * far.T @ far / len(far) + (1 - alpha) * near.T @ near / len(near)
    found = np.linalg.solve(square + penalty * np.eye(square.shape[0]), far.mean(0))
    return np.clip(found, 0.0, None)


def _held_out(
    near: NDArray[np.float64],
    far: NDArray[np.float64],
    folds: tuple[NDArray[np.int64], NDArray[np.int64]],
    alpha: float,
    penalty: float,
) -> float:
    values = []
    for number in range(int(max(folds[0].max(), folds[1].max())) + 1):
        out_near, out_far = folds[0] == number, folds[1] == number
        if not (out_near.any() and out_far.any() and (~out_near).any() and (~out_far).any()):
            continue
        heights = _heights(near[~out_near], far[~out_far], alpha, penalty)
        values.append(rulsif_objective(near[out_near], far[out_far], heights, alpha))
    return float(np.mean(values)) if values else 0.0


def kliep_weights(source: Features, target: Features, *, steps: int = 2000, seed: int = 0) -> RatioFit:
    """Return the ratio w = φθ, θ ≥ 0, that makes mean log w over the target large while mean w over the source is 1.

    Projected gradients as in the paper's algorithm; the width is the one with the largest mean log w over target
    images that the fit did not see, in five folds.

    Args:
        source: features (n, d).
        target: features (m, d).
        steps: of the ascent.
        seed: of centres and folds.

    Raises:
        ShapeError, DataError: as ``checked_pair`` says.

    Source: Sugiyama et al. 2008, "Direct importance estimation with model selection and its application to
    covariate shift adaptation", NeurIPS.
    """
    one, other = checked_pair(source, target)
    centers, median = _centers(one, other, seed)
    fold = _fold_numbers(len(other), seed)
    scores = []
    for factor in _WIDTHS:
        near, far = (gaussian_kernel(rows, centers, factor * median) for rows in (one, other))
        scores.append(_held_out_likelihood(near, far, fold, steps))
    width = median * _WIDTHS[int(np.argmax(scores))]
    near, far = gaussian_kernel(one, centers, width), gaussian_kernel(other, centers, width)
    return RatioFit(normalized(near @ _likeliest(near, far, steps)), width, 0.0)


def _held_out_likelihood(
    near: NDArray[np.float64], far: NDArray[np.float64], fold: NDArray[np.int64], steps: int
) -> float:
    values = []
    for number in range(int(fold.max()) + 1):
        out = fold == number
        if out.any() and (~out).any():
            ratio = far[out] @ _likeliest(near, far[~out], steps)
            values.append(float(np.mean(np.log(np.maximum(ratio, 1e-12)))))
    return float(np.mean(values)) if values else 0.0


def _likeliest(near: NDArray[np.float64], far: NDArray[np.float64], steps: int) -> NDArray[np.float64]:
    """Return the heights of largest mean log ratio over the target, by ascent on the feasible set."""
    mean = near.mean(0)
    heights = _feasible(np.ones(near.shape[1]), mean)
    value = _log_ratio(far, heights)
    rate = 1e3
    for _ in range(steps):
        slope = (far / np.maximum(far @ heights, 1e-12)[:, None]).mean(0)
        new = _feasible(heights + rate * slope, mean)
        found = _log_ratio(far, new)
        if found > value + 1e-12:
            heights, value = new, found
        else:
            rate *= 0.3
            if rate < 1e-6:
                break
    return heights


def _log_ratio(far: NDArray[np.float64], heights: NDArray[np.float64]) -> float:
    return float(np.mean(np.log(np.maximum(far @ heights, 1e-12))))


def _feasible(heights: NDArray[np.float64], mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return heights that are not negative and under which the source's mean ratio is one."""
    square = float(mean @ mean)
    if square > 0:
        heights = heights + mean * (1 - float(mean @ heights)) / square
    heights = np.maximum(heights, 0.0)
    total = float(mean @ heights)
    return heights / total if total > 0 else heights


def _centers(
    source: NDArray[np.float64], target: NDArray[np.float64], seed: int
) -> tuple[NDArray[np.float64], float]:
    """Return where the Gaussians stand, on target images, and the median distance over both domains."""
    median = median_width(np.concatenate([source, target]), seed=seed)
    if len(target) <= _CENTERS:
        return target, median
    return target[np.random.default_rng(seed).choice(len(target), _CENTERS, replace=False)], median


def _fold_numbers(num: int, seed: int) -> NDArray[np.int64]:
    numbers: NDArray[np.int64] = np.random.default_rng(seed).permutation(np.arange(num) % _FOLDS)
    return numbers
