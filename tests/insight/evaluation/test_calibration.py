"""Calibration against loops that are written out, scikit-learn, and cases counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import log_softmax
from sklearn.metrics import brier_score_loss

from graftwork.errors import ShapeError
from graftwork.insight.evaluation.calibration import (
    brier_scores,
    calibration_bins,
    classwise_error,
    expected_error,
    expected_if_calibrated,
)
from graftwork.insight.evaluation.temperature import fit_temperature, scaled


def made_up(n: int = 400, k: int = 4, sharp: float = 2.5, seed: int = 0):
    """Return logits that are too sure by a factor, their probabilities, and labels drawn from the honest ones."""
    rng = np.random.default_rng(seed)
    honest = rng.normal(size=(n, k)) * 1.5
    shares = np.exp(log_softmax(honest, axis=1))
    labels = np.array([rng.choice(k, p=p) for p in shares])
    logits = honest * sharp
    return logits, np.exp(log_softmax(logits, axis=1)), labels


def top(probabilities, labels):
    return probabilities.max(1), probabilities.argmax(1) == labels


def ece_by_loop(confidence, right, num_bins):
    """Return ECE over (0, 0.1], (0.1, 0.2], … as Guo et al. write it down."""
    total = 0.0
    for b in range(num_bins):
        inside = [
            i
            for i, c in enumerate(confidence)
            if (b / num_bins < c <= (b + 1) / num_bins) or (b == 0 and c == 0)
        ]
        if inside:
            accuracy = sum(bool(right[i]) for i in inside) / len(inside)
            sure = sum(confidence[i] for i in inside) / len(inside)
            total += len(inside) / len(confidence) * abs(accuracy - sure)
    return total


@pytest.mark.parametrize("num_bins", [5, 10, 15])
def test_ece_of_equal_width_is_that_of_the_loop(num_bins: int) -> None:
    _, probabilities, labels = made_up()
    confidence, right = top(probabilities, labels)
    found = expected_error(confidence, right, num_bins=num_bins)
    assert found.value == pytest.approx(ece_by_loop(confidence, right, num_bins), abs=1e-12)
    assert found.low <= found.value <= found.high


def test_ece_of_equal_mass_is_that_of_sorted_parts() -> None:
    _, probabilities, labels = made_up(n=403)
    confidence, right = top(probabilities, labels)
    total = 0.0
    for part in np.array_split(sorted(range(403), key=lambda i: confidence[i]), 10):
        total += abs(sum(right[i] for i in part) - sum(confidence[i] for i in part)) / 403
    assert expected_error(confidence, right, binning="mass").value == pytest.approx(total, abs=1e-12)


def test_classwise_ece_is_the_mean_of_the_loop_over_classes() -> None:
    _, probabilities, labels = made_up()
    truth = np.eye(4, dtype=bool)[labels]
    by_loop = np.mean([ece_by_loop(probabilities[:, j], truth[:, j], 10) for j in range(4)])
    assert classwise_error(probabilities, truth).value == pytest.approx(by_loop, abs=1e-12)


def test_bins_counted_by_hand() -> None:
    confidence = np.array([0.05, 0.15, 0.2, 0.95, 1.0])
    right = np.array([False, True, False, True, True])
    bins = calibration_bins(confidence, right, num_bins=10)
    assert [b.num_images for b in bins] == [1, 2, 0, 0, 0, 0, 0, 0, 0, 2]
    assert bins[1].accuracy is not None
    assert bins[1].accuracy.value == 0.5
    assert bins[1].confidence == pytest.approx(0.175)
    assert bins[2].accuracy is None
    assert bins[2].confidence is None
    mass = calibration_bins(confidence, right, num_bins=10, binning="mass")
    assert [b.num_images for b in mass] == [1] * 5


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60), st.integers(1, 20))
@settings(max_examples=60, deadline=None)
def test_every_image_is_in_one_bin(rows: list[tuple[float, bool]], num_bins: int) -> None:
    confidence, right = np.array([c for c, _ in rows]), np.array([r for _, r in rows])
    for binning in ("width", "mass"):
        bins = calibration_bins(confidence, right, num_bins=num_bins, binning=binning)
        assert sum(b.num_images for b in bins) == len(rows)
        hits = sum(round(b.accuracy.value * b.num_images) for b in bins if b.accuracy)
        assert hits == right.sum()


def test_brier_of_two_classes_is_twice_that_of_scikit_learn() -> None:
    _, probabilities, labels = made_up(k=2)
    found = brier_scores(probabilities, np.eye(2, dtype=bool)[labels]).mean()
    assert found == pytest.approx(2 * brier_score_loss(labels, probabilities[:, 1]))


def test_probabilities_that_are_right_show_about_the_ece_of_chance() -> None:
    rng = np.random.default_rng(1)
    confidence = rng.uniform(0.3, 1.0, 500)
    chance = expected_if_calibrated(confidence)
    drawn = [ece_by_loop(confidence, rng.random(500) < confidence, 10) for _ in range(200)]
    assert chance == pytest.approx(np.mean(drawn), rel=0.08)


def test_temperature_is_that_of_another_optimizer_on_the_logits() -> None:
    logits, probabilities, labels = made_up()

    def nll(t: np.ndarray) -> float:
        return float(-log_softmax(logits / t[0], axis=1)[np.arange(len(labels)), labels].sum())

    other = minimize(nll, x0=[1.0], method="L-BFGS-B", bounds=[(0.05, 20.0)])
    found = fit_temperature(probabilities, np.eye(4, dtype=bool)[labels])
    assert found.value == pytest.approx(other.x[0], rel=1e-3)
    assert found.low < 2.5 < found.high, "the factor that the logits were made too sure by"
    assert not found.is_at_limit
    for end in (found.low, found.high):  # Wilks: the loss rises by half of chi²'s 95 % point
        assert 2 * (nll(np.array([end])) - nll(other.x)) == pytest.approx(3.8415, abs=1e-2)


def test_temperature_of_tags_is_that_of_another_optimizer_on_their_logits() -> None:
    rng = np.random.default_rng(3)
    honest = rng.normal(size=(300, 3)) * 2
    truth = rng.random((300, 3)) < 1 / (1 + np.exp(-honest))
    logits = honest * 3
    sign = np.where(truth, 1, -1)

    def nll(t: np.ndarray) -> float:
        return float(np.logaddexp(0, -sign * logits / t[0]).sum())

    other = minimize(nll, x0=[1.0], method="L-BFGS-B", bounds=[(0.05, 20.0)])
    found = fit_temperature(1 / (1 + np.exp(-logits)), truth, is_each_alone=True)
    assert found.value == pytest.approx(other.x[0], rel=1e-3)


def test_scaling_by_one_changes_nothing_and_never_the_order() -> None:
    logits, probabilities, _ = made_up()
    np.testing.assert_allclose(scaled(probabilities, 1.0), probabilities, atol=1e-12)
    np.testing.assert_allclose(
        scaled(probabilities, 2.5), np.exp(log_softmax(logits / 2.5, axis=1)), atol=1e-9
    )
    assert (scaled(probabilities, 7.0).argmax(1) == probabilities.argmax(1)).all()


def test_a_validation_set_without_mistakes_determines_no_temperature() -> None:
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8]])
    assert fit_temperature(probabilities, np.eye(2, dtype=bool)).is_at_limit


def test_arrays_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ShapeError):
        expected_error(np.array([0.5]), np.array([True, False]))
    with pytest.raises(ShapeError, match="from 0 to 1"):
        expected_error(np.array([np.nan]), np.array([True]))
    with pytest.raises(ShapeError):
        fit_temperature(np.empty((0, 2)), np.empty((0, 2), dtype=bool))
