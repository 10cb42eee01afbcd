"""LoRA: a weight W becomes W + (alpha / r) · B A, where W stays as it is and only A and B are trained.

The change is added to the weight itself, not to the layer's output: whoever reads the weight, an attention
module that never calls the layer too, gets the changed one, and merging gives the very bits that the
unmerged layer computes with.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd

__all__ = [
    "LowRank",
    "add_low_rank",
    "bears_rank",
    "changed_weight",
    "drop_low_rank",
    "is_low_rank_name",
    "low_rank_of",
    "merge_low_rank",
    "merged_tensors",
    "owner_of",
    "why_no_low_rank",
]

_PART = "lora"
_PARTS = tuple(f".{_PART}.{name}" for name in ("a", "b", "scale"))
_types: dict[type[nn.Module], type[nn.Module]] = {}


class LowRank(nn.Module):
    """The change of one weight: ``scale · B A`` in the shape of the weight.

    A weight of a convolution, (out, in / groups, h, w), counts as the matrix (out, in / groups · h · w), also
    when the convolution is grouped or depthwise.

    Args:
        shape: of the weight, (out, …).
        rank: r.
        alpha: the change is scaled by alpha / r.
        seed: of A's first values.

    Source: Hu et al. 2022, "LoRA: low-rank adaptation of large language models", arXiv:2106.09685, §4.1: A starts
    Gaussian (here of variance 1 / in, which keeps the scale of what comes in), B at zero, so that the change is
    zero at the start.
    """

    def __init__(self, shape: tuple[int, ...], rank: int, alpha: float, seed: int) -> None:
        super().__init__()
        rows, columns = shape[0], prod(shape[1:])
        random = torch.Generator().manual_seed(seed)
        self.a = nn.Parameter(torch.randn(rank, columns, generator=random) / columns**0.5)
        self.b = nn.Parameter(torch.zeros(rows, rank))
        self.scale: Tensor
        self.register_buffer("scale", torch.tensor(alpha / rank))
        self.shape = shape

    def forward(self) -> Tensor:
        """Return the change, in the shape of the weight; computed in float32 also under autocast."""
        with torch.autocast(self.a.device.type, enabled=False):
            return _change(self.a, self.b, self.scale, self.shape)


def _change(a: Tensor, b: Tensor, scale: Tensor, shape: tuple[int, ...]) -> Tensor:
    return (scale * (b @ a)).reshape(shape)


def why_no_low_rank(layer: nn.Module) -> str | None:
    """Return why a layer with parameters cannot carry a low-rank change; None when it can."""
    kind = type(layer).__name__
    if isinstance(layer, _ConvTransposeNd):
        return f"a transposed convolution ({kind}) orders its weight the other way round"
    if not isinstance(layer, nn.Linear | _ConvNd):
        return f"{kind} is neither a linear layer nor a convolution of torch"
    if not isinstance(layer._parameters.get("weight"), nn.Parameter):
        return f"the weight of this {kind} is computed from other values"
    return None


def bears_rank(shape: tuple[int, ...], rank: int) -> bool:
    """Whether A and B of a rank together hold fewer numbers than a weight of this shape."""
    rows, columns = shape[0], prod(shape[1:])
    return rank * (rows + columns) < rows * columns


def low_rank_of(layer: nn.Module) -> LowRank | None:
    """Return the change of a layer's weight, if it has one."""
    found = layer._modules.get(_PART)
    return found if isinstance(found, LowRank) else None


def is_low_rank_name(name: str) -> bool:
    """Whether a tensor of this name belongs to a change, not to the layer itself."""
    return name.endswith(_PARTS)


def owner_of(name: str) -> str:
    """Return the name of the layer that a module of this name is, or is the change of."""
    return name.removesuffix(f".{_PART}")


def changed_weight(name: str) -> str:
    """Return the name of the weight that a tensor of a change belongs to; other names as they are."""
    return f"{name.rpartition(f'.{_PART}.')[0]}.weight" if is_low_rank_name(name) else name


def add_low_rank(layer: nn.Module, change: LowRank) -> None:
    """Let a layer compute with its weight plus ``change``; its own tensors keep their names and values."""
    layer.add_module(_PART, change)
    layer.__class__ = _changed_type(type(layer))


def drop_low_rank(layer: nn.Module) -> None:
    """Undo ``add_low_rank``; the weight is what it was."""
    del layer._modules[_PART]
    layer.__class__ = type(layer).__bases__[0]


@torch.no_grad()
def merge_low_rank(module: nn.Module) -> None:
    """Put each change into its weight, for good: the module computes the same bits without the changes."""
    for layer in list(module.modules()):
        if low_rank_of(layer) is not None:
            changed = cast(Tensor, layer.weight).clone()
            drop_low_rank(layer)
            cast(nn.Parameter, layer.weight).copy_(changed)


@torch.no_grad()
def merged_tensors(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return named tensors with each change put into its weight, and without the changes.

    A weight whose change is zero is the same tensor as before.
    """
    found = {name: t for name, t in tensors.items() if not is_low_rank_name(name)}
    for name, a in tensors.items():
        layer, dot, _ = name.rpartition(_PARTS[0])
        if not dot or not name.endswith(_PARTS[0]):
            continue
        b, scale = (tensors[f"{layer}{part}"] for part in _PARTS[1:])
        weight = found[f"{layer}.weight"]
        if b.any():
            found[f"{layer}.weight"] = weight + _change(a, b, scale, tuple(weight.shape))
    return found


def _changed_type(kind: type[nn.Module]) -> type[nn.Module]:
    """Return the type of a layer whose attribute ``weight`` is its parameter of that name plus the change."""
    if kind not in _types:

        def weight(self: nn.Module) -> Tensor:
            own, change = cast(Tensor, self._parameters["weight"]), cast(LowRank, self._modules[_PART])
            changed: Tensor = own + change()
            return changed

        body: dict[str, Any] = {"weight": property(weight), "__module__": kind.__module__}
        _types[kind] = type(kind.__name__, (kind,), body)
    return _types[kind]
