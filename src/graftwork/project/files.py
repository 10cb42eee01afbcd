"""How a project writes: whole files or none, one writer to a run, storage errors in plain words."""

from __future__ import annotations

import errno
import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from graftwork.errors import RunError, StorageError

__all__ = ["is_locked", "lock_run", "storing", "write_atomically"]

LOCK_NAME = ".lock"

_REASONS = {
    errno.ENOSPC: ("there is no space left", "Free space there, or name another folder with --project."),
    errno.EDQUOT: ("the disk quota is used up", "Free space there, or name another folder with --project."),
    errno.EROFS: ("the disk is read-only", "Name a folder that can be written with --project."),
    errno.EACCES: ("writing is not permitted", "Name a folder that can be written with --project."),
    errno.EPERM: ("writing is not permitted", "Name a folder that can be written with --project."),
    errno.ENOTDIR: ("a part of that path is a file", "Name another folder with --project."),
    errno.EEXIST: ("a file of that name is in the way", "Name another folder with --project."),
}


@contextmanager
def storing(what: str, path: Path) -> Iterator[None]:
    """Turn a full disk, a read-only disk and missing rights into a ``StorageError``.

    Args:
        what: what is being written, as the subject of the sentence.
        path: where to.

    Raises:
        StorageError: the operating system refused for a reason that the user can do something about.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _REASONS:
            raise
        reason, hint = _REASONS[error.errno]
        raise StorageError(
            f"{what} cannot be written to {path}: {reason}.", hint=hint, path=str(path)
        ) from error


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write ``content`` to ``path`` so that a reader sees the old file or the new one, never a part."""
    data = content.encode("utf-8") if isinstance(content, str) else content
    with storing(f"The file {path.name}", path.parent):
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


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
