"""One out of several: arithmetic, concatenation, a switch."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import reduce
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from graftwork.components.registry import Site
from graftwork.components.shapes import builds_checked
from graftwork.graph.merges import MergeSettings, SwitchSettings
from graftwork.graph.sizes import feature_axis

__all__ = ["Merge", "Switch"]

_RULES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
}


class Merge(nn.Module):
    """Combine tensors from left to right.

    Equal shapes; or (b, c) and (b, c, 1, 1) beside maps (b, c, h, w), over whose places they spread.
    'concatenate' puts them side by side along the feature axis; all other sizes are equal.
    """

    def __init__(self, how: Literal["add", "subtract", "multiply", "divide", "concatenate"] = "add") -> None:
        super().__init__()
        self.how = how

    def forward(self, *inputs: Float[Tensor, "b ..."]) -> Float[Tensor, "b ..."]:
        if self.how == "concatenate":
            return torch.cat(inputs, dim=feature_axis(inputs[0].shape))
        rank = max(t.ndim for t in inputs)
        spread = [t if t.ndim == rank else t[(..., *(None,) * (rank - t.ndim))] for t in inputs]
        return reduce(_RULES[self.how], spread)


class Switch(nn.Module):
    """Let one of the connected inputs through, by its place among them."""

    def __init__(self, place: int) -> None:
        super().__init__()
        self.place = place

    def forward(self, *inputs: Tensor) -> Tensor:
        return inputs[self.place]


@builds_checked("merge")
def _merge(settings: MergeSettings, _: Site) -> nn.Module:
    return Merge(settings.how)


@builds_checked("switch")
def _switch(settings: SwitchSettings, site: Site) -> nn.Module:
    return Switch(sorted(site.shapes).index(settings.choice))
