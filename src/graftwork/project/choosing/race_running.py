"""A race at work: shared work first, then the lanes, rung by rung. What was done once is never done again."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from graftwork.documents.events import EpochEnded, Event, RunResumed
from graftwork.documents.flow import Flow, read_flow
from graftwork.documents.race import LanePlan, LaneState, Race, RaceState, Rung, RungEnd
from graftwork.documents.recipe import Strategy
from graftwork.errors import GraftworkError, RunError, RunInterrupted, StorageError
from graftwork.project.apart import is_apart
from graftwork.project.choosing.race_board import RaceBoard, Told
from graftwork.project.choosing.race_lanes import PROBE, lane_run, ready, sitting_of, with_seed
from graftwork.project.choosing.race_plan import Course, make_course, prices_of, same_course
from graftwork.project.choosing.race_result import race_of
from graftwork.project.choosing.race_rungs import Work, at_most
from graftwork.project.choosing.race_words import ended_why
from graftwork.project.control import ask
from graftwork.project.execute import execute
from graftwork.project.interrupt import stop_on_interrupt
from graftwork.project.run import Run

if TYPE_CHECKING:
    from graftwork.project.project import Project

__all__ = ["run_race"]

Turn = Callable[[], AbstractContextManager[object]]
Way = Literal["rung", "end", "cut"]

_OVER = ("failed", "same", "stopped")


def run_race(
    project: Project,
    folder: Path,
    state: RaceState,
    *,
    told: Told,
    stop: Callable[[], bool],
    turn: Turn = nullcontext,
) -> Race:
    """Run a race to its end, or go on with one.

    Args:
        project: that the race is in.
        folder: of the race, with its flow.
        state: as it was left; of a new race, what is wanted.
        told: called with the state.
        stop: true ends the sitting; the race can go on from there.
        turn: entered around each stretch of work, so that runs may train in between.

    Raises:
        RunInterrupted: ``stop`` said so, or ctrl-C.
        UsageError, RunError, GraftworkError: what stands in the way of all lanes.
    """
    flow = read_flow(folder / "flow.yaml")
    told(state.edit(status="planning", at="the lanes", message=None))
    if state.plan is None:
        state = _advised(project, flow, state.edit(status="planning", at="the advice"), told, stop)
        course = make_course(flow, state.choices, project.workspace)
        lanes = tuple(_first_state(lane) for lane in course.plan.lanes)
        state = state.edit(plan=course.plan, lanes=lanes)
    else:
        course = same_course(flow, state.choices, state.plan, project.workspace)
    board = RaceBoard(
        state.edit(status="running", message=None), told, prices_of(course, state.choices.seeds)
    )
    told(board.state)  # a sitting that is stopped at once leaves its plan
    return _Racer(project, folder, course, board, stop, turn).race()


def _advised(
    project: Project, flow: Flow, state: RaceState, told: Told, stop: Callable[[], bool]
) -> RaceState:
    """Ask for advice before anything is trained, so that the race can be held against it."""
    from graftwork.project.choosing.advise import advise_on
    from graftwork.project.looks.inspection import Inspection

    if not state.choices.advise or state.advice_reason:
        return state
    told(state)
    try:
        advice = advise_on(Inspection(project, flow, tell=lambda _: None, stop=stop))
    except (RunInterrupted, StorageError):
        raise
    except GraftworkError as error:
        return state.edit(advice_reason=f"No advice was given: {error.message}")
    lane = advice.strategy
    is_probed = advice.flow.recipe.probe_first and "probe_then_tune" in state.choices.strategies
    if lane == "all_layers" and is_probed:  # what a run of the advised flow would do
        lane = "probe_then_tune"
    return state.edit(advice=lane, advice_reason=advice.reason)


def _first_state(lane: LanePlan) -> LaneState:
    status = "failed" if lane.refused else "same" if lane.same_as else "waiting"
    return LaneState(strategy=lane.strategy, status=status, epochs=lane.epochs, message=lane.refused)


class _Racer:
    """One sitting of a race."""

    def __init__(
        self,
        project: Project,
        folder: Path,
        course: Course,
        board: RaceBoard,
        stop: Callable[[], bool],
        turn: Turn,
    ) -> None:
        self.project, self.folder, self.course, self.board = project, folder, course, board
        self.plan, self.choices = course.plan, board.state.choices
        self._stop, self._turn = stop, turn
        self._asked: Callable[[], bool] = lambda: False
        self.first: GraftworkError | None = None
        minutes = self.choices.budget_minutes
        self.deadline = None if minutes is None else 60 * minutes
        self.numbers = range(self.choices.seeds)

    def race(self) -> Race:
        """Do what is not done yet, and say what came out."""
        with stop_on_interrupt() as asked:
            self._asked = asked
            self._remember()
            self._share_pass()
            self._heads()
            for rung in self.plan.rungs:
                self._climb(rung)
        if self.first is not None and not any(self._runs_of(x.strategy) for x in self.plan.lanes):
            raise self.first
        made = race_of(self.folder, self.board.state, is_complete=True)
        self._tidy()
        self.board.set(status="finished", at="", race=made)
        return made

    # -- what is there already ----------------------------------------------------------------------

    def _remember(self) -> None:
        """Take what earlier sittings did from the runs' folders."""
        for lane in self.plan.lanes:
            for number in self.numbers:
                run = lane_run(self.folder, lane.strategy, number)
                if (run.path / "events.jsonl").is_file():
                    line, is_over = sitting_of(run), _status(run) in ("finished", "stopped")
                    self.board.remember(lane.strategy, number, line, _seconds(run), is_over=is_over)
            if self.board.status(lane.strategy) == "running":
                self.board.lane(lane.strategy, status="paused", seed=None)

    def _runs_of(self, strategy: Strategy) -> list[Run]:
        runs = (lane_run(self.folder, strategy, number) for number in self.numbers)
        return [run for run in runs if _is_scored(run)]

    def _check_stop(self) -> None:
        if self._stop() or self._asked():
            raise RunInterrupted(
                "The race was stopped; what was done is kept.",
                hint=f"Go on with graftwork race --resume {self.folder.name}.",
            )

    # -- shared work --------------------------------------------------------------------------------

    def _share_pass(self) -> None:
        """One pass of the base stores what all lanes read at their cuts."""
        from graftwork.engine.shared_work import fill_shared, images_of, survey

        surveys = [s for s in self.course.needed() if s.rows and not s.adapts]
        if not surveys or self.board.state.rungs:
            self.board.passing(1.0)
            return
        numbers = self.numbers if self.course.draws_anew else range(1)
        for number in numbers:
            self._check_stop()
            flow, images = with_seed(surveys[0].flow, number), self.course.images
            if number:
                images = images_of(flow, self.project.workspace)
                surveys = [survey(with_seed(s.flow, number), images, self.project.workspace) for s in surveys]
            self.board.set(at="one pass of the base for all lanes")
            began, done = time.monotonic(), 0
            with self._turn():
                for progress in fill_shared(
                    surveys, flow, images, self.project.workspace, stop=self._wants_pause
                ):
                    done = progress.done
                    self.board.passing((number + done / max(1, progress.total)) / len(numbers))
            passes = self.board.state.shared_passes + done
            seconds = self.board.state.shared_seconds + time.monotonic() - began
            self.board.set(shared_passes=passes, shared_seconds=seconds)
        self.board.passing(1.0)

    def _wants_pause(self) -> bool:
        return self._stop() or self._asked()

    def _heads(self) -> None:
        """Train the head alone, as a lane and as what other lanes start from."""
        lane = self._lane("head_only")
        if lane is not None:
            if self.board.status("head_only") not in _OVER:
                self._all_seeds(lane, lane.epochs, "end")
        elif self.course.needs_probe:
            flow = self.course.surveys["head_only"].flow
            for number in self.numbers:
                run = lane_run(self.folder, PROBE, number)
                if _status(run) != "finished":
                    self._train(run, with_seed(flow, number), "head_only", number, 0, "end")

    def _lane(self, strategy: Strategy) -> LanePlan | None:
        return next((x for x in self.plan.lanes if x.strategy == strategy), None)

    # -- rungs --------------------------------------------------------------------------------------

    def _climb(self, rung: Rung) -> None:
        """Bring all lanes that are left to the end of a rung, and cut off those that are behind."""
        taken = next((r for r in self.board.state.rungs if r.epochs == rung.epochs), None)
        if taken is None:
            is_last = rung == self.plan.rungs[-1]
            for lane in self._contenders():
                self._all_seeds(lane, rung.epochs, "end" if is_last else "rung")
            if is_last:
                return
            taken = self._decide(rung)
            self.board.set(rungs=(*self.board.state.rungs, taken), race=self._so_far())
        for strategy in taken.ended:
            self._cut(strategy, f"Cut off after epoch {taken.epochs}: others were ahead on validation.")

    def _contenders(self) -> list[LanePlan]:
        """Return the lanes that have epochs to be trained, or had, and were not cut off."""
        gone = {s for r in self.board.state.rungs for s in r.ended}
        return [
            x
            for x in self.plan.lanes
            if x.strategy != "head_only"
            and x.strategy not in gone
            and self.board.status(x.strategy) not in _OVER
        ]

    def _decide(self, rung: Rung) -> RungEnd:
        """Return who goes on: the best on validation, as many as the rung and the time left allow."""
        standing = {
            x.strategy: s for x in self._contenders() if (s := self._standing(x.strategy, rung.epochs))
        }
        ranked = sorted(standing, key=lambda s: standing[s], reverse=True)
        keep = self._affordable(ranked, rung)
        ended = tuple(ranked[keep:])
        why = (
            ended_why(rung.epochs, ended, keep, was_late=keep < min(rung.keep, len(ranked))) if ended else ""
        )
        scores = {s: score for s, (score, _) in standing.items()}
        return RungEnd(epochs=rung.epochs, scores=scores, ended=ended, why=why)

    def _standing(self, strategy: Strategy, epochs: int) -> tuple[float, float] | None:
        """Return mean score and mean of minus the loss over the seeds, each at the epoch it would keep."""
        lines = [self.board.lines.get((strategy, number)) for number in self.numbers]
        each = [s for line in lines if line is not None and (s := line.standing(epochs)) is not None]
        if not each:
            return None
        return sum(s for s, _ in each) / len(each), sum(x for _, x in each) / len(each)

    def _affordable(self, ranked: list[Strategy], rung: Rung) -> int:
        """Return how many lanes go on: as the rung says, or fewer where measured epochs pass the budget."""
        keep = min(rung.keep, len(ranked))
        if self.deadline is None:
            return keep
        rest = [r for r in self.plan.rungs if r.epochs > rung.epochs]
        while keep > 1:
            left = tuple(self.choices.seeds * self._epoch_seconds(s) for s in ranked[:keep])
            needed = at_most(Work(0.0, left), rest, done=rung.epochs)
            if self.board.worked + needed <= self.deadline:
                break
            keep -= 1
        return keep

    def _epoch_seconds(self, strategy: Strategy) -> float:
        """Return the seconds of an epoch as measured, else as estimated."""
        keys = [(strategy, number) for number in self.numbers]
        spent = sum(self.board.costs.get(key, 0.0) for key in keys)
        epochs = sum(self.board.lines[key].epoch for key in keys if key in self.board.lines)
        lane = self._lane(strategy)
        return spent / epochs if epochs and spent else (lane.epoch_seconds if lane else 0.0)

    def _all_seeds(self, lane: LanePlan, epochs: int, way: Way) -> None:
        """Train each seed of a lane as far as a number of epochs."""
        strategy = lane.strategy
        for number in self.numbers:
            run = lane_run(self.folder, strategy, number)
            status = _status(run)
            if status == "finished" or (
                way == "rung" and status == "paused" and sitting_of(run).epoch >= epochs
            ):
                continue
            if self._is_late():
                self._cut(strategy, "Stopped: the budget's time was over.")
                return
            flow = with_seed(self.course.surveys[strategy].flow, number)
            if lane.probe == "shared":
                self._hand_over(run, flow, number)
            if not self._train(run, flow, strategy, number, epochs, way):
                return
        statuses = {_status(lane_run(self.folder, strategy, number)) for number in self.numbers}
        ended = "stopped" if "stopped" in statuses else "finished" if statuses == {"finished"} else "paused"
        self.board.lane(strategy, status=ended, seed=None)
        if ended != "paused":
            self.board.set(race=self._so_far())

    def _is_late(self) -> bool:
        return self.deadline is not None and self.board.worked >= self.deadline

    def _hand_over(self, run: Run, flow: Flow, number: int) -> None:
        """Let a run that has not begun start where the head alone ended."""
        from graftwork.engine.checkpoint import start_where

        if run.path.is_dir() and (run.path / "checkpoint.pt").is_file():
            return
        head = "head_only" if self._lane("head_only") is not None else PROBE
        source = lane_run(self.folder, head, number)
        if _status(source) == "finished":
            start_where(source.path, ready(run, flow).path)

    def _cut(self, strategy: Strategy, why: str) -> None:
        """End a lane where it is; what it has is scored."""
        for number in self.numbers:
            run = lane_run(self.folder, strategy, number)
            has_begun = _status(run) in ("paused", "interrupted", "running", "stopped")
            if has_begun and not _is_scored(run) and sitting_of(run).epoch > 0:
                flow = with_seed(self.course.surveys[strategy].flow, number)
                if not self._train(run, flow, strategy, number, 0, "cut"):
                    return
        if self.board.status(strategy) != "stopped":
            self.board.lane(strategy, status="stopped", seed=None, message=why)

    # -- one stretch of one run ---------------------------------------------------------------------

    def _train(self, run: Run, flow: Flow, strategy: Strategy, number: int, epochs: int, way: Way) -> bool:
        """Go on with a run; return whether the lane can go on.

        Raises:
            RunInterrupted: the user wants the race to stop.
            StorageError: no space, which the next run would meet too.
        """
        self._check_stop()
        stretch = _Stretch(run, flow, epochs, way, self._wants_pause, self._is_late)
        waited = time.monotonic()
        with self._turn():
            self.board.wait(time.monotonic() - waited)
            self._check_stop()
            self.board.begin(strategy, number, self.choices.seeds)

            def follow(event: Event) -> None:
                stretch.follow(event)
                self.board.follow(event)

            try:
                execute(
                    flow,
                    ready(run, flow),
                    workspace=self.project.workspace,
                    on_event=follow,
                    stop=stretch.wants_stop,
                    pause=stretch.wants_pause,
                )
            except (StorageError, RunInterrupted):
                raise
            except Exception as error:  # noqa: BLE001 the other lanes go on, whatever befell this one
                self.board.end(strategy, number, _seconds(run), is_over=True)
                self._failed(strategy, error)
                return False
        is_over = _status(run) in ("finished", "stopped")
        self.board.end(strategy, number, _seconds(run), is_over=is_over)
        if stretch.was_late:
            self.board.lane(strategy, message="Stopped: the budget's time was over.")
        elif run.status in ("paused", "stopped") and not stretch.has_ended:
            self.board.lane(strategy, status="paused", seed=None)
            raise RunInterrupted(
                "The race was stopped; what was done is kept.",
                hint=f"Go on with graftwork race --resume {self.folder.name}.",
            )
        return True

    def _failed(self, strategy: Strategy, error: Exception) -> None:
        if isinstance(error, GraftworkError):
            said = error.message
        else:
            said = f"{type(error).__name__}: {error}"
            error = RunError(f"The lane {strategy} failed: {said}")
        self.first = self.first or error
        if self.board.status(strategy) is not None:
            self.board.lane(strategy, status="failed", seed=None, message=said)

    def _so_far(self) -> Race:
        return race_of(self.folder, self.board.state, is_complete=False)

    def _tidy(self) -> None:
        """Take away what a race that is over does not need: states to go on from."""
        for path in self.folder.glob("*-seed*/checkpoint.pt"):
            if _status(Run(path.parent)) == "finished":
                path.unlink(missing_ok=True)


