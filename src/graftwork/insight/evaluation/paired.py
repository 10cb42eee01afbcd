"""Two runs on the same images, image by image."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graftwork.documents.record import Interval
from graftwork.engine.metrics.classes import Z_95
from graftwork.errors import ShapeError

__all__ = ["Paired", "compare_answers"]


@dataclass(frozen=True)
class Paired:
    """How the answers of two runs on the same images fall together."""

    both_right: int
    only_a: int
    only_b: int
    both_wrong: int
    p_value: float
    """McNemar's exact test of equal accuracy, two-sided."""
    difference: Interval
    """Accuracy of A minus that of B."""

    @property
    def num_images(self) -> int:
        return self.both_right + self.only_a + self.only_b + self.both_wrong


def compare_answers(a_is_right: NDArray[np.bool_], b_is_right: NDArray[np.bool_]) -> Paired:
    """Return the four cells, McNemar's exact test, and the difference of the accuracies with its interval.

    Args:
        a_is_right, b_is_right: of the same images in the same order, (n,), n >= 1.

    Raises:
        ShapeError: arrays do not fit.

    Source: McNemar 1947; the exact test is the binomial one on the images that only one run tells right.
    The interval is that of Agresti & Min 2005, "Simple improved confidence intervals for comparing
    matched proportions": Wald's with half an image more in each cell.
    """
    from scipy.stats import binomtest

    if a_is_right.ndim != 1 or a_is_right.shape != b_is_right.shape or not len(a_is_right):
        raise ShapeError(
            f"Answers of the same images are wanted, (n,), n >= 1; got {a_is_right.shape} and "
            f"{b_is_right.shape}."
        )
    both, only_a = int((a_is_right & b_is_right).sum()), int((a_is_right & ~b_is_right).sum())
    only_b, neither = int((~a_is_right & b_is_right).sum()), int((~a_is_right & ~b_is_right).sum())
    n, differ = len(a_is_right), only_a + only_b
    p_value = float(binomtest(only_a, differ, 0.5).pvalue) if differ else 1.0
    gap = only_a - only_b
    center = gap / (n + 2)
    half = Z_95 * math.sqrt(max(differ + 1 - gap**2 / (n + 2), 0.0)) / (n + 2)
    value = gap / n
    interval = Interval(
        value=value, low=max(-1.0, min(center - half, value)), high=min(1.0, max(center + half, value))
    )
    return Paired(both, only_a, only_b, neither, p_value, interval)
