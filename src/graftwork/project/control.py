"""What the user wants of a run at work: a file in its folder that the run's process looks at."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path
from typing import Literal

from graftwork.documents.files import write_atomically

__all__ = ["Order", "OrderWatch", "ask", "asked", "clear"]

Order = Literal["stop", "pause"]

FILE = "control.json"
_LOOK_SECONDS = 0.2


def ask(folder: Path, order: Order) -> None:
    """Ask the process that writes the run in ``folder`` to stop or to pause; the last wish counts.

    Raises:
        StorageError: the folder cannot be written.
    """
    write_atomically(folder / FILE, json.dumps({"wanted": order, "time": time.time()}))


def asked(folder: Path) -> Order | None:
    """Return what is wanted of the run, or None; a file that does not read wants nothing."""
    try:
        wanted = json.loads((folder / FILE).read_text(encoding="utf-8"))["wanted"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return wanted if wanted in ("stop", "pause") else None


def clear(folder: Path) -> None:
    """Forget what was wanted."""
    with contextlib.suppress(OSError):
        (folder / FILE).unlink(missing_ok=True)


class OrderWatch:
    """Looks at the file now and then, so that it may be asked at each step.

    Args:
        folder: of the run.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._path = folder, folder / FILE
        self._next = 0.0
        self._stamp: tuple[int, int] | None = None
        self._order: Order | None = None

    def order(self) -> Order | None:
        """Return what is wanted, at most a fifth of a second old."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _LOOK_SECONDS
            self._look()
        return self._order

    def _look(self) -> None:
        try:
            found = self._path.stat()
        except OSError:
            self._stamp = self._order = None
            return
        stamp = (found.st_mtime_ns, found.st_ino)
        if stamp != self._stamp:
            self._stamp, self._order = stamp, asked(self._folder)

    def wants_stop(self) -> bool:
        """Whether the run is to stop and keep its best."""
        return self.order() == "stop"

    def wants_pause(self) -> bool:
        """Whether the run is to pause."""
        return self.order() == "pause"
