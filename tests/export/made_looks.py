"""Looks inside, written by hand: small, with numbers that no two of them share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from graftwork.documents.data_quality import DataQuality, LabelSuspect
from graftwork.documents.depth import DepthReport, ProbeScore, StageDepth
from graftwork.documents.document import VersionedDocument
from graftwork.documents.drift import BatchNormShift, DriftReport, PartDrift
from graftwork.documents.embedding import EmbeddingMap, MapDomain, MapPoints, MapSide
from graftwork.documents.evaluation import (
    Calibration,
    CalibrationBin,
    CalibrationState,
    Evaluation,
    ScoreHistogram,
    SliceColumn,
    SliceScore,
)
from graftwork.documents.learning_curve import CurveChoices, CurvePoint, LearningCurve
from graftwork.documents.record import Interval

EVIL = "<img src=x onerror=alert(2)>"
"""A name that must not become an element of the page."""


def around(value: float, width: float = 0.02) -> Interval:
    return Interval(value=value, low=value - width, high=value + width)


def state(ece: float) -> CalibrationState:
    bins = tuple(
        CalibrationBin(low=i / 10, high=(i + 1) / 10, num=7, confidence=i / 10 + 0.05, accuracy=around(i / 10 + 0.05))
        if i % 2
        else CalibrationBin(low=i / 10, high=(i + 1) / 10, num=0, confidence=None, accuracy=None)
        for i in range(10)
    )  # fmt: skip
    return CalibrationState(
        log_loss=around(0.417), brier=around(0.319), ece_width=around(ece), ece_mass=around(0.0613),
        ece_classwise=around(0.02), ece_by_chance=0.0231, width_bins=bins, mass_bins=bins,
    )  # fmt: skip


def part(name: str, score: float, difference: float, *, is_small: bool = False) -> SliceScore:
    return SliceScore(
        name=name, num_images=43, score=around(score), rest=score - difference, difference=around(difference),
        p_value=0.0101, corrected_p_value=0.0303, is_small=is_small,
    )  # fmt: skip


def evaluation(**changes: Any) -> Evaluation:
    values: dict[str, Any] = {
        "run": "r", "split": "test", "source": "photos", "kind": "category", "num_images": 150, "scores": None,
        "calibration": Calibration(of="predicted labels", num_bins=10, before=state(0.1237), after=state(0.0459),
                                   temperature=around(1.73), num_validation=150),
        "confidence": ScoreHistogram(low=0.0, high=1.0, counts={"right": (0, 3, 9, 41), "wrong": (1, 2, 0, 5)}),
        "slice_score": "accuracy",
        "slices": (SliceColumn(name=f"camera {EVIL}", origin="table",
                               slices=(part("old lens", 0.811, -0.087), part("worst lens", 0.701, -0.187),
                                       part("new lens", 0.922, 0.061), part("rare lens", 0.4, -0.5, is_small=True))),),
    }  # fmt: skip
    return Evaluation(**{**values, **changes})


def probe(value: float) -> ProbeScore:
    return ProbeScore(score=around(value))


def depth(**changes: Any) -> DepthReport:
    stages = (
        StageDepth(stage="stem", num_features=32, is_legal=True, linear=probe(0.5151), nearest_mean=probe(0.4444)),
        StageDepth(stage="blocks.4", num_features=112, is_legal=True, linear=probe(0.9191), nearest_mean=None),
        StageDepth(stage="blocks.5", num_features=192, is_legal=False, why_not="A branch goes round it.",
                   linear=None, nearest_mean=None),
    )  # fmt: skip
    values: dict[str, Any] = {
        "node": "backbone", "base": "b", "weights": "start", "label_kind": "category",
        "measure": "balanced_accuracy", "protocol": "cross_validation", "num_folds": 5, "num_fitted": 680,
        "num_scored": 850, "num_available": 850, "chance": 0.25, "stages": stages, "best": "blocks.4",
        "cut": "blocks.4",
    }  # fmt: skip
    return DepthReport(**{**values, **changes})


def drift() -> DriftReport:
    parts = (
        PartDrift(name="blocks.6", node="backbone", role="base", state="trainable", num_parameters=10,
                  num_tensors=9, moved_tensors=8, movement=0.0372, cka=around(0.8765),
                  batch_norm=BatchNormShift(num_layers=1, num_channels=4, mean_shift=0.39, log_variance_ratio=0.1)),
        PartDrift(name="pool", node="backbone", role="base", state="no_parameters", num_parameters=0, num_tensors=0,
                  moved_tensors=0, movement=None, cka=None),
    )  # fmt: skip
    return DriftReport(run="r", node="backbone", base="b", split="validation", num_images=1234, parts=parts)


def quality() -> DataQuality:
    suspect = LabelSuspect(
        key="hole/suspect_0.jpg", label="hole", suggested=EVIL, split="train", label_probability=0.0213,
        suggested_probability=0.9312, is_confident=True, margin=-0.91, reason="r", neighbors=(),
    )  # fmt: skip
    return DataQuality(
        source="photos", digest="d", base="b", stage="pool", label_kind="category", num_images=1017, num_judged=1003,
        accuracy=around(0.9), strength=1.0, classes=(), suspects=(suspect,), num_suspects=29, num_confident=11,
        look_alikes=(), num_look_alikes=13, look_alike_share=0.2, outliers=(), num_outliers=17, imbalance=8.25,
        fixes=(), notes=("Two images are empty.",),
    )  # fmt: skip


def embedding(num: int = 6, sides: int = 2) -> EmbeddingMap:
    points = MapPoints(
        keys=tuple(f"k{i}" for i in range(num)), digests=("d",) * num, domain=(0,) * num, split=(0,) * num,
        label=tuple(-1 if i == 0 else i % 3 for i in range(num)), predicted=(-1,) * num, confidence=(None,) * num,
        is_wrong=tuple(True if i == 1 else None for i in range(num)),
    )  # fmt: skip
    made = tuple(
        MapSide(weights=weights, x=tuple(float(i) for i in range(num)), y=(0.0,) * num, explained=None,
                trustworthiness=None, same_class=around(share), same_class_on_map=None)
        for weights, share in (("pretrained", 0.61), ("trained", 0.83))
    )[:sides]  # fmt: skip
    return EmbeddingMap(
        run="r", flow="f", method="pca", place="base", num_features=1280, seed=0, num_images=num, num_shown=num,
        domains=(MapDomain(name="own", source="photos", num_images=num),), splits=("train",),
        labels=("crease", EVIL, "hole"), points=points, sides=made, is_unmoved=False, disparity=0.1, num_measured=5,
        num_neighbors=3, same_class_by_chance=0.34,
    )  # fmt: skip


def point(share: float, labels: int, score: float) -> CurvePoint:
    return CurvePoint(share=share, num_labels=labels, score=around(score), scores=(score,), seconds=3.0)


def curve(scratch: bool = True) -> LearningCurve:
    transfer = (point(0.1, 70, 0.7171), point(0.5, 350, 0.8282), point(1.0, 700, 0.9393))
    own = (point(0.1, 70, 0.3131), point(1.0, 700, 0.6262)) if scratch else ()
    return LearningCurve(
        run="r", name="n", score_name="accuracy", split="test", num_images=150, choices=CurveChoices(),
        transfer=transfer, scratch=own, gains=(), needed=(), answer=f"Transfer saves 630 labels of {EVIL}.",
        notes=("Two seeds each.",), done=5, total=5, seconds=20.0,
    )  # fmt: skip


MADE = {
    "evaluation": evaluation,
    "depth": depth,
    "drift": drift,
    "data": quality,
    "map": embedding,
    "curve": curve,
}
"""Name of a look's file → what makes it."""


def keep(folder: Path, name: str, document: VersionedDocument, key: str = "0" * 16) -> Path:
    """Write a look into a run folder as an inspection keeps it."""
    path = folder / "inspections" / f"{name}-{key}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(document.model_dump_json(), encoding="utf-8")
    return path
