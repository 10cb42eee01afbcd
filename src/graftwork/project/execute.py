"""One sitting of a run: the engine's events are stored, shown, and followed to their end."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from graftwork.documents.events import Event, EventLine, Noted
from graftwork.documents.files import storing, write_atomically
from graftwork.documents.flow import Flow
from graftwork.documents.record import RunRecord
from graftwork.errors import GraftworkError, RunError, StorageError
from graftwork.project.interrupt import stop_on_interrupt
from graftwork.project.lock import lock_run
from graftwork.project.run import Run, strategy_of

if TYPE_CHECKING:
    from graftwork.engine.workspace import Workspace

__all__ = ["EventLog", "execute", "note_failure"]

_STOPPING = "Stopping; the best so far is kept. Ctrl-C again aborts."

OnEvent = Callable[[Event], None]
Stop = Callable[[], bool]


class EventLog:
    """``events.jsonl``: one line for each event, written through at once.

    A last line that a killed process left unfinished is cut off before new ones follow.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with storing("The event log", path.parent):
            _cut_unfinished_line(path)
            self._file = path.open("a", encoding="utf-8")

    def append(self, event: Event) -> None:
        """Write one event with the present time."""
        with storing("The event log", self._path.parent):
            self._file.write(EventLine(time=time.time(), event=event).model_dump_json() + "\n")
            self._file.flush()

    def close(self) -> None:
        """Close the file; nothing is waiting to be written."""
        self._file.close()


def _cut_unfinished_line(path: Path) -> None:
    if not path.is_file():
        return
    with path.open("rb+") as file:
        content = file.read()
        file.truncate(content.rfind(b"\n") + 1)


def execute(
    flow: Flow, run: Run, *, workspace: Workspace, on_event: OnEvent | None = None, stop: Stop | None = None
) -> None:
    """Run ``flow`` in the run's folder to its end, or to where it is stopped.

    Args:
        flow: what to run; its folder holds it already.
        run: the run; a checkpoint in its folder is gone on from.
        workspace: the engine's shared folders.
        on_event: called with each event after it was stored.
        stop: asked by the engine now and then; true ends the run with the best so far. Ctrl-C does the same.

    Raises:
        GraftworkError: the run failed; its record and events are kept.
        KeyboardInterrupt: ctrl-C came twice.
    """
    from graftwork.engine.run import run_flow

    with lock_run(run.path):
        log = EventLog(run.path / "events.jsonl")

        def tell(event: Event) -> None:
            log.append(event)
            if on_event is not None:
                on_event(event)

        try:
            next_step = f"Free space there, then go on with graftwork runs resume {run.id}."
            with stop_on_interrupt() as asked, storing("The run", run.path, next_step=next_step):
                events = run_flow(
                    flow,
                    run.path,
                    workspace=workspace,
                    stop=lambda: asked() or (stop is not None and stop()),
                )
                is_told = False
                for event in events:
                    tell(event)
                    if asked() and not is_told:
                        is_told = True
                        tell(Noted(level="info", message=_STOPPING))
        except Exception as error:
            note_failure(flow, run, error)
            raise
        finally:
            log.close()


def note_failure(flow: Flow, run: Run, error: Exception) -> None:
    """See to it that a failed run's record says so, also when the engine did not get that far."""
    if isinstance(error, GraftworkError):
        error.fields.setdefault("run", run.id)
    path = run.path / "record.json"
    message = error.message if isinstance(error, GraftworkError) else f"{type(error).__name__}: {error}"
    try:
        record = run.record
    except RunError:
        record = _empty_record(flow, run)
    if record.status in ("failed", "stopped", "finished"):
        return
    failed = record.edit(status="failed", message=message)
    with contextlib.suppress(StorageError):  # then the error itself is what the user must hear
        write_atomically(path, failed.model_dump_json(indent=1))


def _empty_record(flow: Flow, run: Run) -> RunRecord:
    backbone = next((n.settings for n in flow.nodes if "base" in n.settings), {})
    return RunRecord(
        run=run.id,
        name=flow.name,
        path=str(run.path),
        status="running",
        created=datetime.now(UTC).isoformat(timespec="milliseconds"),
        base=str(backbone.get("base", "")),
        strategy=strategy_of(flow),
        cut=str(backbone.get("cut") or ""),
        seed=flow.recipe.seed,
    )
