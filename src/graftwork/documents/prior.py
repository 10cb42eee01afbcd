"""A distribution of settings from past tasks: what was good there, as a start for a new search."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from graftwork.documents.document import Document, VersionedDocument

__all__ = ["DimensionPrior", "PastRound", "PastTask", "PortfolioEntry", "PriorView", "SettingsPrior"]

Value = float | int | str | None


class PastRound(Document):
    """Settings that were trained once, as a search writes them, and the validation score that they gave."""

    params: dict[str, Value] = Field(
        description="Dimension → value; rates and epochs as factors on what is usual."
    )
    score: float


class PastTask(Document):
    """All that was tried on one set of images."""

    name: str
    base: str
    measures: dict[str, float] = Field(
        description="Logarithms: images, classes, images of the rarest class, imbalance."
    )
    rounds: tuple[PastRound, ...]


class SettingsPrior(VersionedDocument):
    """Past tasks, as they are exported and imported: no image, no path, no weights."""

    tasks: tuple[PastTask, ...]


class DimensionPrior(Document):
    """What the good settings of past tasks say of one dimension."""

    name: str
    kind: Literal["number", "choice"]
    is_log: bool = False
    grid: tuple[float, ...] = Field((), description="Of a number, evenly spaced, in logarithms where is_log.")
    density: tuple[float, ...] = Field((), description="At the grid; its greatest value is 1.")
    quantiles: tuple[float, float, float] | None = Field(None, description="5, 50 and 95 % of a number.")
    shares: dict[str, float] = Field(
        default_factory=dict, description="Of a choice; one is added to each count."
    )


class PortfolioEntry(Document):
    """Settings to try without any search, in order."""

    params: dict[str, Value]
    of_task: str
    regret: float = Field(
        description="Mean over past tasks of what the best of the settings so far loses, as a share of each task's range."
    )


class PriorView(VersionedDocument):
    """A prior as it looks from a new task."""

    task: dict[str, float] | None = Field(
        description="Measures of the new task; None: all past tasks count alike."
    )
    weights: dict[str, float] = Field(description="Of each past task; they sum to one.")
    dimensions: tuple[DimensionPrior, ...]
    portfolio: tuple[PortfolioEntry, ...]
    num_rounds: int
    notes: tuple[str, ...] = ()
