"""The record of a run: what was done, what came out, what it cost, and the proof."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from graftwork.documents.averaged import AveragedRun
from graftwork.documents.card import BaseCard
from graftwork.documents.document import Document, VersionedDocument
from graftwork.documents.recipe import Strategy

__all__ = [
    "AnomalyScores",
    "AnyScores",
    "ClassScore",
    "Cost",
    "DataSummary",
    "Environment",
    "Interval",
    "MaskClassScore",
    "MaskScores",
    "NumberScore",
    "NumberScores",
    "Proof",
    "RunRecord",
    "ScoreKind",
    "Scores",
    "Status",
    "TagScore",
    "TagScores",
    "TargetSummary",
    "TunedRun",
    "main_score",
    "score_intervals",
]

ScoreKind = Literal["category", "number", "tags", "mask", "anomaly"]

Status = Literal["starting", "queued", "running", "paused", "finished", "stopped", "failed"]
"""What a record says of its run.

- ``starting``: its process was started and has not begun yet.
- ``queued``: its process waits until no other detached run of the project trains.
- ``running``: its process works. Without a living process the run was killed; it is then shown as
  ``interrupted``.
- ``paused``: the user paused it; nothing was scored, and resuming goes on bit for bit.
- ``finished``: it came to its end, and the proof holds.
- ``stopped``: the user stopped it; the best weights so far were kept and scored.
- ``failed``: ``message`` says why.
"""


class Interval(Document):
    """A measured value with its 95 % confidence interval."""

    value: float
    low: float
    high: float


class ClassScore(Document):
    """Scores of one class."""

    name: str
    num_images: int
    precision: Interval | None = Field(description="None when the class was never predicted.")
    recall: Interval | None = Field(description="None when no image of the class was there.")
    f1: float | None


class Scores(Document):
    """Scores on one split. Intervals: Wilson for accuracy, precision, recall; bootstrap for the rest."""

    kind: Literal["category"] = "category"
    num_images: int
    accuracy: Interval
    balanced_accuracy: Interval
    macro_f1: Interval
    log_loss: Interval
    classes: tuple[ClassScore, ...]
    confusion: tuple[tuple[int, ...], ...] = Field(description="Row: label, column: predicted label.")
    majority_accuracy: float = Field(description="Accuracy of always saying the commonest training class.")


class NumberScore(Document):
    """Scores of one number, in its own units."""

    name: str
    mae: Interval = Field(description="Mean absolute error.")
    rmse: Interval = Field(description="Root of the mean squared error.")
    r2: Interval = Field(
        description="Share of the variance that is explained; not a number when the numbers never vary."
    )
    baseline_mae: float = Field(description="Mean absolute error of always saying the training mean.")
    baseline_rmse: float = Field(description="The same for the root of the mean squared error.")


class NumberScores(Document):
    """Scores of numbers on one split: means over the columns. Intervals: bootstrap over images."""

    kind: Literal["number"] = "number"
    num_images: int
    mae: Interval
    rmse: Interval
    r2: Interval
    baseline_mae: float = Field(description="Mean absolute error of always saying the training mean.")
    baseline_rmse: float
    columns: tuple[NumberScore, ...]


class TagScore(Document):
    """Scores of one tag; said means a probability of at least the threshold."""

    name: str
    num_images: int = Field(description="Images that have the tag.")
    average_precision: float | None = Field(description="None when no image has the tag.")
    precision: Interval | None = Field(description="None when the tag was never said.")
    recall: Interval | None = Field(description="None when no image has the tag.")
    f1: float | None


class TagScores(Document):
    """Scores of tags on one split. Intervals: Wilson for precision and recall; bootstrap for the rest."""

    kind: Literal["tags"] = "tags"
    num_images: int
    mean_average_precision: Interval = Field(description="Over the tags that any image has.")
    micro_f1: Interval
    macro_f1: Interval
    threshold: float = Field(0.5, description="Probability from which on a tag counts as said.")
    baseline_average_precision: float = Field(description="Of saying tags by chance: their mean share.")
    tags: tuple[TagScore, ...]


class MaskClassScore(Document):
    """Overlap of one class over all pixels of a split."""

    name: str
    num_pixels: int
    iou: float | None = Field(description="None when the class is neither there nor said.")
    dice: float | None


class MaskScores(Document):
    """Scores of masks on one split, over pixels that count. Intervals: bootstrap over images."""

    kind: Literal["mask"] = "mask"
    num_images: int
    mean_iou: Interval = Field(description="Intersection over union, mean over classes there or said.")
    mean_dice: Interval
    pixel_accuracy: Interval
    majority_accuracy: float = Field(description="Pixel accuracy of always saying the commonest class.")
    classes: tuple[MaskClassScore, ...]


class AnomalyScores(Document):
    """How well odd images are told from normal ones. Intervals: bootstrap over images."""

    kind: Literal["anomaly"] = "anomaly"
    num_images: int
    num_odd: int
    auroc: Interval = Field(description="Chance that an odd image scores above a normal one; 0.5 is none.")
    average_precision: Interval
    odd_share: float = Field(description="Average precision of guessing.")
    pixel_auroc: Interval | None = Field(
        None, description="The same chance for pixels, where masks and a method with heat maps tell them."
    )
    threshold: float | None = Field(
        None, description="Score from which on an image counts as odd; none without normal validation images."
    )
    quantile: float | None = Field(
        None, description="Share of the normal validation images that lies below the threshold."
    )
    recall: Interval | None = Field(None, description="Share of the odd images at or above the threshold.")
    false_alarms: Interval | None = Field(
        None, description="Share of the normal images at or above the threshold."
    )


def _kind_of(value: Any) -> str:
    """Return the kind of scores; those of older records do not say it and are of categories."""
    return str(value.get("kind", "category") if isinstance(value, dict) else getattr(value, "kind", None))


AnyScores = Annotated[
    Annotated[Scores, Tag("category")]
    | Annotated[NumberScores, Tag("number")]
    | Annotated[TagScores, Tag("tags")]
    | Annotated[MaskScores, Tag("mask")]
    | Annotated[AnomalyScores, Tag("anomaly")],
    Discriminator(_kind_of),
]


def main_score(scores: AnyScores) -> tuple[str, Interval]:
    """Return the one score that stands for all, with its name: what tables and lists of runs show."""
    match scores:
        case NumberScores():
            return "r2", scores.r2
        case TagScores():
            return "mean_average_precision", scores.mean_average_precision
        case MaskScores():
            return "mean_iou", scores.mean_iou
        case AnomalyScores():
            return "auroc", scores.auroc
        case _:
            return "accuracy", scores.accuracy


def score_intervals(scores: AnyScores) -> dict[str, Interval]:
    """Return all scores of a split that have an interval, by name."""
    values = {name: getattr(scores, name) for name in type(scores).model_fields}
    return {name: value for name, value in values.items() if isinstance(value, Interval)}


class Proof(Document):
    """What stayed frozen and what moved."""

    frozen_tensors: int
    frozen_values: int
    frozen_digest_before: str
    frozen_digest_after: str
    frozen_unchanged: bool
    changed_frozen: tuple[str, ...] = ()
    trainable_tensors: int
    trainable_values: int
    moved_tensors: int
    unmoved: tuple[str, ...] = ()
    not_started: int = Field(
        0,
        description="Tensors that only later phases or steps of gradual unfreezing would have trained, when a run was "
        "stopped before these had given anything, or its best epoch came before; or that an average leaves where they "
        "started; not among the trainable ones.",
    )
    weights_digest: str = Field(description="SHA-256 over names and values of the final weights.")

    @property
    def holds(self) -> bool:
        """Whether all frozen tensors are bit-identical and all trainable ones of phases that began moved."""
        return self.frozen_unchanged and self.moved_tensors == self.trainable_tensors


class Cost(Document):
    """What the run took."""

    seconds: float = Field(description="Wall time, over all sittings of a resumed run.")
    base_images: int = Field(description="Images that went through the base from its input on.")
    partial_images: int = Field(0, description="Stored features that went through the unfrozen stages.")
    cache_hits: int = Field(0, description="Stored features that were found instead of computed.")
    cache_bytes: int = Field(0, description="Size of the stored features that this run used.")
    peak_memory_bytes: int = 0


class DataSummary(Document):
    """The data a run stood on."""

    source: str
    digest: str = Field(description="SHA-256 over the keys, labels, bytes and splits of all samples.")
    classes: tuple[str, ...]
    num_images: dict[str, int]
    num_skipped: int = 0
    num_duplicates: int = 0
    notes: tuple[str, ...] = ()
    label_kind: Literal["category", "number", "tags", "mask"] = "category"
    label_names: tuple[str, ...] = Field((), description="Names of the numbers to predict.")
    category_values: tuple[tuple[str, ...], ...] = Field(
        (), description="Of each category column that is a further input: its values in order."
    )


class TargetSummary(Document):
    """The images of another domain that a run was adapted to; it never saw labels of them."""

    source: str
    digest: str = Field(description="SHA-256 over the keys and bytes of all images.")
    num_images: int


class TunedRun(Document):
    """Which run went on, and how."""

    method: Literal["adabn", "shot", "tent"]
    parent: str
    parent_digest: str = Field(description="SHA-256 over names and values of the parent's weights.")
    epochs: int | None = Field(None, description="Passes over the target; none where there is one alone.")


class Environment(Document):
    """Versions and hardware."""

    graftwork: str
    python: str
    torch: str
    libraries: dict[str, str] = Field(default_factory=dict)
    device: str
    processor: str
    num_threads: int


class RunRecord(VersionedDocument):
    """One execution of a flow."""

    run: str
    name: str
    path: str
    status: Status
    created: str = Field(description="ISO 8601, UTC.")
    base: str
    strategy: Strategy
    cut: str
    seed: int
    message: str | None = Field(None, description="Why a run failed, stopped or paused.")
    note: str = ""
    data: DataSummary | None = None
    target: TargetSummary | None = Field(
        None, description="The domain that the run was adapted to while it trained."
    )
    card: BaseCard | None = None
    metrics: dict[Literal["validation", "test"], AnyScores] = Field(default_factory=dict)
    proof: Proof | None = None
    cost: Cost | None = None
    environment: Environment | None = None
    best_epoch: int | None = None
    tuned: TunedRun | None = Field(
        None, description="Of a run that another run became on images of a target without labels."
    )
    averaged: AveragedRun | None = Field(
        None, description="Of a run that was not trained: the runs whose weights it is the average of."
    )
