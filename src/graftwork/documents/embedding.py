"""Images as points on a plane, before and after training, and the neighbors of an image."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from graftwork.documents.document import Document, VersionedDocument
from graftwork.documents.record import Interval

__all__ = [
    "EmbeddingMap",
    "MapDomain",
    "MapMethod",
    "MapPoints",
    "MapSide",
    "MapWeights",
    "Neighbor",
    "NeighborList",
]

MapMethod = Literal["pca", "umap"]
MapWeights = Literal["pretrained", "trained"]


class MapDomain(Document):
    """A source of images on a map: the run's own, or one beside it."""

    name: str
    source: str
    num_images: int = Field(description="On the map.")


class MapPoints(Document):
    """Columns with a value for each image on the map, in one order."""

    keys: tuple[str, ...] = Field(description="Of the image, in the source of its domain.")
    digests: tuple[str, ...] = Field(description="SHA-256 of the image's bytes.")
    domain: tuple[int, ...] = Field(description="Position in 'domains'.")
    split: tuple[int, ...] = Field(description="Position in 'splits'; -1 for none.")
    label: tuple[int, ...] = Field(description="Position in 'labels'; -1 for none.")
    predicted: tuple[int, ...] = Field(
        description="Position in 'labels'; -1 for none: runs keep predictions of validation and test images."
    )
    confidence: tuple[float | None, ...] = Field(
        description="Probability of what was predicted; of anomalies the score."
    )
    is_wrong: tuple[bool | None, ...] = Field(description="Whether the prediction is wrong.")


class MapSide(Document):
    """The map with one set of weights."""

    weights: MapWeights
    x: tuple[float, ...]
    y: tuple[float, ...]
    explained: tuple[float, float] | None = Field(
        description="PCA: share of the variance of the features that each axis shows, before it is laid over "
        "the other side."
    )
    trustworthiness: Interval | None = Field(
        description="How far neighbors on the map are neighbors in the features, 1 at best; None of fewer than "
        "5 images."
    )
    same_class: Interval | None = Field(
        description="Of validation and test images: share of the nearest training images, by the angle of the "
        "features, that have the same label; None where there are no such images or labels."
    )
    same_class_on_map: Interval | None = Field(description="The same by distance on the map.")


class EmbeddingMap(VersionedDocument):
    """Images as points: near each other where the network sees them alike."""

    run: str | None = Field(description="Id of the run; None of a flow that was not trained.")
    flow: str
    method: MapMethod
    place: str = Field(description="Where the features are taken: 'base', 'head', or a stage.")
    num_features: int
    seed: int
    num_images: int = Field(description="Of all sources; the map shows 'num_shown' of them.")
    num_shown: int
    domains: tuple[MapDomain, ...] = Field(description="The run's own images are the first one.")
    splits: tuple[str, ...]
    labels: tuple[str, ...]
    points: MapPoints
    sides: tuple[MapSide, ...] = Field(description="Pretrained first; one where there are no others.")
    is_unmoved: bool = Field(description="Training did not change the features: one side stands for both.")
    disparity: float | None = Field(
        description="Between the two sides after they were laid over each other: 0 alike, 1 nothing in common."
    )
    num_measured: int = Field(description="Images at most in the samples that the measures come from.")
    num_neighbors: int = Field(description="Neighbors that the measures look at.")
    same_class_by_chance: float | None = Field(
        description="Share to expect if neighbors were drawn among the training images."
    )
    notes: tuple[str, ...] = ()


class Neighbor(Document):
    """A training image near another one."""

    key: str
    digest: str
    label: str | None
    distance: float = Field(description="1 minus the cosine between the features: 0 alike, 2 opposite.")


class NeighborList(Document):
    """The training images that a network sees most like one image."""

    image: str
    label: str | None = Field(description="Of the image, where it is known.")
    weights: MapWeights
    place: str
    num_searched: int = Field(description="Training images that were compared.")
    neighbors: tuple[Neighbor, ...] = Field(description="The nearest first; the image itself is left out.")
    same_class: Interval | None = Field(
        description="Share of the neighbors that have the image's label; None where that is not known."
    )
