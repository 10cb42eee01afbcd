"""Objective for one label per image."""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from graftwork.components.losses import category_losses, smooth_shares

__all__ = ["ClassificationLoss", "balanced_weights"]


def balanced_weights(counts: Int[Tensor, " k"] | Float[Tensor, " k"]) -> Float[Tensor, " k"]:
    """Return a weight per class, inverse to its number of images, mean 1 over the images.

    Classes without images get weight 0.

    >>> balanced_weights(torch.tensor([1, 3]))
    tensor([2.0000, 0.6667])
    """
    present = counts > 0
    weights = counts.sum() / (present.sum() * counts.clamp_min(1))
    return torch.where(present, weights, 0.0)


class ClassificationLoss(nn.Module):
    """Cross-entropy of logits (b, k) against labels (b,) or shares (b, k), mean over the batch.

    Args:
        counts: images per class in the training split, shape (k,).
        class_weights: 'balanced' to weigh rare classes more.
        label_smoothing: share of the label's probability spread over all classes.
        gamma: above 0, the focal loss; see ``losses.category_losses``.

    Weighted losses are divided by the batch's size, not by its weights' sum, so that the gradient of a
    batch does not depend on how its classes fell (torch divides by the sum).
    """

    def __init__(
        self,
        counts: Tensor,
        *,
        class_weights: Literal["none", "balanced"] = "none",
        label_smoothing: float = 0.0,
        gamma: float = 0.0,
    ) -> None:
        super().__init__()
        weights = balanced_weights(counts.float()) if class_weights == "balanced" else None
        self.register_buffer("weights", weights, persistent=False)
        self.weights: Tensor | None
        self.label_smoothing, self.gamma = label_smoothing, gamma

    def forward(
        self, logits: Float[Tensor, "b k"], labels: Int[Tensor, " b"] | Float[Tensor, "b k"]
    ) -> Float[Tensor, ""]:
        if self.gamma > 0:
            shares = smooth_shares(labels, logits.shape[1], self.label_smoothing)
            return category_losses(logits, shares, weights=self.weights, gamma=self.gamma).mean()
        losses = nn.functional.cross_entropy(
            logits.float(),
            labels,
            weight=self.weights,
            label_smoothing=self.label_smoothing,
            reduction="none",
        )
        return losses.mean()
