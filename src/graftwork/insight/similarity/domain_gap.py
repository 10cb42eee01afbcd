"""Proxy A-distance: how well a classifier tells two domains apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from graftwork.errors import DataError, ShapeError
from graftwork.insight.folds import group_folds
from graftwork.insight.probes import fit_probe

__all__ = ["SATURATED", "proxy_a_distance"]

SATURATED = 1.95
"""From here on the domains are told apart nearly always, and the number says no more than that."""
_STRENGTH = 0.1


def proxy_a_distance(
    source: NDArray[np.floating],
    target: NDArray[np.floating],
    *,
    num_components: int = 50,
    groups: Sequence[str] | None = None,
    seed: int = 0,
) -> float:
    """Return 2·(1 − 2ε), ε the cross-validated error of a linear domain classifier: 0 none to see, 2 all apart.

    The classifier is logistic regression (C = 0.1) on the principal components of both domains together; each
    fold's components are those of its fitted images. The larger domain is thinned to the size of the smaller
    one, so that guessing has ε = ½. Below zero by chance counts as zero.

    Args:
        source: features (n, d).
        target: features (m, d).
        num_components: at most; fewer for few images.
        groups: (n + m,), source first; images of one group are never on both sides of a fold.
        seed: of thinning and folds.

    Raises:
        ShapeError: not two matrices of one width.
        DataError: fewer than five images of a domain.

    Source: Ben-David et al. 2007, "Analysis of representations for domain adaptation", NeurIPS.
    """
    if source.ndim != 2 or target.ndim != 2 or source.shape[1] != target.shape[1]:
        raise ShapeError(f"Features of one width are wanted, got {source.shape} and {target.shape}.")
    num = min(len(source), len(target))
    if num < 5:
        raise DataError(
            f"Telling domains apart wants five images of each or more, got {len(source)} and {len(target)}.",
            hint="Add images of the smaller one.",
        )
    draw = np.random.default_rng(seed)
    chosen = np.concatenate(
        [
            np.sort(draw.choice(len(source), num, replace=False)),
            len(source) + np.sort(draw.choice(len(target), num, replace=False)),
        ]
    )
    rows = np.concatenate([source, target]).astype(np.float64)[chosen]
    is_target = (chosen >= len(source)).astype(np.int64)
    marks = [str(i) for i in chosen] if groups is None else [groups[i] for i in chosen]
    wrong = total = 0
    for fitted, held in group_folds(is_target, marks, seed=seed):
        if len(np.unique(is_target[fitted])) < 2:
            continue
        known, asked = _components(rows[fitted], rows[held], num_components)
        said = fit_probe(known, is_target[fitted], _STRENGTH).predict(asked)
        wrong += int((said != is_target[held]).sum())
        total += len(held)
    error = wrong / total if total else 0.5
    return float(max(0.0, 2.0 * (1.0 - 2.0 * error)))


def _components(
    known: NDArray[np.float64], asked: NDArray[np.float64], num: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    scaler = StandardScaler().fit(known)
    count = max(1, min(num, known.shape[1], len(known) // 4))
    turn = PCA(count, svd_solver="full" if count >= min(known.shape) else "arpack", random_state=0)
    scaled = scaler.transform(known)
    if not np.ptp(scaled, axis=0).any():  # features that never vary tell nothing apart
        return scaled[:, :1], scaler.transform(asked)[:, :1]
    return turn.fit_transform(scaled), turn.transform(scaler.transform(asked))
