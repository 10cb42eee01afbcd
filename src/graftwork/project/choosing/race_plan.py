"""From a flow and what is wanted of a race to its plan: what lanes do, what they share, where they may be cut off."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graftwork.documents.flow import Flow
from graftwork.documents.race import LanePlan, RaceChoices, RacePlan, Rung
from graftwork.documents.recipe import Strategy
from graftwork.errors import GraftworkError, RunError, StorageError, UsageError
from graftwork.project.choosing.race_lanes import ORDER, lane_flow
from graftwork.project.choosing.race_left import Price, Prices
from graftwork.project.choosing.race_rungs import RATIO, Work, at_most, choose_rungs, fit_budget, straight
from graftwork.project.choosing.race_words import lane_words
from graftwork.project.sources import images_settings_of

if TYPE_CHECKING:
    from graftwork.data import ImageSet
    from graftwork.engine.shared_work import LaneSurvey
    from graftwork.engine.workspace import Workspace

__all__ = ["Course", "make_course", "prices_of", "same_course"]

_START_SECONDS = 1.5
"""Of each time that a run is opened: data, base, scoring."""
_MARGIN = 0.9
"""Of a budget that the estimates may fill: they are estimates."""


@dataclass(frozen=True)
class Course:
    """A race that is ready to run.

    Args:
        plan: what it does.
        surveys: of the lanes, and of the head alone that lanes start from, by strategy.
        images: split, of the first seed.
    """

    plan: RacePlan
    surveys: Mapping[Strategy, LaneSurvey]
    images: ImageSet

    @property
    def needs_probe(self) -> bool:
        """Whether any lane starts from the head alone."""
        return any(lane.probe == "shared" for lane in self.plan.lanes if _runs(lane))

    @property
    def draws_anew(self) -> bool:
        """Whether each seed stores values of its own: its augmented views differ, or a base's random weights do."""
        return _draws_anew(self.needed())

    def needed(self) -> list[LaneSurvey]:
        """Return the surveys of what is trained: the lanes, and the head alone where they start from it."""
        return _needed(self.plan.lanes, self.surveys)


def make_course(flow: Flow, choices: RaceChoices, workspace: Workspace) -> Course:
    """Survey the lanes of a race and plan it.

    Args:
        flow: whose base, data and recipe the lanes take.
        choices: what is wanted.
        workspace: the project's folders.

    Raises:
        UsageError: no backbone, no validation images, or a budget that is too small; it names the smallest.
        GraftworkError: no lane can be planned; the first one's error.
    """
    images, surveys, refused = _survey(flow, choices, workspace)
    lanes = _lanes(choices, surveys, refused)
    counts = {split: len(images.of_split(split)) for split in ("train", "validation", "test")}
    if not counts["validation"]:
        raise UsageError(
            "A race is decided on validation images, and there are none.", hint="Write --validation 0.15."
        )
    epochs, rungs = _rungs(lanes, surveys, choices, flow)
    if epochs < flow.recipe.epochs:  # phases before the main one may follow its length
        images, surveys, refused = _survey(flow, choices, workspace, epochs=epochs)
        lanes = _lanes(choices, surveys, refused)
    done = tuple(_with_epochs(lane, surveys, epochs) for lane in lanes)
    alone = {lane.strategy: lane.passes for lane in done if _runs(lane)}
    dearest = max(alone, key=lambda s: alone[s])
    work = _work(done, surveys, choices, "passes", is_cut=len(rungs) > 1)
    seconds = _work(done, surveys, choices, "seconds", is_cut=len(rungs) > 1)
    plan = RacePlan(
        lanes=done,
        rungs=rungs,
        epochs=epochs,
        data_digest=images.digest(),
        num_images=counts,
        base=next(s.plan.base for name, s in surveys.items() if name != "from_scratch" or len(surveys) == 1),
        shared_rows=max((s.rows for s in _needed(done, surveys)), default=0),
        seconds=round(at_most(seconds, rungs), 1),
        passes=at_most(work, rungs),
        dearest=dearest,
        ratio=at_most(work, rungs) / (choices.seeds * alone[dearest]),
        notes=tuple(_notes(flow, choices, epochs, surveys)),
    )
    return Course(plan, surveys, images)


