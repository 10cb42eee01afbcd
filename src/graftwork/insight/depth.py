"""Probe by depth: how well each stage's features separate the classes, and the stage from which on it is enough."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from graftwork.documents.depth import ProbeScore
from graftwork.documents.record import Interval
from graftwork.engine.metrics.bootstrap import bootstrap
from graftwork.engine.metrics.classes import Z_95, confusion_matrix, hit_scores
from graftwork.engine.metrics.numbers import score_numbers
from graftwork.insight.folds import Folds
from graftwork.insight.probes import Predicted, linear_probe, nearest_mean, ridge_probe

__all__ = ["LabelKind", "StageProbes", "earliest_within", "probe_features", "standard_error", "tag_scores"]

LabelKind = Literal["category", "number", "tags"]
Floats = NDArray[np.floating]
Fit = Callable[[Floats, NDArray[Any], Floats], Predicted]


@dataclass(frozen=True)
class StageProbes:
    """Scores of the probes on one stage's features; None where there is no such probe."""

    linear: ProbeScore | None
    nearest_mean: ProbeScore | None


def probe_features(
    features: Floats, labels: NDArray[Any], folds: Folds, kind: LabelKind, *, seed: int = 0
) -> StageProbes:
    """Return how well simple probes on given features predict images that they were not fitted on.

    Args:
        features: (n, d). Where one is not finite, there are no scores.
        labels: classes (n,) as int64; numbers (n, m); tags (n, k), 0 or 1.
        folds: what is fitted and what is scored.
        kind: of the labels.
        seed: of the choice of regularization, and of bootstrap intervals.

    Returns:
        Classes: balanced accuracy and accuracy of logistic regression and nearest class mean. Tags: the same
        for each tag, then the mean over the tags. Numbers: R² of ridge regression, mean over the columns that
        vary. Each with a 95 % interval over the scored images.

    Source: Alain & Bengio 2016, "Understanding intermediate layers using linear classifier probes",
    arXiv:1610.01644; the probes are those of ``insight.probes``.
    """
    if not np.isfinite(features).all():
        return StageProbes(None, None)
    if kind == "number":
        return StageProbes(_of_numbers(features, labels, folds, seed), None)
    linear: Fit = lambda x, y, unseen: linear_probe(x, y, unseen, seed=seed)  # noqa: E731
    score = _of_classes if kind == "category" else _of_tags
    return StageProbes(
        score(features, labels, folds, linear, seed), score(features, labels, folds, nearest_mean, seed)
    )


def _of_classes(
    features: Floats, labels: NDArray[Any], folds: Folds, fit: Fit, seed: int
) -> ProbeScore | None:
    found = [fit(features[fitted], labels[fitted], features[scored]) for fitted, scored in folds.pairs]
    said = np.concatenate([f.values for f in found])
    confusion = confusion_matrix(labels[folds.scored], said, int(labels.max()) + 1)
    accuracy, balanced = hit_scores(confusion, seed=seed)
    return _score(balanced, accuracy, found)


def _of_tags(features: Floats, labels: NDArray[Any], folds: Folds, fit: Fit, seed: int) -> ProbeScore | None:
    found: list[Predicted] = []
    said: list[NDArray[Any]] = []
    for tag in labels.T.astype(np.int64):
        parts = [fit(features[f], tag[f], features[s]) for f, s in folds.pairs]
        found += parts
        said.append(np.concatenate([p.values for p in parts]))
    measured = tag_scores(np.stack(said, axis=1), labels[folds.scored], seed)
    return _score(measured["balanced"], measured["accuracy"], found)


def tag_scores(said: NDArray[Any], tags: NDArray[Any], seed: int) -> dict[str, Interval]:
    """Return accuracy and balanced accuracy, means over the tags; arrays (n, k), 0 or 1."""
    there, right = tags > 0.5, (said > 0.5) == (tags > 0.5)
    counted = np.concatenate([there & right, there, ~there & right, ~there], axis=1).astype(np.float64)

    def measure(weights: NDArray[np.float64]) -> dict[str, float]:
        hits, num, hits_without, num_without = (weights @ counted).reshape(4, -1)
        recalls = np.stack([hits / np.maximum(num, 1e-300), hits_without / np.maximum(num_without, 1e-300)])
        present = np.stack([num, num_without]) > 0
        balanced = np.where(present, recalls, 0.0).sum(0) / present.sum(0)
        return {
            "balanced": float(balanced.mean()),
            "accuracy": float((hits + hits_without).mean() / weights.sum()),
        }

    return bootstrap(measure, len(tags), seed)


def _of_numbers(features: Floats, numbers: NDArray[Any], folds: Folds, seed: int) -> ProbeScore | None:
    truth = numbers[folds.scored].astype(np.float64)
    varies = np.ptp(truth, axis=0) > 0
    if not varies.any():
        return None
    found = [ridge_probe(features[f], numbers[f][:, varies], features[s]) for f, s in folds.pairs]
    said = np.concatenate([f.values for f in found])
    names = [str(column) for column in np.flatnonzero(varies)]
    scores = score_numbers(said, truth[:, varies], names, train_mean=truth[:, varies].mean(0), seed=seed)
    return _score(scores.r2, None, found)


def _score(score: Interval, accuracy: Interval | None, found: Sequence[Predicted]) -> ProbeScore:
    return ProbeScore(
        score=score,
        accuracy=accuracy,
        regularization=tuple(r for f in found for r in f.regularization),
        is_converged=all(f.is_converged for f in found),
    )


def standard_error(score: Interval) -> float:
    """Return the standard error that a 95 % interval stands for: its width over 2 · 1.96."""
    return (score.high - score.low) / (2 * Z_95)


def earliest_within(scores: Sequence[Interval | None]) -> int | None:
    """Return the index of the earliest score within one standard error of the best one.

    The standard error is that of the best score. None where nothing could be scored.

    Source: Breiman, Friedman, Olshen & Stone 1984, "Classification and regression trees", section 3.4.3.
    """
    known = [(i, s) for i, s in enumerate(scores) if s is not None and math.isfinite(s.value)]
    if not known:
        return None
    _, best = max(known, key=lambda pair: pair[1].value)
    floor = best.value - standard_error(best)
    return next(i for i, s in known if s.value >= floor)
