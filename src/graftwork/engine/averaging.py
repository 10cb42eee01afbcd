"""Weights between weights: the line from one to another, and the mean of several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from graftwork.bases.low_rank import is_low_rank_name
from graftwork.engine.freeze import is_batch_norm
from graftwork.engine.network import Network
from graftwork.errors import RunError

__all__ = ["average", "differing_batch_norm", "interpolate", "require_same_tensors"]

Weights = Mapping[str, Tensor]


def interpolate(start: Weights, end: Weights, t: float) -> dict[str, Tensor]:
    """Return (1 − t)·start + t·end, tensor by tensor.

    Exact where it can be: t = 0 gives ``start`` and t = 1 ``end`` bit for bit, and so does every t for a
    tensor that is the same in both. Integer tensors, such as counters of batches, are those of ``end``
    unless t is 0. Computed in float64. A low-rank change (LoRA) is mixed as the weight that it changes: with
    B = 0 at the start, that is t·B with the A of ``end``.

    Args:
        start: by name.
        end: the same names and shapes.
        t: from 0 to 1.

    Raises:
        RunError: names, shapes or number formats differ, or a low-rank change is not zero at the start.

    Source: Wortsman et al. 2022, "Robust fine-tuning of zero-shot models", arXiv:2109.01903, eq. 1.
    """
    require_same_tensors([("the start", start), ("the run", end)])
    if t in (0.0, 1.0):
        return {name: tensor.clone() for name, tensor in (end if t else start).items()}
    for name, tensor in start.items():
        if is_low_rank_name(name) and name.endswith(".b") and bool(tensor.any()):
            raise RunError(
                f"The low-rank change '{name}' is not zero at the start.",
                hint="Mix a run whose training began with the weights of its base.",
            )
    return {name: _between(name, start[name], tensor, t) for name, tensor in end.items()}


def _between(name: str, start: Tensor, end: Tensor, t: float) -> Tensor:
    is_factor = is_low_rank_name(name) and name.endswith(".a")
    if is_factor or not end.is_floating_point() or torch.equal(start, end):
        return end.clone()
    return torch.lerp(start.double(), end.double(), t).to(end.dtype)


def average(weights: Sequence[Weights]) -> dict[str, Tensor]:
    """Return the mean of several weights, tensor by tensor, computed in float64.

    A tensor that is the same in all stays bit for bit, so that one weight alone is its own mean. Integer
    tensors are those of the first.

    Args:
        weights: at least one, all of the same names and shapes.

    Raises:
        RunError: names, shapes or number formats differ, or several weights hold low-rank changes.

    Source: Wortsman et al. 2022, "Model soups", arXiv:2203.05482, section 2.
    """
    require_same_tensors([(f"the weights {number}", w) for number, w in enumerate(weights, start=1)])
    if changed := [name for name in weights[0] if is_low_rank_name(name) and len(weights) > 1]:
        raise RunError(
            f"The tensor '{changed[0]}' is a factor of a low-rank change (LoRA): the mean of factors is not the mean of "
            "weights.",
            hint="Average runs that were trained without LoRA.",
        )
    return {name: _mean([w[name] for w in weights]) for name in weights[0]}


def _mean(tensors: Sequence[Tensor]) -> Tensor:
    first = tensors[0]
    if not first.is_floating_point() or all(torch.equal(first, other) for other in tensors[1:]):
        return first.clone()
    total = torch.zeros_like(first, dtype=torch.float64)
    for tensor in tensors:
        total += tensor.double()
    return (total / len(tensors)).to(first.dtype)


def require_same_tensors(named: Sequence[tuple[str, Weights]]) -> None:
    """Refuse weights that cannot be averaged.

    Args:
        named: what each is called in the message, and its weights.

    Raises:
        RunError: names, shapes or number formats differ, or a value is not finite; both sides are named.
    """
    whose, first = named[0]
    for other, weights in named[1:]:
        for name in sorted(first.keys() | weights.keys()):
            here, there = first.get(name), weights.get(name)
            if here is None or there is None:
                has, lacks = (whose, other) if there is None else (other, whose)
                raise _unlike(f"The tensor '{name}' is in {has} and not in {lacks}.")
            if (here.shape, here.dtype) != (there.shape, there.dtype):
                raise _unlike(
                    f"The tensor '{name}' is {_words(here)} in {whose} and {_words(there)} in {other}."
                )
    for whose, weights in named:
        for name, tensor in weights.items():
            if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
                raise RunError(
                    f"The tensor '{name}' of {whose} holds values that are not finite.",
                    hint="Average runs whose training did not diverge.",
                )


def _words(tensor: Tensor) -> str:
    return f"{tuple(tensor.shape)} {str(tensor.dtype).removeprefix('torch.')}"


def _unlike(message: str) -> RunError:
    return RunError(message, hint="Weights can be averaged only between networks of the same build.")


def differing_batch_norm(network: Network, weights: Sequence[Weights]) -> tuple[list[_BatchNorm], bool]:
    """Return the layers whose statistics differ between weights, and whether others differ that are none of torch.

    Args:
        network: of the weights.
        weights: all of the network's names.
    """
    layers: list[_BatchNorm] = []
    has_others = False
    for step in network.steps:
        differing = {
            tensor.data_ptr()
            for name, tensor in network.tensors_of(step).items()
            if not isinstance(tensor, nn.Parameter)
            and tensor.is_floating_point()
            and any(not torch.equal(weights[0][name], other[name]) for other in weights[1:])
        }
        for module in step.module.modules():
            own = {b.data_ptr() for b in module.buffers(recurse=False)}
            if own & differing and is_batch_norm(module):
                if isinstance(module, _BatchNorm):
                    layers.append(module)
                else:
                    has_others = True
    return layers, has_others
