"""What the finished runs of a learning curve say together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from graftwork.documents.learning_curve import (
    CurveChoices,
    CurveGain,
    CurvePoint,
    Forecast,
    LabelsNeeded,
    LearningCurve,
)
from graftwork.documents.record import Interval, main_score
from graftwork.errors import RunError
from graftwork.project.controls import constant_score
from graftwork.project.looks.curve_runs import Point, PointKind, done_run, of_kind, points_of
from graftwork.project.looks.curve_words import answer_of
from graftwork.project.looks.stored_scores import StoredScore, stored_score
from graftwork.project.run import Run

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from graftwork.insight.learning_curve import Resampled
    from graftwork.insight.measures import Measure
    from graftwork.project.project import Project

__all__ = ["curve_of", "split_of"]

KINDS: tuple[PointKind, ...] = ("transfer", "scratch")
_AHEAD = 2


def split_of(run: Run) -> Literal["test", "validation"]:
    """Return the split that a run's points are scored on.

    Raises:
        RunError: the run has no scores.
    """
    metrics = run.record.metrics
    if not metrics:
        raise RunError(
            f"The run {run.id} has no scores, so there is nothing to compare.",
            hint=f"Finish it with graftwork runs resume {run.id}; it wants validation or test images.",
            run=run.id,
        )
    return "test" if "test" in metrics else "validation"


def curve_of(project: Project, run: Run, choices: CurveChoices, faults: Sequence[str] = ()) -> LearningCurve:
    """Return the learning curve as far as its runs are finished.

    Args:
        project: where the run lies.
        run: the run that is asked about.
        choices: what is measured.
        faults: why runs failed; they become notes.

    Raises:
        RunError: the run has no scores.
        UsageError: its flow has no backbone.
    """
    return _Reading(project, run, choices, faults).curve()


class _Reading:
    """The finished points of a curve, and what is computed from them."""

    def __init__(self, project: Project, run: Run, choices: CurveChoices, faults: Sequence[str]) -> None:
        self.run, self.choices, self.notes = run, choices, list(faults)
        self.split = split_of(run)
        self.points = points_of(run, choices)
        found = {p: done_run(project, run, p) for p in self.points}
        self.runs: dict[Point, Run] = {p: r for p, r in found.items() if r is not None}
        self.scores = self._scores()

    def _scores(self) -> dict[Point, StoredScore]:
        """Return the scores of the points on the images that the run was scored on; others are left out and told."""
        wanted = stored_score(self.run, self.split)
        found = {}
        for point, run in self.runs.items():
            score = stored_score(run, self.split)
            if score is None or wanted is None or score.keys != wanted.keys:
                self.notes.append(f"Left out, as it was scored on other images: {point.words}.")
                continue
            found[point] = score
        self.num_images = self.run.record.metrics[self.split].num_images
        return found

    def curve(self) -> LearningCurve:
        import numpy as np

        resampled = self._resampled()
        sizes = np.array([self._labels(share) for share in self.choices.shares], dtype=np.float64)
        lines = [self._line(resampled, number, kind) for number, kind in enumerate(KINDS)]
        needed = self._needed(resampled, sizes)
        enough = self._enough(resampled, sizes)
        record = self.run.record
        name = main_score(record.metrics[self.split])[0]
        return LearningCurve(
            run=self.run.id,
            name=record.name,
            score_name=name,
            split=self.split,
            num_images=self.num_images,
            choices=self.choices,
            transfer=lines[0],
            scratch=lines[1],
            constant=constant_score(record.metrics[self.split]),
            gains=self._gains(resampled),
            needed=needed,
            enough=enough,
            forecast=self._forecast(resampled, sizes),
            answer=answer_of(lines[0], lines[1], needed, enough, score_name=name),
            notes=(*self.notes, *self._cautions(lines)),
            done=len(self.runs),
            total=len(self.points),
            seconds=sum(_seconds(run) for run in self.runs.values()),
        )

    def _cautions(self, lines: Sequence[Sequence[CurvePoint]]) -> list[str]:
        said = []
        if self.choices.seeds == 1:
            said.append("One seed: the intervals know which images are tested, not which labels are drawn.")
        elif self.choices.seeds < 5:
            said.append(f"{self.choices.seeds} seeds tell little of the spread between draws of labels.")
        if any(score.measure is None for score in self.scores.values()):
            said.append(
                "Predictions of each image are not stored: the intervals know the spread of seeds alone."
            )
        constant = constant_score(self.run.record.metrics[self.split])
        if constant is not None and lines[1] and lines[1][-1].score.value <= constant:
            said.append(
                f"From scratch scores no more than a constant answer ({constant:.3f}): it learned nothing, so what is saved says little."
            )
        if self.run.record.base.startswith("random:"):
            said.append(
                "The base of this run has random weights: what is called transfer here transfers nothing."
            )
        return said

    def _resampled(self) -> Resampled:
        from graftwork.insight.learning_curve import resample

        table = [
            [[self._measure(p) for p in self._seeds(kind, share)] for share in self.choices.shares]
            for kind in KINDS
        ]
        return resample(table, max(1, self.num_images))

    def _seeds(self, kind: PointKind, share: float) -> list[Point | None]:
        by_number = {p.number: p for p in of_kind(self.points, kind, share)}
        return [by_number.get(number) for number in range(self.choices.seeds)]

    def _measure(self, point: Point | None) -> Measure | None:
        score = None if point is None else self.scores.get(point)
        if score is None:
            return None
        return score.measure if score.measure is not None else lambda _weights: score.value

    def _labels(self, share: float) -> int:
        """Return the training images of a share: of its first seed that is done, else about as many."""
        whole = 0.0
        for point, run in self.runs.items():
            data = run.record.data
            count = 0 if data is None else data.num_images.get("train", 0)
            if point.share == share and count:
                return count
            whole = max(whole, count / point.share)
        data = self.run.record.data
        return max(1, round(share * (whole or (data.num_images.get("train", 1) if data else 1))))

    def _line(self, resampled: Resampled, number: int, kind: PointKind) -> tuple[CurvePoint, ...]:
        from graftwork.engine.metrics.bootstrap import interval_of

        line = []
        for i, share in enumerate(self.choices.shares):
            done = [p for p in of_kind(self.points, kind, share) if p in self.scores]
            if not done:
                continue
            line.append(
                CurvePoint(
                    share=share,
                    num_labels=self._labels(share),
                    score=interval_of(float(resampled.scores[number, i]), resampled.draws[:, number, i]),
                    scores=tuple(self.scores[p].value for p in done),
                    seconds=sum(_seconds(self.runs[p]) for p in done),
                )
            )
        return tuple(line)

    def _gains(self, resampled: Resampled) -> tuple[CurveGain, ...]:
        from graftwork.engine.metrics.bootstrap import interval_of

        gains = resampled.scores[0] - resampled.scores[1]
        draws = resampled.draws[:, 0] - resampled.draws[:, 1]
        return tuple(
            CurveGain(
                share=share, num_labels=self._labels(share), gain=interval_of(float(gains[i]), draws[:, i])
            )
            for i, share in enumerate(self.choices.shares)
            if math.isfinite(gains[i])
        )

    def _needed(self, resampled: Resampled, sizes: NDArray[np.float64]) -> tuple[LabelsNeeded, ...]:
        """Return what scratch needs for each point of transfer; nothing before scratch has all its points."""
        (own, other), draws = resampled.scores, resampled.draws
        if not all(math.isfinite(v) for v in other):
            return ()
        found = []
        for i in range(len(sizes)):
            if math.isfinite(own[i]):
                goal = _goal(sizes, other, draws[:, 1], float(own[i]), draws[:, 0, i])
                found.append(_needed_as(int(sizes[i]), float(own[i]), goal))
        return tuple(found)

    def _enough(self, resampled: Resampled, sizes: NDArray[np.float64]) -> LabelsNeeded | None:
        (own, other), draws = resampled.scores, resampled.draws
        if not math.isfinite(other[-1]) or not all(math.isfinite(v) for v in own):
            return None
        goal = _goal(sizes, own, draws[:, 0], float(other[-1]), draws[:, 1, -1])
        return _needed_as(int(sizes[-1]), float(other[-1]), goal)

    def _forecast(self, resampled: Resampled, sizes: NDArray[np.float64]) -> Forecast | None:
        from graftwork.insight.learning_curve import forecast

        ahead = int(_AHEAD * sizes[-1])
        found = forecast(sizes, resampled.scores[0], resampled.draws[:, 0], ahead)
        if found is None or not math.isfinite(resampled.scores[0, -1]):
            return None
        law, score = found
        return Forecast(num_labels=ahead, score=score, top=law.top, scale=law.scale, exponent=law.exponent)


def _goal(
    sizes: NDArray[np.float64],
    scores: NDArray[np.float64],
    draws: NDArray[np.float64],
    target: float,
    targets: NDArray[np.float64],
) -> Interval:
    from graftwork.insight.learning_curve import crossing_interval

    return crossing_interval(sizes, scores, draws, target, targets)


def _needed_as(num_labels: int, score: float, found: Interval) -> LabelsNeeded:
    needed, low, high = (v if math.isfinite(v) else None for v in (found.value, found.low, found.high))
    return LabelsNeeded(num_labels=num_labels, score=score, needed=needed, low=low, high=high)


def _seconds(run: Run) -> float:
    cost = run.record.cost
    return 0.0 if cost is None else cost.seconds
