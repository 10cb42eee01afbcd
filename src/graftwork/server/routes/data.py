"""Data: what a source is, its classes and images, corrections, uploads."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import ValidationError

from graftwork.documents.data_view import DataView, SamplePage
from graftwork.documents.source_card import SourceCard
from graftwork.documents.wording import faults_of
from graftwork.errors import UsageError
from graftwork.graph.contracts import ImagesSettings
from graftwork.project.uploads import begin_upload, discard_upload, finish_upload, put_file
from graftwork.server.documents import (
    AugmentedSample,
    AugmentRequest,
    DataRequest,
    PathRequest,
    SamplesRequest,
    Upload,
)
from graftwork.server.routes.nodes import ask_bench
from graftwork.server.routes.places import Opened, TheStudio
from graftwork.server.state import Studio

__all__ = ["router"]

router = APIRouter(prefix="/projects/{project}", tags=["data"])

_FOR_GOOD = "private, max-age=31536000, immutable"


def _allow(source: str, studio: Studio) -> None:
    if not source.startswith("sample:"):
        studio.roots.require(source)


@router.post("/source")
async def describe_source(
    request: Request, opened: Opened, studio: TheStudio, wanted: PathRequest
) -> SourceCard:
    """Return what a folder, table or array file holds, and the settings that fit it."""
    _allow(wanted.path, studio)
    card: SourceCard = await ask_bench(request, opened, "describe_source", wanted.path)
    return card


@router.post("/data")
async def view_data(request: Request, opened: Opened, studio: TheStudio, wanted: DataRequest) -> DataView:
    """Return the classes, counts, findings and fixes of a data set."""
    _allow(wanted.settings.source, studio)
    view: DataView = await ask_bench(request, opened, "data_view", wanted.settings, wanted.seed)
    return view


@router.post("/data/samples")
async def list_samples(
    request: Request, opened: Opened, studio: TheStudio, wanted: SamplesRequest
) -> SamplePage:
    """Return a page of samples, excluded ones among them."""
    _allow(wanted.settings.source, studio)
    choices: dict[str, Any] = wanted.model_dump(exclude={"settings", "seed"})
    page: SamplePage = await ask_bench(request, opened, "sample_page", wanted.settings, wanted.seed, choices)
    return page


@router.post("/data/augmented")
async def augment(
    request: Request, opened: Opened, studio: TheStudio, wanted: AugmentRequest
) -> tuple[AugmentedSample, ...]:
    """Return samples as the network gets them, and some augmented views of each."""
    _allow(wanted.settings.source, studio)
    found: dict[str, tuple[bytes, list[bytes]]] = await ask_bench(
        request, opened, "augmented", wanted.settings, wanted.recipe, wanted.port, wanted.keys, wanted.views
    )
    keep = opened.pictures.keep
    return tuple(
        AugmentedSample(key=key, before=keep(before), after=tuple(map(keep, after)))
        for key, (before, after) in found.items()
    )


def _settings_of(text: str) -> ImagesSettings:
    try:
        return ImagesSettings.model_validate(json.loads(text))
    except ValidationError as error:
        why = "; ".join(str(fault).rstrip("?.") for fault in faults_of(error, ImagesSettings))
    except (ValueError, RecursionError):
        why = "they are no JSON"
    raise UsageError(
        f"The settings of the images do not read: {why}.", hint="Give those of an images node, as JSON."
    )


@router.get("/thumbnails/{digest}.jpg", response_class=Response)
def thumbnail(
    opened: Opened,
    studio: TheStudio,
    digest: str,
    settings: Annotated[str, Query(description="Settings of the images node as JSON.")],
    key: str,
    side: int = 128,
) -> Response:
    """Return a small picture of a sample; ``digest`` is that of its bytes, so that a browser may keep it."""
    images = _settings_of(settings)
    _allow(images.source, studio)
    content, found = opened.thumbnails.jpeg(images, key, side, require=studio.roots.require)
    for_good = found.startswith(digest)
    return Response(
        content, media_type="image/jpeg", headers={"cache-control": _FOR_GOOD if for_good else "no-cache"}
    )


@router.post("/uploads")
def start_upload(opened: Opened) -> Upload:
    """Make a place for dropped files."""
    return Upload(id=begin_upload(opened.project.root))


@router.put("/uploads/{upload}/files")
async def upload_file(request: Request, opened: Opened, upload: str, path: str) -> None:
    """Take one dropped file; ``path`` is relative, folders included."""
    with put_file(opened.project.root, upload, path) as file:
        async for part in request.stream():
            await asyncio.to_thread(file.write, part)


@router.post("/uploads/{upload}/done")
async def end_upload(request: Request, opened: Opened, upload: str) -> SourceCard:
    """Unpack a dropped archive, and return what the dropped files hold."""
    source = await asyncio.to_thread(finish_upload, opened.project.root, upload)
    card: SourceCard = await ask_bench(request, opened, "describe_source", str(source))
    return card


@router.delete("/uploads/{upload}")
def drop_upload(opened: Opened, upload: str) -> None:
    """Delete what was sent of an upload that was given up."""
    discard_upload(opened.project.root, upload)
