"""k nearest neighbors: what the images most alike say, with nothing fitted at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from graftwork.insight.neighbors import Neighbors, nearest_of_others

__all__ = ["NUM_NEIGHBORS", "said_by_neighbors"]

Floats = NDArray[np.floating]

NUM_NEIGHBORS = 5
"""How many neighbors are asked."""


def said_by_neighbors(
    features: Floats,
    labels: NDArray[Any],
    groups: NDArray[np.int64],
    kind: Literal["category", "tags", "number"],
    *,
    k: int = NUM_NEIGHBORS,
    step: Callable[[], object] = lambda: None,
) -> NDArray[Any]:
    """Return what the k nearest others say of each image; its own group is never asked.

    Nearest by the cosine of features less their mean. Classes: the one that most of the neighbors have, of
    several such the one with the nearest neighbor. Tags: those that more than half of the neighbors have. Numbers:
    the neighbors' mean. An image whose neighbors are all of its own group gets the label that is commonest, no tag,
    or the mean of all.

    Args:
        features: (n, d).
        labels: class numbers (n,), tags or numbers (n, m).
        groups: (n,), the same number for images that belong together, such as copies.
        kind: of the labels.
        k: at most so many neighbors.
        step: called now and then; it may raise to end the work.

    Returns:
        As the labels.

    Source: Cover & Hart 1967, "Nearest neighbor pattern classification"; each image is left out once.
    """
    near = nearest_of_others(features, groups, k, step=step)
    return _voted(labels, near) if kind == "category" else _averaged(labels, near, kind)


def _voted(labels: NDArray[Any], near: Neighbors) -> NDArray[Any]:
    classes, places = np.unique(labels, return_inverse=True)
    there = near.positions >= 0
    votes = np.zeros((len(labels), len(classes)))
    rows = np.arange(len(labels))
    for rank in range(near.positions.shape[1]):
        ok = there[:, rank]
        # A tie goes to the nearest: one vote more for being earlier is always less than a whole vote.
        votes[rows[ok], places[near.positions[ok, rank]]] += 1.0 + 2.0 ** -(rank + 1) * 1e-3
    commonest = np.bincount(places).argmax()
    best = np.where(there.any(1), votes.argmax(1), commonest)
    said: NDArray[Any] = classes[best]
    return said


def _averaged(labels: NDArray[Any], near: Neighbors, kind: str) -> NDArray[np.float64]:
    values = labels.astype(np.float64)
    there = (near.positions >= 0).astype(np.float64)
    num = there.sum(1, keepdims=True)
    sums = (values[near.positions] * there[:, :, None]).sum(1)
    means = np.where(num > 0, sums / np.maximum(num, 1.0), values.mean(0))
    return means if kind == "number" else np.where(num > 0, means > 0.5, False).astype(np.float64)