def same_course(flow: Flow, choices: RaceChoices, plan: RacePlan, workspace: Workspace) -> Course:
    """Survey the lanes of a race whose plan was made in an earlier sitting.

    Raises:
        RunError: the images changed since.
    """
    images, surveys, _ = _survey(flow, choices, workspace, epochs=plan.epochs)
    if images.digest() != plan.data_digest:
        raise RunError(
            f"The images of {images.source} changed since this race began: its lanes would not compare.",
            hint="Put them back as they were, or start a new race.",
        )
    return Course(plan, surveys, images)


def prices_of(course: Course, seeds: int) -> Prices:
    """Return what the parts of a race are estimated to take, for the time that is left of it.

    Args:
        course: of the race.
        seeds: runs of each lane.
    """
    running = [lane for lane in course.plan.lanes if _runs(lane)]
    shared = [s.extract_seconds for s in course.needed() if s.rows and not s.adapts]
    has_head = any(lane.probe == "shared" or lane.strategy == "head_only" for lane in running)
    return Prices(
        shared_pass=max(shared, default=0.0) * (seeds if course.draws_anew else 1),
        head=_price(course.surveys["head_only"]) if has_head else None,
        lanes={
            lane.strategy: _price(course.surveys[lane.strategy], lane)
            for lane in running
            if lane.strategy != "head_only"
        },
    )


def _price(own: LaneSurvey, lane: LanePlan | None = None) -> Price:
    before = own.extract_seconds if own.adapts else 0.0
    if lane is None or lane.probe != "shared":
        phases = zip(own.plan.phases[:-1], own.epoch_seconds, strict=False)
        before += sum(phase.epochs * seconds for phase, seconds in phases)
    epochs = own.plan.phases[-1].epochs if lane is None else lane.epochs
    return Price(around=_START_SECONDS, before=before, epoch=own.epoch_seconds[-1], epochs=epochs)


def _survey(
    flow: Flow, choices: RaceChoices, workspace: Workspace, *, epochs: int | None = None
) -> tuple[ImageSet, dict[Strategy, LaneSurvey], dict[Strategy, GraftworkError]]:
    from graftwork.engine.shared_work import images_of, survey

    flow = flow if epochs is None else flow.edit(recipe=flow.recipe.edit(epochs=epochs))
    lane_flow(flow, "head_only")  # says what is wrong with a flow without a base before data are read
    images = images_of(flow, workspace)
    found: dict[Strategy, LaneSurvey] = {}
    refused: dict[Strategy, GraftworkError] = {}
    for strategy in (s for s in ORDER if s in choices.strategies or s == "head_only"):
        try:
            found[strategy] = survey(lane_flow(flow, strategy), images, workspace)
        except StorageError:
            raise
        except GraftworkError as error:
            refused[strategy] = error
    if not set(found) & set(choices.strategies):
        raise refused[choices.strategies[0]]
    return images, found, refused


def _lanes(
    choices: RaceChoices,
    surveys: Mapping[Strategy, LaneSurvey],
    refused: Mapping[Strategy, GraftworkError],
) -> tuple[LanePlan, ...]:
    from graftwork.engine.shared_work import is_same_phase, is_same_training

    lanes: list[LanePlan] = []
    head = surveys.get("head_only")
    for strategy in (s for s in ORDER if s in choices.strategies):
        if strategy in refused:
            error = refused[strategy]
            said = " ".join(filter(None, [error.message, error.hint]))
            lanes.append(LanePlan(strategy=strategy, words="cannot be trained", refused=said))
            continue
        own = surveys[strategy]
        known = (s for s in (lane.strategy for lane in lanes if _runs(lane)))
        same = next((s for s in known if is_same_training(own, surveys[s])), None)
        probes = len(own.plan.phases) > 1
        shares = probes and head is not None and is_same_phase(own.plan.phases[0], head.plan.phases[0])
        lanes.append(
            LanePlan(
                strategy=strategy,
                words=lane_words(own.plan),
                same_as=same,
                cut=own.plan.cut,
                num_trainable=own.plan.num_trainable,
                probe="shared" if shares else "own" if probes else "none",
                is_cached=own.plan.phases[-1].from_cache,
                free_share=own.shares[-1],
            )
        )
    return tuple(lanes)


