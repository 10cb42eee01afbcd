"""A flow as one trainable network: steps between wires, which can start and stop at any wire."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import torch
from torch import Tensor, nn

from graftwork.bases import Base
from graftwork.documents.plan import INPUT_CUT
from graftwork.documents.recipe import BatchNormMode, Moving
from graftwork.engine.layer_rules import LayerRules
from graftwork.errors import FlowError, WeightsMismatch

__all__ = ["Crossing", "Network", "PlacedBase", "Sink", "Step", "call_step"]

_NO_TAPS: Mapping[str, Callable[[Tensor], Tensor]] = MappingProxyType({})


@dataclass(frozen=True)
class Step:
    """One module of the network, between the wires that it reads and writes.

    Args:
        name: unique; a stage of the main base has the stage's name, other steps that of their node.
        node: id of the flow's node that it belongs to.
        role: 'base' for pretrained stages, 'new' for what the flow adds.
        key: what it computes apart from its weights, for the feature cache.
        is_random: whether two passes over the same input may differ.
    """

    name: str
    node: str
    module: nn.Module
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    role: Literal["base", "new"]
    key: str
    is_random: bool = False


@dataclass(frozen=True)
class PlacedBase:
    """A base at its node, and the user's exceptions from the cut.

    ``batch_norm``: how it behaves in free stages by the node's own settings; None: as the plan says.
    ``moving``: which parameters of free stages move.
    """

    node: str
    base: Base
    steps: tuple[str, ...]
    prefix: str
    rules: LayerRules
    batch_norm: BatchNormMode | None = None
    moving: Moving = "all"

    def position(self, cut: str) -> int:
        """Return how many stages lie before a cut."""
        return 0 if cut == INPUT_CUT else self.base.stage_names().index(cut) + 1


@dataclass(frozen=True)
class Sink:
    """An objective's place: its node, and the wire at each of its inputs; the first one is the prediction."""

    node: str
    wires: tuple[str, ...]


@dataclass(frozen=True)
class Crossing:
    """Where a target domain meets the source while training, and how the two are made alike.

    Args:
        node: id of the adaptation.
        method: its method.
        weight: of its loss; None: the method's usual one.
        features, logits: wires that are compared.
        width: channels of the features.
        num_classes: of the logits.
    """

    node: str
    method: str
    weight: float | None
    features: str
    logits: str
    width: int
    num_classes: int

    @property
    def wires(self) -> tuple[str, ...]:
        """What is computed of the target."""
        return self.features, self.logits


