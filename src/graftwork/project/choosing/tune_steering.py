"""Searches of a project: begun, watched, stopped, gone on with. The folder says how far each is."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from graftwork.documents.files import storing, write_atomically
from graftwork.documents.flow import Flow
from graftwork.documents.tuning import SearchChoices, SearchState, SearchSummary
from graftwork.errors import FlowError, RunError
from graftwork.project.background import busy_in_words, last_words, let_go
from graftwork.project.choosing.tune_opening import (
    SETUP,
    TUNES,
    begin_search,
    folder_of,
    read_setup,
    take_up,
)
from graftwork.project.control import ask, clear
from graftwork.project.launch import LOG, spawn
from graftwork.project.lock import is_locked, lock_for_child, lock_run

if TYPE_CHECKING:
    from graftwork.project.project import Project

__all__ = [
    "delete_search",
    "go_on",
    "list_searches",
    "only_one",
    "read_state",
    "refuse_at_work",
    "search_state",
    "start_search",
    "stop_search",
    "write_state",
]

STATE = "state.json"
_MODULE = "graftwork.project.choosing.tune_process"
_AT_WORK = ("starting", "waiting", "running")


def start_search(project: Project, flow: Flow, choices: SearchChoices) -> SearchState:
    """Begin a search in a process of its own, and return at once.

    Its rounds take turns with runs of the project, which go first.

    Raises:
        GraftworkError: as ``begin_search`` says.
    """
    opened = begin_search(project, flow, choices)
    return _spawn(project, opened.folder, choices.rounds)


def go_on(
    project: Project, search_id: str, *, rounds: int | None = None, minutes: float | None = None
) -> SearchState:
    """Go on with a search in a process of its own, perhaps for longer.

    Raises:
        RunNotFound: no such search.
        RunError: it is at work, or its images changed.
    """
    folder = folder_of(project, search_id)
    refuse_at_work(folder)
    opened = take_up(project, search_id, rounds=rounds, minutes=minutes)
    return _spawn(project, folder, opened.setup.choices.rounds)


def _spawn(project: Project, folder: Path, total: int) -> SearchState:
    _let_go(folder)
    with _busy(folder), lock_for_child(folder) as lock:
        clear(folder)
        known = read_state(folder)
        state = known.edit(status="starting", message=None, total=total, at="", seconds_left=None)
        write_state(folder, state)
        with storing("The search", folder):
            spawn(_MODULE, [str(project.root), folder.name], lock, folder / LOG)
    return state


def stop_search(project: Project, search_id: str) -> SearchState:
    """Ask the process of a search to stop; its rounds stay, and it can go on.

    Raises:
        RunNotFound: no such search.
        RunError: no process works on it.
    """
    folder = folder_of(project, search_id)
    if not is_locked(folder) or read_state(folder).status not in _AT_WORK:
        raise RunError(f"Nobody works on the search {folder.name}.", hint="Go on with it first.")
    ask(folder, "stop")
    return search_state(project, search_id)


def search_state(project: Project, search_id: str) -> SearchState:
    """Return how far a search is, with all that is known of it.

    Raises:
        RunNotFound: no such search.
    """
    from graftwork.project.choosing.tune_final import with_final

    folder = folder_of(project, search_id)
    return with_final(project, folder, _state(folder))


def _state(folder: Path) -> SearchState:
    state = read_state(folder)
    if state.status in _AT_WORK and not is_locked(folder):
        state = read_state(folder)  # what the process wrote last
        if state.status in _AT_WORK:
            why = "Its process ended before it was done; going on takes up where it was."
            return state.edit(status="stopped", message=last_words(folder) or why, at="", seconds_left=None)
    return state


def list_searches(project: Project) -> tuple[SearchSummary, ...]:
    """Return the searches of a project, newest first; those that do not read are left out."""
    found = []
    for path in sorted((project.root / TUNES).glob(f"*/{SETUP}")):
        with contextlib.suppress(RunError):
            found.append(_summary(path.parent))
    return tuple(sorted(found, key=lambda one: one.created, reverse=True))


def _summary(folder: Path) -> SearchSummary:
    setup, state = read_setup(folder), _state(folder)
    search = state.search
    best = None if search is None else next((r for r in search.rounds if r.number == search.best), None)
    return SearchSummary(
        id=setup.id,
        created=setup.created,
        name=setup.flow.name,
        base=setup.base,
        status=state.status,
        done=state.done,
        total=setup.choices.rounds,
        score_name=search.score_name if search else None,
        best_score=best.score.value if best is not None and best.score is not None else None,
    )


def delete_search(project: Project, search_id: str) -> str:
    """Delete a search with its rounds; runs that it kept stay. Returns its id.

    Raises:
        RunNotFound: no such search.
        RunError: it is at work.
    """
    folder = folder_of(project, search_id)
    refuse_at_work(folder)
    with only_one(folder), storing("The search", folder):
        shutil.rmtree(folder)
    return folder.name


def refuse_at_work(folder: Path) -> None:
    """Refuse what needs a search that rests.

    Raises:
        RunError: a process works on it.
    """
    _let_go(folder)
    if is_locked(folder):
        raise RunError(f"The search {folder.name} is at work.", hint="Wait until it ends, or stop it.")


@contextlib.contextmanager
def only_one(folder: Path) -> Iterator[Path]:
    """Hold the folder of a search as the only one that works on it.

    Raises:
        RunError: another process does.
    """
    with _busy(folder), lock_run(folder):
        clear(folder)
        yield folder


def write_state(folder: Path, state: SearchState) -> None:
    """Write how far a search is; the caller holds its folder."""
    write_atomically(folder / STATE, state.model_dump_json())


def read_state(folder: Path) -> SearchState:
    """Return what the folder says; a file that does not read says nothing."""
    with contextlib.suppress(OSError, ValueError, FlowError):
        return SearchState.model_validate(json.loads((folder / STATE).read_text(encoding="utf-8")))
    return SearchState(id=folder.name)


def _let_go(folder: Path) -> None:
    let_go(folder, lambda: read_state(folder).status in _AT_WORK)


def _busy(folder: Path) -> AbstractContextManager[None]:
    return busy_in_words(
        folder, f"The search {folder.name} is at work already.", "Wait until that ends, or stop it."
    )
