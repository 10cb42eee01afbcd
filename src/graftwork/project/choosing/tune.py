"""The rounds of a search, one after the other: suggested, trained, ended early, written down."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graftwork.documents.events import EpochEnded, Event, EventLine, PlanMade
from graftwork.documents.files import write_atomically
from graftwork.documents.flow import Flow, dump_flow
from graftwork.documents.record import main_score
from graftwork.documents.tuning import (
    Round,
    RoundOrigin,
    RoundStatus,
    Search,
    SearchChoices,
    SearchState,
)
from graftwork.errors import (
    BaseNotUsable,
    FlowError,
    GraftworkError,
    RunError,
    RunInterrupted,
    StorageError,
    UsageError,
)
from graftwork.project.choosing.tune_opening import ROUNDS, OpenSearch, begin_search, folder_of, take_up
from graftwork.project.choosing.tune_result import search_of
from graftwork.project.choosing.tune_steering import only_one, read_state, refuse_at_work, write_state
from graftwork.project.choosing.tune_store import Begun, RoundStore
from graftwork.project.execute import execute
from graftwork.project.progress import RunProgress
from graftwork.project.run import Run

if TYPE_CHECKING:
    from graftwork.documents.plan import Plan
    from graftwork.project.project import Project

__all__ = ["run_search", "tune"]

Told = Callable[[SearchState], object]
Turn = Callable[[], AbstractContextManager[object]]
Stop = Callable[[], bool]

_HEAVY = ("weights.safetensors", "objective.safetensors", "checkpoint.pt")
_TELL_SECONDS = 0.5
_MANY_REFUSED = 20
"""Rounds in a row without a score after which a search gives up."""
_OTHER_SCORES = ("r2", "mean_average_precision", "mean_iou", "auroc")
_TENTHS = 10


def tune(
    project: Project,
    flow: Flow | None,
    *,
    resume: str | None = None,
    told: Told | None = None,
    stop: Stop = lambda: False,
    choices: SearchChoices | None = None,
    rounds: int | None = None,
    minutes: float | None = None,
) -> Search:
    """Begin a search, or go on with one, in this process; its state is kept for those who ask meanwhile.

    Args:
        project: that it lies in.
        flow: to begin with; None goes on with ``resume``.
        resume: id of a search.
        told: called with the state.
        stop: true ends the sitting.
        choices: of a new search.
        rounds, minutes: new limits of one that goes on.

    Raises:
        UsageError: neither flow nor search, or both.
        GraftworkError: as ``begin_search``, ``take_up`` and ``run_search`` say.
    """
    if (flow is None) == (resume is None):
        raise UsageError(
            "Either images or a flow to begin with is wanted, or a search to go on with.",
            hint="Write graftwork tune FOLDER, or graftwork tune --resume ID.",
        )
    if flow is not None:
        opened = begin_search(project, flow, choices or SearchChoices())
    else:
        refuse_at_work(folder_of(project, str(resume)))
        opened = take_up(project, str(resume), rounds=rounds, minutes=minutes)
    with only_one(opened.folder):

        def tell(state: SearchState) -> None:
            write_state(opened.folder, state)
            if told is not None:
                told(state)

        try:
            search = run_search(project, opened, told=tell, stop=stop)
        except GraftworkError as error:
            status = "stopped" if isinstance(error, RunInterrupted) else "failed"
            known = read_state(opened.folder)
            write_state(
                opened.folder, known.edit(status=status, message=error.message, at="", seconds_left=None)
            )
            raise
        done = len(search.rounds)
        total = opened.setup.choices.rounds
        tell(SearchState(id=search.id, status="finished", done=done, total=total, share=1.0, search=search))
    return search


def run_search(
    project: Project,
    opened: OpenSearch,
    *,
    told: Told | None = None,
    stop: Stop = lambda: False,
    turn: Turn = nullcontext,
) -> Search:
    """Train rounds until there are as many as wanted or the minutes are over, and return the search.

    Args:
        project: that it lies in.
        opened: the search; the caller holds its folder.
        told: called with the state, twice a second and after each round.
        stop: true ends the sitting; a round that is open is gone on with in the next one, bit for bit.
        turn: entered around each round, so that others may train in between.

    Raises:
        RunInterrupted: ``stop`` said so.
        GraftworkError: the flow as it stands does not train, or no settings do.
    """
    return _Sitting(project, opened, told, stop, turn).work()


class _Sitting:
    """One stretch of work on a search."""

    def __init__(
        self, project: Project, opened: OpenSearch, told: Told | None, stop: Stop, turn: Turn
    ) -> None:
        self.opened, self.stop, self.turn, self._told = opened, stop, turn, told
        self.workspace = replace(
            project.workspace, scored=("validation",)
        )  # the test waits for the chosen one
        self.choices = opened.setup.choices
        setup = opened.setup
        self.store = RoundStore(opened.folder, opened.space, self.choices, setup.prior, setup.measures)
        self.search = self._known()
        self._last = 0.0

    def work(self) -> Search:
        """Do rounds until there are enough."""
        space = self.opened.space
        starts: list[tuple[RoundOrigin, dict[str, Any]]] = [("default", space.default_params())]
        if self.opened.setup.advised:
            starts.append(("advice", dict(self.opened.setup.advised)))
        self.store.plan_first([*starts, *(("edge", params) for params in space.edges())])
        self._tell("")
        while self._wants_more():
            self._check_stop()
            with self.turn():
                self._check_stop()
                self._do_round()
        return self.search

    def _known(self) -> Search:
        return search_of(self.opened.setup, self.store.study, self.opened.space, self.opened.num_images)

    def _wants_more(self) -> bool:
        return len(self.search.rounds) < self.choices.rounds and self._seconds_left() > 0

    def _seconds_left(self) -> float:
        if self.choices.minutes is None or not self.search.rounds:  # the flow as it stands is always trained
            return math.inf
        return 60.0 * self.choices.minutes - self.search.seconds

    def _check_stop(self) -> None:
        if self.stop():
            raise RunInterrupted(
                "Stopped; the rounds so far are kept.",
                hint=f"Go on with graftwork tune --resume {self.opened.setup.id}.",
            )

    def _do_round(self) -> None:
        begun = self.store.begin()
        training = _Training(self.opened, begun, self._seconds_left(), self.stop)
        self._tell(training.words)

        def follow(event: Event) -> None:
            training.follow(event)
            if time.monotonic() - self._last >= _TELL_SECONDS:
                self._tell(training.words, training.progress.document().share)

        error = training.train(self.workspace, follow)
        done = training.result(error)
        if training.score_name:
            self.store.name_score(training.score_name)
        self.store.end(begun, done)
        self.search = self._known()
        self._refuse_hopeless(error)
        self._tell("")

    def _refuse_hopeless(self, error: GraftworkError | None) -> None:
        """Give up when the flow as it stands does not train, or nothing has for long."""
        rounds = self.search.rounds
        is_default = error is not None and len(rounds) == 1
        last = rounds[-_MANY_REFUSED:]
        is_long = len(last) == _MANY_REFUSED and all(r.status in ("infeasible", "failed") for r in last)
        if error is not None and (is_default or is_long):
            raise error

    def _tell(self, at: str, share: float = 0.0) -> None:
        self._last = time.monotonic()
        if self._told is None:
            return
        done, total = len(self.search.rounds), self.choices.rounds
        here = done + (share if at else 0.0)
        pace = self.search.seconds / done if done else None
        left = None if pace is None else max(0.0, total - here) * pace
        reached = min(1.0, here / total)
        if self.choices.minutes is not None:
            whole = 60.0 * self.choices.minutes
            reached = max(reached, min(1.0, self.search.seconds / whole))
            left = self._seconds_left() if left is None else min(left, self._seconds_left())
            left = None if math.isinf(left) else max(0.0, left)
        self._told(
            SearchState(
                id=self.search.id,
                status="running",
                done=done,
                total=total,
                at=at,
                share=reached,
                seconds_left=left,
                search=self.search,
            )
        )


class _Training:
    """One round: its run, when it is ended early, and what came out."""

    def __init__(self, opened: OpenSearch, begun: Begun, seconds: float, stop: Stop) -> None:
        self.begun, self._space, self._stop = begun, opened.space, stop
        self._deadline = time.monotonic() + seconds
        self.flow = self._flow()
        self.run = Run(opened.folder / ROUNDS / f"{begun.number:04d}")
        self.progress = RunProgress()
        self.plan: Plan | None = None
        self.trained_share, self._best = 0.0, -math.inf
        self.lags = begun.is_resumed and begun.lags()
        self.is_late, self.score_name = False, ""

    def _flow(self) -> Flow:
        is_default = self.begun.origin == "default"
        flow = self._space.flow if is_default else self._space.flow_at(self.begun.params)
        return flow.edit(name=f"{flow.name}-round-{self.begun.number}")

    @property
    def words(self) -> str:
        """What it is, for people."""
        what = {
            "default": "the flow as it stands",
            "advice": "as advised",
            "edge": "one end of the cuts",
            "prior": "drawn from past tasks",
            "suggested": "as suggested",
        }
        return f"round {self.begun.number + 1}, {what[self.begun.origin]}"

    def wants_end(self) -> bool:
        """Whether the run is to end here."""
        self.is_late = self.is_late or time.monotonic() > self._deadline
        return self.lags or self.is_late or self._stop()

    def train(self, workspace: Any, follow: Callable[[Event], None]) -> GraftworkError | None:
        """Run to the end or to where it is pruned; return why it could not.

        Raises:
            RunInterrupted: the user stopped; it can go on.
            StorageError: no space, which the next round would meet too.
        """
        self.run.path.mkdir(parents=True, exist_ok=True)
        if not (self.run.path / "flow.yaml").is_file():
            write_atomically(self.run.path / "flow.yaml", dump_flow(self.flow))
        try:
            execute(self.flow, self.run, workspace=workspace, on_event=follow, stop=self.wants_end)
        except (StorageError, RunInterrupted):
            raise
        except GraftworkError as error:
            return error
        except RuntimeError as error:  # as torch says that memory is short
            return RunError(f"The training broke off: {error}", hint="Try fewer images in a batch.")
        if self.run.status != "finished" and not (self.lags or self.is_late):
            raise RunInterrupted(
                "Stopped; the rounds so far are kept, and the open one goes on where it is.",
                hint="Go on with graftwork tune --resume ID.",
            )
        return None

    def follow(self, event: Event) -> None:
        """Take an event; at each tenth of the main phase the round is held against the others."""
        self.progress.add(EventLine(time=time.time(), event=event))
        if isinstance(event, PlanMade):
            self.plan = event.plan
        if not isinstance(event, EpochEnded) or self.plan is None or event.epoch == 0:
            return
        phase = self.plan.phases[-1]
        score = _score_of(event)
        if event.phase != phase.name or score is None:
            return
        self._best = max(self._best, score)
        self.trained_share = event.epoch / phase.epochs
        if event.epoch < phase.epochs and (tenth := math.floor(_TENTHS * self.trained_share)) > 0:
            self.begun.report(tenth, self._best)
            self.lags = self.lags or self.begun.lags()

    def result(self, error: GraftworkError | None) -> Round:
        """Return the round as it ended, and keep of its run what lists need."""
        plan = self.plan or self._stored_plan()
        facts = Round(
            number=self.begun.number,
            status="finished",
            origin=self.begun.origin,
            settings={
                d.name: self._space.value_of(d, self.begun.params)
                for d in self._space.dimensions
                if d.name in self.begun.params
            },
            params=self.begun.params,
            trainable_parameters=plan.num_trainable if plan is not None else None,
        )
        if error is not None:
            is_refused = isinstance(error, (FlowError, BaseNotUsable))
            status: RoundStatus = "infeasible" if is_refused else "failed"
            shutil.rmtree(self.run.path, ignore_errors=True)
            return facts.edit(status=status, message=error.message, trained_share=0.0)
        return self._measured(facts)

    def _measured(self, facts: Round) -> Round:
        record = self.run.record
        self.score_name, score = main_score(record.metrics["validation"])
        cost = record.cost
        for name in _HEAVY:
            (self.run.path / name).unlink(missing_ok=True)
        if record.status != "finished":
            why = "behind the middle of the other rounds" if self.lags else "the minutes were over"
            status: RoundStatus = "pruned"
            facts = facts.edit(
                status=status, message=f"Ended early: {why}.", trained_share=self.trained_share
            )
        elif not math.isfinite(score.value):
            return facts.edit(status="failed", message="The validation score is not a number.")
        return facts.edit(
            score=score,
            seconds=cost.seconds if cost else 0.0,
            base_images=cost.base_images if cost else 0,
            cache_hits=cost.cache_hits if cost else 0,
        )

    def _stored_plan(self) -> Plan | None:
        path: Path = self.run.path / "plan.json"
        return self.run.plan if path.is_file() else None


def _score_of(event: EpochEnded) -> float | None:
    """Return the main validation score of an epoch, as far as it is told."""
    if event.validation_accuracy is not None:
        return event.validation_accuracy
    found = (event.validation_scores.get(name) for name in _OTHER_SCORES)
    return next((value for value in found if value is not None and math.isfinite(value)), None)
