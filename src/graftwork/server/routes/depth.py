"""Which depth of a base separates the classes, and what training moved."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import Field

from graftwork.documents.depth import DepthReport
from graftwork.documents.drift import DriftReport
from graftwork.server.routes.inspections import PREFIX, Look, look
from graftwork.server.routes.places import Opened, TheStudio

__all__ = ["router"]

router = APIRouter(prefix=PREFIX, tags=["inspections"])


class DepthLook(Look):
    """A base of a run or flow."""

    node: str | None = Field(None, description="Node of the base; the main base if not given.")
    is_trained: bool = Field(False, description="The base as the run left it, not as training starts.")


class DriftLook(Look):
    """A base of a run."""

    node: str | None = Field(None, description="Node of the base; the main base if not given.")


@router.post("/depth")
async def depth(request: Request, opened: Opened, studio: TheStudio, wanted: DepthLook) -> DepthReport:
    """Return how well each stage of a base separates the classes of the training and validation images."""
    report: DepthReport = await look(
        request, opened, studio, "inspect_depth", wanted, wanted.node, wanted.is_trained
    )
    return report


@router.post("/drift")
async def drift(request: Request, opened: Opened, studio: TheStudio, wanted: DriftLook) -> DriftReport:
    """Return how far training moved each stage of a base, and each node that the flow adds."""
    report: DriftReport = await look(request, opened, studio, "inspect_drift", wanted, wanted.node)
    return report
