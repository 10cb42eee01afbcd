"""The status of each run, asked for often by all pages at once: read anew only where something changed."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from graftwork.errors import RunError
from graftwork.project.launch import settle
from graftwork.project.run import Run

if TYPE_CHECKING:
    from graftwork.project.project import Project

__all__ = ["RunStatuses"]

_FRESH_SECONDS = 0.3
_LIVING = ("starting", "queued", "running")


class RunStatuses:
    """The statuses of a project's runs.

    Args:
        project: whose runs.
    """

    def __init__(self, project: Project) -> None:
        self._project, self._lock = project, Lock()
        self._stamps: dict[str, int] | None = None
        self._found: dict[str, str] = {}
        self._next = 0.0

    def now(self) -> dict[str, str]:
        """Return the status of each run by its id, at most a third of a second old."""
        with self._lock:
            if time.monotonic() >= self._next:
                self._look()
                self._next = time.monotonic() + _FRESH_SECONDS
            return dict(self._found)

    def _look(self) -> None:
        stamps = _stamps(self._project.folder_of_runs)
        if stamps != self._stamps:
            self._found = {row["id"]: row["status"] for row in self._project.rows()}
            self._stamps = stamps
            return
        for run_id, status in self._found.items():
            if status in _LIVING:  # it may have died, which changes no file
                self._found[run_id] = self._status(run_id, status)

    def _status(self, run_id: str, known: str) -> str:
        run = Run(self._project.folder_of_runs / run_id)
        with contextlib.suppress(RunError):
            settle(run)
            return run.status
        return known


def _stamps(runs: Path) -> dict[str, int]:
    """Return what changes with a run's record, for each run."""
    found = {}
    with contextlib.suppress(OSError), os.scandir(runs) as entries:
        for entry in entries:
            try:
                found[entry.name] = os.stat(f"{entry.path}/record.json").st_mtime_ns
            except OSError:
                if entry.is_dir():
                    found[entry.name] = 0
    return found
