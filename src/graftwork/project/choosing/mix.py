"""The line between where a run's training began and where it ended: its scores, and a run from a place on it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graftwork.documents.averaged import AveragedParent, AveragedRun, StartKind
from graftwork.documents.mix_curve import MixCurve, MixPoint
from graftwork.documents.record import Interval, main_score
from graftwork.errors import RunError, UsageError
from graftwork.project.choosing.averaging import Stop, begin_again, never, weights_of, write_run
from graftwork.project.execute import OnEvent
from graftwork.project.run import Run

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn.modules.batchnorm import _BatchNorm

    from graftwork.engine.start_again import Measured, StartAgain
    from graftwork.project.bench_state import BenchState
    from graftwork.project.project import Project

__all__ = ["MixedRun", "make_mix", "measure_mix", "mix_run_task", "mix_task"]

_RULES = 1  # another way to measure is another number: what was kept is made anew


@dataclass(frozen=True)
class MixedRun:
    """What mixing gave.

    Args:
        curve: scores along the line.
        t: the place of the new run.
        run: the new run.
    """

    curve: MixCurve
    t: float
    run: Run


def mix_task(state: BenchState, run_id: str, steps: int = 11) -> MixCurve:
    """Return the scores along the line, for a page of the studio."""
    return measure_mix(state.project, state.project.find(run_id), steps=steps, stop=state.stop)


def mix_run_task(state: BenchState, run_id: str, t: float) -> str:
    """Write the weights at ``t`` as a run and return its id."""
    run = state.project.find(run_id)
    return make_mix(state.project, run, t=t, stop=state.stop).run.id


def make_mix(
    project: Project,
    run: Run,
    *,
    t: float | None = None,
    steps: int = 11,
    on_event: OnEvent | None = None,
    stop: Stop = never,
) -> MixedRun:
    """Measure the line and write one place of it as a new run.

    Args:
        project: gets the run.
        run: with weights.
        t: the place; None: the one that scores best on validation, of ``steps`` evenly spaced ones.
        steps: places that are measured when ``t`` is not given; 0 and 1 are among them.
        on_event: called with each event of the new run.
        stop: asked often; true ends the work.

    Raises:
        UsageError: t or steps out of range.
        RunError: no weights, no validation images to choose by, or a start that cannot be made again.
    """
    places = _places(steps) if t is None else _with_ends(t)
    line = _Line(project, run, stop)
    curve = _kept(project, run, places, line)
    chosen = curve.chosen_t if t is None else float(t)
    if chosen is None:
        raise RunError(
            f"The run {run.id} has no validation images to choose t by.",
            hint="Name a place with --t, or train with a share of validation images.",
            run=run.id,
        )
    return MixedRun(curve, chosen, line.write(chosen, curve if t is None else None, on_event))


def measure_mix(project: Project, run: Run, *, steps: int = 11, stop: Stop = never) -> MixCurve:
    """Return the scores along the line; they are kept with the run, and test images choose nothing."""
    return _kept(project, run, _places(steps), _Line(project, run, stop))


def _places(steps: int) -> tuple[float, ...]:
    if not 2 <= steps <= 101:
        raise UsageError(f"{steps} steps: from 2 to 101 are possible.", hint="11 gives t = 0, 0.1, … 1.")
    return tuple(round(i / (steps - 1), 6) for i in range(steps))


def _with_ends(t: float) -> tuple[float, ...]:
    if not 0 <= t <= 1:
        raise UsageError(f"t is {t:g}: it lies from 0, the start, to 1, the run.", hint="0.5 is half way.")
    return tuple(sorted({0.0, float(t), 1.0}))


def _kept(project: Project, run: Run, places: tuple[float, ...], line: _Line) -> MixCurve:
    look = project.inspect(run.id)
    facts = {"places": places, "rules": _RULES, "data": look.data_digest}
    return look.kept(MixCurve, "mix", facts, lambda: line.curve(places))


class _Line:
    """Start and end of a run, made when first wanted."""

    def __init__(self, project: Project, run: Run, stop: Stop) -> None:
        self.project, self.run, self.stop = project, run, stop
        self.end = weights_of(run)
        self._steps: StartAgain | None = None
        self._layers: list[_BatchNorm] = []
        self._has_others = False

    @property
    def steps(self) -> StartAgain:
        from graftwork.engine.averaging import differing_batch_norm, require_same_tensors

        if self._steps is None:
            made = begin_again(self.project, self.run, self.stop)
            require_same_tensors([("the start", made.start), (f"the run {self.run.id}", self.end)])
            self._require_same_start(made)
            self._layers, self._has_others = differing_batch_norm(made.network, [made.start, self.end])
            self._steps = made
        return self._steps

    def _require_same_start(self, made: StartAgain) -> None:
        """Refuse a start that scores otherwise than the run said when its main phase began."""
        told = next(
            (
                line.event
                for line in self.run.events()
                if line.event.kind == "epoch_ended" and line.event.phase == "main" and line.event.epoch == 0
            ),
            None,
        )
        if told is None or told.validation_loss is None:
            return
        found = made.measure(("validation",)).watched.get("loss")
        if found is not None and abs(found - told.validation_loss) > 1e-3 * max(1.0, told.validation_loss):
            raise RunError(
                f"The start of run {self.run.id} cannot be made again: its validation loss was "
                f"{told.validation_loss:.4f} and is {found:.4f} now.",
                hint="The base's files or the code changed since; train again, then mix.",
                run=self.run.id,
            )

    @property
    def kind(self) -> StartKind:
        return "after_probe" if self.steps.has_probe else "before_training"

    def at(self, t: float) -> dict[str, Tensor]:
        """Put the weights at t into the network and return them; statistics are re-estimated between the ends."""
        from graftwork.engine.averaging import interpolate

        weights = interpolate(self.steps.start, self.end, t)
        self.steps.put(weights, self._layers if 0 < t < 1 else ())
        return weights

    def curve(self, places: tuple[float, ...]) -> MixCurve:
        """Measure the line."""
        began = time.perf_counter()
        steps = self.steps
        measured = []
        for t in places:
            self.at(t)
            measured.append(steps.measure())
        name = next((main_score(s)[0] for m in measured for s in m.scores.values()), "accuracy")
        points = tuple(self._point(t, m) for t, m in zip(places, measured, strict=True))
        return MixCurve(
            run=self.run.id,
            start=self.kind,
            score=name,
            chosen_by=steps.objectives.chosen_by(steps.recipe.monitor),
            points=points,
            chosen_t=self._best(places, measured),
            reestimated_layers=len(self._layers),
            seconds=round(time.perf_counter() - began, 3),
            notes=self._notes(),
        )

    def _point(self, t: float, measured: Measured) -> MixPoint:
        found: dict[str, Interval] = {split: main_score(s)[1] for split, s in measured.scores.items()}
        name = self.steps.objectives.chosen_by(self.steps.recipe.monitor)
        return MixPoint(
            t=t,
            watched=measured.watched.get(name),
            validation=found.get("validation"),
            test=found.get("test"),
        )

    def _best(self, places: tuple[float, ...], measured: list[Measured]) -> float | None:
        """Return the place that an epoch would be chosen for; of equal ones the nearest to the run."""
        rank, monitor = self.steps.objectives.rank, self.steps.recipe.monitor
        ranked = [(rank(m.watched, monitor), t) for t, m in zip(places, measured, strict=True) if m.watched]
        return max(ranked)[1] if ranked else None

    def _notes(self) -> tuple[str, ...]:
        notes = []
        if self.kind == "before_training":
            notes.append(
                "This run had no probe: its start is the base with a head that was not trained, so that the line "
                "begins at chance."
            )
        if self._layers:
            notes.append(
                f"The statistics of {len(self._layers)} batch-norm layers differ between the ends; between them they "
                "are re-estimated on the training images."
            )
        if self._has_others:
            notes.append("Statistics of layers that cannot be re-estimated are mixed as weights are.")
        if not self.steps.images.of_split("validation"):
            notes.append("There are no validation images: nothing chooses t.")
        return tuple(notes)

    def write(self, t: float, curve: MixCurve | None, on_event: OnEvent | None) -> Run:
        """Write the weights at t as a run."""
        from graftwork.bases.digest import digest_tensors

        self.at(t)
        record, between = self.run.record, 0 < t < 1
        parents = tuple(
            AveragedParent(
                run=self.run.id,
                name=record.name,
                state=state,
                share=share,
                weights_digest=digest_tensors(weights),
            )
            for state, share, weights in (("start", 1 - t, self.steps.start), ("end", t, self.end))
        )
        averaged = AveragedRun(
            method="mix",
            parents=parents,
            t=t,
            start=self.kind,
            chosen_by=None if curve is None else curve.chosen_by,
            batch_norm=_batch_norm(self._layers, self._has_others) if between else "same",
            reestimated_layers=len(self._layers) if between else 0,
        )
        flow = self.run.flow.edit(name=f"{record.name}-mix-{t:g}")
        note = f"Mixed from the start ({1 - t:.0%}) and the end ({t:.0%}) of run {self.run.id}."
        return write_run(
            self.project,
            flow,
            lambda run: self.steps.write(run.path, flow, note, averaged=averaged),
            on_event,
        )


def _batch_norm(layers: list[_BatchNorm], has_others: bool) -> str:
    if layers:
        return "reestimated"
    return "averaged" if has_others else "same"
