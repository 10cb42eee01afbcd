"""What the process of a detached run does; started by ``launch``, never by hand."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence

from graftwork.errors import GraftworkError
from graftwork.project.control import clear
from graftwork.project.launch import set_status
from graftwork.project.lock import adopt_lock
from graftwork.project.project import Project
from graftwork.project.queue import PLACE, leave_place, wait_for_turn
from graftwork.project.run import Run

__all__ = ["main"]


def main(arguments: Sequence[str]) -> int:
    """Do a run, or go on with it, and return the exit code.

    Args:
        arguments: root of the project, id of the run, number of the open file that holds the run's lock.
    """
    root, run_id, descriptor = arguments
    if not sys.warnoptions:  # what libraries tell programmers is no news to users
        warnings.simplefilter("ignore")
    project = Project(root, create=False, on_note=print)
    run = Run(project.folder_of_runs / run_id)
    adopt_lock(run.path, int(descriptor))
    if (run.path / PLACE).exists() and not _has_turn(run):
        return 0
    try:
        project.carry_out(run)
    except GraftworkError as error:  # the record says so too
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def _has_turn(run: Run) -> bool:
    """Wait until the run may train; if the user ends it before, say so in its record."""
    turn = wait_for_turn(run.path, on_wait=lambda: set_status(run, "queued", None))
    if not isinstance(turn, str):
        _kept.append(turn)
        return True
    leave_place(run.path)
    if turn == "stop":
        set_status(run, "stopped", "Stopped by the user while it waited for its turn.")
    else:
        set_status(run, "paused", "Paused by the user while it waited for its turn.")
    clear(run.path)
    return False


_kept: list[object] = []
"""The training lock: open until the process ends."""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
