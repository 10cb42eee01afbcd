"""A trained network goes on, on images of a target without labels: AdaBN, SHOT, TENT.

Each changes what its paper lets it change and nothing else; ``may_change`` says what that is, so that it can be proven.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm

from graftwork.documents.plan import ComputePlan
from graftwork.engine.compute import autocast
from graftwork.engine.network import Network
from graftwork.engine.sources import Source, prefetched
from graftwork.engine.statistics import reestimate_by
from graftwork.errors import PlanError, RunInterrupted

__all__ = [
    "Tent",
    "TuneMethod",
    "TunePlace",
    "adapt_statistics",
    "may_change",
    "pseudo_labels",
    "tune_shot",
    "tune_tent",
]

TuneMethod = Literal["adabn", "shot", "tent"]

_NORMS = (_BatchNorm, nn.LayerNorm, nn.GroupNorm)
_SHOT_WEIGHT = 0.3  # β of the paper, of the pseudo-labels' loss

Tell = Callable[[str], object]
Stop = Callable[[], bool]


@dataclass(frozen=True)
class TunePlace:
    """Where a network meets a target.

    Args:
        network: with the weights of the source run.
        images: of the target, as they are, by position.
        compute: number format.
        features: wire that the head reads.
        seed: of the order of the images.
        batch: images of a step.
    """

    network: Network
    images: Source
    compute: ComputePlan
    features: str
    seed: int
    batch: int

    def batches(self, epoch: int | None) -> list[NDArray[np.int64]]:
        """Return positions of all images; in an order of the epoch's own, or as they come for None."""
        count = len(self.images)
        order = np.arange(count, dtype=np.int64)
        if epoch is not None:
            order = np.random.default_rng([self.seed, 77, epoch]).permutation(order)
        size = max(2, min(self.batch, count))
        batches = [order[i : i + size] for i in range(0, count, size)]
        if len(batches) > 1 and len(batches[-1]) == 1:
            batches[-2:] = [np.concatenate(batches[-2:])]
        return batches


def may_change(network: Network, method: TuneMethod) -> set[str]:
    """Return the names of tensors that a method may change.

    AdaBN: the running statistics of batch-norm. TENT: these, and weight and bias of normalization layers. SHOT: parameters
    of the bases.

    Raises:
        PlanError: there are none.
    """
    names = {id(tensor): name for name, tensor in network.tensors().items()}
    found: set[str] = set()
    for step in network.steps:
        if step.role != "base":
            continue
        if method == "shot":
            found |= {names[id(p)] for p in step.module.parameters()}
            continue
        for module in step.module.modules():
            if isinstance(module, _BatchNorm):
                found |= {names[id(b)] for b in module.buffers(recurse=False)}
            if method == "tent" and isinstance(module, _NORMS):
                found |= {names[id(p)] for p in module.parameters(recurse=False)}
    if not found:
        wanted = {"adabn": "batch-norm layers", "tent": "normalization layers", "shot": "a base"}[method]
        raise PlanError(
            f"This network has no {wanted} of torch, so there is nothing that '{method}' could change.",
            hint="Take a base with batch-norm, or another method.",
        )
    return found


def adapt_statistics(place: TunePlace) -> int:
    """Replace the statistics of all batch-norm layers of the bases by those of the target; weights stay bit for bit.

    Means over batches of the batches' own means and unbiased variances, as torch's ``momentum=None`` has it.

    Returns:
        How many layers were re-estimated.

    Source: Li et al. 2016, "Revisiting batch normalization for practical domain adaptation", arXiv:1603.04779.
    """
    may_change(place.network, "adabn")
    layers = _batch_norms(place.network)
    reestimate_by(place.network, layers, place.images, place.batches(0), place.compute)
    return len(layers)


def _batch_norms(network: Network) -> list[_BatchNorm]:
    parts = [step.module for step in network.steps if step.role == "base"]
    found = [m for part in parts for m in part.modules() if isinstance(m, _BatchNorm)]
    return [m for m in found if m.running_mean is not None]


