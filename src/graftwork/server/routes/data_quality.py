"""What the pretrained base says of a data set, and what mending it gives."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import Field

from graftwork.documents.data_quality import DataQuality, FixEffect
from graftwork.documents.document import Document
from graftwork.documents.events import ExtractionProgress
from graftwork.server.routes.inspections import PREFIX, Look, look
from graftwork.server.routes.places import Opened, TheStudio

__all__ = ["router"]

router = APIRouter(prefix=PREFIX, tags=["inspections"])


class ImageChanges(Document):
    """New values of settings of the images node."""

    exclude: tuple[str, ...] | None = Field(None, description="Keys of images; empty: as the flow says.")
    relabel: dict[str, str] | None = Field(None, description="New label by key; empty: as the flow says.")


class EffectRequest(Look):
    """Of which corrections the effect is measured."""

    changes: ImageChanges | None = Field(
        None, description="A fix; empty: the flow's corrections, beside the data as it was found."
    )
    what: str = Field("", description="In words.")


@router.post("/data")
async def inspect_data(request: Request, opened: Opened, studio: TheStudio, wanted: Look) -> DataQuality:
    """Return doubtful labels, look-alikes and outliers."""
    found: DataQuality = await _look(request, opened, studio, "inspect_data", wanted)
    return found


@router.post("/data/effect")
async def measure_effect(
    request: Request, opened: Opened, studio: TheStudio, wanted: EffectRequest
) -> FixEffect:
    """Return the accuracy of a probe on stored features before and after corrections."""
    changes = None if wanted.changes is None else wanted.changes.model_dump(exclude_none=True)
    found: FixEffect = await _look(
        request, opened, studio, "inspect_data_effect", wanted, changes, wanted.what
    )
    return found


@router.get("/data/progress")
def progress(opened: Opened) -> ExtractionProgress | None:
    """Return how far the base is with looking at the images; nothing when it does not."""
    return opened.extraction


async def _look(request: Request, opened: Opened, studio: TheStudio, task: str, *args: Any) -> Any:
    def hear(event: Any) -> None:
        if isinstance(event, ExtractionProgress):
            opened.extraction = event

    wanted, *rest = args
    try:
        return await look(request, opened, studio, task, wanted, *rest, on_event=hear)
    finally:
        opened.extraction = None
