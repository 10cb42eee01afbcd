"""What all looks inside share: whom they look into, and how the project's bench is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from fastapi import Request
from pydantic import Field, model_validator

from graftwork.documents.document import Document
from graftwork.documents.flow import Flow
from graftwork.project.bench_trust import code_that_runs
from graftwork.project.sources import sources_of
from graftwork.project.trust import require_trust
from graftwork.server.routes.nodes import ask_bench
from graftwork.server.state import OpenProject, Studio

__all__ = ["PREFIX", "Look", "look"]

PREFIX = "/projects/{project}/inspections"


class Look(Document):
    """Whom to look into: a run, or a flow that need not be trained."""

    run: str | None = Field(None, description="Id of a run.")
    flow: Flow | None = Field(None, description="A flow; only what pretrained weights and data say is known.")

    @model_validator(mode="after")
    def _one(self) -> Look:
        if (self.run is None) == (self.flow is None):
            raise ValueError("name a run or give a flow, one of them")
        return self


async def look(
    request: Request,
    opened: OpenProject,
    studio: Studio,
    task: str,
    wanted: Look,
    *args: Any,
    on_event: Callable[[Any], None] | None = None,
) -> Any:
    """Let the project's bench do an inspection.

    Args:
        request: whose page waits; when it goes, the work ends.
        opened: the project.
        studio: whose opened folders limit what a flow may read.
        task: name of a task that begins with 'inspect_'.
        wanted: the subject.
        args: of the task after the subject.
        on_event: called with what the task tells on its way.

    Raises:
        NotTrusted: custom code from a folder that the user does not trust.
        NotOpened: the flow reads outside opened folders.
    """
    subject: Flow | str
    if wanted.flow is not None:
        subject = wanted.flow
        await asyncio.to_thread(_allow, task, subject, opened, studio)
    else:
        assert wanted.run is not None
        subject = opened.project.find(wanted.run).id
    return await ask_bench(request, opened, task, subject, *args, on_event=on_event)


def _allow(task: str, flow: Flow, opened: OpenProject, studio: Studio) -> None:
    root = opened.project.root
    code = code_that_runs(task, (flow,), root)
    if code is not None:
        require_trust(code, root)
    for source in sources_of(flow, root):
        studio.roots.require(source)
