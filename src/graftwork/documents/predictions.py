"""What a run said about each of its validation and test images, a page at a time."""

from __future__ import annotations

from pydantic import Field

from graftwork.documents.document import Document

__all__ = ["PredictionPage", "PredictionRow"]


class PredictionRow(Document):
    """What a run said about one image."""

    key: str
    digest: str = Field(description="SHA-256 of the image's bytes.")
    split: str
    label: str | None = Field(description="Class; of tags, all that it has, as a;b; none for numbers.")
    predicted: str | None = Field(description="As label, in the run's words; none for anomalies.")
    probability: float | None = Field(None, description="Of the predicted class.")
    label_probability: float | None = Field(None, description="Of the label.")
    loss: float | None = Field(
        None,
        description="Class: minus the logarithm of the label's probability. Tags: the mean over tags of the "
        "same for each. Numbers: mean distance, in deviations of the split's numbers.",
    )
    probabilities: dict[str, float] = Field(
        default_factory=dict, description="By class or tag, the largest first: all of up to 20, else 5."
    )
    values: dict[str, float] = Field(
        default_factory=dict, description="Predicted numbers by name, or the score of an anomaly."
    )
    label_values: dict[str, float] = Field(default_factory=dict, description="The true numbers by name.")


class PredictionPage(Document):
    """Some of the rows that fit a question."""

    total: int = Field(description="Rows that fit, on all pages.")
    rows: tuple[PredictionRow, ...]
