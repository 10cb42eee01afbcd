"""A child process that does tasks: how it is started, spoken with and ended.

The child is a fresh interpreter, so nothing of the caller's script is run again in it. Two pipes join
them: down go ``("begin", path, imports)``, then for each task ``("do", number, task)`` and the wish
``("stop", number)``; up come ``(kind, number, content)`` of the kinds ready, event, value and error, the content
pickled by itself, so that one that does not read is still known for what it is. A small file that both map says
which node's code runs and since when.
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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any

from graftwork.errors import RunError
from graftwork.project.watch_record import Call, WatchRecord

__all__ = ["PROTOCOL", "Child", "start_child"]

PROTOCOL = 5
"""Of pickles between the processes: large bytes pass in one piece."""
POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Child:
    """A running child and what joins us to it."""

    process: subprocess.Popen[bytes]
    up: Connection
    down: Connection
    record: WatchRecord
    files: tuple[IO[bytes], IO[bytes]]
    """The watch record's file, and the one that takes the lines where the threads are."""

    @property
    def is_alive(self) -> bool:
        """Whether the process still runs."""
        return self.process.poll() is None

    def do(self, number: int, function: Callable[..., Any], args: Sequence[Any]) -> None:
        """Hand the child the task ``number``: to call an importable function."""
        self._send(("do", number, pickle.dumps((function, tuple(args)), PROTOCOL)))

    def ask_to_stop(self, number: int) -> None:
        """Tell the child that nobody waits for the task ``number`` any more."""
        self._send(("stop", number, None))

    def is_talking(self) -> bool:
        """Wait a moment for a word of the child, or for its end."""
        return self.up.poll(POLL_SECONDS)

    def receive(self) -> tuple[str, int, bytes]:
        """Return what the child says: kind, number of the task, pickled content.

        Raises:
            EOFError: it is gone.
        """
        try:
            message: tuple[str, int, bytes] = pickle.loads(self.up.recv_bytes())
        except OSError as error:  # cut off in the middle of a word
            raise EOFError from error
        return message

    def kill(self) -> None:
        """End the child and all that it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def close(self) -> None:
        """End the child and let go of what joined us to it."""
        self.kill()
        self.up.close()
        self.down.close()
        self.record.close()
        for file in self.files:
            file.close()

    def death(self) -> RunError:
        """Return the error for a child that ended without an outcome."""
        call = self.record.read()
        try:
            code = self.process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:  # it let go of its pipe and lives on
            self.kill()
            code = self.process.wait()
        how = f"by signal {-code}" if code < 0 else f"with code {code}"
        line = self._traced_line(call) if call else None
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
            line = self._traced_line(call)
        return line

    def _send(self, message: Any) -> None:
        with contextlib.suppress(OSError):  # a child that is dead already is met at its other end
            self.down.send_bytes(pickle.dumps(message, PROTOCOL))

    def _traced_line(self, call: Call) -> int | None:
        """Return the line of the call's code that the child wrote down."""
        told = os.pread(self.files[1].fileno(), 2**16, 0)  # the child writes at the file's own position
        for text in told.decode(errors="replace").splitlines():
            file, found, rest = text.partition('", line ')
            if found and file.strip() == f'File "{call.file}':
                return int(rest.split()[0])
        return None


def start_child(imports: Sequence[str] = ()) -> Child:
    """Start a child and return at once; it is the caller's to close.

    Args:
        imports: modules that the child imports first, before its memory counts.
    """
    up_read, up_write = os.pipe()
    down_read, down_write = os.pipe()
    memory, trace = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115  the child keeps them
    record = WatchRecord(memory.fileno())
    up, down = Connection(up_read, writable=False), Connection(down_write, readable=False)
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
    except BaseException:
        for end in (up, down, record, memory, trace):
            end.close()
        raise
    finally:
        os.close(up_write)
        os.close(down_read)
    child = Child(process, up, down, record, (memory, trace))
    child._send(("begin", list(sys.path), tuple(imports)))
    return child


def _warning_options() -> list[str]:
    """Keep the child's libraries as quiet as those here."""
    return ["-Wignore"] if any(f[0] == "ignore" and f[2] is Warning for f in warnings.filters[:1]) else []


def _environment() -> dict[str, str]:
    """Return an environment in which the child finds this very package."""
    home = str(Path(__file__).parents[2])
    known = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys([home, *known]))}
