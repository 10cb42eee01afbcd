"""Races of a project: made, listed, run here or in a process of their own, stopped, gone on with, taken away."""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from graftwork.documents.files import storing, write_atomically
from graftwork.documents.flow import Flow, dump_flow, read_flow
from graftwork.documents.race import Race, RaceChoices, RaceState
from graftwork.documents.recipe import Strategy
from graftwork.documents.record import main_score
from graftwork.errors import (
    FlowError,
    GraftworkError,
    RunError,
    RunInterrupted,
    RunNotFound,
    did_you_mean,
)
from graftwork.graph.check import checked
from graftwork.project.background import busy_in_words, last_words, let_go
from graftwork.project.choosing.race_board import Told
from graftwork.project.choosing.race_lanes import lane_flow, lane_run
from graftwork.project.control import ask, clear
from graftwork.project.launch import LOG, spawn
from graftwork.project.lock import is_locked, lock_for_child, lock_run
from graftwork.project.run import Run, new_run_id
from graftwork.project.trust import require_trust

if TYPE_CHECKING:
    from graftwork.project.project import Project

__all__ = [
    "RACES",
    "delete_race",
    "keep_lane",
    "make_race",
    "race_flow",
    "race_here",
    "race_state",
    "race_states",
    "start_race",
    "stop_race",
    "work",
    "write_state",
]

RACES = "races"
"""Folder in a project's own."""

STATE = "state.json"
_MODULE = "graftwork.project.choosing.race_process"
_AT_WORK = ("starting", "planning", "waiting", "running")


def make_race(project: Project, flow: Flow, choices: RaceChoices) -> RaceState:
    """Make the folder of a new race, with its flow and what is wanted. Nothing is trained.

    Raises:
        FlowError, UsageError: the flow has problems, or no backbone.
        NotTrusted: it has custom code and the project is not trusted.
        StorageError: the folder cannot be written.
    """
    require_trust(checked(flow), project.root)
    for strategy in choices.strategies:
        lane_flow(flow, strategy)
    with storing("A new race", project.root):
        while True:
            name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-race-{secrets.token_hex(2)}"
            folder = project.root / RACES / name
            try:
                folder.mkdir(parents=True)
                break
            except FileExistsError:
                continue
    write_atomically(folder / "flow.yaml", dump_flow(flow))
    created = datetime.now(UTC).isoformat(timespec="milliseconds")
    state = RaceState(id=name, name=flow.name, created=created, choices=choices)
    write_state(folder, state)
    return state


def race_here(project: Project, name: str, *, told: Told | None = None, stop: Callable[[], bool]) -> Race:
    """Run a race in this process, to its end or to where it is stopped; its state is kept all the while.

    Raises:
        RunInterrupted: it was stopped; it can go on.
        RunError: another process runs it, or its images changed.
        GraftworkError: no lane could be trained.
    """
    from graftwork.project.choosing.race_running import run_race

    folder = _folder(project, name)
    require_trust(checked(read_flow(folder / "flow.yaml")), project.root)
    with _busy(folder), lock_run(folder):
        clear(folder)
        return work(folder, lambda tell: run_race(project, folder, _read(folder), told=tell, stop=stop), told)


def work(folder: Path, run: Callable[[Told], Race], told: Told | None = None) -> Race:
    """Run a race and write down how it stands; what ends it is written down too. The caller holds the folder."""
    state = _read(folder)

    def tell(now: RaceState) -> None:
        nonlocal state
        state = now if now.race is not None else now.edit(race=state.race)
        write_state(folder, state)
        if told is not None:
            told(state)

    def end(status: str, message: str) -> None:
        tell(state.edit(status=status, message=message, at="", seconds_left=None))

    try:
        return run(tell)
    except (RunInterrupted, KeyboardInterrupt) as error:
        end("stopped", error.message if isinstance(error, RunInterrupted) else "Aborted; it can go on.")
        raise
    except GraftworkError as error:
        end("failed", " ".join(filter(None, [error.message, error.hint])))
        raise
    except Exception as error:
        end("failed", f"{type(error).__name__}: {error}")
        raise


def start_race(project: Project, name: str) -> RaceState:
    """Run a race, or go on with one, in a process of its own, and return at once. Runs of the project go first.

    Raises:
        RunNotFound, RunError: no such race, one that is finished, or one that runs already.
        NotTrusted: it has custom code and the project is not trusted.
    """
    folder = _folder(project, name)
    _let_go(folder)
    state = _read(folder)
    if state.status == "finished":
        raise RunError(f"The race {name} is finished; there is nothing to go on with.")
    require_trust(checked(read_flow(folder / "flow.yaml")), project.root)
    with _busy(folder), lock_for_child(folder) as lock:
        clear(folder)
        state = state.edit(status="starting", message=None)
        write_state(folder, state)
        with storing("The race", folder):
            spawn(_MODULE, [str(project.root), folder.name], lock, folder / LOG)
    return state


def stop_race(project: Project, name: str) -> RaceState:
    """Ask the process of a race to stop; what was done stays, and it can go on bit for bit.

    Raises:
        RunNotFound, RunError: no such race, or no process works on it.
    """
    folder = _folder(project, name)
    if not is_locked(folder) or _read(folder).status not in _AT_WORK:
        raise RunError(f"Nobody runs the race {folder.name}.", hint=f"graftwork race --resume {folder.name}")
    ask(folder, "stop")
    return race_state(project, name)


