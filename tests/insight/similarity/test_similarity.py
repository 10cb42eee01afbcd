"""Measures between a target and what a base was trained on, against their formulas by another route."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import linprog

from graftwork.errors import DataError, ShapeError
from graftwork.insight.similarity.class_means import (
    ClassMeans,
    class_means,
    class_similarity,
    earth_mover_distance,
)
from graftwork.insight.similarity.domain_gap import proxy_a_distance
from graftwork.insight.similarity.statistics_shift import layer_shift


def some(k, d=4, seed=0):
    draw = np.random.default_rng(seed)
    return ClassMeans(draw.normal(size=(k, d)) * 10, draw.integers(1, 40, k))


def by_linear_program(source, target):
    cost = [[math.dist(a, b) for b in target.means] for a in source.means]
    k, m = len(source.counts), len(target.counts)
    sums = np.concatenate([np.kron(np.eye(k), np.ones(m)), np.kron(np.ones(k), np.eye(m))])
    shares = np.concatenate([source.counts / source.counts.sum(), target.counts / target.counts.sum()])
    return linprog(np.ravel(cost), A_eq=sums, b_eq=shares, bounds=(0, None)).fun


@pytest.mark.parametrize(("k", "m"), [(3, 5), (6, 2), (1, 4)])
def test_moving_class_means_costs_what_a_linear_program_says(k, m):
    source, target = some(k), some(m, seed=1)
    wanted = by_linear_program(source, target)
    assert earth_mover_distance(source, target) == pytest.approx(wanted, rel=1e-6)
    assert class_similarity(source, target) == pytest.approx(math.exp(-0.01 * wanted))


def test_the_same_classes_are_as_similar_as_can_be():
    assert class_similarity(some(5), some(5)) == pytest.approx(1.0)


def test_one_class_each_lies_at_their_distance():
    one, other = (
        ClassMeans(np.zeros((1, 2)), np.array([3])),
        ClassMeans(np.array([[3.0, 4.0]]), np.array([9])),
    )
    assert earth_mover_distance(one, other) == pytest.approx(5.0)


def test_class_means_bear_absent_class_numbers():
    rows = np.array([[0.0], [2.0], [7.0]], dtype=np.float32)
    found = class_means(rows, np.array([0, 0, 5]))
    assert found.means.tolist() == [[1.0], [7.0]]
    assert found.counts.tolist() == [2, 1]


def test_means_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError, match="one width"):
        class_similarity(some(2), some(2, d=3))
    with pytest.raises(ShapeError, match="label for each"):
        class_means(np.ones((3, 2)), np.ones(2, dtype=int))


def test_domains_that_are_the_same_have_no_distance_and_far_ones_two():
    draw = np.random.default_rng(0)
    rows = draw.normal(size=(200, 6))
    assert proxy_a_distance(rows[:100], rows[100:]) < 0.5
    assert proxy_a_distance(rows, rows + 30.0) == pytest.approx(2.0)


def test_the_distance_is_that_of_the_best_error_for_two_gaussians():
    """One direction tells them apart; the best error is Φ(−shift/2)."""
    draw = np.random.default_rng(0)
    shift = 2.0
    source, target = draw.normal(size=(1500, 3)), draw.normal([shift, 0, 0], size=(1500, 3))
    error = 0.5 * math.erfc(shift / 2 / math.sqrt(2))
    assert proxy_a_distance(source, target) == pytest.approx(2 * (1 - 2 * error), abs=0.08)


def test_sizes_of_domains_do_not_matter():
    draw = np.random.default_rng(0)
    rows = draw.normal(size=(600, 4))
    assert proxy_a_distance(rows[:560], rows[560:]) < 0.7  # a constant answer would be right for 93 %


@pytest.mark.parametrize(
    "make", [lambda n: np.ones((n, 3)), lambda n: np.outer(np.arange(n) % 7, np.ones(3))]
)
def test_features_without_rank_or_variance_are_borne(make):
    assert proxy_a_distance(make(30), make(30)) <= 1.0


def test_copies_are_never_on_both_sides():
    """Pure noise, each image four times: without groups an image is told by its copies."""
    draw = np.random.default_rng(1)
    source, target = (np.repeat(draw.normal(size=(50, 100)), 4, axis=0) for _ in range(2))
    groups = [f"{domain}{i}" for domain in "st" for i in np.repeat(np.arange(50), 4)]
    assert proxy_a_distance(source, target, num_components=80) > 1.5
    assert proxy_a_distance(source, target, num_components=80, groups=groups) < 0.7


def test_few_images_and_other_widths_are_refused():
    with pytest.raises(DataError, match="five images"):
        proxy_a_distance(np.ones((4, 2)), np.ones((9, 2)))
    with pytest.raises(ShapeError, match="one width"):
        proxy_a_distance(np.ones((9, 2)), np.ones((9, 3)))


def test_shift_of_statistics_against_a_loop():
    draw = np.random.default_rng(0)
    mean, kept_mean = draw.normal(size=5), draw.normal(size=5)
    variance, kept = draw.uniform(0.5, 2, 5), draw.uniform(0.5, 2, 5)
    total = 0.0
    for m, v, m0, v0 in zip(mean, variance, kept_mean, kept, strict=True):
        s, s0 = math.sqrt(v + 1e-5), math.sqrt(v0 + 1e-5)
        total += ((m - m0) ** 2 + (s - s0) ** 2) / s0**2
    assert layer_shift(mean, variance, kept_mean, kept) == pytest.approx(math.sqrt(total / 5))
    assert layer_shift(kept_mean, kept, kept_mean, kept) == 0.0
    assert layer_shift(kept_mean + np.sqrt(kept + 1e-5), kept, kept_mean, kept) == pytest.approx(1.0)
    with pytest.raises(ShapeError, match="one length"):
        layer_shift(mean, variance, kept_mean, kept[:2])
