"""H-score and TransRate against their definitions with dense matrices, and their laws."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ortho_group
from sklearn.covariance import LedoitWolf

from graftwork.errors import DataError, ShapeError
from graftwork.insight.transferability.separation import h_score, shrunk_h_score, transrate


def made(n: int = 60, d: int = 5, classes: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    labels = draw.permutation(np.arange(n) % classes)
    labels[0] = 1  # classes of different sizes
    features = draw.normal(size=(n, d)) @ draw.normal(size=(d, d)) + 3.0
    features[:, 0] += 2.0 * labels
    return features, labels


def class_means(rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return np.stack(
        [np.mean([r for r, k in zip(rows, labels, strict=True) if k == y], axis=0) for y in labels]
    )


def covariance(rows: np.ndarray) -> np.ndarray:
    centered = rows - rows.mean(0)
    return centered.T @ centered / len(rows)


CASES = {
    "plain": made(),
    "duplicated_columns": (np.hstack([made()[0], made()[0][:, :2]]), made()[1]),
    "constant_column": (np.hstack([made()[0], np.full((60, 1), 0.1)]), made()[1]),
    "fewer_images_than_features": made(n=12, d=30),
    "absent_ids": (made()[0], np.array([5, 90, 17])[made()[1]]),
}


@pytest.mark.parametrize("case", CASES)
def test_h_score_is_the_trace_with_the_pseudoinverse(case):
    features, labels = CASES[case]
    inverse = np.linalg.pinv(covariance(features), rcond=1e-10, hermitian=True)
    wanted = float(np.trace(inverse @ covariance(class_means(features, labels))))
    assert h_score(features, labels) == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("case", CASES)
def test_shrunk_h_score_is_its_formula_with_scikit_learns_covariance(case):
    features, labels = CASES[case]
    centered = features - features.mean(0)
    fitted = LedoitWolf(assume_centered=True).fit(centered)
    between = (1 - fitted.shrinkage_) * covariance(class_means(features, labels))
    wanted = float(np.trace(np.linalg.pinv(fitted.covariance_) @ between))
    assert shrunk_h_score(features, labels) == pytest.approx(wanted, rel=1e-8)


@pytest.mark.parametrize("case", CASES)
def test_transrate_is_its_formula_with_determinants(case):
    features, labels = CASES[case]
    centered = features - features.mean(0)
    centered /= np.sqrt(np.trace(centered @ centered.T) / len(centered))

    def rate(z: np.ndarray) -> float:
        return 0.5 * float(np.linalg.slogdet(np.eye(z.shape[1]) + z.T @ z / (len(z) * 1e-4))[1])

    parts = [(labels == y).mean() * rate(centered[labels == y]) for y in set(labels.tolist())]
    assert transrate(features, labels) == pytest.approx(rate(centered) - sum(parts), rel=1e-7)


def test_h_score_is_the_same_under_any_invertible_map():
    features, labels = made()
    mapped = features @ np.random.default_rng(9).normal(size=(5, 5)) - 100.0
    assert h_score(mapped, labels) == pytest.approx(h_score(features, labels), rel=1e-8)


@pytest.mark.parametrize("measure", [h_score, shrunk_h_score, transrate])
@pytest.mark.parametrize("scale", [1e-100, 1e-5, 1e5, 1e100])
def test_rotating_scaling_and_moving_change_nothing(measure, scale):
    features, labels = made(d=6)
    turned = (features @ ortho_group(6, seed=2).rvs() + 1.0) * scale
    assert measure(turned, labels) == pytest.approx(measure(features, labels), rel=1e-6)


def test_the_ends_of_the_range():
    labels = np.arange(30) % 3
    assert h_score(np.eye(3)[labels], labels) == pytest.approx(2)  # classes − 1: all variance is between
    assert h_score(np.random.default_rng(0).normal(size=(30, 200)), labels) == pytest.approx(2)  # n < d
    assert shrunk_h_score(np.random.default_rng(0).normal(size=(30, 200)), labels) < 1
    for measure in (h_score, shrunk_h_score, transrate):
        assert measure(np.full((30, 4), 0.1), labels) == 0  # constant features
        assert measure(np.zeros((30, 4)), labels) == 0


@pytest.mark.parametrize("seed", range(4))
def test_bounds_hold_on_noise(seed):
    draw = np.random.default_rng(seed)
    features, labels = draw.normal(size=(50, 12)), draw.integers(0, 4, 50)
    assert 0 <= shrunk_h_score(features, labels) <= h_score(features, labels) <= 3
    assert transrate(features, labels) >= 0


@pytest.mark.parametrize("measure", [h_score, shrunk_h_score, transrate])
def test_what_cannot_be_measured_is_refused(measure):
    features, labels = made()
    with pytest.raises(DataError, match="1 class"):
        measure(features, np.zeros(60, dtype=int))
    with pytest.raises(ShapeError):
        measure(features[:7], labels)
    with pytest.raises(DataError, match="not finite"):
        measure(features * np.inf, labels)
