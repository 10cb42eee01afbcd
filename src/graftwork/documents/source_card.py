"""What a folder, a table or an array file is, told before any image is opened."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from graftwork.documents.document import Document
from graftwork.documents.problem import Problem

__all__ = ["ColumnCard", "ColumnRole", "ColumnType", "SourceCard", "SourceKind"]

ColumnType = Literal["image", "mask", "category", "binary", "tags", "number", "text", "empty"]
ColumnRole = Literal["image", "label", "mask", "split", "group", "input", "ignore"]
SourceKind = Literal["folder", "table", "arrays", "masks", "sample", "unlabelled"]


class ColumnCard(Document):
    """A column of a table, or what stands for one: an array, the folders' names."""

    name: str
    type: ColumnType
    role: ColumnRole = Field(description="What it is proposed to be used for.")
    num_missing: int = Field(0, description="Empty cells.")
    num_distinct: int = Field(0, description="Different values.")
    examples: tuple[str, ...] = Field((), description="Up to five values, the commonest first.")


class SourceCard(Document):
    """A source of images, and how it could be read."""

    source: str
    kind: SourceKind
    title: str = Field(description="What it is, in a few words.")
    num_files: int = Field(description="Files seen in it; of tables and arrays the files they name or are.")
    num_images: int
    columns: tuple[ColumnCard, ...] = ()
    label_kind: Literal["category", "number", "tags", "mask"] | None = Field(
        None, description="What the labels are; empty when there are none."
    )
    settings: dict[str, Any] = Field(default_factory=dict, description="Proposed settings of an images node.")
    problems: tuple[Problem, ...] = ()
