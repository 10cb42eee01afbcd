"""The contract of each built-in component: its ports and settings, known without torch."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from graftwork.documents.document import Document
from graftwork.documents.recipe import BatchNormMode, Strategy
from graftwork.graph.contract import Contract, Contracts
from graftwork.graph.ports import Port

__all__ = [
    "CONTRACTS",
    "BackboneSettings",
    "ClassificationSettings",
    "Contract",
    "Contracts",
    "HeadSettings",
    "ImagesSettings",
]

SplitShare = Annotated[float, Field(ge=0.0, lt=0.9)]


class ImagesSettings(Document):
    """Where labelled images come from, and how they are split."""

    source: str = Field(description="Folder, table, array file, or sample:NAME.")
    image_column: str | None = Field(None, description="Table: column with image paths.")
    label_column: str | None = Field(None, description="Table: column with labels.")
    split_column: str | None = Field(None, description="Table: column that says train, validation or test.")
    group_column: str | None = Field(None, description="Table: images of one group never cross splits.")
    validation: SplitShare = Field(0.15, description="Share of images that choose the best checkpoint.")
    test: SplitShare = Field(0.15, description="Share of images kept for the final scores.")


class BackboneSettings(Document):
    """Which base, and how much of it is retrained."""

    base: str = Field("bundled:efficientnet_lite0", description="Base id, host:name.")
    strategy: Strategy = Field("head_only", description="How much of the base is retrained.")
    cut: str | None = Field(
        None, description="Stages up to this one are frozen; 'input': none. Empty: the strategy decides."
    )
    batch_norm: BatchNormMode = Field(
        "held",
        description="Batch-norm: 'held' statistics always; 'follow': free where trainable; "
        "'adapt': statistics re-estimated on the training images, then held.",
    )
    image_size: Annotated[int, Field(ge=8)] | None = Field(
        None, description="Side of the images in pixels. Empty: what the base was trained with."
    )
    crop: Literal["whole", "port"] = Field(
        "whole",
        description="'whole': the short side fills the input, so that edges of the image count too; "
        "'port': the center crop that the base was evaluated with.",
    )


class HeadSettings(Document):
    """The new part that answers the task: pooling where needed, hidden layers, one linear layer."""

    hidden: tuple[Annotated[int, Field(ge=1)], ...] = Field((), description="Widths of hidden layers.")
    dropout: Annotated[float, Field(ge=0.0, lt=1.0)] = Field(
        0.0, description="Share of features set to zero while training."
    )
    standardize: bool = Field(
        True,
        description="Scale features to mean 0, deviation 1 by the training images' values before the "
        "linear layer. Changes how fast a head converges, not what it can express.",
    )


class ClassificationSettings(Document):
    """One label per image; cross-entropy."""


_IMAGE = ("b", 3, "h", "w")

CONTRACTS = Contracts(
    [
        Contract(
            name="images",
            group="data",
            title="Images",
            summary="Labelled images from a folder, a table or arrays, split for training.",
            outputs=(
                Port(name="image", kind="image", shape=_IMAGE),
                Port(name="labels", kind="labels", shape=("b",)),
            ),
            settings=ImagesSettings,
        ),
        Contract(
            name="backbone",
            group="base",
            title="Backbone",
            summary="A base placed in a flow: pretrained stages up to its old classifier.",
            inputs=(Port(name="image", kind="image", shape=_IMAGE),),
            outputs=(Port(name="features", kind="features"),),
            settings=BackboneSettings,
        ),
        Contract(
            name="head",
            title="Head",
            summary="Answers the task from features: pooling, hidden layers, one linear layer.",
            inputs=(Port(name="features", kind="features"),),
            outputs=(Port(name="logits", kind="logits", shape=("b", "classes")),),
            settings=HeadSettings,
        ),
        Contract(
            name="classification",
            group="objective",
            title="Classification",
            summary="Objective for one label per image: cross-entropy and its scores.",
            inputs=(
                Port(name="logits", kind="logits", also=("features",), shape=("b", "classes")),
                Port(name="labels", kind="labels", shape=("b",)),
            ),
            settings=ClassificationSettings,
        ),
    ]
)
