"""Drift: how far weights and batch-norm statistics went from where they started."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from graftwork.documents.drift import BatchNormShift
from graftwork.engine.freeze import is_batch_norm

__all__ = ["Movement", "batch_norm_shift", "movement"]

_STATISTICS = (("running_mean", "running_var"), ("moving_mean", "moving_variance"))
_EPSILON = 1e-5


@dataclass(frozen=True)
class Movement:
    """How far some tensors went.

    Args:
        num_values: numbers in them.
        num_tensors: tensors.
        moved_tensors: those of which a bit changed.
        relative: ‖w − w₀‖ / ‖w₀‖ over all of them; None when there are none, when all began at zero, or when
            a number is not finite.
        is_finite: whether all numbers after training are.
    """

    num_values: int
    num_tensors: int
    moved_tensors: int
    relative: float | None
    is_finite: bool


@torch.no_grad()
def movement(before: Mapping[str, Tensor], after: Mapping[str, Tensor]) -> Movement:
    """Return how far tensors went, all of them taken as one long vector.

    Args:
        before: tensors by name.
        after: tensors of the same names and shapes.
    """
    gap = size = 0.0
    moved = 0
    for name, start in before.items():
        end = after[name].detach().to(start.device)
        moved += not torch.equal(start, end)
        gap += float((end.double() - start.double()).square().sum())
        size += float(start.double().square().sum())
    is_finite = math.isfinite(gap)
    return Movement(
        num_values=sum(t.numel() for t in before.values()),
        num_tensors=len(before),
        moved_tensors=moved,
        relative=math.sqrt(gap / size) if size > 0 and is_finite else None,
        is_finite=is_finite,
    )


@torch.no_grad()
def batch_norm_shift(before: nn.Module, after: nn.Module) -> BatchNormShift | None:
    """Return how far the running statistics in a part of a network went, as means over all channels.

    The shift of a mean is told in the standard deviations of before; small variances are kept from zero by the
    layer's own epsilon.

    Args:
        before: the part as training starts.
        after: the same part as training left it.

    Returns:
        None when nothing in it keeps running statistics.
    """
    shifts: list[Tensor] = []
    ratios: list[Tensor] = []
    for (mean, variance, epsilon), (end_mean, end_variance, _) in zip(
        _statistics(before), _statistics(after), strict=True
    ):
        shifts.append(((end_mean - mean).abs() / (variance + epsilon).sqrt()).flatten())
        ratios.append(((end_variance + epsilon).log() - (variance + epsilon).log()).abs().flatten())
    if not shifts:
        return None
    return BatchNormShift(
        num_layers=len(shifts),
        num_channels=sum(s.numel() for s in shifts),
        mean_shift=float(torch.cat(shifts).mean()),
        log_variance_ratio=float(torch.cat(ratios).mean()),
    )


def _statistics(part: nn.Module) -> Iterator[tuple[Tensor, Tensor, float]]:
    """Give mean, variance and epsilon of each layer that keeps running statistics."""
    for module in part.modules():
        if not is_batch_norm(module):
            continue
        for names in _STATISTICS:
            mean, variance = (getattr(module, name, None) for name in names)
            if isinstance(mean, Tensor) and isinstance(variance, Tensor):
                epsilon = float(getattr(module, "eps", _EPSILON))
                yield mean.detach().double().cpu(), variance.detach().double().cpu(), epsilon
