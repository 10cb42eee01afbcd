"""One detached run of a project trains at a time; the others wait in the order in which they were started."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from graftwork.documents.files import write_atomically
from graftwork.project.control import Order, OrderWatch
from graftwork.project.lock import is_locked, try_lock

__all__ = ["leave_place", "take_place", "turn_between_runs", "wait_for_turn"]

PLACE = ".place"
LOCK = ".training.lock"
_LOOK_SECONDS = 0.1


def take_place(folder: Path) -> None:
    """Put the run in ``folder`` at the end of the line."""
    write_atomically(folder / PLACE, str(time.time_ns()))


def leave_place(folder: Path) -> None:
    """Take the run in ``folder`` out of the line."""
    with contextlib.suppress(OSError):
        (folder / PLACE).unlink(missing_ok=True)


def wait_for_turn(folder: Path, *, on_wait: Callable[[], object]) -> IO[str] | Order:
    """Wait until the run in ``folder`` may train.

    Args:
        folder: of a run that took a place in the line; this process holds its lock.
        on_wait: called once if there is something to wait for.

    Returns:
        An open file that holds the project's training lock until this process ends, or what the user
        ordered meanwhile.
    """
    orders, is_waiting = OrderWatch(folder), False
    lock = (folder.parent / LOCK).open("a+")
    while True:
        if (order := orders.order()) is not None:
            lock.close()
            return order
        if _is_first(folder) and try_lock(lock):
            leave_place(folder)
            return lock
        if not is_waiting:
            is_waiting = True
            on_wait()
        time.sleep(_LOOK_SECONDS)


@contextlib.contextmanager
def turn_between_runs(
    runs: Path, *, on_wait: Callable[[], object], stop: Callable[[], bool]
) -> Iterator[None]:
    """Hold the project's training lock in the block, after all runs that wait for it.

    Args:
        runs: folder of the project's runs.
        on_wait: called once if there is something to wait for.
        stop: ends the waiting; the block is then entered without the lock, and should do nothing.
    """
    is_waiting = False
    with (runs / LOCK).open("a+") as lock:  # closing it lets go of the lock
        while not stop():
            if not _anybody_waits(runs) and try_lock(lock):
                break
            if not is_waiting:
                is_waiting = True
                on_wait()
            time.sleep(_LOOK_SECONDS)
        yield


def _anybody_waits(runs: Path) -> bool:
    return any(is_locked(path.parent) for path in runs.glob(f"*/{PLACE}"))


def _is_first(folder: Path) -> bool:
    """Whether no living run waits that took its place earlier."""
    places: dict[str, tuple[int, str]] = {}
    for path in folder.parent.glob(f"*/{PLACE}"):
        with contextlib.suppress(OSError, ValueError):
            places[path.parent.name] = (int(path.read_text()), path.parent.name)
    mine = places.get(folder.name)
    if mine is None:
        return True
    return not any(p < mine and is_locked(folder.parent / name) for name, p in places.items())
