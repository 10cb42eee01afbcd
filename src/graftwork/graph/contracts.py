"""The contract of each built-in component: its ports and settings, known without torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from graftwork.documents.document import Document
from graftwork.documents.recipe import BatchNormMode, Moving, Strategy
from graftwork.graph.adaptation import ADAPTATION
from graftwork.graph.contract import Contract, Contracts, Ports
from graftwork.graph.custom import CUSTOM
from graftwork.graph.layers import LAYERS
from graftwork.graph.merges import MERGES
from graftwork.graph.objectives import OBJECTIVES
from graftwork.graph.ports import Dim, Port, Wire
from graftwork.graph.preprocess import PREPROCESS

__all__ = [
    "CONTRACTS",
    "BackboneSettings",
    "Contract",
    "Contracts",
    "HeadSettings",
    "ImagesSettings",
    "LabelKind",
]

LabelKind = Literal["category", "number", "tags", "mask"]
SplitShare = Annotated[float, Field(ge=0.0, lt=0.9)]
TrainShare = Annotated[float, Field(gt=0.0, le=1.0)]


def _split_names(value: Any) -> Any:
    """Read ``a,b`` as the names a and b: what a command line can say."""
    if isinstance(value, str):
        return tuple(name for part in value.split(",") if (name := part.strip()))
    return value


Names = Annotated[tuple[str, ...], BeforeValidator(_split_names)]


class ImagesSettings(Document):
    """Where labelled images come from, and how they are split."""

    source: str = Field(description="Folder, table, array file, or sample:NAME.")
    image_column: str | None = Field(None, description="Table: column with image paths.")
    label_column: str | None = Field(None, description="Table: column with labels.")
    split_column: str | None = Field(None, description="Table: column that says train, validation or test.")
    group_column: str | None = Field(None, description="Table: images of one group never cross splits.")
    label_kind: LabelKind = Field(
        "category",
        description="'category': one class per image; 'number': numbers; 'tags': any number of classes, as "
        "a;b or in columns of 0 and 1; 'mask': a class per pixel, from folders images and masks.",
    )
    label_columns: tuple[str, ...] = Field(
        (),
        description="Table: columns with the numbers or with 0 and 1 for each tag, when there are several.",
    )
    mask_column: str | None = Field(None, description="Table: column with paths of masks.")
    number_columns: tuple[str, ...] = Field((), description="Table: numbers that are further inputs.")
    category_columns: tuple[str, ...] = Field((), description="Table: categories that are further inputs.")
    exclude: tuple[str, ...] = Field(
        (), description="Keys of images that are left out, as the data view lists them."
    )
    relabel: dict[str, str] = Field(
        default_factory=dict,
        description="New labels by key of image: the name of a class, tags as a;b, or numbers as 1.5;2. A name "
        "that no image had makes a new class.",
    )
    size: Annotated[int, Field(ge=8)] | None = Field(
        None, description="Side of the images in pixels. Empty: what the base wants."
    )
    validation: SplitShare = Field(0.15, description="Share of images that choose the best checkpoint.")
    test: SplitShare = Field(0.15, description="Share of images kept for the final scores.")
    train_share: TrainShare = Field(
        1.0,
        description="Share of the training images that is used, of each class alike; a smaller share lies "
        "inside a larger one. Validation and test images stay as they are.",
    )
    split_seed: Annotated[int, Field(ge=0)] | None = Field(
        None,
        description="Start of the draw of validation and test images. Empty: the recipe's seed. Set it to train "
        "with other seeds on the same split.",
    )

    def seed_of_split(self, seed: int) -> int:
        """Return the start of the draw of the splits in a run whose recipe has ``seed``."""
        return seed if self.split_seed is None else self.split_seed


class BackboneSettings(Document):
    """Which base, and how much of it is retrained."""

    base: str = Field("bundled:efficientnet_lite0", description="Base id, host:name.")
    strategy: Strategy = Field("head_only", description="How much of the base is retrained.")
    cut: str | None = Field(
        None, description="Stages up to this one are frozen; 'input': none. Empty: the strategy decides."
    )
    only_stages: Names = Field(
        (),
        description="Surgical: these stages alone are retrained, all before and after them is frozen; instead of a cut "
        "(Lee 2023, arXiv:2210.11466). Empty: all stages after the cut.",
    )
    moving: Moving = Field(
        "all",
        description="What moves in free stages. 'all': all parameters; 'norm': those of normalization layers; 'bias': "
        "all biases (Zaken 2022, arXiv:2106.10199); 'lora': low-rank changes of the weights of linear and convolution "
        "layers, the weights themselves stay (Hu 2022, arXiv:2106.09685).",
    )
    lora_rank: Annotated[int, Field(ge=1)] | None = Field(
        None, description="LoRA: rank r of the change, alpha/r · B A. Empty: 8."
    )
    lora_alpha: Annotated[float, Field(gt=0.0)] | None = Field(
        None, description="LoRA: scale alpha of the change. Empty: as much as the rank."
    )
    lora_layers: Names = Field(
        (),
        description="LoRA: layers or stages that get a change, names or patterns. Empty: each that bears the rank.",
    )
    batch_norm: BatchNormMode = Field(
        "held",
        description="Batch-norm: 'held' statistics always; 'follow': free where trainable; "
        "'adapt': statistics re-estimated on the training images, then held.",
    )
    last_stage: str | None = Field(
        None,
        description="Stage whose output leaves the backbone; later ones are left out. Empty: the last one.",
    )
    skips: Annotated[int, Field(ge=0, le=8)] = Field(
        0,
        description="Larger maps that leave the backbone too, at the ports skip_1, skip_2, …: the last stage of "
        "each size, smallest first. Without last_stage the backbone then ends with its last maps, before pooling.",
    )
    skip_stages: tuple[str, ...] = Field(
        (), description="Stages whose maps these are, in the order of the ports. Empty: as 'skips' says."
    )
    freeze: tuple[str, ...] = Field(
        (), description="Layers or stages that stay frozen in spite of the strategy: names or patterns."
    )
    unfreeze: tuple[str, ...] = Field(
        (), description="Layers or stages that are trained in spite of the strategy: names or patterns."
    )
    image_size: Annotated[int, Field(ge=8)] | None = Field(
        None, description="Side of the images in pixels. Empty: what the base was trained with."
    )
    crop: Literal["whole", "port"] = Field(
        "whole",
        description="'whole': the short side fills the input, so that edges of the image count too; "
        "'port': the center crop that the base was evaluated with.",
    )

    @field_validator("lora_rank", "lora_alpha", "lora_layers")
    @classmethod
    def _is_of_lora(cls, value: Any, info: ValidationInfo) -> Any:
        if value and info.data.get("moving", "lora") != "lora":
            raise ValueError(f"only has a meaning when moving is 'lora', not '{info.data['moving']}'")
        return value

    @property
    def rank(self) -> int:
        """The rank of LoRA's changes."""
        return self.lora_rank or 8

    @property
    def alpha(self) -> float:
        """The scale of LoRA's changes: alpha in alpha/r."""
        return self.lora_alpha or float(self.rank)

    @property
    def num_skips(self) -> int:
        """How many larger maps leave the backbone."""
        return len(self.skip_stages) or self.skips


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


