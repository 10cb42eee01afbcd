"""What a range test's losses suggest, on courses whose answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from graftwork.insight.rate_test import read_rates, smooth

RATES = np.geomspace(1e-6, 1.0, 121)  # twenty updates a decade


def valley(steepest: float = 1e-3, rise: float = 0.1, noise: float = 0.0) -> np.ndarray:
    """A loss that falls from 2 to 1 as a logistic step around one rate, and rises as a power beyond another."""
    fall = 2.0 - 1.0 / (1.0 + (steepest / RATES) ** 2)
    course = fall + (RATES / rise) ** 2
    return course + noise * np.random.default_rng(0).standard_normal(len(RATES))


def test_smoothing_is_the_weighted_mean_that_a_loop_gives() -> None:
    losses, width = np.random.default_rng(1).random(17), 2.5
    for i, value in enumerate(smooth(losses, width)):
        weights = [math.exp(-((i - j) ** 2) / (2 * width**2)) for j in range(17)]
        assert value == pytest.approx(sum(w * x for w, x in zip(weights, losses, strict=True)) / sum(weights))


@pytest.mark.parametrize("noise", [0.0, 0.03])
def test_the_suggestion_is_a_tenth_of_the_rate_of_the_lowest_loss(noise: float) -> None:
    found = read_rates(RATES, valley(noise=noise))
    # Its slope is zero where (r² + s²)² = s²R², with s the step and R the rise.
    lowest = math.sqrt(1e-3 * 0.1 - 1e-6)
    assert found.lowest_at == pytest.approx(lowest, rel=0.5)
    assert found.suggested == pytest.approx(found.lowest_at / 10)
    # A logistic step of the logarithm is steepest in its middle.
    assert found.steepest == pytest.approx(1e-3, rel=0.5)
    # It rises past 2 where (r/R)^2 = 1.
    assert found.rises_from == pytest.approx(0.1, rel=0.5)
    assert abs(found.noise - noise) < 0.02


def test_a_loss_that_never_rises_leaves_the_rate_of_steepest_fall() -> None:
    found = read_rates(RATES, valley(rise=1e9))
    assert found.rises_from is None
    assert found.suggested == found.steepest == pytest.approx(1e-3, rel=0.2)


def test_noise_alone_suggests_nothing() -> None:
    for seed in range(20):
        losses = 2.0 + 0.1 * np.random.default_rng(seed).standard_normal(len(RATES))
        assert read_rates(RATES, losses).suggested is None, seed


def test_a_loss_that_only_rises_suggests_nothing_but_says_from_where() -> None:
    noise = 0.01 * np.random.default_rng(0).standard_normal(len(RATES))
    found = read_rates(RATES, 0.1 + (RATES / 0.01) ** 2 + noise)
    assert found.suggested is None
    assert found.rises_from is not None
    assert 1e-4 < found.rises_from < 1e-2


def test_too_few_losses_are_refused() -> None:
    with pytest.raises(ValueError, match="five"):
        read_rates(RATES[:4], np.ones(4))
