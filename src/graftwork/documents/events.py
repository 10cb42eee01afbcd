"""What happens while a run goes on, one value per happening; stored as lines of ``events.jsonl``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from graftwork.documents.document import Document
from graftwork.documents.plan import Plan
from graftwork.documents.record import AnyScores, Cost, Proof

__all__ = [
    "CheckpointSaved",
    "DataReady",
    "EpochEnded",
    "Event",
    "EventLine",
    "ExtractionProgress",
    "Noted",
    "PhaseEnded",
    "PhaseStarted",
    "PlanMade",
    "RunEnded",
    "RunResumed",
    "RunStarted",
    "ScoresReady",
    "StepEnded",
    "parse_event",
]


class RunStarted(Document):
    """A run began."""

    kind: Literal["run_started"] = "run_started"
    run: str


class RunResumed(Document):
    """A run goes on from its last checkpoint."""

    kind: Literal["run_resumed"] = "run_resumed"
    run: str
    phase: str | None
    epoch: int
    step: int


class DataReady(Document):
    """The images were read, checked and split."""

    kind: Literal["data_ready"] = "data_ready"
    classes: tuple[str, ...]
    num_images: dict[str, int]
    notes: tuple[str, ...] = ()


class PlanMade(Document):
    """The flow was resolved."""

    kind: Literal["plan_made"] = "plan_made"
    plan: Plan


class ExtractionProgress(Document):
    """Images went through the frozen stages."""

    kind: Literal["extraction_progress"] = "extraction_progress"
    done: int
    total: int
    found: int = Field(description="Rows that were in the cache already.")
    images_per_second: float


class PhaseStarted(Document):
    """A phase began."""

    kind: Literal["phase_started"] = "phase_started"
    phase: str
    epochs: int
    steps_per_epoch: int


class StepEnded(Document):
    """Some optimizer steps ended (about four reports a second, never more than one a step).

    A part is a stage of a base, or a node that the flow adds; only those that move are named.
    """

    kind: Literal["step_ended"] = "step_ended"
    phase: str
    epoch: int
    step: int
    loss: float
    learning_rate: float
    images_per_second: float
    memory_bytes: int = Field(0, description="Memory that the process holds at this moment.")
    gradient_norms: dict[str, float] = Field(
        default_factory=dict,
        description="Part → Euclidean norm of its gradients before clipping, at the last update; empty when "
        "no update was measured since the report before.",
    )
    learning_rates: dict[str, float] = Field(
        default_factory=dict, description="Part → its present learning rate."
    )
    terms: dict[str, float] = Field(
        default_factory=dict, description="Loss term → what it adds to the loss, its weight included."
    )


class EpochEnded(Document):
    """An epoch ended and the validation images were scored."""

    kind: Literal["epoch_ended"] = "epoch_ended"
    phase: str
    epoch: int = Field(description="From 1; 0 is the state before the first step of the phase.")
    train_loss: float | None
    validation_loss: float | None = Field(description="None without validation images.")
    validation_accuracy: float | None
    validation_balanced_accuracy: float | None
    validation_scores: dict[str, float] = Field(
        default_factory=dict, description="Further validation scores, of objectives other than one label."
    )
    validation_per_class: dict[str, float] = Field(
        default_factory=dict,
        description="Class → its recall, of classes with validation images; only where images have one label.",
    )
    movement: dict[str, float] = Field(
        default_factory=dict,
        description="Part → how far its weights are from where the run began, as a share of their norm "
        "there; the distance itself where they began at zero.",
    )
    terms: dict[str, float] = Field(
        default_factory=dict,
        description="Loss term → what it added to the loss, its weight included: a mean over the epoch. "
        "The training loss is that of the objectives alone.",
    )
    learning_rate: float
    seconds: float
    is_best: bool


class CheckpointSaved(Document):
    """The state to resume from was written."""

    kind: Literal["checkpoint_saved"] = "checkpoint_saved"
    phase: str
    epoch: int
    step: int


class PhaseEnded(Document):
    """A phase ended."""

    kind: Literal["phase_ended"] = "phase_ended"
    phase: str
    best_epoch: int
    stopped_early: bool


class ScoresReady(Document):
    """A split was scored with the best weights."""

    kind: Literal["scores_ready"] = "scores_ready"
    split: Literal["validation", "test"]
    scores: AnyScores


class Noted(Document):
    """Something that the user should know."""

    kind: Literal["noted"] = "noted"
    level: Literal["info", "warning"]
    message: str


class RunEnded(Document):
    """The run ended, well or not."""

    kind: Literal["run_ended"] = "run_ended"
    status: Literal["finished", "stopped", "paused", "failed"]
    message: str | None = None
    proof: Proof | None = None
    cost: Cost | None = None


Event = Annotated[
    RunStarted
    | RunResumed
    | DataReady
    | PlanMade
    | ExtractionProgress
    | PhaseStarted
    | StepEnded
    | EpochEnded
    | CheckpointSaved
    | PhaseEnded
    | ScoresReady
    | Noted
    | RunEnded,
    Field(discriminator="kind"),
]


class EventLine(Document):
    """One line of ``events.jsonl``: when, and what."""

    time: float = Field(description="Seconds since 1970, UTC.")
    event: Event


_LINE: TypeAdapter[EventLine] = TypeAdapter(EventLine)


def parse_event(line: str) -> EventLine:
    """Read one line of ``events.jsonl``."""
    return _LINE.validate_json(line)
