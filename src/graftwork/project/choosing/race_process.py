"""What the process of a race does; started by ``start_race``, never by hand."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from graftwork.documents.race import Race, RaceState
from graftwork.errors import GraftworkError, RunInterrupted
from graftwork.project.background import holding, quiet_warnings
from graftwork.project.choosing.race_board import Told
from graftwork.project.choosing.race_running import run_race
from graftwork.project.choosing.race_steering import RACES, race_state, work
from graftwork.project.control import OrderWatch
from graftwork.project.project import Project
from graftwork.project.queue import turn_between_runs

__all__ = ["main"]


def main(arguments: Sequence[str]) -> int:
    """Run a race, or go on with it, and return the exit code.

    Args:
        arguments: root of the project, id of the race, number of the open file that holds the race's lock.
    """
    root, name, descriptor = arguments
    quiet_warnings()
    project = Project(root, create=False, on_note=lambda _text: None)
    folder = project.root / RACES / name
    with holding(folder, int(descriptor)):
        try:
            work(folder, _Sitting(project, folder).race)
        except RunInterrupted:
            return 0
        except GraftworkError as error:
            return error.exit_code
    return 0


class _Sitting:
    """One sitting of a race that takes turns with the runs of its project."""

    def __init__(self, project: Project, folder: Path) -> None:
        self.project, self.folder = project, folder
        self.orders = OrderWatch(folder)
        self.state: RaceState = race_state(project, folder.name)
        self._tell: Told = lambda _state: None

    def race(self, tell: Told) -> Race:
        """Run the race; each state is told."""

        def told(state: RaceState) -> None:
            self.state = state
            tell(state)

        self._tell = tell
        return run_race(
            self.project, self.folder, self.state, told=told, stop=self.orders.wants_stop, turn=self.turn
        )

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until no run of the project trains or waits, then do one stretch of work."""
        with turn_between_runs(
            self.project.folder_of_runs,
            on_wait=lambda: self._tell(self.state.edit(status="waiting", at="", seconds_left=None)),
            stop=self.orders.wants_stop,
        ):
            yield


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
