"""From a component's name and settings to its torch module."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from torch import nn

from graftwork.documents.document import Document
from graftwork.errors import UnknownName, UsageError, did_you_mean

__all__ = ["Builder", "Site", "build_component", "builder_of", "builds"]

ENTRY_POINTS = "graftwork.components"


@dataclass(frozen=True)
class Site:
    """Where a component is built.

    Args:
        node: id of the node, for errors.
        shapes: shape of what comes in at each connected input, batch included.
        num_classes: classes of the data.
        seed: of the flow; new weights depend on it and on the node alone.
    """

    node: str
    shapes: Mapping[str, tuple[int, ...]]
    num_classes: int
    seed: int


Builder = Callable[[Any, Site], nn.Module]
_builders: dict[str, Builder] = {}


def builds(*names: str) -> Callable[[Builder], Builder]:
    """Register a function that builds the components of these names.

    The module it returns takes one tensor for each connected input, in the order of the contract's
    inputs, and gives one tensor, or a tuple in the order of the outputs.

    Raises:
        UsageError: a name is taken.
    """

    def register(builder: Builder) -> Builder:
        for name in names:
            if name in _builders:
                raise UsageError(f"Component '{name}' has a builder already.")
            _builders[name] = builder
        return builder

    return register


@cache
def load_plugins() -> None:
    """Import the components that installed packages offer, once."""
    for point in entry_points(group=ENTRY_POINTS):
        point.load()


def builder_of(component: str) -> Builder | None:
    """Return the function that builds the components of this name, None where there is none."""
    load_plugins()
    return _builders.get(component)


def build_component(component: str, settings: Document, site: Site) -> nn.Module:
    """Return the module of a component, its first weights drawn from torch's present random state.

    Raises:
        UnknownName: nothing builds a component of that name.
        ShapeError: what comes in does not fit; the node and both sides are named.
    """
    builder = builder_of(component)
    if builder is None:
        raise UnknownName(
            f"Nothing builds the component '{component}' of node '{site.node}'.",
            hint=did_you_mean(component, list(_builders)),
            node=site.node,
        )
    return builder(settings, site)
