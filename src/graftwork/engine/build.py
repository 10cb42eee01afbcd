"""From a checked flow to its network: each node built in order, on the shapes that really come in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from graftwork.bases import Base
from graftwork.components.custom.build import Custom
from graftwork.documents.card import InputPort
from graftwork.documents.flow import Flow, Node
from graftwork.engine.input_port import choose_port
from graftwork.engine.network import Crossing, Network, PlacedBase, Sink, Step
from graftwork.engine.node_building import NodeBuilder, base_id_of, input_wires, open_backbone, try_step
from graftwork.engine.workspace import Workspace
from graftwork.errors import FlowError
from graftwork.graph.adaptation import AdaptationSettings
from graftwork.graph.bypass import why_not_bypassed, without_bypassed
from graftwork.graph.contracts import BackboneSettings, ImagesSettings
from graftwork.graph.topology import incoming, sorted_nodes
from graftwork.graph.wires import face_of, infer_wires

__all__ = ["Built", "base_id_of", "build_flow", "data_node", "images_into"]

_EXAMPLES = 2


@dataclass(frozen=True)
class Built:
    """A flow's network.

    Args:
        network: steps, bases, objectives.
        port: the images that it wants.
        customs: custom components by node.
        shapes: shape at each wire, without the batch.
    """

    network: Network
    port: InputPort
    customs: Mapping[str, Custom] = field(default_factory=dict)
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


def build_flow(
    flow: Flow, num_classes: int, workspace: Workspace, *, weights: bool = True, until: str | None = None
) -> Built:
    """Return the network of a checked flow; the first weights of new parts depend on the seed alone.

    Args:
        flow: without problems.
        num_classes: classes of the data.
        workspace: where runs and files of custom code are.
        weights: False leaves bases untrained, for values that are to be replaced.
        until: build only what this node stands on, and the node itself; then there are no objectives.

    Raises:
        ShapeError: what reaches a node does not fit it; the node is named.
        FlowError: more than one source of images.
    """
    flow = without_bypassed(flow)
    _refuse_bypassed(flow)
    builder = _Builder(flow, num_classes, workspace, weights=weights)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        return builder.build(until)


def _refuse_bypassed(flow: Flow) -> None:
    """What cannot be bypassed must not run either: its code was not asked about."""
    found = next((node for node in flow.nodes if node.is_bypassed), None)
    if found is not None:
        why = why_not_bypassed(found) or "is bypassed."
        raise FlowError(f"Node '{found.id}' {why}", hint="Take the bypass off.", node=found.id)


def data_node(flow: Flow) -> Node:
    """Return the node that the images come from.

    Raises:
        FlowError: there is not exactly one.
    """
    nodes = flow.of_component("images")
    if len(nodes) != 1:
        raise FlowError(
            f"The flow '{flow.name}' has {len(nodes)} nodes of component 'images'; one is wanted.",
            hint="Put further inputs into columns of the same table.",
            node=nodes[-1].id if nodes else None,
        )
    return nodes[0]


def images_into(flow: Flow, image_wire: str) -> tuple[list[str], list[tuple[str, BackboneSettings]]]:
    """Return the nodes that read the images themselves, and those of them that are backbones."""
    consumers = [e.target.node for e in flow.edges if str(e.source) == image_wire]
    backbones = [
        (n, BackboneSettings.model_validate(flow.node(n).settings))
        for n in consumers
        if flow.node(n).component == "backbone"
    ]
    return consumers, backbones


class _Builder:
    """The parts of a network while it grows."""

    def __init__(self, flow: Flow, num_classes: int, workspace: Workspace, *, weights: bool) -> None:
        self.flow, self.num_classes, self.workspace, self.weights = flow, num_classes, workspace, weights
        self.source = data_node(flow)
        self.images = ImagesSettings.model_validate(self.source.settings)
        self.image_wire = f"{self.source.id}.image"
        self.wires, _ = infer_wires(flow)
        self.opened: dict[str, Base] = {}
        self.steps: list[Step] = []
        self.placed: dict[str, PlacedBase] = {}
        self.customs: dict[str, Custom] = {}
        self.sinks: list[Sink] = []
        self.crossing: Crossing | None = None
        self.values: dict[str, Tensor] = {}

    def build(self, until: str | None) -> Built:
        order = sorted_nodes(self.flow)
        if until is not None:
            order = order[: order.index(until) + 1]
        self._open_bases(order)
        consumers, backbones = images_into(self.flow, self.image_wire)
        direct = [(n, settings) for n, settings in backbones if n in self.opened]
        self.port = choose_port(
            self.images, consumers, direct, {n: base.card.port for n, base in self.opened.items()}
        )
        self.nodes = NodeBuilder(
            self.flow,
            self.num_classes,
            self.workspace,
            image_wire=self.image_wire,
            port=self.port,
            wires=self.wires,
        )
        self._feed_examples()
        for node_id in order:
            self._add(self.flow.node(node_id))
        self._pixels_for_lone_custom(consumers)
        written = [node.id for node in self.flow.nodes]  # the objective that stands first is the main one
        network = Network(
            self.steps,
            self.placed,
            sorted(self.sinks, key=lambda sink: written.index(sink.node)),
            image_wire=self.image_wire,
            data_wires=[
                w for w in self.values if w.startswith(f"{self.source.id}.") and w != self.image_wire
            ],
            crossing=self.crossing,
        )
        shapes = {wire: tuple(value.shape[1:]) for wire, value in self.values.items()}
        return Built(network, self.port, self.customs, shapes)

    def _open_bases(self, order: Sequence[str]) -> None:
        wires = self.wires
        for node_id in order:
            node = self.flow.node(node_id)
            if node.component != "backbone":
                continue
            settings = BackboneSettings.model_validate(node.settings)
            came = [wires[str(e.source)] for e in incoming(self.flow, node_id) if str(e.source) in wires]
            self.opened[node_id] = open_backbone(
                settings,
                came[0].shape[-1] if came else None,
                self.workspace,
                seed=self.flow.recipe.seed,
                weights=self.weights,
            )

    def _feed_examples(self) -> None:
        """Put blank values of the right shapes on the wires that come from the data."""
        port, k, source = self.port, self.num_classes, self.source.id
        labels = {
            "category": torch.zeros(_EXAMPLES, dtype=torch.int64),
            "number": torch.zeros(_EXAMPLES, max(1, k)),
            "tags": torch.zeros(_EXAMPLES, max(1, k)),
            "mask": torch.zeros(_EXAMPLES, port.height, port.width, dtype=torch.int64),
        }[self.images.label_kind]
        self.values[self.image_wire] = torch.zeros(_EXAMPLES, port.channels, port.height, port.width)
        self.values[f"{source}.labels"] = labels
        numbers, categories = self.images.number_columns, self.images.category_columns
        if numbers:
            self.values[f"{source}.numbers"] = torch.zeros(_EXAMPLES, len(numbers))
        if categories:
            self.values[f"{source}.categories"] = torch.zeros(_EXAMPLES, len(categories), dtype=torch.int64)

    def _add(self, node: Node) -> None:
        group = face_of(node).contract.group
        if group == "data" or node.component == "target_images":
            return
        wires = tuple(input_wires(self.flow, node).values())
        if group == "adaptation":
            self.crossing = self._crossing(node)
            return
        if group == "objective":
            self.sinks.append(Sink(node.id, wires))
            return
        missing = [w for w in wires if w not in self.values]
        if missing:
            raise FlowError(f"Nothing comes from {missing[0]}.", node=node.id)
        shapes = {wire: tuple(self.values[wire].shape) for wire in wires}
        parts = self.nodes.build(node, shapes, self.opened.get(node.id), is_main=not self.placed)
        for step in parts.steps:
            self.values.update(try_step(step, self.values))
        self.steps += parts.steps
        if parts.placed is not None:
            self.placed[node.id] = parts.placed
        if parts.custom is not None:
            self.customs[node.id] = parts.custom

    def _crossing(self, node: Node) -> Crossing:
        settings = AdaptationSettings.model_validate(node.settings)
        wires = input_wires(self.flow, node)
        features, logits = (self.values[wires[port]] for port in ("features", "logits"))
        return Crossing(
            node=node.id,
            method=settings.method,
            weight=settings.weight,
            features=wires["features"],
            logits=wires["logits"],
            width=features.shape[2 if features.ndim == 3 else 1],  # of tokens or of maps
            num_classes=logits.shape[-1],
        )

    def _pixels_for_lone_custom(self, consumers: Sequence[str]) -> None:
        if len(consumers) == 1 and consumers[0] in self.customs:
            low, high = self.customs[consumers[0]].value_range
            self.port = self.port.edit(value_range=(low, high))
