"""All measures of one base on some labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graftwork.documents.depth import ProbeScore
from graftwork.documents.ranking import RankMeasure
from graftwork.documents.record import Interval
from graftwork.engine.metrics.classes import confusion_matrix, hit_scores
from graftwork.engine.metrics.numbers import score_numbers
from graftwork.insight.depth import LabelKind, probe_features, tag_scores
from graftwork.insight.folds import Folds
from graftwork.insight.transferability.evidence import logme, logme_of_numbers, logme_of_tags
from graftwork.insight.transferability.neighbors import said_by_neighbors
from graftwork.insight.transferability.separation import h_score, shrunk_h_score, transrate

__all__ = ["Measured", "measure_features"]

Floats = NDArray[np.floating]
Step = Callable[[], object]

_ONLY_CLASSES = "It is defined for one class per image."
_FEW_IMAGES = "With {n:,} images and {d:,} features it is at its upper end whatever the features are."


@dataclass(frozen=True)
class Measured:
    """What was measured on features.

    Args:
        scores: by measure.
        intervals: of those that score single images.
        why_not: reason by measure that could not be taken.
        notes: for people.
    """

    scores: Mapping[RankMeasure, float]
    intervals: Mapping[RankMeasure, Interval]
    why_not: Mapping[RankMeasure, str]
    notes: tuple[str, ...] = ()


def measure_features(
    features: Floats,
    labels: NDArray[Any],
    groups: NDArray[np.int64],
    folds: Folds,
    kind: LabelKind,
    *,
    seed: int = 0,
    step: Step = lambda: None,
) -> Measured:
    """Return every measure that features and labels alone allow.

    Args:
        features: (n, d).
        labels: classes (n,) as int64; numbers (n, m); tags (n, k).
        groups: (n,), the same number for images that belong together, such as copies.
        folds: what probes are fitted and scored on.
        kind: of the labels.
        seed: of the probes' choice of regularization, and of intervals.
        step: called between measures; it may raise to end the work.

    Returns:
        LogME, k-NN, linear probe; of classes and tags the nearest class mean; of classes H-scores and TransRate.
        Where a feature is not finite, nothing.
    """
    if not np.isfinite(features).all():
        every: tuple[RankMeasure, ...] = ("logme", "linear", "knn", "nearest_mean", "shrunk_h_score", "h_score", "transrate")  # fmt: skip
        return Measured({}, {}, dict.fromkeys(every, "The base gives values that are not finite."))
    intervals, notes = _predicted(features, labels, groups, folds, kind, seed, step)
    scores: dict[RankMeasure, float] = {name: interval.value for name, interval in intervals.items()}
    why_not: dict[RankMeasure, str] = {}
    if kind == "number":
        why_not["nearest_mean"] = "Numbers have no classes."
    scores["logme"] = _evidence_of(kind)(features, labels)
    if kind != "category":
        why_not |= dict.fromkeys(("shrunk_h_score", "h_score", "transrate"), _ONLY_CLASSES)
        return Measured(scores, intervals, why_not, notes)
    for name, measure in (("shrunk_h_score", shrunk_h_score), ("transrate", transrate)):
        step()
        scores[name] = measure(features, labels)  # type: ignore[index]
    n, d = features.shape
    if n <= d + 1:
        why_not["h_score"] = _FEW_IMAGES.format(n=n, d=d)
    else:
        scores["h_score"] = h_score(features, labels)
    return Measured(scores, intervals, why_not, notes)


def _evidence_of(kind: LabelKind) -> Callable[[Floats, NDArray[Any]], float]:
    if kind == "category":
        return logme
    return logme_of_tags if kind == "tags" else logme_of_numbers


def _predicted(
    features: Floats,
    labels: NDArray[Any],
    groups: NDArray[np.int64],
    folds: Folds,
    kind: LabelKind,
    seed: int,
    step: Step,
) -> tuple[dict[RankMeasure, Interval], tuple[str, ...]]:
    """Return the scores of what predicts single images."""
    probes = probe_features(features, labels, folds, kind, seed=seed)
    step()
    said = said_by_neighbors(features.astype(np.float32), labels, groups, kind, step=step)
    known: dict[RankMeasure, Interval] = {"knn": _scored(said, labels, kind, seed)}
    found: tuple[tuple[RankMeasure, ProbeScore | None], ...] = (
        ("linear", probes.linear),
        ("nearest_mean", probes.nearest_mean),
    )
    known |= {name: probe.score for name, probe in found if probe is not None}
    is_settled = probes.linear is None or probes.linear.is_converged
    return known, () if is_settled else ("The linear probe was ended before it settled: it may be better.",)


def _scored(said: NDArray[Any], labels: NDArray[Any], kind: LabelKind, seed: int) -> Interval:
    """Return balanced accuracy, for tags its mean over the tags, or R² of numbers."""
    if kind == "category":
        confusion = confusion_matrix(labels, said, int(labels.max()) + 1)
        return hit_scores(confusion, seed=seed)[1]
    if kind == "tags":
        return tag_scores(said, labels, seed)["balanced"]
    varies = np.ptp(labels, axis=0) > 0
    truth = labels[:, varies].astype(np.float64)
    names = [str(column) for column in np.flatnonzero(varies)]
    return score_numbers(said[:, varies], truth, names, train_mean=truth.mean(0), seed=seed).r2
