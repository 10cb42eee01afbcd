"""How a route gets at the studio and at the project that its address names."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from graftwork.server.state import OpenProject, Studio

__all__ = ["Opened", "TheStudio"]


def _studio(request: Request) -> Studio:
    found: Studio = request.app.state.studio
    return found


TheStudio = Annotated[Studio, Depends(_studio)]


def _opened(project: str, studio: TheStudio) -> OpenProject:
    return studio.get(project)


Opened = Annotated[OpenProject, Depends(_opened)]
