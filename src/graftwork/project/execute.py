"""One sitting of a run: the engine's events are stored, shown, and followed to their end."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from graftwork.documents.events import Event, EventLine, Noted, RunEnded
from graftwork.documents.files import storing, write_atomically
from graftwork.documents.flow import Flow
from graftwork.documents.record import RunRecord, Status
from graftwork.errors import GraftworkError, RunError, RunInterrupted, StorageError
from graftwork.project.apart import is_apart, run_apart
from graftwork.project.control import OrderWatch, clear
from graftwork.project.interrupt import stop_on_interrupt
from graftwork.project.lock import lock_run
from graftwork.project.run import Run, strategy_of

if TYPE_CHECKING:
    from graftwork.engine.workspace import Workspace

__all__ = ["EventLog", "cut_unfinished_line", "empty_record", "execute", "note_failure"]

_INTERRUPTED = "Stopping; the best so far is kept. Ctrl-C again aborts."
_ORDERED = {
    "stop": "Stopping; the best so far is kept.",
    "pause": "Pausing; the state is saved at the next update.",
}

OnEvent = Callable[[Event], None]
Stop = Callable[[], bool]


class EventLog:
    """``events.jsonl``: one line for each event, written through at once.

    A last line that a killed process left unfinished is cut off before new ones follow.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with storing("The event log", path.parent):
            cut_unfinished_line(path)
            self._file = path.open("a", encoding="utf-8")

    def append(self, event: Event) -> None:
        """Write one event with the present time."""
        with storing("The event log", self._path.parent):
            self._file.write(EventLine(time=time.time(), event=event).model_dump_json() + "\n")
            self._file.flush()

    def close(self) -> None:
        """Close the file; nothing is waiting to be written."""
        self._file.close()


def cut_unfinished_line(path: Path) -> None:
    """Cut off a last line that a killed process left without its end."""
    if not path.is_file():
        return
    with path.open("rb+") as file:
        content = file.read()
        file.truncate(content.rfind(b"\n") + 1)


def execute(
    flow: Flow,
    run: Run,
    *,
    workspace: Workspace,
    on_event: OnEvent | None = None,
    stop: Stop | None = None,
    pause: Stop | None = None,
    keep_orders: bool = False,
) -> None:
    """Run ``flow`` in the run's folder to its end, or to where it is stopped or paused.

    Args:
        flow: what to run; its folder holds it already.
        run: the run; a checkpoint in its folder is gone on from.
        workspace: the engine's shared folders.
        on_event: called with each event after it was stored.
        stop: asked by the engine now and then; true ends the run with the best so far. Ctrl-C and an order
            in the run's folder do the same.
        pause: asked likewise; true ends the sitting where it is, with nothing scored. Not asked by flows with custom
            code, which look for an order in the run's folder.
        keep_orders: whether an order counts that was given before this process began.

    Raises:
        GraftworkError: the run failed; its record and events are kept.
        KeyboardInterrupt: ctrl-C came twice.
    """
    with lock_run(run.path):
        if not keep_orders:
            clear(run.path)
        sitting = _Sitting(run, on_event, stop, pause)
        try:
            next_step = f"Free space there, then go on with graftwork runs resume {run.id}."
            with stop_on_interrupt() as asked, storing("The run", run.path, next_step=next_step):
                sitting.asked = asked
                _drive(flow, run, workspace, sitting)
        except Exception as error:
            if note_failure(flow, run, error) and is_apart(flow):  # the worker could not say so any more
                ending = run.record
                sitting.tell(RunEnded(status=_ended(ending.status), message=ending.message, cost=ending.cost))
            raise
        finally:
            sitting.close()
            clear(run.path)


class _Sitting:
    """What passes between the engine and whoever listens, from one start of a run to its end."""

    def __init__(
        self, run: Run, on_event: OnEvent | None, stop: Stop | None, pause: Stop | None = None
    ) -> None:
        self._log = EventLog(run.path / "events.jsonl")
        self._orders = OrderWatch(run.path)
        self._on_event, self._stop, self._pause = on_event, stop, pause
        self._told: set[str] = set()
        self.asked: Stop = lambda: False

    def tell(self, event: Event) -> None:
        """Store an event and hand it on."""
        self._log.append(event)
        if self._on_event is not None:
            self._on_event(event)

    def follow(self, event: Event) -> None:
        """Take an event of the engine; what the user asked for meanwhile is told once."""
        self.tell(event)
        order = self._orders.order()
        wanted = _INTERRUPTED if self.asked() else _ORDERED.get(order or "")
        if wanted and wanted not in self._told and not isinstance(event, RunEnded):
            self._told.add(wanted)
            self.tell(Noted(level="info", message=wanted))

    def wants_stop(self) -> bool:
        """Whether anybody wants the run to stop."""
        return self.asked() or self._orders.wants_stop() or (self._stop is not None and self._stop())

    def wants_pause(self) -> bool:
        """Whether the run is to pause."""
        return self._orders.wants_pause() or (self._pause is not None and self._pause())

    def close(self) -> None:
        """End the log."""
        self._log.close()


def _ended(status: str) -> Literal["failed", "stopped"]:
    return "stopped" if status == "stopped" else "failed"


def _drive(flow: Flow, run: Run, workspace: Workspace, sitting: _Sitting) -> None:
    """Let the engine run the flow: here, or in a worker when it has custom code."""
    if is_apart(flow):
        run_apart(flow, run.path, workspace, on_event=sitting.follow, stop=sitting.wants_stop)
        return
    from graftwork.engine.run import run_flow

    events = run_flow(flow, run.path, workspace=workspace, stop=sitting.wants_stop, pause=sitting.wants_pause)
    for event in events:
        sitting.follow(event)


def note_failure(flow: Flow, run: Run, error: Exception) -> bool:
    """See to it that a failed run's record says so, also when the engine did not get that far.

    Returns:
        Whether the record did not say so before.
    """
    if isinstance(error, GraftworkError):
        error.fields.setdefault("run", run.id)
    path = run.path / "record.json"
    message = error.message if isinstance(error, GraftworkError) else f"{type(error).__name__}: {error}"
    try:
        record = run.record
    except RunError:
        record = empty_record(flow, run)
    if record.status in ("failed", "stopped", "paused", "finished"):
        return False
    status = "stopped" if isinstance(error, RunInterrupted) else "failed"
    failed = record.edit(status=status, message=message)
    with contextlib.suppress(StorageError):  # then the error itself is what the user must hear
        write_atomically(path, failed.model_dump_json(indent=1))
        return True
    return False


def empty_record(flow: Flow, run: Run, status: Status = "running") -> RunRecord:
    """Return the record of a run of which nothing is known but its flow."""
    backbone = next((n.settings for n in flow.nodes if "base" in n.settings), {})
    return RunRecord(
        run=run.id,
        name=flow.name,
        path=str(run.path),
        status=status,
        created=datetime.now(UTC).isoformat(timespec="milliseconds"),
        base=str(backbone.get("base", "")),
        strategy=strategy_of(flow),
        cut=str(backbone.get("cut") or ""),
        seed=flow.recipe.seed,
    )
