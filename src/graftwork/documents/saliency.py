"""Why a run said what it said of one image: where the evidence lies, and whether that can be trusted."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from graftwork.documents.document import Document, VersionedDocument

__all__ = ["ClassScore", "Completeness", "SaliencyDocument", "SanityDocument", "SanityStep"]


class ClassScore(Document):
    """What the network says about one class, tag or number."""

    name: str
    score: float | None = Field(description="Logit; of numbers and anomalies what is predicted.")
    probability: float | None = Field(
        None, description="Null where there is none. Of masks: share of pixels."
    )


class Completeness(Document):
    """How well what the pixels add explains the score: their sum should be the difference."""

    total: float = Field(description="Sum of what all pixels add.")
    difference: float = Field(
        description="Score of the image minus that of a blank gray one of its brightness."
    )
    gap: float = Field(description="What is missing, as a share of the difference; 0 is complete.")
    num_steps: int = Field(description="Points between the blank image and this one.")


class SanityStep(Document):
    """How alike the picture still is after some weights were shuffled."""

    what: str = Field(description="All that is shuffled by now: the head, then stages from the top.")
    correlation: float | None = Field(
        description="Mean rank correlation (Spearman) with the real map; null where no map was left."
    )
    draws: tuple[float | None, ...] = Field((), description="The same for each shuffle.")


class SanityDocument(Document):
    """Whether saliency depends on what was learned."""

    passes: bool
    verdict: str = Field(description="In words.")
    steps: tuple[SanityStep, ...]


class SaliencyDocument(VersionedDocument):
    """Where in an image the evidence for a class lies."""

    newest_format: ClassVar[int] = 1

    run: str
    image: str = Field(description="Key of the image among the run's images, or name of the file.")
    digest: str = Field(description="SHA-256 of the pixels that the network saw.")
    label: tuple[str, ...] = Field((), description="Empty where it is not known.")
    split: str | None = None
    predicted: str | None = Field(description="Null of numbers and anomalies.")
    of: str = Field(description="Class, tag or number that is explained.")
    scores: tuple[ClassScore, ...] = Field(description="The largest first, at most 50.")
    method: Literal["grad_cam", "attention", "integrated_gradients"]
    stage: str | None = Field(None, description="Of Grad-CAM: the stage that was looked at.")
    grid: tuple[int, int] = Field(description="Rows and columns of the method's own map.")
    size: tuple[int, int] = Field(
        description="Height and width of the image as the network sees it, in pixels."
    )
    heat: str = Field(
        description="The map in the image's size: an 8-bit gray PNG, base64; 255 is the strongest evidence."
    )
    peak: tuple[int, int] = Field(description="Row and column of the strongest evidence.")
    is_empty: bool = Field(description="Whether nothing speaks for the class.")
    completeness: Completeness | None = Field(None, description="Of integrated gradients.")
    sanity: SanityDocument | None = Field(None, description="Null where it was not asked for.")
    notes: tuple[str, ...] = ()
