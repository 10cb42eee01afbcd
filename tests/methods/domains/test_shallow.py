"""Alignment of features: laws, formulas by another route, and the shifts that each is made for."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
from scipy.optimize import linprog
from sklearn.linear_model import LogisticRegression

from graftwork.errors import ShapeError
from graftwork.methods.domains.covariance import coral
from graftwork.methods.domains.subspaces import (
    joint_distribution,
    subspace_alignment,
    transfer_components,
)
from graftwork.methods.domains.transport import transport


def two_classes(n=80, seed=0, width=6):
    draw = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    rows = draw.normal(size=(n, width))
    rows[:, 0] += 4.0 * labels
    return rows, labels


def says(rows, labels, others):
    return LogisticRegression(max_iter=1000).fit(rows, labels).predict(others)


def test_alignment_is_the_identity_on_equal_domains():
    rows, _ = two_classes()
    aligned = subspace_alignment(rows, rows, num=3)
    assert aligned.source == pytest.approx(aligned.target)
    assert aligned.source.shape == (80, 3)


def test_alignment_is_the_least_squares_turn_of_one_basis_into_the_other():
    rows, target = (
        two_classes()[0] * [3, 2, 1.5, 1, 0.6, 0.3],
        two_classes(seed=1)[0] * [0.3, 0.6, 1, 1.5, 2, 3],
    )
    bases = [np.linalg.eigh(np.cov(x, rowvar=False))[1][:, ::-1][:, :3] for x in (rows, target)]
    turn = np.linalg.lstsq(*bases, rcond=None)[0]
    aligned = subspace_alignment(rows, target, num=3)
    found = [(rows - rows.mean(0)) @ bases[0] @ turn, (target - target.mean(0)) @ bases[1]]
    for own, wanted in zip((aligned.source, aligned.target), found, strict=True):
        assert np.abs(own) == pytest.approx(np.abs(wanted))  # signs of axes are free


def test_the_less_penalty_the_nearer_the_means():
    rows, target = two_classes()[0], two_classes(seed=1)[0] + np.r_[0, 6.0, np.zeros(4)]

    def gap(penalty):
        aligned = transfer_components(rows, target, num=5, penalty=penalty)
        both = np.concatenate([aligned.source, aligned.target])
        return float(np.linalg.norm((aligned.source.mean(0) - aligned.target.mean(0)) / both.std(0)))

    before = np.linalg.norm((rows.mean(0) - target.mean(0)) / np.concatenate([rows, target]).std(0))
    gaps = [gap(p) for p in (1e-4, 1e-2, 1.0, 1e4)]
    assert gaps == sorted(gaps)
    assert gaps[0] < 0.1 * before


def test_components_solve_their_eigenvalue_problem():
    rows, target = two_classes(n=12)[0], two_classes(n=9, seed=1)[0] + 1
    aligned = transfer_components(rows, target, num=2, penalty=0.5, is_linear=True)
    both = np.concatenate([rows, target])
    kernel = both @ both.T
    signs = np.r_[np.full(12, 1 / 12), np.full(9, -1 / 9)]
    center = np.eye(21) - 1 / 21
    matrix = (
        np.linalg.inv(kernel @ np.outer(signs, signs) @ kernel + 0.5 * np.eye(21)) @ kernel @ center @ kernel
    )
    values, vectors = np.linalg.eig(matrix)
    first = kernel @ vectors[:, values.real.argmax()].real
    found = np.concatenate([aligned.source, aligned.target])[:, 0]
    assert abs(np.corrcoef(first, found)[0, 1]) > 0.9999


def test_joint_distribution_follows_a_shift_of_one_class():
    rows, labels = two_classes(n=120)
    target, truth = two_classes(n=100, seed=1)
    target[:, 1] += 3.0 * truth + 1.0
    target[:, 0] -= 1.5
    before = (says(rows, labels, target) == truth).mean()
    aligned = joint_distribution(rows, labels, target, says, num=4, is_linear=True)
    after = (says(aligned.source, labels, aligned.target) == truth).mean()
    assert after >= before
    assert after > 0.95


@pytest.mark.parametrize("smoothing", [0.0, 0.02])
def test_transport_sends_shifted_points_home(smoothing):
    rows, labels = two_classes(n=40)
    target = rows + 5.0
    moved = transport(rows, target, smoothing=smoothing)
    assert (says(target, labels, moved) == says(target, labels, target)).mean() > 0.97
    if smoothing == 0:
        assert moved == pytest.approx(target)  # the identity plan is the cheapest of a pure shift


def test_the_exact_plan_is_the_cheapest_by_linear_programming():
    rows, target = two_classes(n=6)[0], two_classes(n=6, seed=2)[0]
    cost = ((rows[:, None] - target[None]) ** 2).sum(-1)
    sums = np.concatenate([np.kron(np.eye(6), np.ones(6)), np.kron(np.ones(6), np.eye(6))])
    plan = linprog(cost.ravel(), A_eq=sums, b_eq=np.full(12, 1 / 6), bounds=(0, None)).x.reshape(6, 6)
    assert transport(rows, target, smoothing=0.0) == pytest.approx(6 * plan @ target, abs=1e-6)


def test_labels_keep_classes_apart_in_the_plan():
    rows, labels = two_classes(n=40)
    target, truth = two_classes(n=40, seed=1)
    moved = transport(rows, target + 1.0, labels, smoothing=0.1)
    assert (says(moved, labels, target + 1.0) == truth).mean() > 0.9


def test_equal_domains_are_not_harmed():
    rows, labels = two_classes()
    plain = (says(rows, labels, rows) == labels).mean()
    assert (says(coral(rows, rows), labels, rows) == labels).mean() >= plain - 0.02
    for aligned in (
        subspace_alignment(rows, rows),
        transfer_components(rows, rows),
        joint_distribution(rows, labels, rows, says),
    ):
        assert (says(aligned.source, labels, aligned.target) == labels).mean() >= plain - 0.05


@pytest.mark.parametrize("align", [subspace_alignment, transfer_components, transport])
def test_bad_input_is_refused_and_constants_are_borne(align):
    with pytest.raises(ShapeError, match="one width"):
        align(np.ones((3, 2)), np.ones((3, 4)))
    found = align(np.ones((4, 3)), np.ones((5, 3)))
    assert np.isfinite(found if isinstance(found, np.ndarray) else found.source).all()


@pytest.mark.parametrize("num_source", [20, 35])
def test_components_of_a_linear_kernel_are_those_of_the_whole_eigenproblem(num_source):
    rng = np.random.default_rng(num_source)
    rows = np.r_[rng.normal(size=(num_source, 6)), rng.normal(size=(50, 6)) + 1.0]
    kernel, total = rows @ rows.T, len(rows)
    signs = np.r_[np.full(num_source, 1 / num_source), np.full(50, -1 / 50)]
    centering = np.eye(total) - 1 / total
    _, vectors = scipy.linalg.eigh(
        kernel @ centering @ kernel, kernel @ np.outer(signs, signs) @ kernel + np.eye(total)
    )
    wanted = (kernel @ vectors[:, ::-1])[:, :4]
    found = transfer_components(rows[:num_source], rows[num_source:], num=4, is_linear=True)
    # an eigenvector's sign is free
    assert np.abs(np.r_[found.source, found.target]) == pytest.approx(
        np.abs(wanted), abs=1e-8 * np.abs(wanted).max()
    )
