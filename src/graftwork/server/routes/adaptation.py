"""Adapting to a target without labels."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import Field

from graftwork.documents.adaptation import AdaptationReport
from graftwork.documents.document import Document
from graftwork.documents.events import ExtractionProgress
from graftwork.documents.flow import Flow
from graftwork.graph.adaptation import AdaptationMethod
from graftwork.graph.flows import with_adaptation
from graftwork.project.sources import source_text
from graftwork.server.routes.inspections import PREFIX, Look, look
from graftwork.server.routes.places import Opened, TheStudio
from graftwork.server.state import OpenProject, Studio

__all__ = ["router"]

router = APIRouter(tags=["transfer"])


class AdaptationRequest(Look):
    """From which source to which target, and how."""

    target: str = Field(
        description="Images of the other domain; labels that lie there are used to score alone."
    )
    method: str = Field("auto", description="'auto', or methods on stored features with commas between.")
    at: str = Field("base", description="Where features are taken: 'base', or a stage.")
    names: dict[str, str] = Field(
        default_factory=dict, description="Class of the source by class of the target."
    )
    max_images: int | None = Field(None, ge=8, description="Of each domain, spread evenly.")


class AdaptedFlowRequest(Document):
    """A flow, and what is to be put into it."""

    flow: Flow
    target: str
    method: AdaptationMethod


def _target(opened: OpenProject, studio: Studio, target: str) -> str:
    if target.startswith("sample:"):
        return target
    text = source_text(target, opened.project.root)
    studio.roots.require(text)
    return text


@router.post(f"{PREFIX}/adaptation")
async def adapt(
    request: Request, opened: Opened, studio: TheStudio, wanted: AdaptationRequest
) -> AdaptationReport:
    """Return what adapting gives on stored features, beside the source-only and the oracle line."""
    target = _target(opened, studio, wanted.target)

    def hear(event: Any) -> None:
        if isinstance(event, ExtractionProgress):
            opened.extraction = event

    choices = (target, wanted.method, wanted.at, wanted.names, wanted.max_images)
    try:
        found: AdaptationReport = await look(
            request, opened, studio, "inspect_adaptation", wanted, *choices, on_event=hear
        )
    finally:
        opened.extraction = None
    return found


@router.post("/projects/{project}/adapted-flow")
def adapted_flow(opened: Opened, studio: TheStudio, wanted: AdaptedFlowRequest) -> Flow:
    """Return a flow with a node for the target's images and an adaptation; nothing is saved."""
    return with_adaptation(wanted.flow, _target(opened, studio, wanted.target), wanted.method)
