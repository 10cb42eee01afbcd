"""Gaussian kernels, and a width for them that fits the data."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

__all__ = ["gaussian_kernel", "median_width"]

_SAMPLE = 1000


def gaussian_kernel(
    one: NDArray[np.floating], other: NDArray[np.floating], width: float
) -> NDArray[np.float64]:
    """Return exp(−‖x − y‖² / (2·width²)) of each row x of ``one`` (n, d) with each row y of ``other`` (m, d): (n, m)."""
    kernel: NDArray[np.float64] = np.exp(cdist(one, other, "sqeuclidean") / (-2.0 * width * width))
    return kernel


def median_width(rows: NDArray[np.floating], *, seed: int = 0) -> float:
    """Return the median distance between different rows (n, d), of at most 1,000 drawn ones; 1 when all are equal.

    Source: Gretton et al. 2012, "A kernel two-sample test", JMLR 13, section 8.
    """
    if len(rows) > _SAMPLE:
        rows = rows[np.random.default_rng(seed).choice(len(rows), _SAMPLE, replace=False)]
    apart = cdist(rows, rows)[np.triu_indices(len(rows), 1)]
    apart = apart[apart > 0]
    return float(np.median(apart)) if len(apart) else 1.0
