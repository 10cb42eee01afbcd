"""Order of the nodes of a flow."""

from __future__ import annotations

from graftwork.documents.flow import Edge, Flow
from graftwork.errors import FlowError

__all__ = ["ancestors", "incoming", "sorted_nodes", "without_loops"]


def incoming(flow: Flow, node_id: str) -> tuple[Edge, ...]:
    """Return the edges that end at a node."""
    return tuple(e for e in flow.edges if e.target.node == node_id)


def ancestors(flow: Flow, node_id: str) -> frozenset[str]:
    """Return the ids of all nodes that a node stands on."""
    seen: set[str] = set()
    open_ids = [node_id]
    while open_ids:
        for edge in incoming(flow, open_ids.pop()):
            if edge.source.node not in seen:
                seen.add(edge.source.node)
                open_ids.append(edge.source.node)
    return frozenset(seen)


def sorted_nodes(flow: Flow) -> tuple[str, ...]:
    """Return node ids so that each comes after all that it stands on.

    Raises:
        FlowError: the wires form a loop; the nodes in it are named.
    """
    order, waiting = _sort(flow)
    if waiting:
        raise FlowError(f"The wires form a loop through {', '.join(sorted(waiting))}.")
    return tuple(order)


def without_loops(flow: Flow) -> Flow:
    """Return the flow without nodes that are in a loop or stand on one."""
    _, waiting = _sort(flow)
    return flow.edit(nodes=tuple(n for n in flow.nodes if n.id not in waiting)) if waiting else flow


def _sort(flow: Flow) -> tuple[list[str], frozenset[str]]:
    """Return node ids in order, and those that a loop keeps from having a place."""
    waiting: dict[str, set[str]] = {n.id: set() for n in flow.nodes}
    for edge in flow.edges:
        if edge.target.node in waiting:
            waiting[edge.target.node].add(edge.source.node)
    order: list[str] = []
    while waiting:
        ready = [node for node, needs in waiting.items() if needs.isdisjoint(waiting)]
        if not ready:
            break
        order += ready
        for node in ready:
            del waiting[node]
    return order, frozenset(waiting)
