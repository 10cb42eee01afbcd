"""Labels spread over the neighbor graph of a base's features, with a confidence that is checked on hidden labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import NearestNeighbors

__all__ = ["Checked", "Spread", "check_spreading", "neighbor_graph", "spread_labels"]

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]

_NEIGHBORS = 10
_CLAMPING = 0.9
_STEPS = 200
_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Spread:
    """What images are said to be.

    Args:
        labels: (n,), -1 where no labelled image reaches.
        confidence: (n,), share of what arrived that speaks for the label; 0 where nothing arrived.
    """

    labels: Ints
    confidence: NDArray[np.float64]


def neighbor_graph(features: Floats, num: int = _NEIGHBORS) -> csr_array:
    """Return the symmetric graph of nearest neighbors by cosine, weights max(cosine, 0), normalized D^−½·W·D^−½: (n, n).

    Args:
        features: (n, d).
        num: neighbors of each image.
    """
    center = features - features.mean(0)
    rows = center / np.maximum(np.linalg.norm(center, axis=1, keepdims=True), 1e-12)
    near = NearestNeighbors(n_neighbors=min(num + 1, len(rows))).fit(rows)
    distances, places = near.kneighbors(rows)
    at = np.repeat(np.arange(len(rows)), places.shape[1])
    cosines = np.clip(1.0 - distances.ravel() ** 2 / 2, 0.0, None)
    kept = at != places.ravel()
    one_way = csr_array((cosines[kept], (at[kept], places.ravel()[kept])), shape=(len(rows), len(rows)))
    weights = one_way.maximum(one_way.T)
    degree = np.asarray(weights.sum(1)).ravel()
    scale = diags_array(1.0 / np.sqrt(np.maximum(degree, 1e-12)))
    graph: csr_array = (scale @ weights @ scale).tocsr()
    return graph


def spread_labels(graph: csr_array, labels: Ints, num_classes: int, *, clamping: float = _CLAMPING) -> Spread:
    """Return labels for all images: F ← α·S·F + (1 − α)·Y until it stays, S the normalized graph.

    Each class brings as much in all, whether many or few images of it are labelled; labelled images keep their labels.

    Args:
        graph: S, as ``neighbor_graph`` returns it.
        labels: (n,), -1 for images without.
        num_classes: k.
        clamping: α, how much comes from neighbors.

    Source: Zhou et al. 2004, "Learning with local and global consistency", NIPS 16.
    """
    start = np.zeros((len(labels), num_classes))
    known = np.flatnonzero(labels >= 0)
    start[known, labels[known]] = 1.0
    start /= np.maximum(start.sum(0), 1.0)
    found = start
    for _ in range(_STEPS):
        new = clamping * (graph @ found) + (1 - clamping) * start
        done = np.abs(new - found).max() < _TOLERANCE * max(float(new.max()), 1e-300)
        found = new
        if done:
            break
    total = found.sum(1)
    reached = total > 1e-9 * max(float(total.max()), 1e-300)
    said = np.where(reached, found.argmax(1), -1).astype(np.int64)
    confidence = np.where(reached, found.max(1) / np.maximum(total, 1e-300), 0.0)
    said[known], confidence[known] = labels[known], 1.0
    return Spread(said, confidence)


@dataclass(frozen=True)
class Checked:
    """Labelled images whose labels were hidden: what they were said to be.

    Args:
        is_right: (m,).
        confidence: (m,).
    """

    is_right: NDArray[np.bool_]
    confidence: NDArray[np.float64]


def check_spreading(graph: csr_array, labels: Ints, num_classes: int, *, seed: int = 0) -> Checked | None:
    """Hide a part of the labels at a time and spread the others; None where a class has a single labelled image.

    Args:
        graph, labels, num_classes: as of ``spread_labels``.
        seed: of the parts: five, or as many as the rarest class has labelled images.
    """
    known = np.flatnonzero(labels >= 0)
    counts = np.bincount(labels[known], minlength=num_classes)
    fewest = int(counts[counts > 0].min())
    if fewest < 2:
        return None
    right, sure = [], []
    folds = StratifiedKFold(min(5, fewest), shuffle=True, random_state=seed)
    for _, hidden in folds.split(known, labels[known]):
        partly = labels.copy()
        partly[known[hidden]] = -1
        found = spread_labels(graph, partly, num_classes)
        right.append(found.labels[known[hidden]] == labels[known[hidden]])
        sure.append(found.confidence[known[hidden]])
    return Checked(np.concatenate(right), np.concatenate(sure))
