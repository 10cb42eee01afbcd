"""What the process that measures a learning curve does; started by ``start_curve``, never by hand."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from graftwork.documents.learning_curve import CurveChoices, CurveState
from graftwork.errors import GraftworkError, RunInterrupted
from graftwork.project.background import holding, quiet_warnings
from graftwork.project.control import OrderWatch
from graftwork.project.looks.curve_runs import CURVE
from graftwork.project.looks.curve_steering import read_state, write_state
from graftwork.project.looks.inspection import Inspection
from graftwork.project.looks.learning_curve import measure_curve
from graftwork.project.project import Project
from graftwork.project.queue import turn_between_runs
from graftwork.project.run import Run

__all__ = ["main"]


def main(arguments: Sequence[str]) -> int:
    """Measure a curve, or go on with it, and return the exit code.

    Args:
        arguments: root of the project, id of the run, number of the open file that holds the curve's lock.
    """
    root, run_id, descriptor = arguments
    quiet_warnings()
    project = Project(root, create=False, on_note=lambda _text: None)
    run = project.find(run_id)
    with holding(run.path / CURVE, int(descriptor)):
        return _Measuring(project, run).work()


class _Measuring:
    """One sitting of a curve, told to its folder."""

    def __init__(self, project: Project, run: Run) -> None:
        self.project, self.run = project, run
        self.state = read_state(run)
        self.orders = OrderWatch(run.path / CURVE)

    def work(self) -> int:
        """Measure; what ends it is written down."""
        choices = self.state.choices or CurveChoices()
        look = Inspection(self.project, self.run, tell=lambda _: None, stop=self.orders.wants_stop)
        try:
            curve = measure_curve(look, choices, told=self.tell, turn=self.turn)
        except RunInterrupted as error:
            self._end("stopped", error.message)
            return 0
        except GraftworkError as error:
            self._end("failed", " ".join(filter(None, [error.message, error.hint])))
            return error.exit_code
        except Exception as error:
            self._end("failed", f"{type(error).__name__}: {error}")
            raise
        self.tell(self.state.edit(status="finished", curve=curve, share=1.0, at="", seconds_left=0.0))
        return 0

    def tell(self, state: CurveState) -> None:
        """Write the state; a curve that was known before stays until there is a newer one."""
        self.state = state if state.curve is not None else state.edit(curve=self.state.curve)
        write_state(self.run, self.state)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until no run of the project trains or waits, then train one run."""
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
