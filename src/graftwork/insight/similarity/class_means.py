"""Similarity of two sets of classes: the work of moving one set of class means onto the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from graftwork.errors import ShapeError

__all__ = ["ClassMeans", "class_means", "class_similarity", "earth_mover_distance"]

GAMMA = 0.01


@dataclass(frozen=True)
class ClassMeans:
    """The means of a domain's classes, and how many images each has.

    Args:
        means: (k, d).
        counts: (k,).
    """

    means: NDArray[np.float64]
    counts: NDArray[np.int64]


def class_means(features: NDArray[np.floating], labels: NDArray[np.integer]) -> ClassMeans:
    """Return the means of the classes that occur among ``labels`` (n,), of features (n, d).

    Raises:
        ShapeError: not as many features as labels, or none.
    """
    if len(features) != len(labels) or not len(labels):
        raise ShapeError(f"A label for each feature is wanted, got {len(features)} and {len(labels)}.")
    classes, counts = np.unique(labels, return_counts=True)
    means = np.stack([features[labels == k].astype(np.float64).mean(0) for k in classes])
    return ClassMeans(means, counts)


def class_similarity(source: ClassMeans, target: ClassMeans) -> float:
    """Return exp(−0.01 · d) of the earth mover's distance d between two sets of class means: 1 for equal ones.

    d grows with the scale of the features, so numbers of different bases cannot be compared.

    Raises:
        ShapeError: features of different widths.

    Source: Cui et al. 2018, "Large scale fine-grained categorization and domain-specific transfer learning",
    arXiv:1806.06193, equations 1 and 2, γ = 0.01.
    """
    return float(np.exp(-GAMMA * earth_mover_distance(source, target)))


def earth_mover_distance(source: ClassMeans, target: ClassMeans) -> float:
    """Return the least mean distance over which the source's images are moved onto the target's, class by class.

    The weight of a class is its share of the images; distances are Euclidean. Solved exactly by POT.

    Raises:
        ShapeError: features of different widths.
    """
    import ot

    if source.means.shape[1] != target.means.shape[1]:
        raise ShapeError(
            f"Class means of one width are wanted, got {source.means.shape[1]} and {target.means.shape[1]}.",
            hint="Take both from the same stage of the same base.",
        )
    cost = cdist(source.means, target.means)
    shares = [one.counts / one.counts.sum() for one in (source, target)]
    return max(0.0, float(ot.emd2(*shares, cost, numItermax=1_000_000)))
