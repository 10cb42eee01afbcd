"""Exact nearest images by the base's features, and pairs that look alike to the base."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["LookAlikes", "Neighbors", "find_look_alikes", "find_neighbors"]

NUM_NEIGHBORS = 10
_NUM_CANDIDATES = 5
_LEAST_IMAGES = 20
_DEVIATIONS = 3.5
_LARGEST_SHARE = 0.5
_BLOCK_VALUES = 16_000_000

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Neighbors:
    """The nearest images of each image, nearest first; images of its own group are not among them.

    Args:
        indices: (n, m); -1 where an image has fewer.
        distances: (n, m), 1 - cosine of the features less their mean, from 0 to 2; infinite where there
            is none.
    """

    indices: Ints
    distances: NDArray[np.float64]


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


def find_neighbors(
    features: Floats,
    groups: Ints,
    *,
    number: int = NUM_NEIGHBORS,
    step: Callable[[], object] = lambda: None,
) -> Neighbors:
    """Return the nearest images by cosine, by exact search in blocks of bounded memory.

    Args:
        features: (n, d); their mean is taken off, since what all images share says nothing.
        groups: (n,), the same number for copies of one image.
        number: m, at most.
        step: called before each block; it may raise to end the work.
    """
    n = len(features)
    number = min(number, max(0, n - 1))
    unit = _unit(features)
    indices = np.full((n, number), -1, np.int64)
    distances = np.full((n, number), np.inf)
    if number == 0:
        return Neighbors(indices, distances)
    rows = max(1, _BLOCK_VALUES // n)
    for start in range(0, n, rows):
        step()
        block = slice(start, min(n, start + rows))
        gaps = 1.0 - unit[block] @ unit.T
        gaps[groups[block, None] == groups[None, :]] = np.inf
        near = np.argpartition(gaps, number - 1, axis=1)[:, :number]
        values = np.take_along_axis(gaps, near, axis=1)
        order = np.lexsort((near, values))  # ties by position, so that all machines agree
        near, values = np.take_along_axis(near, order, 1), np.take_along_axis(values, order, 1)
        indices[block] = np.where(np.isfinite(values), near, -1)
        distances[block] = np.where(np.isfinite(values), np.maximum(values, 0.0), np.inf)
    return Neighbors(indices, distances)


def _unit(features: Floats) -> NDArray[np.float32]:
    centered = features.astype(np.float32) - features.mean(0, dtype=np.float64).astype(np.float32)
    length = np.linalg.norm(centered, axis=1, keepdims=True)
    unit: NDArray[np.float32] = centered / np.maximum(length, 1e-12)
    return unit


def find_look_alikes(neighbors: Neighbors) -> LookAlikes:
    """Return pairs whose distance is a small share of the distance to their tenth neighbors.

    How small is read from the data: the share's logarithm lies 3.5 deviations below the usual one, median
    and median absolute deviation over all images, and it is a half at most: among many images without any
    look-alike some pair is always the closest. A fixed similarity would not do: under one base frames of
    a metal strip are more alike than re-encoded copies of a cloth under another.

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
    near, gaps = neighbors.indices[:, :_NUM_CANDIDATES], neighbors.distances[:, :_NUM_CANDIDATES]
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
