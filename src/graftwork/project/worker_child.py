"""The child's side of a worker: take a task, do it, send up events and the outcome."""

from __future__ import annotations

import contextlib
import faulthandler
import importlib
import os
import pickle
import signal
import sys
import threading
import traceback
from multiprocessing.connection import Connection
from typing import Any

from graftwork.errors import GraftworkError
from graftwork.project.watch_record import WatchRecord

__all__ = ["portable", "serve"]


def serve(up: int, down: int, memory: int, trace: int) -> None:
    """Do one task and end the process.

    Args:
        up: pipe that events and the outcome are written to.
        down: pipe that the task and the wish to stop are read from.
        memory: file of the watch record.
        trace: file that takes the lines where all threads are, at a crash or when the parent asks by SIGUSR1.
    """
    os.dup2(2, 1)  # what the user's code prints must not mix with the parent's JSON
    faulthandler.enable(file=trace)
    faulthandler.register(signal.SIGUSR1, file=trace, all_threads=True)
    parent, orders = Connection(up, readable=False), Connection(down, writable=False)
    task, path, imports = orders.recv()
    sys.path[:] = path
    asked = threading.Event()
    threading.Thread(target=_listen, args=(orders, asked), daemon=True).start()
    record = WatchRecord(memory)
    lock = threading.Lock()

    def send(kind: str, content: Any) -> None:
        with lock:
            parent.send((kind, content))

    try:
        for name in imports:
            importlib.import_module(name)
        function, args = pickle.loads(task)
        _listen_to_calls(record)
        send("ready", None)
        value = function(*args, on_event=lambda event: send("event", event), stop=asked.is_set)
        send("value", value)
    except BaseException as error:  # noqa: BLE001 the parent raises it
        with contextlib.suppress(OSError):
            send("error", portable(error))
    parent.close()
    sys.stderr.flush()
    os._exit(0)


def _listen_to_calls(record: WatchRecord) -> None:
    from graftwork.components.custom.watch import listen_to_calls

    listen_to_calls(record.write)


def _listen(orders: Connection, asked: threading.Event) -> None:
    """Wait for the wish to stop; a parent that is gone ends the child."""
    while True:
        try:
            orders.recv()
        except (EOFError, OSError):
            os._exit(1)
        asked.set()


def portable(error: BaseException) -> BaseException:
    """Return an error that the parent can read and raise, equal to ``error`` as far as that goes."""
    error.__traceback__, trace = None, "".join(traceback.format_exception(error))
    if isinstance(error, GraftworkError):
        error.fields = {n: v if _can_travel(v) else str(v) for n, v in error.fields.items()}
    is_known = type(error).__module__ in ("builtins", "graftwork.errors")
    if not (is_known and _can_travel(error)):
        error = RuntimeError(f"{type(error).__name__}: {error}")
    error.add_note(f"In the worker:\n{trace}")
    return error


def _can_travel(value: Any) -> bool:
    try:
        pickle.loads(pickle.dumps(value))
    except Exception:  # noqa: BLE001 whatever stands against it
        return False
    return True
