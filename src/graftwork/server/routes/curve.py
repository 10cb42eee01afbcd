"""What transfer gave: the learning curve of a run, measured in a process of its own, and its missing controls."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import Field

from graftwork.documents.document import Document
from graftwork.documents.learning_curve import CurveChoices, CurveEstimate, CurveState
from graftwork.project.controls import missing_controls
from graftwork.project.looks.curve_steering import curve_state, start_curve, stop_curve
from graftwork.server.cards import run_card
from graftwork.server.documents import RunCard
from graftwork.server.routes.inspections import PREFIX, Look, look
from graftwork.server.routes.places import Opened, TheStudio

__all__ = ["router"]

router = APIRouter(prefix=PREFIX, tags=["inspections"])


class CurveQuestion(Document):
    """A run, and what of its learning curve is to be measured."""

    run: str = Field(description="Id of a run.")
    choices: CurveChoices = Field(default_factory=CurveChoices)


@router.post("/curve/estimate")
async def estimate(
    request: Request, opened: Opened, studio: TheStudio, wanted: CurveQuestion
) -> CurveEstimate:
    """Return what measuring a learning curve would run, and about how long that takes."""
    found: CurveEstimate = await look(
        request, opened, studio, "inspect_curve", Look(run=wanted.run), wanted.choices
    )
    return found


@router.post("/curve/start")
def start(opened: Opened, wanted: CurveQuestion) -> CurveState:
    """Measure a learning curve in a process of its own; it goes on when the page or the server ends."""
    return start_curve(opened.project, wanted.run, wanted.choices)


@router.post("/curve/{run}/stop")
def stop(opened: Opened, run: str) -> CurveState:
    """Stop the measuring of a learning curve; what was measured stays."""
    return stop_curve(opened.project, run)


@router.get("/curve/{run}")
def state(opened: Opened, run: str) -> CurveState:
    """Return how far the learning curve of a run is, and what is known of it."""
    return curve_state(opened.project, run)


@router.post("/controls/{run}/start")
def start_controls(opened: Opened, run: str) -> tuple[RunCard, ...]:
    """Start the controls that a run does not have yet, one after the other, and return them."""
    started = [opened.project.start(flow).id for flow in missing_controls(opened.project, run)]
    return tuple(card for row in opened.project.rows() if (card := run_card(row)).id in started)
