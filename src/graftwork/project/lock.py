"""One writer to a run at a time."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from graftwork.documents.files import storing
from graftwork.errors import RunError

__all__ = ["is_locked", "lock_run"]

LOCK_NAME = ".lock"


def _try_lock(file: IO[str]) -> bool:
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
    none behind.

    Raises:
        RunError: another process writes this run.
    """
    with storing("The run", folder), (folder / LOCK_NAME).open("a+") as file:
        if not _try_lock(file):
            file.seek(0)
            raise RunError(
                f"The run {folder.name} is being written by process {file.read().strip() or 'unknown'}.",
                hint="Wait until it ends, or stop that process.",
                run=folder.name,
            )
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def is_locked(folder: Path) -> bool:
    """Whether a living process writes the run in ``folder``."""
    try:
        with (folder / LOCK_NAME).open("r") as file:
            return not _try_lock(file)
    except FileNotFoundError:
        return False
    except OSError:
        return False  # a folder that cannot be read has no writer that we could wait for
