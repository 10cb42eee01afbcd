"""How far a run is, from its events alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from graftwork.documents.events import (
    EpochEnded,
    Event,
    EventLine,
    ExtractionProgress,
    PhaseEnded,
    PhaseStarted,
    PlanMade,
    RunEnded,
    RunResumed,
    RunStarted,
    ScoresReady,
    StepEnded,
)
from graftwork.documents.plan import Plan
from graftwork.documents.progress import RunProgressDocument

__all__ = ["RunProgress", "RunProgressDocument", "progress_of"]

_ENOUGH = 0.05
"""Share of what a sitting has to do that must be done before the time left is told."""
_HEAD_SECONDS_PER_IMAGE = 2e-5
_USUAL_RATE = 20.0
_LEAST_SECONDS = 0.02
"""What each part weighs at least, so that none counts as nothing."""


def progress_of(lines: Iterable[EventLine]) -> RunProgressDocument:
    """Return how far a run is after these events."""
    progress = RunProgress()
    for line in lines:
        progress.add(line)
    return progress.document()


@dataclass
class _Part:
    """A stretch of a run: what it is estimated to take, how much of it is done, and since when."""

    seconds: float
    done: float = 0.0
    began: float | None = None
    done_before: float = 0.0

    def move_to(self, done: float, now: float) -> None:
        """Note that this much of the part is done; never less than before."""
        if self.began is None:
            self.began, self.done_before = now, self.done
        self.done = max(self.done, min(1.0, done))


class RunProgress:
    """Takes a run's events one by one and says how far it is. The same events give the same answer.

    Within a sitting the share never falls; at the end of a finished run it is 1.
    """

    def __init__(self) -> None:
        self._begin(None)

    def _begin(self, now: float | None) -> None:
        """Begin a sitting."""
        self._parts: dict[str, _Part] = {}
        self._phase, self._epoch, self._epochs, self._step, self._steps = "preparing", 0, 0, 0, 0
        self._rate: float | None = None
        self._memory = 0
        self._began, self._now = now, now or 0.0
        self._share = self._share_before = 0.0
        self._resumed: RunResumed | None = None
        self._is_finished = False

    def add(self, line: EventLine) -> None:
        """Take the next event."""
        self._now = line.time
        event = line.event
        if isinstance(event, RunStarted):
            self._begin(line.time)
        elif isinstance(event, PlanMade):
            self._parts = _parts_of(event.plan)
        elif isinstance(event, ExtractionProgress):
            self._extract(event)
        elif isinstance(event, ScoresReady):
            self._move("scoring", 0.5)
        elif isinstance(event, RunEnded):
            self._end(is_finished=event.status == "finished")
        else:
            self._train(event)

    def _train(self, event: Event) -> None:
        match event:
            case RunResumed():
                self._resumed = event
            case PhaseStarted():
                self._start(event)
            case StepEnded():
                self._memory = event.memory_bytes or self._memory
                self._rate = event.images_per_second
                self._place(event.epoch, event.step)
            case EpochEnded() if event.epoch:
                self._place(event.epoch, self._steps)
            case PhaseEnded():
                self._move(event.phase, 1.0)
                if event.phase == "main":  # the last one, always
                    self._enter("scoring")

    def document(self) -> RunProgressDocument:
        """Return how far the run is."""
        return RunProgressDocument(
            phase=self._phase,
            epoch=self._epoch,
            epochs=self._epochs,
            step=self._step,
            steps=self._steps,
            share=self._share,
            seconds_left=self._seconds_left(),
            images_per_second=self._rate,
            memory_bytes=self._memory,
        )

    def _extract(self, event: ExtractionProgress) -> None:
        # Features and decoded images come one after the other; only the first of them has a share to fill.
        self._phase, self._epoch, self._epochs = "extraction", 0, 0
        self._step, self._steps = event.done, event.total
        self._rate = event.images_per_second or self._rate
        self._move("extraction", event.done / event.total if event.total else 1.0)

    def _start(self, event: PhaseStarted) -> None:
        self._enter(event.phase)
        self._epochs, self._steps = event.epochs, event.steps_per_epoch
        resumed, self._resumed = self._resumed, None
        if resumed is not None and resumed.phase == event.phase:
            is_between = resumed.step == 0 and resumed.epoch > 0
            self._place(
                resumed.epoch + (not is_between), event.steps_per_epoch if is_between else resumed.step
            )
        else:
            self._place(1, 0)
        if self._share_before == 0.0 and resumed is not None:
            self._share_before = self._share
            for part in self._parts.values():
                part.done_before = part.done

    def _place(self, epoch: int, step: int) -> None:
        self._epoch, self._step = epoch, step
        done = (epoch - 1 + step / max(1, self._steps)) / max(1, self._epochs)
        self._move(self._phase, done)

    def _enter(self, phase: str) -> None:
        """Begin a part; all before it is done."""
        self._phase, self._epoch, self._epochs, self._step, self._steps = phase, 0, 0, 0, 0
        for name in self._parts:
            if name == phase:
                break
            self._parts[name].move_to(1.0, self._now)
        self._move(phase, 0.0)

    def _move(self, phase: str, done: float) -> None:
        if phase in self._parts:
            self._parts[phase].move_to(done, self._now)
        whole = sum(part.seconds for part in self._parts.values())
        if whole:
            reached = sum(part.seconds * part.done for part in self._parts.values()) / whole
            self._share = max(self._share, min(1.0, reached))

    def _end(self, *, is_finished: bool) -> None:
        self._phase, self._epoch, self._epochs, self._step, self._steps = "ended", 0, 0, 0, 0
        self._is_finished = is_finished
        if is_finished:
            self._share = 1.0

    def _seconds_left(self) -> float | None:
        """Return the time left: of the part that runs at its own pace, of later ones as estimated.

        Estimates are scaled by how the parts so far compare with theirs.
        """
        if self._phase == "ended":
            return 0.0 if self._is_finished else None
        gained = self._share - self._share_before
        if self._began is None or gained < _ENOUGH * (1.0 - self._share_before) or gained <= 0.0:
            return None
        elapsed = max(0.0, self._now - self._began)
        part = self._parts.get(self._phase)
        own = None if part is None else _own_pace(part, self._now)
        if part is None or own is None:
            return elapsed * (1.0 - self._share) / gained
        rest = (1.0 - part.done) * own
        later = sum(p.seconds * (1.0 - p.done) for p in self._parts.values() if p is not part)
        return rest + later * (own / part.seconds)


def _own_pace(part: _Part, now: float) -> float | None:
    """Return the seconds that the whole part would take at the pace of this sitting, if it can be told."""
    gained = part.done - part.done_before
    if part.began is None or gained < _ENOUGH:
        return None
    return max(0.0, now - part.began) / gained


def _parts_of(plan: Plan) -> dict[str, _Part]:
    """Return the parts of a run with what the plan expects them to take."""
    rate = plan.compute.images_per_second or _USUAL_RATE
    images = plan.num_images
    train, held_out = images.get("train", 0), images.get("validation", 0) + images.get("test", 0)
    extraction = plan.cache.rows / rate
    last = plan.phases[-1] if plan.phases else None
    through = 0.0 if last is not None and last.from_cache else 1.0 / rate
    seconds = {"extraction": extraction}
    for phase in plan.phases[:-1]:  # heads alone, so what they take is known
        base = 0.0 if phase.from_cache else 1.0 / rate
        per_epoch = train * (base + _HEAD_SECONDS_PER_IMAGE) + images.get("validation", 0) * base
        seconds[phase.name] = phase.epochs * per_epoch
    if last is not None:
        seconds[last.name] = plan.estimated_seconds - sum(seconds.values())
    seconds["scoring"] = held_out * through + 0.02 * plan.estimated_seconds
    return {name: _Part(max(_LEAST_SECONDS, value)) for name, value in seconds.items()}