class _Stretch:
    """When a run is to pause or to stop: at the end of a rung, at once to be scored, when time is over."""

    def __init__(
        self,
        run: Run,
        flow: Flow,
        epochs: int,
        way: Way,
        wants_pause: Callable[[], bool],
        is_late: Callable[[], bool],
    ) -> None:
        self._run, self._epochs, self._way = run, epochs, way
        self._user_wants, self._late = wants_pause, is_late
        self._is_apart = is_apart(flow)
        self._has_begun = self._at_rung = self._is_cut = self.was_late = False

    @property
    def has_ended(self) -> bool:
        """Whether the run was ended by the race, not by the user."""
        return self._at_rung or self._is_cut or self.was_late

    def follow(self, event: Event) -> None:
        """Take an event of the run."""
        if isinstance(event, (EpochEnded, RunResumed)) and event.phase == "main":
            self._has_begun = True
            self._at_rung = self._way == "rung" and event.epoch >= self._epochs
        if self._is_apart and self.wants_pause():  # a worker sees no function of this process
            ask(self._run.path, "pause")

    def wants_pause(self) -> bool:
        """Whether the run is to end where it is."""
        return self._at_rung or self._user_wants()

    def wants_stop(self) -> bool:
        """Whether the run is to be scored as it is."""
        if self._has_begun and not self._user_wants():
            self._is_cut = self._way == "cut"
            self.was_late = self.was_late or (not self._is_cut and not self._at_rung and self._late())
        return self._is_cut or self.was_late


def _status(run: Run) -> str:
    try:
        return run.status
    except RunError:
        return "none"


def _is_scored(run: Run) -> bool:
    try:
        return run.record.status in ("finished", "stopped") and "validation" in run.record.metrics
    except RunError:
        return False


def _seconds(run: Run) -> float:
    try:
        cost = run.record.cost
    except RunError:
        return 0.0
    return cost.seconds if cost is not None else 0.0
