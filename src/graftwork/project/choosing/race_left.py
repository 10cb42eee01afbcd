"""How long a race still takes: what is still to be done, at the prices of its estimates and of what it took so far."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from graftwork.documents.progress import RunProgressDocument
from graftwork.documents.race import Rung

__all__ = ["Outlook", "Price", "Prices"]

_ENOUGH = 0.05
"""Share of the shared pass that must be done before its own pace is believed."""
_DOUBT = 0.1
"""Share of the estimated race that must have come before its pace counts for half: one short lane says little of others."""
_BEFORE_MAIN = ("preparing", "extraction")
_AFTER_MAIN = ("scoring", "ended")

Key = tuple[str, int]


@dataclass(frozen=True)
class Price:
    """Estimated seconds of a run of a lane.

    Args:
        around: each time that it is opened: data, base, scoring.
        before: what it does itself before its main phase, once.
        epoch: an epoch of the main phase.
        epochs: of the main phase, to its end.
    """

    around: float
    before: float
    epoch: float
    epochs: int


@dataclass(frozen=True)
class Prices:
    """Estimated seconds of a race.

    Args:
        shared_pass: of the base, for all lanes and seeds.
        head: of a head alone, as a lane or as what others start from; None where there is none.
        lanes: of those that have rungs, by strategy.
    """

    shared_pass: float
    head: Price | None
    lanes: Mapping[str, Price]


@dataclass
class _Leg:
    """A run of a lane, as far as it is.

    Args:
        reached: epochs of its main phase that ended.
        is_open: whether it was begun.
        is_over: whether it has nothing more to do.
    """

    reached: float = 0.0
    is_open: bool = False
    is_over: bool = False


@dataclass
class _Watch:
    """What a stretch at work took: since when, and the first and last ends of its main epochs."""

    began: float
    opened: bool
    first: tuple[int, float] | None = None
    last: tuple[int, float] | None = None

    @property
    def main(self) -> tuple[float, float]:
        """Epochs and seconds between the first and the last end of an epoch."""
        if self.first is None or self.last is None:
            return 0.0, 0.0
        return self.last[0] - self.first[0], self.last[1] - self.first[1]


@dataclass
class _Pace:
    """Seconds that came, over those that were estimated."""

    came: float = 0.0
    estimated: float = 0.0

    def add(self, came: float, estimated: float) -> None:
        self.came += came
        self.estimated += estimated

    def value(self, doubt: float) -> float:
        """Return the pace of what is still to come, as if so many seconds more had come as they were estimated."""
        return (self.came + doubt) / (self.estimated + doubt) if self.estimated + doubt > 0 else 1.0


@dataclass
class Outlook:
    """Says how long a race still takes, from what it told so far. Times are seconds of any clock.

    A lane's epochs are priced by its own ones of this sitting, where it had any; others by the estimate times how the
    epochs so far compare with theirs; what comes around epochs likewise.

    Args:
        prices: as estimated before the race.
        rungs: of the plan; the last one is the end.
        seeds: runs of each lane.
    """

    prices: Prices
    rungs: Sequence[Rung]
    seeds: int
    _legs: dict[Key, _Leg] = field(default_factory=dict)
    _now: Key | None = None
    _watch: _Watch | None = None
    _own: dict[str, _Pace] = field(default_factory=dict)  # by lane, of its epochs
    _epochs: _Pace = field(default_factory=_Pace)
    _around: _Pace = field(default_factory=_Pace)
    _passed: float = 0.0
    _pass_began: tuple[float, float] | None = None  # when it was first told of, and how far it was then
    _share: float = 0.0
    _whole: float = 0.0

    def __post_init__(self) -> None:
        self._whole = self.prices.shared_pass + self._runs_left((), (), None, is_paced=False)

    # -- what is told -------------------------------------------------------------------------------

    def know(self, lane: str, number: int, reached: int, *, is_over: bool) -> None:
        """An earlier sitting left a run here."""
        self._legs[lane, number] = _Leg(float(reached), is_open=True, is_over=is_over)

    def passing(self, share: float, now: float) -> None:
        """The shared pass is so far."""
        self._passed = max(self._passed, min(1.0, share))
        self._pass_began = (now, self._passed) if self._pass_began is None else self._pass_began

    def begin(self, lane: str, number: int, now: float) -> None:
        """A run begins, or goes on."""
        leg = self._leg(lane, number)
        self._now, self._watch = (lane, number), _Watch(now, opened=not leg.is_open)
        leg.is_open = True

    def end_epoch(self, epoch: int, now: float) -> None:
        """The run at work ended an epoch of its main phase, or was scored before the first: 0."""
        if self._now is None or self._watch is None:
            return
        self._leg(*self._now).reached = float(epoch)
        if self._watch.first is None:
            self._watch.first = (epoch, now)
        self._watch.last = (epoch, now)

    def end(self, *, is_over: bool, now: float) -> None:
        """The run at work ended its stretch."""
        if self._now is None or self._watch is None:
            return
        lane, watch = self._now[0], self._watch
        price = self._price(lane)
        epochs, seconds = watch.main
        if price is not None:
            # A stretch that says nothing before its first epoch has that one in what comes around.
            hidden = 0.0 if watch.first is None or watch.first[0] == 0 else price.epoch
            estimate = price.around + (price.before if watch.opened else 0.0) + hidden
            self._around.add(now - watch.began - seconds, estimate)
            if epochs:
                self._own.setdefault(lane, _Pace()).add(seconds, epochs * price.epoch)
                if lane != "head_only":  # a head on stored features says nothing of lanes that move a base
                    self._epochs.add(seconds, epochs * price.epoch)
        self._leg(*self._now).is_over = is_over
        self._now = self._watch = None

    # -- what is asked ------------------------------------------------------------------------------

    def left(
        self,
        over: Collection[str],
        taken: Collection[int],
        progress: RunProgressDocument | None,
        now: float,
    ) -> float:
        """Return the seconds that the race still takes.

        Args:
            over: lanes that have nothing more to do: finished, cut off, failed.
            taken: rungs that were decided, by their epochs.
            progress: of the run at work.
            now: the time.
        """
        return self._pass_left(now) + self._runs_left(over, taken, progress, is_paced=True)

    def share(
        self, over: Collection[str], taken: Collection[int], progress: RunProgressDocument | None
    ) -> float:
        """Return how much of the race is done, 0 to 1, as estimated before it; it never falls."""
        rest = self.prices.shared_pass * (1 - self._passed)
        rest += self._runs_left(over, taken, progress, is_paced=False)
        self._share = max(self._share, min(1.0, 1.0 - rest / max(self._whole, 1e-9)))
        return self._share

    # -- how ----------------------------------------------------------------------------------------

    def _pass_left(self, now: float) -> float:
        if self._passed >= 1.0:
            return 0.0
        if self._pass_began is not None and self._passed - self._pass_began[1] > _ENOUGH:
            began, first = self._pass_began
            return (now - began) * (1 - self._passed) / (self._passed - first)
        return self.prices.shared_pass * (1 - self._passed)

    def _runs_left(
        self,
        over: Collection[str],
        taken: Collection[int],
        progress: RunProgressDocument | None,
        *,
        is_paced: bool,
    ) -> float:
        total = 0.0
        if self.prices.head is not None and "head_only" not in over:
            total += self._lane_left("head_only", 0.0, self.prices.head.epochs, progress, is_paced)
        lanes = [name for name in self.prices.lanes if name not in over]
        behind, going = 0.0, 1.0  # who goes on is not known yet: a middle lane does
        around = self._around.value(self._doubt()) if is_paced else 1.0
        for rung in self.rungs if lanes else ():
            if rung.epochs in taken:
                continue
            total += going * sum(self._lane_left(x, behind, rung.epochs, progress, is_paced) for x in lanes)
            behind = rung.epochs
            if rung is not self.rungs[-1]:
                kept = min(going, rung.keep / len(lanes))
                scoring = sum(self.prices.lanes[x].around for x in lanes) * self.seeds * around
                total += (going - kept) * scoring  # of those that are cut off
                going = kept
        return total

    def _lane_left(
        self,
        lane: str,
        behind: float,
        until: float,
        progress: RunProgressDocument | None,
        is_paced: bool,
    ) -> float:
        """Return the seconds that all runs of a lane take from one epoch to another, without what they did."""
        price = self._price(lane)
        assert price is not None
        epoch = self._epoch_seconds(lane, price) if is_paced else price.epoch
        around = self._around.value(self._doubt()) if is_paced else 1.0
        total = 0.0
        for number in range(self.seeds):
            leg = self._legs.get((lane, number), _Leg())
            reached, before = leg.reached, 0.0 if leg.is_open else price.before
            is_at_work = (lane, number) == self._now and progress is not None
            if is_at_work and progress is not None:
                reached, before = _inside(leg, price, progress)
            if leg.is_over or reached >= until:
                continue
            opening = 0.0 if is_at_work and reached >= behind else price.around
            total += (until - max(reached, behind)) * epoch + around * opening
            total += around * before if behind == 0 else 0.0
        return total

    def _epoch_seconds(self, lane: str, price: Price) -> float:
        own = self._own.get(lane, _Pace())
        came, estimated = own.came, own.estimated
        if self._now is not None and self._now[0] == lane and self._watch is not None:
            epochs, seconds = self._watch.main
            came, estimated = came + seconds, estimated + epochs * price.epoch
        is_known = came > 0 and estimated > 0
        return price.epoch * (came / estimated if is_known else self._epochs.value(self._doubt()))

    def _doubt(self) -> float:
        return _DOUBT * self._whole

    def _price(self, lane: str) -> Price | None:
        return self.prices.head if lane == "head_only" else self.prices.lanes.get(lane)

    def _leg(self, lane: str, number: int) -> _Leg:
        return self._legs.setdefault((lane, number), _Leg())


def _inside(leg: _Leg, price: Price, progress: RunProgressDocument) -> tuple[float, float]:
    """Return the epochs that a run at work has behind it, and the seconds left of what comes before them."""
    if progress.phase in _BEFORE_MAIN:
        return leg.reached, 0.0 if leg.reached else price.before
    if progress.phase in _AFTER_MAIN:
        return float(price.epochs), 0.0
    done = (max(0, progress.epoch - 1) + progress.step / max(1, progress.steps)) / max(1, progress.epochs)
    if progress.phase == "main":
        return max(leg.reached, done * price.epochs), 0.0
    return leg.reached, price.before * (1 - min(1.0, done))
