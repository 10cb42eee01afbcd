"""Losses on what a classifier says of unlabelled images: class confusion, disagreement, entropy, diversity."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["class_confusion_loss", "disagreement", "diversity_loss", "entropy_loss"]


def class_confusion_loss(logits: Tensor, temperature: float = 2.5) -> Tensor:
    """Return the minimum class confusion loss of unlabelled logits (n, k), a scalar between 0 and 1.

    Probabilities at ``temperature``; images weighed by 1 + e^(−H), scaled to sum n, without gradient; class
    correlation YᵀWY, rows divided by their sums; the mean over classes of what lies off the diagonal.

    Source: Jin et al. 2020, "Minimum class confusion for versatile domain adaptation" (MCC), arXiv:1912.03699.
    """
    said = torch.softmax(logits.float() / temperature, dim=1)
    held = said.detach()
    weights = 1.0 + torch.exp((held * held.clamp_min(1e-12).log()).sum(1))
    weights = weights * len(weights) / weights.sum()
    correlation = (said * weights[:, None]).T @ said
    correlation = correlation / correlation.sum(1, keepdim=True).clamp_min(1e-12)
    return (correlation.sum() - correlation.trace()) / logits.shape[1]


def disagreement(one: Tensor, other: Tensor) -> Tensor:
    """Return the mean absolute difference of two classifiers' probabilities, from logits (n, k) each, a scalar.

    Two heads are trained to disagree on the target, then the base to make them agree.

    Source: Saito et al. 2018, "Maximum classifier discrepancy for unsupervised domain adaptation" (MCD),
    arXiv:1712.02560.
    """
    return (torch.softmax(one.float(), 1) - torch.softmax(other.float(), 1)).abs().mean()


def entropy_loss(logits: Tensor) -> Tensor:
    """Return the mean entropy of the probabilities of logits (n, k), in nats, a scalar.

    Source: Grandvalet & Bengio 2005, "Semi-supervised learning by entropy minimization"; the whole loss of TENT
    (Wang et al. 2021, arXiv:2006.10726).
    """
    logs = torch.log_softmax(logits.float(), 1)
    return -(logs.exp() * logs).sum(1).mean()


def diversity_loss(logits: Tensor) -> Tensor:
    """Return minus the entropy of the mean probabilities of logits (n, k), a scalar: least when classes are even.

    Source: Liang, Hu & Feng 2020, "Do we really need to access the source data?" (SHOT), arXiv:2002.08546; with
    ``entropy_loss`` the information maximization loss.
    """
    mean = torch.softmax(logits.float(), 1).mean(0)
    return (mean * mean.clamp_min(1e-12).log()).sum()
