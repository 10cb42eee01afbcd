"""What a canvas draws: each node's ports with their shapes, its title, one line about it, and all problems.

No torch, milliseconds, and for any flow: whatever is wrong with it, each of its nodes has a face.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import Field, ValidationError

from graftwork.documents.document import Document
from graftwork.documents.flow import Endpoint, Flow, Node, digest_flow
from graftwork.documents.problem import Problem
from graftwork.errors import UnknownName
from graftwork.graph.bypass import passing_output, passing_through, why_not_bypassed
from graftwork.graph.check import wires_and_problems
from graftwork.graph.contract import Contract, Contracts, Group
from graftwork.graph.contracts import CONTRACTS
from graftwork.graph.ports import Dim, Kind, Port, Wire
from graftwork.graph.propose import Facts, Proposal, propose
from graftwork.graph.sizes import is_open
from graftwork.graph.summaries import summarize
from graftwork.graph.wires import parse_settings

__all__ = ["FlowCheck", "NodeFace", "PortFace", "check_flow", "shape_in_words"]


class PortFace(Document):
    """A socket as it is drawn."""

    name: str
    kind: Kind | None = Field(
        description="What travels there; of a connected output of any kind, what really does. None: unknown."
    )
    also: tuple[Kind, ...] = Field((), description="Further kinds that an input takes.")
    shape: str = Field(description="As far as it is known, such as 'b × 3 × 224 × 224'.")
    is_optional: bool = False
    is_connected: bool = False
    is_known: bool = Field(True, description="False: only a wire names this port, the component has none.")
    help: str = ""


class NodeFace(Document):
    """A node as it is drawn."""

    node: str
    component: str
    title: str = Field(description="The node's own title, or its component's.")
    group: Group | None = Field(description="Where a palette lists the component; None: unknown component.")
    inputs: tuple[PortFace, ...]
    outputs: tuple[PortFace, ...]
    summary: str = Field(description="The settings that matter, in one line.")
    is_bypassed: bool = False
    why_not_bypassed: str | None = Field(None, description="Why it cannot be bypassed, when it cannot.")


class FlowCheck(Document):
    """All that is known of a flow without running it."""

    digest: str = Field(description="SHA-256 of the flow as it is written.")
    problems: tuple[Problem, ...]
    faces: dict[str, NodeFace] = Field(description="By node.")
    proposals: tuple[Proposal, ...] = Field(description="Settings that should have another value.")


def check_flow(flow: Flow, facts: Facts | None = None, contracts: Contracts = CONTRACTS) -> FlowCheck:
    """Return problems, faces and proposals of any flow.

    Args:
        flow: may have any problem.
        facts: what is known of its data and bases; sizes in shapes come from there.
        contracts: what the components promise.
    """
    facts = facts or Facts()
    wires, problems = wires_and_problems(flow, contracts)
    drawn = _Drawing(flow, facts, contracts, wires)
    return FlowCheck(
        digest=digest_flow(flow),
        problems=problems,
        faces={node.id: drawn.face(node) for node in flow.nodes},
        proposals=propose(flow, facts),
    )


def shape_in_words(shape: tuple[Dim, ...]) -> str:
    """Return a shape as a canvas shows it.

    >>> shape_in_words(("b", 3, 224, 224)), shape_in_words(("...",))
    ('b × 3 × 224 × 224', '…')
    """
    return " × ".join("…" if size == "..." else str(size) for size in shape)


class _Drawing:
    """A flow while its faces are made."""

    def __init__(self, flow: Flow, facts: Facts, contracts: Contracts, wires: Mapping[str, Wire]) -> None:
        self.flow, self.facts, self.contracts, self.wires = flow, facts, contracts, wires
        self.nodes = {node.id: node for node in flow.nodes}
        self.ports = {node.id: self._ports(node) for node in flow.nodes}
        self.into: dict[tuple[str, str], Endpoint] = {}
        self.out_of: set[tuple[str, str]] = set()
        for edge in flow.edges:
            self.into[(edge.target.node, edge.target.port)] = edge.source
            self.out_of.add((edge.source.node, edge.source.port))

    def face(self, node: Node) -> NodeFace:
        """Return the face of a node."""
        contract = self._contract(node)
        inputs, outputs = self.ports[node.id]
        return NodeFace(
            node=node.id,
            component=node.component,
            title=node.title or (contract.title if contract else node.component),
            group=contract.group if contract else None,
            inputs=(*(self._input(node, p) for p in inputs), *self._loose_inputs(node, inputs)),
            outputs=(*(self._output(node, p) for p in outputs), *self._loose_outputs(node, outputs)),
            summary=_summary(node, contract) if contract else "",
            is_bypassed=node.is_bypassed,
            why_not_bypassed=why_not_bypassed(node, self.contracts),
        )

    def _contract(self, node: Node) -> Contract | None:
        try:
            return self.contracts.get(node.component)
        except UnknownName:
            return None

    def _ports(self, node: Node) -> tuple[tuple[Port, ...], tuple[Port, ...]]:
        contract = self._contract(node)
        return ((), ()) if contract is None else contract.ports_as_far(node.settings)

    def _input(self, node: Node, port: Port) -> PortFace:
        source = self.into.get((node.id, port.name))
        wire = None if source is None else self._wire(source)
        shape = port.shape if wire is None or is_open(wire.shape) else wire.shape
        if wire is not None and source is not None and is_open(wire.shape):
            shape = self._with_facts(source, wire.shape) if is_open(port.shape) else port.shape
        elif source is not None:
            shape = self._with_facts(source, shape)
        return PortFace(
            name=port.name,
            kind=port.kind,
            also=port.also,
            shape=shape_in_words(shape),
            is_optional=port.is_optional,
            is_connected=source is not None,
            help=port.help,
        )

    def _output(self, node: Node, port: Port) -> PortFace:
        end = Endpoint(node=node.id, port=port.name)
        wire = self._wire(end) or Wire(kind=port.kind, shape=port.shape)
        return PortFace(
            name=port.name,
            kind=wire.kind,
            shape=shape_in_words(self._with_facts(end, wire.shape)),
            is_connected=(node.id, port.name) in self.out_of,
            help=port.help,
        )

    def _loose_inputs(self, node: Node, known: tuple[Port, ...]) -> Iterator[PortFace]:
        """Give the inputs that wires name and the component does not have."""
        names = {p.name for p in known}
        for (target, name), source in self.into.items():
            if target == node.id and name not in names:
                wire, port = self._wire(source), self._port(source, 1)
                kind = wire.kind if wire is not None else (port.kind if port is not None else None)
                yield PortFace(name=name, kind=kind, shape="…", is_connected=True, is_known=False)

    def _loose_outputs(self, node: Node, known: tuple[Port, ...]) -> Iterator[PortFace]:
        names = {p.name for p in known}
        loose = dict.fromkeys(
            e.source.port for e in self.flow.edges if e.source.node == node.id and e.source.port not in names
        )
        for name in loose:
            target = next(
                e.target for e in self.flow.edges if (e.source.node, e.source.port) == (node.id, name)
            )
            port = self._port(target, 0)
            kind = port.kind if port is not None else None
            yield PortFace(name=name, kind=kind, shape="…", is_connected=True, is_known=False)

    def _port(self, end: Endpoint, side: int) -> Port | None:
        ports = self.ports.get(end.node, ((), ()))[side]
        return next((p for p in ports if p.name == end.port), None)

    def _wire(self, end: Endpoint) -> Wire | None:
        """Return what an output gives; of a bypassed node, what passes through."""
        origin = self._origin(end)
        return None if origin is None else self.wires.get(str(origin))

    def _origin(self, end: Endpoint) -> Endpoint | None:
        node = self.nodes.get(end.node)
        if node is None or not node.is_bypassed or why_not_bypassed(node, self.contracts) is not None:
            return end
        if passing_output(node, self.contracts) != end.port:
            return None
        return passing_through(self.flow, node.id, self.contracts)

    def _with_facts(self, end: Endpoint, shape: tuple[Dim, ...]) -> tuple[Dim, ...]:
        """Return a shape with the sizes that are known of the data and the bases put in."""
        origin, facts = self._origin(end), self.facts
        width = facts.num_features.get(origin.node) if origin is not None else None
        if shape == ("...",):
            return shape if width is None else ("b", "...", width)
        known: dict[str, int] = {}
        if facts.num_classes is not None:
            known = {"classes": facts.num_classes, "tags": facts.num_classes}
        reads = None if origin is None else self.nodes.get(origin.node)
        if origin is not None and reads is not None and reads.component == "images":
            known |= self._side(origin)
        return tuple(known.get(size, size) if isinstance(size, str) else size for size in shape)

    def _side(self, images: Endpoint) -> dict[str, int]:
        """Return height and width of the images, where one base alone decides them."""
        readers = {e.target.node for e in self.flow.edges if e.source == images} & set(self.facts.ports)
        ports = [self.facts.ports[node] for node in readers]
        sizes = {(port.height, port.width) for port in ports}
        if len(sizes) != 1:
            return {}
        height, width = sizes.pop()
        return {"h": height, "w": width}


def _summary(node: Node, contract: Contract) -> str:
    try:
        return summarize(node.component, parse_settings(node, contract))
    except ValidationError:
        return ""
