"""Two domains: the gap between them, adapting, weights of source images, labels that are passed on."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import Field

from graftwork.documents.adaptation import AdaptationReport
from graftwork.documents.document import Document
from graftwork.documents.events import ExtractionProgress
from graftwork.documents.flow import Flow
from graftwork.documents.gap import Gap
from graftwork.documents.propagation import AcceptedLabel, AcceptedTable, Propagation
from graftwork.documents.weighing import WeighingFile, WeighMethod
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


class WeighingRequest(DomainsRequest):
    """How to weigh."""

    method: WeighMethod = "domain_classifier"
    num: int | None = Field(None, ge=1, description="Images that 'select' takes.")
    at: str = Field("base", description="Where features are taken: 'base', or a stage.")


class PropagationRequest(DomainsRequest):
    """Where features are taken; the target's images get the labels."""

    at: str = Field("base", description="Where features are taken: 'base', or a stage.")


class AcceptRequest(DomainsRequest):
    """Which labels were accepted."""

    accepted: tuple[AcceptedLabel, ...]


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


@router.post(f"{PREFIX}/weighing")
async def get_weights(
    request: Request, opened: Opened, studio: TheStudio, wanted: WeighingRequest
) -> WeighingFile:
    """Return how much each training image counts for a target; its table lies in the project."""
    choices = (wanted.method, wanted.num, wanted.at, wanted.names)
    found: WeighingFile = await _look(request, opened, studio, "inspect_weighing", wanted, choices)
    return found


@router.post(f"{PREFIX}/propagation")
async def pass_labels_on(
    request: Request, opened: Opened, studio: TheStudio, wanted: PropagationRequest
) -> Propagation:
    """Return labels for images that have none, and what each confidence is worth."""
    found: Propagation = await _look(request, opened, studio, "inspect_propagation", wanted, (wanted.at,))
    return found


@router.post(f"{PREFIX}/propagation/accepted")
async def accept(request: Request, opened: Opened, studio: TheStudio, wanted: AcceptRequest) -> AcceptedTable:
    """Write accepted labels, with those that were there, as a table of the project."""
    found: AcceptedTable = await _look(request, opened, studio, "accept_labels", wanted, (wanted.accepted,))
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
