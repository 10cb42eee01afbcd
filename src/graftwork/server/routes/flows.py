"""Flow files: read, save without overwriting another's work, rename, delete, start, check."""

from __future__ import annotations

from fastapi import APIRouter

from graftwork.documents.flow import dump_flow
from graftwork.errors import UsageError
from graftwork.graph.faces import FlowCheck, check_flow
from graftwork.project.flow_files import FlowFile
from graftwork.project.starting import start_flow
from graftwork.server.documents import CheckRequest, FlowRequest, FlowSave, FlowStart, NameRequest
from graftwork.server.routes.places import Opened, TheStudio

__all__ = ["router"]

router = APIRouter(prefix="/projects/{project}", tags=["flows"])


@router.post("/flows")
def new_flow(opened: Opened, studio: TheStudio, request: FlowStart) -> FlowFile:
    """Make a flow from a template, from images, from a run, or from a given one, and save it."""
    if request.source is not None and not request.source.startswith("sample:"):
        studio.roots.require(request.source)
    flow = start_flow(
        opened.project,
        template=request.template,
        source=request.source,
        settings=request.settings,
        run=request.run,
        flow=request.flow,
    )
    name = opened.flows.free_name(request.name or flow.name)
    return opened.flows.write(name, flow.edit(name=name), if_digest=None)


@router.get("/flows/{name}")
def get_flow(opened: Opened, name: str) -> FlowFile:
    """Return a flow file, also one that does not read as a flow."""
    return opened.flows.read(name)


@router.put("/flows/{name}")
def save_flow(opened: Opened, name: str, request: FlowSave) -> FlowFile:
    """Save a flow; refused with 409 when the file is not the one that was edited."""
    content = request.flow if request.flow is not None else request.text
    if content is None:
        raise UsageError("Nothing to save: neither a flow nor text came.")
    return opened.flows.write(name, content, if_digest=request.if_digest)


@router.post("/flows/{name}/name")
def rename_flow(opened: Opened, name: str, request: NameRequest) -> FlowFile:
    """Give a flow another name."""
    return opened.flows.rename(name, request.name)


@router.delete("/flows/{name}")
def delete_flow(opened: Opened, name: str) -> None:
    """Delete a flow file; its runs stay."""
    opened.flows.delete(name)


@router.post("/check")
def check(_opened: Opened, request: CheckRequest) -> FlowCheck:
    """Return all problems of a flow, the ports and shapes of its nodes, and settings that fit better."""
    return check_flow(request.flow, request.facts)


@router.post("/flow-text")
def flow_text(_opened: Opened, request: FlowRequest) -> dict[str, str]:
    """Return a flow as the text of its file."""
    return {"text": dump_flow(request.flow)}
