"""Runs in processes of their own: started, steered while they go on, and named. ``Project`` offers all of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from graftwork.documents.files import storing, write_atomically
from graftwork.documents.flow import Flow, dump_flow
from graftwork.errors import RunError
from graftwork.graph.check import checked
from graftwork.project.control import Order, ask
from graftwork.project.labels import change_label
from graftwork.project.launch import discard, force_end, launch
from graftwork.project.lock import is_locked
from graftwork.project.run import Run, new_run_id, word_of
from graftwork.project.trust import require_trust

if TYPE_CHECKING:
    from graftwork.project.project import Project

__all__ = ["force_stop", "make_run", "order", "relabel", "start", "start_again"]

_ENDINGS = {"stop": "stopped", "pause": "paused"}


def start(project: Project, flow: Flow, *, name: str | None = None, at_once: bool = False) -> Run:
    """Start a run in a process of its own; see ``Project.start``."""
    require_trust(checked(flow), project.root)
    run = make_run(project.folder_of_runs, flow if name is None else flow.edit(name=name))
    try:
        launch(run, project.root, at_once=at_once)
    except BaseException:
        discard(run)
        raise
    return run


def start_again(project: Project, run: Run, *, at_once: bool = False) -> Run:
    """Go on with a run in a process of its own; see ``Project.start_again``."""
    if _status(run) == "finished":
        raise RunError(f"The run {run.id} is finished; there is nothing to resume.", run=run.id)
    require_trust(run.flow, project.root)
    launch(run, project.root, at_once=at_once)
    return run


def order(run: Run, wanted: Order) -> Run:
    """Ask the process of a run to stop or to pause.

    Raises:
        RunError: no process works on the run.
    """
    if not is_locked(run.path):
        status = _status(run)
        next_step = None if status == "finished" else f"Go on with it by graftwork runs resume {run.id}."
        raise RunError(
            f"The run {run.id} cannot be {_ENDINGS[wanted]}: it is {status}, and no process works on it.",
            hint=next_step,
            run=run.id,
        )
    ask(run.path, wanted)
    return run


def force_stop(run: Run) -> Run:
    """Kill the process of a run; see ``Project.force_stop``."""
    force_end(run)
    return run


def relabel(run: Run, *, name: str | None = None, note: str | None = None) -> Run:
    """Give a run another name or note; what is None stays."""
    change_label(run.path, name=name, note=note)
    return run


def make_run(folder_of_runs: Path, flow: Flow) -> Run:
    """Make the folder of a new run, with its flow in it.

    Raises:
        StorageError: no space or no permission.
    """
    with storing("A new run", folder_of_runs):
        while True:
            path = folder_of_runs / new_run_id(word_of(flow))
            try:
                path.mkdir(parents=True)
                break
            except FileExistsError:
                continue
    write_atomically(path / "flow.yaml", dump_flow(flow))
    return Run(path)


def _status(run: Run) -> str:
    try:
        return run.status
    except RunError:
        return "unreadable"
