"""What adapting to a target without labels gave, beside what it is held against."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from graftwork.documents.document import Document, VersionedDocument
from graftwork.documents.record import Interval

__all__ = [
    "AdaptationReport",
    "AdaptedMethod",
    "ClassEffect",
    "DomainMap",
    "DomainPoint",
    "TargetTruth",
    "ValidatorCheck",
    "Verdict",
]

Verdict = Literal["helps", "no difference", "harmful", "unknown"]
"""Whether the interval of the gain lies above zero, holds zero, or lies below; 'unknown' without target labels."""


class ClassEffect(Document):
    """What a method did to the images of one class."""

    name: str
    num_images: int
    before: float = Field(description="Recall of the source-only line.")
    after: float


class AdaptedMethod(Document):
    """One method on one pair of domains."""

    method: str
    title: str
    target_accuracy: Interval | None = Field(
        description="Balanced accuracy on the target; None without its labels."
    )
    plain_accuracy: Interval | None = Field(description="Accuracy on the target; None without its labels.")
    source_only: Interval | None = Field(
        None,
        description="Balanced accuracy on the target of the same network, trained on the source alone: the line that the "
        "gain is counted from. Of methods on stored features that of the head on them.",
    )
    gain: Interval | None = Field(
        description="Balanced accuracy minus that of its source-only line, on the same images; paired bootstrap."
    )
    verdict: Verdict
    source_accuracy: float | None = Field(
        description="Balanced accuracy on held-out source images; None where there are none."
    )
    per_class: tuple[ClassEffect, ...] = ()
    validators: dict[str, float | None] = Field(
        default_factory=dict,
        description="By name; higher is taken as better. None: it could not be computed.",
    )
    is_collapsed: bool = Field(
        False, description="It says nearly one class alone, or never half of the classes."
    )
    never_said: tuple[str, ...] = Field((), description="Classes that no target image is said to be of.")
    seconds: float = 0.0
    run: str | None = Field(
        None, description="The run that holds the adapted model; None: a head on stored features."
    )
    notes: tuple[str, ...] = ()


class ValidatorCheck(Document):
    """How well a label-free validator ordered the methods, known where the target has labels."""

    validator: str
    rank_correlation: float | None = Field(
        description="Spearman's, over the methods; None for fewer than three."
    )
    chosen: str
    regret: float = Field(description="Balanced accuracy of the best method minus that of the chosen one.")


class DomainPoint(Document):
    """One image on a map of both domains."""

    domain: Literal["source", "target"]
    key: str
    label: str | None = Field(description="Of the source its label; of the target what the method says.")
    x: float
    y: float


class DomainMap(Document):
    """Both domains in the two directions in which they vary most together."""

    method: str
    points: tuple[DomainPoint, ...]


class TargetTruth(Document):
    """What is known of the target's labels; used to score, never to adapt."""

    num_labelled: int = Field(description="Images that have a label which the source knows.")
    unseen: dict[str, int] = Field(
        default_factory=dict, description="Images per class that the source does not know."
    )
    absent: tuple[str, ...] = Field((), description="Classes of the source that no target image has.")


class AdaptationReport(VersionedDocument):
    """Methods of adaptation on one pair of domains, beside the source-only and the oracle line."""

    source: str
    target: str
    base: str
    at: str = Field(description="Where the features were taken that shallow methods and maps stand on.")
    classes: tuple[str, ...]
    num_source: int
    num_held_out: int
    num_target: int
    num_copies: int = Field(
        0, description="Target images that are, byte for byte, training images of the source."
    )
    a_distance: float = Field(
        description="Proxy A-distance of the features: 0, a classifier cannot tell the domains apart; 2, it always can."
    )
    truth: TargetTruth | None = Field(
        description="None: the target has no labels, so nothing is scored on it."
    )
    source_only: AdaptedMethod
    oracle: Interval | None = Field(
        description="Balanced accuracy of a probe that learned from target labels, out of fold: a line, not a method."
    )
    methods: tuple[AdaptedMethod, ...]
    chosen: str | None = Field(description="By 'auto'; None where methods were named.")
    chosen_by: str | None = None
    checks: tuple[ValidatorCheck, ...] = ()
    maps: tuple[DomainMap, ...] = ()
    words: str
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
