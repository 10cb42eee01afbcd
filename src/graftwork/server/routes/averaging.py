"""Runs that are averages of weights: between start and end of one, or of several."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request
from pydantic import Field, field_validator

from graftwork.documents.document import Document
from graftwork.documents.mix_curve import MixCurve
from graftwork.errors import RunNotFound
from graftwork.server.cards import run_card
from graftwork.server.documents import RunCard
from graftwork.server.routes.inspections import Look, look
from graftwork.server.routes.nodes import ask_bench
from graftwork.server.routes.places import Opened, TheStudio
from graftwork.server.state import OpenProject

__all__ = ["router"]

router = APIRouter(prefix="/projects/{project}", tags=["runs"])


class MixLook(Look):
    """The line between start and end of a run."""

    steps: int = Field(11, ge=2, le=101, description="Evenly spaced places that are measured.")

    @field_validator("flow")
    @classmethod
    def _is_run(cls, flow: object) -> None:
        if flow is not None:
            raise ValueError("a flow that was not trained has no end; name a run")


class MixStart(Document):
    """A place on the line that becomes a run."""

    run: str = Field(description="Id of the run.")
    t: float = Field(ge=0, le=1, description="0 is the start, 1 the run.")


class SoupStart(Document):
    """Runs to average."""

    runs: tuple[str, ...] = Field(min_length=1, description="Ids of the runs.")
    kind: Literal["greedy", "uniform"] = "greedy"


def _card(opened: OpenProject, run: str) -> RunCard:
    found = (run_card(row) for row in opened.project.rows() if row["id"] == run)
    if (card := next(found, None)) is None:
        raise RunNotFound(f"The run {run} was deleted in the meantime.", run=run)
    return card


@router.post("/inspections/mix")
async def mix_curve(request: Request, opened: Opened, studio: TheStudio, wanted: MixLook) -> MixCurve:
    """Return the scores of the weights between where a run's main phase began and where it ended."""
    curve: MixCurve = await look(request, opened, studio, "inspect_mix", wanted, wanted.steps)
    return curve


@router.post("/mixes")
async def mix_run(request: Request, opened: Opened, wanted: MixStart) -> RunCard:
    """Make the weights at a place of that line a run."""
    made = await ask_bench(request, opened, "mix_run", opened.project.find(wanted.run).id, wanted.t)
    return _card(opened, made)


@router.post("/soups")
async def soup_run(request: Request, opened: Opened, wanted: SoupStart) -> RunCard:
    """Average the weights of runs and make the mean a run."""
    first, *others = [opened.project.find(one).id for one in wanted.runs]
    return _card(opened, await ask_bench(request, opened, "soup_run", first, tuple(others), wanted.kind))
