"""What long work in a process of its own shares: learning curves, races and searches, each with a folder that says how far it is.

One process holds the folder by its lock and writes a state there; everybody else reads it.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

from graftwork.errors import RunError, StorageError
from graftwork.project.launch import LOG
from graftwork.project.lock import adopt_lock, is_locked

__all__ = ["busy_in_words", "holding", "last_words", "let_go", "quiet_warnings"]

_GONE_SECONDS, _LOOK_SECONDS = 10.0, 0.05


def let_go(folder: Path, is_at_work: Callable[[], bool]) -> None:
    """Wait a moment for a process that said its last word and is not gone yet.

    Args:
        folder: that it holds.
        is_at_work: whether its state says that it works.
    """
    deadline = time.monotonic() + _GONE_SECONDS
    while is_locked(folder) and not is_at_work() and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)


@contextlib.contextmanager
def busy_in_words(folder: Path, message: str, hint: str, **fields: str) -> Iterator[None]:
    """Say what is at work already, where the lock of a folder speaks of a run.

    Raises:
        RunError: another process holds the folder.
    """
    try:
        yield
    except StorageError:
        raise
    except RunError as error:
        if error.fields.get("run") != folder.name:
            raise
        raise RunError(message, hint=hint, **fields) from error


def last_words(folder: Path) -> str | None:
    """Return the last line that a process wrote before it ended, in a sentence."""
    log = folder / LOG
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.is_file() else []
    said = [line.strip() for line in lines if line.strip()]
    return f"Its process ended: {said[-1]}" if said else None


@contextlib.contextmanager
def holding(folder: Path, descriptor: int) -> Iterator[None]:
    """Hold a folder whose lock was handed over as an open file; its log begins anew.

    The lock is let go at the end and not when the interpreter has left, which takes a while.
    """
    adopt_lock(folder, descriptor)
    (folder / LOG).write_text("", encoding="utf-8")
    try:
        yield
    finally:
        os.close(descriptor)


def quiet_warnings() -> None:
    """Keep quiet what libraries tell programmers: it is no news to users."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
