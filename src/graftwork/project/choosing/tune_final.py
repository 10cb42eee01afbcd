"""The chosen settings of a search as an ordinary run, held against the flow as it stood, on the test images."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from graftwork.documents.events import Event
from graftwork.documents.files import write_atomically
from graftwork.documents.flow import Flow
from graftwork.documents.record import Interval, main_score
from graftwork.documents.tuning import FinalRuns, Search, SearchState
from graftwork.errors import RunError, UsageError
from graftwork.project.choosing.tune_opening import folder_of, read_setup
from graftwork.project.looks.stored_scores import gain_over
from graftwork.project.run import Run

if TYPE_CHECKING:
    from graftwork.project.project import Project

__all__ = ["final_flows", "run_final", "start_final", "with_final"]

FINAL = "final.json"


def final_flows(project: Project, search_id: str) -> tuple[Flow, Flow]:
    """Return the flow with the settings to take, and the flow as it stood.

    Raises:
        RunNotFound: no such search.
        UsageError: no round of it is finished.
    """
    from graftwork.project.choosing.tune_steering import read_state

    folder = folder_of(project, search_id)
    setup, search = read_setup(folder), read_state(folder).search
    if search is None or search.best_flow is None:
        raise UsageError(
            f"No round of the search {folder.name} is finished, so there is nothing to take.",
            hint=f"Go on with graftwork tune --resume {folder.name}.",
        )
    return search.best_flow.edit(name=f"{setup.flow.name}-tuned"), setup.flow


def run_final(
    project: Project, search_id: str, *, on_event: Callable[[Event], None] | None = None
) -> FinalRuns:
    """Train the chosen settings and the flow as it stood as ordinary runs, and hold one against the other.

    Both score the test images, which no round of the search did. Where the flow as it stood is chosen, there is one run.

    Raises:
        RunNotFound, UsageError: as ``final_flows`` says.
        GraftworkError: a run failed.
    """
    chosen, default = final_flows(project, search_id)
    best = project.run(chosen, on_event=on_event, save=True)
    other = best if _is_same(chosen, default) else project.run(default, on_event=on_event)
    return _keep(project, search_id, best.id, other.id)


def start_final(project: Project, search_id: str) -> FinalRuns:
    """The same in processes of their own; returns at once.

    Raises:
        RunNotFound, UsageError: as ``final_flows`` says.
    """
    chosen, default = final_flows(project, search_id)
    best = project.start(project.save_flow(chosen))
    other = best if _is_same(chosen, default) else project.start(default)
    return _keep(project, search_id, best.id, other.id)


def _is_same(one: Flow, other: Flow) -> bool:
    return one.edit(name="") == other.edit(name="")


def _keep(project: Project, search_id: str, best: str, default: str) -> FinalRuns:
    folder = folder_of(project, search_id)
    write_atomically(folder / FINAL, json.dumps({"best": best, "default": default}))
    return compared(project, best, default)


def with_final(project: Project, folder: Path, state: SearchState) -> SearchState:
    """Return a state with the final runs of its search, where there are any."""
    path = folder / FINAL
    if state.search is None or not path.is_file():
        return state
    try:
        ids = json.loads(path.read_text(encoding="utf-8"))
        final = compared(project, ids["best"], ids["default"])
    except (OSError, ValueError, KeyError, RunError):  # a run was deleted in the meantime
        return state
    search: Search = state.search.edit(final=final)
    return state.edit(search=search)


def compared(project: Project, best: str, default: str) -> FinalRuns:
    """Return two runs held against each other on the test images, as far as they are done.

    Raises:
        RunNotFound: one of them is gone.
    """
    one, other = project.find(best), project.find(default)
    states = {run.status for run in (one, other)}
    if states != {"finished"}:
        ended = states & {"failed", "stopped", "interrupted", "paused"}
        failed = next((r for r in (one, other) if r.status in ended), None)
        return FinalRuns(
            best=one.id,
            default=other.id,
            status="failed" if ended else "running",
            message=f"The run {failed.id} is {failed.status}." if failed is not None else None,
        )
    return FinalRuns(
        best=one.id,
        default=other.id,
        status="finished",
        best_score=_test_score(one),
        default_score=_test_score(other),
        gain=None if one.id == other.id else gain_over(one, other, "test"),
        message=None if "test" in one.record.metrics else "There are no test images to hold them against.",
    )


def _test_score(run: Run) -> Interval | None:
    scores = run.record.metrics.get("test")
    return None if scores is None else main_score(scores)[1]
