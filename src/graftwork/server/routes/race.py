"""Races: strategies side by side, each race in a process of its own that outlives the page and the server."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from pydantic import Field

from graftwork.documents.document import Document
from graftwork.documents.flow import Flow
from graftwork.documents.race import RaceChoices, RaceState, RaceStatus
from graftwork.documents.recipe import Strategy
from graftwork.errors import RunNotFound
from graftwork.project.choosing.race_steering import (
    delete_race,
    keep_lane,
    make_race,
    race_state,
    race_states,
    start_race,
    stop_race,
)
from graftwork.server.cards import run_card
from graftwork.server.documents import RunCard
from graftwork.server.routes.places import Opened

__all__ = ["router"]

router = APIRouter(prefix="/projects/{project}/races", tags=["races"])


class RaceCard(Document):
    """A race in a list."""

    id: str
    name: str
    created: str
    status: RaceStatus
    share: float = Field(description="Done, 0 to 1.")
    winner: Strategy | None
    answer: str


class RaceStart(Document):
    """A flow whose base, data and recipe the lanes take, and what is wanted."""

    flow: Flow
    choices: RaceChoices = Field(default_factory=RaceChoices)


class LaneToKeep(Document):
    """A lane of a race whose run is to be kept."""

    strategy: Strategy
    seed: int | None = Field(None, description="Number from 1. Empty: the best on the validation images.")


def _card(state: RaceState) -> RaceCard:
    return RaceCard(
        id=state.id,
        name=state.name,
        created=state.created,
        status=state.status,
        share=state.share,
        winner=state.race.winner if state.race else None,
        answer=state.race.answer if state.race else "",
    )


@router.get("")
def list_races(opened: Opened) -> tuple[RaceCard, ...]:
    """Return all races, the newest first."""
    return tuple(map(_card, race_states(opened.project)))


@router.post("")
def start(opened: Opened, wanted: RaceStart) -> RaceState:
    """Start a race in a process of its own; it goes on when the page or the server ends."""
    state = make_race(opened.project, wanted.flow, wanted.choices)
    return start_race(opened.project, state.id)


@router.get("/{race}")
def state(opened: Opened, race: str) -> RaceState:
    """Return how far a race is, and what is known of it so far."""
    return race_state(opened.project, race)


@router.post("/{race}/{order}")
def order_race(opened: Opened, race: str, order: Literal["stop", "resume"]) -> RaceState:
    """Stop a race, which keeps what was done, or go on with it."""
    return (stop_race if order == "stop" else start_race)(opened.project, race)


@router.put("/{race}/kept")
def keep(opened: Opened, race: str, wanted: LaneToKeep) -> RunCard:
    """Copy a scored run of a lane to the runs of the project."""
    run = keep_lane(opened.project, race, wanted.strategy, seed=wanted.seed)
    found = (run_card(row) for row in opened.project.rows() if row["id"] == run.id)
    if (card := next(found, None)) is None:
        raise RunNotFound(f"The run {run.id} was deleted in the meantime.", run=run.id)
    return card


@router.delete("/{race}")
def delete(opened: Opened, race: str) -> None:
    """Delete a race with its runs; runs that were kept from it stay."""
    delete_race(opened.project, race)
