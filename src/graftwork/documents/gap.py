"""How far apart two domains are, in which way, and what suits."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from graftwork.documents.document import Document, VersionedDocument

__all__ = ["ClassGap", "ExampleImage", "Gap", "LabelGap", "LayerGap", "ShiftKind", "StageGap"]

ShiftKind = Literal["none", "covariate", "label", "concept", "classes"]
"""none: nothing to see; covariate: images look different; label: other shares of the classes; concept: the same look
means other classes; classes: the target has classes that the source does not have."""


class StageGap(Document):
    """Distances of both domains at the end of a stage; each beside what two halves of the source give."""

    stage: str
    a_distance: float = Field(
        description="Proxy A-distance: 0, a classifier cannot tell the domains apart; 2, always."
    )
    is_saturated: bool = Field(description="From 1.95 on it says no more than: apart.")
    mmd: float = Field(
        description="Squared maximum mean discrepancy, five Gaussian kernels, biased estimate; at least 0."
    )
    mmd_halves: float = Field(
        description="The same between two random halves of the source: what nothing looks like."
    )
    mmd_p: float = Field(description="Share of random divisions of all images that are as far apart.")
    coral: float = Field(
        description="‖C_s − C_t‖² / 4d² of the covariances, on standardized main directions."
    )
    coral_halves: float


class LayerGap(Document):
    """What reaches a batch-norm layer, in deviations of what it is compared with."""

    layer: str
    shift: float = Field(description="Target against source: what AdaBN would change.")
    source_kept: float = Field(description="Source against the statistics that the base keeps.")
    target_kept: float = Field(description="Target against them.")


class ClassGap(Document):
    """A class that both domains have."""

    name: str
    num_source: int
    num_target: int
    distance: float = Field(description="Between its means, in the source's mean spread within classes.")
    nearest: str = Field(
        description="Class of the source whose mean is nearest to the target's images of this class."
    )


class LabelGap(Document):
    """What labels of the target tell; None of it is known without them."""

    classes: tuple[ClassGap, ...]
    only_source: tuple[str, ...]
    only_target: tuple[str, ...]
    total_variation: float = Field(
        description="Half the sum of the differences of the classes' shares: 0 the same, 1 apart."
    )
    p_value: float | None = Field(
        description="Chi-squared test of equal shares; None for fewer than two shared classes."
    )
    source_only: float | None = Field(
        description="Balanced accuracy on the target of a probe that learned from the source, over shared classes."
    )


class ExampleImage(Document):
    """An image, and how surely a classifier that has not seen it says that it is of the target."""

    domain: Literal["source", "target"]
    key: str
    digest: str = Field(description="SHA-256 of the image's bytes.")
    target_probability: float


class Gap(VersionedDocument):
    """The gap between two domains as a base sees it."""

    source: str
    target: str
    base: str
    num_source: int
    num_target: int
    num_copies: int = Field(description="Images of the target that are in the source too, byte for byte.")
    stages: tuple[StageGap, ...]
    layers: tuple[LayerGap, ...] = Field(description="Empty where the base has no batch-norm.")
    labels: LabelGap | None
    alike: tuple[ExampleImage, ...] = Field(
        description="Of each domain those that look most like the other one."
    )
    unlike: tuple[ExampleImage, ...]
    kinds: tuple[ShiftKind, ...]
    confidence: Literal["high", "medium", "low"]
    reasons: tuple[str, ...]
    suits: tuple[str, ...] = Field(
        description="Families of methods that fit, and those that do not, in words."
    )
    words: str
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
