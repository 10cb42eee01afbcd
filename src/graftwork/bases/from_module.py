"""Open any module as a base: a generator, a discriminator, an encoder, one's own network."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from graftwork.bases.assemble import assemble
from graftwork.bases.base import Base
from graftwork.bases.image_size import example_images, run_whole
from graftwork.bases.registry import Blueprint
from graftwork.documents.card import InputPort, Origin
from graftwork.errors import BaseNotUsable

__all__ = ["open_module"]

CLASSIFIERS = ("fc", "classifier", "head", "heads", "logits", "predictions")


def open_module(
    module: nn.Module,
    *,
    name: str,
    port: InputPort,
    origin: Origin | None = None,
    classifier_names: Sequence[str] | None = None,
) -> Base:
    """Open a module as a base, cut into stages. The module itself is used and put into evaluation mode.

    Args:
        module: takes one tensor (b, c, h, w) and gives one tensor.
        name: the base id, such as "custom:generator".
        port: what it takes: images, or for a generator noise with (channels, 1, 1).
        origin: where its weights come from.
        classifier_names: modules that give the classes, cut off when a new head comes; empty when there
            are none. None takes the last layer when the module gives (b, n) and calls it fc, classifier,
            head or logits; it cuts nothing off otherwise.

    Raises:
        ImageSizeError: it cannot take what the port says.
        BaseNotUsable: it gives something else than one tensor.
    """
    fitted = one_value_each(port)
    with torch.no_grad():
        output = run_whole(name, module.eval(), example_images(fitted))
    if not isinstance(output, Tensor):
        raise BaseNotUsable(
            f"Base '{name}' gives {type(output).__name__}, not one tensor.",
            hint="Put it into a module whose forward gives the one tensor that counts.",
        )
    names = guessed(module, output) if classifier_names is None else tuple(classifier_names)
    blueprint = Blueprint(
        module=module,
        title=type(module).__name__,
        architecture=name,
        port=fitted,
        origin=origin or Origin(source="module", note="Weights as they were given."),
        loaded=frozenset(module.state_dict()),
        classifier_names=names,
    )
    return assemble(name, blueprint)


def one_value_each(port: InputPort) -> InputPort:
    """Return the port with one mean and std a channel, when they were left as they are for three."""
    if len(port.mean) == len(port.std) == port.channels:
        return port
    mean, std = set(port.mean), set(port.std)
    if len(mean) > 1 or len(std) > 1:
        raise BaseNotUsable(
            f"The port has {port.channels} channels, but {len(port.mean)} means and {len(port.std)} deviations.",
            hint="Give one mean and one std for each channel.",
        )
    return port.edit(mean=(mean.pop(),) * port.channels, std=(std.pop(),) * port.channels)


def guessed(module: nn.Module, output: Tensor) -> tuple[str, ...]:
    """Return the top-level child that gives the classes by its usual name; empty when there is none."""
    names = [name for name, child in module.named_children() if any(True for _ in child.parameters())]
    if output.dim() == 2 and names and names[-1] in CLASSIFIERS:
        return (names[-1],)
    return ()
