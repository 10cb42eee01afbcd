"""LogME against the evidence maximized by a general optimizer over dense matrices, and its laws."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import multivariate_normal, ortho_group

from graftwork.errors import DataError, ShapeError
from graftwork.insight.transferability.evidence import (
    evidences,
    logme,
    logme_of_numbers,
    logme_of_tags,
)


def evidence_at(features: np.ndarray, y: np.ndarray, alpha: float, beta: float) -> float:
    """Log density of y per image, from its covariance as a dense matrix."""
    covariance = np.eye(len(y)) / beta + features @ features.T / alpha
    return float(multivariate_normal(np.zeros(len(y)), covariance).logpdf(y)) / len(y)


def best_evidence(features: np.ndarray, y: np.ndarray) -> float:
    """The largest over α and β, from several starts, none of which the product knows."""
    starts = [(a, b) for a in (-3.0, 2.0) for b in (-1.0, 3.0)]
    ends = [
        minimize(
            lambda t: -evidence_at(features, y, np.exp(t[0]), np.exp(t[1])),
            s,
            method="Nelder-Mead",
            bounds=[(-18, 18)] * 2,
            options={"xatol": 1e-7, "fatol": 1e-12, "maxiter": 2000},
        )
        for s in starts
    ]
    return -min(float(e.fun) for e in ends)


def made(n: int = 30, d: int = 4, classes: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    features = draw.normal(size=(n, d)) + 1.0
    features[:, 0] += labels
    return features, labels


def duplicated(features: np.ndarray) -> np.ndarray:
    return np.hstack([features, features[:, :2]])


CASES = {
    "more_images_than_features": made(),
    "fewer_images_than_features": made(n=12, d=20),
    "duplicated_columns": (duplicated(made()[0]), made()[1]),
    "one_constant_column": (np.hstack([made()[0], np.ones((30, 1))]), made()[1]),
    "constant_features_only": (np.full((20, 3), 2.5), np.arange(20) % 2),
    "absent_ids": (made()[0], np.array([7, 2, 40])[made()[1]]),
}


@pytest.mark.parametrize("case", CASES)
def test_logme_is_the_largest_evidence(case):
    features, labels = CASES[case]
    by_class = [best_evidence(features, (labels == c).astype(float)) for c in sorted(set(labels.tolist()))]
    assert logme(features, labels) == pytest.approx(np.mean(by_class), abs=2e-5)


def test_logme_of_numbers_is_the_largest_evidence_of_standardized_columns():
    features, _ = made()
    numbers = np.stack([3.0 * features[:, 1] + 50.0, np.sin(features[:, 2]), np.full(30, 4.0)], axis=1)
    numbers[:, 0] += np.random.default_rng(1).normal(size=30)
    columns = numbers[:, :2]
    standard = (columns - columns.mean(0)) / columns.std(0)
    wanted = np.mean([best_evidence(features, y) for y in standard.T])
    assert logme_of_numbers(features, numbers) == pytest.approx(wanted, abs=2e-5)
    assert logme_of_numbers(features, 1000.0 * numbers) == pytest.approx(wanted, abs=2e-5)


def test_two_classes_are_two_tags():
    features, labels = made(classes=2)
    tags = np.eye(2)[labels]
    assert logme_of_tags(features, tags) == pytest.approx(logme(features, labels), abs=1e-12)


@pytest.mark.parametrize("scale", [1e-150, 1e-6, 1.0, 1e6, 1e150])
def test_rotating_and_scaling_change_nothing(scale):
    features, labels = made(d=6)
    turned = features @ ortho_group(6, seed=3).rvs() * scale
    assert logme(turned, labels) == pytest.approx(logme(features, labels), abs=1e-9)


def test_features_that_are_zero_leave_noise():
    labels = np.arange(20) % 2
    # y ~ N(0, 1/β) with half of the squares 1: β = 2.
    assert logme(np.zeros((20, 5)), labels) == pytest.approx(
        0.5 * (np.log(2) - 1 - np.log(2 * np.pi)), abs=1e-9
    )


def test_a_perfect_relation_is_high_and_finite():
    labels = np.arange(40) % 2
    perfect = logme(np.eye(2)[labels], labels)
    assert np.isfinite(perfect)
    assert perfect > logme(np.eye(2)[labels] + np.random.default_rng(0).normal(0, 0.05, (40, 2)), labels) > 0


def test_informative_features_have_more_evidence_than_noise():
    draw = np.random.default_rng(0)
    labels = np.arange(200) % 4
    noise = draw.normal(size=(200, 16))
    telling = noise.copy()
    telling[:, :4] += 3 * np.eye(4)[labels]
    assert logme(telling, labels) > logme(noise, labels) + 0.2


def test_what_cannot_be_measured_is_refused():
    features, labels = made()
    with pytest.raises(DataError, match="1 class"):
        logme(features, np.zeros(30, dtype=int))
    with pytest.raises(DataError, match="not finite"):
        logme(np.where(features > 2, np.nan, features), labels)
    with pytest.raises(ShapeError):
        logme(features[:10], labels)
    with pytest.raises(ShapeError, match="varies"):
        logme_of_numbers(features, np.ones((30, 2)))
    with pytest.raises(ShapeError):
        evidences(np.zeros((0, 3)), np.zeros((0, 1)))
