"""How a task's score grows with the number of labels, with transfer and from scratch; and what that saves."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from graftwork.documents.document import Document, VersionedDocument
from graftwork.documents.recipe import Strategy
from graftwork.documents.record import Interval

__all__ = [
    "CurveChoices",
    "CurveCost",
    "CurveEstimate",
    "CurveGain",
    "CurvePoint",
    "CurveState",
    "Forecast",
    "LabelsNeeded",
    "LearningCurve",
]

Share = Annotated[float, Field(gt=0.0, le=1.0)]
CurveStatus = Literal["none", "starting", "waiting", "running", "stopped", "failed", "finished"]


class CurveChoices(Document):
    """What is measured: which shares of the training labels, how often, with which strategy."""

    shares: tuple[Share, ...] = Field(
        (0.05, 0.1, 0.25, 0.5, 1.0), min_length=1, max_length=20, description="Of the training labels."
    )
    seeds: int = Field(
        2,
        ge=1,
        le=20,
        description="Runs of each point; each draws its own share and its own start of new layers.",
    )
    strategy: Strategy = Field(
        "head_only", description="Of transfer. The run's own takes its flow as it stands; head_only is cheap."
    )
    scratch: bool = Field(True, description="Whether training from scratch is measured too.")
    scratch_epochs: Annotated[int, Field(ge=1)] | None = Field(
        None, description="Passes over the data from scratch. Empty: as many as the run."
    )

    @field_validator("shares")
    @classmethod
    def _rising(cls, shares: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(sorted(set(shares)))


class CurvePoint(Document):
    """Scores at one number of labels."""

    share: float
    num_labels: int = Field(
        description="Training images of the first seed; other seeds may differ by groups."
    )
    score: Interval = Field(description="Mean over seeds; interval by drawing seeds and images again.")
    scores: tuple[float, ...] = Field(description="Of each seed that is done.")
    seconds: float = Field(description="Of all its runs together.")


class CurveGain(Document):
    """How much higher transfer scores than training from scratch with the same labels."""

    share: float
    num_labels: int
    gain: Interval = Field(description="Paired: the same images and seeds are drawn for both.")


class LabelsNeeded(Document):
    """How many labels one way of training needs for what the other reaches.

    Between measured points the score is taken as linear in the logarithm of the number of labels; the smallest
    number that was measured stands for itself or fewer, None for more labels than there are.
    """

    num_labels: int = Field(description="That the other way has.")
    score: float = Field(description="That the other way reaches with them.")
    needed: float | None
    low: float | None = Field(description="Of the 95 % interval.")
    high: float | None


class Forecast(Document):
    """A power law through the curve of transfer, and what it foretells; an extrapolation."""

    num_labels: int
    score: Interval = Field(
        description="It knows the noise of the points, not whether the law goes on to hold."
    )
    top: float = Field(description="score(n) = top − scale · n^(−exponent).")
    scale: float
    exponent: float


class LearningCurve(VersionedDocument):
    """Scores of transfer and of training from scratch at growing shares of the same training labels."""

    run: str
    name: str
    score_name: str = Field(description="The main score, such as accuracy.")
    split: Literal["test", "validation"]
    num_images: int = Field(description="Images that each point is scored on: the same for all.")
    choices: CurveChoices
    transfer: tuple[CurvePoint, ...]
    scratch: tuple[CurvePoint, ...]
    gains: tuple[CurveGain, ...]
    needed: tuple[LabelsNeeded, ...] = Field(description="From scratch, for each point of transfer.")
    enough: LabelsNeeded | None = Field(
        None, description="The other way round: what transfer needs for what scratch reaches with all labels."
    )
    forecast: Forecast | None = None
    answer: str = Field(description="How many labels transfer saves, in words.")
    notes: tuple[str, ...] = ()
    done: int = Field(description="Runs that are finished.")
    total: int
    seconds: float = Field(description="Of all runs together.")


class CurveCost(Document):
    """What the runs of one point are estimated to take."""

    strategy: Strategy
    share: float
    num_labels: int
    seconds: float = Field(description="Of those that are not done yet.")
    done: int = Field(description="Runs of it that are done.")


class CurveEstimate(Document):
    """What measuring a learning curve is estimated to take."""

    seconds: float
    num_runs: int = Field(description="Runs that are to be done.")
    costs: tuple[CurveCost, ...]


class CurveState(Document):
    """How far the measuring of a run's learning curve is."""

    run: str
    status: CurveStatus = "none"
    message: str | None = Field(None, description="Why it failed or stopped.")
    choices: CurveChoices | None = None
    done: int = 0
    total: int = 0
    at: str = Field("", description="What is trained now, in words.")
    share: float = Field(0.0, description="Done, 0 to 1, weighed by the estimates.")
    seconds_left: float | None = None
    curve: LearningCurve | None = Field(None, description="What is known so far.")
