"""Labels saved against cases counted by hand, laws that are known, and intervals that follow from the draws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import curve_fit

from graftwork.engine.metrics.bootstrap import interval_of
from graftwork.errors import ShapeError
from graftwork.insight.learning_curve import (
    crossing_interval,
    fit_power_law,
    forecast,
    labels_needed,
    resample,
)
from graftwork.insight.measures import Measure, main_measure

SIZES = np.array([10.0, 100.0, 1000.0])


@pytest.mark.parametrize(
    ("scores", "target", "wanted"),
    [
        ([0.5, 0.7, 0.9], 0.6, 10**1.5),  # half of the way from 10 to 100 in the logarithm
        ([0.5, 0.7, 0.9], 0.75, 10**2.25),
        ([0.5, 0.7, 0.9], 0.7, 100.0),
        ([0.5, 0.7, 0.9], 0.9, 1000.0),
        ([0.5, 0.7, 0.9], 0.91, math.inf),
        ([0.5, 0.7, 0.9], 0.4, 10.0),  # it starts above: fewer may do
        ([0.5, 0.8, 0.6], 0.7, 10 ** (1 + 2 / 3)),  # the first crossing counts
        ([0.5, math.nan, 0.9], 0.7, 100.0),  # a point that is missing is bridged
    ],
)
def test_labels_needed_as_counted_by_hand(scores: list[float], target: float, wanted: float) -> None:
    assert labels_needed(SIZES, np.array(scores), target) == pytest.approx(wanted)


def test_without_points_or_target_nothing_is_said() -> None:
    assert math.isnan(labels_needed(SIZES, np.full(3, math.nan), 0.5))
    assert math.isnan(labels_needed(SIZES, np.array([0.1, 0.2, 0.3]), math.nan))


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3), st.floats(0, 1), st.floats(0, 1))
def test_a_higher_score_never_needs_fewer_labels(scores: list[float], one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert labels_needed(SIZES, np.array(scores), low) <= labels_needed(SIZES, np.array(scores), high) + 1e-9


@pytest.mark.parametrize(("top", "scale", "exponent"), [(0.95, 1.2, 0.5), (1.0, 0.8, 0.3), (0.7, 2.0, 1.0)])
def test_a_known_law_is_found_again(top: float, scale: float, exponent: float) -> None:
    n = np.array([20.0, 40, 100, 200, 400])
    law = fit_power_law(n, top - scale * n**-exponent)
    assert law is not None
    assert (law.top, law.scale, law.exponent) == pytest.approx((top, scale, exponent), rel=0.02)
    assert law.at(800.0) == pytest.approx(top - scale * 800.0**-exponent, abs=1e-3)


def test_a_noisy_law_is_fitted_as_scipy_fits_it() -> None:
    n = np.array([25.0, 50, 100, 250, 500, 1000])
    s = 0.9 - 1.5 * n**-0.6 + np.random.default_rng(3).normal(0, 0.01, 6)
    law = fit_power_law(n, s)
    assert law is not None
    theirs, _ = curve_fit(lambda x, a, b, c: a - b * x**-c, n, s, p0=(0.9, 1.0, 0.5))
    assert (law.top, law.scale, law.exponent) == pytest.approx(tuple(theirs), rel=0.01)


def test_a_law_never_rises_above_what_is_possible_and_needs_four_points() -> None:
    n = np.array([10.0, 20, 40, 80])
    steep = fit_power_law(n, np.array([0.2, 0.5, 0.8, 0.99]))
    assert steep is not None
    assert steep.top <= 1.0
    falling = fit_power_law(n, np.array([0.9, 0.8, 0.7, 0.6]))
    assert falling is not None
    assert falling.scale == 0.0
    assert falling.at(1e6) == pytest.approx(0.75)
    assert fit_power_law(n[:3], np.array([0.2, 0.5, 0.8])) is None
    assert forecast(n[:3], np.array([0.2, 0.5, 0.8]), np.zeros((5, 3)), 160.0) is None


def hits(pattern: str) -> Measure:
    """A measure of images of which those marked 1 are told right."""
    right = np.array([int(c) for c in pattern])
    said = np.stack([1.0 - right, right], 1)
    return main_measure("category", said, np.ones(len(right), np.int64))


def test_means_are_over_seeds_and_missing_points_stay_missing() -> None:
    table = [
        [[hits("1100"), hits("1110")], [hits("1111"), None]],
        [[None, None], [hits("0001"), hits("0011")]],
    ]
    found = resample(table, 4)
    np.testing.assert_allclose(found.scores, [[0.625, 1.0], [math.nan, 0.375]])
    assert found.draws.shape[1:] == (2, 2)
    assert np.isnan(found.draws[:, 1, 0]).all()
    again = resample(table, 4)
    np.testing.assert_array_equal(found.draws, again.draws)


def test_draws_are_those_of_a_loop_written_out() -> None:
    patterns = ("1101011100", "1111011110")
    found = resample([[[hits(p)] for p in patterns]], 10, seed=5)
    rng = np.random.default_rng(5)
    for row in found.draws[:50]:
        drawn = rng.integers(10, size=10)
        assert row[0].tolist() == pytest.approx([np.mean([int(p[i]) for i in drawn]) for p in patterns])


def test_points_share_the_drawn_images_so_that_equal_points_stay_equal() -> None:
    found = resample([[[hits("110100")]], [[hits("110100")]]], 6)
    np.testing.assert_array_equal(found.draws[:, 0], found.draws[:, 1])


def test_crossings_have_intervals_that_may_be_endless() -> None:
    scores = np.array([0.5, 0.7, 0.9])
    draws = np.array([[0.5, 0.7, 0.9]] * 90 + [[0.5, 0.6, 0.7]] * 10)
    found = crossing_interval(SIZES, scores, draws, 0.75, np.full(100, 0.75))
    assert found.value == found.low == pytest.approx(10**2.25)
    assert found.high == math.inf
    sure = crossing_interval(SIZES, scores, draws[:90], 0.75, np.full(90, 0.75))
    assert sure.high == pytest.approx(10**2.25)


def test_a_synthetic_saving_is_found_with_its_interval() -> None:
    """Scratch follows transfer with eight times the labels: the known answer is 8."""
    n = np.array([25.0, 50, 100, 250, 500, 1000, 2000, 4000])
    transfer, scratch = 0.95 - n**-0.5, 0.95 - (n / 8) ** -0.5
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.004, (400, 2, len(n)))
    for i in (1, 2, 3):
        found = crossing_interval(
            n, scratch, scratch + noise[:, 0], transfer[i], transfer[i] + noise[:, 1, i]
        )
        assert found.value == pytest.approx(8 * n[i], rel=0.1)
        assert found.low < 8 * n[i] < found.high


def test_intervals_leave_out_what_is_no_number() -> None:
    found = interval_of(0.5, np.array([math.nan, *np.linspace(0, 1, 101)]))
    assert (found.low, found.high) == pytest.approx((0.025, 0.975))
    assert math.isnan(interval_of(math.nan, np.ones(3)).low)


def test_curves_of_different_shapes_are_refused() -> None:
    with pytest.raises(ShapeError, match="same sizes"):
        resample([[[hits("10")], [hits("10"), hits("11")]]], 2)
