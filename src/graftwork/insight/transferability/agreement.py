"""Whether a measure put things in the order in which they came out: rank correlations with exact chances."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kendalltau, rankdata, weightedtau

from graftwork.errors import ShapeError

__all__ = ["MIN_THINGS", "RankAgreement", "rank_agreement"]

MIN_THINGS = 3
"""Two things are in the same order or not; a correlation of so few says nothing."""
_ALL_ORDERS_UP_TO = 7
_DRAWS = 4999


@dataclass(frozen=True)
class RankAgreement:
    """How alike two orders of the same things are: 1 the same, −1 reversed, about 0 unrelated.

    Args:
        num: of things.
        kendall: τ-b: pairs in the same order less those in reverse, over all, corrected for ties.
        spearman: correlation of the ranks.
        weighted: τ in which pairs near the top of either order count more.
        kendall_chance: how often an order by chance would do as well by Kendall's τ or better.
        spearman_chance: by Spearman's correlation.
        is_exact: whether all orders were gone through; else so many drawn ones.
    """

    num: int
    kendall: float
    spearman: float
    weighted: float
    kendall_chance: float
    spearman_chance: float
    is_exact: bool


def rank_agreement(
    foretold: Sequence[float], came_out: Sequence[float], *, seed: int = 0
) -> RankAgreement | None:
    """Return how well one list of numbers foretold the order of another.

    Chances are one-sided and exact by going through all orders of up to seven things; of more, 4,999 orders are
    drawn.

    Args:
        foretold: a number for each thing, higher for better.
        came_out: another number for each thing, in the same sequence.
        seed: of drawn orders.

    Returns:
        None for fewer than three things, or where all numbers of a list are the same.

    Raises:
        ShapeError: lists of different lengths, or numbers that are not finite.

    Source: Kendall 1945, "The treatment of ties in ranking problems"; Spearman 1904; Vigna 2015, "A weighted
    correlation index for rankings with ties", arXiv:1404.3325 (additive hyperbolic weights), with which the
    authors of LogME report.
    """
    x, y = np.asarray(foretold, dtype=np.float64), np.asarray(came_out, dtype=np.float64)
    if x.shape != y.shape or x.ndim != 1 or not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ShapeError(f"Two lists of as many finite numbers are wanted, got {x.shape} and {y.shape}.")
    if len(x) < MIN_THINGS or not np.ptp(x) or not np.ptp(y):
        return None
    orders, is_exact = _orders(len(x), seed)
    signs_x, ranks_x = _signs(x), _centered_ranks(x)
    signs_y, ranks_y = _signs(y), _centered_ranks(y)
    spearman = float(ranks_x @ ranks_y / math.sqrt((ranks_x @ ranks_x) * (ranks_y @ ranks_y)))
    return RankAgreement(
        num=len(x),
        kendall=float(kendalltau(x, y).statistic),
        spearman=spearman,
        weighted=float(weightedtau(x, y).statistic),
        kendall_chance=_chance(lambda o: float((signs_x[np.ix_(o, o)] * signs_y).sum()), orders),
        spearman_chance=_chance(lambda o: float(ranks_x[o] @ ranks_y), orders),
        is_exact=is_exact,
    )


def _orders(num: int, seed: int) -> tuple[NDArray[np.int64], bool]:
    """Return orders (m, num), the given one first."""
    if num <= _ALL_ORDERS_UP_TO:
        return np.array(list(itertools.permutations(range(num))), dtype=np.int64), True
    draw = np.random.default_rng(seed)
    drawn = [draw.permutation(num) for _ in range(_DRAWS)]
    return np.stack([np.arange(num), *drawn]).astype(np.int64), False


def _chance(measure: Callable[[NDArray[np.int64]], float], orders: NDArray[np.int64]) -> float:
    found = np.array([measure(order) for order in orders])
    # The order that was found is the first; of drawn ones it counts once, so that no chance is ever zero.
    return float((found >= found[0] - 1e-9).mean())


def _signs(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.sign(np.subtract.outer(values, values))


def _centered_ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    ranks = rankdata(values)
    centered: NDArray[np.float64] = ranks - ranks.mean()
    return centered
