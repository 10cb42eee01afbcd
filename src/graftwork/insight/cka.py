"""Centered kernel alignment: how alike two sets of features of the same images are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from graftwork.documents.record import Interval
from graftwork.engine.metrics.classes import Z_95
from graftwork.errors import ShapeError

__all__ = ["MIN_IMAGES", "linear_cka"]

Floats = NDArray[np.floating]
Square = NDArray[np.float64]

T = TypeVar("T", float, Square)

MIN_IMAGES = 5
"""The estimate wants four images, and its interval leaves one out."""
_ROUNDING = 1e-10  # of a similarity, relative to the features' own size


def linear_cka(first: Float[np.ndarray, "n d"], second: Float[np.ndarray, "n e"]) -> Interval | None:
    """Return the debiased linear CKA of two sets of features of the same images, with a jackknife interval.

    1 when one is the other turned and scaled, around 0 when they have nothing to do with each other; exactly 1
    when they are equal. The unbiased estimate of HSIC is used: the plain one nears 1 for any two sets when there
    are fewer images than features. Memory is three matrices (n, n).

    Args:
        first: (n, d), n >= 5.
        second: (n, e), rows of the same images in the same order.

    Returns:
        At most 1; the estimate may lie a little below 0. None when the features of one set are the same for all
        images, or not finite: then there is nothing to align.

    Raises:
        ShapeError: other numbers of rows, or fewer than five.

    Source: Kornblith et al. 2019, "Similarity of neural network representations revisited", arXiv:1905.00414;
    Song et al. 2012, "Feature selection via dependence maximization", JMLR 13, eq. 4, for the estimate;
    Efron & Tibshirani 1993, "An introduction to the bootstrap", chapter 11, for the interval.
    """
    if len(first) != len(second) or len(first) < MIN_IMAGES:
        raise ShapeError(
            f"CKA wants features of the same {MIN_IMAGES} or more images, got {first.shape} and {second.shape}."
        )
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        return None
    if _is_constant(first) or _is_constant(second):
        return None
    one, other = _similarities(first), _similarities(second)
    between, own, others = _Pairs.of(one, other), _Pairs.of(one, one), _Pairs.of(other, other)
    n = len(first)
    value = _ratio(between.hsic(n), own.hsic(n), others.hsic(n))
    without = _ratios(between.left_out(n), own.left_out(n), others.left_out(n))
    if value is None:
        return None
    usable = without[np.isfinite(without)]
    spread = 0.0 if len(usable) < 2 else math.sqrt((len(usable) - 1) * float(usable.var()))
    low, high = value - Z_95 * spread, value + Z_95 * spread
    return Interval(value=value, low=max(-1.0, low), high=min(1.0, max(high, value)))


def _is_constant(features: Floats) -> bool:
    spread = np.ptp(features, axis=0).max(initial=0.0)
    return bool(spread <= 1e-6 * np.abs(features).max(initial=0.0))


def _similarities(features: Floats) -> Square:
    """Return the products of all pairs of rows, (n, n), zero on the diagonal; rows are centered and scaled."""
    x = features.astype(np.float64)
    x = x - x.mean(0)
    x = x / np.linalg.norm(x)
    products: Square = x @ x.T
    np.fill_diagonal(products, 0.0)
    return products


@dataclass(frozen=True)
class _Pairs:
    """The sums over two matrices of similarities that the estimate is made of.

    With matrices K and L, zero on the diagonal, and row sums k and l: ``both`` = Σ K∘L, ``first`` = Σ k,
    ``second`` = Σ l, ``rows`` = Σ k·l. The others say how much of each goes when image i is left out.
    """

    both: float
    first: float
    second: float
    rows: float
    both_of: Square
    first_of: Square
    second_of: Square
    rows_of: Square

    @classmethod
    def of(cls, first: Square, second: Square) -> _Pairs:
        k, m = first.sum(1), second.sum(1)
        own = np.einsum("ij,ij->i", first, second)
        return cls(
            both=float(own.sum()),
            first=float(k.sum()),
            second=float(m.sum()),
            rows=float(k @ m),
            both_of=2 * own,
            first_of=2 * k,
            second_of=2 * m,
            # Σ_{j≠i} (k_j − K_ij)(l_j − L_ij), taken from Σ_j k_j l_j.
            rows_of=k * m + second @ k + first @ m - own,
        )

    def hsic(self, n: int) -> float:
        """Return the estimate over all n images, up to a factor that depends on n alone."""
        return _estimate(self.both, self.first, self.second, self.rows, n)

    def left_out(self, n: int) -> Square:
        """Return the estimates over n − 1 images, (n,)."""
        found: Square = _estimate(
            self.both - self.both_of,
            self.first - self.first_of,
            self.second - self.second_of,
            self.rows - self.rows_of,
            n - 1,
        )
        return found


def _estimate(both: T, first: T, second: T, rows: T, n: int) -> T:
    return both + first * second / ((n - 1) * (n - 2)) - 2 * rows / (n - 2)


def _ratio(between: float, own: float, others: float) -> float | None:
    found = float(_ratios(np.array([between]), np.array([own]), np.array([others]))[0])
    return found if math.isfinite(found) else None


def _ratios(between: Square, own: Square, others: Square) -> Square:
    # Of one set alone the estimate is a sum of squares; what is no more than rounding is nothing.
    there = (own > _ROUNDING**2) & (others > _ROUNDING**2)
    size = np.sqrt(np.where(there, own * others, 1.0))
    return np.where(there, np.clip(between / size, -1.0, 1.0), np.nan)
