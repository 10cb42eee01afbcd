"""The record of a run: what was done, what came out, what it cost, and the proof."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from graftwork.documents.card import BaseCard
from graftwork.documents.document import Document, VersionedDocument
from graftwork.documents.recipe import Strategy

__all__ = [
    "ClassScore",
    "Cost",
    "DataSummary",
    "Environment",
    "Interval",
    "Proof",
    "RunRecord",
    "Scores",
    "Status",
]

Status = Literal["running", "finished", "stopped", "failed"]


class Interval(Document):
    """A measured value with its 95 % confidence interval."""

    value: float
    low: float
    high: float


class ClassScore(Document):
    """Scores of one class."""

    name: str
    num_images: int
    precision: Interval | None = Field(description="None when the class was never predicted.")
    recall: Interval | None = Field(description="None when no image of the class was there.")
    f1: float | None


class Scores(Document):
    """Scores on one split. Intervals: Wilson for accuracy, precision, recall; bootstrap for the rest."""

    num_images: int
    accuracy: Interval
    balanced_accuracy: Interval
    macro_f1: Interval
    log_loss: Interval
    classes: tuple[ClassScore, ...]
    confusion: tuple[tuple[int, ...], ...] = Field(description="Row: label, column: predicted label.")
    majority_accuracy: float = Field(description="Accuracy of always saying the commonest training class.")


class Proof(Document):
    """What stayed frozen and what moved."""

    frozen_tensors: int
    frozen_values: int
    frozen_digest_before: str
    frozen_digest_after: str
    frozen_unchanged: bool
    changed_frozen: tuple[str, ...] = ()
    trainable_tensors: int
    trainable_values: int
    moved_tensors: int
    unmoved: tuple[str, ...] = ()
    weights_digest: str = Field(description="SHA-256 over names and values of the final weights.")

    @property
    def holds(self) -> bool:
        """Whether all frozen tensors are bit-identical and all trainable ones moved."""
        return self.frozen_unchanged and self.moved_tensors == self.trainable_tensors


class Cost(Document):
    """What the run took."""

    seconds: float = Field(description="Wall time, over all sittings of a resumed run.")
    base_images: int = Field(description="Images that went through the base from its input on.")
    partial_images: int = Field(0, description="Stored features that went through the unfrozen stages.")
    cache_hits: int = Field(0, description="Stored features that were found instead of computed.")
    cache_bytes: int = Field(0, description="Size of the stored features that this run used.")
    peak_memory_bytes: int = 0


class DataSummary(Document):
    """The data a run stood on."""

    source: str
    digest: str = Field(description="SHA-256 over the keys, labels, bytes and splits of all samples.")
    classes: tuple[str, ...]
    num_images: dict[str, int]
    num_skipped: int = 0
    num_duplicates: int = 0
    notes: tuple[str, ...] = ()


class Environment(Document):
    """Versions and hardware."""

    graftwork: str
    python: str
    torch: str
    libraries: dict[str, str] = Field(default_factory=dict)
    device: str
    processor: str
    num_threads: int


class RunRecord(VersionedDocument):
    """One execution of a flow."""

    run: str
    name: str
    path: str
    status: Status
    created: str = Field(description="ISO 8601, UTC.")
    base: str
    strategy: Strategy
    cut: str
    seed: int
    message: str | None = Field(None, description="Why a run failed or stopped.")
    note: str = ""
    data: DataSummary | None = None
    card: BaseCard | None = None
    metrics: dict[Literal["validation", "test"], Scores] = Field(default_factory=dict)
    proof: Proof | None = None
    cost: Cost | None = None
    environment: Environment | None = None
    best_epoch: int | None = None
