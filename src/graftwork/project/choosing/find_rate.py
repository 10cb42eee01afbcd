"""The learning-rate finder of a flow: a range test from where the phase begins, kept, read and put into words."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from graftwork.documents.rate_test import RateChoices, RatePoint, RateTest
from graftwork.errors import DataError, PlanError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graftwork.documents.flow import Flow
    from graftwork.documents.plan import Phase
    from graftwork.engine.rate_test import RateCourse
    from graftwork.engine.start_again import StartAgain
    from graftwork.insight.rate_test import RateReading
    from graftwork.project.bench_state import BenchState
    from graftwork.project.looks.inspection import Inspection

__all__ = ["find_rate", "find_rate_task"]

_RULES = 1  # another test or another reading is another result: what was kept is made anew
_SPAN = 1e3
_LEAST = 5


def find_rate_task(state: BenchState, subject: Flow | str, choices: RateChoices) -> RateTest:
    """Return the range test of a flow or run, for the studio."""
    return find_rate(state.inspection(subject), choices)


def find_rate(inside: Inspection, choices: RateChoices | None = None) -> RateTest:
    """Return what a learning-rate range test of a flow shows, and the rate that it suggests.

    The phase begins where a run's would: the probe before it is trained first, stored features are found or stored. Then
    the rate rises from update to update. Only training images are trained on; nothing of it stays in the flow or a run.

    Args:
        inside: a flow or a run.
        choices: which phase, over which rates.

    Raises:
        FlowError, DataError, PlanError: as a run would; also when the flow has no such phase or it trains nothing.
        RunInterrupted: ``stop`` said so.
    """
    wanted = choices or RateChoices()
    facts = {
        "rules": _RULES,
        "flow": inside.flow.edit(name="", title="", description="", layout={}, groups=()).model_dump(
            mode="json"
        ),
        "data": inside.data_digest,
        "choices": wanted.model_dump(mode="json"),
    }
    return inside.kept(RateTest, "rate", facts, lambda: _made(inside, wanted))


def _made(inside: Inspection, choices: RateChoices) -> RateTest:
    from graftwork.engine.compute import deterministic
    from graftwork.engine.rate_test import planned_rate
    from graftwork.engine.start_again import StartAgain
    from graftwork.insight.rate_test import read_rates

    began = time.perf_counter()
    plan = inside.prepared.plan
    phase = _phase_of(plan.phases, choices.phase)
    again = StartAgain(
        inside.flow, plan, inside.workspace, stop=inside.stop, tell=inside.tell, phase=phase.name
    )
    planned = planned_rate(phase, again.network)
    lowest, highest = choices.lowest or planned / _SPAN, choices.highest or planned * _SPAN
    if lowest >= highest:
        raise PlanError(
            f"The rates would go from {lowest:g} to {highest:g}; they have to rise.",
            hint=f"The plan would take {planned:g}: choose a lowest rate below the highest.",
        )
    with deterministic(plan.compute):
        course = _tested(inside, again, phase, lowest, highest, choices.updates)
    inside.check_stop()
    if len(course.losses) < _LEAST:
        raise DataError(
            f"The loss was no number after {len(course.losses)} updates, at a rate of {lowest:g} and a little more.",
            hint="Choose a lower lowest rate, or look for values in the data that are no numbers.",
        )
    reading = read_rates(course.rates, course.losses, planned_updates=choices.updates)
    return RateTest(
        phase=phase.name,
        field="probe_learning_rate" if phase.name == "probe" else "learning_rate",
        planned=planned,
        points=tuple(
            RatePoint(rate=float(r), loss=float(x), smoothed=float(s))
            for r, x, s in zip(course.rates, course.losses, reading.smoothed, strict=True)
        ),
        noise=reading.noise,
        steepest=reading.steepest,
        lowest_loss_at=reading.lowest_at,
        rises_from=reading.rises_from,
        diverged=course.diverged,
        suggested=None if reading.suggested is None else _rounded(reading.suggested),
        words=_words(reading, course, planned),
        num_images=course.num_images,
        seconds=round(time.perf_counter() - began, 2),
    )


def _phase_of(phases: Sequence[Phase], name: str) -> Phase:
    found = next((phase for phase in phases if phase.name == name), None)
    if found is None:
        raise PlanError(
            "This flow trains no head first: it has no probe phase.",
            hint="Look for the rate of its main phase.",
        )
    if not found.groups:
        raise PlanError(
            "Nothing of this flow is trained by slopes, so no rate is wanted.",
            hint="Free a part of the base, or give the flow a head and an objective that learns.",
        )
    return found


def _tested(
    inside: Inspection, again: StartAgain, phase: Phase, lowest: float, highest: float, updates: int
) -> RateCourse:
    from graftwork.engine.phase_runner import PhaseRunner, PhaseState
    from graftwork.engine.phase_terms import PhaseTerms
    from graftwork.engine.prepare import open_terms
    from graftwork.engine.rate_test import range_test, rates_between

    plan, recipe, network = again.plan, again.recipe, again.network
    number = plan.phases.index(phase)
    whole = phase.edit(unfreezing=())  # one rate for all that the phase frees, sooner or later
    runner = PhaseRunner(
        network,
        whole,
        number,
        recipe,
        again.stores.split("train", phase),
        again.stores.split("validation", phase),
        again.objectives,
        plan.compute,
        PhaseState(),
        {name: tensor.detach() for name, tensor in network.tensors().items()},
        lambda _: None,
        open_terms(again.prepared, plan) if phase.terms else PhaseTerms(),
        again.stores.target(phase),
    )
    for event in runner.fit_terms():
        inside.tell(event)
    if recipe.stage_rates == "auto_rgn" and phase.name == "main":
        runner.measure_rates()
    return range_test(runner, rates_between(lowest, highest, updates), stop=inside.stop)


def _rounded(rate: float) -> float:
    return float(f"{rate:.1e}")


def _words(reading: RateReading, course: RateCourse, planned: float) -> str:
    from math import log10

    end = (
        f" It rises above where it began from {reading.rises_from:.1e} on."
        if reading.rises_from is not None
        else ""
    )
    if reading.suggested is None or reading.steepest is None:
        known = "" if reading.rises_from is None else f" Rates above {reading.rises_from / 10:.0e} are risky."
        return (
            f"The loss does not fall by more than its noise in {len(course.losses)} updates, so the test suggests no "
            f"rate.{end}{known} The plan would take {planned:.1e}."
        )
    apart = abs(log10(reading.suggested / planned))
    same = "about what" if apart < log10(2.0) else "more than" if reading.suggested > planned else "less than"
    return (
        f"The loss falls fastest at {reading.steepest:.1e} and is lowest at {reading.lowest_at:.1e}: take "
        f"{reading.suggested:.1e}, {same} the plan would take ({planned:.1e}).{end}"
    )
