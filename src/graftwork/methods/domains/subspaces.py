"""Shared low-dimensional spaces of two domains: subspace alignment, transfer components, joint distributions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from graftwork.methods.instances.kernels import gaussian_kernel, median_width
from graftwork.methods.instances.weights import Features, checked_pair

__all__ = ["Aligned", "Labeller", "joint_distribution", "subspace_alignment", "transfer_components"]

Labeller = Callable[[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]], NDArray[np.int64]]
"""Fits on rows and classes, and says the classes of further rows."""


@dataclass(frozen=True)
class Aligned:
    """Features of both domains in a space where a classifier of one is meant to fit the other.

    Args:
        source: (n, d).
        target: (m, d).
    """

    source: NDArray[np.float64]
    target: NDArray[np.float64]


def subspace_alignment(source: Features, target: Features, num: int = 30) -> Aligned:
    """Return both domains in the target's principal subspace, the source's turned into it: X_s·P_s·P_sᵀ·P_t, X_t·P_t.

    Args:
        source: (n, d).
        target: (m, d).
        num: directions; fewer where the ranks are lower.

    Raises:
        ShapeError, DataError: as ``checked_pair`` says.

    Source: Fernando et al. 2013, "Unsupervised visual domain adaptation using subspace alignment", ICCV.
    """
    one, other = checked_pair(source, target)
    one, other = one - one.mean(0), other - other.mean(0)
    axes, wanted = _principal(one), _principal(other)
    num = max(1, min(num, axes.shape[1], wanted.shape[1]))
    axes, wanted = axes[:, :num], wanted[:, :num]
    return Aligned(one @ axes @ (axes.T @ wanted), other @ wanted)


def _principal(centred: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the directions (d, r) of a centred matrix that have any variance, largest first."""
    _, sizes, turned = np.linalg.svd(centred, full_matrices=False)
    rank = int((sizes > 1e-10 * max(float(sizes[0]), 1e-300)).sum())
    found: NDArray[np.float64] = turned[: max(rank, 1)].T
    return found


def transfer_components(
    source: Features, target: Features, *, num: int = 30, penalty: float = 1.0, is_linear: bool = False
) -> Aligned:
    """Return the components in which the means of both domains are near and the variance is kept (TCA).

    The leading generalized eigenvectors of (K·L·K + μI)⁻¹·K·H·K, K a kernel over all images, L the MMD matrix,
    H the centring matrix.

    Args:
        source: (n, d).
        target: (m, d).
        num: components.
        penalty: μ.
        is_linear: a linear kernel instead of a Gaussian one of the median distance's width.

    Raises:
        ShapeError, DataError: as ``checked_pair`` says.

    Source: Pan et al. 2011, "Domain adaptation via transfer component analysis", IEEE Trans. Neural Networks 22.
    """
    one, other = checked_pair(source, target)
    find = _finder(np.concatenate([one, other]), len(one), num, penalty, is_linear=is_linear)
    return find([_marginal(len(one), len(other))])


def joint_distribution(
    source: Features,
    labels: NDArray[np.int64],
    target: Features,
    labeller: Labeller,
    *,
    num: int = 30,
    penalty: float = 1.0,
    rounds: int = 10,
    is_linear: bool = False,
) -> Aligned:
    """Return components in which the domains' means and the means of each class are near (JDA).

    The target's classes are what a classifier of the source says of it in the components of the round before;
    it ends early when they stay as they are.

    Args:
        source: (n, d).
        labels: classes of the source (n,).
        target: (m, d).
        labeller: fitted anew in each round.
        num: components.
        penalty: λ.
        rounds: at most.
        is_linear: as of ``transfer_components``.

    Raises:
        ShapeError, DataError: as ``checked_pair`` says.

    Source: Long et al. 2013, "Transfer feature learning with joint distribution adaptation", ICCV.
    """
    one, other = checked_pair(source, target)
    find = _finder(np.concatenate([one, other]), len(one), num, penalty, is_linear=is_linear)
    mean = _marginal(len(one), len(other))
    said: NDArray[np.int64] | None = None
    aligned = find([mean])
    for _ in range(rounds):
        new = labeller(aligned.source, labels, aligned.target)
        if said is not None and np.array_equal(new, said):
            break
        said = new
        apart = [mean, *_conditional(labels, said)]
        size = _norm_of_sum(apart) ** 0.5
        aligned = find([signs / max(size, 1e-12) for signs in apart])
    return aligned


def _marginal(num_source: int, num_target: int) -> NDArray[np.float64]:
    """Return e with L = e·eᵀ and tr(K·L) the squared distance of the domains' means in the kernel's space."""
    found: NDArray[np.float64] = np.r_[
        np.full(num_source, 1.0 / num_source), np.full(num_target, -1.0 / num_target)
    ]
    return found


def _conditional(labels: NDArray[np.int64], said: NDArray[np.int64]) -> list[NDArray[np.float64]]:
    """Return such a vector for each class that both domains have."""
    found = []
    for number in np.intersect1d(labels, said):
        one, other = labels == number, said == number
        found.append(np.r_[one / one.sum(), -(other / other.sum())])
    return found


def _norm_of_sum(signs: list[NDArray[np.float64]]) -> float:
    """Return the Frobenius norm of Σ e·eᵀ."""
    products = np.array([[float(one @ other) for other in signs] for one in signs])
    return float(np.sqrt((products**2).sum()))


Finder = Callable[[list[NDArray[np.float64]]], Aligned]


def _finder(
    rows: NDArray[np.float64], num_source: int, num: int, penalty: float, *, is_linear: bool
) -> Finder:
    """Return what finds the components for L = Σ e·eᵀ of given vectors e.

    K·L·K + μI and K·H·K are written in a basis: of all images for a Gaussian kernel; for a linear kernel K = X·Xᵀ with
    X = U·S·Vᵀ in that of U, outside of which both say nothing, so that matrices are as large as the features are wide.
    """
    if is_linear:
        basis, sizes, _ = np.linalg.svd(rows, full_matrices=False)
        usable = sizes > 1e-10 * max(float(sizes[0]), 1e-300)
        basis, scale = basis[:, usable], sizes[usable] ** 2
        shown, pull = basis * scale, (basis * scale).T
        mean = pull.mean(1)
        spread = np.diag(scale**2) - len(rows) * np.outer(mean, mean)
    else:
        shown = pull = gaussian_kernel(rows, rows, median_width(rows))
        centered = shown - shown.mean(0, keepdims=True)
        spread = centered.T @ centered  # K·H·K, as H is a projection

    def find(signs: list[NDArray[np.float64]]) -> Aligned:
        pulled = pull @ np.stack(signs, 1)
        near = pulled @ pulled.T + penalty * np.eye(len(pull))
        count = min(num, len(near))
        _, vectors = eigh(spread, near, subset_by_index=(len(near) - count, len(near) - 1))
        found = shown @ vectors[:, ::-1]
        return Aligned(found[:num_source], found[num_source:])

    return find
