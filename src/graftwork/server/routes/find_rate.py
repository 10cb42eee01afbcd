"""A learning rate by a range test."""

from __future__ import annotations

from fastapi import APIRouter, Request

from graftwork.documents.rate_test import RateChoices, RateTest
from graftwork.server.routes.inspections import PREFIX, Look, look
from graftwork.server.routes.places import Opened, TheStudio

__all__ = ["router"]

router = APIRouter(prefix=PREFIX, tags=["choosing"])


class RateRequest(Look):
    """Of which flow or run, over which rates."""

    choices: RateChoices = RateChoices()


@router.post("/rate")
async def find_rate(request: Request, opened: Opened, studio: TheStudio, wanted: RateRequest) -> RateTest:
    """Return the loss of a short training whose learning rate rises, and the rate that it suggests."""
    found: RateTest = await look(request, opened, studio, "inspect_rate", wanted, wanted.choices)
    return found
