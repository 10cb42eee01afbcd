"""Projects: open, look over, trust."""

from __future__ import annotations

from collections import Counter

from fastapi import APIRouter

from graftwork.project.recent import forget_project
from graftwork.project.trust import trust
from graftwork.server.cards import flow_card, project_card, run_card, source_uses
from graftwork.server.documents import Hub, ProjectCard, ProjectOpen
from graftwork.server.routes.places import Opened, TheStudio

__all__ = ["router"]

router = APIRouter(prefix="/projects", tags=["projects"])


@router.post("")
def open_project(studio: TheStudio, request: ProjectOpen) -> ProjectCard:
    """Open a project, or make one in a folder."""
    opened = studio.open(request.path, create=request.create)
    return project_card(opened.project.root, None)


@router.get("/{project}")
def get_project(opened: Opened) -> ProjectCard:
    """Return a project."""
    return project_card(opened.project.root, None)


@router.delete("/{project}")
def forget(opened: Opened) -> None:
    """Take a project off the list of recent ones; its folder stays."""
    forget_project(opened.project.root)


@router.get("/{project}/hub")
def get_hub(opened: Opened) -> Hub:
    """Return everything in a project: data sources, flows, runs."""
    rows = opened.project.rows()
    num_runs = Counter(row["name"] for row in rows)
    files = opened.flows.all()
    return Hub(
        sources=source_uses(files, rows),
        flows=tuple(flow_card(file, num_runs) for file in files),
        runs=tuple(run_card(row) for row in rows),
    )


@router.post("/{project}/trust")
def trust_project(opened: Opened) -> ProjectCard:
    """Run the custom code of this project's flows from now on: the user says so."""
    trust(opened.project.root)
    return project_card(opened.project.root, None)
