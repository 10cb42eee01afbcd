"""Statistics of the training images: batch-norm re-estimation and the head's standardization."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from graftwork.components.head import Head
from graftwork.documents.plan import ComputePlan
from graftwork.engine.compute import autocast
from graftwork.engine.evaluate import Split
from graftwork.engine.network import Network
from graftwork.engine.sources import Source, prefetched

__all__ = ["fit_standardization", "reestimate_batch_norm", "reestimate_by", "reestimate_layers"]

_BATCH = 32


def _batches(count: int) -> list[np.ndarray]:
    positions = np.arange(count, dtype=np.int64)
    batches = [positions[i : i + _BATCH] for i in range(0, count, _BATCH)]
    if len(batches) > 1 and len(batches[-1]) == 1:
        batches[-2:] = [np.concatenate(batches[-2:])]
    return batches


def reestimate_batch_norm(network: Network, images: Source, compute: ComputePlan) -> int:
    """Replace the batch-norm statistics of bases in mode 'adapt' by those of ``images``; weights stay.

    Returns:
        How many layers were re-estimated; none when there are fewer than two images.

    Source: Li et al. 2016, "Revisiting batch normalization for practical domain adaptation",
    arXiv:1603.04779; averages over all batches as in torch's ``momentum=None``.
    """
    adapting = {node for node, placed in network.bases.items() if placed.batch_norm == "adapt"}
    parts = [s.module for s in network.steps if s.role == "base" and s.node in adapting]
    layers = [
        m
        for part in parts
        for m in part.modules()
        if isinstance(m, _BatchNorm) and m.running_mean is not None
    ]
    if len(images) < 2 or not layers:
        return 0
    reestimate_by(network, layers, images, _batches(len(images)), compute)
    return len(layers)


def reestimate_by(
    network: Network,
    layers: Sequence[_BatchNorm],
    images: Source,
    batches: Sequence[NDArray[np.int64]],
    compute: ComputePlan,
) -> None:
    """Replace the statistics of batch-norm layers of bases by those of images alone; weights stay.

    Args:
        network: that the layers belong to.
        layers: with running statistics.
        images: what comes in.
        batches: positions of the images.
        compute: number format.
    """
    network.eval()
    with _averaging(layers), torch.no_grad(), autocast(compute):
        for _, inputs in prefetched(images, batches, epoch=0):
            network.run(inputs, network.measured_wires())


def reestimate_layers(
    network: Network,
    layers: Sequence[_BatchNorm],
    train: Split,
    batches: Sequence[NDArray[np.int64]],
    compute: ComputePlan,
) -> None:
    """Replace the statistics of these batch-norm layers by those of ``train``; weights and counters stay.

    Args:
        network: that the layers belong to; put into inference mode but for them.
        layers: with running statistics.
        train: images and what the data says beside them.
        batches: positions of the images, of mixed classes: the variance is the mean of the batches' own.
        compute: number format.
    """
    network.eval()
    counters = [
        layer.num_batches_tracked.clone() for layer in layers if layer.num_batches_tracked is not None
    ]
    with _averaging(layers), torch.no_grad(), autocast(compute):
        for chosen, inputs in prefetched(train.source, batches, epoch=0):
            data = train.data.batch(chosen, compute.device)
            network.run({**inputs, **data}, network.needed_wires)
    counted = [layer for layer in layers if layer.num_batches_tracked is not None]
    for layer, counter in zip(counted, counters, strict=True):
        cast(Tensor, layer.num_batches_tracked).copy_(counter)


@contextmanager
def _averaging(layers: Sequence[_BatchNorm]) -> Iterator[None]:
    """Let these layers forget their statistics and average those of all batches that pass."""
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None
        layer.training = True
    try:
        yield
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = cast(float, momentum)
            layer.training = False


def fit_standardization(network: Network, train: Split, compute: ComputePlan) -> None:
    """Measure mean and variance of what each standardizing head gets from the frozen bases, and hold them."""
    network.eval()
    for step in network.steps:
        if isinstance(step.module, Head) and step.module.is_standardized:
            _fit_head(network, step.module, step.inputs[0], train, compute)


def _fit_head(network: Network, head: Head, wire: str, train: Split, compute: ComputePlan) -> None:
    total = torch.zeros(head.num_features, dtype=torch.float64)
    squares = torch.zeros_like(total)
    for chosen, inputs in prefetched(train.source, _batches(len(train)), epoch=0):
        inputs = {**inputs, **train.data.batch(chosen, compute.device)}
        with torch.inference_mode(), autocast(compute):
            pooled = cast(Tensor, head.pool(network.run(inputs, [wire])[wire])).cpu().double()
        total += pooled.sum(0)
        squares += pooled.square().sum(0)
    mean = total / len(train)
    head.standardize.fit(mean.float(), (squares / len(train) - mean.square()).float())
