"""Domain adversaries: features from which a discriminator cannot tell the domain."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = [
    "Discriminator",
    "adversary_strength",
    "conditioned",
    "domain_loss",
    "entropy_weights",
    "reverse_gradient",
]


class _Reversal(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, strength: float) -> Tensor:
        ctx.strength = strength
        return values.view_as(values)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return -ctx.strength * gradients[0], None


def reverse_gradient(values: Tensor, strength: float) -> Tensor:
    """Return ``values`` as they are; backwards, their gradient is multiplied by −``strength``.

    Source: Ganin et al. 2016, "Domain-adversarial training of neural networks" (DANN), arXiv:1505.07818.
    """
    reversed_: Tensor = _Reversal.apply(values, strength)
    return reversed_


def adversary_strength(progress: float) -> float:
    """Return λ = 2/(1 + e^(−10p)) − 1 at a share p of the training, from 0 at its start to about 1.

    Source: Ganin et al. 2016, section 5.2.2.
    """
    return 2.0 / (1.0 + math.exp(-10.0 * progress)) - 1.0


class Discriminator(nn.Module):
    """Tells source (1) from target (0): two hidden layers, one logit.

    Args:
        width: of what it reads.
        hidden: of its layers.
    """

    def __init__(self, width: int, hidden: int = 256) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 1)
        )

    def forward(self, features: Tensor) -> Tensor:
        """Return logits (n,) of features (n, d)."""
        logits: Tensor = self.layers(features)
        return logits.squeeze(1)


def domain_loss(source: Tensor, target: Tensor, weights: tuple[Tensor, Tensor] | None = None) -> Tensor:
    """Return the mean of both domains' binary cross-entropy, from logits (n,) and (m,) of being source.

    Args:
        source, target: logits.
        weights: of each image, (n,) and (m,), as ``entropy_weights`` gives; scaled to mean 1 in each domain.
    """
    losses = (
        functional.binary_cross_entropy_with_logits(source, torch.ones_like(source), reduction="none"),
        functional.binary_cross_entropy_with_logits(target, torch.zeros_like(target), reduction="none"),
    )
    if weights is not None:
        losses = (losses[0] * weights[0] / weights[0].mean(), losses[1] * weights[1] / weights[1].mean())
    return (losses[0].mean() + losses[1].mean()) / 2.0


def conditioned(features: Tensor, probabilities: Tensor) -> Tensor:
    """Return the outer products of features (n, d) and probabilities (n, k), flat: (n, d·k).

    Source: Long et al. 2018, "Conditional adversarial domain adaptation" (CDAN), arXiv:1705.10667, the
    multilinear map.
    """
    return torch.einsum("nd,nk->nkd", features, probabilities).flatten(1)


def entropy_weights(probabilities: Tensor) -> Tensor:
    """Return 1 + e^(−H) of each row of probabilities (n, k): sure images count up to twice; no gradient flows.

    Source: Long et al. 2018 (CDAN+E).
    """
    held = probabilities.detach()
    entropy = -(held * held.clamp_min(1e-12).log()).sum(1)
    return 1.0 + torch.exp(-entropy)
