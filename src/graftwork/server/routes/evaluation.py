"""Evaluation: what stored predictions say, other data, two runs image by image, images that were moved."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field

from graftwork.documents.document import Document
from graftwork.documents.evaluation import Evaluation, OtherData
from graftwork.documents.paired import Cell, PairedComparison, PairedRows
from graftwork.project.looks.other_data import other_data
from graftwork.project.looks.pairing import compare_images, images_of_cell
from graftwork.project.relocate import move_images
from graftwork.server.routes.inspections import PREFIX, Look, look
from graftwork.server.routes.places import Opened, TheStudio

__all__ = ["router"]

router = APIRouter(prefix=PREFIX, tags=["inspections"])

Split = Literal["validation", "test"]


class EvaluationRequest(Document):
    """Which predictions to look at."""

    run: str
    split: Split = "test"
    on: str | None = Field(None, description="Id of an evaluation on other data.")
    slices: tuple[str, ...] | None = Field(
        None, description="What the images are parted by. None: by all that is known of them."
    )


class OtherDataRequest(Document):
    """Other labelled images to try a run on."""

    run: str
    source: str = Field(description="Path, or sample:NAME.")
    columns: dict[str, Any] = Field(
        default_factory=dict,
        description="image_column, label_column, … of a table, as an images node has them.",
    )


class MovedRequest(Document):
    """Where a run's images are now."""

    run: str
    path: str


class MovedReply(Document):
    """What was found there."""

    words: str


@router.post("/evaluation")
async def evaluate(
    request: Request, opened: Opened, studio: TheStudio, wanted: EvaluationRequest
) -> Evaluation:
    """Return what one split of a run's stored predictions says: curves, calibration, slices, mistakes."""
    found: Evaluation = await look(
        request,
        opened,
        studio,
        "inspect_evaluation",
        Look(run=wanted.run),
        wanted.split,
        wanted.on,
        wanted.slices,
    )
    return found


@router.post("/other-data")
async def evaluate_elsewhere(
    request: Request, opened: Opened, studio: TheStudio, wanted: OtherDataRequest
) -> OtherData:
    """Score a run on other labelled images, and keep what it says of each."""
    if not wanted.source.startswith("sample:"):
        studio.roots.require(wanted.source)
    found: OtherData = await look(
        request,
        opened,
        studio,
        "inspect_other_data",
        Look(run=wanted.run),
        wanted.source,
        wanted.columns,
    )
    return found


@router.get("/other-data")
def list_other_data(opened: Opened, run: str) -> tuple[OtherData, ...]:
    """Return the evaluations of a run on other data, the newest first."""
    return other_data(opened.project.find(run))


@router.get("/comparison")
def compare(opened: Opened, run: str, other: str, split: Split = "test") -> PairedComparison:
    """Compare two runs image by image, with McNemar's test."""
    return compare_images(opened.project.find(run), opened.project.find(other), split=split)


@router.get("/comparison/images")
def list_compared(
    opened: Opened,
    run: str,
    other: str,
    cell: Cell,
    split: Split = "test",
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> PairedRows:
    """Return what both runs say about the images of one cell of their comparison."""
    first, second = opened.project.find(run), opened.project.find(other)
    return images_of_cell(first, second, cell, split=split, offset=offset, limit=limit)


@router.post("/moved")
def note_moved(opened: Opened, studio: TheStudio, wanted: MovedRequest) -> MovedReply:
    """Note where a run's images lie now, once some of them were found there."""
    path = studio.roots.require(wanted.path)
    return MovedReply(words=move_images(opened.project, opened.project.find(wanted.run), path))
