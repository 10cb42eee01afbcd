"""Which base: candidates measured before any training, and what training said afterwards."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from graftwork.documents.document import Document, VersionedDocument
from graftwork.documents.recipe import Strategy
from graftwork.documents.record import Interval

__all__ = [
    "MEASURES",
    "CheckedBase",
    "MeasureAgreement",
    "MeasureWords",
    "RankCheck",
    "RankMeasure",
    "RankedBase",
    "Ranking",
]

RankMeasure = Literal[
    "logme",
    "linear",
    "knn",
    "nearest_mean",
    "shrunk_h_score",
    "h_score",
    "transrate",
    "leep",
    "nce",
]


class MeasureWords(Document):
    """A measure of how well a base will transfer; higher is better for each."""

    name: RankMeasure
    words: str = Field(description="Short, for the head of a column.")
    meaning: str = Field(description="What it says, in a sentence.")
    has_scale: bool = Field(
        description="Whether its values mean something by themselves; else they only compare bases."
    )


MEASURES: tuple[MeasureWords, ...] = (
    MeasureWords(
        name="logme",
        words="LogME",
        meaning="How likely the labels are under a linear model on the features, its weights averaged over; nats.",
        has_scale=False,
    ),
    MeasureWords(
        name="linear",
        words="linear probe",
        meaning="A linear model on the features, scored on images that it did not see.",
        has_scale=True,
    ),
    MeasureWords(
        name="knn",
        words="k-NN",
        meaning="What the five images with the most similar features say, each image left out once.",
        has_scale=True,
    ),
    MeasureWords(
        name="nearest_mean",
        words="nearest mean",
        meaning="The class whose mean feature is nearest, scored on images that it did not see.",
        has_scale=True,
    ),
    MeasureWords(
        name="shrunk_h_score",
        words="H-score, shrunk",
        meaning="How much of the features' variation lies between classes; covariance shrunk by Ledoit and Wolf.",
        has_scale=False,
    ),
    MeasureWords(
        name="h_score",
        words="H-score",
        meaning="How much of the features' variation lies between classes; says nothing with fewer images than features.",
        has_scale=False,
    ),
    MeasureWords(
        name="transrate",
        words="TransRate",
        meaning="How many nats fewer code the features when the classes are known.",
        has_scale=False,
    ),
    MeasureWords(
        name="leep",
        words="LEEP",
        meaning="How well the old classifier's probabilities foretell the labels; nats, at most 0.",
        has_scale=False,
    ),
    MeasureWords(
        name="nce",
        words="NCE",
        meaning="How well the old classifier's likeliest class foretells the labels; nats, at most 0.",
        has_scale=False,
    ),
)
"""All measures, those that rank first."""


class RankedBase(VersionedDocument):
    """A base with what was measured of it, or why it could not be."""

    base: str = Field(description="Base id.")
    title: str = ""
    is_control: bool = Field(
        False, description="Untrained: what a base scores that learned nothing before; never ranked first."
    )
    problem: str | None = Field(None, description="Why it could not be measured, in a sentence.")
    num_features: int | None = Field(None, description="Channels, after the mean over places or tokens.")
    num_parameters: int | None = Field(None, description="Without the old classifier.")
    num_bytes: int | None = Field(None, description="Memory of parameters and buffers.")
    image_size: int | None = Field(None, description="Shorter side of what it looks at, in pixels.")
    milliseconds: float | None = Field(
        None, description="For one image to pass, measured on this machine in batches of eight."
    )
    seconds: float | None = Field(None, description="What measuring it took, opening included.")
    scores: dict[RankMeasure, float] = Field(default_factory=dict, description="By measure.")
    intervals: dict[RankMeasure, Interval] = Field(
        default_factory=dict,
        description="95 % over the scored images, for measures that score single images.",
    )
    why_not: dict[RankMeasure, str] = Field(
        default_factory=dict, description="Why a measure is missing, in a sentence."
    )
    notes: tuple[str, ...] = ()


class CheckedBase(Document):
    """What training gave on one base."""

    base: str
    runs: tuple[str, ...] = Field(description="Ids of the runs, several where there are several seeds.")
    score: float = Field(description="Mean over the runs.")
    interval: Interval | None = Field(
        None,
        description="95 % over the split's images; the mean of the runs' ends, as they share the images.",
    )


class MeasureAgreement(Document):
    """How well a measure had put the bases in the order in which training put them."""

    measure: RankMeasure
    num: int = Field(description="Bases that both the measure and training have a number for.")
    pick: str = Field(description="The base that the measure would have chosen among these.")
    lost: float = Field(description="How much lower the pick's trained score is than the best one's.")
    kendall: float | None = Field(None, description="τ-b; null for fewer than three bases.")
    spearman: float | None = None
    weighted: float | None = Field(
        None, description="τ in which the top counts more, as LogME's authors report."
    )
    kendall_chance: float | None = Field(
        None, description="How often an order by chance would do as well by τ-b, one-sided."
    )
    spearman_chance: float | None = None
    is_exact: bool = Field(True, description="Whether all orders were gone through for the chances.")


class RankCheck(Document):
    """One strategy's runs on the ranked bases, held against the measures; controls are left out."""

    strategy: Strategy
    split: Literal["test", "validation"]
    score_name: str = Field(description="Name of the runs' main score.")
    bases: tuple[CheckedBase, ...] = Field(description="Best first.")
    agreements: tuple[MeasureAgreement, ...] = ()
    verdict: str = Field(description="What it comes to, in a sentence.")


class Ranking(VersionedDocument):
    """Bases ranked for some data before any training, and afterwards checked against training."""

    source: str
    data_digest: str
    label_kind: Literal["category", "number", "tags"]
    score_name: Literal["balanced_accuracy", "r2"] = Field(
        description="What the probes and neighbors are scored by."
    )
    num_images: int = Field(
        description="Training and validation images that were looked at; never test images."
    )
    num_available: int
    protocol: Literal["validation", "cross_validation"] = Field(
        description="Probes are scored on the validation images, or each image by a probe that did not see it."
    )
    chance: float = Field(description="What a guess scores that ignores the image.")
    status: Literal["running", "finished", "stopped"] = "running"
    total: int = Field(description="Bases that were asked for.")
    measures: tuple[MeasureWords, ...] = MEASURES
    by: RankMeasure = Field("logme", description="What the bases are ordered by.")
    reason: str = Field("", description="Why by this one, in a sentence.")
    bases: tuple[RankedBase, ...] = Field(
        (), description="Best first; those that could not be measured last."
    )
    best: str | None = Field(None, description="The first one that is no control.")
    picks: dict[RankMeasure, str] = Field(
        default_factory=dict, description="The base that each measure alone would choose."
    )
    checks: tuple[RankCheck, ...] = Field((), description="By strategy, where runs on the same data exist.")
    notes: tuple[str, ...] = ()

    def of(self, base: str) -> RankedBase | None:
        """Return the row of a base, if there is one."""
        return next((row for row in self.bases if row.base == base), None)
