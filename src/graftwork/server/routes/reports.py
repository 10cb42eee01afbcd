"""Reports: of one run with looks inside, and of runs side by side."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, Response

from graftwork.documents.document import Document
from graftwork.project.looks.reporting import Look
from graftwork.server.routes.inspections import Look as Subject
from graftwork.server.routes.inspections import look
from graftwork.server.routes.nodes import ask_bench
from graftwork.server.routes.places import Opened, TheStudio

__all__ = ["PAGE_POLICY", "ReportReply", "ReportRequest", "router"]

router = APIRouter(prefix="/projects/{project}", tags=["reports"])

PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'none'"
"""A report runs nothing and fetches nothing."""


class ReportRequest(Subject):
    """Which looks to take before the report is written."""

    looks: tuple[Look, ...] | None = None


class ReportReply(Document):
    """Where the report lies."""

    path: str


@router.post("/inspections/report")
async def write_report(
    request: Request, opened: Opened, studio: TheStudio, wanted: ReportRequest
) -> ReportReply:
    """Take looks inside a run and write its report with them; without a list all of them."""
    path: str = await look(request, opened, studio, "inspect_report", wanted, wanted.looks)
    return ReportReply(path=path)


@router.get("/comparison-report", response_class=Response)
async def get_comparison(
    request: Request, opened: Opened, run: Annotated[list[str], Query(min_length=2)]
) -> Response:
    """Return a report of runs side by side: one HTML file that stands alone."""
    found = [opened.project.find(one).id for one in run]
    path = await ask_bench(request, opened, "compare_report", found)
    return FileResponse(path, media_type="text/html", headers={"content-security-policy": PAGE_POLICY})
