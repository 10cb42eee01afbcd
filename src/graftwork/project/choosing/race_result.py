"""What the scored runs of a race say together: scores, costs, the front, the winner, the worth of advice."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from graftwork.documents.race import (
    AdviceVerdict,
    LaneCost,
    LanePlan,
    LaneState,
    Race,
    RaceCost,
    RaceLane,
    RaceState,
)
from graftwork.documents.recipe import Strategy
from graftwork.documents.record import Cost, Interval, RunRecord, main_score
from graftwork.errors import RunError
from graftwork.project.choosing.race_lanes import PROBE, lane_run
from graftwork.project.choosing.race_words import answer_of
from graftwork.project.controls import constant_score
from graftwork.project.looks.stored_scores import stored_score
from graftwork.project.run import Run

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from graftwork.insight.learning_curve import Resampled
    from graftwork.insight.measures import Measure

__all__ = ["front_of", "race_of", "winner_of"]

SplitName = Literal["validation", "test"]


def race_of(folder: Path, state: RaceState, *, is_complete: bool) -> Race:
    """Return the result of a race as far as its runs are scored.

    Args:
        folder: of the race.
        state: its plan, and how its lanes stand.
        is_complete: whether the race is over.
    """
    return _Reading(folder, state, is_complete).race()


@dataclass(frozen=True)
class _Sample:
    """Mean scores of lanes on a split and their draws, in points of 0 to 1."""

    resampled: Resampled
    names: tuple[Strategy, ...]
    num: int

    def score(self, name: Strategy) -> Interval:
        """Return a lane's mean score with its interval."""
        from graftwork.engine.metrics.bootstrap import interval_of

        i = self.names.index(name)
        return interval_of(float(self.resampled.scores[i, 0]), self.resampled.draws[:, i, 0])

    def gain(self, name: Strategy, other: Strategy, factor: float = 1.0) -> Interval:
        """Return how much higher a lane scores than another; the same seeds and images are drawn for both."""
        from graftwork.engine.metrics.bootstrap import interval_of

        i, j = self.names.index(name), self.names.index(other)
        scores, draws = self.resampled.scores[:, 0], self.resampled.draws[:, :, 0]
        return interval_of(factor * float(scores[i] - scores[j]), factor * (draws[:, i] - draws[:, j]))

    def error(self, name: Strategy) -> float:
        """Return the standard error of a lane's score."""
        import numpy as np

        return float(np.nanstd(self.resampled.draws[:, self.names.index(name), 0], ddof=1))


