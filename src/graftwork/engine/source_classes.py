"""What the classes that a base was trained on say of images, as one more step behind its last stage."""

from __future__ import annotations

from torch import Tensor, nn

from graftwork.bases import SourceHead, open_source_head
from graftwork.engine.network import Network, Step
from graftwork.engine.stage_features import stage_wires

__all__ = ["SOURCE_CLASSES", "with_source_classes"]

SOURCE_CLASSES = "source_classes"
"""Name of the step, which no stage has."""


class SourceClasses(nn.Module):
    """From features at a base's end to the probabilities of its source classes, (b, k)."""

    def __init__(self, head: SourceHead) -> None:
        super().__init__()
        self.head, self.classifier = head, head.module

    def forward(self, features: Tensor) -> Tensor:
        return self.head.log_probabilities(features).exp()


def with_source_classes(network: Network, node: str) -> tuple[Network, str]:
    """Return a network that goes on from a base to its source classes, and the wire of their probabilities.

    It shares all modules with ``network``, ends with the new step, and has no objectives.

    Args:
        network: any network with a base.
        node: of the base.

    Raises:
        NoSourceHead: the base has no classifier with trained weights.
    """
    head = open_source_head(network.bases[node].base)
    end = list(stage_wires(network, node).values())[-1]
    wire = f"{node}.{SOURCE_CLASSES}"
    last = next(i for i, step in enumerate(network.steps) if end in step.outputs)
    step = Step(
        name=SOURCE_CLASSES,
        node=node,
        module=SourceClasses(head),
        inputs=(end,),
        outputs=(wire,),
        role="new",
        key=f"source classes {head.num_classes} {head.gives_probabilities}",
    )
    longer = Network(
        [*network.steps[: last + 1], step],
        network.bases,
        (),
        image_wire=network.image_wire,
        data_wires=network.data_wires,
    )
    return longer, wire
