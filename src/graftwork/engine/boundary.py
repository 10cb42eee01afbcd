"""Where the frozen part of a network ends: what is trainable, what is held, which wires leave the held part."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from graftwork.bases import Stage
from graftwork.bases.digest import digest_tensors
from graftwork.bases.low_rank import merged_tensors
from graftwork.documents.plan import INPUT_CUT
from graftwork.documents.recipe import BatchNormMode
from graftwork.engine.freeze import free, freeze, is_batch_norm, is_held, set_batch_norm
from graftwork.engine.moving import limit_to
from graftwork.engine.network import Network, PlacedBase, Step

__all__ = [
    "Boundary",
    "find_boundary",
    "frozen_names",
    "held_buffers",
    "loose_statistics",
    "set_trainable",
    "steps_before",
    "wire_key",
]


@dataclass(frozen=True)
class Boundary:
    """The wires at which stored values enter, and a name for them.

    Args:
        name: the steps that write the wires; ``input`` when nothing is held.
        wires: in the order of the steps.
    """

    name: str
    wires: tuple[str, ...]

    @property
    def is_input(self) -> bool:
        """Whether images themselves enter."""
        return self.name == INPUT_CUT


def set_trainable(
    network: Network,
    cuts: Mapping[str, str],
    batch_norm: BatchNormMode,
    *,
    with_rules: bool = True,
    not_yet: Mapping[str, str] | None = None,
) -> None:
    """Freeze and free all parts for a phase. What the flow adds is free.

    Args:
        network: changed in place.
        cuts: per base's node, the cut up to which its stages are frozen.
        batch_norm: how batch-norm behaves in free stages of bases that do not say so themselves.
        with_rules: whether the layers' own exceptions count; they do not in a probe, where each base
            is frozen as a whole.
        not_yet: per base's node, the cut up to which its stages wait for their turn: frozen whatever else is
            said. None: no stage waits.
    """
    for placed in network.bases.values():
        border = placed.position(cuts[placed.node])
        waiting = placed.position(not_yet[placed.node]) if not_yet else 0
        for index, stage in enumerate(placed.base.stages):
            if index < waiting:
                freeze(stage.module)
                continue
            _set_stage(placed, stage, is_free=index >= border, with_rules=with_rules)
            set_batch_norm(stage.module, placed.batch_norm or batch_norm)


def _set_stage(placed: PlacedBase, stage: Stage, *, is_free: bool, with_rules: bool) -> None:
    rules = placed.rules
    if with_rules:
        by_code = rules.as_code is not None
        is_free = (
            rules.frees(stage.name, stage.module)
            if by_code
            else rules.is_free(stage.name, stage.name, is_free)
        )
    free(stage.module) if is_free else freeze(stage.module)
    if with_rules:
        rules.apply(stage.name, stage.module, otherwise=is_free)
    limit_to(stage.module, placed.moving)


def find_boundary(network: Network) -> Boundary:
    """Return the boundary for the present state of freezing.

    A step is held when nothing in it is trainable, random or told by the batch, and all that it reads
    comes from the images through held steps.
    """
    held = {network.image_wire}
    writers: dict[str, str] = {}
    for step in network.steps:
        if set(step.inputs) <= held and _is_held(step):
            held.update(step.outputs)
            writers.update(dict.fromkeys(step.outputs, step.name))
    read = {w for s in network.steps if not set(s.outputs) <= held for w in s.inputs}
    read.update(network.needed_wires)
    wires = tuple(w for w in (network.image_wire, *writers) if w in read and w in held)
    if network.image_wire in wires or not wires:
        return Boundary(INPUT_CUT, (network.image_wire,))
    return Boundary("+".join(dict.fromkeys(writers[w] for w in wires)), wires)


def _is_held(step: Step) -> bool:
    moves = any(p.requires_grad for p in step.module.parameters())
    follows = any(is_batch_norm(m) and not is_held(m) for m in step.module.modules())
    return not (step.is_random or moves or follows)


def loose_statistics(network: Network) -> dict[str, Tensor]:
    """Return the batch-norm statistics that training may move, by name."""
    found = {}
    for step in network.steps:
        layers = [m for m in step.module.modules() if is_batch_norm(m) and not is_held(m)]
        buffers = {b.data_ptr() for layer in layers for b in layer.buffers(recurse=False)}
        found.update(
            {
                name: t
                for name, t in network.tensors_of(step).items()
                if not isinstance(t, nn.Parameter) and t.data_ptr() in buffers
            }
        )
    return found


def held_buffers(network: Network) -> frozenset[str]:
    """Return the names of buffers in layers that are held for good, in parts that the flow adds."""
    names: set[str] = set()
    for step in network.steps:
        layers = [m for m in step.module.modules() if is_held(m)]
        held = {b.data_ptr() for layer in layers for b in layer.buffers(recurse=False)}
        names.update(n for n, t in network.tensors_of(step).items() if t.data_ptr() in held)
    return frozenset(names)


def frozen_names(network: Network) -> list[str]:
    """Return the names of tensors that must not change while the network is trained as it is set now."""
    loose = loose_statistics(network)
    base, held = network.base_tensors(), held_buffers(network)
    return [
        name
        for name, tensor in network.tensors().items()
        if name not in loose
        and not (isinstance(tensor, nn.Parameter) and tensor.requires_grad)
        and (name in base or name in held or isinstance(tensor, nn.Parameter))
    ]


def steps_before(network: Network, wire: str) -> list[Step]:
    """Return the steps that a wire's value is computed by, in order."""
    needed, upstream = {wire}, []
    for step in reversed(network.steps):
        if needed.intersection(step.outputs):
            needed |= set(step.inputs)
            upstream.append(step)
    return upstream[::-1]


@torch.no_grad()
def wire_key(network: Network, wire: str, digests: dict[str, str] | None = None) -> str:
    """Return a digest of all that a wire's value depends on, apart from the image: steps and weights.

    Args:
        network: as it is now.
        wire: of a step's output.
        digests: of the weights of steps that were digested before, by name; new ones are added. For several
            wires of one network, so that no weight is read twice.
    """
    known = {} if digests is None else digests
    upstream = steps_before(network, wire)
    for step in upstream:
        if step.name not in known:
            known[step.name] = digest_tensors(merged_tensors(network.tensors_of(step)))
    facts = {
        "steps": [[s.key, list(s.inputs), list(s.outputs), known[s.name]] for s in upstream],
        "wire": wire,
    }
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()
