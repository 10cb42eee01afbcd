"""Which base: candidates measured for a flow's images before any training, and checked by runs afterwards."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request
from pydantic import Field

from graftwork.documents.document import Document
from graftwork.documents.flow import Flow
from graftwork.documents.ranking import Ranking
from graftwork.errors import UsageError
from graftwork.project.choosing.rank import stored_ranking
from graftwork.project.choosing.rank_check import unchecked_flows
from graftwork.project.choosing.rank_flows import data_flow, flow_on
from graftwork.project.looks.depth import MAX_IMAGES
from graftwork.project.sources import sources_of
from graftwork.server.cards import run_card
from graftwork.server.documents import RunCard
from graftwork.server.routes.inspections import Look, look
from graftwork.server.routes.places import Opened, TheStudio
from graftwork.server.state import OpenProject, Studio

__all__ = ["router"]

router = APIRouter(prefix="/projects/{project}/rankings", tags=["rankings"])


class RankedFlow(Document):
    """A flow whose images bases are ranked for."""

    flow: Flow


class RankQuestion(RankedFlow):
    """What is to be ranked."""

    bases: tuple[str, ...] | None = Field(
        None, description="Base ids; those that are there without a download, if not given."
    )
    max_images: int | None = Field(
        None,
        ge=2,
        description=f"At most so many training and validation images; {MAX_IMAGES:,} if not given.",
    )


class RankingState(Document):
    """What is known of a flow's images by now."""

    ranking: Ranking | None = Field(description="Null where nothing was ranked yet.")
    num_unchecked: int = Field(
        0, description="Ranked bases, controls apart, that no run trained the head alone on."
    )


@router.post("")
async def rank(request: Request, opened: Opened, studio: TheStudio, wanted: RankQuestion) -> Ranking:
    """Rank bases for a flow's images; a page that goes away stops it, and rows that are done are kept."""
    plain = data_flow(wanted.flow)
    for base in wanted.bases or ():
        await asyncio.to_thread(_allow, flow_on(plain, base), opened, studio)

    made: Ranking = await look(
        request, opened, studio, "rank_bases", Look(flow=plain), wanted.bases, wanted.max_images or MAX_IMAGES
    )
    return made


def _allow(flow: Flow, opened: OpenProject, studio: Studio) -> None:
    for source in sources_of(flow, opened.project.root):
        studio.roots.require(source)


@router.post("/state")
def state(opened: Opened, wanted: RankedFlow) -> RankingState:
    """Return the ranking that is kept for a flow's images, with what runs say of it by now."""
    ranking = stored_ranking(opened.project, wanted.flow)
    if ranking is None:
        return RankingState(ranking=None)
    missing = len(unchecked_flows(opened.project, ranking, wanted.flow))
    return RankingState(ranking=ranking, num_unchecked=missing)


@router.post("/check")
def check(opened: Opened, wanted: RankedFlow) -> tuple[RunCard, ...]:
    """Start a run that trains the head alone on each ranked base that has none yet, one after the other."""
    ranking = stored_ranking(opened.project, wanted.flow)
    if ranking is None:
        raise UsageError("Nothing was ranked for these images yet.", hint="Rank the bases first.")
    flows = unchecked_flows(opened.project, ranking, wanted.flow)
    started = {opened.project.start(flow).id for flow in flows}
    return tuple(card for row in opened.project.rows() if (card := run_card(row)).id in started)
