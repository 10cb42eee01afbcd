"""The program itself, opened folders, components, templates, the recipe's form."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter

from graftwork import __version__
from graftwork.documents.recipe import Recipe
from graftwork.graph.contracts import CONTRACTS
from graftwork.graph.describe import ComponentCard, describe
from graftwork.project.recent import recent_projects
from graftwork.project.templates import Template, list_templates
from graftwork.server.cards import project_card
from graftwork.server.documents import AppInfo, FileListing, PathRequest, TemplateCard
from graftwork.server.listing import list_folder
from graftwork.server.routes.places import TheStudio

__all__ = ["router"]

router = APIRouter(tags=["application"])


@router.get("/app")
def get_app(studio: TheStudio) -> AppInfo:
    """Return the program, the machine, and what is open."""
    return AppInfo(
        version=__version__,
        device=_device(),
        num_threads=_num_threads(),
        memory_bytes=os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        current=studio.current,
        projects=tuple(project_card(path, opened) for path, opened in recent_projects().items()),
        roots=tuple(str(root) for root in studio.roots),
        is_local=studio.is_local,
    )


@router.get("/files")
def get_files(studio: TheStudio, path: str) -> FileListing:
    """List a folder below an opened root."""
    return list_folder(studio.roots.require(path), studio.roots)


@router.post("/roots")
def open_root(studio: TheStudio, request: PathRequest) -> FileListing:
    """Open a folder: its files, and all below it, may be read from now on."""
    return list_folder(studio.roots.open(request.path), studio.roots)


@router.get("/components")
def get_components() -> tuple[ComponentCard, ...]:
    """Return what every component says about itself."""
    return _components()


@cache
def _components() -> tuple[ComponentCard, ...]:
    return tuple(describe(contract) for contract in CONTRACTS)


@router.get("/recipe")
def get_recipe_schema() -> dict[str, Any]:
    """Return the JSON schema of the recipe."""
    return Recipe.model_json_schema()


@router.get("/templates")
def get_templates() -> tuple[TemplateCard, ...]:
    """Return the flows to start from."""
    return tuple(map(_template, list_templates()))


def _template(template: Template) -> TemplateCard:
    bases = [str(n.settings["base"]) for n in template.flow.nodes if "base" in n.settings]
    wants = None
    if template.wants_data:
        wants = "Your images: choose their folder after opening it."
    elif template.wants_base:
        wants = "One of your own finished runs as its base."
    return TemplateCard(
        name=template.name,
        title=template.title,
        description=template.description,
        components=tuple(n.component for n in template.flow.nodes),
        base=bases[0] if bases else None,
        is_ready=wants is None,
        wants=wants,
    )


def _num_threads() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def _device() -> str:
    """Return what trains, in words, without loading torch."""
    if Path("/proc/driver/nvidia/version").exists():
        return "NVIDIA graphics card"
    return "CPU"