# -- SHOT -----------------------------------------------------------------------------------------------


def pseudo_labels(features: NDArray[np.floating], probabilities: NDArray[np.floating]) -> NDArray[np.int64]:
    """Return the class whose center is nearest to each image, by cosine, twice refined (n,).

    Centers first are the means of all features by their probabilities, then those of the images that were said to be
    of the class. Features have a one added, as in the authors' program. A class without an image has no center.

    Args:
        features: (n, d).
        probabilities: (n, k).

    Source: Liang, Hu & Feng 2020, "Do we really need to access the source data?" (SHOT), arXiv:2002.08546, eqs. 4–6.
    """
    rows = np.c_[features, np.ones(len(features))].astype(np.float64)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    weights = probabilities.astype(np.float64)
    said = probabilities.argmax(1)
    for _ in range(2):
        there = weights.sum(0) > 1e-8
        centers = weights.T @ rows / np.maximum(weights.sum(0)[:, None], 1e-8)
        centers /= np.maximum(np.linalg.norm(centers, axis=1, keepdims=True), 1e-12)
        near = rows @ centers.T
        near[:, ~there] = -np.inf
        said = near.argmax(1)
        weights = np.eye(probabilities.shape[1])[said]
    found: NDArray[np.int64] = said.astype(np.int64)
    return found


def tune_shot(
    place: TunePlace, *, epochs: int, rate: float, tell: Tell = lambda _: None, stop: Stop = lambda: False
) -> None:
    """Train the bases on the target alone: sure answers, even classes, and agreement with pseudo-labels; the head stays.

    Batch-norm is in inference mode with the source's statistics: the network is in all else what the source run made.

    Args:
        place: network and images.
        epochs: passes over the target; pseudo-labels are made anew before each.
        rate: learning rate of Adam, falling to zero by a cosine.
        tell: told once an epoch.
        stop: asked between steps.

    Raises:
        PlanError: no base.
        RunInterrupted: stopped.

    Source: Liang, Hu & Feng 2020, arXiv:2002.08546, eqs. 3 and 7. The paper trains the source with smoothed labels and a
    normalized head; here the source run is any run.
    """
    network = place.network
    moving = _free_alone(network, may_change(network, "shot"))
    optimizer = torch.optim.Adam(moving, lr=rate)
    steps = len(place.batches(0)) * epochs
    done = 0
    for epoch in range(epochs):
        labels = torch.from_numpy(pseudo_labels(*_looked(place)))
        total = 0.0
        for positions, inputs in prefetched(place.images, place.batches(epoch), epoch=0):
            _check(stop)
            for group in optimizer.param_groups:
                group["lr"] = rate * 0.5 * (1.0 + float(np.cos(np.pi * done / steps)))
            with autocast(place.compute):
                logits = network.run(inputs, [network.output_wire])[network.output_wire]
            told = labels[positions].to(logits.device)
            loss = _information_loss(logits) + _SHOT_WEIGHT * functional.cross_entropy(logits.float(), told)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            done, total = done + 1, total + float(loss.detach()) * len(positions)
        tell(f"SHOT, epoch {epoch + 1} of {epochs}: loss {total / len(place.images):.3f}")
    _hold(network)


def _information_loss(logits: Tensor) -> Tensor:
    """Return the mean entropy minus the entropy of the mean probabilities."""
    logs = torch.log_softmax(logits.float(), 1)
    mean = logs.exp().mean(0)
    return -(logs.exp() * logs).sum(1).mean() + (mean * mean.clamp_min(1e-12).log()).sum()


