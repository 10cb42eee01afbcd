"""Scores of the weights on the line from where a run's training began to where it ended."""

from __future__ import annotations

from pydantic import Field

from graftwork.documents.averaged import StartKind
from graftwork.documents.document import Document, VersionedDocument
from graftwork.documents.record import Interval

__all__ = ["MixCurve", "MixPoint"]


class MixPoint(Document):
    """The weights at one place of the line."""

    t: float = Field(description="0 is the start, 1 the run.")
    watched: float | None = Field(
        description="The validation score that chooses; none without validation images."
    )
    validation: Interval | None
    test: Interval | None


class MixCurve(VersionedDocument):
    """Score against t, and the t that validation chose.

    The test scores are shown and choose nothing. Source: Wortsman et al. 2022, "Robust fine-tuning of
    zero-shot models", arXiv:2109.01903.
    """

    run: str
    start: StartKind
    score: str = Field(description="The score that the intervals are of, such as accuracy.")
    chosen_by: str = Field(description="The validation score that chose, such as loss or balanced_accuracy.")
    points: tuple[MixPoint, ...] = Field(description="In the order of t.")
    chosen_t: float | None = Field(description="Best on validation; none without validation images.")
    reestimated_layers: int = Field(
        0, description="Batch-norm layers whose statistics were re-estimated for 0 < t < 1."
    )
    seconds: float
    notes: tuple[str, ...] = ()
