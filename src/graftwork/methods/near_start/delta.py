"""DELTA: the tuned base is held to the feature maps of the pretrained one, channel by channel."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from graftwork.bases import Base, map_stages
from graftwork.engine.network import Network, PlacedBase, Step, call_step
from graftwork.engine.terms import LossTerm, TermFacts, TermView, moving_stages
from graftwork.errors import PlanError
from graftwork.methods.features import channel_axis

__all__ = ["DELTA", "channel_distances", "channel_weights", "choose_stages"]

_NUM_STAGES = 4
_JUDGED_IMAGES = 64


def channel_distances(tuned: Tensor, source: Tensor) -> Tensor:
    """Return the mean squared distance of each channel over images and places, (c,) in float32.

    Args:
        tuned: features (b, c), (b, tokens, c) or maps (b, c, h, w); differentiable.
        source: of the same images from the pretrained model, same shape.
    """
    axes = [axis for axis in range(tuned.ndim) if axis != channel_axis(tuned)]
    return (tuned.float() - source.float()).square().mean(axes)


def channel_weights(rises: Tensor) -> Tensor:
    """Return how much each channel of a stage counts, (c,), summing to 1.

    Args:
        rises: by how much the loss on the target's images rises when the channel is left out of the pretrained
            model, (c,); falls are negative.

    Source: Li, Xiong, Wang, Rao, Liu, Huan 2019, "DELTA: DEep Learning Transfer using Feature Map with Attention for
    Convolutional Networks", arXiv:1901.09229, section 3.3: their softmax over the channels of one layer.
    """
    return torch.softmax(rises.float(), dim=0)


def choose_stages(base: Base, moving: Sequence[str]) -> tuple[str, ...]:
    """Return the stages whose features are compared.

    Args:
        base: its stages and their shapes.
        moving: names of the stages in which something moves, in order.

    Returns:
        Of the moving stages with maps the last one of each size, at most the four smallest: the ends of the four blocks
        that the paper takes of a ResNet. Of a base without maps the last four moving stages.
    """
    rows = {s.name: s.output_shape[1] for s in base.card.stages if s.name in map_stages(base.card)}
    last_of_size = {rows[name]: name for name in moving if name in rows}
    chosen = list(last_of_size.values()) or list(moving)
    return tuple(chosen[-_NUM_STAGES:])


@dataclass(frozen=True)
class _Chain:
    """The pretrained stages of one base, from where its first moving one reads."""

    entry: str
    stages: tuple[Step, ...]  # with copies of the modules, for reading only
    compared: frozenset[str]  # wires

    @torch.no_grad()
    def run(self, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the pretrained model's values at the compared wires.

        All at once: the block of a generator that computes without slopes would reach into what its reader computes.
        """
        known = {self.entry: values[self.entry]}
        for step in self.stages:
            known.update(zip(step.outputs, call_step(step, [known[w] for w in step.inputs]), strict=True))
        return {wire: value for wire, value in known.items() if wire in self.compared}


class _Attention(LossTerm):
    """Σ over stages and channels of weight · mean squared distance.

    Distances are means over images and places where the paper sums over places, so that the strength does not depend on
    the size of the images. The paper's pull of the new head towards zero is left to weight decay.
    """

    def __init__(self, strength: float, chains: Sequence[_Chain], channels: Mapping[str, int]) -> None:
        super().__init__()
        self.strength = strength
        self._chains = tuple(chains)
        self.compared = tuple(channels)
        self.wires = tuple(dict.fromkeys([*(c.entry for c in chains), *channels]))
        for number, count in enumerate(channels.values()):
            self.register_buffer(f"weights_{number}", torch.full((count,), 1 / count))

    def weights(self) -> dict[str, Tensor]:
        """Return the weights of the channels, by wire."""
        return {wire: self.get_buffer(f"weights_{number}") for number, wire in enumerate(self.compared)}

    @torch.no_grad()
    def fit(self, view: TermView) -> str:
        """Weigh the channels by what the loss says when each is left out, on the head that the probe trained."""
        count = min(len(view.train), _JUDGED_IMAGES)
        positions = np.linspace(0, len(view.train) - 1, count).round().astype(np.int64)
        view.network.eval()
        source = view.train.source
        data = view.train.data.batch(positions, view.compute.device, source.views(positions, 0))
        given = {**source.batch(positions, 0), **data}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            found = view.network.run(given, (*view.network.needed_wires, *self.compared))
            for wire, weights in self.weights().items():
                weights.copy_(channel_weights(_rises(view, given, wire, found)))
        channels = sum(len(w) for w in self.weights().values())
        return (
            f"DELTA: {channels:,} channels at the ends of {len(self.compared)} stages were weighed by the loss on {count} "
            "training images."
        )

    def forward(self, values: Mapping[str, Tensor]) -> Tensor:
        weights = self.weights()
        sums = [
            (weights[wire] * channel_distances(values[wire], source)).sum()
            for chain in self._chains
            for wire, source in chain.run(values).items()
        ]
        return self.strength * torch.stack(sums).sum()