def _looked(place: TunePlace) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return features (n, d), means over places, and probabilities (n, k) of all target images."""
    network, wires = place.network, (place.features, place.network.output_wire)
    network.eval()
    found: list[tuple[Tensor, Tensor]] = []
    with torch.no_grad(), autocast(place.compute):
        for _, inputs in prefetched(place.images, place.batches(None), epoch=0):
            seen = network.run(inputs, wires)
            rows = seen[wires[0]].float()
            pooled = rows.flatten(2).mean(2) if rows.ndim == 4 else rows.mean(1) if rows.ndim == 3 else rows
            found.append((pooled.cpu(), seen[wires[1]].float().softmax(1).cpu()))
    features, said = (torch.cat(parts).numpy() for parts in zip(*found, strict=True))
    return features, said


def _free_alone(network: Network, names: set[str]) -> list[nn.Parameter]:
    """Let these parameters move and no others; everything in inference mode."""
    network.eval()
    moving = []
    for name, tensor in network.tensors().items():
        if isinstance(tensor, nn.Parameter):
            tensor.requires_grad_(name in names)
            moving += [tensor] if name in names else []
    return moving


def _hold(network: Network) -> None:
    for tensor in network.tensors().values():
        if isinstance(tensor, nn.Parameter):
            tensor.requires_grad_(False)
    network.eval()


def _check(stop: Stop) -> None:
    if stop():
        raise RunInterrupted("Stopped.", hint="Ask for it again when it is wanted.")


# -- TENT -----------------------------------------------------------------------------------------------


class Tent:
    """A network that adapts while it answers: after each batch, one step of entropy on its normalization layers.

    Batch-norm uses the statistics of the batch at hand. ``reset`` puts everything back as it was, bit for bit.

    Args:
        network: of the source run.
        compute: number format.
        rate: learning rate of Adam.

    Raises:
        PlanError: no normalization layer.

    Source: Wang et al. 2021, "Tent: fully test-time adaptation by entropy minimization", arXiv:2006.10726.
    """

    def __init__(self, network: Network, compute: ComputePlan, *, rate: float = 1e-3) -> None:
        self.network, self.compute, self.rate = network, compute, rate
        names = may_change(network, "tent")
        self._moving = _free_alone(network, names)
        self._start = {n: t.detach().clone() for n, t in network.tensors().items() if n in names}
        self._begin()

    def _begin(self) -> None:
        self._optimizer = torch.optim.Adam(self._moving, lr=self.rate)

    def reset(self) -> None:
        """Put all back as it was before the first batch, the optimizer's state too."""
        tensors = self.network.tensors()
        with torch.no_grad():
            for name, start in self._start.items():
                tensors[name].copy_(start)
        self._begin()

    def answer(self, inputs: dict[str, Tensor]) -> Tensor:
        """Return logits (n, k) of a batch of at least two images, and adapt by it."""
        wire = self.network.output_wire
        with _by_batch(self.network), autocast(self.compute):
            logits: Tensor = self.network.run(inputs, [wire])[wire]
        logs = torch.log_softmax(logits.float(), 1)
        entropy = -(logs.exp() * logs).sum(1).mean()
        self._optimizer.zero_grad(set_to_none=True)
        entropy.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        return logits.detach()


@contextmanager
def _by_batch(network: Network) -> Iterator[None]:
    """Let batch-norm use the statistics of the batch, and leave its running ones as they are."""
    layers = _batch_norms(network)
    kept: list[tuple[Tensor | None, Tensor | None]] = [(m.running_mean, m.running_var) for m in layers]
    network.eval()
    for module in layers:
        module.running_mean = module.running_var = None
    try:
        yield
    finally:
        for module, (mean, variance) in zip(layers, kept, strict=True):
            module.running_mean, module.running_var = mean, variance


def tune_tent(place: TunePlace, *, rate: float, stop: Stop = lambda: False) -> None:
    """Let a network answer the target once, adapting as it goes, then give its batch-norm the target's statistics.

    What a batch leaves is what the next begins with (online), so the order of the images matters; it is that of the seed.

    Raises:
        PlanError: no normalization layer.
        RunInterrupted: stopped.
    """
    tent = Tent(place.network, place.compute, rate=rate)
    for _, inputs in prefetched(place.images, place.batches(0), epoch=0):
        _check(stop)
        tent.answer(inputs)
    _hold(place.network)
    layers: Sequence[_BatchNorm] = _batch_norms(place.network)
    if layers:
        reestimate_by(place.network, layers, place.images, place.batches(0), place.compute)
