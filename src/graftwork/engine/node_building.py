"""Build one node of a flow at a time: its steps, from the shapes that come in and nothing else."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd

from graftwork.bases import Base, choose_skips, digest_tensors, open_base
from graftwork.components import catalog, head  # noqa: F401  they register the builders
from graftwork.components.custom.build import Custom, build_custom, example_inputs
from graftwork.components.registry import Site, build_component
from graftwork.documents.card import InputPort
from graftwork.documents.flow import Flow, Node
from graftwork.documents.plan import INPUT_CUT
from graftwork.documents.recipe import BatchNormMode
from graftwork.engine.freeze import freeze, hold_frozen_layers, is_held
from graftwork.engine.input_port import PixelsToPort
from graftwork.engine.layer_rules import LayerRules
from graftwork.engine.moving import adapt_layers
from graftwork.engine.network import PlacedBase, Step, call_step
from graftwork.engine.only_stages import cut_of, frozen_after_cut
from graftwork.engine.workspace import Workspace
from graftwork.errors import CutError, GraftworkError, PlanError, ShapeError
from graftwork.graph.contracts import BackboneSettings
from graftwork.graph.custom import CustomSettings
from graftwork.graph.ports import Dim, Wire
from graftwork.graph.topology import incoming
from graftwork.graph.wires import face_of, parse_settings

__all__ = ["NodeBuilder", "NodeParts", "base_id_of", "input_wires", "open_backbone", "try_step"]

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class NodeParts:
    """What a node became: steps in order, the base in it, the user's code in it."""

    steps: tuple[Step, ...]
    placed: PlacedBase | None = None
    custom: Custom | None = None


def base_id_of(settings: BackboneSettings) -> str:
    """Return the base that is really opened: from scratch, it is untrained."""
    if settings.strategy == "from_scratch" and not settings.base.startswith("random:"):
        return f"random:{settings.base}"
    return settings.base


def open_backbone(
    settings: BackboneSettings, side: Dim | None, workspace: Workspace, *, seed: int, weights: bool
) -> Base:
    """Open the base of a backbone node.

    Args:
        settings: of the node.
        side: of the images that come in, where it is known.
        workspace: where runs are.
        seed: of the flow, for untrained weights.
        weights: False leaves it untrained.
    """
    size = settings.image_size or (side if isinstance(side, int) else None)
    torch.manual_seed(seed)
    with torch.enable_grad():
        return open_base(
            base_id_of(settings),
            image_size=size,
            runs=workspace.runs,
            weights=weights,
            last_stage=settings.last_stage,
            ends_at_maps=settings.num_skips > 0,
        )


def input_wires(flow: Flow, node: Node) -> dict[str, str]:
    """Return the wire at each connected input, in the order of the contract."""
    edges = {e.target.port: str(e.source) for e in incoming(flow, node.id)}
    return {port.name: edges[port.name] for port in face_of(node).inputs if port.name in edges}


