"""The probe by depth: how well the features of each stage of a base separate the classes of some data."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from graftwork.documents.document import Document, VersionedDocument
from graftwork.documents.record import Interval

__all__ = ["DepthReport", "ProbeScore", "StageDepth"]


class ProbeScore(Document):
    """How well one kind of probe predicts images that it was not fitted on."""

    score: Interval = Field(description="By the report's measure.")
    accuracy: Interval | None = Field(
        None, description="Of classes; of tags: mean over the tags; null for numbers."
    )
    regularization: tuple[float, ...] = Field(
        (), description="Chosen for each fit: C of logistic regression, alpha of ridge regression."
    )
    is_converged: bool = Field(True, description="Whether all fits came to their end.")


class StageDepth(Document):
    """The probes on the features of one stage."""

    stage: str
    num_features: int = Field(description="Channels, after the mean over places or tokens.")
    is_legal: bool = Field(description="Whether the base can be cut after this stage.")
    why_not: str | None = Field(None, description="Why it cannot be, in a sentence.")
    linear: ProbeScore | None = Field(
        description="Logistic regression; of numbers ridge regression; null where features are not finite."
    )
    nearest_mean: ProbeScore | None = Field(
        description="Nearest class mean; null for numbers, and where features are not finite."
    )


class DepthReport(VersionedDocument):
    """Which depth of a base separates the classes, from one pass over the images."""

    node: str = Field(description="Of the base in the flow.")
    base: str
    weights: Literal["start", "trained"] = Field(
        description="Whose features: as training starts (pretrained), or as the run left them."
    )
    label_kind: Literal["category", "number", "tags"]
    measure: Literal["balanced_accuracy", "r2"] = Field(
        description="What `score` is; of tags the mean over the tags, of numbers the mean over the columns."
    )
    protocol: Literal["validation", "cross_validation"] = Field(
        description="Scored on the validation images, or each image by a probe that did not see it."
    )
    num_folds: int = Field(description="1 when the validation images are scored.")
    num_fitted: int = Field(description="Images that a probe is fitted on; on average over the folds.")
    num_scored: int
    num_available: int = Field(description="Labelled training and validation images of the flow.")
    chance: float = Field(
        description="The measure of a guess that ignores the image: 1 / classes, 0.5 for tags, 0 for R²."
    )
    stages: tuple[StageDepth, ...] = Field(description="From input to output.")
    best: str | None = Field(
        description="The earliest stage whose linear probe lies within one standard error of the best one's."
    )
    cut: str | None = Field(
        description="The earliest such stage after which the base can be cut, else the next one; "
        "null when there is none."
    )
    notes: tuple[str, ...] = ()

    def at(self, stage: str) -> StageDepth | None:
        """Return the row of a stage, if there is one."""
        return next((row for row in self.stages if row.stage == stage), None)
