"""Weights of source images for a target."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from graftwork.documents.adaptation import Verdict
from graftwork.documents.document import Document, VersionedDocument
from graftwork.documents.record import Interval

__all__ = ["BoostedScore", "WeighMethod", "WeighedImage", "Weighing", "WeighingFile"]

WeighMethod = Literal["domain_classifier", "kmm", "ulsif", "rulsif", "kliep", "select", "tradaboost"]


class WeighedImage(Document):
    """A source image and its weight."""

    key: str
    digest: str
    label: str | None
    weight: float


class BoostedScore(Document):
    """Balanced accuracy on labelled target images that nothing learned from."""

    name: str
    accuracy: Interval
    gain: Interval | None = Field(description="Against the target alone, paired; None of that itself.")
    verdict: Verdict


class Weighing(VersionedDocument):
    """How much each training image of a source counts for a target."""

    source: str
    target: str
    base: str
    method: WeighMethod
    images: tuple[WeighedImage, ...] = Field(description="All, heaviest first; weights have the mean 1.")
    num_target: int
    effective_number: float = Field(description="How many equal images would vary as little: (Σw)² / Σw².")
    distance_before: float = Field(description="Of the source's mean from the target's, in reduced features.")
    distance_after: float = Field(description="Of the weighted mean.")
    a_distance: float
    boosted: tuple[BoostedScore, ...] = Field((), description="Of TrAdaBoost.")
    words: str
    notes: tuple[str, ...] = ()
    seconds: float = 0.0


class WeighingFile(Document):
    """Weights, and where in the project their table lies, as ``image_weights`` of a recipe takes it."""

    report: Weighing
    file: str
