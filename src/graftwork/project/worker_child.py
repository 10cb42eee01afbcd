"""The child's side of a worker: take tasks, do them in turn, send up events and outcomes."""

from __future__ import annotations

import contextlib
import faulthandler
import importlib
import os
import pickle
import queue
import signal
import sys
import threading
import traceback
from multiprocessing.connection import Connection
from typing import Any

from graftwork.errors import GraftworkError, RunError
from graftwork.project.watch_record import WatchRecord
from graftwork.project.worker_process import PROTOCOL

__all__ = ["portable", "serve"]


def serve(up: int, down: int, memory: int, trace: int) -> None:
    """Do tasks until the parent is gone.

    Args:
        up: pipe that events and outcomes are written to.
        down: pipe that tasks and the wish to stop are read from.
        memory: file of the watch record.
        trace: file that takes the lines where all threads are, at a crash or when the parent asks by SIGUSR1.
    """
    os.dup2(2, 1)  # what the user's code prints must not mix with the parent's JSON
    faulthandler.enable(file=trace)
    faulthandler.register(signal.SIGUSR1, file=trace, all_threads=True)
    orders = _Orders(Connection(down, writable=False))
    tasks = _Tasks(Connection(up, readable=False), orders, WatchRecord(memory))
    tasks.prepare()
    while True:
        number, task = orders.next()
        tasks.do(number, task)


class _Orders:
    """What the parent says, heard in a thread of its own, so that a wish to stop is heard during a task."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        _, sys.path[:], self.imports = self._receive()
        self.stopped = 0
        self._tasks: queue.SimpleQueue[tuple[int, bytes]] = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()

    def next(self) -> tuple[int, bytes]:
        """Wait for the next task and return its number and what it is."""
        return self._tasks.get()

    def _listen(self) -> None:
        while True:
            kind, number, content = self._receive()
            if kind == "stop":
                self.stopped = max(self.stopped, number)
            else:
                self._tasks.put((number, content))

    def _receive(self) -> Any:
        """Return the next word; a parent that is gone ends the child."""
        try:
            return pickle.loads(self._pipe.recv_bytes())
        except (EOFError, OSError):
            sys.stderr.flush()
            os._exit(1)


class _Tasks:
    """Does tasks and tells the parent."""

    def __init__(self, parent: Connection, orders: _Orders, record: WatchRecord) -> None:
        self._parent, self._orders, self._record = parent, orders, record
        self._fault: BaseException | None = None
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Import what tasks need; what stands against it is told by each task."""
        try:
            for name in self._orders.imports:
                importlib.import_module(name)
            from graftwork.components.custom.watch import listen_to_calls

            listen_to_calls(self._record.write)
        except BaseException as error:  # noqa: BLE001 the parent raises it
            self._fault = error

    def do(self, number: int, task: bytes) -> None:
        """Do one task and send its outcome."""
        try:
            if self._fault is not None:
                raise self._fault
            function, args = pickle.loads(task)
            self._send("ready", number, None)
            value = function(
                *args,
                on_event=lambda event: self._send("event", number, event),
                stop=lambda: self._orders.stopped >= number,
            )
            self._send("value", number, value)
        except BaseException as error:  # noqa: BLE001 the parent raises it
            self._send("error", number, portable(error))
        self._record.write(None, None)
        sys.stderr.flush()

    def _send(self, kind: str, number: int, content: Any) -> None:
        message = pickle.dumps((kind, number, pickle.dumps(content, PROTOCOL)), PROTOCOL)
        with self._lock, contextlib.suppress(BrokenPipeError):  # a parent that is gone is met by the orders
            self._parent.send_bytes(message)


def portable(error: BaseException) -> BaseException:
    """Return an error that the parent can read and raise, equal to ``error`` as far as that goes."""
    error.__traceback__, trace = None, "".join(traceback.format_exception(error))
    if isinstance(error, GraftworkError):
        error.fields = {n: v if _can_travel(v) else str(v) for n, v in error.fields.items()}
    if isinstance(error, KeyboardInterrupt):  # of the code: the user's own ctrl-C reaches the parent alone
        error = RunError("The work was ended by a KeyboardInterrupt.", hint="Look for one in the code.")
    is_known = type(error).__module__ in ("builtins", "graftwork.errors")
    if not (
        isinstance(error, Exception) and is_known and _can_travel(error)
    ):  # what code raised to exit is no exit
        error = RuntimeError(f"{type(error).__name__}: {error}")
    error.add_note(f"In the worker:\n{trace}")
    return error


def _can_travel(value: Any) -> bool:
    try:
        pickle.loads(pickle.dumps(value))
    except Exception:  # noqa: BLE001 whatever stands against it
        return False
    return True
