"""What one training step keeps in memory, from a small step that is watched."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from graftwork.documents.plan import ComputePlan
from graftwork.documents.recipe import OptimizerName
from graftwork.engine.compute import autocast, deterministic, place
from graftwork.engine.network import Network

__all__ = ["step_memory"]

_WATCHED = 2
_STATES: dict[OptimizerName, int] = {"adamw": 2, "adam": 2, "sgd": 1, "rmsprop": 1, "adagrad": 1}
"""Numbers that an optimizer keeps for each parameter."""


def step_memory(
    network: Network, shape: tuple[int, int, int], batch: int, optimizer: OptimizerName, compute: ComputePlan
) -> int:
    """Return the bytes that a training step keeps: weights, gradients, optimizer, and the batch's values.

    The values are those that a step of two black images really keeps for its gradients, times the batch; the
    network is left as it was. The program itself and the images that wait come on top.

    Args:
        network: frozen and free as the training wants it.
        shape: of an image: channels, height, width.
        batch: images of a step.
        optimizer: keeps up to two numbers for each free parameter.
        compute: number format.
    """
    weights = {id(t): t.numel() * t.element_size() for t in network.tensors().values()}
    free = [p for p in network.parameters() if p.requires_grad]
    learning = sum(p.numel() * p.element_size() for p in free) * (1 + _STATES[optimizer])
    return sum(weights.values()) + learning + _kept_values(network, shape, compute) * batch // _WATCHED


def _kept_values(network: Network, shape: tuple[int, int, int], compute: ComputePlan) -> int:
    own = {t.untyped_storage().data_ptr() for t in network.tensors().values()}
    seen: dict[int, int] = {}

    def keep(values: Tensor) -> Tensor:
        storage = values.untyped_storage()
        if storage.data_ptr() not in own:
            seen[storage.data_ptr()] = storage.nbytes()
        held.append(values)  # so that no address is used twice
        return values

    held: list[Tensor] = []
    wires = [network.output_wire] if network.reads_images_alone else list(network.measured_wires())
    modes = {m: m.training for m in network.modules()}
    images = place(torch.zeros(_WATCHED, *shape), compute)
    with deterministic(compute), torch.random.fork_rng(devices=[]), autocast(compute):
        network.eval()  # no statistics move
        with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(keep, lambda v: v):
            network.run({network.image_wire: images}, wires)
    _restore(modes)
    return sum(seen.values())


def _restore(modes: dict[nn.Module, bool]) -> None:
    for module, mode in modes.items():
        module.training = mode
