"""Follow shapes, kinds and value ranges along the wires of a flow."""

from __future__ import annotations

from dataclasses import dataclass

from graftwork.documents.document import Document
from graftwork.documents.flow import Flow, Node
from graftwork.documents.problem import Problem
from graftwork.graph.bypass import without_bypassed
from graftwork.graph.contract import Contract, Contracts
from graftwork.graph.contracts import CONTRACTS
from graftwork.graph.ports import Misfit, Port, Wire, bind, show_shape
from graftwork.graph.topology import incoming, sorted_nodes

__all__ = ["Face", "face_of", "infer_wires", "parse_settings"]


@dataclass(frozen=True)
class Face:
    """What others see of a node: its contract, and its ports under its settings."""

    contract: Contract
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]

    def input(self, name: str) -> Port | None:
        """Return the input of that name, or None."""
        return next((p for p in self.inputs if p.name == name), None)

    def output(self, name: str) -> Port | None:
        """Return the output of that name, or None."""
        return next((p for p in self.outputs if p.name == name), None)


def parse_settings(node: Node, contract: Contract) -> Document:
    """Return a node's settings as its component's document.

    Raises:
        pydantic.ValidationError: some setting is unknown or not allowed.
    """
    return contract.settings.model_validate(node.settings)


def face_of(node: Node, contracts: Contracts = CONTRACTS) -> Face:
    """Return the ports of a node whose settings are valid."""
    contract = contracts.get(node.component)
    return Face(contract, *contract.ports(parse_settings(node, contract)))


def infer_wires(flow: Flow, contracts: Contracts = CONTRACTS) -> tuple[dict[str, Wire], tuple[Problem, ...]]:
    """Return the wire at each output, as ``node.port``, and the problems found on the way.

    Sizes that only the base or the data know are words. A node with a problem, and all that stands on
    it, has no wires. Bypassed nodes have none: what comes into them goes straight on.

    Args:
        flow: each node known and with valid settings, each wire between ports that exist, no loop.
        contracts: what the components promise.
    """
    wires: dict[str, Wire] = {}
    problems: list[Problem] = []
    flow = without_bypassed(flow, contracts)
    for node_id in sorted_nodes(flow):
        node = flow.node(node_id)
        face = face_of(node, contracts)
        edges = incoming(flow, node_id)
        if any(str(e.source) not in wires for e in edges):
            continue
        inputs = {e.target.port: wires[str(e.source)] for e in edges}
        faults = [p for port in face.inputs if (p := _misfit(node_id, port, inputs.get(port.name)))]
        if not faults:
            try:
                found = face.contract.wires(parse_settings(node, face.contract), inputs)
            except Misfit as error:
                faults = [
                    Problem(
                        message=error.message,
                        node=node_id,
                        port=error.port,
                        setting=error.setting,
                        hint=error.hint,
                        line=error.line,
                    )
                ]
            else:
                wires.update({f"{node_id}.{name}": wire for name, wire in found.items()})
        problems += faults
    return wires, tuple(problems)


def _misfit(node_id: str, port: Port, wire: Wire | None) -> Problem | None:
    if wire is None or bind(wire.shape, port.shape) is not None:
        return None
    return Problem(
        message=f"wants {port.kind} {show_shape(port.shape)} but gets {wire.kind} {show_shape(wire.shape)}.",
        node=node_id,
        port=port.name,
        hint="Put a component between that gives this shape.",
    )
