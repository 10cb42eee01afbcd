"""Runs in processes of their own: started, waited for, ended, and told apart when they died early.

The starter takes the run's lock and hands it over, so a run has a living owner from its first moment on.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from graftwork.documents.files import storing, write_atomically
from graftwork.documents.record import RunRecord, Status
from graftwork.errors import RunError, StorageError
from graftwork.project.control import clear
from graftwork.project.execute import empty_record
from graftwork.project.lock import is_locked, lock_for_child, lock_run, locked_by, name_holder
from graftwork.project.queue import leave_place, take_place
from graftwork.project.run import Run

__all__ = ["LOG", "discard", "force_end", "launch", "set_status", "settle", "spawn"]

LOG = "process.log"
_MODULE = "graftwork.project.detached"
_LAST_LINES = 8
_GONE_SECONDS = 5.0


def launch(run: Run, root: Path, *, at_once: bool = False) -> None:
    """Start a process that does or goes on with a run, and return at once.

    The process has a session of its own: it outlives this one, and its terminal.

    Args:
        run: its folder holds ``flow.yaml``.
        root: of the project.
        at_once: whether it trains even while another detached run of the project does.

    Raises:
        RunError: another process writes the run.
        StorageError: the folder cannot be written.
    """
    with lock_for_child(run.path) as lock:
        clear(run.path)
        set_status(run, "starting", None)
        leave_place(run.path)
        if not at_once:
            take_place(run.path)
        with storing("The run", run.path):
            spawn(_MODULE, [str(root), run.id], lock, run.path / LOG)


def spawn(module: str, arguments: Sequence[str], lock: IO[str], log: Path) -> None:
    """Start a module of this package in a process that outlives this one, and hand it a lock.

    Args:
        module: run as a program; its last argument is the number of the open file that holds the lock.
        arguments: those before it.
        lock: held until the process ends.
        log: file that takes what the process writes.

    Raises:
        OSError: the log cannot be written.
    """
    with log.open("ab") as file:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", module, *arguments, str(lock.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            pass_fds=(lock.fileno(),),
            start_new_session=True,
            env=_environment(),
        )
    name_holder(lock, process.pid)
    # Who waits for it is told of its end by the system; without that it would stay in the table of processes.
    threading.Thread(target=process.wait, daemon=True).start()


def _environment() -> dict[str, str]:
    """Return an environment in which the process finds this very package."""
    home = str(Path(__file__).parents[2])
    known = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys([home, *known]))}


def set_status(run: Run, status: Status, message: str | None) -> RunRecord:
    """Write a status into a run's record; the caller holds the run's lock.

    Raises:
        StorageError: the folder cannot be written.
    """
    try:
        record = RunRecord.model_validate_json((run.path / "record.json").read_bytes())
        record = record.edit(status=status, message=message)
    except (OSError, ValueError):
        record = empty_record(run.flow, run, status).edit(message=message)
    write_atomically(run.path / "record.json", record.model_dump_json(indent=1))
    return record


def settle(run: Run) -> bool:
    """Write down that a run failed whose process died before it began.

    Returns:
        Whether there was something to write down.
    """
    with contextlib.suppress(RunError, StorageError, OSError):
        if run.record.status not in ("starting", "queued") or is_locked(run.path):
            return False
        with lock_run(run.path):
            if run.record.status not in ("starting", "queued"):
                return False
            set_status(run, "failed", _why(run.path / LOG))
            return True
    return False


def _why(log: Path) -> str:
    text = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    last = "\n".join(lines[-_LAST_LINES:])
    how = f"It wrote:\n{last}" if last else "It wrote nothing."
    return f"The run's process ended before the run began. {how}"


def force_end(run: Run) -> None:
    """Kill the process that writes a run, and what it started; what was saved stays.

    A run that had begun is then interrupted; one that had not is stopped.

    Raises:
        RunError: no living process writes the run, or it is this one.
    """
    process = locked_by(run.path)
    if process is None or process == os.getpid():
        why = "this very process works on it" if process else "no process works on it"
        raise RunError(
            f"The run {run.id} cannot be ended by force: {why}.", hint="Look at its status.", run=run.id
        )
    _kill(process)
    deadline = time.monotonic() + _GONE_SECONDS
    while is_locked(run.path) and time.monotonic() < deadline:
        time.sleep(0.01)
    clear(run.path)
    with contextlib.suppress(RunError), lock_run(run.path):
        leave_place(run.path)
        if run.record.status in ("starting", "queued"):
            set_status(run, "stopped", "Ended by the user before its process began to work.")


def _kill(process: int) -> None:
    """Kill a process with all that it started, each with its group where that is its own."""
    for each in (process, *_descendants(process)):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.getpgid(each) == each and os.getsid(each) == each:
                os.killpg(each, signal.SIGKILL)
            else:
                os.kill(each, signal.SIGKILL)


def _descendants(process: int) -> list[int]:
    """Return the processes below one, as far as the system tells; all of them listed before any ends."""
    children: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            fields = status.read_text().rpartition(")")[2].split()
            children.setdefault(int(fields[1]), []).append(int(status.parent.name))
    found: list[int] = []
    waiting = [process]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def discard(run: Run) -> None:
    """Remove the folder of a run that could not be started."""
    shutil.rmtree(run.path, ignore_errors=True)
