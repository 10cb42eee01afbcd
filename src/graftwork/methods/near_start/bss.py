"""Batch spectral shrinkage: directions that a batch hardly uses are not kept alive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from graftwork.engine.terms import LossTerm, TermFacts, base_end, moving_stages
from graftwork.errors import PlanError
from graftwork.methods.features import pool_places

__all__ = ["BSS", "smallest_singular_values"]


def smallest_singular_values(features: Tensor, count: int) -> Tensor:
    """Return the sum of the squares of the smallest singular values of a batch's features: a scalar, float32.

    Args:
        features: shape (b, d), not centered; differentiable.
        count: how many, k; all of them where min(b, d) is smaller.

    Source: Chen, Wang, Fu, Long, Wang 2019, "Catastrophic Forgetting Meets Negative Transfer: Batch Spectral
    Shrinkage for Safe Transfer Learning", NeurIPS 32, eq. 3.
    """
    values: Tensor = torch.linalg.svdvals(features.float())  # falling
    return values[-count:].square().sum()


class _Shrinkage(LossTerm):
    def __init__(self, strength: float, count: int, wires: Sequence[str]) -> None:
        super().__init__()
        self.strength, self.count, self.wires = strength, count, tuple(wires)

    def forward(self, values: Mapping[str, Tensor]) -> Tensor:
        sums = [smallest_singular_values(pool_places(values[w]), self.count) for w in self.wires]
        return self.strength * torch.stack(sums).sum()


class _Method:
    name = "bss"

    def refuse(self, facts: TermFacts) -> None:
        recipe = facts.recipe
        widths = [p.base.num_features for p in facts.network.bases.values()]
        largest = min([recipe.batch, *widths])
        if recipe.bss_values > largest:
            raise PlanError(
                f"bss_values is {recipe.bss_values}, but a batch of {recipe.batch} images has {largest} singular "
                "values.",
                hint=f"Set bss_values to {largest} at most, far less is usual: 1.",
            )

    def note(self, facts: TermFacts) -> str:
        recipe = facts.recipe
        number = "value" if recipe.bss_values == 1 else f"{recipe.bss_values} values"
        return (
            f"Batch spectral shrinkage: the smallest singular {number} of each batch's features count "
            f"(η {recipe.bss:g})."
        )

    def make(self, facts: TermFacts) -> LossTerm:
        network = facts.network
        wires = [base_end(network, p) for p in network.bases.values() if moving_stages(network, p)]
        return _Shrinkage(facts.recipe.bss, facts.recipe.bss_values, wires)


BSS = _Method()
