"""Labels that were passed on to images without any."""

from __future__ import annotations

from pydantic import Field

from graftwork.documents.document import Document, VersionedDocument
from graftwork.documents.record import Interval

__all__ = ["AcceptedLabel", "AcceptedTable", "ConfidenceLevel", "PassedLabel", "Propagation"]


class PassedLabel(Document):
    """An image and the label that its neighbors pass on to it."""

    key: str
    digest: str
    label: str | None = Field(description="None: no labelled image reaches it.")
    confidence: float


class ConfidenceLevel(Document):
    """What a level of confidence is worth, on labelled images whose labels were hidden."""

    at_least: float
    accuracy: Interval | None = Field(
        description="Of the hidden labels that were told so surely; None without any."
    )
    coverage: float = Field(description="Share of the hidden labels that were told so surely.")
    num_images: int = Field(description="Images without labels that are told so surely.")


class Propagation(VersionedDocument):
    """Labels passed on over the neighbor graph of a base's features."""

    source: str
    unlabelled: str
    base: str
    at: str
    classes: tuple[str, ...]
    num_labelled: int
    images: tuple[PassedLabel, ...] = Field(description="Images without labels, surest first.")
    levels: tuple[ConfidenceLevel, ...] = Field(
        description="Empty where a class has a single labelled image."
    )
    accuracy: Interval | None = Field(
        None, description="Against labels that the images turn out to have; to check with."
    )
    words: str
    notes: tuple[str, ...] = ()
    seconds: float = 0.0


class AcceptedLabel(Document):
    """A label that a person took from a propagation, or gave instead."""

    key: str
    label: str


class AcceptedTable(Document):
    """Where accepted labels were written, as a table that training reads."""

    file: str
    num_accepted: int
    num_labelled: int = Field(description="Images with labels of their own that stand in the table too.")
