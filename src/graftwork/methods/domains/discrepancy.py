"""Maximum mean discrepancy: how far apart two batches are in the space of a kernel."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from graftwork.errors import ShapeError

__all__ = ["jmmd_loss", "mmd_loss", "multi_kernel"]

_FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)


def multi_kernel(rows: Tensor, factors: Sequence[float] = _FACTORS) -> Tensor:
    """Return the mean of Gaussian kernels exp(−‖x − y‖²/(f·b)) of all pairs of rows (n, d): (n, n).

    b is the mean squared distance between different rows of the batch, taken as a constant: no gradient flows
    through it.

    Source: Gretton et al. 2012, "Optimal kernel choice for large-scale two-sample tests"; widths as in DAN.
    """
    squares = torch.cdist(rows, rows, compute_mode="donot_use_mm_for_euclid_dist").square()
    num = len(rows)
    width = (squares.detach().sum() / max(num * (num - 1), 1)).clamp_min(1e-12)
    return torch.stack([torch.exp(-squares / (factor * width)) for factor in factors]).mean(0)


def mmd_loss(source: Tensor, target: Tensor, factors: Sequence[float] = _FACTORS) -> Tensor:
    """Return the squared multi-kernel MMD of two batches (n, d) and (m, d), a scalar: the biased V-statistic, ≥ 0.

    mean k(s, s′) + mean k(t, t′) − 2·mean k(s, t), all pairs. The paper uses a linear-time estimate of the same.

    Raises:
        ShapeError: not two batches of one width.

    Source: Long et al. 2015, "Learning transferable features with deep adaptation networks" (DAN),
    arXiv:1502.02791.
    """
    _check(source, target)
    kernel = multi_kernel(torch.cat([source, target]).float(), factors)
    return _discrepancy(kernel, len(source))


def jmmd_loss(
    source: Sequence[Tensor], target: Sequence[Tensor], factors: Sequence[float] = _FACTORS
) -> Tensor:
    """Return the squared joint MMD of several layers' batches, each (n, d_l) and (m, d_l), a scalar.

    The kernel of a pair of images is the product of its kernels in all layers, commonly features and
    probabilities.

    Raises:
        ShapeError: not as many layers of one domain as of the other, or not of one width.

    Source: Long et al. 2017, "Deep transfer learning with joint adaptation networks" (JAN), arXiv:1605.06636.
    """
    if len(source) != len(target) or not source:
        raise ShapeError(f"As many layers of each domain are wanted, got {len(source)} and {len(target)}.")
    for one, other in zip(source, target, strict=True):
        _check(one, other)
    kernels = [
        multi_kernel(torch.cat([one, other]).float(), factors)
        for one, other in zip(source, target, strict=True)
    ]
    return _discrepancy(torch.stack(kernels).prod(0), len(source[0]))


def _check(source: Tensor, target: Tensor) -> None:
    if source.ndim != 2 or target.ndim != 2 or source.shape[1] != target.shape[1]:
        raise ShapeError(
            f"Two batches of one width are wanted, got {tuple(source.shape)} and {tuple(target.shape)}."
        )


def _discrepancy(kernel: Tensor, num_source: int) -> Tensor:
    near, far = kernel[:num_source, :num_source].mean(), kernel[num_source:, num_source:].mean()
    return near + far - 2.0 * kernel[:num_source, num_source:].mean()
