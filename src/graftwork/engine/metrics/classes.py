"""Scores of predictions, each with a 95 % interval."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int, Num
from numpy.typing import NDArray

from graftwork.documents.record import ClassScore, Interval, Scores
from graftwork.errors import ShapeError

__all__ = [
    "Z_95",
    "balanced_accuracy",
    "confusion_matrix",
    "hit_scores",
    "log_losses",
    "percentiles",
    "score",
    "wilson",
]

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]

Z_95 = 1.959963984540054
"""Half the width of a 95 % interval in standard errors: the 97.5 % point of the normal distribution."""
_RESAMPLES = 2000


def wilson(hits: int, total: int) -> Interval:
    """Return a share with its Wilson score interval.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".

    >>> interval = wilson(8, 10)
    >>> round(interval.low, 3), round(interval.high, 3)
    (0.49, 0.943)
    """
    if total == 0:
        return Interval(value=math.nan, low=0.0, high=1.0)
    share = hits / total
    spread = 1 + Z_95**2 / total
    middle = (share + Z_95**2 / (2 * total)) / spread
    half = Z_95 / spread * math.sqrt(share * (1 - share) / total + Z_95**2 / (4 * total**2))
    return Interval(value=share, low=max(0.0, middle - half), high=min(1.0, middle + half))


def confusion_matrix(
    labels: Int[np.ndarray, " n"], predicted: Int[np.ndarray, " n"], num_classes: int
) -> Int[np.ndarray, "k k"]:
    """Return counts (k, k): row is the label, column the predicted label."""
    flat = np.bincount(labels * num_classes + predicted, minlength=num_classes**2)
    counts: Ints = flat.reshape(num_classes, num_classes)
    return counts


def balanced_accuracy(confusion: Num[np.ndarray, "*batch k k"]) -> Float[np.ndarray, "*batch"]:
    """Return the mean recall over the classes that have images; leading axes (…, k, k) are kept."""
    support = confusion.sum(-1)
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    present = support > 0
    recall = np.where(present, hits / np.maximum(support, 1), 0.0)
    return np.asarray(recall.sum(-1) / np.maximum(present.sum(-1), 1))


def _macro_f1(confusion: Num[np.ndarray, "*batch k k"]) -> Float[np.ndarray, "*batch"]:
    """Return the mean F1 over the classes that occur as label or prediction; leading axes are kept."""
    support, said = confusion.sum(-1), confusion.sum(-2)
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    occurs = support + said > 0
    f1 = np.where(occurs, 2 * hits / np.maximum(support + said, 1), 0.0)
    return np.asarray(f1.sum(-1) / np.maximum(occurs.sum(-1), 1))


def log_losses(
    probabilities: Float[np.ndarray, "n k"], labels: Int[np.ndarray, " n"]
) -> Float[np.ndarray, " n"]:
    """Return −log of the label's probability per image, (n,)."""
    chosen = probabilities[np.arange(len(labels)), labels]
    losses: Floats = -np.log(np.maximum(chosen, 1e-12))
    return losses


def score(
    probabilities: Floats,
    labels: Ints,
    classes: Sequence[str],
    *,
    majority_class: int,
    seed: int = 0,
) -> Scores:
    """Return all scores of a split.

    Args:
        probabilities: (n, k), rows sum to one.
        labels: (n,) class indices.
        classes: k names.
        majority_class: commonest class of the training split, for the control.
        seed: of the bootstrap.

    Accuracy, precision and recall have Wilson intervals. The others have percentile bootstrap intervals
    over images: for scores that depend on the confusion matrix alone, drawing n images again is drawing
    its cells from a multinomial, whatever n is.

    Raises:
        ShapeError: arrays do not fit.
    """
    if probabilities.shape != (len(labels), len(classes)) or len(labels) == 0:
        raise ShapeError(
            f"Scores want probabilities (n, {len(classes)}) with n >= 1 labels, got "
            f"{probabilities.shape} and {labels.shape}."
        )
    predicted = probabilities.argmax(1)
    confusion = confusion_matrix(labels, predicted, len(classes))
    rng = np.random.default_rng(seed)
    draws = _draws(confusion, rng)
    losses = log_losses(probabilities, labels)
    return Scores(
        num_images=len(labels),
        accuracy=wilson(int(np.trace(confusion)), len(labels)),
        balanced_accuracy=percentiles(float(balanced_accuracy(confusion)), balanced_accuracy(draws)),
        macro_f1=percentiles(float(_macro_f1(confusion)), _macro_f1(draws)),
        log_loss=percentiles(float(losses.mean()), _mean_draws(losses, rng)),
        classes=tuple(_class_score(confusion, i, name) for i, name in enumerate(classes)),
        confusion=tuple(tuple(int(c) for c in row) for row in confusion),
        majority_accuracy=float((labels == majority_class).mean()),
    )


def hit_scores(confusion: Int[np.ndarray, "k k"], *, seed: int = 0) -> tuple[Interval, Interval]:
    """Return accuracy and balanced accuracy with the intervals that ``score`` gives them.

    Args:
        confusion: counts (k, k), at least one; row is the label.
        seed: of the bootstrap.
    """
    draws = _draws(confusion, np.random.default_rng(seed))
    balanced = percentiles(float(balanced_accuracy(confusion)), balanced_accuracy(draws))
    return wilson(int(np.trace(confusion)), int(confusion.sum())), balanced


def _draws(confusion: Ints, rng: np.random.Generator) -> Ints:
    """Return the confusion matrices (r, k, k) of images drawn again."""
    total = int(confusion.sum())
    draws = rng.multinomial(total, confusion.ravel() / total, size=_RESAMPLES)
    return draws.reshape(-1, *confusion.shape)


def _mean_draws(values: Floats, rng: np.random.Generator) -> Floats:
    n = len(values)
    return np.array([values[rng.integers(n, size=n)].mean() for _ in range(_RESAMPLES // 4)])


def percentiles(value: float, draws: Floats) -> Interval:
    """Return a value with the middle 95 % of its draws (n,), widened where the value lies outside."""
    low, high = np.percentile(draws, [2.5, 97.5])
    return Interval(value=value, low=float(min(low, value)), high=float(max(high, value)))


def _class_score(confusion: Ints, index: int, name: str) -> ClassScore:
    hits = int(confusion[index, index])
    support, said = int(confusion[index].sum()), int(confusion[:, index].sum())
    return ClassScore(
        name=name,
        num_images=support,
        precision=wilson(hits, said) if said else None,
        recall=wilson(hits, support) if support else None,
        f1=2 * hits / (support + said) if support + said else None,
    )
