"""Images that look like no other image of the set to the base."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from graftwork.components.anomaly import NormalSet

__all__ = ["Outliers", "find_outliers"]

_NUM_FOLDS = 3
_LEAST_IMAGES = 20
_DEVIATIONS = 3.0
_BATCH = 1024


@dataclass(frozen=True)
class Outliers:
    """How far each image lies from the others.

    Args:
        indices: (m,), those that lie unusually far, farthest first.
        distances: (n,), Mahalanobis distance of all images to the mean of images that were not measured
            with it; empty when there are too few to say.
        scores: (n,), deviations of the distance's logarithm above the usual one; empty likewise.
    """

    indices: NDArray[np.int64]
    distances: NDArray[np.float64]
    scores: NDArray[np.float64]


def find_outliers(
    features: NDArray[np.floating],
    groups: NDArray[np.int64],
    *,
    seed: int,
    step: Callable[[], object] = lambda: None,
) -> Outliers:
    """Return the images that lie more than three deviations beyond the usual distance.

    Each image is measured against mean and covariance of others: among few images an image would else pull
    the covariance towards itself and look normal. Usual is the median of the distances' logarithm, a
    deviation 1.4826 times the median absolute one.

    Args:
        features: (n, d).
        groups: (n,), the same number for copies of one image; they are measured together.
        seed: of the parts.
        step: called before each fit; it may raise to end the work.

    Source: Rippel, Mertens & Merhof 2020, "Modeling the distribution of normal data in pre-trained deep
    features for anomaly detection", arXiv:2005.14140; the cut is that of Iglewicz & Hoaglin 1993, "How to
    detect and handle outliers".
    """
    if len(np.unique(groups)) < _LEAST_IMAGES:
        none = np.zeros(0)
        return Outliers(np.zeros(0, np.int64), none, none)
    kinds, place = np.unique(groups, return_inverse=True)
    part = (np.random.default_rng(seed).permutation(len(kinds)) % _NUM_FOLDS)[place]
    values = torch.from_numpy(np.ascontiguousarray(features, np.float32))
    distances = np.zeros(len(features))
    for fold in range(_NUM_FOLDS):
        step()
        normal = NormalSet()
        normal.fit(values[torch.from_numpy(part != fold)])
        rows = np.flatnonzero(part == fold)
        for start in range(0, len(rows), _BATCH):
            some = rows[start : start + _BATCH]
            distances[some] = normal(values[torch.from_numpy(some)])[:, 0].numpy()
    logs = np.log(np.maximum(distances, 1e-12))
    spread = 1.4826 * np.median(np.abs(logs - np.median(logs)))
    scores = (logs - np.median(logs)) / max(spread, 1e-9)
    far = np.flatnonzero(scores > _DEVIATIONS)
    return Outliers(far[np.argsort(-scores[far], kind="stable")], distances, scores)
