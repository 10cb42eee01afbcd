"""``graftwork train`` and ``graftwork plan``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graftwork.cli.inspect.controls import show_controls
from graftwork.cli.json_out import print_json, run_as_dict
from graftwork.cli.options import (
    AsJson,
    FlowRequest,
    Full,
    ProjectFolder,
    open_project,
    takes_transfer_options,
)
from graftwork.cli.progress import ProgressView
from graftwork.cli.show import (
    classes_in_words,
    console,
    count,
    duration,
    proof_in_words,
    say,
    show_plan,
    show_scores,
    size,
)
from graftwork.project import Run
from graftwork.project.controls import run_controls

__all__ = ["INTERRUPTED", "plan", "show_run", "tell_run", "train"]

INTERRUPTED = 130

_WithControls = Annotated[
    bool,
    typer.Option(
        "--controls",
        help="Afterwards run what transfer is held against: from scratch, and the head alone, as far as missing.",
    ),
]


@takes_transfer_options
def train(
    request: FlowRequest,
    with_controls: _WithControls = False,
    project: ProjectFolder = None,
    as_json: AsJson = False,
    full: Full = False,
) -> None:
    """Graft a new head onto a base and train it on your images.

    Ctrl-C once stops and keeps the best so far; twice aborts. Either way `graftwork runs resume` goes on.
    """
    home = open_project(project, create=True)
    flow = request.flow(home)
    with ProgressView() as view:
        run = home.run(flow, on_event=view, save=request.is_new)
        held = (
            run_controls(home, run.id, on_event=view) if with_controls and run.status == "finished" else None
        )
    if held is not None and as_json:
        print_json(run_as_dict(run, full=full) | {"controls": held})
        return
    tell_run(run, as_json=as_json, full=full)
    if held is not None:
        show_controls(held)


@takes_transfer_options
def plan(request: FlowRequest, project: ProjectFolder = None, as_json: AsJson = False) -> None:
    """Show what train would do, without doing it."""
    home = open_project(project, create=True)
    made = home.plan(request.flow(home))
    if as_json:
        print_json(made)
    else:
        show_plan(made)


def tell_run(run: Run, *, as_json: bool, full: bool = False) -> None:
    """Print how a run ended; a run that was stopped or paused ends the command with exit code 130."""
    if as_json:
        print_json(run_as_dict(run, full=full))
    else:
        show_run(run)
    if run.status == "stopped":
        say(f"Stopped; the best so far is kept. Go on with: graftwork runs resume {run.id}")
        raise typer.Exit(INTERRUPTED)
    if run.status == "paused":
        say(f"Paused. Go on with: graftwork runs resume {run.id}")
        raise typer.Exit(INTERRUPTED)


def show_run(run: Run) -> None:
    """Print a run's record."""
    record, target = run.record, console()
    target.print(f"[bold]{run.id}[/bold] {record.name}: {run.status}", soft_wrap=True)
    target.print(f"{record.base}, {record.strategy}, cut after '{record.cut}', seed {record.seed}")
    if record.message:
        target.print(record.message, markup=False, soft_wrap=True)
    if record.data is not None:
        images = ", ".join(f"{count(n)} {split}" for split, n in record.data.num_images.items())
        classes = classes_in_words(record.data.classes)
        target.print(f"images: {images}; {classes}; {record.data.source}", soft_wrap=True)
    if record.metrics:
        show_scores(dict(run.metrics))
    target.print(f"proof: {proof_in_words(record.proof)}")
    if record.cost is not None:
        cost = record.cost
        target.print(
            f"cost: {duration(cost.seconds)}, {count(cost.base_images)} images through the base, "
            f"{count(cost.cache_hits)} features from the cache, cache {size(cost.cache_bytes)}, "
            f"peak memory {size(cost.peak_memory_bytes)}"
        )
    _show_places(run)


def _show_places(run: Run) -> None:
    target = console()
    target.print(f"run:    {_short(run.path)}", markup=False, soft_wrap=True)
    if run.report is not None:
        target.print(f"report: {_short(run.report)}", markup=False, soft_wrap=True)


def _short(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
