"""The predictions that were most certain and wrong, with a small picture of each where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from graftwork.export.folder import Predictions
from graftwork.export.pictures import Images, picture_of

__all__ = ["Mistake", "worst_mistakes"]


@dataclass(frozen=True)
class Mistake:
    """One image that got a wrong label with high probability."""

    key: str
    label: str
    predicted: str
    probability: float
    label_probability: float
    picture: str | None
    """A data address of a JPEG, or None when the image is not at hand."""
    saliency: str | None = None
    """The same under a map of where the evidence for the predicted label lies."""


def worst_mistakes(
    predictions: Predictions,
    classes: Sequence[str],
    *,
    split: str,
    images: Images | None = None,
    saliency: Images | None = None,
    limit: int = 12,
) -> tuple[Mistake, ...]:
    """Return up to ``limit`` wrong predictions of ``split``, the most certain first.

    Args:
        predictions: what the run said.
        classes: names by label.
        split: which images.
        images: opens an image by its key; one that cannot be opened goes without a picture.
        saliency: gives the image under its saliency map by its key.
        limit: how many.
    """
    rows = np.flatnonzero(
        (np.asarray(predictions.splits) == split) & (predictions.labels != predictions.predicted)
    )
    certainty = predictions.probabilities[rows, predictions.predicted[rows]]
    order = rows[np.argsort(-certainty, kind="stable")][:limit]
    return tuple(
        Mistake(
            key=predictions.keys[i],
            label=classes[predictions.labels[i]],
            predicted=classes[predictions.predicted[i]],
            probability=float(predictions.probabilities[i, predictions.predicted[i]]),
            label_probability=float(predictions.probabilities[i, predictions.labels[i]]),
            picture=picture_of(images, predictions.keys[i]),
            saliency=picture_of(saliency, predictions.keys[i]),
        )
        for i in order
    )
