"""What is to be seen of a data set: counts, classes, images, findings, and what can be done about them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from graftwork.documents.document import Document
from graftwork.documents.problem import Problem

__all__ = [
    "ClassRow",
    "DataFix",
    "DataReport",
    "DataView",
    "SamplePage",
    "SampleRow",
    "Shown",
]

Shown = Literal["all", "excluded", "relabeled", "problem"]
"""Which images a page shows."""


class DataReport(Document):
    """Counts and findings of one data set."""

    source: str
    digest: str
    classes: tuple[str, ...]
    num_images: int
    class_counts: dict[str, int] = Field(description="Images per class.")
    split_counts: dict[str, dict[str, int]] = Field(description="Images per split and class.")
    sizes: dict[str, int] = Field(description="Images per size as stored, 'width x height', commonest first.")
    smallest_side: int = Field(description="Pixels.")
    largest_side: int = Field(description="Pixels.")
    modes: dict[str, int] = Field(description="Images per Pillow mode: RGB, L, P, RGBA, CMYK, I;16 …")
    num_unreadable: int
    num_hidden: int = Field(description="Hidden files; they are never opened.")
    num_other: int = Field(description="Files that are no images, and images in no class folder.")
    num_exact_duplicates: int = Field(description="Images whose bytes are those of an earlier one.")
    num_near_duplicates: int = Field(description="Further images that are resized, mirrored … copies.")
    duplicate_groups: tuple[tuple[str, ...], ...] = Field(description="Copies of one image; up to 50 groups.")
    num_crossing: int = Field(description="Groups of copies that lie in more than one split.")
    num_conflicts: int = Field(description="Groups of copies that have more than one label.")
    imbalance: float = Field(description="Images of the commonest class over those of the rarest.")
    tiny_classes: tuple[str, ...] = Field(description="Classes with fewer than 10 images.")
    problems: tuple[Problem, ...]


class SampleRow(Document):
    """One image of a data set, without its pixels."""

    key: str
    digest: str = Field(description="SHA-256 of its bytes; empty when it cannot be read.")
    label: tuple[str, ...] = Field(
        description="Class, tags, numbers, or classes of the mask, after corrections."
    )
    found_label: tuple[str, ...] | None = Field(
        None, description="The label as it was found, when the flow gives the image another one."
    )
    split: str | None = Field(None, description="train, validation or test; empty when it is not used.")
    width: int = Field(0, description="Pixels as stored.")
    height: int = Field(0, description="Pixels as stored.")
    is_excluded: bool = False
    problem: str | None = Field(None, description="What is wrong with it, in one sentence.")


class ClassRow(Document):
    """One class or tag of a data set."""

    name: str
    num_images: int
    by_split: dict[str, int] = Field(description="Images per split.")
    examples: tuple[SampleRow, ...] = Field(description="Up to six of its images.")


class SamplePage(Document):
    """A stretch of the images that were asked for."""

    total: int = Field(description="Images that fit what was asked for.")
    offset: int
    rows: tuple[SampleRow, ...]


class DataFix(Document):
    """Something that can be done about a finding: new settings, to be looked at and taken over."""

    id: str
    kind: Literal["exclude", "relabel", "keep_one", "settings"]
    title: str
    detail: str
    keys: tuple[str, ...] = Field((), description="Images that change; up to 200 of them.")
    num_keys: int = Field(0, description="How many images change.")
    changes: dict[str, Any] = Field(
        default_factory=dict, description="New values of settings of the images node."
    )
    recipe_changes: dict[str, Any] = Field(
        default_factory=dict, description="New values of fields of the recipe."
    )


class DataView(Document):
    """A data set at a glance."""

    report: DataReport
    classes: tuple[ClassRow, ...]
    fixes: tuple[DataFix, ...]
    num_excluded: int
    num_relabeled: int
