"""Co-Tuning: the old classifier is tuned too, on the source classes that a target class looks like."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from graftwork.bases import SourceHead, open_source_head
from graftwork.engine.evaluate import Split
from graftwork.engine.sources import prefetched
from graftwork.engine.terms import LossTerm, TermFacts, TermView, base_end
from graftwork.errors import PlanError

__all__ = ["CO_TUNING", "class_relationship", "relationship_loss"]

_BATCH = 64


def class_relationship(probabilities: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    """Return p(source class | target class), shape (num_classes, k), each row summing to 1.

    The direct variant: the mean of what the old classifier says of the images of a target class. A class without images
    gets the mean over all images. The paper's other variant, by Bayes' rule from a calibrated p(target | source), is
    not used: it wants a second classifier and a further split of few images.

    Args:
        probabilities: of the k source classes for each training image, (n, k), n >= 1.
        labels: target classes of the same images, (n,), from 0.
        num_classes: target classes.

    Source: You, Kou, Long, Wang 2020, "Co-Tuning for Transfer Learning", NeurIPS 33, section 3.2, "direct approach".
    """
    rows = probabilities.double()
    hot = torch.nn.functional.one_hot(labels.long(), num_classes).to(rows)
    counts = hot.sum(0).unsqueeze(1)
    means = hot.T @ rows / counts.clamp_min(1)
    filled = torch.where(counts > 0, means, rows.mean(0, keepdim=True))
    return (filled / filled.sum(1, keepdim=True)).float()


def relationship_loss(log_probabilities: Tensor, expected: Tensor) -> Tensor:
    """Return the cross-entropy between expected and present source classes, a mean over images.

    Args:
        log_probabilities: of the k source classes, (b, k); differentiable.
        expected: rows of the relationship for the images' target classes, (b, k).

    Source: You 2020, eq. 2.
    """
    return -(expected * log_probabilities).sum(1).mean()


class _CoTuning(LossTerm):
    def __init__(self, strength: float, head: SourceHead, features: str, labels: str, classes: int) -> None:
        super().__init__()
        self.strength = strength
        # A copy: the base keeps its own. In evaluation mode throughout, so that its norms and dropout hold still.
        self.classifier = copy.deepcopy(head.module).eval().requires_grad_(True)
        self._head = SourceHead(self.classifier, head.num_classes, head.gives_probabilities)
        self._features, self._labels = features, labels
        self.wires = (features, labels)
        self.register_buffer("relationship", torch.full((classes, head.num_classes), 1 / head.num_classes))

    @torch.no_grad()
    def fit(self, view: TermView) -> str:
        """Learn which source classes the images of each target class look like, from the pretrained features."""
        said = self._probabilities(view, view.train)
        relation = self.get_buffer("relationship")
        relation.copy_(class_relationship(said, view.train.data.labels(), len(relation)))
        return (
            f"Co-Tuning: how {len(relation)} classes relate to the base's {self._head.num_classes} was learned from "
            f"{len(said)} training images."
        )

    def _probabilities(self, view: TermView, split: Split) -> Tensor:
        view.network.eval()
        positions = np.arange(len(split), dtype=np.int64)
        batches = [positions[i : i + _BATCH] for i in range(0, len(positions), _BATCH)]
        rows = []
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            for _, inputs in prefetched(split.source, batches, epoch=0):
                features = view.network.run(inputs, [self._features])[self._features]
                rows.append(self._head.log_probabilities(features.float()).exp().cpu())
        return torch.cat(rows)

    def forward(self, values: Mapping[str, Tensor]) -> Tensor:
        features = values[self._features]
        with torch.autocast(features.device.type, enabled=False):  # as all heads
            said = self._head.log_probabilities(features.float())
        expected = self.get_buffer("relationship")[values[self._labels]]
        return self.strength * relationship_loss(said, expected)


class _Method:
    name = "co_tuning"

    def refuse(self, facts: TermFacts) -> None:
        if facts.strategy == "from_scratch":
            raise PlanError(
                "Co-Tuning uses the base's old classifier, and from_scratch starts without trained weights.",
                hint="Set co_tuning to 0, or choose another strategy.",
            )
        if facts.label_kind != "category":
            raise PlanError(
                f"Co-Tuning relates classes, but the labels are of kind '{facts.label_kind}'.",
                hint="Set co_tuning to 0, or use data with one class per image.",
            )
        open_source_head(facts.network.base)

    def note(self, facts: TermFacts) -> str:
        head = open_source_head(facts.network.base)
        count = sum(p.numel() for p in head.module.parameters())
        return (
            f"Co-Tuning (weight {facts.recipe.co_tuning:g}): a copy of the old classifier of {head.num_classes} classes, "
            f"{count:,} parameters, is tuned beside the new head and left out of what is saved."
        )

    def make(self, facts: TermFacts) -> LossTerm:
        network = facts.network
        assert network.main is not None
        features, labels = base_end(network, network.main), network.sinks[0].wires[1]
        head = open_source_head(network.base)
        return _CoTuning(facts.recipe.co_tuning, head, features, labels, facts.num_classes)


CO_TUNING = _Method()
