"""What reaches the batch-norm layers of a base: mean and variance of each channel over some images."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from graftwork.documents.plan import ComputePlan
from graftwork.engine.compute import autocast, deterministic
from graftwork.engine.freeze import is_batch_norm
from graftwork.engine.network import Network
from graftwork.engine.sources import Source, prefetched

__all__ = ["LayerStatistics", "batch_norm_statistics"]

_BATCH = 32


@dataclass(frozen=True)
class LayerStatistics:
    """One layer: what it gets now, and what it keeps; four vectors (c,)."""

    layer: str
    mean: NDArray[np.float64]
    variance: NDArray[np.float64]
    kept_mean: NDArray[np.float64]
    kept_variance: NDArray[np.float64]


class _Sums:
    """Counts, sums and sums of squares of what a layer gets, by channel."""

    def __init__(self, layer: nn.Module) -> None:
        self.layer = layer
        self.count = 0
        self.total: Tensor | None = None
        self.squares: Tensor | None = None

    def add(self, _: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        # The moments of a batch in float32, their sums in float64: copies of whole maps in float64 take longer than the pass.
        values = inputs[0].detach().float()
        width = len(self._kept("running_mean"))
        axis = 1 if values.shape[1] == width else values.ndim - 1
        others = [other for other in range(values.ndim) if other != axis]
        variance, mean = torch.var_mean(values, others, correction=0)
        count = values.numel() // width
        self.count += count
        total = count * mean.double()
        squares = count * (variance.double() + mean.double().square())
        self.total = total if self.total is None else self.total + total
        self.squares = squares if self.squares is None else self.squares + squares

    def _kept(self, name: str) -> Tensor:
        kept = getattr(self.layer, name)
        assert isinstance(kept, Tensor)
        return kept.detach()

    def read(self, name: str) -> LayerStatistics | None:
        if self.total is None or self.squares is None:
            return None
        mean = self.total / self.count
        variance = (self.squares / self.count - mean.square()).clamp_min(0)
        kept = (self._kept("running_mean"), self._kept("running_var"))
        return LayerStatistics(name, *(t.double().cpu().numpy() for t in (mean, variance, *kept)))


@torch.no_grad()
def batch_norm_statistics(
    network: Network, node: str, images: Source, compute: ComputePlan
) -> tuple[LayerStatistics, ...]:
    """Return the statistics of the batch-norm layers of the base at ``node`` over ``images``, in the order of stages.

    The network is put into inference mode, so that what reaches a layer is what reaches it in use; nothing in
    it changes. Layers that keep no statistics are left out; none when the base has no batch-norm.

    Source: Li et al. 2016, "Revisiting batch normalization for practical domain adaptation", arXiv:1603.04779.
    """
    placed = network.bases[node]
    layers = {
        f"{stage.name}.{name}" if name else stage.name: layer
        for stage in placed.base.stages
        for name, layer in stage.module.named_modules()
        if is_batch_norm(layer) and isinstance(getattr(layer, "running_mean", None), Tensor)
    }
    network.eval()
    with _watched(layers) as sums, deterministic(compute), autocast(compute):
        positions = np.arange(len(images), dtype=np.int64)
        batches = [positions[i : i + _BATCH] for i in range(0, len(positions), _BATCH)]
        for _, inputs in prefetched(images, batches, epoch=0) if layers else ():
            network.run(inputs, network.measured_wires())
    found = [s.read(name) for name, s in sums.items()]
    return tuple(f for f in found if f is not None)


@contextmanager
def _watched(layers: dict[str, nn.Module]) -> Iterator[dict[str, _Sums]]:
    sums = {name: _Sums(layer) for name, layer in layers.items()}
    hooks = [layer.register_forward_pre_hook(sums[name].add) for name, layer in layers.items()]
    try:
        yield sums
    finally:
        for hook in hooks:
            hook.remove()
