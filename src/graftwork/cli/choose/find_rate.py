"""``graftwork find-rate``: a learning-rate range test, drawn as text."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

import typer

from graftwork.cli.inspect.subject import told
from graftwork.cli.json_out import print_json
from graftwork.cli.options import AsJson, FlowRequest, ProjectFolder, open_project, takes_transfer_options
from graftwork.cli.show import console, count, duration, say, show_rows
from graftwork.documents.files import storing, write_atomically
from graftwork.documents.flow import Flow, dump_flow
from graftwork.documents.rate_test import RateChoices, RateTest
from graftwork.errors import UsageError
from graftwork.project.choosing.find_rate import find_rate as run_test
from graftwork.project.options import read_as

__all__ = ["find_rate"]

_ABOUT = {name: str(field.description) for name, field in RateChoices.model_fields.items()}
_Phase = Annotated[str, typer.Option("--phase", metavar="main|probe", help=_ABOUT["phase"])]
_Lowest = Annotated[float | None, typer.Option("--lowest", help=_ABOUT["lowest"])]
_Highest = Annotated[float | None, typer.Option("--highest", help=_ABOUT["highest"])]
_Updates = Annotated[int, typer.Option("--updates", help=_ABOUT["updates"])]
_Write = Annotated[
    Path | None, typer.Option("--write", metavar="FILE", help="Write the flow with the suggested rate in it.")
]
_USUAL = RateChoices()
_ROWS, _WIDTH = 24, 40


@takes_transfer_options
def find_rate(
    request: FlowRequest,
    phase: _Phase = "main",
    lowest: _Lowest = None,
    highest: _Highest = None,
    updates: _Updates = _USUAL.updates,
    write: _Write = None,
    project: ProjectFolder = None,
    as_json: AsJson = False,
) -> None:
    """Find a learning rate by a short training whose rate rises; nothing of it stays."""
    given: dict[str, Any] = {"phase": phase, "lowest": lowest, "highest": highest, "updates": updates}
    choices = read_as(RateChoices, given)
    if write is not None and write.exists():
        raise UsageError(f"{write} is there already.", hint="Choose another file.")
    home = open_project(project, create=True)
    flow = request.flow(home)
    with told(home.inspect(flow)) as inside:
        found = run_test(inside, choices)
    if write is not None:
        _write(write, flow, found)
    if as_json:
        print_json(found)
        return
    _show(found)
    if write is not None:
        say(f"Wrote {write}. Next: graftwork train --flow {write}")
    elif found.suggested is not None:
        say(f"To take it: --set {found.field}={found.suggested:g}")


def _write(path: Path, flow: Flow, found: RateTest) -> None:
    if found.suggested is None:
        say("There is no rate to write: the flow stays as it is.")
        return
    changed = flow.edit(recipe=flow.recipe.edit(**{found.field: found.suggested}))
    with storing("The flow", path.parent, next_step="Name another file."):
        write_atomically(path, dump_flow(changed))


def _show(found: RateTest) -> None:
    show_rows(
        [f">{found.field}", ">loss", "", ""],
        [(f"{rate:.1e}", f"{loss:.4f}", "█" * width, mark) for rate, loss, width, mark in _rows(found)],
        title=f"Loss of the {found.phase} phase at rising rates (smoothed)",
    )
    target = console()
    target.print(found.words, markup=False, soft_wrap=True)
    ended = " It ended early, as the loss grew beyond return." if found.diverged else ""
    target.print(
        f"{len(found.points)} updates on {count(found.num_images)} training images in {duration(found.seconds)}.{ended}",
        markup=False,
        soft_wrap=True,
    )


def _rows(found: RateTest) -> list[tuple[float, float, int, str]]:
    """Return evenly spaced updates: rate, loss, length of the bar, and what lies there."""
    step = max(1, math.ceil(len(found.points) / _ROWS))
    points = found.points[::step]
    most = max(p.smoothed for p in points) or 1.0
    marks = {"planned": found.planned, "suggested": found.suggested, "steepest": found.steepest}
    rows = []
    for number, point in enumerate(points):
        end = points[number + 1].rate if number + 1 < len(points) else math.inf
        here = [name for name, rate in marks.items() if rate is not None and point.rate <= rate < end]
        rows.append((point.rate, point.smoothed, round(_WIDTH * point.smoothed / most), ", ".join(here)))
    return rows
