"""What labels of both domains tell of the gap between them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2_contingency

from graftwork.documents.gap import ClassGap, LabelGap
from graftwork.engine.metrics.classes import balanced_accuracy, confusion_matrix
from graftwork.insight.probes import fit_probe

__all__ = ["label_gap"]

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]


def label_gap(
    source: Floats,
    labels: Ints,
    target: Floats,
    truth: Ints,
    classes: Sequence[str],
    *,
    only_target: tuple[str, ...] = (),
) -> LabelGap:
    """Return distances of shared classes, other shares, and how far the source alone gets.

    Args:
        source: (n, d).
        labels: (n,), indices into ``classes``.
        target: (m, d).
        truth: (m,), -1 for images without a label that the source knows.
        classes: names.
        only_target: names of classes that the source does not have.
    """
    num = len(classes)
    counts = np.stack([np.bincount(x[x >= 0], minlength=num) for x in (labels, truth)])
    shared = np.flatnonzero((counts > 0).all(0))
    shares = counts[:, shared] / np.maximum(counts[:, shared].sum(1, keepdims=True), 1)
    p_value = float(chi2_contingency(counts[:, shared]).pvalue) if len(shared) > 1 else None
    means = {int(k): source[labels == k].mean(0) for k in np.flatnonzero(counts[0])}
    within = (
        np.mean([np.linalg.norm(source[labels == k] - means[k], axis=1).mean() for k in means])
        if means
        else 1.0
    )
    return LabelGap(
        classes=tuple(
            ClassGap(
                name=classes[k],
                num_source=int(counts[0, k]),
                num_target=int(counts[1, k]),
                distance=float(
                    np.linalg.norm(target[truth == k].mean(0) - means[k]) / max(float(within), 1e-12)
                ),
                nearest=classes[_nearest(target[truth == k].mean(0), means)],
            )
            for k in map(int, shared)
        ),
        only_source=tuple(classes[k] for k in np.flatnonzero((counts[0] > 0) & (counts[1] == 0)).tolist()),
        only_target=only_target,
        total_variation=float(np.abs(shares[0] - shares[1]).sum() / 2),
        p_value=p_value,
        source_only=_source_only(source, labels, target, truth, num),
    )


def _nearest(mean: Floats, means: dict[int, Floats]) -> int:
    return min(means, key=lambda k: float(np.linalg.norm(mean - means[k])))


def _source_only(source: Floats, labels: Ints, target: Floats, truth: Ints, num: int) -> float | None:
    known = truth >= 0
    if not known.any() or len(np.unique(labels)) < 2:
        return None
    said = fit_probe(source, labels, 0.1).predict(target[known])
    return float(balanced_accuracy(confusion_matrix(truth[known], said, num)))
