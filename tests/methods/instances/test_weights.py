"""Weights of source images against formulas evaluated another way, and against their laws."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from graftwork.errors import DataError, ShapeError, UsageError
from graftwork.methods.instances.domain_classifier import classifier_weights
from graftwork.methods.instances.kernels import gaussian_kernel, median_width
from graftwork.methods.instances.mean_matching import kmm_objective, kmm_weights
from graftwork.methods.instances.ratio_fitting import (
    kliep_weights,
    rulsif_objective,
    rulsif_weights,
    ulsif_weights,
)
from graftwork.methods.instances.weights import effective_number, normalized

METHODS = {
    "classifier": classifier_weights,
    "kmm": kmm_weights,
    "ulsif": lambda s, t: ulsif_weights(s, t).weights,
    "rulsif": lambda s, t: rulsif_weights(s, t).weights,
    "kliep": lambda s, t: kliep_weights(s, t).weights,
}


def domains(shift: float = 1.0, n: int = 300, m: int = 200, seed: int = 0):
    draw = np.random.default_rng(seed)
    return draw.normal(size=(n, 2)), draw.normal(size=(m, 2)) * 0.7 + [shift, 0.0]


@pytest.mark.parametrize("name", METHODS)
def test_weights_are_not_negative_of_mean_one_and_move_the_mean_towards_the_target(name):
    source, target = domains()
    weights = METHODS[name](source, target)
    assert weights.shape == (300,)
    assert (weights >= 0).all()
    assert weights.mean() == pytest.approx(1.0)
    before = np.linalg.norm(source.mean(0) - target.mean(0))
    after = np.linalg.norm((weights[:, None] * source).mean(0) - target.mean(0))
    assert after < 0.5 * before


@pytest.mark.parametrize("name", METHODS)
def test_equal_domains_give_about_ones(name):
    draw = np.random.default_rng(1)
    source, target = draw.normal(size=(400, 2)), draw.normal(size=(400, 2))
    weights = METHODS[name](source, target)
    # Matching means has no penalty: it follows the noise of two samples more than the others do.
    assert effective_number(weights) > (0.5 if name == "kmm" else 0.85) * 400


@pytest.mark.parametrize("name", METHODS)
def test_the_very_same_images_weigh_one_each(name):
    rows = np.random.default_rng(1).normal(size=(100, 2))
    assert np.abs(METHODS[name](rows, rows) - 1).mean() < 0.1


@pytest.mark.parametrize("name", METHODS)
def test_weights_follow_the_true_ratio(name):
    source, target = domains(shift=0.8, n=600, m=600)

    def log_density(rows, mean, scale):
        return -((rows - mean) ** 2).sum(1) / (2 * scale**2) - 2 * np.log(scale)

    truth = np.exp(log_density(source, np.array([0.8, 0.0]), 0.7) - log_density(source, np.zeros(2), 1.0))
    said = METHODS[name](source, target)
    ranks = [np.argsort(np.argsort(v)) for v in (truth, said)]
    # A linear classifier cannot know that the target is narrower: it tells the side alone.
    assert np.corrcoef(*ranks)[0, 1] > (0.6 if name == "classifier" else 0.8)


@pytest.mark.parametrize("name", METHODS)
def test_constant_and_repeated_features_are_borne(name):
    source, target = np.ones((12, 3)), np.ones((7, 3))
    assert METHODS[name](source, target) == pytest.approx(np.ones(12), abs=1e-3)


@pytest.mark.parametrize("name", METHODS)
def test_two_runs_are_equal(name):
    source, target = domains(n=60, m=40)
    assert np.array_equal(METHODS[name](source, target), METHODS[name](source, target))


def test_mean_matching_is_no_worse_than_a_reference_solver():
    source, target = domains(n=40, m=30)
    width = median_width(np.concatenate([source, target]))
    slack = 0.1
    kernel = gaussian_kernel(source, source, width)
    pull = (
        np.array([sum(np.exp(-((x - y) ** 2).sum() / (2 * width**2)) for y in target) for x in source])
        * 40
        / 30
    )
    found = minimize(
        lambda b: 0.5 * b @ kernel @ b - pull @ b,
        np.ones(40),
        jac=lambda b: kernel @ b - pull,
        bounds=[(0, 5)] * 40,
        constraints=[
            {"type": "ineq", "fun": lambda b: 0.1 - (b.mean() - 1)},
            {"type": "ineq", "fun": lambda b: 0.1 + (b.mean() - 1)},
        ],
        method="SLSQP",
        options={"maxiter": 1000, "ftol": 1e-12},
    )
    from graftwork.methods.instances.mean_matching import _solve

    own = _solve(kernel, pull, 5.0, slack)
    assert own.min() >= 0
    assert own.max() <= 5
    assert abs(own.mean() - 1) <= slack + 1e-9
    assert kmm_objective(source, target, own, width) <= found.fun + 1e-4 * abs(found.fun)


def test_least_squares_heights_minimize_the_objective():
    source, target = domains(n=80, m=60)
    fit = ulsif_weights(source, target)
    near, far = (gaussian_kernel(rows, target, fit.width) for rows in (source, target))

    def loop(heights):
        square = sum(float(row @ heights) ** 2 for row in near) / len(near)
        return 0.5 * square - sum(float(row @ heights) for row in far) / len(far)

    some = np.random.default_rng(2).random(60)
    assert rulsif_objective(near, far, some, 0.0) == pytest.approx(loop(some))
    reference = minimize(
        lambda h: loop(h) + 0.5 * fit.penalty * h @ h,
        np.full(60, 0.1),
        jac=lambda h: near.T @ (near @ h) / len(near) - far.mean(0) + fit.penalty * h,
        method="L-BFGS-B",
        options={"maxiter": 3000, "ftol": 1e-15, "gtol": 1e-10},
    )
    wanted = normalized(near @ np.clip(reference.x, 0, None))
    assert fit.weights == pytest.approx(wanted, abs=2e-3)


def test_relative_ratio_is_bounded():
    source, target = domains(shift=4.0)
    raw = rulsif_weights(source, target, alpha=0.5).weights
    assert effective_number(raw) >= effective_number(ulsif_weights(source, target).weights)


def test_classifier_weights_are_the_ratio_and_not_its_inverse():
    draw = np.random.default_rng(3)
    source = np.r_[draw.normal(-2, 0.3, (50, 1)), draw.normal(2, 0.3, (50, 1))]
    weights = classifier_weights(source, draw.normal(2, 0.3, (80, 1)))
    assert weights[50:].mean() > 5 * weights[:50].mean()


def test_one_image_of_a_domain_says_nothing():
    assert (
        classifier_weights(np.random.default_rng(0).normal(size=(5, 2)), np.zeros((1, 2))).tolist() == [1] * 5
    )


@pytest.mark.parametrize("weights", [METHODS["classifier"], METHODS["kmm"], METHODS["kliep"]])
def test_bad_input_is_refused(weights):
    with pytest.raises(ShapeError, match="one width"):
        weights(np.ones((3, 2)), np.ones((3, 4)))
    with pytest.raises(ShapeError, match="need images"):
        weights(np.ones((3, 2)), np.ones((0, 2)))
    with pytest.raises(DataError, match="not finite"):
        weights(np.full((3, 2), np.nan), np.ones((3, 2)))


def test_a_bound_below_one_is_refused():
    with pytest.raises(UsageError, match="1 or more"):
        kmm_weights(np.ones((3, 2)), np.ones((3, 2)), bound=0.5)


def test_effective_number_of_equal_weights_is_their_count():
    assert effective_number(np.ones(7)) == pytest.approx(7)
    assert effective_number(np.array([1.0, 0, 0])) == pytest.approx(1)