class Network(nn.Module):
    """Steps in order.

    Args:
        steps: each after those whose wires it reads.
        bases: placed bases by node; the first one is the main base.
        sinks: objectives; the first one is the main objective.
        image_wire: where normalized images enter.
        data_wires: further wires that come from the data.
        crossing: of the flow that is adapted to a target.
    """

    def __init__(
        self,
        steps: Sequence[Step],
        bases: Mapping[str, PlacedBase],
        sinks: Sequence[Sink],
        *,
        image_wire: str,
        data_wires: Sequence[str] = (),
        crossing: Crossing | None = None,
    ) -> None:
        super().__init__()
        self.steps = tuple(steps)
        self.parts = nn.ModuleList([step.module for step in steps])
        self.bases = dict(bases)
        self.sinks = tuple(sinks)
        self.image_wire = image_wire
        self.data_wires = tuple(data_wires)
        self.crossing = crossing
        self.base_images = 0  # images that entered at the input
        self.partial_images = 0  # stored outputs that entered later and met a stage of a base
        self._schedules: dict[
            tuple[frozenset[str], tuple[str, ...], tuple[str, ...]], list[tuple[Step, tuple[str, ...]]]
        ] = {}

    @property
    def main(self) -> PlacedBase | None:
        """The main base, if the flow has one."""
        return next(iter(self.bases.values()), None)

    @property
    def base(self) -> Base:
        """The main base.

        Raises:
            FlowError: the flow has none.
        """
        if self.main is None:
            raise FlowError("The flow has no base.", hint="Add a backbone.")
        return self.main.base

    @property
    def output_wire(self) -> str:
        """The wire of the main prediction."""
        return self.sinks[0].wires[0]

    @property
    def needed_wires(self) -> tuple[str, ...]:
        """All wires that the objectives read."""
        return tuple(dict.fromkeys(w for sink in self.sinks for w in sink.wires))

    def forward(self, images: Tensor) -> Tensor:
        """Return the main prediction, such as logits (b, k), of normalized images (b, c, h, w)."""
        return self.run({self.image_wire: images}, [self.output_wire])[self.output_wire]

    @property
    def reads_images_alone(self) -> bool:
        """Whether the main prediction needs nothing but the image."""
        try:
            self._schedule(frozenset([self.image_wire]), (self.output_wire,))
        except FlowError:
            return False
        return True

    def architecture(self) -> str:
        """Return a name for what is computed, without weights: for measurements of speed."""
        names = [placed.base.card.architecture for placed in self.bases.values()]
        return "+".join(names) or hashlib.sha256("|".join(s.key for s in self.steps).encode()).hexdigest()

    def measured_wires(self) -> tuple[str, ...]:
        """Return the wires up to which nearly all work is done: the ends of the bases, or the prediction."""
        ends = [s.outputs[0] for s in self.steps if any(p.steps[-1] == s.name for p in self.bases.values())]
        return tuple(ends) or (self.output_wire,)

    def run(
        self,
        values: Mapping[str, Tensor],
        want: Sequence[str],
        taps: Mapping[str, Callable[[Tensor], Tensor]] = _NO_TAPS,
    ) -> dict[str, Tensor]:
        """Return the values at the wires ``want``, computed from ``values`` and no further back.

        Args:
            values: by wire.
            want: wires whose values are returned whole.
            taps: for further wires, what is returned of their values; the values themselves are given up
                as soon as nothing in the network reads them any more.

        Raises:
            FlowError: a wanted wire cannot be computed from what is given.
        """
        schedule = self._schedule(frozenset(values), tuple(want), tuple(taps))
        self._count(values, schedule)
        known = dict(values)
        tapped = {wire: tap(known[wire]) for wire, tap in taps.items() if wire in known}
        for step, spent in schedule:
            known.update(zip(step.outputs, call_step(step, [known[w] for w in step.inputs]), strict=True))
            tapped.update({wire: taps[wire](known[wire]) for wire in step.outputs if wire in taps})
            for wire in spent:
                del known[wire]
        return {wire: known[wire] for wire in want} | tapped

    def _count(self, values: Mapping[str, Tensor], schedule: Sequence[tuple[Step, object]]) -> None:
        if any(step.role == "base" for step, _ in schedule):
            count = len(next(iter(values.values())))
            if self.image_wire in values:
                self.base_images += count
            else:
                self.partial_images += count

    def _schedule(
        self, given: frozenset[str], want: tuple[str, ...], tapped: tuple[str, ...] = ()
    ) -> list[tuple[Step, tuple[str, ...]]]:
        """Return the steps to do, and after each the wires that nobody reads any more."""
        key = (given, want, tapped)
        if key not in self._schedules:
            needed, todo = {*want, *tapped} - given, []
            for step in reversed(self.steps):
                if needed.intersection(step.outputs):
                    todo.append(step)
                    needed -= set(step.outputs)
                    needed |= set(step.inputs) - given
            if needed:
                raise FlowError(f"{', '.join(sorted(needed))} cannot be computed from {', '.join(given)}.")
            self._schedules[key] = _with_spent(todo[::-1], want)
        return self._schedules[key]

    # -- tensors ------------------------------------------------------------------------------------

    def tensors_of(self, step: Step) -> dict[str, Tensor]:
        """Return parameters and buffers of a step, as they are named in the run's weights."""
        placed = self.bases.get(step.node)
        if placed is not None and step.name in placed.steps:
            stage = placed.base.stages[placed.steps.index(step.name)].name
            return {f"{placed.prefix}.{key}": t for key, t in placed.base.tensors_of(stage).items()}
        return {f"{step.node}.{key}": t for key, t in step.module.state_dict(keep_vars=True).items()}

    def base_tensors(self) -> dict[str, Tensor]:
        """Return parameters and buffers of all bases."""
        return {k: t for s in self.steps if s.role == "base" for k, t in self.tensors_of(s).items()}

    def tensors(self) -> dict[str, Tensor]:
        """Return all parameters and buffers; those of the only base are named ``base.<original name>``."""
        return {key: t for step in self.steps for key, t in self.tensors_of(step).items()}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Copy values into all tensors.

        Raises:
            WeightsMismatch: names or shapes differ; the first ones are named.
        """
        own = self.tensors()
        wrong = sorted(set(own) ^ set(tensors)) or [k for k in own if own[k].shape != tensors[k].shape]
        if wrong:
            raise WeightsMismatch(
                f"The weights do not fit the flow's network: {', '.join(wrong[:5])} "
                f"({len(wrong)} tensors differ).",
                hint="Use the weights with the flow that they were trained with.",
            )
        with torch.no_grad():
            for key, tensor in own.items():
                tensor.copy_(tensors[key])

    def new_parameters(self) -> int:
        """Return how many parameters the flow adds to its bases."""
        return sum(p.numel() for s in self.steps if s.role == "new" for p in s.module.parameters())


def _with_spent(todo: Sequence[Step], want: tuple[str, ...]) -> list[tuple[Step, tuple[str, ...]]]:
    last: dict[str, int] = {}
    for index, step in enumerate(todo):
        last.update(dict.fromkeys((*step.outputs, *step.inputs), index))
    spent: list[list[str]] = [[] for _ in todo]
    for wire, index in last.items():
        if wire not in want:
            spent[index].append(wire)
    return [(step, tuple(wires)) for step, wires in zip(todo, spent, strict=True)]


def call_step(step: Step, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Return what a step gives, in order, from its inputs in order; new parts compute in float32."""
    if step.role == "base":
        found = step.module(*inputs)
    else:
        # New parts are small and their rounding would show: they always compute in float32.
        with torch.autocast(inputs[0].device.type, enabled=False):
            found = step.module(*(t.float() if t.is_floating_point() else t for t in inputs))
    return found if isinstance(found, tuple) else (found,)
