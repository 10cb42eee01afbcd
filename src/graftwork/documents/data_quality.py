"""What the pretrained base says of a data set: doubtful labels, look-alikes, outliers, and what mending gave."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from graftwork.documents.data_view import DataFix
from graftwork.documents.document import Document, VersionedDocument
from graftwork.documents.record import Interval

__all__ = [
    "ClassDoubt",
    "DataQuality",
    "FixEffect",
    "LabelSuspect",
    "LookAlike",
    "NearImage",
    "Outlier",
    "SplitChange",
]

How = Literal["exact", "hash", "feature"]


class NearImage(Document):
    """An image that is near another one, as the base sees them."""

    key: str
    label: tuple[str, ...]
    split: str | None
    similarity: float = Field(description="Cosine of the features less their mean, from -1 to 1.")


class LabelSuspect(Document):
    """An image whose label is doubted by a probe that did not see it."""

    key: str
    label: str
    suggested: str
    split: str | None
    label_probability: float
    suggested_probability: float
    is_confident: bool = Field(
        description="Whether the probe is as sure of the suggestion as it usually is of images labelled so."
    )
    margin: float = Field(description="First probability less the second, from -1 (worst) to 1.")
    reason: str
    neighbors: tuple[NearImage, ...]


class LookAlike(Document):
    """Images that are copies of one another, or look so to the base."""

    how: How = Field(
        description="'exact': equal bytes; 'hash': resized, recompressed, mirrored … copies; 'feature': "
        "far nearer to each other than to others, by the base's features."
    )
    keys: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    splits: tuple[str | None, ...]
    similarity: float | None = Field(
        None, description="Cosine of the features less their mean; of pairs by feature."
    )
    crosses_splits: bool
    is_conflict: bool = Field(description="Whether their labels differ.")
    reason: str


class Outlier(Document):
    """An image that looks like no other one."""

    key: str
    label: tuple[str, ...]
    split: str | None
    distance: float = Field(description="Mahalanobis distance to the mean of other images.")
    score: float = Field(description="Deviations of the distance's logarithm above the usual one.")
    reason: str
    neighbors: tuple[NearImage, ...]


class ClassDoubt(Document):
    """How a class fares with a probe that did not see its images."""

    name: str
    num_images: int
    num_judged: int
    confidence: float | None = Field(
        description="Mean probability of the class among its images: the threshold above which an image of "
        "another class is suspected to belong to it."
    )
    num_suspects: int


class DataQuality(VersionedDocument):
    """Doubtful labels, look-alikes and outliers of a data set."""

    source: str
    digest: str = Field(description="Of the images, as in DataReport.")
    base: str
    stage: str = Field(description="Stage of the base whose features were looked at, averaged over places.")
    label_kind: str
    num_images: int
    num_judged: int = Field(description="Images that a probe could judge which did not see them.")
    accuracy: Interval | None = Field(
        description="Share of judged images whose label the probe finds likeliest; null without classes."
    )
    strength: float | None = Field(description="C of the probe, the inverse of its penalty.")
    classes: tuple[ClassDoubt, ...]
    suspects: tuple[LabelSuspect, ...] = Field(description="The most doubtful first; up to 500.")
    num_suspects: int
    num_confident: int = Field(description="Suspects of whose suggestion the probe is confident.")
    look_alikes: tuple[LookAlike, ...] = Field(
        description="Across splits and with contradicting labels first; up to 500."
    )
    num_look_alikes: int
    look_alike_share: float = Field(
        description="Share of the distance to the tenth neighbor below which a pair looks alike by feature."
    )
    outliers: tuple[Outlier, ...] = Field(description="Farthest first; up to 100.")
    num_outliers: int
    imbalance: float = Field(description="Images of the commonest class over those of the rarest.")
    fixes: tuple[DataFix, ...]
    notes: tuple[str, ...]


class SplitChange(Document):
    """Accuracy of a probe on one split before and after a correction, as shares."""

    split: str
    num_images: int
    before: Interval
    after: Interval
    difference: Interval = Field(description="After less before; the interval compares image by image.")


class FixEffect(VersionedDocument):
    """What corrections change: a probe on stored features, fitted with the labels before and after."""

    what: str = Field(description="In words.")
    base: str
    stage: str
    num_changed: int = Field(description="Training images that were relabeled or left out.")
    num_scored_changed: int = Field(
        description="Validation and test images that are corrected too; they are scored as they were before."
    )
    changes: tuple[SplitChange, ...]
    strength: float
    notes: tuple[str, ...]
