"""Measure how a run's task learns from growing shares of its labels, with transfer and from scratch."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from graftwork.documents.events import Event, EventLine
from graftwork.documents.learning_curve import CurveChoices, CurveEstimate, CurveState, LearningCurve
from graftwork.errors import GraftworkError, RunError, RunInterrupted, StorageError
from graftwork.project.execute import execute
from graftwork.project.looks.curve_estimate import estimate_curve, seconds_of
from graftwork.project.looks.curve_result import curve_of, split_of
from graftwork.project.looks.curve_runs import Point, done_run, points_of, ready, tidy
from graftwork.project.looks.inspection import Inspection
from graftwork.project.progress import RunProgress
from graftwork.project.run import Run

if TYPE_CHECKING:
    from graftwork.documents.flow import Flow
    from graftwork.project.bench_state import BenchState

__all__ = ["curve_task", "measure_curve", "subject_of"]

Told = Callable[[CurveState], object]
Turn = Callable[[], AbstractContextManager[object]]

_TELL_SECONDS = 0.5
_ENOUGH_SECONDS = 5.0
"""How long a sitting must have gone on before its own pace is believed more than the estimate."""


def curve_task(state: BenchState, subject: Flow | str, choices: CurveChoices) -> CurveEstimate:
    """Return what measuring a run's learning curve would take; a task of the bench.

    Raises:
        RunError, UsageError, DataError: what stands in the way of measuring it.
    """
    look = state.inspection(subject)
    return estimate_curve(look, subject_of(look), choices)


def subject_of(look: Inspection) -> Run:
    """Return the run that is looked into, fit for a learning curve.

    Raises:
        RunError: a flow that was not trained, a run without scores, or one whose images changed.
        DataError: its images are not there any more.
    """
    run = look.run
    if run is None:
        raise RunError(
            f"The flow '{look.flow.name}' was not trained; a learning curve starts from a run.",
            hint="Train it with graftwork train --flow FILE, then name the run.",
        )
    split_of(run)
    data = run.record.data
    if data is not None and look.images.digest() != data.digest:
        raise RunError(
            f"The images of {data.source} changed since the run {run.id}: its points would not compare.",
            hint="Put them back as they were, or train a new run and ask about that one.",
            run=run.id,
        )
    return run


def measure_curve(
    look: Inspection, choices: CurveChoices, *, told: Told | None = None, turn: Turn = nullcontext
) -> LearningCurve:
    """Train what a learning curve needs and is not there yet, and return the curve.

    Each point is a run of its own below the run's folder: what was trained before is not trained again, and a
    point that was stopped or killed goes on where it was. A run that fails becomes a note of the curve.

    Args:
        look: into a run; its ``stop`` ends the work, and what was measured stays.
        choices: what is to be measured.
        told: called with the state, twice a second and after each point.
        turn: entered around each run, so that others may train in between.

    Raises:
        RunError: no trained run, no scores, or images that changed.
        RunInterrupted: ``stop`` said so.
        GraftworkError: every run failed; the first one's error.
    """
    run = subject_of(look)
    points = points_of(run, choices)
    progress = _Progress(look, run, choices, seconds_of(look, points), told)
    faults: list[str] = []
    first: GraftworkError | None = None
    for point in points:
        if done_run(look.project, run, point) is None:
            look.check_stop()
            with turn():
                look.check_stop()
                progress.begin(point)
                fault = _train(look, point, progress)
            if fault is not None:
                first = first or fault
                faults.append(f"Failed, {point.words}: {fault.message}")
        progress.end(point, faults)
    made = curve_of(look.project, run, choices, faults)
    if first is not None and not made.transfer:
        raise first
    facts = {"choices": choices.model_dump(mode="json"), "done": made.done, "faults": faults}
    return look.kept(LearningCurve, "curve", facts, lambda: made)


def _train(look: Inspection, point: Point, progress: _Progress) -> GraftworkError | None:
    """Run a point to its end; return why it failed, if it did.

    Raises:
        RunInterrupted: it was stopped; it can go on.
        StorageError: no space, which the next point would meet too.
    """
    run = ready(point)
    try:
        execute(point.flow, run, workspace=look.workspace, on_event=progress.follow, stop=look.stop)
    except (StorageError, RunInterrupted):
        raise
    except GraftworkError as error:
        return error
    if run.status != "finished":
        raise RunInterrupted(
            "Stopped; what was measured so far is kept.", hint="Measure the curve again to go on."
        )
    tidy(point)
    return None


class _Progress:
    """How far the runs of a curve are, weighed by what each is estimated to take."""

    def __init__(
        self,
        look: Inspection,
        run: Run,
        choices: CurveChoices,
        seconds: dict[Point, float],
        told: Told | None,
    ) -> None:
        self._look, self._run, self._choices, self._seconds, self._told = look, run, choices, seconds, told
        self._whole = sum(seconds.values()) or 1.0
        self._done: set[Point] = set()
        self._trained = 0.0  # estimated seconds of what this sitting trained
        self._began = time.monotonic()
        self._now: Point | None = None
        self._inner = RunProgress()
        self._last = 0.0
        self._curve: LearningCurve | None = None

    def begin(self, point: Point) -> None:
        """A run begins."""
        self._now, self._inner = point, RunProgress()
        self._tell()

    def follow(self, event: Event) -> None:
        """Take an event of the run that goes on."""
        self._inner.add(EventLine(time=time.time(), event=event))
        if time.monotonic() - self._last >= _TELL_SECONDS:
            self._tell()

    def end(self, point: Point, faults: list[str]) -> None:
        """A run is done, now or long ago."""
        is_new = point is self._now
        self._trained += self._seconds[point] if is_new else 0.0
        self._now = None
        self._done.add(point)
        is_last = len(self._done) == len(self._seconds)
        if self._told is not None and (is_new or is_last):
            self._curve = curve_of(self._look.project, self._run, self._choices, faults)
            self._tell()

    def _tell(self) -> None:
        self._last = time.monotonic()
        if self._told is None:
            return
        inner = self._seconds[self._now] * self._inner.document().share if self._now is not None else 0.0
        reached = sum(self._seconds[p] for p in self._done) + inner
        elapsed, gained = time.monotonic() - self._began, self._trained + inner
        pace = elapsed / gained if elapsed > _ENOUGH_SECONDS and gained > 0 else 1.0
        self._told(
            CurveState(
                run=self._run.id,
                status="running",
                choices=self._choices,
                done=len(self._done),
                total=len(self._seconds),
                at="" if self._now is None else self._now.words,
                share=min(1.0, reached / self._whole),
                seconds_left=max(0.0, self._whole - reached) * pace,
                curve=self._curve,
            )
        )
