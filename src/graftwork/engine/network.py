"""A base and a head as one trainable network that can start and stop at any cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from graftwork.bases import Base
from graftwork.components.head import Head
from graftwork.documents.plan import INPUT_CUT
from graftwork.documents.recipe import BatchNormMode
from graftwork.engine.freeze import free, freeze, set_batch_norm
from graftwork.errors import WeightsMismatch

__all__ = ["Network", "build_network"]


class Network(nn.Module):
    """Stages of a base in order, then a head.

    Args:
        base: the opened base; its old classifier is not part of the network.
        head: turns the last stage's output into logits.
    """

    def __init__(self, base: Base, head: Head) -> None:
        super().__init__()
        self.base = base
        self.names = base.stage_names()
        self.stages = nn.ModuleList([stage.module for stage in base.stages])
        self.head = head
        self.base_images = 0  # images that entered at the input
        self.partial_images = 0  # stored outputs that entered at a later cut and met a stage

    @property
    def last_cut(self) -> str:
        """The cut after which only the head comes."""
        return self.names[-1]

    def position(self, cut: str) -> int:
        """Return how many stages lie before a cut."""
        return 0 if cut == INPUT_CUT else self.names.index(cut) + 1

    def forward(self, inputs: Tensor, start: str = INPUT_CUT) -> Tensor:
        """Return logits (b, k).

        Args:
            inputs: normalized images (b, 3, h, w), or the output at ``start``.
            start: the cut at which ``inputs`` enter.
        """
        if start == INPUT_CUT:
            self.base_images += len(inputs)
        elif start != self.last_cut:
            self.partial_images += len(inputs)
        logits: Tensor = self.head(self.run_stages(inputs, start, self.last_cut))
        return logits

    def run_stages(self, inputs: Tensor, start: str, end: str) -> Tensor:
        """Return the output at cut ``end`` of what enters at cut ``start``."""
        for stage in self.stages[self.position(start) : self.position(end)]:
            inputs = stage(inputs)
        return inputs

    def stages_in_order(self) -> nn.Module:
        """Return the stages as one module, without the head."""
        return nn.Sequential(*self.stages)

    def collect(self, images: Tensor, cuts: Sequence[str], *, num_real: int) -> dict[str, Tensor]:
        """Return the outputs at several cuts from one pass; ``num_real`` of the images are no padding."""
        self.base_images += num_real
        outputs: dict[str, Tensor] = {}
        here = INPUT_CUT
        for cut in sorted(cuts, key=self.position):
            images = self.run_stages(images, here, cut)
            outputs[cut] = images
            here = cut
        return outputs

    def base_tensors(self, stages: Sequence[str] | None = None) -> dict[str, Tensor]:
        """Return parameters and buffers of stages (all if None) as ``base.<original name>``."""
        found: dict[str, Tensor] = {}
        for name in self.names if stages is None else stages:
            found.update({f"base.{key}": t for key, t in self.base.tensors_of(name).items()})
        return found

    def tensors(self) -> dict[str, Tensor]:
        """Return all parameters and buffers: ``base.<original name>`` and ``head.<name>``."""
        head = {f"head.{key}": t for key, t in self.head.state_dict(keep_vars=True).items()}
        return {**self.base_tensors(), **head}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Copy values into all tensors.

        Raises:
            WeightsMismatch: names or shapes differ; the first ones are named.
        """
        own = self.tensors()
        wrong = sorted(set(own) ^ set(tensors)) or [k for k in own if own[k].shape != tensors[k].shape]
        if wrong:
            raise WeightsMismatch(
                f"The weights do not fit the network {self.base.card.id}: {', '.join(wrong[:5])} "
                f"({len(wrong)} tensors differ).",
                hint="Use the weights with the flow that they were trained with.",
            )
        with torch.no_grad():
            for key, tensor in own.items():
                tensor.copy_(tensors[key])

    def set_trainable(self, cut: str, batch_norm: BatchNormMode) -> None:
        """Freeze the stages up to ``cut`` and free the rest. The head is always free."""
        border = self.position(cut)
        for index, stage in enumerate(self.stages):
            if index < border:
                freeze(stage)
            else:
                free(stage)
                set_batch_norm(stage, batch_norm)


def build_network(
    base: Base, num_classes: int, *, hidden: Sequence[int] = (), dropout: float = 0.0, seed: int = 0
) -> Network:
    """Return the network of a base and a new head whose first weights depend on ``seed`` alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        head = Head(base.num_features, num_classes, hidden=hidden, dropout=dropout)
    return Network(base, head)
