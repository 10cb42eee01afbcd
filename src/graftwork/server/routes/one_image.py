"""One image looked into: its feature maps, and where the evidence for a class lies."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import Field, model_validator

from graftwork.documents.document import Document
from graftwork.documents.feature_maps import MapsDocument
from graftwork.documents.saliency import SaliencyDocument
from graftwork.errors import UnknownName
from graftwork.project.looks.pictures import maps_with_pictures
from graftwork.server.routes.bodies import image_in
from graftwork.server.routes.inspections import PREFIX, Look, look
from graftwork.server.routes.places import Opened, TheStudio
from graftwork.server.state import OpenProject

__all__ = ["router"]

router = APIRouter(prefix=PREFIX, tags=["inspections"])

_MOST_BYTES = 64 * 2**20


class SentImage(Document):
    """An image that was sent, to be named in further requests; it is kept in memory for a while."""

    picture: str


class ImageLook(Look):
    """One image: a sample of the data by its key, or one that was sent before."""

    image: str = Field(description="Key of the image; of one that was sent the name of its file.")
    picture: str | None = Field(None, description="Name that the server gave to an image that was sent.")


class MapsRequest(ImageLook):
    """Which feature maps are wanted."""

    stage: str | None = None
    weights: Literal["both", "pretrained", "trained"] | None = None
    order: Literal["activity", "change", "index"] = "activity"
    number: int = Field(24, ge=1, le=512, description="How many channels.")


class SaliencyRequest(ImageLook):
    """What is to be explained, and how."""

    method: Literal["grad_cam", "attention", "integrated_gradients"] | None = None
    of: str | None = Field(None, description="Class, tag or number; null takes what the run predicts.")
    stage: str | None = None
    sanity: bool = False

    @model_validator(mode="after")
    def _of_a_run(self) -> SaliencyRequest:
        if self.run is None:
            raise ValueError("saliency wants a run; a flow that was not trained says nothing about classes")
        return self


class SaliencyReply(Document):
    """Where the evidence lies: the image, and the map to lay over it; both are pictures of the project."""

    document: SaliencyDocument
    image: str
    heat: str = Field(description="In colors; transparent where there is no evidence.")


@router.post("/images/new")
async def send_image(request: Request, opened: Opened) -> SentImage:
    """Take the image in the request's body, to be looked into; it is not kept on disk."""
    return SentImage(picture=opened.pictures.keep(await image_in(request, most=_MOST_BYTES)))


@router.post("/maps")
async def feature_maps(
    request: Request, opened: Opened, studio: TheStudio, wanted: MapsRequest
) -> MapsDocument:
    """Return an image through every stage of the base, one stage channel by channel."""
    choices = wanted.model_dump(include={"stage", "weights", "order", "number"})
    found = await _ask(request, opened, studio, "inspect_maps", wanted, choices)
    document: MapsDocument = found[0]
    names = {name: opened.pictures.keep(content) for name, content in found[1].items()}
    return maps_with_pictures(document, names)


@router.post("/saliency")
async def saliency(
    request: Request, opened: Opened, studio: TheStudio, wanted: SaliencyRequest
) -> SaliencyReply:
    """Return where in an image the evidence for a class lies."""
    choices = wanted.model_dump(include={"method", "of", "stage", "sanity"})
    document, image, heat = await _ask(request, opened, studio, "inspect_saliency", wanted, choices)
    return SaliencyReply(
        document=document, image=opened.pictures.keep(image), heat=opened.pictures.keep(heat)
    )


async def _ask(
    request: Request,
    opened: OpenProject,
    studio: TheStudio,
    task: str,
    wanted: ImageLook,
    choices: dict[str, Any],
) -> Any:
    image: str | bytes = wanted.image
    if wanted.picture is not None:
        content = opened.pictures.get(wanted.picture)
        if content is None:
            raise UnknownName(f"'{wanted.image}' is not kept any more.", hint="Drop the image again.")
        image = content
    subject = Look(run=wanted.run, flow=wanted.flow)
    return await look(request, opened, studio, task, subject, image, choices, wanted.image)
