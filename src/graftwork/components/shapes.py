"""What comes in must fit the contract: one rule for the drawing and for the build."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from torch import nn

from graftwork.components.registry import Builder, Site, builds
from graftwork.documents.document import Document
from graftwork.errors import ShapeError
from graftwork.graph.contracts import CONTRACTS
from graftwork.graph.ports import Misfit, Wire, bind, show_shape

__all__ = ["builds_checked", "check_site", "only_shape"]


def check_site(component: str, settings: Document, site: Site) -> None:
    """Refuse shapes that the component's contract refuses.

    Raises:
        ShapeError: names the node, what came in and what was wanted.
    """
    contract = CONTRACTS.get(component)
    ports = {port.name: port for port in contract.ports(settings)[0]}
    wires = {}
    for name, shape in site.shapes.items():
        port = ports[name]
        if bind(shape, port.shape) is None:
            raise ShapeError(
                f"Node '{site.node}', port '{name}', wants {show_shape(port.shape)} but gets "
                f"{show_shape(shape)}.",
                hint="Put a component between that gives this shape.",
                node=site.node,
            )
        wires[name] = Wire(kind=port.kind, shape=shape)
    try:
        contract.wires(settings, wires)
    except Misfit as error:
        raise ShapeError(f"Node '{site.node}' {error.message}", hint=error.hint, node=site.node) from error


def builds_checked(*names: str) -> Callable[[Builder], Builder]:
    """Register a builder like ``builds``; it is called only with shapes that the contract takes."""

    def register(builder: Builder) -> Builder:
        for name in names:
            builds(name)(_checked(name, builder))
        return builder

    return register


def _checked(name: str, builder: Builder) -> Builder:
    @wraps(builder)
    def build(settings: Any, site: Site) -> nn.Module:
        check_site(name, settings, site)
        return builder(settings, site)

    return build


def only_shape(site: Site) -> tuple[int, ...]:
    """Return the shape at the one input."""
    (shape,) = site.shapes.values()
    return shape
