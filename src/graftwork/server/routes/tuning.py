"""Searches for settings: begun, watched, stopped, gone on with, and what they found as ordinary runs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import Field

from graftwork.documents.document import Document
from graftwork.documents.flow import Flow
from graftwork.documents.tuning import FinalRuns, SearchChoices, SearchSpace, SearchState, SearchSummary
from graftwork.project.choosing.tune_final import start_final
from graftwork.project.choosing.tune_steering import (
    delete_search,
    go_on,
    list_searches,
    search_state,
    start_search,
    stop_search,
)
from graftwork.server.routes.nodes import ask_bench
from graftwork.server.routes.places import Opened, TheStudio

__all__ = ["router"]

router = APIRouter(prefix="/projects/{project}/searches", tags=["choosing"])


class SearchQuestion(Document):
    """A flow, and what is searched in it."""

    flow: Flow
    choices: SearchChoices = Field(default_factory=SearchChoices)


class SearchLimits(Document):
    """New limits of a search, over all its sittings; those left out stay."""

    rounds: Annotated[int, Field(ge=2, le=10_000)] | None = None
    minutes: Annotated[float, Field(gt=0.0)] | None = None


@router.get("")
def listed(opened: Opened) -> tuple[SearchSummary, ...]:
    """Return the searches of a project, newest first."""
    return list_searches(opened.project)


@router.post("")
def start(opened: Opened, studio: TheStudio, wanted: SearchQuestion) -> SearchState:
    """Begin a search in a process of its own; it goes on when the page or the server ends."""
    if wanted.choices.prior is not None:
        studio.roots.require(wanted.choices.prior)
    return start_search(opened.project, wanted.flow, wanted.choices)


@router.post("/space")
async def space(request: Request, opened: Opened, wanted: SearchQuestion) -> SearchSpace:
    """Return what a search would set in a flow, in what ranges, or why these choices would be refused."""
    found: SearchSpace = await ask_bench(request, opened, "search_space", wanted.flow, wanted.choices)
    return found


@router.get("/{search}")
def state(opened: Opened, search: str) -> SearchState:
    """Return how far a search is, with all that is known of it."""
    return search_state(opened.project, search)


@router.post("/{search}/stop")
def stop(opened: Opened, search: str) -> SearchState:
    """Stop a search; its rounds stay."""
    return stop_search(opened.project, search)


@router.post("/{search}/resume")
def resume(opened: Opened, search: str, limits: SearchLimits) -> SearchState:
    """Go on with a search, perhaps for longer."""
    return go_on(opened.project, search, rounds=limits.rounds, minutes=limits.minutes)


@router.post("/{search}/final")
def final(opened: Opened, search: str) -> FinalRuns:
    """Train the chosen settings and the flow as it stood as ordinary runs, and test both."""
    return start_final(opened.project, search)


@router.delete("/{search}")
def delete(opened: Opened, search: str) -> str:
    """Delete a search with its rounds; runs that it kept stay."""
    return delete_search(opened.project, search)
