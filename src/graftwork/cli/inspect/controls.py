"""``graftwork inspect controls``: a run beside its controls."""

from __future__ import annotations

from typing import Annotated

import typer

from graftwork.cli.json_out import print_json
from graftwork.cli.options import AsJson, ProjectFolder, RunName, open_project
from graftwork.cli.progress import ProgressView
from graftwork.cli.show import console, duration, interval, say, show_rows
from graftwork.documents.controls import ControlRow, Controls
from graftwork.documents.record import Interval
from graftwork.project.controls import controls as controls_of
from graftwork.project.controls import run_controls

__all__ = ["controls", "show_controls"]

_Missing = Annotated[
    bool,
    typer.Option("--missing", help="First run the controls that are not there yet: runs like any other."),
]


def controls(
    run: RunName, missing: _Missing = False, project: ProjectFolder = None, as_json: AsJson = False
) -> None:
    """Hold a run against training from scratch, the head alone and a constant answer, on the same images.

    Gains have paired intervals: the same images are drawn again for both runs.
    """
    home = open_project(project)
    if missing:
        with ProgressView() as view:
            found = run_controls(home, run, on_event=view)
    else:
        found = controls_of(home, run)
    if as_json:
        print_json(found)
    else:
        show_controls(found)


def show_controls(found: Controls) -> None:
    """Print a run beside its controls."""
    if found.score_name is None or found.score is None:
        console().print(found.reason)
        return
    rows: list[tuple[object, ...]] = [("this run", f"{found.score:.3f}", None, None)]
    rows += [
        _row("from scratch", found.scratch, found.interval_over_scratch),
        _row("head only", found.head_only, found.interval_over_head_only),
    ]
    if found.majority is not None:
        rows.append(("constant answer", f"{found.majority:.3f}", _gain(found.interval_over_majority), None))
    name = found.score_name.replace("_", " ")
    show_rows(["what transfer gave", f">{name}", "gain (95 %, paired)", ">time"], [r for r in rows if r[1]])
    if found.reason:
        say(found.reason)
        if found.missing:
            say("Run them with --missing, or graftwork train --controls.")


def _row(words: str, row: ControlRow | None, gain: Interval | None) -> tuple[object, ...]:
    if row is None:
        return (words, None, None, None)
    return (
        words,
        interval(row.interval),
        _gain(gain),
        None if row.seconds is None else duration(row.seconds),
    )


def _gain(gain: Interval | None) -> str | None:
    return None if gain is None else f"{gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})"
