"""What an adaptation gained on the target, where its labels are known to whoever scores."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

from graftwork.documents.adaptation import ValidatorCheck, Verdict
from graftwork.documents.record import Interval
from graftwork.engine.metrics.bootstrap import image_weights, interval_of
from graftwork.insight.probes import fit_probe

__all__ = ["check_validator", "oracle_accuracy", "paired_gain", "recalls", "target_accuracy", "verdict_of"]

Ints = NDArray[np.int64]
_FOLDS = 5


def recalls(labels: Ints, said: Ints, num_classes: int) -> NDArray[np.float64]:
    """Return the recall of each class (k,); not a number for classes without an image."""
    hits = np.bincount(labels[labels == said], minlength=num_classes)
    support = np.bincount(labels, minlength=num_classes)
    with np.errstate(invalid="ignore"):
        return np.where(support > 0, hits / np.maximum(support, 1), np.nan)


def _weighted(
    labels: Ints, right: NDArray[np.bool_], weights: NDArray[np.float64], num_classes: int
) -> float:
    support = np.bincount(labels, weights=weights, minlength=num_classes)
    hits = np.bincount(labels, weights=weights * right, minlength=num_classes)
    there = support > 0
    return float((hits[there] / support[there]).mean())


def target_accuracy(labels: Ints, said: Ints, num_classes: int, *, seed: int = 0) -> Interval:
    """Return the balanced accuracy over the classes that are there, with its bootstrap interval."""
    return paired_gain(labels, said, None, num_classes, seed=seed)


def paired_gain(
    labels: Ints, said: Ints, before: Ints | None, num_classes: int, *, seed: int = 0
) -> Interval:
    """Return how much better ``said`` is than ``before`` in balanced accuracy, with a paired bootstrap interval.

    Args:
        labels: (n,), n >= 1.
        said, before: predicted labels (n,); None: against nothing, the accuracy itself.
        num_classes: k.
        seed: of the draws.
    """
    right = said == labels
    was = np.zeros(len(labels), dtype=bool) if before is None else before == labels

    def difference(weights: NDArray[np.float64]) -> float:
        gained = _weighted(labels, right, weights, num_classes)
        return gained if before is None else gained - _weighted(labels, was, weights, num_classes)

    draws = np.array([difference(weights) for weights in image_weights(len(labels), seed)])
    return interval_of(difference(np.ones(len(labels))), draws)


def verdict_of(gain: Interval | None) -> Verdict:
    """Return what an interval of a gain says."""
    if gain is None:
        return "unknown"
    if gain.low > 0:
        return "helps"
    return "harmful" if gain.high < 0 else "no difference"


def oracle_accuracy(
    features: NDArray[np.floating], labels: Ints, num_classes: int, *, seed: int = 0
) -> Interval | None:
    """Return the balanced accuracy of a probe on labelled target images, each told by a probe that has not seen it.

    None where a class has fewer than two images to fold, or only one class is there.

    Args:
        features: (n, d).
        labels: (n,).
        num_classes: k.
        seed: of the folds.
    """
    counts = np.bincount(labels, minlength=num_classes)
    smallest = int(counts[counts > 0].min()) if len(labels) else 0
    if (counts > 0).sum() < 2 or smallest < 2:
        return None
    said = np.empty(len(labels), dtype=np.int64)
    folds = StratifiedKFold(min(_FOLDS, smallest), shuffle=True, random_state=seed)
    for known, asked in folds.split(features, labels):
        said[asked] = fit_probe(features[known], labels[known], 0.1).predict(features[asked])
    return target_accuracy(labels, said, num_classes, seed=seed)


def check_validator(
    validator: str, values: dict[str, float], scores: dict[str, float]
) -> ValidatorCheck | None:
    """Return how a validator's order of methods agrees with that of their scores; None without a value.

    Args:
        validator: its name.
        values: by method; methods without a number are left out.
        scores: balanced accuracy on the target, by method.
    """
    from scipy.stats import spearmanr

    known = [m for m in values if np.isfinite(values[m])]
    if not known:
        return None
    chosen = max(known, key=lambda m: values[m])
    pairs = [(values[m], scores[m]) for m in known]
    varied = len(pairs) >= 3 and all(len({p[i] for p in pairs}) > 1 for i in (0, 1))
    correlation = float(spearmanr(*zip(*pairs, strict=True)).statistic) if varied else None
    return ValidatorCheck(
        validator=validator,
        rank_correlation=correlation,
        chosen=chosen,
        regret=max(scores.values()) - scores[chosen],
    )
