"""Masks and heat maps of a run's images."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request
from pydantic import Field

from graftwork.documents.places import PlacePage
from graftwork.server.routes.inspections import PREFIX, Look, look
from graftwork.server.routes.places import Opened, TheStudio

__all__ = ["PlacesLook", "router"]

router = APIRouter(prefix=PREFIX, tags=["inspections"])


class PlacesLook(Look):
    """Which images of a run to see place by place."""

    split: Literal["validation", "test"] = Field("test", description="Whose images.")
    order: Literal["worst", "best", "key"] = Field(
        "worst", description="Masks by overlap, the least first; anomalies by score, the oddest first."
    )
    offset: int = Field(0, ge=0, description="Images to pass over.")
    limit: int = Field(12, ge=1, le=48, description="Most images to return.")


@router.post("/places")
async def places(request: Request, opened: Opened, studio: TheStudio, wanted: PlacesLook) -> PlacePage:
    """Return masks or heat maps of a run's images, worst first, as pictures to lie over them."""
    choices = wanted.model_dump(include={"split", "order", "offset", "limit"})
    found: tuple[PlacePage, dict[str, bytes]] = await look(
        request, opened, studio, "inspect_places", wanted, choices
    )
    page, pictures = found
    kept = {name: opened.pictures.keep(content) for name, content in pictures.items()}
    rows = tuple(
        row.edit(pictures={what: kept[name] for what, name in row.pictures.items()}) for row in page.rows
    )
    return page.edit(rows=rows)
