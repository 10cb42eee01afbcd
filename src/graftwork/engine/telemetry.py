"""What a run tells of itself while it trains. Reads only: no number of the training depends on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from graftwork.documents.plan import ParameterGroup
from graftwork.engine.folder import peak_memory_bytes
from graftwork.engine.network import Network

__all__ = ["MovingParts", "recall_per_class", "resident_bytes"]


def resident_bytes() -> int:
    """Return the memory that this process holds now; where the system does not tell, the most it held."""
    pages = Path("/proc/self/statm")
    if pages.is_file():
        import resource

        return int(pages.read_text().split()[1]) * resource.getpagesize()
    return peak_memory_bytes()


class MovingParts:
    """The parts of a network that a phase moves: stages of bases, and nodes that the flow adds.

    Args:
        network: whose parts.
        tensors: that move in the phase, by name.
        start: where tensors were when the run began; those that are not in it are not measured.
    """

    def __init__(self, network: Network, tensors: Mapping[str, Tensor], start: Mapping[str, Tensor]) -> None:
        self._part_of = _part_of(network, tensors)
        self._members: dict[str, list[str]] = {}
        for name, part in self._part_of.items():
            self._members.setdefault(part, []).append(name)
        self._tensors, self._start = dict(tensors), start
        self.names = tuple(self._members)

    def gradient_norms(self) -> Tensor:
        """Return the Euclidean norm of each part's gradients, (parts,), in the order of ``names``."""
        norms = []
        for members in self._members.values():
            gradients = [g for n in members if (g := self._tensors[n].grad) is not None]
            device = self._tensors[members[0]].device
            norms.append(_norm(gradients) if gradients else torch.zeros((), device=device))
        return torch.stack([norm.detach().float() for norm in norms])

    def learning_rates(self, groups: Sequence[ParameterGroup], rates: Sequence[float]) -> dict[str, float]:
        """Return the present rate of each part.

        Args:
            groups: of the phase.
            rates: the optimizer's, in the same order.
        """
        found: dict[str, float] = {}
        for group, rate in zip(groups, rates, strict=True):
            found.update(dict.fromkeys((self._part_of[n] for n in group.tensors), rate))
        return found

    @torch.no_grad()
    def movement(self) -> dict[str, float]:
        """Return each part's distance from its start as a share of its norm there; plain where that is 0."""
        found = {}
        for part, members in self._members.items():
            known = [n for n in members if n in self._start]
            if not known:
                continue
            distance = float(_norm([self._tensors[n].detach() - self._start[n] for n in known]))
            length = float(_norm([self._start[n] for n in known]))
            found[part] = distance / length if length else distance
        return found


def _part_of(network: Network, tensors: Mapping[str, Tensor]) -> dict[str, str]:
    """Return tensor → part; stages carry their node's name in front when there are several bases."""
    found = {}
    for step in network.steps:
        part = step.node
        placed = network.bases.get(step.node)
        if placed is not None and step.name in placed.steps:
            stage = placed.base.stages[placed.steps.index(step.name)].name
            part = stage if len(network.bases) == 1 else f"{step.node}/{stage}"
        found.update({name: part for name in network.tensors_of(step) if name in tensors})
    return found


def _norm(tensors: Sequence[Tensor]) -> Tensor:
    whole: Tensor = torch.linalg.vector_norm(
        torch.stack([torch.linalg.vector_norm(t.float()) for t in tensors])
    )
    return whole


def recall_per_class(
    probabilities: NDArray[np.float32], labels: NDArray[np.integer], classes: Sequence[str]
) -> dict[str, float]:
    """Return the recall of each class that has images.

    Args:
        probabilities: (n, k).
        labels: (n,).
        classes: names, k of them.
    """
    hits = probabilities.argmax(1) == labels
    return {name: float(hits[labels == i].mean()) for i, name in enumerate(classes) if (labels == i).any()}
