"""Pretrained bases: a list, and what is inside one."""

from __future__ import annotations

from fastapi import APIRouter, Request

from graftwork.documents.card import BaseCard
from graftwork.server.documents import BaseItem
from graftwork.server.routes.nodes import ask_bench
from graftwork.server.routes.places import Opened

__all__ = ["router"]

router = APIRouter(prefix="/projects/{project}", tags=["bases"])


@router.get("/bases")
async def list_bases(
    request: Request, opened: Opened, text: str = "", host: str | None = None, limit: int = 100
) -> tuple[BaseItem, ...]:
    """Return the bases whose id or title holds all words of ``text``; those on this machine first."""
    found = await ask_bench(request, opened, "list_bases", text, host, limit)
    return tuple(BaseItem.model_validate(item) for item in found)


@router.get("/bases/card")
async def get_base(request: Request, opened: Opened, base: str, image_size: int | None = None) -> BaseCard:
    """Return everything that a base says about itself."""
    card: BaseCard = await ask_bench(request, opened, "base_card", base, image_size)
    return card
