"""Auto-RGN: the learning rate of each stage by how large its gradient is beside its parameters."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor, nn

from graftwork.documents.plan import ParameterGroup
from graftwork.documents.recipe import Recipe
from graftwork.engine.network import Network
from graftwork.errors import PlanError

__all__ = ["RGN_BATCHES", "auto_rgn_notes", "refuse_idle_rates", "relative_gradient_norms", "stage_of_group"]

RGN_BATCHES = 5
"""Batches that the gradients are measured on, at the start of each epoch."""
_LEAST = 0.01
"""No stage gets less than this share of the rate: smaller steps would be lost in rounding, and a free stage moves."""


def stage_of_group(network: Network, groups: Sequence[ParameterGroup]) -> dict[str, str]:
    """Return group → step of a base, for the groups of stages; new parts are left out."""
    steps = [s.name for s in network.steps if s.role == "base"]
    names = {name: step for step in steps for name in (step, f"{step}/plain")}
    return {group.name: names[group.name] for group in groups if group.name in names}


def relative_gradient_norms(
    stages: Mapping[str, Sequence[nn.Parameter]], losses: Iterable[Tensor]
) -> dict[str, float]:
    """Return each stage's share of the learning rate: its relative gradient norm over the largest one.

    Args:
        stages: the parameters that move, by stage.
        losses: one scalar for each batch, in a graph that reaches the parameters; each is used before the next
            one is asked for.

    Returns:
        stage → share in [0.01, 1]; the largest is 1.

    Source: Lee et al. 2023, "Surgical fine-tuning improves adaptation to distribution shifts", arXiv:2210.11466, §4:
    ‖g‖ / ‖θ‖, normalized by the largest and multiplied with the rate. Here over stages instead of layers, as the
    mean over batches, with a least share; new parts keep the whole rate.
    """
    names = list(stages)
    flat = [p for name in names for p in stages[name]]
    total = torch.zeros(len(names), dtype=torch.float64)
    count = 0
    for loss in losses:
        found = iter(torch.autograd.grad(loss, flat, allow_unused=True))
        for place, name in enumerate(names):
            total[place] += _norm([g for _ in stages[name] if (g := next(found)) is not None])
        count += 1
    lengths = torch.tensor([_norm([p.detach() for p in stages[name]]) for name in names], dtype=torch.float64)
    ratios = total / max(1, count) / lengths.clamp_min(torch.finfo(torch.float32).tiny)
    largest = float(ratios.max())
    if not largest > 0.0:  # nothing to go by, or nothing finite
        return dict.fromkeys(names, 1.0)
    shares = (ratios / largest).nan_to_num(nan=1.0).clamp(_LEAST, 1.0)
    return dict(zip(names, shares.tolist(), strict=True))


def _norm(tensors: Sequence[Tensor]) -> float:
    return math.sqrt(sum(float(t.double().square().sum()) for t in tensors))


def refuse_idle_rates(network: Network, recipe: Recipe) -> None:
    """Refuse measured stage rates that contradict other choices or change nothing.

    Args:
        network: as its main phase is frozen.
        recipe: ``stage_rates``, ``layer_decay``.

    Raises:
        PlanError: names the choices.
    """
    if recipe.stage_rates == "same":
        return
    if recipe.layer_decay < 1.0:
        raise PlanError(
            f"stage_rates 'auto_rgn' measures the rate of each stage, but layer_decay {recipe.layer_decay:g} fixes it.",
            hint="Leave one of them out.",
        )
    steps = [s for s in network.steps if s.role == "base"]
    free = sum(any(p.requires_grad for p in s.module.parameters()) for s in steps)
    if free < 2:
        raise PlanError(
            f"stage_rates 'auto_rgn' shares out the rate among stages, but {free} stage{'s are' * (free != 1)}"
            f"{' is' * (free == 1)} free.",
            hint="Choose an earlier cut, or stage_rates 'same'.",
        )


def auto_rgn_notes(recipe: Recipe) -> list[str]:
    """Return what a plan says of measured stage rates."""
    if recipe.stage_rates == "same":
        return []
    return [
        f"Auto-RGN: the rates of stages are the most that they get; their shares are measured on {RGN_BATCHES} batches "
        "at the start of each epoch of the main phase. New parts keep their rate."
    ]
