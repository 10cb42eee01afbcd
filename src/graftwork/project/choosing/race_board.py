"""How far a race is: what its runs tell is gathered, and told on."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from graftwork.documents.events import EpochEnded, Event, EventLine
from graftwork.documents.progress import RunProgressDocument
from graftwork.documents.race import LaneState, LaneStatus, RacePlan, RaceState
from graftwork.documents.recipe import Strategy
from graftwork.project.choosing.race_lanes import Sitting
from graftwork.project.choosing.race_left import Outlook, Prices
from graftwork.project.choosing.race_words import name_of
from graftwork.project.progress import RunProgress

__all__ = ["RaceBoard", "Told"]

Told = Callable[[RaceState], object]

_TELL_SECONDS = 0.5
_OVER = ("finished", "failed", "same", "stopped")


class RaceBoard:
    """The state of a race while it goes on.

    Args:
        state: as the last sitting left it, with its plan.
        told: called with the state, twice a second and when something ends.
        prices: estimated seconds of what the race does.
    """

    def __init__(self, state: RaceState, told: Told, prices: Prices) -> None:
        assert state.plan is not None
        self.state, self._told = state, told
        self.plan: RacePlan = state.plan
        self.lines: dict[tuple[str, int], Sitting] = {}
        self.costs: dict[tuple[str, int], float] = {}  # seconds of runs that are not at work now
        self._outlook = Outlook(prices, self.plan.rungs, state.choices.seeds)
        self._before, self._began = state.seconds, time.monotonic()
        self._waited = 0.0
        self._last = 0.0
        self._now: tuple[Strategy, int] | None = None
        self._inner = RunProgress()

    @property
    def worked(self) -> float:
        """Seconds that the race worked so far, over all sittings, without waiting."""
        return self._before + time.monotonic() - self._began - self._waited

    def remember(
        self, strategy: Strategy, number: int, line: Sitting, seconds: float, *, is_over: bool
    ) -> None:
        """An earlier sitting left a run of a lane here."""
        self.lines[_key(strategy, number)] = line
        self.costs[_key(strategy, number)] = seconds
        self._outlook.know(strategy, number, line.epoch, is_over=is_over)
        self._refresh(strategy)

    def passing(self, share: float) -> None:
        """The shared pass of the base is so far."""
        self._outlook.passing(share, time.monotonic())
        self.tell()

    def wait(self, seconds: float) -> None:
        """Note that the race waited for others."""
        self._waited += seconds

    def set(self, **changes: object) -> None:
        """Change the state of the race and tell it."""
        self.state = self.state.edit(**changes)
        self.tell()

    def lane(self, strategy: Strategy, **changes: object) -> None:
        """Change the state of a lane and tell it."""
        lanes = tuple(x.edit(**changes) if x.strategy == strategy else x for x in self.state.lanes)
        self.state = self.state.edit(lanes=lanes)
        self.tell()

    def status(self, strategy: Strategy) -> LaneStatus | None:
        """Return the status of a lane; None of what is no lane."""
        return next((x.status for x in self.state.lanes if x.strategy == strategy), None)

    def begin(self, strategy: Strategy, number: int, of: int) -> None:
        """A run of a lane begins or goes on."""
        self._now, self._inner = (strategy, number), RunProgress()
        self._outlook.begin(strategy, number, time.monotonic())
        seed = f", seed {number + 1} of {of}" if of > 1 else ""
        self.state = self.state.edit(status="running", at=f"{name_of(strategy)}{seed}")
        self.lane(strategy, status="running", seed=number + 1)

    def follow(self, event: Event) -> None:
        """Take an event of the run that goes on."""
        assert self._now is not None
        self._inner.add(EventLine(time=time.time(), event=event))
        if isinstance(event, EpochEnded):
            self.lines.setdefault(_key(*self._now), Sitting()).add(event)
            if event.phase == "main":
                self._outlook.end_epoch(event.epoch, time.monotonic())
            self._refresh(self._now[0])
        if isinstance(event, EpochEnded) or time.monotonic() - self._last >= _TELL_SECONDS:
            self.tell()

    def end(self, strategy: Strategy, number: int, seconds: float, *, is_over: bool) -> None:
        """The run of a lane ended its stretch."""
        self.costs[_key(strategy, number)] = seconds
        self._now = None
        self._outlook.end(is_over=is_over, now=time.monotonic())
        self._refresh(strategy)

    def _refresh(self, strategy: Strategy) -> None:
        """Bring a lane's curve, place and cost up to date."""
        mine = [self.lines[key] for key in sorted(k for k in self.lines if k[0] == strategy)]
        spent = sum(seconds for key, seconds in self.costs.items() if key[0] == strategy)
        lanes = []
        for lane in self.state.lanes:
            if lane.strategy == strategy:
                reached = [s.epoch for s in mine]
                whole = max(1, lane.epochs * self.state.choices.seeds)
                lane = lane.edit(
                    epoch=min(reached, default=0),
                    scores=tuple(s.line() for s in mine if s.scores),
                    share=min(1.0, sum(reached) / whole),
                    seconds=spent,
                )
            lanes.append(lane)
        self.state = self.state.edit(lanes=tuple(lanes))

    def tell(self) -> None:
        """Tell the state now."""
        self._last = time.monotonic()
        self.state = self.state.edit(
            seconds=self.worked, share=self._share(), seconds_left=self._left(), lanes=self._lanes()
        )
        self._told(self.state)

    def _lanes(self) -> tuple[LaneState, ...]:
        """Return the lanes with the time that the one at work still takes for its seed."""
        if self._now is None:
            return self.state.lanes
        left = self._inner.document().seconds_left
        return tuple(
            x.edit(seconds_left=left) if x.strategy == self._now[0] else x.edit(seconds_left=None)
            for x in self.state.lanes
        )

    def _share(self) -> float:
        if self.state.status == "finished":
            return 1.0
        return self._outlook.share(*self._standing())

    def _left(self) -> float | None:
        if self.state.status in ("finished", "failed", "stopped"):
            return 0.0 if self.state.status == "finished" else None
        return self._outlook.left(*self._standing(), time.monotonic())

    def _standing(self) -> tuple[Collection[str], Collection[int], RunProgressDocument | None]:
        """Return the lanes that have nothing more to do, the rungs behind, and how far the run at work is."""
        over = {str(x.strategy) for x in self.state.lanes if x.status in _OVER}
        over |= {str(s) for rung in self.state.rungs for s in rung.ended}
        inside = None if self._now is None else self._inner.document()
        return over, {rung.epochs for rung in self.state.rungs}, inside


def _key(strategy: str, number: int) -> tuple[str, int]:
    return strategy, number
