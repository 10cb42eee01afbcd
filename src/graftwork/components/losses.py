"""Losses as plain functions of logits and labels; each gives one value per image, tag or pixel.

The last step, a mean or a sum, is left to the objective. ``log p`` is always taken from logits, never
from probabilities: it stays finite for logits of any size.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

__all__ = ["asymmetric", "binary_losses", "category_losses", "dice_loss", "smooth_shares"]


def smooth_shares(labels: Tensor, num_classes: int, smoothing: float = 0.0) -> Float[Tensor, "*b k"]:
    """Return labels as a share per class, a part of it spread over all classes.

    Args:
        labels: int64 (...), class indices; or float (..., k), shares already.
        num_classes: k.
        smoothing: the part that is spread, from 0.

    Returns:
        float32, (..., k): (1 - s)·t + s / k.

    Source: Szegedy 2016, "Rethinking the Inception architecture", arXiv:1512.00567, section 7.
    """
    shares = labels if labels.is_floating_point() else functional.one_hot(labels, num_classes)
    return shares.float() * (1.0 - smoothing) + smoothing / num_classes


def category_losses(
    logits: Float[Tensor, "*b k"],
    shares: Float[Tensor, "*b k"],
    *,
    weights: Float[Tensor, "*w k"] | None = None,
    gamma: float = 0.0,
) -> Float[Tensor, "*b"]:
    """Return the focal loss −Σ w·t·(1 − p)^γ·log p over the classes; γ = 0 is cross-entropy.

    Args:
        logits: (..., k).
        shares: (..., k), from ``smooth_shares``.
        weights: w of each class, (k,), or as many as the logits' last axes have; None means 1.
        gamma: how much less a class counts that is likely already.

    Source: Lin 2017, "Focal loss for dense object detection", arXiv:1708.02002, eq. 4.
    """
    logs = logits.float().log_softmax(-1)
    losses = -shares * logs
    if gamma > 0:
        # 1 - p from log p without cancellation; the floor keeps the slope finite at p = 1 when γ < 1.
        losses = losses * (-torch.expm1(logs)).clamp_min(1e-7) ** gamma
    if weights is not None:
        losses = losses * weights
    return losses.sum(-1)


def binary_losses(
    logits: Float[Tensor, "*b"],
    shares: Float[Tensor, "*b"],
    *,
    weights: Float[Tensor, "*n two"] | None = None,
    gamma: float = 0.0,
) -> Float[Tensor, "*b"]:
    """Return the two-class focal loss of single logits z, which is that of the logits (0, z).

    −w₁·t·(1 − p)^γ·log p − w₀·(1 − t)·p^γ·log(1 − p) with p = 1 / (1 + e^−z); γ = 0 is binary
    cross-entropy.

    Args:
        logits: of any shape.
        shares: share of "yes", of the same shape.
        weights: (2,) or (..., 2), of "no" and "yes"; None means 1.
        gamma: see ``category_losses``.
    """
    pairs = torch.stack([torch.zeros_like(logits, dtype=torch.float32), logits.float()], dim=-1)
    both = torch.stack([1.0 - shares, shares], dim=-1)
    return category_losses(pairs, both, weights=weights, gamma=gamma)


def asymmetric(
    logits: Float[Tensor, "*b"],
    shares: Float[Tensor, "*b"],
    *,
    weights: Float[Tensor, "*n two"] | None = None,
    gamma: float,
    margin: float,
) -> Float[Tensor, "*b"]:
    """Return the asymmetric loss: −t·log p − (1 − t)·q^γ·log(1 − q), q = max(p − margin, 0).

    Absent tags that are unlikely already count little, below the margin nothing; present ones count fully.

    Source: Ridnik 2021, "Asymmetric loss for multi-label classification", arXiv:2009.14119, eq. 7, γ₊ = 0.
    """
    logits = logits.float()
    present = -functional.logsigmoid(logits) * shares
    shifted = (logits.sigmoid() - margin).clamp_min(0.0)
    absent = -torch.log1p(-shifted.clamp_max(1.0 - 1e-7)) * (1.0 - shares)
    if gamma > 0:
        absent = absent * shifted.clamp_min(1e-7) ** gamma
    if weights is not None:
        absent, present = absent * weights[..., 0], present * weights[..., 1]
    return present + absent


def dice_loss(
    logits: Float[Tensor, "b k h w"], mask: Int[Tensor, "b h w"], *, ignored: int = 255
) -> Float[Tensor, ""]:
    """Return 1 − mean over the classes of (2·Σ p·t + 1) / (Σ p² + Σ t + 1), sums over all pixels that count.

    Zero when each pixel's class is certain and right. The ones keep a class that is neither there nor
    predicted from dividing by zero; its share of the loss is zero.

    Args:
        logits: (b, k, h, w).
        mask: (b, h, w), class of each pixel, or ``ignored``.
        ignored: value of pixels that do not count.

    Source: Milletari 2016, "V-Net", arXiv:1606.04797, section 3, with one class after the other.
    """
    counts = (mask != ignored).unsqueeze(1)  # b 1 h w
    truth = functional.one_hot(mask.masked_fill(mask == ignored, 0), logits.shape[1]).movedim(-1, 1)
    truth = truth.float() * counts
    probabilities = logits.float().softmax(1) * counts
    places = (0, 2, 3)
    overlap = (probabilities * truth).sum(places)
    sizes = probabilities.square().sum(places) + truth.sum(places)
    return 1.0 - ((2.0 * overlap + 1.0) / (sizes + 1.0)).mean()
