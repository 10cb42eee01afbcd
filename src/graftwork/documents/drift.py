"""Drift: what training moved in a network, stage by stage."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from graftwork.documents.document import Document, VersionedDocument
from graftwork.documents.record import Interval

__all__ = ["BatchNormShift", "DriftReport", "PartDrift"]


class BatchNormShift(Document):
    """How far the running statistics of batch-norm layers went; means over all their channels."""

    num_layers: int
    num_channels: int
    mean_shift: float = Field(description="Mean of |μ − μ₀| / σ₀: 1 is one standard deviation.")
    log_variance_ratio: float = Field(
        description="Mean of |ln(σ² / σ₀²)|: 0.69 is twice or half the variance."
    )


class PartDrift(Document):
    """What happened to one stage of a base, or to one node that the flow adds."""

    name: str = Field(description="Of the stage, or of the node.")
    node: str
    role: Literal["base", "new"]
    state: Literal["frozen", "trainable", "partly", "no_parameters"] = Field(
        description="Whether training could move its parameters: none, all, or some of them."
    )
    num_parameters: int
    num_tensors: int = Field(description="Of parameters.")
    moved_tensors: int = Field(description="Those of which a bit changed.")
    movement: float | None = Field(
        description="‖w − w₀‖ / ‖w₀‖ over all its parameters; null when there are none, when all began at "
        "zero, or when a weight is not finite."
    )
    batch_norm: BatchNormShift | None = Field(None, description="Null when it keeps no running statistics.")
    cka: Interval | None = Field(
        None,
        description="Linear CKA between its features before and after; 1: the same up to rotation and scale. "
        "Null for nodes that the flow adds, and where it has no value.",
    )


class DriftReport(VersionedDocument):
    """How far training moved each part of a network away from where it started."""

    run: str
    node: str = Field(description="Of the base.")
    base: str
    split: Literal["validation", "train"] = Field(description="Whose images the features are taken of.")
    num_images: int = Field(description="Images that CKA is computed on.")
    cka: Literal["debiased"] = Field(
        "debiased",
        description="Linear CKA of pooled features from the unbiased HSIC estimate, which few images do not "
        "pull towards 1; its interval by the jackknife over images.",
    )
    parts: tuple[PartDrift, ...] = Field(description="Stages from input to output, then added nodes.")
    notes: tuple[str, ...] = ()

    def at(self, name: str) -> PartDrift | None:
        """Return the row of a stage or node, if there is one."""
        return next((part for part in self.parts if part.name == name), None)