_IMAGE = ("b", 3, "h", "w")
_LABELS: dict[LabelKind, Port] = {
    "category": Port(name="labels", kind="labels", shape=("b",)),
    "tags": Port(name="labels", kind="labels", shape=("b", "tags")),
    "number": Port(name="labels", kind="number", shape=("b", "n")),
    "mask": Port(name="labels", kind="mask", shape=("b", "h", "w")),
}


def _images_ports(settings: ImagesSettings) -> Ports:
    """Return the outputs under these settings: the image, its labels, further inputs from the table."""
    size = settings.size
    image = _IMAGE if size is None else ("b", 3, size, size)
    labels = _LABELS[settings.label_kind]
    if settings.label_kind == "number" and settings.label_columns:
        labels = labels.edit(shape=("b", len(settings.label_columns)))
    if settings.label_kind == "mask" and size is not None:
        labels = labels.edit(shape=("b", size, size))
    outputs = [Port(name="image", kind="image", shape=image), labels]
    if settings.number_columns:
        outputs.append(Port(name="numbers", kind="number", shape=("b", len(settings.number_columns))))
    if settings.category_columns:
        outputs.append(Port(name="categories", kind="category", shape=("b", len(settings.category_columns))))
    return (), tuple(outputs)


_FEATURES = Port(name="features", kind="features")


def _backbone_ports(settings: BackboneSettings) -> Ports:
    """Return the features, and the larger maps where they are wanted."""
    count = settings.num_skips
    features = _FEATURES.edit(shape=("b", "c", "h", "w")) if count else _FEATURES
    skips = (
        Port(name=f"skip_{i}", kind="features", shape=("b", f"c_{i}", f"h_{i}", f"w_{i}"))
        for i in range(1, count + 1)
    )
    return (Port(name="image", kind="image", shape=_IMAGE),), (features, *skips)


def _pixels(settings: ImagesSettings, inputs: Mapping[str, Wire]) -> dict[str, Wire]:
    del inputs
    side: Dim = settings.size or "h"
    return {"image": Wire(kind="image", shape=("b", 3, side, settings.size or "w"), value_range=(0.0, 1.0))}


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
            ports_of=_images_ports,
            infer=_pixels,
        ),
        Contract(
            name="backbone",
            group="base",
            title="Backbone",
            summary="A base placed in a flow: pretrained stages up to its old classifier.",
            inputs=(Port(name="image", kind="image", shape=_IMAGE),),
            outputs=(_FEATURES,),
            settings=BackboneSettings,
            ports_of=_backbone_ports,
        ),
        Contract(
            name="head",
            title="Head",
            summary="Answers the task from features: pooling, hidden layers, one linear layer.",
            inputs=(Port(name="features", kind="features"),),
            outputs=(Port(name="logits", kind="logits", shape=("b", "classes")),),
            settings=HeadSettings,
        ),
        *PREPROCESS,
        *LAYERS,
        *MERGES,
        *OBJECTIVES,
        *ADAPTATION,
        *CUSTOM,
    ],
    plugins="graftwork.contracts",
)
