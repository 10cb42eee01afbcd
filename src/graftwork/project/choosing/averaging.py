"""What mixing and soups share: parents that can be averaged, and the new run that is written."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from graftwork.documents.events import Event
from graftwork.documents.files import storing
from graftwork.documents.flow import Flow
from graftwork.errors import RunError
from graftwork.graph.check import checked
from graftwork.project.execute import EventLog, OnEvent
from graftwork.project.lock import lock_run
from graftwork.project.run import Run
from graftwork.project.steering import make_run
from graftwork.project.trust import require_trust

if TYPE_CHECKING:
    from torch import Tensor

    from graftwork.engine.start_again import StartAgain
    from graftwork.project.project import Project

__all__ = ["begin_again", "begin_tuning", "never", "weights_of", "write_run"]

Stop = Callable[[], bool]


def never() -> bool:
    """The wish to stop that never comes."""
    return False


def weights_of(run: Run) -> dict[str, Tensor]:
    """Return the weights of a run.

    Raises:
        RunError: it has none.
    """
    from safetensors.torch import load_file

    path = run.path / "weights.safetensors"
    if not path.is_file():
        raise RunError(
            f"The run {run.id} is {run.status} and has no trained weights.",
            hint=f"Finish it with graftwork runs resume {run.id}.",
            run=run.id,
        )
    return load_file(path)


def begin_tuning(project: Project, run: Run, stop: Stop) -> StartAgain:
    """Return a run as its first phase began, for weights of its own that go on; nothing is trained again.

    Raises:
        RunError: its images changed.
        NotTrusted: it has custom code from a folder that the user does not trust.
    """
    return begin_again(project, run, stop, phase=run.plan.phases[0].name)


def begin_again(project: Project, run: Run, stop: Stop, *, phase: str = "main") -> StartAgain:
    """Return a run as its main phase, or another one, began.

    Raises:
        RunError: its images changed.
        NotTrusted: it has custom code from a folder that the user does not trust.
    """
    from graftwork.engine.start_again import StartAgain

    require_trust(checked(run.flow), project.root)
    made = StartAgain(run.flow, run.plan, project.workspace, stop=stop, phase=phase)
    data = run.record.data
    if data is not None and data.digest != made.images.digest():
        raise RunError(
            f"The images of {made.images.source} changed since run {run.id} was trained.",
            hint="Put them back as they were, or train again.",
            run=run.id,
        )
    return made


def write_run(
    project: Project, flow: Flow, events: Callable[[Run], Iterator[Event]], on_event: OnEvent | None
) -> Run:
    """Make a run of the project from what the engine writes; one that fails leaves nothing behind.

    Args:
        project: gets the run.
        flow: of the new run, under its name.
        events: writes into the run's folder and yields what happened.
        on_event: called with each event.
    """
    run = make_run(project.folder_of_runs, flow)
    try:
        with lock_run(run.path), storing("The run", run.path):
            log = EventLog(run.path / "events.jsonl")
            with contextlib.closing(log):
                for event in events(run):
                    log.append(event)
                    if on_event is not None:
                        on_event(event)
    except BaseException:
        shutil.rmtree(run.path, ignore_errors=True)
        project.rows()
        raise
    project.write_report(run)
    project.rows()
    return run
