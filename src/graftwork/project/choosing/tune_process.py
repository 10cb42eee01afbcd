"""What the process of a search does; started by ``start_search``, never by hand."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from graftwork.documents.tuning import SearchState
from graftwork.errors import GraftworkError, RunInterrupted
from graftwork.project.background import holding, quiet_warnings
from graftwork.project.choosing.tune import run_search
from graftwork.project.choosing.tune_opening import folder_of, take_up
from graftwork.project.choosing.tune_steering import read_state, write_state
from graftwork.project.control import OrderWatch
from graftwork.project.project import Project
from graftwork.project.queue import turn_between_runs

__all__ = ["main"]


def main(arguments: Sequence[str]) -> int:
    """Do a search, or go on with it, and return the exit code.

    Args:
        arguments: root of the project, id of the search, number of the open file that holds the search's lock.
    """
    root, search_id, descriptor = arguments
    quiet_warnings()
    project = Project(root, create=False, on_note=lambda _text: None)
    folder = folder_of(project, search_id)
    with holding(folder, int(descriptor)):
        return _Searching(project, folder).work()


class _Searching:
    """One sitting of a search, told to its folder."""

    def __init__(self, project: Project, folder: Path) -> None:
        self.project, self.folder = project, folder
        self.state = read_state(folder)
        self.orders = OrderWatch(folder)

    def work(self) -> int:
        """Search; what ends it is written down."""
        try:
            opened = take_up(self.project, self.folder.name)
            search = run_search(
                self.project, opened, told=self.tell, stop=self.orders.wants_stop, turn=self.turn
            )
        except RunInterrupted as error:
            self._end("stopped", error.message)
            return 0
        except GraftworkError as error:
            self._end("failed", " ".join(filter(None, [error.message, error.hint])))
            return error.exit_code
        except Exception as error:
            self._end("failed", f"{type(error).__name__}: {error}")
            raise
        self.tell(
            self.state.edit(
                status="finished", message=None, search=search, share=1.0, at="", seconds_left=0.0
            )
        )
        return 0

    def tell(self, state: SearchState) -> None:
        """Write the state."""
        self.state = state
        write_state(self.folder, state)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until no run of the project trains or waits, then train one round."""
        with turn_between_runs(
            self.project.folder_of_runs,
            on_wait=lambda: self.tell(self.state.edit(status="waiting", at="", seconds_left=None)),
            stop=self.orders.wants_stop,
        ):
            yield

    def _end(self, status: str, message: str) -> None:
        self.tell(self.state.edit(status=status, message=message, at="", seconds_left=None))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
