"""Scores of predicted numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from graftwork.documents.record import NumberScore, NumberScores
from graftwork.engine.metrics.bootstrap import bootstrap
from graftwork.errors import ShapeError

__all__ = ["number_errors", "score_numbers"]

Floats = NDArray[np.floating]


def number_errors(predicted: Floats, numbers: Floats, weights: Floats | None = None) -> NDArray[np.float64]:
    """Return mean absolute error, root mean squared error and R² of each column, (3, m).

    R² = 1 − Σ e² / Σ (t − mean t)²; not a number where the numbers never vary.

    Args:
        predicted, numbers: (n, m).
        weights: of each image, (n,); None means 1.
    """
    w = np.ones(len(numbers)) if weights is None else weights
    w = w / w.sum()
    error = predicted.astype(np.float64) - numbers
    squared = w @ error**2
    center = w @ numbers
    spread = w @ (numbers - center) ** 2
    # Rounding leaves a trace of variance in numbers that are all alike.
    varies = spread > 1e-24 * (1.0 + center**2)
    r2 = np.where(varies, 1.0 - squared / np.where(varies, spread, 1.0), np.nan)
    return np.stack([w @ np.abs(error), np.sqrt(squared), r2])


def score_numbers(
    predicted: Floats, numbers: Floats, names: Sequence[str], *, train_mean: Floats, seed: int = 0
) -> NumberScores:
    """Return all scores of a split, each with a bootstrap interval.

    Args:
        predicted, numbers: (n, m), n >= 1, in the data's units.
        names: of the m columns.
        train_mean: mean of the training images' numbers, (m,), for the control.
        seed: of the bootstrap.

    Raises:
        ShapeError: arrays do not fit.
    """
    wanted = (len(numbers), len(names))
    if predicted.shape != wanted or numbers.shape != wanted or len(numbers) == 0:
        raise ShapeError(
            f"Scores of numbers want arrays (n, {len(names)}) with n >= 1, got {predicted.shape} and "
            f"{numbers.shape}."
        )
    keys = ("mae", "rmse", "r2")

    def measure(weights: NDArray[np.float64]) -> dict[str, float]:
        errors = number_errors(predicted, numbers, weights)
        found = {f"{k}.{j}": float(errors[i, j]) for i, k in enumerate(keys) for j in range(len(names))}
        return found | {k: float(errors[i].mean()) for i, k in enumerate(keys)}

    found = bootstrap(measure, len(numbers), seed)
    baseline = number_errors(np.broadcast_to(train_mean, wanted), numbers)
    columns = tuple(
        NumberScore(
            name=name,
            **{k: found[f"{k}.{j}"] for k in keys},
            baseline_mae=float(baseline[0, j]),
            baseline_rmse=float(baseline[1, j]),
        )
        for j, name in enumerate(names)
    )
    return NumberScores(
        num_images=len(numbers),
        **{k: found[k] for k in keys},
        baseline_mae=float(baseline[0].mean()),
        baseline_rmse=float(baseline[1].mean()),
        columns=columns,
    )
