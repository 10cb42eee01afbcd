"""One image through every stage of a base: maps, statistics, and what training changed in them."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from graftwork.documents.document import Document, VersionedDocument
from graftwork.documents.preview import Picture

__all__ = ["AttentionMap", "ChannelMap", "ChannelSide", "MapsDocument", "StageLook", "StageSide", "Weights"]

Weights = Literal["pretrained", "trained"]


class StageSide(Document):
    """A stage under one set of weights."""

    picture: Picture = Field(
        description="Mean size of the values at each place; of a vector each of its values."
    )
    mean: float | None
    std: float | None
    zero_share: float = Field(description="Share of the values that are exactly zero.")
    num_dead: int = Field(description="Channels with one and the same value everywhere, on all images.")


class StageLook(Document):
    """One stage, under all weights that were asked for."""

    stage: str
    kind: Literal["maps", "tokens", "vector"]
    shape: tuple[int, ...] = Field(description="Of its output, without the batch.")
    grid: tuple[int, int] = Field(description="Rows and columns of places; 1 × 1 of a vector.")
    num_extra: int = Field(0, description="Tokens without a place, such as the class token.")
    num_channels: int
    sides: dict[Weights, StageSide]
    change: float | None = Field(
        None,
        description="Root mean square of what training changed over that of the pretrained values; null for one side.",
    )


class ChannelSide(Document):
    """A channel under one set of weights."""

    picture: Picture | None = Field(description="Null of a vector, which has no places.")
    mean: float
    std: float
    zero_share: float
    is_dead: bool


class ChannelMap(Document):
    """One channel; its pictures share one scale, from ``low`` (dark) to ``high`` (pale)."""

    index: int
    low: float | None
    high: float | None
    change: float | None = Field(
        None, description="As of a stage; null for one side, or where a silent channel came to life."
    )
    sides: dict[Weights, ChannelSide]


class AttentionMap(Document):
    """Where one head of an attention layer looks: from the class token, or from all tokens on average."""

    layer: int = Field(description="Within the stage, from 0.")
    head: int
    sides: dict[Weights, Picture]


class MapsDocument(VersionedDocument):
    """An image through every stage of a base; one stage is shown channel by channel."""

    newest_format: ClassVar[int] = 1

    flow: str
    run: str | None
    image: str
    label: tuple[str, ...] = ()
    split: str | None = None
    weights: tuple[Weights, ...]
    input: Picture = Field(description="The image as the base sees it.")
    num_images: int = Field(
        description="How many images the statistics and the dead channels are counted over."
    )
    stages: tuple[StageLook, ...]
    shown: str = Field(description="The stage whose channels are listed.")
    order: Literal["activity", "change", "index"] = Field(description="Which channels come first.")
    channels: tuple[ChannelMap, ...]
    attention: tuple[AttentionMap, ...] = ()
    notes: tuple[str, ...] = ()
