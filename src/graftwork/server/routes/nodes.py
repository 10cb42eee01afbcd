"""What a node does: previews, its code, the plan and the costs of its cuts."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from threading import Event
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from graftwork.documents.card import BaseCard
from graftwork.documents.cuts import CutTable
from graftwork.documents.flow import Flow
from graftwork.documents.node_code import NodeCode
from graftwork.documents.plan import Plan
from graftwork.documents.preview import PreviewDocument
from graftwork.errors import UnknownName
from graftwork.graph.propose import Facts
from graftwork.project.bench_trust import code_that_runs
from graftwork.project.facts import readable_parts
from graftwork.project.previewing import with_pictures
from graftwork.project.sources import sources_of
from graftwork.project.trust import require_trust
from graftwork.server.documents import FlowRequest, PreviewReply, PreviewRequest
from graftwork.server.routes.places import Opened, TheStudio
from graftwork.server.state import OpenProject, Studio

__all__ = ["ask_bench", "router"]

router = APIRouter(prefix="/projects/{project}", tags=["nodes"])


async def ask_bench(
    request: Request,
    opened: OpenProject,
    task: str,
    *args: Any,
    on_event: Callable[[Any], None] | None = None,
) -> Any:
    """Let the project's bench do a task; a page that goes away, or asks anew, ends it.

    Args:
        request: whose page waits.
        opened: the project.
        task: name of the task.
        args: of the task.
        on_event: called with what the task tells on its way.
    """
    gone = Event()
    call: Callable[[], Any] = lambda: opened.bench.call(  # noqa: E731
        task, *args, stop=gone.is_set, on_event=on_event
    )
    work = asyncio.create_task(asyncio.to_thread(call))
    watch = asyncio.create_task(_wait_until_gone(request))
    try:
        await asyncio.wait({work, watch}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            gone.set()
        return await work
    finally:
        gone.set()
        watch.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watch


async def _wait_until_gone(request: Request) -> None:
    while not await request.is_disconnected():
        await asyncio.sleep(0.1)


async def _work(
    request: Request, opened: OpenProject, studio: Studio, task: str, flow: Flow, *args: Any
) -> Any:
    """Let the bench do a task with a flow, unless it would read what is not opened or run what is not trusted."""
    await asyncio.to_thread(_allow, task, flow, args, opened, studio)
    return await ask_bench(request, opened, task, flow, *args)


def _allow(task: str, flow: Flow, args: tuple[Any, ...], opened: OpenProject, studio: Studio) -> None:
    root = opened.project.root
    code = code_that_runs(task, (flow, *args), root)
    if code is not None:
        require_trust(code, root)
    for source in sources_of(flow, root):
        studio.roots.require(source)


@router.post("/previews")
async def preview(
    request: Request, opened: Opened, studio: TheStudio, wanted: PreviewRequest
) -> PreviewReply:
    """Return what a node gives on a few samples, computed only as far as that node."""
    choices = wanted.model_dump(exclude={"flow", "node", "run"})
    found: tuple[PreviewDocument, dict[str, bytes]] = await _work(
        request, opened, studio, "preview", wanted.flow, wanted.node, wanted.run, choices
    )
    document, pictures = found
    names = {name: opened.pictures.keep(content) for name, content in pictures.items()}
    return PreviewReply(document=with_pictures(document, names))


@router.get("/pictures/{name}.png", response_class=Response)
def picture(opened: Opened, name: str) -> Response:
    """Return a picture of a preview; its name is the hash of its bytes."""
    content = opened.pictures.get(name)
    if content is None:
        raise UnknownName("This picture is not kept any more.", hint="Ask for the preview again.")
    return Response(content, media_type="image/png", headers={"cache-control": _FOR_GOOD})


_FOR_GOOD = "private, max-age=31536000, immutable"


@router.post("/plan")
async def plan(request: Request, opened: Opened, studio: TheStudio, wanted: FlowRequest) -> Plan:
    """Return what running a flow would do."""
    made: Plan = await _work(request, opened, studio, "plan", wanted.flow)
    return made


@router.post("/facts")
async def facts(request: Request, opened: Opened, studio: TheStudio, wanted: FlowRequest) -> Facts:
    """Return what the data and the bases of a flow say, for its check."""
    for source in sources_of(wanted.flow, opened.project.root):
        studio.roots.require(source)
    found: Facts = await ask_bench(request, opened, "facts", *readable_parts(wanted.flow))
    return found


@router.post("/nodes/{node}/cuts")
async def cuts(
    request: Request, opened: Opened, studio: TheStudio, node: str, wanted: FlowRequest
) -> CutTable:
    """Return what each legal cut of a backbone would cost: bytes, seconds, parameters."""
    table: CutTable = await _work(request, opened, studio, "cut_table", wanted.flow, node)
    return table


@router.post("/nodes/{node}/base")
async def opened_base(
    request: Request, opened: Opened, studio: TheStudio, node: str, wanted: FlowRequest
) -> BaseCard:
    """Return the base inside a node, stage by stage and layer by layer."""
    card: BaseCard = await _work(request, opened, studio, "open_node", wanted.flow, node)
    return card


@router.post("/nodes/{node}/code")
async def node_code(
    request: Request, opened: Opened, studio: TheStudio, node: str, wanted: FlowRequest
) -> NodeCode:
    """Return the code behind a node, and the module that it builds."""
    code: NodeCode = await _work(request, opened, studio, "node_code", wanted.flow, node)
    return code
