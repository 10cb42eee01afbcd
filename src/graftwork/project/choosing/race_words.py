"""What a race says in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from graftwork.documents.plan import INPUT_CUT, Plan
from graftwork.documents.race import AdviceVerdict, RaceLane
from graftwork.documents.recipe import Strategy
from graftwork.documents.record import Interval

__all__ = ["advice_sentence", "answer_of", "ended_why", "lane_words", "name_of"]

_NAMES: dict[Strategy, str] = {
    "head_only": "the head alone",
    "some_layers": "some layers",
    "most_layers": "most layers",
    "all_layers": "all layers",
    "probe_then_tune": "all layers after a probe",
    "from_scratch": "from scratch",
}


def name_of(strategy: Strategy) -> str:
    """Return a strategy's name in a sentence."""
    return _NAMES[strategy]


def lane_words(plan: Plan) -> str:
    """Return what a lane trains, for people."""
    if plan.strategy == "from_scratch":
        return "all layers, from random weights"
    moving = sum(s.moving for s in plan.stages)
    whole = sum(s.num_parameters for s in plan.stages)
    if not moving:
        return "the head alone on the frozen base"
    first = "after a probe" if len(plan.phases) > 1 else "from the first step"
    if plan.cut == INPUT_CUT:
        return f"all of the base, {first}"
    return f"the stages after '{plan.cut}', {100 * moving / max(1, whole):.0f} % of the base, {first}"


def ended_why(epochs: int, ended: Sequence[Strategy], num_lanes: int, *, was_late: bool) -> str:
    """Return why lanes were cut off at a rung."""
    names = " and ".join(name_of(s) for s in ended)
    verb = "were" if len(ended) > 1 else "was"
    why = f"After epoch {epochs}, {names} {verb} behind on the validation images and cut off; {num_lanes} {_go(num_lanes)} on."
    return why + (
        " The rung let more lanes go on, but epochs take longer than estimated." if was_late else ""
    )


def _go(number: int) -> str:
    return "lane goes" if number == 1 else "lanes go"


def answer_of(
    lanes: Sequence[RaceLane],
    winner: Strategy | None,
    best: Strategy | None,
    gain: Interval | None,
    advice: AdviceVerdict | None,
    *,
    score_name: str,
    split: str,
) -> str:
    """Return the verdict of a race in a few sentences."""
    by_name = {lane.strategy: lane for lane in lanes}
    raced = [lane for lane in lanes if lane.validation is not None and lane.same_as is None]
    if winner is None or best is None or not raced:
        return "No lane has a score yet."
    name = score_name.replace("_", " ")
    if len(raced) == 1:
        only = raced[0]
        return f"One lane has scores, {name_of(only.strategy)}: {_on(only, split, name)}. There is nothing to compare it with."
    said = [f"Take {name_of(winner)}: {_on(by_name[winner], split, name)}."]
    if best == winner:
        said.append("It is best on the validation images.")
    else:
        cost = by_name[best].cost, by_name[winner].cost
        times = (
            cost[0].alone_passes / cost[1].alone_passes if cost[0] and cost[1] and cost[1].alone_passes else 0
        )
        dearer = f", at {times:.1f} times the cost" if times >= 1.05 else ""
        said.append(
            f"On the validation images {name_of(best)} is ahead by less than one standard error{dearer}."
        )
    if gain is not None and winner != "from_scratch":
        scratch = by_name["from_scratch"]
        early = f" (stopped at epoch {scratch.epoch})" if scratch.status == "stopped" else ""
        if gain.value >= 0:
            said.append(f"Training from scratch{early} is {_points(gain)} points below it.")
        else:
            turned = Interval(value=-gain.value, low=-gain.high, high=-gain.low)
            said.append(
                f"Training from scratch{early} is {_points(turned)} points above it: transfer did not pay."
            )
    if advice is not None:
        said.append(advice_sentence(advice))
    return " ".join(said)


def advice_sentence(advice: AdviceVerdict) -> str:
    """Return whether advice held."""
    advised = f"The advice was {name_of(advice.strategy)}"
    if advice.stopped_at is not None:
        advised += f", cut off at epoch {advice.stopped_at}, so this says little of it"
    if not advice.was_raced:
        return f"{advised}, which was not raced."
    if advice.is_best:
        return f"{advised}: no lane scores higher on the test images."
    if advice.regret is None:
        return f"{advised}; {name_of(advice.best)} scores higher, by how much is not known."
    return f"{advised}: {_points(advice.regret)} points below {name_of(advice.best)} on the test images."


def _on(lane: RaceLane, split: str, name: str) -> str:
    score = lane.test if split == "test" and lane.test is not None else lane.validation
    if score is None:
        return "not scored"
    return f"{name} {score.value:.3f} on the {split} images (95 %: {score.low:.3f} to {score.high:.3f})"


def _points(gain: Interval) -> str:
    return f"{gain.value:.1f} ({gain.low:.1f} to {gain.high:.1f})"
