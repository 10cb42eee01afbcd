"""Finds images that are normalized twice: by a component, and again by another or by a base."""

from __future__ import annotations

from collections.abc import Mapping

from graftwork.documents.flow import Flow, Node
from graftwork.documents.problem import Problem
from graftwork.graph.ports import Wire
from graftwork.graph.topology import incoming, sorted_nodes

__all__ = ["double_normalization"]


def double_normalization(flow: Flow, wires: Mapping[str, Wire]) -> tuple[Problem, ...]:
    """Return a warning for each place at which images are normalized that were normalized before.

    A base brings pixels into the form it was trained with by itself, so any rescaling before it counts;
    before 'normalize' and 'rescale' only what takes out a mean or shifts.

    Args:
        flow: without errors.
        wires: what each output gives, as ``infer_wires`` found it.
    """
    found: list[Problem] = []
    for node_id in sorted_nodes(flow):
        node = flow.node(node_id)
        is_base = node.component == "backbone"
        if not is_base and not _centers(node):
            continue
        for edge in incoming(flow, node_id):
            firsts = _normalizers(flow, edge.source.node, str(edge.source), wires, scaling=is_base)
            found += [_warning(flow.node(first), node, edge.target.port) for first in firsts]
    return tuple(found)


def _warning(first: Node, second: Node, port: str) -> Problem:
    if second.component == "backbone":
        again = "and this base does so again, as its port says"
        hint = f"Take '{first.id}' out: a backbone wants pixels as they come from the data."
    else:
        again = f"and this {second.component} does so again"
        hint = f"Take '{first.id}' or '{second.id}' out."
    return Problem(
        level="warning",
        message=f"the images are normalized at '{first.id}' ({first.component}), {again}.",
        node=second.id,
        port=port,
        hint=hint,
    )


def _centers(node: Node) -> bool:
    """Whether a node takes out a mean or shifts the values."""
    return node.component == "normalize" or (
        node.component == "rescale" and node.settings.get("offset", 0.0) != 0.0
    )


def _scales(node: Node) -> bool:
    return node.component == "rescale" and node.settings.get("scale", 1.0) != 1.0


def _normalizers(
    flow: Flow, node_id: str, output: str, wires: Mapping[str, Wire], *, scaling: bool
) -> list[str]:
    """Return the nearest nodes before ``output`` that normalize; follows images only."""
    wire = wires.get(output)
    if wire is None or wire.kind != "image":
        return []
    node = flow.node(node_id)
    if _centers(node) or (scaling and _scales(node)):
        return [node_id]
    found: list[str] = []
    for edge in incoming(flow, node_id):
        if node.component == "switch" and edge.target.port != node.settings.get("choice", "a"):
            continue
        found += _normalizers(flow, edge.source.node, str(edge.source), wires, scaling=scaling)
    return list(dict.fromkeys(found))
