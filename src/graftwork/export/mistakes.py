"""The predictions that were most certain and wrong, with a small picture of each where there is one."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from graftwork.errors import GraftworkError
from graftwork.export.folder import Predictions

__all__ = ["Mistake", "worst_mistakes"]

THUMBNAIL = 208
"""Longest side in pixels; shown at half of that, so that it stays sharp on dense screens."""
QUALITY = 78


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


def worst_mistakes(
    predictions: Predictions,
    classes: Sequence[str],
    *,
    split: str,
    images: Callable[[str], Image.Image] | None = None,
    limit: int = 12,
) -> tuple[Mistake, ...]:
    """Return up to ``limit`` wrong predictions of ``split``, the most certain first.

    Args:
        predictions: what the run said.
        classes: names by label.
        split: which images.
        images: opens an image by its key; one that cannot be opened goes without a picture.
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
            picture=_picture(images, predictions.keys[i]),
        )
        for i in order
    )


def _picture(images: Callable[[str], Image.Image] | None, key: str) -> str | None:
    if images is None:
        return None
    try:
        image = images(key).convert("RGB")
    except (GraftworkError, OSError, KeyError, ValueError):  # moved, deleted or damaged since the run
        return None
    image.thumbnail((THUMBNAIL, THUMBNAIL))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
