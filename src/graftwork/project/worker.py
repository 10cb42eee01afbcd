"""Run a function in a process of its own, and end that process when the user's code takes too much.

The child is a fresh interpreter, so nothing of the caller's script is run again in it. Two pipes join
them: down go the task and the wish to stop, up come events and the outcome. A small file that both map
says which node's code runs and since when.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from graftwork.errors import CustomCodeError, RunError, RunInterrupted
from graftwork.project.watch_record import Call, WatchRecord
from graftwork.project.worker_memory import held_megabytes

__all__ = ["run_in_worker"]

POLL_SECONDS = 0.05
STOP_GRACE_SECONDS = 10.0


def run_in_worker(
    function: Callable[..., Any],
    args: Sequence[Any] = (),
    *,
    imports: Sequence[str] = (),
    time_limit: float | None = None,
    memory_limit: float | None = None,
    on_event: Callable[[Any], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Any:
    """Call ``function(*args, on_event=…, stop=…)`` in a child process and return what it returns.

    Args:
        function: importable by name from a fresh interpreter; gets ``on_event``, which sends a value up, and
            ``stop``, which says whether the caller asked to stop.
        args: values that can be pickled.
        imports: modules that the child imports before its memory counts.
        time_limit: seconds that one call of a node's code may take, where the node has no limit of its own.
        memory_limit: MB that the child may hold beyond what it held when ``function`` was called.
        on_event: called here with each value that the child sends.
        stop: asked here, often.

    Raises:
        CustomCodeError: a call took too long; the node is named, and the line where it was.
        RunError: too much memory, or the child died.
        RunInterrupted: the caller asked to stop and the user's code did not come back.
        GraftworkError: what the function raised, as it was.
    """
    with _child() as child:
        child.send((pickle.dumps((function, tuple(args))), list(sys.path), tuple(imports)))
        guard = _Guard(child, time_limit, memory_limit, stop)
        while True:
            if child.is_talking():
                try:
                    kind, content = child.receive()
                except EOFError:
                    raise child.death() from None
                if kind == "event" and on_event is not None:
                    on_event(content)
                elif kind == "ready":
                    guard.start()
                elif kind == "value":
                    return content
                elif kind == "error":
                    raise content
            guard.check()


@dataclass(frozen=True)
class _Child:
    """A running child and the ends of what joins us to it."""

    process: subprocess.Popen[bytes]
    up: Connection
    down: Connection
    record: WatchRecord
    trace: Any

    def send(self, message: Any) -> None:
        with contextlib.suppress(OSError):  # a child that is dead already is met at its other end
            self.down.send(message)

    def is_talking(self) -> bool:
        return self.up.poll(POLL_SECONDS)

    def receive(self) -> tuple[str, Any]:
        message: tuple[str, Any] = self.up.recv()
        return message

    def kill(self) -> None:
        """End the child and all that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def death(self) -> RunError:
        """Return the error for a child that ended without an outcome."""
        call = self.record.read()
        code = self.process.wait()
        how = f"by signal {-code}" if code < 0 else f"with code {code}"
        line = self.traced_line(call) if call else None
        where = f" while the code of node '{call.node}' ran" if call else ""
        where += f", in line {line}" if line else ""
        return RunError(
            f"The worker ended {how}{where}.",
            hint="The system may have ended it for its memory, or its code crashed; the project is unharmed.",
            node=call.node if call else None,
            line=line,
        )

    def line(self) -> int | None:
        """Ask the child where its threads are, and return the line of the user's code among them."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGUSR1)
        call = self.record.read()
        deadline = time.monotonic() + 0.5
        line = None
        while call and line is None and time.monotonic() < deadline:
            time.sleep(0.02)
            line = self.traced_line(call)
        return line

    def traced_line(self, call: Call) -> int | None:
        """Return the line of the call's code that the child wrote down."""
        told = os.pread(self.trace.fileno(), 2**16, 0)  # the child writes at the file's own position
        for text in told.decode(errors="replace").splitlines():
            file, found, rest = text.partition('", line ')
            if found and file.strip() == f'File "{call.file}':
                return int(rest.split()[0])
        return None