def try_step(step: Step, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return what a step gives, by wire, from the ``values`` at its inputs.

    Raises:
        ShapeError: it cannot work with them; the node and the shapes are named.
    """
    inputs = [values[w] for w in step.inputs]
    try:
        outputs = call_step(step, inputs)
    except GraftworkError:
        raise
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        came = ", ".join(f"{w} {tuple(t.shape)}" for w, t in zip(step.inputs, inputs, strict=True))
        raise ShapeError(
            f"Node '{step.node}' cannot work with what comes in ({came}): {str(error).splitlines()[0]}",
            hint="Compare the shape with what the component wants: graftwork components NAME.",
            node=step.node,
        ) from error
    return dict(zip(step.outputs, outputs, strict=True))


class NodeBuilder:
    """Builds any node of one flow; what a node becomes does not depend on which others were built.

    Args:
        flow: the whole flow.
        num_classes: classes of the data.
        workspace: where files of custom code are.
        image_wire: where the images enter.
        port: the images that enter there.
        wires: inferred wires, at least of what the nodes to build stand on.
    """

    def __init__(
        self,
        flow: Flow,
        num_classes: int,
        workspace: Workspace,
        *,
        image_wire: str,
        port: InputPort,
        wires: Mapping[str, Wire],
    ) -> None:
        self.flow, self.num_classes, self.workspace = flow, num_classes, workspace
        self.image_wire, self.port = image_wire, port
        self._wires = wires

    def seed_of(self, node: Node) -> int:
        """Return the seed of a node's new weights: of the flow's seed and the node's id alone."""
        seed = self.flow.recipe.seed
        if node.component == "head" and len(self.flow.of_component("head")) == 1:
            return seed
        sequence = np.random.SeedSequence([seed, zlib.crc32(node.id.encode())])
        return int(sequence.generate_state(1)[0])

    def num_outputs(self, node_id: str) -> int:
        """Return how many numbers the objectives after a node want from it."""
        components = {node.id: node.component for node in self.flow.nodes}
        reached: set[str] = set()
        stack = [node_id]
        while stack:
            here = stack.pop()
            after = {e.target.node for e in self.flow.edges if e.source.node == here} - reached
            reached |= after
            stack += after
        kinds = {components.get(n) for n in reached}
        return 1 if "binary" in kinds and "classification" not in kinds else self.num_classes

    def site(self, node: Node, shapes: Shapes) -> Site:
        """Return where a node is built, from the ``shapes`` at its inputs' wires, batch included."""
        came = {port: tuple(shapes[wire]) for port, wire in input_wires(self.flow, node).items()}
        return Site(node.id, came, self.num_outputs(node.id), self.seed_of(node))

    def build(
        self, node: Node, shapes: Shapes, base: Base | None = None, *, is_main: bool = False
    ) -> NodeParts:
        """Return the steps of a node that is neither data nor objective.

        Args:
            node: of the flow.
            shapes: at its inputs' wires, batch included.
            base: the opened base, when the node is a backbone.
            is_main: whether a base in it is the flow's first one, whose stages keep their names.
        """
        site = self.site(node, shapes)
        torch.manual_seed(site.seed)
        if base is not None:
            return self._backbone(node, base, is_main=is_main)
        if face_of(node).contract.group == "custom":
            return self._custom(node, site, is_main=is_main)
        face = face_of(node)
        settings = parse_settings(node, face.contract)
        module = build_component(node.component, settings, site).eval()
        key = json.dumps([node.component, settings.model_dump(mode="json")], sort_keys=True)
        outputs = tuple(f"{node.id}.{port.name}" for port in face.outputs)
        wires = tuple(input_wires(self.flow, node).values())
        return NodeParts((Step(node.id, node.id, module, wires, outputs, "new", key, _draws(module)),))

    def adapts(self, wire: str, base: Base) -> bool:
        """Whether what comes in has to be brought into the form that a base wants."""
        return wire != self.image_wire or not _same_values(base.card.port, self.port)

    def is_lone_custom(self, node_id: str) -> bool:
        """Whether a custom node alone reads the images; then the data gives its range of values itself."""
        readers = [e.target.node for e in self.flow.edges if str(e.source) == self.image_wire]
        return readers == [node_id]

    def _backbone(self, node: Node, base: Base, *, is_main: bool) -> NodeParts:
        settings = BackboneSettings.model_validate(node.settings)
        mode: BatchNormMode = "follow" if settings.strategy == "from_scratch" else settings.batch_norm
        wire = input_wires(self.flow, node)["image"]
        before: list[Step] = []
        if self.adapts(wire, base):
            before.append(_port_step(node.id, wire, base.card.port))
            wire = before[-1].outputs[0]
        rules = self._rules(node.id, base, settings)
        skips = _skip_stages(node.id, base, settings)
        steps, placed = self._place(node.id, base, wire, rules, skips=skips, is_main=is_main)
        return NodeParts((*before, *steps), replace(placed, batch_norm=mode, moving=settings.moving))

    def _rules(self, node_id: str, base: Base, settings: BackboneSettings) -> LayerRules:
        """Return the exceptions from a base's cut; with LoRA its free layers get their changes."""
        LayerRules(settings.freeze, settings.unfreeze).check(node_id, base)
        try:
            frozen = frozen_after_cut(base.card, settings)
        except PlanError as error:
            error.node = node_id
            raise
        rules = LayerRules((*frozen, *settings.freeze), settings.unfreeze)
        if settings.moving == "lora":
            border, seed = _border(base, settings), self.flow.recipe.seed
            adapt_layers(node_id, base, settings, border=border, rules=rules, seed=seed)
        return rules

    def _place(
        self,
        node_id: str,
        base: Base,
        wire: str,
        rules: LayerRules,
        output: str = "features",
        *,
        skips: Sequence[str] = (),
        is_main: bool,
    ) -> tuple[list[Step], PlacedBase]:
        steps = []
        for index, stage in enumerate(base.stages):
            last = index + 1 == len(base.stages)
            name = stage.name if is_main else f"{node_id}/{stage.name}"
            out = f"{node_id}.{output}" if last else f"{node_id}:{stage.name}"
            if stage.name in skips:
                out = f"{node_id}.skip_{skips.index(stage.name) + 1}"
            key = json.dumps([base.card.architecture, stage.name])
            steps.append(Step(name, node_id, stage.module, (wire,), (out,), "base", key))
            wire = out
        prefix = self._prefix(node_id, is_main=is_main)
        return steps, PlacedBase(node_id, base, tuple(s.name for s in steps), prefix, rules)

    def _prefix(self, node_id: str, *, is_main: bool) -> str:
        """Return 'base' for the main base unless a node has that name."""
        taken = any(node.id == "base" for node in self.flow.nodes)
        return node_id if not is_main or taken else "base"

    def _custom(self, node: Node, site: Site, *, is_main: bool) -> NodeParts:
        face = face_of(node)
        settings = cast(CustomSettings, parse_settings(node, face.contract))
        with torch.enable_grad():
            custom = build_custom(settings, site, root=self.workspace.root or Path())
        key = _key_of_code(custom, settings, site)
        before, wires = self._pixels(node, custom.value_range)
        if custom.base is not None and len(wires) == 1 and len(face.outputs) == 1:
            # The node's own patterns are in ``trainable`` already.
            rules = LayerRules((), (), tuple(custom.trainable.items()), custom.held)
            output = face.outputs[0].name
            steps, placed = self._place(node.id, custom.base, wires[0], rules, output, is_main=is_main)
            steps = [replace(step, key=f"{step.key}{key}") for step in steps]
            # What the code lets train and does not call in inference mode follows the batch, as it would alone.
            placed = replace(placed, batch_norm="follow")
            return NodeParts((*before, *steps), placed, custom)
        parameters = list(custom.module.parameters())
        if parameters and not any(p.requires_grad for p in parameters):
            freeze(custom.module)
        else:
            hold_frozen_layers(custom.module)
        outputs = tuple(f"{node.id}.{p.name}" for p in face.outputs)
        is_random = not custom.is_deterministic or (not is_held(custom.module) and _draws(custom.module))
        step = Step(node.id, node.id, custom.module, tuple(wires), outputs, "new", key, is_random)
        return NodeParts((*before, step), None, custom)

    def _is_pixels(self, wire: str) -> bool:
        """Whether plain pixels between 0 and 1 arrive: from the images, or through what keeps them so."""
        known = self._wires.get(wire)  # of the node's upstream alone: a fault elsewhere does not matter
        return known is not None and known.value_range == (0.0, 1.0) and not known.is_normalized

    def _pixels(self, node: Node, value_range: tuple[float, float]) -> tuple[list[Step], Sequence[str]]:
        """Return the wires that custom code reads, and steps that bring images into its range of values."""
        edges = input_wires(self.flow, node)
        if value_range == (0.0, 1.0) or self.is_lone_custom(node.id):
            return [], list(edges.values())
        images = {p.name for p in face_of(node).inputs if p.kind == "image"}
        port = self.port.edit(value_range=value_range, mean=(0.0,) * 3, std=(1.0,) * 3)
        steps, wires = [], []
        for name, wire in edges.items():
            if name in images and self._is_pixels(wire):
                step = _port_step(node.id, wire, port, name)
                steps.append(step)
                wire = step.outputs[0]
            wires.append(wire)
        return steps, wires


def _border(base: Base, settings: BackboneSettings) -> int:
    """Return how many stages of a base come before its cut."""
    cut = cut_of(base.card, settings)
    return 0 if cut == INPUT_CUT else base.stage_names().index(cut) + 1


def _key_of_code(custom: Custom, settings: CustomSettings, site: Site) -> str:
    """Return what code computes, apart from its weights.

    Its own text does not tell: it may have drawn numbers that are no weights, or have read a file. So what
    it gives for a fixed example is part of the key.
    """
    found = custom.module(*example_inputs(settings, site, custom.value_range))
    tensors = found if isinstance(found, tuple) else (found,)
    return f"{custom.digest}:{digest_tensors({str(i): t for i, t in enumerate(tensors)})}"


def _skip_stages(node_id: str, base: Base, settings: BackboneSettings) -> tuple[str, ...]:
    """Return the stages of the ports skip_1, skip_2, …, refused in the words of the node."""
    if not settings.num_skips:
        return ()
    names = settings.skip_stages
    try:
        if len(set(names)) < len(names):
            raise CutError("A stage is named twice among its skips.", hint="Name each stage once.")
        return choose_skips(base.card, settings.skips, names)
    except CutError as error:
        raise CutError(f"Node '{node_id}': {error.message}", hint=error.hint, node=node_id) from error


def _port_step(node_id: str, wire: str, port: InputPort, name: str = "port") -> Step:
    """Return a step that brings pixels between 0 and 1 into the form that a base or code wants."""
    module = PixelsToPort(node_id, port)
    key = port.model_dump_json()
    return Step(f"{node_id}/{name}", node_id, module, (wire,), (f"{node_id}:{name}",), "new", key)


def _same_values(a: InputPort, b: InputPort) -> bool:
    names = ("channels", "channel_order", "value_range", "mean", "std")
    return all(getattr(a, n) == getattr(b, n) for n in names)


def _draws(module: nn.Module) -> bool:
    return any(
        (isinstance(m, _DropoutNd) and m.p > 0) or cast(bool, getattr(m, "is_random", False))
        for m in module.modules()
    )