class _Reading:
    """The scored runs of a race, and what is computed from them."""

    def __init__(self, folder: Path, state: RaceState, is_complete: bool) -> None:
        assert state.plan is not None
        self.folder, self.state, self.plan = folder, state, state.plan
        self.is_complete = is_complete
        self.numbers = range(state.choices.seeds)
        self.notes = list(state.plan.notes)
        self.runs = {lane.strategy: self._scored(lane.strategy) for lane in state.plan.lanes}
        self.records = {s: [run.record for _, run in pairs] for s, pairs in self.runs.items()}
        has_test = [all("test" in r.metrics for r in records) for records in self.records.values() if records]
        self.split: SplitName = "test" if has_test and all(has_test) else "validation"
        self.samples: dict[str, _Sample] = {
            split: sample
            for split in dict.fromkeys(("validation", self.split))
            if (sample := self._sample(split)) is not None
        }

    def _scored(self, strategy: str) -> list[tuple[int, Run]]:
        found = []
        for number in self.numbers:
            run = lane_run(self.folder, strategy, number)
            record = _record(run)
            if (
                record is not None
                and record.status in ("finished", "stopped")
                and "validation" in record.metrics
            ):
                found.append((number, run))
        return found

    def _sample(self, split: SplitName) -> _Sample | None:
        """Draw images and seeds again for all lanes at once."""
        from graftwork.insight.learning_curve import resample

        names = tuple(s for s, pairs in self.runs.items() if pairs)
        keys: set[tuple[str, ...]] = set()
        table: list[list[list[Measure | None]]] = []
        for name in names:
            row: list[Measure | None] = [None] * len(self.numbers)
            for number, run in self.runs[name]:
                score = stored_score(run, split)
                if score is None:
                    continue
                keys.add(score.keys)
                row[number] = score.measure or _constant(score.value)
            table.append([row])
        if not table:
            return None
        if len(keys) > 1:
            self.notes.append(f"Not all runs were scored on the same {split} images.")
        num = len(next(iter(keys), ())) or self.records[names[0]][0].metrics[split].num_images
        return _Sample(resample(table, max(1, num)), names, num)

    def race(self) -> Race:
        state, plan = self.state, self.plan
        validation, shown = self.samples.get("validation"), self.samples.get(self.split)
        costs = {s: self._cost(lane) for lane in plan.lanes if (s := lane.strategy) and self.runs[s]}
        decided = _decided(state)
        standing = {s: validation.score(s).value for s in decided if validation and s in validation.names}
        dear = {s: costs[s].alone_passes for s in standing}
        ranked = sorted(standing, key=lambda s: (standing[s], -dear[s]))
        best = ranked[-1] if ranked else None
        error = validation.error(best) if validation and best else None
        winner = winner_of(standing, dear, error) if error is not None else None
        front = front_of(standing, dear)
        lanes = tuple(
            self._lane(p, s, costs, front, winner) for p, s in zip(plan.lanes, state.lanes, strict=True)
        )
        gain = None
        if shown and winner and "from_scratch" in shown.names and winner != "from_scratch":
            gain = shown.gain(winner, "from_scratch", 100.0)
        advice = self._advice(shown)
        first = next((r[0] for r in self.records.values() if r), None)
        name = main_score(first.metrics["validation"])[0] if first else state.score_name
        return Race(
            id=state.id,
            name=state.name,
            base=plan.base,
            score_name=name,
            split=self.split,
            num_images=shown.num if shown else 0,
            num_validation=plan.num_images["validation"],
            choices=state.choices,
            plan=plan,
            lanes=lanes,
            rungs=state.rungs,
            front=front,
            best=best,
            winner=winner,
            standard_error=error,
            gain_over_scratch=gain,
            advice=advice,
            cost=self._whole_cost(costs),
            constant=constant_score(first.metrics[self.split]) if first else None,
            answer=answer_of(lanes, winner, best, gain, advice, score_name=name, split=self.split),
            notes=(*self.notes, *self._cautions()),
            is_complete=self.is_complete,
        )

    def _lane(
        self,
        plan: LanePlan,
        state: LaneState,
        costs: dict[Strategy, LaneCost],
        front: Sequence[Strategy],
        winner: Strategy | None,
    ) -> RaceLane:
        name = plan.strategy
        validation, test = self.samples.get("validation"), self.samples.get("test")
        has = bool(self.runs[name])
        shown = self.samples.get(self.split)
        records = self.records[name]
        behind = shown.gain(winner, name) if has and shown and winner and winner != name else None
        return RaceLane(
            strategy=name,
            words=plan.words,
            status=state.status,
            same_as=plan.same_as,
            message=state.message,
            epoch=state.epoch,
            epochs=state.epochs,
            runs=tuple(run.id for _, run in self.runs[name]),
            validation=validation.score(name) if has and validation else None,
            test=test.score(name) if has and test else None,
            validation_scores=tuple(main_score(r.metrics["validation"])[1] for r in records),
            test_scores=tuple(main_score(r.metrics["test"])[1] for r in records if "test" in r.metrics),
            behind=behind,
            num_trainable=plan.num_trainable,
            cost=costs.get(name),
            is_on_front=name in front,
        )

    # -- cost ---------------------------------------------------------------------------------------

    def _cost(self, lane: LanePlan) -> LaneCost:
        """Return what a lane cost by itself, and what it would have with nothing to take over."""
        costs = [r.cost for r in self.records[lane.strategy] if r.cost is not None]
        passes = sum(_passes(c, lane.free_share) for c in costs)
        seconds = sum(c.seconds for c in costs)
        takes_rows = lane.is_cached or lane.probe != "none" or lane.strategy == "head_only"
        rows = self.plan.shared_rows if takes_rows else 0
        head = self._head_costs() if lane.probe == "shared" else []
        taken = len(costs) * rows + sum(_passes(c, 0.0) for c in head)
        pass_seconds = self.state.shared_seconds if takes_rows else 0.0
        return LaneCost(
            seconds=round(seconds, 3),
            alone_seconds=round(seconds + len(costs) * pass_seconds + sum(c.seconds for c in head), 3),
            base_images=sum(c.base_images for c in costs),
            partial_images=sum(c.partial_images for c in costs),
            passes=passes,
            alone_passes=passes + taken,
        )

    def _head_costs(self) -> list[Cost]:
        name = "head_only" if any(x.strategy == "head_only" for x in self.plan.lanes) else PROBE
        runs = (_record(lane_run(self.folder, name, number)) for number in self.numbers)
        return [r.cost for r in runs if r is not None and r.cost is not None]

    def _whole_cost(self, costs: dict[Strategy, LaneCost]) -> RaceCost:
        is_hidden = not any(x.strategy == "head_only" for x in self.plan.lanes)
        heads = self._head_costs() if is_hidden else []
        shared = self.state.shared_passes + sum(_passes(c, 0.0) for c in heads)
        passes = shared + sum(c.passes for c in costs.values())
        runs = [lane for lane in self.plan.lanes if lane.same_as is None and lane.refused is None]
        dearest = next(lane for lane in runs if lane.strategy == self.plan.dearest)
        alone = self.state.choices.seeds * dearest.passes
        return RaceCost(
            seconds=round(self.state.seconds, 2),
            shared_seconds=round(self.state.shared_seconds + sum(c.seconds for c in heads), 2),
            passes=passes,
            shared_passes=shared,
            apart_passes=self.state.choices.seeds * sum(lane.passes for lane in runs),
            dearest=self.plan.dearest,
            dearest_passes=alone,
            ratio=passes / alone if alone else math.nan,
        )

    # -- advice and doubts --------------------------------------------------------------------------

    def _advice(self, shown: _Sample | None) -> AdviceVerdict | None:
        """Hold what was advised against the lane that scores best on the shown images."""
        advised = self.state.advice
        if advised is None or shown is None or not shown.names:
            return None
        own = next((x for x in self.plan.lanes if x.strategy == advised), None)
        name = (own.same_as or advised) if own else advised
        best = max(shown.names, key=lambda s: shown.score(s).value)
        if name not in shown.names:
            return AdviceVerdict(strategy=advised, best=best, was_raced=False, is_best=False)
        regret = shown.gain(best, name, 100.0)
        lane = next(x for x in self.state.lanes if x.strategy == name)
        return AdviceVerdict(
            strategy=advised,
            best=best,
            was_raced=True,
            is_best=not regret.value > 0,
            regret=regret,
            stopped_at=lane.epoch if lane.status == "stopped" else None,
        )

    def _cautions(self) -> list[str]:
        said = [r.why for r in self.state.rungs if r.why]
        if self.state.choices.seeds == 1:
            said.append("One seed: the intervals know which images are tested, not how much training varies.")
        if self.state.advice is None and self.state.advice_reason:
            said.append(self.state.advice_reason)
        if any(not pairs and self._may_have_scores(s) for s, pairs in self.runs.items()):
            said.append("Lanes without scores are left out of the comparison.")
        if self.plan.base.startswith("random:"):
            said.append("The base has random weights: what is called transfer here transfers nothing.")
        if self.split == "validation":
            said.append(
                "There are no test images: the winner's score is on the images that chose it, so it flatters."
            )
        return said

    def _may_have_scores(self, strategy: str) -> bool:
        return self.is_complete and all(x.same_as is None for x in self.plan.lanes if x.strategy == strategy)


