"""Optimal transport of source images onto the target."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from graftwork.methods.instances.weights import Features, checked_pair

__all__ = ["transport"]


def transport(
    source: Features,
    target: Features,
    labels: NDArray[np.int64] | None = None,
    *,
    smoothing: float = 0.02,
    class_penalty: float = 0.1,
) -> NDArray[np.float64]:
    """Return source features moved to where an entropy-smoothed transport plan sends them: (n, d).

    Each row goes to the mean of the target rows that it is sent to (barycentric mapping); squared distances of
    centered domains, divided by their median. Centering leaves the exact plan as it is, and keeps a mere shift from
    making the smoothing coarse. With labels, images of different classes are kept from one target image by a group
    penalty.

    Args:
        source: (n, d).
        target: (m, d).
        labels: classes of the source (n,).
        smoothing: of the entropy, in medians of the cost; 0 is the exact plan.
        class_penalty: of the group term; used with labels and smoothing.

    Raises:
        ShapeError, DataError: as ``checked_pair`` says.

    Source: Courty et al. 2017, "Optimal transport for domain adaptation", arXiv:1507.00504; plans by POT,
    Flamary et al. 2021, JMLR 22.
    """
    import ot

    one, other = checked_pair(source, target)
    cost = cdist(one - one.mean(0), other - other.mean(0), "sqeuclidean")
    cost /= max(float(np.median(cost)), 1e-12)
    here, there = ot.unif(len(one)), ot.unif(len(other))
    if smoothing == 0:
        plan = ot.emd(here, there, cost, numItermax=1_000_000)
    elif labels is None:
        plan = ot.sinkhorn(
            here, there, cost, smoothing, method="sinkhorn_log", numItermax=2000, stopThr=1e-8, warn=False
        )
    else:
        with (
            warnings.catch_warnings()
        ):  # a plan that is nearly balanced is good enough: rows are divided by sums
            warnings.simplefilter("ignore", UserWarning)
            plan = ot.da.sinkhorn_lpl1_mm(
                here, labels, there, cost, smoothing, class_penalty, numInnerItermax=50, stopInnerThr=1e-6
            )
    moved: NDArray[np.float64] = plan @ other / np.maximum(plan.sum(1, keepdims=True), 1e-300)
    return moved
