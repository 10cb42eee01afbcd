"""Pairs of images that look alike to the base."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graftwork.insight.neighbors import Neighbors

__all__ = ["NUM_NEIGHBORS", "LookAlikes", "find_look_alikes"]

NUM_NEIGHBORS = 10
"""The last of so many says how close images are around here."""
_NUM_CANDIDATES = 5
_LEAST_IMAGES = 20
_DEVIATIONS = 3.5
_LARGEST_SHARE = 0.5

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class LookAlikes:
    """Pairs that lie far closer together than their surroundings.

    Args:
        pairs: (p, 2), i < j, the closest for its surroundings first.
        distances: (p,), as of ``Neighbors``.
        threshold: the largest share of the surroundings' distance that a pair may have; 0 when too few
            images say what is usual.
    """

    pairs: Ints
    distances: NDArray[np.float64]
    threshold: float


def find_look_alikes(neighbors: Neighbors) -> LookAlikes:
    """Return pairs whose distance is a small share of the distance to their tenth neighbors.

    How small is read from the data: the share's logarithm lies 3.5 deviations below the usual one, median
    and median absolute deviation over all images, and it is a half at most: among many images without any
    look-alike some pair is always the closest. A fixed similarity would not do: under one base frames of
    a metal strip are more alike than re-encoded copies of a cloth under another.

    Args:
        neighbors: ``NUM_NEIGHBORS`` of each image, as ``nearest_of_others`` finds them.

    Source: the comparison with a farther neighbor is the ratio test of Lowe 2004, "Distinctive image
    features from scale-invariant keypoints", section 7.1; the cut is that of Iglewicz & Hoaglin 1993, "How
    to detect and handle outliers".
    """
    empty = LookAlikes(np.zeros((0, 2), np.int64), np.zeros(0), 0.0)
    usable = np.isfinite(neighbors.distances).all(1)
    if neighbors.distances.shape[1] < NUM_NEIGHBORS or usable.sum() < _LEAST_IMAGES:
        return empty
    around = np.maximum(neighbors.distances[:, -1], 1e-9)
    usual = np.log(np.maximum(neighbors.distances[usable, 0], 1e-9) / around[usable])
    middle = np.median(usual)
    spread = 1.4826 * np.median(np.abs(usual - middle))
    threshold = min(float(np.exp(middle - _DEVIATIONS * spread)), _LARGEST_SHARE)
    near, gaps = neighbors.positions[:, :_NUM_CANDIDATES], neighbors.distances[:, :_NUM_CANDIDATES]
    i = np.repeat(np.arange(len(near)), near.shape[1])
    j, gap = near.ravel(), gaps.ravel()
    share = np.where(j >= 0, gap / np.minimum(around[i], around[np.maximum(j, 0)]), np.inf)
    found: dict[tuple[int, int], tuple[float, float]] = {}
    for a in np.flatnonzero(share < threshold):
        pair = (int(min(i[a], j[a])), int(max(i[a], j[a])))
        found[pair] = (float(share[a]), float(gap[a]))
    order = sorted(found, key=lambda p: (found[p][0], p))
    pairs = np.array(order, np.int64).reshape(-1, 2)
    return LookAlikes(pairs, np.array([found[p][1] for p in order]), threshold)
