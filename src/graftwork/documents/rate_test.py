"""A learning-rate range test: the loss of a short training whose rate rises at each update, and what it suggests."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from graftwork.documents.document import Document, VersionedDocument

__all__ = ["RateChoices", "RatePoint", "RateTest"]

Rate = Annotated[float, Field(gt=0.0, le=1e4)]


class RateChoices(Document):
    """Which phase is tested, and over which rates."""

    phase: Literal["main", "probe"] = Field(
        "main",
        description="Phase whose rate is sought; the main one begins after the probe, where there is one.",
    )
    lowest: Rate | None = Field(
        None, description="First rate. Empty: a thousandth of the one that the plan would take."
    )
    highest: Rate | None = Field(
        None, description="Last rate. Empty: a thousand times the one that the plan would take."
    )
    updates: Annotated[int, Field(ge=20, le=2000)] = Field(
        100, description="Updates of the optimizer from the first rate to the last."
    )

    @model_validator(mode="after")
    def _rises(self) -> RateChoices:
        if self.lowest is not None and self.highest is not None and not self.lowest < self.highest:
            raise ValueError(
                f"the lowest rate, {self.lowest:g}, must lie below the highest, {self.highest:g}"
            )
        return self


class RatePoint(Document):
    """One update."""

    rate: float = Field(
        description="Of the recipe's field; other groups keep the proportion that they have in a run."
    )
    loss: float = Field(
        description="Of the update's images, before the update; what loss terms add is in it."
    )
    smoothed: float = Field(description="Loss, averaged over neighbouring updates.")


class RateTest(VersionedDocument):
    """What the range test of a phase showed."""

    phase: str
    field: Literal["learning_rate", "probe_learning_rate"] = Field(
        description="Of the recipe, that the rate goes into."
    )
    planned: float = Field(description="The rate that the plan would take.")
    points: tuple[RatePoint, ...]
    noise: float = Field(
        description="Standard deviation of the loss around its smoothed course, up to its lowest."
    )
    steepest: float | None = Field(None, description="Rate where the smoothed loss falls fastest.")
    lowest_loss_at: float = Field(description="Rate where the smoothed loss is lowest.")
    rises_from: float | None = Field(
        None, description="Rate from which the smoothed loss lies above where it began. Empty: it never does."
    )
    diverged: bool = Field(description="Whether the test ended early, as the loss had grown beyond return.")
    suggested: float | None = Field(None, description="Rate to take. Empty: the test does not tell.")
    words: str = Field(description="What it shows, in a sentence or two.")
    num_images: int = Field(description="Images that were trained on in the test.")
    seconds: float
