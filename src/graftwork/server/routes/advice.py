"""How much of a base to retrain."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from pydantic import Field

from graftwork.documents.advice import Advice
from graftwork.documents.events import ExtractionProgress
from graftwork.errors import RunNotFound
from graftwork.project import Project
from graftwork.server.routes.inspections import PREFIX, Look, look
from graftwork.server.routes.places import Opened, TheStudio
from graftwork.server.state import Studio

__all__ = ["router"]

router = APIRouter(prefix=PREFIX, tags=["choosing"])


class AdviceRequest(Look):
    """On which flow or run, and what its base was trained on."""

    trained_on: str | None = Field(
        None, description="Images that the base was trained on, or a run; known of a base that is a run."
    )


@router.post("/advice")
async def advise(request: Request, opened: Opened, studio: TheStudio, wanted: AdviceRequest) -> Advice:
    """Return how much of the base to retrain, why, and what each strategy would cost."""
    if wanted.trained_on is not None:
        await asyncio.to_thread(_allow, opened.project, studio, wanted.trained_on)

    def hear(event: Any) -> None:
        if isinstance(event, ExtractionProgress):
            opened.extraction = event

    try:
        found: Advice = await look(
            request, opened, studio, "inspect_advice", wanted, wanted.trained_on, on_event=hear
        )
    finally:
        opened.extraction = None
    return found


def _allow(project: Project, studio: Studio, name: str) -> None:
    """Refuse images outside opened folders; runs and samples of the project are its own."""
    if name.startswith("sample:"):
        return
    try:
        project.find(name)
    except RunNotFound:
        studio.roots.require(name)
