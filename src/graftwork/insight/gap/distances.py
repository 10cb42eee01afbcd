"""Distances of two domains' features, with what chance gives beside them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler

from graftwork.insight.probes import fit_probe, probabilities_of
from graftwork.methods.domains.covariance import coral_loss
from graftwork.methods.domains.discrepancy import multi_kernel

__all__ = ["Discrepancy", "coral_distance", "discrepancy", "domain_probabilities", "main_directions"]

Floats = NDArray[np.floating]

_MOST_DIRECTIONS = 50
_PERMUTATIONS = 199


@dataclass(frozen=True)
class Discrepancy:
    """A squared multi-kernel MMD: between the domains, between halves of the source, and its permutation p-value."""

    value: float
    halves: float
    p_value: float


def main_directions(source: Floats, target: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return both domains, standardized together, in at most 50 main directions of the two."""
    both = StandardScaler().fit_transform(np.concatenate([source, target]).astype(np.float64))
    count = min(_MOST_DIRECTIONS, *both.shape)
    turned = PCA(
        count, svd_solver="full" if min(both.shape) <= 500 else "randomized", random_state=0
    ).fit_transform(both)
    return turned[: len(source)], turned[len(source) :]


def discrepancy(source: Floats, target: Floats, *, seed: int = 0) -> Discrepancy:
    """Return how far apart the domains' distributions are, and what chance would give.

    mean k(s, s′) + mean k(t, t′) − 2·mean k(s, t) over all pairs; widths of the kernels from all images, so that each
    division of them is measured alike.

    Args:
        source: (n, d).
        target: (m, d).
        seed: of halves and divisions.

    Source: Gretton et al. 2012, "A kernel two-sample test", JMLR 13.
    """
    rows = torch.from_numpy(np.concatenate([source, target]).astype(np.float64))
    kernel = multi_kernel(rows).numpy()
    num, total = len(source), len(rows)
    signs = np.r_[np.full(num, 1.0 / num), np.full(total - num, -1.0 / (total - num))]
    rng = np.random.default_rng(seed)
    value = float(signs @ kernel @ signs)
    divided = np.stack([rng.permutation(signs) for _ in range(_PERMUTATIONS)])
    chance = ((divided @ kernel) * divided).sum(1)
    order = rng.permutation(num)
    half = np.zeros(total)
    half[order[: num // 2]], half[order[num // 2 :]] = 1.0 / max(num // 2, 1), -1.0 / max(num - num // 2, 1)
    p_value = (1 + int((chance >= value).sum())) / (1 + _PERMUTATIONS)
    return Discrepancy(max(value, 0.0), max(float(half @ kernel @ half), 0.0), p_value)


def coral_distance(source: Floats, target: Floats) -> float:
    """Return ‖C_s − C_t‖²_F / (4·d²) of the domains' covariances.

    Source: Sun & Saenko 2016, arXiv:1607.01719.
    """
    one, other = (torch.from_numpy(x.astype(np.float64)) for x in (source, target))
    return float(coral_loss(one, other))


def domain_probabilities(source: Floats, target: Floats, *, seed: int = 0) -> NDArray[np.float64]:
    """Return how surely each image is of the target, (n + m,), as told by classifiers that have not seen it.

    Logistic regression over five folds, both domains counting alike.

    Args:
        source: (n, d).
        target: (m, d).
        seed: of the folds.
    """
    rows = np.concatenate([source, target])
    domain = np.r_[np.zeros(len(source), dtype=np.int64), np.ones(len(target), dtype=np.int64)]
    found = np.empty(len(rows))
    folds = StratifiedKFold(min(5, len(source), len(target)), shuffle=True, random_state=seed)
    for known, asked in folds.split(rows, domain):
        probe = fit_probe(rows[known], domain[known], 0.1)
        found[asked] = probabilities_of(probe, rows[asked], 2)[:, 1]
    share = len(target) / len(rows)
    odds = found / np.maximum(1 - found, 1e-12) * (1 - share) / share
    balanced: NDArray[np.float64] = odds / (1 + odds)
    return balanced
