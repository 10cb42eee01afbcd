"""Who is near whom: exact neighbors by angle, and how much of that a picture in two dimensions keeps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graftwork.errors import ShapeError
from graftwork.insight.embedding import unit_rows

__all__ = [
    "Neighbors",
    "agreement",
    "nearest",
    "nearest_of_others",
    "nearest_on_plane",
    "trust_of_points",
]

_BATCH = 128

Floats = NDArray[np.floating]
Gaps = Callable[[int, int], NDArray[np.float64]]  # of the queries from .. to ..: distances to all of the bank


@dataclass(frozen=True)
class Neighbors:
    """The k nearest of a bank for each of m rows, nearest first.

    Args:
        positions: in the bank, (m, k); -1 where a row has fewer.
        distances: (m, k), rising; infinite where there is none.
    """

    positions: NDArray[np.int64]
    distances: NDArray[np.float64]


def nearest(queries: Floats, bank: Floats, k: int, *, own: NDArray[np.int64] | None = None) -> Neighbors:
    """Return the k rows of a bank nearest to each query by cosine distance, exactly.

    The distance is 1 minus the cosine: 0 for the same direction, 1 at a right angle (and from a row of
    zeros), 2 for the opposite. Of equal distances the earlier row comes first within the k.

    Args:
        queries: (m, d).
        bank: (n, d).
        k: how many; fewer where the bank is smaller.
        own: (m,), the position of each query in the bank, which is passed over; -1 where it is not in it.

    Raises:
        ShapeError: features of different widths.
    """
    if queries.ndim != 2 or bank.ndim != 2 or queries.shape[1] != bank.shape[1]:
        raise ShapeError(f"Features of one width are wanted, got {queries.shape} and {bank.shape}.")
    units = unit_rows(bank)

    def distances(start: int, stop: int) -> NDArray[np.float64]:
        return _cosine_gaps(unit_rows(queries[start:stop]), units)

    return _smallest(distances, len(queries), len(bank), k, own)


def nearest_of_others(
    features: Floats, groups: NDArray[np.int64], k: int, *, step: Callable[[], object] = lambda: None
) -> Neighbors:
    """Return for each image the k nearest that are not of its own group, by cosine distance; see ``nearest``.

    Args:
        features: (n, d); their mean is taken off first, since what all images share says nothing.
        groups: (n,), the same number for images that belong together, such as copies.
        k: how many; fewer of few images.
        step: called before each block of rows; it may raise to end the work.
    """
    n = len(features)
    mean = features.mean(0, dtype=np.float64).astype(np.float32)
    units = unit_rows(features.astype(np.float32) - mean)

    def distances(start: int, stop: int) -> NDArray[np.float64]:
        step()
        gaps = _cosine_gaps(units[start:stop], units)
        gaps[groups[start:stop, None] == groups[None, :]] = np.inf
        return gaps

    return _smallest(distances, n, n, min(k, n - 1), None)


def _cosine_gaps(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return 1 minus the cosine of each row of length one with each other's, from 0 to 2."""
    return np.clip(1.0 - (one @ other.T).astype(np.float64), 0.0, 2.0)


def nearest_on_plane(
    queries: Floats, bank: Floats, k: int, *, own: NDArray[np.int64] | None = None
) -> Neighbors:
    """Return the k rows of a bank nearest to each query by straight distance; see ``nearest``."""

    def distances(start: int, stop: int) -> NDArray[np.float64]:
        gaps = np.zeros((len(queries[start:stop]), len(bank)))
        for axis in range(bank.shape[1]):
            gaps += np.subtract.outer(queries[start:stop, axis].astype(np.float64), bank[:, axis]) ** 2
        return np.sqrt(gaps)

    return _smallest(distances, len(queries), len(bank), k, own)


def _smallest(distances: Gaps, num: int, size: int, k: int, own: NDArray[np.int64] | None) -> Neighbors:
    k = max(0, min(k, size - (0 if own is None else 1)))
    positions, found = np.zeros((num, k), dtype=np.int64), np.zeros((num, k))
    for start in range(0, num if k else 0, _BATCH):
        stop = min(num, start + _BATCH)
        gaps = distances(start, stop)
        if own is not None:
            mine = own[start:stop]
            rows = np.flatnonzero(mine >= 0)
            gaps[rows, mine[rows]] = np.inf
        near = np.sort(np.argpartition(gaps, max(0, k - 1), axis=1)[:, :k], axis=1)
        near_gaps = np.take_along_axis(gaps, near, axis=1)
        order = np.argsort(near_gaps, axis=1, kind="stable")
        found[start:stop] = np.take_along_axis(near_gaps, order, axis=1)
        near = np.take_along_axis(near, order, axis=1)
        positions[start:stop] = np.where(np.isposinf(found[start:stop]), -1, near)
    return Neighbors(positions, found)


def trust_of_points(features: Floats, points: Floats, k: int) -> NDArray[np.float64]:
    """Return for each image how far its neighbors on the map are its neighbors in the features too, (n,).

    1 where all are; the mean over the images is the trustworthiness of the map. Distances among features
    go by angle.

    Args:
        features: (n, d).
        points: (n, 2).
        k: neighbors; below n / 2.

    Raises:
        ShapeError: k is not below half of the images.

    Source: Venna & Kaski 2001, "Neighborhood preservation in nonlinear projection methods", eq. 1.
    """
    n = len(features)
    if not 0 < k < n / 2:
        raise ShapeError(f"Trustworthiness of {n} images wants fewer than {n / 2:g} neighbors, got {k}.")
    units = unit_rows(features)
    gaps = 1.0 - (units @ units.T).astype(np.float64)
    np.fill_diagonal(gaps, -np.inf)
    ranks = np.empty((n, n), dtype=np.int64)
    order = np.argsort(gaps, axis=1, kind="stable")
    np.put_along_axis(ranks, order, np.arange(n)[None, :], axis=1)  # 0 is the image itself
    on_map = nearest_on_plane(points, points, k, own=np.arange(n)).positions
    excess = np.maximum(0, np.take_along_axis(ranks, on_map, axis=1) - k).sum(1)
    return np.asarray(1.0 - excess * 2.0 / (k * (2 * n - 3 * k - 1)))


def agreement(
    labels: NDArray[np.int64], bank_labels: NDArray[np.int64], near: Neighbors
) -> NDArray[np.float64]:
    """Return the share of each image's neighbors that have its label, (m,).

    Args:
        labels: (m,).
        bank_labels: (n,).
        near: the neighbors of each image in the bank; all of them are there.
    """
    return np.asarray((bank_labels[near.positions] == labels[:, None]).mean(1))