class _Guard:
    """Sees to the limits of a child.

    Args:
        child: whom.
        time_limit: seconds of one call, where the node sets none.
        memory_limit: MB beyond the start.
        stop: whether the caller wants the end.
    """

    def __init__(
        self,
        child: _Child,
        time_limit: float | None,
        memory_limit: float | None,
        stop: Callable[[], bool] | None,
    ) -> None:
        self.child, self.time_limit, self.memory_limit, self.stop = child, time_limit, memory_limit, stop
        self.at_start: float | None = None
        self.asked: float | None = None

    def start(self) -> None:
        """Take what the child holds now as its start."""
        self.at_start = held_megabytes(self.child.process.pid)

    def check(self) -> None:
        """Raise, with the child ended, when it has gone too far."""
        if self.asked is None and self.stop is not None and self.stop():
            self.asked = time.monotonic()
            self.child.send("stop")
        call = self.child.record.read()
        if call is not None:
            self._check_time(call)
        self._check_memory(call)

    def _check_time(self, call: Call) -> None:
        limit = call.time_limit if call.time_limit is not None else self.time_limit
        now = time.monotonic()
        if self.asked is not None and now - max(self.asked, call.since) > STOP_GRACE_SECONDS:
            self.child.kill()
            raise RunInterrupted(
                f"Stopped by the user; the code of node '{call.node}' did not come back and was ended.",
                node=call.node,
            )
        if limit is not None and now - call.since > limit:
            line = self.child.line()
            self.child.kill()
            where = f" It was in line {line}." if line else ""
            raise CustomCodeError(
                f"The code of node '{call.node}' took longer than {limit:g} seconds and was ended.{where}",
                hint="Look for a loop that has no end, or raise the node's time_limit.",
                node=call.node,
                line=line,
                time_limit=limit,
            )

    def _check_memory(self, call: Call | None) -> None:
        if self.memory_limit is None or self.at_start is None:
            return
        held = held_megabytes(self.child.process.pid)
        if held is None or held - self.at_start <= self.memory_limit:
            return
        line = self.child.line() if call else None
        self.child.kill()
        who = f"The code of node '{call.node}'" if call else "The worker"
        where = f" It was in line {line}." if line else ""
        raise RunError(
            f"{who} took more than {self.memory_limit:g} MB of memory and was ended.{where}",
            hint="Look for a list that grows without end, take a smaller batch, or raise memory_limit.",
            node=call.node if call else None,
            line=line,
            memory_limit=self.memory_limit,
        )


@contextlib.contextmanager
def _child() -> Iterator[_Child]:
    """Start a child; at the end of the block it is gone, whatever happened."""
    up_read, up_write = os.pipe()
    down_read, down_write = os.pipe()
    with tempfile.TemporaryFile() as memory, tempfile.TemporaryFile() as trace:
        record = WatchRecord(memory.fileno())
        passed = (up_write, down_read, memory.fileno(), trace.fileno())
        code = f"from graftwork.project.worker_child import serve; serve{passed}"
        try:
            process = subprocess.Popen(
                [sys.executable, *_warning_options(), "-c", code],
                stdin=subprocess.DEVNULL,
                pass_fds=passed,
                start_new_session=True,  # ctrl-C reaches the parent alone, which hands it on
                env=_environment(),
            )
        finally:
            os.close(up_write)
            os.close(down_read)
        with Connection(up_read, writable=False) as up, Connection(down_write, readable=False) as down:
            child = _Child(process, up, down, record, trace)
            try:
                yield child
            finally:
                child.kill()
                record.close()


def _warning_options() -> list[str]:
    """Keep the child's libraries as quiet as those here."""
    return ["-Wignore"] if any(f[0] == "ignore" and f[2] is Warning for f in warnings.filters[:1]) else []


def _environment() -> dict[str, str]:
    """Return an environment in which the child finds this very package."""
    home = str(Path(__file__).parents[2])
    known = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys([home, *known]))}
