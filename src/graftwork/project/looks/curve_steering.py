"""A learning curve in a process of its own: started, watched, stopped. The folder says how far it is."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from graftwork.documents.files import storing, write_atomically
from graftwork.documents.learning_curve import CurveChoices, CurveState
from graftwork.errors import FlowError, RunError
from graftwork.graph.check import checked
from graftwork.project.background import busy_in_words, last_words, let_go
from graftwork.project.control import ask, clear
from graftwork.project.launch import LOG, spawn
from graftwork.project.lock import is_locked, lock_for_child, lock_run
from graftwork.project.looks.curve_result import split_of
from graftwork.project.looks.curve_runs import CURVE, points_of
from graftwork.project.run import Run
from graftwork.project.trust import require_trust

if TYPE_CHECKING:
    from graftwork.project.project import Project

__all__ = ["curve_state", "only_one", "refuse_while_measured", "start_curve", "stop_curve", "write_state"]

STATE = "state.json"
_MODULE = "graftwork.project.looks.curve_process"
_AT_WORK = ("starting", "waiting", "running")


def start_curve(project: Project, run_id: str, choices: CurveChoices) -> CurveState:
    """Measure a run's learning curve in a process of its own, and return at once.

    Its runs take turns with other runs of the project, which go first.

    Raises:
        RunNotFound: no such run.
        RunError: the run has no scores, or its curve is being measured already.
        UsageError: its flow has no backbone.
        NotTrusted: it has custom code and the project is not trusted.
    """
    run = project.find(run_id)
    split_of(run)
    total = len(points_of(run, choices))
    require_trust(checked(run.flow), project.root)
    folder = _made(run)
    _let_go(run)
    with _busy(run), lock_for_child(folder) as lock:
        clear(folder)
        known = read_state(run)
        same = known.curve if known.choices == choices else None
        state = CurveState(run=run.id, status="starting", choices=choices, total=total, curve=same)
        write_state(run, state)
        with storing("The learning curve", folder):
            spawn(_MODULE, [str(project.root), run.id], lock, folder / LOG)
    return state


def stop_curve(project: Project, run_id: str) -> CurveState:
    """Ask the process that measures a curve to stop; what was measured stays, and it can go on.

    Raises:
        RunNotFound: no such run.
        RunError: no process measures its curve.
    """
    run = project.find(run_id)
    if not is_locked(run.path / CURVE) or not _is_at_work(run):
        raise RunError(f"Nobody measures the learning curve of run {run.id}.", run=run.id)
    ask(run.path / CURVE, "stop")
    return curve_state(project, run_id)


def curve_state(project: Project, run_id: str) -> CurveState:
    """Return how far the learning curve of a run is, and what is known of it so far.

    Raises:
        RunNotFound: no such run.
    """
    run = project.find(run_id)
    state = read_state(run)
    if state.status in _AT_WORK and not is_locked(run.path / CURVE):
        state = read_state(run)  # what the process wrote last
        if state.status in _AT_WORK:
            why = "Its process ended before it was done; measuring again goes on where it was."
            return state.edit(
                status="stopped", message=last_words(run.path / CURVE) or why, at="", seconds_left=None
            )
    return state


@contextlib.contextmanager
def only_one(run: Run) -> Iterator[Path]:
    """Hold the folder of a run's curve as the only one that measures it.

    Raises:
        RunError: another process measures it.
    """
    folder = _made(run)
    with _busy(run), lock_run(folder):
        clear(folder)
        yield folder


def refuse_while_measured(run: Run) -> None:
    """Refuse what would pull the folder from under a curve that is being measured.

    Raises:
        RunError: a process measures it.
    """
    _let_go(run)
    if is_locked(run.path / CURVE):
        raise RunError(
            f"The learning curve of run {run.id} is being measured.", hint="Stop that first.", run=run.id
        )


def write_state(run: Run, state: CurveState) -> None:
    """Write how far a curve is; the caller holds its folder."""
    write_atomically(run.path / CURVE / STATE, state.model_dump_json())


def read_state(run: Run) -> CurveState:
    """Return what the folder says; a file that does not read says nothing."""
    path = run.path / CURVE / STATE
    with contextlib.suppress(OSError, ValueError, FlowError):
        return CurveState.model_validate(json.loads(path.read_text(encoding="utf-8")))
    return CurveState(run=run.id)


def _made(run: Run) -> Path:
    folder = run.path / CURVE
    with storing("The learning curve", folder):
        folder.mkdir(exist_ok=True)
    return folder


def _is_at_work(run: Run) -> bool:
    return read_state(run).status in _AT_WORK


def _let_go(run: Run) -> None:
    let_go(run.path / CURVE, lambda: _is_at_work(run))


def _busy(run: Run) -> AbstractContextManager[None]:
    message = f"The learning curve of run {run.id} is being measured already."
    return busy_in_words(run.path / CURVE, message, "Wait until that ends, or stop it.", run=run.id)
