"""Which kind of shift the measures speak for, by stated rules, and what suits it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from graftwork.documents.gap import LabelGap, LayerGap, ShiftKind, StageGap

__all__ = ["NO_GAP", "Judged", "judge"]

NO_GAP = 0.4
"""Proxy A-distance up to which domains count as one: a classifier is right in up to six of ten images."""

_MUCH_STATISTICS = 0.5
_OTHER_SHARES = 0.1
_SOURCE_IS_ENOUGH = 0.8


@dataclass(frozen=True)
class Judged:
    """Kinds of shift, how sure, why, and what suits."""

    kinds: tuple[ShiftKind, ...]
    confidence: Literal["high", "medium", "low"]
    reasons: tuple[str, ...]
    suits: tuple[str, ...]


def judge(stages: tuple[StageGap, ...], layers: tuple[LayerGap, ...], labels: LabelGap | None) -> Judged:
    """Return what the measures speak for.

    - classes: labels show classes that the source does not have.
    - label: the shares of shared classes differ by a tenth at least, and not by chance (p < .01).
    - concept: in a quarter of the shared classes, two at least, target images lie nearest to another class of the source, while
      the domains as wholes can hardly be told apart.
    - covariate: the domains can be told apart at the end of the base, and not by chance (p < .05).
    - none: nothing of it.

    Args:
        stages: in order; the last one is the end of the base.
        layers: batch-norm layers.
        labels: what labels of the target tell; None without any.
    """
    end = stages[-1]
    kinds: list[ShiftKind] = []
    reasons: list[str] = []
    is_apart = end.a_distance > NO_GAP and end.mmd_p < 0.05
    if is_apart:
        kinds.append("covariate")
        reasons.append(
            f"At '{end.stage}' a classifier tells the domains apart (A-distance {end.a_distance:.2f}), and the discrepancy is "
            f"not chance (p = {end.mmd_p:.3f})."
        )
    if labels is not None:
        _by_labels(labels, is_apart, kinds, reasons)
    if not kinds:
        kinds.append("none")
        reasons.append(
            f"At '{end.stage}' the domains can hardly be told apart (A-distance {end.a_distance:.2f}, discrepancy "
            f"p = {end.mmd_p:.2f})."
        )
    return Judged(
        tuple(kinds),
        _confidence(end, labels, is_apart),
        tuple(reasons),
        tuple(_suits(kinds, end, layers, labels)),
    )


def _by_labels(labels: LabelGap, is_apart: bool, kinds: list[ShiftKind], reasons: list[str]) -> None:
    if labels.only_target:
        kinds.append("classes")
        reasons.append(f"The source does not have the target's classes {', '.join(labels.only_target[:8])}.")
    if labels.p_value is not None and labels.p_value < 0.01 and labels.total_variation > _OTHER_SHARES:
        kinds.append("label")
        reasons.append(
            f"The classes come in other shares (total variation {labels.total_variation:.2f}, p = {labels.p_value:.1g})."
        )
    strayed = [c.name for c in labels.classes if c.nearest != c.name]
    if not is_apart and len(strayed) >= max(2, len(labels.classes) / 4):
        kinds.append("concept")
        reasons.append(
            f"The domains look alike, but target images of {', '.join(strayed[:8])} lie where the source has another class."
        )


def _confidence(end: StageGap, labels: LabelGap | None, is_apart: bool) -> Literal["high", "medium", "low"]:
    contradicts = (end.a_distance > NO_GAP) != (end.mmd_p < 0.05)
    if contradicts:
        return "low"
    if labels is None:
        return "medium"
    return "medium" if end.is_saturated and is_apart else "high"


def _suits(
    kinds: list[ShiftKind], end: StageGap, layers: tuple[LayerGap, ...], labels: LabelGap | None
) -> list[str]:
    if kinds == ["none"]:
        return ["Nothing to adapt to: use the source's model as it is."]
    found: list[str] = []
    if "classes" in kinds:
        found.append(
            "Label some target images and graft a new head (inductive transfer). Adapting without labels pulls images of unknown "
            "classes onto known ones."
        )
    if "concept" in kinds:
        found.append("No method without labels sees that classes mean something else: label target images.")
    if "covariate" in kinds:
        found += _on_covariate(end, layers)
    if "label" in kinds:
        found.append(
            "Methods that align whole domains (CORAL, transport, MMD, adversaries) harm when shares differ; TCA, JDA and "
            "self-training with quotas are safer, and so are instance weights."
        )
    if labels is not None and labels.source_only is not None and labels.source_only >= _SOURCE_IS_ENOUGH:
        found.append(
            f"The source alone tells {100 * labels.source_only:.0f} % right: self-training has sure answers to start from."
        )
    if labels is None:
        found.append(
            "Without target labels, other shares of the classes and other meanings cannot be seen: label a few dozen."
        )
    return found


def _on_covariate(end: StageGap, layers: tuple[LayerGap, ...]) -> list[str]:
    found = [
        "Alignment suits where the classes are the same: CORAL, transport, JDA in seconds; MCC, SHOT, DANN with training."
    ]
    shifts = sorted(layer.shift for layer in layers)
    if shifts and shifts[len(shifts) // 2] > _MUCH_STATISTICS:
        found.append(
            f"Batch-norm statistics moved (median {shifts[len(shifts) // 2]:.2f} deviations over layers): AdaBN is cheap to try."
        )
    if end.is_saturated:
        found.append(
            "The domains do not overlap at the end of the base: weights for source images say nothing there. Take features from an "
            "earlier stage."
        )
    else:
        found.append("The domains overlap: weights for source images can help too.")
    return found
