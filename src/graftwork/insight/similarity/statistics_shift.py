"""How far the statistics that reach a layer lie from those that it keeps from its pretraining."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graftwork.errors import ShapeError

__all__ = ["layer_shift"]

_EPSILON = 1e-5


def layer_shift(
    mean: NDArray[np.floating],
    variance: NDArray[np.floating],
    kept_mean: NDArray[np.floating],
    kept_variance: NDArray[np.floating],
) -> float:
    """Return the root mean square over channels of the Wasserstein-2 distance of two Gaussians, in kept deviations.

    Of a channel √((μ − μ₀)² + (σ − σ₀)²) / σ₀: 0 when the images give the layer what it was trained on; 1 when a
    channel's mean lies one deviation off.

    Args:
        mean, variance: of what reaches the layer now, (c,), over images and places.
        kept_mean, kept_variance: that the layer keeps, (c,).

    Raises:
        ShapeError: not four vectors of one length.

    Source: the distance of Gaussians by Dowson & Landau 1982; batch-norm statistics as a trace of the domain: Li
    et al. 2016, arXiv:1603.04779.
    """
    shapes = {np.shape(v) for v in (mean, variance, kept_mean, kept_variance)}
    if len(shapes) != 1 or len(next(iter(shapes))) != 1:
        raise ShapeError(f"Four vectors of one length are wanted, got {', '.join(map(str, shapes))}.")
    deviation = np.sqrt(np.maximum(variance, 0.0).astype(np.float64) + _EPSILON)
    kept = np.sqrt(np.maximum(kept_variance, 0.0).astype(np.float64) + _EPSILON)
    moved = (mean.astype(np.float64) - kept_mean) / kept
    widened = (deviation - kept) / kept
    return float(np.sqrt(np.mean(moved**2 + widened**2)))
