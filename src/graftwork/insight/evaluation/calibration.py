"""Whether probabilities mean what they say: bins, calibration errors, the Brier score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from graftwork.documents.record import Interval
from graftwork.engine.metrics.bootstrap import bootstrap
from graftwork.engine.metrics.classes import wilson
from graftwork.errors import ShapeError

__all__ = [
    "Bin",
    "Binning",
    "bin_numbers",
    "brier_scores",
    "calibration_bins",
    "classwise_error",
    "expected_error",
    "expected_if_calibrated",
    "weighted_error",
]

Array = NDArray[np.float64]
Binning = Literal["width", "mass"]

_DRAWS = 200


@dataclass(frozen=True)
class Bin:
    """Images of similar confidence: how sure the run was of them, and how often it was right."""

    low: float
    high: float
    num_images: int
    confidence: float | None
    accuracy: Interval | None


def bin_numbers(confidence: Array, num_bins: int, binning: Binning) -> NDArray[np.int64]:
    """Return the bin of each confidence, (n,).

    Args:
        confidence: (n,), from 0 to 1.
        num_bins: how many.
        binning: 'width': bins of equal width, each open below and closed above, 0 in the first;
            'mass': bins of equal numbers of images, in the order of confidence.
    """
    if binning == "width":
        return np.clip(np.ceil(confidence * num_bins).astype(np.int64) - 1, 0, num_bins - 1)
    numbers = np.empty(len(confidence), dtype=np.int64)
    order = np.argsort(confidence, kind="stable")
    for number, part in enumerate(np.array_split(order, min(num_bins, max(len(order), 1)))):
        numbers[part] = number
    return numbers


def calibration_bins(
    confidence: Array, is_right: NDArray[np.bool_], *, num_bins: int = 10, binning: Binning = "width"
) -> tuple[Bin, ...]:
    """Return the bins of a reliability diagram, with Wilson intervals of the share that is right.

    Args:
        confidence: probability of what was predicted, (n,).
        is_right: (n,).
        num_bins: how many; of equal mass never more than images.
        binning: as ``bin_numbers`` says.

    Raises:
        ShapeError: arrays do not fit, or a confidence is not in [0, 1].

    Source: DeGroot & Fienberg 1983; Guo et al. 2017, "On calibration of modern neural networks".
    """
    _check(confidence, is_right)
    numbers = bin_numbers(confidence, num_bins, binning)
    count = num_bins if binning == "width" else int(numbers.max()) + 1
    return tuple(_bin(confidence, is_right, numbers == i, i, num_bins, binning) for i in range(count))


def _bin(
    confidence: Array,
    is_right: NDArray[np.bool_],
    chosen: NDArray[np.bool_],
    i: int,
    num_bins: int,
    binning: Binning,
) -> Bin:
    inside = confidence[chosen]
    if binning == "width":
        low, high = i / num_bins, (i + 1) / num_bins
    else:
        low, high = float(inside.min()), float(inside.max())
    if not len(inside):
        return Bin(low, high, 0, None, None)
    hits = int(is_right[chosen].sum())
    return Bin(low, high, len(inside), float(inside.mean()), wilson(hits, len(inside)))


def _check(confidence: Array, is_right: NDArray[np.bool_]) -> None:
    if confidence.ndim != 1 or confidence.shape != is_right.shape or not len(confidence):
        raise ShapeError(
            f"Calibration wants confidences (n,), n >= 1, and as many answers, got {confidence.shape} and "
            f"{is_right.shape}."
        )
    if not ((confidence >= 0) & (confidence <= 1 + 1e-6)).all():
        raise ShapeError("Calibration wants confidences from 0 to 1.")


def weighted_error(confidence: Array, is_right: Array, numbers: NDArray[np.int64], weights: Array) -> float:
    """Return Σ over bins of (share of the weight · |right − confidence|).

    Args:
        confidence: (n,).
        is_right: (n,), 0 or 1.
        numbers: the bin of each, (n,).
        weights: how much each counts, (n,).

    Source: Naeini et al. 2015, "Obtaining well calibrated probabilities using Bayesian binning".
    """
    gaps = np.bincount(numbers, weights=weights * (is_right - confidence))
    return float(np.abs(gaps).sum() / max(weights.sum(), 1e-300))


def expected_error(
    confidence: Array,
    is_right: NDArray[np.bool_],
    *,
    num_bins: int = 10,
    binning: Binning = "width",
    seed: int = 0,
) -> Interval:
    """Return the expected calibration error (ECE) of the predicted labels, with a bootstrap interval.

    0 when each bin is right as often as it is sure. It depends on the bins, and few images alone
    push it up: ``expected_if_calibrated`` says how far.

    Args:
        confidence, is_right, num_bins, binning: as of ``calibration_bins``.
        seed: of the bootstrap.

    Source: Naeini et al. 2015, "Obtaining well calibrated probabilities using Bayesian binning";
    with 'mass': Nguyen & O'Connor 2015, arXiv:1508.05154.
    """
    _check(confidence, is_right)
    numbers, right = bin_numbers(confidence, num_bins, binning), is_right.astype(np.float64)
    found = bootstrap(lambda w: {"ece": weighted_error(confidence, right, numbers, w)}, len(confidence), seed)
    return found["ece"]


def expected_if_calibrated(
    confidence: Array, *, num_bins: int = 10, binning: Binning = "width", seed: int = 0
) -> float:
    """Return the mean ECE that as many images of these confidences would show if these were exactly right.

    Args:
        confidence, num_bins, binning: as of ``calibration_bins``.
        seed: of the draws.

    Source: the consistency resampling of Bröcker & Smith 2007, "Increasing the reliability of
    reliability diagrams".
    """
    rng = np.random.default_rng(seed)
    numbers, ones = bin_numbers(confidence, num_bins, binning), np.ones(len(confidence))
    draws = [
        weighted_error(
            confidence, (rng.random(len(confidence)) < confidence).astype(np.float64), numbers, ones
        )
        for _ in range(_DRAWS)
    ]
    return float(np.mean(draws))


def classwise_error(
    probabilities: Array, truth: NDArray[np.bool_], *, num_bins: int = 10, seed: int = 0
) -> Interval:
    """Return the mean over classes of the ECE of 'is it this class', equal-width bins, with a bootstrap interval.

    Args:
        probabilities: (n, k).
        truth: (n, k).
        num_bins: how many.
        seed: of the bootstrap.

    Source: Kull et al. 2019, "Beyond temperature scaling", arXiv:1910.12656, eq. 4.
    """
    n, k = probabilities.shape
    numbers = np.stack([bin_numbers(p, num_bins, "width") for p in probabilities.T], axis=1)
    flat = (numbers + num_bins * np.arange(k)).ravel()
    gaps = (truth - probabilities).ravel()

    def measure(weights: Array) -> dict[str, float]:
        sums = np.bincount(flat, weights=gaps * np.repeat(weights, k), minlength=num_bins * k)
        return {"ece": float(np.abs(sums).sum() / (k * weights.sum()))}

    return bootstrap(measure, n, seed)["ece"]


def brier_scores(probabilities: Array, truth: NDArray[np.bool_]) -> Array:
    """Return Σ over classes of (probability − truth)² of each image, (n,): 0 is best, of classes 2 is worst.

    Args:
        probabilities: (n, k).
        truth: (n, k).

    Source: Brier 1950, "Verification of forecasts expressed in terms of probability".
    """
    squares: Array = ((probabilities - truth) ** 2).sum(1)
    return squares
