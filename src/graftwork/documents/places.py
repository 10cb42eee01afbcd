"""What a run said of each place of its images: masks or heat maps, a page at a time."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from graftwork.documents.document import Document, VersionedDocument

__all__ = ["ClassOverlap", "LegendEntry", "PlacePage", "PlaceRow", "PlacesOfImage"]


class LegendEntry(Document):
    """A class of masks and its color."""

    name: str
    color: str = Field(description="As #rrggbb.")
    is_drawn: bool = Field(
        description="Whether its pixels are painted over the image; the first class is not."
    )


class ClassOverlap(Document):
    """How one class was met in one image."""

    name: str
    iou: float | None = Field(description="None where the class is neither there nor said.")
    label_share: float = Field(description="Share of the pixels that count.")
    said_share: float = Field(description="Share of the pixels that count, as the run says.")


class PlaceRow(Document):
    """What a run said of the places of one image."""

    key: str
    digest: str = Field(description="SHA-256 of the image's bytes; empty when it is not there any more.")
    label: str | None = Field(None, description="Of anomalies: normal or odd, or the class.")
    overlap: float | None = Field(
        None, description="Of masks: intersection over union, mean over classes there or said."
    )
    wrong_share: float | None = Field(None, description="Of masks: share of the pixels that are wrong.")
    classes: tuple[ClassOverlap, ...] = ()
    score: float | None = Field(None, description="Of anomalies: how odd the image is.")
    peak: tuple[float, float] | None = Field(
        None, description="Of anomalies: where it is oddest, shares of width and height from the top left."
    )
    pictures: dict[str, str] = Field(
        default_factory=dict,
        description="'image'; of masks 'said', 'label' and 'wrong', of anomalies 'heat' and 'label' where there are "
        "masks, to lie over it. File names, or names of pictures that the server keeps.",
    )
    problem: str | None = Field(None, description="Why there are no pictures.")


class PlacePage(VersionedDocument):
    """Some images of a run with what it said of their places."""

    run: str
    kind: Literal["mask", "heat"] = Field(description="'mask': a class per pixel; 'heat': how odd each is.")
    split: Literal["validation", "test"]
    total: int = Field(description="Images of the split, on all pages.")
    legend: tuple[LegendEntry, ...] = ()
    threshold: float | None = Field(None, description="Of anomalies: score from which on an image is odd.")
    scale: tuple[float, float] | None = Field(
        None,
        description="Of heat maps: distances that the darkest and the palest color stand for, in all images.",
    )
    scale_colors: tuple[str, ...] = Field((), description="Of heat maps: colors along the scale, as #rrggbb.")
    rows: tuple[PlaceRow, ...]


class PlacesOfImage(Document):
    """What a run said of the places of an image that is not one of its own: there is no label to compare with."""

    kind: Literal["mask", "heat"] = Field(description="'mask': a class per pixel; 'heat': how odd each is.")
    legend: tuple[LegendEntry, ...] = ()
    threshold: float | None = Field(None, description="Of anomalies: score from which on an image is odd.")
    scale: tuple[float, float] | None = Field(
        None, description="Of heat maps: distances that the darkest and the palest color stand for."
    )
    scale_colors: tuple[str, ...] = Field((), description="Of heat maps: colors along the scale, as #rrggbb.")
    peak: tuple[float, float] | None = Field(
        None, description="Of heat maps: the oddest place, shares of width and height from the top left."
    )
    pictures: dict[str, str] = Field(
        default_factory=dict, description="'image', and 'said' of masks or 'heat', to lie over it."
    )
