"""All strategies side by side on the same data: what is run, how far it is, and what came out."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from graftwork.documents.document import Document, VersionedDocument
from graftwork.documents.recipe import Strategy
from graftwork.documents.record import Interval

__all__ = [
    "AdviceVerdict",
    "LaneCost",
    "LanePlan",
    "LaneState",
    "LaneStatus",
    "Race",
    "RaceChoices",
    "RaceCost",
    "RaceLane",
    "RacePlan",
    "RaceState",
    "RaceStatus",
    "Rung",
    "RungEnd",
]

RaceStatus = Literal["starting", "planning", "waiting", "running", "stopped", "failed", "finished"]
LaneStatus = Literal["waiting", "running", "paused", "stopped", "finished", "failed", "same"]
"""Of a lane.

- ``waiting``: it has not begun.
- ``running``: one of its seeds trains now.
- ``paused``: it is at the end of a rung and may go on.
- ``stopped``: it was cut off; what it had reached is kept and scored.
- ``finished``: it came to its end.
- ``failed``: it could not be trained; the others go on.
- ``same``: its training would be that of another lane, so it is not done twice.
"""


class RaceChoices(Document):
    """Which lanes run, how often, and for how long."""

    strategies: tuple[Strategy, ...] = Field(
        ("head_only", "some_layers", "most_layers", "all_layers", "probe_then_tune", "from_scratch"),
        min_length=1,
        description="The lanes. all_layers is plain fine-tuning: its head is not trained alone first.",
    )
    seeds: int = Field(
        2,
        ge=1,
        le=20,
        description="Runs of each lane; each has new layers and an order of images of its own.",
    )
    halving: bool = Field(
        False,
        description="After each rung the worse half of the lanes ends. A budget turns it on where needed.",
    )
    budget_minutes: Annotated[float, Field(gt=0.0)] | None = Field(
        None, description="What the whole race may take. Empty: as long as it takes."
    )

    advise: bool = Field(
        True, description="Ask for advice first, so that the race shows whether it was right."
    )

    @field_validator("strategies")
    @classmethod
    def _each_once(cls, strategies: tuple[Strategy, ...]) -> tuple[Strategy, ...]:
        return tuple(dict.fromkeys(strategies))


class Rung(Document):
    """A stretch of a race: how far the lanes train, and how many of them go on after it."""

    epochs: int = Field(description="Of the main phase, that a lane has behind it at the rung's end.")
    keep: int = Field(description="Lanes with epochs left that go on afterwards.")


class LanePlan(Document):
    """What one lane of a race does."""

    strategy: Strategy
    words: str = Field(description="What it trains, for people.")
    same_as: Strategy | None = Field(None, description="The lane that it would repeat step by step.")
    refused: str | None = Field(None, description="Why it cannot be planned; the others run without it.")
    cut: str = ""
    num_trainable: int = 0
    epochs: int = Field(0, description="Of its main phase.")
    probe: Literal["none", "own", "shared"] = Field(
        "none", description="'shared': it starts where the head alone ended, which is trained once for all."
    )
    is_cached: bool = Field(False, description="Whether its main phase reads features that are stored once.")
    free_share: float = Field(0.0, description="Of the base's work, that its main phase does in each step.")
    epoch_seconds: float = Field(0.0, description="Estimated, of one epoch of the main phase.")
    seconds: float = Field(0.0, description="Estimated, of one seed run alone.")
    epoch_passes: float = Field(0.0, description="Images through the whole base that an epoch amounts to.")
    passes: float = Field(0.0, description="The same of one seed run alone, from the first image on.")


class RacePlan(Document):
    """A race resolved before it runs."""

    lanes: tuple[LanePlan, ...]
    rungs: tuple[Rung, ...] = Field(description="The last one is the end.")
    epochs: int = Field(description="Of the main phase of each lane.")
    data_digest: str
    num_images: dict[str, int]
    base: str
    shared_rows: int = Field(
        description="Images and views that pass through the frozen base once for all lanes."
    )
    seconds: float = Field(description="Estimated, of the whole race; at most, where lanes are cut off.")
    passes: float = Field(description="Images through the whole base that the race amounts to, at most.")
    dearest: Strategy = Field(description="The lane that costs most alone.")
    ratio: float = Field(description="Passes of the race, at most, over those of the dearest lane alone.")
    notes: tuple[str, ...] = ()


class RungEnd(Document):
    """How the lanes stood at the end of a rung, and who was cut off."""

    epochs: int
    scores: dict[str, float] = Field(
        description="By lane: mean over seeds on the validation images, best so far."
    )
    ended: tuple[Strategy, ...]
    why: str


class LaneState(Document):
    """How far a lane is."""

    strategy: Strategy
    status: LaneStatus = "waiting"
    epoch: int = Field(0, description="Of the main phase, that all its seeds have behind them.")
    epochs: int = 0
    seed: int | None = Field(None, description="Number of the seed that trains now, from 1.")
    scores: tuple[tuple[float, ...], ...] = Field(
        (), description="Validation score after each epoch of the main phase, by seed; first as it began."
    )
    share: float = Field(0.0, description="Done of what it may do, 0 to 1.")
    seconds: float = Field(0.0, description="Spent so far.")
    seconds_left: float | None = None
    message: str | None = Field(None, description="Why it ended early or failed.")


class LaneCost(Document):
    """What a lane cost, all its seeds together."""

    seconds: float = Field(description="Of its own.")
    alone_seconds: float = Field(description="With what it took over from the work that lanes share.")
    base_images: int = Field(description="Images that entered the base at its input, for this lane alone.")
    partial_images: int = Field(description="Stored features that went through its unfrozen stages.")
    passes: float = Field(description="Both, each weighed by the share of the base's work that it does.")
    alone_passes: float = Field(description="The same, had nothing been shared.")


class RaceLane(Document):
    """What came out of a lane."""

    strategy: Strategy
    words: str
    status: LaneStatus
    same_as: Strategy | None = None
    message: str | None = None
    epoch: int = 0
    epochs: int = 0
    runs: tuple[str, ...] = Field((), description="Its scored runs, folders of the race, by seed.")
    validation: Interval | None = Field(
        None, description="Mean over seeds; by drawing images and seeds again."
    )
    test: Interval | None = Field(None, description="The same on the test images, which decide nothing.")
    validation_scores: tuple[Interval, ...] = Field((), description="Of each seed.")
    test_scores: tuple[Interval, ...] = Field((), description="Of each seed.")
    behind: Interval | None = Field(
        None,
        description="Test score below the winner's, paired: the same images and seeds are drawn for both.",
    )
    num_trainable: int = 0
    cost: LaneCost | None = None
    is_on_front: bool = Field(
        False, description="No other lane that ended by itself is as good on validation and cheaper."
    )


class RaceCost(Document):
    """What the race cost, and what it would have cost without sharing or cutting."""

    seconds: float
    shared_seconds: float = Field(
        description="Of the pass of the base and of heads that several lanes start from."
    )
    passes: float = Field(description="Images through the whole base that the race amounted to.")
    shared_passes: float
    apart_passes: float = Field(description="Of all lanes to their end, each on its own.")
    dearest: Strategy
    dearest_passes: float = Field(description="Of the dearest lane to its end, alone.")
    ratio: float = Field(description="Passes of the race over those of the dearest lane alone.")


class AdviceVerdict(Document):
    """Whether advice that was given before the race held."""

    strategy: Strategy
    best: Strategy = Field(description="Lane with the best test score.")
    was_raced: bool
    is_best: bool
    regret: Interval | None = Field(
        None, description="Points on the test images below the best lane, paired."
    )
    stopped_at: int | None = Field(
        None,
        description="Epoch at which the advised lane was cut off; its regret then says little of the whole training.",
    )


class Race(VersionedDocument):
    """Strategies side by side on the same images: scores, costs, and which one to take."""

    id: str
    name: str
    base: str
    score_name: str = Field(description="The main score, such as accuracy.")
    split: Literal["test", "validation"] = Field(description="That scores are shown on; validation decides.")
    num_images: int = Field(description="Of that split.")
    num_validation: int
    choices: RaceChoices
    plan: RacePlan
    lanes: tuple[RaceLane, ...]
    rungs: tuple[RungEnd, ...] = ()
    front: tuple[Strategy, ...] = Field((), description="Cost against validation score, cheapest first.")
    best: Strategy | None = Field(None, description="Best on validation.")
    winner: Strategy | None = Field(
        None, description="The cheapest within one standard error of the best, on validation."
    )
    standard_error: float | None = Field(None, description="Of the best lane's validation score.")
    gain_over_scratch: Interval | None = Field(
        None, description="Points of the winner; paired, on the shown split."
    )
    advice: AdviceVerdict | None = None
    cost: RaceCost
    constant: float | None = Field(None, description="What a constant answer scores.")
    answer: str
    notes: tuple[str, ...] = ()
    is_complete: bool = Field(description="Whether the race is over.")


class RaceState(VersionedDocument):
    """How far a race is."""

    id: str
    name: str = ""
    created: str = ""
    status: RaceStatus = "starting"
    message: str | None = Field(None, description="Why it failed or stopped.")
    choices: RaceChoices = Field(default_factory=RaceChoices)
    advice: Strategy | None = Field(None, description="The lane that was advised before it began.")
    advice_reason: str = Field("", description="Of the advice; why there is none otherwise.")
    plan: RacePlan | None = None
    lanes: tuple[LaneState, ...] = ()
    rungs: tuple[RungEnd, ...] = ()
    at: str = Field("", description="What is done now, in words.")
    share: float = 0.0
    seconds: float = Field(0.0, description="Worked so far, over all sittings.")
    shared_seconds: float = 0.0
    shared_passes: float = 0.0
    seconds_left: float | None = None
    score_name: str = ""
    race: Race | None = Field(None, description="What is known so far.")
