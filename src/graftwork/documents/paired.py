"""Two runs on the same images, image by image."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from graftwork.documents.document import Document, VersionedDocument
from graftwork.documents.predictions import PredictionRow
from graftwork.documents.record import Interval

__all__ = ["Cell", "PairedCell", "PairedComparison", "PairedRow", "PairedRows"]

Cell = Literal["both_right", "only_a", "only_b", "both_wrong"]


class PairedCell(Document):
    """Images on which the two runs agree or differ in one way."""

    cell: Cell
    num_images: int
    keys: tuple[str, ...] = Field(description="The first of them, by the name that run A has for them.")


class PairedComparison(VersionedDocument):
    """McNemar's comparison of two runs on the images that both were scored on."""

    run_a: str
    run_b: str
    split: Literal["validation", "test"]
    num_common: int = Field(description="Images that both runs were scored on: all that is compared.")
    num_only_a: int = Field(description="Further images of run A.")
    num_only_b: int
    num_learned: int = Field(description="Images of one run's split that the other one was trained on.")
    accuracy_a: Interval = Field(description="On the common images.")
    accuracy_b: Interval
    difference: Interval = Field(
        description="Accuracy of A minus that of B, with Agresti and Min's interval."
    )
    p_value: float = Field(description="McNemar's exact test of equal accuracy, two-sided.")
    cells: tuple[PairedCell, ...]
    notes: tuple[str, ...] = ()


class PairedRow(Document):
    """What both runs say about one image."""

    a: PredictionRow
    b: PredictionRow


class PairedRows(Document):
    """Some of the images of a cell."""

    total: int
    rows: tuple[PairedRow, ...]
