"""Which images of a large source set to reuse for a target."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from graftwork.errors import UsageError
from graftwork.methods.instances.weights import Features, checked_pair

__all__ = ["Selected", "rank_classes", "select_images"]


@dataclass(frozen=True)
class Selected:
    """Source images in the order in which they were taken.

    Args:
        positions: (k,) in the source.
        distances: (k,), between the target's mean and that of the images taken so far.
    """

    positions: NDArray[np.int64]
    distances: NDArray[np.float64]


def select_images(source: Features, target: Features, num: int) -> Selected:
    """Return the source images that together have the mean nearest to the target's: kernel herding, linear kernel.

    In each step the image is taken after which the mean of all taken ones is nearest. The first are like the
    target; the later ones make up for what the first lack, so they are not copies of one image.

    Args:
        source: (n, d).
        target: (m, d).
        num: how many.

    Raises:
        UsageError: more than there are, or none.
        ShapeError, DataError: as ``checked_pair`` says.

    Source: Chen, Welling & Smola 2010, "Super-samples from kernel herding", UAI; without replacement.
    """
    one, other = checked_pair(source, target)
    if not 1 <= num <= len(one):
        raise UsageError(f"Between 1 and {len(one)} source images can be taken, got {num}.")
    wanted = other.mean(0)
    squares = np.square(one).sum(1)
    along = one @ wanted
    total = np.zeros(one.shape[1])
    free = np.ones(len(one), dtype=bool)
    positions, distances = [], []
    for count in range(1, num + 1):
        # ‖(total + x)/count − wanted‖² up to what does not depend on x
        cost = (squares + 2 * (one @ total)) / count**2 - 2 * along / count
        best = int(np.where(free, cost, np.inf).argmin())
        free[best] = False
        total += one[best]
        positions.append(best)
        distances.append(float(np.linalg.norm(total / count - wanted)))
    return Selected(np.array(positions, dtype=np.int64), np.array(distances))


def rank_classes(
    source: Features,
    labels: NDArray[np.int64],
    target: Features,
    target_labels: NDArray[np.int64] | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the source's classes from nearest to farthest, and exp(−0.01·d) of each.

    d is the distance of the class's mean to the nearest class mean of the target; to the target's mean where it
    has no labels.

    Args:
        source, labels: (n, d) and (n,).
        target: (m, d).
        target_labels: (m,).

    Raises:
        ShapeError, DataError: as ``checked_pair`` says.

    Source: Cui et al. 2018, "Large scale fine-grained categorization and domain-specific transfer learning",
    arXiv:1806.06193: the greedy selection by similarity of single classes.
    """
    one, other = checked_pair(source, target)
    classes = np.unique(labels)
    means = np.stack([one[labels == c].mean(0) for c in classes])
    ends = other.mean(0)[None]
    if target_labels is not None:
        ends = np.stack([other[target_labels == c].mean(0) for c in np.unique(target_labels)])
    near = np.exp(-0.01 * cdist(means, ends).min(1))
    order = np.argsort(-near, kind="stable")
    return classes[order], near[order]