def _decided(state: RaceState) -> list[Strategy]:
    """Return the lanes that may win: those that came to their end, or where none did, all with scores."""
    ended = [x.strategy for x in state.lanes if x.status == "finished"]
    return ended or [x.strategy for x in state.lanes if x.status == "stopped"]


def winner_of(scores: dict[Strategy, float], costs: dict[Strategy, float], error: float) -> Strategy | None:
    """Return the cheapest lane within one standard error of the best.

    Args:
        scores: on validation, by lane; higher is better.
        costs: of each alone.
        error: standard error of the best lane's score.

    Source: the one-standard-error rule, Breiman, Friedman, Olshen & Stone 1984, "Classification and regression
    trees", section 3.4.3.

    >>> winner_of({"head_only": 0.90, "all_layers": 0.91}, {"head_only": 1.0, "all_layers": 9.0}, 0.02)
    'head_only'
    """
    if not scores:
        return None
    floor = max(scores.values()) - (error if math.isfinite(error) else 0.0)
    return min((s for s in scores if scores[s] >= floor), key=lambda s: (costs[s], -scores[s]))


def front_of(scores: dict[Strategy, float], costs: dict[Strategy, float]) -> tuple[Strategy, ...]:
    """Return the lanes that no other one beats in score without costing more, cheapest first.

    >>> front_of({"a": 0.8, "b": 0.7, "c": 0.9}, {"a": 1.0, "b": 2.0, "c": 3.0})
    ('a', 'c')
    """
    found: list[Strategy] = []
    for name in sorted(scores, key=lambda s: (costs[s], -scores[s])):
        if not found or scores[name] > scores[found[-1]]:
            found.append(name)
    return tuple(found)


def _passes(cost: Cost, free_share: float) -> float:
    return cost.base_images + cost.partial_images * free_share


def _constant(value: float) -> Measure:
    def measure(_weights: NDArray[np.float64]) -> float:
        return value

    return measure


def _record(run: Run) -> RunRecord | None:
    try:
        return run.record
    except RunError:
        return None
