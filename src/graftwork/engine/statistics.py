"""Statistics of the training images: batch-norm re-estimation and the head's standardization."""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from graftwork.documents.plan import ComputePlan
from graftwork.engine.compute import autocast
from graftwork.engine.network import Network
from graftwork.engine.sources import Source, prefetched

__all__ = ["fit_standardization", "reestimate_batch_norm"]

_BATCH = 32


def _batches(count: int) -> list[np.ndarray]:
    positions = np.arange(count, dtype=np.int64)
    batches = [positions[i : i + _BATCH] for i in range(0, count, _BATCH)]
    if len(batches) > 1 and len(batches[-1]) == 1:
        batches[-2:] = [np.concatenate(batches[-2:])]
    return batches


def reestimate_batch_norm(network: Network, images: Source, compute: ComputePlan) -> int:
    """Replace the base's batch-norm statistics by those of ``images``; weights stay as they are.

    Returns:
        How many layers were re-estimated; none when there are fewer than two images.

    Source: Li et al. 2016, "Revisiting batch normalization for practical domain adaptation",
    arXiv:1603.04779; averages over all batches as in torch's ``momentum=None``.
    """
    layers = [m for m in network.stages.modules() if isinstance(m, _BatchNorm) and m.running_mean is not None]
    if len(images) < 2 or not layers:
        return 0
    network.eval()
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None
        layer.training = True
    with torch.no_grad(), autocast(compute):
        for _, inputs in prefetched(images, _batches(len(images)), epoch=0):
            network(inputs, images.cut)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = cast(float, momentum)
        layer.training = False
    return len(layers)


def fit_standardization(network: Network, train: Source, compute: ComputePlan) -> None:
    """Measure mean and variance of the pooled features of the training images and hold them in the head."""
    network.eval()
    total = torch.zeros(network.head.num_features, dtype=torch.float64)
    squares = torch.zeros_like(total)
    for _, inputs in prefetched(train, _batches(len(train)), epoch=0):
        pooled = _pooled(network, inputs, train.cut, compute)
        total += pooled.sum(0)
        squares += pooled.square().sum(0)
    mean = total / len(train)
    variance = squares / len(train) - mean.square()
    network.head.standardize.fit(mean.float(), variance.float())


def _pooled(network: Network, inputs: Tensor, cut: str, compute: ComputePlan) -> Tensor:
    with torch.inference_mode(), autocast(compute):
        features = network.run_stages(inputs, cut, network.last_cut)
        return cast(Tensor, network.head.pool(features)).double().cpu()
