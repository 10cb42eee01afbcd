"""One writer to a run at a time."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from graftwork.documents.files import storing
from graftwork.errors import RunError

__all__ = ["adopt_lock", "is_locked", "lock_for_child", "lock_run", "locked_by", "name_holder", "try_lock"]

LOCK_NAME = ".lock"
_TRIES, _BETWEEN_SECONDS = 5, 0.01

_adopted: dict[Path, int] = {}
"""Run folder → the lock's descriptor that the process which started this one handed over."""


def try_lock(file: IO[str]) -> bool:
    """Take the lock on an open file if nobody holds it, and say whether that went well."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EAGAIN):
            return False
        raise
    return True


@contextmanager
def lock_run(folder: Path) -> Iterator[None]:
    """Hold a run's folder as its only writer.

    The operating system drops the lock when the process ends in any way, so a killed process leaves
    none behind. A lock that was handed over to this process is held already.

    Raises:
        RunError: another process writes this run.
    """
    if folder.resolve() in _adopted:
        yield
        return
    with storing("The run", folder), _opened_lock(folder) as file:
        name_holder(file, os.getpid())
        yield


@contextmanager
def lock_for_child(folder: Path) -> Iterator[IO[str]]:
    """Take a run's lock for a process that is started inside the block and inherits the open file.

    The lock belongs to the open file, so it holds until the child ends, without a gap in between.

    Raises:
        RunError: another process writes this run.
    """
    with storing("The run", folder), _opened_lock(folder) as file:
        yield file


@contextmanager
def _opened_lock(folder: Path) -> Iterator[IO[str]]:
    with (folder / LOCK_NAME).open("a+") as file:
        if not _take(file):
            file.seek(0)
            raise RunError(
                f"The run {folder.name} is being written by process {file.read().strip() or 'unknown'}.",
                hint="Wait until it ends, or stop that process.",
                run=folder.name,
            )
        file.truncate(0)  # whoever held it before is nobody to be killed now
        yield file


def _take(file: IO[str]) -> bool:
    """Take a lock; somebody who only looks whether it is held may have it for an instant."""
    for _ in range(_TRIES):
        if try_lock(file):
            return True
        time.sleep(_BETWEEN_SECONDS)
    return False


def name_holder(file: IO[str], process: int) -> None:
    """Write down which process holds the lock."""
    file.truncate(0)
    file.write(str(process))
    file.flush()


def adopt_lock(folder: Path, descriptor: int) -> None:
    """Take over the lock that the process which started this one took for it; it is held to the end."""
    os.set_inheritable(descriptor, False)
    _adopted[folder.resolve()] = descriptor


def locked_by(folder: Path) -> int | None:
    """Return the id of the living process that writes the run in ``folder``, or None."""
    if not is_locked(folder):
        return None
    try:
        return int((folder / LOCK_NAME).read_text())
    except (OSError, ValueError):
        return None


def is_locked(folder: Path) -> bool:
    """Whether a living process writes the run in ``folder``."""
    try:
        with (folder / LOCK_NAME).open("r") as file:
            return not try_lock(file)
    except FileNotFoundError:
        return False
    except OSError:
        return False  # a folder that cannot be read has no writer that we could wait for