def _draws_anew(stored: Sequence[LaneSurvey]) -> bool:
    return any(
        s.rows and (s.flow.recipe.augment != "none" or s.plan.base.startswith("random:")) for s in stored
    )


def _needed(lanes: Sequence[LanePlan], surveys: Mapping[Strategy, LaneSurvey]) -> list[LaneSurvey]:
    names = [lane.strategy for lane in lanes if _runs(lane)]
    if any(lane.probe == "shared" for lane in lanes if _runs(lane)):
        names = ["head_only", *names]
    return [surveys[name] for name in dict.fromkeys(names)]


def _runs(lane: LanePlan) -> bool:
    return lane.same_as is None and lane.refused is None


def _with_epochs(lane: LanePlan, surveys: Mapping[Strategy, LaneSurvey], epochs: int) -> LanePlan:
    """Return a lane with what it costs at a number of epochs of its main phase."""
    if lane.refused is not None:
        return lane
    own = surveys[lane.strategy]
    own_epochs = own.plan.phases[-1].epochs if lane.strategy == "head_only" else epochs
    counts = _counts(own)
    each = [_epoch_passes(own, i) for i in range(len(own.plan.phases))]
    numbers = [*(p.epochs for p in own.plan.phases[:-1]), own_epochs]
    passes = own.rows + sum(n * p for n, p in zip(numbers, each, strict=True))
    passes += sum(counts["validation"] * _weight(own, i) for i in range(len(each))) + _scoring(own)
    seconds = _START_SECONDS + own.extract_seconds
    seconds += sum(n * s for n, s in zip(numbers, own.epoch_seconds, strict=True))
    return lane.edit(
        epochs=own_epochs,
        epoch_seconds=own.epoch_seconds[-1],
        seconds=round(seconds, 2),
        epoch_passes=each[-1],
        passes=passes,
    )


def _counts(own: LaneSurvey) -> dict[str, int]:
    return {"train": 0, "validation": 0, "test": 0, **own.plan.num_images}


def _weight(own: LaneSurvey, phase: int) -> float:
    """Return what an image in a phase amounts to: all of the base, or its free part after stored features."""
    return own.shares[phase] if own.plan.phases[phase].from_cache else 1.0


def _epoch_passes(own: LaneSurvey, phase: int) -> float:
    counts = _counts(own)
    return (counts["train"] + counts["validation"]) * _weight(own, phase)


def _scoring(own: LaneSurvey) -> float:
    counts = _counts(own)
    return (counts["validation"] + counts["test"]) * _weight(own, -1)


def _work(
    lanes: Sequence[LanePlan],
    surveys: Mapping[Strategy, LaneSurvey],
    choices: RaceChoices,
    unit: str,
    *,
    is_cut: bool,
) -> Work:
    """Return what a race costs: what is done in any case, and what an epoch of each lane costs."""
    running = [lane for lane in lanes if _runs(lane)]
    needs_head = any(lane.probe == "shared" or lane.strategy == "head_only" for lane in running)
    tuned = [lane for lane in running if lane.strategy != "head_only"]
    stored = _needed(lanes, surveys)
    passes_once = choices.seeds if _draws_anew(stored) else 1
    fixed = per_seed = 0.0
    if unit == "passes":
        fixed = passes_once * max((s.rows for s in stored), default=0)
    else:
        fixed = passes_once * max((s.extract_seconds for s in stored), default=0.0)
    if needs_head:
        per_seed += _own_part(surveys["head_only"], range(1), unit)
    for lane in tuned:
        own = surveys[lane.strategy]
        first = len(own.plan.phases) - 1
        per_seed += _own_part(own, range(first if lane.probe == "shared" else 0, first), unit)
        if unit == "passes":
            per_seed += _counts(own)["validation"] * _weight(own, -1) + _scoring(own)
            per_seed += own.flow.recipe.batch * _weight(own, -1) if is_cut else 0.0
        else:
            per_seed += _START_SECONDS * (3 if is_cut else 1)
    each = [_epoch_passes(surveys[t.strategy], -1) for t in tuned]
    if unit != "passes":
        each = [surveys[t.strategy].epoch_seconds[-1] for t in tuned]
    return Work(fixed + choices.seeds * per_seed, tuple(choices.seeds * e for e in each))


