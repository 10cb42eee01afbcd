"""L2-SP: the pretrained weights are where the tuned ones are pulled back to."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from graftwork.documents.recipe import Recipe
from graftwork.engine.optim import trainable_tensors
from graftwork.engine.terms import LossTerm, TermFacts
from graftwork.errors import PlanError

__all__ = ["L2_SP", "squared_distance", "squared_length"]

_HEAD_STRENGTH = 0.01


def squared_distance(weights: Mapping[str, Tensor], start: Mapping[str, Tensor]) -> Tensor:
    """Return the sum of (w − w0)² over all values of all tensors: a scalar in float32.

    Args:
        weights: by name; differentiable.
        start: w0 under the same names, same shapes.

    Source: Li, Grandvalet, Davoine 2018, "Explicit Inductive Bias for Transfer Learning with Convolutional
    Networks", arXiv:1802.01483, eq. 2.
    """
    gaps = [(tensor.float() - start[name].float()).square().sum() for name, tensor in weights.items()]
    return torch.stack(gaps).sum() if gaps else torch.zeros(())


def squared_length(weights: Mapping[str, Tensor]) -> Tensor:
    """Return the sum of w² over all values of all tensors: a scalar in float32."""
    sums = [tensor.float().square().sum() for tensor in weights.values()]
    return torch.stack(sums).sum() if sums else torch.zeros(())


class _L2SP(LossTerm):
    """α/2·‖w − w0‖² on what moves of the bases, β/2·‖w‖² on what the flow adds."""

    def __init__(
        self, alpha: float, beta: float, base: Mapping[str, Tensor], new: Mapping[str, Tensor]
    ) -> None:
        super().__init__()
        self.alpha, self.beta = alpha, beta
        # Kept out of the module's own state: they belong to the network, and the start to its base.
        self._base, self._new = dict(base), dict(new)
        self._start = {name: tensor.detach().clone() for name, tensor in base.items()}

    def forward(self, values: Mapping[str, Tensor]) -> Tensor:
        del values
        pull = self.alpha / 2 * squared_distance(self._base, self._start)
        shrink = self.beta / 2 * squared_length(self._new)
        return pull + shrink.to(pull.device)


class _Method:
    name = "l2_sp"

    def refuse(self, facts: TermFacts) -> None:
        recipe = facts.recipe
        if recipe.l2_sp is None:
            raise PlanError(
                "l2_sp_head is set, but L2-SP is off.", hint="Set l2_sp too, or leave l2_sp_head empty."
            )
        if facts.strategy == "from_scratch":
            raise PlanError(
                "L2-SP pulls weights back to the pretrained ones, and from_scratch starts without them.",
                hint="Leave l2_sp empty, or choose another strategy.",
            )
        if any(placed.moving == "lora" for placed in facts.network.bases.values()):
            raise PlanError(
                "L2-SP pulls weights back to where they began, and of a base with LoRA none of the weights moves: the "
                "change begins at zero, where weight decay pulls it.",
                hint="Leave l2_sp empty, or set moving to 'all'.",
            )
        default = Recipe.model_fields["weight_decay"].default
        if recipe.weight_decay not in (0.0, default):
            raise PlanError(
                f"L2-SP takes the place of weight decay, but weight_decay is set to {recipe.weight_decay:g}.",
                hint="Remove weight_decay from the recipe, or leave l2_sp empty.",
            )

    def note(self, facts: TermFacts) -> str:
        base, _ = _split(facts)
        count = sum(t.numel() for t in base.values())
        return (
            f"L2-SP pulls {count:,} parameters of the base back to where they began (α {facts.recipe.l2_sp:g}) and "
            f"new parts towards zero (β {_beta(facts.recipe):g}), instead of weight decay."
        )

    def make(self, facts: TermFacts) -> LossTerm:
        base, new = _split(facts)
        return _L2SP(facts.recipe.l2_sp or 0.0, _beta(facts.recipe), base, new)


def _beta(recipe: Recipe) -> float:
    return _HEAD_STRENGTH if recipe.l2_sp_head is None else recipe.l2_sp_head


def _split(facts: TermFacts) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return what moves of the bases, and what moves of the parts that the flow adds."""
    tensors, base = trainable_tensors(facts.network), facts.network.base_tensors()
    inside: dict[str, Tensor] = {name: t for name, t in tensors.items() if name in base}
    return inside, {name: t for name, t in tensors.items() if name not in base}


L2_SP = _Method()
