"""Two domains: the gap between them, and adapting to the one without labels."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import Field

from graftwork.documents.adaptation import AdaptationReport
from graftwork.documents.document import Document
from graftwork.documents.events import ExtractionProgress
from graftwork.documents.flow import Flow
from graftwork.documents.gap import Gap
from graftwork.graph.adaptation import AdaptationMethod
from graftwork.graph.flows import with_adaptation
from graftwork.project.sources import source_text
from graftwork.server.routes.inspections import PREFIX, Look, look
from graftwork.server.routes.places import Opened, TheStudio
from graftwork.server.state import OpenProject, Studio

__all__ = ["router"]

router = APIRouter(tags=["transfer"])


class DomainsRequest(Look):
    """From which source to which target."""

    target: str = Field(
        description="Images of the other domain; labels that lie there are used to score alone."
    )
    names: dict[str, str] = Field(
        default_factory=dict, description="Class of the source by class of the target."
    )
    max_images: int | None = Field(None, ge=8, description="Of each domain, spread evenly.")


class AdaptationRequest(DomainsRequest):
    """How to adapt."""

    method: str = Field("auto", description="'auto', or methods on stored features with commas between.")
    at: str = Field("base", description="Where features are taken: 'base', or a stage.")


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
    choices = (wanted.method, wanted.at, wanted.names, wanted.max_images)
    found: AdaptationReport = await _look(request, opened, studio, "inspect_adaptation", wanted, choices)
    return found


@router.post(f"{PREFIX}/gap")
async def get_gap(request: Request, opened: Opened, studio: TheStudio, wanted: DomainsRequest) -> Gap:
    """Return how far apart two domains are, in which way, and what suits."""
    choices = (wanted.names, wanted.max_images)
    found: Gap = await _look(request, opened, studio, "inspect_gap", wanted, choices)
    return found


async def _look(
    request: Request,
    opened: OpenProject,
    studio: Studio,
    task: str,
    wanted: DomainsRequest,
    choices: tuple[Any, ...],
) -> Any:
    """Let the bench look at both domains; how far it is, is told as of any first pass over images."""
    target = _target(opened, studio, wanted.target)

    def hear(event: Any) -> None:
        if isinstance(event, ExtractionProgress):
            opened.extraction = event

    try:
        return await look(request, opened, studio, task, wanted, target, *choices, on_event=hear)
    finally:
        opened.extraction = None


@router.post("/projects/{project}/adapted-flow")
def adapted_flow(opened: Opened, studio: TheStudio, wanted: AdaptedFlowRequest) -> Flow:
    """Return a flow with a node for the target's images and an adaptation; nothing is saved."""
    return with_adaptation(wanted.flow, _target(opened, studio, wanted.target), wanted.method)
