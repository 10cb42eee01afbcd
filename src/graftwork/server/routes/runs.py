"""Runs: start, stop, look at, compare, use, hand over."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, Response

from graftwork.documents.events import EventLine
from graftwork.documents.predictions import PredictionPage
from graftwork.errors import RunNotFound
from graftwork.project.controls import Controls, control_flow, controls
from graftwork.project.looks.other_data import other_settings
from graftwork.project.looks.picks import keys_of_slice
from graftwork.project.moved import moved_settings
from graftwork.project.predictions import prediction_page
from graftwork.project.sources import images_settings_of
from graftwork.server.cards import run_card, run_view
from graftwork.server.documents import (
    ExportReply,
    PredictionReply,
    RunCard,
    RunEdit,
    RunExport,
    RunStart,
    RunView,
)
from graftwork.server.routes.bodies import image_in
from graftwork.server.routes.nodes import ask_bench
from graftwork.server.routes.places import Opened
from graftwork.server.routes.reports import PAGE_POLICY
from graftwork.server.state import OpenProject

__all__ = ["router"]

router = APIRouter(prefix="/projects/{project}/runs", tags=["runs"])


def _card(opened: OpenProject, run: str) -> RunCard:
    found = (run_card(row) for row in opened.project.rows() if row["id"] == run)
    if (card := next(found, None)) is None:
        raise RunNotFound(f"The run {run} was deleted in the meantime.", run=run)
    return card


@router.get("")
def list_runs(opened: Opened) -> tuple[RunCard, ...]:
    """Return all runs, the newest first."""
    return tuple(run_card(row) for row in opened.project.rows())


@router.post("")
def start_run(opened: Opened, request: RunStart) -> RunCard:
    """Start a run in a process of its own; it goes on when the page or the server ends."""
    flow = request.flow if request.control is None else control_flow(request.flow, request.control)
    return _card(opened, opened.project.start(flow).id)


@router.get("/{run}")
def get_run(opened: Opened, run: str) -> RunView:
    """Return a run as its folder shows it."""
    return run_view(opened.project.find(run))


@router.patch("/{run}")
def edit_run(opened: Opened, run: str, request: RunEdit) -> RunCard:
    """Give a run another name or note."""
    if request.name is not None:
        opened.project.rename_run(run, request.name)
    if request.note is not None:
        opened.project.note_run(run, request.note)
    return _card(opened, opened.project.find(run).id)


@router.delete("/{run}")
def delete_run(opened: Opened, run: str) -> None:
    """Delete a run's folder for good."""
    opened.project.delete(run)


@router.post("/{run}/{order}")
def order_run(opened: Opened, run: str, order: Literal["stop", "pause", "resume", "force-stop"]) -> RunCard:
    """Stop a run with its best weights, pause it, go on with it, or end its process at once."""
    acts = {
        "stop": opened.project.stop,
        "pause": opened.project.pause,
        "resume": opened.project.start_again,
        "force-stop": opened.project.force_stop,
    }
    acts[order](run)
    return _card(opened, opened.project.find(run).id)


@router.get("/{run}/events")
def get_events(
    opened: Opened,
    run: str,
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1)] = 100_000,
) -> tuple[EventLine, ...]:
    """Return the events of a run from line ``after`` on, numbered as in the feed."""
    found, _ = opened.project.find(run).tail(after)
    return tuple(found[:limit])


@router.get("/{run}/controls")
def get_controls(opened: Opened, run: str) -> Controls:
    """Return what transfer gave against the majority class, training from scratch and the head alone."""
    return controls(opened.project, run)


@router.get("/{run}/predictions")
def get_predictions(
    opened: Opened,
    run: str,
    split: Literal["validation", "test"] = "test",
    label: str | None = None,
    predicted: str | None = None,
    only: Literal["all", "wrong", "right"] = "all",
    on: str | None = None,
    trait: str | None = None,
    part: str | None = None,
    sort: Literal["loss", "confidence", "entropy", "margin", "key"] = "loss",
    descending: bool = True,
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> PredictionPage:
    """Return a page of a run's predictions, by label, predicted label, error, and slice of an evaluation."""
    found = opened.project.find(run)
    has_slice = trait is not None and part is not None
    return prediction_page(
        found,
        split=split,
        label=label,
        predicted=predicted,
        only=only,
        keys=keys_of_slice(found, trait or "", part or "", split=split, on=on) if has_slice else None,
        on=on,
        sort=sort,
        descending=descending,
        offset=offset,
        limit=limit,
    )


@router.get("/{run}/images")
def get_images_settings(opened: Opened, run: str, on: str | None = None) -> dict[str, Any]:
    """Return the settings by which a run's images are found, or those of other data it was evaluated on."""
    found = opened.project.find(run)
    settings = images_settings_of(found.flow) if on is None else other_settings(found, on)
    return moved_settings(settings, opened.project.root).model_dump(mode="json")


@router.post("/{run}/try/image")
async def predict(request: Request, opened: Opened, run: str, name: str = "image") -> PredictionReply:
    """Predict the image in the request's body."""
    image = await image_in(request, name)
    found = opened.project.find(run).id
    said, places, pictures = await ask_bench(request, opened, "inspect_tried", found, image)
    if places is not None:
        kept = {what: opened.pictures.keep(content) for what, content in pictures.items()}
        places = places.edit(pictures={what: kept[known] for what, known in places.pictures.items()})
    return PredictionReply(**{**dataclasses.asdict(said), "image": name, "places": places})


@router.post("/{run}/exports/new")
async def export(request: Request, opened: Opened, run: str, wanted: RunExport) -> ExportReply:
    """Write the run's model in another format and check it against the run."""
    found = opened.project.find(run)
    report = await ask_bench(request, opened, "export", found.id, wanted.to)
    return ExportReply(view=await asyncio.to_thread(run_view, found), summary=str(report))


@router.get("/{run}/report", response_class=Response)
def get_report(opened: Opened, run: str) -> Response:
    """Return the run's report: one HTML file that stands alone."""
    found = opened.project.find(run)
    path = found.report or opened.project.write_report(found)
    if path is None or not path.is_file():
        raise RunNotFound(
            f"The run {found.id} has no report.", hint="Its record may be missing.", run=found.id
        )
    return FileResponse(path, media_type="text/html", headers={"content-security-policy": PAGE_POLICY})


@router.get("/{run}/files/{name}", response_class=Response)
def get_file(opened: Opened, run: str, name: str) -> Response:
    """Download a file of a run's exports, or its weights, flow or record."""
    found = opened.project.find(run)
    own = {"weights.safetensors", "flow.yaml", "record.json", "plan.json", "events.jsonl", "report.html"}
    path = found.path / name if name in own else found.path / "exports" / name
    if name != path.name or name.startswith(".") or not path.is_file():
        raise RunNotFound(f"The run {found.id} has no file '{name}'.", run=found.id)
    return FileResponse(path, filename=f"{found.id}-{name}")
