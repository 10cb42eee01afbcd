"""Bypassed nodes: what comes in goes straight on. ``without_bypassed`` gives the flow that really runs."""

from __future__ import annotations

from collections.abc import Iterator

from graftwork.documents.flow import Edge, Endpoint, Flow, Node
from graftwork.documents.problem import Problem
from graftwork.errors import UnknownName
from graftwork.graph.contract import Contracts
from graftwork.graph.contracts import CONTRACTS
from graftwork.graph.ports import accepts
from graftwork.graph.topology import incoming

__all__ = ["check_bypass", "passing_output", "passing_through", "why_not_bypassed", "without_bypassed"]


def without_bypassed(flow: Flow, contracts: Contracts = CONTRACTS) -> Flow:
    """Return the flow that really runs: bypassed nodes are gone, what came into them goes straight on.

    A node hands on what comes in at the first connected input that takes the kind of its first output; wires
    at its other ports end. A node that cannot be bypassed stays, and ``check`` says so. Doing it twice is
    doing it once; a flow without bypassed nodes comes back as it is.
    """
    passing = _passing_ports(flow, contracts)
    if not passing:
        return flow
    edges = [
        edge.edit(source=source)
        for edge in flow.edges
        if edge.target.node not in passing
        for source in _origins(flow, edge.source, passing)
    ]
    return flow.edit(nodes=tuple(n for n in flow.nodes if n.id not in passing), edges=tuple(edges))


def passing_through(flow: Flow, node_id: str, contracts: Contracts = CONTRACTS) -> Endpoint | None:
    """Return the output, in the flow that runs, that a bypassed node hands on; None when there is none."""
    passing = _passing_ports(flow, contracts)
    if node_id not in passing:
        return None
    _, output = passing[node_id]
    return next(_origins(flow, Endpoint(node=node_id, port=output), passing), None)


def passing_output(node: Node, contracts: Contracts = CONTRACTS) -> str:
    """Return the output at which a bypassed node hands on what comes in: its first one; empty when it has none."""
    outputs = contracts.get(node.component).ports_as_far(node.settings)[1]
    return outputs[0].name if outputs else ""


def why_not_bypassed(node: Node, contracts: Contracts = CONTRACTS) -> str | None:
    """Return why a node cannot be bypassed, as the rest of a sentence; None when it can."""
    try:
        contract = contracts.get(node.component)
    except UnknownName:
        return f"cannot be bypassed: there is no component '{node.component}'."
    if contract.group == "data":
        return "cannot be bypassed: the images come from it."
    if contract.group == "objective":
        return "cannot be bypassed: without an objective nothing is learned from it."
    if contract.name == "adaptation":
        return None  # what is left is trained on the source alone
    inputs, outputs = contract.ports_as_far(node.settings)
    if not outputs:
        return "cannot be bypassed: it gives nothing."
    if any(accepts(port, outputs[0].kind) for port in inputs):
        return None
    takes = " and ".join(dict.fromkeys(port.kind for port in inputs)) or "nothing"
    return f"cannot be bypassed: it takes {takes} and gives {outputs[0].kind}, so nothing can go straight on."


def check_bypass(flow: Flow, contracts: Contracts = CONTRACTS) -> Iterator[Problem]:
    """Give a problem for each bypassed node that cannot be bypassed."""
    for node in flow.nodes:
        why = why_not_bypassed(node, contracts) if node.is_bypassed else None
        if why is not None:
            yield Problem(message=why, node=node.id, hint="Take the bypass off, or take the node out.")


def _passing_ports(flow: Flow, contracts: Contracts) -> dict[str, tuple[str, str]]:
    """Return (input, output) of each node that is bypassed and can be."""
    return {
        node.id: _passing_port(flow, node, contracts)
        for node in flow.nodes
        if node.is_bypassed and why_not_bypassed(node, contracts) is None
    }


def _passing_port(flow: Flow, node: Node, contracts: Contracts) -> tuple[str, str]:
    inputs, outputs = contracts.get(node.component).ports_as_far(node.settings)
    if not outputs:
        return "", ""
    kind = outputs[0].kind
    names = [port.name for port in inputs if accepts(port, kind)]
    connected = {edge.target.port for edge in incoming(flow, node.id)}
    return next((name for name in names if name in connected), names[0]), outputs[0].name


def _origins(
    flow: Flow, end: Endpoint, passing: dict[str, tuple[str, str]], seen: frozenset[str] = frozenset()
) -> Iterator[Endpoint]:
    """Give the outputs of nodes that run which arrive at the output ``end``; none in a loop of bypasses."""
    if end.node not in passing:
        yield end
        return
    port, output = passing[end.node]
    if end.port != output or end.node in seen:
        return
    for edge in _into(flow, end.node, port):
        yield from _origins(flow, edge.source, passing, seen | {end.node})


def _into(flow: Flow, node_id: str, port: str) -> list[Edge]:
    return [edge for edge in incoming(flow, node_id) if edge.target.port == port]
