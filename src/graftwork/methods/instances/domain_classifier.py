"""Weights from a classifier that tells the domains apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from graftwork.methods.instances.weights import Features, Weights, checked_pair, normalized

__all__ = ["classifier_weights"]

_FOLDS = 5
_FARTHEST = 1e-6


def classifier_weights(
    source: Features,
    target: Features,
    *,
    groups: Sequence[str] | NDArray[np.int64] | None = None,
    penalty: float = 1.0,
    clip: float = 20.0,
    seed: int = 0,
) -> Weights:
    """Return the density ratio target/source at each source image, from a cross-fitted domain classifier.

    With p the probability of "target", w = (n_s/n_t) · p/(1 − p): **not** its inverse. Each image is weighed by
    a classifier that was fitted without it, so that none is told by its own noise.

    Args:
        source: features (n, d).
        target: features (m, d).
        groups: (n + m,), source first; images of one group, such as copies, are never on both sides of a fold.
        penalty: inverse strength of the classifier's L2 penalty.
        clip: largest ratio before the mean is made one; a few huge weights would leave no data.
        seed: of the folds.

    Returns:
        (n,), not negative, mean 1; ones for a domain of too few images to fold.

    Raises:
        ShapeError, DataError: as ``checked_pair`` says.

    Source: Bickel, Brückner & Scheffer 2009, "Discriminative learning under covariate shift", JMLR 10;
    cross-fitting as in Chernozhukov et al. 2018, "Double/debiased machine learning".
    """
    one, other = checked_pair(source, target)
    rows = np.concatenate([one, other])
    is_target = np.r_[np.zeros(len(one), dtype=np.int64), np.ones(len(other), dtype=np.int64)]
    marks = np.arange(len(rows)) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    num = min(_FOLDS, len(np.unique(marks[is_target == 0])), len(np.unique(marks[is_target == 1])))
    if num < 2:
        return np.ones(len(one))
    logits = np.full(len(rows), np.nan)
    for fitted, held in StratifiedGroupKFold(num, shuffle=True, random_state=seed).split(
        rows, is_target, marks
    ):
        if len(np.unique(is_target[fitted])) < 2:
            continue
        model = make_pipeline(StandardScaler(), LogisticRegression(C=penalty, max_iter=1000))
        model.fit(rows[fitted], is_target[fitted])
        balance = np.log((is_target[fitted] == 0).sum() / (is_target[fitted] == 1).sum())
        logits[held] = model.decision_function(rows[held]) + balance
    ratio = np.exp(np.clip(np.nan_to_num(logits[: len(one)], nan=0.0), np.log(_FARTHEST), np.log(clip)))
    return normalized(ratio)
