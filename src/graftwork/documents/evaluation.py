"""What stored predictions say about a run: curves, calibration, slices, the worst and the most uncertain."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from graftwork.documents.document import Document, VersionedDocument
from graftwork.documents.predictions import PredictionRow
from graftwork.documents.record import AnyScores, Interval

__all__ = [
    "Calibration",
    "CalibrationBin",
    "CalibrationState",
    "Curve",
    "Evaluation",
    "Histogram",
    "OtherData",
    "PartScore",
    "Residuals",
    "SliceColumn",
    "SliceScore",
]


class Curve(Document):
    """Points of a line."""

    x: tuple[float, ...]
    y: tuple[float, ...]


class PartScore(Document):
    """Scores of one class or tag against all others; of anomalies, of what is odd."""

    name: str
    num_images: int = Field(description="Images that belong to it.")
    precision: Interval | None = Field(None, description="None when it was never predicted.")
    recall: Interval | None = Field(None, description="None when no image belongs to it.")
    f1: Interval | None = None
    auroc: Interval | None = Field(None, description="None where it is not defined; the reason says why.")
    average_precision: Interval | None = None
    share: float = Field(description="Of the images that belong to it: the average precision of guessing.")
    reason: str | None = Field(None, description="Why there is no area under the ROC curve.")
    roc: Curve = Field(description="x: false positive rate, y: true positive rate.")
    precision_recall: Curve = Field(description="x: recall, y: precision.")


class CalibrationBin(Document):
    """Predictions of similar confidence."""

    low: float
    high: float
    num: int
    confidence: float | None = Field(description="Mean; None of an empty bin.")
    accuracy: Interval | None = Field(description="Share that is right, with Wilson's interval.")


class CalibrationState(Document):
    """How far probabilities can be taken at their word. ECE: expected calibration error."""

    log_loss: Interval
    brier: Interval
    ece_width: Interval = Field(description="ECE over bins of equal width.")
    ece_mass: Interval = Field(description="ECE over bins with equal numbers of predictions.")
    ece_classwise: Interval = Field(description="Mean over classes of the ECE of each, equal width.")
    ece_by_chance: float = Field(
        description="ECE over bins of equal width that as many perfectly calibrated predictions would show."
    )
    width_bins: tuple[CalibrationBin, ...]
    mass_bins: tuple[CalibrationBin, ...]


class Calibration(Document):
    """Calibration before and after temperature scaling; the temperature is fitted on validation images."""

    of: Literal["predicted labels", "each tag"] = Field(description="What a prediction is.")
    num_bins: int
    before: CalibrationState
    after: CalibrationState | None = Field(None, description="None without a temperature.")
    temperature: Interval | None = Field(None, description="Above 1: the run was too sure.")
    num_validation: int = Field(0, description="Validation images that the temperature was fitted on.")
    note: str | None = Field(None, description="What to know about the temperature, or why there is none.")


class Histogram(Document):
    """Counts over equal stretches from low to high."""

    low: float
    high: float
    counts: dict[str, tuple[int, ...]] = Field(description="By what is counted, such as right and wrong.")


class SliceScore(Document):
    """One part of the images against all others."""

    name: str
    num_images: int
    score: Interval
    r2: Interval | None = Field(None, description="Of numbers.")
    rest: float | None = Field(description="The score of all other images.")
    difference: Interval | None = Field(description="Score minus that of the rest.")
    p_value: float | None = Field(description="Of no difference from the rest, of this slice alone.")
    corrected_p_value: float | None = Field(
        description="The same, corrected for all slices by Holm's method."
    )
    is_small: bool = Field(description="Fewer than 20 images: too few to say much.")


class SliceColumn(Document):
    """The images parted by one thing."""

    name: str
    origin: Literal["image", "table", "data"] = Field(
        description="Measured, read from a table, or of the data."
    )
    slices: tuple[SliceScore, ...]


class Residuals(Document):
    """Predicted against true numbers of one column; of many images a sample."""

    name: str
    keys: tuple[str, ...]
    predicted: tuple[float, ...]
    residual: tuple[float, ...] = Field(description="Predicted minus true.")
    bias: Interval = Field(description="Mean residual.")


class OtherData(Document):
    """An evaluation on other images than the run's own."""

    id: str
    source: str
    created: str = Field(description="ISO 8601, UTC.")
    scores: AnyScores
    notes: tuple[str, ...] = ()


class Evaluation(VersionedDocument):
    """All that one split of stored predictions says."""

    run: str
    split: Literal["validation", "test"]
    on: str | None = Field(None, description="Id of the evaluation on other data.")
    source: str
    kind: Literal["category", "number", "tags", "anomaly"]
    num_images: int
    scores: AnyScores | None
    parts: tuple[PartScore, ...] = ()
    calibration: Calibration | None = None
    confidence: Histogram | None = Field(
        None,
        description="Right and wrong by the probability of what was predicted; of anomalies scores by label.",
    )
    residuals: tuple[Residuals, ...] = ()
    slice_score: Literal["accuracy", "mae"] | None = Field(None, description="What slices are compared by.")
    slices: tuple[SliceColumn, ...] = ()
    worst: tuple[PredictionRow, ...] = Field((), description="Wrong and sure of it; of numbers farthest off.")
    uncertain: tuple[PredictionRow, ...] = Field((), description="By entropy, the most uncertain first.")
    notes: tuple[str, ...] = ()
