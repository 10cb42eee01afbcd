"""The map of a run, and the neighbors of an image."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field

from graftwork.documents.embedding import EmbeddingMap, MapMethod, MapWeights, NeighborList
from graftwork.project.sources import source_text
from graftwork.server.routes.bodies import image_in
from graftwork.server.routes.inspections import PREFIX, Look, look
from graftwork.server.routes.places import Opened, TheStudio

__all__ = ["router"]

router = APIRouter(prefix=PREFIX, tags=["inspections"])


class MapLook(Look):
    """Which map of a run or flow."""

    method: MapMethod = "pca"
    at: str = Field("base", description="Where features are taken: 'base', 'head', or a stage.")
    beside: str | None = Field(None, description="Further images, shown as another domain.")


class NeighborsLook(Look):
    """Whose neighbors are looked for among the training images."""

    key: str = Field(description="Of an image of the run or flow.")
    number: int = Field(8, ge=1, le=200)
    weights: MapWeights | None = Field(None, description="None: the trained ones; of a flow the pretrained.")
    at: str = "base"


@router.post("/map")
async def get_map(request: Request, opened: Opened, studio: TheStudio, wanted: MapLook) -> EmbeddingMap:
    """Return the images as points on a plane, before and after training."""
    beside = wanted.beside
    if beside is not None and not beside.startswith("sample:"):
        beside = source_text(beside, opened.project.root)
        studio.roots.require(beside)
    found: EmbeddingMap = await look(
        request, opened, studio, "inspect_map", wanted, wanted.method, wanted.at, beside
    )
    return found


@router.post("/neighbors")
async def get_neighbors(
    request: Request, opened: Opened, studio: TheStudio, wanted: NeighborsLook
) -> NeighborList:
    """Return the training images nearest to one of the images."""
    choices = (wanted.key, wanted.number, wanted.weights, wanted.at)
    found: NeighborList = await look(request, opened, studio, "inspect_neighbors", wanted, *choices)
    return found


@router.post("/neighbors/image")
async def get_neighbors_of_picture(
    request: Request,
    opened: Opened,
    studio: TheStudio,
    run: str,
    name: str = "image",
    number: Annotated[int, Query(ge=1, le=200)] = 8,
) -> NeighborList:
    """Return a run's training images nearest to the image in the request's body."""
    image = await image_in(request, name)
    wanted = Look(run=run, flow=None)
    choices = (image, name, number)
    found: NeighborList = await look(
        request, opened, studio, "inspect_neighbors_of_picture", wanted, *choices
    )
    return found
