"""Parameter groups, optimizers, and the course of the learning rate as a pure function of the step."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
from torch import nn

from graftwork.documents.plan import ParameterGroup
from graftwork.documents.recipe import Recipe
from graftwork.engine.network import Network, Step
from graftwork.errors import PlanError

__all__ = ["Part", "default_rate", "make_optimizer", "plan_groups", "rate_factor", "trainable_tensors"]

_PRETRAINED_RATE = 1e-4
# Also where only norms, biases or LoRA move: on metal defects, a quarter of the training images, four epochs, accuracy
# on the test images at 1e-4, 1e-3 and 3e-3 was .733, .736, .755 with LoRA of rank 8, .725, .743, .733 with biases, and
# .725, .743, .749 with norms (means of two seeds, which differ by up to .05; all parameters at 1e-4: .742). So a
# thousandth is no worse than a tenth of it, and more is not sure to help.
_NEW_RATE = 1e-3
# A head alone on standardized features bears more: on ten classes of metal defects, ten epochs gave .827
# at 3e-3 and .810 at 1e-3 (mean of four splits, deviation .013).
_HEAD_ALONE_RATE = 3e-3
_SGD_FACTOR = 10.0


Part = Literal["head_alone", "new", "pretrained"]


def default_rate(recipe: Recipe, part: Part) -> float:
    """Return the peak rate for a head on a frozen base, for new weights in general, or for pretrained ones."""
    rate = {"head_alone": _HEAD_ALONE_RATE, "new": _NEW_RATE, "pretrained": _PRETRAINED_RATE}[part]
    return rate * (_SGD_FACTOR if recipe.optimizer == "sgd" else 1.0)


def trainable_tensors(network: Network) -> dict[str, nn.Parameter]:
    """Return all parameters that require gradients, by name."""
    return {
        name: tensor
        for name, tensor in network.tensors().items()
        if isinstance(tensor, nn.Parameter) and tensor.requires_grad
    }


def plan_groups(
    network: Network,
    recipe: Recipe,
    *,
    base_rate: float,
    head_rate: float,
    weight_decay: float | None = None,
) -> tuple[ParameterGroup, ...]:
    """Return the groups for the present state of freezing, from input to objective.

    One per stage with trainable tensors and one per node that the flow adds, each split in two where
    weight decay leaves norms and biases out. A stage's rate is ``base_rate · layer_decay^(distance from
    the head)``, the last trainable stage of its base having distance 0. ``weight_decay``: None takes the recipe's.
    """
    decay = recipe.weight_decay if weight_decay is None else weight_decay
    groups: list[ParameterGroup] = []
    trainable = [(step, tensors) for step in network.steps if (tensors := _trainable(network, step))]
    for step, tensors in trainable:
        rate = head_rate
        if step.role == "base":
            names = [s.name for s, _ in trainable if s.node == step.node]
            rate = base_rate * recipe.layer_decay ** (len(names) - 1 - names.index(step.name))
        groups += _split_by_decay(step.name, tensors, rate, decay)
    return tuple(groups)


def _trainable(network: Network, step: Step) -> dict[str, nn.Parameter]:
    return {
        k: t for k, t in network.tensors_of(step).items() if isinstance(t, nn.Parameter) and t.requires_grad
    }


def _split_by_decay(
    name: str, tensors: Mapping[str, nn.Parameter], rate: float, decay: float
) -> list[ParameterGroup]:
    decayed = tuple(k for k, t in tensors.items() if t.ndim > 1)
    plain = tuple(k for k in tensors if k not in decayed)
    groups = [
        ParameterGroup(name=name, learning_rate=rate, weight_decay=decay, tensors=decayed),
        ParameterGroup(name=f"{name}/plain", learning_rate=rate, weight_decay=0.0, tensors=plain),
    ]
    return [g for g in groups if g.tensors]


def make_optimizer(
    tensors: Mapping[str, nn.Parameter], groups: Sequence[ParameterGroup], recipe: Recipe
) -> torch.optim.Optimizer:
    """Return the optimizer over exactly the trainable tensors.

    Raises:
        PlanError: a trainable tensor is in no group, or a group names one that is not trainable.
    """
    named = [name for group in groups for name in group.tensors]
    if sorted(named) != sorted(tensors):
        odd = sorted(set(named) ^ set(tensors))
        raise PlanError(
            f"Optimizer and trainable tensors differ at {', '.join(odd[:5])}.",
            hint="Plan the phase again for the present cut.",
        )
    content = [
        {"params": [tensors[n] for n in g.tensors], "lr": g.learning_rate, "weight_decay": g.weight_decay}
        for g in groups
    ]
    optimizer: torch.optim.Optimizer = _OPTIMIZERS[recipe.optimizer](content, recipe)
    return optimizer


_OPTIMIZERS: dict[str, Any] = {
    "adamw": lambda p, _: torch.optim.AdamW(p),
    "adam": lambda p, _: torch.optim.Adam(p),
    "sgd": lambda p, r: torch.optim.SGD(p, momentum=r.momentum),
    "rmsprop": lambda p, r: torch.optim.RMSprop(p, momentum=r.momentum),
    "adagrad": lambda p, _: torch.optim.Adagrad(p),
}


def rate_factor(recipe: Recipe, update: int, total: int, per_epoch: int) -> float:
    """Return the learning rate at an update as a share of its peak.

    Args:
        recipe: ``schedule``, ``warmup``, ``step_epochs``, ``step_factor``.
        update: number of updates done, from 0.
        total: updates of the whole phase.
        per_epoch: updates of one epoch.

    Returns:
        In (0, 1]: linear warm-up from near zero, then the schedule's course. 'one_cycle' is a cosine
        rise over 25 % (or the warm-up, if longer) and a cosine fall to 1/10,000.
    """
    if recipe.schedule == "one_cycle":
        rise = max(1, round(max(recipe.warmup, 0.25) * total))
        if update < rise:
            return 0.04 + 0.96 * (1 - math.cos(math.pi * (update + 1) / rise)) / 2
        return max(1e-4, _cosine(update - rise, total - rise))
    rise = round(recipe.warmup * total)
    if update < rise:
        return (update + 1) / (rise + 1)
    if recipe.schedule == "cosine":
        return max(1e-4, _cosine(update - rise, total - rise))
    if recipe.schedule == "step":
        return float(recipe.step_factor ** (update // max(1, per_epoch) // recipe.step_epochs))
    return 1.0


def _cosine(done: int, total: int) -> float:
    return (1 + math.cos(math.pi * min(1.0, done / max(1, total)))) / 2