def race_state(project: Project, name: str) -> RaceState:
    """Return how far a race is, and what is known of it so far.

    Raises:
        RunNotFound: no such race.
    """
    folder = _folder(project, name)
    state = _read(folder)
    if state.status in _AT_WORK and not is_locked(folder):
        state = _read(folder)  # what the process wrote last
        if state.status in _AT_WORK:
            why = last_words(folder) or "Its process ended before it was done; it can go on from there."
            lanes = tuple(x.edit(status="paused") if x.status == "running" else x for x in state.lanes)
            return state.edit(status="stopped", message=why, at="", seconds_left=None, lanes=lanes)
    return state


def race_states(project: Project) -> list[RaceState]:
    """Return the states of all races of a project, newest first; folders that do not read are passed over."""
    found = []
    for path in sorted((project.root / RACES).glob(f"*/{STATE}")):
        with contextlib.suppress(GraftworkError):
            found.append(race_state(project, path.parent.name))
    return sorted(found, key=lambda one: one.created, reverse=True)


def race_flow(project: Project, name: str) -> Flow:
    """Return the flow of a race, whose base, data and recipe its lanes take.

    Raises:
        RunNotFound: no such race.
    """
    return read_flow(_folder(project, name) / "flow.yaml")


def keep_lane(project: Project, name: str, strategy: Strategy, *, seed: int | None = None) -> Run:
    """Copy a scored run of a race to the runs of the project, and return it.

    Args:
        project: of the race.
        name: of the race, its id or the beginning of it.
        strategy: the lane; one that repeats another stands for that one.
        seed: its number from 1; None takes the one that scored best on the validation images.

    Raises:
        RunNotFound: no such race.
        RunError: the lane has no such run with weights.
        StorageError: the copy cannot be written.
    """
    folder = _folder(project, name)
    state = _read(folder)
    lane = next((x for x in state.plan.lanes if x.strategy == strategy), None) if state.plan else None
    own = (lane.same_as or strategy) if lane else strategy
    numbers = range(state.choices.seeds) if seed is None else [seed - 1]
    runs = [run for n in numbers if _has_weights(run := lane_run(folder, own, n))]
    if not runs:
        raise RunError(
            f"The race {folder.name} has no trained run of {strategy}{'' if seed is None else f', seed {seed}'}.",
            hint="Take a lane that has scores.",
        )
    best = max(runs, key=lambda run: main_score(run.record.metrics["validation"])[1].value)
    kept = Run(project.folder_of_runs / new_run_id(strategy))
    with storing("The run", kept.path):
        shutil.copytree(best.path, kept.path, ignore=shutil.ignore_patterns(".lock", "control.json", LOG))
    record = best.record.edit(run=kept.id, path=str(kept.path), note=f"Kept from race {folder.name}.")
    write_atomically(kept.path / "record.json", record.model_dump_json(indent=1))
    return project.find(kept.id)


def _has_weights(run: Run) -> bool:
    with contextlib.suppress(RunError):
        return (run.path / "weights.safetensors").is_file() and "validation" in run.record.metrics
    return False


def delete_race(project: Project, name: str) -> None:
    """Take a race away with all its runs; runs that were kept from it stay.

    Raises:
        RunNotFound, RunError: no such race, or one that runs.
    """
    folder = _folder(project, name)
    _let_go(folder)
    if is_locked(folder):
        raise RunError(f"The race {folder.name} is running.", hint="Stop it first.")
    shutil.rmtree(folder, ignore_errors=True)


def write_state(folder: Path, state: RaceState) -> None:
    """Write how far a race is; the caller holds its folder."""
    write_atomically(folder / STATE, state.model_dump_json())


def _read(folder: Path) -> RaceState:
    try:
        content = json.loads((folder / STATE).read_text(encoding="utf-8"))
        return RaceState.parse(content, name=str(folder / STATE))
    except (OSError, ValueError, FlowError) as error:
        raise RunError(
            f"The state of race {folder.name} cannot be read: {error}.", hint="Delete its folder."
        ) from error


def _folder(project: Project, name: str) -> Path:
    """Return the folder of a race by its id or the beginning of it.

    Raises:
        RunNotFound: none, or several.
    """
    known = sorted(path.parent.name for path in (project.root / RACES).glob(f"*/{STATE}"))
    found = [n for n in known if n == name] or [n for n in known if name and n.startswith(name)]
    if len(found) != 1:
        hint = f"It may be {', '.join(found[:5])}." if found else did_you_mean(name, known)
        raise RunNotFound(f"There {'are several races' if found else 'is no race'} '{name}'.", hint=hint)
    return project.root / RACES / found[0]


def _let_go(folder: Path) -> None:
    let_go(folder, lambda: _read(folder).status in _AT_WORK)


def _busy(folder: Path) -> AbstractContextManager[None]:
    return busy_in_words(
        folder, f"The race {folder.name} is running already.", "Wait until it ends, or stop it."
    )