def _own_part(own: LaneSurvey, phases: range, unit: str) -> float:
    """Return the cost of phases that a lane does whatever is cut: a head alone, or a probe of its own."""
    total = 0.0
    for i in phases:
        epochs = own.plan.phases[i].epochs
        if unit == "passes":
            total += epochs * _epoch_passes(own, i) + _counts(own)["validation"] * _weight(own, i)
        else:
            total += epochs * own.epoch_seconds[i]
    if own.plan.strategy == "head_only":
        total += _scoring(own) if unit == "passes" else _START_SECONDS
    return total


def _rungs(
    lanes: Sequence[LanePlan], surveys: Mapping[Strategy, LaneSurvey], choices: RaceChoices, flow: Flow
) -> tuple[int, tuple[Rung, ...]]:
    epochs = flow.recipe.epochs

    halved = straight(epochs)
    if choices.halving:
        alone = max(_with_epochs(lane, surveys, epochs).passes for lane in lanes if _runs(lane))
        passes = _work(lanes, surveys, choices, "passes", is_cut=True)
        halved = _halved(passes, epochs, RATIO * choices.seeds * alone)
    if choices.budget_minutes is None:
        return epochs, halved
    budget, seconds = (
        _MARGIN * 60 * choices.budget_minutes,
        _work(lanes, surveys, choices, "seconds", is_cut=True),
    )
    if choices.halving and at_most(seconds, halved) <= budget:
        return epochs, halved
    if (found := fit_budget(seconds, epochs, budget)) is not None:
        return found
    least = math.ceil(10 * at_most(seconds, straight(1)) / _MARGIN / 60) / 10
    raise UsageError(
        f"A budget of {choices.budget_minutes:g} minutes is too small: one epoch of each lane takes about {least:g} "
        "minutes with what comes before it.",
        hint=f"Give at least --budget {least:g}, or fewer --strategies or --seeds.",
        minutes=least,
    )


def _halved(work: Work, epochs: int, limit: float) -> tuple[Rung, ...]:
    """Return the gentlest rungs under a limit; where there are none, the cheapest."""
    if (found := choose_rungs(work, epochs, limit=limit)) is not None:
        return found
    lanes = len(work.per_epoch)
    if lanes < 2 or epochs < 2:
        return straight(epochs)
    return (Rung(epochs=1, keep=1), Rung(epochs=epochs, keep=0))


def _notes(
    flow: Flow, choices: RaceChoices, epochs: int, surveys: Mapping[Strategy, LaneSurvey]
) -> list[str]:
    said = []
    dropped = [
        k for n in flow.of_component("backbone") for k in ("cut", "freeze", "unfreeze") if n.settings.get(k)
    ]
    if dropped:
        said.append(
            f"Each lane has its own cut: the flow's {', '.join(dict.fromkeys(dropped))} was left out."
        )
    if epochs < flow.recipe.epochs:
        said.append(
            f"The budget allows {epochs} of {flow.recipe.epochs} epochs, for all lanes alike: longer training may rank "
            "them otherwise."
        )
    if any(s.adapts for s in surveys.values()):
        said.append(
            "Batch-norm statistics are estimated again for each lane, so lanes store features of their own."
        )
    if images_settings_of(flow).train_share < 1 and choices.seeds > 1:
        said.append("Each seed draws its own share of the training images.")
    return said
