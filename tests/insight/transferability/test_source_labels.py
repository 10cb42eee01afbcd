"""LEEP and NCE against their definitions loop by loop, and what their papers say of them."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from graftwork.errors import DataError, ShapeError
from graftwork.insight.transferability.source_labels import leep, nce


def leep_by_loops(theta: np.ndarray, labels: list[int]) -> float:
    n, z_count = theta.shape
    joint = {
        (y, z): sum(theta[i, z] for i in range(n) if labels[i] == y) / n
        for y in set(labels)
        for z in range(z_count)
    }
    marginal = [sum(joint[y, z] for y in set(labels)) for z in range(z_count)]
    total = 0.0
    for i in range(n):
        chance = sum(
            joint[labels[i], z] / marginal[z] * theta[i, z] for z in range(z_count) if marginal[z] > 0
        )
        total += math.log(chance)
    return total / n


def nce_by_loops(old: list[int], labels: list[int]) -> float:
    pairs, singles = Counter(zip(old, labels, strict=True)), Counter(old)
    n = len(labels)
    return sum(c / n * math.log(c / singles[z]) for (z, _), c in pairs.items())


def soft(n: int, z: int, seed: int, sharpness: float = 2.0) -> np.ndarray:
    logits = sharpness * np.random.default_rng(seed).normal(size=(n, z))
    powers = np.exp(logits)
    return powers / powers.sum(1, keepdims=True)


@pytest.mark.parametrize("seed", range(3))
def test_leep_is_its_definition(seed):
    labels = np.random.default_rng(seed).integers(0, 3, 40)
    theta = soft(40, 6, seed)
    theta[:, 5] = 0.0  # an old class that is never thought of
    theta /= theta.sum(1, keepdims=True)
    assert leep(theta, labels) == pytest.approx(leep_by_loops(theta, labels.tolist()), abs=1e-12)
    assert leep(theta, labels * 10 + 4) == pytest.approx(leep(theta, labels), abs=1e-12)  # absent ids


@pytest.mark.parametrize("seed", range(3))
def test_nce_is_its_definition(seed):
    draw = np.random.default_rng(seed)
    old, labels = draw.integers(0, 9, 50), draw.integers(0, 4, 50)
    found = nce(old, labels)
    assert found == pytest.approx(nce_by_loops(old.tolist(), labels.tolist()), abs=1e-12)
    assert -math.log(4) <= found <= 0


def test_certain_old_classes_make_leep_the_nce():
    draw = np.random.default_rng(0)
    old, labels = draw.integers(0, 5, 60), draw.integers(0, 3, 60)
    assert leep(np.eye(5)[old], labels) == pytest.approx(nce(old, labels), abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_leep_is_at_least_nce_plus_the_mean_log_chance_of_the_likeliest(seed):
    """Property 2 of arXiv:2002.12462."""
    labels = np.random.default_rng(seed + 100).integers(0, 3, 80)
    theta = soft(80, 5, seed, sharpness=4.0)
    hard = theta.argmax(1)
    bound = nce(hard, labels) + float(np.log(theta.max(1)).mean())
    assert bound <= leep(theta, labels) <= 0


def test_old_classes_that_determine_the_new_ones_give_zero():
    old = np.arange(24) % 6
    labels = np.array([0, 1, 1, 2, 0, 2])[old]
    assert nce(old, labels) == 0
    assert leep(np.eye(6)[old], labels) == 0
    # Uncertain among old classes that all mean the same is certain still.
    spread = np.where(np.array([0, 1, 1, 2, 0, 2]) == labels[:, None], 0.5, 0.0)
    assert leep(spread, labels) == pytest.approx(0, abs=1e-12)


def test_old_classes_that_say_nothing_give_the_entropy_of_the_labels():
    labels = np.array([0] * 10 + [1] * 30)
    entropy = -(0.25 * math.log(0.25) + 0.75 * math.log(0.75))
    assert nce(np.zeros(40, dtype=int), labels) == pytest.approx(-entropy)
    assert leep(np.full((40, 7), 1 / 7), labels) == pytest.approx(-entropy)


def test_what_cannot_be_measured_is_refused():
    theta, labels = soft(10, 4, 0), np.arange(10) % 2
    with pytest.raises(DataError, match="1 class"):
        leep(theta, np.zeros(10, dtype=int))
    with pytest.raises(DataError, match="1 class"):
        nce(labels, np.ones(10, dtype=int))
    with pytest.raises(ShapeError, match="sum of 1"):
        leep(2 * theta, labels)
    with pytest.raises(ShapeError, match="sum of 1"):
        leep(np.log(theta), labels)
    with pytest.raises(DataError, match="not finite"):
        leep(np.full((10, 4), np.nan), labels)
    with pytest.raises(ShapeError):
        leep(theta[:5], labels)
    with pytest.raises(ShapeError):
        nce(labels[:5], labels)
