"""The preview of a node: what its output looks like on a few samples, as one document."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from graftwork.documents.document import Document, VersionedDocument

__all__ = [
    "ChannelView",
    "ClassShare",
    "CustomView",
    "Histogram",
    "ImageView",
    "LabelsView",
    "MapsView",
    "MaskView",
    "ObjectiveView",
    "PreviewDocument",
    "SamplePreview",
    "ScoresView",
    "TensorStats",
    "ValuesView",
    "VectorView",
    "View",
]

Picture = Annotated[str, Field(description="Name of a picture, or the path of its PNG once it is written.")]


class TensorStats(Document):
    """Statistics over all finite values of a tensor; null where there are none."""

    min: float | None
    max: float | None
    mean: float | None
    std: float | None
    zero_share: float = Field(description="Share of the values that are exactly zero.")
    num_nan: int = Field(0, description="Values that are not a number.")
    num_infinite: int = 0
    constant_channel_share: float | None = Field(
        None,
        description="Share of the channels with one value for all samples and places; null for whole numbers.",
    )


class Histogram(Document):
    """How often values fall between edges: ``counts[i]`` between ``edges[i]`` and ``edges[i + 1]``."""

    edges: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()


class ClassShare(Document):
    """A class, and the probability that the network gives it."""

    name: str
    probability: float | None


class ImageView(Document):
    """An image as pixels; ``stats`` are those of the tensor behind it."""

    view: Literal["image"] = "image"
    picture: Picture
    width: int
    height: int
    stats: TensorStats


class ChannelView(Document):
    """One channel of a feature map as a heat map; its colors go from ``min`` to ``max``."""

    index: int
    picture: Picture
    stats: TensorStats


class MapsView(Document):
    """A feature map: some channels as heat maps, and all of these on one sheet."""

    view: Literal["maps"] = "maps"
    num_channels: int
    height: int
    width: int
    order: Literal["index", "activity"] = Field(description="'activity': those that vary most come first.")
    channels: tuple[ChannelView, ...]
    sheet: Picture
    stats: TensorStats


class VectorView(Document):
    """A vector: its histogram, and its values when there are at most 64."""

    view: Literal["vector"] = "vector"
    size: int
    values: tuple[float | None, ...] = ()
    histogram: Histogram
    stats: TensorStats


class ScoresView(Document):
    """What the network says about the classes, through the objective that reads it."""

    view: Literal["scores"] = "scores"
    logits: tuple[float | None, ...] = Field(
        (), description="As they come; empty where they are probabilities."
    )
    top: tuple[ClassShare, ...] = Field(description="The likeliest classes, at most five.")
    predicted: tuple[str, ...] = Field(description="The class; of tags all with at least one half.")
    is_right: bool | None = Field(None, description="Null without a label.")


class LabelsView(Document):
    """Labels: names, and the share of each where labels are mixed or one-hot."""

    view: Literal["labels"] = "labels"
    names: tuple[str, ...]
    shares: tuple[float | None, ...] = ()


class MaskView(Document):
    """A class per pixel, each in a color of its own; shares are of the pixels that count."""

    view: Literal["mask"] = "mask"
    picture: Picture
    width: int
    height: int
    shares: dict[str, float]
    colors: dict[str, str] = Field(default_factory=dict, description="Color of each class as #rrggbb.")


class ValuesView(Document):
    """Numbers or words as they are."""

    view: Literal["values"] = "values"
    values: tuple[float | str | None, ...]


class ObjectiveView(Document):
    """What an objective says about one sample; the loss without class weights."""

    view: Literal["objective"] = "objective"
    loss: float | None
    top: tuple[ClassShare, ...] = ()
    predicted: tuple[str, ...] = ()
    is_right: bool | None = None
    values: tuple[float | None, ...] = Field((), description="Numbers or scores that are predicted.")


View = Annotated[
    ImageView | MapsView | VectorView | ScoresView | LabelsView | MaskView | ValuesView | ObjectiveView,
    Field(discriminator="view"),
]


class SamplePreview(Document):
    """A node's output on one sample."""

    key: str
    label: tuple[str, ...] = Field((), description="Class, tags, or numbers as text; empty without a label.")
    split: str | None
    view: View


class CustomView(Document):
    """What the preview of custom code drew, or why it did not."""

    pictures: dict[str, Picture] = Field(default_factory=dict)
    error: str | None = None


class PreviewDocument(VersionedDocument):
    """A node's output on a few samples."""

    newest_format: ClassVar[int] = 1

    flow: str
    node: str
    component: str
    port: str | None = Field(
        description="The output, or the stage of a base, that is shown; null for an objective."
    )
    kind: str = Field(description="Kind of the wire, or 'objective'.")
    shape: tuple[int, ...] = Field(description="Batch first.")
    dtype: str
    ports: tuple[str, ...] = Field((), description="All outputs of the node.")
    fingerprint: str = Field(description="Changes when anything that the output stands on changes.")
    weights: str = Field(description="'initial', 'pretrained', or the id of a run.")
    seconds: float = Field(description="Time to compute and describe it.")
    from_cache: bool = Field(description="Whether nothing had to be computed.")
    computed: tuple[str, ...] = Field((), description="Nodes that were computed for it, in order.")
    stats: TensorStats
    samples: tuple[SamplePreview, ...]
    custom: CustomView | None = None
    notes: tuple[str, ...] = ()
