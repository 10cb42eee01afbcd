"""How far a run is: the share never falls within a sitting and ends at 1."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from graftwork.documents.events import (
    EpochEnded,
    EventLine,
    ExtractionProgress,
    PhaseEnded,
    PhaseStarted,
    PlanMade,
    RunEnded,
    RunResumed,
    RunStarted,
    StepEnded,
)
from graftwork.documents.plan import CachePlan, ComputePlan, Phase
from graftwork.project.progress import RunProgress, progress_of

from .conftest import PLAN


def phase(name: Any, epochs: int, *, cached: bool) -> Phase:
    return Phase(name=name, cut="pool", epochs=epochs, groups=(), from_cache=cached)


PROBED = PLAN.edit(
    phases=(phase("probe", 4, cached=True), phase("main", 2, cached=False)),
    cache=CachePlan(is_used=True, reason="", rows=100),
    compute=ComputePlan(images_per_second=50.0),
    num_images={"train": 80, "validation": 10, "test": 10},
    estimated_seconds=20.0,
)


def epoch(name: str, number: int) -> EpochEnded:
    return EpochEnded(
        phase=name,
        epoch=number,
        train_loss=1.0,
        validation_loss=1.0,
        validation_accuracy=0.5,
        validation_balanced_accuracy=0.5,
        learning_rate=0.1,
        seconds=1.0,
        is_best=False,
    )


def step(name: str, number: int, at: int) -> StepEnded:
    return StepEnded(
        phase=name, epoch=number, step=at, loss=1.0, learning_rate=0.1, images_per_second=7.0, memory_bytes=9
    )


def training(name: str, epochs: int, first: int = 1) -> Iterator[Any]:
    yield PhaseStarted(phase=name, epochs=epochs, steps_per_epoch=4)
    for number in range(first, epochs + 1):
        yield from (step(name, number, at) for at in range(1, 5))
        yield epoch(name, number)
    yield PhaseEnded(phase=name, best_epoch=1, stopped_early=False)


def whole_run() -> list[Any]:
    extraction = [ExtractionProgress(done=n, total=100, found=0, images_per_second=50) for n in (0, 50, 100)]
    decoding = [ExtractionProgress(done=n, total=60, found=0, images_per_second=500) for n in (0, 60)]
    start = [RunStarted(run="r"), PlanMade(plan=PROBED), *extraction, *decoding]
    return [*start, *training("probe", 4), *training("main", 2), RunEnded(status="finished")]


def timed(events: list[Any], seconds: float = 1.0) -> list[EventLine]:
    return [EventLine(time=1000.0 + seconds * i, event=event) for i, event in enumerate(events)]


def test_the_share_never_falls_and_ends_at_one() -> None:
    progress, shares = RunProgress(), []
    for line in timed(whole_run()):
        progress.add(line)
        shares.append(progress.document().share)
    assert shares == sorted(shares)
    assert shares[0] == 0.0
    assert shares[-1] == 1.0
    assert 0.9 < shares[-2] < 1.0
    assert len(set(shares)) > 15


def test_the_share_is_weighed_by_the_plan() -> None:
    events = whole_run()
    main = next(i for i, e in enumerate(events) if e.kind == "phase_started" and e.phase == "main")
    # 100 rows at 50 a second, of 20 seconds and a little for the scoring
    assert progress_of(timed(events[:5])).share == pytest.approx(2.0 / 20.8, rel=0.01)
    assert progress_of(timed(events[: main + 1])).share == pytest.approx(2.0 / 20.8, abs=0.005)


def test_the_time_left_comes_late_and_then_is_right() -> None:
    events = whole_run()
    lines = timed(events)
    assert progress_of(lines[:3]).seconds_left is None
    steps = [i for i, e in enumerate(events) if e.kind == "step_ended" and e.phase == "main"]
    told = progress_of(lines[: steps[4] + 1])
    left = lines[-1].time - lines[steps[4]].time
    assert told.seconds_left == pytest.approx(left, rel=0.35)
    assert (told.phase, told.epoch, told.epochs, told.step, told.steps) == ("main", 2, 2, 1, 4)
    assert (told.images_per_second, told.memory_bytes) == (7.0, 9)
    assert progress_of(lines).seconds_left == 0.0


def test_a_resumed_run_starts_from_where_it_was() -> None:
    found = [ExtractionProgress(done=0, total=0, found=100, images_per_second=0)]
    again = [
        RunStarted(run="r"),
        PlanMade(plan=PROBED),
        *found,
        RunResumed(run="r", phase="main", epoch=1, step=2),
        PhaseStarted(phase="main", epochs=2, steps_per_epoch=4),
    ]
    rest = [step("main", 2, 3), step("main", 2, 4), epoch("main", 2)]
    ended = [PhaseEnded(phase="main", best_epoch=1, stopped_early=False), RunEnded(status="finished")]
    events = [*whole_run()[:-8], RunEnded(status="paused"), *again, *rest, *ended]
    lines = timed(events)
    first = lines.index(next(line for line in lines if line.event.kind == "run_resumed"))
    told = progress_of(lines[: first + 2])
    assert (told.phase, told.epoch, told.step) == ("main", 2, 2)
    assert told.share == pytest.approx((2.0 + 17.9 * 0.75) / 20.8, abs=0.03)
    assert told.seconds_left is None
    assert progress_of(lines).share == 1.0


def test_a_run_that_stops_keeps_its_share() -> None:
    lines = timed([*whole_run()[:14], RunEnded(status="stopped")])
    told = progress_of(lines)
    assert told.phase == "ended"
    assert told.share == progress_of(lines[:-1]).share < 1.0
    assert told.seconds_left is None


def test_no_events_are_no_progress() -> None:
    assert progress_of([]).share == 0.0
    assert progress_of(timed([epoch("main", 1)])).phase == "preparing"
