"""Advice on how much of a base to retrain: what was measured, what it says, what each strategy would cost."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from graftwork.documents.document import Document, VersionedDocument
from graftwork.documents.flow import Flow
from graftwork.documents.recipe import Strategy
from graftwork.documents.record import Interval

__all__ = ["Advice", "AdviceChange", "DataSize", "Signal", "StrategyCost"]

Quadrant = Literal["small_similar", "small_different", "large_similar", "large_different"]


class DataSize(Document):
    """How much data there is, after near-duplicates went."""

    num_images: int = Field(description="Labelled training images.")
    num_copies: int = Field(description="Of these, copies of another one; they do not count.")
    num_classes: int
    per_class_median: float
    per_class_min: int
    imbalance: float = Field(description="Largest class over smallest.")


class Signal(Document):
    """One of the five signals of similarity."""

    name: Literal["probe", "depth", "classes", "domains", "statistics"]
    title: str
    reading: float | None = Field(description="Null where it is not available.")
    unit: str = ""
    similarity: float | None = Field(
        None, description="0 different … 1 similar; null where it does not count."
    )
    says: Literal["similar", "unclear", "different", "ignored", "unavailable"]
    words: str = Field(description="What the reading means, or why there is none.")


class StrategyCost(Document):
    """What one strategy would take on this machine."""

    strategy: Strategy
    cut: str
    trainable_parameters: int
    seconds: float = Field(description="Estimated, of the whole training.")
    memory_bytes: int = Field(
        description="Estimated: weights, gradients, the optimizer's state, and what a batch keeps for its gradients."
    )
    note: str = ""


class AdviceChange(Document):
    """One setting that comes with the advice."""

    node: str | None = Field(description="Of the flow; null for the recipe.")
    field: str
    value: Any
    before: Any
    reason: str


class Advice(VersionedDocument):
    """How much of a base to retrain for some data, from one pass over the data and one of a random twin."""

    base: str
    node: str = Field(description="Of the base in the flow.")
    source: str = Field(description="The data.")
    size: DataSize
    probe: Interval = Field(description="Balanced accuracy of a linear probe on the base's last stage.")
    nearest_mean: Interval | None
    random_probe: Interval = Field(description="The same on a twin with random weights.")
    random_nearest_mean: Interval | None
    chance: float
    signals: tuple[Signal, ...]
    place: tuple[float, float] = Field(description="On the map: size and similarity, 0 to 1; borders at 0.5.")
    similar_from: float = Field(description="Similarity from which on a target counts as similar.")
    large_from: float = Field(description="Images per class from which on data counts as large.")
    quadrant: Quadrant
    table: dict[Quadrant, Strategy] = Field(description="The strategy of each quadrant.")
    strategy: Strategy
    cut: str = Field(description="Stages up to this one are frozen; 'input': none.")
    reason: str
    confidence: Literal["low", "medium", "high"]
    doubts: tuple[str, ...] = ()
    strategies: tuple[StrategyCost, ...]
    changes: tuple[AdviceChange, ...] = Field(description="What the advice sets; all of it can be edited.")
    flow: Flow = Field(description="The flow with the advice written in.")
    num_looked_at: int = Field(description="Images that features were computed of.")
    seconds: float = Field(description="What the advice took.")
    notes: tuple[str, ...] = ()

    def cost_of(self, strategy: Strategy) -> StrategyCost:
        """Return the cost of a strategy."""
        return next(row for row in self.strategies if row.strategy == strategy)
