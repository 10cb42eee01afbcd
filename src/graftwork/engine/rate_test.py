"""The learning-rate range test: a training whose rate rises geometrically at each update, on weights put back after.

Source: L. N. Smith, "Cyclical Learning Rates for Training Neural Networks", 2017 (arXiv:1506.01186), section 3.3. There
the rate rises linearly and accuracy is watched; here it rises geometrically and the loss is, as is common since.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from graftwork.documents.plan import Phase
from graftwork.engine.network import Network
from graftwork.engine.phase_runner import PhaseRunner, epoch_batches
from graftwork.engine.sources import prefetched

__all__ = ["RateCourse", "planned_rate", "range_test", "rates_between"]

_BEYOND = 4.0
"""Times the lowest smoothed loss at which the test ends: what comes after tells nothing."""
_MEMORY = 0.9
_SURE = 10
"""Updates before the test may end early."""


@dataclass(frozen=True)
class RateCourse:
    """What a range test saw.

    Args:
        rates: of each update.
        losses: of the images of each update, before it; all finite.
        diverged: the loss grew beyond return, or was no number, before the last rate.
        num_images: trained on.
    """

    rates: NDArray[np.float64]
    losses: NDArray[np.float64]
    diverged: bool
    num_images: int


def rates_between(lowest: float, highest: float, updates: int) -> NDArray[np.float64]:
    """Return ``updates`` rates from lowest to highest, each the same multiple of the one before."""
    return np.geomspace(lowest, highest, updates)


def planned_rate(phase: Phase, network: Network) -> float:
    """Return the rate that the recipe's field stands for in a phase: the highest of a base's free stages, else of all."""
    base = network.base_tensors()
    rates = [g.learning_rate for g in phase.groups if any(name in base for name in g.tensors)]
    return max(rates or [g.learning_rate for g in phase.groups])


def range_test(
    runner: PhaseRunner,
    rates: Sequence[float] | NDArray[np.float64],
    *,
    stop: Callable[[], bool],
    tell: Callable[[int], None] = lambda _: None,
) -> RateCourse:
    """Train one update at each rate and return the losses; then put every tensor and generator back.

    Args:
        runner: of the phase, fresh; it is used up.
        rates: of each update, rising, of the group that ``planned_rate`` names; the others keep their proportion.
        stop: asked after each step; true ends the test with what it has.
        tell: called with the number of updates done.
    """
    network = runner.network
    kept = {name: t.detach().clone() for name, t in network.tensors().items()}
    modes = {m: m.training for m in network.modules()}
    peaks, planned = runner.peaks(), planned_rate(runner.phase, network)
    runner.rates_at = lambda update: [peak * float(rates[update]) / planned for peak in peaks]
    try:
        with torch.random.fork_rng(devices=[]):
            return _rise(runner, np.asarray(rates, dtype=np.float64), stop, tell)
    finally:
        with torch.no_grad():
            for name, tensor in network.tensors().items():
                tensor.copy_(kept[name])
        for module, mode in modes.items():
            module.training = mode
        runner.optimizer.zero_grad(set_to_none=True)


def _rise(
    runner: PhaseRunner, rates: NDArray[np.float64], stop: Callable[[], bool], tell: Callable[[int], None]
) -> RateCourse:
    recipe, state = runner.recipe, runner.state
    watch, images, diverged = _Watch(), 0, False
    losses: list[float] = []
    parts: list[float] = []
    runner.network.train()
    while not diverged and len(losses) < len(rates) and not stop():
        batches = epoch_batches(len(runner.train), recipe.batch, recipe.seed, runner.number, state.epoch + 1)
        targets = runner.target_batches(batches, 0)
        for step, (positions, inputs) in enumerate(prefetched(runner.train.source, batches, state.epoch)):
            parts.append(runner.step(positions, inputs, step, next(targets, None)) + sum(runner.added))
            images += len(positions)
            if (step + 1) % recipe.accumulate and step + 1 < len(batches):
                continue
            loss, parts = float(np.mean(parts)), []
            diverged = watch.is_beyond(loss)
            if math.isfinite(loss):
                losses.append(loss)
                tell(len(losses))
            if diverged or len(losses) == len(rates) or stop():
                break
        state.epoch += 1
    found = np.asarray(losses, dtype=np.float64)
    return RateCourse(rates[: len(found)], found, diverged, images)


class _Watch:
    """Says when a loss has grown beyond return."""

    def __init__(self) -> None:
        self._mean, self._count, self._lowest = 0.0, 0, math.inf

    def is_beyond(self, loss: float) -> bool:
        if not math.isfinite(loss):
            return True
        self._count += 1
        self._mean = _MEMORY * self._mean + (1 - _MEMORY) * loss
        smoothed = self._mean / (1 - _MEMORY**self._count)
        if self._count > _SURE and smoothed > _BEYOND * self._lowest:
            return True
        self._lowest = min(self._lowest, smoothed)
        return False
