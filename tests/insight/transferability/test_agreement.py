"""Rank correlations against counting pairs, and their chances against going through all orders."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.stats import spearmanr

from graftwork.errors import ShapeError
from graftwork.insight.transferability.agreement import rank_agreement


def tau_b(x: list[float], y: list[float]) -> float:
    pairs = list(itertools.combinations(range(len(x)), 2))
    signs = [(np.sign(x[i] - x[j]), np.sign(y[i] - y[j])) for i, j in pairs]
    up = math.sqrt(sum(a != 0 for a, _ in signs) * sum(b != 0 for _, b in signs))
    return float(sum(a * b for a, b in signs) / up)


@pytest.mark.parametrize("ties", [False, True])
def test_coefficients_and_chances_by_hand(ties):
    draw = np.random.default_rng(5)
    x, y = draw.normal(size=6), draw.normal(size=6)
    x, y = (np.round(x), np.round(y)) if ties else (x, y)
    found = rank_agreement(x.tolist(), y.tolist())
    assert found is not None
    assert (found.is_exact, found.num) == (True, 6)
    assert found.kendall == pytest.approx(tau_b(list(x), list(y)))
    assert found.spearman == pytest.approx(spearmanr(x, y).statistic)
    orders = [list(o) for o in itertools.permutations(x)]
    as_good = [tau_b(o, list(y)) >= found.kendall - 1e-9 for o in orders]
    assert found.kendall_chance == pytest.approx(np.mean(as_good))
    as_good = [spearmanr(o, y).statistic >= found.spearman - 1e-9 for o in orders]
    assert found.spearman_chance == pytest.approx(np.mean(as_good))


def test_the_same_order_of_three_has_a_chance_of_one_in_six():
    found = rank_agreement([0.1, 0.5, 9.0], [10, 20, 21])
    assert found is not None
    assert (found.kendall, found.spearman, found.weighted) == (1, 1, pytest.approx(1))
    assert found.kendall_chance == found.spearman_chance == pytest.approx(1 / 6)
    reverse = rank_agreement([3, 2, 1], [10, 20, 21])
    assert reverse is not None
    assert (reverse.kendall, reverse.kendall_chance) == (-1, 1)


def test_the_top_counts_more_in_the_weighted_one():
    truth = [6.0, 5.0, 4.0, 3.0, 2.0, 1.0]
    top_swapped = rank_agreement([5.0, 6.0, 4.0, 3.0, 2.0, 1.0], truth)
    end_swapped = rank_agreement([6.0, 5.0, 4.0, 3.0, 1.0, 2.0], truth)
    assert top_swapped is not None
    assert end_swapped is not None
    assert top_swapped.kendall == end_swapped.kendall
    assert top_swapped.weighted < end_swapped.weighted


def test_many_things_have_drawn_chances():
    found = rank_agreement(list(range(12)), list(range(12)))
    assert found is not None
    assert not found.is_exact
    assert 0 < found.kendall_chance <= 1 / 1000


def test_too_few_or_all_alike_say_nothing():
    assert rank_agreement([1, 2], [1, 2]) is None
    assert rank_agreement([1, 1, 1], [1, 2, 3]) is None
    with pytest.raises(ShapeError):
        rank_agreement([1, 2, 3], [1, 2])
    with pytest.raises(ShapeError):
        rank_agreement([1, 2, math.nan], [1, 2, 3])