def _rises(view: TermView, given: Mapping[str, Tensor], wire: str, found: Mapping[str, Tensor]) -> Tensor:
    """Return by how much the loss rises when each channel at a wire is left out, (c,)."""
    whole, value = view.objectives.total(found), found[wire]
    axis = channel_axis(value)
    rises = []
    for channel in range(value.shape[axis]):
        without = value.clone()
        without.select(axis, channel).zero_()
        outputs = view.network.run({**given, wire: without}, view.network.needed_wires)
        rises.append(view.objectives.total(outputs) - whole)
    return torch.stack(rises)


class _Method:
    name = "delta"

    def refuse(self, facts: TermFacts) -> None:
        if facts.strategy == "from_scratch":
            raise PlanError(
                "DELTA compares with the pretrained base, and from_scratch starts without it.",
                hint="Set delta to 0, or choose another strategy.",
            )
        if not facts.is_probed:
            raise PlanError(
                "DELTA weighs channels by the loss of a head on the frozen base, and no probe phase trains one.",
                hint="Set probe_first to true.",
            )

    def note(self, facts: TermFacts) -> str:
        names = [
            step.name
            for placed in facts.network.bases.values()
            for step, _ in _compared(facts.network, placed)
        ]
        return (
            f"DELTA holds the features at the ends of {', '.join(names)} near the pretrained ones (weight "
            f"{facts.recipe.delta:g}); each step runs the pretrained stages too, about {_more_work(facts)} more work."
        )

    def make(self, facts: TermFacts) -> LossTerm:
        chains, channels = [], {}
        for placed in facts.network.bases.values():
            compared = _compared(facts.network, placed)
            if compared:
                wires = {step.outputs[0]: count for step, count in compared}
                chains.append(_chain(moving_stages(facts.network, placed), frozenset(wires)))
                channels.update(wires)
        return _Attention(facts.recipe.delta, chains, channels)


def _more_work(facts: TermFacts) -> str:
    """Return the pretrained pass as a share of a step, in words.

    A layer's forward pass, the slopes of its values and those of its weights take as many multiplications each.
    """
    slopes_of_weights = any(placed.moving == "all" for placed in facts.network.bases.values())
    return "a third" if slopes_of_weights else "a half"


def _compared(network: Network, placed: PlacedBase) -> list[tuple[Step, int]]:
    """Return the compared steps of a base, each with its number of channels."""
    shapes = {s.name: s.output_shape for s in placed.base.card.stages}
    moving = {placed.base.stages[placed.steps.index(s.name)].name: s for s in moving_stages(network, placed)}
    chosen = choose_stages(placed.base, list(moving)) if moving else ()
    return [(moving[n], shapes[n][-1] if len(shapes[n]) == 2 else shapes[n][0]) for n in chosen]


def _chain(steps: Sequence[Step], wires: frozenset[str]) -> _Chain:
    last = max(i for i, step in enumerate(steps) if step.outputs[0] in wires)
    copies = []
    for step in steps[: last + 1]:
        module: nn.Module = copy.deepcopy(step.module).eval().requires_grad_(False)
        copies.append(Step(step.name, step.node, module, step.inputs, step.outputs, "base", step.key))
    return _Chain(steps[0].inputs[0], tuple(copies), wires)


DELTA = _Method()
