"""The outputs of a base's stages, all of them from one pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from torch import Tensor

from graftwork.engine.network import Network, PlacedBase, call_step
from graftwork.errors import FlowError

__all__ = ["require_placed", "stage_outputs"]


def require_placed(network: Network) -> PlacedBase:
    """Return the main base at its node.

    Raises:
        FlowError: the network has none that opens into stages.
    """
    if network.main is None:
        raise FlowError(
            "The flow has no base that opens into stages.",
            hint="This look wants a backbone, or custom code that is one model.",
        )
    return network.main


def stage_outputs(network: Network, values: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """Yield the name and the output (b, …) of each stage of the main base; each stage runs once.

    A stage gets a copy of what came before it: many layers write into their input, and what was yielded
    must stay as it was.

    Args:
        network: in evaluation mode.
        values: by wire; images (b, c, h, w), normalized, at the image wire.

    Raises:
        FlowError: there is no base, or it stands on a wire that ``values`` do not lead to.
    """
    placed = require_placed(network)
    steps = {step.name: step for step in network.steps}
    first = steps[placed.steps[0]].inputs[0]
    value = network.run(values, [first])[first]
    for stage, name in zip(placed.base.stage_names(), placed.steps, strict=False):
        (value, *_) = call_step(steps[name], [value.clone()])
        yield stage, value
